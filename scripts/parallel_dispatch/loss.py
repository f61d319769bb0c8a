"""What an integrator lost or distorted of the findings that it was given, told from its output alone. Pure.

An output without alarm holds each finding that it was given in the words of its own output, by itself or, where a
program found them to be the same, by the line of one of them; with its severity, or another one and why; or it says why
not. And it holds no word besides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .citations import Ids
from .disposition import CHANGES, DROPPED, DROPS, MERGED, UNCLEAR, dispositions, split
from .finding import SEVERITIES
from .retold import retold
from .verbatim import copied

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from .disposition import Disposition
    from .finding import Finding
    from .retold import Block
    from .verbatim import Copied

LOST, UNREASONED, UNTOLD, CHANGED = "lost", "dropped", "untold", "changed"
FUSED, REWORDED, ADDED, INVENTED = "merged", "reworded", "added", "invented"


class Alarm(NamedTuple):
    """One loss or distortion: the finding that it is about (empty: none that was given), its kind, and what to do."""

    finding: str
    kind: str
    text: str


class Check(NamedTuple):
    """What the check of an integrator's output found: its alarms, its rows, and the ids behind each finding of it."""

    alarms: tuple[Alarm, ...]
    rows: tuple[Disposition, ...]
    told: tuple[tuple[str, ...], ...]


class _Given(NamedTuple):
    """The findings that an integrator was given, by id, and for each the ids of those that are the same."""

    by_id: Mapping[str, Finding]
    same: Mapping[str, frozenset[str]]

    def apart(self, ids: Sequence[str]) -> str:
        """The first of some ids that is not the same as the first of them; empty where all are."""
        return next((each for each in ids if each not in self.same.get(ids[0], ids[:1])), "")


def check(
    given: Sequence[Finding],
    output: str,
    unread: Collection[str] = (),
    same: Iterable[Collection[str]] = (),
    *,
    summary: bool = False,
) -> Check:
    """The check of an output against the findings given to its integrator.

    `unread` are tasks whose outputs told no findings that could be read; what stands for theirs cites their names.
    Where nothing else was given, there is nothing to hold the output against. `same` are the ids of findings that the
    integrator was told to be the same, group by group. `summary`: its section `Summary` may say anything.
    """
    if unread and not given:
        return Check((), (), ())
    known = _Given({each.id: each for each in given}, {each: frozenset(group) for group in same for each in group})
    ids = Ids(known.by_id)
    text, lines = split(output, summary=summary)
    rows, beside = dispositions(lines, ids)
    names = [*unread, *(name for each in given for name in (each.path, each.task, each.category))]
    blocks = [
        block
        for block in retold("\n\n".join((text, *beside)), ids, names)
        if block.cited or not _cites(block.text, unread)
    ]
    own: dict[str, list[Disposition]] = {}
    for row in rows:
        for each in row.findings:
            own.setdefault(each, []).append(row)
    told = {each for block in blocks for each in block.cited}
    alarms = [
        *(alarm for finding in given for alarm in _of_finding(finding, own.get(finding.id, []), finding.id in told)),
        *(alarm for block in blocks for alarm in _of_block(block, known, own)),
        *(alarm for row in rows for alarm in _of_row(row, known)),
    ]
    return Check(tuple(dict.fromkeys(alarms)), tuple(rows), tuple(block.cited for block in blocks if block.cited))


def _of_finding(finding: Finding, rows: list[Disposition], is_told: bool) -> Iterator[Alarm]:
    """A finding in no row, told nowhere, or said to be dropped and kept at once."""
    dropped = [row for row in rows if row.kind == DROPPED]
    if not rows:
        where = "Dispositions" if is_told else "Dispositions, nor cited in Findings"
        yield Alarm(finding.id, LOST, f"{finding.id} is in no row of {where}: {_shown(finding)}")
    elif dropped and len(dropped) < len(rows):
        yield Alarm(finding.id, UNREASONED, f"{finding.id} has two rows that contradict each other: leave one")
    elif dropped and is_told:
        yield Alarm(finding.id, UNREASONED, f"{finding.id} is dropped, but cited in Findings: decide for one of them")
    elif not dropped and not is_told:
        yield Alarm(finding.id, UNTOLD, f"{finding.id} is not dropped, but no finding cites it: {_shown(finding)}")


def _of_row(row: Disposition, given: _Given) -> Iterator[Alarm]:
    """A row that does not say what became of its findings, or in words of its own, or gives no cause."""
    for each in row.strange:
        yield Alarm("", INVENTED, f"Dispositions names {each}, which is no finding that you were given: delete it")
    for each in row.findings:
        says = f'"{row.words[:60]}"' if row.words else "nothing"
        if row.kind == UNCLEAR:
            text = f"the row of {each} says {says}: write kept, kept with ID, merged with ID, or dropped: CAUSE"
            yield Alarm(each, UNTOLD, text)
        elif row.added:
            text = f'the row of {each} says {says}: "{row.added[:60]}" is no part of a disposition, delete it'
            yield Alarm(each, ADDED, text)
        if row.kind == DROPPED and not set(row.causes) & set(DROPS):
            yield Alarm(
                each, UNREASONED, f"{each} is dropped without a cause ({', '.join(DROPS)}): write one, or keep it"
            )
        other = given.apart((each, *row.findings, *row.others)) if row.kind == MERGED else ""
        if other:
            yield _fused(each, other)
        yield from _of_change(given.by_id[each], row)


