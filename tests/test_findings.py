"""What is read of outputs: the forms of docs/findings.md, those that models write, and texts made to break a reader."""

from __future__ import annotations

import json
import os
import re
import time

import pytest
from builders import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.finding import SEVERITIES
from parallel_dispatch.findings import MAX_FINDINGS, MAX_LINES, read
from parallel_dispatch.likeness import SAME, likeness


def told(text):
    """What is read of a text, briefly: severity, place and title."""
    return [(f.severity, f.place, f.title) for f in read("t", [text]).findings]


def one(text, heading="## Findings\n\n"):
    (finding,) = read("t", [heading + text]).findings
    return finding


def documented():
    with open(os.path.join(ROOT, "docs", "findings.md"), encoding="utf-8") as file:
        text = file.read().partition("## What an integrator writes")[0]
    return re.findall(r"^```(markdown|json)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_every_form_that_the_documentation_shows_is_read():
    blocks = documented()
    assert [language for language, _ in blocks] == ["markdown", "markdown", "json"]
    listed, other, in_json = (read("t", [body]).findings for _, body in blocks)
    assert [(f.id, f.severity, f.place, f.fix.partition("\n")[0]) for f in listed] == [
        ("t/1", "high", "src/pay/charge.py:42", "bind it as a parameter."),
        ("t/2", "low", "src/pay/charge.py:88-93", "keep the second."),
        ("t/3", "info", "", ""),
    ]
    assert listed[1].fix.endswith("More lines, indented, belong to the finding above them.")
    assert [(f.severity, f.place, f.title) for f in other] == [
        ("high", "src/pay/charge.py:42", "The amount goes into the SQL text unescaped."),
        ("low", "src/pay/charge.py:88-93", "Two loops do the same"),
    ]
    assert [(f.severity, f.place, f.details) for f in in_json] == [("high", "src/pay/charge.py:42", "…")]


@pytest.mark.parametrize(
    "item",
    [
        "- [high] src/a.py:4-9 - Broken loop",
        "- **High** src/a.py:4-9 - Broken loop",
        "- **[HIGH]** `src/a.py:4-9` — Broken loop",
        "- **High - `src/a.py:4-9`** - Broken loop",
        "- High: `src/a.py` lines 4-9: Broken loop",
        "- P1 src/a.py#L4-L9: Broken loop",
        "* 🟠 `src/a.py` (lines 4–9): Broken loop",
        "1. [HIGH] [src/a.py](../src/a.py#L4-L9) - Broken loop",
        "+ (high) src/a.py:L4-L9 - **Broken loop**",
        "- `src/a.py:4-9` - Broken loop (high)",
        "- src/a.py, lines 4 to 9: Broken loop [High]",
        "- Severity: High\n  Location: `src/a.py` lines 4-9\n  Issue: Broken loop",
        "- **Severity:** High | **File:** `src/a.py:4-9` | **Finding:** Broken loop",
        "- **Broken loop**\n  - **Severity**: High\n  - **File**: `src/a.py`\n  - **Lines**: 4-9",
        "1. **Broken loop** (high)\n- Location: src/a.py:4-9",
        "### 1. Broken loop\n\n**Severity:** High\n**Location:** `src/a.py:4-9`",
        "### [HIGH] Broken loop in\n\nSee `src/a.py:4-9`.",
        "### F-01: Broken loop\n\n#### Severity\nHIGH\n\n#### Location\nsrc/a.py:4-9",
        "### High\n\n- src/a.py:4-9 - Broken loop",
        "### 🔴 High severity (1)\n\n1. `src/a.py:4-9`: Broken loop",
        "- **High**\n  - src/a.py:4-9 - Broken loop",
        "### `src/a.py`\n\n- [high] Lines 4-9: Broken loop",
        "**1. Broken loop**\n- Severity: high\n- File: src/a.py:4-9",
        "[HIGH] src/a.py:4-9 — Broken loop",
        "| # | Severity | File | Lines | Issue |\n|-|-|-|-|-|\n| 1 | **High** | `src/a.py` | 4–9 | Broken loop |",
        "-\t[high]\u00a0src/a.py:4-9\u00a0-\u00a0Broken loop\r\n",
        "- [ ] [high] .\\src\\a.py:4-9 - Broken loop",
    ],
)
def test_a_finding_is_read_however_models_write_it(item):
    finding = one(item)
    assert (finding.severity, finding.place) == ("high", "src/a.py:4-9")
    assert finding.title.rstrip(".").startswith("Broken loop")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("`a.py:4:2` - x", "a.py:4"),
        ("a.py#L4 - x", "a.py:4"),
        ("x in line 4 of `a.py`", "a.py:4"),
        ("x (a.py, line 4)", "a.py:4"),
        ("`Dockerfile:3` - x", "Dockerfile:3"),
        ("`src/my file.py:3` - x", "src/my file.py:3"),
        ("x in `config.yaml`", "config.yaml"),
        ("Node.js 14 and/or 1.2.3 is old, e.g. see https://x.example/a.py:3", ""),
        ("`user.save` is called", ""),
    ],
)
def test_places_are_found_and_nothing_else_is_taken_for_one(text, place):
    assert one(f"- {text}").place == place


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        *(("Blocker", "critical"), ("Major", "high"), ("P2", "medium"), ("minor", "low"), ("Informational", "info")),
        *((word, word) for word in SEVERITIES),
    ],
)
def test_words_for_severities(words, severity):
    assert one(f"- [{words}] a.py:3 - x").severity == severity
    assert one(f"- **Severity:** {words}\n  **Issue:** x").severity == severity


