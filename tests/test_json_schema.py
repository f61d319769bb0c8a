"""`contract.json_schema`: the JSON of an output, held against its schema, from the brief to the report."""

import http.server
import json
import os
import re
import sys
import threading

import pytest
from builders import VERSIONS, header, oldest_python, read, write
from hooking import Conversation, heard, rows
from parallel_dispatch import json_output, matching
from parallel_dispatch.brief import brief, long_schema
from parallel_dispatch.copyist import Copyist, job_of
from parallel_dispatch.json_schema import flaws, place, violations
from parallel_dispatch.judge import in_one_line, lacking
from parallel_dispatch.load import load_text
from parallel_dispatch.matching import UNCHECKED
from parallel_dispatch.options import Options
from parallel_dispatch.planner import Place, make_plan
from parallel_dispatch.recovery import recovery
from parallel_dispatch.refusal import Refusal
from parallel_dispatch.replay import replay
from parallel_dispatch.resolving import Roster
from parallel_dispatch.samples import sample

SCHEMA = {
    "type": "object",
    "required": ["findings"],
    "additionalProperties": False,
    "properties": {
        "findings": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["file", "line"],
                "properties": {"line": {"type": "integer", "minimum": 1}, "severity": {"enum": ["high", "low"]}},
            },
        }
    },
}
GOOD = '{"findings": [{"file": "a.py", "line": 3, "severity": "high"}]}'
BAD = '{"findings": [{"file": "a.py", "line": "3", "severity": "hi"}, {}], "note": 1}'
WHAT_IS_BAD = [
    'the document holds "note", which its schema does not allow',
    'findings[0].line must be an integer, not "3"',
    'findings[0].severity must be "high" or "low", not "hi"',
    'findings[1] lacks "file", "line"',
]


def said(schema, value):
    return [f"{place(path)} {words}" for path, words in violations(schema, value)]


# --- a schema and a value -----------------------------------------------------------------------------------------


def test_what_breaks_a_schema_is_named_by_its_place_once_each():
    assert said(SCHEMA, json.loads(GOOD)) == []
    assert sorted(said(SCHEMA, json.loads(BAD))) == sorted(WHAT_IS_BAD)
    assert said(SCHEMA, []) == ["the document must be an object, not []"]


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"const": 1}, 2, "the document must be 1, not 2"),
        ({"maximum": 1.5}, 2, "the document must be at most 1.5, not 2"),
        ({"exclusiveMinimum": 2}, 2, "the document must be more than 2, not 2"),
        ({"minItems": 1}, [], "the document must have at least 1 item, and has 0"),
        ({"maxLength": 2}, "日本語", "the document must have at most 2 characters, and has 3"),
        ({"pattern": "^a$"}, "b", 'the document must match ^a$, not "b"'),
        ({"type": ["string", "null", "array"]}, 1, "the document must be a string, null or an array, not 1"),
        ({"items": False}, [1], "the document breaks items: "),
        ({"properties": {"a": False}}, {"a": 1}, "holds 1, which is not allowed"),
        ({"properties": {"a b": {"type": "null"}}}, {"a b": 1}, '["a b"] must be null, not 1'),
        ({"anyOf": [{"type": "array"}, {"required": ["a"]}]}, {}, 'the document lacks "a"'),
        ({"patternProperties": {"^x": {}}, "additionalProperties": False}, {"x": 1, "y": 1}, 'the document holds "y"'),
        ({"type": "object"}, "x" * 500, "…"),
        ({"type": "number"}, "a", 'the document must be a number, not "a"'),
        ({"minLength": 2}, "日", "the document must have at least 2 characters, and has 1"),
        ({"maxItems": 1}, [1, 2], "the document must have at most 1 item, and has 2"),
        ({"minProperties": 2}, {"a": 1}, "the document must have at least 2 keys, and has 1"),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, "the document must have at most 1 key, and has 2"),
        ({"exclusiveMaximum": 2}, 2, "the document must be less than 2, not 2"),
        ({"multipleOf": 2}, 3, "the document must be a multiple of 2, not 3"),
        ({"required": ["a", "ß"]}, {"a": 1}, 'the document lacks "ß"'),
        ({"additionalProperties": {"type": "null"}}, {"a": 1}, "a must be null, not 1"),
        ({"oneOf": [{"type": "array"}, {"required": ["a"]}]}, {}, 'the document lacks "a"'),
        ({"anyOf": [{"type": "array"}, {"type": "null"}]}, 1, "the document must be an array, not 1"),
        ({"properties": {"größe": {"const": 1}}}, {"größe": 2}, '["größe"] must be 1, not 2'),
    ],
    ids=str,
)
def test_a_breach_in_words(schema, value, words):
    (line,) = said(schema, value)
    assert words in line
    assert len(line) < 250


