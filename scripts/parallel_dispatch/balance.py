"""How the work of a plan is spread over kinds of agents, and over the instances of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .forecast import Forecast


class Share(NamedTuple):
    """The tasks of one kind of agent, in milliseconds of work; `each` is that of every instance, where they are few.

    `instances` is 0 where the run's limit is the only one.
    """

    agent: str
    tasks: int
    work: int
    instances: int = 0
    each: tuple[int, ...] = ()


def balance(forecast: Forecast) -> list[Share]:
    """The shares of all kinds of agents, the greatest first; nothing where there is one kind without a limit."""
    by_agent: dict[str, list[int]] = {}
    for task in forecast.begun:
        by_agent.setdefault(forecast.tasks[task].agent, []).append(task)
    instances = forecast.plan.instances
    if len(by_agent) < 2 and not instances:
        return []
    shares = [_share(forecast, agent, tasks, instances.get(agent, 0)) for agent, tasks in by_agent.items()]
    return sorted(shares, key=lambda share: -share.work)


def _share(forecast: Forecast, agent: str, tasks: list[int], instances: int) -> Share:
    starts, ends = forecast.schedule.starts, forecast.schedule.ends
    busy, free = [0] * instances, [0] * instances
    for task in tasks if instances else ():  # whoever is free and had least to do takes it
        who = min(range(instances), key=lambda one: (free[one] > starts[task], busy[one]))
        busy[who] += ends[task] - starts[task]
        free[who] = ends[task]
    return Share(agent, len(tasks), sum(ends[task] - starts[task] for task in tasks), instances, tuple(busy))
