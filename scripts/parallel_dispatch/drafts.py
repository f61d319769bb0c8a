"""Tasks as far as they can be read: what the rules about a task file look at."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from . import item
from .for_each import items_of, source_of
from .nodes import Mapping, Node, Scalar, items, scalar
from .problem import Problem
from .resolving import Roster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Lookup

    from .document import Document


class Draft(NamedTuple):
    """One task: its name, where it writes, and where its parts stand. What the schema refuses is left out."""

    node: Mapping
    id: Scalar
    name: str
    output: Scalar | None
    path: str  # of the output; the default where none is written
    has_output: bool  # False: the default applies
    dependencies: tuple[Scalar, ...]
    prompt: Scalar | None = None
    item: str | None = None
    source: Scalar | None = None  # the task whose output holds the items

    @property
    def place(self) -> Scalar:
        """What decides where the task writes."""
        return self.output or self.id

    @property
    def needs(self) -> tuple[Scalar, ...]:
        """What the task waits for: its dependencies, and whoever writes its items."""
        if self.source is None or any(needed.text == self.source.text for needed in self.dependencies):
            return self.dependencies
        return (*self.dependencies, self.source)


class Surroundings(NamedTuple):
    """What is around a task file: the files that its globs find, who there is for its tasks, its own path there."""

    matches: Lookup[str, Sequence[str]] = MappingProxyType({})
    agents: Roster = Roster()
    path: str = ""


class Outline:
    """A task file as the rules see it: the tasks that have an id, as they stand in the `file` and one for each item.

    `keys` are those that any task has.
    """

    def __init__(self, document: Document, root: Mapping, surroundings: Surroundings) -> None:
        self.file, self.surprises, self.surroundings = document.name, document.surprises, surroundings
        self.tasks = [draft for draft in map(_draft, items(root.get("tasks"))) if draft]
        self.spread = [each for task in self.tasks for each in _each(task, surroundings.matches)]
        self.settings, self.agents = _mapping(root, "settings"), _mapping(root, "agents")
        self.keys = frozenset().union(*(task.node.entries for task in self.tasks))

    @functools.cached_property
    def roles(self) -> list[Scalar]:
        """Where it stands for the first time what agents work as."""
        found: dict[str, Scalar] = {}
        for name, entry in self.agents.entries.items():
            role = scalar(entry.node.get("role")) if isinstance(entry.node, Mapping) else None
            if not name.startswith("x-"):
                found.setdefault((role or entry.key).text, role or entry.key)
        for task in self.tasks:
            named = scalar(task.node.get("agent"))
            if named and named.text not in found and named.text not in self.agents.entries:
                found[named.text] = named
        return [role for text, role in found.items() if not item.mentions_item(text)]


def graph_of(tasks: list[Draft]) -> dict[str, set[str]]:
    """What each task waits for itself; of tasks with the same id the first counts."""
    known = {task.name: task for task in reversed(tasks)}
    return {name: {d.text for d in task.needs if d.text in known} for name, task in known.items()}


def upstream_of(name: str, graph: dict[str, set[str]]) -> set[str]:
    """All tasks that a task waits for, directly and through others."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        fresh = graph[todo.pop()] - seen
        seen |= fresh
        todo += fresh
    return seen


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
        path = item.substituted(task.output.text, each) if task.output else f"{name}.md"
        yield task._replace(name=name, path=path, item=each)


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
        tuple([needed for needed in map(scalar, items(node.get("dependencies"))) if needed]),
        asked if isinstance(asked, Scalar) and isinstance(asked.value, str) else None,
        source=source,
    )


def problem(file: str, at: Node, kind: str, message: str, level: str = "error") -> Problem:
    """A problem with what stands in one place."""
    return Problem(file, at.line, at.column, at.length, kind, message, level)
