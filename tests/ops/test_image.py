"""Images against plain loops, SciPy and colorsys: unequal and odd sizes, both formats, integers."""

import colorsys

import numpy as np
import pytest
import scipy.ndimage
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import ops, symbolic, tensor
from chainrule.core.errors import ChainruleError, DTypeError, ShapeError, ValueProblem
from chainrule.ops import image
from chainrule.transforms.run import run
from image_cases import COLOURS, MODES, A, pixels

# ---- plain loops


def resized_by_loops(x, h, w):
    """One channel; each new pixel's centre, moved to the old grid, between its four neighbours."""
    old_h, old_w = x.shape
    y = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            v, u = (i + 0.5) * old_h / h - 0.5, (j + 0.5) * old_w / w - 0.5
            v, u = min(max(v, 0), old_h - 1), min(max(u, 0), old_w - 1)
            i0, j0 = int(v), int(u)
            i1, j1 = min(i0 + 1, old_h - 1), min(j0 + 1, old_w - 1)
            a, b = v - i0, u - j0
            y[i, j] = (1 - a) * ((1 - b) * x[i0, j0] + b * x[i0, j1]) + a * ((1 - b) * x[i1, j0] + b * x[i1, j1])
    return y


@pytest.mark.parametrize(("h", "w"), [(5, 9), (2, 3), (1, 1), (4, 7), (4, 2), (13, 7)])
def test_bilinear_resize_by_loops(h, w):
    x = A(4, 7)
    assert_allclose(image.resize(x[..., None], (h, w))[..., 0].numpy(), resized_by_loops(x, h, w), rtol=1e-12)


@pytest.mark.parametrize(("h", "w"), [(5, 9), (2, 3), (1, 1), (13, 7)])
def test_nearest_resize_by_loops(h, w):
    x = pixels(4, 7)
    want = [[x[int((i + 0.5) * 4 / h), int((j + 0.5) * 7 / w)] for j in range(w)] for i in range(h)]
    assert_array_equal(image.resize(x[..., None], (h, w), "nearest")[..., 0].numpy(), want)


def test_antialiased_halving_by_loops():
    """A triangle two pixels wide on each side: weights 1/8, 3/8, 3/8, 1/8 around each new centre."""
    row = A(8)
    got = image.resize(row.reshape(1, 8, 1), (1, 4), antialias=True).numpy()[0, :, 0]
    assert_allclose(got[1], row[1:5] @ [0.125, 0.375, 0.375, 0.125], rtol=1e-12)
    assert_allclose(got[0], row[:3] @ np.array([3, 3, 1]) / 7, rtol=1e-12)  # what lies outside is left out


def placed_by_walking(index, n, mode):
    """The index of a pixel far outside, found by walking; None where the border's value stands."""
    if 0 <= index < n:
        return index
    if mode == "constant":
        return None
    if mode == "nearest":
        return 0 if index < 0 else n - 1
    row = list(range(n))
    back = row[::-1] if mode == "reflect" else row[-2:0:-1]
    period = row if mode == "wrap" else row + back
    return period[index % len(period)]


@pytest.mark.parametrize("mode", MODES)
def test_nearest_affine_by_loops(mode):
    x = A(3, 4)
    for a0, a1, a2, b0, b1, b2 in [(1, 0, 5, 0, 1, -7), (0, 1, 0.25, -1, 0, 3.25), (-2, 0.75, 9.2, 0.3, 1.4, -6.1)]:
        want = np.full((3, 4), 0.5)
        for i, j in np.ndindex(3, 4):
            u, v = int(np.rint(a0 * j + a1 * i + a2)), int(np.rint(b0 * j + b1 * i + b2))
            at = placed_by_walking(v, 3, mode), placed_by_walking(u, 4, mode)
            if None not in at:
                want[i, j] = x[at]
        got = image.affine_transform(x[..., None], [a0, a1, a2, b0, b1, b2, 0, 0], "nearest", mode, 0.5)
        assert_array_equal(got.numpy()[..., 0], want)


def test_projective_affine_by_loops():
    """The divisor k counts; exactly so on a plane, which bilinear reading reproduces."""
    y, x = np.mgrid[:6, :7]
    a0, a1, a2, b0, b1, b2, c0, c1 = t = [0.5, 0.1, 1.0, -0.1, 0.6, 1.5, 0.05, 0.02]
    k = c0 * x + c1 * y + 1
    want = 3 * (a0 * x + a1 * y + a2) / k - 2 * (b0 * x + b1 * y + b2) / k
    got = image.affine_transform((3.0 * x - 2.0 * y)[..., None], np.array(t))
    assert_allclose(got.numpy()[..., 0], want, rtol=1e-12)


