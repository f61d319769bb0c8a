"""Replay and decide: the order in the ledger settles every race, and every run comes to an end."""

import copy
import itertools
import random
import re
from collections import Counter

import pytest
from builders import claimed, closed, event, header, launched, notified, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.decide import decide
from parallel_dispatch.replay import replay
from parallel_dispatch.scopes import overlapping

QUICK = settings(max_examples=150, deadline=None, derandomize=True)

DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
CHAIN = {"a": (), "b": ("a",), "c": ("b",), "other": ()}


def after(plan, *events):
    return replay(plan, [header(), *events])


def outcome(state, task):
    return state.outcomes()[task][0]


def offered(state):
    return [task for task, _ in decide(state).dispatch]


# --- claims -------------------------------------------------------------------------------------------------------


def test_a_fresh_run_offers_what_waits_for_nothing_in_the_order_of_the_plan():
    state = after(plan_of({"b": (), "a": (), "c": ("a",)}))
    assert decide(state).dispatch == [("b", 1), ("a", 1)]


def test_of_two_claims_of_one_task_the_first_in_the_file_wins():
    state = after(plan_of({"a": ()}), claimed("a", "second", time=2.0), claimed("a", "first", time=1.0))
    assert [attempt.call for attempt in state.attempts["a"]] == ["second"]
    assert state.rejected == {"first": '"a" is already running; nothing to do'}


def test_a_claim_over_the_cap_is_rejected_and_the_earlier_ones_stand():
    plan = plan_of({"a": (), "b": (), "c": ()}, max_parallel=2)
    state = after(plan, claimed("c"), claimed("a"), claimed("b"))
    assert list(state.open) == ["c", "a"]
    assert state.rejected["call-b"].startswith("max_parallel: 2 agents are running")


def test_a_place_that_became_free_can_be_claimed():
    plan = plan_of({"a": (), "b": ()}, max_parallel=1)
    state = after(plan, claimed("a"), claimed("b", "early"), closed("a"), claimed("b", "late"))
    assert list(state.open) == ["b"]
    assert state.open["b"].call == "late"


def test_a_claim_of_a_task_that_waits_for_others_is_rejected():
    state = after(plan_of(CHAIN), claimed("b"))
    assert state.rejected["call-b"] == '"b" waits for other tasks; its turn comes in a later dispatch block'


@pytest.mark.parametrize("needs_ended", [("b",), ("c",), ()])
def test_a_task_waits_until_all_that_it_needs_succeeded(needs_ended):
    events = [claimed("a"), closed("a"), claimed("b"), claimed("c"), *map(closed, needs_ended)]
    assert "d" not in offered(after(plan_of(DIAMOND), *events))
    assert offered(after(plan_of(DIAMOND), *events, closed("b"), closed("c"))) == ["d"]


def test_a_claim_of_an_unknown_task_is_rejected():
    state = after(plan_of({"a": ()}), claimed("zz"))
    assert state.rejected["call-zz"] == 'this run has no task "zz"'
    assert not state.open


def test_a_claim_of_a_settled_task_is_rejected_with_its_outcome():
    state = after(plan_of({"a": ()}), claimed("a"), closed("a", "failed", reason="no output"), claimed("a", "again"))
    assert state.rejected["again"] == '"a" is settled: failed (no output); nothing to do'


@pytest.mark.parametrize("end", ["finished", "cancelled"])
def test_a_claim_after_the_end_is_rejected(end):
    state = after(plan_of({"a": ()}), event(end), claimed("a"))
    assert state.rejected["call-a"] == f"the run is {end}; nothing to do"
    assert decide(state).over


def test_a_claim_after_a_failure_that_stops_the_run_is_rejected():
    plan = plan_of({"a": (), "b": ()}, on_failure="stop")
    state = after(plan, claimed("a"), closed("a", "failed"), claimed("b"))
    assert state.rejected["call-b"] == "the run is stopped, because a failed; nothing to do"


def test_the_same_call_told_twice_changes_nothing():
    plan = plan_of({"a": (), "b": ()}, on_failure="retry")
    state = after(plan, claimed("a", "one"), claimed("a", "one"), closed("a", "failed"), claimed("a", "one"))
    assert len(state.attempts["a"]) == 1
    assert not state.open
    assert not state.rejected


def test_a_rejected_call_told_again_stays_rejected():
    plan = plan_of({"a": (), "b": ("a",)})
    state = after(plan, claimed("a"), claimed("b", "early"), closed("a"), claimed("b", "early"))
    assert list(state.rejected) == ["early"]
    assert offered(state) == ["b"]


# --- failures -----------------------------------------------------------------------------------------------------


def test_continue_skips_what_needs_a_failed_task_through_the_whole_chain_and_says_why():
    state = after(plan_of(CHAIN), claimed("a"), closed("a", "failed", reason="it hung"))
    assert state.outcomes() == {
        "a": ("failed", "it hung"),
        "b": ("skipped", "needs a, which failed"),
        "c": ("skipped", "needs b, which was skipped"),
        "other": ("", ""),
    }
    assert offered(state) == ["other"]


def test_continue_goes_on_with_what_does_not_need_the_failed_task_until_that_is_done():
    state = after(plan_of(CHAIN), claimed("a"), closed("a", "failed"), claimed("other"))
    assert not decide(state).over
    state = after(plan_of(CHAIN), claimed("a"), closed("a", "failed"), claimed("other"), closed("other"))
    assert decide(state).over
    assert outcome(state, "other") == "success"


def test_a_task_with_one_failed_need_is_skipped_even_where_the_other_still_runs():
    state = after(plan_of({"a": (), "b": (), "d": ("a", "b")}), claimed("a"), claimed("b"), closed("a", "failed"))
    assert state.outcomes()["d"] == ("skipped", "needs a, which failed")
    assert list(state.open) == ["b"]


