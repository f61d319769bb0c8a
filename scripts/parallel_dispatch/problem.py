"""Problems as values, and the one form in which people see them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from .cells import width
from .visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEVELS = ("error", "warning", "advice")
"""From what stops a file to what is only worth a thought."""

MAX_PROBLEMS = 1000  # of one file that are reported
MAX_WIDTH = 160  # characters of a source line that are shown; longer ones are cut around the caret
BEFORE_CARET = 60
TAB = "    "
MAX_QUOTED = 60
IGNORE = "parallel-dispatch:"
"""What a comment begins with that silences problems."""
LIKENESS = 0.6  # from 0 to 1, that a misspelt word has with the right one
MAX_WORD = 80  # nobody misspells longer names, and comparing them is quadratic

_COLORS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "advice": "\x1b[1;36m"}


class Problem(NamedTuple):
    """One thing that is wrong, and where.

    `line` and `column` count from 1, in characters; `length` is the number of characters on that line to underline.
    The order is by position. `kind` is stable; `level` is one of `LEVELS`: a file with an error cannot be run, warnings
    and advice refuse nothing.
    """

    file: str
    line: int
    column: int
    length: int
    kind: str
    message: str
    level: str = "error"


def raised(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems as `--strict` sees them: warnings are errors, advice stays advice."""
    return tuple(p._replace(level="error") if p.level == "warning" else p for p in problems)


def has_error(problems: Iterable[Problem]) -> bool:
    """Whether any problem is an error."""
    return any(problem.level == "error" for problem in problems)


def render(problems: Iterable[Problem], source_lines: Sequence[str], *, color: bool = False) -> str:
    """The problems of one file, sorted, each with its source line and a caret; then how many there are of each level.

    Nothing that a terminal would obey comes through from the source. No problems: the empty string.
    """
    ordered = sorted(problems)
    if not ordered:
        return ""
    blocks = [_block(problem, source_lines, color) for problem in ordered]
    count = f"{len(ordered)} problem{'s' if len(ordered) > 1 else ''} in {visible(ordered[0].file)}{_levels(ordered)}"
    return "\n".join([*blocks, count]) + "\n"


def _levels(problems: Sequence[Problem]) -> str:
    """How many problems there are of each level, where not all are errors."""
    found = Counter(problem.level for problem in problems)
    if set(found) == {"error"}:
        return ""
    words = {
        "error": ("error", "errors"),
        "warning": ("warning", "warnings"),
        "advice": ("piece of advice", "pieces of advice"),
    }
    counts = [f"{found[level]} {words[level][found[level] > 1]}" for level in LEVELS if found[level]]
    return f": {', '.join(counts)}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "prompt"?` for the nearest known word (the first of equals), or nothing when none is near."""
    near = nearest(word, known)
    return "" if near is None else did_you_mean(near)


def did_you_mean(word: str) -> str:
    """The words of a suggestion, to stand behind a message."""
    return f"; did you mean {quoted(word)}?"


def nearest(word: str, known: Iterable[str], likeness: float = LIKENESS) -> str | None:
    """The known word that is most like this one, if any is like it; case, `-` and `_` make no difference."""
    if not word or len(word) > MAX_WORD:
        return None
    sizes = ((candidate, len(candidate), len(candidate) + len(word)) for candidate in known)
    known = [one for one, size, both in sizes if size <= MAX_WORD and 2 * min(size, both - size) > likeness * both]
    if not known:
        return None
    import difflib

    folded = _fold(word)
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(folded)
    best, best_ratio = None, likeness
    for candidate in known:
        matcher.set_seq1(_fold(candidate))
        if matcher.real_quick_ratio() <= best_ratio or matcher.quick_ratio() <= best_ratio:
            continue
        ratio = matcher.ratio()
        if ratio > best_ratio:
            best, best_ratio = candidate, ratio
    return best


def quoted(text: str) -> str:
    """The text in double quotes, cut where it is long."""
    return f'"{text}"' if len(text) <= MAX_QUOTED else f'"{text[: MAX_QUOTED - 1]}…"'


def _fold(word: str) -> str:
    return word.casefold().replace("-", "_")


def _block(problem: Problem, source_lines: Sequence[str], color: bool) -> str:
    bold, strong, dim, off = ("\x1b[1m", _COLORS[problem.level], "\x1b[2m", "\x1b[0m") if color else ("", "", "", "")
    level = "" if problem.level == "error" else f"{problem.level}: "
    place = f"{visible(problem.file)}:{problem.line}:{problem.column}:"
    head = f"{bold}{place}{off} {level}{visible(problem.message)} {dim}[{problem.kind}]{off}"
    source = source_lines[problem.line - 1] if 0 < problem.line <= len(source_lines) else ""
    if not source.strip():
        return head
    number = str(problem.line)
    gutter = " " * len(number) + " |"
    shown, indent, marked = _excerpt(source.rstrip(), problem.column - 1, problem.length)
    mark = "^" + "~" * (marked - 1)
    return f"{head}\n{gutter}\n{number} | {shown}\n{gutter} {' ' * indent}{strong}{mark}{off}"


def _excerpt(source: str, start: int, length: int) -> tuple[str, int, int]:
    """The visible part of a source line, and in terminal cells where the underline begins and how wide it is."""
    begin, end = 0, len(source)
    if end > MAX_WIDTH:
        begin = max(0, min(start - BEFORE_CARET, end - MAX_WIDTH))
        end = min(end, begin + MAX_WIDTH)
    before = ("…" if begin else "") + _line(source[begin:start])
    marked = _line(source[start : min(start + length, end)])
    after = _line(source[max(begin, start + length) : end]) + ("…" if end < len(source) else "")
    return before + marked + after, width(before), max(1, width(marked))


def _line(text: str) -> str:
    return TAB.join(visible(part) for part in text.split("\t"))
