"""A user who talks while a run is under way: questions that can be told apart, and a model that answers each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parallel_dispatch.copyist import Copyist
from parallel_dispatch.scripted_model import Call, Reply, Request, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED = re.compile(r"Question (\w+), ([\d.]+) s( with a shell)?\?")
SUMMARY = "Your task is to create a detailed summary"
"""What the host asks for when it compacts a conversation."""
ANSWERED = re.compile(r"Answer (\w+)\.")


@dataclass(frozen=True)
class Question:
    """What the user types: a name, how long the model thinks about it, whether it uses a shell before it answers."""

    name: str
    seconds: float = 0.0
    shell: bool = False

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"Question {self.name}, {self.seconds:g} s{' with a shell' * self.shell}?"


def questions(request: Request) -> Iterator[Question]:
    """Every question in a request, as often as it is there, whoever passed it on."""
    for message in request.messages:
        if message.get("role") != "assistant":
            for text in texts(message):
                for found in ASKED.finditer(text):
                    yield Question(found[1], float(found[2]), bool(found[3]))


def answers(request: Request) -> Iterator[str]:
    """The names of the questions that were answered before a request, as often as they were."""
    for message in request.messages:
        if message.get("role") == "assistant":
            for text in texts(message):
                yield from ANSWERED.findall(text)


@dataclass
class Answering(Copyist):
    """A model that copies what it is handed, and answers every question of the user once."""

    def main(self, request: Request) -> Reply:
        """The work, and beside it the answers that are due."""
        if any(SUMMARY in text for message in request.messages[-3:] for text in texts(message)):
            return Reply("<summary>There was a run.</summary>")
        work = super().main(request)
        done = set(answers(request))
        due = {question.name: question for question in questions(request) if question.name not in done}
        if not due:
            return work
        used = json.dumps(request.messages)
        shells = [q for q in due.values() if q.shell and f"shell for {q.name}" not in used]
        waits = {q.name for q in shells}
        text = " ".join(f"Answer {name}." for name in due if name not in waits)
        calls = [Call("Bash", {"command": "sleep 0.3", "description": f"shell for {q.name}"}) for q in shells]
        delay = max(q.seconds for q in due.values())
        return Reply(text, [*work.calls, *calls], delay=delay)
