"""What a task costs the main conversation: its growth in bytes on the wire, with the plugin and without.

Measured: the size of the last request of the main conversation minus that of its first, divided by the tasks, and the
number of its requests. Two shapes: architecture-review (3 tasks and the one that joins them) and 8 tasks and one. Every
prompt has 4 kB, every agent writes a file of 8 kB and ends with a message of 8 kB.

How: the real host in a headless conversation against a scripted model on loopback. Ours: `/parallel-dispatch FILE`, the
model copies the dispatch blocks. Bare: no plugin; the model sends the same tasks as plain Agent calls with their whole
prompts, in the foreground, gets the results back, and says a last word. Medians of interleaved repetitions.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass

import sides
from parallel_dispatch.copyist import Copyist, Job, called
from parallel_dispatch.scripted_model import Call, Reply, Request

PROMPT, OUTPUT, LAST_MESSAGE = 4_000, 8_000, 8_000
LIMIT_OURS, LIMIT_BARE = 1_300, 12_500


@dataclass(frozen=True)
class Shape:
    """A run: tasks that start together, and one that needs them all."""

    name: str
    width: int

    @property
    def tasks(self) -> list[str]:
        """The ids of all tasks, the joining one last."""
        named = {3: ["security-review", "test-review", "ops-review"]}
        return [*named.get(self.width, [f"review-part-{n}" for n in range(1, self.width + 1)]), "synthesis"]

    @property
    def batches(self) -> list[list[str]]:
        """The tasks as they are dispatched."""
        return [self.tasks[:-1], self.tasks[-1:]]

    @property
    def file(self) -> str:
        """The task file; JSON is YAML."""
        tasks = [{"id": task, "prompt": sides.prose(PROMPT), "output": f"{task}.md"} for task in self.tasks]
        tasks[-1]["dependencies"] = self.tasks[:-1]  # type: ignore[assignment]
        settings = {"max_parallel": self.width, "output_dir": "reviews"}
        return json.dumps({"name": self.name, "tasks": tasks, "settings": settings}, indent=1)


SHAPES = (Shape("architecture-review", 3), Shape("eight-and-one", 8))


class LongWorded(Copyist):
    """A copyist whose agents write 8 kB and end with 8 kB."""

    def content(self, job: Job) -> str:  # noqa: ARG002 - the base class's signature
        """The output."""
        return sides.prose(OUTPUT)

    def work(self, job: Job, request: Request) -> Reply:
        """The same work, a longer last word."""
        reply = super().work(job, request)
        return reply if reply.calls else Reply(sides.prose(LAST_MESSAGE))


@dataclass(frozen=True)
class Plain:
    """A model that does the same work without the plugin."""

    shape: Shape
    project: str

    def reply(self, request: Request) -> Reply:
        """The next batch of calls, an agent's output, or a last word."""
        if request.agent_id:
            return self.agent(request)
        done = sum(1 for message in request.messages if message.get("role") == "assistant")
        if done >= len(self.shape.batches):
            return Reply("The run has ended; all tasks are done.")
        return Reply(calls=[Call("Agent", self.call(task)) for task in self.shape.batches[done]])

    def call(self, task: str) -> dict[str, object]:
        """One task as a plain call with its whole prompt."""
        return {
            "description": task,
            "subagent_type": "general-purpose",
            "prompt": sides.prose(PROMPT),
            "run_in_background": False,
        }

    def agent(self, request: Request) -> Reply:
        """The output written, then the last message."""
        if any(tool == "Write" for tool in called(request)):
            return Reply(sides.prose(LAST_MESSAGE))
        path = os.path.join(self.project, f"out-{request.agent_id}.md")
        return Reply(calls=[Call("Write", {"file_path": path, "content": sides.prose(OUTPUT)})])


@dataclass(frozen=True)
class Growth:
    """What one conversation showed: bytes of its first request, bytes grown per task, requests."""

    first: int
    per_task: float
    requests: int


def measure(stage: sides.Stage, shape: Shape) -> Growth:
    """One conversation; every task must have had its agent."""
    if stage.has_plugin:
        stage.write("tasks.yaml", shape.file)
        talk = stage.talk(LongWorded(), "/parallel-dispatch tasks.yaml --dispatch foreground")
    else:
        talk = stage.talk(Plain(shape, stage.project), "Do the tasks.")
    agents, tasks = len(talk.first_of_agents), len(shape.tasks)
    if agents != tasks:
        raise SystemExit(f"{shape.name}: {agents} agents for {tasks} tasks")
    sizes = [request.size for request in talk.main]
    return Growth(sizes[0], (sizes[-1] - sizes[0]) / tasks, len(sizes))


def row(version: str, shape: Shape, ours: list[Growth], bare: list[Growth]) -> list[str]:
    """A line of the table."""
    our, their = (sides.median([g.per_task for g in side]) for side in (ours, bare))
    opening = sides.median([g.first for g in ours]) - sides.median([g.first for g in bare])
    return [
        f"{version}, {shape.name}",
        str(len(shape.tasks)),
        f"{max(g.requests for g in ours)} (limit {len(shape.batches) + 1})",
        f"{our:,.0f}",
        f"{their:,.0f}",
        f"{their / our:.1f}",
        f"{opening:,.0f}",
        sides.verdict(our, LIMIT_OURS) if their >= LIMIT_BARE else "bare too small",
    ]


def main() -> None:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3, metavar="N", help="conversations per cell (default 3)")
    parser.add_argument("--host", action="append", metavar="VERSION", help=f"default: {' and '.join(sides.VERSIONS)}")
    arguments = parser.parse_args()
    found: dict[tuple[str, Shape, bool], list[Growth]] = {}
    with sides.stages(arguments.host or sides.VERSIONS) as pairs:
        for _ in range(arguments.repetitions):
            for stage in (stage for pair in pairs for stage in pair):
                for shape in SHAPES:
                    found.setdefault((stage.version, shape, stage.has_plugin), []).append(measure(stage, shape))
        rows = [
            row(ours.version, shape, found[ours.version, shape, True], found[ours.version, shape, False])
            for ours, _ in pairs
            for shape in SHAPES
        ]
    head = ("Claude Code, run", "tasks", "main requests", "bytes per task", "bare", "bare ÷ ours", "first request", "")
    print(sides.table(head, rows))
    print(
        f"\nLimits: ours at most {LIMIT_OURS:,} bytes per task, where bare has at least {LIMIT_BARE:,}. "
        "First request: what ours has more in it (the command's text, the plan, the first block)."
    )


if __name__ == "__main__":
    main()
