"""Whether a shell command only looks at things: what agents may run that change nothing. Pure.

Rather too strict than too lax: what is not known to write nothing and to run nothing else is no look. What only running
the command would tell (variables, substitutions, here-documents) is none either.
"""

from __future__ import annotations

from .shell_words import READING, UNTOLD, WRITING, Operator, words

LONGEST = 10_000
"""Characters of a command that are read; nobody looks with more."""
HINT = "git (diff, log, show, blame, grep, status, ls-files), grep, rg, find, ls, cat, head, tail, wc, sort, cut, diff"
"""What there is to look with, in words."""

_BETWEEN = ("|", "||", "&&", ";", "\n")
_SHOWING = {"cat", "cut", "echo", "head", "jq", "nl", "od", "sed", "sort", "tail", "tr", "uniq", "wc"}
_FINDING = {"egrep", "fgrep", "find", "grep", "rg", "which"}
_TELLING = {"basename", "dirname", "du", "ls", "pwd", "readlink", "realpath", "stat"}
_COMPARING = {"cmp", "comm", "diff", "false", "test", "true"}
_PROGRAMS = {*_SHOWING, *_FINDING, *_TELLING, *_COMPARING, "cd", "git"}
_OF_FILES = {"blame", "cat-file", "diff", "diff-index", "diff-tree", "grep", "ls-files", "ls-tree", "status"}
_OF_COMMITS = {"describe", "for-each-ref", "log", "merge-base", "name-rev", "rev-list", "rev-parse", "shortlog", "show"}
_GIT = {*_OF_FILES, *_OF_COMMITS, "show-ref", "whatchanged"}
_GIT_WRITES = ("--output", "--open-files-in-pager", "--ext-diff", "--filters", "--textconv")
"""Options by which these write a file or run another program; git takes them cut short, too, and so does sort."""
_SORT_WRITES = ("--output", "--compress-program")
_FIND_ACTS = ("-exec", "-ok", "-delete", "-fprint", "-fls")
_LINES = frozenset("0123456789,$;p ")
"""What a script of sed is made of that prints lines by their numbers."""


def only_looks(command: str) -> bool:
    """Whether nothing in a command writes a file or runs a program that is not known to write none."""
    if len(command) > LONGEST or "<<" in command or "((" in command or _has_names_to_find(command):
        return False
    found: list[list[str]] = [[]]
    redirection = ""
    for word in words(command):
        if isinstance(word, Operator):
            if redirection or word not in (*_BETWEEN, *WRITING, *READING):
                return False
            if word in _BETWEEN:
                found.append([])
            else:
                redirection = word
        elif UNTOLD in word:
            return False
        elif redirection:
            if not _goes_nowhere(redirection, word):
                return False
            redirection = ""
        else:
            found[-1].append(word)
    calls = [call for call in found if call]
    return bool(calls) and not redirection and all(map(_looks, calls))


def _goes_nowhere(redirection: str, word: str) -> bool:
    """Whether a redirection reads, or leads to another descriptor or into nothing."""
    if redirection == "<":
        return True
    return word == "/dev/null" or (redirection == ">&" and word.isdecimal())


def _looks(call: list[str]) -> bool:
    program, args = call[0], call[1:]
    if program not in _PROGRAMS:
        return False
    if program == "git":
        return _git_looks(args)
    if program == "find":
        return not any(arg.startswith(_FIND_ACTS) for arg in args)
    if program == "rg":
        return not any(arg.startswith(("--pre", "--hostname-bin")) for arg in args)
    if program == "sed":
        files = args[2:]
        plain = not any(arg.startswith("-") for arg in files)
        return args[:1] == ["-n"] and len(args) > 1 and _LINES.issuperset(args[1]) and plain
    if program == "sort":
        return not any(_is_short_for(arg, _SORT_WRITES) or (arg[:1] == "-" != arg[1:2] and "o" in arg) for arg in args)
    if program == "uniq":
        return sum(not arg.startswith("-") for arg in args) <= 1
    return True


def _git_looks(args: list[str]) -> bool:
    """Whether a git command only looks: its configuration is the repository's own, and no option writes."""
    at = 0
    while at < len(args) and args[at] in ("--no-pager", "-P", "-C"):
        at += 2 if args[at] == "-C" else 1
    if at >= len(args) or args[at] not in _GIT:
        return False
    for arg in args[at + 1 :]:
        if arg == "--":
            return True
        if _is_short_for(arg, _GIT_WRITES) or (args[at] == "grep" and arg[:1] == "-" != arg[1:2] and "O" in arg):
            return False
    return True


def _is_short_for(arg: str, options: tuple[str, ...]) -> bool:
    """Whether an argument is one of some long options, or may stand for it."""
    name = arg.partition("=")[0]
    return len(name) > 2 and any(option.startswith(name) for option in options)


def _has_names_to_find(command: str) -> bool:
    """Whether a word begins with a pattern of file names, of which one may begin as an option does."""
    quote, before = "", " "
    for char in command:
        if before == "\\" and quote != "'":
            before = ""
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "*?[" and before in " \t\n;&|<>":
            return True
        elif char in "'\"":
            quote = char
        before = char
    return False
