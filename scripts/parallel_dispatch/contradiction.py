"""Whether two fixes ask for opposite things, or for different numbers of the same thing. Pure."""

from __future__ import annotations

import re

from .resemblance import words

_OPPOSITES = (
    ("add", "remove"), ("add", "delete"), ("add", "drop"), ("keep", "remove"), ("keep", "delete"), ("keep", "drop"),
    ("keep", "replace"), ("enable", "disable"), ("allow", "deny"), ("allow", "forbid"), ("allow", "block"),
    ("allow", "reject"), ("accept", "reject"), ("increase", "reduce"), ("increase", "decrease"), ("increase", "lower"),
    ("raise", "lower"), ("raise", "reduce"), ("split", "merge"), ("split", "join"), ("inline", "extract"),
    ("open", "close"), ("show", "hide"), ("public", "private"), ("synchronous", "asynchronous"), ("encrypt", "decrypt"),
    ("before", "after"), ("shorten", "lengthen"), ("require", "omit"), ("include", "exclude"), ("retry", "fail"),
    ("missing", "redundant"), ("missing", "unnecessary"), ("missing", "needless"), ("missing", "superfluous"),
    ("few", "many"),
)  # fmt: skip
_NEGATIONS = frozenset(("not", "never", "don't", "dont", "no", "avoid", "without", "stop"))
_TOKENS = re.compile(r"[^\W\d_]+(?:'t)?|\d+(?:\.\d+)?")
_LONGEST = 600  # characters of a fix that are looked at


def contradiction(one: str, other: str) -> str:
    """How two fixes contradict each other, in a few words; empty where nothing shows that they do."""
    first, second = (_TOKENS.findall(text[:_LONGEST].casefold()) for text in (one, other))
    shared = words(one[:_LONGEST]) & words(other[:_LONGEST])
    for a, b in _OPPOSITES:
        about = shared - words(f"{a} {b}")
        if not about:
            continue
        if (_says(first, a) and _says(second, b) and not _says(first, b) and not _says(second, a)) or (
            _says(first, b) and _says(second, a) and not _says(first, a) and not _says(second, b)
        ):
            return f"one says {a if _says(first, a) else b}, the other {b if _says(first, a) else a}"
    if shared and _denies(first, second):
        return "one says not to do what the other asks for"
    numbers = [[token for token in tokens if token[0].isdigit()] for tokens in (first, second)]
    things = {word for word in shared if not word[0].isdigit()}
    if len(things) > 1 and all(len(found) == 1 for found in numbers) and numbers[0] != numbers[1]:
        return f"one says {numbers[0][0]}, the other {numbers[1][0]}"
    return ""


def _says(tokens: list[str], word: str) -> bool:
    """Whether a fix asks for this: the word stands in it, with no negation right before it."""
    return any(
        token == word and not _NEGATIONS.intersection(tokens[max(0, at - 2) : at]) for at, token in enumerate(tokens)
    )


def _denies(one: list[str], other: list[str]) -> bool:
    """Whether one of two fixes begins by forbidding the verb with which the other begins."""

    def forbidden(tokens: list[str]) -> str:
        lead = tokens[:3]
        if lead[:2] == ["do", "not"] or lead[:1] in (["don't"], ["dont"], ["never"], ["avoid"], ["stop"]):
            return (
                tokens[2] if lead[:2] == ["do", "not"] and len(tokens) > 2 else (tokens[1] if len(tokens) > 1 else "")
            )
        return ""

    return bool((one and forbidden(other) == one[0]) or (other and forbidden(one) == other[0]))
