"""Scripted faults: models that do not do what they are told, each in one way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from parallel_dispatch.copyist import BLOCK, Copyist, Job, called, tool_error
from parallel_dispatch.scripted_model import Call, Reply, Request, texts

Fault = Callable[[Job, Request], "Reply | None"]
"""What the agent of a task does instead of its work; None: its work."""

AGENT_ERROR = "the scripted model refuses this agent"
LAST_WORDS = "These are the last words of an agent, which nobody but its file may hold. " * 110


@dataclass
class Faulty(Copyist):
    """A model whose agents have faults, by task."""

    faults: dict[str, Fault] = field(default_factory=dict)

    def work(self, job: Job, request: Request) -> Reply:
        """The fault of the task's agent, else its work."""
        fault = self.faults.get(job.task)
        return (fault and fault(job, request)) or super().work(job, request)


@dataclass
class Talkative(Copyist):
    """A model whose agents end with 8 kB of last words."""

    def work(self, job: Job, request: Request) -> Reply:
        """The work, and then the words."""
        reply = super().work(job, request)
        return reply if reply.calls else Reply(f"{job.task}: {LAST_WORDS}")


@dataclass
class HandsBack(Talkative):
    """A model whose agents report with the tool that auto mode gives them for it."""

    def work(self, job: Job, request: Request) -> Reply:
        """The work, and then the words, handed back."""
        reply = super().work(job, request)
        if reply.calls or "SubagentHandback" not in request.tool_names:
            return reply
        return Reply(calls=[Call("SubagentHandback", {"message": reply.text})])


def dies(_: Job, __: Request) -> Reply:
    """The agent's request ends in an API error."""
    return Reply(error=(400, AGENT_ERROR))


def hangs(_: Job, __: Request) -> Reply:
    """The agent thinks for longer than any test waits."""
    return Reply("at last", delay=300)


USAGE_LIMIT = "This request would exceed your account's rate limit. Please try again later."


@dataclass
class Limited(Faulty):
    """A model whose user has run out of usage once so many agents' requests were answered."""

    allowed: int = 0

    def reply(self, request: Request) -> Reply:
        """The limit, for the main conversation as well."""
        if request.agent_id:
            self.allowed -= 1
        return super().reply(request) if self.allowed >= 0 else Reply(error=(429, USAGE_LIMIT), delay=self.seconds)


@dataclass
class Stumbling(Faulty):
    """A model whose main conversation meets an API error, once, at the request of this number."""

    at: int = 2
    asked: int = 0

    def main(self, request: Request) -> Reply:
        """The error, else what is asked."""
        self.asked += 1
        return Reply(error=(500, "the server stumbled")) if self.asked == self.at else super().main(request)


class NeverStops(Faulty):
    """A model that stops no agent, whoever asks."""

    def main(self, request: Request) -> Reply:
        """Everything but the stops."""
        reply = super().main(request)
        calls = [call for call in reply.calls if call.tool != "TaskStop"]
        return Reply(reply.text, calls) if calls or not reply.calls else Reply("They will end by themselves.")


class FromMemory(Copyist):
    """A model that sends every call again that it finds in its conversation."""

    def main(self, request: Request) -> Reply:
        """The calls of all blocks so far, once."""
        said = [text for message in request.messages for text in texts(message)]
        blocks = BLOCK.findall("\n".join(said))
        if said and ("is not driven by this conversation" in said[-1] or not blocks):
            return Reply("Then not.")
        return Reply(calls=[Call("Agent", call) for found in blocks for call in json.loads(found)])


def lies(job: Job, _: Request) -> Reply:
    """The agent says that it is done, and wrote nothing."""
    return Reply(f"Done, everything is in {job.file}.")


def writes_nothing(job: Job, request: Request) -> Reply:
    """The agent writes an empty output."""
    if "Write" in called(request):
        return Reply("Done.")
    return Reply(calls=[Call("Write", {"file_path": job.file, "content": ""})])


def stub(job: Job, request: Request) -> Reply:
    """The agent writes next to nothing, and says that it is done however often it is sent back."""
    if "Write" in called(request):
        return Reply("Done.")
    return Reply(calls=[Call("Write", {"file_path": job.file, "content": "Done."})])


def busy(_: Job, __: Request) -> Reply:
    """The agent's request is one too many for the server."""
    return Reply(error=(429, USAGE_LIMIT))


def uses_shell(job: Job, request: Request) -> Reply:
    """The agent writes with the shell, and gives up when that is denied."""
    if "Bash" in called(request):
        return Reply(f"I may not: {tool_error(request)}")
    return Reply(calls=[Call("Bash", {"command": f"printf found > '{job.file}'", "description": "Write the output"})])


def strays_to(path: str) -> Fault:
    """The agent writes to a file that is not its own, before its work."""
    return attempts_to_write("Write", {"file_path": path, "content": "not mine"})


def attempts_to_write(tool: str, call: dict[str, object]) -> Fault:
    """The agent makes a call that is not its to make, before its work."""

    def straying(job: Job, request: Request) -> Reply | None:
        tried = list(called(request))
        return _write_then_stop(job, tried[1:]) if tried else Reply(calls=[Call(tool, call)])

    return straying


def spawns(job: Job, request: Request) -> Reply | None:
    """The agent starts an agent of its own, before its work."""
    tried = list(called(request))
    if not tried:
        call: dict[str, object] = {"description": "helper", "subagent_type": "general-purpose", "prompt": "Do my work."}
        return Reply(calls=[Call("Agent", call)])
    return _write_then_stop(job, tried[1:])


