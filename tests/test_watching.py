"""A run watched while it goes on: its picture, its lines, what is left of it, and the program in a terminal."""

import io
import json
import os
import random
import re
import signal
import subprocess
import time

import pytest
from builders import ROOT, SESSION, claimed, closed, event, header, launched, make_run, plan_of, read, write
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch import live, standings
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.activity import MOST, Activity
from parallel_dispatch.bars import ASCII, BLOCKS
from parallel_dispatch.bulletins import Bulletins
from parallel_dispatch.cells import width
from parallel_dispatch.ledger import Ledger
from parallel_dispatch.outlook import Outlook
from parallel_dispatch.owners import activate
from parallel_dispatch.picture import picture
from parallel_dispatch.progress import launching
from parallel_dispatch.replay import replay
from parallel_dispatch.screen import BEGIN, END, Screen
from parallel_dispatch.status import table
from parallel_dispatch.visible import visible
from windows import Program, Window

FOLDER = os.path.join(ROOT, "tests", "golden", "pictures")
TASKS = {
    "security": (),
    "style": (),
    "tests": (),
    "docs": (),
    "merge": ("security", "style", "tests"),
    "end": ("merge",),
}
BEGUN = [claimed(task, time=1.0) for task in ("security", "style", "tests")]
AGENTS = [launched(task, time=2.0) for task in ("security", "style", "tests")]


def known(plan, **seconds):
    """The plan with estimates; of the others nothing is known."""
    for task, estimate in seconds.items():
        plan.tasks[task].estimate, plan.tasks[task].known_from = estimate, "file"
    return plan


def moment(plan, events, now, condition="under way", doing=None):
    state = replay(plan, [header(0.0), *events])
    return standings.moment(state, now, condition, doing or {}, Outlook().at(state, now))


def drawn(seen, cells=100, lines=40, marks=BLOCKS):
    return [line.text for line in picture(seen, cells, lines, marks)]


# --- the picture --------------------------------------------------------------------------------------------------


def at_work():
    plan = known(plan_of(TASKS, max_parallel=3), security=30.0, style=20.0, tests=60.0, docs=10.0, merge=20.0, end=5.0)
    events = [*BEGUN, *AGENTS, closed("security", time=33.2), claimed("docs", time=34.0), launched("docs", time=35.0)]
    return moment(plan, events, 40.0, doing={"style": "Read src/main.py", "tests": "Bash, quiet for 2 m"})


def with_failures():
    plan = known(plan_of(TASKS, max_parallel=3, on_failure="retry", max_retries=1), security=30.0, tests=10.0)
    events = [*BEGUN, *AGENTS]
    events += [closed("security", "failed", time=12.0, reason="no output"), closed("style", time=20.0)]
    events += [claimed("security", "again", time=13.0), launched("security", "second", attempt=2, time=14.0)]
    events += [closed("tests", "failed", time=21.0, reason="the agent died"), claimed("tests", "third", time=22.0)]
    events += [launched("tests", "fourth", attempt=2, time=23.0)]
    events += [closed("tests", "failed", attempt=2, time=30.0, reason="the agent died\nof \x1b[31mred")]
    return moment(plan, events, 31.0)


def slowed():
    plan = plan_of(TASKS, max_parallel=4)
    busy = closed("tests", "interrupted", time=9.0, reason="overloaded", thrown_back=True)
    return moment(plan, [*BEGUN, *AGENTS, busy, event("paused", 10.0, reason="resets 3pm")], 12.0, "paused")


def ended():
    plan = plan_of(TASKS, max_parallel=3, on_failure="stop")
    events = [*BEGUN, *AGENTS, closed("security", time=61.0), closed("tests", "failed", time=65.0, reason="no output")]
    return moment(plan, [*events, closed("style", "cancelled", time=66.0), event("finished", 67.0)], 66.0, "finished")


