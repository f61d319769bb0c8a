"""A run in the real host beside its own simulation, and what its ready set is worth against level waves.

A feature in 8 modules, each explored, implemented, tested and documented: 32 tasks, 4 at a time, in the background.
Their durations are drawn once (lognormal, sigma 1: a few tasks take much longer than most), 4.5 minutes on average;
scripted agents take what the task file estimates, 60 times as fast. The same tasks run with `order: rolling` and with
`order: waves`.

Measured, from the report's own times: the makespan (first agent's start to the last one's end), and the seconds from
the run's begin to the last end. Simulated: the makespan of the same `plan.json` by bench/clockwork.py, where nothing
but agents takes time. Start-up: the run's begin to its first agent's start, in the same run. So the ratio allows the
host nothing for starting, serving and ending 32 agents. An agent's own: what it took beyond its script (two requests,
one Write, the hooks of both). Hand-over: from the last end before a task was admitted to the start of its agent (the
host's notification, the wake, one turn of the model). Each line is the run with the median ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import sides

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

from clockwork import drive, makespan
from hosting import Stage
from parallel_dispatch.load import load_text
from parallel_dispatch.rehearse import at_speed
from parallel_dispatch.state import SUCCESS

if TYPE_CHECKING:
    from parallel_dispatch.state import Attempt

MODULES, STEPS, AT_ONCE = 8, ("explore", "implement", "test", "document"), 4
SIGMA, SEED, MEAN_SECONDS, SPEED = 1.0, 20261121, 270.0, 60
TIMEOUT_MS = 3_600_000
ORDERS = ("rolling", "waves")
LIMIT_RATIO, LIMIT_GAIN = 1.15, 1.25
DOCUMENT = os.path.join(sides.ROOT, "docs", "benchmarks.md")


def estimates() -> dict[str, int]:
    """What each task is estimated to take, in milliseconds, module by module; the same at every call."""
    chance = random.Random(SEED)  # noqa: S311 - durations, no secrets
    drawn = {f"{step}-{n}": chance.lognormvariate(0, SIGMA) for n in range(1, MODULES + 1) for step in STEPS}
    scale = 1000 * MEAN_SECONDS * len(drawn) / sum(drawn.values())
    return {task: round(value * scale) for task, value in drawn.items()}


def seconds() -> dict[str, float]:
    """What each agent works."""
    return {task: estimate / 1000 / SPEED for task, estimate in estimates().items()}


def task_file(order: str) -> str:
    """The task file; JSON is YAML."""
    tasks: list[dict[str, object]] = []
    for task, estimate in estimates().items():
        step, _, module = task.partition("-")
        before = [] if step == STEPS[0] else [tasks[-1]["id"]]
        prompt = f"Module {module}: {step}."
        tasks.append({"id": task, "prompt": prompt, "dependencies": before, "estimated_duration": estimate})
    settings = {"max_parallel": AT_ONCE, "order": order, "output_dir": "out", "timeout_per_task": TIMEOUT_MS}
    return json.dumps({"name": f"feature-{order}", "tasks": tasks, "settings": settings}, indent=1)


@dataclass(frozen=True)
class Seen:
    """What one run showed, in seconds; `turns` are the main conversation's requests."""

    measured: float
    from_begin: float
    start_up: float
    simulated: float
    own: float
    hand_over: float
    turns: int

    @property
    def ratio(self) -> float:
        """How much longer the run took than its simulation, from its begin to its last agent's end."""
        return self.from_begin / (self.simulated + self.start_up)


