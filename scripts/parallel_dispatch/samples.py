"""JSON made up for simple schemas, for the scripted agents of rehearsals. Pure."""

from __future__ import annotations

from .json_schema import place, violations
from .refusal import Refusal

MAX_DEPTH = 20
MAX_COUNT = 1000


def sample(schema: dict[str, object]) -> tuple[object, str]:
    """A value that a schema allows, and why there is none where it asks for more than a rehearsal can make up."""
    value = _made(schema, schema, 0)
    try:
        wrong = [f"{place(at)} {words}" for at, words in violations(schema, value)]
    except Refusal as refusal:
        wrong = [str(refusal)]
    return (None, wrong[0]) if wrong else (value, "")


def _made(schema: object, root: dict[str, object], depth: int) -> object:
    """A value by the plainest keywords; what the others ask for shows when the whole is held against the schema."""
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return None
    if "const" in schema:
        return schema["const"]
    for keyword in ("enum", "anyOf", "oneOf"):
        found = schema.get(keyword)
        if isinstance(found, list) and found:
            return found[0] if keyword == "enum" else _made(found[0], root, depth + 1)
    if isinstance(schema.get("$ref"), str):
        return _made(_pointed(root, str(schema["$ref"])), root, depth + 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" or (kind is None and ("properties" in schema or "required" in schema)):
        return _object(schema, root, depth)
    if kind == "array":
        items = schema.get("items", {"type": "string"})
        return [_made(items, root, depth + 1) for _ in range(_count(schema, "minItems"))]
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "boolean":
        return True
    return None if kind == "null" else _text(schema)


def _object(schema: dict[str, object], root: dict[str, object], depth: int) -> dict[str, object]:
    names, inner = schema.get("required"), schema.get("properties")
    rules = inner if isinstance(inner, dict) else {}
    return {
        str(name): _made(rules.get(name, {"type": "string"}), root, depth + 1)
        for name in (names if isinstance(names, list) else ())
    }


def _number(schema: dict[str, object]) -> object:
    above = schema.get("exclusiveMinimum")
    return schema.get("minimum", above + 1 if isinstance(above, (int, float)) else min(0, _limit(schema)))


def _limit(schema: dict[str, object]) -> float:
    most = schema.get("maximum")
    return most if isinstance(most, (int, float)) else 0


def _text(schema: dict[str, object]) -> str:
    most = schema.get("maxLength")
    text = "rehearsal" + "." * (_count(schema, "minLength") - len("rehearsal"))
    return text[:most] if isinstance(most, int) else text


def _count(schema: dict[str, object], keyword: str) -> int:
    value = schema.get(keyword)
    return min(int(value), MAX_COUNT) if isinstance(value, (int, float)) else 0


def _pointed(root: object, reference: str) -> object:
    """What a reference inside the schema leads to, where its keys are plain."""
    for step in reference.removeprefix("#").strip("/").split("/"):
        root = root.get(step) if step and isinstance(root, dict) else root
    return root
