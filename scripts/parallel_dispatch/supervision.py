"""`PreToolUse` inside one of our agents that its tie alone does not settle: its first call, a late one, a denial."""

from __future__ import annotations

from .active import ActiveRun
from .closing import on_handback
from .gate import HANDBACK, WRITING, Payload, allow_own, decide_call, paths_written, strays
from .judge import close
from .state import CANCELLED
from .territory import refusal
from .tie import Tie

_INSTEAD = "Write your output with the Write tool; what needs more than looking belongs into it as a proposal."


def on_tool_call(payload: Payload, run: ActiveRun) -> Payload | None:
    """The answer to a tool call inside an agent: None leaves it to the user's rules."""
    tie = run.tie(payload)
    if tie is None:
        return None
    if payload.get("tool_name") == HANDBACK:
        return on_handback(payload, run, tie)
    if tie.is_over:
        return _end(run, tie)
    written = paths_written(payload, tie)
    is_own = payload.get("tool_name") in WRITING and bool(written) and all(map(tie.owns, written))
    if tie.is_late and not is_own:
        output = run.plan.tasks[tie.task].draft
        return decide_call("deny", f"Time is up. Write what you have to {output} now, then stop.")
    if is_own:
        return allow_own() if payload.get("permission_mode") != "plan" else None
    if strays(payload, tie):
        from .looking import HINT

        return decide_call("deny", f"{tie.task} changes nothing, so its shell is for looking: {HINT}. {_INSTEAD}")
    why = next(filter(None, (refusal(run.plan, tie, path) for path in written)), "")
    return decide_call("deny", why) if why else None


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
