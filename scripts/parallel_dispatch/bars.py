"""The rows of a run under way: what each task was at since the run began, drawn to scale, its state, time and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .cells import padded, width
from .spans import span
from .standings import AT_WORK, DONE, LOST, Moment, Standing, clock
from .timeline import LEAST, NAMES, Scale
from .visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

STATE, TIME = 9, 8
"""The cells for states and for times."""
NAME = 6
"""The cells for names, at least."""
WORDS = 12
"""The cells for what is said of a task, at least; else nothing is."""
INDENTED = 40
"""From so many cells on a row without a picture is indented."""
_UNITS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21_600, 86_400)


class Marks(NamedTuple):
    """What is drawn."""

    done: str
    busy: str
    lost: str
    foretold: str


BLOCKS = Marks("█", "▒", "x", "·")
ASCII = Marks("#", "=", "x", ".")


class Drawing:
    """The rows of some tasks. A window too narrow for the picture has `rows` without it, and no `axis`.

    `rows` may be wider than the window.
    """

    def __init__(self, moment: Moment, shown: Sequence[Standing], cells: int, marks: Marks) -> None:
        self._moment, self._shown, self._marks = moment, shown, marks
        names = [visible(row.task) for row in shown]
        states, short = _states(shown)
        words = [visible(" ".join(row.what.split())) for row in shown]
        state, name = (max(map(width, texts), default=0) for texts in (states, names))
        free = cells - state - min(NAMES, name) - 5
        if free < LEAST or not shown:
            indent = "  " * (cells >= INDENTED)
            name = min(name, max(NAME, cells - max(map(width, short), default=0) - len(indent) - 1))
            self.axis = self.legend = ""
            self.rows = [f"{indent}{padded(n, name)} {s}  {text}" for n, s, text in zip(names, short, words)]
            return
        said = min(free - 2 - LEAST, free * 2 // 5)  # whatever there is to say: else the picture would jump
        ends = [f"{s}  {padded(text, said)}" if said >= WORDS else s for s, text in zip(states, words)]
        end = max([moment.now, *(end for _, end in moment.foretold.values())])
        length = _rounded(max(1.0, end - moment.state.since))
        scale = Scale(round(length * 1000), cells, names, ends)
        self.axis = scale.axis(span(length * 500), span(length * 1000))
        self.legend = self._legend()
        self.rows = [scale.row(name, self._bar(row, scale), end) for row, name, end in zip(shown, names, ends)]

    def _bar(self, row: Standing, scale: Scale) -> str:
        zero, bar = self._moment.state.since, [" "] * scale.cells
        marks = {DONE: self._marks.done, AT_WORK: self._marks.busy, LOST: self._marks.lost}
        foretold = self._moment.foretold.get(row.task)
        parts = [(*foretold, self._marks.foretold)] if foretold else []
        parts += [(part.start, part.end, marks[part.group]) for part in row.spans if part.end >= zero]
        for start, end, mark in parts:
            first, last = scale.between(*(round(1000 * max(0.0, moment - zero)) for moment in (start, end)))
            last = min(last, scale.cells)
            bar[first:last] = mark * (last - first)
        return "".join(bar)

    def _legend(self) -> str:
        """What the marks mean that are there."""
        groups = {part.group for row in self._shown for part in row.spans}
        marks = self._marks
        drawn = [
            (marks.done, "done", DONE in groups),
            (marks.busy, "at work", AT_WORK in groups),
            (marks.lost, "in vain", LOST in groups),
            (marks.foretold, "foretold", bool(self._moment.foretold)),
        ]
        return "; ".join(f"{mark} {meaning}" for mark, meaning, is_there in drawn if is_there)


def _states(shown: Sequence[Standing]) -> tuple[list[str], list[str]]:
    """In columns the words for states, and times; and the same for a narrow window."""
    words = [row.word + (f", try {row.attempt}" if row.attempt > 1 else "") for row in shown]
    times = [_time(row) for row in shown]
    widest, longest = max([STATE, *map(len, words)]), max(map(len, times), default=0)
    narrow = max(map(len, words), default=0)
    return (
        [f"{word:{widest}} {time:>{TIME}}" for word, time in zip(words, times)],
        [f"{word:{narrow}} {time:>{longest}}" for word, time in zip(words, times)],
    )


def _time(row: Standing) -> str:
    if row.seconds is None:
        return ""
    return clock(row.seconds) if row.group == AT_WORK or row.seconds >= 60 else f"{row.seconds:.1f} s"


def _rounded(seconds: float) -> float:
    """A time that is a little longer, so that a picture is not drawn to another scale every second."""
    unit = max((unit for unit in _UNITS if unit <= seconds / 8), default=1)
    return -(-seconds // unit) * unit
