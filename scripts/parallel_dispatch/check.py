"""What a schema cannot say about a task file: one rule, one function."""

from __future__ import annotations

import itertools
import posixpath
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import for_each
from .cycles import cycles
from .for_each import items_of, mentions_item, substituted
from .nodes import Mapping, Node, Scalar, items, scalar
from .problem import MAX_PROBLEMS, MAX_WORD, Problem, nearest, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Mapping as Lookup

    from .document import Document

MAX_COMPARED = 80_000  # names looked at for suggestions in one file; a hostile one could ask for millions
MAX_STEPS = 1_000_000  # from task to task in search of dependencies, in one file; past them there is no advice
MAX_LISTED = 10
MAX_LISTED_LENGTH = 1000
MAX_PATH = 1024  # bytes; macOS allows no more
MAX_NAME = 255  # bytes of one file name

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_WORD = re.compile(r"""[^\s"'`(){}<>\[\],;:|*]+""")


@dataclass(frozen=True)
class _Task:
    """A task as far as it can be read: its id and where its parts stand."""

    node: Mapping
    id: Scalar
    output: Scalar | None
    has_output: bool  # False: the default applies
    dependencies: tuple[Scalar, ...]
    prompt: Scalar | None = None
    number: int = 0  # of the item that it is for, counted from 1; 0 for a task without items
    item: str | None = None

    @property
    def name(self) -> str:
        return for_each.name(self.id.text, self.number) if self.number else self.id.text

    @property
    def writes(self) -> str:
        return substituted(self.output.text, self.item) if self.output else f"{self.name}.md"

    @property
    def place(self) -> Scalar:
        """What decides where the task writes."""
        return self.output or self.id


_Mention = tuple[_Task, Scalar, str, str]
"""A task, its prompt, the task whose output it names, the word that does."""


def check(document: Document, matches: Lookup[str, Sequence[str]] | None = None) -> list[Problem]:
    """Everything that the rules below find, in no special order. What the schema refuses is left out of their view.

    `matches` are the files that each glob of the document finds.
    """
    root = document.root
    if not isinstance(root, Mapping):
        return []
    tasks = [task for task in map(_task, items(root.get("tasks"))) if task]
    spread = [each for task in tasks for each in _spread(task, matches or {})]
    problems = [p for rule in _TASK_RULES for p in itertools.islice(rule(document.name, tasks), MAX_PROBLEMS + 1)]
    problems += _once(problem for rule in _SPREAD_RULES for problem in rule(document.name, spread))
    settings = root.get("settings")
    if isinstance(settings, Mapping):
        problems += bad_output_dir(document.name, settings)
    problems += lacking_resource(document.name, tasks, settings)
    problems += unused_agent(document.name, tasks, root.get("agents"))
    problems += undeclared_input(document.name, tasks, settings)
    return problems


def _spread(task: _Task, matches: Lookup[str, Sequence[str]]) -> Iterator[_Task]:
    """A task for each of its items; itself where it has none."""
    found = items_of(task.node, matches)
    if found is None:
        yield task
        return
    for number, item in enumerate(found, 1):
        yield replace(task, number=number, item=item)


