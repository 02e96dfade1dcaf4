"""The update rules that are not of Adam's family: descent, with momentum, and scaled by past gradients.

A constructor's ``*args`` and ``**kwargs`` are the arguments of the base class; signatures and configurations name them.
"""

from __future__ import annotations

from typing import Any

from .. import initializers, ops
from ..core.errors import ValueProblem
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable
from .optimizer import Optimizer, assign_all


class SGD(Optimizer):
    """``w -= rate * g``; with momentum ``v = momentum * v - rate * g; w += v``.

    Args:
        momentum: the share of the last step that is kept. nesterov: look ahead by the momentum first (Sutskever et al.,
            https://proceedings.mlr.press/v28/sutskever13.html).

    >>> w = Variable([1.0])
    >>> SGD(0.1).apply([[2.0]], [w]); w
    Variable(name='variable', tensor([0.8]))
    """

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        if isinstance(momentum, bool) or not 0 <= momentum <= 1:
            raise ValueProblem(f"momentum={momentum}", "a share from 0 to 1", "e.g. momentum=0.9")
        self.momentum, self.nesterov = momentum, nesterov

    def make_slots(self) -> None:
        (self._momentums,) = self.add_slots(momentum="zeros") if self.momentum else ([],)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        if not self.momentum:
            variable.assign(variable.value - gradient * learning_rate)
            return
        m = self.slot(self._momentums, variable)
        options = {"momentum": self.momentum, "nesterov": self.nesterov}
        assign_all((variable, m), ops.momentum_update(gradient, variable, m, learning_rate, **options))


class RMSprop(Optimizer):
    """Steps over the root of the gradients' running mean square (Hinton, Coursera lecture 6e, 2012).

    >>> w = Variable([1.0])
    >>> RMSprop(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.6838
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, *args, **kwargs)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def make_slots(self) -> None:
        (self._velocities,) = self.add_slots(velocity="zeros")
        (self._momentums,) = self.add_slots(momentum="zeros") if self.momentum > 0 else ([],)
        (self._means,) = self.add_slots(average_gradient="zeros") if self.centered else ([],)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        v = self.slot(self._velocities, variable)
        v.assign(self.rho * v.value + (1 - self.rho) * ops.square(gradient))
        variance = v.value + self.epsilon
        if self.centered:
            mean = self.slot(self._means, variable)
            mean.assign(self.rho * mean.value + (1 - self.rho) * gradient)
            variance = v.value - ops.square(mean.value) + self.epsilon
        step = learning_rate * gradient / ops.sqrt(variance)
        if self.momentum > 0:
            m = self.slot(self._momentums, variable)
            m.assign(self.momentum * m.value + step)
            step = m.value
        variable.assign(variable.value - step)


class Adagrad(Optimizer):
    """Steps over the root of the sum of all squared gradients (Duchi et al., JMLR 12, 2011).

    >>> w = Variable([1.0])
    >>> Adagrad(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9012
    """

    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, *args: Any,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, *args, **kwargs)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def make_slots(self) -> None:
        (self._sums,) = self.add_slots(accumulator=initializers.Constant(self.initial_accumulator_value))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        s = self.slot(self._sums, variable)
        s.assign(s.value + ops.square(gradient))
        variable.assign(variable.value - learning_rate * gradient / ops.sqrt(s.value + self.epsilon))


class Adadelta(Optimizer):
    """Steps in the units of the weights: recent steps over recent gradients (Zeiler, arXiv:1212.5701).

    >>> w = Variable([1.0])
    >>> Adadelta(1.0).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9986
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        self.rho, self.epsilon = rho, epsilon

    def make_slots(self) -> None:
        self._gradients, self._steps = self.add_slots(accumulated_grad="zeros", accumulated_delta_var="zeros")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        g, d = self.slot(self._gradients, variable), self.slot(self._steps, variable)
        g.assign(self.rho * g.value + (1 - self.rho) * ops.square(gradient))
        step = -ops.sqrt(d.value + self.epsilon) * gradient / ops.sqrt(g.value + self.epsilon)
        d.assign(self.rho * d.value + (1 - self.rho) * ops.square(step))
        variable.assign(variable.value + learning_rate * step)


class Ftrl(Optimizer):
    """Follow the regularized leader, for sparse linear models (McMahan et al., KDD 2013).

    >>> w = Variable([1.0])
    >>> Ftrl(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.7451
    """

    def __init__(
        self, learning_rate: Any = 0.001, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, *args, **kwargs)
        if learning_rate_power > 0 or initial_accumulator_value < 0:
            passed = f"learning_rate_power={learning_rate_power}, initial_accumulator_value={initial_accumulator_value}"
            expected = "a power of at most 0, and an initial value of at least 0"
            raise ValueProblem(passed, expected, "leave them at their defaults")
        self.power, self.initial_accumulator_value = learning_rate_power, initial_accumulator_value
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength
        self.shrinkage, self.beta = l2_shrinkage_regularization_strength, beta

    def make_slots(self) -> None:
        initial = initializers.Constant(self.initial_accumulator_value)
        self._sums, self._linears = self.add_slots(accumulator=initial, linear="zeros")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        s, linear = self.slot(self._sums, variable), self.slot(self._linears, variable)
        w = variable.value
        new_sum = s.value + ops.square(gradient)
        old_root, new_root = ops.power(s.value, -self.power), ops.power(new_sum, -self.power)
        linear.assign(linear.value + gradient + 2 * self.shrinkage * w - (new_root - old_root) / learning_rate * w)
        quadratic = new_root / learning_rate + 2 * (self.l2 + self.beta / (2.0 * learning_rate))
        variable.assign((ops.clip(linear.value, -self.l1, self.l1) - linear.value) / quadratic)
        s.assign(new_sum)


class Lion(Optimizer):
    """Steps by the sign of a momentum: every weight moves by the rate (Chen et al., arXiv:2302.06675).

    >>> w = Variable([1.0])
    >>> Lion(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ValueProblem(f"beta_1={beta_1}", "a share above 0, up to 1", "otherwise it is sign descent: use SGD")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def make_slots(self) -> None:
        (self._momentums,) = self.add_slots(momentum="zeros")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        m = self.slot(self._momentums, variable)
        direction = ops.sign(m.value * self.beta_1 + gradient * (1.0 - self.beta_1))
        variable.assign(variable.value - learning_rate * direction)
        m.assign(m.value * self.beta_2 + gradient * (1.0 - self.beta_2))
