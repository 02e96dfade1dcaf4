"""Rounding inside a function, which its result does not show, makes no right gradient wrong and no wrong one right."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops

POINTS = np.random.default_rng(3).normal(size=4)


def shifted(x, constant, scale):
    return (ops.tanh(x) * scale + constant) - constant


@pytest.mark.parametrize("constant", [0.0, 1e3, 1e6, 1e8, 1e10])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_right_gradient_is_never_called_wrong(constant, scale):
    report = cr.check(lambda x: ops.sum(shifted(x, constant, scale)), cr.tensor(POINTS))
    assert not report.wrong
    if constant * 1e-16 <= 1e-10 * scale:
        assert report.ok


@pytest.mark.parametrize("constant", [0.0, 1e3, 1e6, 1e8, 1e10])
@pytest.mark.parametrize("factor", [2.0, 1.01, 0.0])
def test_a_wrong_gradient_is_never_called_right(constant, factor):
    right = cr.grad(lambda x: ops.sum(shifted(x, constant, 1.0)))
    report = cr.check(
        lambda x: ops.sum(shifted(x, constant, 1.0)), cr.tensor(POINTS), backward=lambda u, x: u * factor * right(x)
    )
    assert not report.ok


def test_the_sum_with_a_large_number_is_right():
    assert cr.check(lambda x: ops.sum(x + 1e10 - 1e10), cr.tensor([1.0, 2.0])).ok


def test_a_fast_wave_is_right_and_its_double_wrong():
    wave = lambda x: ops.sum(ops.sin(1e3 * x))
    assert cr.check(wave, cr.tensor(POINTS)).ok
    double = cr.check(wave, cr.tensor(POINTS), backward=lambda u, x: 2e3 * u * ops.cos(1e3 * x))
    assert double.wrong
