"""The hook on Write and Edit: what is wrong with a task file goes back, as context, to whoever wrote it.

It never stands in the way of an edit: where the check itself fails, it says so to the user and no more.
"""

from __future__ import annotations

import os

from . import quickjson
from .arguments import project_of
from .digest import digest
from .load import load
from .taskfiles import is_named, is_task_file

LIMIT = 4_000
"""How many characters of problems an edit may add to the conversation."""


def main(path: str) -> int:
    """The process: the written file's path, in JSON's spelling, in; the answer for the host on stdout."""
    try:
        reply = answer(str(quickjson.loads(f'"{path}"')))
    except Exception as error:  # noqa: BLE001 - whatever it is, the file was written and stays
        words = f"parallel-dispatch: the task file that was written could not be checked: {error!r}"
        reply = {"systemMessage": words[:500]}
    if reply:
        print(quickjson.dumps(reply))
    return 0


def answer(path: str) -> dict[str, object] | None:
    """What the host is told of a file: its problems where it is a task file that has some."""
    if not is_named(path):
        return None
    loaded = load(path, project_of(os.getcwd()))
    if not loaded.problems or not is_task_file(path, loaded.text):
        return None
    text = digest(loaded.problems, loaded.lines, _shown(path), LIMIT)
    return {"hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": text}}


def _shown(path: str) -> str:
    """The path as it would be typed where the conversation is."""
    here = os.path.join(os.getcwd(), "")
    return path.removeprefix(here)
