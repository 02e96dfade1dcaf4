"""Bind a call by NumPy's own signature of the function, refuse what has no form, and call what stands in the table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import GraphError, ImmutableError
from ..tensors.tree import leaves
from .form import Form
from .table import FUNCTIONS, REFUSED

# parameters that change no number: how it is computed, or where its memory lies
WITHOUT_EFFECT = {"assume_unique", "device", "kind", "optimize", "overwrite_input", "sorted", "stable", "subok"}
_NO_VALUE = inspect.signature(np.sum).parameters["keepdims"].default  # NumPy's mark of arguments that are left out


def name_of(func: Callable[..., Any]) -> str:
    """Return the public name of a function of NumPy, such as ``linalg.norm``.

    >>> import numpy as np
    >>> name_of(np.linalg.norm), name_of(np.amax)
    ('linalg.norm', 'amax')
    """
    return f"{func.__module__}.{func.__name__}".removeprefix("numpy.")


def refusal(name: str, reason: str, mend: str = "") -> GraphError:
    """Return the error for a function or an argument that has no form on tensors."""
    passed = f"numpy.{name} on a tensor{reason}"
    mend = mend or "use functions of chainrule.ops, or leave the graph on purpose with t.numpy()"
    return GraphError(passed, "a function and arguments that keep the graph (docs/numpy.md lists the others)", mend)


def out_refusal(name: str) -> ImmutableError:
    """Return the error for ``out=``."""
    passed = f"numpy.{name} on a tensor with out="
    return ImmutableError(passed, "no out: tensors are immutable, so that the graph stays valid", "use the result")


class Binding(NamedTuple):
    """How a function's arguments are bound.

    Attributes:
        names: the parameters that may be passed by position, in order.
        variadic: whether more positional arguments follow.
        parameters: all parameters by name.
        defaults: NumPy's defaults of the parameters that the form takes, so that ours need not be the same.
    """

    names: list[str]
    variadic: bool
    parameters: dict[str, inspect.Parameter]
    defaults: dict[str, Any]


@cache
def binding_of(func: Callable[..., Any], form: Form) -> Binding:
    """Return how NumPy's signature binds; where a version of NumPy has none to show, that of the form."""
    try:
        parameters = dict(inspect.signature(func).parameters)
    except ValueError:
        parameters = dict(form.signature.parameters)
    kinds = [p.kind for p in parameters.values()]
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    defaults = {
        name: p.default for name, p in parameters.items() if name in form.parameters and p.default is not p.empty
    }
    return Binding(
        [name for name, p in parameters.items() if p.kind in positional],
        inspect.Parameter.VAR_POSITIONAL in kinds,
        parameters,
        {name: default for name, default in defaults.items() if default is not _NO_VALUE},
    )


def _is_default(value: Any, parameter: inspect.Parameter | None) -> bool:
    if parameter is None:
        return False
    default = parameter.default
    if value is default:
        return True
    same_type = value.__class__ is default.__class__ and isinstance(value, bool | int | float | str)
    return same_type and bool(value == default)


def bind(
    func: Callable[..., Any], form: Form, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the positional and named arguments for the form's function.

    Raises:
        GraphError: for an argument that the form does not take. ImmutableError: for ``out=``. TypeError: for too many,
            or one that NumPy does not know either.
    """
    names, variadic, parameters, defaults = binding_of(func, form)
    if len(args) > len(names) and not variadic:
        raise TypeError(f"{name_of(func)}() takes up to {len(names)} positional arguments but {len(args)} were given")
    passed = dict(zip(names, args, strict=False)) | kwargs
    named = {form.parameters[key]: value for key, value in defaults.items() if key not in passed}
    for key, value in passed.items():
        if key in form.parameters:
            if value is not _NO_VALUE:
                named[form.parameters[key]] = value
        elif not _is_default(value, parameters.get(key)):
            _check_no_effect(func, form, key, value, parameters)
    if not variadic:
        return (), named
    leading = [named.pop(form.parameters[name]) for name in names]
    return (*leading, *args[len(names) :]), named


def _check_no_effect(
    func: Callable[..., Any], form: Form, key: str, value: Any, parameters: dict[str, inspect.Parameter]
) -> None:
    """Check that an argument which the form does not take has no effect."""
    if key in WITHOUT_EFFECT or key in form.without_effect:
        return
    if key == "out":
        raise out_refusal(name_of(func))
    if key not in parameters and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        raise TypeError(f"{name_of(func)}() got an unexpected keyword argument {key!r}")
    raise refusal(name_of(func), f" with {key}={value!r}")


def in_float64(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments with lists of floats as arrays of float64 if a tensor is of that dtype.

    Python data become floatx elsewhere in the library; beside float64, NumPy keeps all their digits.
    """
    lists = [v for v in (*args, *kwargs.values()) if isinstance(v, list | tuple)]
    if not any(map(_holds_floats, lists)) or not any(
        getattr(leaf, "dtype", None) == np.float64 for leaf in leaves([*args, *kwargs.values()])
    ):
        return args, kwargs
    return tuple(map(_list_in_float64, args)), {key: _list_in_float64(v) for key, v in kwargs.items()}


def _list_in_float64(x: Any) -> Any:
    return np.asarray(x, np.float64) if isinstance(x, list | tuple) and _holds_floats(x) else x


def _holds_floats(x: list[Any] | tuple[Any, ...]) -> bool:
    """Return whether nested lists hold Python numbers alone, one of them a float."""
    kinds = {leaf.__class__ for leaf in leaves(x)}
    return float in kinds and kinds <= {float, int, bool}


def call_function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Carry out a function of NumPy that was called with tensors (``__array_function__``).

    Raises:
        GraphError: for a function, or an argument, that has no form on tensors.
    """
    name = name_of(func)
    form = FUNCTIONS.get(name)
    if form is None:
        raise refusal(name, "", REFUSED.get(name, ""))
    if form.takes_all:
        return form.function(*args, **kwargs)
    return form.call(*bind(func, form, *in_float64(args, kwargs)))
