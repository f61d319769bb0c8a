"""The graders of the trials: they tell right answers from wrong ones, and the kept answers give the kept tables."""

import json
import os
import runpy

import pytest
from builders import ROOT, read

EVALS = os.path.join(ROOT, "evals")
RESULTS = os.path.join(EVALS, "results", "2026-11-22")


@pytest.fixture
def script():
    """A script of the trials, as a namespace."""

    def load(name):
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(EVALS)
            return runpy.run_path(os.path.join(EVALS, f"{name}.py"), run_name=name)

    return load


def test_sixty_requests_half_of_them_ours_stand_against_twenty_other_skills(script):
    trigger = script("trigger")
    cases = trigger["requests"]()
    assert (len(cases), sum(is_ours for _, is_ours in cases)) == (60, 30)
    assert len(trigger["data"]("skills.yaml")) == 20
    assert len(trigger["our_skills"]()) == 3
    question = trigger["question"]("ours", 1)
    assert all(skill["description"] in question for skill in trigger["our_skills"]())


def test_picking_ours_for_all_costs_precision_and_for_none_recall(script):
    trigger = script("trigger")
    ours = trigger["our_skills"]()[0]["name"]
    everything = "\n".join(f"{at}. {ours}" for at in range(1, 61))
    nothing = "\n".join(f"{at}: none" for at in range(1, 61))
    assert trigger["grade"]("ours", 1, everything)[:2] == (1.0, 0.5)
    assert trigger["grade"]("ours", 1, nothing)[:2] == (0.0, 0.0)
    assert len(trigger["grade"]("ours", 1, "").wrong) == 60


@pytest.mark.parametrize("run", [1, 2, 3])
@pytest.mark.parametrize(("cases", "folder"), [("requests", "trigger"), ("hard", "trigger-hard")])
def test_the_kept_answers_pick_ours_where_they_should(script, run, cases, folder):
    trigger = script("trigger")
    for kind in ("ours", "seeds"):
        answer = read(os.path.join(RESULTS, folder, f"{kind}-{run}.answer.txt"))
        score = trigger["grade"](kind, run, answer, cases)
        assert min(score.recall, score.precision) >= 0.95


def test_a_block_is_copied_or_it_is_not(script):
    wrong = script("dispatch")["wrong"]
    block = [{"description": "a", "prompt": "pd:k3f2/a Read."}, {"description": "b", "prompt": "pd:k3f2/b Read."}]
    calls = [{"tool": "Agent", "input": row} for row in block]
    assert wrong(block, {"text": "", "calls": calls}) == ""
    assert wrong(block, {"text": "I dispatch.", "calls": calls}) == "says something beside"
    assert wrong(block, {"text": "", "calls": calls[:1]}) != ""
    assert wrong(block, {"text": "", "calls": [calls[0], {"tool": "Bash", "input": block[1]}]}) != ""
    changed = {"tool": "Agent", "input": {**block[1], "model": "haiku"}}
    assert wrong(block, {"text": "", "calls": [calls[0], changed]}) == "changed: ['b']"


def test_the_kept_dispatches_hold_every_case(script):
    kept = json.loads(read(os.path.join(RESULTS, "dispatch.json")))
    names = script("dispatch")["names"]()
    assert len(names) >= 20
    assert {f"{name}-{at}" for name in names for at in ("first", "end")} <= set(kept)
    assert all(answer["calls"] and not answer["text"] for name, answer in kept.items() if not name.endswith("-end"))


def test_fifteen_requests_on_three_repositories_have_an_answer_of_each_skill(script):
    cases = [case["id"] for found in script("task_files")["cases"]().values() for case in found]
    assert len(cases) == 15
    for folder in ("round-1", "round-2", "round-3", "round-4", "superpowers", "seed"):
        assert [n for n in cases if not os.path.exists(os.path.join(RESULTS, "task_files", folder, f"{n}.yaml"))] == []


@pytest.mark.parametrize(("number", "first"), [(1, 2), (2, 6), (3, 10), (4, 14)])
def test_the_kept_answers_of_judges_give_the_table(script, tmp_path, capsys, number, first):
    kept = os.path.join(RESULTS, "task_files")
    judge = tmp_path / "judge"
    judge.mkdir()
    (judge / "key.json").write_text(read(os.path.join(kept, "key.json")))
    for repo in script("task_files")["cases"]():
        answer = read(os.path.join(kept, f"round-{number}", f"judge-{repo}.answer.txt"))
        (judge / f"{repo}.answer.txt").write_text(answer)
    assert script("task_files")["winners"](str(tmp_path)) == (first < 12)
    assert f"ours {first}" in capsys.readouterr().out


def test_all_roles_have_briefs_that_are_tried(script):
    cases = script("briefs")["cases"]()
    assert set(cases) == set(script("briefs")["ROLES"])
    assert sum(map(len, cases.values())) >= 30
