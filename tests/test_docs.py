"""The documentation, executed: every console block prints what it shows, every YAML block is a valid task file."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from parallel_dispatch.load import load_text

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [ROOT / "examples" / "README.md"]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")


def blocks(language):
    return [
        pytest.param(body, id=f"{page.relative_to(ROOT)}:{page.read_text().count(chr(10), 0, match.start()) + 2}")
        for page in PAGES
        for match in FENCE.finditer(page.read_text())
        for kind, body in [match.groups()]
        if kind == language
    ]


def steps(body):
    """The commands of a console block, each with the output that it shows."""
    command, shown = "", []
    for line in body.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, shown
            command, shown = line[2:], []
        else:
            shown.append(line)
    yield command, shown


@pytest.fixture
def clone(tmp_path):
    """The repository as a new user has it: what git would hand out, in a folder of its own."""
    target = tmp_path / "clone"
    names = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(names, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, files):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    return target


def test_there_is_documentation_to_execute():
    assert len(blocks("console")) >= 3
    assert len(blocks("yaml")) >= 2


@pytest.mark.parametrize("body", blocks("yaml"))
def test_a_yaml_block_is_a_valid_task_file(body):
    loaded = load_text("block.yaml", body)
    assert loaded.problems == ()
    assert loaded.task_file is not None


@pytest.mark.host
@pytest.mark.parametrize("body", blocks("console"))
def test_a_console_block_prints_what_it_shows(body, clone):
    for command, shown in steps(body):
        done = subprocess.run(
            shlex.split(command),
            cwd=clone,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={name: value for name, value in os.environ.items() if not name.startswith("CLAUDE")},
        )
        expected = "".join(
            r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n" for line in shown
        )
        assert re.fullmatch(expected, done.stdout), f"{command}\n{done.stdout}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_readme_names_every_option_and_its_default():
    readme = (ROOT / "README.md").read_text()
    for option in ("--max-parallel | 4", "--timeout | 120000", "--on-failure | continue", "--dry-run | false"):
        assert option in readme
