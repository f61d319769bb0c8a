"""What a resumed run keeps when its task file, or anything else that its tasks depend on, was changed."""

import hashlib
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys

import pytest
from builders import ROOT, SESSION, VERSIONS, claimed, closed, event, header, plan_of, read, write
from driving import Driven
from hooking import Conversation, heard, rows
from parallel_dispatch import run as running
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.changes import OF_THE_BRIEF, changes
from parallel_dispatch.decide import decide
from parallel_dispatch.ledger import Ledger
from parallel_dispatch.load import load
from parallel_dispatch.options import Options
from parallel_dispatch.owners import find
from parallel_dispatch.places import ROOT as PLUGIN
from parallel_dispatch.places import runs_folder, team_briefs
from parallel_dispatch.plan import Plan
from parallel_dispatch.refusal import Refusal
from parallel_dispatch.renewal import Faulty
from parallel_dispatch.replay import replay
from parallel_dispatch.reports import write_reports

OTHER = "5e551011-0000-4000-8000-000000000002"
TASKS = """\
name: four
tasks:
  - {id: a, prompt: Find a.}
  - {id: b, prompt: Build b., dependencies: [a]}
  - {id: c, prompt: Check c., dependencies: [b]}
  - {id: other, prompt: Do something else.}
settings: {output_dir: out}
"""


@pytest.fixture
def driven(project):
    return lambda text=TASKS, **options: Driven(project, text, **options)


@pytest.fixture
def half_done(driven):
    """A run in which `a`, `b` and `other` are done, and `c` is dispatched."""
    run = driven()
    run.does("a", "other")
    run.does("b")
    assert run.offered == ["c"]
    return run


def kept(run):
    """The tasks that are done."""
    return {task for task, outcome in run.outcomes.items() if outcome == "success"}


# --- the task file is as it was -----------------------------------------------------------------------------------


def test_a_run_whose_task_file_is_as_it_was_goes_on_by_its_plan(half_done):
    half_done.resumes()
    assert half_done.said[1:] == ["Run again: c (its agent was cut off)."]
    assert (kept(half_done), half_done.offered) == ({"a", "b", "other"}, ["c"])
    assert not os.path.exists(half_done.run.folder.plans)


def test_what_only_limits_a_task_changes_nothing_that_is_done(half_done):
    half_done.edits(
        "prompt: Find a.", "prompt: Find a., timeout: 5m, priority: high, estimated_duration: 3m, retries: 2"
    )
    half_done.edits("out}", "out, max_parallel: 2, timeout_per_task: 10m, writes: open, on_failure: stop}")
    half_done.resumes()
    assert (kept(half_done), half_done.offered) == ({"a", "b", "other"}, ["c"])
    assert half_done.said[1] == "It goes by the task file as it is now."
    plan = ActiveRun(half_done.run.folder.path).plan
    assert (plan.max_parallel, plan.on_failure, plan.tasks["a"].timeout, plan.tasks["b"].timeout) == (
        2,
        "stop",
        300,
        600,
    )


def test_dependencies_in_another_order_change_nothing(driven):
    run = driven(TASKS.replace("[b]", "[a, b]"))
    run.does("a", "other")
    run.does("b")
    run.does("c")
    run.edits("[a, b]", "[b, a]")
    for _ in range(2):
        with pytest.raises(Refusal, match="every task of run"):
            run.resumes()


# --- it was changed -----------------------------------------------------------------------------------------------


def test_a_mended_prompt_is_what_the_failed_task_gets_and_the_rest_is_kept(driven):
    run = driven()
    run.does("a", "other")
    run.goes_on()  # b wrote nothing
    assert run.outcomes == {"a": "success", "b": "failed", "c": "skipped", "other": "success"}
    run.edits("Build b.", "Build b better.")
    run.resumes()
    assert run.said[1:] == ["It goes by the task file as it is now.", "Run again: b (its prompt changed)."]
    assert run.offered == ["b"]
    assert "Build b better." in read(run.run.folder.brief("b", 2))
    assert run.does("b") is False
    assert run.does("c") is True
    assert set(run.outcomes.values()) == {"success"}
    assert (
        "- 2 tasks done before stayed. It goes by the task file as it is now. Run again: b (its prompt changed)."
        in (read(run.run.folder.report))
    )


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Find a.", "Find more.", "its prompt changed"),
        ("Find a.", "Find a., agent: tester", "its agent changed"),
        ("Find a.", "Find a., agent: Explore, context: x", "its agent and context changed"),
        ("Find a.", "Find a., description: x", "its description changed"),
        ("Find a.", "Find a., scope: x", "its scope changed"),
        ("Find a.", "Find a., constraints: [x]", "its constraints changed"),
        ("Find a.", "Find a., reads: [tasks.yaml]", "its reads changed"),
        ("Find a.", "Find a., writes: [src/*]", "its writes changed"),
        ("Find a.", "Find a., output_format: x", "its output_format changed"),
        ("Find a.", "Find a., success_criteria: [x]", "its success_criteria changed"),
        ("Find a.", "Find a., contract: {min_bytes: 3}", "its contract changed"),
        ("Find a.", "Find a., contract: {json_schema: {type: object}}", "its contract changed"),
        ("Find a.", "Find a., model: opus", "its model changed"),
        ("Find a.", "Find a., effort: high", "its effort changed"),
        ("Find a.", "Find a., output: elsewhere.md", "its output changed"),
        ("Find a.", "Find a., dependencies: [other]", "its dependencies changed"),
        ("out}", "elsewhere}", "its output changed"),
    ],
)
def test_a_task_whose_work_is_another_now_is_done_again_and_all_that_was_built_on_it(half_done, old, new, why):
    half_done.edits(old, new)
    half_done.resumes()
    again = half_done.said[2]
    assert again.startswith(f"Run again: a ({why}), ") or f", a ({why})" in again
    assert half_done.offered[0] in ("a", "other")
    assert not kept(half_done) & {"a", "b", "c"}


