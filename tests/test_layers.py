"""Who may import whom, what hooks may cost, and what the host must find in the plugin: read from the files."""

import ast
import functools
import json
import os
import re
import subprocess
import sys

import pytest
from builders import ROOT

PACKAGE = os.path.join(ROOT, "scripts", "parallel_dispatch")
MODULES = sorted(name[: -len(".py")] for name in os.listdir(PACKAGE) if name.endswith(".py"))

ONLY_IN = {
    "yaml": {"document"},
    "jsonschema": {"schema", "json_schema"},
    "referencing": {"json_schema"},  # of jsonschema, which it comes with
    "jinja2": {"templates"},
    "markupsafe": {"templates"},  # of jinja2, which it comes with
}
"""Who may import a package that does not come with Python: one reader, a checker of task files and one of outputs, one
renderer."""

PURE = {
    "aliases",
    "analysis",
    "audit",
    "balance",
    "bars",
    "blocks",
    "bounds",
    "bulletins",
    "capacity",
    "cells",
    "certain",
    "chains",
    "changes",
    "check",
    "citations",
    "columns",
    "combining",
    "conflicts",
    "consensus",
    "contract",
    "contradiction",
    "contributors",
    "convention",
    "cycles",
    "decide",
    "demands",
    "digest",
    "dispatch",
    "disposition",
    "document",
    "draft",
    "drafts",
    "durations",
    "enumeration",
    "explanation",
    "facts",
    "fences",
    "figures",
    "finding",
    "findings",
    "folding",
    "for_each",
    "forecast",
    "formats",
    "gantt",
    "growing",
    "headings",
    "history",
    "ignores",
    "integration",
    "item",
    "json_schema",
    "kept",
    "keys",
    "kinds",
    "labels",
    "layers",
    "likeness",
    "limiting",
    "limits",
    "listing",
    "location",
    "looking",
    "loss",
    "mentions",
    "merged",
    "mermaid",
    "must_know",
    "nodes",
    "notification",
    "options",
    "order",
    "outlook",
    "outputs",
    "overlap",
    "page",
    "picture",
    "plan",
    "plan_text",
    "plan_values",
    "precedence",
    "problem",
    "progress",
    "prospects",
    "quickjson",
    "records",
    "reference",
    "refusal",
    "replay",
    "report",
    "report_values",
    "resemblance",
    "resolving",
    "resumption",
    "retold",
    "roles",
    "rules",
    "run_pictures",
    "samples",
    "schedule",
    "scopes",
    "search",
    "severity",
    "shape",
    "sharing",
    "shell",
    "shell_calls",
    "shell_programs",
    "shell_words",
    "simulation",
    "sources",
    "spans",
    "standings",
    "state",
    "statement",
    "status",
    "syntax",
    "table",
    "taskfiles",
    "tasks",
    "timeline",
    "timetable",
    "values",
    "verbatim",
    "verdict",
    "visible",
    "wording",
    "workload",
}
MEETS_THE_WORLD = {
    "glob",
    "http",
    "multiprocessing",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "urllib",
}

SLOW_TO_IMPORT = {
    "argparse",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "inspect",
    "json",
    "logging",
    "pathlib",
    "re",
    "subprocess",
    "typing",
}
"""What a hook may import only where it is needed, if at all: each costs it milliseconds on every tool call."""

KNOWN_EVENTS = {
    "Notification",
    "PermissionDenied",
    "PermissionRequest",
    "PostCompact",
    "PostToolBatch",
    "PostToolUse",
    "PostToolUseFailure",
    "PreCompact",
    "PreToolUse",
    "SessionEnd",
    "SessionStart",
    "Setup",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "TaskCompleted",
    "TaskCreated",
    "TeammateIdle",
    "UserPromptExpansion",
    "UserPromptSubmit",
}
"""The events of 2.1.197; one name that it does not know makes it drop all of a plugin's hooks without a word."""


def parsed(path):
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read())


