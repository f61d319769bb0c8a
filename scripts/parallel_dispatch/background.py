"""The ends of background agents, as the main conversation hears of them.

The host writes a prompt when one of them ends. Such a prompt is swallowed and the user shown a line of progress; where
there is something to say, the agent's watcher wakes the conversation for it, so that it hears our words only.
"""

from __future__ import annotations

from .active import ActiveRun
from .bell import LEAVE, ring
from .closing import note_passed_on, on_notification
from .decide import decide
from .gate import Payload
from .notification import Notification
from .owners import deactivate
from .progress import progress, standing
from .state import State
from .watch import is_waking, wake_by, woken


def on_end(told: Notification, payload: Payload, run: ActiveRun) -> Payload | str | None:
    """One of our agents ended: swallowed, and where it releases something, its watcher wakes the conversation."""
    state = run.state()
    attempt = next(iter(state.of_agent(told.agent_id)), None)
    if attempt is None:
        return None
    if not attempt.background:  # its result came with its batch, or nobody saw it launched
        return "prompt" if something_to_say(state) else None
    was_open = attempt.is_open
    on_notification(told, attempt, run)
    state = run.state()
    if note_passed_on(payload, run, state):  # else nothing would come that speaks for them
        state = run.state()
    if was_open and told.status == "killed" and not (attempt.asked or state.open or state.ended):
        run.ledger.append("cancelled")  # stopped by hand, and nothing is left: the user wants no more of it
        state = run.state()
    line = f"parallel-dispatch: {standing(state, attempt.task)} {progress(state)}"
    speaks = something_to_say(state)
    if is_waking(run):  # queued before the wake, it would take it down when swallowed; so it goes through as well
        ring(run.folder.watcher(told.agent_id), LEAVE)
        return "prompt" if speaks else None
    if speaks and not state.imminent:  # else the next notification will speak
        # Where nobody can wake the conversation, the notification goes through with the words.
        return swallowed(line) if wake_by(run, told.agent_id) else "prompt"
    ring(run.folder.watcher(told.agent_id), LEAVE)
    let_go(payload, run, state)
    return swallowed(line)


def let_go(payload: Payload, run: ActiveRun, state: State) -> None:
    """The conversation drives the run no longer, where it has heard of the end and nothing else is to come."""
    if state.told and not state.awaited:
        deactivate(run.plan.project, str(payload.get("session_id") or ""))


def on_wake(run: ActiveRun) -> Payload | str:
    """A watcher's word has arrived."""
    woken(run)
    state = run.state()
    return "prompt" if something_to_say(state) else swallowed(f"parallel-dispatch: {progress(state)}")


def something_to_say(state: State) -> bool:
    """Whether the main conversation must hear of tasks to dispatch, of agents to stop or of the end.

    The end is told once the last agent's notification is there, so that nothing comes after it.
    """
    decision = decide(state)
    if decision.over:
        return not (state.told or state.awaited)
    return bool(decision.dispatch or state.lingering or (state.paused and not state.open))


def swallowed(line: str) -> Payload:
    """The answer to a prompt that no model is to see; the user sees the line instead."""
    inner: Payload = {"hookEventName": "UserPromptSubmit", "suppressOriginalPrompt": True}
    return {"decision": "block", "reason": line, "hookSpecificOutput": inner}
