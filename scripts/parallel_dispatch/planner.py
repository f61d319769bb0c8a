"""From a checked task file to a plan: precedence of options, paths, agents, order. Nothing is written."""

from __future__ import annotations

import os
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from .agents import roster
from .collection import without_collection
from .contributors import contributors, last_of_all
from .destinations import Destinations
from .learning import folder_stem, learnt
from .options import Options
from .places import RunFolder, default_output_folder, default_output_folders, runs_folder
from .plan import UNKNOWN, Plan, PlannedTask, grace
from .refusal import Refusal
from .resolving import Roster, resolved
from .roles import full_name
from .schedule import arrange
from .tasks import ENDED
from .territory import scope_without_links
from .workload import workload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .load import Loaded
    from .simulation import Schedule
    from .tasks import Task, TaskFile
    from .workload import Workload

NOTHING: Mapping[str, float] = MappingProxyType({})
REHEARSAL = "PARALLEL_DISPATCH_REHEARSAL"
"""The environment variable that makes every run under it a rehearsal."""
BACKGROUND_LIMIT_SECONDS = 600.0
"""How long `claude -p` waits for background agents before it ends them."""


HOST_CAP = 20
"""How many agents the host lets run at once, where its environment does not say otherwise (from 2.1.217 on)."""


class Place(NamedTuple):
    """Where a run happens: absolute paths of the project and the task file, the agents that there are, its names.

    `background_limit` is how many seconds the host waits for agents in the background; None for as long as they take.
    `host_cap` is how many agents the host lets run at once.
    """

    project: str
    task_file: str
    run_name: str
    default_output: str
    agents: Roster
    rehearsal: bool = False
    driver: str = "hooks"
    background_limit: float | None = None
    host_cap: int = HOST_CAP

    @property
    def run(self) -> str:
        """The short name in markers: the random end of the run's name."""
        return self.run_name.rpartition("-")[2]


def plan_run(loaded: Loaded, options: Options, project: str, driver: str = "hooks") -> tuple[Plan, RunFolder]:
    """The plan for a checked task file and the folder that its run would have; nothing is written."""
    if loaded.task_file is None:
        raise Refusal(f"{loaded.path} has problems")
    task_file = os.path.abspath(loaded.path)
    name = f"{folder_stem(task_file)}{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.urandom(2).hex()}"
    folder = RunFolder(os.path.join(runs_folder(project), name))
    place = _place(folder, project, task_file, driver, rehearsal=bool(os.environ.get(REHEARSAL)))
    return make_plan(loaded.task_file, options, place, learnt(project, task_file)), folder


def plan_again(task_file: TaskFile, before: Plan, folder: RunFolder) -> Plan:
    """The plan of a run that there is already for its task file as it is now, under the options that it has."""
    options = Options(**before.options)  # type: ignore[arg-type]
    place = _place(folder, before.project, before.task_file, before.driver, rehearsal=before.rehearsal)
    if any(task.role for task in before.tasks.values()):  # nobody's work is done again for the shell of this moment
        ours = any(task.subagent_type == full_name(task.role) for task in before.tasks.values())
        place = place._replace(agents=place.agents._replace(has_ours=ours))
    if before.output_dir in default_output_folders(before.project, folder.name):  # whatever was made since
        place = place._replace(default_output=before.output_dir)
    return make_plan(task_file, options, place, learnt(before.project, before.task_file))


def _place(folder: RunFolder, project: str, task_file: str, driver: str, *, rehearsal: bool) -> Place:
    return Place(
        project=project,
        task_file=task_file,
        run_name=folder.name,
        default_output=folder.outputs if rehearsal else default_output_folder(project, folder.name),
        agents=roster(project, os.path.expanduser("~"), by_hooks=driver == "hooks"),
        rehearsal=rehearsal,
        driver=driver,
        background_limit=_background_limit(),
        host_cap=_host_cap(),
    )


