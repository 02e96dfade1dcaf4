"""Losses against loops in NumPy, and against Keras itself; their gradients; as configurations."""

import inspect
import itertools

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses
from chainrule.core.errors import ShapeError, ValueProblem
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.layers.call_context import set_mask
from chainrule.serialization.names import to_snake_case
from chainrule.transforms.trace import trace
from targets import (
    binary,
    binary_scores,
    columns,
    counts,
    labels,
    numbers,
    one_hot,
    one_hot_scores,
    scores,
    shares,
    signs,
    softmax,
)

pytestmark = pytest.mark.usefixtures("double")


def rows(each):
    """A value for each row: each (target, output) of the last axis."""

    def over(target, output):
        flat = zip(target.reshape(-1, target.shape[-1]), output.reshape(-1, output.shape[-1]), strict=True)
        return np.array([each(t, o) for t, o in flat]).reshape(output.shape[:-1])

    return over


def label_rows(each):
    def over(target, output):
        flat = zip(target.ravel(), output.reshape(-1, output.shape[-1]), strict=True)
        return np.array([each(t, o) for t, o in flat]).reshape(output.shape[:-1])

    return over


def mean(each):
    return rows(lambda t, o: sum(each(a, b) for a, b in zip(t, o, strict=True)) / len(t))


def nats(p):
    return -np.log(np.clip(p, 1e-7, 1 - 1e-7))


def yes(a, b):
    """-log of the probability given to what is true."""
    return a * nats(b) + (1 - a) * nats(1 - b)


def unsure(rng, shape):
    """Probabilities away from 0 and 1, for their gradients."""
    return rng.integers(0, 2, size=shape).astype(float), rng.uniform(0.05, 0.95, size=shape)


def some_ignored(rng, shape):
    t, o = labels(rng, shape)
    return np.where(np.arange(t.size).reshape(t.shape) % 3 == 1, 255, t).astype("int32"), o


def circle_data(rng, shape):
    """Two of every class, so that each example has one alike and one not."""
    o = rng.normal(size=shape)
    return np.arange(len(o), dtype="int32") // 2 % 2, o / np.sqrt((o**2).sum(-1, keepdims=True))


def circle(gamma, margin, itself):
    def over(target, output):
        result = []
        for i, (a, x) in enumerate(zip(target, output, strict=True)):
            near, far = [], []
            for j, (b, y) in enumerate(zip(target, output, strict=True)):
                d = max(1 - sum(x * y), 0)
                if a == b and (itself or i != j):
                    near.append(np.exp(-gamma * max(margin + d, 0) * (margin - d)))
                if a != b:
                    far.append(np.exp(gamma * max(1 + margin - d, 0) * (1 - margin - d)))
            result.append(np.log1p(sum(near) * sum(far)))
        return np.array(result)

    return over


def overlap(alpha, beta):
    def over(t, o):
        both = sum(a * b for a, b in zip(t.ravel(), o.ravel(), strict=True))
        missed = sum(a * (1 - b) for a, b in zip(t.ravel(), o.ravel(), strict=True))
        added = sum((1 - a) * b for a, b in zip(t.ravel(), o.ravel(), strict=True))
        return 1 - both / (both + alpha * missed + beta * added)

    return over


def cosine(t, o):
    return -sum(t * o) / (np.linalg.norm(t) * np.linalg.norm(o))


def smooth(t, share):
    return t * (1 - share) + share / len(t)


