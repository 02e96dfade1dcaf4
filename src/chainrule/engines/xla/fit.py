"""Fit: a traced step as one compiled program for one step, for many, and for many epochs.

Variables stay on the device between calls; what a step assigns is donated, so that its memory is reused. The number of
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
from jax.sharding import Mesh
from numpy.typing import NDArray

from ...core.errors import MemoryProblem, ValueProblem
from ...core.memory import format_bytes
from ...graph import CallNode, Graph, Node, Spec, spec_of
from ...ops.random import random_permutation
from ...tensors.variable import Variable
from ...transforms.trace import Step, trace
from ..protocol import Batches, EpochBatches, KernelReport
from . import devices
from .calls import Kernel
from .lax import on_cpu
from .lower import lower
from .report import kernel_calls

Array = Any
ShapeDtype: Any = jax.ShapeDtypeStruct
NO_CONTEXT = nullcontext()


class JaxBuffer:
    """A variable's value on the device (`tensors.variable.DeviceBuffer`)."""

    __slots__ = ("array",)

    def __init__(self, array: Array) -> None:
        self.array = array

    def fetch(self) -> NDArray[Any]:
        """Return the value as a NumPy array; on the CPU a view, whose memory is no longer donated."""
        return np.asarray(self.array)


class XlaProgram:
    """A compiled step (`engine.Program`).

    Args:
        kernels: by the name of the call that they compute. absence: why those in C++ are not among them.
    """

    def __init__(self, step: Step, kernels: Mapping[str, Kernel], absence: str = "") -> None:
        self.step, self._kernels, self._absence = step, kernels, absence
        graph = step.graph
        data = len(graph.inputs) - len(step.reads)
        self.data = [node.spec for node in graph.inputs[:data]]
        written = {id(v) for v in step.writes}
        self.only_read = [v for v in step.reads if id(v) not in written]
        positions = {id(v): i for i, v in enumerate((*self.only_read, *step.writes))}
        order = [positions[id(v)] for v in step.reads]
        self.has_64_bits = _has_64_bits(graph)
        lowered, results = lower(graph, kernels), step.results

        def take_step(batch: Sequence[Array], read: Sequence[Array], changed: Sequence[Array]) -> tuple[Any, Any]:
            state = [*read, *changed]
            inputs = devices.split_rows([a.astype(s.dtype) for a, s in zip(batch, self.data, strict=True)])
            outputs = devices.replicate(lowered([*inputs, *[state[i] for i in order]]))
            return outputs[:results], outputs[results:]

        self.take_step = take_step
        self._jit = partial(jax.jit, compiler_options=_compiler_options(graph))
        self._step_program = self._jit(take_step, donate_argnums=2)
        self._steps_program = self._jit(partial(_run_steps, take_step), donate_argnums=4, static_argnums=5)
        self._epochs_program: tuple[XlaProgram | None, Any] | None = None
        self.seconds = 0.0
        self._compiled: set[str] = set()
        self._data_on_device: tuple[Sequence[Any], Any, list[Array]] | None = None

    @property
    def kernel_report(self) -> KernelReport:
        """What kernels compute."""
        calls = () if self._absence else tuple(kernel_calls(self.step.graph, self._kernels))
        return KernelReport(calls, self._absence)

    def __call__(self, batch: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Take one step on a batch, and return its results."""
        if len(batch) != len(self.data):
            passed = f"{len(batch)} arrays for a step"
            raise ValueProblem(passed, f"{len(self.data)} arrays", "pass what the step was traced with")
        mesh = devices.current_mesh()
        with self._running("step", mesh):
            inputs = [devices.cached_buffer(a) for a in batch] if mesh is None else devices.put(batch, mesh, split=True)
            state = _constant_values(self.only_read, mesh), _values(self.step.writes, mesh)
            return self._assign(*self._step_program(inputs, *state))

    def run_batches(self, batches: Batches, first: int, last: int) -> list[NDArray[Any]]:
        """Take steps `first` up to, not including, `last`, and return the results of the last one."""
        if self.data and self.data[0].shape[:1] != (batches.size,):  # an epoch's last batch
            return [self(batches.batch(k)) for k in range(first, last)][-1]
        arrays, order, mesh = batches.arrays, batches.order, devices.current_mesh()
        devices.warn_if_indivisible(batches.size, mesh)
        with self._running("steps", mesh):
            rows = None if order is None else order.astype(np.int32)
            data = (self._on_device(arrays, mesh), rows, np.array([first, last], np.int32))
            state = _constant_values(self.only_read, mesh), _values(self.step.writes, mesh)
            return self._assign(*self._steps_program(*data, *state, batches.size))

    def run_epochs(self, rest: XlaProgram | None, data: EpochBatches, first: int, last: int) -> list[NDArray[Any]]:
        """Run epochs `first` up to, not including, `last`, and return each one's last results, stacked."""
        positions = {id(v): i for i, v in enumerate(self.step.writes)}
        resets = {positions[id(v)]: value for v, value in data.resets if id(v) in positions}
        mesh = devices.current_mesh()
        with self._running("epochs", mesh):
            inputs = self._on_device(data.arrays, mesh), (data.key, np.array([first, last], np.int32))
            reset_values = [resets.get(i) for i in range(len(self.step.writes))]
            state = (_constant_values(self.only_read, mesh), reset_values), _values(self.step.writes, mesh)
            outputs = self._program_of_epochs(rest)(*inputs, *state, data.size, data.max_epochs)
            return [r[: last - first] for r in self._assign(*outputs)]

    def _program_of_epochs(self, rest: XlaProgram | None) -> Any:
        """Return the program of many epochs, made once for each program `rest` of shorter batches."""
        if self._epochs_program is None or self._epochs_program[0] is not rest:
            rest_step = None if rest is None else rest.take_step
            run = partial(_run_epochs, self.take_step, rest_step, self._permutation)
            self._epochs_program = rest, self._jit(run, donate_argnums=3, static_argnums=(4, 5))
        return self._epochs_program[1]

    def _permutation(self, key: Array, epoch: Array, n: int) -> Array:
        """Return the order of an epoch's rows, the same as on any engine."""
        graph = trace(partial(random_permutation, n=n), *(spec_of(a.shape, a.dtype) for a in (key, epoch))).graph
        return lower(graph, self._kernels)([key, epoch])[0]

    def _running(self, program: str, mesh: Mesh | None) -> AbstractContextManager[Any]:
        """Return the context in which a program runs: none for the usual one that has run before."""
        usual = mesh is None and devices.jax_config.jax_enable_x64 == self.has_64_bits
        return NO_CONTEXT if usual and program in self._compiled else self._context(program, mesh)

    @contextmanager
    def _context(self, program: str, mesh: Mesh | None) -> Iterator[None]:
        """Configure JAX for this program, and add the time of its first call, which compiles, to `seconds`."""
        began = time.perf_counter()
        try:
            with jax.enable_x64(self.has_64_bits), devices.running_on(mesh):
                yield
        except (OverflowError, MemoryProblem) as error:  # OverflowError: sizes beyond what XLA counts with
            raise _too_large(self.step.graph, error) from None
        if program not in self._compiled:
            self.seconds += time.perf_counter() - began
            self._compiled.add(program)

    def _on_device(self, arrays: Sequence[NDArray[Any]], mesh: Mesh | None) -> list[Array]:
        """Return the data on the device, put there once; on the CPU without a copy where its memory is aligned."""
        cached = self._data_on_device
        same = cached is not None and cached[1] is mesh and len(cached[0]) == len(arrays)
        if cached is None or not same or any(a is not b for a, b in zip(cached[0], arrays, strict=True)):
            buffers = devices.put(arrays, mesh) if mesh is not None else [jax.device_put(a) for a in arrays]
            cached = self._data_on_device = (list(arrays), mesh, buffers)
        return cached[2]

    def _assign(self, results: Sequence[Array], changed: Sequence[Array]) -> list[NDArray[Any]]:
        """Assign the variables' new values, and return the results as NumPy arrays."""
        for variable, array in zip(self.step.writes, changed, strict=True):
            variable.hold(JaxBuffer(array))
        return [np.asarray(r) for r in results]


def _too_large(graph: Graph, error: Exception) -> MemoryProblem:
    """Return the error for a program that does not fit into memory, which names its largest value."""
    nodes = [node for node in _all_nodes(graph) if isinstance(node.spec, Spec)]
    largest = max(nodes, key=lambda node: node.spec.nbytes)
    size = f"{format_bytes(largest.spec.nbytes)}, of shape {largest.spec.shape}"
    why = error.passed if isinstance(error, MemoryProblem) else str(error)
    passed = f"a program whose largest value, of {largest.operation.name}, takes {size} ({why})"
    problem = MemoryProblem(passed, "values that fit into memory", "use a smaller batch or smaller sizes", largest.line)
    problem.in_layer(largest.scope)
    return problem


def _values(variables: Sequence[Variable], mesh: Mesh | None) -> list[Array]:
    """Return the values of variables: on the devices already, or NumPy arrays."""
    return devices.put([v.kept.array if isinstance(v.kept, JaxBuffer) else v.leaf.value for v in variables], mesh)


def _constant_values(variables: Sequence[Variable], mesh: Mesh | None) -> list[Array]:
    """Return the values of variables that no step changes, which are put on the device once."""
    if mesh is not None:
        return _values(variables, mesh)
    return [(v.kept if isinstance(v.kept, JaxBuffer) else _put_on_device(v)).array for v in variables]


def _put_on_device(variable: Variable) -> JaxBuffer:
    leaf = variable.leaf
    buffer = JaxBuffer(jnp.array(leaf.value))
    variable.keep(buffer, leaf)
    return buffer


def _has_64_bits(graph: Graph) -> bool:
    """Whether any value in the graph has a dtype of 64 bits."""
    specs = (node.spec for node in _all_nodes(graph))
    return any(isinstance(s, Spec) and s.dtype.itemsize == 8 and not s.weak for s in specs)


def _compiler_options(graph: Graph) -> dict[str, Any]:
    """Return options for a graph that rematerializes values: to order operations so that memory is saved.

    XLA's CPU compiler would otherwise choose the order that runs most operations at the same time.
    """
    rematerializes = on_cpu() and any(n.operation.is_barrier for n in _all_nodes(graph))
    return _memory_options() if rematerializes else {}


@cache
def _memory_options() -> dict[str, Any]:
    """Return the compiler's option to save memory; none where it does not know it."""
    options: dict[str, Any] = {"xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"}
    try:
        jax.jit(lambda x: x, compiler_options=options)(np.float32(0))
    except jax.errors.JaxRuntimeError:
        return {}
    return options


def _all_nodes(graph: Graph) -> Iterator[Node]:
    """Yield the nodes of a graph and of the bodies of its calls."""
    todo = [graph]
    while todo:
        for node in todo.pop().order:
            yield node
            if isinstance(node, CallNode):
                todo.append(node.body)


def _run_steps(
    take_step: Any, arrays: Sequence[Array], order: Any, steps: Array, read: Any, changed: Any, size: int
) -> tuple[Any, Any]:
    """Take the steps from ``steps[0]`` up to ``steps[1]`` in one loop."""

    def body(k: Array, carried: Any) -> Any:
        return take_step(_rows(arrays, order, k * size, size), read, carried[1])

    return lax.fori_loop(steps[0], steps[1], body, (_zero_results(take_step, arrays, size, read, changed), changed))


def _zero_results(take_step: Any, arrays: Sequence[Array], size: int, read: Any, changed: Any) -> Any:
    """Return arrays of zeros like a step's results."""
    batch = [ShapeDtype((size, *a.shape[1:]), a.dtype) for a in arrays]
    results, _ = jax.eval_shape(take_step, batch, read, changed)
    return [jnp.zeros(r.shape, r.dtype) for r in results]


def _rows(arrays: Sequence[Array], order: Any, start: Array, size: int) -> list[Array]:
    """Return `size` rows of each array, from row `start` of the order on."""
    if order is None:  # a batch of all rows is the array itself, not a copy
        return [a if len(a) == size else lax.dynamic_slice_in_dim(a, start, size) for a in arrays]
    chosen = lax.dynamic_slice_in_dim(order, start, size)
    return [a.at[chosen].get(mode="promise_in_bounds") for a in arrays]


def _run_epochs(
    take_step: Any, take_rest: Any, permutation: Any, arrays: Any, key_and_epochs: Any, read_and_resets: Any,
    changed: Any, size: int, max_epochs: int,
) -> tuple[Any, Any]:  # fmt: skip
    """Run the epochs from ``epochs[0]`` up to ``epochs[1]``, at most `max_epochs`, each in an order of its own."""
    key, epochs = key_and_epochs
    read, resets = read_and_resets
    n = arrays[0].shape[0]
    full = n // size

    def epoch(e: Array, carried: Any) -> Any:
        stacked, changed = carried
        changed = [c if r is None else jnp.asarray(r, c.dtype) for c, r in zip(changed, resets, strict=True)]
        rows = arrays
        if key is not None:  # rows are gathered once an epoch: steps then take slices
            order = permutation(key, e.astype(jnp.uint32), n)
            rows = [a.at[order].get(mode="promise_in_bounds") for a in arrays]
        results, changed = _run_steps(take_step, rows, None, (0, full), read, changed, size)
        if take_rest is not None:
            results, changed = take_rest([a[full * size :] for a in rows], read, changed)
        i = e - epochs[0]
        return [lax.dynamic_update_index_in_dim(s, r, i, 0) for s, r in zip(stacked, results, strict=True)], changed

    zeros = [jnp.zeros((max_epochs, *r.shape), r.dtype) for r in _zero_results(take_step, arrays, size, read, changed)]
    return lax.fori_loop(epochs[0], epochs[1], epoch, (zeros, changed))
