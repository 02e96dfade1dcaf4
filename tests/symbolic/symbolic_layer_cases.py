"""Calls of every layer, for the tests of unknown sizes.

Weights have the sizes of some axes: these must be known, here as in Keras.
"""

from dataclasses import dataclass, field
from typing import Any

from symbolic_cases import BOOL, IMAGES, UNIT, WHOLE, Case, Cases, X, put_in


@dataclass(frozen=True, eq=False)
class LayerCase(Case):
    """A layer: `args` are its inputs, `options` the arguments of its constructor.

    Attributes:
        passed: further arguments of the call, such as ``training``.
    """

    passed: dict[str, Any] = field(default_factory=dict)

    def build(self, package: Any) -> Any:
        """A new layer."""
        options = {k: v(package) if k == "layers" else v for k, v in self.options.items()}
        return getattr(package.layers, self.name.rpartition(".")[2])(**options)

    def apply(self, layer: Any, tensors: list[Any]) -> Any:
        """Call a layer on tensors."""
        return layer(*put_in(list(self.args), iter(tensors)), **self.passed)

    def evaluate(self, package: Any, tensors: list[Any], like: Any = None) -> Any:
        """Call a new layer on tensors, with the weights of the layer `like`."""
        layer = self.build(package)
        result = self.apply(layer, tensors)
        if like is None or not like.weights:
            return result
        layer.set_weights(like.get_weights())
        return self.apply(layer, tensors)


CASES = Cases("layers", of=LayerCase)
add = CASES.add
FIRST = {"data_format": "channels_first"}

# ---- dense products, activations, embeddings

add("Dense", X("b c"), units=5, needs="c")
add("Dense", X("b t c"), units=5, activation="relu", needs="c")
add("Dense", X("b t h c"), units=9973, use_bias=False, needs="c")
for name in "relu softmax gelu linear".split():
    add("Activation", X("b t c"), activation=name)
for name in "ELU LeakyReLU ReLU Identity ActivityRegularization Softmax".split():
    add(name, X("b t c"))
add("ReLU", X("b t"), max_value=1.0, negative_slope=0.1, threshold=0.3)
add("Softmax", X("b t c"), axis=1)
add("Softmax", X("b t c"), axis=[1, 2])
add("Softmax", X("b t c"), BOOL("b t c"))
add("PReLU", X("b t c"), needs="t c")
add("PReLU", X("b h w c"), shared_axes=[1, 2], needs="c")
add("Embedding", WHOLE("b t"), input_dim=5, output_dim=9973)
add("Embedding", WHOLE("b"), input_dim=3, output_dim=4, mask_zero=True)
add("Embedding", WHOLE("b t h"), input_dim=3, output_dim=4)
add("Masking", X("b t c"), mask_value=0.5)
add("Lambda", X("b t c"), function=lambda x: x * 2)
add("Lambda", X("b t c"), function=lambda x: x[:, 1:])

# ---- shapes

add("Flatten", X("b t c"))
add("Flatten", X("b h w c"), **FIRST)
add("Flatten", X("b"))
add("Reshape", X("b t 8"), target_shape=(-1, 4))
add("Reshape", X("b 4 6"), target_shape=(2, 12))
add("Reshape", X("b t c"), target_shape=(2, -1))
add("Reshape", X("b 4"), target_shape=(4, 1))
add("Permute", X("b t c"), dims=(2, 1))
add("Permute", X("b h w c"), dims=(3, 1, 2))
add("RepeatVector", X("b c"), n=3)
for rank, axes in ((1, "h"), (2, "h w"), (3, "5 h w")):
    last, first = f"b {axes} c", f"b c {axes}"
    uneven = (2, 1) if rank == 1 else tuple((1, i) for i in range(rank))
    for kind, what in (("ZeroPadding", "padding"), ("Cropping", "cropping")):
        add(f"{kind}{rank}D", X(last), **{what: 1})
        add(f"{kind}{rank}D", X(last), **{what: uneven})
        if (kind, rank) != ("Cropping", 1):
            add(f"{kind}{rank}D", X(first), **{what: uneven}, **FIRST)
    add(f"UpSampling{rank}D", X(last), size=2)
    if rank > 1:
        add(f"UpSampling{rank}D", X(first), size=(2, 3, 1)[:rank], **FIRST)
add("UpSampling2D", X("b h w c"), size=(2, 3), interpolation="bilinear")

# ---- pooling

