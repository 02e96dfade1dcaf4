"""Every operation on the samples in its record: value, shape rule, errors, gradients of both orders, float32.

Values are compared with `oracles`; gradients with central differences, forward mode and `jax.grad`.
"""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from chainrule import ops, symbolic, tensor
from chainrule.graph import CallNode, Graph, as_dtype, verify
from chainrule.ops.random import random_bits
from chainrule.ops.record import registry
from chainrule.ops.rules import elementwise_batch
from chainrule.ops.sample import Sample
from chainrule.transforms.differentiate import gradients, jvp
from chainrule.transforms.run import run
from oracles import NOT_TRACEABLE, ORACLES, threefry

pytestmark = pytest.mark.usefixtures("quiet")
RECORDS = {name: op for name, op in registry.items() if op.value.__module__.startswith("chainrule.")}  # not users' own
WITHOUT_ORACLE = {  # and without samples
    "adam_update": "several results: test_optimizers",
    "momentum_update": "several results: test_optimizers",
}

# Where slopes from the left and the right differ, differences say nothing: these entries are left out, for
# these operations only, and the convention that holds there is tested in `test_convention`.
KINKS = {
    "absolute": "at 0",
    "clip": "at its bounds",
    "floor_divide": "jumps at whole quotients",
    "leaky_relu": "at 0",
    "max": "at ties",
    "max_pool": "at ties",
    "maximum": "at ties",
    "min": "at ties",
    "minimum": "at ties",
    "norm": "at the zero vector",
    "power": "at a base of 0, below which the exponent's slope is taken as 0",
    "relu": "at 0",
    "roi_pool": "at ties",
    "round": "jumps at halves",
    "sign": "jumps at 0",
    "sort": "at ties",
    "std": "where all are equal",
    "top_k": "at ties",
}
NO_DIFFERENCES = {"stop_gradient": "its slope is 0 by definition"}
# JAX is requested only where the operation is smooth and JAX's own slope finite.
JAX_DIFFERS = {
    "absolute": "JAX takes the upper slope at 0",
    "clip": "JAX halves the slope at the bounds",
    "leaky_relu": "JAX takes the upper slope at 0",
    "max": "JAX shares the slope among equals",
    "min": "JAX shares the slope among equals",
    "power": "JAX gives nan as the exponent's slope for a negative base",
}
NO_JAX_GRADIENT = {"nextafter": "JAX defines none"}
STEP = {"cast": 2.0**-6}  # at whose multiples float32 is exact
ACTIVATIONS = """
    celu elu hard_shrink hard_sigmoid hard_tanh leaky_relu log_sigmoid relu6 selu soft_shrink squareplus"""
NOT_FAR = dict.fromkeys(  # `test_exact` compares them there
    ("arccosh_slope", "sinc", "sinc_slope", "tanh_shrink"),
    "JAX's own values lose their digits at large or tiny numbers",
)
FAR_POINTS = [*(s * x for x in (0.0, 1e-300, 1e-9, 30.0, 100.0, 750.0, 1e300, np.inf) for s in (1, -1)), np.nan]


class Case:
    """A sample of a record; called, it is the operation as a function of the sample's float inputs."""

    def __init__(self, name, sample):
        self.name, self.sample, self.operation, self.xs = name, sample, registry[name], sample.arrays()
        self.float_positions = [i for i, x in enumerate(self.xs) if x.dtype.kind == "f"]
        self.floats = [self.xs[i] for i in self.float_positions]
        self.valid = sample.error is None
        with np.errstate(all="ignore"):
            self.result = self.run(*self.xs).numpy() if self.valid else None
        self.differentiable = self.valid and bool(self.float_positions) and self.result.dtype.kind == "f"

    def run(self, *xs):
        return self.operation(*xs, **self.sample.attributes)

    def __call__(self, *floats):
        return self.run(*self.put(floats))

    def put(self, floats):
        """Return all inputs, with the floats among them replaced."""
        new = dict(zip(self.float_positions, floats, strict=True))
        return [new.get(i, x) for i, x in enumerate(self.xs)]

    def value(self, floats):
        return self(*floats).numpy()

    def gradient(self, w, floats=None):
        """The gradient of sum(w * result) by each float input."""
        leaves = [tensor(x, watch=True) for x in floats or self.floats]
        return [g.numpy() for g in gradients(self(*leaves), leaves, w, unconnected="zero")]

    def second(self, w, i, v):
        """The gradient of sum(v * the gradient by float input i) by each float input."""
        leaves = [tensor(x, watch=True) for x in self.floats]
        first = gradients(self(*leaves), leaves, w, unconnected="zero")[i]
        return [g.numpy() for g in gradients(first, leaves, v, unconnected="zero")]


