"""A run watched until it ends: drawn again and again in a terminal, else told in lines. It costs next to nothing.

A look is one `stat` of the ledger and one of the transcript of each agent at work; only what was appended is read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from typing import TYPE_CHECKING

from . import runs
from .activity import Activity
from .bars import ASCII, BLOCKS, Marks
from .bulletins import Bulletins
from .ending import signals_interrupt
from .outlook import Outlook
from .picture import is_fine, picture
from .refusal import Refusal
from .screen import Screen, can_colour, can_move
from .standings import Moment, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .active import ActiveRun
    from .state import State

LOOK_SECONDS = 0.25
"""How often a run is looked at."""
FRAME_SECONDS = 1.0
"""How often it is drawn where nothing but the time has changed."""
DRIVEN_SECONDS = 2.0
"""How often it is asked whether somebody drives it."""
LINES_AFTER = 3
"""The lines below the last picture: the report, the shell's prompt."""
LEFT_SECONDS = 5.0
"""After so many without anybody who drives it, a run is not waited for."""


class Sight:
    """A run as it is seen from outside, look by look."""

    def __init__(self, run: ActiveRun) -> None:
        self.run = run
        self.state: State = run.state()
        self.condition = runs.condition(run)
        self._size = self._bytes()
        self._asked = time.monotonic()
        self._left_since: float | None = None
        self._outlook = Outlook()
        self._activities: dict[str, Activity] = {}
        self._follow()

    def look(self) -> bool:
        """Whether anything has changed since the last look, but the time."""
        size, changed = self._bytes(), False
        if size != self._size:
            self._size, changed = size, True
            self.state = self.run.state()
            self._follow()
        now = time.monotonic()
        if changed or now - self._asked >= DRIVEN_SECONDS:
            self._asked, before = now, self.condition
            self.condition = runs.condition(self.run)
            changed |= before != self.condition
        for activity in self._activities.values():
            changed |= activity.look()
        return changed

    @property
    def is_over(self) -> bool:
        """Whether nothing is to be waited for: the run has ended, or nobody has driven it for a while."""
        if self.condition != runs.LEFT:
            self._left_since = None
        elif self._left_since is None:
            self._left_since = time.monotonic()
        left = self._left_since is not None and time.monotonic() - self._left_since >= LEFT_SECONDS
        return bool(self.state.ended) or left

    @property
    def moment(self) -> Moment:
        """The run now."""
        now = self.now
        foretold = self._outlook.at(self.state, now) if self.condition != runs.LEFT else {}
        return moment(self.state, now, self.condition, self.doing, foretold)

    @property
    def now(self) -> float:
        """The time of the run, which stands still once it has ended, or nobody drives it."""
        if self.state.ended:
            return max((a.ended for a in self.state.calls.values() if a.ended is not None), default=self.state.since)
        now = self.state.moment(time.time(), time.monotonic())
        return min(now, os.stat(self.run.ledger.path).st_mtime) if self.condition == runs.LEFT else now

    @property
    def doing(self) -> dict[str, str]:
        """What the agents at work do, by task."""
        wall = time.time()
        return {
            task: self._activities[attempt.transcript].words(self.state.plan, wall)
            for task, attempt in self.state.open.items()
            if attempt.transcript
        }

    def _follow(self) -> None:
        """The transcripts of the agents at work, and no others."""
        wanted = [attempt.transcript for attempt in self.state.open.values() if attempt.transcript]
        self._activities = {path: self._activities.get(path) or _begun(path) for path in wanted}

    def _bytes(self) -> int:
        return os.stat(self.run.ledger.path).st_size


def _begun(path: str) -> Activity:
    activity = Activity(path)
    activity.look()
    return activity


def watch(run: ActiveRun, *, can_draw: bool, colour: bool) -> int:
    """A run watched to its end: 0 where every task succeeded, else 1. `Refusal` where the user stops watching.

    `can_draw`: the terminal knows more than ASCII.
    """
    sight, out = Sight(run), sys.stdout.fileno()
    with signals_interrupt(), _terminal_may_go():
        if can_move(out):
            _draw(sight, Screen(out, sys.stdin.fileno(), colour=colour and can_colour()), BLOCKS if can_draw else ASCII)
        else:
            _tell(sight)
    if not sight.is_over:
        raise Refusal(f"not watched any more; run {sight.state.plan.run} goes on")
    if sight.state.ended:
        print(f"Report: {run.folder.report}")
    return 0 if sight.state.ended and is_fine(sight.state) else 1


def _draw(sight: Sight, screen: Screen, marks: Marks) -> None:
    """The run drawn until it is over or the user has seen enough; the last picture stays."""
    drawn, size = float("-inf"), screen.size
    try:
        screen.open()
        while True:
            due = time.monotonic() - drawn >= FRAME_SECONDS
            if sight.look() or due or size != screen.size:
                size = screen.size
                screen.draw(picture(sight.moment, *size, marks))
                drawn = time.monotonic() if due else drawn
            if sight.is_over or screen.wait(LOOK_SECONDS):
                break
    except KeyboardInterrupt:
        pass
    finally:
        screen.close()
    for line in picture(sight.moment, size[0], max(1, size[1] - LINES_AFTER), marks):
        print(line.text, flush=True)


def _tell(sight: Sight) -> None:
    """The run told in lines until it is over."""
    bulletins, changed = Bulletins(), True
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            if changed:
                for line in bulletins.news(sight.state, sight.condition, sight.now):
                    print(line, flush=True)
            if sight.is_over:
                return
            time.sleep(LOOK_SECONDS)
            changed = sight.look()


@contextlib.contextmanager
def _terminal_may_go() -> Iterator[None]:
    """Where the terminal is closed, nobody hears anything any more."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
