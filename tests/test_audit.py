"""What is found out afterwards: how a project looked before a run and after it, and who was at work in between."""

import json
import os
import random
import re
import shutil
import time

import pytest
from builders import ROOT, claimed, closed, event, header, make_run, plan_of, read, write
from hooking import Conversation
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch import auditing, run, tree
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.audit import MOST_FOUND, SLACK, Audit, Clock, Shift, Stray, judge
from parallel_dispatch.facts import gather
from parallel_dispatch.load import load_text
from parallel_dispatch.options import Options
from parallel_dispatch.planner import Place, make_plan
from parallel_dispatch.refusal import Refusal
from parallel_dispatch.replay import replay
from parallel_dispatch.report import MOST_STRAYS, render_report
from parallel_dispatch.resolving import Roster
from parallel_dispatch.shell import targets
from parallel_dispatch.territory import grounds, refusal
from parallel_dispatch.tie import Tie
from parallel_dispatch.transcript import commands
from parallel_dispatch.tree import Change, Tree, changes, look
from parallel_dispatch.without_hooks import claim_offered, next_step
from repositories import committed, git

TASKS = {"a": (), "b": (), "c": ()}


# --- whose change it was ------------------------------------------------------------------------------------------


def planned(project="/project", **more):
    """`a` and `b` have scopes, `c` has none."""
    plan = plan_of(TASKS, project, {"b": "notes/"}, **more)
    plan.tasks["a"].writes = ("src/a/**", "docs/*.md")
    plan.tasks["b"].writes = ("src/b",)
    return plan


SHIFTS = (Shift("a", 100.0, 110.0), Shift("b", 105.0, 120.0), Shift("c", 200.0, 210.0))
CLOCK = Clock(90.0, 300.0)


def changed(path, when, how="changed"):
    return Change(path, how, when, when)


def judged(*found, plan=None, shifts=SHIFTS, clock=CLOCK, said=None, others=()):
    audit = judge(plan or planned(), found, shifts, clock, lambda task: (said or {}).get(task, ""), others)
    assert audit.gaps == ()
    return audit.findings


def at_work(when, **more):
    """Who is named for a file of nobody that changed then."""
    return [finding.tasks for finding in judged(changed("README.md", when), **more)]


@pytest.mark.parametrize(
    ("path", "when", "tasks"),
    [
        ("src/a/x.py", 102, None),  # its own
        ("src/a/x.py", 107, None),  # whoever it was, a may
        ("src/a/x.py", 115, ("b",)),
        ("src/b/x.py", 102, ("a",)),
        ("docs/x.md", 205, ("c",)),
        ("docs/deep/x.md", 102, ("a",)),
        ("README.md", 102, ("a",)),
        ("README.md", 107, ("a", "b")),
        ("README.md", 150, None),  # nobody was at work: the user's own
        ("out/c.md", 205, None),
        ("out/c.md", 102, ("a",)),
        ("out/notes/deep/x", 107, None),
        ("out/notes/deep/x", 102, ("a",)),
        ("out/else.md", 102, ("a",)),
        (".parallel-dispatch/runs/x/ledger.jsonl", 102, None),
        ("nested/", 102, ("a",)),
        ("src/", 102, None),  # a repository in the repository, of which nobody knows what changed in it
        ("src/b/deep/", 107, None),
        ("src/b/deep/", 102, ("a",)),
        ("out/notes/", 107, None),
        ("out/", 205, None),
        ("SRC/A/X.py", 102, None),  # file systems differ, and planning takes case for none as well
    ],
)
def test_a_change_is_told_by_who_was_at_work_and_may_not_make_it(path, when, tasks):
    assert [finding.tasks for finding in judged(changed(path, when))] == ([tasks] if tasks else [])


def test_open_writes_leave_what_nobody_holds_to_tasks_without_a_scope():
    plan = planned(open_writes=True)
    found = judged(
        changed("README.md", 205),
        changed("README.md", 102),
        changed("src/b/x.py", 205),
        changed("out/a.md", 102),
        plan=plan,
    )
    assert [(finding.path, finding.tasks) for finding in found] == [("README.md", ("a",)), ("src/b/x.py", ("c",))]


def test_a_finding_says_whose_the_file_is():
    found = judged(changed("out/c.md", 102), changed("src/b/x.py", 102), changed("x", 102, "created"))
    assert found == (
        Stray("out/c.md", "changed", ("a",), owner="c (its output)"),
        Stray("src/b/x.py", "changed", ("a",), owner="b (src/b)"),
        Stray("x", "created", ("a",)),
    )


