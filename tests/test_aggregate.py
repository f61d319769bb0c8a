"""What becomes of outputs together: merged, counted, ranked, and handed to an integrator."""

import os

import pytest
from builders import VERSIONS, claimed, closed, header, make_run, plan_of, read, write
from hooking import Conversation
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch import consensus, intake
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.aggregate import aggregate_values
from parallel_dispatch.brief import Brief
from parallel_dispatch.changes import OF_THE_AGGREGATE, changes
from parallel_dispatch.contradiction import contradiction
from parallel_dispatch.contributors import contributors, last_of_all
from parallel_dispatch.growing import grow
from parallel_dispatch.integrating import write_integration
from parallel_dispatch.load import load_text
from parallel_dispatch.plan import Plan
from parallel_dispatch.refusal import Refusal
from parallel_dispatch.replay import replay
from parallel_dispatch.report import cell
from parallel_dispatch.statement import normal, stated
from parallel_dispatch.templates import render

SECURITY = """\
# Security

## Findings

- [high] src/pay/charge.py:42 - The amount goes into the SQL text unescaped. Fix: bind it as a parameter.
- [low] src/pay/token.py:9 - The cache of tokens grows without a limit. Fix: remove the cache.
"""
STYLE = """\
## Findings

- [medium] src/pay/charge.py:42 - SQL injection: the amount goes into the SQL text unescaped. Fix: bind a parameter.
- [low] src/pay/charge.py:88-93 - Two loops do the same. Fix: keep the second.
- [medium] src/pay/token.py:9 - Tokens are looked up twice. Fix: add a cache.
"""


def finished(project, outputs, tasks=None, **asked):
    """A run whose tasks wrote these outputs; those that wrote None failed."""
    needs = tasks or dict.fromkeys(outputs, ())
    defaults = {"strategy": "merge", "from": list(outputs), "integrator": "", "keys": ["answer"], "quorum": "majority"}
    plan = plan_of(needs, project, aggregate={**defaults, "order": [], **asked} if asked else {})
    if "summary" in plan.tasks:
        plan.tasks["summary"].wait = 3
    events = []
    for task, text in outputs.items():
        events.append(claimed(task))
        events.append(closed(task) if text is not None else closed(task, "failed", reason="it timed out"))
        if text is not None:
            write(plan.tasks[task].output, text)
    return ActiveRun(make_run(plan, events).path)


def values(run):
    return aggregate_values(run.plan, run.state())


def sources(made):
    return {tuple(sorted(finding["sources"])): finding for finding in made["findings"]}


# --- merge --------------------------------------------------------------------------------------------------------


def test_findings_are_merged_with_where_they_come_from_and_the_worst_severity(project):
    made = values(finished(project, {"security": SECURITY, "style": STYLE}, strategy="merge"))
    found = sources(made)
    same = found["security/1", "style/1"]
    assert (same["id"], same["severity"], same["agreement"]) == ("F1", "high", 2)
    assert same["title"].startswith("The amount goes into the SQL text")
    assert len(found) == 4
    assert [finding["id"] for finding in made["findings"]] == ["F1", "F2", "F3", "F4"]
    assert sorted(each for finding in made["findings"] for each in finding["sources"]) == sorted(
        source["id"] for source in made["sources"]
    )


def test_conflicts_of_severity_and_of_fixes_are_found(project):
    made = values(finished(project, {"security": SECURITY, "style": STYLE}, strategy="merge"))
    conflicts = {conflict["kind"]: conflict for conflict in made["conflicts"]}
    severity, fix = conflicts["severity"], conflicts["fix"]
    assert severity["subject"] == "F1"
    assert severity["sides"] == [
        {"value": "high", "findings": ["security/1"]},
        {"value": "medium", "findings": ["style/1"]},
    ]
    assert severity["decided"] == "high"
    assert {side["findings"][0] for side in fix["sides"]} == {"security/2", "style/3"}
    assert fix["decided"] == ""


