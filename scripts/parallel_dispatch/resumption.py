"""A resumption as the ledger has it and as people read it: what stays, and what runs again for which reason. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .ledger import Event

LONGEST = 20
"""How many tasks are named."""


class Resumption(NamedTuple):
    """What becomes of a run's tasks.

    `kept` counts those that are done and stay; `again` says of the others that had begun why they run again; `new` and
    `gone` are those that the task file has now and had before.
    """

    kept: int
    again: dict[str, str]
    new: list[str]
    gone: list[str]


def told(event: Event) -> list[str]:
    """What a resumption did, in sentences."""
    again = event.get("again")
    reasons = {str(task): str(why) for task, why in again.items()} if isinstance(again, dict) else {}
    parts = [
        ("run again", [f"{task} ({why})" for task, why in reasons.items()]),
        ("new", _words(event.get("new"))),
        ("no longer in the task file", _words(event.get("gone"))),
    ]
    by = ["It goes by the task file as it is now."] if event.get("plan") else []
    return [*by, *(f"{word[0].upper()}{word[1:]}: {_listed(found)}." for word, found in parts if found)]


def summary(event: Event) -> str:
    """What a resumption did, in a line for the report."""
    kept = event.get("kept")
    stayed = f"{kept} task{'s'[: kept != 1]} done before stayed." if isinstance(kept, int) else "It went on."
    return " ".join([stayed, *told(event)])


def _words(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list) else []


def _listed(words: list[str]) -> str:
    return ", ".join(words[:LONGEST]) + (f" and {len(words) - LONGEST} more" if len(words) > LONGEST else "")
