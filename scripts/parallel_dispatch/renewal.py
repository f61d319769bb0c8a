"""The plan of a run that is resumed, from its task file as it is now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from .changes import changes
from .load import load
from .places import write_whole
from .plan import Plan
from .planner import plan_again
from .refusal import Refusal
from .templates import brief_digest

if TYPE_CHECKING:
    from .active import ActiveRun
    from .load import Loaded
    from .state import State


AS_PLANNED = "--as-planned"
"""What resumes a run by the plan that it has."""


class Faulty(Refusal):
    """The task file of a run has problems, so that nobody can tell how the run is to go on."""

    def __init__(self, loaded: Loaded, plan: Plan) -> None:
        program = "/parallel-dispatch" if plan.driver == "hooks" else "parallel-dispatch"
        super().__init__(
            f"run {plan.run} is not resumed and stays as it is, since its task file has problems; mend them, or go on "
            f"by the plan that it has: `{program} resume {plan.run} {AS_PLANNED}`"
        )
        self.loaded = loaded
        self.name = plan.shown(plan.task_file)


class Renewal(NamedTuple):
    """A new plan of a run, and the task file that it was made from."""

    plan: Plan
    task_file: bytes


def renewal(run: ActiveRun) -> Renewal | None:
    """The new plan, where the task file or anything that it takes from others is not what it was; else None.

    `Faulty` where the file has problems or is gone. A run of a version that did not keep its options has its plan.
    """
    before = run.base
    if not before.template:
        return None
    loaded = load(before.task_file, before.project)
    if loaded.task_file is None:
        raise Faulty(loaded, before)
    made = plan_again(loaded.task_file, before, run.folder)
    made.template = brief_digest(before.project)
    plan = Plan.from_json(made.to_json())  # as everybody else will read it
    is_same = plan.tasks.keys() == before.tasks.keys() and not changes(before, plan)
    return None if is_same and loaded.data == _as_it_was(run) else Renewal(plan, loaded.data)


def keep(run: ActiveRun, state: State, new: Renewal, name: str) -> None:
    """The new plan and its task file put beside the first ones; they count once an event of the ledger names them.

    Briefs that were written by the old plan and never handed out go, so that nobody gets one of them.
    """
    os.makedirs(run.folder.plans, mode=0o700, exist_ok=True)
    for task, attempts in state.attempts.items():
        brief = run.folder.brief(task, len(attempts) + 1)
        if os.path.exists(brief):
            os.unlink(brief)
    with open(run.folder.later_task_file(name), "wb") as file:
        file.write(new.task_file)
    write_whole(run.folder.later_plan(name), new.plan.to_json())


def _as_it_was(run: ActiveRun) -> bytes:
    """The task file that the run's plan was made from."""
    names = [str(event["plan"]) for event in run.state().resumptions if event.get("plan")]
    path = run.folder.later_task_file(names[-1]) if names else run.folder.task_file
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
