"""Whether the JSON in an output matches its schema, asked by hooks, whose interpreter may lack what judges that.

So a process of the plugin's own environment judges, and only for tasks that have a schema. It has a time limit: an
expression in a schema can take forever.
"""

from __future__ import annotations

import os
import sys

from . import quickjson
from .places import ROOT

SECONDS = 15.0
"""How long a check may take; a hook has 60, and an agent's end may need two."""
UNCHECKED = "could not be checked against its JSON schema"
"""What no agent can mend, so that nobody is sent back for it."""


def mismatch(schema: str, output: str) -> str:
    """How an output breaks the schema in a text, one line for each way below the first; empty where it matches."""
    import subprocess

    program = os.path.join(ROOT, "scripts", "parallel_dispatch", "__main__.py")
    try:
        done = subprocess.run(
            [sys.executable, "-I", program, "match"],
            input=quickjson.dumps({"schema": schema, "output": output}),
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"{UNCHECKED} within {SECONDS:g} seconds"
    except OSError as error:
        return f"{UNCHECKED}: {sys.executable}: {error.strerror}"
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2].removeprefix("parallel-dispatch: ")
        return f"{UNCHECKED}: {said or f'the check ended with code {done.returncode}'}"
    lines = done.stdout.splitlines()
    return "\n- ".join(["does not match its JSON schema:", *filter(None, lines)]) if any(lines) else ""
