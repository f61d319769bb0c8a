"""Briefs: the product's own words are those of its template, and none is written before its task is dispatched."""

import json
import os

import pytest
from builders import SESSION, TASK_FILE, claimed, closed, event, make_run, plan_of, read, write
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch import events, run, templates, without_hooks
from parallel_dispatch.brief import Brief
from parallel_dispatch.load import load
from parallel_dispatch.options import Options
from parallel_dispatch.owners import activate
from parallel_dispatch.places import BRIEF, team_brief
from parallel_dispatch.plan import PlannedTask

TEXT = st.sampled_from(["", "Some words.", "Two\nlines", "{{ task.id }} {% if %}", " é ", "a\r\nb\n"])
TEXTS = st.lists(TEXT, max_size=3)
PATH = st.sampled_from(["/p/out/a.md", "/p/out/a/", "/p/out/Report.md", "/p/out/summary of a.md"])


@st.composite
def briefs(draw):
    """Any brief that there could be, and some that could not."""
    task = PlannedTask(
        "a",
        "reviewer",
        "general-purpose",
        draw(TEXT),
        draw(PATH),
        [],
        1,
        60.0,
        1,
        **{name: draw(TEXT) for name in ("title", "description", "context", "scope", "output_format")},
        **{name: tuple(draw(TEXTS)) for name in ("constraints", "reads", "success_criteria", "writes")},
    )
    brief = Brief.__new__(Brief)
    values = {
        "marker": "pd:k3f2/a",
        "task": task,
        "run": draw(TEXT),
        "inputs": [task] * draw(st.integers(0, 2)),
        "missing": draw(st.dictionaries(TEXT, TEXT, max_size=2)),
        "open_writes": draw(st.booleans()),
        "minutes": "1.5",
        "lists": [{"from": "a", "path": path} for path in draw(TEXTS)],
        "contract": draw(TEXTS),
        "convention": draw(TEXTS),
        "integration": draw(TEXTS),
        "rehearsal": draw(st.booleans()),
        "failure": draw(TEXT),
    }
    assert set(values) == set(Brief.__slots__)
    for name, value in values.items():
        setattr(brief, name, value)
    return brief


@given(briefs())
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_brief_is_what_its_template_says(brief):
    assert brief.text() == templates.render("", BRIEF, brief.values())


def written(folder):
    return sorted(os.listdir(folder.briefs))


def test_a_brief_is_written_when_its_task_is_dispatched_and_none_before(project):
    path = write(os.path.join(project, "tasks.yaml"), TASK_FILE)
    begun, _ = run.start(load(path), Options(), project)
    assert written(begun.folder) == ["a.md", "b.md", "c.md"]
    without_hooks.claim_offered(begun)
    for task in ("a", "b"):
        write(begun.plan.tasks[task].output, "A finding.\n")
    without_hooks.next_step(begun)
    assert written(begun.folder) == ["a.md", "b.md", "c.md"]


@pytest.fixture
def released(project):
    """A run in which two tasks are done, so that a third can be dispatched; its first brief only."""
    plan = plan_of({"a": (), "b": (), "c": ("a", "b"), "d": ("c",)}, project)
    done = [claimed("a"), claimed("b"), closed("a"), closed("b")]
    folder = make_run(plan, done)
    for task in plan.tasks:
        os.unlink(folder.brief(task, 1))
    activate(project, SESSION, folder, os.getpid())
    return folder


def answered(folder, monkeypatch, capsys):
    """What the hook says at the end of a batch, and what it turned into where it did not say it itself."""
    payload = {"hook_event_name": "PostToolBatch", "session_id": SESSION, "tool_calls": []}
    turned = []
    monkeypatch.setattr(os, "execv", lambda _, words: turned.append(words))
    events.main(payload, folder.path, os.getpid())
    return capsys.readouterr().out, turned


def test_a_hook_writes_the_briefs_of_its_block_by_itself_and_no_others(released, monkeypatch, capsys):
    said, turned = answered(released, monkeypatch, capsys)
    assert not turned
    assert "pd:k3f2/c Read and follow" in json.loads(said)["hookSpecificOutput"]["additionalContext"]
    assert written(released) == ["c.md"]
    assert "finished outputs" in read(released.brief("c", 1))


@pytest.mark.parametrize("why", ["a template", "the end"])
def test_a_hook_leaves_a_teams_template_and_the_end_to_the_full_program(released, project, monkeypatch, capsys, why):
    if why == "a template":
        write(team_brief(project), "{{ marker }}\nHouse rules.\n")
    else:
        with open(released.ledger, "a", encoding="utf-8") as file:
            file.write(json.dumps(event("cancelled")) + "\n")
    said, turned = answered(released, monkeypatch, capsys)
    assert (said, [words[-3:] for words in turned]) == ("", [["batch", released.path, SESSION]])
    assert written(released) == []
