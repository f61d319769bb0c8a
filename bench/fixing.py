"""Broken task files for fresh eyes: can a reader who has only the file and what `validate` says of it put it right?

`questions FOLDER` writes a text for each file of trials/fix: the file, what `validate` prints, and one sentence that
asks for the whole corrected file. Whoever is tried answers each in a conversation of its own, without tools; the answer
to NN-name.question.txt goes into NN-name.answer.yaml beside it. `grade FOLDER` says of each answer whether it is fixed.

Fixed: `validate` finds nothing in the answer, no advice either, and it says the same as the right correction beside the
broken file, NN-name.right.yaml, as far as corrections may not differ:

- Texts are compared by their words, in order: corrections differ in punctuation and quotes. More may stand there.
- `x-free` of a right correction lists keys beside it whose values are to be chosen; none may be lost. A task whose `id`
  is free is found by its prompt.
- `x-either` lists other choices of dependencies by task, of which one may stand in the place of those in the file.
"""

from __future__ import annotations

import argparse
import os
import posixpath
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sides
from parallel_dispatch import document
from parallel_dispatch.load import Loaded, load_text
from parallel_dispatch.nodes import Mapping
from parallel_dispatch.places import read_text
from parallel_dispatch.problem import render

if TYPE_CHECKING:
    from parallel_dispatch.tasks import Settings, Task, TaskFile

TRIALS = os.path.join(sides.ROOT, "trials", "fix")
PROJECT = os.path.join(TRIALS, "project")
REQUEST = (
    "Correct the file so that `parallel-dispatch validate` finds nothing any more and everything that it asks agents"
    " to do is still asked; answer with the whole corrected file and nothing else."
)
WANTED = 19
PROSE = {"name", "description", "prompt", "context", "scope", "constraints", "success_criteria", "sections", "contains"}
PATHS = {"output", "output_dir"}


def names() -> list[str]:
    """The broken files, without their ending."""
    return sorted(name[: -len(".yaml")] for name in os.listdir(TRIALS) if re.fullmatch(r"\d\d-[a-z-]+\.yaml", name))


def broken(name: str) -> str:
    """The text of a broken file."""
    return read_text(os.path.join(TRIALS, f"{name}.yaml"))


def right(name: str) -> str:
    """The text of a right correction."""
    return read_text(os.path.join(TRIALS, f"{name}.right.yaml"))


def checked(name: str, text: str) -> Loaded:
    """A file as `validate` reads it in the project of the trial."""
    return load_text(f"{name}.yaml", text, PROJECT)


def question(name: str) -> str:
    """All that a reader gets to see."""
    text, loaded = broken(name), checked(name, broken(name))
    said = render(loaded.problems, loaded.lines)
    return f"$ cat {name}.yaml\n{text}\n$ parallel-dispatch validate {name}.yaml\n{said}\n{REQUEST}\n"


def answered(text: str) -> str:
    """The file in an answer, without the fence around all of it that chats are used to."""
    fenced = re.fullmatch(r"\s*```[a-z]*\n(.*\n)```\s*", text, re.DOTALL)
    return fenced[1] if fenced else text


def lacks(name: str, answer: str) -> str:
    """Why an answer does not fix a file; nothing where it does."""
    loaded = checked(name, answered(answer))
    if loaded.problems or not loaded.task_file:
        first = loaded.problems[0]
        return f"line {first.line}: {first.message} [{first.kind}]"
    return lost(standard(name), loaded.task_file)


@dataclass(frozen=True)
class Standard:
    """A right correction: its values, and the plain data with the keys that are free and the choices there are."""

    file: TaskFile
    data: dict[str, Any]

    @property
    def choices(self) -> list[dict[str, list[str]]]:
        """By task, what it may wait for in the place of what it waits for here."""
        return [{}, *self.data.get("x-either", [])]

    def free(self, part: str) -> set[str]:
        """The free keys of a part: of the task with this id, of the settings, or of the top."""
        tasks = {task["id"]: task for task in self.data["tasks"]}
        of_items = re.sub(r"-\d+$", "", part)
        data = tasks.get(part) or tasks.get(of_items) or (self.data.get(part, {}) if part else self.data)
        return set(data.get("x-free", []))


