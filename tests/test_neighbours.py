"""The product in the real host beside others: plugins with our names, hooks that change or deny our Agent calls."""

import json
import os
import re
import sys
from dataclasses import dataclass

import pytest
from builders import write
from hosting import VERSIONS, Stage, said
from parallel_dispatch.copyist import Copyist, job_of
from parallel_dispatch.scripted_model import Call, Reply, texts

pytestmark = pytest.mark.host

FOUR = """\
name: four
tasks:
  - {id: left, prompt: Look left}
  - {id: right, prompt: Look right}
  - {id: ahead, prompt: Look ahead}
  - {id: all, prompt: Merge, dependencies: [left, right, ahead]}
settings: {output_dir: out}
"""
ONE = "name: one\ntasks: [{id: only, prompt: x}]\nsettings: {output_dir: out}\n"
TASKS = ("left", "right", "ahead", "all")
FULL = "parallel-dispatch:parallel-dispatch"
OURS, THEIRS = "A program drives this run", "Their command, with tasks.yaml"
COMMAND = "---\nname: parallel-dispatch\ndescription: theirs\n---\nTheir command, with $ARGUMENTS\n"
SKILL = "---\nname: dispatching-parallel-agents\ndescription: Theirs, for parallel agents.\n---\nTheir skill\n"
ALL_SETTINGS = ("--setting-sources", "user,project,local")

REWRITES = """\
#!{python}
import json, sys, time
call = json.load(sys.stdin)["tool_input"]
time.sleep(0.4)  # the hook that answers last has the last word
call.update({changes!r}, prompt={words!r}.replace("PROMPT", call["prompt"]))
answer = {{"hookEventName": "PreToolUse", "permissionDecision": "allow", "updatedInput": call}}
print(json.dumps({{"hookSpecificOutput": answer}}))
"""
DENIES = """\
#!/bin/sh
echo '{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny",
"permissionDecisionReason": "house rule: no agents"}}'
"""
KEEPS = "House rules: be brief.\n\nPROMPT"
DROPS = "House rules: do nothing."


@dataclass
class Street(Stage):
    """A stage with neighbours: plugins that are loaded before ours, or after it."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def _command(self, prompt, *arguments):
        command = super()._command(prompt, *arguments)
        at = command.index("--plugin-dir")
        others = [[word for folder in side for word in ("--plugin-dir", folder)] for side in (self.before, self.after)]
        return [*command[:at], *others[0], *command[at : at + 2], *others[1], *command[at + 2 :]]

    def rival(self, name, **files):
        """A small plugin of somebody else."""
        folder = str(self.folder / name)
        write(os.path.join(folder, ".claude-plugin", "plugin.json"), json.dumps({"name": name, "version": "1.0.0"}))
        for path, text in files.items():
            write(os.path.join(folder, path), text)
        return folder

    def hook(self, text):
        """A hook of the user's on every Agent call."""
        path = write(str(self.folder / "hook"), text)
        os.chmod(path, 0o700)
        hook = {"type": "command", "command": path}
        self.settle(hooks={"PreToolUse": [{"matcher": "Agent|Task", "hooks": [hook]}]})


@dataclass
class Obeying(Copyist):
    """A model whose agents find the way to their brief in whatever words stand around it."""

    def agent(self, request):
        told = [text for message in request.messages for text in texts(message)]
        from_marker = [text[max(0, text.find("pd:")) :] for text in told]
        if job_of(from_marker):
            return self.work(job_of(from_marker), request)
        path = next((found[1] for text in told if (found := re.search(r"Read and follow (\S+\.md)", text))), "")
        return Reply(calls=[Call("Read", {"file_path": path})]) if path else Reply("I have no brief.")


@dataclass
class CallsSkill(Copyist):
    """A model that calls a skill by some name, and then does what it is handed."""

    skill: str = ""
    asked: bool = False

    def main(self, request):
        if self.asked:
            return super().main(request)
        self.asked = True
        return Reply(calls=[Call("Skill", {"skill": self.skill, "args": "tasks.yaml"})])


newest_only = pytest.mark.parametrize("street", VERSIONS[-1:], indirect=True)


@pytest.fixture(params=VERSIONS)
def street(request, tmp_path):
    street = Street(request.param, tmp_path)
    street.write("tasks.yaml", FOUR)
    return street


# --- our names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "wins"), [("before", THEIRS), ("after", OURS)])
def test_the_bare_name_is_that_of_the_plugin_that_was_loaded_first(street, side, wins):
    setattr(street, side, (street.rival("aiwg", **{"commands/parallel-dispatch.md": COMMAND}),))
    found = street.converse(Copyist(), "/parallel-dispatch tasks.yaml")
    first = said(found.main[0])
    assert [text in first for text in (OURS, THEIRS)] == [wins == OURS, wins == THEIRS]
    assert [run.plan.name for run in found.runs] == ["four"] * (wins == OURS)
    assert len(found.main) == (3 if wins == OURS else 1)