@pytest.mark.parametrize(
    ("when", "tasks"),
    [
        (100 - SLACK, [("a",)]),
        (100 - SLACK - 0.1, []),
        (120 + SLACK, [("b",)]),
        (120 + SLACK + 0.1, []),
        (105 - SLACK, [("a", "b")]),
    ],
)
def test_the_clocks_of_hooks_and_file_systems_may_lie_a_little_apart(when, tasks):
    assert at_work(when) == tasks


def test_where_the_clock_was_set_a_file_was_stamped_before_that_or_after():
    assert at_work(3702.0, clock=Clock(90.0, 3900.0, ahead=3600.0)) == [("a",)]
    assert at_work(102.0, clock=Clock(90.0, 3900.0, ahead=3600.0)) == [("a",)]
    assert at_work(-3498.0, clock=Clock(-3510.0, -3300.0, ahead=-3600.0)) == [("a",)]
    assert at_work(3702.0) == []


@pytest.mark.parametrize("kept", [50.0, 9e9])
def test_a_file_that_keeps_an_older_time_is_told_by_its_inode(kept):
    (found,) = judged(Change("moved.txt", "created", kept, 102.0))
    assert found.tasks == ("a",)


def test_a_file_that_is_gone_may_have_been_deleted_by_all_who_worked():
    assert judged(Change("README.md", "deleted")) == (Stray("README.md", "deleted", ("a", "b", "c")),)
    assert judged(Change("src/b/x.py", "deleted")) == ()
    assert judged(Change("README.md", "deleted"), shifts=()) == ()


@pytest.mark.parametrize(
    ("said", "tasks", "named"),
    [
        ({}, ("a", "b"), False),
        ({"b": "cat > lib/x.py"}, ("b",), True),
        ({"b": "python3 -c \"open('lib/x.py','w')\""}, ("b",), True),
        ({"b": "cd /project/lib && ed /project/lib/x.py"}, ("b",), True),
        ({"a": "ls x.py", "b": "ls ./lib/x.py."}, ("b",), True),  # the whole path says more
        ({"a": "cd lib; ed x.py"}, ("a",), True),
        ({"a": "ed x.py", "b": "rm x.py"}, ("a", "b"), True),
        ({"a": "ed x.pyc; ed xx.py; ed x.py.orig; ed my-x.py"}, ("a", "b"), False),
        ({"c": "ed lib/x.py"}, ("a", "b"), False),  # was not at work
    ],
)
def test_of_several_the_one_whose_commands_name_the_file(said, tasks, named):
    (found,) = judged(changed("lib/x.py", 107), said=said)
    assert (found.tasks, found.named) == (tasks, named)


def test_what_belongs_to_a_run_beside_this_one_is_left_to_it():
    other = plan_of({"z": ()}, "/project", {"z": "theirs.md"})
    other.tasks["z"].writes = ("lib",)
    found = [changed("lib/x.py", 102), changed("out/theirs.md", 102), changed("README.md", 102)]
    assert [finding.path for finding in judged(*found, others=[other])] == ["README.md"]


def test_there_is_an_end_to_what_is_judged_found_and_shown(monkeypatch):
    fine = [changed(f"src/a/{number}", 102.0) for number in range(MOST_FOUND)]
    found = [changed(f"{number:04}", 102.0) for number in range(MOST_FOUND + 7)]
    audit = judge(planned(), [*fine, *found], SHIFTS, CLOCK, lambda _: "")
    assert (len(audit.findings), audit.gaps) == (MOST_FOUND, ("after 1,000 the search was given up",))
    report = reported(audit)
    assert report.count(" | changed | ") == MOST_STRAYS
    assert f"\nAnd {MOST_FOUND - MOST_STRAYS} more, in audit.json beside this report.\n" in report
    assert "scopes could not be looked for everywhere: after 1,000 the search was given up.\n" in report
    monkeypatch.setattr("parallel_dispatch.audit.MOST_COMPARED", 30)
    audit = judge(planned(), [*fine[:9], *found[:3]], SHIFTS, CLOCK, lambda _: "")
    assert (len(audit.findings), audit.gaps) == (1, ("only 10 of 12 changed files were judged",))


