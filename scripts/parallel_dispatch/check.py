"""What a schema cannot say about a task file: one rule, one function."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

from .combining import bad_integrator, unknown_task, unreachable_quorum, wrong_option
from .cycles import cycles
from .demands import lacking_resource, read_only_agent, short_timeout, tiny_task, unknown_agent, unused_agent
from .drafts import Outline, problem
from .mentions import undeclared_input
from .nodes import Mapping, scalar
from .outputs import bad_output, bad_output_dir, bad_scope, duplicate_output, overlapping_scope
from .problem import MAX_PROBLEMS, MAX_WORD, quoted, suggestion
from .sources import bad_source, id_of_an_item, one_output_for_all
from .tasks import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Mapping as Lookup

    from .document import Document
    from .drafts import Draft, Surroundings
    from .nodes import Scalar
    from .problem import Problem

MAX_COMPARED = 80_000  # names looked at for suggestions in one file; a hostile one could ask for millions
MAX_ID = 64  # characters
MAX_KNOT = 200  # tasks in a file for which it is worked out where to cut a cycle
MAX_LISTED = 10
MAX_LISTED_LENGTH = 1000


def check(document: Document, surroundings: Surroundings) -> list[Problem]:
    """Everything that the rules below find, in no special order. What the schema refuses is left out of their view."""
    root = document.root
    if not isinstance(root, Mapping):
        return []
    seen = Outline(document, root, surroundings)
    found = [list(itertools.islice(rule(seen), MAX_PROBLEMS + 1)) for rule in _RULES]
    found += [list(itertools.islice(_once(rule(seen)), MAX_PROBLEMS + 1)) for rule in _SPREAD_RULES]
    return list(itertools.chain.from_iterable(found))


def _once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first problem of each kind at each place: what is wrong with one item is wrong with all."""
    seen = set()
    for found in problems:
        place = (found.line, found.column, found.kind)
        if place not in seen:
            seen.add(place)
            yield found


def duplicate_id(outline: Outline) -> Iterator[Problem]:
    """Ids that are used twice, or that differ only in case: their files would be one file on macOS."""
    first: dict[str, Draft] = {}
    for task in outline.spread:
        other = first.setdefault(task.name.casefold(), task)
        if other is task:
            continue
        if other.name == task.name:
            message = (
                f"duplicate id {quoted(task.name)}; the task in line {other.id.line} has it already, choose another"
            )
        else:
            message = (
                f"the id {quoted(task.name)} differs only in case from {quoted(other.name)} in line {other.id.line},"
                " and their files may be the same; choose another"
            )
        yield problem(outline.file, task.id, "duplicate-id", message)


