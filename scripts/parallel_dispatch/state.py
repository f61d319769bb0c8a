"""The state of a run: its attempts, what is ready, what came of each task, and what may begin.

`replay` makes it of a ledger. Outcomes that follow from others (a skipped dependent) are derived here and never stored.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from .capacity import Capacity
from .ledger import Event
from .plan import Plan, PlannedTask
from .tempo import Tempo

SUCCESS, FAILED, SKIPPED, CANCELLED = "success", "failed", "skipped", "cancelled"
UNNEEDED = "not needed"
"""The outcome of a task that the one which waited for it went on without."""
INTERRUPTED = "interrupted"
"""How an attempt ends that its host cut off: it settles nothing, and no try is spent on it."""
MAX_SENT_BACK = 2
"""How often an agent that stops without its output is sent back, per attempt."""
FIRST_TASKS = 5
"""Where so many tasks end first and all of them fail in one way, the run is given up."""
LONGEST_PAUSE = 32.0
"""Seconds between a failure and the next try; a hook sleeps them out, and the host gives a hook 60."""

FINE = (SUCCESS, UNNEEDED)
"""The outcomes of a task with which nothing is left to do."""


class Attempt:
    """One try at a task. Times are seconds since the epoch; None: not yet, or never seen."""

    __slots__ = (
        "abandoned",
        "agent_id",
        "asked",
        "background",
        "call",
        "claimed",
        "digest",
        "ended",
        "inputs",
        "launched",
        "notified",
        "number",
        "outcome",
        "pause",
        "reason",
        "rewritten",
        "sent_back",
        "started",
        "task",
        "transcript",
        "unfaithful",
    )

    def __init__(self, task: str, number: int, call: str, claimed: float, pause: float = 0.0) -> None:
        self.task = task
        self.number = number
        self.call = call
        self.claimed = claimed
        self.pause = pause  # seconds that it waits after the failure before it, before it begins
        self.agent_id = ""
        self.background = False
        self.launched: float | None = None
        self.notified = False  # the host told the main conversation that the agent has ended
        self.abandoned = False  # closed while its agent still worked, as far as anybody knows
        self.asked = False  # the main conversation was asked to stop the agent
        self.started: float | None = None
        self.ended: float | None = None
        self.outcome = ""
        self.reason = ""
        self.rewritten = False  # the agent got other words than its brief: another plugin's hook changed the call
        self.sent_back = 0
        self.unfaithful = 0  # how often of these for what its output lost of others' findings
        self.transcript = ""
        self.digest = ""  # of the output, as it was when the attempt was closed
        self.inputs = ""  # the digest of what it built on, then

    def copy(self) -> Attempt:
        """The same attempt, to be changed by itself."""
        new = Attempt.__new__(Attempt)
        for name in Attempt.__slots__:
            setattr(new, name, getattr(self, name))
        return new

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
        "anchor",
        "attempts",
        "base",
        "beginning",
        "begun",
        "broken",
        "by_agent",
        "calls",
        "ended",
        "finished",
        "left",
        "losers",
        "open",
        "order",
        "paused",
        "plan",
        "ready",
        "rejected",
        "reminders",
        "resumptions",
        "settled",
        "since",
        "spent",
        "spread",
        "starts",
        "stopped_by",
        "tempo",
        "thrown_back",
        "tokens",
        "told",
        "turn_failed",
        "undecided",
        "unmet",
        "used_up",
        "user_spoke",
    )

    def __init__(self, plan: Plan) -> None:
        self.base = plan  # as it was made, at the start or when the run was last resumed
        self.plan = plan  # with the tasks that were made of what others wrote
        self.spread: dict[str, Event] = {}  # the event that named the items, by the task that they are for
        self.begun: float | None = None
        self.anchor = (0.0, 0.0)  # one moment by the wall clock and by the monotonic one, from which times are counted
        self.resumptions: list[Event] = []  # that took the run up again, in their order
        self.attempts: dict[str, list[Attempt]] = {task: [] for task in plan.tasks}
        self.open: dict[str, Attempt] = {}  # by task, in the order of admission
        self.settled: dict[str, tuple[str, str]] = {}  # task → outcome and reason, once nothing can change it
        self.unmet = {task.id: task.needed for task in plan.tasks.values()}
        self.undecided = {task.id: len(task.dependencies) for task in plan.tasks.values()}  # dependencies not settled
        self.order: dict[str, int] = {}  # the place of each task in the order of dispatch
        self.ready: list[int] = []  # the places of those that nothing but the limits keeps from being dispatched
        self._line_up()
        self.losers: dict[str, str] = {}  # open, and not needed any more, with the task that goes on without
        self.left = _by_wave(plan)  # how many tasks of each wave are not settled
        self.spent = dict.fromkeys(plan.tasks, 0)  # failed attempts since the run was started or resumed
        self.since = 0.0  # when the budgets began: at the start, or when the run was last resumed
        self.tokens = 0  # that agents used since then
        self.used_up = ""  # which budget is used up, so that nothing more is dispatched
        self.calls: dict[str, Attempt] = {}  # by the host's tool_use_id
        self.by_agent: dict[str, list[Attempt]] = {}  # by the host's id of the agent that works at them
        self.starts: dict[str, float] = {}  # when each agent began, by its id
        self.rejected: dict[str, str] = {}  # tool_use_id → why the claim was not admitted
        self.reminders = 0  # how often `Stop` was sent back since an agent was last admitted
        self.user_spoke = False  # the user typed something else since an agent was last admitted
        self.turn_failed = False  # the conversation's last turn ended in an API error
        self.tempo = Tempo(plan.max_parallel)
        self.thrown_back = dict.fromkeys(plan.tasks, 0)  # how often in a row a busy server did not serve each task
        self.beginning: list[str] = []  # what each of the run's first tasks failed of, empty for a success
        self.broken = ""  # why the run is given up: its first tasks all failed of the same
        self.stopped_by = ""  # the task whose failure stops the run (`on_failure: stop`)
        self.paused = ""  # why nothing is dispatched until somebody resumes the run
        self.ended = ""  # why the run is over: "finished" or "cancelled"
        self.finished: float | None = None  # when it was over
        self.told = False  # the main conversation has heard of the end

    def copy(self) -> State:
        """The same state, to be changed by itself."""
        new = State.__new__(State)
        for name in State.__slots__:
            value = getattr(self, name)
            setattr(new, name, value.copy() if isinstance(value, (dict, list, Tempo)) else value)
        new.calls = {call: attempt.copy() for call, attempt in self.calls.items()}
        new.attempts = {task: [new.calls[each.call] for each in tried] for task, tried in self.attempts.items()}
        new.by_agent = {agent: [new.calls[each.call] for each in its] for agent, its in self.by_agent.items()}
        new.open = {task: new.calls[attempt.call] for task, attempt in self.open.items()}
        return new

    def refusal(self, task: str) -> str:
        """Why a task may not be dispatched now; empty where it may."""
        if task not in self.plan.tasks:
            return f'this run has no task "{task}"'
        if self.ended:
            return f"the run is {self.ended}; nothing to do"
        if task in self.open:
            return f'"{task}" is already running; nothing to do'
        if task in self.settled:
            outcome, reason = self.settled[task]
            return f'"{task}" is settled: {outcome}{f" ({reason})" if reason else ""}; nothing to do'
        if self.plan.tasks[task].for_each:
            return f'"{task}" stands for tasks that are not made yet; they come in a later dispatch block'
        if self.halted:
            return f"the run is {self.halted}; nothing to do"
        if self.used_up:
            return f"{self.used_up}; nothing to do"
        if self.paused:
            return f"the run is paused ({self.paused}); `/parallel-dispatch resume {self.plan.run}` goes on"
        if self.unmet[task]:
            return f'"{task}" waits for other tasks; its turn comes in a later dispatch block'
        full = self.capacity.refusal(task)
        return f"{full}; its turn comes in a later dispatch block" if full else ""

    def lets_begin_first(self, task: str, beginning: dict[str, int]) -> bool:
        """Whether a task waits, as planned, until another one has begun, which has not and is not about to."""
        other = self.plan.tasks[task].yields_to
        return (
            other in self.plan.tasks
            and other not in beginning
            and not self.attempts[other]
            and other not in self.settled
        )

    @property
    def capacity(self) -> Capacity:
        """What may be dispatched beside the open attempts."""
        begun = (wave for wave, left in self.left.items() if left) if self.plan.in_waves else ()
        return Capacity(self.plan, list(self.open), min(begun, default=0), self.tempo.limit)

    @property
    def halted(self) -> str:
        """Why nothing is dispatched any more and agents at work are to end: a task's failure, or too many alike."""
        return f"stopped, because {self.stopped_by} failed" if self.stopped_by else self.broken

    def why_to_end(self, task: str) -> str:
        """Why the agent that works at a task is to end; empty where it is not."""
        if self.halted or task not in self.losers:
            return self.halted
        return f"not needed any more, since {self.losers[task]} goes on without"

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """Every task's outcome ("" while it can still become something) and the reason, in the order of dispatch."""
        return {task: self.settled.get(task) or self._unsettled(task) for task in self.plan.tasks}

    def _unsettled(self, task: str) -> tuple[str, str]:
        if self.ended == "cancelled":
            return CANCELLED, "the run was cancelled"
        if task in self.open:
            return "", ""
        if self.halted:
            return CANCELLED, self.halted
        if self.used_up and self.spent[task]:
            return FAILED, f"{self.attempts[task][-1].reason}; not tried again: {self.used_up}"
        return (CANCELLED, self.used_up) if self.used_up else ("", "")

    @property
    def cut_short(self) -> str:
        """Which budget is used up, where that keeps a task from being dispatched; else empty."""
        undone = self.used_up and any(t not in self.settled and t not in self.open for t in self.plan.tasks)
        return self.used_up if undone else ""

    @property
    def unannounced(self) -> list[Attempt]:
        """Closed background attempts of whose agent's end the host has not told the main conversation yet."""
        return [a for a in self.calls.values() if a.background and not (a.is_open or a.notified)]

    @property
    def imminent(self) -> list[Attempt]:
        """Those of them whose agent has ended by itself: their notifications are on the way."""
        return [a for a in self.unannounced if not a.abandoned]

    @property
    def awaited(self) -> list[Attempt]:
        """Those whose notification is to come, as the agent has ended or the main conversation is to stop it."""
        return [a for a in self.unannounced if not a.abandoned or a.asked]

    @property
    def lingering(self) -> list[Attempt]:
        """Those whose agent hangs or is not needed any more, and that nobody was asked to stop yet."""
        unneeded = [a for a in self.open.values() if a.background and self.why_to_end(a.task)]
        return [a for a in (*(a for a in self.unannounced if a.abandoned), *unneeded) if not a.asked]

    def of_agent(self, agent_id: str) -> list[Attempt]:
        """The attempts that one agent of the host works at: one, or none."""
        return self.by_agent.get(agent_id, [])

    def pause_before(self, task: str) -> float:
        """How many seconds the next attempt at a task waits: 1, 2, 4 … after the first, second, third failure."""
        failures = (self.spent[task] if self.plan.backs_off else 0) + self.thrown_back[task]
        return min(2.0 ** (failures - 1), LONGEST_PAUSE) if failures else 0.0

    def admit(self, attempt: Attempt) -> None:
        """The state after an attempt was admitted."""
        self.attempts[attempt.task].append(attempt)
        self.calls[attempt.call] = attempt
        self.open[attempt.task] = attempt
        self._leave(attempt.task)
        self.reminders = 0
        self.user_spoke = self.turn_failed = False

    def close(self, attempt: Attempt, outcome: str, reason: str, time: float, *, thrown_back: bool = False) -> None:
        """The state after an open attempt ended; `thrown_back` says that a busy server did not serve it."""
        if attempt.task in self.losers and outcome != SUCCESS:
            outcome, reason = UNNEEDED, _went_on(self.losers[attempt.task])
        attempt.outcome, attempt.reason, attempt.ended = outcome, reason, time
        del self.open[attempt.task]
        self.spent[attempt.task] += outcome == FAILED
        if outcome == SUCCESS:
            self.tempo.serve()
            self._began_with("")
        elif thrown_back:
            self.thrown_back[attempt.task] += 1
            if not self.tempo.slow_down(attempt.claimed, time):
                self.paused = self.paused or f"the server serves none of its requests: {reason}"
        if outcome == INTERRUPTED or (
            outcome == FAILED and self.spent[attempt.task] < self.plan.tasks[attempt.task].attempts
        ):
            self._enter(attempt.task)
            return
        if outcome == FAILED:
            self.fail(attempt.task, reason)
        else:
            self._settle(attempt.task, outcome, reason)

    def moment(self, time: float, clock: float) -> float:
        """A moment as a time of the run, from both clocks of the machine (seconds; a `clock` of 0 is not known).

        It is told by the monotonic clock, since the other may be set at any time. Only that clock begins anew when the
        machine does.
        """
        return moment(self.anchor, time, clock)

    def spend(self, time: float, tokens: int = 0) -> None:
        """The state at this time, with so many tokens more used."""
        self.tokens += tokens
        minutes, most = self.plan.max_minutes, self.plan.max_tokens
        if self.used_up or self.ended:
            return
        if minutes and time - self.since >= 60 * minutes:
            self.used_up = f"the run has used its {minutes:,} minute{'s'[: minutes != 1]}: max_minutes"
        elif most and self.tokens >= most:
            self.used_up = f"the run has used its {most:,} tokens: max_tokens"

    def interrupt(self, time: float) -> None:
        """The state after the host of all agents was gone: whatever one of them still says, it says to nobody."""
        for attempt in list(self.open.values()):
            self.close(attempt, INTERRUPTED, "its host was cut off", time)
        for attempt in self.calls.values():
            attempt.notified = True

    @property
    def resumption(self) -> str:
        """The id of the last resumption; empty where there was none."""
        return str(self.resumptions[-1]["id"]) if self.resumptions else ""

    def resume(self, plan: Plan, again: set[str], time: float) -> None:
        """The state after the run was taken up again, by a plan: what was cut off is open for another attempt.

        Tasks that succeeded stay as they are where the plan has them, except those in `again`. The attempts at tasks
        that it has no more are still known, so that their agents are.
        """
        self.interrupt(time)
        self.base = self.plan = plan
        patterns = {task.id for task in plan.patterns}
        self.spread = {task: event for task, event in self.spread.items() if task in patterns - again}
        for task, event in self.spread.items():
            self._grow(task, event)
        tasks = self.plan.tasks
        for task in tasks:
            self.attempts.setdefault(task, [])
        kept = {
            task: (SUCCESS, "")
            for task, (outcome, _) in self.settled.items()
            if outcome == SUCCESS and task in tasks and task not in again
        }
        self._unsettle()
        self.spent = dict.fromkeys(self.plan.tasks, 0)
        self.thrown_back = dict.fromkeys(self.plan.tasks, 0)
        self.tempo = Tempo(self.plan.max_parallel)
        self.beginning = []
        self.stopped_by = self.broken = self.paused = self.ended = self.used_up = ""
        self.finished = None
        self.since, self.tokens = time, 0
        self.user_spoke = self.told = False
        self.reminders = 0
        self._settle_all(kept)

    @property
    def ready_to_grow(self) -> list[PlannedTask]:
        """The tasks in whose place others can be made now, since all that they wait for has ended."""
        if self.ended or self.halted:
            return []
        return [
            task
            for task in self.plan.patterns
            if not self.unmet[task.id] and task.id not in self.settled and task.for_each["from"] in self.settled
        ]

    def grow(self, task: str, event: Event) -> None:
        """The state after the items of a task became known; what is settled stays so."""
        self.spread[task] = event
        self._grow(task, event)
        for made in self.plan.tasks:
            self.attempts.setdefault(made, [])
            self.spent.setdefault(made, 0)
            self.thrown_back.setdefault(made, 0)
        settled = self.settled
        self._unsettle()
        self._settle_all(settled)

    def fail(self, task: str, reason: str) -> None:
        """The state after a task failed for good."""
        if self.plan.stops_after(task):
            self.stopped_by = self.stopped_by or task
        self._settle(task, FAILED, reason)
        self._began_with(_kind(reason, self.plan.tasks[task], self.plan))

    def _began_with(self, failure: str) -> None:
        """How one of the run's first tasks ended: empty for a success."""
        if len(self.beginning) < FIRST_TASKS:
            self.beginning.append(failure)
            if failure and self.beginning == [failure] * FIRST_TASKS:
                self.broken = f"given up, because its first {FIRST_TASKS} tasks all failed in one way: {failure}"

    def _grow(self, task: str, event: Event) -> None:
        from .growing import grow, items_of

        self.plan = grow(self.plan, self.plan.tasks[task], items_of(event))

    def _unsettle(self) -> None:
        self.settled = {}
        self.unmet = {task.id: task.needed for task in self.plan.tasks.values()}
        self.undecided = {task.id: len(task.dependencies) for task in self.plan.tasks.values()}
        self._line_up()
        self.losers = {}
        self.left = _by_wave(self.plan)

    def _line_up(self) -> None:
        """The ready tasks as they are while nothing is settled."""
        self.order = {task: place for place, task in enumerate(self.plan.tasks)}
        self.ready = []
        for task in self.plan.tasks:
            self._enter(task)

    def _enter(self, task: str) -> None:
        """A task is ready, where nothing keeps it from that."""
        if not (self.unmet[task] or task in self.settled or task in self.open or self.plan.tasks[task].for_each):
            insort(self.ready, self.order[task])

    def _leave(self, task: str) -> None:
        """A task is ready no longer, where it was."""
        place = bisect_left(self.ready, self.order[task])
        if self.ready[place : place + 1] == [self.order[task]]:
            del self.ready[place]

    def _settle(self, task: str, outcome: str, reason: str) -> None:
        """The outcome of a task, with all that follows from it."""
        self._settle_all({task: (outcome, reason)})

    def _settle_all(self, outcomes: dict[str, tuple[str, str]]) -> None:
        """Some outcomes, and then those that follow from them: what is known to have succeeded nobody can drop."""
        todo = [more for task, (outcome, reason) in outcomes.items() for more in self._note(task, outcome, reason)]
        while todo:
            todo += self._note(*todo.pop())

    def _note(self, task: str, outcome: str, reason: str) -> list[tuple[str, str, str]]:
        """The outcomes of the tasks that one outcome leaves without what they need or that nobody needs any more."""
        if task in self.settled:
            return []
        self.settled[task] = (outcome, reason)
        self._leave(task)
        self.left[self.plan.tasks[task].wave] -= 1
        follow = self._needless_for(task) if outcome == UNNEEDED else []
        for dependent in self.plan.dependents[task]:
            self.undecided[dependent] -= 1
            if dependent in self.settled or not self.unmet[dependent]:
                continue
            self.unmet[dependent] -= outcome == SUCCESS or self.plan.tasks[dependent].goes_without
            if not self.unmet[dependent] and not self._has_enough(dependent):
                follow.append((dependent, SKIPPED, self._lack(dependent, task, outcome)))
            elif not self.unmet[dependent]:
                self._enter(dependent)
                follow += self._needless_for(dependent)
            elif outcome != SUCCESS and self._cannot_begin(dependent):
                follow.append((dependent, SKIPPED, self._lack(dependent, task, outcome)))
        return follow

    def _has_enough(self, task: str) -> bool:
        """Whether as many of those that a task depends on have succeeded as it needs at least."""
        planned = self.plan.tasks[task]
        return sum(self.settled.get(d, ("",))[0] == SUCCESS for d in planned.dependencies) >= planned.least

    def _cannot_begin(self, task: str) -> bool:
        """Whether a task lacks more than it may still get; one that waits for some may get those yet to be made."""
        planned, tasks = self.plan.tasks[task], self.plan.tasks
        if self.unmet[task] <= self.undecided[task]:
            return False
        return not (planned.wait and any(tasks[d].for_each and d not in self.settled for d in planned.dependencies))

    def _lack(self, task: str, needed: str, outcome: str) -> str:
        """Why a task cannot begin any more."""
        planned = self.plan.tasks[task]
        if planned.goes_without:
            return f"none of the {len(planned.dependencies)} tasks that it waits for has succeeded"
        if planned.wait:
            return f"waits for {planned.wait} of {len(planned.dependencies)} tasks, and {needed} {PAST[outcome]}, too"
        return f"needs {needed}, which {PAST[outcome]}"

    def _needless_for(self, task: str) -> list[tuple[str, str, str]]:
        """What becomes of the dependencies that a task goes on without, where nobody else needs them.

        Those at work are noted as losers; the others are settled.
        """
        dropped = []
        for needed in self.plan.tasks[task].dependencies:
            if needed in self.settled or not all(map(self._is_served, self.plan.dependents[needed])):
                continue
            if needed in self.open:
                self.losers.setdefault(needed, task)
            else:
                dropped.append((needed, UNNEEDED, _went_on(task)))
        return dropped

    def _is_served(self, task: str) -> bool:
        """Whether a task needs nothing more of those that it depends on."""
        planned = self.plan.tasks[task]
        return task in self.settled or not (self.unmet[task] or planned.leaves_losers or planned.for_each)


def _kind(reason: str, task: PlannedTask, plan: Plan) -> str:
    """What a task failed of, without what only it could: its own words, its id and its paths."""
    general = reason.partition("last words:")[0].rstrip("; ")
    for own in (task.output, plan.shown(task.output), plan.shown(task.draft), task.id):
        general = general.replace(own, "…")
    return general


def _went_on(task: str) -> str:
    return f"{task} goes on without it"


def _by_wave(plan: Plan) -> dict[int, int]:
    count: dict[int, int] = {}
    for task in plan.tasks.values():
        count[task.wave] = count.get(task.wave, 0) + 1
    return count


PAST = {FAILED: "failed", SKIPPED: "was skipped", CANCELLED: "was cancelled", UNNEEDED: "was not needed"}


def moment(anchor: tuple[float, float], time: float, clock: float) -> float:
    """A moment by both clocks as a time of the run, counted from the anchor; see `State.moment`."""
    base_time, base_clock = anchor
    return base_time + clock - base_clock if clock > 0.0 < base_clock <= clock else time
