"""Budgets of a run: past its minutes or tokens nothing is dispatched, and whoever works is left to end."""

import json

import pytest
from builders import TASK_FILE, VERSIONS, claimed, closed, event, header, plan_of, read, write
from hooking import Conversation, rows
from parallel_dispatch import dispatch, status, telling, usage
from parallel_dispatch.decide import decide
from parallel_dispatch.plan import Plan
from parallel_dispatch.replay import replay
from parallel_dispatch.standings import moment

TASKS = {"a": (), "b": (), "c": ("b",)}
MINUTES = "the run has used its 2 minutes: max_minutes"
TOKENS = "the run has used its 10,000 tokens: max_tokens"


def after(*events, tasks=TASKS, **limits):
    return replay(plan_of(tasks, **limits), [header(1000.0), *events])


def offered(state):
    return [task for task, _ in decide(state).dispatch]


def test_within_its_minutes_a_run_goes_on_and_past_them_nothing_is_dispatched():
    begun = [claimed("a", time=1010.0), claimed("b", time=1010.0)]
    before = after(*begun, closed("b", time=1119.9), max_minutes=2)
    assert (offered(before), before.used_up, before.refusal("c")) == (["c"], "", "")
    past = after(*begun, closed("b", time=1120.0), max_minutes=2)
    assert (offered(past), past.cut_short) == ([], MINUTES)
    assert not decide(past).over  # the agent of a works
    assert past.refusal("c") == f"{MINUTES}; nothing to do"
    assert past.outcomes() == {"a": ("", ""), "b": ("success", ""), "c": ("cancelled", MINUTES)}
    end = after(*begun, closed("b", time=1120.0), closed("a", time=1200.0), max_minutes=2)
    assert decide(end).over
    assert end.outcomes()["a"] == ("success", "")


def test_a_claim_past_the_minutes_is_refused_by_its_own_time():
    early, late = (after(claimed("a", time=time), max_minutes=2) for time in (1119.0, 1121.0))
    assert (list(early.open), early.rejected) == (["a"], {})
    assert (list(late.open), late.rejected) == ([], {"call-a": f"{MINUTES}; nothing to do"})


def test_tokens_count_when_an_attempt_is_closed():
    begun = [claimed("a"), claimed("b")]
    before = after(*begun, closed("b", tokens=9_999), max_tokens=10_000)
    assert (offered(before), before.tokens) == (["c"], 9_999)
    past = after(*begun, closed("b", tokens=9_000), closed("a", "failed", tokens=1_000), max_tokens=10_000)
    assert (offered(past), past.cut_short) == ([], TOKENS)
    assert decide(past).over
    twice = after(*begun, closed("b", tokens=6_000), closed("b", tokens=6_000), max_tokens=10_000)
    assert twice.tokens == 6_000
    assert after(*begun, closed("b", tokens=10**9)).used_up == ""


def test_a_run_that_used_up_its_budget_with_its_last_task_was_not_cut_short():
    events = [claimed("a", time=1001.0), closed("a", time=1500.0, tokens=20_000)]
    state = after(*events, tasks={"a": ()}, max_minutes=2, max_tokens=10_000)
    assert state.used_up
    assert state.cut_short == ""
    assert "max_minutes" not in status.table(moment(state, 0.0, "under way"))


def test_a_failed_try_that_is_not_tried_again_is_a_failure():
    events = [claimed("a"), closed("a", "failed", reason="no output", tokens=20_000)]
    state = after(*events, on_failure="retry", max_tokens=10_000)
    assert state.outcomes()["a"] == ("failed", f"no output; not tried again: {TOKENS}")
    assert state.outcomes()["b"] == ("cancelled", TOKENS)
    assert decide(state).over


def test_resuming_begins_both_budgets_anew():
    used = [claimed("a", time=1010.0), closed("a", time=1300.0, tokens=10_000), event("finished", 1301.0)]
    resumed = [*used, event("resumed", 9000.0, again=[])]
    limits = {"max_minutes": 2, "max_tokens": 10_000}
    assert after(*used, **limits).used_up
    again = after(*resumed, **limits)
    assert (offered(again), again.tokens, again.used_up) == (["b"], 0, "")
    assert after(*resumed, claimed("b", time=9119.0), **limits).open
    assert after(*resumed, claimed("b", time=9121.0), **limits).rejected
    done = closed("b", time=9050.0, tokens=9_000)
    assert after(*resumed, claimed("b", "again", time=9001.0), done, **limits).used_up == ""