def test_a_task_that_was_changed_in_the_middle_leaves_what_it_was_built_on(half_done):
    half_done.edits("Build b.", "Build b better.")
    half_done.resumes()
    assert half_done.said[2] == "Run again: b (its prompt changed), c (its agent was cut off)."
    assert (kept(half_done), half_done.offered) == ({"a", "other"}, ["b"])


def test_what_a_changed_task_wrote_before_is_set_aside_and_counts_for_nothing(half_done):
    half_done.edits("Build b.", "Build b better.")
    half_done.resumes()
    plan = half_done.run.plan
    assert not os.path.exists(plan.tasks["b"].output)
    assert read(half_done.run.folder.before("b", 2)) == "The work of b.\n"
    half_done.goes_on()
    assert half_done.outcomes["b"] == "failed"


def test_a_new_task_runs_and_one_that_is_gone_is_left_out_with_what_it_did(half_done):
    half_done.edits("  - {id: c, prompt: Check c., dependencies: [b]}\n", "")
    half_done.edits("settings:", "  - {id: d, prompt: Do d., dependencies: [b]}\nsettings:")
    half_done.resumes()
    assert half_done.said[1:] == [
        "It goes by the task file as it is now.",
        "New: d.",
        "No longer in the task file: c.",
    ]
    assert half_done.offered == ["d"]
    half_done.writes(d="x")
    write(os.path.join(half_done.project, "out", "c.md"), "late")
    assert half_done.goes_on() is True
    assert half_done.outcomes == dict.fromkeys(("a", "b", "other", "d"), "success")
    assert "\n| c |" not in read(half_done.run.folder.report)  # a row of its own


def test_a_run_is_done_when_what_failed_was_taken_out_of_its_file(half_done):
    half_done.goes_on()
    assert half_done.outcomes["c"] == "failed"
    half_done.edits("  - {id: c, prompt: Check c., dependencies: [b]}\n", "")
    with pytest.raises(Refusal, match="every task of run"):
        half_done.resumes()
    assert "- **Succeeded**: 3\n- **Failed**: 0" in read(half_done.run.folder.report)


def test_a_race_is_run_again_when_its_winner_is_changed_and_stays_decided_when_nothing_is(driven):
    run = driven(TASKS.replace("Check c., dependencies: [b]", "Check c., dependencies: [a, other], wait: any"))
    run.does("a")
    assert run.offered == ["b", "c"]
    run.does("b", "c")
    assert run.outcomes == {"a": "success", "other": "not needed", "b": "success", "c": "success"}
    with pytest.raises(Refusal, match="every task of run"):
        run.resumes()
    assert run.run.state().resumptions == []
    run.edits("Find a.", "Find more.")
    run.resumes()
    assert run.said[2] == "Run again: a (its prompt changed), b (a runs again), c (a runs again)."
    assert run.offered == ["a", "other"]
    run.does("other")
    assert run.offered == ["c"]
    assert "You go on without these" in read(run.run.folder.brief("c", 2))


def test_who_went_on_without_a_task_is_run_again_when_that_is_there(driven):
    run = driven(TASKS.replace("Check c., dependencies: [b]", "Check c., dependencies: [a, b], wait: ended"))
    run.does("a", "other")
    run.goes_on()
    assert run.outcomes["b"] == "failed"
    assert "- b, which failed" in read(run.run.folder.brief("c", 1))
    run.writes(c="x")
    assert run.goes_on() is True
    assert run.outcomes["c"] == "success"
    run.resumes()
    assert run.said[-1] == "Run again: b (it failed), c (b runs again)."
    run.does("b")
    assert "which failed" not in read(run.run.folder.brief("c", 2))


