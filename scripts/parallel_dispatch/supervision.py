"""`PreToolUse` inside one of our agents: deadlines, and the way free for the own output."""

from __future__ import annotations

import os
import time

from .active import ActiveRun, Payload, Tie, decide_call
from .closing import on_handback
from .judge import close
from .state import CANCELLED

HANDBACK = "SubagentHandback"
WRITING = ("Write", "Edit", "MultiEdit", "NotebookEdit")


def on_tool_call(payload: Payload, run: ActiveRun) -> Payload | None:
    """The answer to a tool call inside an agent: None leaves it to the user's rules."""
    tie = run.tie(payload)
    if tie is None:
        return None
    if payload.get("tool_name") == HANDBACK:
        return on_handback(payload, run, tie)
    now = time.time()
    if now >= tie.end or tie.called_off:
        return _end(run, tie)
    own = _is_own_output(payload, run, tie)
    if now >= tie.deadline and not own:
        output = run.plan.tasks[tie.task].draft
        return decide_call("deny", f"Time is up. Write what you have to {output} now, then stop.")
    if own and payload.get("permission_mode") != "plan":
        return decide_call("allow", "the task's own declared output")
    return None


def _is_own_output(payload: Payload, run: ActiveRun, tie: Tie) -> bool:
    if payload.get("tool_name") not in WRITING:
        return False
    call = payload.get("tool_input")
    path = (call.get("file_path") or call.get("notebook_path")) if isinstance(call, dict) else None
    if not isinstance(path, str):
        return False
    return run.plan.tasks[tie.task].owns(os.path.join(str(payload.get("cwd") or ""), path))


def _end(run: ActiveRun, tie: Tie) -> Payload:
    """An agent ended at its tool call, since its time is up, its run is stopped or its attempt is closed."""
    attempt = run.state().attempts[tie.task][tie.attempt - 1]
    if attempt.is_open and tie.called_off:
        close(run, attempt, tie.called_off, transcript=tie.transcript, otherwise=CANCELLED)
    elif attempt.is_open:
        why = f"timeout: ended {run.plan.tasks[tie.task].timeout:g} s and a grace after its start"
        close(run, attempt, why, transcript=tie.transcript)
    why = f"{tie.task} ends here, {tie.called_off}" if tie.called_off else f"the time of {tie.task} is up"
    return {"continue": False, "stopReason": f"parallel-dispatch: {why}"}
