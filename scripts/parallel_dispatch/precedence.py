"""Who decides where outputs conflict: tasks in the order of `order`, then of their priority, then of the file. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .plan import Plan

_PRIORITIES = ("high", "normal", "low")


class Precedence:
    """The tasks of an aggregate, those that decide first, and the rule in words that put each there."""

    def __init__(self, plan: Plan, tasks: Sequence[str]) -> None:
        named = plan.aggregate.get("order")
        order = [task for task in named if task in tasks] if isinstance(named, list) else []
        priorities = {task: plan.tasks[task].priority for task in tasks}
        rest = [task for task in tasks if task not in set(order)]
        rest.sort(key=lambda task: _PRIORITIES.index(priorities[task]) if priorities[task] in _PRIORITIES else 1)
        self.tasks = [*order, *rest]
        self._rank = {task: at for at, task in enumerate(self.tasks)}
        self._named = set(order)
        self._priorities = priorities

    def first(self, tasks: Iterable[str]) -> str:
        """The one of some tasks that decides."""
        return min(tasks, key=self._rank.__getitem__)

    def rank(self, task: str) -> int:
        """The place of a task, from 0."""
        return self._rank[task]

    def why(self, first: str, others: Iterable[str]) -> str:
        """The rule by which a task comes before others."""
        behind = [task for task in others if task != first]
        if first in self._named:
            return f"{first} comes first in order"
        if any(self._priorities[task] != self._priorities[first] for task in behind):
            return f"{first} has the higher priority"
        return f"{first} comes first in the file"
