"""The state of a run, replayed from its plan and its ledger.

Replay is a pure function: the same events give the same state, an event seen twice changes nothing, and where two
claims race, the order in the file decides. Outcomes that follow from others (a skipped dependent) are derived here
and never stored.
"""

from __future__ import annotations

from .ledger import Event
from .plan import Plan

SUCCESS, FAILED, SKIPPED, CANCELLED = "success", "failed", "skipped", "cancelled"
MAX_SENT_BACK = 2
"""How often an agent that stops without its output is sent back, per attempt."""


class Attempt:
    """One try at a task. Times are seconds since the epoch; None: not yet, or never seen."""

    __slots__ = (
        "agent_id",
        "background",
        "call",
        "claimed",
        "digest",
        "ended",
        "number",
        "outcome",
        "reason",
        "sent_back",
        "started",
        "task",
        "transcript",
    )

    def __init__(self, task: str, number: int, call: str, claimed: float) -> None:
        self.task = task
        self.number = number
        self.call = call
        self.claimed = claimed
        self.agent_id = ""
        self.background = False
        self.started: float | None = None
        self.ended: float | None = None
        self.outcome = ""
        self.reason = ""
        self.sent_back = 0
        self.transcript = ""
        self.digest = ""  # of the output, as it was when the attempt was closed

    @property
    def is_open(self) -> bool:
        """Whether the attempt still runs."""
        return not self.outcome

    @property
    def seconds(self) -> float | None:
        """How long the agent worked; None where start or end was not measured."""
        if self.started is None or self.ended is None:
            return None
        return max(0.0, self.ended - self.started)


class State:
    """What is known of a run."""

    __slots__ = (
        "attempts",
        "begun",
        "calls",
        "ended",
        "open",
        "plan",
        "rejected",
        "reminders",
        "settled",
        "stopped_by",
        "unmet",
        "user_spoke",
    )

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.begun: float | None = None
        self.attempts: dict[str, list[Attempt]] = {task: [] for task in plan.tasks}
        self.open: dict[str, Attempt] = {}  # by task, in the order of admission
        self.settled: dict[str, tuple[str, str]] = {}  # task → outcome and reason, once nothing can change it
        self.unmet = {task.id: len(task.dependencies) for task in plan.tasks.values()}
        self.calls: dict[str, Attempt] = {}  # by the host's tool_use_id
        self.rejected: dict[str, str] = {}  # tool_use_id → why the claim was not admitted
        self.reminders = 0  # how often `Stop` was sent back since an agent was last admitted
        self.user_spoke = False  # the user typed something else since an agent was last admitted
        self.stopped_by = ""  # the task whose failure stops the run (`on_failure: stop`)
        self.ended = ""  # why the run is over: "finished" or "cancelled"

    def refusal(self, task: str) -> str:
        """Why a task may not be dispatched now; empty where it may."""
        if task not in self.attempts:
            return f'this run has no task "{task}"'
        if self.ended:
            return f"the run is {self.ended}; nothing to do"
        if task in self.open:
            return f'"{task}" is already running; nothing to do'
        if task in self.settled:
            outcome, reason = self.settled[task]
            return f'"{task}" is settled: {outcome}{f" ({reason})" if reason else ""}; nothing to do'
        if self.stopped_by:
            return f'the run is stopped, because "{self.stopped_by}" failed; nothing to do'
        if self.unmet[task]:
            return f'"{task}" waits for other tasks; its turn comes in a later dispatch block'
        if len(self.open) >= self.plan.max_parallel:
            return (
                f"max_parallel: {self.plan.max_parallel} agents are running; its turn comes in a later dispatch block"
            )
        return ""

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """Every task's outcome ("" while it can still become something) and the reason, in the order of dispatch."""
        rest = ("", "")
        if self.ended == "cancelled":
            rest = (CANCELLED, "the run was cancelled")
        elif self.stopped_by:
            rest = (CANCELLED, f"stopped, because {self.stopped_by} failed")
        return {task: self.settled.get(task, ("", "") if self._holds(task) else rest) for task in self.plan.tasks}

    def _holds(self, task: str) -> bool:
        return task in self.open and self.ended != "cancelled"

    def admit(self, attempt: Attempt) -> None:
        """The state after an attempt was admitted."""
        self.attempts[attempt.task].append(attempt)
        self.calls[attempt.call] = attempt
        self.open[attempt.task] = attempt
        self.reminders = 0
        self.user_spoke = False

    def close(self, attempt: Attempt, outcome: str, reason: str, time: float) -> None:
        """The state after an open attempt ended."""
        attempt.outcome, attempt.reason, attempt.ended = outcome, reason, time
        del self.open[attempt.task]
        if outcome == FAILED and attempt.number < self.plan.attempts:
            return
        if outcome == FAILED and self.plan.on_failure == "stop":
            self.stopped_by = self.stopped_by or attempt.task
        self._settle(attempt.task, outcome, reason)

    def _settle(self, task: str, outcome: str, reason: str) -> None:
        """The outcome of a task, and of those that it leaves without what they need."""
        todo = [(task, outcome, reason)]
        while todo:
            task, outcome, reason = todo.pop()
            if task in self.settled:
                continue
            self.settled[task] = (outcome, reason)
            for dependent in self.plan.dependents[task]:
                if outcome == SUCCESS:
                    self.unmet[dependent] -= 1
                else:
                    todo.append((dependent, SKIPPED, f"needs {task}, which {_PAST[outcome]}"))


