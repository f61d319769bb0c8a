"""Who does a task: the agents that there are, our roles and what stands for them, and the words that each role has."""

import json
import os
import re

import pytest
import yaml
from builders import ROOT, read, write
from parallel_dispatch import installed
from parallel_dispatch.agents import MOST_FILES, roster
from parallel_dispatch.aliases import ALIASES, role_of
from parallel_dispatch.brief import brief
from parallel_dispatch.changes import changes
from parallel_dispatch.load import load_text
from parallel_dispatch.options import Options
from parallel_dispatch.planner import Place, make_plan, plan_again, plan_run
from parallel_dispatch.resolving import BUILT_IN, Roster, resolved
from parallel_dispatch.roles import GENERAL, ROLES, full_name
from parallel_dispatch.state import State

FOLDER = os.path.join(ROOT, "agents")
SEARCHING = {"Read", "Grep", "Glob"}
TOOLS = {
    "explorer": SEARCHING | {"Write"},
    "implementer": {"Read", "Edit", "Write", "Bash"},
    "tester": {"Read", "Edit", "Write", "Bash"},
    "reviewer": {"Read", "Write", "Bash"},
    "documenter": {"Read", "Edit", "Write", "Bash"},
    "debugger": {"Read", "Edit", "Write", "Bash"},
    "researcher": SEARCHING | {"WebSearch", "WebFetch", "Write"},
    "integrator": SEARCHING | {"Write"},
}
"""Who has Bash searches with it: the host gives Grep and Glob to nobody else."""
ALIAS_OF_THE_SEEDS = {
    "security-architect": "reviewer",
    "test-architect": "reviewer",
    "devops-engineer": "implementer",
    "documentation-synthesizer": "integrator",
    "code-reviewer": "reviewer",
    "test-engineer": "tester",
    "api-documenter": "documenter",
    "technical-writer": "documenter",
    "architecture-documenter": "documenter",
    "test-runner": "tester",
    "feature-implementer": "implementer",
    "refactorer": "implementer",
    "debugger": "debugger",
    "research-expert": "researcher",
    "prisma-expert": "implementer",
    "react-tanstack-expert": "implementer",
    "typescript-expert": "implementer",
    "code-search": "explorer",
}
OURS, OTHERS = Roster(), Roster(has_ours=False)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home, on a machine whose organisation has no settings, in a shell of nobody's conversation."""
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.delenv("CLAUDE_CODE_SESSION_ID", raising=False)
    monkeypatch.setattr(installed, "MANAGED", str(tmp_path / "managed"))
    return str(tmp_path / "home")


def agent_file(base, file, head):
    return write(os.path.join(base, ".claude", "agents", file), head)


def install(home, plugin, files, *, on=True, manifest=None):
    """A plugin as the host installs it; its name, where the manifest says no other."""
    folder = os.path.join(home, ".claude", "plugins", "cache", plugin)
    for path, text in {".claude-plugin/plugin.json": json.dumps(manifest or {"name": plugin}), **files}.items():
        write(os.path.join(folder, path), text)
    known = os.path.join(home, ".claude", "plugins", "installed_plugins.json")
    before = json.loads(read(known))["plugins"] if os.path.exists(known) else {}
    copies = {**before, f"{plugin}@market": [{"scope": "user", "installPath": folder}]}
    write(known, json.dumps({"version": 2, "plugins": copies}))
    settings = os.path.join(home, ".claude", "settings.json")
    was = json.loads(read(settings))["enabledPlugins"] if os.path.exists(settings) else {}
    write(settings, json.dumps({"enabledPlugins": {**was, f"{plugin}@market": on}}))


def agent(name="", tools=""):
    head = [f"name: {name}"] * bool(name) + ["description: d"] + [f"tools: {tools}"] * bool(tools)
    return "\n".join(["---", *head, "---", "You are.", ""])


# --- who there is -------------------------------------------------------------------------------------------------


def test_an_agent_of_the_project_or_the_user_is_known_by_the_name_in_its_file(project, home):
    agent_file(project, "some-file.md", agent("security-architect"))
    agent_file(home, "team/deep.md", "---\ndescription: d\nname: 'my agent'\n---\n")
    assert set(roster(project, home).own) == {*BUILT_IN, "security-architect", "my agent"}


