"""The fenced blocks of JSON in a Markdown text. Hooks read them, so nothing is imported."""

from __future__ import annotations


def json_blocks(text: str) -> list[tuple[str, int]]:
    """The contents of the blocks that are fenced as `json`, each with how many lines stand above it."""
    found: list[tuple[str, int]] = []
    fence, words, begin = "", "", 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        bare = line.strip()
        mark = bare[: len(bare) - len(bare.lstrip(bare[:1]))] if bare[:1] in ("`", "~") else ""
        if len(mark) < 3 or len(line) - len(line.lstrip(" ")) > 3:
            continue
        if not fence:
            fence, words, begin = mark, bare[len(mark) :].strip(), number + 1
        elif bare == mark and mark.startswith(fence):
            if _is_json(words):
                found.append(("\n".join(lines[begin:number]), begin))
            fence = ""
    if fence and _is_json(words):  # never closed: it goes on to the end
        found.append(("\n".join(lines[begin:]), begin))
    return found


def _is_json(words: str) -> bool:
    return words.lower().split(None, 1)[:1] == ["json"]
