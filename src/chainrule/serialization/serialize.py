"""Objects as plain data for JSON, and back."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ChainruleError, ValueProblem
from ..graph import as_dtype
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable
from .names import builtin_name, custom_name, custom_object_scope, find, module_name_of


def serialize(obj: Any) -> Any:
    """Return `obj` as plain data for JSON (``keras.saving.serialize_keras_object``).

    >>> serialize((1, 2.5, None))
    [1, 2.5, None]
    """
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, list | tuple):
        return [serialize(v) for v in obj]
    if isinstance(obj, dict):
        return {str(k): serialize(v) for k, v in obj.items()}
    if isinstance(obj, np.ndarray | Tensor | Variable):
        array = np.asarray(obj)
        return {"class_name": "__numpy__", "config": {"value": array.tolist(), "dtype": array.dtype.name}}
    name = getattr(obj, "__name__", None)
    if callable(obj) and name and not hasattr(type(obj), "get_config"):
        return _serialize_by_name(obj, name)
    if not hasattr(obj, "get_config"):
        passed = f"an object of type {type(obj).__name__}"
        expected = "numbers, strings, lists, arrays, or objects with get_config"
        raise ValueProblem(passed, expected, "register its class, and give it get_config and from_config")
    cls, config = type(obj), obj.get_config()
    module = module_name_of(cls)
    registered = None if module else custom_name(cls)
    return {"module": module, "class_name": cls.__name__, "config": config, "registered_name": registered}


def _serialize_by_name(obj: Any, name: str) -> dict[str, Any]:
    """Return the data for a class or function, which a file names and does not describe."""
    if name == "<lambda>":
        mend = "write it as a def and decorate it with @register_keras_serializable()"
        raise ValueProblem("a lambda, which has no name", "a function with a name that a model file can hold", mend)
    builtin = builtin_name(obj)
    kind = "class" if inspect.isclass(obj) else "function"
    module, name = builtin or ("", name)
    registered = None if builtin else custom_name(obj)
    return {"module": module, "class_name": kind, "config": name, "registered_name": registered}


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the objects that `serialize` wrote as data (``keras.saving.deserialize_keras_object``).

    Raises:
        ValueProblem: for a name that is neither the library's, nor registered, nor in `custom_objects`.

    >>> deserialize([1, {"class_name": "__numpy__", "config": {"value": [1.0], "dtype": "float64"}}])
    [1, array([1.])]
    """
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(config)
    if isinstance(config, list | tuple):
        return [deserialize(v) for v in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {k: deserialize(v) for k, v in config.items()}
    name, inner = str(config["class_name"]), config["config"]
    if name in ("function", "class"):
        return _find_named(config)
    if not isinstance(inner, dict):
        raise ValueProblem(f"a configuration {inner!r} of {name!r}", "a dictionary", "check the file")
    if name == "__numpy__":
        return _array(**inner)
    cls = _find_named(config)
    if not inspect.isclass(cls) or not hasattr(cls, "from_config"):
        raise ValueProblem(f"{name!r}, which makes no objects", "a class", "check the file")
    try:
        return cls.from_config(inner)
    except (TypeError, KeyError) as error:
        if isinstance(error, ChainruleError):
            raise
        passed = f"a configuration of {name!r} that does not fit: {error!r}"
        expected = f"the result of {name}.get_config()"
        raise ValueProblem(passed, expected, "check the file, or the class's get_config and from_config") from error


def _array(value: Any = None, dtype: Any = None, **ignored: Any) -> NDArray[Any]:
    try:
        if value is None:
            raise ValueError("no value")
        return np.array(value, dtype=as_dtype(dtype))
    except (TypeError, ValueError):
        raise ValueProblem(f"an array of dtype {dtype!r} in a configuration", "numbers", "check the file") from None


def check_names(config: Any) -> None:
    """Look up every name that `deserialize` would need, and make nothing.

    Raises:
        ValueProblem: for the first unknown name.
    """
    stack = [config]
    while stack:
        data = stack.pop()
        if isinstance(data, list):
            stack += data
        elif isinstance(data, dict):
            stack += data.values()
            if "class_name" in data and "config" in data and data["class_name"] != "__numpy__":
                _find_named(data)


def _find_named(config: Mapping[str, Any]) -> Any:
    """Return the class or function that a configuration names: an object's class, or the class or function itself."""
    by_name = config["class_name"] in ("function", "class")
    name = str(config["config"] if by_name else config["class_name"])
    return find(str(config.get("module") or ""), name, config.get("registered_name"))
