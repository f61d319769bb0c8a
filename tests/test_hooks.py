"""Hooks as processes: recorded events of both versions of the host in, answers and the ledger out."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import pytest
from builders import (
    CALLS,
    RECORDED,
    ROOT,
    RUN,
    SESSION,
    TASK_FILE,
    VERSIONS,
    claimed,
    closed,
    event,
    marking_python,
    oldest_python,
    read,
    write,
)
from hooking import Conversation, heard, rows
from parallel_dispatch import active, judge
from parallel_dispatch.agents import roster
from parallel_dispatch.permissions import allows_skill
from parallel_dispatch.transcript import has_ended, last_tool_error, queued

MANY_TASKS = "\n".join(
    ["name: many", "tasks:", *(f"  - {{id: {'long-name-' * 5}{n:03}, prompt: Do it.}}" for n in range(150))]
)
BAD_TASK_FILE = "name: bad\ntasks:\n  - id: a\n    promt: Do a.\n  - id: a\n    prompt: Do it.\n"


def pythons():
    """The interpreters that hooks must run on and that are here: these tests' own, and the oldest that counts."""
    oldest = oldest_python()
    none = pytest.mark.skipif(not oldest, reason="there is no Python 3.9 here")
    return [pytest.param(sys.executable, id="this Python"), pytest.param(oldest, marks=none, id="Python 3.9")]


@pytest.fixture(params=VERSIONS)
def conversation(request, project, tmp_path, cache):
    return Conversation(request.param, project, str(tmp_path), cache)


def test_there_are_recordings_of_two_versions_with_the_same_events():
    assert len(VERSIONS) == 2
    kinds = [{name.split("-")[0] for name in os.listdir(os.path.join(RECORDED, version))} for version in VERSIONS]
    assert kinds[0] == kinds[1]
    assert len(kinds[0]) > 10


# --- without a run ------------------------------------------------------------------------------------------------


def test_without_a_run_every_hook_leaves_without_a_word_and_without_a_trace(conversation):
    names = sorted(os.listdir(os.path.join(RECORDED, conversation.version)))
    idle = [n[: -len(".json")] for n in names if n.endswith(".json") and "Skill" not in n and "Expansion" not in n]
    assert len(idle) > 10
    for name in idle:
        values = {"TASK": "a", "CALL": "toolu_1", "AGENT": "a1", "FILE": os.path.join(conversation.project, "x.md")}
        assert conversation.tell(name, **values) is None, name
    assert conversation.files() == {}


def test_the_run_of_another_conversation_is_none_of_ours(conversation):
    run = conversation.begin()
    conversation.env["CLAUDE_CODE_SESSION_ID"] = "another"
    assert conversation.calls("a", prompt="Look around.") is None
    assert conversation.tell("Stop") is None
    assert len(run.ledger.read()) == 1


def test_a_hook_of_a_run_that_was_deleted_says_so_and_stops_nothing(conversation):
    run = conversation.begin()
    done = subprocess.run(
        [sys.executable, "-I", "-S", os.path.join(ROOT, "hooks", "hook.py"), run.folder.path + "-gone", "0"],
        input=json.dumps(conversation.payload("PreToolUse-Agent", TASK="a", CALL="toolu_1")),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("parallel-dispatch: PreToolUse:")
    assert "Traceback" not in done.stderr


def test_without_a_python_the_command_goes_no_further_than_the_sentence_that_says_so(conversation, tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("sh", "cat", "readlink", "env"):
        os.symlink(shutil.which(name), tmp_path / "bin" / name)
    nothing = {"PATH": str(tmp_path / "bin"), "PARALLEL_DISPATCH_CACHE": str(tmp_path / "empty")}
    done = subprocess.run(
        [os.path.join(ROOT, "hooks", "command")],
        input=json.dumps(conversation.payload("UserPromptExpansion")),
        env=conversation.env | nothing,
        cwd=conversation.project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")  # 2 is the host's code for "go no further, show stderr"
    assert "no Python is on PATH" in done.stderr


# --- a whole run --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("python", pythons())
def test_a_run_from_its_first_batch_to_its_report_on_every_python_that_hooks_must_know(conversation, python):
    run = conversation.begin(python=python)
    conversation.does("a", "b", "c")
    block = conversation.batch()
    assert [row["description"] for row in rows(block)] == ["d"]
    assert conversation.calls("d", prompt=rows(block)[0]["prompt"])["permissionDecision"] == "allow"
    conversation.starts("d")
    conversation.writes("d")
    conversation.stops("d")
    conversation.returns("d")
    end = conversation.batch()
    assert f"Run {RUN} has ended. 4 of 4 tasks succeeded." in end
    assert "- **Succeeded**: 4" in read(run.folder.report)
    assert not conversation.is_active


# --- admission ----------------------------------------------------------------------------------------------------


def test_an_admitted_call_gets_the_brief_its_agent_and_the_foreground(conversation):
    run = conversation.begin()
    answer = conversation.calls("a")
    assert answer["permissionDecision"] == "allow"
    assert answer["updatedInput"] == {
        "description": "a",
        "prompt": read(run.folder.brief("a", 1)),
        "subagent_type": "general-purpose",
        "run_in_background": False,
    }
    assert conversation.attempt("a").call == CALLS["a"]


def test_the_agent_of_the_plan_wins_over_the_one_that_the_model_copied(conversation):
    conversation.begin()
    payload = conversation.payload("PreToolUse-Agent", TASK="a", CALL="toolu_1")
    payload["tool_input"] |= {"subagent_type": "Explore", "run_in_background": True, "model": "haiku"}
    updated = conversation.fire(payload)["hookSpecificOutput"]["updatedInput"]
    assert (updated["subagent_type"], updated["run_in_background"]) == ("general-purpose", False)


def test_a_call_that_is_told_twice_is_admitted_twice_and_counted_once(conversation):
    run = conversation.begin()
    assert conversation.calls("a") == conversation.calls("a")
    assert len(run.state().attempts["a"]) == 1


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        (f"pd:{RUN}/a do it", '"a" is already running; nothing to do'),
        (f"pd:{RUN}/d do it", '"d" waits for other tasks'),
        (f"pd:{RUN}/zz do it", 'this run has no task "zz"'),
        ("pd:0000/a do it", f"0000 is not the run of this conversation, which is {RUN}"),
        (f"pd:{RUN}/c do it", "max_parallel: 2 agents are running"),
    ],
)
def test_a_call_that_may_not_start_is_denied_with_the_reason(conversation, prompt, reason):
    conversation.begin(max_parallel=2)
    conversation.admits("a", "b")
    answer = conversation.calls("x", "toolu_new", prompt)
    assert answer["permissionDecision"] == "deny"
    assert reason in answer["permissionDecisionReason"]


def test_calls_at_the_same_moment_never_exceed_the_cap(conversation):
    run = conversation.begin(max_parallel=2)
    command = [sys.executable, "-I", "-S", os.path.join(ROOT, "hooks", "hook.py"), run.folder.path, "0"]
    calls = [conversation.payload("PreToolUse-Agent", TASK="abc"[n % 3], CALL=f"toolu_{n}") for n in range(9)]
    with contextlib.ExitStack() as stack:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        hooks = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in calls]
        for hook, call in zip(hooks, calls, strict=True):
            hook.stdin.write(json.dumps(call))
        for hook in hooks:  # all of them wait for the end of their input
            hook.stdin.close()
        answers = [json.loads(hook.stdout.read())["hookSpecificOutput"]["permissionDecision"] for hook in hooks]
    assert sorted(answers) == ["allow"] * 2 + ["deny"] * 7
    assert len(run.state().open) == 2


