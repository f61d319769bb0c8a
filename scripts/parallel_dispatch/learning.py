"""How long tasks took in earlier runs of the same task file: the estimates of those that the file gives none for."""

from __future__ import annotations

import os

from .places import runs_folder
from .refusal import Refusal

NEWEST = 10
"""How many runs are looked at, the newest first; what took long a year ago may not today."""


def learnt(project: str, task_file: str) -> dict[str, float]:
    """By id the median of the seconds in which each task of a file succeeded, where that was measured.

    `task_file` is absolute. Rehearsals count for nothing: their agents do no work.
    """
    found: dict[str, list[float]] = {}
    looked_at = 0
    for name in sorted(_folders(project, folder_stem(task_file)), reverse=True):
        seconds = _seconds(os.path.join(runs_folder(project), name), task_file) if looked_at < NEWEST else {}
        looked_at += bool(seconds)
        for task, taken in seconds.items():
            found.setdefault(task, []).append(taken)
    return {task: _median(taken) for task, taken in found.items()}


def _folders(project: str, stem: str) -> list[str]:
    """The names of the folders of a file's runs, which end with the time of their beginning."""
    try:
        return [name for name in os.listdir(runs_folder(project)) if name.startswith(stem)]
    except OSError:
        return []


def _median(seconds: list[float]) -> float:
    """The median; `statistics` would cost every plan 40 ms."""
    ordered = sorted(seconds)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def folder_stem(task_file: str) -> str:
    """How the names of the folders of a task file's runs begin."""
    stem = os.path.splitext(os.path.basename(task_file))[0]
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in stem).lstrip(".") or "tasks"
    return safe[:60] + "-"


def _seconds(folder: str, task_file: str) -> dict[str, float]:
    """What the tasks of one run took that succeeded; nothing of a run of another file, or of a damaged one."""
    from .active import ActiveRun  # no plan of a file that never ran pays for it
    from .state import SUCCESS

    run = ActiveRun(folder)
    try:
        if run.base.rehearsal or run.base.task_file != task_file:
            return {}
        state = run.state()
    except (Refusal, OSError):
        return {}
    closed = ((task, attempts[-1]) for task, attempts in state.attempts.items() if attempts)
    return {task: last.seconds for task, last in closed if last.outcome == SUCCESS and last.seconds is not None}
