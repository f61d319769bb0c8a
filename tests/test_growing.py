"""Tasks made of what another one wrote: the list read, the plan grown, the run going on, whatever happens between."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from builders import ROOT, SESSION, VERSIONS, claimed, closed, event, header, make_run, read, write
from driving import Driven
from hooking import Conversation, heard, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch import dispatch, status
from parallel_dispatch import run as running
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.brief import brief
from parallel_dispatch.copyist import Copyist, job_of
from parallel_dispatch.decide import decide
from parallel_dispatch.growing import grow
from parallel_dispatch.item import substituted
from parallel_dispatch.judge import fingerprint
from parallel_dispatch.listing import listed
from parallel_dispatch.load import load_text
from parallel_dispatch.options import Options
from parallel_dispatch.plan import Plan
from parallel_dispatch.planner import Place, make_plan
from parallel_dispatch.refusal import Refusal
from parallel_dispatch.replay import replay
from parallel_dispatch.reports import write_reports
from parallel_dispatch.resolving import BUILT_IN, Roster
from parallel_dispatch.spread import spread
from parallel_dispatch.spreading import spread_ready
from parallel_dispatch.standings import moment
from test_hooks import pythons

TASKS = """\
name: n
tasks:
  - {id: analyze, prompt: Find what must change., output: changes.json}
  - id: fix
    for_each: {from: analyze, path: result.changes}
    agent: reviewer of {{ item }}
    prompt: Do {{ item }}, {{item}}, not {{ other }}.
    constraints: ["Keep to {{ item }}."]
    contract: {contains: ["{{ item }} done"]}
  - {id: sum, prompt: "Sum {{ item }}.", dependencies: [fix]}
  - {id: other, prompt: Something else.}
settings: {output_dir: out}
"""
PLAIN = TASKS.replace('    contract: {contains: ["{{ item }} done"]}\n', "")


@pytest.fixture
def planned(project):
    """The plan of a task file's text, in an empty project."""
    return lambda text=PLAIN, **more: plan_in(project, text, **more)


ROSTER = Roster({**BUILT_IN, "reviewer": True})


def plan_in(project, text, driver="hooks"):
    loaded = load_text("tasks.yaml", text, project)
    assert loaded.task_file is not None, loaded.problems
    place = Place(project, f"{project}/tasks.yaml", "t-1-k3f2", f"{project}/out", ROSTER, driver=driver)
    return make_plan(loaded.task_file, Options(), place)


def changes(*items):
    return json.dumps({"result": {"changes": items}})


def named(*items, task="fix"):
    return event("spread", task=task, items=list(items), sha256="x")


DONE = [claimed("analyze"), closed("analyze")]


def after(plan, *events):
    return replay(plan, [header(), *events])


def offered(state):
    return [task for task, _ in decide(state).dispatch]


# --- an item in a text --------------------------------------------------------------------------------------------


@given(st.text(alphabet="{} item-x", max_size=40), st.sampled_from(["X", "{{ item }}", "\\1", ""]))
def test_an_item_goes_into_a_text_as_a_regular_expression_would_put_it(text, item):
    assert substituted(text, item) == re.sub(r"\{\{ *item *\}\}", lambda _: item, text)


