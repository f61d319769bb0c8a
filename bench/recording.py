"""Runs recorded for tests/golden/runs: the real host against scripted models with faults, in neutral words.

Each scenario runs once; what it leaves is kept without the places of this machine, of transcripts only what is
measured. `recording.py NAME …` records these anew, without a name those that are not there yet; the reports themselves
are written by `UPDATE_GOLDEN=1 tests/run tests/test_report.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import sides

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

from faults import (
    Fault,
    Faulty,
    Limited,
    OneByOne,
    attempts_to_write,
    busy,
    dawdles,
    dies,
    hangs,
    lies,
    once,
    stub,
    writes,
    writes_again,
    writes_nothing,
)
from hosting import Stage
from metered import KEYS, Metered
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.copyist import Copyist
from parallel_dispatch.places import read_text
from parallel_dispatch.report import cell
from repositories import committed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOLDEN = os.path.join(sides.ROOT, "tests", "golden", "runs")
KEPT = ("plan.json", "ledger.jsonl", "audit.json", "plans", "briefs", "answers")
OLD, NEW = sides.VERSIONS
COMMAND = "/parallel-dispatch tasks.yaml"
MAX_KEPT = 20_000
"""How many characters of a brief, an answer or an output are kept."""


ASTRAY = """\
import os
for path in ("src/later/x.py", "src/stray/own.py", "nobodys.txt"):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    open(path, "w").write("not as it was")
"""


def tasks(name: str, *rows: str, **settings: object) -> str:
    """A task file: a row is what stands within the braces of a task, its prompt left out."""
    told = "".join(f"  - {{{row}, prompt: Do it.}}\n" for row in rows)
    limits = json.dumps({"output_dir": "out", **settings})
    return f"name: {name}\ntasks:\n{told}settings: {limits}\n"


REVIEW = (
    "id: security, agent: security-architect",
    "id: tests, agent: test-architect",
    "id: operations, agent: devops-engineer",
    "id: synthesis, agent: documentation-synthesizer, dependencies: [security, tests, operations]",
)
EVERYTHING = (
    "id: dies",
    "id: lies",
    "id: empty",
    "id: stub, contract: {min_bytes: 400, sections: [Findings]}",
    "id: outside",
    "id: fine",
    "id: thrown-back",
    "id: after-dies, dependencies: [dies, fine]",
    "id: after-that, dependencies: [after-dies]",
    "id: after-fine, dependencies: [fine, thrown-back]",
)
RACE = (
    "id: quick",
    "id: slow",
    "id: slower",
    "id: first, dependencies: [quick, slow, slower], wait: any",
)


def everything(stage: Stage) -> Faulty:
    """A model whose agents each have a fault of their own."""
    outside: dict[str, object] = {"file_path": os.path.join(stage.project, "notes.md"), "content": "not mine"}
    faults: dict[str, Fault] = {"dies": dies, "lies": lies, "empty": writes_nothing, "stub": stub}
    faults |= {"outside": attempts_to_write("Write", outside), "thrown-back": once(busy)}
    return Faulty(seconds=0.3, faults=faults)


def simple(
    text: str, script: Callable[[Stage], Copyist], *more: str, dispatch: str = "background", **how: str
) -> Callable[[Stage], None]:
    """A scenario of one conversation that starts a task file."""

    def play(stage: Stage) -> None:
        stage.write("tasks.yaml", text)
        stage.converse(script(stage), f"{COMMAND} --dispatch {dispatch}", *more, **how)

    return play


def metered(dispatch: str) -> Callable[[Stage], None]:
    """Tokens of all kinds, in all that takes more than one attempt."""
    rows = (*REVIEW, "id: again, retries: 2", "id: sent-back, contract: {min_bytes: 400}")
    faults = {"again": once(lies), "sent-back": stub}
    text = tasks("metered", *rows, max_parallel=5, backoff="none")
    return simple(text, lambda _: Metered(seconds=0.4, faults=faults), dispatch=dispatch)


def interrupted(stage: Stage) -> None:
    """The host is killed while two agents work; another conversation takes the run up."""
    stage.write("tasks.yaml", tasks("interrupted", *REVIEW))
    slow = Copyist(0.3, {"tests": 60.0, "operations": 60.0})
    with stage.live(slow, COMMAND) as live:
        live.wait_for(lambda: len({r.agent_id for r in live.log} - {None}) >= 3 and stage.recorded(live.session))
        live.wait_for(lambda: stage.runs[0].state().settled)
    stage.converse(Copyist(0.3), "/parallel-dispatch resume")


def limited(stage: Stage) -> None:
    """The user's usage is at its limit after some requests, and again there when the run is resumed."""
    stage.write("tasks.yaml", tasks("limited", *REVIEW))
    stage.converse(Limited(seconds=0.3, allowed=2), COMMAND)


