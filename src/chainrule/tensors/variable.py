"""Variables: tensors that can be assigned, such as weights; and what reading and assigning one means on a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..core import memory
from ..core.errors import ShapeError
from ..core.providers import provider
from ..graph import Shape, SourceInfo, Spec, as_dtype, current_source_info, floatx, spec_of
from ..graph.source_info import line_of
from .convert import as_tensor, tensor
from .tensor import VARIABLE, Tensor, VariableBase, constant, repr_mimebundle

if TYPE_CHECKING:  # numpy.typing takes half a millisecond to import
    from numpy.typing import NDArray


class Recorder(Protocol):
    """Receives the reads and assignments of variables on its thread while a step is traced (`transforms.trace`)."""

    def read(self, variable: Variable) -> Tensor:
        """Return the variable's current value as a node."""
        ...

    def assign(self, variable: Variable, value: Tensor) -> None:
        """Note that the variable is assigned this value."""
        ...


class _ThreadState(threading.local):
    """The recorder of this thread, and the dtype in which float variables are read."""

    recorder: Recorder | None = None
    compute_dtype: np.dtype[Any] | None = None  # a layer's policy


_thread_state = _ThreadState()


def current_recorder() -> Recorder | None:
    """Return the recorder of this thread's reads and assignments of variables, if there is one."""
    return _thread_state.recorder


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Send the block's reads and assignments of variables to `recorder`; with ``None`` to the variables themselves."""
    before = _thread_state.recorder
    _thread_state.recorder = recorder
    try:
        yield
    finally:
        _thread_state.recorder = before


@contextmanager
def autocast_scope(dtype: np.dtype[Any] | None) -> Iterator[None]:
    """Cast float variables that are read in the block to `dtype` (Keras's autocast scope)."""
    before = _thread_state.compute_dtype
    _thread_state.compute_dtype = dtype
    try:
        yield
    finally:
        _thread_state.compute_dtype = before


class DeviceBuffer(Protocol):
    """A variable's value in the memory of an engine's device (`Variable.hold`)."""

    def fetch(self) -> NDArray[Any]:
        """Return the value as a NumPy array."""
        ...


