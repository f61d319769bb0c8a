"""What `status --watch` costs and how late it is, beside 20 agents in the real host that call a tool every 2 s.

Lag: from an attempt's end in the ledger, and from the scripted model's answer that calls a tool (with all that the host
does before the call stands in the transcript), to the moment at which the terminal is told. Cost: processor time of the
whole process, its start included, of the time that it ran; and what it writes.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from dataclasses import dataclass, field

import sides
from parallel_dispatch.copyist import Copyist, Job
from parallel_dispatch.places import cache_folder
from parallel_dispatch.runs import all_runs, choose
from parallel_dispatch.scripted_model import Call, Reply, Request

AGENTS, AT_ONCE, READS, PACE = 20, 16, 6, 2.0
WINDOW = (140, 40)
LIMIT_LAG, LIMIT_SHARE = 1.0, 0.02


@dataclass
class Readers(Copyist):
    """Agents that read one file after another before they write; `called` says when each call was sent."""

    called: dict[str, float] = field(default_factory=dict)

    def work(self, job: Job, request: Request) -> Reply:
        """The next file; the output after the last."""
        turn = sum(1 for message in request.messages if message.get("role") == "assistant")
        if turn >= READS:
            return super().work(job, request)
        name = f"{job.task}-{turn}.txt"
        self.called[name] = time.time() + PACE
        return Reply(calls=[Call("Read", {"file_path": os.path.join(os.getcwd(), "src", name)})], delay=PACE)


class Watcher:
    """The command in a terminal of its own; everything that it writes, with the time."""

    def __init__(self, project: str) -> None:
        self.written: list[tuple[float, bytes]] = []
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", WINDOW[1], WINDOW[0], 0, 0))
        variables = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "HOME": project, "LANG": "C.UTF-8"}
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [os.path.join(sides.ROOT, "bin", "parallel-dispatch"), "status", "--watch"],
            cwd=project,
            env={**variables, "PARALLEL_DISPATCH_CACHE": cache_folder()},
            stdin=its,
            stdout=its,
            stderr=its,
            start_new_session=True,
        )
        os.close(its)
        self._thread = threading.Thread(target=self._read, args=(ours,))
        self._thread.start()

    def _read(self, ours: int) -> None:
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # its side is closed
                break
            self.written.append((time.time(), data))
        os.close(ours)

    def end(self) -> tuple[int, float, float]:
        """Its exit code, the seconds that it ran, and those of a processor."""
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self._thread.join()
        return self.process.returncode, time.monotonic() - self.begun, used.ru_utime + used.ru_stime

    def first(self, pattern: str) -> float | None:
        """When something was first written."""
        wanted = re.compile(pattern.encode())
        return next((at for at, data in self.written if wanted.search(data)), None)


def measure(version: str) -> list[str]:
    """A line of the table."""
    with sides.stages([version]) as ((stage, _),):
        tasks = [{"id": f"part-{n:02d}", "prompt": "Read and write."} for n in range(AGENTS)]
        settings = {"max_parallel": AT_ONCE, "output_dir": "out", "timeout_per_task": "10m"}
        stage.write("tasks.yaml", json.dumps({"name": "watching", "tasks": tasks, "settings": settings}))
        os.mkdir(os.path.join(stage.project, "src"))
        for task in tasks:
            for number in range(READS):
                stage.write(f"src/{task['id']}-{number}.txt", "One line.\n")
        os.chdir(stage.project)
        script = Readers()
        talk = threading.Thread(target=stage.talk, args=(script, "/parallel-dispatch tasks.yaml"))
        talk.start()
        while not all_runs(stage.project):
            time.sleep(0.01)
        watcher = Watcher(stage.project)
        code, wall, cpu = watcher.end()
        talk.join()
        os.chdir(sides.ROOT)
        if code:
            raise SystemExit(f"{version}: the watcher ended with exit code {code}: {watcher.written[-1]!r}")
        state = choose(stage.project, None).state()
        ends = [
            (attempt.ended or 0.0, watcher.first(rf"{attempt.task} [^\x1b]*\bdone")) for attempt in state.calls.values()
        ]
        calls = [(at, watcher.first(re.escape(name))) for name, at in script.called.items()]
    lags = [[seen - at for at, seen in pairs if seen is not None] for pairs in (ends, calls)]
    if len(lags[0]) != AGENTS or len(lags[1]) < 0.95 * AGENTS * READS:
        raise SystemExit(f"{version}: {len(lags[0])} ends and {len(lags[1])} calls were shown")
    frames, size = len(watcher.written), sum(len(data) for _, data in watcher.written)
    kept = max(sides.verdict(max(lags[0]), LIMIT_LAG), sides.verdict(cpu / wall, LIMIT_SHARE))
    cells = [f"{number:.2f}" for lag in lags for number in (sides.median(lag), max(lag))]
    return [version, f"{100 * cpu / wall:.2f} %", *cells, f"{frames / wall:.1f}", f"{size / wall / 1000:.1f}", kept]


def main() -> int:
    """0 where every limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", action="append", metavar="VERSION", help=f"default: {' and '.join(sides.VERSIONS)}")
    rows = [measure(version) for version in parser.parse_args().host or sides.VERSIONS]
    head = ["20 agents", "processor", "end to window, s", "most, s", "call to window, s", "most, s", "writes a s"]
    print(sides.table([*head, "kB a s", ""], rows))
    print(f"\nLimits: {LIMIT_LAG:g} s from an end to the window, {100 * LIMIT_SHARE:g} % of a core.")
    return int(any(row[-1] == "missed" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
