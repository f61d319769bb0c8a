"""Each task of a run at one moment: its state in a word, its try, its time, and what else is to be said of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .outlook import begin
from .spans import span
from .state import CANCELLED, FAILED, SKIPPED, SUCCESS, UNNEEDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .state import Attempt, State

AT_WORK, LOST, DONE, TO_COME = "at work", "lost", "done", "to come"
WORDS = {SUCCESS: "done", FAILED: "failed", SKIPPED: "skipped", CANCELLED: "cancelled", UNNEEDED: "not needed"}
_NONE: dict[str, str] = {}
_NOTHING: dict[str, tuple[float, float]] = {}


@dataclass(frozen=True)
class Span:
    """A part of a task's row: times of the run, and what it was (one of the groups)."""

    start: float
    end: float
    group: str


@dataclass(frozen=True)
class Standing:
    """One task. `group` is one of four; `seconds` are those of its last try; `ended` is when that ended."""

    task: str
    wave: int
    group: str
    word: str
    attempt: int
    seconds: float | None
    what: str
    ended: float
    spans: tuple[Span, ...]


class Moment(NamedTuple):
    """A run at one moment: where its tasks stand, and when those begin and end that have not ended (`outlook`)."""

    state: State
    now: float
    condition: str
    rows: Sequence[Standing]
    foretold: Mapping[str, tuple[float, float]]

    @property
    def remaining(self) -> str:
        """How long the run still takes; empty where that is not known."""
        return clock(max(1.0, max(end for _, end in self.foretold.values()) - self.now)) if self.foretold else ""


def clock(seconds: float) -> str:
    """A time that is read while it passes: no part of a second."""
    return span(1000 * int(seconds)) if seconds >= 1 else "0 s"


def moment(
    state: State,
    now: float,
    condition: str,
    doing: Mapping[str, str] = _NONE,
    foretold: Mapping[str, tuple[float, float]] = _NOTHING,
) -> Moment:
    """The run at a time of its own; `doing` says of some tasks what their agents do, `condition` is the run's."""
    rows = [
        _standing(state, task, outcome, reason, now, condition, doing)
        for task, (outcome, reason) in state.outcomes().items()
    ]
    return Moment(state, now, condition, rows, foretold)


def _standing(
    state: State, task: str, outcome: str, reason: str, now: float, condition: str, doing: Mapping[str, str]
) -> Standing:
    tried = state.attempts[task]
    last = tried[-1] if tried else None
    planned = state.plan.tasks[task]
    took: float | None = last.seconds if last else None
    if task in state.open and last:
        group, word = AT_WORK, _at_work(state, last, now, condition)
        took = max(0.0, now - begin(last))
        what = state.why_to_end(task) or doing.get(task, "")
    elif outcome == SUCCESS:
        group, word, what = DONE, WORDS[outcome], ""
    elif outcome:
        group, word, what = (LOST if outcome == FAILED else DONE), WORDS.get(outcome, outcome), reason
    else:
        group = TO_COME
        word = "again" if last and last.reason else "waiting" if state.unmet[task] else "ready"
        what = last.reason if last else ""
    spans = tuple(_span(attempt, now) for attempt in tried if attempt.ended is None or attempt.started is not None)
    return Standing(task, planned.wave, group, word, len(tried), took, what, (last and last.ended) or 0.0, spans)


def _at_work(state: State, attempt: Attempt, now: float, condition: str) -> str:
    if condition == "left":
        return "cut off"
    if state.plan.driver == "cli":
        return "offered"
    if attempt.started is None:
        return "backs off" if now < attempt.claimed + attempt.pause else "starting"
    return "running"


def _span(attempt: Attempt, now: float) -> Span:
    end = now if attempt.ended is None else attempt.ended
    group = AT_WORK if attempt.is_open else DONE if attempt.outcome == SUCCESS else LOST
    return Span(min(begin(attempt), end), end, group)
