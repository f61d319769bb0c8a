"""The findings that an integrator tells, with the ids that each cites. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from . import findings
from .disposition import cells, is_ruler
from .finding import Finding
from .location import places
from .severity import leading, only_severity, trailing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .citations import Ids

_FIELD = re.compile(r"\bseverity\W*:", re.IGNORECASE)
_BELOW = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")
_MARKER = re.compile(r"^(\s*)(?:[-*+]|\d+[.)]|\*\*\d+[.)]\*\*)\s")


class Item(NamedTuple):
    """One finding as the integrator tells it, the ids that it stands for, and those in their place that nobody gave.

    `is_note`: it begins with ids and has no severity, or it has neither ids in their place, nor a place, nor a severity
    of its own, as remarks do on findings that are told elsewhere.
    """

    finding: Finding
    cited: tuple[str, ...]
    strange: tuple[str, ...]
    text: str
    is_note: bool = False

    def says(self, title: str) -> bool:
        """Whether a title stands in its text, word for word; marks, cases and blanks do not matter."""
        return f" {_plain(title)} " in f" {_plain(self.text)} "

    def below(self) -> list[str]:
        """What stands below it in the form of a finding: list items that begin with a severity in brackets."""
        parts = _BELOW.split(self.text.partition("\n")[2])
        return [part for part in parts if part.lstrip("`")[:1] == "[" and leading(part.lstrip("`"))[0]]


def retold(text: str, ids: Ids) -> list[Item]:
    """The findings that a text tells, in their order; those of tables that only ids make findings come last."""
    read = findings.read("", [text]).findings
    lines = text.split("\n")
    found = []
    for place, finding in enumerate(read):
        end = read[place + 1].at - 1 if place + 1 < len(read) else len(lines)
        raw = "\n".join(_block(lines, finding.at - 1, end))
        if not finding.severity and raw.lstrip().startswith("|"):  # in a column with a name of its own
            finding.severity = next(filter(None, map(only_severity, cells(raw.split("\n")[0]))), "")
        for part in ("title", "details", "fix"):
            setattr(finding, part, ids.without(getattr(finding, part)).rstrip(" ()[]{},;&"))
        found.append(_item(finding, raw, ids))
    return found + list(_of_tables(lines, ids, {finding.at - 1 for finding in read}))


def _of_tables(lines: list[str], ids: Ids, known: set[int]) -> Iterator[Item]:
    """The rows of tables that cite ids and that nobody else could read, for lack of a column with a name that tells."""
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and lines[end].strip().startswith("|"):
            end += 1
        rows = range(at + 2, end) if end > at + 2 and is_ruler(lines[at + 1]) else range(0)
        if known.isdisjoint(rows) and any(ids.cited(lines[row]) or ids.strange(lines[row]) for row in rows):
            for row in rows:
                yield _item(_in_row(lines[row], row, ids), lines[row], ids)
        at = max(end, at + 1)


def _item(finding: Finding, raw: str, ids: Ids) -> Item:
    standing = ids.standing(raw)
    head = _MARKER.sub("", raw.partition("\n")[0], count=1)
    begins_with_ids = not finding.severity and bool(ids.leading(head)[0])
    is_bare = not (standing or places(head) or _has_severity(head, raw))
    told = standing or raw
    return Item(finding, tuple(ids.cited(told)), tuple(ids.strange(told)), raw, begins_with_ids or is_bare)


def _has_severity(head: str, raw: str) -> bool:
    """Whether a finding has a severity of its own, and not that of the heading above it."""
    is_field = "severity" in raw.casefold() and bool(_FIELD.search(raw))
    return raw.lstrip().startswith("|") or is_field or bool(leading(head.strip("#* "))[0] or trailing(head)[0])


def _in_row(row: str, at: int, ids: Ids) -> Finding:
    values = [value for value in cells(row) if value]
    severity = next(filter(None, map(only_severity, values)), "")
    found = places(row)
    path, line, last = (found[0].path, found[0].line, found[0].last_line) if found else ("", 0, 0)
    told = [ids.without(value) for value in values]
    return Finding("", 1, max(told, key=len, default=""), severity, path, line, last, " ".join(told), at=at + 1)


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _block(lines: list[str], begin: int, end: int) -> list[str]:
    """The lines of one finding: up to the next heading, or, in a list, up to text that stands beside it."""
    marker = _MARKER.match(lines[begin])
    is_row = lines[begin].lstrip().startswith("|")
    for at in range(begin + 1, end):
        line = lines[at]
        if is_row and not line.lstrip().startswith("|"):
            return lines[begin:at]
        is_heading = re.match(r"^ {0,3}#{1,6}\s", line) and not line.strip().strip("#").strip().endswith(":")
        indent = len(line) - len(line.lstrip())
        is_beside = marker and line.strip() and not lines[at - 1].strip() and indent <= len(marker[1])
        if is_heading or is_beside:
            return lines[begin:at]
    return lines[begin:end]
