"""Infer specs where sizes are not known yet: with symbolic sizes, else from several sets of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import product
from typing import Any

from ..core.errors import ChainruleError, ShapeError
from .dimension import Atom, Dim, evaluate, sizes_in
from .spec import Spec, spec_of

Rule = Callable[[list[Spec], list[Any]], list[Any]]


@cache
def _size(index: int, axis: int) -> Dim:
    return Dim.new()


def with_symbolic_sizes(specs: Sequence[Spec], one_batch: bool = False) -> list[Spec]:
    """Return specs with symbolic sizes for those that are not known.

    Args:
        one_batch: whether the first axes have one size: that of the batch, as all inputs of a layer.
    """

    def sized(i: int, spec: Spec) -> Spec:
        sizes = [_size(0 if one_batch and k == 0 else i, k) if n is None else n for k, n in enumerate(spec.shape)]
        return spec_of(tuple(sizes), spec.dtype, spec.weak)

    return [sized(i, spec) if spec.unknown else spec for i, spec in enumerate(specs)]


def without_symbolic_sizes(spec: Spec) -> Spec:
    """Return a spec with ``None`` for its symbolic sizes."""
    return spec_of(public_shape(spec.shape), spec.dtype, spec.weak) if spec.symbolic else spec


def public_shape(shape: Sequence[Any]) -> tuple[int | None, ...]:
    """Return a shape with ``None`` for its symbolic sizes."""
    return tuple([None if isinstance(n, Dim) else n for n in shape])


def infer(rule: Rule, specs: Sequence[Spec]) -> list[Any]:
    """Return what `rule` gives for specs in which sizes are ``None``, again with ``None`` for what depends on them.

    Args:
        rule: of a list of specs and an empty list; returns a list of specs, and of anything else that is the same for
            all sizes.
    """
    results = infer_symbolic(rule, with_symbolic_sizes(specs))
    return [without_symbolic_sizes(r) if isinstance(r, Spec) else None if isinstance(r, Dim) else r for r in results]


def infer_symbolic(rule: Rule, specs: list[Spec]) -> list[Any]:
    """Return what `rule` gives for specs with symbolic sizes, or else `infer_from_numbers`."""
    try:
        return rule(specs, [])
    except Exception as error:
        return infer_from_numbers(rule, specs, [], error)


def infer_from_numbers(
    rule: Rule, specs: list[Spec], sizes: Sequence[Any], error: Exception, builds: bool = False
) -> list[Any]:
    """Return what `rule` gives for specs with symbolic sizes where it needs numbers, as a loop over an axis does.

    It is run on several sets of them. A size that is the same for all, small and large, is known; others become
    symbolic sizes of their own.

    Args:
        sizes: other symbolic sizes, of which `rule` takes the numbers. error: that of the rule on symbolic sizes.
        builds: whether the rule makes weights, which no small number may take part in.

    Raises:
        ChainruleError: `error`, if it is one, else that of the first set; if the form of the results depends on a size.
    """
    trials = _Trials(rule, specs, sizes)
    runs, telling = _large(trials)
    if not telling and not builds:  # sizes may have to be those of other axes, or few
        known = {n for n in trials.every_size if not isinstance(n, Dim) and n > 0}
        candidates = list(product(sorted(known | {1, 2, 3, 4}, reverse=True), repeat=len(trials.atoms)))
        runs += trials.run([dict(zip(trials.atoms, ns, strict=True)) for ns in candidates[:256]])
        telling = len(candidates) <= 256
    if any(list(map(_form, results)) != list(map(_form, runs[0])) for results in runs):
        raise ShapeError(
            "a size that is not known, on which the number or the ranks of the results depend",
            "known sizes on these axes",
            "give the model's input a full shape",
        )
    if runs or not builds:
        runs += trials.run([dict.fromkeys(trials.atoms, n) for n in (1, 2, 3)])
    if not runs:
        raise error if isinstance(error, ChainruleError) else trials.error or error
    return _merged(runs, telling)


class _Trials:
    """Runs a rule on numbers for the unknown sizes in its specs, and notes the first error."""

    def __init__(self, rule: Rule, specs: list[Spec], sizes: Sequence[Any]) -> None:
        self.rule, self.specs, self.sizes = rule, specs, sizes
        self.every_size = [*sizes, *[n for s in specs for n in s.shape]]
        self.atoms = list(dict.fromkeys(atom for n in self.every_size for atom in sizes_in(n)))
        self.error: Exception | None = None

    def run(self, sets: Iterable[dict[Atom, int]]) -> list[list[Any]]:
        """Return the results for those of the sets that the rule takes."""
        results = []
        for values in sets:
            shapes = [tuple([evaluate(n, values) for n in s.shape]) for s in self.specs]
            specs = [spec_of(shape, s.dtype, s.weak) for shape, s in zip(shapes, self.specs, strict=True)]
            try:
                results.append(self.rule(specs, [evaluate(n, values) for n in self.sizes]))
            except Exception as error:
                if self.error is None and isinstance(error, ChainruleError):
                    numbers = " and ".join(map(str, sorted(set(values.values()))))
                    error.passed += f" (with {numbers} for sizes that are not known)"
                self.error = self.error or error
        return results


def _large(trials: _Trials) -> tuple[list[list[Any]], bool]:
    """Return the results for large sizes, and whether they tell which sizes of the results depend on them."""
    atoms, equal = trials.atoms, dict.fromkeys(trials.atoms, 24)  # which many numbers divide
    runs = trials.run([equal, dict.fromkeys(atoms, 60)])
    if len(atoms) > 1 and runs:  # each alone, since equal sizes do not tell which is which
        runs += trials.run({**equal, atom: n} for atom in atoms for n in (48, 12))
    elif len(atoms) > 1:
        orders = [(first, step, order) for first, step in ((30, 6), (60, 10)) for order in (atoms, atoms[::-1])]
        runs += trials.run({a: first + step * i for i, a in enumerate(order)} for first, step, order in orders)
    return runs, len(runs) > 1


def _merged(runs: list[list[Any]], telling: bool) -> list[Any]:
    """Return the results with the sizes on which all runs agree, if that tells anything; other sizes are symbolic.

    Runs on small sizes whose results have another form, as where axes of 1 are dropped, do not count.
    """
    first = runs[0]
    alike = [results for results in runs if list(map(_form, results)) == list(map(_form, first))]

    def agreed(sizes: Sequence[int]) -> Any:
        return sizes[0] if telling and len(set(sizes)) == 1 else Dim.new()

    merged: list[Any] = []
    for i, result in enumerate(first):
        if isinstance(result, Spec):
            shape = tuple(map(agreed, zip(*[results[i].shape for results in alike], strict=True)))
            result = spec_of(shape, result.dtype, result.weak)
        elif type(result) is int:
            result = agreed([results[i] for results in alike])
        merged.append(result)
    return merged


def _form(result: Any) -> Any:
    return (len(result.shape), result.dtype) if isinstance(result, Spec) else type(result)
