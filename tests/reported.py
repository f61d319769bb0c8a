"""Runs as `report.json` tells them: a review with everything that can go wrong, and one of any number of tasks."""

from __future__ import annotations

import copy
import random
from typing import Any

from parallel_dispatch.page_texts import Excerpt


def used(total: int) -> dict[str, int]:
    """So many tokens in all, most of them from the cache."""
    input_, written, output = total // 40, total // 8, total // 20
    return {
        "input": input_,
        "cached": total - input_ - written - output,
        "cache_written": written,
        "output": output,
        "total": total,
    }


REASON = "its output lacks the section Findings, and it was sent back twice"


def task(name: str, **more: Any) -> dict[str, Any]:
    """A task that succeeded at once."""
    start, seconds = more.pop("start", 0.4), more.pop("seconds", 30.0)
    queued = more.pop("queued", 0.0)
    ended = None if start is None else round(start + seconds, 3)
    attempt = {"number": 1, "outcome": "success", "reason": "", "queued": queued, "claimed": start}
    attempt |= {
        "start": start,
        "end": ended,
        "seconds": seconds,
        "sent_back": 0,
        "tokens": used(41_210),
        "tool_uses": 9,
    }
    made = {
        "id": name,
        "agent": "code-reviewer",
        "subagent_type": "general-purpose",
        "title": "",
        "wave": 1,
        "description": "",
        "outcome": "success",
        "reason": "",
        "dependencies": [],
        "critical": False,
        "output": f"out/{name}.md",
        "output_bytes": 4_812,
        "changed": False,
        "rewritten": False,
        "writes": [],
        "contract": ["has the section Findings", "has at least 200 bytes"],
        "estimate": 45.0,
        "wait": 0,
        "start": start,
        "end": ended,
        "seconds": seconds,
        "tokens": used(41_210),
        "tool_uses": 9,
        "models": ["opus"],
        "brief": f".parallel-dispatch/runs/k3f2/briefs/{name}.md",
        "answer": None,
        "attempts": [{**attempt, "model": "opus"}],
        "events": [
            {"at": queued, "what": "ready", "text": "everything it needs has ended"},
            {"at": start, "what": "started", "text": "attempt 1"},
            {"at": ended, "what": "ended", "text": "attempt 1, success"},
        ],
    }
    return {**made, **more}


def attempt(number: int, outcome: str, queued: float, start: float, end: float, **more: Any) -> dict[str, Any]:
    """One attempt of a task."""
    made = {"number": number, "outcome": outcome, "reason": "", "queued": queued, "claimed": start, "start": start}
    made |= {"end": end, "seconds": round(end - start, 3), "sent_back": 0, "tokens": used(20_400), "tool_uses": 6}
    return {**made, "model": "opus", **more}


def finding(
    number: int, severity: str, path: str, line: int, title: str, sources: list[str], **more: Any
) -> dict[str, Any]:
    """A finding of the aggregate."""
    made = {"id": f"F{number}", "severity": severity, "path": path, "line": line, "last_line": line, "title": title}
    made |= {"details": "", "fix": "", "category": "", "sources": sources, "agreement": len(sources)}
    return {**made, **more}


def source(name: str, severity: str, path: str, line: int, title: str) -> dict[str, Any]:
    """A finding as an output told it."""
    made = {
        "id": name,
        "task": name.split("/", maxsplit=1)[0],
        "severity": severity,
        "path": path,
        "line": line,
        "last_line": line,
    }
    return {**made, "title": title, "details": "", "fix": "", "category": "", "at": 7}


