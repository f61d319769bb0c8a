"""What became of each finding, as an integrator's table `Dispositions` says it; a list does as well."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .finding import SEVERITIES
from .severity import only_severity

if TYPE_CHECKING:
    from .citations import Ids

KEPT, MERGED, DROPPED, UNCLEAR = "kept", "merged", "dropped", "unclear"
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.{0,200})")
_BOLD = re.compile(r"^ {0,3}(?:\*\*|__)([^*_]{1,100})(?:\*\*|__):?$")
_NAME = re.compile(r"^[\W\d]*(?:finding\s+)?dispositions?\b", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(.*)$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_IDS = re.compile(r"\bfindings?\b|\bids?\b|\bsources?\b", re.IGNORECASE)
_WHAT = re.compile(r"disposition|decision|status|outcome|action|resolution|verdict|result", re.IGNORECASE)
_WHY = re.compile(r"reason|why|note|rationale|justification|comment|explanation|remark", re.IGNORECASE)
_KINDS = {
    DROPPED: r"drop\w* remov\w+ reject\w+ exclud\w+ omit\w* discard\w* dismiss\w* ignor\w+ delet\w+ skipp\w+ invalid "
    "withdrawn false_positive not_included left_out not_kept won'?t_fix",
    MERGED: r"merg\w+ fold\w+ duplicat\w+ combin\w+ consolidat\w+ joined absorbed subsumed same_as covered_by part_of "
    "one_item one_finding together",
    KEPT: r"kept keep\w* retain\w* includ\w+ unchanged accept\w+ confirm\w+ report\w+ chang\w+ lower\w+ rais\w+ as_is "
    r"downgrad\w+ upgrad\w+ reduc\w+ escalat\w+",
}
"""The words for what becomes of a finding; the first one in a row counts."""


def _any_of(words: str) -> str:
    return "|".join(words.split()).replace("_", " ")


_KIND = re.compile("|".join(rf"(?P<{kind}>\b(?:{_any_of(words)})\b)" for kind, words in _KINDS.items()), re.IGNORECASE)
_CHANGED = re.compile(
    r"\b(?:chang|lower|rais|downgrad|upgrad|reduc|escalat|lift|demot|promot|adjust)\w*\s+(?:\w+\s+){0,2}?from\s+"
    rf"[\"'`*]*({'|'.join(SEVERITIES)})\b[\"'`*]*(?:\s+to\s+\w+)?",
    re.IGNORECASE,
)
_SEVERITY = re.compile(rf"^[\s:(\[|,;–—*`-]*({'|'.join(SEVERITIES)})\b[\s)\]*`]*", re.IGNORECASE)
_NOTHING = (
    "a above accepted across action addressed adopted after again aggregate agreed all along already an and any "
    "anymore applicable as at be because been below brought but by carried chosen consideration considered "
    "covered decided decision deleted discarded discussed document done dropped dropping duplicate else elsewhere "
    "end entry excluded explanation final finding findings following for forward further given has here ignored "
    "in included integrated integration into is it it's item itself just kept left list listed longer made main "
    "mentioned merge merged merges merging more moved na necessary needed no none not note notes nothing of "
    "omitted on one ones only or other others out output over part person picked reason reasons rejected relevant "
    "remark remarks removed report required result review reviewed reviewers row same section see selected set "
    "shown simply skipped so stated summary superseded table taken tbd text than that the them there these they "
    "thing things this those to todo together too transferred two under unknown unmerged unspecified up used was "
    "we were what which who why will with without"
)
_EMPTY = frozenset(_NOTHING.split())
_LETTERS = re.compile(r"[^\W\d_]+")


class Disposition(NamedTuple):
    """One row: the findings that it is about, with the severity that it gives, and what became of them.

    `changed_from` is the severity that it says they had, `reason` why they were dropped or changed, `others` are the
    findings that it names beside, `strange` ids that were never given. `at` is its line.
    """

    findings: tuple[str, ...]
    severity: str
    kind: str
    words: str
    changed_from: str = ""
    reason: str = ""
    others: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    at: int = 0


def split(text: str) -> tuple[str, list[tuple[int, str]]]:
    """A text with its dispositions blanked out, and their lines with their numbers, from 1."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    own = _section(lines) or _tables(lines)
    rest = "\n".join("" if at in own else line for at, line in enumerate(lines))
    return rest, [(at + 1, lines[at]) for at in sorted(own)]


def _section(lines: list[str]) -> set[int]:
    """The places of the lines below the headings `Dispositions`."""
    found: set[int] = set()
    level, fence = 0, ""
    for at, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.match(line)
        bold = None if fence or heading else _BOLD.match(line.rstrip())
        if heading or (bold and (not level or level > 6)):
            depth, title = (len(heading[1]), heading[2]) if heading else (7, bold[1] if bold else "")
            if _NAME.match(title):
                level = depth
            elif level and depth <= level:
                level = 0
        if level:
            found.add(at)
    return found


