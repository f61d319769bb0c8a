"""Templates: the only module that knows jinja2. They run in a sandbox, and text of the user is only ever a value."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from .places import BRIEFS, ROOT, open_file, team_briefs, team_folder
from .refusal import Refusal
from .roles import template

if TYPE_CHECKING:
    from .brief import Brief

OWN = os.path.join(ROOT, "templates")
WRONG = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RecursionError, TypeError, ValueError)
"""What a template that reckons, or is no text, may end in."""


@cache
def _environment(project: str) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([team_folder(project), OWN] if project else OWN),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=_is_html,  # the others are Markdown for agents and people
    )


def _is_html(name: str | None) -> bool:
    return (name or "").endswith(".html.j2")


def render(project: str, name: str, values: dict[str, object]) -> str:
    """A template's text, ours where `project` is empty; `Refusal` names the template and the line that is wrong."""
    try:
        return _environment(project).get_template(name).render(values)
    except TemplateError as error:
        place = f"{getattr(error, 'filename', None) or name}:{getattr(error, 'lineno', None) or 1}"
        raise Refusal(f"{place}: {error.message or type(error).__name__}") from error
    except WRONG as error:
        raise Refusal(f"{name}: {error or type(error).__name__}") from error


def source(name: str) -> str:
    """A part of a page of ours, as it is written."""
    with open_file(os.path.join(OWN, name)) as file:
        return file.read().decode()


def raw(text: str) -> Markup:
    """A text that stands in a page as it is, since it was made for that place."""
    return Markup(text)  # noqa: S704 - what is put here is ours, or escaped as data


def brief_text(brief: Brief, project: str) -> str:
    """The text of a brief: by the template for its role where the team has templates of its own, else our words."""
    if not os.path.exists(team_briefs(project)):
        return brief.text()
    return render(project, template(brief.task.role), brief.values())


def brief_digest(project: str) -> str:
    """The SHA-256 of the templates for briefs: of each the team's, where it has its own, else ours."""
    digest = hashlib.sha256()
    found = {name: folder for folder in (os.path.join(OWN, BRIEFS), team_briefs(project)) for name in _names(folder)}
    for name, folder in sorted(found.items()):
        with open_file(os.path.join(folder, name)) as file:
            data = file.read()
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def _names(folder: str) -> list[str]:
    """The templates in a folder."""
    if not os.path.isdir(folder):
        return []
    return [name for name in os.listdir(folder) if name.endswith(".j2")]