def test_an_audit_is_read_as_it_was_written_and_says_nothing_twice():
    first = Audit((Stray("a\n\udce9", "changed", ("a", "b"), True, "c (x)"),), ("why",))
    second = Audit((Stray("b", "deleted", ("a",)), *first.findings), ("why", "why else"))
    both = Audit((first.findings[0], second.findings[0]), ("why", "why else"))
    assert first.with_more(second) == Audit.from_json(both.to_json()) == both
    assert Audit.from_json(Audit().to_json()) == Audit()
    for broken in ("", "[]", "{", '{"findings": [{"path": 1}], "gaps": []}', '{"findings": 3}'):
        assert Audit.from_json(broken).findings == ()


# --- the report ---------------------------------------------------------------------------------------------------


def reported(audit):
    plan = plan_of({"a": ()})
    return render_report(gather(plan, replay(plan, [header(), claimed("a"), closed("a")]), audit), plan.project)


def test_the_report_has_a_section_only_where_there_is_something_to_say():
    plain = reported(Audit())
    assert "write scopes" not in plain
    report = reported(
        Audit((Stray("src/b|x.py", "changed", ("a",), owner="b (src/b)"), Stray("y\n", "created", ("a", "b"), True)))
    )
    section = report.split("\n## Changes outside of write scopes\n")[1].split("\n## ")[0]
    assert section.endswith(
        """
| File | Change | At work | Whose it is |
|------|--------|---------|-------------|
| src/b\\|x.py | changed | a | b (src/b) |
| y | created | a, b, named in their commands | - |
"""
    )
    without = report.replace(f"\n## Changes outside of write scopes\n{section}", "")
    assert without.partition("## Summary")[2] == plain.partition("## Summary")[2]


def test_the_report_says_why_there_was_no_audit():
    line = "\n\nChanges outside of write scopes could not be looked for: git took too long.\n\n"
    assert line in reported(Audit(gaps=("git took too long",)))


# --- looks at projects with git -----------------------------------------------------------------------------------


FILES = {"a.txt": "a", "b.txt": "b", "src/c.txt": "c", "src/d e.txt": "d", ".gitignore": "*.tmp\n"}


@pytest.fixture
def project(tmp_path):
    folder = str(tmp_path / "project")
    committed(folder, FILES)
    return folder


def seen(project, before):
    return {change.path: change.how for change in changes(project, before)}


def put(project, path, text="other"):
    return write(os.path.join(project, path), text)


def test_what_was_created_changed_and_deleted_is_told(project):
    before = look(project)
    assert (before.files, before.why, len(before.head)) == ({}, "", 40)
    put(project, "a.txt")
    put(project, "new/x.txt")
    os.unlink(os.path.join(project, "b.txt"))
    os.rename(os.path.join(project, "src/c.txt"), os.path.join(project, "src/moved.txt"))
    put(project, "seen-by-nobody.tmp")
    expected = {
        "a.txt": "changed",
        "new/x.txt": "created",
        "b.txt": "deleted",
        "src/c.txt": "deleted",
        "src/moved.txt": "created",
    }
    assert seen(project, before) == expected
    git(project, "add", "-A")
    assert seen(project, before) == expected
    git(project, "commit", "-q", "-m", "second")
    assert seen(project, before) == expected
    assert seen(project, look(project)) == {}


def test_what_was_dirty_before_is_only_told_where_it_changed_again(project):
    for path in ("a.txt", "untracked.txt", "staged.txt", "restored.txt"):
        put(project, path)
    git(project, "add", "staged.txt")
    os.unlink(os.path.join(project, "b.txt"))
    before = look(project)
    assert set(before.files) == {"a.txt", "b.txt", "restored.txt", "staged.txt", "untracked.txt"}
    assert before.files["b.txt"] is None
    assert seen(project, before) == {}
    assert seen(project, Tree.from_json(before.to_json())) == {}
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "the user's own")
    assert seen(project, before) == {}
    git(project, "reset", "-q", "--hard", "HEAD~")  # somebody's work is lost
    assert seen(project, before) == {
        "a.txt": "changed",
        "b.txt": "created",
        "restored.txt": "deleted",
        "staged.txt": "deleted",
        "untracked.txt": "deleted",
    }


def test_a_file_that_is_written_anew_as_it_was_did_not_change(project):
    os.symlink("a.txt", os.path.join(project, "link"))
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "a link")
    before = look(project)
    put(project, "a.txt", "a")
    os.utime(os.path.join(project, "src/c.txt"))
    os.unlink(os.path.join(project, "link"))
    os.symlink("a.txt", os.path.join(project, "link"))
    assert seen(project, before) == {}
    os.unlink(os.path.join(project, "link"))
    os.symlink("b.txt", os.path.join(project, "link"))
    os.chmod(os.path.join(project, "b.txt"), 0o700)
    assert seen(project, before) == {"link": "changed"}  # the mode is no content