def path_of(module):
    return os.path.join(PACKAGE, f"{module}.py")


@functools.cache
def imports(path, *, at_start_only=False):
    """The modules that a file imports, ours by their bare name; for the type checker alone does not count."""
    found = set()

    def visit(node):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if at_start_only and isinstance(node, (ast.FunctionDef, ast.Lambda)):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            ours = node.level or (node.module or "").partition(".")[0] == "parallel_dispatch"
            inner = (node.module or "").rpartition("parallel_dispatch")[2].strip(".")
            if ours and inner:
                found.add(inner)
            elif ours:
                found.update(alias.name for alias in node.names)
            else:
                found.add(node.module)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(parsed(path))
    return frozenset(name if name in MODULES else name.partition(".")[0] for name in found)


def reached(path):
    """Our modules that a file reaches through imports, also through those inside functions."""
    found, todo = set(), {name for name in imports(path) if name in MODULES}
    while todo:
        module = todo.pop()
        found.add(module)
        todo |= {name for name in imports(path_of(module)) if name in MODULES} - found
    return found


HOOK = os.path.join(ROOT, "hooks", "hook.py")
HOT = sorted(reached(HOOK))


def test_the_reading_of_imports_sees_what_is_there():
    assert len(MODULES) > 30
    assert {"active", "admission", "closing", "conversation", "ledger", "quickjson", "state", "supervision"} <= set(HOT)
    assert {"bell", "interruption", "limits", "notification", "owners", "watch"} <= set(HOT)
    assert set(MODULES) >= PURE
    assert imports(path_of("templates")) >= {"jinja2", "os", "places"}


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_is_imported_where_it_belongs_and_nowhere_else(package):
    importers = {module for module in MODULES if package in imports(path_of(module))}
    assert importers == ONLY_IN[package]


def test_no_other_package_is_imported_at_all():
    known = sys.stdlib_module_names | set(MODULES) | set(ONLY_IN) | {"parallel_dispatch"}
    assert {module: imports(path_of(module)) - known for module in MODULES if imports(path_of(module)) - known} == {}


@pytest.mark.parametrize("module", HOT)
def test_what_hooks_import_is_the_standard_library_and_quick(module):
    assert imports(path_of(module)) <= sys.stdlib_module_names | set(HOT)
    assert not imports(path_of(module), at_start_only=True) & SLOW_TO_IMPORT


def test_a_hook_that_imported_all_of_its_modules_has_loaded_nothing_slow():
    names = ", ".join(HOT)
    code = f"import sys; sys.path.insert(0, {os.path.dirname(PACKAGE)!r}); from parallel_dispatch import {names}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"{code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {f"parallel_dispatch.{module}" for module in HOT} <= loaded
    assert loaded & SLOW_TO_IMPORT == set()


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_module_meets_nothing_outside(module):
    assert imports(path_of(module)) & MEETS_THE_WORLD == set()
    called = {
        node.func.id
        for node in ast.walk(parsed(path_of(module)))
        if isinstance(node, ast.Call) and hasattr(node.func, "id")
    }
    assert called & {"open", "print", "input", "exec", "eval"} == set()


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("tasks", MODULES),
        ("refusal", MODULES),
        ("problem", ["load", "check", "document", "schema", "cli", "run"]),
        ("formats", ["load", "check", "document", "validate", "cli", "run"]),
        ("ignores", ["load", "check", "schema", "validate", "cli", "run"]),
        ("plan", ["state", "decide", "run", "cli", "planner", "facts", "report"]),
        ("ledger", ["state", "decide", "run", "cli", "active", "plan"]),
        ("state", ["replay", "decide", "run", "cli", "facts", "report", "active", "dispatch"]),
        ("replay", ["decide", "run", "cli", "facts", "report", "active", "dispatch"]),
        ("decide", ["run", "cli", "active", "dispatch", "facts", "report"]),
        ("schedule", ["planner", "plan", "run", "cli"]),
        ("facts", ["report", "report_values", "reports", "run", "cli"]),
        ("report_values", ["report", "reports", "sharing", "showing", "run", "cli"]),
        ("report", ["reports", "showing", "run", "cli"]),
        ("load", ["run", "cli", "command", "planner", "validate"]),
    ],
)
def test_what_lies_below_knows_nothing_of_what_lies_above(lower, upper):
    assert imports(path_of(lower)) & set(upper) - {lower} == set()


