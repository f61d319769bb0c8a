"""What tasks agree on: the values that they state, counted. Pure."""

from __future__ import annotations

import math

from .statement import normal

MAJORITY, ALL = "majority", "all"


def needed(quorum: int | str, members: int) -> int:
    """How many of so many tasks must state a value for it to be the result: never fewer than one."""
    if isinstance(quorum, int):
        return max(1, quorum)
    if quorum == ALL:
        return max(1, members)
    part, _, whole = (f"{quorum[:-1]}/100" if quorum.endswith("%") else quorum).partition("/")
    if part.isdecimal() and whole.isdecimal() and int(whole):
        return max(1, math.ceil(members * int(part) / int(whole)))
    return members // 2 + 1


def count(subject: str, stated: dict[str, str | None], quorum: int) -> dict[str, object]:
    """The values that tasks state, with who states them, the most frequent first; equal ones in the tasks' order.

    The result is the value of most tasks, where as many as the quorum state it and no other value has as many; else
    None. A tie is where two values have most. Dissent is who states another value than the result.
    """
    tasks: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for task, value in stated.items():
        if value is not None:
            tasks.setdefault(normal(value), []).append(task)
            shown.setdefault(normal(value), value)
    order = sorted(tasks, key=lambda value: -len(tasks[value]))
    most = len(tasks[order[0]]) if order else 0
    tie = len(order) > 1 and len(tasks[order[1]]) == most
    result = order[0] if order and not tie and most >= quorum else None
    return {
        "subject": subject,
        "counts": [{"value": shown[value], "tasks": tasks[value]} for value in order],
        "result": None if result is None else shown[result],
        "quorum": quorum,
        "tie": tie,
        "dissent": [] if result is None else [task for value in order if value != result for task in tasks[value]],
    }
