"""Does a model pick a skill of ours exactly when it should? Questions for fresh models, and the grades of their
answers.

`questions FOLDER` writes one question for each run: the list of skills as a host shows it (twenty others and ours,
or the five seeds' in ours' place), and sixty requests in an order of that run's own. Whoever is tried gets one
question, in a conversation of its own, without tools; the answer goes into FOLDER beside it, `NAME.answer.txt`, a
line `NUMBER: SKILL` or `NUMBER: none` for each request. `grade FOLDER` prints recall and precision of every run.

There are two sets of requests: `requests`, and `hard`, written by a model that saw no description of ours, mostly
without the words that descriptions name.

Recall: the share of the thirty requests that are ours for which one of ours was picked. Precision: the share of all
picks of ours that were right.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
from typing import NamedTuple

import here
import yaml

DATA = os.path.join(here.HERE, "trigger")
RUNS = 3
WANTED = 0.95
EASY, HARD = "requests", "hard"
ASK = """\
You are a coding assistant in a terminal. These skills are available; each is loaded only when you call it:

{skills}

Below are {count} first messages of users, each from another conversation. For each one alone, say which skill you would
call before doing anything else, or none, if you would simply work without one. Pick at most one. Do not use any tool.
Answer with one line for each message, `NUMBER: SKILL-NAME` or `NUMBER: none`, and nothing else.

{requests}
"""


class Score(NamedTuple):
    """How one run went. `wrong` are the requests that were judged wrongly, with what was picked."""

    recall: float
    precision: float
    wrong: list[tuple[str, str]]


def our_skills() -> list[dict[str, str]]:
    """The names and descriptions of our skills and of our command, as the host lists them."""
    found = []
    folder = os.path.join(here.ROOT, "skills")
    files = [os.path.join(folder, name, "SKILL.md") for name in sorted(os.listdir(folder))]
    for path in [*files, os.path.join(here.ROOT, "commands", "parallel-dispatch.md")]:
        with open(path, encoding="utf-8") as file:
            head = yaml.safe_load(file.read().split("---")[1])
        found.append({"name": f"parallel-dispatch:{head['name']}", "description": head["description"]})
    return found


def data(name: str) -> object:
    """One file of the cases."""
    with open(os.path.join(DATA, name), encoding="utf-8") as file:
        return yaml.safe_load(file)


def requests(cases_of: str = EASY) -> list[tuple[str, bool]]:
    """The requests of a set, and whether they are ours."""
    cases = data(f"{cases_of}.yaml")
    assert isinstance(cases, dict)
    return [(text, True) for text in cases["ours"]] + [(text, False) for text in cases["not_ours"]]


def tried(kind: str) -> list[dict[str, str]]:
    """The skills that count as ours in a run: ours, or those of the seeds."""
    skills = our_skills() if kind == "ours" else data("seeds.yaml")
    assert isinstance(skills, list)
    return skills


def order(kind: str, run: int, cases_of: str = EASY) -> list[tuple[str, bool]]:
    """The requests as a run asks them; the same in every process."""
    cases = requests(cases_of)
    random.Random(f"{kind} {run}").shuffle(cases)
    return cases


def question(kind: str, run: int, cases_of: str = EASY) -> str:
    """What a fresh model is asked."""
    others = data("skills.yaml")
    assert isinstance(others, list)
    skills = [*others, *tried(kind)]
    random.Random(f"skills {kind} {run}").shuffle(skills)
    return ASK.format(
        skills="\n".join(f"- {skill['name']}: {skill['description']}" for skill in skills),
        count=len(requests(cases_of)),
        requests="\n".join(f"{at}. {text}" for at, (text, _) in enumerate(order(kind, run, cases_of), 1)),
    )


def grade(kind: str, run: int, answer: str, cases_of: str = EASY) -> Score:
    """How an answer did; a request without a line in it was judged wrongly."""
    names = {skill["name"] for skill in tried(kind)} | {skill["name"].rpartition(":")[2] for skill in tried(kind)}
    picked = {
        int(at): name.strip("`* ") for at, name in re.findall(r"^\W*(\d+)\W*[:.]\s*(.+?)\s*$", answer, re.MULTILINE)
    }
    cases = order(kind, run, cases_of)
    hits = [(text, is_ours, picked.get(at, "no answer")) for at, (text, is_ours) in enumerate(cases, 1)]
    right = sum(1 for _, is_ours, name in hits if is_ours and name in names)
    all_picks = sum(1 for _, _, name in hits if name in names)
    wrong = [(text, name) for text, is_ours, name in hits if (name in names) != is_ours or name == "no answer"]
    return Score(right / sum(is_ours for _, is_ours in cases), right / max(1, all_picks), wrong)


def main() -> int:
    """Questions written, or answers graded: 0 where every run of ours reaches what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("questions", "grade"))
    parser.add_argument("folder")
    parser.add_argument("--cases", choices=(EASY, HARD), default=EASY)
    asked = parser.parse_args()
    names = [(kind, run) for kind in ("ours", "seeds") for run in range(1, RUNS + 1)]
    if asked.what == "questions":
        os.makedirs(asked.folder, exist_ok=True)
        for kind, run in names:
            with open(os.path.join(asked.folder, f"{kind}-{run}.question.txt"), "w", encoding="utf-8") as file:
                file.write(question(kind, run, asked.cases))
        return 0
    print("| skills | run | recall | precision |\n|--------|----:|-------:|----------:|")
    enough, lines = True, []
    for kind, run in names:
        with open(os.path.join(asked.folder, f"{kind}-{run}.answer.txt"), encoding="utf-8") as file:
            score = grade(kind, run, file.read(), asked.cases)
        print(f"| {kind} | {run} | {score.recall:.3f} | {score.precision:.3f} |")
        lines += [f"- {kind} {run}: {name}: {text}" for text, name in score.wrong]
        enough = enough and (kind != "ours" or min(score.recall, score.precision) >= WANTED)
    print("\nJudged otherwise:", *lines, sep="\n")
    return int(not enough)


if __name__ == "__main__":
    sys.exit(main())
