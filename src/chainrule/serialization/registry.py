"""Objects that are known by a name and a configuration: layers, losses, optimizers, initializers and their kind.

The configuration is what the constructor was given, kept as it was called; no class writes it out a second time. A
closed registry of names turns a configuration back into an object: the library's own classes, what
`register_keras_serializable` has added, and the caller's ``custom_objects``. Data never names code to import.

May import: `errors`, `graph`, `tensor`.
"""

from __future__ import annotations

import inspect
import re
import threading
from abc import ABCMeta
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ChainruleError, ValueProblem
from ..graph import as_dtype
from ..tensors.tensor import Tensor, Variable

T = TypeVar("T", bound="Configurable")

_OWN = __name__.split(".")[0]
_builtin: dict[tuple[str, str], Any] = {}  # (room, name) -> class or function
_registered: dict[str, Any] = {}  # "Package>Name" -> class or function


class _Scope(threading.local):
    custom: Mapping[str, Any] = {}
    met: dict[str, Any] | None = None


_scope = _Scope()


def module_name_of(cls: Any) -> str:
    """The library's room a class or function lives in, such as ``"layers"``; empty for a user's own."""
    parts = str(cls.__module__).split(".")
    return parts[1] if parts[0] == _OWN and len(parts) > 1 else ""


class _Remembering(ABCMeta):
    """Notes what attributes named like an object's arguments hold once it is made; another later was put by hand."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__call__(*args, **kwargs)
        if isinstance(made, Configurable):
            names = cls._arguments
            object.__setattr__(made, "_settled", {k: v for k, v in vars(made).items() if k in names})
        return made

    @property
    def _arguments(cls) -> frozenset[str]:
        if "_argument_names" not in vars(cls):
            cls._argument_names = frozenset(cls.__signature__.parameters)
        names: frozenset[str] = vars(cls)["_argument_names"]
        return names

    @property
    def __signature__(cls) -> inspect.Signature:
        """The constructor's, which `help` and completion would otherwise not see behind this class's own."""
        if cls.__init__ is object.__init__:  # type: ignore[misc]
            return inspect.Signature()
        given = inspect.signature(cls.__init__)  # type: ignore[misc]
        return given.replace(parameters=list(given.parameters.values())[1:])


class Configurable(metaclass=_Remembering):
    """Remembers how it was constructed, so that it can be described as data and made again.

    What an attribute named like an argument was changed to since counts instead: ``dropout.rate = 0.3`` is saved. A
    subclass with arguments that are not data may override `get_config` and `from_config`, as in Keras.
    """

    _given: tuple[tuple[Any, ...], dict[str, Any]]
    _settled: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        args = tuple([_own_copy(a) for a in args])
        object.__setattr__(self, "_given", (args, {k: _own_copy(v) for k, v in kwargs.items()}))
        return self

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if module_name_of(cls):
            _builtin[module_name_of(cls), cls.__name__] = cls
        if "__init__" in vars(cls):
            _spell_out(cls)

    def init_arguments(self) -> dict[str, Any]:
        """The constructor's arguments by name, defaults filled in."""
        args, kwargs = getattr(self, "_given", ((), {}))
        signature = inspect.signature(type(self).__init__)
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        found: dict[str, Any] = {}
        for name, value in list(bound.arguments.items())[1:]:
            kind = signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                found.update(value)
            elif kind is not inspect.Parameter.VAR_POSITIONAL:
                found[name] = self._changed(name, value)
            elif value:
                raise ValueProblem(
                    f"{type(self).__name__}, whose constructor takes *{name}",
                    "arguments with names, which can be written down",
                    f"name the arguments, or write get_config and from_config in {type(self).__name__}",
                )
        return found

    def _changed(self, name: str, given: Any) -> Any:
        """The attribute of this name, if it is another object than when this one was made; else what was given."""
        settled, now = getattr(self, "_settled", {}), vars(self)
        return now[name] if name in settled and name in now and now[name] is not settled[name] else given

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data (Keras's ``get_config``)."""
        return {name: serialize(value) for name, value in self.init_arguments().items()}

    @classmethod
    def from_config(cls: type[T], config: dict[str, Any]) -> T:
        """An object made from `get_config`'s answer."""
        made: T = cls(**{name: deserialize(value) for name, value in config.items()})
        return made


def _own_copy(value: Any) -> Any:
    """A list or dictionary of our own, which its maker may go on changing."""
    return type(value)(value) if type(value) in (list, dict) else value


def _spell_out(cls: type) -> None:
    """Give a constructor that hands ``*args`` to its base the base's arguments in its signature."""
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    own = list(signature.parameters.values())
    if not any(p.kind is p.VAR_POSITIONAL for p in own):
        return
    base = inspect.signature(cls.__mro__[1].__init__).parameters.values()  # type: ignore[misc]
    named = [p for p in own if p.kind is p.POSITIONAL_OR_KEYWORD]
    inherited = [p for p in base if p.name not in signature.parameters and p.kind is p.POSITIONAL_OR_KEYWORD]
    rest = [p for p in own if p.kind is p.VAR_KEYWORD]
    cls.__init__.__signature__ = signature.replace(parameters=[*named, *inherited, *rest])  # type: ignore[misc]


def register_builtin(thing: Any, *rooms: str) -> None:
    """Let model files name a class or function of the library as of these rooms."""
    for room in rooms:
        _builtin[room, thing.__name__] = thing


# ---- names


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Let model files name a class or function of yours (``keras.saving.register_keras_serializable``).

    >>> @register_keras_serializable("mine")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice)
    'mine>twice'
    """
    if not isinstance(package, str):
        raise ValueProblem(f"package {package!r}", "a word", 'call it as @register_keras_serializable("mine")')

    def register(thing: Any) -> Any:
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueProblem(
                f"the class {thing.__name__}, without get_config",
                "a class that can say its configuration",
                "inherit from a chainrule class, or write get_config",
            )
        _registered[f"{package}>{name or thing.__name__}"] = thing
        return thing

    return register


def get_registered_name(obj: Any) -> str:
    """The name a class or function is registered under, else its own."""
    return next((name for name, thing in _registered.items() if thing is obj), obj.__name__)


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """The class or function of this name, or ``None``."""
    for names in (custom_objects or {}, _scope.custom, _registered, module_objects or {}):
        if name in names:
            return names[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """All that is registered, by name; a live dictionary."""
    return _registered


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any]) -> Iterator[None]:
    """Names that model files may use inside the block (``keras.saving.custom_object_scope``)."""
    before = _scope.custom
    _scope.custom = {**before, **custom_objects}
    try:
        yield
    finally:
        _scope.custom = before


CustomObjectScope = custom_object_scope


@contextmanager
def collect_custom_objects() -> Iterator[dict[str, Any]]:
    """The classes and functions that are not the library's, by the names under which `serialize` writes them inside."""
    found: dict[str, Any] = {}
    before, _scope.met = _scope.met, found
    try:
        yield found
    finally:
        _scope.met = before


