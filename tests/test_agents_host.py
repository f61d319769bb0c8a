"""Our agents in the real host: listed without a word against them, called by their names, held to their tools."""

import json
import os
import shutil

import pytest
from faults import Faulty
from hosting import ROOT, VERSIONS, Stage, said
from parallel_dispatch.copyist import Copyist, called
from parallel_dispatch.places import read_text
from parallel_dispatch.roles import ROLES, full_name
from parallel_dispatch.scripted_model import Call, Reply
from test_agents import TOOLS

pytestmark = pytest.mark.host

NAMES = [full_name(role) for role in ROLES]
ALWAYS_ON = 900
"""How many tokens the descriptions of all skills and agents may cost every conversation."""
EXPLORE = """\
name: explore
tasks:
  - {id: map, agent: explorer, prompt: Find where orders are made.}
  - {id: strays, agent: code-search, prompt: Find where they are paid.}
settings: {output_dir: out}
"""


@pytest.fixture(params=VERSIONS)
def stage(request, tmp_path):
    return Stage(request.param, tmp_path)


class CallsEach:
    """A model that calls each of some agents once; what they do is theirs."""

    def __init__(self, names, does=lambda _: Reply("Done.")):
        self.names, self.does = names, does

    def reply(self, request):
        if request.agent_id:
            return self.does(request)
        if any(message.get("role") == "assistant" for message in request.messages):
            return Reply("That was all.")
        more = {"run_in_background": False}
        calls = [{"description": n, "prompt": f"You are {n}.", "subagent_type": n, **more} for n in self.names]
        return Reply(calls=[Call("Agent", call) for call in calls])


def test_every_role_is_listed_and_can_be_called_with_its_tools_by_its_full_name(stage):
    found = stage.converse(CallsEach(NAMES), "Go.")
    (begin,) = [event for event in found.printed if event.get("subtype") == "init"]
    assert [name for name in begin["agents"] if name.startswith("parallel-dispatch:")] == sorted(NAMES)
    assert not begin.get("plugin_errors")
    assert found.tool_errors == []
    first = {next(n for n in NAMES if f"You are {n}." in said(asked[0])): asked[0] for asked in found.agents.values()}
    assert {name: set(request.tool_names) for name, request in first.items()} == {
        full_name(role): tools for role, tools in TOOLS.items()
    }
    models = {name: request.body["model"] for name, request in first.items()}
    assert "sonnet" in models.pop(full_name("explorer"))
    assert set(models.values()) == {found.main[0].body["model"]}


def test_a_role_is_not_known_by_its_bare_name(stage):
    """So the full name has to stand in the dispatch block."""
    found = stage.converse(CallsEach(["reviewer"]), "Go.")
    (error,) = found.tool_errors
    assert "Agent type 'reviewer' not found" in error
    assert full_name("reviewer") in error


def test_the_host_finds_nothing_wrong_with_our_agents_and_they_cost_little(stage, tmp_path):
    folder = tmp_path / "clone" / "parallel-dispatch"
    ignore = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", ".parallel-dispatch", "tests")
    shutil.copytree(ROOT, folder, symlinks=True, ignore=ignore)
    assert "Validation passed" in stage.manage("plugin", "validate", "--strict", str(folder))
    stage.manage("plugin", "marketplace", "add", str(folder))
    stage.manage("plugin", "install", "parallel-dispatch@parallel-dispatch")
    details = stage.manage("plugin", "details", "parallel-dispatch@parallel-dispatch")
    assert sorted(details.partition(f"Agents ({len(ROLES)})  ")[2].partition("\n")[0].split(", ")) == sorted(ROLES)
    (always,) = [line for line in details.splitlines() if line.strip().startswith("Always-on:")]
    assert 100 < int(always.partition("~")[2].split()[0]) <= ALWAYS_ON
    costs = {words[0]: words[1].strip("~") for words in map(str.split, details.splitlines()) if words[:1]}
    assert {role: int(costs[role]) <= 45 for role in ROLES} == dict.fromkeys(ROLES, True)


