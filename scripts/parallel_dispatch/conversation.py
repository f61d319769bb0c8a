"""The main conversation's own events: what it must hear next, if anything.

These functions decide *whether* there is something to say (standard library, a few milliseconds). The words (briefs,
blocks, the report) need templates, so they are rendered by the full program, which the hook turns into: a word in the
answer names what it is to say. An answer that needs no words of that kind comes as it is.

With agents in the background the host writes a prompt when one of them ends. Such a prompt is swallowed and the user
shown a line of progress; where there is something to say, the agent's watcher wakes the conversation for it.
"""

from __future__ import annotations

import os
import sys

from .active import ActiveRun, Payload, decide_call
from .bell import LEAVE, ring
from .closing import close_returned, note_passed_on, on_notification
from .decide import decide
from .interruption import interrupt
from .judge import brief_words, close
from .limits import usage_limit
from .marker import parse_marker
from .notification import Notification, is_wake, parse, stopped_by_hand
from .owners import activate, conversation, deactivate
from .places import read_text
from .state import CANCELLED, SUCCESS, State
from .supervision import on_tool_call
from .watch import is_waking, wake_by, woken

COMMANDS = ("/parallel-dispatch", "/parallel-dispatch:parallel-dispatch")
HANDED_BACK = "<agent-message from="
"""How a prompt begins with which the host passes on what an agent handed back (2.1.329 in auto mode)."""
MAX_REMINDERS = 3
"""How often a conversation that stops with work left is sent back without progress."""


def on_batch(payload: Payload, run: ActiveRun) -> Payload | str | None:
    """After a batch of tool calls returned: the next block, the end, or nothing.

    A batch of background launches ends the turn: their ends are told, and nobody has to answer for that.
    """
    if payload.get("agent_id"):
        return None
    state = run.state()
    if close_returned(payload, run, state):
        state = run.state()
    if note_passed_on(payload, run, state):
        state = run.state()
    ends_turn: Payload = {"continue": False, "stopReason": f"parallel-dispatch: {progress(state)}"}
    if state.imminent and _only_ours(payload, state):  # within the turn, their notifications could not be swallowed
        return ends_turn
    decision = decide(state)
    if decision.over and not (state.awaited or state.told):
        return "batch"
    if decision.dispatch and not state.user_spoke:
        return "batch"
    if state.paused and not state.open:
        return "batch"
    waits = state.awaited or any(attempt.background for attempt in state.open.values())
    return ends_turn if waits and _only_ours(payload, state) else None


def on_prompt(payload: Payload, run: ActiveRun) -> Payload | str | None:
    """A prompt: the end of one of our agents, a watcher's word, our own command, or the user."""
    prompt = str(payload.get("prompt") or "").lstrip()
    if prompt and prompt.split(None, 1)[0] in COMMANDS:
        return None
    told = parse(prompt)
    if told:
        return _on_notification(told, payload, run)
    if is_wake(prompt, run.plan.run):
        return _on_wake(run)
    forget_offer(run)
    state = run.state()
    if prompt.startswith(HANDED_BACK) or state.turn_failed:  # the block went under with the turn that it was said in
        return "prompt" if _something_to_say(state) else None
    run.ledger.append("user-spoke")
    _close_interrupted(run, prompt)
    state = run.state()
    return "prompt" if decide(state).over and not state.told else None


def on_failure(payload: Payload, run: ActiveRun) -> None:
    """The main conversation's turn ended in an API error; a usage limit pauses the run."""
    if payload.get("agent_id"):
        return
    limit = usage_limit(payload.get("last_assistant_message"), payload.get("error"))
    if limit and not run.state().paused:
        run.ledger.append("paused", reason=brief_words(limit))
    run.ledger.append("turn-failed")


def on_stop(payload: Payload, run: ActiveRun) -> Payload | str | None:
    """When the model wants to stop: never against the user, at most three times without progress."""
    if payload.get("agent_id"):
        return None
    state = run.state()
    if note_passed_on(payload, run, state):
        state = run.state()
    decision = decide(state)
    if decision.over:
        return None if state.told or state.imminent else "end"
    if state.paused and not state.open:
        return "leave"
    if is_waking(run) and decision.dispatch:  # the host passed the wake on inside the turn, without an event for words
        woken(run)
        return "stop"
    if state.user_spoke or state.open or not decision.dispatch:
        return None
    if state.reminders >= MAX_REMINDERS:
        return "leave"
    run.ledger.append("reminded")
    return "stop"


def on_session_start(payload: Payload, run: ActiveRun, host: int) -> str | None:
    """A conversation that goes on: after compaction, under a new id (`/clear`), or in a new process, agents gone."""
    source = payload.get("source")
    session = str(payload.get("session_id") or "")
    if source == "resume":
        before = conversation(run.plan.project, session)
        if before and before.host != host and before.is_alive:  # a second window on a conversation that is at work
            return None
        if before and before.host != host:
            interrupt(run)
    if source in ("resume", "clear"):
        old = read_text(run.folder.owner).strip()
        activate(run.plan.project, session, sys.executable, run.folder, host)
        if old != session:
            deactivate(run.plan.project, old)
    woken(run)
    forget_offer(run)
    return "session" if source in ("resume", "compact", "clear") else None


def on_session_end(payload: Payload, run: ActiveRun) -> str | None:
    """The host goes; a run that has ended leaves nothing behind, any other can be resumed."""
    state = run.state()
    if state.ended:
        deactivate(run.plan.project, str(payload.get("session_id") or ""))
        return None
    return "end" if decide(state).over else None


