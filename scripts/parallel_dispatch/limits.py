"""The host's words for a limit of the user's account, told from an agent's failures of its own. Pure."""

from __future__ import annotations

DIED = "Agent terminated early due to an API error: "
BEGINNINGS = ("You've hit your ", "You've reached your ", "You're out of usage", "Your org is out of usage")
REJECTED = "API Error: Request rejected (429)"
ERROR_TYPE = " (error type rate_limit"
NOT_THE_USERS = "not your usage limit"


def usage_limit(words: object, error: object = "") -> str:
    """The limit that ended a request, as the host words it; empty where it was none.

    With a subscription the host says "You've hit your session limit · resets 3pm (UTC)"; with an API key it passes the
    429 of the API on. A server that is merely busy is neither.
    """
    text = " ".join(words.split()) if isinstance(words, str) else ""
    limited = error == "rate_limit" or (text.startswith(DIED) and ERROR_TYPE in text)
    text = text.removeprefix(DIED).partition(ERROR_TYPE)[0]
    if NOT_THE_USERS in text:
        return ""
    return (text or "rate limit") if limited or text.startswith((REJECTED, *BEGINNINGS)) else ""