# --- the list -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "items"),
    [
        ('["a", 1, 2.5, "1e3"]', "", ["a", "1", "2.5", "1e3"]),
        (' \n{"a": {"b": ["é"]}}\n', "a.b", ["é"]),
        ("\ufeff[]", "", []),
        ('{"a": [{"f": "x y", "n": [1, null]}, true, [2]]}', "a", ['{"f":"x y","n":[1,null]}', "true", "[2]"]),
        ('# Found\n\n```json\n{"a": ["x"]}\n```\nThat is all.\n', "a", ["x"]),
        ("```python\nx\n```\n~~~JSON\n[1]\n~~~\n", "", ["1"]),
        ("````markdown\n```json\n[9]\n```\n````\n```json\n[1]\n```\n", "", ["1"]),
        ("- first\n\n  ```json\n  [1]\n  ```\n", "", ["1"]),
        ("```x``` is it\n\n```json\n[1]\n```\n", "", ["1"]),
        (json.dumps(["x" * 1000] * 1000), "", ["x" * 1000] * 1000),
        ('["half \\ud800 a character"]', "", ["half ? a character"]),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_a_list_is_found(text, path, items):
    assert listed(text, path) == items


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        ("", "", "holds no JSON: "),
        ("I found nothing.", "", "holds no JSON: "),
        ("```json\n[1,\n```", "", "holds no JSON: "),
        ("```json\n[1]\n```\n```json\n[2]\n```\n", "", "holds 2 blocks of JSON; exactly one is wanted"),
        ('{"a": []}', "", 'holds a mapping, not a list; its keys are "a"'),
        ('{"a": {"x": 1, "y": 2}}', "a.b", 'holds no "b" in "a"; its keys are "x", "y"'),
        ("[]", "a", 'holds no "a"'),
        ('{"a": "x"}', "a", 'holds a text under "a", not a list'),
        ('{"a": null}', "a", 'holds null under "a", not a list'),
        ('["a", " "]', "", "lists an empty text, as item 2"),
        (json.dumps([1] * 1001), "", "lists 1,001 items, more than 1,000"),
        (json.dumps(["x" * 1001] * 1000), "", "lists items of more than 1,000,000 characters"),
        ("[" * 100_000, "", "holds no JSON: "),
        ('["a", 1e999]', "", "lists a number that JSON cannot hold, as item 2"),
        ('{"a": [{"b": [NaN]}]}', "a", 'lists a number that JSON cannot hold under "a", as item 1'),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_no_list_is_found_and_the_reason_says_why(text, path, why):
    with pytest.raises(Refusal) as refused:
        listed(text, path)
    assert str(refused.value).startswith(why)


def test_a_reason_is_one_short_line_whatever_the_keys_are():
    with pytest.raises(Refusal) as refused:
        listed(json.dumps({"k\n" * 30_000: 1, "half \ud800": 2}), "x")
    assert re.fullmatch(r'holds no "x"; its keys are "k k [k ]{50,60}…", "half \?"', str(refused.value))


# --- the plan -----------------------------------------------------------------------------------------------------


def test_a_task_that_stands_for_others_is_one_in_the_plan_and_waits_for_whoever_lists_them(planned):
    plan = planned()
    (pattern,) = plan.patterns
    assert (pattern.for_each, pattern.dependencies) == ({"from": "analyze", "path": "result.changes"}, ["analyze"])
    assert pattern.prompt == "Do {{ item }}, {{item}}, not {{ other }}."
    assert "  fix  (reviewer of {{ item }} as general-purpose)  one for each item of analyze's output, " in (
        dispatch.plan_table(plan)
    )
    assert "wave 2: fix (one for each item of analyze's output, result.changes)" in dispatch.plan_text(plan)
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()


def test_a_plan_grows_by_a_task_for_each_item(planned):
    plan = planned(TASKS)
    grown = grow(plan, plan.tasks["fix"], ["one", '{"n":2}'])
    assert sorted(grown.tasks) == ["analyze", "fix-1", "fix-2", "other", "sum"]
    task = grown.tasks["fix-2"]
    assert task.prompt == 'Do {"n":2}, {"n":2}, not {{ other }}.'
    assert task.constraints == ('Keep to {"n":2}.',)
    assert task.contract["contains"] == ('{"n":2} done',)
    assert (task.agent, task.title) == ('reviewer of {"n":2}',) * 2
    assert (task.dependencies, task.wave, task.for_each) == (["analyze"], 2, {})
    assert task.output.endswith("/out/fix-2.md")
    assert grown.tasks["sum"].dependencies == ["fix-1", "fix-2"]
    assert grown.tasks["sum"].prompt == "Sum {{ item }}."
    assert grown.dependents["fix-1"] == ["sum"]
    assert plan.tasks["sum"].dependencies == ["fix"]
    assert Plan.from_json(grown.to_json()).to_json() == grown.to_json()


@pytest.mark.parametrize("is_in_a_file", [False, True])
def test_an_item_that_another_task_lists_stands_in_a_schema_where_one_of_the_task_file_would(project, is_in_a_file):
    schema = '{"properties": {"{{ item }}": {"const": "{{ item }}", "maximum": 1.5}}}'
    write(f"{project}/s.json", schema)
    contract = f"contract: {{json_schema: {'s.json' if is_in_a_file else schema}}}"
    text = PLAIN.replace("    prompt: Do", f"    {contract}\n    prompt: Do")
    item = 'a "quoted" \\ é'
    plan = plan_in(project, text)
    fixed = plan_in(project, text.replace("{from: analyze, path: result.changes}", json.dumps([item])))
    made = grow(plan, plan.tasks["fix"], [item]).tasks["fix-1"].contract["json_schema"]
    assert made == fixed.tasks["fix-1"].contract["json_schema"]
    assert json.loads(made) == {"properties": {"{{ item }}": {"const": item, "maximum": 1.5}}}


def test_a_schema_file_cannot_be_chosen_by_an_item_that_nobody_knows_yet(project):
    text = PLAIN.replace("    prompt: Do", "    contract: {json_schema: '{{ item }}.json'}\n    prompt: Do")
    (message,) = [p.message for p in load_text("t", text, project).problems if p.level == "error"]
    assert message == (
        '"json_schema" in task "fix" must be the same for every item, which nobody knows before "analyze" has ended;'
        " write {{ item }} into the file instead"
    )


def test_an_item_chooses_where_its_task_writes_but_no_type_of_the_hosts_agents(planned):
    text = PLAIN.replace("    agent: reviewer of {{ item }}\n", "    agent: '{{ item }}'\n    output: x/{{ item }}\n")
    plan = planned(text)
    one, two = list(grow(plan, plan.tasks["fix"], ["reviewer", "b/"]).tasks.values())[1:3]
    assert (one.subagent_type, one.title) == ("general-purpose", "reviewer")
    assert [os.path.relpath(task.output, plan.output_dir) for task in (one, two)] == ["x/reviewer", "x/b"]
    assert [task.is_folder for task in (one, two)] == [False, True]


def test_where_there_is_nothing_to_do_dependents_wait_for_what_it_would_have_waited_for(planned):
    plan = planned()
    grown = grow(plan, plan.tasks["fix"], [])
    assert "fix" not in grown.tasks
    assert grown.tasks["sum"].dependencies == ["analyze"]


def test_whoever_lists_the_items_is_told_so_and_the_scripted_agent_does_it(planned):
    text = PLAIN.replace("settings:", "  - {id: t, for_each: {from: analyze, path: more}, prompt: x}\nsettings:")
    for name, other in (("changes.json", text), ("changes.md", text.replace("changes.json", "changes.md"))):
        plan = planned(other)
        told = brief(plan, after(plan), "analyze", 1)
        assert told.count("Other tasks are made from the list under `") == 2
        assert "Other tasks" not in brief(plan, after(plan), "other", 1)
        job = job_of([told])
        assert job.output.endswith(name)
        assert listed(Copyist().content(job), "result.changes") == listed(Copyist().content(job), "more")
    plan = planned(PLAIN.replace(", path: result.changes", ""))
    assert len(listed(Copyist().content(job_of([brief(plan, after(plan), "analyze", 1)])), "")) == 2


# --- replay -------------------------------------------------------------------------------------------------------


def test_a_task_that_stands_for_others_is_never_dispatched_and_the_run_waits_until_they_are_made(planned):
    plan = planned(PLAIN.replace("  - {id: other, prompt: Something else.}\n", ""))
    state = after(plan, *DONE)
    assert (offered(state), decide(state).over) == ([], False)
    assert [task.id for task in state.ready_to_grow] == ["fix"]
    assert after(plan, *DONE, claimed("fix")).rejected["call-fix"].startswith('"fix" stands for tasks')
    assert after(plan, claimed("fix-1")).rejected["call-fix-1"] == 'this run has no task "fix-1"'


def test_items_release_their_tasks_and_the_dependents_wait_for_all_of_them(planned):
    plan = planned()
    begun = [*DONE, named("a", "b"), claimed("fix-1"), claimed("fix-2")]
    assert sorted(offered(after(plan, *begun[:3]))) == ["fix-1", "fix-2", "other"]
    assert offered(after(plan, *begun, closed("fix-1"))) == ["other"]
    assert offered(after(plan, *begun, closed("fix-1"), closed("fix-2"))) == ["sum", "other"]
    state = after(plan, *begun, closed("fix-1"), closed("fix-2", "failed"))
    assert state.outcomes()["sum"] == ("skipped", "needs fix-2, which failed")
    assert "fix" not in state.outcomes()


def test_a_task_that_waits_for_some_is_not_skipped_before_all_that_it_may_wait_for_is_made(planned):
    plan = planned(PLAIN.replace("dependencies: [fix]", "dependencies: [fix, other], wait: 2"))
    lost = [claimed("other"), closed("other", "failed")]
    assert after(plan, *lost).outcomes()["sum"] == ("", "")
    begun = [*lost, *DONE, named("a", "b"), claimed("fix-1"), closed("fix-1"), claimed("fix-2"), closed("fix-2")]
    assert offered(after(plan, *begun)) == ["sum"]
    assert after(plan, *begun[:-1], closed("fix-2", "failed")).outcomes()["sum"][0] == "skipped"
    assert after(plan, *lost, *DONE, named("a")).outcomes()["sum"][0] == "skipped"
    assert after(plan, *lost, claimed("analyze"), closed("analyze", "failed")).outcomes()["sum"][0] == "skipped"


def test_an_empty_list_is_nothing_to_do(planned):
    state = after(planned(), *DONE, named())
    assert offered(state) == ["sum", "other"]


def test_items_that_are_named_twice_too_early_or_too_late_change_nothing(planned):
    plan = planned()
    for events in (
        [named("a"), *DONE],
        [claimed("analyze"), named("a"), closed("analyze")],
        [*DONE, event("cancelled"), named("a")],
    ):
        assert "fix" in after(plan, *events).plan.tasks
    late = [named("c"), event("unspread", task="fix", reason="r")]
    assert sorted(after(plan, *DONE, named("a", "b"), *late).plan.tasks)[1:3] == ["fix-1", "fix-2"]
    state = after(plan, *DONE, event("unspread", task="fix", reason="r"), named("a"))
    assert state.outcomes()["fix"] == ("failed", "r")


STOPPING = {
    "nothing": PLAIN,
    "critical": PLAIN.replace("result.changes}", "result.changes}\n    critical: true"),
    "on_failure": PLAIN.replace("output_dir: out", "output_dir: out, on_failure: stop"),
}


@pytest.mark.parametrize("why", STOPPING)
def test_items_that_cannot_be_had_are_the_failure_of_their_task(planned, why):
    state = after(planned(STOPPING[why]), *DONE, event("unspread", task="fix", reason="there is no list"))
    assert state.outcomes()["fix"] == ("failed", "there is no list")
    assert state.outcomes()["sum"] == ("skipped", "needs fix, which failed")
    assert (state.stopped_by, offered(state)) == (("", ["other"]) if why == "nothing" else ("fix", []))


def test_without_its_list_a_task_is_skipped(planned):
    state = after(planned(), claimed("analyze"), closed("analyze", "failed"))
    assert state.outcomes()["fix"] == ("skipped", "needs analyze, which failed")
    assert state.ready_to_grow == []


def test_in_waves_the_tasks_that_are_made_are_one_wave(planned):
    plan = planned(PLAIN.replace("output_dir: out", "output_dir: out, order: waves"))
    state = after(plan, *DONE, named("a", "b"))
    assert offered(state) == ["other"]
    assert offered(after(plan, *DONE, named("a", "b"), claimed("other"), closed("other"))) == ["fix-1", "fix-2"]


def test_resumed_with_its_list_made_anew_a_run_forgets_the_tasks_of_the_old_one_and_counts_their_attempts(planned):
    plan = planned()
    first = [*DONE, named("a", "b"), claimed("fix-1"), closed("fix-1"), claimed("fix-2"), closed("fix-2", "failed")]
    resumed = [*first, event("resumed", again=["analyze", "fix-1", "fix"])]
    state = after(plan, *resumed)
    assert sorted(state.plan.tasks) == ["analyze", "fix", "other", "sum"]
    assert state.outcomes()["fix"] == ("", "")
    again = [*resumed, claimed("analyze", "again"), closed("analyze", attempt=2), named("b")]
    state = after(plan, *again)
    assert decide(state).dispatch == [("fix-1", 2), ("other", 1)]
    kept = after(plan, *first, event("resumed", again=[]))
    assert decide(kept).dispatch == [("fix-2", 2), ("other", 1)]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_whatever_happens_replay_is_a_function_of_plan_and_ledger_and_every_run_ends(seed):
    chance, plan = random.Random(seed), plan_in("/project", PLAIN)  # noqa: S311
    events = [header()]
    for number in range(200):
        state = replay(plan, events)
        decision = decide(state)
        if decision.over:
            break
        if chance.random() < 0.03 and number < 100:
            again = [t for t, (o, _) in state.settled.items() if o == "success" and chance.random() < 0.3]
            if "analyze" in again:
                again += ["fix", *(t for t in state.plan.tasks if t.startswith("fix-") or t == "sum")]
            events.append(event("resumed", again=again))
            continue
        for task in state.ready_to_grow:
            how = chance.choice(["spread", "spread", "unspread"])
            events += [event(how, task=task.id, items=["x"] * chance.randrange(4), reason="r")] * chance.randint(1, 2)
        events += [claimed(task, f"{task}-{number}") for task, _ in decision.dispatch if chance.random() < 0.8]
        for attempt in replay(plan, events).open.values():
            if chance.random() < 0.7:
                events.append(closed(attempt.task, chance.choice(["success"] * 3 + ["failed"]), attempt.number))
    one, two = replay(plan, events), replay(plan, events)
    assert decide(one).over
    assert one.outcomes() == two.outcomes()
    assert set(one.outcomes()) == set(one.plan.tasks)
    for task in one.plan.tasks.values():
        if one.outcomes()[task.id][0] == "success":
            assert all(one.outcomes()[needed][0] == "success" for needed in task.dependencies)


# --- a run --------------------------------------------------------------------------------------------------------


@pytest.fixture
def driven(project):
    return lambda text=PLAIN: Driven(project, text)


def test_a_run_makes_its_tasks_and_ends_in_a_report_of_them(driven):
    run = driven()
    run.writes(analyze=changes("a", "b"), other="x")
    assert run.goes_on() is False
    assert run.offered == ["fix-1", "fix-2"]
    assert "Do b, b, not {{ other }}." in read(run.run.folder.brief("fix-2", 1))
    assert f"- analyze: {run.run.plan.tasks['analyze'].output}\n" in read(run.run.folder.brief("fix-2", 1))
    run.writes(fix_1="x", fix_2="x")
    assert (run.goes_on(), run.offered) == (False, ["sum"])
    assert "fix-2" in read(run.run.folder.brief("sum", 1))
    run.writes(sum="x")
    assert run.goes_on() is True
    assert run.outcomes == dict.fromkeys(("analyze", "fix-1", "fix-2", "sum", "other"), "success")
    report = read(run.run.folder.report)
    assert "| fix-2 | reviewer of b |" in report
    assert "- **Total Tasks**: 5" in report
    assert "  fix-1 " in status.table(moment(run.run.state(), 0.0, "finished"))


def test_an_empty_list_ends_a_run_where_nothing_else_is_to_be_done(driven):
    run = driven(PLAIN.partition("  - {id: sum")[0] + "settings: {output_dir: out}\n")
    run.writes(analyze=changes())
    assert run.goes_on() is True
    assert run.outcomes == {"analyze": "success"}


ELSEWHERE = PLAIN.replace("    prompt: Do", "    output: '{{ item }}'\n    prompt: Do")


@pytest.mark.parametrize(
    ("text", "written", "reason"),
    [
        (PLAIN, "Nothing to be found.", "the output of analyze, out/changes.json, holds no JSON"),
        (PLAIN, "{}", 'out/changes.json, holds no "result"'),
        (PLAIN, changes(*range(1001)), 'lists 1,001 items under "result.changes", more than 1,000'),
        (ELSEWHERE, changes("a", "a"), "fix-1 and fix-2 would both write out/a"),
        (ELSEWHERE, changes("a", "A"), "fix-1 and fix-2 would both write out/A"),
        (ELSEWHERE, changes("a", "b", "a/b"), "fix-3 would write out/a/b, inside the output of fix-1"),
        (ELSEWHERE, changes("other.md"), "fix would write out/other.md, where another task writes out/other.md"),
        (ELSEWHERE, changes("../x"), 'the output of item 1 leaves output_dir: "../x"'),
        (ELSEWHERE, changes("/etc/x"), 'the output of item 1 is the absolute path "/etc/x"'),
        (ELSEWHERE, changes("a\nb"), "the output of item 1 holds a control character"),
        (ELSEWHERE, changes("a", ".git/x"), 'output ".git/x" of task "fix-2" lies in .git; name another place'),
        (ELSEWHERE, changes("a", "link/x"), "leaves the project through a link"),
    ],
)
def test_items_that_cannot_be_had_fail_with_a_reason_and_the_rest_goes_on(driven, project, text, written, reason):
    run = driven(text)
    os.makedirs(f"{project}/out")
    os.symlink("/tmp", f"{project}/out/link")
    run.writes(analyze=written, other="x")
    assert run.goes_on() is True
    assert run.outcomes == {"analyze": "success", "fix": "failed", "sum": "skipped", "other": "success"}
    assert reason in run.run.state().outcomes()["fix"][1]
    assert "- **fix** failed: " in read(run.run.folder.report)


def test_the_task_file_itself_is_no_output_of_an_item(driven):
    run = driven(ELSEWHERE.replace("output_dir: out", "output_dir: ."))
    run.writes(analyze=changes("tasks.yaml"), other="x")
    run.goes_on()
    assert (
        run.run.state().outcomes()["fix"][1].startswith('output "tasks.yaml" of task "fix-1" is the task file itself')
    )


def test_a_task_that_is_the_critical_one_stops_the_run_when_its_items_cannot_be_had(driven):
    run = driven(PLAIN.replace("result.changes}", "result.changes}\n    critical: true"))
    run.writes(analyze="nothing")
    run.run.ledger.append("closed", task="other", attempt=1, outcome="interrupted")
    assert run.goes_on() is True
    assert run.outcomes == {"analyze": "success", "fix": "failed", "sum": "skipped", "other": "cancelled"}


# --- resume -------------------------------------------------------------------------------------------------------


def test_resumed_a_run_keeps_what_was_made_of_an_unchanged_list(driven):
    run = driven()
    run.writes(analyze=changes("a", "b"), other="x")
    run.goes_on()
    run.writes(fix_1="x")
    run.goes_on()
    assert run.outcomes["fix-2"] == "failed"
    run.resumes()
    assert run.offered == ["fix-2"]
    assert "3 of 5 tasks are done and stay" in run.text


@pytest.mark.parametrize("how", ["gone", "edited"])
def test_resumed_a_run_reads_a_list_anew_that_is_gone_or_was_edited(driven, how):
    run = driven()
    run.writes(analyze=changes("a", "b"), other="x")
    run.goes_on()
    run.writes(fix_1="x")
    run.goes_on()
    source = run.run.plan.tasks["analyze"].output
    if how == "gone":
        os.unlink(source)
        run.resumes()
        assert run.offered == ["analyze"]
        run.writes(analyze=changes("b"))
        run.goes_on()
    else:
        write(source, changes("b"))
        run.resumes()
    assert run.offered == ["fix-1"]
    assert "Do b, b," in read(run.run.folder.brief("fix-1", 2))
    run.writes(fix_1="y")
    run.goes_on()
    run.writes(sum="y")
    assert run.goes_on() is True
    assert set(run.outcomes) == {"analyze", "fix-1", "sum", "other"}
    assert set(run.outcomes.values()) == {"success"}


def test_resumed_a_run_goes_on_whose_list_somebody_mended(driven):
    run = driven()
    run.writes(analyze="I found a and b.", other="x")
    assert run.goes_on() is True
    write(run.run.plan.tasks["analyze"].output, changes("a"))
    run.resumes()
    assert run.offered == ["fix-1"]


def test_resumed_a_finished_run_has_work_again_where_its_list_grew_and_none_where_it_did_not(driven):
    run = driven(PLAIN.partition("  - {id: sum")[0] + "settings: {output_dir: out}\n")
    run.writes(analyze=changes())
    assert run.goes_on() is True
    name = run.run.plan.run
    with pytest.raises(Refusal, match="every task of run"):
        running.resume(run.project, name, "")
    write(run.run.plan.tasks["analyze"].output, changes() + "\n")
    with pytest.raises(Refusal, match="every task of run"):
        running.resume(run.project, name, "")
    write(run.run.plan.tasks["analyze"].output, changes("a"))
    _, text = running.resume(run.project, name, "")
    assert [row["description"] for row in rows(text)] == ["fix-1"]


# --- killed in between --------------------------------------------------------------------------------------------


def left(driven, *events):
    """A run whose list is written, and whose driver was killed after these events."""
    run = driven()
    run.writes(analyze=changes("a", "b"))
    for name, fields in events:
        run.run.ledger.append(name, **fields)
    return run


CLOSED = ("closed", {"task": "analyze", "attempt": 1, "outcome": "success"})


@pytest.mark.parametrize("how", ["next", "resume"])
@pytest.mark.parametrize("torn", [0, 1, 20, 60])
def test_killed_after_the_list_was_closed_and_before_or_while_its_items_were_named_a_run_goes_on(driven, how, torn):
    run = left(driven, CLOSED)
    if torn:
        source = run.run.plan.tasks["analyze"]
        run.run.ledger.append("spread", task="fix", items=["a", "b"], sha256=fingerprint(source)[1])
        text = read(run.run.folder.ledger)
        write(run.run.folder.ledger, text[:-torn])
    if how == "next":
        run.writes(other="x")
        run.goes_on()
        assert run.offered == ["fix-1", "fix-2"]
    else:
        run.resumes()
        assert run.offered == ["fix-1", "fix-2", "other"]
    assert [e["event"] for e in run.run.ledger.read()[1:]].count("spread") == 1


def test_killed_between_taking_a_run_up_and_reading_its_list_anew_it_goes_on_with_the_new_one(driven):
    run = left(driven, CLOSED)
    spread(run.run)
    write(run.run.plan.tasks["analyze"].output, changes("c"))
    run.run.ledger.append("resumed", session="", again=["fix"])
    run.resumes()
    assert run.offered == ["fix-1", "other"]
    assert "Do c, c," in read(run.run.folder.brief("fix-1", 1))


def test_killed_at_any_moment_while_it_makes_tasks_a_run_has_them_once(driven):
    program = os.path.join(ROOT, "scripts", "parallel_dispatch", "__main__.py")
    run = left(driven, CLOSED)
    write(run.run.plan.tasks["analyze"].output, changes(*(f"{n}" + "x" * 500 for n in range(1000))))
    for number in range(12):
        process = subprocess.Popen([sys.executable, "-I", program, "spread", run.run.folder.path])
        time.sleep(0.03 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(run.run.state().plan.tasks) in (4, 1003)
    spread(run.run)
    assert len(run.run.state().plan.tasks) == 1003
    assert [e["event"] for e in run.run.ledger.read()[1:]].count("spread") == 1


def test_two_that_make_the_same_tasks_at_once_make_them_once(driven):
    program = os.path.join(ROOT, "scripts", "parallel_dispatch", "__main__.py")
    run = left(driven, CLOSED)
    command = [sys.executable, "-I", program, "spread", run.run.folder.path]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    assert sorted(run.run.state().plan.tasks)[1:3] == ["fix-1", "fix-2"]


def test_a_program_that_cannot_make_tasks_fails_them_and_the_run_does_not_wait(driven, monkeypatch, tmp_path):
    run = left(driven, CLOSED)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))
    spread_ready(run.run)
    assert run.run.state().outcomes()["fix"] == ("failed", "no tasks could be made of its items (exit code 3)")
    monkeypatch.undo()
    run.resumes()
    assert run.offered == ["fix-1", "fix-2", "other"]


# --- hooks --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=VERSIONS)
def conversation(request, project, tmp_path, cache):
    found = Conversation(request.param, project, str(tmp_path), cache)
    yield found
    found.leaves()


def begin(conversation, text=PLAIN, *events, background=False, python=sys.executable):
    plan = plan_in(conversation.project, text)
    plan.background = background
    return conversation.begin(*events, plan=plan, python=python)


def does(conversation, task, text):
    conversation.admits(task)
    conversation.writes(task, text)
    assert conversation.stops(task) is None
    conversation.returns(task)


@pytest.mark.parametrize("python", pythons())
def test_hooks_make_the_tasks_and_offer_them_with_the_next_block(conversation, python):
    run = begin(conversation, python=python)
    does(conversation, "analyze", changes("a", "b"))
    does(conversation, "other", "x")
    block = rows(conversation.batch())
    assert [row["description"] for row in block] == ["fix-1", "fix-2"]
    answer = conversation.calls("fix-2", prompt=block[1]["prompt"])
    assert "Do b, b, not" in answer["updatedInput"]["prompt"]
    conversation.starts("fix-2")
    assert conversation.asks_to_write(conversation.output("fix-2"), "fix-2") == "allow"
    conversation.writes("fix-2")
    assert conversation.stops("fix-2") is None
    conversation.returns("fix-2")
    does(conversation, "fix-1", "x")
    assert [row["description"] for row in rows(conversation.batch())] == ["sum"]
    does(conversation, "sum", "x")
    assert f"Run {run.plan.run} has ended. 5 of 5 tasks succeeded." in conversation.batch()


