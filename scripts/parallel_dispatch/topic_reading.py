"""Which topics of reviews a text tells, by the ways that `topics` lists. Hooks read this."""

from __future__ import annotations

from .phrases import Word
from .topics import ABSENT, NEGATIONS, TOPICS

_MOST = 30  # words of one group that are looked at
_REACH = 6  # words that a negation reaches
_BEFORE = NEGATIONS - frozenset(
    "none missing lacking absent absence omitted forgotten undefined fehlt fehlen manque manquant manquante absente"
    " falta faltan".split()
)
_SHORT = 4
_INFLECTIONS = frozenset(
    (
        "",
        "s",
        "es",
        "d",
        "ed",
        "ing",
        "ged",
        "ging",
        "ting",
        "ted",
        "ning",
        "ned",
        "ping",
        "ped",
        "bed",
        "bing",
        "ly",
        "t",
        "en",
    )
)
_WINDOW = 7


def topics_of(found: list[Word]) -> frozenset[str]:
    """The topics that some words tell."""
    if not _index:
        _index.append(_Index())
    index = _index[0]
    hits: dict[int, list[Word]] = {}
    for word in found:
        for term in index.terms_of(word.text):
            hits.setdefault(term, []).append(word)
    told: set[str] = set()
    for term in hits:
        for way in index.ways.get(term, ()):
            if way.topic not in told and _is_told(way, hits):
                told.add(way.topic)
    return frozenset(told)


def _is_told(way: _Way, hits: dict[int, list[Word]]) -> bool:
    """Whether words of all groups of a way stand together somewhere, and none of those that must not."""
    found = [[word for term in group for word in hits.get(term, ())][:_MOST] for group in way.groups]
    if not all(found):
        return False
    against = [word for term in way.without for word in hits.get(term, ())]
    for anchor in found[0]:
        taken = [anchor]
        for words in found[1:]:
            near = next((word for word in words if _is_near(word, taken)), None)
            if near is None:
                break
            taken.append(near)
        else:
            if not any(word.sentence == anchor.sentence and abs(word.at - anchor.at) <= _WINDOW for word in against):
                return True
    return False


def _is_near(word: Word, taken: list[Word]) -> bool:
    """Whether a word stands near those that were found; of a negation, before one of them, as in "isn't cached"."""
    anchor = taken[0]
    if word.sentence != anchor.sentence or abs(word.at - anchor.at) > _WINDOW:
        return False
    if any(word.at == other.at for other in taken):
        return False
    return word.text not in _BEFORE or any(0 < other.at - word.at <= _REACH for other in taken)


_NEGATION, _ABSENCE = 0, 1
"""The numbers of `~` and `^` among the terms."""


class _Way:
    """One way to tell a topic: the terms of which one of each group must be there, and those that must not."""

    __slots__ = ("groups", "topic", "without")

    def __init__(self, topic: str, parts: list[str], number: dict[str, int]) -> None:
        self.topic = topic
        self.groups: list[list[int]] = []
        self.without: list[int] = []
        for part in parts:
            terms = [number.setdefault(term, len(number)) for term in part.lstrip("!").split("/")]
            if part[0] == "!":
                self.without += terms
            else:
                self.groups.append(terms)
        self.groups.sort(key=lambda group: (group[0] <= _ABSENCE, len(group)))  # no way is looked for by its negation


class _Index:
    """All topics, by the words that begin to tell them."""

    def __init__(self) -> None:
        self.exact: dict[str, list[int]] = {}
        self.prefixes: dict[str, list[int]] = {}
        self.ways: dict[int, list[_Way]] = {}
        number = {"~": _NEGATION, "^": _ABSENCE}
        for topic, ways in topics().items():
            for parts in ways:
                way = _Way(topic, parts.split(), number)
                for term in way.groups[0]:
                    self.ways.setdefault(term, []).append(way)
        for word, at in number.items():
            if at > _ABSENCE:
                (self.exact if word[0] == "=" else self.prefixes).setdefault(word.lstrip("="), []).append(at)
        self.longest = max(map(len, self.prefixes))

    def terms_of(self, word: str) -> list[int]:
        """The terms that a word stands for."""
        found = [_NEGATION] * (word in NEGATIONS) + [_ABSENCE] * (word in ABSENT) + self.exact.get(word, [])
        for length in range(2, min(len(word), self.longest) + 1):
            begun = self.prefixes.get(word[:length])
            if begun and (length > _SHORT or word[length:] in _INFLECTIONS):
                found += begun
        return found


def topics() -> dict[str, list[str]]:
    """The ways to tell each topic, by its name."""
    whole = TOPICS.strip().replace("\n  ", " ")
    return {name: ways.split("; ") for name, _, ways in (line.partition(": ") for line in whole.split("\n"))}


_index: list[_Index] = []  # made when the first text is read, not when a hook imports this
