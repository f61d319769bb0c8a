"""`/parallel-dispatch` in a conversation: typed by the user (`UserPromptExpansion`) or called by the model (`Skill`).

A typed command is checked and started before the model hears of it; with errors no model request is made at all.
A command that the model calls is checked before, asked about, and started only after the user's rules let it through.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from typing import TYPE_CHECKING

from . import dispatch, live, planner, quickjson, run, runs, status
from .arguments import Parser, UsageError, add_dry_run, add_run_arguments, options_of, project_of
from .digest import digest
from .load import load
from .marker import parse_marker
from .neighbours import NAME, has_rival
from .offering import launched
from .owners import find
from .permissions import allows_skill
from .places import interpreter_file, read_text
from .refusal import Refusal
from .renewal import AS_PLANNED, Faulty
from .telling import say
from .visible import visible_answer

if TYPE_CHECKING:
    from .active import ActiveRun
    from .gate import Payload
    from .load import Loaded

VERBS = ("resume", "stop", "status", "runs")
NAMES = ("parallel-dispatch:parallel-dispatch", "parallel-dispatch")


class Blocked(Exception):  # noqa: N818 - an answer, not an error
    """A command that starts nothing; the text is for the user."""


def main() -> int:
    """The process: an event on stdin, the answer on stdout."""
    payload = quickjson.record(sys.stdin.buffer.read().decode(errors="replace"))
    reply = _EVENTS.get(str(payload.get("hook_event_name")), _nothing)(payload)
    if reply:
        print(quickjson.dumps(visible_answer(reply)))
    return 0


def _nothing(_: Payload) -> Payload | None:
    return None


def _typed(payload: Payload) -> Payload | None:
    """`UserPromptExpansion`: errors block the prompt; else the run starts and its first block is added."""
    if payload.get("command_name") not in NAMES or payload.get("command_source") != "plugin":
        return None
    try:
        text, problems = _begin(str(payload.get("command_args") or ""), payload)
    except Blocked as blocked:
        return {"decision": "block", "reason": dispatch.fit(str(blocked))}
    if _verb(str(payload.get("command_args") or ""))[0] == "stop":
        return {**_context("UserPromptExpansion", text), "systemMessage": f"parallel-dispatch: {text.splitlines()[0]}"}
    notes = _permissions(str(payload.get("permission_mode")))
    made = os.environ.get("PARALLEL_DISPATCH_MADE")
    if made:
        notes = f"parallel-dispatch: its Python environment was made, once, in {made}.\n{notes}"
    return {**_context("UserPromptExpansion", text), "systemMessage": dispatch.fit(f"{notes}\n{problems}".rstrip())}


def _verb(arguments: str) -> tuple[str, str | None]:
    """A word for a run instead of a task file, and the run that it names; a file of such a name is written `./stop`."""
    words = arguments.split()
    if words[:1] == ["resume"] and AS_PLANNED in words:
        words.remove(AS_PLANNED)
    if not words or words[0] not in VERBS or len(words) > 2:
        return "", None
    return words[0], words[1] if len(words) > 1 else None


def _steer(verb: str, wanted: str | None, payload: Payload, *, as_planned: bool = False) -> str:
    """What the conversation hears after `resume` or `stop`; `Blocked` where the user's screen is enough."""
    project, session = _project(payload), str(payload.get("session_id") or "")
    try:
        if verb == "resume":
            _refuse_without_hooks()
            return run.resume(project, wanted, session, as_planned=as_planned)[1]
        if verb == "runs":
            raise Blocked(runs.table(project))
        chosen = _chosen(verb, wanted, project, session)
        if verb == "status":
            raise Blocked(status.table(live.Sight(chosen).moment))
        return _stop(chosen, session)
    except Faulty as faulty:
        raise Blocked(f"parallel-dispatch: {faulty}\n{_problems(faulty.loaded, faulty.name)}") from faulty
    except (Refusal, OSError) as refusal:
        raise Blocked(f"parallel-dispatch: {refusal}") from refusal


def _chosen(verb: str, wanted: str | None, project: str, session: str) -> ActiveRun:
    """The run named, else the conversation's own, else, only to look at it, the newest."""
    own = None if wanted else find(project, session)
    if verb == "stop" and not (wanted or own):
        raise Refusal("this conversation drives no run; name one: `/parallel-dispatch stop RUN`, see `runs`")
    return own or runs.choose(project, wanted)


