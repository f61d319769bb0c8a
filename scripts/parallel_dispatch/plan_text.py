"""A plan as people read it: whether parallel work pays, how long it takes, what limits it, a timeline, the tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .columns import columns, wrapped
from .dispatch import head, named_only, plan_row
from .enumeration import enumerated
from .limiting import UNSEARCHED, limits, path, pattern
from .timeline import BLOCKS, Ink, timeline
from .verdict import NO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .analysis import Analysis
    from .balance import Share
    from .columns import Rows

KNOWN = {"file": "the file's estimate", "runs": "learnt from earlier runs", "": "assumed"}
"""Where a task's duration is known from."""
SHOWN = 10
"""How many kinds of agents are told."""


def plan_text(analysis: Analysis, cells: int, ink: Ink = BLOCKS, *, explain: bool = False) -> str:
    """The whole plan; lines that are prose take at most so many cells."""
    plan = analysis.plan
    blocks = [
        [f"Plan: {head(plan)}", *([" ".join(plan.description.split())] if plan.description else [])],
        [*wrapped(_verdict(analysis), cells), *columns(analysis.questions, cells)],
        ["How long it takes", *columns(_times(analysis), cells)],
        ["How it runs, and what limits it", *columns(limits(analysis), cells)],
        _shares(analysis.balance, analysis, cells),
        ["Timeline", *timeline(analysis, cells, ink)],
        _tasks(analysis, cells, explain=explain),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def summary(analysis: Analysis) -> str:
    """The verdict and the figures in a few lines, to stand above a table of tasks."""
    found = analysis.figures
    lines = [_verdict(analysis), f"Pattern: {pattern(analysis)}"]
    if len(found.critical) > 1:
        chain = analysis.forecast.measure(found.chain)
        lines.append(f"Critical path: {path(analysis, found.critical)} ({chain}).")
    return "\n".join([*lines, f"Times are based on {_sources(analysis)}."])


def _verdict(analysis: Analysis) -> str:
    return f"Does parallel work pay? {analysis.verdict.answer.capitalize()}: {analysis.verdict.reason}"


def _times(analysis: Analysis) -> Rows:
    found, told = analysis.figures, analysis.forecast.measure
    rows = [("one by one", f"{told(found.sequential)}, one task after another")]
    if found.is_shortest:
        best = "within these limits no order of the tasks takes less, so the plan is the best there is"
    else:
        best = (
            f"no order takes less than {told(found.bound)}, so the plan is at most {_percent(found.gap)} longer than"
            " the best there is"
        )
    times = f"{found.speedup:.1f} times as fast as one by one" if found.speedup >= NO else "about as long as one by one"
    rows.append(("this plan", f"{told(found.makespan)}, {times}; {best}"))
    if found.waves is not None and not analysis.plan.in_waves:
        rows.append(
            ("wave by wave", f"{told(found.waves)}, if each wave waited for the one before it{_gain(analysis)}")
        )
    if found.critical:
        longest = "the longest chain of dependencies" if len(found.critical) > 1 else "the longest task"
        chain = f"{told(found.chain)}: {path(analysis, found.critical)}, {longest}"
        most = f", so {found.most_speedup:.1f} times as fast as one by one is the most" * (found.most_speedup >= NO)
        rows.append(("critical path", f"{chain}; no number of agents is faster{most}"))
    return [*rows, ("based on", _sources(analysis))]


def _gain(analysis: Analysis) -> str:
    gain = analysis.figures.gain_over_waves or 0
    if gain <= 0:
        return ": as long"
    little = "only " if gain < 0.05 else ""
    as_long = ", so waves would take as long" if little else ""
    return f"; beginning each task as soon as it can begin saves {little}{_percent(gain)}{as_long}"


def _percent(share: float) -> str:
    return "less than 1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")


def _sources(analysis: Analysis) -> str:
    """Where the durations are known from."""
    counts = analysis.sources
    told = analysis.forecast.measure
    made = analysis.plan.patterns
    more = "".join(
        f"; {task.id} stands for one task per item of {task.for_each['from']}'s output and counts as one here"
        for task in made
    )
    if told.length:
        return (
            "no durations: no task has an estimate (estimated_duration) and none has run before, so all are taken as"
            " equally long, and times are counted in task lengths (the seconds in the first line are the tasks'"
            f" timeout){more}"
        )
    given = counts.get("file", 0)
    words = [f"{given:,} estimate{'s'[: given != 1]} of the file"] if given else []
    words += [f"{counts['runs']:,} learnt from earlier runs"] if counts.get("runs") else []
    if counts.get(""):
        mean = next(task.estimate for task in analysis.forecast.tasks if not task.known_from)
        words.append(f"{counts['']:,} unknown, taken as the mean of the others, {told(mean * 1000)}")
    return ", ".join(words) + more


def _shares(shares: Sequence[Share], analysis: Analysis, cells: int) -> list[str]:
    told = analysis.forecast.measure
    rows = []
    for share in shares[:SHOWN]:
        text = f"{share.tasks:,} task{'s'[: share.tasks != 1]}, {told(share.work)} of work"
        if share.instances:
            each = [told(busy) if busy else "nothing" for busy in share.each]
            spread = f": {enumerated(each)}" if share.instances > 1 else ""
            text += f", {share.instances} instance{'s'[: share.instances != 1]}{spread}"
        rows.append((share.agent, text))
    rows += [("", f"and {len(shares) - SHOWN:,} more kinds of agents")] if len(shares) > SHOWN else []
    return ["Work by agent", *columns(rows, cells)] if rows else []


def _tasks(analysis: Analysis, cells: int, *, explain: bool) -> list[str]:
    plan = analysis.plan
    lines = ["Tasks, in the order of dispatch"]
    for at, task in enumerate(plan.tasks.values()):
        lines += plan_row(plan, task)
        if explain and analysis.explanations:
            lines += [f"      {line}" for line in wrapped(explained(analysis, at), cells - 6)]
    if explain and not analysis.explanations:
        lines.append(f"The reasons of each task are {UNSEARCHED}.")
    return [*lines, *named_only(plan)]


def explained(analysis: Analysis, task: int) -> str:
    """Why a task begins when it does, how much later it could, and what follows its end."""
    forecast, chains, found = analysis.forecast, analysis.chains, (analysis.explanations or [])[task]
    if chains is None or forecast.schedule.starts[task] < 0:
        return f"It {found.reason}."
    slack, told = chains.slack(task), forecast.measure
    lasting = f"It takes {told(forecast.work.durations[task])} ({KNOWN[forecast.tasks[task].known_from]})."
    critical = analysis.figures.critical
    place = "On the critical path. " if len(critical) > 1 and task in critical else ""
    later = "Begun later, it makes the run longer."
    if slack:
        later = f"It could begin {told(slack)} later without making the run longer."
    if forecast.is_cut_short(task):
        later = f"It is called off at {told(forecast.schedule.ends[task])}: what needs it goes on without it then."
    then = []
    if found.releases:
        then.append(f"{enumerated(forecast.ids(found.releases))} {_verb(found.releases, 'begin')}")
    if found.follows:
        then.append(f"{enumerated(forecast.ids(found.follows))} {_verb(found.follows, 'take')} its place")
    after = f" When it ends, {' and '.join(then)}." if then else " When it ends, nothing begins at that moment."
    ends = "" if forecast.schedule.ends[task] < forecast.schedule.makespan else " The run ends with it."
    return f"It {found.reason}. {lasting} {place}{later}{ends or after}"


def _verb(tasks: Sequence[int], verb: str) -> str:
    return verb if len(tasks) > 1 else f"{verb}s"
