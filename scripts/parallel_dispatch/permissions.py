"""The user's permission rules, as far as they answer a question that we would ask otherwise."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS = ("allow", "ask", "deny")


def allows_skill(project: str, names: Iterable[str]) -> bool:
    """Whether the user's rules let the model call a skill of ours unasked: `Skill`, `Skill(NAME)` or `Skill(NAME:*)`.

    One that denies it or asks wins. Rules on the command line are not to be seen from here.
    """
    wanted = {"Skill", *(f"Skill({name}{end})" for name in names for end in ("", ":*", " *"))}
    found = {kind for permissions in _read(project) for kind in _KINDS if _holds(permissions.get(kind), wanted)}
    return found == {"allow"}


def _holds(rules: object, wanted: set[str]) -> bool:
    return isinstance(rules, list) and any(str(rule) in wanted for rule in rules)


def _read(project: str) -> Iterable[dict[str, object]]:
    """The permissions in each file of the user's settings."""
    home = os.path.expanduser("~")
    files = [os.path.join(home, ".claude", "settings.json")]
    files += [os.path.join(project, ".claude", name) for name in ("settings.json", "settings.local.json")]
    for path in files:
        try:
            with open(path, encoding="utf-8") as file:
                permissions = json.load(file)["permissions"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(permissions, dict):
            yield permissions