def _of_change(finding: Finding, row: Disposition) -> Iterator[Alarm]:
    """Another severity in a row than the finding has, if the row does not say from what and why."""
    if row.changed_from and finding.severity and row.changed_from != finding.severity:
        text = f"{finding.id} was {finding.severity}, not {row.changed_from}, in its own output"
        yield Alarm(finding.id, CHANGED, text)
    elif row.changed_from and not set(row.causes) & set(CHANGES):
        text = f"the severity of {finding.id} is changed without a cause ({', '.join(CHANGES)}): write one, or leave it"
        yield Alarm(finding.id, CHANGED, text)
    elif row.severity and finding.severity not in ("", row.severity) and not row.changed_from:
        text = (
            f"{finding.id} is {finding.severity} in its own output, but {row.severity} in its row: put it right, or "
            f"write `changed from {finding.severity}: CAUSE`"
        )
        yield Alarm(finding.id, CHANGED, text)


def _of_block(block: Block, given: _Given, own: dict[str, list[Disposition]]) -> Iterator[Alarm]:
    """What stands for no finding, for several that differ, or tells them in another way than their outputs do."""
    begin = " ".join(block.text.split()).lstrip("-*+# ")[:80]
    for each in block.strange:
        yield Alarm("", INVENTED, f'"{begin}" cites {each}, which is no finding that you were given')
    if not block.cited:
        if not block.strange:
            text = (
                f'"{begin}" is no line of the file of findings with its id: delete it, or copy the line that it tells'
            )
            yield Alarm("", INVENTED, text)
        return
    first = block.cited[0]
    other = given.apart(block.cited)
    if other:
        yield _fused(first, other)
    cited = [given.by_id[each] for each in block.cited]
    fixes = [given.by_id[row.fix].fix for each in block.cited for row in own.get(each, []) if row.fix]
    found = copied(block.text, (block.standing, *fixes), cited)
    whose = f"{_listed(block.cited)} ({_shown(cited[0])})"
    if not found.told:
        yield Alarm(
            first, REWORDED, f'"{begin}" does not tell {whose} word for word: copy the line of the worst of them'
        )
    elif not found.place:
        yield Alarm(first, CHANGED, f'"{begin}" does not name the place of {whose}: copy the line as it is')
    for words in found.added if found.told else ():
        yield Alarm(
            first, ADDED, f'"{words[:80]}" stands beside {_listed(block.cited)}, which does not say it: delete it'
        )
    yield from _of_severity(block, found, given, own)


def _of_severity(block: Block, found: Copied, given: _Given, own: dict[str, list[Disposition]]) -> Iterator[Alarm]:
    """A finding must have the worst severity of those that it stands for, and no other beside it."""
    known = {each: _severity(each, given, own) for each in block.cited}
    wanted = {each: severity for each, severity in known.items() if severity}
    if not wanted:
        return
    named = min(wanted, key=lambda each: SEVERITIES.index(wanted[each]))
    worst, above = wanted[named], block.above
    right = {worst} if len(wanted) == len(known) else set(SEVERITIES[: SEVERITIES.index(worst) + 1])
    wrong = sorted(found.severities - right) or ([] if not above or above & right else sorted(above))
    if wrong or not (found.severities or above):
        verb = "is" if len(block.cited) == 1 else "are"
        text = f"{_listed(block.cited)} {verb} told as {' and '.join(wrong) or 'of no severity'}"
        yield Alarm(named, CHANGED, f"{text}, but {named}, for which it stands, is {worst}")
    elif found.told and all(known[each] != worst for each in found.told):
        text = f"the line of {found.told[0]} stands for {named}, which is worse ({worst})"
        yield Alarm(named, CHANGED, f"{text}: copy that of {named}")


def _severity(each: str, given: _Given, own: dict[str, list[Disposition]]) -> str:
    """The severity that a finding must have; empty where any may stand there.

    One that is merged follows a change of another one that was no milder.
    """
    finding, rows = given.by_id[each], own.get(each, [])
    merged_with = [other for row in rows if row.kind == MERGED for other in row.others]
    worse = [row for other in merged_with if given.by_id[other].rank <= finding.rank for row in own.get(other, [])]
    changed = next((row for row in (*rows, *worse) if row.changed_from), None)
    if changed is None:
        return finding.severity
    is_told_here_alone = changed.severity in ("", changed.changed_from)
    return "" if is_told_here_alone else changed.severity


def _fused(*ids: str) -> Alarm:
    one, other = sorted(ids)
    text = (
        f"{one} and {other} are told as one, but the file does not list them under `The same`: give each its own line"
    )
    return Alarm(other, FUSED, f"{text}, and write `kept with ID` if one change mends both")


def _cites(text: str, tasks: Collection[str]) -> bool:
    """Whether a text names one of these tasks in brackets."""
    inside = re.findall(r"[(\[]([^()\[\]\n]{1,400})[)\]]", text.replace("`", "").replace("*", ""))
    named = {part.strip().casefold() for each in inside for part in re.split("[,;]", each)}
    return any(task.casefold() in named for task in tasks)


def _shown(finding: Finding) -> str:
    return " ".join(
        filter(None, (f"[{finding.severity}]" if finding.severity else "", finding.place, finding.title[:80]))
    )


def _listed(ids: Sequence[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]}"
