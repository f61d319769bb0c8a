"""What the host calls the agent that a task file asks for."""

from __future__ import annotations

import os

GENERAL = "general-purpose"
BUILT_IN = frozenset({GENERAL, "Explore", "Plan"})


def known_agents(project: str, home: str) -> frozenset[str]:
    """The agents that this project and this user define, and the host's own."""
    folders = [os.path.join(base, ".claude", "agents") for base in (project, home)]
    return BUILT_IN | {name for folder in folders for name in _defined(folder)}


def subagent_type(agent: str, known: frozenset[str]) -> str:
    """The host's agent for a task's `agent`: the one of that name, else the general one (the brief keeps the title)."""
    return agent if agent in known else GENERAL


def _defined(folder: str) -> list[str]:
    found = []
    for base, _, files in os.walk(folder):
        found += [_name(os.path.join(base, file)) for file in files if file.endswith(".md")]
    return [name for name in found if name]


def _name(path: str) -> str:
    """The `name:` in an agent file's frontmatter; empty where there is none, since the host then ignores the file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            head = file.read(4096)
    except OSError:
        return ""
    lines = head.splitlines()
    if not lines or lines[0].strip() != "---":
        return ""
    for line in lines[1:]:
        if line.strip() == "---":
            break
        key, colon, value = line.partition(":")
        if colon and key == "name":
            return value.partition(" #")[0].strip().strip("\"'")
    return ""
