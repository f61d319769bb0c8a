"""What a hook process costs: idle, in a conversation that drives no run, and active, for every event of a run.

Measured: milliseconds from the spawn of a process to its exit, with the event on a pipe, as the host starts hooks.
Idle: the guard, summed over the hooks that hooks.json starts for one call of the Bash tool; beside it, what a Write of
10 kB to any file but a task file costs where a host starts that hook in spite of its filter (`if`). Active: the guard
and what it turns into, `python -I -S hook.py`, against `python -I -S -c pass` with the same interpreter: the ratio is
what our code adds. Where `python3` on PATH is a version manager's shim, what starting through it costs.

How: a run of 10 agents is started by the product itself in a temporary project, and driven by its own hooks to the
state that each event needs; before every repetition that state is put back. All processes take turns; medians. The
processor's time says the same on a busy machine, where the time from spawn to exit is mostly waiting.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass

import sides
from parallel_dispatch import quickjson, run, runs
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.load import load
from parallel_dispatch.options import Options

AGENTS, LIMIT_IDLE_MS, LIMIT_RATIO = 10, 3.0, 1.8
SESSION = "0b1f5c9e-bench"
GUARD = os.path.join(sides.ROOT, "hooks", "guard")
WRITTEN = os.path.join(sides.ROOT, "hooks", "written")
PYTHON = os.path.realpath(sys.executable)
BASELINE = "python -I -S -c pass"

ADMISSION, OWN_OUTPUT, RETURN, SWALLOWED = (
    "PreToolUse(Agent), admitted",
    "PreToolUse in an agent, own output",
    "PostToolUse(Agent)",
    "UserPromptSubmit, swallowed",
)
ANSWERS = {
    ADMISSION: "updatedInput",
    OWN_OUTPUT: '"allow"',
    RETURN: "updatedToolOutput",
    SWALLOWED: "suppressOriginalPrompt",
}

Payload = dict[str, object]


@dataclass(frozen=True)
class Theatre:
    """A temporary project with a run in it, played with the events that the host sends."""

    folder: str

    @property
    def project(self) -> str:
        """The project."""
        return os.path.join(self.folder, "project")

    @property
    def transcript(self) -> str:
        """The main conversation's transcript; those of its agents lie in a folder beside it."""
        return os.path.join(self.folder, f"{SESSION}.jsonl")

    @property
    def variables(self) -> dict[str, str]:
        """The environment that the host gives to hooks."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "PARALLEL_DISPATCH_CACHE": self.folder,
            "CLAUDE_PROJECT_DIR": self.project,
            "CLAUDE_CODE_SESSION_ID": SESSION,
        }

    def begin(self) -> ActiveRun:
        """The run, started as a typed command starts it."""
        os.mkdir(self.project)
        with open(os.path.join(self.folder, "interpreter"), "w", encoding="utf-8") as file:
            file.write(os.path.abspath(sys.executable) + "\n")
        tasks = [{"id": task(n), "prompt": sides.prose(4_000)} for n in range(AGENTS)]
        path = os.path.join(self.project, "tasks.yaml")
        with open(path, "w", encoding="utf-8") as file:
            settings = {"max_parallel": AGENTS, "output_dir": "out"}
            json.dump({"name": "hooks", "tasks": tasks, "settings": settings}, file)
        run.start(load(path), Options(), self.project, SESSION)
        (folder,) = runs.all_runs(self.project)
        return ActiveRun(folder.path)

    def event(self, name: str, agent: int | None = None, **fields: object) -> Payload:
        """One event's payload, with the fields that every event has."""
        common: Payload = {
            "session_id": SESSION,
            "transcript_path": self.transcript,
            "cwd": self.project,
            "prompt_id": "4ff4e0b2-bench",
            "permission_mode": "default",
            "hook_event_name": name,
        }
        if agent is not None:
            common.update(agent_id=f"a{agent:016x}", agent_type="general-purpose")
        return {**common, **fields}

    def tell(self, payload: Payload) -> Payload:
        """What the hook answers."""
        _, printed = guard(payload).run(self.variables)
        return quickjson.record(printed)


def task(agent: int) -> str:
    """The id of an agent's task."""
    return f"part-{agent}"


def guard(payload: Payload) -> sides.Process:
    """The hook process for an event."""
    return sides.Process((GUARD,), json.dumps(payload))


