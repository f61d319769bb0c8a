"""A host, its agents and its user as badly as they can behave: whoever drives a run in a world, event by event.

They write what the product's hooks write when such things happen (`admission`, `closing`, `judge`, `run.resume`), into
a real ledger, and ask the shipped `decide` what to do. A disturbance is a name in `KINDS` and the place that asks for
it (`Host.may`); each spends some of the host's mischief, so that every run comes to an end. A host without a source of
chance has no mischief and does one thing after another.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import sides  # noqa: F401 - it puts the product's own code in reach
from parallel_dispatch import quickjson
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.decide import decide
from parallel_dispatch.ledger import Ledger
from parallel_dispatch.places import RunFolder, write_whole
from parallel_dispatch.state import CANCELLED, FAILED, INTERRUPTED, SUCCESS, Attempt, State
from referee import Referee, Violation

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from parallel_dispatch.ledger import Event
    from worlds import World

KINDS = {
    "calls made in another order": 0.3,
    "calls not made": 0.1,
    "calls made twice": 0.1,
    "calls told twice": 0.1,
    "calls that nobody offered": 0.02,
    "calls that the host refused": 0.05,
    "agents of whose start nobody told": 0.05,
    "agents that got other words": 0.03,
    "agents that die": 0.07,
    "agents that hang": 0.07,
    "agents stopped by hand": 0.07,
    "agents that meet a usage limit": 0.07,
    "agents that a busy server throws back": 0.1,
    "ends that nobody told": 0.07,
    "ends told twice": 0.2,
    "notifications that never come": 0.1,
    "notifications that come twice": 0.2,
    "events of strangers": 0.02,
    "events told again later": 0.02,
    "words of the user, failed turns": 0.01,
    "clock steps back": 0.01,
    "clock leaps": 0.005,
    "hosts killed": 0.015,
    "hosts killed while a run is resumed": 0.2,
    "torn lines": 0.5,
    "runs cancelled": 0.006,
    "ended runs resumed": 0.3,
    "outputs gone when a run is resumed": 0.2,
    "lists changed when a run is resumed": 0.5,
}
"""Every kind of disturbance, and how likely it is where it may happen."""
TOLD_AGAIN = ("claimed", "launched", "bound", "agent-started", "closed", "notified", "stop-asked")
"""Events that the host may make come once more, at any time."""
MOST_EVENTS = 1000
"""Events after which a run counts as one that never ends."""
BEGAN = 1_700_000_000.0


class Killed(Exception):  # noqa: N818 - no error of anybody's
    """The host is gone, in the middle of what it did."""


class Host:
    """One run from its start to its end. `hit` are the tasks to which something was done that may change an outcome."""

    def __init__(self, world: World, folder: str, chance: random.Random | None = None, mischief: int = 0) -> None:
        self.world = world
        self.chance = chance
        self.mischief = mischief
        self.tally: Counter[str] = Counter()
        self.hit: set[str] = set()
        self.changed: set[str] = set()  # patterns whose lists were edited
        self.now = BEGAN
        self.clock = 500_000.0  # the machine's monotonic one
        self.agents: list[Iterator[None]] = []
        self.calls: list[tuple[str, str]] = []  # the rest of a block: task and tool_use_id
        self.called = 0
        self.items = {pattern: [*items] for pattern, items in world.items.items()}
        self.fared: Counter[str] = Counter()  # agents that failed at each task
        self.is_over = False
        self.is_resuming = False  # nobody drives the run, until somebody takes it up
        os.makedirs(folder)
        write_whole(RunFolder(folder).plan, world.plan.to_json())
        Ledger(RunFolder(folder).ledger).create(run="a-run", session="s", time=self.now, clock=self.clock)
        self.run = ActiveRun(folder)
        self.referee = Referee(self.run.base)

    @property
    def state(self) -> State:
        """The state as a hook sees it."""
        return self.run.state()

    def drive(self) -> None:
        """The run, to its end; `Violation` where a rule is broken on the way."""
        self._look()
        while not self.is_over:
            if len(self.referee.events) > MOST_EVENTS:
                raise Violation("the run does not come to an end")
            try:
                self._step()
            except Killed:
                self._kill()

    def _step(self) -> None:
        """What happens next."""
        if self.is_resuming:
            return self._resume()
        self._disturb()
        return self.pick(self._ways())()

    def may(self, kind: str) -> bool:
        """Whether a disturbance happens now."""
        if self.chance is None or not self.mischief or self.chance.random() >= KINDS[kind]:
            return False
        self.mischief -= 1
        self.tally[kind] += 1
        return True

    def pick(self, things: list[Callable[[], None]]) -> Callable[[], None]:
        """What happens next of what may."""
        return self.chance.choice(things) if self.chance else things[0]

    def coin(self) -> bool:
        """Heads; without chance always."""
        return self.chance is None or self.chance.random() < 0.5

    def append(self, name: str, **fields: object) -> None:
        """One more event in the ledger, a while later; the referee looks at it. It may be the last one of this host."""
        self._pass(self.chance.choice((0.0, 0.5, 2.0)) if self.chance else 0.5)
        self.run.ledger.append(name, time=self.now, clock=self.clock, **fields)
        self._look()
        if self.may("hosts killed while a run is resumed" if self.is_resuming else "hosts killed"):
            raise Killed

    def _pass(self, seconds: float) -> None:
        """Some time goes by."""
        self.now += seconds
        self.clock += seconds

    def _look(self) -> None:
        """What the ledger has that the referee has not seen."""
        for event in self.run.ledger.read()[len(self.referee.events) :]:
            self.referee.see(event, self.state)

    # --- what may happen next --------------------------------------------------------------------------------------

    def _ways(self) -> list[Callable[[], None]]:
        """What may happen now; never nothing."""
        state = self.state
        decision = decide(state)
        ways: list[Callable[[], None]] = []
        if not state.ended:
            ways += [self._call] * bool(self.calls)
            ways += [self._spread] * bool(state.ready_to_grow)
            ways += [lambda: self._offer(decision.dispatch)] * bool(decision.dispatch and not self.calls)
        ways += [lambda agent=agent: self._go_on(agent) for agent in self.agents]  # type: ignore[misc]
        if decision.over:
            ways += [self._end]
        if ways:
            return ways
        return [self._close_unheard] if state.open else [self._resume]

    def _offer(self, rows: list[tuple[str, int]]) -> None:
        """A block handed out: the model copies its calls, more or less."""
        tasks = [task for task, _ in rows]
        if self.chance and self.may("calls made in another order"):
            self.chance.shuffle(tasks)
        for task in tasks:
            if self.may("calls not made"):
                continue
            self.called += 1
            self.calls += [(task, f"call-{self.called}")] * (1 + self.may("calls told twice"))
            if self.may("calls made twice"):
                self.called += 1
                self.calls.append((task, f"call-{self.called}"))

    def _call(self) -> None:
        """The next call of the block: its claim, and where it is admitted, an agent."""
        task, call = self.calls.pop(0)
        self._claim(task, call)

    def _claim(self, task: str, call: str) -> None:
        known = call in self.state.calls
        self.append("claimed", task=task, call=call)
        attempt = self.state.calls.get(call)
        if attempt and not known:
            self.agents.append(self._life(attempt))

    def _go_on(self, agent: Iterator[None]) -> None:
        """The next event of an agent."""
        if next(agent, self) is self:
            self.agents.remove(agent)

    def _spread(self) -> None:
        """The tasks made that stand in a list, or a reason why there are none."""
        pattern = self.state.ready_to_grow[0]
        source = pattern.for_each["from"]
        if self.state.settled[source][0] == SUCCESS:
            self.append("spread", task=pattern.id, items=self.items[pattern.id], sha256="")
        else:
            self.append("unspread", task=pattern.id, reason=f"{source} {self.state.settled[source][0]}")

    def _close_unheard(self) -> None:
        """The time is up of agents of which nothing more is heard."""
        self._pass(1000.0)
        for attempt in list(self.state.open.values()):
            self._close(attempt, self._natural(attempt.task), abandoned=True)

    def _end(self) -> None:
        """The run is over; its agents say what they have to say, and somebody may take it up again."""
        if not self.state.ended:
            self.append("finished")
        self.append("told")
        if self.may("ended runs resumed"):
            self._resume()
        self.is_over = bool(self.state.ended)

    # --- agents ----------------------------------------------------------------------------------------------------

    def _life(self, attempt: Attempt) -> Iterator[None]:
        """An agent from its call to the last that is heard of it, event by event."""
        task, number, agent_id = attempt.task, attempt.number, f"agent-{attempt.call}"
        if self.may("calls that the host refused"):
            self._close(attempt, FAILED, is_hit=True)
            return
        for name in self._beginning():
            self.append(name, task=task, attempt=number, agent_id=agent_id)
            yield
        for _ in range(self.chance.choice((0, 0, 0, 1, 2)) if self.chance else 0):
            self.append("sent-back", task=task, attempt=number, reason="no output")
            yield
        if self.may("ends that nobody told"):
            return
        is_notified = self.world.plan.background and self.chance is not None and self.coin()
        if is_notified:  # before the attempt is closed: no event of the agent itself told of its end
            self.append("notified", agent_id=agent_id)
            yield
        yield from self._ending(attempt)
        yield
        if self.may("ends told twice"):
            self._tell_end(attempt, self._natural(task) if self.coin() else FAILED)
            yield
        if not self.world.plan.background or self.may("notifications that never come"):
            return
        if not is_notified or self.may("notifications that come twice"):
            self.append("notified", agent_id=agent_id)

    def _beginning(self) -> list[str]:
        """The events that an agent begins with; launch and first tool call are told in any order."""
        if self.may("agents of whose start nobody told"):
            return []
        events = ["agent-started", "bound"]
        if self.world.plan.background:
            events.insert(self.chance.randint(0, 2) if self.chance else 0, "launched")
        return [*events, "rewritten"] if self.may("agents that got other words") else events

    def _ending(self, attempt: Attempt) -> Iterator[None]:
        """How an agent ends: by itself, as it fares at its task, or badly."""
        if self.may("agents that die"):
            self._close(attempt, FAILED, is_hit=True)
        elif self.may("agents stopped by hand"):
            self._close(attempt, CANCELLED, is_hit=True)
        elif self.may("agents that hang"):
            self._pass(1000.0)
            self._close(attempt, FAILED, is_hit=True, abandoned=True)
            yield
            self.append("stop-asked", agent_id=f"agent-{attempt.call}")
        elif self.may("agents that meet a usage limit"):
            if self._is_open(attempt):
                self.append("paused", reason="a limit")
            yield
            self._close(attempt, INTERRUPTED)
        elif self.may("agents that a busy server throws back"):
            self._close(attempt, INTERRUPTED, thrown_back=True)
        else:
            self._close(attempt, self._natural(attempt.task))

    def _natural(self, task: str) -> str:
        """What becomes of an agent at a task to which nothing is done; called off, it ends or is faster."""
        state = self.state
        if (task in state.losers or state.halted) and self.coin():
            return CANCELLED
        return FAILED if self.fared[task] < self.world.failures.get(task, 0) else SUCCESS

    def _is_open(self, attempt: Attempt) -> bool:
        return self.state.attempts[attempt.task][attempt.number - 1].is_open

    def _close(self, attempt: Attempt, outcome: str, *, is_hit: bool = False, **more: bool) -> None:
        """An attempt closed, where it is open: a hook looks first."""
        if not self._is_open(attempt):
            return
        if is_hit:
            self.hit.add(attempt.task)
        elif outcome == FAILED:
            self.fared[attempt.task] += 1
        self._tell_end(attempt, outcome, **more)

    def _tell_end(self, attempt: Attempt, outcome: str, **more: bool) -> None:
        reason = "no output" if self.world.is_alike else f"reason {len(self.referee.events)}"
        fields = {"agent_id": f"agent-{attempt.call}", "reason": reason, "tokens": 40}
        self.append("closed", task=attempt.task, attempt=attempt.number, outcome=outcome, **fields, **more)

    # --- disturbances ----------------------------------------------------------------------------------------------

    def _disturb(self) -> None:
        """What may happen at any moment."""
        if self.chance is None:
            return
        self._say_more(self.chance)
        if self.may("clock steps back"):
            self.now -= self.chance.choice((1.0, 3600.0))
        if self.may("clock leaps"):
            self.now += self.chance.choice((100.0, 86400.0))
        if not self.state.ended and self.may("runs cancelled"):
            self._cancel()

    def _say_more(self, chance: random.Random) -> None:
        """Events that nobody waits for."""
        if not self.state.ended and self.may("calls that nobody offered"):
            self.called += 1
            self._claim(chance.choice([*self.state.plan.tasks, "zz"]), f"call-{self.called}")
        if self.may("events of strangers"):
            self._hear_strangers(chance)
        told = [event for event in self.referee.events if event.get("event") in TOLD_AGAIN]
        if told and self.may("events told again later"):
            self._tell_again(dict(chance.choice(told)))
        if self.may("words of the user, failed turns"):
            self.append(chance.choice(("user-spoke", "turn-failed", "reminded")))

    def _hear_strangers(self, chance: random.Random) -> None:
        """An event of an agent or an attempt that is not of this run."""
        task = chance.choice([*self.state.plan.tasks, "zz"])
        name = chance.choice(("notified", "stop-asked", "agent-started", "closed", "bound", "launched", "unspread"))
        task = "zz" if name == "unspread" else task  # that one is the word of nobody but the run's own program
        self.append(name, agent_id="a stranger", task=task, attempt=chance.choice((0, 99, None)), outcome=SUCCESS)

    def _tell_again(self, event: Event) -> None:
        """An event of before once more, told now."""
        name = str(event.pop("event"))
        del event["time"], event["clock"]
        self.append(name, **event)

    def _cancel(self) -> None:
        """The user ends the run; its agents may not notice at once."""
        for attempt in list(self.state.open.values()):
            self._close(attempt, CANCELLED, abandoned=True)
        self.append("cancelled")
        self.calls = []

    def _kill(self) -> None:
        """The host is gone with its agents, in the middle of a line perhaps."""
        self.agents, self.calls = [], []
        if self.chance and self.may("torn lines"):
            line = quickjson.dumps({"time": self.now, "event": "claimed", "task": "t0", "call": "torn"})
            with open(self.run.ledger.path, "a", encoding="utf-8") as file:
                file.write(line[: self.chance.randint(1, len(line))])
        if self.coin():  # the machine was started again
            self.clock = 100.0
        self.run = ActiveRun(self.run.folder.path)
        self.is_resuming = not self.state.ended

    def _resume(self) -> None:
        """The run taken up by another conversation, as `run.resume` does it."""
        self.is_resuming = True
        if not self.state.ended:
            for attempt in list(self.state.open.values()):
                self._judge(attempt)
            self.append("interrupted")
        again = self._undone()
        if again or not self._is_all_done():
            self.hit.clear()  # every task that did not succeed has all its tries again
            name = f"resumption-{len(self.state.resumptions) + 1}"
            self.append("resumed", id=name, after=self.state.resumption, session="another", again=again)
        self.is_resuming = False

    def _judge(self, attempt: Attempt) -> None:
        """An attempt whose host is gone: a success, where its output is there."""
        if self._natural(attempt.task) == SUCCESS and self.coin():
            self._close(attempt, SUCCESS)

    def _is_all_done(self) -> bool:
        settled = self.state.settled
        return all(settled.get(task, ("",))[0] == SUCCESS for task in self.state.plan.tasks)

    def _undone(self) -> list[str]:
        """What is to be done again: tasks whose output is gone, those built on it, and the lists that changed."""
        state = self.state
        again: list[str] = []
        for task in [task for wave in state.plan.waves for task in wave]:
            if state.settled.get(task.id, ("",))[0] != SUCCESS:
                continue
            undone = [d for d in task.dependencies if state.settled.get(d, ("",))[0] != SUCCESS]
            is_stale = (undone and not task.wait) or not set(again).isdisjoint(task.dependencies)
            if is_stale or self.may("outputs gone when a run is resumed"):
                again.append(task.id)
        for pattern in state.spread:
            source = self.world.plan.tasks[pattern].for_each["from"]
            if self.may("lists changed when a run is resumed"):
                self.items[pattern].append("one more")
                self.changed.add(pattern)
                again.append(pattern)
            elif source in again or state.settled.get(source, ("",))[0] != SUCCESS:
                again.append(pattern)
        return again
