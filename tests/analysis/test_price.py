"""Prices: published counts, formulas that hold, bias apart, forward and backward, by scope."""

import re
from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.ops.record import registry


def multiplies(f, *shapes):
    return cr.price(f, *shapes).total.multiplies


def test_the_inception_bottleneck():
    same = lambda x, k: ops.conv(x, k, padding="same")
    assert multiplies(same, (1, 28, 28, 192), (5, 5, 192, 32)) == 120_422_400
    narrow = multiplies(same, (1, 28, 28, 192), (1, 1, 192, 16))
    wide = multiplies(same, (1, 28, 28, 16), (5, 5, 16, 32))
    assert (narrow, wide, narrow + wide) == (2_408_448, 10_035_200, 12_443_648)
    both = cr.price(lambda x, a, b: same(same(x, a), b), (1, 28, 28, 192), (1, 1, 192, 16), (5, 5, 16, 32))
    assert both.total.macs == 12_443_648
    assert [row.formula for row in both.rows] == [
        "28·28·16 outputs × 1·1·192 window = 2,408,448 multiplies",
        "28·28·32 outputs × 5·5·16 window = 10,035,200 multiplies",
    ]


def test_dense_layer_forward_and_backward():
    n, i, j = 8, 5, 3
    w, b = cr.Variable(np.ones((i, j)), name="w"), cr.Variable(np.zeros(j), name="b")
    with cr.scope("dense"):
        y = cr.tensor(np.ones((n, i))) @ w + b
    p = cr.price(y, backward=True)
    assert p.forward.macs == p.forward.multiplies == n * i * j
    assert p.forward.bias == n * j
    assert p.forward.adds == n * j * (i - 1) + n * j
    assert p.total.parameters == i * j + j
    assert p.backward.macs == i * j * n  # only dW: the input is data
    assert p.by_scope(1)["dense"].macs == 2 * n * i * j
    assert {r.line.split(":")[0] for r in p.rows if r.operation == "matmul"} == {"test_price.py"}
    both = cr.price(lambda x, w: x @ w, (n, i), (i, j), backward=True)
    assert both.backward.macs == 2 * n * i * j  # dX and dW


def test_convolution_backward_is_two_convolutions():
    p = cr.price(lambda x, k: ops.conv(x, k), (2, 9, 9, 3), (3, 3, 3, 4), backward=True)
    assert p.backward.macs == 2 * p.forward.macs == 2 * 2 * 7 * 7 * 4 * 27
    grouped = cr.price(lambda x, k: ops.conv(x, k), (1, 5, 5, 4), (3, 3, 2, 6))
    assert grouped.total.macs == 3 * 3 * 6 * (9 * 2)
    assert cr.price(lambda x, k: ops.depthwise_conv(x, k), (1, 5, 5, 4), (3, 3, 4, 1)).total.macs == 9 * 4 * 9


@pytest.mark.parametrize(
    ("f", "shapes", "macs"),
    [
        (lambda a, b: a @ b, [(4, 5), (5, 6)], 120),
        (lambda a, b: a @ b, [(7, 4, 5), (5, 6)], 840),
        (lambda a, b: a @ b, [(5,), (5,)], 5),
        (lambda a, b: ops.einsum("ij,jk->ik", a, b), [(4, 5), (5, 6)], 120),
        (lambda a, b: ops.tensordot(a, b, 2), [(2, 3, 4), (3, 4, 5)], 120),
        (lambda a, b: a * b, [(4, 5), (5,)], 0),
    ],
)
def test_macs(f, shapes, macs):
    assert cr.price(f, *shapes).total.macs == macs


def test_formulas_hold():
    def value(text):
        product = 1
        for n in re.findall(r"[\d,]+", text):
            product *= int(n.replace(",", ""))
        return product

    w = cr.Variable(np.ones((3, 3, 2, 4)))
    y = ops.mean(ops.softmax(ops.max_pool(ops.tanh(ops.conv(np.ones((2, 8, 8, 2)), w)), 2)))
    rows = [r for r in cr.price(y, backward=True).rows if "=" in r.formula and r.operation not in ("argsort",)]
    assert len(rows) > 10
    for row in rows:
        left, right = row.formula.split("=")
        assert value(left) == value(right), row.formula


