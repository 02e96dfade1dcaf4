"""Policies: the dtype in which a layer computes, and the dtype of its weights (``keras.dtype_policies``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .core.errors import DTypeError
from .graph import as_dtype, floatx
from .serialization.configurable import Configurable


class DTypePolicy(Configurable):
    """A name such as ``"float32"``, or ``"mixed_bfloat16"``: compute in bfloat16, keep weights in float32.

    >>> p = DTypePolicy("mixed_bfloat16")
    >>> p.compute_dtype, p.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = str(name or floatx())
        mixed = self.name.startswith("mixed_")
        self.compute_dtype = self.name.removeprefix("mixed_")
        if mixed and self.compute_dtype not in ("float16", "bfloat16"):
            raise DTypeError(f"the policy {self.name!r}", "mixed_bfloat16 or mixed_float16", "name one of these")
        self.compute_dtype = as_dtype(self.compute_dtype).name
        self.name = self.name if mixed else self.compute_dtype
        self.variable_dtype = "float32" if mixed else self.compute_dtype

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


FloatDTypePolicy = DTypePolicy
_policy: DTypePolicy | None = None


def dtype_policy() -> DTypePolicy:
    """Return the policy of layers without their own: that of `set_dtype_policy`, else ``floatx()`` for everything."""
    return _policy or DTypePolicy(floatx())


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of layers without their own, e.g. ``"mixed_bfloat16"``; ``None`` follows ``floatx()`` again.

    >>> set_dtype_policy("float64"); dtype_policy()
    <DTypePolicy "float64">
    >>> set_dtype_policy(None)
    """
    global _policy
    _policy = None if policy is None else get(policy)


@contextmanager
def default_policy(policy: Any) -> Iterator[None]:
    """Set the policy of layers without their own inside the block."""
    global _policy
    before, _policy = _policy, get(policy)
    try:
        yield
    finally:
        _policy = before


def get(identifier: Any) -> DTypePolicy:
    """Return the policy that a name, a dtype, a configuration or ``None`` means."""
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        config = identifier.get("config", identifier)
        identifier = config.get("name") if isinstance(config, dict) else config
        if not isinstance(identifier, str):
            raise DTypeError("the configuration of a policy without a name", "its name", "check the file")
    return DTypePolicy(identifier if isinstance(identifier, str) else as_dtype(identifier).name)


def standardize_dtype(dtype: Any) -> str:
    """Return a dtype's name; ``None`` is the default float (``keras.utils.standardize_dtype``).

    >>> standardize_dtype(float)
    'float32'
    """
    return floatx() if dtype is None else as_dtype(dtype).name


__all__ = ["DTypePolicy", "FloatDTypePolicy", "dtype_policy", "get", "set_dtype_policy", "standardize_dtype"]
