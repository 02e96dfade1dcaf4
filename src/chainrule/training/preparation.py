"""A model made ready for its steps: built and compiled, with the losses and metrics that need a batch's shapes."""

from __future__ import annotations

from typing import Any

from .. import optimizers
from ..core.errors import GraphError
from ..graph import Spec, floatx
from ..layers.layer import flatten_layers, forget_losses
from ..tensors import tree
from ..tensors.convert import symbolic
from ..tensors.tensor import Tensor
from ..tensors.variable import recording
from ..transforms.trace import StateRecorder
from .batch import specs_of
from .compilable import CompilableLayer
from .compile_utils import outputs_of


def require_compiled(model: CompilableLayer, what: str) -> None:
    """Raise GraphError, about `what` needs it, unless the model was compiled."""
    if not model.compiled:
        passed = f"{what} of a model that was not compiled"
        raise GraphError(passed, "compile to come first", 'e.g. model.compile("adam", "mse")')


def float_dtype_of(model: CompilableLayer) -> str:
    """Return the dtype that a model's batches of floats are cast to."""
    return model.variable_dtype if model.variable_dtype == "float64" else floatx()


def is_built(model: CompilableLayer) -> bool:
    """Whether the model and every layer below it have their weights."""
    return model.built and all(layer.built for layer in flatten_layers(model))


def optimizers_of(model: CompilableLayer) -> list[optimizers.Optimizer]:
    """Return the optimizer of `compile`, and others that the model holds, each once."""
    compiled = [model.optimizer] if model.optimizer is not None else []
    return list({id(o): o for o in (*compiled, *model._attributes_of_type(optimizers.Optimizer))}.values())


def prepare(model: CompilableLayer, batch: tuple[Any, Any, Any], training: bool) -> None:
    """Build the model, its losses and its metrics, for which a batch's shapes are needed."""
    loss, metrics = model.compiled_loss, model.compiled_metrics
    x, y, _ = (_to_symbols(specs_of(part)) for part in batch)
    unbuilt = loss is not None and loss.per_output is None
    unbuilt = unbuilt or (metrics is not None and metrics.per_output is None and y is not None)
    if is_built(model) and not unbuilt:
        return
    outputs = _symbolic_outputs(model, x, training)
    if outputs is None:
        return
    if loss is not None and loss.per_output is None:
        loss.build(list(outputs))
    if metrics is not None and metrics.per_output is None and y is not None:
        metrics.build(y, outputs)


def output_shapes(model: CompilableLayer, x: Any) -> dict[str, Any] | None:
    """Return the shapes of the outputs for a batch, by name; ``None`` for a model without `call`."""
    outputs = _symbolic_outputs(model, _to_symbols(specs_of(x)), training=True)
    return None if outputs is None else {name: output.shape for name, output in outputs.items()}


def _symbolic_outputs(model: CompilableLayer, x: Any, training: bool) -> dict[str, Tensor] | None:
    """Call the model on symbolic inputs, and return the outputs by name; ``None`` for a model without `call`."""
    try:
        with recording(StateRecorder()):
            return outputs_of(model(x, training=training), model.output_names)
    except NotImplementedError:  # a GAN, for example, whose own step calls its parts
        if type(model).train_step is CompilableLayer.train_step:
            raise
        return None
    finally:
        forget_losses(model)


def prepare_optimizer(model: CompilableLayer) -> None:
    """Build the optimizer, if there is one and the model has weights to train."""
    if model.optimizer is not None and not model.optimizer.built and model.trainable_weights:
        model.optimizer.build(model.trainable_weights)


def _to_symbols(specs: Any) -> Any:
    return tree.map(lambda s: symbolic(s.shape, s.dtype) if isinstance(s, Spec) else None, specs)