DEEP = [(3,), (4, 3)]
CASES = [  # function, arguments, data, shapes of an example, the values in plain loops
    ("mean_squared_error", {}, numbers, DEEP, mean(lambda a, b: (a - b) ** 2)),
    ("mean_absolute_error", {}, numbers, DEEP, mean(lambda a, b: abs(a - b))),
    ("mean_absolute_percentage_error", {}, numbers, DEEP, mean(lambda a, b: 100 * abs(a - b) / abs(a))),
    ("mean_squared_logarithmic_error", {}, counts, DEEP, mean(lambda a, b: np.log((max(a, 1e-7) + 1) / (b + 1)) ** 2)),
    ("cosine_similarity", {}, numbers, DEEP, rows(cosine)),
    (
        "cosine_similarity",
        {"axis": 1},
        numbers,
        [(4, 3)],
        lambda t, o: rows(cosine)(t.swapaxes(1, 2), o.swapaxes(1, 2)),
    ),
    ("huber", {}, numbers, DEEP, mean(lambda a, b: (a - b) ** 2 / 2 if abs(a - b) <= 1 else abs(a - b) - 0.5)),
    (
        "huber",
        {"delta": 0.3},
        numbers,
        [(3,)],
        mean(lambda a, b: (a - b) ** 2 / 2 if abs(a - b) <= 0.3 else 0.3 * abs(a - b) - 0.045),
    ),
    ("log_cosh", {}, numbers, DEEP, mean(lambda a, b: np.log(np.cosh(a - b)))),
    ("poisson", {}, counts, DEEP, mean(lambda a, b: b - a * np.log(b + 1e-7))),
    ("kl_divergence", {}, shares, DEEP, rows(lambda t, o: sum(t * np.log(t / o)))),
    ("hinge", {}, signs, DEEP, mean(lambda a, b: max(0, 1 - a * b))),
    ("hinge", {}, unsure, [(3,)], mean(lambda a, b: max(0, 1 - (2 * a - 1) * b))),
    ("squared_hinge", {}, signs, DEEP, mean(lambda a, b: max(0, 1 - a * b) ** 2)),
    ("categorical_hinge", {}, one_hot, DEEP, rows(lambda t, o: max(0, 1 + max((1 - t) * o) - o[list(t).index(1)]))),
    ("binary_crossentropy", {}, unsure, DEEP, mean(yes)),
    ("binary_crossentropy", {}, binary, [(3,)], mean(yes)),
    ("binary_crossentropy", {"label_smoothing": 0.2}, unsure, DEEP, mean(lambda a, b: yes(0.8 * a + 0.1, b))),
    (
        "binary_crossentropy",
        {"from_logits": True, "label_smoothing": 0.2},
        binary_scores,
        DEEP,
        mean(lambda a, b: np.log1p(np.exp(b)) - (0.8 * a + 0.1) * b),
    ),
    ("binary_focal_crossentropy", {}, unsure, DEEP, mean(lambda a, b: (1 - (b if a else 1 - b)) ** 2 * yes(a, b))),
    (
        "binary_focal_crossentropy",
        {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5, "from_logits": True},
        binary_scores,
        DEEP,
        mean(
            lambda a, b: (
                (0.4 if a else 0.6) * (1 / (1 + np.exp(b if a else -b))) ** 1.5 * np.log1p(np.exp(-b if a else b))
            )
        ),
    ),
    ("categorical_crossentropy", {}, one_hot, DEEP, rows(lambda t, o: sum(t * nats(o / sum(o))))),
    ("categorical_crossentropy", {}, unsure, [(3,)], rows(lambda t, o: sum(t * nats(o / sum(o))))),
    (
        "categorical_crossentropy",
        {"from_logits": True, "label_smoothing": 0.3},
        one_hot_scores,
        DEEP,
        rows(lambda t, o: sum(smooth(t, 0.3) * nats(softmax(o)))),
    ),
    (
        "categorical_focal_crossentropy",
        {},
        one_hot,
        DEEP,
        rows(lambda t, o: sum(0.25 * (1 - o / sum(o)) ** 2 * t * nats(o / sum(o)))),
    ),
    (
        "categorical_focal_crossentropy",
        {"from_logits": True, "gamma": 1.5, "alpha": 0.5, "label_smoothing": 0.1},
        one_hot_scores,
        DEEP,
        rows(lambda t, o: sum(0.5 * (1 - softmax(o)) ** 1.5 * smooth(t, 0.1) * nats(softmax(o)))),
    ),
    ("sparse_categorical_crossentropy", {}, labels, DEEP, label_rows(lambda t, o: nats(o[t] / sum(o)))),
    ("sparse_categorical_crossentropy", {}, columns, DEEP, label_rows(lambda t, o: nats(o[t] / sum(o)))),
    (
        "sparse_categorical_crossentropy",
        {"from_logits": True},
        scores,
        DEEP,
        label_rows(lambda t, o: nats(softmax(o)[t])),
    ),
    (
        "sparse_categorical_crossentropy",
        {"ignore_class": 255},
        some_ignored,
        DEEP,
        label_rows(lambda t, o: 0.0 if t == 255 else nats(o[t])),
    ),
    (
        "categorical_generalized_cross_entropy",
        {"q": 0.7},
        labels,
        DEEP,
        label_rows(lambda t, o: (1 - o[t] ** 0.7) / 0.7),
    ),
    ("dice", {}, unsure, DEEP, overlap(0.5, 0.5)),
    (
        "dice",
        {"axis": (1, 2)},
        unsure,
        [(4, 3)],
        lambda t, o: np.array([overlap(0.5, 0.5)(a, b) for a, b in zip(t, o, strict=True)]),
    ),
    ("tversky", {"alpha": 0.2, "beta": 0.7}, unsure, DEEP, overlap(0.2, 0.7)),
    ("circle", {"gamma": 3.0}, circle_data, [(3,)], circle(3.0, 0.4, False)),
    ("circle", {"gamma": 2.0, "margin": 0.1, "remove_diagonal": False}, circle_data, [(3,)], circle(2.0, 0.1, True)),
]
IDS = [f"{name}-{i}" for i, (name, *_) in enumerate(CASES)]
CLASSES = {
    to_snake_case(n): n for n in losses.__all__ if n[0].isupper() and n not in ("Loss", "LossFunctionWrapper", "CTC")
}
CLASSES |= {
    "binary_crossentropy": "BinaryCrossentropy",
    "kl_divergence": "KLDivergence",
    "categorical_generalized_cross_entropy": "CategoricalGeneralizedCrossEntropy",
}
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", "mean_with_sample_weight")


