"""What guarding every tool call of every agent costs in the real host.

Ten agents work side by side in the foreground; each writes its output and edits it 20 times, one edit a request. With
the plugin they do so as tasks, so that every call passes the guard, in a run whose ledger holds 10,000 events; without
it as plain Agent calls of the same host; and once more so beside an idle plugin, whose hooks on the same events are
`/bin/echo` with a yes and `/bin/true`. The scripted model answers each request after 1.5 s, as fast models do, or at
once, where nothing but the host and its hooks takes time.

Measured: the wall time of the work, from the first request of an agent to the last; what a step adds to it; and how
long the host waited for the guard of each edit, as 2.1.329 notes in the agents' transcripts. All sides take turns.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import shutil
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sides
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.copyist import Copyist, job_of
from parallel_dispatch.gate import decide_call
from parallel_dispatch.runs import all_runs
from parallel_dispatch.scripted_model import Call, Reply, texts

if TYPE_CHECKING:
    from parallel_dispatch.scripted_model import Request

AGENTS, EDITS, EVENTS = 10, 20, 10_000
PACES = (1.5, 0.0)
NOTING = ("2.1.329",)
"""The versions that note in the transcripts of agents how long their hooks took."""
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
        if turn == 0:
            lines = "".join(f"{name}, line {n}: before.\n" for n in range(1, EDITS + 1))
            return Call("Write", {"file_path": output, "content": lines})
        if turn > EDITS:
            return None
        old, new = f"line {turn}: before.", f"line {turn}: after."
        return Call("Edit", {"file_path": output, "old_string": old, "new_string": new})


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
    tasks = [{"id": f"part-{n}", "prompt": "Edit your file."} for n in range(AGENTS)]
    settings = {"max_parallel": AGENTS, "output_dir": "out", "timeout_per_task": "10m", "dispatch": "foreground"}
    return json.dumps({"name": "guarding", "tasks": tasks, "settings": settings})


@dataclass(frozen=True)
class Seen:
    """What one conversation showed: the seconds of the whole work, the milliseconds of the guard of every edit."""

    wall: float
    guards: list[float]


def measure(stage: sides.Stage, pace: float) -> Seen:
    """One conversation; every edit must have been made."""
    shutil.rmtree(os.path.join(stage.project, "out"), ignore_errors=True)
    stage.write("tasks.yaml", task_file())
    before = set(transcripts(stage))
    prompt = "/parallel-dispatch tasks.yaml" if stage.has_plugin else "Edit all files."
    log = stage.talk(Editors(project=stage.project, pace=pace), prompt, "acceptEdits").log
    for number in range(AGENTS):
        with open(os.path.join(stage.project, "out", f"part-{number}.md"), encoding="utf-8") as file:
            if file.read().count("after") != EDITS:
                raise SystemExit(f"{stage.version}: part-{number} was not edited")
    times = [request.received for request in log if request.agent_id]
    guards = [ms for path in set(transcripts(stage)) - before for ms in durations(path)]
    if stage.plugin and stage.version in NOTING and len(guards) != AGENTS * EDITS:
        raise SystemExit(f"{stage.version}: {len(guards)} guards of edits, not {AGENTS * EDITS}")
    return Seen(max(times) - min(times), guards)


def transcripts(stage: sides.Stage) -> list[str]:
    """All transcripts of agents."""
    walk = os.walk(os.path.join(stage.home, ".claude", "projects"))
    return [os.path.join(folder, name) for folder, _, names in walk for name in names if name.startswith("agent-")]


def durations(path: str) -> list[float]:
    """How long the host waited for the guard of each edit, in milliseconds."""
    found = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            noted = json.loads(line).get("attachment") if path.endswith(".jsonl") else None
            if noted and noted.get("hookName") == "PreToolUse:Edit" and noted.get("type") == "hook_success":
                found.append(float(noted["durationMs"]))
    return found


def idle_plugin(folder: str) -> str:
    """A plugin whose hooks say yes or nothing, on the events that the guard is asked about."""
    allowed = json.dumps(decide_call("allow", "whatever it is"))
    answer = [{"hooks": [{"type": "command", "command": "/bin/echo", "args": [allowed]}]}]
    nothing = [{"hooks": [{"type": "command", "command": "/bin/true", "args": []}]}]
    files = {
        ".claude-plugin/plugin.json": {"name": "idle", "version": "1.0.0", "description": "Hooks that do nothing."},
        "hooks/hooks.json": {"hooks": {"PreToolUse": answer, "PostToolBatch": nothing}},
    }
    for name, value in files.items():
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(value, file)
    return folder


def p95(values: list[float]) -> float:
    """What 95 of 100 values keep within."""
    return statistics.quantiles(values, n=20)[-1]


def row(version: str, pace: float, ours: list[Seen], idle: list[Seen], bare: list[Seen]) -> list[str]:
    """A line of the table."""
    wall, floor, plain = (sides.median([seen.wall for seen in side]) for side in (ours, idle, bare))
    guards, least = ([ms for seen in side for ms in seen.guards] for side in (ours, idle))
    share, steps = wall / plain - 1, AGENTS * (EDITS + 2)
    most = p95(guards) - p95(least) if guards else 1000 * (wall - floor) / steps
    kept = sides.verdict(share, LIMIT_SHARE) if pace else sides.verdict(most, LIMIT_MS)
    cells = [f"{wall:.2f}", f"{floor:.2f}", f"{plain:.2f}", f"{100 * share:.1f} %"]
    cells += [f"{1000 * (wall - plain) / steps:.1f}", f"{1000 * (floor - plain) / steps:.1f}"]
    for statistic in (sides.median, p95):
        cells += [f"{statistic(noted):.0f}" if noted else "not noted" for noted in (guards, least)]
    cells.append(kept)
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
                idle = copy.copy(bare)
                idle.plugin = idle_plugin(os.path.join(bare.home, "idle"))
                found: tuple[list[Seen], ...] = ([], [], [])
                for _ in range(arguments.repetitions):
                    for side, stage in zip(found, (ours, idle, bare)):
                        side.append(measure(stage, pace))
                rows.append(row(ours.version, pace, *found))
    head = ["10 agents, 20 edits each", "with, s", "idle, s", "without, s", "added", "a step, ms", "idle, ms"]
    head += ["a guard, ms", "idle, ms", "95 of 100 within, ms", "idle, ms", ""]
    print(sides.table(head, rows))
    print(
        f"\nLimits: {100 * LIMIT_SHARE:g} % more time where answers take 1.5 s, {LIMIT_MS:g} ms a guard, "
        "or a step where no guard is noted, where they take none; "
        "both beyond what idle hooks take."
    )
    return int(any(line[-1] != "met" for line in rows))


if __name__ == "__main__":
    raise SystemExit(main())
