"""Which operation carries out each of NumPy's functions, and for those that have no form, the way out.

A row has NumPy's name and a form. `same` takes an operation of `ops` and NumPy's names of its parameters, in its
order; `own` takes a function whose parameters are named as NumPy's; `every` one with NumPy's own signature. Parameters
that are not named are refused, except those without an effect (`binding.WITHOUT_EFFECT`, or named in the row).
"""

from __future__ import annotations

import numpy as np

from .. import array_api, ops
from . import calculus, choices, entries, linear, order, padding, polynomials, queries, reductions, shapes, statistics
from .choices import by_values
from .form import Form, every, own, same

_REDUCTIONS = {
    "all": own(reductions.all), "any": own(reductions.any), "sum": own(reductions.sum), "prod": own(reductions.prod),
    "max": own(reductions.max), "amax": own(reductions.max), "min": own(reductions.min), "amin": own(reductions.min),
    "mean": own(reductions.mean), "var": own(reductions.var), "std": own(reductions.std),
    "nansum": own(reductions.nansum), "nanprod": own(reductions.nanprod), "nanmax": own(reductions.nanmax),
    "nanmin": own(reductions.nanmin), "nanmean": own(reductions.nanmean), "nanvar": own(reductions.nanvar),
    "nanstd": own(reductions.nanstd), "average": own(reductions.average), "median": own(order.median),
    "nanmedian": own(order.nanmedian), "count_nonzero": same(array_api.count_nonzero, "a axis keepdims"),
    "ptp": same(ops.ptp, "a axis keepdims"),
    "quantile": own(order.quantile),
    "percentile": own(order.percentile),
    "nanquantile": own(order.nanquantile),
    "nanpercentile": own(order.nanpercentile),
    "argmax": same(ops.argmax, "a axis keepdims"), "argmin": same(ops.argmin, "a axis keepdims"),
    "nanargmax": same(ops.nanargmax, "a axis keepdims"), "nanargmin": same(ops.nanargmin, "a axis keepdims"),
    "cumsum": own(reductions.cumsum), "cumprod": own(reductions.cumprod), "nancumsum": own(reductions.nancumsum),
    "nancumprod": own(reductions.nancumprod), "cumulative_sum": own(array_api.cumulative_sum),
    "cumulative_prod": own(array_api.cumulative_prod),
    "sort": own(order.sort), "argsort": own(order.argsort), "partition": own(order.partition),
    "argpartition": own(order.argpartition), "lexsort": own(order.lexsort),
}  # fmt: skip

_SHAPES = {
    "concatenate": own(shapes.concatenate, "casting"), "stack": own(shapes.stack, "casting"),
    "vstack": own(shapes.vstack, "casting"), "hstack": own(shapes.hstack, "casting"),
    "dstack": same(ops.dstack, "tup"), "column_stack": own(shapes.column_stack), "block": own(shapes.block),
    "append": same(ops.append, "arr values axis"), "insert": own(shapes.insert), "delete": own(shapes.delete),
    "atleast_1d": own(shapes.atleast_1d), "atleast_2d": own(shapes.atleast_2d), "atleast_3d": own(shapes.atleast_3d),
    "broadcast_arrays": own(shapes.broadcast_arrays), "broadcast_to": same(ops.broadcast_to, "array shape"),
    "expand_dims": same(ops.expand_dims, "a axis"), "squeeze": same(ops.squeeze, "a axis"),
    "reshape": own(shapes.reshape, "copy", newshape="shape"), "ravel": own(shapes.ravel), "resize": own(shapes.resize),
    "transpose": same(ops.transpose, "a axes"), "permute_dims": same(ops.transpose, "a axes"),
    "matrix_transpose": same(array_api.matrix_transpose, "x"), "swapaxes": same(ops.swapaxes, "a axis1 axis2"),
    "moveaxis": same(ops.moveaxis, "a source destination"), "rollaxis": own(shapes.rollaxis),
    "split": same(ops.split, "ary indices_or_sections axis"),
    "array_split": same(ops.array_split, "ary indices_or_sections axis"),
    "hsplit": same(ops.hsplit, "ary indices_or_sections"), "vsplit": same(ops.vsplit, "ary indices_or_sections"),
    "dsplit": same(ops.dsplit, "ary indices_or_sections"), "unstack": same(array_api.unstack, "x axis"),
    "flip": same(ops.flip, "m axis"), "fliplr": same(ops.fliplr, "m"), "flipud": same(ops.flipud, "m"),
    "roll": same(ops.roll, "a shift axis"), "rot90": same(ops.rot90, "m k axes"),
    "repeat": same(ops.repeat, "a repeats axis"), "tile": same(ops.tile, "A reps"), "pad": own(padding.pad),
    "trim_zeros": own(shapes.trim_zeros), "meshgrid": own(shapes.meshgrid, "copy"),
    "full_like": own(shapes.full_like, "order"), "zeros_like": own(shapes.zeros_like, "order"),
    "ones_like": own(shapes.ones_like, "order"), "empty_like": own(shapes.empty_like, "order"),
    "copy": own(shapes.copy, "order"), "astype": same(ops.cast, "x dtype", "copy"),
}  # fmt: skip

