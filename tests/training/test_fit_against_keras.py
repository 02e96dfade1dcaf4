"""`fit` against Keras itself: losses, metrics and weights, the order of hooks, counts."""

import numpy as np
import pytest

import chainrule as cr
from training_cases import RNG, X, Y


def mlp(k, data):
    x = data.normal(size=(37, 5))
    reg = k.regularizers
    model = k.Sequential(
        [
            k.Input((5,)),
            k.layers.Dense(7, activation="tanh", kernel_regularizer=reg.L2(0.01), bias_regularizer=reg.L1(0.02)),
            k.layers.Dense(6, activation="relu", activity_regularizer=reg.L2(0.03)),
            k.layers.Dense(3, activation="softmax"),
        ]
    )
    return model, x, np.argmax(x[:, :3], 1), "sparse_categorical_crossentropy", ["accuracy"]


def regression(k, data):
    x = data.normal(size=(37, 5))
    model = k.Sequential([k.Input((5,)), k.layers.Dense(6, activation="tanh"), k.layers.Dense(2)])
    return model, x, x[:, :2] ** 2 + x[:, 2:4], "mse", ["mae", "mse"]


def cnn(k, data):
    x = data.normal(size=(22, 6, 7, 2))
    y = np.eye(3)[np.arange(22) % 3]
    model = k.Sequential(
        [
            k.Input((6, 7, 2)),
            k.layers.Conv2D(3, 3, padding="same"),
            k.layers.BatchNormalization(momentum=0.8),
            k.layers.ReLU(),
            k.layers.MaxPooling2D(2),
            k.layers.Conv2D(4, 2, activation="relu"),
            k.layers.GlobalAveragePooling2D(),
            k.layers.Dense(3),
        ]
    )
    return model, x, y, k.losses.CategoricalCrossentropy(from_logits=True), ["accuracy", "categorical_accuracy"]


def binary(k, data):
    x = data.normal(size=(31, 4))
    model = k.Sequential([k.Input((4,)), k.layers.Dense(5, activation="relu"), k.layers.Dense(1, activation="sigmoid")])
    return model, x, (x[:, 0] + x[:, 1] > 0).astype(int), "binary_crossentropy", ["accuracy", "auc"]


CASES = {
    "sgd": (mlp, lambda o: o.SGD(0.1), {}, {}),
    "momentum": (regression, lambda o: o.SGD(0.05, momentum=0.9), {}, {}),
    "rmsprop": (regression, lambda o: o.RMSprop(0.01, momentum=0.5), {}, {}),
    "clipnorm": (regression, lambda o: o.SGD(0.1, clipnorm=0.1), {}, {}),
    "clipvalue": (regression, lambda o: o.Adam(0.1, clipvalue=0.01), {}, {}),
    "global_clipnorm": (mlp, lambda o: o.SGD(0.1, global_clipnorm=0.2), {}, {}),
    "accumulation": (regression, lambda o: o.SGD(0.1, gradient_accumulation_steps=3), {}, {}),
    "ema": (regression, lambda o: o.SGD(0.1, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=4), {}, {}),
    "schedule": (regression, lambda o: o.SGD(o.schedules.ExponentialDecay(0.1, 3, 0.5)), {}, {}),
    "cnn split": (cnn, lambda o: o.SGD(0.1), {"validation_split": 0.3}, {}),
    "binary": (binary, lambda o: o.Adam(0.05), {"validation_split": 0.2}, {}),
    "class weight": (mlp, lambda o: o.SGD(0.1), {"class_weight": {0: 2.0, 2: 0.5}}, {"weighted_metrics": ["accuracy"]}),
    "sample weight": (
        regression,
        lambda o: o.SGD(0.1),
        {"sample_weight": np.linspace(0, 2, 37)},
        {"weighted_metrics": ["mae"]},
    ),
    "split and weight": (
        binary,
        lambda o: o.SGD(0.1),
        {"sample_weight": np.linspace(0, 2, 31), "validation_split": 0.25},
        {"weighted_metrics": ["accuracy"]},
    ),
}


def same_history(ours, theirs):
    assert sorted(ours) == sorted(theirs)
    for name in theirs:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-8, atol=1e-8, err_msg=name)


def arrays(model):
    return [np.asarray(w.value) for w in model.weights]


def same_weights(ours, theirs):
    for a, b in zip(arrays(ours), arrays(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)


@pytest.mark.heavy
@pytest.mark.parametrize("name", CASES)
def test_fit_as_keras(name, keras64, double):
    make, optimizer, fitting, compiling = CASES[name]
    created, first = [], None
    for k in (cr, keras64):
        model, x, y, loss, metrics = make(k, np.random.default_rng(3))
        if first is None:
            first = [w + 0.01 * RNG.normal(size=w.shape) for w in arrays(model)]
            first = [np.abs(w) if v.name == "moving_variance" else w for v, w in zip(model.weights, first, strict=True)]
        model.set_weights(first)
        model.compile(optimizer(k.optimizers), loss, metrics=metrics, **compiling)
        logs = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, **fitting)
        result = model.evaluate(x, y, verbose=0, return_dict=True)
        created.append((model, logs.history, result, model.predict(x, verbose=0)))
    (ours, a, e, p), (theirs, b, f, q) = created
    same_history(a, b)
    same_history(e, f)
    same_weights(ours, theirs)
    np.testing.assert_allclose(p, q, rtol=1e-8, atol=1e-8)


