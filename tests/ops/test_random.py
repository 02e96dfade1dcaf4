"""Random numbers: their distributions, streams and seeds, against SciPy."""

import math

import numpy as np
import pytest
from scipy import special, stats

import chainrule as cr
from chainrule.core.errors import DTypeError, ShapeError, ValueProblem
from chainrule.ops import random
from chainrule.ops.random import SeedGenerator, fork_seed


def test_truncated_normals_quantile():
    low = special.ndtr(-2.0)
    u = random.random_uniform(*random._key_and_step(3), shape=(20_000,), dtype="float64").numpy()
    want = special.ndtri(low + u * (1 - 2 * low))
    got = random.truncated_normal((20_000,), dtype="float64", seed=3).numpy()
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    p = np.array([1e-6, 1e-3, 0.0749, 0.0751, 0.5, 0.7, 0.9249, 0.9251, 1 - 1e-6])  # both branches and their seam
    np.testing.assert_allclose(random._normal_quantile(cr.tensor(p)).numpy(), special.ndtri(p), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_distributions(dtype):
    n = 20_000
    kinds = {
        "uniform": (random.uniform((n,), -1.0, 3.0, dtype, 7), stats.uniform(-1, 4)),
        "normal": (random.normal((n,), 1.0, 2.0, dtype, 7), stats.norm(1, 2)),
        "truncated": (random.truncated_normal((n,), 1.0, 2.0, dtype, 7), stats.truncnorm(-2, 2, 1, 2)),
    }
    steps = {"float64": 0.0, "float32": 0.0, "float16": 1e-3, "bfloat16": 8e-3}[dtype]  # a step of the format's
    for name, (drawn, law) in kinds.items():
        assert drawn.dtype.name == dtype, name
        x = drawn.numpy().astype("float64")
        assert stats.kstest(x, law.cdf).statistic < 1.63 / math.sqrt(n) + steps, name  # 1 in 100
        assert abs(x.mean() - law.mean()) < 4 * law.std() / math.sqrt(n) + steps, name
        assert abs(x.std() - law.std()) < 0.03, name
    assert (np.abs(kinds["truncated"][0].numpy().astype("float64") - 1) <= 4).all()


def test_streams_of_other_seeds_are_independent():
    """Of right draws the p-values themselves are uniform."""
    for draw, law in ((random.uniform, "uniform"), (random.normal, "norm")):
        p = [stats.kstest(draw((1500,), seed=i, dtype="float64").numpy(), law).pvalue for i in range(100)]
        assert stats.kstest(p, "uniform").pvalue > 0.01
    first = [float(random.uniform((), seed=i, dtype="float64")) for i in range(2000)]
    assert stats.kstest(first, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.08


def test_categorical_shares():
    p = np.array([[0.5, 0.25, 0.25, 0.0], [0.1, 0.2, 0.3, 0.4]])
    with np.errstate(divide="ignore"):
        drawn = random.categorical(np.log(p), 4000, seed=5).numpy()
    assert (drawn.shape, drawn.dtype) == ((2, 4000), np.int32)
    assert (drawn[0] != 3).all()
    counts = [np.bincount(row, minlength=4) for row in drawn]
    assert stats.chisquare(counts[0][:3], 4000 * p[0][:3]).pvalue > 0.01
    assert stats.chisquare(counts[1], 4000 * p[1]).pvalue > 0.01
    with pytest.raises(ShapeError):
        random.categorical([0.5, 0.5], 3)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_dropout_keeps_the_mean(dtype):
    n, rate = 40_000, 0.1
    result = random.dropout(cr.tensor(np.ones(n), dtype), rate, seed=3)
    x = result.numpy().astype("float64")
    assert result.dtype.name == dtype
    assert sorted(set(x.tolist())) == [0.0, pytest.approx(1 / 0.9, rel=5e-3)]
    assert abs((x == 0).mean() - rate) < 4 * math.sqrt(rate * (1 - rate) / n)


def test_dropout_together_and_at_the_ends():
    x = np.arange(1.0, 61.0).reshape(3, 4, 5)
    saved = random.dropout(x, 0.5, (None, 1, 5), seed=1).numpy() / x
    assert (saved == saved[:, :1]).all()
    assert set(saved.ravel().tolist()) == {0.0, 2.0}
    assert random.dropout(x, 0.0, seed=1).numpy().tolist() == x.tolist()
    assert not random.dropout(x, 1.0, seed=1).numpy().any()
    for wrong in (-0.1, 1.5, math.nan):
        with pytest.raises(ValueProblem):
            random.dropout(x, wrong)
    with pytest.raises(ShapeError):
        random.dropout(x, 0.5, (3, 4))


def test_streams():
    a, b = SeedGenerator(1), SeedGenerator.from_config(SeedGenerator(1).get_config())
    first, second = random.normal((3,), seed=a), random.normal((3,), seed=a)
    assert (first.numpy() != second.numpy()).all()
    np.testing.assert_array_equal(random.normal((3,), seed=b).numpy(), first.numpy())
    b.state.assign([1, 0, 0])
    np.testing.assert_array_equal(
        random.uniform((3,), seed=b).numpy(), random.random_uniform([1, 0], 0, shape=(3,)).numpy()
    )
    names = [SeedGenerator(1, n) for n in ("", "a", "b")] + [SeedGenerator(1 + 2**32), SeedGenerator(-1)]
    assert len({random.normal((2,), seed=g).numpy().tobytes() for g in names}) == len(names)
    for wrong in (1.5, True, "1", [1]):
        with pytest.raises(DTypeError):
            SeedGenerator(wrong)
        with pytest.raises(DTypeError):
            random.uniform((2,), seed=wrong)


def test_set_random_seed():
    import random as pythons

    def draw():
        return random.uniform((2,)).tolist(), random.normal((2,)).tolist(), pythons.random(), np.random.random()

    cr.set_random_seed(5)
    first = draw()
    assert draw() != first
    cr.set_random_seed(5)
    assert draw() == first
    for wrong in (-1, 2**32, 1.5, True, None):
        with pytest.raises(ValueProblem):
            cr.set_random_seed(wrong)
    assert [fork_seed("Dense").name, fork_seed("Dense").name, fork_seed("Conv").name] == [
        "Dense/1",
        "Dense/2",
        "Conv/1",
    ]
