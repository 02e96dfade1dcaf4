"""How a layer is called: inputs are converted, checked and cast, outputs are masked, a model's calls are recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.errors import ChainruleError, DTypeError, GraphError, ShapeError
from ..graph import Dim, Spec, as_dtype, infer_from_numbers, without_symbolic_sizes
from ..graph.infer import with_symbolic_sizes
from ..graph.spec import is_float
from ..ops.recorded import ArgumentSlot, call_node
from ..tensors import tree
from ..tensors.convert import as_tensor, symbolic, tensor
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable
from .base import LayerBase
from .call_context import calls, mask_of, note_outputs, set_mask
from .input_spec import InputSpec
from .layer_call import LAYER_CALL, LayerCall
from .shape_chain import chain_before, layer_graph, layer_label
from .signatures import parameter_names, trains_by_default

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def convert_argument(x: Any, is_input: bool) -> Any:
    """Return arrays and tables in an argument as tensors, and variables as their values.

    Args:
        x: an argument of a call, perhaps nested.
        is_input: whether it is the first argument, whose numbers and lists of numbers become tensors too.
    """
    if isinstance(x, Tensor) or x is None or isinstance(x, str | bool):
        return x
    if isinstance(x, Variable):
        return x.value
    if isinstance(x, dict):
        return {k: convert_argument(v, is_input) for k, v in x.items()}
    if isinstance(x, list | tuple) and any(isinstance(v, Tensor | Variable | np.ndarray | dict | None) for v in x):
        return type(x)(convert_argument(v, is_input) for v in x) if type(x) in (list, tuple) else x
    if is_input or isinstance(x, np.ndarray) or hasattr(x, "__dlpack__"):
        result = as_tensor(x)
        return tensor(x) if result.spec.weak else result
    return x


def cast_arguments(layer: LayerBase, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    """Cast the float tensors among a call's arguments to the layer's compute dtype; their masks are kept."""
    if not layer.autocast:
        return args, kwargs
    dtype = as_dtype(layer.compute_dtype)

    def cast(x: Any) -> Any:
        if not (isinstance(x, Tensor) and is_float(x.dtype) and x.dtype != dtype):
            return x
        mask = mask_of(x)
        x = x.cast_to(dtype)
        set_mask(x, mask)
        return x

    args, kwargs = tree.map(cast, (args, kwargs))
    return args, kwargs


def check_inputs(layer: LayerBase, args: tuple[Any, ...]) -> None:
    """Check the first argument against the layer's `input_spec`."""
    if layer.input_spec is None:
        return
    specs = [layer.input_spec] if isinstance(layer.input_spec, InputSpec) else list(layer.input_spec)
    inputs = tree.flatten(args[0])[0] if args else []
    if not any(isinstance(x, Tensor) for x in inputs):
        passed = f"{type(args[0]).__name__} as inputs" if args else "a call without inputs"
        raise DTypeError(passed, "a tensor or an array", "call the layer on data")
    for i, (spec, x) in enumerate(zip(specs, inputs, strict=False)):
        problem = spec.problem(x.shape) if isinstance(x, Tensor) else ""
        if problem:
            which = f" (input {i})" if len(inputs) > 1 else ""
            raise ShapeError(f"an input of shape {x.shape}{which}", problem, layer._advice(x.shape))


