"""Task graphs to plan: read from files in the formats of the literature, or made with a known optimum.

Every graph is a task file whose estimates are its durations: what a graph says in numbers, the language says in keys.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parallel_dispatch.tasks import Agent, Settings, Task, TaskFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNIT = 1000
"""How many milliseconds a unit of time stands for, in formats that count in whole units."""


@dataclass(frozen=True)
class Graph:
    """Durations in milliseconds, dependencies by position, amounts of resources by task.

    `best` is the shortest makespan that is known, in milliseconds; 0 where none is. It holds for `parallel` agents at
    once, or for any number where that is 0.
    """

    name: str
    durations: tuple[int, ...]
    before: tuple[tuple[int, ...], ...]
    holds: tuple[tuple[tuple[str, int], ...], ...] = ()
    capacities: dict[str, int] = field(default_factory=dict)
    parallel: int = 0
    best: int = 0

    @property
    def size(self) -> int:
        """How many tasks it has."""
        return len(self.durations)

    def lasting(self, durations: Sequence[int]) -> Graph:
        """The same tasks with other durations, whose best makespan nobody knows."""
        return replace(self, durations=tuple(durations), best=0)

    def task_file(self, parallel: int = 0, *, estimated: bool = True, pools: Pools | None = None) -> TaskFile:
        """The graph as a checked task file, for so many agents at once; 0: as many as it says, or as tasks."""
        tasks = tuple(
            Task(
                id=f"t{number}",
                prompt="p",
                output=f"t{number}.md",
                agent=pools.agents[number] if pools else "general-purpose",
                writes=pools.writes[number] if pools else (),
                dependencies=tuple(f"t{other}" for other in needs),
                estimated_duration=duration if estimated else None,
                resources=self.holds[number] if self.holds else (),
            )
            for number, (duration, needs) in enumerate(zip(self.durations, self.before))
        )
        limits = Settings(max_parallel=parallel or self.parallel or self.size, resources=self.capacities)
        return TaskFile(self.name, tasks, settings=limits, agents=pools.instances if pools else {})


@dataclass(frozen=True)
class Pools:
    """Agents and write scopes by task, and how many instances there are of each agent."""

    agents: tuple[str, ...]
    writes: tuple[tuple[str, ...], ...]
    instances: dict[str, Agent]


def drawn_pools(size: int, chance: random.Random) -> Pools:
    """Five agents of one to three instances; three of ten tasks write, to one of size / 8 folders."""
    names = [f"agent-{letter}" for letter in "abcde"]
    folders = [(f"src/{number}/**",) for number in range(max(1, size // 8))]
    return Pools(
        tuple(chance.choice(names) for _ in range(size)),
        tuple(chance.choice(folders) if chance.random() < 0.3 else () for _ in range(size)),
        {name: Agent(chance.randint(1, 3)) for name in names},
    )


# files


def read_all(folder: str) -> list[Graph]:
    """Every graph in a folder and those below it, by name; what is no graph is passed over."""
    found = []
    for base, _, files in sorted(os.walk(folder)):
        for name in sorted(files):
            path = os.path.join(base, name)
            reader = next((read for ending, read in _READERS.items() if name.endswith(ending)), None)
            graph = reader(path, os.path.relpath(path, folder)) if reader else None
            if graph:
                found.append(graph)
    return found


def _stg(path: str, name: str) -> Graph:
    """A standard task graph (T. Tobita and H. Kasahara, 2002): number, duration, how many it needs, which."""
    with open(path, encoding="utf-8") as file:
        rows = [[int(word) for word in line.split()] for line in file if line.strip() and not line.startswith("#")]
    rows = rows[1 : rows[0][0] + 3]
    return _without_dummies(name, [row[1] * UNIT for row in rows], [row[3 : 3 + row[2]] for row in rows])


def _psplib(path: str, name: str) -> Graph:
    """A project of PSPLIB (R. Kolisch and A. Sprecher, 1996), single mode."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()

    def after(title: str, skip: int) -> Iterator[list[int]]:
        first = next(at for at, line in enumerate(lines) if line.startswith(title))
        for line in lines[first + skip :]:
            if line.startswith("*"):
                return
            yield [int(word) for word in line.split()]

    successors = {row[0]: row[3:] for row in after("PRECEDENCE", 2)}
    before: list[list[int]] = [[] for _ in successors]
    for number, others in successors.items():
        for other in others:
            before[other - 1].append(number - 1)
    requests = list(after("REQUESTS", 3))
    there = next(iter(after("RESOURCEAVAIL", 2)))
    holds = [tuple((f"r{at}", amount) for at, amount in enumerate(row[3:]) if amount) for row in requests]
    best = _optimum(os.path.dirname(path), os.path.basename(path))
    graph = _without_dummies(name, [row[2] * UNIT for row in requests], before, holds)
    return replace(graph, capacities={f"r{at}": amount for at, amount in enumerate(there)}, best=best * UNIT)