@pytest.mark.parametrize(
    "heading",
    [
        "# Findings",
        "## FINDINGS",
        "**Findings:**",
        "Findings\n========",
        "## 2. Findings (12)",
        "### Key findings",
        "## Security findings",
        "## Issues",
        "## Problems found",
        "## Critical issues",
        "## High",
    ],
)
def test_sections_that_tell_findings(heading):
    assert len(told(f"# Review\n\n{heading}\n\n- a.py:3 - x\n")) == 1


@pytest.mark.parametrize("heading", ["## Summary", "## Fixed issues", "## Recommendations", "## False positives"])
def test_sections_that_tell_none(heading):
    reading = read("t", [f"{heading}\n\n- a.py:3 - x\n"])
    assert (reading.findings, reading.is_told) == ([], False)


def test_where_a_section_is_named_findings_no_other_counts():
    text = "## Issues\n\n- a.py:1 - no\n\n## Findings\n\n- a.py:2 - yes\n\n## Next steps\n\n- a.py:3 - no\n"
    assert told(text) == [("", "a.py:2", "yes")]


@pytest.mark.parametrize("words", ["None.", "- None", "No findings.", "No critical issues were found.", "*None found*"])
def test_an_output_can_say_that_there_are_none(words):
    reading = read("t", [f"## Findings\n\n{words}\n"])
    assert (reading.findings, reading.is_told, reading.unread) == ([], True, [])
    assert len(told("## Findings\n\n- None of the inputs is checked in a.py:3\n")) == 1


def test_code_in_a_finding_belongs_to_it_and_tells_no_other():
    text = "## Findings\n\n- [low] a.py:3 - x\n\n  ```md\n  ## Findings\n  - b.py:4 - y\n  ```\n\n- c.py:5 - z\n"
    findings = read("t", [text]).findings
    assert [f.path for f in findings] == ["a.py", "c.py"]
    assert "b.py:4" in findings[0].details


def test_a_comment_without_an_end_hides_nothing():
    items = "- a.py:3 - Pages that begin with\n  <!-- are cut.\n- b.py:4 - y\n"
    assert [place for _, place, _ in told(f"## Findings\n\n{items}")] == ["a.py:3", "b.py:4"]
    hidden = f"## Findings\n\n- c.py:5 - z\n<!--\n{items.replace('<!-- ', '')}-->\n"
    assert [place for _, place, _ in told(hidden)] == ["c.py:5"]


@pytest.mark.parametrize("name", ["Number", "n", "No.", "#"])
def test_the_rows_of_a_table_may_be_numbered(name):
    table = (
        f"| {name} | Severity | File | Finding |\n|--|--|--|--|\n| 1 | high | a.py:3 | x |\n| 2 | low | b.py:4 | y |\n"
    )
    assert told(f"## Findings\n\n{table}") == [("high", "a.py:3", "x"), ("low", "b.py:4", "y")]


def test_a_table_that_counts_findings_tells_none():
    for header in ("| Severity | Number |", "| Issue | Count |", "| Number | Issue |", "| Severity | Issues | Total |"):
        columns = header.count("|") - 1
        row = "|" + " 3 |" * columns
        reading = read("t", [f"## Findings\n\n{header}\n|{'--|' * columns}\n{row}\n\n- a.py:3 - x\n"])
        assert [finding.place for finding in reading.findings] == ["a.py:3"]


