"""Optimizers: gradients that are missing, rates, state, configurations and copies."""

import copy
import math
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, optimizers
from chainrule.core.errors import GraphError, ShapeError, ValueProblem
from chainrule.optimizers import schedules
from chainrule.serialization.serialize import deserialize, serialize
from optimizer_cases import GRADS, cells, run


def test_gradients_that_are_none_are_passed_over():
    w, b = cr.Variable([1.0, 2.0], name="w"), cr.Variable(3.0, name="b")
    optimizer = optimizers.SGD(0.5, 0.5)
    optimizer.apply([None, 1.0], [w, b])
    assert (w.numpy().tolist(), float(b)) == ([1.0, 2.0], 2.5)
    with pytest.raises(GraphError, match="no gradient"):
        optimizer.apply([None, None], [w, b])
    assert int(optimizer.iterations) == 1
    optimizer.apply([[2.0, 2.0], None])
    assert (w.numpy().tolist(), float(b)) == ([0.0, 1.0], 2.5)
    optimizers.SGD().apply([], [])  # a model without weights
    assert int(optimizers.SGD().apply_gradients([])) == 0


def test_a_failed_first_call_leaves_the_optimizer_as_it_was():
    w, optimizer = cr.Variable([1.0, 2.0]), optimizers.Adam(0.5)
    with pytest.raises(GraphError, match="build"):
        optimizer.apply([[1.0, 1.0]])
    with pytest.raises(ValueProblem, match="one for each"):
        optimizer.apply([[1.0, 1.0], [1.0, 1.0]], [w])
    with pytest.raises(ShapeError, match="'variable'"):
        optimizer.apply([[1.0, 1.0, 1.0]], [w])
    assert (w.numpy().tolist(), int(optimizer.iterations)) == ([1.0, 2.0], 0)
    optimizer.apply([[1.0, 1.0]], [w])
    np.testing.assert_allclose(w.numpy(), [0.5, 1.5], rtol=1e-5)


def test_variables_it_does_not_know():
    w, other = cr.Variable([1.0]), cr.Variable([1.0], name="other")
    optimizer = optimizers.SGD(0.5)
    optimizer.apply([[1.0]], [w])
    with pytest.raises(GraphError, match="'other'"):
        optimizer.apply([[1.0]], [other])
    with pytest.raises(ValueProblem, match="twice"):
        optimizers.SGD(0.5).apply([[1.0], [1.0]], [w, w])
    with pytest.raises(GraphError, match="first"):
        optimizer.exclude_from_weight_decay(var_names=["w"])


def test_setting_the_learning_rate():
    w = cr.Variable([0.0])
    optimizer = optimizers.SGD(1.0)
    optimizer.apply([[1.0]], [w])
    optimizer.learning_rate = 0.25
    optimizer.apply([[1.0]], [w])
    assert float(w[0]) == -1.25
    assert float(optimizer.learning_rate) == 0.25
    optimizer.learning_rate.assign(0.5)
    optimizer.apply([[1.0]], [w])
    assert float(w[0]) == -1.75
    for wrong in (-1.0, math.nan, math.inf, "fast"):
        with pytest.raises((ValueProblem, cr.DTypeError)):
            optimizer.learning_rate = wrong
        with pytest.raises((ValueProblem, cr.DTypeError)):
            optimizers.SGD(wrong)
    assert float(optimizer.learning_rate) == 0.5


@pytest.mark.parametrize(("rate", "updates"), [(0.0, 0), (1.0, 1), (0.5, 2)])
def test_a_schedule_in_the_place_of_a_number(rate, updates):
    w, optimizer = cr.Variable([0.0]), optimizers.SGD(rate, 0.5)
    for _ in range(updates):
        optimizer.apply([[1.0]], [w])
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([updates], [0.5, 0.25])
    names = [v.name for v in optimizer.variables]
    assert "iteration" in names
    assert "learning_rate" not in names
    assert float(optimizer.learning_rate) == 0.5
    optimizer.apply([[1.0]], [w])
    assert int(optimizer.iterations) == updates + 1
    assert float(optimizer.learning_rate) == 0.25
    with pytest.raises(ValueProblem, match="schedule"):
        optimizer.learning_rate = 0.1


def test_moving_averages_at_the_end():
    w = cr.Variable([0.0, 4.0])
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(3):
        optimizer.apply([[1.0, 0.0]], [w])
    assert w.numpy().tolist() == [-3.0, 4.0]
    optimizer.finalize_variable_values([w])
    assert w.numpy().tolist() == [-2.25, 4.0]  # -1, then (-1 - 2) / 2, then (-1.5 - 3) / 2


EVERY = (
    "SGD",
    "RMSprop",
    "Adam",
    "AdamW",
    "Adamax",
    "Nadam",
    "Adagrad",
    "Adadelta",
    "Ftrl",
    "Lion",
    "Lamb",
    "Adafactor",
    "Muon",
    "ScheduleFreeAdamW",
)


