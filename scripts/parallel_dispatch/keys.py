"""The words for keys that mean nothing where they stand, and for those that are missing."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from .nodes import Mapping, Node, items
from .problem import MAX_PROBLEMS, Problem, did_you_mean, nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

Rules = dict[str, object]
"""A schema, or a part of it."""


def unknown_keys(file: str, node: Mapping, place: str, rules: Rules, schema: Rules) -> Iterator[Problem]:
    """The keys of a mapping that the rules for it do not know; `place` says for people where it stands."""
    known = properties(rules)
    allowed = [re.compile(pattern) for pattern in part(rules, "patternProperties")]
    for name, entry in node.entries.items():
        if name in known or any(pattern.search(name) for pattern in allowed):
            continue
        key = entry.key
        message = f"unknown key {quoted(name)}{place}{_advice(name, entry.node, node, known, schema)}"
        yield Problem(file, key.line, key.column, key.length, "unknown-key", message)
        if not place and _meant(name, node, known) == "tasks":
            yield from unknown_below(file, entry.node, schema)


def unknown_below(file: str, node: Node, schema: Rules) -> Iterator[Problem]:
    """The unknown keys of tasks that are not under "tasks", or are a mapping there: else the next check finds them."""
    if isinstance(node, Mapping):
        named = [(f" in task {quoted(name)}", entry.node) for name, entry in node.entries.items()]
    else:
        named = [(f" in task {number}", each) for number, each in enumerate(items(node), 1)]
    for place, each in named:
        if isinstance(each, Mapping):
            yield from unknown_keys(file, each, place, _of_a_task(schema), schema)


def missing_keys(
    file: str, node: Mapping, place: str, wanted: object, rules: Rules, schema: Rules
) -> Iterator[Problem]:
    """The keys that a mapping must have and does not; a misspelt key is one mistake, and named as such."""
    known = properties(rules) or properties(_of_a_task(schema))
    unknown = (name for name in node.entries if name not in known and not name.startswith("x-"))
    misspelt = {_meant(name, node, known) for name in itertools.islice(unknown, MAX_PROBLEMS)}
    for key in map(str, wanted if isinstance(wanted, list) else ()):
        if key not in node.entries and key not in misspelt:
            form = f'"{key}: …"'
            if key == "tasks":
                form = '"tasks:" and below it "- id: …" with "prompt: …" for each'
            message = f'missing key "{key}"{place}; add {form}'
            yield Problem(file, node.line, node.column, node.length, "missing-key", message)


def tasks_by_name(node: Mapping) -> str:
    """How tasks that stand under their names are written as a list."""
    name = next((name for name, entry in node.entries.items() if isinstance(entry.node, Mapping)), None)
    return f"; write {quoted(f'- id: {name}')} in the place of {quoted(f'{name}:')}, and so on" if name else ""


def properties(rules: Rules) -> Rules:
    """The keys that a part of the schema knows, with the rules for each."""
    return part(rules, "properties")


def part(rules: Rules, *keys: str) -> Rules:
    """A part of the schema; empty where there is none."""
    for key in keys:
        value = rules.get(key)
        rules = value if isinstance(value, dict) else {}
    return rules


def _of_a_task(schema: Rules) -> Rules:
    return part(schema, "properties", "tasks", "items")


def _homes(schema: Rules) -> Iterator[tuple[str, Rules]]:
    """The places of a task file and their keys, for keys that are right but stand in the wrong place."""
    yield 'in "settings"', properties(part(schema, "properties", "settings"))
    yield "in a task", properties(_of_a_task(schema))
    yield "at the top of the file", properties(schema)


def _advice(name: str, value: Node, node: Mapping, known: Rules, schema: Rules) -> str:
    """What to write in the place of an unknown key."""
    synonym = _synonym(name, node, known)
    home = next((where for where, keys in _homes(schema) if name in keys), None)
    if home and not synonym:
        return f"; it belongs {home}"
    meant = synonym or nearest(name, known)
    if not meant:
        elsewhere = ((_synonym(name, None, keys), where) for where, keys in _homes(schema) if keys is not known)
        found = next((f"; did you mean {quoted(key)} {where}?" for key, where in elsewhere if key), None)
        return found or f'; known keys: {", ".join(known)}, and your own that begin with "x-"'
    wanted = part(known, meant)
    takes = f" it takes {wanted['x-noun']}" if wanted.get("x-unit") and name.casefold().startswith(meant) else ""
    listed = f" it is a list{tasks_by_name(value)}" if meant == "tasks" and isinstance(value, Mapping) else ""
    return f"{did_you_mean(meant)}{takes}{listed}"


def _meant(name: str, node: Mapping, known: Rules) -> str | None:
    """The known key that an unknown one stands for, as far as one can see."""
    return _synonym(name, node, known) or nearest(name, known)


def _synonym(name: str, node: Mapping | None, known: Rules) -> str | None:
    """The key that is meant by another tool's word for it, of those that the mapping does not have."""
    word = name.casefold().replace("-", "_")
    for key in known:
        words = part(known, key).get("x-synonyms")
        if isinstance(words, list) and word in words and not (node and key in node.entries):
            return key
    return None
