"""What programs write that are called in a shell: files that their arguments name. Pure.

The obvious programs only. What the shell cannot tell of their arguments stays in the paths as it is in the words.
"""

from __future__ import annotations

import posixpath

from .shell_calls import Call

TYPE_CHECKING = False  # importing `typing` costs a hook milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LONGEST_PATH = 4_096
"""Characters of a path that a system takes; a folder that is changed without end would fill the memory."""


def written(program: str, args: list[str], is_folder: Callable[[str], bool]) -> Iterable[str]:
    """The paths that a program writes or removes; one that ends in `/` is a folder in which it does."""
    if program == "git":
        return _git(args, is_folder)
    if program == "tar" and args and not args[0].startswith("-"):
        args = _dashed(args)
    takes, paths = PROGRAMS.get(program, ("", _nothing))
    call = Call(args, takes, is_folder)
    return [] if call.has("help", "version", "dry-run") else paths(call)


def _dashed(args: list[str]) -> list[str]:
    """The options of tar with dashes, each with its value: `tar xfC a.tar out`."""
    valued, rest = PROGRAMS["tar"][0].split(), iter(args[1:])
    options = [f"-{letter}{next(rest, '') if letter in valued else ''}" for letter in args[0]]
    return [*options, *rest]


def _nothing(_: Call) -> list[str]:
    return []


def _operands(call: Call) -> list[str]:
    return call.operands


def _within(folder: str, paths: Iterable[str]) -> Iterable[str]:
    """Paths that are relative to a folder, one at a time; none where no system takes the folder's."""
    return () if len(folder) > LONGEST_PATH else (posixpath.join(folder, path) for path in paths)


def _output(call: Call) -> list[str]:
    return call.values("o", "output")


def _copied(call: Call) -> Iterable[str]:
    """What is made of the sources: in a folder by their own names, else the last operand."""
    folder, sources = "".join(call.values("t", "target-directory")[-1:]), call.operands
    if not folder:
        *sources, last = sources or [""]
        into = last.endswith(("/", "/.", "/..")) or last in (".", "..") or len(sources) > 1 or call.is_folder(last)
        if call.has("T", "no-target-directory") or not into:
            return [last] if sources else []
        folder = last
    return _within(folder, (posixpath.basename(path.rstrip("/")) for path in sources))


def _moved(call: Call) -> Iterable[str]:
    yield from call.operands[: None if call.has("t", "target-directory") else -1]
    yield from _copied(call)


def _linked(call: Call) -> Iterable[str]:
    if len(call.operands) == 1 and not call.has("t", "target-directory"):
        return [posixpath.basename(call.operands[0].rstrip("/"))]
    return _copied(call)


def _installed(call: Call) -> Iterable[str]:
    return [] if call.has("d", "directory") else _copied(call)


def _synchronized(call: Call) -> Iterable[str]:
    """As copied, but a source that ends in `/` is all that is in it, and another machine's files are not told."""
    *sources, last = call.operands or [""]
    if call.has("n", "list-only") or ":" in last.partition("/")[0]:
        return []
    is_folder = last.endswith("/") or len(sources) > 1 or any(map(call.is_folder, [last, *sources]))
    into = is_folder or any(source.endswith("/") for source in sources)
    return _within(last, map(posixpath.basename, sources)) if into else [last for _ in sources]


def _edited_by_sed(call: Call) -> list[str]:
    if not call.has("i", "I", "in-place"):
        return []
    if call.has("e", "f", "expression", "file"):
        return call.operands
    script = next((at for at, word in enumerate(call.operands) if word and word[0] != "."), 0)
    return call.operands[script + 1 :]  # on macOS the suffix comes before it: sed -i '' s/a/b/ FILE


def _edited_by_perl(call: Call) -> list[str]:
    return call.operands[0 if call.has("e", "E") else 1 :] if call.has("i") else []


def _edited_by_awk(call: Call) -> list[str]:
    if "inplace" not in call.values("i", "include"):
        return []
    return [path for path in call.operands[0 if call.has("f", "file") else 1 :] if "=" not in path]


def _converted(call: Call) -> list[str]:
    return [operand[len("of=") :] for operand in call.operands if operand.startswith("of=")]


def _patched(call: Call) -> Iterable[str]:
    if call.has("C", "check"):
        return []
    folder = (call.values("d", "directory") or [""])[-1]
    return _within(folder, _output(call) or call.operands[:1])


def _downloaded_by_curl(call: Call) -> Iterable[str]:
    """The files named with `-o`, or after the address with `-O`."""
    addresses = [operand for operand in call.operands if operand.startswith(("http:", "https:", "ftp:", "file:"))]
    names = [posixpath.basename(path.partition("?")[0]) for path in addresses[: len(call.values("O", "remote-name"))]]
    folder = (call.values("output-dir") or [""])[-1]
    return _within(folder, (name for name in _output(call) or names if name != "-"))


