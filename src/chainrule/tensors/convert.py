"""Conversion to arrays and tensors: of Python numbers, lists, arrays; and symbolic tensors, without values yet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import DTypeError, FrameworkError, GraphError, ShapeError, ValueProblem
from ..core.habits import framework_of
from ..graph import CONSTANT, NO_ATTRIBUTES, Shape, as_dtype, current_source_info, floatx, spec_of
from ..graph.dimension import Dim, Quotient
from .tensor import INPUT, WATCHED, Tensor, VariableBase, constant

if TYPE_CHECKING:  # numpy.typing takes half a millisecond to import
    from numpy.typing import NDArray

_WEAK = {
    bool: spec_of((), np.dtype(bool), True),
    int: spec_of((), np.dtype("int64"), True),
    float: spec_of((), np.dtype("float64"), True),
    complex: spec_of((), np.dtype("complex128"), True),
}

_numbers: dict[Any, Tensor] = {}


def number(value: Any, dtype: np.dtype[Any] | None = None) -> Tensor:
    """Return the constant for a Python number, weak unless `dtype` is given; cached, since a few are used often."""
    key = (value.__class__, value, dtype, value == 0 and value.__class__ is float and math.copysign(1.0, value))
    result = _numbers.get(key)
    if result is None:
        weak = _WEAK[value.__class__]
        try:
            array = np.asarray(value, dtype=dtype if dtype is not None else weak.dtype)
        except OverflowError:
            if dtype is None:  # an integer beyond int64 is converted once the other operand's dtype is known
                return Tensor(CONSTANT, (), NO_ATTRIBUTES, weak, np.asarray(value, dtype=object), False, None)
            passed = f"the Python number {value}"
            raise DTypeError(passed, f"a number that {dtype.name} can hold", "use a wider dtype or a float") from None
        array.flags.writeable = False
        spec = weak if dtype is None else spec_of((), dtype)
        result = Tensor(CONSTANT, (), NO_ATTRIBUTES, spec, array, False, None)
        if len(_numbers) < 10_000 and value == value:  # nan is not cached
            _numbers[key] = result
    return result


def _from_python(data: Any, dtype: np.dtype[Any] | None) -> NDArray[Any]:
    """Convert Python data: floats become floatx, integers int32 where they fit, unless `dtype` is given."""
    try:
        array = np.asarray(data)
    except ValueError:
        passed = "nested data whose rows have different lengths"
        raise ShapeError(passed, "rows of one length", "pad or cut the rows to one length") from None
    if dtype is not None:
        as_dtype(array.dtype)  # numbers only
        return array.astype(dtype)
    if array.dtype.kind == "f":
        return array.astype(as_dtype(floatx()))
    if array.dtype.kind == "i":
        info = np.iinfo(np.int32)
        if not array.size or (array.min() >= info.min and array.max() <= info.max):
            return array.astype(np.int32)
    return array


def as_array(data: Any, dtype: np.dtype[Any] | None = None) -> NDArray[Any]:
    """Return `data` as a native NumPy array of its own: arrays keep their dtype, Python data gets the default ones."""
    if isinstance(data, np.ndarray | np.generic):
        array = np.asarray(data)
        if array is data and (array.flags.writeable or array.base is not None):
            array = array.copy()
    elif hasattr(data, "__array__") and not isinstance(data, list | tuple):
        array = np.array(_foreign_array(data))
    elif hasattr(data, "__dlpack__"):
        array = np.array(np.from_dlpack(data))
    else:
        check_no_tensors_inside(data)
        array = _from_python(data, dtype)
    dtype = dtype or as_dtype(array.dtype)
    as_dtype(array.dtype)
    return array if array.dtype == dtype else array.astype(dtype)


def _foreign_array(data: Any) -> Any:
    """Return the array of an object of another library; of JAX's tracers and PyTorch's gradients there is none."""
    try:
        return data.__array__()
    except (TypeError, RuntimeError):
        framework = framework_of(type(data).__module__)
        if not framework:
            raise
        passed = f"a value of {framework} that it keeps for its own gradients or compilation, not as numbers"
        mend = "differentiate with chainrule.grad and compile with chainrule.compile, or pass it without (.detach())"
        raise FrameworkError(passed, "numbers", mend) from None


def check_no_tensors_inside(data: Any) -> None:
    """Raise `ValueProblem` if nested lists hold a tensor or a variable."""
    if isinstance(data, list | tuple):
        for item in data:
            if isinstance(item, Tensor | VariableBase):
                passed = "a list that holds tensors"
                mend = "join tensors with chainrule.ops.stack([...]), which keeps their graph"
                raise ValueProblem(passed, "numbers, or one tensor", mend)
            if isinstance(item, list | tuple):
                check_no_tensors_inside(item)


def as_tensor(value: Any) -> Tensor:
    """Return an operand as a tensor: variables are read, numbers are weak, arrays and lists become constants."""
    cls = value.__class__
    if cls is Tensor:
        return value
    if cls in _WEAK:
        return number(value)
    if isinstance(value, VariableBase):
        return value.value
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Dim | Quotient):
        return symbolic((), "int32" if isinstance(value, Dim) else None)
    return constant(as_array(value))


def tensor(data: Any, dtype: Any = None, *, watch: bool = False, name: str | None = None) -> Tensor:
    """Return a tensor with a copy of `data`.

    Args:
        data: a number, nested lists, a NumPy array, a table, a tensor, or anything with ``__array__`` or
            ``__dlpack__``; any shape.
        dtype: default: arrays keep theirs, Python floats become ``floatx()`` (float32), integers int32.
        watch: whether gradients with respect to it will be computed.
        name: its name in explanations.

    Raises:
        DTypeError: for strings, objects and dates. ShapeError: for ragged lists.

    Follows ``keras.ops.convert_to_tensor``.

    >>> import numpy as np
    >>> tensor([1, 2, 3])
    tensor([1, 2, 3], dtype=int32)
    >>> tensor(np.zeros((2, 3))).dtype
    dtype('float64')
    """
    if isinstance(data, VariableBase):
        data = data.value
    if isinstance(data, Tensor):
        result = data if dtype is None else data.cast_to(as_dtype(dtype))
        if watch or name:
            passed = "a tensor to be watched or renamed"
            mend = "tensors that depend on a variable or a watched tensor need no watching; copy with tensor(t.numpy())"
            raise GraphError(passed, "new data", mend)
        return result
    array = as_array(data, None if dtype is None else as_dtype(dtype))
    array.flags.writeable = False
    attributes = {"name": name} if name else NO_ATTRIBUTES
    spec = spec_of(array.shape, array.dtype)
    return Tensor(WATCHED if watch else CONSTANT, (), attributes, spec, array, watch, current_source_info())


def symbolic(shape: Shape, dtype: Any = None, name: str | None = None) -> Tensor:
    """Return a tensor whose value is not known yet: operations on it build the graph without running.

    Args:
        shape: sizes; ``None`` where the size is not known.
        dtype: default ``floatx()``.
        name: its name in explanations and drawings.

    >>> x = symbolic((None, 3), name="x")
    >>> (x * 2).shape
    (None, 3)
    """
    attributes = {"name": name} if name else NO_ATTRIBUTES
    spec = spec_of(tuple(shape), as_dtype(dtype or floatx()))
    return Tensor(INPUT, (), attributes, spec, None, True, current_source_info())
