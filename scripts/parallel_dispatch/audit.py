"""What changed in a project while a run went on, judged: whose files these are, and which tasks were at work then."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from . import quickjson
from .places import FOLDER
from .scopes import overlapping
from .territory import holders
from .tie import is_in, is_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .plan import Plan
    from .tree import Change

SLACK = 0.1
"""Seconds by which a file's time may differ from a hook's: a file system's clock only ticks.

With more, the next task would pass for one that was at work already.
"""
MOST_COMPARED = 500_000
"""How many changed files times tasks are looked at."""
MOST_FOUND = 1_000


class Shift(NamedTuple):
    """A task at work, from and until a time of the run."""

    task: str
    begin: float
    end: float


class Clock(NamedTuple):
    """The file system's clock: when the project was looked at before, and now, and how far it is ahead of the run's."""

    since: float
    now: float
    ahead: float = 0.0


class Stray(NamedTuple):
    """A file that changed while tasks were at work none of which may write it.

    `tasks` were at work then: all, or, where `named`, those whose commands name the file. `owner` is whose it is.
    """

    path: str
    how: str
    tasks: tuple[str, ...]
    named: bool = False
    owner: str = ""


class Audit(NamedTuple):
    """What was found; and why, as far as the project could not be looked at."""

    findings: tuple[Stray, ...] = ()
    gaps: tuple[str, ...] = ()

    def with_more(self, other: Audit) -> Audit:
        """Both together; what is said twice once."""
        findings = dict.fromkeys([*self.findings, *other.findings])
        return Audit(tuple(findings), tuple(dict.fromkeys([*self.gaps, *other.gaps])))

    def to_json(self) -> str:
        """The text of the audit's file."""
        rows = ",\n".join("  " + quickjson.dumps(finding._asdict()) for finding in self.findings)
        return f'{{"gaps": {quickjson.dumps(list(self.gaps))}, "findings": [\n{rows}\n]}}\n'

    @staticmethod
    def from_json(text: str) -> Audit:
        """The audit in a text; an empty one where it is none."""
        value = quickjson.record(text)
        findings, gaps = value.get("findings"), value.get("gaps")
        try:
            rows = [Stray(**{**row, "tasks": tuple(row["tasks"])}) for row in findings or ()]  # type: ignore[attr-defined]
        except (TypeError, KeyError):
            return Audit(gaps=("audit.json of this run is damaged",))
        return Audit(tuple(rows), tuple(map(str, gaps)) if isinstance(gaps, list) else ())


def judge(
    plan: Plan,
    changes: Iterable[Change],
    shifts: Sequence[Shift],
    clock: Clock,
    commands: Callable[[str], str],
    others: Sequence[Plan] = (),
) -> Audit:
    """The changes that no task was at work for that may make them; those made while nobody was are the user's own.

    `commands` says what the agents of a task told shells and other programs. `others` are runs that went on beside this
    one, whose outputs and scopes are theirs.
    """
    at_work = [(change, _at_work(change, shifts, clock)) for change in changes if not is_in(change.path, FOLDER)]
    seen = [(change, tasks) for change, tasks in at_work if tasks]
    most, gaps = max(MOST_COMPARED // len(plan.tasks), 1), []
    if len(seen) > most:
        gaps.append(f"only {most:,} of {len(seen):,} changed files were judged")
    grounds, theirs = _Grounds(plan), [_Grounds(other) for other in others]
    findings: list[Stray] = []
    for change, tasks in seen[:most]:
        owners = grounds.owners(change.path)
        may = set(owners) or grounds.free
        if not may.isdisjoint(tasks) or any(other.owners(change.path) for other in theirs):
            continue
        if len(findings) == MOST_FOUND:
            gaps.append(f"after {MOST_FOUND:,} the search was given up")
            break
        named = _naming(change.path, tasks, commands) if len(tasks) > 1 else ()
        owner = ", ".join(f"{task} ({why})" for task, why in owners.items())
        findings.append(Stray(change.path, change.how, named or tasks, bool(named), owner))
    return Audit(tuple(findings), tuple(gaps))


class _Grounds:
    """Whose the files of a project are in a run; `free` are the tasks that may write what is nobody's."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._top = os.path.realpath(plan.project)
        self._outputs = [(task.id, [path.casefold() for path in task.own]) for task in plan.tasks.values()]
        self.free = {task.id for task in plan.tasks.values() if plan.open_writes and not task.writes}

    def owners(self, path: str) -> dict[str, str]:
        """The task whose output a path is, else those in whose write scopes it lies; each with what says so.

        Of a folder that is one entry all that may write something in it.
        """
        real = os.path.join(self._top, path)
        folded = real.casefold()
        if path.endswith("/"):
            return {
                task: "something in it"
                for task, own in self._outputs
                if any(one.startswith(folded) for one in own) or overlapping(self._plan.tasks[task].writes, (path,))
            }
        output = {task: "its output" for task, own in self._outputs if is_output(folded, own)}
        return output or dict(holders(self._plan, real))


def _at_work(change: Change, shifts: Sequence[Shift], clock: Clock) -> tuple[str, ...]:
    """The tasks that were at work when a file changed; of one that is gone nobody knows when.

    What is moved or copied may keep an older time, but its inode does not. Where the clock was set meanwhile, the file
    was stamped before that or after.
    """
    is_told = clock.since - SLACK <= change.mtime <= clock.now + SLACK
    when = change.mtime if is_told else change.ctime
    return tuple(
        dict.fromkeys(
            shift.task
            for shift in shifts
            if change.is_gone
            or any(shift.begin - SLACK <= time <= shift.end + SLACK for time in (when, when - clock.ahead))
        )
    )


def _naming(path: str, tasks: Sequence[str], commands: Callable[[str], str]) -> tuple[str, ...]:
    """The tasks whose commands name a path, else those whose commands name a file of this name."""
    for name in (path.rstrip("/"), os.path.basename(path.rstrip("/"))):
        word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)")
        found = tuple(task for task in tasks if name in commands(task) and word.search(commands(task)))
        if found:
            return found
    return ()