def _background_limit() -> float | None:
    """How long the host of this process waits for background agents; None for as long as they take."""
    if os.environ.get("CLAUDE_CODE_ENTRYPOINT") != "sdk-cli":
        return None
    ceiling = os.environ.get("CLAUDE_CODE_PRINT_BG_WAIT_CEILING_MS", "")
    seconds = int(ceiling) / 1000 if ceiling.isdecimal() and len(ceiling) < 16 else BACKGROUND_LIMIT_SECONDS
    return seconds or None


def _host_cap() -> int:
    """How many agents the host of this process lets run at once."""
    given = os.environ.get("CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS", "")
    return int(given) if given.isdecimal() and int(given) else HOST_CAP


@without_collection()
def make_plan(task_file: TaskFile, options: Options, place: Place, learnt: Mapping[str, float] = NOTHING) -> Plan:
    """The plan of a run. The command line wins over the file's settings, these over the defaults.

    `learnt` are the seconds that tasks took in earlier runs.
    """
    settings = task_file.settings
    output_dir = _output_dir(options.output or settings.output_dir, place)
    timeout = (options.timeout or settings.timeout_per_task) / 1000
    on_failure = options.on_failure or settings.on_failure
    tasks = _planned(task_file, options, place, output_dir, learnt)
    wanted = options.max_parallel or settings.max_parallel
    max_parallel = min(wanted, place.host_cap)
    instances = {name: agent.instances for name, agent in task_file.agents.items() if agent.instances}
    work = workload(tasks, max_parallel, instances, settings.resources)
    found = arrange(work, settings.order == "waves", options.optimize or 0)
    tasks = _in_order(tasks, work, found.schedule)
    longest = max((task.timeout for task in tasks), default=timeout)
    return Plan(
        run=place.run,
        name=task_file.name,
        description=task_file.description,
        project=place.project,
        task_file=place.task_file,
        output_dir=output_dir,
        max_parallel=max_parallel,
        capped=max_parallel < wanted,
        timeout=timeout,
        on_failure=on_failure,
        max_retries=settings.max_retries,
        tasks=tasks,
        driver=place.driver,
        rehearsal=place.rehearsal,
        background=place.driver == "hooks" and _in_background(options.dispatch or settings.dispatch, longest, place),
        in_waves=found.schedule.in_waves,
        instances=instances,
        resources=dict(settings.resources),
        open_writes=settings.writes == "open",
        backs_off=settings.backoff != "none",
        max_minutes=settings.max_minutes or 0,
        max_tokens=settings.max_tokens or 0,
        rule=found.rule,
        foretold=found.schedule.makespan / 1000,
        bound=found.bound / 1000,
        aggregate=_aggregate(task_file),
        options={name: value for name, value in options._asdict().items() if value is not None},
    )


def _aggregate(task_file: TaskFile) -> dict[str, object]:
    """What becomes of the outputs together, as the plan says it; empty where the task file says nothing."""
    asked = task_file.settings.aggregate
    if asked is None:
        return {}
    needs = {task.id: task.dependencies for task in task_file.tasks}
    many = {task.id for task in task_file.tasks if task.for_each}
    integrator = (asked.integrator or last_of_all(needs)) if asked.strategy == "integrator" else ""
    return {
        "strategy": asked.strategy,
        "from": list(asked.sources) or contributors(needs, integrator, many),
        "integrator": integrator,
        "keys": list(asked.keys),
        "quorum": asked.quorum,
        "order": list(asked.order),
        "summary": asked.summary,
    }


