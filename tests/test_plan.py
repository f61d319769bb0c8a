"""Plans: waves and order, whose word counts, where outputs go, what is refused."""

import os

import pytest
from builders import plan_of, write
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.dispatch import head
from parallel_dispatch.load import load_text
from parallel_dispatch.options import Options
from parallel_dispatch.places import default_output_folder
from parallel_dispatch.plan import Plan
from parallel_dispatch.planner import Place, make_plan, plan_run
from parallel_dispatch.refusal import Refusal
from parallel_dispatch.resolving import Roster
from parallel_dispatch.tasks import Settings, Task, TaskFile

QUICK = settings(max_examples=200, deadline=None, derandomize=True)


def tasks_of(needs):
    return [Task(task, f"Do {task}.", output=f"{task}.md", dependencies=tuple(d)) for task, d in needs.items()]


def plan_for(needs):
    return make_plan(TaskFile("a-run", tuple(tasks_of(needs))), Options(), place_of("/project"))


def order_of(needs):
    return list(plan_for(needs).tasks)


def waves_of(needs):
    return {task.id: task.wave for task in plan_for(needs).tasks.values()}


# --- order --------------------------------------------------------------------------------------------------------


def test_a_task_is_one_wave_after_the_last_that_it_needs():
    assert waves_of({"a": (), "b": ("a",), "c": (), "d": ("b", "c")}) == {"a": 1, "b": 2, "c": 1, "d": 3}


def test_equal_tasks_keep_the_order_of_the_file():
    assert order_of({"z": (), "a": (), "m": ()}) == ["z", "a", "m"]


def test_the_longest_remaining_path_goes_first():
    needs = {
        "short": (),
        "long-1": (),
        "long-2": ("long-1",),
        "long-3": ("long-2",),
        "middle": (),
        "after": ("middle",),
    }
    assert order_of(needs) == ["long-1", "long-2", "middle", "short", "long-3", "after"]


def test_ties_in_length_go_by_the_file_even_where_the_waves_differ():
    assert order_of({"first": (), "end": ("first",), "alone": ()}) == ["first", "end", "alone"]


def test_a_chain_of_five_thousand_tasks_is_planned():
    needs = {"t0": (), **{f"t{n}": (f"t{n - 1}",) for n in range(1, 5000)}}
    reverse = dict(reversed(needs.items()))
    assert order_of(reverse) == list(needs)
    assert waves_of(reverse)["t4999"] == 5000


@st.composite
def dags(draw):
    size = draw(st.integers(1, 12))
    needs = {f"t{n}": draw(st.sets(st.integers(0, n - 1), max_size=4)) if n else set() for n in range(size)}
    named = {task: tuple(f"t{d}" for d in sorted(found)) for task, found in needs.items()}
    return {task: named[task] for task in draw(st.permutations(list(named)))}


@QUICK
@given(dags())
def test_a_plan_has_every_task_once_and_none_before_what_it_needs(needs):
    order, waves = order_of(needs), waves_of(needs)
    assert sorted(order) == sorted(needs)
    for task, found in needs.items():
        assert all(order.index(need) < order.index(task) for need in found)
        assert waves[task] == 1 + max((waves[need] for need in found), default=0)


@QUICK
@given(dags())
def test_the_same_tasks_make_the_same_plan(needs):
    assert plan_for(needs).to_json() == plan_for(needs).to_json()


# --- whose word counts --------------------------------------------------------------------------------------------


def place_of(project, **values):
    run = "tasks-20260102-030405-k3f2"
    known = {"driver": "hooks", "agents": Roster(), **values}
    default = default_output_folder(project, run)
    return Place(project, os.path.join(project, "tasks.yaml"), run, default, **known)


def planned(project, settings=None, options=None, tasks=None, **values):
    file = TaskFile("a-run", tuple(tasks or tasks_of({"a": ()})), settings=settings or Settings())
    return make_plan(file, options or Options(), place_of(project, **values))


LIMITS = ("max_parallel", "timeout", "on_failure")


def test_without_a_word_the_defaults_of_the_first_document_hold(project):
    plan = planned(project)
    assert [getattr(plan, name) for name in LIMITS] == [4, 120.0, "continue"]


def test_the_file_wins_over_the_defaults(project):
    plan = planned(project, Settings(2, 5000, "mine", "retry", 7))
    assert [getattr(plan, name) for name in LIMITS] == [2, 5.0, "retry"]
    assert plan.max_retries == 7
    assert plan.tasks["a"].attempts == 8
    assert plan.output_dir == os.path.join(project, "mine")


def test_no_more_agents_work_at_once_than_the_host_allows_and_the_plan_says_so(project, monkeypatch):
    plan = planned(project, Settings(8), host_cap=3)
    assert (plan.max_parallel, plan.capped) == (3, True)
    assert "at most 3 at a time (the host allows no more), " in head(plan)
    assert (planned(project, Settings(8)).capped, planned(project, Settings(3), host_cap=3).capped) == (False, False)
    loaded = load_text("tasks.yaml", "name: n\ntasks: [{id: a, prompt: x}]\nsettings: {max_parallel: 16}\n")
    for written, most in (("5", 5), ("0", 16), ("many", 16), ("", 16)):
        monkeypatch.setenv("CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS", written)
        assert plan_run(loaded, Options(), project)[0].max_parallel == most


def test_the_command_line_wins_over_the_file(project):
    plan = planned(project, Settings(2, 5000, "mine", "retry"), Options(3, 9000, "yours", "stop"))
    assert [getattr(plan, name) for name in LIMITS] == [3, 9.0, "stop"]
    assert plan.output_dir == os.path.join(project, "yours")


@pytest.mark.parametrize("option", [name for name in Options._fields if name != "optimize"])
def test_one_option_leaves_the_others_to_the_file(project, option):
    given_values = {
        "max_parallel": 3,
        "timeout": 9000,
        "output": "yours",
        "on_failure": "stop",
        "dispatch": "foreground",
    }
    plan = planned(project, Settings(2, 5000, "mine", "retry"), Options(**{option: given_values[option]}))
    found = {
        "max_parallel": plan.max_parallel,
        "timeout": int(plan.timeout * 1000),
        "output": os.path.basename(plan.output_dir),
        "on_failure": plan.on_failure,
        "dispatch": "background" if plan.background else "foreground",
    }
    expected = {
        "max_parallel": 2,
        "timeout": 5000,
        "output": "mine",
        "on_failure": "retry",
        "dispatch": "background",
        option: given_values[option],
    }
    assert found == expected


# --- where outputs go ---------------------------------------------------------------------------------------------


def test_outputs_go_below_the_output_directory_and_directories_keep_their_slash(project):
    tasks = [Task("a", "p", output="deep/./a.md"), Task("b", "p", output="docs/")]
    plan = planned(project, Settings(output_dir="out/"), tasks=tasks)
    assert plan.tasks["a"].output == os.path.join(project, "out/deep/a.md")
    assert plan.tasks["b"].output == os.path.join(project, "out/docs/")
    assert (plan.tasks["a"].is_folder, plan.tasks["b"].is_folder) == (False, True)


def test_without_a_word_outputs_go_into_a_folder_of_the_run(project):
    plan = planned(project)
    assert plan.output_dir == os.path.join(project, ".parallel-dispatch", "outputs", "tasks-20260102-030405-k3f2")


def test_where_the_project_has_an_aiwg_folder_outputs_go_there(project):
    os.mkdir(os.path.join(project, ".aiwg"))
    assert planned(project).output_dir == os.path.join(project, ".aiwg", "working")


def test_a_rehearsal_writes_into_its_own_folder_whatever_the_file_says(project):
    plan = planned(project, Settings(output_dir="src"), Options(output="lib"), rehearsal=True)
    assert plan.output_dir.startswith(os.path.join(project, ".parallel-dispatch"))


@pytest.mark.parametrize("wanted", [".", "./", "out", "out/../other", "a b/ü", ".aiwg/working/reviews/"])
def test_an_output_directory_inside_the_project_is_taken(project, wanted):
    assert planned(project, Settings(output_dir=wanted)).output_dir == os.path.normpath(os.path.join(project, wanted))


def test_an_absolute_output_directory_inside_the_project_is_taken(project):
    assert planned(project, options=Options(output=os.path.join(project, "x"))).output_dir == os.path.join(project, "x")


@pytest.mark.parametrize("wanted", ["..", "../elsewhere", "out/../../elsewhere", "/", "/elsewhere"])
def test_an_output_directory_outside_the_project_is_refused(project, wanted):
    with pytest.raises(Refusal, match=r"output directory .* leaves the project"):
        planned(project, options=Options(output=wanted))


def test_a_neighbour_whose_name_begins_like_the_project_is_outside(project):
    with pytest.raises(Refusal, match=r"output directory .* leaves the project"):
        planned(project, options=Options(output=project + "-2"))


@pytest.mark.parametrize("wanted", ["out", "out/deep"])
def test_an_output_directory_that_is_a_file_or_lies_below_one_is_refused(project, wanted):
    write(os.path.join(project, "out"), "I am a file.")
    with pytest.raises(Refusal, match=r"out is a file; name a directory"):
        planned(project, Settings(output_dir=wanted))


def test_a_link_that_leads_out_of_the_project_is_refused_as_directory_and_below_it(project, tmp_path):
    os.symlink(tmp_path, os.path.join(project, "away"))
    with pytest.raises(Refusal, match="leaves the project"):
        planned(project, Settings(output_dir="away/out"))
    with pytest.raises(Refusal, match=r'output "away/a.md" of task "a" leaves the project through a link'):
        planned(project, Settings(output_dir="."), tasks=[Task("a", "p", output="away/a.md")])


def test_a_link_that_stays_in_the_project_is_followed(project):
    os.mkdir(os.path.join(project, "real"))
    os.symlink("real", os.path.join(project, "link"))
    assert planned(project, Settings(output_dir="link")).output_dir == os.path.join(project, "link")


@pytest.mark.parametrize("output", [".git/hooks/pre-commit", ".GIT/config", "sub/.git/config", ".claude/settings.json"])
def test_an_output_that_others_trust_is_refused(project, output):
    with pytest.raises(Refusal, match=r"lies in .*; name another place"):
        planned(project, Settings(output_dir="."), tasks=[Task("a", "p", output=output)])


def test_a_link_to_what_others_trust_is_refused(project):
    os.mkdir(os.path.join(project, ".git"))
    os.symlink(".git", os.path.join(project, "innocent"))
    with pytest.raises(Refusal, match=r"lies in \.git"):
        planned(project, Settings(output_dir="innocent"))


def test_the_task_file_is_nobodys_output(project):
    with pytest.raises(Refusal, match="is the task file itself"):
        planned(project, Settings(output_dir="."), tasks=[Task("a", "p", output="tasks.yaml")])


def test_a_project_that_is_itself_a_link_is_no_way_out(project, tmp_path):
    link = str(tmp_path / "link")
    os.symlink(project, link)
    plan = planned(link, Settings(output_dir="out"))
    assert plan.tasks["a"].output == os.path.join(link, "out", "a.md")
    assert plan.tasks["a"].own == [os.path.join(os.path.realpath(project), "out", "a.md")]


# --- plan.json ----------------------------------------------------------------------------------------------------


def test_a_plan_comes_back_from_its_file_as_it_was(project):
    text = planned(project, tasks=tasks_of({"a": (), "b": ("a",), "c": ("a",)})).to_json()
    plan = Plan.from_json(text)
    assert plan.to_json() == text
    assert plan.dependents == {"a": ["b", "c"], "b": [], "c": []}
    assert [[task.id for task in wave] for wave in plan.waves] == [["a"], ["b", "c"]]


@QUICK
@given(st.text(), st.text())
def test_any_text_survives_the_file(name, prompt):
    plan = plan_of({"a": ()})
    plan.name, plan.tasks["a"].prompt = name, prompt
    again = Plan.from_json(plan.to_json())
    assert (again.name, again.tasks["a"].prompt) == (name, prompt)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tasks": 1}', '{"tasks": [1]}', '{"tasks": [], "new": 1}', "{"])
def test_a_damaged_plan_is_refused(text):
    with pytest.raises(Refusal, match=r"plan\.json of this run is"):
        Plan.from_json(text)


def test_a_plan_in_which_a_task_needs_one_that_is_not_there_is_refused():
    text = plan_of({"a": (), "b": ("a",)}).to_json()
    with pytest.raises(Refusal, match=r"plan\.json of this run is"):
        Plan.from_json(text.replace('"dependencies": ["a"]', '"dependencies": ["zz"]'))


def test_paths_are_shown_relative_to_the_project_where_they_lie_in_it():
    plan = plan_of({"a": ()}, "/project")
    assert plan.shown("/project/out/a.md") == "out/a.md"
    assert plan.shown("/project-2/a.md") == "/project-2/a.md"


def test_a_plan_keeps_the_title_beside_the_agent(project):
    plan = planned(project, tasks=[Task("a", "p", agent="a title", output="a.md"), Task("b", "p", output="b.md")])
    assert [(task.agent, task.subagent_type) for task in plan.tasks.values()] == [
        ("a title", "general-purpose"),
        ("general-purpose", "general-purpose"),
    ]
