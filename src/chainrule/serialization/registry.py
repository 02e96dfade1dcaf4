"""What each Keras module offers: its objects by name, as data, and back (``keras.losses.get`` and the like)."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ..core.errors import ValueProblem
from .configurable import Configurable

from .names import (  # isort: skip
    builtins_of, closest, custom_object_scope, get_registered_object, module_name_of, register_builtin, to_snake_case,
)  # fmt: skip
from .serialize import deserialize, serialize


class Registry:
    """What Keras offers in each of its modules: objects by name, and back.

    Args:
        module: the module's name, such as ``"losses"``. kind: what its objects are called in messages.
        base: the class of its objects. aliases: further names. functions: whether any function is accepted too.
    """

    def __init__(
        self, module: str, kind: str, base: type, aliases: Mapping[str, str] | None = None, functions: bool = True
    ) -> None:
        self.module, self.kind, self.base, self.functions = module, kind, base, functions
        self.aliases = dict(aliases or {})

    def add(self, *functions: Any) -> None:
        """Let model files name these functions of the module."""
        for function in functions:
            register_builtin(function, self.module)

    def names(self) -> dict[str, Any]:
        """Return the module's classes and functions by each of their names; functions come before classes."""
        result: dict[str, Any] = {}
        for name, thing in builtins_of(self.module).items():
            if name.startswith("_") or thing is self.base:
                continue
            if inspect.isclass(thing):
                if not issubclass(thing, self.base):  # a module may have more than one kind
                    continue
                result.setdefault(to_snake_case(name), thing)
            result[name] = thing
        for alias, name in self.aliases.items():
            result[alias] = result[name]
        return result

    def get(self, identifier: Any) -> Any:
        """Return the object that `identifier` means: a name, a configuration, a class, or the object itself."""
        if identifier is None or isinstance(identifier, self.base):
            return identifier
        if isinstance(identifier, dict):
            return self._check(self.deserialize(identifier))
        if isinstance(identifier, str):
            thing = get_registered_object(identifier) or self.names().get(identifier)
            if thing is None:
                suggestion = closest(identifier, self.names())
                listed = ", ".join(sorted(n for n in self.names() if n.islower()) or sorted(self.names()))
                passed = f"the {self.kind} {identifier!r}"
                expected = "a known name" if suggestion else f"one of {listed}"
                mend = f"did you mean {suggestion!r}?" if suggestion else "check the spelling"
                raise ValueProblem(passed, expected, mend)
            return self._instantiate(thing)
        if inspect.isclass(identifier) or (self.functions and callable(identifier)):
            return self._instantiate(identifier)
        return self._check(identifier)

    def _instantiate(self, thing: Any) -> Any:
        """Return a function as it is, and an object of a class, which must need no arguments."""
        if not inspect.isclass(thing):
            return self._check(thing)
        parameters = inspect.signature(thing).parameters.values()
        required = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        if required:
            passed = f"the {self.kind} {thing.__name__} by its name alone"
            raise ValueProblem(passed, f"its {', '.join(required)}", f"pass an object: {thing.__name__}(...)")
        return self._check(thing())

    def _check(self, thing: Any) -> Any:
        """Return `thing` if it is an object of the module, or a function where functions are accepted."""
        accepted = self.functions and callable(thing) and not self._belongs_elsewhere(thing)
        if not isinstance(thing, self.base) and not accepted:
            passed = f"{thing!r} as {self.kind}"
            raise ValueProblem(passed, f"a name, a configuration or a {self.base.__name__}", "check the argument")
        return thing

    def _belongs_elsewhere(self, thing: Any) -> bool:
        """Whether it is an object of another module, such as a loss passed as a regularizer."""
        module = module_name_of(type(thing)) if isinstance(thing, Configurable) else ""
        as_function = (module, self.module) in (("layers", "activations"), ("losses", "metrics"))
        return module not in ("", self.module) and not as_function

    def serialize(self, obj: Any) -> Any:
        """Return `obj` as plain data."""
        return serialize(obj)

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the object that `config` describes; a name alone is enough."""
        if isinstance(config, str):
            with custom_object_scope(custom_objects or {}):
                return self.get(config)
        if isinstance(config, dict) and not config.get("module"):
            thing = self.names().get(str(config.get("class_name")))
            name = thing.__name__ if inspect.isclass(thing) else config.get("class_name")
            config = {**config, "module": self.module, "class_name": name}
        return deserialize(config, custom_objects)
