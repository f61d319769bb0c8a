"""Which conversation drives which run.

The file `active/<session>` makes the hooks of a conversation work; it names the run and the host's process. The file
`owner` in a run's folder names its conversation; where the two differ, another one took the run over.
"""

from __future__ import annotations

import os

from .active import ActiveRun
from .places import RunFolder, active_file, active_folder, read_text, write_whole


class Conversation:
    """A conversation that drives a run, as its file says; `host` is 0 where the process is not known.

    `begun` tells the process from another that has its number later: when it was started, where the system says so.
    """

    __slots__ = ("begun", "host", "run", "session")

    def __init__(self, session: str, run: str, host: int, begun: str = "") -> None:
        self.session = session
        self.run = run
        self.host = host
        self.begun = begun

    def is_of(self, host: int) -> bool:
        """Whether a process is its host."""
        return host == self.host and self.begun in ("", begun(host))

    @property
    def is_alive(self) -> bool:
        """Whether its host still runs."""
        if not self.host:
            return False
        try:
            os.kill(self.host, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # somebody else's process
            return True
        # In a container without an init, one that has ended stays as a zombie that still takes signals.
        return _stat(self.host)[:1] != ["Z"] and self.is_of(self.host)


def conversation(project: str, session: str) -> Conversation | None:
    """The conversation of a session, where it drives a run."""
    lines = read_text(active_file(project, session)).splitlines()
    if not lines or not os.path.isdir(lines[0]):
        return None
    _, host, since, *_ = [*lines, "", ""]
    return Conversation(session, lines[0], process(host), since)


def begun(host: int) -> str:
    """When a process was started, in the system's own count; empty where that is not known."""
    return "".join(_stat(host)[19:20])


def _stat(host: int) -> list[str]:
    """What the system says of a process, from its state on; nothing where it says nothing."""
    return read_text(f"/proc/{host}/stat").rpartition(")")[2].split()


def process(text: str) -> int:
    """The process that a text names; 0 where it names none."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def conversations(project: str) -> list[Conversation]:
    """Every conversation that drives a run of a project, with a live host or without."""
    folder = active_folder(project)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = [conversation(project, name) for name in names if not name.endswith(".tmp")]
    return [one for one in found if one]


def find(project: str, session: str) -> ActiveRun | None:
    """The run that a conversation drives now."""
    found = conversation(project, session)
    return ActiveRun(found.run) if found else None


def drives(run: RunFolder, session: str) -> bool:
    """Whether a run is still this conversation's, and not taken over by another."""
    owner = read_text(run.owner).strip()
    return not owner or owner == session


def activate(project: str, session: str, run: RunFolder, host: int) -> None:
    """The conversation drives this run from now on."""
    path, text = active_file(project, session), f"{run.path}\n{host}\n{begun(host)}\n"
    write_whole(run.owner, session + "\n")
    try:
        write_whole(path, text)
    except FileNotFoundError:  # another conversation took the empty folder away in between
        write_whole(path, text)


def deactivate(project: str, session: str) -> None:
    """The conversation drives no run any more."""
    path = active_file(project, session)
    try:
        os.unlink(path)
        os.rmdir(os.path.dirname(path))
    except OSError:  # already gone, or another conversation's file is there
        return
