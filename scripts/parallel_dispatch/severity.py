"""How bad a finding is, in the words that outputs use for it. Hooks read this, so nothing is imported."""

from __future__ import annotations

from .finding import CRITICAL, HIGH, INFO, LOW, MEDIUM, SEVERITIES

WORDS = {
    **dict.fromkeys(("critical", "crit", "blocker", "blocking", "catastrophic", "fatal", "p0", "sev0", "s0"), CRITICAL),
    **dict.fromkeys(("high", "major", "severe", "serious", "important", "error", "p1", "sev1", "s1"), HIGH),
    **dict.fromkeys(("medium", "moderate", "med", "mid", "warning", "warn", "normal", "p2", "sev2", "s2"), MEDIUM),
    **dict.fromkeys(("low", "minor", "nit", "nitpick", "trivial", "p3", "sev3", "s3"), LOW),
    **dict.fromkeys(("info", "informational", "information", "note", "suggestion", "optional", "p4", "sev4"), INFO),
}
"""What each word stands for in a tag, a field or a table."""

SIGNS = {"🚨": CRITICAL, "⛔": CRITICAL, "🔴": HIGH, "🟠": HIGH, "🟡": MEDIUM, "🟢": LOW, "🔵": INFO, "⚪": INFO}
"""What a sign stands for where no word does: 🔴 is drawn beside "critical" and beside "high"."""

BOLD = "\x01"
"""Stands for `**` in lines that were made plain."""

_BESIDE = {
    "severity",
    "priority",
    "level",
    "risk",
    "impact",
    "issues",
    "issue",
    "findings",
    "finding",
    "problems",
    "sev",
}
_ALONE = {"critical", "blocker", "high", "major", "medium", "moderate", "low", "minor", "nit", "info", "informational"}
_ALONE |= {"p0", "p1", "p2", "p3", "p4"}
_CLOSING = {"[": "]", "(": ")", "{": "}", BOLD: BOLD, "`": "`", "*": "*", "_": "_", "<": ">"}
_BETWEEN = " \t:;,|.-–—·•/" + BOLD
_TAG = 60  # characters of a tag, at most


def severity_of(value: str) -> str:
    """The severity that a field or a cell tells: the worst of its first four words, else that of its sign."""
    told = [WORDS[word] for word in _words(value[:200])[:4] if word in WORDS]
    return worst(told) or worst([SIGNS[sign] for sign in value[:20] if sign in SIGNS])


def only_severity(text: str) -> str:
    """The severity that a text names and nothing else, as the heading "High severity (3)" does; else empty."""
    if len(text) > _TAG:
        return ""
    words = [word for word in _words(text) if not word.isdigit()]
    told = [WORDS[word] for word in words if word in WORDS]
    return worst(told) if told and all(word in WORDS or word in _BESIDE for word in words) else ""


def leading(text: str) -> tuple[str, str, str]:  # noqa: C901 - one form after another
    """The severity at a text's beginning, the category that its tag also names, and the text after both."""
    sign, told, category = "", "", ""
    while True:
        text = text.lstrip(_BETWEEN.replace(".", "").replace("/", "").replace(BOLD, ""))
        if text[:1] in SIGNS:
            sign, text = sign or SIGNS[text[0]], text[1:].lstrip("\ufe0f ")
            continue
        opening = text[:1]
        end = text.find(_CLOSING[opening], 1, _TAG) if opening in _CLOSING else -1
        if end > 0 and not told:
            inside, beside = _tagged(text[1:end])
            if inside:
                told, category, text = inside, beside, text[end + 1 :]
                continue
        elif end > 0 and opening in "[(" and not category and "." not in text[1:end] and len(text[1:end].split()) < 4:
            category, text = text[1:end].strip(), text[end + 1 :]
            continue
        if opening == BOLD and not told:
            inside, beside, rest = _opening_word(text[1:])
            if inside:  # "**High: the title**"
                return inside, beside, BOLD + rest.lstrip(_BETWEEN)
            if text[1:2] in ("[", "(") or text[1:2] in SIGNS:
                inside, beside, rest = leading(text[1:])
                if inside:
                    return inside, beside, rest if rest.startswith(BOLD) else BOLD + rest
        if not told:
            told, beside, rest = _opening_word(text)
            if told:
                category, text = category or beside, rest
                continue
        return told or sign, category, text.lstrip(" \t:;,|-–—·•") if told or sign else text


def trailing(text: str) -> tuple[str, str]:
    """The severity in brackets at a text's end, and the text before it."""
    bare = text.rstrip(" .:" + BOLD)
    opening = {")": "(", "]": "["}.get(bare[-1:], "")
    begin = bare.rfind(opening, max(0, len(bare) - _TAG)) if opening else -1
    told = only_severity(bare[begin + 1 : -1]) if begin >= 0 else ""
    return (told, bare[:begin].rstrip(" -–—")) if told else ("", text)


def _tagged(inside: str) -> tuple[str, str]:
    """The severity of a tag such as `HIGH`, `Severity: High` or `security/high`, and what else it names."""
    parts = [part.strip() for part in _split(inside)]
    told = [only_severity(part) for part in parts]
    if not any(told) or len(parts) > 4:
        return "", ""
    others = [p for p, severity in zip(parts, told) if p and not severity and p.casefold() not in _BESIDE]
    is_prose = any(len(other.split()) > 3 or not other.replace(" ", "").replace("-", "").isalnum() for other in others)
    return ("", "") if is_prose else (worst(told), ", ".join(others))


def _split(text: str) -> list[str]:
    for mark in ":;,|/·•–—":
        text = text.replace(mark, "\n")
    return text.replace(" - ", "\n").split("\n")


def _opening_word(text: str) -> tuple[str, str, str]:
    """The severity that a text opens with unmarked, as "High: …", "HIGH src/a.py" and "P1 - …" do."""
    end = 0
    while end < len(text) and end < 20 and text[end].isalnum():
        end += 1
    word, rest = text[:end], text[end:]
    if word.casefold() not in _ALONE:
        return "", "", text
    for kind in (" severity", "-severity", " priority", "-priority"):
        if rest[: len(kind)].casefold() == kind:
            rest = rest[len(kind) :]
    beside, bare = "", rest.lstrip()
    if bare.startswith("(") and bare.find(")", 0, 40) > 0 and bare[bare.find(")") + 1 :][:1] in (":", " ", BOLD):
        beside, _, rest = bare[1:].partition(")")  # "High (CVSS 8.1): …"
    after = rest.lstrip(" " + BOLD)[:1]
    if after == "," and _is_place(rest.lstrip(" " + BOLD + ",")):  # "High, src/a.py:3: …"
        return WORDS[word.casefold()], beside, rest
    is_set_off = (after in (":", "–", "—", "|", "·", "")) or rest.startswith((" - ", BOLD + " - ", "] "))
    return (
        (WORDS[word.casefold()], beside, rest) if is_set_off or (word.isupper() and rest[:1] == " ") else ("", "", text)
    )


def _is_place(text: str) -> bool:
    """Whether a text begins with a path."""
    first = text.split(None, 1)[0].strip("`:,") if text.strip() else ""
    return "." in first.strip(".") and first.replace(".", "").replace("/", "").replace(":", "").isascii()


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()


def worst(told: list[str]) -> str:
    """The worst of some severities; empty where none is told."""
    return min(filter(None, told), key=SEVERITIES.index, default="")
