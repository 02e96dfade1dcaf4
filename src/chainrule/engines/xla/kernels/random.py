"""The kernel of a random order."""

from __future__ import annotations

import jax.numpy as jnp

from ....graph import Node
from ....ops.random import random_bits
from .call import Array, ShapeDtype, call


def random_permutation(node: Node, key: Array, step: Array) -> list[Array]:
    """Return the order of random words by a counting sort, which takes less time than XLA's sort."""
    n = node.attributes["n"]
    words = random_bits.value(jnp, key, step, shape=(n,))
    return [call("order", ShapeDtype((n,), jnp.int32), words)]
