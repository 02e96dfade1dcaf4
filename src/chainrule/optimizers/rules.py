"""The update rules: plain and momentum descent, and those that scale each weight by its gradients' history."""

from __future__ import annotations

from typing import Any

from .. import initializers, ops
from ..core.errors import ValueProblem
from ..tensors.tensor import Tensor, Variable, as_tensor
from .optimizer import Optimizer


class SGD(Optimizer):
    """``w -= rate * g``; with momentum ``v = momentum * v - rate * g; w += v``.

    Args:
        momentum: the share of the last step kept. nesterov: look ahead by the momentum first (Sutskever et al.,
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
        new = ops.momentum_update(gradient, variable, m, learning_rate, momentum=self.momentum, nesterov=self.nesterov)
        for held, value in zip((variable, m), new, strict=True):
            held.assign(value)


class RMSprop(Optimizer):
    """Steps over the root of the gradients' running mean square (Hinton, Coursera lecture 6e, 2012).

    >>> w = Variable([1.0])
    >>> RMSprop(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.6838
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def make_slots(self) -> None:
        (self._velocities,) = self.add_slots(velocity="zeros")
        (self._momentums,) = self.add_slots(momentum="zeros") if self.momentum > 0 else ([],)
        (self._means,) = self.add_slots(average_gradient="zeros") if self.centered else ([],)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        v = self.slot(self._velocities, variable)
        v.assign(self.rho * v.value + (1 - self.rho) * ops.square(gradient))
        under = v.value + self.epsilon
        if self.centered:
            mean = self.slot(self._means, variable)
            mean.assign(self.rho * mean.value + (1 - self.rho) * gradient)
            under = v.value - ops.square(mean.value) + self.epsilon
        step = learning_rate * gradient / ops.sqrt(under)
        if self.momentum > 0:
            m = self.slot(self._momentums, variable)
            m.assign(self.momentum * m.value + step)
            step = m.value
        variable.assign(variable.value - step)


class Adam(Optimizer):
    """Momentum, over the root of the gradients' running mean square, both corrected for their start at 0.

    Args:
        beta_1, beta_2: shares of the running means kept. epsilon: added to the root (Keras's "epsilon hat").
        amsgrad: divide by the largest mean square so far.

    Source: Kingma and Ba, arXiv:1412.6980.

    >>> w = Variable([1.0])
    >>> Adam(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def make_slots(self) -> None:
        self._momentums, self._velocities = self.add_slots(momentum="zeros", velocity="zeros")
        (self._hats,) = self.add_slots(velocity_hat="zeros") if self.amsgrad else ([],)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        dtype = variable.dtype
        m, v = self.slot(self._momentums, variable), self.slot(self._velocities, variable)
        rate = self.once(("alpha", dtype), lambda: self._corrected(learning_rate, self.step_in(dtype)))
        if not self.amsgrad:
            new = ops.adam_update(
                gradient, variable, m, v, rate, beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon
            )
            for held, value in zip((variable, m, v), new, strict=True):
                held.assign(value)
            return
        m.assign(m.value + (gradient - m.value) * (1 - self.beta_1))
        v.assign(v.value + (ops.square(gradient) - v.value) * (1 - self.beta_2))
        hat = self.slot(self._hats, variable)
        hat.assign(ops.maximum(hat.value, v.value))
        variable.assign(variable.value - m.value * rate / (ops.sqrt(hat.value) + self.epsilon))

    def _corrected(self, rate: Tensor, step: Tensor) -> Tensor:
        return rate * ops.sqrt(1 - ops.power(self.beta_2, step)) / (1 - ops.power(self.beta_1, step))


class AdamW(Adam):
    """`Adam` with weight decay apart from the gradient (Loshchilov and Hutter, arXiv:1711.05101).

    >>> w = Variable([1.0])
    >>> AdamW(0.1, weight_decay=0.5).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.85
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, *args, **kwargs)
        if weight_decay is None:
            raise ValueProblem("weight_decay=None for AdamW", "a number", "use Adam for none")


