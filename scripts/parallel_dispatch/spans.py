"""Times as people read them; where no duration is known they are counted in tasks, never in invented minutes."""

from __future__ import annotations


class Measure:
    """How the times of a plan are told. `length` is what all tasks are taken to last where none is known, else 0."""

    __slots__ = ("length",)

    def __init__(self, length: int = 0) -> None:
        self.length = length

    def __call__(self, milliseconds: float) -> str:
        """A time in words: `5 m 10 s`, or `2 task lengths`."""
        if not self.length:
            return span(milliseconds)
        return f"{self.brief(milliseconds)} task length{'s'[: milliseconds != self.length]}"

    def brief(self, milliseconds: float) -> str:
        """The same without the unit, where that is a task length: for axes and tables that say it once."""
        return f"{round(milliseconds / self.length, 2):g}" if self.length else span(milliseconds)


def span(milliseconds: float) -> str:
    """A time in the two largest of hours, minutes and seconds."""
    if not milliseconds:
        return "0"
    if milliseconds < 10_000:
        return f"{round(milliseconds / 1000, 1):g} s"
    seconds = round(milliseconds / 1000)
    if seconds < 3600:
        minutes, rest = divmod(seconds, 60)
        return " ".join([f"{minutes} m"] * bool(minutes) + [f"{rest} s"] * bool(rest))
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} m" if minutes else f"{hours} h"
