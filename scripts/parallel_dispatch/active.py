"""A run as hooks see it: paths, plan, ledger, the ties from agents to attempts."""

from __future__ import annotations

import os
import time

from .gate import Payload
from .ledger import Event, Ledger
from .marker import parse_marker
from .places import RunFolder, read_text, write_whole
from .plan import Plan, grace
from .replay import replay
from .state import Attempt, State
from .territory import changes_nothing, grounds
from .tie import Tie
from .transcript import PATIENCE_SECONDS, agent_transcript, call_of, first_prompt


class ActiveRun:
    """One run; plan and ledger are read when first asked for."""

    __slots__ = ("_first", "_plan", "_replayed", "_state", "folder", "ledger")

    def __init__(self, path: str) -> None:
        self.folder = RunFolder(path)
        self.ledger = Ledger(self.folder.ledger)
        self._first: Plan | None = None
        self._plan: Plan | None = None
        self._state: State | None = None
        self._replayed = 0  # events that it is the state after

    @property
    def first(self) -> Plan:
        """The plan that the run was started with."""
        if self._first is None:
            self._first = Plan.from_json(read_text(self.folder.plan))
        return self._first

    @property
    def base(self) -> Plan:
        """The run's plan as it was made, at the start or when the run was last resumed."""
        return self.state().base if os.path.exists(self.folder.plans) else self.first

    @property
    def plan(self) -> Plan:
        """The run's plan, with the tasks that were made of what others wrote, as far as was last seen."""
        if self._plan is None:
            base = self.base
            self._plan = self.state().plan if base.patterns else base
        return self._plan

    def state(self) -> State:
        """The state as the ledger has it now; what it had before is not replayed again."""
        events = self.ledger.read()
        if self._state is None or len(events) < self._replayed:
            self._state, self._replayed = None, 0
        if self._state is None or len(events) > self._replayed:
            new = events[self._replayed :]
            self._state = replay(self.first, new, self._state, self._plans(new))
            self._replayed, self._plan = len(events), self._state.plan
        return self._state

    def _plans(self, events: list[Event]) -> dict[str, Plan]:
        """The plans that some events know by name: those that the run was resumed with."""
        names = [str(event["plan"]) for event in events if event.get("plan")]
        return {name: Plan.from_json(read_text(self.folder.later_plan(name)), f"plans/{name}.json") for name in names}

    def tie(self, payload: Payload) -> Tie | None:
        """The attempt that the agent of a hook event works at; None for an agent that is not of this run.

        The first line of the agent's transcript carries the marker. What it says is kept in a file, so that later
        events of the same agent neither read the transcript nor replay the ledger.
        """
        agent_id = payload.get("agent_id")
        if not isinstance(agent_id, str) or not agent_id:
            return None
        path = self.folder.agent(agent_id)
        if not os.path.exists(path):
            self._tie_new(agent_id, payload, path)
        return Tie.read(path)

    def _tie_new(self, agent_id: str, payload: Payload, path: str) -> None:
        state = self.state()
        launched = next(iter(state.of_agent(agent_id)), None)
        transcript = (launched and launched.transcript) or agent_transcript(payload, agent_id)
        is_ours = launched or any(not attempt.agent_id for attempt in state.open.values())  # as far as can be told yet
        prompt, started = first_prompt(transcript, PATIENCE_SECONDS if is_ours else 0.0)
        if not prompt:  # not there yet: ask again at the agent's next event
            return
        attempt = launched or state.calls.get(call_of(transcript)) or self._named(state, prompt)
        if attempt is None:
            write_whole(path, "")
            return
        self.ledger.append("agent-started", agent_id=agent_id, began=started)
        self.ledger.append("bound", task=attempt.task, attempt=attempt.number, agent_id=agent_id, transcript=transcript)
        if not self._is_brief(attempt, prompt):
            self.ledger.append("rewritten", task=attempt.task, attempt=attempt.number, prompt=prompt[:1000])
        deadline, end = (when - self.now + time.monotonic() for when in self.times(attempt))
        task = self.plan.tasks.get(attempt.task)
        where = grounds(self.plan, task) if task else (self.plan.project, self.plan.output_dir, [], [], False)
        looks = bool(task and changes_nothing(task))
        tie = Tie(attempt.task, attempt.number, deadline, end, transcript, *where, looks=looks)
        uptime = read_text("/proc/uptime").partition(" ")[0]
        free = tie.free(float(uptime)) if uptime else ""
        if free:  # before the tie, with which whoever calls the agent off takes it away
            write_whole(self.folder.free(agent_id), free)
        write_whole(path, tie.to_json())
        state = self.state()  # once more: who closed the attempt or its run meanwhile found no tie to call off
        is_open = state.calls[attempt.call].is_open
        self.call_off(agent_id, state.why_to_end(attempt.task) if is_open else "its attempt is closed")

    @property
    def now(self) -> float:
        """The time of the run, as its state has times."""
        return self.state().moment(time.time(), time.monotonic())

    def times(self, attempt: Attempt) -> tuple[float, float]:
        """When an attempt's agent is told to finish, and when it is ended, as times of the run."""
        task = self.plan.tasks.get(attempt.task)
        timeout = task.timeout if task else 0.0  # resumed without it, the run gives it no time
        deadline = attempt.claimed + attempt.pause + timeout
        return deadline, deadline + grace(timeout)

    def _named(self, state: State, prompt: str) -> Attempt | None:
        """The attempt whose marker a prompt begins with."""
        named = parse_marker(prompt)
        attempts = state.attempts.get(named[1], []) if named and named[0] == self.plan.run else []
        return attempts[named[2] - 1] if named and 1 <= named[2] <= len(attempts) else None

    def _is_brief(self, attempt: Attempt, prompt: str) -> bool:
        """Whether a prompt holds the attempt's brief; else another plugin's hook changed the call after ours."""
        path = self.folder.brief(attempt.task, attempt.number)
        text = read_text(path) or read_text(self.folder.brief(attempt.task, 1))
        return text.partition("\n")[2].strip() in prompt

    def call_off(self, agent_id: str, why: str) -> None:
        """The agent is to end at its next tool call, where there is a reason."""
        path = self.folder.agent(agent_id)
        tie = Tie.read(path) if agent_id and why else None
        if tie is None:
            return
        try:  # noqa: SIM105 - a start of every hook would pay for contextlib
            os.unlink(self.folder.free(agent_id))
        except FileNotFoundError:  # there was none, or another hook took it away
            pass
        if not tie.called_off:
            tie.called_off = why
            write_whole(path, tie.to_json())