def test_a_finished_run_goes_on_with_a_task_that_was_added(half_done):
    assert half_done.does("c") is True
    half_done.edits("settings:", "  - {id: d, prompt: Do d., dependencies: [c]}\nsettings:")
    half_done.resumes()
    assert half_done.offered == ["d"]


def test_a_changed_prompt_file_is_a_changed_prompt(driven, project):
    write(f"{project}/find.md", "Find a.")
    run = driven(TASKS.replace("prompt: Find a.", "prompt_file: find.md"))
    run.does("a", "other")
    write(f"{project}/find.md", "Find more.")
    run.resumes()
    assert "a (its prompt changed)" in run.said[2]
    assert "Find more." in read(run.run.folder.brief("a", 2))


def test_a_team_s_new_template_changes_every_brief_and_a_comment_in_the_file_none(half_done, project):
    half_done.edits("name: four", "name: four # of them")
    half_done.resumes()
    assert kept(half_done) == {"a", "b", "other"}
    shutil.copytree(os.path.join(PLUGIN, "templates", "briefs"), team_briefs(project))
    base = os.path.join(team_briefs(project), "base.md.j2")
    half_done.resumes()
    assert kept(half_done) == {"a", "b", "other"}  # it says the same words
    write(base, read(base) + "Be kind.\n")
    half_done.resumes()
    assert kept(half_done) == set()
    assert f"a ({OF_THE_BRIEF})" in half_done.said[2]
    assert read(half_done.run.folder.brief("a", 2)).endswith("Be kind.\n")


def test_options_of_the_command_line_go_on_winning_over_the_file(driven):
    run = driven(output="mine", max_parallel=1)
    run.does("a")
    run.edits("out}", "elsewhere, max_parallel: 3}")
    run.resumes()
    assert "a" in kept(run)
    assert (run.run.plan.max_parallel, run.run.plan.shown(run.run.plan.output_dir)) == (1, "mine")


def test_twice_changed_a_run_goes_by_the_last_file_and_a_kept_task_stays_kept(half_done):
    half_done.edits("Build b.", "Build b better.")
    half_done.resumes()
    half_done.does("b")
    half_done.edits("Check c.", "Check c better.")
    half_done.resumes()
    assert half_done.said[2] == "Run again: c (its prompt changed)."
    assert (kept(half_done), half_done.offered) == ({"a", "b", "other"}, ["c"])
    assert "Check c better." in read(half_done.run.folder.brief("c", 3))
    assert len(half_done.run.state().resumptions) == 2


def test_a_task_that_was_to_run_again_still_is_after_the_next_crash(half_done):
    half_done.edits("Find a.", "Find more.")
    half_done.resumes()
    half_done.resumes()
    assert (
        half_done.said[1]
        == "Run again: a (its agent was cut off), b (it was yet to run again), c (its agent was cut off)."
    )
    assert (kept(half_done), half_done.offered) == ({"other"}, ["a"])


# --- whatever is edited, and whenever ----------------------------------------------------------------------------


class Edited:
    """A run whose file changes between crashes. What an agent writes follows from its brief and its inputs alone."""

    def __init__(self, project, seed):
        self.random = random.Random(seed)  # noqa: S311 - a seed, so that a failure can be looked at
        self.tasks = {f"t{n}": ("1", [f"t{m}" for m in range(n) if self.random.random() < 0.4]) for n in range(5)}
        self.run = Driven(project, self.text)

    @property
    def text(self):
        rows = [{"id": task, "prompt": f"Do {words}.", "dependencies": on} for task, (words, on) in self.tasks.items()]
        return json.dumps({"name": "n", "tasks": rows, "settings": {"output_dir": "out"}})

    def edits(self):
        names = list(self.tasks)
        at = self.random.randrange(len(names))
        task, earlier = names[at], names[:at]
        words, on = self.tasks[task]
        how = self.random.choice(("prompt", "dependencies", "new", "gone", "undone"))
        if how == "prompt":
            self.tasks[task] = (str(int(words) + 1), on)
        elif how == "dependencies":
            self.tasks[task] = (words, [other for other in earlier if self.random.random() < 0.5])
        elif how == "new" and len(self.tasks) < 9:
            name = self.random.choice([f"t{n}" for n in range(9) if f"t{n}" not in self.tasks])
            self.tasks[name] = ("1", self.random.sample(names, 2))
        elif how == "gone" and len(self.tasks) > 3:
            del self.tasks[task]
            self.tasks = {t: (w, [d for d in on if d != task]) for t, (w, on) in self.tasks.items()}
        elif os.path.exists(self.output(task)):
            os.unlink(self.output(task))
        write(self.run.task_file, self.text)

    def output(self, task):
        return os.path.join(self.run.project, "out", f"{task}.md")

    def agents_work(self):
        """Those of the last block do, but for the ones that write nothing, and those whose inputs were taken away."""
        for row in rows(self.run.text):
            brief = read(row["prompt"].partition(" Read and follow ")[2])
            prompt = re.search(r"## Task\n(.*)\n", brief)[1]
            inputs = re.findall(r"^- (t\d+): (.*)$", brief, re.MULTILINE)
            if self.random.random() < 0.8 and all(os.path.exists(path) for _, path in inputs):
                write(self.output(row["description"]), made(prompt, {task: read(path) for task, path in inputs}))

    def resumes(self):
        """Whether there was anything left to do."""
        try:
            self.run.resumes()
        except Refusal as refusal:
            if "every task of run" not in str(refusal):
                raise
            return False
        return True

    def wanted(self, task):
        """What a new run of the file would have a task write."""
        words, on = self.tasks[task]
        return made(f"Do {words}.", {other: self.wanted(other) for other in on})


