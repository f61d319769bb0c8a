"""The report for people, rendered from the values of a run's report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .report_values import report_values
from .run_pictures import gantt, graph
from .state import CANCELLED, FAILED, SKIPPED, SUCCESS, UNNEEDED
from .templates import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .facts import RunFacts

TEMPLATE = "report.md.j2"
MARKS = {SUCCESS: "✓", FAILED: "✗", SKIPPED: "skipped", CANCELLED: "cancelled", UNNEEDED: "not needed", "": "open"}
OTHERS = (SKIPPED, CANCELLED, UNNEEDED, "open")
COUNTED = (("skipped", "Skipped"), ("cancelled", "Cancelled"), ("not_needed", "Not needed"), ("open", "Did not end"))
UNMEASURED = "not measured"
MOST_STRAYS = 100
"""How many files the report names that were changed outside of write scopes."""

Values = dict[str, Any]


@dataclass(frozen=True)
class WaveRow:
    """One row of the timeline."""

    number: int
    tasks: str
    duration: str
    mark: str


def render_report(facts: RunFacts, project: str) -> str:
    """The Markdown of a run's report, by the template of the project where it has one."""
    return markdown(report_values(facts), project)


def markdown(values: Values, project: str = "") -> str:
    """The Markdown of a report's values, in the shape of the product's first document."""
    tasks = values["tasks"]
    output_dir = values["run"]["output_dir"].rstrip("/") + "/"
    return render(
        project,
        TEMPLATE,
        {
            "values": values,
            **{name: values[name] for name in ("run", "summary", "problems", "gaps", "aggregate")},
            "tasks": [{**task, "shown": task["output"].removeprefix(output_dir)} for task in tasks],
            "counted": [(word, values["summary"][key]) for key, word in COUNTED if values["summary"][key]],
            "waves": [_wave(wave, tasks) for wave in values["waves"]],
            "work": [wave for wave in values["waves"] if wave["work"] is not None or wave["tokens"]],
            "done": [task for task in tasks if task["outcome"] == SUCCESS],
            "lost": [task for task in tasks if task["outcome"] not in (SUCCESS, UNNEEDED)],
            "used": [task for task in tasks if task["tokens"] or task["tool_uses"]],
            "marks": {**MARKS, "open": MARKS[""]},
            "strays": [{**stray, "at_work": _at_work(stray)} for stray in values["strays"][:MOST_STRAYS]],
            "more_strays": max(0, len(values["strays"]) - MOST_STRAYS),
            "gantt": gantt(values),
            "graph": graph(values),
            "s": seconds,
            "x": lambda value: UNMEASURED if value is None else f"{value:.2f}×",
            "percent": lambda value: UNMEASURED if value is None else f"{value:.0%}",
            "n": number,
            "cell": cell,
        },
    )


def seconds(value: float | None) -> str:
    """A duration as the report writes it: seconds with one decimal."""
    return UNMEASURED if value is None else f"{value:.1f}s"


def number(value: int | None) -> str:
    """A count as the report writes it."""
    return UNMEASURED if value is None else f"{value:,}"


def cell(text: str) -> str:
    """A text as the content of a table cell or a list item: one line, no markup of its own."""
    line = " ".join("".join(c if c.isprintable() or c.isspace() else "�" for c in text).split())
    for mark in "\\`*_[]<>|":
        line = line.replace(mark, "\\" + mark)
    return line


def _at_work(stray: Values) -> str:
    whose = "its" if len(stray["tasks"]) == 1 else "their"
    return ", ".join(stray["tasks"]) + (f", named in {whose} commands" if stray["named"] else "")


def _wave(wave: Values, tasks: Sequence[Values]) -> WaveRow:
    own = [task for task in tasks if task["wave"] == wave["number"]]
    never = not any(task["attempts"] for task in own)
    duration = "-" if never and wave["seconds"] is None else seconds(wave["seconds"])
    mark = MARKS[SUCCESS] if wave["status"] == "complete" else _wave_mark(own)
    return WaveRow(wave["number"], ", ".join(cell(task["id"]) for task in own), duration, mark)


def _wave_mark(wave: Sequence[Values]) -> str:
    counts = [(word, sum(1 for task in wave if task["outcome"] == word)) for word in (FAILED, *OTHERS)]
    mark = f"{MARKS[FAILED]} " if counts[0][1] else ""
    return mark + ", ".join(f"{count} {word}" for word, count in counts if count)
