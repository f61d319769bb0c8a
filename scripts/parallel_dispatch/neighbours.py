"""What stands beside the product in the user's Claude Code: settings, rules, hooks, other plugins with our names.

Nothing here is wrong by itself. What a neighbour can do was measured with the real host; docs/host.md has it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from . import installed
from .installed import NAME, host_folder, other_plugins, part, read_settings, record, switched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .installed import Settings

OK, NOTE, WRONG = "ok", "note", "WRONG"
Finding = tuple[str, str]
"""A mark and what was found, in plain words."""

OURS = {NAME: f"/{NAME}:{NAME}", "dispatching-parallel-agents": f"{NAME}:dispatching-parallel-agents"}
"""The names that others may have, too, and what always means ours."""
AGENT_TOOLS = ("Agent", "Task")
DENIED = {
    "Agent": "no agent can start",
    "Task": "no agent can start",
    "Agent(general-purpose)": "tasks without an agent of your own cannot start",
    "Task(general-purpose)": "tasks without an agent of your own cannot start",
    "Write": "agents cannot write their outputs",
}
"""Rules that stop a run, whatever a hook allows."""


def look_around(project: str) -> list[Finding]:
    """Everything beside the product that a user should know of; one line that says so where there is nothing."""
    settings, unreadable = read_settings(project)
    found = [(WRONG, f"{path} cannot be read: {problem}") for path, problem in unreadable.items()]
    plugins = other_plugins(settings)
    found += _switches(settings)
    found += _denials(settings)
    found += _hooks(settings, plugins)
    found += _names(project, plugins)
    return found or [(OK, "no setting and no other plugin is in the way")]


def has_rival(name: str, project: str) -> bool:
    """Whether a bare name may mean somebody else's command or skill."""
    plugins = other_plugins(read_settings(project)[0])
    return bool(_of_project(name, project)) or any(_ships(folder, name) for folder in plugins.values())


def _switches(settings: Settings) -> Iterator[Finding]:
    """Hooks switched off, or our plugin: a run then goes through the command line."""
    instead = f"runs then go through `{NAME} start` and `next`"
    enabled = switched(settings)
    for path, values in settings.items():
        if values.get("disableAllHooks") is True:
            yield WRONG, f"{path} says disableAllHooks: {instead}"
        only_managed = values.get("allowManagedHooksOnly") is True
        if path.startswith(installed.MANAGED) and only_managed and not _is_forced(settings):
            yield WRONG, f"{path} says allowManagedHooksOnly: {instead}, unless its enabledPlugins names this plugin"
    for plugin, (on, path) in enabled.items():
        if plugin.startswith(f"{NAME}@") and not on:
            yield WRONG, f"{path} has this plugin switched off: `/plugin enable {plugin}`"


def _is_forced(settings: Settings) -> bool:
    """Whether the organisation itself switches our plugin on: its hooks then count as managed."""
    enabled = switched({path: values for path, values in settings.items() if path.startswith(installed.MANAGED)})
    return any(on and plugin.startswith(f"{NAME}@") for plugin, (on, _) in enabled.items())


def _denials(settings: Settings) -> Iterator[Finding]:
    for path, values in settings.items():
        rules = part(values, "permissions").get("deny")
        for rule in rules if isinstance(rules, list) else []:
            if rule in DENIED:
                yield WRONG, f"{path} denies {rule}: {DENIED[rule]}; take the rule out for runs"


def _hooks(settings: Settings, plugins: dict[str, str]) -> Iterator[Finding]:
    declared = {f"plugin {plugin}": os.path.join(folder, "hooks", "hooks.json") for plugin, folder in plugins.items()}
    sources = {**settings, **{plugin: record(path)[0] for plugin, path in declared.items()}}
    for source, values in sources.items():
        groups = part(values, "hooks").get("PreToolUse")
        if any(_covers_agents(group) for group in (groups if isinstance(groups, list) else [])):
            sees = f"{source} has a PreToolUse hook that sees Agent calls. If it denies them, no agent starts"
            yield NOTE, f"{sees}; if it changes them, agents miss their briefs. Let it pass prompts that begin with pd:"


def _covers_agents(group: object) -> bool:
    """Whether a group of hooks is asked about the Agent tool: a list of names is exact, anything else a pattern."""
    matcher = group.get("matcher") if isinstance(group, dict) else None
    if not isinstance(group, dict) or not group.get("hooks"):
        return False
    if not isinstance(matcher, str) or matcher in ("", "*"):
        return True
    if re.fullmatch(r"[\w|]+", matcher):
        return bool(set(AGENT_TOOLS) & set(matcher.split("|")))
    try:
        return any(re.search(matcher, tool) for tool in AGENT_TOOLS)
    except re.error:
        return False


def _names(project: str, plugins: dict[str, str]) -> Iterator[Finding]:
    for name, ours in OURS.items():
        rivals = [f"plugin {plugin}" for plugin, folder in plugins.items() if _ships(folder, name)]
        for rival in [*_of_project(name, project), *rivals]:
            yield NOTE, f"{rival} has the name {name}, too, and may be what the bare name means; ours is {ours}"


def _of_project(name: str, project: str) -> list[str]:
    """The user's and the project's own commands and skills of a name."""
    bases = dict.fromkeys([os.path.join(project, ".claude"), host_folder()])  # one, where the project is the home
    return [path for base in bases for path in _ships(base, name)]


def _ships(folder: str, name: str) -> list[str]:
    """The files in a folder that make a command or a skill of this name."""
    paths = (os.path.join(folder, "commands", f"{name}.md"), os.path.join(folder, "skills", name, "SKILL.md"))
    return [path for path in paths if os.path.exists(path)]
