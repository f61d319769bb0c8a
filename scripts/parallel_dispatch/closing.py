"""The ends of agents: `SubagentStop`, `PostToolUse` and `PostToolUseFailure` on the Agent tool, `StopFailure`."""

from __future__ import annotations

import os

from .active import ActiveRun
from .admission import make_room
from .bell import LEAVE, ring
from .gate import Payload, decide_call
from .judge import brief_words, close, in_one_line, keep_answer, lacking, take_draft
from .limits import is_busy, usage_limit
from .marker import parse_marker
from .notification import Notification
from .plan import PlannedTask
from .state import CANCELLED, FAILED, INTERRUPTED, MAX_SENT_BACK, Attempt, State
from .tie import Tie
from .transcript import agent_transcript, queued, words


def on_agent_stop(payload: Payload, run: ActiveRun) -> Payload | None:
    """An agent that wants to stop: sent back while its output is missing, at most twice, then its attempt is closed."""
    tie = run.tie(payload)
    if tie is None:
        return None
    attempt = run.state().attempts[tie.task][tie.attempt - 1]
    if not attempt.is_open:
        return None
    lack = _send_back(run, attempt, tie)
    if lack:
        return {"decision": "block", "reason": lack}
    said = payload.get("last_assistant_message")
    keep_answer(run, attempt, said)
    close(run, attempt, f"last words: {said}" if said else "", str(payload.get("agent_id")), tie.transcript)
    return None


def on_handback(payload: Payload, run: ActiveRun, tie: Tie) -> Payload | None:
    """An agent that reports through a tool of its own (2.1.329 in auto mode); sending it back at its stop is too late.

    What it hands over reaches the main conversation whole, so it is kept and shrunk here.
    """
    attempt = run.state().attempts[tie.task][tie.attempt - 1]
    call = payload.get("tool_input")
    if not isinstance(call, dict):
        return None
    lack = _send_back(run, attempt, tie) if attempt.is_open else ""
    if lack:
        return decide_call("deny", lack)
    keep_answer(run, attempt, call.get("message"))
    return decide_call("allow", "the end of a task", {**call, "message": f"{tie.task}: see the run's report"})


def _send_back(run: ActiveRun, attempt: Attempt, tie: Tie) -> str:
    """What an agent hears that wants to stop without its output; empty where it may stop."""
    task = run.plan.tasks[tie.task]
    take_draft(task)
    lack = lacking(run.plan, task) or _unlisted(run, task)
    lost = "" if lack else _lost(run, task, attempt)
    lack = lack or lost
    is_let_go = tie.is_late or tie.is_over or _is_unchecked(task, lack)
    if not lack or attempt.sent_back >= MAX_SENT_BACK or is_let_go:
        return ""
    marks = {"losses": lost.count("\n")} if lost else {}
    if lost:
        from .losses import set_aside

        set_aside(run, task, attempt)
    run.ledger.append("sent-back", task=tie.task, attempt=tie.attempt, reason=in_one_line(lack), **marks)
    brief = f" Read and follow {run.folder.brief(tie.task, 1)}." if attempt.rewritten else ""
    then = f"{brief} Write it to {task.draft}, then stop."
    return f"You are not done: {lack}" + (f"\n{then.lstrip()}" if "\n" in lack else f".{then}")


def _lost(run: ActiveRun, task: PlannedTask, attempt: Attempt) -> str:
    """What an integrator's output lost of what it merges; told once, then it may stop as it is."""
    if task.id != run.plan.integrator:
        return ""
    from .losses import losses

    return losses(run, task, attempt)


def _is_unchecked(task: PlannedTask, lack: str) -> bool:
    """Whether nobody could judge the output, which its agent cannot mend."""
    if "json_schema" not in task.contract:
        return False
    from .matching import UNCHECKED

    return UNCHECKED in lack


def _unlisted(run: ActiveRun, task: PlannedTask) -> str:
    """What is wrong with an output as the list that other tasks are made of."""
    if not run.base.patterns:
        return ""
    from .spreading import unlisted

    return unlisted(run.plan, task)


def on_agent_death(payload: Payload, run: ActiveRun) -> None:
    """An agent that ended in an API error."""
    tie = run.tie(payload)
    if tie is None:
        return
    attempt = run.state().attempts[tie.task][tie.attempt - 1]
    if attempt.is_open:
        said = payload.get("last_assistant_message")
        keep_answer(run, attempt, said)
        why = f"the agent died: {said or payload.get('error') or 'no reason was given'}"
        agent_id = str(payload.get("agent_id"))
        _close_unserved(run, attempt, why, said, payload.get("error"), agent_id=agent_id, transcript=tie.transcript)


