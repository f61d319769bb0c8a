"""What a task file takes from the project's files: prompts, schemas, and the files that its globs find."""

from __future__ import annotations

import itertools
import json
import os
import posixpath
from typing import TYPE_CHECKING, Tuple

from . import globs
from .agents import roster
from .for_each import items_of, source_of
from .globs import MAX_LOOKED, TooMany
from .item import filled, mentions_item, substituted
from .nodes import Mapping, Node, Scalar, items
from .places import open_file
from .problem import Problem, quoted, suggestion
from .source import MAX_BYTES, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .resolving import Roster

MAX_ITEMS = 1000
MAX_JUDGED = 100
"""With so many of a task's items at most a JSON Schema is judged before the run; with each it is when it is needed."""
Wrong = Tuple[str, str]
"""Kind and message of a problem."""
NAMING = {"for_each", "prompt_file", "reads", "contract"}
"""The keys of a task that may name files."""
KEPT = {".git", ".parallel-dispatch"}
"""Folders in which no glob looks."""


class Inputs:
    """The texts of prompt files and of JSON Schemas and the files of globs, by what stands in the task file.

    And what is wrong with them. `agents` says who there is for the tasks. `judged` holds the flaws of the schemas that
    stand in the task file itself, or mention an item, by their texts: many tasks may share one.
    """

    def __init__(self, agents: Roster) -> None:
        self.agents = agents
        self.prompts: dict[str, str] = {}
        self.schemas: dict[str, str] = {}
        self.matches: dict[str, tuple[str, ...]] = {}
        self.judged: dict[str, list[tuple[tuple[str | int, ...], str]]] = {}
        self.problems: list[Problem] = []


def gather(file: str, root: object, project: str) -> Inputs:
    """Everything that a document's tasks name; paths are relative to the project and may not leave it."""
    found = Inputs(roster(project, os.path.expanduser("~")))
    for task in items(root.get("tasks")) if isinstance(root, Mapping) else []:
        if not isinstance(task, Mapping) or NAMING.isdisjoint(task.entries):
            continue
        wrong = (*_items(task, project, found), *_prompt(task, project, found), *_schema(task, project, found))
        for at, (kind, message) in wrong:
            found.problems.append(Problem(file, at.line, at.column, at.length, kind, message))
        for at, (kind, message) in _reads(task, project, found):
            level = "warning" if kind == "missing-file" else "error"  # another task may write it first
            found.problems.append(Problem(file, at.line, at.column, at.length, kind, message, level))
    return found


def _items(task: Mapping, project: str, found: Inputs) -> Iterator[tuple[Scalar, Wrong]]:
    pattern = _text(task.get("for_each"))
    why = _matched(pattern.text, project, found) if pattern else None
    if pattern and why:
        kind, message = why
        advice = _as_items(pattern.text) if kind == "missing-file" and "; did you mean" not in message else ""
        yield pattern, (kind, message + advice)


def _prompt(task: Mapping, project: str, found: Inputs) -> Iterator[tuple[Scalar, Wrong]]:
    prompt, source = _text(task.get("prompt_file")), source_of(task)
    if prompt and source and mentions_item(prompt.text):
        yield prompt, ("wrong-value", _too_early("prompt_file", task, source))
        return
    if prompt:
        yield from _first_wrong(prompt, task, found, lambda path: _read(path, project, found))


def _too_early(key: str, task: Mapping, source: Scalar) -> str:
    """That a file must be read before anybody knows the items that its path mentions."""
    named = _text(task.get("id"))
    return (
        f"{quoted(key)}{f' in task {quoted(named.text)}' if named else ''} must be the same for every item, which"
        f" nobody knows before {quoted(source.text)} has ended; write {{{{ item }}}} into the file instead"
    )


def _reads(task: Mapping, project: str, found: Inputs) -> Iterator[tuple[Scalar, Wrong]]:
    for node in filter(None, map(_text, items(task.get("reads")))):
        yield from _first_wrong(node, task, found, lambda path: _matched(path, project, found))


def _schema(task: Mapping, project: str, found: Inputs) -> Iterator[tuple[Node, Wrong]]:
    contract = task.get("contract")
    node = contract.get("json_schema") if isinstance(contract, Mapping) else None
    if isinstance(node, Mapping):
        yield from _flaws(node, task, found)
        return
    named, source = _text(node), source_of(task)
    if named and source and mentions_item(named.text):
        yield named, ("wrong-value", _too_early("json_schema", task, source))
    elif named:
        wrong = list(_first_wrong(named, task, found, lambda path: _read_schema(path, project, found)))
        yield from wrong or _flaws_with_items(named, task, found)


def _flaws_with_items(named: Scalar, task: Mapping, found: Inputs) -> Iterator[tuple[Scalar, Wrong]]:
    """What is wrong with a schema that stands in a file only with an item in its texts."""
    from .json_schema import place

    for item in (items_of(task, found.matches) or [])[:MAX_JUDGED]:
        path = substituted(named.text, item)
        text = found.schemas[path]
        for at, words in _judged(filled(json.loads(text), item), found) if mentions_item(text) else ():
            message = f"{quoted(path)} is no JSON Schema for the item {quoted(item)} ({place(at)} {words})"
            yield named, ("wrong-value", message)
            return


def _judged(schema: object, found: Inputs) -> list[tuple[tuple[str | int, ...], str]]:
    """What is wrong with a schema; each is judged once."""
    from .json_schema import flaws

    text = json.dumps(schema, default=repr)
    if text not in found.judged:
        found.judged[text] = flaws(schema)
    return found.judged[text]


