"""Tasks made of what another one wrote, while the run goes on: the items read, checked and put into the ledger."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .destinations import Destinations
from .growing import made, output_of
from .judge import fingerprint
from .listing import listed
from .outputs import bad_path
from .places import default_output_folder, read_text
from .refusal import Refusal
from .runs import at_or_above, meeting, overlapping
from .state import SUCCESS

if TYPE_CHECKING:
    from .active import ActiveRun
    from .plan import Plan, PlannedTask
    from .state import State


def spread(run: ActiveRun) -> State:
    """The state after all tasks were made that can be made now. One whose items cannot be had has failed."""
    state = run.state()
    while state.ready_to_grow:
        pattern = state.ready_to_grow[0]
        try:
            items, digest = _items(run, state, pattern)
        except (Refusal, OSError) as why:
            run.ledger.append("unspread", task=pattern.id, reason=str(why))
        else:
            run.ledger.append("spread", task=pattern.id, items=items, sha256=digest)
        state = run.state()
        if state.halted:
            for other in state.open.values():
                run.call_off(other.agent_id, state.halted)
    return state


def stale(run: ActiveRun, state: State, again: list[str]) -> list[str]:
    """The tasks whose items must be read again: whoever wrote them works again, or somebody edited them since."""
    found = []
    for task, event in state.spread.items():
        source = run.base.tasks[run.base.tasks[task].for_each["from"]]
        kept = source.id not in again and state.settled.get(source.id, ("", ""))[0] == SUCCESS
        if not kept or event.get("sha256") != fingerprint(source)[1]:
            found.append(task)
    return found


def _items(run: ActiveRun, state: State, pattern: PlannedTask) -> tuple[list[str], str]:
    """The items of a pattern and the digest of the output that holds them; `Refusal` where no tasks come of them."""
    plan = state.plan
    source = plan.tasks[pattern.for_each["from"]]
    if state.settled[source.id][0] != SUCCESS:
        raise Refusal(f"{source.id}, which lists its items, {state.settled[source.id][0]}")
    digest = fingerprint(source)[1]
    shown = plan.shown(source.output)
    try:
        items = listed(read_text(source.output), pattern.for_each["path"])
    except Refusal as why:
        raise Refusal(f"the output of {source.id}, {shown}, {why}") from None
    if fingerprint(source)[1] != digest:
        raise Refusal(f"the output of {source.id}, {shown}, changed while it was read")
    _check(run, plan, pattern, items)
    return items, digest


def _check(run: ActiveRun, plan: Plan, pattern: PlannedTask, items: list[str]) -> None:
    """Whether tasks may be made of some items, as a task file's own would be checked."""
    taken = {task.casefold() for task in plan.tasks}
    tasks = made(plan, pattern, items)
    name = run.folder.name
    default = run.folder.outputs if plan.rehearsal else default_output_folder(plan.project, name)
    places = Destinations(plan.output_dir, plan.project, plan.task_file, default)
    for number, (task, item) in enumerate(zip(tasks, items), 1):
        if task.id.casefold() in taken:
            raise Refusal(f'the run has a task "{task.id}" already')
        relative = output_of(plan, pattern, number, item)
        reason = bad_path(relative)
        if reason:
            raise Refusal(f"the output of item {number} {reason}")
        places.path(task.id, relative)
    _no_two_meet(plan, pattern, tasks)
    found = overlapping(plan.project, [task.output for task in tasks], "", run.folder.path)
    if found:
        raise Refusal(f"run {found[0]} in another conversation writes {plan.shown(found[1])}, as it would")


def _no_two_meet(plan: Plan, pattern: PlannedTask, tasks: list[PlannedTask]) -> None:
    first: dict[str, PlannedTask] = {}
    for task in tasks:
        other = first.setdefault(os.path.realpath(task.output).casefold(), task)
        if other is not task:
            raise Refusal(f"{other.id} and {task.id} would both write {plan.shown(task.output)}")
    for path, task in first.items():
        above = at_or_above(os.path.dirname(path), first)
        if above:
            raise Refusal(f"{task.id} would write {plan.shown(task.output)}, inside the output of {first[above].id}")
    rest = [task.output for task in plan.tasks.values() if not task.for_each]
    met = meeting(rest, [task.output for task in tasks])
    if met:
        raise Refusal(f"{pattern.id} would write {plan.shown(met[1])}, where another task writes {plan.shown(met[0])}")
