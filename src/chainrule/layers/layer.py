"""The base class of layers: weights, and a named function from tensors to tensors.

A layer called on numbers computes. Called on a model's `Input` it becomes a single node of that model's graph; calling
or tracing the model calls the layer again and so opens the node.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import wraps
from typing import Any

import numpy as np

from .. import constraints, dtype_policies, initializers, regularizers
from ..core.arguments import whole_number
from ..core.errors import ChainruleError, GraphError, ShapeError, ValueProblem
from ..core.habits import LAYER_HABITS, no_attribute
from ..core.memory import no_memory
from ..core.terminal import visible_line
from ..graph import as_dtype, current_source_info, remat_scope, scope
from ..graph.source_info import SourceInfo
from ..graph.source_info import state as scope_state
from ..graph.spec import is_float
from ..ops.random import SeedGenerator
from ..serialization.configurable import Configurable, unexpected_argument_error
from ..serialization.serialize import serialize
from ..tensors import tree
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable, autocast_scope, recording
from ..transforms.trace import StateRecorder
from .base import LayerBase

from .call import (  # isort: skip
    add_context, cast_arguments, check_inputs, convert_argument, infer_outputs, record_call, set_output_masks,
)  # fmt: skip
from .call_context import CallTensors, auto_name, building, calls
from .layer_call import is_model_tensor
from .rematerialization import RematScope, current_remat_scope
from .shape_chain import chain_text, layer_label, shapes_of, symbols_of_shapes
from .signatures import parameter_names


class Layer(LayerBase, Configurable):
    """The base of all layers; inherit to write your own (``keras.layers.Layer``).

    Define ``call(inputs)``, and make weights in ``__init__`` or in ``build(input_shape)`` with `add_weight`. ``call``
    may take ``training`` and ``mask``, which are then passed to it.

    Args:
        activity_regularizer: a penalty on the output, added to the loss.
        trainable: whether training changes the weights.
        dtype: a dtype or policy; default `dtype_policies.dtype_policy`.
        autocast: whether float inputs are cast to the compute dtype. name: default made from the class's name.

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()([[1.0, 2.0]])
    tensor([[1., 2.]])
    """

    input = CallTensors("input")
    output = CallTensors("output")

    def __init__(
        self, *, activity_regularizer: Any = None, trainable: bool = True, dtype: Any = None, autocast: bool = True,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs:
            shape = (kwargs.pop("input_dim"),)
        if kwargs:
            raise unexpected_argument_error(type(self), kwargs)
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueProblem(f"the layer name {name!r}", "a string without a slash", "e.g. name='hidden'")
        self.name = name or auto_name(type(self))
        self.dtype_policy = dtype_policies.get(dtype)
        self.autocast = autocast
        self.built = False
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.declared_shape = None if shape is None else tuple(shape)  # of one example, without the batch
        self._trainable = trainable
        self._remat = self._current_remat_scope()
        self._variables: list[Variable] = []
        self._losses: list[Tensor] = []
        self._source_line = ""
        self._source_info: SourceInfo | None = current_source_info()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _wrap_build(cls.build)  # type: ignore[method-assign]

    @staticmethod
    def _current_remat_scope() -> RematScope | None:
        """Return the `RematScope` that the layer is made in; models return ``None``."""
        return current_remat_scope()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the code object of `line`, which cannot be pickled; its text is kept."""
        return {**self.__dict__, "_source_info": None, "_source_line": self.line}

    # ---- weights

    def add_weight(
        self, shape: Any = None, initializer: Any = None, dtype: Any = None, trainable: bool = True,
        autocast: bool = True, regularizer: Any = None, constraint: Any = None, aggregation: str = "none",
        overwrite_with_gradient: bool = False, name: str | None = None,
    ) -> Variable:  # fmt: skip
        """Make a weight of this layer.

        Args:
            shape: whole numbers from 0 up, or one of them; default ``()``.
            initializer: default ``"glorot_uniform"`` for floats, else ``"zeros"``.
            dtype: default the policy's variable dtype.

        Raises:
            ShapeError: for a shape with an unknown size.
        """
        self._check_initialized()
        length = whole_number(shape)
        shape = () if shape is None else tuple(shape) if length is None else (length,)
        sizes = [whole_number(n) for n in shape]
        if any(n is None or n < 0 for n in sizes):
            passed = f"the shape {shape} for weight {name!r} of layer {self.name!r}"
            expected = "sizes from 0 up, all known"
            raise ShapeError(passed, expected, "give the model's input a full shape: only the batch may be None")
        shape = tuple(sizes)
        dtype = as_dtype(dtype or self.dtype_policy.variable_dtype)
        default = "glorot_uniform" if is_float(dtype) and len(shape) > 0 else "zeros"
        initializer = initializers.get(initializer or default)
        if calls.entries_left is not None:
            initializer = initializers.Zeros()
            calls.entries_left -= math.prod(shape)
            if calls.entries_left < 0:  # checked before the memory is allocated
                passed = f"a file with too few numbers for weight {name!r} of shape {shape} in layer {self.name!r}"
                raise ShapeError(passed, "the weights of the model it describes", "get the file again")
        name = name or f"weight_{len(self._variables)}"
        try:
            variable = Variable(initializer, shape, dtype, trainable, autocast, aggregation, name)
        except MemoryError as error:
            raise no_memory(error).in_layer(layer_label(self)) from None
        variable.path = "/".join(p for p in (scope_state.scope, variable.name) if p)
        variable.regularizer, variable.constraint = regularizers.get(regularizer), constraints.get(constraint)
        self._variables.append(variable)
        return variable

    def _add_configured_weight(
        self, role: str, shape: Sequence[int], name: str | None = None, autocast: bool = True
    ) -> Variable:
        """Make the weight whose initializer, regularizer and constraint are attributes named after its role.

        Args:
            role: such as ``"kernel"``, for `kernel_initializer`, `kernel_regularizer` and `kernel_constraint`.
            shape: its sizes. name: default the role. autocast: as in `add_weight`.
        """
        options = {key: getattr(self, f"{role}_{key}") for key in ("initializer", "regularizer", "constraint")}
        return self.add_weight(shape, autocast=autocast, name=name or role, **options)

    def _check_initialized(self) -> None:
        """Raise unless the base class's ``__init__`` has run."""
        if "_variables" not in self.__dict__:
            passed = f"a layer {type(self).__name__} that has not been initialized"
            expected = "the base class to be initialized first"
            raise GraphError(passed, expected, f"begin {type(self).__name__}.__init__ with super().__init__()")

    def _parts(self) -> Iterator[Any]:
        """Yield the variables, layers and seed generators held by attributes, in the order they were set."""
        yield from self._variables
        for key, value in list(self.__dict__.items()):
            if key not in NOT_SUBLAYERS:
                yield from find_instances(value, (Variable, Layer, SeedGenerator))

    def _parts_of_type(self, kind: type) -> list[Any]:
        """Return the parts of this kind, each once."""
        return _unique(part for part in self._parts() if isinstance(part, kind))

    @property
    def sublayers(self) -> list[Layer]:
        """The layers that this one holds directly."""
        return [part for part in self._parts_of_type(Layer) if part is not self]

    def _flatten_layers(self) -> list[Layer]:
        """Return this layer and all below it, each once, in depth-first order."""
        visited: dict[int, Layer] = {}
        pending: list[Layer] = [self]
        while pending:
            layer = pending.pop(0)
            if id(layer) not in visited:
                visited[id(layer)] = layer
                layer._check_initialized()
                pending = layer.sublayers + pending
        return list(visited.values())

    def _own_variables(self) -> list[Variable]:
        """Return the variables that this layer holds directly, the trainable ones first."""
        own = self._parts_of_type(Variable)
        return [v for v in own if v.trainable] + [v for v in own if not v.trainable]

    @property
    def weights(self) -> list[Variable]:
        """All weights, trainable or not, of this layer and those below, without the states of seed generators."""
        return _unique(v for layer in self._flatten_layers() for v in layer._own_variables())

    @property
    def variables(self) -> list[Variable]:
        """`weights`, and the states of seed generators."""
        states = (s.state for layer in self._flatten_layers() for s in layer._parts_of_type(SeedGenerator))
        return self.weights + _unique(states)

    @property
    def trainable(self) -> bool:
        """Whether training changes this layer; setting it sets every layer below too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        if not self._trainable:
            return []
        own = [v for v in self._own_variables() if v.trainable]
        return _unique([*own, *(v for layer in self.sublayers for v in layer.trainable_weights)])

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that gradients do not change: those that the layer itself updates, and frozen ones."""
        trained = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in trained]

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """`non_trainable_weights`, and the states of seed generators."""
        trained = {id(v) for v in self.trainable_weights}
        return [v for v in self.variables if id(v) not in trained]

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Return copies of the weights' values, in the order of `weights`."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign every weight, in the order of `weights`; nothing changes if one does not fit."""
        own = self.weights
        arrays = [np.asarray(w) for w in weights]
        if len(arrays) != len(own):
            passed = f"{len(arrays)} arrays for layer {self.name!r}, which has {len(own)} weights"
            mend = "check the list" if own else "build the layer first, by calling it or with build(input_shape)"
            raise ValueProblem(passed, "one array for each weight", mend)
        for v, w in zip(own, arrays, strict=True):
            if v.shape != w.shape:
                passed = f"an array of shape {w.shape} for the weight {v.path!r}"
                raise ShapeError(passed, f"shape {v.shape}", "check the order")
        for v, w in zip(own, arrays, strict=True):
            v.assign(w)

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        if not self.built and not self.weights:
            passed = f"the layer {self.name!r}, which has no weights yet"
            raise GraphError(passed, "a built layer", "call it, or build(input_shape), first")
        return sum(v.size for v in self.weights)

    # ---- losses

    def add_loss(self, loss: Any) -> None:
        """Add a scalar, or each of a list of them, to the losses of the current call."""
        self._losses += [as_tensor(v) for v in (loss if isinstance(loss, list | tuple) else [loss])]

    @property
    def losses(self) -> list[Tensor]:
        """The penalties added by `add_loss` in the last call, then those of the weights' regularizers."""
        added = [loss for layer in self._flatten_layers() for loss in layer._losses]
        return added + [v.regularizer(v.value) for v in self.trainable_weights if v.regularizer is not None]

    # ---- calling

    def build(self, input_shape: Any) -> None:
        """Make the weights; called once, before the first call. The base class makes none."""
        self.built = True

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output's shape for inputs of this shape, by running `call` on symbolic tensors."""
        symbols, unflatten = tree.flatten([symbols_of_shapes(a, self.compute_dtype) for a in args])
        outputs = infer_outputs(self, lambda tensors: (unflatten(list(tensors)), {}), symbols)
        return tree.map(lambda t: t.shape, outputs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return symbolic outputs for symbolic inputs; nothing is recorded and no variable changes."""
        with recording(StateRecorder()):
            return self._run(args, kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs for data, or record the call and return symbolic outputs for a model's tensors."""
        self._check_initialized()
        input_names = parameter_names(type(self).call)[1:2]
        if not args and input_names and input_names[0] in kwargs:
            args = (kwargs.pop(input_names[0]),)
        args = tuple([convert_argument(a, i == 0) for i, a in enumerate(args)])
        kwargs = {k: convert_argument(v, False) for k, v in kwargs.items()}
        leaves, unflatten = tree.flatten([list(args), kwargs])
        tensors = [x for x in leaves if isinstance(x, Tensor)]
        if tensors and is_model_tensor(tensors):
            return record_call(self, leaves, unflatten)
        return self._run(args, kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Check and cast the arguments, build the layer if needed, and compute: a call without its recording."""
        previous_training = calls.training
        if calls.depth == 0:
            calls.chain = [("input", shapes_of(args[0]))] if args else []
            forget_losses(self)
        calls.depth += 1
        try:
            remat_call = None if self._remat is None else self._remat.of(self)
            casts_variables = self.dtype_policy.compute_dtype != self.dtype_policy.variable_dtype
            compute_dtype = as_dtype(self.compute_dtype) if casts_variables else None
            with scope(self.name), remat_scope(remat_call), autocast_scope(compute_dtype):
                args, kwargs = cast_arguments(self, args, kwargs)
                check_inputs(self, args)
                if not self.built:
                    with building:  # of several threads that call a new layer one makes the weights
                        if not self.built:
                            self._build(args, kwargs)
                kwargs = add_context(self, args, kwargs)
                result = self.call(*args, **kwargs)
                if self.activity_regularizer is not None:
                    for output in tree.flatten(result)[0]:
                        self.add_loss(self.activity_regularizer(output) / (output.shape[0] or 1))
            if remat_call is not None and self._remat is not None:
                self._remat.decide(remat_call, result)
            if args and (self.supports_masking or type(self).compute_mask is not Layer.compute_mask):
                set_output_masks(self, args[0], result)
            calls.chain.append((self.name, shapes_of(result)))
            if calls.captured is not None:
                path = "/".join(p for p in (scope_state.scope, self.name) if p)
                calls.captured.append((path, self, (args, kwargs), result))
            return result
        except (ChainruleError, MemoryError) as error:
            problem = error if isinstance(error, ChainruleError) else no_memory(error)
            raise problem.in_layer(layer_label(self), chain_text(), calls.chain) from None
        finally:
            calls.depth -= 1
            calls.training = previous_training

    def _build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Call `build` with the shapes of these arguments: one shape, or one for each parameter ``<name>_shape``."""
        names = list(inspect.signature(self.build).parameters)
        if names and all(n.endswith("_shape") for n in names) and len(names) > 1:
            call_names = list(inspect.signature(self.call).parameters)
            arguments = {**dict(zip(call_names, args, strict=False)), **kwargs}
            self.build(**{n: shapes_of(arguments[n.removesuffix("_shape")]) for n in names})
        else:
            self.build(shapes_of(args[0]) if args else None)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data, with the layer's name, dtype policy and `trainable`."""
        config = super().get_config()
        for key, value in self.init_arguments().items():
            checked = tree.leaves(vars(self).get(key)) if key in config else []
            if checked and all(type(n) is int for n in checked):  # arrays of one whole number are written as such
                config[key] = serialize(tree.map(_whole_number_or_leaf, value))
        names = parameter_names(type(self).__init__)
        policy = self.dtype_policy.name
        for key, value in (("name", self.name), ("trainable", self._trainable), ("dtype", policy)):
            if key in names or "**" in names:
                config[key] = value
        return config

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={visible_line(self.name)}, built={self.built}>"

    def __getattr__(self, name: str) -> Any:
        if name in ("_variables", "name") or name.startswith("__"):
            raise AttributeError(name)
        raise no_attribute(self, name, LAYER_HABITS, f"{type(self).__name__} {self.__dict__.get('name', '')!r}")


# ---- what other packages ask of a layer, as functions: a user's subclass may have attributes of any name


def flatten_layers(layer: Layer) -> list[Layer]:
    """Return a layer and all below it, each once, in depth-first order."""
    return layer._flatten_layers()


def own_variables(layer: Layer) -> list[Variable]:
    """Return the variables that a layer holds directly, the trainable ones first."""
    return layer._own_variables()


def own_seed_generators(layer: Layer) -> list[SeedGenerator]:
    """Return the seed generators that a layer holds directly."""
    return layer._parts_of_type(SeedGenerator)


def set_own_trainable(layer: Layer, trainable: bool) -> None:
    """Set whether training changes a layer, and not those below it."""
    layer._trainable = trainable


def forget_losses(layer: Layer) -> None:
    """Drop the losses that layers added while a call was traced, and with them its graph."""
    for part in layer._flatten_layers():
        part._losses.clear()


NOT_SUBLAYERS = {"_init_arguments", "_initial_attributes", "_variables", "optimizer", "_compiled"}


_PLAIN = {bool, int, float, str, type(None)}


def find_instances(value: Any, kinds: tuple[type, ...]) -> Iterator[Any]:
    """Yield the instances of these classes in an attribute: itself, or inside lists, tuples and dictionaries."""
    if value.__class__ in _PLAIN:  # most attributes
        return
    if isinstance(value, kinds):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from find_instances(item, kinds)
    elif isinstance(value, dict):
        for item in value.values():
            yield from find_instances(item, kinds)


def _whole_number_or_leaf(leaf: Any) -> Any:
    number = whole_number(leaf)
    return leaf if number is None else number


def _unique(items: Iterable[Any]) -> list[Any]:
    """Return the items without repetitions, compared by identity."""
    return list({id(item): item for item in items}.values())


def _wrap_build(build: Callable[..., None]) -> Callable[..., None]:
    """Wrap a class's `build` so that weights are made outside any trace and in the layer's scope, from every caller."""

    @wraps(build)
    def wrapped(self: Layer, *args: Any, **kwargs: Any) -> None:
        is_in_scope = scope_state.scope.rpartition("/")[2] == self.name
        with nullcontext() if is_in_scope else scope(self.name), recording(None), autocast_scope(None):
            build(self, *args, **kwargs)
        self.built = True

    return wrapped
