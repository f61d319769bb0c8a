"""Runs in the background in the real host: turns, bytes, agents that hang or die, cuts, neighbours, other ways in."""

import contextlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from faults import (
    AGENT_ERROR,
    Calling,
    Faulty,
    FromMemory,
    Limited,
    NeverStops,
    Stumbling,
    WithoutHooks,
    dawdles,
    dies,
    hangs,
    lies,
    once,
)
from hosting import VERSIONS, Stage, example, said
from parallel_dispatch.copyist import Copyist
from parallel_dispatch.places import ROOT, read_text
from parallel_dispatch.scripted_model import Reply

pytestmark = pytest.mark.host

OLD, NEW = VERSIONS
KB = 1_000
LIMIT_PER_TASK = 2_600
"""How many bytes the main conversation may grow by for every task."""
REVIEWS = ("security-review", "test-review", "ops-review")
TWO_WAVES = """\
name: two-waves
tasks:
  - {id: left, prompt: Look left}
  - {id: right, prompt: Look right}
  - {id: both, prompt: Merge, dependencies: [left, right]}
settings: {output_dir: out}
"""
ONE = """\
name: one
tasks:
  - {id: only, prompt: x}
settings: {output_dir: other}
"""


@pytest.fixture(params=VERSIONS)
def stage(request, tmp_path):
    return Stage(request.param, tmp_path)


@pytest.fixture
def old(tmp_path):
    return Stage(OLD, tmp_path)


@pytest.fixture
def new(tmp_path):
    return Stage(NEW, tmp_path)


