"""Reports: what recorded runs make (see `recorded_runs`), and what single facts look like in them.

`UPDATE_GOLDEN=1 tests/run tests/test_report.py` writes anew what is made.
"""

import json
import os
import re

import pytest
from builders import claimed, closed, event, header, plan_of, read, write
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.facts import gather
from parallel_dispatch.replay import replay
from parallel_dispatch.report import cell, render_report
from parallel_dispatch.reports import write_reports
from parallel_dispatch.standings import moment
from parallel_dispatch.status import table
from recorded_runs import CASES, MADE, golden, put_up

CELL_ENDS = re.compile(r"(?<!\\)(?:\\\\)*\|")
QUICK = settings(max_examples=150, deadline=None, derandomize=True)


def report_of(plan, events):
    return render_report(gather(plan, replay(plan, events)), plan.project)


def made_of(case):
    """What a recorded run makes, in neutral words, by file."""
    with put_up(case) as (run, neutral):
        write_reports(run)
        return {name: neutral(read(run.folder.beside(name))) for name in MADE}


def report_of_case(case):
    return made_of(case)["report.md"]


def rows(report, heading):
    """The cells of a section's table, row by row; the header first."""
    section = report.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[text.strip() for text in CELL_ENDS.split(line)[1:-1]] for line in lines if not line.startswith("|--")]


def test_there_are_golden_runs():
    assert len(CASES) >= 25


@pytest.mark.parametrize("case", CASES)
def test_a_golden_run_makes_its_reports_to_the_letter(case):
    made = made_of(case)
    for name, text in made.items():
        if os.environ.get("UPDATE_GOLDEN"):
            write(golden(case, name), text)
        assert text == read(golden(case, name)), name


@pytest.mark.parametrize("case", CASES)
def test_a_golden_run_holds_nothing_of_the_machine_that_made_it(case):
    for name, text in made_of(case).items():
        assert not re.search(r"/tmp/|/home/|/root|python3?\.\d|golden[a-z0-9_]{8}", text), name
    json.loads(read(golden(case, "report.json")))


@pytest.mark.parametrize("case", CASES)
def test_every_row_of_every_table_has_the_cells_of_its_header(case):
    tables = [block for block in read(golden(case, "report.md")).split("\n\n") if block.startswith("|")]
    assert len(tables) >= 2
    for block in tables:
        assert {
            len(CELL_ENDS.findall(line)) for line in block.rstrip("\n").split("\n") if not line.startswith("#")
        } == {len(CELL_ENDS.findall(block.split("\n")[0]))}


# --- the sample of the product's first document -------------------------------------------------------------------


def test_the_sample_run_has_the_numbers_of_the_first_document():
    report = report_of_case("seed-sample")
    for line in (
        "- **Total Tasks**: 4",
        "- **Succeeded**: 4",
        "- **Failed**: 0",
        "- **Total Time**: 45.2s",
        "- **Parallel Efficiency**: 73%",
    ):
        assert f"\n{line}\n" in report


def test_the_sample_run_has_the_waves_of_the_first_document():
    assert rows(report_of_case("seed-sample"), "Execution Timeline") == [
        ["Wave", "Tasks", "Duration", "Status"],
        ["1", "security-review, test-review, ops-review", "32.1s", "✓"],
        ["2", "synthesis", "13.1s", "✓"],
    ]


def test_the_sample_run_has_the_task_table_of_the_first_document():
    table_of_the_document = """\
## Task Details

| Task | Agent | Duration | Status | Output |
|------|-------|----------|--------|--------|
| security-review | security-architect | 32.1s | ✓ | reviews/security.md |
| test-review | test-architect | 28.4s | ✓ | reviews/testability.md |
| ops-review | devops-engineer | 25.6s | ✓ | reviews/operations.md |
| synthesis | documentation-synthesizer | 13.1s | ✓ | final-review.md |

## Outputs
- .aiwg/working/reviews/security.md
- .aiwg/working/reviews/testability.md
- .aiwg/working/reviews/operations.md
- .aiwg/working/final-review.md
"""
    assert table_of_the_document in report_of_case("seed-sample")


def test_the_sections_stand_in_the_order_of_the_first_document():
    for case in CASES:
        headings = re.findall(r"^#+ .+$", read(golden(case, "report.md")), re.MULTILINE)
        first = ["# Parallel Dispatch Report", "## Summary", "## Execution Timeline", "## Task Details", "## Outputs"]
        assert headings[:5] == first, case


# --- what is lost, what is not known ------------------------------------------------------------------------------


def missing(report):
    return report.split("## What is missing\n")[1].split("\n## ")[0].split("\n\n`")[0]


def test_every_task_that_did_not_succeed_is_named_with_its_reason():
    plan = plan_of({"a": (), "b": ("a",), "c": ()}, on_failure="stop")
    events = [header(), claimed("a"), closed("a", "failed", reason="it hung")]
    assert missing(report_of(plan, events)).strip().splitlines() == [
        "- **a** failed: it hung",
        "- **c** cancelled: stopped, because a failed",
        "- **b** skipped: needs a, which failed",
    ]


def test_a_task_that_was_tried_more_than_once_says_how_often():
    plan = plan_of({"a": ()}, on_failure="retry", max_retries=1)
    events = [header()]
    for number in (1, 2):
        events += [claimed("a", f"call-{number}"), closed("a", "failed", number, reason=f"try {number}")]
    assert "- **a** failed after 2 attempts: try 2" in missing(report_of(plan, events))


