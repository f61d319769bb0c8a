"""`doctor`: what the product needs on this machine, and what stands beside it in the user's Claude Code."""

import json
import os
import subprocess
import sys

import pytest
from builders import ROOT, write
from parallel_dispatch import installed, neighbours
from parallel_dispatch.doctor import examine

HOOK = {"hooks": [{"type": "command", "command": "true"}]}
EVERY_FILE = ("user", "project", "local", "managed", "managed.d")


class Claude:
    """A user's Claude Code on disk: settings, plugins, commands; nothing of the machine that runs the tests."""

    def __init__(self, base, project, monkeypatch):
        self.project = project
        self.home = os.path.join(base, "home")
        self.user = os.path.join(self.home, ".claude")
        self.local = os.path.join(project, ".claude")
        managed = os.path.join(base, "managed")
        self.files = {
            "user": os.path.join(self.user, "settings.json"),
            "project": os.path.join(self.local, "settings.json"),
            "local": os.path.join(self.local, "settings.local.json"),
            "managed": os.path.join(managed, "managed-settings.json"),
            "managed.d": os.path.join(managed, "managed-settings.d", "10-hooks.json"),
        }
        monkeypatch.setenv("HOME", self.home)
        monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
        monkeypatch.setattr(installed, "MANAGED", managed)

    def settle(self, which="user", **settings):
        write(self.files[which], json.dumps(settings))
        return self.files[which]

    def install(self, name, files, on=True):
        """A plugin as both hosts note it: installed_plugins.json says where, the settings say whether it is on."""
        folder = os.path.join(self.user, "plugins", "cache", f"{name}-market", name, "1.0.0")
        for path, text in files.items():
            write(os.path.join(folder, path), text)
        copies = {f"{name}@{name}-market": [{"scope": "user", "installPath": folder, "version": "1.0.0"}]}
        write(
            os.path.join(self.user, "plugins", "installed_plugins.json"), json.dumps({"version": 2, "plugins": copies})
        )
        self.settle(enabledPlugins={f"{name}@{name}-market": on})

    def found(self, mark):
        return [text for found, text in neighbours.look_around(self.project) if found == mark]

    def only(self, mark):
        """The only thing found."""
        ((found, text),) = neighbours.look_around(self.project)
        assert found == mark
        return text


@pytest.fixture
def claude(tmp_path, project, monkeypatch):
    return Claude(str(tmp_path), project, monkeypatch)


def hooks(matcher):
    return {"PreToolUse": [HOOK if matcher is None else {"matcher": matcher, **HOOK}]}


# --- the whole ----------------------------------------------------------------------------------------------------


def test_the_doctor_checks_the_machine_one_by_one(project, tmp_path, cache):
    env = {"HOME": str(tmp_path), "PARALLEL_DISPATCH_CACHE": cache}
    env["PATH"] = os.path.dirname(sys.executable) + ":/usr/bin:/bin"
    program = os.path.join(ROOT, "bin", "parallel-dispatch")
    done = subprocess.run([program, "doctor"], cwd=project, env=env, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done
    lines = done.stdout.splitlines()
    assert sum(line.startswith("ok     ") for line in lines) >= 7
    assert not any(line.startswith("WRONG") for line in lines)


def test_what_is_wrong_is_counted_and_fails(claude, capsys):
    claude.settle(disableAllHooks=True)
    assert examine(claude.project) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("WRONG  ")] != []
    assert lines[-1] == f"{sum(line.startswith('WRONG') for line in lines)} to mend"


def test_a_rival_is_a_note_and_nothing_to_mend(claude, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    claude.install("aiwg", {"commands/parallel-dispatch.md": "theirs"})
    assert examine(claude.project) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.startswith("note   ")]
    assert "plugin aiwg@aiwg-market" in line
    assert lines[-1] == "Nothing to mend, but read the notes."


# --- what switches a run off --------------------------------------------------------------------------------------


def test_nothing_in_the_way_says_so(claude):
    assert claude.only("ok") == "no setting and no other plugin is in the way"


@pytest.mark.parametrize("which", EVERY_FILE)
def test_hooks_switched_off_are_named_with_their_file(claude, which):
    path = claude.settle(which, disableAllHooks=True)
    assert claude.only("WRONG").startswith(f"{path} says disableAllHooks")


@pytest.mark.parametrize("which", EVERY_FILE)
def test_managed_hooks_only_counts_in_managed_settings_alone(claude, which):
    path = claude.settle(which, allowManagedHooksOnly=True)
    expected = [path] if which.startswith("managed") else []
    assert [text.split(" says allowManagedHooksOnly")[0] for text in claude.found("WRONG")] == expected


def test_managed_hooks_only_is_fine_where_the_organisation_enables_us(claude):
    claude.settle("managed", allowManagedHooksOnly=True, enabledPlugins={"parallel-dispatch@house": True})
    assert claude.found("WRONG") == []


