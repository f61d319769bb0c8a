"""Agents in the background: what is swallowed, what wakes the conversation, and who leaves when."""

import json
import os
import re
import subprocess
import threading
import time

import pytest
from builders import (
    SESSION,
    VERSIONS,
    claimed,
    closed,
    event,
    launched,
    notified,
    read,
    recorded,
    write,
)
from hooking import Conversation, eventually, heard, is_swallowed, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parallel_dispatch import watch as watching
from parallel_dispatch.bell import LEAVE, WAKE, Bell, is_heard, ring
from parallel_dispatch.conversation import on_prompt
from parallel_dispatch.limits import is_busy, usage_limit
from parallel_dispatch.notification import CLOSING, OPENING, is_wake, parse, stopped_by_hand

QUICK = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
GOES_ON = "run k3f2 goes on."


@pytest.fixture(params=VERSIONS)
def conversation(request, project, tmp_path, cache):
    found = Conversation(request.param, project, str(tmp_path), cache)
    yield found
    found.leaves()


@pytest.fixture
def newest(project, tmp_path, cache):
    """A conversation of the newest host, where both would do the same."""
    found = Conversation(VERSIONS[-1], project, str(tmp_path), cache)
    yield found
    found.leaves()


def says(conversation, text):
    return conversation.fire(conversation.payload("UserPromptSubmit") | {"prompt": text})


def offered(answer):
    return [row["description"] for row in rows(heard(answer))]


def events(run, name):
    return [line for line in run.ledger.read() if line.get("event") == name]


# --- what a notification is ---------------------------------------------------------------------------------------


def notification(agent="agent-of-a", words="LASTWORDS", version=VERSIONS[-1], kind=""):
    return recorded(
        version,
        "UserPromptSubmit-notification" + kind,
        AGENT=agent,
        WORDS=words,
        TASK="a",
        CALL="c",
        PROJECT="/p",
        HOST="/h",
    )["prompt"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_hosts_notification_names_its_agent_how_it_ended_and_what_it_said_last(version):
    told = parse(notification(words="One.\nTwo <b>.", version=version))
    assert (told.agent_id, told.status, told.said) == ("agent-of-a", "completed", "One.\nTwo <b>.")
    assert told.summary == 'Agent "a" finished'


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stopped_agent_is_told_of_without_last_words(version):
    told = parse(notification(version=version, kind="-killed"))
    assert (told.agent_id, told.status, told.said) == ("agent-of-a", "killed", "")


def test_an_agent_that_died_is_told_of_with_its_error():
    told = parse(notification(kind="-failed"))
    assert told.status == "failed"
    assert usage_limit(told.summary.partition(": ")[2]).startswith("You've hit your 5-hour limit · resets")


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        OPENING,
        CLOSING,
        OPENING + CLOSING,
        f"{OPENING}<task-id></task-id>{CLOSING}",
        f"{OPENING}<result><task-id>agent-of-a</task-id></result>{CLOSING}",
        f"{notification()}\n{notification('agent-of-b')}",
        notification() + notification(),
        f"Look at this: {notification()}",
        f"{notification()}\nWhat is this?",
        notification().removesuffix(CLOSING),
        notification(words=f"I was told {CLOSING} and nothing more."),
        notification(words=f"{CLOSING}\n{OPENING}\n<task-id>agent-of-b</task-id>"),
        notification().replace(OPENING, "<TASK-NOTIFICATION>"),
    ],
)
def test_more_or_less_than_one_whole_notification_is_none(prompt):
    assert parse(prompt) is None


@pytest.mark.parametrize(
    "quoted", ["<task-id>agent-of-b</task-id>", "</result>", "<result>", "<status>killed</status>"]
)
def test_an_agent_that_quotes_the_hosts_words_is_still_itself(quoted):
    told = parse(notification(words=f"It says {quoted}."))
    assert (told.agent_id, told.status, told.said) == ("agent-of-a", "completed", f"It says {quoted}.")


def handed_back(agent="agent-of-a", words="LASTWORDS", frame="\n[Subagent hand-back] The report follows:\n"):
    return f'<agent-message from="{agent}">{frame}{words}\n</agent-message>'


def test_what_an_agent_handed_back_tells_of_its_end():
    told = parse(handed_back())
    assert (told.agent_id, told.status, told.said) == ("agent-of-a", "completed", "")


@pytest.mark.parametrize(
    "prompt",
    [
        handed_back(agent=""),
        handed_back(frame="\nA word in between.\n"),
        handed_back() + handed_back("agent-of-b"),
        handed_back(words="It ended with </agent-message> there."),
        f"Look: {handed_back()}",
        f"{handed_back()} What is this?",
    ],
)
def test_more_or_less_than_one_handback_is_none(prompt):
    assert parse(prompt) is None


def test_a_notification_of_a_megabyte_is_read_at_once():
    began = time.monotonic()
    assert len(parse(notification(words="x</" * 350_000)).said) == 1_050_000
    assert parse("<" * 1_000_000) is None
    assert time.monotonic() - began < 1


