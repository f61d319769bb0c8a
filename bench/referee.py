"""What must hold in every history of a run, told from its events and the states between them.

A rule looks at one event with the state before and the one after it, and says what is wrong; limits are reckoned anew
from the plan, not by the code that is judged. A new rule is one more function in `RULES`, a new limit one in `LIMITS`.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from operator import attrgetter
from typing import TYPE_CHECKING

import sides  # noqa: F401 - it puts the product's own code in reach
from parallel_dispatch.decide import Decision, decide
from parallel_dispatch.plan import Plan
from parallel_dispatch.replay import replay
from parallel_dispatch.scopes import overlapping
from parallel_dispatch.state import FAILED, FIRST_TASKS, SUCCESS, Attempt, State
from parallel_dispatch.tempo import Tempo

if TYPE_CHECKING:
    from parallel_dispatch.ledger import Event

COUNTED = ("reminded", "sent-back")
"""Events of which each counts, so that one told twice is two."""
CUT_OFF = ("interrupted", "resumed")
"""Events after which nobody is at work."""
CLOSING = ("closed", *CUT_OFF)
"""Events that may end attempts."""


_whole = attrgetter(*Attempt.__slots__)


class Violation(Exception):  # noqa: N818 - it is what a referee calls
    """A rule that was broken."""


class Moment:
    """One event of a history, with the state before it, the state after it, and what is to be done then."""

    __slots__ = ("after", "before", "decision", "event", "facts", "kind")

    def __init__(self, event: Event, before: State, after: State) -> None:
        self.event = event
        self.kind = str(event.get("event", "header"))
        self.before = before
        self.after = after
        self.facts = facts(after)
        self.decision: Decision = decide(after)

    @property
    def stamp(self) -> Event:
        """When the event was, by both clocks."""
        return {clock: self.event.get(clock, 0.0) for clock in ("time", "clock")}

    @property
    def failed(self) -> list[str]:
        """What the tasks failed of that the event settled as failed."""
        new = [task for task in self.after.settled if task not in self.before.settled]
        return [reason for outcome, reason in map(self.after.settled.__getitem__, new) if outcome == FAILED]

    @property
    def admitted(self) -> list[Attempt]:
        """The attempts that the event began."""
        return [attempt for call, attempt in self.after.calls.items() if call not in self.before.calls]

    @property
    def closed(self) -> list[Attempt]:
        """The attempts that the event ended."""
        was_open = [call for call, attempt in self.before.calls.items() if attempt.is_open]
        return [attempt for attempt in map(self.after.calls.__getitem__, was_open) if not attempt.is_open]


class Referee:
    """Who watches a history, event by event. What succeeded, and which tries were spent, it remembers by itself."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.events: list[Event] = []
        self.state = State(plan)
        self.facts = facts(self.state)
        self.succeeded: set[str] = set()
        self.failures: Counter[str] = Counter()
        self.tokens = 0
        self.since = 0.0  # by the monotonic clock
        self.is_spent = False  # one of the budgets
        self.beginning: list[str] = []  # what the first tasks failed of, empty for a success

    def see(self, event: Event, state: State) -> None:
        """The next event and the state after it; `Violation` where something is wrong."""
        self.events.append(event)
        moment = Moment(event, self.state, state)
        self._remember(moment)
        for rule in RULES:
            complaint = rule(self, moment)
            if complaint:
                raise Violation(complaint)
        self.state, self.facts = state, moment.facts

    def _remember(self, moment: Moment) -> None:
        again, clock, tokens = moment.event.get("again"), moment.stamp["clock"], moment.event.get("tokens")
        clock = clock if isinstance(clock, float) else 0.0
        if moment.kind in ("header", "resumed"):
            self.succeeded -= set(again) if isinstance(again, list) else set()
            self.succeeded &= moment.after.plan.tasks.keys()  # those of a list that is read again are made anew
            self.failures.clear()
            self.since, self.tokens, self.is_spent = clock, 0, False
            self.beginning = []
        self.succeeded |= {attempt.task for attempt in moment.closed if attempt.outcome == SUCCESS}
        self.failures.update(attempt.task for attempt in moment.closed if attempt.outcome == FAILED)
        self.tokens += tokens if moment.closed and isinstance(tokens, int) else 0
        most, minutes = self.plan.max_tokens, self.plan.max_minutes
        self.is_spent |= 0 < minutes <= (clock - self.since) / 60 or 0 < most <= self.tokens
        self.beginning += [*("" for attempt in moment.closed if attempt.outcome == SUCCESS), *moment.failed]