for rank, axes in ((1, "h"), (2, "h w"), (3, "5 h w")):
    last, first = f"b {axes} c", f"b c {axes}"
    names = {"Max": ("MaxPooling", "MaxPool"), "Average": ("AveragePooling", "AvgPool")}
    for name, alias in names.values():
        add(f"{name}{rank}D", X(last), pool_size=2)
        add(f"{name}{rank}D", X(last), pool_size=3, strides=2, padding="same")
        add(f"{name}{rank}D", X(last), pool_size=2, strides=3)
        add(f"{name}{rank}D", X(last), pool_size=3, strides=1)
        add(f"{name}{rank}D", X(first), pool_size=2, padding="same", **FIRST)
        add(f"{alias}{rank}D", X(last), pool_size=2)
        for whole in (f"Global{name}{rank}D", f"Global{alias}{rank}D"):
            add(whole, X(last))
            add(whole, X(first), keepdims=True, **FIRST)

# ---- convolutions

WINDOWS = [
    {"kernel_size": 3},
    {"kernel_size": 3, "strides": 2},
    {"kernel_size": 2, "strides": 2, "padding": "same", "activation": "relu"},
    {"kernel_size": 2, "dilation_rate": 2, "use_bias": False},
    {"kernel_size": 2, "dilation_rate": 2, "padding": "same"},
    {"kernel_size": 2, "strides": 3, **FIRST},
]
for rank, axes in ((1, "h"), (2, "h w"), (3, "5 h w")):
    for i, options in enumerate(WINDOWS):
        shape = X(f"b c {axes}" if "data_format" in options else f"b {axes} c")
        add(f"Conv{rank}D", shape, filters=6, groups=1 + i % 2, **options, needs="c")
        add(f"Conv{rank}DTranspose", shape, filters=3, **options, needs="c")
        if rank < 3:
            add(f"DepthwiseConv{rank}D", shape, depth_multiplier=1 + i % 2, **options, needs="c")
            add(f"SeparableConv{rank}D", shape, filters=3, **options, needs="c")
    shape = X(f"b {axes} c")
    add(f"Conv{rank}DTranspose", shape, filters=3, kernel_size=3, strides=2, padding="same", needs="c")
    add(f"Conv{rank}DTranspose", shape, filters=3, kernel_size=2, strides=3, output_padding=2, needs="c")
    add(f"Convolution{rank}D", shape, filters=3, kernel_size=2, needs="c")
    add(f"Convolution{rank}DTranspose", shape, filters=3, kernel_size=2, needs="c")
    if rank < 3:
        add(f"SeparableConvolution{rank}D", shape, filters=3, kernel_size=2, needs="c")
add("Conv1D", X("b h c"), filters=3, kernel_size=3, padding="causal", needs="c")
add("Conv1D", X("b h c"), filters=3, kernel_size=2, padding="causal", strides=2, needs="c")
add("Conv2D", X("b h w c"), filters=3, kernel_size=(3, 2), strides=(1, 2), padding="same", needs="c")

# ---- normalization and regularization

add("BatchNormalization", X("b c"), needs="c")
add("BatchNormalization", X("b h w c"), needs="c")
add("BatchNormalization", X("b t c"), axis=1, scale=False, needs="t")
add("BatchNormalization", X("b t c"), passed={"training": True}, needs="c")
add("LayerNormalization", X("b t c"), needs="c")
add("LayerNormalization", X("b t c"), axis=[1, 2], needs="t c")
add("LayerNormalization", X("b t c"), axis=1, center=False, needs="t")
add("GroupNormalization", X("b t 6"), groups=3, needs="0:2")
add("GroupNormalization", X("b 4 h w"), groups=2, axis=1, needs="0:1")
add("GroupNormalization", X("b t c"), groups=-1, needs="c")
add("RMSNormalization", X("b t c"), needs="c")
add("RMSNormalization", X("b t c"), axis=[1, 2], needs="t c")
add("UnitNormalization", X("b t c"))
add("UnitNormalization", X("b t c"), axis=[1, 2])
for name, axes, options in (
    ("Dropout", "b t c", {"rate": 0.3}),
    ("Dropout", "b t c", {"rate": 0.3, "noise_shape": (None, 1, None)}),
    ("SpatialDropout1D", "b t c", {"rate": 0.3}),
    ("SpatialDropout2D", "b h w c", {"rate": 0.3}),
    ("SpatialDropout2D", "b c h w", {"rate": 0.3, **FIRST}),
    ("SpatialDropout3D", "b 5 h w c", {"rate": 0.3}),
    ("GaussianNoise", "b t c", {"stddev": 0.3}),
    ("GaussianDropout", "b t c", {"rate": 0.3}),
    ("AlphaDropout", "b t c", {"rate": 0.3}),
):
    add(name, X(axes), **options, seed=3)
    add(name, X(axes), **options, seed=3, passed={"training": True}, random=True)

