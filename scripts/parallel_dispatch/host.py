"""The real host: found or fetched, given a clean environment and a temporary home, pointed at a scripted model."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile

from .places import ROOT, cache_folder
from .refusal import Refusal

PACKAGE = "@anthropic-ai/claude-code"
KEY = "rehearsal-key-that-opens-nothing-0123456789"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TERM", "USER")
"""The variables that the host gets from outside; everything else could lead it to a real account."""
PLUGIN_PARTS = (".claude-plugin", "agents", "bin", "commands", "hooks", "schema", "scripts", "skills", "templates")


def find_host(version: str | None) -> str:
    """The host's program: `claude` from PATH, or a version fetched once into the user's cache."""
    if version is None:
        found = shutil.which("claude")
        if not found:
            raise Refusal(
                "there is no `claude` on PATH; install Claude Code, or add --host 2.1.329 to fetch that version"
            )
        return found
    if not version.replace(".", "").isalnum():
        raise Refusal(f'"{version}" is no version of Claude Code; write for example 2.1.329')
    path = os.path.join(cache_folder(), "hosts", version, "claude")
    if not os.path.exists(path):
        _fetch(version, path)
    return path


def _fetch(version: str, path: str) -> None:
    npm = shutil.which("npm")
    if not npm:
        raise Refusal(
            f"npm is needed to fetch Claude Code {version}; install Node.js, or leave --host out and use your own"
        )
    package = f"{PACKAGE}-{_platform()}@{version}"
    print(f"Fetching {package} once (250 to 400 MB on disk) ...", flush=True)
    hosts = os.path.dirname(os.path.dirname(path))
    os.makedirs(hosts, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=hosts, prefix=".fetch-") as aside:
        command = [
            npm,
            "pack",
            package,
            "--loglevel",
            "error",
            "--pack-destination",
            aside,
            "--cache",
            os.path.join(aside, "npm"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = [name for name in os.listdir(aside) if name.endswith(".tgz")]
        if done.returncode or len(archives) != 1:
            raise Refusal(f"{package} could not be fetched from the npm registry: {_npm_reason(done.stderr)}")
        made = os.path.join(aside, "made")
        os.mkdir(made)
        with tarfile.open(os.path.join(aside, archives[0])) as archive:
            program = archive.extractfile("package/claude")
            if program is None:
                raise Refusal(f"{package} holds no program for this machine")
            with open(os.path.join(made, "claude"), "wb") as file:
                shutil.copyfileobj(program, file)
        os.chmod(os.path.join(made, "claude"), 0o755)  # noqa: S103 - a program
        with contextlib.suppress(OSError):  # another fetch was faster
            os.rename(made, os.path.dirname(path))
    if not os.path.exists(path):
        raise Refusal(f"Claude Code {version} could not be put into {hosts}")


def _npm_reason(stderr: str) -> str:
    said = [line.removeprefix("npm error ") for line in stderr.splitlines() if line.startswith("npm error ")]
    return next((line for line in said if not line.startswith("code ")), "npm gave no reason")


def _platform() -> str:
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system())
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower())
    if not system or not machine:
        raise Refusal(f"there is no Claude Code for {platform.system()} on {platform.machine()}; on Windows use WSL")
    musl = "-musl" if system == "linux" and platform.libc_ver()[0] != "glibc" else ""
    return f"{system}-{machine}{musl}"


def environment(home: str, url: str) -> dict[str, str]:
    """The host's whole environment: a temporary home, a model on loopback, nothing that reports or updates."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {
        **passed,
        "HOME": home,
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_AUTOUPDATER": "1",
        "PARALLEL_DISPATCH_CACHE": cache_folder(),
    }


def copy_plugin(target: str) -> str:
    """A copy of the plugin as an installation has it.

    The host protects the folder of a loaded plugin from its agents (2.1.329), so a rehearsal inside the plugin's own
    repository could write nothing if it were loaded from there.
    """
    for part in PLUGIN_PARTS:
        source = os.path.join(ROOT, part)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(target, part))
    return target


def print_command(program: str, plugin: str, prompt: str, *more: str) -> list[str]:
    """The command line of a headless conversation with this plugin and nothing else of the user's."""
    return [
        program,
        *("-p", prompt, "--plugin-dir", plugin, "--output-format", "stream-json", "--verbose"),
        *("--setting-sources", "user", "--strict-mcp-config"),
        *more,
    ]


def make_home(home: str, project: str, user_home: str) -> None:
    """A temporary home with the user's permission rules and agent definitions, and nothing else of theirs."""
    sources = [
        os.path.join(user_home, ".claude", "settings.json"),
        os.path.join(project, ".claude", "settings.json"),
        os.path.join(project, ".claude", "settings.local.json"),
    ]
    claude = os.path.join(home, ".claude")
    os.makedirs(claude, exist_ok=True)
    with open(os.path.join(claude, "settings.json"), "w", encoding="utf-8") as file:
        json.dump({"permissions": _permissions(sources)}, file)
    for source in (user_home, project):
        agents = os.path.join(source, ".claude", "agents")
        if os.path.isdir(agents):
            shutil.copytree(agents, os.path.join(claude, "agents"), dirs_exist_ok=True)


def _permissions(sources: list[str]) -> dict[str, list[str]]:
    merged: dict[str, list[str]] = {}
    for source in sources:
        try:
            with open(source, encoding="utf-8") as file:
                rules = json.load(file).get("permissions")
        except (OSError, ValueError, AttributeError):
            continue
        for kind in ("allow", "ask", "deny"):
            found = rules.get(kind) if isinstance(rules, dict) else None
            merged.setdefault(kind, []).extend(str(rule) for rule in found or [])
    return merged
