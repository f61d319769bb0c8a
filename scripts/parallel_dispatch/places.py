"""Where everything lies on disk; nothing else in the product puts a path together."""

from __future__ import annotations

import errno
import io
import os
import stat

FOLDER = ".parallel-dispatch"
BRIEF = "briefs/base.md.j2"
"""The template for briefs, in a folder of templates."""
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""The plugin's own folder."""


def cache_folder() -> str:
    """The user's cache: the Python environment and fetched hosts; the launcher and `prepare.py` say the same."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.abspath(os.environ.get("PARALLEL_DISPATCH_CACHE") or os.path.join(base, "parallel-dispatch"))


def interpreter_file() -> str:
    """The file in the user's cache that names the interpreter of everything of ours; hooks start no other."""
    return os.path.join(cache_folder(), "interpreter")


def project_folder(project: str) -> str:
    """The folder in a project that the product keeps its own things in."""
    return os.path.join(project, FOLDER)


def runs_folder(project: str) -> str:
    """The folder of all runs of a project."""
    return os.path.join(project, FOLDER, "runs")


def team_folder(project: str) -> str:
    """Where a team keeps templates of its own, which win over ours."""
    return os.path.join(project, ".claude", "parallel-dispatch", "templates")


def team_brief(project: str) -> str:
    """A team's own template for briefs."""
    return os.path.join(team_folder(project), BRIEF)


def active_folder(project: str) -> str:
    """The folder of the files that say which run a conversation drives."""
    return os.path.join(project, FOLDER, "active")


def active_file(project: str, session: str) -> str:
    """The file that says which run a conversation drives; the shell guard looks for it before anything else."""
    return os.path.join(active_folder(project), os.path.basename(session) or "none")


def default_output_folder(project: str, run_name: str) -> str:
    """The output directory of a run whose task file names none."""
    framework, ours = default_output_folders(project, run_name)
    return framework if os.path.isdir(os.path.dirname(framework)) else ours


def default_output_folders(project: str, run_name: str) -> tuple[str, str]:
    """The output directories of which a run without a name for one takes the first, where `.aiwg` is there."""
    return os.path.join(project, ".aiwg", "working"), os.path.join(project, FOLDER, "outputs", run_name)


class RunFolder:
    """The paths inside one run's directory."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The run's name: its directory's."""
        return os.path.basename(self.path)

    @property
    def plan(self) -> str:
        """The plan that the run was started with."""
        return os.path.join(self.path, "plan.json")

    @property
    def plans(self) -> str:
        """The folder of the plans that the run was resumed with; there is none where it goes on by its first."""
        return os.path.join(self.path, "plans")

    def later_plan(self, name: str) -> str:
        """A plan that the run was resumed with, under the name by which the ledger knows it."""
        return os.path.join(self.plans, os.path.basename(name) + ".json")

    def later_task_file(self, name: str) -> str:
        """The task file of such a plan, as it was."""
        return os.path.join(self.plans, os.path.basename(name) + ".yaml")

    @property
    def task_file(self) -> str:
        """The task file that the run was started with, as it was."""
        return os.path.join(self.path, "tasks.yaml")

    @property
    def ledger(self) -> str:
        """The append-only event file."""
        return os.path.join(self.path, "ledger.jsonl")

    @property
    def offer(self) -> str:
        """What was last offered to the host in this turn."""
        return os.path.join(self.path, "offer")

    @property
    def owner(self) -> str:
        """The file that names the conversation which drives the run."""
        return os.path.join(self.path, "owner")

    @property
    def waking(self) -> str:
        """The file that is there while a watcher's word is on its way to the main conversation."""
        return os.path.join(self.path, "waking")

    @property
    def report(self) -> str:
        """The report for people."""
        return os.path.join(self.path, "report.md")

    def beside(self, name: str) -> str:
        """Another report, beside the one for people."""
        return os.path.join(self.path, os.path.basename(name))

    @property
    def tree(self) -> str:
        """What the project looked like when agents began; gone once that was compared."""
        return os.path.join(self.path, "tree.json")

    @property
    def audit(self) -> str:
        """What was changed outside of write scopes."""
        return os.path.join(self.path, "audit.json")

    @property
    def outputs(self) -> str:
        """Where a rehearsal's outputs go."""
        return os.path.join(self.path, "outputs")

    @property
    def briefs(self) -> str:
        """The folder of the rendered briefs."""
        return os.path.join(self.path, "briefs")

    def brief(self, task: str, attempt: int) -> str:
        """The brief of one attempt."""
        return os.path.join(self.briefs, _of_attempt(task, attempt) + ".md")

    def schema(self, task: str) -> str:
        """The JSON Schema of a task's output, where it is too long for the brief."""
        return os.path.join(self.path, "schemas", f"{task}.json")

    def integration(self, task: str) -> str:
        """The findings that an integrator merges, with their ids."""
        return os.path.join(self.path, "integration", f"{task}.md")

    def first_try(self, task: str, attempt: int) -> str:
        """An integrator's output as it was before its agent was sent back for what it lost."""
        return os.path.join(self.path, "integration", _of_attempt(task, attempt) + ".first")

    def answer(self, task: str, attempt: int) -> str:
        """The last words of one attempt."""
        return os.path.join(self.path, "answers", _of_attempt(task, attempt) + ".md")

    def before(self, task: str, attempt: int) -> str:
        """Where what lay at the output's place before an attempt is kept."""
        return os.path.join(self.path, "before", _of_attempt(task, attempt))

    def agent(self, agent_id: str) -> str:
        """The file that ties one agent of the host to its attempt."""
        return os.path.join(self.path, "agents", os.path.basename(agent_id))

    def free(self, agent_id: str) -> str:
        """The file by which the shell settles the plainest calls of an agent at work."""
        return f"{self.agent(agent_id)}.free"

    def watcher(self, agent_id: str) -> str:
        """The named pipe on which the watcher of a background agent listens."""
        return os.path.join(self.path, "watchers", os.path.basename(agent_id) or "none")


def _of_attempt(task: str, attempt: int) -> str:
    return task if attempt == 1 else f"{task}#{attempt}"


def write_whole(path: str, text: str) -> None:
    """The file, whole or not at all: written aside, then renamed; folders above it are made. Half characters go."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    aside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(aside, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
        os.replace(aside, path)
    except BaseException as error:
        if os.path.exists(aside):
            os.unlink(aside)
        if isinstance(error, OSError):
            error.filename = error.filename or path
        raise


def open_file(path: str) -> io.BufferedReader:
    """A file to be read; `OSError` where it is none: a pipe or a device that somebody put there holds nobody up."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(kind, "this is a directory" if stat.S_ISDIR(mode) else "this is no regular file", path)
    return open(descriptor, "rb")


def read_text(path: str) -> str:
    """The text of a file; empty where there is none. Bytes that are no UTF-8 come back as replacement characters."""
    try:
        with io.TextIOWrapper(open_file(path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""