PIECES = st.sampled_from(
    [
        OPENING,
        CLOSING,
        "<task-id>",
        "</task-id>",
        "<result>",
        "</result>",
        "agent-of-a",
        "\n",
        " ",
        "\x00",
        "\ud800",
        "é",
    ]
)
LIKE_NOTIFICATIONS = st.one_of(
    st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=12).map("".join),
    st.lists(PIECES, max_size=8).map(lambda parts: OPENING + "".join(parts) + CLOSING),
)


@QUICK
@given(st.one_of(LIKE_NOTIFICATIONS, st.text()))
def test_any_text_is_read_without_an_error_and_what_is_taken_for_a_notification_is_exactly_one(text):
    told = parse(text)
    is_wake(text, "k3f2")
    assert all(isinstance(name, str) for name in stopped_by_hand(text))
    if told:
        assert told.agent_id.strip()
        assert text.strip().startswith(OPENING)
        assert text.strip().endswith(CLOSING)
        assert (text.count(OPENING), text.count(CLOSING)) == (1, 1)


@QUICK
@given(st.text(), st.text(min_size=1))
def test_what_stands_around_a_notification_makes_it_a_word_of_the_user(before, after):
    assert parse(f"{before}x{notification()}") is None
    assert parse(f"{notification()}{after}x") is None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_watchers_word_is_known_for_its_own_run_only(version):
    prompt = recorded(version, "UserPromptSubmit-wake", PROJECT="/p", HOST="/h")["prompt"]
    assert is_wake(prompt, "k3f2")
    assert not is_wake(prompt, "zzzz")
    assert not is_wake(f"Why does it say: {prompt}", "k3f2")
    assert not is_wake(notification(words=GOES_ON), "k3f2")


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ('3 background agents were stopped by the user: "b", "a", "c".', ["b", "a", "c"]),
        ('Background agent "a" was stopped by the user.', ["a"]),
        ('Why were 3 background agents were stopped by the user: "b", "a".', []),
        ("It was stopped by the user: why?", []),
        ('Background agent "a" was stopped by the user. Go on without it.', []),
        ("", []),
    ],
)
def test_the_agents_that_the_user_stopped_at_once_are_those_that_the_host_names(prompt, names):
    assert stopped_by_hand(prompt) == names


# --- what is swallowed --------------------------------------------------------------------------------------------


def test_a_launched_agent_is_known_and_what_the_model_reads_of_it_is_short(conversation):
    run = conversation.begin(background=True)
    answer = conversation.calls("a")
    assert answer["updatedInput"]["run_in_background"] is True
    reply = conversation.tell("PostToolUse-Agent-launched", TASK="a", CALL="toolu_000001_000", AGENT="agent-of-a")
    output = reply["hookSpecificOutput"]["updatedToolOutput"]
    assert (output["status"], output["agentId"], output["prompt"], output["outputFile"]) == (
        "async_launched",
        "agent-of-a",
        "",
        "",
    )
    assert run.state().open["a"].background


def test_a_batch_of_launches_ends_the_turn_with_a_line_for_the_user(conversation):
    conversation.begin(background=True)
    for task, call in (("a", 0), ("b", 1), ("c", 2)):
        assert conversation.calls(task)["permissionDecision"] == "allow"
        conversation.tell(
            "PostToolUse-Agent-launched", TASK=task, CALL=f"toolu_000001_00{call}", AGENT=f"agent-of-{task}"
        )
    answer = conversation.tell("PostToolBatch")
    assert answer == {"continue": False, "stopReason": "parallel-dispatch: 0 of 4 done, 3 at work."}
    assert len(conversation.run.state().open) == 3


def test_a_batch_that_held_something_else_beside_the_launches_ends_no_turn(conversation):
    conversation.begin(background=True)
    conversation.launches("a", "b", "c")
    batch = conversation.payload("PostToolBatch")
    read_call = {"tool_name": "Read", "tool_input": {"file_path": "x"}, "tool_use_id": "toolu_r", "tool_response": ""}
    assert conversation.fire(batch | {"tool_calls": [*batch["tool_calls"], read_call]}) is None


def test_a_batch_of_stops_of_our_agents_ends_the_turn_and_a_stop_of_another_does_not(newest):
    newest.begin(background=True)
    newest.launches("a", "b", "c")
    batch = newest.payload("PostToolBatch")

    def stops(agent):
        call = {"tool_name": "TaskStop", "tool_input": {"task_id": agent}, "tool_use_id": "t", "tool_response": ""}
        return newest.fire(batch | {"tool_calls": [call]})

    assert stops("agent-of-a")["continue"] is False
    assert stops("somebody-else") is None


