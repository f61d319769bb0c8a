"""The same run everywhere: what it costs in each version, headless and interactive, in the foreground and background.

Measured for two shapes, 3 tasks and the one that joins them and 8 tasks and one: the main conversation's requests, its
growth in bytes on the wire per task (4 kB prompts, 8 kB outputs, 8 kB last messages), the seconds from the command to
the model's last word, and of these the seconds in which no agent worked. Agents take a second. The interactive host of
2.1.329 has no foreground. `--write` puts the table into docs/host.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import growth
import sides

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

from hosting import Stage
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.facts import gather
from parallel_dispatch.runs import all_runs
from parallel_dispatch.state import SUCCESS
from terminal import terminal

LAST_WORDS = "The run has ended"
AGENT_SECONDS = 1.0
LIMIT_BYTES = {"background": 2_600, "foreground": growth.LIMIT_OURS}
DOCUMENT = os.path.join(sides.ROOT, "docs", "host.md")


@dataclass(frozen=True)
class Place:
    """One way to run: version, headless or interactive, foreground or background."""

    version: str
    where: str
    dispatch: str

    @property
    def exists(self) -> bool:
        """Whether the host has it."""
        return (self.version, self.where, self.dispatch) != ("2.1.329", "interactive", "foreground")


@dataclass(frozen=True)
class Seen:
    """What one run showed."""

    turns: int
    per_task: float
    seconds: float
    idle: float


def measure(place: Place, shape: growth.Shape) -> Seen:
    """One run; every task must have succeeded."""
    with TemporaryDirectory(prefix="pd-bench-") as folder:
        stage = Stage(place.version, Path(folder))
        stage.write("tasks.yaml", shape.file)
        prompt = f"/parallel-dispatch tasks.yaml --dispatch {place.dispatch}"
        script = growth.LongWorded(AGENT_SECONDS)
        begun = time.monotonic()
        if place.where == "headless":
            main = stage.converse(script, prompt).main
            seconds = time.monotonic() - begun
        else:
            with terminal(stage, script) as shown:
                begun = time.monotonic()
                shown.type(prompt)
                shown.wait_for(LAST_WORDS)
                seconds = time.monotonic() - begun
                main = shown.main
        (run,) = [ActiveRun(found.path) for found in all_runs(stage.project)]
        outcomes = [outcome for outcome, _ in run.state().outcomes().values()]
        if outcomes != [SUCCESS] * len(shape.tasks):
            raise SystemExit(f"{place}, {shape.name}: {outcomes}")
        makespan = gather(run.plan, run.state()).makespan or 0.0
        per_task = (main[-1].size - main[0].size) / len(shape.tasks)
        return Seen(len(main), per_task, seconds, seconds - makespan)


def row(place: Place, shape: growth.Shape, seen: list[Seen]) -> list[str]:
    """A line of the table; the worst number of turns, the medians of the rest."""
    turns, limit = max(one.turns for one in seen), len(shape.batches) + 1
    per_task = sides.median([one.per_task for one in seen])
    return [
        f"{place.version}, {place.where}, {place.dispatch}, {shape.name}",
        str(len(shape.tasks)),
        f"{turns} (limit {limit})",
        f"{per_task:,.0f} (limit {LIMIT_BYTES[place.dispatch]:,})",
        f"{sides.median([one.seconds for one in seen]):.1f}",
        f"{sides.median([one.idle for one in seen]):.1f}",
        sides.verdict(max(turns / limit, per_task / LIMIT_BYTES[place.dispatch]), 1),
    ]


def main() -> int:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3, metavar="N", help="runs per line (default 3)")
    parser.add_argument("--host", action="append", metavar="VERSION", help=f"default: {' and '.join(sides.VERSIONS)}")
    parser.add_argument("--write", action="store_true", help="put the table into docs/host.md")
    arguments = parser.parse_args()
    places = [
        Place(version, where, dispatch)
        for version in arguments.host or sides.VERSIONS
        for where in ("headless", "interactive")
        for dispatch in ("foreground", "background")
    ]
    lines = [(place, shape) for place in places if place.exists for shape in growth.SHAPES]
    found: dict[tuple[Place, growth.Shape], list[Seen]] = {line: [] for line in lines}
    for _ in range(arguments.repetitions):
        for line in lines:
            found[line].append(measure(*line))
    head = ("Claude Code, where, dispatch, run", "tasks", "main requests", "bytes per task", "seconds", "no agent", "")
    rows = [row(*line, seen) for line, seen in found.items()]
    table = sides.table(head, rows)
    print(table)
    if arguments.write:
        sides.put(DOCUMENT, "bench/everywhere.py", table)
    return int(any(cells[-1] != "met" for cells in rows))


if __name__ == "__main__":
    sys.exit(main())
