"""Prompts that name the output of another task."""

from __future__ import annotations

import itertools
import posixpath
import re
from typing import TYPE_CHECKING

from .drafts import Draft, Outline, graph_of, problem, upstream_of
from .nodes import Scalar, scalar
from .outputs import bad_path
from .problem import MAX_PROBLEMS, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .problem import Problem

MAX_STEPS = 1_000_000  # from task to task in search of dependencies, in one file; past them there is no advice

_NAMING = re.compile(r"[./][^\s.!?/]")
_WORD = re.compile(r"""[^\s"'`(){}<>\[\],;:|*]+""")

_Mention = tuple[Draft, Scalar, str, str]
"""A task, its prompt, the task whose output it names, the word that does."""


def undeclared_input(outline: Outline) -> Iterator[Problem]:
    """Prompts that name the output of a task that theirs does not wait for: the file may not be there yet.

    A task that waits for this one in turn is left out: its output is where the work of this one goes.
    """
    undeclared = _undeclared(_mentions(outline), outline.tasks)
    for task, prompt, writer, word in itertools.islice(undeclared, MAX_PROBLEMS + 1):
        how = f"add {quoted(writer)} to its dependencies" if task.dependencies else f"write dependencies: [{writer}]"
        message = (
            f"the prompt of task {quoted(task.name)} names {quoted(word)}, the output of task {quoted(writer)},"
            f" but the task does not wait for it; {how}"
        )
        yield problem(outline.file, prompt, "undeclared-input", message, "advice")


def _undeclared(mentions: Iterator[_Mention], tasks: list[Draft]) -> Iterator[_Mention]:
    """The mentions between tasks of which neither waits for the other."""
    graph: dict[str, set[str]] = {}
    upstream: tuple[str, set[str]] = ("", set())
    left = MAX_STEPS
    for mention in mentions:
        graph = graph or graph_of(tasks)
        name, writer = mention[0].name, mention[2]
        if upstream[0] != name:
            upstream = (name, upstream_of(name, graph))
            left -= sum(len(graph[needed]) for needed in upstream[1])
        back = upstream_of(writer, graph)
        left -= 1 + sum(len(graph[needed]) for needed in back)
        if left < 0:
            return
        if writer not in upstream[1] and name not in back:
            yield mention


def _mentions(outline: Outline) -> Iterator[_Mention]:
    """Where a prompt names an output that is neither the task's own nor that of a task it names as a dependency."""
    prompts = {task.prompt.text for task in outline.tasks if task.prompt and _NAMING.search(task.prompt.text)}
    names = {posixpath.basename(task.path) for task in outline.spread} - {""} if prompts else set()
    words = {text: spoken for text in prompts if (spoken := _words(text, names))}
    if not words:
        return
    writers = _writers(outline)
    named = {text: {writers[w]: w for w in reversed(spoken) if w in writers} for text, spoken in words.items()}
    for task in outline.tasks:
        near = {task.name, *(needed.text for needed in task.needs)}
        for writer, word in named.get(task.prompt.text, {}).items() if task.prompt else ():
            if task.prompt and writer not in near:
                yield task, task.prompt, writer, word


def _writers(outline: Outline) -> dict[str, str]:
    """The task of each output file, by its path in and with the output directory, and by a name that only it has."""
    folder = scalar(outline.settings.get("output_dir"))
    writers: dict[str, str] = {}
    names: dict[str, set[str]] = {}
    for task in outline.spread:
        if task.path.endswith("/") or bad_path(task.path):
            continue
        path = posixpath.normpath(task.path)
        writers.setdefault(path, task.id.text)
        if folder:
            writers.setdefault(posixpath.normpath(posixpath.join(folder.text, path)), task.id.text)
        names.setdefault(posixpath.basename(path), set()).add(task.id.text)
    for word, having in names.items():
        if len(having) == 1:
            writers.setdefault(word, having.pop())
    return writers


def _words(prompt: str, names: set[str]) -> tuple[str, ...]:
    """The words of a prompt that end in a file name of these; without a dot or a slash it is a word of any kind."""
    found: dict[str, None] = {}
    for part in prompt.split():
        if "." in part or "/" in part:
            for run in _WORD.findall(part):
                word = run.rstrip(".!?").removeprefix("./")
                if ("." in word or "/" in word) and posixpath.basename(word) in names:
                    found[word] = None
    return tuple(found)
