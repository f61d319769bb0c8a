"""The run's append-only event file: JSON lines; the first names format and version, each later one is an event.

An event is `{"time": seconds since the epoch (UTC), "clock": seconds of the machine's monotonic clock, "event": name,
…}`: the first clock may be set while a run goes on, the second never is. Every event is one `write` on an `O_APPEND`
descriptor, so hooks of many agents append at once without a lock; what they meant is decided by the order in the file
when it is replayed. A torn last line (power cut) is dropped and can be asked for; it is never fatal.
"""

from __future__ import annotations

import os
import time

from . import quickjson
from .refusal import Refusal

FORMAT = "parallel-dispatch ledger"
VERSION = 1

Event = dict[str, object]

_START = '{"time": '


class Ledger:
    """One ledger file."""

    __slots__ = ("_events", "_seen", "path", "torn")

    def __init__(self, path: str) -> None:
        self.path = path
        self.torn = False  # whether the last `read` met a torn last line
        self._events: list[Event] = []  # those in the first bytes of the file
        self._seen = 0  # how many bytes these are

    def create(self, **fields: object) -> None:
        """The ledger with its first line; the file must not exist yet."""
        line = quickjson.dumps({**_now(), "format": FORMAT, "version": VERSION, **fields})
        _write(self.path, line, os.O_CREAT | os.O_EXCL)

    def append(self, event: str, **fields: object) -> None:
        """One more event, stamped with the time of now where no other is given."""
        stamp = {} if "time" in fields else _now()
        _write(self.path, quickjson.dumps({**stamp, "event": event, **fields}), 0)

    def read(self) -> list[Event]:
        """The header and all events, in file order. What was read before is not read again: a ledger only grows."""
        with open(self.path, "rb") as file:
            if os.fstat(file.fileno()).st_size < self._seen:
                self._events, self._seen = [], 0
            file.seek(self._seen)
            lines = file.read().split(b"\n")
        self.torn = bool(lines[-1])  # what follows the last newline
        self._seen += sum(map(len, lines)) + len(lines) - 1 - len(lines.pop())
        events = [*self._events, *(event for event in map(_event, lines) if event)]
        self._events = events
        if not events or events[0].get("format") != FORMAT:
            raise Refusal(f"{self.path} is no ledger; start the task file again")
        version = events[0].get("version")
        if version != VERSION:
            raise Refusal(
                f"{self.path} has version {version}, this program knows {VERSION}; update parallel-dispatch to go on"
            )
        return [*events]


def _now() -> Event:
    return {"time": time.time(), "clock": time.monotonic()}


def _event(data: bytes) -> Event:
    """The event of one line; where a torn line runs into the next event, that next event."""
    line = data.decode(errors="replace")
    return quickjson.record(line) or quickjson.record(line[max(0, line.rfind(_START)) :])


def _write(path: str, line: str, flags: int) -> None:
    data = (line + "\n").encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | flags, 0o600)
    try:
        written = os.write(descriptor, data)
        if written != len(data):  # a full disk: end the torn line, so that it spoils no other
            os.write(descriptor, b"\n")
            raise OSError(28, "only a part of the event could be written", path)
    finally:
        os.close(descriptor)
