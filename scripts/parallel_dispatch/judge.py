"""Whether an attempt did its task, told from files alone: what an agent says of itself counts for nothing."""

from __future__ import annotations

import itertools
import os

from .active import ActiveRun
from .bell import ENDED, ring
from .destinations import Destinations
from .places import open_file, read_text, write_whole
from .plan import Plan, PlannedTask
from .state import FAILED, SUCCESS, Attempt, State
from .transcript import last_tool_error

WORDS = 300
"""How many characters of an agent's last words, or of an error, go into a reason."""
MAX_FILES = 10_000
"""How many files a directory may hold that is an output."""
MAX_BYTES = 250_000_000
"""How large an output may be: it is hashed whenever its attempt, or one that builds on it, is closed."""
MAX_READ = 10_000_000
"""How large it may be where its content is looked into."""


def lacking(plan: Plan, task: PlannedTask) -> str:
    """What is wrong with a task's output, in one line or with a list below it; empty where it is there.

    An output counts when it holds at least one byte (a directory: one file that does). It is fresh by construction:
    what lay there before was moved away when the attempt was admitted.
    """
    shown = plan.shown(task.output)
    subject = f"its output directory {shown}" if task.is_folder else f"its output {shown}"
    try:
        absent = Destinations.astray(plan, task.output) or _absent(task)
        if absent:
            return f"{subject} {absent}"
        return _too_large(plan, task, subject) or _broken(task, subject)
    except OSError as error:
        return f"{subject} could not be read: {error.strerror}"


def _absent(task: PlannedTask) -> str:
    """Why what lies at an output's place is none at all; empty where it is one."""
    if os.path.islink(task.output.rstrip("/")):
        return "is a link, and nobody knows whose work it leads to"
    if not os.path.exists(task.output):
        return "does not exist"
    if task.is_folder:
        if len(_entries(task)) > MAX_FILES:
            return f"holds more than {MAX_FILES:,} files"
        return "" if output_files(task) else "holds no file with content"
    if os.path.isdir(task.output):
        return "is a directory, not a file"
    if not os.path.isfile(task.output):
        return "is no regular file"
    return "" if os.path.getsize(task.output) else "is empty"


def _too_large(plan: Plan, task: PlannedTask, subject: str) -> str:
    """How an output is larger than anybody looks through; empty where it is not."""
    is_read = task.contract or any(pattern.for_each["from"] == task.id for pattern in plan.patterns)
    size, most = sum(map(os.path.getsize, output_files(task))), MAX_READ if is_read else MAX_BYTES
    return f"{subject} has {size:,} bytes, more than {most:,}" if size > most else ""


def _broken(task: PlannedTask, subject: str) -> str:
    """How an output breaks its contract; empty where it has none or keeps it."""
    if not task.contract:
        return ""
    from .contract import breach

    files = output_files(task)
    how = breach(task.contract, [read_text(file) for file in files], sum(map(os.path.getsize, files)))
    schema = task.contract.get("json_schema")
    if schema:
        from .matching import mismatch

        how = " and ".join(filter(None, [how, mismatch(str(schema), task.output)]))
    return f"{subject} {how}" if how else ""


def in_one_line(lack: str) -> str:
    """What is wrong with an output, where it stands among other words."""
    return lack.replace(":\n- ", ": ", 1).replace("\n- ", "; ")


def take_draft(task: PlannedTask) -> None:
    """The draft, where there is one, put into the output's place; where that cannot be, the output lacks."""
    if task.draft != task.output and os.path.isfile(task.draft):
        try:  # noqa: SIM105 - a start of every hook would pay for contextlib
            os.replace(task.draft, task.output)
        except OSError:  # a directory is there, or nobody may write: the output lacks, and that is said
            pass


def output_files(task: PlannedTask) -> list[str]:
    """The files with content that a task's output consists of, sorted; a link is none of them."""
    found = _entries(task) if task.is_folder else [task.output]
    return sorted(path for path in found if not os.path.islink(path) and os.path.isfile(path) and os.path.getsize(path))


def _entries(task: PlannedTask) -> list[str]:
    """Whatever lies in an output directory and its folders, as far as anybody looks."""
    found = (os.path.join(folder, name) for folder, _, names in os.walk(task.output) for name in names)
    return list(itertools.islice(found, MAX_FILES + 1))


