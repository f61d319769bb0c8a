"""JSON Schema (draft 2020-12) for what agents write: whether a schema is one, and how a value breaks it. Pure.

Nothing is ever fetched: a reference that leads out of a schema is a flaw of it.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Tuple, Union

import jsonschema
import referencing
from jsonschema.exceptions import best_match
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from referencing._core import Resolver

    _Resolver = Resolver[object]

MAX_DEPTH = 100
MAX_VALUES = 5000
MAX_SHOWN = 60  # characters of a value
MAX_WORDS = 200  # characters of what is wrong with one

Path = Tuple[Union[str, int], ...]
_Validator = jsonschema.Draft202012Validator
_NAMES = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_VALUES = {"const", "default", "enum", "examples"}
_NOUNS = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
_COUNTED = {
    "minLength": ("at least", "characters"),
    "maxLength": ("at most", "characters"),
    "minItems": ("at least", "items"),
    "maxItems": ("at most", "items"),
    "minProperties": ("at least", "keys"),
    "maxProperties": ("at most", "keys"),
}
_STRAY = (ValueError, TypeError, AttributeError)
"""What `referencing` raises for a step by name into a list or a number, and for an "$id" on its way that is none."""
_RANGES = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
}


def flaws(schema: object) -> list[tuple[Path, str]]:
    """Why a value is no schema that outputs can be checked against: where in it, and what is wrong there."""
    if _size(schema) > MAX_VALUES:
        return [((), f"holds more than {MAX_VALUES:,} values; make it smaller")]
    odd = list(_unlike_json(schema, ()))
    if odd:
        return odd
    found = _words(_Validator(_Validator.META_SCHEMA, format_checker=_Validator.FORMAT_CHECKER), schema)
    return found or list(_lost_references(schema, (), _resolver(schema)))


def violations(schema: object, value: object) -> list[tuple[Path, str]]:
    """How a value breaks a schema: where, and what is wrong there; nothing where it matches.

    `Refusal` where that cannot be told.
    """
    try:
        return _words(_Validator(schema, registry=referencing.Registry()), value)
    except Unresolvable as error:
        raise Refusal(f"{_shown(error.ref)} leads out of the schema, and nothing is fetched") from None
    except RecursionError:
        raise Refusal("the schema leads back to itself without end") from None
    except OverflowError:
        raise Refusal('a number is too large to be held against "multipleOf" in the schema') from None
    except ValueError as error:
        raise Refusal(f"the schema holds what is no URL: {error}") from None


def place(path: Path) -> str:
    """A path in a document as programs write it: `findings[0].line`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z_$][\w$-]*", step, re.ASCII):
            text += f".{step}" if text else step
        else:
            text += f"[{_shown(step)}]"
    return text or "the document"


def _size(value: object) -> int:
    """How many values a value consists of, itself included; no more than are too many."""
    todo, count = [value], 0
    while todo and count <= MAX_VALUES:
        count += 1
        inner = todo.pop()
        todo += inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ()
    return count


