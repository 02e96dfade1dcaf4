"""Adam and its variants: steps along a running mean of gradients, over the root of that of their squares.

A constructor's ``*args`` and ``**kwargs`` are the arguments of the base class; signatures and configurations name them.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..core.errors import ValueProblem
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable
from .optimizer import Optimizer, assign_all


class _AdamBase(Optimizer):
    """The base of `Adam` and its variants: running means of the gradients and of their squares, as slots.

    Args:
        beta_1, beta_2: the shares of the running means that are kept. epsilon: added to a root, against division by 0.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, *args, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def make_slots(self) -> None:
        self._momentums, self._velocities = self.add_slots(momentum="zeros", velocity="zeros")

    def _update_moments(self, gradient: Tensor, variable: Variable) -> tuple[Variable, Variable]:
        """Update the two running means of a variable by its gradient, and return them."""
        m, v = self.slot(self._momentums, variable), self.slot(self._velocities, variable)
        m.assign(m.value + (gradient - m.value) * (1 - self.beta_1))
        v.assign(v.value + (ops.square(gradient) - v.value) * (1 - self.beta_2))
        return m, v


class Adam(_AdamBase):
    """Momentum, over the root of the gradients' running mean square, both corrected for their start at 0.

    Args:
        beta_1, beta_2: the shares of the running means that are kept. epsilon: added to the root (Keras's "epsilon
            hat"). amsgrad: divide by the largest mean square so far.

    Source: Kingma and Ba, arXiv:1412.6980.

    >>> w = Variable([1.0])
    >>> Adam(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, *args, **kwargs)
        self.amsgrad = amsgrad

    def make_slots(self) -> None:
        super().make_slots()
        (self._hats,) = self.add_slots(velocity_hat="zeros") if self.amsgrad else ([],)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        dtype = variable.dtype
        rate = self.once(("alpha", dtype), lambda: self._bias_corrected(learning_rate, self.step_in(dtype)))
        if not self.amsgrad:
            m, v = self.slot(self._momentums, variable), self.slot(self._velocities, variable)
            options = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
            assign_all((variable, m, v), ops.adam_update(gradient, variable, m, v, rate, **options))
            return
        m, v = self._update_moments(gradient, variable)
        hat = self.slot(self._hats, variable)
        hat.assign(ops.maximum(hat.value, v.value))
        variable.assign(variable.value - m.value * rate / (ops.sqrt(hat.value) + self.epsilon))

    def _bias_corrected(self, rate: Tensor, step: Tensor) -> Tensor:
        """Return the rate times the factor that corrects both running means for their start at 0."""
        return rate * ops.sqrt(1 - ops.power(self.beta_2, step)) / (1 - ops.power(self.beta_1, step))


class AdamW(Adam):
    """`Adam` with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101).

    >>> w = Variable([1.0])
    >>> AdamW(0.1, weight_decay=0.5).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.85
    """

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, *args, **kwargs)
        if weight_decay is None:
            raise ValueProblem("weight_decay=None for AdamW", "a number", "use Adam for no weight decay")


class ScheduleFreeAdamW(Optimizer):
    """`Adam` with an average of all points in place of a schedule (Defazio et al., arXiv:2405.15682).

    Args:
        beta_1: where gradients are taken between the last point (0, excluded) and the average (1).
        warmup_steps: the number of first updates in which the rate grows linearly to `learning_rate`.

    The weights are the points at which gradients are taken, as in Keras.

    >>> w = Variable([1.0])
    >>> ScheduleFreeAdamW(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def __init__(
        self, learning_rate: Any = 0.0025, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        warmup_steps: int = 0, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, *args, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ValueProblem(f"beta_1={beta_1}", "a share above 0, up to 1", "e.g. beta_1=0.9")
        self.beta_1, self.beta_2, self.epsilon, self.warmup_steps = beta_1, beta_2, epsilon, warmup_steps

    def make_slots(self) -> None:
        self._points, self._velocities = self.add_slots(momentum="zeros", velocity="zeros")
        for point, v in zip(self._points, self._trainable_variables, strict=True):
            point.assign(v.value)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        step = self.step_in(variable.dtype)
        if self.warmup_steps > 0:
            learning_rate = learning_rate * ops.minimum(step / self.warmup_steps, 1.0)
        z, v = self.slot(self._points, variable), self.slot(self._velocities, variable)
        average = (variable.value - (1 - self.beta_1) * z.value) / self.beta_1
        v.assign(v.value + (ops.square(gradient) - v.value) * (1 - self.beta_2))
        root = ops.sqrt(v.value / (1 - ops.power(self.beta_2, step))) + self.epsilon
        z.assign(z.value - learning_rate * gradient / root)
        average = (1 - 1 / step) * average + z.value / step
        variable.assign((1 - self.beta_1) * z.value + self.beta_1 * average)


class Adamax(_AdamBase):
    """`Adam` with the largest recent gradient in place of the root mean square (arXiv:1412.6980, section 7).

    >>> w = Variable([1.0])
    >>> Adamax(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def make_slots(self) -> None:
        self._momentums, self._norms = self.add_slots(momentum="zeros", norm="zeros")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        dtype = variable.dtype
        m, u = self.slot(self._momentums, variable), self.slot(self._norms, variable)
        correction = self.once(("correction", dtype), lambda: 1 - ops.power(self.beta_1, self.step_in(dtype)))
        m.assign(m.value + (gradient - m.value) * (1 - self.beta_1))
        u.assign(ops.maximum(self.beta_2 * u.value, ops.absolute(gradient)))
        variable.assign(variable.value - learning_rate * m.value / (correction * (u.value + self.epsilon)))


class Nadam(_AdamBase):
    """`Adam` with Nesterov's look ahead (Dozat, 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ).

    >>> w = Variable([1.0])
    >>> Nadam(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.8937
    """

    def make_slots(self) -> None:
        super().make_slots()
        self._product = self.add_variable((), "ones", self._trainable_variables[0].dtype, name="u_product")

    def _momentum_at(self, step: Tensor) -> Tensor:
        """Return the momentum of an update, which grows to `beta_1`."""
        return self.beta_1 * (1.0 - 0.5 * ops.power(0.96, step))

    def begin_update(self) -> None:
        self._product.assign(self._product.value * self._momentum_at(self.step_in(self._product.dtype)))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        dtype = variable.dtype
        step = self.step_in(dtype)
        current = self.once(("current", dtype), lambda: self._momentum_at(step))
        following = self.once(("following", dtype), lambda: self._momentum_at(step + 1))
        product = ops.cast(self._product.value, dtype)
        m, v = self._update_moments(gradient, variable)
        mean = following * m.value / (1 - product * following) + (1 - current) * gradient / (1 - product)
        square = v.value / (1 - ops.power(self.beta_2, step))
        variable.assign(variable.value - mean * learning_rate / (ops.sqrt(square) + self.epsilon))


class Lamb(_AdamBase):
    """`Adam`'s step, scaled to the norm of the variable, for large batches (You et al., arXiv:1904.00962).

    >>> w = Variable([1.0])
    >>> Lamb(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        step, w = self.step_in(variable.dtype), variable.value
        m, v = self._update_moments(gradient, variable)
        mean = m.value / (1 - ops.power(self.beta_1, step))
        direction = mean / (ops.sqrt(v.value / (1 - ops.power(self.beta_2, step))) + self.epsilon)
        w_norm, norm = ops.sqrt(ops.sum(ops.square(w))), ops.sqrt(ops.sum(ops.square(direction)))
        nonzero = ops.logical_and(w_norm > 0, norm > 0)
        ratio = ops.where(nonzero, w_norm / ops.where(nonzero, norm, ops.ones_like(norm)), ops.ones_like(w_norm))
        variable.assign(w - ratio * learning_rate * direction)


class Adafactor(Optimizer):
    """`Adam` without momentum; of a matrix's mean squares it keeps one row and one column (arXiv:1804.04235).

    >>> w = Variable([1.0])
    >>> Adafactor(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_2_decay: float = -0.8, epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3, clip_threshold: float = 1.0, relative_step: bool = True, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, *args, **kwargs)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def make_slots(self) -> None:
        self._rows, self._columns, self._squares = [], [], []
        for v in self._trainable_variables:  # in the order and the shapes of Keras's files
            is_matrix = v.ndim > 1
            self._rows.append(self.add_variable(v.shape[:-1] if is_matrix else (), dtype=v.dtype, name="row"))
            columns = (*v.shape[:-2], v.shape[-1]) if is_matrix else ()
            self._columns.append(self.add_variable(columns, dtype=v.dtype, name="column"))
            self._squares.append(self.add_variable_from_reference(v, "velocity"))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        step, w = self.step_in(variable.dtype), variable.value
        rate = as_tensor(learning_rate)
        if self.relative_step:
            rate = ops.minimum(rate, 1 / ops.sqrt(step))
        rate = ops.maximum(self.epsilon_2, _rms(w)) * ops.minimum(rate, 1 / ops.sqrt(step))
        square = ops.square(gradient) + self.epsilon_1
        beta_2 = 1 - ops.power(step, self.beta_2_decay)
        if variable.ndim > 1:
            r, c = self.slot(self._rows, variable), self.slot(self._columns, variable)
            r.assign(beta_2 * r.value + (1 - beta_2) * ops.mean(square, axis=-1))
            c.assign(beta_2 * c.value + (1 - beta_2) * ops.mean(square, axis=-2))
            row_shares = r.value / ops.mean(r.value, axis=-1, keepdims=True)
            mean_square = ops.expand_dims(row_shares, -1) * ops.expand_dims(c.value, -2)
        else:
            s = self.slot(self._squares, variable)
            s.assign(beta_2 * s.value + (1 - beta_2) * square)
            mean_square = s.value
        direction = gradient / ops.sqrt(mean_square)
        direction = direction / ops.maximum(1.0, _rms(direction) / self.clip_threshold)
        variable.assign(w - rate * direction)


def _rms(x: Tensor) -> Tensor:
    """Return the root of the mean square of the entries."""
    return ops.sqrt(ops.mean(ops.square(x)))
