"""What the headings of an output say: which sections tell findings, and which below them do not. Hooks read this."""

from __future__ import annotations

from .blocks import HEADING, TEXT, Line
from .severity import BOLD, only_severity

_NEAR = {"issues", "problems", "bugs", "vulnerabilities", "defects", "concerns", "weaknesses", "issue", "problem"}
_ALL = {"all", "detailed", "complete", "full"}
_NOT = {
    *("no", "non", "not", "fixed", "resolved", "previous", "prior", "earlier", "false", "dropped", "dismissed"),
    *("rejected", "summary", "overview", "statistics", "format", "without", "positive", "excluded", "ignored"),
}
_OTHERS = {
    *("summary", "overview", "executive summary", "conclusion", "conclusions", "recommendations", "next steps"),
    *("methodology", "method", "scope", "positives", "strengths", "positive observations", "positive findings"),
    *("what is good", "what was checked", "what i checked", "checked", "references", "appendix", "dispositions"),
    *("false positives", "statistics", "legend", "verdict", "not findings", "non-issues", "good practices"),
    *("files reviewed", "what was done well", "limitations", "severity summary", "summary table", "open questions"),
    *("overall assessment", "assessment", "dropped", "dropped findings", "resolved", "action items", "test results"),
}
_NONE = {
    "none",
    "none found",
    "none identified",
    "none.",
    "n/a",
    "nil",
    "nothing",
    "nothing found",
    "nothing to report",
}
_THINGS = ("finding", "issue", "problem", "vulnerabilit", "bug", "concern", "defect")


def sections(lines: list[Line]) -> list[tuple[int, int, str]]:
    """The sections that tell findings: where each begins and ends, and its heading.

    Those named `Findings` count; where there are none, those with "findings" among at most four words; where there are
    none of these, those with a word such as "issues"; at last, those that are named by a severity.
    """
    named = [(at, name(line.text)) for at, line in enumerate(lines) if _may_name_section(lines, at)]
    for counts in (_is_exact, _is_qualified, _is_near, _is_severity):
        found, until = [], 0
        for at, title in named:
            if at >= until and counts(title):
                until = _end(lines, at)
                found.append((at, until, title))
        if found:
            return found
    return []


def name(heading: str) -> str:
    """A heading as it is compared: no bold, signs, numbers before it or counts behind it, small letters."""
    text = heading.replace(BOLD, "").replace("`", "").strip(" :").casefold()
    for opening, closing in (("(", ")"), ("[", "]")):
        if text.endswith(closing) and opening in text:
            inside = text[text.rindex(opening) + 1 : -1]
            if any(map(str.isdigit, inside)) or inside in ("none", "summary", "merged", "prioritized", "prioritised"):
                text = text[: text.rindex(opening)]
    words = text.replace("–", " ").replace("—", " ").replace(":", " ").replace("&", " ").split()
    while words and not any(map(str.isalpha, words[0])):
        words.pop(0)
    while words and not any(map(str.isalpha, words[-1])):
        words.pop()
    return " ".join(words)


def is_no_finding(heading: str) -> bool:
    """Whether a heading below one for findings is that of something else, such as a summary."""
    return name(heading) in _OTHERS


def names_nothing(title: str) -> bool:
    """Whether a section's heading says itself that there is nothing in it."""
    return title.startswith("no ")


def says_none(text: str) -> bool:
    """Whether a text says that there are no findings, and no more than that."""
    bare = text.replace(BOLD, "").strip(" .!_*`()-–—").casefold()
    if bare in _NONE:
        return True
    words = bare.split()
    begins = words[:1] == ["no"] or words[:2] in (["there", "are"], ["did", "not"], ["found", "no"])
    if not begins or len(words) > 14 or ":" in bare or "`" in text or "/" in bare:
        return False
    before = words[1:5] if words[0] == "no" else words[2:6] if "no" in words[:3] else []
    return any(word.startswith(_THINGS) for word in before)


def numbered(text: str) -> tuple[bool, str]:
    """Whether a title begins with a number of its own (`3.`, `F-2:`, `Finding 3 –`), and the title without it."""
    opening = text[: len(text) - len(text.lstrip(BOLD + " "))]
    rest = text[len(opening) :]
    word, _, behind = rest.partition(" ")
    if (
        word.casefold() in ("finding", "issue", "problem", "bug", "vulnerability", "no.", "nr.")
        and behind[:1] in "#0123456789"
    ):
        word, _, behind = behind.partition(" ")
        if not word.strip("#0123456789.:)"):
            return True, opening + behind.lstrip(" -–—:")
        return False, text
    core = word.strip("[]().:#")
    head = core.rstrip("0123456789")
    digits = core[len(head) :]
    marked = word != core or behind[:1] in ("-", "–", "—", ":", "(", "[") or (digits[:1] == "0" and head != "")
    is_priority = only_severity(core) != ""
    if digits and marked and not is_priority and len(core) < 12 and (head == "" or _is_code(head)) and behind.strip():
        return True, opening + behind.lstrip(" -–—:")
    return False, text


def _is_code(head: str) -> bool:
    bare = head.rstrip("-_.")
    return bare.isalpha() and bare.isupper() and len(bare) < 8


def _may_name_section(lines: list[Line], at: int) -> bool:
    line = lines[at]
    if line.kind == HEADING:
        return True
    if line.kind != TEXT or line.depth or not line.text.endswith(":") or len(line.text) > 40:
        return False
    line_is_alone = at == 0 or lines[at - 1].kind != TEXT
    if line_is_alone and _is_exact(name(line.text)):
        line.kind, line.depth = HEADING, 7
        return True
    return False


def _end(lines: list[Line], at: int) -> int:
    level = lines[at].depth
    end = at + 1
    while end < len(lines):
        line = lines[end]
        if line.kind == HEADING and line.depth <= level and not (level == 7 and not _ends_bold(line)):
            break
        end += 1
    return end


def _ends_bold(line: Line) -> bool:
    """Whether a heading ends a section whose own heading is only bold."""
    return line.depth < 7 or is_no_finding(line.text)


def _is_exact(title: str) -> bool:
    words = title.split()
    return title == "findings" or (len(words) == 2 and words[1] == "findings" and words[0] in _ALL)


def _is_qualified(title: str) -> bool:
    words = title.replace("-", " ").split()
    return len(words) <= 4 and "findings" in words and (not _NOT & set(words) or title == "no findings")


def _is_near(title: str) -> bool:
    words = title.replace("-", " ").split()
    return len(words) <= 4 and bool(_NEAR & set(words)) and (not _NOT & set(words) or title.startswith("no "))


def _is_severity(title: str) -> bool:
    return bool(only_severity(title))
