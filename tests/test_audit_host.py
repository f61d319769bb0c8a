"""The audit in the real host: agents that write past every hook, and the report that names them."""

import pytest
from faults import Faulty, attempts_to_write, dawdles
from hosting import VERSIONS, Stage, said
from parallel_dispatch.auditing import read
from repositories import committed

pytestmark = pytest.mark.host

TASKS = """\
name: strays
tasks:
  - {id: quiet, prompt: Take your time., writes: [src/quiet/**]}
  - {id: stray, prompt: Go astray., writes: [src/stray/**]}
  - {id: later, prompt: Go on., writes: [src/later/**], dependencies: [stray]}
settings: {output_dir: out}
"""
PROGRAM = """\
import os
for path in ("src/later/x.py", "src/stray/own.py", "nobodys.txt"):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    open(path, "w").write("not as it was")
"""


@pytest.fixture(scope="module", params=VERSIONS)
def found(request, tmp_path_factory):
    stage = Stage(request.param, tmp_path_factory.mktemp("strays"))
    committed(stage.project, {"tasks.yaml": TASKS, "src/later/x.py": "as it was"})
    program = {"command": f"python3 -c '{PROGRAM}'", "description": "Run a program"}
    script = Faulty(faults={"stray": attempts_to_write("Bash", program), "quiet": dawdles(2.0)})
    return stage.converse(script, "/parallel-dispatch tasks.yaml", "--allowedTools", "Bash", "Read")


def test_the_run_succeeds_all_the_same(found):
    assert found.outcomes == dict.fromkeys(("quiet", "stray", "later"), "success"), found.tool_errors


def test_what_no_hook_saw_is_told_by_the_task_whose_commands_name_it(found):
    section = found.report.split("\n## Changes outside of write scopes\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert rows == [
        "| nobodys.txt | created | stray, named in its commands | - |",
        "| src/later/x.py | changed | stray, named in its commands | later (src/later/\\*\\*) |",
    ]
    assert [finding.tasks for finding in read(found.run.folder).findings] == [("stray",), ("stray",)]


def test_the_main_conversation_hears_of_it(found):
    line = "2 files were changed outside of write scopes; the report names them."
    assert line in said(found.main[-1])
    assert line not in said(found.main[0])
