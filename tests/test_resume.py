"""Runs taken up again, cancelled, listed, cleaned away, and kept out of each other's way."""

import hashlib
import json
import os
import shutil
import subprocess
import time

import pytest
from builders import (
    ROOT,
    SESSION,
    TASK_FILE,
    VERSIONS,
    claimed,
    closed,
    event,
    launched,
    make_run,
    plan_of,
    read,
    write,
)
from hooking import Conversation, eventually, heard, rows
from parallel_dispatch import run as running
from parallel_dispatch import runs, telling
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.ledger import Ledger
from parallel_dispatch.owners import activate, conversation, find
from parallel_dispatch.permissions import allows_skill
from parallel_dispatch.places import runs_folder
from parallel_dispatch.refusal import Refusal

CHAIN = {"a": (), "b": ("a",), "c": ("b",), "other": ()}
OTHER = "5e551011-0000-4000-8000-000000000002"
GONE = 2**22 + 1
"""A process that cannot be: above the largest number that a kernel gives."""


@pytest.fixture
def newest(project, tmp_path, cache):
    found = Conversation(VERSIONS[-1], project, str(tmp_path), cache)
    yield found
    found.leaves()


@pytest.fixture(autouse=True)
def host(monkeypatch):
    """The process that the runs of these tests are tied to: this one."""
    monkeypatch.setenv(running.HOST, str(os.getpid()))
    return os.getpid()


def done(project, *tasks, text="A finding.\n", outputs=None):
    """The events of finished tasks, their outputs written."""
    found = []
    for task in tasks:
        write(os.path.join(project, "out", (outputs or {}).get(task, f"{task}.md")), text)
        found += [claimed(task), closed(task, sha256=hashlib.sha256(text.encode()).hexdigest())]
    return found


def left(project, *events, tasks=CHAIN, session=SESSION, host=GONE, name="tasks-20260102-030405-k3f2", **limits):
    """A run whose conversation ended under it."""
    folder = make_run(plan_of(tasks, project, **limits), events, name)
    activate(project, session, folder, host)
    return ActiveRun(folder.path)


def offered(text):
    return [row["description"] for row in rows(text)]


def out(project, task):
    return os.path.join(project, "out", f"{task}.md")


# --- resume -------------------------------------------------------------------------------------------------------


def test_a_resumed_run_goes_on_where_it_was_and_is_driven_by_the_conversation_that_resumed_it(project):
    left(project, *done(project, "a"), claimed("b"))
    found, text = running.resume(project, None, OTHER)
    assert text.startswith("Run k3f2 (a-run) goes on: 1 of 4 tasks are done and stay.\n")
    assert offered(text) == ["b", "other"]
    assert [row["prompt"].partition(" ")[0] for row in rows(text)] == ["pd:k3f2/b#2", "pd:k3f2/other"]
    assert found.state().attempts["b"][0].outcome == "interrupted"
    assert find(project, OTHER).plan.run == "k3f2"
    assert conversation(project, OTHER).host == os.getpid()
    assert read(found.folder.owner) == OTHER + "\n"


def test_the_brief_of_a_task_that_was_cut_off_is_there_for_its_next_attempt(project):
    left(project, *done(project, "a"), claimed("b"))
    found, _ = running.resume(project, None, OTHER)
    assert read(found.folder.brief("b", 2)).startswith("pd:k3f2/b#2\n")
    assert out(project, "a") in read(found.folder.brief("b", 2))


def test_an_agent_that_had_said_its_last_word_when_its_host_went_is_judged_by_its_output(project):
    last = {"type": "assistant", "message": {"role": "assistant", "stop_reason": "end_turn", "content": []}}
    transcripts = {task: write(os.path.join(project, f"{task}.jsonl"), json.dumps(last) + "\n") for task in "ab"}
    events = [claimed(t) for t in "ab"]
    events += [event("bound", task=t, attempt=1, agent_id=f"agent-of-{t}", transcript=transcripts[t]) for t in "ab"]
    left(project, *events, tasks={"a": (), "b": (), "c": ("a",)})
    write(out(project, "a"), "A finding.\n")
    found, text = running.resume(project, None, SESSION)
    assert found.state().attempts["a"][0].outcome == "success"
    assert found.state().attempts["b"][0].outcome == "interrupted"
    assert offered(text) == ["b", "c"]


