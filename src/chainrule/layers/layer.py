"""The layer: weights, and a function from tensors to tensors that knows its name.

A layer called on numbers computes. Called on a model's `Input` it becomes one node of that model's graph, folded:
calling the model, or tracing it, opens it.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .. import constraints, dtype_policies, initializers, regularizers
from ..core.errors import ChainruleError, DTypeError, GraphError, ShapeError, ValueProblem
from ..graph import (
    Shape,
    ancestors,
    as_dtype,
    current_source_info,
    line_of,
    remat_scope,
    scope,
    with_placeholder,
    without_placeholder,
)
from ..graph.source_info import state as scope_state
from ..graph.spec import Specs, is_float
from ..ops.random import SeedGenerator
from ..ops.record import get_output
from ..serialization.registry import Configurable, unexpected_argument_error
from ..tensors.tensor import (
    Tensor,
    Variable,
    as_tensor,
    autocast_scope,
    recording,
    symbolic,
    tensor,
)
from ..tensors.tree import flatten
from ..transforms.trace import StateRecorder
from .call_context import (
    CallContext,
    auto_name,
    building,
    calls,
    mask_of,
    note_outputs,
    set_mask,
)
from .layer_call import LAYER_CALL, ArgumentSlot, LayerCall, is_model_tensor
from .rematerialization import RematScope, current


class InputSpec:
    """What a layer asks of an input's shape and dtype (``keras.layers.InputSpec``).

    Args:
        ndim, min_ndim, max_ndim: numbers of axes. shape: ``None`` where any size will do.
        axes: sizes that certain axes must have.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype, self.shape, self.max_ndim, self.min_ndim = dtype, shape, max_ndim, min_ndim
        self.ndim = len(shape) if shape is not None else ndim
        self.axes = dict(axes or {})
        self.allow_last_axis_squeeze, self.name, self.optional = allow_last_axis_squeeze, name, optional

    def problem(self, shape: Shape) -> str:
        """What is expected of `shape` and missing there; empty if nothing."""
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"{self.ndim} axes"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"at least {self.min_ndim} axes"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"at most {self.max_ndim} axes"
        wanted = {**dict(enumerate(self.shape or ())), **self.axes}
        for axis, size in wanted.items():
            if size is not None and (axis >= rank or shape[axis] not in (None, size)):
                return f"{size} entries on axis {axis}"
        return ""


