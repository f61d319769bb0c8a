"""The order of dispatch in words: what may begin when, and which of several goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .enumeration import enumerated
from .rules import FILE_ORDER
from .schedule import IMPROVEMENT, SEARCH, WAVES

if TYPE_CHECKING:
    from .analysis import Analysis

GLOSSES = {
    "longest remaining path": "the one with the longest way to the end",
    "latest finish": "the one with the longest way behind its own end",
    "most steps to go": "the one with the most tasks on its way to the end",
    "scarcest path": "the one with the longest way to the end through what is scarce",
    "least slack": "the one that can be put off least",
    "scarcest first": "the one that holds the scarcest agent or resource",
    "most successors": "the one that most others wait for",
    "heaviest first": "the one that is longest together with those that wait for it",
    FILE_ORDER: "the one that stands first in the file",
    WAVES: "the one that stands first in the file",
    IMPROVEMENT: "the one that begins first in the shortest schedule found",
    SEARCH: "the one that begins first in the shortest schedule that a search found",
}
"""Which of the ready tasks begins first, by the rule that found the order."""


def order_told(analysis: Analysis) -> str:
    """When a task may begin, and which of several that may is the first."""
    plan = analysis.plan
    name, _, turn = plan.rule.partition(", ")
    gloss = GLOSSES.get(name, "the one that stands first below")
    schedule = analysis.forecast.schedule
    begun = analysis.forecast.ids(task for task in analysis.forecast.begun if not schedule.starts[task])
    urgent = "after their priority " if any(task.priority != "normal" for task in plan.tasks.values()) else ""
    begin = "begin" if len(begun) > 1 else "begins"
    first = f"{enumerated(begun)} {begin} right away; of several, {urgent}{gloss} goes first"
    found = f' (found by the rule "{name}")' if name else ""
    if plan.in_waves:
        return f"wave by wave: a wave begins when all tasks of the one before it have ended; {first}{found}"
    in_turn = ", and some let it pass" if turn else ""
    rolling = "rolling: a task begins as soon as what it needs has ended and the limits leave room"
    return f"{rolling}; {first}{in_turn}{found}"
