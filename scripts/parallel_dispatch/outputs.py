"""Where tasks write: what is no path inside the output directory, and what two tasks would write."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from typing import TYPE_CHECKING

from .drafts import problem
from .nodes import Scalar
from .problem import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .drafts import Draft, Outline
    from .problem import Problem

MAX_PATH = 1024  # bytes; macOS allows no more
MAX_NAME = 255  # bytes of one file name

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_ORDINARY = re.compile(r"[a-z0-9_][a-z0-9_.-]*(?:/[a-z0-9_][a-z0-9_.-]*)*", re.ASCII)


def bad_output(outline: Outline) -> Iterator[Problem]:
    """Outputs that are no path inside the output directory."""
    for task in outline.spread:
        reason = bad_path(task.path) if task.output else None
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
        known_id, unread = task.name.casefold() in ids, task.has_output and not task.output
        ids.add(task.name.casefold())
        if unread or bad_path(task.path) or (known_id and not task.output):
            continue
        other = first.setdefault(_folded(task.path), task)
        if other is not task:
            repeated.append((other, task))
    order = {id(task): index for index, task in enumerate(outline.spread)}
    for other, task in repeated:
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


def bad_output_dir(outline: Outline) -> Iterator[Problem]:
    """An output directory that leaves the project through `..` or is no path; absolute ones are judged by the run."""
    node = outline.settings.get("output_dir")
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return
    path = node.text
    reason = _no_path(path) or (_leaves(path) and f"leaves the project: {quoted(path)}") or None
    if reason:
        message = f'"output_dir" {reason}; write a folder inside the project, like "reviews/"'
        yield problem(outline.file, node, "bad-output-dir", message)


def _nested(outputs: dict[str, Draft]) -> Iterator[tuple[Draft, Draft]]:
    """Pairs of outputs of which the first contains the second; sorted by parts, what is inside follows at once."""
    above: list[tuple[list[str], Draft]] = []
    for path, task in sorted(outputs.items(), key=lambda item: item[0].split("/")):
        parts = path.split("/")
        while above and parts[: len(above[-1][0])] != above[-1][0]:
            above.pop()
        if above:
            yield above[-1][1], task
        above.append((parts, task))


def _is_ordinary(path: str) -> bool:
    """Whether a path is as most are, so that nothing of it needs a closer look."""
    return len(path) <= MAX_NAME and bool(_ORDINARY.fullmatch(path))


def _folded(path: str) -> str:
    """What two paths have in common that are the same to a file system which ignores case."""
    if _is_ordinary(path):
        return path
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