def _named(thing: Any) -> str:
    """The name of a class or function that is not the library's."""
    name = get_registered_name(thing)
    if _scope.met is not None:
        _scope.met[name] = thing
    return name


# ---- objects to data and back


def serialize(obj: Any) -> Any:
    """`obj` as plain data for JSON (``keras.saving.serialize_keras_object``).

    >>> serialize((1, 2.5, None))
    [1, 2.5, None]
    """
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, list | tuple):
        return [serialize(v) for v in obj]
    if isinstance(obj, dict):
        return {str(k): serialize(v) for k, v in obj.items()}
    if isinstance(obj, np.ndarray | Tensor | Variable):
        array = np.asarray(obj)
        return {"class_name": "__numpy__", "config": {"value": array.tolist(), "dtype": array.dtype.name}}
    name = getattr(obj, "__name__", None)
    if callable(obj) and name and not isinstance(obj, Configurable):
        return _serialize_named(obj, name)
    if not hasattr(obj, "get_config"):
        raise ValueProblem(
            f"an object of type {type(obj).__name__}",
            "numbers, words, lists, arrays, or objects with get_config",
            "register its class, and give it get_config and from_config",
        )
    cls = type(obj)
    return {
        "module": module_name_of(cls),
        "class_name": cls.__name__,
        "config": obj.get_config(),
        "registered_name": None if module_name_of(cls) else _named(cls),
    }


def _serialize_named(obj: Any, name: str) -> Any:
    if name == "<lambda>":
        raise ValueProblem(
            "a lambda, which has no name",
            "a function with a name that a model file can hold",
            "write it as a def and decorate it with @register_keras_serializable()",
        )
    own = next(((room, n) for (room, n), thing in _builtin.items() if thing is obj), None)
    kind = "class" if inspect.isclass(obj) else "function"
    room, name = own or ("", name)
    registered = None if own else _named(obj)
    return {"module": room, "class_name": kind, "config": name, "registered_name": registered}


