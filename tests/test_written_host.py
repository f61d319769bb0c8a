"""Task files that a model writes in the real host: one message corrects them, and other files start nothing of ours."""

import os
import re

import pytest
from builders import marking_python, read, write
from hosting import VERSIONS, Stage, said
from parallel_dispatch.copyist import called
from parallel_dispatch.load import load
from parallel_dispatch.scripted_model import Call, Reply, texts

pytestmark = pytest.mark.host

MISTAKES = """\
name: review
tasks:
  - id: security
    prompt: Review src for injection.
  - id: performance
    promt: Review src for needless work.
  - id: summary
    prompt: Merge both reviews.
    dependencies: [security, performanc]
settings:
  max_parallel: 40
"""
ANSIBLE = "- name: Install\n  apt: {name: nginx, state: present}\n- name: broken\n  when: [a\n"
OTHERS = {
    "notes.md": MISTAKES,
    "main.py": "print(1)\n",
    "Taskfile.yml": "version: '3'\ntasks: {build: {cmds: [make]}}\n",
    ".github/workflows/ci.yml": "on: push\njobs: {}\n",
    "review.yaml": MISTAKES,
    "mytasks.yaml": MISTAKES,
    "tasks.json": "{}",
}

PROBLEM = re.compile(r"([^\s:]+):\d+:\d+: (.*) \[[a-z-]+\]\n *\|\n *\d+ \| (.*)\n *\| ( *)(\^~*)$", re.MULTILINE)
ADVICE = re.compile(r'; (?:did you mean "([^"]+)"\?|write (\S+))$')
CONTEXT = "hook additional context: "


@pytest.fixture(params=VERSIONS)
def stage(request, tmp_path):
    return Stage(request.param, tmp_path)


@pytest.fixture
def starts(stage, tmp_path):
    """A function that says how often a Python was started that the plugin could find."""
    variables, starts = marking_python(str(tmp_path))
    stage.variables |= variables
    return starts


class Writer:
    """A model that writes files and then, once, edits what the message of a hook says."""

    def __init__(self, files):
        self.files = files

    def reply(self, request):
        """The files; then the edits; then a last word."""
        if "Write" not in called(request):
            return Reply(calls=[Call("Write", {"file_path": p, "content": t}) for p, t in self.files.items()])
        if "Edit" not in called(request):
            return Reply(calls=[edit for text in contexts(request) for edit in self.edits(text)])
        return Reply("Done.")

    def edits(self, text):
        """An edit for each problem in a text: the underlined words become those that the message names."""
        for name, message, line, before, mark in PROBLEM.findall(text):
            advice = ADVICE.search(message)
            new = line[: len(before)] + (advice[1] or advice[2]) + line[len(before) + len(mark) :]
            (path,) = [path for path in self.files if path.endswith(f"/{name}")]
            yield Call("Edit", {"file_path": path, "old_string": line, "new_string": new})


class Delegating(Writer):
    """A model whose main conversation has an agent write the files."""

    def reply(self, request):
        """The agent; then a last word."""
        if request.agent_id:
            return super().reply(request)
        if "Agent" in called(request):
            return Reply("An agent did.")
        call = {"description": "write", "subagent_type": "general-purpose", "prompt": "Write."}
        return Reply(calls=[Call("Agent", {**call, "run_in_background": False})])


class Amending(Writer):
    """A model that adds a character to the end of every file that it wrote."""

    def edits(self, text):
        """Nothing but what was written needs an edit."""
        raise AssertionError(text)

    def reply(self, request):
        """The files; the edits; a last word."""
        if "Write" in called(request) and "Edit" not in called(request):
            calls = [{"file_path": p, "old_string": text, "new_string": text + "#"} for p, text in self.files.items()]
            return Reply(calls=[Call("Edit", call) for call in calls])
        return super().reply(request)


def contexts(request):
    """What hooks added to a request's conversation."""
    return [text for message in request.messages for text in texts(message) if CONTEXT in text]


@pytest.mark.parametrize("model", [Writer, Delegating])
def test_a_task_file_with_three_mistakes_is_corrected_after_one_message(stage, model):
    path = os.path.join(stage.project, "review.tasks.yaml")
    found = stage.converse(model({path: MISTAKES}), "Write it.", mode="acceptEdits")
    assert found.code == 0, found.stderr
    requests = found.main if model is Writer else next(iter(found.agents.values()))
    assert len(requests) == 3
    told = said(requests[1])
    assert told.count(CONTEXT) == 1
    assert stage.command_line("validate", "review.tasks.yaml").returncode == 0
    task_file = load(path).task_file
    assert task_file, load(path).problems
    assert task_file.tasks[1].prompt == "Review src for needless work."
    assert task_file.tasks[2].dependencies == ("security", "performance")
    assert task_file.settings.max_parallel == 16
    assert found.tool_errors == []
    stage.write("review.tasks.yaml", MISTAKES)
    assert stage.command_line("validate", "review.tasks.yaml").stderr in told


def test_writing_and_editing_other_files_starts_no_python_of_ours(stage, starts):
    files = {os.path.join(stage.project, name): text for name, text in OTHERS.items()}
    shells = stage.folder / "shells"
    hook = os.path.join(stage.plugin, "hooks", "written")
    write(hook, read(hook).replace("\n", f'\necho >>"{shells}"\n', 1))
    found = stage.converse(Amending(files), "Write them.", mode="acceptEdits")
    assert found.tool_errors == []
    assert [read(path) for path in files] == [text + "#" for text in files.values()]
    assert (starts(), contexts(found.main[-1])) == (0, [])
    assert shells.read_text().count("\n") == 2, "the host's filter lets through only the Write and Edit of mytasks.yaml"


def test_a_file_of_another_program_with_the_name_of_a_task_file_is_left_alone(stage, starts):
    path = os.path.join(stage.project, "roles", "web", "tasks.yml")
    found = stage.converse(Writer({path: ANSIBLE}), "Write it.", mode="acceptEdits")
    assert (found.tool_errors, contexts(found.main[-1])) == ([], [])
    assert (starts(), read(path)) == (1, ANSIBLE)
