"""What the schema says about a document. jsonschema decides; the words come from `wording`.

It is imported when it has something to decide: most files hold only what is `certain`, and need no words.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
from typing import TYPE_CHECKING

from . import certain, quickjson
from .problem import MAX_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import jsonschema

    from .document import Document
    from .problem import Problem
    from .wording import Breach, Path

    _Keyword = tuple[str, object]

SHORT, MANY = 100, 1000  # characters of a text, and texts, that are judged once
MAX_MESSAGE = 1000  # characters; jsonschema writes the whole value out

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = os.path.join(_ROOT, "schema", "task-file.schema.json")


@functools.cache
def read(path: str = PATH) -> dict[str, object]:
    """The schema as a value; each file is read once."""
    with open(path, encoding="utf-8") as file:
        schema = quickjson.loads(file.read())
    if not isinstance(schema, dict):
        raise TypeError(f"{path} holds no JSON Schema object")
    return schema


def check(document: Document, schema: dict[str, object] | None = None) -> list[Problem]:
    """Every way in which a document breaks the schema (the product's own when none is given), in no special order.

    Of a hostile document not every way: nobody reads more than MAX_PROBLEMS.
    """
    if document.root is None:
        return []
    schema = read() if schema is None else schema
    breaches: list[Breach] = []
    _Rules(_Jsonschema(schema), schema).collect(document.root.value, (), breaches)
    if not breaches:
        return []
    from .wording import explain

    deciding: dict[
        object, str
    ] = {}  # one mistake, one problem: a list of values says the type too, a type says the rest
    for keyword in ("type", "enum"):
        deciding.update((breach.path, keyword) for breach in breaches if breach.keyword == keyword)
    known = {(problem.line, problem.column) for problem in document.problems}
    problems: dict[Problem, None] = {}
    for breach in breaches:
        if len(problems) > MAX_PROBLEMS:
            break
        if breach.path in deciding and breach.keyword != deciding[breach.path]:
            continue
        for problem in itertools.islice(explain(document, breach, schema), MAX_PROBLEMS + 1):
            if problem.kind in {"unknown-key", "missing-key"} or (problem.line, problem.column) not in known:
                problems[problem] = None
    return list(problems)


class _Jsonschema:
    """jsonschema with a whole schema."""

    def __init__(self, schema: dict[str, object]) -> None:
        self._schema = schema

    @functools.cached_property
    def validator(self) -> jsonschema.Draft202012Validator:
        """Its validator; the import takes 60 ms."""
        import jsonschema

        return jsonschema.Draft202012Validator(self._schema)


class _Rules:
    """One schema, ready to be applied many times.

    jsonschema judges every keyword about which nothing is certain without it. It is asked once where its answer cannot
    change: what it finds in order about a value's type or a mapping's keys, it finds in order about the next ones like
    it. The way down to what a value holds is gone here, since jsonschema makes a new validator for each value that it
    comes to.
    """

    def __init__(self, root: _Jsonschema, schema: dict[str, object]) -> None:
        self._schema = schema
        self._root = root
        self._by_key = {name: _Rules(root, rules) for name, rules in _subschemas(schema, "properties")}
        self._by_pattern = [
            (re.compile(name), _Rules(root, rules)) for name, rules in _subschemas(schema, "patternProperties")
        ]
        items = schema.get("items")
        self._of_items = _Rules(root, items) if isinstance(items, dict) and "prefixItems" not in schema else None
        gone = {
            *(("properties",) if self._by_key else ()),
            *(("patternProperties",) if self._by_pattern else ()),
            *(("items",) if self._of_items else ()),
        }
        keywords = [
            (name, wanted) for name, wanted in schema.items() if name not in gone and not certain.is_silent(name)
        ]
        self._of_type = [k for k in keywords if k[0] == "type"]
        self._of_keys = [k for k in keywords if _is_about_keys(*k, schema)]
        self._of_values = [k for k in keywords if k not in self._of_type and k not in self._of_keys]
        self._right_types: set[type] = set()
        self._right_texts: set[object] = set()  # short ones, for they come again
        self._right_by_type: set[type] = set()  # of which nothing else is asked
        self._right_keys: dict[tuple[str, ...], list[tuple[str, _Rules]]] = {}

    def collect(self, value: object, path: Path, found: list[Breach]) -> None:
        """Adds what the schema refuses in a value and in all that it holds; a hostile value could hold 100,000."""
        if len(found) > MAX_PROBLEMS:
            return
        self._judge_itself(value, path, found)
        inside: Iterable[tuple[str | int, object, _Rules]] = ()
        if isinstance(value, dict):
            inside = [(name, value[name], rules) for name, rules in self._inside(value, path, found)]
        elif self._of_keys:
            self._judge(self._of_keys, value, path, found)
        if isinstance(value, list) and self._of_items:
            inside = ((index, item, self._of_items) for index, item in enumerate(value))
        for step, inner, rules in inside:
            if not rules.knows(inner):
                rules.collect(inner, (*path, step), found)

    def _judge_itself(self, value: object, path: Path, found: list[Breach]) -> None:
        """Adds what is wrong with a value, whatever it holds, and keeps in mind what is right."""
        kind = type(value)
        if kind not in self._right_types and self._judge(self._of_type, value, path, found) and kind is not float:
            self._right_types.add(kind)  # of floats 4.0 is an integer and 4.5 is none
            if not self._of_values and kind not in (dict, list):
                self._right_by_type.add(kind)
        if self._of_values:
            is_right = self._judge(self._of_values, value, path, found) and kind in self._right_types
            if is_right and isinstance(value, str) and len(value) < SHORT and len(self._right_texts) < MANY:
                self._right_texts.add(value)

    def knows(self, value: object) -> bool:
        """Whether a value like this one, or its very text, was found right before."""
        kind = type(value)
        return kind in self._right_by_type or (kind is str and value in self._right_texts)

    def _inside(self, value: dict[str, object], path: Path, found: list[Breach]) -> list[tuple[str, _Rules]]:
        """The keys of a mapping with the schemas of what they hold, after the keys themselves were judged."""
        names = tuple(value)
        inside = self._right_keys.get(names)
        if inside is None:
            inside = [(name, rules) for name in names for rules in self._for_key(name)]
            if self._judge(self._of_keys, value, path, found):
                self._right_keys[names] = inside
        return inside

    def _for_key(self, name: str) -> list[_Rules]:
        """The schemas of what a key holds."""
        patterns = [rules for pattern, rules in self._by_pattern if pattern.search(name)]
        return [self._by_key[name], *patterns] if name in self._by_key else patterns

    def _judge(self, keywords: list[_Keyword], value: object, path: Path, found: list[Breach]) -> bool:
        """Whether nothing is wrong; what is, jsonschema finds, and it is added."""
        before = len(found)
        for keyword, wanted in keywords:
            if certain.judge(keyword, wanted, value, self._schema):
                continue
            for error in self._errors(keyword, wanted, value):
                if len(found) > MAX_PROBLEMS:
                    return False
                found.append(self._breach(error, keyword, wanted, path))
        return len(found) == before

    @functools.cached_property
    def _validator(self) -> jsonschema.Draft202012Validator:
        return self._root.validator.evolve(schema=self._schema)

    def _errors(self, keyword: str, wanted: object, value: object) -> Iterable[jsonschema.ValidationError]:
        """What jsonschema finds wrong with a value by one keyword; nothing where it does not know that."""
        judge = self._validator.VALIDATORS.get(keyword)
        return (judge(self._validator, wanted, value, self._schema) or ()) if judge else ()

    def _breach(self, error: jsonschema.ValidationError, keyword: str, wanted: object, path: Path) -> Breach:
        """An error in the value itself, or below it where jsonschema went on by itself, which names its keyword."""
        from .wording import Breach

        path = (*path, *error.path)
        message = str(error.message)[:MAX_MESSAGE]
        if not isinstance(error.validator, (str, type(None))):  # None: of the schema `false`
            return Breach(path, keyword, wanted, self._schema, message)
        rules = error.schema if isinstance(error.schema, dict) else self._schema
        return Breach(path, str(error.validator), error.validator_value, rules, message)


def _is_about_keys(keyword: str, wanted: object, schema: dict[str, object]) -> bool:
    """Whether a keyword judges a mapping by its keys alone."""
    if keyword in {"required", "dependentRequired"}:
        return True
    if keyword == "additionalProperties":
        return wanted is False
    if keyword == "if":
        return all(_is_about_keys("not", schema.get(branch, {}), schema) for branch in ("if", "then", "else"))
    if keyword == "not" and isinstance(wanted, dict):
        return all(_is_about_keys(inner, value, wanted) for inner, value in wanted.items())
    return False


def _subschemas(schema: dict[str, object], keyword: str) -> list[tuple[str, dict[str, object]]]:
    """The schemas in a keyword, by name; none where one of them is no mapping, which is left to jsonschema."""
    found = schema.get(keyword)
    named = found.items() if isinstance(found, dict) else ()
    return list(named) if all(isinstance(rules, dict) for _, rules in named) else []
