"""The words for what breaks the schema: what is wrong, where, and what to write instead."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from .keys import missing_keys, part, tasks_by_name, unknown_below, unknown_keys
from .nodes import Mapping, Node, Scalar, Sequence
from .problem import Problem, did_you_mean, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .document import Document

MAX_EXAMPLE = 60  # characters of the reader's own text in an example

Path = tuple[Union[str, int], ...]

_NOUNS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


@dataclass(frozen=True)
class Breach:
    """One value that a keyword of the schema refused: `wanted` is the keyword's value, `rules` the schema around it."""

    path: Path
    keyword: str
    wanted: object
    rules: dict[str, object]
    message: str


def explain(document: Document, breach: Breach, schema: dict[str, object]) -> Iterator[Problem]:
    """The problems in one breach: one, but for keys, which are named each."""
    node = _locate(document.root, breach.path)
    if node is None:
        return
    place = _place(document, (*breach.path, ""))
    if isinstance(node, Mapping) and breach.keyword == "additionalProperties":
        yield from unknown_keys(document.name, node, place, breach.rules, schema)
    elif isinstance(node, Mapping) and breach.keyword == "required":
        yield from missing_keys(document.name, node, place, breach.wanted, breach.rules, schema)
    else:
        rule = _RULES.get(breach.keyword, _other)
        kind = "wrong-type" if breach.keyword == "type" else "wrong-value"
        message = f"{_subject(breach.path)}{_place(document, breach.path)} {rule(breach, node)}"
        yield Problem(document.name, node.line, node.column, node.length, kind, message)
        if breach.path == ("tasks",):
            yield from unknown_below(document.name, node, schema)


def _locate(node: Node | None, path: Path) -> Node | None:
    for step in path:
        if isinstance(node, Sequence) and isinstance(step, int):
            node = node.items[step]
        elif isinstance(node, Mapping) and isinstance(step, str):
            node = node.get(step)
        else:
            return None
    return node


def _subject(path: Path) -> str:
    if not path:
        return "a task file"
    last = path[-1]
    if isinstance(last, str):
        return quoted(last)
    return f"task {last + 1}" if path[:-1] == ("tasks",) else f'item {last + 1} of "{path[-2]}"'


def _place(document: Document, path: Path) -> str:
    """Where the value stands, for people: the task by its id, else by its number."""
    if path[:1] == ("tasks",) and len(path) > 2:
        named = _locate(document.root, (*path[:2], "id"))
        if isinstance(named, Scalar) and isinstance(named.value, str) and named.text and path[2] != "id":
            return f" in task {quoted(named.text)}"
        return f" in task {int(path[1]) + 1}"
    return f" in {quoted(str(path[0]))}" if len(path) > 1 and path[0] != "tasks" else ""


def _type(breach: Breach, node: Node) -> str:
    wanted = str(breach.wanted)
    must = f"must be {breach.rules.get('x-noun') or _NOUNS.get(wanted, wanted)}"
    if not isinstance(node, Scalar):
        what = "mapping" if isinstance(node, Mapping) else "list"
        return f"{must}, not a {what}{_instead(breach, node)}"
    if node.empty:
        return f"{must}, but nothing stands after it; give it a value, or leave it out if it is optional"
    if node.value is None:
        quotes = "put it in quotes if it is text" if wanted == "string" else "give it a value"
        return f"{must}, but YAML reads {node.text} as no value; {quotes}, or leave it out if it is optional"
    if isinstance(node.value, str):
        return f"{must}, not the text {quoted(node.text)}{_instead(breach, node)}"
    same = isinstance(node.value, (int, float)) and node.text == str(node.value)
    if wanted == "string" and node.plain and not same:
        return f'{must}, but YAML reads {node.text} as {_read(node)}; put it in quotes: "{node.text}"'
    if wanted == "string" and not node.plain:
        return f"{must}, but its tag makes it {_read(node)}; delete the tag"
    return f"{must}, not {_read(node) if same else _shown(node)}{_instead(breach, node)}"


def _instead(breach: Breach, node: Node) -> str:
    """What to write, for each type that is wanted."""
    text = node.text if isinstance(node, Scalar) else ""
    if breach.path == ("tasks",) and isinstance(node, Mapping) and tasks_by_name(node):
        return tasks_by_name(node)
    if breach.wanted == "array" or (isinstance(breach.wanted, list) and "array" in breach.wanted):
        return _as_list(breach, text)
    if breach.wanted == "string":
        return f'; put it in quotes: "{text}"' if text else '; if it is text, put it in quotes or behind a "|"'
    if breach.wanted == "integer":
        number = _number(text)
        if number is None:
            return f"; write a number {_limits(breach.rules)}".rstrip()
        return f"; write {number}{'' if isinstance(node, Scalar) and node.plain else ' without quotes'}"
    if breach.wanted == "object" and not breach.path:
        return '; begin with "name: …" and "tasks:"'
    return '; write lines of the form "key: value"' if breach.wanted == "object" else ""


