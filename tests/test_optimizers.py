"""Update rules against formulas written out in NumPy and against Keras; schedules; state; what is refused."""

import copy
import math
import os
import pickle
from functools import partial

import numpy as np
import pytest

import chainrule as cr
from chainrule import constraints, ops, optimizers
from chainrule.core.errors import GraphError, ShapeError, ValueProblem
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.optimizers import schedules
from chainrule.serialization.serialize import deserialize, serialize
from chainrule.transforms.trace import trace

SHAPES = [(), (5,), (3, 4), (2, 3, 2, 3)]
NAMES = ["gain", "bias", "kernel", "filters"]
STEPS = 12


def numbers(seed, count, dtype="float64"):
    draw = np.random.default_rng(seed)
    return [
        [np.asarray(draw.normal(size=s) * 10.0 ** draw.integers(-1, 2), dtype) for s in SHAPES] for _ in range(count)
    ]


START, GRADS = numbers(0, 1)[0], numbers(1, STEPS)


def cells(dtype="float64"):
    return [cr.Variable(v.astype(dtype), name=n) for v, n in zip(START, NAMES, strict=True)]


def run(optimizer, variables, grads=GRADS):
    for step in grads:
        optimizer.apply([g.astype(v.dtype) for g, v in zip(step, variables, strict=True)], variables)
    return [v.numpy() for v in variables]


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


# ---- Keras


def keras_of():
    os.environ["KERAS_BACKEND"] = "jax"
    return pytest.importorskip("keras")


def same_as_keras(keras, make, dtype="float64", rtol=1e-10, steps=STEPS, prepare=lambda o, v: None, limits=False):
    """`make(m)` builds the optimizer from a module m: ours, then Keras's."""
    ours = make(optimizers)
    mine = cells(dtype)
    theirs = make(keras.optimizers)
    other = [keras.Variable(v, dtype=dtype, name=n) for v, n in zip(START, NAMES, strict=True)]
    if limits:
        mine[2].constraint, other[2].constraint = constraints.MaxNorm(1.5), keras.constraints.MaxNorm(1.5)
        mine[1].constraint, other[1].constraint = constraints.NonNeg(), keras.constraints.NonNeg()
    prepare(ours, mine)
    prepare(theirs, other)
    for step in GRADS[:steps]:
        grads = [g.astype(dtype) for g in step]
        ours.apply(grads, mine)
        theirs.apply([keras.ops.convert_to_tensor(g) for g in grads], other)
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a.numpy(), np.asarray(b.value), rtol=rtol, atol=rtol / 10, err_msg=a.name)
    state = [np.asarray(v.value) for v in theirs.variables]
    assert [v.shape for v in ours.variables] == [v.shape for v in state]
    for a, b in zip(ours.variables[2:], theirs.variables[2:], strict=True):
        if a.name not in ("u_product", "row", "column"):  # Keras names these after nothing
            assert a.path.split("/")[-1] == b.path.split("/")[-1]
    for a, b in zip(ours.variables, state, strict=True):
        if a.ndim > 1 and a.path.startswith("adafactor") and a.name == "velocity":
            continue  # Keras keeps a matrix's mean squares, which follow from the row and the column
        np.testing.assert_allclose(a.numpy(), b, rtol=max(rtol, 1e-7), atol=rtol / 10, err_msg=a.path)


