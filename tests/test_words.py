"""Initializers, regularizers, constraints, activations, dtype policies and names, against SciPy, NumPy and Keras."""

import json
import math
import os

import numpy as np
import pytest
from scipy import special, stats

import chainrule as cr
from chainrule import (
    activations,
    constraints,
    dtype_policies,
    initializers,
    losses,
    optimizers,
    regularizers,
)
from chainrule.core.errors import ChainruleError, DTypeError, ShapeError, ValueProblem
from chainrule.ops import random
from chainrule.ops.random import SeedGenerator, fork_seed
from chainrule.serialization import names as registered
from chainrule.serialization.names import custom_object_scope, register_keras_serializable
from chainrule.serialization.serialize import deserialize, serialize


def keras_of():
    os.environ["KERAS_BACKEND"] = "jax"
    return pytest.importorskip("keras")


# ---- random numbers


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


# ---- initializers

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
def test_fans_like_keras():
    keras_of()
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


def test_first_weights_hang_on_the_seed_and_their_kind_alone():
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


# ---- regularizers and constraints

W = np.random.default_rng(0).normal(size=(5, 3))


def test_penalties():
    assert float(regularizers.L1(0.25)(W)) == pytest.approx(0.25 * np.abs(W).sum())
    assert float(regularizers.L2(0.25)(W)) == pytest.approx(0.25 * (W**2).sum())
    both = regularizers.L1L2(0.5, 0.25)(W)
    assert (float(both), both.dtype) == (pytest.approx(0.5 * np.abs(W).sum() + 0.25 * (W**2).sum()), "float64")
    assert float(regularizers.L1L2()(W)) == 0.0
    for mode, rows in (("rows", W), ("columns", W.T)):
        pairs = [(i, j) for i in range(len(rows)) for j in range(i)]
        cosines = [abs(rows[i] @ rows[j]) / np.linalg.norm(rows[i]) / np.linalg.norm(rows[j]) for i, j in pairs]
        assert float(regularizers.OrthogonalRegularizer(0.5, mode)(W)) == pytest.approx(0.5 * np.mean(cosines))
    assert float(regularizers.OrthogonalRegularizer(0.5)(W[:1])) == 0.0  # one row is orthogonal to all others
    for wrong in (-1.0, math.inf, math.nan, "a", True):
        with pytest.raises(ValueProblem):
            regularizers.L2(wrong)
    with pytest.raises(ShapeError):
        regularizers.OrthogonalRegularizer()(W[0])
    with pytest.raises(ValueProblem):
        regularizers.OrthogonalRegularizer(mode="row")


def test_constraints():
    for axis in (0, 1, (0, 1)):
        norm = np.sqrt((W**2).sum(axis, keepdims=True))
        near = {"rtol": 1e-6}
        np.testing.assert_allclose(constraints.UnitNorm(axis)(W).numpy(), W / norm, **near)
        np.testing.assert_allclose(constraints.MaxNorm(1.5, axis)(W).numpy(), W * np.minimum(1, 1.5 / norm), **near)
        want = W * (0.25 * np.clip(norm, 1.0, 1.5) + 0.75 * norm) / norm
        np.testing.assert_allclose(constraints.MinMaxNorm(1.0, 1.5, 0.25, axis)(W).numpy(), want, **near)
    assert constraints.NonNeg()([-1.0, -0.0, 2.0]).numpy().tolist() == [0.0, 0.0, 2.0]
    for c in (constraints.UnitNorm(), constraints.MaxNorm(), constraints.MinMaxNorm(1.0, 2.0)):
        assert c(np.zeros((2, 2))).numpy().tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.heavy
def test_penalties_and_constraints_like_keras():
    keras = keras_of()
    w = W.astype("float32")
    for name, arguments in (
        ("L1", (0.3,)), ("L2", (0.3,)), ("L1L2", (0.1, 0.2)), ("OrthogonalRegularizer", (0.5,)),
        ("OrthogonalRegularizer", (0.5, "columns")),
    ):  # fmt: skip
        mine, theirs = getattr(regularizers, name)(*arguments), getattr(keras.regularizers, name)(*arguments)
        np.testing.assert_allclose(mine(w).numpy(), np.asarray(theirs(keras.ops.convert_to_tensor(w))), rtol=1e-5)
        assert mine.get_config() == pytest.approx(theirs.get_config())
    for name, arguments in (
        ("MaxNorm", (1.0,)), ("MaxNorm", (1.0, 1)), ("MinMaxNorm", (1.0, 1.5, 0.5)), ("NonNeg", ()), ("UnitNorm", (1,)),
    ):  # fmt: skip
        mine, theirs = getattr(constraints, name)(*arguments), getattr(keras.constraints, name)(*arguments)
        np.testing.assert_allclose(mine(w).numpy(), np.asarray(theirs(keras.ops.convert_to_tensor(w))), rtol=1e-5)
        assert mine.get_config() == theirs.get_config()


