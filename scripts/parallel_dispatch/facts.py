"""The facts of a run, gathered from its plan, its replayed state and the files that lie on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .audit import Audit
from .judge import fingerprint
from .resumption import summary
from .state import SUCCESS
from .usage import Usage, usage

if TYPE_CHECKING:
    from .plan import Plan, PlannedTask
    from .state import Attempt, State


NOTHING_FOUND = Audit()


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
        for task in sorted(self.tasks, key=lambda t: t.wave):
            longest = max(self._waited_for(task), key=length.__getitem__, default=None)
            before[task.id] = longest
            length[task.id] = (length[longest] if longest else 0.0) + (task.seconds or 0.0)
        last: str | None = max(length, key=length.__getitem__)
        total, path = length[str(last)], []
        while last:
            path.append(last)
            last = before[last]
        return (tuple(reversed(path)), total) if total else None

    def _waited_for(self, task: TaskFacts) -> list[str]:
        """What a task waited for: all its dependencies, or those that had ended when enough of them had succeeded."""
        planned = self.plan.tasks[task.id]
        if not planned.wait:
            return planned.dependencies
        ends = {other.id: other.end for other in self.tasks}
        known = ((d, ends[d]) for d in planned.dependencies)
        return [d for d, end in known if end is not None and task.start is not None and end <= task.start]

    @property
    def bound(self) -> float | None:
        """The largest speedup that the measured times allow: work ÷ max(critical path, work ÷ max_parallel)."""
        critical, work = self.critical_path, self.work
        if critical is None or not work:
            return None
        return work / max(critical[1], work / self.plan.max_parallel)


def gather(plan: Plan, state: State, audit: Audit = NOTHING_FOUND) -> RunFacts:
    """The facts of a run."""
    outcomes = state.outcomes()
    ordered = [task for wave in plan.waves for task in wave]
    facts = tuple(_facts(plan, task, state, *outcomes[task.id]) for task in ordered)
    resumed = tuple(map(summary, state.resumptions))
    return RunFacts(plan, state.ended, facts, state.cut_short, resumed, audit)


def _facts(plan: Plan, task: PlannedTask, state: State, outcome: str, reason: str) -> TaskFacts:
    attempts = state.attempts[task.id]
    times = [a for a in attempts if a.seconds is not None]
    used = [u for a in attempts if a.transcript and (u := usage(a.transcript))]
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
        end=max((a.ended for a in times if a.ended is not None), default=None),
        seconds=sum(a.seconds or 0.0 for a in times) if times else None,
        tokens=sum(used, Usage()) if used else None,
        changed=outcome == SUCCESS and attempts[-1].digest not in ("", fingerprint(task)[1]),
        rewritten=any(a.rewritten for a in attempts),
    )


def _latest_reason(attempts: list[Attempt], outcome: str) -> str:
    """Why a task is where it is, where its outcome does not say it."""
    if outcome == SUCCESS:
        return ""
    if not attempts:
        return "it was not dispatched"
    return attempts[-1].reason or "it is still running"
