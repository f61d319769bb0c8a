"""The report as one page for browsers: all of it drawn here, so that it can be read where no script runs."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from . import gantt, layers
from .finding import SEVERITIES
from .gantt import lasting
from .page_texts import data, excerpts, line
from .templates import raw, render, source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .page_texts import Excerpt

TEMPLATE, STYLE, SCRIPT = "report.html.j2", "report.css", "report.js"
UNMEASURED = "not measured"
MOST_FINDINGS = 2_000
"""The table shows so many findings; report.json has all."""
MOST_ROWS = 200
"""Every other list shows so many rows."""
STATUS = {"complete": "Complete", "partial": "Partial", "failed": "Failed", "open": "Not ended"}
OUTCOMES = {
    "success": "Succeeded",
    "partial": "Partial",
    "failed": "Failed",
    "skipped": "Skipped",
    "cancelled": "Cancelled",
    "not needed": "Not needed",
    "open": "Did not end",
    "complete": "Succeeded",
}
"""What each outcome, of a task or a wave, is called, in the order of the legend."""

Values = dict[str, Any]
"""A part of the report's values, as report.json has them."""


class Figure(NamedTuple):
    """One of the summary's figures; an empty value was not measured."""

    label: str
    value: str
    note: str = ""
    method: str = ""
    """How an estimate was made."""


class Count(NamedTuple):
    """How many tasks have an outcome, and where they lie in a bar of all, in percent."""

    kind: str
    name: str
    number: int
    left: float
    width: float


class Row(NamedTuple):
    """A task in the timeline."""

    task: Values
    kind: str
    outcome: str
    time: str
    tokens: str
    bars: list[gantt.Bar]
    said: str


def render_page(values: Values, texts: Mapping[str, Mapping[str, Excerpt]]) -> str:
    """The HTML of a report. `values` are those of report.json; `texts` what tasks were told and wrote, if anything.

    A project's own templates are not asked: a page runs in the browser of whoever opens it.
    """
    style, script = source(STYLE), source(SCRIPT)
    run, summary, tasks = values["run"], values["summary"], values["tasks"]
    length = gantt.length_of(tasks)
    overlap = summary["overlap"]
    most = max(run["max_parallel"] or 1, *(n for _, n in overlap["profile"]), 1) if overlap else 1
    return render(
        "",
        TEMPLATE,
        {
            **{name: values[name] for name in ("waves", "strays", "gaps", "problems", "version")},
            "run": run,
            "summary": summary,
            "tasks": tasks,
            "title": line(run["name"], 200) or f"Run {run['id']}",
            "status": "Cancelled" if run["ended"] == "cancelled" else STATUS.get(run["status"], run["status"]),
            "started": _day(run["started"]),
            "finished": _day(run["finished"]),
            "figures": _figures(run, summary),
            "counts": _counts(tasks),
            "rows": [_row(task, length) for task in tasks],
            "numbers": {task["id"]: at for at, task in enumerate(tasks)},
            "kinds": {task["id"]: _kind(task["outcome"]) for task in tasks},
            "length": length,
            "ticks": gantt.ticks(length),
            "profile": gantt.profile(overlap["profile"], length, most) if overlap else "",
            "most": most,
            "picture": layers.picture(tasks, summary["critical_path"]),
            "aggregate": _aggregate(values["aggregate"]),
            "severities": SEVERITIES,
            "MOST_FINDINGS": MOST_FINDINGS,
            "MOST_ROWS": MOST_ROWS,
            "line": line,
            "lasting": _lasting,
            "count": _count,
            "tokens": _tokens,
            "kind": _kind,
            "outcomes": OUTCOMES,
            "policy": _policy(style, script),
            "style": raw(style),
            "script": raw(script),
            "facts": raw(data([_harmless(task) for task in tasks])),
            "texts": raw(data(excerpts(tasks, texts))),
            "has_texts": bool(texts),
        },
    )


def _policy(style: str, script: str) -> str:
    """What the page may do: apply its own style and run its own script, told by their hashes; nothing else at all."""
    digests = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _harmless(value: object, most: int = 2_000) -> object:
    """A value of plain values with every text in it in one bounded line."""
    if isinstance(value, dict):
        return {line(key): _harmless(one, most) for key, one in value.items()}
    if isinstance(value, list):
        return [_harmless(one, most) for one in value]
    return line(value, most) if isinstance(value, str) else value


def _row(task: Values, length: float) -> Row:
    drawn = gantt.bars(task, length)
    bars = [
        bar._replace(kind=bar.kind if bar.kind == gantt.WAIT else _kind(bar.kind), text=line(bar.text, 300))
        for bar in drawn
    ]
    return Row(
        task=task,
        kind=_kind(task["outcome"]),
        outcome=OUTCOMES.get(task["outcome"], line(task["outcome"])),
        time=_lasting(task["seconds"]) if task["attempts"] else "",
        tokens=_tokens(task) if task["tokens"] is not None else "",
        bars=bars,
        said="; ".join(bar.text for bar in bars),
    )


