"""Layers and weights of a model, freezing, and its summary, counted by hand."""

import re

import numpy as np
import pytest

from chainrule import layers
from chainrule.core.errors import GraphError, ShapeError, ValueProblem
from chainrule.layers import Conv2D, Dense, Flatten, Input
from chainrule.models import Model, Sequential
from model_cases import close, cnn, numbers


def test_get_layer_and_order():
    model = Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b")])
    assert model.get_layer("b") is model.layers[1] is model.get_layer(index=-1)
    for wrong in ({"name": "c"}, {"index": 2}, {"index": -3}, {}):
        with pytest.raises(ValueProblem):
            model.get_layer(**wrong)


def test_weights_are_in_keras_order():
    model = Sequential([Input((4,)), Dense(3), layers.BatchNormalization(), Dense(2)])
    assert [w.path.split("/", 1)[-1].split("/")[-1] for w in model.weights] == [
        "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "kernel", "bias",
    ]  # fmt: skip
    assert len(model.trainable_weights) == 6
    assert len(model.non_trainable_weights) == 2


def test_set_weights_all_or_nothing():
    model = Sequential([Input((4,)), Dense(3)])
    first = model.get_weights()
    with pytest.raises(ShapeError):
        model.set_weights([np.ones((4, 3)), np.ones(2)])
    with pytest.raises(ValueProblem):
        model.set_weights([np.ones((4, 3))])
    assert all((a == b).all() for a, b in zip(first, model.get_weights(), strict=True))
    got = model.get_weights()
    got[0][:] = 7  # a copy
    assert (model.get_weights()[0] != 7).all()


def test_freezing():
    model = Sequential([Input((4,)), Dense(3, name="a"), Sequential([Dense(2, name="b")], name="inner"), Dense(1)])
    model.get_layer("inner").trainable = False
    assert not model.get_layer("inner").layers[0].trainable
    assert len(model.trainable_weights) == 4
    assert len(model.non_trainable_weights) == 2
    model.compile("sgd", "mse")
    before = {w.path: w.numpy() for w in model.weights}
    model.fit(numbers(8, 4), numbers(8, 1), verbose=0)
    frozen = {id(w) for w in model.non_trainable_weights}
    for w in model.weights:
        assert (w.numpy() == before[w.path]).all() == (id(w) in frozen), w.path
    model.trainable = False
    assert model.trainable_weights == []
    model.trainable = True
    assert len(model.trainable_weights) == 6


def test_a_frozen_batch_normalization_infers():
    norm = layers.BatchNormalization()
    model = Sequential([Input((3,)), norm])
    x = numbers(16, 3) * 4 + 2
    norm.trainable = False
    close(model(x, training=True), x / np.sqrt(1 + 1e-3))
    assert (norm.moving_mean.numpy() == 0).all()
    norm.trainable = True
    close(model(x, training=True), (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3))
    close(norm.moving_mean.numpy(), 0.01 * x.mean(0))


def test_count_params():
    model = Sequential([Input((8, 8, 3)), Conv2D(4, 3), layers.BatchNormalization(), Flatten(), Dense(5)])
    assert model.count_params() == (3 * 3 * 3 * 4 + 4) + 4 * 4 + (6 * 6 * 4 * 5 + 5)
    with pytest.raises(GraphError):
        Sequential([Dense(3)]).count_params()


class Subclassed(Model):
    def __init__(self):
        super().__init__()
        self.conv, self.pool, self.second, self.flat, self.end = cnn()[1:]

    def call(self, x):
        return self.end(self.flat(self.second(self.pool(self.conv(x)))))


ROWS = {  # shape, parameters, multiplies, bytes of output, by hand
    "conv": ("(None, 6, 8, 4)", 3 * 3 * 3 * 4 + 4, 6 * 8 * 4 * 27, 6 * 8 * 4 * 4),
    "pool": ("(None, 3, 4, 4)", 0, 0, 3 * 4 * 4 * 4),
    "second": ("(None, 3, 4, 6)", 2 * 3 * 4 * 6, 3 * 4 * 6 * 24, 3 * 4 * 6 * 4),
    "flat": ("(None, 72)", 0, 0, 72 * 4),
    "end": ("(None, 5)", 72 * 5 + 5, 72 * 5, 5 * 4),
}


