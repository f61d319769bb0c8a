"""The ledger: what was appended whole is never lost, whatever happens to the rest."""

import os
import resource
import subprocess
import sys

import pytest
from builders import ROOT, claimed, closed, event, header, launched, make_run, plan_of
from parallel_dispatch.decide import decide
from parallel_dispatch.ledger import FORMAT, VERSION, Ledger
from parallel_dispatch.refusal import Refusal
from parallel_dispatch.replay import replay

APPEND = """
import sys
sys.path.insert(0, sys.argv[1])
from parallel_dispatch.ledger import Ledger
ledger = Ledger(sys.argv[2])
for number in range(int(sys.argv[4])):
    ledger.append("claimed", writer=sys.argv[3], number=number, padding="x" * (number % 50))
"""


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(str(tmp_path / "ledger.jsonl"))
    made.create(run="tasks-1", session="s")
    return made


def appender(ledger, writer, times, **how):
    # -B, since an interpreter whose writes are cut short would leave a torn .pyc behind and use it ever after
    start = [sys.executable, "-I", "-S", "-B", "-c", APPEND, os.path.join(ROOT, "scripts")]
    command = [*start, ledger.path, writer, str(times)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **how)


def read_bytes(ledger):
    with open(ledger.path, "rb") as file:
        return file.read()


def write_bytes(ledger, data):
    with open(ledger.path, "wb") as file:
        file.write(data)


def words(events):
    return [one.get("word") for one in events[1:]]


def test_a_new_ledger_names_its_format_and_version(ledger):
    (head,) = ledger.read()
    assert (head["format"], head["version"], head["run"]) == (FORMAT, VERSION, "tasks-1")


def test_a_ledger_is_made_once(ledger):
    ledger.append("said", word="kept")
    with pytest.raises(FileExistsError):
        ledger.create()
    assert words(ledger.read()) == ["kept"]


def test_events_come_back_in_the_order_of_their_appending_with_their_time(ledger):
    for word in ("one", "two", "three"):
        ledger.append("said", word=word)
    events = ledger.read()
    assert words(events) == ["one", "two", "three"]
    assert all(isinstance(one["time"], float) for one in events)


@pytest.mark.parametrize("word", ['"quoted"', "two\nlines", "日本語 🎉", "\x00\x1b[31m", '{"time": 1}', "\ud83d", ""])
def test_any_text_survives(ledger, word):
    ledger.append("said", word=word)
    ledger.append("said", word="next")
    assert words(ledger.read()) == [word, "next"]


def test_appending_needs_the_ledger_to_be_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Ledger(str(tmp_path / "none.jsonl")).append("said")


def test_a_ledger_cut_at_any_byte_keeps_every_whole_event_before_the_cut(ledger):
    for word in ("one", "two", "three"):
        ledger.append("said", word=word)
    whole = read_bytes(ledger)
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole) + 1):
        write_bytes(ledger, whole[:cut])
        ends = whole[:cut].count(b"\n")
        assert words(ledger.read()) == ["one", "two", "three"][: ends - 1], cut
        assert ledger.torn == (not whole[:cut].endswith(b"\n")), cut


def test_a_ledger_cut_inside_its_first_line_is_refused(ledger):
    whole = read_bytes(ledger)
    for cut in range(len(whole)):
        write_bytes(ledger, whole[:cut])
        with pytest.raises(Refusal, match="is no ledger"):
            ledger.read()


def test_a_run_whose_ledger_is_cut_at_any_byte_goes_on_from_its_last_whole_event(project):
    """Cut inside its first line it is refused in words; else it is read, replayed, decided on and appended to."""
    plan = plan_of({"a": (), "b": ("a",), "c": ("a", "b")}, project, on_failure="retry")
    plan.tasks["c"].wait = 1
    events = [claimed("a"), launched("a"), closed("a", "failed", reason="„no“ 日本語"), claimed("a", "again")]
    events += [event("bound", task="a", attempt=2, agent_id="agent-2"), event("paused", reason="a limit")]
    events += [event("interrupted"), event("resumed", again=[]), claimed("a", "third"), closed("a", attempt=3)]
    events += [claimed("c"), closed("c"), event("finished"), event("told")]
    path = make_run(plan, events).ledger
    whole = read_bytes(Ledger(path))
    decided = set()
    for cut in range(len(whole) + 1):
        ledger = Ledger(path)
        write_bytes(ledger, whole[:cut])
        lines = whole[:cut].count(b"\n")
        if not lines:
            with pytest.raises(Refusal, match="is no ledger"):
                ledger.read()
            continue
        state = replay(plan, ledger.read())
        assert state.outcomes() == replay(plan, [header(), *events[: lines - 1]]).outcomes(), cut
        decided.add((decide(state).over, *decide(state).dispatch))
        ledger.append("cancelled")
        assert replay(plan, ledger.read()).ended in ("cancelled", "finished"), cut
    tried = {(False, ("a", 1)), (False, ("a", 2)), (False, ("a", 3)), (False, ("c", 1))}
    assert decided == {*tried, (False,), (True,)}


def test_an_event_after_a_torn_line_is_kept_wherever_the_line_was_torn(ledger):
    ledger.append("said", word="before")
    start = len(read_bytes(ledger))
    ledger.append("said", word="torn")
    whole = read_bytes(ledger)
    for cut in range(start, len(whole)):
        write_bytes(ledger, whole[:cut])
        ledger.append("said", word="after")
        ledger.append("said", word="last")
        assert words(ledger.read()) == ["before", "after", "last"], cut


def test_a_line_of_rubbish_spoils_no_other(ledger):
    ledger.append("said", word="before")
    with open(ledger.path, "ab") as file:
        file.write(b"\xff\xfe rubbish\n\n[1, 2]\nnull\n{}\n")
    ledger.append("said", word="after")
    assert words(ledger.read()) == ["before", "after"]


def test_a_write_that_a_full_disk_cut_short_is_reported_and_loses_only_itself(ledger):
    ledger.append("said", word="before")
    room = len(read_bytes(ledger)) + 20

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    writer = appender(ledger, "full", 1, preexec_fn=full)
    _, said = writer.communicate()
    assert writer.returncode
    assert b"OSError" in said
    ledger.append("said", word="after")
    assert words(ledger.read()) == ["before", "after"]


def test_processes_that_append_at_once_lose_and_tear_nothing(ledger):
    writers = [appender(ledger, str(number), 1000) for number in range(64)]
    assert [writer.communicate()[1] for writer in writers] == [b""] * 64
    assert all(line.startswith(b'{"time": ') and line.endswith(b"}") for line in read_bytes(ledger).splitlines())
    appended = {str(number): [] for number in range(64)}
    for one in ledger.read()[1:]:
        appended[one["writer"]].append(one["number"])
    assert not ledger.torn
    assert all(numbers == list(range(1000)) for numbers in appended.values())


def test_a_newer_version_is_refused_with_what_to_do(ledger):
    write_bytes(ledger, read_bytes(ledger).replace(b'"version": 1', b'"version": 2'))
    with pytest.raises(Refusal, match="has version 2, this program knows 1; update parallel-dispatch"):
        ledger.read()


@pytest.mark.parametrize("text", ["", "\n", "hello\n", "[]\n", '{"time": 1, "event": "claimed"}\n', "\x00" * 64 + "\n"])
def test_a_file_that_is_no_ledger_is_refused_by_name(ledger, text):
    write_bytes(ledger, text.encode())
    with pytest.raises(Refusal, match=r"ledger\.jsonl is no ledger"):
        ledger.read()
