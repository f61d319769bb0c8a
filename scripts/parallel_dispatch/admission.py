"""`PreToolUse` on the Agent tool: who may start, and with which brief."""

from __future__ import annotations

import os
import time

from .active import ActiveRun
from .destinations import Destinations
from .gate import Payload, decide_call
from .marker import marker, parse_marker
from .places import read_text
from .state import FAILED, Attempt


def on_agent_call(payload: Payload, run: ActiveRun) -> Payload | None:
    """The answer to an Agent call: None for a call that is not ours; else denied with the reason, or admitted.

    A claim is appended and the ledger read back: where several race, the order in the file decides.
    """
    if payload.get("agent_id"):
        if run.tie(payload) is None:
            return None
        return decide_call(
            "deny", "An agent of a parallel-dispatch run starts no agents of its own; do the work yourself."
        )
    call = payload.get("tool_input")
    named = parse_marker(call.get("prompt")) if isinstance(call, dict) else None
    if not isinstance(call, dict) or named is None:
        return None
    if named[0] != run.plan.run:
        return decide_call("deny", f"{named[0]} is not the run of this conversation, which is {run.plan.run}.")
    if named[1] in run.plan.tasks and not _was_offered(run, named[1]):
        return decide_call("deny", f'"{named[1]}" was not offered yet; its turn comes in a later dispatch block')
    tool_use_id = str(payload.get("tool_use_id") or "")
    run.ledger.append("claimed", task=named[1], call=tool_use_id)
    state = run.state()
    attempt = state.calls.get(tool_use_id)
    if attempt is None:
        return decide_call("deny", state.rejected.get(tool_use_id, "the claim was not recorded"))
    obstacle = make_room(run, attempt)
    if obstacle:
        return decide_call("deny", obstacle)
    before = state.attempts[attempt.task][attempt.number - 2].ended if attempt.pause else None
    if before is not None:
        time.sleep(max(0.0, before + attempt.pause - run.now))
        if not run.state().calls[tool_use_id].is_open:
            return decide_call("deny", f'"{attempt.task}" is not to run any more')
    task = run.plan.tasks[attempt.task]
    updated = {
        **call,
        "prompt": brief(run, attempt),
        "subagent_type": task.subagent_type,
        **task.call,
        "run_in_background": run.plan.background,
    }
    return decide_call("allow", f"{attempt.task} of the run {run.plan.run}", updated)


def _was_offered(run: ActiveRun, task: str) -> bool:
    """Whether there is a brief for a task; where the run goes by a new plan, one for its next attempt."""
    if not os.path.exists(run.folder.plans):
        return os.path.exists(run.folder.brief(task, 1))
    state = run.state()
    return bool(state.refusal(task)) or os.path.exists(run.folder.brief(task, len(state.attempts[task]) + 1))


def make_room(run: ActiveRun, attempt: Attempt) -> str:
    """What lay at the output's place before the attempt, moved into the run's folder: it does not count.

    Where that cannot be, the attempt has failed, and the reason comes back; else nothing does.
    """
    task = run.plan.tasks[attempt.task]
    keep = run.folder.before(attempt.task, attempt.number)
    astray = Destinations.astray(run.plan, task.output)
    reason = f"its output {run.plan.shown(task.output)} {astray}" if astray else ""
    try:
        if not astray:
            _move(task.output.rstrip("/"), keep)
            if task.draft != task.output:
                _move(task.draft, f"{keep}.draft")
    except OSError as error:
        reason = f"what lies at its output's place could not be moved away: {error}"
    if reason:
        run.ledger.append("closed", task=attempt.task, attempt=attempt.number, outcome=FAILED, reason=reason)
    return reason


def _move(path: str, keep: str) -> None:
    if not os.path.lexists(path):
        return
    os.makedirs(os.path.dirname(keep), exist_ok=True)
    try:
        os.rename(path, keep)
    except OSError:  # another file system
        import shutil

        shutil.move(path, keep)


def brief(run: ActiveRun, attempt: Attempt) -> str:
    """The text for an attempt. A retry that was never offered gets the first brief under its own marker."""
    text = read_text(run.folder.brief(attempt.task, attempt.number))
    if text:
        return text
    rest = read_text(run.folder.brief(attempt.task, 1)).partition("\n")[2]
    return f"{marker(run.plan.run, attempt.task, attempt.number)}\n{rest}"
