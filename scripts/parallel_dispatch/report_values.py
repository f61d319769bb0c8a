"""A report as plain values: what `report.json` holds, and what the other two are rendered from. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import quickjson
from .contract import json_term, terms
from .dispatch import budget, how_to_resume
from .must_know import must_know
from .places import ROOT, read_text
from .state import CANCELLED, FAILED, FINE, SKIPPED, SUCCESS, UNNEEDED
from .usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .facts import AttemptFacts, RunFacts, TaskFacts

FORMAT = 1
"""The version of the shape; it grows when a key is renamed, removed or means something else."""
COMPLETE, PARTIAL, OPEN = "complete", "partial", "open"
COST = "What the host itself reckoned for the whole conversation, with whatever else was done in it."
MOST_STEPS = 2_000
"""How many steps the count of running agents is told in."""
MOST_STRAYS = 1_000

Values = dict[str, Any]


def report_values(facts: RunFacts) -> Values:
    """The values of a run's report, complete; `docs/report.md` says of each key what it means."""
    critical = facts.critical_path
    path = critical[0] if critical else ()
    clock = _Clock(facts)
    values: Values = {
        "format": FORMAT,
        "version": _version(),
        "run": _run(facts),
        "summary": _summary(facts, clock),
        "waves": [_wave(number, tasks, clock) for number, tasks in _waves(facts.tasks)],
        "tasks": [_task(facts, task, clock, critical=task.id in path) for task in facts.tasks],
        "strays": [
            {
                "path": found.path,
                "how": found.how,
                "tasks": list(found.tasks),
                "named": found.named,
                "owner": found.owner,
            }
            for found in facts.audit.findings[:MOST_STRAYS]
        ],
        "gaps": list(facts.audit.gaps),
        "aggregate": facts.aggregate,
        "problems": [],
    }
    values["problems"] = must_know(values)
    return values


class _Clock:
    """Times as a report has them: seconds since the run was started."""

    def __init__(self, facts: RunFacts) -> None:
        self.begun = facts.begun or 0.0

    def at(self, time: float | None) -> float | None:
        return None if time is None else rounded(time - self.begun)


def rounded(value: float | None, digits: int = 3) -> float | None:
    """A figure with no more digits than anybody measured, and no negative zero."""
    return None if value is None else round(value, digits) + 0.0


def _version() -> str:
    return str(quickjson.record(read_text(f"{ROOT}/.claude-plugin/plugin.json")).get("version") or "")


def _run(facts: RunFacts) -> Values:
    plan = facts.plan
    lost = any(task.outcome not in FINE for task in facts.tasks)
    return {
        "id": plan.run,
        "name": plan.name,
        "description": plan.description,
        "status": _status(facts),
        "ended": facts.ended,
        "cut_short": facts.cut_short,
        "halted": facts.halted,
        "rehearsal": plan.rehearsal,
        "shared": False,
        "driver": plan.driver,
        "started": iso(facts.begun),
        "finished": iso(facts.finished),
        "task_file": plan.shown(plan.task_file),
        "folder": plan.shown(facts.folder),
        "output_dir": plan.shown(plan.output_dir),
        "max_parallel": plan.max_parallel,
        "timeout": plan.timeout,
        "max_minutes": plan.max_minutes or None,
        "max_tokens": plan.max_tokens or None,
        "budget": budget(plan),
        "on_failure": plan.on_failure,
        "order": "waves" if plan.in_waves else "rolling",
        "dispatch": "background" if plan.background else "foreground",
        "resumptions": list(facts.resumptions),
        "resume": how_to_resume(plan) if lost and not plan.rehearsal else "",
    }


def _status(facts: RunFacts) -> str:
    if not facts.ended:
        return OPEN
    if all(task.outcome in FINE for task in facts.tasks):
        return COMPLETE
    return PARTIAL if any(task.outcome == SUCCESS for task in facts.tasks) else FAILED


def iso(time: float | None) -> str | None:
    """A time of day in UTC with milliseconds, as ISO 8601."""
    from datetime import datetime, timedelta, timezone

    if time is None:
        return None
    try:
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=round(time * 1000))
    except OverflowError:  # a ledger that somebody edited
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _summary(facts: RunFacts, clock: _Clock) -> Values:
    critical = facts.critical_path
    tries = [one for task in facts.tasks for one in task.tries]
    used = [one.tokens for one in tries if one.tokens]
    counts = {outcome: sum(1 for t in facts.tasks if t.outcome == outcome) for outcome in _COUNTED}
    unneeded = (task.tokens for task in facts.tasks if task.outcome == UNNEEDED)
    return {
        "tasks": len(facts.tasks),
        "succeeded": counts[SUCCESS],
        "partial": sum(1 for t in facts.tasks if t.outcome == FAILED and t.output_bytes),
        "failed": counts[FAILED],
        "skipped": counts[SKIPPED],
        "cancelled": counts[CANCELLED],
        "not_needed": counts[UNNEEDED],
        "open": counts[""],
        "makespan": rounded(facts.makespan),
        "work": rounded(facts.work),
        "speedup": rounded(facts.speedup),
        "efficiency": rounded(facts.efficiency),
        "bound": rounded(facts.bound),
        "critical_path": list(critical[0]) if critical else [],
        "critical_seconds": rounded(critical[1]) if critical else None,
        "attempts": len(tries),
        "sent_back": sum(task.sent_back for task in facts.tasks),
        "retries": sum(max(0, len(task.tries) - 1) for task in facts.tasks),
        "tokens": sum(used, Usage()).values() if used else None,
        "unmeasured": sum(1 for one in tries if one.tokens is None),
        "tool_uses": _total(one.tool_uses for one in tries),
        "overlap": _overlap(facts, clock),
        "conversation": _conversation(facts),
        "saving": _saving(facts, tries),
        "cost": None if facts.cost is None else {"usd": rounded(facts.cost, 6), "method": COST},
        "unneeded_tokens": sum(tokens.total for tokens in unneeded if tokens),
    }


