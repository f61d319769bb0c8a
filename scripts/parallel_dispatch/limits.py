"""The host's words for a limit of the user's account, told from an agent's failures of its own. Pure."""

from __future__ import annotations

DIED = "Agent terminated early due to an API error: "
BEGINNINGS = ("You've hit your ", "You've reached your ", "You're out of usage", "Your org is out of usage")
REJECTED = ("API Error: Request rejected (429)", "error type rate_limit")
NOT_THE_USERS = "not your usage limit"


def usage_limit(words: object, error: object = "") -> str:
    """The limit that ended a request, as the host words it; empty where it was none.

    With a subscription the host says "You've hit your session limit · resets 3pm (UTC)"; with an API key it passes the
    429 of the API on. A server that is merely busy is neither.
    """
    text = " ".join(words.split()).removeprefix(DIED) if isinstance(words, str) else ""
    if NOT_THE_USERS in text:
        return ""
    if text.startswith(BEGINNINGS):
        return text.partition(" (error type")[0]
    if error == "rate_limit" or any(sign in text for sign in REJECTED):
        return text or "rate limit"
    return ""
