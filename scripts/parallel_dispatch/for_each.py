"""`for_each` as it stands in a task file: a list, a glob, or the task whose output holds the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .nodes import Mapping, Scalar, items, scalar

if TYPE_CHECKING:
    from collections.abc import Mapping as Matches
    from collections.abc import Sequence


def items_of(task: Mapping, matches: Matches[str, Sequence[str]]) -> list[str] | None:
    """The items of a task: those of its list, or the files of its glob.

    None for a task without `for_each`, and for one whose items another task writes, so that nobody knows them yet.
    """
    node = task.get("for_each")
    if node is None or isinstance(node, Mapping):
        return None
    if isinstance(node, Scalar):
        return list(matches.get(node.text, ()))
    return [item.text for item in items(node) if isinstance(item, Scalar)]


def source_of(task: Mapping) -> Scalar | None:
    """The name of the task whose output holds a task's items, where one does."""
    node = task.get("for_each")
    return scalar(node.get("from")) if isinstance(node, Mapping) else None
