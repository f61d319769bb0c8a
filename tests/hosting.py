"""The real host as tests start it: a temporary home and project, the plugin as installed, a scripted model."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parallel_dispatch.active import ActiveRun
from parallel_dispatch.host import copy_plugin, environment, find_host, make_home, print_command
from parallel_dispatch.run import all_runs
from parallel_dispatch.scripted_model import ModelServer, Request, Script, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSIONS = ("2.1.197", "2.1.329")
PATIENCE_SECONDS = 120


@dataclass
class Conversation:
    """What came of one headless conversation: what went over the wire, what the host printed, the runs it left."""

    project: str
    code: int
    printed: list[dict[str, object]]
    stderr: str
    log: list[Request]
    session: str

    @property
    def main(self) -> list[Request]:
        """The main conversation's requests."""
        return [request for request in self.log if request.agent_id is None]

    @property
    def agents(self) -> dict[str, list[Request]]:
        """The agents' requests, by agent."""
        found: dict[str, list[Request]] = {}
        for request in self.log:
            if request.agent_id:
                found.setdefault(request.agent_id, []).append(request)
        return found

    @property
    def runs(self) -> list[ActiveRun]:
        """The runs in the project, oldest first."""
        return [ActiveRun(folder.path) for folder in all_runs(self.project)]

    @property
    def run(self) -> ActiveRun:
        """The only run in the project."""
        (run,) = self.runs
        return run

    @property
    def report(self) -> str:
        """The report of the only run."""
        with open(self.run.folder.report, encoding="utf-8") as file:
            return file.read()

    @property
    def result(self) -> str:
        """The last words that the host printed for the user."""
        return next((str(event.get("result")) for event in self.printed if event.get("type") == "result"), "")


def said(request: Request) -> str:
    """Everything that a request's conversation says, whatever the role."""
    return "\n".join(text for message in request.messages for text in texts(message))


@dataclass
class Stage:
    """A place for conversations: a project, a home, a version of the host."""

    version: str
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project = str(self.folder / "project")
        self.home = str(self.folder / "home")
        os.makedirs(self.project)
        make_home(self.home, self.project, "/nonexistent")
        self.plugin = copy_plugin(str(self.folder / "plugin"))
        self.program = find_host(self.version)

    def write(self, name: str, text: str) -> str:
        """A file of the project."""
        path = os.path.join(self.project, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def converse(self, script: Script, prompt: str, *arguments: str, mode: str = "default") -> Conversation:
        """One headless conversation, from the prompt to the host's exit."""
        session = str(uuid.uuid4())
        command = print_command(
            self.program, self.plugin, prompt, "--permission-mode", mode, "--session-id", session, *arguments
        )
        with ModelServer(script) as model:
            done = subprocess.run(
                command,
                cwd=self.project,
                env={**environment(self.home, model.url), **self.variables},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
            log = list(model.log)
        return Conversation(self.project, done.returncode, list(_events(done.stdout)), done.stderr, log, session)


def _events(printed: str) -> Iterator[dict[str, object]]:
    for line in printed.splitlines():
        with contextlib.suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value
