"""The interactive program in a terminal: what a user types, sees and gets. Needs tmux."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from faults import Calling
from hosting import Stage, example, said
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.copyist import Copyist
from parallel_dispatch.host import KEY, environment
from parallel_dispatch.places import project_folder, read_text
from parallel_dispatch.runs import all_runs
from parallel_dispatch.scripted_model import ModelServer

FOREGROUND, BACKGROUND = "2.1.197", "2.1.329"
READY = {FOREGROUND: "? for shortcuts", BACKGROUND: "shift+tab to cycle"}
"""What each version shows once it takes keys; the newer one runs every agent in the background here."""
PATIENCE_SECONDS = 60
FILE = "examples/architecture-review.yaml"

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(
        not shutil.which("tmux") and not os.environ.get("CI"), reason="tmux is not installed; install it to run these"
    ),
]


class Terminal:
    """The host in a terminal of its own: keys go in, the screen comes out."""

    def __init__(self, env, socket, model):
        self.env = env
        self.socket = socket
        self.model = model

    def tmux(self, *arguments):
        """One order to this terminal's own tmux server; what it prints."""
        done = subprocess.run(self.order(*arguments), env=self.env, capture_output=True, text=True, check=True)
        return done.stdout

    def order(self, *arguments):
        """The command line of an order."""
        return ["tmux", "-u", "-S", self.socket, "-f", os.devnull, *arguments]

    def wait_for(self, text):
        """The screen, as soon as it shows a text."""
        end = time.monotonic() + PATIENCE_SECONDS
        while text not in (screen := self.tmux("capture-pane", "-p").replace("\u00a0", " ")):
            assert time.monotonic() < end, f'"{text}" does not appear on:\n{screen}'
            time.sleep(0.05)
        return screen

    def type(self, text):
        """A text typed, and Enter once it is on the screen."""
        self.tmux("send-keys", "-l", text)
        self.wait_for(f"❯ {text}")
        self.tmux("send-keys", "Enter")

    @property
    def main(self):
        return [request for request in self.model.log if request.agent_id is None]


@contextlib.contextmanager
def terminal(stage, script):
    """A terminal with the host in it, ready for the first key."""
    trust = {
        "hasCompletedOnboarding": True,
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "projects": {stage.project: {"hasTrustDialogAccepted": True}},
    }
    with open(os.path.join(stage.home, ".claude.json"), "w", encoding="utf-8") as file:
        json.dump(trust, file)
    host = (stage.program, "--plugin-dir", stage.plugin, "--setting-sources", "user", "--strict-mcp-config")
    # The socket's path must be short, which the stage's folder is not.
    with ModelServer(script) as model, tempfile.TemporaryDirectory() as folder:
        env = {**environment(stage.home, model.url), "TERM": "xterm-256color"}
        shown = Terminal(env, os.path.join(folder, "tmux"), model)
        shown.tmux("new-session", "-d", "-x", "180", "-y", "50", "-c", stage.project, *host)
        process = int(shown.tmux("display-message", "-p", "#{pane_pid}"))
        try:
            shown.wait_for(READY[stage.version])
            yield shown
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            subprocess.run(shown.order("kill-server"), env=env, capture_output=True, check=False)


@pytest.fixture
def stage(tmp_path):
    return staged(FOREGROUND, tmp_path)


def staged(version, folder):
    stage = Stage(version, folder)
    stage.write(FILE, example("architecture-review.yaml"))
    return stage


def finished_run(stage):
    """The only run of a project, which has ended in four outputs and a report."""
    (folder,) = all_runs(stage.project)
    run = ActiveRun(folder.path)
    assert {outcome for outcome, _ in run.state().outcomes().values()} == {"success"}
    assert "- **Succeeded**: 4" in read_text(folder.report)
    assert all(os.path.getsize(task.output) for task in run.plan.tasks.values())
    assert not os.path.exists(os.path.join(project_folder(stage.project), "active"))


def test_the_bare_command_typed_ends_in_a_report(stage):
    with terminal(stage, Copyist()) as shown:
        shown.type(f"/parallel-dispatch {FILE}")
        screen = shown.wait_for("The run has ended; the report says how.")
        finished_run(stage)
        assert "4 of 4 tasks succeeded. Report: " in screen
        assert len(shown.main) == 3


def test_a_run_that_the_model_asks_for_starts_once_the_user_agrees(stage):
    with terminal(stage, Calling(arguments=FILE)) as shown:
        shown.type("Review the architecture.")
        screen = shown.wait_for("parallel-dispatch would start these agents")
        assert "4 tasks in 2 waves" in screen
        assert all_runs(stage.project) == []
        shown.tmux("send-keys", "Enter")
        shown.wait_for("The run has ended; the report says how.")
        finished_run(stage)
        assert len(shown.main) == 4
        assert "4 tasks in 2 waves" in said(shown.main[1])


def test_a_run_that_the_user_interrupts_ends_in_a_report_and_drags_nobody_back(stage):
    with terminal(stage, Copyist(60)) as shown:
        shown.type(f"/parallel-dispatch {FILE}")
        shown.wait_for("Running 3 agents")
        shown.tmux("send-keys", "Escape")
        shown.wait_for("? for shortcuts")
        shown.type("Forget it.")
        shown.wait_for("0 of 4 tasks succeeded. Report: ")
        assert len(shown.main) == 2
    (folder,) = all_runs(stage.project)
    assert "**security-review** cancelled: interrupted by the user" in read_text(folder.report)
    assert not os.path.exists(os.path.join(project_folder(stage.project), "active"))


def test_a_run_whose_agents_the_host_puts_in_the_background_ends_in_a_report(tmp_path):
    stage = staged(BACKGROUND, tmp_path)
    with terminal(stage, Copyist()) as shown:
        shown.type(f"/parallel-dispatch {FILE}")
        shown.wait_for("4 of 4 tasks succeeded. Report: ")
        finished_run(stage)
