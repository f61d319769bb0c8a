"""The page for browsers as text: what is in it where no script runs, and that nothing of anybody's is markup in it."""

import base64
import hashlib
import json
import os
import re
from html.parser import HTMLParser

import pytest
import reported
from builders import read, write
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.gantt import bars, lasting, length_of, moment, ticks
from parallel_dispatch.layers import MOST_LINES, picture
from parallel_dispatch.page import render_page
from parallel_dispatch.page_texts import BOUNDS, MOST, Excerpt, data, excerpts, line, plain, texts_of
from parallel_dispatch.places import team_folder
from parallel_dispatch.reports import page, values_of, write_reports
from parallel_dispatch.sharing import shared
from recorded_runs import CASES, put_up

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "[look](javascript:alert(1))",
    "<!--<script>",
    "</script/x <img src=x onerror=alert(1) ",
    "{{ 7 * 7 }} {% raw %}",
    "\x00\x1b]0;title\x07\x9b31m\u202egnp.exe\u2066\ud800\ufeff",
    "a\u2028b\u2029c\r\nd",
    "</style><style>*{display:none}",
    "&lt;b&gt; &amp;amp; ]]>",
    "日本語 עברית العربية 👩‍🔬",
]


class Page(HTMLParser):
    """A page's elements, attributes and text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.said, self.kept, self.inside = [], [], [], {}, None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag in ("script", "style"):
            self.inside = dict(attrs).get("id", tag)
            self.kept.setdefault(self.inside, "")

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.inside = None

    def handle_data(self, text):
        if self.inside:
            self.kept[self.inside] += text
        else:
            self.said.append(text)

    @property
    def text(self):
        return " ".join(" ".join(self.said).split())


def attacked(value, hostile):
    """Plain values with every text that is anybody's own replaced."""
    if isinstance(value, dict):
        return {key: attacked(one, hostile) for key, one in value.items()}
    if isinstance(value, list):
        return [attacked(one, hostile) for one in value]
    return f"{hostile} {value}" if isinstance(value, str) else value


def of_tasks(hostile, size=3):
    """A run whose every name, reason, path and text is hostile, with outcomes that there are."""
    values = attacked(reported.review(), hostile)
    sound = reported.review()
    for task, before in zip(values["tasks"], sound["tasks"]):
        task["outcome"] = before["outcome"]
    values["run"]["status"], values["run"]["started"] = "failed", sound["run"]["started"]
    return values, {task["id"]: {"output": Excerpt(hostile * size, len(hostile) * size)} for task in values["tasks"]}


# --- what is there without a script ----------------------------------------------------------------------------------


def test_problems_figures_tasks_findings_and_graph_are_in_the_page_itself():
    made = Page(render_page(reported.review(), reported.texts_of_review()))
    text = made.text
    for said in (
        "3 things need your attention",
        "Nothing is known of the checkout's performance, and follow-up did not run.",
        "Speedup 1.97× at most 2.34× with these times and 4 at a time",
        "Critical path 1 min 51 s map-the-code → security → merge",
        "Cost not measured",
        "6 succeeded 1 partial 1 failed 1 skipped 1 cancelled",
        "security code-reviewer 2 Succeeded 61.4 s 41,210",
        "attempt 2, failed after 30.9 s, sent back 2 times: its output lacks the section Findings",
        "lost security/3 it is neither cited nor in the table",
        "F2 high A refund is not idempotent: a retry pays twice",
        "src/pay/charge.py:118-131",
        "Decided: critical by the rule: the worst severity of those folded together",
        "/parallel-dispatch resume k3f2 in Claude Code runs what is missing; what succeeded stays.",
    ):
        assert said in text, said
    assert text.index("3 things need") < text.index("Total time") < text.index("61.4 s 41,210") < text.index("F2 high")
    assert sum(tag == "svg" and name == "data-node" for tag, name, _ in made.attributes) == 10


