"""The skills and their references: short, linked, and nothing in them that the program would refuse."""

import json
import os
import re
from glob import glob

import pytest
import yaml
from jsonschema import Draft202012Validator
from parallel_dispatch import cli, schema
from parallel_dispatch.load import load_text
from parallel_dispatch.places import ROOT, read_text

FOLDER = os.path.join(ROOT, "skills")
SKILLS = sorted(os.listdir(FOLDER))
PAGES = sorted(os.path.relpath(path, ROOT) for path in glob(f"{FOLDER}/*/**/*.md", recursive=True))
SPOKEN = PAGES + sorted(
    os.path.relpath(path, ROOT) for folder in ("agents", "commands") for path in glob(f"{ROOT}/{folder}/*.md")
)
"""Every page that a model reads as the words of the plugin."""

SCHEMA = json.loads(read_text(schema.PATH))
TASK = SCHEMA["properties"]["tasks"]["items"]["properties"]
SETTINGS = SCHEMA["properties"]["settings"]["properties"]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SHOUT = re.compile(r"\b[A-Z]{2,}(?:\s+[A-Z]{2,}){2,}\b")

each_skill = pytest.mark.parametrize("skill", SKILLS)
each_page = pytest.mark.parametrize("page", PAGES)


def text_of(page):
    return read_text(os.path.join(ROOT, page))


def front(skill):
    """The lines between the dashes at the top of a skill."""
    dashes, head, _ = text_of(f"skills/{skill}/SKILL.md").split("---\n", 2)
    assert dashes == ""
    return head


def spans(page):
    """What stands in code ticks on a page, outside of its blocks; a span that wraps is one line."""
    return [" ".join(span.split()) for span in SPAN.findall(FENCE.sub("", text_of(page)))]


def task_files(*pages):
    """The YAML blocks of pages."""
    return [
        pytest.param(body, id=f"{page}:{text_of(page).count(chr(10), 0, match.start()) + 2}")
        for page in pages
        for match in FENCE.finditer(text_of(page))
        for kind, body in [match.groups()]
        if kind == "yaml"
    ]


def commands(page):
    """The calls of the command line on a page, in ticks or in a block of the shell, as lists of words."""
    lines = [*spans(page), *(line for kind, body in FENCE.findall(text_of(page)) if kind == "sh" for line in [body])]
    said = [line.split() for text in lines for line in text.splitlines()]
    return [words[1:] for words in said if len(words) > 1 and words[0] == "parallel-dispatch"]


def options(verb):
    """The options of a verb."""
    (verbs,) = (action for action in cli.build_parser(verb)._actions if action.choices)
    return {option for action in verbs.choices[verb]._actions for option in action.option_strings}


IS_THERE = {"aggregate": "aggregate" in SETTINGS, "--watch": "--watch" in options("status")}
"""What the skills tell of that was written beside them, and whether the program has it by now."""
AHEAD = {name for name, there in IS_THERE.items() if not there}


def files_for(text, project):
    """Twenty files for each glob of `for_each`, so that the file is checked with tasks, not without."""
    for task in yaml.safe_load(text)["tasks"]:
        pattern = task.get("for_each")
        for number in range(20) if isinstance(pattern, str) else ():
            path = project / pattern.replace("*", f"page-{number}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")


def places(key):
    """What the schema says of a key, wherever a task file may have it."""
    return [keys[key] for keys in (SCHEMA["properties"], TASK, SETTINGS) if key in keys]


def mapped(span):
    """A key with its value, where a span in ticks is one; None where it is something else."""
    if not re.match(r"[a-z_]+: ", span):
        return None
    value = yaml.safe_load(span)
    assert isinstance(value, dict), span
    return value


def unknown_names(value, known):
    """The names of spans that hold one word with an underscore, as only keys and settings do."""
    return [span for span in value if re.fullmatch(r"[a-z]+(_[a-z]+)+", span) and span not in known]


@each_skill
def test_a_skill_is_short_and_bears_the_name_of_its_folder(skill):
    head = front(skill)
    assert text_of(f"skills/{skill}/SKILL.md").count("\n") <= 150
    assert list(yaml.safe_load(head)) == ["name", "description"]
    assert yaml.safe_load(head)["name"] == skill


@each_skill
def test_a_description_says_in_one_line_when_to_use_the_skill(skill):
    assert len(front(skill).splitlines()) == 2
    description = yaml.safe_load(front(skill))["description"]
    assert description.startswith("Use when")
    assert len(description) <= 400


@each_skill
def test_references_are_one_level_down_linked_from_the_skill_and_link_no_further(skill):
    top = os.path.join(FOLDER, skill)
    links = set(LINK.findall(text_of(f"skills/{skill}/SKILL.md")))
    files = {os.path.relpath(path, top) for path in glob(f"{top}/**", recursive=True) if os.path.isfile(path)}
    assert files - {"SKILL.md"} == links
    for link in links:
        assert re.fullmatch(r"references/[a-z-]+\.md", link)
        assert LINK.findall(text_of(f"skills/{skill}/{link}")) == []


@pytest.mark.parametrize("text", task_files(*PAGES))
def test_a_yaml_block_is_a_task_file_of_which_only_the_files_are_missing(tmp_path, text):
    files_for(text, tmp_path)
    loaded = load_text("tasks.yaml", text, str(tmp_path))
    ahead = tuple(f'unknown key "{name}"' for name in AHEAD)
    wrong = [p for p in loaded.problems if p.kind != "missing-file" and not p.message.startswith(ahead)]
    assert wrong == []
    assert ahead or loaded.task_file is not None


@each_page
def test_verbs_and_options_that_are_named_exist(page):
    for words in commands(page):
        assert words[0] in cli.VERBS, words
        assert {word for word in words if word.startswith("--")} <= options(words[0]) | AHEAD, words


@each_page
def test_keys_in_ticks_exist_and_take_the_values_that_are_shown(page):
    for span in spans(page):
        for key, value in (mapped(span) or {}).items():
            right = any(Draft202012Validator(place).is_valid(value) for place in places(key))
            assert right or key in AHEAD, span
    known = {*SCHEMA["properties"], *TASK, *SETTINGS, *TASK["contract"]["properties"]}
    assert unknown_names(spans(page), known) == []


@pytest.mark.parametrize("name", IS_THERE)
def test_what_the_skills_tell_of_is_there(name):
    if name in AHEAD:
        pytest.xfail(f"the program does not have {name} yet")
    assert any(name in text_of(page) for page in PAGES)


def test_there_is_something_to_check():
    assert len(task_files(*PAGES)) >= 10
    assert sum(len(commands(page)) for page in PAGES) >= 5
    assert sum(mapped(span) is not None for page in PAGES for span in spans(page)) >= 20
    assert any(page.startswith("commands/") for page in SPOKEN)


@pytest.mark.parametrize("page", SPOKEN)
def test_no_page_names_tools_that_are_gone_or_shouts(page):
    text = text_of(page)
    assert not re.search(r"TaskOutput|TodoWrite", text)
    assert SHOUT.findall(text) == []


@pytest.mark.parametrize(
    ("text", "found"), [("YOU MUST NEVER wait", ["YOU MUST NEVER"]), ("one JSON API", []), ("JSON, YAML, HTML", [])]
)
def test_shouting_is_three_words_in_a_row(text, found):
    assert SHOUT.findall(text) == found
