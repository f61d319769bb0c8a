"""What the ledger tells of each task, as lines of a history: when, what, and in which words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .replay import timed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .ledger import Event
    from .state import State

TOLD = {
    "claimed": "dispatched",
    "agent-started": "agent began",
    "launched": "launched in the background",
    "sent-back": "sent back",
    "rewritten": "call rewritten by another plugin",
    "stop-asked": "asked to be stopped",
    "notified": "host told of its end",
    "spread": "other tasks made from it",
    "unspread": "no tasks could be made from it",
    "closed": "ended",
}
"""The events that the history of a task has, in its own words."""


class Happening(NamedTuple):
    """One thing that happened to a task, at a time of the run."""

    at: float
    what: str
    text: str


def histories(state: State, events: list[Event]) -> dict[str, list[Happening]]:
    """The history of each task of a run, in the order of its ledger."""
    found: dict[str, list[Happening]] = {task: [] for task in state.plan.tasks}
    anchor = (0.0, 0.0)
    for event in events:
        anchor, time = timed(event, anchor)
        what = TOLD.get(str(event.get("event")), "")
        if not what or str(event.get("call")) in state.rejected:
            continue
        for task in _tasks(state, event):
            if task in found:
                found[task].append(Happening(time, what, _text(event)))
    return found


def _tasks(state: State, event: Event) -> Iterator[str]:
    """The tasks that an event is about: named, or those of the agent that it names."""
    if event.get("task"):
        yield str(event["task"])
    elif event.get("agent_id"):
        yield from (attempt.task for attempt in state.of_agent(str(event["agent_id"])))


def _text(event: Event) -> str:
    """What there is to add: attempt, outcome, reason."""
    number, outcome, reason = event.get("attempt"), event.get("outcome"), event.get("reason")
    which = f"attempt {number}" if isinstance(number, int) and number > 1 else ""
    parts = (which, outcome, reason)
    return ": ".join(part for part in parts if isinstance(part, str) and part)
