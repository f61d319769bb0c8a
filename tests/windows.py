"""A program in a terminal of its own, and what its window shows: as much of a terminal as our pictures need."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

SEQUENCE = re.compile(r"\x1b\[(\??)([\d;]*)([A-Za-z])")
PATIENCE_SECONDS = 30


class Window:
    """The lines of a window, after everything that was written to it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.modes: set[int] = set()
        self.before: list[str] = []  # the lines of the first screen while the other one is shown
        self._row = self._column = 0
        self._place = (0, 0)  # where the first screen's cursor was

    def feed(self, text: str) -> None:
        """What a program wrote; a sequence is never cut in two by those who call this."""
        at = 0
        while at < len(text):
            found = SEQUENCE.match(text, at)
            if found:
                self._obey(*found.groups())
                at = found.end()
            else:
                self._put(text[at])
                at += 1

    def _obey(self, private: str, numbers: str, order: str) -> None:
        count = int(numbers.split(";", maxsplit=1)[0] or 0)
        if private:
            assert order in "hl", order
            if count == 1049 and (order == "h") != (1049 in self.modes):
                self.lines, self.before = self.before, self.lines
                here = self._row, self._column
                self._row, self._column = (0, 0) if order == "h" else self._place
                self._place = here
            (self.modes.add if order == "h" else self.modes.discard)(count)
        elif order == "H":
            self._row, self._column = max(0, count - 1), 0
        elif order == "K":
            self._line(self._row)
            self.lines[self._row] = self.lines[self._row][: self._column]
        elif order == "J":
            self.lines = [] if count == 2 else self.lines[: self._row]
        else:
            assert order == "m", order

    def _put(self, character: str) -> None:
        if character in "\r\n":
            self._row, self._column = self._row + (character == "\n"), 0
            return
        assert character.isprintable(), repr(character)
        self._line(self._row)
        line = self.lines[self._row].ljust(self._column)
        self.lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
        self._column += 1

    def _line(self, row: int) -> None:
        self.lines += [""] * (row + 1 - len(self.lines))


class Program:
    """A process in a terminal; `written` is all that came out of it."""

    def __init__(self, command: list[str], folder: str, env: dict[str, str], cells: int = 100, lines: int = 30) -> None:
        self.written = b""
        self.ours, self._its = pty.openpty()
        self.resize(cells, lines)
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            stdin=self._its,
            stdout=self._its,
            stderr=self._its,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - no threads here
        )

    @property
    def window(self) -> Window:
        """What the terminal shows."""
        shown = Window()
        shown.feed(self.text)
        shown.lines = shown.lines[: self.height]  # below a window that became smaller there is nothing
        return shown

    @property
    def text(self) -> str:
        """All that was written; the end of a sequence that is still on its way is left out."""
        return re.sub(r"\x1b(\[\??[\d;]*)?$", "", self.written.decode(errors="ignore"))

    @property
    def mode(self) -> list[object]:
        """How the terminal takes keys."""
        return termios.tcgetattr(self._its)

    def resize(self, cells: int, lines: int) -> None:
        """Another size, of which the program is told as any is."""
        self.height = lines
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, cells, 0, 0))

    def press(self, keys: str) -> None:
        """Keys, as they come from a keyboard."""
        os.write(self.ours, keys.encode())

    def read(self, seconds: float = 0.0) -> bool:
        """Whether something came within this time."""
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        with contextlib.suppress(OSError):
            self.written += os.read(self.ours, 65536)
        return True

    def wait_for(self, text: str) -> None:
        """Until the window shows a text."""
        end = time.monotonic() + PATIENCE_SECONDS
        while text not in "\n".join(self.window.lines):
            assert time.monotonic() < end, f"{text!r} does not come: {self.window.lines}"
            self.read(0.1)

    def end(self) -> int:
        """The exit code, once it has ended by itself."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end: {self.window.lines}"
            self.read(0.05)
        while self.read():
            pass
        return self.process.returncode

    def hang_up(self) -> None:
        """The terminal goes away."""
        os.close(self._its)
        os.close(self.ours)
        self.ours = self._its = -1

    def close(self) -> None:
        """Nothing of it left."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for descriptor in (self.ours, self._its):
            if descriptor >= 0:
                os.close(descriptor)


def _take_terminal() -> None:
    """The terminal is that of the new session: it gets its signals."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