def test_a_notification_that_releases_nothing_is_swallowed_with_a_line_of_progress(conversation):
    run = conversation.begin(background=True)
    watcher, others = conversation.launches("a"), conversation.launches("b", "c")
    answer = conversation.ends("a")
    assert is_swallowed(answer)
    line = r"parallel-dispatch: a: done \([^()]+\)\. 1 of 4 done, 2 at work\."  # the recorded agent began long ago
    assert re.fullmatch(line, answer["reason"])
    assert heard(answer) == ""
    assert watcher.end() == (0, "")
    assert all(other.is_there for other in others)
    assert not run.state().awaited


def test_an_attempt_that_only_its_notification_ends_is_judged_by_its_output(conversation):
    run = conversation.begin(background=True)
    conversation.launches("a", "b", "c")
    conversation.writes("a")
    assert is_swallowed(conversation.notifies("a"))
    assert is_swallowed(conversation.notifies("b", words="I could not do it."))
    assert conversation.outcome("a") == ("success", "")
    assert conversation.outcome("b")[0] == "failed"
    assert "last words: I could not do it" in conversation.outcome("b")[1]
    assert read(run.folder.answer("b", 1)) == "I could not do it.\n"


def test_the_last_words_in_a_notification_that_was_swallowed_are_kept_whole(newest):
    run = newest.begin(background=True)
    newest.launches("a", "b")
    newest.writes("a")
    newest.notifies("a", words="word " * 4_000)
    assert len(read(run.folder.answer("a", 1))) > 19_000


def test_a_notification_that_is_told_twice_counts_once_and_is_swallowed_twice(conversation):
    run = conversation.begin(background=True)
    conversation.launches("a", "b", "c")
    first, second = conversation.ends("a"), conversation.notifies("a")
    assert is_swallowed(first)
    assert is_swallowed(second)
    assert len(events(run, "closed")) == 1
    assert [attempt.outcome for attempt in run.state().attempts["a"]] == ["success"]


def test_a_notification_of_somebody_elses_agent_is_left_alone(conversation):
    run = conversation.begin(background=True)
    conversation.launches("a")
    before = len(run.ledger.read())
    assert conversation.notifies("a", agent="somebody-elses") is None
    assert len(run.ledger.read()) == before


def test_two_notifications_in_one_prompt_go_through(newest):
    newest.begin(background=True)
    newest.launches("a", "b", "c")
    prompts = [
        newest.payload("UserPromptSubmit-notification", TASK=t, AGENT=f"agent-of-{t}", CALL="c", WORDS="w")["prompt"]
        for t in "ab"
    ]
    assert says(newest, "\n".join(prompts)) is None


def test_no_word_of_a_user_is_ever_blocked(newest):
    """Fired as functions, since two hundred processes would take a minute."""
    run = newest.begin(background=True)
    newest.launches("a", "b")
    newest.notifies("a")
    own = notification("agent-of-b")
    ours = st.sampled_from(["agent-of-a", "agent-of-b", "x"])
    texts = st.one_of(
        st.text(),
        LIKE_NOTIFICATIONS,
        st.builds(lambda before, after: f"{before}x{own}{after}", st.text(), st.text()),
        st.builds(lambda before, after: f"{before}{own}{after}y", st.text(), st.text()),
        st.builds(lambda agent, text: f"{OPENING}\n<task-id>{agent}</task-id>\n{text}", ours, st.text()),
        st.builds(lambda text: f"{text} {GOES_ON}", st.text()),
    )
    spoken = []

    @QUICK
    @given(texts)
    def try_one(text):
        told = parse(text)
        if told and told.agent_id.startswith("agent-of-"):
            return
        spoken.append(text)
        answer = on_prompt({"prompt": text, "session_id": SESSION}, run)
        assert answer in (None, "prompt"), text

    try_one()
    assert len(spoken) > 150
    assert newest.attempt("b").is_open


# --- what wakes ---------------------------------------------------------------------------------------------------


def test_a_notification_that_releases_tasks_is_swallowed_once_its_watcher_has_woken_the_conversation(conversation):
    conversation.begin(background=True)
    watchers = dict(zip("abc", conversation.launches("a", "b", "c")))
    conversation.ends("a")
    conversation.ends("b")
    assert not conversation.run.state().awaited
    answer = conversation.ends("c")
    code = watchers["c"].process.poll()
    assert code is not None, "the watcher must be gone before the hook answers, or -p ends in between"
    assert (code, watchers["c"].end()[1]) == (2, GOES_ON)
    assert is_swallowed(answer)
    assert re.fullmatch(r"parallel-dispatch: c: done \([^()]+\)\. 3 of 4 done\.", answer["reason"])
    woken = conversation.wakes()
    assert offered(woken) == ["d"]
    line = r"parallel-dispatch: Synthesizing results: d\. Completed: a .*, b .*, c .*\. 3 of 4 done\."
    assert re.fullmatch(line, woken["systemMessage"])
    assert "Synthesizing" not in heard(woken)
    assert [watchers[task].end() for task in "ab"] == [(0, ""), (0, "")]


