"""The real host as tests start it: a temporary home and project, the plugin as installed, a scripted model."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from parallel_dispatch.active import ActiveRun
from parallel_dispatch.host import copy_plugin, environment, find_host, make_home, print_command
from parallel_dispatch.marker import parse_marker
from parallel_dispatch.places import ROOT, cache_folder, read_text
from parallel_dispatch.runs import all_runs
from parallel_dispatch.scripted_model import ModelServer, Request, Script, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
    def first_requests(self) -> dict[str, list[str]]:
        """What each attempt's agent was first told, by task, in the order of the attempts."""
        found: dict[str, list[str]] = {}
        for requests in self.agents.values():
            text = said(requests[0])
            named = next(filter(None, (parse_marker(part) for part in texts_of(requests[0]))), None)
            found.setdefault(named[1] if named else "", []).append(text)
        return found

    @property
    def batches(self) -> list[list[str]]:
        """The Agent calls of the main conversation as they went over the wire, message by message: descriptions."""
        answers = [m for m in self.main[-1].messages if m.get("role") == "assistant"]
        calls = [[use["input"]["description"] for use in uses(answer, "Agent")] for answer in answers]
        return [batch for batch in calls if batch]

    @property
    def tool_errors(self) -> list[str]:
        """Every tool result that came back as an error, in any conversation."""
        last = [self.main[-1], *(requests[-1] for requests in self.agents.values())]
        return [" ".join(texts({"content": [block]})) for request in last for block in failed_results(request)]

    @property
    def denials(self) -> list[dict[str, object]]:
        """The tool calls that the host counts as denied."""
        found = next((event.get("permission_denials") for event in self.printed if event.get("type") == "result"), [])
        assert isinstance(found, list)
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
    def events(self) -> list[dict[str, object]]:
        """The ledger of the only run, without its first line."""
        return self.run.ledger.read()[1:]

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcomes of the only run, by task."""
        return {task: outcome for task, (outcome, _) in self.run.state().outcomes().items()}

    @property
    def report(self) -> str:
        """The report of the only run."""
        with open(self.run.folder.report, encoding="utf-8") as file:
            return file.read()

    @property
    def result(self) -> str:
        """The last words that the host printed for the user."""
        return next((str(event.get("result")) for event in reversed(self.printed) if event.get("type") == "result"), "")


def said(request: Request) -> str:
    """Everything that a request's conversation says, whatever the role."""
    return "\n".join(texts_of(request))


def texts_of(request: Request) -> list[str]:
    """Every text of a request's conversation."""
    return [text for message in request.messages for text in texts(message)]


def uses(message: dict[str, Any], tool: str) -> list[dict[str, Any]]:
    """The calls of one tool in one message."""
    content = message.get("content")
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    return [block for block in blocks if block.get("type") == "tool_use" and block.get("name") == tool]


def failed_results(request: Request) -> list[dict[str, object]]:
    """The tool results of a request's conversation that are errors."""
    contents = [message.get("content") for message in request.messages]
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    return [block for block in blocks if isinstance(block, dict) and block.get("is_error")]


def listing(folder: str) -> dict[str, bytes]:
    """Every file below a folder with its content, and every directory, by path."""
    found = {}
    for base, folders, files in os.walk(folder):
        found.update({os.path.join(base, name) + "/": b"" for name in folders})
        for name in files:
            with open(os.path.join(base, name), "rb") as file:
                found[os.path.join(base, name)] = file.read()
    return found


def example(name: str) -> str:
    """The text of one of the product's examples."""
    with open(os.path.join(ROOT, "examples", name), encoding="utf-8") as file:
        return file.read()