def _once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first problem of each kind at each place: what is wrong with one item is wrong with all."""
    seen = set()
    for problem in problems:
        place = (problem.line, problem.column, problem.kind)
        if place not in seen:
            seen.add(place)
            yield problem


def _task(node: object) -> _Task | None:
    if not isinstance(node, Mapping):
        return None
    named = scalar(node.get("id"))
    if named is None:
        return None
    written = node.get("output")
    output = written if isinstance(written, Scalar) and isinstance(written.value, str) else None
    dependencies = tuple(item for item in map(scalar, items(node.get("dependencies"))) if item)
    asked = scalar(node.get("prompt"))
    prompt = asked if asked and isinstance(asked.value, str) else None
    return _Task(node, named, output, written is not None, dependencies, prompt)


def _problem(file: str, at: Scalar, kind: str, message: str, level: str = "error") -> Problem:
    return Problem(file, at.line, at.column, at.length, kind, message, level)


def duplicate_id(file: str, tasks: list[_Task]) -> Iterator[Problem]:
    """Ids that are used twice, or that differ only in case: their files would be one file on macOS."""
    first: dict[str, _Task] = {}
    for task in tasks:
        other = first.setdefault(task.name.casefold(), task)
        if other is task:
            continue
        if other.name == task.name:
            message = (
                f"duplicate id {quoted(task.name)}; the task in line {other.id.line} has it already, choose another"
            )
        else:
            message = (
                f"the id {quoted(task.name)} differs only in case from {quoted(other.name)} in line {other.id.line},"
                " and their files may be the same; choose another"
            )
        yield _problem(file, task.id, "duplicate-id", message)


def unknown_dependency(file: str, tasks: list[_Task]) -> Iterator[Problem]:
    """Dependencies that no task has as its id."""
    known = {task.name: None for task in tasks}
    listed = ", ".join(known)
    budget = MAX_COMPARED
    for task in tasks:
        for needed in task.dependencies:
            if needed.text in known or not isinstance(needed.value, str):
                continue
            weight = max(1, (min(len(needed.text), MAX_WORD) // 10) ** 2)  # of a comparison
            advice = suggestion(needed.text, itertools.islice(known, budget // weight))
            if not advice and len(known) <= MAX_LISTED and len(listed) <= MAX_LISTED_LENGTH:
                advice = f"; the ids are {listed}"
            budget = max(0, budget - len(known) * weight)
            message = f"task {quoted(task.name)} depends on {quoted(needed.text)}, but no task has this id{advice}"
            yield _problem(file, needed, "unknown-dependency", message)


def self_dependency(file: str, tasks: list[_Task]) -> Iterator[Problem]:
    """Tasks that wait for themselves."""
    for task in tasks:
        for needed in task.dependencies:
            if needed.text == task.name:
                message = f"task {quoted(task.name)} depends on itself; delete this dependency"
                yield _problem(file, needed, "self-dependency", message)


def duplicate_dependency(file: str, tasks: list[_Task]) -> Iterator[Problem]:
    """Dependencies that a task names twice."""
    for task in tasks:
        first: dict[str, Scalar] = {}
        for needed in task.dependencies:
            other = first.setdefault(needed.text, needed)
            if other is not needed and needed.text != task.name:
                message = (
                    f"task {quoted(task.name)} names the dependency {quoted(needed.text)} twice,"
                    f" first in line {other.line}; delete one of the two"
                )
                yield _problem(file, needed, "duplicate-dependency", message)


def dependency_cycle(file: str, tasks: list[_Task]) -> Iterator[Problem]:
    """Tasks that wait for each other: a cycle for each knot, printed whole from its first task on."""
    known: dict[str, _Task] = {}
    for task in tasks:
        known.setdefault(task.name, task)
    graph = {name: [d.text for d in task.dependencies if d.text in known] for name, task in known.items()}
    for cycle in cycles(graph):
        at = next(needed for needed in known[cycle[0]].dependencies if needed.text == cycle[1])
        way = " → ".join([*cycle, cycle[0]])
        yield _problem(
            file, at, "dependency-cycle", f"dependency cycle: {way}; each waits for the next, delete one of these"
        )


def bad_output(file: str, tasks: list[_Task]) -> Iterator[Problem]:
    """Outputs that are no path inside the output directory."""
    for task in tasks:
        reason = _bad_path(task.writes) if task.output else None
        if task.output and reason:
            example = f"{task.id.text}.md"
            message = f'"output" in task {quoted(task.name)} {reason}; write a path inside output_dir, like "{example}"'
            yield _problem(file, task.output, "bad-output", message)


def duplicate_output(file: str, tasks: list[_Task]) -> Iterator[Problem]:
    """Outputs of two tasks that are the same or one inside the other, on file systems that ignore case too."""
    first: dict[str, _Task] = {}
    repeated: list[tuple[_Task, _Task]] = []
    ids: set[str] = set()
    for task in tasks:
        known_id, unread = task.name.casefold() in ids, task.has_output and not task.output
        ids.add(task.name.casefold())
        if unread or _bad_path(task.writes) or (known_id and not task.output):
            continue
        other = first.setdefault(_folded(task.writes), task)
        if other is not task:
            repeated.append((other, task))
    order = {id(task): index for index, task in enumerate(tasks)}
    for other, task in repeated:
        message = (
            f"task {quoted(task.name)} writes {quoted(task.writes)}, as task {quoted(other.name)} does"
            f" (line {other.place.line}); choose another output"
        )
        yield _problem(file, task.place, "duplicate-output", message)
    for outer, inner in _nested(first):
        earlier, later = sorted((outer, inner), key=lambda task: order[id(task)])
        relation = "inside" if later is inner else "which contains"
        message = (
            f"task {quoted(later.name)} writes {quoted(later.writes)}, {relation} the output {quoted(earlier.writes)}"
            f" of task {quoted(earlier.name)} (line {earlier.place.line}); choose another output"
        )
        yield _problem(file, later.place, "duplicate-output", message)


def bad_output_dir(file: str, settings: Mapping) -> Iterator[Problem]:
    """An output directory that leaves the project through `..` or is no path; absolute ones are judged by the run."""
    node = settings.get("output_dir")
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return
    path = node.text
    reason = _no_path(path) or (_leaves(path) and f"leaves the project: {quoted(path)}") or None
    if reason:
        message = f'"output_dir" {reason}; write a folder inside the project, like "reviews/"'
        yield _problem(file, node, "bad-output-dir", message)


def undeclared_input(file: str, tasks: list[_Task], settings: Node | None) -> Iterator[Problem]:
    """Prompts that name the output of a task that theirs does not wait for: the file may not be there yet.

    A task that waits for this one in turn is left out: its output is where the work of this one goes.
    """
    undeclared = _undeclared(_mentions(tasks, settings), tasks)
    for task, prompt, writer, word in itertools.islice(undeclared, MAX_PROBLEMS + 1):
        how = f"add {quoted(writer)} to its dependencies" if task.dependencies else f"write dependencies: [{writer}]"
        message = (
            f"the prompt of task {quoted(task.name)} names {quoted(word)}, the output of task {quoted(writer)},"
            f" but the task does not wait for it; {how}"
        )
        yield _problem(file, prompt, "undeclared-input", message, "advice")


def _undeclared(mentions: Iterator[_Mention], tasks: list[_Task]) -> Iterator[_Mention]:
    """The mentions between tasks of which neither waits for the other."""
    graph: dict[str, set[str]] = {}
    upstream: tuple[str, set[str]] = ("", set())
    left = MAX_STEPS
    for mention in mentions:
        graph = graph or _graph(tasks)
        name, writer = mention[0].name, mention[2]
        if upstream[0] != name:
            upstream = (name, _upstream(name, graph))
            left -= sum(len(graph[needed]) for needed in upstream[1])
        back = _upstream(writer, graph)
        left -= 1 + sum(len(graph[needed]) for needed in back)
        if left < 0:
            return
        if writer not in upstream[1] and name not in back:
            yield mention


def _mentions(tasks: list[_Task], settings: Node | None) -> Iterator[_Mention]:
    """Where a prompt names an output that is neither the task's own nor that of a task it names as a dependency."""
    names = {posixpath.basename(task.writes) for task in tasks} - {""}
    words = {text: _words(text, names) for text in {task.prompt.text for task in tasks if task.prompt}}
    if not any(words.values()):
        return
    writers = _writers(tasks, settings)
    named = {text: {writers[w]: w for w in reversed(spoken) if w in writers} for text, spoken in words.items()}
    for task in tasks:
        near = {task.name, *(needed.text for needed in task.dependencies)}
        for writer, word in named[task.prompt.text].items() if task.prompt else ():
            if task.prompt and writer not in near:
                yield task, task.prompt, writer, word


