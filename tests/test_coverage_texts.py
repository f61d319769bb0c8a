"""The demands that texts meet: each is taught in words that say what to do, not only in words that name it."""

import json
import os
import re

import pytest
import yaml
from builders import ROOT, VERSIONS, read, write
from hooking import Conversation, heard
from parallel_dispatch.load import load

FAN_OUT = "skills/dispatching-parallel-agents/SKILL.md"
ORCHESTRATION = "skills/orchestrating-parallel-work/SKILL.md"
PATTERNS = "skills/orchestrating-parallel-work/references/patterns.md"
WRITING = "skills/dispatching-parallel-agents/references/writing-task-files.md"
COMMAND = "commands/parallel-dispatch.md"


def text_of(page):
    return read(os.path.join(ROOT, *page.split("/")))


def said(page):
    """A page as one line, as if nothing wrapped."""
    return " ".join(text_of(page).split())


def row(page, start):
    """The cells of the one row of a page's tables whose first cell begins so."""
    lines = [line for line in text_of(page).splitlines() if line.startswith(f"| {start}")]
    assert len(lines) == 1, (page, start, lines)
    return [cell.strip() for cell in lines[0].strip("|").split("|")]


def description(skill):
    return yaml.safe_load(text_of(f"skills/{skill}/SKILL.md").split("---\n")[1])["description"]


# --- when ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "phrase",
    [
        "parallel agents",
        "concurrent execution",
        "agent orchestration",
        "spawn agents",
        "parallel tasks",
        "multi-agent",
        "task parallelization",
    ],
)
def test_the_seven_phrases_that_call_for_it_stand_in_the_description(phrase):
    assert phrase in description("dispatching-parallel-agents")


def test_what_calls_for_orchestration_stands_in_its_description():
    for occasion in ("tasks that depend on each other", "batches", "analysis then implementation", "many workers"):
        assert occasion in description("orchestrating-parallel-work")


@pytest.mark.parametrize(
    ("question", "asked", "remedy"),
    [
        (
            "Are they independent",
            "no part needs another's result, in no fixed order",
            "declares the other as a dependency",
        ),
        ("Does each take an agent", "more than half a minute", "join small parts, or do them yourself"),
        ("Do they change different files", "share no server, database or other state", "make them one task"),
        ("Can each result be checked", "does one failure leave the rest useful", "cut elsewhere"),
    ],
)
def test_each_question_of_independence_says_what_to_do_if_not(question, asked, remedy):
    cell, if_not = row(FAN_OUT, question)
    assert asked in cell
    assert remedy in if_not


def test_the_four_questions_are_asked_in_their_order():
    assert (
        "Are they independent? Does each take more than 30 seconds? Does one need another's output? Do two edit the "
        "same file? The first two decide whether to fan out, the others what to declare."
    ) in said(ORCHESTRATION)


def test_good_and_bad_cuts_are_named():
    text = said(FAN_OUT)
    good = text.partition("Good cuts: ")[2].partition(" Bad ones: ")
    assert all(cut in good[0] for cut in ("separate concerns", "modules", "topics", "files", "versions", "variants"))
    assert good[2].startswith("steps of one change, two agents in one file")


def test_what_needs_coordination_belongs_to_one_task():
    assert (
        "Shared configuration, database schemas, API contracts and merges belong to one task, which the others depend "
        "on or which comes last."
    ) in said(FAN_OUT)


def test_it_is_said_when_it_is_worth_it_and_when_not():
    text = said(FAN_OUT)
    assert "It is worth it where the parts, one after another, would take longer than the user has." in text
    assert "With small parts, starting the agents costs more than it saves." in text
    assert "If the plan says that parallel work does not pay, say so." in text


@pytest.mark.parametrize(
    "condition",
    [
        "No part needs what another makes (else: `dependencies`).",
        "No two write the same file, or one reads what another writes (else: one task, or a dependency).",
        "No two need the same server, port, database or account at once (else: `resources: [staging-db]` on both).",
        "They may end in any order.",
        "One that fails leaves the others useful.",
        "Each result can be checked by itself.",
    ],
)
def test_the_checklist_of_independence_has_each_condition_with_its_way_out(condition):
    assert f"- [ ] {condition}\n" in text_of(WRITING)


# --- how ----------------------------------------------------------------------------------------------------------


def test_the_way_from_a_request_to_a_result_has_its_steps_in_order():
    headings = re.findall(r"^## \d\. (.+)$", text_of(FAN_OUT), re.MULTILINE)
    assert headings == [
        "Is it a fan-out?",
        "Cut it",
        "Look, before you write",
        "Write the task file",
        "Check, show, dispatch",
        "Integrate",
    ]