def test_a_block_that_a_wake_brought_is_not_offered_again_in_the_same_turn(conversation):
    conversation.begin(background=True)
    conversation.launches("a", "b", "c")
    for task in "abc":
        conversation.ends(task)
    assert offered(conversation.wakes()) == ["d"]
    assert is_swallowed(conversation.wakes())


def test_without_a_watcher_a_notification_that_releases_tasks_goes_through_with_the_block(conversation):
    conversation.begin(background=True)
    for watcher in conversation.launches("a", "b", "c"):
        watcher.kill()
    assert is_swallowed(conversation.ends("a"))
    assert is_swallowed(conversation.ends("b"))
    answer = conversation.ends("c")
    assert "decision" not in answer
    assert offered(answer) == ["d"]


def test_where_more_agents_have_ended_the_last_of_their_notifications_speaks_for_all(conversation):
    conversation.begin(background=True)
    watchers = dict(zip("abc", conversation.launches("a", "b", "c")))
    for task in "abc":
        conversation.writes(task)
        conversation.stops(task)
    answers = [conversation.notifies(task) for task in "abc"]
    assert all(map(is_swallowed, answers))
    assert [watchers[task].end()[0] for task in "abc"] == [0, 0, 2]
    assert offered(conversation.wakes()) == ["d"]


def test_an_end_that_the_host_passed_on_within_a_turn_is_not_waited_for(conversation):
    conversation.begin(background=True)
    watchers = dict(zip("abc", conversation.launches("a", "b", "c")))
    for task in "abc":
        conversation.writes(task)
        conversation.stops(task)
    payload = conversation.payload("UserPromptSubmit-notification", TASK="c", AGENT="", CALL="", WORDS="")
    words = [f"<task-notification>\n<task-id>{conversation.attempt(task).agent_id}</task-id>" for task in "ab"]
    queued = [{"type": "attachment", "attachment": {"type": "queued_command", "prompt": told}} for told in words]
    write(payload["transcript_path"], "\n".join(map(json.dumps, queued)))
    assert is_swallowed(conversation.notifies("c"))
    assert [watchers[task].end()[0] for task in "abc"] == [0, 0, 2]
    assert offered(conversation.wakes()) == ["d"]


def test_a_task_that_a_free_place_lets_in_is_released_by_each_end(newest):
    newest.begin(background=True, tasks={"a": (), "b": (), "c": ()}, max_parallel=1)
    watcher = newest.launches("a")
    assert is_swallowed(newest.ends("a"))
    assert watcher.end() == (2, GOES_ON)
    assert offered(newest.wakes()) == ["b"]


def test_what_comes_while_a_wake_is_on_its_way_goes_through_or_the_host_would_drop_both(newest):
    newest.begin(background=True, tasks={"a": (), "b": (), "c": ()}, max_parallel=2)
    newest.launches("a", "b")
    assert is_swallowed(newest.ends("a"))
    answer = newest.ends("b")
    assert not is_swallowed(answer)
    assert offered(answer) == ["c"]


def test_of_notifications_in_the_same_moment_the_conversation_hears_of_one_block(newest):
    newest.begin(background=True)
    watchers = dict(zip("abc", newest.launches("a", "b", "c")))
    newest.ends("a")
    for task in "bc":
        newest.writes(task)
        newest.stops(task)
    answers = {}
    hooks = [threading.Thread(target=lambda task=task: answers.update({task: newest.notifies(task)})) for task in "bc"]
    for hook in hooks:
        hook.start()
    for hook in hooks:
        hook.join()
    blocks = [offered(answer) for answer in answers.values() if not is_swallowed(answer)]
    wakes = [code for code, _ in (watchers[task].end() for task in "bc") if code == 2]
    blocks += [offered(answer) for answer in (newest.wakes() for _ in wakes) if not is_swallowed(answer)]
    assert [block for block in blocks if block] == [["d"]]


def test_the_end_is_told_once_and_after_the_last_notification(conversation):
    run = conversation.begin(tasks={"a": (), "b": ()}, background=True)
    first, last = conversation.launches("a", "b")
    for task in "ab":
        conversation.writes(task)
        conversation.stops(task)
    assert is_swallowed(conversation.notifies("a"))
    assert not events(run, "told")
    assert is_swallowed(conversation.notifies("b"))
    assert (first.end()[0], last.end()) == (0, (2, GOES_ON))
    told = conversation.wakes()
    assert "has ended. 2 of 2 tasks succeeded." in heard(told)
    assert os.path.exists(run.folder.report)
    assert len(events(run, "told")) == 1
    assert not conversation.is_active


def ended_but_for_a_notification(conversation):
    """A run whose end was told, while the last agent's notification is still to come."""
    happened = [claimed("a", "call-a"), launched("a"), closed("a"), event("finished"), event("told")]
    run = conversation.begin(*happened, tasks={"a": ()}, background=True)
    write(run.folder.report, "the report")


