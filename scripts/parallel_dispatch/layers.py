"""A dependency graph as a picture: a column for each wave, and lines that go around the tasks between their ends."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SWEEPS = 6
MOST_LINES = 6_000
"""Beyond so many, only the lines of the critical path are drawn."""
MANY = 80
"""Beyond so many tasks, boxes are smaller."""

Values = dict[str, Any]
Key = tuple[str, ...]
"""A task, the lane of a task through a column that it does not stand in, or a place where lines meet."""


class Size(NamedTuple):
    """The measures of a picture."""

    width: int
    height: int
    pitch: int
    gap: int
    lane: int


ROOMY, TIGHT = Size(168, 28, 40, 88, 14), Size(112, 18, 24, 72, 8)


class Box(NamedTuple):
    """Where a task stands."""

    task: str
    left: float
    top: float


class Picture(NamedTuple):
    """A graph as it is drawn: boxes in the order of the tasks, and each kind of lines as one path."""

    size: Size
    boxes: list[Box]
    lines: str
    critical: str
    width: float
    height: float
    left_out: int


def picture(tasks: Sequence[Values], critical: Sequence[str]) -> Picture:
    """The picture of these tasks; equal tasks give an equal picture."""
    size = TIGHT if len(tasks) > MANY else ROOMY
    columns = _columns(tasks)
    needs = {task["id"]: [name for name in task["dependencies"] if name in columns] for task in tasks}
    routes = _routes(needs, columns)
    places = _placed(_ordered(routes, columns), size)
    junctions = _junctions(routes, places, columns, size)
    points = {**{key: (x, y) for key, (x, y) in places.items()}, **junctions}
    segments = {pair: None for route in routes.values() for pair in zip(route, route[1:])}
    wanted = set(zip(critical, critical[1:]))
    path = {pair: None for edge, route in routes.items() if edge in wanted for pair in zip(route, route[1:])}
    drawn = segments if len(segments) <= MOST_LINES else {}
    half = size.height / 2
    boxes = [Box(task, places[(task,)][0], places[(task,)][1] - half) for task in needs]
    return Picture(
        size,
        boxes,
        "".join(_curve(*pair, points, size) for pair in drawn),
        "".join(_curve(*pair, points, size) for pair in path),
        width=max(box.left for box in boxes) + size.width + 2 if boxes else 0,
        height=max((y for _, y in places.values()), default=0) + half + 2,
        left_out=len(segments) - len(drawn),
    )


def _columns(tasks: Sequence[Values]) -> dict[str, int]:
    """The column of each task: waves without gaps, from 0."""
    waves = sorted({task["wave"] for task in tasks})
    return {task["id"]: waves.index(task["wave"]) for task in tasks}


def _routes(needs: Mapping[str, Sequence[str]], columns: Mapping[str, int]) -> dict[tuple[str, str], list[Key]]:
    """For each edge what it passes: lanes through the columns between, and where many meet that go on together."""
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for task, before in needs.items():
        together[tuple(before)].append(task)
    routes: dict[tuple[str, str], list[Key]] = {}
    for before, tasks in together.items():
        meet = len(before) > 1 and len(tasks) > 1
        for task in tasks:
            for other in before:
                between = range(columns[other] + 1, columns[task])
                lanes: list[Key] = [(other, str(column)) for column in between]
                meeting: list[Key] = [("", tasks[0], str(columns[task]))] if meet else []
                routes[other, task] = [(other,), *lanes, *meeting, (task,)]
    return routes


def _ordered(routes: Mapping[tuple[str, str], list[Key]], columns: Mapping[str, int]) -> list[list[Key]]:
    """The keys of each column from top to bottom, by the middle of what they are joined with, to cross few lines."""
    rows: list[list[Key]] = [[] for _ in range(1 + max(columns.values(), default=0))]
    for task, column in columns.items():
        rows[column].append((task,))
    joined: dict[bool, dict[Key, dict[Key, None]]] = {False: defaultdict(dict), True: defaultdict(dict)}
    for route in routes.values():
        kept = [key for key in route if len(key) < 3]
        for key in kept:
            if len(key) == 2:
                rows[int(key[1])].append(key)
        for left, right in zip(kept, kept[1:]):
            joined[False][right][left] = None
            joined[True][left][right] = None
    rows = [list(dict.fromkeys(row)) for row in rows]
    for sweep in range(SWEEPS):
        back = sweep % 2 == 1
        order = range(len(rows) - 2, -1, -1) if back else range(1, len(rows))
        for at in order:
            beside = {key: n for n, key in enumerate(rows[at + 1 if back else at - 1])}
            share = len(beside) / max(1, len(rows[at]))
            middle = {
                key: _mean([beside[k] for k in joined[back][key] if k in beside], n * share)
                for n, key in enumerate(rows[at])
            }
            rows[at].sort(key=middle.__getitem__)
    return rows


def _mean(values: Sequence[int], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _placed(rows: Sequence[Sequence[Key]], size: Size) -> dict[Key, tuple[float, float]]:
    """The left end and the middle of each key; low columns stand in the middle beside high ones that fit a screen."""
    heights = [sum(size.pitch if len(key) == 1 else size.lane for key in row) for row in rows]
    highest = max(heights, default=0)
    places: dict[Key, tuple[float, float]] = {}
    for column, (row, height) in enumerate(zip(rows, heights)):
        y = (highest - height) / 2 if highest <= 18 * size.pitch else 0.0
        for key in row:
            step = size.pitch if len(key) == 1 else size.lane
            places[key] = (1.0 + column * (size.width + size.gap), y + step / 2)
            y += step
    return places


def _junctions(
    routes: Mapping[tuple[str, str], list[Key]],
    places: Mapping[Key, tuple[float, float]],
    columns: Mapping[str, int],
    size: Size,
) -> dict[Key, tuple[float, float]]:
    """Where lines meet: before the column of those that wait for all of them, at their middle height."""
    heights: dict[Key, dict[str, float]] = defaultdict(dict)
    for (_, task), route in routes.items():
        for key in route:
            if len(key) == 3:
                heights[key][task] = places[(task,)][1]
    return {
        key: (1.0 + columns[key[1]] * (size.width + size.gap) - size.gap * 0.4, sum(ys.values()) / len(ys))
        for key, ys in heights.items()
    }


def _curve(left: Key, right: Key, points: Mapping[Key, tuple[float, float]], size: Size) -> str:
    """One line, from the right end of what is needed to the left end of what needs it; straight through a lane."""
    x1, y1 = points[left]
    x2, y2 = points[right]
    if len(left) < 3:
        x1 += size.width
    bend = (x2 - x1) / 2
    through = f"h{-size.width}h{size.width}" if len(left) == 2 else ""
    return f"M{x1:.1f} {y1:.1f}{through}c{bend:.1f} 0 {bend:.1f} {y2 - y1:.1f} {x2 - x1:.1f} {y2 - y1:.1f}"