class Layer(Configurable):
    """The base of all layers; inherit to write your own (``keras.layers.Layer``).

    Define ``call(inputs)``, and make weights in ``__init__`` or in ``build(input_shape)`` with `add_weight`. ``call``
    may take ``training`` and ``mask``: they are passed down to it.

    Args:
        activity_regularizer: a penalty on the output, added to the loss.
        trainable: whether training changes the weights.
        dtype: a dtype or policy; default `dtype_policies.dtype_policy`.
        autocast: whether float inputs are cast to the compute dtype.
        name: default made from the class's name.

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()([[1.0, 2.0]])
    tensor([[1., 2.]])
    """

    input_spec: InputSpec | Sequence[InputSpec] | None = None
    supports_masking = False
    input = CallContext("input")
    output = CallContext("output")

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs:
            shape = (kwargs.pop("input_dim"),)
        if kwargs:
            raise unexpected_argument_error(type(self), kwargs)
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueProblem(f"the layer name {name!r}", "a word without a slash", "e.g. name='hidden'")
        self.name = name or auto_name(type(self))
        self.dtype_policy = dtype_policies.get(dtype)
        self.autocast = autocast
        self.built = False
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.declared_shape = None if shape is None else tuple(shape)  # of one example: the old `input_shape=`
        self._trainable = trainable
        self._remat = self._rematerialized()
        self._variables: list[Variable] = []
        self._losses: list[Tensor] = []
        self._line = ""
        self._made: Any = current_source_info()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _build_signature(cls.build)  # type: ignore[method-assign]

    @staticmethod
    def _rematerialized() -> RematScope | None:
        """The scope that the layer is made in; models, which train as a whole, heed none."""
        return current()

    @property
    def line(self) -> str:
        """The user's line that made the layer."""
        return line_of(self._made) or self._line

    def __getstate__(self) -> dict[str, Any]:
        """Code does not travel between processes; the line of it does."""
        return {**self.__dict__, "_made": None, "_line": self.line}

    # ---- weights

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a weight that belongs to this layer.

        Args:
            shape: default ``()``. initializer: default ``"glorot_uniform"`` for floats, else ``"zeros"``.
            dtype: default the policy's variable dtype.
        """
        self._ready()
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        if any(not isinstance(n, int | np.integer) or n < 0 for n in shape):
            raise ShapeError(
                f"the shape {shape} for weight {name!r} of layer {self.name!r}",
                "sizes from 0 up, all known",
                "give the model's input a full shape: only the batch may be None",
            )
        found = as_dtype(dtype or self.dtype_policy.variable_dtype)
        first = initializers.get(initializer or ("glorot_uniform" if is_float(found) and len(shape) > 0 else "zeros"))
        if calls.left is not None:
            first = initializers.Zeros()
            calls.left -= math.prod(shape)
            if calls.left < 0:  # said before the memory is asked for
                raise ShapeError(
                    f"a file with too few numbers for weight {name!r} of shape {shape} in layer {self.name!r}",
                    "the weights of the model it describes",
                    "get the file anew",
                )
        variable = Variable(
            first,
            shape,
            found,
            trainable,
            autocast,
            aggregation,
            name or f"weight_{len(self._variables)}",
        )
        variable.path = "/".join(p for p in (scope_state.scope, variable.name) if p)
        variable.regularizer, variable.constraint = regularizers.get(regularizer), constraints.get(constraint)
        self._variables.append(variable)
        return variable

    def _ready(self) -> None:
        if "_variables" not in self.__dict__:
            raise GraphError(
                f"a layer {type(self).__name__} that has not been set up",
                "the base class to be set up first",
                f"begin {type(self).__name__}.__init__ with super().__init__()",
            )

    def _parts(self) -> Iterator[Any]:
        """Variables, layers and seed streams held by attributes, in the order they were set."""
        yield from self._variables
        for key, value in list(self.__dict__.items()):
            if key not in NOT_SUBLAYERS:
                yield from find_instances(value, (Variable, Layer, SeedGenerator))

    def _flat(self, kind: type) -> list[Any]:
        found: dict[int, Any] = {}
        for part in self._parts():
            if isinstance(part, kind):
                found.setdefault(id(part), part)
        return list(found.values())

    @property
    def sublayers(self) -> list[Layer]:
        """The layers this one holds directly."""
        return [part for part in self._flat(Layer) if part is not self]

    def _flatten_layers(self) -> list[Layer]:
        """This layer and all below it, each once."""
        found: dict[int, Layer] = {}
        todo: list[Layer] = [self]
        while todo:
            layer = todo.pop(0)
            if id(layer) not in found:
                found[id(layer)] = layer
                layer._ready()
                todo = layer.sublayers + todo
        return list(found.values())

    def _own_variables(self) -> list[Variable]:
        own = self._flat(Variable)
        return [v for v in own if v.trainable] + [v for v in own if not v.trainable]

    @property
    def weights(self) -> list[Variable]:
        """All weights, trainable or not, of this layer and those below; states of random streams left out."""
        found: dict[int, Variable] = {}
        for layer in self._flatten_layers():
            for v in layer._own_variables():
                found.setdefault(id(v), v)
        return list(found.values())

    @property
    def variables(self) -> list[Variable]:
        """`weights`, and the states of random streams."""
        states = [s.state for layer in self._flatten_layers() for s in layer._flat(SeedGenerator)]
        return self.weights + list({id(s): s for s in states}.values())

    @property
    def trainable(self) -> bool:
        """Whether training changes this layer; setting it sets every layer below."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        found: dict[int, Variable] = {}
        if self._trainable:
            for v in self._own_variables():
                if v.trainable:
                    found[id(v)] = v
            for layer in self.sublayers:
                found.update((id(v), v) for v in layer.trainable_weights)
        return list(found.values())

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves to the layer itself, or that are frozen."""
        moving = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in moving]

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        moving = {id(v) for v in self.trainable_weights}
        return [v for v in self.variables if id(v) not in moving]

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """The weights' values, as copies, in the order of `weights`."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign every weight, in the order of `weights`; nothing changes if one does not fit."""
        own = self.weights
        arrays = [np.asarray(w) for w in weights]
        if len(arrays) != len(own):
            raise ValueProblem(
                f"{len(arrays)} arrays for layer {self.name!r}, which has {len(own)} weights",
                "one array for each weight",
                "build the layer first, by calling it or with build(input_shape)" if not own else "check the list",
            )
        for v, w in zip(own, arrays, strict=True):
            if v.shape != w.shape:
                raise ShapeError(
                    f"an array of shape {w.shape} for the weight {v.path!r}", f"shape {v.shape}", "check the order"
                )
        for v, w in zip(own, arrays, strict=True):
            v.assign(w)

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        if not self.built and not self.weights:
            raise GraphError(
                f"the layer {self.name!r}, which has no weights yet",
                "a built layer",
                "call it, or build(input_shape), first",
            )
        return sum(v.size for v in self.weights)

    # ---- dtypes

    @property
    def compute_dtype(self) -> str:
        """The dtype in which `call` computes."""
        return self.dtype_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype in which weights are kept."""
        return self.dtype_policy.variable_dtype

    @property
    def dtype(self) -> str:
        return self.variable_dtype

    # ---- losses

    def add_loss(self, loss: Any) -> None:
        """Add a number to the loss of the current call (a list of them: each)."""
        self._losses += [as_tensor(v) for v in (loss if isinstance(loss, list | tuple) else [loss])]

    @property
    def losses(self) -> list[Tensor]:
        """What `add_loss` and regularizers ask to be added to the loss, of the last call."""
        found = [loss for layer in self._flatten_layers() for loss in layer._losses]
        return found + [v.regularizer(v.value) for v in self.trainable_weights if v.regularizer is not None]

    # ---- calling

    def build(self, input_shape: Any) -> None:
        """Make the weights; called once, before the first call. The base class has none to make."""
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, inputs)")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output; default: a layer that `supports_masking` hands its input's on."""
        return previous_mask if self.supports_masking else None

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The output's shape for inputs of this shape; found by building the graph of `call` on symbols."""
        symbols, put_together = flatten([_symbols(a, self.compute_dtype) for a in args])
        out = self._on_unknown_batch(lambda given: (put_together(list(given)), {}), symbols)
        found, build = flatten(out)
        return build([t.shape for t in found])

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic outputs for symbolic inputs, with nothing recorded and no variable changed."""
        with recording(StateRecorder()):
            return self._run(args, kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._ready()
        named = _parameters(type(self).call)[1:2]
        if not args and named and named[0] in kwargs:
            args = (kwargs.pop(named[0]),)
        args = tuple([_as_inputs(a, i == 0) for i, a in enumerate(args)])
        kwargs = {k: _as_inputs(v, False) for k, v in kwargs.items()}
        flat, build = flatten([list(args), kwargs])
        tensors = [x for x in flat if isinstance(x, Tensor)]
        if tensors and is_model_tensor(tensors):
            return self._record(flat, build)
        return self._run(args, kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Check, cast, build if need be, and compute: everything a call is but its recording."""
        outermost = calls.depth == 0
        before = calls.training
        if outermost:
            calls.chain = [("input", _shapes(args[0]))] if args else []
            for layer in self._flatten_layers():
                layer._losses = []
        calls.depth += 1
        try:
            again = None if self._remat is None else self._remat.of(self)
            compute = as_dtype(self.compute_dtype) if self._casts() else None
            with scope(self.name), remat_scope(again), autocast_scope(compute):
                args, kwargs = self._cast((args, kwargs))
                self._check(args)
                if not self.built:
                    with building:  # of several threads that call a new layer one makes the weights
                        if not self.built:
                            self._build(args, kwargs)
                kwargs = self._with_context(args, kwargs)
                result = self.call(*args, **kwargs)
                if self.activity_regularizer is not None:
                    for out in flatten(result)[0]:
                        self.add_loss(self.activity_regularizer(out) / max(out.shape[0] or 1, 1))
            if again is not None and self._remat is not None:
                self._remat.decide(again, result)
            self._set_masks(args, kwargs, result)
            calls.chain.append((self.name, _shapes(result)))
            if calls.seen is not None:
                calls.seen.append(
                    ("/".join(p for p in (scope_state.scope, self.name) if p), self, (args, kwargs), result)
                )
            return result
        except ChainruleError as error:
            raise error.inside(self._called_so(), _chain(), calls.chain) from None
        finally:
            calls.depth -= 1
            calls.training = before

    def _called_so(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    def _casts(self) -> bool:
        return self.dtype_policy.compute_dtype != self.dtype_policy.variable_dtype

    def _cast(self, given: Any) -> Any:
        if not self.autocast:
            return given
        to = as_dtype(self.compute_dtype)
        flat, build = flatten([list(given[0]), given[1]])
        cast = []
        for x in flat:
            if isinstance(x, Tensor) and is_float(x.dtype) and x.dtype != to:
                mask = mask_of(x)
                x = x.cast_to(to)
                set_mask(x, mask)
            cast.append(x)
        args, kwargs = build(cast)
        return tuple(args), kwargs

    def _check(self, args: tuple[Any, ...]) -> None:
        if self.input_spec is None:
            return
        specs = [self.input_spec] if isinstance(self.input_spec, InputSpec) else list(self.input_spec)
        inputs = flatten(args[0])[0] if args else []
        if not any(isinstance(x, Tensor) for x in inputs):
            given = f"{type(args[0]).__name__} as inputs" if args else "a call without inputs"
            raise DTypeError(given, "a tensor or an array", "call the layer on data")
        for i, (asked, x) in enumerate(zip(specs, inputs, strict=False)):
            problem = asked.problem(x.shape) if isinstance(x, Tensor) else ""
            if problem:
                raise ShapeError(
                    f"an input of shape {x.shape}" + (f" (input {i})" if len(inputs) > 1 else ""),
                    problem,
                    self._advice(x.shape),
                )

    def _advice(self, shape: Shape) -> str:
        """How to mend an input that does not fit."""
        return "reshape the input, or change the layer before"

    def _build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Make the weights for these arguments."""
        names = list(inspect.signature(self.build).parameters)
        if names and all(n.endswith("_shape") for n in names) and len(names) > 1:
            call = list(inspect.signature(self.call).parameters)
            given = {**dict(zip(call, args, strict=False)), **kwargs}
            self.build(**{n: _shapes(given[n.removesuffix("_shape")]) for n in names})
        else:
            self.build(_shapes(args[0]) if args else None)

    def _with_context(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """`training` and `mask`, from the caller or from the layers around."""
        accepts = _parameters(type(self).call)
        training = kwargs.get("training")
        if training is None and "training" in accepts and len(args) > accepts.index("training") - 1:
            training = args[accepts.index("training") - 1]
        elif training is None:
            training = calls.training
            if "training" in accepts:
                own = _trains_by_default(type(self).call) if training is None else training
                kwargs = {**kwargs, "training": bool(own)}
        elif "training" not in accepts:
            kwargs = {k: v for k, v in kwargs.items() if k != "training"}
        if training is not None:
            calls.training = bool(training)
        if "mask" in accepts and kwargs.get("mask") is None and len(args) < accepts.index("mask"):
            flat, build = flatten(args[0])
            masks = [mask_of(x) for x in flat]
            if any(m is not None for m in masks):
                kwargs = {**kwargs, "mask": build(masks)}
        return kwargs

    def _set_masks(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if not args:
            return
        flat, build = flatten(args[0])
        masks = [mask_of(x) for x in flat]
        if self.supports_masking or type(self).compute_mask is not Layer.compute_mask:
            previous = build(masks)
            found = self.compute_mask(args[0], previous)
            outputs = flatten(result)[0]
            given = flatten(found)[0] if found is not None else [None] * len(outputs)
            if len(given) == len(outputs):
                for out, mask in zip(outputs, given, strict=True):
                    if isinstance(out, Tensor):
                        set_mask(out, mask)

    def _record(self, flat: list[Any], build: Callable[[list[Any]], Any]) -> Any:
        """One node of a model's graph for this call, and its outputs."""
        tensors = [x for x in flat if isinstance(x, Tensor)]
        places = iter(range(len(tensors)))
        args, kwargs = build([ArgumentSlot(next(places)) if isinstance(x, Tensor) else x for x in flat])
        call = LayerCall(self, tuple(args), kwargs)
        try:
            with _chain_to(tensors):
                outputs, put_together = flatten(self._on_unknown_batch(call.arguments, tensors))
        except ChainruleError as error:
            if error.layer == self._called_so():
                error.after(*_graph_to(tensors))
            raise
        for out in outputs:
            if not isinstance(out, Tensor):
                raise GraphError(
                    f"{type(out).__name__} returned by {type(self).__name__} {self.name!r}", "tensors", "return tensors"
                )
        specs = Specs([t.spec for t in outputs])
        node = Tensor(LAYER_CALL, tuple(tensors), {"call": call}, specs, None, True, current_source_info())
        made = [get_output(node, i) for i in range(len(outputs))]
        for new, old in zip(made, outputs, strict=True):
            set_mask(new, mask_of(old))
        note_outputs(self, made)
        return put_together(made)

    def _on_unknown_batch(self, arguments: Callable[[Sequence[Any]], Any], tensors: list[Tensor]) -> Any:
        """Outputs on symbols of these specs; where code needs the batch's size, a number stands in for it."""
        symbols = [symbolic(t.shape, t.dtype) for t in tensors]
        for s, t in zip(symbols, tensors, strict=True):
            set_mask(s, mask_of(t))
        try:
            args, kwargs = arguments(symbols)
            return self.compute_output_spec(*args, **kwargs)
        except (ChainruleError, TypeError) as first:
            calls.has_placeholder = True
            try:
                args, kwargs = arguments([symbolic(with_placeholder(t.shape), t.dtype) for t in tensors])
                found, build = flatten(self.compute_output_spec(*args, **kwargs))
            except Exception:
                raise first from None
            finally:
                calls.has_placeholder = False
            return build([symbolic(without_placeholder(t.shape), t.dtype) for t in found])

    # ---- description

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        takes = _parameters(type(self).__init__)
        policy = self.dtype_policy.name
        for key, value in (("name", self.name), ("trainable", self._trainable), ("dtype", policy)):
            if key in takes or "**" in takes:
                config[key] = value
        return config

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def __getattr__(self, name: str) -> Any:
        if name in ("_variables", "name") or name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"{type(self).__name__} {self.__dict__.get('name', '')!r} has no attribute {name!r}")


