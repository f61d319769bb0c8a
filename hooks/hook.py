"""The process of a hook in a conversation that drives a run, started with `-I -S`: hook.py RUN_FOLDER HOST [watch].

An event's JSON comes on stdin, the answer's goes to stdout.
"""

import gc
import os
import sys

if sys.argv[3:] != ["watch"]:
    gc.disable()  # an event is answered in milliseconds, and what is read for it is held to the end

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scripts"))

from parallel_dispatch import gate, quickjson

code, folder, watches = 0, sys.argv[1], sys.argv[3:] == ["watch"]
payload = quickjson.record(sys.stdin.buffer.read().decode(errors="replace"))
try:
    is_settled, answer = gate.look(payload, folder)
except (OSError, ValueError):
    is_settled, answer = False, None  # whoever looks closer says why
if answer:
    sys.stdout.write(quickjson.dumps(answer) + "\n")
elif not is_settled:
    from parallel_dispatch.events import main

    code = main(payload, folder, int(sys.argv[2]), watches=watches)
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)  # nothing is left to do, and taking the interpreter down costs 2 ms of 14
