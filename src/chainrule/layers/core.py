"""Layers for inputs, dense products, activations, embeddings, masks and functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import activations, ops
from ..core.arguments import at_least, not_nan
from ..core.errors import DTypeError, ShapeError, ValueProblem
from ..graph import as_dtype, current_source_info, floatx, spec_of
from ..tensors.convert import as_tensor
from ..tensors.tensor import INPUT, Tensor
from .checks import ActivationAttribute, as_axis_list, axis_numbers, known_sizes, shape_sizes
from .input_spec import InputSpec
from .layer import Layer
from .shape_chain import layer_label
from .signatures import parameter_names


class InputLayer(Layer):
    """The input of a model, with the shape and dtype of its data; made by `Input`."""

    _older_argument_names: ClassVar = {"input_shape": "shape", "batch_input_shape": "batch_shape"}

    def __init__(
        self, shape: Any = None, batch_size: int | None = None, dtype: Any = None, sparse: Any = None,
        ragged: Any = None, batch_shape: Any = None, input_tensor: Any = None, optional: bool = False,
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name)
        if sparse or ragged:
            raise ValueProblem("a sparse or ragged input", "a dense one", "pad the rows to one length")
        if input_tensor is not None:
            raise ValueProblem("an input made of a tensor", "a shape", "call the model on the tensor instead")
        if optional:
            raise ValueProblem("an optional input", "one that is always given", "make two models that share layers")
        if batch_shape is None and shape is None:
            raise ShapeError("an Input without a shape", "the shape of one example", "e.g. Input(shape=(28, 28, 1))")
        if batch_shape is None:
            batch = shape_sizes([batch_size], "an Input of batch_size", unknown=True)
            batch_shape = (*batch, *shape_sizes(shape, "an Input of shape", unknown=True))
        self.batch_shape = shape_sizes(batch_shape, "an Input of batch_shape", unknown=True)
        self.input_dtype = as_dtype(dtype or floatx())
        self.built = True
        attributes = {"name": self.name, "layer": self}
        spec = spec_of(self.batch_shape, self.input_dtype)
        self.output = Tensor(INPUT, (), attributes, spec, None, True, current_source_info())

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {"batch_shape": list(self.batch_shape), "dtype": self.input_dtype.name, "name": self.name}


def Input(
    shape: Any = None, batch_size: int | None = None, dtype: Any = None, sparse: Any = None, ragged: Any = None,
    batch_shape: Any = None, name: str | None = None, tensor: Any = None, optional: bool = False,
) -> Tensor:  # fmt: skip
    """Return a symbolic tensor that represents a model's data (``keras.Input``).

    Args:
        shape: of one example, without the batch; ``None`` for an unknown size.
        batch_size: default unknown. dtype: default ``floatx()``. sparse, ragged, tensor, optional: not supported.

    Raises:
        ShapeError: without a shape, or for sizes that are not whole numbers from 0 up.

    >>> Input(shape=(28, 28, 1)).shape
    (None, 28, 28, 1)
    """
    return InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name).output


class Dense(Layer):
    """``activation(x @ kernel + bias)`` over the last axis (``keras.layers.Dense``).

    Args:
        units: the size of the output's last axis. activation: default none.

    Weights: kernel (inputs, units), bias (units,). Any number of axes before the last.

    >>> Dense(3)(ops.ones((2, 5))).shape
    (2, 3)
    """

    activation = ActivationAttribute()

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = at_least(1, owner=layer_label(self), units=units)
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        (inputs,) = known_sizes(input_shape, [-1], "a known size on the last axis")
        self.kernel = self._add_configured_weight("kernel", (inputs, self.units))
        self.bias = self._add_configured_weight("bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: inputs})

    def call(self, inputs: Any) -> Tensor:
        fused = activations.fused(self.activation)
        out = ops.fused_dense(inputs, self.kernel, self.bias, activation=fused)
        return out if fused else self.activation(out)

    def _advice(self, shape: Any) -> str:
        if self.built and len(shape) > 2:
            return "flatten the images first: put a Flatten() or a GlobalAveragePooling2D() before this Dense"
        if self.built:
            inputs = self.kernel.shape[0]
            return f"this layer was built for {inputs} inputs: give it as many columns, or make a new model"
        return "add the batch axis: x[None, :] for one example"


class Activation(Layer):
    """An activation function as a layer: a name or a function.

    >>> Activation("relu")([[-1.0, 2.0]])
    tensor([[0., 2.]])
    """

    activation = ActivationAttribute()

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)


class ReLU(Layer):
    """max(x, 0), with an optional slope below the threshold and an optional largest value.

    >>> ReLU(max_value=1.5)([[-1.0, 2.0]])
    tensor([[0. , 1.5]])
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        label = layer_label(self)
        if max_value is not None:
            not_nan(least=0, owner=label, max_value=max_value)
        not_nan(least=0, owner=label, negative_slope=negative_slope)
        not_nan(least=0, owner=label, threshold=threshold)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """x above 0, ``negative_slope * x`` elsewhere; the slope is 0.3 here, as in Keras.

    >>> LeakyReLU(0.5)([[-1.0, 2.0]])
    tensor([[-0.5,  2. ]])
    """

    _older_argument_names: ClassVar = {"alpha": "negative_slope"}

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        not_nan(least=0, owner=layer_label(self), negative_slope=negative_slope)
        self.negative_slope = negative_slope
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return ops.leaky_relu(inputs, negative_slope=self.negative_slope)


