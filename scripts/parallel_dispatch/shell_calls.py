"""The program that a command of a shell calls, and the arguments that it is given. Pure."""

from __future__ import annotations

import posixpath

TYPE_CHECKING = False  # importing `typing` costs a hook milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable

WRAPPERS = {
    "builtin": "",
    "command": "",
    "doas": "u C",
    "env": "u S",
    "exec": "a",
    "ionice": "c n p",
    "nice": "n",
    "nohup": "",
    "setsid": "",
    "stdbuf": "i o e",
    "sudo": "u g C h p r t R T",
    "time": "f o",
    "timeout": "s k",
}
"""Programs that run the program that they are given, with the options that take a value."""
_ELSEWHERE = frozenset("CDVv")
"""With these options they run it in another folder, or, as in `command -v rm`, not at all."""
SHELLS = ("bash", "dash", "ksh", "sh", "zsh")


class Call:
    """The arguments of a program, told apart; and which paths are folders."""

    __slots__ = ("args", "is_folder", "operands", "options")

    def __init__(self, args: list[str], takes: str, is_folder: Callable[[str], bool]) -> None:
        """`takes` lists the options that take a value; `i?` one that takes it only within the same word.

        A `+` says that what follows the first operand is not the program's own.
        """
        self.args = args
        self.is_folder = is_folder
        self.operands: list[str] = []
        self.options: dict[str, list[str]] = {}
        valued = takes.split()
        rest = iter(args)
        for arg in rest:
            if "+" in valued and self.operands:
                self.operands += [arg, *rest]
            elif arg == "--":
                self.operands += rest
            elif arg.startswith("--"):
                name, given, value = arg[2:].partition("=")
                self._add(name, next(rest, "") if name in valued and not given else value)
            elif arg.startswith("-") and arg != "-":
                for at, letter in enumerate(arg[1:], 2):
                    if letter in valued:
                        self._add(letter, arg[at:] or next(rest, ""))
                        break
                    if f"{letter}?" in valued:
                        self._add(letter, arg[at:])
                        break
                    self._add(letter, "")
            else:
                self.operands.append(arg)

    def _add(self, name: str, value: str) -> None:
        self.options.setdefault(name, []).append(value)

    def has(self, *names: str) -> bool:
        """Whether one of these options is given."""
        return any(name in self.options for name in names)

    def values(self, *names: str) -> list[str]:
        """The values that these options are given."""
        return [value for name in names for value in self.options.get(name, [])]


def unwrapped(words: list[str]) -> list[str]:
    """The program that a command runs, and its arguments: without assignments before it, and without wrappers."""
    at = 0
    while at < len(words):
        name = posixpath.basename(words[at])
        variable, assigned, _ = words[at].partition("=")
        if name in WRAPPERS:
            at = _past_options(words, at + 1, WRAPPERS[name].split())
            at += name == "timeout"
        elif assigned and variable.rstrip("+").isidentifier():
            at += 1
        else:
            return words[at:]
    return []


def _past_options(words: list[str], at: int, valued: list[str]) -> int:
    while at < len(words) and words[at].startswith("-"):
        if words[at] == "--":
            return at + 1
        letters = "" if words[at].startswith("--") else words[at][1:]
        last = next((place for place, letter in enumerate(letters) if letter in valued), len(letters))
        if not _ELSEWHERE.isdisjoint(letters[: last + 1]):
            return len(words)
        at += 2 if last == len(letters) - 1 else 1
    return at


def script(program: str, args: list[str]) -> str:
    """The commands that a program is given as text: `bash -c '…'`, `eval …`."""
    if program == "eval":
        return " ".join(args)
    if program in SHELLS:
        call = Call(args, "o O rcfile init-file", bool)
        return call.operands[0] if call.has("c") and call.operands else ""
    return ""
