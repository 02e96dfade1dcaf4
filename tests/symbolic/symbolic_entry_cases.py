"""Calls of functions of one entry after another, over axes, and of products, for the tests of unknown sizes."""

import numpy as np

from symbolic_cases import BOOL, POSITIVE, SORTED, UNIT, WHOLE, Cases, X

CASES = Cases("ops")
add = CASES.add

# ---- one entry after another

for name in """
    abs absolute angle arcsinh arctan cbrt ceil conj conjugate copy cos cosh deg2rad elu celu erf erfc exp
    exp2 expm1 fabs floor gelu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh i0 imag isfinite isinf isnan
    isneginf isposinf isreal leaky_relu log_sigmoid logical_not nan_to_num negative ones_like positive rad2deg real
    relu relu6 round selu sigmoid sign signbit silu sin sinc sinh soft_shrink softplus softsign sparse_plus
    sparse_sigmoid square squareplus stop_gradient swish tan tanh tanh_shrink trunc zeros_like empty_like
    convert_to_tensor array
""".split():
    add(name, X("b t c"))
for name in "log log10 log1p log2 reciprocal rsqrt sqrt".split():
    add(name, POSITIVE("b t"))
for name in "arccos arcsin arctanh erfinv".split():
    add(name, UNIT("b t"))
add("arccosh", POSITIVE("b t"), call=lambda f, x: f(x + 1))
for name in "bitwise_invert bitwise_not".split():
    add(name, WHOLE("b t"))
for name in """
    add arctan2 divide divide_no_nan equal fmax fmin fmod floor_divide greater greater_equal heaviside hypot
    isclose less less_equal logaddexp logaddexp2 maximum minimum mod multiply nextafter not_equal remainder subtract
    true_divide copysign
""".split():
    add(name, X("b t"), POSITIVE("b t"))
    add(name, X("b t c"), POSITIVE("t 1"))
for name in "add maximum logical_and power".split():
    add(name, POSITIVE("b t"), 2.0)
add("power", POSITIVE("b t"), X("b t"))
add("power", POSITIVE("b t c"), X("c"))
for name in "logical_and logical_or logical_xor".split():
    add(name, BOOL("b t"), BOOL("b t"))
    add(name, BOOL("b 1 c"), BOOL("t 1"))
for name in """
    bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor left_shift right_shift gcd
    lcm
""".split():
    add(name, WHOLE("b t"), WHOLE("b t"))
    add(name, WHOLE("b t"), WHOLE("t"))
add("ldexp", X("b t"), WHOLE("t"))
add("cast", X("b t"), "int32")
add("cast", WHOLE("b t"), "float16")
add("saturate_cast", X("b t"), "uint8")
add("view", X("b t"), "int32", needs="b t")
add("view", X("b 4"), "uint8", needs="b 0:1")
add("full_like", X("b t"), 3)
add("full_like", X("b t"), X("t"))
add("zeros_like", X("b t"), "int32")
add("clip", X("b t"), -0.5, 0.5)
add("clip", X("b t"), X("t"), 1.0)
add("threshold", X("b t"), 0.1, -1.0)
add("round", X("b t"), 1)
add("gelu", X("b t"), False)
add("where", BOOL("b t"), X("b t"), X("b t"))
add("where", BOOL("b 1"), X("b t"), 0.0)
add("where", BOOL("t"), X("b 1"), X("t"))
add("select", [BOOL("b t"), BOOL("b t")], [X("b t"), X("b t")], 5.0)
add("select", [BOOL("b t")], [X("t")], 0)
add("isin", WHOLE("b t"), [1, 2])
add("isin", WHOLE("b t"), WHOLE("c"), invert=True)
add("digitize", X("b t"), np.array([-0.5, 0.0, 0.5], "float32"))
add("digitize", X("b t"), SORTED("c"))
add("searchsorted", SORTED("c"), X("b t"))
add("searchsorted", SORTED("c"), X("t"), "right")
add("allclose", X("b t"), X("b t"))
add("allclose", X("b t"), X("t"))

# ---- over axes

AXES = ({}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"keepdims": True})
for name in """
    all any amax amin max mean min prod sum var std logsumexp ptp median nanmax nanmean nanmedian nanmin
    nanprod nanstd nansum nanvar
""".split():
    for options in AXES:
        add(name, (BOOL if name in ("all", "any") else X)("b t c"), **options)
add("max", X("b t"), axis=1, initial=0.0)
add("min", X("b t"), axis=0, initial=0.0)
add("var", X("b t"), axis=1)
add("log_mean_exp", X("b t c"))
add("log_mean_exp", X("b t c"), axis=1)
add("count_nonzero", X("b t c"))
add("count_nonzero", X("b t c"), axis=1)
add("count_nonzero", X("b t c"), axis=(0, 2))
for name in "argmax argmin nanargmax nanargmin".split():
    add(name, X("b t c"))
    add(name, X("b t c"), axis=1)
    add(name, X("b t c"), axis=-1, keepdims=True)
add("average", X("b t c"))
add("average", X("b t c"), axis=1)
add("average", X("b t c"), axis=1, weights=POSITIVE("t"))
add("average", X("b t"), weights=POSITIVE("b t"))
for name in "quantile nanquantile".split():
    add(name, X("b t c"), 0.3)
    add(name, X("b t c"), 0.3, axis=1)
    add(name, X("b t c"), [0.1, 0.5], axis=(0, 1))
    add(name, X("b t c"), UNIT("d"), axis=-1, keepdims=True)
    add(name, X("b t c"), UNIT("d"), method="nearest")
for name in "percentile nanpercentile".split():
    add(name, X("b t c"), 30.0)
    add(name, X("b t c"), [10.0, 50.0], axis=1, keepdims=True)
