"""Tokens that an agent used, summed over its transcript."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Tokens: sent (cached ones included), of these read from a cache, and written."""

    sent: int = 0
    cached: int = 0
    written: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.sent + other.sent, self.cached + other.cached, self.written + other.written)


def usage(transcript: str) -> Usage | None:
    """The tokens of all answers in a transcript, each message once; None where there is no transcript."""
    answers: dict[str, Usage] = {}
    try:
        with open(transcript, encoding="utf-8", errors="replace") as file:
            for line in file:
                _read(line, answers)
    except OSError:
        return None
    return sum(answers.values(), Usage())


def _read(line: str, answers: dict[str, Usage]) -> None:
    if '"usage"' not in line:
        return
    try:
        message = json.loads(line).get("message")
    except (ValueError, AttributeError):
        return
    numbers = message.get("usage") if isinstance(message, dict) else None
    if not isinstance(numbers, dict):
        return

    def count(key: str) -> int:
        value = numbers.get(key)
        return value if isinstance(value, int) else 0

    cached = count("cache_read_input_tokens")
    sent = count("input_tokens") + cached + count("cache_creation_input_tokens")
    answers[str(message.get("id"))] = Usage(sent, cached, count("output_tokens"))
