"""Reading and checking task files: golden pairs in golden/problems, properties for what must always hold."""

from __future__ import annotations

import copy
import glob
import json
import os
import re
import socket
import stat

import hostile
import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch import document, ignores, load, schema, source
from parallel_dispatch.cycles import cycles
from parallel_dispatch.kinds import KINDS as TABLE
from parallel_dispatch.problem import LEVELS, MAX_PROBLEMS, Problem, has_error, nearest, render, suggestion
from parallel_dispatch.tasks import Settings, Task

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", "problems")
INPUTS = os.path.join(os.path.dirname(GOLDEN), "inputs")
"""The project that the cases take their files from."""
CASES = sorted({os.path.splitext(name)[0] for name in os.listdir(GOLDEN)})
KINDS = set(TABLE) - {"unreadable", "too-many"}
"""The kinds that a text can have: all but those of what is no file, and of more problems than anybody reads."""


def case(name):
    with open(os.path.join(GOLDEN, f"{name}.yaml"), "rb") as file:
        return load.load_text(f"{name}.yaml", file.read(), INPUTS)


def seeds():
    paths = glob.glob(os.path.join(GOLDEN, "*.yaml")) + glob.glob(os.path.join(ROOT, "examples", "*.yaml"))
    contents = []
    for path in sorted(paths):
        with open(path, "rb") as file:
            contents.append(file.read())
    return contents


def test_the_golden_directory_is_whole():
    files = set(os.listdir(GOLDEN))
    assert files == {f"{name}{end}" for name in CASES for end in (".yaml", ".out")}
    assert len(CASES) >= 120


@pytest.mark.parametrize("name", CASES)
def test_golden(name):
    loaded = case(name)
    shown = render(loaded.problems, loaded.lines)
    path = os.path.join(GOLDEN, f"{name}.out")
    if os.environ.get("UPDATE_GOLDEN"):
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(shown)
    with open(path, encoding="utf-8", newline="") as file:
        assert shown == file.read()
    assert (loaded.task_file is None) == has_error(loaded.problems)
    assert name.startswith("fine-") == (not loaded.problems)


@pytest.mark.parametrize("name", CASES)
def test_both_parsers_find_the_same(name):
    text = case(name).text
    found, expected = (document.compose(name, text, pure=pure) for pure in (True, False))
    assert found.problems == expected.problems
    assert everything(found.root) == everything(expected.root)
    assert list(map(everything, found.surprises)) == list(map(everything, expected.surprises))


def everything(part):
    """All that a node holds, to its last leaf."""
    if isinstance(part, dict):
        return [(key, everything(value)) for key, value in part.items()]
    if isinstance(part, list):
        return list(map(everything, part))
    slots = getattr(type(part), "__slots__", None)
    return [type(part), *(everything(getattr(part, slot)) for slot in slots)] if slots else (type(part), part)


def test_every_kind_has_a_golden_case():
    kinds = {problem.kind for name in CASES for problem in case(name).problems}
    assert kinds == KINDS


def test_the_table_of_kinds_is_whole_and_says_the_levels_that_problems_have():
    assert set(TABLE) == KINDS | {"unreadable", "too-many"}
    found = {(problem.kind, problem.level) for name in CASES for problem in case(name).problems}
    assert {(kind, TABLE[kind].level) for kind in KINDS} <= found
    assert all(LEVELS.index(level) <= LEVELS.index(TABLE[kind].level) for kind, level in found)
    assert all(text.endswith(".") for kind in TABLE.values() for text in (kind.meaning, kind.remedy))


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("fine-")])
def test_a_comment_is_seen_wherever_yaml_sees_one_and_nowhere_else(name):
    """On any line, and as a line of its own at any indentation."""
    lines = case(name).text.splitlines()
    mark = "# parallel-dispatch: ignore[zz]"
    for number, line in enumerate(lines):
        tries = [[*lines[:number], f"{line} {mark}", *lines[number + 1 :]]]
        tries += [[*lines[:number], " " * indent + mark, *lines[number:]] for indent in (0, 2, 4, 6, 8)]
        for changed in tries:
            composed = document.compose(name, "\n".join(changed))
            if composed.root is not None:
                seen = any(found.kind == "zz" for found in ignores._read(composed)[0])
                assert seen == ("zz" not in repr(composed.root.value)), "\n".join(changed)


