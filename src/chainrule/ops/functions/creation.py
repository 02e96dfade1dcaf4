"""Create tensors, and query their properties."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import arguments, memory
from ...core.errors import ValueProblem
from ...graph import as_dtype, floatx
from ...tensors.convert import as_tensor, tensor
from ...tensors.tensor import Tensor, constant
from ..rules import as_shape
from .shape import broadcast_to, reshape, swapaxes


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Tensor:
    """Return `x` as a tensor; a tensor is returned unchanged (``keras.ops.convert_to_tensor``).

    There are no sparse or ragged tensors.

    >>> ops.convert_to_tensor([1.0, 2.0])
    tensor([1., 2.])
    """
    if sparse or ragged:
        raise ValueProblem("a sparse or ragged tensor", "a dense one", "leave the argument out")
    return tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """Return the value as a read-only NumPy array (``keras.ops.convert_to_numpy``).

    >>> ops.convert_to_numpy([1.0, 2.0]).sum()
    np.float32(3.0)
    """
    return as_tensor(x).numpy()


def is_tensor(x: Any) -> bool:
    """Return whether `x` is a tensor of this library (``keras.ops.is_tensor``).

    >>> ops.is_tensor(2.0)
    False
    """
    return isinstance(x, Tensor)


def shape(x: Any) -> tuple[int, ...]:
    """Return the sizes of the axes (``keras.ops.shape``).

    >>> ops.shape([[1.0, 2.0]])
    (1, 2)
    """
    return as_tensor(x).shape


def size(x: Any) -> int:
    """Return the number of entries (``keras.ops.size``).

    >>> ops.size([[1.0, 2.0]])
    2
    """
    return as_tensor(x).size


def ndim(x: Any) -> int:
    """Return the number of axes (``keras.ops.ndim``).

    >>> ops.ndim([[1.0, 2.0]])
    2
    """
    return as_tensor(x).ndim


def dtype(x: Any) -> str:
    """Return the dtype's name (``keras.ops.dtype``).

    >>> ops.dtype([1.0])
    'float32'
    """
    return as_tensor(x).dtype.name


def cast(x: Any, dtype: Any) -> Tensor:
    """Convert `x` to `dtype`; gradients are cast back (``keras.ops.cast``).

    >>> ops.cast([1.7, -1.7], "int32")
    tensor([ 1, -1], dtype=int32)
    """
    return as_tensor(x).cast_to(as_dtype(dtype))


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """Return a tensor of one value (``keras.ops.full``). `dtype`: default that of the value.

    >>> ops.full((2,), 7.0)
    tensor([7., 7.])
    """
    value = as_tensor(fill_value)
    if dtype is None:
        dtype = floatx() if value.spec.weak and value.dtype.kind == "f" else value.cast_weak().dtype
    return broadcast_to(value.cast_to(as_dtype(dtype)), as_shape(shape))


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Return zeros, floatx by default (``keras.ops.zeros``).

    >>> ops.zeros((2,))
    tensor([0., 0.])
    """
    return constant(memory.zeros(as_shape(shape), as_dtype(dtype or floatx())))


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Return ones, floatx by default (``keras.ops.ones``).

    >>> ops.ones((2,))
    tensor([1., 1.])
    """
    return constant(memory.ones(as_shape(shape), as_dtype(dtype or floatx())))


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """Return zeros: tensors are never uninitialized (``keras.ops.empty``).

    >>> ops.empty((2,))
    tensor([0., 0.])
    """
    return zeros(shape, dtype)


def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Return zeros with the shape, and by default the dtype, of `x` (``keras.ops.zeros_like``).

    >>> ops.zeros_like([1.0, 2.0])
    tensor([0., 0.])
    """
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Return ones with the shape, and by default the dtype, of `x` (``keras.ops.ones_like``).

    >>> ops.ones_like([1.0, 2.0])
    tensor([1., 1.])
    """
    return full_like(x, 1, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """Return one value with the shape, and by default the dtype, of `x` (``keras.ops.full_like``).

    >>> ops.full_like([1.0, 2.0], 3.0)
    tensor([3., 3.])
    """
    x = as_tensor(x).cast_weak()
    return broadcast_to(as_tensor(fill_value).cast_to(as_dtype(dtype) if dtype else x.dtype), x.shape)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Return ones on the k-th diagonal (``keras.ops.eye``).

    >>> ops.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return constant(memory.eye(N, M, k, as_dtype(dtype or floatx())))


def identity(n: int, dtype: Any = None) -> Tensor:
    """Return the n×n identity matrix (``keras.ops.identity``).

    >>> ops.identity(1)
    tensor([[1.]])
    """
    return eye(n, dtype=dtype)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """Return coordinate grids of vectors (``keras.ops.meshgrid``).

    >>> [g.shape for g in ops.meshgrid([1.0, 2.0], [3.0, 4.0, 5.0])]
    [(3, 2), (3, 2)]
    """
    arguments.one_of(("xy", "ij"), indexing=indexing)
    vectors = [reshape(v, (-1,)) for v in x]
    rank, sizes = len(vectors), [v.shape[0] for v in vectors]
    grids = []
    for i, v in enumerate(vectors):
        grids.append(broadcast_to(reshape(v, [-1 if j == i else 1 for j in range(rank)]), sizes))
    if indexing == "xy" and rank > 1:
        grids = [swapaxes(g, 0, 1) for g in grids]
    return grids


array = convert_to_tensor
empty_like = zeros_like


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Return ones up to the k-th diagonal, zeros above (``keras.ops.tri``).

    >>> ops.tri(2)
    tensor([[1., 0.],
            [1., 1.]])
    """
    rows, columns = as_shape((N, N if M is None else M))
    return constant(memory.tri(rows, columns, k, as_dtype(dtype or floatx())))
