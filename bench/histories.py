"""Whether any history of a run breaks a rule: random plans, driven through replay and decide by a host that misbehaves.

An example is a world (`worlds`) and a host (`unreliable`) that makes calls in another order, twice or never, whose
agents die, hang or are stopped, whose events come late, twice or from strangers, that is killed between any two events
and in the middle of a line. After every event the rules of the `referee` must hold. In the end the tasks that were not
hit must have the outcome that they have in the undisturbed run (`undisturbed`).

How: every event goes through a real ledger on disk, every state is the shipped replay's, every block the shipped
`decide`'s. An example is made from the seed and its number alone, so that `--only NUMBER` makes it again. Ends with 1
where a rule was broken, and tells the shortest history found that breaks it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import sides
from parallel_dispatch.replay import replay
from parallel_dispatch.state import State
from referee import Referee, Violation
from undisturbed import Outcomes
from unreliable import KINDS, Host
from worlds import world

if TYPE_CHECKING:
    from parallel_dispatch.ledger import Event
    from parallel_dispatch.plan import Plan

EXAMPLES = 10_000
MOST_MISCHIEF = 14
SHOWN = 10
"""Findings that are told; of the first of them, the shortest history."""
AT_ONCE = 25
"""Examples that a process is given at a time."""


@dataclass(frozen=True)
class Finding:
    """A rule that an example broke, with the history that did it."""

    number: int
    complaint: str
    plan: Plan
    events: list[Event]

    @property
    def story(self) -> str:
        """The finding for people: the plan, then the events, the last of which breaks the rule."""
        lines = [f"example {self.number}: {self.complaint}", *self.plan.to_json().splitlines()]
        for count, event in enumerate(self.events):
            more = ", ".join(f"{k}={v!r}" for k, v in event.items() if k not in ("event", "format", "version") and v)
            lines.append(f"{count:4} {event.get('event', 'header')}: {more}")
        return "\n".join(lines)


@dataclass
class Tally:
    """What some examples showed."""

    examples: int = 0
    tasks: int = 0
    compared: int = 0
    certain: int = 0
    events: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """What other examples showed, too."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def rows(self) -> list[list[str]]:
        """The lines of the table."""
        counts = {
            "examples": self.examples,
            "events, after each of which every rule was tried": sum(self.events.values()),
            **{kind: self.kinds[kind] for kind in KINDS},
            "tasks of the disturbed runs": self.tasks,
            "of these, tasks that were not hit": self.compared,
            "of these, tasks that may have one outcome only": self.certain,
            "violations": len(self.findings),
        }
        return [[what, f"{count:,}"] for what, count in counts.items()]


