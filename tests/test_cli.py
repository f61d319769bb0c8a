"""The command line as processes: exit codes, words on the right stream, and a run without hooks to its report."""

import json
import os
import subprocess
import sys
import time

import pytest
from builders import ROOT, TASK_FILE, claimed, closed, make_run, plan_of, read, write
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.runs import all_runs

PROBLEMS = "name: bad\ntasks:\n  - id: a\n    promt: Do a.\n  - id: a\n    prompt: Do it.\n"
VERBS = (
    "validate",
    "new",
    "schema",
    "plan",
    "brief",
    "start",
    "next",
    "status",
    "report",
    "rehearse",
    "doctor",
    "prepare",
)
ON_A_RUN = ("next", "status", "report")


LAUNCHER = os.path.join(ROOT, "bin", "parallel-dispatch")
any_bytes = pytest.mark.skipif(sys.platform == "darwin", reason="its file systems hold no names but UTF-8")


def many(count):
    """A task file of this many tasks with long names, none of which waits for another."""
    names = [f"{'long-name-' * 5}{number:03}" for number in range(count)]
    return "\n".join(["name: many", "tasks:", *(f"  - {{id: {name}, prompt: Do it.}}" for name in names)])


class Terminal:
    """A person's shell in a project."""

    def __init__(self, project, home, cache):
        self.project = project
        self.env = {"PATH": os.environ["PATH"], "HOME": home, "PARALLEL_DISPATCH_CACHE": cache}
        os.makedirs(home)

    def runs(self, *arguments, at="", code=None):
        """A command run; it never shows a traceback."""
        done = subprocess.run(
            [LAUNCHER, *arguments],
            cwd=os.path.join(self.project, at),
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert "Traceback" not in done.stderr
        if code is not None:
            assert done.returncode == code, done
        return done

    def write(self, name, text):
        return write(os.path.join(self.project, name), text)

    def path(self, *names):
        return os.path.join(self.project, *names)

    def listed(self):
        return sorted(name for _, folders, files in os.walk(self.project) for name in [*folders, *files])


@pytest.fixture
def terminal(project, tmp_path, cache):
    return Terminal(project, str(tmp_path / "home"), cache)


@pytest.fixture
def tasks(terminal):
    return terminal.write("tasks.yaml", TASK_FILE)


# --- words and codes ----------------------------------------------------------------------------------------------


def test_the_help_names_every_verb_and_the_exit_codes(terminal):
    said = terminal.runs("--help", code=0).stdout
    assert [verb for verb in VERBS if f"    {verb} " in said] == list(VERBS)
    assert "Exit codes: 0 fine, 1 problems found or tasks failed, 2 wrong usage, 3 could not run." in " ".join(
        said.split()
    )
    assert not any(f"    {verb} " in said for verb in ("hook", "say"))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(terminal, verb):
    done = terminal.runs(verb, "--help", code=0)
    assert done.stdout.startswith(f"usage: parallel-dispatch {verb}")
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["explode"],
        ["validate"],
        ["plan", "tasks.yaml", "--max-parallel", "0"],
        ["plan", "tasks.yaml", "--max-parallel", "17"],
        ["plan", "tasks.yaml", "--timeout", "5s"],
        ["start", "tasks.yaml", "--on-failure", "explode"],
        ["rehearse", "tasks.yaml", "--seconds", "-1"],
        ["rehearse", "tasks.yaml", "--speed", "0"],
        ["rehearse", "tasks.yaml", "--speed", "100", "--seconds", "1"],
        ["status", "one", "two"],
    ],
)
@pytest.mark.usefixtures("tasks")
def test_wrong_usage_says_how_and_is_exit_code_two(terminal, arguments):
    done = terminal.runs(*arguments, code=2)
    assert done.stderr.startswith("usage: parallel-dispatch")
    assert done.stdout == ""
    assert terminal.listed() == ["tasks.yaml"]


@pytest.mark.usefixtures("tasks")
def test_a_file_without_problems_is_said_to_have_none(terminal):
    done = terminal.runs("validate", "tasks.yaml", code=0)
    assert (done.stdout, done.stderr) == ("tasks.yaml: 4 tasks, no problems\n", "")


