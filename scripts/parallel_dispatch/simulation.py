"""A run foretold: when each task begins and ends if every one takes as long as estimated and succeeds.

The rules are those of `decide` and `capacity`: whenever a task has ended, those that are ready begin in the order of
dispatch, as far as the limits let them (the parallel schedule generation scheme: J. E. Kelley, "The critical-path
method: resources planning and scheduling", 1963).
"""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .workload import Workload

    Yields = Mapping[int, int]

_NONE: dict[int, int] = {}


class Schedule:
    """When each task begins and ends, in milliseconds from the run's beginning; -1 where it does not run at all.

    `order` is the order of dispatch that leads to it; `in_waves` and `yields` are those of `simulate`.
    """

    __slots__ = ("ends", "in_waves", "makespan", "order", "starts", "yields")

    def __init__(
        self, order: Sequence[int], starts: list[int], ends: list[int], in_waves: bool = False, yields: Yields = _NONE
    ) -> None:
        self.order = order
        self.starts = starts
        self.ends = ends
        self.makespan = max(ends, default=0)
        self.in_waves = in_waves
        self.yields = yields


def simulate(work: Workload, order: Sequence[int], in_waves: bool = False, yields: Yields = _NONE) -> Schedule:
    """The schedule of an order of dispatch.

    `in_waves`: no task begins before those of the levels before its own have ended. `yields` names for some tasks the
    one that each lets go first: it does not begin before that one has.
    """
    if work.is_plain and not (yields or work.waits):
        return _plain_waves(work, order) if in_waves else _plain(work, order)
    return _Simulation(work, order, in_waves, yields).run()


def in_turn(work: Workload, order: Sequence[int]) -> Yields:
    """What each task must let go first, so that none overtakes another that stands before it in an order.

    In the order, each task stands behind those that it needs.
    """
    simulation = _Simulation(work, order, in_waves=False, yields={}, in_turn=True)
    simulation.run()
    return simulation.yields


def _plain(work: Workload, order: Sequence[int]) -> Schedule:
    """The same where nothing but dependencies and the number of agents counts."""
    durations, after, free = work.durations, work.after, work.parallel
    place = [0] * work.size
    for at, task in enumerate(order):
        place[task] = at
    unmet = list(work.needed)
    ready = [at for at, task in enumerate(order) if not unmet[task]]  # sorted, so a heap
    starts = [0] * work.size
    ends = [0] * work.size
    running: list[tuple[int, int]] = []
    now = 0
    while True:
        while free and ready:
            task = order[heappop(ready)]
            starts[task] = now
            ends[task] = end = now + durations[task]
            heappush(running, (end, task))
            free -= 1
        if not running:
            return Schedule(order, starts, ends)
        now = running[0][0]
        while running and running[0][0] == now:
            free += 1
            for other in after[heappop(running)[1]]:
                unmet[other] -= 1
                if not unmet[other]:
                    heappush(ready, place[other])


def _plain_waves(work: Workload, order: Sequence[int]) -> Schedule:
    """The same wave by wave."""
    durations = work.durations
    starts = [0] * work.size
    ends = [0] * work.size
    waves: list[list[int]] = [[] for _ in range(max(work.levels, default=-1) + 1)]
    for task in order:
        waves[work.levels[task]].append(task)
    now = 0
    for wave in waves:
        free = [now] * min(work.parallel, len(wave))  # when each agent is free, a heap
        for task in wave:
            starts[task] = start = free[0]
            ends[task] = end = start + durations[task]
            heapreplace(free, end)
        now = max(free)
    return Schedule(order, starts, ends, in_waves=True)