@pytest.mark.parametrize("name", EVERY)
def test_configurations_round(name):
    created = getattr(optimizers, name)(0.25, name="mine", clipnorm=2.0, use_ema=True, ema_overwrite_frequency=5)
    for again in (
        type(created).from_config(created.get_config()),
        deserialize(serialize(created)),
        optimizers.get(optimizers.serialize(created)),
        optimizers.get({"class_name": name, "config": created.get_config()}),
    ):
        assert type(again) is type(created)
        assert again.get_config() == created.get_config()
        assert (again.name, again.clipnorm, again.use_ema, again.ema_overwrite_frequency) == ("mine", 2.0, True, 5)
        assert float(again.learning_rate) == 0.25
    assert type(optimizers.get(name)) is type(created)
    assert type(optimizers.get(name.lower())) is type(created)


def test_every_argument_by_its_place():
    """Keras writes all arguments of an optimizer in one row: those of the rule, then those of all."""
    created = optimizers.SGD(0.25, 0.5, True, 0.125, None, 3.0)
    assert (created.weight_decay, created.clipnorm, created.clipvalue) == (0.125, None, 3.0)
    again = optimizers.SGD.from_config(created.get_config())
    assert (again.momentum, again.nesterov, again.weight_decay, again.clipvalue) == (0.5, True, 0.125, 3.0)
    again.learning_rate = 0.75
    assert again.get_config()["learning_rate"] == 0.75


def test_schedules_are_part_of_the_configuration():
    created = optimizers.Adam(schedules.CosineDecay(0.5, 10, warmup_target=1.0, warmup_steps=2))
    again = deserialize(serialize(created))
    assert [float(again._learning_rate(i)) for i in range(13)] == [float(created._learning_rate(i)) for i in range(13)]
    loss_scale = optimizers.LossScaleOptimizer(created, 8.0, 7)
    again = deserialize(serialize(loss_scale))
    assert (again.initial_scale, again.dynamic_growth_steps, again.inner_optimizer.get_config()) == (
        8.0, 7, created.get_config(),
    )  # fmt: skip


def test_copies_train_on_alone():
    for again in (copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))):
        variables, optimizer = cells(), optimizers.Adam(0.1, weight_decay=0.1, use_ema=True)
        optimizer.exclude_from_weight_decay(var_list=[variables[0]], var_names=["bias"])
        run(optimizer, variables, GRADS[:2])
        before = [v.numpy().copy() for v in variables]
        optimizer_2, variables_2 = again((optimizer, variables))
        got = run(optimizer_2, variables_2, GRADS[2:4])
        for v, b in zip(variables, before, strict=True):
            np.testing.assert_array_equal(v.numpy(), b)
        for a, b in zip(run(optimizer, variables, GRADS[2:4]), got, strict=True):
            np.testing.assert_array_equal(a, b)


def test_state_saved_and_taken_up():
    variables, optimizer = cells(), optimizers.Adam(0.1)
    run(optimizer, variables, GRADS[:3])
    store, stored = {}, [v.numpy() for v in variables]
    optimizer.save_own_variables(store)
    want = run(optimizer, variables, GRADS[3:5])
    again, fresh = optimizers.Adam(0.5), [cr.Variable(v) for v in stored]
    again.build(fresh)
    again.load_own_variables(store)
    for a, b in zip(run(again, fresh, GRADS[3:5]), want, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueProblem, match="arrays"):
        optimizers.Adam().load_own_variables(store)


def test_wrong_arguments():
    for make in (
        lambda: optimizers.SGD(momentum=1.5),
        lambda: optimizers.SGD(momentum=True),
        lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0),
        lambda: optimizers.SGD(clipnorm=0.0),
        lambda: optimizers.SGD(use_ema=True, ema_momentum=2.0),
        lambda: optimizers.SGD(ema_overwrite_frequency=0),
        lambda: optimizers.SGD(gradient_accumulation_steps=1),
        lambda: optimizers.SGD(gradient_accumulation_steps=2.5),
        lambda: optimizers.SGD(ema_overwrite_frequency=True),
        lambda: optimizers.SGD(clipnorm=math.nan),
        lambda: optimizers.SGD(learning_rate=[0.1, 0.2]),
        lambda: optimizers.AdamW(weight_decay=None),
        lambda: optimizers.Lion(beta_1=0.0),
        lambda: optimizers.Ftrl(learning_rate_power=1.0),
    ):
        with pytest.raises(ValueProblem):
            make()
    with pytest.raises(TypeError, match="decay_rate"):
        optimizers.SGD(decay_rate=0.1)
    with pytest.raises(NotImplementedError):
        optimizers.Optimizer(0.1).apply([[1.0]], [cr.Variable([1.0])])


def test_a_rule_of_ones_own():
    class Signs(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            variable.assign_sub(learning_rate * ops.sign(gradient))

    w = cr.Variable([1.0, -1.0, 0.0])
    Signs(0.25, weight_decay=1.0).apply([[3.0, -2.0, 0.0]], [w])
    assert w.numpy().tolist() == [0.5, -0.5, 0.0]
