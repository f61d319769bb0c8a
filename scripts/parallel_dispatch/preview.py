"""The brief that a task would get, for people: before there is a run, and as if all that it waits for had succeeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .brief import Brief, long_schema
from .item import name
from .marker import marker
from .options import Options
from .planner import plan_run
from .problem import quoted, suggestion
from .refusal import Refusal
from .state import SUCCESS, State
from .templates import brief_text

if TYPE_CHECKING:
    from .load import Loaded
    from .plan import Plan

RUN = "RUN"
"""What stands for the name of a run that nobody has started."""


def preview(loaded: Loaded, task: str, project: str) -> str:
    """The text of a task's first brief; `Refusal` where the file has no such task."""
    plan, folder = plan_run(loaded, Options(), project)
    if task not in plan.tasks:
        raise Refusal(_unknown(plan, task, loaded.path))
    state = State(plan)
    state.settled = dict.fromkeys(plan.tasks, (SUCCESS, ""))
    schema_file = folder.schema(task) if long_schema(plan, task) else ""
    text = brief_text(Brief(plan, state, task, 1, schema_file), project)
    return text.replace(marker(plan.run, task, 1), marker(RUN, task, 1)).replace(folder.name, RUN)


def _unknown(plan: Plan, task: str, path: str) -> str:
    """What to name instead of a task that is not there."""
    pattern = next((other for other in plan.patterns if _is_made_of(task, other.id)), None)
    if pattern:
        return (
            f"{quoted(task)} is made when {quoted(pattern.for_each['from'])} has ended; name {quoted(pattern.id)} for a"
            " brief with {{ item }} in it"
        )
    made = [other for other in plan.tasks if _is_made_of(other, task)]
    if made:
        first, last = (quoted(name(task, number)) for number in (1, len(made)))
        return f"{quoted(task)} stands for one task per item; name one of {first} to {last}"
    return f"{path} has no task {quoted(task)}{suggestion(task, plan.tasks) or _listed(list(plan.tasks))}"


def _is_made_of(task: str, pattern: str) -> bool:
    """Whether a task has the name of one that is made for an item of another."""
    base, dash, number = task.rpartition("-")
    return bool(dash) and base == pattern and number.isdecimal()


def _listed(tasks: list[str]) -> str:
    few = ", ".join(tasks[:10])
    return f"; it has {few}{f' and {len(tasks) - 10:,} more' if len(tasks) > 10 else ''}"