@pytest.mark.usefixtures("tasks")
def test_every_problem_of_every_file_is_shown_with_its_position(terminal):
    terminal.write("bad.yaml", PROBLEMS)
    done = terminal.runs("validate", "bad.yaml", "tasks.yaml", "none.yaml", code=1)
    assert done.stdout == "tasks.yaml: 4 tasks, no problems\n"
    assert 'bad.yaml:4:5: unknown key "promt"' in done.stderr
    assert "bad.yaml:5:9:" in done.stderr
    assert "none.yaml:1:1: there is no such file" in done.stderr


@pytest.mark.parametrize("command", ["plan", "brief second", "start", "rehearse", "doctor"])
def test_a_file_with_problems_goes_nowhere(terminal, command):
    terminal.write("bad.yaml", PROBLEMS)
    verb, *task = command.split()
    done = terminal.runs(verb, "bad.yaml", *task, code=1)
    assert "2 problems" in done.stderr or "3 problems" in done.stderr
    assert done.stdout == ""
    assert terminal.listed() == ["bad.yaml"]


@pytest.mark.usefixtures("tasks")
def test_a_rehearsal_by_estimates_needs_one(terminal):
    done = terminal.runs("rehearse", "tasks.yaml", "--speed", "100", code=3)
    assert done.stderr == (
        "parallel-dispatch: no task of this file has an estimated_duration; add some, or use --seconds\n"
    )
    assert terminal.listed() == ["tasks.yaml"]


@pytest.mark.parametrize("verb", ON_A_RUN)
def test_without_a_run_the_verbs_for_runs_say_how_to_start_one(terminal, verb):
    done = terminal.runs(verb, code=3)
    assert done.stderr.startswith("parallel-dispatch: ")
    assert "has no runs; start one with `/parallel-dispatch FILE`" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize("verb", ON_A_RUN)
def test_an_unknown_run_is_refused_with_the_known_ones(terminal, verb):
    terminal.runs("start", "tasks.yaml", code=0)
    done = terminal.runs(verb, "zzzz", code=3)
    assert 'there is no run "zzzz"; ' in done.stderr
    assert ": tasks-" in done.stderr


# --- briefs -------------------------------------------------------------------------------------------------------

MANY_KINDS = """\
name: kinds
tasks:
  - {id: list, prompt: List them., output: list.json, agent: explorer}
  - {id: part, prompt: "Do {{ item }}.", for_each: {from: list}, agent: fixer of things}
  - {id: each, prompt: "See {{ item }}.", for_each: [north, south], agent: test-runner, wait: any, dependencies: [list]}
  - {id: all, prompt: "Put together.\\u001b[2J", agent: team lead, dependencies: [part, each]}
"""


def test_a_brief_is_shown_without_a_run_as_if_all_before_it_had_succeeded(terminal):
    terminal.write("tasks.yaml", MANY_KINDS)
    told = terminal.runs("brief", "tasks.yaml", "each-2", code=0).stdout
    outputs = terminal.path(".parallel-dispatch", "outputs", "RUN")
    assert told.startswith("pd:RUN/each-2\n# each-2\nYou work as test-runner.\n\n## Task\nSee south.\n")
    assert f"\n- list: {outputs}/list.json\n" in told
    assert f"\nOutput file: {outputs}/each-2.md\n" in told
    assert "go on without" not in told
    assert terminal.listed() == ["tasks.yaml"]


def test_the_brief_of_tasks_that_an_output_makes_has_the_item_in_it(terminal):
    terminal.write("tasks.yaml", MANY_KINDS)
    told = terminal.runs("brief", "tasks.yaml", "part", code=0).stdout
    assert "You work as fixer of things." in told
    assert "Do {{ item }}." in told