def dawdles(seconds: float) -> Fault:
    """The agent thinks for so long before it reads a file; then it does what it is told."""

    def dawdling(job: Job, request: Request) -> Reply | None:
        tried = list(called(request))
        if not tried:
            return Reply(calls=[Call("Read", {"file_path": "/etc/hostname"})], delay=seconds)
        return _write_then_stop(job, tried[1:])

    return dawdling


def _write_then_stop(job: Job, tried: list[str]) -> Reply:
    if tried:
        return Reply("Done.")
    return Reply(calls=[Call("Write", {"file_path": job.file, "content": "late, but there"})])


def once(fault: Fault) -> Fault:
    """The fault in the first attempt only."""

    def healing(job: Job, request: Request) -> Reply | None:
        return fault(job, request) if job.attempt == 1 else None

    return healing


def block(reply: Reply) -> list[dict[str, Any]]:
    """The inputs of the Agent calls in an answer."""
    return [dict(call.input) for call in reply.calls if call.tool == "Agent"]


def agents(calls: Sequence[dict[str, Any]]) -> Reply:
    """An answer of Agent calls."""
    return Reply(calls=[Call("Agent", call) for call in calls])


class OneByOne(Copyist):
    """A model that copies only the first call of a block."""

    def main(self, request: Request) -> Reply:
        """The first call only."""
        reply = super().main(request)
        return Reply(reply.text, reply.calls[:1])


class Idle(Copyist):
    """A model that copies nothing."""

    def main(self, _: Request) -> Reply:
        """No call at all."""
        return Reply("I would rather not.")


@dataclass
class Unruly(Faulty):
    """A model that copies its first block badly, and the others as they are.

    The first task's call has another path, the second's comes twice, and there are two that nobody handed out: a call
    for a task of another run, and one of the user's own.
    """

    begun: bool = False

    def main(self, request: Request) -> Reply:
        """The first block, badly; then the others."""
        reply = super().main(request)
        if self.begun or not reply.calls:
            return reply
        self.begun = True
        first, second, *rest = block(reply)
        marker = first["prompt"].split()[0]
        altered = {**first, "prompt": f"{marker} Read and follow /nowhere/brief.md, as fast as you can."}
        foreign = {**first, "prompt": "pd:0000/" + marker.partition("/")[2] + " Read and follow /nowhere/brief.md"}
        return agents([altered, second, second, *rest, foreign, OWN_CALL])

    def agent(self, request: Request) -> Reply:
        """The user's own agent answers at length."""
        if any(str(OWN_CALL["prompt"]) in text for message in request.messages[:1] for text in texts(message)):
            return Reply(OWN_WORDS)
        return super().agent(request)


OWN_CALL: dict[str, object] = {
    "description": "own",
    "subagent_type": "general-purpose",
    "prompt": "Count the user's own sheep.",
    "run_in_background": False,
}
OWN_WORDS = "There are many sheep. " * 400


@dataclass
class Calling(Copyist):
    """A model that calls the command itself, as a skill, and then copies what it is handed."""

    arguments: str = ""
    asked: bool = False

    def main(self, request: Request) -> Reply:
        """The command first."""
        if self.asked:
            return super().main(request)
        self.asked = True
        return Reply(calls=[Call("Skill", {"skill": "parallel-dispatch:parallel-dispatch", "args": self.arguments})])


@dataclass
class WithoutHooks(Copyist):
    """A model in a host without hooks: it drives the run through the shell, as the command's text says."""

    file: str = ""
    begun: bool = False

    def main(self, request: Request) -> Reply:
        """The start; a block where one came back; else the next step once every agent is back."""
        if not self.begun:
            self.begun = True
            return self.shell(f"parallel-dispatch start {self.file}")
        said = [text for message in request.messages for text in texts(message)]
        if any(ENDED.search(text) for text in said):
            return Reply("The run has ended; the report says how.")
        launched = sum("Async agent launched" in text for text in said)
        notified = {found[1] for text in said for found in NOTIFIED.finditer(text)}
        if launched > len(notified):
            return Reply("I wait for the agents.")
        reply = super().main(request)
        return reply if reply.calls else self.shell("parallel-dispatch next")

    @staticmethod
    def shell(command: str) -> Reply:
        """One shell command."""
        return Reply(calls=[Call("Bash", {"command": command, "description": "Go on with the run"})])


ENDED = re.compile(r"^Run \w+ has ended\.", re.MULTILINE)
NOTIFIED = re.compile(r"<task-notification>.*?<task-id>(\w+)</task-id>", re.DOTALL)


def writes(text: str) -> Fault:
    """An agent that writes this text, and when it is sent back writes nothing else."""

    def act(job: Job, request: Request) -> Reply:
        if any(called(request)):
            return Reply("Done.")
        return Reply(calls=[Call("Write", {"file_path": job.file, "content": text})])

    return act


def writes_again(text: str, mended: str) -> Fault:
    """An agent that writes a text, and another one when it is sent back."""

    def act(job: Job, request: Request) -> Reply:
        if "You are not done" in str(request.messages[-1]):
            return Reply(calls=[Call("Write", {"file_path": job.file, "content": mended})])
        return writes(text)(job, request)

    return act
