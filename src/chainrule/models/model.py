"""The model: layers that are trained, saved and inspected together; made of layer calls, or a subclass."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..core.arguments import whole_number
from ..core.errors import GraphError, ValueProblem
from ..core.habits import no_call
from ..core.providers import provider
from ..core.terminal import echo
from ..graph import spec_of
from ..layers import Layer
from ..serialization.names import collect_custom_objects
from ..serialization.serialize import deserialize, serialize
from ..tensors import tree
from ..tensors.tensor import Tensor
from ..training import Trainer
from .functional import Functional
from .structure import from_functional_config, functional_config

if TYPE_CHECKING:
    from ..inspection.recording import Recorder


class Model(Trainer):
    """A layer that can be trained and saved (``keras.Model``).

    Pass `inputs` and `outputs` made by calling layers on `Input`; or subclass it, create layers in ``__init__`` and
    define ``call``.

    Args:
        inputs, outputs: symbolic tensors, possibly in lists or dictionaries. name, trainable, dtype: as for `Layer`.

    >>> import numpy as np
    >>> from chainrule.layers import Dense, Input
    >>> x = Input((4,))
    >>> model = Model(x, Dense(1)(Dense(8, activation="relu")(x)))
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((6, 4)), np.ones(6), epochs=2, verbose=0)
    >>> len(history.history["loss"])
    2
    """

    _functional: Functional | None = None
    notes: dict[str, Any] | None = None  # plain data of the user, saved in the model's file
    _call_specs: Any = None  # the specs of the inputs of the first call of a model without Input

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        inputs, outputs, kwargs = _split_arguments(args, kwargs)
        super().__init__(**kwargs)
        if outputs is not None:
            self._functional = Functional(inputs, outputs)
            self.built = True

    @staticmethod
    def _current_remat_scope() -> None:
        return None

    # ---- structure

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order they were called or set; a functional model's inputs are among them."""
        if self._functional is not None:
            layers = self._functional.layers
            return layers + [part for part in self.sublayers if all(part is not layer for layer in layers)]
        return self.sublayers

    def _parts(self) -> Iterator[Any]:
        if self._functional is not None:
            yield from self._functional.layers
        yield from super()._parts()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return the layer of this name, or at this index."""
        layers = self.layers
        if name is not None:
            for layer in layers:
                if layer.name == name:
                    return layer
            raise ValueProblem(f"the layer {name!r}", f"one of {[layer.name for layer in layers]}", "check the name")
        number = None if index is None else whole_number(index)
        if number is None or not -len(layers) <= number < len(layers):
            raise ValueProblem(
                f"the layer number {index}", f"a number below {len(layers)}", "pass the layer's name or its index"
            )
        return layers[number]

    @property
    def inputs(self) -> list[Tensor] | None:
        """The symbolic inputs, or ``None`` for a model without `Input`."""
        return self._functional.flat_inputs if self._functional is not None else None

    @property
    def outputs(self) -> list[Tensor] | None:
        """The symbolic outputs, or ``None`` for a model without `Input`."""
        return self._functional.flat_outputs if self._functional is not None else None

    @property
    def input(self) -> Any:
        """The symbolic input, or all of them in their structure."""
        return self._require_functional().inputs

    @property
    def output(self) -> Any:
        """The symbolic output, or all of them in their structure."""
        return self._require_functional().outputs

    def _require_functional(self) -> Functional:
        if self._functional is None:
            raise GraphError(
                f"the inputs of {self.name!r}, which has none",
                "a model made from Input",
                "begin the model with Input(shape)",
            )
        return self._functional

    @property
    def input_shape(self) -> Any:
        """The input's shape, or a list of them."""
        shapes = [t.shape for t in self._require_functional().flat_inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        """The output's shape, or a list of them."""
        shapes = [t.shape for t in self._require_functional().flat_outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def input_names(self) -> list[str] | None:
        """The names of the inputs, or ``None`` for a model without `Input`."""
        return self._functional.input_names if self._functional is not None else None

    @property
    def output_names(self) -> list[str] | None:  # type: ignore[override]
        """The names under which losses, metrics and targets may be given."""
        return self._functional.output_names if self._functional is not None else None

    @property
    def input_specs(self) -> Any:
        """The specs of the inputs, nested as the model takes them; ``None`` if that is known only after a call."""
        if self._functional is not None:
            return tree.map(lambda t: t.spec, self._functional.inputs)
        return self._call_specs

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Compute the outputs; a subclass defines it."""
        if self._functional is None:
            raise no_call(self)
        return self._functional(inputs)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return ``None``: a model passes no mask on."""
        return None

    def build(self, input_shape: Any = None) -> None:
        """Create all weights, for inputs of this shape (``None`` for the batch)."""
        if self._functional is not None or input_shape is None:
            return
        shape = tuple(input_shape) if not isinstance(input_shape, dict) else input_shape
        self.compute_output_shape(shape)
        self.built = True

    def _build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if args and all(isinstance(t, Tensor) for t in tree.flatten(args[0])[0]):
            self._call_specs = tree.map(lambda t: spec_of((None, *t.shape[1:]), t.dtype), args[0])
        if type(self).build is Model.build:  # layers are built as they are called
            self.built = True
        else:
            super()._build(args, kwargs)

    # ---- inspection

    def summary(
        self, line_length: int | None = None, positions: Any = None, print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False, show_trainable: bool = False, layer_range: Any = None, measure: bool = False,
    ) -> None:  # fmt: skip
        """Print each layer's output shape, parameters, multiplies of one example and the memory of its output.

        Args:
            measure: also the milliseconds and GFLOP/s of the forward pass of one example with NumPy on this machine;
                `cost` also measures the rest of a step, batches and the other engine.
            line_length, print_fn, expand_nested, show_trainable, layer_range: as in Keras. positions: has no effect.
        """
        from ..inspection.summary import summary_of

        (print_fn or echo)(summary_of(self, expand_nested, show_trainable, layer_range, line_length, measure))

    def values(self, x: Any, training: bool = False) -> dict[str, Any]:
        """Return every layer's output on a batch, as arrays, by the layer's name (its path, for a layer in a layer).

        The second call of a layer is ``name#2``. No state changes: no moving average, no random stream.

        >>> import numpy as np
        >>> from chainrule.layers import Dense, Input
        >>> model = Model(x := Input((4,)), Dense(1, name="out")(Dense(8, name="hidden")(x)))
        >>> {name: value.shape for name, value in model.values(np.ones((2, 4))).items()}
        {'hidden': (2, 8), 'out': (2, 1)}
        """
        from ..inspection.values import values

        return values(self, x, training)

    def gradients(self, x: Any, y: Any, sample_weight: Any = None, training: bool = True) -> dict[str, Any]:
        """Return the gradients of a batch's loss, as arrays, without taking a step.

        The keys are the names of the layers for their outputs, ``"layer/kernel"`` for weights and ``"x"`` for inputs.

        >>> import numpy as np
        >>> from chainrule.layers import Dense, Input
        >>> model = Model(x := Input((4,)), Dense(1, name="out")(x))
        >>> model.compile(loss="mse")
        >>> sorted(model.gradients(np.ones((2, 4)), np.ones((2, 1))))
        ['out', 'out/bias', 'out/kernel', 'x']
        """
        from ..inspection.values import gradients

        return gradients(self, x, y, sample_weight, training)

    def explain(self, x: Any, y: Any = None, entry: Any = None, **options: Any) -> Any:
        """Explain the loss of a batch, every value and gradient, as an `Explanation`: text, page, picture or data.

        Args:
            x, y: a batch. Without y, `entry` is explained: the index of one number of the output, by default the
                largest of the first example.
            sample_weight: as in `fit`. training: default True with y, as in a step of `fit`, else False.
            depth: scopes deeper than this are folded in the text. digits: significant digits.

        >>> import numpy as np
        >>> from chainrule.layers import Dense, Input
        >>> model = Model(x := Input((2,)), Dense(1, name="out", kernel_initializer="ones")(x), name="net")
        >>> model.compile(loss="mse")
        >>> e = model.explain(np.array([[1.0, 2.0]]), np.array([[4.0]]), depth=0)
        >>> print(e.steps[0].formula, e.steps[0].value)
        net(x, out/kernel, out/bias) [[3.]]
        """
        from ..inspection.values import explain_model

        return explain_model(self, x, y, entry, **options)

    def verify(self, x: Any, y: Any = None, training: bool | None = None) -> Any:
        """Compare the NumPy engine, which is used for explanations, with the XLA engine, which trains.

        Returns the difference of each layer's output and gradient, each weight's gradient and the loss, in ulps.

        Args:
            x, y: a batch; without y there are no gradients. training: default True with y.

        >>> import numpy as np
        >>> from chainrule.layers import Dense, Input
        >>> model = Model(x := Input((4,)), Dense(3, name="out")(x))
        >>> model.verify(np.ones((2, 4))).worst.ulps < 10
        True
        """
        from ..inspection.values import verify_engines

        return verify_engines(self, x, y, training)

    def cost(
        self, x: Any = None, y: Any = None, batch_size: int = 1, measure: bool = False, engine: str | None = None
    ) -> Any:
        """Return the cost of each layer, as `Costs`: multiplies, adds, bias and memory; forward, backward and update.

        Args:
            x, y: a batch. With y a step of `fit` is counted, loss and update included; without, the outputs and the
                gradients of the weights. Without x, `batch_size` examples of the declared input.
            measure: also the milliseconds and GFLOP/s on this machine. engine: ``"numpy"`` (default: operation by
                operation) or ``"xla"`` (each layer as a separate program).

        >>> from chainrule.layers import Conv2D, Input
        >>> model = Model(x := Input((28, 28, 192)), Conv2D(32, 5, padding="same", name="conv")(x))
        >>> model.cost().lines[0].formula
        '28·28·32 outputs × 5·5·192 window = 120,422,400 multiplies'
        """
        from ..inspection.cost import cost_of_model

        return cost_of_model(self, x, y, batch_size, measure, engine)

    def program(self, x: Any = None, y: Any = None) -> Any:
        """Return which engine runs the training step and the prediction, and which kernels compute what in them.

        For each call of a kernel there is the layer, the operations that it computes together, and its name; and why
        others are left to XLA's own code where there is a kernel for them.

        Args:
            x, y: a batch. With y a step of `fit` is described, and a prediction; without, a prediction. Without x, the
                steps that the model has taken so far, each on its largest batch. Nothing is run.

        Raises:
            GraphError: without x, before the first step.

        >>> import numpy as np
        >>> from chainrule.layers import Dense, Input
        >>> model = Model(x := Input((4,)), Dense(1, name="out")(x), name="net")
        >>> model.compile("sgd", "mse", engine="numpy")
        >>> history = model.fit(np.ones((8, 4)), np.ones(8), batch_size=8, verbose=0)
        >>> model.program()
        net: a training step of 8 examples runs on NumPy, without kernels: NumPy runs one operation after the other
        """
        from ..inspection.program import program_of

        return program_of(self, x, y)

    def lint(self, x: Any = None, y: Any = None, validation_data: Any = None) -> Any:
        """Return probable mistakes in the model and this data as a `lint.Report`, which is empty if there are none.

        `fit` does the cheap checks, too: there errors are raised and warnings issued.
        """
        from ..inspection.lint import lint

        return lint(self, x, y, validation_data)

    def _check_fit(self, source: Any, batch: Any, validation: Any) -> None:
        from ..inspection.lint import check_fit

        check_fit(self, source, batch, validation)

    def _recorder(self, record: Any, batch: Any, data: Any, epochs: range, steps: int | None) -> Recorder:
        from ..inspection.recording import recorder

        return recorder(record, batch, data[0], data[1], epochs, steps)

    # ---- saving

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write the model, its weights and its optimizer's state to one file, ``.chainrule`` (`saving.save_model`)."""
        provider("model_files").save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights alone, as safetensors (`saving.save_weights`)."""
        provider("model_files").save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read weights that `save_weights` or `save` wrote, into a model of the same structure."""
        provider("model_files").load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def save_checkpoint(self, filepath: Any, callbacks: Any = None) -> None:
        """Write all that a run needs to continue bit for bit (`saving.save_checkpoint`)."""
        provider("model_files").save_checkpoint(self, filepath, callbacks)

    def load_checkpoint(self, filepath: Any) -> None:
        """Read what `save_checkpoint` wrote; the next `fit` continues from there."""
        provider("model_files").load_checkpoint(self, filepath)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration, for `from_config`: of a functional model its layers and calls."""
        if self._functional is not None and type(self).__init__ is Model.__init__:
            config = {"name": self.name, "trainable": self._trainable, "dtype": self.dtype_policy.name}
            return {**config, **functional_config(self._functional)}
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Create a model from the result of `get_config`."""
        if "layers" in config and "input_layers" in config:
            return from_functional_config(cls, config, custom_objects)
        return super().from_config(config)

    def to_json(self, **kwargs: Any) -> str:
        """Return the structure as JSON (`models.model_from_json` reads it)."""
        return json.dumps(serialize(self), **kwargs)

    def get_compile_config(self) -> dict[str, Any]:
        """Return the arguments of `compile`, as plain data."""
        arguments = self.compile_arguments
        if arguments:
            arguments["optimizer"] = self.optimizer
        return {k: serialize(v) for k, v in arguments.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Call `compile` with the result of `get_compile_config`."""
        self.compile(**{k: deserialize(v) for k, v in config.items()})

    def __reduce__(self) -> Any:
        """Pickle a model as the bytes of its file, with the custom objects it names."""
        file = io.BytesIO()
        with collect_custom_objects() as custom_objects:
            provider("model_files").save_model(self, file)
        return _from_bytes, (file.getvalue(), custom_objects)

    def __deepcopy__(self, memo: Any) -> Any:
        function, arguments = self.__reduce__()
        copy = function(*arguments)
        memo[id(self)] = copy
        return copy


def _from_bytes(data: bytes, custom_objects: dict[str, Any]) -> Any:
    return provider("model_files").load_model(io.BytesIO(data), custom_objects=custom_objects)


def _split_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Return inputs, outputs and the other arguments of a model."""
    kwargs = dict(kwargs)
    inputs = args[0] if args else kwargs.pop("inputs", None)
    outputs = args[1] if len(args) > 1 else kwargs.pop("outputs", None)
    if len(args) == 3:
        kwargs["name"] = args[2]
    if (inputs is None) != (outputs is None):
        raise ValueProblem("only one of inputs and outputs", "both, or neither", "call Model(inputs, outputs)")
    return inputs, outputs, kwargs
