"""Learning rates set by callbacks: in variables, in several optimizers, by a schedule."""

from types import SimpleNamespace

import pytest

from callback_cases import Model, Optimizer
from chainrule import Variable
from chainrule.callbacks import CallbackList, LearningRateScheduler, ReduceLROnPlateau
from chainrule.core.errors import ValueProblem


def test_learning_rates_in_variables_and_in_many_optimizers():
    def halved(optimizer):
        model = Model(optimizer)
        plateau = ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=0)
        message = CallbackList([plateau], add_history=True, model=model)
        message.on_train_begin()
        for epoch in range(3):
            message.on_epoch_end(epoch, {"loss": 1.0})
        return {k: v for k, v in model.history.history.items() if k != "loss"}

    cell = Variable(0.5)
    assert halved(SimpleNamespace(learning_rate=cell)) == {"learning_rate": [0.5, 0.5, 0.25]}
    assert float(cell) == 0.125
    many = SimpleNamespace(optimizers=[Optimizer(0.5, "a"), Optimizer(0.25, "b")])
    assert halved(many) == {"learning_rate_a": [0.5, 0.5, 0.25], "learning_rate_b": [0.25, 0.25, 0.125]}
    assert [float(o.learning_rate) for o in many.optimizers] == [0.125, 0.0625]


def test_schedules(capsys):
    model = Model()
    message = CallbackList([LearningRateScheduler(lambda epoch, rate: rate * 0.5, verbose=1)], True, model=model)
    for epoch in range(2):
        message.on_epoch_begin(epoch)
        message.on_epoch_end(epoch, {"loss": 1.0})
    assert model.history.history["learning_rate"] == [0.25, 0.125]
    assert "Epoch 2: LearningRateScheduler sets learning_rate to 0.125" in capsys.readouterr().out
    alone = LearningRateScheduler(lambda epoch: 1 / (epoch + 1))
    alone.set_model(model)
    alone.on_epoch_begin(3)
    assert float(model.optimizer.learning_rate) == 0.25

    def broken(epoch, rate):
        raise TypeError("mine")

    mine = LearningRateScheduler(broken)
    mine.set_model(model)
    with pytest.raises(TypeError, match="mine"):
        mine.on_epoch_begin(0)
    for wrong in (None, "x", [1.0, 2.0], float("nan"), True):
        bad = LearningRateScheduler(lambda epoch, rate, wrong=wrong: wrong)
        bad.set_model(model)
        with pytest.raises(ValueProblem, match="schedule"):
            bad.on_epoch_begin(0)
    bad.set_model(SimpleNamespace(optimizer=None))
    with pytest.raises(ValueProblem, match="compile"):
        bad.on_epoch_begin(0)
