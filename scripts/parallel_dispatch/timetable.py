"""Schedules made task by task: each is put at the earliest time at which all its limits leave room for it.

The serial schedule generation scheme (Kelley 1963) over whole units of time, and forward-backward improvement: the
schedule pushed to the right, and back to the left, gets no longer and often shorter (K. Y. Li and R. J. Willis, "An
iterative scheduling technique for resource-constrained project scheduling", 1992; V. Valls, F. Ballestín and
S. Quintanilla, "Justification and RCPSP: a technique that pays", 2005).

What is in use at each unit of time stands in a field of bits for each limit, and all fields of all units in one
integer, so that one addition takes a task's share of everything, and another finds what is too much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .workload import Workload

MOST_LIMITS = 64
"""How many limits are looked at; those beyond are left to the simulation of what comes out."""


class Timetable:
    """The tasks of a workload in units of time of so many milliseconds; durations are rounded up."""

    def __init__(self, work: Workload, unit: int) -> None:
        self.work = work
        self.unit = unit
        self.durations = [-(-duration // unit) for duration in work.durations]
        demands, capacities = _limits(work)
        widths = [capacity.bit_length() + 1 for capacity in capacities]
        shifts = [sum(widths[:at]) for at in range(len(widths))]
        self._bits = bits = sum(widths)
        too_much = sum(1 << (shift + width - 1) for shift, width in zip(shifts, widths))
        every: dict[int, int] = {}  # a one in the first bit of so many units
        self._share, self._margin, self._too_much, self._window = [], [], [], []
        for kind, length in zip(work.kinds, self.durations):
            ones = every.setdefault(length, ((1 << (length * bits)) - 1) // ((1 << bits) - 1) if bits else 0)
            share = margin = 0
            for at, (shift, width, capacity) in enumerate(zip(shifts, widths, capacities)):
                amount = demands[kind].get(at, 0)
                share |= amount << shift
                margin |= ((1 << (width - 1)) - 1 - capacity + amount) << shift
            self._share.append(share * ones)
            self._margin.append(margin * ones)
            self._too_much.append(too_much * ones)
            self._window.append((1 << (length * bits)) - 1)

    def place(self, order: Sequence[int], before: Sequence[Sequence[int]]) -> list[int]:
        """When each task ends, where each is placed after those that it needs in an order in which they come first."""
        bits, durations = self._bits, self.durations
        shares, margins, too_much, windows = self._share, self._margin, self._too_much, self._window
        ends = [0] * len(durations)
        used = 0
        for task in order:
            start = 0
            for other in before[task]:
                if ends[other] > start:
                    start = ends[other]
            margin, bad, window = margins[task], too_much[task], windows[task]
            while True:
                at = start * bits
                over = (((used >> at) & window) + margin) & bad
                if not over:
                    break
                start += (over.bit_length() - 1) // bits + 1
            used += shares[task] << at
            ends[task] = start + durations[task]
        return ends

    def improved(self, ends: Sequence[int]) -> list[int]:
        """The ends of a schedule pushed to the right, and then to the left."""
        tasks = range(len(ends))
        backwards = self.place(sorted(tasks, key=lambda task: -ends[task]), self.work.after)
        return self.place(sorted(tasks, key=lambda task: -backwards[task]), self.work.before)

    def order(self, ends: Sequence[int]) -> list[int]:
        """The tasks as they begin in a schedule; the more urgent ones first."""
        starts = [end - duration for end, duration in zip(ends, self.durations)]
        order = sorted(range(len(ends)), key=starts.__getitem__)
        return sorted(order, key=self.work.urgency.__getitem__) if max(self.work.urgency) else order


def _limits(work: Workload) -> tuple[list[dict[int, int]], list[int]]:
    """The amounts that each kind takes of each limit, and how much there is; the number of agents is the first."""
    agents = [work.parallel] if work.parallel < work.size else []
    capacities = [*agents, *work.capacities][:MOST_LIMITS]
    first = len(agents)
    demands = [
        {**dict.fromkeys(range(first), 1), **{first + limit: amount for limit, amount in pairs}}
        for pairs in work.demands
    ]
    return demands, capacities