def test_a_reference_inside_a_schema_is_followed_and_one_out_of_it_is_a_flaw():
    inner = {"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}
    assert flaws(inner) == []
    assert said(inner, 1) == ["the document must be a string, not 1"]
    embedded = {"$id": "https://example.com/whole", "$defs": {"a": {"$id": "part", "type": "string"}}, "$ref": "part"}
    assert flaws(embedded) == []
    assert said(embedded, 1) == ["the document must be a string, not 1"]
    for lost in ("https://example.com/s", "other.json", "#/$defs/none", "file:///etc/passwd"):
        ((path, words),) = flaws({"properties": {"a": {"allOf": [{"$ref": lost}]}}})
        assert path == ("properties", "a", "allOf", 0, "$ref")
        assert "leads" in words
    assert flaws({"properties": {"a": {"const": {"$ref": "https://example.com/s"}}}}) == []


@pytest.mark.parametrize(
    ("schema", "at", "words"),
    [
        ({"$ref": "#/anyOf/text", "anyOf": [{}]}, "$ref", 'leads nowhere in this schema, not to "#/anyOf/text"'),
        ({"$ref": "#/const/a", "const": 5}, "$ref", 'leads nowhere in this schema, not to "#/const/a"'),
        ({"$ref": "#/const", "const": 5}, "$ref", "must lead to a schema, not to 5"),
        ({"$ref": "#/x-a", "x-a": {"$id": 5}}, "$id", "must be a URL, not 5; correct or delete it"),
        ({"$id": "http://[x"}, "$id", 'must be a URL, not "http://[x"; correct or delete it'),
    ],
    ids=str,
)
def test_a_reference_or_an_id_that_cannot_be_followed_is_a_flaw(project, schema, at, words):
    assert [(path[-1], told) for path, told in flaws(schema)] == [(at, words)]
    write(f"{project}/s.json", json.dumps(schema))
    for contract in (json.dumps(schema), "s.json"):
        text = f"name: n\ntasks: [{{id: a, prompt: x, contract: {{json_schema: {contract}}}}}]\n"
        (problem,) = load_text("t", text, project).problems
        assert words in problem.message


@pytest.mark.parametrize("keyword", ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])
def test_names_in_a_schema_are_no_keywords_of_it(keyword):
    assert flaws({keyword: {"$ref": {"type": "string"}}}) == []
    ((path, _),) = flaws({keyword: {"const": {"$dynamicRef": "#none"}}})
    assert path == (keyword, "const", "$dynamicRef")


@pytest.mark.parametrize("keyword", ["const", "default", "enum", "examples"])
def test_values_in_a_schema_hold_no_references(keyword):
    assert flaws({keyword: [{"$ref": "https://example.com/s"}]}) == []


def test_a_schema_may_be_so_large_and_so_deep():
    def deep(levels):
        value = "x"
        for _ in range(levels):
            value = [value]
        return {"const": value}

    assert flaws(deep(99)) == []
    assert flaws(deep(100)) == [(("const",), "is nested deeper than 100 levels")]
    assert flaws({"const": ["x"] * 4998}) == []
    assert flaws({"const": ["x"] * 4999}) == [((), "holds more than 5,000 values; make it smaller")]
    assert flaws({"const": [1.5, None, True, "a", 1]}) == []


