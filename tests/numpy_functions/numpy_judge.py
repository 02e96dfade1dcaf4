"""Compare a call on tensors with NumPy's on arrays: value, dtype and shape."""

import warnings

import numpy as np

import chainrule as cr
from numpy_calls import Call

# their results are indices or counts, for which the library uses int32 whatever the operands are
INDICES = set(
    "argmax argmin nanargmax nanargmin argsort argpartition lexsort argwhere flatnonzero nonzero searchsorted digitize "
    "unravel_index ravel_multi_index bincount count_nonzero unique unique_all unique_counts unique_inverse intersect1d "
    "diag_indices_from tril_indices_from triu_indices_from ix_ histogram linalg.matrix_rank linalg.lstsq where".split()
)
UNDEFINED = {"empty_like"}


def leaves(x):
    """The arrays and numbers inside nested lists and tuples."""
    if isinstance(x, list | tuple):
        return [leaf for part in x for leaf in leaves(part)]
    return [x]


def converted(x, convert):
    """The same nested lists with each array converted."""
    if isinstance(x, list | tuple):
        return type(x)(converted(part, convert) for part in x)
    return convert(x) if isinstance(x, np.ndarray) else x


def with_tensors(call, every):
    """The call with tensors for the arrays: for all of them (`every`), or for the first argument's."""
    first = next(i for i, arg in enumerate(call.args) if any(isinstance(leaf, np.ndarray) for leaf in leaves(arg)))
    args = [converted(arg, cr.tensor) if every or i == first else arg for i, arg in enumerate(call.args)]
    return Call(*args, **{k: converted(v, cr.tensor) if every else v for k, v in call.kwargs.items()})


def outcome(function, call):
    """What a call returns, or the exception it raises."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*call.args, **call.kwargs)
        except Exception as error:
            return error


def expected_dtype(name, dtype, call):
    """NumPy's dtype by the library's rules: no float64 or int64 that was not passed, indices in int32."""
    inputs = input_dtypes(call)
    if any(isinstance(leaf, str) and leaf == dtype.name for leaf in leaves([*call.args, *call.kwargs.values()])):
        return dtype
    if dtype == "float64" and not {"float64", "complex128"} & set(map(str, inputs)):
        return np.dtype("float32")
    if dtype == "float16" and "float16" not in inputs:  # of booleans
        return np.dtype("float32")
    if dtype == "int64" and "int64" not in inputs:
        return np.dtype("int32")
    return dtype


def input_dtypes(call):
    """The dtypes of the arrays that are passed."""
    return [leaf.dtype for leaf in leaves([*call.args, *call.kwargs.values()]) if isinstance(leaf, np.ndarray)]


def differences(name, call, ours, theirs, dtypes=True):
    """What differs between two results, in words; empty if nothing does."""
    if isinstance(theirs, list | tuple):
        if not isinstance(ours, list | tuple) or len(ours) != len(theirs):
            return f"{type(ours).__name__} in place of {len(theirs)} results"
        pairs = zip(ours, theirs, strict=True)
        return "; ".join(filter(None, (differences(name, call, a, b, dtypes) for a, b in pairs)))
    if not isinstance(theirs, np.ndarray | np.generic | bool | int | float):
        return "" if ours == theirs else f"{ours!r} in place of {theirs!r}"
    a, b = np.asarray(ours), np.asarray(theirs)
    if a.shape != b.shape:
        return f"shape {a.shape} in place of {b.shape}"
    dtype = expected_dtype(name, b.dtype, call)
    if dtypes and isinstance(ours, cr.Tensor) and a.dtype != dtype and not (name in INDICES and a.dtype == "int32"):
        return f"dtype {a.dtype} in place of {dtype}"
    if name in UNDEFINED:
        return ""
    if name == "linalg.eigh":  # the sign of a vector is free
        a, b = np.abs(a), np.abs(b)
    if name == "unique_values":  # in any order
        a, b = np.sort(a), np.sort(b)
    rounded = [
        a.dtype,
        *([b.dtype] if b.dtype.kind == "f" else []),
        *[dtype for dtype in input_dtypes(call) if dtype.kind == "f"],
    ]
    digits = max(np.finfo(dtype).eps for dtype in rounded) if a.dtype.kind == "f" else 0.0
    size = np.max(np.abs(b[np.isfinite(b)]), initial=1.0) if b.dtype.kind in "fiu" else 1.0
    close = np.allclose(a, b, rtol=200 * digits, atol=200 * digits * size, equal_nan=True)
    return "" if close else f"value {a} in place of {b}"
