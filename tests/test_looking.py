"""What agents may run that change nothing: commands that look, and none that writes or runs anything else."""

import json
import os
import subprocess

import pytest
from builders import write
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.gate import strays
from parallel_dispatch.looking import LONGEST, only_looks
from parallel_dispatch.plan import PlannedTask
from parallel_dispatch.territory import changes_nothing
from parallel_dispatch.tie import Tie
from repositories import committed

LOOKS = [
    "git diff main...HEAD",
    "git --no-pager log --oneline -20 -- src | head -5",
    "git show HEAD~2:src/a.py",
    "git blame -L 10,20 src/a.py",
    "git diff --stat && git status --short",
    "git ls-files '*.py' | wc -l",
    "git grep -n 'def pay' -- src",
    "git log --format='%h %an' --exclude='x' --output-indicator-new=+",
    "grep -rn 'price >= 0' src 2>/dev/null | sort -u | head -40",
    "rg -n --glob '*.py' 'todo|fixme' .",
    "cd src && ls -la; cat a.py b.py",
    "sort --reverse --numeric-sort a",
    "find . -name '*.py' -newer pyproject.toml -not -path './.git/*'",
    "sed -n '10,40p' src/a.py",
    "cat < src/a.py 2>&1",
    "diff -u a b | cut -c1-80",
    "grep -E 'total *= [0-9]' src/*.py",
    'cat "a *b" \\\'',
    "git rev-parse HEAD 2>&1 >/dev/null",
    "git grep -n signature -- src | sort | uniq -c",
    "test -f a && cat a",
    "grep -n '= 1$' src/*.py # it's a comment",
]
DOES_MORE = [
    "",
    "  \n ",
    "touch x",
    'python3 -c \'open("x", "w")\'',
    "pytest",
    "npm test",
    "./git diff",
    "/tmp/git diff",
    "bash -c 'git diff'",
    "eval git diff",
    "sudo git diff",
    "env git diff",
    "GIT_EXTERNAL_DIFF=./x git diff",
    "git commit -am x",
    "git checkout main",
    "git stash",
    "git fetch",
    "git branch -D main",
    "git config alias.x '!touch x'",
    "git -c core.pager=./x diff",
    "git --exec-path=. diff",
    "git diff --output=x",
    "git diff --output x",
    "git diff --outp=x",
    "git log --ext-diff -p",
    "git show --textconv HEAD",
    "git grep -O./x foo",
    "git grep -nO./x foo",
    "git grep --open-files-in-pager=./x foo",
    "git diff *",
    "git diff $X",
    "find * -name x",
    "git diff 'a'; cat *",
    "rg foo \\\\ [a-z]*",
    "git diff $(touch x)",
    "git diff `touch x`",
    "git diff <(touch x)",
    'git diff "$(touch x)"',
    "git diff > x",
    "git diff >> x",
    "git diff >| x",
    "git diff &> x",
    "git diff >& x",
    "git diff <> x",
    "git diff 2> x",
    "git diff | tee x",
    "git diff | sh",
    "git diff & touch x",
    "git diff\ntouch x",
    "cat a; rm a",
    "cat a || rm a",
    "cat a && mv a b",
    "(touch x)",
    "{ touch x; }",
    "if true; then touch x; fi",
    "for f in a; do rm $f; done",
    "f() { rm a; }; f",
    "cat <<EOF\n$(touch x)\nEOF",
    "(( $(touch x) ))",
    "find . -delete",
    "find . -exec rm {} +",
    "find . -execdir rm x ';'",
    "find . -ok rm x ';'",
    "find . -fprint x",
    "find . -fls x",
    "rg --pre ./x foo",
    "rg -nz foo",
    "rg --search-zip foo",
    "diff -ul a b",
    "diff --pag a b",
    "rg --pre=./x foo",
    "sed -i s/a/b/ x",
    "sed -n 'w x' a",
    "sed -n '1e touch x' a",
    "sed -n 1p -i a",
    "sed 1d a",
    "sort -o x a",
    "sort -uo x a",
    "sort --output=x a",
    "sort --out x a",
    "sort --comp ./x a",
    "sort --compress-program=./x a",
    "uniq a x",
    "uniq - x",
    "uniq -- -a -x",
    "uniq b*",
    "test -v 'a[$(touch x)]'",
    "test 'a[$(touch x)]' -eq 1",
    "echo a >&\u0663",
    "git grep -e -- -O'touch x;:'",
    "git blame -S -- --output=x a",
    "git diff --no-index -S -- --output=x a b",
    "git diff -*",
    "git diff --outp*",
    "git diff ''*",
    "git diff '-'*",
    "git diff -\\\n*",
    "git diff \\\n*",
    "git diff $'a\\'' * ''",
    "cat a # it's\ngit diff *",
    "sort \\-*",
    "git -C sub status",
    "cd sub && git diff",
    "git log --help",
    "git log --show-signature",
    "git log --show-sig",
    "git log -1 --format=%G?",
    "git log -1 --format=%+GG",
    "git for-each-ref --format='%(signature)'",
    "git for-each-ref --sort=signature",
    "cat a >",
    "xargs rm",
    "git",
    "git -C",
    "cat " + "a" * LONGEST,
]


