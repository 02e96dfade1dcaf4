"""The base of all metrics: state that grows with every batch, and a result that can be read at any time."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import Any

from .. import initializers, ops
from ..core.errors import GraphError
from ..dtype_policies import DTypePolicy, get
from ..graph import floatx
from ..layers.call_context import auto_name, mask_of
from ..losses.align import weighted
from ..serialization.registry import Configurable
from ..tensors.tensor import Tensor, Variable, as_tensor
from ..tensors.tree import flatten


class Metric(Configurable):
    """A number gathered over batches; inherit and define `update_state`, `result`, and state with `add_variable`.

    Follows ``keras.metrics.Metric``. State is variables: inside a traced step they are read and assigned like weights.

    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", dtype=None):
    ...         super().__init__(name=name, dtype=dtype)
    ...         self.most = self.add_variable((), "zeros", name="most")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.most.assign(ops.maximum(self.most, ops.max(y_pred)))
    ...     def result(self):
    ...         return self.most
    >>> m = Largest(); m.update_state(None, [1.0, 3.0]); float(m.result())
    3.0
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self))
        self._policy: DTypePolicy | None = None if dtype is None else get(dtype)
        self._variables: list[Variable] = []
        self._starts: list[Any] = []

    @property
    def dtype(self) -> str:
        """The dtype of the state."""
        return self._policy.compute_dtype if self._policy else floatx()

    def add_variable(
        self, shape: Any, initializer: Any, dtype: Any = None, aggregation: str = "sum", name: str | None = None
    ) -> Variable:
        """Make a variable of the metric's state."""
        if "_variables" not in self.__dict__:
            raise GraphError(
                f"a metric {type(self).__name__} that has not been set up",
                "the base class to be set up first",
                "begin its __init__ with super().__init__(name=name)",
            )
        first = initializers.get(initializer)
        variable = Variable(first, tuple(shape), dtype or self.dtype, False, False, aggregation, name)
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        self._starts.append(variable._leaf.value)
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """`add_variable`, starting from zeros."""
        return self.add_variable(shape, initializer or "zeros", dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The state, that of metrics held by this one included."""
        return self._variables + [v for m in self._inner() for v in m.variables]

    def _inner(self) -> list[Metric]:
        """Metrics held as attributes, alone or in lists and dictionaries."""
        held = [flatten(v)[0] for k, v in vars(self).items() if k not in ("_given", "_settled")]
        return list({id(m): m for part in held for m in part if isinstance(m, Metric)}.values())

    def reset_state(self) -> None:
        """Start again: every variable takes the value it was made with."""
        for variable, start in zip(self._variables, self._starts, strict=True):
            variable.assign(start)
        for metric in self._inner():
            metric.reset_state()

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take in a batch."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state(self, y_true, y_pred, ...)")

    def result(self) -> Any:
        """The number so far."""
        raise NotImplementedError(f"{type(self).__name__} must define result(self)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, and the name as it is now."""
        config = super().get_config()
        return {**config, "name": self.name} if "name" in config else config

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.update_state(*args, **kwargs)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _values(data: Any, dtype: str) -> Tensor:
    found = as_tensor(data)
    return ops.cast(found, dtype) if found.dtype != dtype or found.spec.weak else found


def output_mask(y_pred: Any) -> Tensor | None:
    """Which examples of an output count, as a layer has said, or ``None``."""
    return mask_of(flatten(y_pred, lists_are_arrays=True)[0][0])


class Sum(Metric):
    """The sum of all values, weighted.

    >>> m = Sum(); m.update_state([1.0, 3.0]); float(m.result())
    4.0
    """

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        self._add(_values(values, self.dtype), sample_weight, mask_of(values))

    def _add(self, values: Tensor, sample_weight: Any, mask: Tensor | None) -> None:
        values, weights = weighted(values, sample_weight, mask)
        self.total.assign_add(ops.sum(values if weights is None else values * weights))

    def result(self) -> Tensor:
        return self.total.value


class Mean(Metric):
    """The mean over examples, weighted; an example that is a row of values counts with the mean of its row.

    >>> m = Mean(); m.update_state([1.0, 3.0]); m.update_state([5.0]); float(m.result())
    3.0
    """

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        self._add(_values(values, self.dtype), sample_weight, mask_of(values))

    def _add(self, values: Tensor, sample_weight: Any, mask: Tensor | None) -> None:
        values, weights = weighted(values, sample_weight, mask)
        row = prod(values.shape[1:]) or 1
        if weights is None:
            self.total.assign_add(ops.sum(values) / row)
            self.count.assign_add(values.shape[0] if values.ndim else 1)
        else:
            self.total.assign_add(ops.sum(values * weights) / row)
            self.count.assign_add(ops.sum(ops.broadcast_to(weights, values.shape)) / row)

    def result(self) -> Tensor:
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function ``(y_true, y_pred, **arguments)`` of each example.

    >>> m = MeanMetricWrapper(lambda t, o: ops.absolute(t - o), name="gap")
    >>> float(m(ops.zeros((2,)), ops.ones((2,))))
    1.0
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        known_as = getattr(fn, "name", None) or getattr(fn, "__name__", None)
        super().__init__(name=name or known_as, dtype=dtype)  # type: ignore[arg-type]
        self.fn, self.arguments = fn, kwargs

    def update_state(  # type: ignore[override]  # Keras's own signature
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        values = as_tensor(self.fn(y_true, y_pred, **self.arguments))
        masks = [m for m in (output_mask(y_pred), mask_of(values)) if m is not None]
        self._add(_values(values, self.dtype), sample_weight, reduce(ops.logical_and, masks) if masks else None)
