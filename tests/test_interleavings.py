"""Texts of the user between the ends of agents: a few of what bench/interleavings.py tries by the hundred."""

import os
import shutil
import subprocess
import sys

import pytest
from builders import ROOT

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(
        not shutil.which("tmux") and not os.environ.get("CI"), reason="tmux is not installed; install it to run these"
    ),
]


def test_no_text_is_swallowed_and_every_run_ends():
    command = [sys.executable, os.path.join(ROOT, "bench", "interleavings.py"), "--runs", "10"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("| met |") == 6
