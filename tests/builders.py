"""Runs made by hand: plans, ledgers, run folders, and the host's events as they were recorded."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys

from parallel_dispatch.ledger import FORMAT, VERSION, Ledger
from parallel_dispatch.places import RunFolder, runs_folder, write_whole
from parallel_dispatch.plan import Plan, PlannedTask

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RECORDED = os.path.join(ROOT, "tests", "payloads")
VERSIONS = tuple(sorted(os.listdir(RECORDED)))
SESSION = "5e551011-0000-4000-8000-000000000001"
RUN = "k3f2"
TASK_FILE = """\
name: three-and-one
tasks:
  - {id: a, prompt: Do a.}
  - {id: b, prompt: Do b., agent: security-architect}
  - {id: c, prompt: Do c.}
  - {id: d, prompt: Do d., dependencies: [a, b, c]}
settings: {output_dir: out}
"""
CALLS = {"a": "toolu_000001_000", "b": "toolu_000001_001", "c": "toolu_000001_002"}
"""The tool calls of the recorded batches."""


def plan_of(tasks, project="/project", outputs=None, **limits):
    """A plan of tasks by id with their dependencies, in this order, with limits that are easy to reckon with."""
    wave = {}
    while len(wave) < len(tasks):
        wave |= {
            task: 1 + max((wave[d] for d in needs), default=0)
            for task, needs in tasks.items()
            if task not in wave and all(d in wave for d in needs)
        }
    folder = os.path.join(project, "out")
    values = {"max_parallel": 4, "timeout": 120.0, "on_failure": "continue", "max_retries": 3, **limits}
    planned = [
        PlannedTask(
            id=task,
            agent="a reviewer",
            subagent_type="general-purpose",
            prompt=f"Do {task}.",
            output=os.path.join(folder, (outputs or {}).get(task, f"{task}.md")),
            dependencies=list(needs),
            wave=wave[task],
            timeout=values["timeout"],
            attempts=1 + (values["max_retries"] if values["on_failure"] == "retry" else 0),
            title="a reviewer",
        )
        for task, needs in tasks.items()
    ]
    return Plan(
        run=RUN,
        name="a-run",
        project=project,
        task_file=os.path.join(project, "tasks.yaml"),
        output_dir=folder,
        tasks=planned,
        **values,
    )


def header(time=0.0):
    return {"time": time, "format": FORMAT, "version": VERSION}


def event(name, time=0.0, **fields):
    return {"time": time, "event": name, **fields}


def claimed(task, call=None, time=0.0):
    return event("claimed", time, task=task, call=call or f"call-{task}")


def closed(task, outcome="success", attempt=1, time=0.0, reason="", **more):
    return event("closed", time, task=task, attempt=attempt, outcome=outcome, reason=reason, **more)


def launched(task, agent=None, attempt=1, time=0.0):
    return event("launched", time, task=task, attempt=attempt, agent_id=agent or f"agent-of-{task}")


def notified(task, agent=None, time=0.0):
    return event("notified", time, agent_id=agent or f"agent-of-{task}")


def make_run(plan, events=(), name=f"tasks-20260102-030405-{RUN}"):
    """A run's folder on disk: its plan, its ledger, its first briefs."""
    folder = RunFolder(os.path.join(runs_folder(plan.project), name))
    os.makedirs(folder.path)
    write_whole(folder.plan, plan.to_json())
    Ledger(folder.ledger).create(run=name, session=SESSION)
    with open(folder.ledger, "a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in events)
    for task in plan.tasks.values():
        write_whole(folder.brief(task.id, 1), f"pd:{plan.run}/{task.id}\nThe brief of {task.id}.\n")
    return folder


def recorded(version, name, **values):
    """A recorded event of the host, its placeholders (`@TASK@`, …) filled with these values."""
    with open(os.path.join(RECORDED, version, f"{name}.json"), encoding="utf-8") as file:
        return json.loads(_filled(file.read(), values))


def transcript(version, **values):
    """An agent's recorded transcript, as text."""
    with open(os.path.join(RECORDED, version, "agent-transcript.jsonl"), encoding="utf-8") as file:
        return _filled(file.read(), values)


def _filled(text, values):
    for name, value in {"SESSION": SESSION, "RUN": RUN, **values}.items():
        text = text.replace(f"@{name}@", json.dumps(str(value))[1:-1])
    return text


def write(path, text):
    """A file with its folders; its path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def marking_python(folder):
    """Variables that lead every way to a Python here to one that counts its starts, and a function that says the count.

    It stands in a cache as the product's interpreter, and on PATH.
    """
    mark, program = os.path.join(folder, "started"), os.path.join(folder, "marking", "python")
    write(program, f'#!/bin/sh\necho >>"{mark}"\nexec "{sys.executable}" "$@"\n')
    os.chmod(program, 0o700)
    os.symlink(program, f"{program}3")
    write(os.path.join(folder, "marking-cache", "interpreter"), program + "\n")
    variables = {
        "PARALLEL_DISPATCH_CACHE": os.path.join(folder, "marking-cache"),
        "PATH": f"{os.path.dirname(program)}:{os.environ['PATH']}",
    }
    return variables, lambda: read(mark).count("\n") if os.path.exists(mark) else 0


def oldest_python():
    """A Python 3.9, the oldest that hooks and prepare.py run on; None where this machine has none that starts."""
    versions = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    found = [*glob.glob(f"{versions}/versions/3.9.*/bin/python3.9"), shutil.which("python3.9")]
    return next((path for path in found if path and _starts(path)), None)


def _starts(python):
    return subprocess.run([python, "-I", "-c", ""], check=False, capture_output=True).returncode == 0
