"""Every benchmark, one after another, each under the command that prints it; ends with 1 where one could not run."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = (
    "growth",
    "start",
    "hooks",
    "launcher",
    "looking",
    "validate",
    "planning",
    "makespan",
    "ledger",
    "reporting",
    "watching",
)


def main() -> int:
    """The measurements."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    codes = []
    for name in NAMES:
        print(f"## python bench/{name}.py\n", flush=True)
        codes.append(subprocess.run([sys.executable, os.path.join(HERE, f"{name}.py")], check=False).returncode)
        print(flush=True)
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
