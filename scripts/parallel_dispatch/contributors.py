"""Which tasks an aggregate is made of, and which one puts them together, told from ids and dependencies. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

WILD = "*?["


class Names:
    """The tasks by the ids of the file: one each, or one for each item."""

    def __init__(self, names: Mapping[str, Collection[str]]) -> None:
        self._names = names
        self._every = dict.fromkeys(each for made in names.values() for each in made)

    def selected(self, selector: str) -> list[str]:
        """The tasks that an id or a pattern means, in the order of the file."""
        if selector in self._names:
            return list(self._names[selector])
        if not any(mark in selector for mark in WILD):
            return [selector] if selector in self._every else []
        import fnmatch

        groups = {each for task in fnmatch.filter(self._names, selector) for each in self._names[task]}
        groups.update(fnmatch.filter(self._every, selector))
        return [each for each in self._every if each in groups]


def last_of_all(needs: Mapping[str, Collection[str]]) -> str:
    """The one task on which nothing depends, so that it builds on all others; empty where there are more, or no others.

    `needs` are the dependencies by task; without a cycle every other task leads to one on which nothing depends.
    """
    needed = {dependency for each in needs.values() for dependency in each}
    ends = [task for task in needs if task not in needed]
    return ends[0] if len(ends) == 1 and len(needs) > 1 else ""


def contributors(needs: Mapping[str, Collection[str]], integrator: str = "", many: Collection[str] = ()) -> list[str]:
    """The tasks that an aggregate takes where nobody says which.

    What the integrator depends on, or the one task that builds on all others and puts several together; else all.
    `many` are the tasks that stand for several.
    """
    last = integrator or last_of_all(needs)
    own = list(needs.get(last, ()))
    several = len(own) > 1 or any(task in many for task in own)
    return own if own and (integrator or several) else list(needs)


def upstream(task: str, needs: Mapping[str, Iterable[str]]) -> set[str]:
    """All tasks that a task builds on, directly and through others."""
    seen: set[str] = set()
    todo = [task]
    while todo:
        fresh = set(needs.get(todo.pop(), ())) - seen
        seen |= fresh
        todo += fresh
    return seen
