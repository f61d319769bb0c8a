"""The simulated clock of bench/clockwork.py: small plans whose schedule is reckoned by hand."""

import os
import sys

import pytest
from builders import ROOT, plan_of
from parallel_dispatch.load import load_text
from parallel_dispatch.options import Options
from parallel_dispatch.run import plan_run

sys.path.insert(0, os.path.join(ROOT, "bench"))

import rolling
from clockwork import Span, drive, makespan

SECONDS = {"a": 3.0, "b": 1.0, "c": 2.0, "d": 4.0, "e": 1.0}


def driven(plan, **seconds):
    return {span.task: (span.start, span.end) for span in drive(plan, {**SECONDS, **seconds})}


def test_tasks_begin_in_the_order_of_the_plan_as_soon_as_a_place_is_free():
    plan = plan_of({"a": (), "b": (), "c": ("b",), "d": ("a", "c"), "e": ()}, max_parallel=2)
    assert drive(plan, SECONDS) == [
        Span("b", 0.0, 1.0),
        Span("a", 0.0, 3.0),
        Span("c", 1.0, 3.0),
        Span("e", 3.0, 4.0),
        Span("d", 3.0, 7.0),
    ]
    assert makespan(drive(plan, SECONDS)) == 7.0


def test_a_pool_lets_its_agents_work_one_after_another():
    plan = plan_of({"a": (), "b": (), "c": ()})
    plan.tasks["c"].agent = "somebody else"
    plan.instances = {"a reviewer": 1}
    assert driven(plan) == {"a": (0.0, 3.0), "b": (3.0, 4.0), "c": (0.0, 2.0)}


def test_a_resource_is_held_by_as_many_as_there_is_of_it():
    plan = plan_of({"a": (), "b": (), "c": ()})
    for task in plan.tasks.values():
        task.resources = {"licence": 1}
    plan.resources = {"licence": 2}
    assert driven(plan) == {"a": (0.0, 3.0), "b": (0.0, 1.0), "c": (1.0, 3.0)}


def test_overlapping_write_scopes_wait_for_each_other():
    plan = plan_of({"a": (), "b": (), "c": ()})
    for task, glob in (("a", "src/**"), ("b", "src/b.py"), ("c", "docs")):
        plan.tasks[task].writes = (glob,)
    assert driven(plan) == {"a": (0.0, 3.0), "b": (3.0, 4.0), "c": (0.0, 2.0)}


def test_a_wave_begins_when_the_one_before_it_has_ended():
    tasks = {"a": (), "b": (), "c": ("b",), "d": ("c",)}
    assert driven(plan_of(tasks))["d"] == (3.0, 7.0)
    assert driven(plan_of(tasks, in_waves=True))["c"] == (3.0, 5.0)


def test_what_nobody_needs_any_more_ends_at_once_or_never_begins():
    plan = plan_of({"a": (), "b": (), "c": (), "d": ("a", "b", "c")}, max_parallel=2)
    plan.tasks["d"].wait = 1
    assert driven(plan) == {"b": (0.0, 1.0), "a": (0.0, 1.0), "d": (1.0, 5.0)}


def test_losers_that_are_left_alone_work_to_their_end():
    plan = plan_of({"a": (), "b": (), "d": ("a", "b")})
    plan.tasks["d"].wait, plan.tasks["d"].leaves_losers = 1, True
    assert driven(plan) == {"b": (0.0, 1.0), "a": (0.0, 3.0), "d": (1.0, 5.0)}


def test_ends_of_the_same_moment_are_seen_together():
    plan = plan_of({"a": (), "b": (), "c": ("a",), "d": ("b",)}, max_parallel=2)
    assert [span.task for span in drive(plan, dict.fromkeys(plan.tasks, 1.0))] == ["a", "b", "c", "d"]


def test_tasks_that_take_no_time_are_tasks_all_the_same():
    plan = plan_of({"a": (), "b": ("a",)}, max_parallel=1)
    assert driven(plan, a=0.0, b=0.0) == {"a": (0.0, 0.0), "b": (0.0, 0.0)}


def test_a_run_of_nothing_takes_no_time():
    assert makespan([]) == 0.0


def test_a_run_that_cannot_go_on_says_so():
    plan = plan_of({"a": ()})
    plan.tasks["a"].resources = {"licence": 2}
    with pytest.raises(RuntimeError, match="after 0 s nothing runs, and the run is not over: a"):
        drive(plan, SECONDS)


def test_the_ready_set_of_the_measured_feature_is_worth_more_than_its_limit(project):
    """What bench/rolling.py measures in the host, without the host."""
    taken = {}
    for order in rolling.ORDERS:
        loaded = load_text("tasks.yaml", rolling.task_file(order))
        assert loaded.problems == ()
        plan, _ = plan_run(loaded, Options(), project)
        taken[order] = makespan(drive(plan, rolling.seconds()))
    assert taken["waves"] >= rolling.LIMIT_GAIN * taken["rolling"]
    assert 30 <= taken["rolling"] <= 60
