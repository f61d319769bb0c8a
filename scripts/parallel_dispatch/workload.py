"""The tasks of a plan as the scheduling literature sees them: numbers for durations, edges for what waits for what.

The model is that of the resource-constrained project scheduling problem (J. Błażewicz, J. K. Lenstra and A. H. G.
Rinnooy Kan, "Scheduling subject to resource constraints: classification and complexity", 1983): agents, the instances
of an agent and the resources of a file are amounts of which running tasks hold a part. Beyond it there are write scopes
(tasks that may not run at once) and tasks that wait for some of their dependencies only.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .scopes import conflicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .plan import PlannedTask

URGENCY = {"high": 0, "normal": 1, "low": 2}


class Workload:
    """Tasks by their position, 0 to `size` - 1.

    `durations` are whole milliseconds, at least 1. `needed` is how many of its dependencies must end before a task may
    begin. `levels` count the waves from 0. A task's `kind` says what it holds while it runs: tasks of one kind may
    begin at the same moments. `demands` of a kind are pairs of a limit and an amount, of which `capacities` are there;
    `rivals` of a kind are the kinds beside which it may not run. `urgency` is the user's word, 0 first, which goes for
    what a task needs, too.
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
        rivals: Sequence[Sequence[int]] = ((),),
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
        self.rivals = rivals
        self.after: list[list[int]] = [[] for _ in durations]
        for task, needs in enumerate(before):
            for other in needs:
                self.after[other].append(task)
        self.topological, self.levels = self._sorted()
        self.urgency = self._inherited(urgency) if urgency else [0] * self.size

    @property
    def is_plain(self) -> bool:
        """Whether nothing but dependencies and `parallel` limits what runs."""
        return not any(self.demands) and not any(self.rivals)

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
    scopes = list({task.writes: None for task in tasks if task.writes})
    meeting = dict(zip(scopes, conflicts(scopes)))
    held: dict[tuple[str, str], int] = {}  # what a limit is of → its number
    capacities: list[int] = []
    kinds: dict[tuple[object, ...], int] = {}
    demands: list[list[tuple[int, int]]] = []
    writing: list[tuple[str, ...]] = []
    alone = {scope for scope in scopes if meeting[scope] == [scope]}
    if alone:
        seen: set[tuple[str, ...]] = set()
        for task in tasks:
            if task.writes in seen:
                alone.discard(task.writes)
            seen.add(task.writes)

    def limit(of: str, name: str, capacity: int) -> int:
        if (of, name) not in held:
            held[of, name] = len(capacities)
            capacities.append(capacity)
        return held[of, name]

    def kind(task: PlannedTask) -> int:
        scope = () if task.writes in alone else task.writes
        agent = task.agent if task.agent in instances else ""
        key = (agent, scope, *sorted(task.resources.items())) if task.resources else (agent, scope)
        if key not in kinds:
            kinds[key] = len(demands)
            found = [(limit("agent", agent, instances[agent]), 1)] if agent else []
            found += [(limit("", name, resources.get(name, 1)), n) for name, n in sorted(task.resources.items())]
            demands.append(found)
            writing.append(scope)
        return kinds[key]

    of = [kind(task) for task in tasks]
    by_scope: dict[tuple[str, ...], list[int]] = {}
    for index, scope in enumerate(writing):
        by_scope.setdefault(scope, []).append(index)
    rivals = [[k for other in meeting[scope] for k in by_scope[other]] if scope else [] for scope in writing]
    return Workload(
        durations=[max(1, round(task.estimate * 1000)) for task in tasks],
        before=[[position[needed] for needed in task.dependencies] for task in tasks],
        parallel=parallel,
        needed=[task.needed for task in tasks],
        leaving=frozenset(index for index, task in enumerate(tasks) if task.leaves_losers),
        kinds=of,
        demands=demands,
        capacities=capacities,
        rivals=rivals,
        urgency=[URGENCY[task.priority] for task in tasks],
    )
