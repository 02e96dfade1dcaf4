"""What a layer expects of its inputs."""

from __future__ import annotations

from typing import Any

from ..graph import Shape


class InputSpec:
    """What a layer requires of an input's shape and dtype (``keras.layers.InputSpec``).

    Args:
        ndim, min_ndim, max_ndim: the number of axes, and its bounds.
        shape: the sizes, ``None`` for any size. axes: the sizes of certain axes, by number.
    """

    def __init__(
        self, dtype: Any = None, shape: Any = None, ndim: int | None = None, max_ndim: int | None = None,
        min_ndim: int | None = None, axes: dict[int, int] | None = None, allow_last_axis_squeeze: bool = False,
        name: str | None = None, optional: bool = False,
    ) -> None:  # fmt: skip
        self.dtype, self.shape, self.max_ndim, self.min_ndim = dtype, shape, max_ndim, min_ndim
        self.ndim = len(shape) if shape is not None else ndim
        self.axes = dict(axes or {})
        self.allow_last_axis_squeeze, self.name, self.optional = allow_last_axis_squeeze, name, optional

    def problem(self, shape: Shape) -> str:
        """Return what is expected of a shape and not fulfilled, as text; empty if it fits."""
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"{self.ndim} axes"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"at least {self.min_ndim} axes"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"at most {self.max_ndim} axes"
        sizes = {**dict(enumerate(self.shape or ())), **self.axes}
        for axis, size in sizes.items():
            if size is not None and (axis >= rank or shape[axis] not in (None, size)):
                return f"{size} entries on axis {axis}"
        return ""
