"""What the keys of a task file do: in its values, in the plan, in the order of dispatch and in the brief."""

import json
import os

import pytest
from builders import claimed, closed, header, launched, plan_of
from parallel_dispatch.brief import brief
from parallel_dispatch.contract import breach
from parallel_dispatch.decide import decide
from parallel_dispatch.dispatch import closing, plan_table, row
from parallel_dispatch.facts import gather
from parallel_dispatch.judge import built_on, inputs, lacking
from parallel_dispatch.load import load_text
from parallel_dispatch.options import Options
from parallel_dispatch.places import RunFolder
from parallel_dispatch.plan import Plan
from parallel_dispatch.planner import Place, make_plan
from parallel_dispatch.replay import replay
from parallel_dispatch.resolving import Roster
from parallel_dispatch.tasks import Task, TaskFile


@pytest.fixture
def planned(project):
    """The plan of a task file's text, in an empty project."""

    def plan(text, **values):
        loaded = load_text("t", text, project)
        assert loaded.task_file is not None, loaded.problems
        agents = Roster({"general-purpose": True, "reviewer": True})
        return make_plan(loaded.task_file, Options(**values), Place(project, "t", "t-1-abcd", f"{project}/out", agents))

    return plan


def offered(plan, *events):
    """The tasks that are to be dispatched after these events."""
    return [task for task, _ in decide(replay(plan, [header(), *events])).dispatch]


# for_each


EACH = """\
name: n
tasks:
  - id: a
    for_each: [one, two]
    prompt: Do {{ item }}, {{item}}, not {{ other }} or {item}.
    output: "{{ item }}.md"
    constraints: ["Keep to {{ item }}."]
  - {id: b, prompt: "Sum {{ item }}.", dependencies: [a]}
"""


def test_a_task_for_each_item(planned):
    tasks = planned(EACH).tasks
    assert list(tasks) == ["a-1", "a-2", "b"]
    assert tasks["a-2"].prompt == "Do two, two, not {{ other }} or {item}."
    assert tasks["a-2"].output.endswith("/two.md")
    assert tasks["a-2"].constraints == ("Keep to two.",)
    assert tasks["b"].dependencies == ["a-1", "a-2"]
    assert tasks["b"].prompt == "Sum {{ item }}."


def test_an_item_is_text_and_never_a_template(planned):
    tasks = planned("name: n\ntasks: [{id: a, for_each: ['{{ item }}', '\\1'], prompt: 'x {{ item }}'}]\n").tasks
    assert [task.prompt for task in tasks.values()] == ["x {{ item }}", "x \\1"]


def test_a_glob_finds_files_in_order_and_none_of_git_or_ours(planned, project):
    for path in ("src/b.py", "src/a.py", "src/deep/c.py", ".git/d.py", ".parallel-dispatch/e.py"):
        file = f"{project}/{path}"
        os.makedirs(file.rpartition("/")[0], exist_ok=True)
        with open(file, "w", encoding="utf-8") as made:
            made.write("x")
    text = "name: n\ntasks: [{id: a, for_each: '**/*.py', prompt: 'Read {{ item }}.'}]\n"
    prompts = [task.prompt for task in planned(text).tasks.values()]
    assert prompts == ["Read src/a.py.", "Read src/b.py.", "Read src/deep/c.py."]


