"""The findings that outputs tell, as docs/findings.md says that they do. Hooks read this: standard library, no `re`."""

from __future__ import annotations

from . import labels, table
from .blocks import BLANK, BOLD_HEADING, CODE, HEADING, ITEM, ROW, TEXT, Line, lines_of
from .draft import Draft
from .fences import json_blocks
from .finding import Finding
from .headings import is_no_finding, names_nothing, numbered, says_none, sections
from .location import places
from .quickjson import loads
from .records import drafts_of, listed
from .severity import BOLD, leading, only_severity, trailing

MAX_FINDINGS = 2000
"""Of one output; the rest is left."""
MAX_CHARACTERS = 4_000_000
MAX_LINES = 50_000
"""Of one text; what is behind them is left."""
_MOST_UNREAD = 20  # sentences about one text
_DEEPEST = 3  # lists in lists whose items are findings


class Reading:
    """What was read of an output.

    `is_told` says whether it tells what its findings are, if only that there are none. `unread` are sentences about
    what could not be read, and why.
    """

    __slots__ = ("findings", "is_told", "unread")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.is_told = False
        self.unread: list[str] = []


class Around:
    """What headings and items say for all that stands below them."""

    __slots__ = ("category", "path", "severity")

    def __init__(self, severity: str = "", path: str = "", category: str = "") -> None:
        self.severity = severity
        self.path = path
        self.category = category

    def within(self, severity: str = "", path: str = "", category: str = "") -> Around:
        """The same, with what one more heading says."""
        return Around(severity or self.severity, path or self.path, category or self.category)


def read(task: str, texts: list[str]) -> Reading:
    """The findings of a task's output, which may be several files, numbered through all of them."""
    reading = Reading()
    drafts: list[Draft] = []
    for at, text in enumerate(texts):
        source = _Text(text)
        reading.is_told = source.read() or reading.is_told
        drafts += source.drafts
        where = f"file {at + 1}, " if len(texts) > 1 else ""
        more = len(source.unread) - _MOST_UNREAD
        told = source.unread[:_MOST_UNREAD] + [f"and {more:,} more like these"] * (more > 0)
        reading.unread += [where + words for words in told]
    drafts = _without_repetitions(drafts[: 2 * MAX_FINDINGS])
    if len(drafts) > MAX_FINDINGS:
        reading.unread.append(f"its files tell more than {MAX_FINDINGS:,} findings; the rest was left")
    for number, draft in enumerate(drafts[:MAX_FINDINGS], 1):
        reading.findings.append(draft.finding(task, number))
        if draft.is_cut:
            reading.unread.append(f"line {draft.at}: the text of {task}/{number} is long; its end was left")
    return reading


