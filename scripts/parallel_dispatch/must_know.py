"""What a reader of a report must know, told from its values: what, with which consequence, and what to do about it.

Pure. The loudest stands first; what came of one cause is told once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Values = dict[str, Any]
LONGEST = 400
"""How many characters of a reason are told here; the whole stands with its task."""
NAMED = 10
"""How many tasks or files a line names."""
APART = 20
"""So many failed tasks are told one by one."""
LOST, FINE = ("failed", "skipped", "cancelled", "open"), ("success", "not needed")


def must_know(values: Values) -> list[Values]:
    """The problems of a run; none where all went as planned and was measured."""
    parts = (_end, _failed, _unfinished, _integrator, _aggregate, _strays, _changed, _rewritten, _serial)
    return [problem for part in (*parts, _again, _unmeasured) for problem in part(values)]


def _problem(what: str, consequence: str, do: str, tasks: Sequence[str] = ()) -> Values:
    return {"what": what, "consequence": consequence, "do": do, "tasks": list(tasks)}


def not_joined(why: str) -> Values:
    """The problem of a run whose outputs could not be joined."""
    return _problem(
        f"The findings of the outputs could not be joined: {short(why)}.",
        "This report lists none of them, and no conflict between them.",
        "Read the outputs themselves.",
    )


def _end(values: Values) -> Iterator[Values]:
    """How the run itself ended, where that was not by having nothing left to do."""
    run = values["run"]
    undone = [task["id"] for task in values["tasks"] if task["outcome"] in ("cancelled", "open")]
    skipped = _skipped(values, undone)
    left = f"Not done for that: {named(undone)}." if undone else "All its tasks had begun by then."
    left += f" Skipped for want of these: {named(skipped)}." if skipped else ""
    tasks = [*undone, *skipped]
    if run["ended"] == "cancelled":
        yield _problem("The run was cancelled before it had finished.", left, _resume(values), tasks)
    elif run["halted"].startswith("paused"):
        do = f"When the limit is over, {_resume(values, low=True)}"
        yield _problem(f"The run was {short(run['halted'])}.", left, do, tasks)
    elif run["halted"]:
        yield _problem(f"The run was {short(run['halted'])}.", left, _resume(values), tasks)
    elif run["cut_short"]:
        do = f"Raise that limit in the task file, if what is missing is worth it; then {_resume(values, low=True)}"
        yield _problem(f"Not every task was dispatched: {short(run['cut_short'])}.", left, do, tasks)
    elif run["status"] == "open":
        do = "See how it stands with: parallel-dispatch status. If nobody drives it any more, "
        what = "The run had not ended when this report was written."
        yield _problem(what, left, do + _resume(values, low=True), tasks)


def _failed(values: Values) -> Iterator[Values]:
    """Every failed task, with those that were skipped for it; many that failed in one way are told together."""
    ways: dict[str, list[Values]] = {}
    skipped_for = _skipped_for(values["tasks"])
    for task in values["tasks"]:
        if task["outcome"] == "failed":
            alone = skipped_for.get(task["id"]) or not task["reason"]
            ways.setdefault(task["id"] if alone else _way(task), []).append(task)
    groups = [group for found in ways.values() for group in ([found] if len(found) > 2 else [[one] for one in found])]
    groups.sort(key=lambda group: -sum(1 + len(skipped_for.get(task["id"], [])) for task in group))
    for group in groups[:APART]:
        yield _one_failed(values, group[0], skipped_for) if len(group) == 1 else _alike(values, group)
    rest = [task["id"] for group in groups[APART:] for task in group]
    if rest:
        skipped = _skipped(values, rest)
        lost = f"Their outputs are missing{f', and these were skipped for them: {named(skipped)}' if skipped else ''}."
        what = f"{_count(len(rest), 'more task')} failed: {named(rest)}."
        yield _problem(what, lost, _resume(values), [*rest, *skipped])


def _one_failed(values: Values, task: Values, skipped_for: dict[str, list[str]]) -> Values:
    skipped = skipped_for.get(task["id"], [])
    tries = len(task["attempts"])
    after = f" after {tries} attempts" if tries > 1 else ""
    why = f": {short(task['reason'])}" if task["reason"] else ""
    what = f"{task['id']} failed{after}{why}."
    return _problem(what, _loss(task, skipped), _mend(values, task), [task["id"], *skipped])


def _alike(values: Values, group: Sequence[Values]) -> Values:
    ids = [task["id"] for task in group]
    what = f"{len(ids)} tasks failed in one way ({_way(group[0])}): {named(ids)}."
    return _problem(what, "Their outputs do not count or are missing.", _mend(values, group[0]), ids)


def _way(task: Values) -> str:
    """What a task failed of, without what only it could: its own words, its id, its path."""
    general = task["reason"].partition("last words:")[0].rstrip("; ")
    for own in filter(None, (task["output"], task["id"])):
        general = general.replace(own, "…")
    return short(general)


def _loss(task: Values, skipped: Sequence[str]) -> str:
    """What is missing because of a failed task."""
    output = f" {task['output']}" if task["output"] else ""
    size = task["output_bytes"]
    lost = (
        f"Its output{output} is there with {size:,} bytes, but does not count."
        if size
        else f"Its output{output} is missing."
    )
    if not skipped:
        return f"{lost} No other task was skipped for it."
    count = f"{len(skipped)} task{'s were' if len(skipped) > 1 else ' was'}"
    theirs = "their outputs are missing, too" if len(skipped) > 1 else "its output is missing, too"
    return f"{lost} {count} skipped for it: {named(skipped)}; {theirs}."


def _mend(values: Values, task: Values) -> str:
    """What to do about a failed task."""
    read = [
        *([f"the agent's last words ({task['answer']})"] if task["answer"] else []),
        *([f"its brief ({task['brief']})"] if task["brief"] else []),
    ]
    first = f"Read {' and '.join(read)}, mend the cause; then " if read else "Mend the cause; then "
    return first + _resume(values, low=True)


def _resume(values: Values, *, low: bool = False) -> str:
    """How what is missing is made up for."""
    resume = values["run"]["resume"].replace("`", "")
    if values["run"]["rehearsal"]:
        text = "Rehearse the task file again; a rehearsal cannot be resumed."
    elif resume:
        text = f"{resume} runs what is missing; what succeeded stays."
    else:
        text = "Resume the run: what is missing runs, what succeeded stays."
    return text[0].lower() + text[1:] if low else text


def _skipped_for(tasks: Sequence[Values]) -> dict[str, list[str]]:
    """The tasks that were skipped for each one that did not succeed, also by way of others."""
    outcomes = {task["id"]: task["outcome"] for task in tasks}
    causes: dict[str, list[str]] = {}
    found: dict[str, list[str]] = {}
    for task in sorted(tasks, key=lambda one: one["wave"]):
        if task["outcome"] != "skipped":
            continue
        lost = [d for d in task["dependencies"] if outcomes.get(d, "") not in FINE]
        roots = dict.fromkeys(root for d in lost for root in causes.get(d, [d]))
        causes[task["id"]] = list(roots)
        for root in roots:
            found.setdefault(root, []).append(task["id"])
    return found


def _skipped(values: Values, tasks: Sequence[str]) -> list[str]:
    """The tasks that were skipped for any of some."""
    found = _skipped_for(values["tasks"])
    return list(dict.fromkeys(skipped for task in tasks for skipped in found.get(task, [])))


def _unfinished(values: Values) -> Iterator[Values]:
    """Tasks that were cancelled, where the run's own end does not say it."""
    run = values["run"]
    told = run["ended"] == "cancelled" or run["halted"] or run["cut_short"] or run["status"] == "open"
    cancelled = [] if told else [task["id"] for task in values["tasks"] if task["outcome"] == "cancelled"]
    if cancelled:
        skipped = _skipped(values, cancelled)
        also = f" Skipped for that: {named(skipped)}." if skipped else ""
        what = f"{named(cancelled)} {'were' if len(cancelled) > 1 else 'was'} cancelled."
        lost = f"{'Their outputs are' if len(cancelled) > 1 else 'Its output is'} missing.{also}"
        yield _problem(what, lost, _resume(values), [*cancelled, *skipped])


