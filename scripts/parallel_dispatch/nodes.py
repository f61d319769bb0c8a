"""The parts of a document: YAML values that know where they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Union


@dataclass(slots=True)
class Scalar:
    """One scalar: what it means to YAML (`value`) beside what was written (`text`).

    Positions count from 1; `length` is what to underline on the first line. `plain` says that it stood without quotes,
    so that YAML chose its type. A file holds 100,000 of these and more: a field here costs a megabyte.
    """

    size: ClassVar[int] = 1
    height: ClassVar[int] = 0

    line: int
    column: int
    length: int
    value: object
    text: str
    plain: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing was written at all."""
        return self.plain and not self.text


@dataclass(slots=True)
class Sequence:
    """One list; `value` holds the plain values of `items`."""

    line: int
    column: int
    length: int
    items: list[Node] = field(default_factory=list)
    value: list[object] = field(default_factory=list)
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class Entry:
    """One key of a mapping and what it holds."""

    key: Scalar
    node: Node


@dataclass(slots=True)
class Mapping:
    """One mapping by the text of its keys, merged ones included; `value` holds the plain values of `entries`."""

    line: int
    column: int
    length: int
    entries: dict[str, Entry] = field(default_factory=dict)
    value: dict[str, object] = field(default_factory=dict)
    size: int = 1
    height: int = 1

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