def _kind(outcome: object) -> str:
    """An outcome as the name of a colour and a mark."""
    word = "success" if outcome == "complete" else outcome
    return str(word).replace(" ", "-") if word in OUTCOMES else "open"


def _counts(tasks: Sequence[Values]) -> list[Count]:
    """For each outcome that there is how many tasks have it."""
    kinds = Counter(_kind(task["outcome"]) for task in tasks)
    found, left = [], 0.0
    for outcome, name in OUTCOMES.items():
        if number := kinds.pop(_kind(outcome), 0):
            width = 100 * number / len(tasks)
            found.append(Count(_kind(outcome), name, number, left, width))
            left += width
    return found


def _figures(run: Values, summary: Values) -> list[Figure]:
    bound, overlap, talk = summary["bound"], summary["overlap"], summary["conversation"]
    tokens, saving, cost = summary["tokens"], summary["saving"], summary["cost"]
    most = run["max_parallel"]
    path = " → ".join(line(task, 64) for task in summary["critical_path"][:12])
    if len(summary["critical_path"]) > 12:
        path += f" → {len(summary['critical_path']) - 12} more"
    back = f", sent back {gantt.times(summary['sent_back'])}" if summary["sent_back"] else ""
    figures = [
        Figure("Total time", _maybe(summary["makespan"]), "from the first agent's start to the last one's end"),
        Figure("Work", _maybe(summary["work"]), "the sum of all tasks' times"),
        Figure(
            "Speedup",
            "" if summary["speedup"] is None else f"{summary['speedup']:.2f}×",
            "" if bound is None else f"at most {bound:.2f}× with these times and {most} at a time",
        ),
        Figure(
            "Efficiency",
            "" if summary["efficiency"] is None else f"{summary['efficiency']:.0%}",
            f"speedup ÷ {most} at a time",
        ),
        Figure("Critical path", _maybe(summary["critical_seconds"]), path),
        Figure(
            "At once",
            f"{overlap['most']} of {most}" if overlap else "",
            f"{overlap['average']:.2f} on average" if overlap else "",
        ),
        Figure("Attempts", _count(summary["attempts"]), f"{_several(summary['retries'], 'retry', 'retries')}{back}"),
        Figure(
            "Tokens",
            _count(tokens["total"]) if tokens else "",
            f"{_count(tokens['input'])} input, {_count(tokens['cached'])} from the cache, "
            f"{_count(tokens['cache_written'])} into it, {_count(tokens['output'])} output"
            if tokens
            else "",
        ),
        Figure("Tool uses", "" if summary["tool_uses"] is None else _count(summary["tool_uses"]), "by all agents"),
        Figure(
            "Main conversation",
            f"{talk['growth']:+,} tokens" if talk else "",
            f"{_several(talk['turns'], 'turn', 'turns')}, from {_count(talk['tokens_at_start'])} to "
            f"{_count(talk['tokens_at_end'])}"
            if talk
            else "",
        ),
        Figure("Saved", _saved(saving["tokens"]) if saving else "", method=line(saving["method"]) if saving else ""),
        Figure("Cost", f"${cost['usd']:,.2f}" if cost else "", method=line(cost["method"]) if cost else ""),
    ]
    if summary["unneeded_tokens"]:
        figures.append(
            Figure("Not needed", f"{_count(summary['unneeded_tokens'])} tokens", "of tasks whose work was not needed")
        )
    return figures


def _aggregate(aggregate: Values | None) -> Values | None:
    """The aggregate, each finding with what the outputs that it comes from said themselves."""
    if aggregate is None:
        return None
    told = {one["id"]: one for one in aggregate["sources"]}
    findings = [
        {**one, "place": _place(one), "told": [told[name] for name in one["sources"] if name in told]}
        for one in aggregate["findings"]
    ]
    ids = {one["id"]: one for one in findings}
    same = [
        {**one, "findings": [ids.get(name) or {"id": name, "title": ""} for name in one["findings"]]}
        for one in aggregate["possibly_same"]
    ]
    return {**aggregate, "findings": findings, "possibly_same": same}


def _place(finding: Values) -> str:
    path, first, last = finding["path"], finding["line"], finding["last_line"]
    if not (path and first):
        return line(path)
    return f"{line(path)}:{first}-{last}" if last and last > first else f"{line(path)}:{first}"


def _lasting(seconds: float | None) -> str:
    return UNMEASURED if seconds is None else lasting(seconds)


def _maybe(seconds: float | None) -> str:
    return "" if seconds is None else lasting(seconds)


def _count(number: object) -> str:
    return f"{number:,}" if isinstance(number, int) else UNMEASURED


def _saved(tokens: int) -> str:
    return f"{tokens:,} tokens".replace("-", "−")


def _tokens(part: Values) -> str:
    """All tokens of a task or a wave."""
    tokens = part["tokens"]
    return _count(tokens["total"] if isinstance(tokens, dict) else tokens)


def _several(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _day(moment: str | None) -> str:
    """`2026-03-14T09:26:53.589Z` as `2026-03-14 09:26:53 UTC`."""
    return f"{line(moment[:10])} {line(moment[11:19])} UTC" if moment else ""
