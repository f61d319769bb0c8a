"""What a YAML parser complains about, in plain words, pointing at what to change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .problem import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


MAX_KEY = 1024
_KEY = re.compile(r"[\"']?[A-Za-z_][\w-]*[\"']?:(?:\s|$)")


class Place(NamedTuple):
    """A position in the text; line and column count from 0, as parsers do."""

    line: int
    column: int


class Complaint(NamedTuple):
    """A parser's own words, where it stopped, and where what it was reading began."""

    words: str
    at: Place
    since: Place
    lines: Sequence[str]
    opener: Place | None = None  # the innermost bracket or brace that is still open

    def rest(self, place: Place) -> str:
        """What stands on the line from a place on, without trailing blanks."""
        return self.lines[place.line][place.column :].rstrip() if place.line < len(self.lines) else ""

    def before(self, place: Place) -> str:
        """What stands on the line before a place."""
        return self.lines[place.line][: place.column] if place.line < len(self.lines) else ""


class Explanation(NamedTuple):
    """Where to look, how many characters matter there, and what to do."""

    place: Place
    length: int
    message: str


def explain(complaint: Complaint) -> Explanation:
    """The complaint in plain words. libyaml and PyYAML phrase things differently; both come out the same."""
    line = complaint.lines[complaint.at.line] if complaint.at.line < len(complaint.lines) else ""
    tab = re.match(r" *(\t[ \t]*)", line)
    if tab and tab.end() >= complaint.at.column:
        more = sum(1 for other in complaint.lines[complaint.at.line + 1 :] if "\t" in other[: -len(other.lstrip())])
        elsewhere = f", here and in {more} line{'s'[: more != 1]} below" if more else ""
        words = f"a tab in the indentation, where YAML allows only spaces; write spaces{elsewhere}"
        return Explanation(Place(complaint.at.line, tab.start(1)), 1, words)
    conflict = next((number for number, text in enumerate(complaint.lines) if text.startswith("<<<<<<< ")), None)
    if conflict is not None:
        return _whole(complaint, Place(conflict, 0), "a merge conflict begins here; resolve it")
    for pattern, rule in _RULES:
        if re.search(pattern, complaint.words):
            return rule(complaint)
    return Explanation(complaint.at, 1, f"this is not valid YAML: {complaint.words.strip()}")


def _whole(complaint: Complaint, place: Place, message: str) -> Explanation:
    return Explanation(place, max(1, len(complaint.rest(place))), message)


def _word(text: str) -> int:
    found = re.match(r"\S+", text)
    return found.end() if found else 1


def _open_quote(complaint: Complaint) -> Explanation:
    quote = complaint.rest(complaint.since)[:1] or '"'
    return Explanation(complaint.since, 1, f"this quote is never closed; add a closing {quote}")


def _colon(complaint: Complaint) -> Explanation:
    before = complaint.before(complaint.at)
    items = re.match(r"\s*(?:[-?]\s+)*", before)
    value = re.compile(r"(?:\"[^\"]*\"\s*|'[^']*'\s*|[^:]*):\s+(?=\S)").match(before, items.end() if items else 0)
    if value:
        place = Place(complaint.at.line, value.end())
        message = 'this value holds a ":", which YAML reads as another key; put the value in quotes'
        return Explanation(place, max(1, len(complaint.rest(place))), message)
    above = _joined(complaint, Place(max(complaint.at.line - 1, 0), 0))
    if above:
        return above
    begin = len(before) - len(before.lstrip())
    place = Place(complaint.at.line, begin)
    if len(before) - begin > MAX_KEY:
        return Explanation(place, 1, f"YAML allows no key of more than {MAX_KEY:,} characters")
    message = f"the key {quoted(before.strip())} does not fit here; check its indentation and the line above"
    return Explanation(place, max(1, len(before) - begin), message)


def _joined(complaint: Complaint, place: Place) -> Explanation | None:
    """The blank that is missing between a key and its value, or between "-" and its item, on the line from a place."""
    found = re.match(r"\s*(?:- +)*((-)(?=[A-Za-z_])|[A-Za-z_][\w-]*(:)(?=[^\s:/\\]))", complaint.rest(place))
    if not found:
        return None
    mark = found[2] or found[3]
    message = f'a blank is missing after this "{mark}"'
    return Explanation(Place(place.line, place.column + found.end() - 1), 1, message)


def _dash(complaint: Complaint) -> Explanation:
    return Explanation(complaint.at, 1, 'a list cannot begin on the line of its key; put "- " on a new line')


def _question(complaint: Complaint) -> Explanation:
    return Explanation(complaint.at, 1, '"? " begins a key in YAML and does not fit here; put the value in quotes')