def _optimum(folder: str, problem: str) -> int:
    """The best known makespan of a project, from the tables beside it; of a range its upper end."""
    for name in sorted(os.listdir(folder)):
        if name.endswith("optimum.csv"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    if row["problem"] == problem:
                        return int(row["optimum"].rpartition("..")[2])
    return 0


def _job_shop(path: str, name: str) -> Graph:
    """A job shop: a line for each job, of machines and durations."""
    with open(path, encoding="utf-8") as file:
        rows = [[int(word) for word in line.split()] for line in file if line.strip() and not line.startswith("#")]
    return job_shop(name, rows[1:])


def job_shop(name: str, jobs: Sequence[Sequence[int]], best: int = 0) -> Graph:
    """A job shop of pairs of a machine and a duration; every job is a chain, every machine a resource."""
    durations: list[int] = []
    before: list[tuple[int, ...]] = []
    holds = []
    for job in jobs:
        for at, (machine, duration) in enumerate(zip(job[::2], job[1::2])):
            before.append((len(durations) - 1,) if at else ())
            durations.append(max(1, duration * UNIT))
            holds.append(((f"machine-{machine}", 1),))
    return Graph(name, tuple(durations), tuple(before), tuple(holds), best=best * UNIT)


def _table(path: str, name: str) -> Graph | None:
    """A table of index, name, seconds and parents; its name may say its optimum: -P5-opt25000."""
    with gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "runtime_s" not in rows[0]:
        return None
    durations = tuple(max(1, round(float(row["runtime_s"]) * 1000)) for row in rows)
    before = tuple(tuple(dict.fromkeys(map(int, row["parents"].split()))) for row in rows)
    words = name.partition(".csv")[0].split("-")
    known = words[-1].startswith("opt") and words[-2].startswith("P")
    best = {"parallel": int(words[-2][1:]), "best": int(words[-1][3:]) * 1000} if known else {}
    return Graph(name, durations, before, **best)  # type: ignore[arg-type]


def _json(path: str, name: str) -> Graph | None:
    """A workflow in WfFormat, or a graph of DAGBench."""
    with open(path, encoding="utf-8") as file:
        value = json.load(file)
    if "task_graph" in value:
        tasks = value["task_graph"]["tasks"]
        position = {task["name"]: number for number, task in enumerate(tasks)}
        before: list[list[int]] = [[] for _ in tasks]
        for edge in value["task_graph"]["dependencies"]:
            before[position[edge["target"]]].append(position[edge["source"]])
        seconds = [task["cost"] for task in tasks]
    elif "workflow" in value:
        tasks = value["workflow"]["specification"]["tasks"]
        ran = {task["id"]: task["runtimeInSeconds"] for task in value["workflow"]["execution"]["tasks"]}
        position = {task["id"]: number for number, task in enumerate(tasks)}
        before = [[position[parent] for parent in task["parents"]] for task in tasks]
        seconds = [ran[task["id"]] for task in tasks]
    else:
        return None
    return Graph(
        name,
        tuple(max(1, round(time * 1000)) for time in seconds),
        tuple(tuple(dict.fromkeys(needs)) for needs in before),
    )


_READERS = {
    ".stg": _stg,
    ".sm": _psplib,
    ".jss": _job_shop,
    ".csv": _table,
    ".csv.gz": _table,
    ".json": _json,
}


def best_known(folder: str) -> dict[tuple[str, int], int]:
    """The best known makespans, in milliseconds, of standard task graphs by name and number of agents."""
    path = os.path.join(folder, "stg", "best_known.csv")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return {
            (os.path.join("stg", row["graph"]), int(row["P"])): int(row["best"]) * UNIT for row in csv.DictReader(file)
        }


def _without_dummies(
    name: str,
    durations: Sequence[int],
    before: Sequence[Sequence[int]],
    holds: Sequence[tuple[tuple[str, int], ...]] = (),
) -> Graph:
    """The graph without tasks that take no time; who needs one of them needs what that one needs."""
    needs: dict[int, list[int]] = {}

    def real(task: int) -> list[int]:
        if task not in needs:
            needs[task] = list(
                dict.fromkeys(other for d in before[task] for other in ([d] if durations[d] else real(d)))
            )
        return needs[task]

    kept = [task for task, duration in enumerate(durations) if duration]
    place = {task: number for number, task in enumerate(kept)}
    return Graph(
        name,
        tuple(durations[task] for task in kept),
        tuple(tuple(place[other] for other in real(task)) for task in kept),
        tuple(holds[task] for task in kept) if holds else (),
    )


# made


def with_optimum(size: int, parallel: int, seed: int, back: float = 4) -> Graph:
    """A graph whose best makespan is known, since some schedule leaves no agent idle (Y.-K. Kwok and I. Ahmad, 1999).

    The time of each agent is cut into tasks; a task needs up to three that end before it begins in that schedule, of
    which `back` times as many as there are agents lie between, on the average: the fewer, the longer the chains.
    """
    chance = random.Random(seed)  # noqa: S311 - the same every time
    end = 20 * size // parallel * UNIT
    spans: list[tuple[int, int]] = []
    for agent in range(parallel):
        count = size // parallel + (agent < size % parallel)
        cuts = sorted(chance.sample(range(1, end // UNIT), count - 1))
        times = [0, *(cut * UNIT for cut in cuts), end]
        spans += list(zip(times, times[1:]))
    chance.shuffle(spans)
    ends = sorted((span[1], number) for number, span in enumerate(spans))
    before = []
    for begin, _ in spans:
        earlier = bisect_right(ends, (begin, len(ends)))
        lags = [int(chance.expovariate(1 / (back * parallel))) for _ in range(3)] if earlier else []
        before.append(tuple(sorted({ends[max(0, earlier - 1 - lag)][1] for lag in lags})))
    durations = tuple(last - first for first, last in spans)
    return Graph(f"optimum-{size}-P{parallel}-{seed}", durations, tuple(before), parallel=parallel, best=end)


def layered(size: int, seed: int) -> Graph:
    """A graph in layers of two to twelve tasks, each of which needs one to four of those before it; lognormal times."""
    chance = random.Random(seed)  # noqa: S311 - the same every time
    before: list[tuple[int, ...]] = []
    last: list[int] = []
    while len(before) < size:
        count = min(chance.randint(2, 12), size - len(before))
        layer = list(range(len(before), len(before) + count))
        needs = (chance.sample(last, min(len(last), chance.randint(1, 4))) for _ in layer)
        before += [tuple(sorted(some)) for some in needs]
        last = layer
    durations = tuple(max(1, round(60_000 * chance.lognormvariate(0, 0.9))) for _ in range(size))
    return Graph(f"layered-{size}-{seed}", durations, tuple(before))
