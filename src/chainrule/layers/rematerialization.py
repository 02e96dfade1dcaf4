"""Rematerialisation: layers and functions whose values are not kept for the backward pass but computed again there.

Numbers and gradients stay the same; it saves memory and costs time.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ..core.arguments import at_least, one_of
from ..core.errors import ValueProblem
from ..graph import RematCall, public_shape, remat_scope
from ..tensors import tree

MODES = ("full", "activations", "larger_than", "list_of_layers", None)
# operations that are expensive to compute: their values are kept in mode "activations"
EXPENSIVE_OPERATIONS = frozenset("matmul einsum conv conv_transpose dense convolution".split())


class RematScope:
    """Make the layers created inside compute their values again in the backward pass (``keras.RematScope``).

    This applies to compiled steps, those of `fit` and of `chainrule.compile`; eager tensors keep their values. Of
    nested layers only the outermost counts. The scope has no effect on models: put it around the layers of a model.

    Args:
        mode: ``"full"``: layers keep only their inputs. ``"activations"``: they also keep the results of convolutions
            and matrix products, which are expensive. ``"larger_than"``: as ``"full"``, for layers whose output has more
            than `output_size_threshold` entries. ``"list_of_layers"``: as ``"full"``, for the layers in `layer_names`.
            ``None``: no layer, to exclude a block from the scope around it.

    Raises:
        ValueProblem: for another mode, or ``"list_of_layers"`` without names.

    >>> from chainrule import layers
    >>> with RematScope(mode="larger_than", output_size_threshold=4096):
    ...     block = layers.Dense(64, activation="gelu")
    """

    def __init__(
        self, mode: str | None = "full", output_size_threshold: int = 1024, layer_names: Sequence[str] | None = None
    ) -> None:
        one_of(MODES, mode=mode)
        if mode == "list_of_layers" and not layer_names:
            raise ValueProblem("no layer_names", "the names of the layers", "e.g. layer_names=['block_1', 'block_2']")
        if isinstance(layer_names, str):
            layer_names = [layer_names]
        self.mode, self.layer_names = mode, list(layer_names or ())
        self.output_size_threshold = at_least(0, output_size_threshold=output_size_threshold)

    def __enter__(self) -> RematScope:
        _scopes.stack.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        _scopes.stack.pop()

    def of(self, layer: Any) -> RematCall | None:
        """Return a new rematerialised call for a call of this layer, or ``None`` if its values are kept."""
        if self.mode is None or (self.mode == "list_of_layers" and layer.name not in self.layer_names):
            return None
        return RematCall(EXPENSIVE_OPERATIONS if self.mode == "activations" else frozenset())

    def decide(self, call: RematCall, result: Any) -> None:
        """Decide whether a call is computed again, once its output and so its size is known."""
        if self.mode == "larger_than":
            sizes = [prod(n or 1 for n in public_shape(t.shape)) for t in tree.flatten(result)[0]]
            call.enabled = max(sizes, default=0) > self.output_size_threshold


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[RematScope] = []


_scopes = _Scopes()


def current_remat_scope() -> RematScope | None:
    """Return the innermost scope on this thread, or ``None``."""
    return _scopes.stack[-1] if _scopes.stack else None


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function of tensors or a layer so that its values are computed again for backward (``keras.remat``).

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