@pytest.mark.parametrize("prompt", ["Look into the failing test.", "", "pd:", "pd:k3f2", "see pd:k3f2/a"])
def test_a_call_of_the_users_own_is_left_alone(conversation, prompt):
    run = conversation.begin()
    assert conversation.calls("a", prompt=prompt) is None
    assert len(run.ledger.read()) == 1


def test_an_agent_of_ours_starts_no_agents(conversation):
    conversation.begin()
    conversation.admits("a")
    payload = conversation.payload("PreToolUse-Agent", TASK="b", CALL="toolu_inner") | {"agent_id": "agent-of-a"}
    answer = conversation.fire(payload)["hookSpecificOutput"]
    assert answer["permissionDecision"] == "deny"
    assert "starts no agents of its own" in answer["permissionDecisionReason"]
    assert not conversation.run.state().attempts["b"]


def test_what_lay_at_the_outputs_place_is_kept_in_the_run_and_does_not_count(conversation):
    run = conversation.begin()
    conversation.writes("a", "of last week")
    conversation.admits("a")
    assert not os.path.exists(conversation.output("a"))
    assert read(run.folder.before("a", 1)) == "of last week"
    assert "does not exist" in conversation.stops("a")["reason"]


def test_a_directory_at_the_outputs_place_is_kept_whole(conversation):
    run = conversation.begin(tasks={"a": ()}, outputs={"a": "docs/"})
    write(os.path.join(conversation.output("a"), "deep", "old.md"), "old")
    conversation.admits("a")
    assert read(os.path.join(run.folder.before("a", 1), "deep", "old.md")) == "old"
    assert not os.path.exists(conversation.output("a"))


def test_a_link_at_the_outputs_place_is_moved_and_what_it_leads_to_is_left_alone(conversation, tmp_path):
    run = conversation.begin()
    target = write(str(tmp_path / "elsewhere.md"), "precious")
    os.makedirs(os.path.dirname(conversation.output("a")))
    os.symlink(target, conversation.output("a"))
    conversation.admits("a")
    assert not os.path.lexists(conversation.output("a"))
    assert os.path.islink(run.folder.before("a", 1))
    assert read(target) == "precious"


def test_a_retry_is_told_what_failed_and_carries_its_attempt(conversation):
    before = time.time() - 60
    run = conversation.begin(claimed("a", "first", before), closed("a", "failed", time=before), on_failure="retry")
    write(run.folder.brief("a", 2), f"pd:{RUN}/a#2\nThe try before this one failed.\n")
    answer = conversation.calls("a", prompt=f"pd:{RUN}/a#2 Read and follow it.")
    assert answer["updatedInput"]["prompt"] == f"pd:{RUN}/a#2\nThe try before this one failed.\n"


def test_a_marker_whose_number_is_none_means_the_first_attempt(conversation):
    conversation.begin()
    assert conversation.calls("a", prompt=f"pd:{RUN}/a#² Read and follow it.")["permissionDecision"] == "allow"


def test_a_retry_that_was_never_offered_gets_the_first_brief_with_its_own_marker(conversation):
    before = time.time() - 60
    conversation.begin(claimed("a", "first", before), closed("a", "failed", time=before), on_failure="retry")
    assert conversation.calls("a")["updatedInput"]["prompt"] == f"pd:{RUN}/a#2\nThe brief of a.\n"


# --- inside agents ------------------------------------------------------------------------------------------------


def test_an_agent_of_somebody_else_is_never_touched(conversation):
    run = conversation.begin(claimed("a", time=0.0))  # far past every deadline
    agent = conversation.starts("x", prompt="You are somebody else's agent.")
    before = conversation.files()
    assert conversation.asks_to_write(conversation.output("a"), task="x") is None
    assert conversation.tell("PreToolUse-Bash", AGENT=agent, CALL="toolu_2") is None
    assert conversation.calls("x", prompt="an agent of mine") is None
    assert conversation.tell("SubagentStop", AGENT=agent) is None
    assert conversation.tell("StopFailure", AGENT=agent) is None
    assert conversation.tell("PostToolBatch-of-an-agent", AGENT=agent) is None
    assert conversation.tell("PostToolUse-Agent", TASK="x", CALL="toolu_9", AGENT=agent) is None
    changed = {path for path, text in conversation.files().items() if before.get(path) != text}
    assert changed == {run.folder.agent(agent)}  # that it is nobody of ours is kept, so that it is asked once
    assert conversation.attempt("a").is_open


@pytest.mark.parametrize("prompt", ["pd:k3f2/zz do it", "pd:0000/a do it", "pd:k3f2/a#7 do it", "pd:k3f2/b do it"])
def test_a_marker_that_names_no_attempt_of_this_run_makes_an_agent_nobody_of_ours(conversation, prompt):
    conversation.begin(claimed("a"))
    conversation.starts("a", prompt=prompt)
    assert conversation.asks_to_write(conversation.output("a")) is None


def test_an_agent_whose_transcript_comes_late_is_waited_for(conversation):
    conversation.begin()
    assert conversation.calls("a")["permissionDecision"] == "allow"
    late = threading.Timer(0.3, conversation.starts, ["a"])
    late.start()
    assert conversation.asks_to_write(conversation.output("a")) == "allow"
    late.join()


def test_an_agent_whose_transcript_comes_later_still_is_asked_again(conversation, monkeypatch):
    monkeypatch.setattr(active, "PATIENCE_SECONDS", 0.0)
    run = conversation.begin(claimed("a"))
    payload = conversation.payload("PreToolUse-Bash", AGENT="agent-of-a", CALL="toolu_2")
    assert run.tie(payload) is None
    conversation.starts("a")
    assert run.tie(payload).task == "a"


@pytest.mark.parametrize("mode", ["default", "acceptEdits", "dontAsk"])
def test_an_agents_own_output_is_written_without_a_prompt(conversation, mode):
    conversation.begin()
    conversation.admits("a")
    assert conversation.asks_to_write(conversation.output("a"), permission_mode=mode) == "allow"


def test_the_own_output_may_be_named_relative_to_where_the_agent_is(conversation):
    conversation.begin()
    conversation.admits("a")
    assert conversation.asks_to_write("./out/../out/a.md") == "allow"
    assert conversation.asks_to_write("out/a.md", cwd=os.path.dirname(conversation.project)) == "deny"


def test_in_plan_mode_the_own_output_is_left_to_the_users_rules(conversation):
    conversation.begin()
    conversation.admits("a")
    assert conversation.asks_to_write(conversation.output("a"), permission_mode="plan") is None


@pytest.mark.parametrize("path", ["out/a.md.bak", "out/b.md", "out", "out/a.md/x", "out/../a.md", "../out/a.md", ""])
def test_a_file_beside_the_own_output_is_denied(conversation, path):
    conversation.begin()
    conversation.admits("a")
    assert conversation.asks_to_write(os.path.join(conversation.project, path)) == "deny"


