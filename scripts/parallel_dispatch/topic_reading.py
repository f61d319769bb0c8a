"""Which topics of reviews a text tells, by the ways that `topics` lists. Hooks read this."""

from __future__ import annotations

from .phrases import Word
from .topics import ABSENT, NEGATIONS, TOPICS

_REACH = 6  # words that a negation reaches
_BEFORE = NEGATIONS - frozenset(
    "none missing lacking absent absence omitted forgotten undefined fehlt fehlen manque manquant manquante absente falta"
    " faltan".split()
)
_SHORT = 4
_INFLECTIONS = frozenset(
    ("", "s", "es", "d", "ed", "ing", "ged", "ging", "ting", "ted", "ning", "ned", "ping", "ped", "bed", "bing", "ly", "t", "en")
)
_WINDOW = 7


def topics_of(found: list[Word]) -> frozenset[str]:
    """The topics that some words tell."""
    hits: dict[int, list[Word]] = {}
    for word in found:
        if word.text in NEGATIONS:
            hits.setdefault(_NEGATION, []).append(word)
            if word.text in ABSENT:
                hits.setdefault(_ABSENCE, []).append(word)
        for term in _EXACT.get(word.text, ()):
            hits.setdefault(term, []).append(word)
        for length in range(2, min(len(word.text), _LONGEST) + 1):
            begun = _PREFIXES.get(word.text[:length])
            if begun and (length > _SHORT or word.text[length:] in _INFLECTIONS):
                for term in begun:
                    hits.setdefault(term, []).append(word)
    told: set[str] = set()
    for term in hits:
        for name, groups, without in _WAYS.get(term, ()):
            if name not in told and _stand_together(groups, without, hits):
                told.add(name)
    return frozenset(told)


def _stand_together(groups: tuple[tuple[int, ...], ...], without: tuple[int, ...], hits: dict[int, list[Word]]) -> bool:
    found = []
    for group in groups:
        of_group = [word for term in group for word in hits.get(term, ())]
        if not of_group:
            return False
        found.append(of_group)
    against = [word for term in without for word in hits.get(term, ())]
    for anchor in found[0]:
        taken = [anchor]
        for group in found[1:]:
            near = next((word for word in group if _is_near(word, taken)), None)
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
_EXACT: dict[str, list[int]] = {}
_PREFIXES: dict[str, list[int]] = {}
_WAYS: dict[int, list[tuple[str, tuple[tuple[int, ...], ...], tuple[int, ...]]]] = {}


def _compile() -> int:
    terms: dict[str, int] = {"~": _NEGATION, "^": _ABSENCE}
    for line in TOPICS.strip().split("\n"):
        name, _, ways = line.partition(": ")
        for way in ways.split("; "):
            groups, without = [], []
            for part in way.split():
                ids = tuple(terms.setdefault(term, len(terms)) for term in part.lstrip("!").split("/"))
                if part[0] == "!":
                    without += ids
                else:
                    groups.append(ids)
            groups.sort(key=lambda group: (group[0] <= _ABSENCE, len(group)))
            for term in groups[0]:
                _WAYS.setdefault(term, []).append((name, tuple(groups), tuple(without)))
    for term, number in terms.items():
        if number > _ABSENCE:
            (_EXACT if term[0] == "=" else _PREFIXES).setdefault(term.lstrip("="), []).append(number)
    return max(map(len, _PREFIXES))


_LONGEST = _compile()
