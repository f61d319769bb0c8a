"""Worlds in which a run may take place: random plans, and what becomes of each task when an agent works at it."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sides
from parallel_dispatch.item import name
from parallel_dispatch.plan import Plan
from parallel_dispatch.state import FAILED, SKIPPED, SUCCESS

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

if TYPE_CHECKING:
    import random

builders: Any = importlib.import_module("builders")  # it carries no types

NEVER = 10**9
"""The failures of a task that no agent can do."""
MOST_TASKS, MOST_ITEMS = 12, 3
AGENTS = ("a reviewer", "a tester")
SCOPES = (("src/**",), ("src/a.py",), ("docs",), ("docs/*.md", "src/b.py"), ("*.md",))


@dataclass(frozen=True)
class World:
    """A plan, how many agents fail at each task before one succeeds, and the items that tasks are made of.

    `is_alike` says that nearly all tasks are too much for any agent, for the same reason.
    """

    plan: Plan
    failures: dict[str, int]
    items: dict[str, list[str]]
    is_alike: bool = False

    @property
    def patient(self) -> World:
        """The same world in a run that nothing cuts short: no failure stops it, no budget ends, losers work on."""
        plan = Plan.from_json(self.plan.to_json())
        plan.on_failure, plan.max_minutes, plan.max_tokens = "continue", 0, 0
        for task in plan.tasks.values():
            task.critical, task.leaves_losers = False, True
        return World(plan, self.failures, self.items)

    def outcomes(self, plan: Plan) -> dict[str, str]:
        """What becomes of the tasks of a patient run's plan, with those made on the way, told without any replay."""
        found: dict[str, str] = {}
        for task in [task for wave in plan.waves for task in wave]:
            there = sum(found[needed] == SUCCESS for needed in task.dependencies)
            can_be_done = not task.for_each and self.failures[task.id] != NEVER  # nobody wrote a list that is left
            found[task.id] = SKIPPED if there < task.least else SUCCESS if can_be_done else FAILED
        return found


def world(chance: random.Random) -> World:
    """A plan of up to twelve tasks with limits, waits, retries and budgets as chance has it, which can come to an end.

    A task that succeeds at all succeeds within its tries. The order of dispatch is any: so priorities are in it, too.
    """
    size = chance.randint(1, MOST_TASKS)
    density = chance.choice((0.0, 1.0, 2.0, 3.0)) / size
    needs = {f"t{n}": tuple(f"t{d}" for d in range(n) if chance.random() < density) for n in range(size)}
    in_order = chance.random() < 0.5
    plan: Plan = builders.plan_of(
        needs if in_order else {task: needs[task] for task in chance.sample(list(needs), size)},
        max_parallel=chance.randint(1, 5),
        on_failure=chance.choice(("continue", "continue", "stop", "retry", "retry")),
        max_retries=chance.randint(0, 3),
        in_waves=chance.random() < 0.2,
        background=chance.random() < 0.6,
        max_minutes=chance.choice((0, 0, 0, 0, 1, 5)),
        max_tokens=chance.choice((0, 0, 0, 0, 300)),
        resources={"gpu": 2},
        instances={AGENTS[0]: chance.randint(1, 4)},
    )
    _limit(plan, chance)
    _make_patterns(plan, chance)
    if in_order and not plan.in_waves:
        _let_first(plan, chance)
    names = [*plan.tasks, *(name(p.id, n) for p in plan.patterns for n in range(1, MOST_ITEMS + 2))]
    items = {p.id: [f"item {n}" for n in range(chance.randint(0, MOST_ITEMS))] for p in plan.patterns}
    is_alike = chance.random() < 0.15
    return World(plan, {task: _failures(plan, task, chance, is_alike) for task in names}, items, is_alike)


def _limit(plan: Plan, chance: random.Random) -> None:
    """What each task holds, waits for, is tried, and how much hangs on it."""
    for task in plan.tasks.values():
        task.agent = chance.choice(AGENTS)
        if len(task.dependencies) > 1 and chance.random() < 0.5:
            task.wait, task.leaves_losers = chance.randint(1, len(task.dependencies) - 1), chance.random() < 0.3
        elif task.dependencies and chance.random() < 0.3:
            task.goes_without = True
        if chance.random() < 0.3:
            task.resources = {chance.choice(("gpu", "db")): 1, "gpu": chance.randint(1, 2)}
        if chance.random() < 0.3:
            task.writes = chance.choice(SCOPES)
        if chance.random() < 0.3:
            task.attempts = chance.randint(1, 3)
        task.critical = chance.random() < 0.05


def _make_patterns(plan: Plan, chance: random.Random) -> None:
    """Some tasks stand for those that are made of what another one writes."""
    for task in [task for wave in plan.waves for task in wave]:
        sources = [needed for needed in task.dependencies if not plan.tasks[needed].for_each]
        if sources and chance.random() < 0.25:
            task.for_each = {"from": chance.choice(sources), "path": "items"}


def _let_first(plan: Plan, chance: random.Random) -> None:
    """Some tasks let one begin first that comes before them in the order of dispatch, as the planner has it."""
    tasks = list(plan.tasks.values())
    for place, task in enumerate(tasks):
        if place and chance.random() < 0.15:
            task.yields_to = tasks[chance.randrange(place)].id


def _failures(plan: Plan, task: str, chance: random.Random, is_alike: bool) -> int:
    """How many agents fail at a task before one succeeds."""
    if chance.random() < (0.95 if is_alike else 0.15):
        return NEVER
    pattern = task.rpartition("-")[0]
    attempts = plan.tasks[pattern or task].attempts
    return chance.randrange(attempts) if chance.random() < 0.3 else 0
