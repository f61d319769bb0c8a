"""Tokens in the real host: the sums of a report are those of the requests that the scripted model served, exactly."""

import json

import pytest
from faults import busy, dies, lies, once, stub
from hosting import VERSIONS, Stage
from metered import KEYS, Metered
from parallel_dispatch.reports import values_of
from parallel_dispatch.scripted_model import Call, Reply

pytestmark = pytest.mark.host

TASKS = """\
name: metered
tasks:
  - {id: plain, prompt: x}
  - {id: chatty, prompt: x}
  - {id: sent-back, prompt: x, contract: {min_bytes: 400}}
  - {id: again, prompt: x, retries: 2}
  - {id: dies, prompt: x}
  - {id: thrown-back, prompt: x}
  - {id: after, prompt: x, dependencies: [plain, chatty]}
settings: {max_parallel: 6, output_dir: out, backoff: none}
"""


def chatty(_, request):
    """Several tool calls in one answer, with text before them, before the work."""
    if len(request.messages) < 3:
        calls = [Call("Glob", {"pattern": f"*.{end}"}) for end in ("py", "md", "txt")]
        return Reply("I look around first.", calls)
    return None


@pytest.fixture(scope="module", params=[(v, d) for v in VERSIONS for d in ("foreground", "background")], ids=str)
def metered(request, tmp_path_factory):
    version, dispatch = request.param
    stage = Stage(version, tmp_path_factory.mktemp("metered"))
    stage.write("tasks.yaml", TASKS)
    faults = {"chatty": chatty, "sent-back": stub, "again": once(lies), "dies": dies, "thrown-back": once(busy)}
    model = Metered(seconds=0.2, faults=faults)
    found = stage.converse(model, f"/parallel-dispatch tasks.yaml --dispatch {dispatch}")
    assert found.code == 0, found.stderr
    with open(found.run.folder.beside("report.json"), encoding="utf-8") as file:
        return model, found, json.load(file), version


def summed(served):
    """Some usages as a report has them."""
    sums = {ours: sum(usage[theirs] for usage in served) for ours, theirs in KEYS.items()}
    return {**sums, "total": sum(sums.values())}


def served_to(model, task, attempt=None):
    """What was served to the agents of a task."""
    agents = [who for who, (of, number) in model.tasks.items() if of == task and attempt in (None, number)]
    return [usage for who in agents for usage in model.served[who]]


def test_the_model_served_what_it_was_to_serve(metered):
    model, _, report, _ = metered
    assert {task["id"]: len(task["attempts"]) for task in report["tasks"]} == {
        **dict.fromkeys(("plain", "chatty", "sent-back", "dies", "after"), 1),
        **dict.fromkeys(("again", "thrown-back"), 2),
    }
    assert len(served_to(model, "sent-back")) >= 4
    assert all(served_to(model, task) for task in ("plain", "chatty", "again", "thrown-back", "after"))


def test_the_tokens_of_every_task_are_those_that_were_served_to_its_agents(metered):
    model, _, report, _ = metered
    for task in report["tasks"]:
        if task["tokens"] is None:
            assert not served_to(model, task["id"])
        else:
            assert task["tokens"] == summed(served_to(model, task["id"])), task["id"]


def test_the_tokens_of_every_attempt_are_those_that_were_served_to_its_agent(metered):
    model, _, report, _ = metered
    for task in report["tasks"]:
        for attempt in task["attempts"]:
            if attempt["tokens"] is not None:
                served = served_to(model, task["id"], attempt["number"])
                assert attempt["tokens"] == summed(served), (task["id"], attempt["number"])


def test_the_tokens_of_the_run_are_those_that_were_served_to_all_agents(metered):
    model, _, report, _ = metered
    served = [usage for who, usages in model.served.items() if who != "main" for usage in usages]
    assert report["summary"]["tokens"] == summed(served)
    assert sum(wave["tokens"]["total"] for wave in report["waves"]) == summed(served)["total"]


def test_the_tool_calls_are_those_that_the_model_made(metered):
    model, _, report, _ = metered
    for task in report["tasks"]:
        made = sum(model.tools[who] for who, (of, _) in model.tasks.items() if of == task["id"])
        assert (task["tool_uses"] or 0) == made, task["id"]


def test_the_main_conversation_grew_from_its_first_turn_to_the_last_before_the_end(metered):
    model, _, report, _ = metered
    sent = [
        usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
        for usage in model.served["main"]
    ]
    told = report["summary"]["conversation"]
    assert told["tokens_at_start"] == sent[0]
    assert told["turns"] <= len(sent)
    assert told["tokens_at_end"] == sent[told["turns"] - 1] + model.served["main"][told["turns"] - 1]["output_tokens"]
    assert told["growth"] == told["tokens_at_end"] - told["tokens_at_start"]


def test_the_cost_is_what_the_host_itself_prints_once_its_conversation_has_ended(metered):
    _, found, report, version = metered
    assert report["summary"]["cost"] is None
    after = values_of(found.run)["summary"]["cost"]
    printed = [one["total_cost_usd"] for one in found.printed if one.get("type") == "result"][-1]
    if version == "2.1.197":
        assert after is None
    else:
        assert after["usd"] == pytest.approx(printed, abs=1e-6)
