"""Control flow on graphs: known and symbolic choices, loops, scans, against Python's own."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import chainrule as cr
from chainrule import ops, symbolic
from chainrule.transforms.run import run

X = np.random.default_rng(0).normal(size=(5, 3))


def test_a_known_choice_runs_one_branch():
    ran = []
    branch = lambda name: lambda *given: ran.append(name) or ops.ones(2)
    ops.cond(cr.tensor(3) > 2, branch("yes"), branch("no"))
    ops.cond(np.array([False]), branch("yes"), branch("no"))
    for index in (1, -5, 9, cr.tensor(1)):
        ops.switch(index, [branch(0), branch(1), branch(2)], 4.0)
    assert ran == ["yes", "no", 1, 0, 2, 1]


@pytest.mark.parametrize("value", [-1.5, 2.0])
def test_a_symbolic_choice_joins_both(value):
    x = symbolic((), "float64")
    pair = ops.cond(x > 0, lambda: {"a": x * 2, "b": (x, 1.0)}, lambda: {"a": x - 1, "b": (x * x, 0.0)})
    result = [t.item() for t in run([pair["a"], *pair["b"]], {x: np.float64(value)})]
    assert result == ([value * 2, value, 1.0] if value > 0 else [value - 1, value * value, 0.0])
    slope = cr.gradients(pair["a"], x)
    assert run(slope, {x: np.float64(value)}).item() == (2 if value > 0 else 1)


@pytest.mark.parametrize("index", [-3, 0, 1, 2, 7])
def test_a_symbolic_switch(index):
    place = symbolic((), "int32")
    built = ops.switch(place, [lambda x: x + 1, lambda x: x * 2, lambda x: x**2], cr.tensor([3.0, 4.0]))
    want = {0: [4, 5], 1: [6, 8], 2: [9, 16]}[min(max(index, 0), 2)]
    assert run(built, {place: np.int32(index)}).tolist() == want


def test_fori_loop():
    assert ops.fori_loop(2, 6, lambda i, x: (x[0] * i, x[1] + 1), (1, 0)) == (120, 4)
    assert ops.fori_loop(cr.tensor(3), 3, lambda i, x: x + 1, 5.0).item() == 5
    assert_allclose(cr.grad(lambda x: ops.fori_loop(0, 3, lambda i, y: y * y, x))(1.1), 8 * 1.1**7, 1e-5)


def test_while_loop():
    a, b = ops.while_loop(lambda a, b: a < 100, lambda a, b: (a + b, a), (1, 1))
    assert (a.item(), b.item()) == (144, 89)
    assert ops.while_loop(lambda x: x < 10, lambda x: x + 4, 1, maximum_iterations=2).item() == 9
    assert ops.while_loop(lambda x: x > 10, lambda x: x + 4, 1).item() == 1
    assert_allclose(cr.grad(lambda x: ops.while_loop(lambda y: y < 50, lambda y: y * y, x))(3.0), 4 * 27, 1e-6)


@pytest.mark.parametrize("reverse", [False, True])
def test_scan(reverse):
    def step(carry, x):
        return {"s": carry["s"] + x["x"], "n": carry["n"] + 1}, (carry["s"] * x["x"], x["k"])

    ks = np.arange(5)
    carry, (products, saved) = ops.scan(step, {"s": np.zeros(3), "n": 0}, {"x": X, "k": ks}, reverse=reverse)
    total, want = np.zeros(3), [None] * 5
    for i in range(5)[:: -1 if reverse else 1]:
        want[i] = total * X[i]
        total = total + X[i]
    assert_allclose(carry["s"], total)
    assert carry["n"].item() == 5
    assert_allclose(products, want)
    assert saved.tolist() == ks.tolist()


def test_scan_without_xs_or_ys():
    carry, ys = ops.scan(lambda c, x: (c * 2, None), 1, length=10)
    assert (carry.item(), ys) == (1024, None)
    x = symbolic((5, 3), "float64")
    built = ops.scan(lambda c, row: (c + row, c), ops.zeros(3, "float64"), x)[1]
    assert_allclose(run(built, {x: X}).numpy(), np.cumsum(X, 0) - X, 1e-12, 1e-14)


def test_map():
    assert_allclose(ops.map(lambda row: ops.sum(row * row), X), (X * X).sum(1))
    pairs = ops.map(lambda both: (both[0] + both[1], both[0]), (X, np.arange(5.0)))
    assert_allclose(pairs[0], X + np.arange(5.0)[:, None])
    assert_allclose(ops.vectorized_map(lambda row: row[0] * row, X), X[:, :1] * X)
    assert_allclose(cr.grad(lambda x: ops.sum(ops.map(lambda row: row[0] ** 3, x)))(X)[:, 0], 3 * X[:, 0] ** 2)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan(n, reverse):
    """Products of matrices: the order matters."""
    each = np.random.default_rng(n).normal(size=(n, 2, 2))
    got = ops.associative_scan((lambda a, b: b @ a) if reverse else (lambda a, b: a @ b), each, reverse)
    want, rows = np.eye(2), []
    for m in each[::-1] if reverse else each:
        want = m @ want if reverse else want @ m
        rows.append(want)
    assert_allclose(got, rows[::-1] if reverse else rows)
    lengths = ops.associative_scan(lambda a, b: {"s": a["s"] + b["s"]}, {"s": each}, reverse, axis=-1)["s"]
    turned = each[..., ::-1].cumsum(-1)[..., ::-1] if reverse else each.cumsum(-1)
    assert_allclose(lengths, turned)


def test_vectorize():
    add = ops.vectorize(lambda a, b, sign: a + b if sign == "+" else a - b, excluded={2})
    assert_allclose(add(X, X[0], "-"), X - X[0])
    inner = ops.vectorize(lambda a, b: ops.sum(a * b), signature="(n),(n)->()")
    assert_allclose(inner(X[:, None], X), X @ X.T)
    both = ops.vectorize(lambda a: (ops.sum(a), a * 2), signature="(n)->(),(n)")(X)
    assert_allclose(both[0], X.sum(1))
    assert_allclose(both[1], X * 2)


UNKNOWN = symbolic((), "int32")
ERRORS = {
    "cond: two": (lambda: ops.cond(X[0] > 0, lambda: 1, lambda: 2), cr.ShapeError),
    "cond: shapes": (lambda: ops.cond(UNKNOWN > 0, lambda: X, lambda: X[0]), cr.ShapeError),
    "cond: forms": (lambda: ops.cond(UNKNOWN > 0, lambda: (X, X), lambda: [X, X]), cr.ChainruleError),
    "cond: one more": (lambda: ops.cond(UNKNOWN > 0, lambda: (X, X), lambda: (X,)), cr.ChainruleError),
    "switch: nothing": (lambda: ops.switch(0, []), cr.ChainruleError),
    "switch: a float": (lambda: ops.switch(0.5, [lambda: 1, lambda: 2]), cr.ChainruleError),
    "fori_loop: symbolic": (lambda: ops.fori_loop(0, UNKNOWN, lambda i, x: x, 0), cr.SymbolicError),
    "fori_loop: half": (lambda: ops.fori_loop(0, 2.5, lambda i, x: x, 0), cr.ChainruleError),
    "while_loop: symbolic": (lambda: ops.while_loop(lambda x: x < 3, lambda x: x + 1, UNKNOWN), cr.SymbolicError),
    "while_loop: results": (lambda: ops.while_loop(lambda a, b: a < 3, lambda a, b: a + 1, (1, 2)), cr.ChainruleError),
    "scan: nothing": (lambda: ops.scan(lambda c, x: (c, x), 0.0), cr.ShapeError),
    "scan: no steps": (lambda: ops.scan(lambda c, x: (c, x), 0.0, np.zeros((0, 2))), cr.ShapeError),
    "scan: lengths": (lambda: ops.scan(lambda c, x: (c, None), 0.0, (X, X[1:])), cr.ShapeError),
    "scan: other length": (lambda: ops.scan(lambda c, x: (c, None), 0.0, X, length=4), cr.ShapeError),
    "scan: a number": (lambda: ops.scan(lambda c, x: (c, None), 0.0, 1.0), cr.ShapeError),
    "scan: no pair": (lambda: ops.scan(lambda c, x: c, 0.0, X), cr.ChainruleError),
    "associative_scan: lengths": (lambda: ops.associative_scan(lambda a, b: a, (X, X[1:])), cr.ShapeError),
    "vectorize: signature": (lambda: ops.vectorize(lambda a: a, signature="n->n"), cr.ChainruleError),
    "vectorize: no arguments": (lambda: ops.vectorize(lambda: 1)(), cr.ShapeError),
    "vectorize: no entries": (lambda: ops.vectorize(lambda a: a)(np.zeros(0)), cr.ShapeError),
    "vectorize: shapes": (lambda: ops.vectorize(lambda a, b: a)(X, X[:2]), cr.ShapeError),
    "vectorize: too few axes": (lambda: ops.vectorize(lambda a: a, signature="(n)->()")(1.0), cr.ShapeError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    call, error = ERRORS[which]
    with pytest.raises(error, match="To mend"):
        call()
