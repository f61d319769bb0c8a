"""`report.json`: its published shape, its figures reckoned again by other means, and what a reader is told first."""

import glob
import json
import os
import re

import jsonschema
import pytest
from builders import ROOT, claimed, closed, event, header, make_run, plan_of, read, write
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch import reports
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.audit import Audit, Stray
from parallel_dispatch.facts import gather
from parallel_dispatch.replay import replay
from parallel_dispatch.report import markdown
from parallel_dispatch.report_values import iso, report_values
from parallel_dispatch.reports import json_text, values_of, write_reports
from parallel_dispatch.sharing import shared
from recorded_runs import CASES, golden, put_up

SCHEMA = json.loads(read(os.path.join(ROOT, "schema", "report.schema.json")))
SHAPE = jsonschema.Draft202012Validator(SCHEMA)
PAGE = os.path.join(ROOT, "docs", "report.md")


def values(plan, events, audit=None):
    events = list(events)
    return report_values(gather(plan, replay(plan, events), audit or Audit(), events))


def breaches(made):
    return [f"{list(error.path)}: {error.message[:200]}" for error in SHAPE.iter_errors(json.loads(json_text(made)))]


def worked(task, start, end, attempt=1, outcome="success", call_at=None, **more):
    """The events of one attempt whose agent worked from start to end."""
    agent = f"agent-{task}-{attempt}"
    return [
        claimed(task, f"call-{agent}", start if call_at is None else call_at),
        event("agent-started", start, agent_id=agent),
        event("bound", start, task=task, attempt=attempt, agent_id=agent, **more),
        closed(task, outcome, attempt, end, reason="" if outcome == "success" else "it broke"),
    ]


def in_order(*lists):
    return [header(), *sorted((one for found in lists for one in found), key=lambda one: one["time"])]


# --- the shape ----------------------------------------------------------------------------------------------------


def test_the_schema_is_one_and_lets_nothing_through_that_it_does_not_name():
    SHAPE.check_schema(SCHEMA)
    objects, todo = 0, [SCHEMA]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            if "properties" in one:
                objects += 1
                assert one["additionalProperties"] is False
                assert set(one["required"]) == set(one["properties"])
            todo += one.values()
        elif isinstance(one, list):
            todo += one
    assert objects >= 12


@pytest.mark.parametrize("case", CASES)
def test_every_golden_report_has_the_published_shape(case):
    made = json.loads(read(golden(case, "report.json")))
    assert breaches(made) == []
    assert breaches(shared(made)) == []


def test_a_report_that_lacks_a_key_or_has_one_more_breaks_the_shape():
    made = values(plan_of({"a": ()}), [header()])
    assert breaches({**made, "more": 1})
    assert breaches({key: value for key, value in made.items() if key != "summary"})
    made["tasks"][0]["tokens"] = {"input": 1}
    assert breaches(made)


WORDS = st.text(max_size=20) | st.sampled_from(["", "<script>", "a|b", "```\n", "\x00\u202e", "\ud800", "end"])
TIMES = st.floats(0, 1e6) | st.sampled_from([float("nan"), float("inf"), -1.0, 1e300, None, "soon", True])


@st.composite
def runs(draw):
    """A plan and a ledger in which anything may stand."""
    ids = draw(st.lists(st.sampled_from(["a", "b", "c", "d.e", "end", "f-1"]), min_size=1, unique=True))
    tasks = {task: tuple(draw(st.sets(st.sampled_from(ids[:at])))) if at else () for at, task in enumerate(ids)}
    on_failure = draw(st.sampled_from(["continue", "retry"]))
    plan = plan_of(tasks, max_parallel=draw(st.integers(1, 3)), on_failure=on_failure)
    plan.name, plan.description = draw(WORDS), draw(WORDS)
    names = (
        "claimed",
        "agent-started",
        "bound",
        "closed",
        "launched",
        "notified",
        "sent-back",
        "finished",
        "cancelled",
    )
    names += ("interrupted", "paused", "told", "resumed", "rewritten", "who knows")
    events = [header()]
    for _ in range(draw(st.integers(0, 25))):
        task = draw(st.sampled_from(ids))
        number = draw(st.integers(0, 3))
        more = {
            "task": task,
            "attempt": number,
            "agent_id": f"{task}-{number}",
            "call": f"call-{draw(st.integers(0, 9))}",
        }
        more |= {"outcome": draw(st.sampled_from(["success", "failed", "cancelled", "x"])), "reason": draw(WORDS)}
        events.append(event(draw(st.sampled_from(names)), draw(TIMES), **more))
    return plan, events


