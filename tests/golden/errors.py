"""What is said to who uses the library wrongly: errors, warnings, and what `lint` finds, in full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule import layers, losses, metrics, ops, optimizers
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.saving import load_checkpoint, load_model, load_weights, save_model

from .common import Out, caught

RNG = np.random.default_rng(2)
X = RNG.normal(size=(48, 4)).astype("float32")
Y = X[:, :1] + 0.1 * X[:, 1:2]
LABELS = np.arange(48) % 3
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
YES = (X[:, 0] > 0).astype(int)
IMAGES = RNG.uniform(size=(48, 8, 8, 1)).astype("float32")


def mlp(width: int = 1, activation: Any = None, loss: Any = "mse", **more: Any) -> Any:
    """A compiled one."""
    model = Sequential([Input((4,)), Dense(8, activation="relu"), Dense(width, activation=activation)], name="net")
    model.compile("adam", loss, **more)
    return model


def cnn(shape: Any = (8, 8, 1), loss: Any = "sparse_categorical_crossentropy") -> Any:
    """A compiled one."""
    model = Sequential(
        [
            Input(shape),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.GlobalAveragePooling2D(name="mean"),
            Dense(3, activation="softmax", name="end"),
        ],
        name="images",
    )
    model.compile("adam", loss)
    return model


def plain() -> Any:
    """One that is not compiled."""
    return Sequential([Input((4,)), Dense(1, name="only")], name="plain")


def t(*shape: int) -> Any:
    """A watched tensor."""
    return cr.tensor(np.ones(shape, "float32"), watch=True)


def symbol(*shape: Any) -> Any:
    """A symbolic one."""
    return cr.symbolic(shape)


def bad_file(name: str, data: bytes) -> str:
    """A file that holds this."""
    Path(name).write_bytes(data)
    return name


def cut(name: str) -> str:
    """A model's file without its end."""
    save_model(plain(), name)
    return bad_file(name, Path(name).read_bytes()[:-50])


def broken() -> Any:
    """Gradients through a loop of one's own that forgets its history."""
    x = cr.Variable(2.0, name="x")
    return cr.gradients(cr.tensor((x * x).numpy()), x)


