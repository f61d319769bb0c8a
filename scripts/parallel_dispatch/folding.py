"""Findings of many tasks, folded: those that are the same as one, those that may be named. Hooks read this."""

from __future__ import annotations

from .finding import Finding
from .likeness import DIFFERENT, FAR, SAME, evidence, may_lie_together, verdict
from .resemblance import of

MAX_COMPARED = 150
"""Other findings that one is held against, at most; so many within a few lines of one file come from no review."""
COMMON = 60
"""Findings that may have a word in common before it stops to lead from one without a place to another."""


class Group:
    """Findings that are the same, the one that stands for them first."""

    __slots__ = ("findings",)

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = sorted(findings, key=_standing)

    @property
    def first(self) -> Finding:
        """The one that stands for them: of the worst severity, then with a line, then by its id."""
        return self.findings[0]

    @property
    def severity(self) -> str:
        """The worst of its severities."""
        return self.first.severity

    @property
    def ids(self) -> list[str]:
        """The ids of all of them, by task and number."""
        return [finding.id for finding in sorted(self.findings, key=_by_id)]


class Folding:
    """The groups of all findings, the worst first, and the pairs of groups that are possibly the same."""

    __slots__ = ("groups", "possible")

    def __init__(self, groups: list[Group], possible: list[tuple[Group, Group]]) -> None:
        self.groups = groups
        self.possible = possible


def fold(findings: list[Finding]) -> Folding:
    """The findings in groups: each finding in exactly one, whatever the order in which they come.

    A group holds only findings of which every two are the same. Findings of one task are never folded unless they say
    the same of the same place, word for word.
    """
    equal: dict[tuple[object, ...], list[Finding]] = {}
    for finding in sorted(findings, key=_by_id):
        equal.setdefault(_wording(finding), []).append(finding)
    ordered = list(equal.values())
    firsts = [alike[0] for alike in ordered]
    tasks = [{finding.task for finding in alike} for alike in ordered]
    pairs = [(one, other) for one, other in _candidates(firsts) if not tasks[one] & tasks[other]]
    same: list[tuple[float, int, int]] = []
    doubtful: list[tuple[int, int]] = []
    for (one, other), found in evidence(firsts, pairs).items():
        judged = verdict(firsts[one], firsts[other], found)
        if judged == SAME:
            same.append((-found, one, other))
        elif judged != DIFFERENT:
            doubtful.append((one, other))
    group_of = _linked(len(ordered), sorted(same))
    members: dict[int, list[Finding]] = {}
    for at, group in enumerate(group_of):
        members.setdefault(group, []).extend(ordered[at])
    groups = {group: Group(inside) for group, inside in members.items()}
    in_doubt = {
        (min(group_of[one], group_of[other]), max(group_of[one], group_of[other]))
        for one, other in [*doubtful, *((one, other) for _, one, other in same)]
        if group_of[one] != group_of[other]
    }
    order = sorted(groups, key=lambda group: _standing_out(groups[group]))
    rank = {group: at for at, group in enumerate(order)}
    ranked = sorted((min(rank[one], rank[other]), max(rank[one], rank[other])) for one, other in in_doubt)
    listed = [groups[group] for group in order]
    return Folding(listed, [(listed[one], listed[other]) for one, other in ranked])


def _wording(finding: Finding) -> tuple[object, ...]:
    return finding.path, finding.line, finding.last_line, finding.title, finding.details, finding.fix


def _linked(count: int, same: list[tuple[float, int, int]]) -> list[int]:
    """The group of each finding: the likest first, two groups become one only if every pair of theirs is the same."""
    known = {(one, other) for _, one, other in same}
    group_of = list(range(count))
    members = {at: [at] for at in range(count)}
    for _, one, other in same:
        left, right = group_of[one], group_of[other]
        if left == right:
            continue
        if all((min(a, b), max(a, b)) in known for a in members[left] for b in members[right]):
            members[left] += members.pop(right)
            for at in members[left]:
                group_of[at] = left
    return group_of


def _candidates(findings: list[Finding]) -> list[tuple[int, int]]:
    """The pairs that may be the same: near each other in one file, or with a rare word in common."""
    found: set[tuple[int, int]] = set()
    in_file: dict[str, list[int]] = {}
    unplaced: list[int] = []
    for at, finding in enumerate(findings):
        if finding.path and finding.line:
            in_file.setdefault(finding.path.rpartition("/")[2].casefold(), []).append(at)
        else:
            unplaced.append(at)
    for ats in in_file.values():
        _neighbours(findings, ats, found)
    if unplaced:
        _by_words(findings, unplaced, found)
    return sorted(pair for pair in found if may_lie_together(*(findings[at] for at in pair)))


def _neighbours(findings: list[Finding], ats: list[int], found: set[tuple[int, int]]) -> None:
    """The pairs of findings in files of one name whose lines are near each other."""
    ats.sort(key=lambda at: (findings[at].line, at))
    open_ones: list[int] = []
    for at in ats:
        line = findings[at].line
        open_ones = [one for one in open_ones if findings[one].last_line + FAR >= line][-MAX_COMPARED:]
        found.update((min(one, at), max(one, at)) for one in open_ones)
        open_ones.append(at)


def _by_words(findings: list[Finding], unplaced: list[int], found: set[tuple[int, int]]) -> None:
    """The pairs of a finding without a line and any other that have words in common which few others have."""
    told = [of(finding) for finding in findings]
    holders: dict[str, list[int]] = {}
    for at, words in enumerate(told):
        for word in words:
            holders.setdefault(word, []).append(at)
    for at in unplaced:
        shared: dict[int, int] = {}
        for word in told[at]:
            others = holders[word]
            if len(others) <= COMMON:
                for other in others:
                    shared[other] = shared.get(other, 0) + 1
        shared.pop(at, None)
        likest = sorted(shared, key=lambda other: (-shared[other], other))[:MAX_COMPARED]
        found.update((min(at, other), max(at, other)) for other in likest)


def _by_id(finding: Finding) -> tuple[str, int, str]:
    number = finding.id.rpartition("/")[2]
    return finding.task, int(number) if number.isdigit() else 0, finding.title


def _standing(finding: Finding) -> tuple[object, ...]:
    return finding.rank, not finding.line, not finding.path, *_by_id(finding)


def _standing_out(group: Group) -> tuple[object, ...]:
    return group.first.rank, group.first.path, group.first.line, *_by_id(group.first)