def _as_list(breach: Breach, text: str) -> str:
    """What to write where a list is wanted: words as items, but a sentence as one."""
    each = part(breach.rules, "items")
    words = [f'"{text}"'] if breach.rules.get("x-sentences") else [w for w in re.split(r"[\s,]+", text) if w]
    fits = each.get("type") == "string" and text.strip() and len(text) < MAX_EXAMPLE
    return f"; write [{', '.join(words)}]" if fits else '; write "- " before each item'


def _limits(rules: dict[str, object]) -> str:
    low, high, unit = rules.get("minimum"), rules.get("maximum"), rules.get("x-unit")
    of = f"of {unit}, " if unit else ""
    if low is not None and high is not None:
        return f"{of}from {low} to {high}"
    return f"{of}{low} or more" if low is not None else f"{of}{high} or less" if high is not None else of.strip(", ")


def _number(text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return str(int(number)) if math.isfinite(number) and abs(number) < 1e15 else None


def _read(node: Scalar) -> str:
    """What YAML made of a scalar."""
    value = node.value
    if value is None:
        return "null (no value)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return "a date"
    return f"the number {value}" if isinstance(value, (int, float)) else quoted(str(value))


def _shown(node: Node) -> str:
    """The value as it was written, and what YAML made of it where that differs."""
    if not isinstance(node, Scalar):
        return "a mapping" if isinstance(node, Mapping) else "a list"
    if node.empty:
        return "empty"
    if isinstance(node.value, str):
        return quoted(node.text)
    same = node.text in (str(node.value), _read(node))
    return node.text if same else f"{node.text}, which YAML reads as {_read(node)}"


def _range(breach: Breach, node: Node) -> str:
    low, high = breach.rules.get("minimum"), breach.rules.get("maximum")
    unit = breach.rules.get("x-unit")
    name = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"must be from {low} to {high}{name}, not {_shown(node)}; write {breach.wanted}"
    limit, way = ("at least", "more") if low is not None else ("at most", "less")
    seconds = _seconds(node) if unit == "milliseconds" else ""
    return f"must be {limit} {breach.wanted}{name}, not {_shown(node)}; write {breach.wanted} or {way}{seconds}"


def _seconds(node: Node) -> str:
    """What a number may have been meant as where milliseconds are wanted."""
    if isinstance(node, Scalar) and node.text.isdecimal() and node.value:
        return f', or "{node.text}s" for seconds'
    return ""


def _enum(breach: Breach, node: Node) -> str:
    values = [str(value) for value in breach.wanted] if isinstance(breach.wanted, list) else []
    names = [f'"{value}"' for value in values]
    listed = " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    near = suggestion(node.text, values) if isinstance(node, Scalar) else ""
    if not near and isinstance(node, Scalar) and len(node.text) <= MAX_EXAMPLE:
        parts = re.split(r"[\W_]+", node.text.casefold())
        near = next((did_you_mean(value) for value in values if value in parts), "")
    return f"must be {listed}, not {_shown(node)}{near}"


def _pattern(breach: Breach, node: Node) -> str:
    words = breach.rules.get("patternErrorMessage", f"must match {breach.wanted}")
    if isinstance(node, Scalar) and not node.text.strip():
        return f"{words}; give it a value"
    if isinstance(node, Scalar) and breach.rules.get("x-unit") == "milliseconds":
        return f"{words}, not {_shown(node)}{_duration(node)}"
    fitting = re.sub(r"[^A-Za-z0-9_.-]+", "-", node.text if isinstance(node, Scalar) else "").strip("-_.")[:64]
    advice = f"; for example {quoted(fitting)}" if fitting and re.search(str(breach.wanted), fitting) else ""
    return f"{words}, not {_shown(node)}{advice}"


def _duration(node: Scalar) -> str:
    """What to write for something that looks like a duration."""
    number = _number(node.text)
    if number is not None:
        return f"; write {number}{'' if node.plain else ' without quotes'}"
    found = re.fullmatch(r"(\d{1,6}) ?(s|m|h)(ec|econds?|in|inutes?|ours?)?", node.text.strip().lower())
    return f"; write {found[1]}{found[2]}" if found else ""


def _at_least_one(breach: Breach, _: Node) -> str:
    return "must hold at least one item, but is empty" if breach.wanted == 1 else _other(breach, _)


def _other(breach: Breach, _: Node) -> str:
    return f"is not valid: {breach.message}"


_RULES: dict[str, Callable[[Breach, Node], str]] = {
    "type": _type,
    "minimum": _range,
    "maximum": _range,
    "enum": _enum,
    "pattern": _pattern,
    "minItems": _at_least_one,
}
