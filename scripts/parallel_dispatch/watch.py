"""The watcher of one background agent: an asynchronous hook that waits beside it and can wake the main conversation.

It is started when the agent was launched. It wakes the conversation (exit code 2) when a hook that has something to say
rings, at the end of the agent's time, and when the host has lost the notification of an agent that ended; it leaves
quietly once the notification came. So the conversation hears our words only, not the 8 kB of a notification.
"""

from __future__ import annotations

import os
import sys
import time

from .active import ActiveRun
from .bell import LEAVE, WAKE, Bell, is_heard, ring
from .gate import Payload
from .judge import close
from .notification import wake
from .places import read_text, write_whole

PATIENCE_SECONDS = 30.0
"""How long after an agent's end its notification may take before it counts as lost."""
LOOK_SECONDS = 5.0
"""How often a watcher looks whether its host is still there."""
LEAD_SECONDS = 0.05
"""How long the host gets, once it has met a watcher's exit, to act on it before a notification is swallowed: with
nothing queued and nothing running, `-p` would end."""


def watch(payload: Payload, run: ActiveRun, host: int) -> int:
    """The process: its exit code, 2 to wake the main conversation. It leaves with its host."""
    response = payload.get("tool_response")
    agent_id = str(response.get("agentId") or "") if isinstance(response, dict) else ""
    if not agent_id:
        return 0
    try:
        bell = Bell(run.folder.watcher(agent_id))
    except BlockingIOError:  # the agent has a watcher: the plugin is loaded twice
        return 0
    try:
        wakes = _wait(bell, agent_id, payload, run, host) and os.getppid() == host  # else it would wake nobody
        if wakes:
            write_whole(run.folder.waking, str(os.getpid()))
    finally:
        bell.close()
    if wakes:
        sys.stderr.write(wake(run.plan.run))
    return 2 if wakes else 0


def _wait(bell: Bell, agent_id: str, payload: Payload, run: ActiveRun, host: int) -> bool:
    """Whether the conversation must be woken, as soon as that is known."""
    call = str(payload.get("tool_use_id") or "")
    attempt = run.state().calls.get(call)
    if attempt is None or attempt.notified:
        return False
    while True:
        end = run.times(attempt)[1] if attempt.is_open else (attempt.ended or 0.0) + PATIENCE_SECONDS
        word = _next_word(bell, end - run.now, host)
        if word is None:
            return False
        if word in (LEAVE, WAKE):
            return word == WAKE
        now = run.state().calls[call]
        if now.notified and not word:
            return False
        if word or attempt.is_open > now.is_open:  # the agent has ended: whoever tells of it has a word for us, too
            attempt = now
            continue
        if now.is_open:
            tie = run.tie({**payload, "agent_id": agent_id})
            why = f"timeout: it hung for {run.plan.tasks[now.task].timeout:g} s and a grace"
            close(run, now, why, agent_id, tie.transcript if tie else "", abandoned=True)
        else:
            run.ledger.append("notified", agent_id=agent_id)  # it never will be: lost, or passed on without an event
        return True


def _next_word(bell: Bell, seconds: float, host: int) -> bytes | None:
    """What is rung; empty after so many seconds, None once the host is gone."""
    end = time.monotonic() + seconds
    while os.getppid() == host:
        left = end - time.monotonic()
        word = bell.wait(min(left, LOOK_SECONDS))
        if word or left <= LOOK_SECONDS:
            return word
    return None


def wake_by(run: ActiveRun, agent_id: str) -> bool:
    """The main conversation woken by the watcher of an agent; False where that cannot be, or it left just then.

    It returns when the host has met the watcher's exit, so it hears of it before it hears what the caller answers.
    """
    bell = run.folder.watcher(agent_id)
    if not ring(bell, WAKE):
        return False
    patience = time.monotonic() + 2.0
    while time.monotonic() < patience and (is_heard(bell) or _is_unmet(run)):
        time.sleep(0.005)
    time.sleep(LEAD_SECONDS)
    return is_waking(run)


def _is_unmet(run: ActiveRun) -> bool:
    """Whether the watcher that wakes still runs, or has ended without its host having asked for its exit code."""
    try:
        os.kill(int(read_text(run.folder.waking)), 0)
    except (ProcessLookupError, FileNotFoundError, ValueError):
        return False
    except PermissionError:
        pass
    return True


def is_waking(run: ActiveRun) -> bool:
    """Whether a watcher's word is on its way to the main conversation."""
    return os.path.exists(run.folder.waking)


def woken(run: ActiveRun) -> None:
    """The word has arrived, or it never will."""
    if is_waking(run):
        os.unlink(run.folder.waking)
