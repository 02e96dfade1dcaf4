"""Operations with a backward written by hand: checked when given, used on both engines, shown as written."""

import copy
import math
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import GraphError, ShapeError, ValueProblem
from chainrule.ops.record import registry


def swish_right(u, x, beta=1.0):
    s = ops.sigmoid(beta * x)
    return u * (s + beta * x * s * (1 - s))


def make(backward=swish_right, **options):
    @cr.operation
    def swish(x, beta=1.0):
        """x times its sigmoid."""
        return x * ops.sigmoid(beta * x)

    if backward is not None:
        swish.backward(backward, **options)
    return swish


def by_rule(x, beta=1.0):
    return x * ops.sigmoid(beta * x)


def test_it_is_checked_and_then_an_operation_like_any_other():
    swish = make()
    assert swish.report.ok
    assert swish.check([0.3, -4.0], beta=2.0).ok
    assert swish.__doc__ == "x times its sigmoid."
    x = cr.Variable(np.linspace(-3, 3, 8).reshape(2, 4), name="x")
    np.testing.assert_allclose(swish(x, beta=1.5).numpy(), by_rule(x, 1.5).numpy(), rtol=1e-12)
    for beta in (1.0, 0.3):
        mine = cr.gradients(ops.sum(swish(x, beta) ** 2), x)
        np.testing.assert_allclose(mine.numpy(), cr.gradients(ops.sum(by_rule(x, beta) ** 2), x).numpy(), rtol=1e-9)
    assert not any(name.startswith("custom.") for name in registry)


def test_the_backward_is_what_is_used_everywhere():
    """A wrong one, taken unchecked, shows in every gradient: nothing goes around it."""
    wrong = make(lambda u, x, beta=1.0: u * 7.0, check=False)
    x = cr.Variable([0.5, -1.0], name="x", dtype="float64")
    y = ops.sum(wrong(x) * 2.0)
    np.testing.assert_allclose(cr.gradients(y, x).numpy(), [14, 14])
    np.testing.assert_allclose(cr.grad(lambda t: ops.sum(wrong(t)))(cr.tensor([1.0, 2.0])).numpy(), [7, 7])
    np.testing.assert_allclose(cr.explain(y).gradients["x"], [14, 14])
    for engine in ("numpy", "xla"):
        if engine == "xla":
            pytest.importorskip("jax")
        compiled = cr.compile(cr.grad(lambda t: ops.sum(wrong(t))), engine=engine)
        np.testing.assert_allclose(compiled(cr.tensor([1.0, 2.0])).numpy(), [7, 7])


def test_gradients_of_any_order():
    swish = make()
    for k in range(1, 4):
        mine, theirs = swish, by_rule
        for _ in range(k):
            mine, theirs = cr.grad(mine), cr.grad(theirs)
        at = cr.tensor(0.7, dtype="float64")
        assert float(mine(at)) == pytest.approx(float(theirs(at)), rel=1e-9)


def test_several_inputs_and_numpys_own_functions():
    @cr.operation(samples=[(np.ones((2, 3)), np.linspace(-1, 1, 12).reshape(3, 4))])
    def product(x, w):
        return np.tanh(x) @ w

    @product.backward
    def _(u, x, w):
        t = np.tanh(x)
        return (u @ w.T) * (1 - t * t), t.T @ u

    assert product.report.ok
    x, w = cr.Variable(np.full((2, 3), 0.3), name="x"), cr.Variable(np.linspace(0, 1, 12).reshape(3, 4), name="w")
    mine = cr.gradients(ops.sum(product(x, w)), [x, w])
    theirs = cr.gradients(ops.sum(ops.tanh(x) @ w), [x, w])
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)
    (only,) = [cr.gradients(ops.sum(product(x, [[1.0], [2.0], [3.0]])), x)]
    assert only.shape == (2, 3)


def test_without_a_backward_it_is_differentiated_like_its_body():
    swish = make(None)
    x = cr.Variable(0.4, name="x")
    assert float(cr.gradients(swish(x), x)) == pytest.approx(float(cr.gradients(by_rule(x), x)))
    with pytest.raises(GraphError, match="without a backward"):
        swish.check(0.4)


