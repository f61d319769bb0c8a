"""A task file's bytes as text: what is not text is named, and lines are cut where YAML cuts them."""

from __future__ import annotations

import codecs
import re

from .problem import Problem

MAX_BYTES = 4_000_000  # 10,000 ordinary tasks take 1.5 MB; what is composed is bounded in `document`

MAX_DIRECTIVES = 100  # libyaml compares each of them with all before

_DIRECTIVE = "(?:^|[\n\r\x85\u2028\u2029])%TAG"
_BREAK = "\r\n|[\n\r\x85\u2028\u2029]"
_FORBIDDEN = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_PLAIN = {*map(ord, "\t\n\r"), *range(0x20, 0x7F)}
_UTF_16 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BINARY = bytes(set(range(32)) - set(b"\t\n\r\x1b"))
_SIGNATURES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive (or an office document)",
    b"\x1f\x8b": "a gzip archive",
    b"\x7fELF": "a program",
    b"SQLite format 3\0": "an SQLite database",
}


def split_lines(text: str) -> tuple[str, ...]:
    """The lines of a text as YAML counts them, without their ends."""
    return tuple(re.split(_BREAK, text))


def decode(name: str, data: bytes) -> tuple[str, Problem | None]:
    """The text of a file, without a byte order mark; and why the bytes are none, if so."""
    if len(data) > MAX_BYTES:
        return "", Problem(name, 1, 1, 1, "too-large", f"the file is larger than {MAX_BYTES:,} bytes; split it")
    refusal = _no_text(data)
    if refusal:
        return "", Problem(name, 1, 1, 1, "encoding", refusal)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        lines = split_lines(data[: error.start].decode())
        message = f"byte 0x{data[error.start]:02X} is not UTF-8; save the file as UTF-8"
        problem = Problem(name, len(lines), len(lines[-1]) + 1, 1, "encoding", message)
        return data.decode(errors="replace"), problem
    return text, None


def refused_character(name: str, text: str) -> Problem | None:
    """The first character that YAML does not allow, as a problem."""
    if text.isascii() and not text.encode().translate(None, bytes(_PLAIN)):
        return None  # to compile the pattern takes longer than to read a small file
    found = re.search(_FORBIDDEN, text)
    if found is None:
        return None
    lines = split_lines(text[: found.start()])
    character = found.group()
    if character == "\0":
        message = "a NUL character; this is not a text file, or it was damaged"
    elif character == "\ufeff":
        message = "a byte order mark in the middle of the text; delete it"
    else:
        message = f"the control character U+{ord(character):04X} is not allowed in YAML; delete it"
    return Problem(name, len(lines), len(lines[-1]) + 1, 1, "encoding", message)


def refused_directives(name: str, text: str) -> Problem | None:
    """The first of too many tag directives, as a problem."""
    if text.count("%TAG") <= MAX_DIRECTIVES:
        return None
    found = list(re.finditer(_DIRECTIVE, text))
    if len(found) <= MAX_DIRECTIVES:
        return None
    line = len(split_lines(text[: found[0].end()]))
    message = f"more than {MAX_DIRECTIVES} tag directives; a task file needs none, delete them"
    return Problem(name, line, 1, len("%TAG"), "too-large", message)


def _no_text(data: bytes) -> str | None:
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            return f"the file is {what}, not a YAML text"
    sample = data[:1024]
    zeros, length = sample.count(0), len(sample)
    if sample.startswith(_UTF_16) or (0 in sample[:2] and length // 4 <= zeros <= length * 3 // 4):
        return "the file is UTF-16 or UTF-32; save it as UTF-8"
    if len(sample.translate(None, _BINARY)) < length - max(3, length // 20):
        return "the file is binary, not a YAML text"
    return None
