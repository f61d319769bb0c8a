"""What guarding every tool call of every agent costs in the real host.

Ten agents work side by side in the foreground; each reads a file and edits it 20 times, one edit a request, then writes
its output. With the plugin they do so as tasks with write scopes, so that every call passes the guard, in a run whose
ledger holds 10,000 events; without it as plain Agent calls of the same host. The scripted model answers each request
after 1.5 s, as fast models do, or at once, where nothing but the host and its hooks takes time.

Measured: the wall time of the work, from the first request of an agent to the last; and for every edit what passed
between the model's answer and the agent's next request: the host, the edit, and the guard. Both sides take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sides
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.copyist import Copyist, job_of
from parallel_dispatch.runs import all_runs
from parallel_dispatch.scripted_model import Call, Reply, texts

if TYPE_CHECKING:
    from parallel_dispatch.scripted_model import Request

AGENTS, EDITS, EVENTS = 10, 20, 10_000
PACES = (1.5, 0.0)
LIMIT_SHARE, LIMIT_MS = 0.03, 25.0


@dataclass
class Editors(Copyist):
    """A model whose agents edit a file of their own."""

    project: str = ""
    pace: float = 0.0
    begun: bool = field(default=False)

    def main(self, request: Request) -> Reply:
        """With the plugin what it hands out; without it the same calls, of the model's own."""
        if not self.begun:
            self.begun = True
            for folder in all_runs(self.project):
                lengthen(ActiveRun(folder.path))
            reply = super().main(request)
            return reply if reply.calls else Reply(calls=[plain_call(n) for n in range(AGENTS)])
        return super().main(request)

    def agent(self, request: Request) -> Reply:
        """The next step of the one whose file it is."""
        said = [text for message in request.messages[:1] for text in texts(message)]
        job = job_of(said)
        name = job.task if job else next(text for text in said if text.startswith("part-"))
        output = job.output if job else os.path.join(self.project, "out", f"{name}.md")
        return Reply(calls=[step], delay=self.pace) if (step := self.step(name, output, request)) else Reply("Done.")

    def step(self, name: str, output: str, request: Request) -> Call | None:
        """Its next call; None once it is done."""
        turn = sum(1 for message in request.messages if message.get("role") == "assistant")
        path = os.path.join(self.project, "src", name, "notes.txt")
        if turn == 0:
            return Call("Read", {"file_path": path})
        if turn <= EDITS:
            old, new = f"line {turn}: before.", f"line {turn}: after."
            return Call("Edit", {"file_path": path, "old_string": old, "new_string": new})
        return Call("Write", {"file_path": output, "content": "Done."}) if turn == EDITS + 1 else None


def lengthen(run: ActiveRun) -> None:
    """The ledger as it is after much else."""
    for number in range(EVENTS):
        run.ledger.append("agent-started", agent_id=f"of-another-{number}")


def plain_call(number: int) -> Call:
    """An agent without the plugin."""
    call: dict[str, object] = {"description": f"part-{number}", "subagent_type": "general-purpose"}
    return Call("Agent", {**call, "prompt": f"part-{number}", "run_in_background": False})


def task_file() -> str:
    """The tasks; JSON is YAML."""
    tasks = [{"id": f"part-{n}", "prompt": "Edit your file.", "writes": [f"src/part-{n}/**"]} for n in range(AGENTS)]
    settings = {"max_parallel": AGENTS, "output_dir": "out", "timeout_per_task": "10m", "dispatch": "foreground"}
    return json.dumps({"name": "guarding", "tasks": tasks, "settings": settings})


@dataclass(frozen=True)
class Seen:
    """What one conversation showed: the seconds of the whole work, the milliseconds of every edit."""

    wall: float
    edits: list[float]


def measure(stage: sides.Stage, pace: float) -> Seen:
    """One conversation; every edit must have been made."""
    for number in range(AGENTS):
        folder = os.path.join(stage.project, "src", f"part-{number}")
        os.makedirs(folder, exist_ok=True)
        lines = "".join(f"line {n}: before.\n" for n in range(1, EDITS + 1))
        stage.write(os.path.join(folder, "notes.txt"), lines)
    stage.write("tasks.yaml", task_file())
    prompt = "/parallel-dispatch tasks.yaml" if stage.has_plugin else "Edit all files."
    log = stage.talk(Editors(project=stage.project, pace=pace), prompt, "acceptEdits").log
    for number in range(AGENTS):
        with open(os.path.join(stage.project, "src", f"part-{number}", "notes.txt"), encoding="utf-8") as file:
            if "before" in file.read():
                raise SystemExit(f"{stage.version}: part-{number} was not edited")
    received: dict[str, list[float]] = {}
    for request in log:
        if request.agent_id:
            received.setdefault(request.agent_id, []).append(request.received)
    steps = [[1000 * (b - a - pace) for a, b in zip(times, times[1:])] for times in received.values()]
    if len(steps) != AGENTS or any(len(found) < EDITS + 1 for found in steps):
        raise SystemExit(f"{stage.version}: {len(steps)} agents, {[len(found) for found in steps]} steps")
    everything = [time for times in received.values() for time in times]
    return Seen(max(everything) - min(everything), [edit for found in steps for edit in found[1 : EDITS + 1]])


def p95(values: list[float]) -> float:
    """What 95 of 100 values keep within."""
    return statistics.quantiles(values, n=20)[-1]


def row(version: str, pace: float, ours: list[Seen], bare: list[Seen]) -> list[str]:
    """A line of the table."""
    wall, plain = (sides.median([seen.wall for seen in side]) for side in (ours, bare))
    guarded, free = ([edit for seen in side for edit in seen.edits] for side in (ours, bare))
    share, added = wall / plain - 1, p95(guarded) - p95(free)
    kept = sides.verdict(share, LIMIT_SHARE) if pace else sides.verdict(added, LIMIT_MS)
    cells = [f"{wall:.2f}", f"{plain:.2f}", f"{100 * share:.1f} %"]
    cells += [f"{sides.median(guarded):.0f}", f"{sides.median(free):.0f}"]
    cells += [f"{p95(guarded):.0f}", f"{p95(free):.0f}", f"{added:.0f}", kept]
    return [f"{version}, answers after {pace:g} s", *cells]


def main() -> int:
    """0 where every limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--host", action="append", metavar="VERSION", help=f"default: {' and '.join(sides.VERSIONS)}")
    arguments = parser.parse_args()
    rows = []
    with sides.stages(arguments.host or sides.VERSIONS) as stages:
        for pace in PACES:
            for ours, bare in stages:
                found: tuple[list[Seen], list[Seen]] = ([], [])
                for _ in range(arguments.repetitions):
                    for side, stage in zip(found, (ours, bare)):
                        side.append(measure(stage, pace))
                rows.append(row(ours.version, pace, *found))
    head = ["10 agents, 20 edits each", "with, s", "without, s", "added"]
    head += ["median edit, ms", "without", "95 of 100 within, ms", "without", "added", ""]
    print(sides.table(head, rows))
    print(f"\nLimits: {100 * LIMIT_SHARE:g} % more time where answers take 1.5 s, {LIMIT_MS:g} ms per edit where none.")
    return int(any(line[-1] != "met" for line in rows))


if __name__ == "__main__":
    raise SystemExit(main())
