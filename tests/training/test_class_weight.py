"""class_weight: each label is weighted by its class, whatever the shape of the targets; times sample_weight."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import utils
from chainrule.core.errors import ChainruleError, ShapeError, ValueProblem
from chainrule.layers import Conv2D, Dense, Input, Reshape
from chainrule.models import Model, Sequential

RNG = np.random.default_rng(21)
N, H, W, C = 6, 2, 3, 3
IMAGES = RNG.normal(size=(N, H, W, 2)).astype("float32")
PIXELS = RNG.integers(0, C, (N, H, W))
MASKS = RNG.integers(0, 2, (N, H, W))
ROWS = RNG.normal(size=(N, 4)).astype("float32")
CLASSES = np.arange(N) % C
TAGS = RNG.integers(0, 2, (N, C))
WEIGHTS = {0: 0.5, 2: 3.0}  # 1 for class 1
OF_CLASS = np.array([0.5, 1.0, 3.0])
BINARY = {1: 4.0}


def segmenter(channels, activation, head=None):
    layers = [Input((H, W, 2)), Conv2D(channels, 1, activation=activation)]
    return Sequential([*layers, *([head] if head else [])])


def classifier(units=C, activation="softmax"):
    return Sequential([Input((4,)), Dense(units, activation=activation)])


def nats(p, labels):
    return -np.log(np.take_along_axis(p, labels[..., None], -1)[..., 0])


def yes_no(p, labels):
    return -np.log(np.where(labels, p, 1 - p))


def one_hot(labels):
    return np.eye(C, dtype="float32")[labels]


SPARSE, CATEGORICAL, BCE = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"
CASES = {  # model, data, targets, loss, class weights; from outputs: each label's loss and weight
    "labels": (lambda: classifier(), ROWS, CLASSES, SPARSE, WEIGHTS, lambda p: (nats(p, CLASSES), OF_CLASS[CLASSES])),
    "column": (
        lambda: classifier(), ROWS, CLASSES[:, None], SPARSE, WEIGHTS,
        lambda p: (nats(p, CLASSES), OF_CLASS[CLASSES]),
    ),
    "one-hot": (
        lambda: classifier(), ROWS, one_hot(CLASSES), CATEGORICAL, WEIGHTS,
        lambda p: (nats(p, CLASSES), OF_CLASS[CLASSES]),
    ),
    "yes or no": (
        lambda: classifier(1, "sigmoid"), ROWS, TAGS[:, 0], BCE, BINARY,
        lambda p: (yes_no(p[:, 0], TAGS[:, 0]), 1 + 3 * TAGS[:, 0]),
    ),
    "tags": (
        lambda: classifier(C, "sigmoid"), ROWS, TAGS, BCE, WEIGHTS,
        lambda p: (yes_no(p, TAGS), np.broadcast_to(OF_CLASS, TAGS.shape)),
    ),
    "pixels": (
        lambda: segmenter(C, "softmax"), IMAGES, PIXELS, SPARSE, WEIGHTS,
        lambda p: (nats(p, PIXELS), OF_CLASS[PIXELS]),
    ),
    "pixels of one channel": (
        lambda: segmenter(C, "softmax"), IMAGES, PIXELS[..., None], SPARSE, WEIGHTS,
        lambda p: (nats(p, PIXELS), OF_CLASS[PIXELS]),
    ),
    "one-hot pixels": (
        lambda: segmenter(C, "softmax"), IMAGES, one_hot(PIXELS), CATEGORICAL, WEIGHTS,
        lambda p: (nats(p, PIXELS), OF_CLASS[PIXELS]),
    ),
    "a mask": (
        lambda: segmenter(1, "sigmoid"), IMAGES, MASKS, BCE, BINARY,
        lambda p: (yes_no(p[..., 0], MASKS), 1 + 3 * MASKS),
    ),
    "a mask of one channel": (
        lambda: segmenter(1, "sigmoid"), IMAGES, MASKS[..., None], BCE, BINARY,
        lambda p: (yes_no(p[..., 0], MASKS), 1 + 3 * MASKS),
    ),
    "several masks": (
        lambda: segmenter(C, "sigmoid"), IMAGES, one_hot(PIXELS), BCE, WEIGHTS,
        lambda p: (yes_no(p, one_hot(PIXELS) > 0), np.broadcast_to(OF_CLASS, (N, H, W, C))),
    ),
    "tokens": (
        lambda: segmenter(C, "softmax", Reshape((H * W, C))), IMAGES, PIXELS.reshape(N, -1), SPARSE, WEIGHTS,
        lambda p: (nats(p, PIXELS.reshape(N, -1)), OF_CLASS[PIXELS.reshape(N, -1)]),
    ),
}  # fmt: skip


def expected_loss(case, outputs, sample_weight=None):
    values, weights = CASES[case][-1](outputs.astype("float64"))
    if sample_weight is not None:
        weights = weights * sample_weight.reshape(sample_weight.shape + (1,) * (weights.ndim - sample_weight.ndim))
    return (values * weights).mean(), (values * weights).sum() / weights.sum()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_every_label_is_weighted_by_its_class(case, engine):
    make, x, y, loss, class_weight, _ = CASES[case]
    model = make()
    of_loss = cr.metrics.MeanMetricWrapper(getattr(cr.losses, loss), name="weighted")
    model.compile(cr.optimizers.SGD(0.0), loss, weighted_metrics=[of_loss], engine=engine)
    outputs = model.predict(x, verbose=0)
    mean, weighted = expected_loss(case, outputs)
    np.testing.assert_allclose(model.train_on_batch(x, y, class_weight=class_weight), [mean, weighted], rtol=1e-4)
    history = model.fit(x, y, class_weight=class_weight, batch_size=3, verbose=0).history
    np.testing.assert_allclose([history["loss"][0], history["weighted"][0]], [mean, weighted], rtol=1e-4)
    halves = [(x[:3], y[:3]), (x[3:], y[3:])]
    history = model.fit(iter(halves), steps_per_epoch=2, class_weight=class_weight, verbose=0).history
    np.testing.assert_allclose(history["loss"][0], mean, rtol=1e-4)
    by_example = np.array([0.0, 1.0, 2.0, 1.0, 0.5, 3.0])
    for sample_weight in (by_example, by_example[:, None]):
        got = model.train_on_batch(x, y, sample_weight, class_weight=class_weight)
        np.testing.assert_allclose(got, expected_loss(case, outputs, by_example), rtol=1e-4)


def test_a_weight_for_each_pixel_times_that_of_its_class():
    model = segmenter(C, "softmax")
    model.compile(cr.optimizers.SGD(0.0), SPARSE)
    weights = RNG.uniform(size=PIXELS.shape)
    expected = expected_loss("pixels", model.predict(IMAGES, verbose=0), weights)[0]
    got = model.train_on_batch(IMAGES, PIXELS, weights, class_weight=WEIGHTS)
    np.testing.assert_allclose(got, expected, rtol=1e-4)
    with pytest.raises(
        ShapeError, match=r"sample weights of shape \(6, 3, 2\) with class weights of shape \(6, 2, 3\)"
    ):
        model.fit(IMAGES, PIXELS, sample_weight=weights.swapaxes(1, 2), class_weight=WEIGHTS)


def two_outputs():
    x = Input((H, W, 2))
    return Model(x, {"a": Conv2D(C, 1, activation="softmax")(x), "b": Conv2D(1, 1, activation="sigmoid")(x)})


class Batches(utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, i):
        rows = slice(3 * i, 3 * i + 3)
        return IMAGES[rows], {"a": PIXELS[rows], "b": MASKS[rows]}


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("form", ["names", "list", "one", "data set"])
def test_weights_for_each_output(form, engine):
    model = two_outputs()
    model.compile(cr.optimizers.SGD(0.0), {"a": SPARSE, "b": BCE}, engine=engine)
    a, b = (model.predict(IMAGES, verbose=0)[k] for k in "ab")
    losses = [expected_loss("pixels", a)[0], expected_loss("a mask", b)[0]]
    class_weight = {"names": {"a": WEIGHTS, "b": BINARY}, "list": [WEIGHTS, BINARY], "one": {"a": WEIGHTS}}
    chosen = class_weight.get(form, class_weight["names"])
    if form == "one":
        losses[1] = yes_no(b[..., 0], MASKS).mean()
    y = {"a": PIXELS, "b": MASKS}
    data = (Batches(),) if form == "data set" else (IMAGES, y)
    history = model.fit(*data, class_weight=chosen, batch_size=3, verbose=0).history
    np.testing.assert_allclose([history["a_loss"][0], history["b_loss"][0]], losses, rtol=1e-4)
    weights = {"a": np.arange(N, dtype=float), "b": np.ones(N)}
    if form != "data set":
        losses[0] = expected_loss("pixels", a, weights["a"])[0]
        history = model.fit(*data, class_weight=chosen, sample_weight=weights, verbose=0).history
        np.testing.assert_allclose([history["a_loss"][0], history["b_loss"][0]], losses, rtol=1e-4)


def test_of_one_output_by_its_name():
    model = classifier()
    model.compile(cr.optimizers.SGD(0.0), SPARSE)
    name = model.output_names[0]
    results = [model.train_on_batch(ROWS, CLASSES, class_weight=w) for w in (WEIGHTS, {name: WEIGHTS}, [WEIGHTS])]
    assert results[0] == results[1] == results[2]


def test_a_model_subclass_and_one_without_call():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(C, activation="softmax")

        def call(self, x):
            return self.dense(x)

    model = Own()
    model.compile(cr.optimizers.SGD(0.0), SPARSE)
    model.fit(ROWS, CLASSES[:, None], class_weight=WEIGHTS, verbose=0)
    expected = expected_loss("labels", model.predict(ROWS, verbose=0))[0]
    assert model.train_on_batch(ROWS, CLASSES, class_weight=WEIGHTS) == pytest.approx(expected, rel=1e-5)

    class Summing(Model):
        def train_step(self, data):
            return {"weights": cr.ops.sum(data[2])}

    model = Summing()
    model.compile(None)
    assert model.train_on_batch(ROWS, CLASSES, class_weight=WEIGHTS) == OF_CLASS[CLASSES].sum()
    assert model.train_on_batch(ROWS, one_hot(CLASSES), class_weight=WEIGHTS) == OF_CLASS[CLASSES].sum()


def test_changed_weights_are_new_ones():
    model = classifier()
    model.compile(cr.optimizers.SGD(0.0), SPARSE)
    weights = dict(WEIGHTS)
    first = model.train_on_batch(ROWS, CLASSES, class_weight=weights)
    weights.update({0: 1.0, 1: 2.0, 2: 6.0})
    second = model.train_on_batch(ROWS, CLASSES, class_weight=weights)
    values = nats(model.predict(ROWS, verbose=0), CLASSES)
    assert second == pytest.approx((values * np.array([1, 2, 6])[CLASSES]).mean(), rel=1e-5)
    assert first == pytest.approx((values * OF_CLASS[CLASSES]).mean(), rel=1e-5)


REFUSED = {
    "negative": ({0: -1.0}, "the class weight -1.0 for class 0"),
    "nan": ({0: float("nan")}, "the class weight nan"),
    "no number": ({0: "large"}, "the class weight 'large'"),
    "unknown": ({3: 2.0}, "class_weight for the class 3"),
    "below": ({-1: 2.0}, "class_weight for the class -1"),
    "fraction": ({0.5: 2.0}, "class_weight for the class 0.5"),
    "word": ({"cat": 2.0}, "class_weight for the class 'cat'"),
    "bool": ({True: 2.0}, "class_weight for the class True"),
    "list": ([1.0, 2.0], r"dict\(enumerate"),
    "number": (2.0, "class_weight=2.0"),
    "output": ({"other": {0: 1.0}}, "class weights for 'other'"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("by_batch", [False, True])
def test_refused(case, by_batch):
    class_weight, message = REFUSED[case]
    model = classifier()
    model.compile("sgd", SPARSE)
    train = model.train_on_batch if by_batch else model.fit
    with pytest.raises(ChainruleError, match=message):
        train(ROWS, CLASSES, class_weight=class_weight)


def test_targets_that_name_no_class_are_refused():
    model = classifier()
    model.compile("sgd", CATEGORICAL)
    with pytest.raises(ValueProblem, match="a target of several classes"):
        model.fit(ROWS, np.ones((N, C)), class_weight=WEIGHTS, verbose=0)
    model = classifier(1, "sigmoid")
    model.compile("sgd", BCE)
    with pytest.raises(ValueProblem, match="class_weight for the class 2"):
        model.fit(ROWS, TAGS[:, 0], class_weight=WEIGHTS, verbose=0)
    model = two_outputs()
    model.compile("sgd", {"a": SPARSE, "b": BCE})
    with pytest.raises(ValueProblem, match="one class_weight for the outputs 'a', 'b'"):
        model.fit(IMAGES, {"a": PIXELS, "b": MASKS}, class_weight=BINARY, verbose=0)
    model = segmenter(C, "sigmoid", Reshape((H * W, C)))
    model.compile("sgd", BCE)
    with pytest.raises(ValueProblem, match="a last axis of 1"):
        model.fit(IMAGES, one_hot(PIXELS.reshape(N, -1)), class_weight=BINARY, verbose=0)


@pytest.mark.heavy
@pytest.mark.parametrize("case", ["labels", "column", "one-hot", "yes or no"])
def test_as_keras(case, keras64, double):
    _, x, y, loss, class_weight, _ = CASES[case]
    units, activation = (1, "sigmoid") if case == "yes or no" else (C, "softmax")
    results = []
    for lib in (cr, keras64):
        layer = lib.layers.Dense(units, activation=activation, kernel_initializer="ones")
        model = lib.Sequential([lib.Input((4,)), layer])
        model.compile(lib.optimizers.SGD(0.1), loss)
        history = model.fit(x, y, class_weight=class_weight, batch_size=2, epochs=3, shuffle=False, verbose=0)
        results.append(history.history["loss"])
    np.testing.assert_allclose(*results, rtol=1e-4)