def test_where_two_needs_fail_the_first_is_named_and_stays():
    plan = plan_of({"a": (), "b": (), "d": ("a", "b")})
    state = after(plan, claimed("b"), claimed("a"), closed("b", "failed"), closed("a", "failed"))
    assert state.outcomes()["d"] == ("skipped", "needs b, which failed")


def test_stop_cancels_the_rest_and_keeps_what_was_finished():
    plan = plan_of({"done": (), "bad": (), "after": ("bad",), "rest": ()}, on_failure="stop")
    state = after(plan, claimed("done"), closed("done"), claimed("bad"), closed("bad", "failed", reason="r"))
    assert state.outcomes() == {
        "done": ("success", ""),
        "bad": ("failed", "r"),
        "after": ("skipped", "needs bad, which failed"),
        "rest": ("cancelled", "stopped, because bad failed"),
    }
    assert decide(state).over


def test_stop_waits_for_the_agents_that_are_at_work_and_counts_their_outcomes():
    plan = plan_of({"bad": (), "good": (), "rest": ()}, on_failure="stop", max_parallel=2)
    running = [claimed("bad"), claimed("good"), closed("bad", "failed")]
    assert not decide(after(plan, *running)).over
    assert outcome(after(plan, *running), "good") == ""
    ended = after(plan, *running, closed("good"))
    assert decide(ended).over
    assert outcome(ended, "good") == "success"
    assert outcome(ended, "rest") == "cancelled"


def test_retry_offers_a_failed_task_again_until_its_attempts_are_used_up():
    plan = plan_of({"a": (), "b": ("a",)}, on_failure="retry", max_retries=3)
    events = []
    for number in (1, 2, 3, 4):
        assert decide(after(plan, *events)).dispatch == [("a", number)]
        events += [claimed("a", f"call-{number}"), closed("a", "failed", number, reason=f"try {number}")]
    state = after(plan, *events)
    assert decide(state).over
    assert state.outcomes()["a"] == ("failed", "try 4")
    assert state.outcomes()["b"] == ("skipped", "needs a, which failed")


def test_a_retry_that_succeeds_frees_what_waits_for_it():
    plan = plan_of({"a": (), "b": ("a",)}, on_failure="retry")
    state = after(plan, claimed("a"), closed("a", "failed"), claimed("a", "again"), closed("a", attempt=2))
    assert outcome(state, "a") == "success"
    assert decide(state).dispatch == [("b", 1)]


@pytest.mark.parametrize("on_failure", ["continue", "stop"])
def test_without_retry_a_task_is_tried_once(on_failure):
    plan = plan_of({"a": ()}, on_failure=on_failure, max_retries=3)
    assert decide(after(plan, claimed("a"), closed("a", "failed"))).over


def test_retry_with_no_retries_left_to_give_tries_once():
    plan = plan_of({"a": ()}, on_failure="retry", max_retries=0)
    assert decide(after(plan, claimed("a"), closed("a", "failed"))).over


def test_retries_wait_one_two_and_four_seconds_and_a_first_attempt_does_not_wait():
    plan = plan_of({"a": ()}, on_failure="retry", max_retries=3)
    events = [event for number in (1, 2, 3) for event in (claimed("a", f"c{number}"), closed("a", "failed", number))]
    state = after(plan, *events, claimed("a", "c4"))
    assert [attempt.pause for attempt in state.attempts["a"]] == [0.0, 1.0, 2.0, 4.0]


def test_the_end_of_an_attempt_told_twice_counts_once_and_the_first_stands():
    plan = plan_of({"a": ()}, on_failure="retry")
    state = after(plan, claimed("a"), closed("a", "failed"), closed("a", "success"), claimed("a", "again"))
    assert [attempt.outcome for attempt in state.attempts["a"]] == ["failed", ""]


def test_a_late_end_of_an_earlier_attempt_does_not_end_the_one_that_runs():
    plan = plan_of({"a": ()}, on_failure="retry")
    state = after(plan, claimed("a"), closed("a", "failed"), claimed("a", "again"), closed("a", "success", 1))
    assert list(state.open) == ["a"]


def test_an_end_with_a_word_that_nobody_knows_counts_as_a_failure():
    state = after(plan_of({"a": (), "b": ("a",)}), claimed("a"), closed("a", "partial"))
    assert state.outcomes() == {"a": ("failed", ""), "b": ("skipped", "needs a, which failed")}


# --- ends, times, words -------------------------------------------------------------------------------------------


def test_a_cancelled_run_keeps_what_was_finished_and_cancels_what_ran():
    plan = plan_of({"done": (), "runs": (), "waits": ("runs",)})
    state = after(plan, claimed("done"), closed("done"), claimed("runs"), event("cancelled"))
    assert [outcome(state, task) for task in plan.tasks] == ["success", "cancelled", "cancelled"]
    assert decide(state).over


def test_the_first_end_is_the_one_that_counts():
    assert after(plan_of({"a": ()}), event("cancelled"), event("finished")).ended == "cancelled"


def test_an_attempt_lasts_from_its_agents_start_to_its_end():
    bound = event("bound", task="a", attempt=1, agent_id="agent-1")
    started = event("agent-started", 12.0, agent_id="agent-1")
    state = after(plan_of({"a": ()}), claimed("a", time=10.0), started, bound, closed("a", time=15.5))
    assert state.attempts["a"][0].seconds == 3.5


def test_the_start_is_found_also_when_it_is_told_last():
    bound = event("bound", task="a", attempt=1, agent_id="agent-1")
    started = event("agent-started", 12.0, agent_id="agent-1")
    state = after(plan_of({"a": ()}), claimed("a"), bound, closed("a", time=13.0), started)
    assert state.attempts["a"][0].seconds == 1.0


