"""The files that a shell command obviously writes, read from its text. Pure.

Best effort, and rather too few than too many: what only running the command would tell (a variable in a path, files
that a program finds by itself) is left out. Folders that are made or removed empty hold no file, so they do not count.
"""

from __future__ import annotations

import posixpath

from .shell_calls import script, unwrapped
from .shell_programs import LONGEST_PATH, written
from .shell_words import BEGIN, READING, UNTOLD, WRITING, Operator, words

TYPE_CHECKING = False  # importing `typing` costs a hook milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 100_000
"""Characters of a command that are read."""
MOST_PATHS = 5_000
"""Paths that are told of a command; nobody names more by hand."""
DEEPEST_SCRIPT = 5
"""Scripts in one another (`bash -c`, `eval`) that are read."""

_NO_FILES = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/", "/dev/tcp/", "/dev/udp/")

_HEADED = ("for", "case", "select")  # words follow that are no command
_PIPES = ("|", "|&")
_JOINING = ("&&", "||", *_PIPES)  # a line may end in these
_OPENING = ("{", "if", "while", "until", *_HEADED)
_CLOSING = ("}", "fi", "done", "esac")
_BRANCHING = ("else", "elif", ";;", ";&", ";;&")
_LEADING = ("then", "do", "else", "elif", "!")  # a command follows


def targets(command: str, is_folder: Callable[[str], bool] = lambda _: False) -> list[str]:
    """The paths that a command writes or removes, each once, in order; relative ones to where the command starts.

    Paths are as written, without their quotes, behind the folders that the command changes to; `*` and `?` of a glob
    stand in them, too. A path that ends in `/` is a folder in which something is written. `is_folder` says of a path
    whether it is one today: `cp a.md out` writes `out/a.md` then.
    """
    text = command if len(command) <= LONGEST else command[:LONGEST] + UNTOLD
    found: dict[str, None] = {}
    _Script(found, is_folder, "").walk(text)
    return list(found)


class _Group:
    """Commands that are grouped, or in a substitution: where the shell is, and the command that is being read."""

    __slots__ = ("after", "folder", "is_begun", "is_unsure", "opener", "pipeline", "redirection", "start", "words")

    def __init__(self, opener: str, folder: str | None) -> None:
        self.opener = opener
        self.folder = folder  # None: it cannot be told
        self.start = folder  # where the shell was when this list of commands began
        self.pipeline = folder  # … and this pipeline
        self.is_begun = False  # whether anything came after that operator
        self.is_unsure = False  # whether the folder may not have been changed in this list
        self.after = ""  # the operator before the command
        self.words: list[str] = []
        self.redirection = ""  # the operator that the next word belongs to


