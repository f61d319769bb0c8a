"""Where tasks write: what is no path inside the output directory, and what two tasks would write."""

from __future__ import annotations

import itertools
import posixpath
import re
import unicodedata
from typing import TYPE_CHECKING

from .drafts import graph_of, problem, upstream_of
from .item import substituted
from .kept import kept
from .nodes import Scalar, items, scalar
from .problem import quoted
from .scopes import overlapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .drafts import Draft, Outline
    from .problem import Problem

MAX_COMPARED = 20_000  # pairs of write scopes in one file
MAX_PATH = 1024  # bytes; macOS allows no more
MAX_NAME = 255  # bytes of one file name

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # those of text direction, too
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_ORDINARY = re.compile(r"[a-z0-9_][a-z0-9_.-]*(?:/[a-z0-9_][a-z0-9_.-]*)*", re.ASCII)


def bad_output(outline: Outline) -> Iterator[Problem]:
    """Outputs that are no path inside the output directory."""
    for task in outline.spread:
        reason = bad_path(task.path) or _taken(outline, task) if task.output else None
        if task.output and reason:
            example = f"{task.id.text}.md"
            message = f'"output" in task {quoted(task.name)} {reason}; write a path inside output_dir, like "{example}"'
            yield problem(outline.file, task.output, "bad-output", message)


def duplicate_output(outline: Outline) -> Iterator[Problem]:
    """Outputs of two tasks that are the same or one inside the other, on file systems that ignore case too."""
    first: dict[str, Draft] = {}
    repeated: list[tuple[Draft, Draft]] = []
    ids: set[str] = set()
    for task in outline.spread:
        name, path = task.name.casefold(), task.path
        known_id, unread = name in ids, task.has_output and not task.output
        ids.add(name)
        if not _is_ordinary(path):
            unread, path = unread or bool(bad_path(path)), _folded(path)
        if unread or (known_id and not task.output):
            continue
        other = first.setdefault(path, task)
        if other is not task:
            repeated.append((other, task))
    order = {id(task): index for index, task in enumerate(outline.spread)}
    for other, task in repeated:
        if other.node is task.node:
            yield same_for_every_item(outline.file, task)
            continue
        message = (
            f"task {quoted(task.name)} writes {quoted(task.path)}, as task {quoted(other.name)} does"
            f" (line {other.place.line}); choose another output"
        )
        yield problem(outline.file, task.place, "duplicate-output", message)
    for outer, inner in _nested(first):
        earlier, later = sorted((outer, inner), key=lambda task: order[id(task)])
        relation = "inside" if later is inner else "which contains"
        message = (
            f"task {quoted(later.name)} writes {quoted(later.path)}, {relation} the output {quoted(earlier.path)}"
            f" of task {quoted(earlier.name)} (line {earlier.place.line}); choose another output"
        )
        yield problem(outline.file, later.place, "duplicate-output", message)


def same_for_every_item(file: str, task: Draft) -> Problem:
    """The problem of an output that every item of a task has in common."""
    message = (
        f"task {quoted(task.id.text)} writes {quoted(task.path)} for every item;"
        " put {{ item }} into its output, or leave it out"
    )
    return problem(file, task.place, "duplicate-output", message)


def bad_output_dir(outline: Outline) -> Iterator[Problem]:
    """An output directory that leaves the project through `..` or is no path; absolute ones are judged by the run."""
    node = outline.settings.get("output_dir")
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return
    path = node.text
    reason = _no_path(path) or (_leaves(path) and f"leaves the project: {quoted(path)}") or _kept(path)
    if reason:
        message = f'"output_dir" {reason}; write a folder inside the project, like "reviews/"'
        yield problem(outline.file, node, "bad-output-dir", message)


def bad_scope(outline: Outline) -> Iterator[Problem]:
    """Write scopes that are no globs over the project's files."""
    for task in outline.tasks if "writes" in outline.keys else ():
        for node in map(scalar, items(task.node.get("writes"))):
            reason = node and bad_scope_path(node.text)
            if node and node.text.strip() and reason:
                message = f'{quoted(node.text)} under "writes" in task {quoted(task.name)} {reason}; '
                yield problem(outline.file, node, "bad-path", f'{message}write a path inside it, like "src/**"')


def bad_scope_path(path: str) -> str | None:
    """Why a text is no glob over the project's files."""
    return _no_path(path) or ("leaves the project" if _outside(path) else None)


