"""Keras's names take Keras's arguments, in order and by name."""

import inspect

import pytest

from chainrule import ops

# Keras 3's arguments of a few functions of each kind; the whole table is compared by calls in test_peers
SIGNATURES = {
    "add": "x1 x2",
    "maximum": "x1 x2",
    "logical_xor": "x1 x2",
    "bitwise_and": "x y",
    "exp": "x",
    "stop_gradient": "variable",
    "sum": "x axis keepdims",
    "max": "x axis keepdims initial",
    "softmax": "x axis",
    "gelu": "x approximate",
    "where": "condition x1 x2",
    "clip": "x x_min x_max",
    "one_hot": "x num_classes axis dtype sparse",
    "conv": "inputs kernel strides padding data_format dilation_rate",
    "conv_transpose": "inputs kernel strides padding output_padding data_format dilation_rate",
    "max_pool": "inputs pool_size strides padding data_format",
    "scatter_update": "inputs indices updates reduction",
    "linspace": "start stop num endpoint retstep dtype axis",
    "top_k": "x k sorted",
    "segment_sum": "data segment_ids num_segments sorted",
    "bincount": "x weights minlength sparse",
    "multi_hot": "inputs num_classes axis dtype sparse",
    "quantile": "x q axis method keepdims",
    "logspace": "start stop num endpoint base dtype axis",
    "cross": "x1 x2 axisa axisb axisc axis",
    "sparsemax": "x axis",
    "matmul": "x1 x2",
    "tensordot": "x1 x2 axes",
    "norm": "x ord axis keepdims",
    "scan": "f init xs length reverse unroll",
    "while_loop": "cond body loop_vars maximum_iterations",
    "vectorize": "pyfunc excluded signature",
    "associative_scan": "f elems reverse axis",
    "dot_product_attention": "query key value bias mask scale is_causal flash_attention attn_logits_soft_cap",
    "ctc_loss": "target output target_length output_length mask_index",
    "ctc_decode": "inputs sequence_lengths strategy beam_width top_paths merge_repeated mask_index",
    "unique": "x sorted return_index return_inverse return_counts axis size fill_value",
    "nanquantile": "x q axis method keepdims",
    "fold": "x output_size kernel_size dilation padding stride",
    "svd": "x full_matrices compute_uv",
    "gcd": "x1 x2",
    "layer_normalization": "x gamma beta axis epsilon",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments(name):
    result = list(inspect.signature(getattr(ops, name)).parameters)
    assert result[: len(SIGNATURES[name].split())] == SIGNATURES[name].split()


def test_inputs_by_name():
    assert float(ops.subtract(x1=5.0, x2=3.0)) == 2
    assert float(ops.subtract(5.0, x2=3.0)) == 2
    assert float(ops.sum(x=[1.0, 2.0], axis=0)) == 3
    assert ops.softmax(x=[0.0, 0.0], axis=-1).tolist() == [0.5, 0.5]
    for wrong in ({"x1": 1.0}, {"x1": 1.0, "x3": 2.0}, {"x1": 1.0, "x2": 2.0, "axis": 0}):
        with pytest.raises(TypeError):
            ops.subtract(**wrong)
