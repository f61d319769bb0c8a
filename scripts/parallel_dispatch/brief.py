"""The brief of one attempt: what stands in it, and its text. Standard library only, since hooks write briefs.

`templates/briefs/base.md.j2` says the same in the language of templates, for teams to begin their own with; a test
holds the two together.
"""

from __future__ import annotations

from .contract import json_term, terms
from .convention import convention
from .marker import marker
from .plan import Plan, PlannedTask
from .roles import ROLES, full_name
from .state import PAST, SUCCESS, State

LONGEST_SCHEMA = 1000
"""How many characters of a JSON Schema a brief holds."""

_IN_FOLDER = (
    "Write your result as files in this directory. It counts only if at least one file with content is there when you "
    "stop."
)
_NO_REPORTS = (
    "Let no file name begin with report, summary, findings or analysis: the host refuses such names to agents."
)
_AS_DRAFT = "Write your result to this file, under this name, with content; when you stop it becomes "
_IN_FILE = "Write your result to this file. It counts only if the file is there, with content, when you stop."
_AS_LIST = "in this output, one for each item: write it as JSON, as the whole file or as its only ```json block."
_ALONE = (
    "- Do this task only. Other agents work beside you in the same checkout: change nothing that is not yours, and "
    "read no output of theirs that is not named here."
)


