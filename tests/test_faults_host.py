"""Everything that goes wrong at once, in the real host: every run ends, names it, loses and repeats nothing."""

import json
import os
import re
import time

import pytest
from faults import (
    AGENT_ERROR,
    Faulty,
    attempts_to_write,
    busy,
    dawdles,
    dies,
    hangs,
    lies,
    once,
    spawns,
    stub,
    writes_nothing,
)
from hosting import VERSIONS, Stage, said
from parallel_dispatch.copyist import Copyist
from parallel_dispatch.places import read_text

pytestmark = pytest.mark.host

TASKS = """\
name: faults
tasks:
  - {id: dies, prompt: x}
  - {id: lies, prompt: x}
  - {id: empty, prompt: x}
  - {id: stub, prompt: x, contract: {min_bytes: 400, sections: [Findings]}}
  - {id: outside, prompt: x}
  - {id: another, prompt: x, writes: ["src/mine/**"]}
  - {id: link, prompt: x, writes: ["src/linked/**"]}
  - {id: shell, prompt: x, writes: ["src/shelled/**"]}
  - {id: owner, prompt: x, writes: ["src/theirs/**"]}
  - {id: spawner, prompt: x}
  - {id: busy, prompt: x}
  - {id: fine, prompt: x}
  - {id: after-dies, prompt: x, dependencies: [dies, fine]}
  - {id: after-fine, prompt: x, dependencies: [fine, busy]}
settings: {max_parallel: 12, output_dir: out}
"""
LOST = {"dies": "failed", "lies": "failed", "empty": "failed", "stub": "failed", "after-dies": "skipped"}
DONE = ("outside", "another", "link", "shell", "owner", "spawner", "busy", "fine", "after-fine")