def _flaws(node: Mapping, task: Mapping, found: Inputs) -> Iterator[tuple[Node, Wrong]]:
    """What is wrong with a schema that stands in the task file, with the first item where that decides."""
    expanded = items_of(task, found.matches) if mentions_item(str(node.value)) else None
    for item in [None] if expanded is None else expanded[:MAX_JUDGED]:
        wrong = _judged(filled(node.value, item), found)
        for path, words in wrong:
            at: Node = node
            for step in path:
                inner = at.get(str(step)) if isinstance(at, Mapping) else items(at)[int(step)]
                at = inner or at
            named = task.get("id")
            place = f" in task {quoted(named.text)}" if isinstance(named, Scalar) and named.text else ""
            yield at, ("wrong-value", f"{_subject(path)}{place} {words}")
        if wrong:
            return


def _subject(path: tuple[str | int, ...]) -> str:
    """What stands at a place in a schema."""
    if not path:
        return '"json_schema"'
    last = path[-1]
    subject = quoted(last) if isinstance(last, str) else f"item {last + 1} of {quoted(str(path[-2]))}"
    return f"{subject} in the JSON Schema"


def _first_wrong(
    node: Scalar, task: Mapping, found: Inputs, judge: Callable[[str], Wrong | None]
) -> Iterator[tuple[Scalar, Wrong]]:
    """The first thing that is wrong with a path of a task, of all that it is for the task's items."""
    why = next(filter(None, map(judge, _each(node, task, found))), None)
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
    try:
        matched = sorted(set(_files(pattern, project)))
    except TooMany:
        return "wrong-value", f"{quoted(pattern)} looks into more than {MAX_LOOKED:,} files; begin it with a folder"
    for path in matched:
        if _outside(path, project):
            return "bad-path", f"{quoted(path)}, which {quoted(pattern)} finds, is a link that leaves the project"
        paths.append(path)
        if len(paths) > MAX_ITEMS:
            return "wrong-value", f"{quoted(pattern)} finds more than {MAX_ITEMS:,} files; name fewer"
    if not paths:
        return "missing-file", f"{quoted(pattern)} finds no file in the project{_near(pattern, project)}"
    found.matches[pattern] = tuple(paths)
    return None


def _as_items(pattern: str) -> str:
    """What to write where the items themselves were meant."""
    items = [word for word in pattern.replace(",", " ").split() if word != "-"]
    return f"; write [{', '.join(items)}] if these are the items" if len(items) > 1 and len(pattern) < 60 else ""


def _files(pattern: str, project: str) -> Iterator[str]:
    for path in globs.paths(pattern, project):
        normal = posixpath.normpath(path.replace(os.sep, "/"))
        if not KEPT & set(normal.split("/")) and os.path.isfile(os.path.join(project, path)):
            yield normal


def _read(path: str, project: str, found: Inputs) -> Wrong | None:
    """What is wrong with a prompt file; its text is in `found` afterwards."""
    text, wrong = _content(path, project, "prompt")
    if wrong:
        return "bad-path" if wrong == _outside(path, project) else "missing-file", wrong
    found.prompts[path] = text.rstrip("\n")
    return None


def _read_schema(path: str, project: str, found: Inputs) -> Wrong | None:
    """What is wrong with a file that holds a JSON Schema; its text, made short, is in `found` afterwards."""
    from .json_schema import flaws, place

    if path in found.schemas:
        return None
    text, wrong = _content(path, project, "schema")
    if wrong:
        return "bad-path" if wrong == _outside(path, project) else "missing-file", wrong
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        why = error.msg[:1].lower() + error.msg[1:]
        return "wrong-value", f"{quoted(path)} holds no JSON: line {error.lineno}, column {error.colno}: {why}"
    except (RecursionError, ValueError):  # nested too deeply, or a number of 5,000 digits
        return "wrong-value", f"{quoted(path)} holds no JSON that can be read"
    if not isinstance(value, dict):
        return "wrong-value", f"{quoted(path)} holds no JSON Schema; write an object"
    for at, words in flaws(value):
        return "wrong-value", f"{quoted(path)} is no JSON Schema ({place(at)} {words})"
    found.schemas[path] = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return None


def _content(path: str, project: str, what: str) -> tuple[str, str]:
    """The text of a file of the project, and what is wrong with it, as what it is to hold."""
    outside = _outside(path, project)
    if outside:
        return "", outside
    whole = os.path.join(project, path)
    if not os.path.lexists(whole):
        return "", f"there is no file {quoted(path)} in the project{_near(path, project)}"
    if not os.path.isfile(whole):
        return "", f"{quoted(path)} is no file; name one that holds the {what}"
    try:
        with open_file(whole) as file:
            text, refused = decode(path, file.read(MAX_BYTES + 1))
    except OSError as error:
        return "", f"{quoted(path)} cannot be read: {(error.strerror or str(error)).lower()}"
    if refused:
        return "", f"{quoted(path)}, line {refused.line}: {refused.message}"
    if not text.strip():
        return "", f"{quoted(path)} is empty; write the {what} into it"
    return text, ""


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
        with os.scandir(os.path.join(project, folder)) as entries:
            names = sorted(entry.name for entry in itertools.islice(entries, 1000) if not entry.is_dir())
    except (OSError, ValueError):
        return ""
    near = suggestion(name, names)
    return near.replace('mean "', f'mean "{folder}/', 1) if folder else near
