"""The interactive program in a terminal (tmux): keys go in, the screen comes out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

from parallel_dispatch.host import KEY, environment
from parallel_dispatch.scripted_model import ModelServer, Request, Script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hosting import Stage

READY = {"2.1.197": "? for shortcuts", "2.1.329": "shift+tab to cycle"}
"""What each version shows once it takes keys."""
PATIENCE_SECONDS = 60


class Terminal:
    """The host in a terminal of its own."""

    def __init__(self, env: dict[str, str], socket: str, model: ModelServer) -> None:
        self.env = env
        self.socket = socket
        self.model = model
        self.process = 0

    def tmux(self, *arguments: str) -> str:
        """One order to this terminal's own tmux server; what it prints."""
        done = subprocess.run(self.order(*arguments), env=self.env, capture_output=True, text=True, check=True)
        return done.stdout

    def order(self, *arguments: str) -> list[str]:
        """The command line of an order."""
        return ["tmux", "-u", "-S", self.socket, "-f", os.devnull, *arguments]

    @property
    def screen(self) -> str:
        """What the terminal shows."""
        return self.tmux("capture-pane", "-p").replace("\u00a0", " ")

    def wait_for(self, text: str, seconds: float = PATIENCE_SECONDS) -> str:
        """The screen, as soon as it shows a text."""
        seen = ""

        def is_there() -> bool:
            nonlocal seen
            seen = self.screen
            return text in seen

        self.wait_until(is_there, seconds)
        return seen

    def wait_until(self, condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
        """Until something is so; else the test fails, with the screen."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"it does not come:\n{self.screen}"
            time.sleep(0.03)

    def type(self, text: str) -> None:
        """A text typed, and Enter once it is on the screen."""

        def is_typed() -> bool:
            return self.screen.rpartition("❯ ")[2].startswith(text)

        for is_last in (False, False, True):
            self.tmux("send-keys", "C-u")  # 2.1.197 now and then leaves a command in the line that it has carried out
            time.sleep(0.1)  # in one piece with the text, as a busy host reads them, it takes the text with it
            self.tmux("send-keys", "-l", text)
            with contextlib.nullcontext() if is_last else contextlib.suppress(AssertionError):
                self.wait_until(is_typed, PATIENCE_SECONDS / 4)
                break
        self.tmux("send-keys", "Enter")  # at once with the text it would be a paste

    def press(self, *keys: str) -> None:
        """Keys, by tmux's names for them."""
        self.tmux("send-keys", *keys)
        if "Escape" in keys:
            time.sleep(0.3)  # with a letter right behind it, it would be Alt and the letter

    def kill(self) -> None:
        """The host ended at once, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)

    @property
    def main(self) -> list[Request]:
        """The main conversation's requests."""
        return [request for request in self.model.log if request.agent_id is None]


@contextlib.contextmanager
def terminal(stage: Stage, script: Script, *arguments: str) -> Iterator[Terminal]:
    """A terminal with the host in it, ready for the first key; `arguments` go to the host."""
    trust = {
        "hasCompletedOnboarding": True,
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "projects": {stage.project: {"hasTrustDialogAccepted": True}},
    }
    settings = os.path.join(stage.home, ".claude.json")
    if not os.path.exists(settings):  # else it is the host's by now
        with open(settings, "w", encoding="utf-8") as file:
            json.dump(trust, file)
    host = (stage.program, "--plugin-dir", stage.plugin, "--setting-sources", "user", "--strict-mcp-config")
    # The socket's path must be short, which the stage's folder is not.
    with ModelServer(script) as model, tempfile.TemporaryDirectory() as folder:
        env = {**environment(stage.home, model.url), **stage.variables, "TERM": "xterm-256color"}
        shown = Terminal(env, os.path.join(folder, "tmux"), model)
        shown.tmux("new-session", "-d", "-x", "180", "-y", "50", "-c", stage.project, *host, *arguments)
        shown.process = int(shown.tmux("display-message", "-p", "#{pane_pid}"))
        try:
            shown.wait_for(READY[stage.version])
            shown.tmux("send-keys", "-l", "/parallel-d")
            shown.wait_for("Dispatch multiple agents")  # 2.1.197 takes keys before it knows the commands of plugins
            shown.press("C-u")
            yield shown
        finally:
            shown.kill()
            subprocess.run(shown.order("kill-server"), env=env, capture_output=True, check=False)