def test_half_an_output_of_an_agent_that_was_cut_off_does_not_count(project):
    left(project, claimed("a"), tasks={"a": ()})
    write(out(project, "a"), "half a find")
    found, text = running.resume(project, None, SESSION)
    assert offered(text) == ["a"]
    assert found.state().attempts["a"][0].outcome == "interrupted"
    assert found.state().attempts["a"][0].reason.startswith("it hung in the foreground, where nothing ends an agent")


@pytest.mark.parametrize("end", [[event("finished")], [event("cancelled")], [event("paused", reason="a limit")], []])
def test_a_run_is_resumed_however_it_was_left(project, end):
    left(project, *done(project, "a"), claimed("b"), closed("b", "failed"), *end)
    _, text = running.resume(project, None, SESSION)
    assert offered(text) == ["b", "other"]


def test_a_finished_task_whose_output_is_gone_is_done_again_and_all_that_was_built_on_it(project):
    left(project, *done(project, "a", "b", "c"), event("cancelled"))
    os.unlink(out(project, "b"))
    found, text = running.resume(project, None, SESSION)
    assert "goes on: 1 of 4 tasks are done and stay." in text
    assert "Run again: b (its output is gone), c (b runs again)." in text
    assert offered(text) == ["b", "other"]
    assert read(out(project, "c")) == "A finding.\n"
    assert found.state().outcomes()["c"] == ("", "")


def test_a_finished_task_whose_output_somebody_edited_stays_and_what_was_built_on_it_is_done_again(project):
    built_on = hashlib.sha256(hashlib.sha256(b"A finding.\n").hexdigest().encode()).hexdigest()
    b = {**done(project, "b")[1], "inputs": built_on}
    events = [*done(project, "a"), claimed("b"), b, event("cancelled")]
    left(project, *events, tasks={"a": (), "b": ("a",), "c": ("b",), "d": ()})
    write(out(project, "a"), "A better finding.\n")
    found, text = running.resume(project, None, SESSION)
    assert "Run again: b (the output of a changed)." in text
    assert offered(text) == ["b", "d"]
    assert found.state().outcomes()["a"][0] == "success"
    assert read(out(project, "a")) == "A better finding.\n"


def test_an_edited_output_that_nothing_was_built_on_changes_nothing(project):
    left(project, *done(project, "a"), event("cancelled"))
    write(out(project, "a"), "A better finding.\n")
    _, text = running.resume(project, None, SESSION)
    assert "Run again" not in text
    assert offered(text) == ["b", "other"]


def test_an_output_directory_that_was_emptied_is_done_again(project):
    tasks, outputs = {"docs": (), "b": ("docs",)}, {"docs": "docs/"}
    left(project, claimed("docs"), closed("docs"), event("cancelled"), tasks=tasks, outputs=outputs)
    os.makedirs(os.path.join(project, "out", "docs"))
    _, text = running.resume(project, None, SESSION)
    assert offered(text) == ["docs"]


def test_a_complete_run_is_not_resumed_and_its_report_is_there(project):
    run = left(project, *done(project, "a"), tasks={"a": ()})
    with pytest.raises(
        Refusal, match=r"every task of run k3f2 is done; its report: \.parallel-dispatch/runs/.*report.md"
    ):
        running.resume(project, "k3f2", SESSION)
    assert os.path.exists(run.folder.report)
    assert run.state().ended == "finished"


def test_where_nothing_is_left_to_do_the_refusal_says_so(project):
    with pytest.raises(Refusal, match="has no run with anything left to do"):
        running.resume(project, None, SESSION)
    left(project, *done(project, "a"), event("finished"), tasks={"a": ()})
    with pytest.raises(Refusal, match="has no run with anything left to do"):
        running.resume(project, None, OTHER)


def test_without_a_name_the_newest_run_with_anything_left_is_resumed(project):
    for number, events in enumerate([[], [], [*done(project, "a"), event("finished")]]):
        run = left(project, *events, tasks={"a": ()}, name=f"tasks-20260102-03040{number}-aaa{number}")
        os.utime(run.folder.plan, (number, number))
        shutil.rmtree(os.path.join(project, ".parallel-dispatch", "active"))
    found, _ = running.resume(project, None, SESSION)
    assert found.folder.name.endswith("aaa1")


def test_a_run_of_a_newer_version_is_refused_and_left_as_it_is(project):
    run = left(project)
    text = read(run.folder.ledger).replace('"version": 1', '"version": 2')
    write(run.folder.ledger, text)
    with pytest.raises(Refusal, match="has version 2, this program knows 1; update parallel-dispatch"):
        running.resume(project, "k3f2", SESSION)
    assert read(run.folder.ledger) == text


