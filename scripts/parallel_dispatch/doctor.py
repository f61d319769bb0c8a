"""What the product needs on this machine, checked one by one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from .agents import roster
from .neighbours import NOTE, OK, WRONG, Finding, look_around
from .places import ROOT, cache_folder
from .resolving import resolved
from .visible import visible

if TYPE_CHECKING:
    from .tasks import TaskFile

PACKAGES = ("PyYAML", "jsonschema", "Jinja2")
FOREGROUND = (
    "agents that hang are stopped in the background; in the foreground one that calls no tool holds up its batch until "
    "you interrupt it, so `dispatch: auto` keeps to the background wherever the host waits long enough"
)
KNOWN_HOST = (2, 1, 197)
"""The oldest host that the product was tried on."""


def examine(project: str, task_file: TaskFile | None = None) -> int:
    """Every check printed with what it found; 0 where nothing is wrong, else 1. Of a task file, who does its tasks."""
    checks = (
        _interpreter,
        _packages,
        _cache,
        _hooks,
        _host,
        lambda: look_around(project),
        lambda: _runs(project),
        lambda: _agents(project, task_file) if task_file else [],
    )
    wrong = notes = 0
    for check in checks:
        for mark, text in check():
            wrong += mark == WRONG
            notes += mark == NOTE
            print(f"{mark:5}  {text}")
    print(f"{wrong} to mend" if wrong else "Nothing to mend, but read the notes." if notes else "Nothing to mend.")
    return int(wrong > 0)


def _mark(fine: bool) -> str:
    return OK if fine else WRONG


def _interpreter() -> list[Finding]:
    fine = sys.version_info >= (3, 10)
    return [
        (
            _mark(fine),
            f"Python {sys.version.split()[0]} at {sys.executable}{'' if fine else '; 3.10 or newer is needed'}",
        )
    ]


def _packages() -> list[Finding]:
    return [_package(name) for name in PACKAGES]


def _package(name: str) -> Finding:
    try:
        return OK, f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return WRONG, f"{name} is missing; run `parallel-dispatch prepare`"


def _cache() -> list[Finding]:
    folder = cache_folder()
    fine = os.access(folder, os.W_OK) if os.path.isdir(folder) else True
    return [
        (
            _mark(fine),
            f"cache {folder}{'' if fine else ' cannot be written; set PARALLEL_DISPATCH_CACHE to another folder'}",
        )
    ]


def _hooks() -> list[Finding]:
    missing = [
        name
        for name in ("hooks/hooks.json", "hooks/guard", "hooks/command", "bin/parallel-dispatch")
        if not os.access(os.path.join(ROOT, name), os.R_OK if name.endswith("json") else os.X_OK)
    ]
    if missing:
        return [(WRONG, f"{', '.join(missing)} in {ROOT} missing or not executable; install the plugin again")]
    return [(OK, f"hooks of {ROOT}")]


def _host() -> list[Finding]:
    program = shutil.which("claude")
    if not program:
        npm = (
            "npm, which can fetch one: rehearse with --host VERSION"
            if shutil.which("npm")
            else "no npm to fetch one with"
        )
        return [(OK, f"no `claude` on PATH; {npm}")]
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return [(WRONG, f"{program} does not start")]
    words = done.stdout.split()
    version = words[0] if words else ""
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    fine = numbers >= KNOWN_HOST
    tried = ".".join(map(str, KNOWN_HOST))
    return [
        (
            _mark(fine),
            f"Claude Code {version or 'of unknown version'}{'' if fine else f'; tried with {tried} and newer'}",
        ),
        (OK, FOREGROUND),
    ]


def _runs(project: str) -> list[Finding]:
    folder = os.path.join(project, ".parallel-dispatch")
    fine = os.access(folder if os.path.isdir(folder) else project, os.W_OK)
    return [(_mark(fine), f"runs go to {folder}{'' if fine else ', which cannot be written'}")]


def _agents(project: str, task_file: TaskFile) -> list[Finding]:
    """What each name of an agent in a task file becomes, and why."""
    there = roster(project, os.path.expanduser("~"))
    found = []
    for agent in dict.fromkeys(task.agent for task in task_file.tasks):
        role = task_file.role(agent)
        becomes = resolved(role, there)
        of = f" (role {role})" if role != agent else ""
        title = f' with the title "{becomes.title}"' if becomes.title else ""
        can_write = there.names.get(becomes.subagent_type, True)
        more = "" if can_write else "; it has no Write tool, so it cannot write an output"
        text = f"agent {agent}{of} becomes {becomes.subagent_type}{title}: {becomes.why}{more}"
        found.append((OK if can_write else NOTE, visible(text)))
    return found
