"""A longer search for a short schedule, for work whose durations are known.

A genetic algorithm over lists of tasks with two-point crossover (S. Hartmann, "A competitive genetic algorithm for
resource-constrained project scheduling", 1998), in which every schedule is pushed to the right and back to the left
(V. Valls, F. Ballestín and S. Quintanilla, "Justification and RCPSP: a technique that pays", 2005). Chance is seeded:
equal input gives an equal schedule.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from .rules import order_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .timetable import Timetable

    Tasks = tuple[int, ...]

POPULATION, LEAST, SHARE = 80, 10, 25
"""How many lists live, at most and at least; between them, the number of schedules divided by the third."""
MUTATION = 0.05
"""How likely neighbours in a list change places."""


def search(timetable: Timetable, seeds: Iterable[list[int]], schedules: int, bound: int) -> list[int]:
    """The ends of the tasks in the best schedule found, after so many schedules or when one is as short as the bound.

    `seeds` are the ends in schedules to begin with; the bound is in the timetable's units.
    """
    population = _Population(timetable, schedules, bound)
    for ends in seeds:
        population.improve(ends)
    chance = Random(0)  # noqa: S311 - to be the same every time is what it is for
    while len(population.alive) < population.size and not population.is_done:
        population.add(_drawn(timetable, chance))
    while not population.is_done:
        for one, other in population.couples(chance):
            population.add(_mutated(timetable, _crossed(one, other, chance), chance))
    return population.best


class _Population:
    """Lists of tasks and the makespans that they lead to."""

    def __init__(self, timetable: Timetable, schedules: int, bound: int) -> None:
        self.timetable = timetable
        self.size = max(LEAST, min(POPULATION, schedules // SHARE))
        self.left = schedules
        self.bound = bound
        self.best: list[int] = []
        self.alive: dict[Tasks, int] = {}

    @property
    def is_done(self) -> bool:
        return bool(self.best) and (self.left <= 0 or max(self.best) <= self.bound)

    def add(self, order: Sequence[int]) -> None:
        if not self.is_done:
            self.left -= 1
            self.improve(self.timetable.place(order, self.timetable.work.before))

    def improve(self, ends: list[int]) -> None:
        self.left -= 2
        ends = self.timetable.improved(ends)
        if not self.best or max(ends) < max(self.best):
            self.best = ends
        self.alive[tuple(self.timetable.order(ends))] = max(ends)

    def couples(self, chance: Random) -> Iterator[tuple[Tasks, Tasks]]:
        """The best, each with one that chance gives it, both ways; the others die."""
        parents = sorted(self.alive, key=self.alive.__getitem__)[: self.size]
        self.alive = {parent: self.alive[parent] for parent in parents}
        chance.shuffle(parents)
        for one, other in zip(parents[::2], parents[1::2]):
            yield one, other
            yield other, one


def _drawn(timetable: Timetable, chance: Random) -> list[int]:
    """A list by chance, in which a task stands the earlier the longer the way is behind it, give or take a half."""
    work = timetable.work
    return order_by(
        work, [(duration - tail) * (0.5 + chance.random()) for duration, tail in zip(work.durations, work.tails)]
    )


def _crossed(mother: Tasks, father: Tasks, chance: Random) -> list[int]:
    """The mother's list to a first point, from there to a second one the father's, then the mother's again."""
    first, last = sorted(chance.sample(range(len(mother) + 1), 2))
    begun = set(mother[:first])
    middle = [task for task in father if task not in begun][: last - first]
    begun.update(middle)
    return [*mother[:first], *middle, *(task for task in mother if task not in begun)]


def _mutated(timetable: Timetable, order: list[int], chance: Random) -> list[int]:
    before = timetable.work.before
    for at in range(len(order) - 1):
        if chance.random() < MUTATION and order[at] not in before[order[at + 1]]:
            order[at], order[at + 1] = order[at + 1], order[at]
    return order
