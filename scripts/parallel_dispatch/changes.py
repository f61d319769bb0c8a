"""What a new plan of a run makes of its tasks: whose work is another now, and why. Pure.

A task's work is what its agent is told and who its agent is. When it runs and how often it is tried is no part of it,
so a run goes on with other limits, timeouts, priorities or estimates without doing anything twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .convention import convention

if TYPE_CHECKING:
    from .plan import Plan, PlannedTask

_PARTS = (
    "subagent_type",
    "title",
    "role",
    "description",
    "prompt",
    "output",
    "wait",
    "goes_without",
    "for_each",
    "context",
    "scope",
    "constraints",
    "reads",
    "writes",
    "output_format",
    "success_criteria",
    "contract",
)
"""What of a planned task its work depends on, beside its dependencies and its model."""
_WORDS = {
    "subagent_type": "agent",
    "title": "agent",
    "role": "agent",
    "wait": "dependencies",
    "goes_without": "dependencies",
}
"""What the task file calls these parts, where its word is another."""
OF_THE_AGGREGATE = "what the aggregate asks of it changed"
OF_THE_BRIEF = "the template of briefs changed"


def changes(old: Plan, new: Plan) -> dict[str, str]:
    """The tasks of both plans whose work is another in the new one, each with what changed."""
    found: dict[str, str] = {}
    for task in new.tasks.values():
        before = old.tasks.get(task.id)
        words = _changed(before, task) if before else []
        if words:
            found[task.id] = f"its {_joined(words)} changed"
        elif before and _role(old, before) != _role(new, task):
            found[task.id] = OF_THE_AGGREGATE
        elif before and old.template != new.template:
            found[task.id] = OF_THE_BRIEF
    return found


def asked_for_more(old: Plan, new: Plan) -> list[str]:
    """The tasks of whose outputs lists are asked by the new plan that nobody asked them for by the old one."""
    return [task for task in old.tasks if _lists(new, task) - _lists(old, task)]


def _changed(old: PlannedTask, new: PlannedTask) -> list[str]:
    """The parts of a task's work that are others now, in the task file's words. The order of dependencies is none."""
    differ = [_WORDS.get(part, part) for part in _PARTS if getattr(old, part) != getattr(new, part)]
    if sorted(old.dependencies) != sorted(new.dependencies):
        differ.append("dependencies")
    differ += [key for key in ("model", "effort") if old.call.get(key) != new.call.get(key)]
    return list(dict.fromkeys(differ))


def _role(plan: Plan, task: PlannedTask) -> tuple[bool, list[str]]:
    """What a task is for the aggregate: whether it merges, and the form in which its output is read."""
    return plan.integrator == task.id, convention(plan, task)


def _lists(plan: Plan, task: str) -> set[str]:
    """The places in a task's output of lists that others are made of: its brief asks for them."""
    return {other.for_each["path"] for other in plan.patterns if other.for_each["from"] == task}


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
