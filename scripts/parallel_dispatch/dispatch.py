"""The texts that the main conversation gets: the plan, the dispatch block, the end. Pure."""

from __future__ import annotations

import os
import sys

from . import quickjson
from .marker import marker
from .places import RunFolder
from .plan import Plan, PlannedTask
from .roles import GENERAL
from .spans import span
from .state import FAILED, FINE, SUCCESS, State

LIMIT = 9_500
"""How many characters of a hook's words the host shows whole: 10,000, with room for its own."""


def row(plan: Plan, folder: RunFolder, task: PlannedTask, attempt: int) -> dict[str, object]:
    """The Agent call for one attempt. Its prompt works without hooks, too: the agent reads its brief.

    With hooks, admission adds how the call runs and on which model; without them, the row must.
    """
    more: dict[str, object] = {**task.call, "run_in_background": False} if plan.driver == "cli" else {}
    return {
        "description": task.id,
        "subagent_type": task.subagent_type,
        "prompt": f"{marker(plan.run, task.id, attempt)} Read and follow {folder.brief(task.id, attempt)}",
        **more,
    }


def block(plan: Plan, folder: RunFolder, dispatch: list[tuple[str, int]]) -> str:
    """A dispatch block that the host shows whole; rows that do not fit wait for the next one. At least one row."""
    room = LIMIT if plan.driver == "hooks" else sys.maxsize
    rows: list[str] = []
    for task, attempt in dispatch:
        text = quickjson.dumps(row(plan, folder, plan.tasks[task], attempt))
        if rows and len(_block([*rows, text])) > room:
            break
        rows.append(text)
    return _block(rows)


def _block(rows: list[str]) -> str:
    head = (
        f"Dispatch in parallel: send ONE message with these {len(rows)} Agent tool calls, copied exactly."
        if len(rows) > 1
        else "Dispatch: send ONE message with this Agent tool call, copied exactly."
    )
    return f"{head}\n```json\n[" + ",\n".join(rows) + "]\n```"


def opening(plan: Plan, first_block: str, notes: list[str] | tuple[str, ...] = ()) -> str:
    """The first words of a run: the plan, then the block; the plan is dropped where both would not fit."""
    text = "\n".join([*notes, plan_text(plan), "", first_block])
    return text if len(text) <= LIMIT else first_block


def plan_text(plan: Plan) -> str:
    """The plan in a few lines: what runs, in which waves, within which limits."""
    kind = "Rehearsal" if plan.rehearsal else "Run"
    waves = [f"  wave {n}: {', '.join(map(_named, wave))}" for n, wave in enumerate(plan.waves, 1)]
    known = any(task.known_from for task in plan.tasks.values())
    foretold = [f"  foretold: {span(plan.foretold * 1000)}, as far as durations are known"] if known else []
    return "\n".join([f"{kind} {plan.run}: {head(plan)}", *waves, *foretold])


def plan_table(plan: Plan, remarks: str = "") -> str:
    """The plan for people: every task with its agent, what it waits for and where its output goes."""
    lines = [f"Plan: {head(plan)}"]
    lines += [" ".join(plan.description.split())] if plan.description else []
    lines += [remarks] if remarks else []
    for number, wave in enumerate(plan.waves, 1):
        lines.append(f"Wave {number}")
        for task in wave:
            lines += plan_row(plan, task)
    return "\n".join([*lines, *named_only(plan)])


def plan_row(plan: Plan, task: PlannedTask) -> list[str]:
    """A task of the plan for people: its agent, what it waits for and where its output goes."""
    as_what = "" if task.agent == task.subagent_type else f" as {task.subagent_type}"
    made_of = f"  {_made_of(task)}" if task.for_each else ""
    of = f"{task.wait} of " if task.wait else "the end of " if task.goes_without else ""
    after = f"  after {of}{_few(task.dependencies)}" if task.dependencies else ""
    line = f"  {task.id}  ({task.agent}{as_what}){made_of}  -> {planned_path(plan, task.output)}{after}"
    return [line, f"      {' '.join(task.description.split())}"] if task.description else [line]


def planned_path(plan: Plan, path: str) -> str:
    """An output's path as people read it before there is a run, whose own directory has no name yet."""
    name, shown = os.path.basename(plan.output_dir), plan.shown(path)
    return f"{shown}/".replace(f"/{name}/", "/RUN/")[:-1] if name.endswith(f"-{plan.run}") else shown


def named_only(plan: Plan) -> list[str]:
    """What becomes of agents that nobody defines, where the plan has some."""
    if not any(task.title and task.subagent_type == GENERAL for task in plan.tasks.values()):
        return []
    return ["An agent that nobody defines runs as general-purpose, under its title."]


def _named(task: PlannedTask) -> str:
    return f"{task.id} ({_made_of(task)})" if task.for_each else task.id


def _made_of(task: PlannedTask) -> str:
    """How a task that stands for others comes by them."""
    path = task.for_each["path"]
    return f"one for each item of {task.for_each['from']}'s output{f', {path}' if path else ''}"


def head(plan: Plan) -> str:
    """The plan in a line: its size and its limits."""
    count, waves = len(plan.tasks), len(plan.waves)
    return (
        f"{plan.name}, {count} task{'s'[: count != 1]} in {waves} wave{'s'[: waves != 1]}, "
        f"at most {plan.max_parallel} at a time{' (the host allows no more)' if plan.capped else ''}, "
        f"{_times(plan)} each, on failure: {plan.on_failure}{budget(plan)}."
    )


