"""Which devices share a batch, and the processes they belong to: JAX's own meshes, shardings and distributed runtime.

A step is one program over all devices: its batch is split along the first axis, everything else is replicated. XLA
inserts the sums over devices. Every process runs the same programs in the same order, and holds its devices' part.
"""

from __future__ import annotations

import os
import sys
import warnings
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from types import TracebackType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ... import distribution
from ...core.errors import GraphError, MemoryProblem, ValueProblem

Array = Any
partition_spec: Any = PartitionSpec
with_sharding: Any = jax.lax.with_sharding_constraint
jax_config: Any = jax.config
REPLICATED, SPLIT_ROWS = partition_spec(), partition_spec("batch")
HEARTBEAT = 30  # seconds after which a process that does not answer counts as ended
MIN_BUFFERED = 2**14  # bytes from which the copy of an array on the device is cached


_has_started = _is_forked = False


def _note_fork() -> None:
    global _is_forked
    _is_forked = _has_started


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def use_devices() -> None:
    """Note that XLA's devices are about to be used; raise in a process that was forked after they were.

    XLA's threads are not there in such a process, which would wait for them for ever.

    Raises:
        GraphError: which names ``spawn``.
    """
    global _has_started
    if _is_forked:
        passed = f"XLA in process {os.getpid()}, forked from one in which XLA had started"
        mend = (
            "start processes with multiprocessing.get_context('spawn'), or compile models with engine='numpy', or fork "
            "before the first fit or predict"
        )
        raise GraphError(passed, "a process that was started anew, since XLA's threads are not copied by a fork", mend)
    _has_started = True


def start() -> None:
    """Join the other processes, if ``chainrule launch`` has started this one and it has not joined yet."""
    if jax.distributed.is_initialized():
        distribution.joined(jax.process_index(), jax.process_count())
    elif distribution.launched():
        distribution.initialize()


def join(address: str | None, count: int | None, index: int | None) -> None:
    """Join the processes of a run; arguments that are ``None`` are found by JAX."""
    jax_config.update("jax_enable_preemption_service", False)  # it would swallow SIGTERM
    try:
        jax.distributed.initialize(address, count, index, heartbeat_timeout_seconds=HEARTBEAT)
    except (RuntimeError, ValueError) as error:
        passed = f"processes that cannot be joined ({' '.join(str(error).split())[:300]})"
        expected = "initialize() to come once, before anything is computed, in every process of the run"
        mend = "use `chainrule launch -n 2 train.py`, a cluster's launcher that JAX knows, or pass all three arguments"
        raise ValueProblem(passed, expected, mend) from None
    distribution.joined(jax.process_index(), jax.process_count())
    for variable in (distribution.JOBS, distribution.PROCESSES, distribution.PROCESS):
        os.environ.pop(variable, None)  # workers that the program starts are not processes of the run
    sys.excepthook = _exit_at_once


