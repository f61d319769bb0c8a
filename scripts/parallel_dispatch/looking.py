"""Whether a shell command only looks at things: what agents may run that change nothing. Pure.

Rather too strict than too lax: what is not known to write nothing and to run nothing else is no look. What only running
the command would tell (variables, substitutions, here-documents) is none either.
"""

from __future__ import annotations

from .shell_words import READING, UNTOLD, WRITING, Operator, Pattern, words

LONGEST = 10_000
"""Characters of a command that are read; nobody looks with more."""
HINT = (
    "git (diff, log, show, blame, grep, status, ls-files; with -C or cd into the project's own folder alone), grep, "
    "rg, find, ls, cat, head, tail, wc, sort, cut, diff"
)
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
_PAGERS = ("--open-files-in-pager", "--help", "--show-signature")
_GIT_WRITES = ("--output", "--ext-diff", "--filters", "--textconv", *_PAGERS)
"""Options by which these write a file or run another program; git takes them cut short, too, and so does sort."""
_SORT_WRITES = ("--output", "--compress-program")
_SIGNED = ("%G", "%+G", "%-G", "% G", "(signature", "(*signature")
"""What a format of git holds that shows a signature: another program checks that."""
_FIND_ACTS = ("-exec", "-ok", "-delete", "-fprint", "-fls")
_MAY_BEGIN_OPTIONS = frozenset("-*?[")
_LINES = frozenset("0123456789,$;p ")
"""What a script of sed is made of that prints lines by their numbers."""
_TESTS = ("-d", "-e", "-f", "-n", "-r", "-s", "-w", "-x", "-z")
"""What `test` may be asked: shells evaluate what stands behind `-v` and around `-eq`, substitutions in it, too."""


def only_looks(command: str, project: str = "") -> bool:
    """Whether nothing in a command writes a file or runs a program that is not known to write none.

    git is run in the project's own folder alone: in another one it may find a repository that has it start programs.
    """
    if len(command) > LONGEST or "<<" in command or "((" in command:
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
        elif UNTOLD in word or (isinstance(word, Pattern) and word[0] in _MAY_BEGIN_OPTIONS):
            return False
        elif redirection:
            if not _goes_nowhere(redirection, word):
                return False
            redirection = ""
        else:
            found[-1].append(word)
    calls = [call for call in found if call]
    is_elsewhere = any(call[0] == "cd" and not _is_in(call[1:], project) for call in calls)
    if redirection or (is_elsewhere and any(call[0] == "git" for call in calls)):
        return False
    return bool(calls) and all(_looks(call, project) for call in calls)


def _is_in(folders: list[str], project: str) -> bool:
    """Whether what `cd` or `git -C` is given is the project's own folder."""
    return bool(project) and [folder.rstrip("/") for folder in folders] == [project.rstrip("/")]


def _goes_nowhere(redirection: str, word: str) -> bool:
    """Whether a redirection reads, or leads to another descriptor or into nothing."""
    if redirection == "<":
        return True
    return word == "/dev/null" or (redirection == ">&" and word.isascii() and word.isdecimal())


def _looks(call: list[str], project: str) -> bool:
    program, args = call[0], call[1:]
    if program not in _PROGRAMS:
        return False
    if program == "git":
        return _git_looks(args, project)
    if program == "find":
        return not any(arg.startswith(_FIND_ACTS) for arg in args)
    if program == "rg":
        return not any(arg.startswith(("--pre", "--hostname-bin", "--search-zip")) or _has(arg, "z") for arg in args)
    if program == "diff":
        return not any(_is_short_for(arg, ("--paginate",)) or _has(arg, "l") for arg in args)
    if program == "sed":
        files = args[2:]
        plain = not any(arg.startswith("-") for arg in files)
        return args[:1] == ["-n"] and len(args) > 1 and _LINES.issuperset(args[1]) and plain
    if program == "sort":
        return not any(_is_short_for(arg, _SORT_WRITES) or _has(arg, "o") for arg in args)
    if program == "uniq":  # its second operand is written
        return all(arg.startswith("-") and arg not in ("-", "--") for arg in args)
    if program == "test":
        return len(args) == 2 and args[0] in _TESTS
    return True


def _git_looks(args: list[str], project: str) -> bool:
    """Whether a git command only looks: its configuration is the repository's own, and no option writes."""
    at = 0
    while at < len(args) and args[at] in ("--no-pager", "-P", "-C"):
        if args[at] == "-C" and not _is_in(args[at + 1 : at + 2], project):
            return False
        at += 2 if args[at] == "-C" else 1
    if at >= len(args) or args[at] not in _GIT:
        return False
    return not any(_git_acts(args[at], arg) for arg in args[at + 1 :])


def _git_acts(command: str, arg: str) -> bool:
    """Whether a word after a git command may make it write or run another program; behind `--`, too.

    That may be the value of the option before it.
    """
    if any(mark in arg for mark in _SIGNED) or (command == "for-each-ref" and "signature" in arg):
        return True
    return _is_short_for(arg, _GIT_WRITES) or (command == "grep" and _has(arg, "O"))


def _has(arg: str, letter: str) -> bool:
    """Whether a letter may be among the short options of an argument."""
    return arg[:1] == "-" != arg[1:2] and letter in arg


def _is_short_for(arg: str, options: tuple[str, ...]) -> bool:
    """Whether an argument is one of some long options, or may stand for it."""
    name = arg.partition("=")[0]
    return len(name) > 2 and any(option.startswith(name) for option in options)
