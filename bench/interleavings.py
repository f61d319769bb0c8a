"""What the user types while a run is under way: none of it may be swallowed, and none of it may stop the run.

Counted over many interleavings of typed texts with the ends of background agents: the texts, how many reached the model
exactly once as words of the user, how many were answered, the runs and how many of them ended with every task
successful and a report, and the main conversation's requests per run. It ends with 1 when anything is missing.

How: several texts per run at random moments; agents take 0.2 to 1.5 s, answers up to 2 s, some with a shell command in
between. In the real host, in a terminal (tmux) and headless with prompts on stdin; and scripted: the hooks alone, fed
with recorded events in random order, by a host that deals with its queue as the real one does.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import sides

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

from hosting import Stage
from parallel_dispatch.copyist import Job, called
from parallel_dispatch.places import active_folder
from parallel_dispatch.scripted_model import Reply, Request
from parallel_dispatch.state import SUCCESS
from talking import ANSWERED, Answering, Question, questions
from terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parallel_dispatch.active import ActiveRun

hooking: Any = importlib.import_module("hooking")  # it carries no types

TASKS = """\
name: interleaved
tasks:
  - {id: a, prompt: x}
  - {id: b, prompt: x}
  - {id: c, prompt: x}
  - {id: d, prompt: x, dependencies: [a, b, c]}
