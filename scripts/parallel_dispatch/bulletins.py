"""A run under way in plain lines: one for each change, with its time of day. Pure but for what was said before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .outlook import begin
from .picture import in_force
from .progress import progress
from .standings import WORDS
from .visible import visible

if TYPE_CHECKING:
    from .state import State

LONGEST = 200
"""The characters of a reason, at most."""


class Bulletins:
    """What was said of a run, so that nothing is said twice."""

    def __init__(self) -> None:
        self._begun: set[str] = set()  # calls
        self._ended: set[str] = set()
        self._settled: dict[str, str] = {}
        self._force: list[str] = []

    def news(self, state: State, condition: str, now: float) -> list[str]:
        """The lines for what has changed, oldest first."""
        found: list[tuple[float, str]] = []
        for call, attempt in state.calls.items():
            if call not in self._begun and (attempt.started is not None or not attempt.is_open):
                self._begun.add(call)
                again = f", try {attempt.number}" if attempt.number > 1 else ""
                found.append((begin(attempt), f"{attempt.task} running{again}"))
            if call not in self._ended and not attempt.is_open:
                self._ended.add(call)
                word = WORDS.get(attempt.outcome, attempt.outcome)
                took = f" {attempt.seconds:.1f} s" if attempt.seconds is not None else ""
                found.append((attempt.ended or now, f"{attempt.task} {word}{took}{_because(attempt.reason)}"))
        latest = max((at for at, _ in found), default=now)
        found.sort(key=lambda one: one[0])
        for task, (outcome, reason) in state.outcomes().items():
            if outcome != self._settled.get(task, ""):
                self._settled[task] = outcome
                tried = state.attempts[task]
                if outcome and not (tried and tried[-1].outcome == outcome):
                    found.append((latest, f"{task} {WORDS.get(outcome, outcome)}{_because(reason)}"))
        force = in_force(state, condition)
        found += [(latest, words) for words in force if words not in self._force]
        self._force = force
        if state.ended:
            found.append((latest, f"{state.plan.name} (run {state.plan.run}) {state.ended}: {progress(state)}"))
        return [f"{time.strftime('%H:%M:%S', time.localtime(at))} {visible(line)}" for at, line in found]


def _because(reason: str) -> str:
    line = " ".join(reason.split())
    return f": {line if len(line) <= LONGEST else line[: LONGEST - 1] + '…'}" if line else ""
