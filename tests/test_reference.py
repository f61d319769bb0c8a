"""`parallel-dispatch schema`, and docs/task-file.md: the schema in other words, and nothing else."""

import json
import os

import pytest
from parallel_dispatch import cli, reference, schema
from parallel_dispatch.places import ROOT, read_text

PAGE = os.path.join(ROOT, "docs", "task-file.md")


def printed(capsys, *arguments):
    code = cli.main(("schema", *arguments))
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    return said.out


def rows(properties, **more):
    """What the reference says of these keys of a task file: the cells by key."""
    page = reference.markdown({"type": "object", "properties": properties, **more})
    table = page.partition("## The file")[2]
    return {line.split(" | ")[0].strip("| `"): line.strip("| \n").split(" | ")[1:] for line in table.split("\n| `")[1:]}


def value(rule, **more):
    return rows({"key": rule}, **more)["key"][0]


def keywords(rules):
    """Every keyword that a schema uses, wherever it stands."""
    if not isinstance(rules, dict):
        return set()
    found = set(rules)
    for inner in ("items", "additionalProperties", "propertyNames"):
        found |= keywords(rules.get(inner))
    for inner in ("properties", "patternProperties", "$defs"):
        for rule in rules.get(inner, {}).values():
            found |= keywords(rule)
    return found


def test_the_schema_is_printed_as_it_is(capsys):
    assert printed(capsys) == read_text(schema.PATH)
    assert printed(capsys, "--format", "markdown") == reference.markdown(schema.read())


def test_the_path_of_the_schema_is_absolute_and_leads_to_it(capsys):
    path = printed(capsys, "--path").removesuffix("\n")
    assert os.path.isabs(path)
    assert json.loads(read_text(path)) == schema.read()


def test_the_schema_has_a_name_of_its_own_that_is_no_place():
    assert schema.read()["$id"] == "urn:parallel-dispatch:schema:task-file"


@pytest.mark.parametrize("arguments", [("--path", "--format", "markdown"), ("--format", "html")])
def test_what_does_not_fit_is_wrong_usage(capsys, arguments):
    assert cli.main(("schema", *arguments)) == 2
    assert capsys.readouterr().err.startswith("usage: parallel-dispatch schema")


def test_the_page_is_what_the_schema_says():
    """UPDATE_GOLDEN=1 makes the page anew, as `parallel-dispatch schema --format markdown` does."""
    page = reference.markdown(schema.read())
    if os.environ.get("UPDATE_GOLDEN"):
        with open(PAGE, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
    assert read_text(PAGE) == page


def test_the_reference_has_words_for_every_keyword_of_the_schema():
    assert keywords(schema.read()) - reference.KEYWORDS == set()
    assert keywords(schema.read()) >= {"patternErrorMessage", "x-unit", "required", "enum", "minItems"}


def test_every_key_of_the_schema_is_described_and_has_a_row():
    def keys(rules):
        for name, rule in rules.get("properties", {}).items():
            yield name, rule
            for inner in (rule, rule.get("items"), rule.get("additionalProperties")):
                yield from keys(inner) if isinstance(inner, dict) else ()

    page = reference.markdown(schema.read())
    found = list(keys(schema.read()))
    assert len(found) >= 16
    assert [name for name, rule in found if not rule.get("description")] == []
    assert [name for name, _ in found if f"| `{name}` | " not in page] == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": "boolean"}, "`true` or `false`"),
        ({"type": "integer", "minimum": 1, "maximum": 16}, "whole number, 1 to 16"),
        ({"type": "integer", "minimum": 0, "x-unit": "milliseconds"}, "whole number of milliseconds, 0 or more"),
        ({"type": "number", "maximum": 2.5}, "number, 2.5 or less"),
        ({"type": ["integer", "string"]}, "whole number or text"),
        ({"enum": ["all", "any", 2]}, "`all`, `any` or `2`"),
        ({"const": 3}, "`3`"),
        ({"type": "string", "minLength": 1, "maxLength": 9}, "text, 1 to 9 characters"),
        ({"type": "string", "pattern": "^a|b$"}, "text, must match `^a\\|b$`"),
        ({"type": "string", "pattern": "x", "patternErrorMessage": "must hold an x"}, "text, must hold an x"),
        ({"type": "array", "items": {"type": "string"}}, "list of text"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 1}, "list of whole numbers, 1 or more items"),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}}, "list of (whole number, 1 or more)"),
        ({"type": "array", "uniqueItems": True}, "list, each once"),
        ({"type": "array", "items": {"properties": {"a": {}}}}, "list of mappings, see `key[]`"),
        ({"type": "object", "properties": {"a": {}}}, "mapping, see `key`"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "mapping of names to whole numbers"),
        ({"additionalProperties": {"properties": {"a": {}}}}, "mapping of names to mappings, see `key.NAME`"),
        ({"patternProperties": {"^x-": {}, "^[a-z]": {"type": "string"}}}, "mapping of names to text"),
        ({"type": "object", "propertyNames": {"pattern": "^a"}}, "mapping, names must match `^a`"),
        ({"type": "object", "minProperties": 1}, "mapping, 1 or more keys"),
        ({}, "anything"),
    ],
    ids=str,
)
def test_a_rule_in_words(rule, words):
    assert value(rule) == words


def test_a_reference_inside_the_schema_is_followed():
    defined = {"count": {"type": "integer", "description": "How many."}}
    assert rows({"key": {"$ref": "#/$defs/count", "default": 2}}, **{"$defs": defined}) == {
        "key": ["whole number", "`2`", "How many."]
    }


def test_defaults_and_what_is_required():
    found = rows({"a": {"default": ""}, "b": {"default": []}, "c": {"default": "x"}, "d": {}, "e": {}}, required=["e"])
    assert [cells[1] for cells in found.values()] == ['`""`', "`[]`", "`x`", "–", "**required**"]


def test_every_mapping_has_a_section_however_deep_it_lies():
    contract = {"properties": {"sections": {"type": "array", "items": {"properties": {"title": {}}}}}}
    task = {"properties": {"contract": contract}}
    pools = {"additionalProperties": {"properties": {"instances": {}}}}
    page = reference.markdown({"properties": {"tasks": {"items": task}, "agents": pools}})
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert headings == [
        "## In an editor",
        "## The file",
        "## `tasks[]`",
        "## `tasks[].contract`",
        "## `tasks[].contract.sections[]`",
        "## `agents.NAME`",
    ]
