"""Findings through the real host: asked for in briefs, merged by an integrator, held against what it was given."""

import pytest
from builders import read
from faults import Faulty, lies, writes, writes_again
from hosting import VERSIONS, Stage, said
from parallel_dispatch.aggregate import aggregate_values

pytestmark = pytest.mark.host

TASKS = """\
name: merged
tasks:
  - {id: security, prompt: Review it for injection.}
  - {id: style, prompt: Review it for style.}
  - {id: summary, prompt: Merge the reviews., dependencies: [security, style]}
settings: {aggregate: integrator}
"""
OUTPUTS = {
    "security": "## Findings\n\n- [high] src/a.py:4 - The name goes into the SQL text unescaped. Fix: bind it.\n",
    "style": "## Findings\n\n- [low] src/a.py:90 - Two loops do the same. Fix: keep the second.\n",
}
ONE = "## Findings\n\n- [high] src/a.py:4 - The name goes into the SQL text unescaped. (security/1)\n"
OTHER = "- [low] src/a.py:90 - Two loops do the same. (style/1)\n"
ROWS = "\n## Dispositions\n\n| Finding | Severity | Disposition |\n|--|--|--|\n| security/1 | high | kept |\n"
MENDED = f"{ONE}{OTHER}{ROWS}| style/1 | low | kept |\n"


@pytest.fixture(scope="module", params=VERSIONS)
def found(request, tmp_path_factory):
    stage = Stage(request.param, tmp_path_factory.mktemp("merged"))
    stage.write("tasks.yaml", TASKS)
    faults = {task: writes(text) for task, text in OUTPUTS.items()} | {"summary": writes_again(ONE + ROWS, MENDED)}
    return stage.converse(Faulty(faults=faults), "/parallel-dispatch tasks.yaml")


def test_briefs_ask_for_findings_in_the_form_that_is_read(found):
    for task in OUTPUTS:
        (told,) = found.first_requests[task]
        assert "Put all of them into a section `## Findings`" in told


def test_the_integrators_brief_names_what_it_merges_and_where_the_findings_are(found):
    (told,) = found.first_requests["summary"]
    assert "security.md, 1 finding" in told
    assert found.run.folder.integration("summary") in told
    assert "- [low] src/a.py:90 - Two loops do the same. (style/1)" in read(found.run.folder.integration("summary"))


def test_it_is_sent_back_once_with_what_it_lost_and_mends_it(found):
    (event,) = [event for event in found.run.ledger.read() if event.get("event") == "sent-back"]
    assert (event["task"], event["losses"]) == ("summary", 1)
    (requests,) = [requests for requests in found.agents.values() if "Merge the reviews." in said(requests[0])]
    assert "- style/1 is in no row of Dispositions, nor cited in Findings: [low] src/a.py:90" in said(requests[-1])
    assert found.outcomes == dict.fromkeys(("security", "style", "summary"), "success")
    made = aggregate_values(found.run.plan, found.run.state())
    assert (made["integrator"]["sent_back"], made["integrator"]["alarms"]) == (1, [])
    assert [(finding["severity"], finding["sources"]) for finding in made["findings"]] == [
        ("high", ["security/1"]),
        ("low", ["style/1"]),
    ]


@pytest.mark.parametrize("dispatch", ["foreground", "background"])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_integrator_that_waits_for_the_end_of_all_goes_on_with_what_is_there(version, dispatch, tmp_path):
    stage = Stage(version, tmp_path)
    stage.write(
        "tasks.yaml", TASKS.replace("dependencies: [security, style]", "dependencies: [security, style], wait: ended")
    )
    merged = f"{ONE}{ROWS}"
    script = Faulty(faults={"security": writes(OUTPUTS["security"]), "style": lies, "summary": writes(merged)})
    found = stage.converse(script, f"/parallel-dispatch tasks.yaml --dispatch {dispatch}")
    assert found.outcomes == {"security": "success", "style": "failed", "summary": "success"}
    (told,) = found.first_requests["summary"]
    assert "style is missing: failed" in told
    made = aggregate_values(found.run.plan, found.run.state())
    assert made["integrator"]["alarms"] == []
    assert [row["task"] for row in made["missing"]] == ["style"]