def _downloaded_by_wget(call: Call) -> list[str]:
    return call.values("O", "output-document", "o", "output-file", "a", "append-output")


def _archived(call: Call) -> list[str]:
    if call.has("c", "r", "u", "create", "append", "update"):
        return call.values("f", "file")
    extracts = call.has("x", "extract", "get") and not call.has("O", "to-stdout")
    return [posixpath.join(folder, "") for folder in call.values("C", "directory")] if extracts else []


def _unzipped(call: Call) -> list[str]:
    return [] if call.has("l", "p", "t", "v", "z", "Z") else [posixpath.join(folder, "") for folder in call.values("d")]


def _git(args: list[str], is_folder: Callable[[str], bool]) -> Iterable[str]:
    folder, at = "", 0
    while at < len(args) and args[at].startswith("-"):
        if args[at] == "-C":
            folder = posixpath.join(folder, *args[at + 1 : at + 2])
        if args[at].startswith("--work-tree") or len(folder) > LONGEST_PATH:
            return []
        at += 2 if args[at] in ("-C", "-c", "--git-dir", "--namespace") else 1
    takes, paths = GIT.get(args[at], ("", _nothing)) if at < len(args) else ("", _nothing)
    call = Call(args[at + 1 :], takes, lambda path: is_folder(posixpath.join(folder, path)))
    return [] if call.has("n", "dry-run", "help", "h") else _within(folder, paths(call))


def _checked_out(call: Call) -> list[str]:
    """Paths after `--`; without it a word may be a branch as well."""
    if "--" in call.args:
        return call.args[call.args.index("--") + 1 :]
    return [path for path in call.operands if path == "."]


def _restored(call: Call) -> list[str]:
    return [] if call.has("S", "staged") and not call.has("W", "worktree") else call.operands


def _removed_by_git(call: Call) -> list[str]:
    return [] if call.has("cached") else call.operands


def _reset(call: Call) -> list[str]:
    return ["./"] if call.has("hard") else []


def _cleaned(call: Call) -> list[str]:
    return (call.operands or ["./"]) if call.has("f", "force") else []


def _stashed(call: Call) -> list[str]:
    verb, *paths = call.operands or ["push"]
    if verb == "push" and paths:
        return paths
    return ["./"] if verb in {"push", "save", "pop", "apply"} else []


PROGRAMS: dict[str, tuple[str, Callable[[Call], Iterable[str]]]] = {
    "awk": ("+ F f i v field-separator file include assign", _edited_by_awk),
    "cp": ("S t suffix target-directory", _copied),
    "curl": (
        "A b c C d D e E F H K m o P Q r t T u U w x X y Y z output output-dir proxy referer",
        _downloaded_by_curl,
    ),
    "dd": ("", _converted),
    "ed": ("p prompt", _operands),
    "gawk": ("+ F f i v field-separator file include assign", _edited_by_awk),
    "gsed": ("e f l i? I? expression file line-length", _edited_by_sed),
    "install": ("g m o S t group mode owner suffix target-directory", _installed),
    "ln": ("S t suffix target-directory", _linked),
    "mv": ("S t suffix target-directory", _moved),
    "patch": ("B D F Y V d g i o p r x z directory fuzz input output strip", _patched),
    "perl": ("+ e E i? C? D? F? I? M? d? m? x?", _edited_by_perl),
    "rm": ("", _operands),
    "rsync": ("B M T e f chmod exclude exclude-from files-from filter include include-from rsh", _synchronized),
    "sed": ("e f l i? I? expression file line-length", _edited_by_sed),
    "sort": ("S T k o t output", _output),
    "sponge": ("", _operands),
    "tar": ("C F H I K L N T V X b f g directory exclude exclude-from file files-from transform", _archived),
    "tee": ("", _operands),
    "touch": ("d r t date reference", _operands),
    "truncate": ("r s reference size", _operands),
    "unlink": ("", _operands),
    "unzip": ("d", _unzipped),
    "wget": ("A B D I O P Q R T U X a e i l o t w append-output output-document output-file", _downloaded_by_wget),
}
"""What is written by a program, by its name: the options that take a value, and the paths of a call."""

GIT: dict[str, tuple[str, Callable[[Call], Iterable[str]]]] = {
    "checkout": ("b B", _checked_out),
    "clean": ("e exclude", _cleaned),
    "mv": ("", _moved),
    "reset": ("", _reset),
    "restore": ("s source", _restored),
    "rm": ("", _removed_by_git),
    "stash": ("m message", _stashed),
}
"""The same for the commands of git."""
