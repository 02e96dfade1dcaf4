"""Initializers: the laws of their numbers, orthogonality, seeds, against SciPy and Keras."""

import math

import numpy as np
import pytest
from scipy import stats

import chainrule as cr
from chainrule import initializers
from chainrule.core.errors import ShapeError, ValueProblem
from chainrule.ops import random
from chainrule.ops.random import SeedGenerator, fork_seed
from chainrule.serialization.serialize import deserialize, serialize

DRAWN = ("RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "GlorotNormal", "GlorotUniform")
DRAWN += ("HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Orthogonal")
LAWS = {  # of a kernel (5, 4, 30, 40): 600 in, 800 out
    "RandomNormal": stats.norm(0, 0.05),
    "RandomUniform": stats.uniform(-0.05, 0.1),
    "TruncatedNormal": stats.truncnorm(-2, 2, 0, 0.05),
    "GlorotUniform": stats.uniform(-math.sqrt(6 / 1400), 2 * math.sqrt(6 / 1400)),
    "HeUniform": stats.uniform(-math.sqrt(6 / 600), 2 * math.sqrt(6 / 600)),
    "LecunUniform": stats.uniform(-math.sqrt(3 / 600), 2 * math.sqrt(3 / 600)),
    **{
        name: stats.truncnorm(-2, 2, 0, math.sqrt(v) / stats.truncnorm(-2, 2).std())
        for name, v in {"GlorotNormal": 2 / 1400, "HeNormal": 2 / 600, "LecunNormal": 1 / 600}.items()
    },
}


@pytest.mark.parametrize("name", LAWS)
def test_first_weights_follow_their_law(name):
    x = getattr(initializers, name)(seed=2)((5, 4, 30, 40), "float64").numpy().ravel()
    law = LAWS[name]
    assert stats.kstest(x, law.cdf).pvalue > 0.01
    assert x.std() == pytest.approx(law.std(), rel=0.02)
    if name.endswith("Normal") and name != "RandomNormal" and name != "TruncatedNormal":
        assert law.std() == pytest.approx(math.sqrt({"G": 2 / 1400, "H": 2 / 600, "L": 1 / 600}[name[0]]))


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
def test_variance_scaling(mode, distribution):
    x = initializers.VarianceScaling(3.0, mode, distribution, seed=1)((200, 100)).numpy()
    fan = {"fan_in": 200, "fan_out": 100, "fan_avg": 150}[mode]
    assert x.var() == pytest.approx(3 / fan, rel=0.03)
    assert x.dtype == np.float32
    y = initializers.VarianceScaling(3.0, mode, distribution, 1, (0, 2), (1,))((20, 10, 30)).numpy()
    assert y.var() == pytest.approx(3 / {"fan_in": 600, "fan_out": 10, "fan_avg": 305}[mode], rel=0.05)
    for wrong in ({"scale": 0.0}, {"scale": math.nan}, {"mode": "fan"}, {"distribution": "beta"}):
        with pytest.raises(ValueProblem):
            initializers.VarianceScaling(**wrong)


@pytest.mark.heavy
def test_fans_like_keras(keras):
    from keras.src.initializers.random_initializers import compute_fans

    for shape in ((), (7,), (3, 5), (2, 3, 5), (4, 2, 3, 5), (2, 2, 2, 3, 5)):
        assert initializers.fans(shape) == compute_fans(shape)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("shape", [(4, 4), (7, 3), (3, 7), (2, 3, 4), (2, 2, 2, 5), (1, 1)])
def test_orthogonality(shape, dtype):
    q = initializers.Orthogonal(2.0, seed=3)(shape, dtype)
    assert (q.shape, q.dtype.name) == (shape, dtype)
    m = q.numpy().astype("float64").reshape(-1, shape[-1]) / 2
    small = m.T @ m if m.shape[0] >= m.shape[1] else m @ m.T
    np.testing.assert_allclose(
        small, np.eye(len(small)), atol={"float64": 1e-13, "float32": 1e-6, "float16": 3e-3}[dtype]
    )
    with pytest.raises(ShapeError):
        initializers.Orthogonal()((3,))


def test_orthogonal_matrices_have_no_preferred_sign():
    corners = [float(initializers.Orthogonal(seed=i)((3, 3))[0, 0]) for i in range(300)]
    # the first coordinate of a uniform point on the sphere is uniform (Archimedes)
    assert stats.kstest(corners, stats.uniform(-1, 2).cdf).pvalue > 0.01


def test_plain_initializers():
    assert initializers.Zeros()((2, 3)).numpy().tolist() == [[0.0] * 3] * 2
    assert initializers.Ones()((2,), "int32").dtype == "int32"
    assert initializers.Constant(2.5)((2,)).numpy().tolist() == [2.5, 2.5]
    assert initializers.Constant([1.0, 2.0])((3, 2), "float64").numpy().tolist() == [[1.0, 2.0]] * 3
    assert initializers.Identity(3.0)((2, 3)).numpy().tolist() == [[3.0, 0, 0], [0, 3.0, 0]]
    with pytest.raises(ShapeError):
        initializers.Identity()((2, 2, 2))
    with pytest.raises(ShapeError):
        initializers.Constant([1.0, 2.0])((3,))


@pytest.mark.parametrize("name", DRAWN)
def test_seeds(name):
    make = getattr(initializers, name)
    same = make(seed=3)
    first = same((4, 5)).numpy()
    np.testing.assert_array_equal(same((4, 5)).numpy(), first)
    np.testing.assert_array_equal(make(seed=3)((4, 5)).numpy(), first)
    np.testing.assert_array_equal(same.clone()((4, 5)).numpy(), first)
    assert (make(seed=4)((4, 5)).numpy() != first).all()
    free = make()
    assert (free((4, 5)).numpy() != free((4, 5)).numpy()).any()
    stream = make(seed=SeedGenerator(3))
    assert (stream((4, 5)).numpy() != stream((4, 5)).numpy()).any()
    again = deserialize(serialize(make(seed=SeedGenerator(3))))
    np.testing.assert_array_equal(again((4, 5)).numpy(), make(seed=SeedGenerator(3))((4, 5)).numpy())


def test_first_weights_depend_on_the_seed_and_their_kind_alone():
    def model(between):
        cr.set_random_seed(9)
        result = [initializers.GlorotUniform()((3, 4)).numpy()]
        if between:
            initializers.HeNormal()((9, 9))
            random.uniform((5,))
            fork_seed("Dropout")
        return [*result, initializers.GlorotUniform()((3, 4)).numpy()]

    plain, busy = model(False), model(True)
    np.testing.assert_array_equal(plain, busy)
    assert (plain[0] != plain[1]).all()
