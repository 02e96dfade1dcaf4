"""Calls of functions of windows, matrices and images, of losses and of functions, for the tests of unknown sizes."""

from symbolic_cases import DEFINITE, IMAGES, POSITIVE, SIMPLEX, UNIT, WHOLE, Cases, X

CASES = Cases("ops")
add = CASES.add

# ---- windows

for options in (
    {},
    {"strides": 2},
    {"padding": "same"},
    {"strides": 2, "padding": "same"},
    {"dilation_rate": 2},
    {"strides": (1, 3), "padding": "same"},
):
    add("conv", X("b h w c"), X("3 2 c 6"), **options)
    add("depthwise_conv", X("b h w c"), X("3 2 c 2"), **{**options, "strides": 3} if "strides" in options else options)
    add(
        "separable_conv",
        X("b h w c"),
        X("3 2 c 2"),
        X("1 1 8 6"),
        vague=True,  # channels that must be those of the other kernel
        **{**options, "strides": 2} if "strides" in options else options,
    )
add("conv", X("b h c"), X("3 c 5"))
add("conv", X("b h c"), X("3 2 6"), strides=2)
add("conv", X("b c h w"), X("3 2 c 6"), strides=2, data_format="channels_first")
add("conv", X("b 5 6 7 c"), X("3 2 2 c 3"), strides=2, padding="same")
for options in (
    {},
    {"strides": 2},
    {"strides": 2, "padding": "same"},
    {"strides": 3, "padding": "same"},
    {"strides": 2, "padding": "same", "output_padding": 1},
    {"dilation_rate": 2},
):
    add("conv_transpose", X("b h w c"), X("3 2 6 c"), **options)
add("conv_transpose", X("b h c"), X("3 5 c"), strides=2)
add("conv_transpose", X("b c h w"), X("3 2 6 c"), strides=2, data_format="channels_first")
for name in "max_pool average_pool".split():
    add(name, X("b h w c"), 2)
    add(name, X("b h w c"), (3, 2), 2, "same")
    add(name, X("b h w c"), 3, 1)
    add(name, X("b h c"), 2, 3)
    add(name, X("b c h w"), 2, data_format="channels_first")
for name in "adaptive_average_pool adaptive_max_pool".split():
    add(name, X("b h w c"), 2)
    add(name, X("b h w c"), (3, 4))
    add(name, X("b h c"), 3)
    add(name, X("b c h w"), 2, data_format="channels_first")
add("unfold", X("b c h w"), 2)
add("unfold", X("b c h w"), (3, 2), 1, 1, 2)
add("fold", X("b 12 12"), (5, 4), 2, needs="0:1 0:2")
add("space_to_depth", X("b 4 6 c"), 2)
add("space_to_depth", X("b c 4 6"), 2, "channels_first")
add("depth_to_space", X("b h w 12"), 2)
add("depth_to_space", X("b 12 h w"), 2, "channels_first")

# ---- losses

add("binary_crossentropy", UNIT("b t"), UNIT("b t"))
add("binary_crossentropy", UNIT("b t"), X("b t"), True)
add("categorical_crossentropy", SIMPLEX("b t c"), SIMPLEX("b t c"))
add("categorical_crossentropy", SIMPLEX("b c t"), X("b c t"), True, axis=1)
add("sparse_categorical_crossentropy", WHOLE("b t", below=1), SIMPLEX("b t c"))
add("sparse_categorical_crossentropy", WHOLE("b", below=1), X("b c"), True)
add("psnr", X("b h w c"), X("b h w c"), 2.0)
add(
    "ctc_loss",
    WHOLE("b t", below=1),
    X("b k c"),
    WHOLE("b"),
    WHOLE("b"),
    call=lambda f, y, x, m, n: f(y + 1, x, m + 1, n + 7),
)
add("ctc_decode", X("b k c"), WHOLE("b"), call=lambda f, x, n: f(x, n + 1))

# ---- matrices

add("cholesky", DEFINITE("b n n"))
add("cholesky", DEFINITE("n n"), True)
add("cholesky_inverse", DEFINITE("b n n"))
add("inv", DEFINITE("b n n"))
add("det", DEFINITE("b n n"))
add("slogdet", DEFINITE("b n n"))
add("logdet", DEFINITE("b n n"))
add("eigh", DEFINITE("b n n"))
add("qr", X("b t c"))
add("qr", X("b 5 3"))
add("qr", X("b 5 3"), "complete")
add("svd", X("b t c"))
add("svd", X("b t c"), full_matrices=False)
add("svd", X("b 5 3"), compute_uv=False)
add("pinv", X("b t c"))
add("matrix_rank", X("b t c"))
add("solve", DEFINITE("b n n"), X("b n d"))
add("solve", DEFINITE("n n"), X("n"))
add("solve_triangular", DEFINITE("b n n"), X("b n d"))
add("solve_triangular", DEFINITE("n n"), X("n d"), True)
add("lstsq", X("5 n"), X("5"))
add("lstsq", X("5 n"), X("5 b"))