def _stop(chosen: ActiveRun, session: str) -> str:
    """The run cancelled. The model is only needed where agents must be stopped."""
    if chosen.state().ended:
        raise Refusal(f"run {chosen.plan.run} has ended already: {chosen.plan.shown(chosen.folder.report)}")
    own = find(chosen.plan.project, session)
    if not own or own.folder.name != chosen.folder.name:
        run.cancel_from_outside(chosen)
        raise Blocked(f"parallel-dispatch: run {chosen.plan.run} is cancelled.")
    run.cancel(chosen)
    reply = say("prompt", chosen, session)
    text = f"{dispatch.summary(chosen.state()).splitlines()[0]} Report: {chosen.plan.shown(chosen.folder.report)}"
    inner = reply.get("hookSpecificOutput") if reply else None
    if not chosen.state().awaited or not isinstance(inner, dict):
        raise Blocked(f"parallel-dispatch: run {chosen.plan.run} is cancelled. {text}")
    return f"Run {chosen.plan.run} is cancelled by the user. {text}\n{inner['additionalContext']}"


def _project(payload: Payload) -> str:
    return project_of(str(payload.get("cwd") or os.getcwd()))


def _skill(payload: Payload) -> Payload | None:
    """`PreToolUse(Skill)`: errors deny the call; else the user is asked, with the plan, since a run costs money."""
    arguments = _skill_arguments(payload)
    if arguments is None:
        return None
    verb, wanted = _verb(arguments)
    try:
        if verb in ("status", "runs"):
            _steer(verb, wanted, payload)
        if verb == "stop" or _is_free(payload):
            return None
        if verb:
            return _permission("ask", f"parallel-dispatch would resume {wanted or 'the run'}: its agents cost tokens.")
        loaded, parsed, project = _checked(arguments, payload)
        plan_text = _plan(loaded, parsed, project)
    except Blocked as blocked:
        return _permission("deny", str(blocked))
    if parsed.dry_run:
        return _permission("deny", f"A dry run starts nothing. {plan_text}")
    return _permission("ask", f"parallel-dispatch would start these agents.\n{plan_text}")


def _is_free(payload: Payload) -> bool:
    """Whether a call of the model needs no question of ours: plan mode starts nothing, or the user's rules allow it."""
    mode = payload.get("permission_mode")
    return mode in ("plan", "bypassPermissions") or allows_skill(_project(payload), NAMES)


def _skill_called(payload: Payload) -> Payload | None:
    """`PostToolUse(Skill)`: the call went through, so the run starts."""
    arguments = _skill_arguments(payload)
    if arguments is None:
        return None
    try:
        text, problems = _begin(arguments, payload)
    except Blocked as blocked:
        return _context("PostToolUse", dispatch.fit(str(blocked)))
    shown = {"systemMessage": dispatch.fit(problems.rstrip())} if problems else {}
    return {**_context("PostToolUse", text), **shown}


def _before_tool(payload: Payload) -> Payload | None:
    return _skill(payload) if payload.get("tool_name") == "Skill" else _foreign(payload)


def _foreign(payload: Payload) -> Payload | None:
    """An Agent call with a marker of ours in a conversation that drives no run, such as a fork of one that did."""
    call = payload.get("tool_input")
    named = parse_marker(call.get("prompt")) if isinstance(call, dict) else None
    if named is None:
        return None
    try:
        found = runs.choose(_project(payload), named[0])
        hooked = found.plan.driver == "hooks"
    except (Refusal, OSError):
        return None
    if not hooked:
        return None
    how = f"`/parallel-dispatch resume {named[0]}` takes it over"
    return _permission("deny", f"run {named[0]} is not driven by this conversation; {how}")


_EVENTS = {"UserPromptExpansion": _typed, "PreToolUse": _before_tool, "PostToolUse": _skill_called}


def _skill_arguments(payload: Payload) -> str | None:
    call = payload.get("tool_input")
    if payload.get("agent_id") or not isinstance(call, dict) or call.get("skill") not in NAMES:
        return None
    if call["skill"] == NAME and has_rival(NAME, project_of(str(payload.get("cwd") or os.getcwd()))):
        return None  # the bare name may be theirs
    return str(call.get("args") or "")


