"""What would make a plan shorter: other numbers of agents, one more of what is scarce, a long task cut in two."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .bounds import lower_bound
from .rules import longest_path, order_by
from .schedule import arrange
from .simulation import simulate
from .workload import Workload, workload

if TYPE_CHECKING:
    from .chains import Chains
    from .forecast import Forecast

MOST_AGENTS = 16
"""How many agents a run may have at once."""
NEARLY = 1.05
"""Whoever is within so much of the shortest time is as good."""
ORDERED, EFFORT = 40, 3_000
"""Up to so many tasks are ordered anew for other limits, with so much effort; up to MANY by one rule, the plan's or the
best; more keep the plan's order."""
MANY = 200
SOME = (1, 2, 3, 4, 6, 8, 12, 16)
"""The numbers of agents that are tried with more than ORDERED tasks."""
LOOKED_AT, PLACED = 50, 20_000
"""How many tasks are cut in two in thought, at most; and how many tasks are placed for that in all."""
LIMITS = 10
"""How many limits are raised in thought, at most."""


class Raised(NamedTuple):
    """The makespan with one more of a limit: instances of an "agent", or of a "resource", `now` of which there are."""

    of: str
    name: str
    now: int
    makespan: int


class Prospects(NamedTuple):
    """Times in milliseconds.

    `agents` gives the makespan by the number of agents, `worth` the smallest number that is nearly as good as the
    greatest. `bottleneck` is the task that, cut into two halves that run at once, shortens the run most, and the
    makespan then; None where no task does. `raised` are the limits of which one more was tried.
    """

    agents: dict[int, int]
    worth: int
    bottleneck: tuple[int, int] | None
    raised: tuple[Raised, ...]


def prospects(forecast: Forecast, chains: Chains) -> Prospects:
    """The prospects of a plan."""
    agents = _by_agents(forecast)
    least = agents[max(agents)] * NEARLY
    worth = min(count for count, makespan in agents.items() if makespan <= least)
    return Prospects(agents, worth, _bottleneck(forecast, chains), tuple(_raised(forecast)))


def _by_agents(forecast: Forecast) -> dict[int, int]:
    """The makespan for each number of agents; what few agents can do, more can, too."""
    now = forecast.plan.max_parallel
    least = lower_bound(forecast.work.limited(forecast.work.size))
    some = range(1, MOST_AGENTS + 1) if forecast.work.size <= ORDERED else SOME
    counts = sorted({*some, now, now + 1} if now < MOST_AGENTS else {*some, now})
    found: dict[int, int] = {}
    before = least + 1
    for count in counts:
        if count > now and before <= least:
            found[count] = before
            continue
        makespan = forecast.schedule.makespan if count == now else _shortest(forecast, forecast.work.limited(count))
        before = found[count] = makespan if count <= now else min(makespan, before)
    return found


def _shortest(forecast: Forecast, work: Workload) -> int:
    """The makespan under other limits: in this plan's order, or the best that a rule finds."""
    schedule = forecast.schedule
    least = simulate(work, range(work.size), schedule.in_waves, schedule.yields).makespan
    if work.size <= ORDERED:
        return min(least, arrange(work, schedule.in_waves, effort=EFFORT).schedule.makespan)
    if work.size <= MANY:
        return min(least, simulate(work, order_by(work, longest_path(work)), schedule.in_waves).makespan)
    return least


def _bottleneck(forecast: Forecast, chains: Chains) -> tuple[int, int] | None:
    """Only tasks that cannot be put off are tried, the longest first."""
    work, schedule = forecast.work, forecast.schedule
    tasks = sorted((task for task in forecast.begun if not chains.slack(task)), key=lambda task: -work.durations[task])
    best = None
    for task in tasks[: min(LOOKED_AT, max(5, PLACED // work.size))]:
        order = [*range(task + 1), work.size, *range(task + 1, work.size)]
        makespan = simulate(_divided(work, task), order, schedule.in_waves, schedule.yields).makespan
        if makespan < (best[1] if best else schedule.makespan):
            best = task, makespan
    return best


def _divided(work: Workload, task: int) -> Workload:
    """The workload with a task in two halves; the second is the last. Each holds what the whole task would hold."""
    half = -(-work.durations[task] // 2)
    before = [[*needs, work.size] if task in needs else needs for needs in work.before]
    return Workload(
        durations=[*work.durations[:task], half, *work.durations[task + 1 :], half],
        before=[*before, work.before[task]],
        parallel=work.parallel,
        needed=[
            *(n + (task in needs and n == len(needs)) for n, needs in zip(work.needed, work.before)),
            work.needed[task],
        ],
        leaving=work.leaving,
        kinds=[*work.kinds, work.kinds[task]],
        demands=work.demands,
        capacities=work.capacities,
        urgency=[*work.urgency, work.urgency[task]],
    )


def _raised(forecast: Forecast) -> list[Raised]:
    """The limits that some tasks meet, those in the greatest demand first, each raised by one."""
    plan, tasks = forecast.plan, forecast.tasks
    demand: dict[tuple[str, str], float] = {}
    for at, task in enumerate(tasks):
        held = [("resource", name, amount) for name, amount in task.resources.items()]
        held += [("agent", task.agent, 1)] if task.agent in plan.instances else []
        for of, name, amount in held:
            there = plan.instances[name] if of == "agent" else plan.resources.get(name, 1)
            demand[of, name] = demand.get((of, name), 0) + amount * forecast.work.durations[at] / there
    found = []
    for of, name in sorted(demand, key=lambda limit: -demand[limit])[:LIMITS]:
        now = plan.instances[name] if of == "agent" else plan.resources.get(name, 1)
        instances = {**plan.instances, name: now + 1} if of == "agent" else plan.instances
        resources = {**plan.resources, name: now + 1} if of == "resource" else plan.resources
        work = workload(tasks, plan.max_parallel, instances, resources)
        found.append(Raised(of, name, now, min(forecast.schedule.makespan, _shortest(forecast, work))))
    return found


def levels(agents: dict[int, int]) -> list[tuple[int, int, int]]:
    """The makespans by runs of numbers of agents between which nothing changes: first, last, makespan."""
    found: list[tuple[int, int, int]] = []
    for count, makespan in sorted(agents.items()):
        if found and found[-1][2] == makespan:
            found[-1] = (found[-1][0], count, makespan)
        else:
            found.append((count, count, makespan))
    return found
