"""The base of all metrics: state updated with every batch, and a result that can be read at any time."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from .. import initializers, ops
from ..core.errors import GraphError
from ..core.habits import METRIC_HABITS, no_attribute
from ..dtype_policies import DTypePolicy, get
from ..graph import floatx
from ..layers.call_context import auto_name, mask_of
from ..losses.align import weigh, weighted
from ..losses.entries import combine, counted_values, output_mask, target_mask
from ..serialization.configurable import Configurable
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.tree import flatten
from ..tensors.variable import Variable


class Metric(Configurable):
    """A number computed over batches; inherit and define `update_state`, `result`, and state with `add_variable`.

    Follows ``keras.metrics.Metric``. State is variables: inside a traced step they are read and assigned like weights.
    They have 64 bits, since a count in 32 bits stays at 2²⁴ when 1 is added.

    Args:
        dtype: in which each batch is computed; default ``floatx()``. name: in the results.

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
        self._initial_values: list[Any] = []

    @property
    def dtype(self) -> str:
        """The dtype in which each batch is computed."""
        return self._policy.compute_dtype if self._policy else floatx()

    def add_variable(
        self, shape: Any, initializer: Any, dtype: Any = None, aggregation: str = "sum", name: str | None = None
    ) -> Variable:
        """Make a variable of the metric's state; `dtype`: default float64."""
        if "_variables" not in self.__dict__:
            passed = f"a metric {type(self).__name__} that has not been set up"
            expected = "a metric whose base class was set up first"
            raise GraphError(passed, expected, "begin its __init__ with super().__init__(name=name)")
        initializer = initializers.get(initializer)
        variable = Variable(initializer, tuple(shape), dtype or "float64", False, False, aggregation, name)
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        self._initial_values.append(variable.leaf.value)
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Make a variable of the metric's state, by default of zeros."""
        return self.add_variable(shape, initializer or "zeros", dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The state, including that of metrics held as attributes."""
        return self._variables + [v for m in self._inner_metrics() for v in m.variables]

    def _inner_metrics(self) -> list[Metric]:
        """Return the metrics held as attributes, alone or in lists and dictionaries, each once."""
        attributes = [v for k, v in vars(self).items() if k not in ("_init_arguments", "_initial_attributes")]
        return list({id(m): m for m in flatten(attributes)[0] if isinstance(m, Metric)}.values())

    def reset_state(self) -> None:
        """Set every variable to the value it was made with."""
        for variable, value in zip(self._variables, self._initial_values, strict=True):
            variable.assign(value)
        for metric in self._inner_metrics():
            metric.reset_state()

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Update the state with a batch."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state(self, y_true, y_pred, ...)")

    def result(self) -> Any:
        """Return the number for all batches so far."""
        raise NotImplementedError(f"{type(self).__name__} must define result(self)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data, with the present name."""
        config = super().get_config()
        return {**config, "name": self.name} if "name" in config else config

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.update_state(*args, **kwargs)
        return self.result()

    def __getattr__(self, name: str) -> Any:
        raise no_attribute(self, name, METRIC_HABITS)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _cast_to(data: Any, dtype: str) -> Tensor:
    tensor = as_tensor(data)
    return ops.cast(tensor, dtype) if tensor.dtype != dtype or tensor.spec.weak else tensor


def mask_of_pair(y_true: Any, y_pred: Any) -> Tensor | None:
    """Return the mask of what counts in targets and outputs, or ``None``."""
    return combine([m for m in (target_mask(y_true), output_mask(y_pred)) if m is not None])


class Sum(Metric):
    """The weighted sum of all values.

    >>> m = Sum(); m.update_state([1.0, 3.0]); float(m.result())
    4.0
    """

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        self._add(_cast_to(values, self.dtype), sample_weight, mask_of(values))

    def _add(self, values: Tensor, sample_weight: Any, mask: Tensor | None) -> None:
        values, weights = weighted(values, sample_weight, mask)
        self.total.assign_add(ops.sum(values if weights is None else weigh(values, weights)))

    def result(self) -> Tensor:
        return self.total.value


class Mean(Metric):
    """The weighted mean over examples; an example that is a row of values counts with the mean of its row.

    >>> m = Mean(); m.update_state([1.0, 3.0]); m.update_state([5.0]); float(m.result())
    3.0
    """

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        self._add(_cast_to(values, self.dtype), sample_weight, mask_of(values))

    def _add(self, values: Tensor, sample_weight: Any, mask: Tensor | None) -> None:
        values, weights = weighted(values, sample_weight, mask)
        row_size = prod(values.shape[1:]) or 1
        if weights is None:
            self.total.assign_add(ops.sum(values) / row_size)
            self.count.assign_add(values.shape[0] if values.ndim else 1)
        else:
            self.total.assign_add(ops.sum(weigh(values, weights)) / row_size)
            self.count.assign_add(ops.sum(ops.broadcast_to(weights, values.shape)) / row_size)

    def result(self) -> Tensor:
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean over examples of a function ``(y_true, y_pred, **arguments)``.

    >>> m = MeanMetricWrapper(lambda t, o: ops.absolute(t - o), name="gap")
    >>> float(m(ops.zeros((2,)), ops.ones((2,))))
    1.0
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        name = name or getattr(fn, "name", None) or getattr(fn, "__name__", None)
        super().__init__(name=name, dtype=dtype)  # type: ignore[arg-type]
        self.fn, self.arguments = fn, kwargs

    def update_state(  # type: ignore[override]  # Keras's own signature
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        call = lambda target, output: self.fn(target, output, **self.arguments)
        axis = self.arguments.get("axis", -1)
        values, weights, mask, _ = counted_values(call, self.fn, y_true, y_pred, sample_weight, axis)
        self._add(_cast_to(values, self.dtype), weights, mask)
