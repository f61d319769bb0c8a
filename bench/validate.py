"""What `validate` takes, beside a bare load of the same file by libyaml.

Measured: whole processes, from spawn to exit, and their peak memory. Large: a file of 10,000 tasks, against
`yaml.load` with the C loader, which gives no positions and judges nothing. Small: a file of 100 tasks, against a
Python that only imports the libraries that we import. Hostile: files of less than a megabyte that were made to take
long; the dearest ten of them. All sides take turns; medians.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass

import sides

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

import hostile

LARGE, SMALL = 10_000, 100
LIMIT_LARGE, LIMIT_SMALL, LIMIT_SECONDS, LIMIT_MB = 0.6, 1.6, 2.0, 200
PROGRAM = os.path.join(sides.ROOT, "scripts", "parallel_dispatch", "__main__.py")
LOAD = "import sys, yaml; yaml.load(open(sys.argv[1]), Loader=yaml.CSafeLoader)"
IMPORT = "import yaml, jsonschema"


def task_file(count: int) -> str:
    """An ordinary task file: five keys a task, each with one dependency."""
    rows = [
        f"  - id: task-{number:05}\n"
        "    agent: security-architect\n"
        f'    prompt: "Review module {number} of src for injection, authentication and secrets."\n'
        f"    output: reviews/{number:05}.md\n"
        f"    dependencies: [{f'task-{number - 7:05}' if number >= 7 else ''}]\n"
        for number in range(count)
    ]
    return f"name: many\ndescription: Reviews of every module.\ntasks:\n{''.join(rows)}settings:\n  max_parallel: 4\n"


@dataclass(frozen=True)
class Taken:
    """What a process took: seconds from its spawn to its exit and of a processor's time, and megabytes at its peak."""

    wall: float
    cpu: float
    peak: float


def run(command: list[str], codes: tuple[int, ...] = (0,)) -> Taken:
    """One process, whose words nobody reads; it must end with one of the exit codes."""
    actions = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - begun
    if os.waitstatus_to_exitcode(status) not in codes:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Taken(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def medians(taken: list[Taken]) -> Taken:
    """The median of each."""
    return Taken(*(sides.median([getattr(one, name) for one in taken]) for name in ("wall", "cpu", "peak")))


def ours(path: str) -> list[str]:
    """A validation as bin/parallel-dispatch starts it."""
    return [sys.executable, "-I", PROGRAM, "validate", path]


def compare(folder: str, repetitions: int) -> str:
    """The large and the small file."""
    paths = {}
    for count in (LARGE, SMALL):
        paths[count] = os.path.join(folder, f"{count}.yaml")
        with open(paths[count], "w", encoding="utf-8") as file:
            file.write(task_file(count))
    commands = {
        f"yaml.load, {LARGE:,} tasks": [sys.executable, "-I", "-c", LOAD, paths[LARGE]],
        f"validate, {LARGE:,} tasks": ours(paths[LARGE]),
        "import yaml, jsonschema": [sys.executable, "-I", "-c", IMPORT],
        f"validate, {SMALL} tasks": ours(paths[SMALL]),
    }
    taken: dict[str, list[Taken]] = {name: [] for name in commands}
    for number in range(repetitions + 1):
        for name, command in commands.items():
            one = run(command)
            if number:  # a first round warms the caches and is dropped
                taken[name].append(one)
    loader, large, bare, small = (medians(each) for each in taken.values())
    rows = []
    for name, one, other, limit in zip(
        commands, (loader, large, bare, small), (loader, loader, bare, bare), (0.0, LIMIT_LARGE, 0.0, LIMIT_SMALL)
    ):
        ratio, cpu = one.wall / other.wall, one.cpu / other.cpu
        words = sides.verdict(ratio, limit) if limit else ""
        rows.append([name, f"{one.wall:.3f}", f"{ratio:.2f}", f"{one.cpu:.3f}", f"{cpu:.2f}", words, f"{one.peak:.0f}"])
    rows[1].append(sides.verdict(large.peak, loader.peak))
    head = ("process", "s", "ratio", "CPU s", "CPU ratio", "", "peak, MB", "")
    return sides.table(head, [[*row, ""][: len(head)] for row in rows])


def attack(folder: str) -> str:
    """The dearest of the hostile files, each validated once."""
    path, found = os.path.join(folder, "hostile.yaml"), {}
    for name, make in hostile.MAKERS.items():
        with open(path, "wb") as file:
            file.write(make())
        found[name] = run(ours(path), (0, 1))
    dearest = sorted(found.items(), key=lambda item: -item[1].cpu)[:10]
    rows = [[name, f"{one.wall:.2f}", f"{one.cpu:.2f}", f"{one.peak:.0f}"] for name, one in dearest]
    most, peak = max(one.wall for one in found.values()), max(one.peak for one in found.values())
    verdicts = [sides.verdict(most, LIMIT_SECONDS), "", sides.verdict(peak, LIMIT_MB)]
    rows.append([f"the most of {len(found)}", f"{most:.2f}", "", f"{peak:.0f}"])
    rows.append(["", *verdicts])
    return sides.table(("hostile file", "s", "CPU s", "peak, MB"), rows)


def main() -> None:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=11, metavar="N", help="of every process (default 11)")
    arguments = parser.parse_args()
    busy = os.getloadavg()[1]
    with tempfile.TemporaryDirectory(prefix="pd-bench-") as folder:
        print(compare(folder, arguments.repetitions))
        print(f"\nLimits: ratio {LIMIT_LARGE:g} and {LIMIT_SMALL:g}; peak at most the loader's.\n")
        print(attack(folder))
    print(f"\nLimits: {LIMIT_SECONDS:g} s and {LIMIT_MB} MB.", end=" ")
    print(f"Load average {busy:.1f} before, {os.getloadavg()[1]:.1f} after, on {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
