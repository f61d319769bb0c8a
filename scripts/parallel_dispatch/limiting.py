"""What limits a plan, in words: its order, its bottleneck, what more agents would gain, what never runs at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .enumeration import enumerated
from .order import order_told
from .prospects import levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .analysis import Analysis
    from .columns import Rows
    from .conflicts import Conflict

UNSEARCHED = "not looked for in a plan of more than 1,000 tasks"
SHOWN = 10
"""How many conflicts are told."""
ON_PATH = 12
"""How many tasks of a path are named."""


def limits(analysis: Analysis) -> Rows:
    """The rows of what limits a plan."""
    plan, found, ahead = analysis.plan, analysis.figures, analysis.prospects
    most = f"at most {found.most} (max_parallel allows {plan.max_parallel})"
    rows = [("pattern", pattern(analysis)), *_groups(analysis)]
    rows += [("agents at once", most), ("order", order_told(analysis))]
    if analysis.chains and found.makespan > found.chain:
        deciding = path(analysis, analysis.chains.deciding)
        rows.append(("length decided by", f"{deciding}: each begins when the one before it ends"))
    if ahead is None:
        return [*rows, ("bottleneck", UNSEARCHED), ("conflicts", UNSEARCHED)]
    rows.append(("bottleneck", _bottleneck(analysis)))
    rows.append(("more agents", _agents(analysis)))
    if ahead.raised:
        rows.append(("one more of", "; ".join(_raised(analysis))))
    met = [_conflict(analysis, conflict) for conflict in analysis.conflicts or ()]
    rows += [("never at once" if not at else "", text) for at, text in enumerate(met[:SHOWN])]
    rows += [("", f"and {len(met) - SHOWN:,} more such groups")] if len(met) > SHOWN else []
    return rows if met else [*rows, ("never at once", "nothing but what depends on each other")]


def _bottleneck(analysis: Analysis) -> str:
    """What shortens the run most: a task in two halves, or one more of a limit."""
    forecast, found, ahead = analysis.forecast, analysis.figures, analysis.prospects
    told, ways = forecast.measure, []
    if ahead and ahead.bottleneck:
        task, makespan = ahead.bottleneck
        lasting = told(forecast.work.durations[task])
        ways.append((makespan, f"the task {forecast.tasks[task].id} ({lasting}): as two tasks of half its length"))
    if ahead:
        ways += [(one.makespan, f"the {one.of} {one.name} (now {one.now}): with one more") for one in ahead.raised]
        now = analysis.plan.max_parallel
        ways.append((ahead.agents.get(now + 1, found.makespan), f"the number of agents (now {now}): with one more"))
    gaining = sorted((way for way in ways if way[0] < found.makespan), key=lambda way: way[0])
    if not gaining:
        return "none: neither any task in two halves nor one more of anything would make the run shorter"
    words = [
        f"{way}, the run takes {told(makespan)}, {told(found.makespan - makespan)} less" for makespan, way in gaining
    ]
    return "; then ".join([words[0], *(one for one in words[1:] if one.startswith("the task"))])


def _groups(analysis: Analysis) -> Rows:
    groups = analysis.groups
    if not 1 < len(groups) < analysis.forecast.work.size:
        return []
    named = [enumerated(analysis.forecast.ids(group), 5) for group in groups[:5]]
    more = f"; and {len(groups) - 5:,} more" if len(groups) > 5 else ""
    return [("independent groups", f"{len(groups):,}: {'; '.join(named)}{more}")]


def _agents(analysis: Analysis) -> str:
    ahead, told = analysis.prospects, analysis.forecast.measure
    if ahead is None:
        return UNSEARCHED
    now = analysis.plan.max_parallel
    steps = []
    for first, last, makespan in levels(ahead.agents):
        who = f"{first}" if first == last else f"{first} to {last}" if last < max(ahead.agents) else f"{first} or more"
        steps.append(f"{who}: {told(makespan)}")
    gained = ahead.agents[now] - min(ahead.agents.values())
    gain = f"up to {told(gained)} less" if gained > 0 else "more gain nothing"
    most = max(ahead.agents)
    worth = f"worth running: {ahead.worth}, within 5 % of what more could do"
    return f"{'; '.join(steps)} (max_parallel is {now}, at most {most}; {gain}); {worth}"


def _raised(analysis: Analysis) -> Iterable[str]:
    found, told = analysis.figures, analysis.forecast.measure
    useless = []
    for one in analysis.prospects.raised if analysis.prospects else ():
        what = f"{'agent' if one.of == 'agent' else 'resource'} {one.name} (now {one.now})"
        if one.makespan < found.makespan:
            yield f"{what}: {told(one.makespan)}, {told(found.makespan - one.makespan)} less"
        else:
            useless.append(what)
    if useless:
        yield f"{enumerated(useless)}: no gain"


def _conflict(analysis: Analysis, conflict: Conflict) -> str:
    ids = analysis.forecast.ids
    tasks = enumerated(ids(conflict.tasks))
    if conflict.of == "writes":
        return f"{tasks}: they may write the same files ({conflict.name})"
    what = f"{conflict.amount} instance{'s'[: conflict.amount != 1]} of the agent {conflict.name}"
    if conflict.of == "resource":
        what = f"{conflict.amount} of the resource {conflict.name}"
        if set(conflict.shares) != {1}:
            holders = [f"{task} takes {share}" for task, share in zip(ids(conflict.tasks), conflict.shares)]
            return f"more than {what} together: {enumerated(holders)}"
    at_once = tasks if conflict.is_exclusive else f"more than {conflict.amount} of {tasks}"
    return f"{at_once}: there {'is' if conflict.amount == 1 else 'are'} {what}"


def pattern(analysis: Analysis) -> str:
    """The pattern that fits a plan, and why."""
    return f"{analysis.pattern.name}: {analysis.pattern.reason}"


def path(analysis: Analysis, tasks: Sequence[int]) -> str:
    """Tasks that follow each other, by their ids; of many the first and the last."""
    ids = analysis.forecast.ids(tasks)
    if len(ids) > ON_PATH:
        return f"{', '.join(ids[: ON_PATH - 2])}, {len(ids) - ON_PATH + 1:,} more, {ids[-1]}"
    return ", then ".join(ids) if len(ids) < 4 else ", ".join(ids)
