"""The first look at a tool call inside an agent: nearly all of them need its tie alone, and no plan and no ledger."""

from __future__ import annotations

import os

from .places import RunFolder
from .tie import Tie, is_in, real

AGENT_TOOLS = ("Agent", "Task")
SHELL = "Bash"
WRITING = ("Write", "Edit", "MultiEdit", "NotebookEdit")
HANDBACK = "SubagentHandback"

Payload = dict[str, object]


def look(payload: Payload, folder: str) -> tuple[bool, Payload | None]:
    """Whether an event is settled by its agent's tie, and the answer then; None leaves it to the user's rules."""
    tool, agent_id = payload.get("tool_name"), payload.get("agent_id")
    if payload.get("hook_event_name") != "PreToolUse" or tool in AGENT_TOOLS:
        return False, None
    if not isinstance(agent_id, str) or not agent_id:
        return True, None
    path = RunFolder(folder).agent(agent_id)
    if not os.path.exists(path):
        return False, None
    tie = Tie.read(path)
    if tie is None:
        return True, None
    if tool == HANDBACK or tie.is_over or tie.is_late:
        return False, None
    if tool == SHELL and strays(payload, tie):
        return False, None
    written = paths_written(payload, tie)
    if written and tool in WRITING and all(map(tie.owns, written)):
        return True, allow_own() if payload.get("permission_mode") != "plan" else None
    return all(tie.owns(one) or tie.may_surely_write(one) for one in written), None


def paths_written(payload: Payload, tie: Tie) -> list[str]:
    """The real paths that a call writes: of a shell command those in the project and among outputs that can be seen."""
    call, tool = payload.get("tool_input"), payload.get("tool_name")
    if not isinstance(call, dict) or not (tool in WRITING or tool == SHELL):
        return []
    here = str(payload.get("cwd") or "")
    if tool == SHELL:
        from .shell import targets

        given = targets(str(call.get("command") or ""), lambda path: os.path.isdir(real(path, here)))
    else:
        given = [str(call.get("file_path") or call.get("notebook_path") or "")]
    given += [path.replace("\\", "/") for path in given if "\\" in path]
    found = [real(path, here) for path in given]
    return [path for path in found if tool != SHELL or is_in(path, tie.project) or is_in(path, tie.outputs)]


def strays(payload: Payload, tie: Tie) -> bool:
    """Whether an agent that only looks would do more than that with its shell."""
    if not tie.looks or payload.get("tool_name") != SHELL:
        return False
    from .looking import only_looks

    call = payload.get("tool_input")
    return not only_looks(str(call.get("command") or ""), tie.project) if isinstance(call, dict) else True


def allow_own() -> Payload:
    """The way free for the task's own output: the user asked for it in the task file."""
    return decide_call("allow", "the task's own declared output")


def decide_call(decision: str, reason: str, updated: Payload | None = None) -> Payload:
    """A `PreToolUse` answer: allow or deny, why, and the call's input where it changes."""
    inner: Payload = {
        "hookEventName": "PreToolUse",
        "permissionDecision": decision,
        "permissionDecisionReason": f"parallel-dispatch: {reason}",
    }
    return {"hookSpecificOutput": {**inner, "updatedInput": updated} if updated else inner}