class _Text:
    """One text while it is read."""

    def __init__(self, text: str) -> None:
        self.text = text[:MAX_CHARACTERS]
        self.drafts: list[Draft] = []
        self.unread: list[str] = []
        self.lines: list[Line] = []
        if len(text) > MAX_CHARACTERS:
            self.unread.append(f"it is longer than {MAX_CHARACTERS:,} characters; the rest was left")
        above = self.text.split("\n", MAX_LINES)
        if len(above) > MAX_LINES and above.pop():
            self.text = "\n".join(above)
            self.unread.append(f"it has more than {MAX_LINES:,} lines; the rest was left")

    def read(self) -> bool:
        """Whether it tells what its findings are."""
        in_json = self._from_json()
        if in_json is not None:
            return in_json
        self.lines, opened = lines_of(self.text)
        if opened:
            self.unread.append(f"line {opened}: the code that begins here never ends; it was read as text")
        found = sections(self.lines)
        for begin, end, title in found:
            if self._is_full:
                break
            count, unread = len(self.drafts), len(self.unread)
            around = Around(only_severity(title))
            self._below(begin + 1, end, around)
            said = [line for line in self.lines[begin + 1 : end] if line.kind not in (BLANK, CODE)]
            is_none = names_nothing(title) or any(says_none(line.text) for line in said[:5])
            if said and not is_none and (count, unread) == (len(self.drafts), len(self.unread)):
                at = self.lines[begin].at
                self.unread.append(f"line {at}: this section holds no list, table or heading that tells a finding")
            elif said and not is_none:
                self.unread += self._passed_over(begin + 1, end, {draft.at for draft in self.drafts[count:]})
        if self._is_full:
            self.unread.append(f"it tells more than {MAX_FINDINGS:,} findings; the rest was left")
        return bool(found)

    def _passed_over(self, begin: int, end: int, told: set[int]) -> list[str]:
        """What stands beside findings that were read and looks like more of them."""
        found = []
        for at in range(begin, end):
            line, after = self.lines[at], self.lines[at + 1] if at + 1 < end else None
            begins = line.kind == TEXT and self.lines[at - 1].kind != TEXT
            if begins and "|" in line.text and after and "|" in after.text and table.is_ruler(after.text):
                found.append(f"line {line.at}: a table without a bar at the beginning of its lines is not read")
            elif begins and line.text[:1] == ">" and _is_tagged(line.text.lstrip("> -*")):
                found.append(f"line {line.at}: findings in a quotation are not read")
            elif line.kind == HEADING and only_severity(line.text):
                stop = next((one for one in range(at + 1, end) if self.lines[one].kind == HEADING), end)
                below = [one for one in self.lines[at + 1 : stop] if one.kind == TEXT]
                is_told = any(line.at <= one < self.lines[stop - 1].at + 1 for one in told)
                if below and not is_told and not any(says_none(one.text) for one in below):
                    found.append(f"line {line.at}: below this heading no list and no table tells a finding")
        return found

    @property
    def _is_full(self) -> bool:
        return len(self.drafts) > MAX_FINDINGS

    def _from_json(self) -> bool | None:
        """Whether the text's JSON tells findings; None where its Markdown is to be read."""
        bare = self.text.lstrip("\ufeff \t\r\n")
        blocks = [(self.text.lstrip("\ufeff"), 0)] if bare[:1] in ("{", "[") else json_blocks(self.text)
        if len(blocks) != 1:
            return None
        body, above = blocks[0]
        try:
            values = listed(loads(body), whole=above == 0)
        except (ValueError, RecursionError):
            if above == 0:
                self.unread.append("it begins like JSON and is none")
            elif '"findings"' in body:
                self.unread.append(f"line {above}: the JSON that begins here is broken")
            return None
        if values is None:
            return None
        self.drafts, wrong = drafts_of(values[: MAX_FINDINGS + 1], above + 1)
        self.unread += wrong
        if self._is_full:
            self.unread.append(f"it tells {len(values):,} findings; those after the first {MAX_FINDINGS:,} were left")
        return True

    def _below(self, begin: int, end: int, around: Around) -> None:
        """The findings of some lines: lists, tables, and headings with text."""
        at = begin
        while at < end and not self._is_full:
            line = self.lines[at]
            if line.kind == HEADING:
                at = self._heading(at, end, around)
            elif line.kind == ITEM:
                at = self._list(at, end, around, _DEEPEST)
            elif line.kind == ROW:
                at = self._table(at, end, around)
            elif line.kind == TEXT and _opens_finding(line):
                at = self._paragraph(at, end, around)
            else:
                at += 1

    def _heading(self, at: int, end: int, around: Around) -> int:
        """A sub-heading: what all findings below it have in common, or one finding. Returns where it ends."""
        line = self.lines[at]
        stop = at + 1
        while stop < end and not (self.lines[stop].kind == HEADING and self.lines[stop].depth <= line.depth):
            stop += 1
        severity = only_severity(line.text)
        if is_no_finding(line.text):
            return stop
        if severity:
            self._below(at + 1, stop, around.within(severity))
        elif self._tells_finding(at, stop):
            self._one(at, stop, around)
        else:
            title = line.text.replace(BOLD, "").strip(" :")
            found = places(title)
            is_path = found and not (title[: found[0].begin] + title[found[0].end :]).strip(" `():")
            told = leading(line.text)[0] or trailing(line.text)[0]
            inner = around.within(told, found[0].path) if is_path else around.within(told, "", numbered(title)[1])
            self._below(at + 1, stop, inner)
        return stop

    def _tells_finding(self, at: int, stop: int) -> bool:
        """Whether a heading is the title of one finding: by its words, or by what stands below it."""
        line = self.lines[at]
        body = [inner for inner in self.lines[at + 1 : stop] if inner.kind != BLANK]
        if any(inner.kind in (TEXT, ITEM) and labels.fields(inner.text)[0][0] for inner in body[:8]):
            return not self._holds_findings(body)
        deeper = [inner for inner in body if inner.kind == HEADING]
        if any(labels.label_of(inner.text) for inner in deeper):
            return not any(not labels.label_of(inner.text) and numbered(inner.text)[0] for inner in deeper)
        if deeper and not any(inner.depth == BOLD_HEADING for inner in deeper):
            return False
        told = leading(numbered(line.text)[1])[0] or trailing(line.text)[0]
        found = places(line.text)
        is_path = found and not line.text.strip(f" `:{BOLD}")[len(found[0].path) + 12 :]
        if (told or (found and not is_path)) and body:
            return not self._holds_findings(body)
        first = next((inner.kind for inner in body), "")
        if numbered(line.text)[0] and first in (TEXT, CODE):
            return True
        return first == TEXT and line.depth != BOLD_HEADING and not self._holds_findings(body)

    def _holds_findings(self, body: list[Line]) -> bool:
        """Whether a list or table below a heading tells findings of its own."""
        if any(line.kind == ROW for line in body):
            return any(line.kind == ROW and table.columns(line.text) for line in body[:20])
        items = [line for line in body if line.kind == ITEM]
        top = min((line.depth for line in items), default=0)
        begun = [labels.LABELS.get(labels.fields(line.text)[0][0]) for line in items[:20] if line.depth == top]
        if begun.count(labels.SEVERITY) > 1:
            return True
        return any(line.depth == top and _looks_like_finding(line.text) for line in items[:20])

    def _one(self, at: int, stop: int, around: Around) -> None:
        """The finding that a heading tells with all that stands below it."""
        draft = self._draft(self.lines[at], around)
        draft.head(numbered(self.lines[at].text)[1])
        for line in self.lines[at + 1 : stop]:
            label = labels.label_of(numbered(line.text)[1]) if line.kind == HEADING else ""
            if label:
                draft.under(label)
            else:
                _continue(draft, line)
        self._keep(draft)

    def _list(self, at: int, end: int, around: Around, deepest: int) -> int:
        """The findings of a list. Returns where it ends."""
        first = self.lines[at]
        current: Draft | None = None
        while at < end and not self._is_full:
            line = self.lines[at]
            if line.kind == HEADING or (line.kind == ROW and line.depth <= first.depth):
                break
            is_apart = line.depth <= first.depth and at > 0 and self.lines[at - 1].kind == BLANK
            if line.kind == TEXT and is_apart and not (current and labels.fields(line.text)[0][0]):
                break
            if line.kind == ITEM and line.depth <= first.depth and self._begins(line, first, current):
                stop = self._item_end(at, end, first)
                inner = around.within(*_group(line.text))
                if deepest and _group(line.text) != ("", "") and self._has_items(at + 1, stop, line.depth):
                    self._keep(current)
                    current = None
                    self._children(at + 1, stop, inner, deepest - 1)
                    at = stop
                    continue
                self._keep(current)
                current = self._draft(line, around)
                current.head(_unchecked(line.text))
                if says_none(line.text) and not current.path:
                    current = None
            elif line.kind == ITEM and _is_tagged(line.text):
                self._keep(current)
                current = self._draft(line, around)
                current.head(line.text)
            elif current:
                _continue(current, line)
            at += 1
        self._keep(current)
        return at

    def _begins(self, line: Line, first: Line, current: Draft | None) -> bool:
        """Whether an item of the outermost list is a new finding, and not a field or text of the one before it."""
        if current is None:
            return True
        label = labels.fields(line.text)[0][0]
        if (
            label
            and labels.LABELS[label] == labels.TITLE
            and not (current.title or {label, labels.TITLE} & current.seen)
        ):
            return False
        if label and labels.LABELS[label] != labels.TITLE:
            field = labels.LABELS[label]
            is_known = (field == labels.SEVERITY and current.severity) or (field == labels.PLACE and current.path)
            return label in current.seen or bool(is_known and not first.is_ordered)
        return line.is_ordered or not first.is_ordered or _is_tagged(line.text)

    def _item_end(self, at: int, end: int, first: Line) -> int:
        stop = at + 1
        while stop < end and self.lines[stop].kind != HEADING:
            line = self.lines[stop]
            if line.kind == ITEM and line.depth <= first.depth:
                break
            stop += 1
        return stop

    def _has_items(self, begin: int, end: int, depth: int) -> bool:
        items = [line for line in self.lines[begin:end] if line.kind == ITEM and line.depth > depth]
        return bool(items) and not labels.fields(items[0].text)[0][0]

    def _children(self, begin: int, end: int, around: Around, deepest: int) -> None:
        at = begin
        while at < end and not self._is_full:
            at = self._list(at, end, around, deepest) if self.lines[at].kind == ITEM else at + 1

    def _paragraph(self, at: int, end: int, around: Around) -> int:
        """The finding of a paragraph that begins with its severity. Returns where it ends."""
        draft = self._draft(self.lines[at], around)
        draft.head(numbered(self.lines[at].text)[1])
        at += 1
        while at < end:
            line = self.lines[at]
            is_new = line.kind == TEXT and self.lines[at - 1].kind == BLANK and _opens_finding(line)
            is_list = line.kind == ITEM and line.depth == 0 and not labels.fields(line.text)[0][0]
            is_item = line.is_ordered or line.text.startswith(BOLD) or _looks_like_finding(line.text)
            if line.kind in (HEADING, ROW) or is_new or (is_list and is_item):
                break
            _continue(draft, line)
            at += 1
        self._keep(draft)
        return at

    def _table(self, at: int, end: int, around: Around) -> int:
        """The findings of a table. Returns where it ends."""
        stop = at
        while stop < end and self.lines[stop].kind == ROW:
            stop += 1
        rows = self.lines[at:stop]
        columns = table.columns(rows[0].text) if len(rows) > 1 and table.is_ruler(rows[1].text) else []
        if not columns:
            if len(rows) > 2 and not table.counts(rows[0].text):
                self.unread.append(f"line {rows[0].at}: this table has no column for the finding")
            return stop
        for row in rows[2 : MAX_FINDINGS + 3]:
            draft = self._draft(row, around)
            table.fill(draft, columns, row.text)
            is_one = bool(draft.path and draft.severity) or not says_none(draft.title)
            if is_one and not draft.title.isdigit():
                self._keep(draft, is_row=True)
        return stop

    def _draft(self, line: Line, around: Around) -> Draft:
        return Draft(line.at, around.severity, around.path, around.category)

    def _keep(self, draft: Draft | None, *, is_row: bool = False) -> None:
        if draft and not draft.is_empty:
            self.drafts.append(draft)
        elif draft and (is_row or draft.path or draft.severity):
            self.unread.append(f"line {draft.at}: it does not say what was found")


