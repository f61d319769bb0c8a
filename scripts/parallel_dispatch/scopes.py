"""Write scopes: globs over the project's files, and whether two of them have a file in common."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` and `collections` would cost every hook milliseconds
if TYPE_CHECKING:
    from collections.abc import Sequence


ANY = "**"
MOST_COMPARED = 10_000
"""How many pairs are compared where all that overlap are looked for; that is for forecasts, a run looks by itself."""


def overlapping(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, str] | None:
    """The first two globs of two scopes that some path matches both of, whatever files there are today.

    `*` and `?` stand for characters within a name, `[…]` for one character, `**` for any folders; a name without them
    covers the file or all in the folder. Case makes no difference, as on file systems that ignore it.
    """
    others = [(glob, _steps(glob)) for glob in other]
    for glob in one:
        steps = _steps(glob)
        for another, theirs in others:
            if _meet(steps, theirs, ANY):
                return glob, another
    return None


def covers(glob: str, path: str) -> bool:
    """Whether a glob covers a path, both relative to the project: itself, or all below it. Case counts.

    What a shell would make of it, except that `*` stands for leading dots, too: `[!x]` and `[a-c]` are as there.
    """
    steps = [*(step for step in glob.split("/") if step not in ("", ".")), ANY]
    reached = _with_any({0}, steps)
    for name in path.split("/"):
        on = {at if steps[at] == ANY else at + 1 for at in reached if at < len(steps) and _reads(steps[at], name)}
        reached = _with_any(on, steps)
    return len(steps) in reached


def _with_any(reached: set[int], steps: list[str]) -> set[int]:
    """The places in some steps that can be come to, with those behind a `**` that stands for no folder."""
    found = set(reached)
    for at, step in enumerate(steps):
        if at in found and step == ANY:
            found.add(at + 1)
    return found


def _reads(step: str, name: str) -> bool:
    """Whether a step of a glob stands for a name. A `*` that read too little is tried again: the last one suffices."""
    if step in (ANY, name):
        return True
    marks = _marks(step)
    at = here = 0
    again, begun = -1, 0
    while here < len(name):
        if at < len(marks) and marks[at] == "*":
            again, begun = at, here
            at += 1
        elif at < len(marks) and _is_one_of(marks[at], name[here]):
            at, here = at + 1, here + 1
        elif again >= 0:
            begun += 1
            at, here = again + 1, begun
        else:
            return False
    return all(mark == "*" for mark in marks[at:])


def _marks(step: str) -> list[str]:
    """The parts of a step that stand for a character each, or `*` for any number: `[…]` is one, as any character is."""
    found, at = [], 0
    while at < len(step):
        end = step.find("]", at + 2 + step.startswith("!", at + 1)) if step[at] == "[" else -1
        found.append(step[at : end + 1] if end > 0 else step[at])
        at = end + 1 if end > 0 else at + 1
    return found


def _is_one_of(mark: str, character: str) -> bool:
    if len(mark) == 1:
        return mark in ("?", character)
    inner, at, found = mark[1:-1].removeprefix("!"), 0, False
    while at < len(inner):
        is_range = inner[at + 1 : at + 2] == "-" and at + 2 < len(inner)
        last = inner[at + 2] if is_range else inner[at]
        found = found or inner[at] <= character <= last
        at += 3 if is_range else 1
    return found != mark.startswith("[!")


def conflicts(scopes: Sequence[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
    """For each of some different scopes those that overlap it, itself among them, in the order given."""
    return [[scopes[other] for other in sorted(found)] for found in _met(scopes)]


def exclusive(scopes: Sequence[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
    """Groups of some different scopes in which every two overlap; any two that overlap are together in one at least.

    A scope overlaps itself, so each is in a group.
    """
    met = _met(scopes)
    covered: set[tuple[int, int]] = set()
    groups = []
    for one, found in enumerate(met):
        for other in sorted(found):
            if other < one or (one, other) in covered:
                continue
            group = {one, other}
            for more in sorted(found):
                if group <= met[more]:
                    group.add(more)
            covered.update((first, second) for first in group for second in group if first <= second)
            groups.append([scopes[member] for member in sorted(group)])
    return groups


def _met(scopes: Sequence[tuple[str, ...]]) -> list[set[int]]:
    """For each scope which ones overlap it, itself among them.

    Only globs of which one begins with all that is literal at the beginning of the other are compared.
    """
    below: dict[tuple[str, ...], set[int]] = {}  # a folder → the scopes with a glob that begins in it or deeper
    exactly: dict[tuple[str, ...], set[int]] = {}
    beginnings = [[_beginning(glob) for glob in scope] for scope in scopes]
    for number, found in enumerate(beginnings):
        for names in found:
            exactly.setdefault(names, set()).add(number)
            for depth in range(len(names) + 1):
                below.setdefault(names[:depth], set()).add(number)
    met = [{number} for number in range(len(scopes))]
    left = MOST_COMPARED
    for number, found in enumerate(beginnings):
        if left <= 0:
            break
        near = set().union(*(below[names] for names in found))
        near.update(n for names in found for depth in range(len(names)) for n in exactly.get(names[:depth], ()))
        later = sorted(other for other in near if other > number)[:left]
        left -= len(later)
        for other in later:
            if overlapping(scopes[number], scopes[other]):
                met[number].add(other)
                met[other].add(number)
    return met


def _beginning(glob: str) -> tuple[str, ...]:
    """The names of a glob before the first that is none."""
    names: list[str] = []
    for step in _steps(glob):
        if any(mark in step for mark in "*?["):
            break
        names.append(step)
    return tuple(names)


def _steps(glob: str) -> list[str]:
    """The names of a path, and then whatever lies below it."""
    return [*(step for step in folded(glob).split("/") if step not in ("", ".")), ANY]


def folded(text: str) -> str:
    """A text without its case, each character still one: a `?` stands for `ß` as well."""
    return text.casefold() if text.isascii() else "".join(map(_folded, text))


def _folded(character: str) -> str:
    return next((one for one in (character.casefold(), character.lower()) if len(one) == 1), character)


def _meet(one: list[str], other: list[str], wild: str) -> bool:
    """Whether two patterns have a common reading, in which each `wild` stands for any number of parts."""
    reached = {0}  # the places in `other` that can be come to, with the parts of `one` that were read
    for part in one:
        _pass(reached, part, other, wild)
        if part != wild:
            stay = {at for at in reached if at < len(other) and other[at] == wild}
            reached = stay | {at + 1 for at in reached - stay if at < len(other) and _agree(part, other[at], wild)}
    _pass(reached, "", other, wild)
    return len(other) in reached


def _pass(reached: set[int], part: str, other: list[str], wild: str) -> None:
    """The places that come after those reached where either side reads as many parts as it likes."""
    for at, theirs in enumerate(other):
        if at in reached and wild in (part, theirs):
            reached.add(at + 1)


def _agree(one: str, other: str, wild: str) -> bool:
    """Whether two names, or where `wild` is that of a name two of its characters, can be the same."""
    if wild != ANY:
        return one == other or "?" in (one, other)
    if any(mark in one + other for mark in "*?["):
        return _reads(one, other) or _reads(other, one) or _meet(_characters(one), _characters(other), "*")
    return one == other


def _characters(name: str) -> list[str]:
    """The characters of a name; a set of them counts as any."""
    found, at = [], 0
    while at < len(name):
        end = name.find("]", at + 2 + name.startswith("!", at + 1)) if name[at] == "[" else -1
        found.append("?" if end > 0 else name[at])
        at = end + 1 if end > 0 else at + 1
    return found
