"""What an integrator is told about what it merges: the lines of its brief, and the file of all findings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .disposition import CHANGES, DROPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .aggregate import Aggregate
    from .finding import Finding

MOST = 10
"""How many conflicts, and pairs that are possibly the same, a brief tells; all of them are in the file."""
LONGEST = 160

_DECIDES = "What your task asks for decides what you drop, change and put first. Your output is these"
_NOTHING_ELSE = (
    "nothing else: no other heading, no remark. A program reads them, and tells people what you made of each finding:"
)
_SUMMARY = "- `## Summary`: in your own words, what your task asks for besides a list, and why you decided as you did."
_SECTIONS = (
    "- `## Findings`: a list, worst first. Each is the line of a finding, copied word for word from the file of",
    "  findings, with its id: `- [high] src/file.py:42 - What is wrong. (TASK/1)`. What the file says below that line",
    "  may stand below it, copied as well. No word in this section is yours.",
    "- `## Dispositions`: a table `| Finding | Severity | Disposition |`, one row for each id that you were given: its",
    "  own severity, and one of these, with no word of yours:",
    "  - `kept`",
    "  - `kept with ID`, what belongs with another, as one change mends both: its line stands below that one, indented",
    "  - `kept, fix of ID`, where fixes contradict each other and you take that of another",
    "  - `merged with ID`, only for what the file lists under `The same`: of these the line of the worst stands in",
    "    Findings, with the ids of all, `(TASK/1, OTHER/4)`. If you see that they differ, keep each with its own line",
    "  - `dropped: CAUSE`, where CAUSE is",
    *(f"    - `{cause}`: {meaning}" for cause, meaning in DROPS.items()),
    "  - `changed from SEVERITY: CAUSE`, with the new severity in the row and in Findings, where CAUSE is one of",
    f"    `{'`, `'.join(CHANGES)}` (ID is one that is as bad)",
    "  Behind any of them may stand what you looked at: `dropped: not so, seen src/file.py:42`.",
)
_RULES = (
    "- Nothing is lost: each id is in one row, and the line of each stands in Findings unless it is dropped or merged.",
    "- Nothing is dropped because another finding tells it: that is `kept with ID`.",
    "- Invent none. A finding of your own has no place here.",
)


def lines(made: Aggregate, file: str, *, summary: bool = False) -> tuple[str, ...]:
    """The lines of an integrator's brief; the findings themselves are in a file.

    `summary`: it may say something in its own words, too.
    """
    found, merged = made.intake, made.merged
    if not found.findings and not found.unread:
        return ()
    count = len(found.findings)
    all_of_them = f"All {count} findings with their ids" if count != 1 else "The one finding with its id"
    ids = {group.id: _ids(finding.id for finding in group.findings) for group in merged.groups}
    return (
        "You merge the outputs of these tasks:",
        *(f"- {each.task.id}: {each.task.output}, {_counted(len(each.findings))}" for each in found.taken),
        *(
            f"- {task} could not be read by a program: {why}. Tell it in lines of this form, with ({task}) as id"
            for task, why in found.unread
        ),
        *(f"- {task} is missing: {why}" for task, why in found.missing),
        f"{all_of_them}: {file}",
        *_some("Conflicts found", [_conflict(each.kind, each.subject, each.sides, ids) for each in merged.conflicts]),
        *_some(
            "Possibly the same, for you to decide", [f"{ids[a]} and {ids[b]}: {why}" for a, b, why in merged.possible]
        ),
        f"{_DECIDES} {'three' if summary else 'two'} sections and",
        _NOTHING_ELSE,
        *((_SUMMARY,) if summary else ()),
        *_SECTIONS,
        "The rules:",
        *_RULES,
    )


def file_of_findings(made: Aggregate) -> str:
    """The text of the file that holds all findings with their ids, what conflicts, and what is possibly the same."""
    found, merged = made.intake, made.merged
    parts = ["# Findings to merge", ""]
    for each in found.taken:
        parts += [f"## {each.task.id}", "", *(map(_told, each.findings) if each.findings else ["None."]), ""]
    same = [group for group in merged.groups if len(group.findings) > 1]
    ids = {group.id: _ids(finding.id for finding in group.findings) for group in merged.groups}
    told = (
        ("The same, as far as a program can tell", [ids[group.id] for group in same]),
        ("Possibly the same", [f"{ids[one]} and {ids[other]}: {why}" for one, other, why in merged.possible]),
        ("Conflicts", [_conflict(each.kind, each.subject, each.sides, ids) for each in merged.conflicts]),
    )
    for title, rows in told:
        parts += [f"## {title}", "", *(f"- {row}" for row in rows), ""] if rows else []
    return "\n".join(parts)


def _told(finding: Finding) -> str:
    """A finding in the form in which an integrator tells it: the line to copy, and below what else its output says."""
    severity = f"[{finding.severity}] " if finding.severity else ""
    place = f"{finding.place} - " if finding.path else ""
    text = f"- {severity}{place}{finding.title} ({finding.id})"
    for more in filter(None, (finding.details, f"Fix: {finding.fix}" if finding.fix else "")):
        text += "\n  " + "\n  ".join(more.splitlines())
    return text


def _conflict(kind: str, subject: str, sides: list[tuple[str, list[str]]], ids: dict[str, str]) -> str:
    told = "; ".join(f"{_short(value)} ({_ids(who)})" for value, who in sides)
    what = " and ".join(ids.get(part, part) for part in subject.split(" and "))
    return f"{kind} of {what}: {told}"


def _some(title: str, rows: list[str]) -> list[str]:
    if not rows:
        return []
    more = [f"- and {len(rows) - MOST} more, in that file"] if len(rows) > MOST else []
    return [f"{title}:", *(f"- {row}" for row in rows[:MOST]), *more]


def _counted(count: int) -> str:
    return "no findings" if not count else f"{count} finding{'s' if count > 1 else ''}"


def _ids(ids: Iterable[str]) -> str:
    return ", ".join(ids)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
