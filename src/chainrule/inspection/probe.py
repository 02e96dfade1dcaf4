"""A model's values and gradients on one batch, traced once and computed again as training goes on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engines.protocol import Engine
from ..layers.call_context import capture_outputs
from ..layers.layer import forget_losses
from ..tensors import tree
from ..training.batch import specs_of
from ..training.compilable import loss_of_batch
from ..training.data_adapter import one_batch
from ..training.preparation import float_dtype_of, prepare
from ..transforms.differentiate import gradients as gradients_of
from ..transforms.trace import restored_variables, trace
from .values import gradients, named_weights, outputs_by_path, values

Arrays = dict[str, Any]


class Probe:
    """Each layer's output, and the loss's gradient by each weight, on a batch, with the weights as they are.

    Args:
        batch: x, y and sample_weight; without y there are no gradients.
        engine: runs it; ``None``: it runs as plain Python.
    """

    def __init__(self, model: Any, batch: Any, engine: Engine | None) -> None:
        self.model, self.batch, self.engine = model, batch, engine
        self.names: tuple[list[str], list[str]] = [], []
        self.step: Any = None

    def __call__(self) -> tuple[Arrays, Arrays]:
        """Return the outputs by the layer's path, and the gradients by the weight's."""
        if self.engine is None:
            x, y, w = self.batch
            return values(self.model, x), gradients(self.model, x, y, w) if y is not None else {}
        if self.step is None:
            self._trace()
        with restored_variables(self.step.writes):
            arrays = [np.array(a) for a in self.program(self.data)]
        layers, weights = self.names
        count = len(layers)
        return dict(zip(layers, arrays[:count], strict=True)), dict(zip(weights, arrays[count:], strict=True))

    def _trace(self) -> None:
        model = self.model
        x, y, w = self.batch
        batch = one_batch(x, y, w, float_dtype_of(model))
        prepare(model, batch, training=False)

        def outputs_and_gradients(x: Any, y: Any, w: Any) -> Any:
            with capture_outputs() as calls:
                model(x, training=False)
            outputs = outputs_by_path(model, calls)
            weights = named_weights(model) if y is not None else {}
            grads: list[Any] = []
            if weights:
                loss = loss_of_batch(model, x, y, model(x, training=True), w, True)
                grads = gradients_of(loss, list(weights.values()), unconnected="zero")
            self.names = list(outputs), list(weights)
            return [*outputs.values(), *grads]

        try:
            self.step = trace(outputs_and_gradients, *specs_of(batch))
        finally:
            forget_losses(model)
        assert self.engine is not None
        self.program, self.data = self.engine.program(self.step), tree.leaves(batch)
