"""The two sides of a comparison: the real host with the plugin and without, and processes as the host starts them.

Every script here imports this module first: it puts the product's own code in reach.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from parallel_dispatch.host import copy_plugin, environment, find_host, make_home, print_command  # noqa: E402
from parallel_dispatch.scripted_model import ModelServer, Request, Script  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

VERSIONS = ("2.1.197", "2.1.329")
PATIENCE_SECONDS = 180
PROSE = "The gate waits for the third signal before it opens, and what it lets through is counted twice. "


def put(document: str, mark: str, text: str) -> None:
    """A text put into a document, between the mark `<!-- MARK -->` and the next `<!-- end -->`."""
    begin, end = f"<!-- {mark} -->", "<!-- end -->"
    with open(document, encoding="utf-8") as file:
        before, _, rest = file.read().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{document} has no {begin} … {end}")
    with open(document, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{text}\n{end}{after}")


def prose(size: int) -> str:
    """A text of so many bytes: ASCII, in lines of 96 characters."""
    line = PROSE.rstrip() + "\n"
    return (line * (size // len(line) + 1))[: size - 1] + "\n"


@dataclass(frozen=True)
class Talk:
    """One conversation as it went over the wire: the requests in order of arrival."""

    log: list[Request]

    @property
    def main(self) -> list[Request]:
        """The main conversation's requests."""
        return [request for request in self.log if request.agent_id is None]

    @property
    def first_of_agents(self) -> list[Request]:
        """The first request of every agent."""
        found: dict[str, Request] = {}
        for request in self.log:
            if request.agent_id:
                found.setdefault(request.agent_id, request)
        return list(found.values())


class Stage:
    """A project and a home for conversations with one version of the host, with the plugin or without."""

    def __init__(self, folder: str, version: str, *, has_plugin: bool) -> None:
        self.version = version
        self.has_plugin = has_plugin
        self.project = os.path.join(folder, "project")
        self.home = os.path.join(folder, "home")
        os.makedirs(self.project)
        make_home(self.home, self.project, "/nonexistent")
        self.plugin = copy_plugin(os.path.join(folder, "plugin")) if has_plugin else ""
        self.program = find_host(version)

    def write(self, name: str, text: str) -> None:
        """A file of the project."""
        with open(os.path.join(self.project, name), "w", encoding="utf-8") as file:
            file.write(text)

    def talk(self, script: Script, prompt: str, mode: str = "") -> Talk:
        """One headless conversation, to the host's exit. Without the plugin edits are allowed; with it nothing is."""
        mode = mode or ("default" if self.has_plugin else "acceptEdits")
        more = ("--permission-mode", mode, "--session-id", str(uuid.uuid4()))
        command = print_command(self.program, self.plugin, prompt, *more)
        if not self.plugin:
            at = command.index("--plugin-dir")
            del command[at : at + 2]
        with ModelServer(script) as model:
            done = subprocess.run(
                command,
                cwd=self.project,
                env=environment(self.home, model.url),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        if done.returncode:
            words = (done.stderr or done.stdout)[-2000:].decode(errors="replace")
            sys.exit(f"Claude Code {self.version} ended with exit code {done.returncode}: {words}")
        return Talk(list(model.log))


@contextmanager
def stages(versions: Sequence[str]) -> Iterator[list[tuple[Stage, Stage]]]:
    """For every version a stage with the plugin and one without, in temporary folders of equally long names."""
    with tempfile.TemporaryDirectory(prefix="pd-bench-") as folder:
        yield [
            (
                Stage(os.path.join(folder, f"{version}-ours"), version, has_plugin=True),
                Stage(os.path.join(folder, f"{version}-bare"), version, has_plugin=False),
            )
            for version in versions
        ]


@dataclass(frozen=True)
class Cost:
    """What a process took, in milliseconds: from its spawn to its exit, and of a processor's time."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Process:
    """A process as the host starts one: without a shell, the event on stdin, the answer on stdout.

    `before` restores what the last repetition changed; it is not timed. The answer must hold `answer`.
    """

    command: Sequence[str]
    stdin: str = ""
    before: Callable[[], object] | None = None
    answer: str = ""

    def run(self, variables: dict[str, str]) -> tuple[Cost, str]:
        """What the process took and what it printed; it must end well."""
        if self.before:
            self.before()
        (his_in, our_in), (our_out, his_out) = os.pipe(), os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, his_in, 0), (os.POSIX_SPAWN_DUP2, his_out, 1)]
        begun = time.perf_counter()
        pid = os.posix_spawn(self.command[0], list(self.command), variables, file_actions=actions)
        os.close(his_in)
        os.close(his_out)
        printed = _exchange(our_in, our_out, self.stdin.encode())
        _, status, used = os.wait4(pid, 0)
        wall = time.perf_counter() - begun
        if status:
            sys.exit(f"{' '.join(self.command)} ended with exit code {os.waitstatus_to_exitcode(status)}")
        if self.answer not in printed.decode():
            sys.exit(f"{' '.join(self.command)} answered {printed.decode()!r} where {self.answer!r} belongs")
        return Cost(wall * 1000, (used.ru_utime + used.ru_stime) * 1000), printed.decode()


def _exchange(our_in: int, our_out: int, stdin: bytes) -> bytes:
    try:
        with os.fdopen(our_in, "wb") as file:
            file.write(stdin)
    except BrokenPipeError:  # a guard that leaves at once reads nothing
        pass
    with os.fdopen(our_out, "rb") as file:
        return file.read()


def interleaved(processes: dict[str, Process], variables: dict[str, str], repetitions: int) -> dict[str, Cost]:
    """The median costs of processes that take turns; a first round warms the caches and is dropped."""
    taken: dict[str, list[Cost]] = {name: [] for name in processes}
    for number in range(repetitions + 1):
        for name, process in processes.items():
            cost, _ = process.run(variables)
            if number:
                taken[name].append(cost)
    return {name: Cost(median([c.wall for c in cs]), median([c.cpu for c in cs])) for name, cs in taken.items()}


def median(values: Sequence[float]) -> float:
    """The median; of nothing there is none, which ends the benchmark."""
    return statistics.median(values)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = (cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths)))
        return f"| {' | '.join(cells)} |"

    rule = f"|{'|'.join('-' * (w + 1) + (':' if i else '-') for i, w in enumerate(widths))}|"
    return "\n".join([line(head), rule, *map(line, rows)])


def verdict(value: float, limit: float) -> str:
    """Whether a value keeps its limit, as a cell."""
    return "met" if value <= limit else "missed"