def test_without_a_start_nothing_is_measured():
    assert after(plan_of({"a": ()}), claimed("a"), closed("a", time=3.0)).attempts["a"][0].seconds is None


def test_a_time_that_is_no_time_measures_nothing_and_stops_no_replay():
    state = replay(plan_of({"a": ()}), [{**header(), "time": 10**400}, claimed("a", time=10**400)])
    assert list(state.open) == ["a"]


def test_admission_forgets_reminders_and_that_the_user_spoke():
    spoken = after(plan_of({"a": ()}), event("reminded"), event("reminded"), event("user-spoke"))
    assert (spoken.reminders, spoken.user_spoke) == (2, True)
    admitted = after(plan_of({"a": ()}), event("reminded"), event("user-spoke"), claimed("a"))
    assert (admitted.reminders, admitted.user_spoke) == (0, False)


def test_a_rejected_claim_does_not_forget_that_the_user_spoke():
    assert after(plan_of({"a": ()}), event("user-spoke"), claimed("zz")).user_spoke


def test_events_of_attempts_that_never_were_change_nothing():
    plan = plan_of({"a": ()})
    state = after(plan, closed("a"), closed("zz"), closed("a", attempt=7), event("sent-back", task="a", attempt=0))
    assert outcome(state, "a") == ""
    assert decide(state).dispatch == [("a", 1)]


# --- agents in the background -------------------------------------------------------------------------------------


def in_background(task, number=1):
    call = f"call-{task}-{number}"
    return [claimed(task, call), launched(task, f"agent-{task}-{number}", number)]


def agents(attempts):
    return [attempt.agent_id for attempt in attempts]


def test_an_agent_that_ended_in_the_background_is_awaited_until_the_host_tells_of_it():
    plan = plan_of({"a": (), "b": ()})
    events = [*in_background("a"), *in_background("b"), closed("a")]
    assert agents(after(plan, *events).awaited) == ["agent-a-1"]
    assert not after(plan, *events, notified("a", "agent-a-1")).awaited


def test_an_agent_in_the_foreground_is_never_awaited():
    assert not after(plan_of({"a": ()}), claimed("a"), closed("a")).awaited


def test_an_agent_that_works_is_not_awaited_even_where_the_host_told_of_it_too_early():
    state = after(plan_of({"a": ()}), *in_background("a"), notified("a", "agent-a-1"))
    assert not state.awaited
    assert state.open["a"].notified


def test_an_agent_that_hangs_lingers_until_the_conversation_is_asked_to_stop_it_and_is_awaited_then():
    plan = plan_of({"a": ()})
    events = [*in_background("a"), closed("a", "failed", abandoned=True)]
    state = after(plan, *events)
    assert (agents(state.lingering), agents(state.awaited)) == (["agent-a-1"], [])
    state = after(plan, *events, event("stop-asked", agent_id="agent-a-1"))
    assert (agents(state.lingering), agents(state.awaited)) == ([], ["agent-a-1"])
    assert not state.imminent
    state = after(plan, *events, event("stop-asked", agent_id="agent-a-1"), notified("a", "agent-a-1"))
    assert not state.unannounced


def test_a_notification_of_nobody_we_know_changes_nothing():
    state = after(plan_of({"a": ()}), *in_background("a"), closed("a"), notified("a", "somebody-else"))
    assert agents(state.awaited) == ["agent-a-1"]


def test_of_a_retry_only_its_own_agent_is_awaited():
    plan = plan_of({"a": ()}, on_failure="retry")
    events = [*in_background("a"), closed("a", "failed"), notified("a", "agent-a-1"), *in_background("a", 2)]
    state = after(plan, *events, closed("a", attempt=2))
    assert agents(state.awaited) == ["agent-a-2"]


# --- runs that were cut off ---------------------------------------------------------------------------------------


def test_an_interrupted_attempt_settles_nothing_and_spends_no_try():
    plan = plan_of(CHAIN, on_failure="retry", max_retries=0)
    state = after(plan, *in_background("a"), event("interrupted", 7.0))
    assert state.attempts["a"][0].outcome == "interrupted"
    assert state.attempts["a"][0].ended == 7.0
    assert (state.spent["a"], outcome(state, "a"), state.pause_before("a")) == (0, "", 0.0)
    assert decide(state).dispatch == [("a", 2), ("other", 1)]


def test_after_an_interruption_nobody_is_awaited_or_to_be_stopped():
    plan = plan_of({"a": (), "b": (), "c": ()})
    events = [*in_background("a"), *in_background("b"), *in_background("c")]
    events += [closed("a"), closed("b", "failed", abandoned=True), event("interrupted")]
    assert not after(plan, *events).unannounced


def test_a_try_that_failed_before_the_interruption_stays_spent_and_the_next_one_waits_for_it():
    plan = plan_of({"a": ()}, on_failure="retry")
    events = [claimed("a", "one"), closed("a", "failed"), claimed("a", "two"), event("interrupted")]
    state = after(plan, *events)
    assert (state.spent["a"], state.pause_before("a")) == (1, 1.0)
    assert after(plan, *events, claimed("a", "three")).open["a"].pause == 1.0
    assert state.attempts["a"][0].outcome == "failed"


def test_an_agent_that_still_ends_after_its_interruption_changes_nothing():
    events = [*in_background("a"), event("interrupted"), closed("a", "failed"), notified("a", "agent-a-1")]
    state = after(plan_of({"a": ()}), *events)
    assert state.attempts["a"][0].outcome == "interrupted"
    assert offered(state) == ["a"]


