"""A run as Mermaid diagrams, as GitHub draws them: when each attempt ran, and what depended on what. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .mermaid import BEGINNING, escaped
from .visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TASKS, EDGES = 60, 300
"""So many tasks and edges are drawn one by one, else waves; GitHub draws no more than 500 edges, 50,000 characters."""
ROWS = 150
"""So many bars are drawn."""
CLASSES = {
    "success": ("done", "stroke:#1a7f37,stroke-width:2px"),
    "failed": ("failed", "stroke:#cf222e,stroke-width:3px,stroke-dasharray:6 3"),
    "skipped": ("skipped", "stroke:#9a6700,stroke-dasharray:2 3"),
    "cancelled": ("cancelled", "stroke:#9a6700,stroke-dasharray:2 3"),
    "not needed": ("unneeded", "stroke:#6e7781,stroke-dasharray:2 3"),
    "open": ("open", "stroke:#6e7781"),
}
"""How the tasks of each outcome are drawn; colours that show on light and on dark."""

Values = dict[str, Any]


def gantt(values: Values) -> str:
    """When each attempt ran, or each wave of many tasks; empty where nothing was measured."""
    many = len(values["tasks"]) > TASKS
    bars = list(_wave_bars(values) if many else _attempt_bars(values))[:ROWS]
    if not bars:
        return ""
    last = max(end for _, _, _, end in bars)
    lines = ["gantt", "  dateFormat YYYY-MM-DD HH:mm:ss.SSS"]
    lines.append(f"  axisFormat {'%H:%M' if last >= 3600 else '%M:%S' if last >= 20 else '%S.%L'}")
    section = ""
    for number, (where, what, start, end) in enumerate(bars):
        if where != section:
            lines.append(f"  section {where}")
            section = where
        lines.append(f"  {number + 1}. {what}b{number}, {_moment(start)}, {_moment(max(end, start + 0.001))}")
    return "\n".join(lines)


def _attempt_bars(values: Values) -> Iterator[tuple[str, str, float, float]]:
    """The section, the label with its marks, start and end of each measured attempt."""
    marks = {"success": "done, ", "open": "active, "}
    for task in values["tasks"]:
        for one in task["attempts"]:
            if one["start"] is None or one["end"] is None:
                continue
            which = "" if one["number"] == 1 else f" attempt {one['number']}"
            mark = marks.get(one["outcome"], "crit, ")
            yield f"Wave {task['wave']}", f"{_plain(task['id'])}{which} :{mark}", one["start"], one["end"]


def _wave_bars(values: Values) -> Iterator[tuple[str, str, float, float]]:
    """The same for waves, from the first start to the last end."""
    for wave in values["waves"]:
        if wave["start"] is not None and wave["end"] is not None:
            mark = "done, " if wave["status"] == "complete" else "crit, "
            count = len(wave["tasks"])
            what = f"{count:_} task{'s'[: count != 1]}".replace("_", " ")
            yield f"Wave {wave['number']}", f"{what} :{mark}", wave["start"], wave["end"]


def graph(values: Values) -> str:
    """What depended on what: the tasks by wave, thick where the critical path goes; waves alone of many tasks."""
    tasks = values["tasks"]
    edges = sum(len(task["dependencies"]) for task in tasks)
    if len(tasks) > TASKS or edges > EDGES:
        return _waves(values)
    number = {task["id"]: at for at, task in enumerate(tasks)}
    lines = ["flowchart LR"]
    for wave in values["waves"]:
        lines.append(f'  subgraph w{wave["number"]}["Wave {wave["number"]}"]')
        lines += [f'    t{number[task]}["{_label(tasks[number[task]])}"]' for task in wave["tasks"]]
        lines.append("  end")
    path = values["summary"]["critical_path"]
    thick = set(zip(path, path[1:]))
    for task in tasks:
        for needed in task["dependencies"]:
            if needed in number:
                arrow = "==>" if (needed, task["id"]) in thick else "-->"
                lines.append(f"  t{number[needed]} {arrow} t{number[task['id']]}")
    return "\n".join([*lines, *_classes(tasks)])


def _label(task: Values) -> str:
    took = f"{task['seconds']:.1f}s, " if task["seconds"] is not None else ""
    return f"{escaped(task['id'])}<br/>{took}{escaped(task['outcome'])}"


def _classes(tasks: Sequence[Values]) -> Iterator[str]:
    for outcome, (name, style) in CLASSES.items():
        found = [f"t{at}" for at, task in enumerate(tasks) if task["outcome"] == outcome]
        if found:
            yield f"  classDef {name} {style}"
            yield f"  class {','.join(found)} {name}"


def _waves(values: Values) -> str:
    waves = values["waves"]
    lines = ["flowchart LR"]
    for wave in waves[:ROWS]:
        count = len(wave["tasks"])
        label = f"Wave {wave['number']}<br/>{count:,} task{'s'[: count != 1]}, {escaped(wave['status'])}"
        lines.append(f'  w{wave["number"]}["{label}"]')
    shown = waves[:ROWS]
    lines += [f"  w{one['number']} --> w{other['number']}" for one, other in zip(shown, shown[1:])]
    if len(waves) > ROWS:
        lines += [f'  rest["{len(waves) - ROWS:,} more waves"]', f"  w{shown[-1]['number']} --> rest"]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """A text as it may stand in a bar's label, where marks of the language cannot be escaped."""
    return "".join("_" if mark in "#;:,%`<>" else mark for mark in visible(" ".join(text.split())))


def _moment(at: float) -> str:
    moment = BEGINNING + timedelta(seconds=min(max(at, 0.0), 10**9))
    return moment.isoformat(sep=" ", timespec="milliseconds")
