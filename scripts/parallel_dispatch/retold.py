"""What an integrator tells as findings, block by block, with the ids that each stands for. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .disposition import is_fence, is_header
from .finding import SEVERITIES
from .severity import WORDS
from .verbatim import FORM, is_silent, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .citations import Ids

_SILENT = FORM | set(SEVERITIES) | {"none", "dispositions"}
_OF_TITLES = frozenset(
    "all and for integrated integration merged of overview report result results review reviews the".split()
)
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:\s|$)")
_MARKER = re.compile(r"^(\s*)(?:[-*+]|(?:\*\*)?\d+[.)](?:\*\*)?)\s+")
_TOLD = re.compile(rf"^\s*(?:[-*+]|\d+[.)])\s+[`*_]*\[[`*_]*(?:{'|'.join(SEVERITIES)})\b", re.IGNORECASE)


class Block(NamedTuple):
    """A list item, row or paragraph: its text, the ids that it stands for, and those in their place that nobody gave.

    `at` is its line; `standing` is the part of the text that names the ids; `above` are the severities that the heading
    above it names.
    """

    at: int
    text: str
    cited: tuple[str, ...]
    strange: tuple[str, ...]
    standing: str
    above: frozenset[str]


def retold(text: str, ids: Ids, names: Iterable[str] = ()) -> list[Block]:
    """The blocks of a text that say anything at all.

    Headings that name severities, parts of a finding, or some of `names`, and nothing else, say nothing by themselves.
    """
    of_heading = {word for name in names for word in words_of(name)} | FORM | set(WORDS) | _OF_TITLES
    found: list[Block] = []
    above: frozenset[str] = frozenset()
    for at, lines in _blocks(_without_markup(text), of_heading):
        block = "\n".join(lines).rstrip()
        if _HEADING.match(block) and is_silent(block, of_heading):
            above = frozenset(WORDS[word] for word in words_of(block) if word in WORDS)
        elif not is_silent(block, _SILENT):
            standing = ids.standing(block)
            cited, strange = tuple(ids.cited(standing)), tuple(ids.strange(standing))
            found.append(Block(at + 1, block, cited, strange, standing, above))
    return found


def _blocks(lines: list[str], of_heading: Collection[str]) -> Iterator[tuple[int, list[str]]]:
    """The lines in blocks, each with its first line's place.

    A block begins with a heading, a row, a list item that is not nested in one or tells a severity, or text after a
    blank line that is not indented. What follows a heading that says something belongs to its block.
    """
    begin, indent = 0, -1
    held: list[str] = []
    for at, line in enumerate(lines):
        item = _MARKER.match(line)
        is_row = line.lstrip().startswith("|")
        is_apart = bool(line[:1].strip()) and not item and not lines[at - 1].strip()
        is_item = bool(item) and (len(item[1]) <= indent or bool(_TOLD.match(line))) if item else False
        after = held[-1] if held else ""
        is_behind = after.lstrip().startswith("|") or (_HEADING.match(after) and is_silent(after, of_heading))
        if held and (_HEADING.match(line) or is_row or is_apart or is_item or is_behind):
            yield begin, held
            held = []
        if not held:
            begin, indent = at, len(item[1]) if item else -1
        held.append(line)
    if held:
        yield begin, held


def _without_markup(text: str) -> list[str]:
    """The lines of a text, blank where they hold a fence, or the names of a table's columns."""
    lines = text.split("\n")
    return ["" if is_fence(line) or is_header(lines, at) else line for at, line in enumerate(lines)]
