"""What becomes of the outputs of a run together: merged, counted or ranked, every item with where it comes from.

The same outputs give the same aggregate. `docs/aggregate.md` says the rules in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import consensus
from .disposition import DROPPED, MERGED
from .intake import intake
from .judge import output_files
from .loss import check
from .merged import Conflict, Merged, merge
from .places import read_text
from .precedence import Precedence
from .state import SUCCESS
from .statement import stated

if TYPE_CHECKING:
    from .disposition import Disposition
    from .intake import Intake
    from .loss import Alarm, Check
    from .plan import Plan
    from .state import State

MERGE, CONSENSUS, PRIORITY, INTEGRATOR = "merge", "consensus", "priority", "integrator"
COUNTED, HANDED_ON = "the values are counted", "the integrator decides between fixes"


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
    return {
        "strategy": made.strategy,
        "tasks": _accounts(plan, made),
        "findings": [group.values() for group in merged.groups],
        "sources": [finding.values() for finding in found.findings],
        "possibly_same": [{"findings": [one, other], "why": why} for one, other, why in merged.possible],
        "conflicts": [
            conflict.values() for conflict in (*_handed_on(plan, state, merged.conflicts), *_of_values(made))
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
        "integrator": _integrator(plan, state, made) if plan.integrator in plan.tasks else None,
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


def _handed_on(plan: Plan, state: State, conflicts: list[Conflict]) -> list[Conflict]:
    """The conflicts, of which an integrator that has written its output decided what nothing else does."""
    if state.outcomes().get(plan.integrator, ("",))[0] != SUCCESS:
        return conflicts
    decided = f"by {plan.integrator}, in its output"
    return [each if each.decided else each._replace(decided=decided, rule=HANDED_ON) for each in conflicts]


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
    return _checked(plan, intake(plan, state)).alarms


def _checked(plan: Plan, found: Intake) -> Check:
    output = "\n\n".join(map(read_text, output_files(plan.tasks[plan.integrator])))
    return check(found.findings, output, [name for name, _ in found.unread])


def _integrator(plan: Plan, state: State, made: Aggregate) -> dict[str, object]:
    """What an integrator made of the findings, and what it lost."""
    task = plan.tasks[plan.integrator]
    attempts = state.attempts.get(task.id, [])
    told: dict[str, object] = {"task": task.id, "sent_back": sum(each.unfaithful for each in attempts)}
    if state.outcomes()[task.id][0] != SUCCESS:
        return {**told, "alarms": [], "dispositions": []}
    result = _checked(plan, made.intake)
    group_of = {finding.id: group.id for group in made.merged.groups for finding in group.findings}
    return {
        **told,
        "alarms": [alarm._asdict() for alarm in result.alarms],
        "dispositions": [
            {
                "finding": each,
                "severity": row.severity,
                "disposition": row.words,
                "judged": _is_judged(each, row, group_of),
            }
            for row in result.rows
            for each in row.findings
        ],
    }


def _is_judged(finding: str, row: Disposition, group_of: dict[str, str]) -> bool:
    """Whether nothing but the integrator decided what became of a finding."""
    others = {group_of[each] for each in (*row.findings, *row.others)} - {group_of[finding]}
    return row.kind == DROPPED or bool(row.changed_from) or (row.kind == MERGED and bool(others))
