"""Text in the cells of a terminal, in which some characters take two and some none."""

from __future__ import annotations

import unicodedata


def width(text: str) -> int:
    """How many cells a text takes."""
    return len(text) if text.isascii() else sum(_cells(character) for character in text)


def padded(text: str, cells: int) -> str:
    """A text filled up with blanks to a number of cells, or cut to it."""
    short = cut(text, cells)
    return short + " " * (cells - width(short))


def cut(text: str, cells: int) -> str:
    """A text that takes at most so many cells; where it was longer, it ends with `~`."""
    if width(text) <= cells:
        return text
    used, kept = 1, []
    for character in text:
        used += _cells(character)
        if used > cells:
            break
        kept.append(character)
    return "".join(kept) + "~"


def _cells(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