def test_our_own_plugin_switched_off_is_named(claude):
    claude.settle(enabledPlugins={"parallel-dispatch@parallel-dispatch": True})
    assert claude.found("WRONG") == []
    path = claude.settle("project", enabledPlugins={"parallel-dispatch@parallel-dispatch": False})
    assert claude.only("WRONG").startswith(f"{path} has this plugin switched off: `/plugin enable parallel-dispatch@")


@pytest.mark.parametrize(
    ("rule", "stops"),
    [
        ("Agent", True),
        ("Task", True),
        ("Agent(general-purpose)", True),
        ("Write", True),
        ("Edit", False),
        ("Write(out/**)", False),
        ("Bash(rm *)", False),
    ],
)
def test_rules_that_stop_a_run_are_named(claude, rule, stops):
    path = claude.settle("local", permissions={"allow": [rule], "deny": [rule]})
    assert [text.partition(": ")[0] for text in claude.found("WRONG")] == [f"{path} denies {rule}"] * stops


@pytest.mark.parametrize("text", ["{", "[]", '{"permissions": 3, "hooks": [], "enabledPlugins": null}', ""])
def test_settings_that_are_not_what_they_should_be_end_nothing(claude, text):
    path = write(claude.files["user"], text)
    assert all(path in found for found in claude.found("WRONG"))
    assert bool(claude.found("WRONG")) == (not text.startswith('{"'))


# --- neighbours ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matcher", "sees"),
    [
        (None, True),
        ("", True),
        ("*", True),
        ("Agent", True),
        ("Bash|Task", True),
        (".*", True),
        ("^(Agent|Bash)$", True),
        ("Bash|Write", False),
        ("AgentX", False),
        ("mcp__.*", False),
        ("(", False),
    ],
)
def test_hooks_that_see_agent_calls_are_noted(claude, matcher, sees):
    path = claude.settle("project", hooks=hooks(matcher))
    assert [text.partition(" has ")[0] for text in claude.found("note")] == [path] * sees


def test_hooks_of_another_plugin_are_noted_and_ours_are_not(claude):
    claude.install("house", {"hooks/hooks.json": json.dumps({"hooks": hooks("Agent")})})
    assert claude.only("note").startswith("plugin house@house-market has a PreToolUse hook that sees Agent calls")
    claude.install("parallel-dispatch", {"hooks/hooks.json": json.dumps({"hooks": hooks("*")})})
    assert claude.found("note") == []


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("commands/parallel-dispatch.md", "/parallel-dispatch:parallel-dispatch"),
        ("skills/parallel-dispatch/SKILL.md", "/parallel-dispatch:parallel-dispatch"),
        ("commands/dispatching-parallel-agents.md", "parallel-dispatch:dispatching-parallel-agents"),
        ("skills/dispatching-parallel-agents/SKILL.md", "parallel-dispatch:dispatching-parallel-agents"),
    ],
)
@pytest.mark.parametrize("where", ["plugin", "user", "local"])
def test_whoever_has_our_names_is_noted_with_what_means_ours(claude, where, path, ours):
    if where == "plugin":
        claude.install("rival", {path: "theirs"})
    else:
        write(os.path.join(getattr(claude, where), path), "theirs")
    found = claude.only("note")
    assert found.endswith(f"; ours is {ours}")
    assert found.startswith("plugin rival@" if where == "plugin" else os.path.join(getattr(claude, where), path))


def test_a_plugin_that_is_switched_off_or_gone_is_no_rival(claude):
    claude.install("aiwg", {"commands/parallel-dispatch.md": "theirs"}, on=False)
    assert claude.found("note") == []
    claude.settle(enabledPlugins={"gone@somewhere": True})
    assert claude.found("note") == []


def test_the_project_has_the_last_word_on_a_plugin(claude):
    claude.install("aiwg", {"commands/parallel-dispatch.md": "theirs"})
    claude.settle("project", enabledPlugins={"aiwg@aiwg-market": False})
    assert claude.found("note") == []


def test_a_folder_of_the_users_choice_is_looked_into(claude, monkeypatch, tmp_path):
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "elsewhere"))
    write(str(tmp_path / "elsewhere" / "commands" / "parallel-dispatch.md"), "theirs")
    assert "elsewhere" in claude.only("note")


def test_a_home_that_is_the_project_is_told_once(claude):
    claude.project = claude.home
    write(os.path.join(claude.user, "commands", "parallel-dispatch.md"), "theirs")
    assert len(claude.found("note")) == 1


def test_whether_a_bare_name_may_be_somebody_elses(claude):
    assert not neighbours.has_rival("parallel-dispatch", claude.project)
    claude.install("aiwg", {"commands/parallel-dispatch.md": "theirs"})
    assert neighbours.has_rival("parallel-dispatch", claude.project)
    assert not neighbours.has_rival("dispatching-parallel-agents", claude.project)
    claude.settle()
    assert not neighbours.has_rival("parallel-dispatch", claude.project)
    write(os.path.join(claude.local, "commands", "parallel-dispatch.md"), "theirs")
    assert neighbours.has_rival("parallel-dispatch", claude.project)
