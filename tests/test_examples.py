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
    "agent-pool": [3, 6],
    "analysis-then-changes": [1, 1, 1],
    "api-versions": [5, 1],
    "architecture-review": [3, 1],
    "batch-files": [20, 1],
    "code-review-pipeline": [3, 1],
    "crate-tests": [3, 1],
    "doc-generation": [3],
    "feature": [3, 3, 2, 1],
    "first-answer": [3, 1, 3, 1],
    "multi-concern-review": [4, 1],
    "release-check": [4, 1],
    "research": [5, 1, 1],
    "waves": [3, 2, 3],
    "workers": [12],
}
"""How many tasks each example has in each wave."""
FOUND = {"analysis-then-changes": "change"}
"""The task of an example that becomes one for each thing that another finds; a scripted agent finds two."""
LOSERS = {"first-answer": {"by-test", "by-load", "by-reading"}}
"""The tasks of an example of which one is enough, so that the others may be cancelled."""
PATTERNS = {
    "analysis-then-changes": "Analysis Then Implementation",
    "crate-tests": "Fan-out, then one integrator",
    "doc-generation": "Parallel Background Agents",
    "feature": "Dependency-Aware Batching",
    "multi-concern-review": "Fan-out, then one integrator",
    "waves": "Dependency-Aware Batching",
    "workers": "Self-Organizing Workers",
}
"""What the plan calls the patterns that examples are here to show."""
OF_THE_SEEDS = {"architecture-review", "code-review-pipeline", "doc-generation"}
"""Examples that stand as they were given, without a comment that says how to use them."""

each_example = pytest.mark.parametrize("name", SHAPES)


@pytest.fixture
def here(monkeypatch):
    """The repository as the current directory: the examples name their files from there."""
    monkeypatch.chdir(ROOT)


def ids(task):
    """The ids of the tasks that one entry of a task file stands for, found without the product."""
    items = task.get("for_each")
    if items is None or isinstance(items, dict):
        return [task["id"]]
    count = len(glob.glob(items, root_dir=ROOT) if isinstance(items, str) else items)
    return [f"{task['id']}-{number}" for number in range(1, count + 1)]


def test_every_file_of_the_folder_is_an_example_or_belongs_to_one():
    names = {os.path.splitext(name)[0] for name in os.listdir(FOLDER)} - {"README"}
    assert names == set(SHAPES)
    for path in glob.glob("examples/*/**", root_dir=ROOT, recursive=True):
        if os.path.isfile(os.path.join(ROOT, path)):
            example = os.path.join(FOLDER, path.split("/")[1] + ".yaml")
            tasks = load(example, ROOT).task_file.tasks
            named = {word for task in tasks for word in (*task.reads, *task.writes)}
            used = any(path in glob.glob(word, root_dir=ROOT, recursive=True) for word in named)
            used = used or any(path in task.prompt for task in tasks)
            assert used or re.search(rf"(prompt_file|json_schema): {path}\s", read_text(example)), path


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


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", PATTERNS)
def test_the_plan_of_an_example_names_the_pattern_that_it_shows(capsys, name):
    cli.main(["plan", f"examples/{name}.yaml", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["pattern"]["name"] == PATTERNS[name]


@pytest.mark.usefixtures("here")
def test_nothing_runs_beside_a_benchmark(capsys):
    cli.main(["plan", "examples/release-check.yaml", "--format", "json"])
    tasks = {task["id"]: task for task in json.loads(capsys.readouterr().out)["tasks"]}
    benchmarks = tasks.pop("benchmarks")
    assert all(task["ends"] <= benchmarks["begins"] or benchmarks["ends"] <= task["begins"] for task in tasks.values())
    assert len({task["begins"] for task in tasks.values()}) < len(tasks)


def test_the_crates_have_the_tests_that_the_example_and_the_checklist_say():
    crates = [f"{FOLDER}/crate-tests/{name}/src/lib.rs" for name in ("kept-core", "kept-log", "kept-cache")]
    counts = [len(re.findall(r"^ {8}\w+: .*;$", read_text(path), re.MULTILINE)) for path in crates]
    assert counts == [25, 15, 10]
    assert "25, 15 and 10 tests" in read_text(f"{FOLDER}/crate-tests.yaml")
    assert "25 of kept-core, 15 of kept-log, 10 of kept-cache" in read_text(f"{FOLDER}/release-check/checklist.md")


def test_a_translation_must_have_every_text():
    schema = json.loads(read_text(f"{FOLDER}/workers/texts.schema.json"))
    assert schema["required"] == list(json.loads(read_text(f"{FOLDER}/workers/en.json")))


@pytest.mark.parametrize("name", sorted(SHAPES.keys() - OF_THE_SEEDS))
def test_an_example_begins_with_what_it_shows_and_what_to_change(name):
    lines = read_text(f"{FOLDER}/{name}.yaml").splitlines()
    comment = list(itertools.takewhile(lambda line: line.startswith("# "), lines))
    assert len(comment) >= 2
    assert any(line.startswith("# In your project: ") for line in comment)


def test_the_readme_of_the_examples_shows_each_with_the_shape_that_it_has():
    rows = re.compile(r"^\| \[(\S+)\.yaml\]\(\1\.yaml\) \| ([^|]+) \| ", re.MULTILINE)
    shapes = {name: ", then ".join(map(str, shape)) for name, shape in SHAPES.items()}
    shapes |= {"analysis-then-changes": "1, then one for each file, then 1"}
    assert dict(rows.findall(read_text(f"{FOLDER}/README.md"))) == shapes


@pytest.mark.host
@pytest.mark.parametrize(("name", "version"), list(zip(SHAPES, itertools.cycle(VERSIONS))))
def test_an_example_rehearses_with_every_task_done(project, tmp_path, name, version):
    """Each on one version, by turns, for the time that it takes; the language is tried on both in its own tests."""
    shutil.copytree(FOLDER, os.path.join(project, "examples"))
    shutil.copy(os.path.join(ROOT, "pyproject.toml"), project)
    done = rehearse(version, project, str(tmp_path / "home"), f"examples/{name}.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    count = sum(SHAPES[name]) + (name in FOUND)
    ended = dict(re.findall(r"^  (\S+): (success|cancelled|failed)", done.stdout, re.MULTILINE))
    assert len(ended) == count, done.stdout
    without = {task for task, outcome in ended.items() if outcome != "success"}
    assert without < LOSERS.get(name, {"nobody"}), done.stdout
    assert f"\n{count - len(without)} of {count} tasks succeeded.\n" in done.stdout
    if name in FOUND:
        assert f"\n  {FOUND[name]}: 2 tasks\n" in done.stdout
