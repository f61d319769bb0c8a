"""The files that a glob finds, as `glob` of the standard library does, but within bounds.

That follows links to folders wherever `**` meets them: two links to the folder that they lie in keep it for ever.
"""

from __future__ import annotations

import fnmatch
import glob
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LOOKED = 1_000_000
"""How many names of files and folders are looked at for one glob."""


class TooMany(Exception):  # noqa: N818 - an answer, not an error of the program
    """A glob that there are more names to hold against than anybody waits for."""


def paths(pattern: str, folder: str) -> Iterator[str]:
    """The paths, relative to a folder, that match a pattern; one may come twice. `TooMany` where it takes too long.

    `*`, `?` and `[…]` stand for characters of a name, `**` for any number of folders, of which none is a link. Names
    that begin with a dot are found by what begins with one.
    """
    steps = pattern.split("/")
    todo = [("", 0)]
    left = MAX_LOOKED
    while todo:
        here, at = todo.pop()
        if at == len(steps):
            yield here
            continue
        step = steps[at]
        if step != "**" and not glob.has_magic(step):
            path = os.path.join(here, step)
            todo += [(path, at + 1)] if os.path.lexists(os.path.join(folder, path)) else []
            continue
        names = _names(os.path.join(folder, here))
        left -= len(names)
        if left < 0:
            raise TooMany
        if step == "**":
            todo += _below(folder, here, names, at, is_last=at == len(steps) - 1)
        else:
            found = fnmatch.filter(names, step)
            todo += [(os.path.join(here, n), at + 1) for n in found if step.startswith(".") or not n.startswith(".")]


def _below(folder: str, here: str, names: list[str], at: int, *, is_last: bool) -> Iterator[tuple[str, int]]:
    """Where to go on from a folder at a `**`: with what follows it, and in each folder below."""
    if not is_last:
        yield here, at + 1
    for path in [os.path.join(here, name) for name in names if not name.startswith(".")]:
        if is_last:
            yield path, at + 1
        if os.path.isdir(os.path.join(folder, path)) and not os.path.islink(os.path.join(folder, path)):
            yield path, at


def _names(folder: str) -> list[str]:
    """What lies in a folder; nothing where it is none, or may not be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []
