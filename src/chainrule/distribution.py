"""Several devices and several processes, under Keras's names (``keras.distribution``): which of them share a batch.

Training on XLA (`engines`) splits each batch over all devices of all processes by default. These functions choose
fewer, and join the processes of a cluster; ``chainrule launch`` joins those of one machine by itself. JAX is loaded
when it is first needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .core.arguments import whole_number
from .core.errors import ValueProblem
from .core.missing_names import lookup
from .core.providers import provider

# the environment variables that ``chainrule launch`` sets for each process, and `initialize` reads
JOBS = "CHAINRULE_DISTRIBUTION_JOB_ADDRESSES"
PROCESSES = "CHAINRULE_DISTRIBUTION_NUM_PROCESSES"
PROCESS = "CHAINRULE_DISTRIBUTION_PROCESS_ID"


class DataParallel:
    """Splits each batch along its first axis over these devices (``keras.distribution.DataParallel``).

    Every device holds all variables and computes its share of the batch; gradients are summed over all of them, so
    that the results are those of one device, to rounding. A batch that cannot be split evenly is computed as a whole
    on each. See `set_distribution`.

    Args:
        device_mesh: only ``None``: there is one axis, the batch.
        devices: names as `list_devices` gives them, such as ``["gpu:0", "gpu:1"]``; default: all devices.
        auto_shard_dataset: only ``True``: each process gets all the data, and takes its own rows of a batch.

    Raises:
        ValueProblem: for other arguments.

    >>> DataParallel(devices=["cpu:0"]).devices
    ('cpu:0',)
    """

    def __init__(
        self, device_mesh: None = None, devices: Sequence[str] | None = None, auto_shard_dataset: bool = True
    ) -> None:
        if device_mesh is not None:
            raise ValueProblem("a device_mesh", "None", "pass devices=list_devices()[:2], or none for all")
        if auto_shard_dataset is not True:
            passed = f"auto_shard_dataset={auto_shard_dataset!r}"
            raise ValueProblem(passed, "True", "give every process the same data: it takes its rows")
        names = None if devices is None else [devices] if isinstance(devices, str) else list(devices)
        if names is not None and (not names or len(set(names)) < len(names)):
            raise ValueProblem(f"devices={devices!r}", "different devices, at least one", "see list_devices()")
        self.devices = None if names is None else tuple(str(name) for name in names)

    def __repr__(self) -> str:
        return "DataParallel()" if self.devices is None else f"DataParallel(devices={list(self.devices)})"


_distribution: DataParallel | None = None


def set_distribution(value: DataParallel | None) -> None:
    """Choose the devices for later training (``keras.distribution.set_distribution``).

    Args:
        value: a `DataParallel`; ``None``, the default: all devices.

    Raises:
        ValueProblem: for anything else; when training begins, for devices that do not exist.

    >>> set_distribution(DataParallel(devices=["cpu:0"]))
    >>> distribution()
    DataParallel(devices=['cpu:0'])
    >>> set_distribution(None)
    """
    global _distribution
    if value is not None and not isinstance(value, DataParallel):
        raise ValueProblem(f"the distribution {value!r:.80}", "DataParallel(...) or None", "see DataParallel")
    _distribution = value


def distribution() -> DataParallel | None:
    """Return what `set_distribution` has set; ``None`` by default (``keras.distribution.distribution``).

    >>> distribution() is None
    True
    """
    return _distribution


def list_devices(device_type: str | None = None) -> list[str]:
    """Return the names of all devices, of all processes, in their order (``keras.distribution.list_devices``).

    Args:
        device_type: ``"cpu"``, ``"gpu"`` or ``"tpu"``; default: the type on which training runs.

    Raises:
        ValueProblem: without JAX (``chainrule[fast]``), or for a type without devices.

    >>> list_devices("cpu")[0]
    'cpu:0'
    """
    return [_devices().name(d) for d in _devices().listed(device_type)]


def get_device_count(device_type: str | None = None) -> int:
    """Return the number of devices that `list_devices` lists (``keras.distribution.get_device_count``).

    >>> get_device_count("cpu") >= 1
    True
    """
    return len(list_devices(device_type))


def initialize(
    job_addresses: str | None = None, num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Join the processes of one run (``keras.distribution.initialize``). A script calls it first.

    Not needed under ``chainrule launch``. The defaults of the arguments are the environment variables
    ``CHAINRULE_DISTRIBUTION_JOB_ADDRESSES``, ``..._NUM_PROCESSES`` and ``..._PROCESS_ID``; without these, JAX finds
    them in the environments of SLURM, Open MPI, Kubernetes and Cloud TPU. Returns when all processes have joined.

    Args:
        job_addresses: ``"10.0.0.1:1234"``: the first process's machine, and a free port there; of several between
            commas the first is used.
        num_processes: the number of processes. process_id: the index of this one, from 0.

    Raises:
        ValueProblem: without JAX (``chainrule[fast]``), for arguments that do not fit together, if no cluster is found,
            or if the other processes do not join in time.
    """
    address = job_addresses or os.environ.get(JOBS)
    processes, process = _from_environment(num_processes, PROCESSES), _from_environment(process_id, PROCESS)
    missing = [value is None for value in (address, processes, process)]
    if any(missing) and not all(missing):
        passed = f"job_addresses={address!r}, num_processes={processes!r}, process_id={process!r}"
        expected = "all three, or none of them"
        raise ValueProblem(passed, expected, "e.g. initialize('10.0.0.1:1234', 2, 0) in the first of two processes")
    if processes is not None and process is not None and not 0 <= process < processes:
        raise ValueProblem(f"process {process} of {processes}", f"a number from 0 to {processes - 1}", "count from 0")
    _devices().join(None if address is None else str(address).split(",")[0].strip(), processes, process)