FAULTS = {
    "sign": lambda u, x, w: (-(u @ w.T), x.T @ u),
    "transpos": lambda u, x, w: (u @ w.T, (u.T @ x)),
    "shape": lambda u, x, w: (u @ w.T, x.T @ u + ops.zeros((2, 3, 3))),
    "gradients": lambda u, x, w: u @ w.T,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_usual_faults_are_named(fault):
    @cr.operation(samples=[(np.linspace(-1, 1, 6).reshape(2, 3), np.linspace(0, 2, 9).reshape(3, 3))])
    def product(x, w):
        return x @ w

    with pytest.raises(ValueProblem, match=f"(?s)a wrong backward of product.*{fault}"):
        product.backward(FAULTS[fault])
    assert product.record.custom_vjp is None
    assert not product.report
    assert fault in product.report.to_html()


def test_a_forgotten_sum_over_the_batch_is_named():
    @cr.operation(samples=[(np.ones((4, 3)), np.ones(3))])
    def shifted(x, b):
        return x + b

    with pytest.raises(ValueProblem, match=r"(?s)shape \(4, 3\), where b has \(3,\)"):
        shifted.backward(lambda u, x, b: (u, u))
    shifted.backward(lambda u, x, b: (u, ops.sum(u, axis=0)))
    assert shifted.report.ok


def test_inputs_that_the_default_does_not_fit():
    @cr.operation
    def third(x):
        return x[2]

    with pytest.raises(ValueProblem, match=r"samples=\[\(x, w\)\]"):
        third.backward(lambda u, x: u)
    with pytest.raises(ValueProblem, match="inputs first"):
        cr.operation(lambda beta=1.0: beta)
    with pytest.raises(ValueProblem, match="named arguments"):
        cr.operation(lambda *xs: xs[0])


def test_a_wrong_shape_taken_unchecked_is_reported_when_it_is_used():
    short = make(lambda u, x, beta=1.0: ops.sum(u), check=False)
    x = cr.Variable([1.0, 2.0], name="x")
    with pytest.raises(ShapeError, match=r"a gradient of shape \(\)"):
        cr.gradients(ops.sum(short(x)), x)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_convolutional_network_learns_with_it(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    losses = []
    for activation in (make(), by_rule):
        cr.set_random_seed(0)
        model = cr.Sequential(
            [layers.Input((8, 8, 1)), layers.Conv2D(4, 3, activation=activation), layers.Flatten(),
             layers.Dense(3, activation="softmax")]
        )  # fmt: skip
        model.compile("adam", "sparse_categorical_crossentropy", engine=engine)
        x = np.random.default_rng(0).normal(size=(64, 8, 8, 1))
        losses.append(model.fit(x, np.arange(64) % 3, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_it_is_explained_as_one_operation_with_its_own_gradient():
    swish = make()
    x = cr.Variable([0.5, -1.0], name="x", dtype="float64")
    e = cr.explain(ops.sum(swish(x)))
    (step,) = [s for s in e.steps if s.operation == "swish"]
    assert step.formula == "swish(x)"
    (edge,) = [ed for ed in e.edges if ed.operation == "swish"]
    assert "the backward written for swish" in edge.role
    s = 1 / (1 + math.exp(-0.5))
    assert edge.downstream[0] == pytest.approx(s + 0.5 * s * (1 - s), rel=1e-9)
    assert "swish(x)" in str(e)
    assert "swish" in e.to_html()


def test_price_and_forward_mode_open_it():
    swish = make()
    assert cr.price(lambda x: swish(x), (10,), backward=True).total.flops > 0
    _, slope = cr.jvp(swish, [cr.tensor(0.7)], [cr.tensor(1.0)])
    assert float(slope) == pytest.approx(float(cr.grad(by_rule)(cr.tensor(0.7))), rel=1e-6)


def test_what_moves_must_come_in_as_an_input():
    """It would be taken for a constant: its changes, and its gradient, would be lost."""
    w = cr.Variable(2.0, name="w")

    @cr.operation
    def hidden(z):
        return z * w

    with pytest.raises(ValueProblem, match="the variable 'w' inside hidden"):
        hidden([1.0, 2.0])
    swish = make()
    for beta in (cr.Variable(1.0), cr.tensor(1.0)):
        with pytest.raises(ValueProblem, match="for the setting 'beta'"):
            swish([1.0], beta=beta)


def test_a_backward_in_numpy_is_refused_with_what_to_use():
    @cr.operation(samples=[(np.ones((3, 2)), np.ones((2, 4)))])
    def product(x, w):
        return x @ w

    with pytest.raises(ValueProblem, match="instead of NumPy"):
        product.backward(lambda g, x, w: (np.asarray(g) @ np.asarray(w).T, np.asarray(x).T @ np.asarray(g)))


def test_settings_that_are_equal_but_not_alike():
    @cr.operation
    def scaled(x, by=1):
        return x * by

    x = cr.tensor([1, 2])
    for by, dtype in ((1, "int32"), (1.0, "float32"), (1, "int32"), (True, "int32")):
        assert scaled(x, by=by).dtype == dtype, by


def test_a_variable_inside_is_refused_every_time():
    w = cr.Variable(2.0, name="w")

    @cr.operation
    def hidden(z):
        return z * w

    for _ in range(2):
        with pytest.raises(ValueProblem, match="the variable 'w'"):
            hidden([1.0, 2.0])


def test_an_array_is_no_setting():
    swish = make()
    for call in (lambda: swish([1.0], np.array([2.0])), lambda: swish([1.0], beta=np.array([2.0]))):
        with pytest.raises(ValueProblem, match="an array for the setting 'beta'"):
            call()
    with pytest.raises(ValueProblem, match="an array for the setting 'by'"):

        @cr.operation
        def scaled(x, by=np.ones(2)):  # noqa: B008 - which is what this is about
            return x * by


def test_settings_that_are_lists():
    @cr.operation(samples=[np.ones(3)])
    def scaled(x, by=[1.0, 2.0]):  # noqa: B006 - a list is what this is about
        return x * by[0] + by[1]

    scaled.backward(lambda u, x, by=(1.0, 2.0): u * by[0])
    np.testing.assert_allclose(scaled([1.0, 2.0, 3.0]).numpy(), [3, 4, 5])
    assert "by" in str(scaled.__signature__)


def test_whole_numbers_have_no_gradient():
    @cr.operation(samples=[(np.ones((4, 2)), np.array([0, 3, 1]))])
    def rows(table, places):
        return ops.take(table, places, axis=0)

    @rows.backward
    def _(u, table, places):
        return ops.transpose(ops.one_hot(places, 4)) @ ops.cast(u, "float32")

    table = cr.Variable(np.ones((4, 2)), name="table", dtype="float32")
    result = cr.gradients(ops.sum(rows(table, [1, 1, 2])), table)
    np.testing.assert_allclose(result.numpy(), [[0, 0], [2, 2], [1, 1], [0, 0]])
    with pytest.raises(ValueProblem, match="without a float input"):
        cr.operation(samples=[np.array([1])])(lambda x: x * 0.5).backward(lambda u, x: u)


def test_it_is_copied_and_pickled_by_name():
    assert copy.deepcopy(PLAIN) is PLAIN
    assert pickle.loads(pickle.dumps(PLAIN)) is PLAIN
    model = cr.Sequential([layers.Input((2,)), layers.Dense(3, activation=PLAIN)])
    x = np.ones((1, 2))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


@cr.operation
def PLAIN(x):
    return x * x


def test_only_functions_are_operations():
    for wrong in (3, cr.layers.Dense(1)):
        with pytest.raises(ValueProblem, match="a function of tensors"):
            cr.operation(wrong)


def test_a_file_cannot_name_it_between_layers(tmp_path):
    x = layers.Input((2,))
    model = cr.Model(x, PLAIN(layers.Dense(2)(x)))
    assert model.predict(np.ones((1, 2)), verbose=0).shape == (1, 2)
    with pytest.raises(GraphError, match="custom operation PLAIN between a model's layers"):
        model.save(tmp_path / "m.chainrule")
    assert not list(tmp_path.iterdir())