def test_a_prompt_is_said_to_hold_scope_form_rules_and_criteria():
    keys = {"where: files": "`scope`", "rules": "`constraints`", "the form": "`output_format`", "when it": "`success_"}
    for part, key in keys.items():
        assert key in row(WRITING, part)[1]


def test_slices_are_said_not_to_overlap():
    text = said(WRITING)
    assert "Say in each prompt where it ends" in text
    assert "so divide the longest part first" in text


def test_the_command_has_all_calls_sent_in_one_message_and_nobody_wait():
    text = said(COMMAND)
    assert "one message that holds one Agent call for each entry of the array" in text
    assert "Calls sent one message at a time run one after another." in text
    assert "do not wait, poll or read outputs, and do not redo a task that failed" in text


def test_the_command_ends_with_its_arguments():
    head, body = text_of(COMMAND).split("---\n")[1:]
    hint = "argument-hint: <task-file> [--max-parallel <n>] [--timeout <ms>] [--output <dir>]"
    assert hint in head
    assert body.endswith("\nDispatch tasks from: $ARGUMENTS\n")


def test_agents_are_left_alone_and_only_the_report_is_believed():
    text = said(FAN_OUT)
    assert "no waiting, polling, reading of outputs, or doing a failed task over" in text
    assert "Claim nothing that is not in the report or in an output that you have read." in text
    assert "Have what agents left behind cleaned up: worktrees and clones below /tmp, servers that still run." in text


def test_an_integrator_is_told_to_hold_the_result_against_the_task_and_to_settle_conflicts_by_rule():
    text = said("agents/integrator.md")
    assert "The original task decides what belongs in the result" in text
    assert "check at the end that all of it is accounted for" in text
    assert "Else use the priority that your brief gives" in text
    assert "An input that is missing, partial or poor is named with what the result lacks for it." in text
    assert "Say for the last task how contradictions are settled" in said(FAN_OUT)


# --- which shape --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "strategy"),
    [
        ("independent parts", "parallel: "),
        ("each step needs", "sequential: "),
        ("some of both", "hybrid: "),
        ("one question, several views", "the same input for agents of different roles"),
    ],
)
def test_the_strategy_follows_from_the_work(work, strategy):
    assert row(ORCHESTRATION, work)[1].startswith(strategy)


@pytest.mark.parametrize(
    ("situation", "pattern", "form"),
    [
        ("2 to 5 independent", "fan-out, fan-in", "one last task that depends on all"),
        ("known dependencies", "batches by dependency", "each task starts when its own are there"),
        ("heavy analysis", "analysis, then implementation", "a task whose output is JSON"),
        ("10 and more alike", "self-organizing workers", "agents take the next item as one ends"),
        ("same kind of agent", "homogeneous", "`for_each`"),
        ("other kinds of agents", "heterogeneous", "a role in each task"),
        ("several variants", "variants and judges", "judges that depend on them"),
        ("whichever works first", "any of several", "`wait: any`"),
        ("most of the answers", "N of M", "the brief says what is missing"),
    ],
)
def test_the_pattern_follows_from_the_situation(situation, pattern, form):
    _, named, written = row(ORCHESTRATION, situation)
    assert named == pattern
    assert form in written


def test_convergence_is_named_beside_the_other_two():
    assert (
        "*homogeneous*; other kinds on one subject, *heterogeneous*; with a last task that concludes, *convergence*"
        in (said(PATTERNS))
    )


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        ("keep what succeeds", "`on_failure: continue`"),
        ("try failed ones again", "`on_failure: retry`"),
        ("stop at the first failure", "`on_failure: stop`"),
        ("ask the user", "`critical: true`"),
    ],
)
def test_what_is_wanted_of_a_failure_says_what_to_write(wanted, written):
    assert written in row(ORCHESTRATION, wanted)[1]


def test_limits_are_taught_with_their_reason():
    text = said(ORCHESTRATION)
    assert "`max_parallel` (default 4): 3 to 5 at once; more agents meet rate limits sooner and cost the same." in text
    assert "`resources: [staging]` for what two may not hold at once" in text
    assert "`max_minutes`, `max_tokens` for the run" in text
    assert "Long tasks start first by themselves when `estimated_duration` says which they are." in text
    assert "divide that task, or give its agent one more instance" in text


def test_speedup_is_taught_with_the_example_that_limits_it():
    assert "with three tasks of 10, 15 and 8 minutes at best 33 ÷ 15 = 2.2" in said(ORCHESTRATION)


