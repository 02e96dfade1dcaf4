"""``chainrule train boston``: house prices from a perceptron, by gradient descent and least squares."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from typing import Any

import numpy as np

from ... import ops
from ...core.messages import LazyMessage
from ...core.terminal import echo, redraw
from ...datasets.boston import COLUMNS, load
from ...draw.curves import Line, Panel
from ...draw.locale import translator
from ...draw.text import display_width, pad
from ...graph import SourceInfo, source_info_scope
from ...tensors.convert import tensor
from ...tensors.variable import Variable
from ...transforms.differentiate import gradients
from ..pictures import check_picture, write_curves
from .perceptron import Perceptron, least_squares, split

METHODS = ("full-batch", "stochastic", "mini-batch")
METHOD_NAMES = {
    "full-batch": LazyMessage("full-batch"), "stochastic": LazyMessage("stochastic"),
    "mini-batch": LazyMessage("mini-batch"),
}  # fmt: skip
DONE = "{name}: {outcome} after {epochs} epochs, {seconds:.2f} s, MSE {cost:.6g}"
TITLE = "== a perceptron on {title}: {train} houses to train on, {test} to test on =="
LOSS = "loss, of one house: (predicted {predicted:.7g} - actual {actual:.7g})^2 = {loss:.6g}"
COST = "cost, of all {count}: the mean of their losses, MSE = RSS / n = {rss:.2f} / {count} = {mse:.4f}"
UPDATE = "== one update, number by number: the first {rows} houses, weights at 0, learning rate {rate} =="


def train(args: argparse.Namespace) -> int:
    """Train by each method on the chosen columns, print and draw the results, and return the exit status."""
    if args.activation == "step":
        from .threshold import threshold_perceptrons

        return threshold_perceptrons(args.seed)
    groups = [("RM", "LSTAT"), COLUMNS]
    if args.columns is not None:
        groups = [tuple(n.strip() for n in args.columns.split(",") if n.strip())]
    tables = [load(columns, args.csv) for columns in groups]  # all of them first, so that errors come before the work
    picture = "chainrule-boston.svg" if args.plot is None else args.plot
    if picture:
        check_picture(picture)
    panels: list[Any] = []
    status = 0
    for table in tables:
        if status == 0:
            status = _train_on(table, args, panels)
    if picture and any(panel.lines for panel in panels):
        translate = translator()
        write_curves(picture, panels, translate("Boston housing: cost during training"))
    return status


def _train_on(table: Any, args: argparse.Namespace, panels: list[Any]) -> int:
    """Train by each method on these columns; print the table and the weights; return 130 if interrupted, else 0."""
    columns = table.columns
    train_set, test_set = split(table.x, table.y, args.seed)
    translate = translator()
    title = translate(" and ").join(columns) if len(columns) < 4 else translate("{count} columns", count=len(columns))
    title = translate("all 13 columns") if len(columns) == 13 else title
    counts = {"title": title, "train": len(train_set.y), "test": len(test_set.y)}
    echo("\n" + translate(TITLE, **counts))
    echo(translate("price = w · x + b, x standardized to mean 0 and deviation 1; prices in thousands of dollars"))
    plans = {
        "full-batch": (len(train_set.y), 0.1, args.epochs or 5000),
        "stochastic": (1, 0.001, args.epochs or 30),
        "mini-batch": (min(args.batch, len(train_set.y)), 0.01, args.epochs or 200),
    }
    exact = least_squares(train_set)
    models: dict[str, Any] = {}
    times: dict[str, float] = {}
    interrupted = False
    start = time.perf_counter()
    try:
        for name in METHODS:
            size, rate, epochs = plans[name]
            model = Perceptron(len(columns))
            bar = Progress(translate.name(METHOD_NAMES[name]), epochs)
            start = time.perf_counter()
            steps = model.fit(train_set, size, rate, epochs, args.seed)
            models[name] = model
            for epoch in steps:
                bar.show(epoch, model.costs[-1])
            times[name] = time.perf_counter() - start
            outcome = LazyMessage("diverged: the rate was too large,") if model.diverged else ""
            bar.done(len(model.costs) - 1, model.costs[-1], outcome)
    except KeyboardInterrupt:
        interrupted = True
        if models and len(times) < len(models):
            times[name] = time.perf_counter() - start
            bar.done(len(models[name].costs) - 1, models[name].costs[-1], LazyMessage("interrupted"))
    if models:
        sets = train_set, test_set
        rows = [(n, plans[n][0], m.updates, times[n], *map(m.measure, sets)) for n, m in models.items()]
        _print_results(rows, exact, train_set, test_set)
        _print_weights(columns, models, exact)
        _print_loss_and_cost(next(iter(models.values())), train_set)
        if args.explain and not interrupted:
            _explain_update(train_set, columns)
    lines = []
    for name, model in models.items():
        costs = model.costs[:41]
        lines.append(Line(f"{translate.name(METHOD_NAMES[name])} ({plans[name][0]})", range(len(costs)), costs))
    x_label, y_label = translate("epochs (passes over the houses)"), translate("MSE on the training houses")
    panels.append(Panel(title, x_label, y_label, lines))
    return 130 if interrupted else 0


def _print_results(rows: list[Any], exact: Any, train_set: Any, test_set: Any) -> None:
    translate = translator()
    heads = (translate("batch"), 6), (translate("updates"), 9), (translate("time"), 10)
    header = " " * 14 + "".join(pad(head, width, True) for head, width in heads) + " "
    echo(header + 2 * f"{'MSE':>12}{'RSS':>11}{'R²':>9} " + "  " + translate("(train, then test)"))
    for name, size, updates, seconds, on_train, on_test in rows:
        measures = f"{_format_measures(on_train)} {_format_measures(on_test)}"
        echo(f"{pad(translate.name(METHOD_NAMES[name]), 14)}{size:>6}{updates:>9,}{seconds:>9.2f}s {measures}")
    measures = f"{_format_measures(exact.measure(train_set))} {_format_measures(exact.measure(test_set))}"
    echo(f"{pad(translate('least squares'), 14)}{'':>25} {measures}")


def _format_measures(m: Any) -> str:
    if max(abs(m.mse), m.rss, abs(m.r2)) >= 1e7:
        return f" {m.mse:>11.4g} {m.rss:>10.4g} {m.r2:>8.4g}"
    return f" {m.mse:>11.4f} {m.rss:>10.1f} {m.r2:>8.4f}"


def _print_weights(columns: tuple[str, ...], models: dict[str, Any], exact: Any) -> None:
    translate = translator()
    names = {name: translate.name(METHOD_NAMES[name]) for name in models}
    heads = "".join(pad(name, 14, True) for name in names.values())
    echo(f"\n{pad(translate('weights'), 10)}{heads}{pad(translate('least squares'), 16, True)}")
    for i, name in enumerate((*columns, "b")):
        weights = "".join(f"{_format_weight(m.weights()[i]):>14}" for m in models.values())
        echo(f"{name:<10}{weights}{_format_weight(exact.weights()[i]):>16}")
    optimum = exact.weights()
    for name, m in models.items():
        error = np.abs(m.weights() - optimum).max() / (np.abs(optimum).max() or 1.0)
        echo(f"  {names[name]}: max|w - w*| / max|w*| = {error:.1e}")


def _format_weight(value: float) -> str:
    return f"{value:.6f}" if abs(value) < 1e5 else f"{value:.6g}"


def _print_loss_and_cost(model: Any, train_set: Any) -> None:
    """Print the loss, of one example, and the cost, of the whole set."""
    predicted = model.predict(train_set.x[:1]).numpy()[0]
    loss, actual = (predicted - train_set.y[0]) ** 2, train_set.y[0]
    translate = translator()
    values = {"predicted": predicted, "actual": actual, "loss": loss}
    echo("\n" + translate(LOSS, **values))
    m = model.measure(train_set)
    n = len(train_set.y)
    echo(translate(COST, count=n, rss=m.rss, mse=m.mse))


def _explain_update(train_set: Any, columns: tuple[str, ...]) -> None:
    """Print every number of one gradient descent update."""
    from ...analysis.explain import explain

    rows, rate = 3, 0.1
    w = Variable([0.0] * len(columns), dtype="float64", name="w")
    b = Variable(0.0, dtype="float64", name="b")
    translate = translator()
    echo("\n" + translate(UPDATE, rows=rows, rate=rate))
    with source_info_scope(SourceInfo("", None, 0)):  # the nodes have no source line
        predicted = tensor(train_set.x[:rows].round(3)) @ w + b
        cost = ops.mean((predicted - train_set.y[:rows]) ** 2)
    echo(explain(cost, digits=6))
    dw, db = gradients(cost, [w, b])
    echo("\n" + translate("update: new = old - rate × gradient"))
    for name, old, g in [*zip(columns, w.numpy(), dw.numpy(), strict=True), ("b", b.numpy(), db.numpy())]:
        echo(f"  {name:<8} {float(old):g} - {rate} × ({float(g):.6g}) = {float(old) - rate * float(g):.6g}")


class Progress:
    """One line that rewrites itself at most ten times a second on a terminal; four plain lines elsewhere."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total, self.translate = name, total, translator()
        self.terminal = sys.stdout.isatty()
        self.columns = min(shutil.get_terminal_size().columns, 100)
        self.start = self.last = time.perf_counter()
        self.quarter = 0

    def show(self, epoch: int, cost: float) -> None:
        """Show the epoch and the cost, if it is time to."""
        now = time.perf_counter()
        if self.terminal and now - self.last >= 0.1:
            self.last = now
            seconds_left = (now - self.start) / epoch * (self.total - epoch)
            filled = 24 * epoch // self.total
            epochs = self.translate("epoch {epoch}/{total}", epoch=epoch, total=self.total)
            left = self.translate("{seconds:.0f} s left", seconds=seconds_left)
            bar = f"[{'=' * filled}{' ' * (24 - filled)}] {epochs}"
            line = f"{pad(self.name, 12)} {bar}  MSE {cost:.4g}  {left}"
            if display_width(line) >= self.columns:
                line = f"{self.name} {epoch}/{self.total}  MSE {cost:.4g}"
            while display_width(line) >= self.columns:
                line = line[:-1]
            redraw(pad(line, self.columns - 1))
        elif not self.terminal and 4 * epoch // self.total > self.quarter and epoch < self.total:
            self.quarter = 4 * epoch // self.total
            epochs = self.translate("epoch {epoch}/{total}", epoch=epoch, total=self.total)
            echo(f"{self.name}: {epochs}, MSE {cost:.6g}", flush=True)

    def done(self, epochs: int, cost: float, outcome: str) -> None:
        """Print how the training ended: the outcome passed, else converged or done."""
        if self.terminal:
            redraw(" " * (self.columns - 1), end="\r")
        outcome = outcome or LazyMessage("converged" if epochs < self.total else "done")
        values = {"outcome": self.translate.name(outcome), "epochs": epochs, "cost": cost}
        seconds = time.perf_counter() - self.start
        echo(self.translate(DONE, name=self.name, seconds=seconds, **values), flush=True)
