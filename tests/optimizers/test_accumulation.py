"""Accumulated gradients: some calls are one update by their mean gradient, and everything goes by updates."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import constraints, optimizers
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.optimizers import schedules
from chainrule.transforms.trace import trace
from optimizer_cases import GRADS, SHAPES, cells

STEPS = 3
EMA = {"use_ema": True, "ema_momentum": 0.75}
OPTIONS = {
    "schedule": lambda: {"learning_rate": schedules.PolynomialDecay(0.5, 3, 0.01)},
    "warm-up": lambda: {"learning_rate": schedules.CosineDecay(0.0, 6, alpha=0.25, warmup_target=0.5, warmup_steps=3)},
    "decay": lambda: {"learning_rate": 0.1, "weight_decay": 0.25},
    "clipped": lambda: {"learning_rate": 0.1, "global_clipnorm": 1.5},
    "average": lambda: {"learning_rate": 0.1, **EMA},
    "overwritten": lambda: {"learning_rate": 0.1, **EMA, "ema_overwrite_frequency": 2},
    "scaled": lambda: {"learning_rate": 0.1, "loss_scale_factor": 4.0},
}
RULES = [
    "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "Muon", "Nadam", "RMSprop",
    "SGD", "ScheduleFreeAdamW",
]  # fmt: skip


def pairs(make, options):
    """An optimizer that accumulates and one that does not, each with its variables."""
    for extra in ({"gradient_accumulation_steps": STEPS}, {}):
        variables = cells()
        variables[2].constraint = constraints.MaxNorm(1.0)
        yield make(**options(), **extra), variables


def mean_grads():
    blocks = [GRADS[i : i + STEPS] for i in range(0, len(GRADS), STEPS)]
    return [[np.mean(column, axis=0) for column in zip(*block, strict=True)] for block in blocks]


def assert_same(accumulating, mine, plain, others):
    for a, b in zip(mine, others, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)
    assert int(accumulating.iterations) == int(plain.iterations)
    rates = [float(o.learning_rate) for o in (accumulating, plain)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-6)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("traced", [False, True])
def test_options_go_by_updates(options, traced, double):
    (accumulating, mine), (plain, others) = pairs(optimizers.Adam, OPTIONS[options])
    step = lambda grads: accumulating.apply(grads, mine)
    if traced:
        specs = [spec_of(s, np.dtype("float64")) for s in SHAPES]
        step = NumpyEngine().program(trace(lambda *g: accumulating.apply(list(g), mine), *specs))
    for update, mean in enumerate(mean_grads()):
        for grads in GRADS[update * STEPS : (update + 1) * STEPS]:
            assert int(accumulating.iterations) == update  # and nothing moves before the last of them
            before = [v.numpy() for v in mine]
            step(grads)
        assert any((a != v.numpy()).any() for a, v in zip(before, mine, strict=True))
        plain.apply(mean, others)
        assert_same(accumulating, mine, plain, others)
    for optimizer, variables in ((accumulating, mine), (plain, others)):
        optimizer.finalize_variable_values(variables)
    assert_same(accumulating, mine, plain, others)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_goes_by_updates(rule, double):
    (accumulating, mine), (plain, others) = pairs(getattr(optimizers, rule), lambda: {"learning_rate": 0.1})
    for update, mean in enumerate(mean_grads()):
        for grads in GRADS[update * STEPS : (update + 1) * STEPS]:
            accumulating.apply(grads, mine)
        plain.apply(mean, others)
        assert_same(accumulating, mine, plain, others)


def test_every_rule_is_here():
    rules = {name for name, cls in vars(optimizers).items() if isinstance(cls, type)}
    wrappers = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}
    assert {name for name in rules if issubclass(getattr(optimizers, name), optimizers.Optimizer)} - wrappers == set(
        RULES
    )


def test_wrappers_count_updates():
    w = cr.Variable([1.0])
    scaled = optimizers.LossScaleOptimizer(optimizers.SGD(0.5, gradient_accumulation_steps=2), 1.0)
    several = optimizers.MultiOptimizer(lambda v: inner)
    inner = optimizers.SGD(0.5, gradient_accumulation_steps=2)
    for optimizer in (scaled, several):
        counts = []
        for _ in range(5):
            optimizer.apply([[1.0]], [w])
            counts.append(int(optimizer.iterations))
        assert counts == [0, 1, 1, 2, 2]


@pytest.mark.parametrize("steps", [None, 4])
def test_weights_without_an_update_are_not_replaced_by_averages(steps):
    w = cr.Variable([3.0])
    optimizer = optimizers.SGD(0.5, use_ema=True, gradient_accumulation_steps=steps)
    optimizer.build([w])
    if steps:
        optimizer.apply([[1.0]], [w])
    optimizer.finalize_variable_values([w])
    assert w.numpy().tolist() == [3.0]


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_fit_is_that_with_larger_batches(engine):
    x = np.random.default_rng(3).normal(size=(24, 4)).astype("float32")
    y = x[:, :1] - x[:, 1:2]
    weights = []
    for size, steps in ((2, 4), (8, None)):
        model = Sequential([Input((4,)), Dense(1, kernel_initializer="ones")])
        rate = schedules.ExponentialDecay(0.1, 2, 0.5)
        adam = optimizers.AdamW(rate, **EMA, gradient_accumulation_steps=steps)
        model.compile(adam, "mse", engine=engine)
        model.fit(x, y, batch_size=size, epochs=4, shuffle=False, verbose=0)
        weights.append(model.get_weights()[0])
        assert int(adam.iterations) == 12
    np.testing.assert_allclose(*weights, rtol=2e-5)
