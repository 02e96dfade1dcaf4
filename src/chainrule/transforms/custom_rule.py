"""Custom operations: a forward and a backward of the user's, checked, then used like any other operation.

The forward makes the body of a call node, so that both engines run it and every analysis can open it. Wherever the call
is differentiated, the backward builds its gradient's graph. Gradients enter the library only by the records' rules and
by these backwards, which are checked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, update_wrapper
from importlib import import_module
from typing import Any

import numpy as np

from ..core.errors import GraphError, SymbolicError, ValueProblem
from ..core.providers import provider
from ..graph import Graph, Spec
from ..ops.calls import Composite
from ..ops.record import freeze
from ..tensors.convert import as_tensor
from ..tensors.tensor import VARIABLE, WATCHED, Tensor
from ..tensors.variable import Variable
from .differentiate.backward import derivative_graph


class CustomComposite(Composite):
    """The record of a custom operation: its body is what `function` builds."""

    @property
    def function(self) -> Callable[..., Any]:
        """The user's function."""
        function: Callable[..., Any] = self.value.function  # type: ignore[attr-defined]
        return function

    def __post_init__(self) -> None:
        super().__post_init__()
        name = self.function.__name__
        vars(self).update(__name__=name, __qualname__=name, __doc__=self.function.__doc__)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.function)

    @cached_property
    def arity(self) -> int:
        """The number of inputs: of arguments without a default."""
        return len(self.input_names)

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple([p.name for p in self.__signature__.parameters.values() if p.default is p.empty])

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The settings, with their defaults."""
        parameters = self.__signature__.parameters.values()
        return {p.name: freeze(p.default) for p in parameters if p.default is not p.empty}

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Split a call's arguments into inputs and attributes; settings must not be arrays."""
        for name, value in (*zip(self.parameters, args[self.arity :], strict=False), *kwargs.items()):
            if name in self.parameters:
                self.check_setting(name, value)
        return super().bind(args, kwargs)

    def check_setting(self, name: str, value: Any) -> None:
        """Raise `ValueProblem` for a setting that is an array."""
        if isinstance(value, Tensor | Variable | np.ndarray):
            kind = "an array" if isinstance(value, np.ndarray) else f"a {type(value).__name__.lower()}"
            passed = f"{kind} for the setting {name!r} of {self.function.__name__}"
            mend = "make it an input: an argument without a default"
            raise ValueProblem(passed, "a number, a string or another value that is no array", mend)

    def key(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Any:
        """Return the key of the cached body."""
        return super().key(specs, attributes), repr(attributes)  # 1, 1.0 and True are equal, but not the same setting

    def body(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Graph:
        """Return the graph of the forward, traced on inputs of these specs.

        Raises:
            ValueProblem: if it reads a variable or a watched tensor that is not an input.
        """
        key = self.key(specs, attributes)
        if (cached := self.bodies.get(key)) is not None:
            return cached
        body = super().body(specs, attributes)
        for node in body.order:
            if node.operation in (VARIABLE, WATCHED):
                self.bodies.pop(key, None)
                passed = f"the variable {node.attributes.get('name', '')!r} inside {self.function.__name__}"
                mend = "make it an argument without a default"
                raise ValueProblem(passed, "variables that are passed in as inputs", mend)
        return body


def _custom_composite(function: Callable[..., Any]) -> CustomComposite:
    """Return the record of a function of tensors."""
    if not inspect.isfunction(function):
        raise ValueProblem(f"{function!r} as an operation", "a function of tensors", "write one with def")
    parameters = list(inspect.signature(function).parameters.values())
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.KEYWORD_ONLY) for p in parameters):
        raise ValueProblem(f"{function.__name__} with * among its arguments", "named arguments", "name each input")
    inputs = [p.name for p in parameters if p.default is p.empty]
    if not inputs or [p.name for p in parameters[: len(inputs)]] != inputs:
        passed = f"{function.__name__}{inspect.signature(function)}"
        raise ValueProblem(passed, "inputs first, then settings with defaults", "e.g. def swish(x, beta=1.0)")

    def value(xp: Any, *xs: Any, **attributes: Any) -> Any:
        return function(*xs, **attributes)

    value.function = function  # type: ignore[attr-defined]
    record = CustomComposite(
        f"custom.{function.__name__}",  # no operation of the library, which an engine may replace by name
        value,
        gradient_note=f"the gradient is computed by the backward written for {function.__name__}",
        format=f"{function.__name__}({', '.join(f'{{{i}}}' for i in range(len(inputs)))})",
    )
    for p in parameters[len(inputs) :]:
        record.check_setting(p.name, p.default)
    return record