def budget(plan: Plan) -> str:
    """What the whole run may use, to be added to its other limits; empty where it has no budget."""
    minutes = [f"{plan.max_minutes:,} minute{'s'[: plan.max_minutes != 1]}"] if plan.max_minutes else []
    uncounted = " (which only hooks can count)" if plan.driver == "cli" else ""
    tokens = [f"{plan.max_tokens:,} tokens{uncounted}"] if plan.max_tokens else []
    return f", in all at most {' and '.join(minutes + tokens)}" if minutes or tokens else ""


def _times(plan: Plan) -> str:
    times = [task.timeout for task in plan.tasks.values()]
    shortest, longest = min(times), max(times)
    return f"{longest:g} s" if shortest == longest else f"{shortest:g} to {longest:g} s"


def resumption(plan: Plan, done: int, notes: list[str], block_text: str) -> str:
    """The first words of a run that goes on; the notes are dropped where both would not fit."""
    head = f"Run {plan.run} ({plan.name}) goes on: {done} of {len(plan.tasks)} tasks are done and stay."
    text = "\n".join([head, *notes, "", block_text])
    return text if len(text) <= LIMIT else block_text


def standing(plan: Plan, progress: str) -> str:
    """Where a run stands, for a conversation that may have forgotten it."""
    return (
        f"Run {plan.run} of /parallel-dispatch ({plan.name}) is under way: {progress} Its dispatch blocks come by "
        "themselves; do none of its tasks yourself."
    )


def how_to_resume(plan: Plan) -> str:
    """What to type to take a run up again."""
    if plan.driver == "hooks":
        return f"`/parallel-dispatch resume {plan.run}` in Claude Code"
    return f"`parallel-dispatch resume {plan.run}`"


def pause(plan: Plan, reason: str) -> str:
    """The words for a run that hit a limit of the user's account."""
    return (
        f"run {plan.run} is paused: {reason.rstrip('.')}. No try was spent. When the limit is over, "
        f"`/parallel-dispatch resume {plan.run}` goes on."
    )


def stops(agents: list[tuple[str, str]]) -> str:
    """The calls that stop the agents of tasks: each task with the host's id of its agent."""
    rows = ",\n".join(quickjson.dumps({"task_id": agent_id}) for _, agent_id in agents)
    return (
        f"Stop these agents: {_listed([task for task, _ in agents])}. Send ONE message with one TaskStop tool call for "
        "each entry and nothing else (if TaskStop is deferred, load it first: ToolSearch `select:TaskStop`).\n"
        f"```json\n[{rows}]\n```"
    )


def _few(tasks: list[str]) -> str:
    return ", ".join(tasks[:5]) + (f" and {len(tasks) - 5} more" if len(tasks) > 5 else "")


def _listed(tasks: list[str]) -> str:
    return ", ".join(tasks[:20]) + (f" and {len(tasks) - 20} more" if len(tasks) > 20 else "")


def summary(state: State) -> str:
    """How a run ended, in a line or two."""
    outcomes = state.outcomes()
    done = sum(1 for outcome, _ in outcomes.values() if outcome == SUCCESS)
    lines = [f"{done} of {len(outcomes)} tasks succeeded."]
    lost = [(task, outcome, reason) for task, (outcome, reason) in outcomes.items() if outcome not in FINE]
    lines += [f"- {task} {outcome or 'did not end'}: {_short(reason)}" for task, outcome, reason in lost[:20]]
    if len(lost) > 20:
        lines.append(f"- and {len(lost) - 20} more, in the report")
    return "\n".join(lines)


def _short(reason: str) -> str:
    return reason if len(reason) <= 300 else reason[:299] + "…"


def fit(text: str) -> str:
    """The text cut after a whole line, where the host would not show it whole."""
    if len(text) <= LIMIT:
        return text
    shown = text[:LIMIT].rpartition("\n")[0] or text[:LIMIT]
    return f"{shown}\n… and {text.count(chr(10)) - shown.count(chr(10))} more lines"


def closing(plan: Plan, state: State, folder: RunFolder, strays: int = 0) -> str:
    """The last words of a run, in which so many files were changed outside of write scopes."""
    failed = any(outcome == FAILED for outcome, _ in state.outcomes().values())
    stopper = state.stopped_by if state.stopped_by and plan.tasks[state.stopped_by].critical else ""
    ask = f" {stopper} is critical: ask the user whether {how_to_resume(plan)} is to try it again."
    return (
        f"Run {plan.run} has ended. {summary(state)}\n"
        f"Outputs: {plan.shown(plan.output_dir)}\nReport: {plan.shown(folder.report)}\n"
        f"{_strayed(strays)}"
        "Tell the user this, and claim nothing beyond it; the report has the details, where they are asked for."
        + (" Do not redo failed tasks yourself." if failed else "")
        + (ask if stopper else "")
    )


def _strayed(count: int) -> str:
    if not count:
        return ""
    files, it = ("1 file was", "it") if count == 1 else (f"{count:,} files were", "them")
    return f"{files} changed outside of write scopes; the report names {it}.\n"
