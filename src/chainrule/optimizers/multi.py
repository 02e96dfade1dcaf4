"""Several optimizers as one: each weight has its own, chosen by its path or by a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any, NoReturn

from ..core.errors import ValueProblem
from ..serialization.registry import Configurable, serialize
from ..tensors.tensor import Variable
from .optimizer import LossScaleOptimizer, Optimizer


def _plain(optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, LossScaleOptimizer | MultiOptimizer):
        raise ValueProblem(f"{optimizer!r} for a weight", "an optimizer that wraps no other", "e.g. SGD(0.1)")
    return optimizer


class OptimizerMap(Configurable, MutableMapping[str, Optimizer]):
    """Optimizers by the paths of weights: a path itself, or a pattern for the whole path (``"encoder/.*"``).

    Args:
        default_optimizer: for paths that nothing fits. optimizer_map: a dictionary to begin with.

    >>> from chainrule.optimizers import SGD, Adam
    >>> m = OptimizerMap(SGD(), {"encoder/.*": Adam()})
    >>> m["encoder/kernel"], m["head/kernel"]
    (<Adam name=adam>, <SGD name=sgd>)
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None) -> None:
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise ValueProblem(f"optimizer_map={optimizer_map!r}", "a dictionary", "e.g. {'encoder/.*': Adam()}")
        self.default_optimizer = _plain(default_optimizer)
        self._map: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    def __getitem__(self, path: str) -> Optimizer:
        """The optimizer of this path; `ValueProblem` if two patterns fit."""
        if path in self._map:
            return self._map[path]
        fitting = [pattern for pattern in self._map if re.fullmatch(pattern, path)]
        if len(fitting) > 1:
            raise ValueProblem(f"the path {path!r}, which {fitting} all fit", "one pattern", "make them narrower")
        return self._map[fitting[0]] if fitting else self.default_optimizer

    def __setitem__(self, pattern: str, optimizer: Optimizer) -> None:
        if not isinstance(pattern, str) or pattern in self._map:
            raise ValueProblem(f"the key {pattern!r}", "a pattern that is not there yet", "delete the old one first")
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueProblem(f"the pattern {pattern!r}: {error}", "a regular expression", "see Python's re") from None
        self._map[pattern] = _plain(optimizer)

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
    """Gives each weight to the optimizer that `optimizer_map` names (``keras.optimizers.MultiOptimizer``).

    Args:
        optimizer_map: an `OptimizerMap`, or a function from a variable to an optimizer.
        loss_scale_factor: that of all optimizers inside.

    Learning rates are those of the `optimizers` inside; there is none for all.

    >>> from chainrule.optimizers import SGD
    >>> w, b = Variable([1.0], name="w"), Variable([1.0], name="b")
    >>> MultiOptimizer(OptimizerMap(SGD(0.5), {"b": SGD(0.25)})).apply([[1.0], [1.0]], [w, b])
    >>> w.numpy().tolist(), b.numpy().tolist()
    ([0.5], [0.75])
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        if not callable(optimizer_map):
            raise ValueProblem(
                f"optimizer_map={optimizer_map!r}", "an OptimizerMap or a function", "OptimizerMap(Adam())"
            )
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        self.optimizers: list[Optimizer] = []
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._take(optimizer)

    def _take(self, optimizer: Optimizer) -> Optimizer:
        if all(optimizer is not o for o in self.optimizers):
            self.optimizers.append(_plain(optimizer))
            optimizer.loss_scale_factor = self.loss_scale_factor
        return optimizer

    @property
    def variables(self) -> list[Variable]:
        return self._variables + [v for o in self.optimizers for v in o.variables]

    @property
    def learning_rate(self) -> NoReturn:
        """There is none for all: an `AttributeError`."""
        raise AttributeError("a MultiOptimizer has no learning rate of its own: see those of its .optimizers")

    @learning_rate.setter
    def learning_rate(self, value: Any) -> NoReturn:
        raise AttributeError("a MultiOptimizer has no learning rate of its own: set those of its .optimizers")

    def make_slots(self) -> None:
        self._chosen = [self._take(self.optimizer_map(v)) for v in self._trained]
        for optimizer in self.optimizers:
            own = [v for v, o in zip(self._trained, self._chosen, strict=True) if o is optimizer]
            if own:
                optimizer.build(own)

    def _groups(self, variables: Iterable[Variable]) -> Iterator[tuple[Optimizer, list[int]]]:
        of = [self._chosen[self._index[v]] for v in variables]
        for optimizer in self.optimizers:
            places = [i for i, o in enumerate(of) if o is optimizer]
            if places:
                yield optimizer, places

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        pairs = self._checked(grads, trainable_variables)
        if not pairs:
            return
        for optimizer, places in self._groups([v for _, v in pairs]):
            optimizer.apply([pairs[i][0] for i in places], [pairs[i][1] for i in places])
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        known = [v for v in var_list if v in self._index]
        for optimizer, places in self._groups(known):
            optimizer.finalize_variable_values([known[i] for i in places])

    def get_config(self) -> dict[str, Any]:
        return {
            "optimizer_map": serialize(self.optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }
