"""What the user's Claude Code has installed: its settings as they lie on disk, and the plugins that are switched on.

Where the host keeps this was measured (docs/host.md): `settings.json` says what is on, `installed_plugins.json` where.
"""

from __future__ import annotations

import glob
import json
import os
import sys
from typing import Any

Settings = dict[str, dict[str, Any]]
"""What the host's settings files say, by path, the weakest first."""

NAME = "parallel-dispatch"
"""Our plugin's own name."""
MANAGED = "/Library/Application Support/ClaudeCode" if sys.platform == "darwin" else "/etc/claude-code"
"""Where an organisation's settings lie."""


def host_folder(home: str = "") -> str:
    """The user's folder of Claude Code."""
    return os.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(home or os.path.expanduser("~"), ".claude")


def read_settings(project: str, home: str = "") -> tuple[Settings, dict[str, str]]:
    """The settings that hold in a project, and why files of them cannot be read, by path."""
    paths = [os.path.join(host_folder(home), "settings.json")]
    paths += [os.path.join(project, ".claude", name) for name in ("settings.json", "settings.local.json")]
    paths.append(os.path.join(MANAGED, "managed-settings.json"))
    paths += sorted(glob.glob(os.path.join(MANAGED, "managed-settings.d", "*.json")))
    read = {path: record(path) for path in paths}
    return {path: values for path, (values, _) in read.items()}, {path: why for path, (_, why) in read.items() if why}


def record(path: str) -> tuple[dict[str, Any], str]:
    """The JSON object in a file, and why it cannot be read; empty where there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except (OSError, ValueError) as error:
        return {}, str(error)
    except RecursionError:
        return {}, "it is nested too deeply"
    return (value, "") if isinstance(value, dict) else ({}, "it holds no JSON object")


def part(values: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under a key; an empty one where there is none."""
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def switched(settings: Settings) -> dict[str, tuple[bool, str]]:
    """Whether a plugin is switched on, by its full name, and the file that has the last word."""
    found: dict[str, tuple[bool, str]] = {}
    for path, values in settings.items():
        found.update({plugin: (on is True, path) for plugin, on in part(values, "enabledPlugins").items()})
    return found


def plugins(settings: Settings, home: str = "") -> dict[str, str]:
    """The folders of the plugins that are installed and switched on, by full name."""
    copies = part(record(os.path.join(host_folder(home), "plugins", "installed_plugins.json"))[0], "plugins")
    found = {}
    for plugin, (on, _) in switched(settings).items():
        known = copies.get(plugin)
        newest = known[-1] if isinstance(known, list) and known else None
        if on and isinstance(newest, dict):
            found[plugin] = str(newest.get("installPath") or "")
    return found


def is_ours(plugin: str) -> bool:
    """Whether a plugin's full name is ours, from whichever marketplace."""
    return plugin.partition("@")[0] == NAME


def other_plugins(settings: Settings) -> dict[str, str]:
    """The same without ours."""
    return {plugin: folder for plugin, folder in plugins(settings).items() if not is_ours(plugin)}
