"""Templates: the only module that knows jinja2. They run in a sandbox, and text of the user is only ever a value."""

from __future__ import annotations

import hashlib
import os
from functools import cache

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from .places import BRIEF, ROOT, open_file, team_brief, team_folder
from .refusal import Refusal

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


def brief_digest(project: str) -> str:
    """The SHA-256 of the templates for briefs: the team's, where it has its own, else ours."""
    base = team_brief(project)
    folder = os.path.dirname(base if os.path.exists(base) else os.path.join(OWN, BRIEF))
    digest = hashlib.sha256()
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".j2")):
        with open_file(os.path.join(folder, name)) as file:
            data = file.read()
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()