def many():
    plan = plan_of({f"part-{n:03d}": () for n in range(300)}, max_parallel=4)
    events = [claimed(f"part-{n:03d}", time=float(n)) for n in range(4)]
    for n in range(40):
        task, outcome = f"part-{n:03d}", "failed" if n == 7 else "success"
        events += [launched(task, time=n + 0.5), closed(task, outcome, time=n + 1.0, reason="no output")]
        events.append(claimed(f"part-{n + 4:03d}", time=n + 1.0))
    return moment(plan, [*events, launched("part-040", time=40.5)], 43.0)


def wide():
    review, summer = "レビュー-安全", "e\u0301te\u0301"
    plan = plan_of({review: (), summer: (), "bad\x1b[2Jid\u202e": (review,)}, max_parallel=2)
    events = [claimed(review, time=0.0), launched(review, time=1.0), claimed(summer, time=0.0)]
    return moment(plan, events, 20.0, doing={review: "Write 出力/報告.md"})


MOMENTS = {f.__name__.replace("_", "-"): f for f in (at_work, with_failures, slowed, ended, many, wide)}
SIZES = [(100, 40), (60, 16), (38, 9), (20, 5)]


@pytest.mark.parametrize(("cells", "lines"), SIZES)
@pytest.mark.parametrize("name", MOMENTS)
def test_a_moment_looks_like_this(name, cells, lines):
    file = os.path.join(FOLDER, f"{name}-{cells}x{lines}.txt")
    text = "\n".join(drawn(MOMENTS[name](), cells, lines)) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        write(file, text)
    assert text == read(file)


def test_there_is_a_golden_picture_for_every_moment_and_size_and_no_other():
    wanted = {f"{name}-{cells}x{lines}.txt" for name in MOMENTS for cells, lines in SIZES}
    assert set(os.listdir(FOLDER)) == wanted


def test_where_the_terminal_knows_no_blocks_it_is_drawn_in_ascii():
    assert "\n".join(drawn(at_work(), marks=ASCII)).isascii()


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=70)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(TEXTS, min_size=1, max_size=40, unique=True),
    st.integers(1, 250),
    st.integers(1, 70),
    st.floats(0.0, 1e7),
    st.randoms(use_true_random=False),
)
def test_no_picture_is_wider_or_higher_than_its_window(ids, cells, lines, now, chance):
    tasks = {}
    for task in ids:
        tasks[task] = tuple(chance.sample(list(tasks), min(len(tasks), chance.randrange(3))))
    plan = plan_of(tasks, max_parallel=chance.randrange(1, 9))
    events = []
    for task in ids:
        events.append(claimed(task, time=chance.uniform(0, now)))
        events += [launched(task, time=chance.uniform(0, now))] * chance.randrange(2)
        outcome = chance.choice(["success", "failed", "cancelled", "interrupted", ""])
        events += [closed(task, outcome, time=chance.uniform(0, now), reason=task)] * bool(outcome)
    events += [event("paused", now, reason=ids[0])] * chance.randrange(2)
    condition = chance.choice(["under way", "left", "paused", "finished"])
    text = drawn(moment(plan, events, now, condition, dict.fromkeys(ids, ids[-1])), cells, lines)
    assert 1 <= len(text) <= lines
    assert all(width(line) <= cells for line in text)
    assert [visible(line) for line in text] == text


def test_those_at_work_come_first_then_those_that_failed():
    for room in range(2, 12):
        ids = [line.split()[0] for line in drawn(many(), 60, room)[1:] if line.lstrip().startswith("part-")]
        first = ["part-040", "part-041", "part-042", "part-043", "part-007"]
        assert ids[:5] == first[: len(ids)]


@pytest.mark.parametrize("lines", [3, 7, 20, 60, 299])
def test_rows_and_the_rest_are_all_tasks(lines):
    text = drawn(many(), 80, lines)
    rows = sum(1 for line in text if line.lstrip().startswith("part-"))
    counted = next(line for line in text if line.startswith("... and "))
    assert rows + sum(map(int, re.findall(r"\d+", counted))) == 300