ALONE = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.8, "epsilon": 1e-3}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.25, "amsgrad": True}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5}),
    ("Adadelta", {"rho": 0.8}),
    ("Ftrl", {}),
    (
        "Ftrl",
        {
            "learning_rate_power": -0.7,
            "initial_accumulator_value": 0.2,
            "l1_regularization_strength": 0.5,
            "l2_regularization_strength": 0.25,
            "l2_shrinkage_regularization_strength": 0.125,
            "beta": 0.3,
        },
    ),
    ("Lion", {"beta_1": 0.8}),
    ("Lamb", {}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "ns_steps": 3, "adam_lr_ratio": 0.5, "weight_decay": 0.25}),
    ("Muon", {"exclude_layers": ["kern"], "adam_weight_decay": 0.5}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 4, "weight_decay": 0.1, "beta_1": 0.5}),
    ("Adafactor", {}),
    ("Adafactor", {"relative_step": False, "beta_2_decay": -0.5, "clip_threshold": 0.5, "epsilon_2": 0.5}),
]
SHARED = [
    {"weight_decay": 0.25},
    {"clipnorm": 2.0},
    {"clipvalue": 0.75},
    {"global_clipnorm": 3.0},
    {"use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 3},
    {"use_ema": True, "ema_momentum": 0.5},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 2, "clipnorm": 2.0, "weight_decay": 0.25, "use_ema": True},
    {"gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 2},
    {"loss_scale_factor": 8.0},
]


def words(value):
    return (
        f"{value[0]} {words(value[1])}" if isinstance(value, tuple) else " ".join(f"{k}={v}" for k, v in value.items())
    )


@pytest.mark.heavy
@pytest.mark.parametrize(("name", "options"), ALONE, ids=lambda v: v if isinstance(v, str) else words(v))
def test_rules_like_keras(name, options):
    # keras.ops.mean and norm round to float32 on their way
    rtol = {"Adafactor": 1e-5, "Muon": 1e-6}.get(name, 1e-10)
    same_as_keras(keras_of(), lambda m: getattr(m, name)(learning_rate=0.1, **options), rtol=rtol)


@pytest.mark.heavy
@pytest.mark.parametrize("options", SHARED, ids=words)
def test_shared_options_like_keras(options):
    same_as_keras(keras_of(), lambda m: m.SGD(0.1, momentum=0.9, **options), steps=7, limits=True)


def spared(first, names, optimizer, variables):
    optimizer.exclude_from_weight_decay(variables[:1] if first else None, names)


@pytest.mark.heavy
def test_spared_variables_like_keras():
    for first, names in ((False, ["bias", "gai"]), (True, None), (True, ["kern"])):
        spare = partial(spared, first, names)
        same_as_keras(keras_of(), lambda m: m.AdamW(0.1, weight_decay=0.5), steps=4, prepare=spare)


@pytest.mark.heavy
def test_schedules_as_rates_like_keras():
    keras = keras_of()

    def rate(m):
        kind = schedules if m is optimizers else keras.optimizers.schedules
        return kind.CosineDecay(0.0, 6, alpha=0.25, warmup_target=0.5, warmup_steps=3)

    # a rate of float32, whose last digits hang on the machine's cosine
    same_as_keras(keras, lambda m: m.SGD(rate(m), momentum=0.5), rtol=1e-5)
    same_as_keras(keras, lambda m: m.Adam(rate(m), gradient_accumulation_steps=2), rtol=1e-5, steps=5)
    same_as_keras(keras, lambda m: m.SGD(lambda: 0.25), steps=2)


@pytest.mark.heavy
def test_float32_like_keras():
    for name in ("Adam", "Adafactor"):
        same_as_keras(keras_of(), lambda m, name=name: getattr(m, name)(0.1), "float32", 2e-5, 6)


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


# ---- schedules, by their formulas


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


# ---- what is around the rules


def test_gradients_that_are_none_are_passed_over():
    w, b = cr.Variable([1.0, 2.0], name="w"), cr.Variable(3.0, name="b")
    optimizer = optimizers.SGD(0.5, 0.5)
    optimizer.apply([None, 1.0], [w, b])
    assert (w.numpy().tolist(), float(b)) == ([1.0, 2.0], 2.5)
    with pytest.raises(GraphError, match="no gradient"):
        optimizer.apply([None, None], [w, b])
    assert int(optimizer.iterations) == 1
    optimizer.apply([[2.0, 2.0], None])
    assert (w.numpy().tolist(), float(b)) == ([0.0, 1.0], 2.5)
    optimizers.SGD().apply([], [])  # a model without weights
    assert int(optimizers.SGD().apply_gradients([])) == 0


def test_a_failed_first_call_leaves_the_optimizer_as_it_was():
    w, optimizer = cr.Variable([1.0, 2.0]), optimizers.Adam(0.5)
    with pytest.raises(GraphError, match="build"):
        optimizer.apply([[1.0, 1.0]])
    with pytest.raises(ValueProblem, match="one for each"):
        optimizer.apply([[1.0, 1.0], [1.0, 1.0]], [w])
    with pytest.raises(ShapeError, match="'variable'"):
        optimizer.apply([[1.0, 1.0, 1.0]], [w])
    assert (w.numpy().tolist(), int(optimizer.iterations)) == ([1.0, 2.0], 0)
    optimizer.apply([[1.0, 1.0]], [w])
    np.testing.assert_allclose(w.numpy(), [0.5, 1.5], rtol=1e-5)


def test_variables_it_does_not_know():
    w, other = cr.Variable([1.0]), cr.Variable([1.0], name="other")
    optimizer = optimizers.SGD(0.5)
    optimizer.apply([[1.0]], [w])
    with pytest.raises(GraphError, match="'other'"):
        optimizer.apply([[1.0]], [other])
    with pytest.raises(ValueProblem, match="twice"):
        optimizers.SGD(0.5).apply([[1.0], [1.0]], [w, w])
    with pytest.raises(GraphError, match="first"):
        optimizer.exclude_from_weight_decay(var_names=["w"])


def test_setting_the_learning_rate():
    w = cr.Variable([0.0])
    optimizer = optimizers.SGD(1.0)
    optimizer.apply([[1.0]], [w])
    optimizer.learning_rate = 0.25
    optimizer.apply([[1.0]], [w])
    assert float(w[0]) == -1.25
    assert float(optimizer.learning_rate) == 0.25
    optimizer.learning_rate.assign(0.5)
    optimizer.apply([[1.0]], [w])
    assert float(w[0]) == -1.75
    for wrong in (-1.0, math.nan, math.inf, "fast"):
        with pytest.raises((ValueProblem, cr.DTypeError)):
            optimizer.learning_rate = wrong
        with pytest.raises((ValueProblem, cr.DTypeError)):
            optimizers.SGD(wrong)
    assert float(optimizer.learning_rate) == 0.5


@pytest.mark.parametrize(("rate", "updates"), [(0.0, 0), (1.0, 1), (0.5, 2)])
def test_a_schedule_in_the_place_of_a_number(rate, updates):
    w, optimizer = cr.Variable([0.0]), optimizers.SGD(rate, 0.5)
    for _ in range(updates):
        optimizer.apply([[1.0]], [w])
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([updates], [0.5, 0.25])
    names = [v.name for v in optimizer.variables]
    assert "iteration" in names
    assert "learning_rate" not in names
    assert float(optimizer.learning_rate) == 0.5
    optimizer.apply([[1.0]], [w])
    assert int(optimizer.iterations) == updates + 1
    assert float(optimizer.learning_rate) == 0.25
    with pytest.raises(ValueProblem, match="schedule"):
        optimizer.learning_rate = 0.1


def test_moving_averages_at_the_end():
    w = cr.Variable([0.0, 4.0])
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(3):
        optimizer.apply([[1.0, 0.0]], [w])
    assert w.numpy().tolist() == [-3.0, 4.0]
    optimizer.finalize_variable_values([w])
    assert w.numpy().tolist() == [-2.25, 4.0]  # -1, then (-1 - 2) / 2, then (-1.5 - 3) / 2


def test_loss_scales():
    w = cr.Variable([1.0, 1.0])
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(0.5), initial_scale=4.0, dynamic_growth_steps=2)
    assert float(optimizer.scale_loss(cr.tensor(3.0))) == 12.0
    seen = []
    for g in ([4.0, 4.0], [np.inf, 0.0], [2.0, 2.0], [2.0, 2.0], [0.0, np.nan], [4.0, 4.0], [4.0, 0.0]):
        optimizer.apply([g], [w])
        seen.append((*w.numpy().tolist(), float(optimizer.dynamic_scale), int(optimizer.step_counter)))
    assert seen == [
        (0.5, 0.5, 4.0, 1),
        (0.5, 0.5, 2.0, 0),  # an overflow halves the scale, and the count begins again
        (0.0, 0.0, 2.0, 1),
        (-0.5, -0.5, 4.0, 0),
        (-0.5, -0.5, 2.0, 0),
        (-1.5, -1.5, 2.0, 1),
        (-2.5, -1.5, 4.0, 0),
    ]
    assert int(optimizer.iterations) == 5
    with pytest.raises(TypeError):
        optimizers.LossScaleOptimizer(optimizers.SGD(), weight_decay=0.1)
    assert (
        optimizers.LossScaleOptimizer(optimizers.SGD(loss_scale_factor=4.0)).inner_optimizer.loss_scale_factor is None
    )


