"""Runs without hooks: driven step by step through the command line, judged from files alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .admission import make_room
from .decide import decide
from .judge import close
from .refusal import Refusal
from .spread import spread
from .telling import finish, last_words, offer

if TYPE_CHECKING:
    from .active import ActiveRun
    from .plan import Plan


def next_step(run: ActiveRun) -> tuple[str, bool]:
    """One step of a run without hooks: what was offered is judged from files, then what is next; whether it is over.

    An offer counts as the claim here, since nothing else tells that an agent was started.
    """
    if run.plan.driver != "cli":
        raise Refusal(f"run {run.plan.run} is driven by hooks, which hand out its blocks by themselves")
    state = run.state()
    if state.open and not os.path.exists(run.folder.offer):  # claimed, and never handed out
        run.ledger.append("interrupted")
        state = run.state()
    judged = "".join(close(run, attempt) + "\n" for attempt in list(state.open.values()))
    state = spread(run)
    decision = decide(state)
    if decision.over:
        finish(run)
        return last_words(run), True
    text = offer(run, state)
    claim_offered(run)
    return f"{judged}{text}\n{when_returned(run.plan)}", False


def when_returned(plan: Plan) -> str:
    """What whoever drives a run without hooks does next; `next` is final for what was dispatched."""
    return f"When all have returned, run `parallel-dispatch next {plan.run}`: it judges them by their outputs."


def claim_offered(run: ActiveRun) -> None:
    """The tasks of the last offer, claimed for a run without hooks; where that cannot be, it is not handed out."""
    try:
        for task, number in decide(run.state()).dispatch:
            run.ledger.append("claimed", task=task, call=f"cli:{task}:{number}")
            attempt = run.state().calls.get(f"cli:{task}:{number}")
            if attempt:
                make_room(run, attempt)
    except OSError as error:
        os.unlink(run.folder.offer)
        raise Refusal(
            f"{error.filename}: {error.strerror}; run {run.plan.run} offers what is next again when that is put right: "
            f"`parallel-dispatch next {run.plan.run}`"
        ) from error
