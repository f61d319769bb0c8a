"""Debian's Chromium, driven by playwright-core: orders go in, what a person would see or do comes out."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
from typing import Any

from parallel_dispatch.places import cache_folder

PACKAGES = {"playwright-core": "1.60.0", "axe-core": "4.14.1"}
"""Pinned; this playwright-core is content with the Node.js 18 of Debian 12."""
PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
HERE = os.path.dirname(os.path.abspath(__file__))


def package(name: str) -> str:
    """The folder of an npm package, fetched once into the user's cache."""
    version = PACKAGES[name]
    folders = os.path.join(cache_folder(), "browser")
    folder = os.path.join(folders, f"{name}-{version}")
    if not os.path.isdir(folder):
        os.makedirs(folders, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folders, prefix=".fetch-") as aside:
            command = ["npm", "pack", f"{name}@{version}", "--loglevel", "error", "--pack-destination", aside]
            subprocess.run([*command, "--cache", os.path.join(aside, "npm")], check=True, capture_output=True)
            with tarfile.open(os.path.join(aside, f"{name}-{version}.tgz")) as archive:
                archive.extractall(os.path.join(aside, "made"))  # noqa: S202 - of a pinned version, checked by npm
            if not os.path.isdir(folder):
                os.rename(os.path.join(aside, "made", "package"), folder)
    return folder


class Browser:
    """A Chromium with one page at a time."""

    def __init__(self) -> None:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        assert program, "these tests need Chromium: apt-get install chromium"
        axe = os.path.join(package("axe-core"), "axe.min.js")
        self.process = subprocess.Popen(
            ["node", os.path.join(HERE, "browser.mjs"), package("playwright-core"), program, axe],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def do(self, order: str, **values: Any) -> Any:
        """What an order of browser.mjs comes to."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"order": order, **values}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the browser has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def open(self, path: str, **how: Any) -> None:
        """A page from a file."""
        self.do("open", url=pathlib.Path(path).as_uri(), **how)

    def js(self, code: str) -> Any:
        """The value of an expression in the page."""
        return self.do("evaluate", code=code)

    def press(self, *keys: str) -> None:
        """Keys, by playwright's names for them."""
        self.do("press", keys=keys)

    def count(self, selector: str) -> int:
        """How many elements a person sees."""
        shown = "e.checkVisibility({contentVisibilityAuto: false}) && e.getClientRects().length"
        return int(self.js(f"[...document.querySelectorAll({json.dumps(selector)})].filter(e => {shown}).length"))

    def text(self, selector: str) -> str:
        """The text of the first element."""
        return str(self.js(f"document.querySelector({json.dumps(selector)}).textContent"))

    @property
    def focused(self) -> str:
        """What has the focus: its id, data or text."""
        told = "e.id || e.dataset.node || e.getAttribute('aria-label') || e.textContent"
        return str(self.js(f"((e) => {told})(document.activeElement)"))

    def end(self) -> None:
        """The browser closed."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()
