"""Runs: started, cancelled, resumed."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from . import auditing, dispatch
from .active import ActiveRun
from .decide import decide
from .interruption import judge_ended
from .judge import close
from .ledger import Ledger
from .owners import activate, deactivate, find, process
from .places import RunFolder, project_folder, runs_folder, write_whole
from .planner import REHEARSAL, plan_run
from .recovery import recovery
from .refusal import Refusal
from .renewal import keep, renewal
from .resumption import told
from .runs import choose, newest_incomplete, overlapping
from .spread import spread
from .state import CANCELLED, FINE, SUCCESS
from .telling import finish, offer
from .templates import brief_digest
from .watch import wake_by

if TYPE_CHECKING:
    from .load import Loaded
    from .options import Options
    from .plan import Plan
    from .renewal import Renewal

HOST = "PARALLEL_DISPATCH_HOST"
"""The environment variable in which `hooks/command` hands on the process of the host."""


def start(loaded: Loaded, options: Options, project: str, session: str = "") -> tuple[ActiveRun, str]:
    """A run begun: its folder written whole, the conversation tied to it. The opening text holds the first block.

    Without a session the run is driven through `next`.
    """
    plan, folder = plan_run(loaded, options, project, "hooks" if session else "cli")
    notes: list[str] = []
    try:
        plan.template = brief_digest(project)
        old = find(project, session) if session else None
        if old:
            _refuse_at_work(old)
        _refuse_overlap(plan, session)
        run = _create(plan, folder, loaded.data, session)
        auditing.begin(run)
        first = offer(run, run.state())
        if session:
            notes = _supersede(project, session)
            _tie(run, session)
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
    for folder_above in (home, runs_folder(plan.project)):  # a mode is that of the last folder alone
        os.makedirs(folder_above, mode=0o700, exist_ok=True)
    ignore = os.path.join(home, ".gitignore")
    if not os.path.exists(ignore):
        write_whole(ignore, "*\n")
    aside = RunFolder(os.path.join(os.path.dirname(folder.path), f".{folder.name}.tmp"))
    try:
        os.mkdir(aside.path, 0o700)
        with open(aside.task_file, "wb") as file:
            file.write(task_file)
        write_whole(aside.plan, plan.to_json())
        Ledger(aside.ledger).create(run=folder.name, session=session)
        os.rename(aside.path, folder.path)
    except BaseException:
        shutil.rmtree(aside.path, ignore_errors=True)
        raise
    return ActiveRun(folder.path)


def _tie(run: ActiveRun, session: str) -> None:
    activate(run.plan.project, session, run.folder, process(os.environ.get(HOST, "")))


def _refuse_overlap(plan: Plan, session: str, folder: str = "") -> None:
    found = overlapping(plan.project, [task.output for task in plan.tasks.values()], session, folder)
    if found:
        other, theirs, ours = found
        raise Refusal(
            f"run {other} is under way in another conversation and writes {plan.shown(theirs)}, which would meet "
            f"{plan.shown(ours)} of this one; wait for it, cancel it (`parallel-dispatch cancel {other}`), or give "
            "this one another --output"
        )


def _refuse_at_work(run: ActiveRun) -> None:
    """A conversation whose agents are at work in the background takes up nothing else."""
    try:
        state = run.state()
    except (Refusal, OSError):  # nothing that anybody can read is under way
        return
    working = [attempt.task for attempt in state.open.values() if attempt.background]
    if working and not state.ended:
        raise Refusal(
            f"run {run.plan.run} of this conversation is under way, with agents at work: {', '.join(working)}. It goes "
            "on by itself; `/parallel-dispatch stop` ends it"
        )


def _supersede(project: str, session: str) -> list[str]:
    """A run that this conversation still drove, cancelled and reported before the next one starts."""
    old = find(project, session)
    if old is None:
        return []
    try:
        if old.state().ended:
            return []
        cancel(old, "interrupted by a new run in the same conversation")
    except (Refusal, OSError) as problem:  # it cannot be read, so nobody can go on with it either
        deactivate(project, session)
        return [f"{old.folder.path} is left as it is: {problem}"]
    return [f"Run {old.plan.run} was cancelled for this one; its report: {old.plan.shown(old.folder.report)}"]


def cancel(run: ActiveRun, why: str = "cancelled by the user") -> None:
    """The run ended now: its agents called off, its report written."""
    for attempt in run.state().open.values():
        close(run, attempt, why, otherwise=CANCELLED, abandoned=True)
    run.ledger.append("cancelled")
    finish(run)


def cancel_from_outside(run: ActiveRun) -> None:
    """The run ended by somebody else than its conversation, which is woken to stop its agents."""
    agents = [attempt.agent_id for attempt in run.state().open.values() if attempt.agent_id]
    cancel(run)
    any(wake_by(run, agent_id) for agent_id in agents)


def resume(project: str, wanted: str | None, session: str, *, as_planned: bool = False) -> tuple[ActiveRun, str]:
    """A run taken up again, by this conversation from now on; the text holds what is next.

    It goes by its task file as that is now, or with `as_planned` by the plan that it has. What is done is kept where it
    would be done no other way today (`recovery`); the rest runs. Without a session it is a run without hooks.
    """
    run = _resumable(project, wanted, session)
    try:
        new = None if as_planned else renewal(run)
        _refuse_overlap(new.plan if new else run.plan, session, run.folder.path)
        if not run.state().ended:
            judge_ended(run)
        _take_up(run, session, new)
        return run, _offer_again(run)
    except OSError as error:
        raise Refusal(
            f"run {run.plan.run} could not be resumed: {error.filename or run.folder.path}: {error.strerror}; nothing "
            "that it had is lost, so resume it when that is put right"
        ) from error


def _take_up(run: ActiveRun, session: str, new: Renewal | None) -> None:
    """The run resumed, once the ledger says so: of two that do it at the same moment the one whose event is first.

    A new plan is written before that event, so that none is ever named that is not there.
    """
    state = run.state()
    found = recovery(run, state, new.plan if new else run.base)
    if not (new or found.again) and all(state.settled.get(task, ("",))[0] in FINE for task in state.plan.tasks):
        finish(run)
        raise Refusal(f"every task of run {run.plan.run} is done; its report: {run.plan.shown(run.folder.report)}")
    name = os.urandom(4).hex()
    if new:
        keep(run, state, new, name)
    plan = {"plan": name} if new else {}
    auditing.begin(run)
    run.ledger.append("resumed", id=name, after=state.resumption, session=session, **plan, **found._asdict())
    _refuse_beaten(run, name)
    state = spread(run)
    if decide(state).over:
        finish(run)
        is_done = all(outcome in FINE for outcome, _ in state.outcomes().values())
        what = "every task of run {} is done" if is_done else "nothing of run {} can run"
        raise Refusal(f"{what.format(run.plan.run)}; its report: {run.plan.shown(run.folder.report)}")
    if session:
        _tie(run, session)
        _refuse_beaten(run, name, session)


def _refuse_beaten(run: ActiveRun, name: str, session: str = "") -> None:
    """Somebody else took the run up at the same moment: it is theirs, and the conversation that was tied lets go."""
    state = run.state()
    if state.resumption == name:
        return
    if session:
        deactivate(run.plan.project, session)
        write_whole(run.folder.owner, f"{state.resumptions[-1].get('session') or ''}\n")
    raise Refusal(f"run {run.plan.run} was resumed by somebody else at the same moment, and goes on there")


def _offer_again(run: ActiveRun) -> str:
    """The first words of a run that goes on: what stays and what runs again, and the block."""
    state = run.state()
    done = sum(1 for outcome, _ in state.settled.values() if outcome == SUCCESS)
    return dispatch.resumption(run.plan, done, told(state.resumptions[-1]), offer(run, state))


def _resumable(project: str, wanted: str | None, session: str) -> ActiveRun:
    """The run to resume: the one named, else the conversation's own, else the newest that is not complete."""
    own = find(project, session) if session else None
    run = choose(project, wanted) if wanted else own or newest_incomplete(project)
    if run.plan.rehearsal and not os.environ.get(REHEARSAL):
        raise Refusal(f"run {run.plan.run} was a rehearsal, with placeholders as outputs; rehearse its task file again")
    if bool(session) != (run.plan.driver == "hooks"):
        how = "without hooks" if session else "by hooks"
        raise Refusal(f"run {run.plan.run} is driven {how}; go on with {dispatch.how_to_resume(run.plan)}")
    if own and own.folder.path != run.folder.path and not own.state().ended:
        raise Refusal(
            f"this conversation drives run {own.plan.run}; end it with `/parallel-dispatch stop`, or resume "
            f"{run.plan.run} in another conversation"
        )
    if own:
        _refuse_at_work(own)
    return run
