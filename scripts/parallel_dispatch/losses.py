"""What an integrator that wants to stop is told that its output lost, asked for by hooks.

A process of the full program judges, since reading all outputs and holding them against each other takes what hooks do
not import. It has a time limit; what could not be judged in time sends nobody back.
"""

from __future__ import annotations

import os
import sys

from .active import ActiveRun
from .places import ROOT
from .plan import PlannedTask
from .state import Attempt

SECONDS = 20.0
"""How long the check may take; a hook has 60."""
LEAD = "what it merges is not all there as it was"
MOST = 20
"""How many alarms an agent is told; there are as many lines in its context."""


def losses(run: ActiveRun, task: PlannedTask, attempt: Attempt) -> str:
    """What an integrator's output lost, with a line for each below the first; empty where it may stop.

    It is told once in an attempt.
    """
    if task.id != run.plan.integrator or attempt.unfaithful:
        return ""
    import subprocess

    program = os.path.join(ROOT, "scripts", "parallel_dispatch", "__main__.py")
    try:
        done = subprocess.run(
            [sys.executable, "-I", program, "lost", run.folder.path],
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
        )
    except (subprocess.TimeoutExpired, OSError):
        return ""
    found = [line for line in done.stdout.splitlines() if line] if not done.returncode else []
    if not found:
        return ""
    rest = [f"and {len(found) - MOST} more, of which the report tells"] if len(found) > MOST else []
    return "\n- ".join([f"{LEAD}:", *found[:MOST], *rest])


def set_aside(run: ActiveRun, task: PlannedTask, attempt: Attempt) -> None:
    """The output of an integrator that is sent back, kept as it is; its draft lies where the agent wrote it."""
    import shutil

    keep = run.folder.first_try(attempt.task, attempt.number)
    os.makedirs(os.path.dirname(keep), exist_ok=True)
    if task.is_folder:
        shutil.copytree(task.output, keep, dirs_exist_ok=True)
        return
    shutil.copyfile(task.output, keep)
    if task.draft != task.output:
        os.replace(task.output, task.draft)


def take_back(run: ActiveRun, task: PlannedTask, attempt: Attempt) -> bool:
    """Whether the first try of an integrator is its output again, since it left none behind that counts."""
    keep = run.folder.first_try(attempt.task, attempt.number)
    if not attempt.unfaithful or not os.path.exists(keep):
        return False
    import shutil

    if task.is_folder:
        shutil.copytree(keep, task.output, dirs_exist_ok=True)
    else:
        shutil.copyfile(keep, task.output)
    return True
