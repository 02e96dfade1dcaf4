"""The `xp` with which gradient rules run on arrays at once: the same names as `chainrule.ops`, NumPy inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from .movement import freeze_key, thaw_key
from .record import Composite, Operation, registry


def _thawed(key: Any) -> tuple[Any, ...]:
    frozen, found = freeze_key(key)
    return thaw_key(frozen, tuple(found))


_OWN = {
    "cast": lambda x, dtype: np.asarray(x).astype(dtype),
    "get_item": lambda x, key: x[_thawed(key)],
    "max": lambda x, axis=None, keepdims=False: np.max(x, axis=axis, keepdims=keepdims),
    "min": lambda x, axis=None, keepdims=False: np.min(x, axis=axis, keepdims=keepdims),
    "einsum": lambda subscripts, *xs: np.einsum(subscripts, *xs, optimize=len(xs) > 2),
    "stop_gradient": lambda x: x,
    "cumprod": np.cumprod,
    "cumsum": np.cumsum,
}


class _Arrays:
    """Looks a name up once: our own, else NumPy's, else the record's value."""

    def __getattr__(self, name: str) -> Any:
        found = _OWN.get(name)
        record = registry.get(name.removesuffix("_record"))
        if found is None and not name.endswith("_record"):
            found = getattr(np, name, None)
        if found is None and isinstance(record, Operation) and not isinstance(record, Composite):
            value = record.value
            found = lambda *args, **kwargs: value(np, *args, **kwargs)
        if found is None:
            raise AttributeError(f"no operation {name!r} on arrays")
        setattr(self, name, found)
        return found


arrays = _Arrays()
