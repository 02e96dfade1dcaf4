"""Activations, against NumPy, SciPy and Keras."""

import numpy as np
import pytest
from scipy import special

from chainrule import activations

X = np.array([[-7.5, -3.0, -1.0, -0.5, -0.25, 0.0], [0.25, 0.5, 1.0, 2.0, 3.0, 6.5]])


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


WANTED = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x < 0, 0.2 * x, x),
    "elu": lambda x: np.where(x < 0, np.expm1(x), x),
    "selu": lambda x: 1.0507009873554805 * np.where(x < 0, 1.6732632423543772 * np.expm1(x), x),
    "sigmoid": special.expit,
    "silu": lambda x: x * special.expit(x),
    "tanh": np.tanh,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "softmax": softmax,
    "log_softmax": lambda x: np.log(softmax(x)),
    "gelu": lambda x: x * special.ndtr(x),
    "exponential": np.exp,
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "log_sigmoid": special.log_expit,
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "celu": lambda x: np.maximum(x, 0) + np.minimum(np.expm1(x), 0),
}


@pytest.mark.parametrize("name", WANTED)
def test_activations(name):
    np.testing.assert_allclose(activations.get(name)(X).numpy(), WANTED[name](X), rtol=1e-7, atol=1e-12)


def test_sparsemax_is_the_nearest_point_of_the_simplex():
    for x in X:
        got = activations.sparsemax(x).numpy()
        assert got.sum() == pytest.approx(1)
        shift = (x - got)[got > 0]  # one threshold for all entries that are left
        assert np.ptp(shift) < 1e-12
        assert (x[got == 0] <= shift[0]).all()


def test_relu_with_all_its_options():
    for slope in (0.0, 0.25):
        for top in (None, 1.5):
            for threshold in (0.0, 1.0, -0.5):
                # Keras's definition: max_value if x >= max_value; x if threshold <= x < max_value; else the slope
                want = np.where(threshold < X, X, slope * (X - threshold))
                want = want if top is None else np.minimum(want, top)
                if threshold < 0 and top is not None:
                    continue  # Keras clips at 0 there, against its own definition; the comparison below has it
                got = activations.relu(X, negative_slope=slope, max_value=top, threshold=threshold).numpy()
                np.testing.assert_allclose(got, want, atol=1e-12, err_msg=f"{slope} {top} {threshold}")


@pytest.mark.heavy
def test_activations_like_keras(keras):
    x = X.astype("float32")
    for name in activations.registry.names():
        if name == "sparsemax":  # Keras 3.15's does not sum to 1 where several entries are left
            continue
        options = {"threshold": 0.25, "default_value": -3.0} if name == "threshold" else {}
        mine, theirs = getattr(activations, name, None) or activations.get(name), getattr(keras.activations, name)
        np.testing.assert_allclose(
            mine(x, **options), np.asarray(theirs(x, **options)), rtol=2e-5, atol=2e-6, err_msg=name
        )
    for slope in (0.0, 0.25):
        for top in (None, 1.5, 6.0):
            for threshold in (0.0, 1.0, -0.5):
                o = {"negative_slope": slope, "max_value": top, "threshold": threshold}
                got, want = activations.relu(x, **o), keras.activations.relu(x, **o)
                np.testing.assert_allclose(got, np.asarray(want), rtol=1e-6, atol=1e-6, err_msg=str(o))
