"""The entry point that bin/parallel-dispatch starts with `python -I`, which puts nothing of ours in reach by itself."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

SCRIPTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
HEALED = "PARALLEL_DISPATCH_HEALED"
OLDEST = (3, 10)


def main() -> int:
    """The exit code of the command; where the interpreter is too old or lacks a package, that of one that does not."""
    gc.set_threshold(100_000)  # what is imported and read is kept; by default it is searched for garbage 20 times
    sys.path.insert(0, SCRIPTS)
    healed = os.environ.pop(HEALED, None)
    if healed or sys.version_info >= OLDEST:
        try:
            from parallel_dispatch import cli

            return cli.main(sys.argv[1:])
        except ModuleNotFoundError as missing:
            if healed or (missing.name or "").startswith("parallel_dispatch"):
                raise
    python = prepared()
    if python:
        again = [python, "-I", os.path.realpath(__file__), *sys.argv[1:]]
        os.execve(python, again, {**os.environ, HEALED: "1"})
    return 3


def prepared() -> str:
    """The interpreter that prepare.py prints; nothing where it refused, which it said itself."""
    import subprocess

    prepare = [sys.executable, "-I", os.path.join(SCRIPTS, "prepare.py")]
    done = subprocess.run(prepare, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return os.fsdecode(done.stdout.rstrip(b"\n"))


def leave(code: int) -> NoReturn:
    """The end of the process, at once: to take apart what it holds is a tenth of the time that a large file takes."""
    for stream in (sys.stdout, sys.stderr):
        if stream:
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
