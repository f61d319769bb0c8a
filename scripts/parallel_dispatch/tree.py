"""The files of a project as they look at one moment, and what changed since then.

With git: the commit, and a stamp of each file that may differ from it or that git does not know; what git ignores is
not looked at. Without git: a stamp of each file, up to a number of them. Submodules, and repositories in the
repository, are one entry each.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from typing import TYPE_CHECKING, NamedTuple

from . import quickjson
from .git import Repository, is_blob
from .places import FOLDER
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES = 50_000
SECONDS = 10.0
PASSED_BY = (".git", FOLDER, "node_modules", "__pycache__", ".venv", ".tox", ".gradle")
"""Folders that are not looked into without git: what lies there is nobody's work."""
CREATED, CHANGED, DELETED = "created", "changed", "deleted"


class Stamp(NamedTuple):
    """What tells a file from what it was: "file", "program", "link", "folder" or "other", bytes, and nanoseconds.

    Of a folder, all files in it together.
    """

    kind: str
    size: int
    mtime: int
    ctime: int


class Change(NamedTuple):
    """A path that changed, from the project, and how. Its file's times, in seconds; 0 where it is deleted."""

    path: str
    how: str
    mtime: float = 0.0
    ctime: float = 0.0

    @property
    def is_gone(self) -> bool:
        """Whether nothing lies at the path any more."""
        return self.how == DELETED


class Tree(NamedTuple):
    """A look at a project. `head` is empty without git; a file without a stamp was missing. `why` it was not made."""

    head: str
    files: dict[str, Stamp | None]
    why: str = ""

    def to_json(self) -> str:
        """The look as the text of its file."""
        return quickjson.dumps(self._asdict()) + "\n"

    @staticmethod
    def from_json(text: str) -> Tree:
        """The look in a text."""
        value = quickjson.record(text)
        files = value.get("files")
        try:
            stamps = {path: stamp and Stamp(*stamp) for path, stamp in files.items()}  # type: ignore[attr-defined]
        except (AttributeError, TypeError):
            return Tree("", {}, "what it looked like before is lost")
        return Tree(str(value.get("head") or ""), stamps, str(value.get("why") or ""))


def look(project: str) -> Tree:
    """How a project looks now; where that cannot be told, why."""
    until = time.monotonic() + SECONDS
    try:
        repository = Repository.find(project, until)
        if repository is None:
            return Tree("", dict(_walk(project, until)))
        head = repository.head
        paths = [*repository.differing(head), *repository.untracked(), *repository.submodules()]
        return Tree(head, dict(_stamps(project, paths, until)))
    except Refusal as refusal:
        return Tree("", {}, str(refusal))
    except OSError as error:
        return Tree("", {}, f"{error.filename or project}: {error.strerror or error}")


def changes(project: str, before: Tree) -> list[Change]:
    """What is not as it was, sorted by path; `Refusal` where that cannot be told."""
    until = time.monotonic() + SECONDS
    if before.why:
        raise Refusal(before.why)
    try:
        found = _since_commit(project, before, until) if before.head else _since_walk(project, before, until)
        return sorted(found)
    except OSError as error:
        raise Refusal(f"{error.filename or project}: {error.strerror or error}") from None


def _stamps(project: str, paths: list[str], until: float) -> Iterator[tuple[str, Stamp | None]]:
    _refuse_many(project, len(paths))
    for path in paths:
        yield path, _stamp(os.path.join(project, path), until)


def _refuse_many(folder: str, files: int) -> None:
    if files > MOST_FILES:
        raise Refusal(f"in {folder} are more than {MOST_FILES:,} files that no commit holds")


def _since_walk(project: str, before: Tree, until: float) -> Iterator[Change]:
    now = dict(_walk(project, until))
    for path in {**before.files, **now}:
        was, stamp = before.files.get(path), now.get(path)
        if not _is_same(was, stamp):
            yield _change(path, stamp, existed=was is not None)


def _since_commit(project: str, before: Tree, until: float) -> Iterator[Change]:
    repository = Repository.find(project, until)
    if repository is None:
        raise Refusal("git knows the project no longer")
    head = repository.head
    committed = repository.between(before.head, head) if head != before.head else {}
    known = {**repository.differing(head), **committed}  # with what was in the commit before
    for path in {**before.files, **known, **dict.fromkeys(repository.untracked())}:
        place = os.path.join(project, path)
        was, stamp, oid = before.files.get(path), _stamp(place, until), known.get(path, "")
        if path in before.files:
            existed, same = was is not None, _is_same(was, stamp)
        else:
            existed, same = bool(oid), bool(stamp and oid and stamp.kind != "folder" and is_blob(oid, place))
        if not same and (existed or stamp):
            yield _change(path, stamp, existed=existed)


def _is_same(was: Stamp | None, now: Stamp | None) -> bool:
    """Whether a file has the content that it had, as far as can be told without reading it."""
    return was[:3] == now[:3] if was and now else was is now


def _change(path: str, stamp: Stamp | None, *, existed: bool) -> Change:
    if stamp is None:
        return Change(path, DELETED)
    return Change(path, CHANGED if existed else CREATED, stamp.mtime / 1e9, stamp.ctime / 1e9)


def _walk(folder: str, until: float) -> Iterator[tuple[str, Stamp]]:
    """Every file below a folder, by its path from there, as far as it can be read; links are not followed."""
    count = 0
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in PASSED_BY]
        inside = os.path.relpath(above, folder) if above != folder else ""
        links = [name for name in folders if os.path.islink(os.path.join(above, name))]
        for name in (*names, *links):
            with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                yield os.path.join(inside, name), _of(os.lstat(os.path.join(above, name)))
        count += len(names)
        _refuse_many(folder, count)
        if time.monotonic() > until:
            raise Refusal(f"reading the folders in {folder} took too long")


def _stamp(path: str, until: float) -> Stamp | None:
    """The stamp of what lies at a path; None where nothing does."""
    if time.monotonic() > until:
        raise Refusal("reading the changed files took too long")
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not os.path.isdir(path) or os.path.islink(path):
        return _of(found)
    inner = [stamp for _, stamp in _walk(path, until)]
    return Stamp(
        "folder",
        sum(stamp.size for stamp in inner),
        max((stamp.mtime for stamp in inner), default=0),
        max((stamp.ctime for stamp in inner), default=0),
    )


def _of(found: os.stat_result) -> Stamp:
    if stat.S_ISREG(found.st_mode):
        kind = "program" if found.st_mode & stat.S_IXUSR else "file"
    else:
        kind = "link" if stat.S_ISLNK(found.st_mode) else "other"
    return Stamp(kind, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
