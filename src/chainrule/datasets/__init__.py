"""Data sets by name, offline first.

May import: `errors`, NumPy. Each data set is a module with ``load_data``, under Keras's name and arguments where Keras
has it, and ``DATASET``, which says whose it is, under what terms, with which checksums. `files` says where data is
looked for.

>>> (x_train, y_train), (x_test, y_test) = load("iris")
>>> x_train.shape
(120, 4)
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from ..core.errors import ValueProblem
from . import (
    blobs,
    boston,
    boston_housing,
    cifar10,
    cifar100,
    digits,
    fashion_mnist,
    files,
    iris,
    mnist,
    mnist_5k,
    spirals,
    two_moons,
)

_SETS = (
    mnist, mnist_5k, fashion_mnist, cifar10, cifar100, boston_housing, iris, digits, two_moons, spirals, blobs
)  # fmt: skip
_MODULES: dict[str, ModuleType] = {module.DATASET.name: module for module in _SETS}

__all__ = [*_MODULES, "boston", "describe", "download", "files", "load", "names"]


def names() -> list[str]:
    """The data sets that `load` knows.

    >>> names()[:3]
    ['mnist', 'mnist_5k', 'fashion_mnist']
    """
    return list(_MODULES)


def load(name: str, **arguments: Any) -> files.Split:
    """The data set of that name: ``load("digits", seed=1)`` is ``digits.load_data(seed=1)``.

    Args:
        name: one of `names()`. arguments: of its ``load_data``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, NumPy arrays.

    Raises:
        ValueProblem: for an unknown name, or as the set's ``load_data`` says.

    >>> (x_train, y_train), (x_test, y_test) = load("two_moons", n=10)
    >>> x_train.shape, x_test.shape
    ((8, 2), (2, 2))
    """
    return _module(name).load_data(**arguments)


def describe(name: str) -> str:
    """What is known of a data set: what it holds, its shapes, source, licence and checksums.

    Raises:
        ValueProblem: for an unknown name.

    >>> print(describe("digits"))
    digits: 1,797 handwritten digits, grey
      arrays:  x (1438, 8, 8) and (359, 8, 8) uint8, 0 to 16; y (1438,) and (359,) uint8, 0 to 9
      source:  E. Alpaydin, C. Kaynak, Optical recognition of handwritten digits (1998), UCI, doi 10.24432/C50P49
      licence: CC BY 4.0
      sha256:  ...
    """
    known = _module(name).DATASET
    lines = [f"{known.name}: {known.what}"]
    lines += [f"  {'arrays:':8} {known.shape}", f"  {'source:':8} {known.source}", f"  {'licence:':8} {known.licence}"]
    lines += [f"  {'sha256:':8} {sha256}  {file}" for file, sha256 in known.sha256s.items()]
    return "\n".join(lines)


def download(name: str) -> Path:
    """Fetch a data set from its public source to ``~/.chainrule/datasets``, verified; files that are there stay.

    Args:
        name: a data set that is neither shipped nor made.

    Returns:
        the folder with its files.

    Raises:
        ValueProblem: for a name without a public source here; when the source cannot be reached, or sends other bytes.

    >>> download("iris")
    Traceback (most recent call last):
    chainrule.errors.ValueProblem: Got 'iris', which needs no download; expected one of mnist, fashion_mnist, ...
    """
    module = _module(name)
    if not hasattr(module, "REMOTES"):
        known = ", ".join(n for n, m in _MODULES.items() if hasattr(m, "REMOTES"))
        raise ValueProblem(f"{name!r}, which needs no download", f"one of {known}", "load it")
    return files.download(name, module.REMOTES)


def _module(name: str) -> ModuleType:
    if name not in _MODULES:
        raise ValueProblem(f"the data set {name!r}", "one of " + ", ".join(_MODULES), "check the spelling")
    return _MODULES[name]