_PAST = {FAILED: "failed", SKIPPED: "was skipped", CANCELLED: "was cancelled"}


def replay(plan: Plan, events: list[Event]) -> State:
    """The state after all events of a ledger, header first."""
    state = State(plan)
    starts: dict[str, float] = {}
    for event in events:
        time = _number(event.get("time"))
        name = event.get("event")
        if name is None:
            state.begun = time
        elif name == "claimed":
            _claim(state, event, time)
        elif name == "agent-started":
            starts.setdefault(_text(event, "agent_id"), time)
        elif name == "user-spoke":
            state.user_spoke = True
        elif name == "reminded":
            state.reminders += 1
        elif name in ("finished", "cancelled"):
            state.ended = state.ended or str(name)
        else:
            _of_attempt(state, event, time)
    for attempt in state.calls.values():
        attempt.started = starts.get(attempt.agent_id)
    return state


def _claim(state: State, event: Event, time: float) -> None:
    call, task = _text(event, "call"), _text(event, "task")
    if call in state.calls or call in state.rejected:
        return
    refusal = state.refusal(task)
    if refusal:
        state.rejected[call] = refusal
        return
    state.admit(Attempt(task, len(state.attempts[task]) + 1, call, time))


def _of_attempt(state: State, event: Event, time: float) -> None:
    """An event of one attempt: `bound`, `launched`, `sent-back`, `closed`."""
    number = event.get("attempt")
    attempts = state.attempts.get(_text(event, "task"), [])
    if not isinstance(number, int) or not 1 <= number <= len(attempts):
        return
    attempt = attempts[number - 1]
    attempt.agent_id = attempt.agent_id or _text(event, "agent_id")
    attempt.transcript = attempt.transcript or _text(event, "transcript")
    name = event["event"]
    if name == "launched":
        attempt.background = True
    elif name == "sent-back":
        attempt.sent_back += 1
    elif name == "closed" and attempt.is_open:
        attempt.digest = _text(event, "sha256")
        outcome = _text(event, "outcome")
        state.close(
            attempt, outcome if outcome in _PAST or outcome == SUCCESS else FAILED, _text(event, "reason"), time
        )


def _text(event: Event, key: str) -> str:
    value = event.get(key)
    return value if isinstance(value, str) else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e12 else 0.0