def data(make, shape, n=6):
    return make(np.random.default_rng([n, *shape]), (n, *shape))


# ---- values


@pytest.mark.parametrize(("name", "arguments", "make", "shapes", "loop"), CASES, ids=IDS)
def test_as_loops(name, arguments, make, shapes, loop):
    function = getattr(losses, name)
    for shape in shapes:
        target, output = data(make, shape)
        result = function(target, output, **arguments)
        assert result.dtype == "float64"
        near = 1e-7 if name in ("dice", "tversky") else 1e-10  # these add 1e-7 to what they divide by
        np.testing.assert_allclose(result.numpy(), loop(target, output), rtol=near, atol=1e-12)
        step = trace(lambda t, o: function(t, o, **arguments), *[spec_of(x.shape, x.dtype) for x in (target, output)])
        (traced,) = NumpyEngine().program(step)([target, output])
        np.testing.assert_allclose(traced, result.numpy(), rtol=1e-12)


def test_every_loss_has_a_loop():
    assert {n for n, *_ in CASES} | {"residual_sum_of_squares"} == set(CLASSES)


@pytest.mark.parametrize(("name", "arguments", "make", "shapes", "loop"), CASES, ids=IDS)
def test_gradients(name, arguments, make, shapes, loop):
    function = getattr(losses, name)
    target, output = data(unsure if make is binary else make, shapes[-1], 4)
    assert cr.check(lambda o: function(target, o, **arguments), output)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weights", [None, (6,), (6, 1), (6, 4), ()])
