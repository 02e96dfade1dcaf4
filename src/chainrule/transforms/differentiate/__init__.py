"""Differentiate a graph, backward and forward. The gradient of a graph is a graph.

One generic pass serves everything: it multiplies ``upstream × local`` (or calls the record's transpose),
sums where paths join and un-broadcasts. Run on arrays it gives numbers at once; run on nodes it builds
the gradient's own graph, which can be differentiated, explained, priced and compiled like any other.
"""

from .backward import downstream, kept_shape, local_of
from .reverse_mode import gradients
from .transform import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
)

__all__ = [
    "downstream",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "kept_shape",
    "local_of",
    "value_and_grad",
]