def test_a_run_that_is_resumed_keeps_what_succeeded_and_opens_all_else_with_every_try():
    plan = plan_of(CHAIN, on_failure="retry", max_retries=0)
    events = [claimed("a"), closed("a"), claimed("b"), closed("b", "failed"), event("finished"), event("told")]
    before = after(plan, *events)
    assert outcome(before, "c") == "skipped"
    state = after(plan, *events, event("resumed", again=[]))
    assert (state.ended, state.told, state.stopped_by) == ("", False, "")
    assert {task: found for task, (found, _) in state.outcomes().items()} == {
        "a": "success",
        "b": "",
        "c": "",
        "other": "",
    }
    assert (state.spent["b"], state.pause_before("b")) == (0, 0.0)
    assert decide(state).dispatch == [("b", 2), ("other", 1)]


def test_a_resumed_run_does_the_tasks_again_that_it_is_told_to_and_what_they_need_first():
    events = [claimed("a"), closed("a"), claimed("b"), closed("b"), event("cancelled")]
    state = after(plan_of(CHAIN), *events, event("resumed", again=["a", "b"]))
    assert decide(state).dispatch == [("a", 2), ("other", 1)]
    state = after(plan_of(CHAIN), *events, event("resumed", again=["b"]))
    assert decide(state).dispatch == [("b", 2), ("other", 1)]


def test_a_run_that_a_failure_stopped_goes_on_when_it_is_resumed():
    plan = plan_of({"a": (), "b": ()}, on_failure="stop")
    events = [claimed("a"), closed("a", "failed"), event("finished"), event("resumed", again=[])]
    assert offered(after(plan, *events)) == ["a", "b"]
    assert after(plan, *events, claimed("a", "2"), closed("a", "failed", attempt=2)).stopped_by == "a"


@pytest.mark.parametrize("again", [None, "a", 7, ["zz"], [7, None]])
def test_a_resumption_with_anything_in_it_is_a_resumption(again):
    state = after(plan_of({"a": ()}), event("cancelled"), event("resumed", again=again))
    assert offered(state) == ["a"]


def test_a_paused_run_offers_and_admits_nothing_is_not_over_and_says_how_to_go_on():
    plan = plan_of({"a": (), "b": ()})
    events = [claimed("a"), event("paused", reason="You've hit your limit"), closed("a", "interrupted"), claimed("b")]
    state = after(plan, *events)
    assert (decide(state).dispatch, decide(state).over) == ([], False)
    assert state.rejected["call-b"] == (
        "the run is paused (You've hit your limit); `/parallel-dispatch resume k3f2` goes on"
    )
    assert offered(after(plan, *events, event("resumed", again=[]))) == ["a", "b"]


def test_a_failed_turn_is_forgotten_when_the_user_speaks_or_an_agent_is_admitted():
    plan = plan_of({"a": ()})
    assert after(plan, event("turn-failed")).turn_failed
    assert not after(plan, event("turn-failed"), event("user-spoke")).turn_failed
    assert not after(plan, event("turn-failed"), claimed("a")).turn_failed
    assert after(plan, event("turn-failed"), claimed("zz")).turn_failed


# --- properties ---------------------------------------------------------------------------------------------------


CHANCES = st.integers(0, 2**32).map(random.Random)
"""Seeds rather than single draws: hypothesis prefers small values, and small runs meet few of each other's events."""


@st.composite
def plans(draw):
    """Random DAGs of up to eight tasks, in a random order of dispatch, with limits, waits, scopes as chance has it."""
    chance = draw(CHANCES)
    size = chance.randint(1, 8)
    needs = {f"t{n}": tuple(f"t{d}" for d in range(n) if chance.random() < 2.0 / size) for n in range(size)}
    plan = plan_of(
        {task: needs[task] for task in chance.sample(list(needs), size)},
        max_parallel=chance.randint(1, 4),
        on_failure=chance.choice(["continue", "stop", "retry"]),
        max_retries=chance.randint(0, 3),
    )
    plan.resources, plan.instances = {"gpu": 2}, {"a reviewer": chance.choice([1, 2, 9])}
    for task in plan.tasks.values():
        if len(task.dependencies) > 1 and chance.random() < 0.4:
            task.wait, task.leaves_losers = chance.randint(1, len(task.dependencies) - 1), chance.random() < 0.3
        elif chance.random() < 0.2:
            task.goes_without = True
        if chance.random() < 0.3:
            task.resources = {chance.choice(["gpu", "db"]): 1, "gpu": chance.randint(1, 2)}
        if chance.random() < 0.3:
            task.writes = (chance.choice(["src/**", "src/a.py", "docs", "*.md"]),)
    return plan


def simulated(plan, chance):
    """A whole run's events: whatever is offered is claimed sooner or later, agents end as chance has it."""
    events = [header()]

    def happen(*more):
        events.extend(more)
        return replay(plan, events)

    state, calls = happen(), 0
    while not decide(state).over:
        assert calls < 200, "the run does not come to an end"
        if chance.random() < 0.2:  # a model that calls what it likes
            calls += 1
            state = happen(claimed(chance.choice([*plan.tasks, "zz"]), f"stray-{calls}", calls))
        offer = decide(state).dispatch
        taken = [row for row in offer if chance.random() < 0.7] or (offer if not state.open else [])
        for task, _ in taken:
            calls += 1
            state = happen(claimed(task, f"call-{calls}", calls))
        for task, attempt in list(state.open.items()):
            if chance.random() < 0.5:
                how = chance.choice(["success", "success", "failed"])
                state = happen(closed(task, how, attempt.number, calls, f"because of {task}"))
    return events


@QUICK
@given(plans(), CHANCES)
def test_every_run_ends_with_every_task_settled_and_no_more_tries_than_allowed(plan, chance):
    state = replay(plan, simulated(plan, chance))
    settled = {task: result for task, (result, _) in state.outcomes().items()}
    assert list(settled) == list(plan.tasks)
    assert set(settled.values()) <= {"success", "failed", "skipped", "cancelled", "not needed"}
    for task, attempts in state.attempts.items():
        tries = Counter(attempt.outcome for attempt in attempts)
        assert len(attempts) <= plan.tasks[task].attempts
        assert tries["success"] == (settled[task] == "success")
        assert settled[task] != "failed" or tries["failed"] == plan.tasks[task].attempts
        assert attempts or settled[task] in ("skipped", "cancelled", "not needed")


