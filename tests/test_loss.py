"""What an integrator loses is found, and what it does faithfully is left alone, in whatever form it writes."""

import os
import re
import sys
import time

import pytest
from builders import ROOT, read
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.finding import Finding
from parallel_dispatch.folding import fold
from parallel_dispatch.loss import check
from parallel_dispatch.verbatim import FORM

sys.path.insert(0, os.path.join(ROOT, "bench"))

import folding
from loss import FITTING, PARTS, trials

GIVEN = [
    Finding(
        "security", 1, "The amount goes into the SQL text unescaped", "high", "src/pay/charge.py", 42, fix="Bind it."
    ),
    Finding("security", 2, "The session token is written to the log", "medium", "src/pay/session.py", 7),
    Finding(
        "style", 1, "Two loops over the orders do the same", "low", "src/pay/charge.py", 88, 93, fix="Keep the second."
    ),
    Finding("style", 2, "The SQL text is put together by hand", "medium", "src/pay/charge.py", 42),
    Finding("docs", 1, "The module has no owner in CODEOWNERS", "info"),
]
FINDINGS = """\
## Findings

- [high] src/pay/charge.py:42 - The amount goes into the SQL text unescaped (security/1, style/2)
  Fix: Bind it.
- [medium] src/pay/session.py:7 - The session token is written to the log. (security/2)
- [low] src/pay/charge.py:88-93 - Two loops over the orders do the same. Fix: keep the second. (style/1)
- [info] The module has no owner in `CODEOWNERS` (docs/1)
"""
TABLE = """\
## Dispositions

| Finding | Severity | Disposition |
|---------|----------|-------------|
| security/1 | high | kept |
| security/2 | medium | kept |
| style/1 | low | kept |
| style/2 | medium | merged with security/1 |
| docs/1 | info | kept |
"""


SAME = (("security/1", "style/2"),)


def alarms(text, given=GIVEN, same=SAME, **more):
    return [(alarm.finding, alarm.kind) for alarm in check(given, text, same=same, **more).alarms]


FAITHFUL = {
    "as the brief asks": TABLE,
    "in code": TABLE.replace("security/1", "`security/1`").replace("style/2", "`style/2`"),
    "in bold": TABLE.replace("| docs/1", "| **docs/1**").replace("| kept", "| **Kept**"),
    "in another case": TABLE.replace("security/2", "Security/2")
    .replace("high", "High")
    .replace("| Finding", "| FINDING"),
    "several in a row": """\
### Dispositions
| Finding | Severity | Disposition |
|--|--|--|
| security/1, style/2 | | merged |
| security/2 | medium | kept |
| style/1 & docs/1 | | kept |
""",
    "ranges": """\
## Dispositions
| Finding | Disposition |
|--|--|
| security/1-2 | kept |
| style/1–style/2 | kept |
| docs/1 | kept |
""",
    "columns in another order": """\
## 2. Dispositions of all findings
| # | Disposition | Reason | Severity | Ids |
|--|:--|--|--|--|
| 1 | kept | - | high | security/1 |
| 2 | kept | | medium | security/2 |
| 3 | kept | | low | style/1 |
| 4 | merged with security/1 | | medium | style/2 |
| 5 | kept | | info | docs/1 |
""",
    "a list": """\
**Dispositions**

- security/1 (high): kept
- `security/2` – medium – kept
- style/1, low, kept
- style/2 [medium] merged into security/1
* docs/1: kept
""",
    "a numbered list": """\
## Dispositions:
1. security/1 (high): kept
2. security/2: kept
3. style/1: kept
4. style/2: merged into security/1
5. docs/1: kept
""",
    "a drop with a cause": TABLE.replace(
        "| docs/1 | info | kept |", "| docs/1 | info | dropped: not so, seen CODEOWNERS:3 and docs/owners.md |"
    ),
    "a cause in a column of its own": """\
## Dispositions
| Finding | Severity | Disposition | Cause |
|--|--|--|--|
| security/1 to security/2 | | kept | |
| style/1 | low | kept | |
| style/2 | medium | merged | with security/1 |
| docs/1 | info | dropped | out of scope |
""",
}