def _begin(arguments: str, payload: Payload) -> tuple[str, str]:
    """The opening of a started or resumed run, or the end of a stopped one; in plan mode the plan only.

    Beside it, for the user, what is launched, and the file's warnings and advice, which refuse nothing.
    """
    verb, wanted = _verb(arguments)
    if verb == "resume" and payload.get("permission_mode") == "plan":
        raise Blocked("parallel-dispatch: plan mode starts nothing; leave it, then resume")
    if verb:
        return _steer(verb, wanted, payload, as_planned=AS_PLANNED in arguments.split()), ""
    loaded, parsed, project = _checked(arguments, payload)
    if payload.get("permission_mode") == "plan":
        return f"Plan mode: nothing was started. Show the user this plan.\n{_plan(loaded, parsed, project)}", ""
    if parsed.dry_run:
        raise Blocked(_plan(loaded, parsed, project))
    try:
        _refuse_without_hooks()
        begun, text = run.start(loaded, options_of(parsed), project, str(payload.get("session_id") or ""))
    except (Refusal, OSError) as refusal:
        raise Blocked(f"parallel-dispatch: {refusal}") from refusal
    return text, f"parallel-dispatch: {launched(begun, begun.state())}\n{_problems(loaded, parsed.file)}".rstrip()


def _refuse_without_hooks() -> None:
    """Hooks start the interpreter that the user's cache names, and no other: a run that they cannot drive is none."""
    if not os.path.isfile(read_text(interpreter_file()).strip()):
        raise Refusal(f"{interpreter_file()} names no Python; run `parallel-dispatch prepare`")


def _plan(loaded: Loaded, parsed: argparse.Namespace, project: str) -> str:
    """The plan, and below it what the file's warnings and advice are."""
    from .analysis import analyse  # a run that is started needs neither
    from .plan_text import summary

    try:
        plan = planner.plan_run(loaded, options_of(parsed), project)[0]
    except Refusal as refusal:
        raise Blocked(f"parallel-dispatch: {refusal}") from refusal
    table = dispatch.plan_table(plan, summary(analyse(plan, is_brief=True)))
    return f"{table}\n{_problems(loaded, parsed.file)}".rstrip()


def _checked(arguments: str, payload: Payload) -> tuple[Loaded, argparse.Namespace, str]:
    """The task file without errors, the parsed arguments, the project. The file is relative to where the user is."""
    parser = Parser(prog="/parallel-dispatch", add_help=False)
    add_run_arguments(parser)
    add_dry_run(parser)
    try:
        words = shlex.split(arguments)
        if not words or words[0] in ("-h", "--help", "help"):
            raise Blocked(parser.format_help())
        parsed = parser.parse_args(words)
    except (UsageError, ValueError) as error:
        raise Blocked(str(error)) from error
    here = str(payload.get("cwd") or os.getcwd())
    path = os.path.join(here, os.path.expanduser(parsed.file))
    project = project_of(here)
    loaded = load(path, project)
    if loaded.task_file is None:
        raise Blocked(_problems(loaded, parsed.file))
    return loaded, parsed, project


def _permissions(mode: str) -> str:
    """What the user should know before agents meet a rule: what is let through, and what becomes of the rest."""
    asks = "is denied, since -p cannot ask" if os.environ.get("CLAUDE_CODE_ENTRYPOINT") == "sdk-cli" else "asks you"
    rest = {
        "plan": "nothing is started in plan mode",
        "acceptEdits": f"edits are accepted, any other call that your rules do not allow {asks}",
        "dontAsk": "any other call that your rules do not allow is denied",
        "auto": "the host judges any other call",
        "bypassPermissions": "any other call is let through",
    }.get(mode, f"any other call that your rules do not allow {asks}")
    return f"parallel-dispatch: agents may write their declared outputs; {rest}."


def _problems(loaded: Loaded, name: str) -> str:
    """The problems of a task file, as many as the host shows whole, and how many more there are."""
    return digest(loaded.problems, loaded.lines, name, dispatch.LIMIT - 200)


def _permission(decision: str, reason: str) -> Payload:
    inner = {
        "hookEventName": "PreToolUse",
        "permissionDecision": decision,
        "permissionDecisionReason": dispatch.fit(reason),
    }
    return {"hookSpecificOutput": inner}


def _context(event: str, text: str) -> Payload:
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": dispatch.fit(text)}}
