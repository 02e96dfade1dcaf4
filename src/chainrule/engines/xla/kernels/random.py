"""The kernel of a random order."""

from __future__ import annotations

import jax.numpy as jnp

from ....graph import Node
from ....ops.random import random_bits
from ..lower import Values
from .call import Array, ShapeDtype, call


def random_permutation(values: Values, node: Node) -> Array:
    """Return the order of random words by a counting sort, which takes less time than XLA's sort."""
    n = node.attributes["n"]
    words = random_bits.value(jnp, *values.inputs_of(node), shape=(n,))
    return call("order", ShapeDtype((n,), jnp.int32), words)
