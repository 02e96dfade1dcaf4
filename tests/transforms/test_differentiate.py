"""Gradients: the numbers of the courses, any order, both modes, errors that say where a path ends."""

import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.graph import ancestors


def variables(**values):
    return [cr.Variable(v, dtype="float64", name=n) for n, v in values.items()]


def test_the_three_courses_examples():
    a, b, c = variables(a=5.0, b=3.0, c=2.0)
    u = b * c
    v = a + u
    j = 3 * v
    assert float(j) == 33
    assert [float(g) for g in cr.gradients(j, [v, a, u, b, c])] == [3, 3, 3, 6, 9]
    x, y, z = variables(x=-2.0, y=5.0, z=-4.0)
    assert [float(g) for g in cr.gradients((x + y) * z, [x, y, z])] == [-4, -4, 3]
    for value, slope in ((2.0, 4), (5.0, 10)):
        assert float(cr.grad(lambda a: a**2)(value)) == slope
    assert float(cr.grad(lambda a: a**3)(2.0)) == 12
    assert float(cr.grad(ops.log)(4.0)) == 0.25


def test_the_sigmoid_neuron():
    w0, w1, w2, x0, x1 = variables(w0=2.0, w1=-3.0, w2=-3.0, x0=-1.0, x1=-2.0)
    f = ops.sigmoid(w0 * x0 + w1 * x1 + w2)
    assert round(float(f), 2) == 0.73
    got = [float(g) for g in cr.gradients(f, [w0, w1, w2, x0, x1])]
    s = 1 / (1 + np.exp(-1.0))
    np.testing.assert_allclose(got, s * (1 - s) * np.array([-1.0, -2.0, 1.0, 2.0, -3.0]))
    assert round(s * (1 - s), 2) == 0.20


def ours(x, w):
    h = ops.relu(ops.tanh(x @ w) + 0.1)
    return ops.mean(ops.logsumexp(h, axis=1) * ops.softmax(h, axis=0)[:, 0]) + ops.max(w) * ops.sum(x[0] ** 3)


def theirs(x, w):
    h = jax.nn.relu(jnp.tanh(x @ w) + 0.1)
    return jnp.mean(jax.nn.logsumexp(h, axis=1) * jax.nn.softmax(h, axis=0)[:, 0]) + jnp.max(w) * jnp.sum(x[0] ** 3)


X, W = np.random.default_rng(0).normal(size=(4, 3)), np.random.default_rng(1).normal(size=(3, 5))


