"""What earlier runs teach: medians of measured successes, of the same file only."""

import os

import pytest
from builders import plan_of
from parallel_dispatch.learning import NEWEST, folder_stem, learnt
from parallel_dispatch.ledger import Ledger
from parallel_dispatch.places import RunFolder, runs_folder, write_whole

FILE = "tasks.yaml"


@pytest.fixture
def past(project):
    """A finished run in a project, whose tasks took some seconds; None: it failed after a second."""
    count = iter(range(100))

    def make(seconds, file=FILE, rehearsal=False):
        path = os.path.join(project, file)
        folder = RunFolder(os.path.join(runs_folder(project), f"{folder_stem(path)}20260101-0000{next(count):02}-aaaa"))
        plan = plan_of(dict.fromkeys(seconds, ()), project, max_parallel=16)
        plan.task_file, plan.rehearsal = path, rehearsal
        write_whole(folder.plan, plan.to_json())
        ledger = Ledger(folder.ledger)
        ledger.create(run=folder.name, session="")
        for number, (task, taken) in enumerate(seconds.items()):
            ledger.append("claimed", call=f"c{number}", task=task, time=100.0)
            ledger.append("bound", task=task, attempt=1, agent_id=f"a{number}", time=100.0)
            ledger.append("agent-started", agent_id=f"a{number}", time=100.0)
            outcome = {"outcome": "success", "time": 100.0 + taken} if taken else {"outcome": "failed", "time": 101.0}
            ledger.append("closed", task=task, attempt=1, **outcome)
        return folder

    return make


def known(project, file=FILE):
    return learnt(project, os.path.join(project, file))


def test_without_runs_nothing_is_known(project):
    assert known(project) == {}


def test_the_median_of_the_runs_counts(project, past):
    for taken in (10.0, 100.0, 20.0):
        past({"a": taken, "b": 5.0})
    assert known(project) == pytest.approx({"a": 20.0, "b": 5.0})
    past({"a": 30.0})
    assert known(project) == pytest.approx({"a": 25.0, "b": 5.0})


def test_failures_teach_nothing(project, past):
    past({"a": None, "b": 7.0})
    assert known(project) == pytest.approx({"b": 7.0})


def test_rehearsals_and_other_files_teach_nothing(project, past):
    past({"a": 10.0}, rehearsal=True)
    past({"a": 10.0}, file="tasks-2.yaml")
    past({"a": 10.0}, file=os.path.join("other", FILE))
    assert known(project) == {}


def test_only_the_newest_runs_are_looked_at(project, past):
    past({"a": 1000.0, "b": 3.0})
    for _ in range(NEWEST):
        past({"a": 10.0})
    assert known(project) == pytest.approx({"a": 10.0})


def test_a_damaged_run_is_passed_over(project, past):
    folder = past({"a": 10.0})
    write_whole(folder.ledger, "no ledger\n")
    write_whole(past({"a": 10.0}).plan, "{")
    past({"a": 12.0})
    assert known(project) == pytest.approx({"a": 12.0})