def _continue(draft: Draft, line: Line) -> None:
    if line.kind == CODE:
        draft.code(line.text)
    elif line.kind == BLANK:
        draft.code("")
    else:
        draft.body(line.text)


def _opens_finding(line: Line) -> bool:
    text = numbered(line.text)[1]
    return line.depth < 4 and text[:1] in (BOLD, "[", "(") and bool(leading(text)[0])


def _is_tagged(text: str) -> bool:
    """Whether an item begins with a severity in brackets, as briefs ask for, and says more."""
    severity, _, rest = leading(text) if text.lstrip(BOLD + "`")[:1] == "[" else ("", "", "")
    return bool(severity and rest.strip())


def _looks_like_finding(text: str) -> bool:
    label = labels.fields(text)[0][0]
    return not label and bool(leading(text)[0] or trailing(text)[0] or any(place.line for place in places(text[:300])))


def _group(text: str) -> tuple[str, str]:
    """The severity or the path that an item is and nothing else: what its own items have in common."""
    severity = only_severity(text)
    found = places(text) if len(text) < 300 and not severity else []
    is_path = found and not found[0].line and not (text[: found[0].begin] + text[found[0].end :]).strip(f" `:{BOLD}")
    return (severity, "") if severity else ("", found[0].path) if is_path else ("", "")


def _unchecked(text: str) -> str:
    return text[3:].lstrip() if text[:3].lower() in ("[ ]", "[x]") else numbered(text)[1]


def _without_repetitions(drafts: list[Draft]) -> list[Draft]:
    """The findings without those that say again what an earlier one does, as details below an overview do."""
    kept: list[Draft] = []
    known: dict[str, list[Draft]] = {}
    for draft in drafts:
        title = " ".join(draft.title.casefold().replace("`", "").split()).rstrip(".")
        same = known.setdefault(title, [])
        earlier = next((one for one in same[:20] if title and _may_be(one, draft)), None)
        if earlier:
            earlier.take(draft)
        else:
            same.append(draft)
            kept.append(draft)
    return kept


def _may_be(one: Draft, other: Draft) -> bool:
    places_agree = one.path == other.path and (one.line == other.line or not one.line or not other.line)
    return places_agree or not one.path or not other.path
