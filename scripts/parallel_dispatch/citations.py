"""The ids of findings in a text: one by one, as ranges, in code or bold, in any case; and what only looks like one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LABEL = 30
"""How long what stands before a colon may be to be a label."""
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}"
_MARK = r"[`*_]*"
_ID = re.compile(
    rf"(?<![A-Za-z0-9./-])(?P<task>{_NAME})/(?P<first>\d{{1,6}})"
    rf"(?:(?:-|–|—|\.\.\.?|…|{_MARK} ?(?:to|through|–|—|-) ?{_MARK}(?=(?P=task)/))(?:(?P=task)/)?(?P<last>\d{{1,6}}))?"
    r"(?![A-Za-z0-9/])(?!\.\w)"
)
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}\n]{3,400})[)\]}]")
_BETWEEN = re.compile(rf"(?:[\s,;&+|]|\band\b|{_MARK})+")
_APART = re.compile(r"(?:[\s,;&+|]|\band\b)+")
_MARKUP = re.compile(r"[`*]+|\\(?=[_/*`-])")


class Ids:
    """The ids that somebody was given, found again in what he wrote."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._known = {each.casefold(): each for each in ids}
        self._tasks = {each.rpartition("/")[0] for each in self._known}

    def cited(self, text: str) -> list[str]:
        """The ids in a text, each once, in their order there."""
        return list(dict.fromkeys(self._known[name] for name in self._named(text) if name in self._known))

    def standing(self, text: str) -> str:
        """The part of a text, one finding as an integrator tells it, that says which ones it stands for.

        That is the first line with ids alone in brackets, or with a label and ids alone, or the cells of a table's row
        that hold ids alone; empty where there is none of these.
        """
        lines = text.split("\n")
        if text.lstrip().startswith("|"):
            alone = [cell for cell in lines[0].split("|") if self._is_alone(cell)]
            return " | ".join(alone)
        for line in lines:
            plain = _MARKUP.sub("", line)
            alone = [inside for inside in _BRACKETS.findall(plain) if self._is_alone(inside)]
            alone = [inside for inside in alone if self.cited(inside)] or alone  # "(HTTP/2)" is no id beside one
            label, colon, value = plain.partition(":")
            if alone or (colon and len(label) < LABEL and self._is_alone(value)):
                return ", ".join(alone) or value
        return ""

    def _is_alone(self, text: str) -> bool:
        """Whether a text holds ids and nothing else."""
        parts = [part for part in _APART.split(_MARKUP.sub("", text)) if part]
        return bool(parts) and all(_ID.fullmatch(part) for part in parts)

    def strange(self, text: str) -> list[str]:
        """What stands in a text as an id and was never given: another number, or an unknown task in brackets of ids."""
        named = {name for name in self._named(text) if name.rpartition("/")[0] in self._tasks}
        for inside in _BRACKETS.findall(_MARKUP.sub("", text)):
            if self._is_alone(inside):
                named.update(self._named(inside))
        return sorted(name for name in named if name not in self._known)

    def replaced(self, text: str, by: str) -> str:
        """A text with something else in place of each id that was given."""
        return _ID.sub(lambda found: by if self.cited(found[0]) else found[0], _MARKUP.sub("", text))

    def leading(self, text: str) -> tuple[list[str], str]:
        """The ids that a text begins with, and what follows them."""
        plain = _MARKUP.sub("", text)
        end = 0
        while True:
            here = _BETWEEN.match(plain, end)
            start = here.end() if here else end
            found = _ID.match(plain, start)
            if not found:
                return self.cited(plain[:end]), plain[end:]
            end = found.end()

    def _named(self, text: str) -> Iterator[str]:
        for found in _ID.finditer(_MARKUP.sub("", text)):
            task, first = found["task"].casefold(), int(found["first"])
            last = int(found["last"] or first)
            if last - first > len(self._known):  # a hostile range
                yield from (f"{task}/{first}", f"{task}/{last}")
            else:
                yield from (f"{task}/{number}" for number in range(first, max(first, last) + 1))
