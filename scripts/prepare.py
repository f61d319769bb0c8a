# ruff: noqa: INP001  this is a script that runs as a file, before any package can be imported
"""The interpreter that parallel-dispatch runs on: found, or made once; its absolute path is printed on stdout.

    prepare.py             the user's own interpreter where it has the packages, else an environment made for it
    prepare.py --dev       an environment for the tests, always its own, with pytest, mypy, ruff and more
    prepare.py --remove    takes away everything that was made

Everything lies in `${PARALLEL_DISPATCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/parallel-dispatch}`: the environment
`env` and the stamp `interpreter`, whose one line bin/parallel-dispatch reads; for tests `env-dev`, `interpreter-dev`.
Exit codes: 0 done; 3 refused, and one sentence on stderr says what to do. Where `PARALLEL_DISPATCH_QUIET` is set
nothing else is said: it is set in hooks, since the host shows the user all that a failed hook said. Standard library
only, Python 3.9 or newer.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST = (3, 10)
NAMES = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10")
PRODUCT = {"yaml": "PyYAML>=6", "jsonschema": "jsonschema>=4.18", "jinja2": "Jinja2>=3.0"}
TOOLS = {
    "pytest": "pytest>=8,<10",
    "xdist": "pytest-xdist>=3,<4",
    "hypothesis": "hypothesis>=6,<7",
    "mypy": "mypy>=2,<3",
    "ruff": "ruff>=0.17,<0.18",
}
ASIDE = "making-"

# These would lead a child to other packages than its own; the rest (proxies, indexes, certificates) passes through.
MISLEADING = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
DISK_FULL = "No space left|quota exceeded"
UNREACHABLE = "No matching distribution|were? not found in|connect|resolution|dns|timed out|failed to fetch|SSL|offline"


class Refusal(Exception):  # noqa: N818  the product's word for it
    """A preparation that cannot go on; the message is one sentence that says what to do."""


class Kind(NamedTuple):
    """A use for an interpreter: its folder and stamp in the cache, and the requirements by module."""

    name: str
    folder: str
    stamp: str
    packages: dict[str, str]
    seconds: int
    """How long making it may take."""


class Interpreter(NamedTuple):
    """An interpreter's own account; `path` is the real one behind a version manager's shim."""

    path: str
    version: list[int]
    ensurepip: bool
    suffices: bool


KINDS = {
    "product": Kind("product", "env", "interpreter", PRODUCT, 240),  # the host ends the hook that waits after 300
    "dev": Kind("dev", "env-dev", "interpreter-dev", {**PRODUCT, **TOOLS}, 900),
}


def cache_folder() -> str:
    """The folder of everything that is made, absolute; bin/parallel-dispatch finds it by the same rule."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.abspath(os.environ.get("PARALLEL_DISPATCH_CACHE") or os.path.join(base, "parallel-dispatch"))


def numbers(version: str) -> list[int]:
    """The first three numbers of a version."""
    return [int(part) for part in re.findall(r"\d+", version)[:3]]


def has(module: str, requirement: str) -> bool:
    """Whether a module loads here, in a version that its requirement `name>=least[,<below]` allows."""
    name, _, bounds = requirement.partition(">=")
    least, _, below = bounds.partition(",<")
    try:
        importlib.import_module(module)
        found = numbers(importlib.metadata.version(name))
    except Exception:  # noqa: BLE001  whatever a broken package raises, it cannot be used
        return False
    return numbers(least) <= found and (not below or found < numbers(below))


def account(kind: Kind) -> Interpreter:
    """The account that the running interpreter gives of itself."""
    suffices = sys.version_info >= OLDEST and all(has(*package) for package in kind.packages.items())
    ensurepip = importlib.util.find_spec("ensurepip") is not None
    return Interpreter(sys.executable, list(sys.version_info[:2]), ensurepip, suffices)


