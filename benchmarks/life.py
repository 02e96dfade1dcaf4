"""Run a command from its start to its exit: prints the seconds and the memory it took, and the number it printed.

A process of its own, and a small one, since the memory that the system notes for a child is never less than that of
the process which started it.
"""

import json
import os
import subprocess
import sys
import time

start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
out = child.stdout.read()
_, status, usage = os.wait4(child.pid, 0)
step = time.perf_counter() - start
child.returncode = os.waitstatus_to_exitcode(status)
if child.returncode:
    sys.exit(child.returncode)
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps({"step": step, "memory": usage.ru_maxrss * unit, "numbers": [float(out.split()[-1])]}))