@pytest.mark.parametrize("form", FAITHFUL)
def test_a_faithful_output_raises_no_alarm_in_any_form(form):
    findings = FINDINGS if "dropped" not in FAITHFUL[form] else FINDINGS.partition("- [info]")[0]
    assert alarms(f"# Merged review of src/pay\n\n{findings}\n{FAITHFUL[form]}") == []
    assert alarms(f"{FAITHFUL[form]}\n{findings}") == []


OWN_FORMS = {
    "headings with fields": """\
## Findings
### 1. The amount goes into the SQL text unescaped
- Severity: high
- File: src/pay/charge.py:42
- Ids: security/1, style/2
### 2. The session token is written to the log
- Severity: medium
- File: src/pay/session.py:7
- Ids: security/2
### 3. Two loops over the orders do the same
- Severity: low
- File: src/pay/charge.py:88-93
- Ids: style/1
### 4. The module has no owner in CODEOWNERS
- Severity: info
- Ids: docs/1
""",
    "a table": """\
## Findings
| Severity | Where | What | Of |
|--|--|--|--|
| high | src/pay/charge.py:42 | The amount goes into the SQL text unescaped. Bind it. | security/1 style/2 |
| medium | src/pay/session.py:7 | The session token is written to the log | security/2 |
| low | src/pay/charge.py:88-93 | Two loops over the orders do the same | style/1 |
| info | - | The module has no owner in CODEOWNERS | docs/1 |
""",
    "by severity": """\
## Findings
### High
1. **src/pay/charge.py:42** — The amount goes into the SQL text unescaped. [security/1, style/2]
### Medium
2. **src/pay/session.py:7** — The session token is written to the log. [security/2]
### Low
3. **src/pay/charge.py:88–93** — Two loops over the orders
   do the same. [style/1]
### Info
4. The module has no owner in CODEOWNERS. [docs/1]
""",
    "by file, nested, in a fence": """\
```markdown
## Findings

### src/pay (3)

* **[high]** `src/pay/charge.py:42` - The amount goes into the SQL text unescaped (security/1, style/2)

  Fix: Bind it.

  * [low] `src/pay/charge.py:88-93` - Two loops over the orders do the same. (style/1)
* **[medium]** `src/pay/session.py:7` - The session token is written to the log (security/2)

### Docs

* **[info]** The module has no owner in CODEOWNERS (docs/1)
```
""",
}


@pytest.mark.parametrize("form", OWN_FORMS)
def test_findings_are_read_in_any_form(form):
    assert alarms(f"{OWN_FORMS[form]}\n{TABLE}") == []
    worse = OWN_FORMS[form].replace("medium", "low").replace("### Medium", "### Low")
    assert worse != OWN_FORMS[form]
    assert ("security/2", "changed") in alarms(f"{worse}\n{TABLE}")


