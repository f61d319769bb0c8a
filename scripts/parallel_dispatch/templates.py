"""Templates: the only module that knows jinja2. They run in a sandbox, and text of the user is only ever a value."""

from __future__ import annotations

import os
from functools import cache

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .places import ROOT, team_folder
from .refusal import Refusal

OWN = os.path.join(ROOT, "templates")


@cache
def _environment(project: str) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([team_folder(project), OWN] if project else OWN),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown for agents and people; nothing here is HTML
    )


def render(project: str, name: str, values: dict[str, object]) -> str:
    """A template's text, ours where `project` is empty; `Refusal` names the template and the line that is wrong."""
    try:
        return _environment(project).get_template(name).render(values)
    except TemplateError as error:
        place = f"{getattr(error, 'filename', None) or name}:{getattr(error, 'lineno', None) or 1}"
        raise Refusal(f"{place}: {error.message or type(error).__name__}") from error