NOT_SUBLAYERS = {"_given", "_settled", "_variables", "optimizer", "_compiled"}


def find_instances(value: Any, kinds: tuple[type, ...]) -> Iterator[Any]:
    """What of these kinds an attribute holds: itself, or in lists, tuples and dictionaries."""
    if isinstance(value, kinds):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from find_instances(item, kinds)
    elif isinstance(value, dict):
        for item in value.values():
            yield from find_instances(item, kinds)


def _as_inputs(x: Any, first: bool) -> Any:
    """Arrays, tables and (as the first argument) lists of numbers as tensors; variables read."""
    if isinstance(x, Tensor) or x is None or isinstance(x, str | bool):
        return x
    if isinstance(x, Variable):
        return x.value
    if isinstance(x, dict):
        return {k: _as_inputs(v, first) for k, v in x.items()}
    if isinstance(x, list | tuple) and any(
        isinstance(v, Tensor | Variable | np.ndarray | dict | None.__class__) for v in x
    ):
        return type(x)(_as_inputs(v, first) for v in x) if type(x) in (list, tuple) else x
    if first or isinstance(x, np.ndarray) or hasattr(x, "__dlpack__"):
        found = as_tensor(x)
        return tensor(x) if found.spec.weak else found
    return x


def _symbols(shape: Any, dtype: str) -> Any:
    """Symbols of these shapes: a tuple of sizes is one shape, a list or dictionary holds several."""
    if isinstance(shape, dict):
        return {k: _symbols(v, dtype) for k, v in shape.items()}
    if isinstance(shape, list | tuple) and any(isinstance(n, list | tuple) for n in shape):
        return [_symbols(s, dtype) for s in shape]
    return symbolic(tuple(shape), dtype)


