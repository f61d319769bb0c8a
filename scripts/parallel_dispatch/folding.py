"""Findings that are the same, put together: a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .likeness import POSSIBLY, SAME, likeness

if TYPE_CHECKING:
    from .finding import Finding


class Folded(NamedTuple):
    """Groups of the same findings, and pairs that are possibly the same, with why."""

    groups: list[list[Finding]]
    possible: list[tuple[Finding, Finding, str]]


def fold(findings: list[Finding]) -> Folded:
    """The findings in groups."""
    groups: list[list[Finding]] = []
    possible = []
    for finding in findings:
        group = next((g for g in groups if likeness(g[0], finding) == SAME), None)
        if group is None:
            possible += [(g[0], finding, "alike") for g in groups if likeness(g[0], finding) == POSSIBLY]
            groups.append([finding])
        else:
            group.append(finding)
    return Folded(groups, possible)