@QUICK
@given(plans(), CHANCES)
def test_at_every_moment_the_limits_hold_and_what_is_settled_stays(plan, chance):
    events, before = simulated(plan, chance), {}
    for count in range(1, len(events) + 1):
        state = replay(plan, events[:count])
        running = [plan.tasks[task] for task in [*state.open, *offered(state)]]
        assert len(running) <= min(plan.max_parallel, plan.instances["a reviewer"])
        assert sum(task.resources.get("gpu", 0) for task in running) <= 2
        assert sum(task.resources.get("db", 0) for task in running) <= 1
        assert not any(overlapping(a.writes, b.writes) for a, b in itertools.combinations(running, 2))
        for task in running:
            there = sum(outcome(state, need) == "success" for need in task.dependencies)
            assert there >= task.least
            assert not task.goes_without or set(task.dependencies) <= state.settled.keys()
        assert before.items() <= state.settled.items()
        before = dict(state.settled)


@QUICK
@given(plans(), CHANCES)
def test_events_told_again_later_change_no_outcome(plan, chance):
    events = simulated(plan, chance)
    told = list(events)
    for again in chance.sample(events, chance.randint(1, len(events))):
        told.insert(chance.randint(told.index(again) + 1, len(told)), again)
    once, twice = replay(plan, events), replay(plan, told)
    assert once.outcomes() == twice.outcomes()
    assert {t: len(a) for t, a in once.attempts.items()} == {t: len(a) for t, a in twice.attempts.items()}


@QUICK
@given(plans(), CHANCES)
def test_replaying_twice_gives_the_same_state(plan, chance):
    events = simulated(plan, chance)
    one, two = replay(plan, events), replay(plan, events)
    assert (one.outcomes(), one.rejected, one.unmet) == (two.outcomes(), two.rejected, two.unmet)
    assert decide(one).dispatch == decide(two).dispatch


@QUICK
@given(plans(), CHANCES)
def test_events_in_any_order_are_replayed_without_an_error(plan, chance):
    events = simulated(plan, chance)
    chance.shuffle(events)
    state = replay(plan, events)
    assert len(state.open) <= plan.max_parallel
    decide(state)


@st.composite
def lives(draw):
    """A plan and the events of its life, with all that can happen to it, in an order that makes some sense or none."""
    plan = draw(plans())
    tasks = st.sampled_from([*plan.tasks, "zz"])
    numbers = st.integers(1, 3)
    events = []
    for count in range(draw(st.integers(0, 25))):
        task, number = draw(tasks), draw(numbers)
        agent = f"agent-{task}-{number}"
        one = draw(
            st.sampled_from(
                [
                    claimed(task, f"call-{count}", count),
                    claimed(task, f"call-{task}-{number}", count),
                    launched(task, agent, number),
                    closed(
                        task, draw(st.sampled_from(["success", "failed", "cancelled", "interrupted"])), number, count
                    ),
                    closed(task, "failed", number, count, abandoned=True),
                    notified(task, agent),
                    event("stop-asked", agent_id=agent),
                    event("agent-started", count, agent_id=agent),
                    event("user-spoke"),
                    event("turn-failed"),
                    event("paused", reason="a limit"),
                    event("interrupted", count),
                    event("resumed", count, again=[task]),
                    event("finished"),
                    event("cancelled"),
                    event("told"),
                ]
            )
        )
        events.append(one)
    return plan, events


def all_of(state):
    """Everything that a state holds, in a form that can be compared."""
    whole = {name: getattr(state, name) for name in type(state).__slots__ if name != "plan"}
    whole["attempts"] = {task: [facts(a) for a in attempts] for task, attempts in state.attempts.items()}
    whole["open"] = {task: facts(attempt) for task, attempt in state.open.items()}
    whole["calls"] = {call: facts(attempt) for call, attempt in state.calls.items()}
    whole["by_agent"] = {agent: [facts(a) for a in attempts] for agent, attempts in state.by_agent.items()}
    return whole


def facts(attempt):
    return [getattr(attempt, name) for name in type(attempt).__slots__]


@QUICK
@given(lives(), st.data())
def test_every_beginning_of_a_ledger_replayed_twice_and_with_events_told_twice_gives_the_same_state(life, data):
    plan, events = life
    events = [header(), *events][: data.draw(st.integers(1, len(events) + 1))]
    doubled = [one for one in events for _ in range(data.draw(st.integers(1, 2)))]
    once = all_of(replay(plan, events))
    assert all_of(replay(plan, events)) == once
    assert all_of(replay(plan, doubled)) == once


@QUICK
@given(lives(), st.data())
def test_a_state_after_more_events_is_the_state_after_all_and_leaves_the_one_before_as_it_was(life, data):
    plan, events = life
    events = [header(), *events]
    count = data.draw(st.integers(1, len(events)))
    before = replay(plan, events[:count])
    then = copy.deepcopy(all_of(before) | {"base": None})
    after = replay(plan, events[count:], before)
    assert all_of(after) == all_of(replay(plan, events))
    assert all_of(before) | {"base": None} == then
    assert {id(attempt) for tried in after.attempts.values() for attempt in tried} == set(map(id, after.calls.values()))


@QUICK
@given(lives())
def test_ready_is_what_nothing_but_the_limits_keeps_from_being_dispatched(life):
    plan, events = life
    for count in range(len(events) + 1):
        state = replay(plan, [header(), *events[:count]])
        tasks = list(state.plan.tasks)
        free = [t for t in tasks if not (state.unmet[t] or t in state.settled or t in state.open)]
        assert [tasks[place] for place in state.ready] == [t for t in free if not state.plan.tasks[t].for_each]


