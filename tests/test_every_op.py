"""Every operation on the samples in its record: value, shape rule, errors, gradients of both orders, float32.

Values are compared with `oracles`; gradients with central differences, forward mode and `jax.grad`.
"""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import ORACLES, PLAIN, threefry

from chainrule import ops, symbolic, tensor
from chainrule.graph import Graph, verify
from chainrule.ops import registry
from chainrule.ops.rules import elementwise_batch
from chainrule.readings.differentiate import grad, gradients, jvp

WITHOUT_ORACLE: dict[str, str] = {}  # name: reason

# Operations with points where slopes from the left and the right differ. There differences say nothing, and
# the convention is tested in `test_convention`.
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
    "power": "the exponent's slope is 0 for a base that is not positive",
    "relu": "at 0",
    "round": "jumps at halves",
    "sign": "jumps at 0",
    "sort": "at ties",
    "top_k": "at ties",
}
NO_DIFFERENCES = {"stop_gradient": "its slope is 0 by definition"}
# Where `jax.grad` has another convention it is asked only where the operation is smooth and JAX's slope finite.
JAX_DIFFERS = {
    "clip": "JAX halves the slope at the bounds",
    "leaky_relu": "JAX takes the upper slope at 0",
    "max": "JAX shares the slope among equals",
    "min": "JAX shares the slope among equals",
    "norm": "JAX gives nan at the zero vector",
    "power": "JAX gives nan as the exponent's slope for a negative base",
}
NO_JAX_GRADIENT = {"nextafter": "JAX defines none"}
STEP = {"cast": 2.0**-6}  # float32 must hold the points of a difference exactly


class Case:
    """A sample of a record; called, it is the operation on the sample's float inputs."""

    def __init__(self, name, sample):
        self.name, self.sample, self.operation = name, sample, registry[name]
        self.xs = sample.arrays()
        self.places = [i for i, x in enumerate(self.xs) if x.dtype.kind == "f"]
        self.floats = [self.xs[i] for i in self.places]
        if sample.error is None:
            with np.errstate(all="ignore"):
                self.result = self.run(*self.xs)
            self.differentiable = bool(self.places) and self.result.dtype.kind == "f"

    def run(self, *xs):
        return self.operation(*xs, **self.sample.attributes)

    def __call__(self, *floats):
        xs = list(self.xs)
        for i, x in zip(self.places, floats, strict=True):
            xs[i] = x
        return self.run(*xs)

    def gradients(self, w, at=None, of=None, v=None):
        """The gradient of sum(w * result) by each float input; with `of`, that of sum(v * gradient number `of`)."""
        leaves = [tensor(x, watch=True) for x in at or self.floats]
        found = gradients(self(*leaves), leaves, w, unconnected="zero")
        return found if of is None else gradients(found[of], leaves, v, unconnected="zero")

    @property
    def finite(self):
        return bool(np.isfinite(self.result.numpy()).all())


def cases_of(wanted):
    return pytest.mark.parametrize("case", [key for key, case in CASES.items() if wanted(case)])


CASES = {f"{name}-{i}": Case(name, s) for name, op in registry.items() for i, s in enumerate(op.samples)}
LARGEST = {}  # of each operation the sample with the most entries, for `jax.grad`
for key, case in CASES.items():
    asked = case.sample.error is None and case.differentiable and case.finite and case.name not in {**PLAIN, **NO_JAX_GRADIENT}
    if asked and case.result.size >= getattr(LARGEST.get(case.name), "entries", 1):
        LARGEST[case.name], case.entries = case, case.result.size

valid = cases_of(lambda case: case.sample.error is None)
broken = cases_of(lambda case: case.sample.error is not None)
smooth = cases_of(lambda case: case.sample.error is None and case.differentiable and case.name not in NO_DIFFERENCES)
floating = cases_of(lambda case: case.sample.error is None and case.differentiable)


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


def close(got, want, rtol=1e-10, atol=1e-12):
    assert got.shape == want.shape
    assert_allclose(got.astype("float64"), want.astype("float64"), rtol, atol)


def random(*shape):
    return np.random.default_rng(list(shape)).normal(size=shape)


# ---- what the oracles say


@pytest.fixture(scope="module")
def peer(request):
    """All values and gradients that this run asks of JAX, from one compilation: it is compiling that takes time.

    Elementwise operations get the entries of all their samples in one row.
    """
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    names = {p["name"] for p in params if "name" in p} | {CASES[p["case"]].name for p in params if p.get("case") in CASES}
    asked = {key: c for key, c in CASES.items() if c.sample.error is None and c.name in names - set(PLAIN)}
    rows, alone = {}, {}
    for key, case in asked.items():
        if case.operation.batch is elementwise_batch and not case.operation.parameters:
            rows.setdefault(case.name, {})[key] = [np.ravel(x) for x in np.broadcast_arrays(*case.xs)]
        else:
            alone[key] = case.xs
    joined = {name: [np.concatenate(column) for column in zip(*row.values(), strict=True)] for name, row in rows.items()}
    slopes = {name: (LARGEST[name].floats, weights(LARGEST[name])) for name in names if name in LARGEST}

    def ask(joined, alone, slopes):
        def slope(name, floats, w):
            case = LARGEST[name]
            xs = dict(zip(case.places, floats, strict=True))
            value = ORACLES[name](*[xs.get(i, x) for i, x in enumerate(case.xs)], **case.sample.attributes)
            return (w * value).sum()

        values = {key: ORACLES[asked[key].name](*xs, **asked[key].sample.attributes) for key, xs in alone.items()}
        long = {name: ORACLES[name](*columns) for name, columns in joined.items()}
        return values, long, {name: jax.grad(slope, 1)(name, *given) for name, given in slopes.items()}

    with jax.default_device(jax.devices("cpu")[0]):
        quick = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
        compiled = jax.jit(ask).lower(joined, alone, slopes).compile(compiler_options=quick)
        values, long, found = jax.device_get(compiled(joined, alone, slopes))
    for name, row in rows.items():
        cuts = np.cumsum([columns[0].size for columns in row.values()])[:-1]
        for key, part in zip(row, np.split(long[name], cuts), strict=True):
            values[key] = part.reshape(np.broadcast_shapes(*[x.shape for x in CASES[key].xs]))
    return values, found


