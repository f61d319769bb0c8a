"""What writing a run's reports takes at its end, while a hook of the host waits for it.

Measured: milliseconds from the ledger to the written files in a process that has just begun, its imports in it; the
median. Runs of so many tasks, a wave of nine tenths and one of the rest, each task with an output of 4 kB, last words,
a brief, and a transcript of 12 answers; one task in ten failed and was tried again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import sides

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

from builders import claimed, closed, event, make_run, plan_of, write
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.reports import values_of, write_reports

LIMIT_MS = 3_000.0
"""For 500 tasks; the host gives this hook a minute."""
TURNS = 12
TEXT = sides.PROSE * 40
CODE = (
    "import sys; from parallel_dispatch.active import ActiveRun; from parallel_dispatch.reports import write_reports; "
)
CODE += "write_reports(ActiveRun(sys.argv[1]))"


def make(folder: str, tasks: int) -> str:
    """A run of so many tasks on disk; its folder."""
    first = [f"t{number}" for number in range(max(1, tasks * 9 // 10))]
    last = {f"u{number}": tuple(first[number::10][:5]) for number in range(tasks - len(first))}
    plan = plan_of({**dict.fromkeys(first, ()), **last}, project=os.path.join(folder, "project"), on_failure="retry")
    events = []
    for number, task in enumerate(plan.tasks):
        tries = ("failed", "success") if number % 10 == 0 else ("success",)
        for attempt, outcome in enumerate(tries, 1):
            agent, began = f"{task}-{attempt}", number * 1.5 + 20 * attempt
            transcript = os.path.join(folder, "host", "session", "subagents", f"agent-{agent}.jsonl")
            write(transcript, "".join(answer(agent, turn) for turn in range(TURNS)))
            events += [
                claimed(task, f"call-{agent}", began),
                event("agent-started", began + 0.2, agent_id=agent),
                event("bound", began + 0.2, task=task, attempt=attempt, agent_id=agent, transcript=transcript),
                closed(task, outcome, attempt, began + 15, reason="" if outcome == "success" else "it broke"),
            ]
        write(plan.tasks[task].output, TEXT)
    write(os.path.join(folder, "host", "session.jsonl"), "".join(answer("main", turn) for turn in range(TURNS)))
    run = make_run(plan, events)
    for task in plan.tasks:
        write(run.answer(task, 1), TEXT)
    return str(run.path)


def answer(agent: str, turn: int) -> str:
    """A line of a transcript."""
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 9000,
        "cache_creation_input_tokens": 500,
        "output_tokens": 300,
    }
    content = [{"type": "tool_use", "id": f"{agent}-{turn}", "input": {"text": TEXT}}]
    message = {"id": f"{agent}-{turn}", "model": "claude-opus-5-5", "usage": usage, "content": content}
    return json.dumps({"timestamp": f"1970-01-01T00:00:{turn:02}.000Z", "message": message}) + "\n"


def measure(tasks: int, repetitions: int) -> tuple[float, float, int]:
    """Milliseconds in a process of its own and in this one, and the bytes of all reports."""
    with tempfile.TemporaryDirectory(prefix="pd-bench-") as folder:
        path = make(folder, tasks)
        command = [sys.executable, "-c", CODE, path]
        environment = {**os.environ, "PYTHONPATH": os.path.join(sides.ROOT, "scripts")}
        whole, inside = [], []
        for _ in range(repetitions):
            begin = time.perf_counter()
            subprocess.run(command, check=True, env=environment)
            whole.append((time.perf_counter() - begin) * 1000)
            begin = time.perf_counter()
            write_reports(ActiveRun(path))
            inside.append((time.perf_counter() - begin) * 1000)
        if len(values_of(ActiveRun(path))["tasks"]) != tasks:
            raise SystemExit("the report has not all tasks")
        size = sum(os.path.getsize(os.path.join(path, name)) for name in os.listdir(path) if name.startswith("report."))
        return statistics.median(whole), statistics.median(inside), size


def main() -> int:
    """The table; 1 where 500 tasks take longer than they may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    print("| Tasks | New process | In a process | Reports |")
    print("|-------|-------------|--------------|---------|")
    slowest = 0.0
    for tasks in (20, 100, 500):
        whole, inside, size = measure(tasks, repetitions)
        slowest = max(slowest, whole)
        print(f"| {tasks} | {whole:.0f} ms | {inside:.0f} ms | {size / 1000:.0f} kB |", flush=True)
    return int(slowest > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