def test_a_task_whose_agent_still_works_is_not_said_to_have_never_been_dispatched():
    report = report_of(plan_of({"a": (), "b": ("a",)}), [header(), claimed("a")])
    assert re.findall(r"\*\*(\w)\*\* .*dispatched", missing(report)) == ["b"]


def test_a_run_in_which_everything_succeeded_misses_nothing():
    assert "What is missing" not in report_of(plan_of({"a": ()}), [header(), claimed("a"), closed("a")])


def test_what_was_not_measured_says_so_and_no_number_is_made_up():
    report = report_of(plan_of({"a": ()}), [header(), claimed("a", time=5.0), closed("a", time=65.0)])
    assert "- **Total Time**: not measured\n- **Parallel Efficiency**: not measured" in report
    assert rows(report, "Execution Timeline")[1] == ["1", "a", "not measured", "✓"]
    assert rows(report, "Task Details")[1][2] == "not measured"
    assert "- **Tokens**: not measured" in report
    assert not re.search(r"\d+\.\d+s", report)


def measured(task, start, end, attempt=1, outcome="success"):
    agent = f"agent-{task}-{attempt}"
    return [
        claimed(task, f"call-{agent}", start),
        event("agent-started", start, agent_id=agent),
        event("bound", start, task=task, attempt=attempt, agent_id=agent),
        closed(task, outcome, attempt, end),
    ]


def test_a_task_that_was_tried_again_lasts_as_long_as_its_agents_worked_not_as_long_as_it_waited():
    plan = plan_of({"a": ()}, on_failure="retry", max_parallel=1)
    events = [header(), *measured("a", 0.0, 10.0, 1, "failed"), *measured("a", 30.0, 35.0, 2)]
    report = report_of(plan, events)
    assert rows(report, "Task Details")[1][2] == "15.0s"
    assert "- **Total Time**: 35.0s" in report


def test_the_critical_path_is_the_chain_that_took_longest():
    plan = plan_of({"quick": (), "slow": (), "last": ("quick", "slow")}, max_parallel=2)
    events = [header(), *measured("quick", 0.0, 1.0), *measured("slow", 0.0, 9.0), *measured("last", 9.0, 11.0)]
    assert "- **Critical path**: slow → last, 11.0s" in report_of(plan, events)


# --- text that comes from anywhere --------------------------------------------------------------------------------

HOSTILE = [
    "| x | y |",
    "a\nb",
    "a\r\n## Summary",
    "`tick",
    "<script>alert(1)</script>",
    "\\|",
    "\\",
    "\x1b[31mred\x00",
    "\u202e",
]


@pytest.mark.parametrize("text", [*HOSTILE, "long " * 2000])
def test_hostile_text_stays_inside_its_cell(text):
    plan = plan_of({"a": (), "b": ("a",)})
    plan.name = plan.description = plan.tasks["a"].agent = text
    plan.tasks["a"].output = f"/project/out/{text}"
    calm, hostile = (
        report_of(plan_of({"a": (), "b": ("a",)}), [header(), claimed("a"), closed("a", "failed", reason="r")]),
        report_of(plan, [header(), claimed("a"), closed("a", "failed", reason=text)]),
    )
    assert hostile.count("\n") == calm.count("\n")
    for heading in ("Execution Timeline", "Task Details"):
        assert [len(row) for row in rows(hostile, heading)] == [len(row) for row in rows(calm, heading)]
    assert re.findall(r"^#+ .+$", hostile, re.MULTILINE) == re.findall(r"^#+ .+$", calm, re.MULTILINE)
    assert "<script" not in hostile.replace("\\<script", "")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", hostile)


@pytest.mark.parametrize("name", ["# x", "- x", "+ x", "1. x", "    x", "=== ", "---"])
def test_a_name_that_is_markup_at_the_start_of_a_line_never_stands_there(name):
    plan = plan_of({"a": ()})
    plan.name = name
    assert [line for line in report_of(plan, [header()]).splitlines() if line.lstrip().startswith(name.strip())] == []


@QUICK
@given(st.text())
def test_a_cell_is_one_line_without_markup_for_any_text(text):
    shown = cell(text)
    assert shown.isprintable()
    assert "|" not in re.sub(r"\\.", "", shown)
    assert not re.search(r"[`*_\[\]<>|\\]", re.sub(r"\\.", "", shown))


# --- the short form for the terminal ------------------------------------------------------------------------------


def test_the_status_of_a_run_names_every_task_with_its_state():
    plan = plan_of({"done": (), "runs": (), "bad": (), "waits": ("runs",), "lost": ("bad",)})
    events = [
        header(),
        *measured("done", 0.0, 2.0),
        claimed("runs"),
        claimed("bad"),
        closed("bad", "failed", reason="r"),
    ]
    lines = [line.split() for line in table(moment(replay(plan, events), 3.0, "under way")).splitlines()]
    assert lines[0] == ["a-run", "(run", "k3f2):", "under", "way"]
    assert [line[:2] for line in lines[1:]] == [
        ["done", "✓"],
        ["runs", "running"],
        ["bad", "✗"],
        ["waits", "waiting"],
        ["lost", "skipped"],
    ]
    assert "2.0s" in lines[1]