@pytest.mark.parametrize("damage", ["", "{", '{"tasks": 3}', '{"tasks": [{"nothing": 1}]}', '{"tasks": []}', "[]"])
def test_a_run_whose_plan_is_damaged_is_refused_by_name_and_passed_over_without(project, damage):
    good = left(project, name="tasks-20260102-030405-good")
    bad = left(project, name="tasks-20260102-030406-evil")
    write(bad.folder.plan, damage)
    os.utime(good.folder.plan, (1, 1))
    shutil.rmtree(os.path.join(project, ".parallel-dispatch", "active"))
    with pytest.raises(Refusal, match=r"plan\.json of this run is"):
        running.resume(project, "evil", SESSION)
    found, _ = running.resume(project, None, SESSION)
    assert found.folder.name == good.folder.name


def test_a_torn_last_event_does_not_keep_a_run_from_going_on(project):
    run = left(project, *done(project, "a"))
    with open(run.folder.ledger, "a", encoding="utf-8") as file:
        file.write('{"time": 12.5, "event": "clai')
    _, text = running.resume(project, None, SESSION)
    assert offered(text) == ["b", "other"]


def test_a_run_that_another_live_conversation_drives_is_taken_over_only_by_its_name(project, host):
    run = left(project, host=host)
    with pytest.raises(Refusal, match="has no run with anything left to do"):
        running.resume(project, None, OTHER)
    assert read(run.folder.owner) == SESSION + "\n"
    running.resume(project, "k3f2", OTHER)
    assert read(run.folder.owner) == OTHER + "\n"


def test_a_conversation_with_agents_at_work_takes_up_nothing(project, host):
    run = left(project, claimed("a"), launched("a"), host=host)
    with pytest.raises(Refusal, match="under way, with agents at work: a"):
        running.resume(project, None, SESSION)
    assert list(run.state().open) == ["a"]


def test_a_conversation_that_drives_a_run_resumes_no_other_before_that_has_ended(project, host):
    left(project, session=OTHER, name="tasks-20260102-030405-aaaa")
    own = left(project, host=host, name="tasks-20260102-030406-bbbb")
    with pytest.raises(Refusal, match=r"this conversation drives run k3f2; end it with `/parallel-dispatch stop`"):
        running.resume(project, "aaaa", SESSION)
    own.ledger.append("cancelled")
    found, _ = running.resume(project, "aaaa", SESSION)
    assert found.folder.name.endswith("aaaa")


def test_runs_with_hooks_and_without_are_resumed_each_in_its_own_way(project):
    left(project, driver="cli", name="tasks-20260102-030405-cccc")
    with pytest.raises(Refusal, match=r"driven without hooks; go on with `parallel-dispatch resume k3f2`"):
        running.resume(project, "cccc", SESSION)
    left(project, name="tasks-20260102-030405-hhhh")
    with pytest.raises(Refusal, match=r"driven by hooks; go on with `/parallel-dispatch resume k3f2` in Claude Code"):
        running.resume(project, "hhhh", "")


def test_a_run_that_is_resumed_again_and_again_comes_to_its_end(project):
    run = left(project, tasks={"a": (), "b": ("a",)})
    for task in "ab":
        _, text = running.resume(project, None, SESSION)
        assert offered(text) == [task]
        number = int(rows(text)[0]["prompt"].partition(" ")[0].partition("#")[2] or 1)
        run.ledger.append("claimed", task=task, call=f"call-{task}")
        write(out(project, task), "x")
        digest = hashlib.sha256(b"x").hexdigest()
        run.ledger.append("closed", task=task, attempt=number, outcome="success", sha256=digest)
        run.ledger.append("interrupted")
    assert set(run.state().outcomes().values()) == {("success", "")}


# --- cancel -------------------------------------------------------------------------------------------------------


def test_a_cancelled_run_keeps_what_is_there_writes_its_report_and_asks_to_stop_what_works(project):
    run = left(project, claimed("a"), launched("a"), claimed("other"), launched("other"))
    write(out(project, "a"), "A finding.\n")
    running.cancel(run)
    outcomes = run.state().outcomes()
    assert outcomes["a"] == ("success", "")
    assert outcomes["other"] == ("cancelled", "cancelled by the user")
    assert outcomes["c"] == ("cancelled", "the run was cancelled")
    assert [attempt.task for attempt in run.state().lingering] == ["a", "other"]
    assert "1 of 4" in read(run.folder.report) or "**Succeeded**: 1" in read(run.folder.report)


