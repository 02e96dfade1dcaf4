"""Functions that only combine records: Keras's names and arguments, canonical attributes underneath.

None has a gradient rule of its own. A module imports only those listed before it.
"""

# ruff: noqa: I001 - imported names stand in rows

# fmt: off
from .attention import ctc_decode, ctc_loss, dot_product_attention
from .block import adaptive_average_pool, adaptive_max_pool, depth_to_space, fold, space_to_depth, unfold
from .combination import (
    batch_normalization, binary_crossentropy, categorical_crossentropy, cdist, corrcoef, deg2rad, divide_no_nan,
    in_top_k, layer_normalization, nan_to_num, normalize, psnr, rad2deg, rms_normalization,
    sparse_categorical_crossentropy, threshold,
)
from .control import associative_scan, cond, fori_loop, map, scan, switch, vectorize, vectorized_map, while_loop
from .counting import (
    bincount, digitize, histogram, isin, median, multi_hot, percentile, quantile, searchsorted, segment_max,
    segment_min, segment_prod, segment_sum, unique, unravel_index,
)
from .creation import (
    array, cast, convert_to_numpy, convert_to_tensor, dtype, empty, empty_like, eye, full, full_like, identity,
    is_tensor, meshgrid, ndim, ones, ones_like, shape, size, tri, zeros, zeros_like,
)
from .entries import (
    angle, conj, conjugate, copy, fabs, fmax, fmin, heaviside, imag, isneginf, isposinf, isreal, lcm, ldexp, real,
    saturate_cast, view,
)
from .fused import fused_conv, fused_dense
from .indexing import (
    diag, diagflat, diagonal, gather, get_item, nonzero, one_hot, pad, repeat, scatter, scatter_add, scatter_update,
    select, slice_update, take, take_along_axis, tile, trace, tril, triu, where,
)
from .linear import (
    cholesky, cholesky_inverse, eigh, logdet, lstsq, matrix_rank, pinv, qr, slogdet, solve, solve_triangular, svd,
)
from .nan import (
    nanargmax, nanargmin, nancumprod, nancumsum, nanmax, nanmean, nanmedian, nanmin, nanpercentile, nanprod,
    nanquantile, nanstd, nansum, nanvar,
)
from .product import cross, dot, einsum, inner, kron, outer, tensordot, vdot
from .reduction import (
    allclose, amax, amin, argpartition, argsort, average, count_nonzero, cumprod, cumsum, diff, isclose, log_mean_exp,
    max, min, moments, prod, ptp, sort, top_k, trapezoid,
)
from .roi import roi_align, roi_pool, roi_warp
from .sequences import arange, bartlett, blackman, geomspace, hamming, hanning, kaiser, linspace, logspace
from .shape import (
    append, array_split, broadcast_to, concatenate, dsplit, dstack, expand_dims, flip, fliplr, flipud, hsplit, hstack,
    moveaxis, ravel, rearrange, reshape, roll, rot90, split, stack, swapaxes, transpose, unstack, vsplit, vstack,
)
from .window import (
    average_pool, conv, conv_transpose, correlate, depthwise_conv, extract_sequences, max_pool, separable_conv, vander,
)
# fmt: on

__all__ = [
    "adaptive_average_pool", "adaptive_max_pool", "allclose", "amax", "amin", "angle", "append", "arange",
    "argpartition", "argsort", "array", "array_split", "associative_scan", "average", "average_pool", "bartlett",
    "batch_normalization", "binary_crossentropy", "bincount", "blackman", "broadcast_to", "cast",
    "categorical_crossentropy", "cdist", "cholesky", "cholesky_inverse", "concatenate", "cond", "conj", "conjugate",
    "conv", "conv_transpose", "convert_to_numpy", "convert_to_tensor", "copy", "corrcoef", "correlate", "count_nonzero",
    "cross", "ctc_decode", "ctc_loss", "cumprod", "cumsum", "deg2rad", "depth_to_space", "depthwise_conv", "diag",
    "diagflat", "diagonal", "diff", "digitize", "divide_no_nan", "dot", "dot_product_attention", "dsplit", "dstack",
    "dtype", "eigh", "einsum", "empty", "empty_like", "expand_dims", "extract_sequences", "eye", "fabs", "flip",
    "fliplr", "flipud", "fmax", "fmin", "fold", "fori_loop", "full", "full_like", "fused_conv", "fused_dense",
    "gather", "geomspace", "get_item", "hamming", "hanning", "heaviside", "histogram", "hsplit", "hstack",
    "identity", "imag", "in_top_k", "inner", "is_tensor", "isclose", "isin", "isneginf", "isposinf", "isreal", "kaiser",
    "kron", "layer_normalization", "lcm", "ldexp", "linspace", "log_mean_exp", "logdet", "logspace",
    "lstsq", "map", "matrix_rank", "max", "max_pool", "median", "meshgrid", "min", "moments", "moveaxis", "multi_hot",
    "nan_to_num", "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin",
    "nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar", "ndim", "nonzero", "normalize", "one_hot",
    "ones", "ones_like", "outer", "pad", "percentile", "pinv", "prod", "psnr", "ptp", "qr", "quantile", "rad2deg",
    "ravel", "real", "rearrange", "repeat", "reshape", "rms_normalization", "roi_align", "roi_pool", "roi_warp", "roll",
    "rot90", "saturate_cast", "scan", "scatter", "scatter_add", "scatter_update", "searchsorted", "segment_max",
    "segment_min", "segment_prod", "segment_sum", "select", "separable_conv", "shape", "size", "slice_update",
    "slogdet", "solve", "solve_triangular", "sort", "space_to_depth", "sparse_categorical_crossentropy", "split",
    "stack", "svd", "swapaxes", "switch", "take", "take_along_axis", "tensordot", "threshold", "tile", "top_k", "trace",
    "transpose", "trapezoid", "tri", "tril", "triu", "unfold", "unique", "unravel_index", "unstack", "vander", "vdot",
    "vectorize", "vectorized_map", "view", "vsplit", "vstack", "where", "while_loop", "zeros", "zeros_like",
]  # fmt: skip
