"""Findings that an output tells in JSON. Hooks read this."""

from __future__ import annotations

from . import labels
from .draft import Draft
from .location import lines_of, normal

_LISTS = ("findings", "issues", "problems", "vulnerabilities")
_TITLES = ("title", "finding", "issue", "problem", "name", "message", "summary", "headline", "description", "details")
_DETAILS = ("details", "description", "detail", "explanation", "impact", "evidence", "rationale", "summary", "message")
_FIXES = ("fix", "recommendation", "suggestion", "suggested_fix", "remediation", "solution", "mitigation")
_PATHS = ("file", "path", "location", "filename", "file_path", "filepath", "place", "where")
_LINES = ("line", "lines", "start_line", "line_start", "line_number", "startline")
_LAST = ("last_line", "end_line", "line_end", "endline", "lastline")


def listed(value: object, *, whole: bool) -> list[object] | None:
    """The list of findings in a JSON value; None where it holds none. A bare list counts as a whole file only."""
    if isinstance(value, dict):
        found = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), None)
        return found if isinstance(found, list) else None
    if whole and isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return value if any(key in one for one in value[:20] for key in (*_TITLES, "severity")) else None
    return None


def drafts_of(values: list[object], at: int) -> tuple[list[Draft], list[str]]:
    """The findings of a list, and what could not be read of it."""
    drafts: list[Draft] = []
    unread: list[str] = []
    for number, value in enumerate(values, 1):
        draft = Draft(at)
        if isinstance(value, str):
            draft.head(value)
        elif isinstance(value, dict):
            _tell(draft, {str(key).casefold(): one for key, one in value.items()})
        if draft.is_empty:
            unread.append(f"entry {number:,} of its findings does not say what was found")
        else:
            drafts.append(draft)
    if len(unread) > 5:
        unread[5:] = [f"{len(unread) - 5:,} more entries of its findings do not say what was found"]
    return drafts, unread


def _tell(draft: Draft, record: dict[str, object]) -> None:
    place = next((record[key] for key in _PATHS if record.get(key)), "")
    if isinstance(place, dict):
        record = {**{str(key).casefold(): one for key, one in place.items()}, **record}
        place = next((record[key] for key in _PATHS if isinstance(record.get(key), str)), "")
    if isinstance(place, str) and place:
        draft.cell(labels.PLACE, place.strip())
        if not draft.path and len(place.split()) == 1:
            draft.path = normal(place[:1000])
    elif isinstance(place, list) and place:
        draft.cell(labels.PLACE, str(place[0]))
    line, last = (next((record[key] for key in keys if record.get(key)), "") for keys in (_LINES, _LAST))
    if isinstance(line, list) and line:
        line, last = line[0], line[-1]
    if not draft.line and isinstance(line, (int, str)) and not isinstance(line, bool):
        draft.cell(labels.LINES, str(line)[:40])
    if draft.line:
        draft.last_line = max(draft.last_line, draft.line, lines_of(last)[0])
    draft.cell(labels.SEVERITY, _text(record.get("severity") or record.get("priority") or record.get("level")))
    draft.cell(labels.CATEGORY, _text(record.get("category") or record.get("type") or record.get("area")))
    title = next((key for key in _TITLES if _text(record.get(key)).strip()), "")
    draft.title = " ".join(_text(record.get(title)).split())
    for keys, field in ((_DETAILS, labels.DETAILS), (_FIXES, labels.FIX)):
        told = [_text(record.get(key)) for key in keys if key != title]
        for text in dict.fromkeys(filter(None, told)):
            draft.cell(field, text)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(map(_text, value[:100])) if all(isinstance(one, (str, int)) for one in value[:100]) else ""
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
