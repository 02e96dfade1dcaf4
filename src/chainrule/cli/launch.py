"""``chainrule launch -n 2 train.py [arguments]``: one training run in several processes of this machine."""

from __future__ import annotations

import argparse
import math
import os
import queue
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

GRACE = 3.0  # seconds from the polite request to end to the one that cannot be refused
MOMENT = 1.0  # seconds in which the failure that caused another is seen too
LINES = 12  # of a failed process's output, shown again at the end


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--processes", type=int, required=True, help="how many")
    parser.add_argument("script", help="a Python program, run by each of them")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the program")


def command(args: argparse.Namespace) -> int:
    from ..core.errors import ValueProblem
    from ..engines.engine import xla_installed

    if not hasattr(os, "killpg"):
        raise ValueProblem("launch on this system", "Linux or macOS", "start each process by hand: docs/distributed.md")
    if args.processes < 1:
        raise ValueProblem(f"-n {args.processes}", "a whole number from 1 up", "e.g. -n 2")
    if not os.path.isfile(args.script):
        raise ValueProblem(f"the program {args.script[:200]!r}, which is not there", "a file", "check the path")
    if not xla_installed():
        raise ValueProblem(
            "several processes without JAX", "the extra chainrule[fast]", 'pip install "chainrule[fast]"'
        )
    run = Run([sys.executable, args.script, *args.arguments], args.processes)
    with run:
        return run.wait()


class Run:
    """The processes of one run: started together, and ended together if one of them fails."""

    def __init__(self, words: list[str], count: int) -> None:
        self.words, self.count = words, count
        self.processes: list[subprocess.Popen[str]] = []
        self.readers: list[threading.Thread] = []
        self.ended: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()  # number and status, in the order of ends
        self.last: list[deque[str]] = [deque(maxlen=LINES) for _ in range(count)]
        self.asked = 0  # the first signal that was passed on
        self._before: dict[int, Any] = {}
        self._writing = threading.Lock()

    def __enter__(self) -> Run:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._pass_on)
        shared = _environment(self.count)
        for index in range(self.count):
            own = {_names()[2]: str(index), "JAX_LOCAL_DEVICE_IDS": str(index)}  # the kth takes the kth accelerator
            self._start(index, {**os.environ, **shared, **own})
        return self

    def _start(self, index: int, environment: Mapping[str, str]) -> None:
        process = subprocess.Popen(
            self.words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches it once, from here
        )
        self.processes.append(process)
        reader = threading.Thread(target=self._show, args=(index, process), daemon=True)
        reader.start()
        self.readers.append(reader)
        threading.Thread(target=lambda: self.ended.put((index, process.wait())), daemon=True).start()

    def _show(self, index: int, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.last[index].append(line)
                with self._writing, suppress(BrokenPipeError):  # the processes must not wait for a reader who has left
                    print(f"[{index}] {line.rstrip()}", flush=True)

    def wait(self) -> int:
        """The exit status: 0, or that of the process that failed first."""
        for _ in range(self.count):
            index, status = self._next()
            if status and not self.asked:
                index, status = self._cause(index, status)
            if status and not self.asked:
                self._end()
                self._say(index, status)
                return _as_exit(status)
        return 128 + self.asked if self.asked else 0

    def _next(self, until: float = math.inf) -> tuple[int, int]:
        while time.monotonic() < until:
            with suppress(queue.Empty):  # a signal handler runs only between two waits
                return self.ended.get(timeout=0.2)
        raise queue.Empty

    def _cause(self, index: int, status: int) -> tuple[int, int]:
        """A process whose partner was killed fails too, and may be the first that the system tells of.

        So a signal is taken for the cause, but for the one with which JAX itself ends those that are left.
        """
        until = time.monotonic() + MOMENT
        found, seen = (index, status), 1
        with suppress(queue.Empty):
            while not _killed(found[1]) and seen < self.count and not self.asked:
                found, seen = self._next(until), seen + 1
        return found if _killed(found[1]) else (index, status)

    def _say(self, index: int, status: int) -> None:
        self.readers[index].join(timeout=1)
        how = f"was ended by {_signal_name(-status)}" if status < 0 else f"ended with status {status}"
        others = "the others were ended too" if self.count > 1 else "it was alone"
        lines = "\n".join(f"  {line.rstrip()}" for line in self.last[index]) or "  (none)"
        print(
            f"chainrule launch: process {index} of {self.count} {how}; {others}. Its last lines:\n{lines}",
            file=sys.stderr,
        )
        if status < 0:
            print(
                "Run it again: with callbacks.BackupAndRestore training goes on from its checkpoint.", file=sys.stderr
            )

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-C, and a request to end: to every process; asked again, they have no choice."""
        self._signal(signal.SIGKILL if self.asked else number)
        self.asked = self.asked or number

    def _signal(self, number: int) -> None:
        for process in self.processes:
            if process.poll() is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, number)

    def _end(self) -> None:
        """End those that still run: politely first."""
        self._signal(signal.SIGTERM)
        until = time.monotonic() + GRACE
        while time.monotonic() < until and any(p.poll() is None for p in self.processes):
            time.sleep(0.05)
        self._signal(signal.SIGKILL)

    def __exit__(self, *error: object) -> None:
        self._end()
        for reader in self.readers:
            reader.join(timeout=1)
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _names() -> tuple[str, str, str]:
    from ..distribution import JOBS, PROCESS, PROCESSES

    return JOBS, PROCESSES, PROCESS


def _environment(count: int) -> dict[str, str]:
    """What all processes are told: where they meet, how many they are, and one seed."""
    jobs, processes, _ = _names()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    return {
        jobs: address,
        processes: str(count),
        "JAX_COORDINATOR_BIND_ADDRESS": address,  # this machine alone may come
        "CHAINRULE_SEED": os.environ.get("CHAINRULE_SEED") or str(secrets.randbits(32)),
        "PYTHONUNBUFFERED": "1",
    }


def _killed(status: int) -> bool:
    return status < 0 and status != -signal.SIGABRT


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _as_exit(status: int) -> int:
    """As a shell says it: 128 and the signal's number for a process that was ended by one."""
    return 128 - status if status < 0 else status
