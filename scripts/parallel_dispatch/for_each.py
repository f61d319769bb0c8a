"""One task for each item: `for_each` of a task, and `{{ item }}` in its texts. Nothing else is ever substituted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .nodes import Mapping, Scalar, items

if TYPE_CHECKING:
    from collections.abc import Mapping as Matches
    from collections.abc import Sequence

_ITEM = re.compile(r"\{\{ *item *\}\}")


def substituted(text: str, item: str | None) -> str:
    """The text with the item in its place; as it is for a task without items."""
    return text if item is None else _ITEM.sub(lambda _: item, text)


def filled(value: object, item: str | None) -> object:
    """A plain value with the item in the place of its mentions, wherever text stands in it, keys excepted."""
    if item is None or not isinstance(value, (str, dict, list)):
        return value
    if isinstance(value, str):
        return substituted(value, item)
    if isinstance(value, dict):
        return {key: filled(inner, item) for key, inner in value.items()}
    return [filled(inner, item) for inner in value]


def mentions_item(text: str) -> bool:
    """Whether a text differs from item to item."""
    return bool(_ITEM.search(text))


def items_of(task: Mapping, matches: Matches[str, Sequence[str]]) -> list[str] | None:
    """The items of a task: those of its list, or the files of its glob; None for a task without `for_each`."""
    node = task.get("for_each")
    if node is None:
        return None
    if isinstance(node, Scalar):
        return list(matches.get(node.text, ()))
    return [item.text for item in items(node) if isinstance(item, Scalar)]


def name(task: str, number: int) -> str:
    """The id of the task for one item, counted from 1."""
    return f"{task}-{number}"