def _no_colon(complaint: Complaint) -> Explanation:
    rest = complaint.rest(complaint.since)
    if len(rest) > MAX_KEY:
        return Explanation(
            complaint.since, 1, f'there is no ":" in the first {MAX_KEY:,} characters; YAML allows no longer key'
        )
    joined = _joined(complaint, complaint.since)
    if joined:
        return joined
    message = 'no ":" after this; write "key: value", or indent it if it belongs to the value above'
    return Explanation(complaint.since, max(1, len(rest)), message)


def _misfit(complaint: Complaint) -> Explanation:
    before, rest = complaint.before(complaint.at).rstrip(), complaint.rest(complaint.at)
    if before.endswith(('"', "'")):
        message = "text after a closing quote; put the whole value in quotes and double the quotes inside it"
        if before.endswith('"'):
            message = 'text after a closing quote; put the whole value in quotes and write \\" for those inside it'
        return Explanation(complaint.at, max(1, len(rest)), message)
    if before.endswith(("}", "]")):
        message = f'text after "{before[-1]}"; if the value is text, put all of it in quotes'
        return Explanation(complaint.at, max(1, len(rest)), message)
    if rest[:1] in {"]", "}"}:
        return _closer(complaint)
    if before.strip():
        return Explanation(
            complaint.at, _word(rest), "this does not belong here; if the value is text, put it in quotes"
        )
    return Explanation(complaint.at, _word(rest), _indentation(complaint, rest))


def _indentation(complaint: Complaint, rest: str) -> str:
    """Which column a line should begin in, judged by the line above."""
    number, line = complaint.at.line, ""
    while number > 0 and (not line.strip() or line.lstrip().startswith("#")):
        number -= 1
        line = complaint.lines[number]
    is_item = rest.startswith("- ") or rest == "-"
    start = re.match(r" *" if is_item else r" *(?:- +)*", line)
    column = start.end() if start else 0
    if not line.strip():
        return "a key or a value is missing here; if this is text, put it in quotes"
    if column != complaint.at.column:
        here = f"the indentation fits nothing above: this line begins in column {complaint.at.column + 1}"
        fitting = _fitting(complaint, is_item)
        if fitting:
            return f"{here}; begin it in column {fitting.column + 1}, like line {fitting.line + 1}"
        return f"{here}, line {number + 1} in column {column + 1}"
    if is_item:
        return 'a list item ("- ") does not fit here: the lines above are keys; indent it under its key'
    return "a key does not fit here: the lines above are a list; check the indentation"


def _fitting(complaint: Complaint, is_item: bool) -> Place | None:
    """The item or key above that a line could stand under: of those still open the nearest, of two the deeper one."""
    found: list[Place] = []
    for number in range(complaint.at.line - 1, -1, -1):
        line = complaint.lines[number]
        dashes = re.match(r" *(?:- +)*", line)
        begin = dashes.end() if dashes else 0
        column = len(line) - len(line.lstrip(" ")) if is_item else begin
        fits = line.startswith("- ", column) if is_item else _KEY.match(line, begin)
        if fits and column < (found[-1].column if found else MAX_KEY):
            found.append(Place(number, column))
            if column <= complaint.at.column:
                break
    nearest = min(found, key=lambda place: abs(place.column - complaint.at.column), default=None)
    return None if nearest and nearest.column == complaint.at.column else nearest


def _closer(complaint: Complaint) -> Explanation:
    closer = complaint.rest(complaint.at)[:1]
    if not closer and complaint.opener:
        return _never_closed(complaint, complaint.opener)
    if closer in {"]", "}"}:
        opener = "[" if closer == "]" else "{"
        return Explanation(complaint.at, 1, f'"{closer}" without a "{opener}"; if the value is text, put it in quotes')
    if closer == ",":
        return Explanation(complaint.at, 1, 'nothing stands before this ","; delete it, or write a value before it')
    return Explanation(complaint.at, _word(complaint.rest(complaint.at)), _indentation(complaint, closer))


def _flow(complaint: Complaint) -> Explanation:
    is_on_its_line = complaint.at.line == complaint.since.line and complaint.rest(complaint.at).strip()
    if not is_on_its_line and not _balanced(complaint):
        return _never_closed(complaint, complaint.since)
    closer = "]" if complaint.rest(complaint.since)[:1] == "[" else "}"
    above = next(
        (n for n in range(complaint.at.line - 1, complaint.since.line - 1, -1) if complaint.lines[n].strip()), None
    )
    if above is not None and not complaint.before(complaint.at).strip() and _is_closed(complaint.lines[above]):
        return Explanation(
            complaint.at,
            _word(complaint.rest(complaint.at)),
            f'a "," is missing before this, at the end of line {above + 1}',
        )
    message = f'expected "," or "{closer}" here; text that holds brackets, braces or colons needs quotes'
    return Explanation(complaint.at, _word(complaint.rest(complaint.at)), message)


