"""The examples: each is valid, plans as it was meant to, and ends with every task done in the real host."""

import glob
import itertools
import json
import os
import re
import shutil

import pytest
import yaml
from hosting import VERSIONS, rehearse
from parallel_dispatch import cli
from parallel_dispatch.load import load
from parallel_dispatch.places import ROOT, read_text

FOLDER = os.path.join(ROOT, "examples")
SHAPES = {
    "ab-comparison": [3, 3, 1],
    "api-versions": [5, 1],
    "architecture-review": [3, 1],
    "batch-files": [20, 1],
    "code-review-pipeline": [3, 1],
    "doc-generation": [3],
    "research": [5, 1, 1],
}
"""How many tasks each example has in each wave."""

each_example = pytest.mark.parametrize("name", SHAPES)


@pytest.fixture
def here(monkeypatch):
    """The repository as the current directory: the examples name their files from there."""
    monkeypatch.chdir(ROOT)


def ids(task):
    """The ids of the tasks that one entry of a task file stands for, found without the product."""
    items = task.get("for_each")
    if items is None:
        return [task["id"]]
    count = len(glob.glob(items, root_dir=ROOT) if isinstance(items, str) else items)
    return [f"{task['id']}-{number}" for number in range(1, count + 1)]


def test_every_file_of_the_folder_is_an_example_or_belongs_to_one():
    names = {os.path.splitext(name)[0] for name in os.listdir(FOLDER)} - {"README"}
    assert names == set(SHAPES)
    for path in glob.glob("examples/*/**", root_dir=ROOT, recursive=True):
        if os.path.isfile(os.path.join(ROOT, path)):
            example = os.path.join(ROOT, os.path.dirname(path) + ".yaml")
            tasks = load(example, ROOT).task_file.tasks
            used = any(path in task.reads or path in task.prompt for task in tasks)
            assert used or f"prompt_file: {path}" in read_text(example), path


@each_example
def test_an_example_holds_the_tasks_that_it_shows(name):
    loaded = load(f"{FOLDER}/{name}.yaml", ROOT)
    assert loaded.problems == ()
    with open(loaded.path, "rb") as file:
        assert loaded.data == file.read()
    shown = [own for task in yaml.safe_load(loaded.data)["tasks"] for own in ids(task)]
    assert [task.id for task in loaded.task_file.tasks] == shown
    assert len(shown) == sum(SHAPES[name])


@pytest.mark.usefixtures("here")
@each_example
def test_an_example_validates_without_a_warning_or_advice(capsys, name):
    assert cli.main(["validate", "--strict", f"examples/{name}.yaml"]) == 0
    assert capsys.readouterr() == (f"examples/{name}.yaml: {sum(SHAPES[name])} tasks, no problems\n", "")


@pytest.mark.usefixtures("here")
@each_example
def test_an_example_plans_in_the_waves_that_it_was_meant_to_have(capsys, name):
    assert cli.main(["plan", f"examples/{name}.yaml", "--format", "json"]) == 0
    said = capsys.readouterr()
    assert [len(wave) for wave in json.loads(said.out)["waves"]] == SHAPES[name]
    assert said.err == ""


@pytest.mark.usefixtures("here")
def test_the_longest_research_goes_first(capsys):
    cli.main(["plan", "examples/research.yaml"])
    tasks = capsys.readouterr().out.partition("Tasks, in the order of dispatch\n")[2]
    first = re.findall(r"^  (\S+)  ", tasks, re.MULTILINE)[:5]
    assert first == ["issues", "measurements", "documentation", "experience", "our-code"]


def test_the_readme_of_the_examples_shows_each_with_the_shape_that_it_has():
    rows = re.compile(r"^\| \[(\S+)\.yaml\]\(\1\.yaml\) \| ([\d, then]+) \| ", re.MULTILINE)
    shapes = {name: ", then ".join(map(str, shape)) for name, shape in SHAPES.items()}
    assert dict(rows.findall(read_text(f"{FOLDER}/README.md"))) == shapes


@pytest.mark.host
@pytest.mark.parametrize(("name", "version"), list(zip(SHAPES, itertools.cycle(VERSIONS))))
def test_an_example_rehearses_with_every_task_done(project, tmp_path, name, version):
    """Each on one version, by turns, for the time that it takes; the language is tried on both in its own tests."""
    shutil.copytree(FOLDER, os.path.join(project, "examples"))
    shutil.copy(os.path.join(ROOT, "pyproject.toml"), project)
    done = rehearse(version, project, str(tmp_path / "home"), f"examples/{name}.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    count = sum(SHAPES[name])
    assert f"\n{count} of {count} tasks succeeded.\n" in done.stdout
    ended = re.findall(r"^  (\S+): success$", done.stdout, re.MULTILINE)
    assert len(set(ended)) == len(ended) == count