def test_another_branch_is_told_by_the_files_in_which_it_differs(project):
    git(project, "checkout", "-q", "-b", "other")
    put(project, "a.txt")
    put(project, "more.txt")
    os.unlink(os.path.join(project, "b.txt"))
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "other")
    before = look(project)
    git(project, "checkout", "-q", "main")
    assert seen(project, before) == {"a.txt": "changed", "more.txt": "deleted", "b.txt": "created"}


def test_a_repository_without_a_commit_is_looked_at_as_well(tmp_path):
    project = str(tmp_path)
    git(project, "init", "-q")
    put(project, "old.txt")
    put(project, "staged.txt")
    git(project, "add", "staged.txt")
    before = look(project)
    assert set(before.files) == {"old.txt", "staged.txt"}
    put(project, "new.txt")
    put(project, "old.txt", "something else")
    expected = {"new.txt": "created", "old.txt": "changed"}
    assert seen(project, before) == expected
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    assert seen(project, before) == expected


@pytest.mark.parametrize(
    "name", ["é ü.txt", "日本.txt", 'q"uote.txt', "new\nline.txt", "tab\t.txt", "-dash", "sp ace/é/x"]
)
def test_names_may_be_anything(project, name):
    before = look(project)
    path = put(project, name)
    assert seen(project, Tree.from_json(before.to_json())) == {name: "created"}
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "named")
    assert seen(project, before) == {name: "created"}
    before = look(project)
    write(path, "another text")
    assert set(look(project).files) == {name}
    assert seen(project, before) == {name: "changed"}


def test_names_that_are_no_utf_8_are_kept(project):
    before = look(project)
    path = os.path.join(os.fsencode(project), b"caf\xe9.txt")
    try:
        with open(path, "wb"):
            pass
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    name = os.fsdecode(b"caf\xe9.txt")
    assert seen(project, before) == {name: "created"}
    assert name in Tree.from_json(look(project).to_json()).files


def test_a_folder_of_a_repository_is_a_project_of_its_own(project):
    put(project, "src/old.txt")
    put(project, "elsewhere.txt")
    inner = os.path.join(project, "src")
    before = look(inner)
    assert set(before.files) == {"old.txt"}
    put(project, "a.txt")
    put(project, "src/c.txt")
    put(project, "src/deep/x.txt")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "second")
    assert seen(inner, before) == {"c.txt": "changed", "deep/x.txt": "created"}


def test_a_worktree_is_looked_at_by_its_own_commit(project, tmp_path):
    other = str(tmp_path / "other tree")
    git(project, "worktree", "add", "-q", other, "-b", "other")
    before = look(other)
    put(project, "a.txt")
    put(other, "b.txt")
    git(other, "commit", "-q", "-am", "second")
    assert seen(other, before) == {"b.txt": "changed"}


def test_submodules_and_repositories_inside_are_one_entry_each(project, tmp_path):
    committed(str(tmp_path / "library"), {"x.txt": "x"})
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    git(project, "commit", "-q", "-m", "a submodule")
    committed(os.path.join(project, "inner"), {"y.txt": "y"})
    before = look(project)
    assert set(before.files) == {"lib/", "inner/"}
    assert seen(project, before) == {}
    put(project, "lib/deep/new.txt")
    assert seen(project, before) == {"lib/": "changed"}
    put(project, "inner/y.txt")
    assert seen(project, before) == {"lib/": "changed", "inner/": "changed"}
    before = look(project)
    shutil.rmtree(os.path.join(project, "inner"))
    git(os.path.join(project, "lib"), "add", "-A")
    git(os.path.join(project, "lib"), "commit", "-q", "-m", "within")
    assert seen(project, before) == {"inner/": "deleted"}


def test_a_project_that_an_outer_repository_ignores_is_walked(project):
    put(project, ".gitignore", "mine/\n")
    inner = os.path.dirname(put(project, "mine/x.txt"))
    before = look(inner)
    assert (before.head, set(before.files)) == ("", {"x.txt"})
    put(project, "mine/y.txt")
    assert seen(inner, before) == {"y.txt": "created"}


