"""The facts of a run, gathered from its plan, its ledger and the files that lie on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .audit import Audit
from .context import cost, growth, main_transcripts
from .history import histories
from .judge import fingerprint, output_files
from .overlap import Stretch, overlap
from .resumption import summary
from .state import SUCCESS
from .usage import Usage, consumption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .context import Growth
    from .history import Happening
    from .ledger import Event
    from .overlap import Overlap
    from .places import RunFolder
    from .plan import Plan, PlannedTask
    from .state import Attempt, State


NOTHING_FOUND = Audit()


@dataclass(frozen=True)
class AttemptFacts:
    """What is known of one attempt. Times are seconds since the epoch; None was not measured."""

    number: int
    outcome: str
    reason: str
    ready: float | None
    claimed: float
    start: float | None
    end: float | None
    seconds: float | None
    sent_back: int
    tokens: Usage | None
    tool_uses: int | None
    models: tuple[str, ...]
    growth: int
    """By how many tokens the agent's context grew."""


@dataclass(frozen=True)
class TaskFacts:
    """What is known of one task. Times are seconds; None was not measured."""

    id: str
    agent: str
    wave: int
    outcome: str
    reason: str
    output: str
    shown_output: str
    attempts: int
    sent_back: int
    start: float | None
    end: float | None
    seconds: float | None
    tokens: Usage | None
    changed: bool
    rewritten: bool
    tries: tuple[AttemptFacts, ...] = ()
    output_bytes: int | None = None
    """How large the output is now; None where there is none."""
    brief: str = ""
    answer: str = ""
    """Where the brief and the last words of the last attempt lie that has any."""
    history: tuple[Happening, ...] = ()


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run, tasks in the order of the plan's waves."""

    plan: Plan
    ended: str
    tasks: tuple[TaskFacts, ...]
    cut_short: str = ""
    """Which budget was used up, where tasks were not dispatched for that."""
    resumptions: tuple[str, ...] = ()
    """What stayed and what ran again whenever the run was resumed, in a line each."""
    audit: Audit = NOTHING_FOUND
    """What was changed outside of write scopes."""
    begun: float | None = None
    finished: float | None = None
    folder: str = ""
    halted: str = ""
    """Why nothing was dispatched any more: a task's failure, too many failures alike, a usage limit."""
    overlap: Overlap | None = None
    conversation: Growth | None = None
    cost: float | None = None
    """What the whole main conversation cost by the host's own reckoning, in US dollars."""
    aggregate: dict[str, object] | None = None
    """The outputs joined, as `report.json` has them."""

    @property
    def makespan(self) -> float | None:
        """From the first agent's start to the last one's end, in seconds."""
        starts = [t.start for t in self.tasks if t.start is not None]
        ends = [t.end for t in self.tasks if t.end is not None]
        return max(ends) - min(starts) if starts and ends else None

    @property
    def work(self) -> float | None:
        """The sum of the tasks' times, in seconds."""
        measured = [t.seconds for t in self.tasks if t.seconds is not None]
        return sum(measured) if measured else None

    @property
    def speedup(self) -> float | None:
        """Work divided by makespan."""
        return self.work / self.makespan if self.work is not None and self.makespan else None

    @property
    def efficiency(self) -> float | None:
        """Work divided by makespan times `max_parallel`."""
        return self.speedup / self.plan.max_parallel if self.speedup is not None else None

    @property
    def critical_path(self) -> tuple[tuple[str, ...], float] | None:
        """The chain of dependencies that took longest, and its length in seconds: no schedule is shorter."""
        length: dict[str, float] = {}
        before: dict[str, str | None] = {}
        ends = {task.id: task.end for task in self.tasks}
        for task in sorted(self.tasks, key=lambda t: t.wave):
            longest = max(self._waited_for(task, ends), key=length.__getitem__, default=None)
            before[task.id] = longest
            length[task.id] = (length[longest] if longest else 0.0) + (task.seconds or 0.0)
        last: str | None = max(length, key=length.__getitem__)
        total, path = length[str(last)], []
        while last:
            path.append(last)
            last = before[last]
        return (tuple(reversed(path)), total) if total else None

    def _waited_for(self, task: TaskFacts, ends: dict[str, float | None]) -> list[str]:
        """What a task waited for: all its dependencies, or those that had ended when enough of them had succeeded."""
        planned = self.plan.tasks[task.id]
        if not (planned.wait or planned.goes_without):
            return planned.dependencies
        known = ((d, ends[d]) for d in planned.dependencies)
        return [d for d, end in known if end is not None and task.start is not None and end <= task.start]

    @property
    def bound(self) -> float | None:
        """The largest speedup that the measured times allow: work ÷ max(critical path, work ÷ max_parallel)."""
        critical, work = self.critical_path, self.work
        if critical is None or not work:
            return None
        return work / max(critical[1], work / self.plan.max_parallel)


