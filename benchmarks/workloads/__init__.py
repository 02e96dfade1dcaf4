"""The workloads by name: each a module with `WORKS`, plain data that every contestant builds from."""

from __future__ import annotations

from importlib import import_module
from typing import Any

MODULES = "perceptron logistic mlp cnn inception resnet roi predict eager hvp cold bfloat16".split()


def works() -> dict[str, Any]:
    """All workloads by their name, in the order of their keys: W1, W2 ..."""
    return {work.name: work for module in MODULES for work in import_module(f"workloads.{module}").WORKS}


def chosen(names: list[str]) -> list[Any]:
    """The workloads of these names, keys (w4) or modules (predict); "all", or none: all of them."""
    found = works()
    if not names or "all" in names:
        return list(found.values())
    picked: dict[str, Any] = {}
    for name in names:
        fitting = {n: w for n, w in found.items() if name.lower() in (n, w.key.lower())}
        if not fitting and name in MODULES:
            fitting = {w.name: w for w in import_module(f"workloads.{name}").WORKS}
        if not fitting:
            raise SystemExit(f"no workload {name!r}; there are: all, {', '.join(found)}, or W1 ... W11")
        picked |= fitting
    return list(picked.values())
