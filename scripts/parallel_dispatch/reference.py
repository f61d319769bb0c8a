"""The reference of the task file language, as Markdown, from the schema alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYWORDS = {
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "additionalProperties",
    "const",
    "default",
    "description",
    "enum",
    "if",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "patternErrorMessage",
    "patternProperties",
    "properties",
    "propertyNames",
    "required",
    "then",
    "title",
    "type",
    "uniqueItems",
    "x-noun",
    "x-sentences",
    "x-synonyms",
    "x-unit",
}
"""What of JSON Schema the reference can put into words; a test holds the schema to it."""

_INTRODUCTION = """\
# The task file

The reference of every key. `parallel-dispatch schema --format markdown` prints this page from
[the schema](../schema/task-file.schema.json); do not edit it by hand.

```yaml
name: payment-review
tasks:
  - id: security
    prompt: Review src/payment for injection, authentication and secrets.
  - id: performance
    prompt: Review src/payment for N+1 queries, leaks and needless work.
  - id: merged
    prompt: Merge both reviews into one list, worst first. Keep every finding.
    dependencies: [security, performance]
settings:
  max_parallel: 2
```

`parallel-dispatch new` writes a commented file to begin with; what a wrong file is told stands in
[problems.md](problems.md). The command line wins over the file's `settings`, these over the defaults. An unknown key is
an error, so that a misspelt one does not go unnoticed; keys that begin with `x-` are yours.

## In an editor

The first line that `new` writes, `# yaml-language-server: $schema=file:///…`, gives editors with the YAML language
server (VS Code with the YAML extension, Neovim, Emacs, Helix, …) completion, descriptions on hover, and most checks
while you type; tried with yaml-language-server 1.25.0. It names the schema of the plugin that is installed on this
machine, so it works at once and without network. It is a comment: on another machine the task file stays as valid as it
is, and only the editor says that it does not find the schema. For a file that a team shares, keep a copy of the schema
beside it and name that, relative to the task file:

```sh
parallel-dispatch schema > task-file.schema.json
# and as the first line of the task file:
# yaml-language-server: $schema=task-file.schema.json
```

