"""The words of a finding that mean something, and whether two findings are about the same file and lines. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .finding import Finding

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


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
