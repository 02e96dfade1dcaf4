"""A picture of a model: its layers as boxes, with shapes, joined by arrows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core import files
from ..core.arguments import one_of
from ..core.errors import GraphError, ValueProblem
from ..draw.graph import Box, svg
from ..draw.raster import png
from ..graph import Graph
from ..inspection.summary import rows_of
from ..layers import InputLayer
from ..layers.layer_call import LAYER_CALL
from ..models.model import Model
from ..tensors.tensor import INPUT


class BoxStyle(NamedTuple):
    """What the boxes of a picture show; see `plot_model`."""

    shapes: bool = False
    dtype: bool = False
    layer_names: bool = True
    nested: bool = False
    activations: bool = False
    trainable: bool = False

    def box(self, layer: Any, shapes: Any, dtype: str, feeds: Sequence[int], prefix: str = "") -> Box:
        """Return the box of a layer's call."""
        kind, is_input = type(layer).__name__, isinstance(layer, InputLayer)
        title = kind
        if self.activations and not is_input:
            activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
            title += "" if activation == "linear" else f", {activation}"
        lines = [] if is_input or not self.layer_names else [title]
        lines += [str(shapes)] if self.shapes and shapes else []
        lines += [dtype] if self.dtype and dtype else []
        lines += ["trainable" if layer.trainable else "frozen"] if self.trainable and layer.weights else []
        return Box(prefix + layer.name if self.layer_names else title, lines, kind, feeds)


def boxes_of(model: Model, style: BoxStyle) -> list[Box]:
    """Return a box for each call of a layer, in the order of the graph; of a subclassed model, its layers in order."""
    boxes: list[Box] = []
    if model.inputs is None or model.outputs is None:
        for i, r in enumerate(rows_of(model)[0]):
            boxes.append(style.box(r.layer, r.shape, "", [i - 1] if i else []))
        return boxes
    _add_boxes(boxes, model, style, "", None)
    return boxes


def _add_boxes(
    boxes: list[Box], model: Any, style: BoxStyle, prefix: str, arguments: Sequence[list[int]] | None
) -> list[list[int]]:
    """Add the boxes of a model's layers, and return those that each of its outputs comes from.

    Args:
        prefix: of the layers' names. arguments: the boxes that each input comes from, of a model inside another.
    """
    sources: dict[int, list[int]] = {}  # the boxes that a node's value comes from
    inner: dict[int, list[list[int]]] = {}  # of a call of a model: the boxes of each output
    if arguments is not None:
        sources = dict(zip([t.serial for t in model.inputs], arguments, strict=True))
    for node in Graph(model.inputs, model.outputs).order:
        feeds = [sources.get(n.serial, []) for n in node.inputs]
        merged = sorted({i for feed in feeds for i in feed})
        layer = node.attributes.get("layer")
        if node.operation is LAYER_CALL:
            layer = node.attributes["call"].layer
            if style.nested and isinstance(layer, Model) and layer.inputs and len(layer.inputs) == len(feeds):
                inner[node.serial] = _add_boxes(boxes, layer, style, f"{prefix}{layer.name}/", feeds)
                continue
        elif node.operation is not INPUT or layer is None or arguments is not None:
            position = node.attributes.get("position", 0)
            nested = inner.get(node.inputs[0].serial) if node.inputs else None
            if node.serial not in sources:
                sources[node.serial] = merged if nested is None else nested[position]
            continue
        spec = node.spec[0] if node.operation is LAYER_CALL else node.spec
        sources[node.serial] = [len(boxes)]
        boxes.append(style.box(layer, tuple(spec.shape), spec.dtype.name, merged, prefix))
    return [sources[t.serial] for t in model.outputs]


def plot_model(
    model: Model, to_file: Any = "model.svg", show_shapes: bool = False, show_dtype: bool = False,
    show_layer_names: bool = True, rankdir: str = "TB", expand_nested: bool = False, dpi: int = 200,
    show_layer_activations: bool = False, show_trainable: bool = False, splines: str = "ortho",
) -> str:  # fmt: skip
    """Draw a model as SVG, without Graphviz (``keras.utils.plot_model``).

    Args:
        to_file: a name that ends in ``.svg`` or ``.png`` (the extra ``chainrule[png]``); ``None`` writes nothing.
        show_shapes, show_dtype, show_layer_activations: what is written in the boxes.
        show_layer_names: whether the names are, or only the classes. show_trainable: whether weights are frozen.
        expand_nested: draw the layers of models that are layers, by names such as ``encoder/dense``.
        rankdir: ``"TB"`` downwards, ``"LR"`` to the right. dpi: of PNG; 96 is a pixel for each of the SVG's.
        splines: as in Keras; of no effect: arrows are curves.

    Returns:
        The SVG, as text.

    >>> from chainrule.layers import Dense, Input
    >>> from chainrule.models import Sequential
    >>> plot_model(Sequential([Input((2,)), Dense(1)]), to_file=None)[:4]
    '<svg'
    """
    ending = ".svg" if to_file is None else os.path.splitext(os.fspath(to_file))[1]
    if ending not in (".svg", ".png"):
        raise ValueProblem(f"to_file={str(to_file)!r}", "a name that ends in .svg or .png", "e.g. to_file='model.svg'")
    if not model.layers:
        raise GraphError(f"the empty model {model.name!r}", "layers to be drawn", "add layers first")
    options = (show_shapes, show_dtype, show_layer_names, expand_nested, show_layer_activations, show_trainable)
    one_of(("TB", "LR"), rankdir=rankdir)
    picture = svg(boxes_of(model, BoxStyle(*options)), model.name, rankdir == "LR")
    if to_file is not None:
        files.write(to_file, [png(picture, dpi / 96) if ending == ".png" else picture.encode()])
    return picture
