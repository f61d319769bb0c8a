"""What an agent does now, read from the end of its transcript as that grows: the last tool and the file it is for.

The host writes a call down within a second, before it is carried out (`docs/host.md`), so hooks need to note nothing.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from . import quickjson
from .cells import cut
from .places import open_file
from .transcript import parts
from .visible import visible

if TYPE_CHECKING:
    from .plan import Plan

MOST = 4_000_000
"""How many bytes of a transcript are looked at, at most: the last ones. A call may hold a whole file."""
QUIET_SECONDS = 60.0
"""After so many seconds without a line in the transcript that is worth saying."""
MOVED_SECONDS = 10.0
"""After so many it may go on under another session (`/clear`)."""
PLACES = ("file_path", "notebook_path", "path")
"""What the inputs of tools call the file or folder that they are for."""


class Activity:
    """The last call of one agent. `tool` and `place` are as the model wrote them."""

    def __init__(self, transcript: str) -> None:
        self.tool = ""
        self.place = ""
        self._path = transcript
        self._seen = 0  # bytes that were read
        self._torn = b""  # the last line, as long as it has no end
        self._grown = 0.0  # when the file was last written
        self._asked = time.time()  # when another part was last looked for

    def look(self) -> bool:
        """Whether another call was made since the last look."""
        try:
            status = os.stat(self._path)
            self._grown = status.st_mtime
            if status.st_size == self._seen:
                return self._has_moved()
            with open_file(self._path) as file:
                at = self._seen if self._seen <= status.st_size <= self._seen + MOST else max(0, status.st_size - MOST)
                file.seek(at)
                data = file.read(MOST)
        except OSError:  # not there yet, or gone
            return False
        lines = (data if at != self._seen else self._torn + data).split(b"\n")
        self._seen = at + len(data)
        self._torn = lines.pop()[-MOST:]
        found = next(filter(None, map(_call, reversed(lines))), None)
        if found is None or found == (self.tool, self.place):
            return False
        self.tool, self.place = found
        return True

    def words(self, plan: Plan, now: float) -> str:
        """The call for people, nothing of its content; `now` in seconds since the epoch."""
        what = [visible(cut(text, 200)) for text in (self.tool, plan.shown(self.place)) if text]
        silent = now - self._grown
        minutes = int(silent / 60) if self._grown else 0
        return " ".join(what) + (f", quiet for {minutes} m" if silent >= QUIET_SECONDS and minutes else "")

    def _has_moved(self) -> bool:
        now = time.time()
        if now - max(self._grown, self._asked) >= MOVED_SECONDS:
            self._asked = now
            newest = parts(self._path)[-1]
            if newest != self._path:
                self._path, self._seen, self._torn = newest, 0, b""
        return False


def _call(line: bytes) -> tuple[str, str] | None:
    """The last tool that a line of a transcript calls, and the place that it is for."""
    if b'"tool_use"' not in line:
        return None
    message = quickjson.record(line.decode(errors="replace")).get("message")
    content = message.get("content") if isinstance(message, dict) else None
    for block in reversed(content) if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_use" and isinstance(block.get("name"), str):
            given = block.get("input")
            places = (given.get(key) for key in PLACES) if isinstance(given, dict) else ()
            return block["name"], next((place for place in places if isinstance(place, str)), "")
    return None
