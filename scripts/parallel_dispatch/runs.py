"""The runs of a project: listed, chosen by name, cleaned away."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

from .active import ActiveRun
from .owners import conversations
from .places import RunFolder, runs_folder
from .progress import progress
from .refusal import Refusal
from .state import FINE

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

UNDER_WAY, PAUSED, LEFT = "under way", "paused", "left"


def all_runs(project: str) -> list[RunFolder]:
    """The runs of a project, oldest first."""
    base = runs_folder(project)
    names = os.listdir(base) if os.path.isdir(base) else []
    folders = [RunFolder(os.path.join(base, name)) for name in names if not name.startswith(".")]
    return sorted(
        (f for f in folders if os.path.isfile(f.ledger) and os.path.isfile(f.plan)),
        key=lambda f: (os.path.getmtime(f.plan), f.name),
    )


def choose(project: str, wanted: str | None) -> ActiveRun:
    """The run that somebody means by its name or its short name; the newest where none is named."""
    runs = all_runs(project)
    if not runs:
        raise Refusal(f"{project} has no runs; start one with `/parallel-dispatch FILE`")
    if wanted is None:
        return ActiveRun(runs[-1].path)
    found = [f for f in runs if wanted in (f.name, f.name.rpartition("-")[2], f.path)]
    if not found:
        raise Refusal(f'there is no run "{wanted}"; the newest: {", ".join(f.name for f in runs[-5:])}')
    return ActiveRun(found[-1].path)


def newest_incomplete(project: str) -> ActiveRun:
    """The newest run in which something is left to do, and that no live conversation drives."""
    for folder in reversed(all_runs(project)):
        run = ActiveRun(folder.path)
        try:
            state = run.state()
            is_open = not state.ended or any(outcome not in FINE for outcome, _ in state.outcomes().values())
            if is_open and not is_driven(folder, project):
                return run
        except (Refusal, OSError):
            continue
    raise Refusal(
        f"{project} has no run with anything left to do that no other conversation drives; see `runs`, or start one "
        "with `/parallel-dispatch FILE`"
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


def is_driven(run: RunFolder, project: str) -> bool:
    """Whether a conversation whose host is alive drives a run."""
    return any(one.run == run.path and one.is_alive for one in conversations(project))


def condition(run: ActiveRun) -> str:
    """Where a run stands: "finished", "cancelled", "paused", "under way", or "left" where nobody drives it."""
    state = run.state()
    if state.ended or state.paused:
        return state.ended or PAUSED
    return UNDER_WAY if run.plan.driver == "cli" or is_driven(run.folder, run.plan.project) else LEFT


def table(project: str) -> str:
    """One line per run, the newest last."""
    folders = all_runs(project)
    return "\n".join(_row(folder) for folder in folders) if folders else f"{project} has no runs."


def _row(folder: RunFolder) -> str:
    run = ActiveRun(folder.path)
    try:
        kind = " (rehearsal)" if run.plan.rehearsal else ""
        return f"{run.plan.run}  {condition(run):9}  {progress(run.state()):32}  {folder.name}{kind}"
    except (Refusal, OSError) as problem:
        return f"????  damaged    {folder.name}: {problem}"


def clean(project: str, days: float, now: float | None = None) -> tuple[list[str], list[str]]:
    """The folders of runs that nobody drives and whose ledger is older than so many days, removed; those kept, why.

    Outputs outside a run's folder are the user's and stay.
    """
    limit = (time.time() if now is None else now) - days * 86_400
    removed, kept = [], []
    for folder in all_runs(project):
        if os.path.getmtime(folder.ledger) > limit:
            continue
        if is_driven(folder, project):
            kept.append(f"{folder.name}: a conversation drives it")
            continue
        aside = os.path.join(os.path.dirname(folder.path), f".{folder.name}.gone")
        os.rename(folder.path, aside)  # half a folder is no run
        shutil.rmtree(aside)
        removed.append(folder.name)
    return removed, kept


def overlapping(project: str, outputs: Sequence[str], session: str, run: str = "") -> tuple[str, str, str] | None:
    """A run of another live conversation that writes to one of these places: its name, its output, ours.

    `run` is the folder of the run that the outputs belong to, where it has one already: it does not meet itself.
    """
    for one in conversations(project):
        if one.session == session or one.run == run or not one.is_alive:
            continue
        other = ActiveRun(one.run)
        try:
            theirs = [] if other.state().ended else [task.output for task in other.plan.tasks.values()]
        except (Refusal, OSError):
            continue
        met = meeting(theirs, outputs)
        if met:
            return (other.plan.run, *met)
    return None


def meeting(theirs: Sequence[str], ours: Sequence[str]) -> tuple[str, str] | None:
    """Two paths of which one is the other or lies in it; case does not tell them apart."""
    their, our = ({os.path.realpath(path).casefold(): path for path in paths} for paths in (theirs, ours))
    for place, path in their.items():
        if above := at_or_above(place, our):
            return path, our[above]
    for place, path in our.items():
        if above := at_or_above(place, their):
            return their[above], path
    return None


def at_or_above(place: str, places: Container[str]) -> str:
    """The one of some places that a place is or lies in; empty where there is none."""
    while place not in places:
        above = os.path.dirname(place)
        if above == place:
            return ""
        place = above
    return place