# ---- functions that take functions

add("map", lambda row: row * 2, X("b t"))
add("map", lambda row: row[0] * 2, X("b t"))
add("scan", lambda carry, row: (carry + row, carry * row), X("t"), X("b t"))
add("scan", lambda carry, row: (carry + row, row), X("t"), X("b t"), reverse=True)
add("associative_scan", lambda a, b: a + b, X("b t"))
add("associative_scan", lambda a, b: a * b, X("b t"), axis=1)
add("fori_loop", 0, 3, lambda i, x: x * 2, X("b t"))
add("while_loop", lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (0, X("b t")))
add("cond", True, X("b t"), call=lambda f, pred, x: f(pred, lambda: x + 1, lambda: x - 1))
add("cond", X(""), X("b t"), call=lambda f, p, x: f(p > 0, lambda: x + 1, lambda: x - 1))
add("switch", 1, [lambda x: x, lambda x: x * 3], X("b t"))
add("switch", WHOLE("", below=2), [lambda x: x, lambda x: x * 3], X("b t"))
add("vectorize", lambda row: row * 2, X("b t"), call=lambda f, g, x: f(g, signature="(n)->(n)")(x))
add("vectorized_map", lambda row: row * 2, X("b t"))

# ---- images

for options in (
    {"size": (3, 4)},
    {"size": (9, 5), "interpolation": "nearest"},
    {"size": (9, 5), "interpolation": "bicubic", "antialias": True},
    {"size": (3, 4), "crop_to_aspect_ratio": True},
    {"size": (9, 4), "pad_to_aspect_ratio": True},
):
    add("image.resize", IMAGES("b h w 3"), **options)
add("image.resize", IMAGES("h w 3"), (3, 4))
add("image.resize", IMAGES("b 3 h w"), (3, 4), data_format="channels_first")
add("image.affine_transform", IMAGES("b h w c"), X("b 8"), needs="1:1")
add("image.affine_transform", IMAGES("h w c"), X("8"), needs="1:0")
add("image.perspective_transform", IMAGES("b h w c"), X("b 4 2"), X("b 4 2"), needs="b h w c 1:1 1:2 2:1 2:2")
add("image.crop_images", IMAGES("b h w c"), 1, 2, 1, 1)
add("image.crop_images", IMAGES("b h w c"), top_cropping=1, left_cropping=1, target_height=3, target_width=4)
add("image.crop_images", IMAGES("b c h w"), 1, 2, 1, 1, data_format="channels_first")
add("image.pad_images", IMAGES("b h w c"), 1, 2, 3, 1)
add("image.pad_images", IMAGES("b h w c"), top_padding=1, left_padding=0, target_height=12, target_width=14, vague=True)
add("image.extract_patches", IMAGES("b h w c"), 2)
add("image.extract_patches", IMAGES("b h w c"), (3, 2), 2, padding="same")
add("image.extract_patches", IMAGES("b h w c"), 2, (1, 1), 2)
add("image.extract_patches_3d", IMAGES("b 5 h w c"), 2)
add("image.extract_patches_3d", IMAGES("b 5 h w c"), 2, 1, padding="same")
add("image.gaussian_blur", IMAGES("b h w c"))
add("image.gaussian_blur", IMAGES("b c h w"), data_format="channels_first")
for name in "hsv_to_rgb rgb_to_hsv rgb_to_grayscale".split():
    add(f"image.{name}", UNIT("b h w 3"), vague=name == "rgb_to_grayscale")
    add(f"image.{name}", UNIT("h w 3"))
    add(f"image.{name}", UNIT("b 3 h w"), data_format="channels_first", vague=name == "rgb_to_grayscale")
add("image.sobel_edges", IMAGES("b h w c"))
add("image.map_coordinates", X("h w"), [UNIT("t"), UNIT("t")], 1)
add("image.map_coordinates", X("h w"), UNIT("2 t c"), 0, "nearest")
add("image.ssim", UNIT("b 12 13 c"), UNIT("b 12 13 c"))
add("image.ssim", UNIT("b 12 13 c"), UNIT("b 12 13 c"), filter_size=3)

# ---- ours alone

add("roi_align", X("b h w c"), UNIT("b d 4"), (2, 3))
add("roi_pool", X("b h w c"), UNIT("b d 4"), (2, 3))
add("roi_warp", X("b h w c"), UNIT("b d 4"), (2, 3))
add("fused_dense", X("b c"), X("c d"), X("d"), "relu")
add("fused_dense", X("b t c"), X("c d"))
add("fused_conv", X("b h w c"), X("3 2 c 5"), X("5"), padding="same", activation="relu")
add("after", X("b t"), X("c"))
add("adam_update", X("b t"), X("b t"), X("b t"), POSITIVE("b t"), 0.1)
add("momentum_update", X("b t"), X("b t"), X("b t"), 0.1)
