"""What is to be done next: a pure function of the plan's and the ledger's state and the time."""

from __future__ import annotations

from .state import State


class Decision:
    """What a run needs now.

    `dispatch` names the tasks to offer, in order, each with the number of its attempt; `over` says that nothing is
    left to wait for, so the report can be written. A task in whose place others are yet to be made is waited for.
    """

    __slots__ = ("dispatch", "over")

    def __init__(self, dispatch: list[tuple[str, int]], over: bool) -> None:
        self.dispatch = dispatch
        self.over = over


def decide(state: State) -> Decision:
    """The ready set within the limits, or the end."""
    if state.ended:
        return Decision([], over=True)
    capacity = state.capacity
    ready: dict[str, int] = {}
    if not (state.halted or state.paused or state.used_up):
        tasks = list(state.plan.tasks)
        for place in state.ready:
            task = tasks[place]
            if capacity.is_full:
                break
            if capacity.refusal(task) or state.lets_begin_first(task, ready):
                continue
            capacity.take(task)
            ready[task] = len(state.attempts[task]) + 1
    return Decision(list(ready.items()), over=not (ready or state.open or state.paused or state.ready_to_grow))