class Play:
    """The events of a wave, in the order in which the host sends them, and the state that each one meets."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.active = theatre.begin()
        self.kept = os.path.join(theatre.folder, "kept")
        self.shown: dict[str, sides.Process] = {}

    def play(self) -> dict[str, sides.Process]:
        """The processes to measure, by name; the last agent is the one whose events are shown."""
        main = self.theatre.event("PreToolUse", tool_name="Bash", tool_input={"command": "ls"}, tool_use_id="toolu_m")
        self.show("PreToolUse in the main conversation", main)
        for agent in range(AGENTS):
            self.admit(agent)
        for agent in range(AGENTS):
            self.act("PreToolUse in an agent, its first", agent, self.read(agent))
        self.show("PreToolUse in an agent", self.read(AGENTS - 1))
        for agent in range(AGENTS):
            self.act(OWN_OUTPUT, agent, self.write(agent))
            self.output(agent)
        for agent in range(AGENTS):
            words = sides.prose(8_000)
            self.act("SubagentStop", agent, self.theatre.event("SubagentStop", agent, last_assistant_message=words))
        for agent in range(AGENTS):
            launched = {"task": task(agent), "attempt": 1, "agent_id": f"a{agent:016x}"}
            self.active.ledger.append("launched", **launched)
        self.show(SWALLOWED, self.notified(AGENTS - 1))
        for agent in range(AGENTS - 1):
            self.theatre.tell(self.returned(agent))
        self.show(RETURN, self.returned(AGENTS - 1))
        return self.shown

    def show(self, name: str, payload: Payload) -> None:
        """An event to measure, in the state of now, with the answer that it must get."""
        kept = f"{self.kept}-{len(self.shown)}"
        shutil.copytree(self.active.folder.path, kept)
        folder = self.active.folder.path
        process = sides.Process((GUARD,), json.dumps(payload), lambda: restore(kept, folder), ANSWERS.get(name, ""))
        self.shown[name] = process

    def act(self, name: str, agent: int, payload: Payload) -> None:
        """An event that happens; the last agent's is also measured."""
        if agent == AGENTS - 1:
            self.show(name, payload)
        self.theatre.tell(payload)

    def admit(self, agent: int) -> None:
        """An Agent call, admitted; the host then writes the agent's transcript."""
        call = {"description": task(agent), "prompt": f"pd:{self.active.plan.run}/{task(agent)} Read and follow it."}
        payload = self.theatre.event("PreToolUse", tool_name="Agent", tool_input=call, tool_use_id=f"toolu_{agent}")
        self.act(ADMISSION, agent, payload)
        if task(agent) not in self.active.state().open:
            raise SystemExit(f"{task(agent)} was not admitted")
        path = os.path.join(self.theatre.transcript[: -len(".jsonl")], "subagents", f"agent-a{agent:016x}.jsonl")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(self.active.folder.brief(task(agent), 1), encoding="utf-8") as file:
            line = json.dumps({"type": "user", "message": {"role": "user", "content": file.read()}})
        with open(path, "w", encoding="utf-8") as file:
            file.write(line + "\n")

    def read(self, agent: int) -> Payload:
        """A call of the Read tool by an agent."""
        call = {"file_path": os.path.join(self.theatre.project, "README.md")}
        return self.theatre.event("PreToolUse", agent, tool_name="Read", tool_input=call, tool_use_id=f"toolu_r{agent}")

    def write(self, agent: int) -> Payload:
        """A call of the Write tool by an agent, for its own output."""
        call = {"file_path": self.active.plan.tasks[task(agent)].output, "content": sides.prose(8_000)}
        return self.theatre.event(
            "PreToolUse", agent, tool_name="Write", tool_input=call, tool_use_id=f"toolu_w{agent}"
        )

    def output(self, agent: int) -> None:
        """The output, written."""
        path = self.active.plan.tasks[task(agent)].output
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(sides.prose(8_000))

    def notified(self, agent: int) -> Payload:
        """The prompt that tells of a background agent's end."""
        told = f"<task-id>a{agent:016x}</task-id>\n<status>completed</status>\n<result>{sides.prose(8_000)}</result>"
        prompt = f"<task-notification>\n{told}\n</task-notification>"
        return self.theatre.event("UserPromptSubmit", prompt=prompt)

    def returned(self, agent: int) -> Payload:
        """An Agent call that came back."""
        response = {
            "status": "completed",
            "agentId": f"a{agent:016x}",
            "content": [{"type": "text", "text": sides.prose(8_000)}],
            "prompt": sides.prose(4_000),
            "totalDurationMs": 41_000,
            "totalTokens": 9_000,
            "totalToolUseCount": 1,
        }
        call = {"description": task(agent), "prompt": sides.prose(4_000), "subagent_type": "general-purpose"}
        return self.theatre.event(
            "PostToolUse", tool_name="Agent", tool_input=call, tool_response=response, tool_use_id=f"toolu_{agent}"
        )


