"""The call of a C++ kernel by name, whether there are kernels, and reasons for which they refuse a call."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from ....core.messages import LazyMessage
from ....graph import Node, Spec
from ..lax import on_cpu

Array = Any
ShapeDtype: Any = jax.ShapeDtypeStruct
DTYPES = (jnp.float32, jnp.bfloat16)
MIN_SIZE = 2**15  # multiplications, or entries reduced, below which XLA's own code costs less than a call


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
        text = f"training runs without the kernels of chainrule-kernels, which make it faster: {error}"
        warnings.warn(text, KernelWarning, stacklevel=2)
        return None
    return distribution.call


def call(name: str, results: Any, *operands: Array, **attributes: Any) -> Any:
    """Call a kernel; `results` are the shapes and dtypes of what it returns, as `shape_like` makes them."""
    function = available()
    assert function is not None
    return function(f"chainrule_{name}", results, *operands, **attributes)


def shape_like(x: Array, *shape: int) -> Any:
    """Return the shape and dtype of a result that has the dtype of `x`."""
    return ShapeDtype(shape, x.dtype)


def no_operand(x: Array) -> Array:
    """Return the empty array that stands for an operand left out."""
    return jnp.zeros((0,), x.dtype)


def gradients_of(node: Node, gradients: Mapping[int, Array]) -> list[Array]:
    """Return the results of a gradient: `gradients`, by number of the call's input, in the order of ``by``."""
    return [gradients[i] for i in node.attributes["by"]]


# ---- why a call is left to XLA, by its specs


def specs_of(node: Node) -> list[Spec]:
    """Return the specs of a call's inputs."""
    return [n.spec for n in node.inputs]


def other_dtype(specs: Sequence[Spec], dtypes: Sequence[Any] = DTYPES) -> str | None:
    """Refuse a dtype without kernels, which the inputs must share."""
    if specs[0].dtype in dtypes and all(s.dtype == specs[0].dtype for s in specs):
        return None
    return LazyMessage("its kernel is for {dtypes}", dtypes=", ".join(jnp.dtype(d).name for d in dtypes))


def too_small(count: int, min_size: int) -> str | None:
    """Refuse a call of fewer than `min_size` multiplications, or entries."""
    if count >= min_size:
        return None
    return LazyMessage("fewer than the {least:,} multiplications or entries from which a call pays", least=min_size)
