"""The brief of one attempt: the values that its template is rendered with."""

from __future__ import annotations

from .contract import json_term, terms
from .marker import marker
from .plan import Plan, PlannedTask
from .state import PAST, SUCCESS, State
from .templates import render

TEMPLATE = "briefs/base.md.j2"
LONGEST_SCHEMA = 1000
"""How many characters of a JSON Schema a brief holds."""


def long_schema(plan: Plan, task_id: str) -> str:
    """The JSON Schema of a task's output where it is too long for a brief, which then names its file; else empty."""
    schema = str(plan.tasks[task_id].contract.get("json_schema") or "")
    return schema if len(schema) > LONGEST_SCHEMA else ""


def brief(plan: Plan, state: State, task_id: str, attempt: int, schema_file: str = "") -> str:
    """The text that the agent of one attempt gets; its first line is the marker. A long schema is in a file."""
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
            "lists": [other.for_each for other in plan.patterns if other.for_each["from"] == task_id],
            "contract": [*terms(task.contract), *filter(None, [json_term(task.contract, task.output, schema_file)])],
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