@pytest.mark.parametrize("masked", [False, True])
def test_reductions(reduction, weights, masked):
    rng = np.random.default_rng(3)
    target, output = numbers(rng, (6, 4, 3))
    saved = rng.integers(0, 2, size=(6, 4)).astype(bool)
    w = None if weights is None else rng.integers(0 if weights else 1, 4, size=weights).astype(float)
    passed = cr.tensor(output)
    if masked:
        set_mask(passed, cr.tensor(saved))
    result = losses.MeanSquaredError(reduction, dtype="float64")(target, passed, sample_weight=w)

    each, count, total_weight = np.zeros((6, 4)), 0, 0.0
    for i in range(6):
        for j in range(4):
            weight = 1.0 if w is None else np.broadcast_to(w.reshape(w.shape + (1,) * (2 - w.ndim)), (6, 4))[i, j]
            if masked and not saved[i, j]:
                continue
            each[i, j] = weight * sum((target[i, j] - output[i, j]) ** 2) / 3
            count, total_weight = count + 1, total_weight + weight
    if reduction == "none":
        expected = each
    elif reduction == "sum":
        expected = each.sum()
    else:
        expected = each.sum() / (total_weight if reduction == "mean_with_sample_weight" else count)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12)


def test_residual_sum_of_squares():
    target, output = data(numbers, (3,))
    expected = sum((a - b) ** 2 for a, b in zip(target.ravel(), output.ravel(), strict=True))
    np.testing.assert_allclose(losses.ResidualSumOfSquares()(target, output).numpy(), expected)
    weighted = losses.ResidualSumOfSquares()(target, output, sample_weight=2.0)
    np.testing.assert_allclose(weighted.numpy(), 2 * expected)
    assert cr.check(lambda o: losses.residual_sum_of_squares(target, o), output)


def test_lonely_examples_leave_the_circle():
    """Without one alike there is nothing to pull: the example does not count."""
    target, output = np.array([0, 0, 1], "int32"), np.eye(3)
    with np.errstate(all="ignore"):
        values = losses.circle(target, output, gamma=1.0).numpy()
        result = losses.Circle(gamma=1.0, dtype="float64")(target, output).numpy()
    assert values[2] == 0
    np.testing.assert_allclose(result, values[:2].mean())


def test_ignored_pixels_have_no_gradient():
    """Not even nan, as the division of a row of zeros by its sum would give."""
    target, output = np.array([0, 255], "int32"), cr.tensor(np.full((2, 2), 0.5), watch=True)
    (result,) = cr.gradients(losses.sparse_categorical_crossentropy(target, output, ignore_class=255).sum(), [output])
    np.testing.assert_allclose(result.numpy(), [[-1.0, 1.0], [0.0, 0.0]], atol=1e-6)


def test_nested_lists():
    assert losses.MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]]).numpy() == 0.5


# ---- configurations and words


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_as_a_configuration(name):
    cls = getattr(losses, CLASSES[name])
    arguments, make, shapes = next(((a, m, s) for n, a, m, s, _ in reversed(CASES) if n == name), ({}, numbers, [(3,)]))
    loss = cls(name="mine", reduction="sum", dtype="float64", **arguments)
    target, output = data(make, shapes[0])
    for created in (cls.from_config(loss.get_config()), losses.deserialize(losses.serialize(loss))):
        assert type(created) is cls
        assert (created.name, created.reduction, created.dtype) == ("mine", "sum", "float64")
        np.testing.assert_array_equal(created(target, output).numpy(), loss(target, output).numpy())
    assert losses.deserialize(losses.serialize(getattr(losses, name))) is getattr(losses, name)


