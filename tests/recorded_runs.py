"""Recorded runs: golden/runs/NAME holds a run's plan, its ledger and what else it left, in neutral words.

`@PROJECT@` and `@HOST@` in their texts stand for the project and for the folder of the host's transcripts: a case is
put up under a new folder before it is read, and what is made from it is put back into neutral words.

    plan.json  ledger.jsonl  [audit.json  briefs/  answers/  plans/]   of the run's folder
    project/                                                           outputs, by their paths in the project
    host/SESSION.jsonl  host/SESSION/subagents/agent-ID.jsonl          transcripts: of them only what is measured
    report.md  report.json                                             what is made from all that
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import contextmanager

from builders import ROOT, read, write
from parallel_dispatch import quickjson
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.places import RunFolder, runs_folder
from parallel_dispatch.report import cell

GOLDEN = os.path.join(ROOT, "tests", "golden", "runs")
CASES = sorted(name for name in os.listdir(GOLDEN) if os.path.isdir(os.path.join(GOLDEN, name)))
OF_THE_RUN = ("plan.json", "ledger.jsonl", "audit.json", "briefs", "answers", "plans")
MADE = ("report.md", "report.json")
PROJECT, HOST = "@PROJECT@", "@HOST@"


def golden(case, name):
    """The path of one file of a case."""
    return os.path.join(GOLDEN, case, name)


@contextmanager
def put_up(case):
    """A case as a run on disk, and the function that puts a text made from it back into neutral words."""
    base = os.path.realpath(tempfile.mkdtemp(prefix="golden"))
    try:
        words = {PROJECT: os.path.join(base, "project"), HOST: os.path.join(base, "host")}
        name = quickjson.record(read(golden(case, "ledger.jsonl")).partition("\n")[0]).get("run")
        folder = RunFolder(os.path.join(runs_folder(words[PROJECT]), str(name or f"tasks-20260102-030000-{case[:4]}")))
        for part in OF_THE_RUN:
            _copy(golden(case, part), os.path.join(folder.path, part), words)
        _copy(golden(case, "project"), words[PROJECT], words)
        _copy(golden(case, "host"), words[HOST], words)
        yield ActiveRun(folder.path), lambda text: neutral(text, words)
    finally:
        shutil.rmtree(base)


def neutral(text, words):
    """A text without the places of this machine, in code or as cells of a table show them, and without our version."""
    text = re.sub(r'"version": "\d[^"]*"', '"version": "@VERSION@"', text)
    for word, place in words.items():
        text = text.replace(place, word).replace(cell(place), word)
    return text


def _copy(source, target, words):
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
        for name in os.listdir(source):
            _copy(os.path.join(source, name), os.path.join(target, name), words)
    elif os.path.exists(source):
        text = read(source)
        for word, place in words.items():
            text = text.replace(word, place)
        write(target, text)
