"""The interactive program in a terminal: what a user types, sees and gets. Needs tmux."""

import os
import shutil

import pytest
from faults import Calling
from hosting import Stage, example, said
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.copyist import Copyist
from parallel_dispatch.places import project_folder, read_text
from parallel_dispatch.runs import all_runs
from terminal import terminal

FOREGROUND, BACKGROUND = "2.1.197", "2.1.329"
"""The newer version runs every agent in the background here."""
FILE = "examples/architecture-review.yaml"

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(
        not shutil.which("tmux") and not os.environ.get("CI"), reason="tmux is not installed; install it to run these"
    ),
]


@pytest.fixture
def stage(tmp_path):
    return staged(FOREGROUND, tmp_path)


def staged(version, folder):
    stage = Stage(version, folder)
    stage.write(FILE, example("architecture-review.yaml"))
    return stage


def finished_run(stage):
    """The only run of a project, which has ended in four outputs and a report."""
    (folder,) = all_runs(stage.project)
    run = ActiveRun(folder.path)
    assert {outcome for outcome, _ in run.state().outcomes().values()} == {"success"}
    assert "- **Succeeded**: 4" in read_text(folder.report)
    assert all(os.path.getsize(task.output) for task in run.plan.tasks.values())
    assert not os.path.exists(os.path.join(project_folder(stage.project), "active"))


def test_the_bare_command_typed_ends_in_a_report(stage):
    with terminal(stage, Copyist()) as shown:
        shown.type(f"/parallel-dispatch {FILE}")
        screen = shown.wait_for("The run has ended; the report says how.")
        finished_run(stage)
        assert "4 of 4 tasks succeeded. Report: " in screen
        assert len(shown.main) == 3


def test_a_run_that_the_model_asks_for_starts_once_the_user_agrees(stage):
    with terminal(stage, Calling(arguments=FILE)) as shown:
        shown.type("Review the architecture.")
        screen = shown.wait_for("parallel-dispatch would start these agents")
        assert "4 tasks in 2 waves" in screen
        assert all_runs(stage.project) == []
        shown.tmux("send-keys", "Enter")
        shown.wait_for("The run has ended; the report says how.")
        finished_run(stage)
        assert len(shown.main) == 4
        assert "4 tasks in 2 waves" in said(shown.main[1])


def test_a_run_that_the_user_interrupts_ends_in_a_report_and_drags_nobody_back(stage):
    with terminal(stage, Copyist(60)) as shown:
        shown.type(f"/parallel-dispatch {FILE}")
        shown.wait_for("Running 3 agents")
        shown.tmux("send-keys", "Escape")
        shown.wait_for("? for shortcuts")
        shown.type("Forget it.")
        shown.wait_for("0 of 4 tasks succeeded. Report: ")
        assert len(shown.main) == 2
    (folder,) = all_runs(stage.project)
    assert "**security-review** cancelled: interrupted by the user" in read_text(folder.report)
    assert not os.path.exists(os.path.join(project_folder(stage.project), "active"))


def test_a_run_whose_agents_the_host_puts_in_the_background_ends_in_a_report(tmp_path):
    stage = staged(BACKGROUND, tmp_path)
    with terminal(stage, Copyist()) as shown:
        shown.type(f"/parallel-dispatch {FILE}")
        shown.wait_for("4 of 4 tasks succeeded. Report: ")
        finished_run(stage)
