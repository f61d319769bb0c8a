"""What the main conversation is told about its run by the full program: all that `offering` says, and the end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import auditing, dispatch, offering
from .decide import decide
from .integrating import write_integration
from .offering import Pen
from .owners import conversations, deactivate
from .places import BRIEF, team_brief
from .reports import write_reports
from .spread import spread
from .state import FINE
from .templates import render

if TYPE_CHECKING:
    from .active import ActiveRun
    from .brief import Brief
    from .state import State


class _Template(Pen):
    """A team's own template, where there is one, and outputs are read."""

    def integration(self, run: ActiveRun, task: str) -> tuple[str, ...]:
        return write_integration(run, task)

    def write(self, run: ActiveRun, brief: Brief) -> str:
        project = run.plan.project
        return render(project, BRIEF, brief.values()) if os.path.exists(team_brief(project)) else brief.text()


def offer(run: ActiveRun, state: State) -> str:
    """The dispatch block for what is ready, its briefs written; what is offered is remembered for this turn."""
    return offering.offer(run, state, _Template())


def say(word: str, run: ActiveRun, session: str) -> dict[str, object] | None:
    """The hook answer for a word of `conversation`; None where there is nothing to add."""
    state = spread(run)
    if word == "leave":
        return _leave(run, state, session)
    if decide(state).over:
        return _tell_end(run, state, word, session)
    return offering.answer(word, run, state, session, _Template())


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
    stops = offering.stops(run, state)
    reply: dict[str, object] = {}
    if not (state.ended and os.path.exists(run.folder.report)):
        finish(run)
        state = run.state()
        line = dispatch.summary(state).splitlines()[0]
        reply["systemMessage"] = f"parallel-dispatch: {line} Report: {run.plan.shown(run.folder.report)}"
    if not stops and word in offering.EVENTS:
        run.ledger.append("told")
    if not run.state().awaited:
        deactivate(run.plan.project, session)
    return {**reply, **offering.context(word, stops or last_words(run))}


def last_words(run: ActiveRun) -> str:
    """What the main conversation hears of the end."""
    strays = len(auditing.read(run.folder).findings)
    return dispatch.closing(run.plan, run.state(), run.folder, strays)


def finish(run: ActiveRun) -> None:
    """The run ended: its project looked at, its reports written, the conversations that died with it let go."""
    if not run.state().ended:
        run.ledger.append("finished")
    auditing.end(run)
    write_reports(run)
    for one in conversations(run.plan.project):
        if one.run == run.folder.path and not one.is_alive:
            deactivate(run.plan.project, one.session)


def exit_code(run: ActiveRun) -> int:
    """0 where every task of a run succeeded, else 1."""
    return int(any(outcome not in FINE for outcome, _ in run.state().outcomes().values()))
