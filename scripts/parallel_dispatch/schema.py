"""What the schema says about a document. jsonschema decides; the words come from `wording`."""

from __future__ import annotations

import functools
import itertools
import json
import os
from typing import TYPE_CHECKING

import jsonschema

from .problem import MAX_PROBLEMS
from .wording import Breach, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .document import Document
    from .problem import Problem

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = os.path.join(_ROOT, "schema", "task-file.schema.json")


@functools.cache
def read(path: str = PATH) -> dict[str, object]:
    """The schema as a value; each file is read once."""
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    if not isinstance(schema, dict):
        raise TypeError(f"{path} holds no JSON Schema object")
    return schema


def check(document: Document, schema: dict[str, object] | None = None) -> list[Problem]:
    """Every way in which a document breaks the schema (the product's own when none is given), in no special order."""
    if document.root is None:
        return []
    schema = read() if schema is None else schema
    breaches = list(itertools.islice(_breaches(schema, document.root.value), MAX_PROBLEMS + 1))
    deciding: dict[
        object, str
    ] = {}  # one mistake, one problem: a list of values says the type too, a type says the rest
    for keyword in ("type", "enum"):
        deciding.update((breach.path, keyword) for breach in breaches if breach.keyword == keyword)
    known = {(problem.line, problem.column) for problem in document.problems}
    problems: dict[Problem, None] = {}
    for breach in breaches:
        if breach.path in deciding and breach.keyword != deciding[breach.path]:
            continue
        for problem in itertools.islice(explain(document, breach, schema), MAX_PROBLEMS + 1):
            if problem.kind in {"unknown-key", "missing-key"} or (problem.line, problem.column) not in known:
                problems[problem] = None
    return list(problems)


def _breaches(schema: dict[str, object], value: object) -> Iterator[Breach]:
    for error in jsonschema.Draft202012Validator(schema).iter_errors(value):
        rules = error.schema if isinstance(error.schema, dict) else {}
        yield Breach(tuple(error.absolute_path), str(error.validator), error.validator_value, rules, str(error.message))
