"""The shape of a plan's dependencies: its independent groups, what lies before what, and the pattern that fits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .forecast import Forecast
    from .workload import Workload

MANY = 10
"""From so many similar tasks on they are work for whoever is free, rather than tasks of their own."""
FEW = 5
"""So many agents of one kind of work a person still follows."""


class Pattern(NamedTuple):
    """A pattern of parallel work by its name, and in a sentence why it fits."""

    name: str
    reason: str


def groups(work: Workload) -> list[list[int]]:
    """The independent groups of tasks: no task of one depends, however indirectly, on a task of another."""
    of = [-1] * work.size
    found: list[list[int]] = []
    for first in range(work.size):
        if of[first] < 0:
            of[first] = len(found)
            group = [first]
            for task in group:  # grows while it is walked
                for other in (*work.before[task], *work.after[task]):
                    if of[other] < 0:
                        of[other] = len(found)
                        group.append(other)
            found.append(sorted(group))
    return found


def is_chain(work: Workload) -> bool:
    """Whether each task waits for the one before it."""
    return max(work.levels, default=0) == work.size - 1


def ancestors(work: Workload) -> list[int]:
    """For each task, as bits, all tasks that it needs, however indirectly."""
    found = [0] * work.size
    for task in work.topological:
        for other in work.before[task]:
            found[task] |= found[other] | 1 << other
    return found


def pattern(forecast: Forecast) -> Pattern:
    """The pattern that fits a plan."""
    work, tasks, plan = forecast.work, forecast.tasks, forecast.plan
    if work.size == 1 and not plan.patterns:
        return Pattern("One agent", "there is one task.")
    if plan.patterns:
        made = plan.patterns[0]
        reason = f"what {made.for_each['from']} finds is the list of what {made.id} works through."
        return Pattern("Analysis Then Implementation", reason)
    if is_chain(work):
        return Pattern("One after another", "each task needs the one before it.")
    roots = [task for task in range(work.size) if not work.before[task]]
    ends = [task for task in range(work.size) if not work.after[task]]
    agents = {task.agent for task in tasks}
    if len(roots) == work.size:
        return _independent(work.size, len(agents))
    inner = [task for task in range(work.size) if work.after[task]]
    if len(ends) == 1 and len(roots) == len(inner):
        who = forecast.tasks[ends[0]].id
        workers = {tasks[task].agent for task in inner}
        if len(inner) >= MANY and len(workers) == 1:
            reason = f"{len(inner)} similar tasks for whoever is free, and {who} puts their results together."
            return Pattern("Self-Organizing Workers, then one integrator", reason)
        reason = f"{len(inner)} tasks need nothing of each other, and {who} puts their results together."
        return Pattern("Fan-out, then one integrator", reason)
    if len(roots) <= 2 and work.size - len(roots) >= 2 and _all_wait_for(work, roots):
        first = " and ".join(forecast.ids(roots))
        return Pattern("Analysis Then Implementation", f"everything else waits for {first}.")
    steps = max(work.levels) + 1
    return Pattern("Dependency-Aware Batching", f"the dependencies are known, and the tasks go in {steps} steps.")


def _independent(size: int, agents: int) -> Pattern:
    if size >= MANY and agents == 1:
        return Pattern("Self-Organizing Workers", f"{size} similar tasks that need nothing of each other.")
    more = "" if size <= FEW else " More than five are hard to follow: mind max_parallel."
    kinds = "one kind of agent" if agents == 1 else f"{agents} kinds of agents"
    return Pattern("Parallel Background Agents", f"{size} tasks that need nothing of each other, for {kinds}.{more}")


def _all_wait_for(work: Workload, roots: list[int]) -> bool:
    """Whether every other task needs all of these."""
    found = [0] * work.size  # as bits, which of them each task needs
    for at, root in enumerate(roots):
        found[root] = 1 << at
    for task in work.topological:
        for other in work.before[task]:
            found[task] |= found[other]
    return all(found[task] == (1 << len(roots)) - 1 for task in range(work.size) if task not in roots)
