"""The tasks of a plan as the scheduling literature sees them: numbers for durations, edges for what waits for what.

The model is that of the resource-constrained project scheduling problem (J. Błażewicz, J. K. Lenstra and A. H. G.
Rinnooy Kan, "Scheduling subject to resource constraints: classification and complexity", 1983): agents, the instances
of one agent and the resources of a file are amounts of which running tasks hold a part, and so is the right to write,
of which there is one for each group of write scopes that overlap. Beyond it there are tasks that wait for some of their
dependencies only.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .scopes import exclusive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .plan import PlannedTask

URGENCY = {"high": 0, "normal": 1, "low": 2}


class Workload:
    """Tasks by their position, 0 to `size` - 1.

    `durations` are whole milliseconds, at least 1. `needed` is how many of its dependencies must end before a task may
    begin. `levels` count the waves from 0. A task's `kind` says what it holds while it runs: tasks of one kind may
    begin at the same moments. `demands` of a kind are pairs of a limit and an amount, of which `capacities` are there.
    `urgency` is the user's word, 0 first, which goes for what a task needs, too.
    """

    def __init__(
        self,
        durations: Sequence[int],
        before: Sequence[Sequence[int]],
        parallel: int,
        needed: Sequence[int] | None = None,
        leaving: frozenset[int] = frozenset(),
        kinds: Sequence[int] | None = None,
        demands: Sequence[Sequence[tuple[int, int]]] = ((),),
        capacities: Sequence[int] = (),
        urgency: Sequence[int] | None = None,
    ) -> None:
        self.size = len(durations)
        self.durations = durations
        self.before = before
        self.parallel = parallel
        self.needed = needed or [len(needs) for needs in before]
        self.leaving = leaving  # tasks that let their losers go on
        self.kinds = kinds or [0] * self.size
        self.demands = demands
        self.capacities = capacities
        self.after: list[list[int]] = [[] for _ in durations]
        for task, needs in enumerate(before):
            for other in needs:
                self.after[other].append(task)
        self.topological, self.levels = self._sorted()
        self.urgency = self._inherited(urgency) if urgency else [0] * self.size

    @property
    def is_plain(self) -> bool:
        """Whether nothing but dependencies and `parallel` limits what runs."""
        return not any(self.demands)

    @cached_property
    def waits(self) -> bool:
        """Whether some task goes on when only some of what it depends on have ended."""
        return any(needed < len(needs) for needed, needs in zip(self.needed, self.before))

    @cached_property
    def tails(self) -> list[int]:
        """The longest way from the beginning of each task to the end of all, in milliseconds."""
        return longest_tails(self, self.durations)

    @cached_property
    def loads(self) -> list[list[float]]:
        """How much in demand is what each kind holds, an agent first: 1 where the run takes longest to get through."""
        times = [0] * len(self.capacities)
        for duration, kind in zip(self.durations, self.kinds):
            for limit, amount in self.demands[kind]:
                times[limit] += amount * duration
        agents = sum(self.durations) / self.parallel
        shares = [time / capacity for time, capacity in zip(times, self.capacities)]
        most = max([agents, *shares])
        return [[agents / most, *(shares[limit] / most for limit, _ in demands)] for demands in self.demands]

    def limited(self, parallel: int) -> Workload:
        """The same with another number of agents."""
        return self._like(self.durations, parallel)

    def lasting(self, durations: Sequence[int]) -> Workload:
        """The same with other durations."""
        return self._like(durations, self.parallel)

    def _like(self, durations: Sequence[int], parallel: int) -> Workload:
        other = object.__new__(Workload)
        other.__dict__.update({name: value for name, value in self.__dict__.items() if name not in _RECKONED})
        other.durations, other.parallel = durations, parallel
        return other

    def _sorted(self) -> tuple[list[int], list[int]]:
        """The tasks, each after what it needs, and their levels (A. B. Kahn, 1962)."""
        open_ = [len(needs) for needs in self.before]
        levels = [0] * self.size
        order = [task for task, count in enumerate(open_) if not count]
        for task in order:  # grows while it is walked
            level = levels[task] + 1
            for other in self.after[task]:
                levels[other] = max(levels[other], level)
                open_[other] -= 1
                if not open_[other]:
                    order.append(other)
        return order, levels

    def _inherited(self, urgency: Sequence[int]) -> list[int]:
        found = list(urgency)
        if min(found) != max(found):
            for task in reversed(self.topological):
                for other in self.before[task]:
                    found[other] = min(found[other], found[task])
        return found


_RECKONED = ("tails", "loads")
"""What hangs on durations and agents, and is reckoned again where these are others."""


def longest_tails(work: Workload, durations: Sequence[int]) -> list[int]:
    """For each task its duration and the longest way behind it, for any durations."""
    tails = list(durations)
    for task in reversed(work.topological):
        tail = tails[task]
        for other in work.before[task]:
            if tail + durations[other] > tails[other]:
                tails[other] = tail + durations[other]
    return tails


def workload(
    tasks: Sequence[PlannedTask], parallel: int, instances: Mapping[str, int], resources: Mapping[str, int]
) -> Workload:
    """The workload of planned tasks under a run's limits: agents at once, instances by agent, amounts by resource."""
    position = {task.id: index for index, task in enumerate(tasks)}
    limits = _Limits(tasks, instances, resources)
    return Workload(
        durations=[max(1, round(task.estimate * 1000)) for task in tasks],
        before=[[position[needed] for needed in task.dependencies] for task in tasks],
        parallel=parallel,
        needed=[task.needed for task in tasks],
        leaving=frozenset(index for index, task in enumerate(tasks) if task.leaves_losers),
        kinds=[limits.kind(task) for task in tasks],
        demands=limits.demands,
        capacities=limits.capacities,
        urgency=[URGENCY[task.priority] for task in tasks],
    )


class _Limits:
    """What tasks hold while they run, numbered as it is met."""

    def __init__(
        self, tasks: Sequence[PlannedTask], instances: Mapping[str, int], resources: Mapping[str, int]
    ) -> None:
        self.instances = instances
        self.resources = resources
        self.demands: list[list[tuple[int, int]]] = []
        self.capacities: list[int] = []
        self._kinds: dict[object, int] = {}
        self._numbers: dict[object, int] = {}
        self._groups: dict[tuple[str, ...], list[int]] = {}  # the groups of overlapping scopes that each is in
        users: dict[tuple[str, ...], int] = {}
        for task in tasks:
            if task.writes:
                users[task.writes] = users.get(task.writes, 0) + 1
        for number, group in enumerate(exclusive(list(users))):
            for scope in group if len(group) > 1 or users[group[0]] > 1 else ():
                self._groups.setdefault(scope, []).append(number)

    def kind(self, task: PlannedTask) -> int:
        """The number of what a task holds."""
        agent = task.agent if task.agent in self.instances else ""
        groups = self._groups.get(task.writes, ())
        key = (agent, *groups, *sorted(task.resources.items())) if groups or task.resources else agent
        if key not in self._kinds:
            self._kinds[key] = len(self.demands)
            demands = [(self._limit(("agent", agent), self.instances[agent]), 1)] if agent else []
            demands += [(self._limit(("scope", group), 1), 1) for group in groups]
            for name, amount in sorted(task.resources.items()):
                demands.append((self._limit(("resource", name), self.resources.get(name, 1)), amount))
            self.demands.append(demands)
        return self._kinds[key]

    def _limit(self, name: object, capacity: int) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self.capacities)
            self.capacities.append(capacity)
        return self._numbers[name]
