"""The process of a hook in a conversation that drives a run, started with `-I -S`: hook.py RUN_FOLDER HOST [watch]."""

import gc
import os
import sys

if sys.argv[3:] != ["watch"]:
    gc.disable()  # an event is answered in milliseconds, and what is read for it is held to the end

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scripts"))

from parallel_dispatch.events import main

code = main(sys.argv[1], int(sys.argv[2]), watches=sys.argv[3:] == ["watch"])
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)  # nothing is left to do, and taking the interpreter down costs 2 ms of 14
