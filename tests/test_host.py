"""The product in the real host: what went over the wire, what lies on disk, what the ledger and the report say."""

import json
import os
import shutil

import pytest
from faults import (
    AGENT_ERROR,
    LAST_WORDS,
    OWN_CALL,
    OWN_WORDS,
    Calling,
    Faulty,
    HandsBack,
    Idle,
    OneByOne,
    Talkative,
    Unruly,
    WithoutHooks,
    dawdles,
    dies,
    lies,
    once,
    spawns,
    strays_to,
    uses_shell,
    writes_nothing,
)
from hosting import ROOT, VERSIONS, Stage, example, listing, rehearse, said
from parallel_dispatch.copyist import Copyist
from parallel_dispatch.places import project_folder, read_text

pytestmark = pytest.mark.host

THREE = """\
name: three
tasks:
  - {id: left, prompt: Look left}
  - {id: right, prompt: Look right}
  - {id: both, prompt: Merge, dependencies: [left, right]}
settings: {output_dir: out}
"""
FAULTS = """\
name: faults
tasks:
  - {id: dies, prompt: x}
  - {id: lies, prompt: x}
  - {id: old, prompt: x}
  - {id: empty, prompt: x}
  - {id: shell, prompt: x}
  - {id: fine, prompt: x}
  - {id: after-lies, prompt: x, dependencies: [lies]}
  - {id: after-that, prompt: x, dependencies: [after-lies, fine]}
  - {id: after-fine, prompt: x, dependencies: [fine]}
settings: {max_parallel: 8, output_dir: out}
"""
STOP = """\
name: stop
tasks:
  - {id: bad, prompt: x}
  - {id: good, prompt: x}
  - {id: later, prompt: x}
  - {id: after-bad, prompt: x, dependencies: [bad]}
settings: {max_parallel: 2, output_dir: out, on_failure: stop}
"""
RETRY = """\
name: retry
tasks:
  - {id: heals, prompt: x}
  - {id: never, prompt: x}
  - {id: fine, prompt: x}
  - {id: after-heals, prompt: x, dependencies: [heals]}
  - {id: after-never, prompt: x, dependencies: [never]}
settings: {output_dir: out, on_failure: retry, max_retries: 1}
"""
TEN = (
    "name: ten\ntasks:\n"
    + "".join(f"  - {{id: task-{n}, prompt: x}}\n" for n in range(10))
    + "settings: {output_dir: out, max_parallel: 4}\n"
)
SLOW = """\
name: slow
tasks:
  - {id: slow, prompt: x}
settings: {output_dir: out, timeout_per_task: 1000}
"""
UNRULY = """\
name: unruly
tasks:
  - {id: altered, prompt: x}
  - {id: twice, prompt: x}
  - {id: spawner, prompt: x}
  - {id: last, prompt: x, dependencies: [altered]}
settings: {output_dir: out}
"""
BAD = """\
name: bad
tasks:
  - id: first
    promt: x
  - id: second
    prompt: x
    dependencies: [third]
settings:
  max_parallel: many
"""
PROBLEMS = ("bad.yaml:4:5:", "bad.yaml:7:20:", "bad.yaml:9:17:", "3 problems")


