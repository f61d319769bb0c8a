"""What the command line says of a run."""

from __future__ import annotations

from typing import NamedTuple


class Options(NamedTuple):
    """What the command line says; None leaves it to the task file. `timeout` is in milliseconds.

    `optimize` is how many schedules are made in search of a shorter one.
    """

    max_parallel: int | None = None
    timeout: int | None = None
    output: str | None = None
    on_failure: str | None = None
    dispatch: str | None = None
    optimize: int | None = None