def test_looking_starts_nothing_of_a_configuration_and_writes_nothing(project, tmp_path):
    mark = tmp_path / "started"
    program = write(str(tmp_path / "program"), f'#!/bin/sh\necho "$0 $*" >>"{mark}"\ncat\n')
    os.chmod(program, 0o700)
    for name in ("filter.f.clean", "filter.f.process", "core.fsmonitor", "diff.external", "diff.d.textconv"):
        git(project, "config", name, program)
    git(project, "config", "filter.f.required", "true")
    hooks = os.path.join(project, ".git", "hooks")
    os.makedirs(hooks, exist_ok=True)
    for name in ("post-index-change", "post-checkout", "fsmonitor-watchman"):
        shutil.copy(program, os.path.join(hooks, name))
    put(project, ".git/info/attributes", "* filter=f diff=d\n")
    index = os.path.join(project, ".git", "index")
    put(project, "a.txt", "b")  # as long as before, and written as late as the index: git must read it to know
    os.utime(index, ns=(0, os.stat(os.path.join(project, "a.txt")).st_mtime_ns))
    before, held = look(project), read_bytes(index)
    assert "a.txt" in before.files
    put(project, "a.txt", "cc")
    put(project, "b.txt", "bb")
    assert seen(project, before) == {"a.txt": "changed", "b.txt": "changed"}
    assert read_bytes(index) == held
    assert not mark.exists()
    git(project, "status", check=False)
    assert mark.exists()  # these would have been started


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def test_looking_goes_on_beside_a_commit_that_holds_the_lock(project):
    put(project, ".git/index.lock", "")
    before = look(project)
    put(project, "a.txt")
    assert (before.why, seen(project, before)) == ("", {"a.txt": "changed"})
    assert os.path.exists(os.path.join(project, ".git", "index.lock"))


def test_where_git_fails_the_look_says_what_it_complained_of(project):
    before = look(project)
    put(project, ".git/index", "no index")
    complaint = "git diff-index ended with code 128: fatal: .git/index: index file smaller than expected"
    assert look(project) == Tree("", {}, complaint)
    with pytest.raises(Refusal, match=complaint):
        changes(project, before)


def test_git_that_takes_too_long_is_not_waited_for(project, tmp_path, monkeypatch):
    before = look(project)
    program = write(str(tmp_path / "bin" / "git"), "#!/bin/sh\nexec sleep 600\n")
    os.chmod(program, 0o700)
    monkeypatch.setenv("PATH", os.path.dirname(program), prepend=os.pathsep)
    monkeypatch.setattr(tree, "SECONDS", 0.1)
    assert look(project) == Tree("", {}, "git took too long")
    with pytest.raises(Refusal, match="git took too long"):
        changes(project, before)


def test_a_repository_that_is_gone_at_the_end_is_said_so(project):
    before = look(project)
    shutil.rmtree(os.path.join(project, ".git"))
    with pytest.raises(Refusal, match="git knows the project no longer"):
        changes(project, before)


OPERATIONS = ("write", "write", "write", "delete", "rename", "touch", "add", "commit", "stash", "back", "branch")


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_what_differs_in_content_is_told_and_nothing_else(project, seed):
    """Ordinary work with git, at random; only a file that was dirty may be told though it is as it was."""
    chance = random.Random(seed)  # noqa: S311 - the same for everybody
    names = ["a.txt", "b.txt", "src/c.txt", "x/y z.txt", "é.txt", "new.txt"]
    for _ in range(4):
        happen(project, chance, names)
    before, held = look(project), contents(project)
    for _ in range(6):
        happen(project, chance, names)
        now = contents(project)
        told, dirty = seen(project, before), set(before.files)
        expected = {path: kind(held, now, path) for path in {**held, **now} if held.get(path) != now.get(path)}
        assert {path: how for path, how in told.items() if path not in dirty or path in expected} == expected


def kind(held, now, path):
    return "created" if path not in held else "deleted" if path not in now else "changed"


def contents(project):
    found = {}
    for above, folders, files in os.walk(project):
        folders[:] = [name for name in folders if name != ".git"]
        found |= {
            os.path.relpath(os.path.join(above, name), project): read(os.path.join(above, name)) for name in files
        }
    return found


