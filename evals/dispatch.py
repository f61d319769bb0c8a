"""Does a model copy out the calls that it is handed, and report what the report says? Cases from the real host.

`questions FOLDER` runs each task file of `evals/dispatch/` in the real host with a scripted model and writes down
what the main conversation was shown, as it went over the wire: `NN-first`, `NN-second` (where tasks wait for others)
and `NN-end`, each `.question.txt`, and beside the first two what must come, `.expected.json`. Whoever is tried is
shown the questions of one case, one after another, and answers each with one message of its own, as JSON: `{"text":
"...", "calls": [{"tool": "Agent", "input": {...}}]}`, in `NN-STAGE.answer.json`. `grade FOLDER` compares; what is
said at the end is printed beside what the report says, for a judge to read.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import here
import yaml
from faults import Faulty, dies
from hosting import VERSIONS, Stage
from parallel_dispatch.copyist import BLOCK
from parallel_dispatch.scripted_model import texts

if TYPE_CHECKING:
    from parallel_dispatch.scripted_model import Request

CASES = os.path.join(here.HERE, "dispatch")
STAGES = ("first", "second", "end")
ASK = """\
You are Claude Code, in the middle of a conversation. Your tools: Agent(description, prompt, subagent_type, model,
run_in_background, isolation), TaskStop(task_id), Bash(command), Read(file_path), Write(file_path, content),
Skill(skill, args). What follows is what you were shown last in this conversation. Files that it names lie on this
disk; if you would call Read on one, read it now.

Write your next message as JSON: {"text": "what you say to the user, or empty", "calls": [{"tool": "NAME", "input":
{...}}, ...]}; `calls` are all tool calls of that one message, in order, and empty if you call none.

----- shown -----

"""


def names() -> list[str]:
    """The cases, by name."""
    return sorted(name[: -len(".yaml")] for name in os.listdir(CASES) if name.endswith(".yaml"))


def shown(request: Request) -> str:
    """What came since the model's last answer, and the whole of a first message."""
    last = max((at for at, message in enumerate(request.messages) if message.get("role") == "assistant"), default=-1)
    return "\n\n".join(text for message in request.messages[last + 1 :] for text in texts(message))


def play(name: str, folder: str, version: str) -> None:
    """The questions of one case, as the host shows them."""
    with open(os.path.join(CASES, f"{name}.yaml"), encoding="utf-8") as file:
        text = file.read()
    case = yaml.safe_load(text)
    place = os.path.join(folder, "projects", name)
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    stage = Stage(version, pathlib.Path(place))
    stage.write("tasks.yaml", text)
    script = Faulty(faults=dict.fromkeys(case.get("x-dies", []), dies))
    told = stage.converse(script, "/parallel-dispatch tasks.yaml " + case.get("x-options", "--dispatch foreground"))
    asked = [(shown(request), BLOCK.findall(shown(request))) for request in told.main]
    blocks = [(text, json.loads(found[-1])) for text, found in asked if found]
    for at, (text, block) in zip(STAGES, blocks[:2]):
        _write(folder, f"{name}-{at}.question.txt", ASK + text)
        _write(folder, f"{name}-{at}.expected.json", json.dumps(block, indent=1))
    _write(folder, f"{name}-end.question.txt", ASK + asked[-1][0])
    _write(folder, f"{name}-end.report.md", told.report)


def _write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def _read(folder: str, name: str) -> Any:
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


def wrong(expected: list[dict[str, object]], answer: dict[str, Any]) -> str:
    """How an answer is not the block, copied; empty where it is."""
    calls = answer.get("calls") or []
    if [call.get("tool") for call in calls] != ["Agent"] * len(expected):
        return f"{len(expected)} Agent calls were handed out, and it makes {[call.get('tool') for call in calls]}"
    differ = [call["input"].get("description") for call, row in zip(calls, expected) if call["input"] != row]
    if differ:
        return f"changed: {differ}"
    return "says something beside" if answer.get("text") else ""


def grade(folder: str) -> int:
    """The table of a folder's answers: 0 where all blocks were copied."""
    counts, lines = {"first": [0, 0], "second": [0, 0]}, []
    for name in names():
        for at in ("first", "second"):
            if os.path.exists(os.path.join(folder, f"{name}-{at}.expected.json")):
                how = wrong(_read(folder, f"{name}-{at}.expected.json"), _read(folder, f"{name}-{at}.answer.json"))
                counts[at][0] += not how
                counts[at][1] += 1
                lines += [f"- {name}, {at} block: {how}"] if how else []
    print("| block | copied | of |\n|-------|-------:|---:|")
    for at, (right, of) in counts.items():
        print(f"| {at} | {right} | {of} |")
    print(*lines, "\n## What was said at the end\n", sep="\n")
    for name in names():
        end = _read(folder, f"{name}-end.answer.json")
        print(f"### {name}\n\n{end.get('text')}\n\n{'It also calls ' + str(end['calls']) if end.get('calls') else ''}")
    return int(bool(lines) or not all(of for _, of in counts.values()))


def main() -> int:
    """Questions written, or answers graded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("questions", "grade"))
    parser.add_argument("folder", nargs="?", default=tempfile.gettempdir())
    parser.add_argument("--host", choices=VERSIONS, default=VERSIONS[-1])
    asked = parser.parse_args()
    if asked.what == "grade":
        return grade(asked.folder)
    os.makedirs(asked.folder, exist_ok=True)
    for name in names():
        play(name, os.path.abspath(asked.folder), asked.host)
    return 0


if __name__ == "__main__":
    sys.exit(main())
