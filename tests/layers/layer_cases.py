"""Each layer with arguments and shapes of inputs, for the tests of layers."""

import numpy as np

CASES = {}


def case(name, shape, ints=None, mask=None, train=True, **kwargs):
    """A layer of this name and arguments, on inputs of these shapes.

    `ints`: whole numbers below it as inputs. `mask`: the shape of a mask. `train`: whether training is deterministic.
    """
    key = f"{name}-{sum(existing.startswith(name + '-') for existing in CASES)}"
    CASES[key] = name, kwargs, shape, ints, mask, train


def numbers(shape, seed=1):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


for shape, more in (
    ((3, 5), {}),
    ((2, 3, 5), {"activation": "tanh"}),
    ((2, 2, 3, 4), {"use_bias": False, "activation": "gelu"}),
    ((1, 1), {"kernel_regularizer": "l2", "bias_initializer": "ones"}),
):
    case("Dense", shape, units=4, **more)
for name in "relu relu6 elu selu gelu silu tanh sigmoid softplus softsign softmax log_softmax exponential linear mish \
hard_sigmoid hard_silu leaky_relu".split():
    case("Activation", (3, 4), activation=name)
case("ReLU", (3, 4), max_value=1.0, negative_slope=0.1, threshold=0.3)
case("ReLU", (3, 4))
case("LeakyReLU", (3, 4), negative_slope=0.2)
case("ELU", (3, 4), alpha=0.7)
case("PReLU", (2, 3, 4, 5), alpha_initializer="ones", shared_axes=[1, 2])
case("PReLU", (2, 3))
case("Softmax", (2, 3, 4), axis=1)
case("Softmax", (2, 3, 4), axis=[1, 2])
case("Softmax", (2, 4), mask=(2, 4))
case("Embedding", (2, 3), ints=7, input_dim=7, output_dim=4)
case("Embedding", (5,), ints=3, input_dim=3, output_dim=2, mask_zero=True, embeddings_initializer="normal")
case("Masking", (2, 3, 4), mask_value=0.5)
case("Identity", (2, 3))
case("Flatten", (2, 3, 4))
case("Flatten", (2, 3, 4, 5), data_format="channels_first")
case("Flatten", (3,))
case("Reshape", (2, 3, 4), target_shape=(2, -1))
case("Permute", (2, 3, 4, 5), dims=(3, 1, 2))
case("RepeatVector", (2, 3), n=4)
for rank, sizes in ((1, (5,)), (2, (5, 6)), (3, (5, 6, 4))):
    pads = [1, tuple((1, i) for i in range(rank)) if rank > 1 else (2, 1)]
    for kind, what in (("ZeroPadding", "padding"), ("Cropping", "cropping")):
        case(f"{kind}{rank}D", (2, *sizes, 3), **{what: pads[0]})
        first = {} if rank == 1 and kind == "Cropping" else {"data_format": "channels_first"}
        case(f"{kind}{rank}D", (2, 3, *sizes) if first else (2, *sizes, 3), **{what: pads[1]}, **first)
    case(f"UpSampling{rank}D", (2, *sizes, 3), size=2)
    if rank > 1:
        case(f"UpSampling{rank}D", (2, 3, *sizes), size=(2, 3, 1)[:rank], data_format="channels_first")
    for kind in ("MaxPooling", "AveragePooling"):
        for pool, strides, padding in ((2, None, "valid"), (3, 2, "same"), (2, 3, "same"), (3, 1, "valid")):
            case(f"{kind}{rank}D", (2, *sizes, 3), pool_size=pool, strides=strides, padding=padding)
        case(f"{kind}{rank}D", (2, 3, *sizes), pool_size=2, padding="same", data_format="channels_first")
        if rank > 1:
            case(f"{kind}{rank}D", (2, *sizes, 3), pool_size=(2, 3, 1)[:rank], strides=(1, 2, 3)[:rank])
    for kind in ("GlobalMaxPooling", "GlobalAveragePooling"):
        case(f"{kind}{rank}D", (2, *sizes, 3))
        case(f"{kind}{rank}D", (2, 3, *sizes), data_format="channels_first", keepdims=True)
case("GlobalAveragePooling1D", (2, 3, 4), mask=(2, 3))
case("UpSampling2D", (2, 3, 4, 2), size=(2, 3), interpolation="bilinear")
case("UpSampling2D", (2, 2, 3, 4), size=2, interpolation="bicubic", data_format="channels_first")