@pytest.mark.parametrize(
    ("path", "decision"),
    [
        ("out/docs/index.md", "allow"),
        ("out/docs/deep/er/index.md", "allow"),
        ("out/docs-2/index.md", "deny"),
        ("out/docs/../index.md", "deny"),
        ("out/docs", "deny"),
    ],
)
def test_an_output_directory_covers_what_lies_in_it_and_nothing_else(conversation, path, decision):
    conversation.begin(tasks={"a": ()}, outputs={"a": "docs/"})
    conversation.admits("a")
    assert conversation.asks_to_write(os.path.join(conversation.project, path)) == decision


def test_a_link_inside_an_output_directory_leads_out_of_it(conversation, tmp_path):
    conversation.begin(tasks={"a": ()}, outputs={"a": "docs/"})
    conversation.admits("a")
    os.makedirs(conversation.output("a"))
    os.symlink(tmp_path, os.path.join(conversation.output("a"), "away"))
    assert conversation.asks_to_write(os.path.join(conversation.output("a"), "away", "x.md")) == "deny"


def test_a_link_at_the_own_outputs_place_is_not_followed(conversation, tmp_path):
    conversation.begin()
    conversation.admits("a")
    os.makedirs(os.path.dirname(conversation.output("a")))
    os.symlink(write(str(tmp_path / "elsewhere.md"), "precious"), conversation.output("a"))
    assert conversation.asks_to_write(conversation.output("a")) == "deny"


def test_other_tools_of_an_agent_are_left_to_the_users_rules(conversation):
    conversation.begin()
    agent = conversation.admits("a")
    assert conversation.tell("PreToolUse-Bash", AGENT="agent-of-a", CALL="toolu_2") is None
    assert agent is None


def test_past_the_deadline_an_agent_may_only_write_its_output(conversation):
    conversation.begin(claimed("a", time=time.time() - 130), timeout=120.0)
    conversation.starts("a")
    answer = conversation.tell("PreToolUse-Bash", AGENT="agent-of-a", CALL="toolu_2")["hookSpecificOutput"]
    assert answer["permissionDecision"] == "deny"
    assert f"Time is up. Write what you have to {conversation.output('a')} now" in answer["permissionDecisionReason"]
    assert conversation.asks_to_write(os.path.join(conversation.project, "x.md")) == "deny"
    assert conversation.asks_to_write(conversation.output("a")) == "allow"
    assert conversation.attempt("a").is_open


def test_past_the_grace_an_agent_is_ended_and_its_task_failed(conversation):
    conversation.begin(claimed("a", time=time.time() - 181), timeout=120.0)
    conversation.starts("a")
    answer = conversation.tell("PreToolUse-Bash", AGENT="agent-of-a", CALL="toolu_2")
    assert answer["continue"] is False
    assert "the time of a is up" in answer["stopReason"]
    outcome, reason = conversation.outcome("a")
    assert outcome == "failed"
    assert "timeout: ended 120 s and a grace after its start" in reason


def test_past_the_grace_an_output_that_is_there_still_counts(conversation):
    conversation.begin(claimed("a", time=time.time() - 181), timeout=120.0)
    conversation.starts("a")
    conversation.writes("a")
    assert conversation.tell("PreToolUse-Bash", AGENT="agent-of-a", CALL="toolu_2")["continue"] is False
    assert conversation.outcome("a") == ("success", "")


def test_a_long_timeout_has_a_grace_of_half_its_length(conversation):
    conversation.begin(claimed("a", time=time.time() - 1400), timeout=1000.0)
    conversation.starts("a")
    assert "continue" not in conversation.tell("PreToolUse-Bash", AGENT="agent-of-a", CALL="toolu_2")


def test_an_agent_whose_attempt_is_closed_is_ended_at_its_next_tool_call_and_writes_nothing_more(conversation):
    conversation.begin()
    conversation.does("a")
    answer = conversation.fire(
        conversation.payload("PreToolUse-Write", AGENT="agent-of-a", CALL="toolu_2", FILE=conversation.output("a"))
    )
    assert answer["continue"] is False
    assert "a ends here, its attempt is closed" in answer["stopReason"]
    assert conversation.outcome("a") == ("success", "")


@pytest.mark.parametrize("known", [True, False], ids=["already known", "not yet known"])
def test_a_failure_that_stops_the_run_ends_the_agents_that_still_work(conversation, known):
    conversation.begin(on_failure="stop")
    conversation.admits("a", "b")
    if known:
        assert conversation.tell("PreToolUse-Bash", AGENT="agent-of-b", CALL="toolu_1") is None
    conversation.returns("a")
    answer = conversation.tell("PreToolUse-Bash", AGENT="agent-of-b", CALL="toolu_2")
    assert answer["continue"] is False
    outcome, reason = conversation.outcome("b")
    assert outcome == "cancelled"
    assert "stopped, because a failed" in reason


def test_an_agent_that_is_ended_with_its_output_written_has_succeeded(conversation):
    conversation.begin(on_failure="stop")
    conversation.admits("a", "b")
    conversation.returns("a")
    conversation.writes("b")
    assert conversation.tell("PreToolUse-Bash", AGENT="agent-of-b", CALL="toolu_2")["continue"] is False
    assert conversation.outcome("b") == ("success", "")


# --- the ends of agents -------------------------------------------------------------------------------------------


def test_an_agent_without_its_output_is_sent_back_twice_and_then_failed_with_its_last_words(conversation):
    conversation.begin()
    conversation.admits("a")
    for _ in range(2):
        answer = conversation.stops("a")
        assert answer["decision"] == "block"
        assert answer["reason"].startswith("You are not done: its output out/a.md does not exist.")
        assert conversation.output("a") in answer["reason"]
    assert conversation.stops("a") is None
    outcome, reason = conversation.outcome("a")
    assert outcome == "failed"
    assert reason == "its output out/a.md does not exist; last words: LASTWORDS LASTWORDS LASTWORDS"
    assert read(conversation.run.folder.answer("a", 1)) == "LASTWORDS LASTWORDS LASTWORDS\n"


@pytest.mark.parametrize("lack", ["is empty", "is a directory, not a file"])
def test_an_output_that_is_no_file_with_content_does_not_count(conversation, lack):
    conversation.begin()
    conversation.admits("a")
    if lack == "is empty":
        conversation.writes("a", "")
    else:
        os.makedirs(conversation.output("a"))
    assert f"its output out/a.md {lack}" in conversation.stops("a")["reason"]


def test_an_output_directory_needs_a_file_with_content(conversation):
    conversation.begin(tasks={"a": ()}, outputs={"a": "docs/"})
    conversation.admits("a")
    write(os.path.join(conversation.output("a"), "empty.md"), "")
    assert "holds no file with content" in conversation.stops("a")["reason"]
    write(os.path.join(conversation.output("a"), "deep", "full.md"), "x")
    assert conversation.stops("a") is None
    assert conversation.outcome("a") == ("success", "")


def test_past_the_deadline_an_agent_without_its_output_is_not_sent_back(conversation):
    conversation.begin(claimed("a", time=time.time() - 130), timeout=120.0)
    conversation.starts("a")
    assert conversation.stops("a") is None
    assert conversation.outcome("a")[0] == "failed"


