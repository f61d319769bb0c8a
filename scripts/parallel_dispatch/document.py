"""A YAML text as a tree of nodes with positions, composed from parser events within bounds.

Values come out as PyYAML's safe loader would construct them (YAML 1.1), with two differences: keys are always the text
that was written, and what the loader cannot construct is a problem instead of an exception.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Protocol, cast

import yaml

from .nodes import Entry, Mapping, Node, Scalar, Sequence
from .problem import MAX_PROBLEMS, Problem, quoted
from .source import refused_character, refused_directives, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .syntax import Place

MAX_NODES = 200_000
MAX_DEPTH = 100
MAX_WRITTEN = 20_000_000  # characters that aliases stand for; each problem in one of them reads them again
MAX_NUMBER = 100  # characters; Python refuses to read integers of more than 4,300 digits, and nobody means them

_CORE = "tag:yaml.org,2002:"
PROPERTIES = re.compile(r"(?:[&!]\S*\s+(?:#[^\n]*\n\s*)*)*")  # anchors and tags before a value, and comments between
_SURPRISE = re.compile(r"[+-]?(?:0[0-7_]+|[0-9][0-9_]*(?::[0-9]+)+(?:\.[0-9_]*)?)")  # octal, sexagesimal
_BLOCK = {"|", ">"}
_TYPES = {f"{_CORE}{name}": name for name in ("str", "int", "float", "bool", "null", "seq", "map")}
_RESOLVERS: dict[str | None, list[tuple[str, re.Pattern[str]]]] = yaml.SafeLoader.yaml_implicit_resolvers
_CONSTRUCTOR = yaml.constructor.SafeConstructor()


class _Mark(Protocol):
    line: int
    column: int


class _Event(Protocol):
    start_mark: _Mark
    end_mark: _Mark
    anchor: str | None
    tag: str | None
    implicit: tuple[bool, bool]
    value: str
    style: str | None
    flow_style: bool


class Document:
    """One file as it was read; `root` is None where the text could not be composed.

    `surprises` are numbers that few people read as YAML does.
    """

    def __init__(
        self,
        name: str,
        text: str,
        root: Node | None,
        problems: tuple[Problem, ...],
        surprises: tuple[Scalar, ...] = (),
    ) -> None:
        self.name, self.text, self.root = name, text, root
        self.problems, self.surprises = problems, surprises

    @functools.cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text, without their ends; most texts never need them."""
        return split_lines(self.text)


def compose(name: str, text: str, *, pure: bool = False) -> Document:
    """The document in a text. `pure` asks for PyYAML's own parser, which serves where libyaml is missing.

    Both find the same in all but odd texts; PyYAML refuses a tab between a key's colon and its value, for one.
    """
    refused = refused_character(name, text) or refused_directives(name, text)
    if refused:
        return Document(name, text, None, (refused,))
    composer = _Composer(name, text)
    try:
        root = composer.compose(_events(text, pure=pure))
    except _Stop:
        root = None
    except yaml.MarkedYAMLError as error:
        composer.complain(error)
        root = None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a %YAML directive with a number that Python refuses
        composer.problems.append(Problem(name, 1, 1, 1, "syntax", f"this is not valid YAML: {error}"))
        root = None
    problems = composer.problems + (composer.swallowed if root else [])
    return Document(name, text, root, tuple(problems), tuple(composer.surprises))


def _events(text: str, *, pure: bool) -> Iterator[_Event]:
    loader = yaml.SafeLoader if pure else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return cast("Iterator[_Event]", iter(loader(text).get_event, None))  # None follows the last event


def _written(node: Node) -> int:
    """The characters in a node, aliases written out."""
    if isinstance(node, Scalar):
        return len(node.text)
    if isinstance(node, Sequence):
        return sum(map(_written, node.items))
    return sum(len(name) + _written(entry.node) for name, entry in node.entries.items())


class _Stop(Exception):  # noqa: N818 - no error: the end of composing, after its problem was noted
    """The text goes past a bound; nothing more is read."""


class _Open:
    """A collection that is not closed yet.

    `before`: how many values were counted when it began; `at_key`: whether a mapping waits for a key.
    """

    __slots__ = ("anchor", "at_key", "before", "key", "merged", "node")

    def __init__(self, node: Sequence | Mapping, anchor: str | None, before: int, *, at_key: bool = True) -> None:
        self.node, self.anchor, self.before, self.at_key = node, anchor, before, at_key
        self.key: Scalar | None = None
        self.merged: list[Node] | None = None