def happen(project, chance, names):
    what, path = chance.choice(OPERATIONS), os.path.join(project, chance.choice(names))
    if what == "write":
        write(path, "x" * chance.randint(0, 40))
    elif what in ("delete", "rename", "touch") and os.path.exists(path):
        if what == "delete":
            os.unlink(path)
        elif what == "rename":
            os.replace(path, os.path.join(project, "renamed.txt"))
        else:
            os.utime(path)
    elif what == "add":
        git(project, "add", "-A")
    elif what == "commit":
        git(project, "add", "-A")
        git(project, "commit", "-q", "-m", "more", check=False)
    elif what == "stash":
        git(project, "stash", "-q", check=False)
        git(project, "stash", "pop", "-q", check=False)
    elif what == "back":
        git(project, "checkout", "-q", "--", ".", check=False)
    elif what == "branch":
        git(project, "checkout", "-q", "-B", f"branch-{chance.randint(0, 2)}", check=False)
        git(project, "checkout", "-q", "main", check=False)


# --- looks at projects without git --------------------------------------------------------------------------------


def test_without_git_every_file_is_looked_at_but_what_nobody_works_on(tmp_path):
    project = str(tmp_path)
    for path in (
        "a.txt",
        "b.txt",
        "src/c.txt",
        "node_modules/x/y.js",
        ".parallel-dispatch/runs/x",
        "src/__pycache__/z",
    ):
        put(project, path)
    os.symlink("src", os.path.join(project, "link"))
    before = look(project)
    assert (before.head, set(before.files)) == ("", {"a.txt", "b.txt", "src/c.txt", "link"})
    assert seen(project, Tree.from_json(before.to_json())) == {}
    put(project, "a.txt", "something else")
    put(project, "node_modules/new.js")
    put(project, "src/new.txt")
    os.unlink(os.path.join(project, "b.txt"))
    os.unlink(os.path.join(project, "link"))
    expected = {"a.txt": "changed", "b.txt": "deleted", "link": "deleted", "src/new.txt": "created"}
    assert seen(project, before) == expected
    git(project, "init", "-q")  # an agent may do that
    assert seen(project, before) == expected


@pytest.mark.parametrize("by_git", [False, True])
def test_there_is_an_end_to_the_files_that_no_commit_holds(tmp_path, monkeypatch, by_git):
    if by_git:
        committed(str(tmp_path), FILES)
    monkeypatch.setattr(tree, "MOST_FILES", 3)
    for number in range(3):
        put(str(tmp_path), f"{number}.txt")
    assert look(str(tmp_path)).why == ""
    put(str(tmp_path), "one-more.txt")
    assert look(str(tmp_path)).why == f"in {tmp_path} are more than 3 files that no commit holds"


def test_a_folder_that_cannot_be_read_hides_no_other(tmp_path):
    before = look(str(tmp_path))
    put(str(tmp_path), "closed/x.txt")
    put(str(tmp_path), "open/x.txt")
    os.chmod(tmp_path / "closed", 0)
    found = seen(str(tmp_path), before)
    os.chmod(tmp_path / "closed", 0o700)
    assert found["open/x.txt"] == "created"


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_a_damaged_look_is_no_look(text):
    found = Tree.from_json(text)
    assert found.why == "what it looked like before is lost"
    with pytest.raises(Refusal, match="is lost"):
        changes("/nonexistent", found)


# --- what agents told other programs ------------------------------------------------------------------------------


def call(tool, **given):
    block = {"type": "tool_use", "id": "t", "name": tool, "input": given}
    return json.dumps({"type": "assistant", "message": {"role": "assistant", "content": [block]}}) + "\n"


def test_only_shells_and_servers_are_listened_to(tmp_path):
    lines = (
        call("Bash", command="ed x.py", description="edit")
        + call("mcp__files__write", target={"paths": ["y.py", {"z": "z.py"}]})
        + call("Read", file_path="read.py")
        + call("Write", file_path="denied.py", content="c")
        + '{"message": {"content": "\\"tool_use\\" in a prompt: prompt.py"}}\n'
        + '{"message": {"content": ["tool_use", 3, {"name": "Bash"}]}}\n'
        + '{"tool_use": torn'
    )
    found = commands(write(str(tmp_path / "p" / "s" / "subagents" / "agent-x.jsonl"), lines)).split("\n")
    assert sorted(found) == ["ed x.py", "edit", "y.py", "z.py"]
    assert commands(str(tmp_path / "none.jsonl")) == ""


# --- runs ---------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["2.1.197", "2.1.329"])
def conversation(request, project, tmp_path):
    return Conversation(request.param, project, str(tmp_path), str(tmp_path / "cache"))


def begin(conversation):
    run = conversation.begin(plan=planned(conversation.project))
    auditing.begin(run)
    conversation.admits("a", "b", "c")


