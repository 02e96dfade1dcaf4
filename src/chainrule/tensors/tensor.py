"""The user's handle on a node of the graph. `ops` installs its operators and NumPy protocols from its records."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..core.errors import DTypeError, HabitError, ImmutableError, ShapeError, SymbolicError, ValueProblem
from ..core.habits import calling_framework, is_operator_call, refuse_function
from ..core.providers import provider
from ..graph import CONSTANT, GET_OUTPUT, NO_ATTRIBUTES, CallNode, Leaf, Node, current_source_info, floatx, spec_of
from .watching import check_keeps_graph

if TYPE_CHECKING:  # numpy.typing takes half a millisecond to import
    from numpy.typing import NDArray

VARIABLE, INPUT, WATCHED, GRADIENT = map(Leaf, ("variable", "input", "watched", "gradient"))

_HABITS = {
    "backward": "call chainrule.gradients(loss, variables); gradients are returned, never stored on tensors",
    "grad": "call chainrule.gradients(loss, variables); gradients are returned, never stored on tensors",
    "detach": "use chainrule.ops.stop_gradient(t)",
    "requires_grad": "make it a chainrule.Variable, or chainrule.tensor(data, watch=True)",
    "requires_grad_": "make it a chainrule.Variable, or chainrule.tensor(data, watch=True)",
    "retain_grad": "call chainrule.gradients(loss, [t]), which works for any tensor in the graph",
    "zero_grad": "nothing accumulates: each chainrule.gradients call starts from zero",
    "cpu": "use t.numpy()",
    "cuda": "no call is needed: the engine that runs the graph places its arrays",
    "view": "use t.reshape(shape)",
    "permute": "use t.transpose(axes)",
    "unsqueeze": "use chainrule.ops.expand_dims(t, axis)",
    "sort": "tensors are immutable: use np.sort(t) or chainrule.ops.sort(t)",
    "partition": "tensors are immutable: use np.partition(t, kth) or chainrule.ops.sort(t)",
    "fill": "tensors are immutable: use chainrule.ops.full_like(t, value)",
    "put": "tensors are immutable: use chainrule.ops.scatter_update(t, indices, values)",
    "resize": "tensors are immutable: use np.resize(t, shape)",
    "add_": "tensors are immutable: write t = t + other, or keep the state in a chainrule.Variable",
    "mul_": "tensors are immutable: write t = t * other, or keep the state in a chainrule.Variable",
}

_ARRAY_MEND = (
    "make arrays of tensors with chainrule.ops.stack([...]) or concatenate, and call chainrule.ops, or NumPy's own "
    "functions, on the tensor itself"
)
_FLOAT_MEND = (
    "use chainrule.ops.sin in place of math.sin, and so on; t.item() leaves the graph on purpose, e.g. to print it"
)


class Tensor(Node):
    """An immutable array that remembers how it was computed.

    Every NumPy operator works on it and stays in the graph; so do NumPy's own functions (``np.exp(t)``).
    ``t.numpy()`` and ``t.item()`` leave the graph; so do ``np.asarray(t)`` and ``float(t)``, but inside `grad` and its
    kind they are an error for what is differentiated by. Where a value is not a number (``log(0)``,
    ``1/0``) an eager operation warns as NumPy does. A symbolic tensor has a shape and a
    dtype but no numbers yet. Make one with `tensor`, `Variable` or any function of `chainrule.ops`.

    >>> import chainrule as cr
    >>> t = cr.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> (t @ t + 1).sum()
    tensor(58.0)
    """

    __slots__ = ("_mask",)
    _mask: Tensor  # which entries count, where a layer has set it (`layers.layer_call`)
    __array_priority__ = 1000

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes; ``None`` for a batch size not known yet."""
        return self.spec.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.spec.shape)

    @property
    def size(self) -> int:
        """The number of entries; an unknown batch counts as one."""
        return self.spec.size

    @property
    def name(self) -> str:
        """The name given to a leaf, else the operation's name."""
        leaf_name: str | None = self.attributes.get("name") if self.operation.leaf else None
        return leaf_name or self.operation.name

    @property
    def symbolic(self) -> bool:
        """Whether its value is not known yet."""
        return self.value is None

    def numpy(self) -> NDArray[Any]:
        """Return the value as a read-only NumPy array. Raises `SymbolicError` if it is not known yet."""
        if self.value is None:
            self.no_value("its numbers")
        array = np.asarray(self.value)
        if array.flags.writeable:
            array = array.view()
            array.flags.writeable = False
        return array

    def item(self) -> Any:
        """Return the one entry of a tensor of size 1, as a Python number."""
        if self.size != 1:
            raise ShapeError(f"a tensor of shape {self.shape}", "exactly one entry", "index it, or use .numpy()")
        return self.numpy().item()

    def tolist(self) -> Any:
        """Return the value as nested Python lists."""
        return self.numpy().tolist()

    def no_value(self, requested: str) -> NoReturn:
        if framework := calling_framework():
            refuse_function(framework, "", f"a symbolic tensor {self.spec!r}", self.line)
        passed = f"a symbolic tensor {self.spec!r}, asked for {requested}"
        mend = "give the graph its inputs first; for a choice that depends on data use chainrule.ops.where"
        raise SymbolicError(passed, "a tensor with a value", mend, self.line)

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Refuse functions of PyTorch, and leave its operators, which are methods, to this class's own."""
        if type(function).__name__ == "method_descriptor":
            return NotImplemented
        refuse_function("PyTorch", getattr(function, "__name__", ""), "a tensor of chainrule")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self.value is None:
            self.no_value("its numbers (chainrule.ops.stack joins tensors in the graph)")
        check_keeps_graph(self, "an array", f"{_ARRAY_MEND}; t.numpy() leaves the graph on purpose")
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(f"a copy is needed to turn {array.dtype} into {dtype}")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """Export the value: its own memory, read-only, if the consumer knows that flag, else a copy."""
        if dl_device not in (None, (1, 0)):
            raise BufferError(f"a tensor lives on the CPU, device (1, 0), not {dl_device}")
        check_keeps_graph(self, "an export by DLPack", "t.numpy() leaves the graph on purpose")
        array = self.numpy()
        has_flag = np.lib.NumpyVersion(np.__version__) >= "2.1.0"
        if has_flag and max_version is not None and max_version[0] >= 1 and not copy:
            return array.__dlpack__(max_version=max_version)
        if copy is False:
            raise BufferError("without DLPack 1.0's read-only flag a tensor can only be copied")
        return array.copy().__dlpack__(max_version=max_version) if has_flag else array.copy().__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """Return the array API standard's namespace for tensors (https://data-apis.org/array-api/2024.12/)."""
        return provider("array_namespace").namespace(api_version)

    @property
    def device(self) -> str:
        """The device of eager values: always ``"cpu"``."""
        return "cpu"

    def to_device(self, device: Any, /, *, stream: Any = None) -> Tensor:
        """Return the tensor itself: eager values are on the CPU (array API standard)."""
        if device not in ("cpu", None):
            raise ValueProblem(f"device {device!r}", "'cpu'", "leave the device out")
        return self

    def _scalar(self, kind: str) -> Any:
        if self.value is None:
            self.no_value(f"a Python {kind}")
        if self.size != 1 or self.ndim != 0:
            passed = f"{kind}() of a tensor of shape {self.shape}"
            mend = "reduce it first, e.g. with .sum(), .mean(), .all() or .any(), or index one entry"
            raise ShapeError(passed, "a tensor without axes", mend)
        if self.dtype.kind == "c" and kind in ("float", "int"):
            passed = f"{kind}() of a complex tensor"
            raise DTypeError(passed, "a real one", "take its real part with np.asarray(t).real")
        return self.value

    def __bool__(self) -> bool:
        if self.value is None:
            self.no_value("True or False (in `if`, `while`, `and`, `or`)")
        return bool(self._scalar("bool"))

    def __float__(self) -> float:
        check_keeps_graph(self, "a Python float", _FLOAT_MEND)
        return float(self._scalar("float"))

    def __int__(self) -> int:
        return int(self._scalar("int"))

    def __complex__(self) -> complex:
        check_keeps_graph(self, "a Python complex number", _FLOAT_MEND)
        return complex(self._scalar("complex"))

    def __floor__(self) -> int:
        return math.floor(self._scalar("int").item())

    def __ceil__(self) -> int:
        return math.ceil(self._scalar("int").item())

    def __trunc__(self) -> int:
        return math.trunc(self._scalar("int").item())

    def __index__(self) -> int:
        value = self._scalar("int")
        if self.dtype.kind not in "iu":
            raise DTypeError(f"a tensor of dtype {self.dtype} as an index", "an integer", "cast it to int32")
        return int(value)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor without axes has no len()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        for i in range(len(self)):
            yield self[i]

    def __repr__(self) -> str:
        extra = "" if self.dtype == floatx() else f", dtype={self.dtype.name}"
        if self.value is None:
            return f"tensor(symbolic, shape={self.shape}{extra})"
        array = np.asarray(self.value)
        if array.ndim == 0:
            return f"tensor({_show_number(array)}{extra})"
        text = np.array2string(array, separator=", ", prefix="tensor(", threshold=100)
        if not array.size or array.size > 100:
            extra = f", shape={array.shape}{extra}"
        return f"tensor({text}{extra})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return it for notebooks: the array as a picture (`chainrule.look`)."""
        return {} if self.value is None else repr_mimebundle(self)

    def __format__(self, spec: str) -> str:
        return format(self.item() if spec and self.ndim == 0 else str(self), spec)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        passed = "an assignment into a tensor"
        mend = "use chainrule.ops.scatter_update(t, indices, values), ops.where, or a chainrule.Variable with .assign"
        raise ImmutableError(passed, "no assignment: tensors are immutable, so that the graph stays valid", mend)

    def __getattr__(self, name: str) -> Any:
        if name in _HABITS:
            raise HabitError(f"the attribute .{name} of a tensor", "chainrule's name for it", _HABITS[name])
        if name == "__jax_array__" and self.value is None and not is_operator_call():  # JAX asks before it gives up
            refuse_function("JAX", "", f"a symbolic tensor {self.spec!r}", self.line)
        raise AttributeError(f"'Tensor' object has no attribute {name!r}")

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: Any) -> Tensor:
        self._check_value()
        return constant(np.array(self.numpy()))

    def _check_value(self) -> None:
        if self.value is None:
            passed = f"a symbolic tensor of shape {self.shape}, which has no numbers, to be copied or pickled"
            mend = "copy or pickle the model it belongs to, with copy.deepcopy or pickle, or save it"
            raise SymbolicError(passed, "a tensor with numbers", mend, self.line)

    def __reduce__(self) -> Any:
        self._check_value()
        return _unpickle, (np.array(self.numpy()),)

    __hash__ = object.__hash__

    if TYPE_CHECKING:  # installed by `ops` from its records

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __rmod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __lshift__(self, other: Any) -> Tensor: ...
        def __rshift__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __pos__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __eq__(self, other: Any) -> Tensor: ...  # type: ignore[override]
        def __ne__(self, other: Any) -> Tensor: ...  # type: ignore[override]
        def __getitem__(self, key: Any) -> Tensor: ...
        def cast_to(self, dtype: np.dtype[Any]) -> Tensor: ...
        def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Tensor: ...
        def sum(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def mean(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def max(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def min(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def prod(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def var(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def std(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def all(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def any(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def argmax(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def argmin(self, axis: Any = None, *args: Any, **kwargs: Any) -> Tensor: ...
        def reshape(self, *shape: Any, **kwargs: Any) -> Tensor: ...
        def transpose(self, *axes: Any) -> Tensor: ...
        def flatten(self, order: str = "C") -> Tensor: ...
        def squeeze(self, axis: Any = None) -> Tensor: ...
        def dot(self, other: Any) -> Tensor: ...
        @property
        def T(self) -> Tensor: ...
        @property
        def mT(self) -> Tensor: ...


class VariableBase:
    """The base of `Variable`, for the modules below it that only read `value`."""

    @property
    def value(self) -> Tensor:
        """The current value."""
        raise NotImplementedError


def repr_mimebundle(array: Tensor | VariableBase) -> dict[str, Any]:
    """Return the notebook's representations of an array: a picture, and its text."""
    picture = provider("array_view").look(array)
    return {**picture._repr_mimebundle_(), "text/plain": repr(array)}


def _show_number(array: NDArray[Any]) -> str:
    if array.dtype.kind == "f":
        return repr(float(str(array[()])))
    return str(array[()])


def _unpickle(array: NDArray[Any]) -> Tensor:
    return constant(array)


def constant(array: NDArray[Any]) -> Tensor:
    """Return a leaf with `array` as its value, which must not be changed afterwards."""
    return Tensor(CONSTANT, (), NO_ATTRIBUTES, spec_of(array.shape, array.dtype), array, False, None)


def get_output(call: Node, position: int) -> Tensor:
    """Return the value at one position of a call, as a tensor; without history if the call has none."""
    value = None if call.value is None else call.value[position]
    if value is not None and not call.tracked:
        return Tensor(CONSTANT, (), NO_ATTRIBUTES, call.spec[position], value, call.tracked, None)
    attributes = {"position": position}
    output = Tensor(GET_OUTPUT, (call,), attributes, call.spec[position], value, True, current_source_info())
    if isinstance(call, CallNode):
        call.add_output(output)
    return output