@settings(max_examples=200, deadline=None, derandomize=True)
@given(runs())
def test_any_run_makes_reports_of_the_published_shape(run):
    made = values(*run)
    assert breaches(made) == []
    counted = ("succeeded", "failed", "skipped", "cancelled", "not_needed", "open")
    assert sum(made["summary"][key] for key in counted) == made["summary"]["tasks"]
    for one in (made, shared(made)):
        assert breaches(one) == []
        text = markdown(one)
        assert len(re.findall("^```", text, re.MULTILINE)) % 2 == 0
        assert re.findall(r"^# .*", text, re.MULTILINE) == ["# Parallel Dispatch Report"]


@pytest.mark.parametrize(
    ("time", "text"), [(0.0, "1970-01-01T00:00:00.000Z"), (1767322800.1236, "2026-01-02T03:00:00.124Z")]
)
def test_a_time_of_day_is_utc_with_milliseconds(time, text):
    assert iso(time) == text
    assert iso(1e300) is None


def keys_of(schema, where=""):
    """The rows of the page's table: each key with its place, its type and what it is."""
    for key, value in schema.get("properties", {}).items():
        path = f"{where}{key}"
        yield path, kind(value), value.get("description", "")
        for inner, mark in inside(value):
            yield from keys_of(inner, f"{path}{mark}.")


def inside(value):
    """The objects within a value, each with the mark of a list where it is an item of one."""
    if "items" in value:
        yield value["items"], "[]"
    yield from ((one, "") for one in value.get("anyOf", ()) if "properties" in one)
    if "properties" in value:
        yield value, ""


def kind(value):
    if "anyOf" in value:
        return " or ".join(sorted({kind(one) for one in value["anyOf"]}, key=lambda word: word == "null"))
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2]
    if "const" in value:
        return json.dumps(value["const"])
    if "enum" in value:
        return "one of " + ", ".join(map(str, value["enum"]))
    given = value.get("type", "object")
    return " or ".join(given) if isinstance(given, list) else given


def test_the_page_explains_every_key_of_the_report():
    rows = [*keys_of(SCHEMA)]
    for name, value in SCHEMA["$defs"].items():
        rows += [(name, kind(value), value["description"]), *keys_of(value, f"{name}.")]
    assert len(rows) > 150
    assert [path for path, _, about in rows if not about and not path.endswith("[]")] == []
    table = "| Key | Type | What it is |\n|-----|------|------------|\n"
    table += "".join(f"| `{path}` | {what} | {about} |\n" for path, what, about in rows)
    before, _, rest = read(PAGE).partition("<!-- keys -->\n")
    after = rest.partition("<!-- end -->")[2]
    page = f"{before}<!-- keys -->\n{table}<!-- end -->{after}"
    if os.environ.get("UPDATE_GOLDEN"):
        write(PAGE, page)
    assert read(PAGE) == page


# --- figures, reckoned again --------------------------------------------------------------------------------------


def intervals(ledger):
    """Of each attempt that was measured its task, start and end, from the raw lines of a ledger that began once."""
    events = [json.loads(line) for line in ledger.splitlines()]
    first = events[0]
    agents, starts, launches, ends = {}, {}, {}, {}
    for one in events[1:]:
        at = one["clock"] - first["clock"]
        if one["event"] == "agent-started":
            starts.setdefault(one["agent_id"], at - (one["time"] - one["began"]))
        elif one["event"] in ("bound", "launched", "closed") and one.get("agent_id"):
            agents.setdefault((one["task"], one["attempt"]), one["agent_id"])
        if one["event"] in ("closed", "launched"):
            (ends if one["event"] == "closed" else launches).setdefault((one["task"], one["attempt"]), at)
    known = {key: starts.get(agents.get(key), launches.get(key)) for key in ends}
    return [(key[0], known[key], end) for key, end in ends.items() if known[key] is not None]


BEGAN_ONCE = [
    case
    for case in CASES
    if '"clock"' in (text := read(golden(case, "ledger.jsonl")))
    and '"agent-started"' in text
    and not re.search('"event": "(resumed|interrupted)"', text)
]


def test_there_are_runs_to_reckon_again():
    assert len(BEGAN_ONCE) >= 12


@pytest.mark.parametrize("case", BEGAN_ONCE)
def test_makespan_work_and_overlap_are_what_the_raw_ledger_says(case):
    found = intervals(read(golden(case, "ledger.jsonl")))
    summary = json.loads(read(golden(case, "report.json")))["summary"]
    starts, ends = [start for _, start, _ in found], [end for _, _, end in found]
    assert summary["makespan"] == pytest.approx(max(ends) - min(starts), abs=0.002)
    assert summary["work"] == pytest.approx(sum(end - start for _, start, end in found), abs=0.002)
    moments = sorted({*starts, *ends})
    middles = [((a + b) / 2, b - a) for a, b in zip(moments, moments[1:])]
    counts = [(sum(start < at < end for _, start, end in found), length) for at, length in middles]
    assert summary["overlap"]["most"] == max(count for count, _ in counts)
    busy = sum(length for count, length in counts if count)
    assert summary["overlap"]["average"] == pytest.approx(summary["work"] / busy, abs=0.01)
    assert summary["efficiency"] == pytest.approx(
        summary["work"] / summary["makespan"] / json.loads(read(golden(case, "report.json")))["run"]["max_parallel"],
        abs=0.01,
    )


@pytest.mark.parametrize("case", [case for case in CASES if os.path.isdir(golden(case, "host"))])
def test_the_tokens_of_a_run_are_those_of_its_transcripts(case):
    made = json.loads(read(golden(case, "report.json")))
    named = set(re.findall(r"agent-[^/\"]+\.jsonl", read(golden(case, "ledger.jsonl"))))
    last = {}
    for path in glob.glob(golden(case, "host/**/agent-*.jsonl"), recursive=True):
        for line in read(path).splitlines() if os.path.basename(path) in named else ():
            message = json.loads(line)["message"]
            if "usage" in message:
                last[path, message["id"]] = message["usage"]
    total = sum(sum(usage.values()) for usage in last.values())
    assert (made["summary"]["tokens"] or {"total": 0})["total"] == total
    assert sum(task["tokens"]["total"] for task in made["tasks"] if task["tokens"]) == total
    assert sum(wave["tokens"]["total"] for wave in made["waves"] if wave["tokens"]) == total


def test_the_critical_path_is_the_longest_of_all_paths():
    plan = plan_of({"a": (), "b": (), "c": ("a", "b"), "d": ("b",), "e": ("c", "d")}, max_parallel=4)
    spans = {"a": (0, 4), "b": (0, 6), "c": (6, 7), "d": (6, 12), "e": (12, 14)}
    made = values(plan, in_order(*(worked(task, *span) for task, span in spans.items())))
    assert (made["summary"]["critical_path"], made["summary"]["critical_seconds"]) == (["b", "d", "e"], 14.0)
    assert [task["id"] for task in made["tasks"] if task["critical"]] == ["b", "d", "e"]


# --- overlap ------------------------------------------------------------------------------------------------------


def serial(tasks, *lists, **limits):
    made = values(plan_of(tasks, **limits), in_order(*lists))
    return [(batch["tasks"], batch["why"]) for batch in made["summary"]["overlap"]["serial_batches"]]


LATE = "each was dispatched only when the one before it had ended"
HELD = "they were dispatched together, and the host began each only when the one before it had ended"
THREE = {"a": (), "b": (), "c": ()}


def test_tasks_that_could_run_together_and_did_not_are_a_serial_batch():
    assert serial(THREE, worked("a", 0, 2), worked("b", 3, 5), worked("c", 6, 7)) == [(["a", "b", "c"], LATE)]


def test_a_host_that_begins_calls_of_one_message_one_by_one_is_told_apart():
    one_message = [worked(task, start, start + 2, call_at=0.0) for task, start in (("a", 0), ("b", 2), ("c", 4))]
    assert serial(THREE, *one_message) == [(["a", "b", "c"], HELD)]


@pytest.mark.parametrize(
    ("tasks", "lists", "limits"),
    [
        pytest.param(THREE, [worked("a", 0, 2), worked("b", 1, 3), worked("c", 2, 4)], {}, id="overlapping"),
        pytest.param(THREE, [worked("a", 0, 2), worked("b", 3, 5)], {"max_parallel": 1}, id="a limit of one"),
        pytest.param({"a": (), "b": ("a",)}, [worked("a", 0, 2), worked("b", 3, 5)], {}, id="one needs the other"),
        pytest.param(THREE, [worked("a", 0, 9), worked("b", 1, 2), worked("c", 3, 4)], {}, id="a third beside them"),
        pytest.param(
            THREE, [worked("a", 0, 0.2, call_at=0), worked("b", 0.3, 0.5, call_at=0)], {}, id="too short to tell"
        ),
    ],
)
def test_what_ran_one_by_one_for_a_reason_is_no_serial_batch(tasks, lists, limits):
    assert serial(tasks, *lists, **limits) == []


def test_tasks_that_hold_one_resource_run_one_by_one_for_a_reason():
    plan = plan_of(THREE)
    for task in plan.tasks.values():
        task.resources = {"staging": 1}
    made = values(plan, in_order(worked("a", 0, 2), worked("b", 3, 5)))
    assert made["summary"]["overlap"]["serial_batches"] == []


def test_a_serial_batch_is_told_loud_and_first_of_the_figures():
    made = values(
        plan_of(THREE), [*in_order(worked("a", 0, 2), worked("b", 3, 5), worked("c", 6, 7)), event("finished", 8)]
    )
    assert made["problems"][0]["what"].startswith("RAN ONE BY ONE: a, b, c could have run in parallel")
    assert made["problems"][0]["consequence"] == "The run took up to 3.0s longer than it had to."
    assert "**RAN ONE BY ONE" in markdown(made).partition("## Summary")[0]


# --- what a reader must know --------------------------------------------------------------------------------------


def told(made):
    return [problem["what"] for problem in made["problems"]]


def test_a_run_in_which_all_went_well_and_was_measured_tells_nothing():
    made = json.loads(read(golden("made-of-a-list", "report.json")))
    assert made["problems"] == []
    assert "MUST KNOW" not in read(golden("made-of-a-list", "report.md"))


def test_a_failure_is_told_with_all_that_was_skipped_for_it_and_the_way_on():
    plan = plan_of({"a": (), "b": ("a",), "c": ("b",), "d": ()}, max_parallel=2)
    made = values(plan, [*in_order(worked("a", 0, 1, outcome="failed"), worked("d", 0, 2)), event("finished", 3.0)])
    first = made["problems"][0]
    assert first["what"] == "a failed: it broke."
    assert "2 tasks were skipped for it: b, c" in first["consequence"]
    assert "/parallel-dispatch resume k3f2" in first["do"]
    assert first["tasks"] == ["a", "b", "c"]


def test_the_failure_with_the_most_skipped_tasks_comes_first():
    plan = plan_of({"x": (), "a": (), "b": ("a",)}, max_parallel=2)
    made = values(plan, in_order(worked("x", 0, 1, outcome="failed"), worked("a", 0, 1, outcome="failed")))
    assert [what.split()[0] for what in told(made) if " failed" in what] == ["a", "x"]


def test_many_that_failed_in_one_way_are_one_line():
    tasks = {f"t{n}": () for n in range(4)}
    events = [header()]
    for task in tasks:
        events += [
            claimed(task),
            closed(task, "failed", reason=f"its output out/{task}.md does not exist; last words: {task}!"),
        ]
    assert "4 tasks failed in one way (its output … does not exist): t0, t1, t2, t3." in told(
        values(plan_of(tasks), events)
    )


def test_what_follows_from_changed_outputs_and_strays_is_told(project):
    plan = plan_of({"a": (), "b": ("a",)}, project=project)
    write(plan.tasks["a"].output, "what it is now")
    events = [header(), claimed("a"), closed("a", sha256="0" * 64), claimed("b"), closed("b"), event("finished")]
    audit = Audit((Stray("src/x.py", "changed", ("a",), named=True),))
    made = values(plan, events, audit)
    assert told(made)[:2] == [
        "1 file changed outside of every write scope: src/x.py (changed).",
        "Changed since its agent ended: out/a.md.",
    ]
    assert "b built on what was there before" in made["problems"][1]["consequence"]


@pytest.mark.parametrize(
    ("alarm", "words"),
    [("lost", "lost: F3"), ("changed", "changed: F3"), ("invented", "invented: F3")],
)
def test_what_an_integrator_lost_is_told(alarm, words):
    made = values(plan_of({"a": ()}), [header(), claimed("a"), closed("a"), event("finished")])
    integrator = {
        "task": "a",
        "sent_back": 1,
        "alarms": [{"finding": "F3", "kind": alarm, "text": "x"}],
        "dispositions": [],
    }
    from parallel_dispatch.must_know import must_know

    problems = must_know({**made, "aggregate": {"integrator": integrator}})
    assert words in problems[0]["what"]
    assert "not the whole" in problems[0]["consequence"]


def test_the_report_of_three_faults_names_each_with_its_consequence_and_what_to_do():
    top = read(golden("three-faults", "report.md")).partition("## Summary")[0].partition("MUST KNOW")[2]
    assert re.findall(r"^\d\.", top, re.MULTILINE) == ["1.", "2.", "3."]
    assert (top.count("Consequence: "), top.count("What to do: ")) == (3, 3)
    for words in (
        "security failed",
        "skipped for it: risks, summary",
        "src/core/limits.py",
        "git diff",
        "out/performance.md",
    ):
        assert words in top


# --- written whole or not at all ----------------------------------------------------------------------------------


@pytest.fixture
def run(project):
    plan = plan_of({"a": (), "b": ("a",)}, project=project)
    folder = make_run(plan, in_order(worked("a", 0, 2, outcome="failed"))[1:])
    return ActiveRun(folder.path)


def test_both_reports_are_written_from_the_same_values(run):
    text = write_reports(run)
    assert read(run.folder.report) == text
    assert json.loads(read(run.folder.beside("report.json"))) == json.loads(json_text(values_of(run)))


def test_a_fault_in_one_report_costs_no_other_and_is_said(run, monkeypatch):
    def fails(*_):
        raise RuntimeError("no\nroom")

    monkeypatch.setitem(reports.BESIDE, "report.json", fails)
    text = write_reports(run)
    assert "## Task Details" in text
    assert text.endswith("\nreport.json could not be written: RuntimeError: no room\n")
    assert not os.path.exists(run.folder.beside("report.json"))
    assert sorted(name for name in os.listdir(run.folder.path) if "report" in name) == ["report.html", "report.md"]


def test_outputs_that_cannot_be_joined_cost_no_figure_and_are_told_first(run, monkeypatch):
    def fails(*_):
        raise ValueError("a page that nobody can read")

    monkeypatch.setattr(reports, "aggregate_values", fails)
    made = values_of(run)
    assert breaches(made) == []
    assert made["problems"][0]["what"].endswith("could not be joined: ValueError: a page that nobody can read.")
    assert "## Task Details" in write_reports(run)


def test_a_run_whose_figures_cannot_be_told_ends_in_a_report_all_the_same(run, monkeypatch):
    def fails(*_):
        raise RecursionError

    monkeypatch.setattr(reports, "gather", fails)
    text = write_reports(run)
    assert read(run.folder.report) == text
    assert "a failed: it broke" in text
    assert "could not be told: RecursionError" in text


