"""How short a run can be at best: a bound that no schedule beats, whatever the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .workload import Workload


def critical_path(work: Workload) -> list[int]:
    """The longest chain of tasks that wait for each other: what even any number of agents cannot shorten."""
    heads, last = _heads(work)
    certain = _certain(work)
    if not certain:
        return []
    task = max(certain, key=lambda one: (heads[one] + work.durations[one], -one))
    path = [task]
    while last[path[-1]] >= 0:
        path.append(last[path[-1]])
    return path[::-1]


def lower_bound(work: Workload) -> int:
    """The milliseconds that every schedule takes at least.

    The most of: the critical path; and for each limit, the agents' number among them, the work of those that hold it,
    divided by how much there is of it, between the earliest time at which they can begin and the least that comes after
    them. Tasks that the run may go on without count for nothing.
    """
    heads, _ = _heads(work)
    tasks = _certain(work)
    tails = work.tails if not work.waits else work.durations
    best = max((heads[task] + work.durations[task] for task in tasks), default=0)
    best = max(best, _between(tasks, [1] * work.size, work.parallel, heads, tails, work.durations))
    held: dict[int, list[tuple[int, int]]] = {}
    for task in tasks:
        for limit, amount in work.demands[work.kinds[task]]:
            held.setdefault(limit, []).append((task, amount))
    for limit, users in held.items():
        amounts = dict(users)
        capacity = work.capacities[limit]
        best = max(best, _between(list(amounts), amounts, capacity, heads, tails, work.durations))
        alone = [task for task, amount in users if 2 * amount > capacity]  # no two of these run at once
        best = max(best, _between(alone, dict.fromkeys(alone, 1), 1, heads, tails, work.durations))
    return best


def _between(
    tasks: Sequence[int],
    amounts: Sequence[int] | dict[int, int],
    capacity: int,
    heads: Sequence[int],
    tails: Sequence[int],
    durations: Sequence[int],
) -> int:
    """The bound of one limit: the best of the heads and the tails from which on, or up to which, tasks are counted."""
    best = 0
    after = [tails[task] - durations[task] for task in tasks]
    for first, second in (
        (sorted(zip((heads[t] for t in tasks), tasks), reverse=True), min(after, default=0)),
        (sorted(zip(after, tasks), reverse=True), min((heads[t] for t in tasks), default=0)),
    ):
        total = 0
        for time, task in first:
            total += amounts[task] * durations[task]
            best = max(best, time - (-total // capacity) + second)
    return best


def _heads(work: Workload) -> tuple[list[int], list[int]]:
    """When each task can begin at the earliest, and the task whose end it waits for last; -1 where there is none."""
    heads, last = [0] * work.size, [-1] * work.size
    durations = work.durations
    for task in work.topological:
        needs = work.before[task]
        if len(needs) == work.needed[task]:
            for other in needs:
                end = heads[other] + durations[other]
                if end > heads[task]:
                    heads[task], last[task] = end, other
        else:
            ends = sorted((heads[other] + durations[other], other) for other in needs)
            heads[task], last[task] = ends[work.needed[task] - 1]
    return heads, last


def _certain(work: Workload) -> Sequence[int]:
    """The tasks that run whatever happens: nobody downstream goes on with only some of what it depends on."""
    if not work.waits:
        return range(work.size)
    some = [needed < len(needs) for needed, needs in zip(work.needed, work.before)]
    doubtful = [False] * work.size
    for task in reversed(work.topological):
        if some[task] or doubtful[task]:
            for other in work.before[task]:
                doubtful[other] = True
    return [task for task in range(work.size) if not doubtful[task]]
