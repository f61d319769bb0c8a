"""Which conversation drives a run, when conversations start, go on, change their names, fork and end."""

import os

import pytest
from builders import (
    SESSION,
    VERSIONS,
    claimed,
    closed,
    event,
    launched,
    make_run,
    plan_of,
    read,
    write,
)
from hooking import TASKS, Conversation, heard, is_swallowed, rows
from parallel_dispatch.owners import activate, conversation, conversations, deactivate, drives, find
from parallel_dispatch.places import RunFolder, active_file

OTHER = "5e551011-0000-4000-8000-000000000002"
GONE = 2**22 + 1
"""A process that cannot be: above the largest number that a kernel gives."""
ALIVE = 1
"""A process that is always there, and that is not the host of these tests."""


@pytest.fixture(params=VERSIONS)
def convo(request, project, tmp_path, cache):
    found = Conversation(request.param, project, str(tmp_path), cache)
    yield found
    found.leaves()


@pytest.fixture
def newest(project, tmp_path, cache):
    found = Conversation(VERSIONS[-1], project, str(tmp_path), cache)
    yield found
    found.leaves()


def offered(answer):
    return [row["description"] for row in rows(heard(answer))]


def tied_to(found, host):
    """The conversation's run, as a host of this number left it."""
    activate(found.project, SESSION, found.run.folder, host)


def becomes(found, session):
    """The conversation goes on under another name, as the host says in every event from then on."""
    found.env["CLAUDE_CODE_SESSION_ID"] = session


def tell(found, name, session, **values):
    return found.fire(found.payload(name, **values) | {"session_id": session})


# --- the files ----------------------------------------------------------------------------------------------------


def test_a_conversation_drives_the_run_that_its_file_names(project):
    folder = make_run(plan_of(TASKS, project))
    activate(project, SESSION, folder, ALIVE)
    found = conversation(project, SESSION)
    assert (found.session, found.run, found.host, found.is_alive) == (SESSION, folder.path, ALIVE, True)
    assert find(project, SESSION).plan.run == "k3f2"
    assert drives(folder, SESSION)
    assert not drives(folder, OTHER)
    assert [one.session for one in conversations(project)] == [SESSION]


@pytest.mark.parametrize("text", ["", "/no/where\n1\n", "\n\n\n"])
def test_a_file_that_names_no_run_is_no_conversation(project, text):
    write(active_file(project, SESSION), text)
    assert conversation(project, SESSION) is None
    assert conversations(project) == []
    assert find(project, SESSION) is None


@pytest.mark.parametrize("host", ["", "x", "-1", "0", str(GONE)])
def test_a_host_that_is_not_known_or_not_there_is_not_alive(project, host):
    folder = make_run(plan_of(TASKS, project))
    write(active_file(project, SESSION), f"{folder.path}\n{host}\n")
    assert not conversation(project, SESSION).is_alive


def test_a_run_without_an_owner_is_everybodys(project):
    assert drives(RunFolder(os.path.join(project, "run")), SESSION)


def test_letting_go_takes_the_file_and_the_empty_folder_away_and_no_other(project):
    folder = make_run(plan_of(TASKS, project))
    for session in (SESSION, OTHER):
        activate(project, session, folder, ALIVE)
    deactivate(project, SESSION)
    deactivate(project, SESSION)
    assert [one.session for one in conversations(project)] == [OTHER]
    deactivate(project, OTHER)
    assert not os.path.exists(os.path.dirname(active_file(project, OTHER)))


def test_a_session_id_that_is_a_path_stays_in_its_folder(project):
    folder = make_run(plan_of(TASKS, project))
    activate(project, "../../evil", folder, ALIVE)
    assert os.listdir(os.path.join(project, ".parallel-dispatch", "active")) == ["evil"]


# --- a conversation that goes on ----------------------------------------------------------------------------------


def test_a_conversation_that_starts_without_a_run_hears_nothing(convo):
    for name in ("startup", "resume", "compact", "clear"):
        assert convo.tell(f"SessionStart-{name}") is None
    assert convo.files() == {}


def test_a_conversation_resumed_in_a_new_process_starts_again_what_was_cut_off(convo):
    run = convo.begin(claimed("a", "call-a"), launched("a"), claimed("b", "call-b"), closed("b"), background=True)
    tied_to(convo, GONE)
    answer = convo.tell("SessionStart-resume")
    assert heard(answer).startswith("Run k3f2 of /parallel-dispatch (a-run) is under way: 1 of 4 done.")
    assert offered(answer) == ["a", "c"]
    assert run.state().attempts["a"][0].outcome == "interrupted"
    assert conversation(convo.project, SESSION).host == os.getpid()


def test_a_resumed_conversation_takes_up_its_block_and_goes_on_to_the_end(newest):
    newest.begin(claimed("a", "call-a"), launched("a"), tasks={"a": ()}, background=True)
    tied_to(newest, GONE)
    assert offered(newest.tell("SessionStart-resume")) == ["a"]
    watcher = newest.launches("a")
    assert newest.attempt("a").number == 2
    assert is_swallowed(newest.ends("a"))
    assert watcher.end()[0] == 2
    assert "has ended. 1 of 1 tasks succeeded." in heard(newest.wakes())


