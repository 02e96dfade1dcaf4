"""NumPy and XLA mean the same: every operation on all its samples, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax", reason="the fast engine needs JAX")

import jax

from chainrule import ops
from chainrule.graph import Graph
from chainrule.ops.record import Called, registry
from chainrule.readings.differentiate import gradients
from chainrule.tensor import symbolic
from chainrule.xla.calls import REPLACED
from chainrule.xla.lax import OVERRIDES
from chainrule.xla.lower import lower

NAMES = sorted(name for name, op in registry.items() if any(s.error is None for s in op.samples))


def by_numpy(graph, arrays):
    values = list(graph.constants)
    values[: len(arrays)] = arrays
    with np.errstate(all="ignore"):
        for place, run, inputs in graph.steps:
            values[place] = run(*[values[i] for i in inputs])
    return [np.asarray(values[graph.place[n.serial]]) for n in graph.outputs]


def graphs_of(op, dtype):
    """Each sample's forward graph, and its gradients' to all float inputs, with arrays for them."""
    for k, sample in enumerate(op.samples):
        if sample.error is not None:
            continue
        arrays = [a.astype(dtype) if a.dtype == np.float64 else a for a in sample.arrays()]
        symbols = [symbolic(a.shape, a.dtype) for a in arrays]
        result = op(*symbols, **sample.attributes)
        first = result[0] if isinstance(result, list | tuple) else result
        yield Graph(symbols, result if isinstance(result, list | tuple) else [result]), arrays
        floats = [x for x in symbols if x.spec.floating]
        if first.spec.floating and floats and (op.differentiable or isinstance(op, Called)):
            upstream = symbolic(first.shape, first.dtype)
            drawn = np.random.default_rng(k).normal(size=first.shape).astype(first.dtype)
            found = gradients(first, floats, upstream, unconnected="zero")
            yield Graph([*symbols, upstream], found), [*arrays, drawn]


def both(op, dtype, replaced):
    cases = list(graphs_of(op, dtype))
    lowered = [lower(graph, replaced) for graph, _ in cases]
    run = jax.jit(lambda given: [f(arrays) for f, arrays in zip(lowered, given, strict=True)])
    with jax.enable_x64(dtype == "float64"):
        found = run([arrays for _, arrays in cases])
    for (graph, arrays), got in zip(cases, found, strict=True):
        for theirs, ours in zip(got, by_numpy(graph, arrays), strict=True):
            theirs = np.asarray(theirs)
            assert theirs.dtype == ours.dtype, op
            assert theirs.shape == ours.shape, op
            yield theirs, ours


# float32 is compared by the size of the largest entry: sums are taken in another order
@pytest.mark.parametrize("name", NAMES)
def test_float64(name):
    for theirs, ours in both(registry[name], "float64", REPLACED):
        np.testing.assert_allclose(theirs, ours, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", sorted({*OVERRIDES, *REPLACED} & set(NAMES)))
def test_float32_where_xla_is_told_otherwise(name):
    for theirs, ours in both(registry[name], "float32", REPLACED):
        scale = float(np.abs(ours[np.isfinite(ours)]).max(initial=1.0))
        np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("name", sorted({n.removesuffix("_gradient") for n in REPLACED}))
def test_replaced_calls_agree_with_their_bodies(name):
    for (theirs, _), (plain, _) in zip(
        both(registry[name], "float64", REPLACED), both(registry[name], "float64", {}), strict=True
    ):
        np.testing.assert_allclose(theirs, plain, rtol=1e-12, atol=1e-14)


CONVOLUTIONS = [
    (rank, strides, padding, dilation, groups)
    for rank, strides in ((1, 1), (1, 2), (2, 1), (2, (2, 1)), (2, 3), (3, (1, 2, 1)))
    for padding in ("valid", "same", "uneven")
    for dilation in (1, 2)
    for groups in (1, 2, "depthwise")
    if not (rank == 3 and dilation == 2)
]


@pytest.mark.parametrize(("rank", "strides", "padding", "dilation", "groups"), CONVOLUTIONS)
def test_convolutions(rank, strides, padding, dilation, groups):
    rng = np.random.default_rng(0)
    sizes, window = (8, 7, 6)[:rank], (3, 2, 2)[:rank]
    channels = 4
    groups = channels if groups == "depthwise" else groups
    if padding == "uneven":
        padding = ((1, 0), (0, 2), (2, 1))[:rank]
    x = rng.normal(size=(3, *sizes, channels))
    kernel = rng.normal(size=(*window, channels // groups, 2 * groups))
    symbols = [symbolic(a.shape, a.dtype) for a in (x, kernel)]
    y = ops.conv_record(*symbols, strides=strides, padding=padding, dilation=dilation, groups=groups)
    upstream = symbolic(y.shape, y.dtype)
    graph = Graph([*symbols, upstream], [y, *gradients(y, symbols, upstream)])
    arrays = [x, kernel, rng.normal(size=y.shape)]
    with jax.enable_x64(True):
        found = jax.jit(lower(graph, REPLACED))(arrays)
    for theirs, ours in zip(found, by_numpy(graph, arrays), strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-10, atol=1e-12)
