"""Layers that prepare numbers: values by NumPy, adapt, what does not fit, pipelines."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import ChainruleError, DTypeError, GraphError, ShapeError, ValueProblem
from chainrule.layers import Input
from chainrule.layers.call_context import mask_of, set_mask
from preprocessing_cases import IMAGES, WHOLE, rng


def test_rescaling():
    assert layers.Rescaling(0.5, -1.0)([2, 4]).tolist() == [0, 1]
    assert layers.Rescaling([1.0, 10.0], [0.0, 1.0])(np.array([[3, 4]], "uint8")).tolist() == [[3, 41]]
    assert layers.Rescaling(2)(WHOLE).dtype == "float32"


@pytest.mark.parametrize("axis", [-1, None, 1, (1, 2), (0, -1)])
def test_normalization_adapts(axis):
    x = rng.normal(3, 2, (6, 4, 5))
    saved = [a % 3 for a in (() if axis is None else (axis,) if isinstance(axis, int) else axis)]
    over = tuple(i for i in range(3) if i not in saved)
    mean, deviation = x.mean(over, keepdims=True), x.std(over, keepdims=True)
    full, parts = (layers.Normalization(axis, dtype="float64") for _ in range(2))
    full.adapt(x)
    cuts = [x] if 0 in saved else [x[:1], x[1:1], x[1:4], x[4:]]
    parts.adapt(iter([(c, None) for c in cuts]))
    for layer in (full, parts):
        assert_allclose(layer(x).numpy(), (x - mean) / deviation, rtol=1e-10, atol=1e-10)
        assert_allclose(layer.mean.numpy(), mean, rtol=1e-12)
        assert_allclose(layer.variance.numpy(), deviation**2, rtol=1e-12)
        assert int(layer.count.numpy()) == 6
        assert [v.name for v in layer.weights] == ["mean", "variance", "count"]
        assert layer.trainable_weights == []
    back = layers.Normalization(axis, invert=True, dtype="float64")
    back.adapt(x)
    assert_allclose(back(full(x)).numpy(), x, rtol=1e-10)
    full.adapt(x + 1)
    assert_allclose(full.mean.numpy(), mean + 1, rtol=1e-12)


def test_normalization_of_large_numbers_is_stable():
    x = 1e8 + rng.normal(size=(1000, 1))
    layer = layers.Normalization(dtype="float64")
    layer.adapt(np.split(x, 10))
    assert_allclose(layer.variance.numpy(), x.var(0, keepdims=True), rtol=1e-8)


def test_lists_of_numbers_are_arrays():
    layer = layers.Normalization(dtype="float64")
    layer.adapt([[1.0, 2.0], [3.0, 6.0]])
    assert layer.mean.tolist() == [[2, 4]]
    bins = layers.Discretization(num_bins=2)
    bins.adapt([4.0, 1.0, 2.0, 3.0])
    assert bins([1.0, 2.0, 3.0]).tolist() == [0, 1, 1]


def test_nothing_to_adapt_to_leaves_the_layer_as_it_was():
    layer = layers.Normalization()
    with pytest.raises(ValueProblem, match="no data"):
        layer.adapt(np.ones((0, 3)))
    assert not layer.built
    layer.adapt(np.ones((2, 4)))
    with pytest.raises(ValueProblem, match="no data"):
        layer.adapt([])
    assert layer.mean.tolist() == [[1, 1, 1, 1]]


def test_normalization_given():
    layer = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    assert layer([[3.0, -1.0]]).tolist() == [[1.0, -1.0]]
    assert layer.weights == []
    assert layers.Normalization(mean=1.0, variance=4.0)([[3.0, 5.0]]).tolist() == [[1.0, 2.0]]
    assert layers.Normalization(mean=1.0, variance=0.0)([[1.0]]).tolist() == [[0.0]]
    again = layers.Normalization.from_config(json.loads(json.dumps(layer.get_config())))
    assert again([[3.0, -1.0]]).tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Normalization(mean=1.0),
        lambda: layers.Normalization(mean=1.0, variance=[1.0]),
        lambda: layers.Normalization(mean=[[1.0]], variance=[[1.0]]),
        lambda: layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])([[1.0, 2.0, 3.0]]),
        lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(np.ones((2, 2))),
        lambda: layers.Normalization().adapt([]),
        lambda: layers.Normalization().adapt(iter([1.0, 2.0])),
        lambda: layers.Normalization().adapt(np.array(["a"])),
        lambda: layers.Normalization().adapt([["a"]]),
        lambda: layers.Normalization(axis="a"),
        lambda: layers.Discretization(["a"]),
        lambda: layers.Discretization([[1.0], [2.0]]),
        lambda: layers.Discretization([1.0, np.nan]),
        lambda: layers.Pipeline(3),
        lambda: layers.Pipeline([np.sin]),
        lambda: layers.RandomRotation(True),
        lambda: layers.Normalization().adapt(3),
        lambda: layers.Normalization().adapt(np.ones((0, 3))),
        lambda: layers.Normalization().adapt([np.ones((2, 3)), np.ones((2, 4))]),
        lambda: layers.Normalization(axis=4).adapt(np.ones((2, 3))),
        lambda: layers.Normalization()(Input((None,))),
        lambda: layers.CategoryEncoding(),
        lambda: layers.CategoryEncoding(3, "twohot"),
        lambda: layers.CategoryEncoding(3, sparse=True),
        lambda: layers.CategoryEncoding(3)([[3]]),
        lambda: layers.CategoryEncoding(3)([[-1]]),
        lambda: layers.CategoryEncoding(3)([[1]], count_weights=[[1.0]]),
        lambda: layers.Discretization(),
        lambda: layers.Discretization([1.0], 2),
        lambda: layers.Discretization([2.0, 1.0]),
        lambda: layers.Discretization(num_bins=2)([1.0]),
        lambda: layers.Discretization(num_bins=2).adapt([]),
        lambda: layers.Discretization([1.0]).adapt([1.0]),
        lambda: layers.RandomFlip("diagonal"),
        lambda: layers.RandomRotation("0.1"),
        lambda: layers.RandomRotation(1.5),
        lambda: layers.RandomRotation((0.1, 0.2, 0.3)),
        lambda: layers.RandomRotation(0.1, fill_mode="black"),
        lambda: layers.RandomZoom(0.1, interpolation="cubic"),
        lambda: layers.RandomContrast(-0.1),
        lambda: layers.RandomContrast((0.1, 1.1)),
        lambda: layers.RandomBrightness(2.0),
        lambda: layers.RandomBrightness(0.5, value_range=(3, 1)),
        lambda: layers.RandomCrop(0, 3),
        lambda: layers.Resizing(3, 3, "cubic")(IMAGES),
        lambda: layers.CenterCrop(3, 3, "first"),
        lambda: layers.RandomFlip()(np.ones((3, 4))),
        lambda: layers.Resizing(2, 2)(np.ones((2, 3, 4, 5, 6))),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(ChainruleError):
        make()


def test_refusals_name_the_mend():
    with pytest.raises(DTypeError, match="array"):
        layers.Normalization().adapt(iter([1.0, 2.0]))
    with pytest.raises(GraphError, match="adapt"):
        layers.Discretization(num_bins=3)([1.0])
    with pytest.raises(ShapeError, match="height"):
        layers.RandomFlip(name="flip")(np.ones((3, 4)))
    with pytest.raises(ValueProblem, match="factor=2"):
        layers.RandomRotation(2.0)


def test_category_encoding_by_loops():
    rows = np.array([[0, 3, 3], [2, 0, 1]])
    counts = np.stack([np.bincount(r, minlength=5) for r in rows])
    assert_array_equal(layers.CategoryEncoding(5, "count")(rows).numpy(), counts)
    assert_array_equal(layers.CategoryEncoding(5)(rows).numpy(), counts > 0)
    weights = rng.random((2, 3))
    weighted = np.stack([np.bincount(r, w, 5) for r, w in zip(rows, weights, strict=True)])
    result = layers.CategoryEncoding(5, "count", dtype="float64")(rows, count_weights=weights)
    assert_allclose(result.numpy(), weighted, rtol=1e-12)
    hot = np.eye(5)[rows]
    assert_array_equal(layers.CategoryEncoding(5, "one_hot")(rows).numpy(), hot)
    assert_array_equal(layers.CategoryEncoding(5, "one_hot")(rows[:, :1]).numpy(), hot[:, 0])
    assert_array_equal(layers.CategoryEncoding(5, "one_hot")(rows[0]).numpy(), hot[0])
    assert_array_equal(layers.CategoryEncoding(5)(rows[0]).numpy(), counts[0] > 0)
    assert layers.CategoryEncoding(5)(2).tolist() == [0, 0, 1, 0, 0]
    assert layers.CategoryEncoding(5)(Input((3,), dtype="int32")).shape == (None, 5)


def test_discretization_by_numpy():
    x = np.array([[-1.0, 0.0, 0.5, 1.0], [1.0, 2.0, 9.0, np.inf]])
    bounds = [0.0, 1.0, 2.0]
    bins = np.digitize(x, bounds)
    assert_array_equal(layers.Discretization(bounds)(x).numpy(), bins)
    assert layers.Discretization(bounds)(x).dtype == "int32"
    assert_array_equal(layers.Discretization(bounds, output_mode="one_hot")(x).numpy(), np.eye(4)[bins])
    counts = np.stack([np.bincount(b, minlength=4) for b in bins])
    assert_array_equal(layers.Discretization(bounds, output_mode="count")(x).numpy(), counts)
    assert_array_equal(layers.Discretization([])(x).numpy(), np.zeros((2, 4)))
    assert layers.Discretization([2])(np.array([1, 2, 3])).tolist() == [0, 1, 1]


def test_discretization_adapts_to_equal_parts():
    x = rng.permutation(1000) / 7
    layer = layers.Discretization(num_bins=5)
    layer.adapt(x)
    assert abs(np.bincount(layer(x).numpy(), minlength=5) - 200).max() <= 1
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert again.get_config() == layer.get_config()
    assert_array_equal(again(x).numpy(), layer(x).numpy())
    parts = layers.Discretization(num_bins=5)
    parts.adapt(np.split(x, 10))
    assert parts.bin_boundaries == layer.bin_boundaries
    parts.adapt(np.split(x, 10), steps=1)
    assert parts.bin_boundaries != layer.bin_boundaries


def test_pipeline():
    pipe = layers.Pipeline([layers.Rescaling(1 / 255), layers.RandomFlip(seed=3), layers.Resizing(3, 4)])
    result = pipe(IMAGES, training=False)
    assert_allclose(result.numpy(), ops.image.resize(IMAGES / 255, (3, 4)).numpy(), rtol=1e-5)
    assert [type(v).__name__ for v in pipe.layers] == ["Rescaling", "RandomFlip", "Resizing"]
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(pipe))))
    assert_array_equal(again(IMAGES).numpy(), pipe(IMAGES).numpy())
    assert pipe(Input((8, 8, 3))).shape == (None, 3, 4, 3)
    masked = cr.tensor([[1.0, 2.0]])
    set_mask(masked, cr.tensor([[True, False]]))
    through = layers.Pipeline([layers.Rescaling(2.0), layers.Rescaling(3.0)])(masked)
    assert mask_of(through).tolist() == [[True, False]]
