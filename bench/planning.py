"""What planning and deciding take, and what `plan` takes beside the dry runs of other tools.

All of it on one layered random graph of tasks with estimates, each with up to three dependencies in the layer before.
Planning: from the checked task file in memory to the plan, beside a bare `yaml.load` of that file by libyaml in the
same process. Growth: the same with ten and a hundred times as many tasks, which is more than a file may hold. Deciding:
after every single completion of a whole run. Hooks: the process that the host starts when a task of a run has ended,
from its spawn to the dispatch block, with the ledger of half a run. Tools: whole processes with equivalent workflows,
`plan` against the dry runs of Snakemake and Task and a script of twenty lines that loads, checks and orders the same
file; `doit list` and `ninja -n`, which check nothing, and a bare load as floors. All Python runs on one interpreter, in
an environment into which the tools are installed from PyPI. All sides take turns; medians.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import venv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sides
import yaml
from parallel_dispatch import run, runs
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.decide import decide
from parallel_dispatch.load import load
from parallel_dispatch.options import Options
from parallel_dispatch.planner import Place, make_plan
from parallel_dispatch.resolving import Roster
from parallel_dispatch.state import SUCCESS, Attempt, State
from parallel_dispatch.tasks import Settings, Task, TaskFile

import hooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from parallel_dispatch.plan import Plan

PACKAGES = (
    "snakemake==9.27.1",
    "go-task-bin==3.54.0",
    "doit==0.37.0",
    "ninja==1.13.2",
    "networkx==3.6.1",
    "jsonschema==4.26.0",
    "PyYAML==6.0.3",
    "Jinja2==3.1.6",
)
SIZES = (100, 1_000, 10_000)
GROWTH = (1_000, 10_000, 100_000)
LARGE, RUNNING = 10_000, 1_000
LIMIT_PLAN, LIMIT_SLOPE, LIMIT_DECIDE_MS, LIMIT_HOOK_MS = 0.15, 1.15, 5.0, 60.0
PATIENCE_SECONDS = 120.0
SCHEMA = os.path.join(sides.ROOT, "schema", "task-file.schema.json")
LAUNCHER = os.path.join(sides.ROOT, "bin", "parallel-dispatch")

OURS, SNAKEMAKE, TASK, SCRIPT, DOIT, NINJA, LOAD = (
    "parallel-dispatch plan",
    "snakemake -n",
    "task --dry",
    "a script: safe_load, jsonschema, networkx",
    "doit list",
    "ninja -n",
    "yaml.load, libyaml",
)
BEATEN = (SNAKEMAKE, TASK, SCRIPT)
PLAIN_SCRIPT = """
import json, sys
import jsonschema, networkx, yaml
with open(sys.argv[1]) as file:
    tasks = yaml.safe_load(file)
with open(sys.argv[2]) as file:
    jsonschema.validate(tasks, json.load(file))
graph = networkx.DiGraph()
for task in tasks["tasks"]:
    graph.add_node(task["id"])
    graph.add_edges_from((needed, task["id"]) for needed in task["dependencies"])
for number, wave in enumerate(networkx.topological_generations(graph), 1):
    print(f"Wave {number}")
    for task in wave:
        print(f"  {task}")