def test_the_full_name_is_ours_whoever_else_has_the_bare_one(street):
    street.before = (street.rival("aiwg", **{"commands/parallel-dispatch.md": COMMAND}),)
    street.write(".claude/commands/parallel-dispatch.md", COMMAND)
    found = street.converse(Copyist(), f"/{FULL} tasks.yaml", *ALL_SETTINGS)
    assert found.outcomes == dict.fromkeys(TASKS, "success")
    assert THEIRS not in said(found.main[-1])


def test_a_projects_own_command_keeps_the_bare_name_and_starts_no_run(street):
    street.write(".claude/commands/parallel-dispatch.md", COMMAND)
    found = street.converse(Copyist(), "/parallel-dispatch tasks.yaml", *ALL_SETTINGS)
    assert THEIRS in said(found.main[0])
    assert (found.runs, len(found.main)) == ([], 1)


@newest_only
def test_a_model_that_calls_another_plugins_command_is_let_alone(street):
    street.before = (street.rival("aiwg", **{"commands/parallel-dispatch.md": COMMAND}),)
    found = street.converse(CallsSkill(skill="aiwg:parallel-dispatch"), "Do tasks.yaml")
    assert (found.tool_errors, found.runs) == ([], [])
    assert THEIRS in said(found.main[1])


def test_a_model_that_calls_the_projects_own_command_is_let_alone(street):
    street.write(".claude/commands/parallel-dispatch.md", COMMAND)
    found = street.converse(CallsSkill(skill="parallel-dispatch"), "Do tasks.yaml", *ALL_SETTINGS)
    assert (found.tool_errors, found.runs) == ([], [])
    assert THEIRS in said(found.main[1])


@newest_only
def test_two_skills_of_one_name_are_both_there_under_their_full_names(street):
    street.before = (street.rival("superpowers", **{"skills/dispatching-parallel-agents/SKILL.md": SKILL}),)
    name = "dispatching-parallel-agents"
    found = street.converse(CallsSkill(skill=f"parallel-dispatch:{name}"), "Do it in parallel")
    assert [f"{plugin}:{name}:" in said(found.main[0]) for plugin in ("superpowers", "parallel-dispatch")] == [True] * 2
    assert "Write the work down as a task file" in said(found.main[1])
    assert "Their skill" not in said(found.main[1])


# --- hooks beside ours --------------------------------------------------------------------------------------------


def rewriting(words, **changes):
    return REWRITES.format(python=sys.executable, words=words, changes=changes)


@pytest.mark.parametrize(
    ("words", "changes"),
    [(KEEPS, {"model": "haiku"}), (DROPS, {})],
    ids=["a prefix and another model", "other words"],
)
def test_agents_that_were_told_something_else_do_their_tasks_all_the_same(street, words, changes):
    street.hook(rewriting(words, **changes))
    found = street.converse(Obeying(), "/parallel-dispatch tasks.yaml")
    assert [text.startswith("House rules") for told in found.agents.values() for text in [prompt(told)]] == [True] * 4
    assert found.outcomes == dict.fromkeys(TASKS, "success")
    assert {event["task"] for event in found.events if event["event"] == "rewritten"} == set(TASKS)
    noted = found.report.partition("## What its agents were told")[2].partition("\n## ")[0]
    assert [f"- {task}\n" in noted for task in TASKS] == [True] * 4


def prompt(requests):
    """What an agent was asked, without what the host puts before it."""
    return next(text for text in texts(requests[0].messages[0]) if not text.startswith("<system-reminder>"))


@newest_only
def test_an_agent_of_a_type_that_cannot_write_fails_and_the_report_says_why(street):
    street.hook(rewriting(KEEPS, subagent_type="Explore"))
    found = street.converse(Obeying(), "/parallel-dispatch tasks.yaml")
    assert found.outcomes == {**dict.fromkeys(TASKS, "failed"), "all": "skipped"}
    assert "No such tool available: Write" in found.report
    assert "## What its agents were told" in found.report


def test_a_neighbour_that_denies_agents_is_in_the_report(street):
    street.hook(DENIES)
    found = street.converse(Obeying(), "/parallel-dispatch tasks.yaml")
    assert (found.agents, len(found.main)) == ({}, 2)
    assert found.outcomes == {**dict.fromkeys(TASKS, "failed"), "all": "skipped"}
    missing = found.report.partition("## What is missing")[2]
    assert missing.count("house rule: no agents") == 3


def test_a_neighbour_that_answers_before_us_changes_nothing(street):
    street.hook(rewriting(DROPS).replace("0.4", "0"))
    street.write("one.yaml", ONE)
    step = os.path.join(street.plugin, "hooks", "step")
    with open(step, encoding="utf-8") as file:
        text = file.read()
    write(step, text.replace("    printf ", "    sleep 0.3; printf "))
    found = street.converse(Copyist(), "/parallel-dispatch one.yaml")
    assert found.outcomes == {"only": "success"}
    assert "rewritten" not in [event["event"] for event in found.events]
