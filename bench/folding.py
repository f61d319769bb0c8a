"""How well findings are folded: on reviews of the same code, on pairs made to be confused, and the time it takes.

`trials/merge/reviews` holds what four reviewers found in each of twelve projects, and what two readers say of it: which
findings are the same, and which are partly the same. What the readers do not agree on is not counted, what is partly
the same counts as different. Precision is the share of the folded pairs that are the same, recall the share of the
pairs that are the same that are folded. The rule was made on the first six projects and frozen before the others were
looked at. The pairs of `trials/merge` stand each alone, as two reviewers' only findings.
"""

from __future__ import annotations

import argparse
import collections
import glob
import itertools
import json
import os
import sys
import time
from typing import Any, NamedTuple

import sides
from parallel_dispatch.finding import Finding
from parallel_dispatch.folding import fold
from parallel_dispatch.likeness import DIFFERENT, POSSIBLY, SAME, evidence, verdict

TRIALS = os.path.join(sides.ROOT, "trials", "merge")
DEV, HELD = "looked at", "held out"
PARTLY, DISPUTED = "partly the same", "disputed"
COUNTS = (500, 2000)
WANTED_PRECISION, WANTED_RECALL = 0.98, 0.6
TEXTS = ("title", "severity", "path", "details", "fix", "category")


class Reviews(NamedTuple):
    """The findings of one project, and how each pair of different reviewers' is labelled, by their ids."""

    name: str
    findings: list[Finding]
    labels: dict[tuple[str, str], str]


class Score(NamedTuple):
    """How the pairs of some reviews were folded: by label, and of those that are the same how many are in doubt."""

    folded: collections.Counter[str]
    same: int
    in_doubt: int

    @property
    def precision(self) -> float:
        """Of what was folded, without what is disputed."""
        counted = sum(number for label, number in self.folded.items() if label != DISPUTED)
        return self.folded[SAME] / max(1, counted)

    @property
    def recall(self) -> float:
        """Of what is the same."""
        return self.folded[SAME] / max(1, self.same)


def halves() -> dict[str, list[Reviews]]:
    """The reviews of the twelve projects: those that the rule was made on, and those that it was measured on."""
    every = projects()
    return {DEV: every[:6], HELD: every[6:]}


def projects() -> list[Reviews]:
    """The reviews of the twelve projects."""
    return [_reviews(path) for path in sorted(glob.glob(os.path.join(TRIALS, "reviews", "*.json")))]


def _reviews(path: str) -> Reviews:
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    findings = [finding(values, *_named(values["id"])) for values in told["findings"]]
    readers = [
        (_pairs(itertools.chain(*map(_twos, one["same"]))), _pairs(one["partly"])) for one in told["labels"].values()
    ]
    labels = {}
    for one, other in _twos(findings):
        if one.task != other.task:
            pair = frozenset((one.id, other.id))
            said = {SAME if pair in same else PARTLY if pair in partly else DIFFERENT for same, partly in readers}
            labels[one.id, other.id] = said.pop() if len(said) == 1 else DISPUTED
    return Reviews(os.path.basename(path).partition(".")[0], findings, labels)


def _twos(items: list[Any]) -> itertools.combinations[tuple[Any, Any]]:
    return itertools.combinations(items, 2)


def _pairs(pairs: Any) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in pairs}


def _named(id_: str) -> tuple[str, int]:
    task, _, number = id_.rpartition("/")
    return task, int(number)


def finding(values: dict[str, Any], task: str, number: int) -> Finding:
    """A finding of its values."""
    title, severity, path, details, fix, category = (str(values.get(name) or "") for name in TEXTS)
    line, last = (int(values.get(name) or 0) for name in ("line", "last_line"))
    return Finding(task, number, title, severity, path, line, last, details, fix, category)