def test_a_brief_shows_a_terminal_nothing_that_it_would_obey(terminal):
    terminal.write("tasks.yaml", MANY_KINDS)
    told = terminal.runs("brief", "tasks.yaml", "all", code=0).stdout
    assert "Put together." in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ("lists", 'tasks.yaml has no task "lists"; did you mean "list"?'),
        ("zzz", 'tasks.yaml has no task "zzz"; it has list, part, each-1, each-2, all'),
        ("", 'tasks.yaml has no task ""; it has list, part, each-1, each-2, all'),
        ("each", '"each" stands for one task per item; name one of "each-1" to "each-2"'),
        ("part-1", '"part-1" is made when "list" has ended; name "part" for a brief with {{ item }} in it'),
        ("\x1b[2J", "has no task"),
        ("../../etc/passwd", "has no task"),
    ],
)
def test_a_task_that_is_not_there_is_refused_in_a_sentence(terminal, task, why):
    terminal.write("tasks.yaml", MANY_KINDS)
    done = terminal.runs("brief", "tasks.yaml", task, code=3)
    assert why in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["brief"], ["brief", "tasks.yaml"], ["brief", "a", "b", "c"], ["doctor", "a", "b"]]
)
def test_a_brief_needs_a_file_and_a_task(terminal, arguments):
    assert terminal.runs(*arguments, code=2).stderr.startswith("usage: parallel-dispatch ")


def test_a_teams_template_for_a_role_counts_for_that_role_alone(terminal):
    folder = ".claude/parallel-dispatch/templates/briefs"
    terminal.write("tasks.yaml", MANY_KINDS)
    terminal.write(f"{folder}/tester.md.j2", "{{ marker }}\nAs we test: {{ task.prompt }}\n")
    assert terminal.runs("brief", "tasks.yaml", "each-1", code=0).stdout == "pd:RUN/each-1\nAs we test: See north.\n"
    assert "## Task\nList them." in terminal.runs("brief", "tasks.yaml", "list", code=0).stdout
    terminal.write(f"{folder}/tester.md.j2", "{{ marker }}\n{% for %}")
    done = terminal.runs("brief", "tasks.yaml", "each-1", code=3)
    assert "tester.md.j2:2: " in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_teams_base_counts_for_every_role(terminal):
    terminal.write("tasks.yaml", MANY_KINDS)
    terminal.write(".claude/parallel-dispatch/templates/briefs/base.md.j2", "{{ marker }}\nOur house rules.\n")
    for task in ("list", "each-1", "part", "all"):
        told = terminal.runs("brief", "tasks.yaml", task, code=0).stdout
        assert told == f"pd:RUN/{task}\nOur house rules.\n"


def test_the_doctor_says_what_each_agent_of_a_file_becomes_and_why(terminal):
    text = "name: n\nagents: {strict: {role: security auditor}}\ntasks:\n"
    for number, agent in enumerate(["explorer", "strict", "general-purpose", "house-judge", "Explore", "Team Lead"]):
        text += f"  - {{id: t{number}, prompt: x, agent: {agent}}}\n"
    terminal.write("tasks.yaml", text)
    terminal.write(".claude/agents/judge.md", "---\nname: house-judge\ndescription: d\n---\n")
    lines = [line for line in terminal.runs("doctor", "tasks.yaml").stdout.splitlines() if "  agent " in line]
    assert [tuple(line.replace("  agent ", "").split(" becomes ")) for line in lines] == [
        ("ok   explorer", "parallel-dispatch:explorer: the role of this name"),
        (
            "ok   strict (role security auditor)",
            'parallel-dispatch:reviewer with the title "security auditor": an alias of the role reviewer',
        ),
        ("ok   general-purpose", "general-purpose: the agent of this name"),
        ("ok   house-judge", "house-judge: the agent of this name"),
        ("note Explore", "Explore: the agent of this name; it has no Write tool, so it cannot write an output"),
        ("ok   Team Lead", 'general-purpose with the title "Team Lead": nobody has this name, so it is a title'),
    ]


# --- plans --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize(
    ("command", "becomes"),
    [(["plan"], "parallel-dispatch:reviewer"), (["start", "--dry-run"], "general-purpose")],  # nobody has the plugin
)
def test_a_plan_shows_waves_agents_and_outputs_and_writes_nothing(terminal, command, becomes):
    done = terminal.runs(*command, "tasks.yaml", code=0)
    assert "three-and-one, 4 tasks in 2 waves, at most 4 at a time, 120 s each, on failure: continue." in done.stdout
    assert f"  b  (security-architect as {becomes})  -> out/b.md" in done.stdout
    assert "  d  (general-purpose)  -> out/d.md  after a, b, c" in done.stdout
    assert terminal.listed() == ["tasks.yaml"]


