"""Plans for fresh eyes: can a reader who has only what `plan` prints say what will happen, and why?

`questions FOLDER` writes a text for each task file of examples/ and trials/read: what `plan` and `plan --explain` say,
and ten questions. Whoever is tried answers each in JSON, without tools; the answer to NAME.question.txt goes into
NAME.answer.json beside it. `grade FOLDER` holds the answers against the plan's own values.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import subprocess
import sys
from typing import Any

import sides

FILES = ("examples/*.yaml", "trials/read/*.yaml")
PROGRAM = os.path.join(sides.ROOT, "scripts", "parallel_dispatch")
WANTED = 0.95
QUESTIONS = """\
Answer from the texts above alone, with one JSON object that has these keys and nothing else:
- "at_once": how many agents will work at the same time, at most (a number)
- "begin_first": the ids of the tasks that begin at once, when the run begins (a list)
- "takes": how long the run is expected to take (a number, in minutes; where times are in task lengths, in these)
- "based_on": where the durations come from: "file", "runs", "both" or "nothing" (a text)
- "critical_path": the ids of the tasks on the critical path, in order (a list)
- "bottleneck": the id of the task that is best divided, or null where there is none
- "worth_running": how many agents at once are worth running (a number)
- "never_at_once": the groups of tasks that cannot all work at once for another reason than dependencies: what they
  write, a resource, or the instances of an agent (a list of lists of ids; empty where there are none)
- "no_order_is_shorter": whether it is certain that no order of the tasks makes the run shorter (true or false)
- "wait_for": the ids of the tasks that need "{task}" directly (a list)
"""


def files() -> dict[str, str]:
    """The paths of the task files, by name."""
    found = [path for pattern in FILES for path in sorted(glob.glob(os.path.join(sides.ROOT, pattern)))]
    return {os.path.basename(path)[: -len(".yaml")]: path for path in found}


def printed(path: str, *options: str) -> str:
    """What `plan` prints of a task file."""
    command = [sys.executable, PROGRAM, "plan", path, *options]
    done = subprocess.run(command, cwd=sides.ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"plan {path} ended with exit code {done.returncode}: {done.stderr}")
    return done.stdout


def asked_about(plan: dict[str, Any]) -> str:
    """The task of the last question: the first on the critical path."""
    return str(plan["critical_path"][0])


def right_answers(plan: dict[str, Any]) -> dict[str, object]:
    """The answers, from the plan's values."""
    figures, estimates, tasks = plan["figures"], plan["estimates"], plan["tasks"]
    known = [source for source in ("file", "runs") if estimates[source]]
    unit = 60 if plan["unit"] == "seconds" else 1
    divided = plan["prospects"]["divided"]
    return {
        "at_once": figures["agents_at_once"],
        "begin_first": {task["id"] for task in tasks if task["begins"] == 0},
        "takes": figures["foretold"] / unit,
        "based_on": "both" if len(known) == 2 else (known or ["nothing"])[0],
        "critical_path": plan["critical_path"],
        "bottleneck": divided["task"] if divided else None,
        "worth_running": plan["prospects"]["agents_worth_running"],
        "never_at_once": {frozenset(one["tasks"]) for one in plan["conflicts"]},
        "no_order_is_shorter": figures["is_shortest"],
        "wait_for": {task["id"] for task in tasks if asked_about(plan) in task["dependencies"]},
    }


def given(answer: dict[str, Any], question: str) -> object:
    """A reader's answer in the form of the right one."""
    value = answer.get(question)
    if question == "never_at_once" and isinstance(value, list):
        return {frozenset(map(str, group)) for group in value if isinstance(group, list)}
    if question in ("begin_first", "wait_for") and isinstance(value, list):
        return set(value)
    return value


def is_right(question: str, found: object, wanted: object) -> bool:
    """Whether an answer is right; of a time so far as it is printed."""
    if question == "takes" and isinstance(found, (int, float)) and isinstance(wanted, float):
        return abs(found - wanted) <= 0.01 * wanted
    return found == wanted


def write_questions(folder: str) -> int:
    """A text for each task file."""
    os.makedirs(folder, exist_ok=True)
    for name, path in files().items():
        plan = json.loads(printed(path, "--format", "json"))
        texts = [f"$ parallel-dispatch plan {name}.yaml", printed(path)]
        texts += [f"$ parallel-dispatch plan {name}.yaml --explain", printed(path, "--explain")]
        with open(os.path.join(folder, f"{name}.question.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join([*texts, QUESTIONS.replace("{task}", asked_about(plan))]))
    return 0


def grade(folder: str) -> int:
    """How many answers are right."""
    right = asked = 0
    for name, path in files().items():
        answers = os.path.join(folder, f"{name}.answer.json")
        try:
            with open(answers, encoding="utf-8") as file:
                answer = json.load(file)
        except (OSError, ValueError) as error:
            print(f"{name}: no answer: {error}")
            answer = {}
        expected = right_answers(json.loads(printed(path, "--format", "json")))
        for question, wanted in expected.items():
            found = given(answer if isinstance(answer, dict) else {}, question)
            asked += 1
            right += is_right(question, found, wanted)
            if not is_right(question, found, wanted):
                print(f"{name}: {question}: {found!r} where {wanted!r} is right")
    print(f"{right} of {asked} right")
    return 0 if asked and right >= WANTED * asked else 1


def main() -> int:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("questions", "grade"))
    parser.add_argument("folder", metavar="FOLDER")
    arguments = parser.parse_args()
    return {"questions": write_questions, "grade": grade}[arguments.what](arguments.folder)


if __name__ == "__main__":
    sys.exit(main())
