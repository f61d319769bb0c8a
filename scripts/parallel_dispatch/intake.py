"""What an aggregate is made of: the findings and values that outputs tell, what could not be read, what is missing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from . import findings
from .contributors import contributors
from .judge import MAX_READ, output_files
from .places import read_text
from .state import PAST, SUCCESS, UNNEEDED

if TYPE_CHECKING:
    from .finding import Finding
    from .plan import Plan, PlannedTask
    from .state import State


MOST_BYTES = 20_000_000
"""How much is read of all outputs together: the end of a run waits for it, in a hook of the host."""


class Taken(NamedTuple):
    """One task whose output is taken: its texts, the findings that they tell, and whether they tell any at all."""

    task: PlannedTask
    texts: list[str]
    findings: list[Finding]
    is_told: bool


class Intake(NamedTuple):
    """What is there of the tasks of an aggregate, in their order.

    `unread` says of tasks why their findings could not be read, or not all; `missing` why their outputs are not there;
    `unneeded` are those of `missing` that nobody needs.
    """

    taken: list[Taken]
    unread: list[tuple[str, str]]
    missing: list[tuple[str, str]]
    unneeded: int = 0

    @property
    def findings(self) -> list[Finding]:
        """All findings, task by task."""
        return [finding for each in self.taken for finding in each.findings]


def sources(plan: Plan) -> list[str]:
    """The tasks whose outputs are taken, in their order."""
    named = plan.aggregate.get("from")
    if isinstance(named, list):
        return [task for task in named if task in plan.tasks]
    needs = {task.id: task.dependencies for task in plan.tasks.values()}
    return contributors(needs, many={task.id for task in plan.patterns})


def intake(plan: Plan, state: State) -> Intake:
    """What is there now of the tasks whose outputs are taken."""
    found = Intake([], [], [])
    outcomes = state.outcomes()
    unneeded, left = 0, MOST_BYTES
    is_silence_told = plan.aggregate.get("strategy") not in (None, "consensus")  # nobody asked, or for values alone
    for name in sources(plan):
        task = plan.tasks[name]
        outcome, reason = outcomes[name]
        if outcome != SUCCESS:
            unneeded += outcome == UNNEEDED
            found.missing.append((name, ": ".join(filter(None, (PAST.get(outcome, "has not ended"), reason)))))
            continue
        texts, why = _texts(task, left)
        left -= sum(map(len, texts))
        if why:
            found.unread.append((name, why))
            continue
        reading = findings.read(name, texts)
        found.taken.append(Taken(task, texts, reading.findings, reading.is_told))
        if reading.unread:
            found.unread.append((name, "; ".join(reading.unread)))
        elif not reading.is_told and is_silence_told:
            found.unread.append((name, "its output tells no findings in a form that is read"))
    return found._replace(unneeded=unneeded)


def _texts(task: PlannedTask, left: int) -> tuple[list[str], str]:
    """The texts of an output, or why they could not be read."""
    try:
        files = output_files(task)
        size = sum(map(os.path.getsize, files))
        if not files:
            return [], "its output is not there any more"
        if size > MAX_READ:
            return [], f"its output has {size:,} bytes, more than {MAX_READ:,}"
        if size > left:
            return [], f"with its output there would be more than {MOST_BYTES:,} bytes to read"
        return [read_text(file) for file in files], ""
    except OSError as error:
        return [], f"its output could not be read: {error.strerror}"