class _Composer:
    """One pass over the events of one text; the common event, a scalar, takes the fewest steps."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.surprises: list[Scalar] = []
        self.swallowed: list[Problem] = []  # what is only worth telling where the whole text could be read
        self._text = text
        self._top = _Open(Sequence(1, 1, 1), None, 0, at_key=False)  # the innermost; at the bottom, what holds the root
        self._stack: list[_Open] = []  # those around it
        self._anchors: dict[str, Node | None] = {}
        self._words: dict[str, str] = {}  # keys that mean their text: looked up once, and kept once
        self._number, self._line = 0, 1  # the last line in the parser's count and in ours, one object for its nodes
        self._size = 0
        self._written = 0  # characters that aliases stand for
        self._documents = 0

    @functools.cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text; most texts never need them."""
        return split_lines(self._text)

    def add(self, line: int, column: int, length: int, kind: str, message: str) -> None:
        """A problem; after more than anyone reads, nothing more is composed."""
        self.problems.append(Problem(self.name, line, column, length, kind, message))
        if len(self.problems) > MAX_PROBLEMS:
            raise _Stop

    def compose(self, events: Iterator[_Event]) -> Node | None:
        """The root, or None after a problem that leaves none."""
        handlers = {
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.DocumentStartEvent: self._document,
        }
        scalar, scalar_event = self._scalar, yaml.ScalarEvent  # most events are scalars
        for event in events:
            kind = type(event)
            if kind is scalar_event:
                scalar(event)
            elif kind in handlers:
                handlers[kind](event)
        holder = self._top.node
        root = holder.items[0] if isinstance(holder, Sequence) and holder.items else None
        if root is None or (isinstance(root, Scalar) and root.value is None):
            self.add(1, 1, 1, "empty", 'the file is empty; a task file needs at least "name" and "tasks"')
            return None
        return root

    def complain(self, error: yaml.MarkedYAMLError) -> None:
        """The parser's error as a problem."""
        from .syntax import Complaint, Place, explain

        at = error.problem_mark or error.context_mark
        since = error.context_mark or at
        complaint = Complaint(
            f"{error.context or ''} {error.problem or ''}",
            Place(at.line, at.column),
            Place(since.line, since.column),
            self.lines,
            self._opener(),
        )
        place, length, message = explain(complaint)
        line = min(place.line, len(self.lines) - 1)
        column = min(place.column, len(self.lines[line]))
        self.problems.append(Problem(self.name, line + 1, column + 1, length, "syntax", message))

    def _opener(self) -> Place | None:
        from .syntax import Place

        inside = [opened.node for opened in [*self._stack, self._top][1:]]
        places = (Place(node.line - 1, self._behind_properties(node)) for node in reversed(inside))
        return next((place for place in places if self.lines[place.line][place.column :][:1] in {"[", "{"}), None)

    def _behind_properties(self, node: Node) -> int:
        found = PROPERTIES.match(self.lines[node.line - 1], node.column - 1)
        return found.end() if found else node.column - 1

    def _stop(self, event: _Event, kind: str, message: str) -> None:
        self.add(event.start_mark.line + 1, event.start_mark.column + 1, 1, kind, message)
        raise _Stop

    def _count(self, event: _Event, size: int) -> None:
        """The bound on values; an alias counts as all that it stands for."""
        self._size += size
        if self._size > MAX_NODES:
            self._stop(event, "too-large", f"more than {MAX_NODES:,} values, aliases written out; split the file")

    def _document(self, event: _Event) -> None:
        self._documents += 1
        if self._documents > 1:
            line, column, _ = self._span(event)
            self.add(line, column, 3, "unsupported", "a second document begins here; write one task file per file")
            raise _Stop

    def _span(self, event: _Event) -> tuple[int, int, int]:
        start, end = event.start_mark, event.end_mark
        line, column = start.line, start.column
        length = end.column - column if end.line == line else len(self.lines[line].rstrip()) - column
        return line + 1, column + 1, max(1, length)

    def _scalar(self, event: _Event) -> None:
        start, end = event.start_mark, event.end_mark
        number, column, text, plain = start.line, start.column, event.value, event.implicit[0]
        if number != self._number:
            self._number, self._line = number, number + 1
        if event.style in _BLOCK:
            length = 1
        else:
            length = end.column - column or 1 if end.line == number else self._span(event)[2]
            if plain and end.line != number and " - " in text:
                self._swallowed(number, end.line)
        self._size += 1
        if self._size > MAX_NODES:
            self._count(event, 0)
        opened = self._top
        if opened.at_key and plain and text in self._words and event.anchor is None:
            text = self._words[text]
            opened.at_key = False
            opened.key = Scalar(self._line, column + 1, length, text, text, plain)
            if not opened.node.value:
                self._mark(opened.node, opened.key)
            return
        node = Scalar(self._line, column + 1, length, text, text, plain)
        self._resolve(event, node)
        self._attach(opened, node)

    def _swallowed(self, first: int, last: int) -> None:
        """Lines of a plain text that look like items of the list that it stands in."""
        for number in range(first + 1, min(last, len(self.lines) - 1) + 1):
            line = self.lines[number]
            column = len(line) - len(line.lstrip(" "))
            if line.startswith("- ", column):
                message = f'YAML reads this line as a part of the text in line {first + 1}; move its "-" below that one'
                wrong = Problem(self.name, number + 1, column + 1, 1, "changed-value", f"{message}'s", "warning")
                self.swallowed.append(wrong)
                return

    def _resolve(self, event: _Event, node: Scalar) -> None:
        """What a scalar means: by its tag, by how it looks where it is plain, else its text."""
        text = node.text
        if event.tag is not None and event.tag != "!":
            node.value = self._construct(self._tag(event), node)
            node.plain = False
        elif node.plain:
            for tag, pattern in _RESOLVERS.get(text[:1], ()):
                if pattern.match(text):
                    node.value = self._construct(tag.removeprefix(_CORE), node)
                    if _SURPRISE.fullmatch(text) and not self._top.at_key:
                        self.surprises.append(node)
                    break
            else:
                if self._top.at_key:
                    self._words[text] = text
        elif event.style == '"' and not text.isascii() and re.search("[\ud800-\udfff]", text):
            self._surrogate(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = node

    def _surrogate(self, event: _Event) -> None:
        """The escape of half a surrogate pair, which libyaml refuses and PyYAML does not."""
        for number in range(event.start_mark.line, event.end_mark.line + 1):
            found = re.search(r"\\(?:u|U0000)[dD][89A-Fa-f][0-9A-Fa-f]{2}", self.lines[number])
            if found:
                from .syntax import Place, bad_escape

                place, length, message = bad_escape(Place(number, found.start()), found.group())
                self.add(place.line + 1, place.column + 1, length, "syntax", message)
                raise _Stop

    def _construct(self, kind: str, node: Scalar) -> object:
        """The value of a scalar that is not text."""
        construct = {
            "int": _CONSTRUCTOR.construct_yaml_int,
            "float": _CONSTRUCTOR.construct_yaml_float,
            "bool": _CONSTRUCTOR.construct_yaml_bool,
            "null": _CONSTRUCTOR.construct_yaml_null,
            "timestamp": _CONSTRUCTOR.construct_yaml_timestamp,
        }.get(kind)
        if construct is None:
            return node.text
        if len(node.text) > MAX_NUMBER:
            self.add(
                node.line,
                node.column,
                node.length,
                "wrong-value",
                "a number this long cannot be meant; quote it if it is text",
            )
            return node.text
        try:
            value: object = construct(yaml.ScalarNode(kind, node.text))
        except (ValueError, KeyError, IndexError, AttributeError, OverflowError):  # whatever the safe loader fails with
            what = {"timestamp": "date", "int": "number", "float": "number"}.get(kind, kind)
            message = (
                f"YAML takes {quoted(node.text)} for a {what}, but there is no such {what}; quote it if it is text"
            )
            self.add(node.line, node.column, node.length, "wrong-value", message)
            return node.text
        return value

    def _tag(self, event: _Event) -> str:
        """The short name of an explicit core tag; any other is a problem, and what it stands on is read without it."""
        tag = event.tag or ""
        name = _TYPES.get(tag)
        collections = {yaml.MappingStartEvent: "map", yaml.SequenceStartEvent: "seq"}
        collection = collections.get(type(event))
        if name and (name == collection if collection else name not in collections.values()):
            return name
        shown = "!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag
        line, column, _ = self._span(event)
        end = self.lines[line - 1].find(" ", column - 1)
        length = (len(self.lines[line - 1]) if end < 0 else end) - column + 1
        self.add(
            line, column, max(1, length), "unsupported", f"the YAML tag {quoted(shown)} is not allowed here; delete it"
        )
        return "str"

    def _start(self, event: _Event) -> None:
        start = event.start_mark
        if start.line != self._number:
            self._number, self._line = start.line, start.line + 1
        is_mapping = type(event) is yaml.MappingStartEvent
        node: Sequence | Mapping
        node = Mapping(self._line, start.column + 1, 1) if is_mapping else Sequence(self._line, start.column + 1, 1)
        if event.tag is not None and event.tag != "!" and _TYPES.get(event.tag) != ("map" if is_mapping else "seq"):
            self._tag(event)
        if len(self._stack) >= MAX_DEPTH:
            self._stop(event, "too-large", f"nested deeper than {MAX_DEPTH} levels; a task file needs few of them")
        self._stack.append(self._top)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._top = _Open(node, event.anchor, self._size, at_key=is_mapping)
        self._count(event, 1)

    def _end(self, _: _Event) -> None:
        done, self._top = self._top, self._stack.pop()
        node = done.node
        node.size = self._size - done.before
        if isinstance(node, Mapping) and done.merged:
            self._merge(node, done.merged)
        if done.anchor is not None:
            self._anchors[done.anchor] = node
        self._attach(self._top, node)

    def _alias(self, event: _Event) -> None:
        line, column, length = self._span(event)
        shown = quoted(f"*{event.anchor}")
        if event.anchor not in self._anchors:
            message = f"{shown} refers to no anchor above; put it in quotes if it is text"
            self.add(line, column, length, "syntax", message)
            self._attach(self._top, Scalar(line, column, length, f"*{event.anchor}", f"*{event.anchor}"))
            return
        target = self._anchors[event.anchor or ""]
        if target is None:
            self.add(line, column, length, "syntax", f"{shown} stands inside of what it refers to; delete it")
            raise _Stop
        if len(self._stack) + target.height > MAX_DEPTH:
            self._stop(
                event,
                "too-large",
                f"nested deeper than {MAX_DEPTH} levels, with what {shown} stands for; a task file needs few of them",
            )
        self._count(event, target.size)
        self._written += _written(target)
        if self._written > MAX_WRITTEN:
            self._stop(event, "too-large", f"more than {MAX_WRITTEN:,} characters, aliases written out; split the file")
        import copy

        same = copy.copy(target)
        same.line, same.column, same.length = line, column, length
        self._attach(self._top, same)

    def _attach(self, opened: _Open, node: Node) -> None:
        holder, key = opened.node, opened.key
        if node.height >= holder.height:
            holder.height = node.height + 1
        if isinstance(holder, Sequence):
            if isinstance(node, Scalar) and node.empty and self._follows_dash(node):
                node.column -= 1  # to the "-" itself
            holder.items.append(node)
            holder.value.append(node.value)
        elif opened.at_key:
            opened.at_key = False
            opened.key = node if isinstance(node, Scalar) else None
            if opened.key is None:
                message = "a key must be text; if these braces or brackets are text, put the whole value in quotes"
                self.add(node.line, node.column, node.length, "unsupported", message)
            self._mark(holder, node)
        else:
            opened.at_key = True
            if key is None:
                return
            if isinstance(node, Scalar) and node.empty:
                node.line, node.column, node.length = key.line, key.column, key.length
            name = key.text
            if name in holder.entries or (name == "<<" and key.plain):
                self._enter_again(opened, holder, key, node)
            else:
                holder.entries[name] = Entry(key, node)
                holder.value[name] = node.value

    def _mark(self, mapping: Node, key: Node) -> None:
        """Underlines a mapping as its first key, where it begins with that."""
        if key.column == mapping.column and key.line == mapping.line:
            mapping.length = key.length

    def _follows_dash(self, node: Scalar) -> bool:
        return bool(self._stack) and self.lines[node.line - 1].endswith("-", 0, node.column - 1)

    def _enter_again(self, opened: _Open, mapping: Mapping, key: Scalar, node: Node) -> None:
        """A key that may stand more than once, `<<`, or one that must not."""
        if key.plain and key.text == "<<":
            opened.merged = opened.merged or []
            opened.merged.append(node)
            return
        line = mapping.entries[key.text].key.line
        message = (
            f"duplicate key {quoted(key.text)}; it stands in line {line} already, delete one of the two or join them"
        )
        self.add(key.line, key.column, key.length, "duplicate-key", message)

    def _merge(self, mapping: Mapping, merged: list[Node]) -> None:
        """What `<<` brings in: own keys win over merged ones, the earlier of a list, and the last `<<`."""
        for node in (
            part for value in reversed(merged) for part in (value.items if isinstance(value, Sequence) else [value])
        ):
            if not isinstance(node, Mapping):
                message = '"<<" merges mappings; write the alias of a mapping, or a list of them'
                self.add(node.line, node.column, node.length, "wrong-type", message)
                continue
            for name, entry in node.entries.items():
                if name not in mapping.entries:
                    mapping.entries[name] = entry
                    mapping.value[name] = entry.node.value
