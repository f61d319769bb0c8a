"""A Markdown text as lines that know what they are: headings, list items, rows, code, text. Hooks read this."""

from __future__ import annotations

from .severity import BOLD

HEADING, ITEM, ROW, CODE, TEXT, BLANK = "heading", "item", "row", "code", "text", "blank"
BOLD_HEADING = 7
"""The level of a line that is bold as a whole: below all headings."""

_BLANKS = {
    ord(blank): " " for blank in "\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u202f\u205f\u3000"
}
_NOTHING = dict.fromkeys(map(ord, "\u200b\u200c\u2060\ufeff\x00\x01"), "")
_LINK = 400  # characters of a link, at most


class Line:
    """One line. `depth` is the level of a heading, the indentation of anything else; `is_ordered` is for items."""

    __slots__ = ("at", "depth", "is_ordered", "kind", "text")

    def __init__(self, kind: str, depth: int, text: str, at: int, is_ordered: bool = False) -> None:
        self.kind = kind
        self.depth = depth
        self.text = text
        self.at = at
        self.is_ordered = is_ordered


def lines_of(text: str) -> tuple[list[Line], int]:
    """The lines of a text, and which of them opens code that never ends (0: none does).

    What follows such a line is read as if it were not there: an agent that forgot to close its code means the rest.
    """
    raw = text.translate(_BLANKS).translate(_NOTHING).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((at for at, line in enumerate(raw) if line.strip()), 0)
    wrapped = raw[first].strip().lower() in ("```markdown", "```md", "~~~markdown", "````markdown", "````md")
    if wrapped:  # the whole text was put into a fence
        raw[first] = ""
    found, opened = _lines(raw, len(raw))
    if not opened:
        return found, 0
    is_last = wrapped and not any(line.strip() for line in raw[opened:])
    found, _ = _lines(raw, opened - 1)
    return found, 0 if is_last else opened


def _lines(raw: list[str], fences_until: int) -> tuple[list[Line], int]:
    found: list[Line] = []
    fence, opened, hidden = "", 0, False
    last_end = max((at for at, line in enumerate(raw, 1) if "-->" in line), default=0)
    for at, line in enumerate(raw, 1):
        whole = line.expandtabs(4) if "\t" in line else line
        bare = whole.strip()
        indent = len(whole) - len(whole.lstrip(" "))
        mark = bare[: len(bare) - len(bare.lstrip(bare[0]))] if bare[:3] in ("```", "~~~") else ""
        if fence:
            found.append(Line(CODE, indent, line.rstrip(), at))
            if mark.startswith(fence) and bare == mark:
                fence = ""
            continue
        if mark and at <= fences_until and "`" not in bare[len(mark) :]:
            fence, opened = mark, at
            found.append(Line(CODE, indent, line.rstrip(), at))
            continue
        if hidden or (bare.startswith("<!--") and at <= last_end):  # a comment; one without an end hides nothing
            hidden = "-->" not in bare
            found.append(Line(BLANK, 0, "", at))
            continue
        found.append(_line(bare, indent, at) if not mark else Line(BLANK, 0, "", at))
        _underlined(found)
    return found, opened if fence else 0


def _line(bare: str, indent: int, at: int) -> Line:
    if not bare:
        return Line(BLANK, 0, "", at)
    level = len(bare) - len(bare.lstrip("#")) if bare[0] == "#" else 0
    if 0 < level < 7 and indent < 4 and bare[level : level + 1] in (" ", ""):
        return Line(HEADING, level, plain(bare[level:].strip().rstrip("#")), at)
    if bare[0] == "|" and len(bare) > 1:
        return Line(ROW, indent, bare, at)
    marker = _marker(bare)
    if marker:
        return Line(
            ITEM,
            indent,
            plain(_uncoded(bare[marker:].strip())),
            at,
            is_ordered=bare[:2] == "**" or bare[0] not in "-*+•‣◦",
        )
    text = plain(bare)
    if indent == 0 and _is_bold(text):
        return Line(HEADING, BOLD_HEADING, text, at)
    return Line(TEXT, indent, text, at)


def _uncoded(text: str) -> str:
    """An item that begins with a code span around its severity and more, without the marks of the span."""
    end = text.find("`", 1)
    return text[1:end] + text[end + 1 :] if text.startswith("`[") and end > 0 else text


def _marker(bare: str) -> int:
    """How many characters mark a list item: `- `, `* `, `3. `, `(3) `, `**3.** `; 0 where none do."""
    if bare[:2] == "**":
        inside, closed, _ = bare[2:9].partition("** ")
        return len(inside) + 5 if closed and inside[:-1].isdigit() and inside[-1] in ".)" else 0
    if bare[0] in "-*+•‣◦":
        is_item = bare[1:2] == " " and set(bare) - set(" -*_")
        return 2 if is_item else 0
    opened = bare[0] == "("
    end = opened + 0
    while end < len(bare) and end < 6 and bare[end] in "0123456789":
        end += 1
    if end > opened and bare[end : end + 1] in (")", "." if not opened else ")") and bare[end + 1 : end + 2] == " ":
        return end + 2
    return 0


def _underlined(found: list[Line]) -> None:
    """A line of `===` or `---` makes the text above it a heading."""
    if len(found) < 2 or found[-1].kind != TEXT or found[-2].kind != TEXT or found[-2].depth > 3:
        return
    marks, above = found[-1].text, found[-2]
    is_alone = len(found) < 3 or found[-3].kind in (BLANK, HEADING)
    if is_alone and len(marks) > 2 and (set(marks) == {"="} or set(marks) == {"-"}):
        above.kind, above.depth = HEADING, 1 if marks[0] == "=" else 2
        found[-1].kind, found[-1].text = BLANK, ""


def _is_bold(text: str) -> bool:
    """Whether a line is bold from its beginning to its end."""
    bare = text.rstrip(": ")
    return len(bare) < 200 and len(bare) > 2 and bare[0] == bare[-1] == BOLD and bare.count(BOLD) == 2


def plain(text: str) -> str:
    """A line with `**` as one mark and with links as their words, but for what stands in code."""
    if "*" not in text and "[" not in text and "<" not in text and "\\" not in text:
        return text
    parts = text.split("`")
    for at in range(0, len(parts), 2):  # the others are code
        part = parts[at].replace("***", BOLD).replace("**", BOLD)
        part = part.replace("<br/>", " ").replace("<br>", " ").replace("<br />", " ")
        for escaped in "[]*_#|<>`-":
            part = part.replace("\\" + escaped, escaped)
        parts[at] = part
    return _unlinked("`".join(parts))


def _unlinked(text: str) -> str:
    """`[words](target)` as its words, with the lines of a target such as `src/a.py#L4` where the words have none."""
    middle = text.find("](")
    if middle < 0:
        return text
    kept, done = [], 0
    while middle >= 0:
        begin = text.rfind("[", max(done, middle - _LINK), middle)
        end = text.find(")", middle, middle + _LINK)
        if begin >= 0 and end > 0:
            words, target = text[begin + 1 : middle], text[middle + 2 : end]
            lines = target.rpartition("#L")[2] if "#L" in target and ":" not in words and "#" not in words else ""
            lines = "".join(mark for mark in lines if mark in "0123456789-L")
            bare = words.rstrip("`")
            kept.append(text[done:begin] + (f"{bare}:{lines}{words[len(bare) :]}" if lines else words))
            done = end + 1
        middle = text.find("](", max(middle + 2, done))
    return "".join(kept) + text[done:]
