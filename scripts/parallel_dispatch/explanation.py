"""Why each task begins when it does, how much later it could, and what its end lets begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .enumeration import enumerated
from .scopes import overlapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .chains import Chains
    from .forecast import Forecast


class Explanation(NamedTuple):
    """Why a task begins when it does, and how many milliseconds it `waits` though it is ready.

    `releases` are the tasks that begin at its end since they needed it, `follows` those that take what it held.
    """

    reason: str
    waits: int
    releases: tuple[int, ...]
    follows: tuple[int, ...]


def explanations(forecast: Forecast, chains: Chains) -> list[Explanation]:
    """The explanation of each task, in the order of dispatch."""
    releases: list[list[int]] = [[] for _ in forecast.tasks]
    follows: list[list[int]] = [[] for _ in forecast.tasks]
    beside = _beside(forecast)
    schedule, work = forecast.schedule, forecast.work
    for task in forecast.begun:
        for other in chains.links[task]:
            if schedule.ends[other] == schedule.starts[task]:
                needed = other in work.before[task] and _ready(forecast, task) == schedule.starts[task]
                (releases if needed else follows)[other].append(task)
    found = []
    for task in range(work.size):
        reason, waits = _reason(forecast, task, beside[task])
        found.append(Explanation(reason, waits, tuple(releases[task]), tuple(follows[task])))
    return found


def _beside(forecast: Forecast) -> list[list[int]]:
    """For each task those that run in the moment before it begins, in the order of dispatch."""
    starts, ends = forecast.schedule.starts, forecast.schedule.ends
    found: list[list[int]] = [[] for _ in starts]
    running: list[int] = []
    for task in forecast.begun:
        running = [other for other in running if ends[other] >= starts[task]]
        found[task] = sorted(other for other in running if starts[other] < starts[task])
        running.append(task)
    return found


def _ready(forecast: Forecast, task: int) -> int:
    """When as many of those that a task needs have ended as it waits for; the wave before its own, too."""
    work, schedule = forecast.work, forecast.schedule
    needed = work.needed[task]
    ends = sorted(schedule.ends[other] for other in work.before[task] if schedule.ends[other] >= 0)
    ready = ends[min(needed, len(ends)) - 1] if ends and needed else 0
    if schedule.in_waves:
        earlier = (end for end, level in zip(schedule.ends, work.levels) if level < work.levels[task])
        ready = max(ready, max(earlier, default=0))
    return ready


def _reason(forecast: Forecast, task: int, beside: Sequence[int]) -> tuple[str, int]:
    schedule, told = forecast.schedule, forecast.measure
    start = schedule.starts[task]
    if start < 0:
        return "does not run, if the others succeed: what needs it goes on without it", 0
    ready = _ready(forecast, task)
    when = "right away" if start == 0 else f"at {told(start)}"
    if start == ready:
        return f"begins {when}, {_released(forecast, task)}", 0
    return f"begins {when}; it is ready at {told(ready)}, but {_held(forecast, task, beside, ready)}", start - ready


def _released(forecast: Forecast, task: int) -> str:
    """What a task that begins as soon as it is ready was waiting for."""
    work, schedule = forecast.work, forecast.schedule
    start, needs = schedule.starts[task], work.before[task]
    if not needs:
        longest = forecast.measure(work.tails[task])
        return f"since it needs no other task; the longest chain that it begins takes {longest}"
    ended = (other for other in needs if schedule.ends[other] == start and not forecast.is_cut_short(other))
    last = forecast.ids(ended)
    if schedule.in_waves and (not last or len(last) < len(needs)):
        wave = [other for other in range(work.size) if work.levels[other] == work.levels[task] - 1]
        final = forecast.ids(other for other in wave if schedule.ends[other] == start)
        return f"as wave {work.levels[task]} has ended, {enumerated(final)} last: the plan goes wave by wave"
    if work.needed[task] < len(needs):
        return f"as {work.needed[task]} of the {len(needs)} that it needs have ended, {enumerated(last)} last"
    if len(needs) == 1:
        return f"as soon as {last[0]} has ended, which it needs"
    if len(last) == len(needs):
        return f"as soon as {enumerated(last)} have ended, which it needs"
    have = "have" if len(last) > 1 else "has"
    return f"as soon as {enumerated(last)} {have} ended, the last of the {len(needs)} that it needs"


def _held(forecast: Forecast, task: int, beside: Sequence[int], ready: int) -> str:
    """What keeps a ready task from beginning: what it shares with those that run, else the number of agents."""
    found = [*_sharing(forecast, task, beside)]
    if not found and len(beside) >= forecast.work.parallel:
        found = [(f"waits for a free agent: {_who(forecast, beside, 'is', 'are')} at work", beside)]
    ahead = forecast.schedule.yields.get(task)
    blocking = sorted({other for _, others in found for other in others})
    waits = " and ".join(words for words, _ in found)
    if ahead is not None and forecast.schedule.starts[ahead] > ready:
        name = forecast.tasks[ahead].id
        lets = f"lets {name} begin first, as otherwise {name} would begin later and the run would take longer"
        return f"{lets}; then it {waits}" if waits else lets
    return waits + _preferred(forecast, task, blocking, ready) if waits else "the limits leave room for it only then"


def _sharing(forecast: Forecast, task: int, beside: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """What a task waits for that those beside it hold, in words, and who does."""
    own, tasks, plan = forecast.tasks[task], forecast.tasks, forecast.plan
    for other in beside:
        both = overlapping(own.writes, tasks[other].writes)
        if both:
            globs = " and ".join(dict.fromkeys(both))
            yield f"waits for {tasks[other].id}, which may write the same files ({globs})", [other]
    for name, amount in own.resources.items():
        holders = [other for other in beside if name in tasks[other].resources]
        if amount + sum(tasks[other].resources[name] for other in holders) > plan.resources.get(name, 1):
            yield f"waits for the resource {name}, which {_who(forecast, holders, 'holds', 'hold')}", holders
    pool = [other for other in beside if tasks[other].agent == own.agent]
    if len(pool) >= plan.instances.get(own.agent, len(tasks) + 1):
        instances = "its only instance is" if len(pool) == 1 else f"all {len(pool)} instances are"
        yield f"waits for the agent {own.agent}: {instances} at work on {enumerated(forecast.ids(pool))}", pool


def _preferred(forecast: Forecast, task: int, blocking: Sequence[int], ready: int) -> str:
    """Why others that begin while a task is ready come before it."""
    work, starts = forecast.work, forecast.schedule.starts
    ahead = [other for other in blocking if starts[other] >= ready and other < task]
    if not ahead:
        return ""
    go = f"; {_who(forecast, ahead, 'goes', 'go')} first"
    if all(work.urgency[other] < work.urgency[task] for other in ahead):
        return f"{go} by priority"
    if all(work.tails[other] > work.tails[task] for other in ahead):
        return f"{go}, since longer chains of work begin there"
    if all(work.tails[other] == work.tails[task] for other in ahead):
        return f"{go}, as the earlier among equals"
    return f"{go}, since the run is shorter in this order of dispatch"


def _who(forecast: Forecast, tasks: Sequence[int], one: str, many: str) -> str:
    """Tasks by their names, with the verb for one or for many."""
    names, verb = enumerated(forecast.ids(tasks)), many if len(tasks) > 1 else one
    return f"{names} {verb}"
