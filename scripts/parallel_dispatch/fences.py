"""The fenced blocks of a Markdown text: where they begin and end, and what stands in them and around them.

Hooks read them, so nothing is imported.
"""

from __future__ import annotations


def fenced(lines: list[str]) -> list[tuple[int, int, str]]:
    """The fenced blocks among lines: where the contents of each begin and end, and the words behind its first mark.

    A block that is never closed goes on to the last line.
    """
    found: list[tuple[int, int, str]] = []
    fence, words, begin = "", "", 0
    for number, line in enumerate(lines):
        mark, behind = _mark(line)
        if fence and mark.startswith(fence) and not behind:
            found.append((begin, number, words))
            fence = ""
        elif not fence and mark and not (mark[0] == "`" and "`" in behind):  # not inline code
            fence, words, begin = mark, behind, number + 1
    return [*found, (begin, len(lines), words)] if fence else found


def without_fences(lines: list[str]) -> list[tuple[str, bool]]:
    """The lines but for those that open and close a fence, each with whether it is inside of one."""
    found: list[tuple[str, bool]] = []
    last = 0
    for begin, end, _ in fenced(lines):
        found += [(line, False) for line in lines[last : begin - 1]]
        found += [(line, True) for line in lines[begin:end]]
        last = end + 1
    return found + [(line, False) for line in lines[last:]]


def json_blocks(text: str) -> list[tuple[str, int]]:
    """The contents of the blocks that are fenced as `json`, each with how many lines stand above it."""
    lines = text.split("\n")
    return [("\n".join(lines[begin:end]), begin) for begin, end, words in fenced(lines) if _is_json(words)]


def _mark(line: str) -> tuple[str, str]:
    """What a line begins with where it may be that of a fence, and what stands behind it."""
    bare = line.strip()
    if bare[:3] not in ("```", "~~~") or line.startswith("    "):
        return "", ""
    behind = bare.lstrip(bare[0])
    return bare[: len(bare) - len(behind)], behind.strip()


def _is_json(words: str) -> bool:
    return words.lower().split(None, 1)[:1] == ["json"]
