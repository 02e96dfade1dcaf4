"""Operations of your own: a forward and a backward written by hand, checked, then used like any other.

The forward makes the body of a call node, so both engines run it and every reading opens it. The backward stands beside
it: wherever the call is differentiated, its graph is what you wrote. It is the one way besides the records' rules in
which a gradient enters the library, and it enters checked.

May import: `errors`, `graph`, `tensor`, `ops`, `readings`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..core.errors import ChainruleError, GraphError, SymbolicError, ValueProblem
from ..core.providers import provider
from ..graph import Graph, Spec, new_cache
from ..ops.record import Composite, call_spec, freeze, preserve_dtypes, requires_opening
from ..tensors.tensor import VARIABLE, WATCHED, Tensor, Variable, as_tensor
from .differentiate.backward import written_gradient


class CustomOperation(Composite):
    """What `operation` makes. Call it with tensors.

    Attributes:
        custom_vjp: the backward written for it, or ``None``: then it is differentiated like its body.
        report: what the check of that backward found.
    """

    def __init__(self, function: Callable[..., Any], samples: Sequence[Any]) -> None:
        if not inspect.isfunction(function):
            raise ValueProblem(f"{function!r} as an operation", "a function of tensors", "write one with def")
        given = list(inspect.signature(function).parameters.values())
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.KEYWORD_ONLY) for p in given):
            raise ValueProblem(f"{function.__name__} with * among its arguments", "named arguments", "name each input")
        inputs = [p.name for p in given if p.default is p.empty]
        if not inputs or [p.name for p in given[: len(inputs)]] != inputs:
            raise ValueProblem(
                f"{function.__name__}{inspect.signature(function)}",
                "inputs first, then settings with defaults",
                "e.g. def swish(x, beta=1.0)",
            )
        self.function, self.custom_vjp, self.report = function, None, None
        self.given = [s if isinstance(s, tuple) else (s,) for s in samples]
        self.name, self.names, self.arity = f"own.{function.__name__}", tuple(inputs), len(inputs)
        for p in given[len(inputs) :]:
            self._must_be_plain(function.__name__, p.name, p.default)
        self.parameters = {p.name: freeze(p.default) for p in given[len(inputs) :]}
        self.value = lambda xp, *xs, **attributes: function(*xs, **attributes)
        self.bodies, self.plans = new_cache(), new_cache()
        self.local = self.transpose = self.tangent = None
        self.reduces = self.joint = False
        self.gradient_note = f"the gradient is what the backward written for {function.__name__} says"
        self.format = f"{function.__name__}({', '.join(f'{{{i}}}' for i in range(len(inputs)))})"
        self.samples = []
        self.spec, self.casts, self.batch, self.cost = call_spec, preserve_dtypes, requires_opening, requires_opening
        self.__name__ = self.__qualname__ = function.__name__
        self.__doc__ = function.__doc__

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.function)

    def __deepcopy__(self, memo: Any) -> CustomOperation:
        return self

    def __reduce__(self) -> Any:
        """By name, as functions are."""
        return _named, (self.function.__module__, self.function.__qualname__)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for name, value in (*zip(self.parameters, args[self.arity :], strict=False), *kwargs.items()):
            if name in self.parameters:
                self._must_be_plain(self.__name__, name, value)
        return super().bind(args, kwargs)

    @staticmethod
    def _must_be_plain(operation: str, name: str, value: Any) -> None:
        if isinstance(value, Tensor | Variable | np.ndarray):
            kind = "an array" if isinstance(value, np.ndarray) else f"a {type(value).__name__.lower()}"
            raise ValueProblem(
                f"{kind} for the setting {name!r} of {operation}",
                "a plain value, which the operation may keep",
                "make it an input: an argument without a default",
            )

    def key(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Any:
        return super().key(specs, attributes), repr(attributes)  # 1, 1.0 and True are equal, but not alike

    def body(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Graph:
        key = self.key(specs, attributes)
        if (known := self.bodies.get(key)) is not None:
            return known
        made = super().body(specs, attributes)
        for node in made.order:
            if node.operation in (VARIABLE, WATCHED):
                self.bodies.pop(key, None)
                raise ValueProblem(
                    f"the variable {node.attributes.get('name', '')!r} inside {self.__name__}",
                    "what moves to come in as an input",
                    "make it an argument without a default",
                )
        return made

    def backward(self, function: Callable[..., Any] | None = None, *, check: bool = True) -> Any:
        """Give it a backward: ``(upstream, *inputs, **settings)`` to the gradient of each input, one or a tuple.

        It is compared with numeric slopes first.

        Args:
            check: ``False`` takes it as it is, to see what a wrong one does.

        Raises:
            ValueProblem: if it is wrong, with the worst entries and what is probably the matter.
        """
        if function is None:
            return lambda f: self.backward(f, check=check)
        if check:
            self.report = self._checked(function)
            if not self.report:
                raise ValueProblem(
                    f"a wrong backward of {self.__name__}:\n{self.report}\n",
                    "the gradient of each input",
                    "see the hints, or print the operation's report (to_html() shows it as a page)",
                )
        before, self.custom_vjp = self.custom_vjp, function
        self.bodies.clear()  # what was derived from them before
        try:
            samples: list[tuple[Any, ...]] = (self.given or [self._default()]) if check else []
            for sample in samples:
                specs = tuple([as_tensor(a).spec for a in sample])
                written_gradient(self, self.body(specs, dict(self.parameters)), dict(self.parameters))
        except ChainruleError as error:
            self.custom_vjp = before
            if isinstance(error, SymbolicError):  # right by its numbers, but they are not there when it is compiled
                raise ValueProblem(
                    f"a backward of {self.__name__} that asks for numbers ({error.passed})",
                    "operations of this library, which can be compiled and differentiated again",
                    "write it with operators and chainrule.ops in place of NumPy",
                ) from None
            raise
        return function

    def _checked(self, backward: Callable[..., Any]) -> Any:
        checker = provider("gradient_check")
        report = checker.Report([], 1e-6)
        for sample in self.given or [self._default()]:
            try:
                found = checker.check(self.function, *sample, backward=backward)
            except Exception as error:
                if self.given:
                    raise
                raise ValueProblem(
                    f"{self.__name__} on inputs of shape (2, 3) ({error})",
                    "inputs that it takes",
                    "give some: @chainrule.operation(samples=[(x, w)])",
                ) from None
            report.inputs = found.inputs
            report.entries += found.entries
            report.problems += found.problems
            report.hints += found.hints
        if not report.entries and not report.problems:
            raise ValueProblem(
                f"samples of {self.__name__} without a float input", "something to compare", "give floats"
            )
        return report

    def _default(self) -> tuple[Any, ...]:
        return tuple(np.random.default_rng(i).normal(size=(2, 3)) for i in range(self.arity or 0))

    def check(self, *inputs: Any, **settings: Any) -> Any:
        """Compare the backward with numeric slopes at these inputs."""
        if self.custom_vjp is None:
            raise GraphError(f"{self.__name__} without a backward", "one", f"write it under @{self.__name__}.backward")
        return provider("gradient_check").check(self.function, *inputs, backward=self.custom_vjp, **settings)


def _named(module: str, name: str) -> Any:
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def operation(function: Callable[..., Any] | None = None, *, samples: Sequence[Any] = ()) -> Any:
    """An operation with a backward of your own.

    Args:
        function: the forward, of tensors: with `chainrule.ops`, NumPy's functions or operators. Arguments without a
            default are inputs, those with one are settings.
        samples: inputs to check the backward on: arrays, or tuples of them. By default shape (2, 3) for each.

    The backward is used wherever a gradient is taken backward, eagerly or compiled, of any order. Forward mode (`jvp`)
    and `vectorize` open the operation, and differentiate what is inside.

    Returns:
        The operation; ``@name.backward`` gives it its backward. Without `function`, a decorator.

    Raises:
        ValueProblem: where the backward is given and is wrong.

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


__all__ = ["CustomOperation", "operation"]
