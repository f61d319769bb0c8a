"""What a run is going to do: its tasks in the order of dispatch, complete with paths and limits, as plain values.

A plan is made at the start, and hooks read it from `plan.json`. It changes only where tasks are made from what others
write (`growing`), and where a run is resumed with a task file that was changed (`renewal`).
"""

from __future__ import annotations

import os

from . import quickjson
from .refusal import Refusal

REPORT_NAMES = ("REPORT", "SUMMARY", "FINDINGS", "ANALYSIS")
"""How the names begin of Markdown files that the host lets no agent write."""


GRACE_SECONDS = 60.0
GRACE_SHARE = 0.5
UNKNOWN = 60.0
"""The seconds that a task is taken to last where nothing is known of any."""

_NOTHING: dict[str, int] = {}
_NO_VALUES: dict[str, object] = {}
_NO_CALL: dict[str, str] = {}
_LISTS = ("constraints", "reads", "success_criteria", "writes")
_OPTIONAL = {"title", "description", "context", "scope", "output_format", "resources", *_LISTS}
_OPTIONAL |= {
    "contract",
    "critical",
    "call",
    "for_each",
    "wait",
    "goes_without",
    "leaves_losers",
    "writes",
    "priority",
    "known_from",
}
_OPTIONAL |= {"role", "yields_to"}


def grace(timeout: float) -> float:
    """The seconds between an agent's deadline, when it is told to finish, and its end."""
    return max(GRACE_SECONDS, GRACE_SHARE * timeout)


class PlannedTask:
    """One task of a plan. `output` is absolute and ends in `/` where it is a directory; `wave` counts from 1.

    `title` is what the agent works as where that is no type of the host's, `role` the one of ours that it has.
    `timeout` is in seconds; `attempts` says how often the task is tried at most. `resources` are the amounts that it
    holds while it runs; `contract` is what its output must hold; `critical` says that its failure stops the run; `call`
    is what else its Agent call says.
    `wait` is how many of its dependencies must succeed, 0 for all; `leaves_losers` says that the others go on then.
    `goes_without` says that it begins when all of them have ended, even if only one has succeeded.
    `writes` are the globs of its write scope.
    `for_each` names the task and the path in its output (`from`, `path`) of the list from which tasks are made in the
    place of this one, which is never dispatched itself; their texts are its own, with the item in them.
    `estimate` is how many seconds the task is thought to take; `known_from` says where that stands: in the "file", in
    earlier "runs", or nowhere. `yields_to` names a task that this one lets begin before it.
    """

    __slots__ = (
        "agent",
        "attempts",
        "call",
        "constraints",
        "context",
        "contract",
        "critical",
        "dependencies",
        "description",
        "estimate",
        "for_each",
        "goes_without",
        "id",
        "known_from",
        "leaves_losers",
        "output",
        "output_format",
        "priority",
        "prompt",
        "reads",
        "resources",
        "role",
        "scope",
        "subagent_type",
        "success_criteria",
        "timeout",
        "title",
        "wait",
        "wave",
        "writes",
        "yields_to",
    )

    def __init__(
        self,
        id: str,  # noqa: A002 - the task file's own word
        agent: str,
        subagent_type: str,
        prompt: str,
        output: str,
        dependencies: list[str],
        wave: int,
        timeout: float,
        attempts: int,
        title: str = "",
        description: str = "",
        context: str = "",
        scope: str = "",
        constraints: tuple[str, ...] = (),
        reads: tuple[str, ...] = (),
        output_format: str = "",
        success_criteria: tuple[str, ...] = (),
        resources: dict[str, int] = _NOTHING,
        contract: dict[str, object] = _NO_VALUES,
        critical: bool = False,
        call: dict[str, str] = _NO_CALL,
        wait: int = 0,
        goes_without: bool = False,
        leaves_losers: bool = False,
        writes: tuple[str, ...] = (),
        for_each: dict[str, str] = _NO_CALL,
        estimate: float = UNKNOWN,
        known_from: str = "",
        priority: str = "normal",
        yields_to: str = "",
        role: str = "",
    ) -> None:
        self.id = id
        self.agent = agent
        self.subagent_type = subagent_type
        self.prompt = prompt
        self.output = output
        self.dependencies = dependencies
        self.wave = wave
        self.timeout = timeout
        self.attempts = attempts
        self.title = title
        self.description = description
        self.context = context
        self.scope = scope
        self.constraints = constraints
        self.reads = reads
        self.output_format = output_format
        self.success_criteria = success_criteria
        self.resources = resources
        self.contract = contract
        self.critical = critical
        self.call = call
        self.for_each = for_each
        self.wait = wait
        self.goes_without = goes_without
        self.leaves_losers = leaves_losers
        self.writes = writes
        self.estimate = estimate
        self.known_from = known_from
        self.priority = priority
        self.yields_to = yields_to
        self.role = role

    @property
    def needed(self) -> int:
        """How many of its dependencies must succeed before it may begin, or have ended where it goes without some."""
        return min(self.wait or len(self.dependencies), len(self.dependencies))

    @property
    def least(self) -> int:
        """How many of its dependencies must succeed at least."""
        return min(1, len(self.dependencies)) if self.goes_without else self.needed

    @property
    def is_folder(self) -> bool:
        """Whether the output is a directory."""
        return self.output.endswith("/")

    @property
    def draft(self) -> str:
        """Where the agent writes: the output itself, or a file beside it that becomes the output at the end.

        The host lets no agent write a file whose name looks like a report (2.1.197 and 2.1.329), and says so only then.
        """
        folder, name = os.path.split(self.output)
        refused = name.upper().startswith(REPORT_NAMES) and name.lower().endswith(".md")
        return os.path.join(folder, f"draft-{name}") if refused else self.output

    @property
    def own(self) -> list[str]:
        """The real paths of the declared output, a directory with a trailing slash; a link to elsewhere is none."""
        if self.is_folder:
            return [_real(self.output.rstrip("/")) + os.sep]
        return [_real(path) for path in {self.output, self.draft}]


