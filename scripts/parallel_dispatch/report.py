"""The report for people, rendered from the facts of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .dispatch import budget, how_to_resume
from .state import CANCELLED, FAILED, FINE, SKIPPED, SUCCESS, UNNEEDED
from .templates import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .audit import Stray
    from .facts import RunFacts, TaskFacts

TEMPLATE = "report.md.j2"
MARKS = {SUCCESS: "✓", FAILED: "✗", SKIPPED: "skipped", CANCELLED: "cancelled", UNNEEDED: "not needed", "": "open"}
OTHERS = (SKIPPED, CANCELLED, UNNEEDED, "")
UNMEASURED = "not measured"
MOST_STRAYS = 100
"""How many files the report names that were changed outside of write scopes."""


@dataclass(frozen=True)
class WaveRow:
    """One row of the timeline."""

    number: int
    tasks: str
    duration: str
    mark: str


@dataclass(frozen=True)
class StrayRow:
    """One file that was changed outside of write scopes."""

    path: str
    how: str
    tasks: str
    owner: str


def render_report(facts: RunFacts, project: str) -> str:
    """The Markdown of a run's report, in the shape of the product's first document."""
    done = [t for t in facts.tasks if t.outcome == SUCCESS]
    critical = facts.critical_path
    return render(
        project,
        TEMPLATE,
        {
            "facts": facts,
            "plan": facts.plan,
            "budget": budget(facts.plan),
            "succeeded": len(done),
            "failed": sum(1 for t in facts.tasks if t.outcome == FAILED),
            "other": [(word, n) for word in OTHERS if (n := _count(facts, word))],
            "waves": _waves(facts.tasks),
            "done": done,
            "lost": [t for t in facts.tasks if t.outcome not in FINE],
            "marks": MARKS,
            "critical": " → ".join(map(cell, critical[0])) if critical else "",
            "critical_seconds": critical[1] if critical else None,
            "s": seconds,
            "x": lambda value: UNMEASURED if value is None else f"{value:.2f}×",
            "percent": lambda value: UNMEASURED if value is None else f"{value:.0%}",
            "cell": cell,
            "shown": facts.plan.shown,
            "resume": "" if facts.plan.rehearsal else how_to_resume(facts.plan),
            "strays": [_stray(found) for found in facts.audit.findings[:MOST_STRAYS]],
            "more_strays": max(0, len(facts.audit.findings) - MOST_STRAYS),
            "sent_back": sum(t.sent_back for t in facts.tasks),
            "usage": any(t.tokens for t in facts.tasks),
            "needless": sum(t.tokens.total for t in facts.tasks if t.tokens and t.outcome == UNNEEDED),
        },
    )


def seconds(value: float | None) -> str:
    """A duration as the report writes it: seconds with one decimal."""
    return UNMEASURED if value is None else f"{value:.1f}s"


def cell(text: str) -> str:
    """A text as the content of a table cell or a list item: one line, no markup of its own."""
    line = " ".join("".join(c if c.isprintable() or c.isspace() else "�" for c in text).split())
    for mark in "\\`*_[]<>|":
        line = line.replace(mark, "\\" + mark)
    return line


def _stray(found: Stray) -> StrayRow:
    whose = "its" if len(found.tasks) == 1 else "their"
    tasks = ", ".join(map(cell, found.tasks)) + (f", named in {whose} commands" if found.named else "")
    return StrayRow(cell(found.path), found.how, tasks, cell(found.owner) or "-")


def _count(facts: RunFacts, outcome: str) -> int:
    return sum(1 for t in facts.tasks if t.outcome == outcome)


def _waves(tasks: Sequence[TaskFacts]) -> list[WaveRow]:
    """A wave lasts from its first agent's start to its last one's end."""
    rows = []
    for number in sorted({t.wave for t in tasks}):
        wave = [t for t in tasks if t.wave == number]
        starts = [t.start for t in wave if t.start is not None]
        ends = [t.end for t in wave if t.end is not None]
        never = all(not t.attempts for t in wave)
        duration = seconds(max(ends) - min(starts)) if starts and ends else "-" if never else UNMEASURED
        mark = MARKS[SUCCESS] if all(t.outcome in FINE for t in wave) else _wave_mark(wave)
        rows.append(WaveRow(number, ", ".join(cell(t.id) for t in wave), duration, mark))
    return rows


def _wave_mark(wave: Sequence[TaskFacts]) -> str:
    counts = [(word or "open", sum(1 for t in wave if t.outcome == word)) for word in (FAILED, *OTHERS)]
    mark = f"{MARKS[FAILED]} " if any(t.outcome == FAILED for t in wave) else ""
    return mark + ", ".join(f"{count} {word}" for word, count in counts if count)
