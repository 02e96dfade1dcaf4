"""``chainrule train FILE.csv --target COLUMN``, and ``chainrule predict`` on such a table."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any


def learn(args: argparse.Namespace) -> int:
    """Train a small network on a user's own table; say what was done with each column, and how good it is."""
    import numpy as np

    from ..callbacks import EarlyStopping
    from ..core.errors import ValueProblem
    from ..ops.random import set_random_seed
    from ..utils.table import Encoder, read_csv
    from .report import Run

    table = read_csv(args.dataset)
    if args.target is None or args.target not in table:
        raise ValueProblem(
            f"--target {args.target}" if args.target else "no --target",
            f"one of the columns {', '.join(table)}",
            f"e.g. --target {list(table)[-1]}",
        )
    run = Run(os.path.splitext(os.path.basename(args.dataset))[0], args.plot, args.out)
    set_random_seed(args.seed)
    kept = _with_target(table, args.target)
    target = _Target(kept[args.target], args.target, args.task)
    rows = len(target.values)
    if rows < 20:
        raise ValueProblem(f"{rows} rows with a target", "20 or more", "gather more data")
    order = np.random.default_rng(args.seed).permutation(rows)
    cut = max(1, round(0.2 * rows))
    test, train = order[:cut], order[cut:]
    names = [n for n in kept if n != args.target]
    encoder = Encoder.fit({n: [kept[n][i] for i in train] for n in names}, names)
    x, y = encoder.encode(kept), target.settle(train)
    print(f"{rows} rows, {len(train)} to learn from, {len(test)} to test on")
    if rows < len(table[args.target]):
        print(f"{len(table[args.target]) - rows} rows without a target are left out")
    for line in encoder.said:
        print(f"  {line}")
    print(f"task: {target.why}\n")
    model = _network(encoder.width, target)
    model.notes = {"columns": encoder.columns, "target": target.config}
    stop = EarlyStopping(patience=20, restore_best_weights=True, start_from_epoch=10)
    history = run.fit(
        model,
        x[train],
        y[train],
        batch_size=args.batch,
        epochs=args.epochs or 300,
        validation_split=0.15,
        callbacks=[stop],
        verbose=2 if not sys.stdout.isatty() and (args.epochs or 300) <= 20 else int(sys.stdout.isatty()),
    )
    epochs = len(history.get("loss", []))
    early = "" if run.interrupted or epochs == (args.epochs or 300) else ": no better for 20, the best weights kept"
    print(f"{epochs} epochs in {run.seconds:.1f} s{early}")
    target.report(model.predict(x[test], verbose=0), test, train)
    return run.finish(model, history, "accuracy" if target.classes else "mae")


def _with_target(table: dict[str, list[str]], target: str) -> dict[str, list[str]]:
    from ..utils.table import MISSING

    kept = [i for i, cell in enumerate(table[target]) if cell.lower() not in MISSING]
    return {name: [cells[i] for i in kept] for name, cells in table.items()}


class _Target:
    """What is predicted: classes, or a number brought to mean 0 and deviation 1 while it is learnt."""

    def __init__(self, cells: list[str], name: str, task: str | None) -> None:
        from ..core.errors import ValueProblem
        from ..utils.table import number

        self.cells, self.name = cells, name
        values = [number(c) for c in cells]
        words = any(v is None or v != v for v in values)
        different = sorted(set(cells))
        if task == "regression" and words:
            raise ValueProblem(f"--task regression for {name!r}, which holds words", "numbers", "leave --task out")
        whole = not words and all(float(v or 0).is_integer() for v in values)
        few = whole and len(different) <= min(20, max(2, len(cells) // 10))
        self.classes: list[str] = different if words or task == "classification" or (few and task is None) else []
        if self.classes and (len(self.classes) < 2 or len(self.classes) > len(cells) // 2):
            raise ValueProblem(
                f"{len(self.classes)} classes in {name!r} for {len(cells)} rows",
                "a few classes",
                "choose another target",
            )
        what = "words" if words else f"{len(different)} different whole numbers" if whole else "numbers"
        kind = "classification" if self.classes else "regression"
        self.why = f"{kind}: {name} holds {what}" + (" (as --task says)" if task else "")
        self.values: Any = (
            [different.index(c) for c in cells] if self.classes else [float(v) for v in values if v is not None]
        )
        self.config: dict[str, Any] = {"name": name}

    def settle(self, train: Any) -> Any:
        """The targets as numbers, scaled by the training rows."""
        import numpy as np

        values: Any = np.array(self.values, np.int32 if self.classes else np.float64)
        self.values = values
        if self.classes:
            self.config["classes"] = self.classes
            return values
        mean, deviation = float(values[train].mean()), float(values[train].std()) or 1.0
        self.config.update(mean=mean, deviation=deviation)
        return ((values - mean) / deviation).astype(np.float32)

    def report(self, found: Any, test: Any, train: Any) -> None:
        """How good the predictions are, beside the simplest guess."""
        import numpy as np

        from .report import confusion

        truth: Any = self.values[test]
        if self.classes:
            guess = np.bincount(self.values[train]).argmax()
            chosen = found.argmax(-1)
            print(f"right on the test rows: {(chosen == truth).mean():.4f}; always {self.classes[guess]!r}: "
                  f"{(truth == guess).mean():.4f}")  # fmt: skip
            print(confusion(truth, chosen, self.classes))
            return
        numbers: Any = found[:, 0].astype(np.float64) * self.config["deviation"] + self.config["mean"]
        gap: Any = numbers - truth
        spread = ((truth - truth.mean()) ** 2).sum()
        plain = np.abs(self.values[train].mean() - truth).mean()
        print(
            f"on the test rows: R² {1 - (gap**2).sum() / spread if spread else float('nan'):.4f}, mean absolute error "
            f"{np.abs(gap).mean():.4g} (always the mean: {plain:.4g}), RMSE {np.sqrt((gap**2).mean()):.4g}"
        )


def _network(width: int, target: _Target) -> Any:
    from .. import layers
    from ..models import Sequential

    classes = len(target.classes)
    model = Sequential(
        [
            layers.Input((width,)),
            layers.Dense(64, "relu"),
            layers.Dropout(0.1),
            layers.Dense(32, "relu"),
            layers.Dense(classes, "softmax") if classes else layers.Dense(1),
        ],
        name="table",
    )
    if classes:
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    else:
        model.compile("adam", "mse", metrics=["mae"])
    return model
