"""The kinds of problems: how grave each is, what it means and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of problem; where it is an error at one place and a warning at another, the level is the milder."""

    level: str
    meaning: str
    remedy: str


KINDS = {
    "bad-output": Kind(
        "error",
        "An output is no path inside the output directory.",
        "Write a relative path that stays inside output_dir.",
    ),
    "bad-output-dir": Kind(
        "error", "The output directory is no folder of the project.", "Write a folder inside the project."
    ),
    "bad-path": Kind("error", "A path is not inside the project.", "Write a path relative to the project."),
    "changed-value": Kind(
        "warning",
        "YAML reads a number as another one than it looks like: 010 is 8, 1:30 is 90.",
        "Write the number in the usual way, or in quotes where it is text.",
    ),
    "conflicting-keys": Kind("error", "Keys that do not go together.", "Delete one of them."),
    "dependency-cycle": Kind(
        "error", "Tasks wait for each other, so none can start.", "Delete one of the dependencies of the cycle."
    ),
    "duplicate-dependency": Kind("error", "A task names a dependency twice.", "Delete one of the two."),
    "duplicate-id": Kind("error", "Two tasks have the same id, or ids that differ only in case.", "Choose another id."),
    "duplicate-key": Kind("error", "A mapping has the same key twice.", "Delete one of the two, or merge them."),
    "duplicate-output": Kind(
        "error",
        "Two tasks write the same file, or one writes inside of what the other writes.",
        "Choose another output for one of them.",
    ),
    "empty": Kind("error", "The file holds no task file.", 'Begin with "name" and "tasks".'),
    "encoding": Kind("error", "The file is no text in UTF-8.", "Save it as UTF-8, without control characters."),
    "lacking-resource": Kind(
        "error",
        "A task needs more of a resource than there is.",
        'Need less of it, or offer more under "resources" in "settings".',
    ),
    "missing-file": Kind(
        "warning", "A prompt file or what a glob should find is not there.", "Correct the path, or write the file."
    ),
    "missing-key": Kind("error", "A key that is needed is not there.", "Add it."),
    "overlapping-scope": Kind(
        "advice",
        "Two tasks may change the same files, so they never run at once.",
        "Divide the files between them, or let one depend on the other.",
    ),
    "read-only-agent": Kind(
        "warning",
        "An agent has no Write tool, as Claude Code's own Explore and Plan, so it cannot write its output.",
        "Name an agent that can write, or a title.",
    ),
    "self-dependency": Kind("error", "A task depends on itself.", "Delete this dependency."),
    "short-timeout": Kind(
        "warning",
        "A timeout is shorter than what an agent needs at least, or than what its task is thought to take.",
        "Give it a longer timeout; a number without a unit is milliseconds.",
    ),
    "syntax": Kind(
        "error",
        "The text is not valid YAML.",
        "Correct the place that is pointed at; text that holds characters of YAML's own needs quotes.",
    ),
    "tiny-task": Kind(
        "advice",
        "Tasks are thought to take less time than an agent of their own is worth.",
        "Join them with other work.",
    ),
    "too-large": Kind(
        "error", "The file is past the bounds within which task files are read.", "Split it into several files."
    ),
    "too-many": Kind(
        "error", "The file has more problems than are shown.", "Correct those that are shown and check again."
    ),
    "undeclared-input": Kind(
        "advice",
        "A prompt names the output of a task that its own task does not wait for, so the file may not be there yet.",
        "Add that task to the dependencies, or ignore the advice where the file is not an input.",
    ),
    "unknown-agent": Kind(
        "warning",
        "No agent has this name, and one has a name like it; a name that nobody defines is only a title in the brief.",
        "Write the agent's name, or ignore the warning where the title is meant.",
    ),
    "unknown-dependency": Kind(
        "error", "A dependency is the id of no task.", "Write the id of a task in this file, or delete the dependency."
    ),
    "unknown-ignore": Kind(
        "advice",
        "A comment asks to ignore something that is no kind of problem.",
        "Write the kind as it stands in brackets behind a message.",
    ),
    "unknown-key": Kind("error", "A key means nothing here.", 'Correct it; keys of your own begin with "x-".'),
    "unknown-task": Kind(
        "error",
        "An aggregate names a task that is not there.",
        "Write the id of a task in this file, or a pattern of ids.",
    ),
    "unreachable-wait": Kind(
        "error",
        "A task waits for more of its dependencies than it has.",
        "Wait for fewer, or name more dependencies.",
    ),
    "unreadable": Kind("error", "There is no file that can be read.", "Name a task file that exists and can be read."),
    "unsupported": Kind(
        "error", "YAML that task files do not use, such as tags or a second document.", "Write it without."
    ),
    "unused-agent": Kind("warning", "No task is for an entry of agents.", "Name it in a task, or delete it."),
    "unused-ignore": Kind(
        "advice", "A comment asks to ignore what is not there, or what is an error.", "Delete it; correct errors."
    ),
    "wrong-type": Kind("error", "A value has the wrong type.", "Write text, a number, a list or a mapping, as asked."),
    "wrong-value": Kind("error", "A value is not one of those that are allowed.", "Write an allowed one."),
}
"""Every kind that is reported, by its name, which is stable."""
