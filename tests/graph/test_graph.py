"""The graph: promotion, shapes, scopes, lines, order, the verifier, long chains."""

import gc
import itertools
import weakref

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule import ops
from chainrule.graph import Graph, Spec, ancestors, broadcast, promote, spec_of, verify

DTYPES = [
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
]


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations_with_replacement(DTYPES, 2)))
def test_promotion_is_the_published_lattice(a, b):
    weak_float = "uint64" in (a, b) and any(t.startswith("int") for t in (a, b))  # no integer holds both
    expected = "float32" if weak_float else jnp.promote_types(a, b).name  # floatx, as Keras; JAX here: float64
    assert promote((a, False), (b, False)).name == expected


@pytest.mark.parametrize("a", DTYPES)
@pytest.mark.parametrize("number", [True, 3, 2.5])
def test_python_numbers_are_weak(a, number):
    expected = (jnp.zeros((), a) * number).dtype.name
    if isinstance(number, float) and a[0] in "biu":
        expected = "float32"  # floatx; JAX in 64-bit mode says float64 here; ours is floatx, as Keras
    if a == "bool" and number == 3:
        expected = "int32"  # as Keras; JAX in 64-bit mode says int64
    assert (cr.tensor(np.zeros((), a)) * number).dtype.name == expected


def test_integers_divide_to_floatx():
    assert (cr.tensor([1, 2]) / cr.tensor([2, 2])).dtype == "float32"
    cr.set_floatx("float64")
    try:
        assert (cr.tensor([1, 2]) / 2).dtype == "float64"
        assert cr.tensor([1.0]).dtype == "float64"
    finally:
        cr.set_floatx("float32")


sizes = st.lists(st.integers(0, 4), max_size=4)


@given(sizes, sizes)
def test_broadcast_is_numpys(a, b):
    a, b = tuple(a), tuple(b)
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(cr.ShapeError, match="differ at axis"):
            broadcast([a, b])
    else:
        assert broadcast([a, b]) == expected


def test_unknown_batch_in_shapes():
    x = cr.symbolic((None, 3))
    assert (x + 1).shape == (None, 3)
    assert (x @ ops.ones((3, 5))).shape == (None, 5)
    assert x.reshape(-1, 3, 1).shape == (None, 3, 1)
    assert x.sum(axis=0).shape == (3,)
    assert x[:, 1].shape == (None,)
    assert ops.concatenate([x, x], axis=1).shape == (None, 6)
    assert ops.take(ops.ones((10, 4)), cr.symbolic((None,), "int32"), axis=0).shape == (None, 4)
    assert x[0].shape == (3,)


def test_specs_are_one_object():
    assert spec_of((2, 3), np.dtype("float32")) is spec_of((2, 3), np.dtype("float32"))
    assert isinstance(spec_of((), np.dtype(bool)), Spec)


def test_scopes_nest_and_end():
    v = cr.Variable(1.0)
    with cr.scope("block"):
        with cr.scope("conv"):
            inner = v * 2.0
        outer = v * 3.0
    with pytest.raises(RuntimeError), cr.scope("broken"):
        raise RuntimeError
    again = cr.scope("again")
    with again, again:
        assert (v * 2.0).scope == "again/again"
    with pytest.raises(cr.ChainruleError, match="scope name"):
        cr.scope("")
    assert (inner.scope, outer.scope, (v * 4.0).scope) == ("block/conv", "block", "")


def test_every_node_knows_the_users_line():
    v = cr.Variable(1.0)
    by_operator = v * 2.0 + 1.0  # operator
    by_function = ops.tanh(v)  # function
    by_composite = ops.softmax(v.value.reshape(1))  # composite
    for t, word in ((by_operator, "# operator"), (by_function, "# function"), (by_composite, "# composite")):
        assert t.line.startswith("test_graph.py:")
        assert t.line.endswith(word)


def test_backward_nodes_carry_their_forward_nodes_place():
    v = cr.Variable(2.0)
    with cr.scope("layer"):
        y = ops.tanh(v)
    g = cr.gradients(y * y, v, create_graph=True)
    created = [
        n.source_info for n in ancestors([g]) if n.source_info is not None and n.source_info.forward_serial is not None
    ]
    assert created
    assert {y.serial} <= {m.forward_serial for m in created}
    assert any(m.scope == "layer" for m in created)


def test_verifier_catches_broken_nodes():
    x = cr.symbolic((2, 3))
    y = ops.tanh(x @ ops.ones((3, 4)))
    verify(Graph([x], [y]))
    with pytest.raises(cr.GraphError, match="without a value"):
        verify(Graph([], [y]))
    wrong = ops.tanh(x)
    wrong.spec = spec_of((9, 9), wrong.dtype)
    with pytest.raises(cr.GraphError, match="shape rule"):
        verify(Graph([x], [wrong]))
    swapped = ops.tanh(x)
    swapped.inputs = (ops.exp(x),)
    swapped.serial = x.serial + 0.5
    with pytest.raises(cr.GraphError, match="not before it"):
        verify(Graph([x], [swapped]))
    existing = ops.tanh(cr.Variable([1.0, 2.0]))
    existing.value = np.zeros(3)
    with pytest.raises(cr.GraphError, match="value has shape"):
        verify(Graph(existing.inputs, [existing]))


def test_a_value_that_breaks_the_shape_rule_is_caught():
    from chainrule.ops.record import Operation
    from chainrule.ops.rules import elementwise_batch, elementwise_spec, per_entry

    faulty = Operation(
        "faulty",
        lambda xp, x: xp.sum(x),
        spec=elementwise_spec(),
        batch=elementwise_batch,
        cost=per_entry(),
        gradient_note="nothing",
        doc="A record whose value and rule disagree.",
    )
    with pytest.raises(cr.GraphError, match="shape rule"):
        faulty([1.0, 2.0])


def test_a_chain_of_ten_thousand_is_ordinary():
    x = cr.Variable(1.0, dtype="float64")
    y = x.value
    for _ in range(10_000):
        y = y * 1.0001
    assert float(cr.gradients(y, x)) == pytest.approx(1.0001**10_000)
    assert len(ancestors([y])) == 10_002
    assert float(cr.gradients(y, x, create_graph=True)) == pytest.approx(1.0001**10_000)
    assert cr.price(y, backward=True).total.multiplies == pytest.approx(20_000, rel=0.01)
    watch = weakref.ref(y.inputs[0])
    del y
    gc.collect()
    assert watch() is None


def test_a_long_chain_of_explanations_and_batches():
    def chain(x):
        for _ in range(3000):
            x = ops.sin(x)
        return x

    assert cr.vectorize(chain)(cr.tensor([0.5, 1.0])).shape == (2,)
    assert len(cr.explain(chain(cr.Variable(0.5))).steps) == 3000