def made(prompt, inputs):
    return hashlib.sha256(json.dumps([prompt, sorted(inputs.items())]).encode()).hexdigest()


@pytest.mark.parametrize("seed", range(20))
def test_however_its_file_was_edited_a_run_ends_with_what_a_new_one_would_have_written(project, seed):
    one = Edited(project, seed)
    for _ in range(8):
        if one.random.random() < 0.7:
            one.agents_work()
        if one.random.random() < 0.7:
            one.run.goes_on()
        if one.random.random() < 0.7:
            one.edits()
        if one.random.random() < 0.7:
            one.resumes()
    for _ in range(60):
        if not one.resumes():
            break
        one.agents_work()
        one.run.goes_on()
    assert {task: outcome for task, outcome in one.run.outcomes.items() if outcome != "success"} == {}
    assert {task: read(one.output(task)) for task in one.tasks} == {task: one.wanted(task) for task in one.tasks}


# --- lists that tasks are made of ---------------------------------------------------------------------------------

LIST = """\
name: list
tasks:
  - {id: find, prompt: Find., output: found.json}
  - {id: fix, prompt: "Fix {{ item }}.", for_each: {from: find}}
  - {id: sum, prompt: Sum up., dependencies: [fix]}
settings: {output_dir: out}
"""


@pytest.fixture
def listed(driven):
    """A run that made two tasks of a list; the first of them is done."""
    run = driven(LIST)
    run.writes(find='["x", "y"]')
    run.goes_on()
    assert run.offered == ["fix-1", "fix-2"]
    run.does("fix-1")
    return run


def test_tasks_that_were_made_of_a_list_are_kept_with_it(listed):
    listed.edits("Sum up.", "Sum up well.")
    listed.resumes()
    assert listed.said[2] == "Run again: fix-2 (it failed)."
    assert (kept(listed), listed.offered) == ({"find", "fix-1"}, ["fix-2"])
    listed.does("fix-2")
    assert "Sum up well." in read(listed.run.folder.brief("sum", 1))


def test_tasks_of_a_list_whose_prompt_changed_are_done_again_and_the_list_is_kept(listed):
    listed.edits("Fix {{ item }}.", "Fix {{ item }} well.")
    listed.resumes()
    assert listed.said[2] == "Run again: fix-1 (its prompt changed), fix-2 (its prompt changed)."
    assert (kept(listed), listed.offered) == ({"find"}, ["fix-1", "fix-2"])
    assert "Fix x well." in read(listed.run.folder.brief("fix-1", 2))


def test_a_list_whose_writer_is_changed_is_read_again(listed):
    listed.edits("Find.", "Find more.")
    listed.resumes()
    assert "find (its prompt changed)" in listed.said[2]
    assert "fix (its list is read again)" in listed.said[2]
    assert listed.offered == ["find"]
    listed.writes(find='["z"]')
    listed.goes_on()
    assert listed.offered == ["fix-1"]
    assert "Fix z." in read(listed.run.folder.brief("fix-1", 2))


def test_a_list_in_another_place_is_asked_for_and_read_anew(listed):
    listed.edits("from: find", "from: find, path: changes")
    listed.resumes()
    assert "find (it is asked for a list now)" in listed.said[2]
    listed.writes(find='{"changes": ["z"]}')
    listed.goes_on()
    assert listed.offered == ["fix-1"]


