"""The gradient checker is itself checked: it must pass what is right and catch what is wrong."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops

X, W = np.random.default_rng(0).normal(size=(5, 3)), np.random.default_rng(1).normal(size=(3, 4))


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (ops.tanh, [0.5]),
        (lambda x, w: ops.softmax(x @ w), [X, W]),
        (lambda x: ops.conv(x.reshape(1, 5, 3, 1), np.ones((2, 2, 1, 1))), [X]),
        (lambda x: ops.exp(30 * x), [X]),  # strong curvature
        (lambda x: 1e-12 * ops.sin(x), [X]),  # small
        (lambda x: 1e12 * ops.sin(x), [X]),  # large
        (lambda x: (x * 0).sum(), [X]),  # zero
        (lambda x, i: ops.take(x, i, axis=0), [X, [0, 0, 2]]),
        (lambda x: {"a": x * 2, "b": [x**3]}, [X]),
        (lambda x: ops.sum(x), [np.zeros((0, 3))]),
        (ops.gelu, [[-1.0, 0.0, 2.0]]),
        (lambda x: ops.sum(cr.grad(lambda t: ops.sum(t**3))(x) ** 2), [[1.0, 2.0]]),  # a gradient inside
    ],
)
def test_right_gradients_pass(f, args):
    report = cr.check(f, *args)
    assert report.ok, str(report)
    assert report.exit_status == 0


@pytest.mark.parametrize("factor", [1.0005, 0.9995, -1.0, 2.0, 0.0])
def test_a_gradient_wrong_by_a_factor_is_caught(factor):
    report = cr.check(lambda x, w: ops.tanh(x @ w), X, W, backward=lambda u, x, w: backward(u, x, w, factor))
    assert not report
    assert report.exit_status == 1
    assert {e.input for e in report.wrong} == {"w"}
    assert "WRONG" in str(report)
    assert report.worst.where.startswith("w[")


def backward(u, x, w, factor=1.0):
    local = u * (1 - ops.tanh(x @ w) ** 2)
    return local @ w.T, factor * (x.T @ local)


def test_one_wrong_entry_is_named():
    def wrong(u, x):
        g = 2 * np.asarray(x) * np.asarray(u)
        g[3, 1] *= 1.0005
        return g

    report = cr.check(lambda x: x**2, X, backward=wrong)
    assert [e.index for e in report.wrong] == [(3, 1)]
    assert report.verdict == "WRONG: 1 of 15 entries differ by more than 1e-06; the worst is x[3, 1]."


def test_a_right_backward_of_ones_own_passes():
    assert cr.check(lambda x, w: ops.tanh(x @ w), X, W, backward=backward).ok
    assert cr.check(lambda x: x * 2, X, backward=lambda u, x: np.asarray(u) * 2).ok


S = np.random.default_rng(3).normal(size=(3, 3))


@pytest.mark.parametrize(
    ("back", "hint"),
    [
        (lambda u, w: -(X.T @ np.asarray(u)), "wrong sign"),
        (lambda u, w: X.T @ np.asarray(u) / 5, "0.2 times"),
        (lambda u, w: (X.T @ np.asarray(u)).T, "transposed"),
        (lambda u, w: np.where(np.arange(9).reshape(3, 3) == 4, 0, X.T @ np.asarray(u)), "path is missing"),
    ],
)
def test_the_usual_faults_are_named(back, hint):
    report = cr.check(lambda w: cr.tensor(X) @ w, S, backward=back)
    assert not report.ok
    assert any(hint in h for h in report.hints), report.hints


def test_wrong_shapes_and_counts_are_problems():
    assert "transpose would fit" in str(cr.check(lambda x: x * 2, X, backward=lambda u, x: np.ones((3, 5))))
    assert "un-broadcast" in str(cr.check(lambda b: cr.tensor(X) + b, X[0], backward=lambda u, b: u))
    assert "returned 2 gradients for 1" in str(cr.check(lambda x: x * 2, X, backward=lambda u, x: (u, u)))
    assert "returned 1 gradients for 2" in str(cr.check(lambda x, w: x @ w, X, W, backward=lambda u, x, w: u))


@pytest.mark.parametrize(
    ("f", "x", "at"),
    [
        (ops.relu, [0.0, 1.0, -2.0], [0]),
        (ops.absolute, [0.0, 1.0], [0]),
        (lambda x: ops.maximum(x, 1.0), [1.0, 2.0], [0]),
        (lambda x: ops.max(x), [3.0, 3.0, 1.0], [0, 1]),
        (lambda x: ops.max_pool(x.reshape(1, 4, 1), 2), [2.0, 2.0, 1.0, 0.0], [0, 1]),
        (lambda x: ops.clip(x, 0.0, 1.0), [0.0, 0.5, 1.0], [0, 2]),
    ],
)
def test_kinks_are_reported_and_not_failed(f, x, at):
    report = cr.check(f, x)
    assert report.ok, str(report)
    assert [e.index[0] for e in report.kinks] == at
    assert "kink" in str(report)


def test_a_kink_nearby_is_no_kink_here():
    assert not cr.check(ops.relu, [1e-6, -1e-6]).kinks
    assert cr.check(ops.relu, [1e-6, -1e-6]).ok


def test_a_wrong_slope_at_a_kink_is_still_wrong():
    assert not cr.check(ops.relu, [0.0], backward=lambda u, x: 2 * u).ok
    assert not cr.check(ops.relu, [0.0], backward=lambda u, x: -u).ok


def test_a_jump_is_reported():
    report = cr.check(ops.sign, [0.0, 1.0])
    assert [e.kind for e in report.entries] == ["jump", "ok"]


def test_bad_input_teaches():
    with pytest.raises(cr.ChainruleError, match="not finite"):
        cr.check(ops.log, [1.0, np.nan])
    with pytest.raises(cr.ChainruleError, match="not finite"), np.errstate(all="ignore"):
        cr.check(ops.log, [-1.0])
    with pytest.raises(cr.ChainruleError, match="two results"):
        cr.check(lambda x: x * cr.random.uniform(()), [1.0])
    with pytest.raises(cr.DTypeError, match="float"):
        cr.check(lambda x: ops.argmax(x), [1.0, 2.0])


def test_many_entries_are_sampled():
    report = cr.check(lambda x: x**2, np.ones((100, 100)), max_entries=50)
    assert len(report.entries) == 50
    assert len({e.index for e in report.entries}) == 50


def test_floats_are_taken_to_float64():
    seen = []
    cr.check(lambda x: seen.append(x.dtype.name) or x * 2, np.ones(2, "float32"))
    assert set(seen) == {"float64"}


def test_points_for_graders():
    """An input's gradient is right or not; one of the wrong shape, or not given, is not."""
    x, w = np.linspace(-1, 1, 6).reshape(2, 3), np.linspace(0, 2, 9).reshape(3, 3)

    def product(x, w):
        return x @ w

    for backward, points in (
        (lambda u, x, w: (u @ w.T, x.T @ u), (2, 2)),
        (lambda u, x, w: (u @ w.T, -(x.T @ u)), (1, 2)),
        (lambda u, x, w: (ops.sum(u), x.T @ u), (1, 2)),
        (lambda u, x, w: u @ w.T, (0, 2)),
    ):
        report = cr.check(product, x, w, backward=backward)
        assert report.points == points
        assert (report.to_dict()["points"], report.to_dict()["of"]) == points
    assert cr.check(product, x, w).points == (2, 2)
    assert cr.check(lambda x, k: x * k, 2.0, np.array([3])).points == (1, 1)  # whole numbers have no gradient


