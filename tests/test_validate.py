"""`validate` as a process: which files it checks, how grave what it finds is, and the forms that programs read."""

import contextlib
import json
import os
import pty
import re
import shutil
import subprocess
import tarfile

import jsonschema
import pytest
import yaml
from builders import ROOT, TASK_FILE, read, write
from parallel_dispatch import check, formats, kinds
from parallel_dispatch.drafts import problem
from parallel_dispatch.load import load_text
from parallel_dispatch.problem import Problem, raised
from parallel_dispatch.validate import validate

LAUNCHER = os.path.join(ROOT, "bin", "parallel-dispatch")
BROKEN = "name: bad\ntasks:\n  - id: a\n    promt: Do a.\n"
ADVISED = "name: advised\ntasks:\n  - {id: a, prompt: x}\n  - {id: b, prompt: See a.md.}\n"
SARIF_PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"
"""A package of the npm registry that holds the schema of the standard, and its path there."""
SARIF_PATH = "package/lib/schemas/sarif-2.1.0-rtm.5.json"


class Folder:
    """A folder with task files, and the command in it."""

    def __init__(self, path, home, cache):
        self.path = path
        self.env = {"PATH": os.environ["PATH"], "HOME": home, "PARALLEL_DISPATCH_CACHE": cache}

    def write(self, name, text):
        return write(os.path.join(self.path, name), text)

    def validate(self, *words, code, stdin=b"", at="", **env):
        done = subprocess.run(
            [LAUNCHER, "validate", *words],
            cwd=os.path.join(self.path, at),
            env={**self.env, **env},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, done
        assert b"Traceback" not in done.stderr
        return done.stdout.decode(), done.stderr.decode()

    def problems(self, *words, code):
        out, err = self.validate("--format", "json", *words, code=code)
        assert err == ""
        return json.loads(out)


@pytest.fixture
def folder(project, tmp_path, cache):
    return Folder(project, str(tmp_path), cache)


# --- which files --------------------------------------------------------------------------------------------------


def test_a_pattern_is_expanded_by_us_and_two_stars_go_down(folder):
    for name in ("b-tasks.yaml", "a-tasks.yaml", "deep/er/c-tasks.yaml", "deep/d-tasks.txt", "deep/x-tasks.yaml/e.txt"):
        folder.write(name, TASK_FILE)
    out, err = folder.validate("*-tasks.yaml", code=0)
    assert out == "a-tasks.yaml: 4 tasks, no problems\nb-tasks.yaml: 4 tasks, no problems\n"
    assert err == ""
    assert folder.problems("**/*-tasks.yaml", code=0)["files"] == [
        "a-tasks.yaml",
        "b-tasks.yaml",
        "deep/er/c-tasks.yaml",
    ]


def test_a_pattern_that_matches_nothing_is_an_error(folder):
    out, err = folder.validate("*-tasks.yaml", code=1)
    assert out == ""
    assert err == "*-tasks.yaml:1:1: no file matches this pattern [unreadable]\n1 problem in *-tasks.yaml\n"


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder):
    folder.write("t[1].yaml", TASK_FILE)
    folder.write("t1.yaml", BROKEN)
    assert folder.validate("t[1].yaml", code=0) == ("t[1].yaml: 4 tasks, no problems\n", "")


def test_a_folder_is_an_error_with_a_hint_that_works(folder):
    folder.write("reviews/deep/t.yaml", TASK_FILE)
    _, err = folder.validate("reviews", code=1)
    assert err.startswith("reviews:1:1: this is a directory; name a task file in it, or a pattern such as ")
    (hint,) = re.findall(r'"(.*)"', err)
    assert folder.problems(hint, code=0)["files"] == ["reviews/deep/t.yaml"]


