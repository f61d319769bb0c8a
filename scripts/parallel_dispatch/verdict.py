"""Whether parallel work pays: an answer with its numbers, and the four questions that lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .shape import is_chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .conflicts import Conflict
    from .figures import Figures
    from .forecast import Forecast

SHORT = 30_000
"""Milliseconds below which starting an agent costs about as much as the work itself."""
NO, LITTLE = 1.05, 1.25
"""Being less than so many times as fast as one after another is no gain, or little."""


class Verdict(NamedTuple):
    """Whether parallel work pays: "yes", "little" or "no", and why in a sentence."""

    answer: str
    reason: str


def verdict(forecast: Forecast, figures: Figures) -> Verdict:
    """The verdict on a plan."""
    work, told = forecast.work, forecast.measure
    if work.size == 1:
        return Verdict("no", "there is only one task, so nothing can run beside it.")
    if forecast.plan.patterns and figures.speedup < LITTLE:
        made = forecast.plan.patterns[0]
        return Verdict(
            "yes",
            f"{made.id} becomes one task for each item that {made.for_each['from']} finds, of which up to"
            f" {work.parallel} run at once; how many there are is known only then, and the figures count one.",
        )
    if is_chain(work):
        return Verdict(
            "no",
            "all tasks have sequential dependencies: each waits for the one before it, so one agent would take as"
            f" long ({told(figures.sequential)}).",
        )
    known = "" if forecast.is_known else ", if all tasks take equally long"
    if work.parallel == 1:
        more = f"; more agents could be up to {figures.most_speedup:.1f} times as fast" * (figures.most_speedup > NO)
        return Verdict("no", f"only one agent may work at a time (max_parallel is 1){more}{known}.")
    compared = f"{told(figures.makespan)} instead of {told(figures.sequential)} one after another"
    if figures.speedup < NO and work.waits:
        return Verdict(
            "no",
            f"it takes {compared}, if every task succeeds: the run goes on with the first that end, and one agent would"
            " get as far as soon. Beside each other they only insure against those that fail.",
        )
    if figures.speedup < NO:
        return Verdict("no", f"it takes {compared}: what the tasks share keeps them from running at once{known}.")
    few, of = _short(forecast)
    if 2 * few > of:
        return Verdict(
            "little",
            f"{few} of {of} tasks with a known duration take less than 30 s, and starting an agent costs about as much"
            f" as that saves; doing them in sequence might be as fast ({compared}, without the cost of starting).",
        )
    times = f"{figures.speedup:.1f} times as fast{known}"
    if figures.speedup < LITTLE:
        return Verdict("little", f"it takes {compared}, only {times}.")
    return Verdict("yes", f"with up to {figures.most} agents at once it takes {compared}, {times}.")


def questions(forecast: Forecast, conflicts: Sequence[Conflict] | None) -> list[tuple[str, str]]:
    """What one asks before working in parallel, each with its answer for this plan."""
    work = forecast.work
    free = sum(1 for needs in work.before if not needs)
    waiting = work.size - free
    independent = f"{free} of {work.size} {'needs' if free == 1 else 'need'} no other task." if waiting else "Yes, all."
    needing = f"Yes, {waiting} of {work.size}; such a task begins when what it needs has ended." if waiting else "No."
    return [
        ("Are the tasks independent?", independent),
        ("Will each take more than 30 s?", _durations(forecast)),
        ("Do agents need each other's output?", needing),
        ("Will agents edit the same files?", _files(forecast, conflicts)),
    ]


def _short(forecast: Forecast) -> tuple[int, int]:
    """How many of the tasks with a known duration are short, and how many those are."""
    known = [d for d, task in zip(forecast.work.durations, forecast.tasks) if task.known_from]
    return sum(1 for duration in known if duration < SHORT), len(known)


def _durations(forecast: Forecast) -> str:
    few, known = _short(forecast)
    if not known:
        return "Unknown: no task has an estimate (estimated_duration), and none has run before."
    rest = forecast.work.size - known
    unknown = f" (of {rest} it is not known)" if rest else ""
    return f"No, {few} of {known} take less{unknown}." if few else f"Yes, as far as is known{unknown}."


def _files(forecast: Forecast, conflicts: Sequence[Conflict] | None) -> str:
    scoped = sum(1 for task in forecast.tasks if task.writes)
    rest = forecast.work.size - scoped
    if not scoped:
        if forecast.plan.open_writes:
            return "Perhaps: no task says which files it may change (writes), and all may change any."
        return "No: each writes its own output only."
    if conflicts is None:
        return f"Not looked at; {scoped} tasks have write scopes."
    if any(conflict.of == "writes" for conflict in conflicts):
        return "Yes, some may (writes); these never run at once, as told below."
    if rest and forecast.plan.open_writes:
        return f"Perhaps: {rest} of {forecast.work.size} tasks do not say which files they may change (writes)."
    return "No: their write scopes do not overlap, or their order is given."