def standard(name: str) -> Standard:
    """What the answers for a file are held to."""
    text = right(name)
    file, root = checked(name, text).task_file, document.compose(name, text).root
    if not file or not isinstance(root, Mapping):
        raise ValueError(f"{name}.right.yaml is no valid task file")
    return Standard(file, root.value)


def lost(wanted: Standard, file: TaskFile) -> str:
    """The first thing that is not as it should be; nothing where all is."""
    if len(file.tasks) != len(wanted.file.tasks):
        return f"{len(file.tasks)} tasks, not {len(wanted.file.tasks)}"
    found: dict[str, Task] = {}
    for task in wanted.file.tasks:
        free = wanted.free(task.id)
        by = ("prompt", task.prompt) if "id" in free else ("id", task.id)
        rest = (other for other in file.tasks if other not in found.values())
        other = next((other for other in rest if _same(*by, getattr(other, by[0]))), None)
        if not other:
            return f"no task {task.id}"
        found[task.id] = other
        key = _differs(task, other, free, {"id", "dependencies"})
        if key:
            return f"{key} of task {task.id}"
    key = _differs(wanted.file, file, wanted.free(""), {"tasks", "settings"})
    key = key or _differs(wanted.file.settings, file.settings, wanted.free("settings"), set())
    waits = [_waits(wanted.file, choice, found) for choice in wanted.choices]
    return key or ("" if "" in waits else waits[0])


def _waits(wanted: TaskFile, choice: dict[str, list[str]], found: dict[str, Task]) -> str:
    """The first task that does not wait for those that it should."""
    for task in wanted.tasks:
        needed = choice.get(task.id, task.dependencies)
        if {found[label].id for label in needed} != set(found[task.id].dependencies):
            return f"dependencies of task {task.id}"
    return ""


def _differs(
    wanted: Task | TaskFile | Settings, other: Task | TaskFile | Settings, free: set[str], out: set[str]
) -> str:
    """The first key whose value is not the same or, where it is free, is lost."""
    values = other._asdict()
    for key, value in wanted._asdict().items():
        if key not in out and not (_is_as_much(value, values[key]) if key in free else _same(key, value, values[key])):
            return str(key)
    return ""


def _is_as_much(wanted: object, value: object) -> bool:
    if isinstance(wanted, (dict, tuple)):
        return isinstance(value, type(wanted)) and len(value) == len(wanted)
    return bool(value)


def _same(key: str, wanted: object, value: object) -> bool:
    """Whether a value is what is wanted, as far as corrections may not differ."""
    if isinstance(wanted, str) and isinstance(value, str):
        if key in PROSE:
            return not _words(wanted) or f" {_words(wanted)} " in f" {_words(value)} "
        return posixpath.normpath(wanted) == posixpath.normpath(value) if key in PATHS else wanted == value
    if isinstance(wanted, dict) and isinstance(value, dict):
        return wanted.keys() == value.keys() and all(_same(name, each, value[name]) for name, each in wanted.items())
    if isinstance(wanted, tuple) and isinstance(value, tuple) and key in PROSE:
        return all(any(_same(key, each, other) for other in value) for each in wanted)
    return wanted == value


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def ask(folder: str) -> None:
    """All questions."""
    os.makedirs(folder, exist_ok=True)
    for name in names():
        with open(os.path.join(folder, f"{name}.question.txt"), "w", encoding="utf-8", newline="\n") as file:
            file.write(question(name))
    print(f"{len(names())} questions in {folder}")


def grade(folder: str) -> int:
    """The answers, each with what it lacks, and their sum; 1 where fewer are fixed than should be."""
    fixed = 0
    for name in names():
        path = os.path.join(folder, f"{name}.answer.yaml")
        why = lacks(name, read_text(path)) if os.path.exists(path) else "no answer"
        fixed += not why
        print(f"{name:24}{f'not fixed: {why}' if why else 'fixed'}")
    print(f"{fixed} of {len(names())} fixed; at least {WANTED} should be: {'met' if fixed >= WANTED else 'NOT MET'}")
    return int(fixed < WANTED)


def main() -> int:
    """The trial."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["questions", "grade"])
    parser.add_argument("folder", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.what == "grade":
        return grade(arguments.folder)
    ask(arguments.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
