"""A run on a simulated clock: the shipped `State` and `decide`, agents that take the seconds they are given, no host.

What a real run adds is missing here on purpose: nothing passes between the end of an agent and the start of the next.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sides  # noqa: F401 - it puts the product's own code in reach
from parallel_dispatch.decide import decide
from parallel_dispatch.state import CANCELLED, SUCCESS, Attempt, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parallel_dispatch.plan import Plan


@dataclass(frozen=True)
class Span:
    """When an agent worked at a task, in seconds since the run began."""

    task: str
    start: float
    end: float


def drive(plan: Plan, seconds: Mapping[str, float]) -> list[Span]:
    """What each agent did, in the order of their ends; tasks without an agent are absent.

    Every agent succeeds after its task's `seconds`, unless nobody needs it any more: then it ends at that moment. What
    ends at the same time is closed before anything more is dispatched. `RuntimeError` where the run cannot go on.
    """
    state = State(plan)
    ends: list[tuple[float, int, str]] = []  # when, in the order of admission
    spans: list[Span] = []
    now = 0.0
    admitted = 0
    while True:
        state.spend(now)
        decision = decide(state)
        for task, number in decision.dispatch:
            state.admit(Attempt(task, number, f"call-{admitted}", now))
            heapq.heappush(ends, (now + seconds[task], admitted, task))
            admitted += 1
        if not state.open:
            undone = [task for task, (outcome, _) in state.outcomes().items() if not outcome]
            if undone or not decision.over:
                raise RuntimeError(f"after {now:g} s nothing runs, and the run is not over: {', '.join(undone[:5])}")
            return spans
        now = ends[0][0]
        while ends and ends[0][0] == now:
            _, _, task = heapq.heappop(ends)
            if task in state.open:
                spans.append(_closed(state, task, SUCCESS, now))
        while state.losers.keys() & state.open.keys():
            needless = [task for task in state.open if task in state.losers]
            spans += [_closed(state, task, CANCELLED, now) for task in needless]


def _closed(state: State, task: str, outcome: str, now: float) -> Span:
    """What the agent of a task did, which ends now."""
    attempt = state.open[task]
    state.close(attempt, outcome, "", now)
    return Span(task, attempt.claimed, now)


def makespan(spans: list[Span]) -> float:
    """The seconds from the first start to the last end; 0 where no agent worked."""
    return max((s.end for s in spans), default=0.0) - min((s.start for s in spans), default=0.0)
