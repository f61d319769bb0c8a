"""The marker: the word at the start of a prompt that ties a call of the host to an attempt."""

from __future__ import annotations

PREFIX = "pd:"
LONGEST_NUMBER = 9
"""How many digits the number of an attempt has; Python reads none of 5,000."""


def marker(run: str, task: str, attempt: int) -> str:
    """The marker of one attempt; the first attempt's has no number."""
    return f"{PREFIX}{run}/{task}" + (f"#{attempt}" if attempt > 1 else "")


def parse_marker(text: object) -> tuple[str, str, int] | None:
    """Run, task and attempt named by the marker at the start of a prompt; None where there is none."""
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return None
    word = text.split(None, 1)[0][len(PREFIX) :]
    run, slash, rest = word.partition("/")
    task, _, number = rest.partition("#")
    attempt = int(number) if number.isdecimal() and len(number) <= LONGEST_NUMBER else 1
    return (run, task, attempt) if slash and task else None