class Plan:
    """A whole plan. `run` is the short name in markers; times are seconds; `driver` is "hooks" or "cli".

    `background` says that agents are launched and told of when they end, instead of waited for batch by batch.
    `in_waves`: no task begins before those of the waves before it have ended. `instances` limits how many tasks of one
    agent run at a time, `resources` says how much there is of what tasks hold. `open_writes`: tasks without a write
    scope may change any file of the project. `capped`: the host allows no more agents at once than `max_parallel`.
    `backs_off`: a retry waits before it begins. `max_minutes` and `max_tokens` are the run's budgets, 0 where there is
    none. `rule` is what found the order of the tasks, `foretold` the seconds that the run takes if the estimates hold,
    `bound` those that no order can do with less than. `options` are those of the command line, and `template` is the
    digest of the template that briefs are made with: both are for a run that is resumed, and empty in one of a version
    that did not keep them. `aggregate` says what becomes of the outputs together: its `strategy`, the tasks `from`
    which it is made, the `integrator`, `keys`, `quorum` and the `order` of tasks; empty where the task file does not.
    """

    __slots__ = (
        "aggregate",
        "background",
        "backs_off",
        "bound",
        "capped",
        "dependents",
        "description",
        "driver",
        "foretold",
        "in_waves",
        "instances",
        "max_minutes",
        "max_parallel",
        "max_retries",
        "max_tokens",
        "name",
        "on_failure",
        "open_writes",
        "options",
        "output_dir",
        "project",
        "rehearsal",
        "resources",
        "rule",
        "run",
        "task_file",
        "tasks",
        "template",
        "timeout",
    )

    def __init__(
        self,
        run: str,
        name: str,
        project: str,
        task_file: str,
        output_dir: str,
        max_parallel: int,
        timeout: float,
        on_failure: str,
        max_retries: int,
        tasks: list[PlannedTask],
        driver: str = "hooks",
        rehearsal: bool = False,
        description: str = "",
        background: bool = False,
        in_waves: bool = False,
        instances: dict[str, int] = _NOTHING,
        resources: dict[str, int] = _NOTHING,
        open_writes: bool = False,
        backs_off: bool = True,
        max_minutes: int = 0,
        max_tokens: int = 0,
        rule: str = "",
        foretold: float = 0.0,
        bound: float = 0.0,
        capped: bool = False,
        options: dict[str, object] = _NO_VALUES,
        template: str = "",
        aggregate: dict[str, object] = _NO_VALUES,
    ) -> None:
        self.run = run
        self.name = name
        self.description = description
        self.project = project
        self.task_file = task_file
        self.output_dir = output_dir
        self.max_parallel = max_parallel
        self.timeout = timeout
        self.on_failure = on_failure
        self.max_retries = max_retries
        self.driver = driver
        self.rehearsal = rehearsal
        self.background = background
        self.in_waves = in_waves
        self.instances = instances
        self.resources = resources
        self.open_writes = open_writes
        self.backs_off = backs_off
        self.max_minutes = max_minutes
        self.max_tokens = max_tokens
        self.rule = rule
        self.foretold = foretold
        self.bound = bound
        self.capped = capped
        self.options = options
        self.template = template
        self.aggregate = aggregate
        self.tasks = {task.id: task for task in tasks}
        self.dependents: dict[str, list[str]] = {task.id: [] for task in tasks}
        for task in tasks:
            for dependency in task.dependencies:
                self.dependents[dependency].append(task.id)

    @property
    def waves(self) -> list[list[PlannedTask]]:
        """The tasks by dependency level, each in the order of dispatch."""
        waves: dict[int, list[PlannedTask]] = {}
        for task in self.tasks.values():
            waves.setdefault(task.wave, []).append(task)
        return [waves[number] for number in sorted(waves)]

    @property
    def patterns(self) -> list[PlannedTask]:
        """The tasks in whose place others are made while the run goes on."""
        return [task for task in self.tasks.values() if task.for_each]

    @property
    def integrator(self) -> str:
        """The task that merges the others' outputs; empty where there is none."""
        return str(self.aggregate.get("integrator") or "")

    def with_tasks(self, tasks: list[PlannedTask], aggregate: dict[str, object] | None = None) -> Plan:
        """The same plan with other tasks."""
        head = {name: getattr(self, name) for name in _HEAD}
        return Plan(tasks=tasks, **head if aggregate is None else {**head, "aggregate": aggregate})

    def stops_after(self, task: str) -> bool:
        """Whether the failure of a task stops the run."""
        return self.on_failure == "stop" or self.tasks[task].critical

    def shown(self, path: str) -> str:
        """A path as people read it: relative to the project where it lies inside."""
        inside = path.startswith(self.project.rstrip("/") + "/")
        return path[len(self.project.rstrip("/")) + 1 :] if inside else path

    def to_json(self) -> str:
        """The plan as the text of `plan.json`, one task a line."""
        head = {name: getattr(self, name) for name in _HEAD}
        rows = ",\n".join(
            "  "
            + quickjson.dumps({name: getattr(task, name) for name in PlannedTask.__slots__ if _is_told(task, name)})
            for task in self.tasks.values()
        )
        return quickjson.dumps(head)[:-1] + ', "tasks": [\n' + rows + "\n]}\n"

    @staticmethod
    def from_json(text: str, name: str = "plan.json") -> Plan:
        """The plan in the text of `plan.json`, or of a later plan of this name; `Refusal` where it is none."""
        value = quickjson.record(text)
        if not isinstance(value.get("tasks"), list):
            raise Refusal(f"{name} of this run is damaged")
        try:
            tasks = [_task(task, value) for task in value.pop("tasks")]  # type: ignore[attr-defined]
            return _sound(Plan(tasks=tasks, **_of_their_kinds(Plan, value)))  # type: ignore[arg-type]
        except (TypeError, KeyError, ValueError) as error:
            raise Refusal(f"{name} of this run is from another version: {error}") from None