for axes in (0, [1], (0, 2), -1):
    add("moments", X("b t c"), axes)
add("moments", X("b t c"), [0, 1], keepdims=True)
for name in "softmax log_softmax".split():
    add(name, X("b t c"))
    add(name, X("b t c"), axis=1)
    add(name, X("b t c"), axis=(0, 2))
add("sparsemax", X("b t"))
add("sparsemax", X("b t"), axis=0)
add("glu", X("b t 4"))
add("glu", X("b 6 t"), axis=1)
for name in "cumsum cumprod nancumsum nancumprod".split():
    add(name, X("b t c"))
    add(name, X("b t c"), axis=1)
    add(name, X("b t c"), axis=-1)
for name in "sort argsort".split():
    add(name, X("b t c"))
    add(name, X("b t c"), axis=0)
add("argpartition", X("b 5"), 1)
add("argpartition", X("5 b"), 1, axis=0)
add("top_k", X("b 5"), 2)
add("top_k", X("b t 5"), 1, sorted=False)
add("in_top_k", WHOLE("b", below=4), X("b c"), 2)
add("diff", X("b t c"))
add("diff", X("b t c"), axis=1)
add("diff", X("b 5"), n=2)
add("trapezoid", X("b t"))
add("trapezoid", X("b t c"), axis=1, dx=0.5)
add("trapezoid", X("b t"), SORTED("b t"))
add("norm", X("b t c"))
add("norm", X("b t"), axis=1)
add("norm", X("b t c"), ord=1, axis=-1, keepdims=True)
add("norm", X("b t c"), ord="fro", axis=(1, 2))
add("norm", X("b t"), ord=np.inf, axis=0)
add("normalize", X("b t c"))
add("normalize", X("b t c"), axis=1, order=1)
add("layer_normalization", X("b t c"))
add("layer_normalization", X("b t c"), X("c"), X("c"))
add("layer_normalization", X("b t c"), axis=(1, 2))
add("rms_normalization", X("b t c"))
add("rms_normalization", X("b t c"), X("c"))
add("rms_normalization", X("b t c"), axis=(1, 2))
add("batch_normalization", X("b t c"), X("c"), POSITIVE("c"), -1)
add("batch_normalization", X("b t c"), X("t"), POSITIVE("t"), 1, X("t"), X("t"))
add("histogram", X("b t"), 4)
add("histogram", X("b"), 3, (-0.5, 1.0))
add("bincount", WHOLE("t"), minlength=4, needs="t", vague=True)  # the result's size depends on values
add("bincount", WHOLE("t"), POSITIVE("t"), 4, needs="t", vague=True)
add("corrcoef", X("t d"))
for mode in ("valid", "same", "full"):
    add("correlate", X("k"), X("t"), mode, vague=mode == "same")
add("vander", X("t"))
add("vander", X("t"), 2, True)

# ---- products

add("matmul", X("b t c"), X("b c d"))
add("matmul", X("t c"), X("c d"))
add("matmul", X("b t c"), X("c d"))
add("matmul", X("b t c"), X("c"))
add("matmul", X("c"), X("b c d"))
add("matmul", X("b 1 t c"), X("h c d"))
add("dot", X("b t c"), X("c d"))
add("dot", X("b t c"), X("h c d"))
add("dot", X("t"), X("t"))
add("dot", X("b t"), X("t"))
add("vdot", X("t"), X("t"))
add("vdot", X("b t"), X("b t"))
add("inner", X("t"), X("t"))
add("inner", X("b t"), X("c t"))
add("outer", X("t"), X("d"))
add("outer", X("b t"), X("d"))
add("kron", X("b t"), X("c d"))
add("kron", X("b t"), X("c"))
add("cross", X("b 3"), X("b 3"), needs="0:1 1:1")
add("cross", X("b 2"), X("b 3"), needs="0:1 1:1")
add("cross", X("b 2"), X("b 2"), needs="0:1 1:1")
add("cross", X("3 b"), X("3 b"), axis=0, needs="0:0 1:0")
add("tensordot", X("b t c"), X("t c d"))
add("tensordot", X("b t c"), X("c d"), 1)
add("tensordot", X("b t c"), X("d t c"), [[1, 2], [1, 2]])
add("tensordot", X("b t"), X("c"), 0)
for equation, *operands in (
    ("bij,kj->bik", "b t c", "d c"),
    ("ij,jk", "t c", "c d"),
    ("bqd,bkd->bqk", "b t c", "b d c"),
    ("bqk,bkd->bqd", "b t c", "b c d"),
    ("...ij,...jk->...ik", "b h t c", "b h c d"),
    ("...c,cd->...d", "b t c", "c d"),
    ("bi,bi->b", "b t", "b t"),
    ("ii->i", "t t"),
    ("ii", "t t"),
    ("bij->bji", "b t c"),
    ("bij->j", "b t c"),
    ("bi,bj,bk->ijk", "b t", "b c", "b d"),
    ("i,j->ij", "t", "c"),
):
    add("einsum", equation, *[X(axes) for axes in operands])
add("cdist", X("t c"), X("d c"))
add("dot_product_attention", X("b t h c"), X("b d h c"), X("b d h c"), sizes={"h": 6})
add("dot_product_attention", X("b t h c"), X("b t h c"), X("b t h c"), is_causal=True, sizes={"h": 6})
add("dot_product_attention", X("b t h c"), X("b d h c"), X("b d h c"), mask=BOOL("b 1 t d"), sizes={"h": 6})
add("dot_product_attention", X("b t h c"), X("b d h c"), X("b d h c"), bias=X("b h t d"), sizes={"h": 6})
