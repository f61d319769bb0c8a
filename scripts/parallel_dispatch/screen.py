"""A terminal's whole window while something is drawn in it again and again; what was there before comes back after.

Each picture is one write of the lines that changed. Terminals that know synchronized output show it at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from .picture import Line

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
"""The other screen, no cursor, no wrapping: a character wider than was thought shifts nothing to another line."""
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
COLOURS = {"head": "1", "limit": "33", "axis": "2", "done": "32", "lost": "31", "to come": "2"}
"""By the kind of a line; what is at work has the terminal's own colour."""


class Screen:
    """The window of the terminal that a descriptor leads to. `keys` is the one that keys come from."""

    def __init__(self, out: int, keys: int, *, colour: bool) -> None:
        self._out = out
        self._keys = keys
        self._colour = colour
        self._shown: list[str] = []
        self._size = (0, 0)
        self._mode: list[Any] = []

    def open(self) -> None:
        """The window taken."""
        signal.signal(signal.SIGTSTP, self._suspend)
        self._open()

    def close(self) -> None:
        """The window given back."""
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        self._close()

    @property
    def size(self) -> tuple[int, int]:
        """Cells and lines, each at least 1."""
        return size_of(self._out)

    def draw(self, lines: list[Line]) -> None:
        """The window with these lines."""
        new = [self._painted(line) for line in lines]
        changed, self._size = self._size != self.size, self.size
        old: list[str | None] = [None] * len(new) if changed else [*self._shown, *[None] * len(new)]
        parts = [f"\x1b[{at}H{text}\x1b[K" for at, (text, was) in enumerate(zip(new, old), 1) if text != was]
        if changed or len(new) < len(self._shown):
            parts.append(f"\x1b[{len(new) + 1}H\x1b[J" if len(new) < self._size[1] else "")
        self._shown = new
        if parts:
            self._write(BEGIN + "".join(parts) + END)

    def wait(self, seconds: float) -> bool:
        """Whether somebody pressed `q` within this time; any other key has everything drawn again."""
        if not self._mode:
            select.select([], [], [], seconds)
            return False
        if not select.select([self._keys], [], [], seconds)[0]:
            return False
        pressed = os.read(self._keys, 1024)
        if not pressed:
            raise OSError(5, "the terminal is gone")
        self._size = (0, 0)
        return b"q" in pressed

    def _painted(self, line: Line) -> str:
        colour = COLOURS.get(line.kind) if self._colour else None
        return f"\x1b[{colour}m{line.text}\x1b[m" if colour and line.text else line.text

    def _open(self) -> None:
        self._mute()
        self._shown, self._size = [], (0, 0)
        self._write(ENTER)

    def _close(self) -> None:
        with contextlib.suppress(OSError):  # where the terminal is gone, nothing is to be put back
            self._write(LEAVE)
        if self._mode:
            import termios

            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._keys, termios.TCSAFLUSH, self._mode)
            self._mode = []

    def _mute(self) -> None:
        """What is typed does not show, and comes key by key; not where another job has the terminal."""
        import termios

        try:
            if os.tcgetpgrp(self._keys) != os.getpgrp():
                return
            mode = termios.tcgetattr(self._keys)
            self._mode = [*mode[:6], [*mode[6]]]
            mode[3] &= ~(termios.ECHO | termios.ICANON)
            termios.tcsetattr(self._keys, termios.TCSADRAIN, mode)
        except (termios.error, OSError):
            self._mode = []

    def _suspend(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the form of a handler
        """Ctrl-Z: the terminal is the shell's until the job goes on."""
        self._close()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._open()

    def _write(self, text: str) -> None:
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(self._out, data) :]


def size_of(out: int) -> tuple[int, int]:
    """The cells and lines of a terminal, each at least 1; the usual ones where it does not know."""
    try:
        size = os.get_terminal_size(out)
    except OSError:
        return 80, 24
    return size.columns or 80, size.lines or 24


def can_move(out: int) -> bool:
    """Whether a descriptor leads to a terminal in which lines can be drawn again."""
    return os.isatty(out) and os.environ.get("TERM", "") not in ("", "dumb")


def can_colour() -> bool:
    """Whether the user has nothing against colours (no-color.org)."""
    return not os.environ.get("NO_COLOR") and sys.platform != "win32"