def test_an_agent_with_its_output_succeeded_with_its_size_and_hash(conversation):
    conversation.begin()
    conversation.admits("a")
    conversation.writes("a", "größer\n")
    assert conversation.stops("a") is None
    (end,) = [event for event in conversation.run.ledger.read() if event.get("event") == "closed"]
    data = "größer\n".encode()
    assert (end["outcome"], end["bytes"]) == ("success", len(data))
    assert end["sha256"] == hashlib.sha256(data).hexdigest()
    assert conversation.attempt("a").seconds is not None
    assert conversation.attempt("a").transcript.endswith("agent-agent-of-a.jsonl")


def test_an_agent_that_stops_again_after_its_end_is_let_go(conversation):
    conversation.begin()
    conversation.admits("a")
    conversation.writes("a")
    conversation.stops("a")
    os.unlink(conversation.output("a"))
    assert conversation.stops("a") is None
    assert conversation.outcome("a") == ("success", "")


def test_last_words_that_were_cut_inside_a_character_end_an_attempt_like_any_other(conversation):
    conversation.begin()
    conversation.admits("a")
    conversation.writes("a")
    payload = conversation.payload("SubagentStop", AGENT="agent-of-a") | {"last_assistant_message": "cut \ud83d"}
    assert conversation.fire(payload) is None
    assert conversation.outcome("a") == ("success", "")
    assert read(conversation.run.folder.answer("a", 1)).startswith("cut ")


def test_the_last_tool_error_of_an_agent_is_part_of_the_reason(conversation):
    conversation.begin()
    conversation.admits("a")
    path = os.path.join(conversation.host, SESSION, "subagents", "agent-agent-of-a.jsonl")
    text = read(path).replace('"type": "tool_result"', '"type": "tool_result", "is_error": true')
    write(path, text.replace("File created successfully at", "Permission denied for"))
    for _ in range(3):
        conversation.stops("a")
    assert "its last tool error: Permission denied for" in conversation.outcome("a")[1]


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029"])
def test_a_transcript_is_read_by_its_lines_whatever_separators_its_texts_hold(tmp_path, separator):
    def line(role, **block):
        message = {"role": role, "stop_reason": "end_turn", "content": [block]}
        return json.dumps({"message": message}, ensure_ascii=False)

    failed = line("user", type="tool_result", is_error=True, content="an old error")
    worked = line("user", type="tool_result", content=f"fine{separator}so far")
    path = write(
        str(tmp_path / "t.jsonl"), f"{failed}\n{worked}\n{line('assistant', type='text', text=f'a{separator}b')}\n"
    )
    assert has_ended(path)
    assert last_tool_error(path) == ""
    told = json.dumps({"prompt": f"x{separator}y", "type": "queued_command"}, ensure_ascii=False)
    assert queued(write(path, f"{failed}\n{told}\n")) == told


def test_the_result_that_the_model_sees_is_one_line_and_the_whole_answer_is_kept(conversation):
    conversation.begin()
    conversation.admits("a")
    conversation.writes("a")
    conversation.stops("a")
    result = conversation.returns("a")
    assert result["content"] == [{"type": "text", "text": "a: done, in out/a.md"}]
    assert result["canContinueAgent"] is False
    assert result["status"] == "completed"
    assert read(conversation.run.folder.answer("a", 1)) == "LASTWORDS LASTWORDS LASTWORDS\n"


def test_a_return_alone_ends_an_attempt_where_the_stop_was_never_told(conversation):
    conversation.begin()
    conversation.admits("a")
    conversation.writes("a")
    result = conversation.returns("a")
    assert result["content"][0]["text"] == "a: done, 11 bytes in out/a.md"
    assert conversation.outcome("a") == ("success", "")
    assert "LASTWORDS LASTWORDS LASTWORDS" in read(conversation.run.folder.answer("a", 1))


def test_a_return_without_the_output_tells_the_model_what_failed(conversation):
    conversation.begin()
    conversation.admits("a")
    assert conversation.returns("a")["content"][0]["text"].startswith("a: failed: its output out/a.md does not exist")
    assert conversation.outcome("a")[0] == "failed"


def test_a_return_that_is_told_twice_ends_the_attempt_once(conversation):
    conversation.begin(on_failure="retry")
    conversation.admits("a")
    conversation.returns("a")
    conversation.returns("a")
    assert [event["event"] for event in conversation.run.ledger.read()[1:]].count("closed") == 1


def test_an_agent_that_dies_of_an_api_error_fails_with_the_hosts_words(conversation):
    conversation.begin()
    conversation.admits("b")
    assert conversation.tell("StopFailure", AGENT="agent-of-b") is None
    outcome, reason = conversation.outcome("b")
    assert outcome == "failed"
    assert "the agent died: API Error: 400 the host's words" in reason


def test_the_call_of_an_agent_that_died_says_so_to_the_ledger_also_when_it_is_told_first(conversation):
    died = next(name for name in os.listdir(os.path.join(RECORDED, conversation.version)) if "Agent-died" in name)
    conversation.begin()
    conversation.admits("b")
    conversation.tell(died[: -len(".json")], TASK="b", CALL=CALLS["b"], AGENT="agent-of-b")
    outcome, reason = conversation.outcome("b")
    assert outcome == "failed"
    assert "API Error: 400 the host's words" in reason
    conversation.tell("StopFailure", AGENT="agent-of-b")
    assert conversation.outcome("b") == (outcome, reason)


def test_a_call_that_fails_is_a_failed_task_with_the_hosts_words(conversation):
    conversation.begin()
    conversation.calls("b")
    conversation.tell("PostToolUseFailure-Agent-unknown-type", TASK="b", CALL=CALLS["b"])
    outcome, reason = conversation.outcome("b")
    assert outcome == "failed"
    assert "the call failed: Agent type 'nosuch' not found" in reason


def hands_back(conversation, message="A long story."):
    """An agent reports through the tool that the newer host gives it in auto mode."""
    payload = conversation.payload("PreToolUse-Write", AGENT="agent-of-a", CALL="toolu_h", FILE="")
    return conversation.fire(payload | {"tool_name": "SubagentHandback", "tool_input": {"message": message}})


def test_a_handback_without_the_output_is_sent_back_twice(conversation):
    conversation.begin()
    conversation.admits("a")
    answers = [hands_back(conversation)["hookSpecificOutput"] for _ in range(3)]
    assert [answer["permissionDecision"] for answer in answers] == ["deny", "deny", "allow"]
    assert "You are not done: its output out/a.md does not exist" in answers[0]["permissionDecisionReason"]


def test_a_handback_is_kept_whole_and_reaches_the_conversation_as_one_line(conversation):
    conversation.begin()
    conversation.admits("a")
    conversation.writes("a")
    assert hands_back(conversation)["hookSpecificOutput"]["updatedInput"] == {"message": "a: see the run's report"}
    assert read(conversation.run.folder.answer("a", 1)) == "A long story.\n"


def test_an_api_error_of_the_main_conversation_ends_no_attempt(conversation):
    run = conversation.begin()
    conversation.admits("a")
    payload = conversation.payload("StopFailure", AGENT="agent-of-a")
    del payload["agent_id"]
    assert conversation.fire(payload) is None
    assert run.ledger.read()[-1]["event"] == "turn-failed"
    assert conversation.attempt("a").is_open


# --- batches ------------------------------------------------------------------------------------------------------


