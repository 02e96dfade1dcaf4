"""Kernels: fused calls, forward and backward, in C++ through XLA's foreign function interface.

They come from the distribution ``chainrule-kernels`` and run on CPUs, on float32 and bfloat16. Which nodes become which
call is decided before lowering (`fuse`); a kernel is then called by the call's name, and has all that it needs from the
call's inputs. It refuses what it cannot do or what is not worth the call by specs alone, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ....core.messages import LazyMessage
from ..calls import REPLACEMENTS, Kernel
from ..lax import on_cpu
from . import convolution, dense, normalization, pooling, random, roi, update
from .call import MIN_SIZE, KernelWarning, available
from .update import MIN_UPDATE_SIZE
from .windows import other_windows


def kernels_from(min_size: int = MIN_SIZE, min_update_size: int = MIN_UPDATE_SIZE) -> dict[str, Kernel]:
    """Return the kernels by the name of the call that they compute.

    Args:
        min_size: multiplications, or entries reduced, from which they are called.
        min_update_size: entries of a weight from which its update is.
    """
    update_refusal = partial(update.update_refusal, min_size=min_update_size)
    return {
        "matmul": Kernel(dense.matmul, partial(dense.matmul_refusal, min_size=min_size)),
        "dense": Kernel(dense.dense, partial(dense.dense_refusal, min_size=min_size)),
        "dense_gradient": Kernel(dense.dense_gradient, partial(dense.dense_gradient_refusal, min_size=min_size)),
        "dense_gradient_adam_update": Kernel(update.dense_gradient_adam_update, partial(update_refusal, factors=2)),
        "logistic_regression": Kernel(
            dense.logistic_regression, partial(dense.logistic_regression_refusal, min_size=min_size)
        ),
        "conv": Kernel(convolution.conv, other_windows),
        "conv_transpose": Kernel(convolution.conv_transpose, other_windows),
        "conv_kernel_gradient": Kernel(convolution.conv_kernel_gradient, other_windows),
        "convolution": Kernel(convolution.convolution, other_windows),
        "convolution_gradient": Kernel(convolution.convolution_gradient, other_windows),
        "convolution_max_pool": Kernel(convolution.convolution_max_pool, convolution.convolution_max_pool_refusal),
        "convolution_max_pool_gradient": Kernel(convolution.convolution_max_pool_gradient),
        "max_pool": Kernel(pooling.max_pool, pooling.max_pool_refusal),
        "max_pool_gradient": Kernel(pooling.max_pool_gradient),
        "average_pool": Kernel(pooling.average_pool, other_windows),
        "average_pool_gradient": Kernel(pooling.average_pool_gradient, other_windows),
        "moments": Kernel(normalization.moments, partial(normalization.moments_refusal, min_size=min_size)),
        "moments_gradient": Kernel(normalization.moments_gradient),
        "batch_normalization_gradient": Kernel(
            normalization.batch_normalization_gradient,
            partial(normalization.batch_normalization_gradient_refusal, min_size=min_size),
        ),
        "roi_align": Kernel(roi.roi_align, roi.other_boxes),
        "roi_align_gradient": Kernel(roi.roi_align_gradient, roi.other_boxes),
        "random_permutation": Kernel(random.random_permutation),
        "adam_update": Kernel(update.adam_update, update_refusal),
        "momentum_update": Kernel(update.momentum_update, update_refusal),
    }


KERNELS = kernels_from()


def replacements() -> Mapping[str, Kernel]:
    """Return what computes calls, by name: with the kernels where they are installed."""
    return {**REPLACEMENTS, **KERNELS} if available() is not None else REPLACEMENTS


def absence() -> str:
    """Return why there are no kernels; empty where there are."""
    if available() is not None:
        return ""
    return LazyMessage("chainrule-kernels is not installed") if on_cpu() else LazyMessage("kernels are for CPUs")


__all__ = ["KERNELS", "KernelWarning", "absence", "kernels_from", "replacements"]
