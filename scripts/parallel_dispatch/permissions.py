"""The user's permission rules, as far as they answer a question that we would ask otherwise."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def allows_skill(project: str, names: Iterable[str]) -> bool:
    """Whether the user's rules let the model call a skill of ours unasked: `Skill`, `Skill(NAME)` or `Skill(NAME:*)`.

    Rules on the command line are not to be seen from here.
    """
    wanted = {"Skill", *(f"Skill({name}{end})" for name in names for end in ("", ":*", " *"))}
    return any(rule in wanted for rule in _allowed(project))


def _allowed(project: str) -> Iterator[str]:
    home = os.path.expanduser("~")
    files = [os.path.join(home, ".claude", "settings.json")]
    files += [os.path.join(project, ".claude", name) for name in ("settings.json", "settings.local.json")]
    for path in files:
        try:
            with open(path, encoding="utf-8") as file:
                rules = json.load(file)["permissions"]["allow"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        yield from (str(rule) for rule in rules) if isinstance(rules, list) else ()
