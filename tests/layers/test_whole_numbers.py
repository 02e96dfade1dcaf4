"""Every layer argument that is a whole number: NumPy's integers are taken, floats and booleans are refused."""

import inspect
import json

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import ChainruleError

CONV = {"filters": 4, "kernel_size": 3}
# layer -> (other arguments that it needs, arguments of one whole number, arguments of one for each of so many axes)
CASES = {
    "Input": ({}, {"shape": 3, "batch_size": 3}, {"shape": 2, "batch_shape": 3}),
    "InputLayer": ({}, {"shape": 3, "batch_size": 3}, {"shape": 2, "batch_shape": 3}),
    "Dense": ({}, {"units": 3}, {}),
    "Embedding": ({"input_dim": 3, "output_dim": 3}, {"input_dim": 3, "output_dim": 3}, {}),
    "PReLU": ({}, {"shared_axes": 1}, {"shared_axes": 2}),
    "Softmax": ({}, {"axis": 1}, {"axis": 2}),
    "Reshape": ({}, {"target_shape": 3}, {"target_shape": 2}),
    "Permute": ({}, {}, {"dims": 1}),
    "RepeatVector": ({}, {"n": 3}, {}),
    "BatchNormalization": ({}, {"axis": 1}, {"axis": 2}),
    "LayerNormalization": ({}, {"axis": 1}, {"axis": 2}),
    "RMSNormalization": ({}, {"axis": 1}, {"axis": 2}),
    "UnitNormalization": ({}, {"axis": 1}, {"axis": 2}),
    "GroupNormalization": ({}, {"groups": 3, "axis": 1}, {}),
    "Normalization": ({}, {"axis": 1}, {"axis": 2}),
    "Concatenate": ({}, {"axis": 1}, {}),
    "Dot": ({"axes": 1}, {"axes": 1}, {"axes": 2}),
    "Resizing": ({"height": 3, "width": 3}, {"height": 3, "width": 3}, {}),
    "CenterCrop": ({"height": 3, "width": 3}, {"height": 3, "width": 3}, {}),
    "RandomCrop": ({"height": 3, "width": 3}, {"height": 3, "width": 3}, {}),
    "CategoryEncoding": ({}, {"num_tokens": 3}, {}),
    "Discretization": ({}, {"num_bins": 3}, {}),
    "Dropout": ({"rate": 0.5}, {}, {"noise_shape": 2}),
    "AlphaDropout": ({"rate": 0.5}, {}, {"noise_shape": 2}),
    "RoIPooling": ({}, {"output_size": 3}, {"output_size": 2}),
    "RoIAlign": ({"output_size": 3}, {"output_size": 3, "sampling_ratio": 3}, {"output_size": 2}),
    "RoIWarp": ({"output_size": 3}, {"output_size": 3, "sampling_ratio": 3}, {"output_size": 2}),
    "InceptionBlock": (
        INCEPTION := dict.fromkeys("filters_1x1 reduce_3x3 filters_3x3 reduce_5x5 filters_5x5 pool_filters".split(), 3),
        INCEPTION,
        {},
    ),
}
for rank in (1, 2, 3):
    window = {"kernel_size": 3, "strides": 3, "dilation_rate": 1}
    each = dict.fromkeys(window, rank)
    CASES[f"Conv{rank}D"] = CONV, {"filters": 4, "groups": 2, **window}, each
    CASES[f"Conv{rank}DTranspose"] = (
        CONV,
        {"filters": 4, "output_padding": 1, **window},
        {**each, "output_padding": rank},
    )
    CASES[f"ZeroPadding{rank}D"] = {}, {"padding": 3}, {"padding": max(rank, 2)}
    CASES[f"Cropping{rank}D"] = {}, {"cropping": 3}, {"cropping": max(rank, 2)}
    CASES[f"UpSampling{rank}D"] = {}, {"size": 3}, {"size": rank}
    for kind in ("MaxPooling", "AveragePooling"):
        CASES[f"{kind}{rank}D"] = {"pool_size": 2}, {"pool_size": 3, "strides": 3}, {"pool_size": rank, "strides": rank}
    if rank < 3:
        CASES[f"DepthwiseConv{rank}D"] = {"kernel_size": 3}, {"depth_multiplier": 3, **window}, each
        CASES[f"SeparableConv{rank}D"] = CONV, {"filters": 4, "depth_multiplier": 3, **window}, each

ONE = [(name, argument, n) for name, (_, one, _) in CASES.items() for argument, n in one.items()]
SEVERAL = [(name, argument, n) for name, (_, _, several) in CASES.items() for argument, n in several.items()]