def test_a_table_that_tells_places_counts_nothing():
    table = "| Severity | Location | Finding | Count |\n|--|--|--|--|\n| high | a.py:3 | x | 3 |\n"
    assert told(f"## Findings\n\n- [low] b.py:4 - y\n\n{table}") == [("low", "b.py:4", "y"), ("high", "a.py:3", "x")]


def test_a_row_that_begins_like_none_is_a_finding_if_it_has_a_place_and_a_severity():
    rows = "| high | a.py:3 | No problem details are returned |\n| - | - | No issues found |\n"
    text = f"## Findings\n\n| Severity | Location | Finding |\n|--|--|--|\n{rows}"
    assert told(text) == [("high", "a.py:3", "No problem details are returned")]


def test_a_flat_list_of_fields_may_begin_with_the_severity():
    text = "## Findings\n\n- **Severity:** high\n- **Issue:** x\n\n- **Severity:** low\n- **Issue:** y\n"
    assert told(text) == [("high", "", "x"), ("low", "", "y")]


@pytest.mark.parametrize(
    "text", ["- [low] a.py:3 - x\n  - [critical] b.py:4 - y\n", "1. [low] a.py:3 - x\n- [critical] b.py:4 - y\n"]
)
def test_an_item_that_tells_a_severity_is_a_finding_wherever_it_stands(text):
    assert told(f"## Findings\n\n{text}  - see c.py:5\n") == [("low", "a.py:3", "x"), ("critical", "b.py:4", "y")]


def test_what_is_told_twice_has_the_worse_severity():
    text = "## Findings\n\n- [low] Unused code\n- [critical] a.py:4 - Unused code\n"
    assert told(text) == [("critical", "a.py:4", "Unused code")]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("Severity | Location | Finding\n--- | --- | ---\ncritical | b.py:4 | y\n", 5),
        ("> - [critical] b.py:4 - y\n", 5),
        ("### Critical\n\nThe token is logged in b.py:4.\n", 5),
    ],
)
def test_what_is_not_read_beside_what_is_is_told(more, line):
    reading = read("t", [f"## Findings\n\n- [low] a.py:3 - x\n\n{more}"])
    assert [finding.place for finding in reading.findings] == ["a.py:3"]
    assert [unread.partition(":")[0] for unread in reading.unread] == [f"line {line}"]


def test_a_number_that_is_none_is_no_last_line():
    text = json.dumps(
        {"findings": [{"title": f"x{last}", "file": "a.py", "line": 1, "end_line": last} for last in ("²", "9", 0)]}
    )
    assert [finding.place for finding in read("t", [text]).findings] == ["a.py:1", "a.py:1-9", "a.py:1"]


@pytest.mark.parametrize(
    ("item", "place", "title"),
    [
        ("`node src/a.js` crashes", "src/a.js", "`node src/a.js` crashes"),
        ("`src/my file.py:3` - Odd", "src/my file.py:3", "Odd"),
        ("`app/(auth)/page.tsx:4` - x", "app/(auth)/page.tsx:4", "x"),
        ("app/(auth)/page.tsx:4 - x", "app/(auth)/page.tsx:4", "x"),
        ("Build breaks\n  ```sh\n  npm test src/pay.js:4\n  ```", "", "Build breaks"),
    ],
)
def test_a_place_in_code_is_a_path(item, place, title):
    assert told(f"## Findings\n\n- [high] {item}\n") == [("high", place, title)]


def test_an_overview_and_its_details_tell_each_finding_once():
    text = (
        "## Findings\n\n| Severity | File | Finding |\n|-|-|-|\n| high | a.py:3 | Broken loop |\n\n"
        "### 1. Broken loop\n\nIt never ends.\n\n**Fix:** stop.\n"
    )
    (finding,) = read("t", [text]).findings
    assert (finding.severity, finding.place, finding.details, finding.fix) == (
        "high",
        "a.py:3",
        "It never ends.",
        "stop.",
    )


