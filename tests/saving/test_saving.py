"""Models in files: what comes back is what was saved, bit for bit, also from a file of the first format version."""

import io
import pathlib

import numpy as np
import pytest

import chainrule
from chainrule import layers, losses, metrics, ops, optimizers, saving
from chainrule.core.errors import ChainruleError, ShapeError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential, clone_model, model_from_json
from chainrule.ops.random import set_random_seed
from chainrule.saving import load_model, save_model
from saving_cases import (
    KINDS,
    LABELS,
    Plain,
    X,
    Y,
    again,
    cubic,
    doubled,
    functional,
    goes_on_alike,
    halves,
    plain,
    registered,
    same,
    sequential,
    trained,
)

DATA = pathlib.Path(__file__).parents[1] / "data"


# ---- what comes back


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [0, 2])
def test_every_kind_of_model_comes_back(kind, steps):
    model = KINDS[kind]()
    if not steps:
        same(model, again(model))
        assert not again(model).compiled
    model.compile("adam", "mse", metrics=["mae"])
    if steps:
        trained(model, epochs=steps)
    goes_on_alike(model, again(model))


OPTIMIZERS = {
    "name": lambda: "rmsprop",
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0),
    "schedule": lambda: optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 20)),
    "decay": lambda: optimizers.AdamW(0.01, weight_decay=0.1, use_ema=True, ema_overwrite_frequency=3),
    "gathered": lambda: optimizers.Adagrad(0.1, gradient_accumulation_steps=2),
    "scaled": lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1), dynamic_growth_steps=2),
    "nadam": lambda: optimizers.Nadam(0.01),
    "ftrl": lambda: optimizers.Ftrl(0.01),
    "lion": lambda: optimizers.Lion(0.001),
    "adafactor": lambda: optimizers.Adafactor(0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("steps", [0, 1])
def test_every_kind_of_optimizer_comes_back(name, steps):
    model = sequential()
    model.compile(OPTIMIZERS[name](), "mse")
    if steps:
        trained(model, epochs=steps)
    goes_on_alike(model, again(model))


def test_a_rate_set_by_hand_comes_back():
    model = sequential()
    model.compile(optimizers.SGD(0.5), "mse")
    model.optimizer.learning_rate = 0.125
    assert float(again(model).optimizer.learning_rate.numpy()) == 0.125
    trained(model)
    model.optimizer.learning_rate = 0.25
    assert float(again(model).optimizer.learning_rate.numpy()) == 0.25


LOSSES = {
    "object": (losses.Huber(delta=0.5), [metrics.MeanSquaredError(name="m"), "mae"]),
    "function": (losses.mean_absolute_error, [metrics.mean_squared_error]),
    "registered": (cubic, [cubic]),
    "mine": (halves, [halves, metrics.RootMeanSquaredError()]),
    "list": (["mse"], [["mae"]]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_kind_of_loss_and_metric_comes_back(name):
    loss, measured = LOSSES[name]
    model = sequential()
    model.compile("sgd", loss, metrics=measured, weighted_metrics=["mse"])
    trained(model)
    other = again(model)
    goes_on_alike(model, other)
    assert other.metrics_names == model.metrics_names


@pytest.mark.parametrize("by", ["name", "place"])
def test_losses_of_several_outputs_come_back(by):
    x = Input((4,))
    h = Dense(3, "relu")(x)
    model = Model(x, {"a": Dense(2, name="a")(h), "b": Dense(1, "sigmoid", name="b")(h)} if by == "name" else
                  [Dense(2, name="a")(h), Dense(1, "sigmoid", name="b")(h)])  # fmt: skip
    if by == "name":
        model.compile("adam", {"a": "mse", "b": "binary_crossentropy"}, {"a": 0.5}, {"b": ["accuracy"]})
        y = {"a": Y, "b": LABELS}
    else:
        model.compile("adam", ["mse", losses.BinaryCrossentropy()], [0.5, 1.0], [["mae"], ["accuracy"]])
        y = [Y, LABELS]
    trained(model, y=y)
    other = again(model)
    assert trained(model, y=y) == trained(other, y=y)
    same(model, other)


@pytest.mark.parametrize("policy", ["float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", ["sequential", "functional", "registered"])
def test_policies_come_back_where_another_one_holds(policy, kind):
    if "bfloat16" in policy:
        pytest.importorskip("ml_dtypes", reason="the extra `bfloat16` installs it")
    before = chainrule.dtype_policies.dtype_policy()
    chainrule.dtype_policies.set_dtype_policy(policy)
    try:
        model = KINDS[kind]()
        model.compile(optimizers.SGD(1e-3), "mse")
        trained(model, epochs=1)
    finally:
        chainrule.dtype_policies.set_dtype_policy(before)
    other = again(model)
    assert other.dtype_policy == model.dtype_policy
    goes_on_alike(model, other)


def test_frozen_layers_stay_frozen():
    whole = plain()
    whole.trainable = False
    assert not again(whole).trainable_weights
    for make, layer in ((sequential, lambda m: m.layers[0]), (plain, lambda m: m.hidden)):
        model = make()
        layer(model).trainable = False
        model.compile("adam", "mse")
        trained(model)
        other = again(model)
        assert not layer(other).trainable
        assert len(other.trainable_weights) == len(model.trainable_weights)
        goes_on_alike(model, other)
    inner = sequential()
    inner.trainable = False
    inner.layers[0].trainable = True  # one layer of a frozen model
    model = Sequential([Input((4,)), inner, Dense(1)])
    assert [layer.trainable for layer in again(model).layers[0].layers] == [True, False, False, False]


def test_loading_draws_nothing():
    model = sequential()
    data = io.BytesIO()
    save_model(model, data)
    set_random_seed(3)
    want = Dense(2)
    want.build((None, 3))
    set_random_seed(3)
    load_model(io.BytesIO(data.getvalue()))
    got = Dense(2)
    got.build((None, 3))
    assert np.array_equal(want.kernel.numpy(), got.kernel.numpy())


def test_the_same_model_makes_the_same_bytes(tmp_path):
    model = functional()
    model.compile("adam", "mse")
    trained(model)
    model.save(tmp_path / "a.chainrule")
    model.save(tmp_path / "b.chainrule")
    assert (tmp_path / "a.chainrule").read_bytes() == (tmp_path / "b.chainrule").read_bytes()
    again(model).save(tmp_path / "c.chainrule")
    assert (tmp_path / "a.chainrule").read_bytes() == (tmp_path / "c.chainrule").read_bytes()


def test_structure_alone(tmp_path):
    for make in (sequential, functional):
        model = make()
        copy = model_from_json(model.to_json())
        copy.set_weights(model.get_weights())
        assert np.array_equal(model.predict(X, verbose=0), copy.predict(X, verbose=0))
        assert clone_model(model).count_params() == model.count_params()


def test_lambda_layers():
    with pytest.raises(ChainruleError, match="register_keras_serializable"):
        save_model(Sequential([Input((2,)), layers.Lambda(lambda x: x + 1)]), io.BytesIO())
    model = Sequential([Input((2,)), layers.Lambda(doubled)])
    assert np.array_equal(again(model).predict(X[:, :2], verbose=0), 2 * X[:, :2])
    file = io.BytesIO()
    save_model(Sequential([Input((2,)), layers.Lambda(halves, arguments={"y_pred": 1.0})]), file)
    with pytest.raises(ValueProblem, match="'halves'"):
        load_model(io.BytesIO(file.getvalue()))


# ---- names of files, weights alone


@pytest.mark.parametrize("name", ["m.h5", "m.keras", "m.pt", "m.pkl", "m", "m.txt"])
def test_wrong_suffixes_teach(name, tmp_path):
    path = tmp_path / name
    with pytest.raises(ValueProblem, match=r"m\.chainrule"):
        sequential().save(path)
    with pytest.raises(ValueProblem, match=r"\.chainrule"):
        load_model(path)
    with pytest.raises(ValueProblem, match=r"\.safetensors"):
        sequential().save_weights(path)
    with pytest.raises(ValueProblem, match=r"\.safetensors"):
        sequential().load_weights(path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [None, 3, "a\0b.chainrule", "gone/m.chainrule", ["m.chainrule"]])
def test_names_that_are_no_files(path):
    with pytest.raises(ChainruleError):
        sequential().save(path)
    with pytest.raises(ChainruleError):
        load_model(path)
    weights = path.replace(".chainrule", ".safetensors") if isinstance(path, str) else path
    with pytest.raises(ChainruleError):
        sequential().save_weights(weights)
    with pytest.raises(ChainruleError):
        sequential().load_weights(weights)


def test_a_file_is_not_overwritten_unasked(tmp_path):
    path = tmp_path / "m.chainrule"
    sequential().save(path)
    before = path.read_bytes()
    with pytest.raises(ValueProblem, match="overwrite=True"):
        sequential().save(path, overwrite=False)
    assert path.read_bytes() == before
    plain().save_weights(tmp_path / "w.safetensors")
    with pytest.raises(ValueProblem, match="overwrite=True"):
        plain().save_weights(tmp_path / "w.safetensors", overwrite=False)


def test_open_files_take_a_part_at_a_time_or_are_refused(tmp_path):
    class Slow(io.BytesIO):
        def write(self, data):
            return super().write(bytes(data[:100]))

    slow, whole = Slow(), io.BytesIO()
    model = sequential()
    save_model(model, slow)
    save_model(model, whole)
    assert slow.getvalue() == whole.getvalue()
    with pytest.raises(ValueProblem, match="cannot be written"):
        save_model(model, io.StringIO())


def test_weights_alone(tmp_path):
    path = tmp_path / "m.weights.safetensors"
    model, other = sequential(), sequential()
    trained_model = sequential()
    trained_model.compile("sgd", "mse")
    trained(trained_model)
    for source, reader in ((model, other), (trained_model, model)):
        source.save_weights(path)
        reader.load_weights(path)
        same(source, reader)
        whole = tmp_path / "m.chainrule"
        source.save(whole)
        fresh = sequential()
        fresh.load_weights(whole)
        same(source, fresh)
        with open(path, "rb") as file:
            fresh.load_weights(file)
    wider = Sequential([Input((4,)), Dense(5, "relu"), layers.Dropout(0.1), layers.BatchNormalization(), Dense(3)])
    before = wider.get_weights()
    with pytest.raises(ShapeError, match="dense_1"):
        wider.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, wider.get_weights(), strict=True))
    wider.load_weights(path, skip_mismatch=True)
    assert np.array_equal(wider.layers[0].kernel.numpy(), model.layers[0].kernel.numpy())
    assert np.array_equal(wider.layers[-1].kernel.numpy(), before[-2])
    with pytest.raises(ValueProblem, match="lacks"):
        registered().load_weights(path)
    with pytest.raises(ValueProblem, match="call it once"):
        Plain().load_weights(path)


# ---- a file of format version 1, kept for ever


def kept():
    """The model in tests/data/model_v1.chainrule, its weights made by a rule; running this module wrote it."""
    x = Input((3,), name="x")
    h = layers.BatchNormalization(name="norm")(Dense(4, "tanh", name="hidden")(x))
    out = Dense(2, name="out")(layers.Dropout(0.5, seed=1, name="drop")(ops.concatenate([h, 2 * x[:, 1:]], axis=1)))
    model = Model(x, out, name="kept")
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.set_weights([by_rule(i, w.shape) for i, w in enumerate(model.get_weights())])
    model.optimizer.build(model.trainable_weights)
    return model


def by_rule(i, shape):
    return (np.arange(np.prod(shape)).reshape(shape) % 5 + i + 1).astype("float32") / 8


def test_the_kept_file_loads_for_ever():
    model = load_model(DATA / "model_v1.chainrule")
    x = np.array([[0.0, 1.0, -1.0], [0.5, 0.25, 2.0]])
    kernel, bias, gamma, beta, mean, variance, kernel2, bias2 = (
        by_rule(i, shape)
        for i, shape in enumerate([(3, 4), (4,), (4,), (4,), (4,), (4,), (6, 2), (2,)])
    )  # fmt: skip
    h = (np.tanh(x @ kernel + bias) - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    want = np.concatenate([h, 2 * x[:, 1:]], 1) @ kernel2 + bias2
    assert np.allclose(model.predict(x, verbose=0), want, rtol=1e-5)
    assert isinstance(model.optimizer, optimizers.Adam)
    assert model.evaluate(x, want, verbose=0)[0] < np.square(1e-5 * want).mean()
    set_random_seed(0)
    model.fit(x, want, verbose=0)


if __name__ == "__main__":  # writes what is kept: to be run for a new format version, never over an old file
    kept().save(DATA / f"model_v{saving.archive.VERSION}.chainrule", overwrite=False)