def test_a_notification_that_comes_after_the_end_was_told_is_swallowed_and_lets_the_conversation_go(conversation):
    ended_but_for_a_notification(conversation)
    assert is_swallowed(conversation.notifies("a"))
    assert not conversation.is_active


def test_an_end_that_was_passed_on_after_the_end_was_told_lets_the_conversation_go_at_its_stop(conversation):
    ended_but_for_a_notification(conversation)
    assert conversation.tell("Stop") is None
    assert conversation.is_active
    words = "<task-notification>\n<task-id>agent-of-a</task-id>"
    queued = {"type": "attachment", "attachment": {"type": "queued_command", "prompt": words}}
    write(conversation.payload("Stop")["transcript_path"], json.dumps(queued))
    assert conversation.tell("Stop") is None
    assert not conversation.is_active


def test_a_stop_before_the_last_notification_is_not_yet_the_end(newest):
    run = newest.begin(claimed("a", "call-a"), launched("a"), closed("a"), tasks={"a": ()}, background=True)
    assert newest.tell("Stop") is None
    assert not events(run, "told")
    assert newest.is_active


def test_a_failure_in_the_background_is_tried_again_after_a_wake(newest):
    newest.begin(tasks={"a": ()}, on_failure="retry", background=True)
    watcher = newest.launches("a")
    answer = newest.notifies("a", words="I give up.")
    assert is_swallowed(answer)
    assert answer["reason"] == "parallel-dispatch: a: failed. 0 of 1 done."
    assert watcher.end() == (2, GOES_ON)
    block = rows(heard(newest.wakes()))
    assert [row["prompt"].partition(" ")[0] for row in block] == ["pd:k3f2/a#2"]


def test_a_user_who_writes_while_agents_work_cancels_none_of_them(conversation):
    conversation.begin(background=True)
    conversation.launches("a", "b", "c")
    assert says(conversation, "How is it going?") is None
    assert len(conversation.run.state().open) == 3
    for task in "abc":
        assert is_swallowed(conversation.ends(task))
    assert offered(conversation.wakes()) == ["d"]


def test_after_a_turn_that_ended_in_an_error_the_next_prompt_brings_the_block_again(newest):
    newest.begin(background=True)
    newest.launches("a", "b", "c")
    for task in "abc":
        newest.ends(task)
    assert offered(newest.wakes()) == ["d"]
    payload = newest.payload("StopFailure", AGENT="x") | {"error": "server_error"}
    del payload["agent_id"]
    newest.fire(payload)
    assert offered(says(newest, "Go on, please.")) == ["d"]


# --- stopped by hand ----------------------------------------------------------------------------------------------


def test_an_agent_that_the_user_stopped_is_cancelled_and_the_rest_goes_on(conversation):
    run = conversation.begin(background=True)
    conversation.launches("a", "b", "c")
    assert is_swallowed(conversation.notifies("a", status="killed"))
    assert conversation.outcome("a") == ("cancelled", "stopped by hand")
    assert conversation.outcome("d")[0] == "skipped"
    assert not run.state().ended


def test_where_the_last_agent_at_work_was_stopped_by_hand_the_run_is_cancelled(conversation):
    run = conversation.begin(tasks={"a": (), "b": (), "c": ("a",)}, max_parallel=1, background=True)
    watcher = conversation.launches("a")
    assert is_swallowed(conversation.notifies("a", status="killed"))
    assert run.state().ended == "cancelled"
    assert watcher.end() == (2, GOES_ON)
    assert "has ended. 0 of 3 tasks succeeded." in heard(conversation.wakes())
    assert not conversation.is_active


def test_a_stopped_agent_whose_output_is_there_has_done_its_task(newest):
    newest.begin(background=True)
    newest.launches("a", "b")
    newest.writes("a")
    newest.notifies("a", status="killed")
    assert newest.outcome("a") == ("success", "")


@pytest.mark.parametrize("tasks", ["abc", "a"])
def test_where_all_agents_were_stopped_at_once_the_run_is_cancelled_and_told(conversation, tasks):
    run = conversation.begin(tasks=dict.fromkeys(tasks, ()) | {"z": ("a",)}, background=True)
    watchers = [conversation.launches(task) for task in tasks]
    named = ", ".join(f'"{task}"' for task in tasks)
    prompt = f"{len(tasks)} background agents were stopped by the user: {named}."
    answer = says(conversation, prompt if len(tasks) > 1 else f"Background agent {named} was stopped by the user.")
    assert run.state().ended == "cancelled"
    assert conversation.outcome("a") == ("cancelled", "interrupted by the user")
    assert "has ended" in heard(answer)
    assert [watcher.end() for watcher in watchers] == [(0, "")] * len(tasks)
    assert not conversation.is_active