def _integrator(values: Values) -> Iterator[Values]:
    """What the task that joined the others' findings lost or changed."""
    found: Values = (values["aggregate"] or {}).get("integrator") or {}
    alarms = found.get("alarms")
    if not alarms:
        return
    kinds: dict[str, list[str]] = {}
    for alarm in alarms:
        kinds.setdefault(alarm["kind"], []).append(alarm["finding"])
    what = "; ".join(f"{kind}: {named(list(dict.fromkeys(which)))}" for kind, which in kinds.items())
    yield _problem(
        f"The integrator {found['task']} did not keep all findings ({what}).",
        "Its output is not the whole of what the other tasks found: do not rely on it alone.",
        "Read these findings in this report, where they stand as they were found, and correct its output by them.",
        [found["task"]],
    )


def _aggregate(values: Values) -> Iterator[Values]:
    """Outputs that are not in the aggregate, and what code could not decide."""
    found = values["aggregate"] or {}
    absent = [*found.get("unread", []), *found.get("missing", [])]
    if absent:
        yield _problem(
            f"The findings of {named([one['task'] for one in absent])} are not in the aggregate.",
            "What these tasks found, if anything, is in none of the lists and counts below.",
            "Read their outputs yourself, where there are any: " + short("; ".join(_why(one) for one in absent)) + ".",
            [one["task"] for one in absent],
        )
    conflicts = [one for one in found.get("conflicts", []) if not one.get("decided") and one.get("kind") != "value"]
    if conflicts:
        yield _problem(
            f"{_count(len(conflicts), 'conflict')} between findings {'are' if len(conflicts) > 1 else 'is'} undecided.",
            "The tasks contradict each other, and no rule says who is right.",
            f"Decide by hand: {named([short(str(one.get('subject')), 80) for one in conflicts])}.",
        )
    ties = [one for one in found.get("consensus", []) if one.get("tie") or one.get("result") is None]
    if ties:
        yield _problem(
            f"No consensus on {named([short(str(one.get('subject')), 80) for one in ties])}.",
            "The tasks gave different values, and none reached the quorum.",
            "Decide by hand; the counts and who dissents are listed below.",
        )


