"""Whose files are whose while agents run: globs over paths, links, the words of a denial; hooks as processes."""

import fnmatch
import json
import os
import subprocess
import sys

import pytest
from builders import ROOT, SESSION, plan_of, read, write
from hooking import Conversation
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.owners import activate
from parallel_dispatch.refusal import Refusal
from parallel_dispatch.scopes import covers, overlapping
from parallel_dispatch.territory import grounds, refusal, scope_without_links
from parallel_dispatch.tie import Tie

TASKS = {"a": (), "b": (), "c": ()}
SCOPES = {"a": ("src/a/**", "docs/*.md"), "b": ("src/b",)}
"""`c` has none."""


# --- globs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("src/**", "src/a/b.py", True),
        ("src/**", "src", True),
        ("src", "src/a.py", True),
        ("src", "srcs/a.py", False),
        ("./src/", "src/a.py", True),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("src/*.py", "src/.hidden.py", True),
        ("**/test_*.py", "test_a.py", True),
        ("**/test_*.py", "a/b/test_a.py", True),
        ("src/**/index.ts", "src/index.ts", True),
        ("src/**/index.ts", "src/a/b/index.ts", True),
        ("src/**/index.ts", "src/a/b/index.tsx", False),
        ("a/[!b].md", "a/b.md", False),
        ("a/[a-c].md", "a/b.md", True),
        ("a/?.md", "a/bb.md", False),
        ("a[", "a[", True),
        ("**", "anything/at/all", True),
        ("Src/a.py", "src/a.py", False),
    ],
)
def test_what_a_glob_covers(glob, path, expected):
    assert covers(glob, path) == expected


NAME = st.text("abc.-", min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))


@settings(max_examples=2000, deadline=None)
@given(st.text("abc*?[]!-", min_size=1, max_size=7), st.text("abc]!", min_size=1, max_size=6))
def test_a_name_is_covered_as_a_shell_would_have_it(glob, name):
    if glob != "**":
        assert covers(glob, name) == fnmatch.fnmatchcase(name, glob)


STEPS = st.lists(st.one_of(NAME, st.sampled_from(["*", "**", "?", "a*", "[ab]", "*.c"])), min_size=1, max_size=4)


@settings(max_examples=2000, deadline=None)
@given(STEPS, STEPS, st.lists(NAME, min_size=1, max_size=4))
def test_a_path_that_two_scopes_cover_keeps_their_tasks_apart(one, other, path):
    one, other, path = "/".join(one), "/".join(other), "/".join(path)
    if covers(one, path) and covers(other, path):
        assert overlapping((one,), (other,))


# --- links in scopes ----------------------------------------------------------------------------------------------


def test_a_scope_that_begins_with_a_link_is_that_of_what_it_leads_to(tmp_path):
    project = str(tmp_path / "project")
    os.makedirs(os.path.join(project, "packages", "core"))
    os.symlink("packages/core", os.path.join(project, "core"))
    os.symlink(project, tmp_path / "elsewhere")
    for there in (project, str(tmp_path / "elsewhere")):
        assert scope_without_links("a", ("core/**", "core/x.ts", "./lib", "**", "*/y"), there) == (
            "packages/core/**",
            "packages/core/x.ts",
            "lib",
            "**",
            "*/y",
        )


def test_a_scope_that_leaves_the_project_through_a_link_is_refused(tmp_path):
    project = str(tmp_path / "project")
    os.mkdir(project)
    os.symlink(tmp_path, os.path.join(project, "out"))
    with pytest.raises(Refusal, match=r'"out/\*\*" under "writes" in task "a" leaves the project through a link'):
        scope_without_links("a", ("out/**",), project)


# --- who may write what -------------------------------------------------------------------------------------------


def planned(project, *, open_writes=False):
    plan = plan_of(TASKS, project, {"b": "notes/"}, open_writes=open_writes)
    for task, globs in SCOPES.items():
        plan.tasks[task].writes = globs
    return plan