# --- what is left -------------------------------------------------------------------------------------------------


def left(plan, events, now):
    seen = moment(plan, events, now)
    return max((end for _, end in seen.foretold.values()), default=now) - now


def test_what_is_left_is_reckoned_from_what_agents_have_done_already():
    plan = known(plan_of(TASKS, max_parallel=3), security=30.0, style=20.0, tests=60.0, docs=10.0, merge=20.0, end=5.0)
    # tests goes on for 22 s more, then merge and end; docs has an agent of its own by then
    assert left(plan, [*BEGUN, *AGENTS], 40.0) == pytest.approx(22 + 20 + 5, abs=0.01)


def test_an_agent_that_is_overdue_may_end_any_moment():
    plan = known(plan_of({"a": (), "b": ("a",)}), a=10.0, b=7.0)
    assert left(plan, [claimed("a", time=0.0), launched("a", time=0.0)], 500.0) == pytest.approx(7, abs=0.01)


def test_where_nothing_is_known_the_run_s_own_tasks_tell_how_long_the_others_take():
    plan = plan_of({"a": (), "b": (), "c": ()}, max_parallel=1)
    began = [claimed("a", time=0.0), launched("a", time=0.0)]
    assert moment(plan, began, 10.0).foretold == {}
    assert left(plan, [*began, closed("a", time=12.0)], 12.0) == pytest.approx(24, abs=0.01)


def test_a_rehearsal_s_agents_do_no_work_so_its_estimates_are_scaled():
    plan = known(plan_of({"a": (), "b": ()}, max_parallel=1), a=100.0, b=300.0)
    plan.rehearsal = True
    events = [claimed("a", time=0.0), launched("a", time=0.0), closed("a", time=1.0)]
    assert left(plan, events, 1.0) == pytest.approx(3, abs=0.01)


def test_a_busy_server_s_limit_counts():
    tasks = dict.fromkeys("abcd", ())
    plan = known(plan_of(tasks, max_parallel=4), a=10.0, b=10.0, c=10.0, d=10.0)
    began = [event for task in "abcd" for event in (claimed(task, time=0.0), launched(task, time=0.0))]
    thrown = [closed(task, "interrupted", time=1.0, thrown_back=True) for task in "abcd"]
    assert left(plan, [*began, *thrown], 1.0) == pytest.approx(20, abs=0.01)


@pytest.mark.parametrize("last", [event("paused", 3.0, reason="a limit"), event("finished", 3.0)])
def test_of_a_run_that_does_not_go_on_nothing_is_foretold(last):
    plan = known(plan_of({"a": ()}), a=10.0)
    assert moment(plan, [last], 4.0).foretold == {}


def test_of_a_run_that_is_stopped_only_those_at_work_are_waited_for():
    plan = known(plan_of(TASKS, on_failure="stop"), security=30.0, style=20.0, tests=60.0, docs=1e6)
    events = [*BEGUN, *AGENTS, closed("security", "failed", time=3.0, reason="no output")]
    assert set(moment(plan, events, 4.0).foretold) == {"style", "tests"}


def test_waves_are_kept_to():
    plan = known(plan_of({"a": (), "b": (), "c": ("a",)}, in_waves=True), a=10.0, b=50.0, c=5.0)
    events = [claimed("a", time=0.0), launched("a", time=0.0), claimed("b", time=0.0), launched("b", time=0.0)]
    assert moment(plan, [*events, closed("a", time=10.0)], 10.0).foretold["c"][0] == pytest.approx(50, abs=0.01)


# --- what an agent does -------------------------------------------------------------------------------------------


def line(*blocks, role="assistant"):
    return json.dumps({"type": role, "message": {"role": role, "content": list(blocks)}}) + "\n"


def use(tool, **given):
    return {"type": "tool_use", "id": "toolu_1", "name": tool, "input": given}


@pytest.fixture
def transcript(tmp_path):
    path = str(tmp_path / "session" / "subagents" / "agent-a.jsonl")
    write(path, line({"type": "text", "text": "begin"}, role="user"))
    return path