@pytest.mark.parametrize(
    ("tools", "can_write"),
    [
        ("", True),
        ("tools: Read, Grep", False),
        ("tools: Read, Write", True),
        ("tools: [Read, 'Write']", True),
        ("tools:\n  - Read\n  - Write", True),
        ("tools:\n  - Read\n  - Grep", False),
        ("tools: Write(src/**)", True),
        ("tools: '*'", True),
        ("disallowedTools: Write, Edit", False),
        ("disallowedTools: Bash", True),
        ("description: no Write tool", True),
    ],
)
def test_an_agent_can_write_unless_its_tools_leave_it_out(project, home, tools, can_write):
    agent_file(project, "a.md", f"---\nname: reader\n{tools}\nmodel: haiku\n---\n")
    assert roster(project, home).own["reader"] is can_write


def test_the_projects_agent_wins_over_the_users_of_the_same_name(project, home):
    agent_file(home, "a.md", agent("reader"))
    agent_file(project, "a.md", agent("reader", "Read"))
    assert roster(project, home).own["reader"] is False


def test_a_comment_behind_an_agents_name_is_no_part_of_it(project, home):
    agent_file(project, "some-file.md", "---\nname: reviewer  # mine\n---\n")
    assert "reviewer" in roster(project, home).own


def test_a_name_inside_another_key_is_not_the_agents_name(project, home):
    agent_file(project, "some-file.md", "---\nmetadata:\n  name: inner\nname: real\n---\n")
    assert {"inner", "real"} & set(roster(project, home).own) == {"real"}


@pytest.mark.parametrize("text", ["", "name: bare\n", "---\ndescription: d\n---\nname: bare\n", "---\nname:\n---\n"])
def test_a_file_without_a_name_in_its_head_is_no_agent(project, home, text):
    agent_file(project, "bare.md", text)
    assert roster(project, home) == Roster()


def test_other_files_beside_agents_are_not_read(project, home):
    agent_file(project, "notes.txt", agent("notes"))
    os.mkfifo(agent_file(project, "pipe.md", "")[: -len("pipe.md")] + "real-pipe.md")
    assert roster(project, home) == Roster()


def test_no_folder_is_so_large_that_a_task_file_waits_for_it(project, home):
    for number in range(MOST_FILES + 5):
        agent_file(project, f"{number:05}.md", agent(f"a-{number}"))
    assert len(roster(project, home).own) == MOST_FILES + len(BUILT_IN)


def test_the_agents_of_a_plugin_have_the_names_that_the_host_gives_them(project, home):
    """As seen with both versions: folders are parts of the name, a file without a name gives its own."""
    files = {"a.md": agent("b", "Read"), "x/y/z.md": agent("z"), "noname.md": agent(), "nohead.md": "x", "no.txt": "x"}
    install(home, "one", {f"agents/{path}": text for path, text in files.items()})
    there = {"one:b": False, "one:x:y:z": True, "one:noname": True, "one:nohead": True}
    assert roster(project, home).plugins == there


@pytest.mark.parametrize("listed", ["./custom/b.md", ["./custom/b.md"], ["./custom/b.md", 7, "./gone.md", "nul\0"]])
def test_agents_that_a_manifest_lists_replace_the_folder(project, home, listed):
    files = {"agents/a.md": agent("a"), "custom/b.md": agent("b")}
    install(home, "two", files, manifest={"name": "two", "agents": listed})
    assert roster(project, home).plugins == {"two:b": True}


@pytest.mark.parametrize("manifest", [{}, {"name": ""}, {"name": ["x"]}, {"name": "odd", "agents": 7}])
def test_a_plugin_without_a_name_or_with_an_odd_list_has_no_agents(project, home, manifest):
    install(home, "odd", {"agents/a.md": agent("a")}, manifest=manifest or {"x": 1})
    assert roster(project, home).plugins == {}


