"""Which devices share a batch, and the processes they belong to: JAX's own meshes, shardings and distributed runtime.

A step is one program over all devices: its batch is split along the first axis, everything else is whole on each. XLA
puts in the sums over devices. Every process runs the same programs in the same order, and holds its devices' part.
"""

from __future__ import annotations

import os
import sys
import warnings
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ... import distribution
from ...core.errors import GraphError, ValueProblem

Array = Any
Part: Any = PartitionSpec
constrained: Any = jax.lax.with_sharding_constraint
settings: Any = jax.config
WHOLE, ROWS = Part(), Part("batch")
HEARTBEAT = 30  # seconds after which a process that is not heard of counts as gone


def start() -> None:
    """Join the others, if ``chainrule launch`` has started this process and it has not joined yet."""
    if jax.distributed.is_initialized():
        distribution.joined(jax.process_index(), jax.process_count())
    elif distribution.launched():
        distribution.initialize()


def join(address: str | None, count: int | None, index: int | None) -> None:
    """Join the processes of a run; JAX finds out what is not given."""
    settings.update("jax_enable_preemption_service", False)  # it would swallow SIGTERM
    try:
        jax.distributed.initialize(address, count, index, heartbeat_timeout_seconds=HEARTBEAT)
    except (RuntimeError, ValueError) as error:
        raise ValueProblem(
            f"processes that cannot be joined ({' '.join(str(error).split())[:300]})",
            "initialize() to come once, before anything is computed, in every process of the run",
            "use `chainrule launch -n 2 train.py`, a cluster's launcher that JAX knows, or pass all three arguments",
        ) from None
    distribution.joined(jax.process_index(), jax.process_count())
    for variable in (distribution.JOBS, distribution.PROCESSES, distribution.PROCESS):
        os.environ.pop(variable, None)  # workers that the program starts are none of the run's processes
    sys.excepthook = _leave


def _leave(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End a process whose program has failed at once: at JAX's exit it would wait for the others, and they for it."""
    sys.__excepthook__(kind, error, trace)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(130 if issubclass(kind, KeyboardInterrupt) else 1)


def name(device: Any) -> str:
    """A device's name, as in Keras."""
    return f"{device.platform}:{device.id}"


def listed(kind: str | None) -> list[Any]:
    """All devices of a kind."""
    start()
    try:
        return list(jax.devices(None if kind is None else kind.lower()))
    except (RuntimeError, AttributeError):
        raise ValueProblem(
            f"device_type={kind!r}", f"one that is there, such as {jax.devices()[0].platform!r}", "leave it out"
        ) from None


def mesh() -> Mesh | None:
    """The devices that share each batch; ``None`` for the one there is."""
    chosen = distribution.distribution()
    names = None if chosen is None else chosen.devices
    return None if names is None and jax.device_count() == 1 else _mesh(names)


@cache
def _mesh(names: tuple[str, ...] | None) -> Mesh:
    known = {name(d): d for d in jax.devices()}
    missing = [n for n in names or () if n not in known]
    if missing:
        raise ValueProblem(f"the devices {missing}", f"some of {list(known)}", "see distribution.list_devices()")
    found = [d for n, d in known.items() if names is None or n in names]
    if {d.process_index for d in found} != set(range(jax.process_count())):
        raise ValueProblem(
            f"devices={list(names or ())} in a run of {jax.process_count()} processes",
            "a device of every process at least",
            "choose more, or start fewer processes",
        )
    return Mesh(np.array(found), ("batch",))


@contextmanager
def shared(shares: Mesh | None) -> Iterator[None]:
    """Programs inside run on these devices; that another process has gone is said clearly."""
    if shares is None:
        yield
        return
    try:
        with jax.set_mesh(shares):
            yield
    except jax.errors.JaxRuntimeError as error:
        if jax.process_count() == 1 or "RESOURCE_EXHAUSTED" in str(error):
            raise
        raise GraphError(
            f"a failure between the {jax.process_count()} processes ({' '.join(str(error).split())[:200]})",
            "all of them to run to the end",
            "see what the others say: one has ended. Start all again; with callbacks.BackupAndRestore training goes on",
        ) from None


_kept: dict[int, tuple[weakref.ref[Array], Array]] = {}
WORTH = 2**14  # bytes from which an array's copy on the device is kept


def kept(array: Array) -> Array:
    """The copy on the device of an array that nobody can write to, such as a tensor's: made once, and kept as long as
    the array lives. Any other is given back as it is."""
    if not isinstance(array, np.ndarray) or array.flags.writeable or array.base is not None or array.nbytes < WORTH:
        return array
    key = id(array)
    found = _kept.get(key)
    if found is None or found[0]() is not array:
        # a true copy: one that shared the array's memory would keep it alive
        found = _kept[key] = (weakref.ref(array, lambda gone: _forget(key, gone)), jnp.array(array))
    return found[1]


def _forget(key: int, gone: Any) -> None:
    if key in _kept and _kept[key][0] is gone:
        del _kept[key]


def put(arrays: Sequence[Array], shares: Mesh | None, split: bool = False) -> list[Array]:
    """Arrays on the devices: whole on each, or `split` by rows where they can be. Each process puts its own part."""
    return list(arrays) if shares is None else [_put(a, shares, split) for a in arrays]


def _put(array: Array, shares: Mesh, split: bool) -> Array:
    if isinstance(array, jax.Array):
        if array.sharding.device_set == set(shares.devices.flat):
            return array
        array = np.asarray(array)  # from a run on other devices
    layout = NamedSharding(shares, ROWS if split and _even(array, shares.size) else WHOLE)
    return jax.make_array_from_callback(array.shape, layout, lambda part: array[part])


def _even(array: Array, count: int) -> bool:
    return array.ndim > 0 and array.shape[0] > 0 and array.shape[0] % count == 0


def split(arrays: Sequence[Array]) -> list[Array]:
    """Inside a program: a batch's arrays by rows over the devices; whole where they cannot be split evenly."""
    count = jax.sharding.get_abstract_mesh().size
    if count < 2:
        return list(arrays)
    return [constrained(a, ROWS if _even(a, count) else WHOLE) for a in arrays]


def whole(arrays: Sequence[Array]) -> list[Array]:
    """Inside a program: results and variables, the same on all devices."""
    if jax.sharding.get_abstract_mesh().size < 2:
        return list(arrays)
    return [constrained(a, WHOLE) for a in arrays]


def advise(size: int, shares: Mesh | None) -> None:
    """Say that batches of this size are split over nothing."""
    if shares is not None and size % shares.size:
        warnings.warn(
            f"Batches of {size} cannot be split evenly over {shares.size} devices: each computes all of them. Choose a "
            f"multiple of {shares.size}, or fewer devices (distribution.set_distribution).",
            stacklevel=2,
        )


def all_gather(numbers: Sequence[int]) -> np.ndarray[Any, Any]:
    """Each process's numbers, a row each; none goes on before all have asked."""
    start()
    devices = [next(d for d in jax.devices() if d.process_index == p) for p in range(jax.process_count())]
    shares = Mesh(np.array(devices), ("batch",))
    own = np.array([numbers], np.uint32)
    with shared(shares):
        rows = jax.make_array_from_callback((len(devices), len(numbers)), NamedSharding(shares, ROWS), lambda _: own)
        return np.asarray(_everywhere(shares)(rows))


@cache
def _everywhere(shares: Mesh) -> Any:
    return jax.jit(lambda rows: rows, out_shardings=NamedSharding(shares, WHOLE))
