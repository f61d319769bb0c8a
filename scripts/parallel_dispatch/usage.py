"""What an agent used, summed over its transcript: tokens, tool calls, models, and how its context grew."""

from __future__ import annotations

import os

from . import quickjson
from .transcript import epoch, parts

MOST = 10**15
"""A number in a transcript that is larger was never counted by anybody."""
SYNTHETIC = "<synthetic>"
"""The model that the host names where it wrote an answer itself."""


class Usage:
    """Tokens: input that no cache was asked for, read from a cache, written to one, and output."""

    __slots__ = ("cached", "input", "kept", "written")

    def __init__(self, fresh: int = 0, cached: int = 0, kept: int = 0, written: int = 0) -> None:
        self.input = fresh
        self.cached = cached
        self.kept = kept
        self.written = written

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.cached + other.cached,
            self.kept + other.kept,
            self.written + other.written,
        )

    @property
    def sent(self) -> int:
        """All input, wherever it came from: what the model had before it."""
        return self.input + self.cached + self.kept

    @property
    def total(self) -> int:
        """All that was sent and written, as `max_tokens` counts."""
        return self.sent + self.written

    def values(self) -> dict[str, int]:
        """The tokens as `report.json` has them."""
        return {
            "input": self.input,
            "cached": self.cached,
            "cache_written": self.kept,
            "output": self.written,
            "total": self.total,
        }


class Turn:
    """One answer of a model: its tokens, the model, the ids of the tools that it called, when it came (epoch)."""

    __slots__ = ("at", "model", "tools", "usage")

    def __init__(self) -> None:
        self.usage = Usage()
        self.model = ""
        self.tools: set[str] = set()
        self.at: float | None = None


class Consumption:
    """What one agent used in all its answers, oldest first."""

    __slots__ = ("turns",)

    def __init__(self, turns: list[Turn]) -> None:
        self.turns = turns

    @property
    def usage(self) -> Usage:
        """The tokens of all answers."""
        return sum((turn.usage for turn in self.turns), Usage())

    @property
    def tool_uses(self) -> int:
        """How many tools were called."""
        return sum(len(turn.tools) for turn in self.turns)

    @property
    def models(self) -> list[str]:
        """The models that answered, in the order of their first answer."""
        return list(dict.fromkeys(turn.model for turn in self.turns if turn.model))

    @property
    def growth(self) -> int:
        """The tokens by which the context grew from the first answer on: what tools returned and the model wrote."""
        served = [turn.usage for turn in self.turns if turn.usage.sent]
        return served[-1].total - served[0].sent if served else 0


def usage(transcript: str) -> Usage | None:
    """The tokens of all answers of an agent, each message once; None where there is no transcript."""
    found = consumption(transcript)
    return found.usage if found else None


def consumption(transcript: str) -> Consumption | None:
    """What an agent used by its transcript; None where there is none."""
    files = list(filter(os.path.isfile, parts(transcript)))
    return Consumption(turns(files)) if files else None


def turns(files: list[str]) -> list[Turn]:
    """The answers in some transcripts, each message once, however many lines it takes."""
    answers: dict[str, Turn] = {}
    for path in files:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if '"usage"' in line:
                    _read(line, answers)
    return list(answers.values())


def _read(text: str, answers: dict[str, Turn]) -> None:
    """One line: the host writes a message once for each of its blocks, the last with the tokens as they ended."""
    line = quickjson.record(text)
    message = line.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("usage"), dict):
        return
    numbers = message["usage"]

    def count(key: str) -> int:
        value = numbers.get(key)
        return value if type(value) is int and 0 <= value < MOST else 0

    turn = answers.setdefault(str(message.get("id")), Turn())
    turn.usage = Usage(
        count("input_tokens"),
        count("cache_read_input_tokens"),
        count("cache_creation_input_tokens"),
        count("output_tokens"),
    )
    model = message.get("model")
    turn.model = model[:100] if isinstance(model, str) and model != SYNTHETIC else ""
    turn.at = epoch(str(line.get("timestamp")))
    content = message.get("content")
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and block.get("type") == "tool_use":
            turn.tools.add(str(block.get("id")))