def review() -> dict[str, Any]:
    """A review of ten tasks: one failed for good, one was tried again, two did not run, a finding was lost."""
    tasks = [
        task("map-the-code", seconds=18.2, agent="explorer", title="What is where"),
        task("security", start=18.9, seconds=61.4, queued=18.6, dependencies=["map-the-code"], wave=2, critical=True),
        task("performance", start=19.0, seconds=38.0, queued=18.6, dependencies=["map-the-code"], wave=2),
        task("style", start=19.1, seconds=22.6, queued=18.6, dependencies=["map-the-code"], wave=2),
        task("tests", start=42.0, seconds=30.9, queued=18.6, dependencies=["map-the-code"], wave=2),
        task("api", start=57.6, seconds=20.2, queued=18.6, dependencies=["map-the-code"], wave=2),
        task("dependencies", start=73.4, seconds=25.0, queued=18.6, dependencies=["map-the-code"], wave=2),
        task("licences", start=None, seconds=0, queued=None, dependencies=["dependencies"], wave=3),
        task("follow-up", start=None, seconds=0, queued=None, dependencies=["performance"], wave=3),
        task("merge", start=100.2, seconds=31.0, queued=99.4, wave=3, agent="integrator", critical=True),
    ]
    named = {one["id"]: one for one in tasks}
    named["map-the-code"]["critical"] = True
    named["merge"]["dependencies"] = ["security", "performance", "style", "tests", "api", "dependencies"]
    named["performance"] |= {
        "outcome": "failed",
        "reason": REASON,
        "seconds": 68.9,
        "end": 98.5,
        "tokens": used(61_300),
    }
    named["performance"]["attempts"] = [
        attempt(1, "failed", 18.6, 19.0, 57.0, reason="it ended without its output", sent_back=2),
        attempt(2, "failed", 58.0, 67.6, 98.5, reason=REASON, sent_back=2),
    ]
    named["performance"]["events"] = [
        {"at": 18.6, "what": "ready", "text": "everything it needs has ended"},
        {"at": 19.0, "what": "started", "text": "attempt 1"},
        {"at": 41.3, "what": "sent back", "text": "out/performance.md is not there"},
        {"at": 57.0, "what": "ended", "text": "attempt 1, failed: it ended without its output"},
        {"at": 67.6, "what": "started", "text": "attempt 2"},
        {"at": 98.5, "what": "ended", "text": f"attempt 2, failed: {REASON}"},
    ]
    named["tests"]["attempts"] = [
        attempt(1, "failed", 18.6, 42.0, 49.5, reason="the host returned an error: overloaded"),
        attempt(2, "success", 49.5, 51.5, 72.9, sent_back=1),
    ]
    named["api"] |= {"outcome": "partial", "reason": "its output has 140 of at least 200 bytes"}
    named["api"]["attempts"][0] |= {"outcome": "partial"}
    for name, outcome, reason in (
        ("licences", "cancelled", "the budget of 600,000 tokens was used up"),
        ("follow-up", "skipped", "performance failed"),
    ):
        named[name] |= {"outcome": outcome, "reason": reason, "end": None, "seconds": None, "tokens": None}
        named[name] |= {"tool_uses": None, "models": [], "attempts": [], "output_bytes": None, "events": []}
    named["style"]["changed"] = True
    named["security"]["writes"] = ["out/security.md"]
    return {
        "format": 1,
        "version": "0.1.0",
        "run": {
            "id": "k3f2",
            "name": "checkout-review",
            "description": "Review of the checkout before the release",
            "status": "partial",
            "ended": "finished",
            "cut_short": "the budget of 600,000 tokens was used up",
            "halted": "",
            "shared": False,
            "budget": "",
            "max_minutes": None,
            "max_tokens": 600_000,
            "rehearsal": False,
            "driver": "hooks",
            "started": "2026-03-14T09:26:53.589Z",
            "finished": "2026-03-14T09:29:04.789Z",
            "task_file": "reviews/checkout.yaml",
            "output_dir": "out",
            "folder": ".parallel-dispatch/runs/checkout-review-20260314T092653-k3f2",
            "max_parallel": 4,
            "timeout": 120.0,
            "on_failure": "retry",
            "order": "rolling",
            "dispatch": "background",
            "resumptions": ["map-the-code was kept; security, performance and 7 more ran again"],
            "resume": "`/parallel-dispatch resume k3f2` in Claude Code",
        },
        "summary": {
            "tasks": 10,
            "succeeded": 6,
            "partial": 1,
            "failed": 1,
            "skipped": 1,
            "cancelled": 1,
            "not_needed": 0,
            "open": 0,
            "makespan": 130.8,
            "work": 258.2,
            "speedup": 1.974,
            "efficiency": 0.4935,
            "bound": 2.336,
            "critical_path": ["map-the-code", "security", "merge"],
            "critical_seconds": 110.6,
            "attempts": 10,
            "sent_back": 5,
            "retries": 2,
            "tool_uses": 79,
            "unneeded_tokens": 0,
            "tokens": {"input": 9_120, "cached": 301_440, "cache_written": 44_800, "output": 18_310, "total": 373_670},
            "overlap": {
                "most": 4,
                "average": 1.97,
                "profile": [
                    *([0.4, 1], [18.6, 0], [18.9, 1], [19.0, 2], [19.1, 3], [41.7, 2], [42.0, 3], [49.5, 2], [51.5, 3]),
                    *([57.0, 2], [57.6, 3], [67.6, 4], [72.9, 3], [73.4, 4], [77.8, 3], [80.3, 2], [98.4, 1]),
                    *([98.5, 0], [100.2, 1], [131.2, 0]),
                ],
                "serial_batches": [],
            },
            "conversation": {"turns": 4, "tokens_at_start": 16_020, "tokens_at_end": 19_870, "growth": 3_850},
            "saving": {"tokens": 254_000, "method": "what the agents read and wrote, less what came back"},
            "cost": None,
        },
        "waves": [
            {"number": 1, "tasks": ["map-the-code"], "start": 0.4, "end": 18.6, "seconds": 18.2, "work": 18.2}
            | {"tokens": used(41_210), "status": "complete"},
            {"number": 2, "tasks": ["security", "performance", "style", "tests", "api", "dependencies"], "start": 18.9}
            | {"end": 98.5, "seconds": 79.6, "work": 198.1, "tokens": used(267_350), "status": "failed"},
            {"number": 3, "tasks": ["licences", "follow-up", "merge"], "start": 100.2, "end": 131.2, "seconds": 31.0}
            | {"work": 31.0, "tokens": used(41_210), "status": "partial"},
        ],
        "tasks": tasks,
        "strays": [
            {"path": "src/pay/charge.py", "how": "changed", "tasks": ["security", "style"], "named": True, "owner": ""}
        ],
        "gaps": ["src/vendor could not be read"],
        "aggregate": _aggregate(),
        "problems": [
            {
                "what": "performance failed twice: " + REASON + ".",
                "consequence": "Nothing is known of the checkout's performance, and follow-up did not run.",
                "do": "Read its answer, mend its prompt, then `/parallel-dispatch resume k3f2`.",
                "tasks": ["performance", "follow-up"],
            },
            {
                "what": "The integrator lost 1 finding: security/3.",
                "consequence": "A high finding is not in the merged list below, and was added to it again.",
                "do": "Read F9 beside the merged text.",
                "tasks": ["merge", "security"],
            },
            {
                "what": "1 task was not dispatched: the budget of 600,000 tokens was used up.",
                "consequence": "The licences were not looked at.",
                "do": "Raise settings.max_tokens, then `/parallel-dispatch resume k3f2`.",
                "tasks": ["licences"],
            },
        ],
    }


