"""A model's graph of layer calls, between its inputs and outputs; calling it opens every layer again."""

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
from ..ops.record import GET_OUTPUT
from ..tensors.tensor import INPUT, VARIABLE, Tensor
from ..tensors.tree import flatten
from ..transforms.run import rebuild


class Functional:
    """The graph from `inputs` to `outputs`, and how to call it.

    Args:
        inputs, outputs: symbolic tensors that come from `Input`, in lists or dictionaries as wanted.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.flat_inputs, _ = flatten(inputs)
        self.flat_outputs, self.build = flatten(outputs)
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
        calls_made = [n for n in self.graph.nodes if n.operation is LAYER_CALL]
        self.calls = calls_made
        found: dict[int, Layer] = {}
        for node in [*self.flat_inputs, *calls_made]:
            layer = node.attributes["layer"] if node.operation is INPUT else _layer(node)
            if layer is not None:
                found.setdefault(id(layer), layer)
        self.layers = list(found.values())
        names = [layer.name for layer in self.layers]
        twice = {n for n in names if names.count(n) > 1}
        if twice:
            raise ValueProblem(
                f"two layers called {', '.join(map(repr, sorted(twice)))}", "names that differ", "give one another name"
            )
        self.input_names = [t.attributes.get("name", f"input_{i}") for i, t in enumerate(self.flat_inputs)]
        self.output_names = self._output_names()

    def _check(self) -> None:
        for node in self.graph.nodes:
            if node.operation is INPUT:
                raise GraphError(
                    f"an output that hangs on the input {node.attributes.get('name', 'unnamed')!r}",
                    "every input it hangs on to be among the model's inputs",
                    f"add it to inputs, which are {[t.attributes.get('name') for t in self.flat_inputs]}",
                    node.line,
                )
        used = {p.serial for n in self.graph.nodes for p in n.inputs} | {t.serial for t in self.flat_outputs}
        for t in self.flat_inputs:
            if t.operation is INPUT and t.serial not in used:
                raise GraphError(
                    f"the input {t.attributes.get('name', 'unnamed')!r}, which no output hangs on",
                    "inputs that are used",
                    "leave it out of inputs",
                )

    def _output_names(self) -> list[str]:
        """A dictionary's keys, else the layers' names, made different by numbers."""
        if isinstance(self.outputs, dict):
            return list(self.outputs)
        names: list[str] = []
        for t in self.flat_outputs:
            source = t.inputs[0] if t.operation is GET_OUTPUT else t
            layer = _layer(source)
            base = layer.name if layer is not None else t.name
            name, k = base, 1
            while name in names:
                name, k = f"{base}_{k}", k + 1
            names.append(name)
        return names

    def __call__(self, given: Any) -> Any:
        tensors = self._arranged(given)
        values = rebuild(self.graph, tensors, self._step, _current)
        return self.build([values[self.graph.position[t.serial]] for t in self.flat_outputs])

    def _step(self, node: Node, inputs: list[Any]) -> Any:
        from ..transforms.run import same

        made = same(node, inputs)
        if isinstance(made, Tensor) and node.operation is not GET_OUTPUT:
            for x in inputs:  # a plain operation keeps a mask that fits
                mask = mask_of(x)
                if mask is not None and made.shape[: mask.ndim] == mask.shape:
                    set_mask(made, mask)
        return made

    def _arranged(self, given: Any) -> list[Tensor]:
        """The given inputs in this model's order and declared shapes."""
        if isinstance(given, dict):
            missing = [n for n in self.input_names if n not in given]
            keys = list(self.inputs) if isinstance(self.inputs, dict) else self.input_names
            if isinstance(self.inputs, dict) and all(k in given for k in keys):
                missing = []
            if missing:
                raise ValueProblem(
                    f"inputs {', '.join(map(repr, given))}",
                    f"the inputs {', '.join(map(repr, keys))}",
                    "name each input as the model does",
                )
            flat = [given[k] for k in keys]
        else:
            flat = flatten(given)[0]
        if len(flat) != len(self.flat_inputs):
            raise ShapeError(
                f"{len(flat)} inputs",
                f"{len(self.flat_inputs)}: {', '.join(self.input_names)}",
                "give a list in that order, or a dictionary by name",
            )
        return [_declared(x, t, n) for x, t, n in zip(flat, self.flat_inputs, self.input_names, strict=True)]


def _layer(node: Any) -> Layer | None:
    if node.operation is LAYER_CALL:
        layer: Layer = node.attributes["call"].layer
        return layer
    found: Layer | None = node.attributes.get("layer")
    return found


def _current(node: Node) -> Any:
    """A variable met between layers is read anew on every call."""
    return node.attributes["variable"].value if node.operation is VARIABLE else node


def _declared(x: Any, wanted: Tensor, name: str) -> Any:
    """An input in its declared rank; a shape that is not the declared one is named here, not three layers on."""
    shape = wanted.shape
    if not isinstance(x, Tensor):
        raise ValueProblem(f"{type(x).__name__} for the input {name!r}", "numbers", "give arrays or tensors")
    if x.shape[-1:] == (1,) and _fits(x.shape[:-1], shape):
        x = squeeze(x, -1)
    elif _fits((*x.shape, 1), shape):
        x = expand_dims(x, -1)
    if not _fits(x.shape, shape):
        raise ShapeError(
            f"data of shape {tuple(x.shape)} for the input {name!r}",
            f"shape {shape}, as the model declares it",
            _advice(tuple(x.shape), shape),
        )
    if x.dtype != wanted.dtype:  # whole numbers would wrap where the model counts in floats
        mask = mask_of(x)
        x = ops.cast(x, wanted.dtype)
        set_mask(x, mask)
    if calls.depth <= 1:
        calls.chain = [(name, tuple(x.shape))]
    return x


def _fits(given: Sequence[Any], wanted: Sequence[Any]) -> bool:
    return len(given) == len(wanted) and all(
        m is None or n is None or m == n for n, m in zip(given, wanted, strict=True)
    )


def _advice(given: tuple[Any, ...], wanted: Sequence[Any]) -> str:
    if len(given) == len(wanted) == 4:
        if given[-1] != wanted[-1] and given[1] == wanted[-1]:
            return "the channels come first in this data: move them with np.moveaxis(x, 1, -1)"
        if given[-1] == wanted[-1]:
            return f"bring the images to {wanted[1]}×{wanted[2]}, e.g. with layers.Resizing({wanted[1]}, {wanted[2]})"
        return f"the images have {given[-1]} channels and not {wanted[-1]}: convert them, or declare them so in Input"
    if len(given) == len(wanted) - 1:
        if tuple(given) == tuple(wanted[1:]) or all(
            w is None or g == w for g, w in zip(given, wanted[1:], strict=True)
        ):
            return "this is one example: add the batch axis with x[None, ...]"
        return "add the missing axis, e.g. the channel axis with x[..., None]"
    if len(given) == 2 and len(wanted) == 2:
        return f"the data has {given[-1]} columns: declare Input(shape=({given[-1]},)), or choose {wanted[-1]} of them"
    return "reshape the data, or declare its shape in Input"