def test_nothing_is_ever_fetched():
    asked = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        remote = {"$ref": f"http://127.0.0.1:{server.server_port}/schema.json"}
        assert flaws(remote)
        for schema, value in ((remote, 1), ({"properties": {"a": remote}}, {"a": 1})):
            with pytest.raises(Refusal, match="leads out of the schema, and nothing is fetched"):
                violations(schema, value)
        server.shutdown()
    assert asked == []


def test_a_schema_that_leads_back_to_itself_without_end_is_an_answer():
    with pytest.raises(Refusal, match="without end"):
        violations({"$ref": "#"}, 1)


def test_what_is_no_url_deep_in_a_schema_is_an_answer():
    with pytest.raises(Refusal, match="the schema holds what is no URL"):
        violations({"items": {"$schema": "//["}}, [1])


def test_a_number_too_large_for_the_arithmetic_of_a_schema_is_an_answer():
    with pytest.raises(Refusal, match="too large"):
        violations({"multipleOf": 0.01}, int("1" * 401))


@pytest.mark.parametrize("schema", [{"type": "x"}, {"required": "a"}, {"pattern": "("}, {"properties": {"a": 1}}])
def test_what_is_no_schema_is_said(schema):
    assert flaws(schema)


# --- the JSON of an output ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1]", [1]),
        ('\n {"a": 1}\n', {"a": 1}),
        ("# Findings\n\n```json\n[1]\n```\nThe end.\n", [1]),
        ("~~~ JSON title\n[1]\n~~~\n", [1]),
        ("```python\nx\n```\n```json\n[1]\n```", [1]),
        ("````md\n```json\n[2]\n```\n````\n```json\n[1]\n```", [1]),
        ("```npm test``` passes\n\n```json\n[1]\n```\n", [1]),
        ("\ufeff[1]", [1]),
    ],
)
def test_the_json_of_a_markdown_file(text, value):
    assert json_output.document(text, is_json=False) == value


@pytest.mark.parametrize(
    ("text", "is_json", "why"),
    [
        ("Nothing found.", False, "it has no fenced ```json block; write exactly one, or nothing but JSON"),
        ("```json\n1\n```\n```json\n2\n```", False, "it has 2 fenced ```json blocks; write exactly one"),
        ("# Title\n\n```json\n[1,\n 2,]\n```\n", False, "line 5, column 4: no JSON, "),
        ('{\n  "a": 1,\n}', True, "line 3, column 1: no JSON, "),
        ("```json\n[1]\n```", True, "line 1, column 1: no JSON, expecting value; write JSON alone, without a fence"),
        ("[NaN]", True, "NaN is no number in JSON"),
        ("[1e999]", True, "1e999 is no number in JSON"),
        (f"[{'9' * 400}.0]", True, "a number so large is no number in JSON"),
    ],
)
def test_what_is_no_json_is_said_with_its_place(text, is_json, why):
    with pytest.raises(ValueError, match=f"^{re.escape(why)}"):
        json_output.document(text, is_json=is_json)


def test_every_json_file_of_a_directory_must_match_and_there_is_one(tmp_path):
    folder = str(tmp_path)
    write(f"{folder}/notes.md", "no JSON")
    assert list(json_output.wrong({}, folder)) == ["it holds no *.json file; write at least one"]
    write(f"{folder}/a.json", "1")
    write(f"{folder}/deep/B.JSON", "true")
    assert list(json_output.wrong({"type": "integer"}, folder)) == [
        "deep/B.JSON: the document must be an integer, not true"
    ]
    write(f"{folder}/empty.json", "")
    assert "empty.json: line 1, column 1" in " ".join(json_output.wrong({}, folder))


