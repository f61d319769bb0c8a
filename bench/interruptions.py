"""Whether a run survives `kill -9` of its host at any moment.

Each moment: a run of 6 tasks in 2 waves, whose agents take 0.3 to 1 s, in a headless conversation with the real host
against a scripted model; the host is killed at random between 0.5 s and the time that an uncut run takes. Then the run
is resumed until it ends, in turns by `/parallel-dispatch resume` in a new conversation, and by going on with the old
one (`--resume`, "go on"). Dispatch (background, foreground) and versions take turns, too.

Checked: every task succeeded, each output is there, what had succeeded before the kill was not tried again, no line of
the ledger is lost or torn, no conversation still drives the run. Ends with 1 where a check fails. The moments follow
from the seed; how far a run has come by then does not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

import sides
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.copyist import Copyist, Job
from parallel_dispatch.host import environment, print_command
from parallel_dispatch.owners import conversations, drives
from parallel_dispatch.places import read_text
from parallel_dispatch.runs import all_runs
from parallel_dispatch.scripted_model import ModelServer, Reply, Request

TASKS: dict[str, list[str]] = {"a": [], "b": [], "c": [], "d": [], "left": ["a", "b"], "right": ["c", "d"]}
SHORTEST, LONGEST = 0.3, 1.0
EARLIEST = 0.5
MAX_RESUMPTIONS = 3
LINGERING_SECONDS = 0.5
"""How long hooks of a killed host may go on."""
REPORT_SECONDS = 10.0
"""How long one of them that noted the end may take to write the report."""


@dataclass
class Unequal(Copyist):
    """A model whose agents take times of their own."""

    times: dict[str, float] = field(default_factory=dict)

    def work(self, job: Job, request: Request) -> Reply:
        """The work; the first answer after the task's time."""
        reply = super().work(job, request)
        first = not any(message.get("role") == "assistant" for message in request.messages)
        return Reply(reply.text, reply.calls, delay=self.times[job.task] if first else 0)


@dataclass(frozen=True)
class Talked:
    """A conversation that ended or was killed: how long it took, whether it was killed, what it printed."""

    seconds: float
    killed: bool
    printed: str


@dataclass
class Moment:
    """One interruption: where and when, and what came of it."""

    version: str
    dispatch: str
    by_command: bool
    times: dict[str, float]
    share: float = 0.0
    killed_at: float = 0.0
    killed: bool = False
    succeeded: int = 0
    open: int = 0
    resumed: list[str] = field(default_factory=list)
    again: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def is_cut(self) -> bool:
        """Whether the host was killed while a run was under way."""
        return self.killed and bool(self.resumed) and self.resumed[0] != "typed again"

    @property
    def cells(self) -> list[str]:
        """A line of the table."""
        return [
            f"{self.version}, {self.dispatch}",
            f"{self.killed_at:.2f} s" if self.killed else "not: it had ended",
            f"{self.succeeded} + {self.open}",
            ", ".join(self.resumed) or "-",
            str(self.again),
            f"{self.seconds:.1f} s",
            "; ".join(self.wrong) or "kept",
        ]


def talk(stage: sides.Stage, script: Copyist, prompt: str, *arguments: str, until: float | None = None) -> Talked:
    """One headless conversation, killed after `until` seconds."""
    command = print_command(stage.program, stage.plugin, prompt, "--permission-mode", "default", *arguments)
    begun = time.monotonic()
    with ModelServer(script) as model, tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            command,
            cwd=stage.project,
            env=environment(stage.home, model.url),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        killed = False
        try:
            process.wait(timeout=sides.PATIENCE_SECONDS if until is None else until)
        except subprocess.TimeoutExpired:
            killed = True
        finally:
            process.kill()
            process.wait()
        out.seek(0)
        return Talked(time.monotonic() - begun, killed, out.read())


def task_file() -> str:
    """The task file; JSON is YAML."""
    tasks = [{"id": task, "prompt": "x", "dependencies": needs} for task, needs in TASKS.items()]
    return json.dumps({"name": "cut", "tasks": tasks, "settings": {"output_dir": "out"}})


def whole(stage: sides.Stage, moment: Moment) -> float:
    """How many seconds a run takes that nobody cuts off."""
    stage.write("tasks.yaml", task_file())
    command = f"/parallel-dispatch tasks.yaml --dispatch {moment.dispatch}"
    return talk(stage, Unequal(times=moment.times), command).seconds


def interrupt(stage: sides.Stage, moment: Moment, uncut: float) -> None:
    """One moment: a run cut off, taken up again, and looked at."""
    stage.write("tasks.yaml", task_file())
    script = Unequal(times=moment.times)
    session = str(uuid.uuid4())
    until = EARLIEST + moment.share * max(0.0, uncut - EARLIEST)
    command = f"/parallel-dispatch tasks.yaml --dispatch {moment.dispatch}"
    cut = talk(stage, script, command, "--session-id", session, until=until)
    moment.killed_at, moment.killed = cut.seconds, cut.killed
    time.sleep(LINGERING_SECONDS)
    folders = all_runs(stage.project)
    if not folders:  # killed before the command had started anything; it is typed again
        moment.resumed.append("typed again")
        talk(stage, script, command)
        folders = all_runs(stage.project)
    run = ActiveRun(folders[0].path)
    before = run.ledger.read()
    state = run.state()
    done = {task: len(state.attempts[task]) for task, (outcome, _) in state.settled.items() if outcome == "success"}
    moment.succeeded, moment.open = len(done), len(state.open)
    begun = time.monotonic()
    printed = _resume(stage, moment, session, run, script)
    moment.seconds = time.monotonic() - begun
    _wait_for_report(run)
    moment.again = sum(max(0, len(tries) - 1) for tries in run.state().attempts.values())
    moment.wrong = list(_problems(stage, run, before, done, session if moment.by_command else ""))
    if moment.wrong:
        moment.wrong.append(f"see {stage.project}")
        with open(os.path.join(stage.project, "printed.jsonl"), "w", encoding="utf-8") as file:
            file.write(cut.printed + printed)