_CHOICES = {
    "where": same(ops.where, "condition x y"), "select": same(ops.select, "condlist choicelist default"),
    "choose": own(choices.choose), "take": own(choices.take), "take_along_axis": own(choices.take_along_axis),
    "compress": own(choices.compress), "extract": own(choices.extract), "piecewise": every(choices.piecewise),
    "clip": own(choices.clip), "nonzero": same(array_api.nonzero, "a"), "searchsorted": own(choices.searchsorted),
    "digitize": own(choices.digitize), "isin": same(ops.isin, "element test_elements assume_unique invert"),
    "isclose": same(ops.isclose, "a b rtol atol equal_nan"),
    "allclose": same(ops.allclose, "a b rtol atol equal_nan"),
    "array_equal": own(choices.array_equal), "array_equiv": own(choices.array_equiv),
    "unique": own(choices.unique), "unique_all": own(array_api.unique_all),
    "unique_counts": own(array_api.unique_counts), "unique_inverse": own(array_api.unique_inverse),
    "unique_values": own(array_api.unique_values), "union1d": own(choices.union1d),
    "intersect1d": own(choices.intersect1d), "setdiff1d": own(choices.setdiff1d), "setxor1d": own(choices.setxor1d),
    "diag": same(ops.diag, "v k"), "diagflat": same(ops.diagflat, "v k"), "tril": same(ops.tril, "m k"),
    "triu": same(ops.triu, "m k"), "diagonal": same(ops.diagonal, "a offset axis1 axis2"),
    "bincount": same(ops.bincount, "x weights minlength"), "ix_": own(choices.ix_),
    "unravel_index": own(choices.unravel_index),
}  # fmt: skip

_BY_VALUES: dict[str, Form] = {  # integers, booleans, text and files: no gradient passes
    name: every(by_values(getattr(np, name)))
    for name in (
        "argwhere flatnonzero ravel_multi_index diag_indices_from tril_indices_from triu_indices_from packbits "
        "unpackbits min_scalar_type array2string array_repr array_str save savez savez_compressed savetxt "
        "may_share_memory shares_memory einsum_path"
    ).split()
}

_IN_PLACE: dict[str, Form] = {  # into arrays: tensors never change
    name: every(choices.into_array(getattr(np, name)))
    for name in "copyto fill_diagonal place put put_along_axis putmask".split()
}

_WINDOWS = {"lib.stride_tricks.sliding_window_view": own(shapes.sliding_window_view, "writeable")}

_QUERIES = {
    "shape": own(queries.shape), "ndim": own(queries.ndim), "size": own(queries.size),
    "iscomplexobj": own(queries.iscomplexobj), "isrealobj": own(queries.isrealobj),
    "result_type": own(queries.result_type), "common_type": own(queries.common_type),
    "can_cast": own(queries.can_cast),
}  # fmt: skip