def test_an_agent_of_a_cancelled_run_ends_at_its_next_tool_call(newest):
    run = newest.begin(background=True)
    newest.launches("a")
    assert newest.asks_to_write(newest.output("a")) == "allow"
    running.cancel(run)
    payload = newest.payload("PreToolUse-Write", AGENT="agent-of-a", FILE=newest.output("a"), CALL="toolu_w")
    assert newest.fire(payload)["continue"] is False


def test_a_run_cancelled_in_a_terminal_wakes_its_conversation_which_stops_its_agents(newest):
    run = newest.begin(background=True)
    watchers = newest.launches("a", "b")
    running.cancel_from_outside(run)
    eventually(lambda: not all(watcher.is_there for watcher in watchers))
    assert (2, "run k3f2 goes on.") in [watcher.end() for watcher in watchers if not watcher.is_there]
    told = heard(newest.wakes())
    assert '{"task_id": "agent-of-a"},\n{"task_id": "agent-of-b"}' in told


def test_a_cancelled_run_can_be_resumed(project):
    run = left(project, claimed("a"), tasks={"a": (), "b": ("a",)})
    running.cancel(run)
    _, text = running.resume(project, None, SESSION)
    assert offered(text) == ["a"]
    assert run.state().ended == ""


# --- runs that would meet -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("a.md", "a.md"),
        ("docs/", "docs/a.md"),
        ("docs/a.md", "docs/"),
        ("docs/", "docs/"),
        ("docs/", "docs/deep/"),
        ("A.md", "a.md"),
        ("Docs/", "docs/a.md"),
        ("straße.md", "STRASSE.md"),
        ("deep/../a.md", "a.md"),
    ],
)
def test_outputs_that_would_meet_are_found(project, host, theirs, ours):
    left(project, tasks={"a": ()}, outputs={"a": theirs}, host=host)
    found = runs.overlapping(project, [os.path.join(project, "out", ours)], OTHER)
    assert found == ("k3f2", os.path.join(project, "out", theirs), os.path.join(project, "out", ours))


@pytest.mark.parametrize(("theirs", "ours"), [("a.md", "b.md"), ("docs/", "docs.md"), ("docs/", "docs2/a.md")])
def test_outputs_that_lie_beside_each_other_do_not_meet(project, host, theirs, ours):
    left(project, tasks={"a": ()}, outputs={"a": theirs}, host=host)
    assert runs.overlapping(project, [os.path.join(project, "out", ours)], OTHER) is None


def test_an_output_that_is_reached_through_a_link_is_the_same(project, host):
    left(project, tasks={"a": ()}, host=host)
    os.makedirs(os.path.join(project, "out"))
    os.symlink(os.path.join(project, "out"), os.path.join(project, "link"))
    assert runs.overlapping(project, [os.path.join(project, "link", "a.md")], OTHER)


def test_the_own_run_an_ended_one_and_one_whose_host_is_gone_stand_in_nobodys_way(project, host):
    mine = [out(project, "a")]
    run = left(project, tasks={"a": ()}, host=host)
    assert runs.overlapping(project, mine, OTHER)
    assert runs.overlapping(project, mine, SESSION) is None
    activate(project, SESSION, run.folder, GONE)
    assert runs.overlapping(project, mine, OTHER) is None
    activate(project, SESSION, run.folder, host)
    run.ledger.append("finished")
    assert runs.overlapping(project, mine, OTHER) is None


def test_a_run_that_cannot_be_read_stands_in_nobodys_way(project, host):
    run = left(project, host=host)
    write(run.folder.plan, "{")
    assert runs.overlapping(project, [out(project, "a")], OTHER) is None


def test_a_run_that_would_write_over_another_one_is_not_started_and_leaves_nothing(newest):
    newest.begin(tasks={"a": ()})
    write(os.path.join(newest.project, "t.yaml"), TASK_FILE)
    before = newest.files()
    newest.env["CLAUDE_CODE_SESSION_ID"] = OTHER
    answer = newest.fire(newest.payload("UserPromptExpansion") | {"command_args": "t.yaml", "session_id": OTHER})
    assert answer["decision"] == "block"
    assert "run k3f2 is under way in another conversation and writes out/a.md" in answer["reason"]
    assert newest.files() == before
    more = {"command_args": "t.yaml --output elsewhere", "session_id": OTHER}
    assert offered(heard(newest.fire(newest.payload("UserPromptExpansion") | more))) == ["a", "b", "c"]


