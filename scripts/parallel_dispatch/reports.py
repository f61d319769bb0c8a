"""The reports of a run, written beside its ledger: each whole or not at all, and none at the cost of another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import auditing, dispatch
from .aggregate import aggregate_values
from .facts import gather
from .must_know import not_joined
from .page import render_page
from .page_texts import texts_of
from .places import write_whole
from .refusal import Refusal
from .report import markdown
from .report_values import report_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from .active import ActiveRun
    from .report_values import Values


def values_of(run: ActiveRun) -> Values:
    """The values of a run's report, as what lies on disk tells them."""
    state = run.state()
    audit, events = auditing.read(run.folder), run.ledger.read()
    try:
        joined, lost = aggregate_values(state.plan, state), ""
    except Exception as fault:  # noqa: BLE001 - what cannot be joined costs no figure
        joined, lost = None, _said(fault)
    values = report_values(gather(state.plan, state, audit, events, run.folder, joined))
    if lost:
        values["problems"].insert(0, not_joined(lost))
    return values


def json_text(values: Values, _: str = "") -> str:
    """The text of `report.json`: keys in their order, one a line, in their own characters."""
    return json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def page(values: Values, project: str) -> str:
    """The text of `report.html`, with what the tasks were told and wrote, where a project is given."""
    return render_page(values, texts_of(values, project) if project else {})


BESIDE: dict[str, Callable[[Values, str], str]] = {
    "report.json": json_text,
    "report.html": page,
}
"""The reports beside `report.md`: what makes the text of each from the values and the project's folder.

The folder is empty where a report is made to be shared: nothing may be read from disk for it then.
"""


def write_reports(run: ActiveRun) -> str:
    """The reports written; the text of `report.md`, which says so where another one could not be."""
    try:
        values = values_of(run)
    except Exception as fault:  # noqa: BLE001 - whatever is wrong with what lies there, a run ends in a report
        text = _bare(run, fault)
    else:
        notes = [note for name in BESIDE if (note := _write(run, name, values))]
        text = "\n".join([_markdown(run, values), *(f"{note}\n" for note in notes)])
    write_whole(run.folder.report, text)
    return text


def _write(run: ActiveRun, name: str, values: Values) -> str:
    """Why a report could not be written; empty where it was."""
    try:
        write_whole(run.folder.beside(name), BESIDE[name](values, run.plan.project))
    except Exception as fault:  # noqa: BLE001 - a fault in one report costs no other
        return f"{name} could not be written: {_said(fault)}"
    return ""


def _markdown(run: ActiveRun, values: Values) -> str:
    """The text of `report.md`. A team's template that fails does not cost a run its report."""
    try:
        return markdown(values, run.plan.project)
    except Refusal as refusal:
        return f"{markdown(values)}\nThe project's own template was not used: {refusal}\n"


def _bare(run: ActiveRun, fault: Exception) -> str:
    """The report of a run of which too little can be read for a whole one."""
    return (
        f"# Parallel Dispatch Report\n\n{dispatch.summary(run.state())}\n\n"
        f"The figures of this run could not be told: {_said(fault)}\n"
    )


def _said(fault: Exception) -> str:
    return " ".join(f"{type(fault).__name__}: {fault}".split())