def test_the_task_that_stands_for_others_is_denied(conversation):
    begin(conversation)
    assert conversation.calls("fix")["permissionDecision"] == "deny"


def test_an_agent_that_lists_nothing_is_sent_back_twice_and_then_has_done_its_own_task(conversation):
    begin(conversation)
    conversation.admits("analyze")
    conversation.writes("analyze", "I found a and b.")
    answer = conversation.stops("analyze")
    assert answer["decision"] == "block"
    assert "its output out/changes.json holds no JSON" in answer["reason"]
    assert "but fix is made of a list there" in answer["reason"]
    conversation.writes("analyze", '{"result": []}')
    assert 'holds no "changes" in "result"' in conversation.stops("analyze")["reason"]
    assert conversation.stops("analyze") is None
    assert conversation.outcome("analyze")[0] == "success"
    assert conversation.outcome("fix")[0] == "failed"
    assert conversation.outcome("sum")[0] == "skipped"


def test_in_the_background_the_end_of_the_list_wakes_the_conversation_for_its_tasks(conversation):
    begin(conversation, background=True)
    watcher = conversation.launches("analyze")
    conversation.writes("analyze", changes("a"))
    assert conversation.stops("analyze", conversation.attempt("analyze").agent_id) is None
    conversation.notifies("analyze")
    assert watcher.end()[0] == 2
    assert "fix-1" in [row["description"] for row in rows(heard(conversation.wakes()))]


