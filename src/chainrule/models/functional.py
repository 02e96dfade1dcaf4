"""The graph of layer calls from a model's inputs to its outputs; a call traces every layer again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..core.errors import GraphError, ShapeError, ValueProblem
from ..graph import Graph, Node
from ..layers import Layer
from ..layers.call_context import calls, mask_of, set_mask
from ..layers.layer_call import LAYER_CALL
from ..ops import expand_dims, squeeze
from ..tensors import tree
from ..tensors.tensor import INPUT, VARIABLE, Tensor
from ..tensors.tree import flatten
from ..transforms.run import rebuild, rebuild_node


class Functional:
    """The graph from `inputs` to `outputs`, which can be called.

    Args:
        inputs, outputs: symbolic tensors that come from `Input`, possibly in lists or dictionaries.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.flat_inputs, _ = flatten(inputs)
        self.flat_outputs, self.unflatten_outputs = flatten(outputs)
        for what, tensors in (("input", self.flat_inputs), ("output", self.flat_outputs)):
            for t in tensors:
                if not isinstance(t, Tensor) or t.value is not None:
                    raise GraphError(
                        f"{type(t).__name__} as a model's {what}",
                        "a symbolic tensor that comes from Input",
                        "begin with x = Input(shape) and call layers on it",
                    )
        self.graph = Graph(self.flat_inputs, self.flat_outputs)
        self._check()
        layer_calls = [n for n in self.graph.nodes if n.operation is LAYER_CALL]
        layers: dict[int, Layer] = {}
        for node in [*self.flat_inputs, *layer_calls]:
            layer = node.attributes["layer"] if node.operation is INPUT else _layer(node)
            if layer is not None:
                layers.setdefault(id(layer), layer)
        self.layers = list(layers.values())
        names = [layer.name for layer in self.layers]
        if repeated := {n for n in names if names.count(n) > 1}:
            raise ValueProblem(
                f"two layers called {', '.join(map(repr, sorted(repeated)))}", "distinct names", "rename one of them"
            )
        self.input_names = [t.attributes.get("name", f"input_{i}") for i, t in enumerate(self.flat_inputs)]
        self.output_names = self._output_names()

    def _check(self) -> None:
        for node in self.graph.nodes:
            if node.operation is INPUT:
                raise GraphError(
                    f"an output that depends on the input {node.attributes.get('name', 'unnamed')!r}",
                    "all inputs on which it depends among the model's inputs",
                    f"add it to inputs, which are {[t.attributes.get('name') for t in self.flat_inputs]}",
                    node.line,
                )
        used = {p.serial for n in self.graph.nodes for p in n.inputs} | {t.serial for t in self.flat_outputs}
        for t in self.flat_inputs:
            if t.operation is INPUT and t.serial not in used:
                raise GraphError(
                    f"the input {t.attributes.get('name', 'unnamed')!r}, on which no output depends",
                    "inputs that are used",
                    "remove it from inputs",
                )

    def _output_names(self) -> list[str]:
        """Return a dictionary's keys, else the layers' names, made distinct by numbers."""
        if isinstance(self.outputs, dict):
            return list(self.outputs)
        names: list[str] = []
        for t in self.flat_outputs:
            layer = _layer(t.source)
            base = name = layer.name if layer is not None else t.name
            k = 1
            while name in names:
                name, k = f"{base}_{k}", k + 1
            names.append(name)
        return names

    def __call__(self, inputs: Any) -> Any:
        tensors = self._arrange(inputs)
        values = rebuild(self.graph, tensors, self._step, _current_value)
        outputs = self.unflatten_outputs([values[self.graph.position[t.serial]] for t in self.flat_outputs])
        single = isinstance(outputs, list | tuple) and len(outputs) == 1
        return outputs[0] if single else outputs  # as in Keras, a list of one output is that output

    def _step(self, node: Node, inputs: list[Any]) -> Any:
        """Compute a node for new inputs, and keep masks."""
        result = rebuild_node(node, inputs)
        if node.call is None and node.operation is not LAYER_CALL:
            for mask in [
                m for m in map(mask_of, inputs) if m is not None
            ]:  # kept by what is between layers where its shape matches
                for output in tree.leaves(result):
                    if isinstance(output, Tensor) and output.shape[: mask.ndim] == mask.shape:
                        set_mask(output, mask)
        return result

    def _arrange(self, inputs: Any) -> list[Tensor]:
        """Return the given inputs in this model's order and declared shapes."""
        if isinstance(inputs, dict):
            keys = list(self.inputs) if isinstance(self.inputs, dict) else self.input_names
            if any(k not in inputs for k in keys):
                raise ValueProblem(
                    f"inputs {', '.join(map(repr, inputs))}",
                    f"the inputs {', '.join(map(repr, keys))}",
                    "name each input as the model does",
                )
            flat = [inputs[k] for k in keys]
        else:
            flat = flatten(inputs)[0]
        if len(flat) != len(self.flat_inputs):
            raise ShapeError(
                f"{len(flat)} inputs",
                f"{len(self.flat_inputs)}: {', '.join(self.input_names)}",
                "pass a list in that order, or a dictionary by name",
            )
        return [_as_declared(x, t, n) for x, t, n in zip(flat, self.flat_inputs, self.input_names, strict=True)]


