"""JSON for hooks: the standard library's own C scanner and encoder without the import of `re`.

`import json` costs a hook as much as starting Python does (8 ms on a small machine), nearly all of it for regular
expressions that the C scanner never uses. Where the C parts are missing, this is plain `json`.
"""

from __future__ import annotations

try:
    import _json
except ImportError:  # an interpreter without the accelerator
    _json = None  # type: ignore[assignment]


class _Context:
    """The settings of `json.JSONDecoder`, as the C scanner reads them."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float  # NaN, Infinity, -Infinity


_scan = _json.make_scanner(_Context) if _json else None  # type: ignore[arg-type]


def loads(text: str) -> object:
    """The value of a JSON text; `ValueError` where it is none."""
    if _scan is None:
        import json

        value: object = json.loads(text)
        return value
    text = text.strip(" \t\r\n")
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        raise ValueError("not JSON") from None
    if end != len(text):
        raise ValueError("text after the JSON value")
    return value


def dumps(value: object) -> str:
    """The JSON text of a value, on one line, ASCII only."""
    if _json is None:
        import json

        return json.dumps(value)
    quote = _json.encode_basestring_ascii
    encode = _json.make_encoder(None, None, quote, None, ": ", ", ", False, False, True)  # type: ignore[arg-type]
    return "".join(encode(value, 0))


def compact(value: object) -> str:
    """The JSON text of a value without blanks, in its own characters."""
    if _json is None:
        import json

        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    encode = _json.make_encoder(None, None, _json.encode_basestring, None, ":", ",", False, False, True)  # type: ignore[arg-type]
    return "".join(encode(value, 0))


def record(text: str) -> dict[str, object]:
    """The JSON object in a text; empty where it holds anything else."""
    try:
        value = loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
