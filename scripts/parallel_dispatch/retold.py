"""What an integrator tells as findings, block by block, and the words of it that it did not copy. Pure."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

from .disposition import cells, is_ruler
from .finding import SEVERITIES
from .severity import WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from .citations import Ids
    from .finding import Finding

FORM = frozenset(
    "file files finding findings fix id ids impact issue line lines location none place problem recommendation "
    "severity source sources title what where all".split()
)
"""The words that name the parts of a finding, and stand around them in lists, tables and fields."""
_SILENT = FORM | set(SEVERITIES)
LONGEST_HEADER = 40
"""How long the name of a table's column may be."""
_WORD = re.compile(r"[^\W_]+")
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:\s|$)")
_TITLE = re.compile(r"^ {0,3}#\s")
_MARKER = re.compile(r"^(\s*)(?:[-*+]|(?:\*\*)?\d+[.)](?:\*\*)?)\s+")
_LEAD = re.compile(r"^\s*(?:#{1,6}\s+)?(?:[-*+]\s+)?(?:(?:\*\*)?\d+[.)](?:\*\*)?\s+)?")
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})\s*\w{0,20}\s*$")
_TOLD = re.compile(rf"^\s*(?:[-*+]|\d+[.)])\s+[`*_]*\[[`*_]*(?:{'|'.join(SEVERITIES)})\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+")


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


class Copied(NamedTuple):
    """What of a block is copied: whose titles it holds, whether a place, and which severities stand beside them.

    `added` are the runs of words that stand in no finding that the block cites, in their order.
    """

    told: list[str]
    place: bool
    severities: frozenset[str]
    added: list[str]


def retold(text: str, ids: Ids, names: Iterable[str] = ()) -> list[Block]:
    """The blocks of a text that say anything at all.

    Headings that name severities, or some of `names` and nothing else, say nothing by themselves; nor does the title at
    its top.
    """
    of_heading = {word for name in names for word in _words(name)} | FORM | set(WORDS)
    found: list[Block] = []
    above: frozenset[str] = frozenset()
    for at, lines in _blocks(_without_markup(text), of_heading):
        block = "\n".join(lines).rstrip()
        is_heading = bool(_HEADING.match(block))
        if is_heading and _is_silent(block, of_heading):
            above = frozenset(WORDS[word] for word in _words(block) if word in WORDS)
            continue
        if _is_silent(block, _SILENT) or (_TITLE.match(block) and "\n" not in block and not found):
            continue
        standing = ids.standing(block)
        found.append(Block(at + 1, block, tuple(ids.cited(standing)), tuple(ids.strange(standing)), standing, above))
    return found


def copied(block: Block, cited: Sequence[Finding]) -> Copied:
    """What of a block is copied of the findings that it cites: whole titles, places, sentences, lines and texts."""
    titles = {finding.id: tuple(_words(finding.title)) for finding in cited}
    named = {tuple(_words(finding.place)) for finding in cited}
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for piece in {
        *titles.values(),
        *named,
        *(piece for finding in cited for piece in _pieces(finding)),
        tuple(_words(block.standing)),
    }:
        if piece:
            by_first.setdefault(piece[0], []).append(piece)
    for pieces in by_first.values():
        pieces.sort(key=len, reverse=True)
    words = _words("\n".join(_LEAD.sub("", line) for line in block.text.split("\n")))
    used: set[tuple[str, ...]] = set()
    severities: set[str] = set()
    added: list[str] = []
    at, was_added = 0, False
    while at < len(words):
        word = words[at]
        piece = next((one for one in by_first.get(word, ()) if tuple(words[at : at + len(one)]) == one), ())
        is_new = not piece and word not in FORM and word not in SEVERITIES
        if piece:
            used.add(piece)
        elif word in SEVERITIES:
            severities.add(word)
        elif is_new and was_added:
            added[-1] += f" {word}"
        elif is_new:
            added.append(word)
        was_added = is_new
        at += len(piece) or 1
    told = [each for each, title in titles.items() if title in used]
    return Copied(told, bool(used & named) or () in named, frozenset(severities), added)


def _pieces(finding: Finding) -> Iterator[tuple[str, ...]]:
    """The texts of a finding that may be copied by themselves, as words."""
    yield tuple(_words(finding.path))
    for text in (finding.title, finding.details, finding.fix):
        yield tuple(_words(text))
        for line in text.split("\n"):
            yield tuple(_words(line))
            for sentence in _SENTENCE.split(line):
                yield tuple(_words(sentence))


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
        is_behind = after.lstrip().startswith("|") or (_HEADING.match(after) and _is_silent(after, of_heading))
        if held and (_HEADING.match(line) or is_row or is_apart or is_item or is_behind):
            yield begin, held
            held = []
        if not held:
            begin, indent = at, len(item[1]) if item else -1
        held.append(line)
    if held:
        yield begin, held


def _is_silent(text: str, names: Collection[str]) -> bool:
    """Whether a text says nothing but some names and numbers."""
    return all(word in names or word.isdigit() for word in _words(text))


def _without_markup(text: str) -> list[str]:
    """The lines of a text, blank where they hold a fence, or the names of a table's columns."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        is_header = line.lstrip().startswith("|") and at + 1 < len(lines) and is_ruler(lines[at + 1])
        if _FENCE.match(line) or (is_header and all(len(cell) <= LONGEST_HEADER for cell in cells(line))):
            lines[at] = ""
    return lines


def _words(text: str) -> list[str]:
    return _WORD.findall(html.unescape(text).casefold())
