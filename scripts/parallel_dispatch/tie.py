"""What is known of one agent at work: the file that every tool call of it is judged by, without plan or ledger."""

from __future__ import annotations

import os
import time

from . import quickjson
from .places import FOLDER, read_text
from .scopes import ANY, covers

TYPE_CHECKING = False  # `typing` and `collections` would cost every hook milliseconds
if TYPE_CHECKING:
    from collections.abc import Iterator


class Tie:
    """What an agent works at, until when, and what it may write.

    Told to finish at `deadline`, ended at `end` (seconds of the machine's monotonic clock). `called_off` says why the
    agent is to end at its next tool call, whatever the time. `project` and `outputs`, below which all outputs lie, are
    real paths; `own` are those of the task's output, a directory with a trailing slash; `scope` are the globs of its
    write scope. `folds`: to the file system, letters of either case are the same. `looks`: the agent changes nothing,
    so its shell is for looking.
    """

    __slots__ = (
        "attempt",
        "called_off",
        "deadline",
        "end",
        "folds",
        "looks",
        "outputs",
        "own",
        "project",
        "scope",
        "task",
        "transcript",
    )

    def __init__(
        self,
        task: str,
        attempt: int,
        deadline: float,
        end: float,
        transcript: str,
        project: str,
        outputs: str,
        own: list[str],
        scope: list[str],
        folds: bool,
        called_off: str = "",
        looks: bool = False,
    ) -> None:
        self.task = task
        self.attempt = attempt
        self.deadline = deadline
        self.end = end
        self.transcript = transcript
        self.project = project
        self.outputs = outputs
        self.own = own
        self.scope = scope
        self.folds = folds
        self.called_off = called_off
        self.looks = looks

    @property
    def is_late(self) -> bool:
        """Whether the agent's time is up."""
        return time.monotonic() >= self.deadline

    @property
    def is_over(self) -> bool:
        """Whether the agent is to end now."""
        return bool(self.called_off) or time.monotonic() >= self.end

    def owns(self, path: str) -> bool:
        """Whether a real path is the task's declared output, or lies in it."""
        return is_output(self.folded(path), [self.folded(one) for one in self.own])

    def is_in_scope(self, path: str) -> bool:
        """Whether a real path is in the write scope; the files of runs never are."""
        path, project = self.folded(path), self.folded(self.project)
        inside = path[len(project.rstrip("/")) + 1 :] if is_in(path, project) else ""
        return bool(inside) and not is_in(inside, FOLDER) and any(covers(self.folded(g), inside) for g in self.scope)

    def may_surely_write(self, path: str) -> bool:
        """Whether a real path is in the write scope, and not among the outputs, of which others may be."""
        return self.is_in_scope(path) and not is_in(self.folded(path), self.folded(self.outputs))

    def folded(self, path: str) -> str:
        """A path as the file system tells it from others."""
        return path.casefold() if self.folds else path

    def free(self, uptime: float) -> str:
        """The text of the file by which `hooks/step` settles the plainest calls without Python.

        First the deadline, in whole seconds since the machine was started, as it counts them; then the places that the
        agent may write, a folder with a trailing slash, those of its own output behind `own`. Empty where there is no
        such file: what cannot be told by the beginning of a path alone is left to Python.
        """
        until = int(uptime + self.deadline - time.monotonic())
        lines = [*(f"own {path}" for path in self.own), *(f"may {path}" for path in self._plain_places())]
        return "\n".join([str(until), *lines, ""]) if not self.folds and "\n" not in "".join(lines) else ""

    def _plain_places(self) -> Iterator[str]:
        """The real paths of those globs of the scope that stand for a file, or for all in a folder."""
        for glob in self.scope:
            steps = [step for step in glob.split("/") if step not in ("", ".")]
            begins = "/".join([self.project, *(steps[:-1] if steps[-1:] == [ANY] else steps)])
            if any(mark in begins[len(self.project) :] for mark in "*?[") or is_in(begins, self.outputs):
                continue
            kept = os.path.join(self.project, FOLDER)
            if not (is_in(self.outputs, begins) or is_in(begins, kept) or is_in(kept, begins)):
                yield from ([] if steps[-1:] == [ANY] else [begins])
                yield begins + "/"

    def to_json(self) -> str:
        """The text of the tie's file."""
        return quickjson.dumps({name: getattr(self, name) for name in Tie.__slots__}) + "\n"

    @staticmethod
    def read(path: str) -> Tie | None:
        """The tie in a file; None where the agent is not of this run."""
        value = quickjson.record(read_text(path))
        return Tie(**value) if value else None  # type: ignore[arg-type]


def is_output(path: str, own: list[str]) -> bool:
    """Whether a real path is an output of which these are the real paths, or lies in it."""
    return any(path == one or (one.endswith("/") and path.startswith(one)) for one in own)


def is_in(path: str, folder: str) -> bool:
    """Whether a path is a folder, or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def real(path: str, folder: str) -> str:
    """Where a path leads that an agent gave, from the folder it works in: links resolved, whatever there is of it.

    One that ends in a slash stays so: it is a folder in which something is written.
    """
    path = path.replace("\0", "�").encode(errors="surrogatepass").decode(errors="replace")  # as the host writes names
    there = os.path.realpath(os.path.join(folder, os.path.expanduser(path)))
    return there + "/" if path.endswith("/") else there
