"""The host's side of hooks: recorded events, fed to the processes that hooks.json declares, as the host does it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time

from builders import CALLS, ROOT, SESSION, make_run, plan_of, read, recorded, transcript, write
from parallel_dispatch.active import ActiveRun
from parallel_dispatch.bell import is_heard
from parallel_dispatch.owners import activate
from parallel_dispatch.places import active_file

TASKS = {"a": (), "b": (), "c": (), "d": ("a", "b", "c")}
"""The first three are those of the recorded batches."""


class Conversation:
    """One conversation of one version of the host, in one project, with or without an active run."""

    def __init__(self, version, project, folder, cache):
        self.version = version
        self.project = project
        self.host = os.path.join(folder, "home", ".claude", "projects", "the-project")
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": os.path.join(folder, "home"),
            "PARALLEL_DISPATCH_CACHE": cache,
            "CLAUDE_PROJECT_DIR": project,
            "CLAUDE_PLUGIN_ROOT": ROOT,
            "CLAUDE_CODE_SESSION_ID": SESSION,
        }
        with open(os.path.join(ROOT, "hooks", "hooks.json"), encoding="utf-8") as file:
            self.declared = json.load(file)["hooks"]
        os.makedirs(self.env["HOME"])
        self.run = None
        self.watchers = {}

    # --- the run

    def begin(self, *events, tasks=TASKS, outputs=None, python=sys.executable, plan=None, **limits):
        """A run that this conversation drives, with this much behind it."""
        plan = plan or plan_of(tasks, self.project, outputs, **limits)
        folder = make_run(plan, events)
        activate(self.project, SESSION, python, folder, os.getpid())
        self.run = ActiveRun(folder.path)
        return self.run

    @property
    def is_active(self):
        """Whether this conversation drives a run."""
        return os.path.exists(active_file(self.project, SESSION))

    def output(self, task):
        """Where a task's output goes."""
        return self.run.state().plan.tasks[task].output

    def attempt(self, task):
        """A task's newest attempt."""
        return self.run.state().attempts[task][-1]

    def outcome(self, task):
        """A task's outcome and reason."""
        return self.run.state().outcomes()[task]

    # --- the host

    def payload(self, name, **values):
        """A recorded event of this conversation."""
        return recorded(self.version, name, PROJECT=self.project, HOST=self.host, **values)

    def fire(self, payload):
        """The answers of all hooks that hooks.json declares for an event; each must leave without a complaint."""
        event = payload["hook_event_name"]
        subject = payload.get("tool_name") or payload.get("command_name") or ""
        answers = []
        for group in self.declared.get(event, []):
            if re.fullmatch(group.get("matcher", "*").replace("*", ".*"), subject):
                answers += [self._process(hook, payload) for hook in group["hooks"] if not hook.get("async")]
        (answer,) = [found for found in answers if found] or [None]
        return answer

    def _process(self, hook, payload):
        done = subprocess.run(
            _command(hook),
            input=json.dumps(payload, ensure_ascii=False, separators=(",", ":")),  # as the host writes it
            env=self.env,
            cwd=self.project,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        return json.loads(done.stdout) if done.stdout else None

    def tell(self, name, **values):
        """A recorded event, fired as it is."""
        return self.fire(self.payload(name, **values))

    def leaves(self):
        """The host has ended: what it had started is gone with it."""
        for watcher in self.watchers.values():
            watcher.kill()

    # --- what happens in a conversation

    def calls(self, task, call=None, prompt=None):
        """The model calls the Agent tool for a task: what the hook says of it."""
        payload = self.payload("PreToolUse-Agent", TASK=task, CALL=call or CALLS.get(task, f"call-{task}"))
        if prompt is not None:
            payload["tool_input"]["prompt"] = prompt
        answer = self.fire(payload)
        return answer and answer["hookSpecificOutput"]

    def starts(self, task, agent=None, prompt=None):
        """The host starts an agent with a prompt: its transcript is there."""
        agent = agent or f"agent-of-{task}"
        path = os.path.join(self.host, SESSION, "subagents", f"agent-{agent}.jsonl")
        first = f"pd:{self.run.plan.run}/{task}\nThe brief." if prompt is None else prompt
        write(path, transcript(self.version, AGENT=agent, PROMPT=first, PROJECT=self.project))
        return agent

    def admits(self, *tasks):
        """Tasks called, admitted and started."""
        for task in tasks:
            assert self.calls(task)["permissionDecision"] == "allow"
            self.starts(task)

    def writes(self, task, text="A finding.\n"):
        """An agent writes its task's output."""
        write(self.output(task), text)

    def asks_to_write(self, path, task="a", **more):
        """What the hook says of an agent's Write: "allow", "deny", or None where it says nothing."""
        payload = self.payload("PreToolUse-Write", AGENT=f"agent-of-{task}", FILE=path, CALL="toolu_w")
        answer = self.fire({**payload, **more})
        return answer and answer["hookSpecificOutput"]["permissionDecision"]

    def stops(self, task, agent=None):
        """An agent wants to stop."""
        return self.tell("SubagentStop", AGENT=agent or f"agent-of-{task}")

    def returns(self, task):
        """An Agent call returns: what the model gets to see of it."""
        answer = self.tell(
            "PostToolUse-Agent", TASK=task, CALL=CALLS.get(task, f"call-{task}"), AGENT=f"agent-of-{task}"
        )
        return answer and answer["hookSpecificOutput"]["updatedToolOutput"]

    def does(self, *tasks):
        """Tasks done from the call to the return, each with its output written."""
        for task in tasks:
            self.admits(task)
            self.writes(task)
            assert self.stops(task) is None
            self.returns(task)

    # --- what happens in the background

    def watch(self, task, agent=None, env=None):
        """The watcher that hooks.json declares for a launched agent, started as the host starts it."""
        agent = agent or f"agent-of-{task}"
        payload = self.payload("PostToolUse-Agent-launched", TASK=task, CALL=self._call(task), AGENT=agent)
        watcher = Watcher(_the_watcher(self.declared), payload, self.env | (env or {}), self.project)
        self.watchers[len(self.watchers), task] = watcher
        return watcher

    def _call(self, task):
        calls = [call for call, attempt in self.run.state().calls.items() if attempt.task == task]
        return calls[-1] if calls else CALLS.get(task, f"call-{task}")

    def launches(self, *tasks):
        """Tasks called and launched into the background, each with its watcher listening."""
        found = []
        for task in tasks:
            number = len(self.run.state().attempts[task]) + 1
            call, agent = f"call-{task}-{number}", f"agent-of-{task}" + (f"-{number}" if number > 1 else "")
            name = task if number == 1 else f"{task}#{number}"
            assert self.calls(task, call, f"pd:{self.run.plan.run}/{name} do it")["permissionDecision"] == "allow"
            self.tell("PostToolUse-Agent-launched", TASK=task, CALL=call, AGENT=agent)
            self.starts(task, agent, f"pd:{self.run.plan.run}/{name}\nThe brief.")
            found.append(self.watch(task, agent))
        for task in tasks:
            eventually(lambda task=task: is_heard(self.run.folder.watcher(self.attempt(task).agent_id)))
        return found[0] if len(found) == 1 else found

    def notifies(self, task, words="LASTWORDS", status="", agent=None):
        """The host tells the main conversation that a background agent has ended: the hooks' answer."""
        agent = agent or self.attempt(task).agent_id
        name = "UserPromptSubmit-notification" + (f"-{status}" if status else "")
        return self.tell(name, TASK=task, AGENT=agent, CALL=f"call-{task}", WORDS=words)

    def ends(self, task, words="LASTWORDS"):
        """A background agent writes its output and ends, and the host says so: the hooks' answer."""
        self.writes(task)
        assert self.stops(task, self.attempt(task).agent_id) is None
        return self.notifies(task, words)

    def wakes(self):
        """A watcher's word arrives: the hooks' answer."""
        return self.tell("UserPromptSubmit-wake")

    def batch(self, name="PostToolBatch"):
        """A batch of the main conversation ends: what the model hears."""
        return heard(self.tell(name))

    def batch_of_others(self):
        """A batch ends that held none of our calls: what the model hears."""
        call = {"tool_name": "Read", "tool_input": {}, "tool_use_id": "toolu_r", "tool_response": "text"}
        return heard(self.fire(self.payload("PostToolBatch") | {"tool_calls": [call]}))

    def files(self):
        """Everything that lies in the project, with its content."""
        found = {}
        for base, folders, names in os.walk(self.project):
            found |= {os.path.join(base, name): None for name in folders}
            found |= {os.path.join(base, name): read(os.path.join(base, name)) for name in names}
        return found


class Watcher:
    """The process of one watcher, whose host is the process of these tests."""

    def __init__(self, command, payload, env, folder):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=folder,
            encoding="utf-8",
        )
        with contextlib.suppress(BrokenPipeError):  # it has nothing to watch, and left without reading
            self.process.stdin.write(json.dumps(payload))
            self.process.stdin.close()

    @property
    def is_there(self):
        """Whether it still waits."""
        return self.process.poll() is None

    def end(self, seconds=10.0):
        """Its exit code and its words, within so many seconds."""
        code = self.process.wait(seconds)
        return code, self.process.stderr.read() + self.process.stdout.read()

    def kill(self):
        """It is gone, whether it wanted to or not."""
        if self.is_there:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def _command(hook):
    return [word.replace("${CLAUDE_PLUGIN_ROOT}", ROOT) for word in (hook["command"], *hook["args"])]


def _the_watcher(declared):
    groups = [hook for group in declared["PostToolUse"] for hook in group["hooks"] if hook.get("asyncRewake")]
    (hook,) = groups
    return _command(hook)


def eventually(holds, seconds=10.0):
    """Until something holds, which must be soon."""
    patience = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < patience, "it never came to hold"
        time.sleep(0.01)


def is_swallowed(answer):
    """Whether an answer takes a prompt away, with a line for the user in its place."""
    inner = answer and answer.get("hookSpecificOutput")
    return bool(inner and answer.get("decision") == "block" and inner.get("suppressOriginalPrompt"))


def heard(answer):
    """The context that an answer adds; empty where it adds none."""
    inner = (answer or {}).get("hookSpecificOutput") or {}
    return inner.get("additionalContext", "")


def rows(text):
    """The Agent calls of the dispatch block in a text."""
    found = re.search(r"copied exactly\.\n```json\n(\[.*\])\n```", text, re.DOTALL)
    return json.loads(found[1]) if found else []
