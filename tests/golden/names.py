"""Public names: what each is, how it is called, and for a class what it can do."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import chainrule
from chainrule import (
    activations,
    applications,
    array_api,
    backend,
    callbacks,
    config,
    constraints,
    datasets,
    distribution,
    dtype_policies,
    errors,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    random,
    regularizers,
    saving,
    utils,
)
from chainrule.ops.record import Operation

from .common import Out, caught

MODULES: dict[str, Any] = {
    "chainrule": chainrule,
    "activations": activations,
    "applications": applications,
    "array_api": array_api,
    "backend": backend,
    "callbacks": callbacks,
    "config": config,
    "constraints": constraints,
    "datasets": datasets,
    "distribution": distribution,
    "dtype_policies": dtype_policies,
    "errors": errors,
    "initializers": initializers,
    "layers": layers,
    "losses": losses,
    "metrics": metrics,
    "models": models,
    "ops": ops,
    "ops.image": ops.image,
    "optimizers": optimizers,
    "optimizers.schedules": optimizers.schedules,
    "random": random,
    "regularizers": regularizers,
    "saving": saving,
    "utils": utils,
}


def public(module: Any) -> dict[str, Any]:
    """The public names of a module: those it lists, else what it defines, and the operations that it hands on."""
    listed = getattr(module, "__all__", None)
    names = sorted({*(listed or ()), *(dir(module) if listed is None or module is chainrule else ())})
    result = {name: getattr(module, name) for name in names if not name.startswith("_")}
    return {name: thing for name, thing in result.items() if name in (listed or ()) or _own(thing, module)}


def _own(thing: Any, module: Any) -> bool:
    if isinstance(thing, ModuleType):
        return False
    name = module.__name__
    home = name.rpartition(".")[0] if name.startswith(("chainrule.applications.", "chainrule.datasets.")) else name
    operation = any(thing is getattr(ops, n) for n in ops.__all__)
    return operation or str(getattr(thing, "__module__", "") or "").startswith(home)


def record(out: Out) -> None:
    for title, module in {**MODULES, **inside(datasets, "datasets"), **inside(applications, "applications")}.items():
        with out.lines(f"{title}.txt") as put:
            for name, thing in public(module).items():
                put(f"{name}: {described(thing)}")
                if inspect.isclass(thing):
                    for method, member in members(thing).items():
                        put(f"    {method}: {described(member)}")
                    put("    and", " ".join(members(thing, special=True)))


def inside(module: Any, title: str) -> dict[str, Any]:
    """The modules that a module lists."""
    return {f"{title}.{n}": m for n, m in public(module).items() if isinstance(m, ModuleType)}


def members(cls: type, special: bool = False) -> dict[str, Any]:
    """The public ones that the library wrote; or the special ones, which Python calls."""
    result = {}
    for name in dir(cls):
        home = next((c for c in cls.__mro__ if name in vars(c)), None)
        expected = name.startswith("__") and callable(getattr(cls, name, None)) if special else not name.startswith("_")
        if expected and home is not None and home.__module__.split(".")[0] == "chainrule":
            result[name] = vars(home)[name]
    return result


def described(thing: Any) -> str:
    """Its kind, and its signature or value."""
    if isinstance(thing, ModuleType):
        return "module"
    if isinstance(thing, property):
        return "property" + (" that can be set" if thing.fset else "")
    if isinstance(thing, classmethod | staticmethod):
        return f"{type(thing).__name__} {caught(inspect.signature, thing.__func__)}"
    if inspect.isclass(thing):
        return f"class {caught(inspect.signature, thing)}"
    if isinstance(thing, Operation):
        return f"operation {caught(inspect.signature, thing)}"
    if hasattr(thing, "__get__") and not inspect.isfunction(thing):
        return "attribute"
    if callable(thing):
        return f"{type(thing).__name__} {caught(inspect.signature, thing)}"
    return f"{type(thing).__name__} {thing!r:.2000}"