def append(path, data):
    with open(path, "ab") as file:
        file.write(data.encode() if isinstance(data, str) else data)


PLAN = plan_of({"a": ()})


def words(activity):
    return activity.words(PLAN, time.time())


def test_the_last_tool_and_its_file_are_told_as_the_transcript_grows(transcript):
    activity = Activity(transcript)
    assert not activity.look()
    assert words(activity) == ""
    append(transcript, line(use("Read", file_path="/project/src/a.py")))
    assert activity.look()
    assert words(activity) == "Read src/a.py"
    assert not activity.look()
    append(transcript, line({"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}, role="user"))
    append(transcript, line(use("Grep", pattern="SECRET", path="/elsewhere")) + line(use("Bash", command="SECRET")))
    assert activity.look()
    assert words(activity) == "Bash"


def test_a_line_that_is_still_being_written_is_told_when_it_is_whole(transcript):
    activity, text = Activity(transcript), line(use("Write", file_path="/project/é.md", content="SECRET")).encode()
    for part in (text[:30], text[30:90], text[90:]):
        assert words(activity) == ""
        append(transcript, part)
        activity.look()
    assert words(activity) == "Write é.md"


def test_only_the_end_of_a_long_transcript_is_read_and_a_line_may_be_a_megabyte(transcript, monkeypatch):
    with open(transcript, "ab") as file:
        file.truncate(3 * MOST)
    append(transcript, "\n" + line(use("Write", file_path="/project/a.md", content="x" * 1_000_000)))
    begun_at = []

    class Noting(io.FileIO):
        def seek(self, at, whence=0):
            begun_at.append(at)
            return super().seek(at, whence)

    monkeypatch.setattr("parallel_dispatch.activity.open_file", Noting)
    activity = Activity(transcript)
    assert activity.look()
    assert words(activity) == "Write a.md"
    assert begun_at == [os.path.getsize(transcript) - MOST]
    append(transcript, line(use("Bash")))
    assert activity.look()
    assert begun_at[1:] == [os.path.getsize(transcript) - len(line(use("Bash")))]


def test_a_transcript_that_begins_anew_is_read_anew(transcript):
    append(transcript, line(use("Read", file_path="/project/a")) * 5)
    activity = Activity(transcript)
    activity.look()
    write(transcript, line(use("Edit", file_path="/project/b")))
    assert activity.look()
    assert words(activity) == "Edit b"


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"tool_use" \xff\xfe\n',
        line(use("X" * 5000, file_path=["no", "text"])),
        line({"type": "tool_use", "name": {"a": 1}}),
        json.dumps({"message": {"content": {"type": "tool_use"}}}) + "\n",
        '{"message": ["tool_use"], "x": "tool_use"}\n',
        "[" * 100_000 + '"tool_use"\n',
        line(use("Read\x1b[2J", file_path="/project/\u202e\nx")),
    ],
)
def test_whatever_a_transcript_holds_it_is_words(transcript, hostile):
    append(transcript, hostile)
    activity = Activity(transcript)
    activity.look()
    assert words(activity).isprintable()
    assert len(words(activity)) < 1000


def test_a_transcript_that_is_none_tells_nothing(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "nothing", "."):
        assert not Activity(str(tmp_path / name)).look()


def test_an_agent_that_is_silent_for_long_is_said_to_be(transcript):
    append(transcript, line(use("Bash", command="sleep 1000")))
    os.utime(transcript, (1000.0, 1000.0))
    activity = Activity(transcript)
    activity.look()
    assert activity.words(PLAN, 1059.0) == "Bash"
    assert activity.words(PLAN, 1190.0) == "Bash, quiet for 3 m"


def test_an_agent_goes_on_in_the_transcript_of_another_session(tmp_path):
    first, second = (str(tmp_path / session / "subagents" / "agent-a.jsonl") for session in ("one", "two"))
    write(first, line(use("Read", file_path="/project/a")))
    os.utime(first, (1000.0, 1000.0))
    activity = Activity(first)
    activity.look()
    write(second, line(use("Edit", file_path="/project/b")))
    activity._asked = 1000.0
    activity.look()
    assert activity.look()
    assert words(activity) == "Edit b"


# --- plain lines --------------------------------------------------------------------------------------------------


def test_a_line_for_each_change_and_none_twice(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    plan = plan_of(TASKS, max_parallel=3, on_failure="continue")
    state = replay(plan, [header(0.0), *BEGUN, *AGENTS])
    bulletins = Bulletins()
    assert bulletins.news(state, "under way", 5.0) == [
        f"00:00:02 {task} running" for task in ("security", "style", "tests")
    ]
    assert bulletins.news(state, "under way", 6.0) == []
    more = [closed("style", "failed", time=20.5, reason="no output\n\x1b[2J"), closed("security", time=33.2)]
    state = replay(plan, more, state)
    assert bulletins.news(state, "under way", 40.0) == [
        "00:00:20 style failed 18.5 s: no output \\x1b[2J",
        "00:00:33 security done 31.2 s",
        "00:00:33 merge skipped: needs style, which failed",
        "00:00:33 end skipped: needs merge, which was skipped",
    ]
    state = replay(plan, [closed("tests", time=50.0), event("paused", 50.0, reason="resets 3pm")], state)
    assert bulletins.news(state, "paused", 51.0) == [
        "00:00:50 tests done 48.0 s",
        "00:00:50 paused: resets 3pm; `/parallel-dispatch resume k3f2` in Claude Code goes on",
    ]
    state = replay(plan, [event("cancelled", 60.0)], state)
    assert bulletins.news(state, "cancelled", 61.0) == [
        "00:01:01 docs cancelled: the run was cancelled",
        "00:01:01 a-run (run k3f2) cancelled: 2 of 6 done, 4 lost.",
    ]


# --- the table ----------------------------------------------------------------------------------------------------


def test_the_table_says_what_agents_do_and_how_long_it_takes():
    lines = table(at_work()).splitlines()
    assert lines[2] == "  style     running       38.0s  Read src/main.py"
    assert lines[-1] == "About 47 s to go."


# --- the line in the conversation ---------------------------------------------------------------------------------


def test_a_block_s_line_says_what_is_launched_what_ended_and_what_is_at_work():
    plan = plan_of(TASKS)
    state = replay(
        plan, [header(0.0), *BEGUN, *AGENTS, closed("security", time=33.2), closed("style", "failed", time=34)]
    )
    assert launching(state, ["docs"], 42.0) == (
        "Launching 1 agent: docs. Completed: security (31 s). Failed: style (32 s). In progress: tests (40 s). "
        "1 of 6 done, 3 lost, 1 at work."
    )


def test_the_last_task_of_all_gathers_what_the_others_found():
    plan = plan_of({"a": (), "b": (), "c": ("a", "b")})
    began = [claimed("a"), claimed("b"), launched("a"), launched("b")]
    state = replay(plan, [header(0.0), *began, closed("a", time=1.0), closed("b", time=2.0)])
    assert launching(state, ["c"], 3.0).startswith("Synthesizing results: c. Completed: a (1 s), b (2 s). 2 of 3 done.")


def test_of_many_a_few_are_named():
    plan = plan_of({f"t{n}": () for n in range(12)})
    line = launching(replay(plan, [header(0.0)]), [f"t{n}" for n in range(12)], 1.0)
    assert line == "Launching 12 agents in parallel: t0, t1, t2, t3, t4 and 7 more. 0 of 12 done."


# --- the window ---------------------------------------------------------------------------------------------------


def test_whatever_was_drawn_before_the_window_shows_the_last_picture_and_unchanged_lines_are_not_written(monkeypatch):
    ours, its = os.pipe()
    screen, shown, chance = Screen(its, -1, colour=True), Window(), random.Random(7)  # noqa: S311 - no secret
    size = (80, 24)
    monkeypatch.setattr("parallel_dispatch.screen.size_of", lambda _: size)
    makers = list(MOMENTS.values())
    for _ in range(60):
        if chance.random() < 0.3:
            size = (chance.randrange(1, 120), chance.randrange(1, 50))
            shown.lines = shown.lines[: size[1]]
        wanted = picture(chance.choice(makers)(), *size)
        screen.draw(wanted)
        screen.draw(wanted)
        os.write(its, b"|")
        written, _, second = os.read(ours, 1_000_000).decode().partition("|")
        assert second == ""
        assert written == "" or (written.startswith(BEGIN) and written.endswith(END) and written.count(BEGIN) == 1)
        shown.feed(written)
        assert shown.lines == [line.text for line in wanted]
    os.close(ours)
    os.close(its)


# --- the program --------------------------------------------------------------------------------------------------


class Watched:
    """A run that this process drives, and programs that watch it."""

    def __init__(self, project, cache):
        self.project = project
        self.env = {"PATH": os.environ["PATH"], "HOME": project, "PARALLEL_DISPATCH_CACHE": cache, "LANG": "C.UTF-8"}
        self.env["TERM"] = "xterm-256color"
        self.command = [os.path.join(ROOT, "bin", "parallel-dispatch"), "status", "--watch"]
        self.programs = []
        self.folder = make_run(known(plan_of(TASKS, project), security=30.0), [])
        self.ledger = Ledger(self.folder.ledger)
        activate(project, SESSION, self.folder, os.getpid())

    def happens(self, *events):
        for one in events:
            fields = {key: value for key, value in one.items() if key not in ("event", "time")}
            self.ledger.append(one["event"], **fields)

    def in_terminal(self, *options, cells=100, lines=30, **env):
        program = Program([*self.command, *options], self.project, {**self.env, **env}, cells, lines)
        self.programs.append(program)
        return program

    def piped(self, *options, **env):
        return subprocess.Popen(
            [*self.command, *options],
            cwd=self.project,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def watched(project, cache):
    run = Watched(project, cache)
    yield run
    for program in run.programs:
        program.close()


ALL = [event for task in TASKS for event in (claimed(task), launched(task), closed(task))]


def test_a_run_is_drawn_until_it_ends_and_the_last_picture_stays(watched):
    watched.happens(*BEGUN, *AGENTS)
    program = watched.in_terminal()
    program.wait_for("3 at work")
    assert {25, 7} & program.window.modes == set()
    watched.happens(closed("security"))
    program.wait_for("1 of 6 done")
    program.resize(60, 6)
    program.wait_for("... and ")
    assert all(len(line) <= 60 for line in program.window.lines)
    assert len(program.window.lines) <= 6
    program.resize(20, 5)
    program.wait_for("1/6 done")
    program.resize(110, 40)
    program.wait_for("Wave 3")
    watched.happens(closed("style"), closed("tests"), *ALL[9:], event("finished"))
    assert program.end() == 0
    window = program.window
    assert window.modes == {25, 7}
    assert "6 of 6 done" in window.lines[0]
    assert f"Report: {watched.folder.report}" in window.lines


@pytest.mark.parametrize("way", ["\x03", "q", signal.SIGTERM, signal.SIGHUP])
def test_whoever_stops_watching_gets_the_terminal_back_as_it_was(watched, way):
    watched.happens(*BEGUN, *AGENTS)
    program = watched.in_terminal()
    before = program.mode
    program.wait_for("3 at work")
    program.press("x\r\n")
    time.sleep(0.5)
    if isinstance(way, str):
        program.press(way)
    else:
        program.process.send_signal(way)
    assert program.end() == 3
    assert program.window.modes == {25, 7}
    assert program.mode == before
    assert "3 at work" in program.window.lines[0]
    assert program.window.lines[-1] == "parallel-dispatch: not watched any more; run k3f2 goes on"
    assert "x" not in {line.strip() for line in program.window.lines}


def test_a_stopped_job_leaves_the_terminal_to_the_shell_and_comes_back(watched):
    program = watched.in_terminal()
    before = program.mode
    program.wait_for("0 of 6 done")
    program.process.send_signal(signal.SIGTSTP)
    _, status = os.waitpid(program.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    program.read(1)
    assert program.window.modes == {25, 7}
    assert program.mode == before
    os.kill(program.process.pid, signal.SIGCONT)
    watched.happens(*BEGUN, *AGENTS)
    program.wait_for("3 at work")
    assert 1049 in program.window.modes


def test_a_terminal_that_goes_away_ends_the_watching(watched):
    program = watched.in_terminal()
    program.wait_for("0 of 6 done")
    program.hang_up()
    assert program.process.wait(10) == 3


@pytest.mark.parametrize(
    ("options", "env", "is_coloured"),
    [([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False), ([], {"NO_COLOR": ""}, True)],
)
def test_colours_are_left_out_where_they_are_not_wanted(watched, options, env, is_coloured):
    watched.happens(*ALL, event("finished"))
    program = watched.in_terminal(*options, **env)
    assert program.end() == 0
    assert ("\x1b[32m" in program.text) == is_coloured
    assert "\x1b[m" not in program.text.rpartition("\x1b[?1049l")[2]


def test_a_terminal_that_can_draw_nothing_gets_lines(watched):
    watched.happens(*ALL, event("finished"))
    program = watched.in_terminal(TERM="dumb")
    assert program.end() == 0
    assert "\x1b" not in program.text
    assert "security done" in program.text


@pytest.mark.parametrize(("outcome", "code"), [("success", 0), ("failed", 1), ("cancelled", 1)])
def test_without_a_terminal_there_is_a_line_for_each_change_and_the_exit_code_says_how_it_ended(watched, outcome, code):
    watched.happens(*BEGUN, *AGENTS)
    process = watched.piped()
    seen = [process.stdout.readline() for _ in range(3)]
    assert [line.split(" ", 1)[1] for line in seen] == [f"{task} running\n" for task in list(TASKS)[:3]]
    watched.happens(closed("security", outcome), closed("style"), closed("tests"), *ALL[9:], event("finished"))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (code, "")
    word = {"success": "done"}.get(outcome, outcome)
    assert re.fullmatch(rf"\d\d:\d\d:\d\d security {word} \d+\.\d s", out.splitlines()[0])
    assert "\x1b" not in out
    assert out.endswith(f"\nReport: {watched.folder.report}\n")


def test_a_run_that_nobody_drives_is_not_waited_for(watched):
    watched.happens(*BEGUN, *AGENTS)
    os.unlink(os.path.join(watched.project, ".parallel-dispatch", "active", SESSION))
    process = watched.piped()
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "nobody drives it any more; `/parallel-dispatch resume k3f2` in Claude Code goes on" in out


def test_what_cannot_be_watched_is_refused(watched):
    done = subprocess.run(
        [*watched.command, "none"], cwd=watched.project, env=watched.env, capture_output=True, check=False
    )
    assert done.returncode == 3
    assert b'there is no run "none"' in done.stderr


def test_a_run_whose_folder_is_removed_meanwhile_is_given_up_in_words(watched):
    program = watched.in_terminal()
    program.wait_for("0 of 6 done")
    os.rename(watched.folder.path, watched.folder.path + "-gone")
    assert program.end() == 3
    assert program.window.modes == {25, 7}
    assert "No such file or directory" in "\n".join(program.window.lines)


def test_a_look_reads_only_what_was_appended(watched, monkeypatch):
    watched.happens(*BEGUN, *AGENTS)
    run = ActiveRun(watched.folder.path)
    sight = live.Sight(run)
    read_events = []
    monkeypatch.setattr(Ledger, "read", lambda self: read_events.append(self.path) or [])
    for _ in range(20):
        sight.look()
    assert read_events == []
