"""How much later a wave of 10 agents starts than on the bare host.

Measured: the time from the arrival of the main conversation's first request, whose answer dispatches all 10 agents, to
the arrival of the last agent's first request. The difference of the medians, divided by 10, is what the plugin costs
per agent: admission, the brief swapped in, the start recorded.

How: the real host in headless conversations against a scripted model on loopback that answers at once. Ours:
`/parallel-dispatch FILE`; bare: no plugin, the same calls in the foreground, with the whole briefs. Agents answer only
after all have started. Interleaved; the first conversation of every side warms its caches and is dropped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from dataclasses import dataclass

import sides
from parallel_dispatch.copyist import Copyist
from parallel_dispatch.scripted_model import Call, Reply, Request

AGENTS, LIMIT_MS, THINKING_SECONDS = 10, 25.0, 3.0
PROMPT = 4_000


def task_file() -> str:
    """The task file; JSON is YAML."""
    tasks = [{"id": f"part-{n}", "prompt": sides.prose(PROMPT)} for n in range(1, AGENTS + 1)]
    return json.dumps({"name": "wave", "tasks": tasks, "settings": {"max_parallel": AGENTS, "output_dir": "out"}})


@dataclass(frozen=True)
class Plain:
    """A model that starts as many agents without the plugin."""

    def reply(self, request: Request) -> Reply:
        """The calls, an agent's answer, or a last word."""
        if request.agent_id:
            return Reply("Done.", delay=THINKING_SECONDS)
        if any(message.get("role") == "assistant" for message in request.messages):
            return Reply("All are done.")
        fields = {"subagent_type": "general-purpose", "prompt": sides.prose(PROMPT), "run_in_background": False}
        return Reply(calls=[Call("Agent", {"description": f"part-{n}", **fields}) for n in range(1, AGENTS + 1)])


def measure(stage: sides.Stage) -> float:
    """Milliseconds from the dispatching request to the last agent's first."""
    if stage.has_plugin:
        shutil.rmtree(os.path.join(stage.project, ".parallel-dispatch", "runs"), ignore_errors=True)
        stage.write("tasks.yaml", task_file())
        talk = stage.talk(Copyist(THINKING_SECONDS), "/parallel-dispatch tasks.yaml --dispatch foreground")
    else:
        talk = stage.talk(Plain(), "Do the tasks.")
    firsts = talk.first_of_agents
    if len(firsts) != AGENTS:
        raise SystemExit(f"{len(firsts)} agents started instead of {AGENTS}")
    last = max(request.received for request in firsts)
    if last - talk.main[0].received > THINKING_SECONDS:
        raise SystemExit("an agent answered before the last one had started")
    return (last - talk.main[0].received) * 1000


def row(version: str, ours: list[float], bare: list[float]) -> list[str]:
    """A line of the table."""
    our, their = sides.median(ours), sides.median(bare)
    extra = (our - their) / AGENTS
    return [
        version,
        f"{our:,.0f} ({min(ours):,.0f} to {max(ours):,.0f})",
        f"{their:,.0f} ({min(bare):,.0f} to {max(bare):,.0f})",
        f"{our / their:.2f}",
        f"{extra:.1f}",
        sides.verdict(extra, LIMIT_MS),
    ]


def main() -> None:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=9, metavar="N", help="conversations per side (default 9)")
    parser.add_argument("--host", action="append", metavar="VERSION", help=f"default: {' and '.join(sides.VERSIONS)}")
    arguments = parser.parse_args()
    found: dict[tuple[str, bool], list[float]] = {}
    busy = os.getloadavg()[1]
    with sides.stages(arguments.host or sides.VERSIONS) as pairs:
        for number in range(arguments.repetitions + 1):
            for stage in (stage for pair in pairs for stage in pair):
                milliseconds = measure(stage)
                if number:
                    found.setdefault((stage.version, stage.has_plugin), []).append(milliseconds)
        rows = [row(ours.version, found[ours.version, True], found[ours.version, False]) for ours, _ in pairs]
    print(sides.table(("Claude Code", "ours, ms", "bare, ms", "ours ÷ bare", "ms per agent", ""), rows))
    print(
        f"\n{AGENTS} agents, medians of {arguments.repetitions} (range). Limit: {LIMIT_MS:g} ms per agent. "
        f"Load average {busy:.1f} before, {os.getloadavg()[1]:.1f} after, on {os.cpu_count()} cores."
    )


if __name__ == "__main__":
    main()