def test_what_was_not_measured_says_so():
    values = reported.review()
    values["summary"] |= dict.fromkeys(
        ("makespan", "work", "speedup", "efficiency", "bound", "critical_seconds", "tokens", "tool_uses", "overlap")
    )
    values["summary"] |= {"critical_path": [], "conversation": None, "saving": None}
    for task in values["tasks"]:
        task |= {"start": None, "end": None, "seconds": None, "tokens": None, "attempts": task["attempts"][:1]}
        for attempt in task["attempts"]:
            attempt.update(dict.fromkeys(("queued", "claimed", "start", "end", "seconds", "tokens")))
    text = Page(render_page(values, {})).text
    for label in ("Total time", "Work", "Speedup", "Critical path", "Tokens", "Main conversation", "Saved"):
        assert f"{label} not measured" in text
    assert "None" not in text


def test_a_run_without_findings_and_problems_has_neither_section():
    values = reported.review()
    values |= {"aggregate": None, "problems": []}
    text = Page(render_page(values, {})).text
    assert "attention" not in text
    assert "Findings" not in text.replace("the section Findings", "")


# --- nothing of anybody's is markup ----------------------------------------------------------------------------------


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_everywhere_leaves_the_elements_as_they_are(hostile):
    values, texts = of_tasks("x")
    sound = Page(render_page(values, texts))
    values, texts = of_tasks(hostile)
    html = render_page(values, texts)
    made = Page(html)
    assert made.tags == sound.tags
    assert [pair[:2] for pair in made.attributes] == [pair[:2] for pair in sound.attributes]
    assert not [name for _, name, _ in made.attributes if name.startswith("on")]
    assert {value for _, name, value in made.attributes if name == "href"} == {
        value for _, name, value in sound.attributes if name == "href"
    }
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)
    assert json.loads(made.kept["texts"])[0]["output"]["text"] == plain(hostile * 3)
    assert line(hostile) in made.text