def _tables(lines: list[str]) -> set[int]:
    """The places of the lines of tables with a column for dispositions, where no heading announces any."""
    found: set[int] = set()
    inside = False
    for at, line in enumerate(lines):
        if not line.strip().startswith("|"):
            inside = False
        elif at + 1 < len(lines) and is_ruler(lines[at + 1]):
            inside = any(_WHAT.search(cell) for cell in cells(line)) and "disposition" in line.casefold()
        if inside:
            found.add(at)
    return found


def dispositions(lines: list[tuple[int, str]], ids: Ids) -> list[Disposition]:
    """The rows that some lines hold, tables and lists alike."""
    found: list[Disposition] = []
    columns: list[str] = []
    for place, (at, line) in enumerate(lines):
        if line.strip().startswith("|"):
            following = lines[place + 1][1] if place + 1 < len(lines) else ""
            if is_ruler(following):
                columns = [_column(cell) for cell in cells(line)]
            elif not is_ruler(line):
                found += _rows(cells(line), columns, ids, at)
            continue
        columns = columns if line.strip() else []
        item = _ITEM.match(line)
        if item:
            row = _listed(item[1], ids, at)
            found += [row] if row else []
        elif found and line.startswith(("  ", "\t")) and line.strip() and not found[-1].reason:
            found[-1] = _made(
                found[-1].findings, found[-1].severity, f"{found[-1].words} {line.strip()}", ids, found[-1].at
            )
    return found


def _column(header: str) -> str:
    if re.search("severity", header, re.IGNORECASE):
        return "severity"
    for name, pattern in (("what", _WHAT), ("why", _WHY), ("ids", _IDS)):
        if pattern.search(header):
            return name
    return ""


def _rows(cells: list[str], columns: list[str], ids: Ids, at: int) -> list[Disposition]:
    """What a row says: of each of its findings by itself, where it gives each a severity."""
    row = _row(cells, columns, ids, at)
    if row is None:
        return []
    for column, value in zip(columns, cells):
        told = [only_severity(_plain(part)) for part in re.split("[,;/]", value)] if column == "severity" else []
        if len(told) == len(row.findings) > 1 and all(told):
            return [row._replace(findings=(each,), severity=one) for each, one in zip(row.findings, told)]
    return [row]


def _row(cells: list[str], columns: list[str], ids: Ids, at: int) -> Disposition | None:
    def cell(name: str) -> str:
        return " ".join(value for column, value in zip(columns, cells) if column == name)

    own = cell("ids")
    if not ids.cited(own) and not ids.strange(own):
        own = next((value for value in cells if ids.cited(value) or ids.strange(value)), "")
    if not own:
        return None
    known = bool({"what"} & set(columns))
    rest = cell("what") if known else " ".join(value for value in cells if value != own and not only_severity(value))
    why = cell("why")
    text = f"{rest}: {why}" if why.strip(" -–—") else rest
    severity = only_severity(_plain(cell("severity"))) or next(filter(None, map(only_severity, map(_plain, cells))), "")
    return _made(tuple(ids.cited(own)), severity, text, ids, at, tuple(ids.strange(own)))


def _listed(text: str, ids: Ids, at: int) -> Disposition | None:
    plain = _plain(text)
    own, rest = ids.leading(plain)
    strange = ids.strange(plain[: len(plain) - len(rest)])
    if not own and not strange:
        return None
    told = _SEVERITY.match(rest)
    severity = told[1].casefold() if told else ""
    return _made(tuple(own), severity, rest[told.end() :] if told else rest, ids, at, tuple(strange))


def _made(
    own: tuple[str, ...], severity: str, text: str, ids: Ids, at: int, strange: tuple[str, ...] = ()
) -> Disposition:
    words = _plain(text).strip(" \t:;,|–—-")
    told = _KIND.search(words)
    kind = str(told.lastgroup) if told else UNCLEAR
    changed = _CHANGED.search(words)
    reason = words[changed.end() :] if changed else words[told.end() :] if told and kind == DROPPED else ""
    reason = reason.strip(" \t:;,.|()[]–—-")
    others = tuple(each for each in ids.cited(words) if each not in own)
    strange = (*strange, *(each for each in ids.strange(words) if each not in strange))
    return Disposition(
        own, severity, kind, words, changed[1].casefold() if changed else "", reason, others, strange, at
    )


def is_reason(text: str) -> bool:
    """Whether a text says anything at all about why."""
    return any(word.casefold() not in _EMPTY and len(word) > 1 for word in _LETTERS.findall(text))


def is_ruler(line: str) -> bool:
    """Whether a line is the one of dashes below a table's header."""
    return "-" in line and "|" in line and set(line) <= set("|-: \t")


def cells(row: str) -> list[str]:
    """The cells of a table's row, as they were written."""
    found = re.split(r"(?<!\\)\|", row.strip())
    return [cell.strip() for cell in found[1 : -1 if not found[-1].strip() else None]]


def _plain(text: str) -> str:
    return re.sub(r"[`*]+", "", text).strip()