class _Simulation:
    """The state of a simulated run under all limits."""

    def __init__(
        self, work: Workload, order: Sequence[int], in_waves: bool, yields: Yields, in_turn: bool = False
    ) -> None:
        self.work = work
        self.order = order
        self.in_waves = in_waves
        self.yields = dict(yields)
        self.in_turn = in_turn
        self.place = [0] * work.size
        for at, task in enumerate(order):
            self.place[task] = at
        self.now = 0
        self.starts = [-1] * work.size
        self.ends = [-1] * work.size
        self.settled = [False] * work.size  # ended, or not needed any more
        self.unmet = list(work.needed)
        self.free = work.parallel
        self.left = list(work.capacities)
        self.running: list[tuple[int, int]] = []
        self.ready: dict[int, list[int]] = {}  # by kind, a heap of places in the order; none is empty
        self.first = 0  # no task before this place has yet to begin
        self.level = 0  # the first that has not ended
        self.unsettled = [0] * (max(work.levels, default=0) + 1)
        for level in work.levels:
            self.unsettled[level] += 1
        self.yielding: dict[int, list[int]] = {}  # ready, but for the one that goes first
        self.later: list[list[int]] = [[] for _ in self.unsettled]  # ready, but for the waves before theirs
        for task in order:
            if not self.unmet[task]:
                self._offer(task)

    def run(self) -> Schedule:
        """The schedule."""
        while True:
            self._begin()
            if not self.running:
                return Schedule(self.order, self.starts, self.ends, self.in_waves, self.yields)
            self.now = self.running[0][0]
            while self.running and self.running[0][0] == self.now:
                task = heappop(self.running)[1]
                if not self.settled[task]:
                    self._end(task)

    def _offer(self, task: int) -> None:
        level = self.work.levels[task]
        ahead = self.yields.get(task, task)
        if self.in_waves and level > self.level:
            self.later[level].append(task)
        elif not (ahead == task or self.in_turn or self._has_begun(ahead)):
            self.yielding.setdefault(ahead, []).append(task)
        else:
            self._ready(task)

    def _ready(self, task: int) -> None:
        heappush(self.ready.setdefault(self.work.kinds[task], []), self.place[task])

    def _begin(self) -> None:
        """Every task begun that may be."""
        while self.free:
            kind = self._next()
            if kind < 0 or (self.in_turn and not self._is_its_turn(self.ready[kind][0])):
                return
            task = self.order[heappop(self.ready[kind])]
            if not self.ready[kind]:
                del self.ready[kind]
            if self.settled[task]:
                continue
            self.starts[task], self.ends[task] = self.now, self.now + self.work.durations[task]
            heappush(self.running, (self.ends[task], task))
            self.free -= 1
            for limit, amount in self.work.demands[kind]:
                self.left[limit] -= amount
            if self.yielding:
                self._let_go(task)

    def _next(self) -> int:
        """The kind of the first ready task for which there is room; -1 where there is none."""
        demands, left = self.work.demands, self.left
        best, place = -1, len(self.order)
        for kind, heap in self.ready.items():
            if heap[0] < place:
                for limit, amount in demands[kind]:
                    if left[limit] < amount:
                        break
                else:
                    best, place = kind, heap[0]
        return best

    def _is_its_turn(self, place: int) -> bool:
        """Whether no task before a place has yet to begin; else all that could overtake it yield to it."""
        while self._has_begun(self.order[self.first]):
            self.first += 1
        if self.first == place:
            return True
        for kind, heap in self.ready.items():
            if self._fits(kind):
                self.yields.update((self.order[at], self.order[self.first]) for at in heap)
        return False

    def _has_begun(self, task: int) -> bool:
        """Whether a task has begun, or never will."""
        return self.settled[task] or self.starts[task] >= 0

    def _let_go(self, task: int) -> None:
        for other in self.yielding.pop(task, ()):
            self._ready(other)

    def _fits(self, kind: int) -> bool:
        for limit, amount in self.work.demands[kind]:
            if self.left[limit] < amount:
                return False
        return True

    def _give_back(self, task: int) -> None:
        self.free += 1
        for limit, amount in self.work.demands[self.work.kinds[task]]:
            self.left[limit] += amount

    def _end(self, task: int) -> None:
        self._give_back(task)
        self._settle(task)
        for other in self.work.after[task]:
            if self.settled[other] or not self.unmet[other]:
                continue
            self.unmet[other] -= 1
            if not self.unmet[other]:
                self._offer(other)
                if self.work.waits:
                    self._drop_needless(other)

    def _settle(self, task: int) -> None:
        self.settled[task] = True
        if self.yielding:
            self._let_go(task)
        self.unsettled[self.work.levels[task]] -= 1
        while self.level < len(self.unsettled) and not self.unsettled[self.level]:
            self.level += 1
            for other in self.later[self.level] if self.level < len(self.later) else ():
                self._ready(other)

    def _drop_needless(self, task: int) -> None:
        """What a task goes on without, and nobody else needs, called off."""
        todo = [task]
        while todo:
            for other in self.work.before[todo.pop()]:
                if self.settled[other] or not all(map(self._is_served, self.work.after[other])):
                    continue
                if self.starts[other] < 0:
                    todo.append(other)
                else:
                    self.ends[other] = self.now
                    self._give_back(other)
                self._settle(other)

    def _is_served(self, task: int) -> bool:
        return self.settled[task] or not (self.unmet[task] or task in self.work.leaving)
