"""The interactive program in a terminal: what a user types, sees and gets. Needs tmux."""

import os
import re
import shutil
import time
import uuid
from dataclasses import dataclass

import pytest
from faults import Calling, FromMemory
from hosting import VERSIONS, Stage, example, said
from parallel_dispatch.copyist import Copyist, Job
from parallel_dispatch.places import active_file, active_folder, read_text
from parallel_dispatch.scripted_model import Reply, Request
from talking import Answering, Question, answers, questions
from terminal import Terminal, terminal

OLD, NEW = VERSIONS
"""Only the older version has the foreground here."""
FILE = "examples/architecture-review.yaml"
REVIEWS = ("security-review", "test-review", "ops-review")
LAST = "The run has ended; the report says how."
SLOW = 60
"""Seconds that no test waits for."""

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(
        not shutil.which("tmux") and not os.environ.get("CI"), reason="tmux is not installed; install it to run these"
    ),
]


def staged(version, folder):
    stage = Stage(version, folder)
    stage.write(FILE, example("architecture-review.yaml"))
    return stage


@pytest.fixture(params=VERSIONS)
def stage(request, tmp_path):
    return staged(request.param, tmp_path)


@pytest.fixture
def old(tmp_path):
    return staged(OLD, tmp_path)


def names(run):
    """The names of a run's events, in order."""
    return [event.get("event") for event in run.ledger.read()]


def outcomes(run):
    """How every task of a run ended."""
    return {task: outcome for task, (outcome, _) in run.state().outcomes().items()}


def attempts(run):
    """How every attempt of every task ended."""
    return {task: [attempt.outcome for attempt in found] for task, found in run.state().attempts.items()}


def is_idle(stage):
    """Whether no conversation of a project drives a run."""
    return not os.path.exists(active_folder(stage.project))


def begun(shown, stage, command="/parallel-dispatch", *options, agents=3):
    """A new run, typed, once its first agents are at work."""
    before = len(stage.runs)
    shown.type(" ".join((command, FILE, *options)))
    shown.wait_until(lambda: len(stage.runs) > before and names(stage.runs[-1]).count("launched") >= agents)
    return stage.runs[-1]


def has_heard(shown, run):
    """Whether the model was asked after it was told of a run's end."""
    return shown.main[-1].received > max(e["time"] for e in run.ledger.read() if e.get("event") == "told")


def ends(shown, stage, run):
    """Once nothing of a run is left to come; four outputs and a report are there."""
    shown.wait_until(lambda: run.state().told and is_idle(stage) and has_heard(shown, run))
    shown.wait_for(LAST)
    assert set(outcomes(run).values()) == {"success"}
    assert "- **Succeeded**: 4" in read_text(run.folder.report)
    assert all(os.path.getsize(task.output) for task in run.plan.tasks.values())
    shown.wait_until(lambda: not os.listdir(os.path.join(run.folder.path, "watchers")))
    assert not os.path.exists(run.folder.waking)


# One terminal for many runs, one after another: the tests leave it idle


@dataclass
class Window:
    stage: Stage
    shown: Terminal
    script: Answering

    @property
    def session(self):
        """The conversation that drives a run now; empty while one takes over from another."""
        sessions = os.listdir(active_folder(self.stage.project))
        return sessions[0] if len(sessions) == 1 else ""


@pytest.fixture(scope="module", params=VERSIONS)
def window(request, tmp_path_factory):
    stage, script = staged(request.param, tmp_path_factory.mktemp("window")), Answering()
    with terminal(stage, script) as shown:
        yield Window(stage, shown, script)


@pytest.fixture
def begin(window):
    """A run in the shared terminal, with agents that take so long; what it costs the main conversation."""

    def beginning(seconds, command="/parallel-dispatch"):
        window.script.seconds = seconds
        return begun(window.shown, window.stage, command)

    return beginning


@pytest.mark.parametrize("command", ["/parallel-dispatch", "/parallel-dispatch:parallel-dispatch"])
def test_a_typed_command_ends_in_a_report_after_three_turns(window, begin, command):
    before = len(window.shown.main)
    run = begin(1.0, command)
    ends(window.shown, window.stage, run)
    screen = window.shown.wait_for(f"4 of 4 tasks succeeded. Report: {run.plan.shown(run.folder.report)}")
    assert len(window.shown.main) - before == 3
    assert re.search(r"parallel-dispatch: (0 of 4 done, 3|1 of 4 done, 2|2 of 4 done, 1) at work\.", screen)
    assert [task for task in (*REVIEWS, "synthesis") if f"{task}: done (" not in screen] == []


def test_a_key_and_a_word_in_the_middle_disturb_nothing(window, begin):
    run = begin(5)
    window.shown.press("Escape")
    question = Question(f"mid{window.stage.version[-1]}", 0.3)
    window.shown.type(question.text)
    window.shown.wait_for(f"Answer {question.name}.")
    window.shown.type("/parallel-dispatch status")
    screen = window.shown.wait_for(f"(run {run.plan.run}): under way")
    assert "synthesis        waiting" in screen
    assert run.state().open
    ends(window.shown, window.stage, run)
    assert {len(found) for found in attempts(run).values()} == {1}
    last = window.shown.main[-1]
    assert [found for found in questions(last) if found.name == question.name] == [question]
    assert list(answers(last)).count(question.name) == 1


def test_the_user_stops_a_run_under_way(window, begin):
    run = begin(SLOW)
    window.shown.type("/parallel-dispatch stop")
    window.shown.wait_until(lambda: run.state().told and is_idle(window.stage))
    assert outcomes(run) == {**dict.fromkeys(REVIEWS, "cancelled"), "synthesis": "skipped"}
    assert "- **security-review** cancelled: cancelled by the user" in read_text(run.folder.report)


def test_agents_killed_by_hand_end_their_run(window, begin):
    run = begin(SLOW)
    before = len(window.shown.main)
    window.shown.press("C-x", "C-k")
    window.shown.wait_for("Press ctrl+x ctrl+k again")
    window.shown.press("C-x", "C-k")
    window.shown.wait_until(lambda: run.state().told and is_idle(window.stage))
    window.shown.wait_until(lambda: len(window.shown.main) > before)
    time.sleep(0.5)  # for what must not come
    assert outcomes(run) == {**dict.fromkeys(REVIEWS, "cancelled"), "synthesis": "skipped"}
    assert "- **ops-review** cancelled: interrupted by the user" in read_text(run.folder.report)
    assert len(window.shown.main) == before + 1
    assert names(run).count("claimed") == 3


def compactions(window):
    """How often the conversation was compacted, as the host has written it down."""
    projects = os.path.join(window.stage.home, ".claude", "projects")
    paths = [os.path.join(folder, f"{window.session}.jsonl") for folder, _, _ in os.walk(projects)]
    return sum(read_text(path).count('"compact_boundary"') for path in paths)


def test_a_compaction_in_the_middle_is_quick_and_the_run_ends(window, begin):
    window.shown.type(Question("early").text)  # a conversation of one message is not compacted
    window.shown.wait_for("Answer early.")
    run = begin(3)
    before = time.monotonic()
    window.shown.type("/compact")
    window.shown.wait_until(lambda: compactions(window) > 0)
    assert time.monotonic() - before < 2.5
    assert run.state().open
    ends(window.shown, window.stage, run)
    assert {len(found) for found in attempts(run).values()} == {1}
    assert f"Run {run.plan.run}" in said(window.shown.main[-1])


def test_a_run_follows_its_conversation_to_a_new_id(window, begin):
    run = begin(2)
    before = window.session
    window.shown.type("/clear")
    window.shown.wait_until(lambda: window.session not in ("", before))
    cleared = time.time()
    assert read_text(run.folder.owner).strip() == window.session
    ends(window.shown, window.stage, run)
    late = [event for event in run.ledger.read() if event.get("event") == "closed" and event["time"] > cleared]
    assert len(late) == 4
    assert {len(found) for found in attempts(run).values()} == {1}


# Terminals of their own


def test_a_run_that_the_model_asks_for_starts_once_the_user_agrees(stage):
    with terminal(stage, Calling(arguments=FILE)) as shown:
        shown.type("Review the architecture.")
        screen = shown.wait_for("parallel-dispatch would start these agents")
        assert "4 tasks in 2 waves" in screen
        assert stage.runs == []
        time.sleep(1)  # 2.1.329 takes no key in a dialog's first moment
        shown.press("Enter")
        shown.wait_until(lambda: stage.runs)
        ends(shown, stage, stage.runs[0])
        assert len(shown.main) == 4
        assert "4 tasks in 2 waves" in said(shown.main[1])


def test_a_run_that_the_user_interrupts_ends_in_a_report_and_drags_nobody_back(old):
    with terminal(old, Copyist(SLOW)) as shown:
        shown.type(f"/parallel-dispatch {FILE} --dispatch foreground")
        shown.wait_for("Running 3 agents")
        shown.press("Escape")
        shown.wait_for("? for shortcuts")
        shown.type("Forget it.")
        shown.wait_for("0 of 4 tasks succeeded. Report: ")
        shown.wait_until(lambda: len(shown.main) > 1)
        time.sleep(0.5)  # for what must not come
        assert len(shown.main) == 2
    (run,) = old.runs
    assert "**security-review** cancelled: interrupted by the user" in read_text(run.folder.report)
    assert is_idle(old)


@dataclass
class SlowAtTheEnd(Copyist):
    """A model whose last agent takes long."""

    def work(self, job: Job, request: Request) -> Reply:
        reply = super().work(job, request)
        return Reply(reply.text, reply.calls, delay=SLOW) if job.task == "synthesis" else reply


def test_a_run_whose_terminals_are_killed_goes_on_and_no_fork_starts_it_twice(stage):
    session = str(uuid.uuid4())
    with terminal(stage, Copyist(SLOW), "--session-id", session) as shown:
        run = begun(shown, stage)
        shown.wait_until(lambda: stage.recorded(session))
    with terminal(stage, SlowAtTheEnd(), "--continue") as shown:
        shown.type("go on")
        shown.wait_until(lambda: names(run).count("launched") == 7)
        assert outcomes(run) == {**dict.fromkeys(REVIEWS, "success"), "synthesis": ""}
        with terminal(stage, FromMemory(), "--resume", session, "--fork-session") as fork:
            fork.type("go on")
            fork.wait_for("Then not.")
            assert names(run).count("claimed") == 7
            assert os.path.exists(active_file(stage.project, session))
            shown.kill()
            fork.model.script = Copyist()
            fork.type("/parallel-dispatch resume")
            ends(fork, stage, run)
    assert {tuple(found) for found in attempts(run).values()} == {("interrupted", "success")}
    assert len(stage.runs) == 1