def _from_environment(value: Any, variable: str) -> int | None:
    """Return an argument that is a whole number, by default from an environment variable."""
    text = os.environ.get(variable) if value is None else value
    try:
        number = int(text) if isinstance(text, str) else whole_number(text)
    except ValueError:
        number = None
    if text is not None and number is None:
        name = variable.removeprefix("CHAINRULE_DISTRIBUTION_").lower()
        raise ValueProblem(f"{name}={text!r}", "a whole number", f"pass {name}, or set {variable}")
    return number


def launched() -> bool:
    """Return whether ``chainrule launch`` has started this process as one of several."""
    return os.environ.get(PROCESSES) is not None


_index_and_count: tuple[int, int] | None = None  # of the processes, once they have joined


def process_index() -> int:
    """Return the index of this process among those of the run, from 0.

    >>> process_index()
    0
    """
    return _index_and_count[0] if _index_and_count is not None else _from_environment(None, PROCESS) or 0


def process_count() -> int:
    """Return the number of processes of the run.

    >>> process_count()
    1
    """
    return _index_and_count[1] if _index_and_count is not None else _from_environment(None, PROCESSES) or 1


def joined(index: int, count: int) -> None:
    """Store this process's index and the number of processes, as JAX has found them."""
    global _index_and_count
    _index_and_count = (index, count)


def all_gather(numbers: Sequence[int]) -> NDArray[np.uint32]:
    """Gather each process's numbers, a row each. Every process must call it, with equally many; each waits for all.

    >>> all_gather([3, 4])
    array([[3, 4]], dtype=uint32)
    """
    if process_count() == 1:
        return np.array([numbers], np.uint32)
    return _devices().all_gather(numbers)


def max_over_processes(number: int) -> int:
    """Return the largest of all processes' numbers: for what depends on a clock, which differs between processes.

    >>> max_over_processes(3)
    3
    """
    return int(all_gather([number]).max()) if process_count() > 1 else number


def _devices() -> Any:
    try:
        return provider("devices")
    except ModuleNotFoundError:
        passed = "several devices without JAX"
        raise ValueProblem(passed, "the extra chainrule[fast]", 'pip install "chainrule[fast]"') from None


__getattr__ = lookup("distribution")
__path__: list[str] = []  # so that imports of missing names look for a module, and so for advice

__all__ = [
    "DataParallel", "distribution", "get_device_count", "initialize", "list_devices", "process_count", "process_index",
    "set_distribution",
]  # fmt: skip
