"""A scripted model that counts tokens of its own for every answer, and keeps what it served to whom."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace

from faults import Faulty
from hosting import said
from parallel_dispatch.marker import parse_marker

KEYS = {
    "input": "input_tokens",
    "cached": "cache_read_input_tokens",
    "cache_written": "cache_creation_input_tokens",
    "output": "output_tokens",
}


@dataclass
class Metered(Faulty):
    """A model that counts other tokens for every answer, and keeps what it served to whom."""

    served: dict[str, list[dict[str, int]]] = field(default_factory=dict)
    tools: Counter = field(default_factory=Counter)
    tasks: dict[str, tuple[str, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - numbers to be told apart

    def reply(self, request):
        reply = super().reply(request)
        if reply.error:
            return reply
        with self.lock:
            usage = {key: self.numbers.randrange(1, 10_000) for key in KEYS.values()}  # no host compacts for that
            who = request.agent_id or "main"
            self.served.setdefault(who, []).append(usage)
            self.tools[who] += len(reply.calls)
            named = next(filter(None, (parse_marker(text.lstrip()) for text in said(request).split("\n"))), None)
            self.tasks.setdefault(who, named[1:] if named and request.agent_id else ("", 0))
        return replace(reply, usage=usage)
