"""Questions about shapes and dtypes; symbolic tensors answer them too."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import array_api
from ..graph import as_dtype, floatx
from ..tensors.convert import as_tensor


def shape(a: Any) -> tuple[int, ...]:
    """Return the sizes of the axes (``numpy.shape``)."""
    return as_tensor(a).shape


def ndim(a: Any) -> int:
    """Return the number of axes (``numpy.ndim``)."""
    return as_tensor(a).ndim


def size(a: Any, axis: Any = None) -> int:
    """Return the number of entries, or the size of an axis or the product of several (``numpy.size``)."""
    sizes = as_tensor(a).shape
    if axis is None:
        return as_tensor(a).size
    return math.prod(sizes[i] for i in (axis if isinstance(axis, tuple) else (axis,)))


def iscomplexobj(x: Any) -> bool:
    """Return whether the dtype is complex (``numpy.iscomplexobj``)."""
    return bool(as_tensor(x).dtype.kind == "c")


def isrealobj(x: Any) -> bool:
    """Return whether the dtype is not complex (``numpy.isrealobj``)."""
    return not iscomplexobj(x)


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """Return the dtype that operators give, by the library's table (``numpy.result_type``)."""
    return array_api.result_type(*arrays_and_dtypes)


def common_type(*arrays: Any) -> type:
    """Return the float type that holds all of them, floatx for whole numbers (``numpy.common_type``)."""
    dtype = array_api.result_type(*[as_tensor(a).dtype for a in arrays])
    number_type: type = (dtype if dtype.kind in "fc" else as_dtype(floatx())).type
    return number_type


def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """Return whether NumPy casts a tensor's dtype to another (``numpy.can_cast``)."""
    return np.can_cast(as_tensor(from_).dtype, to, casting)