@pytest.mark.heavy
def test_loss_scales_like_keras():
    keras = keras_of()
    w, v = cr.Variable([1.0, 1.0]), keras.Variable([1.0, 1.0])
    mine = optimizers.LossScaleOptimizer(optimizers.Adam(0.5), 4.0, 3)
    theirs = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.5), 4.0, 3)
    theirs.build([v])
    state, value = [x.value for x in theirs.variables], v.value
    for i in range(9):
        g = np.array([np.inf if i in (2, 6) else 1.0 + i, np.nan if i == 7 else -1.0], "float32")
        mine.apply([g], [w])
        (value,), state = theirs.stateless_apply(state, [keras.ops.convert_to_tensor(g)], [value])
        np.testing.assert_allclose(w.numpy(), np.asarray(value), rtol=1e-5, atol=2e-5)
        assert [x.shape for x in mine.variables] == [x.shape for x in state]
        for x, y in zip(mine.variables[2:], state[2:], strict=True):  # the first two are of no use
            np.testing.assert_allclose(x.numpy(), np.asarray(y), rtol=1e-5, err_msg=x.path)


def pair(m, rate=0.1):
    m_map = m.OptimizerMap(m.SGD(rate, momentum=0.9), {"bias": m.Adam(rate), "(kern|filt).*": m.RMSprop(rate)})
    return m.MultiOptimizer(m_map)