def on_taken_over(payload: Payload, run: ActiveRun) -> Payload | None:
    """Any event of a conversation whose run another one drives by now: its agents end, and it is told once."""
    event = payload.get("hook_event_name")
    session = str(payload.get("session_id") or "")
    if event == "PreToolUse" and payload.get("agent_id"):
        return on_tool_call(payload, run)
    call = payload.get("tool_input")
    named = parse_marker(call.get("prompt")) if event == "PreToolUse" and isinstance(call, dict) else None
    if named and named[0] == run.plan.run:
        return decide_call("deny", f"run {run.plan.run} goes on in another conversation, not in this one")
    if event != "UserPromptSubmit":
        return None
    told = parse(str(payload.get("prompt") or ""))
    if told and run.state().of_agent(told.agent_id):
        return swallowed(f"parallel-dispatch: run {run.plan.run} goes on in another conversation.")
    deactivate(run.plan.project, session)
    return {"systemMessage": f"parallel-dispatch: run {run.plan.run} goes on in another conversation, not in this one."}


def _on_notification(told: Notification, payload: Payload, run: ActiveRun) -> Payload | str | None:
    """One of our agents ended: swallowed, and where it releases something, its watcher wakes the conversation."""
    state = run.state()
    attempt = next(iter(state.of_agent(told.agent_id)), None)
    if attempt is None or not attempt.background:
        return None
    was_open = attempt.is_open
    on_notification(told, attempt, run)
    state = run.state()
    if was_open and told.status == "killed" and not state.open and not state.ended:
        run.ledger.append("cancelled")  # stopped by hand, and nothing is left: the user wants no more of it
        state = run.state()
    line = f"parallel-dispatch: {_line(state, attempt.task)} {progress(state)}"
    speaks = _something_to_say(state)
    if is_waking(run):  # queued before the wake, it would take it down when swallowed; so it goes through as well
        ring(run.folder.watcher(told.agent_id), LEAVE)
        return "prompt" if speaks else None
    if speaks and not state.imminent:  # else the next notification will speak
        # Where nobody can wake the conversation, the notification goes through with the words.
        return swallowed(line) if wake_by(run, told.agent_id) else "prompt"
    ring(run.folder.watcher(told.agent_id), LEAVE)
    if state.told and not state.awaited:
        deactivate(run.plan.project, str(payload.get("session_id") or ""))
    return swallowed(line)


def _on_wake(run: ActiveRun) -> Payload | str:
    woken(run)
    state = run.state()
    return "prompt" if _something_to_say(state) else swallowed(f"parallel-dispatch: {progress(state)}")


def _something_to_say(state: State) -> bool:
    """Whether the main conversation must hear of tasks to dispatch, of agents to stop or of the end.

    The end is told once the last agent's notification is there, so that nothing comes after it.
    """
    decision = decide(state)
    if decision.over:
        return not (state.told or state.awaited)
    return bool(decision.dispatch or state.lingering or (state.paused and not state.open))


def progress(state: State) -> str:
    """How far a run is, in a few words."""
    outcomes = [outcome for outcome, _ in state.outcomes().values()]
    done = sum(1 for outcome in outcomes if outcome == SUCCESS)
    lost = sum(1 for outcome in outcomes if outcome and outcome != SUCCESS)
    parts = [f"{done} of {len(outcomes)} done"]
    parts += [f"{lost} lost"] if lost else []
    parts += [f"{len(state.open)} at work"] if state.open else []
    return ", ".join(parts) + "."


def _line(state: State, task: str) -> str:
    last = state.attempts[task][-1]
    return f"{task}: {'done' if last.outcome == SUCCESS else last.outcome or 'at work'}."


def swallowed(line: str) -> Payload:
    """The answer to a prompt that no model is to see; the user sees the line instead."""
    inner: Payload = {"hookEventName": "UserPromptSubmit", "suppressOriginalPrompt": True}
    return {"decision": "block", "reason": line, "hookSpecificOutput": inner}


def _only_ours(payload: Payload, state: State) -> bool:
    """Whether a batch held nothing but calls for our tasks and stops of our agents."""
    calls = payload.get("tool_calls")
    agents = {attempt.agent_id for attempt in state.calls.values()}
    return isinstance(calls, list) and all(
        isinstance(call, dict) and _is_ours(call, state.plan.run, agents) for call in calls
    )


def _is_ours(call: Payload, run: str, agents: set[str]) -> bool:
    given = call.get("tool_input")
    if not isinstance(given, dict):
        return False
    if call.get("tool_name") == "TaskStop":
        return given.get("task_id") in agents
    named = parse_marker(given.get("prompt"))
    return named is not None and named[0] == run


def _close_interrupted(run: ActiveRun, prompt: str) -> None:
    """Attempts that the user interrupted: a prompt is only submitted when no foreground call runs any more.

    Background agents that the user stopped all at once are named by the host in a prompt of its own.
    """
    named = stopped_by_hand(prompt)
    still_open = list(run.state().open.values())
    stopped = [a for a in still_open if a.background and a.task in named]
    for attempt in still_open:
        if not attempt.background or attempt in stopped:
            close(run, attempt, "interrupted by the user", otherwise=CANCELLED)
    for attempt in stopped:  # the host tells of these in no other way
        run.ledger.append("notified", agent_id=attempt.agent_id)
        ring(run.folder.watcher(attempt.agent_id), LEAVE)
    if stopped and not run.state().open:
        run.ledger.append("cancelled")


def forget_offer(run: ActiveRun) -> None:
    """What was offered was not taken up in its turn: it may be offered again."""
    if os.path.exists(run.folder.offer):
        os.unlink(run.folder.offer)
