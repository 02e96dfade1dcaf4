"""Arrays as pictures: colours, panels, tooltips, statistics of large ones."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.errors import ValueProblem
from chainrule.draw import locale as words


def pixels_of(svg, k=0):
    image = pytest.importorskip("PIL.Image")
    result = re.findall(r'href="data:image/png;base64,([^"]+)"', svg)
    return np.asarray(image.open(io.BytesIO(base64.b64decode(result[k]))))


def test_colours_say_sign_and_size():
    cells = np.array([[0.0, 1.0, 4.0], [-1.0, -4.0, np.nan]])
    pixels = pixels_of(cr.look(cells).to_svg()).astype(int)
    assert pixels.shape == (2, 3, 3)
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    assert tuple(pixels[1, 2]) == (0, 0, 0)
    assert pixels[0, 1].sum() > pixels[0, 2].sum()
    assert pixels[0, 2, 2] > pixels[0, 2, 0]  # blue
    assert pixels[1, 1, 0] > pixels[1, 1, 2]  # orange
    assert "drawn black: 1" in cr.look(cells).to_svg()


def test_numbers_are_shown_when_pointed_at():
    svg = cr.look(np.array([[1.5, -2.0], [0.25, 7.0]]), "w").to_svg()
    assert re.findall(r"<title>(\[[^<]*)</title>", svg) == [
        "[0, 0] = 1.5",
        "[0, 1] = -2",
        "[1, 0] = 0.25",
        "[1, 1] = 7",
    ]


def test_a_picture_in_colour_is_itself():
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    np.testing.assert_array_equal(pixels_of(cr.look(colours).to_svg()), colours)
    assert "[..., 0]" not in cr.look(colours).to_svg()
    for figure in (cr.look(colours / 255.0), cr.look(colours[None] / 255.0), cr.look(colours / 255.0, kind="images")):
        np.testing.assert_array_equal(pixels_of(figure.to_svg()), colours)
    assert cr.look(colours / 255.0, kind="images").to_svg().count("<image") == 1
    far = np.dstack([colours, colours[..., :1]]) * 2.0 - 300  # as images, numbers are cut off at 0 and 1
    assert set(pixels_of(cr.look(far, kind="images").to_svg()).ravel()) == {0, 255}


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("lead", [(), (1,), (2,)], ids=["one", "a batch of one", "a batch"])
def test_a_few_filters_are_no_photograph(count, lead):
    """The outputs of a layer of three or four filters, all from 0 to 1: each can be seen apart."""
    maps = np.random.default_rng(0).random((*lead, 6, 5, count))
    maps[..., -1] = 0.0
    svg = cr.look(maps, "conv").to_svg()
    assert svg.count("<image") == max(1, *lead, 0) * (count + (count == 3))
    assert svg.count("as a colour image") == (max(1, *lead, 0) if count == 3 else 0)
    apart = cr.look(maps, "conv", kind="maps").to_svg()
    assert apart.count("<image") == max(1, *lead, 0) * count
    assert (pixels_of(apart, count - 1) == 255).all()  # the filter of zeros
    with pytest.raises(ValueProblem, match="'images'"):
        cr.look(maps, kind="photo")


def test_panels_are_the_right_parts_of_the_array():
    kernel = np.random.default_rng(0).normal(size=(2, 3, 2, 4))
    from chainrule.figures.arrays import panels

    rows, note = panels(kernel, "kernel", words.translator("en"))
    assert [len(row) for row in rows] == [4, 4]
    assert note == ""
    np.testing.assert_array_equal(rows[1][3].cells, kernel[:, :, 1, 3])
    assert rows[1][3].index_text(1, 2) == "[1, 2, 1, 3]"
    maps = np.random.default_rng(0).normal(size=(5, 4, 6, 10))
    rows, note = panels(maps, "maps", words.translator("en"))
    np.testing.assert_array_equal(rows[2][7].cells, maps[2, :, :, 7])
    assert note == "the first 4 of 5 examples; the first 8 of 10 channels"


@pytest.mark.parametrize(
    "array",
    [np.float32(3.5), np.zeros((0, 3)), np.zeros(0), np.arange(130), np.zeros((2, 0, 3, 1)), np.eye(3) > 0,
     np.array(["a", "b"]), np.full((3, 3), np.nan), np.ones((2, 2, 2, 2, 2, 2)), np.ones((9, 1)), np.ones(1, complex)],
    ids=lambda a: f"{a.dtype}{a.shape}",
)  # fmt: skip
def test_every_array_has_a_picture(array):
    ET.fromstring(cr.look(array).to_svg())
    assert repr(cr.look(array))


def test_huge_arrays_are_summarised():
    for array in (np.random.default_rng(0).normal(size=(3000, 2000)), np.ones((400, 64, 64, 256), np.float32)):
        assert len(cr.look(array).to_svg()) < 600_000
    assert "the first 64 × 3" in cr.look(np.ones((5000, 3))).to_svg()


def test_tensors_and_variables_are_pictures_in_notebooks():
    bundle = cr.tensor([1.0])._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/plain"] == "tensor([1.])" == repr(cr.tensor([1.0]))
    kernel = cr.Variable(np.ones((3, 3, 2, 4)), name="kernel")
    assert "1→3" in kernel._repr_mimebundle_()["image/svg+xml"]
    assert cr.symbolic((None, 2))._repr_mimebundle_() == {}
