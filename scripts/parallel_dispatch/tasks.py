"""The task file once checked: plain frozen values, complete with their defaults.

They are named tuples: to make a dataclass takes a start of the program ten times as long.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Contract(NamedTuple):
    """What an output must hold to count, beyond being there. `json_schema` is the text of a JSON Schema, or empty."""

    sections: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    min_bytes: int = 1
    json_schema: str = ""


class Source(NamedTuple):
    """The list that tasks are made from while the run goes on: at a path in the JSON that another task writes."""

    task: str
    path: str = ""


ENDED = "ended"
"""The word for a task that waits until all of its dependencies have ended."""


class Task(NamedTuple):
    """One unit of work for one agent.

    `output` is relative to the run's output directory; a trailing `/` says that it is a directory. `reads` are paths or
    globs relative to the project. Times are milliseconds; None leaves them, and `retries`, to the run's settings.
    `resources` are amounts by name. `wait` is how many of the dependencies must succeed, or `ended`; `losers` says what
    becomes of the others then. `writes` is the write scope, as globs. `agent` is who does it; what that works as stands
    in `TaskFile.agents`. With `for_each` it stands for the tasks that are made of it, and its texts are theirs, with
    `{{ item }}` in them.
    """

    id: str
    prompt: str
    agent: str = "general-purpose"
    description: str = ""
    output: str = ""
    dependencies: tuple[str, ...] = ()
    context: str = ""
    scope: str = ""
    constraints: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    output_format: str = ""
    success_criteria: tuple[str, ...] = ()
    estimated_duration: int | None = None
    priority: str = "normal"
    resources: tuple[tuple[str, int], ...] = ()
    timeout: int | None = None
    retries: int | None = None
    contract: Contract | None = None
    critical: bool = False
    model: str | None = None
    effort: str | None = None
    wait: int | str = "all"
    losers: str = "cancel"
    writes: tuple[str, ...] = ()
    for_each: Source | None = None


class Agent(NamedTuple):
    """Who does tasks: at most `instances` of them at a time (None: as many as the run allows), in a role."""

    instances: int | None = None
    role: str = ""


class Aggregate(NamedTuple):
    """What becomes of the outputs together.

    `sources` are the ids of the tasks whose outputs are taken, empty where the file does not say; `integrator` is the
    task that merges them. `keys` name what each output states and `quorum` how many must state the same. `order` are
    tasks by who decides conflicts, those that the file names. `summary` is whether the integrator also writes in words
    of its own.
    """

    strategy: str = "merge"
    sources: tuple[str, ...] = ()
    integrator: str = ""
    keys: tuple[str, ...] = ("answer",)
    quorum: int | str = "majority"
    order: tuple[str, ...] = ()
    summary: bool = False


NOTHING: Mapping[str, int] = MappingProxyType({})


class Settings(NamedTuple):
    """How a run behaves. `timeout_per_task` is in milliseconds; `output_dir` None leaves the choice to the run.

    `resources` says how much there is of each; of what is not named there is 1. The budgets `max_minutes` and
    `max_tokens` are None where there is none, and so is `aggregate`.
    """

    max_parallel: int = 4
    timeout_per_task: int = 120_000
    output_dir: str | None = None
    on_failure: str = "continue"
    max_retries: int = 3
    backoff: str = "exponential"
    max_minutes: int | None = None
    max_tokens: int | None = None
    dispatch: str = "auto"
    order: str = "rolling"
    resources: Mapping[str, int] = NOTHING
    writes: str = "scoped"
    aggregate: Aggregate | None = None


NOBODY: Mapping[str, Agent] = MappingProxyType({})


class TaskFile(NamedTuple):
    """A checked task file: ids are unique, dependencies exist and have no cycle, outputs do not collide."""

    name: str
    tasks: tuple[Task, ...]
    description: str = ""
    settings: Settings = Settings()
    agents: Mapping[str, Agent] = NOBODY

    def role(self, agent: str) -> str:
        """What a task's agent works as: the role of the agent that the file describes, else the task's own word."""
        described = self.agents.get(agent)
        return described.role or agent if described else agent