def add_context(layer: LayerBase, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return `kwargs` with `training` and `mask`, from the caller or from the layers around, if `call` takes them."""
    names = parameter_names(type(layer).call)
    training = kwargs.get("training")
    if training is None and "training" in names and len(args) > names.index("training") - 1:
        training = args[names.index("training") - 1]
    elif training is None:
        training = calls.training
        if "training" in names:
            default = trains_by_default(type(layer).call) if training is None else training
            kwargs = {**kwargs, "training": bool(default)}
    elif "training" not in names:
        kwargs = {k: v for k, v in kwargs.items() if k != "training"}
    if training is not None:
        calls.training = bool(training)
    if "mask" in names and kwargs.get("mask") is None and len(args) < names.index("mask"):
        masks = tree.map(mask_of, args[0])
        if tree.leaves(masks):
            kwargs = {**kwargs, "mask": masks}
    return kwargs


def set_output_masks(layer: LayerBase, inputs: Any, outputs: Any) -> None:
    """Set the masks that the layer computes for its outputs."""
    masks = layer.compute_mask(inputs, tree.map(mask_of, inputs))
    flat_masks = [] if masks is None else tree.flatten(masks)[0]
    flat_outputs = tree.flatten(outputs)[0]
    if len(flat_masks) == len(flat_outputs):
        for output, mask in zip(flat_outputs, flat_masks, strict=True):
            if isinstance(output, Tensor):
                set_mask(output, mask)


def record_call(layer: LayerBase, leaves: list[Any], unflatten: Callable[[list[Any]], Any]) -> Any:
    """Record this call as one node of a model's graph, and return its symbolic outputs.

    Args:
        layer: the layer that is called.
        leaves: the leaves of ``[args, kwargs]``, tensors of a model among them. unflatten: builds ``[args, kwargs]``.
    """
    tensors = [x for x in leaves if isinstance(x, Tensor)]
    indices = iter(range(len(tensors)))
    args, kwargs = unflatten([ArgumentSlot(next(indices)) if isinstance(x, Tensor) else x for x in leaves])
    call = LayerCall(layer, args, kwargs)
    try:
        with chain_before(tensors):
            inferred, unflatten_outputs = tree.flatten(infer_outputs(layer, call.arguments, tensors))
    except ChainruleError as error:
        if error.layer == layer_label(layer):
            error.with_graph(*layer_graph(tensors))
        raise
    for output in inferred:
        if not isinstance(output, Tensor):
            raise GraphError(f"{type(output).__name__} returned by {layer_label(layer)}", "tensors", "return tensors")
    outputs = call_node(LAYER_CALL, call, tensors, [t.spec for t in inferred])
    for output, symbol in zip(outputs, inferred, strict=True):
        set_mask(output, mask_of(symbol))
    note_outputs(layer, outputs)
    return unflatten_outputs(outputs)


def infer_outputs(layer: LayerBase, arguments: Callable[[Sequence[Any]], Arguments], tensors: Sequence[Tensor]) -> Any:
    """Return symbolic outputs of the layer for symbols with the specs of `tensors`.

    Sizes that are not known are symbolic meanwhile; where the layer's code needs numbers, it runs on several sets.

    Args:
        layer: the layer that is called.
        arguments: builds the call's arguments from one tensor for each of `tensors`. tensors: their specs are used.
    """
    masks = [mask_of(t) for t in tensors]
    specs = with_symbolic_sizes([t.spec for t in (*tensors, *masks) if t is not None], one_batch=True)
    unflatten: Any = None

    def rule(sized: list[Spec], numbers: list[Any]) -> list[Any]:
        nonlocal unflatten
        symbols = iter([symbolic(s.shape, s.dtype) for s in sized])
        inputs = [next(symbols) for _ in tensors]
        for symbol, mask in zip(inputs, masks, strict=True):
            set_mask(symbol, None if mask is None else next(symbols))
        previous, calls.stand_ins = calls.stand_ins, _numbers_for_unknown(specs, sized)
        try:
            args, kwargs = arguments(inputs)
            outputs, unflatten = tree.flatten(layer.compute_output_spec(*args, **kwargs))
        finally:
            calls.stand_ins = previous
        return [part.spec if isinstance(part, Tensor) else part for t in outputs for part in (t, mask_of(t))]

    try:
        inferred = rule(specs, [])
    except ChainruleError:
        raise
    except Exception as error:  # `UnknownSize`, or Python's own where it was given a size that is no number
        inferred = infer_from_numbers(rule, specs, [], error, builds=True)
    results = [symbolic(without_symbolic_sizes(r).shape, r.dtype) if isinstance(r, Spec) else r for r in inferred]
    outputs, output_masks = results[::2], results[1::2]
    for output, mask in zip(outputs, output_masks, strict=True):
        if isinstance(output, Tensor):
            set_mask(output, mask)
    return unflatten(outputs)


def _numbers_for_unknown(specs: Sequence[Spec], sized: Sequence[Spec]) -> set[int]:
    """Return the numbers that stand in `sized` for symbolic sizes of `specs`, if they are unlike those of real axes."""
    pairs = [pair for s, t in zip(specs, sized, strict=True) for pair in zip(s.shape, t.shape, strict=True)]
    return {n for dim, n in pairs if isinstance(dim, Dim) and not isinstance(n, Dim) and n > 3}