OTHER = "Passwords of customers may be guessed since attempts are never limited."
LINES = FINDINGS.splitlines(keepends=True)
DISTORTED = {
    "lost": (FINDINGS, TABLE.replace("| docs/1 | info | kept |\n", ""), [("docs/1", "lost")]),
    "dropped": (FINDINGS, TABLE.replace("| info | kept", "| info | dropped"), [("docs/1", "dropped")] * 2),
    "dropped for nothing": (
        FINDINGS.partition("- [info]")[0],
        TABLE.replace("| info | kept", "| info | dropped: n/a"),
        [("docs/1", "dropped"), ("docs/1", "added")],
    ),
    "kept and dropped": (FINDINGS, TABLE + "| docs/1 | info | dropped: harmless |\n", [("docs/1", "dropped")]),
    "dropped and told": (
        FINDINGS,
        TABLE.replace("| info | kept", "| info | dropped: mended"),
        [("docs/1", "dropped")],
    ),
    "dropped for the sake of another": (
        FINDINGS.partition("- [info]")[0],
        TABLE.replace("| info | kept", "| info | dropped: goes away with security/2"),
        [("docs/1", "dropped"), ("docs/1", "added")],
    ),
    "dropped as one that another tells": (
        FINDINGS.partition("- [info]")[0],
        TABLE.replace("| info | kept", "| info | dropped: not ours, duplicate of what security says"),
        [("docs/1", "added")],
    ),
    "untold": (FINDINGS.partition("- [info]")[0], TABLE, [("docs/1", "untold")]),
    "untold beside the same": (FINDINGS.replace(", style/2", ""), TABLE, [("style/2", "untold")]),
    "no disposition": (FINDINGS, TABLE.replace("| info | kept", "| info | "), [("docs/1", "untold")]),
    "milder in the table": (
        FINDINGS,
        TABLE.replace("security/2 | medium", "security/2 | low"),
        [("security/2", "changed")],
    ),
    "milder in the finding": (FINDINGS.replace("[medium]", "[low]"), TABLE, [("security/2", "changed")]),
    "none in the finding": (FINDINGS.replace("[medium] ", ""), TABLE, [("security/2", "changed")]),
    "two in the finding": (FINDINGS.replace("[medium]", "[medium] [low]"), TABLE, [("security/2", "changed")]),
    "another one in the heading": (
        FINDINGS.replace(LINES[4], f"\n### Low\n\n{LINES[4]}"),
        TABLE,
        [("security/2", "changed"), ("docs/1", "changed")],
    ),
    "the milder of two": (FINDINGS.replace("[high]", "[medium]"), TABLE, [("security/1", "changed")]),
    "changed without a reason": (
        FINDINGS.replace("[medium]", "[low]"),
        TABLE.replace("security/2 | medium | kept", "security/2 | low | changed from medium"),
        [("security/2", "changed")],
    ),
    "changed from what it was not": (
        FINDINGS.replace("[medium]", "[low]"),
        TABLE.replace("security/2 | medium | kept", "security/2 | low | changed from high: less likely"),
        [("security/2", "changed")],
    ),
    "another place": (
        FINDINGS.replace("session.py:7", "session.py:77"),
        TABLE,
        [("security/2", "changed"), ("security/2", "added")],
    ),
    "another file": (
        FINDINGS.replace("pay/ses", "mail/ses"),
        TABLE,
        [("security/2", "changed"), ("security/2", "added")],
    ),
    "no place": (FINDINGS.replace("src/pay/session.py:7 - ", ""), TABLE, [("security/2", "changed")]),
    "two in one": (
        FINDINGS.replace(LINES[5], "").replace("(security/1, style/2)", "(security/1, style/2, style/1)"),
        TABLE.replace("style/1 | low | kept", "style/1 | low | merged with security/1"),
        [("style/1", "merged")],
    ),
    "two in one, in the table alone": (
        FINDINGS,
        TABLE.replace("info | kept", "info | merged with security/2"),
        [("security/2", "merged")],
    ),
    "two in one, in the finding alone": (
        FINDINGS.replace("(security/2)", "(security/2, style/1)"),
        TABLE,
        [("style/1", "merged")],
    ),
    "invented": (FINDINGS + "- [high] src/pay/refund.py:3 - Refunds are not checked.\n", TABLE, [("", "invented")]),
    "invented in prose": (FINDINGS + "\nRefunds are not checked either.\n", TABLE, [("", "invented")]),
    "invented in a heading": (FINDINGS + "\n### Refunds are not checked\n", TABLE, [("", "invented")]),
    "invented in a section": (f"{FINDINGS}\n## Summary\n\nRefunds fail.\n", TABLE, [("", "invented")] * 2),
    "invented behind the table": (FINDINGS, f"{TABLE}\n# Remarks\n\nRefunds fail.\n", [("", "invented")] * 2),
    "invented in the words of a category": (
        FINDINGS + "- [high] src/pay/charge.py:3 docs\n",
        TABLE,
        [("", "invented")],
    ),
    "an id that nobody gave": (FINDINGS + "- [low] a.py:3 - A loop. (style/9)\n", TABLE, [("", "invented")]),
    "a task that nobody has": (FINDINGS + "- [low] a.py:3 - A loop. (speed/1)\n", TABLE, [("", "invented")]),
    "a row that nobody gave": (FINDINGS, TABLE + "| style/3 | low | kept |\n", [("", "invented")]),
    "invented in a reason": (
        FINDINGS.partition("- [info]")[0],
        TABLE.replace("| info | kept", "| info | dropped: harmless, only refunds fail"),
        [("docs/1", "added")],
    ),
    "invented beside a severity": (
        FINDINGS,
        TABLE.replace("security/2 | medium", "security/2 | medium, refunds fail"),
        [("security/2", "added")],
    ),
    "invented beside an id": (
        FINDINGS,
        TABLE.replace("security/2 | medium", "security/2 and refunds fail | medium"),
        [("security/2", "added")],
    ),
    "invented in the name of a column": (
        FINDINGS,
        TABLE.replace("Disposition |", "Disposition, and that refunds fail if they are late |"),
        [("", "invented")],
    ),
    "invented behind what was looked at": (
        FINDINGS.partition("- [info]")[0],
        TABLE.replace("| info | kept", "| info | dropped: harmless, seen src/pay/refund.py:3, where refunds fail"),
        [("docs/1", "added")],
    ),
    "invented beside the table": (FINDINGS, f"{TABLE}\nRefunds fail.\n", [("", "invented")]),
    "invented before the table": (FINDINGS, TABLE.replace("|", "Refunds fail.\n\n|", 1), [("", "invented")]),
    "another text": (
        FINDINGS.replace("The session token is written to the log.", OTHER),
        TABLE,
        [("security/2", "reworded")],
    ),
    "another problem at the same line in nearly its words": (
        FINDINGS.replace("session token is written to the log", "session token is never written to the log"),
        TABLE,
        [("security/2", "reworded")],
    ),
    "one more under an id that is told": (
        FINDINGS + "- [medium] src/pay/session.py:7 - It can be guessed. (security/2)\n",
        TABLE,
        [("security/2", "reworded")],
    ),
    "one more in a line that is copied": (
        FINDINGS.replace("written to the log.", "written to the log, and can be guessed."),
        TABLE,
        [("security/2", "added")],
    ),
    "a remark": (
        FINDINGS.replace("(security/2)\n", "(security/2)\n  It can be guessed, too.\n"),
        TABLE,
        [("security/2", "added")],
    ),
    "the text of another": (
        FINDINGS.replace("(security/2)\n", "(security/2)\n  Fix: Keep the second.\n"),
        TABLE,
        [("security/2", "added")],
    ),
    "a remark in a row": (
        FINDINGS,
        TABLE.replace("security/2 | medium | kept", "security/2 | medium | kept; it can be guessed, too"),
        [("security/2", "added")],
    ),
}