def test_a_pattern_that_is_gone_takes_its_tasks_along(listed):
    listed.edits('  - {id: fix, prompt: "Fix {{ item }}.", for_each: {from: find}}\n', "")
    listed.edits("[fix]", "[find]")
    listed.resumes()
    assert "No longer in the task file: fix." in listed.said
    assert set(listed.outcomes) == {"find", "sum"}


def test_a_new_task_that_would_write_where_one_made_of_a_list_does_fails_the_list_with_a_reason(driven):
    run = driven(LIST.replace("for_each", "output: '{{ item }}.md', for_each"))
    run.writes(find='["x", "y"]')
    run.goes_on()
    write(run.run.plan.tasks["fix-1"].output, "x")
    run.edits("settings:", "  - {id: mine, prompt: Mine., output: x.md}\nsettings:")
    run.resumes()
    assert run.offered == ["mine"]
    outcome, reason = run.run.state().outcomes()["fix"]
    assert (outcome, reason) == ("failed", "fix would write out/x.md, where another task writes out/x.md")


# --- a task file that cannot be gone by ---------------------------------------------------------------------------


def snapshot(run):
    return {
        os.path.relpath(os.path.join(folder, name), run.project): os.path.getsize(os.path.join(folder, name))
        for folder, _, names in os.walk(run.project)
        for name in names
    }


@pytest.mark.parametrize("harm", ["broken", "gone"])
def test_a_task_file_with_problems_resumes_nothing_and_as_planned_does(half_done, harm):
    if harm == "broken":
        half_done.edits("prompt: Build b.", "promt: Build b.")
    else:
        os.unlink(half_done.task_file)
    before = snapshot(half_done)
    with pytest.raises(Faulty, match=r"its task file has problems; mend them, or go on .*--as-planned`") as refused:
        half_done.resumes()
    wanted = 'unknown key "promt"' if harm == "broken" else "there is no such file"
    assert wanted in refused.value.loaded.problems[0].message
    assert snapshot(half_done) == before
    half_done.resumes(as_planned=True)
    assert (kept(half_done), half_done.offered) == ({"a", "b", "other"}, ["c"])


def test_as_planned_the_edited_file_does_not_count_and_the_next_time_it_does(half_done):
    half_done.edits("Find a.", "Find more.")
    half_done.resumes(as_planned=True)
    assert kept(half_done) == {"a", "b", "other"}
    half_done.resumes()
    assert kept(half_done) == {"other"}


@pytest.fixture
def shell(project, tmp_path, cache):
    """A person's shell in the project, where no file may grow beyond so many bytes, if any number is given."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "PARALLEL_DISPATCH_CACHE": cache}

    def run(*words, room=None):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))) if room is not None else None
        done = subprocess.run(
            [sys.executable, "-B", os.path.join(ROOT, "scripts", "parallel_dispatch", "__main__.py"), *words],
            cwd=project,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            preexec_fn=limit,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def test_in_a_terminal_the_problems_are_shown_with_the_way_out(half_done, shell):
    half_done.edits("prompt: Build b.", "promt: Build b.")
    name = half_done.run.plan.run
    code, _, complaint = shell("resume")
    assert code == 1
    assert 'tasks.yaml:4:13: unknown key "promt" in task "b"; did you mean "prompt"? [unknown-key]' in complaint
    assert complaint.endswith(f"go on by the plan that it has: `parallel-dispatch resume {name} --as-planned`\n")
    code, said, _ = shell("resume", "--as-planned")
    assert (code, [row["description"] for row in rows(said)]) == (0, ["c"])


@pytest.fixture
def newest(project, tmp_path, cache):
    found = Conversation(VERSIONS[-1], project, str(tmp_path), cache)
    yield found
    found.leaves()


def typed(conversation, arguments, **more):
    return conversation.fire(conversation.payload("UserPromptExpansion") | {"command_args": arguments, **more})


def test_typed_a_resumption_blocks_on_problems_and_goes_by_the_mended_file(newest):
    path = write(os.path.join(newest.project, "tasks.yaml"), TASKS)
    typed(newest, "tasks.yaml")
    write(path, TASKS.replace("Find a.", "Find more.").replace("id: c,", "id: c, x: 1,"))
    newest.env["CLAUDE_CODE_SESSION_ID"] = OTHER
    name = find(newest.project, SESSION).plan.run
    answer = typed(newest, f"resume {name}", session_id=OTHER)
    assert answer["decision"] == "block"
    assert 'tasks.yaml:5:13: unknown key "x"' in answer["reason"]
    assert f"`/parallel-dispatch resume {name} --as-planned`" in answer["reason"]
    assert newest.is_active
    write(path, TASKS.replace("Find a.", "Find more."))
    said = heard(typed(newest, f"resume {name}", session_id=OTHER))
    assert "It goes by the task file as it is now." in said
    assert [row["description"] for row in rows(said)] == ["a", "other"]
    folder = find(newest.project, OTHER).folder
    assert "Find more." in read(folder.brief("a", 1))
    said = heard(typed(newest, f"resume {name} --as-planned", session_id=OTHER))
    assert [row["description"] for row in rows(said)] == ["a", "other"]


def test_a_call_that_was_offered_by_the_old_plan_gets_no_old_brief(newest):
    path = write(os.path.join(newest.project, "tasks.yaml"), TASKS.replace("out}", "out, dispatch: foreground}"))
    typed(newest, "tasks.yaml")
    newest.run = find(newest.project, SESSION)
    name = newest.run.plan.run
    write(path, read(path).replace("foreground}", "foreground, max_parallel: 1}").replace("else.", "else well."))
    assert [row["description"] for row in rows(heard(typed(newest, f"resume {name}")))] == ["a"]
    call = {"prompt": f"pd:{name}/other Read and follow x", "description": "other", "subagent_type": "general-purpose"}
    early = newest.payload("PreToolUse-Agent", TASK="other", CALL="call-1") | {"tool_input": call}
    answer = newest.fire(early)["hookSpecificOutput"]
    assert answer["permissionDecision"] == "deny"
    assert newest.run.state().open == {}


# --- killed in between, and two at once ---------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here, as with `kill -9`."""


