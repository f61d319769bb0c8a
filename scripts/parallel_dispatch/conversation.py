"""The main conversation's own events: what it must hear next, if anything.

These functions decide *whether* there is something to say (a few milliseconds). A word in the answer names what that
is: a block with its briefs, which `offering` has, or what needs templates (the report, a team's own briefs), for which
the hook turns into the full program. An answer that needs no words of that kind comes as it is.
"""

from __future__ import annotations

import os

from .active import ActiveRun
from .background import let_go, on_end, on_wake, something_to_say
from .bell import LEAVE, ring
from .closing import close_returned, note_passed_on
from .decide import decide
from .gate import Payload
from .judge import brief_words, close
from .limits import is_busy, usage_limit
from .marker import parse_marker
from .notification import is_wake, parse, stopped_by_hand
from .progress import progress
from .state import CANCELLED, State
from .watch import is_waking, woken

COMMANDS = ("/parallel-dispatch", "/parallel-dispatch:parallel-dispatch")
HANDED_BACK = "<agent-message from="
"""How a prompt begins with which the host passes on what an agent handed back (2.1.329 in auto mode)."""
LAUNCH_SECONDS = 5.0
"""How long after its admission an agent may take to be launched into the background."""
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
    passed_on = note_passed_on(payload, run, state)
    if passed_on:
        state = run.state()
    ends_turn: Payload = {"continue": False, "stopReason": f"parallel-dispatch: {progress(state)}"}
    if state.imminent and _only_ours(payload, state):  # within the turn, their notifications could not be swallowed
        return ends_turn
    decision = decide(state)
    if decision.over and not (state.awaited or state.told):
        return "batch"
    if decision.dispatch and (passed_on or not state.user_spoke):
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
        return on_end(told, payload, run)
    if is_wake(prompt, run.plan.run):
        return on_wake(run)
    forget_offer(run)
    state = run.state()
    if prompt.startswith(HANDED_BACK) or state.turn_failed:  # the block went under with the turn that it was said in
        return "prompt" if something_to_say(state) else None
    run.ledger.append("user-spoke")
    _close_interrupted(run, prompt)
    state = run.state()
    return "prompt" if decide(state).over and not state.told else None


def on_failure(payload: Payload, run: ActiveRun) -> None:
    """The main conversation's turn ended in an API error; where it is not served any more, the run is paused."""
    if payload.get("agent_id"):
        return
    said = payload.get("last_assistant_message")
    if (usage_limit(said) or is_busy(said, payload.get("error"))) and not run.state().paused:
        run.ledger.append("paused", reason=brief_words(str(said or "rate limit")))
    run.ledger.append("turn-failed")


def on_stop(payload: Payload, run: ActiveRun) -> Payload | str | None:
    """When the model wants to stop: never against the user, at most three times without progress."""
    if payload.get("agent_id"):
        return None
    state = run.state()
    passed_on = note_passed_on(payload, run, state)
    if passed_on:
        state = run.state()
    decision = decide(state)
    if decision.over:
        let_go(payload, run, state)
        return None if state.told or state.imminent else "end"
    if state.paused and not state.open:
        return "leave"
    if is_waking(run) and decision.dispatch:  # the host passed the wake on inside the turn, without an event for words
        woken(run)
        return "stop"
    if passed_on and decision.dispatch:  # nobody has offered what these ends released, whatever the user said before
        return "stop"
    if state.user_spoke or state.open or not decision.dispatch:
        return None
    if state.reminders >= MAX_REMINDERS:
        return "leave"
    run.ledger.append("reminded")
    return "stop"


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
        # 2.1.329 submits a prompt while calls are being made: one that is only just admitted is yet to be launched.
        is_launching = run.plan.background and run.now - attempt.claimed - attempt.pause < LAUNCH_SECONDS
        if not (attempt.background or is_launching) or attempt in stopped:
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
