"""What became of each finding, as an integrator's table `Dispositions` says it; a list does as well."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .fences import fenced
from .finding import SEVERITIES
from .location import places
from .severity import only_severity
from .table import is_ruler
from .verbatim import FORM, WORD, is_silent, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .citations import Ids

KEPT, MERGED, DROPPED, CHANGED, UNCLEAR = "kept", "merged", "dropped", "changed", "unclear"
DROPS = {
    "not so": "the code does not do that",
    "mended": "it is not there any more",
    "not ours": "generated or foreign code",
    "out of scope": "your task leaves it out",
    "harmless": "true, but without effect here",
}
"""Why a finding may be dropped, and what that means."""
CHANGES = ("more harm", "less harm", "more likely", "less likely", "as ID")
"""Why a finding may get another severity; ID is one that has it."""
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.{0,200})")
_BOLD = re.compile(r"^ {0,3}(?:\*\*|__)([^*_]{1,100})(?:\*\*|__):?$")
_NAME = re.compile(r"^[\W\d]*(?:finding\s+)?dispositions?\b", re.IGNORECASE)
_OF_NAME = frozenset("all disposition dispositions finding findings of the".split())
_SUMMARY = re.compile(r"^[\W\d]*summary\W*$", re.IGNORECASE)
_OTHERS = re.compile(r"^[\W\d]*(?:findings|(?:finding\s+)?dispositions?|summary)\W*$", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(.*)$")
_FENCED = re.compile(r"^\s*(?:`{3,}|~{3,})\s*\w{0,20}\s*$")
_IDS = re.compile(r"\bfindings?\b|\bids?\b|\bsources?\b", re.IGNORECASE)
_SEVERITIES = "|".join(SEVERITIES)
_ID = "ǁ"
_MANY = rf"{_ID}(?: (?:and )?{_ID})*"
_CLAUSE = re.compile(
    rf"(?P<dropped>dropped\b)|(?P<merged>merged\b(?: (?:with|into) {_MANY})?)|"
    rf"(?P<kept>kept\b(?: with {_MANY}| apart| separately| as is| as it is| unchanged)?)|"
    rf"(?P<changed>changed from (?P<was>{_SEVERITIES})\b(?: to (?:{_SEVERITIES})\b)?)|(?:and )?fix of {_ID}|and\b|"
    rf"(?P<cause>{'|'.join((*DROPS, *CHANGES)).replace('ID', _ID)})(?!\w)"
)
"""What a disposition is put together from; one letter stands for each id in it, and blanks for all signs."""
_COLUMNS = FORM | set(
    "by cause causes decision description details disposition dispositions found how no number of reason task tasks to "
    "what where why".split()
)
"""The words that name the columns of a table."""
_SEEN = re.compile(r"\bseen\b", re.IGNORECASE)
_FIX_OF = re.compile(r"\bfix\s+of\b(.*)", re.IGNORECASE)
_AMONG_IDS = frozenset("and through to".split())
_AT = frozenset("and at in line lines".split())
_PATH = re.compile(r"(?<![^\s(,;])[\w.@+~-]*[/:][\w.@+~/:#-]+")
_SEVERITY = re.compile(rf"^[\s:(\[|,;–—*`-]*({_SEVERITIES})\b[\s)\]*`]*", re.IGNORECASE)


class Disposition(NamedTuple):
    """One row: the findings that it is about, with the severity that it gives, and what became of them, in its words.

    `changed_from` is the severity that it says they had, `causes` are why they were dropped or changed, `others` are
    the findings that it names beside, `fix` is the one of them whose fix it takes, `strange` are ids that were never
    given. `added` are the words that are no part of a disposition.
    """

    findings: tuple[str, ...]
    severity: str
    kind: str
    words: str
    changed_from: str = ""
    causes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    fix: str = ""
    strange: tuple[str, ...] = ()
    added: str = ""


def split(text: str, *, summary: bool = False) -> tuple[str, list[str]]:
    """A text with its dispositions blanked out, and their lines; with `summary` that section is blanked out, too."""
    lines = _without_comments(text.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n"))
    lines = lines[1:-1] if len(lines) > 2 and is_fence(lines[0]) and is_fence(lines[-1]) else lines
    own = _section(lines, _NAME) or _tables(lines)
    silent = own | (_section(lines, _SUMMARY) if summary else set())
    return "\n".join("" if at in silent else line for at, line in enumerate(lines)), [lines[at] for at in sorted(own)]


def _without_comments(lines: list[str]) -> list[str]:
    """Lines, blank where they are in a comment, which nobody sees."""
    last_end = max((at for at, line in enumerate(lines) if "-->" in line), default=-1)
    shown, is_hidden = [], False
    for at, line in enumerate(lines):
        is_hidden = is_hidden or (line.lstrip().startswith("<!--") and at <= last_end)
        shown.append("" if is_hidden else line)
        is_hidden = is_hidden and "-->" not in line
    return shown


def _section(lines: list[str], name: re.Pattern[str]) -> set[int]:
    """The places of the lines below the headings of a name, up to the next one of their level or of another section."""
    found: set[int] = set()
    code = {at for begin, end, _ in fenced(lines) for at in range(begin, end)}
    level = 0
    for at, line in enumerate(lines):
        heading = None if at in code else _HEADING.match(line)
        bold = None if at in code or heading else _BOLD.match(line.rstrip())
        if heading or (bold and (not level or level > 6)):
            depth, title = (len(heading[1]), heading[2]) if heading else (7, bold[1] if bold else "")
            if name.match(title):
                level = depth
            elif level and (depth <= level or _OTHERS.match(title)):
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
        elif is_header(lines, at):
            inside = "disposition" in line.casefold()
        if inside:
            found.add(at)
    return found


def dispositions(lines: list[str], ids: Ids) -> tuple[list[Disposition], list[str]]:
    """The rows that some lines hold, tables and lists alike, and the lines that are none."""
    found: list[Disposition] = []
    rest: list[str] = []
    columns: list[str] = []
    for at, line in enumerate(lines):
        is_row, item = line.strip().startswith("|"), _ITEM.match(line)
        if is_row and is_ruler(line.strip()):
            continue
        if is_header(lines, at):
            columns = [_column(cell) for cell in cells(line)]
            continue
        rows = _rows(cells(line), columns, ids) if is_row else _listed(item[1], ids) if item else []
        found += rows
        if not rows and not is_silent(line, _OF_NAME) and not is_fence(line):
            rest.append(line)
    return found, rest


def _column(header: str) -> str:
    if re.search("severity", header, re.IGNORECASE):
        return "severity"
    return "ids" if _IDS.search(header) else ""


def _rows(cells: list[str], columns: list[str], ids: Ids) -> list[Disposition]:
    """What a row says: of each of its findings by itself, where it gives each a severity."""
    columns = [*columns[: len(cells)], *[""] * (len(cells) - len(columns))]
    by_name = sorted(range(len(cells)), key=lambda at: columns[at] != "ids")
    own_at = next((at for at in by_name if ids.cited(cells[at]) or ids.strange(cells[at])), None)
    if own_at is None:
        return []
    own = cells[own_at]
    rest = [at for at in range(len(cells)) if at != own_at]
    named = [at for at in rest if columns[at] == "severity"]
    told_at = (named or [at for at in rest if only_severity(_plain(cells[at]))])[:1]
    parts = [_plain(part) for at in told_at for part in re.split("[,;/]", cells[at])]
    severities = [only_severity(part) for part in parts]
    beside = [part for part, severity in zip(parts, severities) if not severity]
    beside += [cells[at] for at in rest if at not in told_at and not cells[at].isdigit()]
    beside += [word for word in words_of(ids.replaced(own, " ")) if word not in _AMONG_IDS]
    findings, words = tuple(ids.cited(own)), " ".join(beside)
    if len(severities) == len(findings) > 1 and all(severities):
        return [_made((each,), one, words, ids) for each, one in zip(findings, severities)]
    severity = next(filter(None, severities), "")
    return [_made(findings, severity, words, ids, tuple(ids.strange(own)))]


def _listed(text: str, ids: Ids) -> list[Disposition]:
    plain = _plain(text)
    own, rest = ids.leading(plain)
    strange = ids.strange(plain[: len(plain) - len(rest)])
    if not own and not strange:
        return []
    told = _SEVERITY.match(rest)
    severity = told[1].casefold() if told else ""
    return [_made(tuple(own), severity, rest[told.end() :] if told else rest, ids, tuple(strange))]


def _made(own: tuple[str, ...], severity: str, text: str, ids: Ids, strange: tuple[str, ...] = ()) -> Disposition:
    words = _plain(text).strip(" \t:;,|–—-")
    seen = _SEEN.search(words)
    says = words[: seen.start()] if seen else words
    form = " ".join(words_of(ids.replaced(says.replace(_ID, "?"), f" {_ID} ")))
    groups = [(name, value) for clause in _CLAUSE.finditer(form) for name, value in clause.groupdict().items() if value]
    named = {name for name, _ in groups}
    kinds = [kind for kind in (DROPPED, MERGED, KEPT) if kind in named] or [KEPT] * (CHANGED in named)
    kind = kinds[0] if len(kinds) == 1 else UNCLEAR
    return Disposition(
        own,
        severity,
        kind,
        words,
        next((value for name, value in groups if name == "was"), ""),
        tuple(value.replace(_ID, "ID") for name, value in groups if name == "cause"),
        tuple(each for each in ids.cited(says) if each not in own),
        next((each for part in _FIX_OF.findall(says) for each in ids.cited(part)), ""),
        (*strange, *(each for each in ids.strange(says) if each not in strange)),
        " ".join((*_CLAUSE.sub(" ", form).split(), *(_beside_places(words[seen.end() :]) if seen else ()))),
    )


def _beside_places(text: str) -> list[str]:
    """The words of a text beside the places that it names, and what else looks like a path."""
    for place in reversed(places(text)):
        text = text[: place.begin] + text[place.end :]
    return [word for word in WORD.findall(_PATH.sub("", text)) if word.casefold() not in _AT and not word.isdigit()]


def is_fence(line: str) -> bool:
    """Whether a line opens or closes a block of code, and says nothing but its language."""
    return bool(_FENCED.match(line))


def is_header(lines: Sequence[str], at: int) -> bool:
    """Whether a line names the columns of a table, and says no more."""
    following = lines[at + 1].strip() if at + 1 < len(lines) else ""
    is_one = lines[at].strip().startswith("|") and following.startswith("|") and is_ruler(following)
    return is_one and is_silent(lines[at], _COLUMNS)


def cells(row: str) -> list[str]:
    """The cells of a table's row, as they were written."""
    found = re.split(r"(?<!\\)\|", row.strip())
    return [cell.strip() for cell in found[1 : -1 if not found[-1].strip() else None]]


def _plain(text: str) -> str:
    return re.sub(r"[`*]+", "", text).strip()
