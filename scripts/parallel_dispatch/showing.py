"""The reports of a run as the command line hands them out: written anew, printed, opened, shared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from . import dispatch
from .places import write_whole
from .refusal import Refusal
from .report import markdown
from .reports import BESIDE, values_of, write_reports
from .sharing import shared

if TYPE_CHECKING:
    from .active import ActiveRun

HTML = "report.html"


def written(run: ActiveRun) -> str:
    """How the run ended, and the paths of its reports, which are written anew."""
    write_reports(run)
    names = ["report.md", *BESIDE]
    paths = [path for path in map(run.folder.beside, names) if os.path.isfile(path)]
    return "\n".join([dispatch.summary(run.state()), *paths])


def printed(run: ActiveRun, form: str) -> str:
    """One report as text, all of them written anew: "md" or "json"."""
    text = write_reports(run)
    return json.dumps(values_of(run), indent=1) if form == "json" else text  # ASCII: a terminal obeys nothing in it


def opened(run: ActiveRun) -> str:
    """The page handed to the system's browser; the line that says so, or where it lies if there is none."""
    write_reports(run)
    path = run.folder.beside(HTML)
    if not os.path.isfile(path):
        return f"There is no page for a browser; the report: {run.folder.report}"
    program = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if program is None:
        return f"No browser was found; open {path}"
    subprocess.Popen(
        [program, path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return f"Opened {path}"


def share(run: ActiveRun, target: str) -> list[str]:
    """The paths of copies for others: into a folder, or one file by its ending. Nothing that is there is replaced."""
    values, target = shared(values_of(run)), os.path.abspath(target)
    forms = {"report.md": lambda values, _: markdown(values), **BESIDE}
    ending = os.path.splitext(target)[1]
    if ending and not os.path.isdir(target):
        name = f"report{ending.lower()}"
        if name not in forms:
            kinds = ", ".join(os.path.splitext(form)[1] for form in forms)
            raise Refusal(f'"{target}" is no folder, and of files there are {kinds}')
        texts = {target: forms[name](values, "")}
    else:
        texts = {os.path.join(target, name): make(values, "") for name, make in forms.items()}
    there = [path for path in texts if os.path.lexists(path)]
    if there:
        raise Refusal(f"{there[0]} is there already; name another place, or remove it first")
    for path, text in texts.items():
        write_whole(path, text)
    return list(texts)