@pytest.mark.usefixtures("tasks")
def test_the_options_win_over_the_file(terminal):
    options = ["--max-parallel", "2", "--timeout", "60000", "--output", "other", "--on-failure", "retry"]
    said = terminal.runs("plan", "tasks.yaml", *options, code=0).stdout
    assert "at most 2 at a time, 60 s each, on failure: retry." in said
    assert "-> other/a.md" in said


@pytest.mark.usefixtures("tasks")
def test_an_output_directory_outside_the_project_could_not_run(terminal):
    done = terminal.runs("plan", "tasks.yaml", "--output", "../elsewhere", code=3)
    assert 'parallel-dispatch: output directory "../elsewhere" leaves the project' in done.stderr


@pytest.mark.usefixtures("tasks")
def test_in_a_folder_of_a_git_checkout_the_project_is_the_checkout(terminal):
    subprocess.run(["git", "init", "-q", terminal.project], check=True, env=terminal.env)
    terminal.write("packages/web/own.yaml", TASK_FILE)
    terminal.runs("start", "own.yaml", at="packages/web", code=0)
    assert os.path.isdir(terminal.path(".parallel-dispatch", "runs"))
    assert os.listdir(terminal.path("packages", "web")) == ["own.yaml"]
    status = subprocess.run(
        ["git", "-C", terminal.project, "status", "--porcelain"], capture_output=True, text=True, check=True
    )
    assert ".parallel-dispatch" not in status.stdout


@pytest.mark.usefixtures("tasks")
def test_runs_in_a_folder_above_the_checkout_do_not_make_that_folder_the_project(terminal):
    os.makedirs(os.path.join(os.path.dirname(terminal.project), ".parallel-dispatch", "runs"))
    subprocess.run(["git", "init", "-q", terminal.project], check=True, env=terminal.env)
    terminal.runs("start", "tasks.yaml", code=0)
    assert os.listdir(terminal.path(".parallel-dispatch", "runs"))


def test_a_plan_shows_a_terminal_nothing_that_it_would_obey(terminal):
    terminal.write("t.yaml", 'name: "n\\e[2J"\ntasks:\n  - {id: a, prompt: p, agent: "x\\e]0;owned\\a"}\n')
    said = terminal.runs("plan", "t.yaml", code=0).stdout
    assert "[2J" in said
    assert "]0;owned" in said
    assert all(line.isprintable() for line in said.splitlines())


# --- a run without hooks ------------------------------------------------------------------------------------------


def block(text):
    return json.loads(text.split("```json\n")[1].split("\n```")[0])


@pytest.mark.usefixtures("tasks")
def test_a_run_without_hooks_goes_from_block_to_block_to_its_report(terminal):
    first = terminal.runs("start", "tasks.yaml", code=0).stdout
    assert [row["description"] for row in block(first)] == ["a", "b", "c"]
    assert "When all have returned, run `parallel-dispatch next" in first
    for row in block(first):
        brief = read(row["prompt"].partition("Read and follow ")[2])
        assert brief.startswith(row["prompt"].partition(" ")[0] + "\n")
        write(brief.partition("Output file: ")[2].partition("\n")[0], "Found nothing.\n")
    second = terminal.runs("next", code=0).stdout
    assert [row["description"] for row in block(second)] == ["d"]
    terminal.write("out/d.md", "All is well.\n")
    last = terminal.runs("next", code=0).stdout
    assert "has ended. 4 of 4 tasks succeeded." in last
    report = terminal.runs("report", "--format", "md", code=0).stdout
    assert "- **Total Time**: not measured\n" in report
    assert "- **Succeeded**: 4\n" in report
    assert read(terminal.path(last.partition("Report: ")[2].partition("\n")[0])) == report


@pytest.mark.usefixtures("tasks")
def test_an_output_that_is_changed_after_its_agent_ended_is_flagged_in_the_report(terminal):
    terminal.runs("start", "tasks.yaml", code=0)
    for task in "abc":
        terminal.write(f"out/{task}.md", "x")
    terminal.runs("next", code=0)
    terminal.write("out/a.md", "y")
    os.unlink(terminal.path("out/b.md"))
    report = terminal.runs("report", "--format", "md", code=1).stdout
    assert [line for line in report.splitlines() if line.startswith("- out/")] == [
        "- out/a.md (changed since its agent ended)",
        "- out/b.md (removed since its agent ended)",
        "- out/c.md",
    ]


