"""Kernels: call nodes, forward and backward, and a few operations, in C++ through XLA's foreign function interface.

They come from the distribution ``chainrule-kernels`` and run on CPUs, on float32 and bfloat16. A kernel replaces a node
by its operation's name; where it does not apply (another dtype, a size not worth the call) it returns ``None``, and the
node is lowered as it would be without. Values that nothing reads are not computed: so a convolution whose output only
a pooling reads is left to the kernel that does both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ..calls import REPLACEMENTS
from ..lower import Replacement
from .call import MIN_SIZE, KernelWarning, available
from .convolution import conv, conv_kernel_gradient, conv_transpose, convolution, convolution_gradient
from .dense import dense, dense_gradient, matmul
from .normalization import batch_normalization_gradient, mean, var, var_gradient
from .pooling import average_pool, average_pool_gradient, max_pool, max_pool_gradient
from .random import random_permutation
from .roi import roi_align, roi_align_gradient
from .update import MIN_UPDATE_SIZE, adam_update, momentum_update


def kernels_from(min_size: int = MIN_SIZE, min_update_size: int = MIN_UPDATE_SIZE) -> dict[str, Replacement]:
    """Return the kernels by the name of the operation they replace.

    Args:
        min_size: multiplications, or entries reduced, from which they are called.
        min_update_size: entries of a weight from which its update is.
    """
    return {
        "matmul": partial(matmul, min_size=min_size),
        "dense": partial(dense, min_size=min_size),
        "dense_gradient": partial(dense_gradient, min_size=min_size),
        "conv": conv,
        "conv_transpose": conv_transpose,
        "conv_kernel_gradient": conv_kernel_gradient,
        "convolution": convolution,
        "convolution_gradient": convolution_gradient,
        "max_pool": max_pool,
        "max_pool_gradient": max_pool_gradient,
        "average_pool": average_pool,
        "average_pool_gradient": average_pool_gradient,
        "var": partial(var, min_size=min_size),
        "var_gradient": var_gradient,
        "mean": partial(mean, min_size=min_size),
        "batch_normalization_gradient": partial(batch_normalization_gradient, min_size=min_size),
        "roi_align": roi_align,
        "roi_align_gradient": roi_align_gradient,
        "random_permutation": random_permutation,
        "adam_update": partial(adam_update, min_size=min_update_size),
        "momentum_update": partial(momentum_update, min_size=min_update_size),
    }


KERNELS = kernels_from()


def replacements() -> Mapping[str, Replacement]:
    """Return what is lowered in another form, by name: with the kernels where they are installed."""
    return {**REPLACEMENTS, **KERNELS} if available() is not None else REPLACEMENTS


__all__ = ["KERNELS", "KernelWarning", "kernels_from", "replacements"]