CONVOLUTIONS = [
    {"kernel_size": 3},
    {"kernel_size": 2, "strides": 2, "padding": "same", "activation": "relu"},
    {"kernel_size": 2, "dilation_rate": 2, "padding": "same", "use_bias": False},
    {"kernel_size": 2, "strides": 3, "data_format": "channels_first"},
    {"kernel_size": 3, "padding": "same", "data_format": "channels_first"},
    {"kernel_size": 2, "dilation_rate": 3},
]
for rank, sizes in ((1, (8,)), (2, (7, 5)), (3, (5, 4, 3))):
    last, first = (2, *sizes, 4), (2, 4, *sizes)
    for i, more in enumerate(CONVOLUTIONS[: 4 if rank == 3 else 6]):
        shape = first if "data_format" in more else last
        case(f"Conv{rank}D", shape, filters=6, groups=1 + i % 2, **more)
        case(f"Conv{rank}DTranspose", shape, filters=3, **more)
        if rank < 3:
            case(f"DepthwiseConv{rank}D", shape, depth_multiplier=1 + i % 2, **more)
            case(f"SeparableConv{rank}D", shape, filters=3, depth_multiplier=2 - i % 2, **more)
    case(f"Conv{rank}DTranspose", last, filters=2, kernel_size=3, strides=2, padding="same", output_padding=1)
    case(f"Conv{rank}DTranspose", last, filters=2, kernel_size=2, strides=3, padding="valid", output_padding=2)
case("Conv1D", (2, 6, 3), filters=4, kernel_size=3, padding="causal")
case("Conv1D", (2, 6, 3), filters=4, kernel_size=2, padding="causal", dilation_rate=2)
case("Conv1D", (2, 7, 3), filters=4, kernel_size=2, padding="causal", strides=2)
case("Conv2D", (2, 7, 6, 3), filters=4, kernel_size=(3, 2), strides=(1, 2), padding="same")
case("Conv2D", (2, 7, 6, 3), filters=4, kernel_size=(2, 3), dilation_rate=(2, 1))
case("Conv2DTranspose", (2, 4, 3, 2), filters=4, kernel_size=(3, 2), strides=(1, 2), padding="same")
case("Conv2D", (2, 4, 4, 6), filters=6, kernel_size=3, groups=6)

case("BatchNormalization", (4, 3), momentum=0.8, epsilon=0.01)
case("BatchNormalization", (2, 3, 4, 5))
case("BatchNormalization", (3, 4, 5), axis=1, scale=False)
case("BatchNormalization", (3, 4, 5), center=False)
case("BatchNormalization", (3, 4, 5), mask=(3, 4))
case("BatchNormalization", (3, 4), trainable=False)
case("LayerNormalization", (3, 4))
case("LayerNormalization", (2, 3, 4), axis=[1, 2], epsilon=0.1)
case("LayerNormalization", (2, 3, 4), axis=1, center=False)
case("GroupNormalization", (2, 3, 6), groups=3)
case("GroupNormalization", (2, 4, 3, 5), groups=2, axis=1, scale=False)
case("GroupNormalization", (2, 3, 4), groups=-1)
case("RMSNormalization", (2, 3, 4), epsilon=0.1)
case("RMSNormalization", (2, 3, 4), axis=[1, 2])
case("UnitNormalization", (2, 3, 4), axis=1)
case("UnitNormalization", (2, 3, 4), axis=[1, 2])

for name in "Add Multiply Average Maximum Minimum".split():
    case(name, [(2, 3, 4), (2, 3, 4), (2, 3, 4)])
    case(name, [(2, 3, 4), (2, 1, 4)])
    case(name, [(2, 4), (2, 3, 4)])
case("Subtract", [(2, 3), (2, 3)])
case("Concatenate", [(2, 3), (2, 4), (2, 1)])
case("Concatenate", [(2, 3, 4), (2, 2, 4)], axis=1)
case("Dot", [(2, 3), (2, 3)], axes=1)
case("Dot", [(2, 3, 4), (2, 4, 5)], axes=(2, 1))
case("Dot", [(2, 3, 4), (2, 5, 3)], axes=(1, 2), normalize=True)
case("Dot", [(2, 3, 4), (2, 5, 4)], axes=-1)
case("ActivityRegularization", (2, 3), l1=0.1, l2=0.2)
for name, shape, more in (
    ("Dropout", (2, 3), {"rate": 0.3, "noise_shape": (None, 1)}),
    ("SpatialDropout1D", (2, 3, 4), {"rate": 0.3}),
    ("SpatialDropout2D", (2, 3, 4, 5), {"rate": 0.3, "data_format": "channels_first"}),
    ("SpatialDropout3D", (2, 3, 4, 5, 2), {"rate": 0.3}),
    ("GaussianNoise", (2, 3), {"stddev": 0.3}),
    ("GaussianDropout", (2, 3), {"rate": 0.3}),
    ("AlphaDropout", (2, 3), {"rate": 0.3}),
):
    case(name, shape, train=False, **more, seed=3)


def inputs_of(shape, ints):
    shapes = shape if isinstance(shape, list) else [shape]
    if ints is not None:
        return [np.random.default_rng(1).integers(0, ints, s).astype("int32") for s in shapes]
    return [numbers(s, seed=2 + i) for i, s in enumerate(shapes)]


def mask_for(shape):
    mask = np.random.default_rng(4).random(shape) < 0.6
    mask[:, 0] = True
    return mask
