"""Durations as task files give them: milliseconds, or a number with a unit."""

from __future__ import annotations

from .nodes import Node, Scalar

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000}


def milliseconds(node: Node | None) -> int | None:
    """The milliseconds of a checked duration; None where there is none."""
    if not isinstance(node, Scalar):
        return None
    if isinstance(node.value, (int, float)):
        return int(node.value)
    unit = _UNITS.get(node.text[-1:])
    return round(float(node.text[:-1]) * unit) if unit else None