@QUICK
@given(lives())
def test_whatever_happens_to_a_run_its_limits_hold_and_resumed_it_can_be_brought_to_an_end(life):
    plan, events = life
    state = replay(plan, [header(), *events])
    assert len(state.open) <= plan.max_parallel
    assert {id(attempt) for attempt in state.open.values()} == {id(a) for a in state.calls.values() if a.is_open}
    assert not {*agents(state.imminent)} & {*agents(state.lingering)}
    events = [header(), *events, event("resumed", again=[])]
    for turn in range(200):
        state = replay(plan, events)
        offer = decide(state).dispatch
        if decide(state).over:
            break
        events += [claimed(task, f"late-{turn}-{task}") for task, _ in offer]
        events += [closed(task, "success", number) for task, number in offer]
    assert decide(state).over
    assert {result for result, _ in state.outcomes().values()} <= {"success", "not needed"}


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 9), st.floats(), st.sampled_from(["t0", "t1", "x"]), st.lists(st.none())
)
EVENTS = st.fixed_dictionaries(
    {
        "time": VALUES,
        "event": st.sampled_from(
            [
                "claimed",
                "bound",
                "launched",
                "agent-started",
                "sent-back",
                "closed",
                "finished",
                "user-spoke",
                "new",
                "notified",
                "stop-asked",
                "turn-failed",
                "reminded",
                "told",
                "paused",
                "interrupted",
                "resumed",
            ]
        ),
    },
    optional=dict.fromkeys(
        ["task", "attempt", "call", "agent_id", "transcript", "again", "reason", "abandoned"], VALUES
    ),
)


@QUICK
@given(st.lists(EVENTS, max_size=30))
def test_events_with_fields_of_any_type_are_replayed_without_an_error(events):
    state = after(plan_of({"t0": (), "t1": ("t0",)}, on_failure="retry"), *events)
    assert set(state.outcomes()) == {"t0", "t1"}


# --- waiting for some ---------------------------------------------------------------------------------------------


def waiting(needs, wait, *, leaves_losers=False, **more):
    """Tasks of which the last waits for some of those it needs."""
    plan = plan_of({**dict.fromkeys(needs, ()), **more, "last": tuple(needs)})
    plan.tasks["last"].wait, plan.tasks["last"].leaves_losers = wait, leaves_losers
    return plan


@pytest.mark.parametrize(("wait", "ended", "ready"), [(1, "", False), (1, "a", True), (2, "a", False), (2, "ab", True)])
def test_a_task_may_wait_for_some_of_what_it_needs(wait, ended, ready):
    state = after(waiting("abc", wait), *[claimed(t) for t in "abc"], *[closed(t) for t in ended])
    assert ("last" in offered(state)) == ready


def test_it_is_skipped_only_when_too_few_can_still_succeed():
    plan = waiting("abc", 2)
    events = [*[claimed(t) for t in "abc"], closed("a", "failed")]
    assert outcome(after(plan, *events), "last") == ""
    state = after(plan, *events, closed("b", "failed"))
    assert state.outcomes()["last"] == ("skipped", "waits for 2 of 3 tasks, and b failed, too")


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"a": "success", "b": "success"}, ""),
        ({"a": "success", "b": "failed"}, ""),
        ({"a": "success", "b": "failed", "c": "failed"}, "ready"),
        ({"a": "failed", "b": "failed", "c": "success"}, "ready"),
        ({"a": "failed", "b": "failed", "c": "failed"}, "skipped"),
    ],
)
def test_a_task_may_wait_until_all_have_ended_and_go_on_with_what_is_there(ends, expected):
    plan = waiting("abc", 0)
    plan.tasks["last"].goes_without = True
    plan = type(plan).from_json(plan.to_json())
    state = after(plan, *[claimed(t) for t in "abc"], *[closed(task, end) for task, end in ends.items()])
    assert ("last" in offered(state)) == (expected == "ready")
    assert outcome(state, "last") == (expected if expected == "skipped" else "")
    if expected == "skipped":
        assert state.outcomes()["last"][1] == "none of the 3 tasks that it waits for has succeeded"


def test_who_waits_until_all_have_ended_goes_without_what_was_skipped_too():
    plan = plan_of({"a": (), "b": (), "c": ("b",), "last": ("a", "c")})
    plan.tasks["last"].goes_without = True
    state = after(plan, claimed("a"), claimed("b"), closed("b", "failed"))
    assert (outcome(state, "c"), offered(state)) == ("skipped", [])
    assert offered(after(plan, claimed("a"), claimed("b"), closed("b", "failed"), closed("a"))) == ["last"]


def test_what_nobody_waits_for_any_more_is_not_begun():
    state = after(waiting("abc", 1), claimed("a"), closed("a"))
    assert state.outcomes()["b"] == ("not needed", "last goes on without it")
    assert offered(state) == ["last"]
    assert state.refusal("c") == '"c" is settled: not needed (last goes on without it); nothing to do'


def test_what_nobody_waits_for_is_dropped_with_all_that_only_it_needs():
    plan = waiting("ab", 1, root=())
    plan.tasks["b"].dependencies = ["root"]
    plan = type(plan).from_json(plan.to_json())
    state = after(plan, claimed("a"), closed("a"))
    assert [outcome(state, task) for task in ("b", "root")] == ["not needed", "not needed"]


def test_losers_go_on_where_they_are_to_or_where_another_task_needs_them():
    state = after(waiting("ab", 1, leaves_losers=True), claimed("a"), closed("a"))
    assert sorted(offered(state)) == ["b", "last"]
    state = after(waiting("ab", 1, other=("b",)), claimed("a"), closed("a"))
    assert sorted(offered(state)) == ["b", "last"]


