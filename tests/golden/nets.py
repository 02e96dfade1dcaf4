"""Small compiled models, and data for them: most layers, and the three ways to a model."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from chainrule import layers, ops


@cr.saving.register_keras_serializable("golden")
def doubled(x: Any) -> Any:
    """A function that files may name."""
    return 2 * x


@cr.saving.register_keras_serializable("golden")
class Scaled(layers.Layer):
    """A layer of a user's own."""

    def __init__(self, first: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = first

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
        self.seen = self.add_weight((), "zeros", dtype="int32", trainable=False, name="seen")

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self.seen.assign_add(1)
        return inputs * self.factor * self.first


@cr.saving.register_keras_serializable("golden")
class Subclassed(cr.Model):
    """A model of a user's own."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.blocks = [layers.Dense(units, activation="tanh"), layers.Dense(units + 1)]
        self.by_name = {"out": layers.Dense(2), "drop": layers.Dropout(0.2)}

    def call(self, inputs: Any, training: bool = False) -> Any:
        x = inputs
        for block in self.blocks:
            x = block(x)
        return self.by_name["out"](self.by_name["drop"](x, training=training))


def mlp() -> Any:
    model = cr.Sequential(
        [
            layers.Input((4,)),
            layers.Normalization(mean=[0.0, 1.0, 2.0, 3.0], variance=[1.0, 2.0, 3.0, 4.0]),
            layers.Dense(5, "relu", kernel_regularizer="l2"),
            Scaled(0.5),
            layers.Dense(2, kernel_constraint="unit_norm"),
        ],
        name="mlp",
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def cnn() -> Any:
    model = cr.Sequential(
        [
            layers.Input((12, 12, 2)),
            layers.Rescaling(0.5, offset=0.1),
            layers.Conv2D(8, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(6, 3, activation="gelu"),
            layers.DepthwiseConv2D(2, padding="same"),
            layers.Conv2DTranspose(4, 2, strides=2),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        name="cnn",
    )
    model.compile(cr.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def normalised() -> Any:
    model = cr.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.RandomFlip(seed=1),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.SpatialDropout2D(0.2, seed=2),
            layers.GroupNormalization(2),
            layers.LayerNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.GaussianNoise(0.1, seed=3),
            layers.Dropout(0.3, seed=4),
            layers.Dense(3),
        ],
        name="normalised",
    )
    loss = cr.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(cr.optimizers.AdamW(cr.optimizers.schedules.CosineDecay(0.01, 20)), loss, metrics=["accuracy"])
    return model


def branches() -> Any:
    """A layer called twice, operations between layers, constants, a model within."""
    x = cr.Input((4,), name="x")
    shared = layers.Dense(4, kernel_initializer="he_uniform", name="shared")
    inner = cr.Sequential([layers.Input((4,)), layers.Dense(3, "sigmoid"), layers.PReLU()], name="inner")
    table = np.arange(16, dtype="float32").reshape(4, 4) / 64
    a = shared(shared(x)) * 2.0 + ops.sin(x) @ table
    b = layers.Concatenate()([inner(a), 1 - x[:, :2], ops.reshape(ops.sum(a, axis=1), (-1, 1))])
    c = layers.Add()([layers.Dense(6)(b), layers.Lambda(doubled)(b)])
    model = cr.Model(x, layers.Dense(2, name="end")(c), name="branches")
    model.compile(cr.optimizers.RMSprop(0.01, clipnorm=1.0), "huber", metrics=["mse"])
    return model


def words() -> Any:
    model = cr.Sequential(
        [
            layers.Input((6,), dtype="int32"),
            layers.Embedding(7, 4, mask_zero=True),
            layers.Conv1D(5, 2, padding="causal", activation="tanh"),
            layers.MaxPooling1D(2),
            layers.GlobalMaxPooling1D(),
            layers.UnitNormalization(),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="words",
    )
    model.compile("lamb", "binary_crossentropy", metrics=["accuracy", cr.metrics.AUC(num_thresholds=20)])
    return model


def subclassed() -> Any:
    model = Subclassed(3, name="subclassed")
    model(np.zeros((2, 4), "float32"))
    model.compile("nadam", cr.losses.LogCosh(), metrics=[cr.metrics.R2Score()])
    return model


NETS = {f.__name__: f for f in (mlp, cnn, normalised, branches, words, subclassed)}


def data_of(model: Any, rows: int = 24) -> tuple[Any, Any]:
    """Inputs and targets that fit."""
    rng = np.random.default_rng(5)
    if model.name == "words":
        return rng.integers(0, 7, (rows, 6)).astype("int32"), rng.integers(0, 2, (rows, 1)).astype("float32")
    shape = {"cnn": (12, 12, 2), "normalised": (8, 8, 3)}.get(model.name, (4,))
    x = rng.normal(size=(rows, *shape)).astype("float32")
    if len(shape) == 3:
        return x, rng.integers(0, 3, rows).astype("int32")
    return x, rng.normal(size=(rows, 2)).astype("float32")