def _why(one: Values) -> str:
    return f"{one['task']}: {one['why']}" if one.get("why") else str(one["task"])


def _strays(values: Values) -> Iterator[Values]:
    """Files that somebody changed who had no business there."""
    strays = values["strays"]
    if not strays:
        return
    paths = [f"{found['path']} ({found['how']})" for found in strays if found["path"]]
    tasks = list(dict.fromkeys(task for found in strays for task in found["tasks"]))
    which = f": {named(paths)}" if paths else ""
    by_name = all(found["named"] for found in strays)
    at_work = f" {'Their commands name them' if by_name else 'At work then'}: {named(tasks)}." if tasks else ""
    yield _problem(
        f"{_count(len(strays), 'file')} changed outside of every write scope{which}.",
        f"Nothing was undone: work of yours or of another task may be lost or altered.{at_work}",
        "Compare them with what you had (git diff) and put back what nobody was to change; a task that needs one of "
        "them gets a write scope (writes) in the task file.",
        tasks,
    )


def _changed(values: Values) -> Iterator[Values]:
    """Outputs that are not any more what their agents left."""
    for how, is_there in (("Changed", True), ("Removed", False)):
        changed = [t for t in values["tasks"] if t["changed"] and (t["output_bytes"] is not None) == is_there]
        if not changed:
            continue
        outputs = [task["output"] or task["id"] for task in changed]
        ids = [task["id"] for task in changed]
        built = [t["id"] for t in values["tasks"] if t["outcome"] == "success" and set(t["dependencies"]) & set(ids)]
        on = f" {named(built)} built on what was there before." if built else ""
        what = "What lies there now is not what" if is_there else "Nothing lies there now; it"
        yield _problem(
            f"{how} since its agent ended: {named(outputs)}.",
            f"{what} was judged and counted as a success.{on}",
            f"Check who {how.lower()} it, before anything that builds on it is resumed. "
            f"To have it done anew, {_anew(values)}",
            ids,
        )


def _anew(values: Values) -> str:
    """How what is done is done again."""
    if values["run"]["rehearsal"]:
        return "rehearse the task file again."
    return "see that the file is gone and resume the run: the task and what builds on it run again."


