"""What is left of a run, foretold from where it stands: when each task that has not ended begins and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .simulation import simulate
from .state import SUCCESS
from .workload import Workload, workload

if TYPE_CHECKING:
    from .plan import Plan
    from .state import Attempt, State


class Outlook:
    """The rest of one run; `at` is asked again and again while it goes on."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._whole: Workload | None = None
        self._places: dict[str, int] = {}

    def at(self, state: State, now: float) -> dict[str, tuple[float, float]]:
        """By task the times at which it begins and ends; of one at work only the end is foretold.

        Empty where nothing can be told: nothing is left, nothing is dispatched any more, or no duration is known yet.
        An agent that works for longer than it was thought to may end any moment.
        """
        plan = state.plan
        pace = _pace(state)
        if pace is None or state.ended or state.paused:
            return {}
        goes_on = not (state.halted or state.used_up)
        later = [t for t in plan.tasks if t not in state.open and t not in state.settled] if goes_on else []
        left = [*(task for task in state.open if task in plan.tasks), *later]
        if not left:
            return {}
        work = self._rest(state, left)
        begun = {task: begin(attempt) for task, attempt in state.open.items()}
        lengths = [pace * 1000 * plan.tasks[task].estimate for task in left]
        done = [1000 * max(0.0, now - begun.get(task, now)) for task in left]
        work = work.lasting([max(1, round(length - part)) for length, part in zip(lengths, done)])
        place = {task: at for at, task in enumerate(left)}
        yields = {
            place[task]: place[plan.tasks[task].yields_to]
            for task in later
            if plan.tasks[task].yields_to in place and not state.attempts[plan.tasks[task].yields_to]
        }
        schedule = simulate(work, range(work.size), plan.in_waves, yields)
        times = zip(left, schedule.starts, schedule.ends)
        return {
            task: (begun.get(task, now + first / 1000), now + last / 1000) for task, first, last in times if first >= 0
        }

    def _rest(self, state: State, left: list[str]) -> Workload:
        """The workload of some tasks: what has ended is there, and the limits are those of now."""
        plan = state.plan
        if self._whole is None or self._plan is not plan:
            tasks = list(plan.tasks.values())
            self._plan, self._whole = plan, workload(tasks, plan.max_parallel, plan.instances, plan.resources)
            self._places = {task.id: at for at, task in enumerate(tasks)}
        whole = self._whole
        place = {task: at for at, task in enumerate(left)}
        needs = [[place[d] for d in plan.tasks[task].dependencies if d in place] for task in left]
        at_work = len(state.open)
        rest = Workload(
            durations=[1] * len(left),
            before=[[] if task in state.open else of for task, of in zip(left, needs)],
            parallel=max(at_work, state.tempo.limit),
            needed=[0 if t in state.open else min(state.unmet[t], len(of)) for t, of in zip(left, needs)],
            leaving=frozenset(at for at, task in enumerate(left) if plan.tasks[task].leaves_losers),
            kinds=[whole.kinds[self._places[task]] for task in left],
            demands=whole.demands,
            capacities=whole.capacities,
        )
        waves = sorted({plan.tasks[task].wave for task in left})
        rest.levels = [waves.index(plan.tasks[task].wave) for task in left]  # those of the plan, as the run has them
        return rest


def begin(attempt: Attempt) -> float:
    """When an attempt began, or is to begin after its pause."""
    return attempt.started if attempt.started is not None else attempt.claimed + attempt.pause


def _pace(state: State) -> float | None:
    """How many seconds of this run one second of the estimates is; None where there is nothing to go by yet.

    Estimates that stand nowhere are told by what this run's own tasks took, and so are those of a rehearsal, whose
    agents do no work.
    """
    plan = state.plan
    if not plan.rehearsal and any(task.known_from for task in plan.tasks.values()):
        return 1.0
    tried = (attempts[-1] for attempts in state.attempts.values() if attempts)
    done = [a for a in tried if a.outcome == SUCCESS and a.seconds is not None and a.task in plan.tasks]
    estimated = sum(plan.tasks[attempt.task].estimate for attempt in done)
    return sum(attempt.seconds or 0.0 for attempt in done) / estimated if estimated > 0 else None
