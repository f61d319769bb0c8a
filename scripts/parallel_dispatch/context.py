"""How the main conversation's context grew while a run went on, and what it cost, told from its transcripts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from . import quickjson
from .usage import MOST, turns

if TYPE_CHECKING:
    from collections.abc import Iterable


class Growth(NamedTuple):
    """The turns within a run; the tokens of the context before the first of them, and with the last."""

    turns: int
    start: int
    end: int


def main_transcripts(agents: Iterable[str]) -> list[str]:
    """The transcripts of the conversations that agents with these transcripts were started in.

    The host keeps an agent's transcript as `SESSION/subagents/agent-ID.jsonl`, beside its conversation's own.
    """
    folders = dict.fromkeys(os.path.dirname(agent) for agent in agents)
    return [os.path.dirname(f) + ".jsonl" for f in folders if os.path.basename(f) == "subagents"]


def growth(transcripts: Iterable[str], begun: float, ended: float) -> Growth | None:
    """The growth between two moments (seconds since the epoch); None where no turn lies between them."""
    answers = turns(list(filter(os.path.isfile, transcripts)))
    within = sorted(
        (turn.at, turn.usage.sent, turn.usage.total)
        for turn in answers
        if turn.at is not None and turn.usage.sent and begun <= turn.at <= ended
    )
    return Growth(len(within), within[0][1], within[-1][2]) if within else None


def cost(transcripts: Iterable[str]) -> float | None:
    """What the host itself reckons that a whole conversation cost, in US dollars; None where it says nothing.

    2.1.329 writes that down when a conversation ends, 2.1.197 never. With two transcripts nobody knows whether the one
    sum is part of the other.
    """
    files = list(filter(os.path.isfile, transcripts))
    last: dict[str, object] = {}
    for path in files if len(files) == 1 else ():
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if '"cost-state"' in line:
                    found = quickjson.record(line)
                    last = found if found.get("type") == "cost-state" else last
    usd = last.get("totalCostUSD")
    is_known = type(usd) in (int, float) and last.get("hasUnknownModelCost") is False
    return float(usd) if is_known and isinstance(usd, (int, float)) and 0 <= usd < MOST else None
