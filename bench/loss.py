"""How well the loss check tells integrators that lose or distort from faithful ones, on the trials in trials/loss.

Each trial is a line: the findings that an integrator was given, what it wrote, and what is wrong with that, if
anything: `dropped`, `severity`, `merged`, `invented`, or `faithful`. Caught: there is an alarm of a kind that fits.
Quiet: there is none at all. The check was made before any of them was written, looked at `seen`, and was frozen before
`held-out` was looked at; trials/README.md says what came out. The table is that of today's check.
"""

from __future__ import annotations

import json
import os
import sys
from typing import NamedTuple

import sides
from parallel_dispatch.finding import Finding
from parallel_dispatch.folding import fold
from parallel_dispatch.loss import Alarm, check
from parallel_dispatch.places import read_text

TRIALS = os.path.join(sides.ROOT, "trials", "loss")
PARTS = ("seen", "held-out")
TEXTS = ("title", "severity", "path", "details", "fix", "category")
FITTING = {
    "dropped": {"lost", "dropped", "untold", "reworded"},  # "reworded": the line of another stands in its place
    "severity": {"changed"},
    "merged": {"merged"},
    "invented": {"invented", "reworded", "added"},
}


class Trial(NamedTuple):
    """One trial, and what the check says of it."""

    name: str
    label: str
    why: str
    alarms: tuple[Alarm, ...]

    @property
    def is_right(self) -> bool:
        """Whether it is caught, or quiet where it is faithful."""
        if self.label == "faithful":
            return not self.alarms
        return any(alarm.kind in FITTING[self.label] for alarm in self.alarms)


def trials(part: str) -> list[Trial]:
    """The trials of one part, checked."""
    found = []
    for number, line in enumerate(read_text(os.path.join(TRIALS, f"{part}.jsonl")).splitlines(), 1):
        told = json.loads(line)
        findings = [_finding(values) for values in told["findings"]]
        same = [[finding.id for finding in group.findings] for group in fold(findings).groups]
        alarms = check(findings, told["output"], same=same).alarms
        found.append(Trial(f"{part}/{number:03}-{told['label']}", told["label"], told["why"], alarms))
    return found


def _finding(values: dict[str, object]) -> Finding:
    task, _, number = str(values["id"]).rpartition("/")
    title, severity, path, details, fix, category = (str(values.get(name) or "") for name in TEXTS)
    line, last = (int(str(values.get(name) or 0)) for name in ("line", "last_line"))
    return Finding(task, int(number), title, severity, path, line, last, details, fix, category)


def main() -> int:
    """The table, and each trial that went wrong."""
    print("| part | " + " | ".join((*FITTING, "faithful")) + " |")
    print("|---|" + "---|" * (len(FITTING) + 1))
    wrong = []
    for part in PARTS:
        found = trials(part)
        wrong += [trial for trial in found if not trial.is_right]
        counts = []
        for label in (*FITTING, "faithful"):
            own = [trial for trial in found if trial.label == label]
            what = "quiet" if label == "faithful" else "caught"
            counts.append(f"{sum(trial.is_right for trial in own)} of {len(own)} {what}")
        print(f"| {part} | {' | '.join(counts)} |")
    for trial in wrong:
        print(f"\n{trial.name}: {trial.why or 'faithful'}")
        print("\n".join(f"  {alarm.kind} {alarm.finding}: {alarm.text}" for alarm in trial.alarms) or "  no alarm")
    return 0


if __name__ == "__main__":
    sys.exit(main())
