"""The trial of bench/fixing.py: its files are broken, their corrections right, and the grader tells good from bad."""

import os
import re
import sys

import pytest
from builders import ROOT

sys.path.insert(0, os.path.join(ROOT, "bench"))

import fixing

NAMES = fixing.names()


def right(name):
    return fixing.checked(name, fixing.right(name)).task_file


def lost(name, file):
    return fixing.lost(fixing.standard(name), file)


def with_first(name, **values):
    """The right correction with other values in its first task."""
    first, *others = right(name).tasks
    return right(name)._replace(tasks=(first._replace(**values), *others))


def changed(name, old, new):
    """What the grader says of the right correction with one place changed."""
    text = fixing.right(name)
    assert text.count(old) == 1
    return fixing.lacks(name, text.replace(old, new))


def test_there_are_twenty_files_and_their_corrections():
    there = {name for name in os.listdir(fixing.TRIALS) if name.endswith(".yaml")}
    assert there == {f"{name}{ending}" for name in NAMES for ending in (".yaml", ".right.yaml")}
    assert len(NAMES) == 20


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_broken_and_its_correction_is_right(name):
    assert fixing.checked(name, fixing.broken(name)).problems
    assert fixing.lacks(name, fixing.broken(name))
    assert fixing.checked(name, fixing.right(name)).problems == ()
    assert fixing.lacks(name, fixing.right(name)) == ""


@pytest.mark.parametrize("name", NAMES)
def test_a_question_shows_the_file_and_what_is_wrong_and_nothing_of_its_place(name):
    question = fixing.question(name)
    assert question.startswith(f"$ cat {name}.yaml\n{fixing.broken(name)}\n")
    assert re.search(rf"^{name}\.yaml:\d+:\d+: .* \[[a-z-]+\]$", question, re.MULTILINE)
    assert ROOT not in question
    assert "\x1b" not in question


@pytest.mark.parametrize("name", NAMES)
def test_what_loses_something_is_refused(name):
    file = right(name)
    first, *others = file.tasks
    assert lost(name, file._replace(tasks=file.tasks[:-1])) == f"{len(others)} tasks, not {len(file.tasks)}"
    shorter = lost(name, with_first(name, prompt=first.prompt.rpartition(" ")[0]))
    assert shorter in {f"prompt of task {first.id}", f"no task {first.id}"}
    assert lost(name, with_first(name, agent="somebody")) == f"agent of task {first.id}"
    assert lost(name, with_first(name, dependencies=(others[-1].id,))) == f"dependencies of task {first.id}"
    settings = file.settings._replace(max_parallel=file.settings.max_parallel + 1)
    assert lost(name, file._replace(settings=settings)) == "max_parallel"


def test_punctuation_and_order_make_no_difference():
    file = with_first("01-payment-review", prompt="Review “this” module (src/payment)!\n  Look for\ninjection")
    assert lost("01-payment-review", file) == "prompt of task security"
    whole = right("01-payment-review").tasks[0].prompt.replace(":", " -").replace(" ", "\n")
    assert lost("01-payment-review", with_first("01-payment-review", prompt=whole)) == ""
    file = right("01-payment-review")
    assert lost("01-payment-review", file._replace(tasks=file.tasks[::-1])) == ""


def test_what_is_to_be_chosen_may_be_chosen_but_not_left_out():
    assert changed("07-db-migration", "reports/queries.md", "queries.md") == ""
    assert changed("07-db-migration", "output_dir: migration/", "output_dir: work") == ""
    assert changed("07-db-migration", "  output_dir: migration/\n", "") == "output_dir"
    assert changed("10-train-models", "    gpu: 4", "    gpu: 8") == ""
    assert changed("10-train-models", "    retries: 10\n", "") == "retries of task compare"
    assert changed("16-billing-api", "- id: proposal", "- id: merge") == ""
    assert changed("06-coverage", "[unit-tests, unit-tests-renderer, e2e, e2e-browser]", "[unit-tests, e2e]")


def test_a_cycle_may_be_cut_anywhere_but_only_once():
    def cut(design, backend, frontend, tests, review):
        file = right("05-export-feature")
        needed = {"design": design, "backend": backend, "frontend": frontend}
        needed |= {"integration-tests": tests, "review": review}
        tasks = [task._replace(dependencies=tuple(needed.get(task.id, task.dependencies))) for task in file.tasks]
        return lost("05-export-feature", file._replace(tasks=tuple(tasks)))

    assert cut([], ["design"], ["design"], ["frontend", "backend"], ["integration-tests"]) == ""
    assert cut(["review"], ["design"], ["design"], ["backend", "frontend"], []) == ""
    assert cut(["review"], [], ["design"], ["backend"], ["integration-tests"]) == ""
    assert cut([], [], [], [], [])
    assert cut([], ["design"], ["design"], ["backend", "frontend"], [])


def test_answers_may_be_fenced_and_none_is_not_fixed(tmp_path, capsys):
    for name in NAMES[:18]:
        (tmp_path / f"{name}.answer.yaml").write_text(f"```yaml\n{fixing.right(name)}```\n", encoding="utf-8")
    assert fixing.grade(str(tmp_path)) == 1
    assert capsys.readouterr().out.endswith("not fixed: no answer\n18 of 20 fixed; at least 19 should be: NOT MET\n")
    (tmp_path / f"{NAMES[18]}.answer.yaml").write_text(fixing.right(NAMES[18]), encoding="utf-8")
    assert fixing.grade(str(tmp_path)) == 0


def test_every_file_has_its_question(tmp_path):
    fixing.ask(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == [f"{name}.question.txt" for name in NAMES]
    assert (tmp_path / f"{NAMES[0]}.question.txt").read_text(encoding="utf-8") == fixing.question(NAMES[0])
