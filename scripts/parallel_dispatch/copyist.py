"""The script of a rehearsal: the main conversation copies what it is handed, agents write their outputs, no more."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .marker import parse_marker
from .places import read_text
from .samples import sample
from .scripted_model import Call, Reply, Request, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BLOCK = re.compile(r"Dispatch.*copied exactly\.\n```json\n(\[.*?\])\n```", re.DOTALL)
STOPS = re.compile(r"Stop these agents:[^\n]*\n```json\n(\[.*?\])\n```", re.DOTALL)
OUTPUT = re.compile(r"^(?:\s*\d+\t)?Output (file|directory): (.+)$", re.MULTILINE)  # with the Read tool's line number
JSON = re.compile(
    r"^(?:\s*\d+\t)?- JSON .* that matches (?:this JSON Schema: (\{.*\})|the JSON Schema in (.+))$", re.MULTILINE
)
TERM = re.compile(r'^(?:\s*\d+\t)?- (?:the (heading|text) "(.*)"|at least (\d+) bytes)$', re.MULTILINE)
LIST = re.compile(r"^(?:\s*\d+\t)?Other tasks are made from the list (?:under `(.+?)` )?in this output", re.MULTILINE)
ITEMS = ["first", "second"]
"""What a scripted agent finds, where other tasks are made of that."""
BRIEF = re.compile(r"^pd:\S+ Read and follow (.+)")


@dataclass(frozen=True)
class Job:
    """What an agent was told: its task, its attempt, where its output goes, what that must hold.

    `lists` are the paths at which it must list the items of other tasks.
    """

    task: str
    attempt: int
    output: str
    is_folder: bool
    text: str = ""
    least: int = 0
    schema: str = ""
    lists: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The file to write."""
        end = "json" if self.schema else "md"
        return os.path.join(self.output, f"rehearsal.{end}") if self.is_folder else self.output


@dataclass
class Copyist:
    """A model that does exactly what it is handed. Agents answer after `seconds`, or after those of their task.

    What `by_task` says of a task holds for those that are made in its place as well.
    """

    seconds: float = 0.0
    by_task: Mapping[str, float] = field(default_factory=dict)

    def reply(self, request: Request) -> Reply:
        """The answer to one request."""
        return self.agent(request) if request.agent_id else self.main(request)

    def main(self, request: Request) -> Reply:
        """The calls of the newest dispatch block, and of what agents are to be stopped; a closing line without both."""
        news = "\n".join(_news(request))
        found = {"TaskStop": STOPS.findall(news), "Agent": BLOCK.findall(news)}
        calls = [Call(tool, call) for tool, blocks in found.items() if blocks for call in json.loads(blocks[-1])]
        return Reply(calls=calls) if calls else Reply("The run has ended; the report says how.")

    def agent(self, request: Request) -> Reply:
        """The brief read, if it did not come with the call; the output written; a last word."""
        said = [text for message in request.messages for text in texts(message)]
        job = job_of(said)
        if job is None:
            path = next((found[1] for text in said if (found := BRIEF.match(text))), "")
            return (
                Reply(calls=[Call("Read", {"file_path": path})])
                if path and len(said) < 50
                else Reply("I have no brief.")
            )
        return self.work(job, request)

    def work(self, job: Job, request: Request) -> Reply:
        """What the agent of a task does next."""
        turns = sum(1 for message in request.messages if message.get("role") == "assistant")
        error = tool_error(request)
        if error:
            return Reply(f"I could not write {job.file}: {error}")
        if any(call == "Write" for call in called(request)):
            return Reply(f"Wrote {job.file}.")
        try:
            content = self.content(job)
        except ValueError as cannot:
            return Reply(str(cannot), delay=self.takes(job.task) if not turns else 0)
        return Reply(
            calls=[Call("Write", {"file_path": job.file, "content": content})],
            delay=self.takes(job.task) if not turns else 0,
        )

    def takes(self, task: str) -> float:
        """The seconds that the agent of a task works."""
        own = self.by_task.get(task)
        return self.by_task.get(task.rpartition("-")[0], self.seconds) if own is None else own

    def content(self, job: Job) -> str:
        """What the agent writes; it says what it is. `ValueError` where nobody can make up what its schema asks for."""
        text = f"# {job.task}\n\nThis file was written by a rehearsal: no model worked on it.\n{job.text}"
        made = _json(job)
        if made and job.file.lower().endswith(".json"):
            text = f"{made}\n"
        elif made:
            text += f"\n```json\n{made}\n```\n"
        return text + "\n" * (job.least - len(text.encode()))


def job_of(said: list[str]) -> Job | None:
    """The job in an agent's texts; None while it has not seen its brief."""
    named = next(filter(None, (parse_marker(text.lstrip()) for text in said)), None)
    output = next(filter(None, map(OUTPUT.search, said)), None)
    if not (named and output):
        return None
    terms = [found.groups() for text in said for found in TERM.finditer(text)]
    held = [f"## {words}\n" if kind == "heading" else f"{words}\n" for kind, words, _ in terms if kind]
    lists = tuple(dict.fromkeys(path for text in said for path in LIST.findall(text)))
    least = max((int(number) for _, _, number in terms if number), default=0)
    schemas = (inline or read_text(path) for text in said for inline, path in JSON.findall(text))
    return Job(
        task=named[1],
        attempt=named[2],
        output=output[2].strip(),
        is_folder=output[1] == "directory",
        text="".join(held),
        least=least,
        schema=next(schemas, ""),
        lists=lists,
    )


def _json(job: Job) -> str:
    """The JSON that an output must hold: the lists that tasks are made from, or what its schema asks for."""
    if job.schema and not job.lists:
        value, why = sample(json.loads(job.schema))
        if why:
            raise ValueError(f"A rehearsal cannot make up JSON for this schema ({why}); a model may well write it.")
        return json.dumps(value, ensure_ascii=False, indent=2)
    return json.dumps(_listing(job.lists)) if job.lists else ""


def _listing(paths: tuple[str, ...]) -> object:
    """A document with a small list at each of some paths; the empty one is the document itself."""
    found: dict[str, object] = {}
    for path in filter(None, paths):
        *above, last = path.split(".")
        place = found
        for key in above:
            inner = place.setdefault(key, {})
            place = inner if isinstance(inner, dict) else {}
        place[last] = ITEMS
    return found or ITEMS


def called(request: Request) -> Iterator[str]:
    """The names of all tools that an agent has called so far."""
    for message in request.messages:
        content = message.get("content")
        for block in content if message.get("role") == "assistant" and isinstance(content, list) else []:
            if isinstance(block, dict) and block.get("type") == "tool_use":
                yield str(block.get("name"))


def tool_error(request: Request) -> str:
    """The error that the last message brings back from a tool; empty where there is none."""
    content = request.messages[-1].get("content") if request.messages else None
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and block.get("type") == "tool_result" and block.get("is_error"):
            return " ".join(texts({"content": [block]}))
    return ""


def _news(request: Request) -> Iterator[str]:
    """The texts that came after the model's last answer."""
    messages = request.messages
    last = max((i for i, message in enumerate(messages) if message.get("role") == "assistant"), default=-1)
    for message in messages[last + 1 :]:
        yield from texts(message)