def test_several_optimizers():
    variables, alone = cells(), cells()
    multi = pair(optimizers)
    run(multi, variables)
    singles = [optimizers.SGD(0.1, 0.9), optimizers.Adam(0.1), optimizers.RMSprop(0.1), optimizers.RMSprop(0.1)]
    for i, single in enumerate(singles):
        run(single, alone[i : i + 1], [step[i : i + 1] for step in GRADS])
    for a, b in zip(variables, alone, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert int(multi.iterations) == STEPS
    assert [type(o).__name__ for o in multi.optimizers] == ["Adam", "RMSprop", "SGD"]
    again = deserialize(serialize(multi))
    assert again.get_config() == multi.get_config()
    assert [v.shape for v in multi.variables][:2] == [(), ()]
    store = {}
    multi.save_own_variables(store)
    again.build(cells())
    again.load_own_variables(store)
    assert not hasattr(multi, "learning_rate")
    with pytest.raises(AttributeError):
        multi.learning_rate = 0.1


def test_several_optimizers_without_some_gradients():
    variables = cells()
    chosen = {v.name: optimizers.SGD(1.0, use_ema=True, loss_scale_factor=2.0) for v in variables}
    multi = optimizers.MultiOptimizer(lambda v: chosen[v.name], loss_scale_factor=4.0)
    multi.apply([None, GRADS[0][1], None, None], variables)
    np.testing.assert_allclose(variables[1].numpy(), START[1] - GRADS[0][1] / 4)
    assert (variables[0].numpy() == START[0]).all()
    assert float(multi.scale_loss(cr.tensor(1.0))) == 4.0
    multi.finalize_variable_values(variables[1:2])
    with pytest.raises(GraphError, match="no gradient"):
        multi.apply([None] * 4, variables)
    with pytest.raises(GraphError, match="not built for"):
        multi.apply([1.0], [cr.Variable(1.0)])
    with pytest.raises(ShapeError):
        multi.apply([GRADS[0][0], GRADS[0][0], None, None], variables)


def test_wrong_maps():
    result = optimizers.OptimizerMap(optimizers.SGD(), {"a/.*": optimizers.Adam()})
    result[".*/b"] = optimizers.Lion()
    assert (type(result["a/x"]).__name__, type(result["c/b"]).__name__, type(result["c"]).__name__) == (
        "Adam",
        "Lion",
        "SGD",
    )
    del result["a/.*"]
    assert (len(result), list(result), type(result["a/b"])) == (1, [".*/b"], optimizers.Lion)
    result["a/.*"] = optimizers.Adam()
    result["a/b"] = optimizers.SGD()
    assert type(result["a/b"]) is optimizers.SGD
    for wrong in (
        lambda: result["a/c/b"],
        lambda: result.__setitem__(".*/b", optimizers.SGD()),
        lambda: result.__setitem__(5, optimizers.SGD()),
        lambda: result.__setitem__("(", optimizers.SGD()),
        lambda: result.__setitem__("x", "sgd"),
        lambda: result.__setitem__("x", optimizers.MultiOptimizer(result)),
        lambda: result.__setitem__("x", optimizers.LossScaleOptimizer(optimizers.SGD())),
        lambda: optimizers.OptimizerMap("sgd"),
        lambda: optimizers.OptimizerMap(optimizers.SGD(), [1]),
        lambda: optimizers.MultiOptimizer("sgd"),
        lambda: optimizers.MultiOptimizer(lambda v: None).apply([1.0], [cr.Variable(1.0)]),
    ):
        with pytest.raises(ValueProblem):
            wrong()


@pytest.mark.heavy
def test_several_optimizers_like_keras():
    same_as_keras(keras_of(), pair, steps=4)


EVERY = (
    "SGD",
    "RMSprop",
    "Adam",
    "AdamW",
    "Adamax",
    "Nadam",
    "Adagrad",
    "Adadelta",
    "Ftrl",
    "Lion",
    "Lamb",
    "Adafactor",
    "Muon",
    "ScheduleFreeAdamW",
)


@pytest.mark.parametrize("name", EVERY)
def test_configurations_round(name):
    created = getattr(optimizers, name)(0.25, name="mine", clipnorm=2.0, use_ema=True, ema_overwrite_frequency=5)
    for again in (
        type(created).from_config(created.get_config()),
        deserialize(serialize(created)),
        optimizers.get(optimizers.serialize(created)),
        optimizers.get({"class_name": name, "config": created.get_config()}),
    ):
        assert type(again) is type(created)
        assert again.get_config() == created.get_config()
        assert (again.name, again.clipnorm, again.use_ema, again.ema_overwrite_frequency) == ("mine", 2.0, True, 5)
        assert float(again.learning_rate) == 0.25
    assert type(optimizers.get(name)) is type(created)
    assert type(optimizers.get(name.lower())) is type(created)


def test_every_argument_by_its_place():
    """Keras writes all arguments of an optimizer in one row: those of the rule, then those of all."""
    created = optimizers.SGD(0.25, 0.5, True, 0.125, None, 3.0)
    assert (created.weight_decay, created.clipnorm, created.clipvalue) == (0.125, None, 3.0)
    again = optimizers.SGD.from_config(created.get_config())
    assert (again.momentum, again.nesterov, again.weight_decay, again.clipvalue) == (0.5, True, 0.125, 3.0)
    again.learning_rate = 0.75
    assert again.get_config()["learning_rate"] == 0.75


def test_schedules_are_part_of_the_configuration():
    created = optimizers.Adam(schedules.CosineDecay(0.5, 10, warmup_target=1.0, warmup_steps=2))
    again = deserialize(serialize(created))
    assert [float(again._learning_rate(i)) for i in range(13)] == [float(created._learning_rate(i)) for i in range(13)]
    loss_scale = optimizers.LossScaleOptimizer(created, 8.0, 7)
    again = deserialize(serialize(loss_scale))
    assert (again.initial_scale, again.dynamic_growth_steps, again.inner_optimizer.get_config()) == (
        8.0, 7, created.get_config(),
    )  # fmt: skip


def test_copies_train_on_alone():
    for again in (copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))):
        variables, optimizer = cells(), optimizers.Adam(0.1, weight_decay=0.1, use_ema=True)
        optimizer.exclude_from_weight_decay(var_list=[variables[0]], var_names=["bias"])
        run(optimizer, variables, GRADS[:2])
        before = [v.numpy().copy() for v in variables]
        optimizer_2, variables_2 = again((optimizer, variables))
        got = run(optimizer_2, variables_2, GRADS[2:4])
        for v, b in zip(variables, before, strict=True):
            np.testing.assert_array_equal(v.numpy(), b)
        for a, b in zip(run(optimizer, variables, GRADS[2:4]), got, strict=True):
            np.testing.assert_array_equal(a, b)


