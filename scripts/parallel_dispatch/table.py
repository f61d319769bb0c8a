"""A Markdown table of findings: which column is which field, and the cells of a row. Hooks read this."""

from __future__ import annotations

from . import labels
from .blocks import plain
from .draft import Draft

_TITLES = (
    *("finding", "findings", "title", "issue", "issues", "problem", "bug", "vulnerability", "headline", "what"),
    *("summary", "observation", "concern", "defect", "description", "details", "detail", "message", "name"),
)
_NUMBERS = {"#", "id", "n", "no", "no.", "nr", "nr.", "ref", "number", "finding id", "issue id", ""}
_COUNTS = {"count", "counts", "number", "total", "amount", "n", "findings count", "# findings"}
_OF_PLACE = {"file", "location", "line", "place", "where"}


def cells(row: str) -> list[str]:
    """The cells of a row; a bar in code or behind a backslash does not end one."""
    text = row.strip().strip("\x01")
    text = text.removeprefix("|")
    text = text[:-1] if text.endswith("|") and not text.endswith("\\|") else text
    found: list[str] = []
    kept = ""
    for part in text.split("|"):
        kept += part
        if kept.endswith("\\"):
            kept = kept[:-1] + "|"
        elif kept.count("`") % 2 and len(kept) < 400 and len(found) < 50:
            kept += "|"
        else:
            found.append(plain(kept.strip()))
            kept = ""
    if kept:
        found += [plain(part.strip()) for part in kept.rstrip("|").split("|")]
    return found


def is_ruler(row: str) -> bool:
    """Whether a row is the line of dashes below a header."""
    return set(row) <= set("|-: ") and "-" in row


def columns(header: str) -> list[tuple[str, str]]:
    """The field of each column with its own words; empty where no column says what was found."""
    if len(header) > 2000:
        return []
    names = [" ".join(cell.strip(" `*\x01:").casefold().split()) for cell in cells(header)]
    if _is_count(names):
        return []
    title = next((wanted for wanted in _TITLES if wanted in names), "")
    if not title or len(names) < 2:
        return []
    found: list[tuple[str, str]] = []
    for name in names:
        if name == title and not any(field == labels.TITLE for field, _ in found):
            found.append((labels.TITLE, name))
        elif name in _NUMBERS:
            found.append(("", name))
        else:
            field = labels.LABELS.get(name, labels.DETAILS)
            found.append((labels.DETAILS if field == labels.TITLE else field, name))
    return found


def counts(header: str) -> bool:
    """Whether a table counts findings, which is no reason to wonder that it tells none."""
    names = [cell.strip(" `*\x01:").casefold() for cell in cells(header[:2000])]
    return _is_count(names) or not set(names) & ({"severity", "file", "location", "line"} | set(_TITLES))


def _is_count(names: list[str]) -> bool:
    """Whether columns count findings. They do not where they tell one with its place, nor does a number before one."""
    known = set(names)
    is_one = not known.isdisjoint(_TITLES)
    is_numbered = is_one and names[0] in _NUMBERS and "severity" in known
    return not _COUNTS.isdisjoint(names[1:] if is_numbered else names) and not (is_one and known & _OF_PLACE)


def fill(draft: Draft, found: list[tuple[str, str]], row: str) -> None:
    """The cells of a row, told to a finding."""
    for at, value in enumerate(cells(row)):
        field, name = found[at] if at < len(found) else (labels.DETAILS, "")
        if not field or value in ("", "-", "–", "—", "n/a", "N/A"):
            continue
        is_own = field != labels.DETAILS or name in ("", "details", "description", "detail", "explanation")
        draft.cell(field, value if is_own else f"{name.capitalize()}: {value}")
