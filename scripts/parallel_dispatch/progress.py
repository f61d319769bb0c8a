"""How far a run is, in a few words. Pure."""

from __future__ import annotations

from .state import FINE, SUCCESS, State


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
    return f"{task}: {'done' if last.outcome == SUCCESS else last.outcome or 'at work'}."