def dies(*_, **__):
    raise Killed


MOMENTS = {
    "before anything is written": ("recovery", "before"),
    "after the plan, before the ledger": ("keep", "after"),
    "after the ledger": ("spread", "before"),
    "before the offer": ("offer", "before"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_resumption_that_is_killed_at_any_moment_is_made_up_for_by_the_next(half_done, monkeypatch, moment):
    half_done.edits("Build b.", "Build b better.")
    name, when = MOMENTS[moment]
    real = getattr(running, name)

    def killed(*args, **more):
        if when == "after":
            real(*args, **more)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(running, name, killed)
        with pytest.raises(Killed):
            half_done.resumes()
    has_begun = moment in ("after the ledger", "before the offer")
    found = ActiveRun(half_done.run.folder.path)
    assert ("better" in found.plan.tasks["b"].prompt) == has_begun
    half_done.resumes()
    assert (kept(half_done), half_done.offered) == ({"a", "other"}, ["b"])
    assert "Build b better." in read(half_done.run.folder.brief("b", 2))
    half_done.does("b")
    assert half_done.does("c") is True
    assert set(half_done.outcomes.values()) == {"success"}


def test_a_ledger_that_lost_its_last_line_goes_on_by_the_plan_before(half_done):
    half_done.edits("Build b.", "Build b better.")
    half_done.resumes()
    path = half_done.run.folder.ledger
    lines = read(path).splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if '"resumed"' in line)
    write(path, "".join(lines[:at]) + lines[at][:40])
    assert "better" not in ActiveRun(half_done.run.folder.path).plan.tasks["b"].prompt
    half_done.resumes()
    assert (kept(half_done), half_done.offered) == ({"a", "other"}, ["b"])


def test_a_plan_that_the_ledger_names_and_that_is_gone_is_refused_by_name(half_done):
    half_done.edits("Build b.", "Build b better.")
    half_done.resumes()
    (name,) = (name for name in os.listdir(half_done.run.folder.plans) if name.endswith(".json"))
    os.unlink(os.path.join(half_done.run.folder.plans, name))
    with pytest.raises(Refusal, match=rf"plans/{name} of this run is damaged"):
        half_done.resumes()


def test_of_two_that_resume_at_the_same_moment_the_first_wins_and_the_other_is_told(half_done, monkeypatch):
    half_done.edits("Build b.", "Build b better.")
    real = running.recovery
    other = []

    def in_between(*args):
        found = real(*args)
        if not other:
            other.append(None)
            other[0] = running.resume(half_done.project, half_done.run.plan.run, "")
        return found

    monkeypatch.setattr(running, "recovery", in_between)
    with pytest.raises(Refusal, match="was resumed by somebody else at the same moment, and goes on there"):
        half_done.resumes()
    winner, text = other[0]
    assert [row["description"] for row in rows(text)] == ["b"]
    state = ActiveRun(winner.folder.path).state()
    assert len(state.resumptions) == 1
    assert decide(state).dispatch == [("b", 2)]


def test_a_conversation_that_was_beaten_while_it_took_the_run_over_lets_go_of_it(newest, monkeypatch):
    write(os.path.join(newest.project, "tasks.yaml"), TASKS)
    typed(newest, "tasks.yaml")
    name = find(newest.project, SESSION).plan.run
    real, third = running._tie, "5e551011-0000-4000-8000-000000000003"
    monkeypatch.setenv(running.HOST, str(os.getpid()))

    def in_between(run, session):
        if session == OTHER:
            running.resume(newest.project, name, third)
        real(run, session)

    monkeypatch.setattr(running, "_tie", in_between)
    with pytest.raises(Refusal, match="by somebody else at the same moment"):
        running.resume(newest.project, name, OTHER)
    assert find(newest.project, OTHER) is None
    assert read(find(newest.project, third).folder.owner) == third + "\n"


def test_processes_that_resume_at_once_are_told_apart(half_done):
    program = os.path.join(ROOT, "scripts", "parallel_dispatch", "__main__.py")
    command = [sys.executable, "-B", program, "resume", half_done.run.plan.run]
    how = {"cwd": half_done.project, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    both = [subprocess.Popen(command, **how) for _ in range(2)]
    said = [process.communicate() for process in both]
    state = ActiveRun(half_done.run.folder.path).state()
    won = sum(process.returncode == 0 for process in both)
    assert 1 <= won <= len(state.resumptions)  # the second may also have come after the first, and taken it over
    for process, (out, complaint) in zip(both, said):
        assert rows(out) if process.returncode == 0 else "at the same moment" in complaint
    assert list(state.open) == ["c"]


# --- a disk that is full or cannot be written ---------------------------------------------------------------------


def test_a_run_that_no_disk_has_room_for_is_not_begun_and_leaves_nothing(project, shell):
    write(os.path.join(project, "tasks.yaml"), TASKS)
    for room in (0, 100, 1000):
        code, out, complaint = shell("start", "tasks.yaml", room=room)
        assert (code, out) == (3, "")
        assert re.fullmatch(r"parallel-dispatch: /.* could not be written: .*; nothing was started\n", complaint)
        assert os.listdir(runs_folder(project)) == []


def test_a_full_disk_keeps_a_run_from_being_resumed_and_loses_nothing(half_done, shell):
    half_done.edits("Build b.", "Build b better.")
    before = read(half_done.run.folder.ledger)
    for room in (0, 100, len(before) + 10):
        code, out, complaint = shell("resume", half_done.run.plan.run, room=room)
        assert (code, out) == (3, "")
        assert "could not be resumed: " in complaint
        assert "nothing that it had is lost, so resume it when that is put right" in complaint
        assert read(half_done.run.folder.ledger).startswith(before)
        assert ActiveRun(half_done.run.folder.path).state().resumptions == []
    code, out, _ = shell("resume", half_done.run.plan.run)
    assert (code, [row["description"] for row in rows(out)]) == (0, ["b"])


def test_a_full_disk_stops_next_with_a_word_and_the_run_goes_on_when_there_is_room(half_done, shell):
    half_done.writes(c="The work of c.\n")
    before = read(half_done.run.folder.ledger)
    code, out, complaint = shell("next", half_done.run.plan.run, room=len(before) + 10)
    assert (code, out) == (3, "")
    assert re.match(r"parallel-dispatch: .*ledger\.jsonl: ", complaint)
    code, out, _ = shell("next", half_done.run.plan.run)
    assert code == 0
    assert "4 of 4 tasks succeeded" in out


def test_a_block_that_could_not_be_written_down_is_not_handed_out_and_costs_no_try(driven, monkeypatch):
    run = driven(TASKS.replace("[b]", "[a]"))
    run.writes(a="x", other="x")
    real, claims = Ledger.append, []

    def full(ledger, name, **fields):
        claims.extend([name] if name == "claimed" else [])
        if len(claims) == 2:
            raise OSError(28, "No space left on device", ledger.path)
        real(ledger, name, **fields)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", full)
        with pytest.raises(Refusal, match=r"No space left on device; run .* offers what is next again when"):
            run.goes_on()
    assert list(run.run.state().open) == ["b"]
    assert run.goes_on() is False
    assert run.offered == ["b", "c"]
    assert run.run.state().spent == dict.fromkeys(("a", "b", "c", "other"), 0)
    assert run.does("b", "c") is True
    assert set(run.outcomes.values()) == {"success"}


def test_a_hook_for_which_the_disk_is_full_says_so_and_leaves_the_call_to_the_host(newest):
    run = newest.begin()
    before = read(run.folder.ledger)
    payload = newest.payload("PreToolUse-Agent", TASK="a", CALL="toolu_1")
    done = subprocess.run(
        [os.path.join(ROOT, "hooks", "guard")],
        input=json.dumps(payload),
        env=newest.env,
        capture_output=True,
        encoding="utf-8",
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), len(before))),
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"parallel-dispatch: PreToolUse: .*File too large.*ledger\.jsonl.*\n", done.stderr)
    assert read(run.folder.ledger) == before
    assert newest.calls("a")["permissionDecision"] == "allow"