def run(command: list[str], seconds: float) -> tuple[bool, str]:
    """Whether a child ended well in time, and what it printed (where it failed, with its errors).

    It starts in `/`, so that neither a project's pinned Python nor its uv settings decide what the product runs on.
    """
    environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    environment["PIP_USER"] = "0"  # a pip.conf that asks for --user installs fails in every environment
    try:
        done = subprocess.run(
            command,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, done.stdout if done.returncode == 0 else done.stdout + done.stderr


def probe(command: str, kind: Kind) -> Interpreter | None:
    """The account of the interpreter behind a command; None where there is none (a dead shim, Python 2)."""
    well, answer = run([command, "-I", os.path.abspath(__file__), "--probe", kind.name], 60)
    try:
        return Interpreter(*json.loads(answer)) if well else None
    except (TypeError, ValueError):  # it ran, but it is no Python
        return None


def good(command: str, kind: Kind) -> bool:
    """Whether a command is an interpreter that suffices."""
    answer = probe(command, kind) if command else None
    return bool(answer and answer.suffices)


def on_path() -> list[str]:
    """Every Python on PATH by its usual names, also those behind another of the same name (a shim can be dead)."""
    folders = dict.fromkeys(os.path.realpath(folder) for folder in os.get_exec_path())
    commands = [os.path.join(folder, name) for name in NAMES for folder in folders]
    return [command for command in commands if os.access(command, os.X_OK)]


def stamped(stamp: str) -> str:
    """The interpreter that a stamp names, or nothing."""
    try:
        with open(stamp, "rb") as file:
            return os.fsdecode(file.readline().rstrip(b"\n"))
    except OSError:
        return ""


def remember(stamp: str, path: str) -> None:
    """Write a stamp, whole or not at all. Where that fails (a read-only home) the next start searches again."""
    aside = os.path.join(os.path.dirname(stamp), f"{ASIDE}stamp-{os.getpid()}")
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(stamp), exist_ok=True)
        try:
            with open(aside, "wb") as file:
                file.write(os.fsencode(path) + b"\n")
            os.replace(aside, stamp)
        except OSError:
            os.unlink(aside)


def discard(path: str) -> None:
    """Remove a folder with all that is in it, a file or a link."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def sweep(cache: str) -> None:
    """Remove what killed starts left half made, as far as it goes: a child of theirs may still be writing there."""
    for name in os.listdir(cache):
        if name.startswith(ASIDE):
            with contextlib.suppress(OSError):
                discard(os.path.join(cache, name))


def locked(folder: int) -> bool:
    """Whether this process now is the only one with the lock on an open folder; a killed process gives it back."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
    except OSError:  # some network folders have none; the rename still lets only one win
        return False
    return True


@contextlib.contextmanager
def workplace(cache: str) -> Iterator[str]:
    """A folder to build in, gone afterwards; one process at a time has one.

    The lock is the folder around the cache, so there is no lock file to leave behind.
    """
    os.makedirs(os.path.dirname(cache), exist_ok=True)
    around = os.open(os.path.dirname(cache), os.O_RDONLY)
    alone = locked(around)
    try:
        os.makedirs(cache, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=ASIDE, dir=cache)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if alone:  # at the end, when the children of a killed start have ended too
                sweep(cache)
    finally:
        with contextlib.suppress(OSError):  # it stays where anything is in it
            os.rmdir(cache)
        os.close(around)


def recipes(target: str, kind: Kind, capable: list[Interpreter]) -> Iterator[list[list[str]]]:
    """The ways to make an environment, best first, each as the commands to run one after the other."""
    python, packages, uv = os.path.join(target, "bin", "python"), list(kind.packages.values()), shutil.which("uv")
    if uv:
        base = capable[0].path if capable else f">={OLDEST[0]}.{OLDEST[1]}"  # uv can fetch one
        install = [uv, "pip", "install", "--quiet", "--python", python, *packages]
        yield [[uv, "venv", "--quiet", "--python", base, target], install]
    for base in [one.path for one in capable if one.ensurepip][:1]:
        options = ["--quiet", "--no-input", "--prefer-binary", "--disable-pip-version-check"]
        install = [python, "-I", "-m", "pip", "install", *options, *packages]
        pip = [python, "-I", "-m", "ensurepip"]  # venv would do it too, and keep to itself what went wrong
        yield [[base, "-I", "-m", "venv", "--without-pip", target], pip, install]


def build(target: str, kind: Kind, ways: list[list[list[str]]]) -> str:
    """Make an environment at `target` the first way that works; what the tools said where none did."""
    reasons = []
    end = time.monotonic() + kind.seconds
    for commands in ways:
        done = (run(command, max(1, end - time.monotonic())) for command in commands)
        reason = next((said.strip() or "no reason given" for well, said in done if not well), "")
        if not reason and good(os.path.join(target, "bin", "python"), kind):
            return ""
        reasons.append(reason or "the packages were installed and yet do not load")
        shutil.rmtree(target, ignore_errors=True)
    return "\n".join(reasons)