def test_where_nothing_backs_off_a_retry_begins_at_once():
    failed = [claimed("a", time=1001.0), closed("a", "failed", time=1002.0), claimed("a", "again", time=1003.0)]
    pauses = [
        after(*failed, on_failure="retry", backs_off=backs_off).attempts["a"][1].pause for backs_off in (True, False)
    ]
    assert pauses == [1.0, 0.0]


def test_the_plan_says_what_the_run_may_use_and_a_plan_without_the_keys_has_no_budget():
    assert "on failure: continue, in all at most 1 minute and 10,000 tokens." in dispatch.plan_text(
        plan_of(TASKS, max_minutes=1, max_tokens=10_000)
    )
    assert "10,000 tokens (which only hooks can count)." in dispatch.plan_text(
        plan_of(TASKS, max_tokens=10_000, driver="cli")
    )
    value = json.loads(plan_of(TASKS).to_json())
    for key in ("backs_off", "max_minutes", "max_tokens"):
        del value[key]
    plan = Plan.from_json(json.dumps(value))
    assert (plan.backs_off, plan.max_minutes, plan.max_tokens) == (True, 0, 0)


# --- hooks --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=VERSIONS)
def conversation(request, project, tmp_path, cache):
    return Conversation(request.param, project, str(tmp_path), cache)


def test_an_agents_end_is_written_down_with_its_tokens_where_they_have_a_budget(conversation):
    run = conversation.begin(max_tokens=10_000)
    conversation.does("a")
    (end,) = [found for found in run.ledger.read() if found.get("event") == "closed"]
    used = usage.usage(run.state().attempts["a"][0].transcript)
    assert end["tokens"] == used.total == used.sent + used.written > 10_000


def test_without_a_budget_nobody_counts(conversation):
    run = conversation.begin()
    conversation.does("a")
    assert "tokens" not in json.dumps(run.ledger.read())


def test_past_its_tokens_a_run_ends_with_a_report_that_says_so(conversation):
    run = conversation.begin(tasks={"a": (), "b": ("a",), "c": ()}, max_tokens=10_000)
    conversation.admits("a", "c")
    conversation.writes("a")
    assert conversation.stops("a") is None
    assert conversation.calls("b")["permissionDecisionReason"] == f"parallel-dispatch: {TOKENS}; nothing to do"
    conversation.writes("c")
    conversation.stops("c")
    conversation.returns("a")
    conversation.returns("c")
    end = conversation.batch()
    assert rows(end) == []
    assert f"- b cancelled: {TOKENS}" in end
    report = read(run.folder.report)
    assert f"Not every task was dispatched: {TOKENS}." in report
    assert "in all at most 10,000 tokens." in report
    assert f", {TOKENS}\n" in status.table(moment(run.state(), 0.0, "finished"))
    assert telling.exit_code(run) == 1


def test_past_its_minutes_a_run_offers_no_more_and_ends(conversation):
    run = conversation.begin(tasks={"a": (), "b": ("a",)}, max_minutes=2)
    text = read(run.folder.ledger)
    first = json.loads(text)
    first.pop("clock")  # so that the other one counts, which can be set
    write(run.folder.ledger, json.dumps({**first, "time": first["time"] - 115}) + "\n")
    conversation.admits("a")
    conversation.writes("a")
    conversation.stops("a")
    write(run.folder.ledger, read(run.folder.ledger).replace(str(first["time"] - 115), str(first["time"] - 121)))
    conversation.returns("a")
    assert f"- b cancelled: {MINUTES}" in conversation.batch()
    assert not conversation.is_active


def test_a_typed_command_takes_the_budget_from_the_file(conversation):
    text = TASK_FILE.replace("settings: {", "settings: {max_minutes: 30, max_tokens: 50000, backoff: none, ")
    write(f"{conversation.project}/t.yaml", text)
    said = conversation.tell("UserPromptExpansion")["hookSpecificOutput"]["additionalContext"]
    assert "in all at most 30 minutes and 50,000 tokens." in said
