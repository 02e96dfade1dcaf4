"""Images and image layers with arguments, for the tests of preprocessing layers."""

import numpy as np

from chainrule import random

SeedGenerator = random.SeedGenerator
rng = np.random.default_rng(3)
IMAGES = rng.uniform(0, 255, (4, 6, 5, 3)).astype("float32")
WHOLE = IMAGES.astype("uint8")


def first(images):
    """With the channels in front of the height."""
    return np.moveaxis(images, -1, -3)


def last(images):
    return np.moveaxis(images, -3, -1)


RANDOM = {
    "RandomFlip": {"mode": "horizontal"},
    "RandomRotation": {"factor": 0.2},
    "RandomTranslation": {"height_factor": 0.3, "width_factor": (0.1, 0.4)},
    "RandomZoom": {"height_factor": 0.3, "width_factor": (-0.5, -0.1)},
    "RandomCrop": {"height": 4, "width": 3},
    "RandomContrast": {"factor": 0.4},
    "RandomBrightness": {"factor": (-0.3, 0.2)},
}
PLACED = "RandomFlip RandomRotation RandomTranslation RandomZoom RandomCrop".split()
OTHERS = {
    "Rescaling": {"scale": [0.5, 1.0, 2.0], "offset": -1.0},
    "Normalization": {"axis": [1, 3], "invert": True},
    "Resizing": {"height": 3, "width": 7, "interpolation": "bicubic", "crop_to_aspect_ratio": True},
    "CenterCrop": {"height": 3, "width": 2},
}
