"""How many agents a busy server lets work at once: halved when it throws requests back, raised one by one after.

Additive increase, multiplicative decrease: D.-M. Chiu and R. Jain, "Analysis of the increase and decrease algorithms
for congestion avoidance in computer networks", 1989.
"""

from __future__ import annotations

MOST_REFUSALS = 3
"""How often in a row a single request may be thrown back before nobody is asked any more."""


class Tempo:
    """The limit of a run at one moment, beside its `max_parallel`."""

    __slots__ = ("_most", "_refused", "_served", "_since", "limit")

    def __init__(self, most: int) -> None:
        self._most = most
        self.limit = most
        self._served = 0  # attempts that succeeded since the limit was changed
        self._since = float("-inf")  # when it was last lowered
        self._refused = 0  # how often in a row it could not be lowered any more

    def copy(self) -> Tempo:
        """The same, to be changed by itself."""
        new = Tempo(self._most)
        new.limit, new._served, new._since, new._refused = self.limit, self._served, self._since, self._refused
        return new

    def __eq__(self, other: object) -> bool:
        """Whether both would do the same from now on."""
        return isinstance(other, Tempo) and all(getattr(self, n) == getattr(other, n) for n in Tempo.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def slow_down(self, claimed: float, time: float) -> bool:
        """A request was thrown back, of an attempt that was admitted then; False where the server serves none at all.

        Those that were under way together are thrown back together, which counts once.
        """
        if claimed < self._since:
            return True
        self._refused = self._refused + 1 if self.limit == 1 else 0
        self.limit = max(1, self.limit // 2)
        self._since, self._served = time, 0
        return self._refused < MOST_REFUSALS

    def serve(self) -> None:
        """An attempt succeeded: after as many as work at once, one more may."""
        self._served += 1
        self._refused = 0
        if self._served >= self.limit < self._most:
            self.limit += 1
            self._served = 0
