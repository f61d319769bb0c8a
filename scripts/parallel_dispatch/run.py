"""Runs on disk: started, offered, driven without hooks, ended."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from typing import TYPE_CHECKING

from . import dispatch, quickjson
from .active import ActiveRun, activate, deactivate, find
from .admission import set_aside
from .agents import known_agents
from .aggregate import aggregate
from .brief import brief
from .decide import decide
from .judge import close
from .ledger import Ledger
from .places import RunFolder, default_output_folder, project_folder, read_text, runs_folder, write_whole
from .planner import Options, Place, make_plan
from .refusal import Refusal
from .report import render_report
from .state import CANCELLED, SUCCESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .load import Loaded
    from .plan import Plan
    from .state import State

REHEARSAL = "PARALLEL_DISPATCH_REHEARSAL"
"""The environment variable that makes every run under it a rehearsal."""


def plan_run(loaded: Loaded, options: Options, project: str, driver: str = "hooks") -> tuple[Plan, RunFolder]:
    """The plan for a checked task file and the folder that its run would have; nothing is written."""
    if loaded.task_file is None:
        raise Refusal(f"{loaded.path} has problems")
    stem = os.path.splitext(os.path.basename(loaded.path))[0]
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in stem).lstrip(".") or "tasks"
    name = f"{safe[:60]}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
    folder = RunFolder(os.path.join(runs_folder(project), name))
    rehearsal = bool(os.environ.get(REHEARSAL))
    place = Place(
        project=project,
        task_file=os.path.abspath(loaded.path),
        run_name=name,
        default_output=folder.outputs if rehearsal else default_output_folder(project, name),
        agents=known_agents(project, os.path.expanduser("~")),
        rehearsal=rehearsal,
        driver=driver,
    )
    return make_plan(loaded.task_file, options, place), folder


def start(loaded: Loaded, options: Options, project: str, session: str = "") -> tuple[ActiveRun, str]:
    """A run begun: its folder written whole, the conversation tied to it. The opening text holds the first block.

    Without a session the run is driven through `next`.
    """
    plan, folder = plan_run(loaded, options, project, "hooks" if session else "cli")
    notes: list[str] = []
    try:
        run = _create(plan, folder, loaded.data, session)
        first = offer(run, run.state())
        if session:
            notes = _supersede(project, session)
            activate(project, session, os.path.abspath(sys.executable), folder.path)
    except OSError as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise Refusal(f"{folder.path} could not be written: {error.strerror}; nothing was started") from error
    except Refusal:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return run, dispatch.opening(plan, first, notes)


def _create(plan: Plan, folder: RunFolder, task_file: bytes, session: str) -> ActiveRun:
    """The run's folder, built aside and renamed, so that there is never half a run."""
    home = project_folder(plan.project)
    os.makedirs(runs_folder(plan.project), mode=0o700, exist_ok=True)
    ignore = os.path.join(home, ".gitignore")
    if not os.path.exists(ignore):
        write_whole(ignore, "*\n")
    aside = RunFolder(os.path.join(os.path.dirname(folder.path), f".{folder.name}.tmp"))
    try:
        os.mkdir(aside.path, 0o700)
        with open(os.path.join(aside.path, "tasks.yaml"), "wb") as file:
            file.write(task_file)
        write_whole(aside.plan, plan.to_json())
        Ledger(aside.ledger).create(run=folder.name, session=session)
        os.rename(aside.path, folder.path)
    except BaseException:
        shutil.rmtree(aside.path, ignore_errors=True)
        raise
    return ActiveRun(folder.path)


def _supersede(project: str, session: str) -> list[str]:
    """A run that this conversation still drove, cancelled and reported before the next one starts."""
    old = find(project, session)
    if old is None:
        return []
    for attempt in old.state().open.values():
        close(old, attempt, "interrupted by a new run in the same conversation", otherwise=CANCELLED)
    old.ledger.append("cancelled")
    finish(old, session)
    return [f"Run {old.plan.run} was cancelled for this one; its report: {old.plan.shown(old.folder.report)}"]


def offer(run: ActiveRun, state: State) -> str:
    """The dispatch block for what is ready, its briefs written; what is offered is remembered for this turn."""
    ready = decide(state).dispatch
    for task, attempt in ready:
        write_whole(run.folder.brief(task, attempt), brief(run.plan, state, task, attempt))
    write_whole(run.folder.offer, _offer_key(ready))
    return dispatch.block(run.plan, run.folder, ready)


def _offer_key(ready: Sequence[tuple[str, int]]) -> str:
    return quickjson.dumps(ready)


