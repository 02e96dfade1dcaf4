"""The user's handle on a node, and the variable, a cell that holds one.

May import: `graph`, `errors`. The operators and NumPy protocols are installed by `ops` from its records.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import (
    DTypeError,
    GraphError,
    HabitError,
    ImmutableError,
    ShapeError,
    SymbolicError,
    ValueProblem,
)
from ..core.providers import provider
from ..graph import (
    CONSTANT,
    NO_ATTRIBUTES,
    Leaf,
    Node,
    Shape,
    as_dtype,
    current_source_info,
    floatx,
    spec_of,
)
from ..graph.source_info import line_of

VARIABLE, INPUT, WATCHED, GRADIENT = map(Leaf, ("variable", "input", "watched", "gradient"))

_WEAK = {
    bool: spec_of((), np.dtype(bool), True),
    int: spec_of((), np.dtype("int64"), True),
    float: spec_of((), np.dtype("float64"), True),
    complex: spec_of((), np.dtype("complex128"), True),
}

_HABITS = {
    "backward": "call chainrule.gradients(loss, variables); gradients are returned, never stored on tensors",
    "grad": "call chainrule.gradients(loss, variables); gradients are returned, never stored on tensors",
    "detach": "use chainrule.ops.stop_gradient(t)",
    "requires_grad": "make it a chainrule.Variable, or chainrule.tensors.tensor(data, watch=True)",
    "requires_grad_": "make it a chainrule.Variable, or chainrule.tensors.tensor(data, watch=True)",
    "retain_grad": "ask for it: chainrule.gradients(loss, [t]) works for any tensor in the graph",
    "zero_grad": "nothing accumulates: each chainrule.gradients call starts from zero",
    "cpu": "use t.numpy()",
    "cuda": "no call is needed: the engine that runs the graph places its arrays",
    "view": "use t.reshape(shape)",
    "permute": "use t.transpose(axes)",
    "unsqueeze": "use chainrule.ops.expand_dims(t, axis)",
    "add_": "tensors are immutable: write t = t + other, or keep the state in a chainrule.Variable",
    "mul_": "tensors are immutable: write t = t * other, or keep the state in a chainrule.Variable",
}


class Tensor(Node):
    """An immutable array that remembers how it was made.

    Every NumPy operator works on it and stays in the graph; so do NumPy's own functions (``np.exp(t)``).
    ``np.asarray(t)``, ``t.numpy()``, ``float(t)`` leave the graph. Where a value is not a number (``log(0)``,
    ``1/0``) an eager operation warns as NumPy does. A symbolic tensor has a shape and a
    dtype but no numbers yet. Make one with `tensor`, `Variable` or any function of `chainrule.ops`.

    >>> import chainrule as cr
    >>> t = cr.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> (t @ t + 1).sum()
    tensor(58.0)
    """

    __slots__ = ("_mask",)
    _mask: Tensor  # which entries count, where a layer has said so (`layers.calling`)
    __array_priority__ = 1000

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes; ``None`` for a batch size not known yet."""
        shape: tuple[int, ...] = self.spec.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.spec.dtype
        return dtype

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    @property
    def size(self) -> int:
        size: int = self.spec.size
        return size

    @property
    def name(self) -> str:
        """The name given to a leaf, else the operation's name."""
        given: str | None = self.attributes.get("name") if self.operation.leaf else None
        return given or self.operation.name

    @property
    def symbolic(self) -> bool:
        """Whether its numbers are not known yet."""
        return self.value is None

    def numpy(self) -> NDArray[Any]:
        """The value as a read-only NumPy array. Raises `SymbolicError` if it is not known yet."""
        if self.value is None:
            self._no_value("its numbers")
        array = np.asarray(self.value)
        if array.flags.writeable:
            array = array.view()
            array.flags.writeable = False
        return array

    def item(self) -> Any:
        """The one entry of a tensor of size 1, as a Python number."""
        if self.size != 1:
            raise ShapeError(f"a tensor of shape {self.shape}", "exactly one entry", "index it, or use .numpy()")
        return self.numpy().item()

    def tolist(self) -> Any:
        """The value as nested Python lists."""
        return self.numpy().tolist()

    def _no_value(self, wanted: str) -> NoReturn:
        raise SymbolicError(
            f"a symbolic tensor {self.spec!r}, asked for {wanted}",
            "a tensor with a value",
            "give the graph its inputs first; for a choice that depends on data use chainrule.ops.where",
            self.line,
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(f"a copy is needed to turn {array.dtype} into {dtype}")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """The value's memory, lent read-only where the taker knows that flag, else a copy."""
        if dl_device not in (None, (1, 0)):
            raise BufferError(f"a tensor lives on the CPU, device (1, 0), not {dl_device}")
        array = self.numpy()
        flagged = np.lib.NumpyVersion(np.__version__) >= "2.1.0"
        if flagged and max_version is not None and max_version[0] >= 1 and not copy:
            return array.__dlpack__(max_version=max_version)
        if copy is False:
            raise BufferError("without DLPack 1.0's read-only flag a tensor can only be copied")
        return array.copy().__dlpack__(max_version=max_version) if flagged else array.copy().__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The array API standard's namespace for tensors (https://data-apis.org/array-api/2024.12/)."""
        return provider("array_namespace").namespace(api_version)

    @property
    def device(self) -> str:
        """Where eager values live: always ``"cpu"``."""
        return "cpu"

    def to_device(self, device: Any, /, *, stream: Any = None) -> Tensor:
        """The tensor itself: eager values live on the CPU (array API standard)."""
        if device not in ("cpu", None):
            raise ValueProblem(f"device {device!r}", "'cpu'", "leave the device out")
        return self

    def _scalar(self, kind: str) -> Any:
        if self.value is None:
            self._no_value(f"a Python {kind}")
        if self.size != 1 or self.ndim != 0:
            raise ShapeError(
                f"{kind}() of a tensor of shape {self.shape}",
                "a tensor without axes",
                "reduce it first, e.g. with .sum(), .mean(), .all() or .any(), or index one entry",
            )
        if self.dtype.kind == "c" and kind in ("float", "int"):
            raise DTypeError(
                f"{kind}() of a complex tensor", "a real one", "take its real part with np.asarray(t).real"
            )
        return self.value

    def __bool__(self) -> bool:
        if self.value is None:
            self._no_value("True or False (in `if`, `while`, `and`, `or`)")
        return bool(self._scalar("bool"))

    def __float__(self) -> float:
        return float(self._scalar("float"))

    def __int__(self) -> int:
        return int(self._scalar("int"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex"))

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
        """In a notebook: the array as a picture (`chainrule.look`)."""
        return {} if self.value is None else _as_picture(self)

    def __format__(self, spec: str) -> str:
        return format(self.item() if spec and self.ndim == 0 else str(self), spec)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise ImmutableError(
            "an assignment into a tensor",
            "tensors to stay as they were made, so that the graph stays true",
            "use chainrule.ops.scatter_update(t, indices, values), ops.where, or a chainrule.Variable with .assign",
        )

    def __getattr__(self, name: str) -> Any:
        if name in _HABITS:
            raise HabitError(f"the attribute .{name} of a tensor", "chainrule's own word for it", _HABITS[name])
        raise AttributeError(f"'Tensor' object has no attribute {name!r}")

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: Any) -> Tensor:
        return constant(np.array(self.numpy()))

    def __reduce__(self) -> Any:
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
        def astype(self, dtype: Any) -> Tensor: ...
        def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def max(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def min(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def prod(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def var(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def std(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def all(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def any(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def argmax(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def argmin(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...
        def reshape(self, *shape: Any) -> Tensor: ...
        def transpose(self, *axes: Any) -> Tensor: ...
        def flatten(self) -> Tensor: ...
        def squeeze(self, axis: Any = None) -> Tensor: ...
        def dot(self, other: Any) -> Tensor: ...
        @property
        def T(self) -> Tensor: ...
        @property
        def mT(self) -> Tensor: ...


def _as_picture(array: Tensor | Variable) -> dict[str, Any]:
    picture = provider("array_view").look(array)
    return {**picture._repr_mimebundle_(), "text/plain": repr(array)}


def _show_number(array: NDArray[Any]) -> str:
    if array.dtype.kind == "f":
        return repr(float(str(array[()])))
    return str(array[()])


def _unpickle(array: NDArray[Any]) -> Tensor:
    return constant(array)


def constant(array: NDArray[Any]) -> Tensor:
    """A leaf holding `array`, which nobody else may change."""
    return Tensor(CONSTANT, (), NO_ATTRIBUTES, spec_of(array.shape, array.dtype), array, False, None)


_numbers: dict[Any, Tensor] = {}


def number(value: Any, dtype: np.dtype[Any] | None = None) -> Tensor:
    """The constant for a Python number, weak unless `dtype` is given; kept, since few numbers are used often."""
    key = (value.__class__, value, dtype, value == 0 and value.__class__ is float and math.copysign(1.0, value))
    found = _numbers.get(key)
    if found is None:
        weak = _WEAK[value.__class__]
        try:
            array = np.asarray(value, dtype=dtype if dtype is not None else weak.dtype)
        except OverflowError:
            if dtype is None:  # an integer beyond int64 waits for the dtype it meets
                return Tensor(CONSTANT, (), NO_ATTRIBUTES, weak, np.asarray(value, dtype=object), False, None)
            kind = dtype.name
            raise DTypeError(
                f"the Python number {value}", f"a number that {kind} can hold", "use a wider dtype or a float"
            ) from None
        array.flags.writeable = False
        spec = weak if dtype is None else spec_of((), dtype)
        found = Tensor(CONSTANT, (), NO_ATTRIBUTES, spec, array, False, None)
        if len(_numbers) < 10_000 and value == value:
            _numbers[key] = found
    return found


def _from_python(data: Any, dtype: np.dtype[Any] | None) -> NDArray[Any]:
    """Lists and other Python data: floats become floatx, integers int32 where they fit, unless `dtype` is given."""
    try:
        array = np.asarray(data)
    except ValueError:
        raise ShapeError(
            "nested data whose rows have different lengths", "rows of one length", "pad or cut the rows to one length"
        ) from None
    if dtype is not None:
        as_dtype(array.dtype)  # numbers only
        return array.astype(dtype)
    if array.dtype.kind == "f":
        return array.astype(as_dtype(floatx()))
    if array.dtype.kind == "i":
        info = np.iinfo(np.int32)
        if not array.size or (array.min() >= info.min and array.max() <= info.max):
            return array.astype(np.int32)
    return array


def as_array(data: Any, dtype: np.dtype[Any] | None = None) -> NDArray[Any]:
    """`data` as a native NumPy array that nobody else changes: arrays keep their dtype, Python data gets ours."""
    if isinstance(data, np.ndarray | np.generic):
        array = np.asarray(data)
        if array is data and (array.flags.writeable or array.base is not None):
            array = array.copy()
    elif hasattr(data, "__array__") and not isinstance(data, list | tuple):
        array = np.array(data.__array__())
    elif hasattr(data, "__dlpack__"):
        array = np.array(np.from_dlpack(data))
    else:
        check_no_tensors_inside(data)
        array = _from_python(data, dtype)
    dtype = dtype or as_dtype(array.dtype)
    as_dtype(array.dtype)
    return array if array.dtype == dtype else array.astype(dtype)


def check_no_tensors_inside(data: Any) -> None:
    if isinstance(data, list | tuple):
        for item in data:
            if isinstance(item, Tensor | Variable):
                raise ValueProblem(
                    "a list that holds tensors",
                    "numbers, or one tensor",
                    "join tensors with chainrule.ops.stack([...]), which keeps their graph",
                )
            if isinstance(item, list | tuple):
                check_no_tensors_inside(item)


def as_tensor(value: Any) -> Tensor:
    """An operand as a tensor: tensors as they are, variables read, numbers weak, arrays and lists as constants."""
    cls = value.__class__
    if cls is Tensor:
        tensor_: Tensor = value
        return tensor_
    if cls in _WEAK:
        return number(value)
    if isinstance(value, Variable):
        return value.value
    if isinstance(value, Tensor):
        return value
    return constant(as_array(value))


def tensor(data: Any, dtype: Any = None, *, watch: bool = False, name: str | None = None) -> Tensor:
    """A tensor holding a copy of `data`.

    Args:
        data: a number, nested lists, a NumPy array, a table, a tensor, or anything with ``__array__`` or
            ``__dlpack__``; any shape.
        dtype: default: arrays keep theirs, Python floats become ``floatx()`` (float32), integers int32.
        watch: whether gradients with respect to it will be asked for.
        name: shown in explanations.

    Raises:
        DTypeError: for strings, objects and dates. ShapeError: for ragged lists.

    Follows ``keras.ops.convert_to_tensor``.

    >>> import numpy as np
    >>> tensor([1, 2, 3])
    tensor([1, 2, 3], dtype=int32)
    >>> tensor(np.zeros((2, 3))).dtype
    dtype('float64')
    """
    if isinstance(data, Variable):
        data = data.value
    if isinstance(data, Tensor):
        result = data if dtype is None else data.cast_to(as_dtype(dtype))
        if watch or name:
            raise GraphError(
                "a tensor to be watched or named anew",
                "new data",
                "tensors that hang on a variable or a watched tensor need no watching; copy with tensor(t.numpy())",
            )
        return result
    array = as_array(data, None if dtype is None else as_dtype(dtype))
    array.flags.writeable = False
    attributes = {"name": name} if name else NO_ATTRIBUTES
    spec = spec_of(array.shape, array.dtype)
    return Tensor(WATCHED if watch else CONSTANT, (), attributes, spec, array, watch, current_source_info())


def symbolic(shape: Shape, dtype: Any = None, name: str | None = None) -> Tensor:
    """A tensor whose numbers are not known yet: operations on it build the graph without running.

    Args:
        shape: sizes; ``None`` where the size is not known.
        dtype: default ``floatx()``.
        name: shown in explanations and drawings.

    >>> x = symbolic((None, 3), name="x")
    >>> (x * 2).shape
    (None, 3)
    """
    found = as_dtype(dtype or floatx())
    attributes = {"name": name} if name else NO_ATTRIBUTES
    return Tensor(INPUT, (), attributes, spec_of(tuple(shape), found), None, True, current_source_info())


class Recorder(Protocol):
    """Takes the reads and assignments of variables on its thread while a step is traced (`readings.trace`)."""

    def read(self, variable: Variable) -> Tensor: ...
    def assign(self, variable: Variable, value: Tensor) -> None: ...


class DeviceBuffer(Protocol):
    """A variable's value that an engine keeps where it computes (`Variable.hold`)."""

    def fetch(self) -> NDArray[Any]: ...


class _Cells(threading.local):
    """What reading and assigning a variable means on this thread, beside taking what it holds."""

    recorder: Recorder | None = None
    compute: np.dtype[Any] | None = None  # what float variables are read as: a layer's policy


_cells = _Cells()


def current_recorder() -> Recorder | None:
    """What takes the reads and assignments of variables on this thread, if anything does."""
    return _cells.recorder


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Variables read and assigned inside go to `recorder`; to the cells themselves with ``None``."""
    before = _cells.recorder
    _cells.recorder = recorder
    try:
        yield
    finally:
        _cells.recorder = before


@contextmanager
def autocast_scope(dtype: np.dtype[Any] | None) -> Iterator[None]:
    """Float variables read inside are cast to `dtype` (Keras's autocast scope)."""
    before = _cells.compute
    _cells.compute = dtype
    try:
        yield
    finally:
        _cells.compute = before


class Variable:
    """A cell that holds a tensor and can be assigned: a weight, a state.

    Reading it makes a leaf that holds this version's value; `assign` drops history, so a loop that
    assigns does not grow. It takes every operator a tensor takes. Follows ``keras.Variable``.

    Args:
        initializer: the first value (anything `tensor` takes), or a function ``(shape, dtype) -> array``.
        shape: needed only with a function.
        dtype: default as for `tensor`.
        trainable: whether training changes it.
        autocast: whether a layer of another compute dtype reads it in that dtype.
        aggregation: Keras's word for replicas; kept, and of no effect on one device.
        name: shown in explanations.

    >>> w = Variable([1.0, 2.0], name="w")
    >>> w.assign_add([0.5, 0.5])
    Variable(name='w', tensor([1.5, 2.5]))
    """

    __array_priority__ = 1000

    def __init__(
        self,
        initializer: Any,
        shape: Shape | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        name: str | None = None,
    ) -> None:
        self.name = self.path = name or "variable"
        self.trainable, self.autocast, self.aggregation = trainable, autocast, aggregation
        self.regularizer: Any = None
        self.constraint: Any = None
        if callable(initializer):
            with recording(None):
                initializer = initializer(shape, dtype)
        held = tensor(initializer, dtype)
        if shape is not None and held.shape != tuple(shape):
            raise ShapeError(
                f"an initial value of shape {held.shape}", f"shape {tuple(shape)}", "make them the same", self.name
            )
        self._set(held)

    def _set(self, held: Tensor) -> None:
        if held.value is None:
            held._no_value("a variable's value")
        self._take(self._read_as(held.value, current_source_info()), None)

    def _take(self, leaf: Tensor | None, kept: DeviceBuffer | None) -> None:
        if leaf is not None:
            self._spec = leaf.spec
        self._here, self._kept = leaf, kept

    @property
    def _leaf(self) -> Tensor:
        """The leaf that holds the current version's value; fetched from an engine when somebody looks."""
        here, kept = self._here, self._kept
        if here is None and kept is not None:
            here = self._here = self._read_as(kept.fetch(), None, self._spec)
        assert here is not None
        return here

    def _read_as(self, value: Any, made: Any, spec: Any = None) -> Tensor:
        """A leaf that stands for this variable: its value, or ``None`` for a traced step's input."""
        attributes = {"name": self.name, "variable": self}
        return Tensor(VARIABLE, (), attributes, spec or spec_of(value.shape, value.dtype), value, True, made)

    def hold(self, value: NDArray[Any] | np.generic | DeviceBuffer) -> None:
        """Take an engine's result, of this variable's own shape and dtype: an array which nobody else changes, or one
        that is `DeviceBuffer` elsewhere and fetched when somebody looks."""
        if isinstance(value, np.ndarray | np.generic):
            self._take(self._read_as(value, None, self._spec), None)
        else:
            self._take(None, value)

    @property
    def kept(self) -> DeviceBuffer | None:
        """What an engine has put here, as long as nothing was assigned since."""
        return self._kept

    def keep(self, value: DeviceBuffer, leaf: Tensor) -> None:
        """Take an engine's copy of the value that `leaf` holds, beside it; not if another was assigned meanwhile."""
        if self._here is leaf:
            self._kept = value

    @property
    def value(self) -> Tensor:
        """The leaf that holds the current version's value; what was assigned last, inside a traced step."""
        recorder, compute = _cells.recorder, _cells.compute
        if recorder is None and compute is None:
            return self._leaf
        found = self._leaf if recorder is None else recorder.read(self)
        return found.cast_to(compute) if compute is not None and self.autocast and found.spec.floating else found

    @property
    def shape(self) -> tuple[int, ...]:
        return self._spec.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._spec.dtype

    @property
    def ndim(self) -> int:
        return len(self._spec.shape)

    @property
    def size(self) -> int:
        return self._spec.size

    def numpy(self) -> NDArray[Any]:
        """The current value as a read-only array."""
        return self.value.numpy()

    def assign(self, value: Any) -> Variable:
        """Hold `value` from now on: the same shape, cast to the variable's dtype.

        Raises:
            ShapeError: if the shape differs.
        """
        held = as_tensor(value)
        if held.shape != self.shape:
            raise ShapeError(
                f"a value of shape {held.shape} for variable {self.name!r}",
                f"shape {self.shape}",
                "reshape the value, or make a new variable",
                line_of(current_source_info()),
            )
        held = held.cast_to(self.dtype)
        if _cells.recorder is not None:
            _cells.recorder.assign(self, held)
        else:
            self._set(held)
        return self

    def assign_add(self, value: Any) -> Variable:
        """``assign(self + value)``."""
        with autocast_scope(None):  # a sum kept in float32 must not pass through a layer's float16
            return self.assign(self.value + value)

    def assign_sub(self, value: Any) -> Variable:
        """``assign(self - value)``."""
        with autocast_scope(None):
            return self.assign(self.value - value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.value.__array__(dtype, copy)

    def __dlpack__(self, **options: Any) -> Any:
        return self.value.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.value.__dlpack_device__()

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return self.value.__array_namespace__(api_version=api_version)

    def __index__(self) -> int:
        return self.value.__index__()

    def __complex__(self) -> complex:
        return complex(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __len__(self) -> int:
        return len(self._leaf)

    def __repr__(self) -> str:
        return f"Variable(name={self.name!r}, {self._leaf!r})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """In a notebook: the array as a picture (`chainrule.look`)."""
        return {} if self.value.value is None else _as_picture(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.value, name)

    def __getstate__(self) -> dict[str, Any]:
        others = {k: v for k, v in self.__dict__.items() if k not in ("_here", "_kept", "_spec")}
        return {**others, "held": np.array(self._leaf.numpy())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        held = state.pop("held")
        self.__dict__.update(state)
        self._set(constant(held))

    __hash__ = object.__hash__

    if TYPE_CHECKING:

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __getitem__(self, key: Any) -> Tensor: ...


__all__ = [
    "Recorder",
    "Tensor",
    "Variable",
    "as_array",
    "as_tensor",
    "autocast_scope",
    "constant",
    "current_recorder",
    "number",
    "recording",
    "symbolic",
    "tensor",
]