def tie_of(plan, task, **changed):
    names = ("project", "outputs", "own", "scope", "folds")
    where = {**dict(zip(names, grounds(plan, plan.tasks[task]))), **changed}
    return Tie(task, 1, 1e12, 1e12, "", **where)


@pytest.mark.parametrize(
    ("task", "path", "why"),
    [
        ("a", "out/a.md", ""),
        ("a", "src/a/deep/x.py", ""),
        ("a", "docs/x.md", ""),
        ("a", "docs/deep/x.md", "it lies outside of its write scope"),
        ("a", "src/b/x.py", "it lies in the write scope of b (src/b)"),
        ("a", "out/notes/x.md", "it is the output of b"),
        ("a", "out/c.md", "it is the output of c"),
        ("a", "out/d.md", "it lies outside of its write scope"),
        ("a", ".parallel-dispatch/runs/x/ledger.jsonl", "runs are kept there"),
        ("c", "out/c.md", ""),
        ("c", "README.md", "it has no write scope"),
        ("c", "src/a/x.py", "it lies in the write scope of a (src/a/**)"),
    ],
)
def test_a_task_writes_its_output_and_its_scope_and_is_told_whose_the_rest_is(tmp_path, task, path, why):
    plan = planned(str(tmp_path))
    found = refusal(plan, tie_of(plan, task), os.path.join(str(tmp_path), path))
    assert (f"{task} may not write {path}: {why}. Write " in found) if why else (found == "")


def test_a_denial_says_what_to_write_instead(tmp_path):
    plan = planned(str(tmp_path))
    a, c = (refusal(plan, tie_of(plan, task), str(tmp_path / "x.md")) for task in ("a", "c"))
    rest = "if that file has to change, say so in your output."
    assert a.endswith(f"Write out/a.md and src/a/**, docs/*.md; {rest}")
    assert c.endswith(f"Write out/c.md only; {rest}")


@pytest.mark.parametrize(
    ("task", "path", "why"),
    [
        ("c", "README.md", ""),
        ("c", "src/a/x.py", "it lies in the write scope of a (src/a/**)"),
        ("c", "out/a.md", "it is the output of a"),
        ("c", ".parallel-dispatch/active/x", "runs are kept there"),
        ("a", "README.md", "it lies outside of its write scope"),
    ],
)
def test_open_writes_leave_everything_to_tasks_without_a_scope_but_what_is_others(tmp_path, task, path, why):
    plan = planned(str(tmp_path), open_writes=True)
    found = refusal(plan, tie_of(plan, task), os.path.join(str(tmp_path), path))
    assert (f"{task} may not write {path}: {why}. Write " in found) if why else (found == "")


def test_a_scope_of_everything_holds_neither_the_outputs_of_others_nor_the_runs(tmp_path):
    plan = planned(str(tmp_path))
    plan.tasks["c"].writes = ("**",)
    tie = tie_of(plan, "c")
    found = {
        path: refusal(plan, tie, os.path.join(str(tmp_path), path)) != ""
        for path in ("README.md", "src/a/x.py", "out/c.md", "out/a.md", ".parallel-dispatch/runs/x", "out/z.md")
    }
    assert found == {
        "README.md": False,
        "src/a/x.py": False,  # planning keeps the two apart
        "out/c.md": False,
        "out/a.md": True,
        ".parallel-dispatch/runs/x": True,
        "out/z.md": False,
    }


def test_where_the_file_system_folds_case_so_does_a_scope(tmp_path):
    plan = planned(str(tmp_path))
    for path, allowed in (("SRC/A/x.py", True), ("OUT/A.MD", True), ("SRC/B/x.py", False), ("OUT/C.md", False)):
        there = os.path.join(str(tmp_path), path)
        assert (refusal(plan, tie_of(plan, "a", folds=True), there) == "") == allowed
        assert refusal(plan, tie_of(plan, "a", folds=False), there) != ""
    plan.tasks["c"].writes = ("**",)
    assert "is the output of a" in refusal(plan, tie_of(plan, "c", folds=True), os.path.join(str(tmp_path), "OUT/A.md"))


