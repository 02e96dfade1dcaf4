"""The learning rates of a model's optimizers, read and set by callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ValueProblem
from .callback import Logs

if TYPE_CHECKING:
    from ..optimizers import Optimizer


def optimizers_of(model: Any) -> dict[str, Optimizer]:
    """Return the model's optimizers, those inside a composite one, by the names of their rates in `logs`."""
    optimizer = getattr(model, "optimizer", None)
    inner = getattr(optimizer, "optimizers", None)
    optimizers: dict[str, Any] = {"learning_rate": optimizer}
    if inner is not None:
        optimizers = {f"learning_rate_{o.name}": o for o in inner}
    if not all(hasattr(o, "learning_rate") for o in optimizers.values()):
        raise ValueProblem("a model whose optimizer has no learning rate", "a compiled model", "call compile first")
    return optimizers


def learning_rate_of(optimizer: Optimizer) -> float:
    """Return the present learning rate."""
    return float(np.asarray(optimizer.learning_rate))


def is_settable(optimizer: Optimizer) -> bool:
    """Return whether the learning rate is a number that can be set, not a schedule or a function."""
    rate = optimizer.learning_rate
    return hasattr(rate, "assign") or not hasattr(rate, "numpy")  # a schedule's rate is a tensor


def set_learning_rate(optimizer: Optimizer, value: float) -> None:
    """Set the learning rate."""
    if hasattr(optimizer.learning_rate, "assign"):
        optimizer.learning_rate.assign(value)
    else:
        optimizer.learning_rate = value


def log_learning_rates(model: Any, logs: Logs | None) -> None:
    """Put the learning rates into `logs`, for the callbacks that follow."""
    if logs is not None:
        logs.update({name: learning_rate_of(optimizer) for name, optimizer in optimizers_of(model).items()})