_COUNTED = (SUCCESS, FAILED, SKIPPED, CANCELLED, UNNEEDED, "")


def _overlap(facts: RunFacts, clock: _Clock) -> Values | None:
    found = facts.overlap
    if found is None:
        return None
    return {
        "most": found.most,
        "average": rounded(found.average),
        "profile": [[clock.at(at), running] for at, running in found.profile[:MOST_STEPS]],
        "serial_batches": [{"tasks": list(batch.tasks), "why": batch.why} for batch in found.serial],
    }


def _conversation(facts: RunFacts) -> Values | None:
    found = facts.conversation
    if found is None:
        return None
    return {
        "turns": found.turns,
        "tokens_at_start": found.start,
        "tokens_at_end": found.end,
        "growth": found.end - found.start,
    }


def _saving(facts: RunFacts, tries: Sequence[AttemptFacts]) -> Values | None:
    """What the main conversation does not carry, where everything that it is reckoned from was measured."""
    found = facts.conversation
    if found is None or not tries or any(one.tokens is None for one in tries):
        return None
    theirs, ours = sum(one.growth for one in tries), found.end - found.start
    method = (
        f"The contexts of the agents grew by {theirs:,} tokens in all, from the first turn of each to its last: what "
        f"their tools returned and what they wrote. Done inline, all that would lie in the main conversation, which "
        f"grew by {ours:,} instead. What is sent again with every later turn is not reckoned in."
    )
    return {"tokens": theirs - ours, "method": method}


def _waves(tasks: Iterable[TaskFacts]) -> list[tuple[int, list[TaskFacts]]]:
    found: dict[int, list[TaskFacts]] = {}
    for task in tasks:
        found.setdefault(task.wave, []).append(task)
    return sorted(found.items())


def _wave(number: int, tasks: Sequence[TaskFacts], clock: _Clock) -> Values:
    """A wave lasts from its first agent's start to its last one's end."""
    start = min((t.start for t in tasks if t.start is not None), default=None)
    end = max((t.end for t in tasks if t.end is not None), default=None)
    both = start is not None and end is not None
    used = [t.tokens for t in tasks if t.tokens]
    return {
        "number": number,
        "tasks": [t.id for t in tasks],
        "start": clock.at(start),
        "end": clock.at(end),
        "seconds": rounded(end - start) if both else None,  # type: ignore[operator]
        "work": rounded(_sum(t.seconds for t in tasks)),
        "tokens": sum(used, Usage()).values() if used else None,
        "status": _wave_status(tasks),
    }


def _wave_status(tasks: Sequence[TaskFacts]) -> str:
    if any(not t.outcome for t in tasks):
        return OPEN
    if all(t.outcome in FINE for t in tasks):
        return COMPLETE
    return PARTIAL if any(t.outcome == SUCCESS for t in tasks) else FAILED


def _task(facts: RunFacts, task: TaskFacts, clock: _Clock, *, critical: bool) -> Values:
    plan = facts.plan
    planned = plan.tasks[task.id]
    json = json_term(planned.contract, planned.output, "")
    return {
        "id": task.id,
        "agent": task.agent,
        "subagent_type": planned.subagent_type,
        "title": planned.title,
        "description": planned.description,
        "wave": task.wave,
        "outcome": task.outcome or OPEN,
        "reason": task.reason,
        "dependencies": list(planned.dependencies),
        "wait": planned.wait,
        "critical": critical,
        "output": plan.shown(task.output),
        "output_bytes": task.output_bytes,
        "changed": task.changed,
        "rewritten": task.rewritten,
        "writes": list(planned.writes),
        "contract": [*terms(planned.contract), *([json] if json else [])],
        "estimate": rounded(planned.estimate) if planned.known_from else None,
        "start": clock.at(task.start),
        "end": clock.at(task.end),
        "seconds": rounded(task.seconds),
        "tokens": task.tokens.values() if task.tokens else None,
        "tool_uses": _total(one.tool_uses for one in task.tries),
        "models": list(dict.fromkeys(model for one in task.tries for model in one.models)),
        "brief": plan.shown(task.brief) if task.brief else None,
        "answer": plan.shown(task.answer) if task.answer else None,
        "attempts": [_attempt(one, clock) for one in task.tries],
        "events": [{"at": clock.at(h.at), "what": h.what, "text": h.text} for h in task.history],
    }


def _attempt(one: AttemptFacts, clock: _Clock) -> Values:
    return {
        "number": one.number,
        "outcome": one.outcome or OPEN,
        "reason": one.reason,
        "queued": clock.at(one.ready),
        "claimed": clock.at(one.claimed),
        "start": clock.at(one.start),
        "end": clock.at(one.end),
        "seconds": rounded(one.seconds),
        "sent_back": one.sent_back,
        "tokens": one.tokens.values() if one.tokens else None,
        "tool_uses": one.tool_uses,
        "model": ", ".join(one.models) or None,
    }


def _total(numbers: Iterable[int | None]) -> int | None:
    """The sum of what was measured; None where nothing was."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _sum(numbers: Iterable[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