def test_without_an_aggregate_findings_are_merged_where_there_are_any(project):
    made = values(finished(project, {"security": SECURITY, "style": "Nothing in any form."}))
    assert made["strategy"] == "merge"
    assert (len(made["findings"]), made["unread"]) == (2, [])


def test_outputs_without_findings_make_no_aggregate_that_nobody_asked_for(project):
    assert values(finished(project, {"a": "Prose.\n", "b": None})) is None


def test_every_task_is_accounted_for(project):
    texts = {"security": SECURITY, "style": "Prose.", "docs": "## Findings\n\nNone.\n", "speed": None}
    run = finished(project, texts, strategy="merge")
    made = values(run)
    assert {each["task"]: (each["role"], each["findings"]) for each in made["tasks"]} == {
        "security": ("source", 2),
        "style": ("unread", 0),
        "docs": ("source", 0),
        "speed": ("missing", 0),
    }
    assert made["missing"] == [{"task": "speed", "why": "failed: it timed out"}]


def test_an_output_that_is_gone_is_said_to_be(project):
    run = finished(project, {"security": SECURITY, "style": STYLE}, strategy="merge")
    os.unlink(run.plan.tasks["style"].output)
    assert values(run)["unread"] == [{"task": "style", "why": "its output is not there any more"}]


def test_no_more_is_read_than_the_end_of_a_run_waits_for(project, monkeypatch):
    monkeypatch.setattr(intake, "MOST_BYTES", len(SECURITY) + 5)
    made = values(finished(project, {"security": SECURITY, "style": STYLE}, strategy="merge"))
    assert {finding["task"] for finding in made["sources"]} == {"security"}
    (unread,) = made["unread"]
    assert unread["why"].startswith("with its output there would be more than")


@pytest.mark.parametrize("asked", [{"from": [[]]}, {"from": "a"}, {"keys": [1]}, {"order": {}}])
def test_a_plan_whose_aggregate_somebody_edited_is_refused(project, asked):
    text = plan_of({"a": ()}, project, aggregate=asked).to_json()
    with pytest.raises(Refusal, match="aggregate"):
        Plan.from_json(text)


@pytest.mark.parametrize("asked", [{"strategy": 7}, {"quorum": "x/0%"}, {"integrator": "nobody"}, {"from": ["nobody"]}])
def test_an_aggregate_that_somebody_edited_ends_in_no_traceback(project, asked):
    run = finished(project, ANSWERS, **{"strategy": "consensus", **asked})
    assert Plan.from_json(run.plan.to_json()).aggregate == run.plan.aggregate
    assert values(run)["integrator"] is None


# --- priority -----------------------------------------------------------------------------------------------------


def test_priority_decides_conflicts_and_names_who_decided(project):
    run = finished(project, {"security": SECURITY, "style": STYLE}, strategy="priority", order=["style"])
    made = values(run)
    assert made["priority"] == {"primary": "style", "supporting": ["security"], "rule": "style comes first in order"}
    assert sources(made)["security/1", "style/1"]["severity"] == "medium"
    decided = {conflict["kind"]: (conflict["decided"], conflict["rule"]) for conflict in made["conflicts"]}
    assert decided == {
        "severity": ("medium", "style comes first in order"),
        "fix": ("add a cache.", "style comes first in order"),
    }


def test_without_an_order_the_priority_of_tasks_decides_and_then_the_file(project):
    run = finished(project, {"security": SECURITY, "style": STYLE}, strategy="priority")
    assert values(run)["priority"]["rule"] == "security comes first in the file"
    run.plan.tasks["style"].priority = "high"
    made = aggregate_values(run.plan, run.state())
    assert made["priority"] == {"primary": "style", "supporting": ["security"], "rule": "style has the higher priority"}


