"""A few hundred of the histories that bench/histories.py tries by the thousand, and proof that its rules can fail."""

import os
import re
import subprocess
import sys

import pytest
from builders import ROOT
from parallel_dispatch import replay
from parallel_dispatch import state as states
from parallel_dispatch.capacity import Capacity
from parallel_dispatch.state import FAILED, SUCCESS, State

sys.path.insert(0, os.path.join(ROOT, "bench"))

import histories
import unreliable

SEED = 20261121
EXAMPLES = 200
PATIENCE = 150
"""Examples within which a broken replay is found out."""


@pytest.fixture(scope="module")
def tally():
    return histories.some(SEED, range(EXAMPLES))


def test_no_history_breaks_a_rule(tally):
    assert [finding.story for finding in tally.findings] == []
    assert tally.examples == EXAMPLES


def test_tasks_are_compared_with_the_undisturbed_run_and_most_of_them_strictly(tally):
    assert tally.tasks > EXAMPLES
    assert tally.compared > 0.8 * tally.tasks
    assert tally.certain > 0.4 * tally.tasks


def test_every_kind_of_disturbance_happens(tally):
    assert set(tally.kinds) == set(unreliable.KINDS)


def test_every_event_that_replay_knows_happens(tally):
    of_attempts = {"bound", "launched", "rewritten", "sent-back", "closed"}
    assert set(replay._EVENTS) | of_attempts <= set(tally.events)


def test_an_example_is_made_from_its_seed_and_number_alone():
    one, other = histories.Tally(), histories.Tally()
    histories.play(SEED, 7, one)
    histories.play(SEED, 7, other)
    assert (one.events, one.kinds) == (other.events, other.kinds)
    assert sum(one.events.values()) > 10


# --- what is broken is found --------------------------------------------------------------------------------------


def without_limits(monkeypatch):
    monkeypatch.setattr(Capacity, "is_full", False)
    monkeypatch.setattr(Capacity, "refusal", lambda *_: "")


def without_pools(monkeypatch):
    full = Capacity.refusal

    def refusal(capacity, task):
        said = full(capacity, task)
        return "" if "instances" in said else said

    monkeypatch.setattr(Capacity, "refusal", refusal)


def running_tasks_claimed_again(monkeypatch):
    refuse = State.refusal

    def refusal(state, task):
        said = refuse(state, task)
        return "" if "already running" in said else said

    monkeypatch.setattr(State, "refusal", refusal)


def ends_counted_twice(monkeypatch):
    def closed(state, event, time):
        number, tried = event.get("attempt"), state.attempts.get(event.get("task"), [])
        if number in range(1, len(tried) + 1) and tried[number - 1].outcome and event["outcome"] == FAILED:
            state.spent[event["task"]] += 1
        replay._of_attempt(state, event, time)

    monkeypatch.setitem(replay._EVENTS, "closed", closed)


def resumptions_forgotten(monkeypatch):
    monkeypatch.setattr(replay, "_resumed", lambda *_: None)


def interruptions_forgotten(monkeypatch):
    monkeypatch.setattr(State, "interrupt", lambda *_: None)


def notifications_taken_for_ends(monkeypatch):
    def notified(state, event, time):
        for attempt in state.of_agent(event["agent_id"]):
            if attempt.is_open:
                state.close(attempt, SUCCESS, "", time)

    monkeypatch.setitem(replay._EVENTS, "notified", notified)


def one_outcome_after_another(monkeypatch):
    def settle_all(state, outcomes):
        for task, (outcome, reason) in outcomes.items():
            todo = [(task, outcome, reason)]
            while todo:
                todo += state._note(*todo.pop())

    monkeypatch.setattr(State, "_settle_all", settle_all)


def states_that_share(monkeypatch):
    copy = State.copy

    def sharing(state):
        new = copy(state)
        new.settled = state.settled
        return new

    monkeypatch.setattr(State, "copy", sharing)


def needs_ignored(monkeypatch):
    def enter(state, task):
        if not (task in state.settled or task in state.open or state.plan.tasks[task].for_each):
            states.insort(state.ready, state.order[task])

    monkeypatch.setattr(State, "_enter", enter)


def no_second_try(monkeypatch):
    close = State.close

    def final(state, attempt, *end, **more):
        state.plan.tasks[attempt.task].attempts = 1
        close(state, attempt, *end, **more)

    monkeypatch.setattr(State, "close", final)


def nobody_begins_first(monkeypatch):
    monkeypatch.setattr(State, "lets_begin_first", lambda *_: True)


def failures_that_stop_nothing(monkeypatch):
    monkeypatch.setattr(State, "fail", lambda state, task, reason: state._settle(task, FAILED, reason))


def budgets_without_end(monkeypatch):
    monkeypatch.setattr(State, "spend", lambda *_: None)


def failures_alike_overlooked(monkeypatch):
    monkeypatch.setattr(State, "_began_with", lambda *_: None)


BROKEN = [
    (without_limits, "run, and max_parallel is"),
    (without_pools, "instances of a reviewer work"),
    (running_tasks_claimed_again, "has two open attempts"),
    (ends_counted_twice, "the event told twice gives another state: spent is"),
    (resumptions_forgotten, "resumed left|is made up|has spent|does not come to an end|and must be"),
    (interruptions_forgotten, "interrupted left .* at work"),
    (notifications_taken_for_ends, "notified ended"),
    (one_outcome_after_another, "the success of .* was lost"),
    (states_that_share, "replaying more events changed the state before them"),
    (needs_ignored, "was offered and is refused"),
    (no_second_try, "to which nothing was done, is failed, and must be success"),
    (nobody_begins_first, "the run is over, and .* has no outcome"),
    (failures_that_stop_nothing, "is offered though .* failed, which stops the run"),
    (failures_alike_overlooked, "is offered though the first 5 tasks all failed of no output"),
    (budgets_without_end, "is offered though a budget is used up"),
]


@pytest.mark.parametrize(("breaking", "complaint"), BROKEN, ids=[breaking.__name__ for breaking, _ in BROKEN])
def test_a_broken_replay_is_found_out(breaking, complaint, monkeypatch):
    breaking(monkeypatch)
    finding = histories.first(SEED, range(PATIENCE))
    assert finding
    assert re.search(complaint, finding.complaint), finding.complaint


def test_the_shortest_history_is_told_that_breaks_a_rule(monkeypatch):
    running_tasks_claimed_again(monkeypatch)
    finding = histories.first(SEED, range(PATIENCE))
    shortest = histories.shortest(SEED, finding)
    assert [event.get("event", "header") for event in shortest.events] == ["header", "claimed", "claimed"]
    assert len({event["task"] for event in shortest.events[1:]}) == 1


def test_the_command_tells_what_it_found_and_ends_with_1(monkeypatch, capsys):
    without_limits(monkeypatch)
    number = histories.first(SEED, range(PATIENCE)).number
    monkeypatch.setattr(sys, "argv", ["histories.py", "--seed", str(SEED), "--only", str(number)])
    assert histories.main() == 1
    told = capsys.readouterr().out
    assert re.search(r"\| violations +\| +1 \|", told)
    assert f"python bench/histories.py --seed {SEED} --only {number}\nexample {number}: " in told


def test_the_command_counts_the_examples_of_all_processes():
    command = [sys.executable, os.path.join(ROOT, "bench", "histories.py"), "--examples", "30", "--seed", "5"]
    done = subprocess.run([*command, "--processes", "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\| examples +\| +30 \|", done.stdout)
    assert re.search(r"\| violations +\| +0 \|", done.stdout)
