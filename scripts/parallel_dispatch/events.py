"""A host event of a conversation that drives a run: standard library only, started with `-I -S` by `hooks/hook.py`.

A hook that cannot do its work says so on stderr and exits 1, which the host shows and otherwise ignores: a broken hook
never blocks a conversation.
"""

from __future__ import annotations

import os
import sys

from . import quickjson
from .active import ActiveRun
from .gate import AGENT_TOOLS, Payload
from .owners import drives
from .places import ROOT
from .refusal import Refusal
from .visible import visible, visible_answer


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
            # The host's own helpers stop, too, when it compacts: without a type, and without a transcript to wait for.
            return closing.on_agent_stop(payload, run) if payload.get("agent_type") else None
        return (closing.on_agent_death if event == "StopFailure" else closing.on_call_end)(payload, run)
    return None


def word(payload: Payload, run: ActiveRun, host: int) -> Payload | str | None:
    """What the main conversation must hear: an answer, a word for the full program, or nothing."""
    event = str(payload.get("hook_event_name"))
    if (
        not payload.get("agent_id") and run.base.patterns
    ):  # whoever should have made tasks of an output may have been killed over it
        from .spreading import spread_ready

        spread_ready(run)
    if event == "SessionStart":
        from .sessions import on_session_start

        return on_session_start(payload, run, host)
    if event == "SessionEnd":
        from .sessions import on_session_end

        return on_session_end(payload, run)
    from . import conversation

    asked = {
        "PostToolBatch": conversation.on_batch,
        "UserPromptSubmit": conversation.on_prompt,
        "Stop": conversation.on_stop,
        "StopFailure": conversation.on_failure,
    }.get(event)
    return asked(payload, run) if asked else None


def _words(word: str, run: ActiveRun, session: str) -> Payload | str | None:
    """The answer for a word, or the word itself where only the full program has the words."""
    from . import offering

    state = run.state()
    return offering.answer(word, run, state, session, offering.Pen()) if offering.is_enough(word, run, state) else word


def main(payload: Payload, folder: str, host: int = 0, *, watches: bool = False) -> int:
    """The exit code of the process that answers an event on stdout; some answers need the full program.

    `host` is the process that sent the event.
    """
    run = ActiveRun(folder)
    session = str(payload.get("session_id") or "")
    try:
        if watches:
            from .watch import watch

            return watch(payload, run, host)
        said: Payload | str | None
        before = os.environ.get("CLAUDE_CODE_SESSION_ID", "")  # after /clear the id that the conversation had
        if drives(run.folder, before if payload.get("source") == "clear" else session):
            said = answer(payload, run) or word(payload, run, host)
            said = _words(said, run, session) if isinstance(said, str) else said
        else:
            from .sessions import on_taken_over

            said = on_taken_over(payload, run)
    except (OSError, ValueError, Refusal) as error:
        sys.stderr.write(visible(f"parallel-dispatch: {payload.get('hook_event_name')}: {error}") + "\n")
        return 1
    if isinstance(said, dict):
        sys.stdout.write(quickjson.dumps(visible_answer(said)) + "\n")
    elif said:
        program = os.path.join(ROOT, "scripts", "parallel_dispatch", "__main__.py")
        os.execv(sys.executable, [sys.executable, "-I", program, "say", said, folder, session])
    return 0