def test_a_second_window_on_a_conversation_that_is_at_work_changes_nothing(convo):
    run = convo.begin(claimed("a", "call-a"), launched("a"), background=True)
    tied_to(convo, ALIVE)
    before = len(run.ledger.read())
    assert convo.tell("SessionStart-resume") is None
    assert len(run.ledger.read()) == before
    assert conversation(convo.project, SESSION).host == ALIVE


def test_a_conversation_that_comes_back_in_the_same_process_cuts_nothing_off(newest):
    run = newest.begin(claimed("a", "call-a"), launched("a"), background=True)
    assert "is under way" in heard(newest.tell("SessionStart-resume"))
    assert list(run.state().open) == ["a"]


def test_after_a_compaction_the_conversation_is_told_where_its_run_stands(convo):
    run = convo.begin(claimed("a", "call-a"), launched("a"), background=True, max_parallel=1)
    answer = convo.tell("SessionStart-compact")
    assert heard(answer).startswith("Run k3f2 of /parallel-dispatch (a-run) is under way: 0 of 4 done, 1 at work.")
    assert offered(answer) == []
    assert list(run.state().open) == ["a"]


def test_after_a_compaction_a_block_that_was_forgotten_is_offered_again(newest):
    newest.begin()
    newest.tell("Stop")
    assert offered(newest.tell("SessionStart-compact")) == ["a", "b", "c"]


def test_the_hosts_own_helpers_that_stop_in_a_compaction_are_no_agents_of_ours(newest):
    run = newest.begin()
    payload = newest.payload("SubagentStop", AGENT="a-helper") | {"agent_type": ""}
    assert newest.fire(payload) is None
    assert len(run.ledger.read()) == 1


def test_a_cleared_conversation_takes_its_run_along(convo):
    run = convo.begin(background=True)
    convo.launches("a", "b", "c")
    assert convo.tell("SessionEnd-clear") is None
    becomes(convo, OTHER)
    answer = tell(convo, "SessionStart-clear", OTHER)
    assert "is under way: 0 of 4 done, 3 at work." in heard(answer)
    assert [one.session for one in conversations(convo.project)] == [OTHER]
    assert read(run.folder.owner) == OTHER + "\n"
    assert len(run.state().open) == 3
    convo.writes("a")
    notified = tell(convo, "UserPromptSubmit-notification", OTHER, TASK="a", AGENT="agent-of-a", CALL="c", WORDS="w")
    assert is_swallowed(notified)
    assert convo.outcome("a") == ("success", "")


def test_a_cleared_conversation_of_another_process_takes_nothing_along(convo):
    run = convo.begin()
    tied_to(convo, ALIVE)
    becomes(convo, OTHER)
    assert tell(convo, "SessionStart-clear", OTHER) is None
    assert read(run.folder.owner) == SESSION + "\n"
    assert [one.session for one in conversations(convo.project)] == [SESSION]


@pytest.mark.parametrize("name", ["startup", "resume", "fork"])
def test_another_conversation_in_the_same_process_takes_nothing_along(newest, name):
    run = newest.begin()
    becomes(newest, OTHER)
    assert tell(newest, f"SessionStart-{name}", OTHER) is None
    assert read(run.folder.owner) == SESSION + "\n"
    assert [one.session for one in conversations(newest.project)] == [SESSION]


# --- forks --------------------------------------------------------------------------------------------------------


def test_a_fork_does_not_start_the_agents_of_the_run_once_more(convo):
    run = convo.begin()
    becomes(convo, OTHER)
    answer = convo.calls("a")
    assert answer["permissionDecision"] == "deny"
    assert "run k3f2 is not driven by this conversation" in answer["permissionDecisionReason"]
    assert "`/parallel-dispatch resume k3f2` takes it over" in answer["permissionDecisionReason"]
    assert len(run.ledger.read()) == 1


@pytest.mark.parametrize("prompt", ["Look around.", "pd:", "pd:zzzz/a do it", "What is pd:k3f2/a?", "", None])
def test_an_agent_that_is_not_of_a_run_is_none_of_ours(newest, prompt):
    newest.begin()
    becomes(newest, OTHER)
    payload = newest.payload("PreToolUse-Agent", TASK="a", CALL="c")
    payload["tool_input"]["prompt"] = prompt
    assert newest.fire(payload) is None


def test_a_run_without_hooks_may_be_driven_from_any_conversation(newest):
    newest.begin(driver="cli")
    becomes(newest, OTHER)
    assert newest.calls("a") is None


def test_a_fork_hears_nothing_of_its_own_prompts(newest):
    newest.begin(claimed("a", "call-a"), launched("a"), background=True)
    becomes(newest, OTHER)
    assert (
        tell(newest, "UserPromptSubmit-notification", OTHER, TASK="a", AGENT="agent-of-a", CALL="c", WORDS="w") is None
    )
    assert tell(newest, "Stop", OTHER) is None


