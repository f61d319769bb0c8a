"""What the main conversation is told about its run: the next block, agents to stop, the end."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from . import dispatch, quickjson
from .aggregate import aggregate
from .background import swallowed
from .brief import brief, long_schema
from .decide import decide
from .owners import conversations, deactivate
from .places import read_text, write_whole
from .progress import progress
from .refusal import Refusal
from .report import render_report
from .spread import spread
from .state import FINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .active import ActiveRun
    from .state import State

EVENTS = {"batch": "PostToolBatch", "prompt": "UserPromptSubmit", "session": "SessionStart"}
SAME_TURN_SECONDS = 3.0
"""Within so many seconds a second wake-up for the same block belongs to the first one's turn."""


def offer(run: ActiveRun, state: State) -> str:
    """The dispatch block for what is ready, its briefs written; what is offered is remembered for this turn."""
    ready = decide(state).dispatch
    for task, attempt in ready:
        schema, schema_file = long_schema(run.plan, task), run.folder.schema(task)
        if schema:
            write_whole(schema_file, schema + "\n")
        text = brief(run.plan, state, task, attempt, schema_file if schema else "")
        write_whole(run.folder.brief(task, attempt), text)
    write_whole(run.folder.offer, _offer_key(ready))
    return dispatch.block(run.plan, run.folder, ready)


def _offer_key(ready: Sequence[tuple[str, int]]) -> str:
    return quickjson.dumps(ready)


def _was_just_offered(run: ActiveRun, word: str, ready: Sequence[tuple[str, int]]) -> bool:
    """Whether the same block was handed out in this turn: the model is about to copy it, or did not want to."""
    if word not in ("batch", "prompt") or read_text(run.folder.offer) != _offer_key(ready):
        return False
    return word == "batch" or time.time() - os.path.getmtime(run.folder.offer) < SAME_TURN_SECONDS


def say(word: str, run: ActiveRun, session: str) -> dict[str, object] | None:
    """The hook answer for a word of `conversation`; None where there is nothing to add."""
    state = spread(run)
    if word == "leave":
        return _leave(run, state, session)
    decision = decide(state)
    if decision.over:
        return _tell_end(run, state, word, session)
    stops = _stops(run, state)
    if decision.dispatch and _was_just_offered(run, word, decision.dispatch) and not stops:
        return None if word == "batch" else swallowed(f"parallel-dispatch: {progress(state)}")
    if state.paused and not state.open:
        deactivate(run.plan.project, session)
        text = dispatch.pause(run.plan, state.paused)
        return {"systemMessage": f"parallel-dispatch: {text}", **_context(word, text)}
    block = offer(run, state) if decision.dispatch else ""
    text = "\n".join(filter(None, [stops, block]))
    if word == "stop" and text:
        return {"decision": "block", "reason": f"Tasks are ready.\n{text}"}
    if word == "session":
        text = f"{dispatch.standing(run.plan, progress(state))}\n{text}".rstrip()
    return _context(word, text) if text else None


def _leave(run: ActiveRun, state: State, session: str) -> dict[str, object]:
    """Nobody took the block up three times, or the run is paused: it is left as it is."""
    deactivate(run.plan.project, session)
    if state.paused:
        return {"systemMessage": f"parallel-dispatch: {dispatch.pause(run.plan, state.paused)}"}
    left = sum(1 for outcome, _ in state.outcomes().values() if not outcome)
    note = (
        f"run {run.plan.run} is left with {left} tasks to do, since nobody took up its dispatch block; "
        f"`/parallel-dispatch resume {run.plan.run}` goes on: {run.plan.shown(run.folder.path)}"
    )
    return {"systemMessage": f"parallel-dispatch: {note}"}


def _tell_end(run: ActiveRun, state: State, word: str, session: str) -> dict[str, object]:
    """The end of a run: its report, a line for the user, and the words for the model where it listens.

    Agents that hang are to be stopped first; the rest is told when they are gone.
    """
    stops = _stops(run, state)
    reply: dict[str, object] = {}
    if not (state.ended and os.path.exists(run.folder.report)):
        finish(run)
        state = run.state()
        line = dispatch.summary(state).splitlines()[0]
        reply["systemMessage"] = f"parallel-dispatch: {line} Report: {run.plan.shown(run.folder.report)}"
    if not stops and word in EVENTS:
        run.ledger.append("told")
    if not run.state().awaited:
        deactivate(run.plan.project, session)
    return {**reply, **_context(word, stops or dispatch.closing(run.plan, state, run.folder))}


def _stops(run: ActiveRun, state: State) -> str:
    """The words that stop agents which hang; they are said once."""
    agents = [(attempt.task, attempt.agent_id) for attempt in state.lingering if attempt.agent_id]
    for _, agent_id in agents:
        run.ledger.append("stop-asked", agent_id=agent_id)
    return dispatch.stops(agents) if agents else ""


def _context(word: str, text: str) -> dict[str, object]:
    event = EVENTS.get(word)
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}} if event else {}


def finish(run: ActiveRun) -> None:
    """The run ended: its report written from what lies on disk, the conversations that died with it let go."""
    if not run.state().ended:
        run.ledger.append("finished")
    write_report(run)
    for one in conversations(run.plan.project):
        if one.run == run.folder.path and not one.is_alive:
            deactivate(run.plan.project, one.session)


def write_report(run: ActiveRun) -> str:
    """The report, written and returned. A team's template that fails does not cost a run its report."""
    state = run.state()
    facts = aggregate(state.plan, state)
    try:
        text = render_report(facts, run.plan.project)
    except Refusal as refusal:
        text = f"{render_report(facts, '')}\nThe project's own template was not used: {refusal}\n"
    write_whole(run.folder.report, text)
    return text


def exit_code(run: ActiveRun) -> int:
    """0 where every task of a run succeeded, else 1."""
    return int(any(outcome not in FINE for outcome, _ in run.state().outcomes().values()))
