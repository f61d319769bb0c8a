"""What an integrator tells as findings, block by block, with the ids that each stands for. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .disposition import is_fence, is_header
from .finding import SEVERITIES
from .severity import WORDS, only_severity
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


class Block(NamedTuple):
    """A list item, row or paragraph: its text, the ids that it stands for, and those in their place that nobody gave.

    `standing` is the part of the text that names the ids; `above` are the severities that the heading above it names.
    """

    text: str
    cited: tuple[str, ...]
    strange: tuple[str, ...]
    standing: str
    above: frozenset[str]


def retold(text: str, ids: Ids, names: Iterable[str] = ()) -> list[Block]:
    """The blocks of a text that say anything at all.

    Headings that name severities, parts of a finding, or some of `names`, and nothing else, say nothing by themselves.
    """
    named = {tuple(words_of(name)) for name in names}
    of_heading = {word for name in named for word in name} | FORM | set(WORDS) | _OF_TITLES
    found: list[Block] = []
    above: frozenset[str] = frozenset()
    for lines in _blocks(_without_headers(text.split("\n")), ids, of_heading):
        block = "\n".join(lines).rstrip()
        if _HEADING.match(block) and is_silent(block, of_heading):
            words = tuple(words_of(block))
            is_severity = bool(only_severity(block.strip("# "))) and words not in named
            above = frozenset(WORDS[word] for word in words if word in WORDS) if is_severity else frozenset()
        elif not is_silent(block, _SILENT):
            standing = ids.standing(block)
            cited, strange = tuple(ids.cited(standing)), tuple(ids.strange(standing))
            found.append(Block(block, cited, strange, standing, above))
    return found


def _blocks(lines: list[str], ids: Ids, of_heading: Collection[str]) -> Iterator[list[str]]:
    """The lines in blocks.

    A block begins with a heading, a row, a list item that is not nested in one or tells a finding itself, or text after
    a blank line that is not indented. What is indented deeper than an item belongs to it, code as a whole; what follows
    a heading that says something belongs to its block.
    """
    indent = -1
    held: list[str] = []
    in_code = False
    for at, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        is_inner = bool(held) and 0 <= indent < depth
        if is_fence(line):
            in_code = is_inner and not in_code
            continue
        item = None if in_code else _MARKER.match(line)
        is_own = not in_code and not is_inner
        is_row = is_own and line.lstrip().startswith("|")
        is_heading = is_own and bool(_HEADING.match(line))
        is_apart = is_own and bool(line.strip()) and depth == 0 and not item and not lines[at - 1].strip()
        is_item = bool(item) and (depth <= indent or _is_told(line, ids))
        after = held[-1] if held else ""
        is_behind = indent < 0 and (after.startswith("|") or (_HEADING.match(after) and is_silent(after, of_heading)))
        if held and (is_heading or is_row or is_apart or is_item or is_behind):
            yield held
            held = []
        if held or line.strip():
            indent = indent if held else depth if item else -1
            held.append(line)
    if held:
        yield held


def _is_told(line: str, ids: Ids) -> bool:
    """Whether a list item ends with the ids that it stands for."""
    return line.rstrip("`*_ .")[-1:] in (")", "]") and bool(ids.standing(line))


def _without_headers(lines: list[str]) -> list[str]:
    """Lines, blank where they name the columns of a table."""
    return ["" if is_header(lines, at) else line for at, line in enumerate(lines)]
