"""What briefs ask of tasks whose outputs are taken together, in the words of docs/findings.md. Hooks write briefs."""

from __future__ import annotations

from .plan import Plan, PlannedTask

_AS_LIST = (
    "Programs read your findings. Put all of them into a section `## Findings`, as a list in this form, or `None.`:",
    "- [high] src/file.py:42 - What is wrong. Fix: what to do.",
    "The severities are critical, high, medium, low, info. What follows indented belongs to the finding above it.",
)
_AS_JSON = (
    "Programs read your findings. Put all of them under the key `findings`, an empty list if there are none:",
    '{"findings": [{"severity": "high", "file": "src/file.py", "line": 42, "title": "", "details": "", "fix": ""}]}',
    "The severities are critical, high, medium, low, info.",
)


def convention(plan: Plan, task: PlannedTask) -> list[str]:
    """The lines about the form in which the output of a task is read; none where nobody reads it."""
    asked, sources = plan.aggregate, plan.aggregate.get("from")
    if not isinstance(sources, list) or task.id not in sources or task.id == plan.integrator:
        return []
    is_json = task.output.lower().endswith(".json")
    if asked.get("strategy") == "consensus":
        keys = asked.get("keys")
        return [_value(str(key), is_json=is_json) for key in (keys if isinstance(keys, list) else [])]
    if task.contract.get("json_schema"):
        return []  # whose schema says the form
    return list(_AS_JSON if is_json else _AS_LIST)


def _value(key: str, *, is_json: bool) -> str:
    """How a task states one value."""
    if is_json:
        return f"A program counts what you state: give it under the key `{key}`, as one short text, number or boolean."
    line = f"{key[:1].upper()}{key[1:]}: …"
    return f"A program counts what you state: give it in one line of its own, `{line}`, in as few words as you can."
