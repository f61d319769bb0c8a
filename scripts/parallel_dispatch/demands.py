"""What tasks ask for: agents, resources, time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .aliases import ALIASES
from .drafts import problem
from .durations import milliseconds
from .item import mentions_item
from .nodes import Mapping, Scalar, scalar
from .problem import nearest, quoted
from .resolving import resolved
from .roles import GENERAL, ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .drafts import Outline
    from .problem import Problem

SAME, MISSPELT = (
    0.85,
    0.94,
)  # likeness, from 0 to 1, of a name to an agent, and to an alias, that is no title of its own
LEAST, SHORTEST = 1_000, 10_000  # milliseconds that the schema allows, and that an agent needs
DEFAULT = 120_000  # milliseconds of a timeout that nobody sets
TINY = 30_000  # milliseconds
READ_ONLY = {"Explore": "explorer"}  # what of the host's own agents cannot write, and the role that can


def lacking_resource(outline: Outline) -> Iterator[Problem]:
    """Tasks that need more of a resource than there is, so that they could never run."""
    if "resources" not in outline.keys:
        return
    offered = outline.settings.get("resources")
    for task in outline.tasks:
        node = task.node.get("resources")
        for key, entry in node.entries.items() if isinstance(node, Mapping) else ():
            there = scalar(offered.get(key)) if isinstance(offered, Mapping) else None
            amount, capacity = scalar(entry.node), there.value if there else 1
            if amount and _is_more(amount.value, capacity):
                there_is = f"there {'is' if capacity == 1 else 'are'} only {capacity}"
                message = (
                    f"task {quoted(task.name)} needs {amount.text} of {quoted(key)}, but {there_is}; "
                    f'write at most {capacity}, or offer more under "resources" in "settings"'
                )
                yield problem(outline.file, amount, "lacking-resource", message)


def _is_more(amount: object, capacity: object) -> bool:
    return isinstance(amount, (int, float)) and isinstance(capacity, (int, float)) and amount > capacity


def unused_agent(outline: Outline) -> Iterator[Problem]:
    """Agents that no task is for."""
    for key, near in _unused(outline).items():
        advice = (
            f", but one is for {quoted(near)}; write the same name" if near else "; name it in a task, or delete it"
        )
        message = f"no task is for the agent {quoted(key)}{advice}"
        yield problem(outline.file, outline.agents.entries[key].key, "unused-agent", message, "warning")


def _unused(outline: Outline) -> dict[str, str | None]:
    """The agents that no task is for, each with the agent of a task that looks like it."""
    if not outline.agents.entries:
        return {}
    used = {named.text: None for named in (scalar(task.node.get("agent")) for task in outline.tasks) if named}
    if any(mentions_item(name) for name in used):
        return {}
    unused = [key for key in outline.agents.entries if key not in used and not key.startswith("x-")]
    return {key: nearest(key, used) for key in unused}


def unknown_agent(outline: Outline) -> Iterator[Problem]:
    """Agents that nobody defines, where one is that looks like it, or that only a plugin could define.

    Any other name is a title, and meant as one.
    """
    there = outline.surroundings.agents
    writing = sorted({name for name, can_write in there.names.items() if can_write} | {*ROLES})
    told = {GENERAL, *_unused(outline).values()}
    for node in outline.roles:
        if node.text in told or resolved(node.text, there).subagent_type != GENERAL:
            continue
        near = nearest(node.text, writing, SAME) or nearest(node.text, ALIASES, MISSPELT)
        plugin, colon, agent = node.text.partition(":")
        if near:
            message = (
                f"no agent is called {quoted(node.text)}, so this would be general-purpose with that title;"
                f" did you mean {quoted(near)}?"
            )
        elif plugin and colon and agent and not any(map(str.isspace, node.text)):
            message = (
                f"no installed plugin has the agent {quoted(node.text)}, so this would be general-purpose with that"
                " title; install it, or name an agent that is there"
            )
        else:
            continue
        yield problem(outline.file, node, "unknown-agent", message, "warning")


def read_only_agent(outline: Outline) -> Iterator[Problem]:
    """Agents that lack the tool to write their outputs with."""
    there = outline.surroundings.agents
    known = there.names
    for node in outline.roles:
        if not known.get(resolved(node.text, there).subagent_type, True):
            instead = READ_ONLY.get(node.text)
            advice = f'write "{instead}"' if instead else "name one that has"
            message = (
                f"the agent {quoted(node.text)} has no Write tool, so it cannot write its output; {advice}, or any"
                " title, which general-purpose works as"
            )
            yield problem(outline.file, node, "read-only-agent", message, "warning")


def short_timeout(outline: Outline) -> Iterator[Problem]:
    """Timeouts in which no agent comes to an end, and those that are shorter than what the task is thought to take."""
    of_all = scalar(outline.settings.get("timeout_per_task"))
    if not of_all and outline.keys.isdisjoint({"timeout", "estimated_duration"}):
        return
    own = [(task, scalar(task.node.get("timeout"))) for task in outline.tasks]
    for given in (of_all, *(node for _, node in own)):
        limit = _time(given)
        if given and limit and LEAST <= limit < SHORTEST and given not in outline.surprises:
            unit = f'{SHORTEST} or more, or "{given.text}s" for seconds' if given.text.isdigit() else '"10s" or more'
            message = f"in {limit / 1000:g} s no agent reads its brief and writes its output; write {unit}"
            yield problem(outline.file, given, "short-timeout", message, "warning")
    for task, node in own:
        estimate, limit = scalar(task.node.get("estimated_duration")), _time(node or of_all) or DEFAULT
        if estimate and (_time(estimate) or 0) > limit >= SHORTEST:
            whose = "its timeout" if node else "timeout_per_task" if of_all else "the default timeout"
            message = (
                f"task {quoted(task.name)} is thought to take {estimate.text}, longer than {whose} of"
                f" {limit / 1000:g} s; give it a longer timeout"
            )
            yield problem(outline.file, node or estimate, "short-timeout", message, "warning")


def tiny_task(outline: Outline) -> Iterator[Problem]:
    """Tasks that are thought to take less than an agent is worth; told once, at the first of them."""
    if "estimated_duration" not in outline.keys:
        return
    estimates = [node for node in (scalar(task.node.get("estimated_duration")) for task in outline.tasks) if node]
    tiny = [node for node in estimates if (_time(node) or TINY) < TINY]
    if tiny:
        count = f"{len(tiny)} of {len(outline.tasks)} tasks are" if len(tiny) > 1 else "this task is"
        them = "them" if len(tiny) > 1 else "it"
        message = (
            f"{count} thought to take less than {TINY // 1000} s, for which an agent of its own hardly pays;"
            f" join {them} with other work"
        )
        yield problem(outline.file, tiny[0], "tiny-task", message, "advice")


def _time(node: Scalar | None) -> int | None:
    """The milliseconds of a duration, where it is one."""
    if node is None or not isinstance(node.value, (int, float, str)) or isinstance(node.value, bool):
        return None
    try:
        return milliseconds(node)
    except (ValueError, OverflowError):
        return None
