"""Repositories made by hand."""

import os
import subprocess

from builders import write


def git(folder, *arguments, check=True):
    """Git in a folder, as somebody without any configuration."""
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        check=check,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **dict.fromkeys(names, "t@localhost")},
    )


def committed(folder: str, files: dict[str, str]) -> None:
    """A repository whose first commit holds these files."""
    os.makedirs(folder, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    for path, text in files.items():
        write(os.path.join(folder, path), text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