@pytest.fixture(scope="module", params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture(scope="module", params=["foreground", "background"])
def dispatch(request):
    return request.param


@pytest.fixture
def stage(version, tmp_path):
    return Stage(version, tmp_path)


# A whole run


@pytest.fixture(scope="module")
def review(version, dispatch, tmp_path_factory):
    """The architecture review with default permissions, by agents that talk too much."""
    stage = Stage(version, tmp_path_factory.mktemp("review"))
    stage.write("tasks.yaml", example("architecture-review.yaml"))
    return stage.converse(Talkative(), f"/parallel-dispatch tasks.yaml --dispatch {dispatch}")


REVIEWS = ("security-review", "test-review", "ops-review")


def test_a_run_costs_one_request_per_batch_and_one_to_close(review):
    assert review.code == 0, review.stderr
    assert len(review.main) == 3
    assert review.batches == [list(REVIEWS), ["synthesis"]]


def test_the_first_request_holds_the_plan_and_the_first_block(review):
    first = said(review.main[0])
    assert "4 tasks in 2 waves" in first
    prompts = [f"pd:{review.run.plan.run}/{task} " for task in (*REVIEWS, "synthesis")]
    assert [prompt in first for prompt in prompts] == [True, True, True, False]


def test_every_agent_gets_its_brief_in_its_first_request(review):
    for task in (*REVIEWS, "synthesis"):
        brief = read_text(review.run.folder.brief(task, 1)).strip()
        assert f"Output file: {review.run.plan.tasks[task].output}" in brief
        (told,) = review.first_requests[task]
        assert brief in told
        assert "Read and follow" not in told


def test_the_main_conversation_holds_neither_briefs_nor_last_words(review, dispatch):
    whole = said(review.main[-1])
    assert "Output file:" not in whole
    assert LAST_WORDS[:40] not in whole
    assert LAST_WORDS[:40] in read_text(review.run.folder.answer("security-review", 1))
    line = "security-review: done, in .aiwg/working/reviews/reviews/security.md"
    assert (line in whole) == (dispatch == "foreground")


def test_a_run_ends_in_outputs_and_a_report(review):
    outputs = [
        os.path.join(review.project, ".aiwg/working/reviews", name)
        for name in ("reviews/security.md", "reviews/testability.md", "reviews/operations.md", "final-review.md")
    ]
    assert all(os.path.getsize(path) for path in outputs)
    rows = review.report.partition("## Task Details")[2].partition("##")[0].splitlines()
    assert [
        task for task in (*REVIEWS, "synthesis") if sum(f"| {task} |" in row and " ✓ |" in row for row in rows) != 1
    ] == []
    assert review.result == "The run has ended; the report says how."
    assert "4 of 4 tasks succeeded" in said(review.main[-1])
    assert not os.path.exists(os.path.join(project_folder(review.project), "active"))


def test_declared_outputs_need_no_permission(review):
    assert (review.denials, review.tool_errors) == ([], [])


def test_directories_as_outputs_and_nothing_beside_them(stage):
    stage.write("tasks.yaml", example("doc-generation.yaml"))
    foreign = os.path.join(stage.project, "out", "api", "foreign.md")
    model = Faulty(faults={"user-guide": strays_to(foreign)})
    found = stage.converse(model, "/parallel-dispatch tasks.yaml --output out")
    assert found.outcomes == {"api-docs": "success", "user-guide": "success", "architecture-docs": "success"}
    assert sorted(os.listdir(os.path.join(stage.project, "out"))) == ["api", "architecture", "user-guide"]
    (denied,) = found.tool_errors
    assert "user-guide may not write out/api/foreign.md: it is the output of api-docs." in denied
    assert not os.path.exists(foreign)


def test_outputs_that_the_host_lets_no_agent_write_are_written_all_the_same(stage):
    stage.write(
        "tasks.yaml",
        "name: names\ntasks:\n  - {id: analysis, prompt: x}\n  - {id: b, prompt: x, output: sub/SUMMARY-of-b.md}\n",
    )
    stage.write("out/draft-analysis.md", "left by somebody")
    found = stage.converse(Talkative(), "/parallel-dispatch tasks.yaml --output out")
    assert found.outcomes == {"analysis": "success", "b": "success"}
    assert found.denials == []
    assert sorted(os.listdir(os.path.join(stage.project, "out"))) == ["analysis.md", "sub"]
    assert os.listdir(os.path.join(stage.project, "out", "sub")) == ["SUMMARY-of-b.md"]
    assert read_text(f"{found.run.folder.before('analysis', 1)}.draft") == "left by somebody"


def test_plan_mode_writes_nothing_and_starts_no_agent(stage):
    stage.write("tasks.yaml", THREE)
    before = listing(stage.project)
    found = stage.converse(Copyist(), "/parallel-dispatch tasks.yaml", mode="plan")
    assert listing(stage.project) == before
    assert (len(found.main), found.agents) == (1, {})
    assert "3 tasks in 2 waves" in said(found.main[0])
    assert "```json" not in said(found.main[0])


def test_no_more_agents_at_once_than_allowed(stage, dispatch):
    stage.write("tasks.yaml", TEN)
    found = stage.converse(Copyist(), f"/parallel-dispatch tasks.yaml --dispatch {dispatch}")
    if dispatch == "foreground":
        assert [len(batch) for batch in found.batches] == [4, 4, 2]
    assert len(found.main) == len(found.batches) + 1
    at_work, most = set(), 0
    for event in found.events:
        if event["event"] in ("claimed", "closed"):
            (at_work.add if event["event"] == "claimed" else at_work.remove)(event["task"])
        most = max(most, len(at_work))
    assert (most, at_work) == (4, set())
    assert set(found.outcomes.values()) == {"success"}


def test_a_late_agent_is_told_to_write_and_succeeds(stage, dispatch):
    stage.write("tasks.yaml", SLOW)
    model = Faulty(faults={"slow": dawdles(1.5)})
    found = stage.converse(model, f"/parallel-dispatch tasks.yaml --dispatch {dispatch}")
    (error,) = found.tool_errors
    assert f"Time is up. Write what you have to {stage.project}/out/slow.md now" in error
    assert found.outcomes == {"slow": "success"}
    assert read_text(os.path.join(stage.project, "out", "slow.md")) == "late, but there"


def test_two_runs_in_one_conversation(stage):
    stage.write("one.yaml", SLOW)
    stage.write("two.yaml", THREE)
    first = stage.converse(Copyist(), "/parallel-dispatch one.yaml")
    second = stage.converse(Copyist(), "/parallel-dispatch two.yaml", resume=first.session)
    assert [run.ledger.read()[0]["session"] for run in second.runs] == [first.session] * 2
    assert [os.path.exists(run.folder.report) for run in second.runs] == [True, True]
    assert len(second.main) == 3
    assert "1 of 1 tasks succeeded" in said(second.main[0])
    assert "3 of 3 tasks succeeded" in said(second.main[-1])


def test_a_run_that_a_crash_cut_off_ends_in_a_report_before_the_next_one(stage):
    stage.write("one.yaml", THREE)
    stage.write("two.yaml", SLOW)
    session = stage.interrupt(Copyist(60), "/parallel-dispatch one.yaml", agents=2)
    found = stage.converse(Copyist(), "/parallel-dispatch two.yaml", resume=session)
    first, second = found.runs
    assert {outcome for outcome, _ in first.state().outcomes().values()} <= {"cancelled", "skipped"}
    assert "## What is missing" in read_text(first.folder.report)
    assert first.plan.shown(first.folder.report) in said(found.main[0])
    assert "- **Succeeded**: 1" in read_text(second.folder.report)


def test_what_agents_hand_back_in_auto_mode_stays_out_of_the_main_conversation(tmp_path, dispatch):
    stage = Stage("2.1.329", tmp_path)  # the older host has no such tool
    stage.write("tasks.yaml", THREE)
    found = stage.converse(HandsBack(), f"/parallel-dispatch tasks.yaml --dispatch {dispatch}", mode="auto")
    assert set(found.outcomes.values()) == {"success"}
    assert dispatch == "foreground" or len(found.main) == 3
    assert LAST_WORDS[:40] in read_text(found.run.folder.answer("left", 1))
    assert "user-spoke" not in [event["event"] for event in found.events]
    assert LAST_WORDS[:40] not in said(found.main[-1])


def test_spaces_and_other_alphabets_in_paths(version, tmp_path):
    stage = Stage(version, tmp_path / "mit Leerzeichen", name="Проект 計画 'ü'")
    stage.write("aufgaben für heute/déjà vu.yaml", THREE.replace("output_dir: out", 'output_dir: "résultats d\'été"'))
    found = stage.converse(Copyist(), '/parallel-dispatch "aufgaben für heute/déjà vu.yaml"')
    assert set(found.outcomes.values()) == {"success"}
    assert sorted(os.listdir(os.path.join(stage.project, "résultats d'été"))) == ["both.md", "left.md", "right.md"]
    assert os.path.basename(found.run.folder.path).startswith("déjà_vu-")
    assert (found.denials, found.tool_errors) == ([], [])


# What starts nothing


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("bad.yaml", PROBLEMS),
        ("missing.yaml", ("missing.yaml:1:1:", "no such file")),
        ("tasks.yaml --max-paralel 3", ("usage: /parallel-dispatch", "--max-paralel")),
        ("tasks.yaml --dry-run", ("3 tasks in 2 waves", "out/both.md")),
    ],
)
def test_a_typed_command_that_starts_nothing_asks_no_model(stage, arguments, expected):
    stage.write("bad.yaml", BAD)
    stage.write("tasks.yaml", THREE)
    before = listing(stage.project)
    found = stage.converse(Copyist(), f"/parallel-dispatch {arguments}")
    assert found.log == []
    assert [text for text in expected if text not in found.result] == []
    assert listing(stage.project) == before