@pytest.mark.parametrize("role", ["explorer", "reviewer", "researcher", "integrator"])
def test_who_only_looks_has_no_tool_to_edit_with(stage, role):
    path = stage.write("src/orders.py", "price = 1\n")

    def edits(request):
        if "Edit" in called(request):
            return Reply("I may not.")
        return Reply(calls=[Call("Edit", {"file_path": path, "old_string": "1", "new_string": "2"})])

    found = stage.converse(CallsEach([full_name(role)], edits), "Go.", "--allowedTools", "Edit", mode="acceptEdits")
    (error,) = found.tool_errors
    assert "No such tool available: Edit" in error
    assert read_text(path) == "price = 1\n"


def test_in_a_run_an_explorer_writes_its_output_and_nothing_else_and_may_not_edit(stage):
    path = stage.write("explore.yaml", EXPLORE)
    code = stage.write("src/orders.py", "price = 1\n")

    def strays(job, request):
        tried = list(called(request))
        if len(tried) == 0:
            return Reply(calls=[Call("Edit", {"file_path": code, "old_string": "1", "new_string": "2"})])
        if len(tried) == 1:
            return Reply(calls=[Call("Write", {"file_path": f"{stage.project}/new.md", "content": "not mine"})])
        if len(tried) == 2:
            return Reply(calls=[Call("Write", {"file_path": job.file, "content": "Here and there.\n"})])
        return Reply("Wrote it.")

    found = stage.converse(
        Faulty(faults={"strays": strays}), f"/parallel-dispatch {path}", "--allowedTools", "Write,Edit"
    )
    assert found.outcomes == {"map": "success", "strays": "success"}
    edit, write = found.tool_errors
    assert "No such tool available: Edit" in edit
    assert "strays may not write new.md: it has no write scope" in write
    assert not os.path.exists(f"{stage.project}/new.md")
    assert read_text(code) == "price = 1\n"
    assert {request.tool_names for asked in found.agents.values() for request in asked} == {
        frozenset(TOOLS["explorer"])
    }
    assert "explorer" in found.report
    briefs = {task: told for task, (told,) in found.first_requests.items()}
    assert "You work as code-search." in briefs["strays"]
    assert ROLES["explorer"].work not in briefs["map"]


def test_in_a_run_the_shell_of_a_reviewer_is_for_looking(stage):
    path = stage.write("look.yaml", "name: look\ntasks: [{id: review, agent: reviewer, prompt: x}]\n")
    commands = ["ls | head -5", "touch made-by-shell", 'python3 -c \'open("made", "w")\'']

    def tries(job, request):
        done = len(list(called(request)))
        if done < len(commands):
            return Reply(calls=[Call("Bash", {"command": commands[done], "description": "x"})])
        if done == len(commands):
            return Reply(calls=[Call("Write", {"file_path": job.file, "content": "## Findings\nNone.\n"})])
        return Reply("Wrote it.")

    found = stage.converse(Faulty(faults={"review": tries}), f"/parallel-dispatch {path}", "--allowedTools", "Bash")
    assert found.outcomes == {"review": "success"}
    assert len(found.tool_errors) == 2
    assert all("review changes nothing, so its shell is for looking" in error for error in found.tool_errors)
    assert not {"made-by-shell", "made"} & set(os.listdir(stage.project))


def test_a_role_rehearses_and_its_calls_name_our_agent(stage):
    path = stage.write("roles.yaml", json.dumps(_roles()))
    found = stage.converse(Copyist(), f"/parallel-dispatch {path}")
    assert set(found.outcomes.values()) == {"success"}
    calls = [block for message in found.main[-1].messages for block in _uses(message)]
    assert sorted(call["subagent_type"] for call in calls) == sorted(NAMES)


def _roles():
    tasks = [{"id": role, "agent": role, "prompt": "Do what you do."} for role in ROLES]
    return {"name": "roles", "tasks": tasks, "settings": {"output_dir": "all", "max_parallel": len(ROLES)}}


def _uses(message):
    content = message.get("content")
    blocks = content if isinstance(content, list) and message.get("role") == "assistant" else []
    return [block["input"] for block in blocks if block.get("type") == "tool_use" and block.get("name") == "Agent"]
