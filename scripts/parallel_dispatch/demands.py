"""What tasks ask for: agents and resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .drafts import problem
from .item import mentions_item
from .nodes import Mapping, scalar
from .problem import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .drafts import Outline
    from .problem import Problem


def lacking_resource(outline: Outline) -> Iterator[Problem]:
    """Tasks that need more of a resource than there is, so that they could never run."""
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
    used = {named.text: None for named in (scalar(task.node.get("agent")) for task in outline.tasks) if named}
    if any(mentions_item(name) for name in used):
        return
    for key, entry in outline.agents.entries.items():
        if key not in used and not key.startswith("x-"):
            near = nearest(key, used)
            advice = (
                f", but one is for {quoted(near)}; write the same name" if near else "; name it in a task, or delete it"
            )
            message = f"no task is for the agent {quoted(key)}{advice}"
            yield problem(outline.file, entry.key, "unused-agent", message, "warning")
