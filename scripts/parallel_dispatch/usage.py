"""Tokens that an agent used, summed over its transcript."""

from __future__ import annotations

import os

from . import quickjson
from .places import read_text
from .transcript import parts


class Usage:
    """Tokens: sent (cached ones included), of these read from a cache, and written."""

    __slots__ = ("cached", "sent", "written")

    def __init__(self, sent: int = 0, cached: int = 0, written: int = 0) -> None:
        self.sent = sent
        self.cached = cached
        self.written = written

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.sent + other.sent, self.cached + other.cached, self.written + other.written)

    @property
    def total(self) -> int:
        """All that was sent and written, as `max_tokens` counts."""
        return self.sent + self.written


def usage(transcript: str) -> Usage | None:
    """The tokens of all answers of an agent, each message once; None where there is no transcript."""
    files = list(filter(os.path.isfile, parts(transcript)))
    answers: dict[str, Usage] = {}
    for path in files:
        for line in read_text(path).split("\n"):
            _read(line, answers)
    return sum(answers.values(), Usage()) if files else None


def _read(line: str, answers: dict[str, Usage]) -> None:
    if '"usage"' not in line:
        return
    message = quickjson.record(line).get("message")
    if not isinstance(message, dict) or not isinstance(message.get("usage"), dict):
        return
    numbers = message["usage"]

    def count(key: str) -> int:
        value = numbers.get(key)
        return value if isinstance(value, int) else 0

    cached = count("cache_read_input_tokens")
    sent = count("input_tokens") + cached + count("cache_creation_input_tokens")
    answers[str(message.get("id"))] = Usage(sent, cached, count("output_tokens"))