def score(reviews: list[Reviews], reviewers: tuple[str, ...] = ()) -> Score:
    """How reviews are folded, each project by itself; with names, only the findings of these reviewers."""
    folded: collections.Counter[str] = collections.Counter()
    same = in_doubt = 0
    for project in reviews:
        taken = [each for each in project.findings if not reviewers or each.task in reviewers]
        done = fold(taken)
        group = {id_: at for at, each in enumerate(done.groups) for id_ in each.ids}
        place = {id(each): at for at, each in enumerate(done.groups)}
        doubts = {frozenset((place[id(one)], place[id(other)])) for one, other in done.possible}
        for (one, other), label in project.labels.items():
            if one in group and other in group:
                same += label == SAME
                folded[label] += group[one] == group[other]
                in_doubt += label == SAME and frozenset((group[one], group[other])) in doubts
    return Score(folded, same, in_doubt)


def pairs() -> list[dict[str, Any]]:
    """The pairs that were made to be confused."""
    found = []
    for path in sorted(glob.glob(os.path.join(TRIALS, "pairs-*.jsonl"))):
        with open(path, encoding="utf-8") as file:
            found += [json.loads(line) for line in file if line.strip()]
    return found


def judged(every: list[dict[str, Any]]) -> collections.Counter[tuple[str, bool, str]]:
    """How many pairs of each kind and label were judged how, where each is all that two reviewers found."""
    findings = [finding(pair[side], f"{side}{at}", 1) for at, pair in enumerate(every) for side in "ab"]
    found = evidence(findings, [(2 * at, 2 * at + 1) for at in range(len(every))])
    return collections.Counter(
        (pair["kind"], pair["same"], verdict(findings[2 * at], findings[2 * at + 1], found[2 * at, 2 * at + 1]))
        for at, pair in enumerate(every)
    )


def many(count: int, reviews: list[Reviews]) -> list[Finding]:
    """So many findings, from the reviews: again and again in other folders."""
    every = [each for project in reviews for each in project.findings]
    found = []
    for number in range(count):
        again, at = divmod(number, len(every))
        values = {**every[at].values(), "path": f"module-{again}/{every[at].path}"}
        found.append(finding(values, every[at].task, number))
    return found


def _print_pairs() -> None:
    counted = judged(pairs())
    print(f"\n{sum(counted.values())} pairs that were made to be confused, each alone:\n")
    print(f"| kind | labelled | {SAME} | {POSSIBLY} | {DIFFERENT} |\n|---|---|---:|---:|---:|")
    for kind, same in sorted({key[:2] for key in counted}, key=lambda key: (not key[1], key[0])):
        told = [counted[kind, same, word] for word in (SAME, POSSIBLY, DIFFERENT)]
        print(f"| {kind} | {SAME if same else DIFFERENT} | {' | '.join(map(str, told))} |")


def main() -> int:
    """The tables; ends with 1 where precision or recall on the projects that were held out is too low."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(
        "| projects | reviewers | pairs that are the same | folded | precision | recall | named as possibly the same |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    every = halves()
    for name, reviews in every.items():
        tasks = sorted({each.task for each in reviews[0].findings})
        for size in (4, 2):
            scores = [score(reviews, chosen) for chosen in itertools.combinations(tasks, size)]
            whole = Score(
                sum((one.folded for one in scores), collections.Counter()), *map(sum, zip(*(one[1:] for one in scores)))
            )
            told = (whole.same, sum(whole.folded.values()), f"{whole.precision:.3f}", f"{whole.recall:.3f}")
            print(f"| {name} | {size} | {' | '.join(map(str, told))} | {whole.in_doubt / whole.same:.3f} |")
    _print_pairs()
    for count in COUNTS:
        findings = many(count, [*every[DEV], *every[HELD]])
        begin = time.perf_counter()
        folding = fold(findings)
        seconds = time.perf_counter() - begin
        print(
            f"\n{count:,} findings: {len(folding.groups):,} groups, {len(folding.possible):,} in doubt, {seconds:.2f} s"
        )
    held = score(every[HELD])
    return int(held.precision < WANTED_PRECISION or held.recall < WANTED_RECALL)


if __name__ == "__main__":
    sys.exit(main())
