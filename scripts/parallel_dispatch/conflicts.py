"""Tasks that cannot run at once although none needs the other: for files, resources and agents that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .scopes import conflicts as overlaps
from .scopes import overlapping
from .shape import ancestors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .forecast import Forecast

    Before = Sequence[int]


@dataclass(frozen=True)
class Conflict:
    """Tasks that share what is not there for all of them at once.

    `of` is "writes", "resource" or "agent", `name` its globs or name. There are `amount` of it, of which each task
    holds its share of `shares`; of write scopes 1. `tasks` share it with each other and, where that is given, rather
    with those `beside` them.
    """

    of: str
    name: str
    amount: int
    tasks: tuple[int, ...]
    shares: tuple[int, ...] = ()
    beside: tuple[int, ...] = ()

    @property
    def is_exclusive(self) -> bool:
        """Whether no two of the tasks ever run at once."""
        least = sorted(self.shares)[:2]
        return sum(least) > self.amount if least else True


def conflicts(forecast: Forecast) -> list[Conflict]:
    """The conflicts of a plan: write scopes first, then resources, then agents."""
    before = ancestors(forecast.work)
    return [*_writes(forecast, before), *_resources(forecast, before), *_agents(forecast, before)]


def _writes(forecast: Forecast, before: Before) -> Iterator[Conflict]:
    by_scope: dict[tuple[str, ...], list[int]] = {}
    for at, task in enumerate(forecast.tasks):
        if task.writes:
            by_scope.setdefault(task.writes, []).append(at)
    scopes = list(by_scope)
    for scope, others in zip(scopes, overlaps(scopes)):
        if _are_free(by_scope[scope], before):
            yield Conflict("writes", ", ".join(scope), 1, tuple(by_scope[scope]))
        for other in others[others.index(scope) + 1 :]:
            pairs = [(a, b) for a in by_scope[scope] for b in by_scope[other] if _are_free([a, b], before)]
            both = overlapping(scope, other)
            if pairs and both:
                tasks, beside = (tuple(dict.fromkeys(side)) for side in zip(*pairs))
                yield Conflict("writes", " and ".join(dict.fromkeys(both)), 1, tasks, beside=beside)


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
