"""The task file once checked: plain frozen values, complete with their defaults."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Task:
    """One unit of work for one agent.

    `output` is relative to the run's output directory; a trailing `/` says that it is a directory.
    """

    id: str
    prompt: str
    agent: str = "general-purpose"
    description: str = ""
    output: str = ""
    dependencies: tuple[str, ...] = ()

    @property
    def writes_directory(self) -> bool:
        """Whether the output is a directory."""
        return self.output.endswith("/")


@dataclass(frozen=True)
class Settings:
    """How a run behaves. `timeout_per_task` is in milliseconds; `output_dir` None leaves the choice to the run."""

    max_parallel: int = 4
    timeout_per_task: int = 120_000
    output_dir: str | None = None
    on_failure: str = "continue"
    max_retries: int = 3
    dispatch: str = "auto"


@dataclass(frozen=True)
class TaskFile:
    """A checked task file: ids are unique, dependencies exist and have no cycle, outputs do not collide."""

    name: str
    tasks: tuple[Task, ...]
    description: str = ""
    settings: Settings = field(default_factory=Settings)
