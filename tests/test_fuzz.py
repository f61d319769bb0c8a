"""Whatever is read ends in words: hostile files by name, a slice of bench/fuzz.py; and jsonschema decides."""

from __future__ import annotations

import collections
import copy
import gc
import os
import subprocess
import sys

import hostile
import jsonschema
import pytest
from builders import ROOT, write
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch import certain, document, load, schema, source
from parallel_dispatch.problem import MAX_PROBLEMS, render

BENCH = os.path.join(ROOT, "bench")
SCRIPTS = os.path.join(ROOT, "scripts")
FUZZ = os.path.join(BENCH, "fuzz.py")

FIRST_KINDS = {
    "opening brackets": "too-large",
    "opening braces": "too-large",
    "dashes": "too-large",
    "question marks": "too-large",
    "colons": "syntax",
    "flow items": "too-large",
    "empty items with anchors": "too-large",
    "items with tags": "unsupported",
    "unknown aliases": "syntax",
    "impossible dates": "wrong-value",
    "long numbers": "wrong-value",
    "duplicate keys": "duplicate-key",
    "merge keys": "too-large",
    "merges of one mapping": "too-large",
    "an alias bomb": "too-large",
    "a long text in a thousand places": "too-large",
    "a long text in twenty places": "wrong-value",
    "a long text for a thousand numbers": "too-large",
    "one long line": "wrong-type",
    "one long word of blanks": "syntax",
    "a long key of blanks": "syntax",
    "dashes before a colon": "syntax",
    "a quote that is never closed": "syntax",
    "a long number": "missing-key",
    "a long time": "missing-key",
    "a long float": "missing-key",
    "a long quoted number": "wrong-type",
    "tabs": "syntax",
    "tab lines": "syntax",
    "carriage returns": "empty",
    "comments": "empty",
    "comment in a line": "empty",
    "tag directives": "too-large",
    "tag directives of a second document": "too-large",
    "other directives": "syntax",
    "documents": "unsupported",
    "a long tag": "missing-key",
    "a long anchor": "missing-key",
    "anchors": "wrong-type",
    "escapes": "missing-key",
    "surrogates": "syntax",
    "folded lines": "missing-key",
    "blank lines": "missing-key",
    "tasks without anything": "missing-key",
    "tasks that are none": "too-large",
    "tasks of unknown keys": "unknown-key",
    "a thousand tasks of keys of one's own": "missing-key",
    "a thousand tasks of unknown keys": "missing-key",
    "unknown keys at the top": "missing-key",
    "keys in the wrong place": "missing-key",
    "one task many times": "too-large",
    "one task many times by alias": "too-large",
    "one dependency many times": "too-large",
    "unknown dependencies": "unknown-dependency",
    "unknown dependencies and long ids": "wrong-value",
    "ids that are nearly right": "wrong-value",
    "a chain": "",
    "a cycle": "dependency-cycle",
    "tasks that all need each other": "self-dependency",
    "outputs inside each other": "duplicate-output",
    "a deep output": "bad-output",
    "wide characters": "missing-key",
    "combining characters": "syntax",
    "escaped controls on the wrong line": "syntax",
}


def test_every_hostile_file_has_its_kind():
    assert list(FIRST_KINDS) == list(hostile.MAKERS)


@pytest.mark.parametrize("name", hostile.MAKERS)
def test_a_hostile_file_ends_in_words(name):
    data = hostile.MAKERS[name]()
    assert len(data) < 1_000_000
    loaded = load.load_text("t.yaml", data)
    assert [problem.kind for problem in loaded.problems[:1]] == ([FIRST_KINDS[name]] if FIRST_KINDS[name] else [])
    assert (loaded.task_file is None) == bool(loaded.problems)
    assert len(loaded.problems) <= MAX_PROBLEMS + 1
    assert all(1 <= problem.line <= len(loaded.lines) for problem in loaded.problems)
    assert len(render(loaded.problems, loaded.lines)) < 1_000_000


def test_a_file_that_repeats_one_mistake_is_not_read_to_its_end():
    loaded = load.load_text("t", "x-a: [" + "!a b, " * 5000 + "]\n")
    assert len(loaded.problems) == MAX_PROBLEMS + 1
    assert [problem.kind for problem in loaded.problems[-2:]] == ["unsupported", "too-many"]
    broken = document.compose("t", "x-a: [" + "!a b, " * MAX_PROBLEMS + "\nb: }")
    assert [problem.kind for problem in broken.problems[-2:]] == ["unsupported", "syntax"]
    assert len(broken.problems) == MAX_PROBLEMS + 1