def _graph(tasks: list[_Task]) -> dict[str, set[str]]:
    """What each task waits for itself; of tasks with the same id the first counts."""
    known = {task.name: task for task in reversed(tasks)}
    return {name: {d.text for d in task.dependencies if d.text in known} for name, task in known.items()}


def _writers(tasks: list[_Task], settings: Node | None) -> dict[str, str]:
    """The task of each output file, by its path in and with the output directory, and by a name that only it has."""
    folder = scalar(settings.get("output_dir")) if isinstance(settings, Mapping) else None
    writers: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    for task in tasks:
        if task.writes.endswith("/") or _bad_path(task.writes):
            continue
        path = posixpath.normpath(task.writes)
        writers.setdefault(path, task.name)
        if folder:
            writers.setdefault(posixpath.normpath(posixpath.join(folder.text, path)), task.name)
        names.setdefault(posixpath.basename(path), []).append(task.name)
    for word, having in names.items():
        if len(having) == 1:
            writers.setdefault(word, having[0])
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


def _upstream(name: str, graph: dict[str, set[str]]) -> set[str]:
    """All tasks that a task waits for, directly and through others."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        fresh = graph[todo.pop()] - seen
        seen |= fresh
        todo += fresh
    return seen


def _nested(outputs: dict[str, _Task]) -> Iterator[tuple[_Task, _Task]]:
    """Pairs of outputs of which the first contains the second; sorted by parts, what is inside follows at once."""
    above: list[tuple[list[str], _Task]] = []
    for path, task in sorted(outputs.items(), key=lambda item: item[0].split("/")):
        parts = path.split("/")
        while above and parts[: len(above[-1][0])] != above[-1][0]:
            above.pop()
        if above:
            yield above[-1][1], task
        above.append((parts, task))


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", posixpath.normpath(path).casefold())


def _leaves(path: str) -> bool:
    normal = posixpath.normpath(path)
    return normal == ".." or normal.startswith("../")


def _no_path(path: str) -> str | None:
    """Why a text is no path at all."""
    if not path.strip():
        return "is empty"
    if _CONTROL.search(path):
        return "holds a control character"
    if path.startswith("~"):
        return 'begins with "~", which is not expanded here'
    size = len(path.encode(errors="replace"))
    if size > MAX_PATH or (
        size > MAX_NAME and any(len(n.encode(errors="replace")) > MAX_NAME for n in path.split("/"))
    ):
        return "is too long for a file system"
    return None


def _bad_path(path: str) -> str | None:
    """Why a path cannot be an output."""
    reason = _no_path(path)
    if reason:
        return reason
    if path.startswith("/") or _DRIVE.match(path):
        return f"is the absolute path {quoted(path)}"
    if _leaves(path):
        return f"leaves output_dir: {quoted(path)}"
    if posixpath.normpath(path) == ".":
        return "is output_dir itself"
    return None


def conflicting_keys(file: str, tasks: list[_Task]) -> Iterator[Problem]:
    """Tasks that say twice what to do."""
    for task in tasks:
        entry = task.node.entries.get("prompt_file")
        if entry and "prompt" in task.node.entries:
            message = f'task {quoted(task.name)} has both "prompt" and "prompt_file"; delete one of the two'
            yield _problem(file, entry.key, "conflicting-keys", message)


def lacking_resource(file: str, tasks: list[_Task], settings: object) -> Iterator[Problem]:
    """Tasks that need more of a resource than there is, so that they could never run."""
    offered = settings.get("resources") if isinstance(settings, Mapping) else None
    for task in tasks:
        node = task.node.get("resources")
        for key, entry in node.entries.items() if isinstance(node, Mapping) else ():
            there = scalar(offered.get(key)) if isinstance(offered, Mapping) else None
            amount, capacity = scalar(entry.node), there.value if there else 1
            if amount and _is_more(amount.value, capacity):
                there_is = f"there {'is' if capacity == 1 else 'are'} only {capacity}"
                message = (
                    f"task {quoted(task.name)} needs {amount.text} of {quoted(key)}, but {there_is}; "
                    f'write at most {capacity}, or offer more under "resources" in "settings"'
                )
                yield _problem(file, amount, "lacking-resource", message)


def _is_more(amount: object, capacity: object) -> bool:
    return isinstance(amount, (int, float)) and isinstance(capacity, (int, float)) and amount > capacity


def unused_agent(file: str, tasks: list[_Task], agents: object) -> Iterator[Problem]:
    """Agents that no task is for."""
    if not isinstance(agents, Mapping):
        return
    used = {named.text: None for named in (scalar(task.node.get("agent")) for task in tasks) if named}
    if any(mentions_item(name) for name in used):
        return
    for key, entry in agents.entries.items():
        if key not in used and not key.startswith("x-"):
            near = nearest(key, used)
            advice = (
                f", but one is for {quoted(near)}; write the same name" if near else "; name it in a task, or delete it"
            )
            message = f"no task is for the agent {quoted(key)}{advice}"
            yield _problem(file, entry.key, "unused-agent", message, "warning")


_TASK_RULES: tuple[Callable[[str, list[_Task]], Iterator[Problem]], ...] = (
    unknown_dependency,
    self_dependency,
    duplicate_dependency,
    dependency_cycle,
    conflicting_keys,
)
_SPREAD_RULES: tuple[Callable[[str, list[_Task]], Iterator[Problem]], ...] = (
    duplicate_id,
    bad_output,
    duplicate_output,
)
