"""Schedules of learning rates, by their formulas and against Keras."""

import math

import numpy as np
import pytest

from chainrule.core.errors import ValueProblem
from chainrule.optimizers import schedules
from optimizer_cases import keras_of

SCHEDULES = [
    ("ExponentialDecay", (0.5, 7, 0.8)),
    ("ExponentialDecay", (0.5, 7, 0.8, True)),
    ("InverseTimeDecay", (0.5, 7, 0.8)),
    ("InverseTimeDecay", (0.5, 7, 0.8, True)),
    ("PiecewiseConstantDecay", ([3, 10, 11], [1.0, 0.5, 0.25, 0.125])),
    ("PolynomialDecay", (0.5, 7)),
    ("PolynomialDecay", (0.5, 7, 0.1, 2.0)),
    ("PolynomialDecay", (0.5, 7, 0.1, 0.5, True)),
    ("CosineDecay", (0.5, 7)),
    ("CosineDecay", (0.5, 7, 0.25)),
    ("CosineDecay", (0.1, 7, 0.25, "climb", 0.5, 4)),
    ("CosineDecayRestarts", (0.5, 7)),
    ("CosineDecayRestarts", (0.5, 7, 1.0, 0.5)),
    ("CosineDecayRestarts", (0.5, 7, 1.5, 0.5, 0.1)),
]


@pytest.mark.heavy
@pytest.mark.parametrize(("name", "arguments"), SCHEDULES, ids=str)
def test_schedules_like_keras(name, arguments):
    keras = keras_of()
    mine, theirs = getattr(schedules, name)(*arguments), getattr(keras.optimizers.schedules, name)(*arguments)
    for step in [*range(16), 20, 21, 22, 35, 48, 49, 50, 700]:
        got, want = mine(step), theirs(step)
        assert got.dtype == "float32"
        np.testing.assert_allclose(got.numpy(), np.asarray(want), rtol=2e-5, atol=2e-6, err_msg=f"step {step}")
    assert mine.get_config().items() == theirs.get_config().items()


def restarts(step, first, t_mul, m_mul, top, alpha):
    length, start, height = first, 0, top
    while step >= start + length:
        start, length, height = start + length, length * t_mul, height * m_mul
    wave = 0.5 * (1 + math.cos(math.pi * (step - start) / length))
    return (1 - alpha) * height * wave + alpha * top


def test_schedules_by_their_formulas():
    for step in range(40):
        s = schedules
        near = {"rel": 1e-5, "abs": 1e-6}
        assert float(s.ExponentialDecay(0.5, 7, 0.8)(step)) == pytest.approx(0.5 * 0.8 ** (step / 7), **near)
        assert float(s.ExponentialDecay(0.5, 8, 0.8, True)(step)) == pytest.approx(0.5 * 0.8 ** (step // 8), **near)
        assert float(s.InverseTimeDecay(0.5, 8, 3.0, True)(step)) == pytest.approx(
            0.5 / (1 + 3.0 * (step // 8)), **near
        )
        want = 1.0 if step <= 3 else 0.5 if step <= 10 else 0.25
        assert float(s.PiecewiseConstantDecay([3, 10], [1.0, 0.5, 0.25])(step)) == want
        want = 0.1 + 0.4 * (1 - min(step, 8) / 8) ** 2
        assert float(s.PolynomialDecay(0.5, 8, 0.1, 2.0)(step)) == pytest.approx(want, **near)
        full = 8 * max(1, math.ceil(step / 8))
        want = 0.1 + 0.4 * (1 - step / full)
        assert float(s.PolynomialDecay(0.5, 8, 0.1, cycle=True)(step)) == pytest.approx(want, **near)
        want = 0.1 + 0.1 * step if step < 4 else 0.5 * (0.5 + 0.5 * math.cos(math.pi * min(step - 4, 8) / 8))
        assert float(s.CosineDecay(0.1, 8, 0.0, None, 0.5, 4)(step)) == pytest.approx(want, **near)
        want = restarts(step, 8, 2.0, 0.5, 0.5, 0.1)
        if step not in (8, 24):  # at a restart float32's logarithm may fall on either side
            assert float(s.CosineDecayRestarts(0.5, 8, 2.0, 0.5, 0.1)(step)) == pytest.approx(want, rel=1e-4, abs=1e-5)


def test_wrong_schedules():
    for make in (
        lambda: schedules.ExponentialDecay(0.1, 0, 0.5),
        lambda: schedules.CosineDecay(0.1, -1),
        lambda: schedules.CosineDecayRestarts(0.1, 0),
        lambda: schedules.PolynomialDecay(0.1, 0),
        lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
        lambda: schedules.PiecewiseConstantDecay([], [0.1]),
    ):
        with pytest.raises(ValueProblem):
            make()
    with pytest.raises(NotImplementedError):
        schedules.LearningRateSchedule()(1)
