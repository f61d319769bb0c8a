"""`parallel-dispatch new`: every pattern checks and rehearses as it is, and nothing is overwritten."""

import os
import re
import subprocess
from urllib.parse import unquote, urlparse

import pytest
from hosting import VERSIONS
from parallel_dispatch import cli, new, schema
from parallel_dispatch.load import load, load_text
from parallel_dispatch.places import ROOT, cache_folder, read_text

PATTERNS = ("fan-out", "review", "batch", "feature", "converge", "pipeline")


@pytest.fixture
def here(project, monkeypatch):
    """The project as the current directory."""
    monkeypatch.chdir(project)
    return project


def dispatch(capsys, *arguments):
    """The command line's exit code, and what it said on both streams."""
    code = cli.main(arguments)
    said = capsys.readouterr()
    return code, said.out, said.err


def task_file(pattern):
    loaded = load_text("t.yaml", new.text_of(pattern, schema.PATH))
    assert loaded.problems == ()
    return loaded.task_file


def test_the_patterns_are_the_files_and_each_has_its_line():
    assert tuple(new.patterns()) == PATTERNS
    assert sorted(os.listdir(new.FOLDER)) == sorted(f"{name}.yaml" for name in PATTERNS)
    lines = list(new.patterns().values())
    assert all(re.fullmatch(r"[a-z].{20,99}", line) for line in lines), lines


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_has_no_problems_and_leaves_nothing_to_fill_in(pattern):
    assert task_file(pattern) is not None
    assert not re.search(r"<[a-z]+>(?!\.md)|TODO:|XXX|lorem", new.text_of(pattern, schema.PATH))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_explains_every_key_that_it_uses(pattern):
    """Each key of a task or of the settings has a comment, behind it or above it, where it first stands."""
    lines = new.text_of(pattern, schema.PATH).splitlines()
    unexplained, seen = [], set()
    for before, line in zip(["", *lines], lines):
        found = re.match(r" +(?:- )?(?:\{ <<: \*\w+, )?(\w+): ", line)
        if found and found[1] not in seen:
            seen.add(found[1])
            unexplained += [] if "#" in line or before.strip().startswith("#") else [found[1]]
    assert seen >= {"id", "prompt", "max_parallel", "timeout_per_task"}
    head = "\n".join(lines[:6])
    assert [key for key in unexplained if f'"{key}"' not in head] == []


def test_the_patterns_have_the_shapes_of_their_names():
    def shape(pattern):
        """How many tasks each wave has; a file names its tasks after what they need."""
        wave = {}
        for task in task_file(pattern).tasks:
            wave[task.id] = 1 + max((wave[needed] for needed in task.dependencies), default=0)
        return [list(wave.values()).count(number) for number in range(1, max(wave.values()) + 1)]

    assert {pattern: shape(pattern) for pattern in PATTERNS} == {
        "fan-out": [4],
        "review": [3, 1],
        "batch": [4, 1],
        "feature": [1, 3, 1, 1],
        "converge": [3, 1],
        "pipeline": [2, 2, 1],
    }
    assert len({task.prompt for task in task_file("batch").tasks}) == 5
    assert len({task.prompt for task in task_file("converge").tasks}) == 2


def test_the_first_line_leads_an_editor_to_the_schema_wherever_that_lies():
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", new.text_of("review", schema.PATH).split("\n")[0])
    assert unquote(urlparse(found[1]).path) == schema.PATH
    odd = "/mein Ordner – 日本/100%/a#b?.json"
    uri = new.text_of("review", odd).split("\n")[0].rpartition("$schema=")[2]
    assert uri.startswith("file:///")
    assert uri.isascii()
    assert " " not in uri
    parts = urlparse(uri)
    assert (unquote(parts.path), parts.query, parts.fragment) == (odd, "", "")


def test_without_a_pattern_the_patterns_are_shown_and_nothing_is_written(capsys, here):
    code, out, err = dispatch(capsys, "new")
    assert (code, err, os.listdir(here)) == (0, "", [])
    assert re.findall(r"^  (\S+) +[a-z]", out, re.MULTILINE) == list(PATTERNS)


@pytest.mark.parametrize(("arguments", "path"), [([], "tasks.yaml"), (["a b/c/own.yaml"], "a b/c/own.yaml")])
def test_a_pattern_is_written_and_what_comes_next_is_said(capsys, here, arguments, path):
    code, out, err = dispatch(capsys, "new", "review", *arguments)
    assert (code, err) == (0, "")
    assert out.startswith(f"{path} is written, for the pattern review.")
    assert "parallel-dispatch validate" in out
    assert read_text(os.path.join(here, path)) == new.text_of("review", schema.PATH)
    assert load(path).problems == ()


def test_a_dash_prints_the_file(capsys, here):
    assert dispatch(capsys, "new", "batch", "-") == (0, new.text_of("batch", schema.PATH), "")
    assert os.listdir(here) == []


@pytest.mark.parametrize("kind", ["file", "link to nothing", "folder"])
def test_what_is_there_already_is_never_overwritten(capsys, here, kind):
    if kind == "file":
        with open("tasks.yaml", "w", encoding="utf-8") as file:
            file.write("mine")
    elif kind == "folder":
        os.mkdir("tasks.yaml")
    else:
        os.symlink("nothing.yaml", "tasks.yaml")
    code, out, err = dispatch(capsys, "new", "review")
    assert (code, out) == (3, "")
    assert re.fullmatch(r'parallel-dispatch: "tasks.yaml" (exists already|is a folder).*; name .*\n', err)
    assert os.listdir(here) == ["tasks.yaml"]
    assert read_text("tasks.yaml") == "mine" if kind == "file" else not os.path.isfile("tasks.yaml")


def test_a_folder_that_is_not_there_is_no_name_of_a_file(capsys, here):
    code, _, err = dispatch(capsys, "new", "review", "later/")
    assert (code, err) == (3, 'parallel-dispatch: "later/" is a folder; name a file in it, like later/tasks.yaml\n')
    assert os.listdir(here) == []


def test_a_file_where_a_folder_should_be_is_one_sentence(capsys, here):
    with open(os.path.join(here, "taken"), "w", encoding="utf-8") as file:
        file.write("mine")
    code, out, err = dispatch(capsys, "new", "review", "taken/tasks.yaml")
    assert (code, out) == (3, "")
    assert re.fullmatch(r"parallel-dispatch: taken.*\n", err)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("reviw", 'did you mean "review"?'),
        ("fanout", 'did you mean "fan-out"?'),
        ("tasks.yaml", "the patterns are fan-"),
    ],
)
def test_an_unknown_pattern_is_wrong_usage_with_a_suggestion(capsys, here, name, advice):
    code, out, err = dispatch(capsys, "new", name)
    assert (code, out) == (2, "")
    assert f'there is no pattern "{name}"; {advice}' in err
    assert os.listdir(here) == []


@pytest.mark.host
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_rehearses_in_the_real_host_as_it_is(project, tmp_path, pattern):
    home = tmp_path / "home"
    home.mkdir()
    launcher = os.path.join(ROOT, "bin", "parallel-dispatch")

    def runs(*arguments):
        return subprocess.run(
            [launcher, *arguments],
            cwd=project,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "PARALLEL_DISPATCH_CACHE": cache_folder()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert runs("new", pattern).returncode == 0
    done = runs("rehearse", "tasks.yaml", "--host", VERSIONS[-1], "--seconds", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    count = len(task_file(pattern).tasks)
    assert f"{count} of {count} tasks succeeded." in done.stdout
