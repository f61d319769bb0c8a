"""Whose files are whose in a run: what a task may write, and what an agent hears that wants to write anything else."""

from __future__ import annotations

import os

from .destinations import Destinations
from .places import FOLDER
from .plan import Plan, PlannedTask
from .refusal import Refusal
from .roles import LOOKING, full_name
from .scopes import covers
from .tie import Tie, is_in, is_output

TYPE_CHECKING = False  # `typing` and `collections` would cost every hook milliseconds
if TYPE_CHECKING:
    from collections.abc import Iterator


def scope_without_links(task: str, writes: tuple[str, ...], project: str) -> tuple[str, ...]:
    """The globs of a write scope with the links at their beginnings resolved, so that one file has one path in a run.

    `Refusal` where one leads out of the project.
    """
    top = os.path.realpath(project)
    return tuple(_without_links(task, glob, top) for glob in writes)


def _without_links(task: str, glob: str, top: str) -> str:
    steps = [step for step in glob.split("/") if step not in ("", ".")]
    literal = next((at for at, step in enumerate(steps) if any(mark in step for mark in "*?[")), len(steps))
    begins = os.path.realpath(os.path.join(top, *steps[:literal]))
    if not is_in(begins, top):
        raise Refusal(f'"{glob}" under "writes" in task "{task}" leaves the project through a link: {begins}')
    found = os.path.relpath(begins, top).split(os.sep) if begins != top else []
    return "/".join([*found, *steps[literal:]]) if found or literal else glob


def grounds(plan: Plan, task: PlannedTask) -> tuple[str, str, list[str], list[str], bool]:
    """What the tie of a task's agent says of where it may write: project, outputs, own, scope, folds."""
    top = os.path.realpath(plan.project)
    folds = os.path.exists(os.path.join(top, FOLDER.upper()))
    own = [] if Destinations.astray(plan, task.output) else task.own
    outputs = os.path.realpath(plan.output_dir)
    folders = {os.path.dirname(other.output.rstrip("/")) for other in plan.tasks.values()}
    if not all(is_in(os.path.realpath(folder), outputs) for folder in folders):
        outputs = top  # links lead outputs elsewhere: what may be one is looked up in the plan
    return top, outputs, own, list(task.writes), folds


def changes_nothing(task: PlannedTask) -> bool:
    """Whether a task's agent is one of ours that changes nothing, and its task gives it nothing to change."""
    return task.role in LOOKING and task.subagent_type == full_name(task.role) and not task.writes


def refusal(plan: Plan, tie: Tie, path: str) -> str:
    """Why an agent may not write a real path, and what to do instead; empty where it may."""
    why = "" if tie.owns(path) else _why_not(plan, tie, path)
    if not why:
        return ""
    task = plan.tasks[tie.task]
    own = f"{plan.shown(task.draft)}{' and ' + ', '.join(task.writes) if task.writes else ' only'}"
    return (
        f"{task.id} may not write {_shown(tie, path)}: {why}. Write {own}; if that file has to change, say so in your "
        "output."
    )


def _why_not(plan: Plan, tie: Tie, path: str) -> str:
    """Whose a path is that is not the output of a tie's task, where that keeps the task from writing it."""
    task, inside = plan.tasks[tie.task], is_in(path, tie.project)
    if inside and is_in(os.path.relpath(path, tie.project).casefold(), FOLDER):
        return "runs are kept there"
    place = tie.folded(path)
    owner = next((t.id for t in plan.tasks.values() if is_output(place, [tie.folded(one) for one in t.own])), "")
    if owner:
        return f"it is the output of {owner}"
    if tie.is_in_scope(path):
        return ""
    others = ((other, glob) for other, glob in holders(plan, path) if other != task.id)
    holder, glob = next(others, ("", "")) if inside else ("", "")
    if holder:
        return f"it lies in the write scope of {holder} ({glob})"
    if task.writes:
        return "it lies outside of its write scope"
    return "" if plan.open_writes else "it has no write scope"


def holders(plan: Plan, path: str) -> Iterator[tuple[str, str]]:
    """The tasks in whose write scopes a real path of the project lies, each with the glob that says so."""
    inside = os.path.relpath(path, os.path.realpath(plan.project)).casefold()
    for task in plan.tasks.values():
        glob = next((glob for glob in task.writes if covers(glob.casefold(), inside)), "")
        if glob:
            yield task.id, glob


def _shown(tie: Tie, path: str) -> str:
    return os.path.relpath(path, tie.project) if is_in(path, tie.project) else path
