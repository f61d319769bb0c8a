"""Text that a terminal obeys in nothing, whoever wrote it. Hooks need this, so nothing is imported in advance."""

from __future__ import annotations

SHOWN = ("additionalContext", "permissionDecisionReason", "reason", "stopReason", "systemMessage")
"""What the host shows of an answer, to its user or to a model. What it hands to a tool is not among it."""


def visible(text: str) -> str:
    """The text with everything invisible that a terminal would obey (controls, bidi marks, lone surrogates) escaped."""
    return text if text.isascii() and text.isprintable() else "".join(map(_escaped, text))


def visible_lines(text: str) -> str:
    """The same for a text of many lines, which stay lines."""
    return "\n".join(map(visible, text.split("\n")))


def visible_answer(answer: dict[str, object]) -> dict[str, object]:
    """A hook's answer with nothing invisible in what is shown of it."""
    return {key: _shown(key, value) for key, value in answer.items()}


def _shown(key: str, value: object) -> object:
    if isinstance(value, dict) and key == "hookSpecificOutput":
        return visible_answer(value)
    return visible_lines(value) if isinstance(value, str) and key in SHOWN else value


def _escaped(character: str) -> str:
    import unicodedata

    if unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return character
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    code = ord(character)
    return named or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