@pytest.mark.usefixtures("tasks")
def test_an_output_that_is_missing_fails_its_task_and_skips_what_needs_it(terminal):
    terminal.runs("start", "tasks.yaml", code=0)
    for task in "ac":
        terminal.write(f"out/{task}.md", "x")
    said = terminal.runs("next", code=1).stdout
    assert "2 of 4 tasks succeeded." in said
    assert "- b failed: its output out/b.md does not exist" in said
    assert "- d skipped: needs b, which failed" in said
    terminal.runs("report", code=1)


@pytest.mark.usefixtures("tasks")
def test_a_missing_output_is_tried_again_where_the_options_say_so(terminal):
    terminal.runs("start", "tasks.yaml", "--on-failure", "retry", "--max-parallel", "1", code=0)
    (row,) = block(terminal.runs("next", code=0).stdout)
    assert row["prompt"].partition(" ")[0].endswith("/a#2")
    assert "its output out/a.md does not exist" in read(row["prompt"].partition("Read and follow ")[2])


@pytest.mark.usefixtures("tasks")
def test_an_output_from_before_the_run_does_not_count_and_is_not_lost(terminal):
    terminal.write("out/a.md", "of last week")
    terminal.runs("start", "tasks.yaml", "--on-failure", "stop", code=0)
    for task in "bc":
        terminal.write(f"out/{task}.md", "x")
    assert "- a failed: its output out/a.md does not exist" in terminal.runs("next", code=1).stdout
    (run,) = os.listdir(terminal.path(".parallel-dispatch", "runs"))
    assert read(terminal.path(".parallel-dispatch", "runs", run, "before", "a")) == "of last week"


@pytest.mark.usefixtures("tasks")
def test_next_after_the_end_says_the_end_again(terminal):
    terminal.runs("start", "tasks.yaml", code=0)
    ends = [terminal.runs("next", code=1).stdout for _ in range(2)]
    assert "has ended. 0 of 4 tasks succeeded." in ends[0]
    assert ends[0] == ends[1]


@pytest.mark.usefixtures("tasks")
def test_the_status_names_every_task(terminal):
    terminal.runs("start", "tasks.yaml", code=0)
    lines = terminal.runs("status", code=0).stdout.splitlines()
    assert lines[0].endswith("under way")
    assert [line.split()[:2] for line in lines[1:]] == [
        ["a", "offered"],
        ["b", "offered"],
        ["c", "offered"],
        ["d", "waiting"],
    ]


def test_the_status_shows_a_terminal_nothing_that_it_would_obey(terminal):
    plan = plan_of({"a": ()}, terminal.project)
    make_run(plan, [claimed("a"), closed("a", "failed", reason="x \x1b]0;owned\x07 \x1b[2J")])
    said = terminal.runs("status", code=0).stdout
    assert "]0;owned" in said
    assert all(line.isprintable() for line in said.splitlines())


def test_what_start_counts_as_offered_is_what_its_block_shows(tmp_path, cache):
    project = tmp_path / ("長い名前のフォルダ" * 5) / ("長い名前のフォルダ" * 5)
    project.mkdir(parents=True)
    terminal = Terminal(str(project), str(tmp_path / "home"), cache)
    terminal.write("many.yaml", many(16))
    shown = [row["description"] for row in block(terminal.runs("start", "many.yaml", "--max-parallel", "16").stdout)]
    lines = terminal.runs("status", code=0).stdout.splitlines()
    assert [line.split()[0] for line in lines if " offered" in line] == shown


