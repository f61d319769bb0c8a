"""What becomes of the outputs of a run together: merged, counted or ranked, every item with where it comes from.

The same outputs give the same aggregate. `docs/aggregate.md` says the rules in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import consensus
from .disposition import DROPPED, KEPT
from .intake import intake
from .judge import output_files
from .loss import check
from .merged import Conflict, Merged, merge
from .places import read_text
from .precedence import Precedence
from .state import SUCCESS
from .statement import stated

if TYPE_CHECKING:
    from .intake import Intake
    from .loss import Alarm, Check
    from .plan import Plan
    from .state import State

MERGE, CONSENSUS, PRIORITY, INTEGRATOR = "merge", "consensus", "priority", "integrator"
COUNTED = "the values are counted"


class Aggregate(NamedTuple):
    """An aggregate before it is told: what it was made of, its findings, the values that were counted, who decides."""

    strategy: str
    intake: Intake
    merged: Merged
    counts: list[dict[str, object]]
    order: Precedence


def aggregate(plan: Plan, state: State) -> Aggregate:
    """The aggregate of what is there now."""
    found = intake(plan, state)
    strategy = str(plan.aggregate.get("strategy") or MERGE)
    every = [*(each.task.id for each in found.taken), *(task for task, _ in (*found.unread, *found.missing))]
    order = Precedence(plan, list(dict.fromkeys(every)))
    merged = merge(found.findings, order, by_order=strategy == PRIORITY)
    return Aggregate(strategy, found, merged, _counts(plan, found, len(order.tasks)), order)


def aggregate_values(plan: Plan, state: State) -> dict[str, object] | None:
    """The aggregate as plain values; None where nobody asked for one and no output tells findings."""
    made = aggregate(plan, state)
    found, merged = made.intake, made.merged
    if not plan.aggregate and not merged.groups:
        return None
    succeeded = [each.task.id for each in found.taken]
    primary = made.order.first(succeeded) if made.strategy == PRIORITY and succeeded else ""
    is_written = plan.integrator in plan.tasks and state.outcomes()[plan.integrator][0] == SUCCESS
    checked = _checked(plan, made) if is_written else None
    return {
        "strategy": made.strategy,
        "tasks": _accounts(plan, made),
        "findings": [group.values() for group in merged.groups],
        "sources": [finding.values() for finding in found.findings],
        "possibly_same": [{"findings": [one, other], "why": why} for one, other, why in merged.possible],
        "conflicts": [
            conflict.values() for conflict in (*_decided(plan, checked, merged.conflicts), *_of_values(made))
        ],
        "consensus": made.counts,
        "priority": {
            "primary": primary,
            "supporting": [task for task in made.order.tasks if task in succeeded and task != primary],
            "rule": made.order.why(primary, succeeded),
        }
        if primary
        else None,
        "unread": [{"task": task, "why": why} for task, why in found.unread],
        "missing": [{"task": task, "why": why} for task, why in found.missing],
        "integrator": _integrator(plan, state, made, checked) if plan.integrator in plan.tasks else None,
    }


def _counts(plan: Plan, found: Intake, members: int) -> list[dict[str, object]]:
    """The values of a consensus, a subject each. Tasks that nobody needed are no members."""
    keys, quorum = plan.aggregate.get("keys"), plan.aggregate.get("quorum")
    if plan.aggregate.get("strategy") != CONSENSUS or not isinstance(keys, list):
        return []
    needed = consensus.needed(quorum if isinstance(quorum, int) else str(quorum), members - found.unneeded)
    return [
        consensus.count(str(key), {each.task.id: stated(each.texts, str(key)) for each in found.taken}, needed)
        for key in keys
    ]


def _decided(plan: Plan, checked: Check | None, conflicts: list[Conflict]) -> list[Conflict]:
    """The conflicts, with what an integrator decided of those between fixes that nothing else decides."""
    takes = {each: row for row in checked.rows if row.fix for each in row.findings} if checked else {}
    found = []
    for each in conflicts:
        fixes = {finding: value for value, ids in each.sides for finding in ids}
        row = next((takes[finding] for finding in fixes if finding in takes and takes[finding].fix in fixes), None)
        if row and not each.decided:
            rule = f"{plan.integrator} takes the fix of {row.fix}"
            found.append(each._replace(decided=fixes[row.fix], rule=rule))
        else:
            found.append(each)
    return found


def _of_values(made: Aggregate) -> list[Conflict]:
    """The subjects about which tasks state different values; the sides are those of tasks."""
    found = []
    for each in made.counts:
        counts = each["counts"]
        if isinstance(counts, list) and len(counts) > 1:
            sides = [(one["value"], one["tasks"]) for one in counts]
            rule = f"{COUNTED}: {each['quorum']} of the same are needed{', and two have most' if each['tie'] else ''}"
            found.append(Conflict("value", str(each["subject"]), sides, str(each["result"] or ""), rule))
    return found


def _accounts(plan: Plan, made: Aggregate) -> list[dict[str, object]]:
    """Every task of the run, and what it is for the aggregate."""
    found = made.intake
    what = {task: "missing" for task, _ in found.missing} | {task: "unread" for task, _ in found.unread}
    counts = {each.task.id: len(each.findings) for each in found.taken}
    # what was read in part is a source, and told among the unread, too
    what |= {each.task.id: "source" for each in found.taken if each.findings or each.task.id not in what}
    if plan.integrator:
        what[plan.integrator] = INTEGRATOR
    return [
        {"task": task, "role": what.get(task, "not taken"), "findings": counts.get(task, 0)}
        for task in sorted(plan.tasks)
    ]


def alarms(plan: Plan, state: State) -> tuple[Alarm, ...]:
    """What the integrator's output, as it is now, lost of the findings that it merges."""
    return _checked(plan, aggregate(plan, state)).alarms


def _checked(plan: Plan, made: Aggregate) -> Check:
    output = "\n\n".join(map(read_text, output_files(plan.tasks[plan.integrator])))
    same = [[finding.id for finding in group.findings] for group in made.merged.groups]
    unread = [name for name, _ in made.intake.unread]
    return check(made.intake.findings, output, unread, same, summary=bool(plan.aggregate.get("summary")))


def _integrator(plan: Plan, state: State, made: Aggregate, checked: Check | None) -> dict[str, object]:
    """What an integrator made of the findings, and what it lost."""
    attempts = state.attempts.get(plan.integrator, [])
    alarms, rows = (checked.alarms, checked.rows) if checked else ((), ())
    apart = _apart(made, checked) if checked else {}
    return {
        "task": plan.integrator,
        "sent_back": sum(each.unfaithful for each in attempts),
        "summary": bool(plan.aggregate.get("summary")),
        "alarms": [alarm._asdict() for alarm in alarms],
        "dispositions": [
            {
                "finding": each,
                "severity": row.severity,
                "disposition": row.words + (f", apart from {', '.join(apart[each])}" if each in apart else ""),
                "judged": each in apart
                or row.kind == DROPPED
                or bool(row.changed_from or (row.kind == KEPT and row.others)),
            }
            for row in rows
            for each in row.findings
        ],
    }


def _apart(made: Aggregate, checked: Check) -> dict[str, list[str]]:
    """The findings that an integrator tells apart from others that were folded with them, and which these are."""
    of_group = {
        finding.id: {each.id for each in group.findings} for group in made.merged.groups for finding in group.findings
    }
    found = {}
    for cited in checked.told:
        for each in cited:
            others = of_group.get(each, set()) - set(cited)
            if others & {other for told in checked.told for other in told}:
                found[each] = sorted(others)
    return found
