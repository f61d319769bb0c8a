"""The named pipe between a hook and the watcher that sleeps beside a background agent."""

from __future__ import annotations

import fcntl
import os
import select
import stat

LEAVE, WAKE, ENDED = b"l", b"w", b"e"
"""What is rung: nothing more to wait for; wake the conversation; the agent has ended."""


class Bell:
    """The listener's end: `BlockingIOError` where somebody listens already, `OSError` where there can be no pipe."""

    __slots__ = ("descriptor", "path")

    def __init__(self, path: str) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            os.mkfifo(path, 0o600)
        except FileExistsError:
            if not stat.S_ISFIFO(os.stat(path).st_mode):
                raise
        self.path = path
        self.descriptor = os.open(path, os.O_RDWR)  # open for writing as well, so that it never reads an end
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self.descriptor)
            raise

    def wait(self, seconds: float) -> bytes:
        """The next word; empty where none came in time."""
        ready, _, _ = select.select([self.descriptor], [], [], max(0.0, seconds))
        return os.read(self.descriptor, 1) if ready else b""

    def close(self) -> None:
        """Nobody listens any more."""
        try:
            os.unlink(self.path)
        except FileNotFoundError:  # the run was removed meanwhile
            pass
        finally:
            os.close(self.descriptor)


def ring(path: str, word: bytes) -> bool:
    """A word for whoever listens; False where nobody does."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.write(descriptor, word) == len(word)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def is_heard(path: str) -> bool:
    """Whether somebody listens."""
    return ring(path, b"")
