"""Values and slopes of every operation on each entry, on both engines, in units in the last place of what is exact.

The grid goes from the smallest number to infinity, on both sides of 0, and is dense where functions bend. A value may
be off by 4 units, a first or second slope by 16. XLA replaces numbers below the smallest normal one by 0, also inside
a computation: up to four times that number its result may be 0, and where an input is below it, nothing is compared.
"""

from functools import cache

import numpy as np
import pytest
from mpmath import mp

import exact
from chainrule import activations, compile, ops, tensor
from chainrule.errors import ShapeError
from chainrule.ops.calls import Composite
from chainrule.ops.record import registry
from chainrule.ops.rules import elementwise_batch
from chainrule.transforms.differentiate import gradients

pytestmark = pytest.mark.usefixtures("quiet")
VALUE, SLOPE = 4, 16
DTYPES = [np.float32, np.float64]

SLOPES = """
    arccosh_slope arcsin_slope arcsinh_slope arctan2_across arctan2_along arctan2_slope arctan_slope arctanh_slope
    erf_slope erfinv_slope gelu_bell gelu_slope hypot_across hypot_along hypot_slope i1 logaddexp2_share logaddexp_share
    mish_slope normal_density power_across power_along power_log power_log_log power_slope sigmoid_slope silu_slope
    sinc_slope tanh_slope"""
ELSEWHERE = {
    **dict.fromkeys(SLOPES.split(), "measured as a slope of the function that it is one of"),
    "nextafter": "it is one unit in the last place by definition",
    "where": "it moves numbers and computes none",
}

# ---- exceptions: where a result may be off by more, and why


def near_zeros(terms):
    """Allow `SLOPE` units of the largest term."""
    return lambda dtype, *xs: SLOPE * np.finfo(dtype).eps * terms(*xs)


def between(low, high, size):
    return lambda x: np.where((low < np.abs(x)) & (np.abs(x) < high), size, 0.0)


GATES = near_zeros(between(0.3, 3.5, 1.0))
EXCEPTIONS = {  # name: {orders}, the absolute error allowed, the reason
    "silu": ({1, 2}, GATES, "between -3.5 and 3.5 its slopes cross 0, where two terms cancel"),
    "gelu": ({1, 2}, GATES, "as silu"),
    "gelu exact": ({1, 2}, GATES, "as silu"),
    "mish": ({1, 2}, GATES, "as silu"),
    "sinc": (
        {1, 2},
        near_zeros(lambda x: np.where(np.abs(x) > 0.4, 10 / np.abs(x), 0.0)),
        "its slopes cross 0 between whole numbers, where terms of the size 1/x cancel",
    ),
    "celu 0.75": (
        {1, 2},
        lambda dtype, x: np.where(x < 0, 4 * np.finfo(dtype).eps * np.abs(x) * np.exp(x / 0.75), 0.0),
        "exp of x/alpha, which is rounded first unless alpha is a power of 2",
    ),
    "logaddexp": (
        {0},
        lambda dtype, x, y: np.where(np.maximum(np.abs(x), np.abs(y)) < 40, VALUE * np.finfo(dtype).eps, 0.0),
        "it crosses 0 where the larger number and the rest cancel",
    ),
    "logaddexp2": (
        {0},
        lambda dtype, x, y: np.where(np.maximum(np.abs(x), np.abs(y)) < 40, VALUE * np.finfo(dtype).eps, 0.0),
        "as logaddexp",
    ),
    "power": (
        {1, 3, 4},
        lambda dtype, x, y: SLOPE * np.finfo(dtype).eps * np.abs(x) ** (y - 1) * (1 + np.abs(y * np.log(np.abs(x)))),
        "its mixed slope crosses 0; one by the base is y times a power that may be below the smallest normal number",
    ),
    "divide": (
        {2, 5},
        lambda dtype, x, y: np.where(np.abs(x / y) < np.finfo(dtype).tiny, np.finfo(dtype).tiny / np.abs(y * y), 0.0),
        "the slope by x2 is x1/x2, which may be below the smallest normal number, over x2",
    ),
}

# ---- grids


def both_signs(points, dtype):
    points = np.unique(np.asarray(points, dtype))
    return np.concatenate([-points[::-1], np.zeros(1, dtype), points])


@cache
def line(dtype):
    """Points of one number: every size, then those where functions bend, then the neighbours of 1."""
    limits, random = np.finfo(dtype), np.random.default_rng(0)
    smallest, normal, largest = (float(x) for x in (limits.smallest_subnormal, limits.tiny, limits.max))
    sizes = 10 ** random.uniform(np.log10(normal), np.log10(largest), 40)
    near_one = 2.0 ** -np.arange(1, limits.nmant + 2, 2 if limits.nmant < 30 else 5)
    points = [smallest, 3 * smallest, normal / 1000, normal / 3, normal, largest / 2, largest, np.inf, *sizes]
    points += [*10 ** random.uniform(-8, 4, 40), *random.uniform(0, 10, 40), *random.uniform(10, 110, 15)]
    points += [*random.uniform(100, 760, 10), 0.5, 1, 1.5, 2, 2.5, 3, 6, 7, *(1 - near_one), *(1 + near_one)]
    return (both_signs(points, dtype),)


