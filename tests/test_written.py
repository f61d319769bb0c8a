"""The check of task files where they are written: which files, which words, and that no edit is held up by it."""

import fnmatch
import json
import os
import subprocess
import sys

import pytest
from builders import ROOT, VERSIONS, marking_python, read, write
from hooking import Conversation, heard
from parallel_dispatch import taskfiles, written
from parallel_dispatch.digest import digest
from parallel_dispatch.document import compose
from parallel_dispatch.load import load_text
from parallel_dispatch.problem import render

GOOD = "name: good\ntasks:\n  - {id: a, prompt: Do a.}\n"
BAD = """\
name: bad
tasks:
  - id: a
    promt: Do a.
  - id: b
    prompt: Do b.
    dependencies: [aa]
settings:
  max_parallel: 40
"""
ANSIBLE = """\
- name: Ask, then install
  vars_prompt: [{name: who, prompt: Who?}]
  pause: {prompt: Go on?}
  when: [a, b
"""
GO_TASK = """\
version: '3'
tasks:
  deploy:
    prompt: Are you sure?
    cmds: [./deploy, {task: a}
"""
WORKFLOW = "name: ci\non: push\njobs:\n  build: {steps: [{run: make}]}\n"
TO_DO = "name: mine\ntasks:\n  - {id: 1, title: Buy milk, project: home, priority: 1, dependencies: [2]}\n"
CREW = "research:\n  description: Look.\n  expected_output: A list.\n  agent: researcher\n"
NESTED = "tasks:\n  - id: a\n    steps: [{prompt: Do it.}]\n"

STEMS = ("tasks", "review.tasks", "review-tasks", "review_tasks", "a b ü.tasks")
NAMED = tuple(f"{stem}.{ending}" for stem in STEMS for ending in ("yaml", "yml"))
OTHERS = ("notes.md", "Taskfile.yml", "mytasks.yaml", "tasks.yaml.md", "tasks.json", "tasks", "tasks.yaml/main.py")


@pytest.fixture(params=VERSIONS)
def conversation(request, project, tmp_path, cache):
    return Conversation(request.param, project, str(tmp_path), cache)


@pytest.fixture
def starts(conversation, tmp_path):
    """A function that says how often a Python was started that the hooks could find."""
    variables, starts = marking_python(str(tmp_path))
    conversation.env |= variables
    return starts


def wrote(conversation, name, text, tool="Write"):
    """What the hooks say of a file that was written or edited just now."""
    path = write(os.path.join(conversation.project, name), text)
    return conversation.tell(f"PostToolUse-{tool}", FILE=path, CALL="toolu_w")


def validated(conversation, name):
    """What `validate` says of a file of the project."""
    done = subprocess.run(
        [os.path.join(ROOT, "bin", "parallel-dispatch"), "validate", name],
        env=conversation.env,
        cwd=conversation.project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.stdout + done.stderr


# --- what is a task file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMED)
def test_a_task_file_has_a_name_that_says_so(name):
    assert taskfiles.is_named(name)
    assert taskfiles.is_named(f"/some/where/{name}")
    assert taskfiles.is_task_file(name, GOOD)


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_name_is_none(name):
    assert not taskfiles.is_named(name)
    assert not taskfiles.is_task_file(f"/some/where/{name}", GOOD)


@pytest.mark.parametrize("name", NAMED)
def test_the_host_starts_the_hook_for_every_name(name):
    with open(os.path.join(ROOT, "hooks", "hooks.json"), encoding="utf-8") as file:
        groups = json.load(file)["hooks"]["PostToolUse"]
    declared = {
        group["matcher"]: hook["if"]
        for group in groups
        for hook in group["hooks"]
        if hook["command"].endswith("/written")
    }
    assert set(declared) == {"Write", "Edit"}
    for tool, rule in declared.items():
        assert rule.startswith(f"{tool}(")
        assert fnmatch.fnmatchcase(name, rule[len(tool) + 1 : -1])


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        BAD,
        "tasks:\n- id: a\n- prompt: x\n",
        "tasks: [{id: a, Prompts: x}]\n",
        "tasks:\n  - {id: a, prompt_file: a.md}\n",
        "taks:\n  - {id: a, prompt: x}\n",
        f"# yaml-language-server: $schema=https://example.org/{taskfiles.SCHEMA_FILE}\nnothing: yet\n",
        f"# Ours.\n\n# yaml-language-server: $schema=../schema/{taskfiles.SCHEMA_FILE}\n[",
    ],
)
def test_the_shape_of_a_task_file(text):
    assert taskfiles.has_shape(text)