def unknown_dependency(outline: Outline) -> Iterator[Problem]:
    """Dependencies that no task has as its id."""
    known = {task.name: None for task in outline.tasks}
    listed = ", ".join(known)
    each = {task.name for task in outline.tasks if "for_each" in task.node.entries}
    budget = MAX_COMPARED
    for task in outline.tasks:
        for needed in task.needs:
            if needed.text in known or not isinstance(needed.value, str):
                continue
            weight = max(1, (min(len(needed.text), MAX_WORD) // 10) ** 2)  # of a comparison
            advice = _whole(needed.text, each) or suggestion(needed.text, itertools.islice(known, budget // weight))
            if not advice and len(known) <= MAX_LISTED and len(listed) <= MAX_LISTED_LENGTH:
                advice = f"; the ids are {listed}"
            budget = max(0, budget - len(known) * weight)
            message = f"task {quoted(task.name)} depends on {quoted(needed.text)}, but no task has this id{advice}"
            yield problem(outline.file, needed, "unknown-dependency", message)


def _whole(needed: str, each: set[str]) -> str:
    """What to write for the task of one item."""
    task, _, _ = needed.rpartition("-")
    return f"; {quoted(task)} means the tasks of all its items, write that once" if task in each else ""


def self_dependency(outline: Outline) -> Iterator[Problem]:
    """Tasks that wait for themselves."""
    for task in outline.tasks:
        for needed in task.needs:
            if needed.text == task.name:
                remedy = "name the task that writes its items" if needed is task.source else "delete this dependency"
                message = f"task {quoted(task.name)} depends on itself; {remedy}"
                yield problem(outline.file, needed, "self-dependency", message)


def duplicate_dependency(outline: Outline) -> Iterator[Problem]:
    """Dependencies that a task names twice."""
    for task in outline.tasks:
        first: dict[str, Scalar] = {}
        for needed in task.dependencies:
            other = first.setdefault(needed.text, needed)
            if other is not needed and needed.text != task.name:
                message = (
                    f"task {quoted(task.name)} names the dependency {quoted(needed.text)} twice,"
                    f" first in line {other.line}; delete one of the two"
                )
                yield problem(outline.file, needed, "duplicate-dependency", message)


def dependency_cycle(outline: Outline) -> Iterator[Problem]:
    """Tasks that wait for each other: a cycle for each knot, printed whole from its first task on."""
    known: dict[str, Draft] = {}
    for task in outline.tasks:
        known.setdefault(task.name, task)
    graph = {name: [d.text for d in task.needs if d.text in known] for name, task in known.items()}
    if _only_needs_what_stands_above(graph):
        return
    for cycle in cycles(graph):
        at = next(needed for needed in known[cycle[0]].needs if needed.text == cycle[1])
        way = " → ".join([*cycle, cycle[0]])
        message = f"dependency cycle: {way}; each waits for the next, delete {_cut(graph, cycle)}"
        yield problem(outline.file, at, "dependency-cycle", message)


def _cut(graph: Lookup[str, Sequence[str]], cycle: Sequence[str]) -> str:
    """Which dependency of a cycle to delete: any, or where there are more ways round, one that is on all of them."""
    if len(graph) > MAX_KNOT:
        return "one of these"
    count = len(cycles(graph))
    edges = list(zip(cycle, [*cycle[1:], cycle[0]]))
    enough = [
        edge for edge in edges if len(cycles({**graph, edge[0]: [n for n in graph[edge[0]] if n != edge[1]]})) < count
    ]
    if len(enough) == len(edges):
        return "one of these"
    if enough:
        return f"{quoted(enough[0][1])} from the dependencies of {quoted(enough[0][0])}"
    return "one of these; there are more ways round"


def unreachable_wait(outline: Outline) -> Iterator[Problem]:
    """Tasks that wait for more of their dependencies than they have."""
    if "wait" not in outline.keys:
        return
    waiting = [(task, asked) for task in outline.tasks if (asked := scalar(task.node.get("wait")))]
    count = Counter(task.id.text for task in outline.spread)
    patterns = {task.id.text for task in outline.tasks if task.source}  # nobody knows yet how many tasks these are
    for task, asked in waiting:
        wanted = 1 if asked.text in ("any", ENDED) else asked.value
        names = {needed.text for needed in task.dependencies}
        there = sum(count[name] for name in names)
        if isinstance(wanted, (int, float)) and wanted > there and names <= count.keys() - patterns:
            has = f"it has only {there}; write {there} or less" if there else 'it has none; write "dependencies", too'
            waits = (
                "until its dependencies have ended" if asked.text == ENDED else f"for {asked.text} of its dependencies"
            )
            message = f"task {quoted(task.name)} waits {waits}, but {has}"
            yield problem(outline.file, asked, "unreachable-wait", message)


def changed_value(outline: Outline) -> Iterator[Problem]:
    """Numbers that YAML reads as others than they look like."""
    for node in outline.surprises:
        message = f"YAML reads {node.text} as the number {node.value}; write {node.value}, or put it in quotes"
        yield problem(outline.file, node, "changed-value", message, "warning")


def long_id(outline: Outline) -> Iterator[Problem]:
    """Ids that are too long with the number of an item behind them."""
    for task in outline.spread:
        if len(task.name) > MAX_ID >= len(task.id.text):
            most = MAX_ID - (len(task.name) - len(task.id.text))
            message = f"the id of the task for an item, {quoted(task.name)}, has more than {MAX_ID} characters; "
            yield problem(outline.file, task.id, "wrong-value", f"{message}write at most {most} here")


def _only_needs_what_stands_above(graph: Lookup[str, Sequence[str]]) -> bool:
    """Whether no node of a graph needs one that follows it, as in most files: there is no cycle then."""
    above: set[str] = set()
    for node, needs in graph.items():
        if not above.issuperset(needs):
            return False
        above.add(node)
    return True


def conflicting_keys(outline: Outline) -> Iterator[Problem]:
    """Tasks that say twice what to do."""
    for task in outline.tasks:
        entry = task.node.entries.get("prompt_file")
        if entry and "prompt" in task.node.entries:
            message = f'task {quoted(task.name)} has both "prompt" and "prompt_file"; delete one of the two'
            yield problem(outline.file, entry.key, "conflicting-keys", message)


_RULES: tuple[Callable[[Outline], Iterator[Problem]], ...] = (
    unknown_dependency,
    self_dependency,
    duplicate_dependency,
    dependency_cycle,
    conflicting_keys,
    unreachable_wait,
    changed_value,
    bad_source,
    one_output_for_all,
    bad_output_dir,
    bad_scope,
    lacking_resource,
    unknown_agent,
    read_only_agent,
    unused_agent,
    short_timeout,
    tiny_task,
    undeclared_input,
    wrong_option,
    unknown_task,
    bad_integrator,
    unreachable_quorum,
)
_SPREAD_RULES: tuple[Callable[[Outline], Iterator[Problem]], ...] = (
    duplicate_id,
    long_id,
    id_of_an_item,
    bad_output,
    duplicate_output,
    overlapping_scope,
)
