"""Which findings are the same: the labelled reviews, and what must hold for any findings in any order."""

from __future__ import annotations

import importlib.util
import itertools
import os
import random

import pytest
from builders import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.finding import SEVERITIES, Finding
from parallel_dispatch.folding import fold
from parallel_dispatch.likeness import DIFFERENT, POSSIBLY, SAME, likeness, may_lie_together


def bench():
    spec = importlib.util.spec_from_file_location("bench_folding", os.path.join(ROOT, "bench", "folding.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def measured():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(os.path.join(ROOT, "bench"))
        return bench()


def found(task, number, title, path="a.py", line=3, last=0, **more):
    return Finding(task, number, title, more.pop("severity", "high"), path, line, last, **more)


def shape(folding):
    return [group.ids for group in folding.groups], [(a.ids, b.ids) for a, b in folding.possible]


@pytest.mark.parametrize("half", ["looked at", "held out"])
def test_reviews_of_the_same_code_are_folded_rightly(measured, half):
    reviews = measured.halves()[half]
    assert (len(reviews), sum(len(project.findings) for project in reviews) > 500) == (6, True)
    score = measured.score(reviews)
    assert score.same > 500
    assert score.precision >= measured.WANTED_PRECISION
    assert score.recall >= measured.WANTED_RECALL
    assert score.folded[DIFFERENT] == 0
    assert score.folded[SAME] + score.in_doubt >= 0.9 * score.same


def test_two_reviewers_are_enough(measured):
    for reviews in measured.halves().values():
        for chosen in itertools.combinations(("general", "operations", "second", "security"), 2):
            score = measured.score(reviews, chosen)
            assert score.folded[DIFFERENT] == 0
            assert score.recall >= measured.WANTED_RECALL


def test_of_pairs_made_to_be_confused_few_are_folded_wrongly(measured):
    counted = measured.judged(measured.pairs())
    assert sum(counted.values()) == 1447
    wrongly = sum(number for (_, same, verdict), number in counted.items() if not same and verdict == SAME)
    unseen = sum(number for (_, same, verdict), number in counted.items() if same and verdict == DIFFERENT)
    assert (wrongly, unseen) <= (51, 40)


def test_all_findings_of_the_reviews_fold_alike_in_any_order(measured):
    every = measured.many(300, measured.halves()["looked at"])
    expected = shape(fold(every))
    assert sorted(itertools.chain.from_iterable(expected[0])) == sorted(finding.id for finding in every)
    for seed in range(3):
        random.Random(seed).shuffle(every)  # noqa: S311 - an order, not a secret
        assert shape(fold(every)) == expected


def test_a_better_match_nearby_keeps_a_weaker_one_apart():
    one = found("a", 1, "The session token is written to the log in clear text")
    other = found("b", 1, "Clear text of the session token in the log of each request")
    assert shape(fold([one, other])) == ([["a/1", "b/1"]], [])
    rival = found("b", 2, "The session token is written to the log")
    groups, possible = shape(fold([one, other, rival]))
    assert groups == [["a/1", "b/2"], ["b/1"]]
    assert possible == [(["a/1", "b/2"], ["b/1"])]


@pytest.mark.parametrize(
    ("place", "other", "verdict"),
    [
        (("a.py", 3), ("a.py", 8), SAME),
        (("a.py", 3), ("a.py", 15), POSSIBLY),
        (("a.py", 3), ("a.py", 90), DIFFERENT),
        (("a.py", 3, 9), ("a.py", 7), SAME),
        (("a.py", 3), ("b.py", 3), DIFFERENT),
        (("src/pay/a.py", 3), ("pay/a.py", 3), SAME),
        (("src/pay/a.py", 3), ("y/a.py", 3), DIFFERENT),
        (("a.py", 3), ("a.py", 0), SAME),
        (("a.py", 3), ("", 0), SAME),
    ],
)
def test_what_two_places_mean_for_one_text(place, other, verdict):
    title = "SQL injection through `status`"
    assert likeness(found("a", 1, title, *place), found("b", 1, title, *other)) == verdict


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Raise the timeout of `fetch`", "Lower the timeout of `fetch`"),
        ("Missing index on `user_id`", "Redundant index on `user_id`"),
        ("Split `load` into two functions", "Merge `load` into its caller"),
        ("Add retries to `send`", "Remove the retries from `send`"),
    ],
)
def test_what_asks_for_the_opposite_is_never_the_same(one, other):
    assert likeness(found("a", 1, one), found("b", 1, other)) != SAME


def test_findings_of_one_task_are_folded_only_where_they_are_equal():
    title = "SQL injection through `status`"
    assert shape(fold([found("a", 1, title), found("a", 2, title + "."), found("a", 3, title)]))[0] == [
        ["a/1", "a/3"],
        ["a/2"],
    ]


def test_a_chain_does_not_fold_what_is_different():
    title = "SQL injection through `status`"
    folding = fold([found(task, 1, title, line=line) for task, line in (("a", 1), ("b", 6), ("c", 11))])
    assert max(len(group.ids) for group in folding.groups) == 2
    assert len(folding.groups) == 2
    assert len(folding.possible) == 1


def test_a_group_has_the_worst_severity_and_the_finding_that_tells_a_line_stands_for_it():
    title = "SQL injection through `status`"
    low, high = found("a", 1, title, severity="low"), found("b", 1, title, severity="high", line=0)
    exact = found("c", 1, title, severity="high", line=4)
    (group,) = fold([low, high, exact]).groups
    assert (group.severity, group.first.id, group.ids) == ("high", "c/1", ["a/1", "b/1", "c/1"])


def test_no_findings_and_findings_without_anything_are_folded():
    assert shape(fold([])) == ([], [])
    assert len(fold([found("a", 1, "", "", 0), found("b", 1, "", "", 0), found("c", 1, "!!", "", 0)]).groups) >= 1


TITLES = [
    "SQL injection in `q`",
    "`q` is glued together",
    "No timeout",
    "Timeout is too short",
    "x",
    "Missing test for `q`",
    "",
]
FINDINGS = st.builds(
    Finding,
    st.sampled_from("abc"),
    st.integers(1, 99),
    st.sampled_from(TITLES),
    st.sampled_from(["", *SEVERITIES]),
    st.sampled_from(["", "a.py", "src/a.py", "b.py"]),
    st.integers(0, 30),
    st.just(0),
    st.sampled_from(["", "The value of `q` goes into the statement."]),
    st.sampled_from(["", "Bind the value."]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(FINDINGS, max_size=12, unique_by=lambda finding: finding.id), st.randoms())
def test_every_finding_is_in_one_group_of_which_every_two_are_the_same(findings, chance):
    folding = fold(findings)
    assert sorted(id_ for group in folding.groups for id_ in group.ids) == sorted(finding.id for finding in findings)
    for group in folding.groups:
        assert group.first.rank == min(finding.rank for finding in group.findings)
        for a, b in itertools.combinations(group.findings, 2):
            assert may_lie_together(a, b)
            assert a.task != b.task or (a.title, a.place, a.details, a.fix) == (b.title, b.place, b.details, b.fix)
    shuffled = list(findings)
    chance.shuffle(shuffled)
    assert shape(fold(shuffled)) == shape(folding)