def affine(x, w, b):
    return x @ w + b


RIGHT = {
    "x": lambda g, x, w: g @ ops.transpose(w),
    "w": lambda g, x, w: ops.transpose(x) @ g,
    "b": lambda g, x, w: ops.sum(g, axis=0),
}


def put_together(**wrong):
    parts = {**RIGHT, **wrong}
    return lambda g, x, w, b: tuple(part(g, x, w) for part in parts.values())


@pytest.mark.parametrize(
    ("shape", "wrong", "hint"),
    [
        ((3, 3), {"x": lambda g, x, w: g @ w}, "of x is right with w transposed"),
        ((3, 3), {"w": lambda g, x, w: x @ g}, "of w is right with x transposed"),
        ((3, 4), {"x": lambda g, x, w: g @ w}, "would run with w transposed"),
        ((3, 4), {"b": lambda g, x, w: g[0]}, "sum over the batch is missing"),
    ],
)
def test_usual_faults_are_named_by_trying(shape, wrong, hint):
    rng = np.random.default_rng(0)
    passed = rng.normal(size=(3, 3)), rng.normal(size=shape), rng.normal(size=shape[1])
    report = cr.check(affine, *passed, backward=put_together(**wrong))
    assert not report
    assert [h for h in report.hints if hint in h], report.hints
    assert cr.check(affine, *passed, backward=put_together()).hints == []
    doubled = cr.check(affine, *passed, backward=put_together(b=lambda g, x, w: 2 * ops.sum(g, axis=0)))
    assert not [h for h in doubled.hints if "transposed" in h or "first" in h]


