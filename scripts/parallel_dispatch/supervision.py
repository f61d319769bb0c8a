"""`PreToolUse` inside one of our agents, and the start of agents: deadlines, and the way free for the own output."""

from __future__ import annotations

import os
import time

from .active import ActiveRun, Payload, Tie
from .judge import close

WRITING = ("Write", "Edit", "MultiEdit", "NotebookEdit")


def on_agent_start(payload: Payload, run: ActiveRun) -> None:
    """The start of an agent, recorded; whose agent it is shows later."""
    run.ledger.append("agent-started", agent_id=str(payload.get("agent_id") or ""))


def on_tool_call(payload: Payload, run: ActiveRun) -> Payload | None:
    """The answer to a tool call inside an agent: None leaves it to the user's rules."""
    tie = run.tie(payload)
    if tie is None:
        return None
    now = time.time()
    if now >= tie.end:
        return _end(run, tie)
    own = _is_own_output(payload, run, tie)
    if now >= tie.deadline and not own:
        output = run.plan.tasks[tie.task].output
        return _decide("deny", f"Time is up. Write what you have to {output} now, then stop.")
    if own and payload.get("permission_mode") != "plan":
        return _decide("allow", "the task's own declared output")
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
    attempt = run.state().attempts[tie.task][tie.attempt - 1]
    if attempt.is_open:
        close(
            run,
            attempt,
            f"timeout: ended {run.plan.timeout:g} s and a grace after its start",
            transcript=tie.transcript,
        )
    return {"continue": False, "stopReason": f"parallel-dispatch: the time of {tie.task} is up"}


def _decide(decision: str, reason: str) -> Payload:
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": decision,
            "permissionDecisionReason": f"parallel-dispatch: {reason}",
        }
    }
