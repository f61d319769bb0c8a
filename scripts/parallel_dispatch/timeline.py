"""The foretold run as a picture in a terminal, true to scale: a row for each task, or for each wave of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import padded, width
from .columns import wrapped
from .visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .analysis import Analysis

ROWS = 40
"""Up to so many tasks have rows of their own; and so many waves."""
NAMES = 28
"""The cells for names, at most."""
LEAST = 20
"""The cells for the picture, at least."""


class Ink:
    """What a timeline is drawn with: tasks that cannot be put off, others, and waiting for a limit."""

    __slots__ = ("busy", "fixed", "waiting")

    def __init__(self, fixed: str, busy: str, waiting: str) -> None:
        self.fixed = fixed
        self.busy = busy
        self.waiting = waiting


BLOCKS = Ink("█", "▒", "·")
ASCII = Ink("#", "=", ".")


def timeline(analysis: Analysis, cells: int, ink: Ink = BLOCKS) -> list[str]:
    """The lines of the picture, at most so many cells wide."""
    forecast = analysis.forecast
    told, schedule = forecast.measure, forecast.schedule
    if forecast.work.size > ROWS:
        return _waves(analysis, cells, ink)
    names = [visible(task.id) for task in forecast.tasks]
    times = [_time(analysis, task) for task in range(forecast.work.size)]
    scale = Scale(schedule.makespan, cells, names, times)
    lines = [scale.axis(told.brief(schedule.makespan / 2), told.brief(schedule.makespan))]
    for level in range(max(forecast.work.levels) + 1):
        lines.append(f"Wave {level + 1}")
        wave = [task for task in range(forecast.work.size) if forecast.work.levels[task] == level]
        lines += [scale.row(names[task], _bar(analysis, task, scale, ink), times[task]) for task in wave]
    return [*lines, *wrapped(_legend(analysis, ink), cells)]


def _waves(analysis: Analysis, cells: int, ink: Ink) -> list[str]:
    """A row for each wave: from the first of its tasks that begins to the last that ends."""
    forecast = analysis.forecast
    told, schedule = forecast.measure, forecast.schedule
    spans: dict[int, list[int]] = {}
    for task in forecast.begun:
        found = spans.setdefault(forecast.work.levels[task], [schedule.starts[task], 0, 0])
        found[1] = max(found[1], schedule.ends[task])
        found[2] += 1
    shown = sorted(spans)[:ROWS]
    names = [f"Wave {level + 1}, {spans[level][2]:,} task{'s'[: spans[level][2] != 1]}" for level in shown]
    times = [f"{told.brief(spans[level][0])} - {told.brief(spans[level][1])}" for level in shown]
    scale = Scale(schedule.makespan, cells, names, times)
    lines = [scale.axis(told.brief(schedule.makespan / 2), told.brief(schedule.makespan))]
    for level, name, time in zip(shown, names, times):
        first, last = scale.between(*spans[level][:2])
        lines.append(scale.row(name, " " * first + ink.busy * (last - first), time))
    if len(spans) > ROWS:
        lines.append(f"... and {len(spans) - ROWS:,} more waves")
    return [*lines, f"{ink.busy} from the first task of a wave that begins to the last that ends"]


class Scale:
    """The columns of a picture: names, the run from beginning to end, times."""

    def __init__(self, makespan: int, cells: int, names: Sequence[str], times: Sequence[str]) -> None:
        self.makespan = max(1, makespan)
        self.names = min(NAMES, max(map(width, names))) + 2
        self.cells = max(LEAST, cells - self.names - max(map(width, times)) - 3)

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The first cell of a time, and the one behind its last: at least one."""
        first = min(self.cells - 1, start * self.cells // self.makespan)
        return first, max(first + 1, end * self.cells // self.makespan)

    def row(self, name: str, bar: str, time: str) -> str:
        """A line of the picture."""
        return f"  {padded(name, self.names - 2)} {padded(bar, self.cells)} {time}"

    def axis(self, middle: str, end: str) -> str:
        """The line above, from the beginning to the end."""
        half = self.cells // 2
        left = padded("0", half - len(middle) // 2) + middle
        marks = padded(left, max(len(left), self.cells - len(end))) + end
        return " " * (self.names + 1) + marks


def _bar(analysis: Analysis, task: int, scale: Scale, ink: Ink) -> str:
    schedule = analysis.forecast.schedule
    if schedule.starts[task] < 0:
        return ""
    first, last = scale.between(schedule.starts[task], schedule.ends[task])
    chains = analysis.chains
    mark = ink.fixed if chains and not chains.slack(task) else ink.busy
    waits = analysis.explanations[task].waits if analysis.explanations else 0
    since = scale.between(schedule.starts[task] - waits, schedule.starts[task])[0] if waits else first
    return " " * since + ink.waiting * (first - since) + mark * (last - first)


def _time(analysis: Analysis, task: int) -> str:
    told, schedule = analysis.forecast.measure, analysis.forecast.schedule
    if schedule.starts[task] < 0:
        return "does not run"
    return f"{told.brief(schedule.starts[task])} - {told.brief(schedule.ends[task])}"


def _legend(analysis: Analysis, ink: Ink) -> str:
    """What the marks mean that are there."""
    forecast, chains = analysis.forecast, analysis.chains
    slack = [bool(chains.slack(task)) if chains else True for task in forecast.begun]
    marks = [f"{ink.fixed} begun later, the run would end later"] if not all(slack) else []
    marks += [f"{ink.busy} could begin later"] if any(slack) else []
    marks += [f"{ink.waiting} ready, but waiting"] if any(e.waits for e in analysis.explanations or ()) else []
    return "; ".join(marks) + ". Times are in task lengths." * bool(forecast.measure.length)
