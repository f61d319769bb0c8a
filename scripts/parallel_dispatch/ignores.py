"""Comments that silence a problem: `# parallel-dispatch: ignore[kind]`, on its line or alone on a line above it."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from .document import PROPERTIES
from .kinds import KINDS
from .nodes import Mapping, Node, Scalar
from .problem import IGNORE, MAX_PROBLEMS, Problem, nearest, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .document import Document

MAX_IGNORES = 20_000  # of one file that are read

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*parallel-dispatch:[ \t]*([A-Za-z]\w*)[ \t]*(?:\[([^\]#]*)\])?")
_ALONE = re.compile(r"[ \t]*(?:#.*)?")
_QUOTED = {"'": re.compile(r"'(?:[^']|'')*'"), '"': re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)}


class _Ignore(NamedTuple):
    """One kind in the brackets of a comment, and the line that the comment speaks of."""

    line: int
    column: int
    length: int
    kind: str
    target: int


def silence(document: Document, problems: Iterable[Problem]) -> set[Problem]:
    """The problems without those that a comment ignores, and with what is wrong with such comments.

    Warnings and advice can be ignored, errors cannot. A text that could not be composed is left as it is: nobody knows
    what a comment is in there.
    """
    found = set(problems)
    if document.root is None:
        return found
    ignores, odd = _read(document)
    wanted = {(ignore.target, ignore.kind) for ignore in ignores}
    silenced = {p for p in found if p.level != "error" and (p.line, p.kind) in wanted}
    hits = {(problem.line, problem.kind) for problem in silenced}
    unused = _unused(document.name, [i for i in ignores if (i.target, i.kind) not in hits], found)
    return (found - silenced) | set(itertools.islice(itertools.chain(odd, unused), MAX_PROBLEMS + 1))


def _read(document: Document) -> tuple[list[_Ignore], list[Problem]]:
    """What the comments ask for, and those that ask for nothing."""
    targets = _targets(document.lines)
    hidden = _Hidden(document)
    ignores: list[_Ignore] = []
    odd: list[Problem] = []
    for number, line in enumerate(document.lines):
        if IGNORE not in line:
            continue
        for match in _COMMENT.finditer(line):
            word, kinds = match.groups()
            if hidden.covers(number, match.start()) or len(ignores) + len(odd) > MAX_IGNORES:
                continue
            if word == "ignore" and kinds and kinds.strip(" \t,"):
                found = _kinds(number + 1, match.start(2) + 1, kinds, targets[number])
                ignores += itertools.islice(found, MAX_IGNORES)
            elif kinds is not None or nearest(word, ["ignore"]):
                message = 'this comment ignores nothing; write "ignore[…]" with a kind as it stands behind a message'
                column, length = match.start(1) + 1, match.end() - match.start(1)
                odd.append(Problem(document.name, number + 1, column, length, "unknown-ignore", message, "advice"))
    return ignores, odd


def _kinds(line: int, column: int, text: str, target: int) -> Iterator[_Ignore]:
    for match in re.finditer(r"[^\s,]+", text):
        yield _Ignore(line, column + match.start(), len(match.group()), match.group(), target)


def _targets(lines: tuple[str, ...]) -> list[int]:
    """For each line the one that a comment on it speaks of: itself, or the next that holds more than a comment."""
    targets = [0] * len(lines)
    following = len(lines) + 1
    for number in range(len(lines) - 1, -1, -1):
        if not _ALONE.fullmatch(lines[number]):
            following = number + 1
        targets[number] = following
    return targets


def _unused(name: str, ignores: list[_Ignore], found: set[Problem]) -> Iterator[Problem]:
    """Advice about what silences nothing. In a file with errors a rule may have had no say, so it may yet be needed."""
    errors = {(problem.line, problem.kind) for problem in found if problem.level == "error"}
    for ignore in ignores:
        known = KINDS.get(ignore.kind)
        if known is None:
            message = f"no problem is of the kind {quoted(ignore.kind)}{suggestion(ignore.kind, KINDS)}"
        elif known.level == "error" or (ignore.target, ignore.kind) in errors:
            message = f"{quoted(ignore.kind)} is an error and cannot be ignored; correct it, and delete this"
        elif errors:
            continue
        else:
            message = f"there is no {quoted(ignore.kind)} here to ignore; delete this"
        kind = "unused-ignore" if known else "unknown-ignore"
        yield Problem(name, ignore.line, ignore.column, ignore.length, kind, message, "advice")


class _Hidden:
    """The parts of a text in which `#` begins no comment: quoted scalars and block scalars."""

    def __init__(self, document: Document) -> None:
        self._text = "\n".join(document.lines)
        self._starts = [0, *itertools.accumulate(len(line) + 1 for line in document.lines)]
        spans = sorted({self._span(scalar, around) for scalar, around in _scalars(document.root)})
        self._begins = [begin for begin, _ in spans]
        self._ends = [end for _, end in spans]

    def covers(self, line: int, column: int) -> bool:
        """Whether a place (both numbers from 0) is in such a part."""
        place = self._starts[line] + column
        index = bisect_right(self._begins, place) - 1
        return index >= 0 and place < self._ends[index]

    def _span(self, scalar: Scalar, around: int) -> tuple[int, int]:
        """Where a scalar begins and ends; a plain one is nothing. `around` is the column of what holds it."""
        place = self._starts[scalar.line - 1] + scalar.column - 1
        properties = PROPERTIES.match(self._text, place)
        begin = properties.end() if properties else place
        opener = self._text[begin : begin + 1]
        if opener in {"|", ">"}:
            return self._block(scalar, begin, around)
        closed = _QUOTED[opener].match(self._text, begin) if opener in _QUOTED else None
        return begin, closed.end() if closed else begin

    def _block(self, scalar: Scalar, begin: int, around: int) -> tuple[int, int]:
        """A block scalar without its header: blank lines, and those that are indented as far as its first."""
        before = self._line(scalar.line - 1)[: scalar.column - 1].rstrip(" ")
        if before.endswith("-"):
            around = len(before) - 1
        digit = re.match(r"[|>][+-]?([1-9])", self._text[begin : begin + 3])
        indent = around + int(digit.group(1)) if digit else 0
        first = last = bisect_right(self._starts, begin)
        for number in range(first, len(self._starts) - 1):
            line = self._line(number)
            depth = len(line) - len(line.lstrip(" "))
            if line.strip(" "):
                indent = indent or max(depth, around + 1)
                if depth < indent:
                    break
            last = number + 1
        return self._starts[first], self._starts[last]

    def _line(self, number: int) -> str:
        return self._text[self._starts[number] : self._starts[number + 1] - 1]


def _scalars(root: Node | None) -> Iterator[tuple[Scalar, int]]:
    """All scalars, keys too, each with the column (from 0) of its key or list; what aliases repeat is walked once."""
    todo: list[tuple[Node, int]] = [(root, -1)] if root else []
    seen: set[int] = set()
    while todo:
        node, around = todo.pop()
        if isinstance(node, Scalar):
            yield node, around
        elif id(node.value) not in seen:
            seen.add(id(node.value))
            if isinstance(node, Mapping):
                yield from ((entry.key, -1) for entry in node.entries.values())
                todo += [(entry.node, entry.key.column - 1) for entry in node.entries.values()]
            else:
                todo += [(item, node.column - 1) for item in node.items]
