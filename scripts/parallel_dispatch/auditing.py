"""The audit of a run: what the project looks like is kept when agents begin, and looked at again when all have ended.

Nothing here fails a run: where the project cannot be looked at, the audit says why.
"""

from __future__ import annotations

import contextlib
import os
from functools import cache
from typing import TYPE_CHECKING

from .active import ActiveRun
from .audit import SLACK, Audit, Clock, Shift, judge
from .places import read_text, write_whole
from .refusal import Refusal
from .runs import all_runs
from .transcript import commands, parts
from .tree import Tree, changes, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .places import RunFolder
    from .plan import Plan
    from .state import Attempt, State


def begin(run: ActiveRun) -> None:
    """The look at the project from which on changes count. What a host that was cut off left is judged before."""
    if run.plan.rehearsal:
        return
    end(run)
    write_whole(run.folder.tree, look(run.plan.project).to_json())


def end(run: ActiveRun) -> None:
    """What changed since the look before, judged and kept; nothing where it was done already."""
    if not os.path.exists(run.folder.tree):
        return
    try:
        found = _audit(run)
    except (Refusal, OSError) as problem:
        found = Audit(gaps=(str(problem),))
    write_whole(run.folder.audit, read(run.folder).with_more(found).to_json())
    with contextlib.suppress(FileNotFoundError):  # somebody else ended the run at the same time
        os.unlink(run.folder.tree)


def read(folder: RunFolder) -> Audit:
    """What was found so far in a run."""
    text = read_text(folder.audit)
    return Audit.from_json(text) if text else Audit()


def _audit(run: ActiveRun) -> Audit:
    state = run.state()
    since = os.path.getmtime(run.folder.tree)  # it was written right after the look
    found = changes(state.plan.project, Tree.from_json(read_text(run.folder.tree)))
    os.utime(run.folder.tree)
    now = os.path.getmtime(run.folder.tree)
    clock = Clock(since, now, now - run.now)

    @cache
    def told(task: str) -> str:
        return "\n".join(commands(attempt.transcript) for attempt in state.attempts.get(task, []) if attempt.transcript)

    return judge(state.plan, found, list(_shifts(state, clock)), clock, told, list(_beside(run, since)))


def _shifts(state: State, clock: Clock) -> Iterator[Shift]:
    """When agents were at work since the run was started or resumed.

    Until now where nobody saw one end; where a host was cut off, until the last word.
    """
    now = clock.now - clock.ahead
    for attempt in state.calls.values():
        if attempt.claimed >= state.since:
            ended = now if attempt.ended is None else attempt.ended
            end = now if attempt.abandoned else min(ended, _last_word(attempt, clock))
            yield Shift(attempt.task, attempt.claimed, end)


def _last_word(attempt: Attempt, clock: Clock) -> float:
    """When an agent said its last word at the latest, since the clock may have been set after that."""
    times = [os.path.getmtime(path) for path in parts(attempt.transcript) if os.path.isfile(path)]
    return max(times, default=clock.now) + max(0.0, -clock.ahead) + SLACK


def _beside(run: ActiveRun, since: float) -> Iterator[Plan]:
    """The plans of the other runs of the project in which something happened in this time."""
    for folder in all_runs(run.plan.project):
        if folder.path != run.folder.path and os.path.getmtime(folder.ledger) >= since:
            with contextlib.suppress(Refusal, OSError):
                yield ActiveRun(folder.path).state().plan
