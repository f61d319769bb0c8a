"""The order of dispatch and the waves: which task is offered first when several are ready.

Tasks of a higher priority go first, and what they need with them; then the longest remaining path, by the estimated
durations (where none is given, the mean of those that are; all equal where there are none); ties by file order: list
scheduling as in R. L. Graham, "Bounds on Multiprocessing Timing Anomalies" (1969), with the critical-path priority of
T. C. Hu, "Parallel Sequencing and Assembly Line Problems" (1961).
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tasks import Task

URGENCY = {"high": 0, "normal": 1, "low": 2}


def arrange(tasks: Sequence[Task]) -> list[tuple[Task, int]]:
    """Every task exactly once, in the order of dispatch, with its wave (counted from 1).

    The dependencies must exist and have no cycle, as they do in a checked task file.
    """
    by_id = {task.id: task for task in tasks}
    order = list(TopologicalSorter({task.id: task.dependencies for task in tasks}).static_order())
    wave: dict[str, int] = {}
    for task_id in order:
        wave[task_id] = 1 + max((wave[d] for d in by_id[task_id].dependencies), default=0)
    estimates = [task.estimated_duration for task in tasks if task.estimated_duration is not None]
    mean = sum(estimates) / len(estimates) if estimates else 1.0
    own = {task.id: mean if task.estimated_duration is None else float(task.estimated_duration) for task in tasks}
    remaining = dict(own)
    urgency = {task.id: URGENCY[task.priority] for task in tasks}
    for task_id in reversed(order):
        for dependency in by_id[task_id].dependencies:
            remaining[dependency] = max(remaining[dependency], remaining[task_id] + own[dependency])
            urgency[dependency] = min(urgency[dependency], urgency[task_id])
    position = {task.id: index for index, task in enumerate(tasks)}
    ranked = sorted(tasks, key=lambda task: (urgency[task.id], -remaining[task.id], position[task.id]))
    return [(task, wave[task.id]) for task in ranked]