class Variable(VariableBase):
    """A tensor that can be assigned: a weight, a state.

    Its `value` is a leaf of the graph with the current value; `assign` makes a new leaf without history, so that
    the graph of a loop of assignments does not grow. It has every operator of a tensor. Follows ``keras.Variable``.

    Args:
        initializer: the first value (anything `tensor` takes), or a function ``(shape, dtype) -> array``, such as one
            of `initializers`, or its name.
        shape: needed only with a function or a name.
        dtype: default as for `tensor`.
        trainable: whether training changes it.
        autocast: whether a layer of another compute dtype reads it in that dtype.
        aggregation: Keras's setting for replicas; stored, without effect.
        name: its name in explanations.

    >>> w = Variable([1.0, 2.0], name="w")
    >>> w.assign_add([0.5, 0.5])
    Variable(name='w', tensor([1.5, 2.5]))
    """

    __array_priority__ = 1000

    def __init__(
        self, initializer: Any, shape: Shape | None = None, dtype: Any = None, trainable: bool = True,
        autocast: bool = True, aggregation: str = "none", name: str | None = None,
    ) -> None:  # fmt: skip
        self.name = self.path = name or "variable"
        self.trainable, self.autocast, self.aggregation = trainable, autocast, aggregation
        self.regularizer: Any = None
        self.constraint: Any = None
        if isinstance(initializer, str):
            initializer = provider("initializers").get(initializer)
        if callable(initializer):
            if shape is None:
                passed = f"an initializer without a shape for the variable {self.name!r}"
                raise ShapeError(passed, "the variable's shape", 'e.g. Variable("zeros", shape=(2, 3))')
            sizes = (shape,) if isinstance(shape, int) else tuple(shape)
            nbytes = memory.array_bytes(sizes, as_dtype(dtype or floatx()))
            memory.require(nbytes, f"the variable {self.name!r} of shape {sizes!r:.80}")
            with recording(None):
                initializer = initializer(shape, dtype)
        initial = tensor(initializer, dtype)
        if shape is not None and initial.shape != tuple(shape):
            passed = f"an initial value of shape {initial.shape}"
            raise ShapeError(passed, f"shape {tuple(shape)}", "make them the same", self.name)
        self._set(initial)
        memory.keep(initial.spec.nbytes, f"the variable {self.name!r}")

    def _set(self, value: Tensor) -> None:
        if value.value is None:
            value.no_value("a variable's value")
        self._store(self.make_leaf(value.value, current_source_info()), None)

    def _store(self, leaf: Tensor | None, buffer: DeviceBuffer | None) -> None:
        if leaf is not None:
            self._spec = leaf.spec
        self._host_leaf, self._buffer = leaf, buffer

    @property
    def leaf(self) -> Tensor:
        """The leaf with the current value; fetched from the engine's device at the first access."""
        leaf, buffer = self._host_leaf, self._buffer
        if leaf is None and buffer is not None:
            leaf = self._host_leaf = self.make_leaf(buffer.fetch(), None, self._spec)
        assert leaf is not None
        return leaf

    def make_leaf(self, value: Any, source_info: SourceInfo | None, spec: Spec | None = None) -> Tensor:
        """Return a leaf for this variable, with a value, or with ``None`` for a traced step's input."""
        attributes = {"name": self.name, "variable": self}
        return Tensor(VARIABLE, (), attributes, spec or spec_of(value.shape, value.dtype), value, True, source_info)

    def hold(self, value: NDArray[Any] | np.generic | DeviceBuffer) -> None:
        """Store an engine's result, of this variable's own shape and dtype.

        Args:
            value: an array, which must not be changed afterwards, or a `DeviceBuffer`, fetched at the first access.
        """
        if isinstance(value, np.ndarray | np.generic):
            self._store(self.make_leaf(value, None, self._spec), None)
        else:
            self._store(None, value)

    @property
    def kept(self) -> DeviceBuffer | None:
        """The current value in the memory of an engine's device, ``None`` if it is not there."""
        return self._buffer

    def keep(self, value: DeviceBuffer, leaf: Tensor) -> None:
        """Store an engine's copy of the value of `leaf` too, unless another value was assigned meanwhile."""
        if self._host_leaf is leaf:
            self._buffer = value

    @property
    def value(self) -> Tensor:
        """The leaf with the current value; in a traced step the node that was assigned last."""
        recorder, compute_dtype = _thread_state.recorder, _thread_state.compute_dtype
        if recorder is None and compute_dtype is None:
            return self.leaf
        value = self.leaf if recorder is None else recorder.read(self)
        if compute_dtype is not None and self.autocast and value.spec.floating:
            return value.cast_to(compute_dtype)
        return value

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return self._spec.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        return self._spec.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._spec.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return self._spec.size

    def numpy(self) -> NDArray[Any]:
        """Return the current value as a read-only array."""
        return self.value.numpy()

    def assign(self, value: Any) -> Variable:
        """Set the value: of the same shape, cast to the variable's dtype.

        Raises:
            ShapeError: if the shape differs.
        """
        new = as_tensor(value)
        if new.shape != self.shape:
            passed = f"a value of shape {new.shape} for variable {self.name!r}"
            mend = "reshape the value, or make a new variable"
            raise ShapeError(passed, f"shape {self.shape}", mend, line_of(current_source_info()))
        new = new.cast_to(self.dtype)
        if _thread_state.recorder is not None:
            _thread_state.recorder.assign(self, new)
        else:
            self._set(new)
        return self

    def assign_add(self, value: Any) -> Variable:
        """Add to the value: ``assign(self + value)``."""
        with autocast_scope(None):  # a sum in float32 must not pass through a layer's float16
            return self.assign(self.value + value)

    def assign_sub(self, value: Any) -> Variable:
        """Subtract from the value: ``assign(self - value)``."""
        with autocast_scope(None):
            return self.assign(self.value - value)

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Refuse functions of PyTorch."""
        return Tensor.__torch_function__(function, types, args, kwargs)

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

    def __floor__(self) -> int:
        return self.value.__floor__()

    def __ceil__(self) -> int:
        return self.value.__ceil__()

    def __trunc__(self) -> int:
        return self.value.__trunc__()

    def __len__(self) -> int:
        return len(self.leaf)

    def __repr__(self) -> str:
        return f"Variable(name={self.name!r}, {self.leaf!r})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return it for notebooks: the array as a picture (`chainrule.look`)."""
        return {} if self.value.value is None else repr_mimebundle(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.value, name)

    def __getstate__(self) -> dict[str, Any]:
        others = {k: v for k, v in self.__dict__.items() if k not in ("_host_leaf", "_buffer", "_spec")}
        return {**others, "value": np.array(self.leaf.numpy())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        value = state.pop("value")
        self.__dict__.update(state)
        self._set(constant(value))

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


class StateOverlay:
    """Keeps assignments to itself: a function runs eagerly without changing variables (a `Recorder`)."""

    def __init__(self) -> None:
        self.current: dict[int, Tensor] = {}

    def read(self, variable: Variable) -> Tensor:
        """Return what was assigned last, else the variable's value."""
        return self.current.get(id(variable), variable.leaf)

    def assign(self, variable: Variable, value: Tensor) -> None:
        """Keep a value in place of the variable's."""
        self.current[id(variable)] = value
