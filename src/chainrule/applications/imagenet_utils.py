"""Preprocessing of images for networks trained on ImageNet (``keras.applications.imagenet_utils``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..core import arguments
from ..core.errors import ShapeError, ValueProblem
from ..graph import floatx
from ..graph.spec import is_float
from ..layers.reshaping import channels_first
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor

# mean and deviation of each channel over ImageNet's training images: in blue, green, red from 0 to 255, as the authors
# of VGG and ResNet subtracted it, and in red, green, blue from 0 to 1, as torchvision divides by it
_CAFFE = (103.939, 116.779, 123.68)
_TORCH = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Preprocess images of red, green and blue from 0 to 255 as for the training of a network.

    Args:
        x: (batch, height, width, 3), or one image of (height, width, 3); an array gives a new array, a tensor a
            tensor. Integers are converted to floatx.
        data_format: ``"channels_last"`` (the default), or ``"channels_first"``.
        mode: ``"caffe"``: blue, green, red, each minus its mean over ImageNet. ``"tf"``: from -1 to 1.
            ``"torch"``: from 0 to 1, minus the mean, over the deviation.

    Raises:
        ShapeError: for other than 3 or 4 axes, or, except in mode ``"tf"``, other than 3 channels.
        ValueProblem: for an unknown mode or data format.

    >>> preprocess_input(np.array([[[0.0, 127.5, 255.0]]]), mode="tf").tolist()
    [[[-1.0, 0.0, 1.0]]]
    """
    arguments.one_of(("caffe", "tf", "torch"), mode=mode)
    axis = -3 if channels_first(data_format) else -1
    images = as_tensor(x)
    if images.ndim not in (3, 4) or (mode != "tf" and images.shape[axis] != 3):
        raise ShapeError(
            f"images of shape {images.shape}",
            f"3 or 4 axes, and 3 channels on axis {axis}",
            "pass color images: repeat a single channel 3 times with np.repeat",
        )
    if not is_float(images.dtype):
        images = ops.cast(images, floatx())
    result = _normalize(images, axis, mode)
    return result if isinstance(x, Tensor) else result.numpy()


def _normalize(images: Tensor, axis: int, mode: str) -> Tensor:
    def along_channels(values: tuple[float, ...]) -> Tensor:
        return ops.cast(np.reshape(values, (3, *(1,) * (-axis - 1))), images.dtype)

    if mode == "tf":
        return images / 127.5 - 1.0
    if mode == "torch":
        mean, deviation = _TORCH
        return (images / 255.0 - along_channels(mean)) / along_channels(deviation)
    return ops.flip(images, axis) - along_channels(_CAFFE)


def preprocess_caffe(x: Any, data_format: str | None = None) -> Any:
    """Preprocess as `preprocess_input` in mode ``"caffe"``: blue, green, red, each minus its mean over ImageNet.

    >>> preprocess_caffe(np.array([[[123.68, 116.779, 104.939]]])).tolist()
    [[[1.0, 0.0, 0.0]]]
    """
    return preprocess_input(x, data_format, "caffe")


def preprocess_tf(x: Any, data_format: str | None = None) -> Any:
    """Preprocess as `preprocess_input` in mode ``"tf"``: from -1 to 1.

    >>> preprocess_tf(np.array([[[0.0, 0.0, 255.0]]])).tolist()
    [[[-1.0, -1.0, 1.0]]]
    """
    return preprocess_input(x, data_format, "tf")


def preprocess_torch(x: Any, data_format: str | None = None) -> Any:
    """Preprocess as `preprocess_input` in mode ``"torch"``: from 0 to 1, minus ImageNet's mean, over its deviation.

    >>> preprocess_torch(np.array([[[0.714 * 255, 0.456 * 255, 0.406 * 255]]])).round(6).tolist()
    [[[1.0, 0.0, 0.0]]]
    """
    return preprocess_input(x, data_format, "torch")


def decode_predictions(preds: Any, top: int = 5) -> Any:
    """Raise an error: ImageNet's 1000 names would have to be downloaded, and no model here is trained on them.

    >>> decode_predictions([[0.5, 0.5]])
    Traceback (most recent call last):
    ...
    chainrule.errors.ValueProblem: Got decode_predictions, ...
    """
    raise ValueProblem(
        "decode_predictions, which returns names of ImageNet's classes",
        "names of your own classes, as the library includes neither ImageNet's nor weights trained on it",
        f"[names[i] for i in np.argsort(-preds[0])[:{top}]] gives the likeliest of a list of names",
    )