CASES = {f"{name}-{i}": Case(name, s) for name, op in RECORDS.items() for i, s in enumerate(op.samples)}


def far():
    """Return cases of functions of one number at large and tiny ones, where only values are compared, relatively."""
    first = [case for key, case in CASES.items() if key.endswith("-0") and case.differentiable and len(case.xs) == 1]
    names = [case.name for case in first if is_elementwise(case)] + ACTIVATIONS.split()
    return {f"{name}-far": Case(name, Sample(FAR_POINTS)) for name in names if name not in NOT_FAR}


def is_elementwise(case):
    return case.operation.batch is elementwise_batch and not case.operation.parameters


FAR = far()
ALL = {**CASES, **FAR}


def cases(wanted):
    return pytest.mark.parametrize("key", [key for key, case in CASES.items() if wanted(case)])


def largest():
    """Return the sample of each operation with the most entries, all of them finite, for `jax.grad`."""
    result = {}
    for case in CASES.values():
        if case.differentiable and case.name not in NO_JAX_GRADIENT and np.isfinite(case.result).all():
            result[case.name] = max(result.get(case.name, case), case, key=lambda c: c.result.size)
    return result


LARGEST = largest()
valid, floating = cases(lambda case: case.valid), cases(lambda case: case.differentiable)
smooth = cases(lambda case: case.differentiable and case.name not in NO_DIFFERENCES)


def random(shape):
    return np.random.default_rng([7, *shape]).normal(size=shape)


# ---- the oracles' values

QUICK = {  # to compile, not to run
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
}


@pytest.fixture(scope="module")
def peer(request):
    """(values by key, gradients by name) from JAX: all that this run needs in one compilation, to save time."""
    items = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    params = [item.callspec.params for item in items]
    names = {p["name"] for p in params if "name" in p} | {ALL[p["key"]].name for p in params if "key" in p}
    requested = {key: case for key, case in ALL.items() if case.valid and case.name in names - NOT_TRACEABLE.keys()}
    alone = {key: case.xs for key, case in requested.items() if not is_elementwise(case)}
    rows = {}  # elementwise operations get the entries of all their samples at once
    for key, case in requested.items():
        if is_elementwise(case):
            rows.setdefault(case.name, {})[key] = [np.ravel(x) for x in np.broadcast_arrays(*case.xs)]
    columns = {name: [np.concatenate(parts) for parts in zip(*row.values(), strict=True)] for name, row in rows.items()}
    slopes = {name: (LARGEST[name].floats, jax_weights(LARGEST[name])) for name in names & LARGEST.keys()}

    def ask(alone, columns, slopes):
        def objective(floats, w, case):
            return (w * ORACLES[case.name](*case.put(floats), **case.sample.attributes)).sum()

        values = {
            key: ORACLES[requested[key].name](*xs, **requested[key].sample.attributes) for key, xs in alone.items()
        }
        joined = {name: ORACLES[name](*xs) for name, xs in columns.items()}
        return values, joined, {name: jax.grad(objective)(*passed, LARGEST[name]) for name, passed in slopes.items()}

    with jax.default_device(jax.devices("cpu")[0]):
        lowered = jax.jit(ask).lower(alone, columns, slopes)
        try:
            compiled = lowered.compile(compiler_options=QUICK)
        except Exception:  # an XLA that does not know one of the flags
            compiled = lowered.compile()
        values, joined, grads = jax.device_get(compiled(alone, columns, slopes))
    for name, row in rows.items():
        cuts = np.cumsum([xs[0].size for xs in row.values()])[:-1]
        for key, part in zip(row, np.split(joined[name], cuts), strict=True):
            values[key] = part.reshape(np.broadcast_shapes(*[x.shape for x in ALL[key].xs]))
    return values, grads


