"""The brief of one attempt: the values that its template is rendered with."""

from __future__ import annotations

from .contract import terms
from .marker import marker
from .plan import Plan
from .state import State
from .templates import render

TEMPLATE = "briefs/base.md.j2"


def brief(plan: Plan, state: State, task_id: str, attempt: int) -> str:
    """The text that the agent of one attempt gets; its first line is the marker."""
    task = plan.tasks[task_id]
    failed = state.attempts[task_id][attempt - 2] if attempt > 1 else None
    return render(
        plan.project,
        TEMPLATE,
        {
            "marker": marker(plan.run, task_id, attempt),
            "task": task,
            "run": plan.name,
            "inputs": [plan.tasks[dependency] for dependency in task.dependencies],
            "minutes": f"{task.timeout / 60:.1f}".rstrip("0").rstrip("."),
            "lists": [other.for_each for other in plan.patterns if other.for_each["from"] == task_id],
            "contract": terms(task.contract),
            "rehearsal": plan.rehearsal,
            "failure": failed.reason if failed else "",
        },
    )
