"""What the main conversation is told while its run goes on: the next block, its briefs written, and agents to stop.

Standard library only, so that a hook that finds something to dispatch answers by itself. The end of a run, briefs by a
team's own template and tasks that are to be made of an output need the full program (`telling`).
"""

from __future__ import annotations

import os
import time

from . import dispatch, quickjson
from .active import ActiveRun
from .background import swallowed
from .brief import Brief, long_schema
from .decide import decide
from .gate import Payload
from .owners import deactivate
from .places import read_text, team_brief, write_whole
from .progress import launching, progress
from .state import State

EVENTS = {"batch": "PostToolBatch", "prompt": "UserPromptSubmit", "session": "SessionStart"}
SAME_TURN_SECONDS = 3.0
"""Within so many seconds a second wake-up for the same block belongs to the first one's turn."""


class Pen:
    """Who writes a brief: the product's own words, unless somebody with a template takes the pen."""

    def integration(self, run: ActiveRun, task: str) -> tuple[str, ...]:  # noqa: ARG002 - see `is_enough`
        """The lines about what an integrator merges, for which the full program reads outputs."""
        return ()

    def write(self, run: ActiveRun, brief: Brief) -> str:  # noqa: ARG002 - a template is the run's project's
        """The text of a brief."""
        return brief.text()


def is_enough(word: str, run: ActiveRun, state: State) -> bool:
    """Whether what is to be said for a word of `conversation` can be said without the full program."""
    if word == "leave" or run.base.patterns or os.path.exists(team_brief(run.plan.project)):
        return False
    decision = decide(state)
    return not decision.over and all(task != run.plan.integrator for task, _ in decision.dispatch)


def answer(word: str, run: ActiveRun, state: State, session: str, pen: Pen) -> Payload | None:
    """The hook answer for a word of `conversation` in a run that goes on; None where there is nothing to add."""
    decision = decide(state)
    to_stop = stops(run, state)
    if decision.dispatch and _was_just_offered(run, word, decision.dispatch) and not to_stop:
        return None if word == "batch" else swallowed(f"parallel-dispatch: {progress(state)}")
    if state.paused and not state.open:
        deactivate(run.plan.project, session)
        text = dispatch.pause(run.plan, state.paused)
        return {"systemMessage": f"parallel-dispatch: {text}", **context(word, text)}
    block = offer(run, state, pen) if decision.dispatch else ""
    text = "\n".join(filter(None, [to_stop, block]))
    shown: Payload = {"systemMessage": f"parallel-dispatch: {launched(run, state)}"} if block else {}
    if word == "stop" and text:
        return {"decision": "block", "reason": f"Tasks are ready.\n{text}", **shown}
    if word == "session":
        text = f"{dispatch.standing(run.plan, progress(state))}\n{text}".rstrip()
    return {**context(word, text), **shown} if text else None


def launched(run: ActiveRun, state: State) -> str:
    """The line for the user beside a block: it costs no tokens, as the model does not see it."""
    return launching(state, [task for task, _ in decide(state).dispatch], run.now)


def offer(run: ActiveRun, state: State, pen: Pen) -> str:
    """The dispatch block for what is ready, its briefs written; what is offered is remembered for this turn."""
    ready = decide(state).dispatch
    for task, attempt in ready:
        schema, schema_file = long_schema(run.plan, task), run.folder.schema(task)
        if schema:
            write_whole(schema_file, schema + "\n")
        integration = pen.integration(run, task) if task == run.plan.integrator else ()
        brief = Brief(run.plan, state, task, attempt, schema_file if schema else "", integration)
        write_whole(run.folder.brief(task, attempt), pen.write(run, brief))
    write_whole(run.folder.offer, _offer_key(ready))
    return dispatch.block(run.plan, run.folder, ready)


def _offer_key(ready: list[tuple[str, int]]) -> str:
    return quickjson.dumps(ready)


def _was_just_offered(run: ActiveRun, word: str, ready: list[tuple[str, int]]) -> bool:
    """Whether the same block was handed out in this turn: the model is about to copy it, or did not want to."""
    if word not in ("batch", "prompt") or read_text(run.folder.offer) != _offer_key(ready):
        return False
    return word == "batch" or time.time() - os.path.getmtime(run.folder.offer) < SAME_TURN_SECONDS


def stops(run: ActiveRun, state: State) -> str:
    """The words that stop agents which hang; they are said once."""
    agents = [(attempt.task, attempt.agent_id) for attempt in state.lingering if attempt.agent_id]
    for _, agent_id in agents:
        run.ledger.append("stop-asked", agent_id=agent_id)
    return dispatch.stops(agents) if agents else ""


def context(word: str, text: str) -> Payload:
    """The answer that gives the model a text, where the event of a word has a place for one."""
    event = EVENTS.get(word)
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}} if event else {}
