"""The pictures that the README shows are what the library draws, with the numbers that they must have."""

import re

import pytest

from pictures import DOCS, PICTURES

NUMBERS = {
    "j33.svg": ["▸ 33", "▸ 11", "▸ 6", "◂ 1", "◂ 3", "◂ 6", "◂ 9"],
    # CS231n's notes give 0.73 and the gradients -0.2, 0.39, -0.39, -0.59, 0.2
    "neuron.svg": ["▸ 0.731", "◂ −0.197", "◂ 0.393", "◂ −0.393", "◂ −0.59", "◂ 0.197"],
    "bottleneck.svg": ["120,422,400", "12,443,648", "2,408,448", "10,035,200"],
    "descent.svg": ["full batch", "stochastic", "mini-batch", "momentum", "Adam"],
}


def rounded(svg):
    """Without the last digits of coordinates and the compressed image, which hang on the machine's arithmetic."""
    svg = re.sub(r"data:image/png;base64,[^\"]*", "", svg)
    return re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.0f}", svg)


@pytest.mark.parametrize("name", PICTURES)
def test_the_readmes_pictures_are_up_to_date(name):
    stored = (DOCS / name).read_text(encoding="utf-8")
    for text in NUMBERS[name]:
        assert text in stored
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert f"](docs/{name})" in readme
    if name != "descent.svg":  # whose ways may differ by more than a pixel where another BLAS adds
        assert rounded(PICTURES[name]()) == rounded(stored), "run python tests/pictures.py"
