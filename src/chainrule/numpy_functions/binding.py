"""Bind a call by NumPy's own signature of the function, refuse what has no form, and call what stands in the table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..core.errors import GraphError, ImmutableError
from ..tensors.tree import leaves
from .form import Form
from .table import FUNCTIONS, REFUSED

# parameters that change no number: how it is computed, or where its memory lies
WITHOUT_EFFECT = {"assume_unique", "device", "kind", "optimize", "overwrite_input", "sorted", "stable", "subok"}


def name_of(func: Callable[..., Any]) -> str:
    """Return the public name of a function of NumPy, such as ``linalg.norm``.

    >>> import numpy as np
    >>> name_of(np.linalg.norm), name_of(np.amax)
    ('linalg.norm', 'amax')
    """
    module = func.__module__ or ""
    if module != "numpy" and not module.startswith("numpy."):
        return f"{module}.{func.__name__}"
    return f"{module}.{func.__name__}".partition("numpy.")[2]


def refusal(name: str, reason: str, mend: str = "") -> GraphError:
    """Return the error for a function or an argument that has no form on tensors."""
    passed = f"numpy.{name} on a tensor{reason}"
    mend = mend or "use functions of chainrule.ops, or leave the graph on purpose with t.numpy()"
    return GraphError(passed, "a function and arguments that keep the graph (docs/numpy.md lists the others)", mend)


def out_refusal(name: str) -> ImmutableError:
    """Return the error for ``out=``."""
    passed = f"numpy.{name} on a tensor with out="
    return ImmutableError(passed, "no out: tensors are immutable, so that the graph stays valid", "use the result")


@cache
def signature_of(func: Callable[..., Any], form: Form) -> inspect.Signature:
    """Return NumPy's signature; where a version of NumPy has none to show, that of the form, in NumPy's names."""
    try:
        return inspect.signature(func)
    except ValueError:
        return form.signature


def _is_default(value: Any, parameter: inspect.Parameter) -> bool:
    default = parameter.default
    if value is default:
        return True
    same_type = value.__class__ is default.__class__ and isinstance(value, bool | int | float | str)
    return same_type and bool(value == default)


def bind(
    func: Callable[..., Any], form: Form, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the positional and named arguments for the form's function.

    NumPy's defaults are passed too, so that ours need not be the same.

    Raises:
        GraphError: for an argument that the form does not take. ImmutableError: for ``out=``.
    """
    name = name_of(func)
    bound = signature_of(func, form).bind(*args, **kwargs)
    passed = set(bound.arguments)
    bound.apply_defaults()
    positional: tuple[Any, ...] = ()
    named: dict[str, Any] = {}
    for key, parameter in bound.signature.parameters.items():
        value = bound.arguments[key]
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional, named = (*named.values(), *value), {}
        elif parameter.kind is parameter.VAR_KEYWORD:
            for extra, v in value.items():
                _add(name, form, named, extra, v)
        elif key in passed and not _is_default(value, parameter):
            _add(name, form, named, key, value)
        elif key in form.parameters and "no value" not in repr(parameter.default):
            named[form.parameters[key]] = value
    return positional, named


def _add(name: str, form: Form, named: dict[str, Any], key: str, value: Any) -> None:
    """Add an argument that was passed, under our name, unless it has no effect; refuse it if the form has none."""
    if key in form.parameters:
        named[form.parameters[key]] = value
    elif key == "out":
        raise out_refusal(name)
    elif key not in WITHOUT_EFFECT and key not in form.without_effect:
        raise refusal(name, f" with {key}={value!r}")


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
    args, kwargs = in_float64(args, kwargs)
    return form.call(*bind(func, form, args, kwargs))
