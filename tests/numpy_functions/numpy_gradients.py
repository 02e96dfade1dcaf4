"""The slope of a call along a direction: by the library's gradients, and by NumPy's own differences."""

import numpy as np

import chainrule as cr
from numpy_calls import Call
from numpy_judge import leaves, outcome


def rebuilt(call, arrays):
    """The call with its float arrays replaced, in order."""
    rest = iter(arrays)

    def replace(x):
        if isinstance(x, list | tuple):
            return type(x)(map(replace, x))
        return next(rest) if is_float(x) else x

    args = [replace(arg) for arg in call.args]
    return Call(*args, **{k: replace(v) for k, v in call.kwargs.items()})


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def float_arrays(call):
    return [leaf for leaf in leaves([*call.args, *call.kwargs.values()]) if is_float(leaf)]


def weighted_sum(results, kind):
    """A sum of all floats in a result with fixed weights, so that no two entries count alike."""
    total = 0.0
    for leaf in leaves(results):
        if isinstance(leaf, kind) and leaf.dtype.kind == "f":
            weights = np.cos(np.arange(leaf.size)).reshape(leaf.shape)
            total = total + (leaf * weights).sum()
    return total


def slopes(function, call, direction):
    """The two slopes of the weighted sum along a direction; ``None`` where NumPy has none."""
    arrays = float_arrays(call)

    def at(step):
        moved = [a + step * d for a, d in zip(arrays, direction, strict=True)]
        return weighted_sum(outcome(function, rebuilt(call, moved)), np.ndarray | np.floating)

    with np.errstate(all="ignore"):
        coarse, fine = ((at(h) - at(-h)) / (2 * h) for h in (2e-5, 1e-5))
    if not np.isfinite(fine) or abs(coarse - fine) > 1e-5 * (1 + abs(fine)):
        return None, None  # a kink, or ill conditioned
    watched = [cr.tensor(a, watch=True) for a in arrays]
    with np.errstate(all="ignore"):
        total = weighted_sum(function(*(c := rebuilt(call, watched)).args, **c.kwargs), cr.Tensor)
    if not isinstance(total, cr.Tensor) or not total.tracked:
        return 0.0, fine
    gradients = cr.gradients(total, watched, unconnected="zero")
    return sum(float((g.numpy() * d).sum()) for g, d in zip(gradients, direction, strict=True)), fine