def on_call_end(payload: Payload, run: ActiveRun) -> Payload | None:
    """An Agent call that returned or failed: its attempt is closed, and its result shrunk to one line for the model."""
    state = run.state()
    attempt = state.calls.get(str(payload.get("tool_use_id") or ""))
    if attempt is None:
        return None
    response = payload.get("tool_response")
    if not isinstance(response, dict):  # the call failed
        if attempt.is_open:
            error = payload.get("error")
            _close_unserved(run, attempt, f"the call failed: {error or 'no reason was given'}", error)
        return None
    agent_id = str(response.get("agentId") or "")
    if response.get("status") == "async_launched":
        transcript = agent_transcript(payload, agent_id)  # after /clear the events of the agent name another one
        run.ledger.append(
            "launched", task=attempt.task, attempt=attempt.number, agent_id=agent_id, transcript=transcript
        )
        # Nothing to read and nobody to talk to: what the host says of both is 400 bytes and more.
        return _shrunk({**response, "prompt": "", "outputFile": "", "canReadOutputFile": False})
    if agent_id and not attempt.agent_id:  # no event of the agent itself told whose it is
        run.tie({**payload, "agent_id": agent_id})
    said = words(response.get("content"))
    keep_answer(run, attempt, said)
    if attempt.is_open:
        line = _close_unserved(run, attempt, f"last words: {said}" if said else "", said, agent_id=agent_id)
    else:
        line = _told(run, attempt)
    return _shrunk({**response, "content": [{"type": "text", "text": line}]})


def _shrunk(response: Payload) -> Payload:
    """The call's result as the model gets it, without the offer to go on with the agent (on 2.1.329)."""
    output = {**response, "canContinueAgent": False}
    return {"hookSpecificOutput": {"hookEventName": "PostToolUse", "updatedToolOutput": output}}


def on_notification(told: Notification, attempt: Attempt, run: ActiveRun) -> None:
    """The host says that a background agent has ended. Its attempt is closed, where no event of the agent did that."""
    run.ledger.append("notified", agent_id=told.agent_id)
    if not attempt.is_open:
        return
    keep_answer(run, attempt, told.said)
    if told.status == "killed":
        why = run.state().why_to_end(attempt.task) or "stopped by hand"
        close(run, attempt, why, told.agent_id, otherwise=CANCELLED)
    elif told.status == "failed":
        said = told.summary.partition('" failed: ')[2] or told.said
        _close_unserved(run, attempt, f"the agent died: {told.said or told.summary}", said, agent_id=told.agent_id)
    else:
        why = f"last words: {told.said}" if told.said else ""
        _close_unserved(run, attempt, why, told.said, agent_id=told.agent_id)


def note_passed_on(payload: Payload, run: ActiveRun, state: State) -> bool:
    """Whether notifications reached the main conversation within a turn, where they are no prompts (2.1.197)."""
    passed_on = queued(str(payload.get("transcript_path") or "")) if state.imminent else ""
    found = [a.agent_id for a in state.imminent if a.agent_id and f"<task-id>{a.agent_id}</task-id>" in passed_on]
    for agent_id in found:
        run.ledger.append("notified", agent_id=agent_id)
        ring(run.folder.watcher(agent_id), LEAVE)
    return bool(found)


def _close_unserved(
    run: ActiveRun,
    attempt: Attempt,
    why: str,
    said: object,
    error: object = "",
    agent_id: str = "",
    transcript: str = "",
) -> str:
    """An attempt closed whose end may be the server's: a usage limit pauses the run, a busy server slows it down.

    No try is spent then. What was `said` is the host's word for it, or the agent's last.
    """
    limit, busy = usage_limit(said), is_busy(said, error)
    if limit and not run.state().paused:
        run.ledger.append("paused", reason=brief_words(limit))
    otherwise = INTERRUPTED if limit or busy else FAILED
    return close(run, attempt, why, agent_id, transcript, otherwise=otherwise, thrown_back=busy)


def close_returned(payload: Payload, run: ActiveRun, state: State) -> bool:
    """Whether the end of a batch changed anything: calls that the host refused are recorded, open attempts closed."""
    changed = False
    calls = payload.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        if not isinstance(call, dict) or call.get("tool_name") not in ("Agent", "Task"):
            continue
        changed |= _close_one(call, run, state)
    return changed


def _close_one(call: Payload, run: ActiveRun, state: State) -> bool:
    given = call.get("tool_input")
    named = parse_marker(given.get("prompt")) if isinstance(given, dict) else None
    tool_use_id = str(call.get("tool_use_id") or "")
    if named is None or named[0] != run.plan.run or tool_use_id in state.rejected:
        return False
    said = words(call.get("tool_response"))
    attempt = state.calls.get(tool_use_id)
    if attempt is None:  # no hook of ours saw it: refused by the host before, or the hook could not do its work
        if state.refusal(named[1]):
            return False
        since = max((a.ended or 0.0 for a in state.attempts[named[1]]), default=state.begun or 0.0)
        run.ledger.append("claimed", task=named[1], call=tool_use_id)
        attempt = run.state().calls.get(tool_use_id)
        if attempt and _is_older(run.plan.tasks[named[1]].output.rstrip("/"), since):
            make_room(run, attempt)
            attempt = run.state().calls[tool_use_id]
    if attempt is None or not attempt.is_open or attempt.background:
        return False
    close(run, attempt, f"the host did not run it: {said}" if said else "the host did not run it")
    return True


def _is_older(path: str, since: float) -> bool:
    return os.path.lexists(path) and os.lstat(path).st_mtime < since


def _told(run: ActiveRun, attempt: Attempt) -> str:
    task = run.plan.tasks.get(attempt.task)
    if task and attempt.outcome == "success":
        return f"{task.id}: done, in {run.plan.shown(task.output)}"
    return f"{attempt.task}: {attempt.outcome}: {attempt.reason}"