# ---- activations

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
def test_activations_like_keras():
    keras = keras_of()
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


# ---- names

MODULES = {
    "activations": activations,
    "initializers": initializers,
    "regularizers": regularizers,
    "constraints": constraints,
    "losses": losses,
}
ABSTRACT = {"Initializer", "Regularizer", "Constraint", "Loss"}
NOT_YET = {"STFT", "CTC", "ctc"}  # no layer for spectra, no connectionist loss


@pytest.mark.heavy
@pytest.mark.parametrize("registry", MODULES)
def test_every_name_of_keras(registry):
    keras_of()
    import importlib

    words = importlib.import_module(f"keras.src.{registry}").ALL_OBJECTS_DICT
    ours, missing = MODULES[registry].registry.names(), {}
    for word, thing in words.items():
        if thing.__name__ not in ABSTRACT | NOT_YET and getattr(ours.get(word), "__name__", None) != thing.__name__:
            missing[word] = (thing.__name__, ours.get(word))
    assert missing == {}


@pytest.mark.heavy
def test_every_optimizer_of_keras():
    keras = keras_of()
    from keras.src.optimizers import ALL_OBJECTS_DICT

    left = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}  # not by a name alone
    for word, cls in ALL_OBJECTS_DICT.items():
        if cls.__name__ not in left:
            for spelled in (word, cls.__name__):
                assert type(optimizers.get(spelled)).__name__ == type(keras.optimizers.get(spelled)).__name__


def test_names_and_what_they_give():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.get(np.tanh) is np.tanh
    assert type(initializers.get("normal")) is initializers.RandomNormal
    assert type(initializers.get(initializers.HeNormal)) is initializers.HeNormal
    assert initializers.get(None) is regularizers.get(None) is constraints.get(None) is None
    created = regularizers.L2(0.5)
    assert regularizers.get(created) is created
    assert regularizers.get("l2").l2 == 0.01
    for registry, near, right in (
        (initializers, "glorot_unifrom", "glorot_uniform"),
        (activations, "Relu", "relu"),
        (optimizers, "addam", "adam"),
        (constraints, "nonneg", "non_neg"),
        (losses, "mean_square_error", "mean_squared_error"),
    ):
        with pytest.raises(ValueProblem, match=f"did you mean '{right}'"):
            registry.get(near)
    for registry, wrong in ((optimizers, 5), (optimizers, np.tanh), (initializers, [1]), (optimizers, "CosineDecay")):
        with pytest.raises(ValueProblem):
            registry.get(wrong)
    with pytest.raises(ValueProblem, match="inner_optimizer"):
        optimizers.get("LossScaleOptimizer")
    with pytest.raises(ValueProblem):
        regularizers.get({"class_name": "Adam", "module": "optimizers", "config": {}})


EVERYTHING = [
    initializers.Constant([1.0, 2.0]), initializers.Identity(2.0), initializers.GlorotNormal(seed=4),
    initializers.VarianceScaling(2.0, "fan_avg", "uniform", 3, (0, 1), (2,)), initializers.Orthogonal(0.5, 7),
    regularizers.L1(0.5), regularizers.L1L2(0.1, 0.2), regularizers.OrthogonalRegularizer(0.5, "columns"),
    constraints.MaxNorm(3.0, (0, 1)), constraints.MinMaxNorm(0.5, 2.0, 0.25, 1), constraints.NonNeg(),
    dtype_policies.DTypePolicy("mixed_bfloat16"), losses.get("mse"),
]  # fmt: skip


@pytest.mark.parametrize("made", EVERYTHING, ids=lambda v: type(v).__name__)
def test_objects_through_json(made):
    written = json.dumps(serialize(made))
    again = deserialize(json.loads(written))
    assert type(again) is type(made)
    assert json.dumps(serialize(again)) == written
    if not isinstance(made, dtype_policies.DTypePolicy) and callable(made) and made in EVERYTHING[:2]:
        np.testing.assert_array_equal(again((2, 2)).numpy(), made((2, 2)).numpy())


def test_data_through_json():
    data = {"a": [1, 2.5, None, True, "x"], "b": {"c": np.float32(0.5), "d": np.dtype("int8")}, "e": (1, (2,))}
    assert deserialize(json.loads(json.dumps(serialize(data)))) == {
        "a": [1, 2.5, None, True, "x"], "b": {"c": 0.5, "d": "int8"}, "e": [1, [2]],
    }  # fmt: skip
    for array in (np.arange(6, dtype="int16").reshape(2, 3), np.zeros((2, 0)), np.array(3.5)):
        again = deserialize(json.loads(json.dumps(serialize(array))))
        np.testing.assert_array_equal(again, array)
        assert again.dtype == array.dtype
    half = deserialize(json.loads(json.dumps(serialize(cr.tensor([1.5, 2.0], "bfloat16")))))
    assert np.asarray(half, "float64").tolist() == [1.5, 2.0]


