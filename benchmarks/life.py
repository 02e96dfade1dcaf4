"""Run a command from start to exit; print the seconds and the memory it took, and the last number it printed.

This is its own small process, since the peak memory that the system reports for a child is at least that of its
parent.
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
bytes_per_unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps({"step": step, "memory": usage.ru_maxrss * bytes_per_unit, "numbers": [float(out.split()[-1])]}))