def say(word: str, run: ActiveRun, session: str) -> dict[str, object] | None:
    """The hook answer for a word of `conversation`; None where the same was already said in this turn."""
    state = run.state()
    if word == "leave":
        deactivate(run.plan.project, session)
        left = sum(1 for outcome, _ in state.outcomes().values() if not outcome)
        where = run.plan.shown(run.folder.path)
        note = f"run {run.plan.run} is left with {left} tasks to do, since nobody took up its dispatch block: {where}"
        return {"systemMessage": f"parallel-dispatch: {note}"}
    decision = decide(state)
    if word == "stop":
        return {"decision": "block", "reason": f"Tasks are ready and nothing runs.\n{offer(run, state)}"}
    event = {"batch": "PostToolBatch", "prompt": "UserPromptSubmit"}.get(word)
    if decision.over:
        finish(run, session)
        state = run.state()
        note = f"{dispatch.summary(state).splitlines()[0]} Report: {run.plan.shown(run.folder.report)}"
        reply: dict[str, object] = {"systemMessage": f"parallel-dispatch: {note}"}
        text = dispatch.closing(run.plan, state, run.folder)
    elif word == "batch" and read_text(run.folder.offer) == _offer_key(decision.dispatch):
        return None
    else:
        reply, text = {}, offer(run, state)
    if event:
        reply["hookSpecificOutput"] = {"hookEventName": event, "additionalContext": text}
    return reply


def finish(run: ActiveRun, session: str = "") -> None:
    """The run ended: its report written from what lies on disk, its conversation free again."""
    if not run.state().ended:
        run.ledger.append("finished")
    write_report(run)
    if session:
        deactivate(run.plan.project, session)


def write_report(run: ActiveRun) -> str:
    """The report, written and returned. A team's template that fails does not cost a run its report."""
    facts = aggregate(run.plan, run.state())
    try:
        text = render_report(facts, run.plan.project)
    except Refusal as refusal:
        text = f"{render_report(facts, '')}\nThe project's own template was not used: {refusal}\n"
    write_whole(run.folder.report, text)
    return text


def exit_code(run: ActiveRun) -> int:
    """0 where every task of a run succeeded, else 1."""
    return int(any(outcome != SUCCESS for outcome, _ in run.state().outcomes().values()))


def next_step(run: ActiveRun) -> tuple[str, bool]:
    """One step of a run without hooks: what was offered is judged from files, then what is next; whether it is over.

    An offer counts as the claim here, since nothing else tells that an agent was started.
    """
    if run.plan.driver != "cli":
        raise Refusal(f"run {run.plan.run} is driven by hooks, which hand out its blocks by themselves")
    state = run.state()
    for attempt in list(state.open.values()):
        close(run, attempt)
    state = run.state()
    decision = decide(state)
    if decision.over:
        finish(run)
        return dispatch.closing(run.plan, run.state(), run.folder), True
    text = offer(run, state)
    claim_offered(run)
    return f"{text}\n{when_returned(run.plan)}", False


def when_returned(plan: Plan) -> str:
    """What whoever drives a run without hooks does next; `next` is final for what was dispatched."""
    return f"When all have returned, run `parallel-dispatch next {plan.run}`: it judges them by their outputs."


def claim_offered(run: ActiveRun) -> None:
    """The tasks of the last offer, claimed for a run without hooks."""
    for task, number in decide(run.state()).dispatch:
        run.ledger.append("claimed", task=task, call=f"cli:{task}:{number}")
        attempt = run.state().calls.get(f"cli:{task}:{number}")
        if attempt:
            set_aside(run, attempt)


def all_runs(project: str) -> list[RunFolder]:
    """The runs of a project, oldest first."""
    base = runs_folder(project)
    names = os.listdir(base) if os.path.isdir(base) else []
    folders = [RunFolder(os.path.join(base, name)) for name in names if not name.startswith(".")]
    return sorted(
        (f for f in folders if os.path.isfile(f.ledger) and os.path.isfile(f.plan)),
        key=lambda f: (os.path.getmtime(f.plan), f.name),
    )


def choose_next(project: str, wanted: str | None) -> ActiveRun:
    """The run that `next` means: where none is named, the only one without hooks that is under way, else the newest."""
    if wanted is None:
        runs = [ActiveRun(folder.path) for folder in all_runs(project)]
        under_way = [run.plan.run for run in runs if run.plan.driver == "cli" and not run.state().ended]
        if len(under_way) > 1:
            raise Refusal(
                f"runs {', '.join(under_way)} are under way; name one: `parallel-dispatch next {under_way[-1]}`"
            )
        wanted = under_way[0] if under_way else None
    return choose(project, wanted)


def choose(project: str, wanted: str | None) -> ActiveRun:
    """The run that somebody means by its name or its short name; the newest where none is named."""
    runs = all_runs(project)
    if not runs:
        raise Refusal(f"{project} has no runs; start one with `parallel-dispatch start FILE`")
    if wanted is None:
        return ActiveRun(runs[-1].path)
    found = [f for f in runs if wanted in (f.name, f.name.rpartition("-")[2], f.path)]
    if not found:
        raise Refusal(f'there is no run "{wanted}"; the newest: {", ".join(f.name for f in runs[-5:])}')
    return ActiveRun(found[-1].path)
