"""The outcomes that the tasks of a run may have, told from those that they have in the same world undisturbed.

A task is hit where something was done to an agent of its own or of a task upstream. Every other one must end as it does
undisturbed. Where the order in which agents end decides, which is nobody's fault, a second outcome is as good: whom
another task went on without is not needed; in a run that was stopped or ran out of its budget the rest is cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parallel_dispatch.state import CANCELLED, FAILED, SKIPPED, SUCCESS, UNNEEDED

if TYPE_CHECKING:
    from unreliable import Host


class Outcomes:
    """What one run came to, beside what becomes of its tasks undisturbed."""

    def __init__(self, host: Host, undisturbed: dict[str, str]) -> None:
        self.state = host.state
        self.tasks = self.state.plan.tasks
        self.outcomes = {task: outcome for task, (outcome, _) in self.state.outcomes().items()}
        self.undisturbed = undisturbed
        self.is_halted = bool(self.state.halted or self.state.used_up or self.state.ended == CANCELLED)
        self.hit = self._downstream(host.hit | host.changed)
        self.droppable = self._droppable()

    @property
    def compared(self) -> list[str]:
        """The tasks that were not hit."""
        return [task for task in self.tasks if task not in self.hit]

    def allowed(self, task: str) -> set[str]:
        """The outcomes that a task may have which was not hit."""
        found = {self.undisturbed.get(task, "none, since it is not there")}
        if task in self.droppable:
            found.add(UNNEEDED)
        if self.is_halted:
            found.add(CANCELLED)
            if any(self.outcomes[needed] != SUCCESS for needed in self.tasks[task].dependencies):
                found.add(SKIPPED)
        if self.state.used_up and self.state.spent[task]:
            found.add(FAILED)  # "not tried again"
        return found

    @property
    def complaint(self) -> str:
        """The first task that has another outcome than it may have; empty where none has."""
        for task in self.compared:
            if self.outcomes[task] not in self.allowed(task):
                may = " or ".join(sorted(self.allowed(task)))
                return f"{task}, to which nothing was done, is {self.outcomes[task]}, and must be {may}"
        return ""

    def _downstream(self, hit: set[str]) -> set[str]:
        """The tasks that were hit themselves, were made in the place of one, or need one."""
        found = hit | {task for task in self.tasks if task.rpartition("-")[0] in hit}
        more = True
        while more:
            needing = {t.id for t in self.tasks.values() if not found.isdisjoint(t.dependencies)}
            more = not needing <= found
            found |= needing
        return found

    def _droppable(self) -> set[str]:
        """The tasks that one who needs them may drop, once all others have gone on without them, or never will."""
        found: set[str] = set()
        dependents = self.state.plan.dependents
        for _ in self.tasks:
            found |= {
                task
                for task in self.tasks
                if any(self._goes_on_without(each, found) for each in dependents[task])
                and all(self._may_do_without(each, found) for each in dependents[task])
            }
        return found

    def _goes_on_without(self, task: str, droppable: set[str]) -> bool:
        return task in droppable or (self._waits_for_some(task) and not self.tasks[task].leaves_losers)

    def _may_do_without(self, task: str, droppable: set[str]) -> bool:
        never_begins = self.undisturbed.get(task) == SKIPPED or self.is_halted or task in self.hit
        return never_begins or task in droppable or self._waits_for_some(task)

    def _waits_for_some(self, task: str) -> bool:
        return self.tasks[task].needed < len(self.tasks[task].dependencies)