class CustomOperation:
    """A custom operation, made by `operation` and called with tensors.

    Attributes:
        record: the record of its forward and of its backward, if it has one; without, it is differentiated like its
            body.
        report: the report of the check of that backward.
    """

    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[..., Any], samples: Sequence[Any]) -> None:
        self.record, self.report = _custom_composite(function), None
        self._samples = [s if isinstance(s, tuple) else (s,) for s in samples]
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.record(*args, **kwargs)

    @property
    def __signature__(self) -> inspect.Signature:
        return self.record.__signature__

    def __repr__(self) -> str:
        return repr(self.record)

    def __deepcopy__(self, memo: Any) -> CustomOperation:
        return self

    def __reduce__(self) -> Any:
        """Pickle it by name, as functions are."""
        return _import_name, (self.__module__, self.__qualname__)

    def backward(self, function: Callable[..., Any] | None = None, *, check: bool = True) -> Any:
        """Set its backward, after a comparison with numeric slopes.

        Args:
            function: takes ``(upstream, *inputs, **settings)`` and returns the gradient of each input, one or a tuple.
                Without it, a decorator is returned.
            check: ``False`` accepts it without the comparison, to see what a wrong one does.

        Raises:
            ValueProblem: if it is wrong, with the worst entries and the probable cause.
        """
        if function is None:
            return lambda f: self.backward(f, check=check)
        if check:
            self.report = self._check_report(function)
            if not self.report:
                passed = f"a wrong backward of {self.__name__}:\n{self.report}\n"
                mend = "see the hints, or print the operation's report (to_html() shows it as a page)"
                raise ValueProblem(passed, "the gradient of each input", mend)
        record = replace(self.record, custom_vjp=function)
        samples: list[tuple[Any, ...]] = (self._samples or [self._default_sample()]) if check else []
        try:
            for sample in samples:
                body = record.body(tuple([as_tensor(a).spec for a in sample]), dict(record.parameters))
                derivative_graph(record, body, dict(record.parameters))
        except SymbolicError as error:  # its results are right, but it cannot be traced
            passed = f"a backward of {self.__name__} that needs the values of its inputs ({error.passed})"
            expected = "operations of this library, which can be compiled and differentiated again"
            raise ValueProblem(passed, expected, "write it with operators and chainrule.ops instead of NumPy") from None
        self.record = record
        return function

    def _check_report(self, backward: Callable[..., Any]) -> Any:
        """Compare a backward with numeric slopes at every sample, and return one report."""
        checker = provider("gradient_check")
        report = checker.Report([], 1e-6)
        for sample in self._samples or [self._default_sample()]:
            try:
                result = checker.check(self.record.function, *sample, backward=backward)
            except Exception as error:
                if self._samples:
                    raise
                passed = f"{self.__name__} on inputs of shape (2, 3) ({error})"
                mend = "pass samples: @chainrule.operation(samples=[(x, w)])"
                raise ValueProblem(passed, "inputs that it takes", mend) from None
            report.inputs = result.inputs
            report.entries += result.entries
            report.problems += result.problems
            report.hints += result.hints
        if not report.entries and not report.problems:
            passed = f"samples of {self.__name__} without a float input"
            raise ValueProblem(passed, "a float input to differentiate by", "pass floats")
        return report

    def _default_sample(self) -> tuple[Any, ...]:
        return tuple(np.random.default_rng(i).normal(size=(2, 3)) for i in range(self.record.arity))

    def check(self, *inputs: Any, **settings: Any) -> Any:
        """Compare the backward with numeric slopes at these inputs."""
        if self.record.custom_vjp is None:
            passed = f"{self.__name__} without a backward"
            raise GraphError(passed, "a backward", f"write it under @{self.__name__}.backward")
        return provider("gradient_check").check(
            self.record.function, *inputs, backward=self.record.custom_vjp, **settings
        )


def _import_name(module: str, name: str) -> Any:
    result: Any = import_module(module)
    for part in name.split("."):
        result = getattr(result, part)
    return result


def operation(function: Callable[..., Any] | None = None, *, samples: Sequence[Any] = ()) -> Any:
    """Make an operation with a backward of your own.

    Args:
        function: the forward, of tensors: with `chainrule.ops`, NumPy's functions or operators. Arguments without a
            default are inputs, those with one are settings.
        samples: inputs to check the backward on: arrays, or tuples of them. By default shape (2, 3) for each.

    The backward is used in every reverse pass, eager or compiled, of any order. Forward mode (`jvp`) and `vectorize`
    open the operation and differentiate its body.

    Returns:
        The operation; ``@name.backward`` sets its backward. Without `function`, a decorator.

    Raises:
        ValueProblem: at ``@name.backward``, if the backward is wrong.

    >>> from chainrule import ops
    >>> @operation
    ... def swish(x, beta=1.0):
    ...     return x * ops.sigmoid(beta * x)
    >>> @swish.backward
    ... def slope(upstream, x, beta=1.0):
    ...     s = ops.sigmoid(beta * x)
    ...     return upstream * (s + beta * x * s * (1 - s))
    >>> swish.report.verdict
    'RIGHT: 6 entries checked, relative error at most ...
    >>> swish([0.0, 1.0], beta=2.0).shape
    (2,)
    """
    if function is None:
        return lambda f: CustomOperation(f, samples)
    return CustomOperation(function, samples)