def test_a_glob_that_finds_a_link_out_of_the_project_is_refused(project, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.md"
    secret.write_text("secret")
    os.symlink(secret, f"{project}/link.md")
    for key in ("for_each: '*.md', prompt: x", "prompt_file: link.md"):
        (problem,) = load_text("t", f"name: n\ntasks: [{{id: a, {key}}}]\n", project).problems
        assert problem.kind == "bad-path"


def test_a_prompt_file_is_the_prompt(planned, project):
    with open(f"{project}/p.md", "w", encoding="utf-8") as file:
        file.write("Line one.\n{{ item }} stays.\n")
    assert planned("name: n\ntasks: [{id: a, prompt_file: p.md}]\n").tasks["a"].prompt == "Line one.\n{{ item }} stays."


# limits of one task


def test_a_task_has_a_timeout_and_retries_of_its_own(planned):
    text = """\
name: n
tasks:
  - {id: a, prompt: x}
  - {id: b, prompt: x, timeout: 1.5m, retries: 0}
  - {id: c, prompt: x, timeout: 5000, retries: 2}
settings: {timeout_per_task: 1h, on_failure: retry, max_retries: 4}
"""
    tasks = planned(text).tasks
    assert {task.id: (task.timeout, task.attempts) for task in tasks.values()} == {
        "a": (3600.0, 5),
        "b": (90.0, 1),
        "c": (5.0, 3),
    }
    assert {task.timeout for task in planned(text, timeout=7000).tasks.values()} == {7.0}


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("1.001s", 1001), ("9.53s", 9530), ("1.001m", 60_060), ("1.001h", 3_603_600), ("1s", 1000)],
)
def test_a_duration_is_whole_milliseconds_and_none_is_lost(planned, text, milliseconds):
    plan = planned(f"name: n\ntasks: [{{id: a, prompt: x, timeout: {text}}}]\n")
    assert plan.tasks["a"].timeout == milliseconds / 1000


def test_retries_of_one_task_hold_where_failures_are_not_retried(planned):
    plan = planned("name: n\ntasks: [{id: a, prompt: x, retries: 1}, {id: b, prompt: x}]\n")
    failures = [claimed("a"), closed("a", "failed"), claimed("b"), closed("b", "failed")]
    assert offered(plan, *failures) == ["a"]
    assert offered(plan, *failures, claimed("a", "again"), closed("a", "failed", attempt=2)) == []


# who may run beside whom


def test_an_agent_has_so_many_instances(planned):
    plan = planned("""\
name: n
agents: {writer: {instances: 1, role: reviewer}, editor: {role: Chief Editor}}
tasks:
  - {id: a, agent: writer, prompt: x}
  - {id: b, agent: writer, prompt: x}
  - {id: c, agent: editor, prompt: x}
""")
    assert [(task.subagent_type, task.title) for task in plan.tasks.values()] == [
        ("reviewer", ""),
        ("reviewer", ""),
        ("general-purpose", "Chief Editor"),
    ]
    assert offered(plan) == ["a", "c"]
    assert offered(plan, claimed("a"), claimed("c")) == []
    assert replay(plan, [header(), claimed("a")]).refusal("b").startswith("all 1 instances of the agent writer")
    assert offered(plan, claimed("a"), closed("a")) == ["b", "c"]


def test_a_resource_is_held_by_as_many_as_it_is_enough_for(planned):
    plan = planned("""\
name: n
tasks:
  - {id: a, prompt: x, resources: {gpu: 2}}
  - {id: b, prompt: x, resources: {gpu: 2}}
  - {id: c, prompt: x, resources: {gpu: 1}}
  - {id: d, prompt: x, resources: [db]}
  - {id: e, prompt: x, resources: [db]}
settings: {resources: {gpu: 3}, max_parallel: 5}
""")
    assert offered(plan) == ["a", "c", "d"]
    assert "gpu is in use (2 of 3)" in replay(plan, [header(), claimed("a")]).refusal("b")
    assert offered(plan, claimed("a"), claimed("d"), closed("a")) == ["b", "c"]


def test_in_waves_nothing_begins_before_the_wave_before_has_ended(planned):
    text = "name: n\ntasks: [{id: a, prompt: x}, {id: b, prompt: x}, {id: c, prompt: x, dependencies: [a]}]\n"
    rolling, waves = planned(text), planned(text + "settings: {order: waves}\n")
    done = [claimed("a"), claimed("b"), closed("a")]
    assert offered(rolling, *done) == ["c"]
    assert offered(waves, *done) == []
    assert "waits for the end of wave 1" in replay(waves, [header(), *done]).refusal("c")
    assert offered(waves, *done, closed("b", "failed")) == ["c"]


# the order


def test_what_is_urgent_goes_first_with_all_that_it_needs():
    tasks = [
        Task("late", "x", priority="low"),
        Task("plain", "x"),
        Task("base", "x", priority="low"),
        Task("urgent", "x", dependencies=("base",), priority="high"),
    ]
    assert order_of(tasks) == ["base", "urgent", "plain", "late"]


def order_of(tasks):
    place = Place("/project", "/project/tasks.yaml", "tasks-20260102-030405-k3f2", "/project/out", Roster())
    return list(make_plan(TaskFile("a-run", tuple(tasks)), Options(), place).tasks)


def test_the_longest_way_by_estimates_goes_first_and_the_unknown_counts_as_the_mean():
    tasks = [
        Task("short", "x", estimated_duration=1000),
        Task("unknown", "x"),
        Task("long", "x", estimated_duration=9000),
        Task("after", "x", dependencies=("short",), estimated_duration=9500),
    ]
    assert order_of(tasks) == ["short", "after", "long", "unknown"]


# contracts

CONTRACT = {"sections": ["Open Questions", "Risks"], "contains": ["LGTM"], "min_bytes": 60}


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("# open  questions #\n## RISKS\nLGTM " + "x" * 60, ""),
        ("# Open Questions\n" + "x" * 60, 'lacks the heading "Risks" and does not contain "LGTM"'),
        ("```\n# Risks\n```\n# Open Questions\nLGTM" + "x" * 60, 'lacks the heading "Risks"'),
        ("~~~\n```\n~~~\n# Risks\n# Open Questions\nLGTM" + "x" * 60, ""),
        ("    # Risks\n#Open Questions\nLGTM" + "x" * 60, 'lacks the headings "Open Questions", "Risks"'),
        ("# Risks\n# Open Questions\nLGTM", "has 29 bytes, fewer than 60"),
    ],
)
def test_a_contract_is_kept_or_broken_by_what_the_output_holds(text, how):
    assert breach(CONTRACT, [text], len(text)) == how


@pytest.mark.parametrize(
    ("name", "text", "is_there"),
    [
        ("Summary", "```npm test``` passes\n\n# Summary\n", True),
        ("Summary", "```\n```python\n```\n# Summary\n", True),
        ("Summary", "````md\n```sh\n# Summary\n```\n````\n", False),
        ("Summary", "```\nx\n````\n# Summary\n", True),
        ("Summary", "\ufeff# Summary\n", True),
        ("Summary", "# Summary ##\n", True),
        ("## Summary", "# Summary\n", True),
        ("Summary", "####### Summary\n", False),
        ("C#", "# C#\n", True),
        ("C#", "# C# #\n", True),
        ("C", "# C#\n", False),
        ("#1 rule", "# #1 Rule\n", True),
    ],
)
def test_a_heading_is_what_markdown_takes_for_one(name, text, is_there):
    assert breach({"sections": [name]}, [text], 0) == ("" if is_there else f'lacks the heading "{name}"')


def test_the_parts_of_a_contract_may_stand_in_any_file_of_a_directory():
    assert breach(CONTRACT, ["# Risks\n", "# Open Questions\n", "LGTM"], 100) == ""


def test_what_breaks_the_contract_has_not_done_the_task(planned):
    plan = planned("""\
name: n
tasks:
  - {id: a, prompt: x, contract: {sections: [Risks]}}
  - {id: b, prompt: x, output: b/, contract: {contains: [done]}}
settings: {output_dir: out}
""")
    first, second = plan.tasks.values()
    for path, text in ((first.output, "# Risk\n"), (f"{second.output}x.md", "not yet")):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    assert lacking(plan, first) == 'its output out/a.md lacks the heading "Risks"'
    assert lacking(plan, second) == 'its output directory out/b/ does not contain "done"'
    assert '- the heading "Risks"\n' in brief(plan, replay(plan, [header()]), "a", 1)
    for path, text in ((first.output, "# Risks\n"), (f"{second.output}y.md", "done")):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    assert lacking(plan, first) == lacking(plan, second) == ""


def test_a_critical_task_that_fails_stops_the_run(planned):
    plan = planned("name: n\ntasks: [{id: a, prompt: x, critical: true}, {id: b, prompt: x}, {id: c, prompt: x}]\n")
    one = [claimed("a"), claimed("b")]
    assert offered(plan, *one, closed("b", "failed")) == ["c"]
    assert offered(plan, *one, closed("a", "failed")) == []
    state = replay(plan, [header(), *one, closed("a", "failed")])
    assert state.halted == "stopped, because a failed"
    told = closing(plan, state, RunFolder("/project/.parallel-dispatch/runs/x"))
    assert "a is critical: ask the user whether `/parallel-dispatch resume " in told


def test_without_hooks_the_call_names_model_and_effort(planned):
    plan = planned("name: n\ntasks: [{id: a, prompt: x, model: haiku, effort: low}]\n")
    folder = RunFolder("/run")
    assert {"model", "effort"}.isdisjoint(row(plan, folder, plan.tasks["a"], 1))
    plan.driver = "cli"
    call = row(plan, folder, plan.tasks["a"], 1)
    assert (call["model"], call["effort"]) == ("haiku", "low")


# the brief


PARTS = {
    "context": "The context.",
    "scope": "The scope.",
    "constraints": "A constraint.",
    "reads": "src/a.py",
    "output_format": "A form.",
    "success_criteria": "A criterion.",
}


@pytest.mark.parametrize("key", PARTS)
def test_every_part_of_a_brief_is_there_when_it_is_given_and_leaves_no_trace_else(planned, key):
    value = [PARTS[key]] if key in ("constraints", "reads", "success_criteria") else PARTS[key]
    plain = planned("name: n\ntasks: [{id: a, prompt: x}]\n")
    loaded = planned(f"name: n\ntasks: [{{id: a, prompt: x, {key}: {value!r}}}]\n")
    texts = [brief(plan, replay(plan, [header()]), "a", 1) for plan in (plain, loaded)]
    assert PARTS[key] not in texts[0]
    assert texts[1].count(PARTS[key]) == 1
    assert set(texts[0].splitlines()) <= set(texts[1].splitlines())


def test_a_plan_survives_its_file_with_every_key(planned):
    plan = planned(EACH + "agents: {x: {instances: 2}}\nsettings: {order: waves, resources: {gpu: 2}}\n")
    again = Plan.from_json(plan.to_json())
    assert again.to_json() == plan.to_json()
    assert again.tasks["a-2"].constraints == ("Keep to two.",)
    assert (again.in_waves, again.instances, again.resources) == (True, {"x": 2}, {"gpu": 2})


def test_a_plan_of_an_older_version_has_the_runs_limits():
    value = json.loads(plan_of({"a": ()}, timeout=9.0, on_failure="retry").to_json())
    for task in value["tasks"]:
        del task["timeout"], task["attempts"]
    for key in ("in_waves", "instances", "resources"):
        del value[key]
    (task,) = Plan.from_json(json.dumps(value)).tasks.values()
    assert (task.timeout, task.attempts) == (9.0, 4)


# waiting for some, and write scopes


SOME = """\
name: n
tasks:
  - {id: a, prompt: x}
  - {id: b, prompt: x, for_each: [one, two], writes: ["lib/{{ item }}/**"]}
  - {id: any, prompt: x, dependencies: [a, b], wait: any, losers: continue}
  - {id: two, prompt: x, dependencies: [a, b], wait: 2}
  - {id: three, prompt: x, dependencies: [a, b], wait: 3}
  - {id: all, prompt: x, dependencies: [a, b], wait: all}
  - {id: ended, prompt: x, dependencies: [a, b], wait: ended}
"""


def test_how_many_a_task_waits_for_counts_each_item(planned):
    plan = planned(SOME)
    waits = {task.id: (task.wait, task.needed, task.leaves_losers) for task in plan.tasks.values() if task.dependencies}
    assert waits == {
        "any": (1, 1, True),
        "two": (2, 2, False),
        "three": (0, 3, False),
        "all": (0, 3, False),
        "ended": (0, 3, False),
    }
    assert [task.id for task in plan.tasks.values() if task.goes_without] == ["ended"]
    assert plan.tasks["ended"].least == 1
    assert "ended  (general-purpose)  -> out/ended.md  after the end of a, b-1, b-2" in plan_table(plan)
    assert plan.tasks["b-2"].writes == ("lib/two/**",)
    assert "two  (general-purpose)  -> out/two.md  after 2 of a, b-1, b-2" in plan_table(plan)


def test_a_brief_names_what_it_goes_on_without_and_why(planned):
    plan = planned(SOME)
    events = [claimed("a"), closed("a"), claimed("b-1"), closed("b-1", "failed", reason="no output"), claimed("b-2")]
    text = brief(plan, replay(plan, [header(), *events]), "any", 1)
    inputs = text.partition("## Inputs")[2].partition("##")[0]
    assert f"- a: {plan.tasks['a'].output}" in inputs
    assert "- b-1, which failed: no output" in inputs
    assert "- b-2, which has not ended" in inputs
    assert plan.tasks["b-1"].output not in inputs


@pytest.mark.parametrize(
    ("writes", "wanted"),
    [
        ("", ["- Yours is your output alone."]),
        ("settings: {writes: open}\n", []),
    ],
)
def test_a_brief_says_what_its_agent_may_change(planned, writes, wanted):
    plan = planned(f"name: n\ntasks: [{{id: a, prompt: x}}, {{id: b, prompt: x, writes: [src/**, docs]}}]\n{writes}")
    state = replay(plan, [header()])
    assert [line for line in brief(plan, state, "a", 1).splitlines() if "Yours" in line] == wanted
    assert "- Yours are your output and these files of the project, given as globs: src/**, docs" in brief(
        plan, state, "b", 1
    )


EITHER = """\
name: n
tasks:
  - {id: a, prompt: x}
  - {id: b, prompt: x}
  - {id: c, prompt: x, dependencies: [a, b], wait: any, losers: continue}
"""


def test_what_a_task_went_on_without_is_no_input_of_it(planned):
    plan = planned(EITHER)
    os.makedirs(plan.output_dir)
    for task in "ab":
        with open(plan.tasks[task].output, "w", encoding="utf-8") as file:
            file.write(task)
    events = [claimed("a", time=1.0), claimed("b", time=1.0), closed("a", time=2.0), claimed("c", time=3.0)]
    state = replay(plan, [header(), *events, closed("b", time=4.0), closed("c", time=5.0)])
    (attempt,) = state.attempts["c"]
    assert built_on(state, attempt) == ["a"]
    with open(plan.tasks["b"].output, "a", encoding="utf-8") as file:
        file.write("more")
    before = inputs(state, attempt)
    with open(plan.tasks["a"].output, "a", encoding="utf-8") as file:
        file.write("more")
    assert inputs(state, attempt) != before


def test_the_critical_path_leaves_out_what_was_not_waited_for(planned):
    plan = planned(EITHER)
    events = [
        *[
            event
            for task, begin in (("a", 0.0), ("b", 0.0))
            for event in (claimed(task, time=begin), launched(task, time=begin))
        ],
        closed("a", time=2.0),
        claimed("c", time=2.0),
        launched("c", time=2.0),
        closed("c", time=3.0),
        closed("b", time=9.0),
    ]
    facts = gather(plan, replay(plan, [header(), *events]))
    assert facts.critical_path == (("b",), 9.0)


@pytest.mark.parametrize(
    ("output", "kind"), [("t.yaml", "bad-output"), ("./sub/../t.yaml", "bad-output"), ("u.yaml", None)]
)
def test_the_task_file_is_no_output(project, output, kind):
    text = f"name: n\ntasks: [{{id: a, prompt: x, output: {output}}}]\nsettings: {{output_dir: .}}\n"
    problems = load_text(f"{project}/t.yaml", text, project).problems
    assert [problem.kind for problem in problems] == ([kind] if kind else [])
    assert all('"output" in task "a" is the task file itself; ' in problem.message for problem in problems)
