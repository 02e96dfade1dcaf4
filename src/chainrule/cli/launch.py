"""``chainrule launch -n 2 train.py [arguments]``: one training run in several processes on this machine."""

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

from ..core.arguments import at_least
from ..core.errors import ValueProblem
from ..core.terminal import echo

GRACE_SECONDS = 3.0  # from SIGTERM to SIGKILL
CAUSE_SECONDS = 1.0  # how long to wait for the failure that caused another
SHOWN_LINES = 12  # of a failed process's output, repeated at the end


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule launch`` to its parser."""
    parser.add_argument("-n", "--processes", type=int, required=True, help="number of processes")
    parser.add_argument("script", help="a Python program, which each process runs")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the program")


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule launch`` and return the exit status."""
    from ..engines.engine import xla_installed

    if not hasattr(os, "killpg"):
        raise ValueProblem("launch on this system", "Linux or macOS", "start each yourself: docs/distributed.md")
    at_least(1, **{"-n": args.processes})
    if not os.path.isfile(args.script):
        raise ValueProblem(f"the program {args.script[:200]!r}, which does not exist", "a file", "check the path")
    if not xla_installed():
        mend = 'pip install "chainrule[fast]"'
        raise ValueProblem("several processes without JAX", "the extra chainrule[fast]", mend)
    with Run([sys.executable, args.script, *args.arguments], args.processes) as run:
        return run.wait()


class Run:
    """The processes of one run: started together, and ended together if one of them fails."""

    def __init__(self, command: list[str], count: int) -> None:
        self.command, self.count = command, count
        self.processes: list[subprocess.Popen[str]] = []
        self.readers: list[threading.Thread] = []
        self.ended: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()  # index and status, first to end first
        self.last_lines: list[deque[str]] = [deque(maxlen=SHOWN_LINES) for _ in range(count)]
        self.signal_number = 0  # the first signal that was received and passed on
        self._previous_handlers: dict[int, Any] = {}
        self._print_lock = threading.Lock()

    def __enter__(self) -> Run:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._previous_handlers[number] = signal.signal(number, self._forward_signal)
        shared = _environment(self.count)
        for index in range(self.count):
            own = {_variable_names()[2]: str(index), "JAX_LOCAL_DEVICE_IDS": str(index)}  # process k uses accelerator k
            self._start(index, {**os.environ, **shared, **own})
        return self

    def _start(self, index: int, environment: Mapping[str, str]) -> None:
        process = subprocess.Popen(
            self.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that Ctrl-C reaches it only through _forward_signal
        )
        self.processes.append(process)
        reader = threading.Thread(target=self._print_output, args=(index, process), daemon=True)
        reader.start()
        self.readers.append(reader)
        threading.Thread(target=lambda: self.ended.put((index, process.wait())), daemon=True).start()

    def _print_output(self, index: int, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.last_lines[index].append(line)
                with self._print_lock, suppress(BrokenPipeError):  # if stdout is closed, the processes must not block
                    echo(f"[{index}] {line.rstrip()}", flush=True)

    def wait(self) -> int:
        """Wait for all processes; return 0, or the exit status of the process that failed first."""
        for _ in range(self.count):
            index, status = self._next_ended()
            if status and not self.signal_number:
                index, status = self._find_cause(index, status)
            if status and not self.signal_number:
                self._terminate()
                self._print_failure(index, status)
                return _exit_status(status)
        return 128 + self.signal_number if self.signal_number else 0

    def _next_ended(self, until: float = math.inf) -> tuple[int, int]:
        """Return the index and the status of the next process that ends."""
        while time.monotonic() < until:
            with suppress(queue.Empty):  # a short wait, as signal handlers run only between two
                return self.ended.get(timeout=0.2)
        raise queue.Empty

    def _find_cause(self, index: int, status: int) -> tuple[int, int]:
        """Return the process that was killed by a signal, if there is one, else the one passed.

        A process whose partner was killed fails too, and may be reported first. SIGABRT does not count, as JAX ends the
        remaining processes with it.
        """
        until = time.monotonic() + CAUSE_SECONDS
        ended, count = (index, status), 1
        with suppress(queue.Empty):
            while not _was_killed(ended[1]) and count < self.count and not self.signal_number:
                ended, count = self._next_ended(until), count + 1
        return ended if _was_killed(ended[1]) else (index, status)

    def _print_failure(self, index: int, status: int) -> None:
        self.readers[index].join(timeout=1)
        how = f"was ended by {_signal_name(-status)}" if status < 0 else f"ended with status {status}"
        others = "the others were ended too" if self.count > 1 else "it was the only one"
        lines = "\n".join(f"  {line.rstrip()}" for line in self.last_lines[index]) or "  (none)"
        failure = f"process {index} of {self.count} {how}; {others}. Its last lines:\n{lines}"
        echo(f"chainrule launch: {failure}", file=sys.stderr)
        if status < 0:
            mend = "Run it again: with callbacks.BackupAndRestore training continues from its checkpoint."
            echo(mend, file=sys.stderr)

    def _forward_signal(self, number: int, frame: FrameType | None) -> None:
        """Pass a signal on to every process; send SIGKILL from the second signal on."""
        self._send(signal.SIGKILL if self.signal_number else number)
        self.signal_number = self.signal_number or number

    def _send(self, number: int) -> None:
        for process in self.processes:
            if process.poll() is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, number)

    def _terminate(self) -> None:
        """End the processes that still run: by SIGTERM, then by SIGKILL."""
        self._send(signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and any(p.poll() is None for p in self.processes):
            time.sleep(0.05)
        self._send(signal.SIGKILL)

    def __exit__(self, *error: object) -> None:
        self._terminate()
        for reader in self.readers:
            reader.join(timeout=1)
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)


def _variable_names() -> tuple[str, str, str]:
    from ..distribution import JOBS, PROCESS, PROCESSES

    return JOBS, PROCESSES, PROCESS


def _environment(count: int) -> dict[str, str]:
    """Return the environment variables of all processes: the coordinator's address, their number, and one seed."""
    jobs, processes, _ = _variable_names()
    with socket.socket() as free_socket:
        free_socket.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free_socket.getsockname()[1]}"
    return {
        jobs: address,
        processes: str(count),
        "JAX_COORDINATOR_BIND_ADDRESS": address,  # only this machine can connect
        "CHAINRULE_SEED": os.environ.get("CHAINRULE_SEED") or str(secrets.randbits(32)),
        "PYTHONUNBUFFERED": "1",
    }


def _was_killed(status: int) -> bool:
    return status < 0 and status != -signal.SIGABRT


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _exit_status(status: int) -> int:
    """Return a process's exit status as a shell does: 128 plus the signal's number if a signal ended it."""
    return 128 - status if status < 0 else status