# --- the list of runs ---------------------------------------------------------------------------------------------


def test_the_runs_of_a_project_are_listed_with_how_each_stands(project, host):
    cases = {
        "live": ([], host),
        "gone": ([], GONE),
        "ends": ([event("finished")], GONE),
        "stop": ([event("cancelled")], GONE),
        "wait": ([event("paused", reason="a limit")], GONE),
    }
    for number, (name, (events, process)) in enumerate(cases.items()):
        left(project, *events, session=name, host=process, name=f"tasks-20260102-03040{number}-{name}")
    make_run(plan_of(CHAIN, project, driver="cli"), name="tasks-20260102-030409-word")
    bad = make_run(plan_of(CHAIN, project), name="tasks-20260102-030410-evil")
    write(bad.plan, "{")
    lines = {line.rpartition("-")[2][:4]: line for line in runs.table(project).splitlines() if "damaged" not in line}
    assert {name: line.split("  ")[1].strip() for name, line in lines.items()} == {
        "live": "under way",
        "gone": "left",
        "ends": "finished",
        "stop": "cancelled",
        "wait": "paused",
        "word": "under way",
    }
    assert "damaged    tasks-20260102-030410-evil: plan.json of this run is damaged" in runs.table(project)
    assert all("0 of 4 done" in line for name, line in lines.items() if name != "stop")


def test_a_project_without_runs_says_so(project):
    assert runs.table(project) == f"{project} has no runs."


def test_old_runs_are_cleaned_away_and_young_and_driven_ones_and_outputs_stay(project, host):
    for name, age, process in [("aged", 40, GONE), ("youn", 20, GONE), ("busy", 40, host)]:
        run = left(project, *done(project, "a"), session=name, host=process, name=f"tasks-20260102-030405-{name}")
        then = time.time() - age * 86_400
        os.utime(run.folder.ledger, (then, then))
    removed, kept = runs.clean(project, 30)
    assert removed == ["tasks-20260102-030405-aged"]
    assert kept == ["tasks-20260102-030405-busy: a conversation drives it"]
    assert sorted(os.listdir(runs_folder(project))) == ["tasks-20260102-030405-busy", "tasks-20260102-030405-youn"]
    assert read(out(project, "a")) == "A finding.\n"
    assert runs.clean(project, 30)[0] == []


def test_a_conversation_whose_run_was_cleaned_away_drives_none(project):
    run = left(project)
    os.utime(run.folder.ledger, (0, 0))
    assert runs.clean(project, 0)[0] == [run.folder.name]
    assert find(project, SESSION) is None


# --- in a terminal ------------------------------------------------------------------------------------------------