def test_no_address_and_no_handler_is_in_the_page_and_the_policy_allows_only_what_is_there():
    html = render_page(*of_tasks("https://example.com/x.js"))
    made = Page(html)
    (policy,) = (v for t, n, v in made.attributes if (t, n) == ("meta", "content") and "default-src" in v)
    for kind, part in (("style-src", "style"), ("script-src", "script")):
        digest = base64.b64encode(hashlib.sha256(made.kept[part].encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not [name for _, name, _ in made.attributes if name in ("src", "srcset", "style", "action", "data")]
    assert all(v.startswith("#") for _, n, v in made.attributes if n == "href")
    assert "@import" not in made.kept["style"]
    assert "innerHTML" not in made.kept["script"]


@QUICK
@given(st.text(max_size=60), st.text(max_size=200))
def test_any_text_comes_back_from_the_data_as_it_was_put_in(name, text):
    value = [{"id": name, "output": {"text": text}}]
    encoded = data(value)
    assert not set(encoded) & set("<>&\u2028\u2029")
    assert json.loads(encoded) == value


@QUICK
@given(st.text())
def test_a_plain_text_has_nothing_that_directs_or_controls(text):
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", plain(text)
    )
    assert len(line(text, 20)) <= 20
    assert "\n" not in line(text)


def test_a_project_changes_nothing_of_the_page():
    with put_up("three-faults") as (run, _):
        before = page(values_of(run), run.plan.project)
        for name in ("report.html.j2", "report.css", "report.js"):
            write(os.path.join(team_folder(run.plan.project), name), "not ours")
        assert page(values_of(run), run.plan.project) == before


# --- at the end of a run ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_every_recorded_run_makes_a_page_with_a_row_for_each_task(case):
    with put_up(case) as (run, _):
        write_reports(run)
        values = values_of(run)
        made = Page(read(run.folder.beside("report.html")))
    rows = [value for tag, name, value in made.attributes if (tag, name) == ("tr", "data-i")]
    assert rows == [str(at) for at in range(len(values["tasks"]))]
    told = json.loads(made.kept["texts"])
    assert len(told) == len(rows)
    said = made.text.replace("`", "")
    assert all(line(problem["what"]).replace("`", "") in said for problem in values["problems"])


def test_the_page_of_a_run_has_what_its_tasks_were_told_and_wrote():
    with put_up("three-faults") as (run, _):
        write_reports(run)
        made = Page(read(run.folder.beside("report.html")))
        values = values_of(run)
    told = {task["id"]: one for task, one in zip(values["tasks"], json.loads(made.kept["texts"]))}
    assert "Output file: " in told["api"]["brief"]["text"]
    assert told["api"]["output"]["text"] == "late, but there"
    assert "Done, everything is in" in told["security"]["answer"]["text"]
    assert "output" not in told["security"]


def test_a_page_to_be_shared_reads_nothing_from_disk():
    with put_up("three-faults") as (run, _):
        made = Page(page(shared(values_of(run)), ""))
    assert set(map(str, json.loads(made.kept["texts"]))) == {"{}"}
    assert "This copy was made to be shared" in made.text
    assert "out/" not in made.text + made.kept["facts"]


# --- texts within bounds ---------------------------------------------------------------------------------------------


def test_texts_are_cut_with_a_word_and_the_path():
    tasks = [reported.task("a")]
    texts = {"a": {"output": Excerpt("é" * 50_000, 100_000), "brief": Excerpt("short", 5)}}
    (told,) = excerpts(tasks, texts)
    assert told["brief"] == {"text": "short", "path": ".parallel-dispatch/runs/k3f2/briefs/a.md"}
    assert told["output"]["text"] == "é" * BOUNDS["output"]
    assert told["output"]["left"] == "The first 40,000 characters of 100,000 bytes."
    assert told["output"]["path"] == "out/a.md"


def test_a_text_of_few_characters_and_many_bytes_is_whole():
    (told,) = excerpts([reported.task("a")], {"a": {"output": Excerpt("日本", 6)}})
    assert "left" not in told["output"]


@pytest.mark.parametrize("count", [1, 10, 500, 3000])
def test_all_texts_together_are_bounded(count):
    tasks = [reported.task(f"t{at}") for at in range(count)]
    texts = {one["id"]: {kind: Excerpt("x" * 60_000, 60_000) for kind in BOUNDS} for one in tasks}
    total = sum(len(one["text"]) for told in excerpts(tasks, texts) for one in told.values())
    assert 0 < total <= MOST


def test_texts_are_read_from_the_project_and_nowhere_else(tmp_path):
    project = str(tmp_path / "project")
    secret = str(tmp_path / "secret.txt")
    write(secret, "a secret")
    write(os.path.join(project, "out", "a.md"), "x" * 2_000_000)
    write(os.path.join(project, "out", "folder", "one.md"), "1")
    os.symlink(secret, os.path.join(project, "out", "linked.md"))
    os.mkfifo(os.path.join(project, "out", "pipe.md"))
    paths = ("out/a.md", "out/linked.md", "out/folder/", "../secret.txt", secret, "out/gone.md", "out/pipe.md")
    tasks = [reported.task(f"t{at}") | {"output": path, "brief": None} for at, path in enumerate(paths)]
    texts = texts_of({"tasks": tasks}, project)
    assert texts["t0"]["output"].size == 2_000_000
    assert len(texts["t0"]["output"].text) <= BOUNDS["output"] + 1
    assert texts["t2"]["output"].text == "one.md"
    assert [name for name in texts if texts[name]] == ["t0", "t2"]


# --- drawn to scale --------------------------------------------------------------------------------------------------


def test_bars_lie_where_their_times_are():
    tasks = reported.review()["tasks"]
    length = length_of(tasks)
    assert length == 131.2
    drawn = bars(tasks[2], length)
    assert [bar.kind for bar in drawn] == ["wait", "failed", "wait", "failed"]
    assert [round(bar.left * length / 100, 3) for bar in drawn] == [18.6, 19.0, 58.0, 67.6]
    assert [round(bar.right * length / 100, 3) for bar in drawn] == [19.0, 57.0, 67.6, 98.5]
    assert drawn[1].text == "attempt 1, failed after 38.0 s, sent back 2 times: it ended without its output"


def test_an_attempt_that_did_not_end_lasts_to_the_end_of_the_timeline():
    one = reported.task("a", start=5.0) | {"outcome": "open"}
    one["attempts"][0] |= {"end": None, "seconds": None, "outcome": "open"}
    wait, bar = bars(one, 20.0)
    assert (wait.kind, bar.kind, bar.left, bar.right, bar.text) == ("wait", "open", 25.0, 100.0, "did not end")


@QUICK
@given(st.floats(min_value=0.001, max_value=10**7))
def test_ticks_are_few_and_within_the_timeline(length):
    drawn = ticks(length)
    assert 1 <= len(drawn) <= 12
    assert all(0 <= tick.left <= 100.001 for tick in drawn)
    assert len({tick.text for tick in drawn}) == len(drawn)


def test_durations_are_told_as_people_tell_them():
    assert [lasting(s) for s in (0.04, 41, 99.94, 99.96, 185, 3599.6, 7440)] == [
        *("0.0 s", "41.0 s", "99.9 s", "1 min 40 s", "3 min 05 s", "1 h 00 min", "2 h 04 min")
    ]
    assert [moment(s) for s in (5, 65, 3725)] == ["0:05", "1:05", "1:02:05"]


# --- the graph -------------------------------------------------------------------------------------------------------


def graph_of(needs):
    waves = {}
    for name, before in needs.items():
        waves[name] = 1 + max((waves[one] for one in before), default=0)
    return [reported.task(name, dependencies=before, wave=waves[name]) for name, before in needs.items()]


@QUICK
@given(st.lists(st.lists(st.integers(min_value=0, max_value=30), max_size=4), min_size=1, max_size=40))
def test_every_task_has_a_place_of_its_own_right_of_what_it_needs(drawn):
    needs = {f"t{at}": sorted({f"t{one % at}" for one in before}) if at else [] for at, before in enumerate(drawn)}
    found = picture(graph_of(needs), [])
    places = {box.task: (box.left, box.top) for box in found.boxes}
    assert list(places) == list(needs)
    assert all(places[one][0] < places[name][0] for name, before in needs.items() for one in before)
    columns = {}
    for left, top in places.values():
        columns.setdefault(left, []).append(top)
    for tops in columns.values():
        assert all(b - a >= found.size.height for a, b in zip(sorted(tops), sorted(tops)[1:]))
    assert max(left for left, _ in places.values()) + found.size.width <= found.width
    assert max(top for _, top in places.values()) + found.size.height <= found.height


def test_lines_of_tasks_that_wait_for_the_same_meet_so_that_few_are_drawn():
    first, second = [f"a{n}" for n in range(20)], [f"b{n}" for n in range(20)]
    found = picture(graph_of({**{a: [] for a in first}, **dict.fromkeys(second, first)}), ["a0", "b0"])
    assert found.lines.count("M") == 40
    assert found.critical.count("M") == 2


def test_a_line_goes_around_the_tasks_between():
    found = picture(graph_of({"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"]}), ["a", "b", "c", "d"])
    assert found.lines.count("M") == 6
    assert found.critical.count("M") == 3


def test_too_many_lines_are_not_drawn_and_that_is_told():
    half = MOST_LINES // 100
    needs = {f"a{n}": [] for n in range(120)}
    needs |= {f"b{n}": [f"a{m}" for m in range(120) if m != n] for n in range(half)}
    found = picture(graph_of(needs), ["a1", "b0"])
    assert (found.lines, found.critical.count("M")) == ("", 1)
    assert found.left_out == half * 119


def test_no_task_at_all_is_no_error():
    values = reported.review() | {"tasks": [], "waves": []}
    assert "<h1" in render_page(values, {})