def test_words():
    for word, name in [("mse", "mean_squared_error"), ("KLD", "kl_divergence"), ("bce", "binary_crossentropy")]:
        assert losses.get(word) is getattr(losses, name)
    assert type(losses.as_loss("rss")) is losses.ResidualSumOfSquares
    assert losses.as_loss("huber").fn is losses.huber
    wrapped = losses.LossFunctionWrapper(losses.huber, "sum", "mine", "float64", delta=0.5)
    created = losses.deserialize(losses.serialize(wrapped))
    assert (created.fn, created.arguments, created.dtype, created.name) == (
        losses.huber,
        {"delta": 0.5},
        "float64",
        "mine",
    )
    with pytest.raises(ValueProblem, match="did you mean"):
        losses.get("mean_square_error")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: losses.MeanSquaredError(reduction="average"), ValueProblem),
        (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.0), ValueProblem),
        (lambda: losses.binary_crossentropy(np.ones((2, 1)), np.ones((2, 1)), label_smoothing=1.5), ValueProblem),
        (lambda: losses.categorical_crossentropy(np.ones(2), np.ones((2, 3))), ShapeError),
        (lambda: losses.sparse_categorical_crossentropy(np.ones((2, 3)), np.ones((2, 3))), ShapeError),
        (lambda: losses.MeanSquaredError()(np.ones((2, 1)), np.ones((2, 1)), np.ones(3)), ShapeError),
    ],
)
def test_refused(make, kind):
    with pytest.raises(kind):
        make()


# ---- where we differ from Keras, each on purpose


def test_targets_and_outputs_that_do_not_match_are_an_error():
    """Keras makes a table of all pairs of (N,) and (M, 1), and uses one row of targets for all examples."""
    pairs = [((4,), (4, 3)), ((4,), (5, 1)), ((1, 3), (4, 3)), ((4, 3), (4,)), ((4, 2), (4, 3)), ((4, 1), (5, 3))]
    pairs += [((4,), (4, 4)), ((4, 4), (4, 4, 4)), ((1, 3), (4, 1))]
    for target, output in pairs:
        for name in ("mean_squared_error", "hinge", "binary_crossentropy", "dice"):
            with pytest.raises(ShapeError, match="To mend it"):
                getattr(losses, name)(np.zeros(target), np.zeros(output))
    for name in ("binary_crossentropy", "categorical_crossentropy", "dice"):  # which need a target for each output
        with pytest.raises(ShapeError, match="To mend it"):
            getattr(losses, name)(np.zeros((4, 1)), np.ones((4, 3)))


BROADCAST = [((4, 1), (4, 3)), ((4, 3), (4, 1)), ((4, 1, 3), (4, 2, 3)), ((4, 1, 3), (4, 2, 1)), ((), (4, 3))]


@pytest.mark.parametrize(("target", "output"), BROADCAST)
def test_one_number_for_several_of_an_example_is_taken_with_a_warning(target, output):
    rng = np.random.default_rng(0)
    t, o = rng.normal(size=target), rng.normal(size=output)
    with pytest.warns(cr.TrainingWarning, match="broadcast") as seen:
        values = losses.mean_squared_error(t, o)
    assert seen[0].filename == __file__
    np.testing.assert_allclose(values.numpy(), ((o - t) ** 2).mean(-1), rtol=1e-12)
    with pytest.warns(cr.TrainingWarning, match="broadcast"):
        total = losses.MeanAbsoluteError(dtype="float64")(t, o)
    np.testing.assert_allclose(total.numpy(), np.abs(o - t).mean(-1).mean(), rtol=1e-12)


def test_targets_without_an_axis_are_aligned():
    target, output = data(numbers, ())
    expected = losses.mean_absolute_error(target[:, None], output[:, None]).numpy()
    for t, o in [(target, output[:, None]), (target[:, None], output)]:
        np.testing.assert_array_equal(losses.mean_absolute_error(t, o).numpy(), expected)


def test_weights_of_examples_weigh_their_rows():
    """Keras multiplies (N, T) values with (N,) weights along the wrong axis where N = T, and fails where not."""
    target, output = np.zeros((2, 2, 1)), np.array([[[1.0], [1.0]], [[2.0], [2.0]]])
    assert losses.MeanSquaredError("none")(target, output, [1.0, 10.0]).tolist() == [[1, 1], [40, 40]]
    passed = cr.tensor(output)
    set_mask(passed, cr.tensor(np.array([[True, False], [True, True]])))
    assert losses.MeanSquaredError("none")(target, passed, [1.0, 10.0]).tolist() == [[1, 0], [40, 40]]


# ---- Keras itself


