"""The workloads by name: each module has `WORKS`, plain data from which every contestant builds its own model."""

from __future__ import annotations

from importlib import import_module
from typing import Any

MODULES = "perceptron logistic mlp cnn inception resnet roi predict eager hvp cold bfloat16".split()


def all_workloads() -> dict[str, Any]:
    """Return all workloads by name, in the order of their keys: W1, W2 ..."""
    return {work.name: work for module in MODULES for work in import_module(f"workloads.{module}").WORKS}


def select_workloads(names: list[str]) -> list[Any]:
    """Return the workloads with these names, keys (w4) or modules (predict); all of them for "all" or no name."""
    works = all_workloads()
    if not names or "all" in names:
        return list(works.values())
    selected: dict[str, Any] = {}
    for name in names:
        matches = {n: w for n, w in works.items() if name.lower() in (n, w.key.lower())}
        if not matches and name in MODULES:
            matches = {w.name: w for w in import_module(f"workloads.{name}").WORKS}
        if not matches:
            raise SystemExit(f"no workload {name!r}; there are: all, {', '.join(works)}, or W1 ... W11")
        selected |= matches
    return list(selected.values())
