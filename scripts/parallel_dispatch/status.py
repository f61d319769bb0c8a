"""How a run stands, as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .report import MARKS, seconds

if TYPE_CHECKING:
    from .standings import Moment


def table(moment: Moment) -> str:
    """One line per task: its state, its time, what its agent does, where its output goes or why it is not there.

    Where durations are known, how long it still takes. Agents of a run that nobody drives any more do not run.
    """
    state, condition = moment.state, moment.condition
    plan, outcomes = state.plan, state.outcomes()
    how = f", {state.halted}" if state.halted else f", {state.cut_short}" if state.cut_short else ""
    lines = [f"{plan.name} (run {plan.run}{', a rehearsal' if plan.rehearsal else ''}): {condition}{how}"]
    at_work = "cut off" if condition == "left" else "running" if plan.driver == "hooks" else "offered"
    width = max(map(len, outcomes))
    for row, (task, (outcome, reason)) in zip(moment.rows, outcomes.items()):
        last = state.attempts[task][-1] if state.attempts[task] else None
        word = at_work if task in state.open else MARKS[outcome] if outcome else "waiting"
        took = seconds(last.seconds) if last and last.seconds is not None else ""
        what = reason or (last.reason if last and last.reason else plan.shown(plan.tasks[task].output))
        if word == "running":
            took, what = seconds(row.seconds), row.what or what
        lines.append(f"  {task:{width}}  {word:9}  {took:>8}  {what}".rstrip())
    lines += [f"About {moment.remaining} to go."] if moment.remaining else []
    return "\n".join(lines)
