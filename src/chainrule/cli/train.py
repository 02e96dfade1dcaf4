"""``chainrule train boston``: a perceptron prices Boston's houses, three ways of descent beside least squares."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

METHODS = ("full-batch", "stochastic", "mini-batch")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", choices=["boston"], help="what to learn")
    parser.add_argument("--columns", help="such as RM,LSTAT; default: RM,LSTAT first, then all 13")
    parser.add_argument("--csv", metavar="FILE", help="a file of your own with the same columns and MEDV")
    parser.add_argument(
        "--activation",
        choices=["linear", "step"],
        default="linear",
        help="step: the threshold perceptron on AND, OR, two groups of points, and XOR",
    )
    parser.add_argument("--batch", type=int, default=32, help="houses in a mini-batch (default 32)")
    parser.add_argument(
        "--epochs", type=int, help="passes over the houses (default: full-batch 5000, stochastic 30, mini-batch 200)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the split and the order (default 0)")
    parser.add_argument("--explain", action="store_true", help="one update explained number by number")
    parser.add_argument(
        "--plot",
        metavar="FILE.svg",
        default="chainrule-boston.svg",
        help="where to draw the curves (default chainrule-boston.svg); '' for nowhere",
    )


def command(args: argparse.Namespace) -> int:
    from ..errors import ValueProblem

    for name, value in (("--batch", args.batch), ("--epochs", args.epochs)):
        if value is not None and value < 1:
            raise ValueProblem(f"{name} {value}", "a whole number from 1 up", f"e.g. {name} 32")
    if args.activation == "step":
        from .threshold import threshold_perceptrons

        return threshold_perceptrons(args.seed)
    from ..datasets.boston import COLUMNS

    if args.columns:
        groups = [tuple(n.strip() for n in args.columns.split(",") if n.strip())]
    else:
        groups = [("RM", "LSTAT"), COLUMNS]
    if args.plot and not os.path.isdir(os.path.dirname(os.path.abspath(args.plot))):
        raise ValueProblem(
            f"--plot {args.plot}, in a folder that is not there",
            "a file in an existing folder",
            "make the folder first",
        )
    panels: list[Any] = []
    status = 0
    for columns in groups:
        if status == 0:
            status = _learn(columns, args, panels)
    if args.plot and panels:
        _draw(args.plot, panels)
    return status


def _learn(columns: tuple[str, ...], args: argparse.Namespace, panels: list[Any]) -> int:
    """Train each method on these columns; print the table and the weights. 130 when interrupted."""
    from ..datasets.boston import load
    from ..draw.curves import Line, Panel
    from .perceptron import Perceptron, least_squares, split

    table = load(columns, args.csv)
    train, test = split(table.x, table.y, args.seed)
    what = (
        "all 13 columns"
        if len(columns) == 13
        else " and ".join(columns)
        if len(columns) < 4
        else f"{len(columns)} columns"
    )
    print(f"\n== a perceptron on {what}: {len(train.y)} houses to learn from, {len(test.y)} to test on ==")
    print("price = w · x + b, x scaled to mean 0 and deviation 1; prices in thousands of dollars")
    plans = {
        "full-batch": (len(train.y), 0.1, args.epochs or 5000),
        "stochastic": (1, 0.001, args.epochs or 30),
        "mini-batch": (min(args.batch, len(train.y)), 0.01, args.epochs or 200),
    }
    best = least_squares(train)
    rows, lines, models = [], [], {}
    interrupted = False
    for name in METHODS:
        size, rate, epochs = plans[name]
        model = Perceptron(len(columns))
        bar = Progress(name, epochs)
        start = time.perf_counter()
        try:
            for epoch in model.fit(train, size, rate, epochs, args.seed):
                bar.show(epoch, model.costs[-1])
        except KeyboardInterrupt:
            interrupted = True
        bar.done(len(model.costs) - 1, model.costs[-1], interrupted)
        rows.append((name, size, model.updates, time.perf_counter() - start, model.measure(train), model.measure(test)))
        lines.append(Line(f"{name} ({size})", range(len(model.costs)), model.costs))
        models[name] = model
        if interrupted:
            break
    _table(rows, best, train, test)
    if not interrupted:
        _weights(columns, models, best)
    _loss_and_cost(models[rows[0][0]], train)
    if args.explain and not interrupted:
        _explain(train, columns)
    shown = [Line(line.name, line.xs[:41], line.ys[:41]) for line in lines]
    panels.append(Panel(what, "epochs (passes over the houses)", "MSE on the training houses", shown))
    return 130 if interrupted else 0


def _table(rows: list[Any], best: Any, train: Any, test: Any) -> None:
    head = (
        f"{'':<14}{'batch':>6}{'updates':>9}{'time':>9}   {'train MSE':>10}{'RSS':>10}{'R²':>7}   "
        f"{'test MSE':>10}{'RSS':>10}{'R²':>7}"
    )
    print(head)
    for name, size, updates, seconds, a, b in rows:
        print(
            f"{name:<14}{size:>6}{updates:>9,}{seconds:>8.2f}s   {a.mse:>10.4f}{a.rss:>10.1f}{a.r2:>7.4f}   "
            f"{b.mse:>10.4f}{b.rss:>10.1f}{b.r2:>7.4f}"
        )
    a, b = best.measure(train), best.measure(test)
    print(
        f"{'least squares':<14}{'':>6}{'':>9}{'':>9}   {a.mse:>10.4f}{a.rss:>10.1f}{a.r2:>7.4f}   "
        f"{b.mse:>10.4f}{b.rss:>10.1f}{b.r2:>7.4f}"
    )


def _weights(columns: tuple[str, ...], models: dict[str, Any], best: Any) -> None:
    import numpy as np

    print(f"\n{'weights':<10}" + "".join(f"{name:>14}" for name in models) + f"{'least squares':>16}")
    for i, name in enumerate((*columns, "b")):
        print(
            f"{name:<10}" + "".join(f"{m.numbers()[i]:>14.6f}" for m in models.values()) + f"{best.numbers()[i]:>16.6f}"
        )
    exact = best.numbers()
    for name, m in models.items():
        gap = np.abs(m.numbers() - exact).max() / np.abs(exact).max()
        print(f"  {name}: max|w - w*| / max|w*| = {gap:.1e}")


def _loss_and_cost(model: Any, train: Any) -> None:
    """The loss belongs to one example, the cost to the whole set."""
    predicted = float(model.predict(train.x[:1]).numpy()[0])
    loss = (predicted - float(train.y[0])) ** 2
    print(f"\nloss, of one house: (predicted {predicted:.3f} - actual {train.y[0]:.3f})^2 = {loss:.4f}")
    m = model.measure(train)
    print(
        f"cost, of all {len(train.y)}: the mean of their losses, MSE = RSS / n = {m.rss:.2f} / {len(train.y)} "
        f"= {m.mse:.4f}"
    )


def _explain(train: Any, columns: tuple[str, ...]) -> None:
    from .. import ops
    from ..readings.differentiate import gradients
    from ..readings.explain import explain
    from ..tensor import Variable, tensor

    rows, rate = 3, 0.1
    w = Variable([0.0] * len(columns), dtype="float64", name="w")
    b = Variable(0.0, dtype="float64", name="b")
    print(f"\n== one update, number by number: the first {rows} houses, weights at 0, learning rate {rate} ==")
    predicted = tensor(train.x[:rows].round(3)) @ w + b
    cost = ops.mean((predicted - train.y[:rows]) ** 2)
    print(explain(cost, digits=6))
    dw, db = gradients(cost, [w, b])
    print("\nupdate: new = old - rate × gradient")
    for name, old, g in [*zip(columns, w.numpy(), dw.numpy(), strict=True), ("b", b.numpy(), db.numpy())]:
        print(f"  {name:<8} {float(old):g} - {rate} × ({float(g):.6g}) = {float(old) - rate * float(g):.6g}")


def _draw(path: str, panels: list[Any]) -> None:
    """Written beside and then moved, so that no half-drawn file is ever left."""
    from ..draw.curves import svg
    from ..errors import ValueProblem

    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(svg(panels, "Boston housing: cost while it is learnt"))
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise ValueProblem(f"--plot {path} ({error})", "a file that can be written", "choose another place") from None
    print(f"\ncurves drawn in {path}")


class Progress:
    """One line that rewrites itself at most ten times a second on a terminal; four plain lines elsewhere."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total = name, total
        self.terminal = sys.stdout.isatty()
        self.start = self.last = time.perf_counter()
        self.quarter = 0

    def show(self, epoch: int, cost: float) -> None:
        now = time.perf_counter()
        if self.terminal and now - self.last >= 0.1:
            self.last = now
            left = (now - self.start) / epoch * (self.total - epoch)
            filled = 24 * epoch // self.total
            print(
                f"\r{self.name:<12} [{'=' * filled}{' ' * (24 - filled)}] epoch {epoch}/{self.total}  MSE "
                f"{cost:.4f}  {left:.0f} s left ",
                end="",
                flush=True,
            )
        elif not self.terminal and 4 * epoch // self.total > self.quarter and epoch < self.total:
            self.quarter = 4 * epoch // self.total
            print(f"{self.name}: epoch {epoch}/{self.total}, MSE {cost:.4f}", flush=True)

    def done(self, epochs: int, cost: float, interrupted: bool) -> None:
        if self.terminal:
            print("\r" + " " * 90 + "\r", end="")
        how = "interrupted" if interrupted else "converged" if epochs < self.total else "done"
        print(
            f"{self.name}: {how} after {epochs} epochs, {time.perf_counter() - self.start:.2f} s, MSE {cost:.4f}",
            flush=True,
        )
