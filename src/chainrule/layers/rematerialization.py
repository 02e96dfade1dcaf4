"""Rematerialisation: layers and functions that keep nothing for the backward pass, which computes it again.

Numbers and gradients stay the same; memory is bought with time.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ..core.errors import ValueProblem
from ..graph import RematCall, remat_scope
from ..tensors.tree import flatten

MODES = (None, "full", "activations", "larger_than", "list_of_layers")
# what is dear to compute: kept where only activations are computed again
PRODUCTS = frozenset("matmul einsum conv conv_transpose dense convolution".split())


class RematScope:
    """Layers made inside compute their values again in the backward pass, and keep none (``keras.RematScope``).

    It holds in compiled steps, those of `fit` and of `chainrule.compile`; eager tensors keep their values. Of layers
    inside such a layer only the outermost counts. A model is no such layer: put the scope around its blocks.

    Args:
        mode: ``"full"``: layers keep only their inputs. ``"activations"``: and their products, convolutions and matrix
            products, which are dear. ``"larger_than"``: as ``"full"``, for layers whose output has more than
            `output_size_threshold` entries. ``"list_of_layers"``: as ``"full"``, for layers named in `layer_names`.
            ``None``: none, as in a scope that is to be left out of the one around it.

    Raises:
        ValueProblem: for another mode, or ``"list_of_layers"`` without names.

    >>> from chainrule import layers
    >>> with RematScope(mode="larger_than", output_size_threshold=4096):
    ...     block = layers.Dense(64, activation="gelu")
    """

    def __init__(
        self, mode: str | None = "full", output_size_threshold: int = 1024, layer_names: Sequence[str] | None = None
    ) -> None:
        if mode not in MODES:
            raise ValueProblem(f"mode={mode!r}", f"one of {', '.join(map(repr, MODES))}", "e.g. mode='full'")
        if mode == "list_of_layers" and not layer_names:
            raise ValueProblem("no layer_names", "the names of the layers", "e.g. layer_names=['block_1', 'block_2']")
        if isinstance(layer_names, str):
            layer_names = [layer_names]
        self.mode, self.output_size_threshold, self.layer_names = mode, output_size_threshold, list(layer_names or ())

    def __enter__(self) -> RematScope:
        _scopes.stack.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        _scopes.stack.pop()

    def of(self, layer: Any) -> RematCall | None:
        """What a call of this layer is computed again for, if it is."""
        if self.mode is None or (self.mode == "list_of_layers" and layer.name not in self.layer_names):
            return None
        return RematCall(PRODUCTS if self.mode == "activations" else frozenset())

    def decide(self, call: RematCall, result: Any) -> None:
        """Whether a call is worth computing again, now that its output is known."""
        if self.mode == "larger_than":
            sizes = [prod(n or 1 for n in t.shape) for t in flatten(result)[0]]
            call.on = max(sizes, default=0) > self.output_size_threshold


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[RematScope] = []


_scopes = _Scopes()


def current() -> RematScope | None:
    """The innermost scope, if layers are made inside one."""
    return _scopes.stack[-1] if _scopes.stack else None


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, a function of tensors or a layer, with nothing kept for its backward pass (``keras.remat``).

    >>> import chainrule as cr
    >>> w = cr.Variable(2.0)
    >>> block = remat(lambda x: cr.ops.sin(x * w))
    >>> cr.compile(lambda x: cr.gradients(block(x), w))(0.0)
    tensor(0.)
    """

    @functools.wraps(f, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with remat_scope(RematCall()):
            return f(*args, **kwargs)

    return wrapped
