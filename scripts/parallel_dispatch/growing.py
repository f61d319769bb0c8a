"""A plan with tasks in the place of one that stands for them: one for each item of a list that another task wrote.

Pure: the same plan and the same items give the same plan.
"""

from __future__ import annotations

import os

from .item import filled_json, name, substituted
from .plan import Plan, PlannedTask

KEPT = {"id", "subagent_type", "role", "dependencies", "output", "for_each"}
"""What of a task is no text that an item goes into: an agent's output does not choose a type of the host's agents."""


def items_of(spread: dict[str, object]) -> list[str]:
    """The items that an event named."""
    items = spread.get("items")
    return list(map(str, items)) if isinstance(items, list) else []


def made(plan: Plan, pattern: PlannedTask, items: list[str]) -> list[PlannedTask]:
    """The tasks for some items, which are like the pattern in everything but their texts."""
    texts = {field: getattr(pattern, field) for field in PlannedTask.__slots__ if field not in KEPT}
    texts = {field: value for field, value in texts.items() if _with(value, "") != value}
    found = []
    for number, item in enumerate(items, 1):
        relative = output_of(plan, pattern, number, item)
        output = os.path.normpath(os.path.join(plan.output_dir, relative)) + ("/" if relative.endswith("/") else "")
        new = {field: _with(value, item) for field, value in texts.items()}
        found.append(_like(pattern, id=name(pattern.id, number), output=output, for_each={}, **new))
    return found


def output_of(plan: Plan, pattern: PlannedTask, number: int, item: str) -> str:
    """Where the task for an item writes, relative to the output directory; the default is named after the task."""
    relative = pattern.output[len(plan.output_dir.rstrip("/")) + 1 :]
    if relative == f"{name(pattern.id, 'N')}.md":
        return f"{name(pattern.id, number)}.md"
    return substituted(relative, item)


def grow(plan: Plan, pattern: PlannedTask, items: list[str]) -> Plan:
    """The plan with a pattern's tasks in its place. What depends on it depends on all of them.

    Where there are none, it depends on what the pattern depended on.
    """
    new = made(plan, pattern, items)
    instead = [task.id for task in new] or pattern.dependencies
    tasks: list[PlannedTask] = []
    for task in plan.tasks.values():
        if task is pattern:
            tasks += new
        elif pattern.id in task.dependencies:
            needed = [each for d in task.dependencies for each in (instead if d == pattern.id else [d])]
            tasks.append(_like(task, dependencies=list(dict.fromkeys(needed))))
        else:
            tasks.append(task)
    return plan.with_tasks(tasks, _grown(plan.aggregate, pattern.id, [task.id for task in new]))


def _grown(aggregate: dict[str, object], pattern: str, made: list[str]) -> dict[str, object]:
    """What becomes of the outputs together, with a pattern's tasks in its place."""
    lists = {key: value for key, value in aggregate.items() if key in ("from", "order") and isinstance(value, list)}
    return {**aggregate, **{key: _instead(tasks, pattern, made) for key, tasks in lists.items()}}


def _instead(tasks: list[object], pattern: str, made: list[str]) -> list[object]:
    return [each for task in tasks for each in (made if task == pattern else [task])]


def _like(task: PlannedTask, **changed: object) -> PlannedTask:
    return PlannedTask(**{**{field: getattr(task, field) for field in PlannedTask.__slots__}, **changed})


def _with(value: object, item: str) -> object:
    """A value with the item in its texts, and in those of a list or a mapping one level down."""
    if isinstance(value, str):
        return substituted(value, item)
    if isinstance(value, (list, tuple)):
        return type(value)(substituted(part, item) if isinstance(part, str) else part for part in value)
    if isinstance(value, dict):
        schema = value.get("json_schema")
        made = {key: _with(part, item) for key, part in value.items()}
        return {**made, "json_schema": filled_json(schema, item)} if isinstance(schema, str) else made
    return value
