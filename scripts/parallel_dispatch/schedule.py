"""The order in which a run begins its tasks: the best of a portfolio of schedules, foretold with the estimates.

Priority rules, the plan wave by wave, and what forward-backward improvement makes of the best of them are simulated
as the run would go; the shortest one drives it. So a run is never slower than waves, if tasks take what was estimated.
Estimates are wrong, though: where schedules are nearly as short, it is the one that stays ahead of the waves when the
estimates are up to twice too long or too short.

The effort is counted in tasks placed, not in time: equal input gives an equal plan.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from .bounds import lower_bound
from .rules import in_levels, orders
from .simulation import Schedule, in_turn, simulate
from .timetable import Timetable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .simulation import Yields
    from .workload import Workload

EFFORT = 20_000
"""How many tasks are placed in all the schedules of a plan; twice as many where dependencies are the only limits."""
PASSES, MANY = 24, 2_000
"""How many schedules are made of large files at least, up to so many tasks; of files with more, two."""
UNITS = 1_000
"""Into how many units of time a schedule is divided for its improvement."""
FOLLOWED = 2
"""How many of the improved schedules are simulated."""
RIVALS, SCENARIOS = 5, 32
"""How many of the best schedules are compared with the waves, in how many scenarios of wrong estimates."""
LEAST_SEARCHED, SEEDS = 30, 3
"""For how many schedules a search is worth its while, and with how many of the best it begins."""
CLOSE = 1.25
"""How many times as long the waves take on the estimates, where no wrong estimates make them faster; where
dependencies are the only limits, none were seen to."""
CAUTION = 10
"""What being slower than waves, on the average of scenarios, counts against being slower on the estimates."""
WAVES, IMPROVEMENT, SEARCH = "wave by wave", "forward-backward improvement", "search"


class Arrangement:
    """The schedule to run, the rule that found it, and the milliseconds that no schedule beats."""

    __slots__ = ("bound", "rule", "schedule")

    def __init__(self, schedule: Schedule, rule: str, bound: int) -> None:
        self.schedule = schedule
        self.rule = rule
        self.bound = bound


def arrange(work: Workload, in_waves: bool = False, schedules: int = 0, effort: int | None = None) -> Arrangement:
    """The best schedule found, for runs that roll or, where the file says so, go wave by wave.

    `schedules` is how many more are made in search of a shorter one; `effort` is how many tasks are placed in all.
    """
    return _Portfolio(work, in_waves, _effort(work) if effort is None else effort).best(schedules)


class _Portfolio:
    """The schedules of one workload, as many as the effort allows."""

    def __init__(self, work: Workload, in_waves: bool, effort: int) -> None:
        self.work = work
        self.in_waves = in_waves
        self.left = effort
        self.cost = work.size * (1 if work.is_plain else 3)
        self.bound = lower_bound(work)
        self.found: list[tuple[Schedule, str]] = []

    def best(self, schedules: int) -> Arrangement:
        """The one to run."""
        for name, order in orders(self.work):
            first = self._add(name, self._simulated(order, self.in_waves))
            if first.makespan <= self.bound or self.left < 2 * self.cost:
                break
        waves = self._simulated(in_levels(self.work), in_waves=True)
        is_close = not (self.in_waves or self.work.is_plain) and waves.makespan < CLOSE * self.shortest
        reserve = self.left // 3 if is_close else 0
        self.left -= reserve
        if not (self.in_waves or self.work.waits):
            self._improve()
            self._search(schedules)
        self._add(WAVES, waves)
        self.left += reserve
        schedule, rule = self._cautious(waves) if is_close else self._best()[0]
        return Arrangement(schedule, rule, self.bound)

    @property
    def shortest(self) -> int:
        """The makespan to beat."""
        return min(schedule.makespan for schedule, _ in self.found)

    def _simulated(self, order: Sequence[int], in_waves: bool = False, yields: Yields | None = None) -> Schedule:
        self.left -= self.cost
        return simulate(self.work, order, in_waves, yields or {})

    def _add(self, rule: str, schedule: Schedule) -> Schedule:
        self.found.append((schedule, rule))
        return schedule

    def _improve(self) -> None:
        """The best schedules pushed forwards and backwards, as long as that makes them shorter."""
        shortest = self.shortest
        if shortest <= self.bound or self.left < 4 * self.cost:
            return
        timetable = Timetable(self.work, unit(self.work, shortest))
        begun = [(schedule.makespan, schedule.ends) for schedule, _ in self.found]
        for schedule, _ in list(self.found):
            ends = timetable.place(schedule.order, self.work.before)
            self.left -= self.work.size
            begun.append((max(ends) * timetable.unit, ends))
        pushed: list[list[int]] = []
        for _, ends in sorted(begun, key=lambda one: one[0]):
            if self.left < 6 * self.cost:
                break
            pushed.append(self._pushed(timetable, ends))
        for ends in sorted(pushed, key=max)[:FOLLOWED]:
            self._follow(timetable, ends, IMPROVEMENT)

    def _search(self, schedules: int) -> None:
        """A shorter schedule looked for, as long as asked or as the effort allows; the best there are come first."""
        affordable = (self.left - 4 * self.cost) // self.work.size
        if self.shortest <= self.bound or max(schedules, affordable) < LEAST_SEARCHED:
            return
        from .search import search  # what it needs is imported where it is used only

        timetable = Timetable(self.work, unit(self.work, self.shortest))
        seeds = [schedule.ends for schedule, _ in sorted(self.found, key=lambda one: one[0].makespan)]
        self.left -= affordable * self.work.size
        ends = search(timetable, seeds[:SEEDS], schedules or affordable, -(-self.bound // timetable.unit))
        self._follow(timetable, ends, SEARCH)

    def _pushed(self, timetable: Timetable, ends: list[int]) -> list[int]:
        best = timetable.improved(ends)
        self.left -= 2 * self.work.size
        while True:
            ends = timetable.improved(best)
            self.left -= 2 * self.work.size
            if max(ends) >= max(best):
                return best
            best = ends

    def _follow(self, timetable: Timetable, ends: list[int], rule: str) -> None:
        """A schedule as a run comes by it: in its order, and, where that is shorter, with no task overtaking others."""
        order = timetable.order(ends)
        self._add(rule, self._simulated(order))
        if max(ends) * timetable.unit < self.shortest:
            yields = in_turn(self.work, order)
            self._add(f"{rule}, in turn", self._simulated(order, yields=yields))

    def _best(self) -> list[tuple[Schedule, str]]:
        """What was found, the shortest first; of what is the same in other words, the first."""
        different: dict[tuple[int, ...], tuple[Schedule, str]] = {}
        for one in self.found:
            different.setdefault(tuple(one[0].starts), one)
        return sorted(different.values(), key=lambda one: one[0].makespan)

    def _cautious(self, waves: Schedule) -> tuple[Schedule, str]:
        """The schedule that is short on the estimates, and does not fall behind the waves when these are wrong."""
        shortest = self.shortest
        rivals = self._best()[:RIVALS]
        scenarios = min(SCENARIOS, self.left // ((len(rivals) + 1) * self.cost))
        if scenarios < 2 or len(rivals) == 1:
            return rivals[0]
        worlds = [self.work.lasting(durations) for durations in _worlds(self.work.durations, scenarios)]
        slow = [simulate(world, waves.order, in_waves=True).makespan for world in worlds]

        def risk(one: tuple[Schedule, str]) -> tuple[float, int]:
            schedule = one[0]
            found = [simulate(world, schedule.order, schedule.in_waves, schedule.yields).makespan for world in worlds]
            behind = sum(max(0.0, time / limit - 1) for time, limit in zip(found, slow)) / scenarios
            return schedule.makespan / shortest + CAUTION * behind, sum(found)

        return min((one for one in rivals if one[0].makespan <= waves.makespan), key=risk)


def _effort(work: Workload) -> int:
    if work.size > MANY:
        return 0
    return max(EFFORT * (2 if work.is_plain else 1), PASSES * work.size)


def unit(work: Workload, makespan: int) -> int:
    """Milliseconds so that a schedule has not too many of them: all durations are multiples, where that is possible."""
    common = gcd(*work.durations)
    return common if makespan <= 4 * UNITS * common else -(-makespan // UNITS)


def _worlds(durations: Sequence[int], count: int) -> Iterator[list[int]]:
    """What the durations may be in truth: all the same, nearer to each other, up to twice as long or short; so many.

    The factors are spread evenly (H. Weyl, 1916), and are the same for equal input.
    """
    mean = sum(durations) / len(durations)
    yield [max(1, round(mean))] * len(durations)
    yield [max(1, round((duration * mean) ** 0.5)) for duration in durations]
    for number in range(3, count + 1):
        shifts = ((task * 0.6180339887 + number * 0.4142135624 * (task % 7 + 1)) % 1 for task in range(len(durations)))
        yield [max(1, round(duration * 2.0 ** (2 * shift - 1))) for duration, shift in zip(durations, shifts)]
