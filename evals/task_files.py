"""Does a model that has only the skill write a good task file from plain words? Questions, grades, and blind pairs.

The repositories are those that `evals/task_files/requests.yaml` names, checked out in FOLDER/repos/NAME.

`questions FOLDER` writes one question for each repository and each skill: ours, and others whose text lies in
FOLDER/others/NAME.md. Answers go to FOLDER/SKILL/ID.yaml; for ours the first try, before `validate` was heard, stays
as ID.first.yaml. `grade FOLDER` validates and plans ours. `pairs FOLDER` writes, for each request, what each skill
led to in one neutral form, in an order drawn by lot: FOLDER/judge/REPO.question.txt, with the key in
FOLDER/judge/key.json. The judge's answer, a line `ID: LETTER, LETTER, LETTER` from the best to the worst, goes into
FOLDER/judge/REPO.answer.txt, and `winners FOLDER` counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
from typing import Any

import here
import yaml

OURS = "ours"
SKILL = os.path.join(here.ROOT, "skills", "dispatching-parallel-agents")
PROGRAM = os.path.join(here.ROOT, "bin", "parallel-dispatch")
LETTERS = "ABC"

ASK_OURS = """\
You are Claude Code. A user works in the repository {repo}. You have loaded one skill, whose text is in {skill} (its
references lie beside it, in references/). You know nothing else about the format or the program.

For each of these requests, taken alone as the first message of a conversation, do what the skill says up to the
point where the file would be shown to the user. Look at the repository first as you would. Write the task file to
{repo}/ID.tasks.yaml, copy it as it is to {folder}/ID.first.yaml BEFORE you validate it, then run `{program} validate
ID.tasks.yaml` and `{program} plan ID.tasks.yaml` in {repo}, mend what they say at most once, and copy the last state
to {folder}/ID.yaml. Do not start anything.

{requests}
"""
ASK_OTHERS = """\
You are Claude Code. A user works in the repository {repo}. You have loaded one skill, whose text is in {skill}. Your
tool to start agents takes a description, an agent type and a prompt for each agent.

For each of these requests, taken alone as the first message of a conversation, prepare the fan-out as the skill
says, up to the point where the agents would start. Look at the repository first as you would. Write down the agents
that you would start to {folder}/ID.yaml, as a YAML list in the order in which they start, and start nothing:

- description: a few words
  agent: the type of agent
  prompt: |
    all that the agent is told
  after: [descriptions of the agents whose results it must have; empty if it starts at once]

{requests}
"""
JUDGE = """\
For each request below, three engineers have cut the work for agents that run in parallel in the repository {repo}.
Look at the repository where you need to. Judge each cut by four questions, 0 to 3 points each:

1. Independence: 3 = whatever can run at once does, and nothing waits or collides without need; 2 = one needless wait or
   one possible collision; 1 = several; 0 = agents will write over each other, or it is sequential in truth.
2. Coverage: 3 = together the parts do all that was asked, with real paths of the repository; 2 = a small gap; 1 = a
   large gap or invented paths; 0 = misses the request.
3. No overlap: 3 = each part says where it ends; 2 = one overlap; 1 = several; 0 = the same work twice.
4. Briefs: 3 = each agent, knowing nothing else, could begin at once and knows when it is done and in which form to hand
   over; 2 = one is vague; 1 = most are; 0 = titles only. Length is no merit.

Then rank the three from the best to the worst; no ties. Write one line for each request, `ID: LETTER, LETTER,
LETTER`, to {answer}, and below all lines your points in a table with one sentence for each cut.