def test_the_next_block_comes_with_the_results_of_the_last(conversation):
    run = conversation.begin()
    conversation.does("a", "b", "c")
    assert rows(conversation.batch()) == [
        {
            "description": "d",
            "subagent_type": "general-purpose",
            "prompt": f"pd:{RUN}/d Read and follow {run.folder.brief('d', 1)}",
        }
    ]


def test_the_brief_in_a_block_names_the_outputs_that_the_task_needs(conversation):
    run = conversation.begin()
    conversation.does("a", "b", "c")
    conversation.batch()
    brief = read(run.folder.brief("d", 1))
    assert brief.startswith(f"pd:{RUN}/d\n")
    assert [task for task in "abcd" if f"{task}: {conversation.output(task)}" in brief] == ["a", "b", "c"]
    assert f"\nOutput file: {conversation.output('d')}\n" in brief


def test_a_batch_inside_an_agent_says_nothing(conversation):
    conversation.begin()
    conversation.does("a", "b", "c")
    assert conversation.tell("PostToolBatch-of-an-agent", AGENT="agent-of-a") is None


def test_a_task_that_no_block_has_offered_is_not_started_without_its_brief(conversation):
    run = conversation.begin()
    os.unlink(run.folder.brief("a", 1))
    answer = conversation.calls("a")
    assert answer["permissionDecision"] == "deny"
    assert "was not offered yet" in answer["permissionDecisionReason"]
    assert "a" not in run.state().open


def test_an_equal_offer_is_not_made_twice_in_one_turn(conversation):
    conversation.begin()
    conversation.does("a", "b", "c")
    assert rows(conversation.batch())
    assert conversation.batch() == ""


def test_after_a_word_of_the_user_nothing_is_offered_until_an_agent_is_admitted_again(conversation):
    conversation.begin()
    conversation.does("a", "b", "c")
    says(conversation, "What is that?")
    assert conversation.batch() == ""
    conversation.does("d")
    assert "has ended. 4 of 4 tasks succeeded." in conversation.batch_of_others()


def test_while_agents_work_a_batch_offers_what_else_is_ready(conversation):
    conversation.begin(max_parallel=2)
    conversation.admits("a", "b")
    assert conversation.batch_of_others() == ""
    conversation.writes("a")
    conversation.stops("a")
    assert [row["description"] for row in rows(conversation.batch_of_others())] == ["c"]


def test_the_end_comes_with_the_report_written_and_the_conversation_free(conversation):
    run = conversation.begin(tasks={"a": (), "b": ("a",)})
    conversation.admits("a")
    conversation.returns("a")
    answer = conversation.tell("PostToolBatch")
    assert f"Run {RUN} has ended. 0 of 2 tasks succeeded." in heard(answer)
    assert "- b skipped: needs a, which failed" in heard(answer)
    assert "Report: .parallel-dispatch/runs/" in answer["systemMessage"]
    assert "- **Failed**: 1" in read(run.folder.report)
    assert run.state().ended == "finished"
    assert not conversation.is_active


@pytest.mark.parametrize("recording", ["PostToolBatch-no-agent-tool", "PostToolBatch-unknown-type"])
def test_calls_that_the_host_refused_fail_with_its_words(conversation, recording):
    conversation.begin(tasks={"a": (), "b": (), "c": ()})
    if recording.endswith("type"):
        conversation.does("a", "c")
    refused = ["b"] if recording.endswith("type") else ["a", "b", "c"]
    words = "Agent type 'nosuch' not found" if recording.endswith("type") else "No such tool available: Agent."
    end = conversation.batch(recording)
    assert "has ended" in end
    for task in refused:
        outcome, reason = conversation.outcome(task)
        assert outcome == "failed"
        assert "the host did not run it: " in reason
        assert words in reason
    assert [conversation.outcome(task)[0] for task in "abc"].count("success") == 3 - len(refused)


def test_an_old_file_at_the_place_of_a_refused_calls_output_is_no_success(conversation):
    conversation.begin(tasks={"a": (), "b": (), "c": ()})
    conversation.writes("a", "of last week")
    os.utime(conversation.output("a"), (0, 0))
    conversation.batch("PostToolBatch-no-agent-tool")
    assert conversation.outcome("a")[0] == "failed"


def test_calls_that_we_denied_are_not_failures_of_their_tasks(conversation):
    conversation.begin(max_parallel=2)
    conversation.admits("a", "b")
    assert conversation.calls("c")["permissionDecision"] == "deny"
    for task in "ab":
        conversation.writes(task)
        conversation.returns(task)
    assert [row["description"] for row in rows(conversation.batch())] == ["c"]
    assert conversation.outcome("c") == ("", "")


def test_a_failed_try_is_offered_again_with_its_reason_in_the_brief(conversation):
    run = conversation.begin(tasks={"a": ()}, on_failure="retry")
    conversation.admits("a")
    conversation.returns("a")
    (row,) = rows(conversation.batch())
    assert row["prompt"].startswith(f"pd:{RUN}/a#2 ")
    brief = read(run.folder.brief("a", 2))
    assert brief.startswith(f"pd:{RUN}/a#2\n")
    assert "its output out/a.md does not exist" in brief


def test_a_reason_that_was_cut_inside_a_character_goes_into_the_next_brief(conversation):
    run = conversation.begin(tasks={"a": ()}, on_failure="retry")
    conversation.calls("a")
    payload = conversation.payload("PostToolUseFailure-Agent-unknown-type", TASK="a", CALL=CALLS["a"])
    conversation.fire(payload | {"error": "cut \ud83d"})
    assert rows(conversation.batch())
    assert "the call failed: cut " in read(run.folder.brief("a", 2))


def test_the_end_of_a_run_with_many_long_reasons_fits_into_what_the_host_shows(conversation):
    tasks = {f"t{number}": () for number in range(40)}
    ends = [line for task in tasks for line in (claimed(task), closed(task, "failed", reason="why " * 250))]
    conversation.begin(*ends, tasks=tasks)
    end = conversation.batch()
    assert len(end) < 10_000
    assert "0 of 40 tasks succeeded." in end
    assert "Report: .parallel-dispatch/runs/" in end


# --- prompts and stops --------------------------------------------------------------------------------------------


def says(conversation, text):
    return conversation.fire(conversation.payload("UserPromptSubmit") | {"prompt": text})


def test_a_stop_with_ready_tasks_and_nothing_at_work_is_sent_back_with_the_block(conversation):
    conversation.begin()
    answer = conversation.tell("Stop")
    assert answer["decision"] == "block"
    assert answer["reason"].startswith("Tasks are ready.")
    assert [row["description"] for row in rows(answer["reason"])] == ["a", "b", "c"]


def test_a_stop_while_an_agent_works_is_let_through(conversation):
    conversation.begin()
    conversation.admits("a")
    assert conversation.tell("Stop") is None


def test_a_stop_is_sent_back_three_times_and_then_the_run_is_left_and_the_user_told(conversation):
    run = conversation.begin()
    for _ in range(3):
        assert conversation.tell("Stop")["decision"] == "block"
    answer = conversation.tell("Stop")
    assert set(answer) == {"systemMessage"}
    assert f"run {RUN} is left with 4 tasks to do" in answer["systemMessage"]
    assert not conversation.is_active
    assert not run.state().ended
    assert conversation.tell("Stop") is None


