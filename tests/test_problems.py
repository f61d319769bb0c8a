"""docs/problems.md, executed: every kind with a file that has it, exactly what is said of it, and the fix.

UPDATE_GOLDEN=1 writes the outputs anew. A new kind is a heading with a broken file, an empty output, and a fixed file.
"""

import os
import re

import pytest
from parallel_dispatch.load import load_text
from parallel_dispatch.places import ROOT, read_text
from parallel_dispatch.problem import render
from test_task_files import KINDS

PAGE = os.path.join(ROOT, "docs", "problems.md")
SECTION = re.compile(r"^## `([a-z-]+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(yaml broken|text output|yaml fixed)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = dict(SECTION.findall(read_text(PAGE)))
IN_A_TEXT = {kind: FENCE.findall(text) for kind, text in SECTIONS.items() if "```" in text}
OF_A_WHOLE_FILE = {"unreadable", "too-many"}
"""The kinds that no text shows: of what is no file, and of more problems than anybody reads."""


def checked(text):
    return load_text("tasks.yaml", text.replace("␛", "\x1b"))


def test_every_kind_is_documented_once_and_no_other():
    assert sorted(SECTIONS) == sorted(KINDS | OF_A_WHOLE_FILE)
    assert read_text(PAGE).count("\n## ") == len(SECTIONS)
    assert set(IN_A_TEXT) == KINDS


@pytest.mark.parametrize("kind", IN_A_TEXT)
def test_the_broken_file_gives_exactly_this_output_and_the_fixed_one_none(kind):
    (first, broken), (second, output), (third, fixed) = IN_A_TEXT[kind]
    assert (first, second, third) == ("yaml broken", "text output", "yaml fixed")
    loaded = checked(broken)
    shown = render(loaded.problems, loaded.lines)
    if os.environ.get("UPDATE_GOLDEN"):
        page, section = read_text(PAGE), SECTIONS[kind]
        made = section.replace(f"```text output\n{output}```", f"```text output\n{shown}```")
        with open(PAGE, "w", encoding="utf-8", newline="\n") as file:
            file.write(page.replace(f"## `{kind}`\n{section}", f"## `{kind}`\n{made}"))
        output = shown
    assert shown == output
    assert {problem.kind for problem in loaded.problems} == {kind}
    assert checked(fixed).problems == ()