def test_state_saved_and_taken_up():
    variables, optimizer = cells(), optimizers.Adam(0.1)
    run(optimizer, variables, GRADS[:3])
    store, stored = {}, [v.numpy() for v in variables]
    optimizer.save_own_variables(store)
    want = run(optimizer, variables, GRADS[3:5])
    again, fresh = optimizers.Adam(0.5), [cr.Variable(v) for v in stored]
    again.build(fresh)
    again.load_own_variables(store)
    for a, b in zip(run(again, fresh, GRADS[3:5]), want, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueProblem, match="arrays"):
        optimizers.Adam().load_own_variables(store)


def test_wrong_arguments():
    for make in (
        lambda: optimizers.SGD(momentum=1.5),
        lambda: optimizers.SGD(momentum=True),
        lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0),
        lambda: optimizers.SGD(clipnorm=0.0),
        lambda: optimizers.SGD(use_ema=True, ema_momentum=2.0),
        lambda: optimizers.SGD(ema_overwrite_frequency=0),
        lambda: optimizers.SGD(gradient_accumulation_steps=1),
        lambda: optimizers.SGD(gradient_accumulation_steps=2.5),
        lambda: optimizers.SGD(ema_overwrite_frequency=True),
        lambda: optimizers.SGD(clipnorm=math.nan),
        lambda: optimizers.SGD(learning_rate=[0.1, 0.2]),
        lambda: optimizers.AdamW(weight_decay=None),
        lambda: optimizers.Lion(beta_1=0.0),
        lambda: optimizers.Ftrl(learning_rate_power=1.0),
    ):
        with pytest.raises(ValueProblem):
            make()
    with pytest.raises(TypeError, match="decay_rate"):
        optimizers.SGD(decay_rate=0.1)
    with pytest.raises(NotImplementedError):
        optimizers.Optimizer(0.1).apply([[1.0]], [cr.Variable([1.0])])


def test_a_rule_of_ones_own():
    class Signs(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            variable.assign_sub(learning_rate * ops.sign(gradient))

    w = cr.Variable([1.0, -1.0, 0.0])
    Signs(0.25, weight_decay=1.0).apply([[3.0, -2.0, 0.0]], [w])
    assert w.numpy().tolist() == [0.5, -0.5, 0.0]
