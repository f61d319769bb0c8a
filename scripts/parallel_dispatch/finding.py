"""One thing that an agent found, as its output tells it: what is wrong, where, how bad, what to do."""

from __future__ import annotations

CRITICAL, HIGH, MEDIUM, LOW, INFO = SEVERITIES = ("critical", "high", "medium", "low", "info")
"""From the worst to the mildest; the empty word, which an output may leave, is milder than all."""


class Finding:
    """A finding of one output.

    `id` is `TASK/NUMBER`, by its place among those of its task, beginning with 1. `path` is the file that it is about
    and `line` to `last_line` the lines, empty and 0 where it names none. `at` is its line in the output.
    """

    __slots__ = ("at", "category", "details", "fix", "id", "last_line", "line", "path", "severity", "task", "title")

    def __init__(
        self,
        task: str,
        number: int,
        title: str,
        severity: str = "",
        path: str = "",
        line: int = 0,
        last_line: int = 0,
        details: str = "",
        fix: str = "",
        category: str = "",
        at: int = 0,
    ) -> None:
        self.id = f"{task}/{number}"
        self.task = task
        self.title = title
        self.severity = severity
        self.path = path
        self.line = line
        self.last_line = last_line or line
        self.details = details
        self.fix = fix
        self.category = category
        self.at = at

    @property
    def rank(self) -> int:
        """How mild it is: 0 is the worst."""
        return SEVERITIES.index(self.severity) if self.severity in SEVERITIES else len(SEVERITIES)

    @property
    def place(self) -> str:
        """Where it is, as outputs write it: `path:line`, `path:line-last`, `path`, or nothing."""
        lines = f"{self.line}-{self.last_line}" if self.last_line > self.line else str(self.line)
        return f"{self.path}:{lines}" if self.path and self.line else self.path

    def values(self) -> dict[str, object]:
        """The finding as plain values, for programs."""
        return {name: getattr(self, name) for name in ("id", "task", *_TOLD)}


_TOLD = ("severity", "path", "line", "last_line", "title", "details", "fix", "category", "at")