_CALCULUS = {
    "cov": own(statistics.cov), "corrcoef": own(statistics.corrcoef), "histogram": own(statistics.histogram),
    "histogram_bin_edges": own(statistics.histogram_bin_edges), "diff": own(calculus.diff),
    "ediff1d": own(calculus.ediff1d), "gradient": own(calculus.gradient), "unwrap": own(calculus.unwrap),
    "interp": own(calculus.interp), "trapezoid": same(ops.trapezoid, "y x dx axis"),
    "correlate": same(ops.correlate, "a v mode"), "convolve": own(polynomials.convolve),
    "polyval": own(polynomials.polyval),
    "polyadd": own(polynomials.polyadd), "polysub": own(polynomials.polysub), "polymul": own(polynomials.polymul),
    "polydiv": own(polynomials.polydiv), "polyder": own(polynomials.polyder), "polyint": own(polynomials.polyint),
    "poly": own(polynomials.poly), "polyfit": own(polynomials.polyfit), "vander": same(ops.vander, "x N increasing"),
    "nan_to_num": same(ops.nan_to_num, "x nan posinf neginf"), "angle": own(entries.angle), "fix": same(ops.trunc, "x"),
    "around": same(ops.round, "a decimals"), "round": same(ops.round, "a decimals"), "sinc": same(ops.sinc, "x"),
    "i0": same(ops.i0, "x"), "isposinf": same(ops.isposinf, "x"), "isneginf": same(ops.isneginf, "x"),
    "iscomplex": own(entries.iscomplex), "isreal": own(entries.isreal), "real": same(array_api.real, "val"),
    "imag": same(array_api.imag, "val"), "real_if_close": own(entries.real_if_close),
    "linspace": own(calculus.linspace), "logspace": own(calculus.logspace), "geomspace": own(calculus.geomspace),
    "apply_along_axis": every(entries.apply_along_axis), "apply_over_axes": own(entries.apply_over_axes),
}  # fmt: skip

_LINEAR = {
    "dot": same(ops.dot, "a b"), "vdot": own(linear.vdot), "inner": same(ops.inner, "a b"),
    "outer": same(ops.outer, "a b"), "kron": same(ops.kron, "a b"),
    "cross": same(ops.cross, "a b axisa axisb axisc axis"), "tensordot": same(ops.tensordot, "a b axes"),
    "einsum": own(linear.einsum, "order"), "trace": own(linear.trace),
    "linalg.cholesky": same(ops.cholesky, "a upper"), "linalg.cond": own(linear.cond),
    "linalg.cross": own(linear.cross), "linalg.det": same(ops.det, "a"), "linalg.diagonal": own(linear.diagonal),
    "linalg.eigh": own(linear.eigh), "linalg.eigvalsh": own(linear.eigvalsh), "linalg.inv": same(ops.inv, "a"),
    "linalg.lstsq": own(linear.lstsq), "linalg.matmul": same(ops.matmul, "x1 x2"),
    "linalg.matrix_norm": own(linear.matrix_norm), "linalg.matrix_power": own(linear.matrix_power),
    "linalg.matrix_rank": own(linear.matrix_rank, "hermitian"),
    "linalg.matrix_transpose": same(array_api.matrix_transpose, "x"), "linalg.multi_dot": own(linear.multi_dot),
    "linalg.norm": same(ops.norm, "x ord axis keepdims"), "linalg.outer": same(ops.outer, "x1 x2"),
    "linalg.pinv": own(linear.pinv, "hermitian"), "linalg.qr": own(linear.qr), "linalg.slogdet": own(linear.slogdet),
    "linalg.solve": own(linear.solve), "linalg.svd": own(linear.svd, "hermitian"),
    "linalg.svdvals": own(linear.svdvals), "linalg.tensordot": same(ops.tensordot, "x1 x2 axes"),
    "linalg.tensorinv": own(linear.tensorinv), "linalg.tensorsolve": own(linear.tensorsolve),
    "linalg.trace": own(linear.matrix_trace), "linalg.vecdot": own(linear.vecdot),
    "linalg.vector_norm": own(linear.vector_norm), "fft.fftshift": own(shapes.fftshift),
    "fft.ifftshift": own(shapes.ifftshift),
}  # fmt: skip

FUNCTIONS: dict[str, Form] = (
    _REDUCTIONS | _SHAPES | _CHOICES | _BY_VALUES | _IN_PLACE | _WINDOWS | _QUERIES | _CALCULUS | _LINEAR
)  # by NumPy's name, with `linalg.` or `fft.` before it

_COMPLEX = "complex numbers are not differentiated: leave the graph on purpose with t.numpy()"
_DATES = "tensors hold numbers: keep dates in arrays of NumPy"

REFUSED: dict[str, str] = (  # functions and ufuncs without a form, and what to do instead
    dict.fromkeys("linalg.eig linalg.eigvals roots sort_complex".split(), _COMPLEX)
    | dict.fromkeys([f"fft.{f}" for f in dir(np.fft) if f.endswith(("fft", "fft2", "fftn")) and f[0] != "_"], _COMPLEX)
    | dict.fromkeys("busday_count busday_offset datetime_as_string is_busday isnat".split(), _DATES)
    | dict.fromkeys(
        ["histogram2d", "histogramdd"], "counts have no derivative: leave the graph on purpose with t.numpy()"
    )
)
