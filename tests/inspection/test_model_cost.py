"""The cost of a model's layers, counted and measured."""

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.core.errors import ValueProblem
from pages import read
from small_models import network


def inception(bottleneck, name):
    """The course's block: 28×28×192 in; 5×5 to 32 channels, through 16 or not."""
    x = layers.Input((28, 28, 192))
    before = layers.Conv2D(16, 1, padding="same", name="reduce")(x) if bottleneck else x
    return cr.Model(x, layers.Conv2D(32, 5, padding="same", name="five")(before), name=name)


def test_inceptions_bottleneck_costs_what_the_course_says():
    """120 million multiplies, and 2.4 + 10.0 = 12.4 million through the bottleneck (Deep Learning Specialization)."""
    plain, narrow = inception(False, "plain"), inception(True, "narrow")
    a, b = cr.compare(plain, narrow).costs
    assert a.total("forward").multiplies == 28 * 28 * 32 * 5 * 5 * 192 == 120_422_400
    assert b.total("forward").multiplies == 28 * 28 * 16 * 192 + 28 * 28 * 32 * 5 * 5 * 16 == 12_443_648
    assert a.lines[0].formula == "28·28·32 outputs × 5·5·192 window = 120,422,400 multiplies"
    assert a.parameters == 5 * 5 * 192 * 32 + 32
    assert a.lines[0].forward.bias == 28 * 28 * 32
    text = str(cr.compare(plain, narrow))
    assert "120,422,400" in text
    assert "0.103" in text  # last over first
    read(cr.compare(plain, narrow).to_html("ko"))


def test_the_costs_of_a_step():
    model = cr.Sequential(
        [layers.Input((6,)), layers.Dense(5, activation="relu", name="a"), layers.Dense(3, name="b")], name="net"
    )
    model.compile(cr.optimizers.SGD(0.1), "mse", metrics=["mae"])
    before = [v.numpy() for v in model.variables]
    x, y = np.ones((4, 6)), np.ones((4, 3))
    cost = model.cost(x, y)
    lines = {line.name: line for line in cost.lines}
    assert (cost.batch, list(lines)[:2]) == (4, ["a", "b"])
    a, b = lines["a"], lines["b"]
    assert (a.shape, a.parameters, a.memory) == ((4, 5), 6 * 5 + 5, 4 * 5 * 4)
    assert (a.forward.multiplies, a.forward.bias) == (4 * 6 * 5, 4 * 5)
    # back through b: to its kernel and to its input; through a: to its kernel alone, since x is no variable
    assert b.backward.multiplies == 2 * 4 * 5 * 3
    assert a.backward.multiplies == 4 * 6 * 5
    assert a.backward.flops - a.backward.multiplies - a.backward.adds == 2 * 4 * 5  # relu compares and selects
    assert lines["(optimizer)"].update.multiplies == cost.parameters
    assert lines["(optimizer)"].forward.flops == 0
    for v, value in zip(model.variables, before, strict=False):
        np.testing.assert_array_equal(v.numpy(), value)


def test_the_formula_is_of_the_multiplies_beside_it():
    model = cr.Sequential([layers.Input((9,)), layers.Dense(3, activation="tanh", name="d")])
    (line,) = model.cost(batch_size=5).lines
    assert line.formula == "5·3 outputs × 9 = 135 multiplies"


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_measured_costs(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    model, x, y = network()
    before = [(v.path, v.numpy()) for v in model.variables]
    cost = model.cost(x, y, engine=engine)
    assert cost.engine == engine
    assert cost.step > 0
    conv = cost.lines[0]
    assert conv.seconds["forward"] > 0
    assert conv.seconds["backward"] >= 0
    rows = cost.to_dict()["layers"]
    assert rows[0]["forward GFLOP/s"] == pytest.approx(conv.forward.flops / conv.seconds["forward"] / 1e9)
    assert "GFLOP/s" in str(cost)
    read(cost.to_html())
    if engine == "numpy":
        assert sum(sum(line.seconds.values()) for line in cost.lines) == pytest.approx(cost.step)
    for (path, value), v in zip(before, model.variables, strict=False):
        np.testing.assert_array_equal(value, v.numpy(), err_msg=path)


def test_measuring_changes_nothing():
    pytest.importorskip("jax")

    class Counts(layers.Layer):
        def build(self, shape):
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

        def call(self, inputs):
            self.calls.assign_add(1.0)
            return inputs + 0.0 * self.calls

    model = cr.Sequential([layers.Input((2,)), Counts(), layers.Dense(1)])
    before = [v.numpy() for v in model.variables]
    model.cost(batch_size=4, engine="xla")
    for v, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), value)


def test_layers_given_tensors_by_name_are_measured():
    pytest.importorskip("jax")

    class Two(layers.Layer):
        def call(self, inputs, other=None):
            return inputs + other

    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.two, self.dense = Two(name="two"), layers.Dense(2, name="dense")

        def call(self, inputs):
            return self.dense(self.two(inputs, other=inputs * 2.0))

    cost = Own().cost(np.ones((3, 4)), engine="xla")
    assert cost.lines[0].seconds["forward"] > 0


def test_a_batch_without_end_is_counted_but_not_measured():
    model = cr.Sequential([layers.Input((3,)), layers.Dense(2)])
    assert model.cost(batch_size=10**12).total("forward").multiplies == 6 * 10**12
    with pytest.raises(ValueProblem, match="one that fits the memory"):
        model.cost(batch_size=10**13, measure=True)


def test_costs_of_what_is_not_known():
    model = cr.Sequential([layers.Dense(2)])
    with pytest.raises(cr.GraphError, match="a full Input"):
        model.cost()
    assert model.cost(np.ones((3, 4))).batch == 3
    for wrong in (0, True, 2.5):
        with pytest.raises(ValueProblem, match="batch_size"):
            model.cost(batch_size=wrong)


def test_tables_fit_a_terminal_and_have_all_counts():
    cr.set_random_seed(0)
    model = cr.Sequential([layers.Input((28, 28, 1)), layers.Conv2D(32, 3, name="a_layer_of_some_name"),
                           layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10, "softmax")])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy")
    costs = model.cost(np.ones((8, 28, 28, 1), "float32"), np.zeros(8, int), measure=True)
    text = costs.to_text()
    assert max(map(len, text.splitlines())) <= 100
    parts = {part.split()[0]: part.splitlines() for part in text.split("\n\n")}
    for phase in ("forward", "backward", "update"):
        count, last = costs.total(phase), parts[phase][-1].replace(",", "").split()
        counts = [count.multiplies, count.adds, count.bias, count.flops - count.multiplies - count.adds]
        assert last == ["together", *(str(n) for n in counts if n), *last[-2:]]
    assert not [line for line in parts["update"][1:-1] if "(optimizer)" not in line]
    assert "update" not in model.cost(batch_size=2).to_text()  # which trains nothing
    assert costs.to_html().count('<span class="key ') == 2  # what the bars' colours mean
    assert '<span class="key ' not in model.cost(batch_size=2).to_html()


def test_ratios_have_no_exponent():
    model = cr.Sequential([layers.Input((3,)), layers.Dense(2)], name="small")
    large = cr.Sequential([layers.Input((300,)), layers.Dense(2000)], name="large")
    assert "100,000" in str(cr.compare(model, large)).splitlines()[2]
    assert not re.search(r"\d[eE][+-]?\d", str(cr.compare(model, large)))