def test_an_agent_that_was_admitted_gives_new_reminders(conversation):
    conversation.begin()
    for _ in range(3):
        conversation.tell("Stop")
    conversation.does("a")
    assert conversation.tell("Stop")["decision"] == "block"


def test_a_stop_after_the_user_said_something_else_is_let_through_until_an_agent_is_admitted_again(conversation):
    conversation.begin()
    assert says(conversation, "Wait, explain the plan first.") is None
    assert conversation.run.state().user_spoke
    assert conversation.tell("Stop") is None
    assert conversation.tell("Stop") is None
    conversation.does("a")
    assert conversation.tell("Stop")["decision"] == "block"


def test_what_the_user_interrupted_is_cancelled_and_what_was_done_is_kept(conversation):
    conversation.begin()
    conversation.admits("a", "b")
    conversation.writes("b")
    says(conversation, "Stop that, I have another idea.")
    assert conversation.outcome("a")[0] == "cancelled"
    assert "interrupted by the user" in conversation.outcome("a")[1]
    assert conversation.outcome("b") == ("success", "")


def test_our_own_command_is_not_the_user_saying_something_else(conversation):
    conversation.begin()
    assert conversation.tell("UserPromptSubmit") is None  # "/parallel-dispatch t.yaml"
    assert not conversation.run.state().user_spoke


@pytest.mark.parametrize("text", ["/parallel-dispatching is a word: explain it", "/parallel-dispatch-it now"])
def test_a_prompt_that_only_begins_like_our_command_is_the_user(conversation, text):
    conversation.begin()
    says(conversation, text)
    assert conversation.run.state().user_spoke


def test_a_notification_is_not_the_user_and_brings_what_is_ready(conversation):
    conversation.begin()
    conversation.does("a", "b", "c")
    answer = says(conversation, "<task-notification>\n<task-id>agent-of-c</task-id>\n</task-notification>")
    assert [row["description"] for row in rows(heard(answer))] == ["d"]
    assert not conversation.run.state().user_spoke


def test_a_stop_at_the_end_of_a_run_writes_the_report(conversation):
    run = conversation.begin(claimed("a"), closed("a"), tasks={"a": ()})
    assert "1 of 1 tasks succeeded" in conversation.tell("Stop")["systemMessage"]
    assert os.path.exists(run.folder.report)
    assert not conversation.is_active


def test_a_stop_inside_an_agent_says_nothing(conversation):
    conversation.begin()
    assert conversation.fire(conversation.payload("Stop") | {"agent_id": "agent-of-a"}) is None


def test_a_cancelled_run_ends_at_the_next_event(conversation):
    run = conversation.begin(event("cancelled"))
    assert "has ended" in conversation.batch()
    assert "cancelled" in read(run.folder.report)
    assert not conversation.is_active


# --- the command --------------------------------------------------------------------------------------------------


def types(conversation, arguments="t.yaml", **more):
    """The user types the command."""
    return conversation.fire(conversation.payload("UserPromptExpansion") | {"command_args": arguments, **more})


@pytest.fixture
def tasks(conversation):
    return write(os.path.join(conversation.project, "t.yaml"), TASK_FILE)


@pytest.mark.usefixtures("tasks")
def test_a_typed_command_starts_the_run_with_its_first_block(conversation):
    text = heard(types(conversation))
    assert len(text) < 10_000
    assert "three-and-one, 4 tasks in 2 waves, at most 4 at a time, 120 s each, on failure: continue." in text
    block = rows(text)
    assert [row["description"] for row in block] == ["a", "b", "c"]
    assert {tuple(row) for row in block} == {("description", "subagent_type", "prompt")}
    for row in block:
        brief = read(row["prompt"].partition("Read and follow ")[2])
        assert brief.split("\n")[0] == row["prompt"].split(" ")[0]
        assert f"Output file: {conversation.project}/out/{row['description']}.md" in brief
    assert "You work as security-architect." in read(block[1]["prompt"].partition("Read and follow ")[2])
    assert conversation.is_active


@pytest.mark.usefixtures("tasks")
def test_a_run_that_was_typed_goes_on_in_the_hooks_of_its_conversation(conversation):
    block = rows(heard(types(conversation)))
    assert conversation.tell("UserPromptSubmit") is None  # one version tells the prompt after the expansion
    answers = [conversation.calls(row["description"], prompt=row["prompt"]) for row in block]
    assert [answer["permissionDecision"] for answer in answers] == ["allow"] * 3
    brief = read(block[0]["prompt"].partition("Read and follow ")[2])
    assert answers[0]["updatedInput"]["prompt"] == brief


@pytest.mark.usefixtures("tasks")
def test_the_options_of_the_command_win_over_the_file(conversation):
    text = heard(types(conversation, "t.yaml --max-parallel 2 --timeout 60000 --on-failure retry --output 'my out'"))
    assert "at most 2 at a time, 60 s each, on failure: retry." in text
    assert len(rows(text)) == 2
    assert f"{conversation.project}/my out/a.md" in read(rows(text)[0]["prompt"].partition("Read and follow ")[2])


@pytest.mark.usefixtures("tasks")
def test_a_run_keeps_the_task_file_as_it_was_and_ignores_itself_in_git(conversation):
    types(conversation)
    found = conversation.files()
    (kept,) = [text for path, text in found.items() if path.endswith("/tasks.yaml")]
    assert kept == TASK_FILE
    assert found[os.path.join(conversation.project, ".parallel-dispatch", ".gitignore")] == "*\n"


def test_a_block_of_many_tasks_fits_into_what_the_host_shows(conversation):
    names = [f"{'long-name-' * 5}{number:02}" for number in range(40)]
    lines = [f"  - {{id: {name}, prompt: Do it.}}" for name in names]
    write(os.path.join(conversation.project, "t.yaml"), "\n".join(["name: many", "tasks:", *lines]))
    text = heard(types(conversation, "t.yaml --max-parallel 16"))
    assert len(text) < 10_000
    assert 1 <= len(rows(text)) <= 16


@pytest.mark.parametrize("mode", ["default", "plan"])
def test_problems_block_the_command_with_all_of_them_and_nothing_is_written(conversation, mode):
    write(os.path.join(conversation.project, "bad.yaml"), BAD_TASK_FILE)
    before = conversation.files()
    answer = types(conversation, "bad.yaml", permission_mode=mode)
    assert answer["decision"] == "block"
    assert 'bad.yaml:4:5: unknown key "promt"' in answer["reason"]
    assert "bad.yaml:5:9:" in answer["reason"]
    assert conversation.files() == before


def test_more_problems_than_the_host_shows_are_cut_and_the_rest_can_be_asked_for(conversation):
    lines = [f"  - {{id: t{number}, promt: Do it.}}" for number in range(300)]
    write(os.path.join(conversation.project, "bad.yaml"), "\n".join(["name: bad", "tasks:", *lines]))
    reason = types(conversation, "bad.yaml")["reason"]
    assert len(reason) < 10_000
    assert "`parallel-dispatch validate" in reason.splitlines()[-1]


def test_problems_that_are_cut_end_after_a_whole_one_with_the_count_of_the_rest(conversation):
    lines = [f"  - {{id: t{number}, promt: Do it.}}" for number in range(300)]
    write(os.path.join(conversation.project, "bad.yaml"), "\n".join(["name: bad", "tasks:", *lines]))
    *shown, last = types(conversation, "bad.yaml")["reason"].splitlines()
    assert re.match(r"… and \d+ more of \d+ problems: ", last)
    assert shown[-1].strip(" |") == "^~~~~"  # the mark below the source line, the end of a problem


