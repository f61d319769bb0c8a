"""The order of dispatch and the waves: which task is offered first when several are ready.

The order is the longest remaining path first, counted in tasks (all durations are taken as equal), ties by file order:
list scheduling as in R. L. Graham, "Bounds on Multiprocessing Timing Anomalies" (1969), with the critical-path
priority of T. C. Hu, "Parallel Sequencing and Assembly Line Problems" (1961).
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tasks import Task


def arrange(tasks: Sequence[Task]) -> list[tuple[Task, int]]:
    """Every task exactly once, in the order of dispatch, with its wave (counted from 1).

    The dependencies must exist and have no cycle, as they do in a checked task file.
    """
    by_id = {task.id: task for task in tasks}
    order = list(TopologicalSorter({task.id: task.dependencies for task in tasks}).static_order())
    wave: dict[str, int] = {}
    for task_id in order:
        wave[task_id] = 1 + max((wave[d] for d in by_id[task_id].dependencies), default=0)
    remaining = dict.fromkeys(order, 1)
    for task_id in reversed(order):
        for dependency in by_id[task_id].dependencies:
            remaining[dependency] = max(remaining[dependency], remaining[task_id] + 1)
    position = {task.id: index for index, task in enumerate(tasks)}
    ranked = sorted(tasks, key=lambda task: (-remaining[task.id], position[task.id]))
    return [(task, wave[task.id]) for task in ranked]
