"""One item of `for_each`: its place in a task's texts, and the name of the task that is made for it.

Nothing but `{{ item }}` is ever substituted. Hooks need this, so it does without `re`.
"""

from __future__ import annotations

from . import quickjson


def substituted(text: str, item: str | None) -> str:
    """The text with the item in its place; as it is for a task without items."""
    if item is None or "{{" not in text:
        return text
    first, *parts = text.split("{{")
    made = [first]
    for part in parts:
        rest = part.lstrip("{")
        inner, closed, behind = rest.partition("}}")
        if closed and inner.strip(" ") == "item":
            made.append(part[: len(part) - len(rest)] + item + behind)
        else:
            made.append("{{" + part)
    return "".join(made)


def filled(value: object, item: str | None) -> object:
    """A plain value with the item in the place of its mentions, wherever text stands in it, keys excepted."""
    if item is None or not isinstance(value, (str, dict, list)):
        return value
    if isinstance(value, str):
        return substituted(value, item)
    if isinstance(value, dict):
        return {key: filled(inner, item) for key, inner in value.items()}
    return [filled(inner, item) for inner in value]


def filled_json(text: str, item: str | None) -> str:
    """A JSON text with the item in the place of its mentions, as in its value."""
    if item is None or "{{" not in text:
        return text
    return quickjson.compact(filled(quickjson.loads(text), item))


def mentions_item(text: str) -> bool:
    """Whether a text differs from item to item."""
    return substituted(text, "") != text


def name(task: str, number: int | str) -> str:
    """The id of the task for one item, counted from 1."""
    return f"{task}-{number}"
