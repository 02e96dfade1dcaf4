"""The call of a kernel by name, whether there are kernels, and the values of calls whose outputs a kernel computes."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from ....graph import Graph, Node
from ..lax import on_cpu
from ..lower import Values

Array = Any
ShapeDtype: Any = jax.ShapeDtypeStruct
DTYPES = (jnp.float32, jnp.bfloat16)
MIN_SIZE = 2**15  # multiplications, or entries reduced, below which XLA's own code costs less than a call

V = TypeVar("V", bound=Values)


class KernelWarning(UserWarning):
    """The kernels cannot be loaded: training is slower, not different."""


@cache
def available() -> Callable[..., Any] | None:
    """Return the function that calls a kernel by name, or ``None`` without kernels; on a CPU, warn once if so."""
    if not on_cpu():
        return None
    try:
        distribution = importlib.import_module("chainrule_kernels")
        distribution.targets()
    except ImportError as error:
        warnings.warn(
            f"training runs without the kernels of chainrule-kernels, which make it faster: {error}",
            KernelWarning,
            stacklevel=2,
        )
        return None
    return distribution.call


def call(name: str, results: Any, *operands: Array, **attributes: Any) -> Any:
    """Call a kernel; `results` are the shapes and dtypes of what it returns, as `shape_like` makes them."""
    function = available()
    assert function is not None
    return function(f"chainrule_{name}", results, *operands, **attributes)


def supports(*arrays: Array) -> bool:
    """Whether there are kernels for the dtype of these arrays, which they must share."""
    return arrays[0].dtype in DTYPES and all(a.dtype == arrays[0].dtype for a in arrays)


def shape_like(x: Array, *shape: int) -> Any:
    """Return the shape and dtype of a result that has the dtype of `x`."""
    return ShapeDtype(shape, x.dtype)


def no_operand(x: Array) -> Array:
    """Return the empty array that stands for an operand left out."""
    return jnp.zeros((0,), x.dtype)


def is_gradient_by_inputs(body: Graph, count: int) -> bool:
    """Whether a derivative's body is that of a call's only output, by some of the call's first `count` inputs."""
    if body.derivative_of is None:
        return False
    inputs, _, upstreams = body.derivative_of
    return len(upstreams) == 1 and len(upstreams[0]) == 1 and max(inputs, default=count) < count


def with_output(values: Values, node: Any, inputs: Sequence[Array], output: Array, kind: type[V]) -> V:
    """Return a call's values, of the class `kind`, with the last, its output, known.

    The others are computed from the body when they are asked for.
    """
    result = kind(node.body, inputs, values.replacements)
    result.known[len(result.graph.order) - 1] = output
    return result


def with_gradients(values: Values, node: Any, gradients: Mapping[int, Array], kind: type[V]) -> V:
    """Return a derivative's values, of the class `kind`, with `gradients` known, by number of the call's input."""
    body: Graph = node.body
    assert body.derivative_of is not None
    result = kind(body, values.inputs_of(node), values.replacements)
    for i, output in zip(body.derivative_of[0], body.outputs, strict=True):
        if i in gradients:
            result.known[body.position[output.serial]] = gradients[i]
    return result


def only_outputs(values: Values, body: Graph, outputs: Iterable[Array]) -> Values:
    """Return a call's values of which only the outputs are known, in order, since nothing else is asked for."""
    result = Values(body, [], values.replacements)
    for output, value in zip(body.outputs, outputs, strict=True):
        result.known[body.position[output.serial]] = value
    return result


def producer(node: Node, name: str) -> Node | None:
    """Return the call node of this name that `node` is an output of, or ``None``."""
    source = node.call
    return source if source is not None and source.operation.name == name else None