def test_where_the_user_stopped_agents_of_another_kind_the_run_goes_on(newest):
    run = newest.begin(background=True)
    newest.launches("a")
    says(newest, '2 background agents were stopped by the user: "look around", "other".')
    assert list(run.state().open) == ["a"]
    says(newest, "It was stopped by the user: why?")
    assert (list(run.state().open), run.state().ended) == (["a"], "")


# --- usage limits -------------------------------------------------------------------------------------------------

LIMITS = [
    "You've hit your session limit · resets 12:58pm (UTC)",
    "You've hit your 5-hour limit · resets 1:16pm (UTC)",
    "You've reached your Opus 4.5 limit. It resets on Monday.",
    "You're out of usage credits.",
]
BUSY = [
    "API Error: Request rejected (429) · This request would exceed your account's rate limit. Please try again later.",
    "API Error: Server is temporarily limiting requests (not your usage limit) · Rate limited",
    "API Error: 529 Overloaded. This is a server-side issue, usually temporary.",
    "Concurrent subagent limit reached (20). Do not retry.",
]
NO_LIMITS = [
    *BUSY,
    "API Error: 500 Internal server error. This is a server-side issue, usually temporary — try again in a moment.",
    "You've reached your goal: all tests pass",
    "You've hit your target. No limit of time was reached.",
    "I have hit my limit of files; You've hit your head.",
    "The log says `API Error: Request rejected (429)` and (error type rate_limit, HTTP 429); I looked no further.",
    "",
    None,
    7,
]


@pytest.mark.parametrize("words", LIMITS)
def test_the_hosts_words_for_a_usage_limit_are_known(words):
    assert usage_limit(words) == words
    died = f"Agent terminated early due to an API error: {words} (error type rate_limit, HTTP 429, request id req_x)"
    assert usage_limit(died).startswith(words)


@pytest.mark.parametrize("words", NO_LIMITS)
def test_other_words_are_no_usage_limit(words):
    assert usage_limit(words) == ""


@pytest.mark.parametrize("words", BUSY)
def test_the_hosts_words_for_a_busy_server_are_known(words):
    assert is_busy(words)
    assert is_busy(f"Agent terminated early due to an API error: {words} (error type x, HTTP 429, request id req_x)")
    assert is_busy("Whatever it says.", "rate_limit")


@pytest.mark.parametrize(
    "words", [*LIMITS, "", None, 7, "I read `API Error: 529 Overloaded` in the log.", "API Error: 400"]
)
def test_other_words_are_no_busy_server(words):
    assert not is_busy(words)
    assert not is_busy(words, "server_error")


def limited(conversation, task, words):
    """An agent of each version dies of a usage limit: the hook's answer."""
    if conversation.version == VERSIONS[0]:
        payload = conversation.payload("StopFailure", AGENT=f"agent-of-{task}")
        conversation.fire(payload | {"error": "rate_limit", "last_assistant_message": words})
        return conversation.notifies(task, words=words)
    return conversation.notifies(task, status="failed")


def test_a_usage_limit_in_the_background_pauses_the_run_spends_no_try_and_is_told_once(conversation):
    run = conversation.begin(tasks={"a": (), "b": (), "c": ()}, max_parallel=2, background=True)
    first, second = conversation.launches("a", "b")
    assert is_swallowed(limited(conversation, "a", LIMITS[0]))
    assert run.state().paused.startswith("You've hit your ")
    assert is_swallowed(limited(conversation, "b", LIMITS[0]))
    assert len(events(run, "paused")) == 1
    assert [run.state().attempts[task][-1].outcome for task in "ab"] == ["interrupted", "interrupted"]
    assert not any(run.state().spent.values())
    assert (first.end()[0], second.end()) == (0, (2, GOES_ON))
    told = conversation.wakes()
    assert "is paused: You've hit your" in heard(told)
    assert "`/parallel-dispatch resume k3f2` goes on" in heard(told)
    assert "is paused" in told["systemMessage"]
    assert not conversation.is_active
    assert run.state().ended == ""


def test_a_usage_limit_in_the_foreground_pauses_the_run_and_is_told_with_the_batch(newest):
    run = newest.begin()
    newest.admits("a", "b", "c")
    for task in "abc":
        payload = newest.payload("StopFailure", AGENT=f"agent-of-{task}")
        newest.fire(payload | {"error": "rate_limit", "last_assistant_message": LIMITS[1]})
    assert run.state().paused == LIMITS[1]
    assert "is paused: You've hit your 5-hour limit" in newest.batch()
    assert not newest.is_active


def test_a_usage_limit_of_the_main_conversation_pauses_the_run_while_its_agents_end(newest):
    run = newest.begin(background=True)
    newest.launches("a", "b", "c")
    payload = newest.payload("StopFailure", AGENT="x") | {"error": "rate_limit", "last_assistant_message": LIMITS[0]}
    del payload["agent_id"]
    newest.fire(payload)
    assert run.state().paused == LIMITS[0]
    assert is_swallowed(newest.ends("a"))
    assert newest.outcome("a") == ("success", "")