class ScheduleFreeAdamW(Optimizer):
    """`Adam` that needs no schedule: an average of all points takes its place (Defazio et al., arXiv:2405.15682).

    Args:
        beta_1: how far gradients are taken from the last point towards the average, above 0 up to 1.
        warmup_steps: so many updates at rates that grow evenly to the whole one.

    The weights are those at which gradients are taken, as in Keras.

    >>> w = Variable([1.0])
    >>> ScheduleFreeAdamW(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ValueProblem(f"beta_1={beta_1}", "a share above 0, up to 1", "e.g. beta_1=0.9")
        self.beta_1, self.beta_2, self.epsilon, self.warmup_steps = beta_1, beta_2, epsilon, warmup_steps

    def make_slots(self) -> None:
        self._points, self._velocities = self.add_slots(momentum="zeros", velocity="zeros")
        for point, v in zip(self._points, self._trained, strict=True):
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


class Adamax(Optimizer):
    """`Adam` with the largest recent gradient in place of the root mean square (arXiv:1412.6980, section 7).

    >>> w = Variable([1.0])
    >>> Adamax(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def make_slots(self) -> None:
        self._momentums, self._norms = self.add_slots(momentum="zeros", norm="zeros")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        dtype = variable.dtype
        m, u = self.slot(self._momentums, variable), self.slot(self._norms, variable)
        start = self.once(("start", dtype), lambda: 1 - ops.power(self.beta_1, self.step_in(dtype)))
        m.assign(m.value + (gradient - m.value) * (1 - self.beta_1))
        u.assign(ops.maximum(self.beta_2 * u.value, ops.absolute(gradient)))
        variable.assign(variable.value - learning_rate * m.value / (start * (u.value + self.epsilon)))


class Nadam(Optimizer):
    """`Adam` with Nesterov's look ahead (Dozat, 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ).

    >>> w = Variable([1.0])
    >>> Nadam(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.8937
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def make_slots(self) -> None:
        self._momentums, self._velocities = self.add_slots(momentum="zeros", velocity="zeros")
        self._product = self.add_variable((), "ones", self._trained[0].dtype, name="u_product")

    def _share(self, step: Tensor) -> Tensor:
        return self.beta_1 * (1.0 - 0.5 * ops.power(0.96, step))

    def begin_update(self) -> None:
        self._product.assign(self._product.value * self._share(self.step_in(self._product.dtype)))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        dtype = variable.dtype
        step = self.step_in(dtype)
        now = self.once(("now", dtype), lambda: self._share(step))
        after = self.once(("after", dtype), lambda: self._share(step + 1))
        product = ops.cast(self._product.value, dtype)
        m, v = self.slot(self._momentums, variable), self.slot(self._velocities, variable)
        m.assign(m.value + (gradient - m.value) * (1 - self.beta_1))
        v.assign(v.value + (ops.square(gradient) - v.value) * (1 - self.beta_2))
        ahead = after * m.value / (1 - product * after) + (1 - now) * gradient / (1 - product)
        square = v.value / (1 - ops.power(self.beta_2, step))
        variable.assign(variable.value - ahead * learning_rate / (ops.sqrt(square) + self.epsilon))


class Adagrad(Optimizer):
    """Steps over the root of the sum of all squared gradients (Duchi et al., JMLR 12, 2011).

    >>> w = Variable([1.0])
    >>> Adagrad(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9012
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        *args: Any,
        **kwargs: Any,
    ) -> None:
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
    """Follow the regularised leader, for sparse linear models (McMahan et al., KDD 2013).

    >>> w = Variable([1.0])
    >>> Ftrl(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.7451
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        if learning_rate_power > 0 or initial_accumulator_value < 0:
            raise ValueProblem(
                f"learning_rate_power={learning_rate_power}, initial_accumulator_value={initial_accumulator_value}",
                "a power of 0 or below, and a start from 0 up",
                "leave them at their defaults",
            )
        self.power, self.initial_accumulator_value = learning_rate_power, initial_accumulator_value
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength
        self.shrinkage, self.beta = l2_shrinkage_regularization_strength, beta

    def make_slots(self) -> None:
        start = initializers.Constant(self.initial_accumulator_value)
        self._sums, self._linears = self.add_slots(accumulator=start, linear="zeros")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        s, linear = self.slot(self._sums, variable), self.slot(self._linears, variable)
        w = variable.value
        new = s.value + ops.square(gradient)
        before, after = ops.power(s.value, -self.power), ops.power(new, -self.power)
        linear.assign(linear.value + gradient + 2 * self.shrinkage * w - (after - before) / learning_rate * w)
        curve = after / learning_rate + 2 * (self.l2 + self.beta / (2.0 * learning_rate))
        variable.assign((ops.clip(linear.value, -self.l1, self.l1) - linear.value) / curve)
        s.assign(new)


class Lion(Optimizer):
    """The sign of a momentum: every weight moves by the rate (Chen et al., arXiv:2302.06675).

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
        move = ops.sign(m.value * self.beta_1 + gradient * (1.0 - self.beta_1))
        variable.assign(variable.value - learning_rate * move)
        m.assign(m.value * self.beta_2 + gradient * (1.0 - self.beta_2))


class Lamb(Optimizer):
    """`Adam`'s step, as long as the layer's weights are (You et al., arXiv:1904.00962), for large batches.

    >>> w = Variable([1.0])
    >>> Lamb(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def make_slots(self) -> None:
        self._momentums, self._velocities = self.add_slots(momentum="zeros", velocity="zeros")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        step, w = self.step_in(variable.dtype), variable.value
        m, v = self.slot(self._momentums, variable), self.slot(self._velocities, variable)
        m.assign(m.value + (gradient - m.value) * (1 - self.beta_1))
        v.assign(v.value + (ops.square(gradient) - v.value) * (1 - self.beta_2))
        mean = m.value / (1 - ops.power(self.beta_1, step))
        move = mean / (ops.sqrt(v.value / (1 - ops.power(self.beta_2, step))) + self.epsilon)
        size, length = ops.sqrt(ops.sum(ops.square(w))), ops.sqrt(ops.sum(ops.square(move)))
        known = ops.logical_and(size > 0, length > 0)
        ratio = ops.where(known, size / ops.where(known, length, ops.ones_like(length)), ops.ones_like(size))
        variable.assign(w - ratio * learning_rate * move)


class Adafactor(Optimizer):
    """`Adam` without momentum, whose squares of a matrix are kept as one row and one column (arXiv:1804.04235).

    >>> w = Variable([1.0])
    >>> Adafactor(0.1).apply([[2.0]], [w]); round(float(w[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def make_slots(self) -> None:
        self._rows, self._columns, self._squares = [], [], []
        for v in self._trained:  # in the order, and of the shapes, in which Keras's files keep them
            matrix = v.ndim > 1
            self._rows.append(self.add_variable(v.shape[:-1] if matrix else (), dtype=v.dtype, name="row"))
            columns = (*v.shape[:-2], v.shape[-1]) if matrix else ()
            self._columns.append(self.add_variable(columns, dtype=v.dtype, name="column"))
            self._squares.append(self.add_variable_from_reference(v, "velocity"))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        step, w = self.step_in(variable.dtype), variable.value
        rate = as_tensor(learning_rate)
        if self.relative_step:
            rate = ops.minimum(rate, 1 / ops.sqrt(step))
        rate = ops.maximum(self.epsilon_2, _rms(w)) * ops.minimum(rate, 1 / ops.sqrt(step))
        square = ops.square(gradient) + self.epsilon_1
        kept = 1 - ops.power(step, self.beta_2_decay)
        if variable.ndim > 1:
            r, c = self.slot(self._rows, variable), self.slot(self._columns, variable)
            r.assign(kept * r.value + (1 - kept) * ops.mean(square, axis=-1))
            c.assign(kept * c.value + (1 - kept) * ops.mean(square, axis=-2))
            share = r.value / ops.mean(r.value, axis=-1, keepdims=True)
            mean = ops.expand_dims(share, -1) * ops.expand_dims(c.value, -2)
        else:
            s = self.slot(self._squares, variable)
            s.assign(kept * s.value + (1 - kept) * square)
            mean = s.value
        move = gradient / ops.sqrt(mean)
        move = move / ops.maximum(1.0, _rms(move) / self.clip_threshold)
        variable.assign(w - rate * move)


def _rms(x: Tensor) -> Tensor:
    return ops.sqrt(ops.mean(ops.square(x)))