{cases}
"""


def cases() -> dict[str, list[dict[str, str]]]:
    """The requests by repository."""
    with open(os.path.join(here.HERE, "task_files", "requests.yaml"), encoding="utf-8") as file:
        return dict(yaml.safe_load(file))


def others(folder: str) -> list[str]:
    """The skills that are tried beside ours."""
    return sorted(name[: -len(".md")] for name in os.listdir(os.path.join(folder, "others")) if name.endswith(".md"))


def write_questions(folder: str) -> None:
    """A question for each repository and skill."""
    for repo, requests in cases().items():
        listed = "\n".join(f"{case['id']}: {case['request']}" for case in requests)
        for skill in (OURS, *others(folder)):
            where = os.path.join(folder, skill)
            os.makedirs(where, exist_ok=True)
            text = (ASK_OURS if skill == OURS else ASK_OTHERS).format(
                repo=os.path.join(folder, "repos", repo),
                skill=os.path.join(SKILL, "SKILL.md")
                if skill == OURS
                else os.path.join(folder, "others", f"{skill}.md"),
                folder=where,
                program=PROGRAM,
                requests=listed,
            )
            _write(os.path.join(where, f"{repo}.question.txt"), text)


def validated(path: str, repo: str) -> str:
    """What `validate` says of a task file where it is no success; empty where it is one."""
    done = subprocess.run([PROGRAM, "validate", path], cwd=repo, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode else ""


def grade(folder: str) -> int:
    """The table of our task files: 0 where at least 14 of 15 validate at the first or second try."""
    good, of = 0, 0
    print("| request | first try | second try | tasks | waves | pays | warnings |\n|---|---|---|---:|---:|---|---:|")
    for repo, requests in cases().items():
        place = os.path.join(folder, "repos", repo)
        for case in requests:
            first, last = (os.path.join(folder, OURS, f"{case['id']}{end}.yaml") for end in (".first", ""))
            said = [validated(path, place) for path in (first, last)]
            plan = json.loads(_run("plan", last, "--format", "json", cwd=place) or "{}")
            warned = len(json.loads(_run("validate", last, "--format", "json", cwd=place) or "{}").get("problems", []))
            of += 1
            good += not all(said)
            words = ["fine" if not one else "refused" for one in said]
            pays = plan.get("parallelization", {}).get("answer", "?")
            sizes = [str(len(plan.get(key, []))) for key in ("tasks", "waves")]
            print(f"| {' | '.join([case['id'], *words, *sizes, pays, str(warned)])} |")
    print(f"\n{good} of {of} validate at the first or second try.")
    return int(good < of - 1)


def neutral(folder: str, repo: str, skill: str, name: str) -> list[dict[str, Any]]:
    """What a skill led to, in one form for all of them: what each agent is told."""
    path = os.path.join(folder, skill, f"{name}.yaml")
    with open(path, encoding="utf-8") as file:
        found = yaml.safe_load(file)
    if skill != OURS:
        return [_plain(row) for row in found]
    return [_told(path, os.path.join(folder, "repos", repo), task) for task in found["tasks"]]


def _told(path: str, repo: str, task: dict[str, Any]) -> dict[str, Any]:
    """What the agent of a task is told: its brief, without the line that names the run; one for all of a pattern."""
    pattern = task.get("for_each")
    brief = _run("brief", path, task["id"], cwd=repo) or _run("brief", path, f"{task['id']}-1", cwd=repo)
    lines = brief.splitlines()[1:]
    more = [f"(One agent like this for each of: {_yaml(pattern, 10**6, inline=True).strip()})"] if pattern else []
    return {
        "description": task["id"],
        "agent": task.get("agent", "general-purpose"),
        "prompt": "\n".join([*more, *lines]).replace(repo + "/", "") if lines else f"NO BRIEF of {task['id']}",
        "after": task.get("dependencies", []),
    }


def _shown(rows: list[dict[str, Any]]) -> str:
    """The agents of a cut, one after another, each with all that it is told between two lines."""
    found = []
    for row in rows:
        after = ", ".join(map(str, row["after"])) or "nothing"
        found.append(
            f"* {row['description']} ({row['agent']}), after {after}:\n<<<\n{str(row['prompt']).strip()}\n>>>\n"
        )
    return "\n".join(found)


def _yaml(value: object, width: int, *, inline: bool = False) -> str:
    return str(yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=width, default_flow_style=inline))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row.get(key, [] if key == "after" else "") for key in ("description", "agent", "prompt", "after")}


def write_pairs(folder: str) -> None:
    """What the judge is shown, and the key."""
    skills, key = [OURS, *others(folder)], {}
    os.makedirs(os.path.join(folder, "judge"), exist_ok=True)
    for repo, requests in cases().items():
        shown = []
        for case in requests:
            lot = random.Random(f"lot {case['id']}").sample(skills, len(skills))
            key[case["id"]] = dict(zip(LETTERS, lot))
            cuts = [
                f"### {case['id']} {letter}\n\n{_shown(neutral(folder, repo, skill, case['id']))}"
                for letter, skill in zip(LETTERS, lot)
            ]
            shown.append(f"## {case['id']}: {case['request']}\n\n" + "\n".join(cuts))
        place = os.path.join(folder, "judge", repo)
        text = JUDGE.format(
            repo=os.path.join(folder, "repos", repo), answer=f"{place}.answer.txt", cases="\n\n".join(shown)
        )
        _write(f"{place}.question.txt", text)
    _write(os.path.join(folder, "judge", "key.json"), json.dumps(key, indent=1))


def winners(folder: str) -> int:
    """How often each skill was ranked first: 0 where ours was at least 12 times of 15."""
    with open(os.path.join(folder, "judge", "key.json"), encoding="utf-8") as file:
        key = json.load(file)
    first: dict[str, int] = {}
    print("| request | best | second | third |\n|---|---|---|---|")
    for repo in cases():
        with open(os.path.join(folder, "judge", f"{repo}.answer.txt"), encoding="utf-8") as file:
            ranks = re.findall(r"^\W*(\w\d)\W*:\W*([ABC])\W+([ABC])\W+([ABC])\W*$", file.read(), re.MULTILINE)
        for name, *letters in ranks:
            order = [key[name][letter] for letter in letters]
            first[order[0]] = first.get(order[0], 0) + 1
            print(f"| {name} | {' | '.join(order)} |")
    print("\nFirst:", ", ".join(f"{skill} {count}" for skill, count in sorted(first.items(), key=lambda one: -one[1])))
    return int(first.get(OURS, 0) < 12 or sum(first.values()) < len(key))


def _run(*words: str, cwd: str) -> str:
    return subprocess.run([PROGRAM, *words], cwd=cwd, capture_output=True, text=True, check=False).stdout


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main() -> int:
    """One step of the trial."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("questions", "grade", "pairs", "winners"))
    parser.add_argument("folder")
    asked = parser.parse_args()
    steps = {"questions": write_questions, "grade": grade, "pairs": write_pairs, "winners": winners}
    return int(steps[asked.what](os.path.abspath(asked.folder)) or 0)


if __name__ == "__main__":
    sys.exit(main())
