"""What looking at a project costs a run, at its start and at its end: by git, and without it.

Measured: milliseconds for the look at the start, and for what is compared at the end after 20 files were changed; the
median, in projects of so many files with 200 in a folder. `git status` stands beside it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import sides
from parallel_dispatch import tree

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_MS = 1_000.0
IN_A_FOLDER = 200
CHANGED = 20
STATUS = ("git", "status", "--porcelain", "-z", "--untracked-files=all")


def project(folder: str, files: int) -> None:
    """Files in folders."""
    for number in range(files):
        path = os.path.join(folder, f"folder-{number // IN_A_FOLDER}", f"file-{number}.txt")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{number}\n")


def commit(folder: str) -> None:
    """All files in a first commit."""
    who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "gc.auto=0")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *command], cwd=folder, check=True)


def change(folder: str) -> None:
    """Some files written anew."""
    for number in range(CHANGED):
        with open(os.path.join(folder, "folder-0", f"file-{number}.txt"), "a", encoding="utf-8") as file:
            file.write("changed\n")


def milliseconds(work: Callable[[], object], repetitions: int) -> float:
    """The median time that something takes."""
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def row(folder: str, files: int, repetitions: int, *, by_git: bool) -> list[str]:
    """The figures of one project."""
    before = tree.look(folder)
    if before.why:
        sys.exit(before.why)
    begin = milliseconds(lambda: tree.look(folder), repetitions)
    change(folder)
    if len(tree.changes(folder, before)) != CHANGED:
        sys.exit(f"{folder}: other files changed than were")
    end = milliseconds(lambda: tree.changes(folder, before), repetitions)
    status = f"{milliseconds(lambda: ask(folder), repetitions):.0f}" if by_git else "-"
    judged = sides.verdict(max(begin, end), LIMIT_MS)
    return ["git" if by_git else "folders", f"{files:,}", f"{begin:.0f}", f"{end:.0f}", status, judged]


def ask(folder: str) -> None:
    """What git itself tells of a project."""
    subprocess.run(STATUS, cwd=folder, check=True, capture_output=True)


def main() -> None:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[100, 10_000, 45_000], metavar="N")
    parser.add_argument("--repetitions", type=int, default=7, metavar="N", help="of every look (default 7)")
    arguments = parser.parse_args()
    rows = []
    for files in arguments.files:
        with tempfile.TemporaryDirectory() as folder:
            project(folder, files)
            if files <= tree.MOST_FILES:
                rows.append(row(folder, files, arguments.repetitions, by_git=False))
            commit(folder)
            rows.append(row(folder, files, arguments.repetitions, by_git=True))
    print(sides.table(("by", "files", "start, ms", "end, ms", "git status, ms", ""), rows))
    print(f"\nLimit: {LIMIT_MS:,.0f} ms for each look.")


if __name__ == "__main__":
    main()