# ---- merging

for name in "Add Multiply Average Maximum Minimum".split():
    add(name, [X("b t c"), X("b t c"), X("b t c")])
    add(name, [X("b t c"), X("b 1 c")], vague=True)  # a size that is unknown or 1, and t, give t
    add(name, [X("b c"), X("b t c")])
add("Subtract", [X("b t"), X("b t")])
add("Subtract", [X("b t c"), X("b t 1")])
add("Concatenate", [X("b t"), X("b d"), X("b 1")])
add("Concatenate", [X("b t c"), X("b d c")], axis=1)
add("Dot", [X("b t"), X("b t")], axes=1)
add("Dot", [X("b t c"), X("b c d")], axes=(2, 1))
add("Dot", [X("b t c"), X("b d t")], axes=(1, 2), normalize=True)
add("Dot", [X("b t c"), X("b d c")], axes=-1)

FUNCTIONS = Cases("layers")
for name in "add average maximum minimum multiply subtract".split():
    FUNCTIONS.add(name, [X("b t"), X("b t")])
FUNCTIONS.add("concatenate", [X("b t"), X("b d")])
FUNCTIONS.add("dot", [X("b t"), X("b t")], axes=1)

# ---- preparing numbers and images

add("Rescaling", IMAGES("b h w 3"), scale=0.5, offset=1.0)
add("Rescaling", IMAGES("b h w 3"), scale=[0.5, 1.0, 2.0], vague=True)
add("Normalization", X("b t 3"), mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0], needs="0:2")
add("Normalization", X("b t"), axis=None, mean=1.0, variance=4.0)
add("CategoryEncoding", WHOLE("b t"), num_tokens=5)
add("CategoryEncoding", WHOLE("b t"), num_tokens=5, output_mode="one_hot")
add("CategoryEncoding", WHOLE("b t"), num_tokens=5, output_mode="count")
add("CategoryEncoding", WHOLE("b 1"), num_tokens=5, output_mode="one_hot")
add("Discretization", X("b t"), bin_boundaries=[-0.5, 0.5])
add("Discretization", X("b t"), bin_boundaries=[-0.5, 0.5], output_mode="one_hot")
add("Discretization", X("b t"), bin_boundaries=[-0.5, 0.5], output_mode="multi_hot")
for options in ({}, {"interpolation": "nearest"}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True}):
    add("Resizing", IMAGES("b h w 3"), height=3, width=5, **options)
add("Resizing", IMAGES("h w 3"), height=3, width=5)
add("Resizing", IMAGES("b 3 h w"), height=3, width=5, **FIRST)
add("CenterCrop", IMAGES("b h w 3"), height=3, width=4)
add("CenterCrop", IMAGES("b h w 3"), height=5, width=12)
add("CenterCrop", IMAGES("b 3 h w"), height=3, width=4, **FIRST)
for name, options in (
    ("RandomFlip", {"mode": "horizontal"}),
    ("RandomRotation", {"factor": 0.2}),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": (0.1, 0.4)}),
    ("RandomZoom", {"height_factor": 0.3, "width_factor": (-0.5, -0.1)}),
    ("RandomCrop", {"height": 4, "width": 3}),
    ("RandomContrast", {"factor": 0.4}),
    ("RandomBrightness", {"factor": (-0.3, 0.2)}),
):
    add(name, IMAGES("b h w 3"), **options, seed=3, passed={"training": False})
    add(name, IMAGES("b h w 3"), **options, seed=3, passed={"training": True}, random=True)
add(
    "Pipeline", IMAGES("b h w 3"), layers=lambda package: [package.layers.Rescaling(0.5), package.layers.Resizing(3, 5)]
)

# ---- ours alone

add("RoIAlign", [X("b h w c"), UNIT("b d 4")], output_size=(2, 3))
add("RoIPooling", [X("b h w c"), UNIT("b d 4")], output_size=(2, 3))
add("RoIWarp", [X("b h w c"), UNIT("b d 4")], output_size=(2, 3))
add(
    "InceptionBlock",
    X("b h w c"),
    filters_1x1=2,
    reduce_3x3=2,
    filters_3x3=3,
    reduce_5x5=1,
    filters_5x5=2,
    pool_filters=2,
    needs="c",
)

EXCEPTIONS = {
    "Input": "makes the tensors that the cases are called on",
    "InputLayer": "what Input makes",
    "InputSpec": "no layer",
    "Layer": "the base of layers",
    "clear_session": "no layer",
    "deserialize": "no layer",
    "serialize": "no layer",
}
