"""A ledger's events played into the state of its run.

That is a pure function: the same events give the same state, an event seen twice changes nothing, and where two claims
race, the order in the file decides.
"""

from __future__ import annotations

from .ledger import Event
from .plan import Plan
from .state import CANCELLED, FAILED, INTERRUPTED, SUCCESS, Attempt, State, moment

_NO_PLANS: dict[str, Plan] = {}
_OUTCOMES = (SUCCESS, FAILED, CANCELLED, INTERRUPTED)


def replay(plan: Plan, events: list[Event], before: State | None = None, plans: dict[str, Plan] = _NO_PLANS) -> State:
    """The state after all events of a ledger, header first; or after more events, where there was a state before.

    `plan` is the run's first, `plans` are those that it was resumed with, by the names under which events know them.
    """
    state = before.copy() if before else State(plan)
    for event in events:
        name = event.get("event")
        state.anchor, time = timed(event, state.anchor)
        if name is None:
            state.begun = state.since = time
        else:
            state.spend(time)
            if name == "resumed":
                _resumed(state, event, time, plans)
            else:
                _EVENTS.get(str(name), _of_attempt)(state, event, time)
    for attempt in state.calls.values():
        attempt.started = state.starts.get(attempt.agent_id, attempt.launched)
    return state


def timed(event: Event, anchor: tuple[float, float]) -> tuple[tuple[float, float], float]:
    """From what the times of a run are counted from an event on, and when that was, as a time of the run."""
    clocks = _number(event.get("time")), _number(event.get("clock"))
    if event.get("event") in _ANCHORS or 0.0 < clocks[1] < anchor[1]:
        anchor = clocks
    return anchor, moment(anchor, *clocks)


def _claim(state: State, event: Event, time: float) -> None:
    call, task = _text(event, "call"), _text(event, "task")
    if call in state.calls or call in state.rejected:
        return
    refusal = state.refusal(task)
    if refusal:
        state.rejected[call] = refusal
        return
    state.admit(Attempt(task, len(state.attempts[task]) + 1, call, time, state.pause_before(task)))


def _spread(state: State, event: Event, _: float) -> None:
    """The items of a task, or why there are none; said twice, or when it is too late, it counts for nothing."""
    task = _text(event, "task")
    if any(ready.id == task for ready in state.ready_to_grow):
        if event["event"] == "spread":
            state.grow(task, event)
        else:
            state.fail(task, _text(event, "reason"))


def _started(state: State, event: Event, time: float) -> None:
    began, noted = _number(event.get("began")), _number(event.get("time"))  # both by the wall clock
    state.starts.setdefault(_text(event, "agent_id"), time + began - noted if began else time)


def _notified(state: State, event: Event, _: float) -> None:
    for attempt in state.of_agent(_text(event, "agent_id")):
        attempt.notified = True


def _stop_asked(state: State, event: Event, _: float) -> None:
    for attempt in state.of_agent(_text(event, "agent_id")):
        attempt.asked = True


def _user_spoke(state: State, _: Event, __: float) -> None:
    state.user_spoke, state.turn_failed = True, False


def _turn_failed(state: State, _: Event, __: float) -> None:
    state.turn_failed = True


def _reminded(state: State, _: Event, __: float) -> None:
    state.reminders += 1


def _ended(state: State, event: Event, time: float) -> None:
    if not state.ended:
        state.ended, state.finished = str(event["event"]), time


def _told(state: State, _: Event, __: float) -> None:
    state.told = True


def _paused(state: State, event: Event, _: float) -> None:
    state.paused = _text(event, "reason")


def _interrupted(state: State, _: Event, time: float) -> None:
    state.interrupt(time)


def _resumed(state: State, event: Event, time: float, plans: dict[str, Plan]) -> None:
    """The run taken up again. Of two resumptions that follow the same one the first counts.

    An older version gave them no ids, and their tasks no reasons.
    """
    has_id = bool(_text(event, "id"))
    if has_id and _text(event, "after") != state.resumption:
        return
    again = event.get("again")
    plan = plans.get(_text(event, "plan"), state.base)
    state.resume(plan, {str(task) for task in again} if isinstance(again, (dict, list)) else set(), time)
    if has_id:
        state.resumptions.append(event)


def _of_attempt(state: State, event: Event, time: float) -> None:
    """An event of one attempt: `bound`, `launched`, `sent-back`, `closed`."""
    number = event.get("attempt")
    attempts = state.attempts.get(_text(event, "task"), [])
    if not isinstance(number, int) or not 1 <= number <= len(attempts):
        return
    attempt = attempts[number - 1]
    agent_id = _text(event, "agent_id")
    if agent_id and not attempt.agent_id:
        attempt.agent_id = agent_id
        state.by_agent.setdefault(agent_id, []).append(attempt)
    if not attempt.transcript:
        attempt.transcript = _text(event, "transcript")
    name = event["event"]
    if name == "launched":
        attempt.background, attempt.launched = True, attempt.launched or time
    elif name == "rewritten":
        attempt.rewritten = True
    elif name == "sent-back":
        attempt.sent_back += 1
        attempt.unfaithful += bool(event.get("losses"))
    elif name == "closed" and attempt.is_open:
        attempt.digest, attempt.inputs = _text(event, "sha256"), _text(event, "inputs")
        attempt.abandoned = event.get("abandoned") is True
        tokens = event.get("tokens")
        state.spend(time, tokens if isinstance(tokens, int) else 0)
        outcome = _text(event, "outcome")
        outcome, reason = outcome if outcome in _OUTCOMES else FAILED, _text(event, "reason")
        state.close(attempt, outcome, reason, time, thrown_back=event.get("thrown_back") is True)


_EVENTS = {
    "claimed": _claim,
    "spread": _spread,
    "unspread": _spread,
    "agent-started": _started,
    "notified": _notified,
    "stop-asked": _stop_asked,
    "user-spoke": _user_spoke,
    "turn-failed": _turn_failed,
    "reminded": _reminded,
    "finished": _ended,
    "cancelled": _ended,
    "told": _told,
    "paused": _paused,
    "interrupted": _interrupted,
}
"""What each event does to the state but `resumed`; every other one is of an attempt."""
_ANCHORS = (None, "interrupted", "resumed")
"""The events from which times are counted: the first line, and what may follow a restart of the machine."""


def _text(event: Event, key: str) -> str:
    value = event.get(key)
    return value if isinstance(value, str) else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e12 else 0.0