def test_a_busy_server_spends_no_try_and_lets_fewer_agents_work(newest):
    run = newest.begin(tasks=dict.fromkeys("abcdef", ()), background=True)
    newest.launches("a", "b", "c", "d")
    for task in "ab":
        payload = newest.payload("StopFailure", AGENT=f"agent-of-{task}")
        newest.fire(payload | {"error": "rate_limit", "last_assistant_message": BUSY[0]})
    assert [newest.attempt(task).outcome for task in "ab"] == ["interrupted", "interrupted"]
    assert "API Error: Request rejected (429)" in newest.attempt("a").reason
    assert not any(run.state().spent.values())
    assert not run.state().paused
    assert newest.calls("a")["permissionDecision"] == "deny"
    newest.ends("c")
    assert "2 agents" not in newest.calls("e")["permissionDecisionReason"]


# --- the bell -----------------------------------------------------------------------------------------------------


def test_a_bell_is_heard_while_somebody_listens_and_words_come_in_order(tmp_path):
    path = str(tmp_path / "deep" / "bell")
    assert not ring(path, WAKE)
    bell = Bell(path)
    assert is_heard(path)
    assert ring(path, LEAVE)
    assert ring(path, WAKE)
    assert [bell.wait(1), bell.wait(1), bell.wait(0)] == [LEAVE, WAKE, b""]
    bell.close()
    assert not is_heard(path)
    assert not os.path.exists(path)


def test_a_bell_that_nobody_listens_to_any_more_takes_no_word(tmp_path):
    path = str(tmp_path / "bell")
    os.mkfifo(path)
    assert not ring(path, WAKE)
    bell = Bell(path)
    assert ring(path, WAKE)
    bell.close()


def test_a_bell_has_one_listener_at_a_time(tmp_path):
    path = str(tmp_path / "bell")
    first = Bell(path)
    with pytest.raises(BlockingIOError):
        Bell(path)
    assert ring(path, WAKE)
    assert first.wait(1) == WAKE
    first.close()
    Bell(path).close()


def test_what_lies_at_the_place_of_a_bell_and_is_none_is_not_listened_to(tmp_path):
    path = write(str(tmp_path / "bell"), "text")
    with pytest.raises(FileExistsError):
        Bell(path)
    assert read(path) == "text"


# --- watchers -----------------------------------------------------------------------------------------------------


def test_a_watcher_of_an_agent_that_was_told_of_already_leaves_at_once(newest):
    newest.begin(claimed("a", "call-a"), launched("a"), closed("a"), notified("a"), background=True)
    assert newest.watch("a").end(5) == (0, "")


def test_a_watcher_in_a_conversation_without_a_run_leaves_at_once(newest):
    newest.begin(claimed("a", "call-a"), launched("a"), background=True)
    assert newest.watch("a", env={"CLAUDE_CODE_SESSION_ID": "another"}).end(5) == (0, "")


@pytest.mark.parametrize("agent", ["", None])
def test_a_watcher_of_no_agent_leaves_at_once(newest, agent):
    run = newest.begin(background=True)
    payload = {"tool_use_id": "call-a", "tool_response": {"status": "async_launched", "agentId": agent}}
    assert watching.watch(payload, run, os.getppid()) == 0


