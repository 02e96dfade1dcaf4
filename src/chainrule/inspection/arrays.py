"""Arrays as pictures: a tensor, a layer's filters, its feature maps, images; with shape and statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.display import Figure, to_dataframe
from ..core.errors import ShapeError, ValueProblem
from ..graph.spec import is_float
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable

KINDS = ("kernel", "maps", "images")
MAX_SIZE = 2**26  # statistics of a larger array are those of a regular subsample


class ArrayFigure(Figure):
    """An array as a picture, a page, text or data; notebooks show the picture."""

    _renderer_module = "arrays"

    def __init__(self, array: Any, name: str = "", kind: str | None = None) -> None:
        array = np.asarray(array)
        self.dtype = array.dtype.name
        # NumPy has no arithmetic for narrow floats such as bfloat16
        self.array = array.astype(np.float32) if is_float(array.dtype) and array.dtype.kind != "f" else array
        self.name = name
        self.kind = kind or ("kernel" if self.array.ndim == 4 and "kernel" in name else None)
        if self.kind not in (None, *KINDS):
            expected = "'kernel' (height, width, in, out), 'maps' (a picture for each channel) or 'images' (in colour)"
            raise ValueProblem(f"kind={kind!r}", expected, "or leave it out")

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each entry: its index and its value."""
        return to_dataframe([{"index": i, "value": v.item()} for i, v in np.ndenumerate(self.array)])

    def to_dict(self) -> dict[str, Any]:
        """Return shape, dtype and statistics."""
        array = self.array
        return {"name": self.name, "shape": list(array.shape), "dtype": self.dtype, **statistics(array)}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        # no HTML: the picture needs no page, and viewers that do not trust it show the text
        return {"image/svg+xml": self.to_svg(), "text/plain": repr(self)}


def look(x: Any, name: str | None = None, kind: str | None = None) -> ArrayFigure:
    """Draw an array as a picture: its shape and statistics, and each number as a tooltip.

    Arrays of one and two axes are drawn as they are. Three axes are an image (height, width, channels), drawn channel
    by channel, or in colour if it is of uint8 with three or four channels; three channels of numbers from 0 to 1 may be
    a colour image or three feature maps, and are drawn as both. If only the last two sizes are equal, three axes are
    several grey images. Four axes are a batch of images, or, of a kernel, a small picture for each pair of an input
    channel and a filter.

    Args:
        x: a tensor, a variable, or anything `numpy.asarray` takes. name: a title; by default a variable's name.
        kind: ``"kernel"``; ``"maps"``, a picture for each channel; ``"images"``, in colour (three or four channels).
            By default a variable of four axes with "kernel" in its name is a kernel, and the numbers decide about
            colour.

    >>> import chainrule as cr
    >>> picture = look(cr.tensor([[1.0, -2.0], [0.0, 4.0]]), "w")
    >>> picture.to_dict()["max"], picture.to_svg()[:4]
    (4.0, '<svg')
    """
    if name is None:
        name = x.name if isinstance(x, Variable) else ""
    if not isinstance(name, str):
        raise ValueProblem(f"name={name!r}", "a string, the title", "e.g. name='filters'")
    value = x.value if isinstance(x, Variable) else x
    if isinstance(value, Tensor):
        value = value.numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"{value!r:.60} ({error})", "rows of equal length", "check the nesting") from None
    if array.dtype == object:
        raise ValueProblem(f"{value!r:.60} to be drawn", "numbers", "e.g. look(model.values(x)['conv'])")
    return ArrayFigure(array, name, kind)


def statistics(array: NDArray[Any]) -> dict[str, Any]:
    """Return mean, standard deviation, extremes, and the counts of zeros and of numbers that are not finite."""
    if not array.size or array.dtype.kind not in "fiub":
        return {}
    sample = array.reshape(-1)[:: max(1, array.size // MAX_SIZE)].astype(float)
    finite = sample[np.isfinite(sample)]
    scale = array.size / sample.size  # from counts in the sample to counts in the array
    result: dict[str, Any] = {
        "zeros": round(scale * int((sample == 0).sum())),
        "not finite": round(scale * int(sample.size - finite.size)),
    }
    if finite.size:
        result |= {k: float(getattr(finite, k)()) for k in ("mean", "std", "min", "max")}
    return result
