"""What an output must hold to count, beyond being there: headings, texts, a size."""

from __future__ import annotations

from .fences import without_fences

_MARKS = {"#" * level for level in range(1, 7)}


def breach(contract: dict[str, object], texts: list[str], size: int) -> str:
    """How an output of so many bytes breaks its contract; empty where it keeps it.

    `texts` are its files: a heading or a text may stand in any of them. Headings count in any case and at any level,
    but not inside of fenced code; a name may be given with the marks of a heading or without.
    """
    least = contract.get("min_bytes")
    headings = {heading for text in texts for heading in _headings(text)}
    sections = [name for name in _strings(contract, "sections") if _folded(name) not in headings]
    lacking = [part for part in _strings(contract, "contains") if not any(part in text for text in texts)]
    return " and ".join(
        filter(
            None,
            (
                f"has {size:,} bytes, fewer than {least:,}" if isinstance(least, int) and size < least else "",
                f"lacks the heading{'s'[: len(sections) != 1]} {_listed(sections)}" if sections else "",
                f"does not contain {_listed(lacking)}" if lacking else "",
            ),
        )
    )


def terms(contract: dict[str, object]) -> list[str]:
    """The contract in words, for the brief."""
    least = contract.get("min_bytes")
    return [
        *(f'the heading "{name}"' for name in _strings(contract, "sections")),
        *(f'the text "{part}"' for part in _strings(contract, "contains")),
        *([f"at least {least} bytes"] if isinstance(least, int) and least > 1 else []),
    ]


def json_term(contract: dict[str, object], output: str, file: str) -> str:
    """The JSON that a contract asks for in words, for the brief; empty where it asks for none.

    `file` holds its schema, where that is too long to be told.
    """
    schema = contract.get("json_schema")
    if not schema:
        return ""
    alone = "as the whole file, or in exactly one fenced ```json block,"
    where = "alone in the file" if output.lower().endswith(".json") else alone
    where = "in every *.json file, and in at least one," if output.endswith("/") else where
    return f"JSON {where} that matches {f'the JSON Schema in {file}' if file else f'this JSON Schema: {schema}'}"


def _headings(text: str) -> set[str]:
    found = set()
    for line, is_code in without_fences(text.lstrip("\ufeff").splitlines()):
        words = line.lstrip(" ")
        level = len(words) - len(words.lstrip("#"))
        is_indented = len(line) - len(words) > 3
        if not is_code and not is_indented and 1 <= level <= 6 and words[level : level + 1] in (" ", "\t"):
            found.add(_folded(words))
    return found


def _folded(heading: str) -> str:
    """A heading as it is compared: without case, and without the marks around it, where blanks part them from it."""
    words = heading.casefold().split()
    begin = 1 if words and words[0] in _MARKS else 0
    end = len(words) - 1 if words[begin:] and not words[-1].strip("#") else len(words)
    return " ".join(words[begin:end])


def _strings(contract: dict[str, object], key: str) -> list[str]:
    value = contract.get(key)
    return [str(part) for part in value] if isinstance(value, (list, tuple)) else []


def _listed(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)