# --- roles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "strengths", "returned"),
    [
        (
            "explorer",
            ["relevant files", "key functions", "patterns", "dependencies", "Best for first exploration"],
            ["Files", "Key functions", "Relationships"],
        ),
        (
            "implementer",
            ["complete, tested production code", "own patterns", "Best for features, bug fixes and refactoring"],
            ["Changed", "Verified", "Left"],
        ),
        (
            "tester",
            ["unit, integration", "edge cases", "coverage analysis", "test strategy"],
            ["Tests", "Results", "Defects", "Gaps"],
        ),
        ("reviewer", ["security, performance, style or accessibility", "severity and fix"], ["Findings", "Checked"]),
        ("documenter", ["API references, guides", "Best for one feature or audience"], ["Sources", "Unverified"]),
        ("debugger", ["cause of a bug", "Best for one symptom"], ["Cause", "Evidence", "Fix", "Confidence"]),
        ("researcher", ["a source for every claim", "Best for one question"], ["Answer", "Evidence", "Not found"]),
    ],
)
def test_a_role_says_its_strengths_what_it_is_best_for_and_what_it_returns(role, strengths, returned):
    _, head, text = text_of(f"agents/{role}.md").split("---\n", 2)
    told = yaml.safe_load(head)["description"]
    assert [each for each in strengths if each not in told] == []
    shape = text.partition("## What you return")[2].partition("## What you refuse")[0]
    assert [each for each in returned if f"`## {each}`" not in shape] == []


def test_every_blank_of_the_first_documents_templates_has_its_key():
    page = text_of("docs/agents.md")
    blanks = {
        "question": "`prompt`",
        "focus_areas": "`scope`",
        "feature_description": "`prompt`",
        "existing_code": "`context`",
        "requirements": "`constraints`",
        "code_under_test": "`prompt`",
        "coverage_target": "`success_criteria`",
        "critical_paths": "`prompt`",
        "review_focus": "`prompt`",
        "coding_standards": "`constraints`",
    }
    for blank, key in blanks.items():
        (line,) = [line for line in page.splitlines() if line.startswith("|") and f"`{{{blank}}}`" in line]
        assert key in line.strip("|").split("|")[1], blank


def test_the_pool_of_the_third_document_is_an_example_with_one_of_each():
    pool = load(os.path.join(ROOT, "examples", "agent-pool.yaml"), ROOT).task_file
    named = ("code-reviewer", "test-runner", "feature-implementer", "refactorer", "debugger")
    assert {name: agent.instances for name, agent in pool.agents.items()} == dict.fromkeys(named, 1)
    assert pool.settings.max_parallel == 5


# --- what stands outside of skills --------------------------------------------------------------------------------


def test_the_three_lines_of_usage_are_in_the_readme_and_start_runs_as_they_stand(tmp_path, cache):
    lines = re.findall(r"^/parallel-dispatch (\S+\.yaml(?: .+)?)$", read(os.path.join(ROOT, "README.md")), re.MULTILINE)
    usages = lines[:3]
    assert [usage.split()[0] for usage in usages] == ["tasks.yaml", "review-tasks.yaml", "build-tasks.yaml"]
    project = tmp_path / "project"
    limits = []
    for number, usage in enumerate(usages):
        conversation = Conversation(VERSIONS[-1], str(project / str(number)), str(tmp_path / str(number)), cache)
        write(os.path.join(conversation.project, usage.split()[0]), "name: n\ntasks: [{id: a, prompt: x}]\n")
        answer = conversation.fire(conversation.payload("UserPromptExpansion") | {"command_args": usage})
        limits.append(re.search(r"at most (\d) at a time, (\d+) s each", heard(answer)).groups())
        if "--output" in usage:
            brief = re.search(r"Read and follow ([^\"]+)", heard(answer))[1]
            assert f"Output file: {conversation.project}/.aiwg/working/build/a.md" in read(brief)
    assert limits == [("4", "120"), ("4", "120"), ("4", "300")]


def test_the_manifest_is_found_by_agents_parallel_and_orchestration():
    manifest = json.loads(read(os.path.join(ROOT, "plugin.json")))
    assert {"agents", "parallel", "orchestration"} <= set(manifest["keywords"])


def test_codex_is_told_to_loop_over_start_and_next():
    readme = " ".join(read(os.path.join(ROOT, "README.md")).split())
    told = readme.partition("In Codex, or any program that can start agents")[2][:700]
    assert "call `parallel-dispatch start FILE`" in told
    assert "all at the same time" in told
    assert "When all have ended, call `parallel-dispatch next`" in told.replace("> ", "")


@pytest.mark.parametrize("reference", ["REF-001", "REF-002", "Go", "Parallel computing", "Actor model", "MapReduce"])
def test_a_reference_is_followed_to_what_the_product_took_from_it(reference):
    items = text_of("docs/coverage.md").partition("\n## References\n")[2].partition("\n## ")[0].split("\n- **")
    (item,) = [item for item in items if item.startswith(reference)]
    files = [word for word in item.split("`")[1::2] if "/" in word]
    assert files
    assert [name for name in files if not os.path.exists(os.path.join(ROOT, name))] == []
