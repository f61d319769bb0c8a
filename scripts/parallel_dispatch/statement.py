"""What an output states under a name: in its JSON, in a Markdown line such as `Answer: …`, or in a section. Pure."""

from __future__ import annotations

import json
import math
import re

from .fences import json_blocks, without_fences

LONGEST = 300
"""Characters of a value that are kept and compared."""
MAX_DIGITS = 39
"""Characters of a text that may be a number; hashes are longer."""
_LINE = re.compile(
    r"^ {0,3}(?:(?:[-*+>]|\d{1,9}[.)])\s+)*"
    r"[*_`]*(?P<name>[^:*_`|]{1,80}?)[*_`]*\s*:\s*[*_`]*\s*(?P<value>\S.*)$"
)
"""A line that states something; one without blanks at its end, since looking for a value among them takes long."""
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S.{0,200})")
_AROUND = " \t*_`\"'.!“”‘’"


def stated(texts: list[str], key: str) -> str | None:
    """The value that an output's texts state under a key; None where they state none. The last one in a text counts."""
    for text in (text.lstrip("\ufeff") for text in texts):
        value = _in_json(text, key)
        value = _in_markdown(text, key) if value is None else value
        if value:
            return value
    return None


def normal(value: str) -> str:
    """A value as it is compared: without marks around it, blanks and case; numbers by what they are."""
    bare = " ".join(value.strip(_AROUND).casefold().split())
    return _number(bare) or bare


def _number(text: str) -> str:
    """A number as all texts of the same number are compared; empty where a text is none, or too large for one."""
    if len(text) > MAX_DIGITS:
        return ""
    try:
        return str(int(text))
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    return str(int(number)) if number.is_integer() else repr(number)


def _in_json(text: str, key: str) -> str | None:
    value = _document(text)
    for step in [key] if isinstance(value, dict) and key in value else key.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return None
    return _short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True))


def _document(text: str) -> object:
    """The JSON in a text: the whole of it, or its only fenced block; None where there is none."""
    blocks = [block for block, _ in json_blocks(text)]
    for part in ([text] if text.lstrip()[:1] in ("{", "[") else []) + (blocks if len(blocks) == 1 else []):
        try:
            value: object = json.loads(part)
        except (ValueError, RecursionError):
            continue
        return value
    return None


def _in_markdown(text: str, key: str) -> str | None:
    names = {_folded(key), _folded(key.rpartition(".")[2])}
    found, below = "", ""
    is_below = False
    for line, is_code in without_fences(text.splitlines()):
        heading = None if is_code else _HEADING.match(line)
        if heading:
            is_below = _folded(heading[1].rstrip(" \t#:")) in names
            continue
        told = _LINE.match(line.rstrip()) if not is_code and ":" in line[:120] else None
        if told and _folded(told["name"]) in names and told["value"].strip(_AROUND):
            found = told["value"]
        if is_below and line.strip():
            below, is_below = line, False
    return _short((found or below).strip(_AROUND)) or None


def _short(value: str) -> str:
    return " ".join(value.split())[:LONGEST]


def _folded(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().strip(_AROUND + ":").split())