def test_tag_directives_are_read_up_to_a_bound():
    def first(count):
        heads = "".join(f"%TAG !a{n}! b\n" for n in range(count))
        return load.load_text("t", f"# no %TAG here\n{heads}---\nname: n\n").problems[0]

    assert first(source.MAX_DIRECTIVES).kind == "missing-key"
    assert (first(source.MAX_DIRECTIVES + 1).kind, first(source.MAX_DIRECTIVES + 1).line) == ("too-large", 2)
    quoted = "".join("    not at the beginning of a line: %TAG\n" for _ in range(source.MAX_DIRECTIVES + 1))
    assert load.load_text("t", f"name: n\ntasks:\n- id: a\n  prompt: |\n{quoted}").problems == ()


@pytest.mark.parametrize(
    ("line", "column", "length"),
    [
        ('name: "a:b": c', 7, 8),
        ("name: 'x' : y : z", 7, 11),
        ("- - ? name :  b: c", 15, 4),
        ("name:   a: b", 9, 4),
    ],
)
def test_a_colon_in_a_value_is_found_where_the_value_begins(line, column, length):
    (problem,) = document.compose("t", line).problems
    assert (problem.column, problem.length, problem.kind) == (column, length, "syntax")


def test_collection_is_off_while_a_file_is_read_and_then_as_it_was(tmp_path, monkeypatch):
    path, seen, real = tmp_path / "t.yaml", [], load.load_text
    path.write_text("name: n\n")
    monkeypatch.setattr(load, "load_text", lambda *a, **k: (seen.append(gc.isenabled()), real(*a, **k))[1])
    assert load.load(str(path)).problems
    assert gc.isenabled()
    gc.disable()
    try:
        load.load(str(path))
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert seen == [False, False]


# --- jsonschema decides --------------------------------------------------------------------------------------------