def limited_and_resumed(stage: Stage) -> None:
    """The same, resumed when the limit is over."""
    limited(stage)
    stage.converse(Copyist(0.3), "/parallel-dispatch resume")


def cancelled(stage: Stage) -> None:
    """The user ends the run from a terminal while agents work."""
    stage.write("tasks.yaml", tasks("cancelled", *REVIEW))
    script = Faulty(seconds=0.3, faults={"tests": hangs, "operations": hangs})
    with stage.live(script, COMMAND) as live:
        live.wait_for(lambda: live.agents >= 3 and stage.runs[0].state().settled)
        stage.command_line("cancel", stage.runs[0].plan.run)


def changed(stage: Stage) -> None:
    """Two outputs are changed and removed after the run."""
    stage.write("tasks.yaml", tasks("changed", *REVIEW))
    stage.converse(Copyist(0.3), COMMAND)
    stage.write("out/security.md", "Somebody else wrote this.\n")
    os.unlink(os.path.join(stage.project, "out", "tests.md"))


def strays(stage: Stage) -> None:
    """An agent's program changes files that are not its own, past every hook."""
    rows = (
        'id: quiet, writes: ["src/quiet/**"]',
        'id: stray, writes: ["src/stray/**"]',
        'id: later, writes: ["src/later/**"], dependencies: [stray]',
    )
    committed(stage.project, {"tasks.yaml": tasks("strays", *rows), "src/later/x.py": "as it was"})
    program: dict[str, object] = {"command": f"python3 -c '{ASTRAY}'", "description": "Run a program"}
    script = Faulty(faults={"stray": attempts_to_write("Bash", program), "quiet": dawdles(2.0)})
    stage.converse(script, COMMAND, "--allowedTools", "Bash", "Read")


def three_faults(stage: Stage) -> None:
    """A failed task with two that were skipped for it, a stray file, and an output that was changed afterwards."""
    rows = (
        'id: api, writes: ["src/api/**"]',
        "id: security",
        "id: performance",
        "id: risks, dependencies: [security]",
        "id: summary, dependencies: [risks, performance]",
    )
    committed(stage.project, {"tasks.yaml": tasks("release-review", *rows), "src/core/limits.py": "LIMIT = 5\n"})
    command = "python3 -c \"open('src/core/limits.py', 'w').write('LIMIT = 500')\""
    program: dict[str, object] = {"command": command, "description": "Run a program"}
    faults = {"api": attempts_to_write("Bash", program), "security": lies}
    stage.converse(Faulty(seconds=0.5, faults=faults), COMMAND, "--allowedTools", "Bash", "Read")
    stage.write("out/performance.md", "Nothing was found.\n")


REVIEWED = {
    "security": """\
# Security

## Findings

- [high] src/pay/charge.py:42 - The amount goes into the SQL text unescaped. Fix: bind it as a parameter.
- [medium] src/web/login.py:10 - The session cookie lacks SameSite. Fix: set SameSite=Lax.
- [low] src/web/login.py:55 - Failed logins are not counted. Fix: lock for a minute after ten.
""",
    "performance": """\
## Findings

| Severity | Location | Finding | Fix |
|---|---|---|---|
| medium | src/pay/charge.py:42 | The SQL text with the amount is compiled anew for each charge. | Bind the amount. |
| high | src/pay/report.py:70-92 | One query for each of 10,000 rows. | Join the customers. |
""",
    "style": """\
## Findings

- [low] src/pay/charge.py:88-93 - Two loops do the same. Fix: keep the second.
- [info] src/gen/client.py:1 - Lines of more than 200 characters.
- [low] src/pay/report.py:75 - The query for each row is put together by hand. Fix: join the customers in one statement.
""",
}
MERGED = """\
# All reviews

## Findings

- [high] src/pay/charge.py:42 - The amount goes into the SQL text unescaped. (security/1, performance/1)
  Fix: bind it as a parameter.
- [high] src/pay/report.py:70-92 - One query for each of 10,000 rows. (performance/2, style/3)
- [high] src/web/login.py:10 - The session cookie lacks SameSite. (security/2)
- [low] src/web/login.py:55 - Failed logins are not counted. (security/3)
- [low] src/pay/charge.py:88-93 - Two loops do the same. (style/1)

## Dispositions

| Finding | Severity | Disposition |
|---|---|---|
| security/1 | high | kept |
| security/2 | high | changed from medium: more likely, seen src/web/login.py:4-12 |
| security/3 | low | kept |
| performance/1 | medium | merged with security/1 |
| performance/2 | high | kept |
| style/1 | low | kept |
| style/2 | info | dropped: not ours, seen src/gen/client.py:1 |
| style/3 | low | merged with performance/2 |
"""
LOSING = (
    MERGED.replace("- [low] src/web/login.py:55 - Failed logins are not counted. (security/3)\n", "")
    .replace("| security/3 | low | kept |\n", "")
    .replace("Two loops do the same.", "Passwords are stored in clear text.")
    .replace("dropped: not ours, seen src/gen/client.py:1", "dropped")
)