`parallel-dispatch schema --path` prints the path of the installed one, for the settings of an editor."""

_NOUNS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "array": "list",
    "object": "mapping",
    "null": "nothing",
}


def markdown(schema: dict[str, object]) -> str:
    """The whole page: an introduction, then a section for every mapping that a task file holds."""
    parts = [_INTRODUCTION]
    for path, rules in _mappings(schema, schema, ""):
        heading = f"## `{path}`" if path else "## The file"
        text = str(rules.get("description", ""))
        table = "\n".join(_table(schema, rules, path))
        parts.append("\n\n".join(part for part in (heading, text, table) if part))
    return "\n\n".join(parts) + "\n"


def _mappings(
    schema: dict[str, object], rules: dict[str, object], path: str
) -> Iterator[tuple[str, dict[str, object]]]:
    """Every mapping with keys of its own below these rules, outer ones first, with the path that leads to it."""
    if "properties" in rules:
        yield path, rules
    for key, value in _mapping(rules.get("properties")).items():
        yield from _mappings(schema, _resolved(schema, value), f"{path}.{key}" if path else key)
    for inner, step in ((rules.get("items"), "[]"), (_named(rules), ".NAME")):
        if isinstance(inner, dict):
            yield from _mappings(schema, _resolved(schema, inner), path + step)


def _table(schema: dict[str, object], rules: dict[str, object], path: str) -> Iterator[str]:
    required = rules.get("required")
    required = required if isinstance(required, list) else []
    yield "| Key | Value | Default | Meaning |"
    yield "|-----|-------|---------|---------|"
    for key, value in _mapping(rules.get("properties")).items():
        rule = _resolved(schema, value)
        default = "**required**" if key in required else _code(rule["default"]) if "default" in rule else "–"
        kind = _value(schema, rule, f"{path}.{key}" if path else key)
        cells = (f"`{key}`", kind, default, str(rule.get("description", "")))
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _value(schema: dict[str, object], rule: dict[str, object], path: str) -> str:
    """What may stand as a value: its type, its limits, and where its own keys are explained."""
    return ", ".join([_type(schema, rule, path), *_limits(rule), *_see(schema, rule, path)])


def _see(schema: dict[str, object], rule: dict[str, object], path: str) -> Iterator[str]:
    inner, named = _resolved(schema, rule.get("items")), _resolved(schema, _named(rule))
    if "properties" in inner:
        yield f"see `{path}[]`"
    elif "properties" in rule:
        yield f"see `{path}`"
    elif "properties" in named:
        yield f"see `{path}.NAME`"


def _type(schema: dict[str, object], rule: dict[str, object], path: str) -> str:
    if "const" in rule:
        return _code(rule["const"])
    if isinstance(rule.get("enum"), list):
        return _one_of([_code(value) for value in _list(rule["enum"])])
    if "x-noun" in rule:
        return str(rule["x-noun"]).removeprefix("a ")
    unit = f" of {rule['x-unit']}" if "x-unit" in rule else ""
    if isinstance(rule.get("items"), dict):
        return f"list of {_each(schema, rule['items'], path)}"
    named = _named(rule)
    if named is not None and "properties" not in rule:
        return f"mapping of names to {_each(schema, named, path)}"
    types = _list(rule.get("type")) if isinstance(rule.get("type"), list) else [rule.get("type")]
    return _one_of([_NOUNS.get(str(kind), "anything") for kind in types]) + unit


def _each(schema: dict[str, object], rule: object, path: str) -> str:
    """The value of each item, in parentheses where it takes more than a word."""
    found = _resolved(schema, rule)
    if "properties" in found:
        return "mappings"
    words = _value(schema, found, f"{path}[]")
    return {"whole number": "whole numbers", "number": "numbers"}.get(words, f"({words})" if ", " in words else words)


def _limits(rule: dict[str, object]) -> Iterator[str]:
    yield from _range(
        rule.get("minimum"), rule.get("maximum"), " ms" if "milliseconds" in str(rule.get("x-noun")) else ""
    )
    yield from _range(rule.get("minLength"), rule.get("maxLength"), " characters")
    yield from _range(rule.get("minItems"), rule.get("maxItems"), " items")
    yield from _range(rule.get("minProperties"), None, " keys")
    if rule.get("uniqueItems"):
        yield "each once"
    if "pattern" in rule and "x-noun" not in rule:
        yield str(rule.get("patternErrorMessage") or f"must match {_code(rule['pattern'])}")
    names = _mapping(rule.get("propertyNames"))
    if "pattern" in names:
        yield f"names {names.get('patternErrorMessage') or 'must match ' + _code(names['pattern'])}"


def _range(low: object, high: object, of: str) -> Iterator[str]:
    if low is not None and high is not None:
        yield f"{low} to {high}{of}"
    elif low is not None:
        yield f"{low} or more{of}"
    elif high is not None:
        yield f"{high} or less{of}"


def _resolved(schema: dict[str, object], rule: object) -> dict[str, object]:
    """The rules that a `$ref` inside the schema leads to, with what stands beside it."""
    found = _mapping(rule)
    reference = found.get("$ref")
    if not isinstance(reference, str):
        return found
    target: object = schema
    for step in reference.removeprefix("#/").split("/"):
        target = _mapping(target).get(step)
    return {**_resolved(schema, target), **{key: value for key, value in found.items() if key != "$ref"}}


def _named(rule: dict[str, object]) -> object:
    """The rules for values under names that the writer chooses; None where there are none."""
    found = rule.get("additionalProperties")
    if isinstance(found, dict):
        return found
    patterns = _mapping(rule.get("patternProperties"))
    return next((value for pattern, value in patterns.items() if pattern != "^x-"), None)


def _one_of(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _code(value: object) -> str:
    return f"`{value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "\\<")


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