@pytest.mark.parametrize(("end", "outcome_of_b"), [("failed", "not needed"), ("success", "success")])
def test_a_loser_at_work_is_called_off_and_no_failure(end, outcome_of_b):
    plan = waiting("ab", 1)
    state = after(plan, claimed("a"), claimed("b"), closed("a"))
    assert state.losers == {"b": "last"}
    state = after(plan, claimed("a"), claimed("b"), closed("a"), closed("b", end))
    assert outcome(state, "b") == outcome_of_b
    assert not state.stopped_by
    assert offered(state) == ["last"]


def test_a_loser_that_succeeded_all_the_same_keeps_its_success_when_the_run_is_resumed():
    events = [claimed("a"), claimed("b"), closed("a"), closed("b"), event("cancelled"), event("resumed", again=[])]
    state = after(waiting("ab", 1), *events)
    assert [outcome(state, task) for task in "ab"] == ["success", "success"]
    assert offered(state) == ["last"]


def test_what_succeeded_although_nobody_waits_for_it_keeps_its_success_when_the_plan_grows():
    needs = {"quick": (), "root": (), "slow": ("root",), "early": ("quick", "slow"), "lister": ()}
    plan = plan_of({**needs, "each": ("root", "lister")})
    plan.tasks["early"].wait = plan.tasks["each"].wait = 1
    plan.tasks["each"].for_each = {"from": "lister", "path": "items"}
    events = [claimed("quick"), claimed("root"), claimed("lister"), closed("quick"), closed("lister"), closed("root")]
    state = after(plan, *events, event("spread", task="each", items=["x"]))
    assert outcome(state, "slow") == "not needed"
    assert outcome(state, "root") == "success"
    assert offered(state) == ["early", "each-1"]


def test_a_task_that_comes_to_need_what_failed_before_is_skipped_when_the_plan_grows():
    plan = plan_of({"a": (), "b": (), "c": (), "each": ("a", "b", "c"), "last": ("each",)})
    plan.tasks["each"].wait, plan.tasks["each"].for_each = 1, {"from": "a", "path": "items"}
    events = [*map(claimed, "abc"), closed("b", "failed"), closed("c"), closed("a")]
    state = after(plan, *events, event("spread", task="each", items=[]))
    assert state.outcomes()["last"] == ("skipped", "needs b, which failed")
    assert decide(state).over


def test_a_plan_keeps_how_a_task_waits():
    plan = waiting("ab", 1, leaves_losers=True)
    again = type(plan).from_json(plan.to_json()).tasks["last"]
    assert (again.wait, again.leaves_losers, again.needed) == (1, True, 1)


# --- write scopes -------------------------------------------------------------------------------------------------


def test_tasks_whose_write_scopes_overlap_never_run_at_once():
    plan = plan_of({"a": (), "b": (), "c": (), "d": ()})
    for task, scope in {"a": ["src/**"], "b": ["src/api/*.py"], "c": ["docs"]}.items():
        plan.tasks[task].writes = tuple(scope)
    plan = type(plan).from_json(plan.to_json())
    assert offered(after(plan)) == ["a", "c", "d"]
    state = after(plan, claimed("b"), claimed("a"))
    assert state.rejected["call-a"] == (
        "a may write src/**, and b, which is running, src/api/*.py; its turn comes in a later dispatch block"
    )
    assert "a" in offered(after(plan, claimed("b"), closed("b")))


NAME = st.text("ab*?", min_size=1, max_size=3)
GLOB = st.lists(st.one_of(NAME, st.just("**")), min_size=1, max_size=4).map("/".join)
PATH = st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=5).map("/".join)


def covers(glob, path):
    """Whether a path matches a glob or lies below what does: told by a regular expression, not by our own way."""
    names = [
        "(?:[^/]+/)*" if name == "**" else "".join({"*": "[^/]*", "?": "[^/]"}.get(c, c) for c in name) + "/"
        for name in glob.split("/")
    ]
    return re.fullmatch(f"{''.join(names)}(?:[^/]+/)*", f"{path}/") is not None


@settings(max_examples=600, deadline=None, derandomize=True)
@given(GLOB, GLOB, PATH)
def test_two_scopes_overlap_where_any_path_lies_in_both(one, other, path):
    if covers(one, path) and covers(other, path):
        assert overlapping((one,), (other,)) == (one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("src/*.py", "src/a.ts"),
        ("src/**", "test/**"),
        ("src/api", "src/apis"),
        ("a/*/c", "a/b/d"),
        ("*.md", "docs/x.md"),
        ("src/a[bc].py", "src/d.py"),
        ("src/[a].py", "src/a].py"),
        ("src/[].py", "src/a.py"),
    ],
)
def test_scopes_without_a_common_path_do_not_overlap(one, other):
    assert overlapping((one,), (other,)) is overlapping((other,), (one,)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Src/A", "src/a/b"),
        ("**/test_*.py", "tests/unit/test_x.py"),
        ("./a/", "a"),
        ("**", "x"),
        ("src/[ab].py", "src/b.py"),
        ("src/[a].py", "src/a.py"),
        ("src/[]a].py", "src/].py"),
        ("src//a.py", "src/a.py"),
    ],
)
def test_scopes_overlap_whatever_the_case_and_the_files_there_are(one, other):
    assert overlapping((one,), (other,))
    assert overlapping((other,), (one,))


# --- busy servers, and runs that are given up -------------------------------------------------------------------


def thrown_back(task, attempt=1, time=0.0):
    return closed(task, "interrupted", attempt, time, reason="API Error: 529 Overloaded", thrown_back=True)


def limit_after(*events, tasks=12, most=8):
    plan = plan_of({f"t{n}": () for n in range(tasks)}, max_parallel=most)
    return replay(plan, [header(), *events]).tempo.limit


