"""The roles that agents work in, with the words that an agent needs which has no definition of its own for its role.

`agents/<role>.md` defines each role for the host. Where that definition is not there, the general agent gets these few
words in its brief; `templates/briefs/<role>.md.j2` says the same. Pure.
"""

from __future__ import annotations

PLUGIN = "parallel-dispatch"
"""The plugin's name, which the host puts before the names of our agents."""


GENERAL = "general-purpose"
"""The host's agent for work of any kind."""


class Role:
    """What an agent of a role does, and in which form it tells the result where its task asks for no other."""

    __slots__ = ("form", "work")

    def __init__(self, work: str, form: str) -> None:
        self.work = work
        self.form = form


ROLES = {
    "explorer": Role(
        "You answer from the code, which you have read, and change nothing.",
        "`## Answer`, `## Files` (path:line and why), `## Key functions`, `## Relationships`, `## Open`.",
    ),
    "implementer": Role(
        "You write complete, tested code in the project's own patterns, in the files that are yours.",
        "`## Changed` (file by file), `## Verified` (commands and their results), `## Left`.",
    ),
    "tester": Role(
        "You test what is intended, not what the code happens to do, and leave the code under test as it is.",
        "`## Tests` (files, behaviours), `## Results` (commands, counts), `## Defects` (path:line), `## Gaps`.",
    ),
    "reviewer": Role(
        "You report issues that survive your own attempt to refute them, and change nothing.",
        "`## Findings`, worst first: `- [critical|high|medium|low|info] path:line - What is wrong. Fix: what to do.` "
        "or `None.`; then `## Checked`.",
    ),
    "documenter": Role(
        "You write documentation in which every statement was checked against the code, and change no code.",
        "the documents, and at the end `## Sources` and `## Unverified`.",
    ),
    "debugger": Role(
        "You find the cause by observation, not by guess, and touch no file that is not yours.",
        "`## Cause` (path:line, and the chain to the symptom), `## Evidence`, `## Fix`, `## Confidence`.",
    ),
    "researcher": Role(
        "You answer from sources that you opened, and send nothing of the project to the web.",
        "`## Answer`, `## Evidence` (claim, source, date), `## Disagreements`, `## Not found`.",
    ),
    "integrator": Role(
        "You read every input to its end, merge all into one result and lose nothing; you add no findings of your own.",
        "the result, each item with its sources; `## Conflicts` (how each was settled), `## Dropped`, `## Missing`.",
    ),
}


LOOKING = ("explorer", "reviewer", "researcher", "integrator")
"""Those that change nothing."""


def full_name(role: str) -> str:
    """What the host calls our agent of a role."""
    return f"{PLUGIN}:{role}"


def template(role: str) -> str:
    """The template of the briefs of a role; of the common base where an agent has none of ours."""
    return f"briefs/{role or 'base'}.md.j2"