ERRORS: dict[str, Callable[[], Any]] = {
    # shapes of operations
    "add": lambda: t(3, 2) + t(4),
    "matmul": lambda: t(3, 2) @ t(3, 2),
    "reshape": lambda: ops.reshape(t(3, 2), (4, 2)),
    "concatenate": lambda: ops.concatenate([t(2, 3), t(3, 4)], axis=0),
    "axis": lambda: ops.sum(t(2, 3), axis=2),
    "index": lambda: t(2, 3)[2, 0],
    "conv channels": lambda: ops.conv(t(1, 5, 5, 3), t(3, 3, 2, 4)),
    "conv size": lambda: ops.conv(t(1, 2, 2, 3), t(3, 3, 3, 4)),
    "einsum": lambda: ops.einsum("ij,jk->ik", t(2, 3), t(2, 3)),
    "dtype": lambda: cr.tensor(["a", "b"]),
    "dtype name": lambda: cr.tensor([1.0], dtype="float31"),
    "rows of unequal length": lambda: cr.tensor([[1.0], [1.0, 2.0]]),
    "int gradient": lambda: cr.grad(lambda x: x * 2)(3),
    "attribute name": lambda: ops.relu(t(2), slope=3),
    "cholesky": lambda: ops.cholesky(t(2, 3)),
    "many arguments": lambda: ops.exp(t(2), t(2)),
    # gradients
    "gradient of many": lambda: cr.gradients(t(3) * 2, t(3)),
    "not connected": lambda: cr.gradients(ops.sum(t(3)), cr.Variable([1.0], name="w")),
    "forgotten": broken,
    "explain many": lambda: cr.explain(t(3) * 2),
    "explain constant": lambda: cr.explain(cr.tensor(3.0)),
    "price unknown": lambda: cr.price(lambda x: x * 2, (None, 3)),
    "check shapes": lambda: cr.check(lambda x, y: x + y, [1.0, 2.0], [1.0, 2.0, 3.0]),
    "vectorize": lambda: cr.vectorize(lambda x, y: x + y)(t(2, 3), t(3, 3)),
    "jvp": lambda: cr.jvp(lambda x: x * 2, [t(3)], [t(2)]),
    # symbolic tensors
    "symbolic bool": lambda: bool(symbol() > 0),
    "symbolic if": lambda: 1 if ops.sum(symbol(3)) else 2,
    "symbolic numpy": lambda: np.asarray(symbol(3)),
    "symbolic float": lambda: float(symbol()),
    "symbolic for": lambda: list(symbol(None, 3)),
    "feed": lambda: cr.run(symbol(3) * 2, {}),
    # habits of other frameworks
    ".backward()": lambda: t(3).sum().backward(),
    ".grad": lambda: t(3).grad,
    ".detach()": lambda: t(3).detach(),
    ".cuda()": lambda: t(3).cuda(),
    ".view()": lambda: t(3).view(1, 3),
    ".add_()": lambda: t(3).add_(1),
    "item assignment": lambda: t(3).__setitem__(0, 1.0),
    "in place": lambda: exec("x[0] += 1", {"x": t(3)}),
    "no such attribute": lambda: t(3).nosuch,
    "GradientTape": lambda: cr.GradientTape,
    "no_grad": lambda: cr.no_grad,
    "array": lambda: cr.array([1.0]),
    "jit": lambda: cr.jit,
    "no such name": lambda: cr.nosuch,
    "truth of many": lambda: bool(t(3)),
    # absent names
    "LSTM": lambda: layers.LSTM,
    "MultiHeadAttention": lambda: layers.MultiHeadAttention,
    "StringLookup": lambda: layers.StringLookup,
    "RandomHue": lambda: layers.RandomHue,
    "ops.fft": lambda: ops.fft,
    "FeatureSpace": lambda: cr.utils.FeatureSpace,
    "OrbaxCheckpoint": lambda: cr.callbacks.OrbaxCheckpoint,
    "ModelParallel": lambda: cr.distribution.ModelParallel,
    "no such layer": lambda: layers.Dence,
    # layers
    "Dense axes": lambda: Dense(3, name="d")(t(4)),
    "Dense columns": lambda: plain()(t(2, 5)),
    "Dense units": lambda: Dense(-1),
    "Dense word": lambda: Dense("3"),
    "Conv2D axes": lambda: layers.Conv2D(2, 3, name="c")(t(2, 5)),
    "Conv2D size": lambda: layers.Conv2D(2, 7)(t(1, 5, 5, 1)),
    "Conv2D groups": lambda: layers.Conv2D(3, 3, groups=2)(t(1, 5, 5, 4)),
    "Conv2D padding": lambda: layers.Conv2D(3, 3, padding="some"),
    "Conv1D causal": lambda: layers.Conv2D(3, 3, padding="causal"),
    "Conv2DTranspose": lambda: layers.Conv2DTranspose(3, 3)(t(2, 5, 5)),
    "DepthwiseConv2D": lambda: layers.DepthwiseConv2D(9)(t(1, 5, 5, 2)),
    "MaxPooling2D": lambda: layers.MaxPooling2D(6)(t(1, 5, 5, 2)),
    "GlobalAveragePooling1D": lambda: layers.GlobalAveragePooling1D()(t(2, 3)),
    "BatchNormalization": lambda: layers.BatchNormalization(axis=4)(t(2, 3)),
    "GroupNormalization": lambda: layers.GroupNormalization(2)(t(2, 3)),
    "Embedding": lambda: layers.Embedding(3, 2)(cr.tensor([5])),
    "Embedding floats": lambda: layers.Embedding(3, 2)(t(2)),
    "Concatenate": lambda: layers.Concatenate(axis=1)([t(2, 3), t(3, 4)]),
    "Add": lambda: layers.Add()([t(2, 3), t(2, 4)]),
    "Add one": lambda: layers.Add()(t(2, 3)),
    "Dot": lambda: layers.Dot(axes=1)([t(2, 3), t(2, 4)]),
    "Reshape": lambda: layers.Reshape((5,))(t(2, 4)),
    "Permute": lambda: layers.Permute((1, 3))(t(2, 3, 4)),
    "Cropping2D": lambda: layers.Cropping2D(3)(t(1, 5, 5, 1)),
    "UpSampling2D": lambda: layers.UpSampling2D(interpolation="cubical"),
    "Dropout": lambda: layers.Dropout(1.5),
    "Activation": lambda: layers.Activation("reluu"),
    "Discretization": lambda: layers.Discretization(),
    "CategoryEncoding": lambda: layers.CategoryEncoding(num_tokens=2)(cr.tensor([5])),
    "RoIAlign": lambda: layers.RoIAlign(2)(t(1, 5, 5, 1)),
    "initializer": lambda: Dense(3, kernel_initializer="glorot"),
    "regularizer": lambda: Dense(3, kernel_regularizer="l3"),
    "constraint": lambda: Dense(3, kernel_constraint="unit"),
    "unknown argument": lambda: Dense(3, activations="relu"),
    "Input": lambda: Input(),
    "no call": lambda: layers.Layer()(t(2)),
    "weights": lambda: plain().set_weights([np.zeros((4, 1))]),
    "weight shape": lambda: plain().set_weights([np.zeros((3, 1)), np.zeros(1)]),
    # models
    "functional": lambda: layers.Conv2D(2, 3, name="odd")(Dense(3, name="first")(Input((4,), name="start"))),
    "layer twice": lambda: Sequential([Dense(2, name="a"), Dense(3, name="a")]),
    "function in a model": lambda: Sequential([Dense(2), lambda x: x]),
    "Input in the middle": lambda: Sequential([Dense(2), Input((3,))]),
    "no way": lambda: cr.Model(Input((3,)), Dense(2)(Input((3,)))),
    "empty": lambda: Sequential()(X),
    "get_layer": lambda: plain().get_layer("nosuch"),
    # compile and fit
    "not compiled": lambda: plain().fit(X, Y),
    "optimizer": lambda: mlp().compile("adamm", "mse"),
    "optimizer kind": lambda: mlp().compile(3, "mse"),
    "loss": lambda: mlp().compile("adam", "msee"),
    "metric": lambda: mlp(metrics=["acc"]).fit(X, Y, verbose=0),
    "metric name": lambda: mlp(metrics=["accuracyy"]).fit(X, Y, verbose=0),
    "engine": lambda: mlp(engine="torch"),
    "losses of outputs": lambda: mlp(loss=["mse", "mse"]).fit(X, Y, verbose=0),
    "rows": lambda: mlp().fit(X, Y[:-1], verbose=0),
    "batch size": lambda: mlp().fit(X, Y, batch_size=0),
    "epochs": lambda: mlp().fit(X, Y, epochs=-1),
    "validation split": lambda: mlp().fit(X, Y, validation_split=1.5),
    "validation data": lambda: mlp().fit(X, Y, validation_data=X),
    "no targets": lambda: mlp().fit(X),
    "no data": lambda: mlp().fit(X[:0], Y[:0], verbose=0),
    "class weight": lambda: mlp().fit(X, Y, class_weight={0: 1.0}, verbose=0),
    "callbacks": lambda: mlp().fit(X, Y, callbacks=[3], verbose=0),
    "words as data": lambda: mlp().fit(np.array([["a"] * 4] * 3), Y[:3], verbose=0),
    "columns": lambda: mlp().fit(X[:, :3], Y, verbose=0),
    "channels first": lambda: cnn((8, 8, 3)).fit(np.zeros((8, 3, 8, 8)), LABELS[:8], verbose=0),
    "nan": lambda: mlp().fit(np.where(X > 2, np.nan, X), Y, verbose=0),
    "predict": lambda: mlp().predict(X[:, :3], verbose=0),
    "broadcast targets": lambda: losses.MeanSquaredError()(t(4, 1), t(4, 3)),
    "labels beyond": lambda: mlp(2, "softmax", "sparse_categorical_crossentropy").fit(X, LABELS, verbose=0),
    "early stopping": lambda: mlp().fit(X, Y, callbacks=[cr.callbacks.EarlyStopping("val_loss")], verbose=0),
    "diverges": lambda: _diverging().fit(X * 1e3, Y, epochs=30, verbose=0).history["loss"][:2],
    # other objects
    "learning rate": lambda: optimizers.SGD(-1.0),
    "momentum": lambda: optimizers.SGD(0.1, momentum=2.0),
    "two clips": lambda: optimizers.SGD(0.1, clipnorm=1.0, clipvalue=1.0),
    "schedule": lambda: optimizers.schedules.PiecewiseConstantDecay([1], [0.1]),
    "top k": lambda: metrics.TopKCategoricalAccuracy(k=5)(ONE_HOT, ONE_HOT),
    "threshold": lambda: metrics.Precision(thresholds=1.5),
    "reduction": lambda: losses.MeanSquaredError(reduction="mean"),
    "policy": lambda: cr.config.set_dtype_policy("float7"),
    "floatx": lambda: cr.set_floatx("float128"),
    "language": lambda: cr.set_language("xx"),
    "seed": lambda: cr.set_random_seed(-1),
    "scope": lambda: cr.scope(""),
    "how": lambda: cr.how("softmax", sizes=3),
    "look": lambda: cr.look(None),
    "regions": lambda: cr.regions(np.eye(6), (5, 5, 2, 2)),
    "slide": lambda: cr.slide(Dense(3), np.eye(4)),
    "data set": lambda: cr.datasets.nosuch,
    # files
    "save as h5": lambda: plain().save("m.h5"),
    "save as keras": lambda: plain().save("m.keras"),
    "save as pickle": lambda: plain().save("m.pkl"),
    "no file": lambda: load_model("none.chainrule"),
    "no zip": lambda: load_model(bad_file("bad.chainrule", b"no zip at all")),
    "cut off": lambda: load_model(cut("cut.chainrule")),
    "weights' name": lambda: plain().save_weights("m.h5"),
    "weights' bytes": lambda: load_weights(plain(), bad_file("bad.safetensors", b"\x05" * 30)),
    "others' weights": lambda: (mlp().save_weights("w.safetensors"), load_weights(plain(), "w.safetensors")),
    "checkpoint": lambda: load_checkpoint(mlp(), bad_file("bad.ckpt", b"abc")),
    "picture's name": lambda: cr.price(ops.tanh, (3,)).save("p.pdf"),
}


