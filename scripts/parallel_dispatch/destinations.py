"""Where the outputs of a plan go, and where none may: an agent may write there without a prompt."""

from __future__ import annotations

import os

from .kept import kept
from .plan import Plan
from .refusal import Refusal


class Destinations:
    """The places of outputs in one output directory; each folder that they lie in is looked at once.

    All paths are absolute. What others trust is no place for an output; `default` may lie in it all the same.
    """

    def __init__(self, output_dir: str, project: str, task_file: str, default: str) -> None:
        self._output_dir = output_dir
        self._project = os.path.realpath(project)
        self._task_file = os.path.realpath(task_file)
        self._default = os.path.realpath(default) + os.sep
        self._folders: dict[str, tuple[str, bool, bool]] = {}  # real path with a last /, is there, is allowed

    def path(self, task: str, output: str) -> str:
        """Where an output goes; `Refusal` where none may lie there."""
        path = os.path.normpath(os.path.join(self._output_dir, output))
        folder, name = os.path.split(path)
        found = self._folders.get(folder)
        if found is None:
            found = self._folders[folder] = self._look_at(folder)
        inside, is_there, is_allowed = found
        real = inside + name
        is_link = is_there and os.path.islink(real)
        if is_link or not is_allowed or kept(name) or real == self._task_file:
            reason = self._reason(os.path.realpath(path))
            if reason:
                raise Refusal(f'output "{output}" of task "{task}" {reason}')
        return path + ("/" if output.endswith("/") else "")

    def _look_at(self, folder: str) -> tuple[str, bool, bool]:
        real = os.path.join(os.path.realpath(folder), "")
        return real, os.path.isdir(real), not self._reason(real + "output")

    def _reason(self, real: str) -> str:
        """Why nothing may be written to a path without links; empty where it may."""
        inside = os.path.relpath(real, self._project)
        if os.pardir in inside.split(os.sep):
            return f"leaves the project through a link: {real}"
        reason = kept(inside)
        if reason and not real.startswith(self._default):
            return f"{reason}; name another place"
        return "is the task file itself; name another place" if real == self._task_file else ""

    @staticmethod
    def astray(plan: Plan, output: str) -> str:
        """Why an output has no longer the place that it was planned for; empty while it has.

        Agents can put links into the project. What they lead to is not written, moved away or taken for a result.
        """
        folder, name = os.path.split(output.rstrip("/"))
        real = os.path.join(os.path.realpath(folder), name)
        if real == os.path.join(os.path.realpath(plan.project), os.path.relpath(output, plan.project)):
            return ""
        places = Destinations(plan.output_dir, plan.project, plan.task_file, os.devnull)
        return f"lies elsewhere by now, through a link: {real}" if places._reason(real) else ""
