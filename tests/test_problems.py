"""Where problems point and what they say.

docs/problems.md, executed: every kind with a file that has it, exactly what is said of it, and the fix.

UPDATE_GOLDEN=1 writes the outputs anew. A new kind is a heading with a broken file, an empty output, and a fixed file.
"""

import os
import re

import pytest
import yaml
from parallel_dispatch import check, inputs, outputs
from parallel_dispatch.load import load_text
from parallel_dispatch.places import ROOT, read_text
from parallel_dispatch.problem import render
from test_task_files import CASES, KINDS, case

PAGE = os.path.join(ROOT, "docs", "problems.md")
SECTION = re.compile(r"^## `([a-z-]+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(yaml broken|text output|yaml fixed)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = dict(SECTION.findall(read_text(PAGE)))
IN_A_TEXT = {kind: FENCE.findall(text) for kind, text in SECTIONS.items() if "```" in text}
OF_A_WHOLE_FILE = {"unreadable", "too-many"}
"""The kinds that no text shows: of what is no file, and of more problems than anybody reads."""


def checked(text):
    return load_text("tasks.yaml", text.replace("␛", "\x1b"))


def test_every_kind_is_documented_once_and_no_other():
    assert sorted(SECTIONS) == sorted(KINDS | OF_A_WHOLE_FILE)
    assert read_text(PAGE).count("\n## ") == len(SECTIONS)
    assert set(IN_A_TEXT) == KINDS


@pytest.mark.parametrize("kind", IN_A_TEXT)
def test_the_broken_file_gives_exactly_this_output_and_the_fixed_one_none(kind):
    (first, broken), (second, output), (third, fixed) = IN_A_TEXT[kind]
    assert (first, second, third) == ("yaml broken", "text output", "yaml fixed")
    loaded = checked(broken)
    shown = render(loaded.problems, loaded.lines)
    if os.environ.get("UPDATE_GOLDEN"):
        page, section = read_text(PAGE), SECTIONS[kind]
        made = section.replace(f"```text output\n{output}```", f"```text output\n{shown}```")
        with open(PAGE, "w", encoding="utf-8", newline="\n") as file:
            file.write(page.replace(f"## `{kind}`\n{section}", f"## `{kind}`\n{made}"))
        output = shown
    assert shown == output
    assert {problem.kind for problem in loaded.problems} == {kind}
    assert checked(fixed).problems == ()


# --- positions ----------------------------------------------------------------------------------------------------

NAMED = {
    "unknown-key": r'^unknown key "(.*?)"(?: in |;)',
    "duplicate-key": r'^duplicate key "(.*?)";',
    "duplicate-id": r'^(?:duplicate|the) id "(.*?)"(?:;| differs| is that)',
    "unknown-dependency": r' depends on "(.*?)", but no',
    "self-dependency": r'^task "(.*?)" depends on itself',
    "duplicate-dependency": r' names the dependency "(.*?)" twice',
    "dependency-cycle": r"^dependency cycle: \S+ → (\S+)",
    "bad-path": r'^"(.*?)" (?:must|leaves|under)',
    "changed-value": r"^YAML reads (\S+) as the number",
    "lacking-resource": r' needs (\S+) of "',
    "missing-file": r'^(?:there is no file )?"(.*?)"(?: in the| is|, line| finds)',
    "overlapping-scope": r'^task ".*?" may write "(.*?)", task',
    "unknown-agent": r'^no agent is called "(.*?)", so',
    "read-only-agent": r'^the agent "(.*?)" has no Write tool',
    "unknown-task": r'^the aggregate names "(.*?)"(?: as|,)',
    "unknown-ignore": r'^no problem is of the kind "(.*?)"',
    "unreachable-wait": r" waits (?:for|until its dependencies have) (\S+?)(?: of|,)",
    "unused-agent": r'^no task is for the agent "(.*?)"[,;]',
    "unused-ignore": r'^(?:there is no )?"(.*?)" (?:here|is an error)',
}
"""The kinds whose message names what is underlined."""

UNNAMED = ("YAML reads this line as a part of", "a path holds no NUL character", "this comment ignores nothing")
"""How messages of these kinds begin that name nothing."""

PLACES = {
    "bad-output": r"tasks\.\d+\.output",
    "bad-output-dir": r"settings\.output_dir",
    "bad-path": r"tasks\.\d+\.(?:prompt_file|for_each|reads\.\d+|writes\.\d+|contract\.json_schema)",
    "conflicting-keys": r"tasks\.\d+\.prompt_file:|settings\.aggregate\.(?:integrator|key|quorum|order):",
    "dependency-cycle": r"tasks\.\d+\.dependencies\.\d+|tasks\.\d+\.for_each\.from",
    "duplicate-dependency": r"tasks\.\d+\.dependencies\.\d+",
    "duplicate-id": r"tasks\.\d+\.id",
    "duplicate-key": r"(?s:.*):",
    "duplicate-output": r"tasks\.\d+\.(?:output|id)",
    "lacking-resource": r"tasks\.\d+\.resources\.\w+",
    "missing-file": r"tasks\.\d+\.(?:prompt_file|for_each|reads\.\d+|contract\.json_schema)",
    "overlapping-scope": r"tasks\.\d+\.writes\.\d+",
    "self-dependency": r"tasks\.\d+\.(?:dependencies\.\d+|for_each\.from)",
    "short-timeout": r"tasks\.\d+\.(?:timeout|estimated_duration)|settings\.timeout_per_task",
    "tiny-task": r"tasks\.\d+\.estimated_duration",
    "undeclared-input": r"tasks\.\d+\.prompt",
    "unknown-agent": r"tasks\.\d+\.agent|agents\.\w+:|agents\.\w+\.role",
    "read-only-agent": r"tasks\.\d+\.agent|agents\.\w+:|agents\.\w+\.role",
    "unknown-dependency": r"tasks\.\d+\.(?:dependencies\.\d+|for_each\.from)",
    "unknown-key": r"(?s:.*):",
    "unknown-task": r"settings\.aggregate\.(?:integrator|(?:from|order)\.\d+)",
    "unreachable-wait": r"tasks\.\d+\.wait",
    "unused-agent": r"agents\.[\w-]+:",
}
"""Where in a file a problem of a kind may stand: a path of keys and items, with a colon behind it for the key."""

ELSEWHERE = {"changed-value", "empty", "encoding", "missing-key", "syntax", "too-large", "unknown-ignore"}
ELSEWHERE |= {"unsupported", "unused-ignore", "wrong-type", "wrong-value"}
"""The kinds that stand anywhere, or in what is no key and no value."""

BY_VALUE = {"wrong-type", "wrong-value", "bad-output", "bad-output-dir"}
VALUE = re.compile(
    r"""\bnot the text "(.*?)"(?:;|$)|\bYAML reads (\S+) as|\bnot "(.*?)"(?:;|$)|\bis the absolute path "(.*?)";"""
)
KEY = re.compile(r'^(item \d+ of )?"([a-z_]+)"')
BETWEEN = re.compile(r"""["']?\s*:\s*(?:[!&]\S*\s+)*""")
"""What may stand between a key and its value: a colon, blanks, tags and anchors."""

PROBLEMS = [
    pytest.param(loaded, problem, id=f"{name}:{problem.line}:{problem.column}:{problem.kind}")
    for name in CASES
    for loaded in [case(name)]
    for problem in loaded.problems
]


def underlined(loaded, problem):
    line = loaded.lines[problem.line - 1]
    return line[problem.column - 1 : problem.column - 1 + problem.length]


def means(written, named):
    """Whether a scalar as it was written is what a message names; long texts are cut there, and controls differ."""
    try:
        read = yaml.load(written, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but texts
    except yaml.YAMLError:  # an alias, or half of a text that goes on below
        read = written
    return read == named or (named.endswith("…") and str(read).startswith(named[:-1]))


@pytest.mark.parametrize(("loaded", "problem"), PROBLEMS)
def test_a_problem_points_at_something_and_stays_on_its_line(loaded, problem):
    if loaded.text.strip():
        assert underlined(loaded, problem).strip() or problem.message.startswith("a tab in the indentation")
        assert problem.column + problem.length - 1 <= len(loaded.lines[problem.line - 1])
    else:  # empty, or bytes that are no text
        assert (problem.line, problem.column) == (1, 1)
    assert problem.message == problem.message.strip()
    assert not problem.message.endswith((".", ";"))


@pytest.mark.parametrize(("loaded", "problem"), [row for row in PROBLEMS if row.values[1].kind in NAMED])
def test_what_a_message_names_is_what_is_underlined(loaded, problem):
    found = re.search(NAMED[problem.kind], problem.message, re.DOTALL)
    shown = underlined(loaded, problem)
    if problem.message.startswith(UNNAMED):
        assert shown == "-" or "\\0" in shown or "parallel-dispatch" in loaded.lines[problem.line - 1]
    elif "{{" in shown:  # the message names what it is for one item
        assert found
        assert re.fullmatch(re.sub(r"\\{.*?\\}\\}", ".*", re.escape(shown.strip("\"'"))), found[1])
    else:
        assert found
        assert means(shown, found[1])


def places(text):
    """What begins at each place of a text, from the events of PyYAML's own parser and nothing of ours."""
    events = iter(yaml.parse(text, yaml.SafeLoader))
    found, ids = {}, {}

    def walk(event, path):
        found[event.start_mark.line + 1, event.start_mark.column + 1] = path
        if isinstance(event, yaml.ScalarEvent) and re.fullmatch(r"tasks\.\d+\.id", path):
            ids[path.removesuffix("id")] = event.value
        if isinstance(event, yaml.SequenceStartEvent):
            for number, item in enumerate(iter(lambda: next(events), None)):
                if isinstance(item, yaml.SequenceEndEvent):
                    return
                walk(item, f"{path}.{number}")
        elif isinstance(event, yaml.MappingStartEvent):
            while not isinstance(key := next(events), yaml.MappingEndEvent):
                inner = f"{path}.{getattr(key, 'value', '?')}".lstrip(".")
                walk(key, f"{inner}:")
                walk(next(events), inner)

    for event in events:
        if isinstance(event, yaml.NodeEvent):
            walk(event, "")
    return found, ids


def test_of_every_kind_it_is_known_where_it_stands():
    assert set(PLACES) | ELSEWHERE == KINDS
    assert not set(PLACES) & ELSEWHERE
    assert set(NAMED) <= KINDS


@pytest.mark.parametrize(("loaded", "problem"), [row for row in PROBLEMS if row.values[1].kind in PLACES])
def test_a_problem_points_at_the_key_or_the_value_to_change(loaded, problem):
    found, ids = places(loaded.text)
    path = found[problem.line, problem.column]
    assert re.fullmatch(PLACES[problem.kind], path)
    named = re.search(r'\btask "(.*?)"', problem.message)
    own = re.match(r"tasks\.\d+\.", path)
    if named and own and own[0] in ids and problem.kind != "duplicate-id":  # that names the other task
        assert re.fullmatch(rf"{re.escape(ids[own[0]])}(?:-\d+)?", named[1])


@pytest.mark.parametrize(("loaded", "problem"), [row for row in PROBLEMS if row.values[1].kind in BY_VALUE])
def test_a_problem_with_a_value_points_at_this_value_and_behind_its_key(loaded, problem):
    shown = underlined(loaded, problem)
    found = VALUE.search(problem.message)
    named = next((text for text in found.groups() if text is not None), None) if found else None
    if named is not None and shown[0] not in "|>*" and "\\" not in shown and "\n" not in named:
        one_line = problem.column + problem.length - 1 == len(loaded.lines[problem.line - 1].rstrip())
        assert means(shown.split(" ", 1)[1] if shown[0] == "!" else shown, named) or (
            one_line and named.startswith(shown)
        )
    subject = KEY.match(problem.message)
    if subject:
        lines = [*loaded.lines[: problem.line - 1], loaded.lines[problem.line - 1][: problem.column - 1]]
        before, key, after = "\n".join(lines).rpartition(subject[2])
        nothing = "nothing stands after it" in problem.message or problem.message.endswith("not empty")
        assert key or nothing
        assert subject[1] or BETWEEN.fullmatch(after) or (nothing and shown.strip("\"'") == subject[2]), before[-20:]


@pytest.mark.parametrize(("loaded", "problem"), [row for row in PROBLEMS if row.values[1].kind == "dependency-cycle"])
def test_a_cycle_begins_at_its_task_that_stands_first(loaded, problem):
    names = problem.message.removeprefix("dependency cycle: ").partition(";")[0].split(" → ")
    order = [task["id"] for task in yaml.safe_load(loaded.text)["tasks"]]
    assert names[0] == names[-1] == min(names, key=order.index)


# --- words for what the schema may come to say --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "value", "words"),
    [
        ({"type": "number"}, "much", '"key" must be a number, not the text "much"'),
        ({"type": "boolean"}, "maybe", '"key" must be true or false, not the text "maybe"'),
        ({"type": "integer", "maximum": 9}, "many", 'not the text "many"; write a number 9 or less'),
        ({"type": "integer", "x-unit": "ms"}, "many", 'not the text "many"; write a number of ms'),
        ({"type": "integer"}, "many", 'must be a whole number, not the text "many"; write a number'),
        ({"type": "integer", "maximum": 9}, "10", '"key" must be at most 9, not 10; write 9 or less'),
        ({"type": "integer", "minimum": 2, "x-unit": "ms"}, "1", "must be at least 2 ms, not 1; write 2 or more"),
        ({"enum": ["one"]}, "two", '"key" must be "one", not "two"'),
        ({"enum": ["one", "two"]}, "twoo", '"key" must be "one" or "two", not "twoo"; did you mean "two"?'),
        ({"type": "array", "minItems": 2}, "[1]", "is not valid: [1] is too short"),
        ({"type": "array", "uniqueItems": True}, "[1, 1]", "is not valid: [1, 1] has non-unique elements"),
        ({"pattern": "^a$"}, "b", '"key" must match ^a$, not "b"'),
        ({"type": "object"}, "b", '"key" must be a mapping, not the text "b"; write lines of the form "key: value"'),
        (
            {"type": "array", "items": {"type": "object"}},
            "b",
            'must be a list, not the text "b"; write "- " before each',
        ),
    ],
    ids=str,
)
def test_a_rule_that_is_new_has_words(rule, value, words):
    rules = {"type": "object", "properties": {"key": rule}}
    (problem,) = load_text("t", f"key: {value}\n", rules=rules).problems
    assert words in problem.message
    assert (problem.line, problem.column) == (1, 6)


def test_names_are_compared_for_suggestions_only_so_often(monkeypatch):
    rows = [f"  - {{id: t{number}, prompt: x, dependencies: [tt{number}]}}\n" for number in range(3)]
    monkeypatch.setattr(check, "MAX_COMPARED", 6)
    messages = [problem.message for problem in load_text("t", "name: n\ntasks:\n" + "".join(rows)).problems]
    assert ["did you mean" in message for message in messages] == [True, True, False]


KNOT = """name: n
tasks:
  - {id: a, prompt: x, dependencies: [b]}
  - {id: b, prompt: x, dependencies: [c, a]}
  - {id: c, prompt: x, dependencies: [a]}
"""


@pytest.mark.parametrize(("most", "cut"), [(3, '"b" from the dependencies of "a"'), (2, "one of these")])
def test_where_to_cut_a_cycle_is_worked_out_only_among_so_many_tasks(monkeypatch, most, cut):
    monkeypatch.setattr(check, "MAX_KNOT", most)
    (problem,) = load_text("t", KNOT).problems
    assert problem.message.endswith(f"; each waits for the next, delete {cut}")


@pytest.mark.parametrize(("most", "listed"), [(len("first, second"), True), (len("first, second") - 1, False)])
def test_ids_are_listed_only_as_far_as_anybody_reads(monkeypatch, most, listed):
    monkeypatch.setattr(check, "MAX_LISTED_LENGTH", most)
    text = "name: n\ntasks:\n  - {id: first, prompt: x}\n  - {id: second, prompt: x, dependencies: [zzz]}\n"
    (problem,) = load_text("t", text).problems
    assert problem.message.endswith("; the ids are first, second") is listed


@pytest.mark.parametrize(("most", "told"), [(3, ["b", "c"]), (1, ["b"])])
def test_write_scopes_are_compared_only_so_often(monkeypatch, most, told):
    monkeypatch.setattr(outputs, "MAX_COMPARED", most)
    rows = [f"  - {{id: {task}, prompt: x, writes: [src]}}\n" for task in "abc"]
    problems = load_text("t", "name: n\ntasks:\n" + "".join(rows)).problems
    assert [re.findall('"(.)"', problem.message)[0] for problem in problems] == told


@pytest.mark.parametrize(("most", "kinds"), [(2, []), (1, ["wrong-value"])])
def test_a_glob_finds_only_so_many_files(monkeypatch, tmp_path, most, kinds):
    monkeypatch.setattr(inputs, "MAX_ITEMS", most)
    for name in ("a.py", "b.py"):
        (tmp_path / name).touch()
    problems = load_text("t", 'name: n\ntasks: [{id: a, prompt: x, for_each: "*.py"}]\n', str(tmp_path)).problems
    assert [problem.kind for problem in problems] == kinds
    assert [problem.message for problem in problems] in ([], ['"*.py" finds more than 1 files; name fewer'])


@pytest.mark.parametrize(("most", "count"), [(2, 1), (1, 0)])
def test_a_schema_is_judged_for_so_many_items(monkeypatch, most, count):
    monkeypatch.setattr(inputs, "MAX_JUDGED", most)
    task = '{id: a, prompt: x, for_each: [a, "("], contract: {json_schema: {pattern: "{{ item }}"}}}'
    assert len(load_text("t", f"name: n\ntasks: [{task}]\n").problems) == count


def test_a_link_out_of_the_project_and_what_cannot_be_read_are_named(monkeypatch, tmp_path):
    project, other = tmp_path / "project", tmp_path / "other.md"
    project.mkdir()
    other.write_text("x")
    (project / "link.md").symlink_to(other)
    (project / "own.txt").write_text("x")
    head = "name: n\ntasks: [{id: a, "
    (problem,) = load_text("t", f'{head}prompt: x, for_each: "*.md"}}]\n', str(project)).problems
    assert problem.message == '"link.md", which "*.md" finds, is a link that leaves the project'

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(inputs, "open_file", refuse)
    (problem,) = load_text("t", f"{head}prompt_file: own.txt}}]\n", str(project)).problems
    assert (problem.kind, problem.message) == ("missing-file", '"own.txt" cannot be read: permission denied')
