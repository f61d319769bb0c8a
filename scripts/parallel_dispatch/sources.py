"""Tasks whose items another task writes: what that must be, and what they themselves must say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .drafts import problem
from .item import mentions_item
from .outputs import same_for_every_item
from .problem import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .drafts import Outline
    from .problem import Problem


def bad_source(outline: Outline) -> Iterator[Problem]:
    """Items from a task that writes a directory, or that stands for many tasks itself: there is no one file to read."""
    known = {task.name: task for task in reversed(outline.tasks)}
    for task in outline.tasks:
        source = known.get(task.source.text) if task.source else None
        if not (task.source and source) or source.name == task.name:
            continue
        why = ""
        if "for_each" in source.node.entries:
            why = f"{quoted(source.name)} stands for many tasks; let one task write the whole list"
        elif source.path.endswith("/"):
            why = f'{quoted(source.name)} writes a directory; give it a file as its output, like "{source.name}.json"'
        if why:
            message = f'"from" in task {quoted(task.name)} must name a task that writes one file, but {why}'
            yield problem(outline.file, task.source, "wrong-value", message)


def one_output_for_all(outline: Outline) -> Iterator[Problem]:
    """Outputs that every item has in common."""
    for task in outline.tasks:
        if task.source and task.output and not mentions_item(task.path):
            yield same_for_every_item(outline.file, task)


def id_of_an_item(outline: Outline) -> Iterator[Problem]:
    """Ids that the tasks of another one's items will have."""
    patterns = {task.name.casefold(): task for task in reversed(outline.tasks) if task.source}
    for task in outline.spread if patterns else ():
        stem, dash, number = task.name.casefold().rpartition("-")
        if dash and stem in patterns and number.isdecimal() and not number.startswith("0"):
            message = (
                f"the id {quoted(task.name)} is that of a task which is made for an item of"
                f" {quoted(patterns[stem].name)} in line {patterns[stem].id.line}; choose another"
            )
            yield problem(outline.file, task.id, "duplicate-id", message)
