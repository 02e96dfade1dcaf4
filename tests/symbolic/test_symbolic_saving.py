"""A model with a function or layer on unknown sizes inside, saved and loaded, computes the same."""

import zipfile

import numpy as np
import pytest

import chainrule as cr
import symbolic_function_cases
import symbolic_layer_cases
from chainrule import saving
from chainrule.core.errors import ChainruleError
from symbolic_cases import Case, described, leaves
from symbolic_judge import record

FUNCTIONS = """
    add-1 where-0 clip-0 sum-1 max-3 argmax-1 softmax-0 cumsum-1 sort-0 top_k-0 matmul-0 einsum-2 tensordot-1
    dot_product_attention-0 reshape-5 transpose-1 concatenate-0 stack-1 split-0 tile-1 repeat-1 pad-1 roll-1 get_item-2
    get_item-6 take-0 one_hot-0 tril-0 triu-1 zeros_like-0 meshgrid-0 conv-0 conv_transpose-1 max_pool-1 eigh-0 svd-1
    moments-0 image.resize-0
""".split()
LAYERS = """
    Dense-1 Conv2D-0 Conv2D-1 Conv2DTranspose-1 SeparableConv1D-0 MaxPooling2D-1 AveragePooling1D-0 UpSampling2D-0
    ZeroPadding1D-0 Cropping2D-0 Flatten-0 Reshape-0 Embedding-1 LayerNormalization-0 BatchNormalization-1 Add-0
    Concatenate-1 Dot-1 GlobalAveragePooling2D-0 Resizing-0
""".split()


def saved_and_loaded(model, folder):
    path = folder / "model.chainrule"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("structure.json").decode()
    assert "9973" not in text
    return saving.load_model(path)


def check(case: Case, folder):
    unknown = frozenset(axis for axis in case.axes if not case.is_needed(axis))
    recorded = record(case, unknown)
    model = cr.Model(recorded.inputs, leaves(recorded.outputs))
    again = saved_and_loaded(model, folder)
    assert again.output_shape == model.output_shape
    tried = 0
    for shapes in case.attempts(unknown):
        arrays = case.arrays(shapes)
        try:
            expected = model(arrays)
        except ChainruleError:
            with pytest.raises(ChainruleError):
                again(arrays)
            continue
        tried += 1
        for result, want in zip(leaves(again(arrays)), leaves(expected), strict=True):
            assert (result.shape, result.dtype) == (want.shape, want.dtype), described(shapes)
            np.testing.assert_array_equal(result.numpy(), want.numpy(), described(shapes))
    assert tried > 0


@pytest.mark.parametrize("key", FUNCTIONS)
def test_function(key, tmp_path):
    check(symbolic_function_cases.CASES[key], tmp_path)


@pytest.mark.parametrize("key", LAYERS)
def test_layer(key, tmp_path):
    check(symbolic_layer_cases.CASES[key], tmp_path)
