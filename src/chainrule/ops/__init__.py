"""Every operation, under the names of `keras.ops`: one record an operation.

By topic: on each entry `arithmetic`, `powers`, `exponential`, `trigonometric`, `plane`, `logistic`, `gates`,
`error_function`, `bessel`, `selection`, `rounding`, `comparison` and `integers`; `reduction`, `movement`, `products`,
`linear`, `convolution`, `pooling`, `roi`, `resampling`, `random`, `composite`, `fused`. `functions` and `image` only
combine them. `record`, `rules` and `elementwise` are what they are made of, `pairs` what keeps them exact; `install`
gives tensors their operators.

>>> from chainrule import ops
>>> ops.softmax([0.0, 0.0])
tensor([0.5, 0.5])
"""

# ruff: noqa: I001 - imported names stand in rows

# fmt: off
from ..core.missing_names import lookup
from . import image, random
from .arithmetic import (
    absolute, add, copysign, divide, floor_divide, fmod, mod, multiply, negative, positive, reciprocal, sign, square,
    stop_gradient, subtract,
)
from .comparison import (
    equal, greater, greater_equal, isfinite, isinf, isnan, less, less_equal, logical_and, logical_not, logical_or,
    logical_xor, not_equal, signbit,
)
from .bessel import i0
from .composite import (
    celu, elu, glu, hard_shrink, hard_sigmoid, hard_tanh, leaky_relu, log_sigmoid, log_softmax, relu6, selu,
    soft_shrink, softmax, sparse_plus, sparse_sigmoid, sparsemax, squareplus,
)
from .error_function import erf, erfc, erfinv
from .exponential import cbrt, exp, exp2, expm1, log, log1p, log2, log10, rsqrt, sqrt
from .functions import *  # noqa: F403 - functions.py holds public functions only, named in its __all__
from .functions import __all__ as _functions
from .functions.indexing import slice_ as slice
from .fused import adam_update, momentum_update
from .gates import gelu, hard_silu, relu, silu, softsign, tanh_shrink
from .install import install
from .integers import bitwise_and, bitwise_invert, bitwise_left_shift, bitwise_or, bitwise_right_shift, bitwise_xor, gcd
from .linear import det, inv
from .logistic import logaddexp, logaddexp2, sigmoid, softplus
from .movement import squeeze
from .order import after
from .plane import arctan2, hypot
from .powers import power
from .products import matmul
from .record import set_namespace
from .recorded import take_unknown_sizes
from .reduction import all, any, argmax, argmin, logsumexp, mean, norm, std, sum, var
from .rounding import ceil, floor, nextafter, round, trunc
from .selection import clip, maximum, minimum
from .trigonometric import arccos, arccosh, arcsin, arcsinh, arctan, arctanh, cos, cosh, sin, sinc, sinh, tan, tanh
# fmt: on

abs = absolute
true_divide = divide
bitwise_not = bitwise_invert
left_shift, right_shift = bitwise_left_shift, bitwise_right_shift
swish, hard_swish = silu, hard_silu
remainder = mod

__getattr__ = lookup("ops")

__all__ = [
    "after", *_functions, "abs", "absolute", "adam_update", "add", "all", "any", "arccos", "arccosh", "arcsin",
    "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "bitwise_and", "bitwise_invert",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "cbrt", "ceil", "celu",
    "clip", "copysign", "cos", "cosh", "det", "divide", "elu", "equal", "erf", "erfc", "erfinv", "exp", "exp2",
    "expm1", "floor", "floor_divide", "fmod", "gcd", "gelu", "glu", "greater", "greater_equal", "hard_shrink",
    "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "hypot", "i0", "image", "inv", "isfinite", "isinf",
    "isnan", "leaky_relu", "left_shift", "less", "less_equal", "log", "log10", "log1p", "log2", "log_sigmoid",
    "log_softmax", "logaddexp", "logaddexp2", "logical_and", "logical_not", "logical_or", "logical_xor",
    "logsumexp", "matmul", "maximum", "mean", "minimum", "mod", "momentum_update", "multiply", "negative",
    "nextafter", "norm", "not_equal", "positive", "power", "reciprocal", "relu", "relu6", "remainder",
    "right_shift", "round", "rsqrt", "selu", "sigmoid", "sign", "signbit", "silu", "sin", "sinc", "sinh", "slice",
    "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "sqrt",
    "square", "squareplus", "squeeze", "std", "stop_gradient", "subtract", "sum", "swish", "tan", "tanh",
    "tanh_shrink", "true_divide", "trunc", "var",
]  # fmt: skip

# these give no new tensor, or one by a primitive operation alone
_PLAIN = set("convert_to_numpy convert_to_tensor dtype get_item is_tensor ndim shape size vectorize".split())


take_unknown_sizes(globals(), [name for name in __all__ if name not in _PLAIN])
take_unknown_sizes(vars(image), image.__all__, "image.")
take_unknown_sizes(vars(random), ["categorical", "dropout", "shuffle"], "random.")
_public = {name: globals()[name] for name in __all__}
install(_public)
set_namespace(_public)
