"""What becomes of the agent that a task names: the host's agent that does it, its title, its role. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from .aliases import role_of
from .roles import GENERAL, PLUGIN, ROLES, full_name

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILT_IN = MappingProxyType({GENERAL: True, "Explore": False, "Plan": False})
"""The host's own agents, and whether they have the Write tool."""
NOBODY: Mapping[str, bool] = MappingProxyType({})


class Roster(NamedTuple):
    """Who there is: the agents of the host, the project and the user, and those of plugins by their full names.

    Each with whether it can write a file. `has_ours` says whether the host has this plugin's agents as well.
    """

    own: Mapping[str, bool] = BUILT_IN
    plugins: Mapping[str, bool] = NOBODY
    has_ours: bool = True

    @property
    def names(self) -> dict[str, bool]:
        """Everybody that the host knows by a name, and whether they can write."""
        ours = {full_name(role): True for role in ROLES} if self.has_ours else {}
        return {**self.plugins, **ours, **self.own}

    def namesakes(self, bare: str) -> list[str]:
        """The full names of plugins' agents with this name."""
        return sorted(name for name in self.plugins if ":" in name and name.rpartition(":")[2] == bare)


class Resolved(NamedTuple):
    """Who does a task. `title` is empty where the agent is one of that name; `role` is the one of ours, or empty.

    `why` is for people: what decided.
    """

    subagent_type: str
    title: str
    role: str
    why: str


def resolved(agent: str, roster: Roster) -> Resolved:
    """The agent of exactly that name; else our role of that name or alias; else the general one, under that title."""
    bare = agent[len(PLUGIN) + 1 :] if agent.startswith(f"{PLUGIN}:") else agent
    if agent in roster.own:
        return Resolved(agent, "", "", "the agent of this name")
    if agent in roster.plugins:
        return Resolved(agent, "", "", "the plugin's agent of this name")
    namesakes = roster.namesakes(agent)
    writing = [name for name in namesakes if roster.plugins[name]]
    if len(namesakes) == 1 and writing:
        return Resolved(writing[0], "", "", "the only agent of this name in an installed plugin")
    passed = _passed_over(namesakes)
    role = role_of(bare)
    if not role:
        return Resolved(GENERAL, agent, "", f"nobody has this name{passed}, so it is a title")
    is_name = bare == role
    what = "the role of this name" if is_name else f"an alias of the role {role}"
    if roster.has_ours:
        return Resolved(full_name(role), "" if is_name else bare, role, what + passed)
    return Resolved(GENERAL, bare, role, f"{what}, in the brief since the host has no agents of {PLUGIN}{passed}")


def _passed_over(namesakes: list[str]) -> str:
    """Why no plugin's agent of this name was taken, where there are any."""
    if not namesakes:
        return ""
    return f" ({', '.join(namesakes)} {'are several' if len(namesakes) > 1 else 'cannot write'})"
