"""The script in JAX, as a user would write it."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

table = np.load(sys.argv[1])
x, y = table[:, :-1], table[:, -1]


def loss(weights, x, y):
    w, b = weights
    return jnp.mean((x @ w + b - y) ** 2)


@jax.jit
def step(weights, x, y):
    return jax.tree.map(lambda w, g: w - 0.01 * g, weights, jax.grad(loss)(weights, x, y))


weights = (jnp.zeros(x.shape[1]), jnp.zeros(()))
for _ in range(100):
    for start in range(0, len(x), 32):
        weights = step(weights, x[start : start + 32], y[start : start + 32])
print(float(loss(weights, x, y)))