def jax_weights(case):
    """Random weights for the result's entries, 0 where JAX may have a convention of its own."""
    w = random(case.result.shape)
    if case.name in JAX_DIFFERS:
        for i in range(len(case.floats)):
            w = np.where(differences(case.value, case.floats, i, kinked=True)[2], w, 0.0)
    return w


def test_every_operation_has_samples_and_an_oracle():
    assert RECORDS.keys() == ORACLES.keys() | WITHOUT_ORACLE.keys()
    assert {name for name, op in RECORDS.items() if not op.samples} == WITHOUT_ORACLE.keys()
    assert RECORDS.keys() >= {*KINKS, *NO_DIFFERENCES, *JAX_DIFFERS, *NO_JAX_GRADIENT, *STEP}


def test_threefry_of_the_oracle():
    """The vectors that Random123 publishes (kat_vectors, threefry2x32 with 20 rounds)."""
    assert threefry((0, 0), (0, 0)) == (0x6B200159, 0x99BA4EFE)
    assert threefry((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2) == (0x1CB996FC, 0xBB002BE7)
    assert threefry((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3)) == (0xC4923A9C, 0x483DF7A0)


@pytest.mark.parametrize("key", [key for key, case in ALL.items() if case.valid])
def test_value(key, peer):
    case = ALL[key]
    want = NOT_TRACEABLE[case.name](*case.xs, **case.sample.attributes) if case.name in NOT_TRACEABLE else peer[0][key]
    assert case.result.shape == want.shape
    tolerance = (1e-9, 1e-300) if key in FAR else (2e-6, 1e-6) if case.result.dtype == "float32" else (1e-10, 1e-12)
    got, want = case.result.astype(float), want.astype(float)
    if key in FAR:  # JAX multiplies infinity by a gate of 0: `test_exact` has the limits
        want = np.where(np.isnan(want) & ~np.isnan(case.xs[0]), got, want)
    assert_allclose(got, want, *tolerance)


@pytest.mark.parametrize("name", LARGEST)
def test_gradient_of_jax(name, peer):
    case = LARGEST[name]
    for got, want in zip(case.gradient(jax_weights(case)), peer[1][name], strict=True):
        compared = np.isfinite(want) | (name not in JAX_DIFFERS)
        assert_allclose(got[compared], want[compared], 1e-9, 1e-11)


# ---- the shape rule


@valid
def test_shape_rule(key):
    """Built without numbers, result and gradient have the eager ones' shapes and dtypes, and run to equal numbers."""
    case = CASES[key]
    inputs = [symbolic(x.shape, x.dtype) for x in case.xs]
    y = case.run(*inputs)
    assert (y.shape, y.dtype) == (case.result.shape, case.result.dtype)
    verify_with_bodies(Graph(inputs, [y]))
    feed = dict(zip(inputs, case.xs, strict=True))
    assert_array_equal(run(y, feed).numpy(), case.result)
    if case.differentiable:
        w = random(y.shape)
        upstream = symbolic(y.shape, y.dtype)
        grads = gradients(y, [inputs[i] for i in case.float_positions], upstream, unconnected="zero")
        verify_with_bodies(Graph([*inputs, upstream], grads))
        for got, want in zip(run(grads, {**feed, upstream: w}), case.gradient(w), strict=True):
            assert (got.shape, got.dtype) == (want.shape, want.dtype)
            assert_allclose(got.numpy(), want, 1e-12, 1e-14)


def verify_with_bodies(graph):
    """Verify a graph and the bodies of its calls."""
    todo = [graph]
    while todo:
        verify(todo[-1])
        todo += [node.body for node in todo.pop().nodes if isinstance(node, CallNode)]


@cases(lambda case: not case.valid)
def test_error(key):
    """The error is raised with numbers and without, with a way to mend it."""
    case = CASES[key]
    for xs in (case.xs, [symbolic(x.shape, x.dtype) for x in case.xs]):
        with pytest.raises(case.sample.error, match=r"expected|To mend"):
            case.run(*xs)


# ---- gradients


def differences(f, p, i, kinked, h=2.0**-17):
    """(directions in input i, the central difference of f along each, the entries of f where these say something)."""
    current, x = f(p), p[i]
    basis = np.eye(x.size) if x.size <= 24 else random((6, x.size))
    along = basis.reshape(len(basis), *x.shape)
    at = lambda d: f([*p[:i], x + d, *p[i + 1 :]])
    ahead = np.array([(at(h * d) - current) / h for d in along]).reshape(len(along), *current.shape)
    behind = np.array([(current - at(-h * d)) / h for d in along]).reshape(len(along), *current.shape)
    slope = (ahead + behind) / 2
    fine = np.isfinite(slope)
    if kinked:
        fine &= (abs(ahead - behind) <= h * (1 + abs(slope))) & (abs(slope) < 1e3)
    return along, slope, fine.all(axis=0)


def agree(f, gradient, p, kinked, h):
    """Compare `gradient(w)`, of sum(w * f(p)), with differences, input by input. Returns the weights used for each."""
    used = []
    for i in range(len(p)):
        along, slope, fine = differences(f, p, i, kinked, h)
        w = np.where(fine, random(fine.shape), 0.0)
        want = np.array([(w * np.where(fine, s, 0.0)).sum() for s in slope])
        got = (along * gradient(w)[i]).sum(axis=tuple(range(1, along.ndim)))
        compared = np.isfinite(got) | np.isfinite(f(p)).all()  # a weight of 0 does not hide an infinite slope
        assert_allclose(got[compared], want[compared], 1e-6, 1e-7, err_msg=f"by input {i}")
        used.append(w)
    return used


@smooth
def test_gradient(key):
    """First order, then the gradient of each first-order gradient."""
    case = CASES[key]
    options = case.name in KINKS, STEP.get(case.name, 2.0**-17)
    for i, w in enumerate(agree(case.value, case.gradient, case.floats, *options)):
        agree(lambda p: case.gradient(w, p)[i], lambda v: case.second(w, i, v), case.floats, *options)  # noqa: B023


@floating
def test_forward_mode(key):
    """sum(w * jvp(d)) = sum(gradient(w) * d), at kinks too."""
    case = CASES[key]
    w = np.where(np.isfinite(case.result), random(case.result.shape), 0.0)
    grads = case.gradient(w)
    along = [np.where(np.isfinite(g), random(g.shape), 0.0) for g in grads]
    y, moved = jvp(case, case.floats, along)
    assert_array_equal(y.numpy(), case.result)
    assert (moved.shape, moved.dtype) == (y.shape, y.dtype)
    want = sum((g * d)[d != 0].sum() for g, d in zip(grads, along, strict=True))
    assert_allclose((w * moved.numpy())[w != 0].sum(), want, 1e-9, 1e-9 if y.dtype == "float64" else 1e-6)


@floating
def test_float32(key):
    case = CASES[key]
    xs = [x.astype("float32") for x in case.floats]
    y = case(*xs)
    assert y.dtype == ("float32" if "dtype" not in case.sample.attributes else case.result.dtype)
    assert_allclose(y.numpy(), case.result, 1e-4, 1e-4)
    w = np.where(np.isfinite(case.result), random(y.shape), 0.0)
    for got, want in zip(case.gradient(w, xs), case.gradient(w), strict=True):
        assert got.dtype == "float32"
        assert_allclose(got, want, 1e-3, 1e-3)


@pytest.mark.parametrize("name", [name for name in LARGEST if name != "cast"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow(name, dtype):
    """Half precision is kept, eagerly and in the gradient's graph."""
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    case, dtype = LARGEST[name], as_dtype(dtype)
    leaves = [tensor(x, dtype, watch=True) for x in case.floats]
    y = case(*leaves)
    assert y.numpy().dtype == dtype
    assert_allclose(y.numpy().astype(float), case.result, 0.05, 0.1)
    for built in (False, True):
        for g in gradients(y, leaves, np.ones(y.shape), create_graph=built, unconnected="zero"):
            assert (g.dtype, g.numpy().dtype) == (dtype, dtype)


# ---- conventions at kinks: gradients of sum((1, 2, 3, ...) * result)

CONVENTIONS = {
    "relu is 0 at 0": (ops.relu, [[-1, 0, 2]], [[0, 0, 3]]),
    "absolute is 0 at 0": (ops.absolute, [[-1, 0, 2]], [[-1, 0, 3]]),
    "leaky_relu is the lower slope at 0": (ops.leaky_relu, [[-1, 0, 2]], [[0.2, 0.4, 3]]),
    "elu is 1 at 0": (ops.elu, [[-1, 0, 2]], [[np.exp(-1), 2, 3]]),
    "celu is 1 at 0": (ops.celu, [[-1, 0, 2]], [[np.exp(-1), 2, 3]]),
    "selu is the lower slope at 0": (ops.selu, [[0]], [[1.0507009873554805 * 1.6732632423543772]]),
    "sign is 0 everywhere": (ops.sign, [[-1, 0, 2]], [[0, 0, 0]]),
    "floor is 0 at its jumps": (ops.floor, [[1, 1.5]], [[0, 0]]),
    "round is 0 at its jumps": (ops.round, [[0.5, 1.5]], [[0, 0]]),
    "stop_gradient is 0": (ops.stop_gradient, [[-1, 2]], [[0, 0]]),
    "maximum shares equally": (ops.maximum, [[1, 3, 5], [2, 3, 4]], [[0, 1, 3], [1, 1, 0]]),
    "minimum shares equally": (ops.minimum, [[1, 3, 5], [2, 3, 4]], [[1, 1, 0], [0, 1, 3]]),
    "maximum shares with one number": (ops.maximum, [[1, 3, 5], 3], [[0, 1, 3], 2]),
    "clip passes the gradient at its bounds": (ops.clip, [[-1, 0, 0.5, 1, 2], 0, 1], [[0, 2, 3, 4, 0], 1, 5]),
    "max: the first wins": (ops.max, [[1, 3, 3]], [[0, 1, 0]]),
    "min: the first wins": (ops.min, [[3, 1, 1]], [[0, 1, 0]]),
    "max: the first of several axes wins": (ops.max, [[[1, 4], [4, 4]]], [[[0, 1], [0, 0]]]),
    "max along an axis": (lambda x: ops.max(x, axis=1), [[[5, 5], [1, 5]]], [[[1, 0], [0, 2]]]),
    "sort keeps equals in order": (ops.sort, [[2, 1, 2, 1]], [[3, 1, 4, 2]]),
    "top_k: the first wins": (lambda x: ops.top_k(x, 2)[0], [[1, 5, 5, 5]], [[0, 1, 2, 0]]),
    "max_pool: the first in window order wins": (
        lambda x: ops.max_pool(ops.reshape(x, (1, 2, 4, 1)), 2),
        [[[0, 7, 1, 1], [7, 7, 1, 1]]],
        [[[0, 1, 2, 0], [0, 0, 0, 0]]],
    ),
    "max_pool: padding never wins": (
        lambda x: ops.max_pool(ops.reshape(x, (1, 3, 1)), 2, 2, "same"),
        [[-5, -6, -7]],
        [[1, 0, 2]],
    ),
    "prod at one zero": (ops.prod, [[2, 0, 3]], [[0, 6, 0]]),
    "prod at two zeros": (ops.prod, [[0, 0, 3]], [[0, 0, 0]]),
    "cumprod at a zero": (ops.cumprod, [[2, 0, 3]], [[1, 22, 0]]),
    "norm is 0 at 0": (ops.norm, [[0, 0]], [[0, 0]]),
    "std is 0 where all are equal": (ops.std, [[3, 3, 3]], [[0, 0, 0]]),
    "std of one number": (ops.std, [[3]], [[0]]),
    "std of rows, one of them constant": (lambda x: ops.std(x, axis=1), [[[2, 2], [1, 3]]], [[[0, 0], [-1, 1]]]),
    "nanstd is 0 where all are equal": (ops.nanstd, [[3, 3, 3]], [[0, 0, 0]]),
    "corrcoef is 0 at constant rows": (ops.corrcoef, [[[2, 2, 2], [5, 5, 5]]], [[[0, 0, 0], [0, 0, 0]]]),
    **{
        f"norm of order {order} is 0 at 0": (lambda x, order=order: ops.norm(x, order), [[0, 0]], [[0, 0]])
        for order in (1, 1.5, 3, 0.5, -1, -2.5, np.inf, -np.inf, 0)
    },
    "norm of order 3 at one zero": (lambda x: ops.norm(x, 3), [[0, -2]], [[0, -1]]),
    "norm of order 0.5 at one zero": (lambda x: ops.norm(x, 0.5), [[0, -4]], [[0, -1]]),
    "norm of order -1 at one zero": (lambda x: ops.norm(x, -1), [[0, -4]], [[0, 0]]),
    "norm of rows, one of them 0": (lambda x: ops.norm(x, axis=1), [[[0, 0], [3, 4]]], [[[0, 0], [1.2, 1.6]]]),
    "power's exponent is 0 below base 0": (ops.power, [[0, -1, 2], [2, 2, 2]], [[0, -4, 12], [0, 0, 12 * np.log(2)]]),
    "power 0 and 1 at base 0": (ops.power, [[0, 0], [0, 1]], [[0, 2], [0, 0]]),
    "mod is 1 and minus the quotient": (ops.mod, [[7, -7], [4, 4]], [[1, 2], [-1, 4]]),
    "sqrt is infinite at 0": (ops.sqrt, [[0, 4]], [[np.inf, 0.5]]),
    "where: the branch not taken gets 0": (lambda x: ops.where(x > 0, x, 5 * x), [[-1, 0, 2]], [[5, 10, 3]]),
    "get_item adds where an entry is read twice": (lambda x: x[[1, 1, 0]], [[5, 6]], [[3, 3]]),
}  # fmt: skip


@pytest.mark.parametrize("which", CONVENTIONS)
def test_convention(which):
    """Eagerly, as a graph and in forward mode."""
    f, p, want = CONVENTIONS[which]
    p, want = ([np.asarray(x, "float64") for x in xs] for xs in (p, want))
    leaves = [tensor(x, watch=True) for x in p]
    y = f(*leaves)
    w = np.arange(1.0, y.size + 1).reshape(y.shape)
    for built in (False, True):
        for got, expected in zip(gradients(y, leaves, w, create_graph=built), want, strict=True):
            assert_allclose(got.numpy(), expected, 1e-12)
    finite = [np.where(np.isfinite(g), random(g.shape), 0.0) for g in want]
    moved = jvp(f, p, finite)[1].numpy()
    total = sum((g * d)[d != 0].sum() for g, d in zip(want, finite, strict=True))
    assert_allclose((w * moved)[np.isfinite(moved)].sum(), total, 1e-9, 1e-12)


def test_random_bits_beyond_one_block():
    """Large draws are computed in blocks: each entry depends on its own counter alone, whatever the shape."""
    bits = random_bits([7, 11], 3, shape=(70_001,)).numpy()
    for i in (0, 1, 32_767, 32_768, 65_535, 65_536, 70_000):
        assert bits[i] == threefry([7, 11], (3, i))[0]
    assert_array_equal(random_bits([7, 11], 3, shape=(32_768,)).numpy(), bits[:32_768])
