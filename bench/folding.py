"""How well findings are folded: precision, recall and doubts on the pairs of trials/merge, and the time it takes.

A pair counts as folded if `likeness` says "same". Precision is the share of the folded that are labelled the same,
recall the share of those labelled the same that are folded.
"""

from __future__ import annotations

import argparse
import collections
import glob
import itertools
import json
import os
import random
import sys
import time
from typing import Any

import sides
from parallel_dispatch.finding import Finding
from parallel_dispatch.folding import fold
from parallel_dispatch.likeness import DIFFERENT, POSSIBLY, SAME, Profile, judged, likeness

PAIRS = os.path.join(sides.ROOT, "trials", "merge")
COUNTS = (500, 2000)
SAMPLE = 4000
WANTED_PRECISION, WANTED_RECALL = 0.98, 0.6


def halves() -> dict[str, list[dict[str, Any]]]:
    """The labelled pairs, by the name of their file."""
    found = {}
    for path in sorted(glob.glob(os.path.join(PAIRS, "pairs-*.jsonl"))):
        with open(path, encoding="utf-8") as file:
            found[os.path.basename(path)] = [json.loads(line) for line in file if line.strip()]
    return found


def finding(values: dict[str, Any], number: int) -> Finding:
    """The finding of a pair."""
    names = ("title", "severity", "path", "line", "last_line", "details", "fix", "category")
    return Finding(values["task"], number, *(values[name] for name in names))


def verdicts(pairs: list[dict[str, Any]]) -> collections.Counter[tuple[str, bool, str]]:
    """How many pairs of each kind and label were judged how."""
    return collections.Counter(
        (pair["kind"], pair["same"], likeness(finding(pair["a"], 1), finding(pair["b"], 2))) for pair in pairs
    )


def precision_and_recall(counted: collections.Counter[tuple[str, bool, str]]) -> tuple[float, float]:
    """Of one half."""
    folded = {
        label: sum(n for (_, same, verdict), n in counted.items() if (same, verdict) == (label, SAME))
        for label in (True, False)
    }
    labelled = sum(n for (_, same, _), n in counted.items() if same)
    return folded[True] / max(1, sum(folded.values())), folded[True] / max(1, labelled)


def print_half(name: str, pairs: list[dict[str, Any]]) -> bool:
    """The table of one half; whether it reaches what is wanted."""
    counted = verdicts(pairs)
    precision, recall = precision_and_recall(counted)
    doubts = sum(n for (_, _, verdict), n in counted.items() if verdict == POSSIBLY)
    print(f"{name}: {len(pairs)} pairs,", end=" ")
    print(f"precision {precision:.3f}, recall {recall:.3f}, in doubt {doubts / len(pairs):.3f}")
    print(f"  {'kind':30} {'labelled':10} {SAME:>5} {POSSIBLY:>18} {DIFFERENT:>10}")
    for kind, same in sorted({key[:2] for key in counted}, key=lambda key: (not key[1], key[0])):
        told = [counted[kind, same, verdict] for verdict in (SAME, POSSIBLY, DIFFERENT)]
        print(f"  {kind:30} {'same' if same else 'different':10} {told[0]:5} {told[1]:18} {told[2]:10}")
    print()
    return precision >= WANTED_PRECISION and recall >= WANTED_RECALL


def many(count: int, pairs: list[dict[str, Any]]) -> list[Finding]:
    """So many findings, from the pairs: again and again in other folders."""
    found = []
    for number in range(count):
        pair, side = divmod(number, 2)
        values = pairs[pair % len(pairs)]["ab"[side]]
        folder = f"module-{pair // len(pairs)}/" if values["path"] else ""
        found.append(finding({**values, "path": folder + values["path"]}, number))
    return found


def chance(joined: int, pairs: list[dict[str, Any]]) -> float:
    """The share of unlike findings that are folded at one line, with the texts of so many pairs joined in each."""
    order = random.Random(5)  # noqa: S311 - an order, not a secret
    sides_of = [pair[order.choice("ab")] for pair in order.sample(pairs, len(pairs))]
    profiles = []
    for at in range(0, len(sides_of) - joined + 1, joined):
        first, *others = sides_of[at : at + joined]
        details = ". ".join([first["details"], *(text for one in others for text in (one["title"], one["details"]))])
        fix = ". ".join([first["fix"], *(one["fix"] for one in others)])
        profiles.append(
            Profile(finding({**first, "path": "a.py", "line": 3, "last_line": 3, "details": details, "fix": fix}, at))
        )
    unlike = order.sample(list(itertools.combinations(profiles, 2)), SAMPLE)
    return sum(judged(one, other) == SAME for one, other in unlike) / SAMPLE


def main() -> int:
    """The tables; ends with 1 where precision or recall of a half is too low."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = halves()
    fine = [print_half(name, pairs) for name, pairs in found.items()]
    every = [pair for pairs in found.values() for pair in pairs]
    shares = [f"{chance(joined, every):.2%}" for joined in (1, 2, 3)]
    print(f"unlike findings at one line that are folded: {', '.join(shares)} (texts of 1, 2, 3 findings)")
    for count in COUNTS:
        findings = many(count, every)
        begin = time.perf_counter()
        folding = fold(findings)
        seconds = time.perf_counter() - begin
        print(
            f"{count:,} findings: {len(folding.groups):,} groups, {len(folding.possible):,} in doubt, {seconds:.2f} s"
        )
    return 0 if fine and all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
