"""Where problems point and what they say.

docs/problems.md, executed: every kind with a file that has it, exactly what is said of it, and the fix.

UPDATE_GOLDEN=1 writes the outputs anew. A new kind is a heading with a broken file, an empty output, and a fixed file.
"""

import os
import re

import pytest
import yaml
from parallel_dispatch import check
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
}
"""The kinds whose message names what is underlined."""

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
    assert found
    assert means(underlined(loaded, problem), found[1])


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