def test_a_comment_alone_speaks_of_the_next_line_that_holds_more():
    head = "name: n\ntasks:\n  - {id: a, prompt: x}\n"
    advised = "  - {id: b, prompt: See a.md.}\n"
    mark = "  # parallel-dispatch: ignore[undeclared-input]\n"
    assert load.load_text("t", head + mark + advised).problems == ()
    assert load.load_text("t", head + mark + "\n# another\n" + advised).problems == ()
    kinds = [
        problem.kind for problem in load.load_text("t", head + mark + "  - {id: c, prompt: y}\n" + advised).problems
    ]
    assert kinds == ["unused-ignore", "undeclared-input"]
    kinds = [problem.kind for problem in load.load_text("t", head + advised + mark).problems]
    assert kinds == ["undeclared-input", "unused-ignore"]


@pytest.mark.parametrize("properties", ["&p", "&p # why", "!!str # why\n      # and how\n      &p"])
def test_a_comment_in_quotes_is_none_whatever_stands_before_them(properties):
    text = f'name: n\ntasks:\n  - id: a\n    prompt: {properties}\n      "x # parallel-dispatch: ignore[zz] y"\n'
    composed = document.compose("t", text)
    assert composed.problems == ()
    assert ignores._read(composed) == ([], [])


def test_an_error_of_a_kind_that_is_a_warning_elsewhere_cannot_be_ignored(monkeypatch):
    monkeypatch.setitem(TABLE, "wrong-type", TABLE["wrong-type"]._replace(level="warning"))
    text = "name: n\ntasks:\n  - {id: a, prompt: 1} # parallel-dispatch: ignore[wrong-type]\n"
    error, told = load.load_text("t", text).problems
    assert (error.kind, error.level) == ("wrong-type", "error")
    assert (told.kind, told.message) == (
        "unused-ignore",
        '"wrong-type" is an error and cannot be ignored; correct it, and delete this',
    )


def test_an_ignore_may_be_needed_once_the_errors_are_gone():
    text = "name: n\ntasks:\n  - {id: a, prompt: 1} # parallel-dispatch: ignore[undeclared-input]\n"
    assert [problem.kind for problem in load.load_text("t", text).problems] == ["wrong-type"]
    broken = load.load_text("t", text + "oops\n").problems
    assert [problem.kind for problem in broken] == ["syntax"]


def test_a_hostile_number_of_ignores_is_cut():
    text = "name: n\ntasks:\n  - {id: a, prompt: x} "
    for many in ("# parallel-dispatch: ignore[" + "zz," * 200_000 + "]", "# parallel-dispatch: ingore[ " * 30_000):
        loaded = load.load_text("t", text + many)
        assert loaded.task_file is not None
        assert {problem.kind for problem in loaded.problems} == {"unknown-ignore", "too-many"}
        assert len(loaded.problems) == MAX_PROBLEMS + 1


def test_no_dependencies_and_an_empty_list_are_equal():
    head = "name: n\ntasks:\n  - id: a\n    prompt: x\n"
    without, empty = load.load_text("t", head), load.load_text("t", head + "    dependencies: []\n")
    assert without.task_file == empty.task_file is not None


def test_values_and_defaults():
    text = (
        "name: n\ntasks:\n  - {id: a, prompt: x}\n  - {id: b, prompt: y, output: o/, agent: r, dependencies: [a]}\n"
        "settings: {max_parallel: 2.0, output_dir: d}\n"
    )
    task_file = load.load_text("t", text).task_file
    assert task_file is not None
    assert task_file.tasks == (Task("a", "x", output="a.md"), Task("b", "y", "r", "", "o/", ("a",)))
    assert task_file.settings == Settings(max_parallel=2, output_dir="d")
    assert isinstance(task_file.settings.max_parallel, int)