def test_who_failed_decides_nothing(project):
    run = finished(project, {"security": None, "style": STYLE}, strategy="priority", order=["security", "style"])
    assert values(run)["priority"]["primary"] == "style"


# --- consensus ----------------------------------------------------------------------------------------------------

ANSWERS = {"a": "Answer: Yes\n", "b": "# B\n\n- **Answer**: `yes`.\n", "c": '{"answer": "no"}', "d": "No idea.\n"}


def test_values_are_counted_and_dissent_is_kept(project):
    (counted,) = values(finished(project, ANSWERS, strategy="consensus", quorum=2))["consensus"]
    assert counted == {
        "subject": "answer",
        "counts": [{"value": "Yes", "tasks": ["a", "b"]}, {"value": "no", "tasks": ["c"]}],
        "result": "Yes",
        "quorum": 2,
        "tie": False,
        "dissent": ["c"],
    }


def test_a_majority_is_one_of_all_tasks_also_of_those_that_say_nothing(project):
    made = values(finished(project, ANSWERS, strategy="consensus"))
    (counted,) = made["consensus"]
    assert (counted["quorum"], counted["result"], counted["dissent"]) == (3, None, [])
    (conflict,) = made["conflicts"]
    assert (conflict["kind"], conflict["decided"]) == ("value", "")


def test_a_tie_has_no_result(project):
    texts = {"a": "Answer: yes\n", "b": "Answer: no\n"}
    (counted,) = values(finished(project, texts, strategy="consensus", quorum=1))["consensus"]
    assert (counted["tie"], counted["result"]) == (True, None)


@pytest.mark.parametrize(
    ("quorum", "members", "needed"),
    [
        ("majority", 4, 3),
        ("majority", 5, 3),
        ("majority", 0, 1),
        ("all", 4, 4),
        ("60%", 5, 3),
        ("2/3", 4, 3),
        ("1/3", 9, 3),
        (2, 9, 2),
    ],
)
def test_a_quorum_is_a_number_or_a_share_rounded_up(quorum, members, needed):
    assert consensus.needed(quorum, members) == needed


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.none() | st.sampled_from(["x", "X ", "y", "z"])), st.integers(1, 9)
)
@settings(derandomize=True)
def test_a_result_has_its_quorum_and_more_than_any_other(stated, quorum):
    counted = consensus.count("s", stated, quorum)
    sizes = [len(one["tasks"]) for one in counted["counts"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == sum(value is not None for value in stated.values())
    wins = bool(sizes) and sizes[0] >= quorum and sizes[:2].count(sizes[0]) == 1
    assert (counted["result"] is not None) == wins
    assert set(counted["dissent"]) == {t for one in counted["counts"][1:] for t in one["tasks"] if wins}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Answer: 42\n", "42"),
        ("**Answer:** 42\n", "42"),
        ("> answer : 42", "42"),
        ("## Answer\n\n42\nBecause.\n", "42"),
        ("Answer: 41\n\nAnswer: 42\n", "42"),
        ('```json\n{"answer": 42}\n```\n', "42"),
        ('{"answer": {"b": 1, "a": 2}}', '{"a": 2, "b": 1}'),
        ("Answer:\n", None),
        ("The answer: 42 or so\nAnswers: many\n", None),
        ('{"answer": null}', None),
        ("1. Answer: 42\n", "42"),
        ("2) **Answer**: 42\n", "42"),
        ("\ufeff# Answer\n42\n", "42"),
        ("Answer: 42\n\n```\nAnswer: 41\n# Answer\n```\n", "42"),
        ("# Answer\n\n```\n42\n```\nBecause.\n", "42"),
        ("```x``` is it\n\nAnswer: 42\n", "42"),
        ('[x] done\n\n```json\n{"answer": 42}\n```\n', "42"),
        ("[x] done\n\nAnswer: 42\n", "42"),
        ("Answer:" + " " * 1_000_000, None),
        (" " * 1_000_000 + "Answer:", None),
    ],
)
def test_a_value_is_read_where_it_is_stated(text, value):
    assert stated([text], "answer") == value


