"""Which agents the host has, read from where it reads them: the project's, the user's, those of installed plugins."""

from __future__ import annotations

import io
import os

from .installed import is_ours, plugins, read_settings, record
from .places import ROOT, open_file
from .resolving import BUILT_IN, Roster

WRITING = {"Write", "*"}
_LISTS = ("tools", "disallowedTools")
MOST_FILES = 2000
"""How many agent files of a folder are read; nobody has as many, and a task file is checked while somebody waits."""

LONGEST_HEAD = 65_536
"""Characters of an agent's file in which its frontmatter is looked for."""


def roster(project: str, home: str, *, by_hooks: bool = True) -> Roster:
    """Who there is for the tasks of a project; of the same name the project's agent counts.

    Our own agents are there where our hooks drive the run, since whoever runs these has loaded the plugin. Without
    them they are there where the host's settings or its shell say so.
    """
    folders = [os.path.join(base, ".claude", "agents") for base in (home, project)]
    own = {name: can_write for folder in folders for name, can_write in _named(folder)}
    found = plugins(read_settings(project, home)[0], home)
    others = [folder for plugin, folder in found.items() if not is_ours(plugin)]
    has_ours = by_hooks or len(others) < len(found) or _is_loaded()
    return Roster({**BUILT_IN, **own}, {n: w for folder in others for n, w in _of_plugin(folder)}, has_ours)


def _is_loaded() -> bool:
    """Whether this is a shell of a conversation that has the plugin: the host puts its `bin` on the path there."""
    path = os.environ.get("PATH", "").split(os.pathsep)
    return bool(os.environ.get("CLAUDE_CODE_SESSION_ID")) and os.path.join(ROOT, "bin") in map(os.path.normpath, path)


def _named(folder: str) -> list[tuple[str, bool]]:
    """The agents of a folder that have a name; the host ignores the others."""
    heads = [_frontmatter(path) for path in _files(folder)]
    return [(head["name"][0], _can_write(head)) for head in heads if head.get("name")]


def _of_plugin(folder: str) -> list[tuple[str, bool]]:
    """The agents of a plugin by their full names.

    The host puts the folders below `agents` into the name, and takes the file's name where an agent has none. A
    manifest that lists agents replaces the folder.
    """
    if not folder or "\0" in folder:
        return []
    manifest = record(os.path.join(folder, ".claude-plugin", "plugin.json"))[0]
    plugin = manifest.get("name")
    if not isinstance(plugin, str) or not plugin:
        return []
    base, listed = os.path.join(folder, "agents"), manifest.get("agents")
    if listed is None:
        files = [(path, os.path.relpath(os.path.dirname(path), base)) for path in _files(base)]
    else:
        paths = listed if isinstance(listed, list) else [listed]
        named = [path for path in paths if isinstance(path, str) and "\0" not in path]
        files = [(os.path.normpath(os.path.join(folder, path)), "") for path in named]
    found = []
    for path, below in files:
        head = _frontmatter(path)
        own = head["name"][0] if head.get("name") else os.path.basename(path)[: -len(".md")]
        folders = [] if below in ("", ".") else below.split(os.sep)
        if os.path.isfile(path):
            found.append((":".join([plugin, *folders, own]), _can_write(head)))
    return found


def _files(folder: str) -> list[str]:
    """The agent files of a folder and of those below."""
    found = []
    for base, _, files in os.walk(folder):
        found += [os.path.join(base, file) for file in sorted(files) if file.endswith(".md")]
        if len(found) >= MOST_FILES:
            break
    return found[:MOST_FILES]


def _can_write(head: dict[str, list[str]]) -> bool:
    """Whether an agent's own list of tools, which is all of them where there is none, has the one to write with."""
    tools = {tool.partition("(")[0] for tool in head.get("tools", WRITING)} or WRITING
    return not WRITING.isdisjoint(tools) and "Write" not in head.get("disallowedTools", ())


def _frontmatter(path: str) -> dict[str, list[str]]:
    """The words under each key of an agent file's frontmatter; nothing where it has none: the host ignores it then."""
    try:
        with io.TextIOWrapper(open_file(path), encoding="utf-8", errors="replace") as file:
            lines = file.read(LONGEST_HEAD).split("\n")
    except OSError:
        return {}
    if lines[0].strip() != "---":
        return {}
    found: dict[str, list[str]] = {}
    key, is_open = "", False  # within a list in brackets
    for line in lines[1:]:
        value = line.partition(" #")[0]
        if line.strip() == "---":
            break
        if not value.strip() or value.lstrip().startswith("#"):
            continue
        if is_open or value.lstrip().startswith("["):
            words = value
        elif value.lstrip().startswith("- "):
            words = value.lstrip()[2:]
        else:
            name, colon, words = value.partition(":")
            key = name if colon and name == name.strip() else ""
        is_open = (is_open or (key in _LISTS and words.lstrip().startswith("["))) and "]" not in words
        if key:
            parts = [words] if key == "name" else words.strip().strip("[]").split(",")
            found.setdefault(key, []).extend(part.strip().strip("\"'") for part in parts if part.strip())
    return found