@pytest.mark.parametrize("what", DISTORTED)
def test_what_is_lost_or_distorted_raises_its_alarm(what):
    findings, table, expected = DISTORTED[what]
    found = alarms(f"{findings}\n{table}")
    assert set(found) >= set(expected)
    assert {alarm for alarm in found if alarm[0]} == {alarm for alarm in expected if alarm[0]}


def words_of(text):
    return [(found.start(), found.end()) for found in re.finditer(r"[^\W_]+", text)]


def test_no_word_of_a_finding_can_be_another_one():
    begin = FINDINGS.index("- [")
    for start, end in words_of(FINDINGS):
        told = f"{FINDINGS[:start]}zebra{FINDINGS[end:]}\n{TABLE}"
        assert alarms(told) or start < begin, FINDINGS[start:end]


def test_no_word_can_stand_beside_a_finding():
    begin = FINDINGS.index("- [")
    for start, _ in words_of(FINDINGS):
        if start > begin:
            assert alarms(f"{FINDINGS[:start]}zebra {FINDINGS[start:]}\n{TABLE}"), FINDINGS[start : start + 20]


def test_no_word_of_a_line_can_be_missing():
    for at, line in enumerate(LINES):
        for start, end in words_of(line) if line.startswith("- ") else ():
            rest = "".join((*LINES[:at], line[:start], line[end:], *LINES[at + 1 :]))
            assert alarms(f"{rest}\n{TABLE}") or line[start:end] == "Fix", (line, line[start:end])