# --- hooks --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["2.1.197", "2.1.329"])
def conversation(request, tmp_path):
    project = str(tmp_path / "project")
    os.mkdir(project)
    return Conversation(request.param, project, str(tmp_path), str(tmp_path / "cache"))


def begin(conversation, **more):
    conversation.begin(plan=planned(conversation.project, **more))
    conversation.admits("a", "c")


def asked(conversation, path, task="a", tool="Write", key="file_path", **more):
    """The decision and the reason for one call of an agent."""
    payload = conversation.payload("PreToolUse-Write", AGENT=f"agent-of-{task}", FILE=path, CALL="toolu_w")
    payload = {**payload, "tool_name": tool, "tool_input": {key: path}, **more}
    answer = (conversation.fire(payload) or {}).get("hookSpecificOutput", {})
    return answer.get("permissionDecision"), answer.get("permissionDecisionReason", "")


@pytest.mark.parametrize(
    ("tool", "key"),
    [("Write", "file_path"), ("Edit", "file_path"), ("MultiEdit", "file_path"), ("NotebookEdit", "notebook_path")],
)
def test_every_tool_that_writes_is_held_to_the_scope(conversation, tool, key):
    begin(conversation)
    inside, outside = (os.path.join(conversation.project, "src", name, "x.py") for name in "ab")
    for _ in range(2):  # the first call is judged with the plan, the others with the tie alone
        assert asked(conversation, inside, tool=tool, key=key) == (None, "")
        decision, reason = asked(conversation, outside, tool=tool, key=key)
        assert decision == "deny"
        assert "a may not write src/b/x.py: it lies in the write scope of b (src/b)." in reason


def test_whatever_leads_out_of_the_scope_is_seen_through(conversation, tmp_path):
    begin(conversation)
    project = conversation.project
    write(os.path.join(project, "src/b/x.py"), "b")
    os.makedirs(os.path.join(project, "src/a"))
    os.symlink("../b/x.py", os.path.join(project, "src/a/link.py"))
    os.symlink(tmp_path, os.path.join(project, "src/a/away"))
    os.symlink("../../nowhere", os.path.join(project, "src/a/dangling"))
    for path in ("src/a/link.py", "src/a/../b/x.py", "src/a/away/x.py", "src/a/dangling", "src\\b\\x.py", "~/x.py"):
        assert asked(conversation, path)[0] == "deny", path
        assert asked(conversation, os.path.join(project, path))[0] == "deny", path
    assert asked(conversation, "src/a/fine.py")[0] is None
    assert asked(conversation, "../a/fine.py", cwd=os.path.join(project, "src", "b"))[0] is None
    assert asked(conversation, "src/a/fine.py", cwd=os.path.join(project, "src"))[0] == "deny"


def test_an_agent_without_a_scope_writes_its_output_alone_unless_the_file_says_open(conversation):
    begin(conversation)
    assert asked(conversation, "README.md", task="c")[0] == "deny"
    assert asked(conversation, "out/c.md", task="c")[0] == "allow"


def test_open_writes_are_left_to_the_users_rules(conversation):
    begin(conversation, open_writes=True)
    assert asked(conversation, "README.md", task="c")[0] is None
    assert asked(conversation, "/etc/motd", task="c")[0] is None
    assert asked(conversation, "src/a/x.py", task="c")[0] == "deny"


@pytest.mark.parametrize(
    ("command", "decision"),
    [
        ("echo x > src/a/x.py", None),
        ("cat src/b/x.py | tee /tmp/seen", None),
        ("npm test 2>&1 | tail -5", None),
        ("printf x > out/a.md", None),
        ("mkdir -p out/deep", None),
        ("echo x > src/b/x.py", "deny"),
        ("cd src/b && sed -i s/a/b/ x.py", "deny"),
        ("cp src/a/x.py README.md", "deny"),
        ("rm -rf out", "deny"),
        ("git checkout -- src/b/x.py", "deny"),
    ],
)
def test_a_shell_command_that_plainly_writes_what_is_not_its_tasks_is_denied(conversation, command, decision):
    begin(conversation)
    for _ in range(2):
        assert asked(conversation, command, tool="Bash", key="command")[0] == decision