@cache
def plane(dtype, positive=False):
    """Pairs of numbers."""
    limits, random = np.finfo(dtype), np.random.default_rng(1)
    normal, largest = float(limits.tiny), float(limits.max)
    sizes = 10 ** random.uniform(np.log10(normal), np.log10(largest), 4)
    points = [float(limits.smallest_subnormal), normal / 100, normal, largest / 3, largest, *sizes]
    points = both_signs([*points, 0.5, 1, 2, 3, *10 ** random.uniform(-3, 2.5, 4)], dtype)
    x, y = np.meshgrid(points, points)
    kept = (x >= 0) | (y == np.round(y)) if positive else np.isfinite(x)
    return x[kept], y[kept]


# ---- the exact result, as the number next to it and the rest


def evaluated(function, numbers):
    """Evaluate exactly; infinity and the singular 0 are approached from inside."""
    xs = [mp.mpf(x) if np.isfinite(x) else np.sign(x) * exact.HUGE for x in map(float, numbers)]
    try:
        result = function(*xs)
    except (ZeroDivisionError, ValueError):
        if len(xs) > 1:
            return mp.nan
        result = function(exact.TINY)
    return result if isinstance(result, mp.mpf) else mp.mpf(result) if isinstance(result, int | float) else mp.nan


def rounded(number, dtype):
    """Return the nearest number of this dtype, and what is missing."""
    nearest = float(dtype(float(number)))
    return nearest, float(number - mp.mpf(nearest)) if np.isfinite(nearest) else 0.0


def exact_results(function, grid, dtype):
    with mp.workdps(50):
        pairs = [rounded(evaluated(function, numbers), dtype) for numbers in zip(*grid, strict=True)]
    return np.array(pairs).T


def units_off(got, nearest, rest, dtype):
    """Return the error in units in the last place; what overflows counts as the number after the largest."""
    largest, got = float(np.finfo(dtype).max), got.astype(float)
    unit = np.spacing(np.minimum(np.abs(nearest), largest).astype(dtype)).astype(float)
    last = np.spacing(dtype(largest)).astype(float)
    finite = np.isfinite(got) & np.isfinite(nearest)
    error = np.where(finite, np.abs(got - nearest - rest) / unit, 0.0)
    beyond = np.minimum(np.abs(got), np.abs(nearest))
    infinite = np.where(np.sign(got) == np.sign(nearest), (largest - beyond) / last + 1, np.inf)
    error = np.where(finite | (got == nearest), error, infinite)
    return np.where(np.isnan(got) | np.isnan(nearest), np.where(np.isnan(got) == np.isnan(nearest), 0.0, np.inf), error)


# ---- what is measured


def function_of(name):
    """Return the function that a row of the table is about: ``celu 0.75`` is `celu` with this argument."""
    base, _, argument = name.partition(" ")
    if name == "gelu exact":
        return lambda x: ops.gelu(x, approximate=False)
    if name == "cast":
        return lambda x: ops.cast(x, x.dtype)
    if name == "clip":
        return lambda x: ops.clip(x, -1.0, 2.0)
    function = getattr(ops, base, None) or getattr(activations, base)
    return (lambda x: function(x, float(argument))) if argument else function


def derivatives(function, *xs):
    """Return the value, the first slopes, and the second: of one number 3 results, of two 7, the mixed slope twice."""
    xs = [ops.positive(x) for x in xs]
    y = function(*xs)
    one = ops.ones_like(y)
    slope = lambda f: gradients(f, xs, one, create_graph=True, unconnected="zero")
    first = slope(y)
    second = [s for f in first for s in slope(f)]
    return [y, *first, *second]


def computed(name, grid, engine):
    function = function_of(name)
    if engine == "numpy":
        return [r.numpy() for r in derivatives(function, *[tensor(x, watch=True) for x in grid])]
    run = compile(lambda *xs: derivatives(function, *xs), engine="xla")
    return [r.numpy() for r in run(*map(tensor, grid))]