@register_keras_serializable("tests")
class Doubled(initializers.Initializer):
    def __init__(self, by=2.0):
        self.by = by

    def __call__(self, shape, dtype=None):
        return self.by * initializers.Ones()(shape, dtype)


@register_keras_serializable("tests", "third")
def cube(x):
    return x * x * x


def not_registered(x):
    return x


class NotRegistered(regularizers.L2):
    pass


def test_names_of_ones_own():
    config = json.loads(json.dumps(serialize(Doubled(3.0))))
    assert config["registered_name"] == "tests>Doubled"
    assert deserialize(config).by == 3.0
    assert type(initializers.get("tests>Doubled")) is Doubled
    assert activations.get("tests>third") is cube
    assert activations.get(activations.serialize(cube)) is cube
    assert activations.serialize(activations.tanh) == "tanh"
    assert registered.get_registered_name(cube) == "tests>third"
    assert registered.get_registered_object("tests>third") is cube
    assert registered.get_registered_object("nothing") is None
    for own in (NotRegistered(0.5), not_registered):
        config = serialize(own)
        with pytest.raises(ValueProblem, match="unknown name"):
            deserialize(config)
        name = getattr(own, "__name__", type(own).__name__)
        kind = own if callable(own) and hasattr(own, "__name__") else type(own)
        assert deserialize(config, {name: kind}) is own or deserialize(config, {name: kind}).l2 == 0.5
        with custom_object_scope({name: kind}):
            assert type(deserialize(config)) is type(own)
        with pytest.raises(ValueProblem):
            deserialize(config)
    with custom_object_scope({"twice": not_registered}), custom_object_scope({"thrice": cube}):
        assert (activations.get("twice"), activations.get("thrice")) == (not_registered, cube)
    with pytest.raises(ValueProblem):
        activations.get("twice")


def test_what_cannot_be_written_or_read():
    with pytest.raises(ValueProblem, match="lambda"):
        serialize(lambda x: x)
    with pytest.raises(ValueProblem, match="object of type"):
        serialize(object())
    with pytest.raises(ValueProblem, match="get_config"):
        register_keras_serializable("tests")(type("Bare", (), {}))
    with pytest.raises(ValueProblem, match="package"):
        register_keras_serializable(not_registered)
    for config in (
        {"class_name": "system", "module": "os", "config": {}},
        {"class_name": "function", "module": "os", "config": "system"},
        {"class_name": "function", "module": "builtins", "config": "eval", "registered_name": "eval"},
        {"class_name": "GlorotUniform", "module": "initializers", "config": {"gain": 1.0}},
        {"class_name": "GlorotUniform", "module": "initializers", "config": 5},
        {"class_name": "__numpy__", "config": {}},
        {"class_name": "__numpy__", "config": {"value": [[1], [1, 2]], "dtype": "float32"}},
        {"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "object"}},
        {"class_name": "relu", "module": "activations", "config": {}},
        {"class_name": "L2", "module": "regularizers", "config": {"l2": "much"}},
    ):
        with pytest.raises(ChainruleError):
            deserialize(config)


@pytest.mark.heavy
def test_configurations_of_keras_are_read():
    keras = keras_of()
    for registry in ("initializers", "regularizers", "constraints"):
        ours, theirs = MODULES[registry], getattr(keras, registry)
        for created in (m for m in EVERYTHING if registered.module_name_of(type(m)) == registry):
            if isinstance(created, initializers.Constant | initializers.Identity):
                continue  # Keras leaves their arguments out, or writes arrays in a form of its own
            other = getattr(theirs, type(created).__name__).from_config(created.get_config())
            config = json.loads(json.dumps(keras.saving.serialize_keras_object(other)))
            assert ours.get(config).get_config() == created.get_config(), config


# ---- dtype policies


def test_policies():
    assert dtype_policies.get("float16").variable_dtype == "float16"
    mixed = dtype_policies.get("mixed_float16")
    assert (mixed.compute_dtype, mixed.variable_dtype) == ("float16", "float32")
    assert mixed == dtype_policies.get({"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}})
    assert dtype_policies.get(np.float64).name == dtype_policies.get("float").name == "float64"
    assert dtype_policies.get(mixed) is mixed
    try:
        dtype_policies.set_dtype_policy("mixed_bfloat16")
        assert dtype_policies.get(None).compute_dtype == "bfloat16"
    finally:
        dtype_policies.set_dtype_policy(None)
    assert dtype_policies.dtype_policy().name == "float32"
    for wrong in ("mixed_float32", "floaty", "mixed_", 5, {}, {"config": {}}, [1]):
        with pytest.raises(ChainruleError):
            dtype_policies.get(wrong)