class PReLU(Layer):
    """x above 0, ``alpha * x`` elsewhere, where alpha is learned (He et al., arXiv:1502.01852).

    Args:
        shared_axes: axes along which all entries share one alpha, e.g. ``[1, 2]`` for one per channel.

    >>> PReLU()([[-1.0, 2.0]])
    tensor([[0., 2.]])
    """

    def __init__(
        self, alpha_initializer: Any = "Zeros", alpha_regularizer: Any = None, alpha_constraint: Any = None,
        shared_axes: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.alpha_initializer = alpha_initializer
        self.alpha_regularizer, self.alpha_constraint = alpha_regularizer, alpha_constraint
        shared_axes = axis_numbers(owner=layer_label(self), shared_axes=[] if shared_axes is None else shared_axes)
        self.shared_axes = as_axis_list(shared_axes)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shape = [1 if i in self.shared_axes else n for i, n in enumerate(input_shape)][1:]
        self.alpha = self._add_configured_weight("alpha", shape)

    def call(self, inputs: Any) -> Any:
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)


class ELU(Layer):
    """x above 0, alpha (exp(x) - 1) elsewhere.

    >>> ELU()([[0.0, 2.0]])
    tensor([[0., 2.]])
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, alpha=self.alpha)


class Softmax(Layer):
    """exp(x) over its sum along `axis`; entries whose mask is false get 0, also where all of them are.

    >>> Softmax()([[0.0, 0.0]])
    tensor([[0.5, 0.5]])
    >>> Softmax()([[0.0, 0.0]], mask=[[False, False]])
    tensor([[0., 0.]])
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis_numbers(owner=layer_label(self), axis=axis)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        if mask is None:
            return ops.softmax(inputs, axis=axis)
        counted = ops.logical_and(ops.cast(mask, "bool"), ops.ones_like(inputs, dtype="bool"))
        scores = ops.where(counted, inputs, float("-inf"))
        scores = ops.where(ops.any(counted, axis=axis, keepdims=True), scores, 0.0)  # -inf alone has no softmax
        return ops.where(counted, ops.softmax(scores, axis=axis), 0.0)


def as_indices(inputs: Any, count: int, argument: str) -> Tensor:
    """Return inputs as whole numbers, and check, where their values are known, that they are from 0 to count - 1.

    Args:
        inputs: a tensor or data. count: how many indices there are. argument: the layer's argument that gives `count`.

    Raises:
        ValueProblem: for an index outside.
    """
    indices = as_tensor(inputs)
    if indices.dtype.kind not in "iu":
        indices = ops.cast(indices, "int32")
    if indices.value is not None and indices.size:
        low, high = int(indices.value.min()), int(indices.value.max())
        if low < 0 or high >= count:
            mend = f"give {argument}={high + 1} or more, or check the indices"
            raise ValueProblem(f"indices from {low} to {high}", f"whole numbers from 0 to {count - 1}", mend)
    return indices


class Embedding(Layer):
    """Rows of a table, looked up by index (``keras.layers.Embedding``).

    Args:
        input_dim: how many rows there are; inputs are from 0 to input_dim - 1. output_dim: the length of a row.
        mask_zero: whether 0 is padding, which later layers ignore. weights: the table's initial value.

    >>> Embedding(10, 4)([[1, 2, 2]]).shape
    (1, 3, 4)
    """

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False,
        weights: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        kwargs.pop("input_length", None)
        super().__init__(autocast=False, **kwargs)
        label = layer_label(self)
        self.input_dim = at_least(1, owner=label, input_dim=input_dim)
        self.output_dim = at_least(1, owner=label, output_dim=output_dim)
        self.embeddings_initializer = embeddings_initializer
        self.embeddings_regularizer, self.embeddings_constraint = embeddings_regularizer, embeddings_constraint
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.build(None)
        self.built = True
        if weights is not None:
            self.set_weights(weights if isinstance(weights, list) else [weights])

    def build(self, input_shape: Any = None) -> None:
        if not self.built:
            self.embeddings = self._add_configured_weight("embeddings", (self.input_dim, self.output_dim))

    def call(self, inputs: Any) -> Any:
        return ops.take(self.embeddings, as_indices(inputs, self.input_dim, "input_dim"), axis=0)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return ops.not_equal(inputs, 0) if self.mask_zero else None


class Masking(Layer):
    """Mask the steps whose entries all equal `mask_value`: their output is 0 and later layers skip them.

    >>> Masking()([[[1.0, 2.0], [0.0, 0.0]]]).shape
    (1, 2, 2)
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return ops.where(self._mask(inputs, keepdims=True), inputs, 0)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self._mask(inputs, keepdims=False)

    def _mask(self, inputs: Any, keepdims: bool) -> Tensor:
        """Return which steps have an entry other than `mask_value`."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=keepdims)


class Identity(Layer):
    """The input, unchanged.

    >>> Identity()([[1.0]])
    tensor([[1.]])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs


class Lambda(Layer):
    """A function as a layer. It can be saved only if the function is registered.

    See `register_keras_serializable`.

    Args:
        function: takes the inputs, and ``mask`` and ``training`` if it has parameters of these names.
        arguments: further arguments by name. mask: a mask, or a function that returns one.
        output_shape: not needed; accepted as in Keras.

    >>> Lambda(lambda x: x ** 2)([[3.0]])
    tensor([[9.]])
    """

    def __init__(
        self, function: Callable[..., Any], output_shape: Any = None, mask: Any = None,
        arguments: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if not callable(function):
            raise DTypeError(f"{function!r} as a Lambda's function", "a function", "e.g. Lambda(lambda x: x ** 2)")
        self.function, self.arguments, self.output_mask = function, dict(arguments or {}), mask
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        names = parameter_names(self.function)
        extra = {k: v for k, v in (("mask", mask), ("training", training)) if k in names}
        return self.function(inputs, **{**self.arguments, **extra})

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.output_mask(inputs, previous_mask) if callable(self.output_mask) else self.output_mask