def restore(kept: str, folder: str) -> None:
    """The run's folder as it was kept; the ledger and the ties are what a hook changes."""
    for name in ("agents", "answers"):
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        if os.path.isdir(os.path.join(kept, name)):
            shutil.copytree(os.path.join(kept, name), os.path.join(folder, name))
    shutil.copyfile(os.path.join(kept, "ledger.jsonl"), os.path.join(folder, "ledger.jsonl"))


def hooks_of_a_call() -> list[str]:
    """The events for which hooks.json starts a process around one call of the Bash tool by an ordinary conversation."""
    with open(os.path.join(sides.ROOT, "hooks", "hooks.json"), encoding="utf-8") as file:
        declared = json.load(file)["hooks"]
    return [
        event
        for event in ("PreToolUse", "PostToolUse", "PostToolBatch")
        for group in declared.get(event, [])
        if group.get("matcher", "*") in ("*", "") or "Bash" in group["matcher"].split("|")
        for _ in group["hooks"]
    ]


def written(theatre: Theatre) -> Payload:
    """The event of a file that was written and is no task file."""
    call = {"file_path": os.path.join(theatre.project, "notes.md"), "content": sides.prose(10_000)}
    done = {"type": "create", "filePath": call["file_path"], "content": call["content"]}
    return theatre.event("PostToolUse", tool_name="Write", tool_input=call, tool_response=done)


def measure_idle(theatre: Theatre, repetitions: int) -> str:
    """The table of what an ordinary conversation pays."""
    os.makedirs(theatre.project, exist_ok=True)
    events = hooks_of_a_call()
    call: Payload = {"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "toolu_1"}
    processes = {"an empty shell, sh -c :": sides.Process(("/bin/sh", "-c", ":"))}
    processes.update({event: guard({**theatre.event(event), **call}) for event in dict.fromkeys(events)})
    processes["PostToolUse(Write), another file"] = sides.Process((WRITTEN,), json.dumps(written(theatre)))
    found = sides.interleaved(processes, theatre.variables, repetitions)
    wall, cpu = sum(found[event].wall for event in events), sum(found[event].cpu for event in events)
    rows = [[name, f"{cost.wall:.2f}", f"{cost.cpu:.2f}", ""] for name, cost in found.items()]
    rows.append(["a tool call in all", f"{wall:.2f}", f"{cpu:.2f}", sides.verdict(wall, LIMIT_IDLE_MS)])
    return sides.table(("idle hook", "ms", "CPU ms", ""), rows) + f"\n\nLimit: {LIMIT_IDLE_MS:g} ms a tool call."


def measure_active(theatre: Theatre, repetitions: int) -> str:
    """The table of what a run's events cost."""
    processes = Play(theatre).play()
    bare = {BASELINE: sides.Process((PYTHON, "-I", "-S", "-c", "pass"))}
    shim = shim_on_path()
    if shim:
        bare["the same through the shim on PATH"] = sides.Process((shim, "-I", "-S", "-c", "pass"))
    found = sides.interleaved({**bare, **processes}, theatre.variables, repetitions)
    rows = []
    for name, cost in found.items():
        wall, cpu = cost.wall / found[BASELINE].wall, cost.cpu / found[BASELINE].cpu
        said = "" if name in bare else sides.verdict(wall, LIMIT_RATIO)
        rows.append([name, f"{cost.wall:.1f}", f"{wall:.2f}", f"{cost.cpu:.1f}", f"{cpu:.2f}", said])
    head = ("active hook", "ms", "ratio", "CPU ms", "CPU ratio", "")
    return sides.table(head, rows) + f"\n\nLimit: ratio {LIMIT_RATIO:g}."


def shim_on_path() -> str:
    """The `python3` on PATH where it is a script that looks for the real one; empty where it is a program."""
    path = shutil.which("python3")
    if not path:
        return ""
    with open(path, "rb") as file:
        return path if file.read(2) == b"#!" else ""


def main() -> None:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=60, metavar="N", help="of every process (default 60)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pd-bench-") as folder:
        theatre = Theatre(os.path.realpath(folder))
        print(measure_idle(Theatre(os.path.join(theatre.folder, "idle")), arguments.repetitions))
        print()
        print(measure_active(theatre, arguments.repetitions))


if __name__ == "__main__":
    main()
