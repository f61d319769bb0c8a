"""Whether any input makes `validate` fail: 100,000 task files that were damaged or made up.

Each is checked as the command checks a file and must end with exit code 0 or 1: no traceback, no signal, no more than
20 seconds. A quarter each: random bytes and damaged files, random YAML, lines of real task files in another order,
and random structures.

How: as many processes as there are cores, each of which is fed many inputs; an input is made from the seed and its
number alone, so that `--only NUMBER` makes it again. Ends with 1 where one failed, and says which.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import glob
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from typing import TYPE_CHECKING

import sides
import yaml

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

import hostile
from parallel_dispatch import cli

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE_SECONDS = 20
ALPHABET = "ab:-[]{}\"'#&*!|>%@\\?,.<~0123 \n\n\t\r\x85\u2028日"
WORDS = ("a", "b", "A.md", "../x", "stop", "", " ", "~", "no", "12:30", "x" * 70, "src/**", "{{ item }}", "90s")


def task_files(pattern: str) -> list[bytes]:
    """The task files of this project that damage begins with."""
    found = []
    for path in sorted(glob.glob(os.path.join(sides.ROOT, pattern))):
        with open(path, "rb") as file:
            found.append(file.read())
    return found


def keys() -> list[str]:
    """Every key that the schema knows."""
    found: dict[str, None] = {}

    def visit(node: object) -> None:
        if isinstance(node, dict):
            found.update(dict.fromkeys(node.get("properties", ())))
            for inner in node.values():
                visit(inner)

    with open(os.path.join(sides.ROOT, "schema", "task-file.schema.json"), encoding="utf-8") as file:
        visit(json.load(file))
    return list(found)


class Maker:
    """Inputs by number."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.fine = task_files("examples/*.yaml") + task_files("tests/golden/problems/fine-*.yaml")
        self.files = [*self.fine, *task_files("tests/golden/problems/*.yaml")]
        self.keys = [*keys(), "x-a", "promt"]

    def make(self, number: int) -> bytes:
        """The input of a number; always the same for a seed."""
        chance = random.Random(f"{self.seed}/{number}")  # noqa: S311 - nothing secret
        return (self._bytes, self._text, self._lines, self._structure)[number % 4](chance)

    def _bytes(self, chance: random.Random) -> bytes:
        if chance.random() < 0.1:
            return chance.randbytes(chance.randrange(200))
        data = chance.choice(chance.choice((self.fine, self.files)))
        for _ in range(chance.randint(1, chance.randint(1, 6))):
            at = chance.randrange(len(data) + 1)
            put = chance.choice(hostile.SNIPPETS) if chance.random() < 0.8 else chance.randbytes(chance.randrange(4))
            data = data[:at] + put + data[at + chance.randrange(9) :]
        return data

    def _text(self, chance: random.Random) -> bytes:
        return "".join(chance.choices(ALPHABET, k=chance.randrange(120))).encode()

    def _lines(self, chance: random.Random) -> bytes:
        lines = b"".join(chance.sample(self.files, 2)).splitlines(keepends=True)
        picked = [chance.choice(lines) if chance.random() < 0.2 else line for line in lines if chance.random() < 0.9]
        at = chance.randrange(len(picked) + 1)
        return b"".join([*picked[at:], *picked[:at]] if chance.random() < 0.3 else picked)

    def _structure(self, chance: random.Random) -> bytes:
        value: object = self._value(chance, 5)
        if chance.random() < 0.7:
            tasks = [{"id": chance.choice("abcd"), "prompt": "x", **self._mapping(chance, 3)} for _ in range(3)]
            value = {"name": "n", "tasks": tasks, **self._mapping(chance, 3)}
        if chance.random() < 0.5:
            return json.dumps(value).encode()
        return str(yaml.safe_dump(value, allow_unicode=True, sort_keys=False)).encode()

    def _mapping(self, chance: random.Random, depth: int) -> dict[str, object]:
        return {chance.choice(self.keys): self._value(chance, depth) for _ in range(chance.randrange(5))}

    def _value(self, chance: random.Random, depth: int) -> object:
        kind = chance.randrange(8 if depth else 6)
        if kind < 3:
            return chance.choice(WORDS)
        if kind < 6:
            return chance.choice((None, True, False, 0, 1, -1, 10**30, 1.5, float("inf"), float("nan"), 120_000))
        if kind == 6:
            return [self._value(chance, depth - 1) for _ in range(chance.randrange(5))]
        return self._mapping(chance, depth - 1)


def outcome(path: str) -> str:
    """How the command ends for a file: its exit code, or the traceback."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            return str(cli.main(["validate", path]))
        except BaseException:  # noqa: BLE001 - whatever it is, it is what we look for
            return traceback.format_exc()


def work(maker: Maker, numbers: Sequence[int], deadline: float, path: str) -> int:
    """Judges inputs; the parent reads in `path`.now which one is under way. Prints what came out."""
    counts: collections.Counter[str] = collections.Counter()
    now = os.open(f"{path}.now", os.O_WRONLY | os.O_CREAT, 0o600)
    for number in numbers:
        if time.monotonic() > deadline:
            break
        os.pwrite(now, f"{number:10}".encode(), 0)
        with open(path, "wb") as file:
            file.write(maker.make(number))
        signal.alarm(PATIENCE_SECONDS)
        result = outcome(path)
        signal.alarm(0)
        counts[result if result in {"0", "1"} else "failed"] += 1
        if result not in {"0", "1"}:
            print(f"input {number} (seed {maker.seed}) ended with {result}")
    print(json.dumps(counts))
    return int(counts["failed"] > 0)


def main() -> int:
    """The inputs, shared out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, metavar="N", help="default 100,000")
    parser.add_argument("--seconds", type=float, default=86_400.0, metavar="N", help="stop after so long")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="write this input to standard output")
    parser.add_argument("--worker", nargs=3, metavar=("FIRST", "STEP", "PATH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    maker = Maker(arguments.seed)
    deadline = time.monotonic() + arguments.seconds
    if arguments.only is not None:
        sys.stdout.buffer.write(maker.make(arguments.only))
        return 0
    if arguments.worker:
        first, step, path = arguments.worker
        return work(maker, range(int(first), arguments.inputs, int(step)), deadline, path)
    return share_out(arguments.inputs, arguments.seconds, arguments.seed)


def share_out(inputs: int, seconds: float, seed: int) -> int:
    """Starts the workers and adds up what they found."""
    step = os.cpu_count() or 1
    begun, failed = time.monotonic(), False
    counts: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="pd-fuzz-") as folder:
        paths = [os.path.join(folder, f"input-{first}.yaml") for first in range(step)]
        command = [sys.executable, os.path.abspath(__file__), "--inputs", str(inputs), "--seed", str(seed)]
        command += ["--seconds", str(seconds)]
        workers = [
            subprocess.Popen([*command, "--worker", str(first), str(step), path], stdout=subprocess.PIPE, text=True)
            for first, path in enumerate(paths)
        ]
        for worker, path in zip(workers, paths):
            printed, _ = worker.communicate()
            lines = printed.splitlines()
            if worker.returncode in {0, 1} and lines:
                counts.update(json.loads(lines.pop()))
            else:
                with open(f"{path}.now", encoding="ascii") as file:
                    number = file.read().strip()
                lines.append(f"input {number} (seed {seed}) ended its process with {worker.returncode}")
            print("".join(f"{line}\n" for line in lines), end="")
            failed |= worker.returncode != 0
    total = sum(counts.values())
    print(
        f"{total:,} inputs (seed {seed}) in {time.monotonic() - begun:.0f} s: {counts['0']:,} ended with 0, "
        f"{counts['1']:,} with 1, {'some' if failed else 'none'} otherwise."
    )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