def test_a_model_that_calls_the_command_with_a_bad_file_gets_the_problems(stage):
    stage.write("bad.yaml", BAD)
    before = listing(stage.project)
    found = stage.converse(Calling(arguments="bad.yaml"), "Do what bad.yaml says.")
    assert (len(found.main), found.agents) == (2, {})
    assert [text for text in PROBLEMS if text not in said(found.main[1])] == []
    assert listing(stage.project) == before


def test_a_model_that_calls_the_command_starts_nothing_unasked(stage):
    stage.write("tasks.yaml", THREE)
    before = listing(stage.project)
    found = stage.converse(Calling(arguments="tasks.yaml"), "Do what tasks.yaml says.")
    assert (len(found.main), found.agents) == (2, {})
    assert "3 tasks in 2 waves" in said(found.main[1])
    assert listing(stage.project) == before


# Agents that fail


@pytest.fixture(scope="module")
def broken(version, dispatch, tmp_path_factory):
    """A run in which five of six agents fail, each in its own way, under `on_failure: continue`."""
    stage = Stage(version, tmp_path_factory.mktemp("broken"))
    stage.write("tasks.yaml", FAULTS)
    stage.write("out/old.md", "from yesterday")
    faults = {"dies": dies, "lies": lies, "old": lies, "empty": writes_nothing, "shell": uses_shell}
    return stage.converse(Faulty(faults=faults), f"/parallel-dispatch tasks.yaml --dispatch {dispatch}")


