"""What of a run is kept when it is resumed, told from its files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .changes import asked_for_more, changes
from .growing import grow, items_of
from .judge import built_on, fingerprint, inputs, lacking
from .refusal import Refusal
from .resumption import Resumption
from .spread import check_items
from .state import CANCELLED, FAILED, SUCCESS, UNNEEDED

if TYPE_CHECKING:
    from .active import ActiveRun
    from .plan import Plan, PlannedTask
    from .state import State

_UNDONE = {
    FAILED: "it failed",
    CANCELLED: "it was cancelled",
    SUCCESS: "it was yet to run again",
    UNNEEDED: "it is needed now",
}
"""Why a task that had begun is not done, by the outcome of its last attempt."""


def recovery(run: ActiveRun, state: State, base: Plan) -> Resumption:
    """What becomes of a run's tasks as it goes on by a plan, its old one or a new one.

    A task that is done stays so, unless its work is another now, its output is gone, or what it built on is not what it
    was. An output that somebody edited stays; what was built on it before is built again.
    """
    plan = _grown(run, state, base)
    changed = dict.fromkeys(asked_for_more(state.base, base), "it is asked for a list now")
    changed |= changes(state.plan, plan)
    again: dict[str, str] = {}
    kept = 0
    for task in (task for wave in plan.waves for task in wave if state.attempts.get(task.id)):
        outcome = state.settled.get(task.id, ("",))[0]
        if outcome == UNNEEDED:
            continue
        if outcome == SUCCESS:
            why = changed.get(task.id) or _why_redone(state, plan, task, again)
        else:
            why = changed.get(task.id) or _UNDONE.get(state.attempts[task.id][-1].outcome, "its agent was cut off")
        if why:
            again[task.id] = why
        else:
            kept += 1
    for pattern in base.patterns:
        if pattern.id in state.spread and (pattern.id in plan.tasks or _is_stale(state, base, pattern, again)):
            again[pattern.id] = "its list is read again"
    new = [task for task in base.tasks if task not in state.base.tasks]
    return Resumption(kept, again, new, [task for task in state.base.tasks if task not in base.tasks])


def _grown(run: ActiveRun, state: State, base: Plan) -> Plan:
    """The plan with the tasks that were made of what others wrote, as far as it would still have them made so."""
    plan = base
    for task, event in state.spread.items():
        pattern, items = plan.tasks.get(task), items_of(event)
        if pattern and pattern.for_each and pattern.for_each == state.base.tasks[task].for_each:
            try:
                check_items(run, plan, pattern, items)
            except Refusal:  # they would meet what the file has now; the reason is told when they are read again
                continue
            plan = grow(plan, pattern, items)
    return plan


def _why_redone(state: State, plan: Plan, task: PlannedTask, again: dict[str, str]) -> str:
    """Why a task that is done, and whose work is the same, must be done again; empty where it stays."""
    last = state.attempts[task.id][-1]
    if last.digest != fingerprint(task)[1] and lacking(plan, task):  # what was judged stays judged
        return "its output is gone"
    needed = sorted(task.dependencies if task.goes_without else built_on(state, last))
    for dependency in needed:
        if dependency in again or state.settled.get(dependency, ("",))[0] != SUCCESS:
            return f"{dependency} runs again"
    if last.inputs in ("", inputs(state, last)):
        return ""
    edited = [d for d in needed if fingerprint(state.plan.tasks[d])[1] != state.attempts[d][-1].digest]
    return f"the output of {edited[0]} changed" if edited else "what it builds on changed"


def _is_stale(state: State, base: Plan, pattern: PlannedTask, again: dict[str, str]) -> bool:
    """Whether a list must be read again: whoever wrote it works again, or somebody edited it since."""
    source = base.tasks[pattern.for_each["from"]]
    is_kept = source.id not in again and state.settled.get(source.id, ("",))[0] == SUCCESS
    return not is_kept or state.spread[pattern.id].get("sha256") != fingerprint(source)[1]