def test_a_key_may_lead_into_json_and_its_last_part_names_a_line():
    assert stated(['{"review": {"verdict": true}}'], "review.verdict") == "true"
    assert stated(["Verdict: pass"], "review.verdict") == "pass"


def test_values_are_compared_without_marks_and_case_and_numbers_as_numbers():
    assert normal("**Yes.**") == normal("yes")
    assert normal("4") == normal("4.0")
    assert normal("4") != normal("40")
    assert normal("0.50") == normal("5e-1") != normal("0.5000000000001")
    assert normal("1712345678901") == normal("1712345678901.0") != normal("1712345678902")
    assert normal("12345678901234567890") != normal("12345678901234567891")
    assert normal("12e4567") != normal("99e9999")
    assert normal("inf") != normal("-inf")


# --- who is taken -------------------------------------------------------------------------------------------------


def test_the_task_that_builds_on_all_others_is_not_taken_itself():
    needs = {"a": (), "b": (), "summary": ("a", "b")}
    assert last_of_all(needs) == "summary"
    assert contributors(needs) == ["a", "b"]
    assert contributors({"a": (), "b": ("a",), "c": ("b",)}) == ["a", "b", "c"]
    assert contributors({"a": (), "b": ()}) == ["a", "b"]
    assert contributors({"list": (), "fix": ("list",), "end": ("fix",)}, many={"fix"}) == ["fix"]


def test_patterns_items_and_agents_of_a_task_file_become_tasks():
    text = """\
name: r
tasks:
  - {id: review, prompt: "Review {{ item }}.", for_each: [a, b]}
  - {id: style, prompt: Look., agent: artist}
  - {id: end, prompt: Merge., dependencies: [review, style]}
settings:
  aggregate: {strategy: priority, from: ["rev*", style], order: [artist, review-2]}
"""
    found = load_text("t.yaml", text).task_file.settings.aggregate
    assert found.sources == ("review-1", "review-2", "style")
    assert found.order == ("style", "review-2")


def test_tasks_that_are_made_later_take_the_place_of_what_they_are_made_of():
    tasks = {"list": (), "fix": ("list",), "end": ("fix",)}
    plan = plan_of(tasks, aggregate={"strategy": "merge", "from": ["list", "fix"], "order": ["fix"]})
    plan.tasks["fix"].for_each = {"from": "list", "path": ""}
    grown = grow(plan, plan.tasks["fix"], ["a", "b"])
    assert grown.aggregate["from"] == ["list", "fix-1", "fix-2"]
    assert grown.aggregate["order"] == ["fix-1", "fix-2"]
    assert grow(plan, plan.tasks["fix"], []).aggregate["from"] == ["list"]
    assert Plan.from_json(grown.to_json()).aggregate == grown.aggregate


def test_a_resumed_run_does_again_what_is_asked_for_another_form():
    tasks = {"a": (), "b": (), "end": ("a", "b")}
    old = plan_of(tasks, aggregate={})
    merged = plan_of(tasks, aggregate={"strategy": "merge", "from": ["a"]})
    integrated = plan_of(tasks, aggregate={"strategy": "integrator", "from": ["a"], "integrator": "end"})
    assert changes(old, merged) == {"a": OF_THE_AGGREGATE}
    assert changes(merged, integrated) == {"end": OF_THE_AGGREGATE}
    assert changes(integrated, integrated) == {}


