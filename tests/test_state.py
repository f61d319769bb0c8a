"""Replay and decide: the order in the ledger settles every race, and every run comes to an end."""

import random
from collections import Counter

import pytest
from builders import claimed, closed, event, header, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.decide import decide
from parallel_dispatch.state import replay

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
    assert state.rejected["call-b"] == 'the run is stopped, because "a" failed; nothing to do'


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


# --- properties ---------------------------------------------------------------------------------------------------


CHANCES = st.integers(0, 2**32).map(random.Random)
"""Seeds rather than single draws: hypothesis prefers small values, and small runs meet few of each other's events."""


@st.composite
def plans(draw):
    """Random DAGs of up to eight tasks, in a random order of dispatch, with random limits."""
    chance = draw(CHANCES)
    size = chance.randint(1, 8)
    needs = {f"t{n}": tuple(f"t{d}" for d in range(n) if chance.random() < 2.0 / size) for n in range(size)}
    return plan_of(
        {task: needs[task] for task in chance.sample(list(needs), size)},
        max_parallel=chance.randint(1, 4),
        on_failure=chance.choice(["continue", "stop", "retry"]),
        max_retries=chance.randint(0, 3),
    )


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
    assert set(settled.values()) <= {"success", "failed", "skipped", "cancelled"}
    for task, attempts in state.attempts.items():
        tries = Counter(attempt.outcome for attempt in attempts)
        assert len(attempts) <= plan.attempts
        assert tries["success"] == (settled[task] == "success")
        assert settled[task] != "failed" or tries["failed"] == plan.attempts
        assert attempts or settled[task] in ("skipped", "cancelled")


@QUICK
@given(plans(), CHANCES)
def test_at_every_moment_the_limits_hold_and_what_is_settled_stays(plan, chance):
    events, before = simulated(plan, chance), {}
    for count in range(1, len(events) + 1):
        state = replay(plan, events[:count])
        assert len(state.open) + len(decide(state).dispatch) <= plan.max_parallel
        for task in [*state.open, *offered(state)]:
            assert all(outcome(state, need) == "success" for need in plan.tasks[task].dependencies)
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


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 9), st.floats(), st.sampled_from(["t0", "t1", "x"]), st.lists(st.none())
)
EVENTS = st.fixed_dictionaries(
    {
        "time": VALUES,
        "event": st.sampled_from(
            ["claimed", "bound", "launched", "agent-started", "sent-back", "closed", "finished", "user-spoke", "new"]
        ),
    },
    optional={"task": VALUES, "attempt": VALUES, "call": VALUES, "agent_id": VALUES, "transcript": VALUES},
)


@QUICK
@given(st.lists(EVENTS, max_size=30))
def test_events_with_fields_of_any_type_are_replayed_without_an_error(events):
    state = after(plan_of({"t0": (), "t1": ("t0",)}, on_failure="retry"), *events)
    assert set(state.outcomes()) == {"t0", "t1"}
