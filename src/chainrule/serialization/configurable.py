"""Objects that remember how they were constructed: layers, losses, optimizers, initializers and the like.

The configuration is the constructor's arguments; no class writes it out a second time.
"""

from __future__ import annotations

import inspect
from abc import ABCMeta
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from ..core.errors import ValueProblem
from .names import closest, module_name_of, register_builtin
from .serialize import deserialize, serialize

T = TypeVar("T", bound="Configurable")


class _ConfigurableMeta(ABCMeta):
    """Record the attributes named like constructor arguments once an object is made, so that later changes show."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if older := getattr(cls, "_older_argument_names", None):
            kwargs = {older.get(name, name): value for name, value in kwargs.items()}
        instance = super().__call__(*args, **kwargs)
        if isinstance(instance, Configurable):
            names = cls._arguments
            object.__setattr__(instance, "_initial_attributes", {k: v for k, v in vars(instance).items() if k in names})
        return instance

    @property
    def _arguments(cls) -> frozenset[str]:
        if "_argument_names" not in vars(cls):
            cls._argument_names = frozenset(cls.__signature__.parameters)
        names: frozenset[str] = vars(cls)["_argument_names"]
        return names

    @property
    def __signature__(cls) -> inspect.Signature:
        """The constructor's signature, which this class's ``__call__`` would hide from `help` and completion."""
        if cls.__init__ is object.__init__:  # type: ignore[misc]
            return inspect.Signature()
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])


class Configurable(metaclass=_ConfigurableMeta):
    """Remembers how it was constructed, so that it can be described as data and made again.

    An attribute named like an argument and changed since counts instead: ``dropout.rate = 0.3`` is saved. A
    subclass with arguments that are not data may override `get_config` and `from_config`, as in Keras.
    """

    _init_arguments: tuple[tuple[Any, ...], dict[str, Any]]
    _initial_attributes: dict[str, Any]
    _older_argument_names: ClassVar[Mapping[str, str]] = {}  # names that older programs use, and today's

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        args = tuple([_copy_container(a) for a in args])
        object.__setattr__(self, "_init_arguments", (args, {k: _copy_container(v) for k, v in kwargs.items()}))
        return self

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if module_name_of(cls):
            register_builtin(cls, module_name_of(cls))
        if "__init__" in vars(cls):
            _expand_signature(cls)

    def init_arguments(self) -> dict[str, Any]:
        """Return the constructor's arguments by name, defaults filled in."""
        args, kwargs = getattr(self, "_init_arguments", ((), {}))
        signature = inspect.signature(type(self).__init__)
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        arguments: dict[str, Any] = {}
        for name, value in list(bound.arguments.items())[1:]:
            kind = signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                arguments.update(value)
            elif kind is not inspect.Parameter.VAR_POSITIONAL:
                arguments[name] = self._current_argument(name, value)
            elif value:
                passed = f"{type(self).__name__}, whose constructor takes *{name}"
                expected = "arguments with names, which can be written down"
                mend = f"name the arguments, or write get_config and from_config in {type(self).__name__}"
                raise ValueProblem(passed, expected, mend)
        return arguments

    def _current_argument(self, name: str, passed: Any) -> Any:
        """Return the attribute of this name if it was assigned anew since construction, else the argument passed."""
        initial, current = getattr(self, "_initial_attributes", {}), vars(self)
        return current[name] if name in initial and name in current and current[name] is not initial[name] else passed

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data (Keras's ``get_config``).

        Arguments of a user's class that overrides this method are left out: it adds them itself, as in
        ``dict(units=self.units, **super().get_config())``.
        """
        added = set().union(*(_new_arguments(c) for c in type(self).__mro__ if _overrides_get_config(c)))
        return {name: serialize(value) for name, value in self.init_arguments().items() if name not in added}

    @classmethod
    def from_config(cls: type[T], config: dict[str, Any]) -> T:
        """Make an object from the result of `get_config`."""
        instance: T = cls(**{name: deserialize(value) for name, value in config.items()})
        return instance


def _overrides_get_config(cls: type) -> bool:
    """Return whether a user's class has a ``get_config`` of its own."""
    return "get_config" in vars(cls) and not module_name_of(cls)


def _new_arguments(cls: type) -> set[str]:
    """Return the names of the arguments that a class's constructor adds to those of its base."""
    base: Any = cls.__mro__[1]
    own, inherited = (inspect.signature(c.__init__).parameters for c in (cls, base))  # type: ignore[misc]
    return set(own) - set(inherited)


def _copy_container(value: Any) -> Any:
    """Copy a list or dictionary, since the caller may change theirs later."""
    return type(value)(value) if type(value) in (list, dict) else value


def _expand_signature(cls: type) -> None:
    """Show the base's arguments in the signature of a constructor that passes ``*args`` to its base."""
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    own = list(signature.parameters.values())
    if not any(p.kind is p.VAR_POSITIONAL for p in own):
        return
    base = inspect.signature(cls.__mro__[1].__init__).parameters.values()  # type: ignore[misc]
    named = [p for p in own if p.kind is p.POSITIONAL_OR_KEYWORD]
    inherited = [p for p in base if p.name not in signature.parameters and p.kind is p.POSITIONAL_OR_KEYWORD]
    keywords = [p for p in own if p.kind is p.VAR_KEYWORD]
    cls.__init__.__signature__ = signature.replace(parameters=[*named, *inherited, *keywords])  # type: ignore[misc]


# argument names of older programs
_RENAMED = {"lr": "learning_rate", "decay": "weight_decay", "epsilon_hat": "epsilon", "nb_filter": "filters"}


def unexpected_argument_error(cls: Any, kwargs: Mapping[str, Any]) -> TypeError:
    """Return the error for arguments that a constructor does not take, with those it probably means."""
    parameters = [n for n in inspect.signature(cls).parameters if n != "kwargs"]
    parts = []
    for name in kwargs:
        suggestion = _RENAMED.get(name, "")
        suggestion = suggestion if suggestion in parameters else closest(name, parameters)
        parts.append(f"{name!r}" + (f" (did you mean {suggestion!r}?)" if suggestion else ""))
    return TypeError(f"{cls.__name__} has no argument {', '.join(parts)}")
