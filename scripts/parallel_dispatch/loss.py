"""What an integrator lost or distorted of the findings that it was given, told from its output alone. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .citations import Ids
from .disposition import DROPPED, MERGED, UNCLEAR, dispositions, is_reason, split
from .finding import SEVERITIES
from .location import places
from .resemblance import CLOSE, astray, may_be_one, same_file
from .retold import retold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .disposition import Disposition
    from .finding import Finding
    from .location import Place
    from .retold import Item

LOST, UNREASONED, UNTOLD, CHANGED = "lost", "dropped", "untold", "changed"
FUSED, REWORDED, INVENTED = "merged", "reworded", "invented"

_SEEN = re.compile(r"\bseen\b[^.\n]*\n?[^.\n]*$", re.IGNORECASE)
_FENCED = re.compile(r"^ {0,3}```.*?^ {0,3}```", re.MULTILINE | re.DOTALL)
DOCUMENTS = (".md", ".mdx", ".rst", ".adoc", ".txt")
"""The ends of files that tell of code: what they say wrongly and what the code does wrongly may be one."""


class Alarm(NamedTuple):
    """One loss or distortion: the finding that it is about (empty: none that was given), its kind, and what to do."""

    finding: str
    kind: str
    text: str


class Check(NamedTuple):
    """What the check of an integrator's output found: its alarms, and its rows about the findings that it was given."""

    alarms: tuple[Alarm, ...]
    rows: tuple[Disposition, ...]


def check(given: Sequence[Finding], output: str, unread: Collection[str] = ()) -> Check:
    """The check of an output against the findings given to its integrator.

    `unread` are tasks whose outputs told no findings that could be read; what stands for theirs cites their names.
    Where nothing else was given, there is nothing to hold the output against.
    """
    if unread and not given:
        return Check((), ())
    ids = Ids(finding.id for finding in given)
    text, lines = split(output)
    rows = tuple(dispositions(lines, ids))
    by_id = {finding.id: finding for finding in given}
    items = _told(retold(text, ids), by_id)
    own: dict[str, list[Disposition]] = {}
    for row in rows:
        for each in row.findings:
            own.setdefault(each, []).append(row)
    alarms = [
        *_of_rows(given, own, items),
        *_of_items(items, by_id, own, unread),
        *(() if unread else _of_places(text, given)),
        *_of_merges(items, rows, by_id),
        *_of_drops(rows, by_id),
        *(
            Alarm("", INVENTED, f"Dispositions names {each}, which is no finding that you were given: delete it")
            for each in dict.fromkeys(each for row in rows for each in row.strange)
        ),
    ]
    return Check(tuple(dict.fromkeys(alarms)), rows)


def _told(items: list[Item], by_id: dict[str, Finding]) -> list[Item]:
    """The items without the notes on findings that others tell word for word."""
    told = {each for item in items for each in item.cited if any(item.says(by_id[cited].title) for cited in item.cited)}
    return [item for item in items if not (item.is_note and told.issuperset(item.cited))]


def _of_rows(given: Sequence[Finding], own: dict[str, list[Disposition]], items: list[Item]) -> Iterator[Alarm]:
    """Findings in no row, dropped or changed without a reason, or kept and told nowhere."""
    cited = {each for item in items for each in item.cited}
    for finding in given:
        rows = own.get(finding.id, [])
        if not rows:
            where = "Dispositions, nor cited in Findings" if finding.id not in cited else "Dispositions"
            yield Alarm(finding.id, LOST, f"{finding.id} is in no row of {where}: {_shown(finding)}")
            continue
        dropped = [row for row in rows if row.kind == DROPPED]
        if dropped and len(dropped) < len(rows):
            yield Alarm(finding.id, UNREASONED, f"{finding.id} has two rows that contradict each other: leave one")
        for row in rows:
            yield from _of_row(finding, row)
        if not dropped and finding.id not in cited:
            yield Alarm(finding.id, UNTOLD, f"{finding.id} is not dropped, but no finding cites it: {_shown(finding)}")


def _of_row(finding: Finding, row: Disposition) -> Iterator[Alarm]:
    if row.kind == UNCLEAR:
        says = f'"{row.words[:60]}"' if row.words else "nothing"
        yield Alarm(
            finding.id, UNTOLD, f"the row of {finding.id} says {says}: write kept, merged with ID, or dropped: why"
        )
    if row.kind == DROPPED and not is_reason(row.reason):
        yield Alarm(finding.id, UNREASONED, f"{finding.id} is dropped without a reason: write why, or keep it")
    if row.changed_from and finding.severity and row.changed_from != finding.severity:
        text = f"{finding.id} was {finding.severity}, not {row.changed_from}, in its own output"
        yield Alarm(finding.id, CHANGED, text)
    elif row.changed_from and not is_reason(row.reason):
        text = f"the severity of {finding.id} is changed without a reason: write why, or leave it {finding.severity}"
        yield Alarm(finding.id, CHANGED, text)
    elif row.severity and finding.severity not in ("", row.severity) and not row.changed_from:
        text = (
            f"{finding.id} is {finding.severity} in its own output, but {row.severity} in its row: put it right, or "
            f"write `changed from {finding.severity}: why`"
        )
        yield Alarm(finding.id, CHANGED, text)