def test_a_plugin_that_is_switched_off_has_no_agents(project, home):
    install(home, "one", {"agents/a.md": agent("a")}, on=False)
    assert roster(project, home).plugins == {}


def test_our_own_agents_are_there_where_our_hooks_drive_the_run(project, home):
    assert roster(project, home).has_ours
    assert not roster(project, home, by_hooks=False).has_ours


@pytest.mark.parametrize("on", [True, False])
def test_without_hooks_ours_are_there_where_the_host_has_the_plugin(project, home, on):
    install(home, "parallel-dispatch", {"agents/explorer.md": agent("explorer")}, on=on)
    there = roster(project, home, by_hooks=False)
    assert there.has_ours is on
    assert there.plugins == {}


@pytest.mark.parametrize(
    ("path", "session", "has_ours"),
    [
        (os.path.join(ROOT, "bin"), "s", True),
        (os.path.join(ROOT, "bin") + "/", "s", True),
        (os.path.join(ROOT, "bin"), "", False),
        ("/usr/bin", "s", False),
    ],
)
def test_without_hooks_ours_are_there_in_the_shell_of_a_conversation_with_the_plugin(
    project, home, monkeypatch, path, session, has_ours
):
    monkeypatch.setenv("PATH", f"/bin:{path}")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", session)
    assert roster(project, home, by_hooks=False).has_ours is has_ours


# --- what becomes of a name ---------------------------------------------------------------------------------------


def becomes(name, there=OURS):
    return resolved(name, there)[:3]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_our_agent_and_without_it_the_general_one_in_that_role(role):
    assert becomes(role) == (full_name(role), "", role)
    assert becomes(full_name(role)) == (full_name(role), "", role)
    for name in (role, full_name(role)):
        assert becomes(name, OTHERS) == (GENERAL, role, role)


@pytest.mark.parametrize(("title", "role"), ALIAS_OF_THE_SEEDS.items())
def test_what_the_seeds_call_their_agents_stands_for_a_role(title, role):
    assert becomes(title) == (full_name(role), title if title != role else "", role)
    assert becomes(title, OTHERS) == (GENERAL, title, role)


def test_case_and_what_joins_the_words_of_a_title_make_no_difference_and_nothing_else_is_taken_for_its_likeness():
    assert {role_of(title) for title in ("Security Architect", "security_architect", "SECURITY  ARCHITECT")} == {
        "reviewer"
    }
    for title in (
        "",
        "security",
        "architect",
        "security-architects",
        "a reviewer",
        "reviewers",
        "レビュー担当",
        "my-qa",
    ):
        assert role_of(title) == ""
        assert becomes(title) == (GENERAL, title, "")


def test_an_alias_stands_for_one_role_and_is_no_role_itself():
    assert not set(ALIASES) & {*ROLES, *BUILT_IN}
    assert set(ALIASES.values()) == set(ROLES)
    assert all(title == "-".join(title.lower().split()) for title in ALIASES)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_hosts_own_agents_are_what_they_are(name):
    assert becomes(name) == (name, "", "")


def test_an_exact_name_wins_over_a_role_and_an_alias():
    own = Roster({**BUILT_IN, "reviewer": True, "code-reviewer": False})
    assert becomes("reviewer", own) == ("reviewer", "", "")
    assert becomes("code-reviewer", own) == ("code-reviewer", "", "")
    assert becomes(full_name("reviewer"), own) == (full_name("reviewer"), "", "reviewer")


def test_a_plugins_agent_is_found_by_its_full_name_and_by_its_own_where_it_is_the_only_one_that_can_write():
    one = Roster(plugins={"kit:code-reviewer": True, "kit:reader": False})
    two = Roster(plugins={"kit:code-reviewer": True, "x:y:code-reviewer": True})
    assert becomes("kit:code-reviewer", one) == ("kit:code-reviewer", "", "")
    assert becomes("code-reviewer", one) == ("kit:code-reviewer", "", "")
    assert becomes("kit:reader", one) == ("kit:reader", "", "")
    assert becomes("reader", one) == (GENERAL, "reader", "")
    assert becomes("code-reviewer", two) == (full_name("reviewer"), "code-reviewer", "reviewer")
    assert "several" in resolved("code-reviewer", two).why
    assert "cannot write" in resolved("reader", one).why