def _planned(
    task_file: TaskFile, options: Options, place: Place, output_dir: str, learnt: Mapping[str, float]
) -> list[PlannedTask]:
    """The tasks as they stand in the file, before they are put in an order."""
    settings = task_file.settings
    on_failure = options.on_failure or settings.on_failure
    places = Destinations(output_dir, place.project, place.task_file, place.default_output)
    patterns = {task.id for task in task_file.tasks if task.for_each}
    estimates = durations(task_file.tasks, learnt)
    roles = {agent: task_file.role(agent) for agent in {task.agent for task in task_file.tasks}}
    found = {agent: resolved(role, place.agents) for agent, role in roles.items()}
    return [
        PlannedTask(
            id=task.id,
            agent=task.agent,
            subagent_type=found[task.agent].subagent_type,
            title=found[task.agent].title,
            role=found[task.agent].role,
            prompt=task.prompt,
            output=places.path(task.id, task.output),
            dependencies=list(task.dependencies),
            wave=1,
            timeout=(options.timeout or task.timeout or settings.timeout_per_task) / 1000,
            attempts=1 + _retries(task, settings.max_retries, on_failure),
            description=task.description,
            context=task.context,
            scope=task.scope,
            constraints=task.constraints,
            reads=task.reads,
            output_format=task.output_format,
            success_criteria=task.success_criteria,
            resources=dict(task.resources),
            contract=task.contract._asdict() if task.contract else {},
            critical=task.critical,
            wait=_wait(task, patterns),
            goes_without=task.wait == ENDED,
            leaves_losers=task.losers == "continue",
            writes=scope_without_links(task.id, task.writes, place.project) if task.writes else (),
            call=_call(task) if task.model or task.effort else {},
            for_each={"from": task.for_each.task, "path": task.for_each.path} if task.for_each else {},
            estimate=estimates[task.id][0],
            known_from=estimates[task.id][1],
            priority=task.priority,
        )
        for task in task_file.tasks
    ]


def durations(tasks: Sequence[Task], learnt: Mapping[str, float] = NOTHING) -> dict[str, tuple[float, str]]:
    """The seconds that each task is thought to take, and where that stands: in the "file", in earlier "runs", nowhere.

    A task of which nothing is known is taken to last as long as the mean of the others.
    """
    known = {task: (seconds, "runs") for task, seconds in learnt.items()}
    known |= {t.id: (t.estimated_duration / 1000, "file") for t in tasks if t.estimated_duration is not None}
    given = [known[task.id][0] for task in tasks if task.id in known]
    unknown = (sum(given) / len(given) if given else UNKNOWN, "")
    return {task.id: known.get(task.id, unknown) for task in tasks}


def _in_order(tasks: list[PlannedTask], work: Workload, schedule: Schedule) -> list[PlannedTask]:
    """The tasks in the order of dispatch, with their waves and what they let go first."""
    for index, task in enumerate(tasks):
        task.wave = work.levels[index] + 1
        task.yields_to = tasks[schedule.yields[index]].id if index in schedule.yields else ""
    return [tasks[index] for index in schedule.order]


def _wait(task: Task, patterns: set[str]) -> int:
    """How many of its dependencies a task waits for where these are not all, as far as they are known; 0 for all."""
    is_some = task.wait != len(task.dependencies) or not patterns.isdisjoint(task.dependencies)
    return task.wait if isinstance(task.wait, int) and is_some else 0


def _call(task: Task) -> dict[str, str]:
    """What else a task's Agent call says."""
    return {key: value for key, value in (("model", task.model), ("effort", task.effort)) if value}


def _retries(task: Task, max_retries: int, on_failure: str) -> int:
    """How often a task is tried again: its own number, else the run's where failures are retried."""
    if task.retries is not None:
        return task.retries
    return max_retries if on_failure == "retry" else 0


def _in_background(wanted: str, timeout: float, place: Place) -> bool:
    """Whether agents run in the background: as asked; else wherever the host waits for them long enough."""
    if wanted != "auto":
        return wanted == "background"
    limit = place.background_limit
    return limit is None or timeout + grace(timeout) < limit


def _output_dir(wanted: str | None, place: Place) -> str:
    if place.rehearsal or not wanted:
        return place.default_output
    path = os.path.normpath(os.path.join(place.project, wanted))
    inside = os.path.realpath(path)
    project = os.path.realpath(place.project)
    if inside != project and not inside.startswith(project + os.sep):
        raise Refusal(f'output directory "{wanted}" leaves the project {place.project}; name one inside it')
    above = inside
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if not os.path.isdir(above):
        raise Refusal(f'output directory "{wanted}": {above} is a file; name a directory')
    return path
