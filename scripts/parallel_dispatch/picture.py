"""A run under way as a picture in a terminal: a head, a row for each task, drawn to scale and fitted to the window.

Where not all tasks have room, those at work come first, then those that failed, then what ended last and what comes
next; the rest is counted in one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .bars import BLOCKS, Drawing, Marks
from .cells import cut, width
from .dispatch import how_to_resume
from .progress import progress
from .standings import AT_WORK, DONE, LOST, TO_COME, Moment, Standing, clock
from .state import FINE
from .visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .state import State

HEAD, LIMIT, AXIS = "head", "limit", "axis"
"""The kinds of lines that are no row of a task; those have their groups."""


class Line(NamedTuple):
    """A line, and what kind it is of: for colours."""

    text: str
    kind: str = ""


def picture(moment: Moment, cells: int, lines: int, marks: Marks = BLOCKS) -> list[Line]:
    """The lines, none wider than so many cells and not more than so many (both at least 1)."""
    head = [Line(_head(moment, cells), HEAD), *(Line(text, LIMIT) for text in in_force(moment.state, moment.condition))]
    room = lines - len(head)
    shown, rest = _fitting(moment.rows, room)
    drawing = Drawing(moment, shown, cells, marks)
    frame = [Line(drawing.axis, AXIS)] if drawing.axis and room > len(shown) + bool(rest) + 1 else []
    room -= len(frame) + len(shown) + bool(rest)
    legend = [Line(drawing.legend, AXIS)] if frame and drawing.legend and room else []
    room -= len(legend)
    waves = {row.wave for row in shown}
    body = [Line(text, row.group) for row, text in zip(shown, drawing.rows)]
    if not rest and len(waves) > 1 and room >= len(waves):
        body = _by_waves(shown, body)
    counted = [Line(rest)] if rest else []
    found = [*head, *frame, *body, *counted, *legend][:lines]
    return [Line(cut(visible(text), cells).rstrip(), kind) for text, kind in found]


def in_force(state: State, condition: str) -> list[str]:
    """What keeps a run from going on as planned, now."""
    limit, most = state.tempo.limit, state.plan.max_parallel
    busy = f"a busy server: at most {limit} of {most} agents at once" if limit < most else ""
    paused = f"paused: {state.paused.rstrip('.')}; {how_to_resume(state.plan)} goes on" if state.paused else ""
    left = f"nobody drives it any more; {how_to_resume(state.plan)} goes on" if condition == "left" else ""
    return [] if state.ended else list(filter(None, [state.halted, state.cut_short, paused, left, busy]))


def _head(moment: Moment, cells: int) -> str:
    """The run's name, how far it is, how long it has been at it and how long it still takes; less where less fits."""
    state, plan = moment.state, moment.state.plan
    passed = clock(max(0.0, moment.now - state.since))
    left = moment.remaining
    time = f"{passed}, about {left} to go." if left else f"{passed}."
    known = f"{plan.name} (run {plan.run}{', a rehearsal' if plan.rehearsal else ''}): {moment.condition}. "
    done = sum(1 for row in moment.rows if row.word == "done")
    shorter = [known, f"{plan.name}: ", f"{plan.run}: ", ""]
    variants = [f"{name}{progress(state)} {time}" for name in shorter]
    variants += [
        f"{done}/{len(moment.rows)} done, {left} to go" if left else f"{done}/{len(moment.rows)} done, {passed}"
    ]
    return next((text for text in variants if width(visible(text)) <= cells), variants[-1])


def _fitting(rows: Sequence[Standing], room: int) -> tuple[list[Standing], str]:
    """The rows that are shown of all, and the words for the rest."""
    if len(rows) <= room:
        return list(rows), ""
    room -= room > 1  # for the words
    groups: dict[str, list[Standing]] = {group: [] for group in (AT_WORK, LOST, DONE, TO_COME)}
    for row in rows:
        groups[row.group].append(row)
    shown = [*groups[AT_WORK], *groups[LOST]][: max(0, room)]
    spare = max(0, room - len(shown))
    ended = sorted(groups[DONE], key=lambda row: -row.ended)
    coming = sorted(groups[TO_COME], key=lambda row: row.word == "waiting")
    newest = ended[: max(spare - spare // 2, spare - len(coming))]
    shown += newest[::-1] + coming[: spare - len(newest)]
    if room < 1:
        return [], ""
    there = {row.task for row in shown}
    counts: dict[str, int] = {}
    for row in rows:
        if row.task not in there:
            counts[row.word] = counts.get(row.word, 0) + 1
    return shown, "... and " + ", ".join(f"{count:,} {word}" for word, count in counts.items())


def _by_waves(shown: Sequence[Standing], body: list[Line]) -> list[Line]:
    """The rows below headings."""
    found: list[Line] = []
    for wave in sorted({row.wave for row in shown}):
        found += [Line(f"Wave {wave}"), *(line for row, line in zip(shown, body) if row.wave == wave)]
    return found


def is_fine(state: State) -> bool:
    """Whether every task of a run succeeded or was not needed."""
    return all(outcome in FINE for outcome, _ in state.outcomes().values())