"""
BARE_LOAD = "import sys, yaml; yaml.load(open(sys.argv[1]), Loader=yaml.CSafeLoader)"


@dataclass(frozen=True)
class Node:
    """A task of the graph: its name, those that it needs, and its estimate in milliseconds."""

    name: str
    needs: tuple[str, ...]
    estimate: int


def graph(count: int) -> list[Node]:
    """A layered random graph, the same for every call: as many layers as half the root of the number of tasks."""
    chance = random.Random(count)  # noqa: S311 - the graph is to be the same every time
    width = math.ceil(count / max(2, round(count**0.5 / 2)))
    nodes: list[Node] = []
    for number in range(count):
        layer = number // width
        above = range((layer - 1) * width, layer * width)
        needs = sorted({chance.choice(above) for _ in range(chance.randint(1, 3))}) if layer else []
        nodes.append(Node(named(number), tuple(map(named, needs)), chance.randrange(30_000, 110_000, 1_000)))
    return nodes


def named(number: int) -> str:
    """The name of a task."""
    return f"task-{number:06}"


def task_file(nodes: list[Node]) -> str:
    """The graph as a task file."""
    rows = [
        f"  - id: {node.name}\n"
        "    agent: security-architect\n"
        f'    prompt: "Review the module of {node.name} for injection, authentication and secrets."\n'
        f"    output: reviews/{node.name}.md\n"
        f"    estimated_duration: {node.estimate}\n"
        f"    dependencies: [{', '.join(node.needs)}]\n"
        for node in nodes
    ]
    return f"name: layered\ntasks:\n{''.join(rows)}settings:\n  max_parallel: 16\n  output_dir: out\n"


def snakefile(nodes: list[Node]) -> str:
    """The graph for Snakemake."""
    rules = [f"rule all:\n    input: {_files(tuple(node.name for node in nodes))}\n"]
    for node in nodes:
        needs = f"    input: {_files(node.needs)}\n" if node.needs else ""
        name = node.name.replace("-", "_")
        rules.append(f'rule {name}:\n{needs}    output: "{node.name}.md"\n    shell: "touch {{output}}"\n')
    return "\n".join(rules)


def _files(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}.md"' for name in names)


def taskfile(nodes: list[Node]) -> str:
    """The graph for Task."""
    rows = [
        f"  {node.name}:\n    run: once\n    deps: [{', '.join(node.needs)}]\n    cmds: [touch {node.name}.md]\n"
        for node in nodes
    ]
    every = ", ".join(node.name for node in nodes)
    return f"version: '3'\ntasks:\n  default:\n    deps: [{every}]\n{''.join(rows)}"


def dodo(nodes: list[Node]) -> str:
    """The graph for doit."""
    needs = json.dumps({node.name: node.needs for node in nodes})
    return (
        f"NEEDS = {needs}\n\ndef task_all():\n    for name, needs in NEEDS.items():\n"
        "        yield {'basename': name, 'actions': ['touch ' + name], 'task_dep': needs}\n"
    )


def ninja(nodes: list[Node]) -> str:
    """The graph for Ninja."""
    builds = "".join(f"build {node.name}: touch {' '.join(node.needs)}\n" for node in nodes)
    return f"rule touch\n  command = touch $out\n{builds}"


WORKFLOWS: dict[str, Callable[[list[Node]], str]] = {
    "tasks.yaml": task_file,
    "Snakefile": snakefile,
    "Taskfile.yml": taskfile,
    "dodo.py": dodo,
    "build.ninja": ninja,
}


# --- planning ---------------------------------------------------------------------------------------------------------


def place(project: str) -> Place:
    """Where the plan's run would happen."""
    run_name = "tasks-20260102-030405-k3f2"
    return Place(project, os.path.join(project, "tasks.yaml"), run_name, os.path.join(project, "out"), Roster())


def values(nodes: list[Node]) -> TaskFile:
    """The graph as a checked task file."""
    tasks = [
        Task(
            node.name,
            f"Review {node.name}.",
            output=f"reviews/{node.name}.md",
            dependencies=node.needs,
            estimated_duration=node.estimate,
        )
        for node in nodes
    ]
    return TaskFile("layered", tuple(tasks), settings=Settings(max_parallel=16, output_dir="out"))