def test_a_file_given_in_several_ways_is_checked_once(folder):
    path = folder.write("t.yaml", TASK_FILE)
    os.symlink("t.yaml", os.path.join(folder.path, "link.yaml"))
    out, _ = folder.validate("t.yaml", "./t.yaml", path, "*.yaml", "-", "-", code=0, stdin=TASK_FILE.encode())
    assert out == "t.yaml: 4 tasks, no problems\n<stdin>: 4 tasks, no problems\n"


@pytest.mark.parametrize(
    ("stdin", "code", "words"),
    [
        (TASK_FILE.encode(), 0, "<stdin>: 4 tasks, no problems"),
        (BROKEN.encode(), 1, '<stdin>:4:5: unknown key "promt"'),
        (b"", 1, "<stdin>:1:1: the file is empty"),
        (b"name: \xff", 1, "<stdin>:1:7: byte 0xFF is not UTF-8"),
        (b"#" * 4_000_001, 1, "<stdin>:1:1: the file is larger than 4,000,000 bytes"),
    ],
    ids=["fine", "broken", "empty", "bytes", "large"],
)
def test_a_dash_is_stdin(folder, stdin, code, words):
    assert words in "".join(folder.validate("-", code=code, stdin=stdin))


def test_a_closed_stdin_is_empty(folder):
    done = subprocess.run(
        ["sh", "-c", f"'{LAUNCHER}' validate - <&-"], env=folder.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "the file is empty" in done.stderr


def test_names_that_no_file_can_have_are_problems_too(folder):
    out, _ = folder.validate("--format", "json", "x" * 5000, "", "**", b"caf\xe9.yaml", code=1)
    assert [problem["kind"] for problem in json.loads(out)["problems"]] == ["unreadable"] * 4
    assert json.loads(out)["files"][-1] == "caf\\udce9.yaml"


# --- levels -------------------------------------------------------------------------------------------------------


def test_advice_is_shown_and_refuses_nothing_even_if_strict(folder):
    folder.write("t.yaml", ADVISED)
    for words in ([], ["--strict"]):
        out, err = folder.validate("t.yaml", *words, code=0)
        assert out == "t.yaml: 2 tasks, no errors\n"
        assert "t.yaml:4:21: advice: the prompt of task" in err
        assert err.endswith("1 problem in t.yaml: 1 piece of advice\n")


def test_strict_raises_warnings_only():
    problems = [Problem("t", 1, 1, 1, "x", "y", level) for level in ("error", "warning", "advice")]
    assert [problem.level for problem in raised(problems)] == ["error", "error", "advice"]


@pytest.fixture
def odd_rule(monkeypatch):
    """A rule of the level between the others, for every task."""

    def odd(seen):
        return (problem(seen.file, task.id, "odd", "odd", "warning") for task in seen.tasks)

    monkeypatch.setattr(check, "_RULES", (odd,))
    monkeypatch.setitem(kinds.KINDS, "odd", kinds.Kind("warning", "Odd.", "Make it even."))


@pytest.mark.usefixtures("odd_rule")
def test_a_warning_refuses_nothing_unless_strict_and_can_be_ignored_either_way(folder, capsys):
    path = folder.write("t.yaml", "name: n\ntasks:\n  - {id: a, prompt: x}\n")
    assert validate([path], "text", "", strict=False)
    said = capsys.readouterr()
    assert said.out == f"{path}: 1 task, no errors\n"
    assert "warning: odd [odd]" in said.err
    assert not validate([path], "text", "", strict=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert ":3:10: odd [odd]" in said.err
    assert not validate([path], "json", "", strict=True)
    assert [problem["level"] for problem in json.loads(capsys.readouterr().out)["problems"]] == ["error"]
    folder.write("t.yaml", "name: n\ntasks:\n  - {id: a, prompt: x} # parallel-dispatch: ignore[odd]\n")
    assert validate([path], "text", "", strict=True)
    assert capsys.readouterr().out == f"{path}: 1 task, no problems\n"


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_an_error_in_any_file_is_exit_code_one_in_every_form(folder, form):
    folder.write("good.yaml", TASK_FILE)
    folder.write("bad.yaml", BROKEN)
    folder.validate("--format", form, "good.yaml", code=0)
    folder.validate("--format", form, "bad.yaml", "good.yaml", code=1)


def test_the_verbs_for_runs_show_advice_and_go_on(folder):
    folder.write("t.yaml", ADVISED)
    done = subprocess.run(
        [LAUNCHER, "plan", "t.yaml"], cwd=folder.path, env=folder.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Wave 1" in done.stdout
    assert "[undeclared-input]" in done.stderr


# --- the forms ----------------------------------------------------------------------------------------------------


def test_json_says_what_was_checked_and_what_was_found(folder):
    folder.write("good.yaml", TASK_FILE)
    folder.write("bad.yaml", BROKEN)
    assert folder.problems("good.yaml", "bad.yaml", code=1) == {
        "files": ["good.yaml", "bad.yaml"],
        "problems": [
            {
                "file": "bad.yaml",
                "line": 4,
                "column": 5,
                "end_column": 10,
                "kind": "unknown-key",
                "level": "error",
                "message": 'unknown key "promt" in task "a"; did you mean "prompt"?',
            }
        ],
    }


def test_github_gets_a_command_for_each_problem(folder):
    folder.write("sub/bad.yaml", BROKEN)
    folder.write("sub/t.yaml", ADVISED)
    out, err = folder.validate("--format", "github", "bad.yaml", "t.yaml", code=1, at="sub")
    first, second = out.splitlines()
    assert first == (
        "::error file=bad.yaml,line=4,col=5,endColumn=9,title=unknown-key::"
        'unknown key "promt" in task "a"; did you mean "prompt"?'
    )
    assert second.startswith("::notice file=t.yaml,line=4,col=21,endColumn=29,title=undeclared-input::the prompt")
    assert err == ""
    out, _ = folder.validate(
        "--format", "github", "bad.yaml", "/none.yaml", code=1, at="sub", GITHUB_WORKSPACE=folder.path
    )
    assert [line.split(",")[0] for line in out.splitlines()] == ["::error file=sub/bad.yaml", "::error file=/none.yaml"]


def unescaped(text):
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_nothing_in_a_name_or_a_message_ends_a_command_early():
    name = "50%: a,b\r\n::set-env name=X::1%0A.yaml"
    text = formats.as_github([Problem(name, 1, 2, 1, "syntax", "100%\n::error::\x1b[1m", "warning")])
    assert text.count("\n") == 1
    properties, message = re.fullmatch(r"::warning ([^:\r\n]*)::([^\r\n]*)\n", text).groups()
    values = dict(pair.split("=", 1) for pair in properties.split(","))
    assert unescaped(values["file"]) == name
    assert unescaped(message) == "100%\\n::error::\\x1b[1m"


def sarif(folder, *words, code, **env):
    out, err = folder.validate("--format", "sarif", *words, code=code, **env)
    assert err == ""
    return json.loads(out)


def written(folder):
    """Files with every level and every odd name."""
    folder.write("bad.yaml", BROKEN)
    folder.write("sub/t 日%.yaml", ADVISED)
    folder.write("good.yaml", TASK_FILE)
    return "bad.yaml", "sub/*.yaml", "good.yaml", "-", "/none.yaml"


def test_sarif_holds_what_the_standard_requires_and_points_at_the_right_place(folder):
    log = sarif(folder, *written(folder), code=1)
    assert (log["version"], log["$schema"]) == ("2.1.0", formats.SARIF_SCHEMA)
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "parallel-dispatch"
    assert driver["version"] == json.loads(read(os.path.join(ROOT, "plugin.json")))["version"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert [rule["id"] for rule in driver["rules"]] == list(kinds.KINDS)
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in driver["rules"])
    uris = [artifact["location"]["uri"] for artifact in run["artifacts"]]
    assert uris == ["bad.yaml", "sub/t%20%E6%97%A5%25.yaml", "good.yaml", "%3Cstdin%3E", "file:///none.yaml"]
    results = [(r["ruleId"], r["level"], r["locations"][0]["physicalLocation"]) for r in run["results"]]
    assert results[0] == (
        "unknown-key",
        "error",
        {
            "artifactLocation": {"uri": "bad.yaml", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 4, "startColumn": 5, "endColumn": 10},
        },
    )
    assert [(rule, level) for rule, level, _ in results[1:]] == [
        ("undeclared-input", "note"),
        ("empty", "error"),
        ("unreadable", "error"),
    ]
    assert all(driver["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    at_the_top = sarif(folder, "t 日%.yaml", code=0, at="sub", GITHUB_WORKSPACE=folder.path)["runs"][0]["artifacts"]
    assert at_the_top[0]["location"]["uri"] == uris[1]


def test_sarif_knows_a_kind_that_the_table_does_not():
    text = formats.as_sarif(["t.yaml"], [Problem("t.yaml", 1, 1, 1, "new-kind", "new", "warning")], "1")
    run = json.loads(text)["runs"][0]
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]] == {"id": "new-kind"}
    assert run["results"][0]["level"] == "warning"


@pytest.fixture(scope="module")
def sarif_schema(tmp_path_factory):
    """The schema of SARIF 2.1.0 from the npm registry; without it the tests above hold the line."""
    target = tmp_path_factory.mktemp("sarif")
    if not shutil.which("npm"):
        pytest.skip("npm is not here to fetch the schema of SARIF")
    command = ["npm", "pack", SARIF_PACKAGE, "--silent", "--pack-destination", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=target)
    archives = [name for name in os.listdir(target) if name.endswith(".tgz")]
    if not archives:
        pytest.skip(f"the schema of SARIF could not be fetched: {done.stderr.strip()}")
    with contextlib.closing(tarfile.open(target / archives[0])) as archive:
        return json.load(archive.extractfile(SARIF_PATH))


def test_sarif_is_valid_by_the_schema_of_the_standard(folder, sarif_schema):
    jsonschema.Draft4Validator.check_schema(sarif_schema)
    validator = jsonschema.Draft4Validator(sarif_schema)
    log = sarif(folder, *written(folder), code=1)
    assert list(validator.iter_errors(log)) == []
    log["runs"][0]["results"][0]["level"] = "advice"
    assert [error.validator for error in validator.iter_errors(log)] == ["enum"]


def test_pre_commit_finds_a_script_and_task_files_by_their_names():
    (hook,) = yaml.safe_load(read(os.path.join(ROOT, ".pre-commit-hooks.yaml")))
    program, verb = hook["entry"].split()
    assert (hook["language"], verb) == ("script", "validate")
    assert os.access(os.path.join(ROOT, program), os.X_OK)
    names = ["tasks.yaml", "tasks.yml", "ci/review-tasks.yaml", "a_tasks.yaml", "b.tasks.yml", "subtasks.yaml"]
    names += ["tasks/main.yml", "tasks.yaml.j2", "tasks.json", "-tasks.yaml"]
    assert [name for name in names if re.search(hook["files"], name)] == names[:5]


@pytest.mark.parametrize(("env", "colored"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_text_has_colour_on_a_terminal_unless_nobody_wants_it(folder, env, colored):
    folder.write("bad.yaml", BROKEN)
    ours, theirs = pty.openpty()
    subprocess.run(
        [LAUNCHER, "validate", "bad.yaml"],
        cwd=folder.path,
        env={**folder.env, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal, on Linux
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert b"bad.yaml:4:5:" in shown
    assert (b"\x1b[1;31m^" in shown) == colored
    loaded = load_text("bad.yaml", BROKEN)
    assert loaded.problems[0].message.encode() in shown
