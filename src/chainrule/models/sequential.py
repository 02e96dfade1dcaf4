"""Models of layers called one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .. import dtype_policies
from ..core.errors import ChainruleError, GraphError, ValueProblem
from ..layers import Input, InputLayer, Layer
from ..serialization.serialize import deserialize, serialize
from ..tensors.tensor import INPUT, Tensor
from ..tensors.tree import flatten
from .functional import Functional
from .model import Model


class Sequential(Model):
    """A stack of layers, each called on the output of the previous one (``keras.Sequential``).

    Args:
        layers: the layers, in order; with an `Input` first, shapes and weights are known at once.

    >>> from chainrule.layers import Dense
    >>> model = Sequential([Input((4,)), Dense(8, activation="relu"), Dense(1)])
    >>> model.output_shape, model.count_params()
    ((None, 1), 49)
    """

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        Layer.__init__(self, trainable=True, name=name)
        self._stack: list[Layer] = []
        self._input: InputLayer | None = None
        if layers is not None and not isinstance(layers, list | tuple):
            raise ValueProblem(
                f"{type(layers).__name__} as the layers of a Sequential model", "a list", "wrap it in [ ]"
            )
        for layer in layers or ():
            self._push(layer)
        self._connect()
        if not trainable:
            self.trainable = False

    @property
    def layers(self) -> list[Layer]:
        """The layers; the input is not one of them."""
        return list(self._stack)

    def _parts(self) -> Iterator[Any]:
        yield from self._stack

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Add a layer on top; a layer that cannot be called on the previous output is not added."""
        stack, start = list(self._stack), self._input
        try:
            self._push(layer)
            self._connect()
        except ChainruleError:
            self._stack, self._input = stack, start
            self._connect()
            raise

    def _push(self, layer: Any) -> None:
        """Append a layer, or set the input, without connecting them."""
        if isinstance(layer, Tensor) and layer.operation is INPUT and "layer" in layer.attributes:
            layer = layer.attributes["layer"]
        if isinstance(layer, InputLayer):
            if self._stack or self._input is not None:
                raise ValueProblem(
                    "an Input after other layers", "an Input before all layers", "put it at the beginning"
                )
            self._input = layer
            return
        if not isinstance(layer, Layer):
            if callable(layer):
                raise ValueProblem(
                    f"the function {getattr(layer, '__name__', layer)!r} in a Sequential model",
                    "layers",
                    "wrap it in layers.Lambda(...), or layers.Activation(...) for an activation",
                )
            raise ValueProblem(f"{type(layer).__name__} in a Sequential model", "layers", "add only layers")
        if any(layer is other for other in self._stack) or any(layer.name == other.name for other in self._stack):
            raise ValueProblem(
                f"a second layer called {layer.name!r}", "each layer once, with a unique name", "create a new layer"
            )
        if not self._stack and self._input is None and layer.declared_shape is not None:
            self._input = Input(layer.declared_shape, name=f"{layer.name}_input").attributes["layer"]
        self._stack.append(layer)

    def pop(self, rebuild: bool = True) -> Layer | None:
        """Remove and return the top layer."""
        if not self._stack:
            return None
        layer = self._stack.pop()
        self._connect()
        return layer

    def _connect(self) -> None:
        """Call the layers on the input, if its shape is known."""
        self._functional = None
        self.training_state.steps = {}
        if self._input is None or not self._stack:
            return
        x = self._input.output
        for layer in self._stack:
            x = layer(x)
        self._functional = Functional(self._input.output, x)
        if self.compiled_loss is not None:  # losses and metrics are assigned to outputs again
            self.compiled_loss.per_output = None
        if self.compiled_metrics is not None:
            self.compiled_metrics.per_output = None
        self.built = True

    def _connect_to_input(self, batch_shape: tuple[int | None, ...], dtype: Any = None) -> None:
        """Call the layers on a new input; without it again if they cannot be called."""
        self._input = InputLayer(batch_shape=batch_shape, dtype=dtype, name=f"{self.name}_input")
        try:
            self._connect()
        except ChainruleError:
            self._input = None
            raise

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Compute the outputs."""
        if self._functional is not None:
            return self._functional(inputs)
        for layer in self._stack:
            inputs = layer(inputs)
        return inputs

    def build(self, input_shape: Any = None) -> None:
        """Create all weights, for inputs of this shape (``None`` for the batch)."""
        if input_shape is None or self._functional is not None:
            return
        self._connect_to_input(tuple(input_shape))

    def _build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        x = flatten(args[0])[0]
        if not self._stack:
            raise GraphError(f"the empty model {self.name!r}", "a layer", "add layers first")
        if len(x) == 1 and isinstance(x[0], Tensor):
            self._connect_to_input((None, *x[0].shape[1:]), x[0].dtype)
        self.built = True

    @property
    def output_names(self) -> list[str] | None:  # type: ignore[override]
        """The name of the last layer, under which losses, metrics and targets may be given."""
        return [self._stack[-1].name] if self._stack else None

    def get_config(self) -> dict[str, Any]:
        """Return the configuration, for `from_config`."""
        layers = [serialize(layer) for layer in self._stack]
        if self._input is not None:
            layers.insert(0, serialize(self._input))
        policy = self.dtype_policy.name
        return {"name": self.name, "trainable": self._trainable, "dtype": policy, "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Create a model from the result of `get_config`."""
        layers = [deserialize(layer, custom_objects) for layer in config["layers"]]
        model = cls(layers, trainable=config.get("trainable", True), name=config.get("name"))
        if "dtype" in config:
            model.dtype_policy = dtype_policies.get(config["dtype"])
        return model