def test_where_no_run_is_active_or_the_agent_is_not_ours_nothing_is_judged(conversation):
    assert asked(conversation, "README.md")[0] is None
    begin(conversation)
    conversation.starts("stranger", prompt="Count the sheep.")
    assert asked(conversation, "README.md", task="stranger")[0] is None
    payload = conversation.payload("PreToolUse-Write", AGENT="x", FILE="README.md", CALL="toolu_w")
    payload.pop("agent_id")
    assert conversation.fire(payload) is None


# --- the shell in front of Python ---------------------------------------------------------------------------------

STEP, HOOK = (os.path.join(ROOT, "hooks", name) for name in ("step", "hook.py"))
PLACES = [
    "src/a/x.py",
    "src/a/new/deep/x.py",
    "src/a",
    "src/a/",
    "src/ab",
    "src/b/x.py",
    "src/a/link.py",
    "src/a/away/x.py",
    "src/a/../b/x.py",
    "src/a//x.py",
    'src/a/"quoted".py',
    "src/a/back\\slash",
    "src/a/ünïcode 計画.py",
    "docs/x.md",
    "docs/deep/x.md",
    "out/a.md",
    "out/b.md",
    "out/notes/x.md",
    ".parallel-dispatch/runs/x",
    "README.md",
    "../outside.md",
    "",
]


def answers(conversation, payload):
    """What the shell says with Python behind it, whether it needed it, and what Python says."""
    event = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    said = []
    for command in ([STEP], [sys.executable, "-I", "-S", HOOK, conversation.run.folder.path, "1"]):
        done = subprocess.run(command, input=event, env=conversation.env, capture_output=True, text=True, check=True)
        said.append(done.stdout and json.loads(done.stdout))
    activate(conversation.project, SESSION, conversation.run.folder, 1)  # which an end may have taken away
    nothing = write(f"{conversation.host}/cache/interpreter", "/bin/false\n")
    env = conversation.env | {"PARALLEL_DISPATCH_CACHE": os.path.dirname(nothing)}
    alone = subprocess.run([STEP], input=event, env=env, capture_output=True, text=True, check=False)
    return said[0], alone.returncode == 0, said[1]


def test_the_shell_says_what_python_says_and_settles_the_plain_calls_alone(conversation):
    begin(conversation)
    project = conversation.project
    for folder in ("src/a", "src/b", "docs", "out/notes"):
        os.makedirs(os.path.join(project, folder))
    os.symlink("../b/x.py", os.path.join(project, "src/a/link.py"))
    os.symlink("../../..", os.path.join(project, "src/a/away"))
    asked(conversation, "x")  # the first call of an agent ties it to its task
    asked(conversation, "x", task="c")
    settled = set()
    for place in PLACES:
        for task in "ac":
            for tool in ("Write", "Edit", "Read", "NotebookEdit"):
                for mode in ("default", "plan"):
                    path = os.path.join(project, place)
                    payload = conversation.payload("PreToolUse-Write", AGENT=f"agent-of-{task}", FILE=path, CALL="t")
                    payload |= {"tool_name": tool, "tool_input": {"file_path": path}, "permission_mode": mode}
                    shell, alone, python = answers(conversation, payload)
                    assert shell == python, (place, task, tool, mode)
                    settled |= {(place, task, tool)} if alone and mode == "default" else set()
    assert {("src/a/x.py", "a", "Edit"), ("out/a.md", "a", "Write"), ("src/b/x.py", "a", "Read")} <= settled
    assert not {(place, "c", tool) for place in PLACES[:11] for tool in ("Write", "Edit")} & settled


def test_the_shell_leaves_to_python_who_is_called_off_late_or_unknown(conversation):
    begin(conversation)
    path = conversation.output("a")
    payload = conversation.payload("PreToolUse-Write", AGENT="agent-of-a", FILE=path, CALL="t")
    assert conversation.fire(payload)
    os.makedirs(os.path.dirname(path))
    assert answers(conversation, payload)[1]
    free = conversation.run.folder.free("agent-of-a")
    text = read(free)
    write(free, text.replace(text.partition("\n")[0], "1", 1))
    assert not answers(conversation, payload)[1]
    write(free, text)
    conversation.run.call_off("agent-of-a", "not needed any more")
    assert not os.path.exists(free)
    shell, alone, python = answers(conversation, payload)
    assert not alone
    assert shell["continue"] is python["continue"] is False
    assert not answers(conversation, {**payload, "agent_id": "stranger"})[1]


