"""A case of the tests of unknown sizes: a function or layer, with arguments in which inputs stand for tensors.

An input is written by its axes, ``X("b t 3")``: a letter is one size wherever it stands in the case, a number is a size
of its own. A choice of unknown axes and a size for each of them make shapes, and shapes make arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

SIZES = {"b": 2, "t": 3, "c": 4, "d": 5, "e": 6, "h": 7, "w": 8, "k": 9, "n": 3, "m": 4}
TRIALS = (1, 3, 5, 7)  # what an unknown axis is tried at, beside the sample's size and its double


@dataclass(frozen=True, eq=False)
class In:
    """A place for a tensor: its axes, and the kind of its entries."""

    axes: tuple[str, ...]
    kind: str
    below: int = 3

    @property
    def dtype(self) -> str:
        return {"whole": "int32", "bool": "bool"}.get(self.kind, "float32")

    def array(self, shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
        """Entries of this kind; the same for the same shape and seed."""
        rng = np.random.default_rng([seed, *shape])
        if self.kind == "whole":
            return rng.integers(0, self.below, shape).astype("int32")
        values = rng.normal(size=shape)
        if self.kind == "bool":
            return values > 0
        if self.kind == "positive":
            values = np.abs(values) + 0.5
        elif self.kind == "unit":
            values = rng.uniform(0.05, 0.95, shape)
        elif self.kind == "sorted":
            values = np.sort(values)
        elif self.kind == "definite" and shape[-1:] == shape[-2:-1]:
            values = values @ np.swapaxes(values, -1, -2) + 2 * np.eye(shape[-1])
        elif self.kind == "simplex":
            values = np.abs(values) + 0.5
            values = values / values.sum(-1, keepdims=True)
        elif self.kind == "images":
            values = rng.uniform(0, 255, shape)
        return values.astype("float32")


def _kind(kind: str) -> Callable[..., In]:
    return lambda axes="", below=3: In(tuple(axes.split()), kind, below)


X, POSITIVE, UNIT, WHOLE, BOOL, SORTED, DEFINITE, SIMPLEX, IMAGES = map(
    _kind, "float positive unit whole bool sorted definite simplex images".split()
)


def leaves(tree: Any) -> list[Any]:
    """The leaves of nested lists, tuples and dictionaries, in order."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, list | tuple) else [tree]


def structure(tree: Any) -> Any:
    """The nesting without its leaves."""
    if isinstance(tree, dict):
        return {key: structure(value) for key, value in tree.items()}
    return [type(tree).__name__, *map(structure, tree)] if isinstance(tree, list | tuple) else None


def put_in(tree: Any, tensors: Iterator[Any]) -> Any:
    """The arguments with the next tensor in place of each input."""
    if isinstance(tree, In):
        return next(tensors)
    if isinstance(tree, dict):
        return {key: put_in(value, tensors) for key, value in tree.items()}
    return type(tree)(put_in(part, tensors) for part in tree) if type(tree) in (list, tuple) else tree