settings: {output_dir: out}
"""
COMMAND = "/parallel-dispatch tasks.yaml"
PER_CONVERSATION = 5
PATIENCE_SECONDS = 40.0


@dataclass
class Tally:
    """What all runs of one kind showed."""

    runs: int = 0
    ended: int = 0
    turns: int = 0
    asked: list[str] = field(default_factory=list)
    delivered: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    @property
    def once(self) -> int:
        """How many texts the model got exactly once."""
        return sum(1 for name in self.asked if self.delivered[name] == 1)

    @property
    def replied(self) -> int:
        """How many texts were answered."""
        return sum(1 for name in self.asked if self.answered[name])

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.once == self.replied == len(self.asked) and self.ended == self.runs and not self.complaints

    def row(self, kind: str) -> list[str]:
        """A line of the table."""
        counts = (self.runs, self.ended, len(self.asked), self.once, self.replied)
        turns = f"{self.turns / max(1, self.runs):.1f}"
        return [kind, *map(str, counts), turns, "met" if self.is_whole else "missed"]


@dataclass
class Interleaved(Answering):
    """A model whose agents take as long as they like, and that remembers what it answered."""

    chance: random.Random = field(default_factory=random.Random)
    answered: Counter[str] = field(default_factory=Counter)

    def main(self, request: Request) -> Reply:
        """The answer, remembered."""
        reply = super().main(request)
        self.answered.update(ANSWERED.findall(reply.text))
        return reply

    def work(self, job: Job, request: Request) -> Reply:
        """The work, after a while."""
        reply = super().work(job, request)
        first = reply.calls and not any(called(request))
        return Reply(reply.text, reply.calls, delay=self.chance.uniform(0.2, 1.5) if first else 0.0)


def moments(chance: random.Random, number: int) -> Iterator[tuple[float, Question]]:
    """What the user types in one run: how long after the text before it, and what."""
    for text in range(chance.randint(2, 5)):
        seconds = round(chance.choice((0.0, 0.0, chance.uniform(0, 2))), 1)
        name = f"n{number}t{text}x{chance.randrange(10**6)}"
        yield chance.uniform(0, 1.0), Question(name, seconds, shell=chance.random() < 0.3)


def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether something became so in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.03)
    return True


def converse(
    stage: Stage,
    type_: Callable[[str], None],
    main: Callable[[], list[Request]],
    script: Interleaved,
    tally: Tally,
    runs: int,
) -> None:
    """So many runs in one conversation, one after another."""
    for _ in range(runs):
        before, turns, asked = len(stage.runs), len(main()), list[str]()
        type_(COMMAND)
        if not until(lambda: len(stage.runs) > before):  # noqa: B023 - it is asked at once
            tally.complaints.append("no run was started")
            return
        run = stage.runs[-1]
        for pause, question in moments(script.chance, tally.runs):
            time.sleep(pause)
            type_(question.text)
            asked.append(question.name)
        done = until(lambda: is_over(run) and all(script.answered[name] for name in asked))  # noqa: B023
        tally.runs += 1
        tally.asked += asked
        tally.ended += has_ended(run)
        tally.turns += len(main()) - turns
        if not has_ended(run):
            tally.complaints.append(f"{stage.version}: {run.folder.path}: {run.state().outcomes()}")
        if not done:
            missing = [name for name in asked if not script.answered[name]]
            tally.complaints.append(f"{stage.version}: {run.folder.path}: over: {is_over(run)}, missing: {missing}")
            break
        time.sleep(0.3)  # for what must not come twice
    tally.delivered.update(question.name for question in questions(main()[-1]))
    tally.answered.update(script.answered)


def is_over(run: ActiveRun) -> bool:
    """Whether the run has ended and nothing drives it any more."""
    return bool(run.state().ended) and not os.path.exists(active_folder(run.plan.project))


def has_ended(run: ActiveRun) -> bool:
    """Whether every task of a run succeeded, and its report is there."""
    outcomes = [outcome for outcome, _ in run.state().outcomes().values()]
    return set(outcomes) == {SUCCESS} and os.path.exists(run.folder.report)


def in_terminal(version: str, chance: random.Random, runs: int, folder: Path) -> Tally:
    """Runs in terminals."""
    return in_host(version, chance, runs, folder, typed)


def headless(version: str, chance: random.Random, runs: int, folder: Path) -> Tally:
    """Runs in headless conversations, the texts on stdin."""
    return in_host(version, chance, runs, folder, on_stdin)


def typed(stage: Stage, script: Interleaved, tally: Tally, runs: int) -> None:
    """One conversation in a terminal."""
    with terminal(stage, script) as shown:
        converse(stage, shown.type, lambda: shown.main, script, tally, runs)
        if tally.complaints:
            print(shown.screen, file=sys.stderr)


def on_stdin(stage: Stage, script: Interleaved, tally: Tally, runs: int) -> None:
    """One headless conversation."""
    with stage.live(script, "") as live:
        converse(stage, live.type, lambda: [r for r in live.log if r.agent_id is None], script, tally, runs)
        if not tally.complaints:
            live.end()


def in_host(version: str, chance: random.Random, runs: int, folder: Path, way: Callable[..., None]) -> Tally:
    """Runs in the real host, some in each conversation."""
    tally = Tally()
    while tally.runs < runs and not tally.complaints:
        stage = Stage(version, folder / f"{tally.runs}")
        stage.settle(permissions={"allow": ["Bash"]})
        stage.write("tasks.yaml", TASKS)
        way(stage, Interleaved(chance=chance), tally, min(PER_CONVERSATION, runs - tally.runs))
    return tally


@dataclass
class Scene:
    """One run whose host is this program: it deals with its queue as the real one does, and asks the real hooks.

    What the user types goes before what the host has queued by itself. In a terminal all of that is one batch: where
    its first prompt is blocked, no request is made, and the others wait for the next one. Headless, 2.1.197 takes
    prompts one by one.
    """

    talk: Any
    chance: random.Random
    headless: bool
    tally: Tally
    queue: list[tuple[str, str]] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)
    at_work: list[str] = field(default_factory=list)
    woken: set[tuple[int, str]] = field(default_factory=set)

    def play(self, texts: list[str]) -> None:
        """The run, to its end or to where nothing happens any more."""
        self.talk.begin(background=True)
        self.launch(["a", "b", "c"])
        while True:
            self.hear_watchers()
            ways = [self.end_one] * len(self.at_work) + [self.take] * bool(self.queue)
            ways += [lambda: self.queue.append(("typed", texts.pop(0)))] * bool(texts)
            if ways:
                self.chance.choice(ways)()
            elif not until(lambda: self.hear_watchers() or self.is_silent, 2.0) or self.is_silent:
                return

    @property
    def is_silent(self) -> bool:
        """Whether nothing can come any more."""
        return not self.queue and not any(watcher.is_there for watcher in self.talk.watchers.values())

    def launch(self, tasks: list[str]) -> bool:
        """Whether the turn ends with these calls."""
        self.talk.launches(*tasks)
        self.at_work += tasks
        given = [{"prompt": f"pd:{self.talk.run.plan.run}/{task} do it"} for task in tasks]
        calls = [{"tool_name": "Agent", "tool_input": g, "tool_use_id": "", "tool_response": ""} for g in given]
        answer = self.talk.fire(self.talk.payload("PostToolBatch") | {"tool_calls": calls})
        return bool(answer) and answer.get("continue") is False

    def end_one(self) -> None:
        """One of the agents at work writes its output and ends."""
        task = self.at_work.pop(self.chance.randrange(len(self.at_work)))
        self.talk.writes(task)
        self.talk.stops(task, self.talk.attempt(task).agent_id)
        self.queue.append(("note", task))

    def hear_watchers(self) -> bool:
        """Whether a watcher woke the conversation since the last time."""
        for key, watcher in self.talk.watchers.items():
            if key not in self.woken and not watcher.is_there:
                self.woken.add(key)
                if watcher.end()[0] == 2:
                    self.queue.append(("wake", ""))
                    return True
        return False

    def take(self) -> None:
        """The next prompts from the queue, and the request that they lead to."""
        typed = [prompt for prompt in self.queue if prompt[0] == "typed"]
        batch = (typed or self.queue)[: 1 if self.headless else None]
        self.queue = [prompt for prompt in self.queue if prompt not in batch]
        passed = []
        for number, (kind, what) in enumerate(batch):
            answer = self.ask(kind, what) or {}
            passed.append(answer.get("decision") != "block")
            if passed[-1]:
                self.held.append((what if kind == "typed" else "", hooking.heard(answer)))
            if number == 0 and self.chance.random() < 0.3 and self.at_work:
                self.end_one()
        if passed[0]:
            self.request()

    def ask(self, kind: str, what: str) -> Any:
        """What the hooks say to a prompt."""
        if kind == "note":
            return self.talk.notifies(what)
        if kind == "wake":
            return self.talk.wakes()
        return self.talk.fire(self.talk.payload("UserPromptSubmit") | {"prompt": what})

    def request(self) -> None:
        """The model answers what it has heard, and sends the calls that it was handed."""
        self.tally.turns += 1
        names = [name for name, _ in self.held if name]
        self.tally.delivered.update(names)
        self.tally.answered.update(names)
        calls = hooking.rows(" ".join(text for _, text in self.held))
        self.held = []
        if self.chance.random() < 0.5 and self.at_work:
            self.end_one()
        if calls and self.launch([call["description"] for call in calls]):
            return
        answer = self.talk.tell("Stop") or {}
        calls = hooking.rows(str(answer.get("reason") or ""))
        if calls:
            self.tally.turns += 1
            self.launch([call["description"] for call in calls])


def scripted(version: str, chance: random.Random, runs: int, folder: Path) -> Tally:
    """Runs of a host that is not there."""
    tally = Tally()
    cache = folder / "cache"
    cache.mkdir(parents=True)
    (cache / "interpreter").write_text(sys.executable + "\n")
    for number in range(runs):
        place = folder / str(number)
        (place / "project").mkdir(parents=True)
        talk = hooking.Conversation(version, str(place / "project"), str(place), str(cache))
        texts = [f"{number}: {question.text}" for _, question in moments(chance, number)]
        tally.asked += texts
        is_headless = version == sides.VERSIONS[0] and chance.random() < 0.5
        try:
            Scene(talk, chance, is_headless, tally).play(list(texts))
        finally:
            talk.leaves()
        tally.runs += 1
        tally.ended += has_ended(talk.run)
        if not has_ended(talk.run):
            tally.complaints.append(f"{version}, scripted run {number}: {talk.run.state().outcomes()}")
    return tally


KINDS = {"scripted": scripted, "terminal": in_terminal, "headless": headless}
SHARES = {"scripted": 3, "terminal": 1, "headless": 1}
"""How the interleavings are divided among the kinds; those of the real host take six seconds each."""


def main() -> int:
    """The measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, metavar="N", help="interleavings in all (default 200)")
    parser.add_argument("--seed", type=int, default=None, metavar="N", help="to have the same moments again")
    parser.add_argument("--host", action="append", metavar="VERSION", help=f"default: {' and '.join(sides.VERSIONS)}")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="default: all")
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed  # noqa: S311 - moments, no secrets
    print(f"Seed {seed}.\n", flush=True)
    lines = [(kind, version) for kind in arguments.kind or KINDS for version in arguments.host or sides.VERSIONS]
    tallies, left = {}, arguments.runs
    for number, (kind, version) in enumerate(lines):
        whole = sum(SHARES[kind] for kind, _ in lines[number:])
        runs = round(left * SHARES[kind] / whole)
        left -= runs
        with TemporaryDirectory(prefix="pd-bench-") as folder:
            chance = random.Random(f"{seed} {kind} {version}")  # noqa: S311
            tallies[kind, version] = KINDS[kind](version, chance, runs, Path(folder))
        print(" ".join(tallies[kind, version].row(f"{kind}, {version}")), file=sys.stderr, flush=True)
    head = ("interleavings", "runs", "ended", "texts", "delivered once", "answered", "main requests per run", "")
    print(sides.table(head, [tally.row(f"{kind}, {version}") for (kind, version), tally in tallies.items()]))
    for tally in tallies.values():
        for complaint in tally.complaints:
            print(complaint)
    return int(not all(tally.is_whole for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
