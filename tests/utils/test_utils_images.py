"""Pictures resized, loaded and saved: against Keras, Pillow and loops."""

import io
import math
import os
import warnings

import numpy as np
import pytest

from chainrule import utils
from chainrule.core.errors import DTypeError, ShapeError, ValueProblem
from chainrule.utils import images


def kernel(name, x):
    """The weight at a distance, from the textbooks."""
    x = abs(x)
    if name == "bilinear":
        return max(0.0, 1 - x)
    if name == "bicubic":  # Keys (1981), a = -1/2
        return 1.5 * x**3 - 2.5 * x**2 + 1 if x < 1 else -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0
    radius = int(name[-1])
    if x == 0 or x >= radius:
        return float(x == 0)
    return radius * math.sin(math.pi * x) * math.sin(math.pi * x / radius) / (math.pi * x) ** 2


def resized(row, size, name):
    """A row of numbers, sampled at half-entries."""
    result = []
    for i in range(size):
        at = (i + 0.5) * len(row) / size - 0.5
        weights = [kernel(name, at - j) for j in range(len(row))]
        result.append(sum(w * v for w, v in zip(weights, row, strict=True)) / sum(weights))
    return result


@pytest.mark.parametrize("name", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("size", [(3, 4), (7, 5), (20, 11), (1, 1)])
def test_resize_by_loops(name, size):
    x = np.random.default_rng(0).uniform(0, 255, (7, 5, 2))
    for channel in (0, 1):
        columns = np.array([resized(column, size[0], name) for column in x[..., channel].T.tolist()]).T
        rows = np.array([resized(row, size[1], name) for row in columns.tolist()])
        result = images.resize(x, size, name)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result[..., channel], rows, rtol=1e-4, atol=1e-3)


def test_nearest_by_hand():
    x = np.arange(4.0).reshape(1, 4, 1)
    assert images.resize(x, (2, 2), "nearest")[..., 0].tolist() == [[1, 3], [1, 3]]
    assert images.resize(x, (1, 6), "nearest")[..., 0].tolist() == [[0, 1, 1, 2, 3, 3]]


@pytest.mark.heavy
@pytest.mark.parametrize("interpolation", images.INTERPOLATIONS)
@pytest.mark.parametrize("fit", ["", "crop", "pad"])
@pytest.mark.parametrize("size", [(4, 6), (9, 9), (3, 11)])
def test_resize_is_keras(interpolation, fit, size):
    keras = pytest.importorskip("keras")
    x = np.random.default_rng(0).uniform(0, 255, (8, 13, 3)).astype("float32")
    oracle = keras.ops.image.resize(
        x, size, interpolation, crop_to_aspect_ratio=fit == "crop", pad_to_aspect_ratio=fit == "pad"
    )
    np.testing.assert_allclose(images.resize(x, size, interpolation, fit), np.asarray(oracle), rtol=1e-4, atol=2e-3)


def test_crop_and_pad_keep_proportions():
    x = np.arange(24.0).reshape(4, 6, 1)
    np.testing.assert_array_equal(images.resize(x, (2, 2), "nearest", "crop")[..., 0], [[8, 10], [20, 22]])
    padded_one = images.resize(x + 1, (6, 6), "nearest", "pad")[..., 0]
    np.testing.assert_array_equal(padded_one[[0, 5]], np.zeros((2, 6)))
    np.testing.assert_array_equal(padded_one[1:5], x[..., 0] + 1)