@pytest.mark.parametrize("command", LOOKS)
def test_a_look_is_one(command):
    assert only_looks(command)


@pytest.mark.parametrize("command", DOES_MORE)
def test_what_does_more_or_cannot_be_told_is_no_look(command):
    assert not only_looks(command)


@given(st.text(alphabet="git dfx>|&;$(){}<`'\"\\\n-=*co", max_size=60))
@settings(max_examples=2000, deadline=None, derandomize=True)
def test_any_text_is_judged(text):
    assert only_looks(text) in (True, False)


def test_looks_leave_everything_as_it_is(tmp_path):
    """All of them in a real repository, where a shell runs them."""
    folder = str(tmp_path / "repository")
    committed(
        folder, {"src/a.py": "price = 1\n", "b.py": "x\n", "sub/c": "x\n", "a": "1\n", "b": "2\n", "pyproject.toml": ""}
    )
    write(os.path.join(folder, "a"), "3\n")

    def everything():
        return {os.path.join(at, name) for at, _, names in os.walk(folder) for name in names}

    before = everything()
    done = [subprocess.run(["bash", "-c", one], cwd=folder, capture_output=True, check=False) for one in LOOKS]
    assert everything() == before
    assert sum(one.returncode == 0 for one in done) > len(LOOKS) / 2


def task_of(role, subagent_type, writes=()):
    return PlannedTask("a", role, subagent_type, "x", "/p/a.md", [], 1, 60.0, 1, role=role, writes=writes)


@pytest.mark.parametrize(
    ("role", "agent", "writes", "looks"),
    [
        ("reviewer", "parallel-dispatch:reviewer", (), True),
        ("reviewer", "parallel-dispatch:reviewer", ("src/**",), False),
        ("reviewer", "general-purpose", (), False),
        ("tester", "parallel-dispatch:tester", (), False),
        ("", "general-purpose", (), False),
    ],
)
def test_whose_shell_is_for_looking(role, agent, writes, looks):
    assert changes_nothing(task_of(role, agent, writes)) is looks


@pytest.mark.parametrize("call", [None, 7, {}, {"command": None}, {"command": ["rm"]}])
def test_a_shell_call_of_any_shape_is_judged(call):
    tie = Tie("a", 1, 1e12, 1e12, "", "/p", "/p/out", [], [], False, looks=True)
    assert strays({"tool_name": "Bash", "tool_input": call}, tie)


def test_a_tie_of_before_has_a_shell_for_everything(tmp_path):
    tie = Tie("a", 1, 1e12, 1e12, "", "/p", "/p/out", [], [], False)
    value = json.loads(tie.to_json())
    del value["looks"]
    path = write(str(tmp_path / "tie"), json.dumps(value))
    assert Tie.read(path).looks is False


@pytest.mark.parametrize("command", ["cd {} && git diff", "git -C {} log -3", "cd {}/ && git -C {} show HEAD | head"])
def test_git_looks_in_the_projects_own_folder_alone(command):
    assert only_looks(command.replace("{}", "/home/me/project"), "/home/me/project")
    assert not only_looks(command.replace("{}", "/home/me/project/sub"), "/home/me/project")
    assert not only_looks(command.replace("{}", "/home/me/project"))