def test_a_pool_works_in_the_role_that_it_is_given(project):
    text = """\
name: n
agents: {strict: {instances: 1, role: security-auditor}, code-reviewer: {instances: 2}}
tasks:
  - {id: a, agent: strict, prompt: x}
  - {id: b, agent: code-reviewer, prompt: x}
"""
    plan = make_plan(load_text("t", text, project).task_file, Options(), place(project))
    assert [(task.subagent_type, task.title) for task in plan.tasks.values()] == [
        (full_name("reviewer"), "security-auditor"),
        (full_name("reviewer"), "code-reviewer"),
    ]
    assert plan.instances == {"strict": 1, "code-reviewer": 2}


def place(project, there=OURS):
    return Place(project, f"{project}/t.yaml", "t-20261122-101500-k3f2", f"{project}/out", there)


def test_a_run_from_a_terminal_hands_roles_to_the_general_agent_where_nobody_has_ours(project, home, monkeypatch):
    monkeypatch.setenv("HOME", home)
    loaded = load_text(f"{project}/t.yaml", "name: n\ntasks: [{id: a, agent: reviewer, prompt: x}]\n", project)
    types = {how: plan_run(loaded, Options(), project, how)[0].tasks["a"].subagent_type for how in ("hooks", "cli")}
    assert types == {"hooks": "parallel-dispatch:reviewer", "cli": GENERAL}


def test_a_run_stays_with_the_agents_that_it_began_with_whatever_the_shell_that_resumes_it_knows(
    project, home, monkeypatch
):
    monkeypatch.setenv("HOME", home)
    text = "name: n\ntasks: [{id: a, agent: reviewer, prompt: x}, {id: b, agent: a title, prompt: x}]\n"
    loaded = load_text(f"{project}/t.yaml", text, project)
    before, folder = plan_run(loaded, Options(), project, "cli")
    install(home, "parallel-dispatch", {"agents/reviewer.md": agent("reviewer")})
    again = plan_again(loaded.task_file, before, folder)
    assert changes(before, again) == {}
    assert again.tasks["a"].subagent_type == GENERAL
    fresh, folder = plan_run(loaded, Options(), project, "cli")
    monkeypatch.setenv("HOME", f"{home}/other")
    assert fresh.tasks["a"].subagent_type == full_name("reviewer")
    assert changes(fresh, plan_again(loaded.task_file, fresh, folder)) == {}


# --- the definitions ----------------------------------------------------------------------------------------------


def definition(role):
    """The frontmatter of a role's agent, and its text."""
    _, head, text = read(os.path.join(FOLDER, f"{role}.md")).split("---\n", 2)
    return yaml.safe_load(head), text