def rehearse(version: str, project: str, home: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`parallel-dispatch rehearse`, as a user starts it, with agents that answer at once where nothing else is said."""
    os.makedirs(home, exist_ok=True)
    pace = () if "--speed" in arguments else ("--seconds", "0")
    return subprocess.run(
        [os.path.join(ROOT, "bin", "parallel-dispatch"), "rehearse", *arguments, "--host", version, *pace],
        cwd=project,
        env={"PATH": os.environ["PATH"], "HOME": home, "PARALLEL_DISPATCH_CACHE": cache_folder()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@dataclass
class Live:
    """A headless conversation under way."""

    project: str
    process: subprocess.Popen[str]
    log: list[Request]
    session: str
    files: tuple[TextIO, TextIO]

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Until something is so; a host that ended before, or a minute and more, fails the test."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert self.process.poll() is None, f"the host ended: {self._printed(0)} {self._printed(1)}"
            assert time.monotonic() < end, f"it did not come: {self._printed(0)} {self._printed(1)}"
            time.sleep(0.02)

    @property
    def agents(self) -> int:
        """How many agents have asked the model for something."""
        return len({request.agent_id for request in self.log} - {None})

    def type(self, prompt: str) -> None:
        """A prompt of the user, whatever the conversation does at the time."""
        assert self.process.stdin
        message = {"type": "user", "message": {"role": "user", "content": prompt}}
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def end(self) -> Conversation:
        """What came of it, once the host has ended by itself."""
        self.process.communicate(timeout=PATIENCE_SECONDS)
        out, err = self._printed(0), self._printed(1)
        return Conversation(self.project, self.process.returncode, list(_events(out)), err, self.log, self.session)

    def _printed(self, number: int) -> str:
        self.files[number].seek(0)
        return self.files[number].read()


@dataclass
class Stage:
    """A place for conversations: a project, a home, a version of the host."""

    version: str
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    name: str = "project"
    installed: bool = False
    """Whether the host has the plugin from a marketplace, so that it need not be named."""

    def __post_init__(self) -> None:
        self.project = str(self.folder / self.name)
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

    def converse(self, script: Script, prompt: str, *arguments: str, **how: str) -> Conversation:
        """One headless conversation, from the prompt to the host's exit; `how` as in `live`."""
        with self.live(script, prompt, *arguments, **how) as live:
            return live.end()

    @contextlib.contextmanager
    def live(
        self, script: Script, prompt: str, *arguments: str, mode: str = "default", resume: str = "", below: str = ""
    ) -> Iterator[Live]:
        """A headless conversation under way; `resume` names one to go on with, `below` a folder of the project.

        Without a prompt it takes what is typed, one prompt after another, until it is ended.
        """
        session = resume or str(uuid.uuid4())
        known = "--resume" if resume else "--session-id"
        more = [] if prompt else ["--input-format", "stream-json"]
        command = self._command(prompt, "--permission-mode", mode, known, session, *more, *arguments)
        if not prompt:
            command.remove("")
        with ModelServer(script) as model, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen(
                command,
                cwd=os.path.join(self.project, below),
                env={**environment(self.home, model.url), **self.variables},
                stdin=subprocess.DEVNULL if prompt else subprocess.PIPE,
                stdout=out,
                stderr=err,
                text=True,
            )
            try:
                yield Live(self.project, process, model.log, session, (out, err))
            finally:
                process.kill()
                process.communicate()

    def interrupt(self, script: Script, prompt: str, agents: int) -> str:
        """The session of a conversation whose host is killed once so many agents are at work and it can be resumed."""
        with self.live(script, prompt) as live:
            live.wait_for(
                lambda: len({r.agent_id for r in live.log} - {None}) >= agents and self.recorded(live.session)
            )
        return live.session

    def command_line(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`parallel-dispatch` as the user types it in the project."""
        return subprocess.run(
            [os.path.join(self.plugin, "bin", "parallel-dispatch"), *arguments],
            cwd=self.project,
            env={"PATH": os.environ["PATH"], "HOME": self.home, "PARALLEL_DISPATCH_CACHE": cache_folder()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    @property
    def runs(self) -> list[ActiveRun]:
        """The runs in the project, oldest first."""
        return [ActiveRun(folder.path) for folder in all_runs(self.project)]

    def recorded(self, session: str) -> bool:
        """Whether the host has written down that the model answered; before, there is nothing to resume."""
        projects = os.path.join(self.home, ".claude", "projects")
        paths = (os.path.join(folder, f"{session}.jsonl") for folder, _, _ in os.walk(projects))
        return any('"role":"assistant"' in read_text(path) for path in paths)

    def _command(self, prompt: str, *arguments: str) -> list[str]:
        command = print_command(self.program, self.plugin, prompt, *arguments)
        if self.installed:
            at = command.index("--plugin-dir")
            del command[at : at + 2]
        return command

    def manage(self, *arguments: str) -> str:
        """What the host prints for one of its own commands, such as `plugin install`; it must succeed."""
        done = self._run([self.program, *arguments], "http://127.0.0.1:9")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def settle(self, **settings: object) -> None:
        """More settings of the user, beside the permission rules."""
        path = os.path.join(self.home, ".claude", "settings.json")
        with open(path, encoding="utf-8") as file:
            before = json.load(file)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**before, **settings}, file)

    def _run(self, command: list[str], url: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.project,
            env={**environment(self.home, url), **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )


def _events(printed: str) -> Iterator[dict[str, object]]:
    for line in printed.splitlines():
        with contextlib.suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value