_HEAD = [name for name in Plan.__slots__ if name not in ("tasks", "dependents")]


_USUAL: tuple[object, ...] = ("", (), [], {}, 0, "normal")


def _is_told(task: PlannedTask, name: str) -> bool:
    return name not in _OPTIONAL or getattr(task, name) not in _USUAL


def _task(value: dict[str, object], plan: dict[str, object]) -> PlannedTask:
    """A task as `to_json` wrote it; what was empty is left out, and older versions gave limits to the run only."""
    if "timeout" not in value or "attempts" not in value:
        retried = plan.get("max_retries") if plan.get("on_failure") == "retry" else 0
        value = {"timeout": plan["timeout"], "attempts": 1 + int(str(retried)), **value}
    for name in _LISTS:
        if name in value:
            value[name] = tuple(value[name])  # type: ignore[arg-type]
    return PlannedTask(**_of_their_kinds(PlannedTask, value))  # type: ignore[arg-type]


def _sound(plan: Plan) -> Plan:
    """The plan; `ValueError` where something stands in the place of a path that is none."""
    asked = plan.aggregate
    lists = [asked.get(name, []) for name in ("from", "keys", "order")]
    if not all(isinstance(found, list) and all(isinstance(one, str) for one in found) for found in lists):
        raise ValueError('"aggregate" holds lists of something else than text')
    for path in (plan.project, plan.output_dir, *(task.output for task in plan.tasks.values())):
        if not path.startswith("/") or b"\0" in os.fsencode(path):
            raise ValueError(f'"{path}" is no absolute path')
    return plan


_KINDS: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "list": list,
    "tuple": tuple,
    "dict": dict,
}


def _of_their_kinds(made: type, values: dict[str, object]) -> dict[str, object]:
    """The values that something is made with; `TypeError` where an edited file holds one of another kind."""
    wanted = made.__init__.__annotations__  # type: ignore[misc]
    for name, value in values.items():
        kind = _KINDS.get(wanted.get(name, "").partition("[")[0])
        if kind and not isinstance(value, kind):
            raise TypeError(f'"{name}" is no {wanted[name]}')
    return values


def _real(path: str) -> str:
    """The path with the links above it resolved, and its own last part as it is."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)
