"""Names that no output may have, nor a folder above it: programs obey what stands there without asking anybody."""

from __future__ import annotations

FOLDERS = {".git", ".claude", ".parallel-dispatch", ".husky", ".idea", ".vscode"}
FILES = {".claude.json", ".envrc", ".gitconfig", ".gitmodules", ".mcp.json"}
SHELLS = {".bash_profile", ".bashrc", ".profile", ".zprofile", ".zshenv", ".zshrc"}
"""For those whose project is their home."""


def kept(path: str) -> str:
    """How a path meets one of these names, in words; empty where it meets none."""
    for name in path.split("/"):
        plain = _plain(name)
        if plain in FOLDERS:
            return f"lies in {name}"
        if plain in FILES or plain in SHELLS:
            return f"is {name}"
    return ""


def _plain(name: str) -> str:
    """A name as some file system takes it: without case, without marks that nobody sees or a dot at the end."""
    if not name.isascii():
        import unicodedata

        name = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    return name.casefold().rstrip(". ")
