"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import dtype_policies
from ..core.errors import ChainruleError, GraphError, ValueProblem
from ..layers import Input, InputLayer, Layer
from ..serialization.registry import deserialize, serialize
from ..tensors.tensor import INPUT, Tensor
from ..tensors.tree import flatten
from .functional import Functional
from .model import Model


class Sequential(Model):
    """A stack of layers, each called on the one before's output (``keras.Sequential``).

    Args:
        layers: the layers, in order; an `Input` first makes shapes and weights known at once.

    >>> from chainrule.layers import Dense
    >>> model = Sequential([Input((4,)), Dense(8, activation="relu"), Dense(1)])
    >>> model.output_shape, model.count_params()
    ((None, 1), 49)
    """

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        Layer.__init__(self, trainable=True, name=name)
        self._steps = {}
        self._stack: list[Layer] = []
        self._input: InputLayer | None = None
        if layers is not None and not isinstance(layers, list | tuple):
            raise ValueProblem(
                f"{type(layers).__name__} as the layers of a Sequential model", "a list", "put it in [ ]"
            )
        for layer in layers or ():
            self._put(layer)
        self._connect()
        if not trainable:
            self.trainable = False

    @property
    def layers(self) -> list[Layer]:
        """The layers; the input is not one of them."""
        return list(self._stack)

    def _parts(self) -> Any:
        yield from self._stack

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top; one that does not fit is not put there."""
        stack, start = list(self._stack), self._input
        try:
            self._put(layer)
            self._connect()
        except ChainruleError:
            self._stack, self._input = stack, start
            self._connect()
            raise

    def _put(self, layer: Any) -> None:
        if isinstance(layer, Tensor) and layer.operation is INPUT and "layer" in layer.attributes:
            layer = layer.attributes["layer"]
        if isinstance(layer, InputLayer):
            if self._stack or self._input is not None:
                raise ValueProblem("an Input after other layers", "it to come first", "put it at the beginning")
            self._input = layer
            return
        if not isinstance(layer, Layer):
            if callable(layer):
                raise ValueProblem(
                    f"the function {getattr(layer, '__name__', layer)!r} in a Sequential model",
                    "layers",
                    "wrap it in layers.Lambda(...), or layers.Activation(...) for an activation",
                )
            raise ValueProblem(f"{type(layer).__name__} in a Sequential model", "layers", "add layers alone")
        if any(layer is other for other in self._stack) or any(layer.name == other.name for other in self._stack):
            raise ValueProblem(
                f"a second layer called {layer.name!r}", "each layer once, with a name of its own", "make a new layer"
            )
        if not self._stack and self._input is None and layer.declared_shape is not None:
            self._input = Input(layer.declared_shape, name=f"{layer.name}_input").attributes["layer"]
        self._stack.append(layer)

    def pop(self, rebuild: bool = True) -> Layer | None:
        """Take the top layer off."""
        if not self._stack:
            return None
        taken = self._stack.pop()
        self._functional = None
        self._connect()
        return taken

    def _connect(self) -> None:
        """Call the layers on the input, if its shape is known."""
        self._functional = None
        self._steps = {}
        if self._input is None or not self._stack:
            return
        x = self._input.output
        for layer in self._stack:
            x = layer(x)
        self._end_at(x)

    def _end_at(self, x: Tensor) -> None:
        """The model from its input to x; what was compiled for another end is settled anew."""
        assert self._input is not None
        self._functional = Functional(self._input.output, x)
        self._steps = {}
        if self._loss is not None:
            self._loss.by_output = None
        if self._metrics is not None:
            self._metrics.by_output = None
        self.built = True

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if self._functional is not None:
            return self._functional(inputs)
        x = inputs
        for layer in self._stack:
            x = layer(x)
        return x

    def build(self, input_shape: Any = None) -> None:
        """Make all weights, for inputs of this shape (``None`` for the batch)."""
        if input_shape is None or self._functional is not None:
            return
        self._input = InputLayer(batch_shape=tuple(input_shape), name=f"{self.name}_input")
        try:
            self._connect()
        except ChainruleError:
            self._input = None
            raise

    def _build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        x = flatten(args[0])[0]
        if not self._stack:
            raise GraphError(f"the empty model {self.name!r}", "a layer", "add layers first")
        if len(x) == 1 and isinstance(x[0], Tensor):
            self._input = InputLayer(batch_shape=(None, *x[0].shape[1:]), dtype=x[0].dtype, name=f"{self.name}_input")
            try:
                self._connect()
            except ChainruleError:
                self._input = None
                raise
        self.built = True

    @property
    def output_names(self) -> list[str] | None:  # type: ignore[override]
        return [self._stack[-1].name] if self._stack else None

    def get_config(self) -> dict[str, Any]:
        layers = [serialize(layer) for layer in self._stack]
        if self._input is not None:
            layers.insert(0, serialize(self._input))
        policy = self.dtype_policy.name
        return {"name": self.name, "trainable": self._trainable, "dtype": policy, "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        layers = [deserialize(layer, custom_objects) for layer in config["layers"]]
        model = cls(layers, trainable=config.get("trainable", True), name=config.get("name"))
        if "dtype" in config:
            model.dtype_policy = dtype_policies.get(config["dtype"])
        return model
