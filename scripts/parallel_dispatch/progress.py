"""How far a run is, in a few words for the user's screen. Pure."""

from __future__ import annotations

from .spans import span
from .state import FAILED, FINE, SUCCESS, Attempt, State

NAMED = 5
"""So many tasks are named in one line, of each kind."""


def progress(state: State) -> str:
    """How far a run is, in a few words."""
    outcomes = [outcome for outcome, _ in state.outcomes().values()]
    done = sum(1 for outcome in outcomes if outcome == SUCCESS)
    lost = sum(1 for outcome in outcomes if outcome and outcome not in FINE)
    parts = [f"{done} of {len(outcomes)} done"]
    parts += [f"{lost} lost"] if lost else []
    parts += [f"{len(state.open)} at work"] if state.open else []
    return ", ".join(parts) + "."


def standing(state: State, task: str) -> str:
    """Where one task is."""
    last = state.attempts[task][-1]
    if last.outcome != SUCCESS:
        return f"{task}: {last.outcome or 'at work'}."
    return f"{task}: done{_after(last.seconds)}."


def launching(state: State, tasks: list[str], now: float) -> str:
    """A line for what is dispatched: these tasks, what ended since the last ones were, and what is at work.

    `now` is a time of the run.
    """
    since = max((attempt.claimed for attempt in state.calls.values()), default=0.0)
    ended = [a for a in state.calls.values() if a.ended is not None and a.ended >= since]
    kinds = {
        "Completed": [_named(a, a.seconds) for a in ended if a.outcome == SUCCESS],
        "Failed": [_named(a, a.seconds) for a in ended if a.outcome == FAILED],
        "In progress": [_named(a, None if a.started is None else now - a.started) for a in state.open.values()],
    }
    told = [f"{kind}: {_few(names)}." for kind, names in kinds.items() if names]
    return " ".join([f"{_what(state, tasks)}: {_few(tasks)}.", *told, progress(state)])


def _what(state: State, tasks: list[str]) -> str:
    plan = state.plan
    gathers = all(len(plan.tasks[task].dependencies) > 1 and not plan.dependents[task] for task in tasks)
    if gathers and all(task in state.settled or task in tasks for task in plan.tasks):
        return "Synthesizing results"
    return f"Launching {len(tasks)} agents in parallel" if len(tasks) > 1 else "Launching 1 agent"


def _named(attempt: Attempt, seconds: float | None) -> str:
    return f"{attempt.task}{_after(seconds)}"


def _after(seconds: float | None) -> str:
    return f" ({span(1000 * max(0.1, seconds))})" if seconds is not None else ""


def _few(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
