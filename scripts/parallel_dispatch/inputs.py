"""What a task file takes from the project's files: prompts, and the files that its globs find."""

from __future__ import annotations

import glob
import os
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Tuple

from .for_each import items_of, source_of
from .item import mentions_item, substituted
from .nodes import Mapping, Node, Scalar, items
from .problem import Problem, quoted, suggestion
from .source import MAX_BYTES, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ITEMS = 1000
Wrong = Tuple[str, str]
"""Kind and message of a problem."""
KEPT = {".git", ".parallel-dispatch"}
"""Folders in which no glob looks."""


@dataclass
class Inputs:
    """The texts of prompt files and the files of globs, both by what stands in the task file, and what is wrong."""

    prompts: dict[str, str] = field(default_factory=dict)
    matches: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def gather(file: str, root: object, project: str) -> Inputs:
    """Everything that a document's tasks name; paths are relative to the project and may not leave it."""
    found = Inputs()
    for task in items(root.get("tasks")) if isinstance(root, Mapping) else []:
        if not isinstance(task, Mapping):
            continue
        for at, (kind, message) in (*_items(task, project, found), *_prompt(task, project, found)):
            found.problems.append(Problem(file, at.line, at.column, at.length, kind, message))
        for at, (kind, message) in _reads(task, project, found):
            level = "warning" if kind == "missing-file" else "error"  # another task may write it first
            found.problems.append(Problem(file, at.line, at.column, at.length, kind, message, level))
    return found


def _items(task: Mapping, project: str, found: Inputs) -> Iterator[tuple[Scalar, Wrong]]:
    pattern = _text(task.get("for_each"))
    why = _matched(pattern.text, project, found) if pattern else None
    if pattern and why:
        yield pattern, why


def _prompt(task: Mapping, project: str, found: Inputs) -> Iterator[tuple[Scalar, Wrong]]:
    prompt = _text(task.get("prompt_file"))
    source = source_of(task)
    if prompt and source and mentions_item(prompt.text):
        named = _text(task.get("id"))
        message = (
            f'"prompt_file"{f" in task {quoted(named.text)}" if named else ""} must be the same for every item, which'
            f" nobody knows before {quoted(source.text)} has ended; write {{{{ item }}}} into the file instead"
        )
        yield prompt, ("wrong-value", message)
        return
    for path in _each(prompt, task, found) if prompt else ():
        why = _read(path, project, found)
        if prompt and why:
            yield prompt, why
            return


def _reads(task: Mapping, project: str, found: Inputs) -> Iterator[tuple[Scalar, Wrong]]:
    for node in filter(None, map(_text, items(task.get("reads")))):
        wrong = (_matched(path, project, found) for path in _each(node, task, found))
        why = next(filter(None, wrong), None)
        if why:
            yield node, why


def _each(node: Scalar, task: Mapping, found: Inputs) -> list[str]:
    """A text of a task for every item, each once; none where nobody knows the items yet."""
    expanded = items_of(task, found.matches)
    if source_of(task) and mentions_item(node.text):
        return []
    return [node.text] if expanded is None else list(dict.fromkeys(substituted(node.text, item) for item in expanded))


def _text(node: Node | None) -> Scalar | None:
    return node if isinstance(node, Scalar) and isinstance(node.value, str) and node.text.strip() else None


def _matched(pattern: str, project: str, found: Inputs) -> Wrong | None:
    """What is wrong with a glob; its files are in `found` afterwards."""
    if pattern in found.matches:
        return None
    outside = _outside(pattern, project)
    if outside:
        return "bad-path", outside
    paths = []
    for path in sorted(_files(pattern, project)):
        if _outside(path, project):
            return "bad-path", f"{quoted(path)}, which {quoted(pattern)} finds, is a link that leaves the project"
        paths.append(path)
        if len(paths) > MAX_ITEMS:
            return "wrong-value", f"{quoted(pattern)} finds more than {MAX_ITEMS:,} files; name fewer"
    if not paths:
        return "missing-file", f"{quoted(pattern)} finds no file in the project{_near(pattern, project)}"
    found.matches[pattern] = tuple(paths)
    return None


def _files(pattern: str, project: str) -> Iterator[str]:
    for path in glob.iglob(pattern, root_dir=project, recursive=True):
        normal = posixpath.normpath(path.replace(os.sep, "/"))
        if not KEPT & set(normal.split("/")) and os.path.isfile(os.path.join(project, path)):
            yield normal


def _read(path: str, project: str, found: Inputs) -> Wrong | None:
    """What is wrong with a prompt file; its text is in `found` afterwards."""
    outside = _outside(path, project)
    if outside:
        return "bad-path", outside
    whole = os.path.join(project, path)
    if not os.path.lexists(whole):
        return "missing-file", f"there is no file {quoted(path)} in the project{_near(path, project)}"
    if not os.path.isfile(whole):
        return "missing-file", f"{quoted(path)} is no file; name one that holds the prompt"
    try:
        with open(whole, "rb") as file:
            text, refused = decode(path, file.read(MAX_BYTES + 1))
    except OSError as error:
        return "missing-file", f"{quoted(path)} cannot be read: {(error.strerror or str(error)).lower()}"
    if refused:
        return "missing-file", f"{quoted(path)}, line {refused.line}: {refused.message}"
    if not text.strip():
        return "missing-file", f"{quoted(path)} is empty; write the prompt into it"
    found.prompts[path] = text.rstrip("\n")
    return None


def _outside(path: str, project: str) -> str:
    """Why a path is none inside the project; empty where it is one."""
    if "\0" in path:
        return "a path holds no NUL character"
    if path.startswith(("/", "~")):
        return f"{quoted(path)} must be relative to the project"
    real, top = os.path.realpath(os.path.join(project, path)), os.path.realpath(project)
    if real != top and not real.startswith(top.rstrip(os.sep) + os.sep):
        return f"{quoted(path)} leaves the project; name a path inside it"
    return ""


def _near(path: str, project: str) -> str:
    """The file in the same folder that may be meant."""
    folder, name = posixpath.split(path)
    try:
        names = sorted(os.listdir(os.path.join(project, folder)))[:1000]
    except (OSError, ValueError):
        return ""
    near = suggestion(name, names)
    return near.replace('mean "', f'mean "{folder}/', 1) if folder else near
