"""Update rules against formulas written out in NumPy, and traced against eager."""

import math

import numpy as np
import pytest

from chainrule import constraints, optimizers
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.optimizers import schedules
from chainrule.transforms.trace import trace
from optimizer_cases import GRADS, SHAPES, START, cells, pair, run

# ---- formulas from the papers, one array at a time. s is a fresh dictionary, t counts from 1


def sgd(w, g, s, t, r, momentum=0.0, nesterov=False):
    s["v"] = momentum * s.get("v", 0.0) - r * g
    return w + (momentum * s["v"] - r * g if nesterov else s["v"])


def rmsprop(w, g, s, t, r, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    s["v"] = rho * s.get("v", 0.0) + (1 - rho) * g**2
    s["m"] = rho * s.get("m", 0.0) + (1 - rho) * g
    s["b"] = momentum * s.get("b", 0.0) + r * g / np.sqrt(s["v"] - centered * s["m"] ** 2 + epsilon)
    return w - s["b"]


def moments(g, s, a, b):
    s["m"], s["v"] = a * s.get("m", 0.0) + (1 - a) * g, b * s.get("v", 0.0) + (1 - b) * g**2
    return s["m"], s["v"]


def adam(w, g, s, t, r, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, decay=0.0):
    m, v = moments(g, s, beta_1, beta_2)
    s["top"] = np.maximum(s.get("top", 0.0), v) if amsgrad else v
    w = w - decay * r * w
    rate = r * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)  # section 2's end
    return w - rate * m / (np.sqrt(s["top"]) + epsilon)


def adamax(w, g, s, t, r, a=0.9, b=0.999, epsilon=1e-7):
    s["m"] = a * s.get("m", 0.0) + (1 - a) * g
    s["u"] = np.maximum(b * s.get("u", 0.0), np.abs(g))
    return w - r / (1 - a**t) * s["m"] / (s["u"] + epsilon)


def nadam(w, g, s, t, r, a=0.9, b=0.999, epsilon=1e-7):
    m, v = moments(g, s, a, b)

    def mu(i):
        return a * (1 - 0.5 * 0.96**i)

    product = math.prod(mu(i) for i in range(1, t + 1))
    ahead = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
    return w - r * ahead / (np.sqrt(v / (1 - b**t)) + epsilon)


def adagrad(w, g, s, t, r, start=0.1, epsilon=1e-7):
    s["sum"] = s.get("sum", start) + g**2
    return w - r * g / np.sqrt(s["sum"] + epsilon)


def adadelta(w, g, s, t, r, rho=0.95, epsilon=1e-7):
    s["g"] = rho * s.get("g", 0.0) + (1 - rho) * g**2
    step = np.sqrt(s.get("d", 0.0) + epsilon) / np.sqrt(s["g"] + epsilon) * g
    s["d"] = rho * s.get("d", 0.0) + (1 - rho) * step**2
    return w - r * step


def ftrl(w, g, s, t, r, l1=0.0, l2=0.0, start=0.1):
    """Algorithm 1 of the paper, per coordinate; l2 counts twice, as in TensorFlow."""
    n = s.get("n", start)
    sigma = (np.sqrt(n + g**2) - np.sqrt(n)) / r
    s["z"] = s.get("z", 0.0) + g - sigma * w
    s["n"] = n + g**2
    return np.where(np.abs(s["z"]) <= l1, 0.0, -(s["z"] - np.sign(s["z"]) * l1) / (np.sqrt(s["n"]) / r + 2 * l2))


def lion(w, g, s, t, r, a=0.9, b=0.99):
    m = s.get("m", 0.0)
    s["m"] = b * m + (1 - b) * g
    return w - r * np.sign(a * m + (1 - a) * g)


def lamb(w, g, s, t, r, a=0.9, b=0.999, epsilon=1e-7):
    m, v = moments(g, s, a, b)
    move = m / (1 - a**t) / (np.sqrt(v / (1 - b**t)) + epsilon)
    sizes = np.linalg.norm(np.ravel(w)), np.linalg.norm(np.ravel(move))
    return w - r * (sizes[0] / sizes[1] if min(sizes) > 0 else 1.0) * move


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


def adafactor(w, g, s, t, r, decay=-0.8, e1=1e-30, e2=1e-3, threshold=1.0):
    rho, b = min(r, 1 / np.sqrt(t)), 1 - t**decay
    square = g**2 + e1
    if w.ndim < 2:
        mean = s["v"] = b * s.get("v", 0.0) + (1 - b) * square
    else:  # R C / (1' R), of each matrix in the last two axes
        s["r"] = b * s.get("r", 0.0) + (1 - b) * square.sum(-1)
        s["c"] = b * s.get("c", 0.0) + (1 - b) * square.sum(-2)
        mean = s["r"][..., :, None] * s["c"][..., None, :] / s["r"].sum(-1)[..., None, None]
    u = g / np.sqrt(mean)
    return w - max(e2, rms(w)) * rho * u / max(1.0, rms(u) / threshold)


def schedule_free(w, g, s, t, r, a=0.9, b=0.999, epsilon=1e-8):
    """The paper's three sequences z, x and y; w is y, at which gradients are taken."""
    z, x = s.get("z", w), s.get("x", w)
    s["v"] = b * s.get("v", 0.0) + (1 - b) * g**2
    s["z"] = z - r * g / (np.sqrt(s["v"] / (1 - b**t)) + epsilon)
    s["x"] = (1 - 1 / t) * x + s["z"] / t
    return (1 - a) * s["z"] + a * s["x"]


