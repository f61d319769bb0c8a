"""A plan as Mermaid diagrams, in fences as GitHub draws them: what depends on what, and when each task runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .visible import visible

if TYPE_CHECKING:
    from .analysis import Analysis

TASKS, EDGES = 150, 400
"""So many tasks and edges are drawn one by one; GitHub draws no more than 500 edges and 50,000 characters."""
BEGINNING = datetime(2000, 1, 1)  # noqa: DTZ001 - a moment without a place: the axis shows how long it is since
_MARKS = {'"': "#quot;", "#": "#35;", "&": "#amp;", "<": "#lt;", ">": "#gt;", "`": "#96;", ";": "#59;", "\\": "#92;"}


def diagrams(analysis: Analysis) -> str:
    """The flowchart and, where it is not too large, the Gantt chart, each in a fence."""
    parts = [flowchart(analysis)]
    if analysis.forecast.work.size <= TASKS:
        parts.append(gantt(analysis))
    return "\n\n".join(f"```mermaid\n{part}\n```" for part in parts)


def flowchart(analysis: Analysis) -> str:
    """The tasks by wave, with arrows from what is needed to what needs it, thick on the critical path."""
    work = analysis.forecast.work
    if work.size > TASKS or sum(map(len, work.before)) > EDGES:
        return _waves(analysis)
    lines = ["flowchart LR"]
    for level in range(max(work.levels) + 1):
        lines.append(f'  subgraph w{level + 1}["Wave {level + 1}"]')
        for at, task in enumerate(analysis.forecast.tasks):
            if work.levels[at] == level:
                lines.append(f'    t{at}["{escaped(task.id)}<br/>{escaped(task.agent)}"]')
        lines.append("  end")
    critical = list(analysis.figures.critical)
    thick = set(zip(critical, critical[1:]))
    for at, needs in enumerate(work.before):
        lines += [f"  t{other} {'==>' if (other, at) in thick else '-->'} t{at}" for other in needs]
    if critical:
        lines.append("  classDef critical stroke-width:4px")
        lines.append(f"  class {','.join(f't{task}' for task in critical)} critical")
    return "\n".join(lines)


def _waves(analysis: Analysis) -> str:
    """The waves alone, of a plan with too many tasks or edges to draw them."""
    levels = analysis.forecast.work.levels
    last = max(levels) + 1
    shown = min(last, TASKS)
    counts = [0] * last
    for level in levels:
        counts[level] += 1
    lines = ["flowchart LR"]
    for number, count in enumerate(counts[:shown], 1):
        lines.append(f'  w{number}["Wave {number}<br/>{count:,} task{"s"[: count != 1]}"]')
    lines += [f"  w{number} --> w{number + 1}" for number in range(1, shown)]
    if last > shown:
        lines += [f'  rest["{last - shown:,} more waves"]', f"  w{shown} --> rest"]
    return "\n".join(lines)


def gantt(analysis: Analysis) -> str:
    """When each task runs, from 00:00 on."""
    forecast = analysis.forecast
    length = forecast.measure.length
    unit = " (one minute stands for the length of a task)" if length else ""
    title = "".join(" " if mark in "#;:" else mark for mark in visible(" ".join(analysis.plan.name.split())))
    long = forecast.schedule.makespan >= 3_600_000 or length
    lines = ["gantt", f"  title {title}{unit}", "  dateFormat YYYY-MM-DD HH:mm:ss"]
    lines.append(f"  axisFormat {'%H:%M' if long else '%M:%S'}")
    for level in range(max(forecast.work.levels) + 1):
        lines.append(f"  section Wave {level + 1}")
        for at, task in enumerate(forecast.tasks):
            start, end = forecast.schedule.starts[at], forecast.schedule.ends[at]
            if forecast.work.levels[at] == level and start >= 0:
                since = BEGINNING + timedelta(seconds=round(start / 1000))
                mark = "crit, " if at in analysis.figures.critical else ""
                lasting = max(1, round((end - start) / 1000))
                lines.append(f"  {at + 1}. {task.id} :{mark}t{at}, {since:%Y-%m-%d %H:%M:%S}, {lasting}s")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """A text as it may stand in quotes in a diagram."""
    return "".join(_MARKS.get(mark, mark) for mark in visible(" ".join(text.split())))
