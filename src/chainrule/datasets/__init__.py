"""Data sets by name, offline first.

Each data set is a module with ``load_data``, under Keras's name and arguments where Keras has it, and ``DATASET``, its
source, licence and checksums. The module `files` describes where data is looked for.

>>> (x_train, y_train), (x_test, y_test) = load("iris")
>>> x_train.shape
(120, 4)
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from ..core.errors import ValueProblem
from ..core.missing_names import lookup

from . import (  # isort: skip
    blobs, boston, boston_housing, cifar10, cifar100, digits, fashion_mnist, files, iris, mnist, mnist_5k, spirals,
    two_moons,
)  # fmt: skip

_SETS = (
    mnist, mnist_5k, fashion_mnist, cifar10, cifar100, boston_housing, iris, digits, two_moons, spirals, blobs
)  # fmt: skip
_MODULES: dict[str, ModuleType] = {module.DATASET.name: module for module in _SETS}

__getattr__ = lookup("datasets")

__all__ = [*_MODULES, "boston", "describe", "download", "files", "load", "names"]


def names() -> list[str]:
    """Return the names of the data sets that `load` takes.

    >>> names()[:3]
    ['mnist', 'mnist_5k', 'fashion_mnist']
    """
    return list(_MODULES)


def load(name: str, **arguments: Any) -> files.Split:
    """Load a data set by its name: ``load("digits", seed=1)`` is ``digits.load_data(seed=1)``.

    Args:
        name: one of `names()`. arguments: the arguments of its ``load_data``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, NumPy arrays.

    Raises:
        ValueProblem: for an unknown name, and as the data set's ``load_data`` does.

    >>> (x_train, y_train), (x_test, y_test) = load("two_moons", n=10)
    >>> x_train.shape, x_test.shape
    ((8, 2), (2, 2))
    """
    return _module(name).load_data(**arguments)


def describe(name: str) -> str:
    """Return a description of a data set: its contents, shapes, source, licence and checksums.

    Raises:
        ValueProblem: for an unknown name.

    >>> print(describe("digits"))
    digits: 1,797 handwritten digits, grey
      arrays:  x (1438, 8, 8) and (359, 8, 8) uint8, 0 to 16; y (1438,) and (359,) uint8, 0 to 9
      source:  E. Alpaydin, C. Kaynak, Optical recognition of handwritten digits (1998), UCI, doi 10.24432/C50P49
      licence: CC BY 4.0
      sha256:  ...
    """
    dataset = _module(name).DATASET
    lines = [f"{dataset.name}: {dataset.what}", f"  {'arrays:':8} {dataset.shape}"]
    lines += [f"  {'source:':8} {dataset.source}", f"  {'licence:':8} {dataset.licence}"]
    lines += [f"  {'sha256:':8} {sha256}  {file}" for file, sha256 in dataset.sha256s.items()]
    return "\n".join(lines)


def download(name: str) -> Path:
    """Download a data set from its public source to ``~/.chainrule/datasets`` and verify it; keep files already there.

    Args:
        name: a data set that is neither shipped with the library nor generated.

    Returns:
        the folder with its files.

    Raises:
        ValueProblem: for a data set that has no public source; when the source cannot be reached, or sends other bytes.

    >>> download("iris")
    Traceback (most recent call last):
    chainrule.errors.ValueProblem: Got 'iris', which needs no download; expected one of mnist, fashion_mnist, ...
    """
    module = _module(name)
    if not hasattr(module, "REMOTES"):
        remote = ", ".join(n for n, m in _MODULES.items() if hasattr(m, "REMOTES"))
        raise ValueProblem(f"{name!r}, which needs no download", f"one of {remote}", "load it")
    return files.download(name, module.REMOTES)


def _module(name: str) -> ModuleType:
    if name not in _MODULES:
        raise ValueProblem(f"the data set {name!r}", "one of " + ", ".join(_MODULES), "check the spelling")
    return _MODULES[name]
