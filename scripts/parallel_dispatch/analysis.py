"""What is known of a plan before it runs: whether it pays, how long it takes, what limits it, what would shorten it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from .balance import balance
from .chains import Chains
from .conflicts import conflicts
from .explanation import explanations
from .figures import figures
from .forecast import Forecast
from .prospects import prospects
from .shape import groups, pattern
from .verdict import questions, verdict

if TYPE_CHECKING:
    from .balance import Share
    from .conflicts import Conflict
    from .explanation import Explanation
    from .figures import Figures
    from .plan import Plan
    from .prospects import Prospects
    from .shape import Pattern
    from .verdict import Verdict

LARGE = 1_000
"""Plans of more tasks are not searched for conflicts, slack and prospects: that would take longer than planning."""


class Analysis(NamedTuple):
    """The analysis of a plan; `conflicts`, `chains`, `explanations` and `prospects` are None where it
    is too large for them.

    `sources` counts the tasks by where their durations are known from: "file", "runs", or "" for assumed ones.
    """

    forecast: Forecast
    figures: Figures
    verdict: Verdict
    questions: list[tuple[str, str]]
    pattern: Pattern
    groups: list[list[int]]
    balance: list[Share]
    sources: dict[str, int]
    conflicts: list[Conflict] | None = None
    chains: Chains | None = None
    explanations: list[Explanation] | None = None
    prospects: Prospects | None = None

    @property
    def plan(self) -> Plan:
        """The plan that was analysed."""
        return self.forecast.plan


def analyse(plan: Plan, *, is_brief: bool = False) -> Analysis:
    """The analysis of a plan; a brief one leaves out what takes time."""
    forecast = Forecast(plan)
    is_whole = not is_brief and forecast.work.size <= LARGE
    found = figures(forecast, with_waves=is_whole or forecast.work.is_plain)
    met = conflicts(forecast) if is_whole else None
    chains = Chains(forecast) if is_whole else None
    return Analysis(
        forecast=forecast,
        figures=found,
        verdict=verdict(forecast, found),
        questions=questions(forecast, met),
        pattern=pattern(forecast),
        groups=groups(forecast.work),
        balance=balance(forecast),
        sources=dict(Counter(task.known_from for task in forecast.tasks)),
        conflicts=met,
        chains=chains,
        explanations=explanations(forecast, chains) if chains else None,
        prospects=prospects(forecast, chains) if chains else None,
    )