def _shapes(x: Any) -> Any:
    """Shapes in the form of x, as `build` takes them; ``None`` for what is no tensor."""
    if isinstance(x, dict):
        return {k: _shapes(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_shapes(v) for v in x]
    if not isinstance(x, Tensor):
        return None
    return without_placeholder(x.shape) if calls.has_placeholder else tuple(x.shape)


def _build_signature(build: Any) -> Any:
    """A class's `build`: whoever calls it, weights are made outside any trace, under the layer's name, and once."""

    @wraps(build)
    def run(self: Layer, *args: Any, **kwargs: Any) -> None:
        already_inside = scope_state.scope.rpartition("/")[2] == self.name
        with nullcontext() if already_inside else scope(self.name), recording(None), autocast_scope(None):
            build(self, *args, **kwargs)
        self.built = True

    return run


_signatures: WeakKeyDictionary[Any, inspect.Signature] = WeakKeyDictionary()


def _signature(function: Any) -> inspect.Signature:
    """A function's signature, worked out once, and forgotten with the function."""
    found = _signatures.get(function) if inspect.isfunction(function) else None
    if found is None:
        found = inspect.signature(function)
        if inspect.isfunction(function):
            _signatures[function] = found
    return found


def _parameters(function: Any) -> list[str]:
    """The names a method takes, ``self`` first; ``"**"`` if it takes any."""
    kinds = _signature(function).parameters.values()
    found = [p.name for p in kinds if p.kind is not p.VAR_KEYWORD]
    return [*found, "**"] if any(p.kind is p.VAR_KEYWORD for p in kinds) else found


def _trains_by_default(method: Any) -> bool:
    """Whether a method's own default is ``training=True``, as Keras's random image layers have it."""
    return _signature(method).parameters["training"].default is True


def _chain() -> str:
    shown = [f"{name} {tuple(shape) if isinstance(shape, tuple) else shape}" for name, shape in calls.chain[-6:]]
    return " -> ".join(shown)


def _graph_to(tensors: Sequence[Tensor]) -> tuple[list[tuple[str, Any]], list[list[int]]]:
    """The layer calls before these tensors with their outputs' shapes, and whose outputs each, and they, take."""
    path: list[tuple[str, Any]] = []
    feeds: list[list[int]] = []
    number: dict[int, list[int]] = {}

    def of(nodes: Iterable[Any]) -> list[int]:
        return list(dict.fromkeys(i for n in nodes for i in number[n.serial]))

    for node in ancestors(tensors):
        number[node.serial] = before = of(node.inputs)
        if node.operation is LAYER_CALL or not node.inputs:
            number[node.serial] = [len(path)]
            called = node.operation is LAYER_CALL
            name = node.attributes["call"].layer.name if called else node.attributes.get("name", "")
            path.append((name, tuple((node.spec[0] if called else node.spec).shape)))
            feeds.append(before)
    return path, [*feeds, of(tensors)]


@contextmanager
def _chain_to(tensors: Sequence[Tensor]) -> Iterator[None]:
    """While a call is recorded, the chain of shapes is that of the layers recorded before it."""
    before = calls.chain
    chain: list[tuple[str, Any]] = []
    node: Any = tensors[0]
    while True:
        if node.operation is LAYER_CALL:
            chain.append((node.attributes["call"].layer.name, tuple(node.spec[0].shape)))
        elif not node.inputs:
            chain.append((node.name, node.shape))
        if not node.inputs:
            break
        node = node.inputs[0]
    calls.depth += 1
    calls.chain = chain[::-1]
    try:
        yield
    finally:
        calls.depth -= 1
        calls.chain = before