@pytest.mark.parametrize("word", ["Stop", "PostToolBatch"])
def test_what_a_killed_hook_left_undone_the_next_one_does(conversation, word):
    begin(conversation, PLAIN, claimed("analyze", "toolu_x"), closed("analyze"), claimed("other"), closed("other"))
    conversation.writes("analyze", changes("a"))
    answer = conversation.tell("Stop") if word == "Stop" else conversation.batch_of_others()
    text = answer["reason"] if word == "Stop" else answer
    assert [row["description"] for row in rows(text)] == ["fix-1"]


def test_a_plan_without_such_tasks_never_reads_the_ledger_for_itself(project, monkeypatch):
    text = "name: n\ntasks: [{id: a, prompt: x}]\nsettings: {output_dir: out}\n"
    folder = make_run(plan_in(project, text))
    run = ActiveRun(folder.path)
    monkeypatch.setattr(ActiveRun, "state", lambda _: pytest.fail("the ledger was read"))
    assert list(run.plan.tasks) == ["a"]


def test_the_report_of_a_run_that_never_came_to_its_items_names_what_stands_for_them(project):
    run = ActiveRun(
        make_run(plan_in(project, PLAIN), [claimed("analyze"), closed("analyze", "failed", reason="r")]).path
    )
    report = write_reports(run)
    assert "- **fix** skipped: needs analyze, which failed" in report
    assert "| fix | reviewer of {{ item }} | - | skipped | fix-N.md |" in report
    assert run.ledger.read()[0]["session"] == SESSION
