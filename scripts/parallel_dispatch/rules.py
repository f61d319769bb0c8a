"""Priority rules: in which order ready tasks begin. Each gives a key by task; the smallest goes first.

They are those of the literature on list scheduling (R. Kolisch, "Efficient priority rules for the resource-constrained
project scheduling problem", 1996), and two that look at how scarce is what a task holds.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from .workload import longest_tails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .workload import Workload

    Key = Sequence[float]

FILE_ORDER = "file order"


def longest_path(work: Workload) -> Key:
    """The longest way to the end first (T. C. Hu, "Parallel sequencing and assembly line problems", 1961)."""
    return [-tail for tail in work.tails]


def latest_finish(work: Workload) -> Key:
    """What must be finished first, first: the longest way behind the task's own end."""
    return [duration - tail for duration, tail in zip(work.durations, work.tails)]


def most_steps(work: Workload) -> Key:
    """The most tasks on the way to the end first, whatever they take."""
    return [-tail for tail in longest_tails(work, [1] * work.size)]


def least_slack(work: Workload) -> Key:
    """What can be put off least first."""
    heads = [0] * work.size
    for task in work.topological:
        end = heads[task] + work.durations[task]
        for other in work.after[task]:
            heads[other] = max(heads[other], end)
    return [head / 2 - tail for head, tail in zip(heads, work.tails)]


def scarce_path(work: Workload) -> Key:
    """The longest way to the end first, where work counts as much as what it holds is in demand."""
    loads = work.loads
    return [
        -tail
        for tail in longest_tails(work, [max(1, round(d * max(loads[k]))) for d, k in zip(work.durations, work.kinds)])
    ]


def scarcest(work: Workload) -> Key:
    """What holds something that is in the greatest demand first; of these the longest way to the end."""
    longest = max(work.tails, default=0) + 1
    loads = [round(max(load), 2) for load in work.loads]
    return [-loads[kind] * longest * 100 - tail for kind, tail in zip(work.kinds, work.tails)]


def most_successors(work: Workload) -> Key:
    """What most others wait for first."""
    return [-len(after) for after in work.after]


def heaviest(work: Workload) -> Key:
    """The task with those that wait for it: the greatest rank positional weight."""
    durations = work.durations
    return [-durations[task] - sum(durations[other] for other in after) for task, after in enumerate(work.after)]


def file_order(work: Workload) -> Key:
    """First come, first served."""
    return range(work.size)


RULES: dict[str, Callable[[Workload], Key]] = {
    "longest remaining path": longest_path,
    "latest finish": latest_finish,
    "most steps to go": most_steps,
    "scarcest path": scarce_path,
    "least slack": least_slack,
    "scarcest first": scarcest,
    "most successors": most_successors,
    "heaviest first": heaviest,
    FILE_ORDER: file_order,
}
"""By name, the best first."""


def orders(work: Workload) -> Iterator[tuple[str, list[int]]]:
    """The order of each rule; the two that look at what is scarce are left out where nothing is."""
    for name, rule in RULES.items():
        if not (work.is_plain and rule in (scarce_path, scarcest)):
            yield name, order_by(work, rule(work))


def in_levels(work: Workload) -> list[int]:
    """The tasks wave by wave, each wave in file order; the more urgent ones first."""
    return sorted(range(work.size), key=lambda task: (work.urgency[task], work.levels[task]))


def order_by(work: Workload, key: Key) -> list[int]:
    """The tasks by urgency, then by a key, then as in the file; but each after those that it needs."""
    urgency = work.urgency
    order = sorted(range(work.size), key=lambda task: (urgency[task], key[task]))
    place = [0] * work.size
    for at, task in enumerate(order):
        place[task] = at
    if all(place[other] < place[task] for task, needs in enumerate(work.before) for other in needs):
        return order
    unmet = [len(needs) for needs in work.before]
    ready = [place[task] for task, count in enumerate(unmet) if not count]
    heapify(ready)
    found = []
    while ready:
        task = order[heappop(ready)]
        found.append(task)
        for other in work.after[task]:
            unmet[other] -= 1
            if not unmet[other]:
                heappush(ready, place[other])
    return found