class _Config(NamedTuple):
    room: str
    name: str
    config: Any
    registered: str | None


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """What `serialize` wrote, as objects again (``keras.saving.deserialize_keras_object``).

    Raises:
        ValueProblem: for a name that is neither the library's, nor registered, nor in `custom_objects`.

    >>> deserialize([1, {"class_name": "__numpy__", "config": {"value": [1.0], "dtype": "float64"}}])
    [1, array([1.])]
    """
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(config)
    if isinstance(config, list | tuple):
        return [deserialize(v) for v in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {k: deserialize(v) for k, v in config.items()}
    found = _Config(
        str(config.get("module") or ""), str(config["class_name"]), config["config"], config.get("registered_name")
    )
    if found.name in ("function", "class"):
        return _look_up(found._replace(name=str(found.config)))
    if not isinstance(found.config, dict):
        raise ValueProblem(f"a configuration {found.config!r} of {found.name!r}", "a dictionary", "check the file")
    if found.name == "__numpy__":
        return _array(**found.config)
    cls = _look_up(found)
    if not inspect.isclass(cls) or not hasattr(cls, "from_config"):
        raise ValueProblem(f"{found.name!r}, which makes no objects", "a class", "check the file")
    try:
        return cls.from_config(found.config)
    except (TypeError, KeyError) as error:
        if isinstance(error, ChainruleError):
            raise
        raise ValueProblem(
            f"a configuration of {found.name!r} that does not fit: {error!r}",
            f"what {found.name}.get_config() gives",
            "check the file, or the class's get_config and from_config",
        ) from error


def _array(value: Any = None, dtype: Any = None, **more: Any) -> NDArray[Any]:
    try:
        if value is None:
            raise ValueError("no value")
        return np.array(value, dtype=as_dtype(dtype))
    except (TypeError, ValueError):
        raise ValueProblem(f"an array of dtype {dtype!r} in a configuration", "numbers", "check the file") from None


def check_names(config: Any) -> None:
    """Look up every name that `deserialize` would need, and make nothing.

    Raises:
        ValueProblem: for the first that is not known.
    """
    todo = [config]
    while todo:
        data = todo.pop()
        if isinstance(data, list):
            todo += data
        elif isinstance(data, dict):
            todo += data.values()
            if "class_name" in data and "config" in data and data["class_name"] != "__numpy__":
                named = data["class_name"] in ("function", "class")
                name = str(data["config"] if named else data["class_name"])
                _look_up(_Config(str(data.get("module") or ""), name, None, data.get("registered_name")))


def _look_up(wanted: _Config) -> Any:
    custom = get_registered_object(wanted.registered or wanted.name) or get_registered_object(wanted.name)
    found = custom or _builtin.get((_room_name(wanted.room), wanted.name))
    if found is None:
        raise ValueProblem(
            f"the unknown name {wanted.registered or wanted.name!r}",
            "a class or function of the library, or one that you have registered",
            f"decorate it with @register_keras_serializable(), or pass custom_objects={{{wanted.name!r}: ...}}",
        )
    return found


def _room_name(module: str) -> str:
    """``keras.layers`` and ``keras.src.layers.core`` name the room ``layers``, as their files write it."""
    parts = [p for p in module.split(".") if p not in ("keras", "src", _OWN)]
    return parts[0] if parts else ""


# ---- one room's words: get, serialize, deserialize


def to_snake_case(name: str) -> str:
    """``GlorotUniform`` as ``glorot_uniform``, ``Conv2D`` as ``conv2d``."""
    return re.sub(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", name).lower()


class Registry:
    """What Keras gives each of its modules: objects by name, and back.

    Args:
        room: the module's name, such as ``"losses"``. what: what one is called, in messages.
        aliases: further names. functions: whether any function will do.
    """

    def __init__(
        self, room: str, what: str, base: type, aliases: Mapping[str, str] | None = None, functions: bool = True
    ) -> None:
        self.room, self.what, self.base, self.functions = room, what, base, functions
        self.aliases = dict(aliases or {})

    def add(self, *functions: Any) -> None:
        """Functions of this room, which model files may name."""
        for function in functions:
            register_builtin(function, self.room)

    def names(self) -> dict[str, Any]:
        """Everything of the room by each of its names; functions come before classes."""
        found: dict[str, Any] = {}
        for (room, name), thing in _builtin.items():
            if room != self.room or name.startswith("_") or thing is self.base:
                continue
            if inspect.isclass(thing):
                if not issubclass(thing, self.base):  # a room may hold more than one kind
                    continue
                found.setdefault(to_snake_case(name), thing)
            found[name] = thing
        for alias, name in self.aliases.items():
            found[alias] = found[name]
        return found

    def get(self, identifier: Any) -> Any:
        """The object that `identifier` means: a name, a configuration, a class, or the object itself."""
        if identifier is None or isinstance(identifier, self.base):
            return identifier
        if isinstance(identifier, dict):
            return self._fitting(self.deserialize(identifier))
        if isinstance(identifier, str):
            found = get_registered_object(identifier) or self.names().get(identifier)
            if found is None:
                close = closest(identifier, self.names())
                listed = ", ".join(sorted(n for n in self.names() if n.islower()) or sorted(self.names()))
                raise ValueProblem(
                    f"the {self.what} {identifier!r}",
                    "a known name" if close else f"one of {listed}",
                    f"did you mean {close!r}?" if close else "check the spelling",
                )
            return self._made(found)
        if inspect.isclass(identifier) or (self.functions and callable(identifier)):
            return self._made(identifier)
        return self._fitting(identifier)

    def _made(self, found: Any) -> Any:
        """A function as it is; an object of a class, which must need no arguments."""
        if not inspect.isclass(found):
            return self._fitting(found)
        takes = inspect.signature(found).parameters.values()
        needed = [p.name for p in takes if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        if needed:
            raise ValueProblem(
                f"the {self.what} {found.__name__} by its name alone", f"its {', '.join(needed)}", "pass an object made"
            )
        return self._fitting(found())

    def _fitting(self, found: Any) -> Any:
        taken = self.functions and callable(found) and not self._of_another_room(found)
        if not isinstance(found, self.base) and not taken:
            raise ValueProblem(
                f"{found!r} as {self.what}", f"a name, a configuration or a {self.base.__name__}", "check the argument"
            )
        return found

    def _of_another_room(self, thing: Any) -> bool:
        """Whether it is a loss given as a regularizer, or the like."""
        room = module_name_of(type(thing)) if isinstance(thing, Configurable) else ""
        serves = (room, self.room) in (("layers", "activations"), ("losses", "metrics"))  # as functions do
        return room not in ("", self.room) and not serves

    def serialize(self, obj: Any) -> Any:
        """`obj` as plain data."""
        return serialize(obj)

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object that `config` describes; a name will do."""
        if isinstance(config, str):
            with custom_object_scope(custom_objects or {}):
                return self.get(config)
        if isinstance(config, dict) and not config.get("module"):
            known = self.names().get(str(config.get("class_name")))
            name = known.__name__ if inspect.isclass(known) else config.get("class_name")
            config = {**config, "module": self.room, "class_name": name}
        return deserialize(config, custom_objects)


def closest(name: str, names: Iterable[str]) -> str:
    """The known name most like a misspelt one, or an empty string."""
    from difflib import get_close_matches

    listed = list(names)
    found = get_close_matches(name.lower(), listed, 1) or get_close_matches(name, listed, 1)
    return found[0] if found else ""


# what older programs say
_RENAMED = {"lr": "learning_rate", "decay": "weight_decay", "epsilon_hat": "epsilon", "nb_filter": "filters"}


def unexpected_argument_error(cls: Any, kwargs: Mapping[str, Any]) -> TypeError:
    """The error for arguments that a constructor does not take, with those it probably means."""
    takes = [n for n in inspect.signature(cls).parameters if n != "kwargs"]
    parts = []
    for name in kwargs:
        close = _RENAMED.get(name, "")
        close = close if close in takes else closest(name, takes)
        parts.append(f"{name!r}" + (f" (did you mean {close!r}?)" if close else ""))
    return TypeError(f"{cls.__name__} has no argument {', '.join(parts)}")


__all__ = [
    "Configurable",
    "CustomObjectScope",
    "Registry",
    "check_names",
    "closest",
    "custom_object_scope",
    "deserialize",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "module_name_of",
    "register_keras_serializable",
    "serialize",
    "to_snake_case",
    "unexpected_argument_error",
]
