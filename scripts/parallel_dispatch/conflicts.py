"""Tasks that cannot run at once although none needs the other: for files, resources and agents that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .enumeration import enumerated
from .scopes import exclusive
from .shape import ancestors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .forecast import Forecast

    Before = Sequence[int]


GLOBS = 4
"""How many globs of write scopes that overlap are named."""


class Conflict(NamedTuple):
    """Tasks that share what is not there for all of them at once.

    `of` is "writes", "resource" or "agent", `name` its globs or name. There are `amount` of it, of which each task
    holds its share of `shares`; of the right to write there is 1.
    """

    of: str
    name: str
    amount: int
    tasks: tuple[int, ...]
    shares: tuple[int, ...]

    @property
    def is_exclusive(self) -> bool:
        """Whether no two of the tasks ever run at once."""
        return sum(sorted(self.shares)[:2]) > self.amount


def conflicts(forecast: Forecast) -> list[Conflict]:
    """The conflicts of a plan: write scopes first, then resources, then agents."""
    before = ancestors(forecast.work)
    return [*_writes(forecast, before), *_resources(forecast, before), *_agents(forecast, before)]


def _writes(forecast: Forecast, before: Before) -> Iterator[Conflict]:
    users: dict[tuple[str, ...], list[int]] = {}
    for at, task in enumerate(forecast.tasks):
        if task.writes:
            users.setdefault(task.writes, []).append(at)
    for scopes in exclusive(list(users)):
        tasks = sorted(task for scope in scopes for task in users[scope])
        if len(tasks) > 1 and _are_free(tasks, before):
            globs = list(dict.fromkeys(glob for scope in scopes for glob in scope))
            yield Conflict("writes", enumerated(globs, GLOBS), 1, tuple(tasks), (1,) * len(tasks))


def _resources(forecast: Forecast, before: Before) -> Iterator[Conflict]:
    users: dict[str, list[int]] = {}
    for at, task in enumerate(forecast.tasks):
        for name in task.resources:
            users.setdefault(name, []).append(at)
    for name, tasks in sorted(users.items()):
        amount = forecast.plan.resources.get(name, 1)
        shares = tuple(forecast.tasks[task].resources[name] for task in tasks)
        if sum(shares) > amount and _are_free(tasks, before):
            yield Conflict("resource", name, amount, tuple(tasks), shares)


def _agents(forecast: Forecast, before: Before) -> Iterator[Conflict]:
    for name, amount in forecast.plan.instances.items():
        tasks = [at for at, task in enumerate(forecast.tasks) if task.agent == name]
        if len(tasks) > amount and _are_free(tasks, before):
            yield Conflict("agent", name, amount, tuple(tasks), (1,) * len(tasks))


def _are_free(tasks: Sequence[int], before: Before) -> bool:
    """Whether the dependencies leave it open which of two of the tasks comes first."""
    ordered = sorted(tasks, key=lambda task: before[task].bit_count())
    return any(not before[later] >> earlier & 1 for earlier, later in zip(ordered, ordered[1:]))
