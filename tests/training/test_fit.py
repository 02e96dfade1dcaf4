"""`fit`, `evaluate` and single batches: what is printed and returned, when training stops, optimizers."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential
from training_cases import Batches, X, Y, chunks, close, forever, linear, sgd_in_numpy


def printed(run):
    out = io.StringIO()
    with redirect_stdout(out):
        run()
    return out.getvalue()


def test_verbosity():
    model = linear()
    assert printed(lambda: model.fit(X, Y, verbose=0, epochs=2)) == ""
    two = printed(lambda: model.fit(X, Y, verbose=2, epochs=2, validation_split=0.2))
    assert two.count("Epoch") == 2
    assert two.count("val_loss") == 2
    one = printed(lambda: model.fit(X, Y, verbose=1, batch_size=10))
    assert "5/5" in one
    assert "loss" in one
    assert "2/2" in printed(lambda: model.evaluate(X, Y))
    assert "2/2" in printed(lambda: model.predict(X))
    assert printed(lambda: model.predict(X, verbose=0)) == ""


def test_forms_of_evaluate_and_batches():
    model = linear(metrics=["mae"])
    loss, mae = ((0 - Y) ** 2).mean(), np.abs(Y).mean()
    close(model.evaluate(X, Y, verbose=0), [loss, mae])
    result = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(result) == ["loss", "mae"]
    assert result["mae"] == pytest.approx(mae, rel=1e-5)
    assert linear().evaluate(X, Y, verbose=0) == pytest.approx(loss, rel=1e-5)
    weighted = model.evaluate(X, Y, sample_weight=np.arange(50), verbose=0, batch_size=50)
    assert weighted[0] == pytest.approx(((Y[:, 0] ** 2) * np.arange(50)).mean(), rel=1e-5)
    assert model.evaluate(X, Y, steps=1, batch_size=10, verbose=0)[0] == pytest.approx((Y[:10] ** 2).mean(), rel=1e-5)
    with pytest.raises(TypeError, match="wrong"):
        model.evaluate(X, Y, wrong=3)


def test_one_batch_at_a_time():
    model = linear(0.1)
    close(model.test_on_batch(X, Y), (Y**2).mean())
    close(model.predict_on_batch(X), np.zeros((50, 1)))
    model.reset_metrics()
    close(model.train_on_batch(X, Y), (Y**2).mean())
    w, b = sgd_in_numpy(X, Y, [np.arange(50)], 0.1)
    close(model.get_weights()[0], w)
    close(model.predict_on_batch(X), X @ w + b)
    model.reset_metrics()
    result = model.train_on_batch(X, Y, sample_weight=np.zeros(50), return_dict=True)
    assert result == {"loss": 0.0}
    close(model.get_weights()[0], w)


def test_a_class_weight_for_one_batch():
    model = Sequential([Input((4,)), Dense(2, kernel_initializer="zeros", activation="softmax")])
    model.compile(cr.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    y = np.arange(50) % 2
    assert model.train_on_batch(X, y, class_weight={0: 3.0}) == pytest.approx(2 * np.log(2), rel=1e-5)


def test_names_of_metrics_stay_when_compiled_again():
    a = Input((4,))
    model = Model(a, [Dense(1, name="p")(a), Dense(1, name="q")(a)])
    stored = cr.metrics.MeanAbsoluteError(name="mae")
    for _ in range(2):
        model.compile("sgd", "mse", metrics=[["mse", stored], ["mse"]])
        result = model.evaluate(X, [Y, Y], verbose=0, return_dict=True)
        assert list(result) == ["loss", "p_loss", "q_loss", "p_mse", "p_mae", "q_mse"]
    model = linear(metrics=["mae", "mae"], weighted_metrics=["mae"])
    assert list(model.evaluate(X, Y, verbose=0, return_dict=True)) == ["loss", "mae", "mae_1", "weighted_mae"]


class Stops(cr.callbacks.Callback):
    def __init__(self, batch=None, epoch=None):
        super().__init__()
        self.batch, self.epoch, self.count = batch, epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if batch == self.batch:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.model.stop_training = True


class AddsLoss(Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(4, kernel_initializer="zeros")

    def call(self, x):
        result = self.dense(x)
        self.add_loss(ops.mean(ops.square(result - x)))
        return result


def test_a_loss_that_layers_add_needs_no_targets():
    model = AddsLoss()
    model.compile(cr.optimizers.SGD(0.1))
    assert model.evaluate(X, batch_size=50, verbose=0) == pytest.approx((X**2).mean(), rel=1e-5)
    logs = model.fit(X, batch_size=50, epochs=2, verbose=0).history["loss"]
    kernel, bias = 0.1 * 2 * X.T @ X / X.size, 0.1 * 2 * X.sum(0) / X.size
    close(logs, [(X**2).mean(), ((X @ kernel + bias - X) ** 2).mean()])


def test_an_output_without_a_loss():
    a = Input((4,))
    ends = [Dense(1, kernel_initializer="zeros", name=n) for n in "pq"]
    for losses, y in ((["mse", None], [Y, Y]), ({"p": "mse"}, {"p": Y}), ({"p": "mse"}, {"p": Y, "q": Y})):
        model = Model(a, {end.name: end(a) for end in ends} if isinstance(y, dict) else [end(a) for end in ends])
        model.compile(cr.optimizers.SGD(0.05), losses)
        for end in ends:
            end.set_weights([np.zeros((4, 1)), np.zeros(1)])
        model.fit(X, y, batch_size=50, verbose=0)
        close(ends[0].get_weights()[0], sgd_in_numpy(X, Y, [np.arange(50)], 0.05)[0])
        close(ends[1].get_weights()[0], np.zeros((4, 1)))


def test_stop_training():
    model, stops = linear(), Stops(epoch=1)
    history = model.fit(X, Y, epochs=9, batch_size=10, callbacks=stops, verbose=0)
    assert history.epoch == [0, 1]
    assert stops.count == 10
    stops = Stops(batch=2)
    history = model.fit(X, Y, epochs=9, batch_size=10, callbacks=[stops], verbose=0)
    assert history.epoch == [0]
    assert stops.count == 3
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]  # a new fit begins anew


def test_initial_epoch():
    history = linear().fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]
    assert len(history.history["loss"]) == 2


def test_validation_as_requested():
    model = linear(0.0)
    logs = model.fit(X, Y, validation_split=0.2, verbose=0).history
    assert logs["loss"] == [pytest.approx((Y[:40] ** 2).mean(), rel=1e-5)]
    assert logs["val_loss"] == [pytest.approx((Y[40:] ** 2).mean(), rel=1e-5)]
    weight = np.r_[np.ones(5), np.zeros(5)]
    logs = model.fit(X, Y, validation_data=(-X[:10], Y[:10], weight), verbose=0).history
    assert logs["val_loss"] == [pytest.approx((Y[:5] ** 2).sum() / 10, rel=1e-5)]
    logs = model.fit(X, Y, validation_data=Batches(), epochs=4, validation_freq=[2, 3], verbose=0).history
    assert len(logs["val_loss"]) == 2
    logs = model.fit(X, Y, validation_data=forever(), validation_steps=1, verbose=0).history
    assert logs["val_loss"] == [pytest.approx((Y[:10] ** 2).mean(), rel=1e-5)]


def test_interactive_logging_off_means_a_line_an_epoch(capsys):
    model = linear(0.01)
    cr.config.disable_interactive_logging()
    try:
        model.fit(X, Y, epochs=2)
    finally:
        cr.config.enable_interactive_logging()
    assert capsys.readouterr().out.count("Epoch") == 2
    assert cr.config.is_interactive_logging_enabled()


def test_compute_loss_and_metrics_before_any_fit():
    a = Input((3,))
    model = Model(a, [layers.Dense(2, name="one")(a), layers.Dense(1, name="two")(a)])
    model.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 3.0], metrics=[["mae"], ["mse"]])
    rng = np.random.default_rng(0)
    x, one, two = rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    outputs = model(x)
    required = np.mean((outputs[0].numpy() - one) ** 2) + 3 * np.mean(np.abs(outputs[1].numpy() - two))
    assert model.compute_loss(x, [one, two], outputs).item() == pytest.approx(required, rel=1e-5)
    result = model.compute_metrics(x, [one, two], outputs)
    assert float(result["one_mae"]) == pytest.approx(np.mean(np.abs(outputs[0].numpy() - one)), rel=1e-5)
    assert float(result["two_mse"]) == pytest.approx(np.mean((outputs[1].numpy() - two) ** 2), rel=1e-5)
    assert len(model.fit(x, [one, two], epochs=1, verbose=0).history) == 5


# ---- optimizers through fit


def test_gradient_accumulation_is_one_large_batch():
    model = Sequential([Input((4,)), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.SGD(0.05, gradient_accumulation_steps=5), "mse")
    model.fit(X, Y, batch_size=10, epochs=3, shuffle=False, verbose=0)
    w, b = sgd_in_numpy(X, Y, [np.arange(50)] * 3, 0.05)
    close(model.get_weights()[0], w)
    close(model.get_weights()[1], b)


def test_moving_averages_become_the_weights_at_the_end():
    model = Sequential([Input((4,)), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.8), "mse")
    model.fit(X, Y, batch_size=10, epochs=2, shuffle=False, verbose=0)
    rows = chunks(np.arange(50), 10) * 2
    average = sgd_in_numpy(X, Y, rows[:1], 0.05)[0]
    for i in range(1, 10):
        average = 0.8 * average + 0.2 * sgd_in_numpy(X, Y, rows[: i + 1], 0.05)[0]
    close(model.get_weights()[0], average)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    if policy == "mixed_bfloat16":
        pytest.importorskip("ml_dtypes")
    model = Sequential([Input((4,)), Dense(8, activation="tanh", dtype=policy), Dense(1, dtype=policy)], name="mixed")
    model.compile(cr.optimizers.Adam(0.05), "mse")
    logs = model.fit(X, Y, epochs=40, verbose=0).history["loss"]
    assert logs[-1] < 0.1 * logs[0]
    assert all(w.dtype == "float32" for w in model.weights)
    assert model(X).dtype.name == policy.removeprefix("mixed_")
    assert np.isfinite(model.predict(X, verbose=0).astype("float32")).all()


def test_a_policy_for_the_whole_model():
    before = cr.dtype_policies.dtype_policy()
    cr.dtype_policies.set_dtype_policy("mixed_float16")
    try:
        model = Sequential([Input((4,)), Dense(8, activation="tanh"), Dense(1)])
        model.compile(cr.optimizers.Adam(0.05), "mse")
    finally:
        cr.dtype_policies.set_dtype_policy(before)
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    logs = model.fit(X, Y, epochs=40, verbose=0).history["loss"]
    assert logs[-1] < 0.1 * logs[0]
