"""Task files of less than a megabyte that were made to take long, to take much memory, or to end a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SNIPPETS: tuple[bytes, ...] = (
    *(
        b":",
        b": ",
        b"- ",
        b"\n",
        b"  ",
        b"\t",
        b"[",
        b"]",
        b"{",
        b"}",
        b"&a ",
        b"*a",
        b"!!int ",
        b"!x ",
        b"? ",
        b"|",
        b">",
    ),
    *(
        b"%",
        b'"',
        b"'",
        b"#",
        b"\\",
        b"---\n",
        b"...\n",
        b"<<: ",
        b"<<: *a",
        b"\r\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
    ),
    *(
        b"12:30",
        b"007",
        b"2024-13-45",
        b"0x",
        b"~",
        b"!!timestamp ",
        b"!!binary ",
        b"9" * 5000,
        b"[" * 200,
        b"- " * 200,
    ),
    *(text.encode() for text in ("日", "\u2028", "\x85", "e\u0301", "\u202e", "\ud7ff", "\U0001f600")),
    *(
        b"id: a\n",
        b"dependencies: [a, b]\n",
        b"prompt: x\n",
        b"for_each: [1, 2]\n",
        b"{{ item }}",
        b"settings:\n",
        b"x-a: ",
    ),
    b" # parallel-dispatch: ignore[wrong-type, undeclared-input]\n",
)
"""What damages a text in the middle: marks of YAML and of the product, and bytes that are no text."""

SIZE = 990_000  # bytes
HEAD = "name: n\ntasks:\n"


def repeated(part: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    """The part as often as it fits."""
    return before + part * ((SIZE - len(before) - len(after)) // len(part)) + after


def numbered(part: str, before: str = "", after: str = "") -> bytes:
    """The part with another number each time, as often as it fits."""
    text, number = [before], 0
    length = len(before) + len(after)
    while length + len(part) + 6 < SIZE:
        text.append(part.replace("#", str(number)))
        length += len(text[-1])
        number += 1
    return "".join([*text, after]).encode()


def alias_bomb() -> bytes:
    """Nine levels, each of which holds nine of the one before."""
    lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines).encode()


def anagrams() -> bytes:
    """Ids and wrong dependencies that are all alike, as dear to compare as can be."""

    def word(number: int) -> str:
        return "".join("ab" if bit == "0" else "ba" for bit in f"{number:020b}") + "ab" * 20

    return tasks(4500, lambda n: f"{{id: {word(n)}, prompt: x, dependencies: [{word(n + 70_000)}]}}")


def tasks(count: int, write: Callable[[int], str], more: str = "") -> bytes:
    """A task file of so many tasks."""
    return (HEAD + "".join(f"- {write(number)}\n" for number in range(count)) + more).encode()


def needing_the_next(last: str) -> bytes:
    """As many tasks as fit, each of which needs the next."""
    return tasks(
        19_000,
        lambda n: f"{{id: t{n}, prompt: x, dependencies: [t{n + 1}]}}",
        f"- {{id: t19000, prompt: x, dependencies: [{last}]}}\n",
    )


MAKERS: dict[str, Callable[[], bytes]] = {
    "opening brackets": lambda: repeated(b"["),
    "opening braces": lambda: repeated(b"{"),
    "dashes": lambda: repeated(b"- "),
    "question marks": lambda: repeated(b"? "),
    "colons": lambda: repeated(b": "),
    "flow items": lambda: repeated(b"1,", b"x-a: ["),
    "empty items with anchors": lambda: repeated(b"&a ,", b"x-a: ["),
    "items with tags": lambda: repeated(b"!a b,", b"x-a: ["),
    "unknown aliases": lambda: repeated(b"*a ,", b"x-a: ["),
    "impossible dates": lambda: repeated(b"2024-99-99,", b"x-a: ["),
    "long numbers": lambda: repeated(b"1" * 101 + b",", b"x-a: ["),
    "duplicate keys": lambda: repeated(b"a: 1\n"),
    "merge keys": lambda: repeated(b"<<: 1\n"),
    "merges of one mapping": lambda: repeated(
        b"- {<<: *a}\n", b"x-a: &a {" + b", ".join(b"k%d: 1" % n for n in range(500)) + b"}\nx-b:\n"
    ),
    "an alias bomb": alias_bomb,
    "a long text in a thousand places": lambda: repeated(
        b"a", b"x-a: &a '", b"'\nname: n\ntasks: [" + b"*a," * 2000 + b"]\n"
    ),
    "a long text in twenty places": lambda: repeated(
        b"a", b"x-a: &a '", b"'\nname: n\ntasks:\n" + b"- {id: *a, prompt: p, agent: [*a]}\n" * 10
    ),
    "a long text for a thousand numbers": lambda: repeated(
        b"a", b"x-a: &a '", b"'\nname: n\ntasks:\n" + b"- {id: *a, prompt: p, agent: [*a]}\n" * 2000
    ),
    "one long line": lambda: repeated(b"a"),
    "one long word of blanks": lambda: repeated(b" ", b"name: n", b"n: v: w\n"),
    "a long key of blanks": lambda: repeated(b" ", b"k", b": v: w\n"),
    "dashes before a colon": lambda: repeated(b"- ", b"", b"a: b: c")[:190] + b": c",
    "a quote that is never closed": lambda: repeated(b"a b\n", b'name: "'),
    "a long number": lambda: repeated(b"1", b"x-a: "),
    "a long time": lambda: repeated(b":1", b"x-a: 1"),
    "a long float": lambda: repeated(b"1", b"x-a: 1.", b"x"),
    "a long quoted number": lambda: repeated(
        b"1", b"name: n\ntasks: [{id: a, prompt: b}]\nsettings: {max_parallel: '", b"'}\n"
    ),
    "tabs": lambda: repeated(b"\t", b"name:\n"),
    "tab lines": lambda: repeated(b"\t\n", b"name:\n"),
    "carriage returns": lambda: repeated(b"\r"),
    "comments": lambda: repeated(b"#\n"),
    "comment in a line": lambda: repeated(b"#"),
    "tag directives": lambda: numbered("%TAG !a#! b\n", after="---\na: 1\n"),
    "tag directives of a second document": lambda: numbered("%TAG !a#! b\n", "a: 1\n...\n", "---\na: 1\n"),
    "other directives": lambda: repeated(b"%a b\n", b"", b"---\na: 1\n"),
    "documents": lambda: repeated(b"---\n"),
    "a long tag": lambda: repeated(b"a", b"a: !<", b"> b"),
    "a long anchor": lambda: repeated(b"a", b"a: &", b" b"),
    "anchors": lambda: numbered("- &a# 1\n"),
    "escapes": lambda: repeated(b"\\x41", b'name: "', b'"'),
    "surrogates": lambda: repeated(b'"\\ud800",', b"x-a: ["),
    "folded lines": lambda: repeated(b"a\n\n  ", b"name: >\n  "),
    "blank lines": lambda: repeated(b"\n", b"name: |\n", b" a\n"),
    "tasks without anything": lambda: repeated(b"- {}\n", HEAD.encode()),
    "tasks that are none": lambda: repeated(b"- a\n", HEAD.encode()),
    "tasks of unknown keys": lambda: numbered("  promt#: 1\n", HEAD + "- id: a\n"),
    "a thousand tasks of keys of one's own": lambda: tasks(
        1000, lambda n: "{" + ",".join(f"x-prom{n}{k}: 1" for k in range(60)) + "}"
    ),
    "a thousand tasks of unknown keys": lambda: tasks(
        1000, lambda n: "{" + ",".join(f"prom{n}{k}: 1" for k in range(60)) + "}"
    ),
    "unknown keys at the top": lambda: numbered("nam#: 1\n"),
    "keys in the wrong place": lambda: repeated(b"- {max_parallel: 1}\n", HEAD.encode()),
    "one task many times": lambda: repeated(b"- {id: a, prompt: b}\n", HEAD.encode()),
    "one task many times by alias": lambda: repeated(
        b"- *a\n", HEAD.encode() + b"- &a {id: a, prompt: b, output: ../x, dependencies: [z]}\n"
    ),
    "one dependency many times": lambda: repeated(
        b"a,", HEAD.encode() + b"- {id: b, prompt: b, dependencies: [", b"]}\n"
    ),
    "unknown dependencies": lambda: numbered("z#,", HEAD + "- {id: b, prompt: b, dependencies: [", "]}\n"),
    "unknown dependencies and long ids": lambda: tasks(
        9,
        lambda n: f"{{id: {n}{'a' * 60_000}, prompt: x}}",
        "- {id: z9, prompt: b, dependencies: [" + "z," * 190_000 + "z]}\n",
    ),
    "ids that are nearly right": anagrams,
    "a chain": lambda: needing_the_next(""),
    "a cycle": lambda: needing_the_next("t0"),
    "tasks that all need each other": lambda: tasks(
        400, lambda n: f"{{id: t{n}, prompt: x, dependencies: [{','.join(f't{k}' for k in range(400))}]}}"
    ),
    "outputs inside each other": lambda: tasks(
        1700, lambda n: f"{{id: t{n}, prompt: x, output: {'a/' * (n % 500 + 1)}}}"
    ),
    "a deep output": lambda: repeated(b"a/", HEAD.encode() + b"- {id: b, prompt: b, output: ", b"}\n"),
    "wide characters": lambda: repeated("日".encode(), b"nam: ", b"\n"),
    "combining characters": lambda: repeated("\u0301".encode(), b"a: b: "),
    "escaped controls on the wrong line": lambda: repeated("\u202e".encode(), b"a: b: "),
}
