"""The prompts that the host writes by itself when a background agent ends or a watcher speaks. Pure."""

from __future__ import annotations

OPENING, CLOSING = "<task-notification>", "</task-notification>"
HANDED_BACK, HAND_BACK_END = '<agent-message from="', "</agent-message>"
"""Around what an agent handed back (2.1.329 in auto mode), after which its notification comes without an event."""
STOPPED_ONE = ('Background agent "', '" was stopped by the user.')
STOPPED_MANY = ' background agents were stopped by the user: "'


class Notification:
    """One agent's end, as the host tells it: "completed", "failed" or "killed", with what the agent said last."""

    __slots__ = ("agent_id", "said", "status", "summary")

    def __init__(self, agent_id: str, status: str, summary: str, said: str) -> None:
        self.agent_id = agent_id
        self.status = status
        self.summary = summary
        self.said = said


def parse(prompt: str) -> Notification | None:
    """The notification that a prompt is; None for anything that is more than exactly one, or less.

    Only what this recognizes may be swallowed, so a prompt in doubt (two notifications in one, words of the user before
    or after, an agent that quotes a notification) is none.
    """
    text = prompt.strip()
    if text.startswith(HANDED_BACK) and text.endswith(HAND_BACK_END) and "\n[Subagent hand-back] " in text:
        agent_id = text[len(HANDED_BACK) :].partition('"')[0]
        return Notification(agent_id, "completed", "", "") if agent_id and text.count(HAND_BACK_END) == 1 else None
    if not (text.startswith(OPENING) and text.endswith(CLOSING)) or text.count("task-notification>") != 2:
        return None
    head = text.partition("<result>")[0]
    agent_id = _field(head, "task-id")
    if not agent_id:
        return None
    said = text[len(head) + len("<result>") :].rpartition("</result>")[0]
    return Notification(agent_id, _field(head, "status"), _field(head, "summary"), said)


def stopped_by_hand(prompt: str) -> list[str]:
    """What the agents were called that the user stopped all at once; the host tells it in one prompt of plain text."""
    text = prompt.strip()
    before, after = STOPPED_ONE
    if text.startswith(before) and text.endswith(after):
        return [text[len(before) : -len(after)]]
    count, _, names = text.partition(STOPPED_MANY)
    return names[: -len('".')].split('", "') if count.isdecimal() and names.endswith('".') else []


def is_wake(prompt: str, run: str) -> bool:
    """Whether a prompt is the word of one of a run's watchers."""
    return prompt.lstrip().startswith(OPENING) and "<task-id>" not in prompt and wake(run) in prompt


def wake(run: str) -> str:
    """What a watcher says to wake the main conversation."""
    return f"run {run} goes on."


def _field(text: str, name: str) -> str:
    _, found, rest = text.partition(f"<{name}>")
    return rest.partition(f"</{name}>")[0].strip() if found else ""
