"""Several devices and several processes, under Keras's names (``keras.distribution``): which of them share a batch.

Training on XLA (`engine`) splits each batch over all devices of all processes; nothing need be said. What is here
chooses fewer, and joins the processes of a cluster; ``chainrule launch`` joins those of one machine by itself. JAX is
loaded when it is first needed.

May import: `core`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .core.errors import ValueProblem
from .core.missing_names import lookup
from .core.providers import provider

# what ``chainrule launch`` tells each process, and `initialize` reads
JOBS = "CHAINRULE_DISTRIBUTION_JOB_ADDRESSES"
PROCESSES = "CHAINRULE_DISTRIBUTION_NUM_PROCESSES"
PROCESS = "CHAINRULE_DISTRIBUTION_PROCESS_ID"


class DataParallel:
    """Each batch is split along its first axis over these devices (``keras.distribution.DataParallel``).

    Every device holds all variables and computes its share of the batch; gradients are summed over all of them, so
    that the numbers are those of one device, to rounding. A batch that cannot be split evenly is computed whole on
    each. See `set_distribution`.

    Args:
        device_mesh: only ``None``: there is one axis, the batch.
        devices: names as `list_devices` gives them, such as ``["gpu:0", "gpu:1"]``; default: all devices.
        auto_shard_dataset: only ``True``: each process is given the whole data, and takes its own rows of a batch.

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
            raise ValueProblem(
                f"auto_shard_dataset={auto_shard_dataset!r}",
                "True",
                "give every process the same data: it takes its rows",
            )
        names = None if devices is None else [devices] if isinstance(devices, str) else list(devices)
        if names is not None and (not names or len(set(names)) < len(names)):
            raise ValueProblem(f"devices={devices!r}", "different devices, one at least", "see list_devices()")
        self.devices = None if names is None else tuple(str(name) for name in names)

    def __repr__(self) -> str:
        return "DataParallel()" if self.devices is None else f"DataParallel(devices={list(self.devices)})"


_chosen: DataParallel | None = None


def set_distribution(value: DataParallel | None) -> None:
    """Choose the devices of all training to come (``keras.distribution.set_distribution``).

    Args:
        value: a `DataParallel`; ``None``, as from the start: all devices there are.

    Raises:
        ValueProblem: for anything else; for devices that are not there, when training begins.

    >>> set_distribution(DataParallel(devices=["cpu:0"]))
    >>> distribution()
    DataParallel(devices=['cpu:0'])
    >>> set_distribution(None)
    """
    global _chosen
    if value is not None and not isinstance(value, DataParallel):
        raise ValueProblem(f"the distribution {value!r:.80}", "DataParallel(...) or None", "see DataParallel")
    _chosen = value


def distribution() -> DataParallel | None:
    """What `set_distribution` was given; ``None`` if nothing (``keras.distribution.distribution``).

    >>> distribution() is None
    True
    """
    return _chosen


def list_devices(device_type: str | None = None) -> list[str]:
    """The names of all devices, of all processes, in their order (``keras.distribution.list_devices``).

    Args:
        device_type: ``"cpu"``, ``"gpu"`` or ``"tpu"``; default: of the kind that computes.

    Raises:
        ValueProblem: without JAX (``chainrule[fast]``), or for a kind that is not there.

    >>> list_devices("cpu")[0]
    'cpu:0'
    """
    return [_devices().name(d) for d in _devices().listed(device_type)]


def get_device_count(device_type: str | None = None) -> int:
    """How many devices `list_devices` lists (``keras.distribution.get_device_count``).

    >>> get_device_count("cpu") >= 1
    True
    """
    return len(list_devices(device_type))


def initialize(
    job_addresses: str | None = None, num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Join the processes of one run (``keras.distribution.initialize``); the first thing that a script does.

    Not needed under ``chainrule launch``. Arguments that are not given are read from the environment variables
    ``CHAINRULE_DISTRIBUTION_JOB_ADDRESSES``, ``..._NUM_PROCESSES`` and ``..._PROCESS_ID``; without these, JAX finds
    them in the environments of SLURM, Open MPI, Kubernetes and Cloud TPU. Returns when all processes have joined.

    Args:
        job_addresses: ``"10.0.0.1:1234"``: the first process's machine, and a port free there; of several between
            commas the first is taken.
        num_processes: how many there are. process_id: which this is, from 0.

    Raises:
        ValueProblem: without JAX (``chainrule[fast]``), for arguments that do not fit together, where nothing is found,
            or when the others do not come.
    """
    given = (job_addresses or os.environ.get(JOBS), _number(num_processes, PROCESSES), _number(process_id, PROCESS))
    missing = [value is None for value in given]
    if any(missing) and not all(missing):
        raise ValueProblem(
            f"job_addresses={given[0]!r}, num_processes={given[1]!r}, process_id={given[2]!r}",
            "all three, or none of them",
            "e.g. initialize('10.0.0.1:1234', 2, 0) in the first of two processes",
        )
    address, processes, process = given
    if processes is not None and process is not None and not 0 <= process < processes:
        raise ValueProblem(f"process {process} of {processes}", f"a number from 0 to {processes - 1}", "count from 0")
    _devices().join(None if address is None else str(address).split(",")[0].strip(), processes, process)


def _number(given: Any, variable: str) -> int | None:
    text = os.environ.get(variable) if given is None else given
    try:
        return None if text is None else int(text)
    except (TypeError, ValueError):
        what = variable.removeprefix("CHAINRULE_DISTRIBUTION_").lower()
        raise ValueProblem(f"{what}={text!r}", "a whole number", f"pass {what}, or set {variable}") from None


def launched() -> bool:
    """Whether this process was told that it is one of several."""
    return os.environ.get(PROCESSES) is not None


_place: tuple[int, int] | None = None  # this process's number, and how many there are: once they have joined


def process_index() -> int:
    """This process's number among those of the run, from 0.

    >>> process_index()
    0
    """
    return _place[0] if _place is not None else _number(None, PROCESS) or 0


def process_count() -> int:
    """How many processes the run has.

    >>> process_count()
    1
    """
    return _place[1] if _place is not None else _number(None, PROCESSES) or 1


def joined(index: int, count: int) -> None:
    """Note what JAX has found."""
    global _place
    _place = (index, count)


def all_gather(numbers: Sequence[int]) -> NDArray[np.uint32]:
    """Each process's numbers, a row each. Every process must ask, with as many; none goes on before all have asked.

    >>> all_gather([3, 4])
    array([[3, 4]], dtype=uint32)
    """
    if process_count() == 1:
        return np.array([numbers], np.uint32)
    found: NDArray[np.uint32] = _devices().all_gather(numbers)
    return found


def max_over_processes(number: int) -> int:
    """The largest of all processes' numbers: for what hangs on a clock, which no two of them read alike.

    >>> max_over_processes(3)
    3
    """
    return int(all_gather([number]).max()) if process_count() > 1 else number


def _devices() -> Any:
    try:
        return provider("devices")
    except ModuleNotFoundError:
        raise ValueProblem(
            "several devices without JAX", "the extra chainrule[fast]", 'pip install "chainrule[fast]"'
        ) from None


__getattr__ = lookup("distribution")

__all__ = [
    "DataParallel",
    "distribution",
    "get_device_count",
    "initialize",
    "list_devices",
    "process_count",
    "process_index",
    "set_distribution",
]