def muon(w, g, s, t, r, momentum=0.95, rms_rate=0.2):
    """By singular values: each s becomes p(p(...p(s))) with p(s) = a s + b s^3 + c s^5."""
    if w.ndim != 2:
        return adam(w, g, s, t, r)
    s["m"] = momentum * s.get("m", 0.0) + g
    left, size, right = np.linalg.svd(g + momentum * s["m"], full_matrices=False)
    size = size / (np.linalg.norm(size) + 1e-7)
    for _ in range(5):
        size = 3.4445 * size - 4.775 * size**3 + 2.0315 * size**5
    return w - r * rms_rate * math.sqrt(max(w.shape)) * (left * size) @ right


RULES = {
    "muon": (lambda: optimizers.Muon(0.1, weight_decay=None, adam_weight_decay=None), muon, {}),
    "schedule free": (lambda: optimizers.ScheduleFreeAdamW(0.1), schedule_free, {}),
    "sgd": (lambda: optimizers.SGD(0.1), sgd, {}),
    "momentum": (lambda: optimizers.SGD(0.1, 0.9), sgd, {"momentum": 0.9}),
    "nesterov": (lambda: optimizers.SGD(0.1, 0.9, True), sgd, {"momentum": 0.9, "nesterov": True}),
    "rmsprop": (lambda: optimizers.RMSprop(0.1), rmsprop, {}),
    "rmsprop centered": (
        lambda: optimizers.RMSprop(0.1, 0.8, 0.5, 1e-3, True),
        rmsprop,
        {"rho": 0.8, "momentum": 0.5, "epsilon": 1e-3, "centered": True},
    ),
    "adam": (lambda: optimizers.Adam(0.1), adam, {}),
    "amsgrad": (lambda: optimizers.Adam(0.1, 0.8, 0.9, 1e-4, True), adam, dict(zip(
        ("beta_1", "beta_2", "epsilon", "amsgrad"), (0.8, 0.9, 1e-4, True), strict=True))),
    "adamw": (lambda: optimizers.AdamW(0.1, 0.25), adam, {"decay": 0.25}),
    "adamax": (lambda: optimizers.Adamax(0.1), adamax, {}),
    "nadam": (lambda: optimizers.Nadam(0.1), nadam, {}),
    "adagrad": (lambda: optimizers.Adagrad(0.1), adagrad, {}),
    "adadelta": (lambda: optimizers.Adadelta(0.1), adadelta, {}),
    "ftrl": (lambda: optimizers.Ftrl(0.1), ftrl, {}),
    "ftrl l1 l2": (
        lambda: optimizers.Ftrl(0.1, l1_regularization_strength=0.5, l2_regularization_strength=0.25),
        ftrl,
        {"l1": 0.5, "l2": 0.25},
    ),
    "lion": (lambda: optimizers.Lion(0.1), lion, {}),
    "lamb": (lambda: optimizers.Lamb(0.1), lamb, {}),
    "adafactor": (lambda: optimizers.Adafactor(0.1), adafactor, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_the_papers_formula(name):
    make, formula, options = RULES[name]
    rate = float(np.float32(0.1))  # the rate is kept in float32, as in Keras
    want = list(START)
    states = [{} for _ in want]
    for t, step in enumerate(GRADS, 1):
        want = [formula(w, g, s, t, rate, **options) for w, g, s in zip(want, step, states, strict=True)]
    for got, expected in zip(run(make(), cells()), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


# ---- a traced step does what eager updates do

TRACED = {
    **{name: make for name, (make, _, _) in RULES.items()},
    "options": lambda: optimizers.Adam(
        schedules.PolynomialDecay(0.1, 5), weight_decay=0.1, global_clipnorm=2.0, use_ema=True, ema_momentum=0.5,
        ema_overwrite_frequency=2, gradient_accumulation_steps=3, loss_scale_factor=4.0,
    ),
    "several": lambda: pair(optimizers),
    "clipnorm": lambda: optimizers.SGD(0.1, 0.9, clipnorm=1.0),
    "clipvalue": lambda: optimizers.Nadam(0.1, clipvalue=0.5, gradient_accumulation_steps=2),
    "loss scale": lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.1), 8.0, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", TRACED)
def test_a_traced_step_is_the_eager_one_bit_for_bit(name):
    eager, traced = TRACED[name](), TRACED[name]()
    mine, other = cells("float32"), cells("float32")
    for group in (mine, other):
        group[2].constraint = constraints.MaxNorm(1.5)
    grads = [[g.astype("float32") for g in step] for step in GRADS]
    if name == "loss scale":
        grads[4][1][2], grads[8][0][...] = np.inf, np.nan
    specs = [spec_of(s, np.dtype("float32")) for s in SHAPES]
    program = NumpyEngine().program(trace(lambda *g: traced.apply(list(g), other), *specs))
    for step in grads:
        eager.apply(step, mine)
        assert program(step) == []
        for a, b in zip([*mine, *eager.variables], [*other, *traced.variables], strict=True):
            assert a.dtype == b.dtype
            assert a.numpy().tobytes() == b.numpy().tobytes(), (name, a.path)