@pytest.fixture
def shell(project, tmp_path, cache):
    """A person's shell in the project: exit code, output and complaints of a command."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "PARALLEL_DISPATCH_CACHE": cache}
    os.makedirs(env["HOME"])

    def run(*words):
        done = subprocess.run(
            [os.path.join(ROOT, "bin", "parallel-dispatch"), *words],
            cwd=project,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_run_without_hooks_is_cancelled_listed_and_resumed_in_a_terminal(project, shell):
    write(os.path.join(project, "t.yaml"), TASK_FILE)
    first = shell("start", "t.yaml")[1]
    name = rows(first)[0]["prompt"].partition("/")[0].removeprefix("pd:")
    write(out(project, "a"), "A finding.\n")
    code, said, _ = shell("cancel", name)
    assert (code, said.startswith(f"Run {name} is cancelled. Report: ")) == (0, True)
    code, _, complaint = shell("cancel", name)
    assert (code, complaint) == (3, f"parallel-dispatch: run {name} has ended already\n")
    assert f"{name}  cancelled  1 of 4 done, 3 lost." in shell("runs")[1]
    code, said, _ = shell("resume")
    assert code == 0
    assert offered(said) == ["b", "c"]
    assert f"run `parallel-dispatch next {name}`" in said
    for task in "bc":
        write(out(project, task), "A finding.\n")
    assert offered(shell("next")[1]) == ["d"]
    write(out(project, "d"), "A finding.\n")
    assert "has ended. 4 of 4 tasks succeeded." in shell("next")[1]
    code, _, complaint = shell("resume")
    assert code == 3
    assert "has no run with anything left to do" in complaint


def test_cancel_wants_to_know_which_run(shell):
    assert shell("cancel")[0] == 2
    assert shell("cancel", "zzzz")[0] == 3


@pytest.mark.parametrize("days", ["-1", "x", "nan"])
def test_clean_takes_a_number_of_days(shell, days):
    assert shell("clean", "--older-than", days)[0] == 2


def test_clean_says_what_it_did(project, shell, host):
    run = left(project, host=host)
    os.utime(run.folder.ledger, (0, 0))
    make_run(plan_of(CHAIN, project), name="tasks-20260102-030405-aged")
    os.utime(os.path.join(runs_folder(project), "tasks-20260102-030405-aged", "ledger.jsonl"), (0, 0))
    kept = f"kept {run.folder.name}: a conversation drives it"
    assert shell("clean")[:2] == (0, f"removed tasks-20260102-030405-aged\n{kept}\n1 run removed.\n")


# --- typed and called ---------------------------------------------------------------------------------------------


def types(found, arguments, **more):
    return found.fire(found.payload("UserPromptExpansion") | {"command_args": arguments, **more})


def calls_skill(found, when, arguments, **more):
    payload = found.payload(f"{when}ToolUse-Skill", CALL="toolu_s") | more
    payload["tool_input"] = {"skill": "parallel-dispatch:parallel-dispatch", "args": arguments}
    return found.fire(payload)


def test_resume_typed_goes_on_with_the_run_in_this_conversation(newest):
    left(newest.project, *done(newest.project, "a"), claimed("b"))
    answer = types(newest, "resume")
    assert offered(heard(answer)) == ["b", "other"]
    assert newest.is_active
    assert conversation(newest.project, SESSION).host == os.getpid()


@pytest.mark.parametrize("arguments", ["resume zzzz", "stop zzzz", "status zzzz"])
def test_a_run_that_there_is_not_blocks_the_command_with_the_newest_ones(newest, arguments):
    left(newest.project)
    answer = types(newest, arguments)
    assert answer["decision"] == "block"
    assert 'there is no run "zzzz"; the newest: tasks-20260102-030405-k3f2' in answer["reason"]


def test_status_and_runs_typed_are_shown_without_a_model_call(newest):
    newest.begin(claimed("a"))
    status, table = types(newest, "status"), types(newest, "runs")
    assert (status["decision"], table["decision"]) == ("block", "block")
    assert "a" in status["reason"].split()
    assert "k3f2  under way  0 of 4 done, 1 at work." in table["reason"]


def test_stop_typed_without_an_agent_at_work_needs_no_model_call(newest):
    run = newest.begin(*done(newest.project, "a"))
    answer = types(newest, "stop")
    assert answer["decision"] == "block"
    assert "run k3f2 is cancelled" in answer["reason"]
    assert "1 of 4 tasks succeeded." in answer["reason"]
    assert run.state().ended == "cancelled"
    assert not newest.is_active
    assert "has ended already" in types(newest, "stop k3f2")["reason"]


def test_stop_typed_while_agents_work_has_the_model_stop_them(newest):
    run = newest.begin(background=True)
    newest.launches("a", "b")
    answer = types(newest, "stop")
    assert "decision" not in answer
    assert "k3f2" in heard(answer)
    assert '{"task_id": "agent-of-a"},\n{"task_id": "agent-of-b"}' in heard(answer)
    assert run.state().ended == "cancelled"


def test_stop_of_another_run_leaves_the_own_one_alone(newest):
    own = newest.begin()
    make_run(plan_of(CHAIN, newest.project, driver="cli"), name="tasks-20260102-030405-cccc")
    assert "is cancelled" in types(newest, "stop cccc")["reason"]
    assert newest.is_active
    assert own.state().ended == ""


def test_a_file_that_is_called_like_a_verb_is_written_with_its_folder(newest):
    write(os.path.join(newest.project, "stop"), TASK_FILE)
    assert offered(heard(types(newest, "./stop"))) == ["a", "b", "c"]


def test_in_plan_mode_nothing_is_resumed(newest):
    run = left(newest.project)
    answer = types(newest, "resume", permission_mode="plan")
    assert answer["decision"] == "block"
    assert "plan mode starts nothing" in answer["reason"]
    assert len(run.ledger.read()) == 1


def test_the_model_that_wants_to_resume_asks_the_user_and_may_stop_without(newest):
    left(newest.project)
    asked = calls_skill(newest, "Pre", "resume")["hookSpecificOutput"]
    assert asked["permissionDecision"] == "ask"
    assert "would resume the run" in asked["permissionDecisionReason"]
    assert (
        "would resume k3f2"
        in calls_skill(newest, "Pre", "resume k3f2")["hookSpecificOutput"]["permissionDecisionReason"]
    )
    assert calls_skill(newest, "Pre", "stop") is None


def test_the_model_that_asks_how_a_run_stands_is_told_and_starts_nothing(newest):
    newest.begin(claimed("a"))
    for verb in ("status", "runs"):
        answer = calls_skill(newest, "Pre", verb)["hookSpecificOutput"]
        assert answer["permissionDecision"] == "deny"
        assert "k3f2" in answer["permissionDecisionReason"]


def test_the_model_resumes_and_stops_once_it_was_let(newest):
    left(newest.project, *done(newest.project, "a"))
    assert offered(heard(calls_skill(newest, "Post", "resume"))) == ["b", "other"]
    assert newest.is_active
    assert "run k3f2 is cancelled" in heard(calls_skill(newest, "Post", "stop"))
    assert not newest.is_active


# --- allow rules --------------------------------------------------------------------------------------------------

NAMES = ("parallel-dispatch:parallel-dispatch", "parallel-dispatch")
ALLOWING = [
    "Skill",
    "Skill(parallel-dispatch)",
    "Skill(parallel-dispatch:parallel-dispatch)",
    "Skill(parallel-dispatch:*)",
    "Skill(parallel-dispatch:parallel-dispatch:*)",
    "Skill(parallel-dispatch *)",
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return str(tmp_path / "home")


def rules(folder, value, name="settings.json"):
    return write(os.path.join(folder, ".claude", name), value if isinstance(value, str) else json.dumps(value))


@pytest.mark.parametrize("rule", ALLOWING)
@pytest.mark.parametrize("where", ["user", "settings.json", "settings.local.json"])
def test_a_rule_of_the_user_lets_the_model_call_unasked(project, home, rule, where):
    assert not allows_skill(project, NAMES)
    value = {"permissions": {"allow": ["Bash", rule]}}
    rules(home, value) if where == "user" else rules(project, value, where)
    assert allows_skill(project, NAMES)


@pytest.mark.parametrize(
    "value",
    [
        {"permissions": {"allow": ["Bash(*)", "Skill(other)", "Skill(parallel)", "skill"]}},
        {"permissions": {"deny": ["Skill"]}},
        {"permissions": {"allow": "Skill"}},
        {"permissions": {"allow": None}},
        {"permissions": {"allow": 7}},
        {"permissions": {"allow": {"Skill": 1}}},
        {"permissions": ["Skill"]},
        ["Skill"],
        7,
        "{",
        "",
    ],
)
@pytest.mark.usefixtures("home")
def test_other_rules_and_settings_of_any_shape_allow_nothing(project, value):
    rules(project, value)
    assert not allows_skill(project, NAMES)


def test_a_rule_spares_the_question_before_a_start_and_before_a_resumption(newest):
    write(os.path.join(newest.project, "t.yaml"), TASK_FILE)
    rules(newest.project, {"permissions": {"allow": ["Skill(parallel-dispatch:*)"]}})
    assert calls_skill(newest, "Pre", "t.yaml") is None
    assert calls_skill(newest, "Pre", "resume") is None


def test_where_permissions_are_bypassed_nothing_is_asked_either(newest):
    write(os.path.join(newest.project, "t.yaml"), TASK_FILE)
    assert calls_skill(newest, "Pre", "t.yaml", permission_mode="bypassPermissions") is None
    assert calls_skill(newest, "Pre", "t.yaml")["hookSpecificOutput"]["permissionDecision"] == "ask"


def test_a_ledger_that_nobody_created_is_no_run(project):
    run = left(project)
    os.unlink(run.folder.ledger)
    assert runs.all_runs(project) == []
    with pytest.raises(FileNotFoundError):
        Ledger(run.folder.ledger).append("claimed")


def test_the_exit_code_of_a_run_that_was_resumed_to_its_end_is_zero(project):
    run = left(project, *done(project, "a"), tasks={"a": ()})
    assert telling.exit_code(run) == 0