# --- the whole way ------------------------------------------------------------------------------------------------


@pytest.fixture
def planned(project):
    def plan(contract, output="a.json", **more):
        task = {"id": "a", "prompt": "x", "output": output, "contract": contract, **more}
        text = json.dumps({"name": "n", "tasks": [task]})
        loaded = load_text("t", text, project)
        assert loaded.task_file is not None, loaded.problems
        return make_plan(loaded.task_file, Options(), Place(project, "t", "t-1-abcd", f"{project}/out", Roster()))

    return plan


def test_an_output_is_judged_by_its_json(planned):
    plan = planned({"json_schema": SCHEMA, "min_bytes": 3})
    task = plan.tasks["a"]
    write(task.output, BAD)
    first, *lines = lacking(plan, task).split("\n- ")
    assert first == "its output out/a.json does not match its JSON schema:"
    assert sorted(lines) == sorted(WHAT_IS_BAD)
    assert in_one_line(lacking(plan, task)).count("\n") == 0
    write(task.output, "1")
    assert lacking(plan, task).startswith(
        "its output out/a.json has 1 bytes, fewer than 3 and does not match its JSON schema:\n- "
    )
    write(task.output, json.dumps({"findings": [{}] * 9}))
    assert lacking(plan, task).count("\n- ") == 6
    assert lacking(plan, task).endswith("\n- and 4 more")
    write(task.output, GOOD)
    assert lacking(plan, task) == ""


def test_a_check_that_cannot_be_made_says_why(planned, monkeypatch):
    plan = planned({"json_schema": {"pattern": "^(a+)+$"}})
    write(plan.tasks["a"].output, json.dumps("a" * 40 + "b"))
    monkeypatch.setattr(matching, "SECONDS", 1.0)
    assert lacking(plan, plan.tasks["a"]) == f"its output out/a.json {UNCHECKED} within 1 seconds"
    monkeypatch.setattr(matching.sys, "executable", "/nowhere/python")
    assert lacking(plan, plan.tasks["a"]).endswith(f"{UNCHECKED}: /nowhere/python: No such file or directory")
    monkeypatch.setattr(matching.sys, "executable", "/bin/false")
    assert lacking(plan, plan.tasks["a"]).endswith(f"{UNCHECKED}: the check ended with code 1")


def test_a_schema_in_a_file_is_kept_as_it_was_when_the_run_was_planned(planned, project):
    write(f"{project}/schemas/one.json", json.dumps(SCHEMA, indent=2))
    plan = planned({"json_schema": "schemas/{{ item }}.json"}, "{{ item }}.json", for_each=["one"])
    write(f"{project}/schemas/one.json", "{}")
    assert json.loads(plan.tasks["a-1"].contract["json_schema"]) == SCHEMA


def test_an_item_stands_in_the_texts_of_a_schema(planned):
    plan = planned(
        {"json_schema": {"properties": {"{{ item }}": {"enum": ["{{ item }}", 1]}}}}, "{{ item }}.json", for_each=["x"]
    )
    assert json.loads(plan.tasks["a-1"].contract["json_schema"]) == {"properties": {"{{ item }}": {"enum": ["x", 1]}}}


def test_an_item_stands_in_the_texts_of_a_schema_file_as_well(planned, project):
    write(f"{project}/s.json", '{"properties": {"{{ item }}": {"const": "{{ item }}"}}}')
    plan = planned({"json_schema": "s.json"}, "{{ item }}.json", for_each=["x"])
    assert json.loads(plan.tasks["a-1"].contract["json_schema"]) == {"properties": {"{{ item }}": {"const": "x"}}}


def test_a_schema_file_that_is_none_with_an_item_in_it_is_said(project):
    write(f"{project}/s.json", '{"pattern": "^{{ item }}$"}')
    text = "name: n\ntasks: [{id: a, prompt: x, for_each: [a, 'b('], contract: {json_schema: s.json}}]\n"
    told = [problem.message for problem in load_text("t", text, project).problems if problem.level == "error"]
    assert [message.partition(" (")[0] for message in told] == ['"s.json" is no JSON Schema for the item "b("']


