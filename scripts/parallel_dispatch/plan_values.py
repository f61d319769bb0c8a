"""A plan with its analysis as plain values, for programs; `docs/plan.md` says what each key means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dispatch import planned_path

if TYPE_CHECKING:
    from .analysis import Analysis


def plan_values(analysis: Analysis) -> dict[str, object]:
    """The values of a plan; times are in its `unit`, seconds or task lengths. What was not looked for is None."""
    plan, forecast, found, ahead = analysis.plan, analysis.forecast, analysis.figures, analysis.prospects
    ids = forecast.ids
    unit = _Unit(analysis)
    return {
        "name": plan.name,
        "description": plan.description,
        "unit": "task lengths" if forecast.measure.length else "seconds",
        "max_parallel": plan.max_parallel,
        "on_failure": plan.on_failure,
        "order": "waves" if plan.in_waves else "rolling",
        "rule": plan.rule,
        "aggregate": plan.aggregate or None,
        "output_dir": planned_path(plan, plan.output_dir),
        "parallelization": {
            "can_parallelize": analysis.verdict.answer != "no",
            "answer": analysis.verdict.answer,
            "reason": analysis.verdict.reason,
            "suggested_groups": [ids(group) for group in analysis.groups],
            "questions": [{"question": question, "answer": answer} for question, answer in analysis.questions],
        },
        "pattern": {"name": analysis.pattern.name, "reason": analysis.pattern.reason},
        "figures": {
            "sequential": unit(found.sequential),
            "foretold": unit(found.makespan),
            "waves": None if found.waves is None else unit(found.waves),
            "bound": unit(found.bound),
            "critical_path": unit(found.chain),
            "speedup": round(found.speedup, 3),
            "most_speedup": round(found.most_speedup, 3),
            "is_shortest": found.is_shortest,
            "gap": round(max(0.0, found.gap), 4),
            "agents_at_once": found.most,
        },
        "estimates": {word: analysis.sources.get(key, 0) for word, key in _SOURCES},
        "critical_path": ids(found.critical),
        "decided_by": None if analysis.chains is None else ids(analysis.chains.deciding),
        "conflicts": _conflicts(analysis),
        "prospects": None
        if ahead is None
        else {
            "agents": {str(count): unit(makespan) for count, makespan in ahead.agents.items()},
            "agents_worth_running": ahead.worth,
            "divided": None
            if ahead.bottleneck is None
            else {"task": forecast.tasks[ahead.bottleneck[0]].id, "foretold": unit(ahead.bottleneck[1])},
            "one_more": [
                {"of": one.of, "name": one.name, "now": one.now, "foretold": unit(one.makespan)} for one in ahead.raised
            ],
        },
        "agents": [
            {
                "agent": share.agent,
                "tasks": share.tasks,
                "work": unit(share.work),
                "instances": share.instances or None,
                "each": [unit(busy) for busy in share.each],
            }
            for share in analysis.balance
        ],
        "waves": [[task.id for task in wave] for wave in plan.waves],
        "tasks": [_task(analysis, task, unit) for task in range(forecast.work.size)],
    }


_SOURCES = (("file", "file"), ("runs", "runs"), ("assumed", ""))


class _Unit:
    """Milliseconds in the unit of a plan."""

    def __init__(self, analysis: Analysis) -> None:
        self.length = analysis.forecast.measure.length or 1000

    def __call__(self, milliseconds: int) -> float:
        return round(milliseconds / self.length, 3)


def _conflicts(analysis: Analysis) -> list[dict[str, object]] | None:
    ids = analysis.forecast.ids
    if analysis.conflicts is None:
        return None
    return [
        {
            "of": one.of,
            "name": one.name,
            "amount": one.amount,
            "tasks": ids(one.tasks),
            "shares": list(one.shares),
        }
        for one in analysis.conflicts
    ]


def _task(analysis: Analysis, at: int, unit: _Unit) -> dict[str, object]:
    forecast, plan, chains = analysis.forecast, analysis.plan, analysis.chains
    task, schedule = forecast.tasks[at], forecast.schedule
    runs = schedule.starts[at] >= 0
    found = analysis.explanations[at] if analysis.explanations else None
    return {
        "id": task.id,
        "agent": task.agent,
        "subagent_type": task.subagent_type,
        "description": task.description,
        "output": planned_path(plan, task.output),
        "wave": task.wave,
        "dependencies": task.dependencies,
        "needed": task.needed,
        "for_each": task.for_each or None,
        "priority": task.priority,
        "resources": task.resources,
        "writes": list(task.writes),
        "estimate": unit(forecast.work.durations[at]),
        "known_from": task.known_from or "assumed",
        "begins": unit(schedule.starts[at]) if runs else None,
        "ends": unit(schedule.ends[at]) if runs else None,
        "slack": unit(chains.slack(at)) if runs and chains else None,
        "is_critical": at in analysis.figures.critical,
        "yields_to": task.yields_to or None,
        "waits": unit(found.waits) if found else None,
        "reason": found.reason if found else None,
        "releases": forecast.ids(found.releases) if found else None,
        "is_followed_by": forecast.ids(found.follows) if found else None,
    }
