"""A run without hooks, driven step by step in this process, with files on disk."""

from __future__ import annotations

import os

from builders import write
from hooking import rows
from parallel_dispatch import run as running
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.load import load
from parallel_dispatch.options import Options
from parallel_dispatch.without_hooks import claim_offered, next_step


class Driven:
    """One run of a task file, from its start; whoever drives it writes the outputs."""

    def __init__(self, project, text, **options):
        self.project = project
        self.task_file = write(os.path.join(project, "tasks.yaml"), text)
        self.run, self.text = running.start(load(self.task_file, project), Options(**options), project)
        claim_offered(self.run)

    def edits(self, old, new):
        """The user changes the task file."""
        with open(self.task_file, encoding="utf-8") as file:
            text = file.read()
        assert old in text
        write(self.task_file, text.replace(old, new))

    def writes(self, **texts):
        """Agents write the outputs of their tasks."""
        for task, text in texts.items():
            write(self.run.plan.tasks[task.replace("_", "-")].output, text)

    def does(self, *tasks):
        """Agents write these tasks' outputs, and the run goes on; whether it is over."""
        self.writes(**{task.replace("-", "_"): f"The work of {task}.\n" for task in tasks})
        return self.goes_on()

    def goes_on(self):
        """What was dispatched is judged; whether the run is over."""
        self.text, over = next_step(self.run)
        return over

    def resumes(self, **how):
        """The run is taken up again."""
        self.run, self.text = running.resume(self.project, self.run.plan.run, "", **how)
        claim_offered(self.run)

    @property
    def offered(self):
        """The tasks of the last block."""
        return [row["description"] for row in rows(self.text)]

    @property
    def said(self):
        """What stood above the last block."""
        return self.text.partition("\n\n")[0].splitlines()

    @property
    def outcomes(self):
        """How every task stands, replayed from disk."""
        return {task: outcome for task, (outcome, _) in ActiveRun(self.run.folder.path).state().outcomes().items()}