def _diverging() -> Any:
    model = mlp()
    model.compile(optimizers.SGD(10.0), "mse")
    return model


sparse, binary = losses.SparseCategoricalCrossentropy, losses.BinaryCrossentropy
LINT: dict[str, tuple[Callable[[], Any], Any, Any]] = {
    "sound": (lambda: mlp(3, "softmax", "sparse_categorical_crossentropy"), X, LABELS),
    "image size": (lambda: cnn((16, 16, 1)), IMAGES, LABELS),
    "channels first": (lambda: cnn((8, 8, 3)), np.zeros((48, 3, 8, 8), "float32"), LABELS),
    "no channel axis": (lambda: cnn((8, 8, 3)), IMAGES[..., 0], LABELS),
    "one-hot with sparse": (lambda: mlp(3, "softmax", "sparse_categorical_crossentropy"), X, ONE_HOT),
    "sparse with categorical": (lambda: mlp(3, "softmax", "categorical_crossentropy"), X, LABELS),
    "flat targets": (lambda: mlp(3), X, Y[:, 0]),
    "too few outputs": (lambda: mlp(2, "softmax", sparse()), X, LABELS),
    "labels from 1": (lambda: mlp(3, "softmax", sparse()), X, LABELS + 1),
    "labels -1 and 1": (lambda: mlp(1, "sigmoid", "binary_crossentropy"), X, 2 * YES - 1),
    "nan in x": (lambda: mlp(), np.where(X > 1.5, np.nan, X), Y),
    "softmax and logits": (lambda: mlp(3, "softmax", sparse(from_logits=True)), X, LABELS),
    "sigmoid and logits": (lambda: mlp(1, "sigmoid", binary(from_logits=True)), X, YES),
    "logits and binary": (lambda: mlp(1, None, "binary_crossentropy"), X, YES),
    "logits and sparse": (lambda: mlp(3, None, sparse()), X, LABELS),
    "softmax of one": (lambda: mlp(1, "softmax"), X, YES),
    "softmax and binary": (lambda: mlp(3, "softmax", "binary_crossentropy"), X, ONE_HOT),
    "spare outputs": (lambda: mlp(100, "softmax", sparse()), X, LABELS),
    "pixels": (lambda: cnn(), (IMAGES * 255).astype("uint8"), LABELS),
    "columns of other scale": (lambda: mlp(), X * np.array([1, 1, 1e5, 0.1]), Y),
    "constant targets": (lambda: mlp(), X, np.ones(48)),
    "accuracy of numbers": (lambda: mlp(metrics=["accuracy"]), X, Y),
}


def record(out: Out) -> None:
    with out.lines("errors.txt") as put:
        for name, make in ERRORS.items():
            cr.set_random_seed(0)
            put(f"== {name}\n{caught(make)}\n")
    with out.lines("lint.txt") as put:
        for name, (make, x, y) in LINT.items():
            cr.set_random_seed(0)
            put(f"== {name}\n{caught(_found, make, x, y)}\n")
            put(f"== {name}, fitted\n{caught(_fitted, make, x, y)}\n")
    with out.lines("pictures.txt") as put:
        for name in ("functional", "Dense columns", "Add"):
            for language in ("en", "ko"):
                put(f"== {name}\n{caught(_picture, ERRORS[name], language)}\n")


def _found(make: Callable[[], Any], x: Any, y: Any) -> str:
    return str(make().lint(x, y))


def _fitted(make: Callable[[], Any], x: Any, y: Any) -> str:
    return str(make().fit(x, y, epochs=2, verbose=0).history.keys())


def _picture(make: Callable[[], Any], language: str) -> str:
    try:
        make()
    except cr.ChainruleError as error:
        return error.to_svg(language)
    return "no error"
