"""The model: layers that are trained, saved and looked at together. Made of layers called on inputs, or subclassed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from ..core.errors import GraphError, ValueProblem
from ..core.providers import provider
from ..graph import spec_of
from ..layers import Layer
from ..serialization.registry import collect_custom_objects, deserialize, serialize
from ..tensors.tensor import Tensor
from ..tensors.tree import flatten
from ..training import Trainer
from .functional import Functional
from .structure import from_functional_config, functional_config


class Model(Trainer):
    """A layer that can be trained and saved (``keras.Model``).

    Give it `inputs` and `outputs` made by calling layers on `Input`; or inherit, make layers in ``__init__`` and
    define ``call``.

    Args:
        inputs, outputs: symbolic tensors, in lists or dictionaries as wanted. name, trainable, dtype: as for `Layer`.

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
    notes: dict[str, Any] | None = None  # plain data of yours, which the model's file keeps
    _called_with: Any = None  # the specs of the inputs of the first call, where no Input says it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        inputs, outputs, kwargs = _ends(args, kwargs)
        super().__init__(**kwargs)
        self._steps = {}
        if outputs is not None:
            self._functional = Functional(inputs, outputs)
            self.built = True

    @staticmethod
    def _rematerialized() -> None:
        return None

    # ---- structure

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order they were called or set; a functional model's inputs are among them."""
        if self._functional is not None:
            own = self._functional.layers
            return own + [part for part in self.sublayers if all(part is not layer for layer in own)]
        return self.sublayers

    def _parts(self) -> Any:
        if self._functional is not None:
            yield from self._functional.layers
        yield from super()._parts()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of this name, or at this place."""
        found = self.layers
        if name is not None:
            for layer in found:
                if layer.name == name:
                    return layer
            raise ValueProblem(f"the layer {name!r}", f"one of {[layer.name for layer in found]}", "check the name")
        if index is None or not -len(found) <= index < len(found):
            raise ValueProblem(
                f"the layer number {index}", f"a number below {len(found)}", "name the layer, or its place"
            )
        return found[index]

    @property
    def inputs(self) -> list[Tensor] | None:
        """The symbolic inputs, of a model made from them."""
        return self._functional.flat_inputs if self._functional is not None else None

    @property
    def outputs(self) -> list[Tensor] | None:
        """The symbolic outputs."""
        return self._functional.flat_outputs if self._functional is not None else None

    @property
    def input(self) -> Any:
        """The symbolic input, or all of them in their form."""
        return self._known().inputs

    @property
    def output(self) -> Any:
        """The symbolic output, or all of them in their form."""
        return self._known().outputs

    def _known(self) -> Functional:
        if self._functional is None:
            raise GraphError(
                f"the inputs of {self.name!r}, which were never given",
                "a model made from Input",
                "begin the model with Input(shape)",
            )
        return self._functional

    @property
    def input_shape(self) -> Any:
        """The input's shape, or a list of them."""
        shapes = [t.shape for t in self._known().flat_inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        """The output's shape, or a list of them."""
        shapes = [t.shape for t in self._known().flat_outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def input_names(self) -> list[str] | None:
        return self._functional.input_names if self._functional is not None else None

    @property
    def output_names(self) -> list[str] | None:  # type: ignore[override]
        """The names under which losses, metrics and targets may be given."""
        return self._functional.output_names if self._functional is not None else None

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """What the model computes; a subclass defines it."""
        if self._functional is None:
            raise NotImplementedError(f"{type(self).__name__} must define call(self, inputs)")
        return self._functional(inputs)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return None

    def build(self, input_shape: Any = None) -> None:
        """Make all weights, for inputs of this shape (``None`` for the batch)."""
        if self._functional is not None or input_shape is None:
            return
        shape = tuple(input_shape) if not isinstance(input_shape, dict) else input_shape
        self.compute_output_shape(shape)
        self.built = True

    def _build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if args:
            flat, build = flatten(args[0])
            if all(isinstance(t, Tensor) for t in flat):
                self._called_with = build([spec_of((None, *t.shape[1:]), t.dtype) for t in flat])
        if type(self).build is Model.build:  # layers are built as they are called
            self.built = True
        else:
            super()._build(args, kwargs)

    # ---- seeing

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
        measure: bool = False,
    ) -> None:
        """Print each layer's output shape, parameters, multiplies of one example and the memory of its output.

        Args:
            measure: also the milliseconds and GFLOP/s of one example forward, run by NumPy on this machine; `cost` has
                the rest of a step, batches and the other engine.
            line_length, print_fn, expand_nested, show_trainable, layer_range: as in Keras. positions: of no effect.
        """
        from ..inspection.summary import summary_of

        (print_fn or print)(summary_of(self, expand_nested, show_trainable, layer_range, line_length, measure))

    def values(self, x: Any, training: bool = False) -> dict[str, Any]:
        """Every layer's output on a batch, as arrays, by the layer's name (its path, for a layer in a layer).

        A layer that is called again is there again, as ``name#2``. Nothing changes: no average, no random stream.

        >>> import numpy as np
        >>> from chainrule.layers import Dense, Input
        >>> model = Model(x := Input((4,)), Dense(1, name="out")(Dense(8, name="hidden")(x)))
        >>> {name: value.shape for name, value in model.values(np.ones((2, 4))).items()}
        {'hidden': (2, 8), 'out': (2, 1)}
        """
        from ..inspection.values import values

        return values(self, x, training)

    def gradients(self, x: Any, y: Any, sample_weight: Any = None, training: bool = True) -> dict[str, Any]:
        """The gradient of the batch's loss by every layer's output (by the layer's name), by every weight
        (``"layer/kernel"``) and by the inputs (``"x"``), as arrays: those of a step of `fit`, which is not taken.

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
        """The loss of a batch, every value and gradient of it, as an `Explanation`: text, page, picture or data.

        Args:
            x, y: a batch. Without y, `entry` is explained: the index of one number of the output, by default the first
                example's largest.
            sample_weight: as in `fit`. training: default True with y, as a step of `fit` runs, else False.
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
        """How far the numbers that are shown are from those that train: the same batch through the NumPy and the XLA
        engine, and the difference of each layer's output and gradient, each weight's gradient and the loss, in ulps.

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
        """What each layer costs, as `Costs`: multiplies, adds, bias and memory; forward, backward and update.

        Args:
            x, y: a batch. With y the step of `fit` is counted, loss and update included; without, the outputs and the
                gradients of the weights. Without x, `batch_size` examples of the declared input.
            measure: also the milliseconds and GFLOP/s of this machine. engine: ``"numpy"`` (the default: operation by
                operation) or ``"xla"`` (each layer as a program of its own).

        >>> from chainrule.layers import Conv2D, Input
        >>> model = Model(x := Input((28, 28, 192)), Conv2D(32, 5, padding="same", name="conv")(x))
        >>> model.cost().lines[0].formula
        '28·28·32 outputs × 5·5·192 window = 120,422,400 multiplies'
        """
        from ..inspection.cost import cost_of_model

        return cost_of_model(self, x, y, batch_size, measure, engine)

    def lint(self, x: Any = None, y: Any = None, validation_data: Any = None) -> Any:
        """Everything that is probably not as meant about the model and this data; an empty `lint.Report` if nothing is.

        The cheap checks are made by `fit`, too: there an error raises and a warning is warned.
        """
        from ..inspection.lint import lint

        return lint(self, x, y, validation_data)

    def _check_fit(self, source: Any, batch: Any, validation: Any) -> None:
        from ..inspection.lint import check_fit

        check_fit(self, source, batch, validation)

    def _recorder(self, record: Any, batch: Any, data: Any, epochs: range, steps: int | None) -> Any:
        from ..inspection.recording import recorder

        return recorder(record, batch, data[0], data[1], epochs, steps)

    # ---- saving

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write the model, its weights and its optimizer's state to one file, ``.chainrule`` (`saving.save_model`)."""
        provider("model_files").save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights alone, as safetensors (`saving.save_weights`)."""
        provider("model_files").save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read weights that `save_weights` or `save` wrote, into a model of the same structure."""
        provider("model_files").load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def save_checkpoint(self, filepath: Any, callbacks: Any = None) -> None:
        """Write all that a run needs to go on bit for bit (`saving.save_checkpoint`)."""
        provider("model_files").save_checkpoint(self, filepath, callbacks)

    def load_checkpoint(self, filepath: Any) -> None:
        """Take up what `save_checkpoint` wrote; the next `fit` goes on from there."""
        provider("model_files").load_checkpoint(self, filepath)

    def get_config(self) -> dict[str, Any]:
        if self._functional is not None and type(self).__init__ is Model.__init__:
            own = {"name": self.name, "trainable": self._trainable, "dtype": self.dtype_policy.name}
            return {**own, **functional_config(self._functional)}
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        if "layers" in config and "input_layers" in config:
            return from_functional_config(cls, config, custom_objects)
        return super().from_config(config)

    def to_json(self, **kwargs: Any) -> str:
        """The structure as JSON (`models.model_from_json` reads it)."""
        import json

        return json.dumps(serialize(self), **kwargs)

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was given, as plain data."""
        given = dict(self._compiled or {})
        if given:
            given["optimizer"] = self.optimizer
        return {k: serialize(v) for k, v in given.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """`compile` with what `get_compile_config` gave."""
        self.compile(**{k: deserialize(v) for k, v in config.items()})

    def __reduce__(self) -> Any:
        """Models travel between processes as their files do: data, and the names of the caller's own classes."""
        file = io.BytesIO()
        with collect_custom_objects() as own:
            provider("model_files").save_model(self, file)
        return _from_bytes, (file.getvalue(), own)

    def __deepcopy__(self, memo: Any) -> Any:
        function, arguments = self.__reduce__()
        copy = function(*arguments)
        memo[id(self)] = copy
        return copy


def _from_bytes(data: bytes, own: dict[str, Any]) -> Any:
    return provider("model_files").load_model(io.BytesIO(data), custom_objects=own)


def _ends(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """inputs, outputs and the rest of a model's arguments."""
    kwargs = dict(kwargs)
    inputs = args[0] if args else kwargs.pop("inputs", None)
    outputs = args[1] if len(args) > 1 else kwargs.pop("outputs", None)
    if len(args) == 3:
        kwargs["name"] = args[2]
    if (inputs is None) != (outputs is None):
        raise ValueProblem("only one of inputs and outputs", "both, or neither", "call Model(inputs, outputs)")
    return inputs, outputs, kwargs


__all__ = ["Model"]