ODD = {
    "$defs": {"word": {"type": "string", "pattern": "^a"}},
    "type": ["object", "array"],
    "if": {"required": ["a"], "properties": {"a": {"type": "integer"}}},
    "then": {"required": ["b"]},
    "else": {"maxProperties": 3},
    "not": {"required": ["zz"]},
    "dependentRequired": {"id": ["name"]},
    "properties": {
        "a": {"type": "integer", "multipleOf": 2},
        "b": {"$ref": "#/$defs/word"},
        "c": {"items": {"type": "number", "maximum": 3}, "uniqueItems": True, "contains": {"const": 1}},
        "name": {"prefixItems": [{"type": "string"}], "items": {"type": "integer"}},
        "id": {"properties": {"a": False, "b": True}, "patternProperties": {"^n": False}, "items": False},
        "tasks": {"allOf": [{"$ref": "#"}], "additionalProperties": {"type": "null"}},
    },
    "patternProperties": {"^i": {"type": ["object", "null"]}, "[bc]": {"not": {"type": "boolean"}}},
    "additionalProperties": False,
    "items": {"$ref": "#"},
}
KEYS = st.sampled_from(
    ["a", "b", "c", "id", "name", "tasks", "settings", "prompt", "prompt_file", "max_parallel", "zz"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.sampled_from([1.0, 2.5, 4.0, "", "a", "b", "stop", "5m"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


def by_jsonschema(rules, value):
    errors = jsonschema.Draft202012Validator(rules).iter_errors(value)
    return collections.Counter((tuple(e.absolute_path), str(e.validator), e.message[:1000]) for e in errors)


def by_ours(rules, value):
    found = []
    schema._Rules(schema._Jsonschema(rules), rules).collect(value, (), found)
    return collections.Counter((breach.path, breach.keyword, breach.message) for breach in found)


@pytest.mark.parametrize("rules", [ODD, schema.read()], ids=["odd", "product"])
@given(VALUES)
@settings(derandomize=True, max_examples=400, deadline=None)
def test_the_schema_refuses_what_jsonschema_refuses(rules, value):
    tasks = {"name": "n", "tasks": [value, {"id": "a", "prompt": "b"}, value]}
    for whole in (value, [value, value], tasks):
        assert by_ours(rules, whole) == by_jsonschema(rules, whole)


KEYWORDS = [
    {"type": "integer"},
    {"type": ["number", "null"]},
    {"type": ["string", "array", "boolean", "object"]},
    {"enum": ["a", 1, "stop"]},
    {"pattern": "^[a-z]{2}"},
    {"minimum": 1},
    {"maximum": 2},
    {"minItems": 2},
    {"maxItems": 1},
    {"required": ["a", "id"]},
    {"items": {"type": "integer", "minimum": 0}},
    {"items": {"const": 1}},
    {"properties": {"a": {"type": "string"}, "b": False}},
    {"patternProperties": {"^[ab]": {"minimum": 1}, "z": True}},
    {"additionalProperties": False, "properties": {"a": True}, "patternProperties": {"^n": True}},
    {"additionalProperties": {"type": ["integer", "string"]}},
    {"not": {"required": ["a"]}},
    {"not": {"uniqueItems": True}},
    {"if": {"type": "object"}, "then": {"required": ["a"]}, "else": {"maximum": 3}},
    {"if": {"multipleOf": 2}, "then": False},
]


@pytest.mark.parametrize("rules", KEYWORDS, ids=str)
@given(VALUES)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_what_is_certain_is_what_jsonschema_says(rules, value):
    for keyword, wanted in rules.items():
        if keyword in jsonschema.Draft202012Validator.VALIDATORS:
            judge = jsonschema.Draft202012Validator.VALIDATORS[keyword]
            errors = list(judge(jsonschema.Draft202012Validator(rules), wanted, value, rules) or ())
            assert certain.judge(keyword, wanted, value, rules) in (None, not errors)


def test_silence_is_the_silence_of_jsonschema():
    assert not certain.SILENT & set(jsonschema.Draft202012Validator.VALIDATORS)


def test_a_file_in_which_all_is_certain_is_checked_without_jsonschema(tmp_path):
    path = write(str(tmp_path / "tasks.yaml"), "name: n\nx-own: 1\ntasks:\n- {id: a, prompt: p, retries: 2}\n")
    code = "from parallel_dispatch import cli; cli.main(sys.argv[1:]); print('jsonschema' in sys.modules)"
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {SCRIPTS!r}); {code}", "validate", path]
    done = [subprocess.run(command, capture_output=True, text=True, check=True)]
    with open(path, "a", encoding="utf-8") as file:
        file.write("- {id: b, prompt: p, retries: many}\n")
    done.append(subprocess.run(command, capture_output=True, text=True, check=True))
    assert [one.stdout.split()[-1] for one in done] == ["False", "True"]


@pytest.mark.parametrize(
    ("path", "rule", "text"),
    [
        (("tasks", "items"), {"maxProperties": 2}, "output: o"),
        (("tasks", "items"), {"required": ["id", "output"]}, "agent: o"),
        (("tasks", "items", "properties", "output"), {"type": "integer"}, "output: o"),
        (("tasks", "items", "properties", "output"), {"const": "p"}, "output: o"),
        (("tasks", "items", "patternProperties", "^x-"), {"type": "integer"}, "x-a: o"),
    ],
)
def test_every_part_of_the_schema_decides(path, rule, text):
    task_file = f"name: n\ntasks:\n- {{id: a, prompt: x, {text}}}\n- {{id: b, prompt: x, {text}2}}\n"
    edited = copy.deepcopy(schema.read())
    part = edited["properties"]
    for step in path:
        part = part[step]
    part.update(rule)
    assert load.load_text("t", task_file).problems == ()
    assert [problem.line for problem in load.load_text("t", task_file, rules=edited).problems] == [3, 4]


# --- the fuzzer ----------------------------------------------------------------------------------------------------


@pytest.fixture
def fuzz(monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    import fuzz

    return fuzz


def test_a_slice_of_the_fuzzer_finds_nothing():
    command = [sys.executable, FUZZ, "--inputs", "3000", "--seed", "4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("3,000 inputs (seed 4) in ")
    assert done.stdout.endswith("none otherwise.\n")


def test_an_input_can_be_made_again(fuzz):
    made = [fuzz.Maker(9).make(number) for number in range(200)]
    assert made == [fuzz.Maker(9).make(number) for number in range(200)]
    assert made != [fuzz.Maker(8).make(number) for number in range(200)]
    assert len(set(made)) > 150


def test_the_fuzzer_sees_a_traceback(fuzz, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(load.document, "compose", lambda *_: {}["gone"])
    assert "KeyError: 'gone'" in fuzz.outcome(os.path.join(ROOT, "examples", "architecture-review.yaml"))
    numbers = range(2, 300, 4)  # lines of real files, of which some must get as far as that
    assert fuzz.work(fuzz.Maker(1), numbers, float("inf"), str(tmp_path / "input.yaml")) == 1
    assert "input 2 (seed 1) ended with Traceback" in capsys.readouterr().out


def test_the_fuzzer_sees_a_process_that_a_signal_ended(fuzz, monkeypatch, tmp_path, capsys):
    program = tmp_path / "crash.py"
    program.write_text(
        "import os, sys\nopen(sys.argv[-1] + '.now', 'w').write('41')\nos.kill(os.getpid(), 9)\n", encoding="utf-8"
    )
    monkeypatch.setattr(fuzz, "__file__", str(program))
    assert fuzz.share_out(100, 10, 1) == 1
    assert "input 41 (seed 1) ended its process with -9" in capsys.readouterr().out
