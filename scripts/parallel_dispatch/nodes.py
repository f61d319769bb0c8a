"""The parts of a document: YAML values that know where they stand.

Plain classes with slots: a file holds 100,000 of these and more, where each field costs a megabyte, and every start
would wait two milliseconds for a decorator to write these methods.
"""

from __future__ import annotations

from typing import Union


class Scalar:
    """One scalar: what it means to YAML (`value`) beside what was written (`text`).

    Positions count from 1; `length` is what to underline on the first line. `plain` says that it stood without quotes,
    so that YAML chose its type.
    """

    __slots__ = ("column", "length", "line", "plain", "text", "value")

    size = 1
    height = 0

    def __init__(
        self,
        line: int,
        column: int,
        length: int,
        value: object,
        text: str,
        plain: bool = False,
    ) -> None:
        self.line, self.column, self.length = line, column, length
        self.value, self.text, self.plain = value, text, plain

    @property
    def empty(self) -> bool:
        """Whether nothing was written at all."""
        return self.plain and not self.text


class Sequence:
    """One list; `value` holds the plain values of `items`."""

    __slots__ = ("column", "height", "items", "length", "line", "size", "value")

    def __init__(self, line: int, column: int, length: int) -> None:
        self.line, self.column, self.length = line, column, length
        self.items: list[Node] = []
        self.value: list[object] = []
        self.size = self.height = 1


class Entry:
    """One key of a mapping and what it holds."""

    __slots__ = ("key", "node")

    def __init__(self, key: Scalar, node: Node) -> None:
        self.key, self.node = key, node


class Mapping:
    """One mapping by the text of its keys, merged ones included; `value` holds the plain values of `entries`."""

    __slots__ = ("column", "entries", "height", "length", "line", "size", "value")

    def __init__(self, line: int, column: int, length: int) -> None:
        self.line, self.column, self.length = line, column, length
        self.entries: dict[str, Entry] = {}
        self.value: dict[str, object] = {}
        self.size = self.height = 1

    def get(self, key: str) -> Node | None:
        """The node of a key, if the key is there."""
        entry = self.entries.get(key)
        return entry.node if entry else None


Node = Union[Scalar, Sequence, Mapping]


def items(node: Node | None) -> list[Node]:
    """The items of a list; nothing for anything else."""
    return node.items if isinstance(node, Sequence) else []


def scalar(node: Node | None) -> Scalar | None:
    """The node if it is a scalar that holds something."""
    return node if isinstance(node, Scalar) and not node.empty and node.value is not None else None
