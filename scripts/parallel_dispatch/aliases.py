"""Titles that stand for a role of ours: what people and other products call the agents that do such work. Pure.

A title is looked up as it stands, but for case and for what joins its words; nothing is ever taken for its likeness.
"""

from __future__ import annotations

from .roles import ROLES

_TITLES = {
    "explorer": (
        "code-search",
        "code-explorer",
        "codebase-analyst",
        "codebase-analyzer",
        "codebase-explorer",
        "codebase-locator",
        "file-finder",
        "pattern-finder",
    ),
    "implementer": (
        "backend-developer",
        "backend-engineer",
        "bug-fixer",
        "coder",
        "developer",
        "devops-engineer",
        "feature-implementer",
        "frontend-developer",
        "frontend-engineer",
        "fullstack-developer",
        "nextjs-expert",
        "platform-engineer",
        "prisma-expert",
        "programmer",
        "python-expert",
        "react-expert",
        "react-tanstack-expert",
        "refactorer",
        "refactoring-expert",
        "rust-expert",
        "software-engineer",
        "typescript-expert",
    ),
    "tester": (
        "e2e-tester",
        "integration-tester",
        "qa",
        "qa-engineer",
        "test-automator",
        "test-engineer",
        "test-runner",
        "test-writer",
        "unit-tester",
    ),
    "reviewer": (
        "accessibility-reviewer",
        "architecture-reviewer",
        "code-auditor",
        "code-reviewer",
        "correctness-reviewer",
        "design-reviewer",
        "performance-reviewer",
        "pr-reviewer",
        "security-architect",
        "security-auditor",
        "security-reviewer",
        "style-reviewer",
        "test-architect",
        "test-reviewer",
    ),
    "documenter": (
        "api-documenter",
        "architecture-documenter",
        "docs-writer",
        "documentation-engineer",
        "documentation-writer",
        "tech-writer",
        "technical-writer",
    ),
    "debugger": (
        "bug-hunter",
        "bug-investigator",
        "performance-profiler",
        "profiler",
        "root-cause-analyst",
        "troubleshooter",
    ),
    "researcher": (
        "market-researcher",
        "research-analyst",
        "research-assistant",
        "research-expert",
        "technical-researcher",
        "web-researcher",
    ),
    "integrator": (
        "aggregator",
        "consolidator",
        "documentation-synthesizer",
        "merger",
        "report-synthesizer",
        "research-synthesizer",
        "synthesizer",
    ),
}
ALIASES = {title: role for role, titles in _TITLES.items() for title in titles}
"""The role that each title stands for."""


def role_of(title: str) -> str:
    """The role that has this name or of which this is an alias; empty where there is none."""
    plain = "-".join(title.lower().replace("_", " ").replace("-", " ").split())
    return plain if plain in ROLES else ALIASES.get(plain, "")
