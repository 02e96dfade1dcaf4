"""Shapes of nested inputs and outputs, and the chain of layers and shapes that errors show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..graph import Node, ancestors, public_shape
from ..tensors.convert import symbolic
from ..tensors.tensor import Tensor
from .base import LayerBase
from .call_context import calls
from .layer_call import LAYER_CALL


def shapes_of(x: Any) -> Any:
    """Return the shapes of the tensors in `x`, in the same structure, as `build` takes them; ``None`` for the rest."""
    if isinstance(x, dict):
        return {k: shapes_of(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [shapes_of(v) for v in x]
    if not isinstance(x, Tensor):
        return None
    return tuple([None if n in calls.stand_ins else n for n in public_shape(x.shape)])


def symbols_of_shapes(shape: Any, dtype: str) -> Any:
    """Return symbolic tensors of these shapes: a tuple of sizes is one shape, a list or dictionary holds several."""
    if isinstance(shape, dict):
        return {k: symbols_of_shapes(v, dtype) for k, v in shape.items()}
    if isinstance(shape, list | tuple) and any(isinstance(n, list | tuple) for n in shape):
        return [symbols_of_shapes(s, dtype) for s in shape]
    return symbolic(tuple(shape), dtype)


def layer_label(layer: LayerBase) -> str:
    """Return a layer's class and name, as errors show them.

    >>> from chainrule import layers
    >>> layer_label(layers.Dense(2, name="hidden"))
    "Dense 'hidden'"
    """
    return f"{type(layer).__name__} {layer.name!r}"


def chain_text() -> str:
    """Return the last layers that finished in the current call, with their output shapes, as text."""
    steps = [f"{name} {tuple(shape) if isinstance(shape, tuple) else shape}" for name, shape in calls.chain[-6:]]
    return " -> ".join(steps)


def layer_graph(tensors: Sequence[Tensor]) -> tuple[list[tuple[str, Any]], list[list[int]]]:
    """Return the graph of layer calls that `tensors` come from.

    The result is the calls, each as the layer's name and its output's shape, in order; and for each of them, and last
    for `tensors` themselves, the indices of the calls whose outputs it takes.
    """
    path: list[tuple[str, Any]] = []
    feeds: list[list[int]] = []
    sources: dict[int, list[int]] = {}

    def sources_of(nodes: Iterable[Node]) -> list[int]:
        return list(dict.fromkeys(i for n in nodes for i in sources[n.serial]))

    for node in ancestors(tensors):
        sources[node.serial] = taken = sources_of(node.inputs)
        if node.operation is LAYER_CALL or not node.inputs:
            sources[node.serial] = [len(path)]
            called = node.operation is LAYER_CALL
            name = node.attributes["call"].layer.name if called else node.attributes.get("name", "")
            path.append((name, tuple((node.spec[0] if called else node.spec).shape)))
            feeds.append(taken)
    return path, [*feeds, sources_of(tensors)]


@contextmanager
def chain_before(tensors: Sequence[Tensor]) -> Iterator[None]:
    """Inside, the chain of shapes is that of the recorded layers that `tensors` come from."""
    previous = calls.chain
    chain: list[tuple[str, Any]] = []
    node: Any = tensors[0]
    while True:
        if node.operation is LAYER_CALL:
            chain.append((node.attributes["call"].layer.name, tuple(node.spec[0].shape)))
        elif not node.inputs:
            chain.append((node.name, node.shape))
        if not node.inputs:
            break
        node = node.inputs[0]
    calls.depth += 1
    calls.chain = chain[::-1]
    try:
        yield
    finally:
        calls.depth -= 1
        calls.chain = previous