@pytest.mark.parametrize(
    "broken",
    [
        "name: x\ntasks:\n  - id: a\n\tprompt: tab\n",
        "name: x\ntasks:\n  - id: a\n    prompt: what: how\n",
        "name: x\r\ntasks: # all\r\n\r\n# first\r\n- id: a\r\n  prompt: 'open\r\n",
        "name: x\ntasks: [{id: a, prompt: x}, {id: b\n",
        "name: x\ntasks:\n  [{id: a, 'prompt': x}\n",
        "name: x\ntasks\n  - id: a\n    promt: x\n",
        "name: [x\ntasks:\n  - {id: a, prompt-file: x}\n",
    ],
)
def test_a_task_file_whose_yaml_is_broken_is_known_by_its_lines(broken):
    assert load_text("tasks.yaml", broken).problems
    assert compose("", broken).root is None
    assert taskfiles.has_shape(broken)


@pytest.mark.parametrize("broken", ["", "}\n", ' "\n'], ids=["as it is", "with a brace too many", "with an open quote"])
@pytest.mark.parametrize("text", [ANSIBLE, GO_TASK, WORKFLOW, TO_DO, CREW, NESTED[:20], "", "text\n"])
def test_files_of_other_programs_have_another_shape_also_where_they_are_broken(text, broken):
    assert not taskfiles.has_shape(text + broken)


def test_what_only_lies_deeper_in_a_task_counts_for_nothing():
    assert not taskfiles.has_shape(NESTED)
    assert not taskfiles.has_shape(TO_DO.replace("id: 1", "id: 1, promote: yes"))


def test_a_schema_of_others_at_the_top_says_whose_file_it_is():
    assert not taskfiles.has_shape(f"# yaml-language-server: $schema=https://taskfile.dev/schema.json\n{GOOD}")
    assert taskfiles.has_shape(f"{GOOD}# yaml-language-server: $schema=https://taskfile.dev/schema.json\n")


# --- what is said -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["Write", "Edit"])
@pytest.mark.parametrize("name", ["tasks.yaml", "sub dir/review.tasks.yml", 'a "quoted" b/ü\\-tasks.yaml'])
def test_the_problems_of_a_task_file_go_back_in_the_words_of_validate(conversation, name, tool):
    answer = wrote(conversation, name, BAD, tool)
    assert list(answer) == ["hookSpecificOutput"]
    assert answer["hookSpecificOutput"]["hookEventName"] == "PostToolUse"
    assert heard(answer) == validated(conversation, name)
    assert heard(answer).count("did you mean") == 2
    assert "; write 16 " in heard(answer)


def test_a_file_outside_of_where_the_conversation_is_has_its_whole_path(conversation, tmp_path):
    path = write(str(tmp_path / "elsewhere" / "tasks.yaml"), BAD)
    answer = conversation.tell("PostToolUse-Write", FILE=path, CALL="toolu_w")
    assert heard(answer).startswith(f"{path}:4:5: unknown key")


def test_a_task_file_without_problems_adds_nothing(conversation):
    assert wrote(conversation, "tasks.yaml", GOOD) is None
    assert "no problems" in validated(conversation, "tasks.yaml")


def test_a_broken_task_file_is_reported_too(conversation):
    assert "[syntax]" in heard(wrote(conversation, "tasks.yaml", "name: x\ntasks:\n  - id: a\n\tprompt: tab\n"))


@pytest.mark.parametrize("text", [ANSIBLE, GO_TASK, WORKFLOW, TO_DO, CREW])
def test_a_file_of_another_program_is_left_alone_whatever_its_name(conversation, starts, text):
    assert wrote(conversation, "tasks.yml", text) is None
    assert starts() == 1
    assert "problem" in validated(conversation, "tasks.yml")


def test_many_problems_are_the_first_and_how_many_more_there_are(conversation):
    text = "name: many\ntasks:\n" + "".join(f"  - {{id: task-{n}, promt: x}}\n" for n in range(200))
    said = heard(wrote(conversation, "tasks.yaml", text))
    assert written.LIMIT // 2 < len(said) <= written.LIMIT
    shown = said.count("[unknown-key]") + said.count("[missing-key]")
    total = len(load_text("tasks.yaml", text).problems)
    rest = f"… and {total - shown} more of {total} problems: `parallel-dispatch validate tasks.yaml` shows all\n"
    assert said.endswith(f"\n{rest}")
    assert validated(conversation, "tasks.yaml").startswith(said[: -len(rest)])


