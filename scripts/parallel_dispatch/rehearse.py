"""A rehearsal: the task file in the real host, with this plugin, against a scripted model on loopback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
import uuid
from typing import TYPE_CHECKING

from . import dispatch, planner, run, runs, telling
from .active import ActiveRun
from .copyist import Copyist
from .ending import signals_interrupt
from .host import copy_plugin, environment, find_host, make_home, print_command
from .owners import deactivate
from .refusal import Refusal
from .scripted_model import ModelServer
from .visible import visible

if TYPE_CHECKING:
    from .options import Options
    from .tasks import TaskFile

LIMIT_SECONDS = 3600


def at_speed(task_file: TaskFile, speed: float) -> Copyist:
    """A model whose agents work as long as their tasks are estimated to take, so many times as fast.

    A task without an estimate takes the mean of the others'. `Refusal` where no task has one.
    """
    found = planner.durations(task_file.tasks)
    if not any(source for _, source in found.values()):
        raise Refusal("no task of this file has an estimated_duration; add some, or use --seconds")
    return Copyist(by_task={task: seconds / speed for task, (seconds, _) in found.items()})


def rehearse(file: str, options: Options, project: str, host_version: str | None, script: Copyist) -> int:
    """A rehearsal of a task file, its progress and its report's path printed; 0 where every task succeeded."""
    program = find_host(host_version)
    session = str(uuid.uuid4())
    prompt = f"/parallel-dispatch {shlex.quote(os.path.abspath(file))} {_flags(options)}".rstrip()
    with tempfile.TemporaryDirectory(prefix="parallel-dispatch-") as folder, ModelServer(script) as model:
        home = os.path.join(folder, "home")
        make_home(home, project, os.path.expanduser("~"))
        plugin = copy_plugin(os.path.join(folder, "parallel-dispatch"))
        log = os.path.join(folder, "host.log")
        with open(log, "wb") as out:
            process = subprocess.Popen(
                print_command(program, plugin, prompt, "--permission-mode", "default", "--session-id", session),
                cwd=project,
                env={**environment(home, model.url), planner.REHEARSAL: "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            try:
                with signals_interrupt():
                    _follow(process, project, session)
            finally:
                process.kill()
                process.wait()
                found = _end(project, session)
        if found is None:
            raise Refusal(f"the host started no run: {_tail(log)}")
    for line in dispatch.summary(found.state()).split("\n"):
        print(visible(line))
    print(f"Report: {found.folder.report}")
    return telling.exit_code(found)


def _end(project: str, session: str) -> ActiveRun | None:
    """The run that the rehearsal leaves. Without its scripted model nobody can go on with it, so it ends here."""
    found = _run_of(project, session)
    if found and not found.state().ended:
        run.cancel(found, "the rehearsal was interrupted")
        print(f"Run {found.plan.run} was interrupted. Report: {found.folder.report}", flush=True)
    deactivate(project, session)
    return found


def _flags(options: Options) -> str:
    given = {
        "--max-parallel": options.max_parallel,
        "--timeout": options.timeout,
        "--output": options.output,
        "--on-failure": options.on_failure,
        "--dispatch": options.dispatch,
        "--optimize": options.optimize,
    }
    return " ".join(f"{flag} {shlex.quote(str(value))}" for flag, value in given.items() if value is not None)


def _follow(process: subprocess.Popen[bytes], project: str, session: str) -> None:
    """The events of a session's run, printed as they come, until the host ends."""
    end = time.monotonic() + LIMIT_SECONDS
    found: ActiveRun | None = None
    told = 0
    while True:
        ended = process.poll() is not None
        if found is None:
            found = _run_of(project, session)
            if found:
                print(f"Run: {found.folder.path}", flush=True)
        if found:
            told = _tell(found, told)
        if ended or time.monotonic() > end:
            return
        time.sleep(0.05)


def _run_of(project: str, session: str) -> ActiveRun | None:
    for folder in reversed(runs.all_runs(project)):
        candidate = ActiveRun(folder.path)
        try:
            if candidate.ledger.read()[0].get("session") == session:
                return candidate
        except Refusal:
            continue
    return None


def _tell(found: ActiveRun, told: int) -> int:
    events = found.ledger.read()
    state = found.state()
    for event in events[max(told, 1) :]:
        task, kind = event.get("task"), event.get("event")
        if kind == "claimed" and str(event.get("call")) in state.calls:
            print(f"  {task}: dispatched", flush=True)
        elif kind == "sent-back":
            print(visible(f"  {task}: sent back, {event.get('reason')}"), flush=True)
        elif kind == "spread":
            items = event.get("items")
            print(f"  {task}: {len(items) if isinstance(items, list) else 0} tasks", flush=True)
        elif kind == "unspread":
            print(visible(f"  {task}: failed: {event.get('reason')}"), flush=True)
        elif kind == "closed":
            reason = f": {event.get('reason')}" if event.get("reason") else ""
            print(visible(f"  {task}: {event.get('outcome')}{reason}"), flush=True)
    return len(events)


def _tail(log: str) -> str:
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = file.read().strip().splitlines()
    sys.stderr.write("\n".join(line[:1000] for line in lines[-5:]) + "\n")
    return "its last words are above" if lines else "it said nothing"