def weights(case):
    """Random weights of the result's entries; 0 at kinks where JAX has a convention of its own."""
    w = random(*case.result.shape)
    if case.name in JAX_DIFFERS:
        for i in range(len(case.floats)):
            w = np.where(differences(case.value, case.floats, i, True)[2], w, 0.0)
    return w


def test_every_operation_has_samples_and_an_oracle():
    assert set(registry) == set(ORACLES) | set(WITHOUT_ORACLE)
    assert not [name for name, operation in registry.items() if not operation.samples]
    assert {*KINKS, *NO_DIFFERENCES, *JAX_DIFFERS, *NO_JAX_GRADIENT} <= set(registry)


def test_threefry_of_the_oracle():
    """The vectors that Random123 publishes (kat_vectors, threefry 2x32 with 20 rounds)."""
    assert threefry((0, 0), (0, 0)) == (0x6B200159, 0x99BA4EFE)
    assert threefry((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2) == (0x1CB996FC, 0xBB002BE7)
    assert threefry((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3)) == (0xC4923A9C, 0x483DF7A0)


@valid
def test_value(case, peer):
    values, case, key = peer[0], CASES[case], case
    want = PLAIN[case.name](*case.xs, **case.sample.attributes) if case.name in PLAIN else values[key]
    tolerance = (2e-6, 1e-6) if case.result.dtype == "float32" else (1e-10, 1e-12)
    close(case.result.numpy(), want, *tolerance)


# ---- the shape rule


@valid
def test_shape_rule(case):
    """Built without numbers, the result and its gradient are what they are with numbers."""
    case = CASES[case]
    inputs = [symbolic(x.shape, x.dtype) for x in case.xs]
    y = case.run(*inputs)
    assert (y.shape, y.dtype) == (case.result.shape, case.result.dtype)
    verify_whole(Graph(inputs, [y]))
    if case.differentiable:
        u = symbolic(y.shape, y.dtype)
        floats = [inputs[i] for i in case.places]
        found = gradients(y, floats, u, unconnected="zero")
        assert [(g.shape, g.dtype) for g in found] == [(x.shape, x.dtype) for x in floats]
        verify_whole(Graph([*inputs, u], found))


def verify_whole(graph):
    """Also the bodies of calls."""
    todo = [graph]
    while todo:
        graph = todo.pop()
        verify(graph)
        todo += [node.attributes["body"] for node in graph.nodes if "body" in node.attributes]


@broken
def test_error(case):
    """Raised with numbers and without, and saying how to mend it."""
    case = CASES[case]
    for xs in (case.xs, [symbolic(x.shape, x.dtype) for x in case.xs]):
        with pytest.raises(case.sample.error, match=r"expected|To mend"):
            case.run(*xs)


# ---- gradients


def differences(f, p, i, kinked, h=2.0**-17):
    """(directions, the slope of f along each by central differences, where f is smooth) in input i."""
    x, here = p[i], f(p)
    n = x.size
    basis = np.eye(n) if n <= 24 else np.random.default_rng(n).normal(size=(6, n))
    along = basis.reshape(-1, *x.shape)
    beside = lambda d: f([*p[:i], x + d, *p[i + 1 :]])
    ahead = np.array([(beside(h * d) - here) / h for d in along]).reshape(-1, *here.shape)
    behind = np.array([(here - beside(-h * d)) / h for d in along]).reshape(-1, *here.shape)
    slope = (ahead + behind) / 2
    fine = np.isfinite(slope)
    if kinked:
        fine &= (abs(ahead - behind) <= 5 * h * (1 + abs(slope))) & (abs(slope) < 1e3)
    return along, slope, fine.all(axis=0)


def agree(f, pull, p, kinked, h):
    """Compare `pull(w)`, the gradient of sum(w * f), with differences, input by input; the weights it used."""
    used = []
    for i in range(len(p)):
        along, slope, fine = differences(f, p, i, kinked, h)
        used.append(np.where(fine, random(*fine.shape), 0.0))
        want = [(used[i] * np.where(fine, s, 0)).sum() for s in slope]
        got = [(pull(used[i])[i].numpy() * d).sum() for d in along]
        there = np.isfinite(got) | np.isfinite(f(p)).all()  # a weight of 0 cannot hide an infinite slope
        assert_allclose(np.array(got)[there], np.array(want)[there], 1e-6, 1e-7)
    return used


@smooth
def test_gradient(case):
    case = CASES[case]
    agree(case.value, case.gradients, case.floats, case.name in KINKS, STEP.get(case.name, 2.0**-17))