@pytest.mark.parametrize(
    ("task", "reasons"),
    [
        ("dies", ("out/dies.md does not exist", AGENT_ERROR)),
        ("lies", ("out/lies.md does not exist", "last words: Done, everything is in")),
        ("old", ("out/old.md does not exist", "last words: Done, everything is in")),
        ("empty", ("out/empty.md is empty",)),
        ("shell", ("out/shell.md does not exist", "its last tool error: ")),
    ],
)
def test_a_failed_agent_is_in_the_report_with_its_reason(broken, task, reasons):
    (line,) = [line for line in broken.report.splitlines() if line.startswith(f"- **{task}** failed: ")]
    assert [reason for reason in reasons if reason not in line] == []


def test_a_run_goes_on_without_those_that_failed(broken):
    assert broken.outcomes == {
        **dict.fromkeys(("dies", "lies", "old", "empty", "shell"), "failed"),
        **dict.fromkeys(("fine", "after-fine"), "success"),
        **dict.fromkeys(("after-lies", "after-that"), "skipped"),
    }
    assert "- **after-that** skipped: needs after-lies, which was skipped" in broken.report
    assert broken.batches[1:] == [["after-fine"]]
    assert os.path.getsize(os.path.join(broken.project, "out", "fine.md"))
    assert not os.path.exists(os.path.join(project_folder(broken.project), "active"))


def test_an_old_output_is_kept_aside_and_does_not_count(broken):
    assert not os.path.exists(os.path.join(broken.project, "out", "old.md"))
    assert read_text(broken.run.folder.before("old", 1)) == "from yesterday"


def test_an_agent_without_its_output_is_sent_back_twice(broken):
    (requests,) = [
        requests for requests in broken.agents.values() if f"pd:{broken.run.plan.run}/lies" in said(requests[0])
    ]
    assert len(requests) == 3
    reason = "You are not done: its output out/lies.md does not exist."
    assert [reason in said(request) for request in requests] == [False, True, True]


def test_stop_dispatches_nothing_further(stage):
    stage.write("tasks.yaml", STOP)
    found = stage.converse(Faulty(faults={"bad": lies}), "/parallel-dispatch tasks.yaml --dispatch foreground")
    assert found.outcomes == {"bad": "failed", "good": "success", "later": "cancelled", "after-bad": "skipped"}
    assert (len(found.main), sorted(found.first_requests)) == (2, ["bad", "good"])
    assert os.path.getsize(os.path.join(stage.project, "out", "good.md"))
    assert "- **later** cancelled: stopped, because bad failed" in found.report


