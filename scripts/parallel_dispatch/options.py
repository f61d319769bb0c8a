"""What the command line says of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What the command line says; None leaves it to the task file. `timeout` is in milliseconds."""

    max_parallel: int | None = None
    timeout: int | None = None
    output: str | None = None
    on_failure: str | None = None
    dispatch: str | None = None
