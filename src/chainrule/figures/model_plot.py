"""A picture of a model: its layers as boxes, with shapes, joined by arrows."""

from __future__ import annotations

import os
from typing import Any

from ..core import files
from ..core.errors import GraphError, ValueProblem
from ..draw.graph import Box, svg
from ..draw.raster import png
from ..graph import Graph
from ..inspection.summary import rows_of
from ..layers import InputLayer
from ..layers.layer_call import LAYER_CALL
from ..models.model import Model
from ..tensors.tensor import INPUT


def boxes_of(model: Model, show_shapes: bool, show_dtype: bool, show_layer_activations: bool) -> list[Box]:
    """Return a box for each call of a layer, in the order of the graph; of a subclassed model, its layers in order."""
    if model.inputs is None or model.outputs is None:
        boxes = []
        for i, r in enumerate(rows_of(model)[0]):
            kind, shapes = type(r.layer).__name__, [str(r.shape)] if show_shapes and r.shape else []
            boxes.append(Box(r.layer.name, [kind, *shapes], kind, [i - 1] if i else []))
        return boxes
    boxes = []
    boxes_of_node: dict[int, list[int]] = {}  # the boxes that a node's value comes from
    for node in Graph(model.inputs, model.outputs).order:
        feeds = sorted({i for n in node.inputs for i in boxes_of_node.get(n.serial, ())})
        if node.operation is LAYER_CALL or (node.operation is INPUT and "layer" in node.attributes):
            call = node.attributes.get("call")
            layer = call.layer if call is not None else node.attributes["layer"]
            spec = node.spec[0] if call is not None else node.spec
            lines = [] if isinstance(layer, InputLayer) else [type(layer).__name__]
            activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
            if show_layer_activations and activation != "linear":
                lines[-1] += f", {activation}"
            if show_shapes:
                lines.append(str(tuple(spec.shape)))
            if show_dtype:
                lines.append(spec.dtype.name)
            boxes_of_node[node.serial] = [len(boxes)]
            boxes.append(Box(layer.name, lines, type(layer).__name__, feeds))
        else:
            boxes_of_node[node.serial] = feeds
    return boxes


def plot_model(
    model: Model, to_file: Any = "model.svg", show_shapes: bool = False, show_dtype: bool = False,
    show_layer_names: bool = True, rankdir: str = "TB", expand_nested: bool = False, dpi: int = 200,
    show_layer_activations: bool = False, show_trainable: bool = False, splines: str = "ortho", **kwargs: Any,
) -> str:  # fmt: skip
    """Draw a model as SVG, without Graphviz (``keras.utils.plot_model``).

    Args:
        to_file: a name that ends in ``.svg`` or ``.png`` (the extra ``chainrule[png]``); ``None`` writes nothing.
        show_shapes, show_dtype, show_layer_activations: what is written in the boxes.
        rankdir: ``"TB"`` downwards, ``"LR"`` to the right. dpi: of PNG; 96 is a pixel for each of the SVG's.
        show_layer_names, expand_nested, show_trainable, splines: as in Keras; of no effect.

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
    picture = svg(boxes_of(model, show_shapes, show_dtype, show_layer_activations), model.name, rankdir == "LR")
    if to_file is not None:
        files.write(to_file, [png(picture, dpi / 96) if ending == ".png" else picture.encode()])
    return picture