def _aggregate() -> dict[str, Any]:
    sql = "The amount goes into the SQL text unescaped"
    charge, cart, view = "src/pay/charge.py", "src/cart/total.py", "src/views/checkout.tsx"
    return {
        "strategy": "integrator",
        "findings": [
            finding(1, "critical", charge, 42, sql, ["security/1", "api/2", "tests/3"], category="injection")
            | {"fix": "Bind it as a parameter.", "details": "Any buyer can write into the orders table."},
            finding(2, "high", charge, 118, "A refund is not idempotent: a retry pays twice", ["api/1", "security/2"])
            | {"last_line": 131, "fix": "Send an idempotency key with each refund."},
            finding(3, "high", "src/pay/session.py", 12, "The session cookie has no SameSite", ["security/4"])
            | {"fix": "Set SameSite=Lax."},
            finding(4, "medium", cart, 77, "Totals are rounded for each line, not once", ["tests/1"])
            | {"details": "Baskets of more than 12 lines can be off by a cent.", "fix": "Round the sum."},
            finding(5, "medium", cart, 80, "Rounding differs from the invoice", ["api/3"]),
            finding(
                6, "medium", view, 210, "The pay button stays active while the request runs", ["style/2", "tests/2"]
            )
            | {"fix": "Disable it, and give it aria-busy."},
            finding(7, "low", view, 14, "Two components have the same name", ["style/1"]),
            finding(8, "info", "", 0, "The module has no owner in CODEOWNERS", ["style/3"]),
            finding(9, "high", "src/pay/webhook.py", 9, "The webhook accepts unsigned events", ["security/3"])
            | {"fix": "Verify the signature before parsing."},
        ],
        "sources": [
            source("security/1", "critical", charge, 42, sql),
            source("api/2", "high", charge, 42, "SQL is put together from strings"),
            source("tests/3", "critical", charge, 42, "No test for quotes in amounts; the query breaks on one"),
            source("security/2", "high", charge, 120, "Refunds can be paid twice"),
            source("api/1", "high", charge, 118, "A refund is not idempotent: a retry pays twice"),
            source("security/3", "high", "src/pay/webhook.py", 9, "The webhook accepts unsigned events"),
        ],
        "possibly_same": [{"findings": ["F4", "F5"], "why": "the same file, 3 lines apart, both about rounding"}],
        "conflicts": [
            {
                "kind": "severity",
                "subject": "src/pay/charge.py:42",
                "decided": "critical",
                "sides": [
                    {"value": "critical", "findings": ["security/1", "tests/3"]},
                    {"value": "high", "findings": ["api/2"]},
                ],
                "rule": "the worst severity of those folded together",
            }
        ],
        "consensus": [
            {
                "subject": "Ship the release?",
                "result": "no",
                "quorum": 3,
                "tie": False,
                "dissent": ["style"],
                "counts": [
                    {"value": "no", "tasks": ["security", "api", "tests"]},
                    {"value": "yes", "tasks": ["style"]},
                ],
            }
        ],
        "priority": {"primary": "security", "supporting": ["api", "tests"], "rule": "security before all others"},
        "unread": [{"task": "dependencies", "why": "it has no section Findings"}],
        "missing": [
            {"task": "performance", "why": "it failed"},
            {"task": "licences", "why": "it was cancelled"},
        ],
        "integrator": {
            "task": "merge",
            "sent_back": 1,
            "summary": True,
            "alarms": [
                {"finding": "security/3", "kind": "lost", "text": "it is neither cited nor in the table"},
                {"finding": "api/3", "kind": "changed", "text": "medium became low without a reason"},
            ],
            "dispositions": [
                {"finding": "security/1", "severity": "critical", "disposition": "kept", "judged": False},
                {"finding": "api/2", "severity": "high", "disposition": "merged with security/1", "judged": True},
                {"finding": "style/3", "severity": "info", "disposition": "kept", "judged": False},
            ],
        },
    }