def _is_closed(line: str) -> bool:
    """Whether a line ends with the end of a value."""
    return line.rstrip().endswith(('"', "'", "]", "}"))


def _balanced(complaint: Complaint) -> bool:
    """Whether what was begun is closed somewhere below, so that something before its end is wrong."""
    rest = "\n".join([complaint.rest(complaint.since), *complaint.lines[complaint.since.line + 1 :]])
    opener = rest[:1]
    return rest.count(opener) <= rest.count("]" if opener == "[" else "}")


def _never_closed(complaint: Complaint, place: Place) -> Explanation:
    opener = complaint.rest(place)[:1] or "["
    closer = "]" if opener == "[" else "}"
    return Explanation(place, 1, f'this "{opener}" is never closed; add a "{closer}"')


def _start(complaint: Complaint) -> Explanation:
    rest = complaint.rest(complaint.at)
    if rest.startswith("```"):
        return _whole(complaint, complaint.at, "a Markdown fence is no part of a task file; delete it")
    return Explanation(complaint.at, _word(rest), f"a value cannot begin with {quoted(rest[:1])}; put it in quotes")


def _escape(complaint: Complaint) -> Explanation:
    before = complaint.before(complaint.at)
    at_it = complaint.rest(complaint.at).startswith("\\") and not before.endswith("\\")
    place = Place(complaint.at.line, complaint.at.column if at_it else max(before.rfind("\\"), 0))
    return bad_escape(place, complaint.rest(place))


def bad_escape(place: Place, rest: str) -> Explanation:
    """What to do about an escape in double quotes that stands for no character; `rest` is the line from there on."""
    numeric = re.match(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})", rest)
    if numeric:
        return Explanation(place, numeric.end(), f'"{numeric.group()}" is no character; write the character itself')
    escape = rest[:2]
    message = f'"{escape}" is no escape of YAML\'s double quotes; use single quotes, or write "\\{escape}"'
    return Explanation(place, 2, message)


def _reference(complaint: Complaint) -> Explanation:
    rest = complaint.rest(complaint.since)
    if rest.startswith("* ") and not complaint.before(complaint.since).strip():
        return Explanation(complaint.since, 1, 'a list item begins with "-" in YAML, not with "*"')
    what = "a reference" if rest[:1] == "*" else "an anchor"
    return Explanation(complaint.since, _word(rest), f'"{rest[:1]}" begins {what} in YAML; put the value in quotes')


def _tag(complaint: Complaint) -> Explanation:
    return Explanation(
        complaint.since, _word(complaint.rest(complaint.since)), '"!" begins a tag in YAML; put the value in quotes'
    )


def _directive(complaint: Complaint) -> Explanation:
    line = next((i for i, text in enumerate(complaint.lines) if text.startswith("%")), complaint.at.line)
    message = 'a line that begins with "%" is a directive to YAML; a task file needs none, delete it'
    return Explanation(Place(line, 0), _word(complaint.lines[line]), message)


def _document(complaint: Complaint) -> Explanation:
    if any(text.startswith("%") for text in complaint.lines[: complaint.at.line + 1]):
        return _directive(complaint)
    rest, before = complaint.rest(complaint.at), complaint.before(complaint.at)
    if before.strip():
        return Explanation(complaint.at, _word(rest), "text after the end of the document; delete it")
    message = "this line is indented less than the first one; give all top-level keys the same indentation"
    return Explanation(complaint.at, _word(rest), message)


def _block(complaint: Complaint) -> Explanation:
    indicator = complaint.rest(complaint.since)[:1]
    message = f'text after "{indicator}"; begin it on the next line, or put the value in quotes'
    return Explanation(complaint.since, max(1, len(complaint.rest(complaint.since))), message)


_RULES: tuple[tuple[str, Callable[[Complaint], Explanation]], ...] = (
    (r"quoted scalar.*(end of stream|document (indicator|separator))", _open_quote),
    (r"mapping values are not allowed", _colon),
    (r"sequence entries are not allowed", _dash),
    (r"mapping keys are not allowed", _question),
    (r"expected ':'", _no_colon),
    (r"parsing a flow (sequence|mapping)", _flow),
    (r"document start|directive|incompatible YAML", _document),
    (r"parsing a block (mapping|collection)", _misfit),
    (r"node content", _closer),
    (r"cannot start any token", _start),
    (r"escape|hexadecimal|hexdecimal", _escape),
    (r"an (alias|anchor)", _reference),
    (r"\btag\b", _tag),
    (r"block scalar", _block),
)