def integrated(made: Fault) -> Callable[[Stage], None]:
    """Three reviews and what an integrator makes of them."""
    rows = (*(f"id: {task}, agent: reviewer" for task in REVIEWED), f"id: all, dependencies: [{', '.join(REVIEWED)}]")
    faults = {task: writes(text) for task, text in REVIEWED.items()} | {"all": made}
    return simple(tasks("merged", *rows, aggregate="integrator"), lambda _: Faulty(seconds=0.3, faults=faults))


def without_hooks(stage: Stage) -> None:
    """A run that is driven step by step from a terminal."""
    stage.write("tasks.yaml", tasks("by-hand", *REVIEW))
    stage.command_line("start", "tasks.yaml")
    for task in ("security", "tests"):
        stage.write(f"out/{task}.md", f"The work of {task}.\n")
    stage.command_line("next")


def wide(count: int) -> str:
    """A task file with so many tasks and one that joins them."""
    rows = [f"id: t{number:02}" for number in range(count)]
    return tasks("wide", *rows, f"id: join, dependencies: [{', '.join(row[4:] for row in rows)}]", max_parallel=16)


GROW = (
    "id: list, output: list.json",
    "id: each, for_each: {from: list}, scope: '{{ item }}'",
    "id: join, dependencies: [each]",
)

SCENARIOS: dict[str, tuple[str, Callable[[Stage], None]]] = {
    "tokens-in-the-foreground": (OLD, metered("foreground")),
    "tokens-in-the-background": (NEW, metered("background")),
    "everything-in-the-foreground": (
        NEW,
        simple(tasks("faults", *EVERYTHING, max_parallel=12), everything, dispatch="foreground", mode="acceptEdits"),
    ),
    "everything-in-the-background": (
        OLD,
        simple(tasks("faults", *EVERYTHING, max_parallel=12), everything, mode="acceptEdits"),
    ),
    "losers": (
        OLD,
        simple(
            tasks("race", *RACE),
            lambda _: Faulty(faults={"slow": dawdles(3), "slower": dawdles(3)}),
            dispatch="foreground",
        ),
    ),
    "losers-that-hang": (
        NEW,
        simple(tasks("race", *RACE), lambda _: Faulty(faults={"slow": hangs, "slower": hangs})),
    ),
    "one-by-one": (NEW, simple(tasks("serial", *REVIEW), lambda _: OneByOne(0.5), dispatch="foreground")),
    "interrupted-and-resumed": (NEW, interrupted),
    "usage-limit": (NEW, limited),
    "usage-limit-and-resumed": (OLD, limited_and_resumed),
    "cancelled-from-outside": (NEW, cancelled),
    "changed-afterwards": (OLD, changed),
    "files-of-others": (NEW, strays),
    "three-faults": (NEW, three_faults),
    "without-hooks": (NEW, without_hooks),
    "findings-integrated": (NEW, integrated(writes_again(LOSING, MERGED))),
    "findings-lost-by-the-integrator": (OLD, integrated(writes(LOSING))),
    "stops-at-a-failure": (
        OLD,
        simple(
            tasks("stop", *REVIEW, max_parallel=2, on_failure="stop"),
            lambda _: Faulty(seconds=0.5, faults={"security": lies}),
        ),
    ),
    "tried-again-in-vain": (
        NEW,
        simple(
            tasks("retry", *REVIEW, on_failure="retry", max_retries=1, backoff="none"),
            lambda _: Faulty(seconds=0.3, faults={"tests": lies, "security": once(dies)}),
        ),
    ),
    "given-up": (
        NEW,
        simple(
            tasks("alike", *(f"id: t{n}" for n in range(8))),
            lambda _: Faulty(seconds=0.2, faults={f"t{n}": lies for n in range(8)}),
        ),
    ),
    "out-of-tokens": (OLD, simple(tasks("budget", *REVIEW, max_tokens=10_000), lambda _: Copyist(0.3))),
    "made-of-a-list": (NEW, simple(tasks("grown", *GROW), lambda _: Copyist(0.3))),
    "too-many-to-draw": (NEW, simple(wide(61), lambda _: Copyist(0.2))),
}


