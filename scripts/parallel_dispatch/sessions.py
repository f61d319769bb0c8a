"""Conversations that go on, end, or lose their run to another one."""

from __future__ import annotations

from .active import ActiveRun
from .background import swallowed
from .conversation import forget_offer
from .decide import decide
from .gate import Payload, decide_call
from .interruption import interrupt
from .marker import parse_marker
from .notification import parse
from .owners import activate, conversation, deactivate
from .places import read_text
from .supervision import on_tool_call
from .watch import woken


def on_session_start(payload: Payload, run: ActiveRun, host: int) -> str | None:
    """A conversation that goes on: after compaction, under a new id (`/clear`), or in a new process, agents gone."""
    source = payload.get("source")
    session = str(payload.get("session_id") or "")
    if source == "resume":
        before = conversation(run.plan.project, session)
        if before and not before.is_of(host) and before.is_alive:  # a second window on a conversation that is at work
            return None
        if before and not before.is_of(host):
            interrupt(run)
    if source in ("resume", "clear"):
        old = read_text(run.folder.owner).strip()
        activate(run.plan.project, session, run.folder, host)
        if old != session:
            deactivate(run.plan.project, old)
    woken(run)
    forget_offer(run)
    return "session" if source in ("resume", "compact", "clear") else None


def on_session_end(payload: Payload, run: ActiveRun) -> str | None:
    """The host goes; a run that has ended leaves nothing behind, any other can be resumed."""
    state = run.state()
    if state.ended:
        deactivate(run.plan.project, str(payload.get("session_id") or ""))
        return None
    return "end" if decide(state).over else None


def on_taken_over(payload: Payload, run: ActiveRun) -> Payload | None:
    """Any event of a conversation whose run another one drives by now: its agents end, and it is told once."""
    event = payload.get("hook_event_name")
    session = str(payload.get("session_id") or "")
    if event == "PreToolUse" and payload.get("agent_id"):
        return on_tool_call(payload, run)
    call = payload.get("tool_input")
    named = parse_marker(call.get("prompt")) if event == "PreToolUse" and isinstance(call, dict) else None
    if named and named[0] == run.plan.run:
        return decide_call("deny", f"run {run.plan.run} goes on in another conversation, not in this one")
    if event != "UserPromptSubmit":
        return None
    told = parse(str(payload.get("prompt") or ""))
    if told and run.state().of_agent(told.agent_id):
        return swallowed(f"parallel-dispatch: run {run.plan.run} goes on in another conversation.")
    deactivate(run.plan.project, session)
    return {"systemMessage": f"parallel-dispatch: run {run.plan.run} goes on in another conversation, not in this one."}
