"""Fit: a traced step as one compiled program for one step, for many, and for many epochs.

Variables stay on the device between calls; what a step assigns is donated, so its memory is used again. The number of
steps is an argument of the program: it is compiled once for full batches and once for a shorter last one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from ...core.errors import ValueProblem
from ...graph import Graph, Node, Spec, spec_of
from ...ops.random import random_permutation
from ...tensors.tensor import Variable
from ...transforms.trace import Step, trace
from ..engine import Batches, EpochBatches
from . import devices
from .lax import on_cpu
from .lower import Replacement, lower

Array = Any
Form: Any = jax.ShapeDtypeStruct
NOTHING = nullcontext()


class JaxBuffer:
    """A variable's value on the device (`tensor.DeviceBuffer`)."""

    __slots__ = ("array",)

    def __init__(self, array: Array) -> None:
        self.array = array

    def fetch(self) -> NDArray[Any]:
        """As a NumPy array; on the CPU a view, whose memory is then not donated any more."""
        return np.asarray(self.array)


class XlaProgram:
    """A step, compiled (`engine.Program`)."""

    def __init__(self, step: Step, replaced: Mapping[str, Replacement]) -> None:
        self.step, self._replaced = step, replaced
        graph = step.graph
        data = len(graph.inputs) - len(step.reads)
        self.data = [node.spec for node in graph.inputs[:data]]
        written = {id(v) for v in step.writes}
        self.only_read = [v for v in step.reads if id(v) not in written]
        positions = {id(v): i for i, v in enumerate((*self.only_read, *step.writes))}
        order = [positions[id(v)] for v in step.reads]
        self.wide = _wide(graph)
        lowered, results = lower(graph, replaced), step.results

        def once(batch: Sequence[Array], read: Sequence[Array], changed: Sequence[Array]) -> tuple[Any, Any]:
            state = [*read, *changed]
            given = devices.split([a.astype(s.dtype) for a, s in zip(batch, self.data, strict=True)])
            found = devices.whole(lowered([*given, *[state[i] for i in order]]))
            return found[:results], found[results:]

        self.once = once
        self._jit = partial(jax.jit, compiler_options=_options(graph))
        self._once = self._jit(once, donate_argnums=2)
        self._many = self._jit(partial(_many, once), donate_argnums=4, static_argnums=5)
        self._passes: tuple[XlaProgram | None, Any] | None = None
        self.seconds = 0.0
        self._met: set[str] = set()
        self._sources: tuple[Sequence[Any], Any, list[Array]] | None = None

    def __call__(self, batch: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        if len(batch) != len(self.data):
            raise ValueProblem(
                f"{len(batch)} arrays for a step", f"{len(self.data)} arrays", "pass what the step was traced with"
            )
        mesh = devices.mesh()
        with self._running("once", mesh):
            given = [devices.kept(a) for a in batch] if mesh is None else devices.put(batch, mesh, split=True)
            return self._taken(*self._once(given, _read(self.only_read, mesh), _values(self.step.writes, mesh)))

    def run_batches(self, batches: Batches, first: int, last: int) -> list[NDArray[Any]]:
        """Steps `first` up to, not including, `last`; the results of the last one."""
        if self.data and self.data[0].shape[:1] != (batches.size,):  # an epoch's last batch
            return [self(batches.batch(k)) for k in range(first, last)][-1]
        arrays, order, mesh = batches.arrays, batches.order, devices.mesh()
        devices.advise(batches.size, mesh)
        with self._running("many", mesh):
            found = self._many(
                self._on_device(arrays, mesh),
                None if order is None else order.astype(np.int32),
                np.array([first, last], np.int32),
                _read(self.only_read, mesh),
                _values(self.step.writes, mesh),
                batches.size,
            )
            return self._taken(*found)

    def run_epochs(self, rest: XlaProgram | None, data: EpochBatches, first: int, last: int) -> list[NDArray[Any]]:
        """Whole epochs, `first` up to, not including, `last`; each one's last results, stacked."""
        positions = {id(v): i for i, v in enumerate(self.step.writes)}
        begin = {positions[id(v)]: value for v, value in data.resets if id(v) in positions}
        mesh = devices.mesh()
        with self._running("passes", mesh):
            found = self._epochs(rest)(
                self._on_device(data.arrays, mesh),
                (data.key, np.array([first, last], np.int32)),
                (_read(self.only_read, mesh), [begin.get(i) for i in range(len(self.step.writes))]),
                _values(self.step.writes, mesh),
                data.size,
                data.most,
            )
            return [r[: last - first] for r in self._taken(*found)]

    def _epochs(self, rest: XlaProgram | None) -> Any:
        """The program of many epochs, made once for the step of shorter batches."""
        if self._passes is None or self._passes[0] is not rest:
            run = partial(_passes, self.once, None if rest is None else rest.once, self._permutation)
            self._passes = rest, self._jit(run, donate_argnums=3, static_argnums=(4, 5))
        return self._passes[1]

    def _permutation(self, key: Array, epoch: Array, n: int) -> Array:
        """The order of an epoch's rows, as `random_permutation` gives it everywhere."""
        graph = trace(partial(random_permutation, n=n), *(spec_of(a.shape, a.dtype) for a in (key, epoch))).graph
        return lower(graph, self._replaced)([key, epoch])[0]

    def _running(self, program: str, mesh: Any) -> AbstractContextManager[Any]:
        """What holds while a program runs; nothing need be settled for the usual one that has run before."""
        settled = mesh is None and program in self._met and devices.settings.jax_enable_x64 == self.wide
        return NOTHING if settled else self._settled(program, mesh)

    @contextmanager
    def _settled(self, program: str, mesh: Any) -> Iterator[None]:
        """Adds the time of the first call, which compiles, to `seconds`."""
        began = time.perf_counter()
        with jax.enable_x64(self.wide), devices.shared(mesh):
            yield
        if program not in self._met:
            self.seconds += time.perf_counter() - began
            self._met.add(program)

    def _on_device(self, arrays: Sequence[NDArray[Any]], mesh: Any) -> list[Array]:
        """The data, brought there once; on the CPU without a copy where its memory is aligned."""
        held = self._sources
        same = held is not None and held[1] is mesh and len(held[0]) == len(arrays)
        if held is None or not same or any(a is not b for a, b in zip(held[0], arrays, strict=True)):
            placed = devices.put(arrays, mesh) if mesh is not None else [jax.device_put(a) for a in arrays]
            held = self._sources = (list(arrays), mesh, placed)
        return held[2]

    def _taken(self, results: Sequence[Array], changed: Sequence[Array]) -> list[NDArray[Any]]:
        for variable, array in zip(self.step.writes, changed, strict=True):
            variable.hold(JaxBuffer(array))
        return [np.asarray(r) for r in results]


def _values(variables: Sequence[Variable], mesh: Any) -> list[Array]:
    """What they hold: on the devices already, or as NumPy arrays."""
    return devices.put([v.kept.array if isinstance(v.kept, JaxBuffer) else v._leaf.value for v in variables], mesh)


def _read(variables: Sequence[Variable], mesh: Any) -> list[Array]:
    """The same of variables that no step changes: brought to the device once, since they stay what they are."""
    if mesh is not None:
        return _values(variables, mesh)
    return [(v.kept if isinstance(v.kept, JaxBuffer) else _brought(v)).array for v in variables]


def _brought(variable: Variable) -> JaxBuffer:
    leaf = variable._leaf
    made = JaxBuffer(jnp.array(leaf.value))
    variable.keep(made, leaf)
    return made


def _wide(graph: Graph) -> bool:
    """Whether anything in the graph has 64 bits."""
    specs = (node.spec for node in _every_node(graph))
    return any(isinstance(s, Spec) and s.dtype.itemsize == 8 and not s.weak for s in specs)


def _options(graph: Graph) -> dict[str, Any]:
    """Where values are computed again to save memory, operations run in the order that saves it: XLA's CPU compiler
    would choose the one that has most of them at work at once."""
    saves = on_cpu() and any(node.operation.name == "after" for node in _every_node(graph))
    return _saving() if saves else {}


@cache
def _saving() -> dict[str, Any]:
    """The compiler's option for that, where it has it."""
    options: dict[str, Any] = {"xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"}
    try:
        jax.jit(lambda x: x, compiler_options=options)(np.float32(0))
    except jax.errors.JaxRuntimeError:
        return {}
    return options


def _every_node(graph: Graph) -> Iterator[Node]:
    todo = [graph]
    while todo:
        for node in todo.pop().order:
            yield node
            if "body" in node.attributes:
                todo.append(node.attributes["body"])


def _many(
    once: Any, arrays: Sequence[Array], order: Any, steps: Array, read: Any, changed: Any, size: int
) -> tuple[Any, Any]:
    """The steps from ``steps[0]`` up to ``steps[1]``, in one loop."""

    def body(k: Array, carried: Any) -> Any:
        return once(_rows(arrays, order, k * size, size), read, carried[1])

    return lax.fori_loop(steps[0], steps[1], body, (_blank(once, arrays, size, read, changed), changed))


def _blank(once: Any, arrays: Sequence[Array], size: int, read: Any, changed: Any) -> Any:
    batch = [Form((size, *a.shape[1:]), a.dtype) for a in arrays]
    results, _ = jax.eval_shape(once, batch, read, changed)
    return [jnp.zeros(r.shape, r.dtype) for r in results]


def _rows(arrays: Sequence[Array], order: Any, start: Array, size: int) -> list[Array]:
    if order is None:  # a batch of all rows is the array itself, not a copy
        return [a if len(a) == size else lax.dynamic_slice_in_dim(a, start, size) for a in arrays]
    chosen = lax.dynamic_slice_in_dim(order, start, size)
    return [a.at[chosen].get(mode="promise_in_bounds") for a in arrays]


def _passes(
    once: Any, short: Any, permutation: Any, arrays: Any, span: Any, held: Any, changed: Any, size: int, most: int
) -> tuple[Any, Any]:
    """Epochs from ``span[1][0]`` up to ``span[1][1]``, at most `most`, each in an order of its own."""
    key, epochs = span
    read, begin = held
    n = arrays[0].shape[0]
    whole = n // size

    def epoch(e: Array, carried: Any) -> Any:
        stacked, changed = carried
        changed = [c if b is None else jnp.asarray(b, c.dtype) for c, b in zip(changed, begin, strict=True)]
        rows = arrays
        if key is not None:  # all rows in the epoch's order at once: steps then take them in a row, without a look-up
            order = permutation(key, e.astype(jnp.uint32), n)
            rows = [a.at[order].get(mode="promise_in_bounds") for a in arrays]
        results, changed = _many(once, rows, None, (0, whole), read, changed, size)
        if short is not None:
            results, changed = short([a[whole * size :] for a in rows], read, changed)
        at = e - epochs[0]
        return [lax.dynamic_update_index_in_dim(s, r, at, 0) for s, r in zip(stacked, results, strict=True)], changed

    blank = [jnp.zeros((most, *r.shape), r.dtype) for r in _blank(once, arrays, size, read, changed)]
    return lax.fori_loop(epochs[0], epochs[1], epoch, (blank, changed))
