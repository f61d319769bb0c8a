"""From the nodes of a document in which nothing is wrong to plain values, complete with their defaults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, overload

from .contributors import Names
from .durations import milliseconds
from .for_each import items_of, source_of
from .item import filled, filled_json, name, substituted
from .nodes import Mapping, Node, Scalar, Sequence, items
from .tasks import ENDED, Agent, Aggregate, Contract, Settings, Source, Task, TaskFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Lookup

_FILE, _TASK, _SETTINGS = TaskFile("", ()), Task("", ""), Settings()
_AGENT, _AGGREGATE, _CONTRACT, _SOURCE = Agent(), Aggregate(), Contract(), Source("")
"""The values of which all is left to the defaults."""


def task_file(
    root: Mapping, prompts: Lookup[str, str], matches: Lookup[str, tuple[str, ...]], schemas: Lookup[str, str]
) -> TaskFile:
    """The values of a document.

    `prompts` are the texts of its prompt files, `matches` the files of its globs, `schemas` the texts of its JSON
    Schemas that stand in files.
    """
    nodes = [node for node in items(root.get("tasks")) if isinstance(node, Mapping)]
    spread = {_text(node, "id", ""): items_of(node, matches) for node in nodes}
    names = {
        task: [task] if found is None else [name(task, n + 1) for n in range(len(found))]
        for task, found in spread.items()
    }
    tasks = []
    for node in nodes:
        task = _text(node, "id", "")
        found = spread[task]
        for own, item in zip(names[task], [None] if found is None else found):
            tasks.append(_task(node, own, item, names, prompts, schemas))
    settings, agents = root.get("settings"), root.get("agents")
    return TaskFile(
        name=_text(root, "name", ""),
        tasks=tuple(tasks),
        description=_text(root, "description", _FILE.description),
        settings=_settings(settings, names, tasks) if isinstance(settings, Mapping) else Settings(),
        agents={key: _agent(entry.node) for key, entry in agents.entries.items() if not key.startswith("x-")}
        if isinstance(agents, Mapping)
        else {},
    )


def count(root: Mapping, matches: Lookup[str, tuple[str, ...]]) -> int:
    """How many tasks a document has, with one for each item."""
    found = (items_of(node, matches) for node in items(root.get("tasks")) if isinstance(node, Mapping))
    return sum(1 if each is None else len(each) for each in found)


def _task(
    node: Mapping,
    own: str,
    item: str | None,
    names: Lookup[str, list[str]],
    prompts: Lookup[str, str],
    schemas: Lookup[str, str],
) -> Task:
    def text(key: str, default: str) -> str:
        return substituted(_text(node, key, default), item)

    def texts(key: str) -> tuple[str, ...]:
        return tuple(substituted(part.text, item) for part in items(node.get(key)) if isinstance(part, Scalar))

    prompt = prompts[text("prompt_file", "")] if node.get("prompt_file") else _text(node, "prompt", "")
    needed = [part.text for part in items(node.get("dependencies")) if isinstance(part, Scalar)]
    source = _source(node)
    if source and source.task not in needed:
        needed.append(source.task)
    return Task(
        id=own,
        prompt=substituted(prompt, item),
        agent=text("agent", _TASK.agent),
        description=text("description", _TASK.description),
        output=text("output", f"{name(own, 'N') if source else own}.md"),
        dependencies=tuple(each for task in needed for each in names.get(task, ())),
        context=text("context", _TASK.context),
        scope=text("scope", _TASK.scope),
        constraints=texts("constraints"),
        reads=texts("reads"),
        output_format=text("output_format", _TASK.output_format),
        success_criteria=texts("success_criteria"),
        estimated_duration=milliseconds(node.get("estimated_duration")),
        priority=_text(node, "priority", _TASK.priority),
        resources=_amounts(node.get("resources")),
        timeout=milliseconds(node.get("timeout")),
        retries=_number(node.get("retries")),
        contract=_contract(node.get("contract"), item, schemas),
        critical=_flag(node.get("critical")),
        model=_text(node, "model", "") or None,
        effort=_text(node, "effort", "") or None,
        wait=_wait(node.get("wait")),
        losers=_text(node, "losers", _TASK.losers),
        writes=texts("writes"),
        for_each=source,
    )


def _wait(node: Node | None) -> int | str:
    """How many dependencies must succeed, or a word for it."""
    word = node.text if isinstance(node, Scalar) else ""
    return 1 if word == "any" else ENDED if word == ENDED else _number(node) or _TASK.wait


def _source(node: Mapping) -> Source | None:
    named, each = source_of(node), node.get("for_each")
    return Source(named.text, _text(each, "path", _SOURCE.path)) if named and isinstance(each, Mapping) else None


def _contract(node: Node | None, item: str | None, schemas: Lookup[str, str]) -> Contract | None:
    if not isinstance(node, Mapping):
        return None
    sections, contains = (
        tuple(substituted(part.text, item) for part in items(node.get(key)) if isinstance(part, Scalar))
        for key in ("sections", "contains")
    )
    least = _number(node.get("min_bytes"), _CONTRACT.min_bytes)
    return Contract(sections, contains, least, _schema(node.get("json_schema"), item, schemas))


def _schema(node: Node | None, item: str | None, schemas: Lookup[str, str]) -> str:
    """The text of the JSON Schema that stands here, or whose file is named."""
    if isinstance(node, Mapping):
        return json.dumps(filled(node.value, item), ensure_ascii=False, separators=(",", ":"))
    if isinstance(node, Scalar) and node.text:
        return filled_json(schemas[substituted(node.text, item)], item)
    return _CONTRACT.json_schema


def _settings(node: Mapping, names: Lookup[str, list[str]], tasks: list[Task]) -> Settings:
    directory = node.get("output_dir")
    return Settings(
        max_parallel=_number(node.get("max_parallel"), _SETTINGS.max_parallel),
        timeout_per_task=milliseconds(node.get("timeout_per_task")) or _SETTINGS.timeout_per_task,
        output_dir=None if directory is None else _text(node, "output_dir", ""),
        on_failure=_text(node, "on_failure", _SETTINGS.on_failure),
        max_retries=_number(node.get("max_retries"), _SETTINGS.max_retries),
        backoff=_text(node, "backoff", _SETTINGS.backoff),
        max_minutes=_number(node.get("max_minutes")),
        max_tokens=_number(node.get("max_tokens")),
        dispatch=_text(node, "dispatch", _SETTINGS.dispatch),
        order=_text(node, "order", _SETTINGS.order),
        resources=dict(_amounts(node.get("resources"))),
        writes=_text(node, "writes", _SETTINGS.writes),
        aggregate=_aggregate(node.get("aggregate"), names, tasks),
    )


def _aggregate(node: Node | None, names: Lookup[str, list[str]], tasks: list[Task]) -> Aggregate | None:
    if isinstance(node, Scalar):
        return Aggregate(node.text)
    if not isinstance(node, Mapping):
        return None
    keys, quorum = node.get("key"), node.get("quorum")
    known = Names(names)
    parts = items(keys) if isinstance(keys, Sequence) else [keys]
    stated = [part.text for part in parts if isinstance(part, Scalar)]
    return Aggregate(
        strategy=_text(node, "strategy", _AGGREGATE.strategy),
        sources=_ids(node.get("from"), known.selected),
        integrator=_text(node, "integrator", _AGGREGATE.integrator),
        keys=tuple(dict.fromkeys(stated)) or _AGGREGATE.keys,
        quorum=_number(quorum) or _text(node, "quorum", str(_AGGREGATE.quorum)),
        order=_ids(
            node.get("order"),
            lambda text: known.selected(text) or [task.id for task in tasks if task.agent == text],
        ),
        summary=_flag(node.get("summary")),
    )


def _ids(node: Node | None, meant: Callable[[str], list[str]]) -> tuple[str, ...]:
    """The ids of the tasks that the texts of a list mean, each once."""
    texts = (part.text for part in items(node) if isinstance(part, Scalar))
    return tuple(dict.fromkeys(task for text in texts for task in meant(text)))


def _agent(node: Node) -> Agent:
    if not isinstance(node, Mapping):
        return Agent()
    return Agent(instances=_number(node.get("instances")), role=_text(node, "role", _AGENT.role))


def _amounts(node: Node | None) -> tuple[tuple[str, int], ...]:
    """Resources by name: the amounts of a mapping, one of each in a list."""
    if isinstance(node, Mapping):
        return tuple((key, _number(entry.node, 1)) for key, entry in node.entries.items())
    if isinstance(node, Sequence):
        return tuple(dict.fromkeys((part.text, 1) for part in node.items if isinstance(part, Scalar)))
    return ()


def _flag(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value is True


def _text(mapping: Mapping, key: str, default: str) -> str:
    node = mapping.get(key)
    return node.text if isinstance(node, Scalar) else default


@overload
def _number(node: Node | None, default: int) -> int: ...
@overload
def _number(node: Node | None, default: None = None) -> int | None: ...
def _number(node: Node | None, default: int | None = None) -> int | None:
    """The number of a scalar; JSON Schema's integers include 4.0."""
    value = node.value if isinstance(node, Scalar) else None
    return int(value) if isinstance(value, (int, float)) else default