def gather(
    plan: Plan,
    state: State,
    audit: Audit = NOTHING_FOUND,
    events: Sequence[Event] = (),
    folder: RunFolder | None = None,
    aggregate: dict[str, object] | None = None,
) -> RunFacts:
    """The facts of a run. `events` are those of its ledger, for the histories; its folder is for what lies there."""
    outcomes = state.outcomes()
    told = histories(state, list(events))
    ready = _Ready(plan, state)
    mains = main_transcripts(a.transcript for a in state.calls.values() if a.transcript)
    until = float("inf") if state.finished is None else state.finished
    ordered = [task for wave in plan.waves for task in wave]
    facts = tuple(
        _facts(plan, task, state, outcomes[task.id], ready.times(task.id), folder, tuple(told[task.id]))
        for task in ordered
    )
    return RunFacts(
        plan=plan,
        ended=state.ended,
        tasks=facts,
        cut_short=state.cut_short,
        resumptions=tuple(map(summary, state.resumptions)),
        audit=audit,
        begun=state.begun,
        finished=state.finished,
        folder=folder.path if folder else "",
        halted=state.halted or (f"paused: {state.paused}" if state.paused else ""),
        overlap=overlap(plan, [s for task in facts for s in _stretches(task)]),
        conversation=None if state.begun is None else growth(mains, state.begun, until),
        cost=cost(mains),
        aggregate=aggregate,
    )


def _facts(
    plan: Plan,
    task: PlannedTask,
    state: State,
    how: tuple[str, str],
    ready: list[float | None],
    folder: RunFolder | None,
    history: tuple[Happening, ...],
) -> TaskFacts:
    outcome, reason = how
    attempts = state.attempts[task.id]
    tries = tuple(_attempt(attempt, when) for attempt, when in zip(attempts, ready))
    times = [a for a in attempts if a.seconds is not None]
    used = [a.tokens for a in tries if a.tokens]
    size, digest = fingerprint(task) if outcome == SUCCESS else (_size(task) if attempts else 0, "")
    numbers = [a.number for a in reversed(tries)]
    return TaskFacts(
        id=task.id,
        agent=task.agent,
        wave=task.wave,
        outcome=outcome,
        reason=reason or _latest_reason(attempts, outcome),
        output=task.output,
        shown_output=task.output[len(plan.output_dir.rstrip("/")) + 1 :],
        attempts=len(attempts),
        sent_back=sum(a.sent_back for a in attempts),
        start=min((a.started for a in times if a.started is not None), default=None),
        end=max((end for a in tries if a.seconds is not None and (end := a.end) is not None), default=None),
        seconds=sum(a.seconds or 0.0 for a in times) if times else None,
        tokens=sum(used, Usage()) if used else None,
        changed=outcome == SUCCESS and attempts[-1].digest not in ("", digest),
        rewritten=any(a.rewritten for a in attempts),
        tries=tries,
        output_bytes=size or None,
        brief=_there([folder.brief(task.id, n) for n in (*numbers, 1)]) if folder else "",
        answer=_there([folder.answer(task.id, n) for n in numbers]) if folder else "",
        history=history,
    )


def _attempt(attempt: Attempt, ready: float | None) -> AttemptFacts:
    used = consumption(attempt.transcript) if attempt.transcript else None
    return AttemptFacts(
        number=attempt.number,
        outcome=attempt.outcome,
        reason=attempt.reason,
        ready=ready,
        claimed=attempt.claimed,
        start=attempt.started,
        end=attempt.ended if attempt.seconds is None else (attempt.started or 0.0) + attempt.seconds,
        seconds=attempt.seconds,
        sent_back=attempt.sent_back,
        tokens=used.usage if used else None,
        tool_uses=used.tool_uses if used else None,
        models=tuple(used.models) if used else (),
        growth=used.growth if used else 0,
    )


def _latest_reason(attempts: list[Attempt], outcome: str) -> str:
    """Why a task is where it is, where its outcome does not say it."""
    if outcome == SUCCESS:
        return ""
    if not attempts:
        return "it was not dispatched"
    return attempts[-1].reason or "it is still running"


def _size(task: PlannedTask) -> int:
    """How large what lies at a task's output is, as far as anybody can tell."""
    try:
        return sum(map(os.path.getsize, output_files(task)))
    except OSError:
        return 0


def _there(paths: list[str]) -> str:
    return next(filter(os.path.isfile, paths), "")


class _Ready:
    """When each attempt could have begun: nothing but the limits kept it from that."""

    def __init__(self, plan: Plan, state: State) -> None:
        self._plan, self._state = plan, state
        self._done = {task: _succeeded(attempts) for task, attempts in state.attempts.items()}

    def times(self, task: str) -> list[float | None]:
        """The moment for each attempt of a task: the end of what it needed, or of the attempt before."""
        attempts = self._state.attempts[task]
        first = self._first(task)
        times: list[float | None] = []
        for before, attempt in zip([None, *attempts], attempts):
            when = first if before is None else before.ended
            since = self._state.since if attempt.claimed >= self._state.since else self._state.begun
            times.append(None if when is None else min(attempt.claimed, max(when, since or when)))
        return times

    def _first(self, task: str) -> float | None:
        planned = self._plan.tasks[task]
        if not planned.dependencies:
            return self._state.begun
        if planned.goes_without:
            last = [self._state.attempts[d][-1].ended for d in planned.dependencies if self._state.attempts.get(d)]
            return max((end for end in last if end is not None), default=None)
        ends = sorted(end for d in planned.dependencies if (end := self._done.get(d)) is not None)
        return ends[planned.needed - 1] if len(ends) >= planned.needed > 0 else None


def _succeeded(attempts: list[Attempt]) -> float | None:
    """When a task's first success ended."""
    return next((a.ended for a in attempts if a.outcome == SUCCESS), None)


def _stretches(task: TaskFacts) -> list[Stretch]:
    return [
        Stretch(
            task.id, one.claimed if one.ready is None else one.ready, one.claimed, one.start, max(one.start, one.end)
        )
        for one in task.tries
        if one.start is not None and one.end is not None
    ]
