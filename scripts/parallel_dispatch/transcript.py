"""What the host writes of an agent: the prompt it was given, when it began, the last error that a tool gave it."""

from __future__ import annotations

import os
import time

from . import quickjson
from .places import read_text

PATIENCE_SECONDS = 10.0
"""How long an event waits for the transcript of a new agent: a busy host writes it seconds after the first event."""
MOST_READ = 20_000_000
"""How many characters of a transcript are searched for what its agent told other programs."""


def agent_transcript(payload: dict[str, object], agent_id: str) -> str:
    """Where the transcript of an agent lies, told from one of its events."""
    own = payload.get("agent_transcript_path")
    if isinstance(own, str) and own:
        return own
    main = str(payload.get("transcript_path") or "")
    return os.path.join(main[: -len(".jsonl")], "subagents", f"agent-{agent_id}.jsonl")


def first_prompt(transcript: str, patience: float) -> tuple[str, float]:
    """The prompt that an agent was given, and when (seconds since the epoch); empty where no transcript comes.

    It is waited for so many seconds.
    """
    patience += time.monotonic()
    while True:
        line = quickjson.record(_first_line(transcript))
        message = line.get("message")
        if isinstance(message, dict):
            return words(message.get("content")), epoch(str(line.get("timestamp"))) or time.time()
        if time.monotonic() > patience:
            return "", 0.0
        time.sleep(0.02)


def call_of(transcript: str) -> str:
    """The Agent call that started an agent, as the host notes it beside the transcript; empty where it does not."""
    noted = quickjson.record(read_text(transcript[: -len(".jsonl")] + ".meta.json"))
    return str(noted.get("toolUseId") or "")


def epoch(text: str) -> float | None:
    """The seconds since the epoch of a time in ISO 8601 and UTC, as the host writes it; None where it is none.

    By hand, since `datetime` costs a hook 2 ms to import. Days from the civil date: H. Hinnant, "chrono-Compatible
    Low-Level Date Algorithms".
    """
    try:
        year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
        seconds = int(text[11:13]) * 3600 + int(text[14:16]) * 60 + float(text[17:].rstrip("Z"))
    except ValueError:
        return None
    year -= month <= 2
    days = year * 365 + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 719_469
    return days * 86_400 + seconds


def last_tool_error(transcript: str) -> str:
    """The last tool result of a transcript, where it is an error."""
    error = ""
    for line in read_text(transcript).split("\n"):
        if '"tool_result"' not in line:
            continue
        message = quickjson.record(line).get("message")
        content = message.get("content") if isinstance(message, dict) else None
        for block in content if isinstance(content, list) else []:
            if isinstance(block, dict) and block.get("type") == "tool_result":
                error = words(block.get("content")) if block.get("is_error") else ""
    return error.replace("<tool_use_error>", "").replace("</tool_use_error>", "")


def commands(transcript: str) -> str:
    """What an agent told shells and MCP servers: every text in the inputs of such calls, one a line."""
    found: list[str] = []
    for path in filter(os.path.isfile, parts(transcript)):
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file.read(MOST_READ).split("\n"):
                message = quickjson.record(line).get("message") if '"tool_use"' in line else None
                content = message.get("content") if isinstance(message, dict) else None
                for block in content if isinstance(content, list) else []:
                    name = str(block.get("name")) if isinstance(block, dict) else ""
                    if name == "Bash" or name.startswith("mcp__"):
                        found += _texts(block.get("input"))
    return "\n".join(found)


def parts(transcript: str) -> list[str]:
    """The files that an agent's transcript consists of, oldest first: `/clear` makes it go on under another session."""
    folder, name = os.path.split(transcript)
    project = os.path.dirname(os.path.dirname(folder))
    sessions = os.listdir(project) if os.path.isdir(project) else []
    found = [os.path.join(project, session, os.path.basename(folder), name) for session in sessions]
    return sorted(filter(os.path.isfile, found), key=os.path.getmtime) or [transcript]


def has_ended(transcript: str) -> bool:
    """Whether the agent of a transcript had said its last word: an answer that calls no tool."""
    for line in reversed(read_text(parts(transcript)[-1]).split("\n")):
        message = quickjson.record(line).get("message")
        if isinstance(message, dict):
            return message.get("role") == "assistant" and message.get("stop_reason") == "end_turn"
    return False


def queued(transcript: str) -> str:
    """What was queued while the main conversation was busy, and reached it with the results of its tools."""
    return "\n".join(line for line in read_text(transcript).split("\n") if '"queued_command"' in line)


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline()
    except FileNotFoundError:
        return ""


def words(content: object) -> str:
    """The text of a message's or a result's content, which the host gives as a string or as blocks."""
    if isinstance(content, list):
        return "\n".join(str(block.get("text") or "") for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else ""


def _texts(value: object) -> list[str]:
    """Every text in a JSON value."""
    found, todo = [], [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, (dict, list)):
            todo += one.values() if isinstance(one, dict) else one
    return found