@pytest.mark.parametrize("size", [2, (3, 2), (2, 1, 2)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_patches_by_loops(size, padding):
    rank = 3 if size == (2, 1, 2) else 2
    x = A(2, *(5, 4, 6)[:rank], 3)
    window = (size,) * rank if isinstance(size, int) else size
    steps, hole = (2, 1, 3)[:rank], 2
    got = image.extract_patches(x, size, steps, hole, padding).numpy()
    reach = [(k - 1) * hole + 1 for k in window]
    if padding == "same":
        total = [max((-(-n // s) - 1) * s + r - n, 0) for n, s, r in zip(x.shape[1:], steps, reach, strict=False)]
        x = np.pad(x, [(0, 0), *[(t // 2, t - t // 2) for t in total], (0, 0)])
    out = [(n - r) // s + 1 for n, r, s in zip(x.shape[1:], reach, steps, strict=False)]
    assert got.shape == (2, *out, np.prod(window) * 3)
    for b, *place in np.ndindex(2, *out):
        read = [
            x[(b, *[p * s + i * hole for p, s, i in zip(place, steps, inner, strict=True)])]
            for inner in np.ndindex(*window)
        ]
        assert_array_equal(got[(b, *place)], np.concatenate(read))


# ---- SciPy and colorsys


SCIPY = dict(zip(MODES, ("grid-constant", "nearest", "grid-wrap", "mirror", "reflect"), strict=True))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 1, 3)])
def test_map_coordinates_is_scipys(mode, shape):
    x = A(*shape)
    at = np.random.default_rng(1).uniform(-9, 12, (len(shape), 4, 5))
    for order in (0, 1):
        want = scipy.ndimage.map_coordinates(x, at, order=order, mode=SCIPY[mode], cval=0.75)
        assert_allclose(image.map_coordinates(x, at, order, mode, 0.75).numpy(), want, rtol=1e-9, atol=1e-12)


def test_halves_are_read_away_from_zero_and_whole_places_exactly():
    x = [10, 20, 30, 40]
    assert image.map_coordinates(x, [[0.5, 1.5, 2.5, -0.5, 0.49999997]], 0, "nearest").tolist() == [20, 30, 40, 10, 10]
    assert image.map_coordinates(x, [[0, 3, 4, -1]], 1).tolist() == [10, 40, 0, 0]
    assert image.map_coordinates([1, 2, 4], [[0.5, 1.5, 1.75]], 1).tolist() == [2, 3, 4]
    large = np.array([2**31 - 1, 2**31 - 3, -(2**31)], "int32")
    assert image.map_coordinates(large, [[0, 1, 0.5, 2]], 1).tolist() == [2**31 - 1, 2**31 - 3, 2**31 - 2, -(2**31)]


def test_nowhere():
    """Coordinates without a pixel: the border far out, nan for nan."""
    got = image.map_coordinates([1.0, 2.0], [[1e30, -1e30, np.nan]], 1, "constant", 7.0).numpy()
    assert_array_equal(got, [7, 7, np.nan])
    assert image.map_coordinates([1.0, 2.0], [[1e30, -1e30]], 1, "nearest").tolist() == [2, 1]
    assert image.affine_transform([[[5.0]]], [0, 0, 0, 0, 0, 0, 0, 0], fill_mode="mirror").tolist() == [[[5]]]


@pytest.mark.parametrize(("size", "sigma"), [((3, 3), (1.0, 1.0)), ((5, 2), (0.7, 2.5)), ((1, 4), (1.0, 0.5))])
def test_blur_is_scipys(size, sigma):
    x = A(7, 6, 2)
    bells = [np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / s) ** 2) for n, s in zip(size, sigma, strict=True)]
    kernel = np.outer(*[b / b.sum() for b in bells])
    origin = [-1 if n % 2 == 0 else 0 for n in size]  # SciPy centres even windows one later
    want = [scipy.ndimage.correlate(x[..., c], kernel, mode="constant", origin=origin) for c in range(2)]
    assert_allclose(image.gaussian_blur(x, size, sigma).numpy(), np.stack(want, -1), rtol=1e-10, atol=1e-12)
    full = pixels(5, 4, 1)
    got = image.gaussian_blur(full, size, sigma)
    assert got.dtype == "uint8"
    assert np.abs(got.numpy() - image.gaussian_blur(full.astype(float), size, sigma).numpy()).max() <= 0.5 + 1e-4


def test_sobel_is_scipys():
    x = A(2, 5, 6, 3)
    want = np.zeros((2, *x.shape))
    for b, c, axis in np.ndindex(2, 3, 2):
        want[axis, b, :, :, c] = scipy.ndimage.sobel(x[b, :, :, c], axis, mode="constant")
    assert_allclose(image.sobel_edges(x).numpy(), np.stack(want, -1), atol=1e-12)
    first = image.sobel_edges(x.transpose(0, 3, 1, 2), data_format="channels_first").numpy()
    assert_allclose(first, np.stack(want, -1).transpose(0, 3, 1, 2, 4), atol=1e-12)


def test_ssim_of_one_window():
    """One window that fills the image: weighted means, variances and covariance."""
    x, y = pixels(4, 4, 1), pixels(1, 4, 4)[0][..., None]
    w = np.exp(-0.5 * ((np.arange(4) - 1.5) / 1.1) ** 2)
    w = np.outer(w, w) / w.sum() ** 2
    a, b = x[..., 0].astype(float), y[..., 0].astype(float)
    ma, mb = (w * a).sum(), (w * b).sum()
    va, vb, cov = (w * (a - ma) ** 2).sum(), (w * (b - mb) ** 2).sum(), (w * (a - ma) * (b - mb)).sum()
    c1, c2 = 2.55**2, 7.65**2
    want = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    assert_allclose(image.ssim(x, y, 255, 4, 1.1).numpy(), want, rtol=1e-4)
    assert_allclose(image.ssim(x, x, 255, 4, 1.1).numpy(), 1, rtol=1e-6)


def test_hsv_is_colorsys():
    rgb = np.concatenate([COLOURS, np.random.default_rng(2).uniform(size=(36, 3))]).reshape(10, 10, 3)
    hsv = np.array([colorsys.rgb_to_hsv(*p) for p in rgb.reshape(-1, 3)]).reshape(10, 10, 3)
    assert_allclose(image.rgb_to_hsv(rgb).numpy(), hsv, atol=1e-12)
    assert_allclose(image.hsv_to_rgb(hsv).numpy(), rgb, atol=1e-12)
    first = image.rgb_to_hsv(rgb.transpose(2, 0, 1)[None], data_format="channels_first")
    assert_allclose(first.numpy()[0].transpose(1, 2, 0), hsv, atol=1e-12)
    assert_allclose(image.hsv_to_rgb([[[1.25, 0.5, 1.0]]]).numpy()[0, 0], colorsys.hsv_to_rgb(0.25, 0.5, 1), atol=1e-6)


def test_gray():
    x = A(2, 3, 4, 3)
    assert_allclose(image.rgb_to_grayscale(x).numpy()[..., 0], x @ [0.2989, 0.587, 0.114], rtol=1e-12)
    assert image.rgb_to_grayscale(pixels(3, 4, 1)).dtype == "uint8"
    assert image.rgb_to_grayscale(np.array([[[255, 255, 255]]], "uint8")).tolist() == [[[254]]]  # 254.97


def test_perspective_moves_its_points():
    x = A(1, 9, 11, 2)
    start = np.array([[1.0, 1.0], [8.0, 2.0], [2.0, 7.0], [9.0, 6.0]])
    end = np.array([[2.0, 1.0], [9.0, 1.0], [1.0, 8.0], [10.0, 7.0]])
    got = image.perspective_transform(x, start, end).numpy()
    for (u, v), (a, b) in zip(start.astype(int), end.astype(int), strict=True):
        assert_allclose(got[0, b, a], x[0, v, u], rtol=1e-4)


def test_crop_and_pad():
    x = A(2, 5, 7, 1)
    padded = image.pad_images(x, 1, 2, 3, 0)
    assert_array_equal(padded.numpy(), np.pad(x, ((0, 0), (1, 3), (2, 0), (0, 0))))
    by_target = image.pad_images(x, bottom_padding=3, left_padding=2, target_height=9, target_width=9)
    assert_array_equal(by_target.numpy(), padded.numpy())
    cut = image.crop_images(x, 1, right_cropping=2, target_height=3, target_width=4)
    assert_array_equal(cut.numpy(), x[:, 1:4, 1:5])
    assert_array_equal(image.crop_images(padded, 1, 2, 3, 0).numpy(), x)


# ---- gradients, an unknown batch, names

GRADIENTS = {
    "resize": (lambda x: image.resize(x, (5, 3), "bicubic", antialias=True), A(2, 3, 4, 2)),
    "resize to fit": (lambda x: image.resize(x, (4, 9), pad_to_aspect_ratio=True, fill_value=2.0), A(3, 4, 1)),
    "affine": (image.affine_transform, A(2, 3, 4, 1), np.array([0.9, -0.23, 0.61, 0.17, 1.12, -0.38, 0.013, -0.021])),
    "affine, reflected": (
        lambda x, t: image.affine_transform(x, t, fill_mode="reflect"),
        A(2, 3, 4, 1),
        np.array([[1.9, -0.23, 2.61, 0.17, 1.12, -0.38, 0, 0], [0.7, 0.33, -0.6, -0.4, 0.85, 0.29, 0, 0]]),
    ),
    "map_coordinates": (lambda x, at: image.map_coordinates(x, at, 1, "mirror"), A(3, 4), A(2, 5) * 4),
    "perspective": (
        lambda x: image.perspective_transform(
            x, [[0, 0], [3, 0], [0, 2], [3, 2]], [[0, 0.5], [3, 0], [0.25, 2], [2, 2]]
        ),
        A(3, 4, 1),
    ),
    "patches": (lambda x: image.extract_patches(x, 2, 1, padding="same"), A(3, 4, 2)),
    "blur": (lambda x, s: image.gaussian_blur(x, (3, 5), s), A(4, 5, 1), np.array([0.8, 1.7])),
    "sobel": (image.sobel_edges, A(3, 4, 2)),
    "ssim": (lambda x, y: image.ssim(x, y, 2.0, 3), A(2, 4, 5, 2), A(2, 4, 5, 2)[::-1]),
    "crop and pad": (lambda x: image.pad_images(image.crop_images(x, 1, 0, 0, 1), 0, 1, 2, 0), A(3, 4, 2)),
    "gray": (image.rgb_to_grayscale, A(2, 3, 3)),
    "rgb to hsv": (image.rgb_to_hsv, A(3, 4, 3) ** 2 + 0.1),
    "hsv to rgb": (image.hsv_to_rgb, np.random.default_rng(3).uniform(0.05, 0.95, (3, 4, 3))),
}


@pytest.mark.parametrize("which", GRADIENTS)
def test_gradient(which):
    function, *inputs = GRADIENTS[which]
    weights = np.random.default_rng(4).normal(size=function(*inputs).shape)
    report = cr.check(lambda *xs: ops.sum(function(*xs) * weights), *inputs)
    assert report, report
    assert not report.kinks


UNKNOWN = {
    "resize": lambda x: image.resize(x, (6, 3)),
    "nearest": lambda x: image.resize(x, (6, 3), "nearest"),
    "resize to fit": lambda x: image.resize(x, (4, 9), pad_to_aspect_ratio=True, fill_value=2.0),
    "resize to fill": lambda x: image.resize(x, (4, 9), crop_to_aspect_ratio=True),
    "affine": lambda x: image.affine_transform(x, [1, 0.2, 0.3, 0, 0.9, 0.1, 0, 0], fill_value=1.0),
    "perspective": lambda x: image.perspective_transform(
        x, [[0, 0], [3, 0], [0, 2], [3, 2]], [[0, 0.5], [3, 0], [0.25, 2], [2, 2]]
    ),
    "patches": lambda x: image.extract_patches(x, 2),
    "blur": image.gaussian_blur,
    "sobel": image.sobel_edges,
    "ssim": lambda x: image.ssim(x, x[..., ::-1, :, :], filter_size=3),
    "crop": lambda x: image.crop_images(x, 1, 1, 1, 1),
    "pad": lambda x: image.pad_images(x, 1, 0, 1, 3),
    "gray": image.rgb_to_grayscale,
    "rgb to hsv": image.rgb_to_hsv,
    "hsv to rgb": image.hsv_to_rgb,
}


@pytest.mark.parametrize("which", UNKNOWN)
def test_unknown_batch(which):
    x = symbolic((None, 4, 5, 3), "float64")
    y = UNKNOWN[which](x)
    passed = np.random.default_rng(5).uniform(0.1, 0.9, (3, 4, 5, 3))
    assert y.shape == (None, *UNKNOWN[which](passed).shape[1:])
    fixed = symbolic((3, 4, 5, 3), "float64")
    assert_allclose(run(UNKNOWN[which](fixed), {fixed: passed}).numpy(), UNKNOWN[which](passed).numpy())
    # each image by itself is what the batch gives
    assert_allclose(UNKNOWN[which](passed)[1].numpy(), UNKNOWN[which](passed[1]).numpy(), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "uint8", "int16", "int32"])
def test_dtype_is_kept(dtype):
    x = ops.cast(pixels(2, 4, 6, 3), dtype)
    real = "float" in dtype
    created = [
        *[image.resize(x, (8, 3), how) for how in ("nearest", "bilinear", "bicubic", "lanczos3")],
        image.affine_transform(x, [1, 0, 0.25, 0, 1, 0, 0, 0]),
        image.map_coordinates(x[0, :, :, 0], [[0.5], [1.5]], 1),
        image.extract_patches(x, 2),
        image.gaussian_blur(x),
        image.rgb_to_grayscale(x),
        image.pad_images(x, 1, 1, 1, 1),
        *([image.rgb_to_hsv(x), image.hsv_to_rgb(x)] if real else []),
    ]
    assert {str(y.dtype) for y in created} == {dtype}


def test_overshoot_is_cut():
    """Cubic weights below 0 lead past the ends of uint8's range, which do not wrap."""
    row = np.array([0, 0, 255, 255], "uint8").reshape(1, 4, 1)
    free = image.resize(row.astype(float), (1, 8), "bicubic").numpy()
    assert free.min() < -1
    assert free.max() > 256
    assert_array_equal(image.resize(row, (1, 8), "bicubic").numpy(), np.clip(np.rint(free), 0, 255))


X, SQUARE = A(4, 5, 3), [[0, 0], [1, 0], [0, 1], [1, 1]]
SAME = [1, 0, 0, 0, 1, 0, 0, 0]
ERRORS = {
    "resize: rank": (lambda: image.resize(A(4, 5), (2, 2)), ShapeError),
    "resize: rank 5": (lambda: image.resize(A(1, 1, 4, 5, 1), (2, 2)), ShapeError),
    "resize: size 0": (lambda: image.resize(X, (0, 2)), ShapeError),
    "resize: size 0 to fit": (lambda: image.resize(X, (2, 0), pad_to_aspect_ratio=True), ShapeError),
    "resize: one number": (lambda: image.resize(X, 2), ShapeError),
    "resize: three numbers": (lambda: image.resize(X, (2, 2, 2)), ShapeError),
    "resize: half a pixel": (lambda: image.resize(X, (2.5, 2)), ShapeError),
    "resize: interpolation": (lambda: image.resize(X, (2, 2), "area"), ValueProblem),
    "resize: unhashable name": (lambda: image.resize(X, (2, 2), ["bilinear"]), ChainruleError),
    "resize: both": (
        lambda: image.resize(X, (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
        ValueProblem,
    ),
    "resize: fill_mode": (lambda: image.resize(X, (2, 2), fill_mode="wrap"), ValueProblem),
    "resize: fill_value": (lambda: image.resize(X, (2, 2), pad_to_aspect_ratio=True, fill_value="0"), ValueProblem),
    "resize: data_format": (lambda: image.resize(X, (2, 2), data_format="NHWC"), ValueProblem),
    "resize: no pixels": (lambda: image.resize(A(0, 5, 3), (2, 2)), ShapeError),
    "resize: booleans": (lambda: image.resize(X > 0, (2, 2)), DTypeError),
    "affine: rank": (lambda: image.affine_transform(A(4, 5), SAME), ShapeError),
    "affine: length 6": (lambda: image.affine_transform(X, SAME[:6]), ShapeError),
    "affine: a matrix": (lambda: image.affine_transform(X, np.eye(3)), ShapeError),
    "affine: rank of the transform": (lambda: image.affine_transform(X, np.ones((1, 1, 8))), ShapeError),
    "affine: number of transforms": (lambda: image.affine_transform(A(3, 4, 5, 1), [SAME, SAME]), ShapeError),
    "affine: interpolation": (lambda: image.affine_transform(X, SAME, "bicubic"), ValueProblem),
    "affine: fill_mode": (lambda: image.affine_transform(X, SAME, fill_mode="edge"), ValueProblem),
    "affine: fill_value": (lambda: image.affine_transform(X, SAME, fill_value="black"), ValueProblem),
    "affine: fill_value outside": (lambda: image.affine_transform(pixels(2, 2, 1), SAME, fill_value=-1), ValueProblem),
    "affine: no pixels": (lambda: image.affine_transform(A(4, 0, 1), SAME), ShapeError),
    "map_coordinates: too few": (lambda: image.map_coordinates(A(3, 4), [[0.5]], 1), ShapeError),
    "map_coordinates: no axis": (lambda: image.map_coordinates(A(3), [0.5], 1), ShapeError),
    "map_coordinates: order": (lambda: image.map_coordinates(A(3), [[0.5]], 2), ValueProblem),
    "map_coordinates: fill_mode": (lambda: image.map_coordinates(A(3), [[0.5]], 1, "edge"), ValueProblem),
    "map_coordinates: ragged": (lambda: image.map_coordinates(A(3, 4), [[0.5], [0.5, 1.0]], 1), ShapeError),
    "perspective: shape": (lambda: image.perspective_transform(X, SQUARE[:3], SQUARE[:3]), ShapeError),
    "perspective: unequal": (lambda: image.perspective_transform(X, SQUARE, [SQUARE]), ShapeError),
    "perspective: a line": (lambda: image.perspective_transform(X, SQUARE, [[i, i] for i in range(4)]), ValueProblem),
    "patches: length": (lambda: image.extract_patches(X, (1, 2, 3, 4)), ShapeError),
    "patches: size 0": (lambda: image.extract_patches(X, 0), ShapeError),
    "patches: window": (lambda: image.extract_patches(X, 6), ShapeError),
    "patches: padding": (lambda: image.extract_patches(X, 2, padding="full"), ValueProblem),
    "blur: sigma": (lambda: image.gaussian_blur(X, (3, 3), 1.0), ShapeError),
    "blur: kernel_size": (lambda: image.gaussian_blur(X, (3, 0)), ShapeError),
    "ssim: unequal": (lambda: image.ssim(X, A(4, 5, 1)), ShapeError),
    "ssim: window": (lambda: image.ssim(X, X), ShapeError),
    "ssim: filter_size": (lambda: image.ssim(X, X, filter_size=0), ShapeError),
    "pad: one of three": (lambda: image.pad_images(X, 1, 1, right_padding=1), ValueProblem),
    "pad: three of three": (lambda: image.pad_images(X, 1, 1, 1, 1, target_height=6), ValueProblem),
    "pad: negative": (lambda: image.pad_images(X, -1, 1, 1, 1), ValueProblem),
    "pad: to less": (lambda: image.pad_images(X, 1, 1, target_height=4, target_width=9), ShapeError),
    "crop: two of three": (lambda: image.crop_images(X, 1, 1), ValueProblem),
    "crop: to more": (lambda: image.crop_images(X, 1, 1, target_height=4, target_width=2), ShapeError),
    "crop: all and more": (lambda: image.crop_images(X, 3, 0, 2, 0), ShapeError),
    "gray: channels": (lambda: image.rgb_to_grayscale(A(4, 5, 2)), ShapeError),
    "hsv: channels": (lambda: image.rgb_to_hsv(A(4, 5, 6)), ShapeError),
    "hsv: integers": (lambda: image.rgb_to_hsv(pixels(4, 5, 3)), DTypeError),
    "rgb: integers": (lambda: image.hsv_to_rgb(pixels(4, 5, 3)), DTypeError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    call, error = ERRORS[which]
    with pytest.raises(error, match=r"expected|To mend"):
        call()


def test_tensors_as_coordinates_and_colours():
    """Lists of tensors are taken where arrays are."""
    at = [tensor([0.5, 1.5]), tensor([1.0, 0.0])]
    assert image.map_coordinates([[0.0, 1.0], [2.0, 3.0]], at, 1, "nearest").tolist() == [2.0, 2.0]
    assert image.gaussian_blur(ops.ones((1, 1, 1)), (1, 1), (tensor(1.0), 2.0)).tolist() == [[[1.0]]]
