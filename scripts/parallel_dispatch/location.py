"""The places in files that a text names: `src/a.py:4-9`, `a.py` lines 4-9, a.py#L4. Hooks read this."""

from __future__ import annotations

MAX_DIGITS = 9
_AROUND = "([{<\"'*_\x01,;"
_AFTER = ")]}>\"'*\x01.,;:!?"
_DASHES = "-–—‑"
_NEAR = 60  # characters around a path in which the lines may stand
_NAMES = {
    "brewfile",
    "codeowners",
    "containerfile",
    "dockerfile",
    "gemfile",
    "jenkinsfile",
    "justfile",
    "license",
    "makefile",
    "pipfile",
    "procfile",
    "rakefile",
    "snakefile",
    "tiltfile",
    "vagrantfile",
}
_ENDINGS = set(
    "py pyi pyx ipynb js jsx ts tsx mjs cjs vue svelte java kt kts scala groovy gradle go rs rb erb php c h cc cpp cxx"
    " hpp hh cs fs swift m mm dart ex exs erl hrl hs ml clj lua pl pm r jl sh bash zsh fish ps1 bat sql graphql gql"
    " proto thrift html htm css scss sass less xml xsl svg json json5 jsonl yaml yml toml ini cfg conf env properties"
    " md mdx rst txt adoc tex csv tsv lock mod sum tf tfvars hcl nix cmake mk dockerfile j2 jinja tmpl tpl ejs hbs pug"
    " sol zig nim vb asm s smk bzl bazel plist service rules".split()
)
_PRODUCTS = {"node.js", "next.js", "vue.js", "react.js", "express.js", "three.js", "d3.js", "nuxt.js", "ember.js"}


class Place:
    """A place that a text names from `begin` to `end` in it: a file, and its lines, 0 where it names none."""

    __slots__ = ("begin", "end", "last_line", "line", "path")

    def __init__(self, path: str, line: int, last_line: int, begin: int, end: int) -> None:
        self.path = path
        self.line = line
        self.last_line = max(line, last_line)
        self.begin = begin
        self.end = end


def places(text: str) -> list[Place]:
    """The places that a text names, in their order."""
    found: list[Place] = []
    at, size = 0, len(text)
    while at < size:
        if text[at].isspace():
            at += 1
            continue
        begin = at
        if text[at] == "`":
            end = text.find("`", at + 1)
            if end < 0:
                at += 1
                continue
            inside, at = text[at + 1 : end], end + 1
            named = _named_in_code(inside)
            told = _told(named, ticked=True)
            begin = at - 1 - len(named) if told and named != inside.strip() else begin
        else:
            while at < size and not text[at].isspace() and (text[at] != "`" or at == begin):
                at += 1
            word = text[begin:at]
            opened = len(word) - len(word.lstrip(_AROUND))
            bare = word.strip(_AROUND) if len(word) < 1000 else ""
            told = _told(bare.rstrip(_AFTER), ticked=False)
            if told:
                begin += opened
                at = begin + len(bare.rstrip(_AFTER))
        if told:
            path, line, last = told
            end = at
            if not line:
                line, last, end = _lines_after(text, at)
            if not line:
                line, last, begin = _lines_before(text, begin)
            found.append(Place(path, line, last, begin, end))
            at = max(at, end)
    return found


def place_of(value: str) -> Place | None:
    """The place that a field or a cell tells: the first with a line, else the first."""
    found = places(value[:2000])
    return next((place for place in found if place.line), found[0] if found else None) or _any_path(value)