def _layer(node: Node) -> Layer | None:
    """Return the layer of a layer call or of an input."""
    return node.attributes["call"].layer if node.operation is LAYER_CALL else node.attributes.get("layer")


def _current_value(node: Node) -> Any:
    """Return the current value of a variable between layers, other nodes unchanged."""
    return node.attributes["variable"].value if node.operation is VARIABLE else node


def _as_declared(x: Any, declared: Tensor, name: str) -> Any:
    """Return an input in its declared rank and dtype; refuse another shape here, not in a later layer.

    The number of examples may be another than the declared one: the last batch of an epoch is often smaller.
    """
    shape: tuple[Any, ...] = declared.shape and (None, *declared.shape[1:])
    if not isinstance(x, Tensor):
        raise ValueProblem(f"{type(x).__name__} for the input {name!r}", "numbers", "pass arrays or tensors")
    if x.shape[-1:] == (1,) and _shapes_match(x.shape[:-1], shape):
        x = squeeze(x, -1)
    elif _shapes_match((*x.shape, 1), shape):
        x = expand_dims(x, -1)
    if not _shapes_match(x.shape, shape):
        raise ShapeError(
            f"data of shape {tuple(x.shape)} for the input {name!r}",
            f"shape {shape}, as the model declares it",
            _advice(tuple(x.shape), shape),
        )
    if x.dtype != declared.dtype:  # integers would wrap around in a model of floats
        mask = mask_of(x)
        x = ops.cast(x, declared.dtype)
        set_mask(x, mask)
    if calls.depth <= 1:
        calls.chain = [(name, tuple(x.shape))]
    return x


def _shapes_match(shape: Sequence[Any], declared: Sequence[Any]) -> bool:
    """Return whether a shape is the declared one, unknown sizes matching any."""
    return len(shape) == len(declared) and all(None in (m, n) or m == n for n, m in zip(shape, declared, strict=True))


def _advice(shape: tuple[Any, ...], declared: Sequence[Any]) -> str:
    """Return what to do about data whose shape is not the declared one."""
    if len(shape) == len(declared) == 4:
        if shape[-1] != declared[-1] and shape[1] == declared[-1]:
            return "the channels come first in this data: move them with np.moveaxis(x, 1, -1)"
        if shape[-1] == declared[-1]:
            _, height, width, _ = declared
            return f"bring the images to {height}×{width}, e.g. with layers.Resizing({height}, {width})"
        return f"the images have {shape[-1]} channels and not {declared[-1]}: convert them, or declare them so in Input"
    if len(shape) == len(declared) - 1:
        if all(w is None or g == w for g, w in zip(shape, declared[1:], strict=True)):
            return "this is one example: add the batch axis with x[None, ...]"
        return "add the missing axis, e.g. the channel axis with x[..., None]"
    if len(shape) == 2 and len(declared) == 2:
        return (
            f"the data has {shape[-1]} columns: declare Input(shape=({shape[-1]},)), or choose {declared[-1]} of them"
        )
    return "reshape the data, or declare its shape in Input"
