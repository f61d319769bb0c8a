"""Prose in columns: labels on the left, texts on the right, in lines that are not too long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .cells import padded, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = Sequence[tuple[str, str]]

LABELS = 36
"""The cells for labels, at most."""
TEXT = 40
"""The cells for texts, at least."""
_UNIT = re.compile(r"(?<=\d) (?=[hms%]\b|%)|(?<=\d [hm]) (?=\d)")
_BLANK = "\N{NO-BREAK SPACE}"


def columns(rows: Rows, cells: int) -> list[str]:
    """The lines of a table of labels and texts; a label that is empty belongs to the one above."""
    left = min(LABELS, max((width(label) for label, _ in rows), default=0)) + 2
    lines = []
    for label, text in rows:
        first, *rest = wrapped(text, cells - left - 2) or [""]
        lines.append(f"  {padded(label, left - 2)}  {first}")
        lines += [f"  {' ' * left}{line}" for line in rest]
    return lines


def wrapped(text: str, cells: int) -> list[str]:
    """The lines of a text; no number is parted from its unit."""
    lines = [""]
    for word in _UNIT.sub(_BLANK, " ".join(text.split())).split(" "):
        longer = f"{lines[-1]} {word}"
        if lines[-1] and width(longer) > max(TEXT, cells):
            lines.append(word)
        else:
            lines[-1] = longer if lines[-1] else word
    return [line.replace(_BLANK, " ") for line in lines if line]
