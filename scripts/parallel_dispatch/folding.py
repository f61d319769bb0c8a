"""Findings that are the same, put together: a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .finding import Finding


class Folded(NamedTuple):
    """Groups of the same findings, and pairs that are possibly the same, with why."""

    groups: list[list[Finding]]
    possible: list[tuple[Finding, Finding, str]]


def fold(findings: list[Finding]) -> Folded:
    """The findings in groups."""
    groups: dict[tuple[str, int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.path, finding.line, finding.title.casefold()), []).append(finding)
    return Folded(list(groups.values()), [])