def fingerprint(task: PlannedTask) -> tuple[int, str]:
    """The size of an output in bytes and the SHA-256 of its content, file by file in sorted order, as far as it counts.

    What somebody made of it afterwards may have no end, or be for nobody to read.
    """
    import hashlib

    size, digest = 0, hashlib.sha256()
    try:
        for path in output_files(task):
            with open_file(path) as file:
                while size <= MAX_BYTES and (chunk := file.read(1 << 20)):
                    size += len(chunk)
                    digest.update(chunk)
    except OSError:
        digest.update(b"unreadable")
    return size, digest.hexdigest()


def built_on(state: State, attempt: Attempt) -> list[str]:
    """The dependencies whose outputs were there when an attempt began: all, where its task waits for all."""
    task = state.plan.tasks[attempt.task]
    if not (task.wait or task.goes_without):
        return task.dependencies
    ends = {d: state.attempts[d][-1].ended for d in task.dependencies if state.settled.get(d, ("",))[0] == SUCCESS}
    return [d for d, ended in ends.items() if ended is not None and ended <= attempt.claimed]


def inputs(state: State, attempt: Attempt) -> str:
    """The SHA-256 of the outputs that an attempt builds on; empty where it builds on none."""
    import hashlib

    digests = [fingerprint(state.plan.tasks[dependency])[1] for dependency in sorted(built_on(state, attempt))]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest() if digests else ""


def close(
    run: ActiveRun,
    attempt: Attempt,
    why: str = "",
    agent_id: str = "",
    transcript: str = "",
    otherwise: str = FAILED,
    *,
    abandoned: bool = False,
    thrown_back: bool = False,
) -> str:
    """The attempt closed by what lies on disk: a success, or `otherwise` because of `why`. The line that tells it.

    `abandoned` says that its agent may still be at work, `thrown_back` that a busy server did not serve it.
    """
    task = run.plan.tasks[attempt.task]
    take_draft(task)
    lack = lacking(run.plan, task)
    if lack and attempt.unfaithful:
        from .losses import take_back

        lack = lacking(run.plan, task) if take_back(run, task, attempt) else lack
    fields: dict[str, object] = {"agent_id": agent_id, "transcript": transcript}
    if lack:
        outcome = otherwise
        reason = _why_failed(lack, why, transcript or attempt.transcript) if outcome == FAILED else why
        line = f"{task.id}: {outcome}: {reason}"
    else:
        outcome, reason = SUCCESS, ""
        size, digest = fingerprint(task)
        fields.update(bytes=size, sha256=digest, inputs=inputs(run.state(), attempt))
        line = f"{task.id}: done, {size:,} bytes in {run.plan.shown(task.output)}"
    if abandoned:
        fields["abandoned"] = True
    if thrown_back and lack:
        fields["thrown_back"] = True
    if run.plan.max_tokens:
        from .usage import usage

        used = usage(transcript or attempt.transcript)
        fields["tokens"] = used.total if used else 0
    run.ledger.append("closed", task=task.id, attempt=attempt.number, outcome=outcome, reason=reason, **fields)
    if run.base.patterns:
        from .spreading import spread_ready

        spread_ready(run)
    agent_id = agent_id or attempt.agent_id
    run.call_off(agent_id, "its attempt is closed")
    if not abandoned:
        ring(run.folder.watcher(agent_id), ENDED)
    state = run.state()
    for other in state.open.values():
        run.call_off(other.agent_id, state.why_to_end(other.task))
    return line


def _why_failed(lack: str, why: str, transcript: str) -> str:
    error = last_tool_error(transcript)
    reasons = [in_one_line(lack), error and f"its last tool error: {brief_words(error)}", why and brief_words(why)]
    return "; ".join(part.rstrip(".") for part in reasons if part)


def keep_answer(run: ActiveRun, attempt: Attempt, words: object) -> None:
    """The agent's last words, kept in the run's folder the first time they are met."""
    path = run.folder.answer(attempt.task, attempt.number)
    if isinstance(words, str) and words and not os.path.exists(path):
        write_whole(path, words.rstrip("\n") + "\n")


def brief_words(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= WORDS else line[: WORDS - 1] + "…"