class Brief:
    """What stands in the brief of one attempt.

    `inputs` are the tasks whose outputs it builds on, `missing` says why others are not there; `lists` are the places
    in its output of lists that other tasks are made of; `convention` are lines about the form in which it is read,
    `integration` are those that an integrator gets about what it merges; `contract` is its contract in words; `failure`
    is why the attempt before it failed; `minutes` is a number of minutes in words. `work` and `form` are what the
    agent's role does and returns: empty where its own definition says so, `form` also where anything else says what its
    output must be.
    """

    __slots__ = (
        "contract",
        "convention",
        "failure",
        "form",
        "inputs",
        "integration",
        "lists",
        "marker",
        "minutes",
        "missing",
        "open_writes",
        "rehearsal",
        "run",
        "task",
        "work",
    )

    def __init__(
        self,
        plan: Plan,
        state: State,
        task_id: str,
        attempt: int,
        schema_file: str = "",
        integration: tuple[str, ...] = (),
    ) -> None:
        """A long schema is in a file."""
        task = plan.tasks[task_id]
        failed = state.attempts[task_id][attempt - 2] if attempt > 1 else None
        self.marker = marker(plan.run, task_id, attempt)
        self.task = task
        self.run = plan.name
        self.missing = _missing(state, task) if task.wait or task.goes_without else {}
        self.inputs = [plan.tasks[d] for d in task.dependencies if d not in self.missing]
        self.open_writes = plan.open_writes
        self.minutes = f"{task.timeout / 60:.1f}".rstrip("0").rstrip(".")
        self.lists = [other.for_each for other in plan.patterns if other.for_each["from"] == task_id]
        self.convention = convention(plan, task)
        self.integration = list(integration)
        self.contract = [*terms(task.contract), *filter(None, [json_term(task.contract, task.output, schema_file)])]
        self.rehearsal = plan.rehearsal
        self.failure = failed.reason if failed else ""
        role = None if task.subagent_type == full_name(task.role) else ROLES.get(task.role)
        of_others = [*self.contract, *self.lists, *self.convention, *self.integration]
        is_told = bool(task.output_format or of_others or task.output.endswith(".json"))
        self.work = role.work if role else ""
        self.form = role.form if role and not is_told else ""

    def values(self) -> dict[str, object]:
        """The values that a template is rendered with."""
        return {name: getattr(self, name) for name in Brief.__slots__}

    def text(self) -> str:
        """The text that the agent gets; its first line is the marker."""
        task = self.task
        head = [self.marker, f"# {task.id}"]
        head += ["This is a rehearsal."] if self.rehearsal else []
        head += [f"You work as {task.title}."] if task.title else []
        head += [self.work] if self.work else []
        head += [task.description] if task.description else []
        lines = [*head, "", "## Task", task.prompt]
        lines += ["", "## Context", task.context] if task.context else []
        lines += ["", "## Scope", task.scope] if task.scope else []
        lines += ["", "## Constraints", *_listed(task.constraints)] if task.constraints else []
        lines += ["", "## Inputs", *self._inputs()] if self.inputs or self.missing or task.reads else []
        lines += ["", "## Integration", *self.integration] if self.integration else []
        lines += ["", "## The try before this one failed", self.failure] if self.failure else []
        return "\n".join([*lines, "", "## Output", *self._output(), "", "## Rules", *self._rules()]) + "\n"

    def _inputs(self) -> list[str]:
        lines = []
        if self.inputs:
            lines.append("Read these first; they are the finished outputs of the tasks that yours builds on:")
            lines += [f"- {other.id}: {other.output}" for other in self.inputs]
        if self.missing:
            lack = "" if self.integration else "; say in your output what it lacks for that"
            lines.append(f"You go on without these{lack}:")
            lines += [f"- {task}, which {reason}" for task, reason in self.missing.items()]
        if self.task.reads:
            lines.append("Read these files of the project, given as paths or globs:")
            lines += _listed(self.task.reads)
        return lines

    def _output(self) -> list[str]:
        task = self.task
        lines = [f"Output {'directory' if task.is_folder else 'file'}: {task.draft}"]
        if task.is_folder:
            lines += [_IN_FOLDER, _NO_REPORTS]
        elif task.draft != task.output:
            lines.append(f"{_AS_DRAFT}{task.output}.")
        else:
            lines.append(_IN_FILE)
        for place in self.lists:
            under = f"under `{place['path']}` " if place["path"] else ""
            lines.append(f"Other tasks are made from the list {under}{_AS_LIST}")
        lines += self.convention
        lines += ["It also counts only with", *_listed(self.contract)] if self.contract else []
        form = task.output_format or self.form
        lines += [f"Its form: {form}"] if form else []
        if task.success_criteria:
            lines += ["Before you stop, see that each of these holds:", *_listed(task.success_criteria)]
        return lines

    def _rules(self) -> list[str]:
        task = self.task
        own = [] if self.open_writes else ["- Yours is your output alone."]
        if task.writes:
            own = [f"- Yours are your output and these files of the project, given as globs: {', '.join(task.writes)}"]
        return [
            _ALONE,
            *own,
            f"- Start no agents of your own. You have {self.minutes} minutes.",
            "- If you are stuck, write what you found and what is missing to the output, then stop.",
            "- The project's CLAUDE.md wins on conventions, this brief on form.",
            "- Your last message: one line that says what you wrote. The result is in the output, not in the message.",
        ]


def brief(plan: Plan, state: State, task_id: str, attempt: int, schema_file: str = "") -> str:
    """The text that the agent of one attempt gets; its first line is the marker. A long schema is in a file."""
    return Brief(plan, state, task_id, attempt, schema_file).text()


def long_schema(plan: Plan, task_id: str) -> str:
    """The JSON Schema of a task's output where it is too long for a brief, which then names its file; else empty."""
    schema = str(plan.tasks[task_id].contract.get("json_schema") or "")
    return schema if len(schema) > LONGEST_SCHEMA else ""


def _listed(words: list[str] | tuple[str, ...]) -> list[str]:
    return [f"- {word}" for word in words]


def _missing(state: State, task: PlannedTask) -> dict[str, str]:
    """Why each of the dependencies is not there that a task goes on without."""
    found = {}
    for dependency in task.dependencies:
        outcome, reason = state.settled.get(dependency, ("", ""))
        if outcome != SUCCESS:
            found[dependency] = f"{PAST[outcome]}: {reason}" if outcome else "has not ended"
    return found
