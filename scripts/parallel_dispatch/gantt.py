"""A run's timeline, drawn to scale: where the bars of attempts and waits lie, in percent of the run's length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
"""The seconds between two ticks."""
MOST_TICKS = 10
WAIT = "wait"
"""The kind of a bar before an attempt, which was ready and had not begun; an attempt's kind is its outcome."""

Values = dict[str, Any]
"""A task of a report, as report.json has it."""


class Bar(NamedTuple):
    """A wait or an attempt: from where, how wide, and what to say of it."""

    kind: str
    left: float
    width: float
    text: str

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.left + self.width


class Tick(NamedTuple):
    """A moment on the axis."""

    left: float
    text: str


def length_of(tasks: Sequence[Values]) -> float:
    """The seconds that a timeline of these tasks covers; never 0."""
    moments = [0.0]
    for attempt in (attempt for task in tasks for attempt in task["attempts"]):
        moments += [_number(attempt.get(name)) or 0.0 for name in ("queued", "claimed", "start", "end")]
    return max(moments) or 1.0


def bars(task: Values, length: float) -> list[Bar]:
    """The bars of a task, in order; an attempt that did not end lasts to the end of the timeline."""
    found: list[Bar] = []
    attempts = task["attempts"]
    for attempt in attempts:
        start, end, queued = (_number(attempt.get(name)) for name in ("start", "end", "queued"))
        start = _number(attempt.get("claimed")) if start is None else start
        if start is None:
            continue
        which = f"attempt {attempt['number']}, " if len(attempts) > 1 else ""
        if queued is not None and start > queued:
            found.append(_bar(WAIT, queued, start, length, f"{which}waited {lasting(start - queued)}"))
        outcome = str(attempt.get("outcome") or "open")
        text = f"{which}{outcome} after {lasting(end - start)}" if end is not None else f"{which}did not end"
        if back := attempt.get("sent_back"):
            text += f", sent back {times(back)}"
        if reason := attempt.get("reason"):
            text += f": {reason}"
        found.append(_bar(outcome, start, max(start, length if end is None else end), length, text))
    return found


def ticks(length: float) -> list[Tick]:
    """The ticks of the axis: at most ten, at round moments."""
    step = next((step for step in STEPS if length / step <= MOST_TICKS), None)
    step = step or math.ceil(length / MOST_TICKS / 86400) * 86400
    return [Tick(100 * at * step / length, moment(at * step)) for at in range(int(length / step) + 1)]


def profile(points: Sequence[Sequence[float]], length: float, most: float) -> str:
    """How many ran at once as the path of an area, in a box of 1000 by 100."""
    steps = [f"M{0} 100"]
    for at, running in points:
        steps.append(f"H{1000 * at / length:.2f}V{100 - 100 * running / max(1, most):.2f}")
    return "".join(steps) + "H1000V100Z"


def lasting(seconds: float) -> str:
    """A duration as people say it: `41.0 s`, `3 min 05 s`, `2 h 04 min`."""
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def moment(seconds: float) -> str:
    """A time since the run began: `0:05`, `1:02:00`."""
    whole = round(seconds)
    minutes = f"{whole // 60 % 60:02}" if whole >= 3600 else str(whole // 60)
    return f"{whole // 3600}:{minutes}:{whole % 60:02}" if whole >= 3600 else f"{minutes}:{whole % 60:02}"


def times(count: object) -> str:
    """How often: `once`, `3 times`."""
    return "once" if count == 1 else f"{count} times"


def _bar(kind: str, start: float, end: float, length: float, text: str) -> Bar:
    return Bar(kind, 100 * start / length, 100 * (end - start) / length, text)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
