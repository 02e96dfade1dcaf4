"""``chainrule train FILE.csv --target COLUMN``, and ``chainrule predict`` on such a table."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

import numpy as np

from .. import layers
from ..callbacks import EarlyStopping
from ..core.errors import ValueProblem
from ..core.messages import LazyMessage
from ..core.terminal import echo
from ..draw.locale import translator
from ..models import Sequential
from ..ops.random import set_random_seed
from ..utils.table import MISSING, Encoder, parse_number, read_csv
from .report import Run, confusion_table

ACCURACY = "accuracy on the test rows: {accuracy:.4f}; always {name!r}: {baseline:.4f}"
MEASURES = (
    "on the test rows: R² {r2:.4f}, mean absolute error {mae:.4g} (always the mean: {baseline:.4g}), RMSE {rmse:.4g}"
)


def train(args: argparse.Namespace) -> int:
    """Train a small network on a CSV table; print how each column is encoded and how good the predictions are."""
    table = read_csv(args.dataset)
    if args.target is None or args.target not in table:
        passed = f"--target {args.target}" if args.target else "no --target"
        raise ValueProblem(passed, f"one of the columns {', '.join(table)}", f"e.g. --target {list(table)[-1]}")
    run = Run(os.path.splitext(os.path.basename(args.dataset))[0], args.plot, args.out)
    set_random_seed(args.seed)
    labelled = _rows_with_target(table, args.target)
    target = _Target(labelled[args.target], args.target, args.task)
    rows = len(target.values)
    if rows < 20:
        raise ValueProblem(f"{rows} rows with a target", "20 or more", "gather more data")
    order = np.random.default_rng(args.seed).permutation(rows)
    cut = max(1, round(0.2 * rows))
    test_rows, train_rows = order[:cut], order[cut:]
    names = [n for n in labelled if n != args.target]
    encoder = Encoder.fit({n: [labelled[n][i] for i in train_rows] for n in names}, names)
    x, y = encoder.encode(labelled), target.encode(train_rows)
    translate = translator()
    counts = {"rows": rows, "train": len(train_rows), "test": len(test_rows)}
    echo(translate("{rows} rows, {train} to train on, {test} to test on", **counts))
    if rows < len(table[args.target]):
        echo(translate("{count} rows without a target are left out", count=len(table[args.target]) - rows))
    for line in encoder.descriptions:
        echo(f"  {translate.name(line)}")
    echo(translate("task: {task}", task=translate.name(target.description)) + "\n")
    model = _network(encoder.width, target)
    model.notes = {"columns": encoder.columns, "target": target.config}
    most = args.epochs or 300
    options = {
        "batch_size": args.batch, "epochs": most, "validation_split": 0.15,
        "callbacks": [EarlyStopping(patience=20, restore_best_weights=True, start_from_epoch=10)],
        "verbose": 1 if sys.stdout.isatty() else 2 if most <= 20 else 0,
    }  # fmt: skip
    history = run.fit(model, x[train_rows], y[train_rows], **options)
    epochs = len(history.get("loss", []))
    stopped = not run.interrupted and epochs < most
    note = translate(": no better for 20, the best weights kept") if stopped else ""
    echo(translate("{count} epochs in {seconds:.1f} s", count=epochs, seconds=run.seconds) + note)
    target.report(model.predict(x[test_rows], verbose=0), test_rows, train_rows)
    return run.finish(model, history, "accuracy" if target.classes else "mae")


def _rows_with_target(table: dict[str, list[str]], target: str) -> dict[str, list[str]]:
    """Return the table without the rows whose target is missing."""
    rows = [i for i, cell in enumerate(table[target]) if cell.lower() not in MISSING]
    return {name: [cells[i] for i in rows] for name, cells in table.items()}


class _Target:
    """The column to predict: classes, or a number, which is standardized for training."""

    def __init__(self, cells: list[str], name: str, task: str | None) -> None:
        self.cells, self.name = cells, name
        values = [parse_number(c) for c in cells]
        has_words = any(v is None or v != v for v in values)
        distinct = sorted(set(cells))
        if task == "regression" and has_words:
            raise ValueProblem(f"--task regression for {name!r}, which holds words", "numbers", "leave --task out")
        is_integer = not has_words and all(float(v or 0).is_integer() for v in values)
        is_few = is_integer and len(distinct) <= min(20, max(2, len(cells) // 10))
        is_classes = has_words or task == "classification" or (is_few and task is None)
        self.classes: list[str] = distinct if is_classes else []
        if self.classes and (len(self.classes) < 2 or len(self.classes) > len(cells) // 2):
            passed = f"{len(self.classes)} classes in {name!r} for {len(cells)} rows"
            raise ValueProblem(passed, "a few classes", "choose another target")
        kinds = LazyMessage("{count} different whole numbers", count=len(distinct))
        kinds = LazyMessage("words") if has_words else kinds if is_integer else LazyMessage("numbers")
        holds = LazyMessage("{name} holds {values}", name=name, values=kinds)
        task_name = LazyMessage("classification" if self.classes else "regression")
        self.description = LazyMessage("{task}: {reason}", task=task_name, reason=holds)
        if task:
            self.description = LazyMessage("{task} (chosen by --task)", task=self.description)
        numbers = [float(v) for v in values if v is not None]
        self.values: Any = [distinct.index(c) for c in cells] if self.classes else numbers
        self.config: dict[str, Any] = {"name": name}

    def encode(self, train_rows: Any) -> Any:
        """Return the targets as class indices, or as numbers standardized by the training rows."""
        values: Any = np.array(self.values, np.int32 if self.classes else np.float64)
        self.values = values
        if self.classes:
            self.config["classes"] = self.classes
            return values
        mean, deviation = float(values[train_rows].mean()), float(values[train_rows].std()) or 1.0
        self.config.update(mean=mean, deviation=deviation)
        return ((values - mean) / deviation).astype(np.float32)

    def report(self, outputs: Any, test_rows: Any, train_rows: Any) -> None:
        """Print how good the predictions on the test rows are, compared with a constant prediction."""
        translate = translator()
        truth: Any = self.values[test_rows]
        if self.classes:
            most_frequent = np.bincount(self.values[train_rows]).argmax()
            predicted = outputs.argmax(-1)
            values = {"name": self.classes[most_frequent], "baseline": (truth == most_frequent).mean()}
            echo(translate(ACCURACY, accuracy=(predicted == truth).mean(), **values))
            echo(confusion_table(truth, predicted, self.classes))
            return
        numbers: Any = outputs[:, 0].astype(np.float64) * self.config["deviation"] + self.config["mean"]
        error: Any = numbers - truth
        total = ((truth - truth.mean()) ** 2).sum()
        baseline = np.abs(self.values[train_rows].mean() - truth).mean()
        values = {"r2": 1 - (error**2).sum() / total if total else float("nan"), "mae": np.abs(error).mean()}
        echo(translate(MEASURES, baseline=baseline, rmse=np.sqrt((error**2).mean()), **values))


def _network(width: int, target: _Target) -> Any:
    classes = len(target.classes)
    body = [layers.Input((width,)), layers.Dense(64, "relu"), layers.Dropout(0.1), layers.Dense(32, "relu")]
    head = layers.Dense(classes, "softmax") if classes else layers.Dense(1)
    model = Sequential([*body, head], name="table")
    if classes:
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    else:
        model.compile("adam", "mse", metrics=["mae"])
    return model