TAKEN = {
    "int64": np.int64,
    "uint8": np.uint8,
    "array": np.array,
    "tensor": lambda n: ops.convert_to_tensor(n, dtype="int32"),
}
REFUSED = {
    "float": 2.7,
    "whole float": 3.0,
    "NumPy float": np.float32(3.0),
    "array": np.array(2.7),
    "tensor": cr.tensor(2.7),
    "boolean": True,
    "NumPy boolean": np.True_,
    "boolean array": np.array(True),
    "boolean tensor": cr.tensor(True),
    "string": "3",
}


def make(name, argument, value):
    needed = {"shape": 2} if argument == "batch_size" else CASES[name][0]
    arguments = {**needed, argument: value}
    created = getattr(layers, name)(**arguments)
    return created.attributes["layer"] if name == "Input" else created


def config_of(layer):
    """The configuration without the name, as it is written to a file."""
    return json.loads(json.dumps({k: v for k, v in layer.get_config().items() if k != "name"}))


def held(layer, argument):
    return vars(layer).get("batch_shape" if "Input" in type(layer).__name__ else argument)


@pytest.mark.parametrize("kind", TAKEN)
@pytest.mark.parametrize(("name", "argument", "n"), ONE)
def test_a_whole_number_is_taken_and_stored_as_an_int(name, argument, n, kind):
    expected, layer = make(name, argument, n), make(name, argument, TAKEN[kind](n))
    assert repr(held(layer, argument)) == repr(held(expected, argument))
    assert config_of(layer) == config_of(expected)


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize(("name", "argument", "n"), ONE)
def test_anything_else_is_refused(name, argument, n, value):
    with pytest.raises(ChainruleError, match=argument):
        make(name, argument, value)


@pytest.mark.parametrize("kind", TAKEN)
@pytest.mark.parametrize(("name", "argument", "count"), SEVERAL)
def test_one_for_each_axis_is_taken_and_stored_as_ints(name, argument, count, kind):
    numbers = tuple(range(1, count + 1)) if argument in ("dims", "axis", "axes", "shared_axes") else (1,) * count
    expected, layer = make(name, argument, numbers), make(name, argument, tuple(TAKEN[kind](n) for n in numbers))
    assert repr(held(layer, argument)) == repr(held(expected, argument))
    assert config_of(layer) == config_of(expected)


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize(("name", "argument", "count"), SEVERAL)
def test_anything_else_for_one_axis_is_refused(name, argument, count, value):
    with pytest.raises(ChainruleError, match=argument):
        make(name, argument, (*(1,) * (count - 1), value))


@pytest.mark.parametrize("padding", [((1, np.int64(0)), (np.array(2), 1)), [[1, np.uint8(0)], [2, 1]]])
def test_pairs_of_whole_numbers(padding):
    for name, argument in (("ZeroPadding2D", "padding"), ("Cropping2D", "cropping")):
        layer = make(name, argument, padding)
        assert repr(held(layer, argument)) == "((1, 0), (2, 1))"
        assert config_of(layer)[argument] == [[1, 0], [2, 1]]
        for value in REFUSED.values():
            with pytest.raises(ChainruleError, match=argument):
                make(name, argument, ((1, value), (2, 1)))


def test_no_argument_is_left_out():
    """Every argument that is annotated as a whole number is in the table."""
    for name in layers.__all__:
        layer = getattr(layers, name)
        if not inspect.isclass(layer) or name == "InputSpec":
            continue
        annotated = {
            p.name for p in inspect.signature(layer).parameters.values() if p.annotation in ("int", "int | None")
        }
        canonical = layer.__name__  # of aliases, such as MaxPool2D
        assert annotated <= set(CASES.get(canonical, ({}, {}, {}))[1]), canonical


def test_shapes_of_weights():
    layer = layers.Layer()
    assert repr(layer.add_weight((np.int64(2), np.array(3))).shape) == "(2, 3)"
    assert repr(layer.add_weight(np.int64(2)).shape) == "(2,)"
    for size in (2.7, np.array(2.7), True, None):
        with pytest.raises(ChainruleError, match="all known"):
            layer.add_weight((size,))


def test_steps_of_adapt():
    layer = layers.Discretization(num_bins=2)
    layer.adapt([np.arange(4.0), np.arange(100.0)], steps=np.int64(1))
    assert max(layer.bin_boundaries) < 4
    for steps in (2.7, True, 0):
        with pytest.raises(ChainruleError, match="steps="):
            layer.adapt([np.arange(4.0)], steps=steps)
