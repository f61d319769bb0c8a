"""Whether the ledger keeps what it is given, and how long it takes to read a run of 100,000 events.

Appended: 64 processes with 1,000 events each into one ledger at the same time; counted are those that are lost, torn or
out of the order in which their process appended them.

Replayed: ledgers of 100,000 events, read from the file and replayed from nothing. A big plan with many attempts; one
whose agents are many at a time; one of claims that are refused; one of events that came twice or of strangers; and one
that was interrupted and resumed ever again. Medians of the processor's seconds, which do not grow where others work
beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import subprocess
import sys
import time
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

import sides
from parallel_dispatch import quickjson
from parallel_dispatch.ledger import Ledger
from parallel_dispatch.replay import replay

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

if TYPE_CHECKING:
    from collections.abc import Callable

    from parallel_dispatch.ledger import Event
    from parallel_dispatch.plan import Plan

builders: Any = importlib.import_module("builders")  # it carries no types

PROCESSES, EACH = 64, 1_000
EVENTS, LIMIT_SECONDS = 100_000, 1.0
APPEND = """
import sys
sys.path.insert(0, sys.argv[1])
from parallel_dispatch.ledger import Ledger
ledger = Ledger(sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
for number in range(int(sys.argv[4])):
    ledger.append("claimed", writer=int(sys.argv[3]), number=number, padding="x" * (number % 300))
"""


# --- appending ----------------------------------------------------------------------------------------------------


def append_at_once(path: str, processes: int, each: int) -> float:
    """The seconds that some processes take which append so many events each; all begin at the same moment."""
    Ledger(path).create(run="a-run")
    start = [sys.executable, "-I", "-S", "-c", APPEND, os.path.join(sides.ROOT, "scripts"), path]
    with contextlib.ExitStack() as ends:
        writers = [ends.enter_context(_writer([*start, str(number), str(each)])) for number in range(processes)]
        for writer in writers:
            _end(writer.stdout).readline()
        began = time.perf_counter()
        for writer in writers:
            _end(writer.stdin).close()
        codes = [writer.wait() for writer in writers]
        took = time.perf_counter() - began
    if any(codes):
        raise SystemExit(f"{sum(map(bool, codes))} processes could not append")
    return took


def _writer(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _end(pipe: IO[bytes] | None) -> IO[bytes]:
    """Our end of a pipe of a process that was started with one."""
    assert pipe  # noqa: S101 - for the type checker
    return pipe


def damage(path: str, processes: int, each: int) -> tuple[int, int, int]:
    """How many events are lost, how many lines are torn, and how many processes have events out of their order."""
    with open(path, encoding="utf-8") as file:
        torn = sum(1 for line in file if not (line.endswith("\n") and quickjson.record(line)))
    found: dict[object, list[Any]] = {number: [] for number in range(processes)}
    for event in Ledger(path).read()[1:]:
        found[event["writer"]].append(event["number"])
    lost = processes * each - sum(len(set(numbers)) for numbers in found.values())
    return lost, torn, sum(numbers != sorted(numbers) for numbers in found.values())


# --- replaying ----------------------------------------------------------------------------------------------------


def chain(tasks: int, at_once: int) -> Plan:
    """A plan of many tasks, each of which needs the one so many places before it."""
    needs = {f"t{n}": ((f"t{n - at_once}",) if n >= at_once else ()) for n in range(tasks)}
    plan: Plan = builders.plan_of(needs, max_parallel=at_once, on_failure="retry", max_retries=10)
    return plan


def attempt(task: str, number: int, time: float, outcome: str) -> list[Event]:
    """The events of one attempt in the background."""
    agent = f"agent-{task}-{number}"
    its = {"task": task, "attempt": number, "agent_id": agent, "transcript": f"/home/u/.claude/{agent}.jsonl"}
    return [
        builders.claimed(task, f"toolu-{task}-{number}", time),
        builders.event("launched", time, **its),
        builders.event("agent-started", time, agent_id=agent),
        builders.event("bound", time, **its),
        builders.closed(task, outcome, number, time, "no output; last words: it could not be done", sha256="0" * 64),
        builders.event("notified", time, agent_id=agent),
    ]


def attempts(tasks: int, at_once: int, tries: int) -> tuple[Plan, list[Event]]:
    """Tasks of which only the last try succeeds, so many at a time, step by step."""
    plan = chain(tasks, at_once)
    names = list(plan.tasks)
    events: list[Event] = []
    for first in range(0, tasks, at_once):
        for number in range(1, tries + 1):
            outcome = "success" if number == tries else "failed"
            rows = [attempt(task, number, first, outcome) for task in names[first : first + at_once]]
            events += [event for step in zip(*rows) for event in step]
    return plan, events


def refused() -> tuple[Plan, list[Event]]:
    """Claims of tasks that wait for others or are at work."""
    plan = chain(100, 4)
    return plan, [builders.claimed(f"t{n % 100}", f"toolu-{n}", n) for n in range(EVENTS)]


def repeated() -> tuple[Plan, list[Event]]:
    """Events that come again and again, half of them of agents and attempts that the run does not know."""
    plan = chain(100, 4)
    known = [event for n in range(4) for event in attempt(f"t{n}", 1, n, "success")]
    foreign = [event for n in range(4) for event in attempt(f"zz{n}", 7, n, "success")]
    return plan, [(known + foreign)[n % 48] for n in range(EVENTS)]


def resumed() -> tuple[Plan, list[Event]]:
    """A run of a hundred tasks that is cut off and resumed after each of them, a thousand times over."""
    plan = chain(100, 4)
    events: list[Event] = []
    number = 0
    while len(events) < EVENTS:
        number += 1
        for n in range(4):
            events += [*attempt(f"t{n}", number, number, "failed"), *[builders.event("user-spoke", number)] * 18]
        events += [builders.event("interrupted", number), builders.event("resumed", number, again=[])]
    return plan, events


LEDGERS: dict[str, Callable[[], tuple[Plan, list[Event]]]] = {
    "8,400 tasks, 4 at a time, each tried twice": lambda: attempts(8_400, 4, 2),
    "8,400 tasks, 100 at a time, each tried twice": lambda: attempts(8_400, 100, 2),
    "1,600 tasks, 20 at a time, each tried 11 times": lambda: attempts(1_600, 20, 11),
    "claims that are refused": refused,
    "events told again, half of them of strangers": repeated,
    "100 tasks, resumed a thousand times": resumed,
}


def seconds(path: str, plan: Plan) -> tuple[float, float]:
    """The processor's seconds that reading a ledger takes, and replaying it."""
    began = time.process_time()
    events = Ledger(path).read()
    read = time.process_time()
    replay(plan, events)
    return read - began, time.process_time() - read


def measure(path: str, plan: Plan, events: list[Event], repetitions: int) -> list[str]:
    """The rest of a line of the table: how many events, and the medians."""
    Ledger(path).create(run="a-run")
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(quickjson.dumps(event) + "\n" for event in events[:EVENTS])
    reading, replaying = zip(*(seconds(path, plan) for _ in range(repetitions)))
    both = sides.median(reading) + sides.median(replaying)
    figures = [sides.median(reading), sides.median(replaying), both]
    return [f"{min(len(events), EVENTS):,}", *(f"{each:.2f}" for each in figures), verdict(both < LIMIT_SECONDS)]


def verdict(is_met: bool) -> str:
    """The last cell of a line."""
    return "met" if is_met else "missed"


def main() -> int:
    """The measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5, metavar="N", help="readings of each ledger (default 5)")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="pd-bench-") as folder:
        path = os.path.join(folder, "appended.jsonl")
        took = append_at_once(path, PROCESSES, EACH)
        harm = damage(path, PROCESSES, EACH)
        cells = [f"{PROCESSES} × {EACH:,}", f"{took:.1f}", *map(str, harm), verdict(not any(harm))]
        print(sides.table(("processes × events appended at once", "s", "lost", "torn", "out of order", ""), [cells]))
        rows = []
        for number, (name, made) in enumerate(LEDGERS.items()):
            plan, events = made()
            rows.append([name, *measure(os.path.join(folder, f"{number}.jsonl"), plan, events, arguments.repetitions)])
    print(f"\n{sides.table(('ledger', 'events', 's to read', 's to replay', 's', ''), rows)}")
    print(f"\nLimits: nothing lost or torn; reading and replaying together under {LIMIT_SECONDS:g} s of the processor.")
    return int(any(row[-1] == "missed" for row in [cells, *rows]))


if __name__ == "__main__":
    sys.exit(main())
