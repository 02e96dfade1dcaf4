"""Several optimizers as one: each variable has its own, chosen by its path or by a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from functools import reduce
from typing import Any, NoReturn

from .. import ops
from ..core.errors import ValueProblem
from ..serialization.configurable import Configurable
from ..serialization.serialize import serialize
from ..tensors.convert import as_tensor
from ..tensors.variable import Variable
from .optimizer import LossScaleOptimizer, Optimizer


def _check_single(optimizer: Any) -> Optimizer:
    """Check that an optimizer wraps no other."""
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, LossScaleOptimizer | MultiOptimizer):
        raise ValueProblem(f"{optimizer!r} for a weight", "an optimizer that wraps no other", "e.g. SGD(0.1)")
    return optimizer


class OptimizerMap(Configurable, MutableMapping[str, Optimizer]):
    """Optimizers by the paths of variables: a path itself, or a pattern for the whole path (``"encoder/.*"``).

    Args:
        default_optimizer: the optimizer of paths that no pattern matches. optimizer_map: the first entries.

    >>> from chainrule.optimizers import SGD, Adam
    >>> m = OptimizerMap(SGD(), {"encoder/.*": Adam()})
    >>> m["encoder/kernel"], m["head/kernel"]
    (<Adam name=adam>, <SGD name=sgd>)
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None) -> None:
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise ValueProblem(f"optimizer_map={optimizer_map!r}", "a dictionary", "e.g. {'encoder/.*': Adam()}")
        self.default_optimizer = _check_single(default_optimizer)
        self._map: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    def __getitem__(self, path: str) -> Optimizer:
        """Return the optimizer of this path; raise a `ValueProblem` if two patterns match."""
        if path in self._map:
            return self._map[path]
        matching = [pattern for pattern in self._map if re.fullmatch(pattern, path)]
        if len(matching) > 1:
            raise ValueProblem(f"the path {path!r}, which {matching} all match", "one pattern", "make them narrower")
        return self._map[matching[0]] if matching else self.default_optimizer

    def __setitem__(self, pattern: str, optimizer: Optimizer) -> None:
        if not isinstance(pattern, str) or pattern in self._map:
            raise ValueProblem(f"the key {pattern!r}", "a pattern that is not in the map", "delete the old one first")
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueProblem(f"the pattern {pattern!r}: {error}", "a regular expression", "see Python's re") from None
        self._map[pattern] = _check_single(optimizer)

    def __delitem__(self, pattern: str) -> None:
        del self._map[pattern]

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)

    def __len__(self) -> int:
        return len(self._map)

    def __call__(self, variable: Variable) -> Optimizer:
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        return {"default_optimizer": serialize(self.default_optimizer), "optimizer_map": serialize(self._map)}


class MultiOptimizer(Optimizer):
    """An optimizer that updates each variable by the optimizer `optimizer_map` gives it.

    Args:
        optimizer_map: an `OptimizerMap`, or a function from a variable to an optimizer.
        loss_scale_factor: that of all the inner optimizers.

    Each of the inner `optimizers` has its own learning rate; there is none for all. Follows
    ``keras.optimizers.MultiOptimizer``.

    >>> from chainrule.optimizers import SGD
    >>> w, b = Variable([1.0], name="w"), Variable([1.0], name="b")
    >>> MultiOptimizer(OptimizerMap(SGD(0.5), {"b": SGD(0.25)})).apply([[1.0], [1.0]], [w, b])
    >>> w.numpy().tolist(), b.numpy().tolist()
    ([0.5], [0.75])
    """

    def __init__(
        self, optimizer_map: OptimizerMap | Callable[[Variable], Optimizer], loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        if not callable(optimizer_map):
            passed = f"optimizer_map={optimizer_map!r}"
            raise ValueProblem(passed, "an OptimizerMap or a function", "OptimizerMap(Adam())")
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        self.optimizers: list[Optimizer] = []
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._add_optimizer(optimizer)

    def _add_optimizer(self, optimizer: Optimizer) -> Optimizer:
        """Add an optimizer to the inner ones, if it is not among them, and return it."""
        if all(optimizer is not o for o in self.optimizers):
            self.optimizers.append(_check_single(optimizer))
            optimizer.loss_scale_factor = self.loss_scale_factor
        return optimizer

    @property
    def variables(self) -> list[Variable]:
        return self._variables + [v for o in self.optimizers for v in o.variables]

    @property
    def learning_rate(self) -> NoReturn:
        """Raise an `AttributeError`: each of the inner `optimizers` has its own rate."""
        raise AttributeError("a MultiOptimizer has no learning rate of its own: see those of its .optimizers")

    @learning_rate.setter
    def learning_rate(self, value: Any) -> NoReturn:
        raise AttributeError("a MultiOptimizer has no learning rate of its own: set those of its .optimizers")

    @property
    def iterations(self) -> Any:
        """The number of updates so far; where the inner optimizers differ, of the one with the most."""
        if not any(o.gradient_accumulation_steps for o in self.optimizers):
            return self._iterations
        return reduce(ops.maximum, [as_tensor(o.iterations) for o in self.optimizers])

    def make_slots(self) -> None:
        self._assigned = [self._add_optimizer(self.optimizer_map(v)) for v in self._trainable_variables]
        for optimizer in self.optimizers:
            own = [v for v, o in zip(self._trainable_variables, self._assigned, strict=True) if o is optimizer]
            if own:
                optimizer.build(own)

    def _groups(self, variables: Iterable[Variable]) -> Iterator[tuple[Optimizer, list[int]]]:
        """Yield each optimizer that has any of the variables, and their indices."""
        assigned = [self._assigned[self._index[v]] for v in variables]
        for optimizer in self.optimizers:
            indices = [i for i, o in enumerate(assigned) if o is optimizer]
            if indices:
                yield optimizer, indices

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        pairs = self._checked_pairs(grads, trainable_variables)
        if not pairs:
            return
        for optimizer, indices in self._groups([v for _, v in pairs]):
            optimizer.apply([pairs[i][0] for i in indices], [pairs[i][1] for i in indices])
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        variables = [v for v in var_list if v in self._index]
        for optimizer, indices in self._groups(variables):
            optimizer.finalize_variable_values([variables[i] for i in indices])

    def get_config(self) -> dict[str, Any]:
        return {**Configurable.get_config(self), "name": self.name}
