"""Findings of several outputs as one list: the same ones folded, the worst first, with their conflicts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import folding
from .contradiction import contradiction
from .finding import SEVERITIES, Finding
from .resemblance import same_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .precedence import Precedence

MAX_PAIRS = 20_000
"""How many pairs of fixes are held against each other."""
WORST, NOBODY = "the worst severity is kept", "nothing decides between fixes: both are kept"


class Group(NamedTuple):
    """The same finding as several outputs tell it: `told` is the one whose words are taken, `severity` the group's."""

    id: str
    findings: tuple[Finding, ...]
    told: Finding
    severity: str

    @property
    def tasks(self) -> list[str]:
        """The tasks that found it, each once."""
        return list(dict.fromkeys(finding.task for finding in self.findings))

    def values(self) -> dict[str, object]:
        """The group as plain values, with the ids of all that it was folded of."""
        told = self.told
        place = next((each for each in (told, *self.findings) if each.path and each.line), told)
        return {
            "id": self.id,
            "severity": self.severity,
            "path": place.path or next((each.path for each in self.findings if each.path), ""),
            "line": place.line,
            "last_line": place.last_line,
            "title": told.title,
            "details": told.details or next((each.details for each in self.findings if each.details), ""),
            "fix": told.fix or next((each.fix for each in self.findings if each.fix), ""),
            "category": told.category or next((each.category for each in self.findings if each.category), ""),
            "sources": [finding.id for finding in self.findings],
            "agreement": len(self.tasks),
        }


class Conflict(NamedTuple):
    """What outputs do not agree on: its sides with who takes them, what was decided, and by which rule."""

    kind: str
    subject: str
    sides: list[tuple[str, list[str]]]
    decided: str
    rule: str

    def values(self) -> dict[str, object]:
        """The conflict as plain values."""
        sides = [{"value": value, "findings": ids} for value, ids in self.sides]
        return {"kind": self.kind, "subject": self.subject, "sides": sides, "decided": self.decided, "rule": self.rule}


class Merged(NamedTuple):
    """All findings in groups, the pairs of groups that are possibly the same with why, and the conflicts."""

    groups: list[Group]
    possible: list[tuple[str, str, str]]
    conflicts: list[Conflict]


def merge(findings: list[Finding], order: Precedence, *, by_order: bool = False) -> Merged:
    """The findings merged. `by_order`: what conflicts is decided by the task that comes first, not by the worst."""
    folded = folding.fold(findings)
    place = {finding.id: at for at, finding in enumerate(findings)}
    told = [sorted(group.findings, key=lambda finding: place[finding.id]) for group in folded.groups]
    drafts = [_draft(group, order, by_order=by_order) for group in told]
    drafts.sort(key=lambda group: (_rank(group.severity), place[group.findings[0].id]))
    groups = [group._replace(id=f"F{number}") for number, group in enumerate(drafts, 1)]
    group_of = {finding.id: group for group in groups for finding in group.findings}
    pairs = [(one.first, other.first) for one, other in folded.possible]
    possible = []
    for one, other in pairs:
        pair = sorted((group_of[one.id].id, group_of[other.id].id), key=lambda name: int(name[1:]))
        possible.append((pair[0], pair[1], _why(one, other)))
    conflicts = [
        *(found for group in groups for found in _of_severity(group, order, by_order=by_order)),
        *_of_fixes(groups, pairs, order, by_order=by_order),
    ]
    possible.sort(key=lambda row: (int(row[0][1:]), int(row[1][1:])))
    return Merged(groups, possible, conflicts)


def _why(one: Finding, other: Finding) -> str:
    """Why two findings are possibly the same, in a few words."""
    if one.path and one.line and other.line and same_file(one, other):
        if one.place == other.place:
            return f"both at {one.place}"
        return f"near each other: {one.place} and line {other.place.rpartition(':')[2]}"
    return "alike in their words"


def _draft(findings: list[Finding], order: Precedence, *, by_order: bool) -> Group:
    ranked = sorted(findings, key=lambda finding: (finding.rank, order.rank(finding.task)))
    if by_order:
        ranked.sort(key=lambda finding: (order.rank(finding.task), finding.rank))
    severity = next((finding.severity for finding in ranked if finding.severity), "")
    return Group("", tuple(findings), ranked[0], severity)


def _of_severity(group: Group, order: Precedence, *, by_order: bool) -> Iterator[Conflict]:
    """A group whose outputs do not give it the same severity."""
    sides: dict[str, list[str]] = {}
    for finding in sorted(group.findings, key=lambda finding: finding.rank):
        if finding.severity:
            sides.setdefault(finding.severity, []).append(finding.id)
    if len(sides) > 1:
        rule = order.why(group.told.task, group.tasks) if by_order else WORST
        yield Conflict("severity", group.id, list(sides.items()), group.severity, rule)


def _of_fixes(
    groups: list[Group], possible: list[tuple[Finding, Finding]], order: Precedence, *, by_order: bool
) -> Iterator[Conflict]:
    """Fixes that contradict each other, of findings that are the same, possibly are, or lie at one place."""
    names = {finding.id: group.id for group in groups for finding in group.findings}
    looked: set[tuple[str, str]] = set()
    for one, other in (*_in_groups(groups), *possible, *_at_one_place(groups)):
        pair = (min(one.id, other.id), max(one.id, other.id))
        if pair in looked or not one.fix or not other.fix:
            continue
        if len(looked) >= MAX_PAIRS:
            return
        looked.add(pair)
        if not contradiction(one.fix, other.fix):
            continue
        subject = " and ".join(dict.fromkeys((names[one.id], names[other.id])))
        decided, rule = "", NOBODY
        if by_order and one.task != other.task:
            first = order.first((one.task, other.task))
            decided, rule = (one if one.task == first else other).fix, order.why(first, (one.task, other.task))
        yield Conflict("fix", subject, [(one.fix, [one.id]), (other.fix, [other.id])], decided, rule)


def _in_groups(groups: list[Group]) -> Iterator[tuple[Finding, Finding]]:
    for group in groups:
        for at, one in enumerate(group.findings[:50]):
            for other in group.findings[at + 1 : 50]:
                yield one, other


def _at_one_place(groups: list[Group]) -> Iterator[tuple[Finding, Finding]]:
    """Findings of different tasks whose lines overlap."""
    by_path: dict[str, list[Finding]] = {}
    for group in groups:
        for finding in group.findings:
            if finding.path and finding.line:
                by_path.setdefault(finding.path, []).append(finding)
    for found in by_path.values():
        found.sort(key=lambda finding: finding.line)
        for at, one in enumerate(found):
            for other in found[at + 1 : at + 50]:
                if other.line > one.last_line:
                    break
                if other.task != one.task:
                    yield one, other


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