@pytest.mark.usefixtures("tasks")
def test_runs_that_start_in_the_same_moment_are_runs_of_their_own(terminal):
    how = {"cwd": terminal.project, "env": terminal.env, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    starts = [subprocess.Popen([LAUNCHER, "start", "tasks.yaml"], **how) for _ in range(4)]
    assert [(start.communicate()[1], start.returncode) for start in starts] == [(b"", 0)] * 4
    assert [list(ActiveRun(folder.path).state().open) for folder in all_runs(terminal.project)] == [["a", "b", "c"]] * 4


def test_a_run_is_found_by_its_name_by_its_end_and_the_newest_by_nothing(terminal):
    for name in ("old", "new"):
        terminal.write(f"{name}.yaml", TASK_FILE.replace("three-and-one", name))
        terminal.runs("start", f"{name}.yaml", code=0)
    old, new = sorted(os.listdir(terminal.path(".parallel-dispatch", "runs")), key=lambda name: name.startswith("new"))
    assert terminal.runs("status", code=0).stdout.startswith(f"new (run {new[-4:]})")
    for wanted in (old, old[-4:]):
        assert terminal.runs("status", wanted, code=0).stdout.startswith(f"old (run {old[-4:]})")


# --- what goes wrong ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tasks")
def test_a_project_that_cannot_be_written_is_one_sentence(terminal):
    terminal.write(".parallel-dispatch", "a file in the way")
    done = terminal.runs("start", "tasks.yaml", code=3)
    assert done.stderr.startswith("parallel-dispatch: ")
    assert ".parallel-dispatch" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize("verb", ON_A_RUN)
@pytest.mark.parametrize("file", ["plan.json", "ledger.jsonl"])
def test_a_damaged_run_is_one_sentence(terminal, verb, file):
    terminal.runs("start", "tasks.yaml", code=0)
    (run,) = os.listdir(terminal.path(".parallel-dispatch", "runs"))
    terminal.write(os.path.join(".parallel-dispatch", "runs", run, file), "{")
    done = terminal.runs(verb, code=3)
    assert done.stderr.startswith("parallel-dispatch: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("tasks")
def test_a_run_that_lost_its_plan_hides_no_other(terminal):
    terminal.runs("start", "tasks.yaml", code=0)
    (run,) = os.listdir(terminal.path(".parallel-dispatch", "runs"))
    terminal.write(".parallel-dispatch/runs/old-20200101-000000-dead/ledger.jsonl", "x")
    for wanted in ([run], []):
        assert f"(run {run[-4:]})" in terminal.runs("status", *wanted, code=0).stdout


@pytest.mark.parametrize("count", [1, 900], ids=["a few lines", "more than a pipe holds"])
def test_a_reader_that_has_gone_is_no_error(terminal, count):
    terminal.write("many.yaml", many(count))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(
            [LAUNCHER, "plan", "many.yaml"],
            cwd=terminal.project,
            env=terminal.env,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


@any_bytes
@pytest.mark.parametrize("language", ["", "C.UTF-8", "en_US.UTF-8", "en_US.ISO-8859-1"])
def test_a_file_whose_name_is_no_text_is_checked_like_any_other(terminal, language):
    terminal.write("tasks-\udcff.yaml", TASK_FILE)
    if language:
        terminal.env["LC_ALL"] = language
    assert terminal.runs("validate", "tasks-\udcff.yaml", code=0).stdout.endswith(": 4 tasks, no problems\n")


@any_bytes
def test_a_project_whose_name_is_no_text_can_be_worked_in(tmp_path, cache):
    project = os.path.join(str(tmp_path), "project-\udcff")
    subprocess.run(["git", "init", "-q", project], check=True)
    terminal = Terminal(project, str(tmp_path / "home"), cache)
    terminal.write("tasks.yaml", TASK_FILE)
    terminal.runs("start", "tasks.yaml", code=0)
    assert terminal.runs("status", code=0).stdout.splitlines()[0].endswith("under way")


@pytest.mark.usefixtures("tasks")
def test_a_report_that_cannot_be_written_is_one_sentence(terminal):
    terminal.runs("start", "tasks.yaml", code=0)
    (run,) = os.listdir(terminal.path(".parallel-dispatch", "runs"))
    os.mkdir(terminal.path(".parallel-dispatch", "runs", run, "report.md"))
    done = terminal.runs("report", code=3)
    assert "report.md" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", [".", "tasks.yaml/x", "none.yaml", "nul\udcff.yaml"])
@pytest.mark.usefixtures("tasks")
def test_a_path_that_is_no_file_is_a_problem_with_its_name(terminal, name):
    done = terminal.runs("validate", name, code=1)
    assert ":1:1: " in done.stderr
    assert "[unreadable]" in done.stderr


@pytest.mark.usefixtures("tasks")
def test_a_teams_own_template_that_is_broken_is_named_with_its_line(terminal):
    terminal.write(".claude/parallel-dispatch/templates/briefs/base.md.j2", "{{ marker }}\n{{ task.nothing }}\n")
    done = terminal.runs("start", "tasks.yaml", code=3)
    assert "base.md.j2" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("tasks")
def test_a_teams_own_template_wins_over_ours(terminal):
    terminal.write(".claude/parallel-dispatch/templates/briefs/base.md.j2", "{{ marker }}\nOur house rules.\n")
    (row, *_) = block(terminal.runs("start", "tasks.yaml", code=0).stdout)
    assert "Our house rules." in read(row["prompt"].partition("Read and follow ")[2])


# --- the verb report --------------------------------------------------------------------------------------------


@pytest.fixture
def reported(terminal):
    """A run that has ended, one of its tasks failed; where its folder lies."""
    terminal.write("tasks.yaml", TASK_FILE)
    terminal.runs("start", "tasks.yaml", code=0)
    for task in "ac":
        terminal.write(f"out/{task}.md", "x")
    terminal.runs("next", code=1)
    (run,) = os.listdir(terminal.path(".parallel-dispatch", "runs"))
    return terminal.path(".parallel-dispatch", "runs", run)


def test_report_writes_the_reports_anew_and_says_where_they_are(terminal, reported):
    names = sorted(name for name in os.listdir(reported) if name.startswith("report."))
    assert names[-2:] == ["report.json", "report.md"] or "report.html" in names
    for name in names:
        os.unlink(os.path.join(reported, name))
    said = terminal.runs("report", code=1).stdout.splitlines()
    assert said[0] == "2 of 4 tasks succeeded."
    assert sorted(line for line in said if line.startswith(reported)) == [
        os.path.join(reported, name) for name in names
    ]
    assert sorted(name for name in os.listdir(reported) if name.startswith("report.")) == names


def test_report_prints_json_that_is_the_file(terminal, reported):
    said = terminal.runs("report", "--format", "json", code=1).stdout
    assert json.loads(said) == json.loads(read(os.path.join(reported, "report.json")))
    assert said.isascii()


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize(("place", "made"), [("shared", {"report.md", "report.json"}), ("one.json", set())])
def test_report_shares_copies_and_replaces_nothing(terminal, place, made):
    said = terminal.runs("report", "--share", place, code=0).stdout.splitlines()
    if made:
        assert made <= set(os.listdir(terminal.path(place)))
    else:
        assert json.loads(read(terminal.path(place)))["run"]["shared"] is True
    assert len(said) >= 2
    again = terminal.runs("report", "--share", place, code=3)
    assert "is there already; name another place, or remove it first" in again.stderr


@pytest.mark.usefixtures("reported")
def test_report_shares_into_no_file_of_another_kind(terminal):
    terminal.write("notes.md", "mine")
    assert "is there already" in terminal.runs("report", "--share", "notes.md", code=3).stderr
    assert read(terminal.path("notes.md")) == "mine"
    assert "of files there are" in terminal.runs("report", "--share", "out.pdf", code=3).stderr


@pytest.mark.skipif(sys.platform == "darwin", reason="its opener has another name")
def test_report_opens_the_page_in_the_browser_and_says_where_it_is_without_one(terminal, reported, tmp_path):
    page = write(os.path.join(reported, "report.html"), "<p>a page</p>")
    opener = write(
        str(tmp_path / "programs" / "xdg-open"), f'#!/bin/sh\nprintf "%s\\n" "$#" "$1" >"{tmp_path}/opened"\n'
    )
    os.chmod(opener, 0o700)
    before = terminal.env["PATH"]
    terminal.env["PATH"] = f"{os.path.dirname(opener)}:{before}"
    assert terminal.runs("report", "--open", code=0).stdout == f"Opened {page}\n"
    end = time.monotonic() + 10
    while not os.path.exists(tmp_path / "opened") and time.monotonic() < end:
        time.sleep(0.02)
    assert read(str(tmp_path / "opened")) == f"1\n{page}\n"
