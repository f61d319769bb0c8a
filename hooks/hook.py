"""A host event of a conversation that drives a run: standard library only, started with `-I -S` by the guard.

Usage: hook.py RUN_FOLDER, the event's JSON on stdin, the answer's JSON on stdout. A hook that cannot do its work says
so on stderr and exits 1, which the host shows and otherwise ignores: a broken hook never blocks a conversation.
"""

from __future__ import annotations

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from parallel_dispatch import quickjson  # noqa: E402 - the path comes first
from parallel_dispatch.active import ActiveRun, Payload  # noqa: E402
from parallel_dispatch.refusal import Refusal  # noqa: E402

AGENT_TOOLS = ("Agent", "Task")


def answer(payload: Payload, run: ActiveRun) -> Payload | None:
    """The answer to one event; None says nothing."""
    event, tool = payload.get("hook_event_name"), payload.get("tool_name")
    if event == "PreToolUse" and tool in AGENT_TOOLS:
        from parallel_dispatch.admission import on_agent_call

        return on_agent_call(payload, run)
    if event in ("PreToolUse", "SubagentStart"):
        if not payload.get("agent_id"):
            return None
        from parallel_dispatch import supervision

        return (supervision.on_tool_call if event == "PreToolUse" else supervision.on_agent_start)(payload, run)
    if event in ("SubagentStop", "StopFailure", "PostToolUse", "PostToolUseFailure"):
        from parallel_dispatch import closing

        if event == "SubagentStop":
            return closing.on_agent_stop(payload, run)
        return (closing.on_agent_death if event == "StopFailure" else closing.on_call_end)(payload, run)
    return None


def word(payload: Payload, run: ActiveRun) -> str:
    """What the main conversation must hear, as a word for the full program; empty for nothing."""
    from parallel_dispatch import conversation

    asked = {
        "PostToolBatch": conversation.on_batch,
        "UserPromptSubmit": conversation.on_prompt,
        "Stop": conversation.on_stop,
    }.get(str(payload.get("hook_event_name")))
    return asked(payload, run) if asked else ""


def main() -> int:
    """The process."""
    run = ActiveRun(sys.argv[1])
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
        os.execv(sys.executable, [sys.executable, "-I", program, "say", said, sys.argv[1]])
    return 0


if __name__ == "__main__":
    sys.exit(main())
