"""What tasks were told and wrote, as the page shows it: bounded, harmless, and as data that no markup can leave."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from .places import open_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOUNDS = {"output": 40_000, "brief": 12_000, "answer": 8_000}
"""At most so many characters of each text of a task are in the page."""
MOST = 6_000_000
"""At most so many characters of all texts are in the page; where tasks are many, each has its share."""
LISTED = 200
"""At most so many names of an output that is a folder."""
_BYTES = 4
"""No character takes more in UTF-8."""
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_DIRECTIONS = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_BREAKS = [0x2028, 0x2029, 0xFEFF]
_VISIBLE = {code: f"\\x{code:02x}" for code in _CONTROLS if code not in (0x09, 0x0A)}
_VISIBLE |= {code: f"\\u{code:04x}" for code in (*_DIRECTIONS, *_BREAKS, *range(0xD800, 0xE000))}
_DATA = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}

Values = dict[str, Any]
"""A part of the report's values, as report.json has them."""


class Excerpt(NamedTuple):
    """The beginning of a text, and how many bytes or characters the whole has."""

    text: str
    size: int


def plain(text: str) -> str:
    """The text with every control, direction mark and half character written out; lines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return text.replace("\r\n", "\n").translate(_VISIBLE)


def line(text: object, most: int = 1_000) -> str:
    """The text in one line of at most so many characters."""
    told = "" if text is None else str(text)
    short = " ".join(plain(told[: 4 * most]).split())
    return short if len(short) <= most and len(told) <= 4 * most else f"{short[: most - 1]}…"


def texts_of(values: Values, project: str) -> dict[str, dict[str, Excerpt]]:
    """What the tasks of a run were told and wrote, as it lies in the project; what cannot be read is left out."""
    tasks = values["tasks"]
    bounds = _bounds(len(tasks))
    found: dict[str, dict[str, Excerpt]] = {}
    for task in tasks:
        paths = ((kind, task.get(kind)) for kind in bounds)
        read = ((kind, _read(os.path.join(project, str(path)), bounds[kind], project)) for kind, path in paths if path)
        found[task["id"]] = {kind: excerpt for kind, excerpt in read if excerpt is not None}
    return found


def excerpts(tasks: Sequence[Values], texts: Mapping[str, Mapping[str, Excerpt]]) -> list[dict[str, object]]:
    """The texts of each task as the page's data has them: `text` within the bounds, `left` where some was left out."""
    bounds = _bounds(len(tasks))
    return [
        {
            kind: _told(excerpt, bounds[kind], str(task.get(kind) or ""))
            for kind, excerpt in texts.get(str(task["id"]), {}).items()
            if kind in bounds
        }
        for task in tasks
    ]


def data(value: object) -> str:
    """A value as JSON that may stand in a `script` element: nothing in it can be read as markup."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_DATA)


def _bounds(tasks: int) -> dict[str, int]:
    share = MOST / max(1, tasks) / sum(BOUNDS.values())
    return {kind: min(bound, int(bound * share)) for kind, bound in BOUNDS.items()}


def _told(excerpt: Excerpt, bound: int, path: str) -> dict[str, object]:
    text = plain(excerpt.text[:bound])
    told: dict[str, object] = {"text": text, "path": line(path)}
    if len(excerpt.text) > bound or excerpt.size > len(excerpt.text.encode(errors="replace")):
        told["left"] = f"The first {bound:,} characters of {excerpt.size:,} bytes."
    return told


def _read(path: str, bound: int, project: str) -> Excerpt | None:
    """The beginning of a file of the project; None where it leads out of it, or cannot be read."""
    if not os.path.realpath(path).startswith(os.path.realpath(project).rstrip("/") + "/"):
        return None
    try:
        if os.path.isdir(path):
            return _folder(path)
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            text = file.read(_BYTES * bound + _BYTES).decode(errors="replace")
    except OSError:
        return None
    return Excerpt(text[: bound + 1], size)


def _folder(path: str) -> Excerpt:
    """The names in a folder, in place of a text."""
    names: list[str] = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        names += [os.path.relpath(os.path.join(folder, name), path) for name in sorted(files)]
        if len(names) > LISTED:
            break
    more = ["…"] if len(names) > LISTED else []
    text = "\n".join([*names[:LISTED], *more]) or "(an empty folder)"
    return Excerpt(text, len(text.encode(errors="replace")))