def remedy(reason: str, kind: Kind, capable: list[Interpreter]) -> str:
    """One sentence that says what to do about what the tools said, or about there being no tool."""
    packages = ", ".join(kind.packages.values())
    if not reason and not capable:
        return "no Python 3.10 or newer is on PATH: install one, or uv (which brings its own), and start again"
    if not reason:
        return f"{capable[0].path} cannot make environments: apt install python3-venv, or install uv, and start again"
    if re.search(DISK_FULL, reason, re.IGNORECASE):
        return f"the disk is full: free 100 MB in {cache_folder()}, or set PARALLEL_DISPATCH_CACHE to another folder"
    if re.search(UNREACHABLE, reason, re.IGNORECASE):
        wanted = packages if capable else f"Python 3.10 or newer with {packages}"
        return f"{wanted} could not be downloaded: connect to the network (proxy and index as pip and uv read them)"
    return f"its environment could not be made ({reason.splitlines()[-1]}): install {packages} for the python3 on PATH"


def place(target: str, final: str, kind: Kind) -> None:
    """Rename a finished environment into place; one that works is left there, a broken one makes way."""
    try:
        os.rename(target, final)
    except OSError:
        if not good(os.path.join(final, "bin", "python"), kind):
            os.rename(final, target + "-broken")
            os.rename(target, final)


def make(kind: Kind, cache: str, capable: list[Interpreter]) -> str:
    """The interpreter of an environment made now, or before by a start that had not come to its stamp."""
    final = os.path.join(cache, kind.folder)
    python = os.path.join(final, "bin", "python")
    try:
        with workplace(cache) as folder:
            if good(python, kind):
                return python
            target = os.path.join(folder, "env")
            ways = list(recipes(target, kind, capable))
            if ways and not os.environ.get("PARALLEL_DISPATCH_QUIET"):
                say(f"making its Python environment once in {final}")
            reason = build(target, kind, ways)
            if reason or not ways:
                raise Refusal(remedy(reason, kind, capable))
            place(target, final, kind)
    except OSError as error:
        why = f"{cache} cannot be written ({error.strerror})"
        raise Refusal(f"{why}: free it, or set PARALLEL_DISPATCH_CACHE to a folder that can be") from error
    return python


def prepared(kind: Kind, cache: str) -> str:
    """The absolute path of the interpreter for a use: the one known, one on PATH, or one made now."""
    stamp = os.path.join(cache, kind.stamp)
    known = stamped(stamp)
    if good(known, kind):
        return known
    found, capable = "", []
    for command in on_path():
        one = probe(command, kind)
        if one and one.suffices and kind.name == "product":
            found = one.path
            break
        if one and tuple(one.version) >= OLDEST:
            capable.append(one)
    found = found or make(kind, cache, capable)
    remember(stamp, found)
    return found


def remove(cache: str) -> str:
    """What was removed, in words. Only names of ours go, whatever folder the variable points to."""
    ours = {"hosts", *(name for kind in KINDS.values() for name in (kind.folder, kind.stamp))}
    there = sorted(os.listdir(cache)) if os.path.isdir(cache) else []
    names = [name for name in there if name in ours or name.startswith(ASIDE)]
    try:
        for name in names:
            discard(os.path.join(cache, name))
    except OSError as error:
        raise Refusal(f"{error.filename} cannot be removed ({error.strerror}): remove {cache} by hand") from error
    with contextlib.suppress(OSError):  # it is not there, or it holds what is not ours
        os.rmdir(cache)
    return f"removed {', '.join(names)} from {cache}" if names else f"nothing to remove in {cache}"


def say(sentence: str) -> None:
    """One line for the user."""
    print(f"parallel-dispatch: {sentence}", file=sys.stderr, flush=True)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser("parallel-dispatch prepare", description="Find or make the product's Python.")
    verbs = parser.add_mutually_exclusive_group()
    verbs.add_argument("--dev", action="store_true", help="the environment for the tests")
    verbs.add_argument("--remove", action="store_true", help="take away everything that was made")
    verbs.add_argument("--probe", choices=KINDS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # an exit cleans up, a bare signal does not
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    try:
        if asked.probe:
            print(json.dumps(account(KINDS[asked.probe])))
        elif asked.remove:
            print(remove(cache_folder()))
        else:
            sys.stdout.buffer.write(
                os.fsencode(prepared(KINDS["dev" if asked.dev else "product"], cache_folder())) + b"\n"
            )
    except Refusal as refusal:
        say(str(refusal))
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
