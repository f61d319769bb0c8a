"""The arguments of a run, the same for the command line and for `/parallel-dispatch` in a conversation."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from .options import Options
from .places import runs_folder


class UsageError(Exception):
    """Arguments that do not fit; the text says how they should look and what is wrong."""


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of ending the process.

    It knows how wide its help is without `shutil`, which every argument that is added would import, in 4 ms.
    """

    def _get_formatter(self) -> argparse.HelpFormatter:
        return argparse.HelpFormatter(prog=self.prog, width=columns(80) - 2)

    def error(self, message: str) -> NoReturn:
        """Wrong usage."""
        raise UsageError(f"{self.format_usage().strip()}\n{self.prog}: {message}")


def columns(otherwise: int) -> int:
    """How many cells a line of the terminal has, as the environment or the terminal itself says."""
    wanted = os.environ.get("COLUMNS", "")
    try:
        return int(wanted) if wanted.isdecimal() else os.get_terminal_size(sys.stdout.fileno()).columns or otherwise
    except (OSError, ValueError):
        return otherwise


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """The task file and the options that win over its settings."""
    parser.add_argument("file", metavar="FILE", help="the task file")
    parser.add_argument("--max-parallel", type=_agents, metavar="N", help="agents at once, 1 to 16 (default 4)")
    parser.add_argument("--timeout", type=_timeout, metavar="MS", help="per-task timeout in ms (default 120000)")
    parser.add_argument(
        "--output",
        metavar="DIR",
        help="output directory, inside the project (default .aiwg/working/ where the project has an .aiwg/, "
        "else .parallel-dispatch/outputs/RUN/)",
    )
    parser.add_argument(
        "--on-failure",
        choices=("continue", "stop", "retry"),
        help="what a failed task does: continue (only its dependents are skipped, the default), stop (nothing more "
        "starts), retry (up to 3 more tries)",
    )
    parser.add_argument(
        "--dispatch",
        choices=("auto", "foreground", "background"),
        help="background: every end can release tasks at once; foreground: batch by batch; auto (the default): "
        "background, but foreground in `claude -p` where a task may take longer than that waits (10 minutes)",
    )
    parser.add_argument(
        "--optimize",
        type=_schedules,
        nargs="?",
        const=1000,
        metavar="N",
        help="search on for a shorter plan, through N schedules (default 1000); it pays where durations are known: "
        "where tasks take longer or shorter than estimated it gains nothing",
    )


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """The wish to see the plan only."""
    parser.add_argument("--dry-run", action="store_true", help="show the plan without running")


def options_of(arguments: argparse.Namespace) -> Options:
    """The options of a run from parsed arguments."""
    return Options(
        arguments.max_parallel,
        arguments.timeout,
        arguments.output,
        arguments.on_failure,
        arguments.dispatch,
        arguments.optimize,
    )


def project_of(folder: str) -> str:
    """The project that a folder belongs to.

    The host's word; else the nearest folder above that has runs, up to the git top level, since the host's project may
    lie below it; else the git top level; else the folder itself.
    """
    named = os.environ.get("CLAUDE_PROJECT_DIR")
    if named:
        return os.path.abspath(named)
    above = os.path.abspath(folder)
    top = _git_top(above)
    while above != top and not os.path.isdir(runs_folder(above)):
        above = os.path.dirname(above)
    return above


def _git_top(folder: str) -> str:
    """The top of the repository around a folder; the folder itself where there is none."""
    above = folder
    while not os.path.lexists(os.path.join(above, ".git")):
        if above == os.path.dirname(above):
            return folder
        above = os.path.dirname(above)
    return above


def seconds(text: str) -> float:
    """A time in seconds, 0 to 3600."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3600:
        raise argparse.ArgumentTypeError(f'"{text}" is not a time; write seconds, 0 to 3600')
    return value


def speed(text: str) -> float:
    """How many times as fast, above 0 and up to a million."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1_000_000:
        raise argparse.ArgumentTypeError(f'"{text}" is no speed; write how many times as fast, for example 100')
    return value


def days(text: str) -> float:
    """A number of days, such as `30` or `30d`."""
    try:
        value = float(text.removesuffix("d"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 36_500:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of days; write for example 30')
    return value


def _agents(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 16:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of agents; write 1 to 16')
    return int(text)


def _schedules(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of schedules; write 1 to 1000000, after the FILE')
    return int(text)


def _timeout(text: str) -> int:
    if not text.isdecimal() or not 1000 <= int(text) <= 86_400_000:
        raise argparse.ArgumentTypeError(f'"{text}" is not a timeout; write milliseconds, at least 1000')
    return int(text)