@pytest.mark.heavy
@pytest.mark.parametrize(("name", "arguments", "make", "shapes", "loop"), CASES, ids=IDS)
def test_as_keras(keras64, name, arguments, make, shapes, loop):
    for shape in shapes:
        target, output = data(make, shape)
        theirs = getattr(keras64.losses, name)(target, output, **arguments)
        result = getattr(losses, name)(target, output, **arguments)
        np.testing.assert_allclose(result.numpy(), np.asarray(theirs), rtol=1e-8, atol=1e-8)
        ours, theirs = (
            getattr(package, CLASSES[name])(dtype="float64", **arguments)(target, output)
            for package in (losses, keras64.losses)
        )
        np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-8, atol=1e-8)


@pytest.mark.heavy
@pytest.mark.parametrize("reduction", [*REDUCTIONS, None])
@pytest.mark.parametrize("masked", [False, True])
def test_reductions_as_keras(keras64, reduction, masked):
    from keras.src.backend import set_keras_mask

    rng = np.random.default_rng(5)
    for shape, forms in [((3,), [None, (5,), (5, 1), ()]), ((4, 3), [None, (5, 4), (5, 1)])]:
        target, output = numbers(rng, (5, *shape))
        saved = rng.integers(0, 2, size=(5, *shape[:-1])).astype(bool)
        for form in forms:
            if form == (5, 1) and reduction == "mean_with_sample_weight" and len(shape) == 2:
                continue  # Keras divides by the sum of weights before they are broadcast
            if form == () and (masked or reduction == "mean_with_sample_weight"):
                continue  # Keras cannot, or takes a scalar for the sum of all weights
            w = None if form is None else rng.integers(1, 4, size=form).astype(float)
            ours, theirs = cr.tensor(output), keras64.ops.convert_to_tensor(output)
            if masked:
                set_mask(ours, cr.tensor(saved))
                set_keras_mask(theirs, keras64.ops.convert_to_tensor(saved))
            result = losses.MeanSquaredError(reduction, dtype="float64")(target, ours, w)
            expected = np.asarray(keras64.losses.MeanSquaredError(reduction, dtype="float64")(target, theirs, w))
            if masked and reduction in (None, "none"):
                assert result.shape == expected.shape
            np.testing.assert_allclose(result.numpy(), expected, rtol=1e-8, err_msg=f"{shape} {form}")


@pytest.mark.heavy
def test_signatures_are_keras(keras64):
    different = []
    for name in dir(keras64.losses):
        theirs, ours = getattr(keras64.losses, name), getattr(losses, name, None)
        if name.startswith("_") or name in ("serialize", "deserialize") or not callable(theirs):
            continue
        a, b = ([(p.name, p.default) for p in inspect.signature(f).parameters.values()] for f in (theirs, ours))
        b = [p for p in b if p != ("label_smoothing", 0.0) or p in a]  # Keras's sparse loss has none
        if a != b:
            different.append((name, a, b))
    assert not different


def test_ctc_sums_over_every_alignment(double):
    """Each path of classes through the steps, repeats merged and blanks left out, counts if it spells the labels."""
    steps, classes = 4, 3
    scores = np.random.default_rng(3).normal(size=(3, steps, classes))
    labels = np.array([[1, 2], [2, 2], [1, 0]])  # the last is one label, padded
    chances = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    expected = []
    for row, chance in zip(labels, chances, strict=True):
        total = 0.0
        for path in itertools.product(range(classes), repeat=steps):
            merged = [c for c, _ in itertools.groupby(path) if c != 0]
            if merged == [c for c in row if c != 0]:
                total += np.prod([chance[t, c] for t, c in enumerate(path)])
        expected.append(-np.log(total))
    np.testing.assert_allclose(losses.ctc(labels, scores).numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(float(losses.CTC()(labels, scores)), np.mean(expected), rtol=1e-6)
    assert losses.deserialize(losses.serialize(losses.CTC(reduction="sum"))).reduction == "sum"
    with pytest.raises(cr.ShapeError, match="pad the labels"):
        losses.ctc([1, 2], scores)