@pytest.mark.slow
def test_gradient_hessian_and_products_agree_with_jax():
    for got, want in zip(cr.grad(ours, (0, 1))(X, W), jax.jit(jax.grad(theirs, (0, 1)))(X, W), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)
    f, g = (lambda w: ours(X, w)), (lambda w: theirs(X, w))
    np.testing.assert_allclose(cr.hessian(f)(W), jax.jit(jax.hessian(g))(W), rtol=1e-8, atol=1e-10)
    v = np.random.default_rng(2).normal(size=W.shape)
    np.testing.assert_allclose(
        cr.hvp(f, W, v), jax.jit(lambda w: jax.jvp(jax.grad(g), (w,), (v,))[1])(W), rtol=1e-8, atol=1e-10
    )
    np.testing.assert_allclose(cr.jvp(f, [W], [v])[1], jax.jvp(g, (W,), (v,))[1], rtol=1e-10)
    layer, jlayer = (lambda w: ops.softmax(cr.tensor(X) @ w)), (lambda w: jax.nn.softmax(X @ w))
    np.testing.assert_allclose(cr.jacobian(layer)(W), jax.jacobian(jlayer)(W), rtol=1e-10, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(
    "f", [ops.exp, ops.tanh, ops.silu, lambda x: x**5, lambda x: ops.softmax(ops.stack([x, x * x]))[0]]
)
def test_fourth_order(f):
    g, j = f, {ops.exp: jnp.exp, ops.tanh: jnp.tanh, ops.silu: jax.nn.silu}.get(f)
    if j is None:
        j = (lambda x: x**5) if float(f(cr.tensor(2.0))) == 32 else (lambda x: jax.nn.softmax(jnp.stack([x, x * x]))[0])
    for _ in range(4):
        g, j = cr.grad(g), jax.grad(j)
    x = cr.tensor(0.7, dtype="float64")
    np.testing.assert_allclose(float(g(x)), j(0.7), rtol=1e-9)


def test_reverse_over_forward_and_forward_over_forward():
    f = lambda x: ops.sum(ops.sin(x) * x)
    along = lambda h: lambda x: cr.jvp(h, [x], [np.ones(3)])[1]
    jalong = lambda h: lambda x: jax.jvp(h, (x,), (jnp.ones(3),))[1]
    g = lambda x: jnp.sum(jnp.sin(x) * x)
    x = np.array([0.1, -0.5, 2.0])
    np.testing.assert_allclose(cr.grad(along(f))(x), jax.grad(jalong(g))(x), rtol=1e-10)
    np.testing.assert_allclose(along(along(f))(x), jalong(jalong(g))(x), rtol=1e-10)


def test_gradient_of_gradient_by_tensors():
    (x,) = variables(x=3.0)
    y = x**4
    g = cr.gradients(y, x)
    assert float(cr.gradients(g, x)) == 108  # no flag is needed for the gradient itself
    h = cr.gradients(y, x, create_graph=True)
    assert float(cr.gradients(h * h, x)) == 2 * 108 * 108


@pytest.mark.parametrize(
    "mix",
    [
        lambda y, d: d * d,
        lambda y, d: y + d,
        lambda y, d: y + 2 * d,
        lambda y, d: y * ops.sum(ops.stack([d, d])),
        lambda y, d: y + ops.softmax(ops.reshape(d, (1,)))[0],
    ],
)
def test_a_path_through_a_gradient_without_history_is_never_missed_silently(mix):
    (x,) = variables(x=3.0)
    y = x**3
    with pytest.raises(cr.GraphError, match="create_graph=True"):
        cr.gradients(mix(y, cr.gradients(y, x)), x)
    saved = mix(y, cr.gradients(y, x, create_graph=True))
    h = 1e-5
    f = lambda v: float(mix(cr.tensor(np.array(v**3)), cr.tensor(np.array(3 * v**2))))
    assert float(cr.gradients(saved, x)) == pytest.approx((f(3 + h) - f(3 - h)) / (2 * h), rel=1e-6)
    constant = ops.stop_gradient(cr.gradients(y, x))
    assert float(cr.gradients(y * constant, x)) == 27 * 27


def test_a_closed_over_variable_is_not_missed_either():
    (a,) = variables(a=3.0)
    g = cr.grad(lambda t: a * t * t)(2.0)
    with pytest.raises(cr.GraphError, match="create_graph=True"):
        cr.gradients(a + g, a)
    a.assign(4.0)  # another version: that gradient is a plain number to it
    assert float(cr.gradients(a * g, a)) == 12


def test_bare_arguments_of_jvp():
    value, slope = cr.jvp(lambda t: t**2, np.array([1.0, 2.0]), np.ones(2))
    assert (value.tolist(), slope.tolist()) == ([1.0, 4.0], [2.0, 4.0])


def test_nested_grad_sees_the_outer_variable():
    # d/dx [x * d/dy (x y^2)] = d/dx [x * 2xy] = 4xy
    outer = cr.grad(lambda x: x * cr.grad(lambda y: x * y * y)(cr.tensor(3.0)))
    assert float(outer(2.0)) == 24
    assert float(cr.grad(cr.grad(lambda x: x**3))(2.0)) == 12


def test_structures_and_several_arguments():
    def loss(params, x):
        return ops.sum((x @ params["w"] + params["b"][0]) ** 2)

    params = {"w": cr.tensor(W), "b": [cr.tensor(np.ones(5))]}
    value, (gp, gx) = cr.value_and_grad(loss, argnums=(0, 1))(params, X)
    jp, jx = jax.grad(lambda p, x: jnp.sum((x @ p["w"] + p["b"][0]) ** 2), (0, 1))({"w": W, "b": [np.ones(5)]}, X)
    np.testing.assert_allclose(value, np.sum((X @ W + 1) ** 2))
    np.testing.assert_allclose(gp["w"], jp["w"])
    np.testing.assert_allclose(gp["b"][0], jp["b"][0])
    np.testing.assert_allclose(gx, jx)
    assert cr.value_and_grad(lambda x: (x * x, "more"), has_aux=True)(3.0)[0][1] == "more"


def test_upstream_sums_and_unconnected():
    v = cr.Variable(np.array([1.0, 2.0, 3.0]))
    u = np.array([1.0, -1.0, 0.5])
    np.testing.assert_allclose(cr.gradients(v * v, v, upstream=u), 2 * v.numpy() * u)
    with pytest.raises(cr.ShapeError, match="upstream"):
        cr.gradients(v * v, v)
    with pytest.raises(cr.ShapeError, match=r"\(2,\)"):
        cr.gradients(v * v, v, upstream=[1.0, 2.0])
    other = cr.Variable(1.0, name="other")
    with pytest.raises(cr.GraphError, match="no path from y to 'other'"):
        cr.gradients(ops.sum(v), other)
    assert float(cr.gradients(ops.sum(v), other, unconnected="zero")) == 0
    with pytest.raises(cr.errors.ValueProblem, match="unconnected"):
        cr.gradients(ops.sum(v), other, unconnected="none")
    with pytest.raises(cr.GraphError, match="argmax"):
        cr.gradients(ops.cast(ops.argmax(v), "float64") * 2.0, v)
    with pytest.raises(cr.GraphError, match="a constant that is not watched"):
        cr.gradients(ops.sum(v * 2), cr.tensor([1.0]))
    with pytest.raises(cr.DTypeError, match="float"):
        cr.gradients(ops.argmax(v), v)
    with pytest.raises(cr.DTypeError, match="float"):
        cr.grad(lambda i: i * 2.0)(cr.tensor([1, 2]))


def test_stop_gradient():
    assert float(cr.grad(lambda x: x * ops.stop_gradient(x))(3.0)) == 3
    assert float(cr.grad(lambda x: ops.stop_gradient(x) + 0 * x)(3.0)) == 0


def test_versions_of_a_variable():
    (v,) = variables(v=3.0)
    y = v * v
    v.assign(10.0)
    assert float(cr.gradients(y, v)) == 6  # at the version that was read
    with pytest.raises(cr.GraphError, match="2 versions"):
        cr.gradients(y * v, v)


def test_watched_tensors_and_intermediate_ones():
    x = cr.tensor([1.0, 2.0], watch=True, name="x")
    h = x * 3
    y = ops.sum(h * h)
    gx, gh = cr.gradients(y, [x, h])
    assert (gx.tolist(), gh.tolist()) == ([18.0, 36.0], [6.0, 12.0])
    assert cr.gradients(y, y).tolist() == 1.0


@pytest.mark.slow
def test_symbolic_gradients_build_a_graph_and_run_later():
    x, w = cr.symbolic((4, 3), "float64", name="x"), cr.symbolic((3, 5), "float64", name="w")
    gx, gw = cr.gradients(ours(x, w), [x, w])
    assert gw.symbolic
    got = cr.run([gx, gw], {x: X, w: W})
    for a, b in zip(got, jax.grad(theirs, (0, 1))(X, W), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    batch = cr.symbolic((None, 3))
    with pytest.raises(cr.GraphError, match="unknown batch"):
        cr.gradients(ops.sum(batch * batch), batch)


def test_deferred_history_is_the_same_gradient():
    v = cr.Variable(W)
    y = ops.sum(ops.softmax(v) * ops.tanh(v))
    at_once = cr.gradients(y, v)
    array = at_once.numpy().copy()
    assert not at_once.tracked
    nodes = ancestors([at_once])  # looking builds the graph
    np.testing.assert_allclose(cr.run(nodes[-1]).numpy(), array, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["assign", "functional", "momentum"])
def test_a_written_out_training_loop_does_not_grow(style):
    x, y = np.random.default_rng(0).normal(size=(16, 3)), np.ones(16)
    w = cr.Variable(np.zeros(3))
    stored, velocity = cr.tensor(np.zeros(3)), 0.0
    cost = lambda w: ops.mean((cr.tensor(x) @ w - y) ** 2)

    def step():
        nonlocal stored, velocity
        if style == "functional":
            stored = stored - 0.01 * cr.grad(cost)(stored)
        else:
            velocity = (0.9 * velocity if style == "momentum" else 0.0) - 0.01 * cr.gradients(cost(w), w)
            w.assign_add(velocity)

    def alive():
        gc.collect()
        return sum(isinstance(o, cr.Tensor) for o in gc.get_objects())

    for _ in range(200):
        step()
    before = alive()
    for _ in range(9_800):
        step()
    assert alive() <= before + 5  # one tensor kept a step would be 9,800