def check(name, dtype, engine):
    table, grid = (exact.UNARY, line(dtype)) if name in exact.UNARY else (exact.BINARY, plane(dtype, name == "power"))
    functions = list(table[name])
    if len(grid) == 2:
        functions.insert(5, functions[4])  # the mixed slope, by y and then x
    normal = float(np.finfo(dtype).tiny)
    skipped = np.zeros(grid[0].shape, bool)
    if engine == "xla":
        skipped = np.any([(np.abs(x) < normal) & (x != 0) for x in grid], axis=0)
    orders, allowed, _ = EXCEPTIONS.get(name, ((), None, ""))
    inside = None
    for order, (got, function) in enumerate(zip(computed(name, grid, engine), functions, strict=True)):
        assert got.dtype == dtype
        nearest, rest = exact_results(function, grid, dtype)
        error = units_off(got, nearest, rest, dtype)
        wrong = (error > (SLOPE if order else VALUE)) & ~skipped
        if len(grid) == 2:
            wrong &= ~np.isnan(nearest)
        if inside is None:
            inside = ~np.isnan(nearest)
        wrong &= inside | (order == 0)  # outside of the domain a slope means nothing
        if engine == "xla":
            wrong &= (np.abs(nearest) > 4 * normal) | (np.abs(got) > 4 * normal)
        if (order if len(grid) == 1 else [0, 1, 2, 3, 4, 4, 5][order]) in orders:
            wrong &= np.abs(got - nearest) > allowed(dtype, *[x.astype(float) for x in grid])
        worst = [
            f"order {order} at {[x[i] for x in grid]}: {got[i]}, exactly {nearest[i]}, {error[i]:.3g} units off"
            for i in np.flatnonzero(wrong)[:5]
        ]
        assert not worst, "\n".join([f"{wrong.sum()} wrong, such as", *worst])


NAMES = [*exact.UNARY, *exact.BINARY]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_numpy(name, dtype):
    check(name, dtype, "numpy")


@pytest.mark.parametrize("name", NAMES)
def test_xla(name):
    pytest.importorskip("jax", reason="the fast engine needs JAX")
    check(name, np.float32, "xla")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_xla_in_float64(name):
    pytest.importorskip("jax", reason="the fast engine needs JAX")
    check(name, np.float64, "xla")


def is_elementwise(operation):
    """Whether an operation of floats computes each entry by itself; of a composite, whether its body does."""
    if not isinstance(operation, Composite):
        return operation.batch is elementwise_batch and operation.differentiable
    if operation.arity != 1 or not operation.samples:
        return False
    try:
        body = operation.body((tensor([0.5, 1.0, 2.0, 4.0], "float32").spec,), operation.parameters)
    except ShapeError:
        return False
    inner = [node.operation for node in body.nodes if not node.operation.leaf]
    return all(op.batch is elementwise_batch or op.name == "broadcast_to" for op in inner)


def test_every_operation_on_each_entry_is_here():
    found = {name for name, record in registry.items() if is_elementwise(record)}
    found = {name for name in found if registry[name].value.__module__.startswith("chainrule.")}
    assert {name.split()[0] for name in NAMES} | ELSEWHERE.keys() == found
    assert len(EXCEPTIONS) <= 10


# ---- not on each entry, or of whole numbers


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("logits", [[17.0, 0.0], [30.0, 0.0, 1.0], [0.0, 0.0], [1.0, 1.0, -2.0], [5.0, -np.inf, 0.0]])
def test_log_softmax_of_one_class_far_ahead(logits, engine):
    """Neither the logarithm of a probability next to 1 nor its slope, the others' probabilities, is rounded to 0."""
    x, n = np.float32(logits), len(logits)

    def rows(x):
        y = ops.log_softmax(ops.positive(x))
        return [y, *[gradients(ops.log_softmax(z := ops.positive(x)), [z], row)[0] for row in np.eye(n, dtype="f")]]

    if engine == "numpy":
        results = [r.numpy() for r in rows(tensor(x, watch=True))]
    else:
        pytest.importorskip("jax", reason="the fast engine needs JAX")
        results = [r.numpy() for r in compile(rows, engine="xla")(tensor(x))]
    with mp.workdps(50):
        powers = [mp.exp(mp.mpf(v)) for v in logits]
        shares = [p / mp.fsum(powers) for p in powers]
        value = [mp.log(s) for s in shares]
        slopes = [[mp.fsum(shares[:i] + shares[i + 1 :]) if i == j else -shares[j] for j in range(n)] for i in range(n)]
        for k, (got, wanted) in enumerate(zip(results, [value, *slopes], strict=True)):
            nearest, rest = np.array([rounded(w, np.float32) for w in wanted]).T
            assert (units_off(got, nearest, rest, np.float32) <= (SLOPE if k else VALUE)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_ldexp_from_end_to_end(dtype):
    limits = np.finfo(dtype)
    x = np.array([1e-30, limits.smallest_subnormal, limits.max, 0, 3, 1, -5, np.inf], dtype)
    span = limits.maxexp - limits.minexp + limits.nmant
    n = np.array([200, span, -span, 10**6, -limits.nmant, -(10**6), 2, -7], np.int32)
    np.testing.assert_array_equal(ops.ldexp(x, n).numpy(), np.ldexp(x, n))
    normal = np.abs(np.ldexp(x, n)) > 4 * limits.tiny
    normal &= x != limits.smallest_subnormal
    pytest.importorskip("jax", reason="the fast engine needs JAX")
    run = compile(ops.ldexp, engine="xla")
    np.testing.assert_array_equal(run(tensor(x), tensor(n)).numpy()[normal], np.ldexp(x, n)[normal])