def test_a_date_and_the_text_of_one_are_judged_each(project):
    task = "{{id: {}, prompt: x, contract: {{json_schema: {{const: {}}}}}}}"
    text = f"name: n\ntasks: [{task.format('a', '2024-05-01')}, {task.format('b', repr('2024-05-01'))}]\n"
    (problem,) = load_text("t", text, project).problems
    assert problem.message.startswith('"const" in the JSON Schema in task "a" is a date to YAML')


@pytest.mark.parametrize(
    ("output", "where"),
    [
        ("a.json", "alone in the file"),
        ("a.md", "as the whole file, or in exactly one fenced ```json block,"),
        ("a/", "in every *.json file, and in at least one,"),
    ],
)
def test_the_brief_states_the_schema_or_names_its_file_and_a_rehearsal_writes_by_it(planned, output, where, tmp_path):
    for extra in ({}, {"description": "long " * 300}):
        plan = planned({"json_schema": {**SCHEMA, **extra}}, output)
        file = write(str(tmp_path / "schema.json"), long_schema(plan, "a")) if extra else ""
        assert bool(long_schema(plan, "a")) == bool(extra)
        text = brief(plan, replay(plan, [header()]), "a", 1, file)
        told = f"the JSON Schema in {file}" if extra else 'this JSON Schema: {"type":"object","required":["findings"],'
        assert f"- JSON {where} that matches {told}" in text
        job = job_of([text])
        assert os.path.splitext(job.file)[1] == os.path.splitext(output)[1] or output == "a/"
        write(job.file, Copyist().content(job))
        assert lacking(plan, plan.tasks["a"]) == ""


@pytest.mark.parametrize(
    "schema",
    [
        SCHEMA,
        {"type": "string", "minLength": 30},
        {"type": "string", "maxLength": 3},
        {"type": "integer", "minimum": 5},
        {"type": "number", "exclusiveMinimum": 5},
        {"type": "integer", "maximum": -2},
        {"type": ["null", "string"]},
        {"type": "boolean"},
        {"enum": [3, 4]},
        {"const": {"a": 1}},
        {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"type": "integer"}}},
        {"required": ["a", "b"], "properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "string"}]}}},
        {},
    ],
    ids=str,
)
def test_a_simple_schema_has_a_sample(schema):
    value, why = sample(schema)
    assert (why, said(schema, value)) == ("", [])


@pytest.mark.parametrize("schema", [{"type": "string", "pattern": "^[0-9]+$"}, {"not": {}}, {"$ref": "#"}])
def test_a_rehearsal_says_plainly_what_it_cannot_make_up(planned, schema):
    assert sample(schema)[1]
    plan = planned({"json_schema": schema})
    job = job_of([brief(plan, replay(plan, [header()]), "a", 1)])
    with pytest.raises(ValueError, match="A rehearsal cannot make up JSON for this schema"):
        Copyist().content(job)


# --- hooks --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=VERSIONS)
def conversation(request, project, tmp_path, cache):
    return Conversation(request.param, project, str(tmp_path), cache)


def begin(conversation, schema=SCHEMA, python=sys.executable):
    """A run whose first task must write JSON; the plan is rewritten on disk, as a start would have written it."""
    run = conversation.begin(outputs={"a": "a.json"}, python=python)
    run.plan.tasks["a"].contract = {"json_schema": json.dumps(schema)}
    write(run.folder.plan, run.plan.to_json())
    conversation.admits("a")
    return run


