"""What bin/parallel-dispatch adds to a start of the command line.

Measured: milliseconds from the spawn of `bin/parallel-dispatch --help` to its exit, against the interpreter that it
remembers, started directly on the same program. Interleaved; medians.
"""

from __future__ import annotations

import argparse
import os
import sys

import sides
from parallel_dispatch.places import cache_folder

LIMIT_MS = 10.0
LAUNCHER = os.path.join(sides.ROOT, "bin", "parallel-dispatch")
PROGRAM = os.path.join(sides.ROOT, "scripts", "parallel_dispatch", "__main__.py")


def interpreter() -> str:
    """The interpreter that the launcher remembers; without one there is nothing to compare."""
    try:
        with open(os.path.join(cache_folder(), "interpreter"), encoding="utf-8") as file:
            return file.readline().rstrip("\n")
    except OSError:
        sys.exit("no interpreter is remembered yet: run bin/parallel-dispatch prepare first")


def main() -> None:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=40, metavar="N", help="of every process (default 40)")
    arguments = parser.parse_args()
    ours, bare = "bin/parallel-dispatch --help", "python -I __main__.py --help"
    processes = {
        ours: sides.Process((LAUNCHER, "--help")),
        bare: sides.Process((interpreter(), "-I", PROGRAM, "--help")),
    }
    variables = {**os.environ, "PARALLEL_DISPATCH_CACHE": cache_folder()}
    found = sides.interleaved(processes, variables, arguments.repetitions)
    wall, cpu = (found[ours].wall - found[bare].wall), (found[ours].cpu - found[bare].cpu)
    rows = [
        [name, f"{c.wall:.1f}", f"{c.wall / found[bare].wall:.2f}", f"{c.cpu:.1f}", ""] for name, c in found.items()
    ]
    rows.append(["added by the launcher", f"{wall:.1f}", "", f"{cpu:.1f}", sides.verdict(wall, LIMIT_MS)])
    print(sides.table(("start", "ms", "ratio", "CPU ms", ""), rows))
    print(f"\nLimit: {LIMIT_MS:g} ms added.")


if __name__ == "__main__":
    main()
