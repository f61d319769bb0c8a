"""A host event of a conversation that drives a run: standard library only, started with `-I -S` by `hooks/hook.py`.

A hook that cannot do its work says so on stderr and exits 1, which the host shows and otherwise ignores: a broken hook
never blocks a conversation.
"""

from __future__ import annotations

import os
import sys

from . import quickjson
from .active import ActiveRun, Payload
from .places import ROOT
from .refusal import Refusal

AGENT_TOOLS = ("Agent", "Task")


def answer(payload: Payload, run: ActiveRun) -> Payload | None:
    """The answer to one event; None says nothing."""
    event = payload.get("hook_event_name")
    if event == "PreToolUse" and payload.get("tool_name") in AGENT_TOOLS:
        from .admission import on_agent_call

        return on_agent_call(payload, run)
    if event == "PreToolUse" and payload.get("agent_id"):
        from .supervision import on_tool_call

        return on_tool_call(payload, run)
    if event in ("SubagentStop", "StopFailure", "PostToolUse", "PostToolUseFailure"):
        from . import closing

        if event == "SubagentStop":
            return closing.on_agent_stop(payload, run)
        return (closing.on_agent_death if event == "StopFailure" else closing.on_call_end)(payload, run)
    return None


def word(payload: Payload, run: ActiveRun) -> str:
    """What the main conversation must hear, as a word for the full program; empty for nothing."""
    from . import conversation

    asked = {
        "PostToolBatch": conversation.on_batch,
        "UserPromptSubmit": conversation.on_prompt,
        "Stop": conversation.on_stop,
    }.get(str(payload.get("hook_event_name")))
    return asked(payload, run) if asked else ""


def main(folder: str) -> int:
    """The process: an event's JSON on stdin, the answer's JSON on stdout; it turns into the full program for words."""
    run = ActiveRun(folder)
    payload = quickjson.record(sys.stdin.read())
    try:
        reply = answer(payload, run)
        said = "" if reply else word(payload, run)
    except (OSError, ValueError, Refusal) as error:
        sys.stderr.write(f"parallel-dispatch: {payload.get('hook_event_name')}: {error}\n")
        return 1
    if reply:
        sys.stdout.write(quickjson.dumps(reply) + "\n")
    elif said:
        program = os.path.join(ROOT, "scripts", "parallel_dispatch", "__main__.py")
        os.execv(sys.executable, [sys.executable, "-I", program, "say", said, folder])
    return 0
