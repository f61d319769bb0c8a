"""Runs whose host went away under them: what was finished is kept, what was not is open for another attempt."""

from __future__ import annotations

from .active import ActiveRun
from .judge import close
from .state import INTERRUPTED
from .transcript import has_ended

CUT_OFF = "its host was cut off"
HUNG = "it hung in the foreground, where nothing ends an agent that calls no tool, until "


def interrupt(run: ActiveRun) -> None:
    """The agents of a run are gone. One that had said its last word is judged by its output; the others start again."""
    judge_ended(run)
    run.ledger.append("interrupted")


def judge_ended(run: ActiveRun) -> None:
    """The agents of a run are gone: those that had said their last word are judged, and none may do anything more."""
    for attempt in list(run.state().open.values()):
        if has_ended(attempt.transcript):
            close(run, attempt, CUT_OFF, otherwise=INTERRUPTED)
        elif not attempt.background and run.now >= run.times(attempt)[1]:
            at = {"task": attempt.task, "attempt": attempt.number}
            run.ledger.append("closed", **at, outcome=INTERRUPTED, reason=HUNG + CUT_OFF)
        run.call_off(attempt.agent_id, "its run goes on without it")