def overlapping_scope(outline: Outline) -> Iterator[Problem]:
    """Tasks that could run at once but for their write scopes, of which the first pair for each task is named."""
    scopes = [(task, node) for task in outline.spread for node in _scope(task)] if "writes" in outline.keys else []
    graph = graph_of(outline.tasks) if scopes else {}
    upstream: dict[str, set[str]] = {}
    told: set[int] = set()
    for (one, glob), (other, another) in itertools.islice(itertools.combinations(scopes, 2), MAX_COMPARED):
        if one is other or id(other) in told:
            continue
        if not overlapping((_written(glob, one),), (_written(another, other),)):
            continue
        for task in (one, other):
            upstream.setdefault(task.id.text, upstream_of(task.id.text, graph))
        if one.id.text not in upstream[other.id.text] and other.id.text not in upstream[one.id.text]:
            told.add(id(other))
            message = (
                f"task {quoted(other.name)} may write {quoted(_written(another, other))}, task {quoted(one.name)} may"
                f" write {quoted(_written(glob, one))} (line {glob.line}), so the two never run at once; divide the"
                " files, or let one depend on the other"
            )
            yield problem(outline.file, another, "overlapping-scope", message, "advice")


def _scope(task: Draft) -> list[Scalar]:
    found = [scalar(node) for node in items(task.node.get("writes"))]
    texts = [node for node in found if node and isinstance(node.value, str)]
    return [node for node in texts if not (_no_path(node.text) or _outside(node.text))]


def _written(node: Scalar, task: Draft) -> str:
    return substituted(node.text, task.item)


def _outside(path: str) -> bool:
    return path.startswith("/") or bool(_DRIVE.match(path)) or _leaves(path)


def _taken(outline: Outline, task: Draft) -> str | None:
    """Whose place an output would take that lies in an output directory which the file names."""
    folder = scalar(outline.settings.get("output_dir"))
    if not folder or _no_path(folder.text) or _outside(folder.text) or _kept(folder.text):
        return None
    path = posixpath.normpath(posixpath.join(folder.text, task.path))
    if path == outline.surroundings.path:
        return "is the task file itself"
    return _kept(path)


def _kept(path: str) -> str | None:
    where = kept(path)
    return f"{where}, where no agent may write" if where else None


def _nested(outputs: dict[str, Draft]) -> Iterator[tuple[Draft, Draft]]:
    """Pairs of outputs of which the first contains the second, and nothing between them does."""
    folders: dict[str, Draft | None] = {"": None}
    for path, task in outputs.items():
        known = path.rpartition("/")[0]
        if known not in folders:
            above = known
            while above and above not in outputs:
                above = above.rpartition("/")[0]
            folders[known] = outputs.get(above)
        outer = folders[known]
        if outer:
            yield outer, task


def _is_ordinary(path: str) -> bool:
    """Whether a path is as most are, so that nothing of it needs a closer look."""
    return len(path) <= MAX_NAME and bool(_ORDINARY.fullmatch(path))


def _folded(path: str) -> str:
    """What two paths have in common that are the same to a file system which ignores case."""
    return unicodedata.normalize("NFC", posixpath.normpath(path).casefold())


def _leaves(path: str) -> bool:
    normal = posixpath.normpath(path)
    return normal == ".." or normal.startswith("../")


def _no_path(path: str) -> str | None:
    """Why a text is no path at all."""
    if not path.strip():
        return "is empty"
    if _CONTROL.search(path):
        return "holds a control character"
    if path.startswith("~"):
        return 'begins with "~", which is not expanded here'
    size = len(path.encode(errors="replace"))
    if size > MAX_PATH or (
        size > MAX_NAME and any(len(n.encode(errors="replace")) > MAX_NAME for n in path.split("/"))
    ):
        return "is too long for a file system"
    return None


def bad_path(path: str) -> str | None:
    """Why a path cannot be an output."""
    if _is_ordinary(path):
        return None
    reason = _no_path(path)
    if reason:
        return reason
    if path.startswith("/") or _DRIVE.match(path):
        return f"is the absolute path {quoted(path)}"
    if _leaves(path):
        return f"leaves output_dir: {quoted(path)}"
    if posixpath.normpath(path) == ".":
        return "is output_dir itself"
    return None