def test_no_line_and_no_row_can_be_missing():
    text = f"{FINDINGS}\n{TABLE}"
    lines = text.splitlines(keepends=True)
    must = [at for at, line in enumerate(lines) if line.startswith(("- [", "| s", "| d"))]
    assert len(must) == 4 + 5
    for at in must:
        assert alarms("".join(lines[:at] + lines[at + 1 :])), lines[at]


def plain(text):
    """The words of a text, without those that name parts of a finding."""
    words = [text[start:end].casefold() for start, end in words_of(text)]
    return " ".join(word for word in words if word not in FORM)


def is_whole(text):
    """Whether a text holds each finding, by itself or by the line of one that is the same, or drops it for a cause."""
    said = plain(text)
    for finding in GIVEN:
        same = next((group for group in SAME if finding.id in group), (finding.id,))
        lines = [plain(f"[{each.severity}] {each.place} {each.title}") for each in GIVEN if each.id in same]
        rows = [line for line in text.splitlines() if line.strip().startswith("|") and finding.id in line]
        is_decided = any("dropped" in row or "changed from" in row for row in rows)
        if not rows or not (is_decided or any(line in said for line in lines)):
            return False
    return True


PARTS_OF_TEXTS = (
    *FINDINGS.splitlines(),
    *TABLE.splitlines(),
    *("[high]", "[low]", "high", "low", "critical", "kept", "dropped: ", "not so", "changed from ", "less harm"),
    *("(security/1)", "security/2", "style/1", "docs/1", "style/2", "merged with ", "kept with ", "not", "Fix:", ", "),
    *(
        "\n",
        "\n\n",
        "## Findings\n",
        "## Dispositions\n",
        "- ",
        "  ",
        "| ",
        " |",
        "seen ",
        "src/pay/charge.py:42",
        "```",
    ),
)


@given(
    st.lists(
        st.tuples(st.integers(0, 1200), st.integers(0, 60), st.sampled_from(PARTS_OF_TEXTS) | st.just("")), max_size=4
    )
)
@settings(derandomize=True, deadline=None, max_examples=1000)
def test_an_output_without_alarm_holds_every_finding(edits):
    text = f"{FINDINGS}\n{TABLE}"
    for begin, length, instead in edits:
        text = text[:begin] + instead + text[begin + length :]
    assert alarms(text) or is_whole(text)


def test_what_a_program_told_to_be_the_same_may_be_told_apart():
    apart = FINDINGS.replace("(security/1, style/2)", "(security/1)")
    apart += "- [medium] src/pay/charge.py:42 - The SQL text is put together by hand. (style/2)\n"
    table = TABLE.replace("merged with security/1", "kept")
    assert alarms(f"{apart}\n{table}") == []
    assert alarms(f"{apart}\n{table}", same=()) == []


def test_only_what_a_program_told_to_be_the_same_is_one():
    assert set(alarms(f"{FINDINGS}\n{TABLE}", same=())) == {("style/2", "merged")}


@pytest.mark.parametrize(
    "said",
    [
        "kept with style/1",
        "Kept, with style/1 and `docs/1`; fix of style/1",
        "kept, fix of style/1 (seen src/pay/session.py lines 7-9 and src/pay/charge.py:90)",
        "kept as it is",
        "kept",
    ],
)
def test_a_row_may_name_another_finding(said):
    assert alarms(FINDINGS + "\n" + TABLE.replace("security/2 | medium | kept", f"security/2 | medium | {said}")) == []


@pytest.mark.parametrize(
    "places",
    [
        "`.github/CODEOWNERS:4`",
        "bin/run (and a.py lines 4-9)",
        "Dockerfile:3, Makefile:9",
        "(x.zig#L4-L9)",
        "w/x/y.q:4-9",
    ],
)
def test_what_was_looked_at_says_so(places):
    findings = FINDINGS.partition("- [info]")[0]
    row = f"| info | dropped: not so, seen {places} |"
    assert alarms(f"{findings}\n{TABLE.replace('| info | kept |', row)}") == []


