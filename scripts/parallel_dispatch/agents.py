"""What the host calls the agent that a task file asks for."""

from __future__ import annotations

import os

GENERAL = "general-purpose"
BUILT_IN = {GENERAL: True, "Explore": False, "Plan": False}
"""The host's own agents, and whether they have the Write tool."""
WRITING = {"Write", "*"}


def known_agents(project: str, home: str) -> frozenset[str]:
    """The agents that this project and this user define, and the host's own."""
    return frozenset(agents(project, home))


def agents(project: str, home: str) -> dict[str, bool]:
    """The agents by name, each with whether it can write a file; of the same name the project's counts."""
    folders = [os.path.join(base, ".claude", "agents") for base in (home, project)]
    return {**BUILT_IN, **{name: can_write for folder in folders for name, can_write in _defined(folder)}}


def subagent_type(agent: str, known: frozenset[str]) -> str:
    """The host's agent for a task's `agent`: the one of that name, else the general one (the brief keeps the title)."""
    return agent if agent in known else GENERAL


def _defined(folder: str) -> list[tuple[str, bool]]:
    found = []
    for base, _, files in os.walk(folder):
        heads = [_frontmatter(os.path.join(base, file)) for file in sorted(files) if file.endswith(".md")]
        found += [(head["name"][0], _can_write(head)) for head in heads if head.get("name")]
    return found


def _can_write(head: dict[str, list[str]]) -> bool:
    """Whether an agent's own list of tools, which is all of them where there is none, has the one to write with."""
    tools = {tool.partition("(")[0] for tool in head.get("tools", WRITING)} or WRITING
    return not WRITING.isdisjoint(tools) and "Write" not in head.get("disallowedTools", ())


def _frontmatter(path: str) -> dict[str, list[str]]:
    """The words under each key of an agent file's frontmatter; nothing where it has none: the host ignores it then."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            head = file.read(4096)
    except OSError:
        return {}
    lines = head.splitlines()
    if not lines or lines[0].strip() != "---":
        return {}
    found: dict[str, list[str]] = {}
    key = ""
    for line in lines[1:]:
        if line.strip() == "---":
            break
        value = line.partition(" #")[0]
        if value.lstrip().startswith("- "):
            words = value.lstrip()[2:]
        else:
            name, colon, words = value.partition(":")
            key = name if colon and name == name.strip() else ""
        if key:
            parts = [words] if key == "name" else words.strip().strip("[]").split(",")
            found.setdefault(key, []).extend(part.strip().strip("\"'") for part in parts if part.strip())
    return found
