"""Learning rates that change with the number of updates, under Keras's names.

A schedule is a function of the step, a number or a tensor; inside a traced step it is part of the graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..core import arguments
from ..core.errors import ValueProblem
from ..graph import floatx
from ..serialization.configurable import Configurable
from ..serialization.registry import Registry
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor


class LearningRateSchedule(Configurable):
    """A function from the step to the rate; inherit and define ``__call__(step)``.

    Follows ``keras.optimizers.schedules.LearningRateSchedule``.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** ops.cast(step, "float32")
    >>> Halving()(2)
    tensor(0.25)
    """

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step)")


def _as_float(step: Any) -> Tensor:
    return ops.cast(as_tensor(step), floatx())


class ExponentialDecay(LearningRateSchedule):
    """``initial * rate ** (step / decay_steps)``; with `staircase` the quotient is rounded down.

    >>> ExponentialDecay(1.0, 10, 0.5)(20)
    tensor(0.25)
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:  # fmt: skip
        arguments.finite(above=0, decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name

    def __call__(self, step: Any) -> Tensor:
        quotient = _as_float(step) / self.decay_steps
        quotient = ops.floor(quotient) if self.staircase else quotient
        return self.initial_learning_rate * ops.power(self.decay_rate, quotient)


class InverseTimeDecay(LearningRateSchedule):
    """``initial / (1 + rate * step / decay_steps)``; with `staircase` the quotient of steps is rounded down.

    >>> InverseTimeDecay(1.0, 10, 0.5)(20)
    tensor(0.5)
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:  # fmt: skip
        arguments.finite(above=0, decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name

    def __call__(self, step: Any) -> Tensor:
        quotient = _as_float(step) / self.decay_steps
        quotient = ops.floor(quotient) if self.staircase else quotient
        return self.initial_learning_rate / (1 + self.decay_rate * quotient)


class PiecewiseConstantDecay(LearningRateSchedule):
    """A value up to each boundary, and one beyond the last.

    >>> PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])(10)
    tensor(1.0)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        self.boundaries, self.values, self.name = list(boundaries), list(values), name
        if len(self.values) != len(self.boundaries) + 1 or not self.boundaries:
            passed = f"{len(self.boundaries)} boundaries and {len(self.values)} values"
            raise ValueProblem(passed, "one value more", "check the lists")

    def __call__(self, step: Any) -> Tensor:
        step = as_tensor(step)
        rate = ops.full(step.shape, self.values[0])
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = ops.where(step > boundary, value, rate)
        return rate


class PolynomialDecay(LearningRateSchedule):
    """From `initial_learning_rate` to `end_learning_rate` along ``(1 - step / decay_steps) ** power``.

    Args:
        cycle: start again each time the end is reached, with longer and longer runs, rather than stay there.

    >>> PolynomialDecay(1.0, 10, 0.0)(5)
    tensor(0.5)
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:  # fmt: skip
        arguments.finite(above=0, decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = end_learning_rate, power, cycle, name

    def __call__(self, step: Any) -> Tensor:
        step = _as_float(step)
        if self.cycle:
            cycles = ops.where(ops.equal(step, 0), 1.0, ops.ceil(step / self.decay_steps))
            fraction = step / (self.decay_steps * cycles)
        else:
            fraction = ops.minimum(step, self.decay_steps) / self.decay_steps
        height = self.initial_learning_rate - self.end_learning_rate
        return height * ops.power(1 - fraction, self.power) + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Half a cosine down to ``alpha * initial``; with `warmup_target`, after `warmup_steps` of linear growth to it.

    Source: Loshchilov and Hutter, arXiv:1608.03983.

    >>> CosineDecay(1.0, 10)(5).numpy().round(4).item()
    0.5
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:  # fmt: skip
        arguments.finite(above=0, decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.alpha, self.name = alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def _decayed(self, step: Tensor, start: float) -> Tensor:
        """Return the rate `step` steps after it was `start`."""
        cosine = 0.5 * (1.0 + ops.cos(math.pi * step / self.decay_steps))
        return start * ((1 - self.alpha) * cosine + self.alpha)

    def __call__(self, step: Any) -> Tensor:
        step = _as_float(step)
        if self.warmup_target is None:
            return self._decayed(ops.minimum(step, self.decay_steps), self.initial_learning_rate)
        step = ops.minimum(step, self.decay_steps + self.warmup_steps)
        growth = self.warmup_target - self.initial_learning_rate
        warmup = growth * step / max(self.warmup_steps, 1) + self.initial_learning_rate
        return ops.where(step < self.warmup_steps, warmup, self._decayed(step - self.warmup_steps, self.warmup_target))


class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after the other, each `t_mul` times as long and starting `m_mul` times as high.

    Source: Loshchilov and Hutter, arXiv:1608.03983.

    >>> CosineDecayRestarts(1.0, 10)(20).numpy().round(4).item()
    0.5
    """

    def __init__(
        self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0,
        alpha: float = 0.0, name: str = "SGDRDecay",
    ) -> None:  # fmt: skip
        arguments.finite(above=0, first_decay_steps=first_decay_steps)
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step: Any) -> Tensor:
        fraction = _as_float(step) / self.first_decay_steps
        if self.t_mul == 1.0:
            restarts = ops.floor(fraction)
            fraction = fraction - restarts
        else:
            restarts = ops.floor(ops.log(1.0 - fraction * (1.0 - self.t_mul)) / math.log(self.t_mul))
            length = ops.power(self.t_mul, restarts)
            fraction = (fraction - (1.0 - length) / (1.0 - self.t_mul)) / length
        cosine = 0.5 * ops.power(self.m_mul, restarts) * (1.0 + ops.cos(math.pi * fraction))
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


registry = Registry("optimizers", "schedule", LearningRateSchedule, functions=False)
get, serialize, deserialize = registry.get, registry.serialize, registry.deserialize