def _unlike_json(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """What JSON has no form for: YAML has dates, and numbers that are none."""
    if len(path) > MAX_DEPTH:
        yield path[:1], f"is nested deeper than {MAX_DEPTH} levels"
    elif isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _unlike_json(inner, (*path, key))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "is no number that JSON can hold"
    elif not isinstance(value, (str, int, float, type(None))):
        yield path, "is a date to YAML, and JSON has none; put it in quotes"


def _lost_references(schema: object, path: Path, resolver: _Resolver) -> Iterator[tuple[Path, str]]:
    """The references in a schema that lead out of it, or nowhere."""
    if isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from _lost_references(inner, (*path, index), resolver)
    if not isinstance(schema, dict):
        return
    try:
        inside = resolver.in_subresource(DRAFT202012.create_resource(schema))
    except (ValueError, AttributeError):  # no URL, or no text at all
        yield (*path, "$id"), f"must be a URL, not {_shown(schema['$id'])}; correct or delete it"
    else:
        yield from _lost_in(schema, path, inside)


def _lost_in(schema: dict[str, object], path: Path, resolver: _Resolver) -> Iterator[tuple[Path, str]]:
    for keyword, inner in schema.items():
        if keyword in ("$ref", "$dynamicRef"):
            wrong = _lost(str(inner), resolver)
            if wrong:
                yield (*path, keyword), wrong
        elif keyword in _NAMES and isinstance(inner, dict):
            for name, each in inner.items():
                yield from _lost_references(each, (*path, keyword, name), resolver)
        elif keyword not in _VALUES:
            yield from _lost_references(inner, (*path, keyword), resolver)


def _lost(reference: str, resolver: _Resolver) -> str:
    """How a reference leads to no schema; empty where it leads to one."""
    try:
        found = resolver.lookup(reference).contents
    except (Unresolvable, *_STRAY):
        if reference.startswith("#"):
            return f"leads nowhere in this schema, not to {_shown(reference)}"
        meant = f'not even {_shown(reference)}; write what it means under "$defs"'
        return f"leads out of this schema, and nothing is fetched, {meant}"
    return "" if isinstance(found, (dict, bool)) else f"must lead to a schema, not to {_shown(found)}"


def _resolver(schema: object) -> _Resolver:
    return referencing.Registry().resolver_with_root(DRAFT202012.create_resource(schema))


def _words(validator: jsonschema.protocols.Validator, value: object) -> list[tuple[Path, str]]:
    """What a validator finds wrong with a value, each once, in the order of the value."""
    found: dict[tuple[Path, str], None] = {}
    for error in validator.iter_errors(value):
        inner = _nearest(error)
        found[tuple(inner.absolute_path), _cut(_explained(inner), MAX_WORDS)] = None
    return list(found)


def _nearest(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Of an error in alternatives, the one in the alternative that was meant, as far as anybody can tell."""
    found = best_match([error])
    if found.context and found.validator in ("anyOf", "oneOf"):
        found = next((inner for inner in found.context if inner.validator != "type"), found.context[0])
    return found


def _explained(error: jsonschema.ValidationError) -> str:
    keyword, wanted, value = error.validator, error.validator_value, error.instance
    if keyword == "type":
        kinds = [str(kind) for kind in wanted] if isinstance(wanted, list) else [str(wanted)]
        return f"must be {_either([_NOUNS.get(kind, kind) for kind in kinds])}, not {_shown(value)}"
    if keyword == "required":
        return f"lacks {_listed([key for key in wanted if key not in value])}"
    if keyword == "additionalProperties" and wanted is False:
        return f"holds {_listed(_extra(value, error.schema))}, which its schema does not allow"
    if keyword == "enum":
        return f"must be {_cut(_either(list(map(_shown, wanted))), MAX_WORDS // 2)}, not {_shown(value)}"
    if keyword == "const":
        return f"must be {_shown(wanted)}, not {_shown(value)}"
    if keyword in _RANGES:
        return f"must be {_RANGES[keyword]} {wanted}, not {_shown(value)}"
    if keyword in _COUNTED:
        limit, of = _COUNTED[keyword]
        return f"must have {limit} {wanted} {of if wanted != 1 else of[:-1]}, and has {len(value)}"
    if keyword == "pattern":
        return f"must match {wanted}, not {_shown(value)}"
    if keyword == "format":
        return f"is no {wanted}: {_shown(value)}"
    return f"holds {_shown(value)}, which is not allowed" if keyword is None else f"breaks {keyword}: {error.message}"


def _extra(value: dict[str, object], schema: dict[str, dict[str, object]]) -> list[str]:
    patterns = schema.get("patternProperties", {})
    known = schema.get("properties", {})
    return [key for key in value if key not in known and not any(re.search(pattern, key) for pattern in patterns)]


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _listed(keys: list[str]) -> str:
    return ", ".join(map(_shown, keys))


def _shown(value: object) -> str:
    return _cut(json.dumps(value, ensure_ascii=False), MAX_SHOWN)


def _cut(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