@pytest.mark.parametrize("kind", ["sequential", "functional", "subclassed"])
def test_summary_numbers(kind):
    if kind == "sequential":
        model = Sequential(cnn())
    elif kind == "functional":
        first, *rest = cnn()
        x = first
        for layer in rest:
            x = layer(x)
        model = Model(first, x)
    else:
        model = Subclassed()
        model(numbers(2, 8, 10, 3))
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for name, (shape, params, multiplies, memory) in ROWS.items():
        (line,) = [row for row in text.splitlines() if row.startswith(f"{name} (")]
        assert shape in line
        cells = re.split(r"\s{2,}", line)
        size = f"{memory} B" if memory < 1024 else f"{memory / 1024:.1f} KB"
        assert cells[-3:] == [f"{params:,}", f"{multiplies:,}", size], line
    params = sum(row[1] for row in ROWS.values())
    assert f"parameters: {params:,}" in text
    assert f"{params:,} trainable" in text
    assert f"{sum(row[2] for row in ROWS.values()):,} multiplies" in text
    assert f"{sum(row[3] for row in ROWS.values()) / 1024:.1f} KB of activations" in text


def test_summary_with_times():
    inner = Sequential([Input((300,)), Dense(200, name="deep")], name="inner")
    model = Sequential([Input((400,)), Dense(300, name="first"), inner, layers.Dropout(0.5, name="drop")])
    lines = []
    model.summary(print_fn=lines.append, expand_nested=True, measure=True)
    rows = {line.split()[0]: line.split() for line in lines[0].splitlines() if "(" in line}
    assert lines[0].splitlines()[1].split()[-2:] == ["ms", "GFLOP/s"]
    for name, flops in {"first": 2 * 400 * 300, "inner": 2 * 300 * 200}.items():
        ms, rate = map(float, rows[name][-2:])
        assert ms > 0
        rounding = 0.0005 * rate + 0.005 * ms
        assert abs(flops / 1e6 - ms * rate) <= rounding + 0.01 * flops / 1e6, rows[name]  # the bias besides
    assert rows["deep"][-1] == "B"  # a layer inside is of its model's time
    assert rows["drop"][-1] == "B"  # does nothing
    with pytest.raises(GraphError, match="not known"):
        Sequential([Dense(3)]).summary(measure=True)


def test_summary_of_what_is_not_built():
    lines = []
    Sequential([Dense(3)]).summary(print_fn=lines.append)
    assert "not built" in lines[0]
    assert "Input" in lines[0]
    Subclassed().summary(print_fn=lines.append)
    assert "not built" in lines[1]


def test_summary_of_nested_and_frozen_layers():
    inner = Sequential([Input((3,)), Dense(2, name="deep")], name="inner")
    model = Sequential([Input((4,)), Dense(3, name="first"), inner])
    inner.trainable = False
    lines = []
    model.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    assert re.search(r"^  deep \(Dense\).*8 +6 ", lines[0], re.M), lines[0]
    assert "15 trainable, 8 not" in lines[0]
    assert "[frozen]" in lines[0]
    assert "18 multiplies" in lines[0]
    assert f"{(3 + 2) * 4} B of activations" in lines[0]
    model.summary(print_fn=lines.append)
    assert "deep" not in lines[1]
    assert lines[1].splitlines()[-1] == lines[0].splitlines()[-1]


def test_summary_of_a_layer_used_twice_counts_its_parameters_once_and_its_multiplies_twice():
    a, b = Input((3,)), Input((3,))
    shared = Dense(2, name="shared")
    lines = []
    Model([a, b], shared(a) + shared(b)).summary(print_fn=lines.append)
    (row,) = [line for line in lines[0].splitlines() if line.startswith("shared")]
    assert re.split(r"\s{2,}", row)[-3:-1] == ["8", "12"]


def test_summary_of_a_range_of_layers():
    lines = []
    model = Sequential(cnn())
    model.summary(print_fn=lines.append, layer_range=("pool", "flat"))
    assert [row.split(" ")[0] for row in lines[0].splitlines()[3:6]] == ["pool", "second", "flat"]
    for wrong in (("pool", "nope"), ("pool",)):
        with pytest.raises(ValueProblem, match="layer_range"):
            model.summary(layer_range=wrong)


def test_what_is_no_data():
    model = Sequential([Input((4,)), Dense(1)])
    for wrong in ("words", None):
        with pytest.raises(ValueProblem, match="numbers"):
            model(wrong)
    with pytest.raises(ShapeError, match="reshape"):
        model(numbers(2, 3, 4))

    class Nothing(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(1)

        def call(self, x):
            self.dense(x)

    broken = Nothing()
    broken.compile("sgd", "mse")
    with pytest.raises(GraphError, match="return"):
        broken.fit(numbers(4, 2), numbers(4, 1), verbose=0)