def test_bytes_are_what_is_read_and_written():
    (row,) = cr.price(lambda a, b: a + b, (4, 5), (5,)).rows
    assert row.count.bytes == 4 * (20 + 5 + 20)


def test_pricing_runs_nothing():
    big = (10**6, 10**6)
    assert cr.price(lambda a, b: a @ b, big, big, backward=True).total.macs == 3 * 10**18


def test_errors_and_data():
    with pytest.raises(cr.GraphError, match="known sizes"):
        cr.price(cr.symbolic((None, 3)) * 2)
    with pytest.raises(cr.GraphError, match="known sizes"):
        cr.price(ops.tanh, (None, 3))
    p = cr.price(lambda a: ops.tanh(a), (3,))
    assert p.to_dict()["total"]["flops"] == 24
    assert "24 operations (FLOPs)" in str(p)


class Counted:
    """A number that counts the multiplications and additions made with it."""

    multiplies = adds = 0

    def __init__(self, value=1.0):
        self.value = value

    def __mul__(self, other):
        Counted.multiplies += 1
        return Counted()

    def __add__(self, other):
        Counted.adds += 1
        return Counted()

    __rmul__, __radd__, __sub__ = __mul__, __add__, __add__


COUNTED = [
    pytest.param(name, i, id=f"{name}-{i}")
    for name in ("matmul", "einsum", "conv", "conv_transpose", "conv_kernel_gradient", "add", "subtract", "multiply")
    for i, sample in enumerate(registry[name].samples)
    if sample.error is None and not (name == "einsum" and len(sample.inputs) != 2)
]


@pytest.mark.parametrize(("name", "i"), COUNTED)
def test_the_price_is_what_is_done(name, i):
    """The value is run on numbers that count: another way to the price than its formula."""
    record, sample = registry[name], registry[name].samples[i]
    arrays = sample.arrays()
    cost = cr.price(record(*[cr.Variable(x) for x in arrays], **sample.attributes)).total
    Counted.multiplies = Counted.adds = 0
    record.value(np, *[np.vectorize(Counted, otypes=[object])(x) for x in arrays], **sample.attributes)
    if name == "einsum":  # NumPy's adds each product to a zero
        Counted.adds -= Counted.multiplies - cost.adds
    assert Counted.multiplies == cost.multiplies
    if name != "conv_transpose":  # whose sums NumPy makes in two places, by window and by channel
        assert Counted.adds == cost.adds


def test_a_wrong_price_is_caught(monkeypatch):
    """The tests above are no use if they cannot fail."""
    record = registry["matmul"]
    right = record.cost
    wrong = replace(record, cost=lambda *a, **k: right(*a, **k)._replace(multiplies=right(*a, **k).multiplies + 1))
    monkeypatch.setitem(registry, "matmul", wrong)
    with pytest.raises(AssertionError):
        test_the_price_is_what_is_done("matmul", 0)


def test_an_operation_without_a_price_is_an_error():
    free = replace(registry["tanh"], cost=lambda *a, **k: None)
    with pytest.raises(cr.GraphError, match="without a price"):
        cr.price(free(cr.Variable([1.0])))


def test_what_a_function_assigns_stays_undone():
    """A training step with batch normalisation: priced on symbols, running means and all, and nothing changes."""
    model = cr.Sequential([cr.Input((6,)), cr.layers.Dense(4), cr.layers.BatchNormalization(), cr.layers.Dense(1)])
    before = [v.numpy() for v in model.weights]
    cost = cr.price(lambda x: ops.sum(model(x, training=True)), (5, 6), backward=True)
    assert cost.forward.macs == 5 * (6 * 4 + 4)
    assert cost.backward.macs >= 2 * 5 * (6 * 4 + 4) - 5 * 6 * 4  # the data's own gradient is asked for too
    for v, was in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), was)