@pytest.fixture(scope="module", params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture(scope="module", params=["foreground", "background"])
def everything(request, version, tmp_path_factory):
    """One run in which every agent but three has a fault of its own."""
    stage = Stage(version, tmp_path_factory.mktemp("faults"))
    stage.write("tasks.yaml", TASKS)
    theirs = stage.write("src/theirs/x.py", "theirs")
    os.makedirs(os.path.join(stage.project, "src", "linked"))
    os.symlink("../theirs/new.py", os.path.join(stage.project, "src", "linked", "x.py"))
    write = {"content": "not mine"}
    faults = {
        "dies": dies,
        "lies": lies,
        "empty": writes_nothing,
        "stub": stub,
        "outside": attempts_to_write("Write", {"file_path": os.path.join(stage.project, "notes.md"), **write}),
        "another": attempts_to_write("Write", {"file_path": f"{stage.project}/src/theirs/new.py", **write}),
        "link": attempts_to_write("Write", {"file_path": f"{stage.project}/src/linked/x.py", **write}),
        "shell": attempts_to_write("Bash", {"command": f"echo not mine > {theirs}", "description": "Change it"}),
        "spawner": spawns,
        "busy": once(busy),
    }
    return stage.converse(
        Faulty(faults=faults), f"/parallel-dispatch tasks.yaml --dispatch {request.param}", mode="acceptEdits"
    )


def test_the_run_ends_with_every_outcome_as_it_is(everything):
    assert everything.code == 0, everything.stderr
    assert everything.outcomes == {**dict.fromkeys(DONE, "success"), **LOST}
    assert not os.path.exists(os.path.join(everything.project, ".parallel-dispatch", "active"))


def test_the_report_names_every_fault(everything):
    missing = everything.report.partition("## What is missing")[2].partition("\n## ")[0]
    told = {line.split("**")[1]: line for line in missing.splitlines() if line.startswith("- **")}
    assert set(told) == set(LOST)
    words = {
        "dies": AGENT_ERROR,
        "lies": "does not exist",
        "empty": "is empty",
        "stub": "has 5 bytes, fewer than 400",
        "after-dies": "needs dies, which failed",
    }
    assert [task for task, text in words.items() if text not in told[task]] == []
    assert 'lacks the heading "Findings"' in told["stub"]


def test_nothing_out_of_scope_was_written(everything):
    assert read_text(os.path.join(everything.project, "src", "theirs", "x.py")) == "theirs"
    assert os.listdir(os.path.join(everything.project, "src", "theirs")) == ["x.py"]
    assert not os.path.exists(os.path.join(everything.project, "notes.md"))
    errors = "\n".join(everything.tool_errors)
    for task, place, whose in (
        ("outside", "notes.md", "it has no write scope"),
        ("another", "src/theirs/new.py", "it lies in the write scope of owner (src/theirs/**)"),
        ("link", "src/theirs/new.py", "it lies in the write scope of owner (src/theirs/**)"),
        ("shell", "src/theirs/x.py", "it lies in the write scope of owner (src/theirs/**)"),
    ):
        assert f"{task} may not write {place}: {whose}." in errors
    assert "starts no agents of its own" in errors


def test_nothing_is_done_twice_but_what_a_busy_server_threw_back(everything):
    tried = {task: len(attempts) for task, attempts in everything.run.state().attempts.items()}
    assert tried == {**dict.fromkeys((*DONE, *LOST), 1), "busy": 2, "after-dies": 0}
    assert everything.run.state().attempts["stub"][0].sent_back == 2
    assert everything.run.state().spent["busy"] == 0
    assert everything.run.state().tempo.limit < 12


# --- losers -------------------------------------------------------------------------------------------------------

RACE = """\
name: race
tasks:
  - {id: quick, prompt: x}
  - {id: slow, prompt: x}
  - {id: slower, prompt: x}
  - {id: first, prompt: x, dependencies: [quick, slow, slower], wait: any}
settings: {output_dir: out}
"""


@pytest.mark.parametrize("dispatch", ["foreground", "background"])
def test_losers_are_stopped_and_what_they_cost_is_in_the_report(version, dispatch, tmp_path):
    """In the foreground at their next tool call; in the background in the next turn, though they call no tool."""
    stage = Stage(version, tmp_path)
    stage.write("tasks.yaml", RACE)
    slowness = dawdles(3) if dispatch == "foreground" else hangs
    model = Faulty(faults={"slow": slowness, "slower": slowness})
    began = time.monotonic()
    found = stage.converse(model, f"/parallel-dispatch tasks.yaml --dispatch {dispatch}")
    assert time.monotonic() - began < 60
    assert found.outcomes == {"quick": "success", "slow": "not needed", "slower": "not needed", "first": "success"}
    loser = found.run.state().attempts["slow"][0]
    assert loser.reason == "first goes on without it"
    assert "- **Not needed**: 2" in found.report
    if dispatch == "foreground":
        assert [name for name in ("slow", "slower") if os.path.exists(f"{stage.project}/out/{name}.md")] == []
        rows = [line for line in found.report.splitlines() if line.startswith("| slow |")]
        assert int(rows[-1].split("|")[3].replace(",", "")) > 0
        assert "- **Spent on what was not needed**: " in found.report
    else:
        asked = re.findall(r"Stop these agents: ([a-z, ]+)\.", said(found.main[-1]))
        assert {task for tasks in asked for task in tasks.split(", ")} == {"slow", "slower"}


# --- notifications ------------------------------------------------------------------------------------------------

TWO = """\
name: two
tasks:
  - {id: one, prompt: x}
  - {id: two, prompt: x, dependencies: [one]}
settings: {output_dir: out}
"""


def test_a_notification_that_comes_twice_changes_nothing(version, tmp_path):
    """Every event of the host is told to the hooks twice."""
    stage = Stage(version, tmp_path)
    stage.write("tasks.yaml", TWO)
    guard = os.path.join(stage.plugin, "hooks", "guard")
    with open(guard, encoding="utf-8") as file:
        text = file.read()
    with open(guard, "w", encoding="utf-8") as file:
        once_more = 'event=$(cat)\nprintf "%s\\n" "$event" | "$python" -I -S "${0%/*}/hook.py" "$run" "$PPID"\n'
        again = 'printf "%s\\n" "$event" | "$python" -I -S "${0%/*}/hook.py" "$run" "$PPID" >/dev/null\n'
        file.write(text.replace('exec "$python"', f'{once_more}{again}exit 0\nexec "$python"'))
    found = stage.converse(Copyist(), "/parallel-dispatch tasks.yaml --dispatch background")
    assert found.outcomes == {"one": "success", "two": "success"}
    assert {task: len(tries) for task, tries in found.run.state().attempts.items()} == {"one": 1, "two": 1}


def test_an_end_whose_notification_is_lost_is_seen_all_the_same(version, tmp_path):
    """A hook of somebody else's swallows every notification, and ours do not hear of any."""
    stage = Stage(version, tmp_path)
    stage.write("tasks.yaml", TWO)
    declared = os.path.join(stage.plugin, "hooks", "hooks.json")
    with open(declared, encoding="utf-8") as file:
        hooks = json.load(file)
    swallow = stage.write("swallow", SWALLOW)
    os.chmod(swallow, 0o700)
    hooks["hooks"]["UserPromptSubmit"] = [{"hooks": [{"type": "command", "command": swallow, "args": []}]}]
    with open(declared, "w", encoding="utf-8") as file:
        json.dump(hooks, file)
    found = stage.converse(Copyist(), "/parallel-dispatch tasks.yaml --dispatch background")
    assert found.run.state().outcomes()["one"] == ("success", "")
    resumed = stage.converse(Copyist(), f"/parallel-dispatch resume {found.run.plan.run}")
    assert resumed.outcomes == {"one": "success", "two": "success"}
    assert {task: len(tries) for task, tries in resumed.run.state().attempts.items()} == {"one": 1, "two": 1}


SWALLOW = """\
#!/bin/sh
case $(cat) in *'<task-id>'*) echo '{"decision": "block", "reason": "lost", "suppressOriginalPrompt": true}' ;; esac
"""
