"""Regions of interest against loops written from the papers, answers worked out by hand, and torchvision."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import ops, symbolic, tensor
from chainrule.core.errors import ChainruleError, DTypeError, IndexProblem, ShapeError, SymbolicError, ValueProblem
from chainrule.ops.roi import roi_pool_index
from chainrule.transforms.run import run

rng = np.random.default_rng(3)
IMAGES = rng.normal(size=(3, 9, 11, 4))
BOXES = np.array(
    [
        [10.0, 20.0, 95.0, 120.0],
        [-40.0, 12.0, 60.0, 300.0],  # over three borders
        [3.0, 3.0, 4.0, 5.0],  # within one entry
        [90.0, 80.0, 30.0, 20.0],  # reversed
        [500.0, 500.0, 600.0, 620.0],  # outside
        [-24.0, -8.0, 24.0, 24.0],  # halves of an entry, negative ones too
        [0.0, 0.0, 176.0, 144.0],  # the whole image
    ]
)
OWNERS = np.array([2, 0, 1, 1, 0, 2, 0], np.int32)
SCALE = 1 / 16
FUNCTIONS = {"roi_pool": ops.roi_pool, "roi_align": ops.roi_align, "roi_warp": ops.roi_warp}
every = pytest.mark.parametrize("name", FUNCTIONS)

# ---- the papers, by loops


def away(x):
    return math.floor(abs(x) + 0.5) * (1 if x > 0 else -1)


def pool_one(image, box, bins):
    """Fast R-CNN: rounded corners, both included; each bin's largest entry; 0 where there is none."""
    height, width, channels = image.shape
    x1, y1, x2, y2 = map(away, box)
    tall, wide = max(y2 - y1 + 1, 1), max(x2 - x1 + 1, 1)
    out = np.zeros((*bins, channels))
    for p, q, c in np.ndindex(out.shape):
        ys = range(y1 + p * tall // bins[0], y1 + math.ceil((p + 1) * tall / bins[0]))
        xs = range(x1 + q * wide // bins[1], x1 + math.ceil((q + 1) * wide / bins[1]))
        read = [image[y, x, c] for y in ys for x in xs if 0 <= y < height and 0 <= x < width]
        out[p, q, c] = max(read, default=0.0)
    return out


def bilinear(image, y, x, margin):
    """The value between four entries; 0 beyond `margin` outside."""
    height, width, channels = image.shape
    if not (-margin <= y <= height - 1 + margin and -margin <= x <= width - 1 + margin):
        return np.zeros(channels)
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    total = np.zeros(channels)
    for v in (math.floor(y), math.floor(y) + 1):
        for u in (math.floor(x), math.floor(x) + 1):
            weight = (1 - abs(y - v)) * (1 - abs(x - u))
            total += weight * image[v, u] if weight else 0.0
    return total


def align_one(image, box, bins, ratio=2, aligned=True):
    """Mask R-CNN: the mean of regular samples in each bin of the box as it is."""
    x1, y1, x2, y2 = box - 0.5 * aligned
    tall, wide = (y2 - y1, x2 - x1) if aligned else (max(y2 - y1, 1), max(x2 - x1, 1))
    down, across = (ratio, ratio) if ratio > 0 else (math.ceil(tall / bins[0]), math.ceil(wide / bins[1]))
    out = np.zeros((*bins, image.shape[-1]))
    for p, q in np.ndindex(bins):
        for i in range(down):
            for j in range(across):
                y = y1 + tall / bins[0] * (p + (i + 0.5) / down)
                x = x1 + wide / bins[1] * (q + (j + 0.5) / across)
                out[p, q] += bilinear(image, y, x, 1) / (down * across)
    return out


def warp_one(image, box, bins, ratio=1):
    """RoIWarp as released: x1 + u' / W' w on the rounded box."""
    x1, y1, x2, y2 = map(away, box)
    out = np.zeros((*bins, image.shape[-1]))
    for p, q in np.ndindex(bins):
        for i in range(ratio):
            for j in range(ratio):
                y = y1 + max(y2 - y1, 0) * (p * ratio + i) / (bins[0] * ratio)
                x = x1 + max(x2 - x1, 0) * (q * ratio + j) / (bins[1] * ratio)
                out[p, q] += bilinear(image, y, x, 0.5) / ratio**2
    return out


ONE = {"roi_pool": pool_one, "roi_align": align_one, "roi_warp": warp_one}
CASES = [
    ("roi_pool", {}),
    ("roi_align", {}),
    ("roi_align", {"sampling_ratio": 3, "aligned": False}),
    ("roi_align", {"sampling_ratio": 0}),
    ("roi_align", {"sampling_ratio": -1, "aligned": False}),
    ("roi_warp", {}),
    ("roi_warp", {"sampling_ratio": 3}),
]


def by_loops(name, bins, sampling_ratio=None, **more):
    more |= {} if sampling_ratio is None else {"ratio": sampling_ratio}
    return np.array([ONE[name](IMAGES[i], b * SCALE, bins, **more) for i, b in zip(OWNERS, BOXES, strict=True)])


@pytest.mark.parametrize("bins", [(1, 1), (2, 3), (7, 5)])
@pytest.mark.parametrize(("name", "more"), CASES)
def test_loops(name, more, bins):
    got = FUNCTIONS[name](IMAGES, BOXES, bins, SCALE, box_images=OWNERS, **more)
    assert_allclose(got.numpy(), by_loops(name, bins, **more), 1e-12, 1e-12)


# ---- worked out by hand


def test_pool_worked_out():
    """5 rows and 7 columns from row 3, in 2 x 2 bins: 5 and 7 are not even, so the bins share row 5 and column 3."""
    image = np.arange(64.0).reshape(1, 8, 8, 1)
    result = ops.roi_pool(image, [[0.0, 3.0, 6.0, 7.0]], 2)[0, ..., 0]
    assert result.tolist() == [[43.0, 46.0], [59.0, 62.0]]  # rows 3-5, 5-7; columns 0-3, 3-6
    assert ops.roi_pool(-image, [[0.0, 3.0, 6.0, 7.0]], 2).numpy().ravel().tolist() == [-24, -27, -40, -43]


def test_pool_rounds_halves_away_from_zero():
    image = np.arange(25.0).reshape(1, 5, 5, 1)
    assert ops.roi_pool(image, [[0.5, 2.5, 0.5, 2.5]], 1).item() == 16  # row 3, column 1
    assert ops.roi_pool(image, [[-0.5, 0.0, -0.5, 0.0]], 1).item() == 0  # column -1: empty
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert ops.roi_pool(image.astype("float32"), np.array([[below, 0, below, 0]], "float32"), 1).item() == 0


def test_align_worked_out():
    """On a plane every mean of samples is the plane's value at the bin's middle, 0.5 before it in entries."""
    y, x = np.mgrid[:8.0, :9.0]
    plane = (3 * y + 5 * x + 1)[None, ..., None]
    for ratio in (1, 2, 3, 0):
        result = ops.roi_align(plane, [[2.0, 4.0, 16.0, 12.0]], 2, 0.5, ratio)[0, ..., 0]
        # the box is columns 1-8 and rows 2-6: middles 2.75 and 6.25, 3 and 5
        want = [[3 * (v - 0.5) + 5 * (u - 0.5) + 1 for u in (2.75, 6.25)] for v in (3, 5)]
        assert_allclose(result.numpy(), want, 1e-6)


def test_align_at_the_border():
    """Samples at -1 and at the size still count, moved onto the border; beyond they are 0."""
    row = np.array([10.0, 20.0, 30.0]).reshape(1, 1, 3, 1)
    at = lambda x: ops.roi_align(row, [[x, 0.0, x + 1, 1.0]], 1, sampling_ratio=1).item()  # reads at x
    assert [at(x) for x in (-1.25, -1, -0.5, 0, 0.25, 2, 2.5, 3, 3.25)] == [0, 10, 10, 10, 12.5, 30, 30, 30, 0]


def test_warp_worked_out():
    """Columns 1 to 3 in 4 bins: samples at 1, 1.5, 2, 2.5; and half an entry outside is the end."""
    row = np.array([10.0, 20.0, 30.0, 50.0]).reshape(1, 1, 4, 1)
    warp = lambda x1, x2, bins: ops.roi_warp(row, [[x1, 0.0, x2, 0.0]], (1, bins)).numpy().ravel().tolist()
    assert warp(1.2, 3.4, 4) == [20, 25, 30, 40]
    assert warp(-1.0, 1.0, 4) == [0, 10, 10, 15]
    assert warp(3.0, 1.0, 2) == [50, 50]  # reversed: no size


def test_max_pooling_after_the_warp_is_the_cascade():
    fine = np.array([warp_one(IMAGES[i], b * SCALE, (4, 6)) for i, b in zip(OWNERS, BOXES, strict=True)])
    want = fine.reshape(len(BOXES), 2, 2, 3, 2, 4).max(axis=(2, 4))
    result = ops.max_pool(ops.roi_warp(IMAGES, BOXES, (4, 6), SCALE, box_images=OWNERS), 2)
    assert_allclose(result.numpy(), want, 1e-12, 1e-12)


# ---- three ways to give boxes, two formats


@every
def test_forms(name):
    function, sets = FUNCTIONS[name], [BOXES[:2], np.zeros((0, 4)), BOXES[2:5]]
    flat = function(IMAGES, BOXES[:5], (2, 3), SCALE, box_images=[0, 0, 2, 2, 2]).numpy()
    assert_array_equal(function(IMAGES, sets, (2, 3), SCALE).numpy(), flat)
    assert_array_equal(function(IMAGES, [BOXES[:2].tolist(), [], tensor(BOXES[2:5])], (2, 3), SCALE).numpy(), flat)
    turned = BOXES[:5, [1, 0, 3, 2]]
    result = function(IMAGES, turned, (2, 3), SCALE, box_images=[0, 0, 2, 2, 2], box_format="yxyx")
    assert_array_equal(result.numpy(), flat)
    batched = function(IMAGES, BOXES[:6].reshape(3, 2, 4), (2, 3), SCALE)
    assert batched.shape == (3, 2, 2, 3, 4)
    want = function(IMAGES, BOXES[:6], (2, 3), SCALE, box_images=[0, 0, 1, 1, 2, 2])
    assert_array_equal(batched.numpy().reshape(want.shape), want.numpy())
    alone = function(IMAGES[:1], BOXES.tolist(), (2, 3), SCALE)
    want = function(IMAGES, BOXES, (2, 3), SCALE, box_images=[0] * 7).numpy()
    assert_allclose(alone.numpy(), want, 1e-4, 1e-5)  # a list's numbers are float32


@every
@pytest.mark.parametrize("boxes", [[], [[], [], []], [np.zeros((0, 4))] * 3])
def test_no_boxes(name, boxes):
    assert FUNCTIONS[name](IMAGES, boxes, (2, 3)).shape == (0, 2, 3, 4)
    x = tensor(IMAGES, watch=True)
    y = FUNCTIONS[name](x, boxes, (2, 3))
    assert_array_equal(cr.gradients(ops.sum(y), x).numpy(), np.zeros_like(IMAGES))


@every
def test_dtype_is_the_features(name):
    for dtype in ("float16", "float32", "float64"):
        result = FUNCTIONS[name](IMAGES.astype(dtype), BOXES, 2, SCALE, box_images=OWNERS)
        assert result.dtype == dtype
        assert_allclose(result.numpy(), FUNCTIONS[name](IMAGES, BOXES, 2, SCALE, box_images=OWNERS).numpy(), 0.01, 0.01)
    assert ops.roi_pool(np.arange(16).reshape(1, 4, 4, 1), [[0, 0, 3, 3]], 2).dtype.kind == "i"


# ---- readings


@every
def test_unknown_batch(name):
    """Built for any batch, run at one."""
    x, b = symbolic((None, 9, 11, 4)), symbolic((None, 2, 4))
    y = FUNCTIONS[name](x, b, (2, 3), SCALE)
    assert y.shape == (None, 2, 2, 3, 4)
    feed = {x: IMAGES.astype("float32"), b: BOXES[:6].reshape(3, 2, 4).astype("float32")}
    assert_array_equal(run(y, feed).numpy(), FUNCTIONS[name](feed[x], feed[b], (2, 3), SCALE).numpy())


@every
def test_vectorize(name):
    """Features, boxes, or both by example."""
    many = np.stack([IMAGES, IMAGES[::-1] * 2])
    boxes = np.stack([BOXES, BOXES[::-1] + 3])
    read = lambda x, b: FUNCTIONS[name](x, b, (2, 3), SCALE, box_images=OWNERS)
    for axes in ((0, 0), (0, None), (None, 0)):
        xs = many if axes[0] == 0 else IMAGES, boxes if axes[1] == 0 else BOXES
        got = cr.vectorize(read, in_axes=axes)(*xs).numpy()
        each = [[x[i] if axis == 0 else x for x, axis in zip(xs, axes, strict=True)] for i in range(2)]
        assert_allclose(got, [read(*one).numpy() for one in each], 1e-12, 1e-14)


@every
def test_price(name):
    x = symbolic((1, 9, 11, 4))
    total = cr.price(FUNCTIONS[name](x, BOXES.tolist(), (2, 3))).total
    macs = {"roi_pool": 0, "roi_align": 7 * 4 * 6 * 16, "roi_warp": 7 * 4 * 6 * 4}[name]  # boxes, channels, bins, reads
    assert total.macs >= macs
    assert total.flops > 0


def test_pool_price():
    """A box that covers 9 x 11 entries in 2 x 3 bins reads rows 5 + 5 and columns 4 + 5 + 4."""
    y = roi_pool_index(symbolic((1, 9, 11, 4)), np.zeros((7, 4)), np.zeros(7, "int32"), output_size=(2, 3))
    assert cr.price(y).total.flops == 7 * 10 * 13 * 4


@every
def test_check(name):
    """Numeric gradients to the features, and for align to the boxes."""
    boxes = np.array([[1.2, 0.7, 5.1, 6.3], [2.3, 1.1, 8.6, 4.9]])
    x = IMAGES[:1, :7, :8, :2]
    if name == "roi_align":
        read = lambda x, b: ops.sum(ops.sin(ops.roi_align(x, b, (2, 3), box_images=[0, 0])))
        assert cr.check(read, x, boxes)
        assert cr.check(lambda b: ops.sum(ops.roi_align(x, b, (2, 3), sampling_ratio=0) ** 2), boxes)
    else:
        assert cr.check(lambda x: ops.sum(ops.sin(FUNCTIONS[name](x, boxes, (2, 3)))), x)


def test_a_box_learns():
    """Descent on a box through RoI align finds the block that it is shown."""
    y, x = np.mgrid[:12.0, :12.0]
    image = np.stack([y, x], -1)[None]
    want = ops.roi_align(image, [[3.0, 4.0, 8.0, 10.0]], 3)
    loss = cr.value_and_grad(lambda b: ops.mean((ops.roi_align(image, b, 3) - want) ** 2))
    box = np.array([[2.0, 2.5, 9.0, 8.5]])
    for _ in range(200):
        _, slope = loss(box)
        box = box - slope.numpy()
    assert_allclose(box, [[3.0, 4.0, 8.0, 10.0]], 1e-3)


@pytest.mark.parametrize("name", ["roi_pool", "roi_warp"])
def test_rounded_boxes_have_no_slope(name):
    b = tensor(BOXES, watch=True)
    y = ops.sum(FUNCTIONS[name](tensor(IMAGES, watch=True), b, 2, SCALE, box_images=OWNERS))
    assert_array_equal(cr.gradients(y, b).numpy(), np.zeros_like(BOXES))


def test_pool_gradient_worked_out():
    """The first of equals gets all; an entry that wins in two bins gets both; an empty bin gives none."""
    x = tensor([[[[7.0], [7.0], [1.0]], [[7.0], [0.0], [2.0]]]], watch=True)
    y = ops.roi_pool(x, [[0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 9.0, 0.0]], (1, 2))
    assert y.numpy()[..., 0].tolist() == [[[7, 7]], [[7, 0]]]
    slope = cr.gradients(y, x, np.array([1.0, 2.0, 4.0, 8.0]).reshape(2, 1, 2, 1)).numpy()[0, ..., 0]
    assert slope.tolist() == [[5, 2, 0], [0, 0, 0]]


def test_nan():
    """A nan among the features wins and is seen; a nan box of a graph without numbers reads nothing."""
    x = IMAGES[:1].copy()
    x[0, 1, 1, 0] = np.nan
    assert np.isnan(ops.roi_pool(x, [[0.0, 0.0, 3.0, 3.0]], 1).numpy()).ravel().tolist() == [True, False, False, False]
    for name, function in FUNCTIONS.items():
        b = symbolic((3, 4), "float64")
        bad = np.array([[np.nan, 0, 3, 3], [0, 0, np.inf, 2], [0, 0, 3, 1e300]])
        result = run(function(IMAGES[:1], b, 2), {b: bad}).numpy()
        assert_array_equal(result[: 1 if name == "roi_align" else 2], 0)
        assert np.isfinite(result).all()


ERRORS = {
    "nan": (lambda f: f(IMAGES[:1], [[0.0, np.nan, 1.0, 1.0]], 2), ValueProblem),
    "infinite": (lambda f: f(IMAGES[:1], [[0.0, 0.0, np.inf, 1.0]], 2), ValueProblem),
    "no image named": (lambda f: f(IMAGES, BOXES, 2), ShapeError),
    "image too high": (lambda f: f(IMAGES, BOXES[:2], 2, box_images=[0, 3]), IndexProblem),
    "image below 0": (lambda f: f(IMAGES, BOXES[:2], 2, box_images=[0, -1]), IndexProblem),
    "image as a float": (lambda f: f(IMAGES, BOXES[:2], 2, box_images=[0.0, 1.0]), DTypeError),
    "too few images": (lambda f: f(IMAGES, BOXES, 2, box_images=[0]), ShapeError),
    "images twice": (lambda f: f(IMAGES, [BOXES] * 3, 2, box_images=OWNERS), ValueProblem),
    "images and batched": (lambda f: f(IMAGES, BOXES[None], 2, box_images=OWNERS), ValueProblem),
    "five coordinates": (lambda f: f(IMAGES[:1], np.zeros((2, 5)), 2), ShapeError),
    "one box without its axis": (lambda f: f(IMAGES[:1], [0.0, 0.0, 1.0, 1.0], 2), ShapeError),
    "one box as a tensor": (lambda f: f(IMAGES[:1], np.zeros(4), 2), ShapeError),
    "a number": (lambda f: f(IMAGES[:1], 3.0, 2), ShapeError),
    "sets too few": (lambda f: f(IMAGES, [BOXES], 2), ShapeError),
    "a set of fives": (lambda f: f(IMAGES, [BOXES, BOXES, np.zeros((1, 5))], 2), ShapeError),
    "another batch": (lambda f: f(IMAGES, BOXES[None], 2), ShapeError),
    "features without batch": (lambda f: f(IMAGES[0], BOXES, 2, box_images=OWNERS), ShapeError),
    "features without entries": (lambda f: f(np.zeros((1, 0, 4, 2)), BOXES, 2), ShapeError),
    "features a number": (lambda f: f(1.0, BOXES, 2, box_images=OWNERS), ShapeError),
    "format": (lambda f: f(IMAGES[:1], BOXES, 2, box_format="xywh"), ValueProblem),
    "output 0": (lambda f: f(IMAGES[:1], BOXES, 0), ShapeError),
    "output of three": (lambda f: f(IMAGES[:1], BOXES, (1, 2, 3)), ShapeError),
    "output a half": (lambda f: f(IMAGES[:1], BOXES, 1.5), ShapeError),
    "scale 0": (lambda f: f(IMAGES[:1], BOXES, 2, 0), ValueProblem),
    "scale nan": (lambda f: f(IMAGES[:1], BOXES, 2, math.nan), ValueProblem),
    "scale a pair": (lambda f: f(IMAGES[:1], BOXES, 2, (1.0, 1.0)), ValueProblem),
}


@every
@pytest.mark.parametrize("which", ERRORS)
def test_error(which, name):
    call, error = ERRORS[which]
    with pytest.raises(error, match=r"expected|To mend") as caught:
        call(FUNCTIONS[name])
    assert isinstance(caught.value, ChainruleError)


def test_error_of_the_ratio():
    with pytest.raises(SymbolicError, match="samples"):
        ops.roi_align(IMAGES[:1], symbolic((2, 4)), 2, sampling_ratio=-1)
    for ratio in (1.5, True, "2"):
        with pytest.raises(ValueProblem, match="whole number"):
            ops.roi_align(IMAGES[:1], BOXES, 2, sampling_ratio=ratio)
    with pytest.raises(ValueProblem, match="from 1 up"):
        ops.roi_warp(IMAGES[:1], BOXES, 2, sampling_ratio=0)


# ---- torchvision


@pytest.fixture(scope="module")
def vision():
    pytest.importorskip("torch", reason="install tests/peers.txt to compare with PyTorch")
    try:
        from torchvision import ops as found
    except (ImportError, RuntimeError) as problem:  # a torchvision made for another torch
        pytest.skip(f"install torchvision beside its torch: {problem}")
    return found


@pytest.mark.heavy
@pytest.mark.parametrize("bins", [(2, 3), (7, 5)])
@pytest.mark.parametrize(("name", "more"), [case for case in CASES if case[0] != "roi_warp"])
def test_torchvision(vision, name, more, bins):
    """Values, and the features' gradients; torchvision gives boxes none."""
    import torch

    x = torch.tensor(IMAGES.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    rois = torch.tensor(np.concatenate([OWNERS[:, None], BOXES], 1))
    options = {"sampling_ratio": 2, "aligned": True, **more} if name == "roi_align" else {}
    want = getattr(vision, name)(x, rois, bins, SCALE, **options)
    leaf = tensor(IMAGES, watch=True)
    got = FUNCTIONS[name](leaf, BOXES, bins, SCALE, box_images=OWNERS, **more)
    assert_allclose(got.numpy().transpose(0, 3, 1, 2), want.detach().numpy(), 1e-12, 1e-12)
    upstream = rng.normal(size=got.shape)
    want.backward(torch.tensor(upstream.transpose(0, 3, 1, 2).copy()))
    slope = cr.gradients(got, leaf, upstream).numpy()
    assert_allclose(slope.transpose(0, 3, 1, 2), x.grad.numpy(), 1e-11, 1e-12)
