"""docs/comparison.md: what it says of `validate` is what `validate` says, and nobody in it is better."""

import os
import re
import sys
from dataclasses import replace

import pytest
from builders import ROOT
from parallel_dispatch.places import read_text

sys.path.insert(0, os.path.join(ROOT, "bench"))

import messages
from messages import OURS, TITLES, TOOLS, Answer, Verdict, judge

PAGE = read_text(messages.DOCUMENT)
ROWS = {
    cells[0]: dict(zip(TOOLS, cells[1:]))
    for line in re.findall(r"^\| (.*) \|$", PAGE, re.MULTILINE)
    for cells in [[cell.strip() for cell in line.split("|")]]
}
PARTS = dict(re.findall(r"^### ([^\n]*)\n(.*?)(?=^### |^<!-- end)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    return {case: messages.ask(OURS, case, str(folder / case)) for case in [messages.RIGHT, *TITLES]}


def test_ten_cases_are_in_the_folder_and_on_the_page():
    assert len(TITLES) == 10
    assert sorted(os.listdir(messages.FOLDER)) == sorted([messages.RIGHT, *TITLES])
    assert list(ROWS) == ["mistake", *TITLES.values(), "all"]
    assert [title.lower() for title in PARTS] == [title.lower() for title in TITLES.values()]


def test_the_right_workflow_has_no_problem(answers):
    assert answers[messages.RIGHT] == Answer(0, "tasks.yaml: 4 tasks, no problems")


@pytest.mark.parametrize(("case", "title"), TITLES.items(), ids=TITLES)
def test_the_page_shows_what_is_said_today(answers, case, title):
    part = next(part for heading, part in PARTS.items() if heading.lower() == title.lower())
    assert messages.said(OURS, answers[case]) in part
    assert ROWS[title][OURS] == str(judge(case, OURS, answers[case]))


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_ours_is_never_behind(title):
    ours, *others = [Verdict.read(ROWS[title][tool]) for tool in TOOLS]
    assert ours.found == ours.of
    assert not any(ours.is_behind(other) for other in others)


def test_the_row_of_all_adds_up():
    for tool in TOOLS:
        verdicts = [Verdict.read(ROWS[title][tool]) for title in TITLES.values()]
        found, of, suggestions = (
            sum(getattr(one, name) for one in verdicts) for name in ("found", "of", "suggestions")
        )
        assert ROWS["all"][tool] == f"{found} of {of}, {suggestions} suggestions"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("tasks.yaml:12:5: unknown key; did you mean it?", "1 of 1, line and column, 1 suggestion"),
        ("tasks.yaml:12:5: unknown key", "1 of 1, line and column, no suggestion"),
        ("tasks.yaml:12:5: there is a prompt in the right file", "1 of 1, line and column, 1 suggestion"),
        ("tasks.yaml:12:5: unknown key\n12 | prompt, write\n", "1 of 1, line and column, no suggestion"),
        ("tasks.yaml:12:20: unknown key", "1 of 1, its line, no suggestion"),
        ("  tasks.yaml::$.tasks[2].promt: unknown key", "1 of 1, its path, no suggestion"),
        ("  tasks.yaml::$.tasks[2]: unknown key", "1 of 1, its task, no suggestion"),
        ("tasks.yaml:11:5: unknown key", "1 of 1, its task, no suggestion"),
        ("tasks.yaml:9:5: unknown key", "1 of 1, wrong line, no suggestion"),
        ("unknown key", "1 of 1, no position, no suggestion"),
    ],
)
def test_the_judge_tells_answers_apart(text, verdict):
    found = judge("01-misspelt-key", OURS, Answer(1, text))
    assert str(found) == verdict
    assert Verdict.read(verdict) == found
    assert judge("01-misspelt-key", OURS, Answer(0, text)) == Verdict(0, 1)


def test_of_several_mistakes_each_is_counted_once():
    lines = (
        "tasks.yaml:20:17: too much",
        "tasks.yaml:20:17: use less",
        "tasks.yaml:21:3: unknown",
        "tasks.yaml:1:1: no",
    )
    found = judge("10-several", OURS, Answer(1, "\n".join(lines)))
    assert str(found) == "2 of 3, its line, 1 suggestion"


@pytest.mark.parametrize("better", [{"found": 3}, {"position": messages.COLUMN}, {"suggestions": 2}], ids=str)
def test_being_behind_in_one_thing_is_being_behind(better):
    one = Verdict(2, 3, messages.LINE, 1)
    assert one.is_behind(replace(one, **better))
    assert not replace(one, **better).is_behind(one)
    assert not one.is_behind(one)