ADVISED = "name: advised\ntasks:\n  - {id: a, prompt: x}\n  - {id: b, prompt: See a.md.}\n"


def test_advice_is_shown_to_the_user_and_refuses_nothing(conversation):
    write(os.path.join(conversation.project, "t.yaml"), ADVISED)
    assert "[undeclared-input]" in types(conversation, "t.yaml --dry-run")["reason"]
    assert "[undeclared-input]" in heard(types(conversation, "t.yaml", permission_mode="plan"))
    answer = types(conversation, "t.yaml")
    assert "t.yaml:4:21: advice: the prompt of task" in answer["systemMessage"]
    assert answer["systemMessage"].startswith("parallel-dispatch: agents may write")
    assert len(rows(heard(answer))) == 2
    assert "[undeclared-input]" not in heard(answer)


def test_advice_stands_below_the_question_and_is_shown_where_nothing_was_asked(conversation):
    write(os.path.join(conversation.project, "t.yaml"), ADVISED)
    question = skill(conversation)["hookSpecificOutput"]["permissionDecisionReason"]
    assert question.index("Wave 1") < question.index("[undeclared-input]")
    answer = skill(conversation, "Post")
    assert answer["systemMessage"].endswith("1 problem in t.yaml: 1 piece of advice")
    assert len(rows(heard(answer))) == 2


@pytest.mark.usefixtures("tasks")
def test_in_plan_mode_the_plan_is_shown_and_nothing_at_all_is_written(conversation):
    before = conversation.files()
    text = heard(types(conversation, permission_mode="plan"))
    assert "Plan mode: nothing was started." in text
    assert "a  (general-purpose)  -> out/a.md" in text
    assert not rows(text)
    assert conversation.files() == before


def test_in_plan_mode_a_plan_of_many_tasks_fits_into_what_the_host_shows(conversation):
    write(os.path.join(conversation.project, "t.yaml"), MANY_TASKS)
    text = heard(types(conversation, permission_mode="plan"))
    assert len(text) < 10_000
    assert "many, 150 tasks in 1 wave" in text
    assert re.search(r"… and \d+ more lines$", text)


@pytest.mark.usefixtures("tasks")
def test_a_dry_run_shows_the_plan_without_a_model_call_and_writes_nothing(conversation):
    before = conversation.files()
    answer = types(conversation, "t.yaml --dry-run")
    assert answer["decision"] == "block"
    assert "\nDoes parallel work pay? Yes: with up to 3 agents at once it takes 2 task lengths" in answer["reason"]
    assert "d  (general-purpose)  -> out/d.md  after a, b, c" in answer["reason"]
    assert conversation.files() == before


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--help", "--max-parallel N"),
        ("", "usage: /parallel-dispatch"),
        ("none.yaml", "there is no such file"),
        (".", "this is a directory; name a task file in it"),
        ("t.yaml --max-parallel 0", '"0" is not a number of agents; write 1 to 16'),
        ("t.yaml --max-paralel 3", "--max-paralel"),
        ("t.yaml --on-failure explode", "'explode'"),
        ("t.yaml --output ../elsewhere", "leaves the project"),
        ("t.yaml 'unclosed", "quotation"),
        ("t.yaml more.yaml", "more.yaml"),
    ],
)
def test_a_command_that_cannot_start_is_blocked_with_what_is_wrong(conversation, arguments, said):
    before = conversation.files()
    answer = types(conversation, arguments)
    assert answer["decision"] == "block"
    assert said in answer["reason"]
    assert "Traceback" not in answer["reason"]
    assert conversation.files() == before


def test_a_project_that_cannot_be_written_blocks_the_command_with_the_path(conversation):
    write(os.path.join(conversation.project, "t.yaml"), TASK_FILE)
    write(os.path.join(conversation.project, ".parallel-dispatch"), "a file in the way")
    answer = types(conversation)
    assert answer["decision"] == "block"
    assert ".parallel-dispatch" in answer["reason"]
    assert "nothing was started" in answer["reason"]


BROKEN_BRIEF = ".claude/parallel-dispatch/templates/briefs/base.md.j2"


@pytest.mark.usefixtures("tasks")
def test_a_teams_own_brief_that_is_broken_blocks_the_command_and_leaves_no_run_behind(conversation):
    write(os.path.join(conversation.project, BROKEN_BRIEF), "{{ task.nothing }}")
    answer = types(conversation)
    assert answer["decision"] == "block"
    assert "base.md.j2" in answer["reason"]
    assert not conversation.is_active
    assert os.listdir(os.path.join(conversation.project, ".parallel-dispatch", "runs")) == []


@pytest.mark.usefixtures("tasks")
def test_a_run_that_cannot_start_leaves_the_one_that_is_under_way_alone(conversation):
    conversation.begin()
    write(os.path.join(conversation.project, BROKEN_BRIEF), "{{ task.nothing }}")
    assert types(conversation)["decision"] == "block"
    assert not conversation.run.state().ended
    assert conversation.calls("a")["permissionDecision"] == "allow"


