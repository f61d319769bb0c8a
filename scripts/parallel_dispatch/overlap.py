"""How many agents ran at once over a run, and which of those that could have run together ran one by one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .capacity import Capacity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .plan import Plan

NOTICED = 1.0
"""Seconds that a task must have lasted, where calls were sent together, so that the next might have begun beside it."""


class Stretch(NamedTuple):
    """An attempt at work: when it was ready, admitted, begun and ended, in seconds of the run."""

    task: str
    ready: float
    claimed: float
    start: float
    end: float


class Serial(NamedTuple):
    """Tasks that could have run together and ran one after another, and what is known of the cause."""

    tasks: tuple[str, ...]
    why: str


class Overlap(NamedTuple):
    """The most that ran at once, the mean while any did, the steps of the count, and what ran one by one."""

    most: int
    average: float
    profile: tuple[tuple[float, int], ...]
    serial: tuple[Serial, ...]


def overlap(plan: Plan, stretches: Sequence[Stretch]) -> Overlap | None:
    """The overlap of what was measured; None where nothing was."""
    if not stretches:
        return None
    profile = _profile(stretches)
    busy = sum(until - since for (since, count), (until, _) in zip(profile, profile[1:]) if count)
    work = sum(one.end - one.start for one in stretches)
    most = max(count for _, count in profile)
    return Overlap(most, work / busy if busy else 0.0, tuple(profile), tuple(_serial(plan, stretches)))


def _profile(stretches: Sequence[Stretch]) -> list[tuple[float, int]]:
    """The moments at which the number of running agents changes, with the number from then on."""
    steps: dict[float, int] = {}
    for one in stretches:
        steps[one.start] = steps.get(one.start, 0) + 1
        steps[one.end] = steps.get(one.end, 0) - 1
    profile: list[tuple[float, int]] = []
    running = 0
    for moment in sorted(steps):
        running += steps[moment]
        if not profile or profile[-1][1] != running:
            profile.append((moment, running))
    return profile or [(stretches[0].start, 0)]


def _serial(plan: Plan, stretches: Sequence[Stretch]) -> list[Serial]:
    """The batches that ran one by one: of neighbours in time each was ready before the one before it had begun.

    Neighbours count only where nothing else ran beside them, so that no third task can have held them up.
    """
    ordered = sorted(stretches, key=lambda one: (one.start, one.end))
    found: list[list[Stretch]] = []
    until = float("-inf")
    for before, after in zip(ordered, ordered[1:]):
        alone = before.start >= until
        until = max(until, before.end)
        if not (alone and after.start >= until and _could_overlap(plan, before, after)):
            continue
        if found and found[-1][-1] is before:
            found[-1].append(after)
        else:
            found.append([before, after])
    return [Serial(tuple(one.task for one in batch), _why(batch)) for batch in found]


def _could_overlap(plan: Plan, before: Stretch, after: Stretch) -> bool:
    """Whether two that ran one after another might have run together, and long enough for that to be no chance."""
    if after.ready > before.start or before.task == after.task:
        return False
    together = after.claimed < before.end
    if together and before.end - before.start < NOTICED:
        return False
    wave = plan.tasks[before.task].wave
    return not Capacity(plan, [before.task], wave, plan.max_parallel).refusal(after.task)


def _why(batch: Sequence[Stretch]) -> str:
    late = sum(1 for before, after in zip(batch, batch[1:]) if after.claimed >= before.end)
    if late == len(batch) - 1:
        return "each was dispatched only when the one before it had ended"
    if late:
        return "some were dispatched only when the one before had ended, others were and yet began only then"
    return "they were dispatched together, and the host began each only when the one before it had ended"