@pytest.mark.parametrize(("ending", "channels"), [("png", 1), ("png", 3), ("png", 4), ("bmp", 3), ("gif", 1)])
def test_pictures_come_back(pil, tmp_path, ending, channels):
    x = np.random.default_rng(0).integers(0, 256, (5, 7, channels), "uint8")
    path = tmp_path / f"a.{ending}"
    utils.save_img(path, x, scale=False)
    mode = {1: "grayscale", 3: "rgb", 4: "rgba"}[channels]
    assert utils.img_to_array(utils.load_img(path, mode), dtype="uint8").tolist() == x.tolist()
    with pil.open(path) as theirs:
        assert np.asarray(theirs.convert(images.MODES[mode])).reshape(x.shape).tolist() == x.tolist()
    back = utils.img_to_array(utils.load_img(io.BytesIO(path.read_bytes()), mode), "channels_first")
    assert back.dtype == np.float32
    assert back.tolist() == x.transpose(2, 0, 1).tolist()
    utils.save_img(str(path), x.transpose(2, 0, 1), "channels_first", scale=False)
    assert utils.img_to_array(utils.load_img(str(path), mode)).tolist() == x.tolist()


def test_jpeg_loses_little_and_transparency(pil, tmp_path):
    x = np.full((16, 16, 3), (200, 100, 50), "uint8")
    for name in ("a.jpg", "a.jpeg", "a.JPG"):
        utils.save_img(tmp_path / name, x, scale=False, quality=95)
        with pil.open(tmp_path / name) as theirs:
            assert theirs.format == "JPEG"
        np.testing.assert_allclose(utils.img_to_array(utils.load_img(tmp_path / name)), x, atol=3)
    into = io.BytesIO()
    with pytest.warns(UserWarning, match="transparency"):
        utils.save_img(into, np.dstack([x, x[..., 0]]), file_format="jpg", scale=False)
    assert utils.load_img(into).mode == "RGB"


@pytest.mark.parametrize("mode", ["grayscale", "rgb", "rgba"])
@pytest.mark.parametrize("kind", ["L", "RGB", "RGBA", "P", "1", "LA", "CMYK", "I;16"])
def test_colour_modes_are_pillows(pil, tmp_path, mode, kind):
    picture = pil.fromarray(np.random.default_rng(0).integers(0, 256, (4, 6, 3), "uint8"))
    deep = pil.fromarray(np.arange(24, dtype="uint16").reshape(4, 6) * 999)
    picture = deep if kind == "I;16" else picture.convert(kind)
    path = tmp_path / ("a.tiff" if kind == "CMYK" else "a.png")
    picture.save(path)
    expected = images.MODES[mode]
    result = utils.load_img(path, mode)
    if kind == "I;16" and mode == "grayscale":
        assert np.asarray(result).max() == 23 * 999  # deep grey stays deep
    else:
        assert result.mode == expected
        with pil.open(path) as saved:
            assert np.asarray(result).tolist() == np.asarray(saved.convert(expected)).tolist()


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"])
def test_target_size_is_pillows(pil, tmp_path, interpolation):
    x = np.random.default_rng(0).integers(0, 256, (12, 20, 3), "uint8")
    pil.fromarray(x).save(tmp_path / "a.png")
    method = pil.Resampling[interpolation.upper()]
    result = utils.load_img(tmp_path / "a.png", target_size=(6, 5), interpolation=interpolation)
    assert np.asarray(result).tolist() == np.asarray(pil.fromarray(x).resize((5, 6), method)).tolist()
    result = utils.load_img(tmp_path / "a.png", "rgb", (6, 6), interpolation, keep_aspect_ratio=True)
    assert (
        np.asarray(result).tolist() == np.asarray(pil.fromarray(x).resize((6, 6), method, box=(4, 0, 16, 12))).tolist()
    )
    assert utils.load_img(tmp_path / "a.png", target_size=(12, 20)).size == (20, 12)


