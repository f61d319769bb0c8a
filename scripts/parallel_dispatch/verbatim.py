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


def copied(text: str, standing: str, cited: Sequence[Finding]) -> Copied:
    """What of a text is copied of some findings: whole titles, places, sentences, lines and texts.

    `standing` is the part of it that names their ids.
    """
    titles = {finding.id: tuple(words_of(finding.title)) for finding in cited}
    named = {tuple(words_of(finding.place)) for finding in cited}
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for piece in {
        *titles.values(),
        *named,
        *(piece for finding in cited for piece in _pieces(finding)),
        tuple(words_of(standing)),
    }:
        if piece:
            by_first.setdefault(piece[0], []).append(piece)
    for pieces in by_first.values():
        pieces.sort(key=len, reverse=True)
    words = words_of("\n".join(_LEAD.sub("", line) for line in text.split("\n")))
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
    yield tuple(words_of(finding.path))
    for text in (finding.title, finding.details, finding.fix):
        yield tuple(words_of(text))
        for line in text.split("\n"):
            yield tuple(words_of(line))
            for sentence in _SENTENCE.split(line):
                yield tuple(words_of(sentence))
