"""The base of all optimizers: clip, decay, update, average; each variable with slots of its own.

Everything is operations on variables, so an update can run eagerly or be traced into a step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import initializers, ops
from ..core import arguments
from ..core.errors import GraphError, ShapeError, ValueProblem
from ..core.habits import OPTIMIZER_HABITS, no_attribute
from ..graph import floatx, scope
from ..graph.spec import is_float
from ..serialization.configurable import Configurable, unexpected_argument_error
from ..serialization.serialize import serialize
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable, recording
from ..transforms.trace import run_if
from .schedules import LearningRateSchedule, deserialize


class Optimizer(Configurable):
    """Updates variables by their gradients; inherit and define `update_step` (``keras.optimizers.Optimizer``).

    Args:
        learning_rate: a number, a `schedules.LearningRateSchedule`, or a function without arguments.
        weight_decay: each update first subtracts this share, times the learning rate, from every weight
            (Loshchilov and Hutter, arXiv:1711.05101).
        clipnorm: the greatest norm of one gradient. clipvalue: the greatest size of its entries.
        global_clipnorm: the greatest norm of all gradients together. At most one of the three.
        use_ema: keep moving averages of the weights. ema_momentum: the share of an average kept in each update.
            ema_overwrite_frequency: the number of updates after which the weights become their averages; ``None``: at
            the end of training.
        loss_scale_factor: gradients are divided by it, since the loss was multiplied by it.
        gradient_accumulation_steps: the number of calls whose gradients are averaged for one update. Schedules, moving
            averages, weight decay and `iterations` go by updates, not by calls.

    >>> w = Variable([1.0, 2.0])
    >>> from chainrule.optimizers import SGD
    >>> SGD(0.5).apply([[1.0, 1.0]], [w])
    >>> w
    Variable(name='variable', tensor([0.5, 1.5]))
    """

    def __init__(
        self, learning_rate: Any, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None, use_ema: bool = False,
        ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if kwargs:
            raise unexpected_argument_error(type(self), kwargs)
        clips: dict[str, Any] = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        if sum(bound is not None for bound in clips.values()) > 1:
            passed = ", ".join(f"{clip}={bound}" for clip, bound in clips.items())
            raise ValueProblem(passed, "at most one way to clip", "leave the others out")
        for clip, bound in clips.items():
            if bound is not None:
                arguments.not_nan(above=0, **{clip: bound})
        if not 0 <= ema_momentum <= 1:
            raise ValueProblem(f"ema_momentum={ema_momentum}", "a share from 0 to 1", "e.g. ema_momentum=0.99")
        if ema_overwrite_frequency is not None:
            arguments.at_least(1, ema_overwrite_frequency=ema_overwrite_frequency)
        if gradient_accumulation_steps is not None:
            arguments.at_least(2, gradient_accumulation_steps=gradient_accumulation_steps)
        self.name = name or type(self).__name__.lower()
        self.weight_decay, self.loss_scale_factor = weight_decay, loss_scale_factor
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._variables: list[Variable] = []
        self._index: dict[Variable, int] = {}
        self._trainable_variables: list[Variable] = []
        self._undecayed: list[Variable] = []
        self._undecayed_names = ""
        self._update_cache: dict[Any, Tensor] = {}
        self._iterations = self._track(Variable(0, dtype="int32", trainable=False, name="iteration"))
        self._learning_rate: Any = None
        self._set_learning_rate(learning_rate)

    def _track(self, variable: Variable) -> Variable:
        """Make a variable part of this optimizer's state."""
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    # ---- the learning rate

    def _set_learning_rate(self, rate: Any) -> None:
        if isinstance(rate, LearningRateSchedule) or (callable(rate) and not isinstance(rate, Variable)):
            self._learning_rate = rate
        elif isinstance(rate, dict):
            self._learning_rate = deserialize(rate)
        else:
            rate = Variable(_checked_rate(rate), dtype=floatx(), trainable=False, name="learning_rate")
            self._learning_rate = self._track(rate)

    @property
    def learning_rate(self) -> Any:
        """The variable that holds the rate; with a schedule, the rate of the next update."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self.iterations)
        return rate if isinstance(rate, Variable) else rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        is_number = np.ndim(np.asarray(value, dtype=object)) == 0 and not callable(value)
        if isinstance(self._learning_rate, Variable) and is_number:
            self._learning_rate.assign(value if isinstance(value, Tensor | Variable) else _checked_rate(value))
        elif isinstance(self._learning_rate, LearningRateSchedule) and is_number:
            passed = f"learning_rate = {value!r} for an optimizer with a schedule"
            raise ValueProblem(passed, "another schedule", "assign a schedule, or make the optimizer with a number")
        else:
            if isinstance(self._learning_rate, Variable):
                self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._set_learning_rate(value)

    @property
    def iterations(self) -> Any:
        """The number of updates so far: with `gradient_accumulation_steps`, not that of calls."""
        if self.gradient_accumulation_steps:
            return self._iterations.value // self.gradient_accumulation_steps
        return self._iterations

    # ---- state

    @property
    def variables(self) -> list[Variable]:
        """All state: the number of updates, the learning rate, the slots."""
        return list(self._variables)

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots of these variables; do nothing when called again."""
        if self.built:
            return
        self._trainable_variables = list(variables)
        self._index = {v: i for i, v in enumerate(self._trainable_variables)}
        if len(self._index) != len(self._trainable_variables):
            raise ValueProblem("a variable passed twice", "each variable once", "check the list")
        with recording(None):
            (self._averages,) = self.add_slots(average="zeros") if self.use_ema else ([],)
            if self.gradient_accumulation_steps:
                (self._accumulators,) = self.add_slots(gradient_accumulator="zeros")
            self.make_slots()
        self.built = True

    def make_slots(self) -> None:
        """Make the slots that `update_step` needs, with `add_slots`; none by default."""

    def add_slots(self, **kinds: Any) -> list[list[Variable]]:
        """Make state of the trained variables' shapes: return for each name a list with a slot for each variable.

        Slots named together are made variable by variable, in the order in which Keras's files number the state.

        Args:
            kinds: the initializer of each kind of slot, by the slot's name.
        """
        add = self.add_variable_from_reference
        rows = [[add(v, *kind) for kind in kinds.items()] for v in self._trainable_variables]
        return [list(slots) for slots in zip(*rows, strict=True)] if rows else [[] for _ in kinds]

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a variable of the shape and dtype of another, as state of this optimizer."""
        shape, dtype = reference_variable.shape, reference_variable.dtype
        variable = self._track(Variable(initializers.get(initializer), shape, dtype, False, False, name=name))
        variable.path = f"{self.name}/{reference_variable.path.replace('/', '_')}_{name}"
        return variable

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, aggregation: str = "none",
        name: str | None = None,
    ) -> Variable:  # fmt: skip
        """Make a variable of this shape, as state of this optimizer."""
        return self._track(Variable(initializers.get(initializer), tuple(shape), dtype or "float32", False, name=name))

    def slot(self, slots: Sequence[Variable], variable: Variable) -> Variable:
        """Return the one of `slots` that belongs to `variable`."""
        return slots[self._index[variable]]

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Exclude variables, or patterns of their names, from weight decay; call it before the first update."""
        if self.built:
            passed = "exclude_from_weight_decay after the first update"
            raise GraphError(passed, "a call before the first update", "call it earlier")
        self._undecayed, self._undecayed_names = list(var_list or ()), "|".join(var_names or ())

    def decay_of(self, variable: Variable) -> float | None:
        """Return the weight decay of this variable."""
        return self.weight_decay if self._is_decayed(variable) else None

    def _is_decayed(self, variable: Variable) -> bool:
        matches = self._undecayed_names and re.search(self._undecayed_names, variable.name)
        return not matches and all(variable is not v for v in self._undecayed)

    # ---- an update

    def once(self, key: Any, make: Callable[[], Tensor]) -> Tensor:
        """Return the value of `key` that all variables of an update share; `make` is called for the first of them."""
        if key not in self._update_cache:
            self._update_cache[key] = make()
        return self._update_cache[key]

    def step_in(self, dtype: Any) -> Tensor:
        """Return the number of this update, from 1, in `dtype`."""
        return self.once(("step", dtype), lambda: ops.cast(as_tensor(self.iterations) + 1, dtype))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Any:
        """Call `apply` with (gradient, variable) pairs, as older notebooks do, and return the number of updates."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Update the variables once (default those it was built for) by their gradients.

        A variable whose gradient is ``None`` is skipped.

        Raises:
            ShapeError: for a gradient of another shape than its variable's.
        """
        pairs = self._checked_pairs(grads, trainable_variables)
        if not pairs:
            return
        if self.loss_scale_factor:
            pairs = [(g / self.loss_scale_factor, v) for g, v in pairs]
        self._update_cache = {}
        with scope(self.name):
            if self.gradient_accumulation_steps:
                self._accumulate(pairs)
            else:
                self._update(pairs)
            self._iterations.assign_add(1)
        self._update_cache = {}

    def _checked_pairs(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None
    ) -> list[tuple[Tensor, Variable]]:
        """Return each gradient that is not ``None`` with its variable; nothing for a model without weights."""
        variables = self._variables_to_update(trainable_variables)
        if len(grads) != len(variables):
            passed = f"{len(grads)} gradients for {len(variables)} variables"
            raise ValueProblem(passed, "one for each", "check the lists")
        if not variables:
            return []
        self.build(variables)
        pairs = [(self._checked_gradient(g, v), v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not pairs:
            passed = "no gradient for any variable"
            raise GraphError(passed, "a gradient for at least one", "check that the loss depends on the model")
        return pairs

    def _variables_to_update(self, variables: Sequence[Variable] | None) -> list[Variable]:
        """Return the variables, or by default those the optimizer was built for."""
        if variables is None and not self.built:
            passed = "gradients alone, for an optimizer that was not built"
            raise GraphError(passed, "the variables too", "pass them, or call build(variables) first")
        return list(self._trainable_variables if variables is None else variables)

    def _checked_gradient(self, gradient: Any, variable: Variable) -> Tensor:
        """Return a gradient as a tensor of its variable's dtype; raise if the two do not belong together."""
        if variable not in self._index:
            passed = f"the variable {variable.path!r}, which the optimizer was not built for"
            expected = "the variables of its first update"
            raise GraphError(passed, expected, "make a new optimizer (and compile again) when the variables change")
        tensor = ops.cast(as_tensor(gradient), variable.dtype)
        if tensor.shape != variable.shape:
            passed = f"a gradient of shape {tensor.shape} for {variable.path!r}"
            raise ShapeError(passed, f"shape {variable.shape}", "check the order")
        return tensor

    def _update(self, pairs: list[tuple[Tensor, Variable]]) -> None:
        """Decay and update the variables by their gradients, which are clipped first; then average and constrain."""
        grads = self._clip([g for g, _ in pairs])
        for _, v in pairs:
            decay = self.decay_of(v)
            if decay:
                v.assign(v.value - v.value * decay * self.rate_in(v.dtype))
        self.begin_update()
        for g, (_, v) in zip(grads, pairs, strict=True):
            self.update_step(g, v, self.rate_in(v.dtype))
        if self.use_ema:
            self._update_averages()
        for _, v in pairs:
            if v.constraint is not None:
                v.assign(v.constraint(v.value))

    def rate_in(self, dtype: Any) -> Tensor:
        """Return the learning rate of this update, in `dtype`."""
        return self.once(("rate", dtype), lambda: ops.cast(as_tensor(self.learning_rate), dtype))

    def begin_update(self) -> None:
        """Do what precedes the updates of single variables; nothing by default."""

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable by its gradient."""
        raise NotImplementedError(f"{type(self).__name__} must define update_step(gradient, variable, learning_rate)")

    def _clip(self, grads: list[Tensor]) -> list[Tensor]:
        if self.clipnorm:
            return [g * _clip_factor(_norm([g]), self.clipnorm) for g in grads]
        if self.global_clipnorm:
            factor = _clip_factor(_norm(grads), self.global_clipnorm)
            return [g * ops.cast(factor, g.dtype) for g in grads]
        if self.clipvalue:
            return [ops.clip(g, -self.clipvalue, self.clipvalue) for g in grads]
        return grads

    def _accumulate(self, pairs: list[tuple[Tensor, Variable]]) -> None:
        """Add the gradients to those of earlier calls; after the last of the steps, update by their mean."""
        steps = self.gradient_accumulation_steps or 1
        is_last = ops.equal((self._iterations.value + 1) % steps, 0)
        slots = [self.slot(self._accumulators, v) for _, v in pairs]
        sums = [g + s.value for (g, _), s in zip(pairs, slots, strict=True)]
        with run_if(is_last):
            self._update([(total / steps, v) for total, (_, v) in zip(sums, pairs, strict=True)])
        for s, total in zip(slots, sums, strict=True):
            s.assign(ops.where(is_last, ops.zeros_like(total), total))

    def _update_averages(self) -> None:
        for v, average in zip(self._trainable_variables, self._averages, strict=True):
            momentum = ops.cast(ops.not_equal(as_tensor(self.iterations), 0), v.dtype) * self.ema_momentum
            average.assign(momentum * average.value + (1 - momentum) * v.value)
        if self.ema_overwrite_frequency:
            with run_if(ops.equal((as_tensor(self.iterations) + 1) % self.ema_overwrite_frequency, 0)):
                self._assign_averages(self._trainable_variables)

    def _assign_averages(self, variables: Iterable[Variable]) -> None:
        for v in variables:
            if v in self._index:
                v.assign(self.slot(self._averages, v).value)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Assign to the variables their moving averages, with `use_ema` and after an update."""
        if self.use_ema and self.built:
            with run_if(as_tensor(self.iterations) > 0):
                self._assign_averages(var_list)

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times `loss_scale_factor`."""
        return loss * self.loss_scale_factor if self.loss_scale_factor else loss

    # ---- description

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        rate = self._learning_rate
        config["learning_rate"] = float(rate.numpy()) if isinstance(rate, Variable) else serialize(rate)
        config["name"] = self.name
        return config

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Store the state's values by number, as Keras's files do."""
        for i, v in enumerate(self.variables):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Load the state that `save_own_variables` stored."""
        if len(store) != len(self.variables):
            passed = f"{len(store)} arrays for an optimizer with {len(self.variables)} variables"
            expected = "the state of the same optimizer on the same variables"
            raise ValueProblem(passed, expected, "build the optimizer on the model's variables first")
        for i, v in enumerate(self.variables):
            v.assign(store[str(i)])

    def __getattr__(self, name: str) -> Any:
        raise no_attribute(self, name, OPTIMIZER_HABITS)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _checked_rate(rate: Any) -> float:
    value = np.asarray(rate)
    if value.ndim or value.dtype.kind not in "iuf" or not np.isfinite(value) or value < 0:
        raise ValueProblem(f"learning_rate={rate!r}", "a number from 0 up, or a schedule", "e.g. learning_rate=0.01")
    return float(value)


def assign_all(variables: Sequence[Variable], values: Sequence[Tensor]) -> None:
    """Assign to each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _norm(grads: Sequence[Tensor]) -> Tensor:
    """Return the norm of all entries of all gradients together."""
    total = sum((ops.sum(ops.square(g)) for g in grads[1:]), ops.sum(ops.square(grads[0])))
    return ops.sqrt(total)


def _clip_factor(norm: Tensor, max_norm: float) -> Tensor:
    """Return the factor that brings a norm down to `max_norm`; 1 for smaller norms."""
    return max_norm / ops.maximum(norm, max_norm)


class LossScaleOptimizer(Optimizer):
    """Keeps gradients from vanishing in float16: the loss is scaled up, and less so when a gradient overflows.

    Args:
        inner_optimizer: the optimizer that updates the variables. initial_scale: the first factor.
        dynamic_growth_steps: the number of updates without overflow after which the factor doubles.

    An update whose gradients are not all finite is skipped. Follows ``keras.optimizers.LossScaleOptimizer``.

    >>> from chainrule.optimizers import SGD
    >>> w = Variable([1.0]); o = LossScaleOptimizer(SGD(0.5), initial_scale=2.0)
    >>> o.apply([[2.0]], [w]); w
    Variable(name='variable', tensor([0.5]))
    """

    def __init__(
        self, inner_optimizer: Optimizer, initial_scale: float = 2.0**15, dynamic_growth_steps: int = 2000,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if kwargs:
            raise TypeError(f"LossScaleOptimizer has no argument {', '.join(kwargs)}; give it to the inner optimizer")
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        inner_optimizer.loss_scale_factor = None  # otherwise gradients would be divided twice
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        self.step_counter = self._track(Variable(0, dtype="int32", trainable=False, name="step_counter"))
        scale = Variable(float(initial_scale), dtype="float32", trainable=False, name="dynamic_scale")
        self.dynamic_scale = self._track(scale)

    @property
    def variables(self) -> list[Variable]:
        return self._variables + self.inner_optimizer.variables

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        return self.inner_optimizer.iterations

    def build(self, variables: Iterable[Variable]) -> None:
        self.inner_optimizer.build(variables)
        self.built = True

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        inner = self.inner_optimizer
        variables = inner._variables_to_update(trainable_variables)
        self.build(variables)
        grads = [None if g is None else as_tensor(g) for g in grads]
        finite: Any = True
        for g in grads:
            if g is not None and is_float(g.dtype):
                finite = ops.logical_and(finite, ops.all(ops.isfinite(g)))
        scale = self.dynamic_scale.value
        with run_if(finite):
            inner.apply([None if g is None else g / ops.cast(scale, g.dtype) for g in grads], variables)
        grows = ops.equal(self.step_counter.value, self.dynamic_growth_steps - 1)
        count = ops.where(grows, 0, self.step_counter.value + 1)
        self.step_counter.assign(ops.where(finite, count, 0))
        self.dynamic_scale.assign(ops.where(finite, ops.where(grows, scale * 2.0, scale), scale * 0.5))

    def scale_loss(self, loss: Any) -> Any:
        return loss * ops.cast(self.dynamic_scale.value, as_tensor(loss).dtype)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        return {**Configurable.get_config(self), "name": self.name}
