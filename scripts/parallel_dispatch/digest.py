"""The problems of a task file where there is room for few: the first ones whole, and how many more there are. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .problem import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .problem import Problem


def digest(problems: Sequence[Problem], lines: Sequence[str], name: str, room: int) -> str:
    """What `validate` prints, under this name of the file, in so many characters at most."""
    found = [problem._replace(file=name) for problem in problems]
    shown, text = len(found), render(found, lines)
    while len(text) > room and shown > 1:
        shown -= max(1, shown // 8)
        text = _first(found, shown, lines)
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _first(found: Sequence[Problem], shown: int, lines: Sequence[str]) -> str:
    blocks = render(found[:shown], lines).rstrip().rpartition("\n")[0]
    name = found[0].file
    rest = f"… and {len(found) - shown} more of {len(found)} problems: `parallel-dispatch validate {name}` shows all"
    return f"{blocks}\n{rest}\n"
