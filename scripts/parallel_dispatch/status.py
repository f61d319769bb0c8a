"""How a run stands, as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .report import MARKS, seconds

if TYPE_CHECKING:
    from .plan import Plan
    from .state import State


def table(plan: Plan, state: State) -> str:
    """One line per task: its state, its time, where its output goes or why it is not there."""
    outcomes = state.outcomes()
    ended = state.ended or (f"stopped by {state.stopped_by}" if state.stopped_by else "under way")
    lines = [f"{plan.name} (run {plan.run}): {ended}"]
    width = max(map(len, outcomes))
    for task, (outcome, reason) in outcomes.items():
        last = state.attempts[task][-1] if state.attempts[task] else None
        word = "running" if task in state.open else MARKS[outcome] if outcome else "waiting"
        took = seconds(last.seconds) if last and last.seconds is not None else ""
        what = reason or (last.reason if last and last.reason else plan.shown(plan.tasks[task].output))
        lines.append(f"  {task:{width}}  {word:9}  {took:>8}  {what}".rstrip())
    return "\n".join(lines)