def test_the_schema_is_one_and_its_defaults_are_the_values_defaults():
    rules = schema.read()
    jsonschema.Draft202012Validator.check_schema(rules)
    task = rules["properties"]["tasks"]["items"]["properties"]
    run = rules["properties"]["settings"]["properties"]
    assert set(task) - {"prompt_file"} == set(Task._fields)
    assert set(run) == set(Settings._fields)
    for owner, keys in ((Task, task), (Settings, run)):
        for name, rule in keys.items():
            if "default" in rule:
                value = owner._field_defaults[name]
                assert (list(value) if isinstance(value, tuple) else value) == rule["default"]
    text = json.dumps(rules)
    assert "anyOf" not in text
    assert "oneOf" not in text


def test_editing_the_schema_changes_what_is_refused():
    text = "name: n\ntasks:\n  - {id: a, prompt: x}\nsettings: {on_failure: retry}\n"
    rules = copy.deepcopy(schema.read())
    rules["properties"]["settings"]["properties"]["on_failure"]["enum"].remove("retry")
    assert load.load_text("t", text).problems == ()
    (problem,) = load.load_text("t", text, rules=rules).problems
    assert (problem.line, problem.column, problem.kind) == (4, 24, "wrong-value")


def test_ten_thousand_tasks_in_one_cycle_and_in_one_chain():
    def text(last):
        rows = [f"  - {{id: t{i}, prompt: x, dependencies: [t{i + 1}]}}\n" for i in range(9999)]
        return "name: n\ntasks:\n" + "".join(rows) + f"  - {{id: t9999, prompt: x, dependencies: [{last}]}}\n"

    (problem,) = load.load_text("t", text("t0")).problems
    assert (problem.kind, problem.line) == ("dependency-cycle", 3)
    assert problem.message.count("→") == 10_000
    task_file = load.load_text("t", text("")).task_file
    assert task_file is not None
    assert len(task_file.tasks) == 10_000


@pytest.mark.parametrize(("count", "advised"), [(100, ["undeclared-input"]), (10_000, [])])
def test_the_search_for_dependencies_ends_after_so_many_steps_and_then_advises_nothing(count, advised):
    rows = [f"  - {{id: t{i}, prompt: Go on from t0.md., dependencies: [t{i - 1}]}}\n" for i in range(1, count)]
    text = "name: n\ntasks:\n  - {id: t0, prompt: x}\n" + "".join(rows) + "  - {id: late, prompt: See t0.md.}\n"
    assert [problem.kind for problem in load.load_text("t", text).problems] == advised