def says(conversation, task, command):
    path = conversation.attempt(task).transcript or os.path.join(
        conversation.host, conversation.env["CLAUDE_CODE_SESSION_ID"], "subagents", f"agent-agent-of-{task}.jsonl"
    )
    with open(path, "a", encoding="utf-8") as file:
        file.write(call("Bash", command=command))


def finish(conversation, *tasks):
    for task in tasks:
        says(conversation, task, "true")  # the host writes until an agent ends
        if task == "b":
            write(os.path.join(conversation.output("b"), "x.md"), "A finding.\n")
        else:
            conversation.writes(task)
        assert conversation.stops(task) is None
        conversation.returns(task)
    return conversation.batch()


def test_a_run_ends_with_what_was_changed_outside_of_scopes(conversation):
    begin(conversation)
    put(conversation.project, "src/a/fine.py")
    put(conversation.project, "src/b/stray.py")  # b was at work as well, so it may have been b
    put(conversation.project, "stray.py")
    put(conversation.project, "a.txt")
    says(conversation, "c", "python3 -c \"open('stray.py', 'w').write('y')\"")
    words = finish(conversation, "a", "b", "c")
    assert "2 files were changed outside of write scopes; the report names them." in words
    report = read(conversation.run.folder.report)
    assert "| a.txt | changed | a, b, c | - |\n| stray.py | created | c, named in its commands | - |\n" in report
    assert "src/" not in report.split("## Changes")[1].split("##")[0]
    assert not os.path.exists(conversation.run.folder.tree)
    put(conversation.project, "later.txt")  # the user's own
    auditing.end(conversation.run)
    assert len(auditing.read(conversation.run.folder).findings) == 2


def test_a_run_without_strays_says_nothing_of_them(conversation):
    put(conversation.project, "before.txt")
    begin(conversation)
    put(conversation.project, "src/a/fine.py")
    words = finish(conversation, "a", "b", "c")
    assert "has ended. 3 of 3 tasks succeeded." in words
    assert "write scopes" not in words + read(conversation.run.folder.report)


def test_the_end_of_a_run_does_not_hang_on_the_audit(conversation):
    begin(conversation)
    write(conversation.run.folder.tree, "torn")
    assert "3 of 3 tasks succeeded." in finish(conversation, "a", "b", "c")
    line = "Changes outside of write scopes could not be looked for: what it looked like before is lost.\n"
    assert line in read(conversation.run.folder.report)


def test_a_run_without_hooks_is_audited_from_its_start_through_every_resumption(project):
    put(
        project, "tasks.yaml", "name: n\ntasks: [{id: a, prompt: x}, {id: b, prompt: x}]\nsettings: {output_dir: out}\n"
    )
    begun, _ = run.start(load_text(f"{project}/tasks.yaml", read(f"{project}/tasks.yaml"), project), Options(), project)
    claim_offered(begun)
    put(project, "first.txt")
    put(project, "out/a.md")
    words, is_over = next_step(begun)
    assert is_over
    assert "1 file was changed outside of write scopes; the report names it." in words
    put(project, "the-users-own.txt")
    resumed, _ = run.resume(project, begun.folder.name, "")
    claim_offered(resumed)
    put(project, "second.txt")
    put(project, "out/b.md")
    run.cancel(resumed)
    found = auditing.read(resumed.folder).findings
    assert [(finding.path, finding.tasks) for finding in found] == [("first.txt", ("a", "b")), ("second.txt", ("b",))]
    report = read(resumed.folder.report)
    assert ["first.txt" in report, "second.txt" in report, "users-own" in report] == [True, True, False]


# --- runs by hand -------------------------------------------------------------------------------------------------


def run_of(plan, *events):
    """A run on disk that began 100 seconds ago; the times of its events are counted from now."""
    folder = make_run(plan)
    lines = [{**one, "time": time.time() + one["time"]} for one in (header(-100.0), *events)]
    write(folder.ledger, "".join(json.dumps(line) + "\n" for line in lines))
    return ActiveRun(folder.path)


def shifts_of(project, *events):
    """Who is named for a file that changed just now."""
    run = run_of(plan_of(TASKS, project), *events)
    auditing.begin(run)
    put(project, "stray.txt")
    auditing.end(run)
    return [finding.tasks for finding in auditing.read(run.folder).findings]


def test_an_agent_that_nobody_saw_end_is_still_at_work(project):
    gone = closed("a", "cancelled", time=-50.0, abandoned=True)
    assert shifts_of(project, claimed("a", time=-60.0), gone, claimed("b", time=-60.0), closed("b", time=-50.0)) == [
        ("a",)
    ]