Axis = tuple[int, int]  # of which input, which axis
Unknown = frozenset[Axis]
Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Case:
    """A function of tensors.

    Attributes:
        name: below `chainrule`, such as ``ops.image.resize``.
        args, options: its arguments, with `In` for tensors.
        sizes, trials: of letters, where they are not `SIZES` and `TRIALS`.
        needs: letters and axes ("0:2" for the first input's third) that must be known: an error is an answer.
        random: whether only shapes and dtypes can be compared.
        vague: whether None is right for a size that does not vary here.
        call: how to call it, if not with the arguments.
    """

    name: str
    args: tuple[Any, ...]
    options: dict[str, Any]
    sizes: dict[str, int] = field(default_factory=dict)
    trials: dict[str, tuple[int, ...]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    random: bool = False
    vague: bool = False
    call: Callable[..., Any] | None = None

    @cached_property
    def inputs(self) -> list[In]:
        return [leaf for leaf in leaves([self.args, self.options]) if isinstance(leaf, In)]

    @property
    def axes(self) -> list[Axis]:
        return [(i, j) for i, x in enumerate(self.inputs) for j in range(len(x.axes))]

    def letter(self, axis: Axis) -> str:
        """What names the size of an axis: its letter, or "0:2" for a number at the first input's third."""
        token = self.inputs[axis[0]].axes[axis[1]]
        return token if token.isalpha() else f"{axis[0]}:{axis[1]}"

    def size(self, axis: Axis) -> int:
        """The sample's size of an axis."""
        token = self.inputs[axis[0]].axes[axis[1]]
        return self.sizes.get(token, SIZES[token]) if token.isalpha() else int(token)

    def is_needed(self, axis: Axis) -> bool:
        """Whether the case says that this axis must be known."""
        return self.letter(axis) in self.needs or f"{axis[0]}:{axis[1]}" in self.needs

    def meets_known(self, unknown: Unknown) -> bool:
        """Whether an unknown axis has the size of a known one: an equality that is decided once it is known."""
        letters = {self.letter(axis) for axis in unknown}
        return any(self.letter(axis) in letters for axis in self.axes if axis not in unknown)

    @cached_property
    def unknowns(self) -> list[Unknown]:
        """The sets of axes to be unknown: each alone, each letter's, the first of all inputs, all; all that may be."""
        axes = self.axes
        sets = [frozenset([axis]) for axis in axes]
        sets += [frozenset(a for a in axes if self.letter(a) == self.letter(axis)) for axis in axes]
        sets += [frozenset(a for a in axes if a[1] == 0), frozenset(axes)]
        sets += [frozenset(a for a in axes if not self.is_needed(a))]
        return [unknown for unknown in dict.fromkeys(sets) if unknown]

    def shapes(self, unknown: Unknown = frozenset(), sizes: dict[Axis, Any] | None = None) -> Any:
        """The shapes of the inputs; unknown axes are None, or of the size that `sizes` says."""
        sizes = sizes or {}
        return tuple(
            tuple(sizes.get((i, j)) if (i, j) in unknown else self.size((i, j)) for j in range(len(x.axes)))
            for i, x in enumerate(self.inputs)
        )

    def attempts(self, unknown: Unknown) -> list[Shapes]:
        """Shapes to try the unknown axes at: the sample's, other sizes for each letter, and 1 for one input alone."""
        letters = list(dict.fromkeys(self.letter(axis) for axis in sorted(unknown)))
        sample = {self.letter(axis): self.size(axis) for axis in unknown}
        ways = [sample]
        for turn in range(max(len(TRIALS), *(len(t) for t in self.trials.values()), 0)):
            trial = {}
            for i, letter in enumerate(letters):
                trials = self.trials.get(letter, TRIALS)
                trial[letter] = trials[(i + turn) % len(trials)]
            ways.append(trial)
        ways.append({letter: 2 * size for letter, size in sample.items()})
        result = [self.shapes(unknown, {axis: way[self.letter(axis)] for axis in unknown}) for way in ways]
        last = max(i for i, _ in unknown)
        if len(self.inputs) > 1:
            ones = {axis: 1 if axis[0] == last else self.size(axis) for axis in unknown}
            result.append(self.shapes(unknown, ones))
        return list(dict.fromkeys(result))

    def arrays(self, shapes: Shapes) -> list[np.ndarray[Any, Any]]:
        """Entries for each input."""
        return [x.array(shape, seed=i) for i, (x, shape) in enumerate(zip(self.inputs, shapes, strict=True))]

    def evaluate(self, package: Any, tensors: list[Any]) -> Any:
        """Call the function of this name in `package` on tensors."""
        function = package
        for part in self.name.split("."):
            function = getattr(function, part)
        args, options = put_in([self.args, self.options], iter(tensors))
        return self.call(function, *args, **options) if self.call else function(*args, **options)


def described(shapes: Any) -> str:
    """Shapes in a test's name: ``(?,3)(2,?)``."""
    return "".join("(" + ",".join("?" if n is None else str(n) for n in shape) + ")" for shape in shapes)


class Cases(dict[str, Case]):
    """Cases of the functions of a package by their keys: a name and a number."""

    def __init__(self, package: str, of: type[Case] = Case) -> None:
        super().__init__()
        self.package, self.of = package, of
        self.attributes = [f.name for f in fields(of) if f.name not in ("name", "args", "options", "needs")]

    def add(self, name: str, *args: Any, needs: str = "", **options: Any) -> None:
        """Add ``name(*args, **options)``; options with the names of attributes of the case are these."""
        attributes = {k: options.pop(k) for k in self.attributes if k in options}
        key = f"{name}-{sum(existing.rpartition('-')[0] == name for existing in self)}"
        self[key] = self.of(f"{self.package}.{name}", args, options, needs=tuple(needs.split()), **attributes)

    def __repr__(self) -> str:
        return f"the cases of {self.package}"

    def names(self) -> set[str]:
        return {key.rpartition("-")[0] for key in self}
