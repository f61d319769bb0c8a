"""Task files from disk: read within bounds, checked, and complete with their defaults."""

from __future__ import annotations

import functools
import os
import stat
from typing import TYPE_CHECKING

from . import check, document, schema, values
from .collection import without_collection
from .drafts import Surroundings
from .inputs import Inputs, gather
from .nodes import Mapping
from .problem import IGNORE, LEVELS, MAX_PROBLEMS, Problem, has_error, raised
from .resolving import Roster
from .source import MAX_BYTES, decode, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .nodes import Node
    from .tasks import TaskFile


class Loaded:
    """A task file as far as it could be read.

    `problems` are sorted by position, `text` is what positions refer to, `data` the file's bytes as they were, `root`
    what stands in it, `inputs` what it takes from other files.
    """

    def __init__(
        self,
        path: str,
        problems: tuple[Problem, ...],
        text: str = "",
        data: bytes = b"",
        root: Node | None = None,
        inputs: Inputs | None = None,
    ) -> None:
        self.path, self.problems = path, problems
        self.text, self.data, self.root = text, data, root
        self.inputs = inputs or Inputs(Roster())

    def strictly(self) -> Loaded:
        """The same where warnings are errors."""
        return Loaded(self.path, raised(self.problems), self.text, self.data, self.root, self.inputs)

    @functools.cached_property
    def task_file(self) -> TaskFile | None:
        """The values; None when any problem is an error."""
        if has_error(self.problems) or not isinstance(self.root, Mapping):
            return None
        return values.task_file(self.root, self.inputs.prompts, self.inputs.matches, self.inputs.schemas)

    @property
    def count(self) -> int:
        """How many tasks it has, with those that `for_each` makes."""
        return values.count(self.root, self.inputs.matches) if isinstance(self.root, Mapping) else 0

    @functools.cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text, as positions count them."""
        return split_lines(self.text)


def load(path: str, project: str = "", *, rules: dict[str, object] | None = None) -> Loaded:
    """The task file at a path. Whatever cannot be read is a problem in line 1; nothing blocks, nothing raises.

    What it names of the project's files is looked for in `project`, else in the working directory.
    """
    try:
        data = _read(path)
    except _Unreadable as refusal:
        return Loaded(path, (Problem(path, 1, 1, 1, "unreadable", str(refusal)),))
    with without_collection():
        return load_text(path, data, project, rules=rules)


def load_text(name: str, source: str | bytes, project: str = "", *, rules: dict[str, object] | None = None) -> Loaded:
    """The task file in a text or in bytes; `name` stands in the problems. `rules` replaces the product's schema."""
    data = source.encode(errors="surrogatepass") if isinstance(source, str) else source
    text, refusal = decode(name, data)
    if refusal:
        return Loaded(name, (refusal,), text, data)
    read = document.compose(name, text)
    project = os.path.abspath(project)
    found = gather(name, read.root, project)
    around = Surroundings(found.matches, found.agents, os.path.relpath(os.path.abspath(name), project))
    broken = {*read.problems, *schema.check(read, rules), *found.problems, *check.check(read, around)}
    problems = _settled(broken)
    if IGNORE in text:
        from . import ignores

        problems = ignores.silence(read, problems)
    return Loaded(name, _first(problems), text, data, read.root, found)


def _settled(problems: set[Problem]) -> set[Problem]:
    """The problems without the changed values that are errors in any case."""
    changed = {problem for problem in problems if problem.kind == "changed-value"}
    places = {(p.line, p.column) for p in problems if p.level == "error"} if changed else set()
    return problems - {problem for problem in changed if (problem.line, problem.column) in places}


def _first(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in order, cut where nobody reads on; a hostile file could hold 100,000. Errors are cut last."""
    ordered = sorted(problems, key=_position)
    if len(ordered) <= MAX_PROBLEMS:
        return tuple(ordered)
    worst = sorted(ordered, key=lambda problem: LEVELS.index(problem.level))
    message = f"more than {MAX_PROBLEMS:,} problems; the rest is not shown"
    rest = worst[MAX_PROBLEMS]._replace(length=1, kind="too-many", message=message)
    return tuple(sorted([*worst[:MAX_PROBLEMS], rest], key=_position))


def _position(problem: Problem) -> tuple[int, int, int, str, str, str]:
    """The order of the problems of one file; 100,000 of them are sorted sooner by their parts than as values."""
    return (problem.line, problem.column, problem.length, problem.kind, problem.message, problem.level)


class _Unreadable(Exception):  # noqa: N818 - a refusal, in its own words
    """Why there are no bytes."""


def _read(path: str) -> bytes:
    try:
        # Looked at before it is opened, since opening acts on some devices; O_NONBLOCK in case a FIFO takes its place.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise _Unreadable(_no_file(os.stat(path).st_mode))
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _Unreadable(_no_file(os.fstat(descriptor).st_mode))
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _Unreadable("there is no such file") from None
    except OSError as error:
        raise _Unreadable(f"the file cannot be read: {(error.strerror or str(error)).lower()}") from None
    except ValueError:
        raise _Unreadable("the file cannot be read: its name holds a NUL character") from None


def _no_file(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "this is a directory; name a task file in it"
    kinds = (
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    what = next((name for test, name in kinds if test(mode)), "no regular file")
    return f"this is {what}, not a file; save the tasks in a file"