@pytest.mark.parametrize("call", ["mkdir", "open"])
def test_a_folder_that_cannot_be_written_starts_and_resumes_nothing_and_says_so(half_done, monkeypatch, call):
    half_done.edits("Build b.", "Build b better.")
    real = getattr(os, call)

    def read_only(path, flags=0, *more, **how):
        if call == "mkdir" or flags & os.O_WRONLY:
            raise OSError(30, "Read-only file system", path)
        return real(path, flags, *more, **how)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, read_only)
        with pytest.raises(
            Refusal, match=r"could not be resumed: .*: Read-only file system; nothing that it had is lost"
        ):
            half_done.resumes()
        with pytest.raises(Refusal, match=r"could not be written: Read-only file system; nothing was started"):
            running.start(load(half_done.task_file, half_done.project), Options(), half_done.project)
    assert os.listdir(runs_folder(half_done.project)) == [half_done.run.folder.name]
    half_done.resumes()
    assert half_done.offered == ["b"]


# --- replay -------------------------------------------------------------------------------------------------------


def resumed(plan="", name="one", after="", **fields):
    more = {"plan": plan} if plan else {}
    return event("resumed", id=name, after=after, **more, **fields)


def test_events_of_a_task_that_a_new_plan_has_no_more_count_for_nothing_and_raise_nothing():
    old, new = plan_of({"a": (), "b": ("a",)}), plan_of({"b": (), "c": ("b",)})
    before = [header(), claimed("a"), event("launched", task="a", attempt=1, agent_id="agent-of-a")]
    later = [closed("a"), event("notified", agent_id="agent-of-a"), claimed("a", "again"), claimed("b")]
    state = replay(old, [*before, resumed("p", again={"a": "x"}), *later], plans={"p": new})
    assert set(state.outcomes()) == {"b", "c"}
    assert list(state.open) == ["b"]
    assert state.rejected["again"] == 'this run has no task "a"'
    assert state.of_agent("agent-of-a")[0].outcome == "interrupted"