ONE = Finding("a", 1, "X is one", "high", "a.py", 7)
TWO = Finding("a", 2, "Y is two", "high", "b.py", 9)
WITHOUT = Finding("b", 1, "Z is without a severity", "", "a.py", 7)
COPIES = "## Findings\n\n- [high] a.py:7 - X is one (a/1)\n- [high] b.py:9 - Y is two (a/2)\n"
BOTH = "\n## Dispositions\n\n- a/1: high, kept\n- a/2: high, kept\n"
MERGED = "\n## Dispositions\n\n- a/1: high, kept\n- b/1: merged with a/1\n"


def with_text(details="", fix="", severity="high"):
    return Finding("a", 1, "X is one", severity, "a.py", 7, details=details, fix=fix)


def copy_of(finding):
    lines = [f"- [{finding.severity}] {finding.place} - {finding.title} ({finding.id})", *finding.details.splitlines()]
    return "## Findings\n\n" + "\n  ".join(lines) + f"\n\n## Dispositions\n\n- {finding.id}: {finding.severity}, kept\n"


@pytest.mark.parametrize(
    "details",
    [
        "Confidence: High",
        "```py\n# bad\nx = 1\n```",
        "cat x \\\n| grep y",
        "1) Open it\n2) Close it",
        "## A heading\n\n| a | b |\n|--|--|\n| c | d |",
        "- [low] is what others say",
    ],
)
def test_whatever_a_finding_says_may_be_copied(details):
    assert alarms(copy_of(with_text(details)), [with_text(details)], ()) == []


def test_a_severity_in_a_text_is_none_of_the_line():
    given = with_text("Confidence: High", severity="medium")
    told = copy_of(given).replace("## Findings\n\n- [medium]", "## Findings\n\n### Medium\n\n- [high]")
    assert alarms(told, [given], ()) == [("a/1", "changed")]


def test_findings_without_severities_are_told_apart():
    given = [Finding("a", 1, "X is one", "", "a.py", 7), Finding("a", 2, "Y is two", "", "b.py", 9)]
    rows = "\n## Dispositions\n\n- a/1: kept\n- a/2: kept with a/1\n"
    for lines in (
        "\n- a.py:7 - X is one (a/1)\n- b.py:9 - Y is two (a/2)\n",
        "- X is one, a.py:7 (a/1)\n  - Y is two, b.py:9 (a/2)\n",
    ):
        assert alarms(f"## Findings\n{lines}{rows}", given, ()) == []


def test_one_without_a_severity_excuses_none_that_has_one():
    for line, expected in (
        ("- [info] a.py:7 - Z is without a severity (a/1, b/1)\n", [("a/1", "changed")]),
        ("- [high] a.py:7 - Z is without a severity (a/1, b/1)\n", [("a/1", "changed")]),
        ("- [high] a.py:7 - X is one (a/1, b/1)\n", []),
    ):
        assert alarms(f"## Findings\n\n{line}{MERGED}", [ONE, WITHOUT], [("a/1", "b/1")]) == expected


def test_a_heading_may_name_a_file_that_sounds_like_a_severity():
    given = Finding("low-level", 1, "X is one", "medium", "src/error.py", 7)
    for heading in ("src/error.py", "low-level"):
        assert alarms(copy_of(given).replace("- [", f"### {heading}\n\n- [", 1), [given], ()) == []


def test_a_heading_may_name_a_task_that_could_not_be_read():
    told = f"{COPIES}\n### docs\n\n- [low] c.py:1 - Mails are sent twice (docs)\n{BOTH}"
    assert alarms(told, [ONE, TWO], (), unread=["docs"]) == []


def test_a_row_that_contradicts_itself_decides_nothing():
    for said in ("kept, merged with a/1", "dropped: harmless; kept with a/1"):
        told = COPIES + BOTH.replace("a/2: high, kept", f"a/2: high, {said}")
        assert alarms(told, [ONE, TWO], ()) == [("a/2", "untold")]


def test_the_place_is_that_of_the_finding_whose_line_is_copied():
    other = Finding("b", 1, "Y is two", "high", "a.py", 70)
    rows = MERGED.replace("b/1: ", "b/1: high, ")
    for line in ("[high] X is one", "[high] a.py:70 - X is one"):
        told = f"## Findings\n\n- {line} (a/1, b/1)\n{rows}"
        assert alarms(told, [ONE, other], [("a/1", "b/1")]) == [("a/1", "changed")]