class _Script:
    """Commands that are walked through as a shell would, but into every branch, and once through every loop."""

    __slots__ = ("_depth", "_found", "_group", "_in_test", "_is_folder", "_outer")

    def __init__(
        self, found: dict[str, None], is_folder: Callable[[str], bool], folder: str | None, depth: int = 0
    ) -> None:
        self._found = found
        self._is_folder = is_folder
        self._depth = depth  # of scripts in scripts
        self._group = _Group("", folder)
        self._outer: list[_Group] = []
        self._in_test = False  # within [[ … ]]

    def walk(self, text: str) -> None:
        """Note what the commands of a text write."""
        for word in words(text):
            group = self._group
            group.is_begun = group.is_begun or not isinstance(word, Operator)
            if self._in_test:
                self._in_test = word != "]]"
            elif isinstance(word, Operator):
                self._operator(word)
            elif group.redirection:
                if group.redirection in WRITING and not (group.redirection == ">&" and _is_number(word.rstrip("-"))):
                    self._write(word)
                group.redirection = ""
            elif group.words or not self._is_reserved(word):
                group.words.append(word)
        self._run()

    def _operator(self, operator: str) -> None:
        if operator in WRITING or operator in READING:
            self._group.redirection = operator
        elif operator == BEGIN:
            self._open(operator)
        elif operator == ")" and (not self._outer or self._group.opener in _OPENING):
            self._group.words.clear()  # the pattern of a case
        elif operator != "\n" or self._group.is_begun or self._group.after not in _JOINING:
            self._run()
            self._separate(operator)

    def _separate(self, operator: str) -> None:
        """What an operator after a command does."""
        group = self._group
        if operator in _PIPES or group.after in _PIPES:  # each of its commands has a shell of its own
            group.folder = group.pipeline
        if operator in (";", "\n") and group.is_unsure:
            group.folder = None
        group.is_unsure = group.is_unsure and operator in ("(", *_JOINING)
        group.pipeline = group.folder
        group.after, group.is_begun = operator, False
        if operator == "(":
            self._open(operator)
        elif operator == ")":
            self._close()
        elif operator == "&":
            group.folder = group.pipeline = group.start
        elif operator in (";", "\n"):
            group.start = group.folder
        elif operator in _BRANCHING:
            self._branch()

    def _is_reserved(self, word: str) -> bool:
        """Whether a word where a command may begin is one of the shell's own."""
        if word in _OPENING:
            self._open(word)
            if word in _HEADED:
                self._group.words.append(word)
        elif word in _CLOSING and self._group.opener in _OPENING:
            self._close()
        elif word in _BRANCHING:
            self._branch()
        self._in_test = word == "[["
        return self._in_test or word in _OPENING or word in _CLOSING or word in _LEADING

    def _open(self, opener: str) -> None:
        self._outer.append(self._group)
        self._group = _Group(opener, self._group.folder)

    def _close(self) -> None:
        inner, self._group = self._group, self._outer.pop()
        if inner.opener in _OPENING and inner.folder != self._group.folder:
            self._group.folder = None  # changed in a branch that may not be taken
        self._group.is_begun = True

    def _branch(self) -> None:
        """Where another branch begins, the one before may not have been taken."""
        group = self._group
        if self._outer and group.folder != self._outer[-1].folder:
            group.folder = group.start = group.pipeline = None

    def _run(self) -> None:
        """The command is complete."""
        group = self._group
        command, group.words, group.redirection = unwrapped(group.words), [], ""
        if not command:
            return
        program, args = posixpath.basename(command[0]), command[1:]
        inner = script(program, args)
        if program in ("cd", "pushd", "popd"):
            group.folder = self._changed(program, args)
        elif not inner:
            for path in written(program, args, self._is_folder_here):
                self._write(path)
        elif self._depth < DEEPEST_SCRIPT:
            _Script(self._found, self._is_folder, group.folder, self._depth + 1).walk(inner)

    def _changed(self, program: str, args: list[str]) -> str | None:
        """The folder that the shell is in after it was told to change it."""
        folders = [arg for arg in args if arg == "-" or not arg.startswith("-")]
        if program == "cd" and not folders:
            return "~"
        self._group.is_unsure = self._group.after == "&&" or self._group.is_unsure
        if self._group.after == "||" or program == "popd" or not folders or folders[0] == "-":
            return None
        return self._located(folders[0])

    def _located(self, path: str) -> str | None:
        """A path from where the command starts; None where that cannot be told."""
        folder = "" if path.startswith(("/", "~")) else self._group.folder
        if folder is None or UNTOLD in path or len(folder) + len(path) > LONGEST_PATH:
            return None
        return posixpath.join(folder, path)

    def _is_folder_here(self, path: str) -> bool:
        located = self._located(path)
        return located is not None and self._is_folder(located)

    def _write(self, path: str) -> None:
        located = None if path in ("", "-") or path.startswith(_NO_FILES) else self._located(path)
        if located is not None and len(self._found) < MOST_PATHS:
            self._found[located] = None


def _is_number(word: str) -> bool:
    """Whether a word is a descriptor's number; digits of other scripts name a file."""
    return word.isascii() and word.isdecimal()