def facts(state: State) -> dict[str, object]:
    """Everything that a state holds, in a form that can be compared: an attempt whole once, else by its call."""
    found = {name: _plain(getattr(state, name)) for name in State.__slots__}
    found["calls"] = [_whole(attempt) for attempt in state.calls.values()]
    return found


def _plain(value: object) -> object:
    if value.__class__ is str:  # most are, and no other question costs as much here
        return value
    if isinstance(value, dict):
        return [(key, _plain(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Plan):
        return [(task.id, *task.dependencies) for task in value.tasks.values()]
    if isinstance(value, Tempo):
        return [getattr(value, name) for name in Tempo.__slots__]
    return value.call if isinstance(value, Attempt) else value


# --- the book-keeping of replay -----------------------------------------------------------------------------------


def replay_of_all_is_the_same(referee: Referee, moment: Moment) -> str:
    """The state after one more event is the state after all events, and the state before it stays as it was."""
    if facts(moment.before) != referee.facts:
        return "replaying more events changed the state before them"
    return _difference(facts(replay(referee.plan, referee.events)), moment.facts, "all events replayed anew")


def an_event_told_twice_is_one(referee: Referee, moment: Moment) -> str:
    """An event that comes once more at once changes nothing."""
    if moment.kind in COUNTED:
        return ""
    twice = facts(replay(referee.plan, [moment.event], moment.after))
    return _difference(twice, moment.facts, "the event told twice")


def _difference(one: dict[str, object], other: dict[str, object], what: str) -> str:
    names = [name for name in one if one[name] != other[name]]
    told = ", ".join(f"{name} is {one[name]} and not {other[name]}" for name in names)
    return f"{what} gives another state: {told}" if names else ""


def attempts_are_in_order(_: Referee, moment: Moment) -> str:
    """A task has at most one open attempt, its attempts are numbered, and every list of them has the same ones."""
    state = moment.after
    attempts = [attempt for tried in state.attempts.values() for attempt in tried]
    for task, tried in state.attempts.items():
        if [attempt.number for attempt in tried] != list(range(1, len(tried) + 1)):
            return f"the attempts at {task} are not numbered from 1"
        if sum(attempt.is_open for attempt in tried) > 1:
            return f"{task} has two open attempts"
    calls = set(map(id, state.calls.values()))
    if set(map(id, attempts)) != calls or not {id(a) for its in state.by_agent.values() for a in its} <= calls:
        return "the attempts of tasks or agents are not those of calls"
    if {id(a) for a in attempts if a.is_open} != {id(a) for a in state.open.values()}:
        return "what is open is not what has no outcome"
    return ""


# --- admission ----------------------------------------------------------------------------------------------------


def only_calls_begin_and_only_ends_end(_: Referee, moment: Moment) -> str:
    """Attempts begin with a claim, one with each, and end with an event that says so."""
    begun, ended = moment.admitted, moment.closed
    if len(begun) > (moment.kind == "claimed"):
        return f"{moment.kind} began {', '.join(a.task for a in begun)}"
    if ended and moment.kind not in CLOSING:
        return f"{moment.kind} ended {', '.join(a.task for a in ended)}"
    if moment.after.open and moment.kind in CUT_OFF:
        return f"{moment.kind} left {next(iter(moment.after.open))} at work"
    return ""


def what_is_admitted_was_due(referee: Referee, moment: Moment) -> str:
    """A task begins when what it needs has succeeded, while the run goes on, and not once it is settled."""
    state = moment.after
    for attempt in moment.admitted:
        task = state.plan.tasks[attempt.task]
        there = sum(needed in referee.succeeded for needed in task.dependencies)
        if there < task.least or (task.goes_without and not state.settled.keys() >= set(task.dependencies)):
            return f"{task.id} began when {there} of the {task.least} tasks that it needs had succeeded"
        if task.id in moment.before.settled or task.id in moment.before.open:
            return f"{task.id} began though it was settled or at work"
        if task.for_each:
            return f"{task.id} began though it stands for others"
        halted = state.ended or state.paused or state.used_up or state.halted
        if halted:
            return f"{task.id} began though the run was halted: {halted}"
    return ""


def limits_hold(_: Referee, moment: Moment) -> str:
    """What runs, and what is offered to run beside it, keeps every limit."""
    state = moment.after
    offered = [task for task, _ in moment.decision.dispatch]
    return next(filter(None, (limit(state, [*state.open, *offered]) for limit in LIMITS)), "")


def _max_parallel(state: State, running: list[str]) -> str:
    most = state.plan.max_parallel
    return f"{len(running)} run, and max_parallel is {most}" if len(running) > most else ""


def _server(state: State, running: list[str]) -> str:
    most = state.tempo.limit  # who is at work already stays so when it is lowered
    is_over = len(running) > most and len(running) > len(state.open)
    return f"{len(running)} run, and a busy server lets {most} run" if is_over else ""


def _pools(state: State, running: list[str]) -> str:
    working = Counter(state.plan.tasks[task].agent for task in running)
    over = [agent for agent, most in state.plan.instances.items() if working[agent] > most]
    return f"{working[over[0]]} instances of {over[0]} work" if over else ""


def _resources(state: State, running: list[str]) -> str:
    held: Counter[str] = Counter()
    for task in running:
        held.update(state.plan.tasks[task].resources)
    over = [name for name, amount in held.items() if amount > state.plan.resources.get(name, 1)]
    return f"{held[over[0]]} of {over[0]} are held" if over else ""


def _scopes(state: State, running: list[str]) -> str:
    tasks = [state.plan.tasks[task] for task in running]
    met = [(a.id, b.id) for a, b in combinations(tasks, 2) if overlapping(a.writes, b.writes)]
    return f"{met[0][0]} and {met[0][1]} may write the same file" if met else ""


def _waves(state: State, running: list[str]) -> str:
    if not (state.plan.in_waves and running):
        return ""
    last = max(state.plan.tasks[task].wave for task in running)
    left = [t.id for t in state.plan.tasks.values() if t.wave < last and t.id not in state.settled]
    return f"wave {last} began before {left[0]} of an earlier one had ended" if left else ""


LIMITS = (_max_parallel, _server, _pools, _resources, _scopes, _waves)
"""What a run may not go over: each says how some tasks that run together do."""


def what_ends_a_run_early_ends_it(referee: Referee, moment: Moment) -> str:
    """Nothing is offered after a failure that stops the run, after five alike, or once a budget is used up."""
    state, offered = moment.after, moment.decision.dispatch
    failed = [task for task, (outcome, _) in state.settled.items() if outcome == FAILED]
    failed = [task for task in failed if state.plan.stops_after(task)]
    if offered and failed:
        return f"{offered[0][0]} is offered though {failed[0]} failed, which stops the run"
    first = referee.beginning[:FIRST_TASKS]
    if offered and len(first) == FIRST_TASKS and first[0] and len(set(first)) == 1:
        return f"{offered[0][0]} is offered though the first {FIRST_TASKS} tasks all failed of {first[0]}"
    return f"{offered[0][0]} is offered though a budget is used up" if offered and referee.is_spent else ""


# --- outcomes -----------------------------------------------------------------------------------------------------


def successes_stay(referee: Referee, moment: Moment) -> str:
    """What succeeded has succeeded, until it is to be done again."""
    state = moment.after
    lost = [t for t in referee.succeeded if t in state.plan.tasks and state.settled.get(t, ("",))[0] != SUCCESS]
    made_up = [t for t, (outcome, _) in state.settled.items() if outcome == SUCCESS and t not in referee.succeeded]
    if lost:
        return f"the success of {min(lost)} was lost"
    return f"the success of {min(made_up)} is made up" if made_up else ""


def what_is_settled_stays(_: Referee, moment: Moment) -> str:
    """An outcome changes only when the run is resumed; whom nobody needs any more, nobody comes to need."""
    before, after = moment.before, moment.after
    if moment.kind == "resumed":
        return ""
    changed = [task for task, was in before.settled.items() if after.settled.get(task) != was]
    needed = [task for task in before.losers if task in after.open and task not in after.losers]
    if changed:
        return f"{changed[0]} was {before.settled[changed[0]]} and is {after.settled.get(changed[0])}"
    return f"{needed[0]} was not needed any more and is needed again" if needed else ""


def tries_are_counted(referee: Referee, moment: Moment) -> str:
    """Failures are counted one by one since the start or the last resumption; no task fails more often than it may."""
    state = moment.after
    for task, spent in state.spent.items():
        if spent != referee.failures[task]:
            return f"{task} has spent {spent} tries, and failed {referee.failures[task]} times"
        if task in state.plan.tasks and spent > state.plan.tasks[task].attempts:
            return f"{task} was tried {spent} times, and may be {state.plan.tasks[task].attempts} times"
    return ""


# --- what is decided ----------------------------------------------------------------------------------------------


def whatever_is_offered_is_admitted(referee: Referee, moment: Moment) -> str:
    """The calls of a block are all admitted, in whatever order they come; nothing that may run is left out of it."""
    state, offered = moment.after, moment.decision.dispatch
    refused = [task for task, _ in offered if state.refusal(task)]
    if refused:
        return f"{refused[0]} was offered and is refused: {state.refusal(refused[0])}"
    wrong = [task for task, number in offered if number != len(state.attempts[task]) + 1]
    if wrong:
        return f"the attempt at {wrong[0]} is offered with the wrong number"
    for rows in (offered, offered[::-1]):
        claims: list[Event] = [
            {**moment.stamp, "event": "claimed", "task": task, "call": f"offered {task}"} for task, _ in rows
        ]
        then = replay(referee.plan, claims, state)
        rejected = set(then.rejected) - set(state.rejected)
        if rejected:
            return f"{min(rejected)} in a block, and is rejected: {then.rejected[min(rejected)]}"
    waiting = [task for task in then.plan.tasks if task not in then.open]
    left = [task for task in waiting if not (then.refusal(task) or then.lets_begin_first(task, {}))]
    return f"{left[0]} may run and is not offered" if left else ""


def a_run_goes_on_or_is_over(_: Referee, moment: Moment) -> str:
    """Something is at work, offered or to be made, unless the run waits for its user or every task has an outcome."""
    state, decision = moment.after, moment.decision
    if decision.over and decision.dispatch:
        return "the run is over, and something is offered"
    goes_on = decision.dispatch or state.open or state.ready_to_grow
    if not (goes_on or decision.over or state.paused):
        return "nothing is at work, nothing is offered, and the run is not over"
    undone = [task for task, (outcome, _) in state.outcomes().items() if not outcome]
    return f"the run is over, and {undone[0]} has no outcome" if decision.over and undone else ""


RULES = (
    attempts_are_in_order,
    only_calls_begin_and_only_ends_end,
    what_is_admitted_was_due,
    limits_hold,
    what_ends_a_run_early_ends_it,
    successes_stay,
    what_is_settled_stays,
    tries_are_counted,
    whatever_is_offered_is_admitted,
    a_run_goes_on_or_is_over,
    an_event_told_twice_is_one,
    replay_of_all_is_the_same,
)
"""What holds after every event: each says what is wrong, or nothing."""