def test_no_two_modules_import_each_other():
    """Imports inside functions count, too: a circle is a circle."""
    graph = {module: imports(path_of(module)) & set(MODULES) for module in MODULES}
    assert sum(map(len, graph.values())) > 60
    circles = [module for module in MODULES if module in set().union(*(reached(path_of(n)) for n in graph[module]))]
    assert circles == []


# --- the plugin ---------------------------------------------------------------------------------------------------


def hooks():
    with open(os.path.join(ROOT, "hooks", "hooks.json"), encoding="utf-8") as file:
        declared = json.load(file)["hooks"]
    return [(event, hook) for event, groups in declared.items() for group in groups for hook in group["hooks"]]


def test_hooks_are_declared_for_events_that_the_oldest_host_knows():
    events = {event for event, _ in hooks()}
    assert len(events) >= 8
    assert events <= KNOWN_EVENTS


def test_every_declared_hook_is_a_program_of_ours_that_can_be_started_without_a_shell():
    assert hooks()
    for _, hook in hooks():
        assert hook["type"] == "command"
        assert hook["command"].startswith("${CLAUDE_PLUGIN_ROOT}/hooks/")
        assert hook["args"] == []
        path = hook["command"].replace("${CLAUDE_PLUGIN_ROOT}", ROOT)
        assert os.access(path, os.X_OK), path
        with open(path, encoding="utf-8") as file:
            assert file.readline() == "#!/bin/sh\n"


def test_the_events_that_the_hook_answers_are_the_events_that_are_declared_for_it():
    with open(os.path.join(ROOT, "scripts", "parallel_dispatch", "events.py"), encoding="utf-8") as file:
        answered = set(re.findall(r'"(\w+)"', file.read())) & KNOWN_EVENTS
    assert answered == {event for event, hook in hooks() if hook["command"].endswith(("/guard", "/session", "/step"))}


def test_the_manifest_at_the_root_is_the_one_that_the_host_reads():
    manifest, link = (os.path.join(ROOT, *parts) for parts in ((".claude-plugin", "plugin.json"), ("plugin.json",)))
    assert os.path.samefile(manifest, link)
    with open(manifest, encoding="utf-8") as file:
        assert json.load(file)["name"] == "parallel-dispatch"


def test_the_marketplace_offers_this_folder():
    with open(os.path.join(ROOT, ".claude-plugin", "marketplace.json"), encoding="utf-8") as file:
        (plugin,) = json.load(file)["plugins"]
    assert (plugin["name"], plugin["source"]) == ("parallel-dispatch", "./")


def test_the_command_has_the_bare_name():
    with open(os.path.join(ROOT, "commands", "parallel-dispatch.md"), encoding="utf-8") as file:
        head = file.read().split("---\n")[1]
    assert "\nname: parallel-dispatch\n" in "\n" + head


@pytest.mark.parametrize("name", ["CLAUDE.md", "settings.json"])
def test_the_root_holds_nothing_that_the_host_refuses_or_takes_for_settings(name):
    assert os.path.exists(os.path.join(ROOT, "plugin.json"))
    assert not os.path.exists(os.path.join(ROOT, name))


@pytest.mark.parametrize(
    "name",
    [
        "bin/parallel-dispatch",
        "hooks/guard",
        "hooks/command",
        "hooks/foreign",
        "hooks/session",
        "hooks/watch",
        "hooks/written",
        "tests/run",
    ],
)
def test_programs_can_be_executed(name):
    assert os.access(os.path.join(ROOT, name), os.X_OK)
