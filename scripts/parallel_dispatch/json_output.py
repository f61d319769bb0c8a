"""The JSON in an output, read from disk and held against a schema: what the hooks ask the full program for."""

from __future__ import annotations

import json
import math
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from .fences import json_blocks
from .json_schema import place, violations
from .places import open_file

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINES = 5
MAX_DIGITS = 40  # of a number that are told


def main() -> int:
    """The process: `{"schema": its text, "output": a path}` on stdin, what is wrong on stdout, a line for each."""
    asked = json.load(sys.stdin)
    lines = list(wrong(json.loads(asked["schema"]), asked["output"]))
    if len(lines) > MAX_LINES:
        lines[MAX_LINES:] = [f"and {len(lines) - MAX_LINES} more"]
    print("\n".join(lines))
    return 0


def wrong(schema: object, output: str) -> Iterator[str]:
    """What is wrong with the JSON in an output, a line for each."""
    if not os.path.isdir(output):
        yield from _wrong_in(schema, output)
        return
    found = [os.path.join(folder, name) for folder, _, names in os.walk(output) for name in names]
    named = (path for path in found if path.lower().endswith(".json"))
    files = sorted(path for path in named if os.path.isfile(path) and not os.path.islink(path))
    if not files:
        yield "it holds no *.json file; write at least one"
    for path in files:
        for line in _wrong_in(schema, path):
            yield f"{os.path.relpath(path, output)}: {line}"


def _wrong_in(schema: object, path: str) -> Iterator[str]:
    try:
        with open_file(path) as file:
            value = document(file.read().decode(), is_json=path.lower().endswith(".json"))
    except UnicodeDecodeError as error:
        yield f"byte {error.start + 1:,} is not UTF-8"
    except ValueError as error:
        yield str(error)
    except RecursionError:
        yield "its JSON is nested too deeply"
    else:
        yield from (f"{place(at)} {words}" for at, words in violations(schema, value))


def document(text: str, *, is_json: bool) -> object:
    """The JSON in a text: the whole of it, or, where it need not be JSON alone, its only fenced block of JSON.

    `ValueError` says in words why there is none.
    """
    text = text.lstrip("\ufeff")
    blocks = [] if is_json else json_blocks(text)
    if len(blocks) > 1:
        raise ValueError(f"it has {len(blocks)} fenced ```json blocks; write exactly one")
    if blocks:
        return _parsed(*blocks[0])
    if not is_json and text.lstrip()[:1] not in ("{", "["):
        raise ValueError("it has no fenced ```json block; write exactly one, or nothing but JSON")
    return _parsed(text, 0)


def _parsed(text: str, above: int) -> object:
    """The value of a JSON text that stands below so many lines."""
    try:
        value: object = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        hint = "; write JSON alone, without a fence" if text.lstrip().startswith("```") else ""
        why = error.msg[:1].lower() + error.msg[1:]
        raise ValueError(f"line {above + error.lineno}, column {error.colno}: no JSON, {why}{hint}") from None
    return value


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits if len(digits) < MAX_DIGITS else "a number so large")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")