@pytest.mark.heavy
@pytest.mark.parametrize("form", ["list", "dict"])
def test_fit_of_several_outputs_as_keras(form, keras64, double):
    data = np.random.default_rng(4)
    u, v = data.normal(size=(29, 3)), data.normal(size=(29, 2))
    targets = [u.sum(1, keepdims=True), (v[:, 0] > 0).astype(int)]
    weights = [np.linspace(0.5, 2, 29), np.linspace(0, 1, 29)]
    created = []
    for k in (cr, keras64):
        a, b = k.Input((3,), name="a"), k.Input((2,), name="b")
        joined = k.layers.Concatenate()([a, k.layers.Dense(3, activation="relu")(b)])
        ends = {
            "p": k.layers.Dense(1, name="p")(joined),
            "q": k.layers.Dense(2, activation="softmax", name="q")(joined),
        }
        model = k.Model([a, b], list(ends.values()) if form == "list" else ends)
        losses = ["mse", "sparse_categorical_crossentropy"]
        metrics = [["mae"], ["accuracy"]]
        shares = [0.3, 2.0]
        y, w = targets, weights
        if form == "dict":
            losses, metrics, shares, y, w = (dict(zip("pq", z, strict=True)) for z in (losses, metrics, shares, y, w))
        if created:
            model.set_weights(created[0][2])
        first = arrays(model)
        model.compile(k.optimizers.Adam(0.02), losses, loss_weights=shares, metrics=metrics)
        logs = model.fit([u, v], y, sample_weight=w, batch_size=7, epochs=3, shuffle=False, verbose=0).history
        stored = ([u[:9] * 2, v[:9] - 1], {n: t[:9] for n, t in y.items()} if form == "dict" else [t[:9] for t in y])
        checked = model.fit([u, v], y, batch_size=7, epochs=1, shuffle=False, verbose=0, validation_data=stored)
        created.append((model, {**logs, **checked.history}, first))
    same_history(created[0][1], created[1][1])
    same_weights(created[0][0], created[1][0])


def scripted(base, told):
    class Scripted(base):
        def tell(self, hook, args):
            told.append((hook, *[sorted(a) if isinstance(a, dict) else a for a in args if a is not None]))

    def hook(name):
        return lambda self, *args, **kwargs: self.tell(name, (*args, *kwargs.values()))

    for when in ("train", "test", "predict", "epoch", "train_batch", "test_batch", "predict_batch"):
        for end in ("begin", "end"):
            setattr(Scripted, f"on_{when}_{end}", hook(f"on_{when}_{end}"))
    return Scripted()


@pytest.mark.heavy
def test_hooks_come_in_the_order_of_keras(keras64):
    stories = []
    for k in (cr, keras64):
        told = []
        model = k.Sequential([k.Input((4,)), k.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"])
        callback = scripted(k.callbacks.Callback, told)
        model.fit(X, Y, 20, epochs=3, validation_split=0.3, validation_freq=2, callbacks=[callback], verbose=0)
        model.evaluate(X, Y, batch_size=25, callbacks=[callback], verbose=0)
        model.predict(X, batch_size=25, callbacks=[callback], verbose=0)
        stories.append(told)
    ours, theirs = ([(h[0], *[a for a in h[1:] if not isinstance(a, list)]) for h in s] for s in stories)
    assert ours == theirs
    for a, b in zip(*stories, strict=True):  # and what is in the logs, where Keras gives any
        if len(b) > 1 and b[-1]:
            assert a == b


@pytest.mark.heavy
@pytest.mark.parametrize(
    "fitting",
    [
        {"steps_per_epoch": 3, "validation_steps": 1},
        {"validation_freq": 2},
        {"validation_freq": [1, 3]},
        {"initial_epoch": 1},
        {"validation_batch_size": 3},
        {"batch_size": 99},
    ],
    ids=str,
)
def test_counts_as_keras_counts(fitting, keras64, double):
    x = np.random.default_rng(8).normal(size=(24, 3))
    y = x.sum(1, keepdims=True)
    created = []
    for k in (cr, keras64):
        model = k.Sequential([k.Input((3,)), k.layers.Dense(1, kernel_initializer="zeros")])
        model.compile(k.optimizers.SGD(0.1), "mse")
        fitted = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0, **fitting}
        logs = model.fit(x, y, validation_data=(x[:10] ** 2, y[:10]), **fitted).history
        created.append((model, logs))
    same_history(created[0][1], created[1][1])
    same_weights(created[0][0], created[1][0])
