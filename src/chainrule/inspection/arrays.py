"""Arrays to look at: a tensor, a layer's filters, its feature maps, pictures; shape and statistics above them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.display import Figure
from ..core.errors import ShapeError, ValueProblem
from ..draw.table import to_dataframe
from ..graph.spec import is_float
from ..tensors.tensor import Tensor, Variable

COUNTED = 2**26  # statistics of a larger array are those of every so many-th entry


class ArrayFigure(Figure):
    """An array's picture, in every form; in notebooks by itself."""

    _renderer_module = "arrays"

    def __init__(self, array: Any, name: str = "", kind: str | None = None) -> None:
        held = np.asarray(array)
        self.dtype = held.dtype.name
        # a narrow float that NumPy does not know as one
        self.array = held.astype(np.float32) if is_float(held.dtype) and held.dtype.kind != "f" else held
        self.name = name
        self.kind = kind or ("kernel" if self.array.ndim == 4 and "kernel" in name else "maps")
        if self.kind not in ("kernel", "maps"):
            raise ShapeError(f"kind={kind!r}", "'kernel' (height, width, in, out) or 'maps' (images or features)", "")

    def to_pandas(self) -> Any:
        """A row an entry: its index and its value. Needs pandas."""
        return to_dataframe([{"index": i, "value": v.item()} for i, v in np.ndenumerate(self.array)])

    def to_dict(self) -> dict[str, Any]:
        """Shape, dtype and statistics."""
        array = self.array
        return {"name": self.name, "shape": list(array.shape), "dtype": self.dtype, **numbers(array)}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        # no HTML: the picture stands by itself, and text is left where viewers do not trust it
        return {"image/svg+xml": self.to_svg(), "text/plain": repr(self)}


def look(x: Any, name: str | None = None, kind: str | None = None) -> ArrayFigure:
    """An array as a picture: what it is, how its numbers are spread, and each of them when pointed at.

    One and two axes are drawn as they are. Three are an image (height, width, channels): in colour if it has three
    channels from 0 to 1, or of uint8, else channel by channel; or, if only the last two are equal, several grey
    images. Four are a batch of images, or, of a kernel, a small picture for each pair of an input channel and a filter.

    Args:
        x: a tensor, a variable, or anything `numpy.asarray` takes.
        name: a title; a variable's own by default.
        kind: ``"kernel"`` or ``"maps"``, for four axes; a variable with "kernel" in its name is one by default.

    >>> import chainrule as cr
    >>> picture = look(cr.tensor([[1.0, -2.0], [0.0, 4.0]]), "w")
    >>> picture.to_dict()["max"], picture.to_svg()[:4]
    (4.0, '<svg')
    """
    if name is None:
        name = x.name if isinstance(x, Variable) else ""
    if not isinstance(name, str):
        raise ValueProblem(f"name={name!r}", "a text to stand above it", "e.g. name='filters'")
    held = x.value if isinstance(x, Variable) else x
    if isinstance(held, Tensor):
        held = held.numpy()
    try:
        array = np.asarray(held)
    except ValueError as error:
        raise ShapeError(f"{held!r:.60} ({error})", "rows of equal length", "check the nesting") from None
    if array.dtype == object:
        raise ValueProblem(f"{held!r:.60} to be looked at", "numbers", "e.g. look(model.values(x)['conv'])")
    return ArrayFigure(array, name, kind)


def numbers(array: Any) -> dict[str, Any]:
    """Mean, spread, extremes, zeros and what is not finite."""
    if not array.size or array.dtype.kind not in "fiub":
        return {}
    flat = array.reshape(-1)[:: max(1, array.size // COUNTED)].astype(float)
    finite = flat[np.isfinite(flat)]
    of = array.size / flat.size  # of a sample: as many as there are in all, about
    found: dict[str, Any] = {
        "zeros": round(of * int((flat == 0).sum())),
        "not finite": round(of * int(flat.size - finite.size)),
    }
    if finite.size:
        found |= {k: float(getattr(finite, k)()) for k in ("mean", "std", "min", "max")}
    return found
