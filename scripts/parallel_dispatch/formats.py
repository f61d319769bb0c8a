"""Problems in the forms that programs read: JSON, the annotations of GitHub Actions, SARIF."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING

from .kinds import KINDS
from .visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .problem import Problem

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_IN_URI = string.ascii_letters + string.digits + "-._~/"
_COMMANDS = {"error": "error", "warning": "warning", "advice": "notice"}
_SARIF_LEVELS = {"error": "error", "warning": "warning", "advice": "note"}


def as_json(files: Sequence[str], problems: Iterable[Problem]) -> str:
    """One JSON object: the names of the files that were checked and the list of their problems."""
    found = [
        {
            "file": _sound(problem.file),
            "line": problem.line,
            "column": problem.column,
            "end_column": problem.column + problem.length,
            "kind": problem.kind,
            "level": problem.level,
            "message": _sound(problem.message),
        }
        for problem in problems
    ]
    return json.dumps({"files": [_sound(file) for file in files], "problems": found}, indent=2) + "\n"


def _sound(text: str) -> str:
    """The text without lone surrogates, which stand for bytes of a file name that are no text, and no JSON either."""
    return text.encode(errors="backslashreplace").decode()


def as_github(problems: Iterable[Problem]) -> str:
    """A workflow command for each problem; the runner makes annotations of them."""
    return "".join(_command(problem) for problem in problems)


def _command(problem: Problem) -> str:
    properties = {
        "file": problem.file,
        "line": problem.line,
        "col": problem.column,
        "endColumn": problem.column + problem.length - 1,  # the last one, not the one after it
        "title": problem.kind,
    }
    values = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items())
    return f"::{_COMMANDS[problem.level]} {values}::{_escaped(visible(problem.message))}\n"


def _escaped(text: str, also: str = "") -> str:
    """The text with `%`, line ends and the characters of `also` written as GitHub's runner reads them back."""
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" + also else c for c in text)


def as_sarif(files: Sequence[str], problems: Iterable[Problem], version: str) -> str:
    """A SARIF 2.1.0 log of one run; `version` is the product's."""
    found = list(problems)
    kinds = [*KINDS, *sorted({problem.kind for problem in found} - set(KINDS))]
    numbers = {kind: number for number, kind in enumerate(kinds)}
    driver = {"name": "parallel-dispatch", "version": version, "rules": [_rule(kind) for kind in kinds]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": _location(file)} for file in files],
        "results": [_result(problem, numbers[problem.kind]) for problem in found],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str) -> dict[str, object]:
    kind = KINDS.get(name)
    if kind is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": kind.meaning},
        "help": {"text": f"{kind.meaning} {kind.remedy}"},
        "defaultConfiguration": {"level": _SARIF_LEVELS[kind.level]},
    }


def _result(problem: Problem, rule: int) -> dict[str, object]:
    region = {
        "startLine": problem.line,
        "startColumn": problem.column,
        "endColumn": problem.column + problem.length,
    }
    return {
        "ruleId": problem.kind,
        "ruleIndex": rule,
        "level": _SARIF_LEVELS[problem.level],
        "message": {"text": _sound(problem.message)},
        "locations": [{"physicalLocation": {"artifactLocation": _location(problem.file), "region": region}}],
    }


def _location(file: str) -> dict[str, str]:
    """A file as a URI; a relative one is relative to the top of the sources."""
    uri = "".join(chr(b) if chr(b) in _IN_URI else f"%{b:02X}" for b in file.encode(errors="surrogateescape"))
    return {"uri": f"file://{uri}"} if file.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}
