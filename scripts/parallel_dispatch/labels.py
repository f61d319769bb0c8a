"""The fields that a finding's text marks with a word and a colon, as "Fix: …" does. Hooks read this."""

from __future__ import annotations

from .severity import BOLD

SEVERITY, PLACE, LINES, TITLE, DETAILS, FIX, CATEGORY = (
    "severity",
    "place",
    "lines",
    "title",
    "details",
    "fix",
    "category",
)

_WORDS = {
    SEVERITY: "severity|severity level|sev|priority|level|risk|risk level|criticality|severity rating",
    PLACE: "file|files|location|locations|path|paths|where|file path|affected file|affected files|file(s)|place|source"
    "|affected code|file/line|file:line|line(s) of code|file & line|file and line|file name|filename",
    LINES: "line|lines|line number|line numbers|line(s)|start_line|line range",
    TITLE: "title|finding|issue|problem|name|bug|vulnerability|headline|what",
    DETAILS: "details|detail|description|impact|evidence|explanation|why|why it matters|rationale|cause|root cause"
    "|notes|note|consequence|consequences|scenario|failure scenario|example|proof|context|summary"
    "|effect|observation|message"
    "|reproduction|steps to reproduce|confidence|attack scenario|current code|vulnerable code|code|risk description",
    FIX: "fix|fixes|recommendation|recommendations|remediation|suggestion|suggested fix|recommended fix|proposed fix"
    "|solution|how to fix|mitigation|recommended action|action|resolution|suggested change|to fix|possible fix"
    "|proposal",
    CATEGORY: "category|type|area|kind|class|tag|tags|cwe|rule|categories|dimension",
}
LABELS = {word: field for field, words in _WORDS.items() for word in words.split("|")}
"""What each label stands for."""

_MIDWAY = {
    "severity",
    "priority",
    "file",
    "files",
    "location",
    "line",
    "lines",
    "fix",
    "suggested fix",
    "recommended fix",
    "proposed fix",
    "recommendation",
    "remediation",
    "suggestion",
    "solution",
    "mitigation",
    "category",
    "impact",
}
"""Those that also count in the middle of a line, where another sentence or a mark ends before them."""

_LONGEST = 24
_COLONS = 60  # in one line; those behind them are text


def fields(line: str) -> list[tuple[str, str]]:
    """A line cut at its labels: the label, as it stands in `LABELS` or empty, and what follows it."""
    cuts: list[tuple[int, int, str]] = []  # where a label begins, where its value does, and the label
    at, colons, ticks, seen = line.find(":"), 0, 0, 0
    while at >= 0 and colons < _COLONS:
        colons += 1
        ticks += line.count("`", seen, at)
        seen = at
        after = line[at + 1 : at + 2]
        if ticks % 2 == 0 and (after in ("", " ", BOLD, "`")):
            begin, label = _label_before(line, at, cuts[-1][1] if cuts else 0)
            if label:
                cuts.append((begin, at + 1, label))
        at = line.find(":", at + 1)
    if not cuts:
        begin, end, label = _set_off(line)
        cuts = [(begin, end, label)] if label else []
    if not cuts:
        return [("", line)]
    before = line[: cuts[0][0]].rstrip(" \t|;·•-–—([")
    before = before[:-1] if before.endswith(BOLD) and before.count(BOLD) % 2 else before
    told = [("", before)] if before.strip(BOLD + " ") else []
    ends = [cut[0] for cut in cuts[1:]] + [len(line)]
    told += [(label, _trimmed(line[begin:end])) for (_, begin, label), end in zip(cuts, ends)]
    return told


def label_of(text: str) -> str:
    """The label that a text is and nothing else, as a sub-heading may be; else empty."""
    word = " ".join(text.replace(BOLD, " ").strip(" :*_`").casefold().split()) if len(text) < 60 else ""
    return word if word in LABELS else ""


def _label_before(line: str, colon: int, floor: int) -> tuple[int, str]:
    """The label that ends at a colon and where it begins."""
    low = max(floor, colon - _LONGEST)
    near = line[low:colon].rstrip(" *`" + BOLD)
    for start in range(len(near)):
        if start and near[start - 1].isalnum():
            continue
        word = near[start:].casefold()
        if word not in LABELS:
            continue
        begin = low + start
        if _may_begin(line, begin, floor, word, is_bold=line[colon - 1] == BOLD or line[colon + 1 : colon + 2] == BOLD):
            return begin, word
    return 0, ""


def _may_begin(line: str, begin: int, floor: int, word: str, *, is_bold: bool) -> bool:
    before = line[floor:begin].rstrip(" *_`([" + BOLD)
    if not before:
        return floor == 0 or bool(line[floor:begin].strip())
    bold_here = is_bold and line[begin - 1] == BOLD
    if bold_here or before[-1] in ";|·•":
        return True
    return word in _MIDWAY and (before[-1] in ".!?)—–`" + BOLD or line[floor:begin].endswith((" - ", " -- ")))


def _set_off(line: str) -> tuple[int, int, str]:
    """A bold label that a dash or nothing follows: "**Fix** – …"."""
    if not line.startswith(BOLD):
        return 0, 0, ""
    end = line.find(BOLD, 1, _LONGEST + 8)
    label = label_of(line[1:end]) if end > 0 else ""
    after = line[end + 1 :].lstrip()
    return (0, end + 1, label) if label and (not after or after[0] in "-–—") else (0, 0, "")


def _trimmed(value: str) -> str:
    value = value.strip(" \t|;·•" + BOLD)
    while value[:2] in ("- ", "– ", "— "):
        value = value[2:].lstrip()
    return value[:-2].rstrip() if value.endswith((" -", " –", " —")) else value