def test_numbers_go_on_through_all_files_of_an_output():
    assert [f.id for f in read("t", ["## Findings\n- x\n- y", "no", '{"findings": ["z"]}']).findings] == [
        "t/1",
        "t/2",
        "t/3",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("## Findings\n\nSomething is wrong somewhere.\n", "holds no list, table or heading"),
        ("## Findings\n\n| Severity | File |\n|-|-|\n| high | a.py |\n| low | b.py |\n", "no column for the finding"),
        ('```json\n{"findings": [{"title": "x"},]}\n```\n', "is broken"),
        ('{"findings": [', "begins like JSON"),
        ('{"findings": [{"severity": "high"}, 4, {"title": "x"}]}', "entry 1 of its findings does not say"),
        ("## Findings\n\n- [high] a.py:3\n", "does not say what was found"),
        ("## Findings\n\n- x\n\n```py\n- y\n", "never ends"),
        ("## Findings\n\n- x " + "word " * 2000, "is long"),
        ("## Findings\n" + "".join(f"- a.py:{n} - x\n" for n in range(MAX_FINDINGS + 9)), "more than 2,000 findings"),
        ("\n" * (MAX_LINES + 9), "lines; the rest was left"),
    ],
)
def test_what_cannot_be_read_is_said(text, words):
    reading = read("t", [text])
    assert any(words in sentence for sentence in reading.unread), reading.unread
    assert len(reading.findings) <= MAX_FINDINGS


HOSTILE = {
    "one long line": "## Findings\n- [high] " + "a b " * 250_000,
    "ticks": "## Findings\n- " + "`" * 1_000_000,
    "labels": "## Findings\n- [high] " + "fix: " * 200_000,
    "equal items": "## Findings\n" + "- [low] a.py:3 - x\n" * 100_000,
    "deep": "## Findings\n" + "".join(" " * (2 * n) + "- x\n" for n in range(1400)),
    "headings": "## Findings\n" + "### x\n" * 100_000,
    "levels": "# Findings\n" + "".join("#" * (1 + n % 6) + " Findings\n" for n in range(100_000)),
    "brackets": "## Findings\n- " + "[" * 1_000_000,
    "links": "## Findings\n- " + "](a)[" * 200_000,
    "bars": "## Findings\n|Finding|a|\n|-|-|\n" + "|`" * 400_000,
    "brackets of JSON": '{"findings":' + "[" * 500_000,
    "fences": "## Findings\n" + "```\n" * 100_001,
    "comments": "<!--\n" * 200_000,
    "digits": "## Findings\n- a.py:" + "9" * 1_000_000,
    "lone surrogates": "## Findings\n- \ud800 [high] \udfff",
    "controls": "".join(map(chr, range(0x300))) * 500,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_end_soon_and_in_little(name):
    begin = time.process_time()
    reading = read("t", [HOSTILE[name]])
    assert time.process_time() - begin < 20  # what grows with the square of its size takes hours here
    assert len(reading.findings) <= MAX_FINDINGS
    assert all(len(f.title) <= 300 and len(f.details) <= 4000 and len(f.fix) <= 4000 for f in reading.findings)
    assert len(reading.unread) < 30


PIECES = st.sampled_from(
    [
        "## Findings\n",
        "### ",
        "- ",
        "1. ",
        "  - ",
        "[high]",
        "**",
        "`",
        "a.py:3",
        " - ",
        "Fix: ",
        "|",
        "|-|-|\n",
        "\n",
        "\n\n",
        "```\n",
        "x",
        "File: ",
        "(",
        ")",
        "](",
        "<!--",
        "\t",
        "High",
        ":",
        "#L4-L9",
        "🔴",
        "None",
        '{"findings": [',
        "}",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200))
def test_any_text_gives_findings_that_are_whole(text):
    reading = read("t", [text])
    assert [f.id for f in reading.findings] == [f"t/{n}" for n in range(1, len(reading.findings) + 1)]
    for finding in reading.findings:
        assert finding.title
        assert finding.severity in ("", *SEVERITIES)
        assert finding.last_line >= finding.line >= 0
        assert "\x01" not in finding.title + finding.details + finding.fix + finding.path + finding.category
        assert likeness(finding, finding) == SAME


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Short. Both sentences stay.", "Short. Both sentences stay."),
        ("The key is in the log. " + "It is there on every line of it. " * 6, "The key is in the log."),
        (
            "`a. B` is not a sentence, e.g. in code. " + "More of it follows here. " * 8,
            "`a. B` is not a sentence, e.g. in code.",
        ),
        ("one long sentence " * 12 + ".", ("one long sentence " * 12 + ".").strip()),
    ],
)
def test_of_a_long_text_the_first_sentence_is_the_title(text, title):
    (finding,) = read("t", [f"## Findings\n\n- [high] a.py:4 - {text}\n"]).findings
    assert finding.title == title
    assert " ".join(f"{finding.title} {finding.details}".split()) == " ".join(text.split())