def record(name: str) -> None:
    """One scenario played and kept."""
    version, play = SCENARIOS[name]
    with TemporaryDirectory(prefix="record") as folder:
        stage = Stage(version, Path(os.path.realpath(folder)))
        play(stage)
        run = ActiveRun(stage.runs[-1].folder.path)
        places = {"@PROJECT@": stage.project, "@HOST@": _host(run), "@HOME@": stage.home, "@PLUGIN@": stage.plugin}
        target = os.path.join(GOLDEN, name)
        shutil.rmtree(target, ignore_errors=True)
        is_large = len(run.plan.tasks) > 20
        for part in KEPT[:-2] if is_large else KEPT:
            for path in _files(os.path.join(run.folder.path, part)):
                _keep(path, os.path.join(target, os.path.relpath(path, run.folder.path)), places)
        for task in run.plan.tasks.values():
            for path in _files(task.output.rstrip("/")):
                _keep(path, os.path.join(target, "project", os.path.relpath(path, stage.project)), places)
        for path in _files(places["@HOST@"]) if places["@HOST@"] else ():
            if path.endswith(".jsonl"):
                _keep(path, os.path.join(target, "host", os.path.relpath(path, places["@HOST@"])), places, _measured)
    print(f"{name}: {len(list(_files(target)))} files", flush=True)


def _host(run: ActiveRun) -> str:
    """The folder in which the host keeps the transcripts of a run's conversations; empty where there are none."""
    found = (attempt.transcript for attempt in run.state().calls.values() if attempt.transcript)
    transcript = next(found, "")
    return os.path.dirname(os.path.dirname(os.path.dirname(transcript)))


def _files(path: str) -> Iterator[str]:
    if os.path.isfile(path):
        yield path
    for folder, _, names in os.walk(path):
        yield from (os.path.join(folder, name) for name in sorted(names))


def _keep(source: str, target: str, places: dict[str, str], only: Callable[[str], str] = str) -> None:
    is_whole = os.path.basename(source).endswith(("json", "jsonl"))
    text = only(read_text(source))
    for word, place in places.items():
        if place:
            text = text.replace(place, word).replace(cell(place), word)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w", encoding="utf-8") as file:
        file.write(text if is_whole else text[:MAX_KEPT])


def _measured(text: str) -> str:
    """The lines of a transcript that anything is measured by, with what it is measured by."""
    lines = (json.loads(line) for line in text.splitlines() if '"usage"' in line or '"cost-state"' in line)
    return "".join(json.dumps(shorn) + "\n" for line in lines if (shorn := _shorn(line)))


def _shorn(line: dict[str, object]) -> dict[str, object]:
    message = line.get("message")
    if line.get("type") == "cost-state":
        return {key: line.get(key) for key in ("type", "totalCostUSD", "hasUnknownModelCost")}
    if not isinstance(message, dict):
        return {}
    kept = {key: message[key] for key in ("id", "role", "model") if key in message}
    kept["usage"] = {key: number for key, number in message.get("usage", {}).items() if key in KEYS.values()}
    content = message.get("content")
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    calls = [{"type": "tool_use", "id": block["id"]} for block in blocks if block.get("type") == "tool_use"]
    return {"type": line.get("type"), "timestamp": line.get("timestamp"), "message": {**kept, "content": calls}}


def main() -> None:
    """The scenarios that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*")
    names = parser.parse_args().names
    for name in names or [name for name in SCENARIOS if not os.path.isdir(os.path.join(GOLDEN, name))]:
        record(name)


if __name__ == "__main__":
    main()