# ---- functions whose values are large, and slopes small: rounding hides the slope from a small step

SHIFTS = [1e3, 1e6, 1e8, 1e10]


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("factor", [0.0, 0.999, 1.00001, 2.0, -1.0])
def test_a_wrong_gradient_is_not_hidden_by_a_large_constant(shift, factor):
    def shifted(x):
        return x**3 - 2 * x + shift

    report = cr.check(shifted, X, backward=lambda u, x: u * (3 * x**2 - 2) * factor)
    assert not report
    assert not str(report.verdict).startswith("RIGHT")


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_right_gradient_beside_a_large_constant(shift):
    report = cr.check(lambda x: x**3 - 2 * x + shift, X)
    assert report.ok or report.unclear, str(report)
    assert not report.wrong


@pytest.mark.parametrize("f", [lambda x: x + 1e10, lambda x: ops.exp(x) + 1e6, lambda x: ops.sum(ops.sigmoid(x)) + 1e5])
def test_slopes_that_larger_steps_show_are_right(f):
    report = cr.check(f, X)
    assert report.ok, str(report)


def test_what_cannot_be_seen_is_unclear():
    for factor in (1.0, 1.5):
        report = cr.check(lambda x: ops.exp(x) + 1e20, X, backward=lambda u, x, k=factor: u * k * ops.exp(x))
        assert (report.ok, report.exit_status, report.points) == (False, 1, (0, 1))
        assert "UNCLEAR: 15 of 15 entries" in str(report)
        assert "about 1e+21" in report.verdict
    assert "불확실" in report.to_text("ko")
    report.to_html()


def test_entries_far_apart_in_size_are_compared_each():
    """Entry 0 is e^-50 and entry 1 e^50: the large one's rounding must not excuse the small one."""
    x = np.array([-1.0, 1.0])
    assert cr.check(lambda x: ops.exp(50 * x), x).ok
    wrong = cr.check(lambda x: ops.exp(50 * x), x, backward=lambda u, x: u * 50 * ops.exp(50 * x) * [3.0, 1.0])
    assert [e.index for e in wrong.unclear] == [(0,)]  # beside e^50 a path of that size could be lost


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: ops.sum(ops.softmax(x, axis=-1)), X),
        (lambda x: 1e4 * ops.sum(ops.softmax(x, axis=-1)), X),
        (lambda x: ops.mean(x - ops.mean(x)), X),
        (lambda x: ops.cos(x), np.zeros(3)),
        (lambda x: x**3, np.zeros(3)),
        (lambda x: ops.sum(ops.stop_gradient(x) * 0 + x * 0), X),
    ],
)
def test_slopes_of_zero_are_right(f, x):
    report = cr.check(f, x)
    assert report.ok, str(report)


FUNCTIONS = [
    (ops.sin, ops.cos),
    (ops.exp, ops.exp),
    (lambda x: x**2, lambda x: 2 * x),
    (lambda x: ops.log(x + 20), lambda x: 1 / (x + 20)),
    (ops.tanh, lambda x: 1 - ops.tanh(x) ** 2),
]


def test_the_verdict_is_never_right_beyond_the_tolerance():
    """Whatever is added to or multiplied with a function, a gradient wrong by 1e-4 is never called right."""
    random = np.random.default_rng(5)
    for k in range(200):
        f, slope = FUNCTIONS[k % len(FUNCTIONS)]
        shift = 10.0 ** random.integers(-3, 14)
        scale = shift * 10.0 ** random.integers(-10, 13)  # a slope of 1e-14 of the values is 0 to float64
        error = random.choice([0.0, 1e-4, -1e-3, 1.0])
        x = random.normal(size=3) * 3
        value = lambda x, f=f, scale=scale, shift=shift: scale * f(x) + shift
        backward = lambda u, x, slope=slope, scale=scale, error=error: u * scale * slope(x) * (1 + error)
        report = cr.check(value, x, backward=backward)
        assert not (report.ok and error), (k, scale, shift, error, str(report))
        assert error or not report.wrong, (k, scale, shift, str(report))
        assert not report.ok or report.worst.error <= report.tolerance