def test_retry_tries_again_after_a_pause_with_the_reason(stage):
    stage.write("tasks.yaml", RETRY)
    model = Faulty(faults={"heals": once(dies), "never": lies})
    found = stage.converse(model, "/parallel-dispatch tasks.yaml --dispatch foreground")
    assert found.outcomes == {
        "heals": "success",
        "never": "failed",
        "fine": "success",
        "after-heals": "success",
        "after-never": "skipped",
    }
    attempts = found.run.state().attempts
    assert [len(attempts[task]) for task in ("heals", "never", "fine")] == [2, 2, 1]
    assert attempts["heals"][1].started - attempts["heals"][0].ended >= 1
    first, second = found.first_requests["heals"]
    assert AGENT_ERROR not in first
    assert f"pd:{found.run.plan.run}/heals#2\n" in second
    assert f"## The try before this one failed\n{attempts['heals'][0].reason}" in second
    assert AGENT_ERROR in second
    assert "- **never** failed after 2 attempts: its output out/never.md does not exist" in found.report


def test_a_host_that_refuses_agents_ends_the_run(stage):
    stage.write("tasks.yaml", THREE)
    found = stage.converse(Copyist(), "/parallel-dispatch tasks.yaml", "--disallowedTools", "Agent")
    assert found.outcomes == {"left": "failed", "right": "failed", "both": "skipped"}
    assert len(found.main) == 2
    assert found.report.partition("## What is missing")[2].count("the host did not run it") == 2


# Models that do not copy


@pytest.fixture(scope="module")
def unruly(version, dispatch, tmp_path_factory):
    """A run whose first block comes back altered, doubled, with strangers, and with an agent that spawns."""
    stage = Stage(version, tmp_path_factory.mktemp("unruly"))
    stage.write("tasks.yaml", UNRULY)
    return stage.converse(Unruly(faults={"spawner": spawns}), f"/parallel-dispatch tasks.yaml --dispatch {dispatch}")


def test_an_altered_prompt_still_becomes_the_brief(unruly):
    (told,) = unruly.first_requests["altered"]
    assert read_text(unruly.run.folder.brief("altered", 1)).strip() in told
    assert "/nowhere/brief.md" not in told


def test_what_was_not_handed_out_is_denied_with_the_reason(unruly):
    assert len(unruly.tool_errors) == 3
    for reason in (
        'parallel-dispatch: "twice" is already running; nothing to do',
        f"parallel-dispatch: 0000 is not the run of this conversation, which is {unruly.run.plan.run}.",
        "parallel-dispatch: An agent of a parallel-dispatch run starts no agents of its own",
    ):
        assert sum(reason in error for error in unruly.tool_errors) == 1
    assert len(unruly.first_requests["twice"]) == 1
    assert len(unruly.agents) == 5


def test_an_agent_of_the_users_own_is_left_alone(unruly):
    (told,) = unruly.first_requests[""]
    assert OWN_CALL["prompt"] in told
    assert OWN_WORDS.strip() in said(unruly.main[-1])


def test_an_unruly_model_costs_the_run_nothing(unruly, dispatch):
    assert set(unruly.outcomes.values()) == {"success"}
    assert unruly.batches[1:] == [["last"]]
    more = dispatch == "background"  # it may answer the end of its own agent before ours have ended
    assert 3 <= len(unruly.main) <= 3 + more


def test_a_model_that_copies_one_call_at_a_time_is_offered_the_rest(stage, dispatch):
    stage.write("tasks.yaml", THREE)
    found = stage.converse(OneByOne(), f"/parallel-dispatch tasks.yaml --dispatch {dispatch}")
    assert found.batches == [["left"], ["right"], ["both"]]
    assert len(found.main) == 4
    assert set(found.outcomes.values()) == {"success"}


def test_a_model_that_copies_nothing_is_sent_back_three_times(stage):
    stage.write("tasks.yaml", THREE)
    found = stage.converse(Idle(), "/parallel-dispatch tasks.yaml")
    assert (found.code, len(found.main), found.agents) == (0, 4, {})
    assert [event["event"] for event in found.events] == ["reminded"] * 3
    assert not os.path.exists(os.path.join(project_folder(stage.project), "active"))
    if stage.version != "2.1.197":  # which prints no hook's word to the user in `-p`
        assert any("is left with 3 tasks to do" in str(event.get("content")) for event in found.printed)


