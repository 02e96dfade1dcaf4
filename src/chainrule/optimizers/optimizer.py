"""The base of all optimizers: clip, decay, update, average; each variable with slots of its own.

Everything is operations on variables, so an update is a graph like any other: run at once, or traced into a step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import initializers, ops
from ..core.errors import GraphError, ShapeError, ValueProblem
from ..graph import floatx, scope
from ..graph.spec import is_float
from ..serialization.registry import Configurable, serialize, unexpected_argument_error
from ..tensors.tensor import Tensor, Variable, as_tensor, recording
from ..transforms.trace import run_if
from .schedules import LearningRateSchedule


class Optimizer(Configurable):
    """Changes variables by their gradients; inherit and define `update_step` (``keras.optimizers.Optimizer``).

    Args:
        learning_rate: a number, a `schedules.LearningRateSchedule`, or a function without arguments.
        weight_decay: each update first takes this share, times the learning rate, off every weight
            (Loshchilov and Hutter, arXiv:1711.05101).
        clipnorm: the greatest norm of one gradient. clipvalue: the greatest size of its entries.
        global_clipnorm: the greatest norm of all gradients together. At most one of the three.
        use_ema: keep moving averages of the weights. ema_momentum: theirs. ema_overwrite_frequency: after so
            many updates the weights become their averages; ``None``: at the end of training.
        loss_scale_factor: gradients are divided by it: the loss was multiplied by it before.
        gradient_accumulation_steps: so many calls' gradients are averaged for one update.

    >>> w = Variable([1.0, 2.0])
    >>> from chainrule.optimizers import SGD
    >>> SGD(0.5).apply([[1.0, 1.0]], [w])
    >>> w
    Variable(name='variable', tensor([0.5, 1.5]))
    """

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise unexpected_argument_error(type(self), kwargs)
        if sum(c is not None for c in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueProblem(
                f"clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}",
                "at most one way to clip",
                "leave the others out",
            )
        for key, value in (("clipnorm", clipnorm), ("clipvalue", clipvalue), ("global_clipnorm", global_clipnorm)):
            if value is not None and not value > 0:
                raise ValueProblem(f"{key}={value}", "a number above 0", f"e.g. {key}=1.0")
        if not 0 <= ema_momentum <= 1:
            raise ValueProblem(f"ema_momentum={ema_momentum}", "a share from 0 to 1", "e.g. 0.99")
        for key, count, least in (
            ("ema_overwrite_frequency", ema_overwrite_frequency, 1),
            ("gradient_accumulation_steps", gradient_accumulation_steps, 2),
        ):
            if count is not None and (not isinstance(count, int) or count < least):
                raise ValueProblem(f"{key}={count!r}", f"a whole number from {least} up", "or leave it out")
        self.name = name or type(self).__name__.lower()
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._variables: list[Variable] = []
        self._index: dict[Variable, int] = {}
        self._trained: list[Variable] = []
        self._spared: list[Variable] = []
        self._spared_names = ""
        self._shared: dict[Any, Tensor] = {}
        self._iterations = self._own(Variable(0, dtype="int32", trainable=False, name="iteration"))
        self._learning_rate: Any = None
        self._set_rate(learning_rate)

    def _own(self, variable: Variable) -> Variable:
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    # ---- the learning rate

    def _set_rate(self, rate: Any) -> None:
        if isinstance(rate, LearningRateSchedule) or (callable(rate) and not isinstance(rate, Variable)):
            self._learning_rate = rate
            return
        if isinstance(rate, dict):
            from .schedules import deserialize

            self._learning_rate = deserialize(rate)
            return
        value = _rate(rate)
        self._learning_rate = self._own(Variable(value, dtype=floatx(), trainable=False, name="learning_rate"))

    @property
    def learning_rate(self) -> Any:
        """The variable that holds the rate; with a schedule, the rate of the next update."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate if isinstance(rate, Variable) else rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        number = np.ndim(np.asarray(value, dtype=object)) == 0 and not callable(value)
        if isinstance(self._learning_rate, Variable) and number:
            self._learning_rate.assign(value if isinstance(value, Tensor | Variable) else _rate(value))
        elif isinstance(self._learning_rate, LearningRateSchedule) and number:
            raise ValueProblem(
                f"learning_rate = {value!r} for an optimizer with a schedule",
                "the schedule to decide",
                "assign another schedule, or make the optimizer with a number",
            )
        else:
            if isinstance(self._learning_rate, Variable):
                self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._set_rate(value)

    @property
    def iterations(self) -> Any:
        """How many updates there were."""
        if self.gradient_accumulation_steps:
            return self._iterations.value // self.gradient_accumulation_steps
        return self._iterations

    # ---- state

    @property
    def variables(self) -> list[Variable]:
        """All state: the count of updates, the rate, the slots."""
        return list(self._variables)

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots for these variables, once."""
        if self.built:
            return
        self._trained = list(variables)
        self._index = {v: i for i, v in enumerate(self._trained)}
        if len(self._index) != len(self._trained):
            raise ValueProblem("a variable given twice", "each variable once", "check the list")
        with recording(None):
            (self._averages,) = self.add_slots(average="zeros") if self.use_ema else ([],)
            if self.gradient_accumulation_steps:
                (self._gathered,) = self.add_slots(gradient_accumulator="zeros")
            self.make_slots()
        self.built = True

    def make_slots(self) -> None:
        """Make what `update_step` keeps for each variable, with `add_slots`; none by default."""

    def add_slots(self, **kinds: Any) -> list[list[Variable]]:
        """For each name and its initializer, a variable like each of those trained, in their order.

        Names given together are made variable by variable: so does Keras, whose files number the state.
        """
        made = [[self.add_variable_from_reference(v, *kind) for kind in kinds.items()] for v in self._trained]
        return [list(slots) for slots in zip(*made, strict=True)] if made else [[] for _ in kinds]

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A variable of the shape and dtype of another, as state of this optimizer."""
        shape, dtype = reference_variable.shape, reference_variable.dtype
        made = Variable(initializers.get(initializer), shape, dtype, False, False, name=name)
        made = self._own(made)
        made.path = f"{self.name}/{reference_variable.path.replace('/', '_')}_{name}"
        return made

    def add_variable(
        self,
        shape: Any,
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        name: str | None = None,
    ) -> Variable:
        """A variable of this shape, as state of this optimizer."""
        return self._own(Variable(initializers.get(initializer), tuple(shape), dtype or "float32", False, name=name))

    def slot(self, slots: Sequence[Variable], variable: Variable) -> Variable:
        """The one of `slots` that belongs to `variable`."""
        return slots[self._index[variable]]

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Variables, or patterns of their names, that weight decay leaves alone; to be called first."""
        if self.built:
            raise GraphError("exclude_from_weight_decay after the first update", "it to come first", "call it earlier")
        self._spared, self._spared_names = list(var_list or ()), "|".join(var_names or ())

    def decay_of(self, variable: Variable) -> float | None:
        """The weight decay of this variable."""
        return self.weight_decay if self._decays(variable) else None

    def _decays(self, variable: Variable) -> bool:
        named = self._spared_names and re.search(self._spared_names, variable.name)
        return not named and all(variable is not v for v in self._spared)

    # ---- an update

    def once(self, key: Any, make: Callable[[], Tensor]) -> Tensor:
        """What all variables of an update share, made for the first of them."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def step_in(self, dtype: Any) -> Tensor:
        """The number of this update, from 1, in `dtype`."""
        return self.once(("step", dtype), lambda: ops.cast(as_tensor(self.iterations) + 1, dtype))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Any:
        """`apply` with pairs, as older notebooks write it; gives the count of updates."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """One update of the variables (default those it was built for) by their gradients; ``None`` is passed over.

        Raises:
            ShapeError: for a gradient of another shape than its variable's.
        """
        pairs = self._checked(grads, trainable_variables)
        if not pairs:
            return
        if self.loss_scale_factor:
            pairs = [(g / self.loss_scale_factor, v) for g, v in pairs]
        self._shared = {}
        with scope(self.name):
            if self.gradient_accumulation_steps:
                self._accumulate(pairs)
            else:
                self._update(pairs)
            if self.use_ema:
                self._average()
            for _, v in pairs:
                if v.constraint is not None:
                    v.assign(v.constraint(v.value))
            self._iterations.assign_add(1)
        self._shared = {}

    def _checked(self, grads: Sequence[Any], given: Sequence[Variable] | None) -> list[tuple[Tensor, Variable]]:
        """The gradients that are there, each with its variable; none for a model without weights."""
        variables = self._given_or_known(given)
        if len(grads) != len(variables):
            raise ValueProblem(
                f"{len(grads)} gradients for {len(variables)} variables", "one for each", "check the lists"
            )
        if not variables:  # a model without weights
            return []
        self.build(variables)
        pairs = [(self._gradient(g, v), v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not pairs:
            raise GraphError(
                "no gradient for any variable",
                "a gradient for one at least",
                "check that the loss depends on the model",
            )
        return pairs

    def _given_or_known(self, variables: Sequence[Variable] | None) -> list[Variable]:
        if variables is None and not self.built:
            raise GraphError(
                "gradients alone, for an optimizer that knows no variables",
                "the variables too",
                "pass them, or call build(variables) first",
            )
        return list(self._trained if variables is None else variables)

    def _gradient(self, gradient: Any, variable: Variable) -> Tensor:
        if variable not in self._index:
            raise GraphError(
                f"the variable {variable.path!r}, which the optimizer was not built for",
                "the variables of its first update",
                "make a new optimizer (and compile again) when the variables change",
            )
        found = ops.cast(as_tensor(gradient), variable.dtype)
        if found.shape != variable.shape:
            raise ShapeError(
                f"a gradient of shape {found.shape} for {variable.path!r}", f"shape {variable.shape}", "check the order"
            )
        return found

    def _update(self, pairs: list[tuple[Tensor, Variable]]) -> None:
        grads = self._clipped([g for g, _ in pairs])
        for _, v in pairs:
            share = self.decay_of(v)
            if share:
                v.assign(v.value - v.value * share * self.rate_in(v.dtype))
        self.begin_update()
        for g, (_, v) in zip(grads, pairs, strict=True):
            self.update_step(g, v, self.rate_in(v.dtype))

    def rate_in(self, dtype: Any) -> Tensor:
        """The learning rate of this update, in `dtype`."""
        return self.once(("rate", dtype), lambda: ops.cast(as_tensor(self.learning_rate), dtype))

    def begin_update(self) -> None:
        """What happens once before the variables' own updates; nothing by default."""

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Change one variable by its gradient."""
        raise NotImplementedError(f"{type(self).__name__} must define update_step(gradient, variable, learning_rate)")

    def _clipped(self, grads: list[Tensor]) -> list[Tensor]:
        if self.clipnorm:
            return [g * _shrink(_norm([g]), self.clipnorm) for g in grads]
        if self.global_clipnorm:
            factor = _shrink(_norm(grads), self.global_clipnorm)
            return [g * ops.cast(factor, g.dtype) for g in grads]
        if self.clipvalue:
            return [ops.clip(g, -self.clipvalue, self.clipvalue) for g in grads]
        return grads

    def _accumulate(self, pairs: list[tuple[Tensor, Variable]]) -> None:
        steps = self.gradient_accumulation_steps or 1
        full = ops.equal((self._iterations.value + 1) % steps, 0)
        slots = [self.slot(self._gathered, v) for _, v in pairs]
        sums = [g + s.value for (g, _), s in zip(pairs, slots, strict=True)]
        with run_if(full):
            self._update([(total / steps, v) for total, (_, v) in zip(sums, pairs, strict=True)])
        for s, total in zip(slots, sums, strict=True):
            s.assign(ops.where(full, ops.zeros_like(total), total))

    def _average(self) -> None:
        for v, average in zip(self._trained, self._averages, strict=True):
            share = ops.cast(ops.not_equal(as_tensor(self.iterations), 0), v.dtype) * self.ema_momentum
            average.assign(share * average.value + (1 - share) * v.value)
        if self.ema_overwrite_frequency:
            with run_if(ops.equal((as_tensor(self.iterations) + 1) % self.ema_overwrite_frequency, 0)):
                self.finalize_variable_values(self._trained)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Give the variables their moving averages, if they are kept."""
        if self.use_ema and self.built:
            for v in var_list:
                if v in self._index:
                    v.assign(self.slot(self._averages, v).value)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`."""
        return loss * self.loss_scale_factor if self.loss_scale_factor else loss

    # ---- description

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        rate = self._learning_rate
        config["learning_rate"] = float(rate.numpy()) if isinstance(rate, Variable) else serialize(rate)
        config["name"] = self.name
        return config

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """The state's values by number, as Keras's files have them."""
        for i, v in enumerate(self.variables):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Take the state from `save_own_variables`' answer."""
        if len(store) != len(self.variables):
            raise ValueProblem(
                f"{len(store)} arrays for an optimizer with {len(self.variables)} variables",
                "the state of the same optimizer on the same variables",
                "build the optimizer on the model's variables first",
            )
        for i, v in enumerate(self.variables):
            v.assign(store[str(i)])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _rate(given: Any) -> float:
    value = np.asarray(given)
    if value.ndim or value.dtype.kind not in "iuf" or not np.isfinite(value) or value < 0:
        raise ValueProblem(f"learning_rate={given!r}", "a number from 0 up, or a schedule", "e.g. learning_rate=0.01")
    return float(value)


def _norm(grads: Sequence[Tensor]) -> Tensor:
    total = sum((ops.sum(ops.square(g)) for g in grads[1:]), ops.sum(ops.square(grads[0])))
    return ops.sqrt(total)


def _shrink(norm: Tensor, most: float) -> Tensor:
    """The factor that brings a norm to `most` at most; 1 for a norm of 0."""
    return most / ops.maximum(norm, most)


class LossScaleOptimizer(Optimizer):
    """Keeps gradients from vanishing in float16: the loss is scaled up, and less so when a gradient overflows.

    Args:
        inner_optimizer: does the updates. initial_scale: the first factor.
        dynamic_growth_steps: after so many updates without overflow the factor doubles.

    An update whose gradients are not all finite is left out. Follows ``keras.optimizers.LossScaleOptimizer``.

    >>> from chainrule.optimizers import SGD
    >>> w = Variable([1.0]); o = LossScaleOptimizer(SGD(0.5), initial_scale=2.0)
    >>> o.apply([[2.0]], [w]); w
    Variable(name='variable', tensor([0.5]))
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise TypeError(f"LossScaleOptimizer has no argument {', '.join(kwargs)}; give it to the inner optimizer")
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        inner_optimizer.loss_scale_factor = None  # or gradients would be divided twice
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        self.step_counter = self._own(Variable(0, dtype="int32", trainable=False, name="step_counter"))
        self.dynamic_scale = self._own(
            Variable(float(initial_scale), dtype="float32", trainable=False, name="dynamic_scale")
        )

    @property
    def variables(self) -> list[Variable]:
        return self._variables + self.inner_optimizer.variables

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's."""
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
        variables = inner._given_or_known(trainable_variables)
        self.build(variables)
        finite: Any = True
        for g in grads:
            if g is not None and is_float(as_tensor(g).dtype):
                finite = ops.logical_and(finite, ops.all(ops.isfinite(as_tensor(g))))
        scale = self.dynamic_scale.value
        with run_if(finite):
            inner.apply(
                [None if g is None else as_tensor(g) / ops.cast(scale, as_tensor(g).dtype) for g in grads], variables
            )
        grown = ops.equal(self.step_counter.value, self.dynamic_growth_steps - 1)
        count = ops.where(grown, 0, self.step_counter.value + 1)
        self.step_counter.assign(ops.where(finite, count, 0))
        self.dynamic_scale.assign(ops.where(finite, ops.where(grown, scale * 2.0, scale), scale * 0.5))

    def scale_loss(self, loss: Any) -> Any:
        return loss * ops.cast(self.dynamic_scale.value, as_tensor(loss).dtype)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        return {
            "inner_optimizer": serialize(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
            "name": self.name,
        }