def test_nothing_is_read_that_is_no_file(tmp_path):
    fifo, server = str(tmp_path / "fifo"), str(tmp_path / "socket")
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(server)
        for path in (fifo, server, str(tmp_path), "/dev/null", str(tmp_path / "none"), "a\0b", "", "x" * 5000):
            (problem,) = load.load(path).problems
            assert (problem.line, problem.kind) == (1, "unreadable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text("name: n\n")
    path.chmod(stat.S_IWUSR)
    (problem,) = load.load(str(path)).problems
    assert problem.message == "the file cannot be read: permission denied"


@pytest.mark.parametrize(
    ("data", "line", "column", "kind", "words"),
    [
        (b"", 1, 1, "empty", "the file is empty"),
        (b"name: a\nx: caf\xe9", 2, 7, "encoding", "byte 0xE9 is not UTF-8"),
        (b"\xef\xbb\xbfname: \xff", 1, 7, "encoding", "byte 0xFF is not UTF-8"),
        (b"name: \xed\xa0\x80", 1, 7, "encoding", "byte 0xED is not UTF-8"),
        ("name: a\n".encode("utf-16"), 1, 1, "encoding", "UTF-16"),
        ("name: a\n".encode("utf-16-be"), 1, 1, "encoding", "UTF-16"),
        ("name: a\n".encode("utf-32"), 1, 1, "encoding", "UTF-32"),
        ("name: a\n".encode("utf-32-le"), 1, 1, "encoding", "UTF-32"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 1, 1, "encoding", "a PNG image"),
        (b"PK\x03\x04\x14\0\0\0", 1, 1, "encoding", "a ZIP archive"),
        (bytes(range(1, 128)) * 20, 1, 1, "encoding", "binary"),
        (b"name: a\0b", 1, 8, "encoding", "a NUL character"),
        (b"a" * (source.MAX_BYTES + 1), 1, 1, "too-large", "larger than"),
        (b"[" * 100_000, 1, 101, "too-large", "nested deeper"),
        (b"{" * 100_000, 1, 101, "too-large", "nested deeper"),
        (b"- " * 100_000, 1, 201, "too-large", "nested deeper"),
        (b"? " * 100_000, 1, 201, "too-large", "nested deeper"),
        (b"x-a: [" + b"1," * 300_000, 1, 400_001, "too-large", "more than 200,000 values"),
        (b"%YAML " + b"9" * 5000 + b".1\n---\na: 1\n", 1, 1, "syntax", "directive"),
        (b'a: "\\UFFFFFFFF"', 1, 5, "syntax", "no character"),
        (b"a: !<%FF%FE> b", 1, 4, "syntax", "tag"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else None,
)
def test_hostile_files(tmp_path, data, line, column, kind, words):
    path = tmp_path / "t.yaml"
    path.write_bytes(data)
    loaded = load.load(str(path))
    (problem,) = loaded.problems
    assert (problem.line, problem.column, problem.kind) == (line, column, kind)
    assert words in problem.message
    assert loaded.task_file is None


def test_many_problems_are_cut_and_say_so():
    loaded = load.load_text("t", "name: n\ntasks:\n" + "- {}\n" * 20_000)
    assert len(loaded.problems) == MAX_PROBLEMS + 1
    assert loaded.problems[-1].kind == "too-many"


WORDS = "1 007 0o7 0x1F 0b11 1_000 12:30 1:30:30 1.5 1e3 1.0e+3 .inf -.inf 12:30.5 yes No on OFF y n true ~ null Null"
WORDS += " 2024-05-01 2024-05-01T12:00:00Z 0.1.2 +1 -1 . foo '' \"1\" !!str&1 !!int&'3' !!float&3 !!bool&yes !!null&x"


@pytest.mark.parametrize("word", WORDS.replace("&", "\xa0").split(" "))
def test_values_are_those_of_the_safe_loader(word):
    text = f"a: {word}\n".replace("\xa0", " ")
    root = document.compose("t", text).root
    assert root is not None
    assert repr(root.value) == repr(yaml.safe_load(text))


def test_a_merge_is_that_of_the_safe_loader():
    text = "a: &a {k: 1, l: 2}\nb: &b {l: 3, m: 4}\nc: {<<: [*a, *b], k: 5}\nd: {k: 0, <<: *b}\ne: {<<: *a, <<: *b}\n"
    root = document.compose("t", text).root
    assert root is not None
    assert root.value == yaml.safe_load(text)


def test_the_summary_and_the_colour():
    problem = Problem("t.yaml", 1, 3, 2, "syntax", "odd", "warning")
    shown = render([problem], ["a bcd"], color=True)
    assert "\x1b[1mt.yaml:1:3:\x1b[0m warning: odd" in shown
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == (
        "t.yaml:1:3: warning: odd [syntax]\n  |\n1 | a bcd\n  |   ^~\n1 problem in t.yaml: 1 warning\n"
    )
    assert render([], []) == ""
    assert render([problem], []).startswith("t.yaml:1:3: warning: odd [syntax]\n1 problem")


def test_each_level_has_its_colour_and_its_count():
    problems = [Problem("t.yaml", 1, 1, 1, "syntax", "odd", level) for level in ("error", *LEVELS, "warning", "advice")]
    assert render(problems, ["a"]).endswith("6 problems in t.yaml: 2 errors, 2 warnings, 2 pieces of advice\n")
    marks = {re.findall(r"(\S+)\^", render([problem], ["a"], color=True))[0] for problem in problems}
    assert len(marks) == len(LEVELS)


def test_errors_are_cut_last():
    task = "  - {id: t%d, prompt: Read other.md.}\n"
    rows = "".join(task % number for number in range(MAX_PROBLEMS + 10))
    head = f"name: n\ntasks:\n  - {{id: other, prompt: x}}\n{rows}"
    advice = load.load_text("t", head)
    assert len(advice.problems) == MAX_PROBLEMS + 1
    assert {problem.level for problem in advice.problems} == {"advice"}
    assert advice.task_file is not None
    errors = load.load_text("t", head + "oops: 1\n")
    assert [problem.kind for problem in errors.problems if problem.level == "error"] == ["unknown-key"]
    assert errors.task_file is None


def test_suggestions_are_near_or_nothing():
    assert suggestion("promt", ["id", "prompt"]) == '; did you mean "prompt"?'
    assert nearest("MAX-PARALLEL", ["max_parallel"]) == "max_parallel"
    assert nearest("ab", ["aab", "abb"]) == "aab"  # of equals, the first
    assert (
        suggestion("zzz", ["id", "prompt"]) == suggestion("", ["id"]) == suggestion("x" * 10_000, ["x" * 10_000]) == ""
    )


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=3)))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_cycles_are_real_and_none_is_missed(edges):
    nodes = dict.fromkeys([*edges, *(n for needs in edges.values() for n in needs)])
    graph = {node: edges.get(node, []) for node in nodes}
    found = cycles(graph)
    for cycle in found:
        assert all(after in graph[node] for node, after in zip(cycle, [*cycle[1:], cycle[0]]))
        assert len(set(cycle)) == len(cycle) > 1
    left = {node: {n for n in needs if n != node} for node, needs in graph.items()}
    while free := [node for node, needs in left.items() if not needs]:
        left = {node: needs.difference(free) for node, needs in left.items() if node not in free}
    assert bool(found) == bool(left)


