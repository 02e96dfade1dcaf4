"""The `xp` with which gradient rules compute on arrays: the names of `record.Namespace`, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .calls import Composite
from .movement import freeze_key, unfreeze_key
from .record import Operation, registry


def _index_of(key: Any) -> tuple[Any, ...]:
    """Check an index and return it as NumPy takes it."""
    frozen, index_arrays = freeze_key(key)
    return unfreeze_key(frozen, tuple(index_arrays))


_OVERRIDES: dict[str, Callable[..., Any]] = {
    "cast": lambda x, dtype: np.asarray(x).astype(dtype),
    "get_item": lambda x, key: x[_index_of(key)],
    "max": lambda x, axis=None, keepdims=False: np.max(x, axis=axis, keepdims=keepdims),
    "min": lambda x, axis=None, keepdims=False: np.min(x, axis=axis, keepdims=keepdims),
    "einsum": lambda subscripts, *xs: np.einsum(subscripts, *xs, optimize=len(xs) > 2),
    "stop_gradient": lambda x: x,
    "cumprod": np.cumprod,
    "cumsum": np.cumsum,
}


_MORE_EXACT = frozenset({"i0", "logaddexp", "logaddexp2", "sinc"})  # our values are, than NumPy's functions


class _Arrays:
    """Looks each name up once: an override, else NumPy's function, else the record's value."""

    def __getattr__(self, name: str) -> Any:
        function = _OVERRIDES.get(name)
        if function is None and not name.endswith("_record") and name not in _MORE_EXACT:
            function = getattr(np, name, None)
        record = registry.get(name.removesuffix("_record"))
        if function is None and isinstance(record, Operation) and not isinstance(record, Composite):
            function = partial(record.value, np)
        if function is None:
            raise AttributeError(f"no operation {name!r} on arrays")
        setattr(self, name, function)
        return function


arrays = _Arrays()