@pytest.mark.heavy
def test_pictures_are_keras(pil, tmp_path):
    theirs = pytest.importorskip("keras").utils
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras names Pillow's modes
        for shape in ((4, 5, 1), (4, 5, 3), (4, 5, 4)):
            for scale in (True, False):
                x = rng.uniform(0, 255, shape)
                assert np.asarray(utils.array_to_img(x, scale=scale)).tolist() == (
                    np.asarray(theirs.array_to_img(x, scale=scale)).tolist()
                )
        deep = rng.uniform(0, 60000, (4, 5, 1))
        assert np.asarray(utils.array_to_img(deep, scale=False)).tolist() == (
            np.asarray(theirs.array_to_img(deep, scale=False)).tolist()
        )
    pil.fromarray(rng.integers(0, 256, (12, 20, 3), "uint8")).save(tmp_path / "a.png")
    for arguments in ({}, {"color_mode": "grayscale"}, {"target_size": (5, 7), "interpolation": "bilinear"},
                      {"target_size": (5, 7), "keep_aspect_ratio": True}):  # fmt: skip
        ours, oracle = (m.load_img(str(tmp_path / "a.png"), **arguments) for m in (utils, theirs))
        np.testing.assert_array_equal(utils.img_to_array(ours), theirs.img_to_array(oracle))


@pytest.mark.parametrize(("call", "error"), [
    (lambda: utils.array_to_img(np.zeros((3, 3))), ShapeError),
    (lambda: utils.array_to_img(np.zeros((3, 3, 2))), ShapeError),
    (lambda: utils.array_to_img(np.zeros((0, 3, 3))), ShapeError),
    (lambda: utils.array_to_img(np.full((1, 1, 3), np.nan)), ValueProblem),
    (lambda: utils.array_to_img(np.full((1, 1, 3), 256.0), scale=False), ValueProblem),
    (lambda: utils.array_to_img(np.full((1, 1, 1), -1.0), scale=False), ValueProblem),
    (lambda: utils.array_to_img(np.full((1, 1, 1), 1e10), scale=False), ValueProblem),
    (lambda: utils.array_to_img([[["a"]]]), DTypeError),
    (lambda: utils.array_to_img(np.zeros((3, 3, 3)), "hwc"), ValueProblem),
    (lambda: utils.img_to_array(np.zeros(3)), ShapeError),
    (lambda: utils.img_to_array(np.zeros((3, 3)), "hwc"), ValueProblem),
    (lambda: utils.load_img("nowhere.png"), ValueProblem), (lambda: utils.load_img(3), ValueProblem),
    (lambda: utils.load_img("a\0b"), ValueProblem), (lambda: utils.load_img(io.BytesIO(b"no picture")), ValueProblem),
    (lambda: utils.load_img("a.png", "bgr"), ValueProblem),
    (lambda: utils.save_img("nowhere/at/all.png", np.zeros((2, 2, 3))), ValueProblem),
    (lambda: utils.save_img("a.nonsense", np.zeros((2, 2, 3))), ValueProblem),
    (lambda: utils.save_img("a", np.zeros((2, 2, 3))), ValueProblem),
    (lambda: utils.save_img(io.BytesIO(), np.zeros((2, 2, 3))), ValueProblem),
    (lambda: utils.save_img("a.png", np.zeros((2, 2))), ShapeError),
])  # fmt: skip
def test_wrong_pictures(pil, tmp_path, monkeypatch, call, error):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error):
        call()
    assert os.listdir(tmp_path) == []


def test_damaged_pictures(pil, tmp_path):
    full = io.BytesIO()
    utils.save_img(full, np.random.default_rng(0).uniform(size=(40, 40, 3)), file_format="png")
    data = full.getvalue()
    for size in (0, 4, 20, 60, len(data) // 2):
        with pytest.raises(ValueProblem):
            utils.load_img(io.BytesIO(data[:size]))
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(ValueProblem, match="interpolation"):
        utils.load_img(path, target_size=(3, 3), interpolation="area")
    for size in ((0, 3), (3,), "ab", (2.5, 3), (True, 3)):
        with pytest.raises(ValueProblem, match="target_size"):
            utils.load_img(path, target_size=size)


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(ValueProblem, match="pip install chainrule\\[images\\]"):
        utils.load_img("a.png")
    assert utils.img_to_array(np.zeros((2, 2))).shape == (2, 2, 1)