def test_the_shell_sees_whose_call_it_is_wherever_the_event_says_so(conversation):
    begin(conversation)
    write(os.path.join(conversation.project, "src/b/x.py"), "b")
    outside, own = os.path.join(conversation.project, "src/b/x.py"), conversation.output("a")
    os.makedirs(os.path.dirname(own))
    for path, mode in ((outside, "default"), (own, "default"), (own, "plan")):
        payload = conversation.payload("PreToolUse-Write", AGENT="agent-of-a", FILE=path, CALL="t")
        conversation.fire(payload)
        payload["permission_mode"] = mode
        for last in ("agent_id", "permission_mode"):
            others = {key: value for key, value in payload.items() if key != last}
            shell, _, python = answers(conversation, others | {last: payload[last]})
            assert shell == python
            assert bool(shell) == (mode == "default")


def test_batches_of_agents_and_plain_calls_of_the_main_conversation_start_no_python(conversation):
    begin(conversation)
    batch = conversation.payload("PostToolBatch")
    of_agent = conversation.payload("PostToolBatch-of-an-agent", AGENT="agent-of-a")
    main = conversation.payload("PreToolUse-Bash", AGENT="x", CALL="t")
    del main["agent_id"]
    assert answers(conversation, of_agent)[1]
    assert not answers(conversation, batch)[1]
    assert answers(conversation, main)[1]
    assert not answers(conversation, {**main, "tool_name": "Agent"})[1]


# --- names that no file system has --------------------------------------------------------------------------------


def test_a_path_that_cannot_be_written_down_is_judged_all_the_same(conversation):
    begin(conversation)
    for path in ("README\ud800.md", "README\0.md"):
        assert asked(conversation, os.path.join(conversation.project, path))[0] == "deny"
    hidden = "echo 1 > /tmp/\ud800; echo x > README.md"
    assert asked(conversation, hidden, tool="Bash", key="command")[0] == "deny"


def test_an_output_that_a_link_leads_into_somebodys_scope_stays_its_tasks_own(tmp_path):
    project = str(tmp_path)
    os.makedirs(os.path.join(project, "src"))
    os.makedirs(os.path.join(project, "out"))
    os.symlink("../src", os.path.join(project, "out", "sub"))
    plan = plan_of({"a": (), "b": ()}, project, {"a": "sub/a.md"})
    plan.tasks["b"].writes = ("src/**",)
    tie, path = tie_of(plan, "b"), os.path.join(project, "src", "a.md")
    assert not tie.may_surely_write(path)
    assert "may" not in tie.free(1.0)
    assert "it is the output of a" in refusal(plan, tie, path)
    assert refusal(plan, tie, os.path.join(project, "src", "b.md")) == ""


@pytest.mark.parametrize(("one", "other", "path"), [("?.md", "ß.md", "ß.md"), ("[!]a]", "[bc]", "b")])
def test_scopes_that_cover_the_same_file_overlap(one, other, path):
    assert covers(one, path)
    assert covers(other, path)
    assert overlapping((one,), (other,))
    assert overlapping((other,), (one,))


def test_scopes_overlap_whatever_the_case_of_their_letters():
    assert overlapping(("SRC/ÄẞK.md",), ("src/äßk.md",))
    assert not overlapping(("src/ä.md",), ("src/a.md",))


def test_folders_that_are_called_in_brackets_are_kept_apart_as_they_are_covered():
    assert covers("app/[id]/**", "app/[id]/page.tsx")
    assert overlapping(("app/[id]/**",), ("app/[[]id]/page.tsx",))
    assert overlapping(("app/[id]/**",), ("app/[id]/page.tsx",))