def test_a_call_that_was_not_launched_has_no_watcher(newest):
    newest.begin(background=True)
    newest.admits("a")
    done = subprocess.run(
        [os.path.join(newest.env["CLAUDE_PLUGIN_ROOT"], "hooks", "watch")],
        input=json.dumps(newest.payload("PostToolUse-Agent", TASK="a", CALL="toolu_000001_000", AGENT="agent-of-a")),
        env=newest.env,
        cwd=newest.project,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not os.path.exists(newest.run.folder.watcher("agent-of-a"))


def test_a_watcher_leaves_when_it_is_told_to_and_leaves_nothing_behind(newest):
    run = newest.begin(background=True)
    watcher = newest.launches("a")
    path = run.folder.watcher("agent-of-a")
    assert ring(path, LEAVE)
    assert watcher.end() == (0, "")
    assert not os.path.exists(path)


def test_a_watcher_whose_host_is_gone_leaves_within_seconds(newest):
    run = newest.begin(background=True)
    assert newest.calls("a", "call-a")["permissionDecision"] == "allow"
    newest.starts("a")
    payload = newest.payload("PostToolUse-Agent-launched", TASK="a", CALL="call-a", AGENT="agent-of-a")
    newest.fire(payload)
    path = write(os.path.join(newest.env["HOME"], "payload.json"), json.dumps(payload))
    program = os.path.join(newest.env["CLAUDE_PLUGIN_ROOT"], "hooks", "watch")
    host = subprocess.Popen(
        ["/bin/sh", "-c", f'"{program}" <"{path}" & echo $!; sleep 60'],
        env=newest.env,
        cwd=newest.project,
        stdout=subprocess.PIPE,
        text=True,
    )
    watcher = int(host.stdout.readline())
    bell = run.folder.watcher("agent-of-a")
    eventually(lambda: is_heard(bell))
    host.kill()
    host.wait()
    host.stdout.close()
    began = time.monotonic()
    eventually(lambda: not is_heard(bell), watching.LOOK_SECONDS + 3)
    assert time.monotonic() - began < watching.LOOK_SECONDS + 1.5
    eventually(lambda: not os.path.exists(f"/proc/{watcher}") or is_zombie(watcher), 2)
    assert newest.attempt("a").is_open


def is_zombie(process):
    try:
        return " Z " in read(f"/proc/{process}/stat")
    except OSError:
        return True


def test_an_agent_that_hangs_past_its_time_is_closed_and_the_conversation_woken_to_stop_it(conversation):
    long_ago = time.time() - 10_000
    run = conversation.begin(claimed("a", "call-a", long_ago), launched("a"), tasks={"a": (), "b": ()}, background=True)
    conversation.starts("a")
    assert conversation.watch("a").end() == (2, GOES_ON)
    attempt = conversation.attempt("a")
    assert (attempt.outcome, attempt.abandoned) == ("failed", True)
    assert "timeout: it hung for 120 s and a grace" in attempt.reason
    told = heard(conversation.wakes())
    assert '```json\n[{"task_id": "agent-of-a"}]\n```' in told
    assert offered_text(told) == ["b"]
    assert not run.state().lingering


def offered_text(text):
    return [row["description"] for row in rows(text)]


def test_the_stop_of_an_agent_that_hangs_is_asked_for_once_and_the_end_told_when_it_is_gone(conversation):
    long_ago = time.time() - 10_000
    run = conversation.begin(claimed("a", "call-a", long_ago), launched("a"), tasks={"a": ()}, background=True)
    conversation.starts("a")
    assert conversation.watch("a").end()[0] == 2
    assert "Stop these agents" in heard(conversation.wakes())
    assert not events(run, "told")
    answer = conversation.notifies("a", status="killed")
    assert "Stop these agents" not in heard(answer)
    assert "has ended. 0 of 1 tasks succeeded." in heard(answer)
    assert len(events(run, "told")) == 1
    assert not conversation.is_active


def test_an_agent_that_hangs_with_its_output_written_has_done_its_task(newest):
    newest.begin(claimed("a", "call-a", time.time() - 10_000), launched("a"), tasks={"a": (), "b": ()}, background=True)
    newest.starts("a")
    newest.writes("a")
    assert newest.watch("a").end()[0] == 2
    assert newest.outcome("a") == ("success", "")


def test_a_watcher_waits_until_the_end_of_the_time_and_not_longer(newest):
    """Two seconds of the time of the agent are left when its watcher starts."""
    almost = time.time() - 120 - 60 + 2
    newest.begin(claimed("a", "call-a", almost), launched("a"), tasks={"a": (), "b": ()}, background=True)
    newest.starts("a")
    began = time.monotonic()
    watcher = newest.watch("a")
    assert watcher.end()[0] == 2
    assert 1 < time.monotonic() - began < 6


def test_a_notification_that_never_comes_counts_as_lost_and_wakes_the_conversation(conversation):
    ended = time.time() - watching.PATIENCE_SECONDS - 1
    conversation.begin(
        claimed("a", "call-a", ended - 5),
        launched("a"),
        closed("a", time=ended),
        tasks={"a": (), "b": ("a",)},
        background=True,
    )
    assert conversation.watch("a").end() == (2, GOES_ON)
    assert conversation.attempt("a").notified
    assert offered(conversation.wakes()) == ["b"]


def test_of_two_watchers_of_an_agent_one_stays(newest):
    run = newest.begin(claimed("a", "call-a", time.time()), launched("a"), background=True)
    pair = [newest.watch("a"), newest.watch("a")]
    eventually(lambda: not all(watcher.is_there for watcher in pair))
    (left,) = [watcher for watcher in pair if not watcher.is_there]
    (stayed,) = [watcher for watcher in pair if watcher is not left]
    assert left.end() == (0, "")
    assert ring(run.folder.watcher("agent-of-a"), WAKE)
    assert stayed.end() == (2, GOES_ON)


def test_where_no_pipe_can_be_made_the_watcher_says_so_and_the_notification_goes_through(newest):
    run = newest.begin(background=True)
    write(os.path.join(run.folder.path, "watchers"), "a file in the place of the folder")
    assert newest.calls("a", "call-a")["permissionDecision"] == "allow"
    newest.tell("PostToolUse-Agent-launched", TASK="a", CALL="call-a", AGENT="agent-of-a")
    newest.starts("a")
    code, words = newest.watch("a").end()
    assert code == 1, words
    assert words.startswith("parallel-dispatch: PostToolUse: ")
    newest.writes("a")
    assert newest.stops("a") is None
    assert offered(newest.notifies("a")) == ["b", "c"]
