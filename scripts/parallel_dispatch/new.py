"""New task files: a commented one for each pattern of work, as it lies in `templates/new`."""

from __future__ import annotations

import os
import shlex
from urllib.parse import quote

from .places import ROOT
from .refusal import Refusal

FOLDER = os.path.join(ROOT, "templates", "new")
_ORDER = ("fan-out", "review", "batch", "feature", "converge", "pipeline")


def patterns() -> dict[str, str]:
    """The patterns by name, each with its line: the first one of its file."""
    return {name: _read(name).partition("\n")[0].removeprefix(f"# {name}: ") for name in _ORDER}


def listed() -> str:
    """The patterns for people, and how to use one."""
    rows = patterns()
    width = max(map(len, rows))
    lines = [f"  {name:<{width}}  {line}" for name, line in rows.items()]
    return "\n".join(["The patterns of `parallel-dispatch new PATTERN [FILE]`:", *lines])


def text_of(pattern: str, schema: str) -> str:
    """The task file of a pattern, whose first line tells editors where the schema is.

    The address is a `file:` URI, since the YAML language server ends a plain path at its first blank.
    """
    return f"# yaml-language-server: $schema=file://{quote(os.fsencode(schema))}\n{_read(pattern)}"


def write(pattern: str, path: str, schema: str) -> None:
    """The task file of a pattern at a path where nothing stands yet; folders above it are made."""
    if os.path.isdir(path) or path.endswith("/"):
        raise Refusal(f'"{path}" is a folder; name a file in it, like {os.path.join(path, "tasks.yaml")}')
    text = text_of(pattern, schema)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise Refusal(f'"{path}" exists already and stays as it is; name another file') from None


def what_next(pattern: str, path: str) -> str:
    """What to do with a file that was just written."""
    name = shlex.quote(path)
    return "\n".join(
        [
            f"{path} is written, for the pattern {pattern}. Make its prompts yours, then:",
            f"  parallel-dispatch validate {name}   checks it",
            f"  parallel-dispatch plan {name}       shows what would run when",
            f"  /parallel-dispatch {name}           runs it, in Claude Code",
        ]
    )


def _read(pattern: str) -> str:
    with open(os.path.join(FOLDER, f"{pattern}.yaml"), encoding="utf-8") as file:
        return file.read()