def test_requests_thrown_back_together_halve_the_number_of_agents_once():
    begun = [claimed(f"t{n}") for n in range(8)]
    together = [thrown_back(f"t{n}", time=5.0 + n) for n in range(3)]
    assert limit_after(*begun) == 8
    assert limit_after(*begun, *together) == 4
    later = [closed(f"t{n}", time=9.0) for n in range(3, 8)]
    again = [claimed("t8", time=10.0), thrown_back("t8", time=11.0)]
    assert limit_after(*begun, *together, *later, *again) == 2


def test_what_succeeds_raises_the_number_of_agents_one_by_one_and_never_beyond_the_plan():
    events = [claimed(f"t{n}") for n in range(4)]
    events.append(thrown_back("t0", time=1.0))
    events += [closed(f"t{n}", time=2.0) for n in (1, 2)]
    assert limit_after(*events, most=4) == 3
    for n in range(4, 12):
        events += [claimed(f"t{n}", time=3.0), closed(f"t{n}", time=4.0)]
    assert limit_after(*events, most=4) == 4


def test_a_task_that_a_busy_server_did_not_serve_is_tried_again_after_a_pause_and_spends_no_try():
    plan = plan_of({"a": ()})
    state = replay(plan, [header(), claimed("a"), thrown_back("a"), claimed("a", "second"), thrown_back("a", 2)])
    assert [attempt.pause for attempt in state.attempts["a"]] == [0.0, 1.0]
    assert state.pause_before("a") == 2.0
    assert (state.spent["a"], state.settled) == (0, {})
    assert decide(state).dispatch == [("a", 3)]


def test_a_server_that_serves_nothing_pauses_the_run_until_it_is_resumed():
    plan = plan_of({"a": (), "b": ()}, max_parallel=1)
    events = [header()]
    for n in range(1, 4):
        assert not replay(plan, events).paused
        events += [claimed("a", f"call-{n}", time=10.0 * n), thrown_back("a", n, time=10.0 * n + 1)]
    state = replay(plan, events)
    assert state.paused == "the server serves none of its requests: API Error: 529 Overloaded"
    assert (decide(state).dispatch, decide(state).over) == ([], False)
    resumed = replay(plan, [*events, event("resumed", 99.0, again=[])])
    assert (resumed.paused, decide(resumed).dispatch) == ("", [("a", 4)])


def failures(reasons):
    tasks = {f"t{n}": () for n in range(len(reasons) + 1)}
    plan = plan_of(tasks, max_parallel=16)
    events = [header(), *map(claimed, tasks)]
    events += [closed(f"t{n}", "failed" if reason else "success", reason=reason) for n, reason in enumerate(reasons)]
    return replay(plan, events)


def test_a_run_whose_first_five_tasks_fail_in_one_way_is_given_up():
    state = failures([f"its output out/t{n}.md does not exist; last words: I am t{n}" for n in range(5)])
    why = "given up, because its first 5 tasks all failed in one way: its output … does not exist"
    assert state.halted == why
    assert decide(state).dispatch == []
    assert state.refusal("t5") == '"t5" is already running; nothing to do'
    ended = failures([f"its output out/t{n}.md does not exist" for n in range(5)] + ["x"]).outcomes()
    assert ended["t6"] == ("", "")
    assert [ended[f"t{n}"][0] for n in range(5)] == ["failed"] * 5


@pytest.mark.parametrize(
    "reasons",
    [
        ["died"] * 4,
        ["", *["died"] * 5],
        ["died", "died", "", "died", "died", "died"],
        ["died", "died", "died", "died", "its output out/t4.md is empty"],
    ],
)
def test_a_run_goes_on_after_other_failures(reasons):
    assert failures(reasons).halted == ""


# --- clocks -------------------------------------------------------------------------------------------------------


def at(event, time, clock):
    return {**event, "time": time, "clock": clock}


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_clock_that_is_set_while_an_agent_works_changes_no_duration(step):
    events = [
        at(header(), 1000.0, 50.0),
        at(claimed("a"), 1010.0, 60.0),
        at(event("agent-started", agent_id="agent-of-a", began=1010.5), 1011.0, 61.0),
        at(launched("a"), 1011.0, 61.0),
        at(closed("a"), 1071.0 + step, 121.0),
    ]
    (attempt,) = replay(plan_of({"a": ()}), events).attempts["a"]
    assert (attempt.claimed, attempt.started, attempt.ended, attempt.seconds) == (1010.0, 1010.5, 1071.0, 60.5)


def test_a_start_is_told_by_the_clock_of_its_event_where_that_was_set_before():
    events = [
        at(header(), 1000.0, 50.0),
        at(claimed("a"), 5010.0, 60.0),
        at(event("agent-started", agent_id="agent-of-a", began=5010.5), 5011.0, 61.0),
        at(launched("a"), 5011.0, 61.0),
    ]
    (attempt,) = replay(plan_of({"a": ()}), events).attempts["a"]
    assert (attempt.claimed, attempt.started) == (1010.0, 1010.5)


def test_after_a_restart_of_the_machine_times_go_by_the_wall_clock_again():
    events = [
        at(header(), 1000.0, 5000.0),
        at(claimed("a"), 1010.0, 5010.0),
        at(event("interrupted"), 2000.0, 9000.0),
        at(event("resumed", again=[]), 2001.0, 9001.0),
        at(claimed("a", "second"), 2011.0, 9011.0),
    ]
    first, second = replay(plan_of({"a": ()}), events).attempts["a"]
    assert (first.ended, second.claimed) == (2000.0, 2011.0)
    rebooted = [*events[:2], at(claimed("b"), 3000.0, 20.0)]
    assert replay(plan_of({"a": (), "b": ()}), rebooted).attempts["b"][0].claimed == 3000.0
