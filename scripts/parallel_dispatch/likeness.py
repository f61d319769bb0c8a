"""How like findings of a run are, by their words and places, each held against the others. Hooks read this.

Words count as in the vector space model of text retrieval: those that few findings of the run have count most, and two
findings are as like as the cosine between them (Salton and Buckley, "Term-weighting approaches in automatic text
retrieval", 1988). That two are each other's best match, by far, is evidence of its own (the distance ratio of Lowe,
"Distinctive image features from scale-invariant keypoints", 2004). docs/folding.md has the rule in words and its
figures.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .contradiction import contradiction
from .resemblance import apart, of, same_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from .finding import Finding

SAME, POSSIBLY, DIFFERENT = "same", "possibly the same", "different"
ENOUGH, DOUBT = 0.9, 0.5
"""The evidence from which on two findings are the same, and possibly the same."""
ONE_LINE, ONE_PLACE, NEAR_BY, NOWHERE = 0.35, 0.22, 0.1, 0.1
"""What a place adds: both begin at one line, their lines overlap, they are CLOSE, one of them names no lines."""
CLOSE, NEAR, FAR = 3, 5, 15
"""Lines apart: as good as one place; still the same; still possibly the same."""
LEAD, ALONE = 0.4, 0.2
"""How far ahead of all others a match is counted at most, and where there are no others."""
OTHERS = 50
"""Findings that are thought of beside those of the run, which have none of its words: in a run of two, words that both
have would weigh next to nothing."""


def evidence(findings: Sequence[Finding], pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """How much speaks for each of some pairs being the same; pairs are given by the places of their findings."""
    told = [of(finding) for finding in findings]
    weights = _weights(told)
    lengths = [math.sqrt(sum(weights[word] for word in words)) or 1.0 for words in told]
    closeness = {}
    for one, other in pairs:
        common = sum(weights[word] for word in told[one] & told[other]) / (lengths[one] * lengths[other])
        is_alike = findings[one].title == findings[other].title and told[one] == told[other]
        closeness[one, other] = (1.0 if is_alike else common) + _of_place(findings[one], findings[other])
    best: dict[tuple[int, str], list[float]] = {}
    for (one, other), value in closeness.items():
        for at, task in ((one, findings[other].task), (other, findings[one].task)):
            best[at, task] = sorted((*best.get((at, task), ()), value), reverse=True)[:2]
    return {
        (one, other): value + max(-LEAD, min(LEAD, *(_lead(value, best[key]) for key in _sides(findings, one, other))))
        for (one, other), value in closeness.items()
    }


def verdict(one: Finding, other: Finding, found: float) -> str:
    """SAME, POSSIBLY or DIFFERENT, of two findings and the evidence for them."""
    between = apart(one, other) if one.path and other.path else None
    if found < DOUBT or not may_lie_together(one, other):
        return DIFFERENT
    is_sure = found >= ENOUGH and (between or 0) <= NEAR
    return SAME if is_sure and not are_opposed(one, other) else POSSIBLY


def likeness(one: Finding, other: Finding) -> str:
    """SAME, POSSIBLY or DIFFERENT, of two findings with no others around them."""
    return verdict(one, other, evidence([one, other], [(0, 1)])[0, 1])


def may_lie_together(one: Finding, other: Finding) -> bool:
    """Whether two places may be one: not in different files, and not far apart."""
    if not (one.path and other.path):
        return True
    return same_file(one, other) and (apart(one, other) or 0) <= FAR


def are_opposed(one: Finding, other: Finding) -> bool:
    """Whether their titles or their fixes ask for opposite things."""
    return bool(contradiction(one.title, other.title) or contradiction(one.fix, other.fix))


def _weights(told: Iterable[frozenset[str]]) -> dict[str, float]:
    """The squared weight of each word: the more, the fewer findings have it."""
    counts: dict[str, int] = {}
    total = OTHERS
    for words in told:
        total += 1
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    return {word: math.log(total / count) ** 2 for word, count in counts.items()}


def _of_place(one: Finding, other: Finding) -> float:
    if not (one.path and other.path and one.line and other.line):
        return NOWHERE
    if one.line == other.line:
        return ONE_LINE
    between = apart(one, other) or 0
    return ONE_PLACE if not between else NEAR_BY if between <= CLOSE else 0.0


def _sides(findings: Sequence[Finding], one: int, other: int) -> tuple[tuple[int, str], tuple[int, str]]:
    return (one, findings[other].task), (other, findings[one].task)


def _lead(value: float, best: list[float]) -> float:
    """How far a match is ahead of the best other one of the same task, or behind it."""
    if len(best) == 1:
        return ALONE
    rival = best[1] if best[0] == value else best[0]
    return value - rival
