"""Git, asked what changed in a folder of a work tree.

Plumbing only, which writes nothing and takes no lock, so that agents can commit meanwhile. Nothing that a configuration
names is started (file monitors, hooks, filters), and nothing is fetched.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from typing import TYPE_CHECKING

from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

QUIET = ("-c", "core.fsmonitor=", "-c", f"core.hooksPath={os.devnull}")
ALONE = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
FILTERS = r"^filter\..*\.(clean|process|required)$"
SHA1_DIGITS = 40
SUBMODULE = b"160000"
"""The mode of an entry that stands for a submodule."""


class Repository:
    """A work tree as one folder in it sees it: everything below that folder, by paths from there.

    Asked for the last time at `until` (seconds of the monotonic clock): `Refusal` says that git took too long, or what
    it complained of.
    """

    __slots__ = ("_environment", "_folder", "_until", "top")

    def __init__(self, folder: str, until: float) -> None:
        self._folder = folder
        self._until = until
        self._environment = {**os.environ, **ALONE}
        self.top = ""

    @staticmethod
    def find(folder: str, until: float) -> Repository | None:
        """The work tree that a folder lies in; None where there is none, no git, or where the folder is ignored."""
        if not ("GIT_DIR" in os.environ or _is_below_git(os.path.abspath(folder))):
            return None  # not asked: without its developer tools, macOS has a `git` that opens a window
        repository = Repository(folder, until)
        code, said, _ = repository._run("rev-parse", "--is-inside-work-tree", "--show-toplevel")
        inside, _, top = said.partition(b"\n")
        if code or inside != b"true":
            return None
        repository.top = os.fsdecode(top.removesuffix(b"\n"))
        is_top = os.path.realpath(folder) == os.path.realpath(repository.top)
        if not is_top and repository._run("check-ignore", "-q", ".")[0] == 0:
            return None
        repository._leave_out_filters()
        return repository

    @property
    def head(self) -> str:
        """The commit that is checked out; before the first one the empty tree."""
        code, said, _ = self._run("rev-parse", "--verify", "-q", "HEAD^{commit}")
        return (self._ask("hash-object", "-t", "tree", "--stdin") if code else said).decode().strip()

    def differing(self, commit: str) -> dict[str, str]:
        """The paths that may differ from a commit, each with the object there; empty where the commit has none.

        The contents of files are not compared: one that was written anew with the same content is among them.
        """
        return _objects(self._ask("diff-index", *_DIFF, commit, "--", "."))

    def between(self, commit: str, other: str) -> dict[str, str]:
        """The paths that differ between two commits, each with the object in the first one, or empty."""
        return _objects(self._ask("diff-tree", "-r", *_DIFF, commit, other, "--", "."))

    def untracked(self) -> list[str]:
        """The files that git neither knows nor ignores; another repository is one entry, with a slash."""
        return _paths(self._ask("ls-files", "--others", "--exclude-standard", "-z"))

    def submodules(self) -> list[str]:
        """The folders of the submodules."""
        if not os.path.exists(os.path.join(self.top, ".gitmodules")):
            return []
        entries = self._ask("ls-files", "--stage", "-z").split(b"\0")
        found = [entry.partition(b"\t")[2] for entry in entries if entry.startswith(SUBMODULE)]
        return [os.fsdecode(path) + "/" for path in found]

    def _leave_out_filters(self) -> None:
        """What converts files on their way into the repository, empty from now on: git would start it to compare."""
        _, said, _ = self._run("config", "-z", "--name-only", "--get-regexp", FILTERS)
        given = os.environ.get("GIT_CONFIG_COUNT", "")
        count = int(given) if given.isdecimal() else 0
        for name in _paths(said):
            self._environment[f"GIT_CONFIG_KEY_{count}"] = name
            self._environment[f"GIT_CONFIG_VALUE_{count}"] = "false" if name.endswith(".required") else ""
            count += 1
        self._environment["GIT_CONFIG_COUNT"] = str(count)

    def _ask(self, *question: str) -> bytes:
        code, said, complaint = self._run(*question)
        if code:
            words = complaint.decode(errors="replace").strip().partition("\n")[0]
            raise Refusal(f"git {question[0]} ended with code {code}{f': {words}' if words else ''}")
        return said

    def _run(self, *question: str) -> tuple[int, bytes, bytes]:
        try:
            done = subprocess.run(
                ["git", *QUIET, *question],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=max(0.01, self._until - time.monotonic()),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Refusal("git took too long") from None
        except OSError:  # there is no git
            return 127, b"", b""
        return done.returncode, done.stdout, done.stderr


_DIFF = ("--raw", "-z", "--no-renames", "--relative", "--ignore-submodules=dirty")


def is_blob(oid: str, path: str) -> bool:
    """Whether a file, or a link, has the content of an object, as far as it can be read."""
    try:
        if os.path.islink(path):
            target = os.fsencode(os.readlink(path))
            return _name(oid, len(target), [target]) == oid
        with open(path, "rb") as file:
            return _name(oid, os.fstat(file.fileno()).st_size, iter(lambda: file.read(1 << 20), b"")) == oid
    except OSError:
        return False


def _name(like: str, size: int, content: Iterable[bytes]) -> str:
    """The name that git gives a content; how long its names are says what they are made with."""
    made = hashlib.sha1(usedforsecurity=False) if len(like) == SHA1_DIGITS else hashlib.sha256()
    made.update(b"blob %d\0" % size)
    for part in content:
        made.update(part)
    return made.hexdigest()


def _is_below_git(folder: str) -> bool:
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return True


def _objects(raw: bytes) -> dict[str, str]:
    """The paths of a raw diff, each with the object on its left side, or empty; submodules with a slash at their ends.

    A row is `:MODE MODE OBJECT OBJECT STATUS`, a NUL, the path, a NUL.
    """
    fields = raw.split(b"\0")
    found = {}
    for about, path in zip(fields[::2], fields[1::2]):
        mode, new_mode, oid, *_ = about[1:].split()
        slash = "/" if SUBMODULE in (mode, new_mode) else ""
        found[os.fsdecode(path) + slash] = oid.decode() if oid.strip(b"0") else ""
    return found


def _paths(listed: bytes) -> list[str]:
    return [os.fsdecode(path) for path in listed.split(b"\0") if path]
