"""Whether two texts may tell the same finding, as far as a place and words can show it.

It is asked of what somebody who read both findings declared one, so only what speaks plainly against it counts: another
file, lines far apart, and next to no word in common. `folding` decides the other way round what is folded unasked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .finding import Finding

CLOSE = 3
"""Lines between two places that still are one."""
ASPECTS = frozenset(("test", "untest", "document", "undocument", "comment", "docstr"))
"""Words of what may lack beside the code that another finding at the same lines is about."""
_WORD = re.compile(r"[^\W\d_]+|\d+(?:[.:]\d+)*")
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ENDED = "ations ation ments ment ings ing ions ion ies ied ness es ed ly s e"
_ENDINGS = tuple(_ENDED.split())
_LITTLE = (
    "a an and are as at be but by can do does for from has have if in into is it its may no not of on only or so such "
    "than that the their them then there they this to too use used was were when where which with without "
    "fix finding findings severity file line lines details issue problem should would"
)
_SMALL = frozenset(_LITTLE.split())


def words(text: str) -> frozenset[str]:
    """The words of a text that mean something, without their endings; pairs of characters where none are apart."""
    found: set[str] = set()
    for word in _WORD.findall(_HUMPS.sub(" ", text)):
        folded = word.casefold()
        if not folded.isascii() and len(folded) > 2 and folded == folded.upper():  # a script without words and cases
            found.update(folded[at : at + 2] for at in range(len(folded) - 1))
        elif folded not in _SMALL and (len(folded) > 1 or folded.isdigit()):
            found.add(_stem(folded))
    return frozenset(found)


def of(finding: Finding) -> frozenset[str]:
    """The words of a finding."""
    return words(f"{finding.title}\n{finding.details}\n{finding.fix}\n{finding.category}")


def same_file(one: Finding, other: Finding) -> bool:
    """Whether two findings name the same file, one of them perhaps without its folders."""
    a, b = one.path.strip("./").casefold(), other.path.strip("./").casefold()
    return a == b or a.endswith(f"/{b}") or b.endswith(f"/{a}")


def apart(one: Finding, other: Finding) -> int | None:
    """How many lines lie between two findings of a file; None where one of them names no line."""
    if not one.line or not other.line:
        return None
    return max(0, max(one.line, other.line) - min(one.last_line, other.last_line))


def may_be_one(one: Finding, other: Finding) -> bool:
    """Whether two findings may be the same."""
    file = words(one.path)  # to name the file of both shows nothing
    shared, share = _in_common(of(one) - file, of(other) - file)
    if one.path and other.path and not same_file(one, other):
        return (shared > 3 and share >= 0.4) or _names_file(one, other) or _names_file(other, one)
    between = apart(one, other) if one.path and other.path else None
    if between is None:
        return shared > 1 and share >= 0.2
    if between == 0:
        return shared > 0 and (one.line == other.line or not _differ_in_aspect(one, other))
    return share >= (0.25 if between <= CLOSE else 0.4) and shared > 1


def astray(item: Finding, cited: Sequence[Finding]) -> str:
    """How the place of a finding differs from those of all that it stands for; empty where it is that of one."""
    differences = [_astray(item, each) for each in cited]
    return differences[0] if all(differences) else ""


def _astray(item: Finding, cited: Finding) -> str:
    """How the place of a finding differs from that of one that it stands for."""
    if item.path and cited.path and not same_file(item, cited):
        return f"it is about {item.path}, not {cited.path}"
    if item.path and cited.path and (apart(item, cited) or 0) > CLOSE:
        return f"it is at {item.place}, not {cited.place}"
    return ""


def _differ_in_aspect(one: Finding, other: Finding) -> bool:
    """Whether one is about what is missing around the code, such as tests, and the other about the code itself."""
    return bool(ASPECTS & (words(one.title) ^ words(other.title)))


def _names_file(one: Finding, other: Finding) -> bool:
    """Whether the words of one finding name the file of another, as those of documentation that code does not keep."""
    name = other.path.rpartition("/")[2].casefold()
    return bool(name) and name in f"{one.title}\n{one.details}\n{one.fix}".casefold()


def _in_common(one: frozenset[str], other: frozenset[str]) -> tuple[int, float]:
    """How many words two texts share, and which share of the shorter one these are."""
    shared = len(one & other)
    return shared, shared / max(1, min(len(one), len(other)))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
