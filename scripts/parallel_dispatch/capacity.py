"""What may run beside what runs: `max_parallel`, the instances of an agent, resources, write scopes, waves."""

from __future__ import annotations

from .plan import Plan


class Capacity:
    """What is left of a run's limits beside the tasks that run; `wave` is the first that has not ended yet.

    `most` is how many agents may run at once now: the plan's `max_parallel`, or fewer.
    """

    __slots__ = ("_held", "_most", "_plan", "_running", "_wave", "_working", "_writing")

    def __init__(self, plan: Plan, running: list[str], wave: int, most: int) -> None:
        self._plan = plan
        self._most = most
        self._wave = wave
        self._running = 0
        self._working: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._writing: list[str] = []
        for task in running:
            self.take(task)

    def take(self, task: str) -> None:
        """A task runs."""
        planned = self._plan.tasks[task]
        self._running += 1
        self._working[planned.agent] = self._working.get(planned.agent, 0) + 1
        for name, amount in planned.resources.items():
            self._held[name] = self._held.get(name, 0) + amount
        if planned.writes:
            self._writing.append(task)

    @property
    def is_full(self) -> bool:
        """Whether nothing at all may run beside what runs."""
        return self._running >= self._most

    def refusal(self, task: str) -> str:
        """Why a task may not run beside what runs; empty where it may."""
        plan, planned = self._plan, self._plan.tasks[task]
        if self.is_full:
            slower = f", and a busy server lets no more than {self._most} run" if self._most < plan.max_parallel else ""
            return f"max_parallel: {self._running} agents are running{slower}"
        if plan.in_waves and planned.wave > self._wave:
            return f'"{task}" waits for the end of wave {self._wave}'
        instances = plan.instances.get(planned.agent)
        if instances and self._working.get(planned.agent, 0) >= instances:
            return f"all {instances} instances of the agent {planned.agent} are at work"
        for name, amount in planned.resources.items():
            there = plan.resources.get(name, 1)
            if self._held.get(name, 0) + amount > there:
                return f"{name} is in use ({self._held.get(name, 0)} of {there}), and {task} needs {amount}"
        return self._held_files(task) if planned.writes and self._writing else ""

    def _held_files(self, task: str) -> str:
        """Whose write scope overlaps that of a task; empty where no running task's does."""
        from .scopes import overlapping

        for other in self._writing:
            both = overlapping(self._plan.tasks[task].writes, self._plan.tasks[other].writes)
            if both:
                return f"{task} may write {both[0]}, and {other}, which is running, {both[1]}"
        return ""
