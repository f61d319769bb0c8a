"""Write scopes: globs over the project's files, and whether two of them have a file in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

ANY = "**"


def overlapping(one: Iterable[str], other: Iterable[str]) -> tuple[str, str] | None:
    """The first two globs of two scopes that some path matches both of, whatever files there are today.

    `*` and `?` stand for characters within a name, `[…]` for one character, `**` for any folders; a name without them
    covers the file or all in the folder. Case makes no difference, as on file systems that ignore it.
    """
    others = [(glob, _steps(glob)) for glob in other]
    for glob in one:
        steps = _steps(glob)
        for another, theirs in others:
            if _meet(steps, theirs, ANY, _names_meet):
                return glob, another
    return None


def _steps(glob: str) -> list[str]:
    """The names of a path, and then whatever lies below it."""
    return [*(step for step in glob.casefold().split("/") if step not in ("", ".")), ANY]


def _names_meet(one: str, other: str) -> bool:
    if not ("*" in one + other or "?" in one + other or "[" in one + other):
        return one == other
    return _meet(_characters(one), _characters(other), "*", lambda a, b: a == b or "?" in (a, b))


def _characters(name: str) -> list[str]:
    """The characters of a name; a set of them counts as any."""
    found, at = [], 0
    while at < len(name):
        end = name.find("]", at + 2) if name[at] == "[" else -1
        found.append("?" if end > 0 else name[at])
        at = end + 1 if end > 0 else at + 1
    return found


def _meet(one: Sequence[str], other: Sequence[str], wild: str, same: Callable[[str, str], bool]) -> bool:
    """Whether two patterns have a common reading, in which each `wild` stands for any number of parts."""
    reached = {0}  # the places in `other` that can be come to, with the part of `one` that was read
    for part in [*one, None]:
        for at in range(len(other)):
            if at in reached and (part == wild or other[at] == wild):
                reached.add(at + 1)
        if part is None or not reached:
            return len(other) in reached
        if part != wild:
            stay = {at for at in reached if at < len(other) and other[at] == wild}
            go = {at + 1 for at in reached if at < len(other) and other[at] != wild and same(part, other[at])}
            reached = stay | go
    return False
