"""`validate`: the task files that words on the command line mean, checked, and their problems in the form asked for."""

from __future__ import annotations

import glob
import os
import sys
from typing import TYPE_CHECKING

from . import quickjson
from .load import Loaded, load, load_text
from .places import ROOT
from .problem import Problem, has_error, render
from .source import MAX_BYTES
from .visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STDIN = "<stdin>"


def validate(words: Sequence[str], form: str, project: str, *, strict: bool) -> bool:
    """Whether the files hold no error; their problems are shown, for `text` on stderr, else on stdout.

    What they name of files is looked for in `project`.
    """
    files = []
    for read in _files(words, project):
        loaded = read.strictly() if strict else read
        files.append((loaded.path, loaded.problems))
        if form == "text":
            show(loaded)
            _praise(loaded)
    if form != "text":
        sys.stdout.write(_document(files, form))
    return not any(has_error(problems) for _, problems in files)


def show(loaded: Loaded) -> None:
    """The problems of a task file on stderr, with colour on a terminal."""
    if not loaded.problems:
        return
    color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    sys.stderr.write(render(loaded.problems, loaded.lines, color=color))


def _praise(loaded: Loaded) -> None:
    """What a file without errors holds."""
    if not has_error(loaded.problems):
        count = loaded.count
        what = "errors" if loaded.problems else "problems"
        print(f"{visible(loaded.path)}: {count} task{'s'[: count != 1]}, no {what}")


def _document(files: Sequence[tuple[str, Sequence[Problem]]], form: str) -> str:
    from .formats import as_github, as_json, as_sarif

    if form == "json":
        return as_json([name for name, _ in files], [problem for _, found in files for problem in found])
    names = [_from_the_top(name) for name, _ in files]
    problems = [p._replace(file=name) for name, (_, found) in zip(names, files) for p in found]
    return as_github(problems) if form == "github" else as_sarif(names, problems, _version())


def _from_the_top(name: str) -> str:
    """A file's name as GitHub knows it: from the top of the workspace, elsewhere from the current folder, if inside."""
    if name == STDIN:
        return name
    top, path = (os.path.abspath(place) for place in (os.environ.get("GITHUB_WORKSPACE") or os.curdir, name))
    return os.path.relpath(path, top) if path.startswith(top.rstrip("/") + "/") else path


def _version() -> str:
    with open(os.path.join(ROOT, ".claude-plugin", "plugin.json"), encoding="utf-8") as file:
        return str(quickjson.record(file.read()).get("version"))


def _files(words: Sequence[str], project: str) -> Iterator[Loaded]:
    """The files of all words in their order, each once."""
    seen: set[str] = set()
    for word in words:
        for name in _names(word):
            identity = name if name == "-" else _identity(name)
            if identity not in seen:
                seen.add(identity)
                yield _loaded(name, project)


def _identity(name: str) -> str:
    """The same for every way to name a file."""
    try:
        return os.path.realpath(name)
    except ValueError:  # a NUL character
        return name


def _names(word: str) -> list[str]:
    """The files that a word means: itself, or what it matches where no file has its name."""
    if word == "-" or not glob.has_magic(word) or os.path.lexists(word):
        return [word]
    return sorted(name for name in glob.glob(word, recursive=True) if not os.path.isdir(name)) or [word]


def _loaded(name: str, project: str) -> Loaded:
    if name == "-":
        return load_text(STDIN, sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin else b"", project)
    if os.path.isdir(name):
        pattern = os.path.join(name, "**", "*.yaml")
        return _refused(name, f'this is a directory; name a task file in it, or a pattern such as "{pattern}"')
    if glob.has_magic(name) and not os.path.lexists(name):
        return _refused(name, "no file matches this pattern")
    return load(name, project)


def _refused(name: str, message: str) -> Loaded:
    return Loaded(name, (Problem(name, 1, 1, 1, "unreadable", message),))