def test_reports_written_twice_are_the_same(run):
    assert write_reports(run) == write_reports(run)


# --- shared -------------------------------------------------------------------------------------------------------

OURS = re.compile(r"needs |stopped, because \S+ failed$|the run has used its ")
"""Reasons that quote nobody."""
SECRET = "SECRET-5d41402a"  # noqa: S105 - to be looked for


def secretive(folder):
    """A run in which a secret stands wherever anybody can put one."""
    project = os.path.join(folder, f"home-{SECRET}", "project")
    plan = plan_of({"a": (), "b": ("a",)}, project=project, outputs={"a": f"{SECRET}.md"})
    plan.name, plan.description, plan.task_file = SECRET, SECRET, f"{project}/{SECRET}.yaml"
    for task in plan.tasks.values():
        task.prompt = task.agent = task.title = task.description = task.subagent_type = SECRET
        task.contract = {"contains": [SECRET], "sections": [SECRET]}
        task.writes = (f"{SECRET}/**",)
    transcript = write(
        os.path.join(folder, "x", "subagents", "agent-a.jsonl"),
        json.dumps(
            {
                "message": {
                    "id": SECRET,
                    "model": SECRET,
                    "usage": {"input_tokens": 5},
                    "content": [{"type": "tool_use", "id": SECRET}],
                }
            }
        ),
    )
    write(plan.tasks["a"].output, SECRET)
    events = in_order(
        worked("a", 0, 2, outcome="failed", transcript=transcript),
        [event("sent-back", 1.0, task="a", attempt=1, reason=SECRET), event("paused", 2.0, reason=SECRET)],
    )[1:]
    events[-2]["reason"] = f"last words: {SECRET}"
    made = make_run(plan, events)
    write(made.answer("a", 1), SECRET)
    write(made.brief("a", 1), SECRET)
    strays = Audit((Stray(f"{SECRET}.py", SECRET, ("a", SECRET), named=False, owner=SECRET),), (SECRET,))
    write(made.audit, strays.to_json())
    return ActiveRun(made.path)


def test_the_secret_is_everywhere_in_what_is_not_shared(tmp_path):
    assert json_text(values_of(secretive(str(tmp_path)))).count(SECRET) > 20


def test_nothing_secret_is_in_anything_that_is_shared(tmp_path):
    from parallel_dispatch.showing import share

    run = secretive(str(tmp_path))
    paths = share(run, str(tmp_path / "shared"))
    assert sorted(map(os.path.basename, paths)) == sorted(["report.md", *reports.BESIDE])
    for path in paths:
        text = read(path)
        assert SECRET not in text, path
        assert str(tmp_path) not in text
        assert "a" in text
    made = json.loads(read(str(tmp_path / "shared" / "report.json")))
    assert breaches(made) == []
    assert [task["id"] for task in made["tasks"]] == ["a", "b"]
    assert made["tasks"][0]["seconds"] == 2.0
    assert made["tasks"][0]["tokens"]["input"] == 5
    assert made["run"]["shared"] is True


@pytest.mark.parametrize("case", CASES)
def test_no_golden_run_shares_a_path_or_a_reason(case):
    with put_up(case) as (run, _):
        made = values_of(run)
        texts = [json_text(shared(made)), markdown(shared(made))]
        reasons = {task["reason"] for task in made["tasks"] if len(task["reason"]) > 20}
        for text in texts:
            assert run.plan.project not in text
            assert run.plan.output_dir not in text
            assert [reason for reason in reasons if reason in text and not OURS.match(reason)] == []


def test_a_key_that_is_added_one_day_is_not_shared_before_somebody_says_so():
    made = values(plan_of({"a": ()}), [header(), claimed("a"), closed("a", "failed", reason="r")])
    made["tasks"][0]["new"] = made["run"]["new"] = made["tasks"][0]["attempts"][0]["new"] = SECRET
    assert SECRET not in json.dumps(shared(made))
