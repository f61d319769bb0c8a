"""What follows what in a schedule, whether for a dependency or for what one task frees for the next.

With these links a schedule is a partial order in which tasks can be put off without breaking a limit (N. Policella, A.
Cesta, A. Oddi and S. F. Smith, "From precedence constraint posting to partial order schedules", 2007): so it tells how
late each task could begin without the run taking longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .forecast import Forecast


class Chains:
    """For each task, those whose end it waits for in this schedule, and the latest moment at which it could begin."""

    __slots__ = ("_forecast", "latest", "links")

    def __init__(self, forecast: Forecast) -> None:
        self._forecast = forecast
        self.links: list[list[int]] = [[] for _ in forecast.tasks]
        begun = forecast.begun
        self._link(begun)
        self.latest = self._put_off(begun)

    def slack(self, task: int) -> int:
        """How many milliseconds later a task could begin without the run taking longer."""
        return self.latest[task] - self._forecast.schedule.starts[task]

    @property
    def deciding(self) -> list[int]:
        """The tasks that decide how long the run is: from its beginning to its end, each begins where one ended."""
        schedule = self._forecast.schedule
        task = schedule.ends.index(schedule.makespan)
        path = [task]
        while schedule.starts[task] > 0:
            now = schedule.starts[task]
            needs = self._forecast.work.before[task]
            causes = [other for other in self.links[task] if schedule.ends[other] == now]
            if not causes and task in schedule.yields:
                causes = [schedule.yields[task]]  # it begins as soon as that one has begun
            if not causes:
                break
            task = min(causes, key=lambda other: (other not in needs, other))
            path.append(task)
        return path[::-1]

    def _link(self, begun: list[int]) -> None:
        work, schedule = self._forecast.work, self._forecast.schedule
        ends = schedule.ends
        agents = [(-1, work.parallel)]
        held = [[(-1, capacity)] for capacity in work.capacities]
        previous: list[int] = []
        wave: list[int] = []
        level = 0
        for task in begun:
            start, kind, links = schedule.starts[task], work.kinds[task], self.links[task]
            needs = (other for other in work.before[task] if not self._forecast.is_cut_short(other))
            links += [other for other in needs if 0 <= ends[other] <= start]
            if schedule.in_waves:
                if work.levels[task] > level:
                    level, previous, wave = work.levels[task], wave, []
                wave.append(task)
                links += [other for other in previous if not self._forecast.is_cut_short(other)]
            for limit, amount in work.demands[kind]:
                links += self._taken(held[limit], task, amount)
            links += self._taken(agents, task, 1)
            links[:] = dict.fromkeys(links)

    def _taken(self, parts: list[tuple[int, int]], task: int, amount: int) -> list[int]:
        """The tasks from which one takes an amount: those that it follows anyway, then those that ended first."""
        schedule, follows = self._forecast.schedule, self.links[task]
        ends = schedule.ends
        now = schedule.starts[task]
        free = [part for part in parts if part[0] < 0 or ends[part[0]] <= now]
        free.sort(key=lambda part: (part[0] not in follows, ends[part[0]] if part[0] >= 0 else -1))
        found, left = [], amount
        for part in free:
            if not left:
                break
            parts.remove(part)
            used = min(left, part[1])
            left -= used
            if used < part[1]:
                parts.append((part[0], part[1] - used))
            if part[0] >= 0:
                found.append(part[0])
        parts.append((task, amount))
        return found

    def _put_off(self, begun: list[int]) -> list[int]:
        schedule = self._forecast.schedule
        until = [schedule.makespan] * len(self.links)
        latest = list(schedule.starts)
        for task in reversed(begun):
            if self._forecast.is_cut_short(task):
                until[task] = schedule.makespan
            latest[task] = until[task] - (schedule.ends[task] - schedule.starts[task])
            ahead = schedule.yields.get(task)
            if ahead is not None and 0 <= schedule.starts[ahead] <= schedule.starts[task]:
                lasting = schedule.ends[ahead] - schedule.starts[ahead]
                until[ahead] = min(until[ahead], latest[task] + lasting)
            for other in self.links[task]:
                until[other] = min(until[other], latest[task])
        return latest