def test_a_run_without_hooks_is_driven_by_the_command_line(stage):
    stage.settle(disableAllHooks=True)
    stage.write("tasks.yaml", THREE)
    allowed = "Bash(parallel-dispatch:*),Read,Write"
    found = stage.converse(WithoutHooks(file="tasks.yaml"), "/parallel-dispatch tasks.yaml", "--allowedTools", allowed)
    assert found.batches == [["left", "right"], ["both"]]
    assert all("Read and follow" in told for task in ("left", "right", "both") for told in found.first_requests[task])
    assert set(found.outcomes.values()) == {"success"}
    assert "- **Total Time**: not measured" in found.report


# Rehearsals


def test_a_rehearsal_shows_its_progress_and_changes_only_its_run(stage):
    path = stage.write("sub/tasks.yaml", example("architecture-review.yaml"))
    stage.write(".aiwg/working/reviews/final-review.md", "from last week")
    before = listing(str(stage.folder))
    done = rehearse(stage.version, stage.project, stage.home, path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    run = lines[0].removeprefix("Run: ")
    assert lines[-1] == f"Report: {run}/report.md"
    for task in (*REVIEWS, "synthesis"):
        assert lines.count(f"  {task}: dispatched") == lines.count(f"  {task}: success") == 1
    own = (f"{stage.project}/.parallel-dispatch/", f"{stage.project}/.parallel-dispatch/.gitignore")
    after = {path: text for path, text in listing(str(stage.folder)).items() if path not in own}
    runs = os.path.dirname(run) + "/"
    assert {path: text for path, text in after.items() if not path.startswith(runs)} == before
    assert all(path.startswith(run + "/") for path in after if path.startswith(runs) and path != runs)
    outputs = [text for path, text in after.items() if path.startswith(f"{run}/outputs/") and not path.endswith("/")]
    assert len(outputs) == 4
    assert all(b"was written by a rehearsal" in text for text in outputs)
    assert "This was a rehearsal" in read_text(f"{run}/report.md")


def test_a_rehearsal_at_a_speed_takes_each_task_its_own_time(stage):
    short = "  - {id: short, prompt: x, estimated_duration: 30s}\n"
    long = "  - {id: long, prompt: x, estimated_duration: 5m}\n"
    path = stage.write("tasks.yaml", f"name: n\ntasks:\n{short}{long}")
    done = rehearse(stage.version, stage.project, stage.home, path, "--speed", "200")
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = stage.runs
    taken = {task: attempts[0].seconds for task, attempts in run.state().attempts.items()}
    assert 0.15 <= taken["short"] < 1.3 < taken["long"] - 0.19
    assert done.stdout.index("short: success") < done.stdout.index("long: success")


def test_a_rehearsal_obeys_the_users_rules_and_starts_none_of_their_hooks(stage):
    path = stage.write("tasks.yaml", THREE)
    trace = os.path.join(str(stage.folder), "a hook ran")
    hook = {"type": "command", "command": f"touch '{trace}'"}
    for folder in (stage.home, stage.project):
        os.makedirs(os.path.join(folder, ".claude"), exist_ok=True)
        with open(os.path.join(folder, ".claude", "settings.json"), "w", encoding="utf-8") as file:
            hooks = {"SessionStart": [{"hooks": [hook]}], "PreToolUse": [{"matcher": "*", "hooks": [hook]}]}
            json.dump({"permissions": {"deny": ["Write"]} if folder == stage.home else {}, "hooks": hooks}, file)
    done = rehearse(stage.version, stage.project, stage.home, path)
    assert done.returncode == 1, done.stdout + done.stderr
    report = read_text(done.stdout.splitlines()[-1].removeprefix("Report: "))
    assert "**left** failed" in report
    assert "Write" in report.partition("What is missing")[2]
    assert not os.path.exists(trace)


# The plugin as the host sees it


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy of this repository, as a marketplace would have it."""
    target = tmp_path_factory.mktemp("marketplace") / "parallel-dispatch"
    ignore = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", ".parallel-dispatch", ".aiwg")
    shutil.copytree(ROOT, target, symlinks=True, ignore=ignore)
    return str(target)


def test_the_host_is_the_pinned_one(stage):
    assert stage.manage("--version").split()[0] == stage.version


def test_the_host_finds_nothing_wrong_with_the_plugin(stage, repository):
    assert "Validation passed" in stage.manage("plugin", "validate", "--strict", repository)