def test_a_digest_with_room_for_all_is_what_validate_prints():
    loaded = load_text("tasks.yaml", BAD)
    whole = render(loaded.problems, loaded.lines)
    assert digest(loaded.problems, loaded.lines, "tasks.yaml", len(whole)) == whole
    assert "… and 1 more of 3 problems" in digest(loaded.problems, loaded.lines, "tasks.yaml", len(whole) - 1)


def test_a_digest_with_room_for_nothing_is_the_beginning_of_the_first_problem():
    loaded = load_text("tasks.yaml", BAD)
    text = digest(loaded.problems, loaded.lines, "tasks.yaml", 30)
    assert text == render(loaded.problems, loaded.lines)[:29] + "…"


# --- what it costs others -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["Write", "Edit"])
def test_only_a_file_that_is_named_as_task_files_are_starts_a_python(conversation, starts, tool):
    for name in OTHERS:
        assert wrote(conversation, f"d-{name}" if "/" in name else name, BAD, tool) is None
    assert starts() == 0
    for number, name in enumerate(NAMED, 1):
        assert heard(wrote(conversation, f"sub/{name}", BAD, tool))
        assert starts() == number


def test_the_name_of_a_task_file_in_a_content_starts_nothing(conversation, starts):
    payload = conversation.payload("PostToolUse-Write", FILE="/x/notes.md", CALL="toolu_w")
    payload["tool_input"]["content"] = 'see "file_path":"/x/tasks.yaml", tasks.yaml",'
    assert conversation.fire(payload) is None
    assert starts() == 0


def test_a_path_that_comes_last_is_read_like_any_other(conversation):
    path = write(os.path.join(conversation.project, 'a "b"', "tasks.yaml"), BAD)
    payload = conversation.payload("PostToolUse-Write", FILE=path, CALL="toolu_w")
    payload["tool_input"] = {"content": "x", "file_path": path}
    assert heard(conversation.fire(payload)) == validated(conversation, 'a "b"/tasks.yaml')


def test_a_long_content_is_not_waited_for(conversation, starts):
    path = write(os.path.join(conversation.project, "tasks.yaml"), BAD)
    payload = conversation.payload("PostToolUse-Write", FILE=path, CALL="toolu_w")
    payload["tool_input"]["content"] = "x" * 1_000_000
    assert heard(conversation.fire(payload)) == validated(conversation, "tasks.yaml")
    assert starts() > 0


# --- what it leaves alone -----------------------------------------------------------------------------------------


def test_a_run_goes_on_as_if_nothing_were(conversation):
    run = conversation.begin()
    conversation.admits("a")
    before = run.ledger.read()
    assert "unknown key" in heard(wrote(conversation, "tasks.yaml", BAD))
    assert run.ledger.read() == before


def test_without_an_environment_none_is_made(conversation, tmp_path):
    for content in (None, "", "/nowhere/python\n", f"{tmp_path}\n"):
        cache = tmp_path / "no-cache"
        cache.mkdir(exist_ok=True)
        if content is not None:
            (cache / "interpreter").write_text(content)
        conversation.env["PARALLEL_DISPATCH_CACHE"] = str(cache)
        before = sorted(os.listdir(cache))
        assert wrote(conversation, "tasks.yaml", BAD) is None
        assert sorted(os.listdir(cache)) == before


def test_an_interpreter_that_lost_its_packages_is_not_put_right_here(conversation, tmp_path):
    bare = write(str(tmp_path / "bare-cache" / "python"), f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    os.chmod(bare, 0o700)
    write(str(tmp_path / "bare-cache" / "interpreter"), bare + "\n")
    conversation.env["PARALLEL_DISPATCH_CACHE"] = str(tmp_path / "bare-cache")
    assert wrote(conversation, "tasks.yaml", BAD) is None
    assert sorted(os.listdir(tmp_path / "bare-cache")) == ["interpreter", "python"]
    assert read(str(tmp_path / "bare-cache" / "interpreter")) == bare + "\n"


@pytest.mark.parametrize("kind", ["gone", "a folder", "not text"])
def test_what_cannot_be_read_any_more_is_no_task_file(conversation, kind):
    path = os.path.join(conversation.project, "tasks.yaml")
    if kind == "a folder":
        os.mkdir(path)
    elif kind == "not text":
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
    assert conversation.tell("PostToolUse-Write", FILE=path, CALL="toolu_w") is None


def test_a_check_that_fails_tells_the_user_and_lets_the_edit_be(monkeypatch, capsys):
    def fails(*_):
        raise RecursionError("too deep")

    monkeypatch.setattr(written, "load", fails)
    assert written.main("/x/tasks.yaml") == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["systemMessage"]
    assert "could not be checked: RecursionError('too deep')" in answer["systemMessage"]