def lines_of(value: object) -> tuple[int, int]:
    """The lines that a field tells: `4`, `4-9`, `L4`, `lines 4 to 9`; zeros where it tells none."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return 0, 0
    words = str(value)[:_NEAR].casefold().strip(" `:~" + _AROUND).replace(" to ", "-")
    for word in ("lines", "line", "ln", "l"):
        if words.startswith(word):
            words = words[len(word) :].lstrip(" .:~#")
            break
    line, last, _ = _numbers(words, 0)
    return line, last


def leading_lines(text: str) -> tuple[int, int, str]:
    """The lines that a text begins with ("Line 4: …", "L4-L9 - …"), and the text after them."""
    line, last, end = _lines_after(text, 0) if text[:1] in "lL`(" else (0, 0, 0)
    after = text[end:].lstrip(" )`\x01")
    return (line, last, after.lstrip(" :-–—,")) if line and after[:1] in (":", "-", "–", "—", ",") else (0, 0, text)


def normal(path: str) -> str:
    """A path as paths are compared: with slashes, without `./`, doubled slashes and blanks around it."""
    parts = path.strip().replace("\\", "/").split("/")
    kept = [part for at, part in enumerate(parts) if part not in ("", ".") or (at == 0 and part == "")]
    return "/".join(kept)


def _any_path(value: str) -> Place | None:
    """What a field for a file names, whatever it looks like, unless it is prose."""
    bare = value.strip(" `*_\x01.\"'")
    if not bare or len(bare) > 300 or len(bare.split()) > 1 or not any(mark in bare for mark in "/._"):
        return None
    path, line, last = _cut(bare)
    return Place(normal(path), line, last, 0, len(value)) if normal(path) and any(map(str.isalnum, path)) else None


def _named_in_code(inside: str) -> str:
    """What code may name a place with: the whole of it, or of a command the last word that is a path; never lines."""
    words = inside.split(" ")
    if "\n" in inside or not inside.strip("`"):
        return ""
    if len(words) > 1 and not any(mark in words[0] for mark in "/."):
        return next((word for word in reversed(words) if _told(word, ticked=False)), inside.strip())
    return inside.strip()


def _told(token: str, *, ticked: bool) -> tuple[str, int, int] | None:
    if not token or len(token) > 300 or "://" in token or token.startswith("@"):
        return None
    path, line, last = _cut(token)
    return (normal(path), line, last) if _is_path(path, ticked=ticked, has_line=bool(line)) else None


def _cut(token: str) -> tuple[str, int, int]:
    """A path and the lines written onto it."""
    for mark in ("#L", "#l", "::"):
        if mark in token:
            path, _, rest = token.partition(mark)
            line, last, _ = _numbers(rest, 0) if mark != "::" else (0, 0, 0)
            return path.rstrip(":"), line, last
    colon = token.find(":", 2)
    if colon > 0:
        rest = token[colon + 1 :]
        line, last, _ = _numbers(rest.lstrip(" "), 0)
        return token[:colon], line, last
    if token.endswith(")") and "(" in token:
        path, _, rest = token.partition("(")
        line, last, _ = _numbers(rest, 0)
        return (path, line, last) if line else (token, 0, 0)
    return token, 0, 0


def _without_groups(path: str) -> str:
    """A path without the brackets of folders that are written in them, as the route groups of some frameworks are."""
    parts = path.split("/")
    return "/".join(part[1:-1] if part[:1] == "(" and part[-1:] == ")" else part for part in parts)


def _is_path(path: str, *, ticked: bool, has_line: bool) -> bool:
    path = _without_groups(path) if ticked or has_line else path
    if not path or any(mark in path for mark in "<>|\"'`;=,()") or path.casefold() in _PRODUCTS or path.endswith("..."):
        return False
    if not ticked and " " in path:
        return False
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    known = bool(dot) and ending.casefold() in _ENDINGS and (stem == "" or stem.strip(".") != "")
    if known or name.casefold() in _NAMES:
        return name != ending or ticked or "/" in path or has_line or ending == "env"
    if " " in path:
        return False
    if "/" in path.strip("/") or "\\" in path:
        is_file = bool(dot) and bool(stem) and ending.isalnum() and not ending.isdigit()
        return is_file or has_line or (ticked and path.endswith("/"))
    return has_line and bool(dot) and ending.isalnum() and not ending.isdigit() and len(ending) < 8


def _lines_after(text: str, at: int) -> tuple[int, int, int]:
    """The lines told right after a path: `:4`, " lines 4-9", " (line 4)", "#L4"; and where they end."""
    near = text[at : at + _NEAR].casefold()
    here = 0
    while here < len(near) and near[here] in " ,(`~@\x01[*":
        here += 1
    opened = "(" in near[:here]
    if near[here : here + 1] == ":" and near[here + 1 : here + 2].isdigit():
        line, last, end = _numbers(near, here + 1)
        return line, last, at + end if line else at
    for word in ("on ", "at ", "around ", "near ", "approx. "):
        if near.startswith(word, here):
            here += len(word)
            break
    for word in ("#l", "lines", "line", "ln", "l"):
        if near.startswith(word, here):
            here += len(word)
            while here < len(near) and near[here] in " .:~#`":
                here += 1
            line, last, end = _numbers(near.replace(" to ", " -- ").replace(" and ", " --- "), here)
            if line and opened and near[end : end + 1] == ")":
                end += 1
            return (line, last, at + end) if line else (0, 0, at)
    return 0, 0, at


def _lines_before(text: str, begin: int) -> tuple[int, int, int]:
    """The lines told right before a path, as "lines 4-9 of" does, and where they begin."""
    low = max(0, begin - _NEAR)
    words = text[low:begin].casefold().split()
    if len(words) < 3 or words[-1] not in ("of", "in", "at"):
        return 0, 0, begin
    for back in (3, 5):  # "line 4 of", "lines 4 to 9 of"
        if len(words) >= back and words[-back].strip("(~\x01`") in ("line", "lines"):
            line, last, _ = _numbers(" ".join(words[1 - back : -1]).replace(" to ", "-").replace(" and ", "-"), 0)
            return line, last, begin
    return 0, 0, begin


def _numbers(text: str, at: int) -> tuple[int, int, int]:
    """A line or a range of lines at a place in a text (`4`, `4-9`, `L4-L9`, `4:2`, `4, 9`), and where it ends."""
    line, end = _number(text, at)
    if not line:
        return 0, 0, at
    last = line
    while end < len(text):
        here = end
        is_column = text[here] == ":"
        while here < len(text) and (text[here] in _DASHES or text[here] in ",: " or text[here] == "+"):
            here += 1
        if here == end or here - end > 5 or (set(text[end:here]) <= {" "}):
            break
        number, after = _number(text, here)
        if not number or (" " in text[end:here] and not _is_range(text[end:here], text, after)):
            break
        last = last if is_column else max(last, number)
        end = after
    return line, last, end


def _is_range(between: str, text: str, after: int) -> bool:
    """Whether numbers with blanks between them are lines ("4 - 9", "4, 9") and not prose ("4 - 3 loops")."""
    return text[after : after + 1] in ("", ")", ",", ":", ".", ";", "`", "]", "|", "-", "–", "—") or (
        "--" in between or "," in between
    )


def _number(text: str, at: int) -> tuple[int, int]:
    if text[at : at + 1] in ("L", "l"):
        at += 1
    end = at
    while end < len(text) and end - at <= MAX_DIGITS and text[end] in "0123456789":
        end += 1
    return (int(text[at:end]), end) if 0 < end - at <= MAX_DIGITS else (0, at)