def test_the_fix_that_is_taken_may_stand_below_the_finding():
    given = [with_text(fix="Set it to 30."), Finding("a", 2, "Y is two", "high", "b.py", 9, fix="Set it to 60.")]
    told = COPIES.replace("(a/1)\n", "(a/1)\n  Fix: Set it to 60.\n")
    assert alarms(told + BOTH, given, ()) == [("a/1", "added")]
    assert alarms(told + BOTH.replace("a/1: high, kept", "a/1: high, kept, fix of a/2"), given, ()) == []


def test_what_a_comment_hides_is_not_told():
    hidden = COPIES.replace("- [high] a", "<!--\n- [high] a") + "-->\n\nNone.\n"
    assert alarms(hidden + BOTH, [ONE, TWO], ()) == [("a/1", "untold"), ("a/2", "untold")]


def test_the_columns_of_a_table_say_nothing_else():
    table = "\n| Refunds are never checked | Do not release this |\n|--|--|\n\n- ["
    assert alarms(COPIES.replace("\n- [", table, 1) + BOTH, [ONE, TWO], ()) == [("", "invented")]


def test_as_needs_the_id_of_a_finding():
    told = COPIES.replace("[high] b", "[low] b") + BOTH.replace("a/2: high, kept", "a/2: low, changed from high: as ID")
    assert ("a/2", "changed") in alarms(told, [ONE, TWO], ())
    assert alarms(told.replace("as ID", "as a/1"), [ONE, TWO], ()) == []


def test_an_endless_text_below_a_finding_is_checked_in_time():
    given = with_text("\n".join(f"a b{number}" for number in range(600)))
    told = copy_of(given).replace("(a/1)\n", f"(a/1)\n  {'a ' * 100_000}\n")
    begun = time.process_time()
    assert alarms(told, [given], ()) == [("a/1", "added")]
    assert time.process_time() - begun < 5


def test_the_example_in_the_documentation_is_faithful():
    text = read(os.path.join(ROOT, "docs", "findings.md")).partition("## What an integrator writes")[2]
    example = text.partition("```markdown\n")[2].partition("```")[0]
    fix = "bind it as a parameter."
    given = [
        Finding(
            "security", 1, "The amount goes into the SQL text unescaped.", "high", "src/pay/charge.py", 42, fix=fix
        ),
        Finding("style", 4, "SQL by hand", "medium", "src/pay/charge.py", 42),
        Finding("performance", 1, "The statement is compiled anew for each charge.", "medium", "src/pay/charge.py", 42),
        Finding("style", 2, "Long lines", "low", "src/gen/client.py", 1),
        Finding("performance", 3, "One query for each row.", "high", "src/pay/report.py", 70),
    ]
    assert alarms(example, given, same=[("security/1", "style/4")]) == []
    assert len(check(given, example).rows) == 5


def test_an_output_may_be_fenced_as_a_whole():
    listed = "## Dispositions\n\n" + FAITHFUL["a list"].partition("\n\n")[2]
    assert alarms(f"```markdown\n{FINDINGS}\n{listed}```\n") == []


def test_a_severity_may_be_changed_with_a_cause():
    findings = FINDINGS.replace("[medium]", "[low]")
    for said in ("changed from medium: less harm", "kept, changed from medium to low: as style/1, less likely"):
        row = TABLE.replace("security/2 | medium | kept", f"security/2 | low | {said}")
        assert alarms(f"{findings}\n{row}") == []


def test_what_is_merged_follows_a_change_of_one_that_was_no_milder():
    changed = TABLE.replace("security/1 | high | kept", "security/1 | low | changed from high: less likely")
    assert alarms(FINDINGS.replace("[high]", "[low]") + changed) == []
    assert alarms(FINDINGS.replace("[high]", "[medium]") + changed) == [("security/1", "changed")]
    of_milder = TABLE.replace(
        "style/2 | medium | merged with security/1", "style/2 | low | changed from medium: less harm"
    )
    of_milder = of_milder.replace("security/1 | high | kept", "security/1 | high | merged with style/2")
    assert alarms(FINDINGS + of_milder) == []
    assert alarms(FINDINGS.replace("[high]", "[low]") + of_milder) == [("security/1", "changed")]


