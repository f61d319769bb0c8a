"""Plans as they are told: in words beside their golden texts, as JSON, as diagrams, and short for a conversation."""

import json
import os
import re

import pytest
from builders import ROOT, plan_of, read, write
from parallel_dispatch import cells, cli, mermaid
from parallel_dispatch.analysis import analyse
from parallel_dispatch.columns import columns, wrapped
from parallel_dispatch.dispatch import LIMIT, plan_text
from parallel_dispatch.enumeration import enumerated
from parallel_dispatch.load import load
from parallel_dispatch.options import Options
from parallel_dispatch.order import GLOSSES
from parallel_dispatch.plan_text import plan_text as whole_text
from parallel_dispatch.plan_text import summary
from parallel_dispatch.plan_values import plan_values
from parallel_dispatch.planner import plan_run
from parallel_dispatch.rules import RULES
from parallel_dispatch.schedule import IMPROVEMENT, SEARCH, WAVES
from parallel_dispatch.spans import Measure, span
from parallel_dispatch.timeline import ASCII, timeline

FOLDER = os.path.join(ROOT, "tests", "golden", "plans")
NAMES = sorted(name[: -len(".yaml")] for name in os.listdir(FOLDER) if name.endswith(".yaml"))


def analysed(project, text):
    loaded = load(write(os.path.join(project, "tasks.yaml"), text), project)
    return analyse(plan_run(loaded, Options(), project)[0])


@pytest.fixture
def of(project):
    return lambda text: analysed(project, text)


def tasks(count, more=""):
    rows = "".join(f"  - {{id: t{n}, prompt: x{more}}}\n" for n in range(count))
    return f"name: n\ntasks:\n{rows}"


# --- golden texts -------------------------------------------------------------------------------------------------


def test_there_are_golden_plans():
    assert len(NAMES) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_told_in_these_words(of, name):
    file = os.path.join(FOLDER, f"{name}.txt")
    text = whole_text(of(read(os.path.join(FOLDER, f"{name}.yaml"))), 100, explain=True) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        write(file, text)
    assert text == read(file)


@pytest.mark.parametrize("name", NAMES)
def test_no_line_of_prose_or_picture_is_wider_than_it_may_be(of, name):
    text = whole_text(of(read(os.path.join(FOLDER, f"{name}.yaml"))), 80)
    above = text.partition("\nTasks, in the order")[0].split("\n\n", 1)[1]
    assert max(map(cells.width, above.splitlines())) <= 80


@pytest.mark.parametrize("name", NAMES)
def test_where_no_duration_is_known_there_are_no_minutes(of, name):
    analysis = of(read(os.path.join(FOLDER, f"{name}.yaml")))
    text = whole_text(analysis, 100, explain=True).split("\n\n", 1)[1]
    text = text.replace("30 s", "")  # of the question
    assert bool(re.search(r"\d [hms]\b", text)) is analysis.forecast.is_known


# --- timeline -----------------------------------------------------------------------------------------------------


def bars(analysis, width=90, ink=ASCII):
    return {line.split()[0]: line for line in timeline(analysis, width, ink) if re.search(r"[#=]", line)}


def test_bars_are_true_to_scale_and_begin_where_others_end(of):
    found = bars(
        of(
            "name: n\ntasks: [{id: a, prompt: x, estimated_duration: 1m},"
            " {id: b, prompt: x, estimated_duration: 3m, dependencies: [a]}]"
        )
    )
    assert abs(found["b"].count("#") - 3 * found["a"].count("#")) <= 3
    assert found["b"].index("#") == found["a"].rindex("#") + 1


def test_without_unicode_the_picture_is_ascii(of):
    lines = timeline(of(tasks(6)), 80, ASCII)
    assert "\n".join(lines).isascii()
    assert any("." * 10 in line for line in lines)  # two wait for an agent


def test_many_tasks_are_drawn_by_wave(of):
    rows = timeline(of(tasks(41)), 80)
    assert [row.split("  ")[1].strip().partition(" ▒")[0] for row in rows if "Wave" in row] == ["Wave 1, 41 tasks"]


def test_waves_that_are_too_many_are_counted():
    chain = plan_of({f"t{n}": [f"t{n - 1}"] if n else [] for n in range(60)})
    assert "... and 20 more waves" in timeline(analyse(chain), 80)


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0), ("Ａ", 2)])
def test_wide_characters_take_two_cells(text, width):
    assert cells.width(text) == width
    assert cells.width(cells.padded(text, 6)) == 6


def test_what_is_cut_takes_no_more_cells_than_there_are():
    assert cells.cut("日本語", 4) == "日~"
    assert cells.cut("日本語", 6) == "日本語"


# --- words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0"), (500, "0.5 s"), (9_900, "9.9 s"), (45_000, "45 s"), (59_600, "1 m"), (310_000, "5 m 10 s"),
        (3_599_900, "1 h"), (3_900_000, "1 h 5 m"), (7_200_000, "2 h"), (360_000_000, "100 h"),
    ],
)  # fmt: skip
def test_a_time_in_words(milliseconds, text):
    assert span(milliseconds) == text


def test_a_time_in_task_lengths():
    assert [Measure(60_000)(time) for time in (60_000, 90_000, 0)] == [
        "1 task length", "1.5 task lengths", "0 task lengths"
    ]  # fmt: skip


