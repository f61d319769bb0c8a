"""Tasks as far as they can be read: what the rules about a task file look at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import item
from .for_each import items_of, source_of
from .nodes import Mapping, Node, Scalar, items, scalar
from .problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Lookup


@dataclass(slots=True, eq=False)
class Draft:
    """One task: its name, where it writes, and where its parts stand. What the schema refuses is left out."""

    node: Mapping
    id: Scalar
    name: str
    output: Scalar | None
    path: str  # of the output; the default where none is written
    has_output: bool  # False: the default applies
    dependencies: tuple[Scalar, ...]
    prompt: Scalar | None = None
    source: Scalar | None = None  # the task whose output holds the items

    @property
    def place(self) -> Scalar:
        """What decides where the task writes."""
        return self.output or self.id

    @property
    def needs(self) -> tuple[Scalar, ...]:
        """What the task waits for: its dependencies, and whoever writes its items."""
        known = self.source is None or any(needed.text == self.source.text for needed in self.dependencies)
        return self.dependencies if known or not self.source else (*self.dependencies, self.source)


@dataclass(frozen=True)
class Outline:
    """A task file as the rules see it: the tasks that have an id, as they stand in the `file` and one for each item."""

    file: str
    tasks: list[Draft]
    spread: list[Draft]
    settings: Mapping
    agents: Mapping


def outline(file: str, root: Mapping, matches: Lookup[str, Sequence[str]]) -> Outline:
    """What is there to be judged; `matches` are the files that each glob of the document finds."""
    tasks = [draft for draft in map(_draft, items(root.get("tasks"))) if draft]
    spread = [each for task in tasks for each in _each(task, matches)]
    return Outline(file, tasks, spread, _mapping(root, "settings"), _mapping(root, "agents"))


def _mapping(root: Mapping, key: str) -> Mapping:
    node = root.get(key)
    return node if isinstance(node, Mapping) else Mapping(1, 1, 1)


def _each(task: Draft, matches: Lookup[str, Sequence[str]]) -> Iterator[Draft]:
    found = items_of(task.node, matches) if "for_each" in task.node.entries else None
    if found is None:
        yield task
        return
    for number, each in enumerate(found, 1):
        name = item.name(task.name, number)
        yield replace(task, name=name, path=item.substituted(task.output.text, each) if task.output else f"{name}.md")


def _draft(node: Node) -> Draft | None:
    named = scalar(node.get("id")) if isinstance(node, Mapping) else None
    if named is None or not isinstance(node, Mapping):
        return None
    written, asked = node.get("output"), node.get("prompt")
    output, source = scalar(written), source_of(node)
    default = item.name(named.text, 1) if source else named.text
    return Draft(
        node,
        named,
        named.text,
        output if output and isinstance(output.value, str) else None,
        output.text if output and isinstance(output.value, str) else f"{default}.md",
        written is not None,
        tuple([item for item in map(scalar, items(node.get("dependencies"))) if item]),
        asked if isinstance(asked, Scalar) and isinstance(asked.value, str) else None,
        source,
    )


def problem(file: str, at: Node, kind: str, message: str, level: str = "error") -> Problem:
    """A problem with what stands in one place."""
    return Problem(file, at.line, at.column, at.length, kind, message, level)
