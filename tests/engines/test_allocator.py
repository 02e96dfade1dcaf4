"""The process keeps the memory that it frees, unless it is told not to."""

import os
import subprocess
import sys

import pytest

CHILD = """
import resource
import numpy as np
from chainrule.engines.allocator import keep_freed_memory
print(keep_freed_memory())
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for i in range(12):
    if i == 2: before = faults()
    np.ones(1 << 23, "float64").sum()  # 64 MiB
print(faults() - before)
"""


def run(**settings):
    others = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "CHAINRULE_MALLOC", "GLIBC_"))}
    output = subprocess.run(
        [sys.executable, "-c", CHILD], env=others | settings, capture_output=True, text=True, check=True
    ).stdout
    kept, faults = output.split()
    return kept == "True", int(faults)


def has_glibc():
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError):
        return False


@pytest.mark.skipif(not has_glibc(), reason="the C library is not glibc")
def test_freed_memory_is_used_again():
    kept, faults = run()
    assert kept
    assert faults < 100  # ten arrays of at least 32 pages each would take 320, of 4 KiB 163,840
    assert run(CHAINRULE_MALLOC="off")[0] is False
    assert run(MALLOC_TRIM_THRESHOLD_="131072")[0] is False
    assert run(GLIBC_TUNABLES="glibc.malloc.hugetlb=1")[0] is False


def test_without_glibc_nothing_is_changed(monkeypatch):
    from chainrule.engines import allocator

    monkeypatch.setattr(os, "confstr", lambda name: None, raising=False)
    for name in [n for n in os.environ if n.startswith("MALLOC_") or n == "GLIBC_TUNABLES"]:
        monkeypatch.delenv(name)
    assert allocator.keep_freed_memory.__wrapped__() is False
