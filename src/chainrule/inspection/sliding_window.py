"""A convolution's window sliding over an image: at each position the numbers under it, the filter's, their products,
and the sum that becomes one entry of the output.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..core.arguments import between
from ..core.display import Figure, to_dataframe
from ..core.errors import ShapeError, ValueProblem
from ..draw.format import format_factor, format_number

MAX_POSITIONS = 25  # shown, spread over the output


class Window:
    """One position of the window, at which one entry of the output is computed.

    Attributes:
        row, column: of the entry of the output. corner: of the window in the padded image.
        patch, kernel, products: (height, width, channels). bias: a number.
    """

    def __init__(self, row: int, column: int, patch: Any, kernel: Any, bias: Any, corner: tuple[int, int]) -> None:
        self.row, self.column, self.corner = row, column, corner
        self.patch, self.kernel, self.bias = patch, kernel, bias
        self.products = patch * kernel

    @property
    def value(self) -> Any:
        """The sum of all products, and the bias."""
        return self.products.sum() + self.bias

    def channel_text(self, channel: int, digits: int | None = 4) -> str:
        """Return the arithmetic of one channel: the products and their sum."""
        terms = [
            f"{format_factor(x, digits)} * {format_factor(w, digits)}"
            for x, w in zip(self.patch[:, :, channel].ravel(), self.kernel[:, :, channel].ravel(), strict=True)
        ]
        return " + ".join(terms) + f" = {format_number(self.products[:, :, channel].sum(), digits)}"

    def text(self, digits: int | None = 4) -> str:
        """Return the arithmetic of the value: each channel's sum, the bias, and their sum."""
        sums = [format_factor(v, digits) for v in self.products.sum(axis=(0, 1))]
        return " + ".join([*sums, format_factor(self.bias, digits)]) + f" = {format_number(self.value, digits)}"


class SlidingWindow(Figure):
    """A window's positions over an image; a page that steps through them, and a picture of the one with the largest
    output.

    Attributes:
        positions: each a `Window`. output: the whole map before the layer's activation.
    """

    _renderer_module = "sliding_window"

    def __init__(
        self, image: Any, kernel: Any, bias: Any, strides: Any, padding: str, name: str, activation: str = ""
    ) -> None:
        self.image, self.name, self.activation = image, name, activation
        self.output = np.asarray(ops.conv(image[None], kernel, strides, padding))[0, :, :, 0] + bias
        self.kernel = kernel[..., 0]
        self.pads = _pads(image.shape, kernel.shape, self.output.shape, strides, padding)
        self.padded = padded = np.pad(image, (*self.pads, (0, 0)))
        height, width = kernel.shape[:2]
        self.positions = []
        for i, j in _shown_positions(*self.output.shape):
            top, left = i * strides[0], j * strides[1]
            patch = padded[top : top + height, left : left + width]
            self.positions.append(Window(i, j, patch, self.kernel, bias, (top, left)))

    @property
    def largest(self) -> Window:
        """The position with the largest output."""
        return max(self.positions, key=lambda p: p.value)

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each position."""
        return to_dataframe(self.to_dict()["places"])

    def to_dict(self) -> dict[str, Any]:
        """Return the positions with their arithmetic, and the output."""
        rows = [{"row": p.row, "column": p.column, "value": float(p.value), "text": p.text()} for p in self.positions]
        return {"output": self.output.tolist(), "places": rows}


def slide(layer: Any, image: Any, filter: int = 0) -> SlidingWindow:
    """Slide the window of a `Conv2D` over an image, position by position.

    Args:
        layer: a built `Conv2D` (dilation 1, one group). image: height, width, channels. filter: which of its filters.

    >>> import chainrule as cr
    >>> conv = cr.layers.Conv2D(1, 2, kernel_initializer="ones")
    >>> _ = conv(np.zeros((1, 3, 3, 1)))
    >>> slide(conv, np.arange(9.0).reshape(3, 3, 1)).positions[0].text()
    '8 + 0 = 8'
    """
    kernel = getattr(layer, "kernel", None)
    kinds = [cls.__name__ for cls in type(layer).__mro__]
    if kernel is None or len(kernel.shape) != 4 or "Conv2D" not in kinds or "Conv2DTranspose" in kinds:
        passed = f"{type(layer).__name__} {getattr(layer, 'name', '')!r}"
        raise ValueProblem(passed, "a Conv2D that was built", "call it on data first")
    if tuple(layer.dilation_rate) != (1, 1) or getattr(layer, "groups", 1) != 1:
        raise ValueProblem("a dilated or grouped convolution", "dilation 1 and one group", "choose another layer")
    filter = between(0, kernel.shape[3] - 1, filter=filter)
    pixels = np.asarray(image, dtype=np.float64)
    if pixels.ndim != 3 or pixels.shape[2] != kernel.shape[2]:
        passed = f"an image of shape {pixels.shape}"
        raise ShapeError(passed, f"(height, width, {kernel.shape[2]})", "e.g. x[0] of a batch")
    bias = 0.0 if layer.bias is None else float(layer.bias.numpy()[filter])
    name = f"{layer.name}, filter {filter}"
    weights = kernel.numpy()[..., filter : filter + 1].astype(np.float64)
    activation = getattr(layer.activation, "__name__", "")
    activation = "" if activation == "linear" else activation
    return SlidingWindow(pixels, weights, bias, tuple(layer.strides), layer.padding, name, activation)


def _pads(image: Any, kernel: Any, output: Any, strides: Any, padding: str) -> list[tuple[int, int]]:
    """Return the zeros before and after rows and columns, as the convolution pads; the arguments are shapes."""
    if padding != "same":
        return [(0, 0), (0, 0)]
    pads = []
    for k in (0, 1):
        total = max((output[k] - 1) * strides[k] + kernel[k] - image[k], 0)
        pads.append((total // 2, total - total // 2))
    return pads


def _shown_positions(rows: int, columns: int) -> list[tuple[int, int]]:
    """Return the positions to show, in reading order: all, or `MAX_POSITIONS` evenly spaced ones."""
    positions = [(i, j) for i in range(rows) for j in range(columns)]
    if len(positions) <= MAX_POSITIONS:
        return positions
    chosen = np.linspace(0, len(positions) - 1, MAX_POSITIONS).round().astype(int)
    return [positions[k] for k in chosen]