def test_names_one_after_another():
    assert [enumerated(list(names)) for names in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
    assert enumerated(list("abcdef"), 3) == "a, b, c and 3 more"


def test_a_number_stays_with_its_unit():
    assert all(not re.match(r"[hms%]\b", line) for line in wrapped("it takes 5 m 10 s and 12 % of 30 s " * 40, 41))


def test_a_label_stands_once():
    assert columns([("one", "a"), ("", "b")], 80) == ["  one  a", "       b"]
    assert columns([("x" * 40, "a")], 80) == [f"  {'x' * 35}~  a"]


def test_every_rule_says_what_goes_first():
    assert set(GLOSSES) == {*RULES, WAVES, IMPROVEMENT, SEARCH}


# --- other forms --------------------------------------------------------------------------------------------------


HEAD = {
    "agents", "aggregate", "conflicts", "critical_path", "decided_by", "description", "estimates", "figures",
    "max_parallel", "name", "on_failure", "order", "output_dir", "parallelization", "pattern", "prospects",
    "rule", "tasks", "unit", "waves",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_in_json_has_these_keys_and_the_page_says_what_each_means(of, name):
    values = plan_values(of(read(os.path.join(FOLDER, f"{name}.yaml"))))
    again = json.loads(json.dumps(values))
    assert set(again) == HEAD
    page = read(os.path.join(ROOT, "docs", "plan.md"))
    inner = [*again["figures"], *again["tasks"][0], *again["prospects"], *again["parallelization"], *again["estimates"]]
    for key in [*HEAD, *inner]:
        assert f"`{key}`" in page, key


def test_json_counts_in_task_lengths_where_no_duration_is_known(of):
    values = plan_values(of(tasks(5)))
    assert (values["unit"], values["figures"]["sequential"], values["figures"]["foretold"]) == ("task lengths", 5, 2)
    known = plan_values(of(tasks(5, ", estimated_duration: 30s")))
    assert (known["unit"], known["figures"]["foretold"]) == ("seconds", 60)


def test_json_leaves_out_what_a_large_plan_is_not_searched_for():
    values = plan_values(analyse(plan_of({f"t{n}": () for n in range(1001)})))
    assert [values[key] for key in ("conflicts", "prospects", "decided_by")] == [None, None, None]
    assert values["tasks"][0]["reason"] is None


def test_a_large_plan_says_what_was_not_looked_for():
    text = whole_text(analyse(plan_of({f"t{n}": () for n in range(1001)})), 100, explain=True)
    assert text.count("not looked for in a plan of more than 1,000 tasks") == 3


@pytest.mark.parametrize("name", NAMES)
def test_diagrams_name_every_task_and_every_arrow(of, name):
    analysis = of(read(os.path.join(FOLDER, f"{name}.yaml")))
    flow, gantt = re.findall(r"```mermaid\n(.*?)\n```", mermaid.diagrams(analysis), re.DOTALL)
    assert re.match(r"flowchart LR\n", flow)
    assert flow.count("subgraph ") == flow.count("\n  end") == len(analysis.plan.waves)
    nodes = set(re.findall(r"^    (t\d+)\[\"[^\"]*\"\]$", flow, re.MULTILINE))
    arrows = re.findall(r"^  (t\d+) (?:==>|-->) (t\d+)$", flow, re.MULTILINE)
    assert len(nodes) == analysis.forecast.work.size
    assert len(arrows) == sum(map(len, analysis.forecast.work.before))
    assert {end for arrow in arrows for end in arrow} <= nodes
    assert flow.count("==>") == len(analysis.figures.critical) - 1
    assert len(re.findall(r"^  \d+\. \S+ :(?:crit, )?t\d+, 2000-01-\d\d [\d:]{8}, \d+s$", gantt, re.MULTILINE)) == len(
        analysis.forecast.begun
    )


def test_what_a_diagram_would_obey_is_escaped():
    assert mermaid.escaped('a "b" <c>; #d\n`e`') == "a #quot;b#quot; #lt;c#gt;#59; #35;d #96;e#96;"


def test_a_plan_that_is_too_large_to_draw_is_drawn_by_wave():
    plan = plan_of({**{f"t{n}": () for n in range(200)}, "end": [f"t{n}" for n in range(200)]})
    text = mermaid.diagrams(analyse(plan))
    assert '  w1["Wave 1<br/>200 tasks"]\n  w2["Wave 2<br/>1 task"]\n  w1 --> w2' in text
    assert "gantt" not in text


# --- on the command line and in a conversation --------------------------------------------------------------------


@pytest.fixture
def here(project, monkeypatch):
    write(os.path.join(project, "tasks.yaml"), tasks(3, ", estimated_duration: 2m"))
    monkeypatch.chdir(project)


@pytest.mark.usefixtures("here")
def test_the_command_line_shows_each_form(capsys):
    said = {}
    for form in ("text", "json", "mermaid"):
        assert cli.main(["plan", "tasks.yaml", "--format", form]) == 0
        said[form] = capsys.readouterr().out
    assert said["text"].startswith("Plan: n, 3 tasks in 1 wave")
    assert json.loads(said["json"])["name"] == "n"
    assert said["mermaid"].startswith("```mermaid\nflowchart LR\n")
    assert cli.main(["plan", "tasks.yaml", "--explain"]) == 0
    assert "It begins right away, since it needs no other task" in capsys.readouterr().out


def test_for_a_conversation_a_plan_is_told_in_a_few_lines(of):
    analysis = of(read(os.path.join(FOLDER, "pools-and-scopes.yaml")))
    text = summary(analysis)
    assert [line.partition(":")[0].partition("?")[0] for line in text.splitlines()] == [
        "Does parallel work pay", "Pattern", "Critical path",
        "Times are based on 8 estimates of the file, 1 unknown, taken as the mean of the others, 4 m 22 s."
    ]  # fmt: skip
    assert len(text) < LIMIT // 10


def test_the_opening_of_a_run_foretells_its_time_where_durations_are_known(of):
    assert "\n  foretold: 1 m, as far as durations are known" in plan_text(
        of(tasks(4, ", estimated_duration: 1m")).plan
    )
    assert "foretold" not in plan_text(of(tasks(4)).plan)
