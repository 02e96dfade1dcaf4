"""Symbolic sizes: the arithmetic of shapes whose sizes are not known yet.

A size is a whole number or a `Dim`, a polynomial in unknown sizes (the idea of JAX's symbolic dimensions,
https://docs.jax.dev/en/latest/export/shape_poly.html). What cannot be decided without numbers raises `UnknownSize`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from itertools import count
from numbers import Integral
from typing import Any
from weakref import WeakValueDictionary

Size = Any  # an int, or a `Dim`
Monomial = tuple["Atom", ...]  # sorted factors; the empty one stands for the constant term

_serials = count()


class UnknownSize(Exception):
    """The answer depends on a size that is not known yet."""


class Atom:
    """An unknown number in a `Dim`: a size, from 1 up, or the result of an operation that gives no polynomial.

    Made only by `Dim.new` and `_result`, so that equal results are one object.
    """

    __slots__ = ("__weakref__", "least", "operands", "operation", "serial")

    def __init__(self, least: int | None, operation: Callable[[int, int], int] | None = None, *operands: Size) -> None:
        self.least, self.operation, self.operands = least, operation, operands
        self.serial = next(_serials)


_atoms: WeakValueDictionary[Any, Atom] = WeakValueDictionary()


def _result(operation: Callable[[int, int], int], a: Size, b: Size, least: int | None = None) -> Dim:
    """Return the result of an operation that is not known before its operands are."""
    key = operation, frozenset(_terms(a).items()), frozenset(_terms(b).items())
    atom = _atoms.get(key)
    if atom is None:
        atom = _atoms[key] = Atom(least, operation, a, b)
    return Dim({(atom,): 1})


class Dim:
    """A size that is not known yet. ``+ - * // %`` with numbers and other sizes give sizes again.

    >>> n, m = Dim.new(), Dim.new()
    >>> (4 * n) // 4 == n, (n + 3) - n, (6 * n * m) // (2 * n) == 3 * m, (4 * n + 2) % 4
    (True, 3, True, 2)
    >>> n == n + 1, n == 0          # where it can be decided: sizes are from 1 up
    (False, False)
    """

    __slots__ = ("terms",)

    def __init__(self, terms: dict[Monomial, int]) -> None:
        self.terms = terms

    @classmethod
    def new(cls) -> Dim:
        """Return a size of its own."""
        return cls({(Atom(1),): 1})

    def __repr__(self) -> str:
        return "None"  # as shapes show a size that is not known

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    # arithmetic

    def __add__(self, other: Size) -> Size:
        if not isinstance(other, Integral | Dim):
            return self._with(other)
        terms = dict(self.terms)
        for monomial, coefficient in _terms(other).items():
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return _simplified(terms)

    def __mul__(self, other: Size) -> Size:
        if not isinstance(other, Integral | Dim):
            return self._with(other)
        terms: dict[Monomial, int] = {}
        for a, p in self.terms.items():
            for b, q in _terms(other).items():
                monomial = tuple(sorted(a + b, key=lambda atom: atom.serial))
                terms[monomial] = terms.get(monomial, 0) + p * q
        return _simplified(terms)

    __radd__, __rmul__ = __add__, __mul__

    def _with(self, other: Any) -> Any:
        """Leave arithmetic to a tensor; with a float or a list it needs the number."""
        return self.__index__() if isinstance(other, float | list | tuple) else NotImplemented

    def __neg__(self) -> Size:
        return self * -1

    def __pos__(self) -> Size:
        return self

    def __sub__(self, other: Size) -> Size:
        return self + -other if isinstance(other, Integral | Dim) else self._with(other)

    def __rsub__(self, other: Size) -> Size:
        return -self + other if isinstance(other, Integral) else self._with(other)

    def __floordiv__(self, other: Size) -> Size:
        return _floor_divide(self, other) if isinstance(other, Integral | Dim) else self._with(other)

    def __rfloordiv__(self, other: Size) -> Size:
        return _floor_divide(other, self) if isinstance(other, Integral) else self._with(other)

    def __mod__(self, other: Size) -> Size:
        return self - other * (self // other) if isinstance(other, Integral | Dim) else self._with(other)

    def __rmod__(self, other: Size) -> Size:
        return other - self * (other // self) if isinstance(other, Integral) else self._with(other)

    def __divmod__(self, other: Size) -> tuple[Size, Size]:
        return self // other, self % other

    def __truediv__(self, other: Size) -> Any:
        return Quotient(self, other) if isinstance(other, Integral | Dim) else self._with(other)

    def __rtruediv__(self, other: Size) -> Any:
        return Quotient(other, self) if isinstance(other, Integral) else self._with(other)

    def __pow__(self, exponent: int) -> Size:
        result: Size = 1
        for _ in range(exponent):
            result = self * result
        return result

    # comparisons

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Integral | Dim):
            return NotImplemented if hasattr(other, "spec") else False
        return not _differ(self, other)

    def __lt__(self, other: Size) -> bool:
        return _is_positive(other - self)

    def __gt__(self, other: Size) -> bool:
        return _is_positive(self - other)

    def __le__(self, other: Size) -> bool:
        return not _is_positive(self - other)

    def __ge__(self, other: Size) -> bool:
        return not _is_positive(other - self)

    def __bool__(self) -> bool:
        return _differ(self, 0)

    def __index__(self) -> int:
        raise UnknownSize("a size that is not known yet, where its number is needed")

    __int__ = __float__ = __index__


class Quotient:
    """The quotient of two sizes, which can be rounded: ``math.ceil(n / 2)``."""

    def __init__(self, numerator: Size, denominator: Size) -> None:
        self.numerator, self.denominator = numerator, denominator

    def __floor__(self) -> Size:
        return self.numerator // self.denominator

    def _needs_a_number(self, *others: Any) -> Any:
        raise UnknownSize("a quotient of sizes that are not known yet, where its number is needed")

    __float__ = __int__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _needs_a_number
    __truediv__ = __rtruediv__ = __floordiv__ = __lt__ = __gt__ = __le__ = __ge__ = __neg__ = _needs_a_number

    def __ceil__(self) -> Size:
        return -(-self.numerator // self.denominator)


def _terms(size: Size) -> dict[Monomial, int]:
    if isinstance(size, Dim):
        return size.terms
    return {(): int(size)} if size else {}


def _simplified(terms: dict[Monomial, int]) -> Size:
    terms = {monomial: coefficient for monomial, coefficient in terms.items() if coefficient}
    return terms.get((), 0) if terms.keys() <= {()} else Dim(terms)


def _least(size: Size, may_be_empty: bool = False) -> int | None:
    """Return a lower bound; ``None`` if there is none to be seen. `may_be_empty`: also of sizes of 0."""
    total = 0
    for monomial, coefficient in _terms(size).items():
        least = coefficient
        for atom in monomial:
            if atom.least is None or coefficient < 0:
                return None
            least *= 0 if may_be_empty and atom.operation is None else atom.least
        total += least
    return total


def _is_positive(size: Size) -> bool:
    """Whether a size is above 0."""
    least, opposite = _least(size), _least(-size)
    if least is not None and least > 0:
        return True
    if opposite is not None and opposite >= 0:
        return False
    raise UnknownSize("a comparison of sizes that are not known yet")


def _differ(a: Size, b: Size) -> bool:
    """Whether two sizes differ."""
    difference = a - b
    if not isinstance(difference, Dim):
        return bool(difference)
    if any((_least(d) or 0) > 0 for d in (difference, -difference)):
        return True
    raise UnknownSize("a comparison of sizes that are not known yet")


def _floor_divide(a: Size, b: Size) -> Size:
    """Divide, rounding down; exactly where the terms allow it."""
    if not isinstance(b, Dim):
        if b == 0:
            raise ZeroDivisionError("division of a size by zero")
        terms = _terms(a)
        if all(coefficient % b == 0 for monomial, coefficient in terms.items() if monomial):
            return _simplified({monomial: coefficient // b for monomial, coefficient in terms.items()})
        return _result(operator.floordiv, a, b)
    if not isinstance(a, Dim):
        return 0 if a == 0 else _result(operator.floordiv, a, b)
    (divisor, factor), *others = b.terms.items()
    quotient: dict[Monomial, int] = {}
    for monomial, coefficient in a.terms.items():
        rest = list(monomial)
        for atom in divisor:
            if atom not in rest:
                break
            rest.remove(atom)
        else:
            if coefficient % factor == 0:
                quotient[tuple(rest)] = coefficient // factor
    candidate = _simplified(quotient)  # right if times the divisor it gives the dividend
    if not others or quotient:
        difference = a - candidate * b
        if not isinstance(difference, Dim) and difference == 0:
            return candidate
    return _result(operator.floordiv, a, b)


def larger(a: Size, b: Size) -> Size:
    """Return the larger of two sizes, which may be 0."""
    for one, other in ((a, b), (b, a)):
        least = _least(one - other, may_be_empty=True)
        if least is not None and least >= 0:
            return one
    bounds = [n for n in (_least(a, True), _least(b, True)) if n is not None]
    return _result(max, a, b, max(bounds, default=None))


def smaller(a: Size, b: Size) -> Size:
    """Return the smaller of two sizes, which may be 0."""
    other = larger(a, b)
    if other is b:
        return a
    if other is a:
        return b
    bounds = [_least(a, True), _least(b, True)]
    return _result(min, a, b, None if None in bounds else min(n for n in bounds if n is not None))


def may_be_equal(a: Size, b: Size) -> bool:
    """Whether two sizes can be equal: true where it cannot be decided, to be checked again once they are known."""
    try:
        return bool(a == b)
    except UnknownSize:
        return True


def is_less(a: Size, b: Size) -> bool:
    """Whether a size is less than another whatever the unknown sizes are."""
    try:
        return bool(a < b)
    except UnknownSize:
        return False


def sizes_in(size: Size) -> list[Atom]:
    """Return the unknown sizes on which a size depends, in the order in which they occur."""
    atoms = [atom for monomial in _terms(size) for atom in monomial]
    return [
        unknown
        for atom in atoms
        for unknown in ([atom] if atom.operation is None else [a for o in atom.operands for a in sizes_in(o)])
    ]


def evaluate(size: Size, values: Mapping[Atom, int]) -> int:
    """Return the number that a size is for these values of `sizes_in` it."""
    total = 0
    for monomial, coefficient in _terms(size).items():
        for atom in monomial:
            known = (
                values[atom]
                if atom.operation is None
                else atom.operation(*[evaluate(operand, values) for operand in atom.operands])
            )
            coefficient *= known
        total += coefficient
    return total
