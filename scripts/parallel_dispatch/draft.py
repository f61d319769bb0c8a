"""A finding while it is put together from the lines that tell it. Hooks read this, so nothing is imported."""

from __future__ import annotations

from . import labels
from .finding import Finding
from .location import Place, leading_lines, lines_of, place_of, places
from .severity import BOLD, leading, severity_of, trailing, worst

MAX_TITLE, MAX_TEXT = 300, 4000
"""Characters that are kept of a title, and of details and fix each."""
LONG_TITLE, SHORTEST = 160, 20
"""Of a longer title the first sentence is the title, and the others are details; a sentence has so many characters."""

_MARKS = " \t:;,|–—·•" + BOLD


class Draft:
    """What was told so far of one finding. `is_cut` says that its text is longer than what is kept."""

    def __init__(self, at: int, severity: str = "", path: str = "", category: str = "") -> None:
        self.at = at
        self.severity = ""
        self.path, self.line, self.last_line = "", 0, 0
        self.title = self.category = ""
        self.told: dict[str, list[str]] = {labels.DETAILS: [], labels.FIX: []}
        self.size = {labels.DETAILS: 0, labels.FIX: 0}
        self.seen: set[str] = set()
        self.current = labels.DETAILS
        self.is_cut = False
        self.around = (severity, path, category)

    def head(self, text: str) -> None:
        """The line that a finding begins with: severity, place and title, in any order that outputs have."""
        parts = labels.fields(text)
        if not parts[0][0]:
            self._opening(parts.pop(0)[1])
        for label, value in parts:
            self._field(label, value)

    def body(self, text: str) -> None:
        """A further line of its text."""
        for label, value in labels.fields(text):
            if label:
                self._field(label, value)
            elif self.current in self.told:
                self._add(self.current, value)
            elif value:
                self._put(self.current, value)
                self.current = labels.DETAILS

    def code(self, text: str) -> None:
        """A further line that is code."""
        self._add(self.current if self.current in self.told else labels.DETAILS, text)

    def under(self, label: str) -> None:
        """What follows belongs to this label, which stood in a line of its own."""
        self._field(label, "")
        field = labels.LABELS[label]
        self.current = labels.DETAILS if field == labels.TITLE else field

    def cell(self, field: str, value: str) -> None:
        """The value of one field by its name in `labels`."""
        if field == labels.TITLE:
            self._opening(value, is_cell=True)
        else:
            self._put(field, value)

    @property
    def is_empty(self) -> bool:
        """Whether nothing says what was found."""
        return not self.title and not any(self.told[labels.DETAILS]) and not any(self.told[labels.FIX])

    def take(self, other: Draft) -> None:
        """What another telling of the same finding adds to this one."""
        self.severity = worst([self.severity or self.around[0], other.severity or other.around[0]])
        self.category = self.category or other.category
        if not self.path or (self.path == other.path and not self.line):
            self.path, self.line, self.last_line = other.path, other.line, other.last_line
        for field, told in other.told.items():
            for text in told:
                if text not in self.told[field]:
                    self._add(field, text)

    def finding(self, task: str, number: int) -> Finding:
        """The finding."""
        details, fix = ("\n".join(self.told[field]).strip() for field in (labels.DETAILS, labels.FIX))
        title = self.title
        if not title:
            title, _, details = (details or fix).partition("\n")
        if len(title) > LONG_TITLE:
            title, more = first_sentence(title)
            details = f"{more}\n{details}".strip()
        if len(title) > MAX_TITLE:
            details = f"{title}\n{details}".strip()
            title = title[: MAX_TITLE - 1].rstrip() + "…"
            self.is_cut = self.is_cut or len(details) > MAX_TEXT
        severity, path, category = self.around
        if not self.path:
            self._find_place(title, details, path)
        return Finding(
            task,
            number,
            title,
            self.severity or severity,
            self.path or path,
            self.line,
            self.last_line,
            details[:MAX_TEXT],
            fix[:MAX_TEXT],
            self.category or category,
            self.at,
        )

    def _opening(self, text: str, *, is_cell: bool = False) -> None:
        severity, category, rest = leading(text)
        self.severity, self.category = self.severity or severity, self.category or category
        rest = rest.strip(" \t") if rest.startswith(BOLD) else rest.lstrip(_MARKS)
        found = places(rest[: 4 * MAX_TITLE])
        if found and not rest[: found[0].begin].strip(_MARKS + "([`-"):
            self._place(found[0])
            rest = rest[found[0].end :].lstrip(")]`" + " \t")
            rest = rest.lstrip(_MARKS + "-")
            rest = _without_leading_bold(rest)
            if not self.severity:
                severity, category, rest = leading(rest)
                self.severity, self.category = severity, self.category or category
        elif self.around[1] and not found:
            self.line, self.last_line, rest = leading_lines(rest.lstrip(BOLD))
            if self.line:
                self.path = self.around[1]
        elif found:
            self._place(next((place for place in found if place.line), found[0]))
        if not self.severity:
            self.severity, rest = trailing(rest)
        title, more = _split_bold(rest) if not is_cell else (rest.replace(BOLD, ""), "")
        self.title = self.title or title
        if more:
            self._add(labels.DETAILS, more)
        self.seen.add(labels.TITLE)

    def _field(self, label: str, value: str) -> None:
        field = labels.LABELS[label]
        self.seen.add(label)
        if label == "impact" and severity_of(value) and len(value.split()) < 3:
            self.severity = self.severity or severity_of(value)
            return
        told_severity = field != labels.SEVERITY or severity_of(value)
        self.current = field if field in self.told else labels.DETAILS
        if field == labels.TITLE and not self.title:
            self.title = value.replace(BOLD, "").strip()
        elif field in self.told or field == labels.TITLE or not told_severity:
            shown = "" if label in ("details", "description", "fix", labels.TITLE) or field == labels.FIX else label
            if value or not shown:
                self._add(self.current, f"{shown.capitalize()}: {value}" if shown else value)
        else:
            self._put(field, value)

    def _put(self, field: str, value: str) -> None:
        value = value.strip()
        if field == labels.SEVERITY:
            self.severity = self.severity or severity_of(value)
        elif field == labels.PLACE:
            found = place_of(value)
            if found and not self.path:
                kept = (self.line, self.last_line)
                self._place(found)
                if not self.line:
                    self.line, self.last_line = kept
            elif value and not self.path:
                self._add(labels.DETAILS, f"Location: {value}")
        elif field == labels.LINES:
            if not self.line:
                self.line, self.last_line = lines_of(value)
                if self.line:
                    self.path = self.path or self.around[1]
        elif field == labels.CATEGORY:
            self.category = self.category or value.strip(" `.*" + BOLD)[:100]
        else:
            self._add(field, value)

    def _place(self, place: Place) -> None:
        self.path, self.line, self.last_line = place.path[:1000], place.line, place.last_line

    def _find_place(self, title: str, details: str, around: str) -> None:
        """The first place with a line that the text names; of the file that the heading names, if it names one."""
        for text in (title, details):
            for named in places(text[:MAX_TEXT]):
                if named.line and (not around or named.path == around):
                    self._place(named)
                    return

    def _add(self, field: str, text: str) -> None:
        text = text.replace(BOLD, "")
        room = MAX_TEXT - self.size[field]
        if len(text) > room:
            self.is_cut, text = True, text[: max(0, room)]
        if text or self.told[field]:
            self.size[field] += len(text) + 1
            if room > 0:
                self.told[field].append(text)


def first_sentence(text: str) -> tuple[str, str]:
    """The first sentence of a text, and the rest; a full stop in code or before a small letter ends none."""
    at = text.find(". ")
    while 0 <= at < MAX_TITLE:
        begins = text[at + 2 : at + 3]
        if text.count("`", 0, at) % 2 == 0 and at >= SHORTEST and not begins.islower():
            return text[: at + 1], text[at + 2 :].strip()
        at = text.find(". ", at + 1)
    return text, ""


def _split_bold(text: str) -> tuple[str, str]:
    """A title that is bold, and the text behind it; else the whole text."""
    end = text.find(BOLD, 1) if text.startswith(BOLD) else -1
    more = text[end + 1 :].strip(_MARKS + "-.") if end > 0 else ""
    if end <= 0 or not text[1:end].strip(_MARKS + "-."):
        return text.replace(BOLD, "").strip(), ""
    return text[1:end].strip(_MARKS), more.replace(BOLD, "")


def _without_leading_bold(text: str) -> str:
    """A text whose first bold mark closes what stood before it, without that mark."""
    return text.replace(BOLD, "", 1) if text.count(BOLD) % 2 else text