def _exit_at_once(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End this process at once after an error: JAX's own exit would wait for the others, and they for this one."""
    sys.__excepthook__(kind, error, trace)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(130 if issubclass(kind, KeyboardInterrupt) else 1)


def name(device: Any) -> str:
    """Return a device's name, as in Keras."""
    return f"{device.platform}:{device.id}"


def listed(kind: str | None) -> list[Any]:
    """Return all devices of a kind, such as ``"cpu"``; ``None``: of the default kind."""
    start()
    use_devices()
    try:
        return list(jax.devices(None if kind is None else kind.lower()))
    except (RuntimeError, AttributeError):
        expected = f"one that is there, such as {jax.devices()[0].platform!r}"
        raise ValueProblem(f"device_type={kind!r}", expected, "leave it out") from None


def current_mesh() -> Mesh | None:
    """Return the devices that share each batch; ``None`` if there is only one."""
    use_devices()
    chosen = distribution.distribution()
    names = None if chosen is None else chosen.devices
    return None if names is None and jax.device_count() == 1 else _mesh(names)


@cache
def _mesh(names: tuple[str, ...] | None) -> Mesh:
    by_name = {name(d): d for d in jax.devices()}
    missing = [n for n in names or () if n not in by_name]
    if missing:
        raise ValueProblem(f"the devices {missing}", f"some of {list(by_name)}", "see distribution.list_devices()")
    devices = [d for n, d in by_name.items() if names is None or n in names]
    if {d.process_index for d in devices} != set(range(jax.process_count())):
        passed = f"devices={list(names or ())} in a run of {jax.process_count()} processes"
        raise ValueProblem(passed, "a device of every process at least", "choose more, or start fewer processes")
    return Mesh(np.array(devices), ("batch",))


@contextmanager
def running_on(mesh: Mesh | None) -> Iterator[None]:
    """Run programs on these devices; if another process has ended, raise an error that says so."""
    try:
        with nullcontext() if mesh is None else jax.set_mesh(mesh):
            yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" in str(error):
            passed = f"a program for which there is no memory ({' '.join(str(error).split())[:200]})"
            raise MemoryProblem(passed, "values that fit", "use a smaller batch or smaller sizes") from None
        if jax.process_count() == 1:
            raise
        raise GraphError(
            f"a failure between the {jax.process_count()} processes ({' '.join(str(error).split())[:200]})",
            "all of them to run to the end",
            "see the output of the others: one has ended. Start all again; callbacks.BackupAndRestore resumes training",
        ) from None


_buffers: dict[int, tuple[weakref.ref[Array], Array]] = {}


def cached_buffer(array: Array) -> Array:
    """Return the copy on the device of an array that is never written to, such as a tensor's; any other as it is.

    The copy is made once and cached as long as the array lives.
    """
    large = isinstance(array, np.ndarray) and array.nbytes >= MIN_BUFFERED
    if not large or array.flags.writeable or array.base is not None:
        return array
    key = id(array)
    entry = _buffers.get(key)
    if entry is None or entry[0]() is not array:
        # a true copy: one that shared the array's memory would keep it alive
        entry = _buffers[key] = (weakref.ref(array, lambda gone: _forget(key, gone)), jnp.array(array))
    return entry[1]


def _forget(key: int, gone: Any) -> None:
    if key in _buffers and _buffers[key][0] is gone:
        del _buffers[key]


def put(arrays: Sequence[Array], mesh: Mesh | None, split: bool = False) -> list[Array]:
    """Put arrays on the devices, replicated or, if possible, `split` by rows; each process puts its own part."""
    return list(arrays) if mesh is None else [_put(a, mesh, split) for a in arrays]


def _put(array: Array, mesh: Mesh, split: bool) -> Array:
    if isinstance(array, jax.Array):
        if array.sharding.device_set == set(mesh.devices.flat):
            return array
        array = np.asarray(array)  # from a run on other devices
    layout = NamedSharding(mesh, SPLIT_ROWS if split and _is_divisible(array, mesh.size) else REPLICATED)
    return jax.make_array_from_callback(array.shape, layout, lambda part: array[part])


def _is_divisible(array: Array, count: int) -> bool:
    return array.ndim > 0 and array.shape[0] > 0 and array.shape[0] % count == 0


def split_rows(arrays: Sequence[Array]) -> list[Array]:
    """Inside a program, split a batch's arrays by rows over the devices; replicate those that are not divisible."""
    count = jax.sharding.get_abstract_mesh().size
    if count < 2:
        return list(arrays)
    return [with_sharding(a, SPLIT_ROWS if _is_divisible(a, count) else REPLICATED) for a in arrays]


def replicate(arrays: Sequence[Array]) -> list[Array]:
    """Inside a program, replicate results and variables on all devices."""
    if jax.sharding.get_abstract_mesh().size < 2:
        return list(arrays)
    return [with_sharding(a, REPLICATED) for a in arrays]


def warn_if_indivisible(size: int, mesh: Mesh | None) -> None:
    """Warn if batches of this size cannot be split over the devices."""
    if mesh is not None and size % mesh.size:
        problem = f"Batches of {size} cannot be split evenly over {mesh.size} devices: each computes all of them."
        mend = f"Choose a multiple of {mesh.size}, or fewer devices (distribution.set_distribution)."
        warnings.warn(f"{problem} {mend}", stacklevel=2)


def all_gather(numbers: Sequence[int]) -> np.ndarray[Any, Any]:
    """Return the numbers of all processes, a row each; each process waits until all have called this."""
    start()
    devices = [next(d for d in jax.devices() if d.process_index == p) for p in range(jax.process_count())]
    mesh = Mesh(np.array(devices), ("batch",))
    own, sharding = np.array([numbers], np.uint32), NamedSharding(mesh, SPLIT_ROWS)
    with running_on(mesh):
        rows = jax.make_array_from_callback((len(devices), len(numbers)), sharding, lambda _: own)
        return np.asarray(_gather_program(mesh)(rows))


@cache
def _gather_program(mesh: Mesh) -> Any:
    return jax.jit(lambda rows: rows, out_shardings=NamedSharding(mesh, REPLICATED))
