"""Differentiate a graph, backward and forward. The gradient of a graph is a graph.

One generic reverse pass does everything: it multiplies ``upstream × local`` (or calls the record's transpose),
sums where paths join and un-broadcasts. Run on arrays it computes at once; run on nodes it builds
the gradient's own graph, which can be differentiated, explained, priced and compiled like any other.
"""

from .backward import downstream, keepdims_shape, local_gradient
from .reverse_mode import gradients
from .transform import grad, hessian, hvp, jacobian, jvp, value_and_grad

__all__ = [
    "downstream", "grad", "gradients", "hessian", "hvp", "jacobian", "jvp", "keepdims_shape", "local_gradient",
    "value_and_grad",
]  # fmt: skip