def stays_inside(loaded):
    assert list(loaded.problems) == sorted(loaded.problems)
    assert (loaded.task_file is None) == has_error(loaded.problems)
    assert {problem.level for problem in loaded.problems} <= set(LEVELS)
    for problem in loaded.problems:
        assert 1 <= problem.line <= len(loaded.lines)
        assert 1 <= problem.column <= len(loaded.lines[problem.line - 1]) + 1
        assert problem.length >= 1
    shown = render(loaded.problems, loaded.lines)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    shown.encode()


SEEDS = seeds()
EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 8), st.sampled_from(hostile.SNIPPETS) | st.binary(max_size=3)),
    max_size=6,
)


@given(st.sampled_from(SEEDS), EDITS)
@settings(derandomize=True, max_examples=400, deadline=None)
def test_damaged_files_never_raise(data, edits):
    for position, cut, put in edits:
        at = position % (len(data) + 1)
        data = data[:at] + put + data[at + cut :]
    stays_inside(load.load_text("t.yaml", data))


@given(st.text(alphabet="ab:-[]{}\"'#&*!|>%@\\?,.<~0123 \n\t\r\x85\u2028日", max_size=60))
@settings(derandomize=True, max_examples=400, deadline=None)
def test_random_text_never_raises(text):
    stays_inside(load.load_text("t.yaml", text))


@given(st.binary(max_size=80))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_random_bytes_never_raise(data):
    stays_inside(load.load_text("t.yaml", data))


KEYS = st.sampled_from(
    ["name", "tasks", "settings", "id", "prompt", "output", "dependencies", "max_parallel", "on_failure", "x-a", "zz"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["a", "b", "A.md", "../x", "stop"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@given(VALUES)
@settings(derandomize=True, max_examples=300, deadline=None)
def test_any_structure_is_judged(value):
    loaded = load.load_text("t.yaml", yaml.safe_dump(value, allow_unicode=True))
    stays_inside(loaded)