def _of_items(
    items: list[Item], by_id: dict[str, Finding], own: dict[str, list[Disposition]], unread: Collection[str]
) -> Iterator[Alarm]:
    """Findings that stand for none, that tell those that they stand for in other words, place or severity."""
    for item in items:
        title = item.finding.title[:80]
        for each in item.strange:
            yield Alarm("", INVENTED, f'"{title}" cites {each}, which is no finding that you were given')
        if not item.cited:
            if not item.strange and not _cites(item.text, unread):
                yield Alarm("", INVENTED, f'"{title}" cites no id: name the findings that it stands for, or delete it')
            continue
        cited = [by_id[each] for each in item.cited]
        if not any(item.says(each.title) for each in cited):
            text = f'"{title}" does not tell {_listed(item.cited)} word for word: copy the line of the worst of them'
            yield Alarm(item.cited[0], REWORDED, f"{text}, and put your own words below it ({_shown(cited[0])})")
        for part in item.below():
            if not any(item._replace(text=part).says(each.title) for each in by_id.values()):
                text = f'"{" ".join(part.split())[:80]}" stands below {_listed(item.cited)} and is nobody\'s finding'
                yield Alarm(item.cited[0], REWORDED, f"{text}: delete it, or say it without a severity")
        difference = astray(item.finding, cited)
        if difference:
            yield Alarm(item.cited[0], CHANGED, f'"{title}" does not tell {_listed(item.cited)}: {difference}')
        yield from _of_severity(item, by_id, own)


def _of_severity(item: Item, by_id: dict[str, Finding], own: dict[str, list[Disposition]]) -> Iterator[Alarm]:
    """A finding must have the worst severity of those that it stands for."""
    wanted: list[str] = []
    for each in item.cited:
        rows = [row for row in own.get(each, []) if row.changed_from]
        if any(row.severity in ("", row.changed_from) for row in rows):
            return  # announced with a reason, and the new one stands here alone
        severity = rows[0].severity if rows else by_id[each].severity
        if not severity:
            return
        wanted.append(severity)
    worst = min(wanted, key=SEVERITIES.index)
    if item.finding.severity and item.finding.severity != worst:
        named = item.cited[wanted.index(worst)]
        text = f'"{item.finding.title[:80]}" is {item.finding.severity}, but {named}, for which it stands, is {worst}'
        yield Alarm(named, CHANGED, text)


def _of_merges(items: list[Item], rows: tuple[Disposition, ...], by_id: dict[str, Finding]) -> Iterator[Alarm]:
    """Findings that were declared one with others, none of which they resemble."""
    groups: list[tuple[tuple[str, ...], Item | None]] = [(item.cited, item) for item in items]
    groups += [((*row.findings, *row.others), None) for row in rows if row.kind == MERGED]
    told: set[str] = set()
    for group, item in groups:
        for each in group if len(group) > 1 else ():
            others = [by_id[other] for other in group if other != each]
            is_there = item is None or _names_place(item, by_id[each])
            if each in told or (is_there and any(may_be_one(by_id[each], other) for other in others)):
                continue
            told.update(group if len(group) == 2 else (each,))
            text = f"{each} and {_listed([other.id for other in others])} are told as one, but differ: keep them apart"
            yield Alarm(each, FUSED, f"{text} ({_shown(by_id[each])} / {_shown(others[0])})")


def _of_drops(rows: tuple[Disposition, ...], by_id: dict[str, Finding]) -> Iterator[Alarm]:
    """Findings that were dropped for the sake of others, none of which they resemble."""
    for row in rows:
        others = [by_id[each] for each in row.others] if row.kind == DROPPED else []
        for each in row.findings if others else ():
            if not any(may_be_one(by_id[each], other) for other in others):
                text = f"{each} is dropped for the sake of {_listed(row.others)}, but they differ: keep it"
                yield Alarm(each, UNREASONED, f"{text} ({_shown(by_id[each])})")


def _of_places(text: str, given: Sequence[Finding]) -> Iterator[Alarm]:
    """Places that no finding names, told as if one did: what the integrator looked at itself says so."""
    known: dict[str, list[Place]] = {}
    for finding in given:
        for place in places(f"{finding.place}\n{finding.title}\n{finding.details}\n{finding.fix}"):
            known.setdefault(_name(place.path), []).append(place)
    for place in places(_FENCED.sub(lambda code: " " * len(code[0]), text)):
        ranges = known.get(_name(place.path), ())
        is_known = any(each.line - CLOSE <= place.line <= each.last_line + CLOSE for each in ranges)
        if place.line and not is_known and not _SEEN.search(text[max(0, place.begin - 60) : place.begin]):
            named = f"{place.path}:{place.line}"
            instead = f"delete what you say of it, or write `seen: {named}` where you looked at it yourself"
            yield Alarm("", INVENTED, f"no finding names {named}: {instead}")


def _name(path: str) -> str:
    return path.rpartition("/")[2].casefold()


def _names_place(item: Item, finding: Finding) -> bool:
    """Whether an item that names a file names that of a finding it stands for, or is a document on that code."""
    if not item.finding.path or not finding.path or same_file(item.finding, finding):
        return True
    if finding.path.casefold().endswith(DOCUMENTS) != item.finding.path.casefold().endswith(DOCUMENTS):
        return True
    name = finding.path.rpartition("/")[2].partition(".")[0].casefold()
    return name in item.text.casefold()


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