def _rewritten(values: Values) -> Iterator[Values]:
    """Agents that did not get their briefs."""
    tasks = [task["id"] for task in values["tasks"] if task["rewritten"]]
    if tasks:
        yield _problem(
            f"Another plugin or setting changed the calls of {named(tasks)}.",
            "Their agents got other words than their briefs, and may have done something else.",
            "Find it with: parallel-dispatch doctor. Read these outputs with care.",
            tasks,
        )


def _serial(values: Values) -> Iterator[Values]:
    """Batches that ran one by one."""
    overlap = values["summary"]["overlap"]
    for batch in overlap["serial_batches"][:NAMED] if overlap else []:
        seconds = {task["id"]: task["seconds"] or 0.0 for task in values["tasks"]}
        saved = sum(seconds[task] for task in batch["tasks"]) - max(seconds[task] for task in batch["tasks"])
        yield _problem(
            f"RAN ONE BY ONE: {named(batch['tasks'])} could have run in parallel; {batch['why']}.",
            f"The run took up to {saved:.1f}s longer than it had to.",
            "Nothing is wrong with the outputs. If it happens again, see that the whole dispatch block is sent in ONE "
            "message, and that the host lets more than one agent run at once.",
            batch["tasks"],
        )


def _again(values: Values) -> Iterator[Values]:
    """What succeeded only at another try."""
    again = [t for t in values["tasks"] if t["outcome"] == "success" and len(t["attempts"]) > 1]
    if again:
        lost = sum(one["seconds"] or 0.0 for task in again for one in task["attempts"][:-1])
        reasons = [_try(task) for task in again]
        yield _problem(
            f"Succeeded only after more than one attempt: {'; '.join(reasons[:NAMED])}"
            f"{f'; and {len(reasons) - NAMED} more' if len(reasons) > NAMED else ''}.",
            f"The outputs are good. The attempts before took {lost:.1f}s in all.",
            "Nothing, unless it happens again: then make the prompt or the contract plainer, or the timeout longer."
            if any(one["outcome"] == "failed" for task in again for one in task["attempts"])
            else "Nothing: these were cut off or not served, and no try was spent on that.",
            [task["id"] for task in again],
        )


def _try(task: Values) -> str:
    reason = task["attempts"][-2]["reason"]
    return f"{task['id']} ({len(task['attempts'])} attempts{f'; before: {short(reason, 200)}' if reason else ''})"


def _unmeasured(values: Values) -> Iterator[Values]:
    """What nobody measured."""
    summary = values["summary"]
    tried = [task for task in values["tasks"] if task["attempts"]]
    no_times = [task["id"] for task in tried if task["seconds"] is None and task["outcome"] != "open"]
    no_tokens = [t["id"] for t in tried if any(one["tokens"] is None for one in t["attempts"])]
    if values["run"]["driver"] == "cli" and tried:
        yield _problem(
            "Times and tokens were not measured: the run was driven without hooks.",
            "There is no total time, no speedup and no token count for what its agents did.",
            "Switch the plugin's hooks on, if you want these figures.",
        )
        return
    if no_times:
        yield _problem(
            f"Times of {named(no_times)} were not measured.",
            "Total time, speedup and efficiency leave them out.",
            "Nothing: what is not measured is not guessed.",
            no_times,
        )
    if no_tokens:
        some = "The sums leave out their tokens" if summary["tokens"] else "There are no token sums"
        yield _problem(
            f"Tokens of {named(no_tokens)} were not measured: their transcripts were not found.",
            f"{some}, and no saving is estimated.",
            "Nothing, unless you moved or removed the transcripts.",
            no_tokens,
        )
    if values["gaps"]:
        yield _problem(
            f"Changes outside of write scopes could not be looked for: {short('; '.join(values['gaps']))}.",
            "Files may have been changed by tasks that were not to, unseen.",
            "Look at the project yourself (git status).",
        )


def named(words: Sequence[str]) -> str:
    """Some names, no more than fit in a line."""
    more = len(words) - NAMED
    return ", ".join(words[:NAMED]) + (f" and {more} more" if more > 0 else "")


def short(text: str, longest: int = LONGEST) -> str:
    """The beginning of a text on one line, without a full stop."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s'[: number != 1]}"
