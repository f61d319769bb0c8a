"""The main conversation's own events: what it must hear next, if anything.

These functions only decide *whether* there is something to say (standard library, a few milliseconds). The words
(briefs, blocks, the report) need templates, so they are rendered by the full program, which the hook turns into.
"""

from __future__ import annotations

import os

from .active import ActiveRun, Payload
from .closing import close_returned
from .decide import decide
from .judge import close
from .state import CANCELLED

COMMANDS = ("/parallel-dispatch", "/parallel-dispatch:parallel-dispatch")
NOTIFICATIONS = ("<task-notification>", "<agent-message from=")
"""How prompts begin that the host writes by itself when an agent ends."""
MAX_REMINDERS = 3
"""How often a conversation that stops with work left is sent back without progress."""


def on_batch(payload: Payload, run: ActiveRun) -> str:
    """The word for the full program after a batch of tool calls returned; empty where there is nothing to say."""
    if payload.get("agent_id"):
        return ""
    state = run.state()
    if close_returned(payload, run, state):
        state = run.state()
    decision = decide(state)
    return "batch" if decision.over or (decision.dispatch and not state.user_spoke) else ""


def on_prompt(payload: Payload, run: ActiveRun) -> str:
    """The word after a prompt: a notification may release tasks; anything but it and our command is the user."""
    prompt = str(payload.get("prompt") or "").lstrip()
    if prompt and prompt.split(None, 1)[0] in COMMANDS:
        return ""
    _forget_offer(run)
    if prompt.startswith(NOTIFICATIONS):
        decision = decide(run.state())
        return "prompt" if decision.dispatch or decision.over else ""
    run.ledger.append("user-spoke")
    _close_interrupted(run)
    return ""


def on_stop(payload: Payload, run: ActiveRun) -> str:
    """The word when the model wants to stop: never against the user, at most three times without progress."""
    if payload.get("agent_id"):
        return ""
    state = run.state()
    decision = decide(state)
    if decision.over:
        return "end"
    if state.user_spoke or state.open or not decision.dispatch:
        return ""
    if state.reminders >= MAX_REMINDERS:
        return "leave"
    run.ledger.append("reminded")
    return "stop"


def _close_interrupted(run: ActiveRun) -> None:
    """Attempts that the user interrupted: a prompt is only submitted when no foreground call runs any more."""
    for attempt in list(run.state().open.values()):
        if not attempt.background:
            close(run, attempt, "interrupted by the user", otherwise=CANCELLED)


def _forget_offer(run: ActiveRun) -> None:
    if os.path.exists(run.folder.offer):
        os.unlink(run.folder.offer)
