"""What is a task file: a name pattern and a shape, so that files of other programs are left alone. Pure.

`hooks/written` decides the same names in the shell; a test holds both, and the filter in `hooks.json`, together.
"""

from __future__ import annotations

import posixpath
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from .document import compose
from .nodes import Mapping, items
from .source import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .nodes import Node

NAME = re.compile(r"(?:.*[._-])?tasks\.ya?ml", re.DOTALL)
"""`tasks.yaml`, `review.tasks.yaml`, `review-tasks.yml`, `review_tasks.yaml`; the folder makes no difference."""

SCHEMA_FILE = "task-file.schema.json"

_LIKENESS = 0.8  # "promt" and "Prompts" are meant as "prompt"; "project" and "promote" are not
_SCHEMA_LINE = re.compile(r"#\s*yaml-language-server:\s*\$schema=(\S+)")
_LIST_OF_TASKS = re.compile(r"^[\"']?tasks[\"']?[ \t]*:?(?:\s|#.*\n)*[-\[]", re.MULTILINE)
_KEY = re.compile(r"(?:^[ \t]*|-[ \t]+|[{,][ \t]*)[\"']?(p[\w-]{3,11})[\"']?[ \t]*:", re.MULTILINE | re.IGNORECASE)


def is_task_file(path: str, text: str) -> bool:
    """Whether a file is meant as a task file, by its name and its text, be it full of mistakes."""
    return is_named(path) and has_shape(text)


def is_named(path: str) -> bool:
    """Whether a file is named as task files are."""
    return NAME.fullmatch(posixpath.basename(path)) is not None


def has_shape(text: str) -> bool:
    """Whether a text looks like a task file: `tasks` is a list in which some entry has a prompt, misspelt perhaps.

    A line at the top that names a schema for editors decides alone. Where the YAML is broken, its lines are looked at.
    """
    schema = _declared_schema(text)
    if schema:
        return posixpath.basename(schema) == SCHEMA_FILE
    root = compose("", text).root
    return _looks_like_tasks(text) if root is None else _holds_tasks(root)


def _declared_schema(text: str) -> str:
    """The schema that a comment at the top of a text names, if one does."""
    for line in split_lines(text.removeprefix("\ufeff")):
        found = _SCHEMA_LINE.match(line)
        if found:
            return found[1]
        if line.strip() and not line.startswith("#"):
            break
    return ""


def _holds_tasks(root: Node) -> bool:
    if not isinstance(root, Mapping):
        return False
    lists = [entry.node for key, entry in root.entries.items() if _is_meant_as("tasks", key)]
    return _has_prompt(
        {key for node in lists for task in items(node) if isinstance(task, Mapping) for key in task.entries}
    )


def _looks_like_tasks(text: str) -> bool:
    lines = "\n".join(split_lines(text))
    begin = _LIST_OF_TASKS.search(lines)
    return begin is not None and _has_prompt(found[1] for found in _KEY.finditer(lines, begin.start()))


def _has_prompt(keys: Iterable[str]) -> bool:
    return any(_is_meant_as(name, key) for key in keys for name in ("prompt", "prompt_file"))


def _is_meant_as(name: str, key: str) -> bool:
    """Whether a key is this name, or nearly."""
    if abs(len(key) - len(name)) > len(name) // 2:
        return False
    return SequenceMatcher(None, name, key.casefold().replace("-", "_"), autojunk=False).ratio() >= _LIKENESS
