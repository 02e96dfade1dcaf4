"""Learning rates that change with the count of updates, under Keras's names.

A schedule is a function of the step, on numbers or on tensors; inside a traced step it is part of the graph.

May import: `ops`, `configurable`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..core.errors import ValueProblem
from ..graph import floatx
from ..serialization.registry import Configurable, Registry
from ..tensors.tensor import Tensor, as_tensor


class LearningRateSchedule(Configurable):
    """Inherit and define ``__call__(step)`` (``keras.optimizers.schedules.LearningRateSchedule``).

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** ops.cast(step, "float32")
    >>> Halving()(2)
    tensor(0.25)
    """

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step)")


def _number(step: Any) -> Tensor:
    return ops.cast(as_tensor(step), floatx())


def _above_zero(**given: Any) -> None:
    for name, value in given.items():
        if not value > 0:
            raise ValueProblem(f"{name}={value}", "a number above 0", f"e.g. {name}=1000")


class ExponentialDecay(LearningRateSchedule):
    """``initial * rate ** (step / decay_steps)``; with `staircase` the quotient is rounded down.

    >>> ExponentialDecay(1.0, 10, 0.5)(20)
    tensor(0.25)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        _above_zero(decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name

    def __call__(self, step: Any) -> Tensor:
        p = _number(step) / self.decay_steps
        return self.initial_learning_rate * ops.power(self.decay_rate, ops.floor(p) if self.staircase else p)


class InverseTimeDecay(LearningRateSchedule):
    """``initial / (1 + rate * step / decay_steps)``.

    >>> InverseTimeDecay(1.0, 10, 0.5)(20)
    tensor(0.5)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        _above_zero(decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name

    def __call__(self, step: Any) -> Tensor:
        p = _number(step) / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (ops.floor(p) if self.staircase else p))


class PiecewiseConstantDecay(LearningRateSchedule):
    """A value up to each boundary, and one beyond the last.

    >>> PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])(10)
    tensor(1.0)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        self.boundaries, self.values, self.name = list(boundaries), list(values), name
        if len(self.values) != len(self.boundaries) + 1 or not self.boundaries:
            raise ValueProblem(
                f"{len(self.boundaries)} boundaries and {len(self.values)} values", "one value more", "check the lists"
            )

    def __call__(self, step: Any) -> Tensor:
        at = as_tensor(step)
        found = ops.full(at.shape, self.values[0])
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            found = ops.where(at > boundary, value, found)
        return found


class PolynomialDecay(LearningRateSchedule):
    """From `initial_learning_rate` to `end_learning_rate` along ``(1 - step / decay_steps) ** power``.

    Args:
        cycle: start again with longer and longer runs, rather than stay at the end.

    >>> PolynomialDecay(1.0, 10, 0.0)(5)
    tensor(0.5)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        _above_zero(decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = end_learning_rate, power, cycle, name

    def __call__(self, step: Any) -> Tensor:
        at = _number(step)
        if self.cycle:
            runs = ops.where(ops.equal(at, 0), 1.0, ops.ceil(at / self.decay_steps))
            p = at / (self.decay_steps * runs)
        else:
            p = ops.minimum(at, self.decay_steps) / self.decay_steps
        return (self.initial_learning_rate - self.end_learning_rate) * ops.power(1 - p, self.power) + (
            self.end_learning_rate
        )


class CosineDecay(LearningRateSchedule):
    """Down along half a cosine to ``alpha * initial``, after a straight climb if there is a `warmup_target`.

    Source: Loshchilov and Hutter, arXiv:1608.03983.

    >>> CosineDecay(1.0, 10)(5).numpy().round(4).item()
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        _above_zero(decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_steps, self.alpha, self.name = (
            initial_learning_rate,
            decay_steps,
            alpha,
            name,
        )
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def _down(self, step: Tensor, start: float) -> Tensor:
        wave = 0.5 * (1.0 + ops.cos(math.pi * step / self.decay_steps))
        return start * ((1 - self.alpha) * wave + self.alpha)

    def __call__(self, step: Any) -> Tensor:
        at = _number(step)
        if self.warmup_target is None:
            return self._down(ops.minimum(at, self.decay_steps), self.initial_learning_rate)
        at = ops.minimum(at, self.decay_steps + self.warmup_steps)
        climb = self.warmup_target - self.initial_learning_rate
        up = climb * at / max(self.warmup_steps, 1) + self.initial_learning_rate
        return ops.where(at < self.warmup_steps, up, self._down(at - self.warmup_steps, self.warmup_target))


class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after the other, each `t_mul` times as long and starting `m_mul` times as high.

    Source: Loshchilov and Hutter, arXiv:1608.03983.

    >>> CosineDecayRestarts(1.0, 10)(20).numpy().round(4).item()
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        _above_zero(first_decay_steps=first_decay_steps)
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step: Any) -> Tensor:
        done = _number(step) / self.first_decay_steps
        if self.t_mul == 1.0:
            restarts = ops.floor(done)
            done = done - restarts
        else:
            restarts = ops.floor(ops.log(1.0 - done * (1.0 - self.t_mul)) / math.log(self.t_mul))
            length = ops.power(self.t_mul, restarts)
            done = (done - (1.0 - length) / (1.0 - self.t_mul)) / length
        wave = 0.5 * ops.power(self.m_mul, restarts) * (1.0 + ops.cos(math.pi * done))
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)


room = Registry("optimizers", "schedule", LearningRateSchedule, functions=False)
get, serialize, deserialize = room.get, room.serialize, room.deserialize
