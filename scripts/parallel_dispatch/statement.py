"""What an output states under a name: in its JSON, in a Markdown line such as `Answer: …`, or in a section. Pure."""

from __future__ import annotations

import json
import re

from .fences import json_blocks

LONGEST = 300
"""Characters of a value that are kept and compared."""
_LINE = re.compile(r"^ {0,3}(?:[-*+>]\s+)*[*_`]*(?P<name>[^:*_`|]{1,80}?)[*_`]*\s*:\s*[*_`]*\s*(?P<value>\S.*)$")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S.{0,200})")
_AROUND = " \t*_`\"'.!“”‘’"


def stated(texts: list[str], key: str) -> str | None:
    """The value that an output's texts state under a key; None where they state none. The last one in a text counts."""
    for text in texts:
        value = _in_json(text, key)
        value = _in_markdown(text, key) if value is None else value
        if value:
            return value
    return None


def normal(value: str) -> str:
    """A value as it is compared: without marks around it, blanks and case; numbers by what they are."""
    bare = " ".join(value.strip(_AROUND).casefold().split())
    try:
        number = float(bare) if len(bare) < 40 else None
    except ValueError:
        return bare
    return bare if number is None or number != number else f"{number:.12g}"  # noqa: PLR0124 - what is no number differs


def _in_json(text: str, key: str) -> str | None:
    bare = text.lstrip("\ufeff \t\r\n")
    blocks = [bare] if bare[:1] in ("{", "[") else [block for block, _ in json_blocks(text)]
    if len(blocks) != 1:
        return None
    try:
        value = json.loads(blocks[0])
    except (ValueError, RecursionError):
        return None
    for step in [key] if isinstance(value, dict) and key in value else key.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return None
    return _short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True))


def _in_markdown(text: str, key: str) -> str | None:
    names = {_folded(key), _folded(key.rpartition(".")[2])}
    found, below = "", ""
    is_below = False
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            is_below = _folded(heading[1].rstrip(" \t#:")) in names
            continue
        told = _LINE.match(line) if ":" in line[:120] else None
        if told and _folded(told["name"]) in names and told["value"].strip(_AROUND):
            found = told["value"]
        if is_below and line.strip():
            below, is_below = line, False
    return _short((found or below).strip(_AROUND)) or None


def _short(value: str) -> str:
    return " ".join(value.split())[:LONGEST]


def _folded(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().strip(_AROUND + ":").split())
