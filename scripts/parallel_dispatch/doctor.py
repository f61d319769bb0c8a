"""What the product needs on this machine, checked one by one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata

from .places import ROOT, cache_folder

PACKAGES = ("PyYAML", "jsonschema", "Jinja2")
KNOWN_HOST = (2, 1, 197)
"""The oldest host that the product was tried on."""


def examine(project: str) -> int:
    """Every check printed with what it found; 0 where nothing is wrong, else 1."""
    checks = (_interpreter, _packages, _cache, _hooks, _host, lambda: _settings(project), lambda: _runs(project))
    wrong = 0
    for check in checks:
        for fine, text in check():
            wrong += not fine
            print(f"{'ok   ' if fine else 'WRONG'}  {text}")
    print(f"{wrong} to mend" if wrong else "Nothing to mend.")
    return int(wrong > 0)


Finding = tuple[bool, str]


def _interpreter() -> list[Finding]:
    fine = sys.version_info >= (3, 10)
    return [(fine, f"Python {sys.version.split()[0]} at {sys.executable}{'' if fine else '; 3.10 or newer is needed'}")]


def _packages() -> list[Finding]:
    return [_package(name) for name in PACKAGES]


def _package(name: str) -> Finding:
    try:
        return True, f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return False, f"{name} is missing; run `parallel-dispatch prepare`"


def _cache() -> list[Finding]:
    folder = cache_folder()
    fine = os.access(folder, os.W_OK) if os.path.isdir(folder) else True
    return [
        (fine, f"cache {folder}{'' if fine else ' cannot be written; set PARALLEL_DISPATCH_CACHE to another folder'}")
    ]


def _hooks() -> list[Finding]:
    missing = [
        name
        for name in ("hooks/hooks.json", "hooks/guard", "hooks/command", "bin/parallel-dispatch")
        if not os.access(os.path.join(ROOT, name), os.R_OK if name.endswith("json") else os.X_OK)
    ]
    if missing:
        return [(False, f"{', '.join(missing)} in {ROOT} missing or not executable; install the plugin again")]
    return [(True, f"hooks of {ROOT}")]


def _host() -> list[Finding]:
    program = shutil.which("claude")
    if not program:
        npm = (
            "npm, which can fetch one: rehearse with --host VERSION"
            if shutil.which("npm")
            else "no npm to fetch one with"
        )
        return [(True, f"no `claude` on PATH; {npm}")]
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return [(False, f"{program} does not start")]
    words = done.stdout.split()
    version = words[0] if words else ""
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    fine = numbers >= KNOWN_HOST
    tried = ".".join(map(str, KNOWN_HOST))
    return [(fine, f"Claude Code {version or 'of unknown version'}{'' if fine else f'; tried with {tried} and newer'}")]


def _settings(project: str) -> list[Finding]:
    """Settings that switch our hooks off, with the file that they stand in."""
    files = [os.path.join(os.path.expanduser("~"), ".claude", "settings.json")]
    files += [os.path.join(project, ".claude", name) for name in ("settings.json", "settings.local.json")]
    found = []
    for path in files:
        try:
            with open(path, encoding="utf-8") as file:
                settings = json.load(file)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            found.append((False, f"{path} cannot be read: {error}"))
            continue
        if isinstance(settings, dict) and settings.get("disableAllHooks"):
            found.append(
                (False, f"{path} says disableAllHooks; runs then go through `parallel-dispatch start` and `next`")
            )
    return found or [(True, "no settings switch hooks off")]


def _runs(project: str) -> list[Finding]:
    folder = os.path.join(project, ".parallel-dispatch")
    fine = os.access(folder if os.path.isdir(folder) else project, os.W_OK)
    return [(fine, f"runs go to {folder}{'' if fine else ', which cannot be written'}")]
