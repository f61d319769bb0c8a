"""The figures of a plan: how long it takes, how long it would take otherwise, and what no plan can beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .bounds import critical_path
from .rules import in_levels
from .simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .forecast import Forecast


class Figures(NamedTuple):
    """Times in milliseconds. `waves` is None where it was not reckoned, as for very large plans.

    `sequential` is one task after another, `makespan` the plan, `waves` the same tasks wave by wave, `bound` what no
    order within the limits beats, `chain` the critical path, with `critical` its tasks. `most` agents work at once.
    """

    sequential: int
    makespan: int
    waves: int | None
    bound: int
    critical: Sequence[int]
    chain: int
    most: int

    @property
    def speedup(self) -> float:
        """How many times as fast as one task after another."""
        return self.sequential / max(1, self.makespan)

    @property
    def most_speedup(self) -> float:
        """How many times as fast any number of agents could be."""
        return self.sequential / max(1, self.chain)

    @property
    def is_shortest(self) -> bool:
        """Whether no order within the limits is shorter."""
        return self.makespan <= self.bound

    @property
    def gap(self) -> float:
        """By which share the plan is longer than what no order beats; the shortest plan may be as long."""
        return self.makespan / max(1, self.bound) - 1

    @property
    def gain_over_waves(self) -> float | None:
        """The share of time that beginning tasks as soon as they can begin saves."""
        return None if self.waves is None else 1 - self.makespan / max(1, self.waves)


def figures(forecast: Forecast, *, with_waves: bool) -> Figures:
    """The figures of a foretold run."""
    work, schedule = forecast.work, forecast.schedule
    critical = critical_path(work)
    waves = None
    if schedule.in_waves:
        waves = schedule.makespan
    elif with_waves:
        waves = simulate(work, in_levels(work), in_waves=True).makespan
    alone = simulate(work.limited(1), range(work.size)).makespan if work.waits else sum(work.durations)
    return Figures(
        sequential=alone,
        makespan=schedule.makespan,
        waves=waves,
        bound=round(forecast.plan.bound * 1000),
        critical=critical,
        chain=sum(work.durations[task] for task in critical),
        most=_most(schedule.starts, schedule.ends),
    )


def _most(starts: Sequence[int], ends: Sequence[int]) -> int:
    """The most tasks that run at once."""
    moments = [(end, -1) for start, end in zip(starts, ends) if start >= 0]
    moments += [(start, 1) for start in starts if start >= 0]
    moments.sort()
    most = now = 0
    for _, change in moments:
        now += change
        most = max(most, now)
    return most
