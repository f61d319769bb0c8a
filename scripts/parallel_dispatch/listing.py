"""The list in a task's output from which other tasks are made: JSON, whole or in a fence, and a path into it. Pure."""

from __future__ import annotations

import math

from . import quickjson
from .fences import json_blocks
from .refusal import Refusal

MAX_ITEMS = 1000
MAX_CHARACTERS = 1_000_000
"""How much text all items together may hold: it is in the ledger, which every hook reads."""
MAX_KEY = 60
"""How much of a key is told."""


def listed(text: str, path: str) -> list[str]:
    """The items at a path of a document, as texts; `Refusal` says, in words, why there are none to be had."""
    value = _document(text)
    walked: list[str] = []
    for key in path.split(".") if path else ():
        if not isinstance(value, dict) or key not in value:
            where = f' in "{".".join(walked)}"' if walked else ""
            raise Refusal(f'holds no "{key}"{where}{_keys(value)}')
        value = value[key]
        walked.append(key)
    place = f' under "{path}"' if path else ""
    if not isinstance(value, list):
        raise Refusal(f"holds {_noun(value)}{place}, not a list{'' if path else _keys(value)}")
    if len(value) > MAX_ITEMS:
        raise Refusal(f"lists {len(value):,} items{place}, more than {MAX_ITEMS:,}")
    odd = next((number for number, item in enumerate(value, 1) if _is_beyond_json(item)), 0)
    if odd:
        raise Refusal(f"lists a number that JSON cannot hold{place}, as item {odd}")
    items = [_text(item) for item in value]
    empty = next((number for number, item in enumerate(items, 1) if not item.strip()), 0)
    if empty:
        raise Refusal(f"lists an empty text{place}, as item {empty}")
    if sum(map(len, items)) > MAX_CHARACTERS:
        raise Refusal(f"lists items{place} of more than {MAX_CHARACTERS:,} characters")
    return items


def _document(text: str) -> object:
    text = text.lstrip("\ufeff")
    try:
        return quickjson.loads(text)
    except (ValueError, RecursionError) as error:
        wrong = error
    fenced = [block for block, _ in json_blocks(text)]
    if len(fenced) > 1:
        raise Refusal(f"holds {len(fenced)} blocks of JSON; exactly one is wanted")
    try:
        return quickjson.loads(fenced[0] if fenced else "")
    except (ValueError, RecursionError) as error:
        raise Refusal(f"holds no JSON: {error if fenced else wrong}") from None


def _text(item: object) -> str:
    """An item as it stands in a task's texts; half a character, which no file can hold, goes."""
    if isinstance(item, str):
        return item.encode(errors="replace").decode()
    if isinstance(item, (int, float)) and not isinstance(item, bool):
        return repr(item)
    return quickjson.compact(item).encode(errors="replace").decode()


def _is_beyond_json(item: object) -> bool:
    """Whether a number in an item is infinite or none: Python reads 1e999 and NaN."""
    todo = [item]
    while todo:
        inner = todo.pop()
        if isinstance(inner, float) and not math.isfinite(inner):
            return True
        todo += inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ()
    return False


def _keys(value: object) -> str:
    keys = [_quoted(_text(key)) for key in list(value)[:8]] if isinstance(value, dict) else []
    return f"; its keys are {', '.join(keys)}" if keys else ""


def _quoted(key: str) -> str:
    """A key on one line, cut where it is long."""
    line = " ".join(key.split())
    return f'"{line}"' if len(line) <= MAX_KEY else f'"{line[: MAX_KEY - 1]}…"'


def _noun(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, (bool, int, float)):
        return "a number" if not isinstance(value, bool) else "true or false"
    return "a text" if isinstance(value, str) else "a mapping"
