"""What a task file says of its outputs together: the tasks that an aggregate names, and what fits its strategy."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from .contributors import Names, last_of_all, upstream
from .drafts import graph_of, problem
from .nodes import Mapping, Scalar, items, scalar
from .problem import quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .drafts import Outline
    from .nodes import Node
    from .problem import Problem

INTEGRATOR = "integrator"
OF = {"integrator": INTEGRATOR, "summary": INTEGRATOR, "key": "consensus", "quorum": "consensus", "order": "priority"}
"""The options of one strategy only."""
MAX_COMPARED = 20_000
"""Names that are looked at for suggestions; a hostile file could ask for millions."""
MAX_LISTED = 10


def wrong_option(outline: Outline) -> Iterator[Problem]:
    """Options of an aggregate that belong to another strategy."""
    node = outline.settings.get("aggregate")
    strategy = _strategy(node)
    if not isinstance(node, Mapping) or not strategy:
        return
    for key, entry in node.entries.items():
        if key in OF and OF[key] != strategy and strategy in {"merge", "priority", *OF.values()}:
            message = (
                f'"{key}" is an option of the strategy "{OF[key]}", but this one is "{strategy}"; '
                f'delete it, or write "strategy: {OF[key]}"'
            )
            yield problem(outline.file, entry.key, "conflicting-keys", message)


def unknown_task(outline: Outline) -> Iterator[Problem]:
    """Tasks that an aggregate names and that are not there."""
    node = outline.settings.get("aggregate")
    if not isinstance(node, Mapping):
        return
    names = _names(outline)
    agents = {named.text for named in (scalar(task.node.get("agent")) for task in outline.tasks) if named}
    named = [(each, "", agents if key == "order" else set()) for key in ("from", "order") for each in _texts(node, key)]
    one = _text(node.get(INTEGRATOR))
    named += [(one, " as its integrator", set())] if one else []
    budget = MAX_COMPARED
    for each, role, others in named:
        is_there = each.text in _ids(outline) if role else bool(names.selected(each.text)) or each.text in others
        if not is_there:
            what = "no task or agent has this name" if others else "no task has this id"
            known = itertools.chain(_ids(outline), sorted(others))
            advice = _advice(each.text, itertools.islice(known, budget), outline)
            budget = max(0, budget - len(outline.tasks) - len(others))
            message = f"the aggregate names {quoted(each.text)}{role}, but {what}{advice}"
            yield problem(outline.file, each, "unknown-task", message)


def bad_integrator(outline: Outline) -> Iterator[Problem]:
    """An integrator that nobody can tell, that stands for many tasks, or that does not wait for what it merges."""
    node = outline.settings.get("aggregate")
    if _strategy(node) != INTEGRATOR or not outline.tasks:
        return
    named = _text(node.get(INTEGRATOR)) if isinstance(node, Mapping) else None
    graph = graph_of(outline.tasks)
    last = named.text if named else last_of_all(graph)
    at = named or (_text(node.get("strategy")) if isinstance(node, Mapping) else _text(node))
    if at is None or (last and last not in graph):
        return
    why = _unfit(outline, last, graph)
    if why:
        yield problem(outline.file, at, "wrong-value", why)
    elif isinstance(node, Mapping):
        yield from _not_awaited(outline, node, last, graph)


def unreachable_quorum(outline: Outline) -> Iterator[Problem]:
    """A quorum of more tasks than are taken, or of a share that is more than all."""
    node = outline.settings.get("aggregate")
    quorum = scalar(node.get("quorum")) if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping) or quorum is None or _strategy(node) != "consensus":
        return
    part, slash, whole = quorum.text.partition("/")
    is_share = bool(slash) and part.isdecimal() and whole.isdecimal()
    if is_share and int(part[:9]) > int(whole[:9]):
        message = f'"quorum" must not be more than all, not {quoted(quorum.text)}; write all, or a share of at most 1'
        yield problem(outline.file, quorum, "wrong-value", message)
    names = _names(outline)
    taken = {task for each in _texts(node, "from") for task in names.selected(each.text)}
    is_known = taken and not any(task.source for task in outline.tasks)
    if is_known and isinstance(quorum.value, int) and quorum.value > len(taken):
        message = f'"quorum" must be at most {len(taken)}, as many as "from" takes, not {quorum.text}'
        yield problem(outline.file, quorum, "wrong-value", f"{message}; write {len(taken)} or less")


def _unfit(outline: Outline, last: str, graph: dict[str, set[str]]) -> str:
    """Why a task can be no integrator; empty where it can."""
    if not last:
        return (
            "the strategy is integrator, but no task builds on all others; "
            'let one depend on them, or name it: "integrator: ID"'
        )
    task = next(each for each in outline.tasks if each.name == last)
    if "for_each" in task.node.entries:
        return f"the integrator {quoted(last)} stands for many tasks; name a task that is one"
    if task.path.lower().endswith(".json"):
        return (
            f"the integrator {quoted(last)} writes JSON, but what it merged is read from Markdown; give it a .md output"
        )
    if not graph[last]:
        return f"the integrator {quoted(last)} has no dependencies; let it depend on the tasks that it merges"
    return ""


def _not_awaited(outline: Outline, node: Mapping, last: str, graph: dict[str, set[str]]) -> Iterator[Problem]:
    """Tasks that are merged by an integrator which does not wait for them."""
    before = upstream(last, graph)
    ids = {task.name: task.id.text for task in outline.spread}
    names = _names(outline)
    for each in _texts(node, "from"):
        lacking = [task for task in names.selected(each.text) if ids.get(task, task) not in before]
        if lacking:
            what = "is the integrator itself" if lacking[0] == last else f"is none that {quoted(last)} waits for"
            then = "delete it here" if lacking[0] == last else f"add it to the dependencies of {quoted(last)}"
            message = f"the integrator merges {quoted(lacking[0])}, but that {what}; {then}"
            yield problem(outline.file, each, "wrong-value", message)


def _strategy(node: Node | None) -> str:
    found = node if isinstance(node, Scalar) else _text(node.get("strategy")) if isinstance(node, Mapping) else None
    return found.text if found else ""


def _names(outline: Outline) -> Names:
    made: dict[str, list[str]] = {task.name: [] for task in outline.tasks}
    for each in outline.spread:
        made[each.id.text].append(each.name)
    return Names(made)


def _ids(outline: Outline) -> list[str]:
    return [task.name for task in outline.tasks]


def _texts(node: Mapping, key: str) -> list[Scalar]:
    return [each for each in map(_text, items(node.get(key))) if each]


def _text(node: Node | None) -> Scalar | None:
    found = scalar(node)
    return found if found and isinstance(found.value, str) and found.text.strip() else None


def _advice(word: str, known: Iterable[str], outline: Outline) -> str:
    near = suggestion(word, known)
    if near or len(outline.tasks) > MAX_LISTED:
        return near
    return f"; the ids are {', '.join(_ids(outline))}"
