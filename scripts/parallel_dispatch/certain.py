"""What a schema certainly accepts or refuses, told by the standard library alone.

Importing jsonschema costs as much as checking 500 tasks, so it is asked only where the answer here is None: not known.
That holds for every keyword that does not stand here, and for values that are not of YAML's own plain types.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable

Schema = dict[str, object]
Answer = Optional[bool]

_TYPES = {
    str: ("string",),
    int: ("integer", "number"),
    float: ("number",),
    bool: ("boolean",),
    list: ("array",),
    dict: ("object",),
    type(None): ("null",),
}

SILENT = {
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "default",
    "deprecated",
    "description",
    "else",  # of `if`
    "examples",
    "patternErrorMessage",
    "readOnly",
    "then",  # of `if`
    "title",
    "writeOnly",
}
"""Keywords that judge nothing by themselves; neither do those that begin with `x-`."""


def is_silent(keyword: str) -> bool:
    """Whether a keyword judges nothing by itself."""
    return keyword in SILENT or keyword.startswith("x-")


def judge(keyword: str, wanted: object, value: object, schema: Schema) -> Answer:
    """Whether a keyword of a schema accepts a value; None where only jsonschema knows."""
    known = _KEYWORDS.get(keyword)
    return known(wanted, value, schema) if known and type(value) in _TYPES else None


def _holds(schema: object, value: object) -> Answer:
    """Whether a whole schema accepts a value."""
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        return None
    return _all(judge(name, wanted, value, schema) for name, wanted in schema.items() if not is_silent(name))


def _all(answers: Iterable[Answer]) -> Answer:
    """Whether all are true: not where one is false, and not known where one of the others is not."""
    result: Answer = True
    for answer in answers:
        if answer is False:
            return False
        result = result and answer
    return result


def _type(wanted: object, value: object, _: Schema) -> Answer:
    names = wanted if isinstance(wanted, list) else [wanted]
    if any(name in names for name in _TYPES[type(value)]):
        return True
    return None if type(value) is float else False  # 4.0 is an integer


def _enum(wanted: object, value: object, _: Schema) -> Answer:
    return True if type(value) is str and isinstance(wanted, list) and value in wanted else None


def _pattern(wanted: object, value: object, _: Schema) -> Answer:
    return re.search(str(wanted), value) is not None if isinstance(value, str) else True


def _minimum(wanted: object, value: object, _: Schema) -> Answer:
    if not isinstance(wanted, int):
        return None
    return not value < wanted if isinstance(value, (int, float)) and not isinstance(value, bool) else True


def _maximum(wanted: object, value: object, _: Schema) -> Answer:
    if not isinstance(wanted, int):
        return None
    return not value > wanted if isinstance(value, (int, float)) and not isinstance(value, bool) else True


def _min_items(wanted: object, value: object, _: Schema) -> Answer:
    if not isinstance(wanted, int):
        return None
    return len(value) >= wanted if isinstance(value, list) else True


def _max_items(wanted: object, value: object, _: Schema) -> Answer:
    if not isinstance(wanted, int):
        return None
    return len(value) <= wanted if isinstance(value, list) else True


def _required(wanted: object, value: object, _: Schema) -> Answer:
    if not isinstance(wanted, list):
        return None
    return all(name in value for name in wanted) if isinstance(value, dict) else True


def _items(wanted: object, value: object, schema: Schema) -> Answer:
    if "prefixItems" in schema:
        return None
    return _all(_holds(wanted, item) for item in value) if isinstance(value, list) else True


def _properties(wanted: object, value: object, _: Schema) -> Answer:
    if not isinstance(wanted, dict):
        return None
    if not isinstance(value, dict):
        return True
    return _all(_holds(rules, value[name]) for name, rules in wanted.items() if name in value)


def _pattern_properties(wanted: object, value: object, _: Schema) -> Answer:
    if not isinstance(wanted, dict):
        return None
    if not isinstance(value, dict):
        return True
    return _all(
        _holds(rules, inner)
        for pattern, rules in wanted.items()
        for name, inner in value.items()
        if re.search(pattern, name)
    )


def _additional(wanted: object, value: object, schema: Schema) -> Answer:
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    if not isinstance(named, dict) or not isinstance(patterns, dict):
        return None
    if not isinstance(value, dict):
        return True
    more = [name for name in value if name not in named and not any(re.search(each, name) for each in patterns)]
    return _all(_holds(wanted, value[name]) for name in more)


def _not(wanted: object, value: object, _: Schema) -> Answer:
    answer = _holds(wanted, value)
    return None if answer is None else not answer


def _if(wanted: object, value: object, schema: Schema) -> Answer:
    answer = _holds(wanted, value)
    return None if answer is None else _holds(schema.get("then" if answer else "else", True), value)


_KEYWORDS: dict[str, Callable[[object, object, Schema], Answer]] = {
    "additionalProperties": _additional,
    "enum": _enum,
    "if": _if,
    "items": _items,
    "maxItems": _max_items,
    "maximum": _maximum,
    "minItems": _min_items,
    "minimum": _minimum,
    "not": _not,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "properties": _properties,
    "required": _required,
    "type": _type,
}
"""Those of the task file's own schema."""