def taken(function: Callable[[], object]) -> sides.Cost:
    """What a call took."""
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return sides.Cost((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000)


def in_turn(calls: dict[str, Callable[[], object]], repetitions: int) -> dict[str, sides.Cost]:
    """The median costs of calls that take turns; a first round warms the caches and is dropped."""
    costs: dict[str, list[sides.Cost]] = {name: [] for name in calls}
    for number in range(repetitions + 1):
        for name, call in calls.items():
            cost = taken(call)
            if number:
                costs[name].append(cost)
    return {
        name: sides.Cost(sides.median([one.wall for one in each]), sides.median([one.cpu for one in each]))
        for name, each in costs.items()
    }


def plan_of(file: TaskFile | None, project: str) -> Plan:
    """The plan of a task file."""
    if file is None:
        raise SystemExit("the generated task file has problems")
    return make_plan(file, Options(), place(project))


def measure_planning(folder: str, repetitions: int) -> str:
    """The table of planning beside a bare load."""
    text = task_file(graph(LARGE))
    path = os.path.join(folder, "tasks.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    checked = load(path, folder).task_file
    found = in_turn(
        {
            f"yaml.load, {LARGE:,} tasks": lambda: yaml.load(text, Loader=yaml.CSafeLoader),
            f"from the checked file to the plan, {LARGE:,} tasks": lambda: plan_of(checked, folder),
        },
        repetitions,
    )
    bare, ours = found.values()
    rows = [[name, f"{one.wall:.0f}", f"{one.wall / bare.wall:.3f}", f"{one.cpu:.0f}"] for name, one in found.items()]
    said = sides.verdict(ours.wall / bare.wall, LIMIT_PLAN)
    rows = [[*rows[0], "", ""], [*rows[1], f"{ours.cpu / bare.cpu:.3f}", said]]
    return sides.table(("planning", "ms", "ratio", "CPU ms", "CPU ratio", ""), rows)


def measure_growth(folder: str, repetitions: int) -> str:
    """The table of how planning grows with the number of tasks."""
    files = {f"{count:,} tasks": values(graph(count)) for count in GROWTH}
    found = in_turn({name: lambda f=file: plan_of(f, folder) for name, file in files.items()}, repetitions)  # type: ignore[misc]
    rows, costs = [], list(found.values())
    for at, (name, cost) in enumerate(found.items()):
        slope = f"{slope_of(costs[at - 1].cpu, cost.cpu, 10):.2f}" if at else ""
        rows.append([name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", slope, ""])
    whole = slope_of(costs[0].cpu, costs[-1].cpu, 100)
    rows.append(["overall", "", "", f"{whole:.2f}", sides.verdict(whole, LIMIT_SLOPE)])
    return sides.table(("growth of planning", "ms", "CPU ms", "slope", ""), rows)


def slope_of(first: float, last: float, times: int) -> float:
    """The exponent with which a cost grew while the number of tasks grew so many times."""
    return math.log(last / first) / math.log(times)


# --- deciding ---------------------------------------------------------------------------------------------------------


def measure_deciding(folder: str) -> str:
    """The table of `decide` after each completion of a whole run."""
    plan = plan_of(values(graph(LARGE)), folder)
    state, costs = State(plan), []
    admit(state, decide(state).dispatch)
    while state.open:
        attempt = next(iter(state.open.values()))
        state.close(attempt, SUCCESS, "", 0.0)
        wall = time.perf_counter()
        decision = decide(state)
        costs.append((time.perf_counter() - wall) * 1000)
        admit(state, decision.dispatch)
    if len(state.settled) != LARGE:
        raise SystemExit("the run did not come to its end")
    costs.sort()
    most = costs[int(len(costs) * 0.99)]
    row = [f"{LARGE:,} completions", f"{sides.median(costs):.3f}", f"{most:.3f}", f"{costs[-1]:.3f}"]
    said = sides.verdict(most, LIMIT_DECIDE_MS)
    return sides.table(("deciding", "median, ms", "99 of 100 within, ms", "most, ms", ""), [[*row, said]])


def admit(state: State, dispatch: list[tuple[str, int]]) -> None:
    """The tasks of a block, dispatched."""
    for task, number in dispatch:
        state.admit(Attempt(task, number, f"toolu_{task}", 0.0))


# --- the hook process -------------------------------------------------------------------------------------------------


class Halfway:
    """A run in a temporary project of which half the tasks are done, and one more has just ended."""

    def __init__(self, folder: str) -> None:
        self.theatre = hooks.Theatre(folder)
        os.mkdir(self.theatre.project)
        path = os.path.join(self.theatre.project, "tasks.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(task_file(graph(RUNNING)))
        run.start(load(path), Options(), self.theatre.project, hooks.SESSION)
        (found,) = runs.all_runs(self.theatre.project)
        self.run = ActiveRun(found.path)
        self.count = 0
        while self.count < RUNNING // 2:
            self.play(decide(self.run.state()).dispatch)

    def play(self, dispatch: list[tuple[str, int]]) -> None:
        """A block's agents, from their admission to the notification of their end."""
        ledger = self.run.ledger
        for task, number in dispatch:
            agent = self.admit(task, number)
            which = {"task": task, "attempt": number}
            ledger.append("closed", **which, outcome=SUCCESS, reason="", sha256="0" * 64, inputs="1" * 64, tokens=9_000)
            ledger.append("notified", agent_id=agent)

    def admit(self, task: str, number: int) -> str:
        """An agent at work in the background; its id."""
        ledger, agent = self.run.ledger, f"a{self.count:016x}"
        which = {"task": task, "attempt": number, "agent_id": agent}
        transcript = f"{self.theatre.transcript[:-6]}/subagents/agent-{agent}.jsonl"
        ledger.append("claimed", task=task, call=f"toolu_{self.count}")
        ledger.append("launched", **which, transcript=transcript)
        ledger.append("agent-started", agent_id=agent)
        ledger.append("bound", **which, transcript=transcript)
        self.count += 1
        return agent

    def processes(self) -> dict[str, sides.Process]:
        """The hooks that answer with a block: after a batch, and when a background agent has ended."""
        batch = self.theatre.event("PostToolBatch", tool_calls=[])
        shown = {"PostToolBatch": self.process(batch)}
        task, number = decide(self.run.state()).dispatch[0]
        agent = self.admit(task, number)
        output = self.run.plan.tasks[task].output
        os.makedirs(os.path.dirname(output), exist_ok=True)
        with open(output, "w", encoding="utf-8") as file:
            file.write(sides.prose(8_000))
        told = f"<task-id>{agent}</task-id>\n<status>completed</status>\n<result>Done.</result>"
        prompt = f"<task-notification>\n{told}\n</task-notification>"
        shown["UserPromptSubmit, an agent's end"] = self.process(self.theatre.event("UserPromptSubmit", prompt=prompt))
        return shown

    def process(self, payload: hooks.Payload) -> sides.Process:
        """The hook process for an event that is answered with a block, in the state of now."""
        ledger, kept = self.run.ledger.path, f"{self.run.ledger.path}-{self.count}"
        shutil.copyfile(ledger, kept)

        def before() -> None:
            shutil.copyfile(kept, ledger)
            shutil.rmtree(self.run.folder.briefs)
            if os.path.exists(self.run.folder.offer):
                os.unlink(self.run.folder.offer)

        return sides.Process((hooks.GUARD,), json.dumps(payload), before, "Agent tool call")


def measure_hooks(folder: str, repetitions: int) -> str:
    """The table of the hooks that answer an end with the next block."""
    halfway = Halfway(folder)
    bare = {hooks.BASELINE: sides.Process((hooks.PYTHON, "-I", "-S", "-c", "pass"))}
    found = sides.interleaved({**bare, **halfway.processes()}, halfway.theatre.variables, repetitions)
    rows = [
        [name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", "" if name in bare else sides.verdict(cost.wall, LIMIT_HOOK_MS)]
        for name, cost in found.items()
    ]
    return sides.table((f"from an end to a block, {RUNNING // 2} of {RUNNING:,} done", "ms", "CPU ms", ""), rows)


# --- other tools ------------------------------------------------------------------------------------------------------


def install(folder: str) -> str:
    """The tools, in an environment of their own; where their commands are."""
    programs = os.path.join(folder, "bin")
    if not os.path.exists(os.path.join(programs, "snakemake")):
        venv.create(folder, with_pip=True)
        subprocess.run([os.path.join(programs, "python"), "-m", "pip", "install", "-qq", *PACKAGES], check=True)
    return programs


def commands(programs: str) -> dict[str, list[str]]:
    """What is run in a folder with the workflow in every language."""
    python = os.path.join(programs, "python")
    return {
        OURS: [LAUNCHER, "plan", "tasks.yaml"],
        SNAKEMAKE: [os.path.join(programs, "snakemake"), "-n", "--cores", "1"],
        TASK: [os.path.join(programs, "task"), "--dry"],
        SCRIPT: [python, "-I", "-c", PLAIN_SCRIPT, "tasks.yaml", SCHEMA],
        DOIT: [os.path.join(programs, "doit"), "list"],
        NINJA: [os.path.join(programs, "ninja"), "-n"],
        LOAD: [python, "-I", "-c", BARE_LOAD, "tasks.yaml"],
    }


def process(command: list[str], folder: str, variables: dict[str, str], patience: float) -> sides.Cost | None:
    """What a process took in a folder, its words thrown away; None where it was ended for taking too long."""
    ended = threading.Event()

    def end(group: int) -> None:
        if not ended.is_set():
            os.killpg(group, signal.SIGKILL)

    begun = time.perf_counter()
    started = subprocess.Popen(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    timer = threading.Timer(patience, end, (started.pid,))
    timer.start()
    _, status, used = os.wait4(started.pid, 0)
    wall = time.perf_counter() - begun
    ended.set()
    timer.cancel()
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode == -signal.SIGKILL and wall >= patience:
        return None
    if started.returncode:
        raise SystemExit(f"{' '.join(command[:3])} ended with {started.returncode}")
    return sides.Cost(wall * 1000, (used.ru_utime + used.ru_stime) * 1000)


def measure_tools(folder: str, programs: str, repetitions: int, patience: float) -> str:
    """The table of whole processes."""
    cache = os.path.join(folder, "cache")
    os.makedirs(cache)
    with open(os.path.join(cache, "interpreter"), "w", encoding="utf-8") as file:
        file.write(os.path.join(programs, "python") + "\n")
    variables = {"PATH": os.environ["PATH"], "HOME": folder, "NO_COLOR": "1", "PARALLEL_DISPATCH_CACHE": cache}
    found: dict[tuple[str, int], sides.Cost | None] = {}
    for size in SIZES:
        project, nodes = os.path.join(folder, str(size)), graph(size)
        os.makedirs(project)
        for name, make in WORKFLOWS.items():
            with open(os.path.join(project, name), "w", encoding="utf-8") as file:
                file.write(make(nodes))
        costs: dict[str, list[sides.Cost]] = {}
        late: set[str] = set()
        for number in range(repetitions + 1):
            for name, command in commands(programs).items():
                cost = None if name in late else process(command, project, variables, patience)
                if cost is None:
                    late.add(name)
                elif number:
                    costs.setdefault(name, []).append(cost)
        for name in commands(programs):
            each = [] if name in late else costs[name]
            middle = [sides.median([getattr(one, kind) for one in each]) for kind in ("wall", "cpu") if each]
            found[name, size] = sides.Cost(*middle) if middle else None
    return tools_table(found, patience)


def tools_table(found: dict[tuple[str, int], sides.Cost | None], patience: float) -> str:
    """The costs with, beside each tool that is to be beaten, whether it is at every size."""
    rows = []
    for name in commands(""):
        row = [name]
        for size in SIZES:
            cost = found[name, size]
            row += [f"{cost.wall:,.0f}", f"{cost.cpu:,.0f}"] if cost else [f"> {patience * 1000:,.0f}", ""]
        ahead = all(is_ahead(found[OURS, size], found[name, size]) for size in SIZES)
        rows.append([*row, ("ahead" if ahead else "behind") if name in BEATEN else ""])
    heads = [head for size in SIZES for head in (f"{size:,} tasks, ms", "CPU ms")]
    return sides.table(("whole process", *heads, "ours is"), rows)


def is_ahead(ours: sides.Cost | None, other: sides.Cost | None) -> bool:
    """Whether ours took less time, and less of a processor."""
    return bool(ours) and (other is None or (ours.wall < other.wall and ours.cpu < other.cpu))  # type: ignore[union-attr]


def main() -> None:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5, metavar="N", help="of everything (default 5)")
    parser.add_argument("--tools", metavar="FOLDER", help="an environment to keep them in (default: a temporary one)")
    parser.add_argument("--no-tools", action="store_true", help="leave the other tools out")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE_SECONDS, metavar="S", help="for one process (default 120 s)"
    )
    arguments = parser.parse_args()
    busy, many = os.getloadavg()[1], arguments.repetitions
    with tempfile.TemporaryDirectory(prefix="pd-bench-") as made:
        folder = os.path.realpath(made)
        print(measure_planning(folder, many))
        print(f"\n{measure_growth(folder, max(3, many // 2))}")
        print(f"\nLimits: ratio {LIMIT_PLAN:g}, slope {LIMIT_SLOPE:g}.\n")
        print(measure_deciding(folder))
        print(f"\nLimit: {LIMIT_DECIDE_MS:g} ms.\n")
        os.mkdir(os.path.join(folder, "hooks"))
        print(measure_hooks(os.path.join(folder, "hooks"), 4 * many))
        print(f"\nLimit: {LIMIT_HOOK_MS:g} ms.", flush=True)
        if not arguments.no_tools:
            programs = install(arguments.tools or os.path.join(folder, "tools"))
            print(f"\n{measure_tools(os.path.join(folder, 'tasks'), programs, many, arguments.patience)}")
            print(f"\nLimit: ahead in time and processor time at every size. Versions: {', '.join(PACKAGES)}.")
    print(f"\nLoad average {busy:.1f} before, {os.getloadavg()[1]:.1f} after, on {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
