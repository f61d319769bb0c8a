"""A plan and the run that it foretells, task by task: what everything that is said of a plan is reckoned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .simulation import simulate
from .spans import Measure
from .workload import workload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .plan import Plan, PlannedTask


class Forecast:
    """The tasks of a plan by their position in the order of dispatch, as a workload, and their schedule.

    `measure` tells its times.
    """

    __slots__ = ("measure", "plan", "schedule", "tasks", "work")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tasks: list[PlannedTask] = list(plan.tasks.values())
        self.work = workload(self.tasks, plan.max_parallel, plan.instances, plan.resources)
        place = {task.id: at for at, task in enumerate(self.tasks)}
        yields = {at: place[task.yields_to] for at, task in enumerate(self.tasks) if task.yields_to}
        self.schedule = simulate(self.work, range(self.work.size), plan.in_waves, yields)
        self.measure = Measure(0 if self.is_known else self.work.durations[0])

    @property
    def is_known(self) -> bool:
        """Whether any task's duration is known."""
        return any(task.known_from for task in self.tasks)

    @property
    def begun(self) -> list[int]:
        """The tasks that run, as they begin."""
        starts = self.schedule.starts
        return sorted((task for task in range(self.work.size) if starts[task] >= 0), key=lambda task: starts[task])

    def is_cut_short(self, task: int) -> bool:
        """Whether a task is called off while it runs, as what needs it goes on without it."""
        start, end = self.schedule.starts[task], self.schedule.ends[task]
        return start >= 0 and end - start < self.work.durations[task]

    def ids(self, tasks: Iterable[int]) -> list[str]:
        """The ids of tasks."""
        return [self.tasks[task].id for task in tasks]