def play(seed: int, number: int, tally: Tally, most: int = MOST_MISCHIEF) -> Finding | None:
    """One example, with so many disturbances at most; what it showed goes into the tally."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311 - histories, no secrets
    here = world(chance)
    mischief = min(chance.randint(0, MOST_MISCHIEF), most)
    tally.examples += 1
    with TemporaryDirectory(prefix="pd-bench-") as folder:
        undisturbed = Host(here.patient, os.path.join(folder, "undisturbed"))
        orderly = Host(here, os.path.join(folder, "orderly"))
        disturbed = Host(here, os.path.join(folder, "disturbed"), chance, mischief)
        for host in (undisturbed, orderly, disturbed):
            complaint = driven(host) or Outcomes(host, here.outcomes(undisturbed.state.plan)).complaint
            if complaint:
                return Finding(number, complaint, host.world.plan, host.referee.events)
            tally.events.update(str(event.get("event", "header")) for event in host.referee.events)
        outcomes = Outcomes(disturbed, here.outcomes(undisturbed.state.plan))
    tally.kinds.update(disturbed.tally)
    tally.tasks += len(outcomes.tasks)
    tally.compared += len(outcomes.compared)
    tally.certain += sum(len(outcomes.allowed(task)) == 1 for task in outcomes.compared)
    return None


def driven(host: Host) -> str:
    """What went wrong while a host drove its run; empty where nothing did."""
    try:
        host.drive()
    except Exception as problem:  # noqa: BLE001 - whatever replay or decide raises is a finding
        return named(problem)
    return ""


def named(problem: Exception) -> str:
    """What a rule, or the code that is judged, has to say."""
    return str(problem) if isinstance(problem, Violation) else f"{type(problem).__name__}: {problem}"


# --- the shortest history -----------------------------------------------------------------------------------------


def broken(plan: Plan, events: list[Event]) -> tuple[str, int]:
    """The first rule that some events break, and how many of them that takes; empty where they break none."""
    state, referee = State(plan), Referee(plan)
    try:
        for event in events:
            state = replay(plan, [event], state)
            referee.see(event, state)
    except Exception as problem:  # noqa: BLE001 - as in `driven`
        return named(problem), len(referee.events)
    return "", 0


def shortest(seed: int, finding: Finding) -> Finding:
    """The same example with as few disturbances as do, and without the events that it takes no part in."""
    for most in range(MOST_MISCHIEF):
        found = play(seed, finding.number, Tally(), most)
        if found:
            finding = found
            break
    complaint, count = broken(finding.plan, finding.events)
    if not complaint:  # the end is wrong, not the way: every event may have its part in it
        return finding
    events, place, since = finding.events[:count], count - 1, 0
    while since < len(events):  # each of them was tried since the last that could go
        place = place - 1 if place > 1 else len(events) - 1
        fewer = [*events[:place], *events[place + 1 :]]
        found_now, count = broken(finding.plan, fewer)
        if _rule(found_now) == _rule(complaint):
            complaint, events, since = found_now, fewer[:count], 0
            place = min(place, count)
        since += 1
    return Finding(finding.number, complaint, finding.plan, events)


def _rule(complaint: str) -> str:
    """A complaint without the tasks and numbers in it: what is shortened is to break the same rule."""
    return re.sub(r"\w*\d\w*", "", complaint)


# --- the command --------------------------------------------------------------------------------------------------


def some(seed: int, numbers: range) -> Tally:
    """What a few examples show."""
    tally = Tally()
    for number in numbers:
        finding = play(seed, number, tally)
        if finding:
            tally.findings.append(finding)
    return tally


def first(seed: int, numbers: range) -> Finding | None:
    """The first of some examples that breaks a rule."""
    return next(filter(None, (play(seed, number, Tally()) for number in numbers)), None)


def many(seed: int, examples: int, processes: int) -> Tally:
    """What many examples show, in as many processes at a time."""
    tally = Tally()
    chunks = [range(first, min(first + AT_ONCE, examples)) for first in range(0, examples, AT_ONCE)]
    with multiprocessing.Pool(processes) as pool:
        for one in pool.imap_unordered(partial(some, seed), chunks):
            tally.add(one)
    return tally


def main() -> int:
    """The examples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=EXAMPLES, metavar="N", help=f"default {EXAMPLES:,}")
    parser.add_argument("--seed", type=int, default=None, metavar="N", help="to have the same examples again")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one example")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="default: one per core")
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed  # noqa: S311 - histories, no secrets
    if arguments.only is None:
        tally = many(seed, arguments.examples, arguments.processes)
    else:
        tally = some(seed, range(arguments.only, arguments.only + 1))
    print(f"Seed {seed}.\n\n{sides.table(('histories', ''), tally.rows())}")
    for number, finding in enumerate(sorted(tally.findings, key=lambda each: each.number)[:SHOWN]):
        again = f"python bench/histories.py --seed {seed} --only {finding.number}"
        print(f"\n{again}\n{shortest(seed, finding).story if number == 0 else finding.complaint}")
    return int(bool(tally.findings) or not tally.compared)


if __name__ == "__main__":
    sys.exit(main())
