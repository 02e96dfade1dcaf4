"""Infer specs where sizes are not known yet: with symbolic sizes, else from several sets of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice, product
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
    return [without_symbolic_sizes(r) if isinstance(r, Spec) else r for r in results]


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
    every_size = [*sizes, *[n for s in specs for n in s.shape]]
    unknown: set[Atom] = set().union(*map(sizes_in, every_size))
    atoms = sorted(unknown, key=lambda atom: atom.serial)
    known = sorted({n for n in every_size if not isinstance(n, Dim) and n > 0}, reverse=True)
    trial_error = error

    def run(sets: Iterable[dict[Atom, int]]) -> Iterator[list[Any]]:
        nonlocal trial_error
        for values in sets:
            shapes = [tuple([evaluate(n, values) for n in s.shape]) for s in specs]
            sized = [spec_of(shape, s.dtype, s.weak) for shape, s in zip(shapes, specs, strict=True)]
            try:
                yield rule(sized, [evaluate(n, values) for n in sizes])
            except Exception as e:
                trial_error = e if trial_error is error else trial_error

    equal = [dict.fromkeys(atoms, n) for n in (24, 60)]  # which many numbers divide
    runs = list(run(equal))
    # sizes that may differ from the others are all made different, since equal ones do not tell which is which
    free = [a for a in atoms if not runs or len(atoms) == 1 or any(run({**equal[0], a: n} for n in (48, 12)))]
    orders = [free, free[::-1]] if len(atoms) > 1 else []
    different = list(run({**equal[0], **{a: 30 + 6 * i for i, a in enumerate(order)}} for order in orders if order))
    telling = bool(different) or (bool(runs) and (len(atoms) == 1 or not free))
    runs += different
    if not runs and not builds:  # they may have to be the sizes of other axes
        runs = list(run(islice((dict(zip(atoms, ns, strict=True)) for ns in product(known, repeat=len(atoms))), 64)))
        telling = bool(runs) and (len(atoms) == 1 or len(runs) > 1)
    forms = [list(map(_form, results)) for results in runs]
    if any(form != forms[0] for form in forms):
        raise ShapeError(
            "a size that is not known, on which the number or the ranks of the results depend",
            "known sizes on these axes",
            "give the model's input a full shape",
        )
    if runs or not builds:
        runs += run(dict.fromkeys(atoms, n) for n in (1, 2, 3))
    if not runs:
        raise error if isinstance(error, ChainruleError) else trial_error
    return _merged(runs, telling)


def _merged(results: list[list[Any]], telling: bool) -> list[Any]:
    """Return the results with the sizes on which all sets agree, if that tells anything; other sizes are symbolic.

    Small sets whose results have another form, as where axes of 1 are dropped, do not count.
    """
    first = results[0]
    alike = [r for r in results if list(map(_form, r)) == list(map(_form, first))]
    merged: list[Any] = []
    for i, result in enumerate(first):
        if isinstance(result, Spec):
            sizes = zip(*[r[i].shape for r in alike], strict=True)
            shape = tuple([n[0] if telling and len(set(n)) == 1 else Dim.new() for n in sizes])
            result = spec_of(shape, result.dtype, result.weak)
        merged.append(result)
    return merged


def _form(result: Any) -> Any:
    return (len(result.shape), result.dtype) if isinstance(result, Spec) else type(result)
