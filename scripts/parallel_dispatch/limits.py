"""The host's words for requests that were not served, told from an agent's failures of its own. Pure.

A limit of the user's account lasts for hours; a server that is overloaded, or that limits the rate of requests, will
serve fewer of them at once.
"""

from __future__ import annotations

DIED = "Agent terminated early due to an API error: "
REACHED = ("You've hit your ", "You've reached your ")
"""How the host begins to tell of a limit; an agent may tell so of something else that it reached."""
RESETS = " · resets "
OUT = ("You're out of usage", "Your org is out of usage")
BUSY = ("API Error: Request rejected (429)", "API Error: 529", "Concurrent subagent limit reached")
NOT_THE_USERS = "not your usage limit"
ERROR_TYPE = " (error type "


def usage_limit(words: object) -> str:
    """The limit of the user's account that ended a request, as the host words it; empty where it was none.

    With a subscription the host says "You've hit your session limit · resets 3pm (UTC)".
    """
    text = _text(words)
    is_told = text.startswith(OUT) or (text.startswith(REACHED) and (RESETS in text or "limit" in _first_clause(text)))
    return text if is_told and NOT_THE_USERS not in text else ""


def is_busy(words: object, error: object = "") -> bool:
    """Whether a request was thrown back for being one too many just then; `error` is the host's name for why."""
    text = _text(words)
    if usage_limit(words):
        return False
    return error == "rate_limit" or text.startswith(BUSY) or (text.startswith("API Error") and NOT_THE_USERS in text)


def _text(words: object) -> str:
    """The host's words on one line, without what it puts around those of the server."""
    text = " ".join(words.split()) if isinstance(words, str) else ""
    return text.removeprefix(DIED).partition(ERROR_TYPE)[0]


def _first_clause(text: str) -> str:
    for mark in (". ", ": ", "; ", ", ", " · "):
        text = text.partition(mark)[0]
    return text