@pytest.mark.parametrize(
    ("strategy", "output", "words"),
    [
        ("merge", "a.md", "into a section `## Findings`"),
        ("merge", "a.json", "under the key `findings`"),
        ("consensus", "a.md", "in one line of its own, `Verdict: …`"),
        ("consensus", "a.json", "under the key `verdict`"),
    ],
)
def test_a_brief_asks_for_what_its_aggregate_reads(strategy, output, words):
    asked = {"strategy": strategy, "from": ["a"], "keys": ["verdict"]}
    plan = plan_of({"a": (), "b": ()}, outputs={"a": output}, aggregate=asked)
    told, nothing = (Brief(plan, replay(plan, [header()]), task, 1).text() for task in ("a", "b"))
    assert words in told
    assert "rogram" not in nothing
    assert len(told) - len(nothing) < 500


@pytest.mark.parametrize(
    ("one", "other", "is_contradiction"),
    [
        ("Add a cache for tokens.", "Remove the cache.", True),
        ("Increase the timeout.", "Reduce the timeout of the call.", True),
        ("Set the request timeout to 30 s.", "Set the request timeout to 60 s.", True),
        ("Do not retry the charge.", "Retry the charge once.", True),
        ("Add an index on user_id.", "Add an index to the user_id column.", False),
        ("Add a test.", "Remove the loop.", False),
        ("Bind it as a parameter.", "Use a bound parameter.", False),
        ("", "Remove it.", False),
    ],
)
def test_fixes_contradict_each_other_where_their_words_show_it(one, other, is_contradiction):
    assert bool(contradiction(one, other)) == is_contradiction
    assert bool(contradiction(other, one)) == is_contradiction


# --- the integrator -----------------------------------------------------------------------------------------------

TASKS = {"security": (), "style": (), "speed": (), "prose": (), "summary": ("security", "style", "speed", "prose")}
MERGED = """\
## Findings

- [high] src/pay/charge.py:42 - The amount goes into the SQL text unescaped. (security/1, style/1)
  Fix: bind it as a parameter.
- [low] src/pay/token.py:9 - The cache of tokens grows without a limit. Fix: remove the cache. (security/2)
- [low] src/pay/charge.py:88-93 - Two loops do the same. (style/2)
- [medium] src/pay/token.py:9 - Tokens are looked up twice. (style/3)

## Dispositions

| Finding | Severity | Disposition |
|---------|----------|-------------|
| security/1 | high | kept |
| security/2 | low | kept |
| style/1 | medium | merged with security/1 |
| style/2 | low | kept |
| style/3 | medium | kept |
"""


def integrated(project, text=None, **more):
    texts = {"security": SECURITY, "style": STYLE, "speed": None, "prose": "Prose.\n"}
    plan_from = list(texts)
    outputs = texts if text is None else {**texts, "summary": text}
    asked = {"strategy": "integrator", "from": plan_from, "integrator": "summary", **more}
    return finished(project, outputs, TASKS, **asked)


def test_an_integrators_brief_names_inputs_what_is_missing_conflicts_and_the_file(project):
    run = integrated(project)
    lines = "\n".join(write_integration(run, "summary"))
    assert "- security: " in lines
    assert "security.md, 2 findings" in lines
    assert "speed is missing: failed: it timed out" in lines
    assert "prose could not be read by a program" in lines
    assert "severity of security/1, style/1: high (security/1); medium (style/1)" in lines
    assert run.folder.integration("summary") in lines
    assert "## Dispositions" in lines
    assert len(lines) < 4000
    text = read(run.folder.integration("summary"))
    assert "- [high] src/pay/charge.py:42 - The amount goes into the SQL text unescaped" in text
    assert all(f"({each})" in text for each in ("security/2", "style/1", "style/2", "style/3"))


def test_what_an_integrator_made_of_findings_is_in_the_aggregate(project):
    made = values(integrated(project, MERGED))["integrator"]
    assert (made["task"], made["sent_back"], made["alarms"]) == ("summary", 0, [])
    assert made["dispositions"][2] == {
        "finding": "style/1",
        "severity": "medium",
        "disposition": "merged with security/1",
        "judged": False,
    }


