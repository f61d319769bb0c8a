"""The process of a hook in a conversation that drives a run: hook.py RUN_FOLDER, started with `-I -S` by the guard."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scripts"))

from parallel_dispatch.events import main

code = main(sys.argv[1])
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)  # nothing is left to do, and taking the interpreter down costs 2 ms of 14
