"""Rosenblatt's perceptron: a step activation, whose gradient is 0, and the threshold rule instead of gradient descent.

F. Rosenblatt, "The perceptron", Psychological Review 65 (1958). The rule converges exactly when a straight line
separates the classes (Novikoff 1962); XOR has none (Minsky and Papert, 1969).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...core.terminal import echo
from ...draw.locale import translator
from ...draw.text import pad
from ...ops.random import SeedGenerator, normal
from ...tensors.convert import tensor
from ...tensors.tensor import Tensor

INTRODUCTION = """\
perceptron with a step activation: y = 1 if w · x + b ≥ 0 else 0
the gradient of the step is 0, so gradient descent does not move; the threshold rule adds (t - y) x to w instead
"""
NOT_LEARNT = "NOT LEARNT: still {errors} errors in epoch {epochs}; {correct} of {count} right with {line}"
NO_LINE = "no straight line separates XOR, so one perceptron cannot learn it; two layers can"
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
GATES = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}


def step(z: Tensor) -> Tensor:
    """Return 1 where z ≥ 0, else 0; its gradient is 0."""
    return ops.cast(z >= 0, z.dtype)


def threshold_rule(x: Any, targets: Any, epochs: int = 100, rate: float = 1.0) -> tuple[Any, float, int, int]:
    """Update w += rate (t - y) x and b += rate (t - y) for each example, until an epoch makes no error.

    Returns:
        w, b, the epochs run, and the errors of the last one (0 when it converged).

    >>> w, b, epochs, errors = threshold_rule(CORNERS, GATES["AND"])
    >>> errors
    0
    """
    x, targets = np.asarray(x, float), np.asarray(targets, float)
    w, b, errors = np.zeros(x.shape[1]), 0.0, 0
    for epoch in range(1, epochs + 1):
        errors = 0
        for row, target in zip(x, targets, strict=True):
            error = target - float(step(tensor(row) @ w + b))
            w, b = w + rate * error * row, b + rate * error
            errors += error != 0
        if not errors:
            return w, b, epoch, 0
    return w, b, epochs, errors


def two_groups(seed: int, rows: int = 40) -> tuple[Any, Any]:
    """Return points around (-2, -2) and (2, 2), which a line separates, and their targets 0 and 1."""
    stream = SeedGenerator(seed, "two groups")
    points = np.asarray(normal((rows, 2), dtype="float64", seed=stream)).clip(-1.5, 1.5)
    targets = (np.arange(rows) % 2).astype(float)
    return points + np.where(targets[:, None] > 0, 2.0, -2.0), targets


def threshold_perceptrons(seed: int) -> int:
    """Train on each set, print the results and return the exit status."""
    translate = translator()
    echo(translate(INTRODUCTION))
    sets: dict[str, tuple[Any, Any]] = {name: (CORNERS, t) for name, t in GATES.items() if name != "XOR"}
    sets[translate("two groups")] = two_groups(seed)
    sets["XOR"] = (CORNERS, GATES["XOR"])
    for name, (x, t) in sets.items():
        w, b, epochs, errors = threshold_rule(x, t)
        line = f"w = [{w[0]:.4g}, {w[1]:.4g}], b = {b:.4g}"
        if errors:
            correct = int((np.asarray(step(tensor(x) @ w + b)) == np.asarray(t)).sum())
            values = {"errors": errors, "epochs": epochs, "correct": correct, "count": len(t), "line": line}
            echo(f"{pad(name, 11)} {translate(NOT_LEARNT, **values)}")
            echo(f"{'':<11} {translate(NO_LINE)}")
        else:
            values = {"epochs": epochs, "count": len(t), "line": line}
            echo(f"{pad(name, 11)} {translate('learnt in {epochs} epochs, all {count} right: {line}', **values)}")
    return 0