def test_what_an_integrator_decided_by_itself_is_told(project):
    text = (
        MERGED.replace("| style/2 | low | kept |", "| style/2 | low | dropped: not ours, seen `charge.py:1` |")
        .replace("| style/3 | medium | kept |", "| style/3 | medium | kept with security/2 |")
        .replace("| security/1 | high | kept |", "| security/1 | low | changed from high: less likely |")
    )
    made = values(integrated(project, text))
    judged = {row["finding"] for row in made["integrator"]["dispositions"] if row["judged"]}
    assert judged == {"security/1", "style/2", "style/3"}
    told = render("", "report.findings.md.j2", {"aggregate": made, "cell": cell})
    assert "What it decided by itself, for you to look at:\n\n- security/1 [low]: changed from high: less" in told
    assert "- style/2 [low]: dropped: not ours, seen charge.py:1\n- style/3" in told


def test_an_integrator_decides_between_fixes_that_contradict_each_other(project):
    row = "| style/3 | medium | kept |"
    takes = MERGED.replace(row, "| style/3 | medium | kept, fix of security/2, seen src/pay/token.py:9 |")
    for at, text in enumerate((None, MERGED, takes)):
        made = values(integrated(os.path.join(project, str(at)), text))
        (fix,) = (conflict for conflict in made["conflicts"] if conflict["kind"] == "fix")
        if text == takes:
            assert (fix["decided"], fix["rule"]) == ("remove the cache.", "summary takes the fix of security/2")
        else:
            assert (fix["decided"], fix["rule"]) == ("", "nothing decides between fixes: both are kept")


def test_what_an_integrator_keeps_apart_from_what_was_folded_is_told(project):
    line = "- [medium] src/pay/charge.py:42 - SQL injection: the amount goes into the SQL text unescaped. (style/1)\n"
    apart = (
        MERGED.replace(", style/1)", ")")
        .replace("\n## Dispositions", f"{line}\n## Dispositions")
        .replace("| style/1 | medium | merged with security/1 |", "| style/1 | medium | kept |")
    )
    made = values(integrated(project, apart))["integrator"]
    assert made["alarms"] == []
    told = {row["finding"]: row["disposition"] for row in made["dispositions"] if row["judged"]}
    assert told == {"security/1": "kept, apart from style/1", "style/1": "kept, apart from security/1"}


def test_an_integrator_that_was_asked_for_it_writes_a_summary_of_its_own(project):
    text = f"## Summary\n\nDo not release.\n\n{MERGED}"
    asked = integrated(os.path.join(project, "asked"), text, summary=True)
    assert "these three sections and\n" in "\n".join(write_integration(asked, "summary"))
    assert "- `## Summary`: in your own words" in "\n".join(write_integration(asked, "summary"))
    assert values(asked)["integrator"]["alarms"] == []
    told = render("", "report.findings.md.j2", {"aggregate": values(asked), "cell": cell})
    assert "with a cause. No program checked its section Summary." in told
    not_asked = integrated(os.path.join(project, "not"), text)
    assert "Summary" not in "\n".join(write_integration(not_asked, "summary"))
    assert [alarm["kind"] for alarm in values(not_asked)["integrator"]["alarms"]] == ["invented"] * 2


def test_what_an_integrator_lost_is_in_the_aggregate(project):
    lost = MERGED.replace("| style/2 | low | kept |\n", "")
    (alarm,) = values(integrated(project, lost))["integrator"]["alarms"]
    assert (alarm["finding"], alarm["kind"]) == ("style/2", "lost")