def test_an_output_without_dispositions_has_lost_everything():
    assert set(alarms(FINDINGS)) == {(finding.id, "lost") for finding in GIVEN}
    assert {kind for _, kind in alarms("")} == {"lost"}


def test_findings_of_outputs_that_nobody_could_read_cite_their_task():
    more = FINDINGS + "- [low] src/mail.py:3 - Mails are sent twice. (mailing)\n"
    assert alarms(f"{more}\n{TABLE}") == [("", "invented")]
    assert alarms(f"{more}\n{TABLE}", unread=["mailing"]) == []


def test_only_a_summary_that_was_asked_for_may_say_anything():
    for text in (
        f"## Summary\n\nDo not release.\n\n- Refunds fail.\n\n### Why\n\nIt is late.\n\n{FINDINGS}\n{TABLE}",
        f"{FINDINGS}\n{TABLE}\n## Summary\n\nDo not release: see security/1.\n",
        f"# Summary\n\nDo not release.\n\n{FINDINGS}\n{TABLE}",
    ):
        assert alarms(text, summary=True) == []
        assert {kind for _, kind in alarms(text)} == {"invented"}
        assert alarms(text.replace("Two loops", "Three loops"), summary=True) == [("style/1", "reworded")]
        assert alarms(f"{text}\n## Remarks\n\nRefunds fail.\n", summary=True) == [("", "invented")] * 2


def test_a_title_may_look_like_an_id():
    given = [Finding("web", 1, "No compression (HTTP/2)", "low", "src/web.py", 3)]
    rows = "## Dispositions\n- web/1: low, kept\n"
    assert alarms(f"## Findings\n- [low] src/web.py:3 - No compression (HTTP/2) (web/1)\n{rows}", given, ()) == []


def test_with_nothing_given_nothing_is_lost():
    assert alarms("## Findings\n\nNone.\n", []) == []
    assert alarms(FINDINGS, [], unread=["docs"]) == []
    assert {kind for _, kind in alarms(FINDINGS, [])} == {"invented"}


KINDS = {"lost", "dropped", "untold", "changed", "merged", "reworded", "added", "invented"}
HOSTILE = (
    "| ",
    "security/1-999999 ",
    "[",
    "`",
    "- ",
    "a_",
    "-",
    "|-",
    "# ",
    "** ",
    "changed from ",
    "(a/1, ",
    "\0|\n",
    "merged ",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_checked_in_time(text):
    many = text * 20_000
    lines = f"## Findings\n{many}\n# {' ' * 20_000}x\n## Dispositions\n{many}\n| a |\n|--|\n| {many} |"
    begun = time.process_time()
    assert ("docs/1", "lost") in alarms(lines)
    assert time.process_time() - begun < 5


@given(st.text(alphabet="#|-* \n/12security`()[]:,;merged kept dropped", max_size=300))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_any_text_is_checked(text):
    found = check(GIVEN, f"{FINDINGS}\n## Dispositions\n{text}", same=SAME)
    assert {alarm.kind for alarm in found.alarms} <= KINDS


@pytest.mark.parametrize(("number", "count", "summary"), [("04", 95, False), ("07", 89, False), ("10", 108, True)])
def test_what_real_integrators_made_of_many_findings_is_faithful(number, count, summary):
    reviews = next(each for each in folding.projects() if each.name == number)
    assert len(reviews.findings) == count
    same = [[finding.id for finding in group.findings] for group in fold(reviews.findings).groups]
    text = read(os.path.join(ROOT, "trials", "loss", f"real-{number}.md"))
    found = check(reviews.findings, text, same=same, summary=summary)
    assert found.alarms == ()
    assert len(found.rows) == count


@pytest.mark.parametrize("part", PARTS)
def test_the_trials_are_told_apart(part):
    found = trials(part)
    counts = {label: sum(trial.label == label for trial in found) for label in ("faithful", *FITTING)}
    assert counts == {"faithful": 50} | dict.fromkeys(FITTING, 25)
    assert [trial.name for trial in found if not trial.is_right] == []