def test_an_agent_whose_host_was_cut_off_worked_until_its_last_word(project, tmp_path):
    transcript = write(str(tmp_path / "p" / "s" / "subagents" / "agent-x.jsonl"), "{}\n")
    os.utime(transcript, (time.time() - 30, time.time() - 30))
    bound = event("bound", -60.0, task="a", attempt=1, agent_id="x", transcript=transcript)
    assert shifts_of(project, claimed("a", time=-60.0), bound, event("interrupted", 5.0)) == []
    os.utime(transcript)
    shutil.rmtree(os.path.join(project, ".parallel-dispatch"))
    os.unlink(os.path.join(project, "stray.txt"))
    assert shifts_of(project, claimed("a", time=-60.0), bound, event("interrupted", 5.0)) == [("a",)]


def test_each_leg_of_a_run_is_judged_by_itself_and_all_are_told(project):
    run = run_of(plan_of(TASKS, project), claimed("a", time=-60.0))
    auditing.begin(run)
    put(project, "first.txt")
    auditing.begin(run)  # it goes on after its host was cut off
    put(project, "second.txt")
    auditing.end(run)
    assert [finding.path for finding in auditing.read(run.folder).findings] == ["first.txt", "second.txt"]


def test_a_rehearsal_is_not_audited(project):
    run = run_of(plan_of(TASKS, project, rehearsal=True), claimed("a", time=-60.0))
    auditing.begin(run)
    assert not os.path.exists(run.folder.tree)
    auditing.end(run)
    assert auditing.read(run.folder) == Audit()


def test_what_another_run_of_the_project_may_write_is_not_told(project):
    other = plan_of({"z": ()}, project)
    other.tasks["z"].writes = ("src/**",)
    make_run(other, [claimed("z")], name="other-20260102-030405-abcd")
    run = run_of(plan_of(TASKS, project), claimed("a", time=-60.0))
    auditing.begin(run)
    put(project, "src/c.txt")
    put(project, "a.txt")
    os.utime(os.path.join(project, ".parallel-dispatch/runs/other-20260102-030405-abcd/ledger.jsonl"))
    auditing.end(run)
    assert [finding.path for finding in auditing.read(run.folder).findings] == ["a.txt"]


# --- the page -----------------------------------------------------------------------------------------------------


def blocks(language):
    return re.findall(
        rf"^```{language}\n(.*?)^```$", read(os.path.join(ROOT, "docs", "write-scopes.md")), re.MULTILINE | re.DOTALL
    )


@pytest.fixture
def divided(tmp_path):
    """The plan of the page's task file."""
    project = str(tmp_path)
    loaded = load_text("tasks.yaml", blocks("yaml")[0], project)
    place = Place(project, f"{project}/tasks.yaml", "t-1-k3f2", f"{project}/out", Roster())
    return make_plan(loaded.task_file, Options(), place)


def test_the_page_shows_denials_to_the_letter(divided):
    shown = blocks("text")[0].splitlines()
    assert len(shown) == 5
    for line in shown:
        task, path = re.match(r"(\w+) may not write (.+?): ", line).groups()
        tie = Tie(task, 1, 1e12, 1e12, "", *grounds(divided, divided.tasks[task]))
        assert refusal(divided, tie, os.path.join(divided.project, path)) == line


def test_the_page_shows_shell_commands_that_are_denied(divided):
    tie = Tie("api", 1, 1e12, 1e12, "", *grounds(divided, divided.tasks["api"]))
    shown = blocks("sh")[0].splitlines()
    assert len(shown) == 5
    for command in shown:
        assert any(refusal(divided, tie, os.path.join(divided.project, path)) for path in targets(command)), command


def test_the_page_shows_the_report_to_the_letter(divided):
    found = [changed("generated.ts", 15.0, "created"), changed("package.json", 25.0), changed("src/web/x.ts", 5.0)]
    found += [changed("src/web/y.ts", 25.0), changed("src/api/x.ts", 25.0), changed("yours.txt", 45.0)]
    shifts = [Shift("api", 0.0, 30.0), Shift("review", 0.0, 10.0), Shift("web", 20.0, 30.0)]
    commands_of = {"api": "node fix.js src/web/x.ts", "review": "", "web": ""}
    audit = judge(divided, found, shifts, Clock(0.0, 50.0), commands_of.__getitem__)
    report = render_report(gather(divided, replay(divided, [header()]), audit), divided.project)
    assert f"\n{blocks('text')[1]}\n## Measured" in report
