"""The brief of one attempt: the values that its template is rendered with."""

from __future__ import annotations

from .contract import terms
from .marker import marker
from .plan import Plan, PlannedTask
from .state import PAST, SUCCESS, State
from .templates import render

TEMPLATE = "briefs/base.md.j2"


def brief(plan: Plan, state: State, task_id: str, attempt: int) -> str:
    """The text that the agent of one attempt gets; its first line is the marker."""
    task = plan.tasks[task_id]
    missing = _missing(state, task) if task.wait else {}
    failed = state.attempts[task_id][attempt - 2] if attempt > 1 else None
    return render(
        plan.project,
        TEMPLATE,
        {
            "marker": marker(plan.run, task_id, attempt),
            "task": task,
            "run": plan.name,
            "inputs": [plan.tasks[d] for d in task.dependencies if d not in missing],
            "missing": missing,
            "open_writes": plan.open_writes,
            "minutes": f"{task.timeout / 60:.1f}".rstrip("0").rstrip("."),
            "contract": terms(task.contract),
            "rehearsal": plan.rehearsal,
            "failure": failed.reason if failed else "",
        },
    )


def _missing(state: State, task: PlannedTask) -> dict[str, str]:
    """Why each of the dependencies is not there that a task goes on without."""
    found = {}
    for dependency in task.dependencies:
        outcome, reason = state.settled.get(dependency, ("", ""))
        if outcome != SUCCESS:
            found[dependency] = f"{PAST[outcome]}: {reason}" if outcome else "has not ended"
    return found
