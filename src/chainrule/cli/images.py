"""``chainrule train mnist --model cnn``: classification of images."""

from __future__ import annotations

import argparse
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from .. import layers
from ..core.errors import ShapeError
from ..core.terminal import echo
from ..draw.locale import translator
from ..models import Sequential
from ..ops.random import set_random_seed
from .report import Run, confusion_table


def train(args: argparse.Namespace) -> int:
    """Train the chosen model; print its accuracy and confusion matrix on the test images; return the exit status."""
    kind = args.model or "cnn"
    run = Run(f"{args.dataset}-{kind}", args.plot, args.out)
    set_random_seed(args.seed)
    (x, y), (x_test, y_test) = import_module(f"chainrule.datasets.{args.dataset}").load_data()
    x, x_test = (_as_images(a) for a in (x, x_test))
    y, y_test = (np.asarray(a).reshape(-1).astype(np.int32) for a in (y, y_test))
    if args.examples:
        x, y = x[: args.examples], y[: args.examples]
    classes = int(max(y.max(), y_test.max())) + 1
    size = "×".join(map(str, x.shape[1:]))
    translate = translator()
    counts = {"train": len(x), "test": len(x_test), "size": size, "classes": classes}
    echo(translate("{train:,} images of {size} to train on, {test:,} to test on, {classes} classes", **counts))
    model = build(kind, x.shape[1:], classes, float(x.max()))
    model.summary()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    validation_split = 0.1 if len(x) >= 50 else 0.0
    history = run.fit(model, x, y, batch_size=args.batch, epochs=args.epochs or 5, validation_split=validation_split)
    predicted = model.predict(x_test, batch_size=256, verbose=0).argmax(-1)
    values = {"seconds": run.seconds, "accuracy": (predicted == y_test).mean()}
    echo("\n" + translate("{seconds:.1f} s of training; accuracy on the test images: {accuracy:.4f}", **values))
    echo(confusion_table(y_test, predicted, [str(i) for i in range(classes)]))
    return run.finish(model, history, "accuracy")


def _as_images(x: Any) -> Any:
    x = np.asarray(x)
    return x[..., None] if x.ndim == 3 else x


def build(kind: str, shape: Any, classes: int, max_value: float) -> Any:
    """Return the model by its name on the command line, for images with entries up to `max_value`."""
    scale = layers.Rescaling(1.0 / max(max_value, 1.0))
    head = layers.Dense(classes, activation="softmax")
    pixels = min(shape[:2])
    conv, dense, pool = partial(layers.Conv2D, padding="same", activation="relu"), layers.Dense, layers.MaxPooling2D
    body: list[Any]
    if kind == "mlp":
        body = [layers.Flatten(), dense(256, "relu"), layers.Dropout(0.2), dense(128, "relu")]
    elif kind == "cnn":
        body = [conv(32, 3), pool(), conv(64, 3), pool(), layers.Flatten(), layers.Dropout(0.4), dense(128, "relu")]
    elif kind == "lenet":
        if pixels < 28:
            raise ShapeError(f"images of {pixels} pixels for LeNet-5", "28 or more", "use --model cnn")
        conv, mean = partial(layers.Conv2D, activation="tanh"), partial(layers.AveragePooling2D, 2)
        body = [layers.ZeroPadding2D(2) if pixels < 32 else layers.Identity()]
        body += [conv(6, 5), mean(), conv(16, 5), mean(), layers.Flatten(), dense(120, "tanh"), dense(84, "tanh")]
    else:
        body = [conv(32, 3), pool(), layers.InceptionBlock(16, 16, 24, 4, 8, 8), pool()]
        body += [layers.InceptionBlock(32, 32, 48, 8, 16, 16), layers.GlobalAveragePooling2D(), layers.Dropout(0.2)]
    return Sequential([layers.Input(shape), scale, *body, head], name=kind)
