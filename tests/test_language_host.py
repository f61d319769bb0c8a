"""The keys of a task file in the real host: whom an agent is, what it is told, what its output must hold."""

import json
import time

import pytest
from faults import Faulty
from hosting import VERSIONS, Stage, said
from parallel_dispatch.copyist import called
from parallel_dispatch.scripted_model import Call, Reply

pytestmark = pytest.mark.host

TASKS = """\
name: language
agents:
  reviewer: {instances: 1, role: Senior Reviewer}
tasks:
  - id: review
    for_each: src/*.py
    agent: reviewer
    prompt_file: prompts/review.md
    output: reviews/{{ item }}.md
    context: These are scripts.
    constraints: [Change no file.]
    reads: ["{{ item }}"]
    model: haiku
    effort: low
  - id: urgent
    prompt: Look at once.
    priority: high
    critical: true
  - id: sum
    prompt: Sum up.
    dependencies: [review, part]
    contract: {sections: [Findings], contains: [All done], min_bytes: 500}
    timeout: 5m
  - id: data
    prompt: List the findings.
    output: data.json
    contract:
      json_schema:
        type: object
        required: [findings]
        properties: {findings: {type: array, minItems: 1, items: {type: object, required: [file]}}}
  - {id: parts, prompt: List the parts.}
  - id: part
    for_each: {from: parts, path: found.parts}
    prompt: "Look at the {{ item }} part."
    output: "parts/{{ item }}.md"
settings: {order: waves, max_parallel: 3}
"""


def stops_short(job, request):
    """The agent writes what does not keep its contract, and stops; sent back, it writes the whole."""
    if "You are not done" in str(request.messages[-1]):
        return Reply(calls=[Call("Write", {"file_path": job.file, "content": job.text + "x" * job.least})])
    if any(called(request)):
        return Reply("Done.")
    return Reply(calls=[Call("Write", {"file_path": job.file, "content": "# Findings\n"})])


def breaks_its_schema(job, request):
    """The agent writes JSON that does not match its schema, and stops; sent back, it writes what a rehearsal would."""
    if "You are not done" in str(request.messages[-1]) or not any(called(request)):
        text = Faulty().content(job) if any(called(request)) else '{"findings": [{}]}'
        return Reply(calls=[Call("Write", {"file_path": job.file, "content": text})])
    return Reply("Done.")


@pytest.fixture(scope="module", params=VERSIONS)
def found(request, tmp_path_factory):
    stage = Stage(request.param, tmp_path_factory.mktemp("language"))
    stage.write("tasks.yaml", TASKS)
    stage.write("prompts/review.md", "Review {{ item }} with care.\n")
    stage.write("src/a.py", "print()\n")
    stage.write("src/b.py", "print()\n")
    return stage.converse(
        Faulty(faults={"sum": stops_short, "data": breaks_its_schema}), "/parallel-dispatch tasks.yaml"
    )


def test_every_task_of_the_language_succeeds(found):
    assert found.outcomes == dict.fromkeys(
        ("urgent", "review-1", "review-2", "data", "parts", "part-1", "part-2", "sum"), "success"
    )


def test_what_is_urgent_goes_first_and_an_agent_has_one_instance(found):
    assert [sorted(batch) for batch in found.batches] == [
        ["parts", "review-1", "urgent"],
        ["data", "review-2"],
        ["part-1", "part-2"],
        ["sum"],
    ]
    assert found.batches[0][0] == "urgent"


def test_tasks_are_made_of_what_another_one_lists(found):
    (listing,) = found.first_requests["parts"]
    assert "Other tasks are made from the list under `found.parts` in this output" in listing
    (told,) = found.first_requests["part-2"]
    assert "Look at the second part." in told
    assert "parts/second.md" in told
    events = [event for event in found.events if event["event"] == "spread"]  # of two hooks that say it one counts
    assert [event["items"] for event in events] == [["first", "second"]] * len(events) != []
    assert "| part-2 | general-purpose |" in found.report


def test_an_agent_is_told_what_the_file_says(found):
    (told,) = found.first_requests["review-2"]
    for words in (
        "You work as Senior Reviewer.",
        "Review src/b.py with care.",
        "These are scripts.",
        "- Change no file.",
        "- src/b.py",
        "reviews/src/b.py.md",
    ):
        assert words in told
    assert "{{" not in told.partition("## Task")[2]


def test_an_agent_runs_on_the_model_that_the_file_names(found):
    models = {requests[0].body["model"] for requests in found.agents.values()}
    assert len(models) == 2
    assert sum("haiku" in model for model in models) == 1


def sent_back(found):
    return [event for event in found.run.ledger.read() if event.get("event") == "sent-back"]


def test_an_output_that_breaks_its_contract_sends_its_agent_back(found):
    (event,) = [event for event in sent_back(found) if event["task"] == "sum"]
    assert event["reason"].endswith('sum.md has 11 bytes, fewer than 500 and does not contain "All done"')


RACE = """\
name: race
tasks:
  - {id: quick, prompt: Be quick., timeout: 5m}
  - {id: slow, prompt: Take your time., timeout: 5m}
  - {id: late, prompt: Come late., timeout: 5m}
  - {id: sum, prompt: Sum up what is there., dependencies: [quick, slow, late], wait: any, timeout: 5m}
settings: {max_parallel: 2, dispatch: background}
"""


def never_writes(_job, _request):
    """An agent that looks around until it is ended."""
    time.sleep(0.3)
    return Reply(calls=[Call("Bash", {"command": "sleep 0.1", "description": "Wait"})])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_first_of_several_wins_and_the_others_are_called_off(version, tmp_path):
    stage = Stage(version, tmp_path)
    stage.write("tasks.yaml", RACE)
    race = stage.converse(Faulty(faults={"slow": never_writes}), "/parallel-dispatch tasks.yaml")
    assert race.outcomes == {"quick": "success", "slow": "not needed", "late": "not needed", "sum": "success"}
    (told,) = race.first_requests["sum"]
    assert "\n- slow, which " in told  # has not ended, or was not needed: as fast as its agent was ended
    assert "- late, which was not needed: sum goes on without it" in told
    assert "**Not needed**: 2" in race.report


def test_json_that_breaks_its_schema_sends_its_agent_back_until_it_matches(found):
    (event,) = [event for event in sent_back(found) if event["task"] == "data"]
    assert event["reason"].endswith('data.json does not match its JSON schema: findings[0] lacks "file"')
    (requests,) = [requests for requests in found.agents.values() if "List the findings." in said(requests[0])]
    told = said(requests[-1])
    assert '- JSON alone in the file that matches this JSON Schema: {"type":"object",' in told
    assert '\n- findings[0] lacks "file"\nWrite it to ' in told
    with open(found.run.plan.tasks["data"].output, encoding="utf-8") as file:
        assert json.load(file) == {"findings": [{"file": "rehearsal"}]}
