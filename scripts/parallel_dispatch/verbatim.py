"""What a text says in the very words of findings, and what it says besides. Pure."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

from .finding import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .finding import Finding

WORD = re.compile(r"[^\W_]+")
_NAMES = "file files finding findings fix id ids issue line lines location place problem severity source sources title"
FORM = frozenset(_NAMES.split())
"""The words that name the parts of a finding, and stand around them in lists, tables and fields."""
_LEAD = re.compile(r"^\s*(?:#{1,6}\s+)?(?:[-*+]\s+)?(?:(?:\*\*)?\d+[.)](?:\*\*)?\s+)?")
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+")


class Copied(NamedTuple):
    """What of a text is copied of some findings.

    `told` are the ids of those whose titles it holds, `place` is whether it names where one of them is, `severities`
    are those that stand beside the copied words, and `added` are the runs of all other words, in their order.
    """

    told: list[str]
    place: bool
    severities: frozenset[str]
    added: list[str]


def words_of(text: str) -> list[str]:
    """The words and numbers of a text, without marks and cases."""
    return WORD.findall(html.unescape(text).casefold())


def is_silent(text: str, names: Collection[str]) -> bool:
    """Whether a text says nothing but some names and numbers."""
    return all(word in names or word.isdigit() for word in words_of(text))


def copied(text: str, others: Sequence[str], cited: Sequence[Finding]) -> Copied:
    """What of a text is copied of some findings: whole titles, places, sentences, lines and texts.

    `others` are further texts that may stand in it, such as the findings' ids.
    """
    titles = {finding.id: tuple(words_of(finding.title)) for finding in cited}
    places = {finding.id: tuple(words_of(finding.place)) for finding in cited}
    known = _Pieces()
    for piece in {*titles.values(), *places.values(), *(piece for finding in cited for piece in _pieces(finding))}:
        known.add(piece)
    for other in others:
        known.add(tuple(words_of(other)))
    words = words_of("\n".join(_LEAD.sub("", line) for line in text.split("\n")))
    used: set[tuple[str, ...]] = set()
    severities: set[str] = set()
    added: list[str] = []
    at, was_added = 0, False
    while at < len(words):
        word = words[at]
        piece = known.longest(words, at) if at < known.most else ()
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
    place = any(not places[each] or places[each] in used for each in told)
    return Copied(told, place, frozenset(severities), added)


class _Pieces:
    """Texts that may be copied, as words, by how they begin.

    `most` is how many words a text may have in which any is looked for: twice as many as all of them together.
    """

    def __init__(self) -> None:
        self.after: dict[str, _Pieces] = {}
        self.is_end = False
        self.most = 100

    def add(self, piece: tuple[str, ...]) -> None:
        """One more text, unless it is empty or names severities alone."""
        if all(word in SEVERITIES for word in piece):
            return
        here = self
        for word in piece:
            here = here.after.setdefault(word, _Pieces())
        here.is_end = True
        self.most += 2 * len(piece)

    def longest(self, words: Sequence[str], begin: int) -> tuple[str, ...]:
        """The longest text that some words hold at a place; empty where none begins there."""
        here, at, end = self, begin, begin
        while at < len(words) and words[at] in here.after:
            here = here.after[words[at]]
            at += 1
            end = at if here.is_end else end
        return tuple(words[begin:end])


def _pieces(finding: Finding) -> Iterator[tuple[str, ...]]:
    """The texts of a finding that may be copied by themselves, as words."""
    yield tuple(words_of(finding.path))
    for text in (finding.title, finding.details, finding.fix):
        yield tuple(words_of(text))
        yield tuple(words_of("\n".join(_LEAD.sub("", line) for line in text.split("\n"))))
        for line in text.split("\n"):
            for part in (line, _LEAD.sub("", line), *_SENTENCE.split(line)):
                yield tuple(words_of(part))
