"""Recorded calls: a function or a layer applied to a model's symbolic tensors, as one node that calls it again on data.

So what a function does with the sizes of its inputs, it does again once they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, wraps
from inspect import isfunction
from typing import Any

from ..core.errors import GraphError
from ..graph import CONSTANT, Dim, Leaf, Node, Spec, current_source_info, infer, infer_from_numbers
from ..graph.spec import Specs
from ..tensors import tree
from ..tensors.convert import symbolic
from ..tensors.tensor import Tensor, get_output
from ..tensors.variable import StateOverlay, recording


class ArgumentSlot:
    """Marks where tensor number `index` of a call belongs in its arguments."""

    def __init__(self, index: int) -> None:
        self.index = index


class RecordedCall:
    """A function and the arguments it was called with, with an `ArgumentSlot` in place of each tensor."""

    def __init__(self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        self.function, self.args, self.kwargs = function, tuple(args), kwargs

    def arguments(self, tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with `tensors` in their slots."""
        args, kwargs = tree.map(
            lambda x: tensors[x.index] if isinstance(x, ArgumentSlot) else x, (self.args, self.kwargs)
        )
        return args, kwargs

    def __call__(self, tensors: Sequence[Any]) -> Any:
        """Call the function on these tensors."""
        args, kwargs = self.arguments(tensors)
        return self.function(*args, **kwargs)


class RecordedCallRecord(Leaf):
    """The operation of a recorded call; its value is the list of the call's outputs."""

    leaf = False

    def plan(self, specs: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
        """Refuse: a recorded call has no value of its own."""
        raise GraphError("a recorded call used as an operation", "a call of the model", "call the model on data")

    def replay(self, node: Node, inputs: Sequence[Any]) -> list[Any]:
        """Call the function again on these inputs, and return its outputs as a list."""
        return tree.flatten(node.attributes["call"](inputs))[0]


FUNCTIONS: dict[str, Callable[..., Any]] = {}  # the functions that a model file may name


@cache
def _record_of(name: str) -> RecordedCallRecord:
    """Return the record of the recorded calls of a function, or of an operation with a body."""
    return RecordedCallRecord(name)


def name_of(function: Any) -> str:
    """Return the name of a function in `FUNCTIONS`, or of an operation."""
    name: str = getattr(function, "recorded_name", None) or function.name
    return name


def call_node(operation: Leaf, call: RecordedCall, tensors: Sequence[Tensor], specs: Sequence[Spec]) -> list[Tensor]:
    """Build the node of a recorded call, and return its outputs."""
    attributes = {"call": call}
    node = Tensor(operation, tuple(tensors), attributes, Specs(specs), None, True, current_source_info())
    return [get_output(node, i) for i in range(len(specs))]


def with_unknown_sizes(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, which also takes tensors of which sizes are not known yet.

    On tensors with sizes of ``None`` it is recorded. Where sizes are symbolic, that is while specs are inferred, its
    results have symbolic sizes too, even if it needs numbers.

    Args:
        name: of the function in model files, if they may name it.
    """

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if any(map(_has_open_sizes, args)) or (kwargs and any(map(_has_open_sizes, kwargs.values()))):
            return apply_without_sizes(wrapped, function, args, kwargs)
        return function(*args, **kwargs)

    if name:
        FUNCTIONS[name] = wrapped
    wrapped.recorded_name = name or function.__name__  # type: ignore[attr-defined]
    return wrapped


def take_unknown_sizes(module: dict[str, Any], names: Iterable[str], prefix: str = "") -> None:
    """Let a module's public functions take tensors of which sizes are not known; operations do so by themselves."""
    functions = {name: module[name] for name in names if isfunction(module[name])}
    wrapped = {f: with_unknown_sizes(prefix + f.__name__, f) for f in functions.values()}
    module.update({name: wrapped[f] for name, f in functions.items()})


def _has_open_sizes(x: Any) -> bool:
    """Whether x is a symbolic size, a tensor with one or an unknown one, or a list or tuple that holds such a thing."""
    if x.__class__ is Tensor:
        return bool(x.spec.unknown or x.spec.symbolic)
    return x.__class__ is Dim or (x.__class__ in (list, tuple) and any(map(_has_open_sizes, x)))


def _is_open(x: Any) -> bool:
    """Whether x is a tensor without a value, of which a recorded call is given another one later."""
    return isinstance(x, Tensor) and (x.value is None or x.operation is not CONSTANT)


def apply_without_sizes(
    public: Callable[..., Any], function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Record a call on tensors of unknown sizes, or infer it for symbolic ones.

    Args:
        public: what is called when the recorded call runs on data, and knows its name (`name_of`).
        function: computes it for tensors whose sizes are known or symbolic.
    """
    leaves, unflatten = tree.flatten([list(args), kwargs])
    tensors = list({x.serial: x for x in leaves if _is_open(x)}.values())  # a tensor given twice is one input
    indices = {x.serial: i for i, x in enumerate(tensors)}
    sizes = [x for x in leaves if isinstance(x, Dim)]
    unflatten_outputs: Any = None

    def rule(specs: list[Spec], numbers: list[Any]) -> list[Any]:
        nonlocal unflatten_outputs
        symbols, remaining = [symbolic(s.shape, s.dtype) for s in specs], iter(numbers)
        args, kwargs = unflatten(
            [
                symbols[indices[x.serial]] if _is_open(x) else next(remaining) if isinstance(x, Dim) else x
                for x in leaves
            ]
        )
        with recording(StateOverlay()):
            outputs, unflatten_outputs = tree.flatten(function(*args, **kwargs))
        return [t.spec if isinstance(t, Tensor) else t for t in outputs]

    specs = [t.spec for t in tensors]
    if any(s.unknown for s in specs):
        results = infer(rule, specs)
        slots, keywords = unflatten([ArgumentSlot(indices[x.serial]) if _is_open(x) else x for x in leaves])
        call = RecordedCall(public, slots, keywords)
        outputs = iter(
            call_node(_record_of(name_of(public)), call, tensors, [r for r in results if isinstance(r, Spec)])
        )
        return unflatten_outputs([next(outputs) if isinstance(r, Spec) else r for r in results])
    try:
        with recording(StateOverlay()):
            return function(*args, **kwargs)
    except Exception as error:
        results = infer_from_numbers(rule, specs, sizes, error)
    return unflatten_outputs([symbolic(r.shape, r.dtype) if isinstance(r, Spec) else r for r in results])