def prose(size):
    """A text of so many bytes, in lines."""
    line = "The gate waits for the third signal before it opens, and counts twice what it lets through.\n"
    return (line * (size // len(line) + 1))[: size - 1] + "\n"


class LongWorded(Faulty):
    """A model whose agents write 8 kB and end with 8 kB."""

    def content(self, _):
        return prose(8 * KB)

    def work(self, job, request):
        reply = super().work(job, request)
        return reply if reply.calls else Reply(prose(8 * KB))


def names(run):
    """The names of a run's events, in order."""
    return [event.get("event") for event in run.ledger.read()]


def seconds(run):
    """How long a run took, from its first claim to its end."""
    times = {event.get("event"): event["time"] for event in reversed(run.ledger.read())}
    return times["finished"] - times["claimed"]


def attempts(run):
    """How many attempts every task got."""
    return {task: len(found) for task, found in run.state().attempts.items()}


def outcomes(run):
    """How every task of a run ended."""
    return {task: outcome for task, (outcome, _) in run.state().outcomes().items()}


def has_claimed(stage, number):
    """Whether the newest run has admitted so many calls."""
    return stage.runs and names(stage.runs[-1]).count("launched") >= number


def is_idle(conversation):
    """Whether nothing of a conversation is left behind."""
    return not os.path.exists(os.path.join(conversation.project, ".parallel-dispatch", "active"))


# An agent that hangs: its minute passes beside the other tests, from the first to the last


@pytest.fixture(scope="module")
def hung(tmp_path_factory):
    """With each version a run under way, one of whose agents hangs."""
    with contextlib.ExitStack() as stack:
        found = []
        for version in VERSIONS:
            stage = Stage(version, tmp_path_factory.mktemp("hung"))
            stage.write(
                "tasks.yaml",
                "name: hang\ntasks:\n  - {id: hung, prompt: x}\n  - {id: one, prompt: x}\n"
                "  - {id: two, prompt: x, dependencies: [one]}\n  - {id: three, prompt: x, dependencies: [two]}\n"
                "  - {id: after-hung, prompt: x, dependencies: [hung]}\n"
                "settings: {output_dir: out, timeout_per_task: 1000}\n",
            )
            model = Faulty(faults={"hung": hangs})
            live = stack.enter_context(stage.live(model, "/parallel-dispatch tasks.yaml"))
            found.append((stage, live))
        yield found


def test_others_go_on_beside_an_agent_that_hangs(hung):
    for stage, live in hung:
        live.wait_for(lambda stage=stage: stage.runs and outcomes(stage.runs[0])["three"])
        assert outcomes(stage.runs[0]) == {
            "hung": "",
            **dict.fromkeys(("one", "two", "three"), "success"),
            "after-hung": "",
        }


# Costs


@pytest.fixture(scope="module", params=VERSIONS)
def long_worded(request, tmp_path_factory):
    """The architecture review with prompts of 4 kB, outputs and last words of 8 kB."""
    stage = Stage(request.param, tmp_path_factory.mktemp("long"))
    tasks = [{"id": task, "prompt": prose(4 * KB)} for task in (*REVIEWS, "synthesis")]
    tasks[-1]["dependencies"] = list(REVIEWS)
    stage.write("tasks.yaml", json.dumps({"name": "long", "tasks": tasks, "settings": {"output_dir": "out"}}))
    return stage.converse(LongWorded(), "/parallel-dispatch tasks.yaml")


def test_a_run_costs_one_turn_per_release_and_one_to_close(long_worded):
    assert set(long_worded.outcomes.values()) == {"success"}
    assert long_worded.run.plan.background
    assert len(long_worded.main) == 3
    assert long_worded.batches == [list(REVIEWS), ["synthesis"]]
    assert (long_worded.denials, long_worded.tool_errors) == ([], [])


def test_a_task_costs_the_main_conversation_few_bytes(long_worded):
    sizes = [request.size for request in long_worded.main]
    assert (sizes[-1] - sizes[0]) / 4 <= LIMIT_PER_TASK


def test_the_user_sees_every_end_and_the_model_none(long_worded):
    whole = said(long_worded.main[-1])
    assert "<task-id>" not in whole
    assert prose(KB) not in whole
    assert f"run {long_worded.run.plan.run} goes on." in whole
    shown = [str(event.get("result")) for event in long_worded.printed if event.get("type") == "result"]
    if len(shown) > 1:  # what is printed of a swallowed prompt is the host's own business
        assert [task for task in (*REVIEWS, "synthesis") if not any(f"{task}: done (" in line for line in shown)] == []


def test_nothing_is_left_behind(long_worded):
    assert is_idle(long_worded)
    watchers = os.path.join(long_worded.run.folder.path, "watchers")
    assert os.listdir(watchers) == []
    assert not os.path.exists(long_worded.run.folder.waking)


def test_what_is_released_starts_while_others_still_work(stage):
    stage.write(
        "tasks.yaml",
        "name: stairs\ntasks:\n  - {id: slow, prompt: x}\n  - {id: quick, prompt: x}\n"
        "  - {id: next, prompt: x, dependencies: [quick]}\nsettings: {output_dir: out}\n",
    )
    found = stage.converse(Faulty(faults={"slow": dawdles(2)}), "/parallel-dispatch tasks.yaml")
    assert set(found.outcomes.values()) == {"success"}
    ended = {event["task"]: event["time"] for event in found.events if event["event"] == "closed"}
    assert ended["next"] < ended["slow"]
    assert len(found.main) == 3


# Agents that fail


def test_a_retry_comes_after_a_pause_while_others_work(stage):
    stage.write(
        "tasks.yaml",
        "name: retry\ntasks:\n  - {id: heals, prompt: x}\n  - {id: never, prompt: x}\n  - {id: fine, prompt: x}\n"
        "  - {id: after, prompt: x, dependencies: [heals]}\n"
        "settings: {output_dir: out, on_failure: retry, max_retries: 1}\n",
    )
    model = Faulty(faults={"heals": once(dies), "never": lies, "fine": dawdles(1)})
    found = stage.converse(model, "/parallel-dispatch tasks.yaml")
    assert found.outcomes == {"heals": "success", "never": "failed", "fine": "success", "after": "success"}
    tries = found.run.state().attempts
    assert [len(tries[task]) for task in ("heals", "never", "fine", "after")] == [2, 2, 1, 1]
    assert tries["heals"][1].started - tries["heals"][0].ended >= 1
    assert AGENT_ERROR in found.first_requests["heals"][1]
    assert is_idle(found)


def test_a_failure_that_stops_the_run_has_the_others_stopped(new):
    new.write(
        "tasks.yaml",
        "name: stop\ntasks:\n  - {id: bad, prompt: x}\n  - {id: slow, prompt: x}\n  - {id: later, prompt: x}\n"
        "settings: {output_dir: out, on_failure: stop, max_parallel: 2}\n",
    )
    found = new.converse(Faulty(faults={"bad": lies, "slow": dawdles(3)}), "/parallel-dispatch tasks.yaml")
    assert found.outcomes == {"bad": "failed", "slow": "cancelled", "later": "cancelled"}
    assert "- **slow** cancelled: stopped, because bad failed" in found.report
    assert "Stop these agents: slow." in said(found.main[-1])
    assert len(found.main) == 3
    assert is_idle(found)


def both(test, folder):
    """What a test finds with each version, side by side; their time passes once."""
    with ThreadPoolExecutor(len(VERSIONS)) as pool:
        stages = [Stage(version, folder / version) for version in VERSIONS]
        return list(pool.map(test, stages))


def test_an_agent_that_nobody_stops_costs_the_run_no_more_than_its_time(tmp_path):
    def run(stage):
        shorten(stage, "GRACE_SECONDS", 2)
        stage.write("tasks.yaml", TWO_WAVES)
        model = NeverStops(faults={"left": lambda job, _: Reply(f"{job.task} is here again", delay=6)})
        return stage.converse(model, "/parallel-dispatch tasks.yaml --timeout 1000")

    for found in both(run, tmp_path):
        assert found.outcomes == {"left": "failed", "right": "success", "both": "skipped"}
        assert 3 <= seconds(found.run) <= 3 + 5
        assert "- **left** failed: its output out/left.md does not exist; timeout: it hung for 1 s" in found.report
        assert "1 of 3 tasks succeeded" in said(found.main[-1])  # told once the agent has ended by itself
        assert is_idle(found)


def shorten(stage, constant, value):
    """A constant of the plan, changed in a stage's own copy of the plugin."""
    path = os.path.join(stage.plugin, "scripts", "parallel_dispatch", "plan.py")
    text = read_text(path)
    (line,) = [line for line in text.splitlines() if line.startswith(f"{constant} = ")]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(line, f"{constant} = {value}"))


# Runs that are cut off, and go on


@pytest.mark.parametrize("dispatch", ["foreground", "background"])
def test_a_server_that_serves_nothing_more_spends_no_attempt(stage, dispatch):
    stage.write("tasks.yaml", TWO_WAVES)
    limited = Limited(allowed=2)
    cut = stage.converse(limited, f"/parallel-dispatch tasks.yaml --dispatch {dispatch} --max-parallel 1")
    assert cut.outcomes == {"left": "success", "right": "", "both": ""}
    found = stage.converse(Copyist(), "/parallel-dispatch resume")
    assert set(found.outcomes.values()) == {"success"}
    assert len(found.first_requests.get("left", [])) == 0
    assert found.run.state().spent == dict.fromkeys(("left", "right", "both"), 0)
    assert "1 of 3 tasks are done and stay" in said(found.main[0])
    assert "- **Succeeded**: 3" in found.report
    assert is_idle(found)


@pytest.mark.parametrize("at", [2, 3])
def test_a_turn_that_fails_is_made_up_for_when_the_conversation_goes_on(stage, at):
    stage.write("tasks.yaml", TWO_WAVES)
    cut = stage.converse(Stumbling(at=at), "/parallel-dispatch tasks.yaml")
    assert cut.code == 1
    assert cut.outcomes["both"] == ("" if at == 2 else "success")
    found = stage.converse(Copyist(), "go on", resume=cut.session)
    assert set(found.outcomes.values()) == {"success"}
    assert attempts(found.run) == {"left": 1, "right": 1, "both": 1}
    assert "3 of 3 tasks succeeded" in said(found.main[-1])
    assert is_idle(found)


@pytest.mark.parametrize("way", ["prompt", "command line"])
def test_the_user_stops_a_run_under_way(stage, way):
    stage.write("tasks.yaml", TWO_WAVES)
    with stage.live(Copyist(4), "") as live:
        live.type("/parallel-dispatch tasks.yaml")
        live.wait_for(lambda: live.agents == 2 and has_claimed(stage, 2))
        begun = time.monotonic()
        if way == "prompt":
            live.type("/parallel-dispatch stop")
            live.wait_for(lambda: "told" in names(stage.runs[0]))
            assert time.monotonic() - begun < 4  # it does not wait for its agents
        else:
            done = stage.command_line("cancel", stage.runs[0].plan.run)
            assert done.returncode == 0, done.stdout + done.stderr
        found = live.end()
    assert found.outcomes == {"left": "cancelled", "right": "cancelled", "both": "skipped"}
    assert "Run cancelled" in found.report or "cancelled by the user" in found.report
    assert not os.path.exists(os.path.join(stage.project, "out", "left.md"))
    assert attempts(found.run) == {"left": 1, "right": 1, "both": 0}
    assert is_idle(found)


def test_a_run_whose_task_file_was_mended_goes_on_by_it_and_keeps_what_is_done(stage):
    stage.write("tasks.yaml", TWO_WAVES)
    cut = stage.converse(Faulty(faults={"left": lies}), "/parallel-dispatch tasks.yaml")
    assert cut.outcomes == {"left": "failed", "right": "success", "both": "skipped"}
    stage.write("tasks.yaml", TWO_WAVES.replace("Look left", "Look left again"))
    found = stage.converse(Copyist(), "/parallel-dispatch resume")
    assert set(found.outcomes.values()) == {"success"}
    assert attempts(found.run) == {"left": 2, "right": 1, "both": 1}
    (brief,) = found.first_requests["left"]
    assert "Look left again" in brief
    assert "Run again: left (its prompt changed)." in found.report
    assert is_idle(found)


def test_a_run_cut_off_between_its_last_task_and_its_report_gets_the_report(new):
    new.write("tasks.yaml", ONE)
    found = new.converse(Copyist(), "/parallel-dispatch tasks.yaml")
    lines = read_text(found.run.folder.ledger).splitlines(keepends=True)
    with open(found.run.folder.ledger, "w", encoding="utf-8") as file:
        file.writelines(line for line in lines if '"finished"' not in line and '"told"' not in line)
    os.unlink(found.run.folder.report)
    again = new.converse(Copyist(), "/parallel-dispatch resume")
    assert again.log == []
    assert "is done; its report" in again.result
    assert "- **Succeeded**: 1" in found.report


def test_hosts_that_are_killed_lose_no_run(tmp_path):
    done = subprocess.run(
        [sys.executable, os.path.join(ROOT, "bench", "interruptions.py"), "--moments", "2", "--seed", "7"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 runs ended with every task done" in done.stdout


# Conversations beside each other


def test_two_conversations_in_one_project_and_one_that_would_write_over_the_other(new):
    stage = new
    stage.write("two.yaml", TWO_WAVES)
    stage.write("one.yaml", ONE)
    with stage.live(Faulty(faults={"left": dawdles(4)}), "/parallel-dispatch two.yaml") as live:
        live.wait_for(lambda: live.agents == 2)
        refused = stage.converse(Copyist(), "/parallel-dispatch two.yaml")
        assert refused.log == []
        assert "is under way in another conversation and writes out/left.md" in refused.result
        beside = stage.converse(Copyist(), "/parallel-dispatch one.yaml")
        first = live.end()
    assert [outcomes(run) for run in first.runs] == [
        dict.fromkeys(("left", "right", "both"), "success"),
        {"only": "success"},
    ]
    assert (len(first.main), len(beside.main)) == (3, 2)
    assert is_idle(first)


def test_a_fork_of_a_conversation_starts_nothing_twice(stage):
    stage.write("tasks.yaml", TWO_WAVES)
    with stage.live(Faulty(faults={"left": dawdles(4)}), "/parallel-dispatch tasks.yaml") as live:
        live.wait_for(lambda: live.agents == 2 and has_claimed(stage, 2) and stage.recorded(live.session))
        fork = stage.converse(FromMemory(), "go on", "--fork-session", resume=live.session)
        assert live.process.poll() is None
        found = live.end()
    assert fork.agents == {}
    assert sum("is not driven by this conversation" in error for error in fork.tool_errors) == 2
    assert attempts(found.run) == {"left": 1, "right": 1, "both": 1}
    assert set(found.outcomes.values()) == {"success"}
    assert is_idle(found)


# Other ways in


def test_a_model_that_may_call_the_command_starts_a_run(stage):
    stage.settle(permissions={"allow": ["Skill(parallel-dispatch:parallel-dispatch)"]})
    stage.write("tasks.yaml", TWO_WAVES)
    found = stage.converse(Calling(arguments="tasks.yaml"), "Do what tasks.yaml says.")
    assert set(found.outcomes.values()) == {"success"}
    assert len(found.main) == 4  # the call of the command is one more
    assert found.denials == []
    assert is_idle(found)


def git(folder, *arguments):
    """Git as the user has it, without their settings."""
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@x", *arguments], cwd=folder, check=True, capture_output=True
    )


def test_a_folder_of_a_repository_as_the_project(new):
    git(new.project, "init", "-q")
    new.write("packages/api/tasks.yaml", TWO_WAVES)
    folder = os.path.join(new.project, "packages", "api")
    with new.live(Copyist(), "/parallel-dispatch tasks.yaml", below="packages/api") as live:
        done = live.end()
    new.project = folder
    (run,) = new.runs
    assert set(outcomes(run).values()) == {"success"}
    assert sorted(os.listdir(os.path.join(folder, "out"))) == ["both.md", "left.md", "right.md"]
    assert len(done.main) == 3
    status = new.command_line("status")
    assert "both" in status.stdout, status.stdout + status.stderr


def test_a_worktree_as_the_project(old):
    git(old.project, "init", "-q")
    git(old.project, "commit", "-q", "--allow-empty", "-m", "x")
    git(old.project, "worktree", "add", "-q", "trees/side")
    old.write("trees/side/tasks.yaml", TWO_WAVES)
    with old.live(Copyist(), "/parallel-dispatch tasks.yaml", below="trees/side") as live:
        done = live.end()
    old.project = os.path.join(old.project, "trees", "side")
    (run,) = old.runs
    assert set(outcomes(run).values()) == {"success"}
    assert len(done.main) == 3
    assert run.plan.project == old.project
    assert git(old.project, "diff", "--quiet") is None


def test_a_bare_host_which_has_no_agents_comes_to_a_report_that_says_so(stage):
    stage.write("tasks.yaml", TWO_WAVES)
    allowed = ("--allowedTools", "Bash(parallel-dispatch:*),Read,Write")
    found = stage.converse(WithoutHooks(file="tasks.yaml"), "/parallel-dispatch tasks.yaml", "--bare", *allowed)
    assert found.agents == {}
    assert found.outcomes == {"left": "failed", "right": "failed", "both": "skipped"}
    assert "0 of 3 tasks succeeded" in said(found.main[-1])
    assert "- **left** failed: its output out/left.md does not exist" in found.report


def test_tasks_that_may_take_longer_than_a_print_host_waits_run_in_the_foreground(new):
    new.write("tasks.yaml", example("architecture-review.yaml"))
    found = new.converse(Copyist(), "/parallel-dispatch tasks.yaml --timeout 600000")
    assert not found.run.plan.background
    assert set(found.outcomes.values()) == {"success"}


def test_an_agent_that_hangs_is_ended_within_its_time(hung):
    for _, live in hung:
        found = live.end()
        assert found.outcomes == {
            "hung": "failed",
            **dict.fromkeys(("one", "two", "three"), "success"),
            "after-hung": "skipped",
        }
        assert 61 <= seconds(found.run) <= 1 + 60 + 5
        assert "- **hung** failed: its output out/hung.md does not exist; timeout: it hung for 1 s" in found.report
        assert len(found.main) == 5  # three releases, the stop, the end
        assert is_idle(found)
