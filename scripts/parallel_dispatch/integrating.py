"""What an integrator merges, written for it before it begins, and what it lost, told when it wants to stop."""

from __future__ import annotations

from . import integration
from .active import ActiveRun
from .aggregate import aggregate, alarms
from .places import write_whole


def main(folder: str) -> int:
    """The process that `losses` asks: what the integrator of a run lost, a line for each alarm on stdout."""
    run = ActiveRun(folder)
    print("\n".join(" ".join(alarm.text.split()) for alarm in alarms(run.plan, run.state())))
    return 0


def write_integration(run: ActiveRun, task: str) -> tuple[str, ...]:
    """The lines of an integrator's brief about what it merges; the findings themselves are written to a file."""
    made = aggregate(run.plan, run.state())
    file = run.folder.integration(task)
    lines = integration.lines(made, file, summary=bool(run.plan.aggregate.get("summary")))
    if lines:
        write_whole(file, integration.file_of_findings(made))
    return lines