# --- the end of a conversation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["other", "prompt_input_exit"])
def test_a_conversation_that_ends_in_the_middle_leaves_its_run_to_be_resumed(convo, reason):
    run = convo.begin(claimed("a", "call-a"), launched("a"), background=True)
    assert convo.tell(f"SessionEnd-{reason}") is None
    assert convo.is_active
    assert list(run.state().open) == ["a"]


def test_a_conversation_that_ends_after_its_run_leaves_nothing(convo):
    convo.begin(event("finished"), event("told"))
    assert convo.tell("SessionEnd-other") is None
    assert not convo.is_active


def test_a_run_whose_end_nobody_was_told_has_its_report_when_the_conversation_ends(convo):
    run = convo.begin(claimed("a", "call-a"), launched("a"), closed("a"), tasks={"a": ()}, background=True)
    assert "1 of 1 tasks succeeded." in convo.tell("SessionEnd-other")["systemMessage"]
    assert os.path.exists(run.folder.report)


# --- runs that another conversation took over ---------------------------------------------------------------------


@pytest.fixture
def taken_over(newest):
    """A conversation with an agent at work, whose run another one drives by now."""
    newest.begin(background=True)
    newest.launches("a")
    newest.run.ledger.append("interrupted")
    write(newest.run.folder.owner, OTHER + "\n")
    return newest


def test_a_conversation_whose_run_was_taken_over_is_told_once_with_the_next_prompt(taken_over):
    def says(text):
        return taken_over.fire(taken_over.payload("UserPromptSubmit") | {"prompt": text})

    before = len(taken_over.run.ledger.read())
    assert says("Go on.") == {
        "systemMessage": "parallel-dispatch: run k3f2 goes on in another conversation, not in this one."
    }
    assert not taken_over.is_active
    assert says("Go on.") is None
    assert len(taken_over.run.ledger.read()) == before


def test_a_notification_of_a_run_that_was_taken_over_is_swallowed_and_changes_nothing(taken_over):
    before = len(taken_over.run.ledger.read())
    answer = taken_over.notifies("a")
    assert is_swallowed(answer)
    assert "goes on in another conversation" in answer["reason"]
    assert len(taken_over.run.ledger.read()) == before
    assert taken_over.is_active


def test_the_agents_of_a_conversation_whose_run_was_taken_over_end_at_their_next_tool_call(taken_over):
    payload = taken_over.payload("PreToolUse-Write", AGENT="agent-of-a", FILE=taken_over.output("a"), CALL="toolu_w")
    assert taken_over.fire(payload)["continue"] is False


def test_a_conversation_whose_run_was_taken_over_starts_none_of_its_agents(taken_over):
    before = len(taken_over.run.ledger.read())
    answer = taken_over.calls("b")
    assert answer["permissionDecision"] == "deny"
    assert "goes on in another conversation" in answer["permissionDecisionReason"]
    assert taken_over.calls("b", prompt="Look around.") is None
    assert len(taken_over.run.ledger.read()) == before


@pytest.mark.parametrize("name", ["Stop", "PostToolBatch", "SessionStart-compact", "SessionEnd-other"])
def test_other_events_of_a_conversation_whose_run_was_taken_over_change_nothing(taken_over, name):
    before = len(taken_over.run.ledger.read())
    assert taken_over.tell(name) is None
    assert len(taken_over.run.ledger.read()) == before


def test_what_a_conversation_resumed_the_one_before_it_hears_of(newest):
    run = newest.begin(claimed("a", "call-a"), launched("a"), background=True)
    tied_to(newest, GONE)
    becomes(newest, OTHER)
    answer = newest.fire(newest.payload("UserPromptExpansion") | {"command_args": "resume", "session_id": OTHER})
    assert offered(answer) == ["a", "b", "c"]
    assert read(run.folder.owner) == OTHER + "\n"
    becomes(newest, SESSION)
    assert newest.tell("SessionStart-resume") is None
    answer = newest.fire(newest.payload("UserPromptSubmit") | {"prompt": "Where were we?"})
    assert "goes on in another conversation" in answer["systemMessage"]
    assert [one.session for one in conversations(newest.project)] == [OTHER]


def test_a_conversation_that_lost_its_run_does_not_take_it_back_when_it_is_cleared(newest):
    run = newest.begin(background=True)
    write(run.folder.owner, "another conversation\n")
    write(active_file(newest.project, "another conversation"), f"{run.folder.path}\n{ALIVE}\n")
    becomes(newest, OTHER)
    tell(newest, "SessionStart-clear", OTHER)
    assert read(run.folder.owner) == "another conversation\n"
    assert conversation(newest.project, "another conversation")


def test_a_process_that_has_the_number_of_a_host_that_is_gone_is_not_that_host(newest):
    run = newest.begin(claimed("a", "call-a"), launched("a"), background=True)
    path = active_file(newest.project, SESSION)
    lines = read(path).splitlines()
    assert conversation(newest.project, SESSION).is_alive
    write(path, "\n".join([*lines[:2], "1", ""]))
    assert not conversation(newest.project, SESSION).is_alive
    assert "is under way" in heard(newest.tell("SessionStart-resume"))
    assert list(run.state().open) == []