def test_events_before_a_resumption_are_those_of_the_plan_before_whatever_the_new_one_says():
    old, new = plan_of({"a": (), "b": ()}), plan_of({"a": (), "b": ("a",)})
    events = [header(), claimed("b"), closed("b"), resumed("p", again={"b": "its dependencies changed"})]
    state = replay(old, events, plans={"p": new})
    assert decide(state).dispatch == [("a", 1)]
    assert len(state.attempts["b"]) == 1
    stepwise = replay(old, events[:2])
    stepwise = replay(old, events[2:], stepwise, {"p": new})
    assert stepwise.outcomes() == state.outcomes()
    assert stepwise.plan.tasks["b"].dependencies == ["a"]


def test_a_resumption_that_came_second_changes_nothing():
    plan = plan_of({"a": ()})
    events = [header(), claimed("a"), closed("a"), resumed(name="one"), claimed("a", "2")]
    alone = replay(plan, events)
    both = replay(plan, [*events, resumed(name="two", after="", again={"a": "x"})])
    assert both.outcomes() == alone.outcomes() == {"a": ("success", "")}
    assert (both.resumption, len(both.resumptions)) == ("one", 1)
    after = replay(plan, [*events, resumed(name="two", after="one", again={"a": "x"})])
    assert decide(after).dispatch == [("a", 2)]


def test_changes_between_a_plan_and_itself_as_it_is_written_are_none():
    plan = plan_of({"a": (), "b": ("a",)})
    assert changes(plan, Plan.from_json(plan.to_json())) == {}


def test_a_late_agent_of_a_task_that_is_gone_ends_at_its_next_call(newest):
    path = write(os.path.join(newest.project, "tasks.yaml"), TASKS)
    typed(newest, "tasks.yaml")
    newest.run = find(newest.project, SESSION)
    name = newest.run.plan.run
    newest.run.ledger.append("claimed", task="other", call="call-other")
    newest.starts("other", prompt=f"pd:{name}/other\nThe brief.")
    write(path, TASKS.replace("  - {id: other, prompt: Do something else.}\n", ""))
    typed(newest, f"resume {name}")
    assert "other" not in find(newest.project, SESSION).plan.tasks
    payload = newest.payload("PreToolUse-Write", AGENT="agent-of-other", FILE=f"{newest.project}/x", CALL="toolu_w")
    assert newest.fire(payload)["continue"] is False


def test_the_report_of_a_run_that_was_never_resumed_says_nothing_of_it(half_done):
    assert "## Resumed" not in write_reports(half_done.run)
    assert json.loads(read(half_done.run.folder.plan).partition(', "tasks"')[0] + "}")["options"] == {}