def _resume(stage: sides.Stage, moment: Moment, session: str, run: ActiveRun, script: Copyist) -> str:
    """The run taken up until it has ended, three times at most; what the hosts printed."""
    printed = ""
    by_command = moment.by_command
    while not run.state().ended and len(moment.resumed) < MAX_RESUMPTIONS:
        moment.resumed.append("command" if by_command else "go on")
        if by_command:
            printed += talk(stage, script, "/parallel-dispatch resume").printed
        else:
            printed += talk(stage, script, "go on", "--resume", session).printed
            by_command = "No conversation found" in printed  # killed before the host had written anything down
    return printed


def _wait_for_report(run: ActiveRun) -> None:
    """A hook that outlives its host writes the report right after the end that it noted."""
    end = time.monotonic() + REPORT_SECONDS
    while run.state().ended and not os.path.exists(run.folder.report) and time.monotonic() < end:
        time.sleep(0.05)


def _problems(
    stage: sides.Stage, run: ActiveRun, before: list[dict[str, object]], done: dict[str, int], killed: str
) -> list[str]:
    """What is not as it should be."""
    state, events = run.state(), run.ledger.read()
    tries = {task: len(found) for task, found in state.attempts.items()}
    wins = Counter(attempt.task for attempt in state.calls.values() if attempt.outcome == "success")
    lost = [task for task, (outcome, _) in state.outcomes().items() if outcome != "success"]
    missing = [
        task for task in TASKS if f"# {task}\n" not in read_text(os.path.join(stage.project, "out", f"{task}.md"))
    ]
    torn = read_text(run.folder.ledger).count("\n") - len(events)
    sessions = [one.session for one in conversations(stage.project) if one.session != killed]
    driving = [session for session in sessions if drives(run.folder, session)]
    found = {
        f"not ended: {state.paused or 'open'}": not state.ended,
        f"no success: {', '.join(lost)}": lost,
        f"no output: {', '.join(missing)}": missing,
        f"tried again: {', '.join(task for task in done if tries[task] != done[task])}": done
        != {task: tries[task] for task in done},
        f"succeeded twice: {', '.join(task for task in wins if wins[task] > 1)}": max(wins.values(), default=0) > 1,
        "ledger changed": events[: len(before)] != before,
        f"{torn} torn lines": torn,
        "no report": "- **Succeeded**: 6" not in read_text(run.folder.report),
        "two runs": len(all_runs(stage.project)) > 1,
        f"still driven by {', '.join(driving)}": driving,
    }
    return [problem for problem, is_so in found.items() if is_so]


def moments(number: int, seed: int, versions: list[str]) -> list[Moment]:
    """The moments that follow from a seed: background and foreground, versions, and ways of resuming in turns."""
    dice = random.Random(seed)  # noqa: S311 - repeatable is what it must be
    return [
        Moment(
            version=versions[n % len(versions)],
            dispatch=("background", "foreground")[n // len(versions) % 2],
            by_command=n // (2 * len(versions)) % 2 == 0,
            times={task: dice.uniform(SHORTEST, LONGEST) for task in TASKS},
        )
        for n in range(number)
    ]


def main() -> int:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=20, metavar="N", help="how often a host is killed (default 20)")
    parser.add_argument("--seed", type=int, default=None, metavar="N", help="default: another one every time")
    parser.add_argument("--host", action="append", metavar="VERSION", help=f"default: {' and '.join(sides.VERSIONS)}")
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    found = moments(arguments.moments, seed, arguments.host or list(sides.VERSIONS))
    folder = tempfile.mkdtemp(prefix="pd-bench-")
    uncut: dict[tuple[str, str], float] = {}
    draw, tries = random.Random(seed + 1), 0  # noqa: S311 - as above
    for number, moment in enumerate(found, 1):
        kind = moment.version, moment.dispatch
        if kind not in uncut:
            uncut[kind] = whole(
                sides.Stage(os.path.join(folder, "-".join(kind)), moment.version, has_plugin=True), moment
            )
        while not (moment.is_cut or moment.wrong):  # a moment before the run or after its end cuts nothing: once more
            moment.share, moment.killed, moment.resumed, tries = draw.random(), False, [], tries + 1
            stage = sides.Stage(os.path.join(folder, f"{number}-{tries}"), moment.version, has_plugin=True)
            interrupt(stage, moment, uncut[kind])
        print(f"{number}: {' | '.join(moment.cells)}", file=sys.stderr, flush=True)
    head = ("Claude Code, dispatch", "killed at", "done + at work", "resumed by", "tries more", "took", "")
    print(sides.table(head, [moment.cells for moment in found]))
    kept = sum(not moment.wrong for moment in found)
    print(f"\nSeed {seed}: {kept} of {len(found)} runs ended with every task done and nothing lost or done twice.")
    if kept == len(found):
        shutil.rmtree(folder)
    return int(kept < len(found))


if __name__ == "__main__":
    sys.exit(main())
