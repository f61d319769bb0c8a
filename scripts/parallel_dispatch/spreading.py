"""When the tasks that another one wrote the list for are made: as soon as it has ended. Standard library only.

Making them takes the full program (`spread`), which is started once for it: it checks paths as the planner does.
"""

from __future__ import annotations

import os
import sys

from .active import ActiveRun
from .listing import listed
from .places import ROOT, read_text
from .plan import Plan, PlannedTask
from .refusal import Refusal


def spread_ready(run: ActiveRun) -> None:
    """The tasks made that can be made now; whoever else does it at the same time does it no second time.

    Where the program cannot do it they have failed, so that the run does not wait for them. Killed, it is started again
    at the next event.
    """
    if run.state().ready_to_grow:
        sys.stdout.flush()
        program = os.path.join(ROOT, "scripts", "parallel_dispatch", "__main__.py")
        code = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-I", program, "spread", run.folder.path])
        for task in run.state().ready_to_grow if code > 0 else ():
            run.ledger.append(
                "unspread", task=task.id, reason=f"no tasks could be made of its items (exit code {code})"
            )


def unlisted(plan: Plan, task: PlannedTask) -> str:
    """What is wrong with a task's output as the list of others; empty where nothing is, or nobody asks for one."""
    for pattern in plan.patterns:
        if pattern.for_each["from"] == task.id:
            try:
                listed(read_text(task.output), pattern.for_each["path"])
            except Refusal as why:
                return f"its output {plan.shown(task.output)} {why}, but {pattern.id} is made of a list there"
    return ""