def test_the_report_tells_findings_conflicts_and_what_is_lost_as_text(project):
    hostile = STYLE.replace("Two loops do the same.", "<script>x</script> | [a](javascript:b) `c`")
    run = finished(project, {"security": SECURITY, "style": hostile, "speed": None}, strategy="merge")
    text = render("", "report.findings.md.j2", {"aggregate": values(run), "cell": cell})
    assert "5 findings of 2 tasks, 4 different ones. Strategy: merge." in text
    assert "| F1 | high | src/pay/charge.py:42 | The amount goes into the SQL text unescaped. Fix: bind it" in text
    assert "\\<script\\>x\\</script\\> \\|" in text
    assert "<script" not in text.replace("\\<script", "")
    assert "- severity of F1: high (security/1); medium (style/1). Decided: high: the worst severity is kept." in text
    assert "### Not there\n- speed: failed: it timed out\n" in text


def test_the_report_tells_counts_and_who_dissents(project):
    made = values(finished(project, ANSWERS, strategy="consensus", quorum=2))
    text = render("", "report.findings.md.j2", {"aggregate": made, "cell": cell})
    assert "- **answer**: Yes, 2 of the same are needed: Yes (a, b); no (c). Dissent: c" in text


def test_the_report_tells_what_an_integrator_lost(project):
    made = values(integrated(project, MERGED.replace("| style/2 | low | kept |\n", "")))
    text = render("", "report.findings.md.j2", {"aggregate": made, "cell": cell})
    assert "- **lost**: style/2 is in no row of Dispositions: \\[low\\] src/pay/charge.py:88-93" in text
    text = render("", "report.findings.md.j2", {"aggregate": values(integrated(project + "2", MERGED)), "cell": cell})
    assert "Every finding is in the output of summary, or dropped there with a cause." in text


# --- hooks --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=VERSIONS)
def conversation(request, project, tmp_path, cache):
    return Conversation(request.param, project, str(tmp_path), cache)


OF_HOOKS = {"b": (), "c": (), "a": ("b", "c")}
LOSES = MERGED.replace("security", "b").replace("style", "c").replace("| c/2 | low | kept |\n", "")


@pytest.fixture
def integrator(conversation, project):
    """A conversation whose integrator is at work on two outputs."""
    asked = {"strategy": "integrator", "from": ["b", "c"], "integrator": "a"}
    plan = plan_of(OF_HOOKS, project, aggregate=asked)
    conversation.begin(claimed("b"), claimed("c"), closed("b"), closed("c"), plan=plan)
    conversation.writes("b", SECURITY)
    conversation.writes("c", STYLE)
    conversation.admits("a")
    return conversation


def test_an_integrator_that_loses_a_finding_is_sent_back_once_with_the_list(integrator):
    integrator.writes("a", LOSES)
    answer = integrator.stops("a")
    assert answer["decision"] == "block"
    assert answer["reason"].startswith(
        "You are not done: what it merges is not all there as it was:\n- c/2 is in no row"
    )
    assert read(integrator.run.folder.first_try("a", 1)) == LOSES
    assert integrator.stops("a") is None
    assert integrator.outcome("a") == ("success", "")
    made = values(integrator.run)["integrator"]
    assert (made["sent_back"], [alarm["kind"] for alarm in made["alarms"]]) == (1, ["lost"])


def test_an_integrator_that_mends_it_is_reported_without_alarms(integrator):
    integrator.writes("a", LOSES)
    integrator.stops("a")
    integrator.writes("a", LOSES + "| c/2 | low | kept |\n")
    assert integrator.stops("a") is None
    assert values(integrator.run)["integrator"]["alarms"] == []


def test_a_faithful_integrator_may_stop_at_once(integrator):
    integrator.writes("a", LOSES + "| c/2 | low | kept |\n")
    assert integrator.stops("a") is None
    assert not os.path.exists(integrator.run.folder.first_try("a", 1))


def test_the_first_try_counts_where_the_second_left_nothing(integrator):
    integrator.writes("a", LOSES)
    integrator.stops("a")
    os.unlink(integrator.output("a"))
    assert integrator.stops("a")["decision"] == "block"
    assert integrator.stops("a") is None
    assert integrator.outcome("a") == ("success", "")
    assert read(integrator.output("a")) == LOSES
