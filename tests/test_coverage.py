"""The page that answers every demand of the documents that the product comes from: each with a file and a test."""

import os

import pytest
from builders import ROOT, read
from pages import is_there, named_in, rows

DEMANDS = rows("coverage.md")
NUMBER = 111


def files_in(cell):
    """The files that a cell names in ticks."""
    return [word for word in cell.split("`")[1::2] if "::" not in word]


def test_every_demand_has_its_row_in_order():
    assert [int(number) for number, *_ in DEMANDS] == list(range(1, NUMBER + 1))


@pytest.mark.parametrize("row", DEMANDS, ids=[row[0] for row in DEMANDS])
def test_a_demand_is_quoted_and_met_by_files_and_tests_that_are_there(row):
    _, quote, by, where, held = row
    assert len(quote) > 10
    assert by in ("program", "skill", "both")
    files = files_in(where)
    assert files
    assert [name for name in files if not os.path.exists(os.path.join(ROOT, name))] == []
    tests = named_in(held)
    assert tests
    assert [one for one in tests if not is_there(*one)] == []


def test_what_skills_teach_names_a_text_for_models_and_what_a_program_does_names_code():
    for number, _, by, where, _ in DEMANDS:
        taught = any(name.startswith(("skills/", "agents/", "commands/")) for name in files_in(where))
        done = any(
            name.startswith(("scripts/", "templates/", "schema/", "examples/", ".claude-plugin/", "docs/"))
            for name in files_in(where)
        )
        assert {"skill": taught, "program": done, "both": taught and done}[by], number


def test_the_page_says_what_was_decided_where_the_documents_disagree():
    text = read(os.path.join(ROOT, "docs", "coverage.md"))
    for word in (
        "max_parallel",
        "Efficiency",
        "Speedup",
        "Retry",
        "Barrier",
        "TaskOutput",
        "TaskUpdate",
        "parallel-test",
    ):
        assert word in text, word