def texts_of_review() -> dict[str, dict[str, Excerpt]]:
    """What the tasks of the review were told and wrote."""
    brief = "# Review the checkout\n\nOutput file: /project/out/security.md\n\n- ## Findings\n"
    output = "## Findings\n\n- [critical] src/pay/charge.py:42 - The amount goes into the SQL text unescaped.\n"
    told = {one["id"]: {"brief": Excerpt(brief, len(brief))} for one in review()["tasks"]}
    for name in ("map-the-code", "security", "style", "tests", "api", "dependencies", "merge"):
        told[name]["output"] = Excerpt(output * 12, len(output) * 12)
    told["performance"]["answer"] = Excerpt("I ran the profiler and found nothing. Done!", 43)
    return told


def crowd(size: int = 500, seed: int = 7) -> dict[str, Any]:
    """A run of many tasks in waves, some tried again, some failed, with findings."""
    rng = random.Random(seed)  # noqa: S311 - a sample that is always the same
    values = copy.deepcopy(review())
    lanes = [0.0] * 16
    tasks: list[dict[str, Any]] = []
    per_wave = max(1, size // 10)
    for number in range(size):
        wave = 1 + number // per_wave
        lane = min(range(len(lanes)), key=lanes.__getitem__)
        before = [one["id"] for one in tasks if one["wave"] == wave - 1]
        needs = sorted(rng.sample(before, min(len(before), rng.choice((1, 1, 2, 3)))))
        ready = max((one["end"] for one in tasks if one["id"] in needs), default=0.0)
        start = round(max(lanes[lane], ready) + rng.uniform(0.1, 1.0), 3)
        seconds = round(rng.lognormvariate(3.2, 0.5), 3)
        made = task(f"file-{number + 1:03}", start=start, seconds=seconds, queued=ready, wave=wave, dependencies=needs)
        if rng.random() < 0.05:
            again = attempt(
                2, "success" if rng.random() < 0.6 else "failed", 0, made["end"] + 2, made["end"] + 2 + seconds
            )
            made["attempts"][0] |= {"outcome": "failed", "reason": "it ended without its output"}
            made["attempts"].append(again)
            made |= {"end": again["end"], "seconds": seconds * 2, "outcome": again["outcome"]}
            made["reason"] = REASON if again["outcome"] == "failed" else ""
        lanes[lane] = made["end"]
        tasks.append(made)
    chain = [max(tasks, key=lambda one: one["end"])]
    named = {one["id"]: one for one in tasks}
    while chain[-1]["dependencies"]:
        chain.append(max((named[name] for name in chain[-1]["dependencies"]), key=lambda one: one["end"]))
    for one in chain:
        one["critical"] = True
    moments = sorted(
        (at, step) for one in tasks for a in one["attempts"] for at, step in ((a["start"], 1), (a["end"], -1))
    )
    running, profile = 0, []
    for at, step in moments:
        running += step
        profile.append([at, running])
    work, makespan = sum(one["seconds"] for one in tasks), max(one["end"] for one in tasks)
    failed = sum(one["outcome"] == "failed" for one in tasks)
    values["run"] |= {
        "name": "translate-the-manual",
        "description": f"{size} pages, one agent each",
        "max_parallel": 16,
    }
    values["summary"] |= {
        "tasks": size,
        "failed": failed,
        "succeeded": size - failed,
        "partial": 0,
        "skipped": 0,
        "cancelled": 0,
        "makespan": makespan,
        "work": work,
        "speedup": work / makespan,
        "efficiency": work / makespan / 16,
        "critical_path": [one["id"] for one in reversed(chain)],
        "attempts": sum(len(t["attempts"]) for t in tasks),
        "critical_seconds": sum(one["seconds"] for one in chain),
        "overlap": {"most": 16, "average": work / makespan, "profile": profile, "serial_batches": []},
    }
    values["tasks"] = tasks
    values["waves"] = []
    for wave in range(1, tasks[-1]["wave"] + 1):
        of = [one for one in tasks if one["wave"] == wave]
        start, end = min(one["start"] for one in of), max(one["end"] for one in of)
        made = {"number": wave, "tasks": [one["id"] for one in of], "start": start, "end": end, "seconds": end - start}
        made |= {"work": sum(one["seconds"] for one in of), "tokens": None, "status": "complete"}
        values["waves"].append(made)
    severities = ("critical", "high", "medium", "low", "info")
    values["aggregate"]["findings"] = [
        finding(
            at + 1,
            rng.choice(severities),
            f"docs/page-{at % 97}.md",
            at,
            f"The term no. {at} is not in the glossary",
            [],
        )
        | {"sources": [f"{rng.choice(tasks)['id']}/1"], "fix": "Take the glossary's word."}
        for at in range(size)
    ]
    values["aggregate"] |= {"sources": [], "possibly_same": [], "unread": [], "missing": [], "integrator": None}
    values["problems"] = []
    values["strays"] = []
    return values


def texts_of_crowd(values: dict[str, Any], size: int = 8_000) -> dict[str, dict[str, Excerpt]]:
    """A brief and an output of so many characters for each task."""
    text = ("The gate waits for the third signal before it opens, and what it lets through is counted.\n" * 100)[:size]
    return {one["id"]: {"brief": Excerpt(text[:2000], 2000), "output": Excerpt(text, size)} for one in values["tasks"]}