def test_the_hooks_of_a_run_run_on_the_interpreter_that_the_users_cache_names(conversation, tmp_path):
    conversation.begin()
    variables, starts = marking_python(str(tmp_path))
    conversation.env.update(variables)
    conversation.admits("a")
    assert starts() == 1
    os.unlink(os.path.join(variables["PARALLEL_DISPATCH_CACHE"], "interpreter"))
    done = subprocess.run(
        [os.path.join(ROOT, "hooks", "guard")], env=conversation.env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "names no Python, so hooks do nothing: run parallel-dispatch prepare" in done.stderr


def test_the_task_file_is_relative_to_where_the_user_is_and_outputs_to_the_project(conversation):
    folder = os.path.join(conversation.project, "packages", "web")
    write(os.path.join(folder, "my tasks.yaml"), TASK_FILE)
    text = heard(types(conversation, "'my tasks.yaml'", cwd=folder))
    assert f"{conversation.project}/out/a.md" in read(rows(text)[0]["prompt"].partition("Read and follow ")[2])


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize("more", [{"command_source": "user"}, {"command_name": "other:parallel-dispatch"}])
def test_a_command_of_the_same_name_that_is_not_ours_is_left_alone(conversation, more):
    before = conversation.files()
    assert types(conversation, **more) is None
    assert conversation.files() == before


@pytest.mark.usefixtures("tasks")
def test_a_second_run_ends_the_first_one_of_the_conversation_and_says_so(conversation):
    types(conversation)
    first = heard(types(conversation, "t.yaml --max-parallel 1"))
    assert "was cancelled for this one; its report: .parallel-dispatch/runs/" in first
    reports = [text for path, text in conversation.files().items() if path.endswith("report.md")]
    assert len(reports) == 1
    assert "cancelled" in reports[0]


def test_a_second_run_cancels_the_agents_that_the_first_still_had(conversation):
    write(os.path.join(conversation.project, "t.yaml"), TASK_FILE)
    first = conversation.begin()
    conversation.admits("a", "b")
    conversation.writes("b")
    assert rows(heard(types(conversation)))
    assert first.state().outcomes()["a"][0] == "cancelled"
    assert "interrupted by a new run in the same conversation" in first.state().outcomes()["a"][1]
    assert first.state().outcomes()["b"] == ("success", "")


# --- the command, called by the model -----------------------------------------------------------------------------


def skill(conversation, when="Pre", arguments="t.yaml", name="parallel-dispatch:parallel-dispatch", **more):
    """The model calls a skill: what the hook says before or after."""
    payload = conversation.payload(f"{when}ToolUse-Skill", CALL="toolu_s") | more
    payload["tool_input"] = {"skill": name, "args": arguments}
    return conversation.fire(payload)


@pytest.mark.usefixtures("tasks")
def test_a_command_that_the_model_calls_asks_the_user_with_the_plan_and_starts_nothing_yet(conversation):
    before = conversation.files()
    answer = skill(conversation)["hookSpecificOutput"]
    assert answer["permissionDecision"] == "ask"
    assert "parallel-dispatch would start these agents." in answer["permissionDecisionReason"]
    assert "b  (security-architect as parallel-dispatch:reviewer)  -> out/b.md" in answer["permissionDecisionReason"]
    assert conversation.files() == before


def test_the_question_about_many_tasks_fits_into_what_the_host_shows(conversation):
    write(os.path.join(conversation.project, "t.yaml"), MANY_TASKS)
    question = skill(conversation)["hookSpecificOutput"]["permissionDecisionReason"]
    assert len(question) < 10_000
    assert re.search(r"… and \d+ more lines$", question)


@pytest.mark.usefixtures("tasks")
def test_a_dry_run_that_the_model_calls_shows_the_plan_and_asks_the_user_nothing(conversation):
    before = conversation.files()
    answer = skill(conversation, arguments="t.yaml --dry-run")["hookSpecificOutput"]
    assert answer["permissionDecision"] == "deny"
    assert "A dry run starts nothing." in answer["permissionDecisionReason"]
    assert "d  (general-purpose)  -> out/d.md  after a, b, c" in answer["permissionDecisionReason"]
    assert conversation.files() == before


def test_problems_deny_the_models_call(conversation):
    write(os.path.join(conversation.project, "t.yaml"), BAD_TASK_FILE)
    before = conversation.files()
    answer = skill(conversation)["hookSpecificOutput"]
    assert answer["permissionDecision"] == "deny"
    assert 'unknown key "promt"' in answer["permissionDecisionReason"]
    assert conversation.files() == before


@pytest.mark.usefixtures("tasks")
def test_a_call_that_was_let_through_starts_the_run(conversation):
    text = heard(skill(conversation, "Post"))
    assert [row["description"] for row in rows(text)] == ["a", "b", "c"]
    assert conversation.is_active


@pytest.mark.usefixtures("tasks")
def test_the_models_call_in_plan_mode_shows_the_plan_and_writes_nothing(conversation):
    before = conversation.files()
    assert skill(conversation, permission_mode="plan") is None
    assert "Plan mode: nothing was started." in heard(skill(conversation, "Post", permission_mode="plan"))
    assert conversation.files() == before


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize("when", ["Pre", "Post"])
@pytest.mark.parametrize("name", ["review", "dispatching-parallel-agents", "other:parallel-dispatch"])
def test_another_skill_is_left_alone(conversation, when, name):
    before = conversation.files()
    assert skill(conversation, when, name=name) is None
    assert skill(conversation, when, "how does parallel-dispatch work?", name=name) is None
    assert conversation.files() == before


@pytest.mark.usefixtures("tasks")
def test_an_agent_that_calls_our_command_is_left_alone(conversation):
    before = conversation.files()
    assert skill(conversation, "Post", agent_id="agent-of-a") is None
    assert conversation.files() == before


def test_an_output_that_nobody_can_read_or_put_in_its_place_fails_its_task_and_the_run_goes_on(
    conversation, monkeypatch
):
    run = conversation.begin(tasks={"report": (), "b": ()}, outputs={"report": "REPORT.md"})
    conversation.admits("report", "b")
    task = run.plan.tasks["report"]
    os.makedirs(task.output)
    write(task.draft, "A finding.\n")
    for _ in range(3):
        conversation.stops("report")
    assert conversation.outcome("report")[0] == "failed"
    assert "is a directory, not a file" in conversation.outcome("report")[1]

    def unreadable(path):
        raise PermissionError(13, "Permission denied", path)

    conversation.writes("b")
    monkeypatch.setattr(judge.os.path, "getsize", unreadable)
    assert judge.lacking(run.plan, run.plan.tasks["b"]) == "its output out/b.md could not be read: Permission denied"
    monkeypatch.undo()
    monkeypatch.setattr(judge, "open_file", unreadable)
    assert judge.fingerprint(run.plan.tasks["b"])[0] == 0


def test_an_agent_that_waits_for_its_retry_is_not_interrupted_by_what_the_user_types(conversation):
    now = time.time()
    tries = [(claimed("a", f"call-{n}", time=now - 60), closed("a", "failed", n, time=now - 50)) for n in (1, 2, 3)]
    waiting = claimed("a", "call-4", time=now - 6)
    run = conversation.begin(*sum(tries, ()), waiting, tasks={"a": ()}, background=True, on_failure="retry")
    assert run.state().open["a"].pause == 4.0
    conversation.tell("UserPromptSubmit")
    assert list(run.state().open) == ["a"]


def test_whoever_calls_an_agent_off_while_it_is_tied_takes_its_free_calls_away(conversation):
    run = conversation.begin()
    conversation.admits("a")
    assert conversation.asks_to_write(conversation.output("a")) == "allow"
    free = run.folder.free("agent-of-a")
    assert os.path.exists(free)
    for _ in range(2):  # two hooks at once
        run.call_off("agent-of-a", "not needed any more")
        assert not os.path.exists(free)


# --- what the host's own files say --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        f"description: {'long ' * 2_000}\ntools: Read",
        "tools:\n  # only these\n\n  - Read\n  - Grep",
        "tools: [\n  Read,\n  Grep,\n]",
        "tools:\n  [Read,\n   Bash(git:*)]",
        "description: [WIP] reads\ntools: Read",
        "description: [unfinished\ntools: Read",
    ],
)
def test_the_tools_of_an_agent_are_found_however_its_file_writes_them(tmp_path, head):
    text = f"---\nname: reader\n{head}\nmodel: haiku\n---\nYou write.\n"
    write(str(tmp_path / ".claude" / "agents" / "reader.md"), text)
    assert roster(str(tmp_path), str(tmp_path / "home")).own["reader"] is False


@pytest.mark.parametrize("kind", ["ask", "deny"])
@pytest.mark.parametrize("rule", ["Skill", "Skill(x)", "Skill(x:*)"])
def test_a_rule_that_denies_or_asks_wins_over_one_that_allows(tmp_path, monkeypatch, kind, rule):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    project = str(tmp_path / "project")
    path = write(
        f"{project}/.claude/settings.json", json.dumps({"permissions": {"allow": ["Skill"], kind: ["Skill(y)"]}})
    )
    assert allows_skill(project, ["x"])
    write(f"{project}/.claude/settings.local.json", json.dumps({"permissions": {kind: [rule]}}))
    assert not allows_skill(project, ["x"])
    write(path, "[" * 100_000)
    assert not allows_skill(project, ["x"])