def test_there_is_one_definition_for_each_role():
    assert sorted(os.listdir(FOLDER)) == sorted(f"{role}.md" for role in ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_the_tools_that_do_its_job_and_no_others(role):
    head, _ = definition(role)
    assert head["name"] == role
    assert {tool.strip() for tool in head["tools"].split(",")} == TOOLS[role]
    assert set(head) <= {"name", "description", "tools", "model"}


@pytest.mark.parametrize("role", ROLES)
def test_a_definition_is_short_and_says_how_it_works_what_it_returns_and_what_it_refuses(role):
    _, text = definition(role)
    assert text.count("\n") <= 40
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["How you work", "What you return", "What you refuse"]
    assert "Where your brief asks for another form, that form wins." in " ".join(text.split())
    assert "never an instruction" in " ".join(text.split())


@pytest.mark.parametrize("role", ROLES)
def test_a_definition_and_the_words_of_a_brief_name_the_same_sections(role):
    _, text = definition(role)
    returned = text.partition("## What you return")[2].partition("## What you refuse")[0]
    assert re.findall(r"`(## .+?)`", ROLES[role].form) == re.findall(r"`(## .+?)`", returned)


# --- briefs -------------------------------------------------------------------------------------------------------

PROMPT = "Look at how src/payment/charge.py turns amounts into SQL. " * 3 + "Name each place that is wrong."
HOME = "/home/somebody/projects/an-online-shop"


def brief_of(agent_name, there, **keys):
    text = json.dumps({"name": "payment-review", "tasks": [{"id": "security", "agent": agent_name, **keys}]})
    loaded = load_text("t", text, HOME)
    assert loaded.task_file is not None, loaded.problems
    outputs = f"{HOME}/.parallel-dispatch/outputs/payment-review-20261122-101500-k3f2"
    plan = make_plan(loaded.task_file, Options(), place(HOME, there)._replace(default_output=outputs))
    return brief(plan, State(plan), "security", 1)


@pytest.mark.parametrize("there", [OURS, OTHERS], ids=["ours", "general-purpose"])
@pytest.mark.parametrize("name", [*ROLES, "documentation-synthesizer", "a title that nobody knows"])
def test_a_prompt_of_200_bytes_makes_a_brief_of_at_most_1600(name, there):
    assert 200 <= len(PROMPT.encode()) <= 210
    text = brief_of(name, there, prompt=PROMPT)
    assert len(text.encode()) <= 1600
    assert PROMPT in text


def sentences(text):
    """What a text says, piece by piece, in words alone."""
    parts = re.split(r"[.:;!?]\s|\n\s*[-#]|\n\n", text)
    return {" ".join(re.findall(r"\w+", part.lower())) for part in parts if len(part.split()) > 3}


@pytest.mark.parametrize("role", ROLES)
def test_no_brief_repeats_what_the_definition_of_its_agent_says(role):
    _, text = definition(role)
    told = brief_of(role, OURS, prompt=PROMPT)
    assert len(sentences(text)) > 10
    assert not sentences(text) & sentences(told)
    assert ROLES[role].work not in told
    assert ROLES[role].form not in told


@pytest.mark.parametrize("role", ROLES)
def test_an_agent_without_our_definition_gets_the_words_of_its_role(role):
    told = brief_of(role, OTHERS, prompt=PROMPT).splitlines()
    at = told.index(f"You work as {role}.")
    assert told[at + 1] == ROLES[role].work
    assert f"Its form: {ROLES[role].form}" in told


@pytest.mark.parametrize(
    "keys",
    [
        {"output_format": "One table."},
        {"contract": {"sections": ["Summary"]}},
        {"output": "findings.json"},
        {"contract": {"json_schema": {"type": "object"}}},
    ],
)
def test_a_role_says_no_form_where_the_task_does(keys):
    told = brief_of("reviewer", OTHERS, prompt=PROMPT, **keys)
    assert ROLES["reviewer"].work in told
    assert ROLES["reviewer"].form not in told
    assert ("Its form: One table." in told) == ("output_format" in keys)


# --- the page -----------------------------------------------------------------------------------------------------

PAGE = os.path.join(ROOT, "docs", "agents.md")
HEADS = {
    "| role | description, as the host shows it | tools | model |\n|---|---|---|---|\n": lambda role: (
        definition(role)[0]["description"],
        definition(role)[0]["tools"],
        definition(role)[0].get("model", "the conversation's"),
    ),
    "| role | returns, where the task says nothing else |\n|---|---|\n": lambda role: (
        ROLES[role].form.replace("|", "\\|"),
    ),
    "| role | stands for it |\n|---|---|\n": lambda role: (
        ", ".join(f"`{title}`" for title, of in ALIASES.items() if of == role),
    ),
}
"""The tables of the page, each by its head, with what stands behind a role."""


def test_the_tables_of_the_page_say_what_the_program_does():
    text = made = read(PAGE)
    for head, cells in HEADS.items():
        before, found, after = made.partition(head)
        assert found
        rows = "".join(f"| {' | '.join([f'`{role}`', *cells(role)])} |\n" for role in ROLES)
        made = before + head + rows + re.sub(r"\A(?:\|.*\n)*", "", after)
    if os.environ.get("UPDATE_GOLDEN"):
        write(PAGE, made)
    assert text == made or os.environ.get("UPDATE_GOLDEN")
