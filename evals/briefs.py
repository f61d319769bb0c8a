"""Do agents that get our briefs write what is asked, where it is asked, and no further?

`questions FOLDER` starts, for each role of `evals/briefs/tasks.yaml`, a run in a copy of the repository of its own
(from FOLDER/repos/httpx), and writes FOLDER/briefs/ROLE.question.txt: the role's definition as the host gives it to
the agent, and the calls with the paths of the briefs. Whoever is tried does the tasks, each in one go, as the agent
that is called. `grade FOLDER` judges every output as a run does at an agent's first stop, looks for the headings of
the role's form where the task asks for no other, and for files that changed outside of the task's scope.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys

import here
import yaml
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.judge import lacking, output_files, take_draft
from parallel_dispatch.places import read_text
from parallel_dispatch.roles import ROLES
from parallel_dispatch.runs import all_runs
from parallel_dispatch.scopes import covers

WANTED = 28
BIN = os.path.join(here.ROOT, "bin")
ASK = """\
You are an agent of Claude Code of the type parallel-dispatch:{role}, in the repository {repo} (its Python with
all dependencies is {python}). Your tools: {tools}. This is your definition:

----- definition -----
{definition}
----- end of the definition -----

You are called {count} times, each time in a conversation of its own: begin each from nothing but your definition and
what the call says, and end it before you begin the next. The calls:

{calls}
"""


def cases() -> dict[str, list[dict[str, object]]]:
    """The tasks of each role."""
    with open(os.path.join(here.HERE, "briefs", "tasks.yaml"), encoding="utf-8") as file:
        return dict(yaml.safe_load(file))


def place(folder: str, role: str) -> str:
    """The copy of the repository that a role works in."""
    return os.path.join(folder, "briefs", role, "repo")


def write_questions(folder: str) -> None:
    """A run and a question for each role."""
    for role, tasks in cases().items():
        repo = place(folder, role)
        shutil.rmtree(os.path.dirname(repo), ignore_errors=True)
        shutil.copytree(os.path.join(folder, "repos", "httpx"), repo)
        shutil.copytree(os.path.join(here.HERE, "briefs", "notes"), os.path.join(repo, "notes"))
        found = {
            "name": f"trial-{role}",
            "tasks": [{"agent": role, **task} for task in tasks],
            "settings": {"output_dir": "out", "timeout_per_task": 900000, "max_parallel": len(tasks)},
        }
        _write(os.path.join(repo, "trial.tasks.yaml"), yaml.safe_dump(found, sort_keys=False, allow_unicode=True))
        _git(repo, "add", "-A")
        _git(repo, "-c", "user.name=trial", "-c", "user.email=trial@localhost", "commit", "-qm", "As it was")
        env = {**os.environ, "CLAUDE_CODE_SESSION_ID": "trial", "PATH": BIN + os.pathsep + os.environ["PATH"]}
        done = subprocess.run(
            [os.path.join(BIN, "parallel-dispatch"), "start", "trial.tasks.yaml"],
            cwd=repo,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        calls = json.loads(re.findall(r"```json\n(\[.*?\])\n```", done.stdout, re.DOTALL)[-1])
        _, head, definition = read_text(os.path.join(here.ROOT, "agents", f"{role}.md")).split("---", 2)
        text = ASK.format(
            role=role,
            repo=repo,
            python=os.path.join(folder, "venv", "bin", "python"),
            tools=yaml.safe_load(head)["tools"],
            definition=definition.strip(),
            count=len(calls),
            calls="\n".join(f"{at}. {call['prompt']}" for at, call in enumerate(calls, 1)),
        )
        _write(os.path.join(folder, "briefs", f"{role}.question.txt"), text)


def grade(folder: str) -> int:
    """The table of what came of the briefs: 0 where at least 28 outputs are as they were asked for."""
    good = of = 0
    print("| role | task | output | form | scope |\n|---|---|---|---|---|")
    for role, tasks in cases().items():
        repo = place(folder, role)
        run = ActiveRun(all_runs(repo)[-1].path)
        strays = _strays(repo, [glob for task in run.plan.tasks.values() for glob in task.writes])
        for task in tasks:
            if not os.path.exists(run.folder.brief(str(task["id"]), 1)):
                continue  # its scope met that of another, so it was not in the first block
            planned = run.plan.tasks[str(task["id"])]
            take_draft(planned)
            lack = lacking(run.plan, planned)
            asked = "output_format" not in task and "contract" not in task and role != "documenter"
            headings = re.findall(r"`## ([^`]+)`", ROLES[role].form) if asked else []
            text = "" if lack else "\n".join(map(read_text, output_files(planned)))
            missing = [name for name in headings if not re.search(rf"^#+ .*{name}", text, re.MULTILINE | re.IGNORECASE)]
            of += 1
            good += not (lack or missing or strays)
            form = "lacks " + ", ".join(missing) if missing else "fine"
            print(f"| {role} | {task['id']} | {lack or 'there'} | {form} | {', '.join(strays) or 'kept'} |")
    print(f"\n{good} of {of} are in the asked form, inside their scope, with the contract met at the first stop.")
    return int(good < WANTED)


def _strays(repo: str, scope: list[str]) -> list[str]:
    """The files that changed outside of the scopes of a role's tasks; caches of tools are none."""
    told = _git(repo, "status", "--porcelain", "--untracked-files=all").splitlines()
    changed = [line[3:].strip('"') for line in told]
    own = ("out/", ".parallel-dispatch/")
    caches = ("__pycache__", ".pytest_cache", ".coverage")
    loose = [path for path in changed if not path.startswith(own) and not any(name in path for name in caches)]
    return [path for path in loose if not any(covers(glob, path) for glob in scope)]


def _git(repo: str, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=repo, capture_output=True, text=True, check=True).stdout


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main() -> int:
    """Questions written, or outputs graded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("questions", "grade"))
    parser.add_argument("folder")
    asked = parser.parse_args()
    steps = {"questions": write_questions, "grade": grade}
    return int(steps[asked.what](os.path.abspath(asked.folder)) or 0)


if __name__ == "__main__":
    sys.exit(main())
