"""The scripted agents of a rehearsal: how long each of them works."""

import pytest
from parallel_dispatch.load import load_text
from parallel_dispatch.refusal import Refusal
from parallel_dispatch.rehearse import at_speed
from parallel_dispatch.scripted_model import Request

TASKS = """\
name: n
tasks:
  - {id: list-1, prompt: x, output: a.json, estimated_duration: 1m}
  - {id: part, prompt: "{{ item }}", estimated_duration: 5m, for_each: {from: list-1}}
  - {id: each, prompt: "{{ item }}", estimated_duration: 20s, for_each: [a, b]}
  - {id: unknown, prompt: x}
"""


def script_of(text, speed):
    return at_speed(load_text("tasks.yaml", text).task_file, speed)


def asked(task, *more):
    """What the agent of a task asks the model."""
    said = f"pd:k3f2/{task}\nOutput file: /project/out/{task}.md\n"
    messages = [{"role": "user", "content": said}, *more]
    return Request("a1", {"messages": messages, "tools": [{"name": "Write"}]}, 0, 0.0)


@pytest.mark.parametrize(("task", "seconds"), [("list-1", 0.6), ("each-1", 0.2), ("each-2", 0.2), ("unknown", 1.0)])
def test_an_agent_works_as_long_as_its_task_is_estimated_so_many_times_as_fast(task, seconds):
    assert script_of(TASKS, 100).reply(asked(task)).delay == pytest.approx(seconds)


def test_tasks_that_are_made_in_the_run_take_what_the_one_takes_that_stands_for_them():
    script = script_of(TASKS, 100)
    assert script.reply(asked("part-1")).delay == script.reply(asked("part-2")).delay == pytest.approx(3.0)


def test_an_agent_works_once_and_then_says_its_last_word_at_once():
    script = script_of(TASKS, 100)
    wrote = {"role": "assistant", "content": [{"type": "tool_use", "name": "Write", "input": {}}]}
    assert script.reply(asked("each-1", wrote)).delay == 0


def test_without_any_estimate_there_is_no_speed():
    with pytest.raises(Refusal, match="no task of this file has an estimated_duration"):
        script_of("name: n\ntasks: [{id: a, prompt: x}]\n", 100)
