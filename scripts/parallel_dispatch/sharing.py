"""A report's values as they may leave the project: ids, times, tokens, outcomes and what depended on what. Pure.

What may be shared is listed here; whatever is not, also what is added one day, is left out.
"""

from __future__ import annotations

import re
from typing import Any

from .must_know import must_know
from .tree import CHANGED, CREATED, DELETED

Values = dict[str, Any]

RUN = {"id", "status", "ended", "cut_short", "rehearsal", "driver", "started", "finished", "max_parallel", "timeout"}
RUN |= {"max_minutes", "max_tokens", "budget", "on_failure", "order", "dispatch", "resume"}
TASK = {"id", "wave", "outcome", "dependencies", "wait", "critical", "output_bytes", "changed", "rewritten", "estimate"}
TASK |= {"start", "end", "seconds", "tokens", "tool_uses"}
ATTEMPT = {"number", "outcome", "queued", "claimed", "start", "end", "seconds", "sent_back", "tokens", "tool_uses"}
MODEL = re.compile(r"claude-[a-z0-9.-]{1,60}")
"""The names of models that are shared; any other was made up by somebody."""
WITHHELD = "the words are not shared"


def shared(values: Values) -> Values:
    """The values without briefs, outputs, prompts, anybody's words, names of people's own, and paths."""
    ids = {task["id"] for task in values["tasks"]}
    new: Values = {
        **values,
        "run": _run(values["run"]),
        "tasks": [_task(task) for task in values["tasks"]],
        "strays": [_stray(stray, ids) for stray in values["strays"]],
        "gaps": [WITHHELD for _ in values["gaps"]],
        "aggregate": None,
    }
    new["problems"] = must_know(new)
    return new


def _run(run: Values) -> Values:
    halted = run["halted"].partition(":")[0]  # what follows quotes an agent or the host
    resumptions = [WITHHELD for _ in run["resumptions"]]
    return {**_only(run, RUN), "halted": halted, "resumptions": resumptions, "shared": True}


def _task(task: Values) -> Values:
    return {
        **_only(task, TASK),
        "models": [model for model in task["models"] if MODEL.fullmatch(model)],
        "attempts": [{**_only(one, ATTEMPT), "model": _model(one["model"])} for one in task["attempts"]],
        "events": [{"at": one["at"], "what": one["what"], "text": ""} for one in task["events"]],
    }


def _model(names: str | None) -> str | None:
    return ", ".join(filter(MODEL.fullmatch, (names or "").split(", "))) or None


def _stray(stray: Values, ids: set[str]) -> Values:
    return {
        "path": "",
        "how": stray["how"] if stray["how"] in (CREATED, CHANGED, DELETED) else "changed",
        "tasks": [task for task in stray["tasks"] if task in ids],
        "named": stray["named"] is True,
        "owner": "",
    }


def _only(values: Values, keys: set[str]) -> Values:
    """The values of these keys; of every other one nothing but that it is there."""
    nothing: dict[type, object] = {str: "", list: [], bool: False}
    return {key: value if key in keys else nothing.get(type(value)) for key, value in values.items()}
