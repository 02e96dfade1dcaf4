"""A convolution's window sliding over an image: at each place the numbers under it, the filter's, their products, and
the sum that becomes one entry of the output.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..core.display import Figure
from ..core.errors import ShapeError, ValueProblem
from ..draw.format import format_factor, format_number
from ..draw.table import to_dataframe

PLACES = 25  # so many places, spread over the output


class Window:
    """One place of the window: the output's entry there, and for each input channel numbers and products."""

    def __init__(self, row: int, column: int, patch: Any, kernel: Any, bias: Any, corner: tuple[int, int]) -> None:
        self.row, self.column, self.corner = row, column, corner
        self.patch, self.kernel, self.bias = patch, kernel, bias
        self.products = patch * kernel

    @property
    def value(self) -> Any:
        """The sum of all products, and the bias."""
        return self.products.sum() + self.bias

    def text(self, digits: int | None = 4) -> str:
        """The whole arithmetic: each channel's sum, and what they come to."""
        sums = [format_factor(v, digits) for v in self.products.sum(axis=(0, 1))]
        return " + ".join([*sums, format_factor(self.bias, digits)]) + f" = {format_number(self.value, digits)}"


class Slide(Figure):
    """All places of the window: ``places``, each a `Window`; ``output``, the whole map before the layer's activation.
    As a page that steps; as a picture, the place with the largest output."""

    _renderer_module = "sliding_window"

    def __init__(
        self, image: Any, kernel: Any, bias: Any, strides: Any, padding: str, name: str, activation: str = ""
    ) -> None:
        self.image, self.name, self.activation = image, name, activation
        self.output = np.asarray(ops.conv(image[None], kernel, strides, padding))[0, :, :, 0] + bias
        self.kernel = kernel[..., 0]
        self.pads = _pads(image.shape, kernel.shape, self.output.shape, strides, padding)
        self.padded = padded = np.pad(image, (*self.pads, (0, 0)))
        high, wide = kernel.shape[:2]
        self.places = []
        for i, j in _spread(*self.output.shape):
            top, left = i * strides[0], j * strides[1]
            patch = padded[top : top + high, left : left + wide]
            self.places.append(Window(i, j, patch, self.kernel, bias, (top, left)))

    def to_pandas(self) -> Any:
        """A row a place. Needs pandas."""
        return to_dataframe(self.to_dict()["places"])

    def to_dict(self) -> dict[str, Any]:
        """The places with their arithmetic, and the output."""
        places = [{"row": p.row, "column": p.column, "value": float(p.value), "text": p.text()} for p in self.places]
        return {"output": self.output.tolist(), "places": places}


def slide(layer: Any, image: Any, filter: int = 0) -> Slide:
    """The window of a `Conv2D` over an image, place by place.

    Args:
        layer: a built `Conv2D` (dilation 1, one group). image: height, width, channels. filter: which of its filters.

    >>> import chainrule as cr
    >>> conv = cr.layers.Conv2D(1, 2, kernel_initializer="ones")
    >>> _ = conv(np.zeros((1, 3, 3, 1)))
    >>> slide(conv, np.arange(9.0).reshape(3, 3, 1)).places[0].text()
    '8 + 0 = 8'
    """
    kernel = getattr(layer, "kernel", None)
    kinds = [cls.__name__ for cls in type(layer).__mro__]
    if kernel is None or len(kernel.shape) != 4 or "Conv2D" not in kinds or "Conv2DTranspose" in kinds:
        raise ValueProblem(
            f"{type(layer).__name__} {getattr(layer, 'name', '')!r}", "a Conv2D that was built", "call it on data first"
        )
    if tuple(layer.dilation_rate) != (1, 1) or getattr(layer, "groups", 1) != 1:
        raise ValueProblem("a dilated or grouped convolution", "dilation 1 and one group", "choose another layer")
    if not hasattr(filter, "__index__") or not 0 <= filter < kernel.shape[3]:
        raise ValueProblem(f"filter={filter!r}", f"0 to {kernel.shape[3] - 1}", "the layer has so many filters")
    pixels = np.asarray(image, dtype=np.float64)
    if pixels.ndim != 3 or pixels.shape[2] != kernel.shape[2]:
        raise ShapeError(
            f"an image of shape {pixels.shape}", f"(height, width, {kernel.shape[2]})", "e.g. x[0] of a batch"
        )
    bias = 0.0 if layer.bias is None else float(layer.bias.numpy()[filter])
    name = f"{layer.name}, filter {filter}"
    weights = kernel.numpy()[..., filter : filter + 1].astype(np.float64)
    after = getattr(layer.activation, "__name__", "")
    return Slide(pixels, weights, bias, tuple(layer.strides), layer.padding, name, "" if after == "linear" else after)


def _pads(image: Any, kernel: Any, output: Any, strides: Any, padding: str) -> list[tuple[int, int]]:
    """Zeros before and after each side, as the convolution takes them."""
    if padding != "same":
        return [(0, 0), (0, 0)]
    found = []
    for k in (0, 1):
        total = max((output[k] - 1) * strides[k] + kernel[k] - image[k], 0)
        found.append((total // 2, total - total // 2))
    return found


def _spread(rows: int, columns: int) -> list[tuple[int, int]]:
    """Places in reading order, all if they are few."""
    every = [(i, j) for i in range(rows) for j in range(columns)]
    if len(every) <= PLACES:
        return every
    chosen = np.linspace(0, len(every) - 1, PLACES).round().astype(int)
    return [every[k] for k in chosen]
