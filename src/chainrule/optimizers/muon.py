"""Muon: steps along orthogonal matrices for the kernels of hidden layers, `Adam`'s for everything else."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable
from .optimizer import Optimizer


class Muon(Optimizer):
    """Matrices move along their momentum, made nearly orthogonal; other weights move as under `AdamW`.

    Args:
        adam_beta_1, adam_beta_2, adam_weight_decay, epsilon, adam_lr_ratio: for the weights that `Adam` updates, at
            the learning rate times the ratio: those without exactly two axes and those excluded.
        exclude_layers: patterns of paths, such as the last layer's, whose matrices `Adam` updates.
        exclude_embeddings: whether `Adam` also updates those with "embedding" in their path.
        muon_a, muon_b, muon_c, ns_steps: the polynomial ``a x + b x³ + c x⁵`` that pulls singular values towards 1,
            and how often it is applied.
        momentum, nesterov: as for `SGD`, without the rate. rms_rate: scales a step to the size of `Adam`'s
            (Liu et al., arXiv:2502.16982); ``None``: no scaling.

    Source: Jordan et al., https://kellerjordan.github.io/posts/muon. The other options are those of `Optimizer`.

    >>> w = Variable([[3.0, 0.0], [0.0, 4.0]])
    >>> Muon(1.0, weight_decay=None, rms_rate=None).apply([[[1.0, 0.0], [0.0, 2.0]]], [w])
    >>> round(float(w[0, 0]), 1), round(float(w[1, 1]), 1)
    (1.9, 3.3)
    """

    def __init__(
        self, learning_rate: Any = 0.001, adam_beta_1: float = 0.9, adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004, epsilon: float = 1e-7, weight_decay: float | None = 0.004,
        clipnorm: float | None = None, clipvalue: float | None = None, global_clipnorm: float | None = None,
        use_ema: bool = False, ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None, gradient_accumulation_steps: int | None = None,
        name: str | None = None, exclude_layers: Sequence[str] | None = None, exclude_embeddings: bool = True,
        muon_a: float = 3.4445, muon_b: float = -4.775, muon_c: float = 2.0315, adam_lr_ratio: float = 1,
        momentum: float = 0.95, ns_steps: int = 5, nesterov: bool = True, rms_rate: float | None = 0.2, **kwargs: Any,
    ) -> None:  # fmt: skip
        clips, averages = (clipnorm, clipvalue, global_clipnorm), (use_ema, ema_momentum, ema_overwrite_frequency)
        others = (loss_scale_factor, gradient_accumulation_steps, name)
        super().__init__(learning_rate, weight_decay, *clips, *averages, *others, **kwargs)
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.exclude_layers, self.exclude_embeddings = list(exclude_layers or ()), exclude_embeddings
        self.coefficients, self.ns_steps = (muon_a, muon_b, muon_c), ns_steps
        self.momentum, self.nesterov, self.rms_rate = momentum, nesterov, rms_rate

    def by_adam(self, variable: Variable) -> bool:
        """Return whether this weight is updated as by `Adam`."""
        embedding = self.exclude_embeddings and "embedding" in variable.path.lower()
        return variable.ndim != 2 or embedding or any(re.search(k, variable.path) for k in self.exclude_layers)

    def decay_of(self, variable: Variable) -> float | None:
        decay = self.adam_weight_decay if self.by_adam(variable) else self.weight_decay
        return decay if self._is_decayed(variable) else None

    def make_slots(self) -> None:
        self._momentums: list[Variable] = []
        self._velocities: list[Variable | None] = []
        for v in self._trainable_variables:
            self._momentums.append(self.add_variable_from_reference(v, "momentum"))
            self._velocities.append(self.add_variable_from_reference(v, "velocity") if self.by_adam(v) else None)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        m, v = self.slot(self._momentums, variable), self._velocities[self._index[variable]]
        if v is not None:
            self._adam_step(gradient, variable, learning_rate * self.adam_lr_ratio, m, v)
            return
        m.assign(m.value * self.momentum + gradient)
        step = learning_rate * self._orthogonalize(gradient + self.momentum * m.value if self.nesterov else m.value)
        if self.rms_rate is not None:
            step = step * (math.sqrt(max(variable.shape)) * self.rms_rate)
        variable.assign(variable.value - step)

    def _adam_step(self, gradient: Tensor, variable: Variable, rate: Any, m: Variable, v: Variable) -> None:
        step = self.step_in(variable.dtype)
        rate = rate * ops.sqrt(1 - ops.power(self.adam_beta_2, step)) / (1 - ops.power(self.adam_beta_1, step))
        m.assign(m.value + (gradient - m.value) * (1 - self.adam_beta_1))
        v.assign(v.value + (ops.square(gradient) - v.value) * (1 - self.adam_beta_2))
        variable.assign(variable.value - m.value * rate / (ops.sqrt(v.value) + self.epsilon))

    def _orthogonalize(self, x: Tensor) -> Tensor:
        """Approximate the nearest orthogonal matrix by the Newton-Schulz iteration, on the shorter side."""
        a, b, c = self.coefficients
        is_tall = x.shape[0] > x.shape[1]
        x = x.T if is_tall else x
        x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            square = x @ x.T
            x = a * x + (b * square + c * (square @ square)) @ x
        return x.T if is_tall else x