def test_an_agent_is_sent_back_with_what_is_wrong_with_its_json_and_lets_go_when_it_is_right(conversation):
    run = begin(conversation)
    conversation.writes("a", '{"findings": [}')
    answer = conversation.stops("a")
    assert answer["decision"] == "block"
    assert "does not match its JSON schema:\n- line 1, column 15: no JSON, " in answer["reason"]
    assert re.search(r"expecting value\nRead and follow .* Write it to .*/a\.json, then stop\.$", answer["reason"])
    conversation.writes("a", BAD)
    assert '\n- findings[0].line must be an integer, not "3"\n' in conversation.stops("a")["reason"]
    conversation.writes("a", GOOD)
    assert conversation.stops("a") is None
    assert conversation.outcome("a") == ("success", "")
    assert all("\n" not in str(found.get("reason")) for found in run.ledger.read())


def test_an_agent_that_never_writes_what_matches_has_failed_with_what_is_wrong(conversation):
    begin(conversation)
    conversation.writes("a", "[]")
    assert [bool(conversation.stops("a")) for _ in range(3)] == [True, True, False]
    outcome, reason = conversation.outcome("a")
    assert outcome == "failed"
    assert "a.json does not match its JSON schema: the document must be an object, not []; last words" in reason


@pytest.mark.skipif(not oldest_python(), reason="there is no Python 3.9 here")
def test_hooks_on_a_bare_python_have_the_json_judged_by_the_prepared_one(conversation):
    begin(conversation, python=oldest_python())
    conversation.writes("a", BAD)
    assert "- findings[0].line must be an integer" in conversation.stops("a")["reason"]
    conversation.writes("a", GOOD)
    assert conversation.stops("a") is None
    assert conversation.outcome("a") == ("success", "")


def test_nobody_is_sent_back_for_a_check_that_cannot_be_made(conversation):
    begin(conversation, {"$ref": "#"})
    conversation.writes("a", '"x"')
    answer = conversation.stops("a")
    outcome, reason = conversation.outcome("a")
    assert (answer, outcome) == (None, "failed")
    assert f"{UNCHECKED}: the schema leads back to itself without end" in reason


def test_a_schema_past_all_reason_is_refused_in_a_sentence(project):
    many = {"properties": {f"a{number}": {} for number in range(6000)}}
    assert flaws(many) == [((), "holds more than 5,000 values; make it smaller")]
    write(f"{project}/deep.json", '{"not":' * 5000 + "1" + "}" * 5000)
    write(f"{project}/digits.json", '{"const": ' + "1" * 5000 + "}")
    for name in ("deep", "digits"):
        text = f"name: n\ntasks: [{{id: a, prompt: x, contract: {{json_schema: {name}.json}}}}]\n"
        (problem,) = load_text("t", text, project).problems
        assert problem.message in (
            f'"{name}.json" holds no JSON that can be read',
            f'"{name}.json" is no JSON Schema (not is nested deeper than 100 levels)',
        )


def test_a_long_schema_lies_beside_the_briefs(conversation):
    schema = {"type": "object", "description": "x" * 2000}
    tasks = [{"id": "a", "prompt": "x", "output": "a.json", "contract": {"json_schema": schema}}]
    write(f"{conversation.project}/t.yaml", json.dumps({"name": "n", "tasks": tasks}))
    (row,) = rows(heard(conversation.tell("UserPromptExpansion")))
    (file,) = re.findall("that matches the JSON Schema in (.*)\n", read(row["prompt"].partition("Read and follow ")[2]))
    assert json.loads(read(file)) == schema


def test_what_was_judged_and_has_not_changed_is_not_judged_again(conversation, monkeypatch):
    run = begin(conversation)
    conversation.writes("a", GOOD)
    conversation.stops("a")
    judged = []
    monkeypatch.setattr(matching, "mismatch", lambda *asked: judged.append(asked) or "is wrong")
    assert recovery(run, run.state(), run.base).again == {}
    assert judged == []
    conversation.writes("a", "[]")
    assert recovery(run, run.state(), run.base).again == {"a": "its output is gone"}
    assert len(judged) == 1