def measure(version: str, order: str) -> Seen:
    """One run; every task must have succeeded at its first try."""
    text = task_file(order)
    checked = load_text("tasks.yaml", text).task_file
    assert checked  # noqa: S101 - a test holds it
    with TemporaryDirectory(prefix="pd-bench-") as folder:
        stage = Stage(version, Path(folder))
        stage.write("tasks.yaml", text)
        found = stage.converse(at_speed(checked, SPEED), "/parallel-dispatch tasks.yaml --dispatch background")
        state = found.run.state()
        if set(found.outcomes.values()) != {SUCCESS} or any(len(tries) != 1 for tries in state.attempts.values()):
            raise SystemExit(f"{version}, {order}: {found.outcomes}")
        simulated = makespan(drive(found.run.plan, seconds()))
        starts, ends, claims = times([attempt for (attempt,) in state.attempts.values()])
    begun = state.begun or 0.0
    first, last = min(starts.values()), max(ends.values())
    releases = {task: [end for end in ends.values() if end < claimed] for task, claimed in claims.items()}
    return Seen(
        measured=last - first,
        from_begin=last - begun,
        start_up=first - begun,
        simulated=simulated,
        own=sides.median([ends[task] - starts[task] - taken for task, taken in seconds().items()]),
        hand_over=sides.median([starts[task] - max(before) for task, before in releases.items() if before]),
        turns=len(found.main),
    )


def times(attempts: list[Attempt]) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """When the agents started and ended and when they were admitted, by task, in seconds since the epoch."""
    starts = {attempt.task: attempt.started or 0.0 for attempt in attempts}
    ends = {attempt.task: attempt.ended or 0.0 for attempt in attempts}
    return starts, ends, {attempt.task: attempt.claimed for attempt in attempts}


def middle(seen: list[Seen]) -> Seen:
    """The run with the median ratio."""
    return sorted(seen, key=lambda one: one.ratio)[len(seen) // 2]


def row(version: str, order: str, seen: Seen) -> list[str]:
    """A line of the first table."""
    measured = (seen.measured, seen.from_begin, seen.start_up, seen.simulated)
    return [
        f"{version}, {order}",
        *(f"{value:.2f}" for value in measured),
        f"{seen.ratio:.3f}",
        f"{1000 * seen.own:.0f}",
        f"{1000 * seen.hand_over:.0f}",
        str(seen.turns),
        sides.verdict(seen.ratio, LIMIT_RATIO),
    ]


def gain(version: str, rolling: Seen, waves: Seen) -> list[str]:
    """A line of the second table."""
    measured = waves.measured / rolling.measured
    return [
        version,
        f"{waves.measured:.2f}",
        f"{rolling.measured:.2f}",
        f"{measured:.2f}",
        f"{waves.simulated / rolling.simulated:.2f}",
        sides.verdict(LIMIT_GAIN, measured),
    ]


def main() -> int:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=1, metavar="N", help="runs per line (default 1)")
    parser.add_argument("--host", action="append", metavar="VERSION", help=f"default: {' and '.join(sides.VERSIONS)}")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    versions = arguments.host or sides.VERSIONS
    busy = os.getloadavg()[1]
    seen: dict[tuple[str, str], list[Seen]] = {(version, order): [] for version in versions for order in ORDERS}
    for _ in range(arguments.repetitions):
        for line, runs in seen.items():
            runs.append(measure(*line))
    found = {line: middle(runs) for line, runs in seen.items()}
    head = ("Claude Code, order", "measured, s", "from begin", "start-up", "simulated", "ratio")
    rows = [row(*line, one) for line, one in found.items()]
    table = sides.table((*head, "agent's own, ms", "hand-over, ms", "main requests", ""), rows)
    gains = [gain(version, found[version, "rolling"], found[version, "waves"]) for version in versions]
    compared = sides.table(("Claude Code", "waves, s", "rolling, s", "waves ÷ rolling", "simulated", ""), gains)
    limits = (
        f"Ratio: from begin ÷ (simulated + start-up), limit {LIMIT_RATIO:g}. Waves ÷ rolling: at least {LIMIT_GAIN:g}. "
        f"Load average {busy:.1f} before, {os.getloadavg()[1]:.1f} after, on {os.cpu_count()} cores."
    )
    text = f"{table}\n\n{compared}\n\n{limits}"
    print(text)
    if arguments.write:
        sides.put(DOCUMENT, "bench/rolling.py", text)
    return int(any(cells[-1] != "met" for cells in (*rows, *gains)))


if __name__ == "__main__":
    sys.exit(main())
